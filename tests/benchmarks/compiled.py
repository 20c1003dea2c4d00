"""What the benchmarks of compiled steps share: our contenders, jitted JAX, and ratios between any two."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from . import timing
from .report import Row, against
from .timing import OURS, Contender

HAND, TORCH, JAX = "hand-written NumPy", "PyTorch", "JAX, jitted"
SOURCE, C = "compiled, NumPy source", "compiled, C"
BACKENDS = {SOURCE: "numpy", C: "c"}


def has_c_compiler() -> bool:
    found = any(shutil.which(name) for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name)
    return found or find_spec("ziglang") is not None


def refusal(name: str) -> str:
    """Why this compiled contender cannot take part; "" if it can."""
    import tinygrad_like as tg

    if not hasattr(tg, "compile"):
        return "tinygrad_like has no `compile`"
    return "there is no C compiler" if name == C and not has_c_compiler() else ""


def prepared(name: str) -> Callable[..., Any]:
    """What turns our step into the compiled one of that name."""
    import tinygrad_like as tg

    return partial(tg.compile, backend=BACKENDS[name])


def build(
    others: Mapping[str, tuple[str, Callable[[], Contender]]],
    ours: Callable[[Callable[..., Any]], Contender],
    names: tuple[str, ...] = (SOURCE, C),
) -> tuple[dict[str, Contender], list[str]]:
    """The others and ours, eager and compiled, as far as they can take part, and a line for each that cannot."""
    contenders, skipped = timing.build({**others, OURS: (OURS, partial(ours, timing.as_written))})
    for name in names:
        if why := refusal(name):
            skipped.append(f"{name}: {why}: skipped.")
        else:
            contenders[name] = ours(prepared(name))
    return contenders, skipped


@dataclass
class Pair:
    """Two contenders to compare, and the most that the first may take of the second's time."""

    name: str
    reference: str
    most: float | None = None


def ratio_row(pair: Pair, values: Mapping[str, list[float]]) -> Row:
    ratio, text = timing.compare(values[pair.name], values[pair.reference])
    row = Row(f"{pair.name} ÷ {pair.reference}", "", text)
    if pair.most is not None:
        row.target, row.met = against(ratio, pair.most)
    return row


def rows(
    seconds: dict[str, list[float]], pairs: list[Pair], text: Callable[[list[float]], str] = timing.microseconds
) -> list[Row]:
    """A row for the time of each contender, and one for each pair of which both took part."""
    table = [Row(name, text(values)) for name, values in seconds.items()]
    return table + [ratio_row(p, seconds) for p in pairs if p.name in seconds and p.reference in seconds]


def headed(what: str, table: list[Row]) -> list[Row]:
    """The same rows, which say what was measured: for tables that have several parts."""
    for row in table:
        row.what = f"{what}: {row.what}"
    return table


def of_values(function: Callable[[], Any]) -> Contender:
    """A contender that computes values, and learns nothing."""
    return Contender(function, lambda: [np.asarray(value) for value in function()])


def check_values(contenders: dict[str, Contender], tolerance: float) -> None:
    """All must compute the same values as the first, in the same dtype."""
    first, *others = contenders
    want = contenders[first].weights()
    for name in others:
        for a, b in zip(contenders[name].weights(), want, strict=True):
            assert a.dtype == b.dtype, f"{name} gives {a.dtype}, not {b.dtype}."
            scale = float(np.abs(b).max())
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=f"values of {name}")


def jitted(
    weights: list[np.ndarray],
    loss_of: Callable[..., Any],
    optimizer: tuple[Callable[[Any], Any], Callable[[Any, Any], Any]],
    samples: Iterator[tuple[Any, ...]],
) -> Contender:
    """JAX's step: compiled as a whole, from a state that is donated, so that its memory is used again.

    `optimizer` makes the state of the weights (a tuple, the weights first), and the next one of a state and gradients.
    """
    import jax

    begin, descend = optimizer

    @partial(jax.jit, donate_argnums=0)
    def advance(state, *sample):
        loss, gradients = jax.value_and_grad(loss_of)(state[0], *sample)
        return descend(state, gradients), loss

    # Copies: JAX may use the memory of the arrays that it is given.
    state = begin([jax.numpy.array(w, copy=True) for w in weights])

    def step():
        nonlocal state
        state, loss = advance(state, *next(samples))
        return loss.block_until_ready()

    return Contender(step, lambda: state[0])


def sgd(lr: float) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    """Plain gradient descent, for `jitted`."""

    def descend(state, gradients):
        return ([w - lr * g for w, g in zip(state[0], gradients)],)

    return lambda weights: (weights,), descend
