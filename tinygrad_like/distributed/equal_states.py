"""Processes made equal: the state of process 0 for all, and the means of buffers."""

from __future__ import annotations

from typing import Any

from ..engine.assigning import assign, writable_value
from ..engine.errors import ArgumentError
from ..nn.layer import Layer, model_of
from ..saving.encoding import Arrays, decoded, encoded
from .exchanging import average
from .gradient_means import parameters_of
from .processes import ProcessError, call, communicator, rank, size


def broadcast(*given: Any) -> None:
    """Give models, optimizers, schedules, generators and parameters the state that they have in process 0.

    Call it once before training, so that all processes start equal. What is given has `load_state_dict`, or is a Tensor
    or a list of Tensors.

    Raises ArgumentError for anything else, and where a state does not fit; ProcessError if other processes do something
    else or give other numbers of things.

    >>> model = Layer()
    >>> broadcast(model)
    """
    takers = [taker_of(each) for each in given]
    if size() == 1:
        return
    arrays: Arrays = {}
    structure = encoded(takers, arrays)
    counts = call("broadcast", len(takers))[:, 0]
    if (counts != len(takers)).any():
        raise ProcessError("The processes give broadcast different numbers of things:", str(counts.astype(int)))
    states = decoded(*communicator().bcast((structure, arrays) if rank() == 0 else None))
    for taker, state in zip(takers, states):
        take(taker, state)


def taker_of(given: Any) -> Any:
    """What takes over a state: an object with load_state_dict, or a list of Tensors."""
    taker = model_of(given)
    return taker if hasattr(taker, "load_state_dict") else parameters_of(taker)


def take(taker: Any, state: Any) -> None:
    """Take over a state, whole or not at all."""
    if hasattr(taker, "load_state_dict"):
        taker.load_state_dict(state)
        return
    if [each.shape for each in taker] != [each.shape for each in state]:
        raise ArgumentError("The parameters have other shapes than those of process 0.")
    for own, each in zip(taker, state):
        writable_value(own, each)
    for own, each in zip(taker, state):
        assign(own, each)


def average_buffers(model: Any, weight: float = 1.0) -> None:
    """Replace the floating-point buffers of a model, such as BatchNorm's running statistics, by their means.

    Call it before the model is evaluated or saved. In training, BatchNorm uses the statistics of each process's own
    part of a batch, so its results are not those of a single process.

    Raises ArgumentError for what is no model.
    """
    given = model_of(model)
    if not isinstance(given, Layer):
        raise ArgumentError(f"average_buffers takes a model, but got a {type(model).__name__}.")
    for buffer in given.buffers():
        if buffer.dtype.kind in "fc":
            values = buffer.numpy().copy()
            average(values, weight)
            assign(buffer, values)
