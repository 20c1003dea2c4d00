"""Every derivative rule: one short table per family."""

from . import (
    arithmetic,
    bessel,
    choices,
    constants,
    contraction,
    exponential,
    indexing,
    movement,
    neural,
    reductions,
    trigonometric,
)

# fmt: off
TABLES = (
    arithmetic, bessel, choices, constants, contraction, exponential, indexing, movement, neural, reductions,
    trigonometric,
)
# fmt: on
