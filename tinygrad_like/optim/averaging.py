"""Averages of weights over the steps of training: exponential moving averages, and stochastic weight averaging."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.recording import no_grad
from ..engine.shortcuts import shortcut
from ..engine.tensor import Tensor, values_of
from ..nn.finding import is_parameter
from ..nn.layer import Layer, model_of
from ..nn.state import is_buffer, once
from .scheduling import Array, LRScheduler, of_groups
from .settings import fraction, one_of, whole

Average = Callable[[Any, Any, Any], Any]


def moved(averaged: Any, value: Any, n: Any, decay: float | None = None) -> Any:
    """The average with one more value: an exponential moving average, or without `decay` the mean."""
    change = value - averaged
    change *= 1 / (n + 1) if decay is None else 1 - decay
    change += averaged
    return change


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """For AveragedModel: the exponential moving average, decay · average + (1 − decay) · value.

    >>> get_ema_avg_fn(0.75)(4.0, 8.0, 1)
    5.0
    """
    return partial(moved, decay=fraction("decay", decay))


def get_swa_avg_fn() -> Average:
    """For AveragedModel: the mean of all values, average + (value − average) / (n + 1).

    >>> get_swa_avg_fn()(4.0, 8.0, 1)
    6.0
    """
    return moved


class AveragedModel(Layer):
    """A copy of a model, `module`, whose weights are averages of those of the model over its training.

    Call `update_parameters(model)` after the steps that are to count; the first copies the weights. avg_fn(average,
    value, n) gives the new average of a parameter, plain NumPy on arrays; n is the number of values before. The default
    is the mean (stochastic weight averaging: Izmailov et al., 2018), for which `update_bn` computes running statistics
    anew; `get_ema_avg_fn(decay)` gives exponential moving averages. Buffers are copied, or with use_buffers averaged.

    Raises UnsupportedError for multi_avg_fn, ArgumentError for a model with other parameters.

    >>> import tinygrad_like as tg
    >>> model = tg.Linear(1, 1)
    >>> averaged = AveragedModel(model, get_ema_avg_fn(0.5))
    >>> for value in [1.0, 3.0]:
    ...     model.weight.data = value
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item()
    2.0
    """

    def __init__(
        self, model: Any, avg_fn: Average | None = None, multi_avg_fn: Any = None, use_buffers: bool = False
    ) -> None:
        if multi_avg_fn is not None:
            raise UnsupportedError(
                "AveragedModel takes a function for one parameter, no multi_avg_fn.",
                "Write AveragedModel(model, avg_fn=get_ema_avg_fn(0.999)).",
            )
        model = model_of(model)
        if not isinstance(model, Layer):
            raise ArgumentError(f"AveragedModel takes a model, but got a {type(model).__name__}.")
        self.module: Any = copy.deepcopy(model)
        self.module.zero_grad()
        self.n_averaged = Tensor(np.zeros((), np.int64))
        self.avg_fn = get_swa_avg_fn() if avg_fn is None else avg_fn
        self.use_buffers = bool(use_buffers)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        return self.module(*inputs, **options)

    def update_parameters(self, model: Any) -> None:
        """Take the present weights of the model into the averages."""
        pairs = matched(self.module, model_of(model))
        n = values_of(self.n_averaged)
        later = shortcut(n > 0)
        for averaged, value, trained in pairs:
            new = value
            if value.dtype.kind == "f" and (trained or self.use_buffers):
                new = self.avg_fn(values_of(averaged), value, n.astype(value.dtype))
                new = new if later else np.where(n == 0, value, new)
            assign(averaged, new)
        assign(self.n_averaged, n + 1)


def kept(model: Any) -> dict[str, Tensor]:
    """The parameters and buffers of a model by name, each once."""
    return {name: each for name, each in once(model) if is_parameter(each) or is_buffer(each)}


def matched(module: Any, model: Any) -> list[tuple[Tensor, Array, bool]]:
    """(average, value, whether it is a parameter) of each parameter and buffer; an error if they differ."""
    own, given = kept(module), kept(model)
    if {name: each.shape for name, each in own.items()} != {name: each.shape for name, each in given.items()}:
        raise ArgumentError(
            "The model has other parameters or buffers than the one that was averaged so far.",
            "Make a new AveragedModel when layers change.",
        )
    return [(own[name], values_of(each), is_parameter(own[name])) for name, each in given.items()]


def update_bn(loader: Iterable[Any], model: Layer) -> None:
    """Compute the running statistics of batch normalisation anew, as plain means over all batches.

    `loader` gives batches: inputs, or lists and tuples whose first part is the inputs.
    """
    everything = [model, *(each for _, each in model.named_layers())]
    norms: list[Any] = [each for each in everything if getattr(each, "running_mean", None) is not None]
    modes, momenta = [each.training for each in everything], [each.momentum for each in norms]
    for each in norms:
        assign(each.running_mean, 0.0)
        assign(each.running_var, 1.0)
        assign(each.num_batches_tracked, 0)
        each.momentum = None
    try:
        model.train()
        with no_grad():
            for batch in loader if norms else ():
                model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    finally:
        for each, momentum in zip(norms, momenta):
            each.momentum = momentum
        for layer, mode in zip(everything, modes):
            layer.training = mode


class SWALR(LRScheduler):
    """The rate goes from the one at hand to swa_lr in `anneal_epochs` steps, along a cosine or a line, and stays there.

    Make it at the beginning of training, and step it in place of the other schedule once weights are averaged.

    >>> import tinygrad_like as tg
    >>> schedule = SWALR(tg.SGD([tg.Parameter([1.0])], lr=0.5), swa_lr=0.1, anneal_epochs=2)
    >>> schedule.step()
    >>> round(schedule.get_last_lr()[0], 12)
    0.3
    """

    def __init__(
        self,
        optimizer: Any,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        self.swa_lrs = of_groups(optimizer, "swa_lr", swa_lr)
        self.anneal_epochs = whole("anneal_epochs", anneal_epochs)
        self.anneal_strategy = one_of("cos", "linear")("anneal_strategy", anneal_strategy)
        super().__init__(optimizer, last_epoch)

    def part(self, t: Any) -> Any:
        """Which part of the way is made after t steps."""
        part = np.clip(t / max(self.anneal_epochs, 1), 0, 1)
        return (1 - np.cos(math.pi * part)) / 2 if self.anneal_strategy == "cos" else part

    def start(self, lr: Array, base: Array) -> Any:
        return lr if self.anneal_epochs else self.swa_lrs

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        before, now = self.part(t - 1), self.part(t)
        left = np.where(before < 1, (1 - now) / (1 - before), 0.0)
        return self.swa_lrs + (lr - self.swa_lrs) * left
