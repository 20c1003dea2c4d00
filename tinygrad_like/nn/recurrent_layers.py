"""Recurrent layers: `RNN`, `GRU` and `LSTM`, over whole sequences. Their cells are in recurrent_cells.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from ..engine.tensor import Tensor, as_array
from ..functions.recurring import (
    backwards,
    checked_lengths,
    gru_states,
    last,
    lstm_states,
    rnn_states,
    without_padding,
)
from ..random import Generator, draws
from .finding import Parameter
from .initialisers import generator as numpy_generator
from .initialisers import inverse_root
from .layer import Layer
from .layers import name_of


def check_sizes(name: str, **sizes: Any) -> None:
    for argument, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise ArgumentError(f"{name} needs {argument} of at least 1, but got {size!r}.")


def check_floating(name: str, dtype: Any) -> None:
    if not name_of(dtype).startswith(("float", "longdouble")):
        raise DTypeError(f"{name} needs a floating-point dtype, but got {name_of(dtype)}.", "Write dtype=np.float32.")


def check_nonlinearity(name: str, nonlinearity: Any) -> None:
    if nonlinearity not in ("tanh", "relu"):
        raise ArgumentError(f'{name} takes nonlinearity "tanh" or "relu", but got {nonlinearity!r}.')


def add_weights(layer: Layer, suffix: str, inputs: int, units: int, gates: int, bias: bool, rng: Any, dt: Any) -> None:
    """Make the parameters of one layer in one direction: weight_ih, weight_hh, bias_ih, bias_hh, each with a suffix."""
    shapes = {"weight_ih": (gates * units, inputs), "weight_hh": (gates * units, units)}
    if bias:
        shapes |= {"bias_ih": (gates * units,), "bias_hh": (gates * units,)}  # type: ignore[dict-item]
    for name, shape in shapes.items():
        setattr(layer, name + suffix, Parameter(inverse_root(units)(rng, shape, dt), name=name + suffix))


def weights_of(layer: Layer, suffix: str) -> list[Any]:
    """Those parameters; None for a bias that there is not."""
    return [getattr(layer, name + suffix, None) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


class Recurrent(Layer):
    """Base of the recurrent layers. A subclass says which states it has, and computes them in `states`."""

    gates = 1
    names: tuple[str, ...] = ("h",)
    weight_ih_l0: Parameter
    weight_hh_l0: Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = np.float64,
        *,
        generator: Generator | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        check_floating(name, dtype)
        check_dropout(name, dropout, num_layers)
        self.input_size, self.hidden_size, self.num_layers = int(input_size), int(hidden_size), int(num_layers)
        self.bias, self.batch_first, self.dropout = bool(bias), bool(batch_first), float(dropout)
        self.bidirectional, self.generator = bool(bidirectional), generator
        rng = numpy_generator(seed)
        for k, suffixes in enumerate(self.suffixes()):
            inputs = self.hidden_size * len(suffixes) if k else self.input_size
            for suffix in suffixes:
                add_weights(self, suffix, inputs, self.hidden_size, self.gates, self.bias, rng, dtype)

    def suffixes(self) -> list[list[str]]:
        """For each layer the ends of its parameters' names, one for each direction."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [[f"_l{k}{direction}" for direction in directions] for k in range(self.num_layers)]

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        """The states after every step, h first."""
        raise NotImplementedError(f"{type(self).__name__} has no states(); define what a step computes.")

    def forward(self, input: Any, hx: Any = None, *, lengths: Any = None) -> tuple[Tensor, Any]:
        x = as_array(input)
        self._check_input(x)
        batched = x.ndim == 3
        x = x[:, None] if not batched else x.swapaxes(0, 1) if self.batch_first else x
        start = self._start(hx, x.shape[1] if batched else None)
        if lengths is not None:
            lengths = checked_lengths(lengths, *x.shape[:2])
        ends: list[tuple[Any, ...]] = []
        for k, suffixes in enumerate(self.suffixes()):
            x = self._dropped(x) if k else x
            outputs = []
            for suffix in suffixes:
                state = tuple(each[len(ends)] for each in start)
                output, end = self._one_way(x, state, suffix, lengths)
                outputs.append(output)
                ends.append(end)
            x = np.concatenate(outputs, axis=-1) if len(outputs) > 1 else outputs[0]
        if lengths is not None:
            x = without_padding(x, lengths)
        final = [np.stack(each) for each in zip(*ends)]
        if not batched:
            x, final = x[:, 0], [each[:, 0] for each in final]
        elif self.batch_first:
            x = x.swapaxes(0, 1)
        return x, final[0] if len(final) == 1 else tuple(final)

    def _one_way(self, x: Any, state: tuple[Any, ...], suffix: str, lengths: Any) -> tuple[Any, tuple[Any, ...]]:
        """The outputs of one layer in one direction, and its last states."""
        reverse = suffix.endswith("_reverse")
        x = backwards(x, lengths) if reverse else x
        states = self.states(x, state, weights_of(self, suffix))
        output = backwards(states[0], lengths) if reverse else states[0]
        return output, tuple(last(each, lengths) for each in states)

    def _dropped(self, x: Any) -> Any:
        """x in evaluation; in training with zeros in place of a share of it."""
        if not self.dropout or not self.training:
            return x
        kept = draws(self.generator).random(x.shape) >= self.dropout
        return x * (kept / max(1 - self.dropout, 1e-300)).astype(x.dtype)

    def _check_input(self, x: Any) -> None:
        order = "batch, steps" if self.batch_first else "steps, batch"
        takes = f"{type(self).__name__} takes inputs ({order}, {self.input_size}) or (steps, {self.input_size})"
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            raise ShapeError(f"{takes}, but got shape {x.shape}.", f"weight_ih_l0 is {self.weight_ih_l0.shape}")
        if not x.shape[1 if self.batch_first and x.ndim == 3 else 0]:
            raise ShapeError(f"{takes} of at least one step, but got shape {x.shape}.")

    def _start(self, hx: Any, batch: int | None) -> list[Any]:
        """The initial states, each (layers · directions, batch, units)."""
        layers, units = self.num_layers * (1 + self.bidirectional), self.hidden_size
        wanted = (layers, units) if batch is None else (layers, batch, units)
        if hx is None:
            zeros = np.zeros((layers, 1 if batch is None else batch, units), self.weight_hh_l0.dtype)
            return [zeros] * len(self.names)
        found = checked_states(type(self).__name__, hx, self.names, wanted)
        return [each[:, None] for each in found] if batch is None else found

    def label(self) -> str:
        more = [f"{self.num_layers} layers"] * (self.num_layers > 1) + ["bidirectional"] * self.bidirectional
        more += [f"dropout {self.dropout:g}"] * (self.dropout > 0) + ["no bias"] * (not self.bias)
        return ", ".join([f"{self.input_size} → {self.hidden_size}", *more])


def check_dropout(name: str, dropout: Any, num_layers: int) -> None:
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float, np.number)) or not 0 <= dropout <= 1:
        raise ArgumentError(f"{name} takes a dropout of 0 to 1, but got {dropout!r}.")
    if dropout and num_layers == 1:
        raise ArgumentError(
            f"{name} has its dropout between its layers, but num_layers is 1: it would do nothing.",
            "Write num_layers=2 or more, or a Dropout layer after this one.",
        )


def checked_states(name: str, hx: Any, names: tuple[str, ...], wanted: tuple[int, ...]) -> list[Any]:
    """The given states as arrays, each of the wanted shape."""
    if len(names) == 1:
        hx = (hx,)
    elif not isinstance(hx, (tuple, list)) or len(hx) != len(names):
        got = f"{len(hx)} of them" if isinstance(hx, (tuple, list)) else f"a {type(hx).__name__}"
        raise ArgumentError(f"{name} takes the states ({', '.join(names)}) in a tuple, but got {got}.")
    found = [as_array(each) for each in hx]
    for state, each in zip(names, found):
        if each.shape != wanted:
            raise ShapeError(f"{name} takes an initial {state} of shape {wanted}, but got {each.shape}.")
    return found


class RNN(Recurrent):
    """h ← tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh) at every step, or relu in place of tanh (Elman, 1990).

    Takes (steps, batch, input_size), (batch, steps, input_size) with `batch_first`, or (steps, input_size); and the
    initial h, (num_layers, batch, hidden_size) whatever `batch_first` is, or None for zeros. Gives the outputs of the
    last layer, (steps, batch, hidden_size), and the last h of every layer. With `bidirectional`, each layer also runs
    backwards: outputs have 2 · hidden_size features, states 2 · num_layers entries. `dropout` acts between the layers
    in training; it draws from `generator`, or from what `tg.seed` sets.

    Sequences of different lengths are padded to the longest, and `lengths` says how long each is, in any order; after
    its end the outputs are 0, and its last h is that of its own last step.

    Initial values are uniform in ±1/√hidden_size; `seed` makes them repeatable. Raises ArgumentError for settings that
    make no sense, ShapeError for inputs and states of other shapes, and for sequences without steps.

    >>> outputs, h = RNN(3, 5)(np.ones((7, 2, 3)))
    >>> outputs.shape, h.shape
    ((7, 2, 5), (1, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = np.float64,
        **more: Any,
    ) -> None:
        check_nonlinearity("RNN", nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype, **more)

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        return rnn_states(x, state, weights, self.nonlinearity)

    def label(self) -> str:
        return super().label() + (", relu" if self.nonlinearity == "relu" else "")


class GRU(Recurrent):
    """The gated recurrent unit of Cho et al. (2014), with r applied after the product, as cuDNN and PyTorch have it.

    r = σ(W_r x + U_r h), z = σ(W_z x + U_z h), n = tanh(W_n x + r · (U_n h)), h ← (1 - z) · n + z · h; biases left out.
    Each weight has the rows of r, z and n, in this order. Everything else is as for `RNN`.

    >>> outputs, h = GRU(3, 5, batch_first=True)(np.ones((2, 7, 3)), lengths=[7, 4])
    >>> outputs.shape, h.shape
    ((2, 7, 5), (1, 2, 5))
    """

    gates = 3

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        return gru_states(x, state, weights)


class LSTM(Recurrent):
    """Long short-term memory: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000).

    i, f, o = σ(W x + U h), g = tanh(W_g x + U_g h), c ← f · c + i · g, h ← o · tanh(c); biases left out. Each weight
    has the rows of i, f, g and o, in this order. The states are a tuple (h, c); everything else is as for `RNN`.

    Raises UnsupportedError for a proj_size.

    >>> outputs, (h, c) = LSTM(3, 5)(np.ones((7, 2, 3)))
    >>> outputs.shape, h.shape, c.shape
    ((7, 2, 5), (1, 2, 5), (1, 2, 5))
    """

    gates = 4
    names = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        dtype: Any = np.float64,
        **more: Any,
    ) -> None:
        if proj_size:
            raise UnsupportedError("LSTM has no projections.", "Leave out proj_size, and put a Linear after the LSTM.")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype, **more)

    def states(self, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, ...]:
        return lstm_states(x, state, weights)
