"""What a compiler asks of layers and optimizers, so that it can record what they do once and run it again.

What changes from call to call is a Tensor, written by `assign` or `store`. All random numbers come from
`tinygrad_like.random`. What is computed does not depend on values, only on shapes, dtypes and settings.
"""

from __future__ import annotations

import functools
import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

import tinygrad_like as tg
from tinygrad_like.engine.storage import FlatVector
from tinygrad_like.engine.writes import base_of, clock, store, writes
from tinygrad_like.random import default

PACKAGE = Path(tg.__file__).parent
# The engine is left out: what it does itself is not what a layer does.
WATCHED = tuple(str(PACKAGE / folder) for folder in ("nn", "functions", "losses", "primitives", "optim"))
OUR_SOURCES = {"Generator", "Philox", "SeedSequence", "BitGenerator"}
WHOLE = (FunctionType, MethodType, ModuleType, type, FlatVector)  # what is looked at from outside only


def held(value: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds, with the step to it."""
    if isinstance(value, dict):
        yield from ((f"[{key!r}]" if isinstance(key, str) else f"[{i}]", each) for i, (key, each) in entries(value))
    elif isinstance(value, (list, tuple, deque)):
        yield from ((f"[{i}]", each) for i, each in enumerate(value))
    elif not isinstance(value, (tg.Tensor, np.ndarray, *WHOLE)):
        yield from ((f".{name}", each) for name, each in getattr(value, "__dict__", {}).items())
        for kind in type(value).__mro__:
            slots = (name for name, each in vars(kind).items() if isinstance(each, MemberDescriptorType))
            yield from ((f".{name}", getattr(value, name)) for name in slots if hasattr(value, name))


def entries(value: dict[Any, Any]) -> Any:
    return enumerate(value.items())


def described(value: Any, memory: set[int]) -> str:
    """What of a value must not change: all but the contents of Tensors, and of arrays that read the same memory."""
    if isinstance(value, tg.Tensor):
        return f"Tensor {id(value)} {value.shape} {value.dtype} {value.requires_grad}"
    if isinstance(value, np.ndarray):
        contents = "" if id(base_of(value)) in memory else repr(value.tobytes())
        return f"array {id(value)} {value.dtype} {value.shape} {contents}"
    if isinstance(value, np.random.Generator):
        return str(value.bit_generator.state)
    if isinstance(value, (set, frozenset)):
        return str(sorted(map(repr, value)))
    if isinstance(value, (int, float, str, bytes, np.generic, slice, type(None))):
        return f"{type(value).__name__} {value!r}"
    return f"{type(value).__name__} {id(value)}"


class Look:
    """All that a layer or an optimizer holds: a description of each part by its path, and copies of the Tensors."""

    def __init__(self, *roots: Any) -> None:
        self.roots, self.time = roots, clock()
        self.tensors: dict[str, tuple[tg.Tensor, bytes]] = {}
        found: dict[str, Any] = {}
        memory: set[int] = set()
        seen: set[int] = set()
        stack = [(type(root).__name__, root) for root in roots]
        while stack:
            path, value = stack.pop()
            found[path] = value
            if isinstance(value, FlatVector):
                memory |= {id(base_of(value.values)), id(base_of(value.gradients))}
            elif isinstance(value, tg.Tensor):
                self.tensors[path] = value, value.numpy().tobytes()
                memory.add(id(base_of(value.numpy())))
            elif id(value) not in seen:
                seen.add(id(value))
                stack += [(path + step, each) for step, each in held(value)]
        self.parts = {path: described(value, memory) for path, value in found.items()}

    def check(self, stored: Iterable[np.ndarray] = ()) -> list[str]:
        """Only Tensors have changed since, by `assign`, or as the arrays `stored`. Gives the paths of those."""
        now = Look(*self.roots).parts
        others = {path for path in now | self.parts if now.get(path) != self.parts.get(path)}
        assert not others, f"No Tensor, but changed: {', '.join(sorted(others))}"
        changed = {path: each.numpy() for path, (each, old) in self.tensors.items() if each.numpy().tobytes() != old}
        past = [
            path
            for path, each in changed.items()
            if not writes.written_since(each, self.time) and not any(np.shares_memory(each, other) for other in stored)
        ]
        assert not past, f"Changed, but not through assign: {', '.join(past)}"
        return list(changed)


def look(*roots: Any) -> Look:
    return Look(*roots, default())


def patch_everywhere(monkeypatch: Any, name: str, function: Any) -> None:
    """Put a function in the place of one of the package's, in all modules that use it."""
    for module, held in list(sys.modules.items()):
        if module.startswith("tinygrad_like.") and isinstance(vars(held).get(name), FunctionType):
            monkeypatch.setattr(held, name, function)


def stores(monkeypatch: Any) -> list[np.ndarray]:
    """The arrays that are written by `store` from now on."""
    written = []

    def noting(array: Any, value: Any, using: Any = None) -> None:
        written.append(array)
        store(array, value, using)

    patch_everywhere(monkeypatch, "store", noting)
    return written


def only_our_random_numbers(monkeypatch: Any) -> None:
    """From now on, other random numbers than those of `tinygrad_like.random` are an error."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError("Random numbers must come from tinygrad_like.random.draws.")

    for module in (np.random, random):
        for name in dir(module):
            if not name.startswith("_") and name not in OUR_SOURCES and callable(getattr(module, name)):
                monkeypatch.setattr(module, name, refuse)


def without_shortcuts(monkeypatch: Any) -> None:
    """From now on, no value allows a shortcut, as in a trace."""
    for name in ("shortcut", "products_fit"):
        patch_everywhere(monkeypatch, name, lambda values: False)
    patch_everywhere(monkeypatch, "require", lambda condition, error, text: None)


def way_of(function: Callable[[], Any]) -> list[tuple[CodeType, int]]:
    """Each instruction that the package's own code runs, in order."""
    way: list[tuple[CodeType, int]] = []

    def inside(frame: Any, event: str, argument: Any, add: Any = way.append) -> Any:
        if event == "opcode":
            add((frame.f_code, frame.f_lasti))
        return inside

    @functools.cache
    def watched(file: str) -> bool:
        return file.startswith(WATCHED)

    def entering(frame: Any, event: str, argument: Any) -> Any:
        if not watched(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return inside

    before = sys.gettrace()
    sys.settrace(entering)
    try:
        function()
    finally:
        sys.settrace(before)
    return way


def parting(one: list[tuple[CodeType, int]], other: list[tuple[CodeType, int]]) -> str:
    """Where two ways part, or "" if they are one."""
    for (code, at), (code2, at2) in zip(one, other):
        if (code, at) != (code2, at2):
            return f"{place(code, at)} or {place(code2, at2)}"
    return "" if len(one) == len(other) else f"{len(one)} or {len(other)} instructions"


def place(code: CodeType, at: int) -> str:
    line = next((line for start, stop, line in code.co_lines() if start <= at < stop), None)
    return f"{Path(code.co_filename).relative_to(PACKAGE)}:{line} in {code.co_name}"
