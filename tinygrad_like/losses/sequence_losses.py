"""Losses of sequences that are not aligned with their targets: ctc."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.shortcuts import require, shortcut
from ..engine.tensor import values_of
from ..primitives.alignments import next_ways
from ..primitives.integers import as_floats
from .loss_inputs import check_between, check_classes, operand
from .loss_reduction import check_reduction, reduced


@block("loss")
def ctc(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """-log of the probability of all alignments of a target with its frames: Graves et al. (2006).

    An alignment has a class for each frame; without repeats, and then without blanks, it is the target. `log_probs` are
    log-probabilities (frames, batch, classes), or (frames, classes) of one sequence. `targets` are classes (batch,
    longest), of which only the first target_lengths count, or all of them one after the other in one dimension.
    `input_lengths` and `target_lengths` are integers (batch,). `blank` is the class of no symbol.

    "mean" divides each loss by its target's length (at least 1), and takes the mean over the batch; "sum" and "none",
    which gives (batch,), do not. Where no alignment is possible, the loss is inf, or with `zero_infinity` 0, and its
    gradient is 0. The gradient is that of `log_probs` as such; PyTorch's equals it only after a log_softmax.

    Raises ShapeError if the shapes do not fit, DTypeError for targets and lengths that are not integers, ArgumentError
    for classes and lengths that do not exist, and another reduction.

    >>> frames = np.log(np.full((3, 1, 2), 0.5))
    >>> np.exp(-ctc(frames, [[1]], [3], [1])).item()  # 6 of 8 alignments
    0.75
    """
    check_reduction("ctc", reduction)
    log_probs, targets = operand(log_probs), operand(targets)
    (log_probs,) = as_floats(log_probs)
    alone = log_probs.ndim == 2
    if alone:
        log_probs = log_probs[:, None]
    if log_probs.ndim != 3:
        raise ShapeError(f"ctc takes log_probs (frames, batch, classes), but got {log_probs.shape}.")
    frames, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ArgumentError(f"ctc takes blank 0 to {classes - 1}, but got {blank!r}.")
    input_lengths = lengths_of("input_lengths", input_lengths, batch, frames)
    target_lengths = lengths_of("target_lengths", target_lengths, batch, targets.shape[-1] if targets.ndim else 0)
    labels = labels_of(targets, target_lengths, batch, classes, blank)
    losses = -log_likelihood(log_probs, labels, input_lengths, target_lengths, blank)
    losses = np.where(np.isposinf(losses), 0 if zero_infinity else np.inf, losses)
    if reduction == "mean":
        losses = losses / np.maximum(target_lengths, 1).astype(losses.dtype)
    return reduced("ctc", losses[0] if alone else losses, reduction)


def lengths_of(option: str, lengths: Any, batch: int, longest: int) -> Any:
    """The lengths, one for each sequence of the batch."""
    lengths = operand(lengths)
    if lengths.dtype.kind not in "iu":
        raise DTypeError(f"ctc takes integers as {option}, but got {lengths.dtype}.")
    if lengths.shape != (batch,) and not (lengths.shape == () and batch == 1):
        raise ShapeError(f"ctc takes {option} ({batch},), one for each sequence, but got {lengths.shape}.")
    check_between("ctc", option, lengths, 0, longest, "No sequence is longer than its array.")
    return lengths.reshape(batch).astype(np.intp)


def labels_of(targets: Any, lengths: Any, batch: int, classes: int, blank: int) -> Any:
    """The targets as (batch, longest), with blanks after the end of each."""
    if targets.dtype.kind not in "iu":
        raise DTypeError(f"ctc takes integer targets, but got {targets.dtype}.")
    if targets.ndim == 1:
        targets = split(targets, lengths)
    if targets.ndim != 2 or len(targets) != batch:
        raise ShapeError(f"ctc takes targets ({batch}, longest) or in one dimension, but got {targets.shape}.")
    inside = np.arange(targets.shape[1]) < lengths[:, None]
    labels = np.where(inside, targets, blank)
    check_classes("ctc", labels, classes)
    text = f"ctc takes targets without the blank, {blank}."
    none = ~np.any(inside & (labels == blank))
    require(none, lambda: ArgumentError(text, "Give the blank's class as `blank`."), text)
    return labels


def split(targets: Any, lengths: Any) -> Any:
    """Targets one after the other, as rows: as long as the longest, or in a trace as all of them."""
    ends = np.cumsum(lengths)
    total, longest = targets.shape[0], targets.shape[0]
    if len(lengths):
        text = f"ctc takes targets as long as target_lengths sum to, but got {total}."
        require(ends[-1] == total, lambda: ShapeError(text), text)
    if len(lengths) and shortcut((top := np.max(values_of(lengths))) >= 0):
        longest = int(top)
    if not longest:
        return np.zeros((len(lengths), 0), targets.dtype)
    places = (ends - lengths)[:, None] + np.arange(longest)
    return np.take(targets, np.minimum(places, total - 1))


def log_likelihood(log_probs: Any, labels: Any, input_lengths: Any, target_lengths: Any, blank: int) -> Any:
    """The forward algorithm: for each prefix of the target, blanks between, the log-probability of all ways to it."""
    frames, batch, _ = log_probs.shape
    blanks = np.full(labels.shape, blank)
    states = np.stack([blanks, labels], axis=-1).reshape(batch, -1)
    states = np.concatenate([states, np.full((batch, 1), blank)], axis=1)
    emitted = np.take_along_axis(log_probs, states[None], -1)
    # Of two equal symbols the blank between must not be left out, nor a symbol between blanks.
    may_skip = np.concatenate([np.zeros((batch, 2), bool), (states[:, 2:] != states[:, :-2])], axis=1)
    start = np.where(np.arange(states.shape[1]) == 0, 0, np.full(states.shape, -np.inf, log_probs.dtype))
    all_full = shortcut(np.all(values_of(input_lengths) == frames))
    if not all_full:  # what stands after the end may be nan
        emitted = np.where((np.arange(frames)[:, None] < input_lengths)[..., None], emitted, 0)
    after = [start]
    for t in range(frames):
        after.append(next_ways.apply((after[-1], emitted[t], may_skip)))
    ways = after[-1] if all_full else np.take_along_axis(np.stack(after), input_lengths[None, :, None], 0)[0]
    last = 2 * target_lengths[:, None]
    ends = np.take_along_axis(ways, last, 1)
    before_ends = np.take_along_axis(ways, np.maximum(last - 1, 0), 1)
    return np.logaddexp(ends, np.where(last > 0, before_ends, -np.inf))[:, 0]
