"""Every derivative rule: one short table per family."""

from . import (
    arithmetic,
    bessel,
    choices,
    constants,
    contraction,
    counting,
    cumulative,
    exponential,
    gathering,
    indexing,
    linear_algebra,
    movement,
    neural,
    reductions,
    shifting,
    trigonometric,
)

TABLES = (
    arithmetic,
    bessel,
    choices,
    constants,
    contraction,
    counting,
    cumulative,
    exponential,
    gathering,
    indexing,
    linear_algebra,
    movement,
    neural,
    reductions,
    shifting,
    trigonometric,
)
