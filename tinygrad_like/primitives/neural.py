"""What networks need beyond NumPy: activations and losses that earned rules of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import elementwise, general
from ..engine.shortcuts import mended
from ..engine.tensor import values_of
from ..engine.traces import zeros
from .integers import as_floats, floats
from .reductions import below_top
from .samples import Case, Rng, arrays, normal

# Python's 1 beside a small array costs twice as much as an array.
ONES = {np.dtype(each): np.ones((), each) for each in (np.float16, np.float32, np.float64)}
for one in ONES.values():
    one.flags.writeable = False


@np.errstate(over="ignore")
def _sigmoid(x: Any) -> Any:
    # exp(-x) may overflow to inf; 1 / (1 + inf) is the right 0.
    one: Any = ONES.get(getattr(x, "dtype", None))  # type: ignore[arg-type]
    if one is None:
        x, one = floats(x), 1
    return np.reciprocal(np.exp(np.negative(x)) + one)


def _relu(x: Any) -> Any:
    return np.maximum(floats(x), 0)


def sigmoid_rule(g: Any, y: Any) -> Any:
    return g * (y * (ONES.get(y.dtype, 1) - y))


def relu_rule(g: Any, y: Any) -> Any:
    """g where y is not 0 (y may be nan, but not negative). The product is faster, but inf times 0 is nan."""
    part = g * (y != 0)
    return mended(part, lambda: np.where(y != 0, g, 0))


def _mse(prediction: Any, target: Any) -> Any:
    if prediction.dtype.kind != "f" or target.dtype.kind != "f":
        prediction, target = as_floats(prediction, target)
    difference = np.subtract(prediction, target).reshape(-1)
    if difference.dtype.itemsize < 4:
        return np.mean(np.square(difference, dtype=np.float32)).astype(difference.dtype)
    return difference @ difference / difference.size


def one_hot(classes: Any, logits: Any) -> Any:
    """A row per class number, 1 at that class, in the dtype of the logits."""
    rows = zeros(logits.shape, logits.dtype)
    numbers = np.ravel(values_of(classes))
    rows.reshape(-1, logits.shape[-1])[np.arange(numbers.size), numbers] = 1
    return rows


def _softmax_cross_entropy(logits: Any, classes: Any, *, ignored: int | None = None) -> Any:
    rows, numbers = floats(logits).reshape(-1, logits.shape[-1]), np.ravel(classes)
    below = below_top(rows, -1)
    logs = np.log(np.exp(below).sum(axis=-1, keepdims=True))[:, 0]
    if ignored is None:
        return np.mean(logs - below[np.arange(len(rows)), numbers])
    counts, numbers, ratio = without(ignored, numbers, rows.dtype)
    return np.mean(np.where(counts, logs - below[np.arange(len(rows)), numbers], 0)) * ratio


def softmax_cross_entropy_rule(g: Any, logits: Any, classes: Any, *, ignored: int | None = None) -> Any:
    """(softmax - one hot) / n, with Bishop, Pattern Recognition and Machine Learning, (4.109)."""
    exps = np.exp(below_top(logits, -1))
    softmax = exps / exps.sum(axis=-1, keepdims=True)
    share = g * (logits.shape[-1] / logits.size)
    if ignored is None:
        return share * (softmax - one_hot(classes, logits))
    counts, numbers, ratio = without(ignored, classes, logits.dtype)
    return np.where(counts[..., None], share * ratio * (softmax - one_hot(numbers, logits)), 0)


def without(ignored: int, classes: Any, dtype: Any) -> tuple[Any, Any, Any]:
    """Which samples count, their classes (0 for the others), and the number of samples by that of those that count."""
    counts = classes != ignored
    ratio = classes.size / np.maximum(np.sum(counts), 1)
    return counts, np.where(counts, classes, 0), ratio.astype(dtype)


def cross_entropy_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (4, 3)), np.array([0, 2, 1, 1])), {}
    yield (normal(rng, (3,)), np.array(2)), {}
    yield (normal(rng, (2, 2, 3)), np.array([[0, 2], [1, 1]])), {}
    yield (normal(rng, (2, 2, 3)), np.array([[0, -9], [2, 1]])), {"ignored": -9}


sigmoid = elementwise(
    "sigmoid",
    _sigmoid,
    "x",
    sigmoid_rule,
    sample=(normal,),
    symbol="σ",
    role="activation",
    formulas={"y": "1 / (1 + e^(−x))", "x": "g · y · (1 − y)"},
)
relu = elementwise(
    "relu",
    _relu,
    "x",
    relu_rule,
    sample=(normal,),
    symbol="relu",
    formulas={"y": "max(x, 0)", "x": "g where y > 0, else 0"},
    chooses=True,
    role="activation",
    real="Complex numbers have no order: write it of z.real and of z.imag.",
)
mse = general(
    "mse",
    _mse,
    "prediction target",
    (
        lambda g, prediction, target: (g * (2 / prediction.size)) * (prediction - target),
        lambda g, prediction, target: (g * (2 / prediction.size)) * (target - prediction),
    ),
    sample=arrays(((4, 2), (4, 2)), ((3,), (3,)), ((), ())),
    symbol="mse",
    formulas={
        "y": "Σ (prediction − target)² / n",
        "prediction": "g · 2 / n · (prediction − target)",
        "target": "g · 2 / n · (target − prediction)",
    },
    real="Write np.mean(np.abs(prediction - target) ** 2).",
    role="loss",
)
softmax_cross_entropy = general(
    "softmax_cross_entropy",
    _softmax_cross_entropy,
    "logits classes",
    (softmax_cross_entropy_rule, None),
    options={"ignored": None},
    sample=cross_entropy_cases,
    symbol="cross entropy",
    formulas={
        "y": "−mean(ln softmax(logits) at classes)",
        "logits": "g · (softmax(logits) − one-hot(classes)) / rows",
    },
    real="Probabilities are real: give real scores, such as np.abs(z).",
    role="loss",
)
