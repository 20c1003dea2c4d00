"""Every layer, with inputs that it takes. What holds for all of them is tested in test_every_layer.py.

A new layer is entered here: a test fails as long as one is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_like import Tensor, losses, nn, optim
from tinygrad_like.random import Generator

# These have no forward().
NOT_CALLED = {"Layer": "a base", "TransformerLayer": "a base", "ModuleList": "a list", "ModuleDict": "a dict"}


@dataclass(frozen=True)
class Entry:
    """A layer, in its `name` the class first; the shapes of its inputs, or functions of a generator that make them.

    `held` are the places of inputs that are data, such as targets of ±1, and not differentiated. `unchecked` says why
    derivatives are not checked; with `evaluated`, they are checked in evaluation, not in training.
    """

    name: str
    make: Callable[[], Any]
    inputs: tuple[Any, ...]
    held: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    unchecked: str = ""
    evaluated: bool = False

    @property
    def kind(self) -> str:
        return self.name.partition(",")[0]

    def layer(self) -> Any:
        """A new layer, whose parameters are neither 0 nor 1."""
        made = self.make()
        rng = np.random.default_rng(2)
        for each in made.parameters():
            each.data = rng.normal(size=each.shape) * 0.5 + 0.1
        return made

    def arrays(self, seed: int = 0) -> list[Any]:
        rng = np.random.default_rng(seed)
        return [each(rng) if callable(each) else rng.normal(size=each) for each in self.inputs]

    def tensors(self, seed: int = 0, dtype: Any = np.float64) -> list[Any]:
        """The inputs; those that are differentiated as Tensors that require a gradient."""
        arrays = [x.astype(dtype) if is_float(x) else x for x in self.arrays(seed)]
        return [Tensor(x, requires_grad=True) if i in self.free else x for i, x in enumerate(arrays)]

    @cached_property
    def free(self) -> list[int]:
        """The places of the inputs that are differentiated."""
        return [i for i, x in enumerate(self.arrays()) if is_float(x) and i not in self.held]


def is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def below(count: int, *shape: int) -> Callable[[Any], Any]:
    return lambda rng: rng.integers(0, count, shape)


def unit(*shape: int) -> Callable[[Any], Any]:
    return lambda rng: rng.uniform(0.1, 0.9, shape)


def signs(*shape: int) -> Callable[[Any], Any]:
    return lambda rng: rng.choice([-1.0, 1.0], shape)


def log_unit(*shape: int) -> Callable[[Any], Any]:
    return lambda rng: np.log(rng.uniform(0.1, 0.9, shape))


def mask(*shape: int) -> Callable[[Any], Any]:
    return lambda rng: rng.random(shape) < 0.3


def none(rng: Any) -> None:
    """An argument that is left out."""


def fixed(*values: Any) -> Callable[[Any], Any]:
    return lambda rng: np.array(values)


def entry(name: str, *inputs: Any, arguments: tuple[Any, ...] = (), **settings: Any) -> Entry:
    """The layer of this name, made with these arguments; what follows a comma in the name says what is special."""
    kept = {key: settings.pop(key) for key in ("held", "options", "unchecked", "evaluated") if key in settings}
    kind = getattr(nn, name.partition(",")[0])
    return Entry(name, lambda: kind(*arguments, **settings), inputs, **kept)


def activations() -> Any:
    for kind in (
        *(nn.Sigmoid, nn.Tanh, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Mish, nn.Hardsigmoid, nn.Hardswish, nn.Softsign),
        *(nn.Tanhshrink, nn.LogSigmoid, nn.ELU, nn.CELU, nn.GELU, nn.LeakyReLU, nn.Softplus, nn.Softshrink, nn.PReLU),
        *(nn.Hardshrink, nn.Hardtanh, nn.Softmin, nn.Softmax, nn.LogSoftmax, nn.RReLU),
    ):
        yield entry(kind.__name__, (2, 3))
    yield entry("Activation", (2, 3), arguments=(np.sin,))
    yield entry("GELU, tanh", (2, 3), approximate="tanh")
    yield entry("Softplus, steep", (2, 3), beta=3.0, threshold=1.0, unchecked="it jumps at the threshold")
    yield entry("Threshold", (2, 3), arguments=(0.1, 0.5))
    yield entry("GLU", (2, 4))
    yield entry("Softmax2d", (1, 2, 2, 1))
    yield entry("Softmax, first axis", (2, 3), dim=0)
    yield entry("PReLU, channels", (2, 3), arguments=(3,))
    yield Entry("RReLU, own generator", lambda: nn.RReLU(generator=Generator(1)), ((2, 3),))


def dropouts() -> Any:
    shapes = {"Dropout": (3, 4), "Dropout1d": (2, 3, 2), "Dropout2d": (2, 3, 1, 2), "Dropout3d": (2, 3, 1, 1, 2)}
    shapes |= {"AlphaDropout": (3, 4), "FeatureAlphaDropout": (2, 3, 2)}
    for name, shape in shapes.items():
        yield entry(name, shape)
    yield Entry("Dropout, own generator", lambda: nn.Dropout(0.3, generator=Generator(1)), ((3, 4),))


def linear() -> Any:
    yield entry("Linear", (4, 2), arguments=(2, 3))
    yield entry("Linear, no bias", (4, 2), arguments=(2, 3, False))
    yield entry("Bilinear", (4, 2), (4, 3), arguments=(2, 3, 2))
    yield entry("CosineSimilarity", (2, 3), (2, 3))
    yield entry("PairwiseDistance", (2, 3), (2, 3))
    yield entry("Embedding", below(4, 2, 3), arguments=(4, 2))
    yield entry("Embedding, padding", below(4, 2, 3), arguments=(4, 2, 1), unchecked="its padding has no gradient")
    for mode in ("sum", "mean", "max"):
        yield entry(f"EmbeddingBag, {mode}", below(4, 2, 3), arguments=(4, 2), mode=mode, padding_idx=1)
    yield entry("EmbeddingBag, offsets", below(4, 5), fixed(0, 2, 2), arguments=(4, 2))
    yield entry("EmbeddingBag, weights", below(4, 5), fixed(0, 2, 2), (5,), arguments=(4, 2), mode="sum")


def convolutions() -> Any:
    for n in (1, 2, 3):
        space = (3,) * n
        yield entry(f"Conv{n}d", (2, 2, *space), arguments=(2, 2, 2))
        yield entry(f"ConvTranspose{n}d", (2, 2, *space[:-1], 2), arguments=(2, 2, 2))
    yield entry("Conv2d, settings", (2, 2, 5, 4), arguments=(2, 4, 2, (2, 1), 1, 2, 2, False))
    yield entry("Conv1d, same", (2, 2, 5), arguments=(2, 2, 3), padding="same")
    for mode in ("reflect", "replicate", "circular"):
        yield entry(f"Conv1d, {mode}", (2, 1, 4), arguments=(1, 2, 3), padding=1, padding_mode=mode)
    yield entry("ConvTranspose2d, settings", (1, 2, 2, 3), arguments=(2, 4, 2, 2, 1, 1, 2, False, 2))


def pools() -> Any:
    for n in (1, 2, 3):
        shape = (1, 2, *(4, 2, 2)[:n])
        for kind in ("MaxPool", "AvgPool"):
            yield entry(f"{kind}{n}d", shape, arguments=(2,))
        yield entry(f"LPPool{n}d", shape, arguments=(2, 2))
        yield entry(f"AdaptiveAvgPool{n}d", shape, arguments=(1 if n > 1 else 3,))
        yield entry(f"AdaptiveMaxPool{n}d", shape, arguments=(1 if n > 1 else 3,))
    yield entry("MaxPool2d, settings", (1, 5, 4), arguments=(2, 1, 1, 2, True, True))
    yield entry("AvgPool2d, settings", (1, 5, 4), arguments=(2, 3, 1, True, False))
    yield entry("AvgPool2d, divisor", (1, 4, 4), arguments=(3, 1), divisor_override=2)
    yield entry("AdaptiveMaxPool1d, indices", (1, 2, 5), arguments=(3, True))


def shapes() -> Any:
    for n in (1, 2, 3):
        shape = (1, 2, *(3, 2, 2)[:n])
        yield entry(f"ConstantPad{n}d", shape, arguments=(1, 0.5))
        for kind in ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"):
            yield entry(f"{kind}{n}d", shape, arguments=(1,))
    yield entry("Flatten", (2, 3, 2))
    yield entry("Unflatten", (2, 6), arguments=(1, (3, 2)))
    yield entry("PixelShuffle", (1, 4, 2, 1), arguments=(2,))
    yield entry("PixelUnshuffle", (1, 1, 4, 2), arguments=(2,))
    yield entry("ChannelShuffle", (1, 4, 2), arguments=(2,))
    for mode, n in {"nearest": 1, "linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3, "nearest-exact": 2}.items():
        yield entry(f"Upsample, {mode}", (1, 1, *(3, 2, 2)[:n]), scale_factor=2, mode=mode)
    yield entry("Upsample, size", (1, 1, 3, 2), size=(5, 1), mode="bilinear", align_corners=True)
    yield entry("Unfold", (1, 2, 3, 3), arguments=(2,))
    yield entry("Fold", (1, 8, 4), arguments=(3, 2))


def norms() -> Any:
    for n in (1, 2, 3):
        shape = (3, 2, *(2, 2, 1)[:n])
        for kind in ("BatchNorm", "InstanceNorm"):
            yield entry(f"{kind}{n}d", shape, arguments=(2,))
    yield entry("BatchNorm1d, no space", (4, 2), arguments=(2,))
    yield entry("BatchNorm1d, momentum=None", (4, 2), arguments=(2,), momentum=None)
    yield entry("BatchNorm1d, no statistics", (4, 2), arguments=(2,), track_running_stats=False)
    yield entry("BatchNorm1d, no affine", (4, 2), arguments=(2,), affine=False)
    yield entry("BatchNorm1d, evaluation", (4, 2), arguments=(2,), evaluated=True)
    yield entry("InstanceNorm1d, statistics", (2, 2, 3), arguments=(2,), affine=True, track_running_stats=True)
    yield entry("GroupNorm", (2, 4, 2), arguments=(2, 4))
    yield entry("LayerNorm", (2, 3), arguments=(3,))
    yield entry("LayerNorm, two axes, no bias", (2, 3, 2), arguments=((3, 2),), bias=False)
    yield entry("RMSNorm", (2, 3), arguments=(3,))
    yield entry("LocalResponseNorm", (1, 4, 2), arguments=(2,), alpha=0.5)


def recurrent() -> Any:
    for kind in ("RNN", "GRU", "LSTM"):
        yield entry(kind, (2, 1, 2), arguments=(2, 2))
        deep = {"num_layers": 2, "dropout": 0.5, "bidirectional": True, "batch_first": True}
        yield entry(f"{kind}, deep", (2, 3, 2), arguments=(2, 1), **deep, options={"lengths": [3, 2]})
        yield entry(f"{kind}Cell", (2, 2), arguments=(2, 2))
    yield entry("RNN, relu", (2, 1, 2), arguments=(2, 2), nonlinearity="relu", bias=False)
    yield Entry("RNN, own generator", lambda: nn.RNN(2, 2, 2, dropout=0.5, generator=Generator(1)), ((2, 1, 2),))
    yield entry("GRU, state", (2, 1, 2), (1, 1, 2), arguments=(2, 2))


def attention() -> Any:
    x, memory = (3, 1, 2), (2, 1, 2)
    yield entry("MultiheadAttention", x, memory, memory, arguments=(2, 2))
    yield entry("MultiheadAttention, masks", x, memory, memory, mask(1, 2), none, mask(3, 2), arguments=(2, 1, 0.5))
    wide = {"kdim": 3, "vdim": 1, "add_bias_kv": True, "add_zero_attn": True, "batch_first": True, "bias": False}
    yield entry("MultiheadAttention, settings", (1, 2, 2), (1, 2, 3), (1, 2, 1), arguments=(2, 1), **wide)
    yield entry("TransformerEncoderLayer", x, arguments=(2, 1, 3))
    yield entry("TransformerEncoderLayer, masks", x, mask(3, 3), mask(1, 3), arguments=(2, 1, 3), norm_first=True)
    yield entry("TransformerDecoderLayer", x, memory, arguments=(2, 1, 3), activation="gelu")
    encoder, decoder = nn.TransformerEncoderLayer(2, 1, 2), nn.TransformerDecoderLayer(2, 1, 2, 0.0)
    for name, inputs, arguments in (
        ("TransformerEncoder", (x,), (encoder, 1)),
        ("TransformerDecoder", (x, memory), (decoder, 1)),
        ("Transformer", (memory, x), (2, 1, 1, 1, 2)),
    ):
        yield entry(name, *inputs, arguments=arguments, unchecked="its layers are checked")
    yield entry("SinusoidalPositions", (2, 3, 2), arguments=(2,))
    yield entry("RotaryPositions", (2, 3, 2), arguments=(2,))
    yield entry("RotaryPositions, given", (3, 4), below(9, 3), arguments=(4,), interleaved=False)


def wrapping() -> Any:
    yield entry("Identity", (2, 3))
    yield entry("Lambda", (2, 3), arguments=(np.sin,))
    yield entry("Lambda, focal loss", (2, 3), unit(2, 3), arguments=(losses.focal,))
    attention = nn.scaled_dot_product_attention
    yield entry("Lambda, attention", (1, 3, 2), (1, 2, 2), (1, 2, 1), mask(3, 2), arguments=(attention,))
    yield Entry("AveragedModel", lambda: optim.AveragedModel(nn.Linear(3, 2)), ((2, 3),))
    yield Entry("Residual", lambda: nn.Residual(nn.Linear(3, 3), nn.Tanh()), ((2, 3),))
    yield Entry("Sequential", lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout(0.5)), ((3, 3),))
    yield Entry("Sequential, empty", lambda: nn.Sequential(), ((2, 3),))
    yield Entry("Linear, spectral norm", lambda: nn.spectral_norm(nn.Linear(2, 3)), ((4, 2),), evaluated=True)
    yield Entry("Linear, weight norm", lambda: nn.weight_norm(nn.Linear(2, 3)), ((4, 2),))
    yield Entry("LSTM, weight norm", lambda: nn.weight_norm(nn.LSTM(2, 1), "weight_hh_l0"), ((2, 1, 2),))
    normed = "ConvTranspose1d, spectral norm"
    yield Entry(normed, lambda: nn.spectral_norm(nn.ConvTranspose1d(1, 2, 2)), ((1, 1, 3),), evaluated=True)


def criteria() -> Any:
    for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"):
        yield entry(name, (2, 3), (2, 3))
    yield entry("MSELoss, weight", (2, 3), (2, 3), weight=np.array([1.0, 2.0, 0.5]))
    yield entry("CrossEntropyLoss", (4, 3), below(3, 4))
    weight = np.array([0.5, 1.0, 2.0])
    yield entry("CrossEntropyLoss, weight", (4, 3), below(3, 4), weight=weight, ignore_index=1, label_smoothing=0.2)
    yield entry("CrossEntropyLoss, probabilities", (4, 3), unit(4, 3))
    yield entry("NLLLoss", log_unit(4, 3), below(3, 4), weight=weight)
    yield entry("BCELoss", unit(2, 3), unit(2, 3), reduction="none")
    yield entry("BCEWithLogitsLoss", (2, 3), unit(2, 3))
    yield entry("BCEWithLogitsLoss, weight", (2, 3), unit(2, 3), weight=weight, pos_weight=weight)
    yield entry("KLDivLoss", log_unit(2, 3), unit(2, 3), reduction="batchmean")
    yield entry("KLDivLoss, log", log_unit(2, 3), log_unit(2, 3), reduction="sum", log_target=True)
    yield entry("GaussianNLLLoss", (2, 3), (2, 3), unit(2, 3), full=True)
    yield entry("PoissonNLLLoss", (2, 3), unit(2, 3), full=True, held=(1,))
    yield entry("HingeEmbeddingLoss", (2, 3), signs(2, 3), held=(1,))
    yield entry("SoftMarginLoss", (2, 3), signs(2, 3), held=(1,))
    yield entry("MarginRankingLoss", (4,), (4,), signs(4), held=(2,))
    yield entry("MultiMarginLoss", (4, 3), below(3, 4), weight=weight)
    yield entry("MultiLabelMarginLoss", (2, 3), fixed([0, 2, -1], [1, -1, 0]))
    yield entry("MultiLabelSoftMarginLoss", (2, 3), unit(2, 3), weight=weight)
    yield entry("TripletMarginLoss", (3, 2), (3, 2), (3, 2), swap=True)
    yield entry("CosineEmbeddingLoss", (3, 2), (3, 2), signs(3), held=(2,))
    sequence = fixed([1, 2], [2, 2]), fixed(4, 3), fixed(2, 1)
    yield entry("CTCLoss", log_unit(4, 2, 3), *sequence)
    yield entry("CTCLoss, zero_infinity", log_unit(4, 2, 3), *sequence, zero_infinity=True)


FAMILIES = (wrapping, criteria, activations, dropouts, linear, convolutions, pools, shapes, norms, recurrent, attention)
ZOO = {each.name: each for family in FAMILIES for each in family()}
