"""Every derivative rule: one short table per family."""

from . import (
    arithmetic,
    choices,
    constants,
    contraction,
    counting,
    cumulative,
    exponential,
    indexing,
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
    counting,
    cumulative,
    exponential,
    indexing,
    movement,
    neural,
    reductions,
    trigonometric,
)
