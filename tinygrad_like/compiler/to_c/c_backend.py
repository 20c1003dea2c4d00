"""A program compiled to C, and run: `build(program)` gives what `replay` would, from a library."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

import numpy as np

from ...engine.shortcuts import raise_unless
from ..direct import Direct
from ..passes.aliasing import overlapping_references
from ..passes.passes import simplified
from ..to_numpy import numpy_backend
from ..to_numpy.numpy_backend import replayed
from ..tracing.program import Memory, Program, Value, address
from ..tracing.replay import view_of
from . import native
from .c_callbacks import caller, values_called
from .c_entry import (
    CALL,
    DROP,
    ERROR,
    FIRST,
    FOREIGN,
    FUNCTIONS,
    KIND,
    MISFIT,
    NUMBER,
    OVERLAP,
    RESTORE,
    SAVE,
    entry,
    header_size,
)
from .c_memory import ALIGNED
from .c_running import direct, run_text, scope_of, whole_of
from .c_source import FIRST_REQUIRED, INDEX_FAILED, Source

FLAGS = (
    "-fopenmp-simd",
    "-DVECTOR_CODE",
    "-fno-trapping-math",
    "-fno-strict-aliasing",
    "-fno-tree-pre",
    "-fno-thread-jumps",
)
FASTCALL = 0x80  # METH_FASTCALL: a function gets its arguments as a C array


class Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


class Compiled:
    """The library of a program, and the workspaces of its calls; each call has one for itself."""

    def __init__(self, given: Program, header: int = object.__basicsize__) -> None:
        self.program = program = simplified(given)
        self.source = Source(program)
        self.layout = self.source.layout
        self.library = native.load(self.source.text + "\n" + entry(self.source, header), FLAGS)
        address = ctypes.cast(self.library.step_method, ctypes.c_void_p).value
        self.method = Method(b"step", address, FASTCALL, None)
        self.pool: list[Workspace] = []
        self.own: Workspace | None = None
        self.results = [*program.outputs, *(each.value for each in program.bindings)]
        inputs = {each.memory for each in program.inputs}
        self.keeps_inputs = any(each is not None and each.memory in inputs for each in self.results)
        self.as_arrays = given.as_arrays
        self.code = compile(run_text(self), "<step>", "exec")

    def __call__(self, arrays: list[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs, and what the bindings bind."""
        pool = self.pool
        workspace = pool.pop() if pool else Workspace(self)
        try:
            results: tuple[list[Any], list[Any]] = workspace.run(arrays)
            return results
        finally:
            pool.append(workspace)

    def direct(self, known: dict[str, Any]) -> Direct | None:
        """How it is called in source, if it can be called straight."""
        return direct(self, known)

    def shared(self) -> Workspace:
        """The one of calls that nothing comes between."""
        if self.own is None:
            self.own = Workspace(self)
        return self.own

    def many(self, data: list[Any], rows: int | None, first: int, items: int, losses: Any, place: int) -> list[Any]:
        """A run for each of `losses`: for the items of some arrays from the `first` on, round and round.

        An item is an element, or as many `rows`. The loss is the output at `place`. Gives what the bindings bind.
        """
        workspace = self.pool.pop() if self.pool else Workspace(self)
        try:
            return workspace.many(data, rows, first, items, losses, place)
        finally:
            self.pool.append(workspace)


class Workspace:
    """The memory of one call at a time: pointers, temporary memory, and the views that NumPy is called with."""

    def __init__(self, owner: Compiled) -> None:
        self.owner, self.program, self.layout = owner, owner.program, owner.layout
        layout = self.layout
        space = np.empty(layout.size + ALIGNED, np.uint8)
        start = -space.__array_interface__["data"][0] % ALIGNED
        self.space = space[start : start + layout.size]
        self.error = np.zeros(3, np.int64)
        self.held: dict[Value, Any] = {}
        self.table = np.zeros(FIRST + len(layout.slots) + 1 + len(layout.sources), np.uintp)
        self.prepare_results()
        self.prepare_calls()
        self.fill()
        new = ctypes.pythonapi.PyCMethod_New
        new.restype, new.argtypes = (
            ctypes.py_object,
            [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p],
        )
        self.run: Any = None
        self.call = new(ctypes.addressof(owner.method), self.table, None, None)
        scope = scope_of(self)
        exec(owner.code, scope)
        self.run = scope["run"]

    def fill(self) -> None:
        """The pointers that stay the same."""
        layout, api = self.layout, ctypes.pythonapi
        for place, function in (
            (CALL, api.PyObject_CallNoArgs),
            (DROP, api.Py_DecRef),
            (NUMBER, api.PyLong_FromLong),
            (SAVE, api.PyEval_SaveThread),
            (RESTORE, api.PyEval_RestoreThread),
        ):
            self.table[place] = ctypes.cast(function, ctypes.c_void_p).value or 0
        self.table[ERROR], self.table[KIND] = address(self.error), id(np.ndarray)
        self.table[FUNCTIONS] = address(self.functions)
        for slot, memory in enumerate(layout.slots):
            if memory.array is not None and memory not in layout.fresh:
                self.table[FIRST + slot] = address(memory.array)
        self.table[FIRST + len(layout.slots)] = address(self.space)
        for i, memory in enumerate(layout.sources):
            self.table[FIRST + len(layout.slots) + 1 + i] = address(memory.array)

    def prepare_results(self) -> None:
        """Which results are the same views at each call, and which are made anew."""
        self.fixed: list[Any] = []
        self.anew: list[tuple[int, Value]] = []
        for i, value in enumerate(self.owner.results):
            if value is None or self.moves(value.memory):
                self.fixed.append(None)
                if value is not None:
                    self.anew.append((i, value))
            else:
                self.fixed.append(self.view(value))
        self.shapes = [whole_of(self.program, each) for each in self.layout.fresh]
        inputs = {each.memory: i for i, each in enumerate(self.program.inputs)}
        fresh = {each: i + len(inputs) for i, each in enumerate(self.layout.fresh)}
        self.places = inputs | fresh
        self.adapted = [i for i, each in enumerate(self.program.inputs) if each.scalar or each.weak]

    def moves(self, memory: Memory) -> bool:
        """Whether it is another memory at each call."""
        return memory in self.layout.origin or memory in self.layout.fresh

    def view(self, value: Value) -> Any:
        memory = value.memory
        offset = self.layout.workspace.get(memory)
        if offset is not None:
            return np.ndarray(value.shape, value.dtype, self.space, offset + value.offset, value.strides)
        return view_of(memory.array, value)

    def prepare_calls(self) -> None:
        """The functions that C calls, and the views that they take."""
        calls = self.owner.source.calls
        self.calls = [caller(each, self.held) for each in calls]
        self.functions = np.array([id(each) for each in self.calls], np.uintp)
        self.moving = []
        for value in values_called(calls):
            if self.moves(value.memory):
                self.moving.append(value)
            else:
                self.held[value] = self.view(value)

    # -- a call ---------------------------------------------------------------------------------

    def bind(self, arrays: list[Any]) -> bool:
        """Look up what NumPy is called with that lies in the memory of inputs and results.

        False if an input has other strides than the program knows.
        """
        for array, value in zip(arrays, self.program.inputs):
            if type(array) is not np.ndarray or array.strides != value.strides:
                return False
        for value in self.moving:
            self.held[value] = self.found(value, arrays, plain=True)
        return True

    def many(self, data: list[Any], rows: int | None, first: int, items: int, losses: Any, place: int) -> list[Any]:
        arrays = [np.empty(each.shape, each.dtype) for each in self.program.inputs]
        arrays += [np.empty(shape, dtype) for shape, dtype in self.shapes]
        for memory, i in self.places.items():
            self.table[FIRST + self.layout.slots.index(memory)] = address(arrays[i])
        self.bind(arrays)
        loss = self.program.outputs[place]
        fits = losses.dtype == loss.dtype and losses.flags.c_contiguous
        kept = losses if fits else np.empty(len(losses), loss.dtype)
        bases = np.array([address(each) for each in data], np.uintp)
        steps = np.array([(rows or 1) * each.strides[0] for each in data], np.int64)
        numbers = [first, len(losses), items, *map(address, (bases, steps, kept))]
        numbers += [FIRST + self.layout.slots.index(loss.memory), loss.offset, loss.dtype.itemsize]
        with np.errstate(all="ignore"):
            code = self.owner.library.step_loop(*map(ctypes.c_int64, (address(self.table), *numbers)))
        if code:
            self.failed(code, arrays)
        if not fits:
            losses[...] = kept
        n = len(self.program.outputs)
        return [
            None if value is None else self.found(value, arrays) if self.moves(value.memory) else self.fixed[n + i]
            for i, value in enumerate(self.owner.results[n:])
        ]

    def found(self, value: Value, arrays: list[Any], plain: bool = False) -> Any:
        """A value in the memory of an input or a result; a number as an array without axes if `plain`."""
        owner = arrays[self.places[value.memory]]
        offset = value.offset - self.layout.origin.get(value.memory, 0)
        if not offset and owner.shape == value.shape and owner.strides == value.strides:
            return owner[()] if value.scalar and not plain else owner
        if not owner.flags.c_contiguous:  # then it has its axes in another order
            owner = owner.transpose(sorted(range(owner.ndim), key=lambda axis: -owner.strides[axis]))
        view = np.ndarray(value.shape, value.dtype, owner, offset, value.strides)
        return view[()] if value.scalar and not plain else view

    def arrays_of(self, arrays: list[Any]) -> list[Any]:
        """The inputs, with arrays in place of numbers."""
        return [
            np.array(each, value.dtype) if i in self.adapted else each
            for i, (each, value) in enumerate(zip(arrays, self.program.inputs))
        ]

    def failed(self, code: int, arrays: list[Any]) -> Any:
        """Raises the error that ended the program; or runs it in another way."""
        if code == INDEX_FAILED:
            index, axis, length = self.error.tolist()
            raise IndexError(f"index {index} is out of bounds for axis {axis} with size {length}")
        if code in (MISFIT, FOREIGN) and not self.owner.keeps_inputs:
            return self.laid_out(arrays[: len(self.program.inputs)])
        if code in (MISFIT, OVERLAP, FOREIGN):
            return replayed(self.program, arrays[: len(self.program.inputs)])
        raise_unless(False, self.owner.source.requirements[code - FIRST_REQUIRED].instruction.args[1])
        return None

    def laid_out(self, arrays: list[Any]) -> Any:
        """A run on copies of the inputs, with the strides that the program knows; what it writes is copied back."""
        copies = [in_layout(each, value) for each, value in zip(arrays, self.program.inputs)]
        results = self.run(copies)
        for array, copied, value in zip(arrays, copies, self.program.inputs):
            if value.memory in self.layout.written and isinstance(array, np.ndarray):
                array[...] = copied
        return results


def in_layout(array: Any, value: Value) -> Any:
    """A copy with the strides of a value, which has memory of its own."""
    memory = np.empty(value.memory.size, np.uint8)
    copied: Any = np.ndarray(value.shape, value.dtype, memory, value.offset, value.strides)
    copied[...] = array
    return copied


def build(program: Program) -> Any:
    """A function of the input arrays that gives the outputs, and what the bindings bind; compiled C.

    Where arrays are not laid out as in CPython, NumPy source.
    """
    if overlapping_references(program):
        return partial(replayed, program)
    header = header_size()
    return numpy_backend.build(program) if header is None else Compiled(program, header)
