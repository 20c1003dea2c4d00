"""Recurrences over a whole sequence: the states of an RNN, a GRU and an LSTM, one record each.

`x` is the product of the inputs and their weight, which is computed before for all steps at once: (steps, batch,
gates · units). The states are one array, (planes, steps, batch, units), whose last plane is h. The gates are planes of
it, so that the rules need not compute them again. The rules are loops backwards over the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine.registry import general
from ..engine.shortcuts import shortcut
from ..engine.traces import empty
from .neural import _sigmoid
from .samples import Case, Rng, normal


def weight_part(g: Any, h0: Any, h: Any) -> Any:
    """gᵀ @ the h before it, summed over all steps."""
    return g[0].T @ h0 + np.tensordot(g[1:], h[:-1], axes=((0, 1), (0, 1)))


def is_zero(g: Any) -> bool:
    return shortcut(~np.any(g))


def _rnn(x: Any, weight: Any, h: Any, *, relu: bool = False) -> Any:
    y = empty((1, *x.shape), np.result_type(x, weight, h))
    for t in range(len(x)):
        total = x[t] + h @ weight.T
        h = y[0, t] = np.maximum(total, 0) if relu else np.tanh(total)
    return y


def rnn_rule(g: Any, arrays: Any, y: Any, *, relu: bool) -> Any:
    _, weight, h0 = arrays
    past, steps = np.zeros_like(h0), []
    for t in reversed(range(y.shape[1])):
        h = y[0, t]
        steps.append((g[0, t] + past) * ((h > 0) if relu else 1 - h * h))
        past = steps[-1] @ weight
    totals = np.stack(steps[::-1])
    return [totals, weight_part(totals, h0, y[0]), past]


def _gru(x: Any, weight: Any, bias: Any, h: Any) -> Any:
    units = h.shape[-1]
    y = empty((5, len(x), *h.shape), np.result_type(x, weight, bias, h))
    for t in range(len(x)):
        recurrent = h @ weight.T + bias
        both = _sigmoid(x[t, :, : 2 * units] + recurrent[:, : 2 * units])
        r, z, n = y[:3, t]
        r[...], z[...] = both[:, :units], both[:, units:]
        q = y[3, t] = recurrent[:, 2 * units :]
        np.tanh(x[t, :, 2 * units :] + r * q, out=n)
        h = y[4, t] = n + z * (h - n)
    return y


def gru_rule(g: Any, arrays: Any, y: Any) -> Any:
    _, weight, _, h0 = arrays
    past, inputs, recurrents = np.zeros_like(h0), [], []
    given = not is_zero(g[:4])
    for t in reversed(range(y.shape[1])):
        r, z, n, q, _ = y[:, t]
        before = y[4, t - 1] if t else h0
        dh = g[4, t] + past
        dn, dz = dh * (1 - z), dh * (before - n)
        if given:
            dn, dz = dn + g[2, t], dz + g[1, t]
        dn = dn * (1 - n * n)
        dr, dq = dn * q, dn * r
        if given:
            dr, dq = dr + g[0, t], dq + g[3, t]
        dr, dz, past = dr * r * (1 - r), dz * z * (1 - z), dh * z
        inputs.append(np.concatenate([dr, dz, dn], axis=-1))
        recurrents.append(np.concatenate([dr, dz, dq], axis=-1))
        past = past + recurrents[-1] @ weight
    totals = np.stack(recurrents[::-1])
    return [np.stack(inputs[::-1]), weight_part(totals, h0, y[4]), totals.sum(axis=(0, 1)), past]


def _lstm(x: Any, weight: Any, h: Any, c: Any) -> Any:
    batch, units = h.shape
    y = empty((6, len(x), batch, units), np.result_type(x, weight, h, c))
    for t in range(len(x)):
        total = x[t] + h @ weight.T
        parts = total.reshape(batch, 4, units).swapaxes(0, 1)
        i, f, j, o = gates = y[:4, t]
        gates[...] = _sigmoid(total).reshape(batch, 4, units).swapaxes(0, 1)
        np.tanh(parts[2], out=j)
        c = y[4, t] = f * c + i * j
        h = np.multiply(o, np.tanh(c), out=y[5, t])
    return y


def lstm_rule(g: Any, arrays: Any, y: Any) -> Any:
    _, weight, h0, c0 = arrays
    past, past_c, steps = np.zeros_like(h0), np.zeros_like(c0), []
    given = not is_zero(g[:4])
    for t in reversed(range(y.shape[1])):
        i, f, j, o, c, _ = y[:, t]
        before = y[4, t - 1] if t else c0
        squashed = np.tanh(c)
        dh = g[5, t] + past
        dc = g[4, t] + past_c + dh * o * (1 - squashed * squashed)
        of_gates = [dc * j, dc * before, dc * i, dh * squashed]
        if given:
            of_gates = [own + other for own, other in zip(g[:4, t], of_gates)]
        di, df, dj, do = of_gates
        total = np.concatenate([di * i * (1 - i), df * f * (1 - f), dj * (1 - j * j), do * o * (1 - o)], axis=-1)
        past, past_c = total @ weight, dc * f
        steps.append(total)
    totals = np.stack(steps[::-1])
    return [totals, weight_part(totals, h0, y[5]), past, past_c]


def states(gates: int, *others: str, **options: Any) -> Callable[[Rng], Iterator[Case]]:
    """Cases of few steps; the smallest comes first, since most errors show there."""

    def cases(rng: Rng) -> Iterator[Case]:
        for steps, batch, units in ((1, 1, 1), (2, 2, 2)):
            shapes = {"bias": (gates * units,), "state": (batch, units)}
            known = (steps, batch, gates * units), (gates * units, units)
            yield tuple(normal(rng, shape) / 2 for shape in (*known, *(shapes[name] for name in others))), options

    return cases


def rnn_cases(rng: Rng) -> Iterator[Case]:
    yield from states(1, "state", relu=False)(rng)
    yield from states(1, "state", relu=True)(rng)


def multiply_adds(y: Any, x: Any, weight: Any, *others: Any) -> int:
    return int(x.size * weight.shape[1])


OF_REAL = "Write the steps of complex numbers with np.tanh and tg.sigmoid."

rnn = general(
    "rnn",
    _rnn,
    "*arrays",
    rnn_rule,
    sample=rnn_cases,
    symbol="rnn",
    multiply_adds=multiply_adds,
    real=OF_REAL,
)
gru = general(
    "gru",
    _gru,
    "*arrays",
    gru_rule,
    sample=states(3, "bias", "state"),
    symbol="gru",
    real=OF_REAL,
    multiply_adds=multiply_adds,
)
lstm = general(
    "lstm",
    _lstm,
    "*arrays",
    lstm_rule,
    sample=states(4, "state", "state"),
    symbol="lstm",
    real=OF_REAL,
    multiply_adds=multiply_adds,
)
