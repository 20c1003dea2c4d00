"""Recurrent networks as functions: one layer, in one direction, over a sequence; and sequences of different lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.shortcuts import require
from ..engine.tensor import as_array
from ..primitives import contraction, recurrence


def product(x: Any, weight: Any, *biases: Any) -> Any:
    """x @ weightᵀ, plus the biases that are not None."""
    given = [each for each in biases if each is not None]
    return contraction.linear.apply((x, weight, sum(given[1:], given[0])) if given else (x, weight))


def rnn_states(x: Any, state: Any, weights: Any, nonlinearity: str) -> Any:
    """The h after every step: h ← tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh), or relu in place of tanh.

    J. Elman, "Finding Structure in Time", 1990. `x` is (steps, batch, inputs), `state` (h,) of shape (batch, units),
    `weights` are W_ih, W_hh, b_ih, b_hh, the biases arrays or None.
    """
    weight_ih, weight_hh, *biases = weights
    y = recurrence.rnn(product(x, weight_ih, *biases), weight_hh, *state, relu=nonlinearity == "relu")
    return (y[0],)


def gru_states(x: Any, state: Any, weights: Any) -> Any:
    """The h after every step of a GRU; shapes as for `rnn_states`, each weight and bias with parts for r, z and n.

    r = σ(W_r x + U_r h), z = σ(W_z x + U_z h), n = tanh(W_n x + r · (U_n h)), h ← (1 - z) · n + z · h, biases left out:
    K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014, with r after the product.
    """
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    if bias_hh is None:
        bias_hh = np.zeros(len(weight_hh), weight_hh.dtype)
    y = recurrence.gru(product(x, weight_ih, bias_ih), weight_hh, bias_hh, *state)
    return (y[4],)


def lstm_states(x: Any, state: Any, weights: Any) -> Any:
    """The h and c after every step of an LSTM; shapes as for `rnn_states`, each weight with parts for i, f, g and o.

    i, f, o = σ(W x + U h), g = tanh(W_g x + U_g h), c ← f · c + i · g, h ← o · tanh(c), biases left out:
    S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997; with f: F. Gers et al., 2000.
    """
    weight_ih, weight_hh, *biases = weights
    y = recurrence.lstm(product(x, weight_ih, *biases), weight_hh, *state)
    return y[5], y[4]


def checked_lengths(lengths: Any, steps: int, batch: int) -> Any:
    """The lengths of the sequences as integers (batch,), each 1 to `steps`."""
    lengths = as_array(lengths)
    if lengths.shape != (batch,):
        raise ShapeError(f"lengths has one number for each of {batch} sequences, but got shape {lengths.shape}.")
    if lengths.dtype.kind not in "iu":
        raise DTypeError(f"lengths takes integers, but got {lengths.dtype}.")
    if batch:
        text = f"lengths are 1 to {steps}, the number of steps"
        require(
            (np.min(lengths) >= 1) & (np.max(lengths) <= steps),
            lambda: ArgumentError(f"{text}, but got {lengths.tolist()}."),
            f"{text}, but others were given.",
        )
    return lengths


def backwards(x: Any, lengths: Any = None) -> Any:
    """x with its steps, the first axis, in reverse order; with lengths, each sequence within its own."""
    if lengths is None:
        return x[::-1]
    steps = np.arange(len(x))[:, None]
    order = np.where(steps < lengths, lengths - 1 - steps, steps)
    return np.take_along_axis(x, order[:, :, None], axis=0)


def last(states: Any, lengths: Any = None) -> Any:
    """What stood in `states`, (steps, batch, units), after the last step of each sequence."""
    if lengths is None:
        return states[-1]
    return np.take_along_axis(states, (lengths - 1)[None, :, None], axis=0)[0]


def without_padding(outputs: Any, lengths: Any) -> Any:
    """The outputs, with 0 after the end of each sequence."""
    return np.where((np.arange(len(outputs))[:, None] < lengths)[:, :, None], outputs, 0)
