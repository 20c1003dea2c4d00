"""Loss functions as layers, with PyTorch's names: each keeps its options, and passes them to the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor
from ..losses import binary_losses, class_losses, distances, likelihoods, margin_losses, sequence_losses, similarities
from ..losses.loss_reduction import check_reduction
from .layer import Layer

ARRAYS = ("weight", "pos_weight")  # options that are buffers


class LossLayer(Layer):
    """A loss function with fixed options, which are its attributes: `loss = criterion(prediction, target)`.

    The constructor takes the function's options in its order. Options that are arrays (`weight`, `pos_weight`) become
    Tensors. Each subclass names its function: `class MSELoss(LossLayer, of=distances.mse)`.

    Raises ArgumentError for options that the function does not have, and a `reduction` that it does not know.

    >>> CrossEntropyLoss(label_smoothing=0.1)
    CrossEntropyLoss(label_smoothing=0.1)  # 0 parameters
    >>> CrossEntropyLoss()(np.zeros((1, 2)), [1]).round(4).item()
    0.6931
    """

    function: ClassVar[Callable[..., Any]]
    defaults: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, of: Callable[..., Any] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if of is None:
            return
        code, given = of.__code__, of.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(given) : code.co_argcount]
        cls.function = staticmethod(of)
        cls.defaults = {**dict(zip(names, given)), **(of.__kwdefaults__ or {})}
        cls.__doc__ = cls.__doc__ or f"`losses.{of.__name__}` as a layer; its options: {', '.join(cls.defaults)}."

    def __init__(self, *arguments: Any, **options: Any) -> None:
        name = type(self).__name__
        positional = [each for each in self.defaults if each != "axis"]
        if len(arguments) > len(positional):
            raise ArgumentError(f"{name} takes the options {', '.join(self.defaults)}, but got {len(arguments)}.")
        given = dict(zip(positional, arguments))
        for option in options:
            if option not in self.defaults:
                raise ArgumentError(f"{name} has no option {option!r}.", f"It has {', '.join(self.defaults)}.")
            if option in given:
                raise ArgumentError(f"{name} got {option!r} twice.")
        values = self.defaults | given | options
        check_reduction(name, values["reduction"], *(("batchmean",) if name == "KLDivLoss" else ()))
        for option, value in values.items():
            is_array = option in ARRAYS and value is not None and not isinstance(value, Tensor)
            setattr(self, option, Tensor(value) if is_array else value)

    def forward(self, *inputs: Any) -> Any:
        """The loss of a prediction and a target (or what else the function takes)."""
        return self.function(*inputs, **{name: getattr(self, name) for name in self.defaults})

    def label(self) -> str:
        """The options that are not the defaults."""
        found = ((name, getattr(self, name), default) for name, default in self.defaults.items())
        return ", ".join(
            f"{name}: {value.shape}" if isinstance(value, Tensor) else f"{name}={value}"
            for name, value, default in found
            if isinstance(value, (Tensor, np.ndarray)) or value != default
        )


class L1Loss(LossLayer, of=distances.l1): ...


class MSELoss(LossLayer, of=distances.mse): ...


class SmoothL1Loss(LossLayer, of=distances.smooth_l1): ...


class HuberLoss(LossLayer, of=distances.huber): ...


class CrossEntropyLoss(LossLayer, of=class_losses.cross_entropy): ...


class NLLLoss(LossLayer, of=class_losses.nll): ...


class BCELoss(LossLayer, of=binary_losses.binary_cross_entropy): ...


class BCEWithLogitsLoss(LossLayer, of=binary_losses.binary_cross_entropy_with_logits): ...


class KLDivLoss(LossLayer, of=likelihoods.kl_div): ...


class HingeEmbeddingLoss(LossLayer, of=margin_losses.hinge_embedding): ...


class MarginRankingLoss(LossLayer, of=margin_losses.margin_ranking): ...


class MultiMarginLoss(LossLayer, of=margin_losses.multi_margin): ...


class MultiLabelMarginLoss(LossLayer, of=margin_losses.multilabel_margin): ...


class SoftMarginLoss(LossLayer, of=binary_losses.soft_margin): ...


class MultiLabelSoftMarginLoss(LossLayer, of=binary_losses.multilabel_soft_margin): ...


class TripletMarginLoss(LossLayer, of=similarities.triplet_margin): ...


class CosineEmbeddingLoss(LossLayer, of=similarities.cosine_embedding): ...


class GaussianNLLLoss(LossLayer, of=likelihoods.gaussian_nll): ...


class PoissonNLLLoss(LossLayer, of=likelihoods.poisson_nll): ...


class CTCLoss(LossLayer, of=sequence_losses.ctc): ...
