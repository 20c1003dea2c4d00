"""Every derivative rule: one short table per family."""

from . import (
    arithmetic,
    choices,
    constants,
    contraction,
    exponential,
    indexing,
    movement,
    neural,
    reductions,
    shifting,
    trigonometric,
)

TABLES = (
    arithmetic,
    choices,
    constants,
    contraction,
    exponential,
    indexing,
    movement,
    neural,
    reductions,
    shifting,
    trigonometric,
)
