"""One step of the recurrent layers: `RNNCell`, `GRUCell`, `LSTMCell`, for loops of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from ..engine.tensor import as_array
from ..functions.recurring import gru_states, lstm_states, rnn_states
from .finding import Parameter
from .initialisers import generator
from .layer import Layer
from .recurrent_layers import add_weights, check_floating, check_nonlinearity, check_sizes, checked_states, weights_of


class Cell(Layer):
    """Base of the cells: a sequence of one step, without its axis."""

    gates = 1
    names: tuple[str, ...] = ("h",)
    weight_ih: Parameter
    weight_hh: Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        check_sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        check_floating(type(self).__name__, dtype)
        self.input_size, self.hidden_size, self.bias = int(input_size), int(hidden_size), bool(bias)
        add_weights(self, "", self.input_size, self.hidden_size, self.gates, self.bias, generator(seed), dtype)

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        """The states after every step, h first."""
        raise NotImplementedError(f"{type(self).__name__} has no states(); define what a step computes.")

    def forward(self, input: Any, hx: Any = None) -> Any:
        x, name, units = as_array(input), type(self).__name__, self.hidden_size
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            takes = f"{name} takes inputs (batch, {self.input_size}) or ({self.input_size},)"
            raise ShapeError(f"{takes}, but got shape {x.shape}.", f"weight_ih is {self.weight_ih.shape}")
        batch = x.shape[:-1]
        if hx is None:
            start = [np.zeros((*batch, units), self.weight_hh.dtype)] * len(self.names)
        else:
            start = checked_states(name, hx, self.names, (*batch, units))
        if not batch:
            x, start = x[None], [each[None] for each in start]
        states = self.states(x[None], tuple(start), weights_of(self, ""))
        ends = [each[0] if batch else each[0, 0] for each in states]
        return ends[0] if len(ends) == 1 else tuple(ends)

    def label(self) -> str:
        return f"{self.input_size} → {self.hidden_size}" + ("" if self.bias else ", no bias")


class RNNCell(Cell):
    """One step of `RNN`: takes x, (batch, input_size) or (input_size,), and h or None for zeros; gives the next h.

    Raises ArgumentError for settings that make no sense, ShapeError for inputs and states of other shapes.

    >>> RNNCell(3, 5)(np.ones((2, 3))).shape
    (2, 5)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        dtype: Any = np.float64,
        *,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        check_nonlinearity("RNNCell", nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, dtype, seed=seed)

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        return rnn_states(x, state, weights, self.nonlinearity)

    def label(self) -> str:
        return super().label() + (", relu" if self.nonlinearity == "relu" else "")


class GRUCell(Cell):
    """One step of `GRU`: takes x, (batch, input_size) or (input_size,), and h or None for zeros; gives the next h.

    Raises ArgumentError for settings that make no sense, ShapeError for inputs and states of other shapes.

    >>> GRUCell(3, 5)(np.ones((2, 3)), np.zeros((2, 5))).shape
    (2, 5)
    """

    gates = 3

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        return gru_states(x, state, weights)


class LSTMCell(Cell):
    """One step of `LSTM`: takes x, (batch, input_size) or (input_size,), and (h, c) or None; gives the next (h, c).

    Raises ArgumentError for settings that make no sense, ShapeError for inputs and states of other shapes.

    >>> h, c = LSTMCell(3, 5)(np.ones((2, 3)))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    gates = 4
    names = ("h", "c")

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        return lstm_states(x, state, weights)
