"""Alignments of a sequence with its frames: one frame of the forward algorithm of `losses.ctc`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import general
from .samples import Case, Rng, normal


def margin(x: Any, value: float) -> Any:
    """Two more states with this value, as an array."""
    return np.full((*x.shape[:-1], 2), value, x.dtype)


def _next_ways(ways: Any, emitted: Any, may_skip: Any) -> Any:
    before = np.concatenate([margin(ways, -np.inf), ways], axis=-1)
    skipped = np.where(may_skip, before[..., :-2], -np.inf)
    return np.logaddexp(np.logaddexp(ways, before[..., 1:-1]), skipped) + emitted


def next_ways_rule(g: Any, ways: Any, emitted: Any, may_skip: Any, y: Any) -> Any:
    """Each state's share in itself and in the two states after it; it has none in a state that no way leads to."""
    more = margin(ways, np.inf)
    total = np.where(np.isfinite(y), y - emitted, np.inf)
    g_after, total_after = np.concatenate([g, margin(g, 0)], axis=-1), np.concatenate([total, more], axis=-1)
    skipped = np.concatenate([np.where(may_skip, total, np.inf), more], axis=-1)
    return (
        g * np.exp(ways - total)
        + g_after[..., 1:-1] * np.exp(ways - total_after[..., 1:-1])
        + g_after[..., 2:] * np.exp(ways - skipped[..., 2:])
    )


def next_ways_cases(rng: Rng) -> Iterator[Case]:
    ways, emitted = normal(rng, (2, 5)), normal(rng, (2, 5))
    yield (ways, emitted, np.array([[0, 0, 0, 1, 0], [0, 0, 1, 0, 1]], bool)), {}


next_ways = general(
    "next_ways",
    _next_ways,
    "ways emitted may_skip",
    (next_ways_rule, lambda g: g, None),
    sample=next_ways_cases,
    symbol="ways",
    real="Logarithms of probabilities are real.",
)
