"""Random numbers on JAX's device: the same as NumPy's.

NumPy's Philox makes blocks of four 64-bit integers, each a function of a key and a counter (Salmon et al., "Parallel
Random Numbers: As Easy as 1, 2, 3", 2011). So all blocks of a draw can be computed at once.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...random import drawn_by
from .jax_functions import Call
from .jax_loading import jax

MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
STEPS = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B  # of the key, from round to round
ROUNDS = 10
LOW = 0xFFFFFFFF


def random(call: Call) -> Any:
    """`Generator.random(size, dtype)`: 53 bits of each integer, or 24 of each half of one."""
    made = call.instruction.results[0]
    if made.dtype == np.float32:
        count = -(-prod(made.shape) // 2)
        whole = integers(call.args[0], count)
        halves = jax().numpy.stack([whole & LOW, whole >> 32], axis=-1).reshape(-1)[: made.size]
        return ((halves >> 8).astype(np.float32) * np.float32(2**-24)).reshape(made.shape)
    return doubles(call)


def doubles(call: Call) -> Any:
    """Numbers from 0 up to 1, of the shape of the result."""
    made = call.instruction.results[0]
    return ((integers(call.args[0], made.size) >> 11).astype(np.float64) * 2.0**-53).reshape(made.shape)


def uniform(call: Call) -> Any:
    """`Generator.uniform(low, high, size)`."""
    low, high = call.option("low", 1, 0.0), call.option("high", 2, 1.0)
    return low + (high - low) * doubles(call)


def integers(state: Any, count: int) -> Any:
    """The first integers of the draw whose key and number are the state."""
    numpy = jax().numpy
    state = numpy.asarray(state)
    blocks = numpy.arange(1, -(-count // 4) + 1, dtype=np.uint64)
    nothing = numpy.zeros_like(blocks)
    words, keys = [blocks, nothing + state[2], nothing, nothing], [state[0], state[1]]
    for _ in range(ROUNDS):
        high, low = zip(*(product(m, word) for m, word in zip(MULTIPLIERS, words[::2])))
        words = [high[1] ^ words[1] ^ keys[0], low[1], high[0] ^ words[3] ^ keys[1], low[0]]
        keys = [key + np.uint64(step) for key, step in zip(keys, STEPS)]
    return numpy.stack(words, axis=-1).reshape(-1)[:count]


def product(factor: int, word: Any) -> tuple[Any, Any]:
    """The upper and the lower 64 bits of a product, by halves."""
    upper, lower = np.uint64(factor >> 32), np.uint64(factor & LOW)
    first = lower * (word & LOW)
    second = upper * (word & LOW) + (first >> 32)
    third = lower * (word >> 32) + (second & LOW)
    return upper * (word >> 32) + (second >> 32) + (third >> 32), np.uint64(factor) * word


DRAWS: dict[Any, Callable[[Call], Any]] = {drawn_by("random"): random, drawn_by("uniform"): uniform}
