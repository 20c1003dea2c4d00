"""Every derivative rule: one short table per family."""

from . import (
    arithmetic,
    choices,
    constants,
    contraction,
    exponential,
    indexing,
    linear_algebra,
    movement,
    neural,
    reductions,
    trigonometric,
)

TABLES = (
    arithmetic,
    choices,
    constants,
    contraction,
    exponential,
    indexing,
    linear_algebra,
    movement,
    neural,
    reductions,
    trigonometric,
)
