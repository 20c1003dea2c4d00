"""`compile`: a function traced once for each kind of arguments, and run as a program from then on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial, update_wrapper
from threading import RLock
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.node import is_users_leaf
from ..engine.recording import observer, recording
from ..engine.tensor import Tensor, wrap
from ..engine.traces import active, trace
from ..engine.writes import across_forks
from ..tree import flatten, unflatten
from .backends import BACKENDS
from .checked import Checked
from .holders import Holders, is_walked
from .looking.reporting import Report, report
from .looking.shown import shown
from .looping import run_loop
from .quick import quick_way
from .runner import MISS, Runner
from .to_numpy.memory_names import name_inputs, name_memory
from .tracing.agreement import Agreement
from .tracing.capture import capture
from .tracing.gradients import Gradients
from .tracing.program import Program

if TYPE_CHECKING:
    from ..picture.picture import Picture

MOST = 8  # programs of one function; with more, something may differ that should be an argument or a Tensor
WAYS = 100  # fast ways to programs that are kept: they are made again where a model goes to and fro
tracing = across_forks(RLock())  # a trace writes into real memory, and undoes it


def compile(function: Any = None, *, backend: str | None = None, check: bool = False, sharding: Any = None) -> Any:
    """The function as a program without Python's overhead: the same results, the same changes of state.

    `function` takes arrays, Tensors and numbers, also in containers, and may call `loss.backward()`,
    `optimizer.step()`, `grad`, and every layer. It is traced when it is first called with arguments of some shapes and
    dtypes, and run as a program from then on. Arguments other than arrays, Tensors and floats are part of the program:
    another value gives another program. What it returns has no graph; inside a function that is being differentiated,
    `function` itself runs.

    `backend` is "c", "numpy" or "jax"; without, it is C if there is a compiler, else NumPy. With `check`, the first
    calls are compared with those of `function`. With "jax", `sharding` spreads arguments over devices: see docs/jax.md.

    Raises TraceError, which names the line, if what the function does depends on values, or differs from call to call;
    ArgumentError for what is no function, and for an unknown backend.

    >>> import numpy as np, tinygrad_like as tg
    >>> double = tg.compile(lambda x: x + x)
    >>> double(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    if backend not in (None, *BACKENDS):
        raise ArgumentError(f"compile has no backend {backend!r}.", "Choose c, numpy or jax.")
    if sharding is not None and backend != "jax":
        raise ArgumentError("sharding spreads arguments over the devices of JAX.", 'Write backend="jax", too.')
    if function is None:
        return partial(compile, backend=backend, check=check, sharding=sharding)
    if not callable(function):
        raise ArgumentError(
            f"compile takes a function, but got {function!r}.", "Write tg.compile(step), not step(...)."
        )
    return Compiled(function, backend, check, sharding)


class Compiled:
    """A function that is run as a program; see `compile`."""

    __slots__ = ("__dict__", "__weakref__", "quick")  # `quick` is looked up in each call: a slot is the fastest

    def __init__(
        self, function: Callable[..., Any], backend: str | None, check: bool = False, sharding: Any = None
    ) -> None:
        if hasattr(function, "__name__"):
            update_wrapper(self, function)
        self.function, self.backend, self.sharding = function, backend, sharding
        self.checked = Checked() if check else None
        self.programs: dict[Any, list[Runner]] = {}
        self.holders, self.gradients = Holders(function), Gradients()
        self.held: list[Any] = []  # arguments that programs know by their identity
        self.last: Runner | None = None
        self.ways: dict[Any, Callable[[tuple[Any, ...]], Any]] = {}
        self.quick: Callable[[tuple[Any, ...]], Any] = nowhere

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else partial(self, instance)

    def __reduce__(self) -> Any:
        """A copy is of the function; it has no programs yet. Pickled by name, where the function has this one's."""
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        name = getattr(self, "__qualname__", "")
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is self:
            return name
        return Compiled, (self.function, self.backend, self.checked is not None, self.sharding)

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", repr(self.function))
        count = sum(map(len, self.programs.values()))
        return f"<compiled {name}, {count} program{'s' * (count != 1)}>"

    def loop(
        self,
        *data: Any,
        epochs: int = 1,
        shuffle: bool = False,
        batch_size: int | None = None,
        progress: bool | None = None,
    ) -> np.ndarray[Any, Any]:
        """Call the function with each sample of some arrays, `epochs` times, inside the program; give the losses.

        The arrays have equal lengths: `step.loop(xs, ys)` calls `step(xs[i], ys[i])` for each i. With a `batch_size`,
        it is called with as many rows at a time; the last batch has what is left. With `shuffle`, the order is a new
        one in each epoch, drawn by `tg.random`. The function returns its loss. The result has the shape (epochs, calls
        in an epoch). Ctrl-C stops between two calls. A long loop shows its progress (`progress` forces it on or off).

        Raises ShapeError for arrays of different lengths, ArgumentError for none, and for other options.
        """
        return run_loop(self, data, epochs, shuffle, batch_size, progress)

    @property
    def source(self) -> str:
        """The program that was used last, as NumPy: `exec(step.source, dict(step.state))` defines its `step`.

        This takes the arguments that are arrays, and returns a tuple of the results. Raises ArgumentError before the
        first call.
        """
        return shown(self).numpy.text

    @property
    def state(self) -> dict[str, Any]:
        """What the source is given by name: the arrays that the program reads and writes, not copies of them."""
        return shown(self).state

    @property
    def c_source(self) -> str:
        """The program that was used last, as C99. Raises ArgumentError before the first call."""
        return shown(self).c.text

    def report(self) -> Report:
        """What the program that was used last consists of, and the time of each part, measured now. Print it.

        Raises ArgumentError before the first call.
        """
        return report(self)

    def draw(
        self,
        *,
        detail: str = "auto",
        depth: int | None = None,
        direction: str = "LR",
        max_nodes: int | None = None,
        title: str | None = None,
        theme: str = "light",
    ) -> Picture:
        """A picture of the program that was used last: what it computes, and what it reads and writes.

        `detail` is "shape", or "op" for a card for each call of NumPy. The other options are those of `tg.draw`.
        Raises ArgumentError before the first call, and for other options.
        """
        from .looking.drawing_programs import drawn

        return drawn(self, detail, depth, direction, max_nodes, title, theme)

    def runner_of(self, *args: Any, **options: Any) -> Runner | None:
        """The program for these arguments; None where the function itself is to be run."""
        leaves, structure = flatten((args, options))
        sorted_leaves = sorted_out(leaves)
        if sorted_leaves is None:
            return None
        with tracing:
            runner = self.runner(*sorted_leaves, leaves, structure)
        if runner is not None:
            self.last, self.quick = runner, nowhere
        return runner

    def __call__(self, *args: Any, **options: Any) -> Any:
        if not options:
            result = self.quick(args)
            if result is not MISS:
                return result
        return self.call(args, options)

    def call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Find the program by all that it depends on."""
        if (active and trace() is not None) or observer.get() is not None:
            return self.function(*args, **options)
        leaves, structure = flatten((args, options))
        sorted_leaves = sorted_out(leaves)
        if sorted_leaves is None:
            return self.function(*args, **options)
        arrays, own = sorted_leaves
        with tracing:
            runner = self.runner(arrays, own, leaves, structure)
            if runner is not None:
                self.last = runner
                self.quick = nowhere if self.checked or options else self.way(runner, args)
        if runner is None:
            return self.function(*args, **options)
        if self.checked is not None and self.checked.wanted(runner):
            return self.checked(runner, arrays, partial(self.function, *args, **options))
        return runner(arrays)

    def way(self, runner: Runner, args: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any]:
        """The fast way to a program in the state that layers and optimizers are in now."""
        key = runner, self.holders.number
        if key not in self.ways and len(self.ways) < WAYS:
            self.ways[key] = quick_way(runner, args, self.holders) or nowhere
        return self.ways.get(key, nowhere)

    def runner(self, arrays: list[Any], own: list[Any], leaves: list[Any], structure: Any) -> Runner | None:
        """The program for these arguments in this state, made if there is none; None if they share memory."""
        kind = tuple(own), repr(structure), recording.get()
        for known in self.programs.get((*kind, self.holders.now()), []):
            if known.has_gradients():
                return known if known.takes(arrays) else None
        made = self.made(arrays, leaves, structure)
        if made is None:
            return None
        self.programs.setdefault((*kind, self.holders.now()), []).insert(0, made)
        return made

    def made(self, arrays: list[Any], leaves: list[Any], structure: Any) -> Runner | None:
        """A new program."""
        count = sum(map(len, self.programs.values()))
        if count == MOST:
            warnings.warn(
                f"{getattr(self, '__name__', 'A function')} is being compiled for the {MOST + 1}th time. Give what "
                "differs from call to call as arrays or floats of the same shape, or keep it in a Tensor.",
                stacklevel=4,
            )

        def call(stand_ins: list[Any]) -> Any:
            waiting = iter(stand_ins)
            args, options = unflatten(structure, [stand_in(each, waiting) for each in leaves])
            return self.function(*args, **options)

        start = perf_counter()
        first = capture(call, arrays, self.gradients)
        with first.trace.as_after():
            second = capture(call, [nudged(each) for each in arrays], self.gradients, like=first.trace)
        Agreement(first.program, second.program).settle()
        second.trace.let_go()
        self.holders.add(first.trace.took_part() | {id(each): each for each in leaves if is_walked(each)})
        name_memory(first.program, self.holders.roots.values(), self.function)
        name_inputs(first.program, self.function, *arguments_of(first.program, leaves, structure))
        seconds = perf_counter() - start
        runner = Runner(first, self.backend, self.sharding)
        runner.tracing, runner.seen = seconds, [reference(each) for each in arrays]
        first.trace.let_go()
        self.held.append([each for each in leaves if not is_input(each)])
        return runner if runner.takes(arrays) else None


def nowhere(args: tuple[Any, ...]) -> Any:
    """The fast way where there is none."""
    return MISS


def sorted_out(leaves: list[Any]) -> tuple[list[Any], list[Any]] | None:
    """The arrays and floats among the arguments, and all that a program depends on.

    None, if one is in a graph, or an array of another kind than a program takes: the function itself is to be run.
    """
    arrays: list[Any] = []
    key: list[Any] = []
    for each in leaves:
        if isinstance(each, Tensor):
            if each._node is not None and not is_users_leaf(each._node):
                return None
            if each._node is None:
                arrays.append(each._array)
                key.append((Tensor, each.shape, each.dtype))
            else:
                key.append(id(each))
        elif isinstance(each, (np.ndarray, np.generic)):
            if each.dtype.kind not in "fiubc" or (isinstance(each, np.ndarray) and type(each) is not np.ndarray):
                return None
            arrays.append(each)
            key.append((isinstance(each, np.ndarray), each.shape, each.dtype))
        elif type(each) is float:
            arrays.append(each)
            key.append(float)
        else:
            key.append(known_by(each))
    return arrays, key


def known_by(value: Any) -> Any:
    """What an argument that is no array is told from others by: its value, or which object it is."""
    if isinstance(value, complex):
        return type(value), repr(value)  # which tells zeros of both signs apart
    if isinstance(value, slice):
        return slice, known_by(value.start), known_by(value.stop), known_by(value.step)
    if isinstance(value, (set, frozenset)):
        return type(value), frozenset(map(known_by, value))
    return type(value), value if is_hashable(value) else id(value)


def is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def stand_in(leaf: Any, traced: Any) -> Any:
    """What the function is given in place of an argument."""
    if not is_input(leaf):
        return leaf
    return wrap(next(traced)) if isinstance(leaf, Tensor) else next(traced)


def arguments_of(program: Program, leaves: list[Any], structure: Any) -> Any:
    """The arguments of a call, with the inputs of its program in their places."""
    waiting = iter(program.inputs)
    return unflatten(structure, [next(waiting) if is_input(each) else each for each in leaves])


def is_input(leaf: Any) -> bool:
    if isinstance(leaf, Tensor):
        return leaf._node is None
    return isinstance(leaf, (np.ndarray, np.generic)) or type(leaf) is float


def reference(value: Any) -> Callable[[], Any]:
    """A weak reference to an array; a number has none."""
    return ref(value) if isinstance(value, np.ndarray) else lambda: value


def nudged(value: Any) -> Any:
    """Slightly other values."""
    if type(value) is float:
        return value * (1 + 2**-9) + 2**-9
    if value.dtype.kind not in "fc":
        return value.copy()
    other = value * value.dtype.type(1 + 2**-9) + value.dtype.type(2**-9)
    return np.asarray(other, value.dtype) if isinstance(value, np.ndarray) else other  # in the same byte order
