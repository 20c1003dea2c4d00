"""`Trace`: the engine runs as it always does, on arrays that write down what is computed."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np
from numpy import ndarray

from ...engine.batches.batched import Batched, CannotBatch
from ...engine.callers import user_line
from ...engine.errors import TraceError
from ...engine.recording import scope
from ...engine.shortcuts import all_finite, raise_unless
from ...engine.tensor import Tensor
from ...engine.traces import active, current, plain_number, real
from ...engine.writes import base_of
from .before import Before, is_traced
from .gradients import Gradients
from .places import Places
from .program import INPUT, PLAIN, REFERENCE, TEMPORARY, Instruction, Memory, Value, address, mapped_values
from .refusing import reason_of
from .shapes_only import ShapesOnly
from .traced import INSPECTIONS, LIKES, REDUCTIONS, WAYS, WRITERS, TracedArray

NONE: dict[str, Any] = {}
NESTED = frozenset({tuple, list, dict, slice})


def real_values(structure: Any) -> Any:
    """The arguments of a call, with arrays in place of traced ones."""
    return mapped_values(lambda each: each.traced_value if type(each) is TracedArray else each, structure)


class Trace(Before):
    """What is written down while a function runs once.

    It runs on the real memory, so that whatever reads it sees what an ordinary run would; `undo` puts everything back.
    A second trace, to be compared with one that it is `like`, leaves out what would be the same in any case.
    """

    def __init__(self, gradients: Gradients, like: Trace | None = None) -> None:
        super().__init__(gradients, like)
        self.nudged = like is not None  # the inputs are not those of a user, so they need not be right
        self.closed: set[int] = set()  # where conditions stand whose bodies need only what was there before them
        self.known = frozenset[int]() if like is None else like.closed  # where their bodies are written down already
        self.values: list[Value] = []
        self.instructions: list[Instruction] = []
        self.references: list[Value] = []
        self.held: dict[int, TracedArray] = {}  # by id of the array: those that came by reference
        self.layouts: dict[Any, TracedArray] = {}
        self.kept: list[ndarray] = []  # so that ids stay theirs
        self.memories: dict[int, tuple[Memory, Any]] = {}  # by id of the array that owns it
        self.owners: dict[Memory, Value] = {}  # what is all of a memory
        self.places = Places(named=like is None)
        self.inside = False  # a body is written down
        self.beside = False  # what is written down now is not needed now
        self.shapes_only = ShapesOnly()
        self.open = True

    def __enter__(self) -> Trace:
        active.append(self)
        self.token = current.set(self)
        self.errors = np.errstate(all="ignore")
        self.errors.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.open = False
        self.errors.__exit__(None, None, None)
        current.reset(self.token)
        active.remove(self)

    # -- values -------------------------------------------------------------------------------------

    def memory_of(self, base: ndarray, kind: str = TEMPORARY) -> Memory:
        """The memory that an array owns: known already, or new."""
        memory = self.known_memory(base)
        if memory is None:
            memory = Memory(kind, base.nbytes, base.dtype, base if kind == REFERENCE else None)
            self.memories[id(base)] = memory, weakref.ref(base)
        return memory

    def known_memory(self, base: ndarray) -> Memory | None:
        """The memory that an array owns, if it is known. Another array may have had its id."""
        known = self.memories.get(id(base))
        return known[0] if known is not None and known[1]() is base else None

    def new(self, array: Any, kind: str = TEMPORARY, weak: bool = False) -> TracedArray:
        """A traced array around an array, which lies in memory that is known, or new."""
        number = len(self.values)
        if isinstance(array, ndarray):
            base = array if array.base is None else base_of(array)
            memory = self.memory_of(base, kind)
            offset = 0 if array is base else address(array) - address(base)
            value = Value(number, array.shape, array.dtype, array.strides, memory, offset)
            if array is base:
                self.owners.setdefault(memory, value)
        else:
            dtype = array.dtype if isinstance(array, np.generic) else np.dtype(type(array))
            value = Value(number, (), dtype, (), Memory(kind, dtype.itemsize, dtype), scalar=True, weak=weak)
        self.values.append(value)
        return TracedArray(self, array, value)

    def memory_kind(self, array: ndarray) -> str:
        """Of which kind the memory of an array is; "" if no value lies in it."""
        known = self.known_memory(base_of(array))
        return "" if known is None else known.kind

    def input(self, array: Any, index: int) -> TracedArray:
        """What stands for an argument of the function."""
        traced = self.new(array, INPUT, weak=isinstance(array, float) and not isinstance(array, np.generic))
        traced.value.memory.index = index
        return traced

    def lift(self, array: Any) -> Any:
        """What stands for an array of before: the program reads and writes the same memory."""
        if is_traced(array):
            return array
        known = self.held.get(id(array))
        if known is None and (memory := self.known_memory(array)) is not None and memory in self.owners:
            return TracedArray(self, array, self.owners[memory])  # the memory of what was computed
        if known is None:
            layout = address(array), array.shape, array.strides, array.dtype
            known = self.layouts.get(layout)
            if known is None:
                known = self.layouts[layout] = self.new(array, REFERENCE)
                self.references.append(known.value)
            self.held[id(array)] = known
            self.kept.append(array)
        return known

    # -- instructions -------------------------------------------------------------------------------

    def emit(self, function: Callable[..., Any], args: Any, options: Any = NONE, writes: Any = ()) -> Any:
        """Call a function, and write the call down."""
        if not self.open:
            raise TraceError(
                "An array was kept from a step that was being compiled, and is used outside.",
                "Return it from the step, or keep it in a Tensor by tg.assign.",
            )
        actual, noted = self.both(args)
        actual_options, noted_options = self.both(options) if options else (NONE, {})
        if writes:
            writes = [self.operand(each) for each in writes]
            for each in writes:
                self.keep(each)
        result = self.computed(function, actual, actual_options)
        container = type(result) if isinstance(result, (tuple, list)) else None
        wrapped: Any = None
        made: tuple[Value, ...] = ()
        if not writes and container is not None:
            wrapped = [self.result(each, function) for each in result]
            made = tuple([each.value for each in wrapped])
        elif not writes and result is not None:
            wrapped = self.result(result, function)
            made = (wrapped.value,)
        self.write_down(function, noted, noted_options, made, tuple([each.value for each in writes]), container)
        is_tuple = type(wrapped) is list and isinstance(result, tuple)
        return tuple.__new__(type(result), wrapped) if is_tuple else wrapped

    def write_down(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
        results: tuple[Value, ...],
        writes: tuple[Value, ...],
        container: type | None = None,
        body: list[Instruction] | None = None,
    ) -> None:
        place = self.places.now(scope.get())
        self.instructions.append(Instruction(function, args, options, results, writes, place, body, container))

    def computed(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """What a function gives now; of what is not needed now, zeros in its shape if that is known."""
        if function is raise_unless:
            return None
        known = self.shapes_only.of(function, args, options) if self.beside else None
        return function(*args, **options) if known is None else known

    def both(self, structure: Any) -> tuple[Any, Any]:
        """Arguments with the arrays themselves, and with what stands for them in the program."""
        kind = type(structure)
        if kind is TracedArray:
            return structure.traced_value, structure.value
        if kind in PLAIN:
            return structure, structure
        if kind is tuple:
            actual, noted = [], []
            for each in structure:
                one, other = (each, each) if type(each) in PLAIN else self.both(each)
                actual.append(one)
                noted.append(other)
            return tuple(actual), tuple(noted)
        if kind is dict:
            if PLAIN.issuperset(map(type, structure.values())):
                return structure, structure
            named = {name: self.both(each) for name, each in structure.items()}
            return {name: one for name, (one, _) in named.items()}, {name: other for name, (_, other) in named.items()}
        if kind in NESTED or isinstance(structure, tuple):
            structure = mapped_values(self.operand, structure)
            return real_values(structure), mapped_values(value_of, structure)
        lifted = self.operand(structure)
        return self.both(lifted) if type(lifted) is TracedArray else (lifted, lifted)

    def operand(self, value: Any) -> Any:
        kind = type(value)
        if kind is TracedArray or kind in PLAIN:
            return value
        if kind is Batched:
            raise CannotBatch("a call of single arrays")
        return self.lift(value) if kind is ndarray or isinstance(value, ndarray) else value

    def result(self, result: Any, function: Any) -> TracedArray:
        if isinstance(result, (ndarray, np.generic)):
            return self.new(result)
        if function is float_of:
            return self.new(result, weak=True)
        raise self.refusal(f"What {getattr(function, '__name__', function)} gives", WAYS)

    def emit_out(self, function: Any, args: Any, options: Any, out: Any) -> Any:
        """The same with `out=`; gives what NumPy gives, the array that was written to."""
        targets = [self.operand(each) for each in out if each is not None]
        if len(targets) != len(out) or any(not isinstance(each.traced_value, ndarray) for each in targets):
            # NumPy's numbers cannot be written to; `x += y` gives a new one.
            return self.emit(function, args, options)
        given = tuple(targets) if len(targets) > 1 else targets[0]
        self.emit(function, args, {**options, "out": given}, targets)
        return out if len(out) > 1 else out[0]

    def call(self, function: Any, args: Any, options: Any) -> Any:
        """What a NumPy function means that traced arrays are given to."""
        if function in INSPECTIONS:
            return function(*real_values(args), **real_values(options))
        if reason := reason_of(function, args, options, is_traced):
            raise self.refusal(f"np.{function.__name__}", reason)
        if function in LIKES and set(options) <= {"dtype"} and len(args) == 1:
            dtype = options.get("dtype") or args[0].dtype
            return self.emit(LIKES[function], (args[0].shape, np.dtype(dtype)))
        if function in REDUCTIONS:
            args, options = reduction_arguments(function, args, options)
            function = REDUCTIONS[function]
        options = {name: each for name, each in options.items() if each is not np._NoValue}
        out = options.pop("out", None)
        if out is not None:
            return self.emit_out(function, args, options, out if isinstance(out, tuple) else (out,))
        return self.emit(function, args, options, args[:1] if function in WRITERS else ())

    def check_index(self, index: Any) -> None:
        """An error for a mask that is computed: how many elements it selects depends on values.

        For one of before, the program checks that they are still as many.
        """
        for each in index if isinstance(index, tuple) else (index,):
            if is_traced(each) and each.dtype == bool:
                raise self.refusal("x[mask]", "How many elements a mask selects is not known. Write np.where.")
            if type(each) is ndarray and each.dtype == bool:
                text = "A mask selects another number of elements than when the step was compiled. Write np.where."
                self.require(self.lift(each).sum() == np.count_nonzero(each), text)

    def store(self, array: Any, value: Any, using: Any = None, index: Any = ...) -> None:
        """A write into memory: array[index] ← value, or with `using` ← using(array, value)."""
        target = self.operand(array)
        value = self.operand(value)
        if target is value:
            return
        if using is not None:
            self.emit(using, (target, value), {"out": target}, (target,))
        elif index is ...:
            self.emit(np.copyto, (target, value), writes=(target,))
        else:
            target[index] = value

    def mended(self, result: Any, fix: Callable[[], Any], checked: Any) -> Any:
        """`result`, into which what `fix` gives is written if some of `checked` is not finite."""
        if not is_traced(checked):
            return result if np.isfinite(checked).all() else fix()
        if not is_traced(result) or result.value.scalar:
            return np.where(np.isfinite(checked).all(), result, fix())
        if not result.flags.writeable:
            result = result.copy()
        is_fine = all_finite(np.asarray(checked.traced_value))
        at, is_outermost = len(self.instructions), not self.inside
        if is_fine and is_outermost and at in self.known:
            body: list[Instruction] = []
        else:
            count = len(self.references)
            body = self.body(result, fix, is_fine)
            if is_fine and is_outermost and len(self.references) == count:
                self.closed.add(at)
        self.write_down(np.isfinite, (checked.value,), {}, (), (result.value,), body=body)
        return result

    def body(self, result: Any, fix: Callable[[], Any], is_fine: bool) -> list[Instruction]:
        """What is done where a result is mended. Now its values are not needed if the result is fine."""
        outer, self.instructions = self.instructions, []
        before = self.inside, self.beside
        self.inside, self.beside = True, self.beside or is_fine
        if is_fine:
            _, right = self.both(fix())
            self.write_down(np.copyto, (result.value, right), {}, (), (result.value,))
        else:
            self.emit(np.copyto, (result, fix()), writes=(result,))
        self.inside, self.beside = before
        body, self.instructions = self.instructions, outer
        return body

    def mark(self) -> Any:
        """Where the trace is now, to `forget` from there what was tried in vain."""
        return self.instructions, len(self.instructions), self.beside, self.inside, self.closed.copy()

    def forget(self, mark: Any) -> None:
        self.instructions, length, self.beside, self.inside, self.closed = mark
        del self.instructions[length:]

    def doing(self, what: str) -> None:
        """What follows is no primitive; what it does, for comments and pictures."""
        self.places.operation = what

    def require(self, condition: Any, text: str) -> None:
        """Write down that the program raises an error unless a condition holds."""
        if not self.nudged:
            raise_unless(real(condition), text)
        self.emit(raise_unless, (condition, text))

    def number(self, array: Any) -> Any:
        """What becomes a Python float when the program is run."""
        return self.emit(float_of, (array,))

    def operands(self, primitive: Any, args: Any, arrays: list[Any]) -> list[Any]:
        """The arrays that a primitive is about to compute with, each written down when it is used."""
        if self.places.part != "backward":
            self.places.operation = primitive.name
        for each in args:
            if isinstance(each, Tensor) and not is_traced(each._array):
                self.see(each)
        return [self.lift(each) if type(each) is ndarray else each for each in arrays]

    def sweeping(self, node: Any) -> None:
        """What follows are the rules of a node; with None, the sweep is done."""
        if node is None:
            self.places.part, self.places.operation = "forward", ""
        else:
            self.places.part, self.places.scope, self.places.operation = "backward", node.scope, node.primitive.name

    def refusal(self, what: str, instead: str) -> TraceError:
        line = user_line()
        return TraceError(f"{what} cannot be compiled.", (line and line + "\n  ") + instead)

    def let_go(self) -> None:
        super().let_go()
        for each in (self.held, self.layouts, self.kept, self.memories, self.owners):
            each.clear()


signature_of = cache(signature)


def float_of(array: Any) -> float | complex:
    """A Python number, of which a trace says what it is."""
    return plain_number(array)


def value_of(leaf: Any) -> Any:
    return leaf.value if type(leaf) is TracedArray else leaf


def reduction_arguments(function: Any, args: Any, options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of np.sum and its like as those of a ufunc's reduce, whose axis is 0 by default."""
    given = dict(signature_of(function).bind(*args, **options).arguments)
    array = given.pop("a")
    given = {name: each for name, each in given.items() if each is not np._NoValue and each is not None}
    return (array,), {"axis": None} | given
