"""`compile`: a function traced once for each kind of arguments, and run as a program from then on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from ..engine.node import is_users_leaf
from ..engine.recording import observer, recording
from ..engine.tensor import Tensor, wrap
from ..engine.traces import changes, trace
from ..tree import flatten, mapped, unflatten
from .agreement import Agreement
from .backends import build
from .capture import Captured, Output, capture
from .holders import state_of

MOST = 8  # programs of one function, from which on another is worth a warning


def compile(function: Any = None, *, backend: str | None = None, check: bool = False) -> Any:
    """The function as a program that is run without Python's overhead: the same results, the same changes of state.

    `function` takes arrays, Tensors and numbers, also in containers, and may call `loss.backward()`, `optimizer.step()`,
    `grad`, and every layer. It is traced when it is first called with arguments of some shapes and dtypes. Arguments
    that are no arrays, Tensors or floats are part of the program: another value is another program. `backend` is
    "numpy" or "c"; without, C if there is a compiler. With `check`, the first calls are compared with the function.

    Raises TraceError, which names the line, if what the function does depends on values, or differs from call to call.

    >>> import numpy as np, tinygrad_like as tg
    >>> double = tg.compile(lambda x: x + x, backend="numpy")
    >>> double(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    if function is None:
        return lambda given: Compiled(given, backend, check)
    return Compiled(function, backend, check)


class Compiled:
    """A function that is run as a program; see `compile`."""

    def __init__(self, function: Callable[..., Any], backend: str | None, check: bool) -> None:
        update_wrapper(self, function)
        self.function, self.backend, self.check = function, backend, check
        self.programs: dict[Any, Any] = {}
        self.holders: dict[int, Any] = {}
        self.state: Any = ()
        self.changes = -1

    def __call__(self, *args: Any, **options: Any) -> Any:
        if trace() is not None or observer.get() is not None:
            return self.function(*args, **options)
        leaves, structure = flatten((args, options))
        arrays, key = sorted_out(leaves)
        if arrays is None:
            return self.function(*args, **options)
        if changes.count != self.changes:
            self.state, self.changes = state_of(self.holders), changes.count
        key = tuple(key), repr(structure), self.state, recording.get()
        runner = self.programs.get(key)
        if runner is None:
            runner = self.programs[key] = self.made(leaves, structure, arrays)
            self.changes = -1
            key = (*key[:2], state_of(self.holders), key[3])
            self.programs[key] = runner
        return runner(arrays)

    def made(self, leaves: list[Any], structure: Any, arrays: list[Any]) -> Any:
        """A new program for arguments of this kind."""
        if len(self.programs) == 2 * MOST:
            warnings.warn(
                f"{self.__name__} is compiled for the {MOST + 1}th time.",
                stacklevel=3,
            )

        def call(traced: list[Any]) -> Any:
            waiting = iter(traced)
            given = [stand_in(each, waiting) for each in leaves]
            args, options = unflatten(structure, given)
            return self.function(*args, **options)

        first = capture(self.function, call, arrays)
        with first.trace.as_after():
            second = capture(self.function, call, [nudged(each) for each in arrays])
        Agreement(first.program, second.program).settle()
        self.holders |= first.trace.holders
        return Runner(first, build(first.program, self.backend))


def sorted_out(leaves: list[Any]) -> tuple[list[Any] | None, list[Any]]:
    """The arrays among the arguments, and what of all of them a program depends on. No arrays: run as it is."""
    arrays: list[Any] = []
    key: list[Any] = []
    for each in leaves:
        if isinstance(each, Tensor):
            if each._node is None:
                arrays.append(each._array)
                key.append((Tensor, each.shape, each.dtype))
            elif is_users_leaf(each._node):
                key.append(id(each))
            else:
                return None, []
        elif isinstance(each, np.ndarray):
            arrays.append(each)
            key.append((np.ndarray, each.shape, each.dtype))
        else:
            key.append((type(each), each))
    return arrays, key


def stand_in(leaf: Any, traced: Any) -> Any:
    if isinstance(leaf, Tensor):
        return leaf if leaf._node is not None else wrap(next(traced))
    return next(traced) if isinstance(leaf, np.ndarray) else leaf


def nudged(array: Any) -> Any:
    """Slightly other values."""
    if array.dtype.kind not in "fc":
        return array.copy()
    return np.asarray(array * array.dtype.type(1 + 2**-9) + array.dtype.type(2**-9))


class Runner:
    """A program that is ready to be run, and what is done with its results."""

    def __init__(self, captured: Captured, function: Callable[..., Any]) -> None:
        self.function, self.returned = function, captured.returned
        self.bindings = captured.program.bindings

    def __call__(self, arrays: list[Any]) -> Any:
        outputs, bound = self.function(arrays)
        for binding, value in zip(self.bindings, bound):
            binding.tensor._grad = wrap(value) if binding.as_tensor else value
        return mapped(lambda leaf: given(leaf, outputs), self.returned)


def given(leaf: Any, outputs: list[Any]) -> Any:
    if not isinstance(leaf, Output):
        return leaf
    value = outputs[leaf.place]
    return wrap(np.asarray(value)) if leaf.kind == "tensor" else value
