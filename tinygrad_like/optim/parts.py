"""`Part`: parameters that an optimizer steps at once, with their settings and their state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.storage import FlatVector
from ..engine.tensor import Tensor
from ..engine.traces import changes, lifted, seen, trace, write_once
from ..engine.writes import store
from .settings import ParamGroup

if TYPE_CHECKING:
    from .optimizer import Optimizer

Array = np.ndarray[Any, np.dtype[Any]]
Piece = tuple[slice | int, Array, Array]  # a place in the flat vector, the values there, and their gradients
BLOCK = 1 << 16  # so many values are stepped at once: they and what is computed from them stay in the processor's cache


def blocks(run: slice) -> Iterator[slice]:
    """A stretch, cut into blocks."""
    if run.stop - run.start <= 2 * BLOCK:
        yield run
        return
    for start in range(run.start, run.stop, BLOCK):
        yield slice(start, min(start + BLOCK, run.stop))


def pairs(vector: Array) -> Array:
    """Complex numbers as their real and imaginary parts, one after the other, in the same memory."""
    return vector.view(vector.real.dtype) if vector.dtype.kind == "c" else vector


class Part:
    """Parameters of one group, in one flat vector, which have been stepped equally often.

    Complex parameters are stepped as twice as many real ones.

    A formula is given it as `s`. `s.lr`, `s.momentum` and so on are the settings; numbers are 0-d float64 arrays.
    `s["name"]` is the state of that name for the values at hand; setting it writes. `s.step` counts the steps, this
    one included.
    """

    def __init__(self, optimizer: Optimizer, group: ParamGroup, flat: FlatVector, parameters: list[Tensor]) -> None:
        self.optimizer, self.group, self.flat, self.parameters = optimizer, group, flat, parameters
        self.state = optimizer._states.setdefault(flat, {})  # vectors by name, or arrays of parameters by name and slot
        self.dtype = pairs(flat.values).dtype
        self.started: set[str] = set()
        self.numbers: dict[str, Tensor] = {}
        self.run: slice | int = 0  # the stretch of the vector at hand, or the slot of the parameter
        self.on = group.active.__contains__  # whether a setting is neither 0 nor false
        self._lay_out()
        group.give_to(self)

    def for_trace(self) -> Part:
        """The same part, whose arrays a trace sees, if there is one in this context."""
        now = trace()
        if now is None:
            return self
        if self.flat.values.dtype.kind == "c":
            raise now.refusal("A step of complex parameters", "Compile the gradients, and step outside.")
        traced = object.__new__(TracedPart)
        traced.__dict__ = vars(self)
        return traced

    def without_trace(self) -> Part:
        """The same part, whose arrays are arrays: for what is done once, in the trace itself."""
        return self

    def split(self, given: list[Tensor]) -> Part:
        """Take some parameters into a part of their own, which counts on from here."""
        changes.note()
        other = Part(self.optimizer, self.group, self.flat, given)
        other.numbers = {name: Tensor(each._array.copy()) for name, each in self.numbers.items()}
        other.started = set(self.started)
        taken = set(map(id, given))
        self.parameters = [p for p in self.parameters if id(p) not in taken]
        self._lay_out()
        return other

    def _lay_out(self) -> None:
        """Note the stretches of the vector that the parameters fill, and what is stepped at once."""
        self.runs: list[slice] = []
        for p in self.parameters:
            start, stop = self.flat.offsets[p._slot : p._slot + 2]
            if self.runs and self.runs[-1].stop == start:
                start = self.runs.pop().start
            if start < stop:
                self.runs.append(slice(start, stop))
        places: Iterable[slice | int] = (block for run in self.runs for block in blocks(run))
        if self.optimizer.by_parameter:
            places = (p._slot for p in self.parameters if p.size)
        self.pieces = [self._piece(place) for place in places]
        self.written = [self._piece(run)[1] for run in self.runs]

    def _piece(self, place: slice | int) -> Piece:
        self.run = place
        return place, self.at(self.flat.values), self.at(self.flat.gradients)

    def divide(self) -> Part | None:
        """Take those that have a gradient into a part of their own, if others have none; give it."""
        for p in self.parameters:
            seen(p)
        given = [p for p in self.parameters if p._grad is not None]
        return self.split(given) if 0 < len(given) < len(self.parameters) else None

    def gather(self) -> Part | None:
        """Bring the gradients into the flat vector. Give a part of those that have one: this, a new one or none."""
        if list(self.flat.gather(self.parameters)) == self.runs:
            return self
        given = [p for p in self.parameters if p._grad is not None]
        return self.split(given) if given else None

    def __getattr__(self, name: str) -> Any:
        has = ", ".join(self.group.checks)
        raise AttributeError(f"{type(self.optimizer).__name__} has no setting {name}; it has {has}.")

    def number(self, name: str) -> Array:
        """A single number that is kept for the next step, a 0-d float64 array; `optimizer.numbers` has its start."""
        if name not in self.numbers:
            self.numbers[name] = Tensor(np.array(self.optimizer.numbers[name], np.float64))
        return self.numbers[name]._array

    def set_number(self, name: str, value: Any) -> None:
        """Keep a single number for the next step."""
        store(self.number(name), value)

    @property
    def step(self) -> Array:
        """How often these parameters have been stepped, this step included."""
        return self.number("step")

    def cast(self, number: Any) -> Any:
        """A number in the dtype of the parameters, so that its product with them has it, too."""
        return number if number.dtype is self.dtype else number.astype(self.dtype)

    def decayed(self, g: Any, p: Any, rate: Any = 1.0) -> Any:
        """g + rate · weight_decay · p."""
        return g + self.cast(rate * self.weight_decay) * p if self.on("weight_decay") else g

    def at(self, vector: Array) -> Array:
        """What is at hand of a vector: a stretch, or a parameter in its shape."""
        run = self.run
        if isinstance(run, int):
            return self.flat.part(vector, run)
        return pairs(vector if run.stop - run.start == vector.size else vector[run])

    def __getitem__(self, name: str) -> Array:
        run = self.run
        if isinstance(run, int):
            if (name, run) not in self.state:
                self.state[name, run] = Tensor(self._initial(name, self.at(self.flat.values)))
            return self.state[name, run]._array
        if name not in self.started:
            self._start(name)
        return self.at(self.state[name]._array)

    def _start(self, name: str) -> None:
        """Give a state the values that it has before the first step."""
        if name not in self.state:
            self.state[name] = Tensor(np.zeros_like(self.flat.values))
        for p in self.parameters:
            place, values = self.flat.part(self.state[name]._array, p._slot), p._array
            if values.dtype.kind == "c":
                place, values = (pairs(each.reshape(-1, copy=False)) for each in (place, values))
            write_once(place, self._initial(name, values))
        self.started.add(name)

    def _initial(self, name: str, values: Array) -> Any:
        return self.optimizer.initial(name, values, self.without_trace())

    def __setitem__(self, name: str, value: Any) -> None:
        store(self[name], value)

    def average(self, name: str, value: Any, beta: Any) -> Array:
        """Make a state the moving average of a value, and give it: state ← beta · state + (1 − beta) · value."""
        state = self[name]
        change = value - state
        change *= self.cast(1 - beta)
        store(state, change, np.add)
        return state

    def state_of(self, p: Tensor) -> dict[str, Array]:
        """Copies of all state of one parameter, by name."""
        found = {name: each.numpy().copy() for name, each in self.numbers.items()}
        if found:
            found |= {name: np.array(rule(self)) for name, rule in self.optimizer.derived.items()}
        if self.optimizer.by_parameter:
            return found | {key[0]: each.numpy().copy() for key, each in self.state.items() if key[1] == p._slot}
        return found | {name: self.flat.part(self.state[name]._array, p._slot).copy() for name in sorted(self.started)}


class TracedPart(Part):
    """A part during a trace: its arrays are those that the program reads and writes by reference."""

    def __getattribute__(self, name: str) -> Any:
        return lifted(super().__getattribute__(name))

    def without_trace(self) -> Part:
        plain = object.__new__(Part)
        plain.__dict__ = vars(self)
        return plain

    def number(self, name: str) -> Any:
        return lifted(super().number(name))

    def __getitem__(self, name: str) -> Any:
        return lifted(super().__getitem__(name))
