"""The columns of units that a network is drawn as, read from a run that is watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engine.blocks import Block
from ...engine.primitive import Primitive
from ...engine.recording import no_grad, observer, scope
from ...engine.tensor import Tensor, values_of
from ...engine.writes import Array

WEIGHTED = ("linear", "matmul")


@dataclass(slots=True)
class Column:
    """Units side by side: their values for each sample, (n, units), and the weights that lead to them.

    `lines` has, for every column that they are computed from, its number and the weights, (units, units there).
    """

    values: Array
    name: str = ""
    lines: list[tuple[int, Array]] = field(default_factory=list)


class Columns:
    """Told of every operation, it begins a column at each product of a batch (n, k) with weights.

    What is then computed from the last column and has its shape (a bias, an activation, a norm) takes its place.
    """

    def __init__(self, x: Array) -> None:
        self.found = [Column(x, "input")]
        self._column = {id(x): 0}  # of every array that a column has been, by its id
        self._computed = {id(x)}  # the arrays that depend on the inputs
        self._kept: list[Any] = [x]  # so that their ids stay theirs

    def __call__(self, what: Any, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
        if isinstance(what, Primitive):
            operands, value = [values_of(each) for each in args], values_of(result)
            if any(id(each) in self._computed for each in operands):
                self._kept.append(value)
                self._computed.add(id(value))
                self._operation(what, operands, value)

    def _operation(self, primitive: Primitive, operands: list[Any], value: Array) -> None:
        last = len(self.found) - 1
        if primitive.name in WEIGHTED and self._is_weighted(operands):
            weights = operands[1] if primitive.name == "linear" else operands[1].T
            if id(operands[0]) not in self._column:
                self._begin(Column(operands[0], "features"), operands[0])
            self._begin(Column(value, "", [(self._column[id(operands[0])], np.array(weights))]), value)
        elif np.shape(value) == self.found[last].values.shape and any(
            self._column.get(id(each)) == last for each in operands
        ):
            self._column[id(value)] = last
            if last:
                self.found[last].values = value
                self.found[last].name = self.found[last].name or activation_of(primitive)

    def _is_weighted(self, operands: list[Any]) -> bool:
        x, weights = operands[:2]
        is_batch = np.ndim(x) == 2 and len(x) == len(self.found[0].values) and id(x) in self._computed
        return is_batch and np.ndim(weights) == 2 and id(weights) not in self._computed

    def _begin(self, column: Column, value: Array) -> None:
        self._column[id(value)] = len(self.found)
        self.found.append(column)


def activation_of(primitive: Primitive) -> str:
    """The name of the activation function that an operation is, or is a part of; "" if it is none."""
    at = scope.get()
    block = at[0]() if at else None
    if isinstance(block, Block) and block.role == "activation":
        return block.name
    return primitive.name if primitive.role == "activation" else ""


def columns_of(model: Any, x: Array) -> list[Column]:
    """The columns of a model for a batch of inputs (n, k); the inputs are the first."""
    inputs = Tensor(x)  # nothing is told of what NumPy computes with plain arrays
    watcher = Columns(values_of(inputs))
    watched(model, inputs, watcher)
    return watcher.found


def watched(model: Any, x: Any, watcher: Any) -> Any:
    """What a model gives, unrecorded, while `watcher` is told of each operation and each call of a layer."""
    token = observer.set(watcher)
    try:
        with no_grad():
            return model(x)
    finally:
        observer.reset(token)
