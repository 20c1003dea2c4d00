"""What does not fit is an error that says what to write; what is a trap in PyTorch among it."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import ArgumentError, DTypeError, ShapeError, losses

X, ROW, ONES = np.zeros((4, 3)), np.zeros(3), np.ones((4, 3))
PAIRS = ["mse", "l1", "smooth_l1", "huber", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"]
PAIRS += ["soft_margin", "multilabel_soft_margin", "hinge_embedding", "poisson_nll", "focal"]
CALLS = {
    **{name: lambda name=name, **options: getattr(losses, name)(X, ONES, **options) for name in PAIRS},
    "cross_entropy": lambda **options: losses.cross_entropy(X, [0, 1, 2, 0], **options),
    "cross_entropy of probabilities": lambda **options: losses.cross_entropy(X, ONES, **options),
    "nll": lambda **options: losses.nll(X, [0, 1, 2, 0], **options),
    "multi_margin": lambda **options: losses.multi_margin(X, [0, 1, 2, 0], **options),
    "multilabel_margin": lambda **options: losses.multilabel_margin(X, X.astype(int), **options),
    "margin_ranking": lambda **options: losses.margin_ranking(X, X, ONES, **options),
    "triplet_margin": lambda **options: losses.triplet_margin(X, X, X, **options),
    "cosine_embedding": lambda **options: losses.cosine_embedding(X, X, np.ones(4), **options),
    "gaussian_nll": lambda **options: losses.gaussian_nll(X, X, ONES, **options),
    "ctc": lambda **options: losses.ctc(np.zeros((4, 3, 2)), np.ones((3, 2), int), [4] * 3, [2] * 3, **options),
}


@together("name", list(CALLS))
def test_another_reduction(name):
    text = "takes one of reduction='mean', 'sum', 'none'.*but got 'average'"
    with pytest.raises(ArgumentError, match=name.split()[0] + " " + text):
        CALLS[name](reduction="average")
    assert CALLS[name](reduction="none").ndim


@together("name", PAIRS)
def test_shapes_are_not_broadcast(name):
    f = getattr(losses, name)
    for shape in ((4,), (3,), (1, 3), (4, 1), ()):
        with pytest.raises(ShapeError, match=r"\(4, 3\).*\(.*\n.*reshape"):
            f(X, np.ones(shape))
    with pytest.raises(ShapeError, match="at least one element"):
        f(np.zeros((0, 3)), np.zeros((0, 3)), reduction="mean")
    assert f(np.zeros((0, 3)), np.zeros((0, 3)), reduction="sum") == 0


PYTORCHS = np.zeros((2, 5, 3))  # (batch, classes, places)
CLASSES = np.zeros((2, 3), int)
FRAMES, TARGETS = np.zeros((4, 2, 3)), np.ones((2, 2), int)


def ctc(frames=FRAMES, targets=TARGETS, lengths=(4, 4), ends=(2, 2), **options):
    return lambda: losses.ctc(frames, targets, list(lengths), list(ends), **options)


ERRORS = [
    (lambda: losses.cross_entropy(PYTORCHS, CLASSES), ShapeError, r"\(2, 5\) for input \(2, 5, 3\)(.|\n)*axis=1"),
    (lambda: losses.nll(PYTORCHS, CLASSES), ShapeError, "Write axis=1, if they are on axis 1 as in PyTorch"),
    (lambda: losses.multi_margin(PYTORCHS, CLASSES), ShapeError, "Write axis=1"),
    (lambda: losses.cross_entropy(X, X.astype(int)), ShapeError, r"target\.astype\(float\)"),
    (lambda: losses.cross_entropy(X, [0, 1, 2, 0], axis=2), ShapeError, "no axis 2 of classes"),
    (lambda: losses.cross_entropy(X, [0, 1, 2], axis=1), ShapeError, r"takes classes \(4,\)"),
    (lambda: losses.cross_entropy(X, [0, 1, -1, 0]), ArgumentError, "classes 0 to 2, but got -1 to 1(.|\n)*-100"),
    (lambda: losses.cross_entropy(X, [0, 3, -100, 0]), ArgumentError, "classes 0 to 2, but got 0 to 3"),
    (lambda: losses.cross_entropy(X, [0, 1, 2, 0], weight=[1.0, 2.0]), ShapeError, r"each class, \(3,\)"),
    (lambda: losses.cross_entropy(X, [0, 1, 2, 0], label_smoothing=1.5), ArgumentError, "from 0 to 1, but got 1.5"),
    (lambda: losses.cross_entropy(X, [0.0, 1, 2, 0]), DTypeError, "integer class numbers, but got float64"),
    (lambda: losses.nll(X, [True, False, True, True]), DTypeError, "integer class numbers, but got bool"),
    (lambda: losses.nll(X, [0, 1, 2, 4]), ArgumentError, "nll takes classes 0 to 2, but got 0 to 4"),
    (lambda: losses.nll(X[:0], np.zeros(0, int)), ShapeError, "at least one element"),
    (lambda: losses.mse(X, X, weight=ROW[:2]), ShapeError, r"weight that broadcasts to \(4, 3\), but got \(2,\)"),
    (lambda: losses.l1(ROW, ROW, weight=X), ShapeError, r"broadcasts to \(3,\), but got \(4, 3\)"),
    (lambda: losses.smooth_l1(X, X, beta=-1.0), ArgumentError, "beta at least 0, but got -1.0"),
    (lambda: losses.huber(X, X, delta=0), ArgumentError, "delta above 0, but got 0"),
    (lambda: losses.binary_cross_entropy(2 * ONES, X), ArgumentError, "from 0 to 1, but got 2.0(.|\n)*with_logits"),
    (lambda: losses.binary_cross_entropy(-ONES, X), ArgumentError, "probabilities from 0 to 1"),
    (lambda: losses.binary_cross_entropy_with_logits(X, X, pos_weight=[1.0, 2.0]), ShapeError, "pos_weight"),
    (lambda: losses.focal(X, X, gamma=-1.0), ArgumentError, "gamma at least 0"),
    (lambda: losses.focal(X, X, alpha=2.0), ArgumentError, "alpha up to 1, but got 2.0"),
    (lambda: losses.soft_margin(X, X), ArgumentError, r"targets 1 and -1(.|\n)*2 \* target - 1"),
    (lambda: losses.hinge_embedding(X, X), ArgumentError, "targets 1 and -1"),
    (lambda: losses.margin_ranking(X, X, ROW), ShapeError, r"target is \(3,\)"),
    (lambda: losses.margin_ranking(X, X, X), ArgumentError, "targets 1 and -1"),
    (lambda: losses.multi_margin(X, [0, 1, 2, 0], p=3), ArgumentError, "p 1 or 2, but got 3"),
    (lambda: losses.multi_margin(X, [0, 1, 2, 3]), ArgumentError, "classes 0 to 2, but got 0 to 3"),
    (lambda: losses.multilabel_margin(X, [0, 1, 2, 3]), ShapeError, r"equal shapes.*\(4,\)"),
    (lambda: losses.multilabel_margin(X, X), DTypeError, "float64"),
    (lambda: losses.multilabel_margin(ROW, [0, 3, -1]), ArgumentError, "classes 0 to 2, but got 0 to 3"),
    (lambda: losses.triplet_margin(X, X, ROW), ShapeError, r"negative is \(3,\)"),
    (lambda: losses.triplet_margin(X, X, X, margin=0.0), ArgumentError, "margin above 0"),
    (lambda: losses.triplet_margin(1.0, 2.0, 3.0), ShapeError, "vectors"),
    (lambda: losses.cosine_embedding(X, X, ROW), ShapeError, r"targets \(4,\) for inputs \(4, 3\), but got \(3,\)"),
    (lambda: losses.cosine_embedding(X, X, [1, -1, 0, 1]), ArgumentError, "targets 1 and -1"),
    (lambda: losses.gaussian_nll(X, X, ROW), ShapeError, r"\(4,\) or \(4, 1\)(.*)\(3,\)"),
    (lambda: losses.gaussian_nll(0.0, 0.0, ROW), ShapeError, "as the input"),
    (lambda: losses.gaussian_nll(X, X, -ONES), ArgumentError, "at least 0, but got -1.0 to -1.0"),
    (lambda: losses.gaussian_nll(X, X, ONES, eps=0), ArgumentError, "eps above 0"),
    (lambda: losses.poisson_nll(X, X, eps=-1), ArgumentError, "eps at least 0"),
    (lambda: losses.kl_div(1.0, 0.5, "batchmean"), ShapeError, "first axis"),
    (ctc(FRAMES[..., 0, 0]), ShapeError, "log_probs"),
    (ctc(targets=TARGETS + 0.0), DTypeError, "integer targets"),
    (ctc(targets=TARGETS[:1]), ShapeError, r"targets \(2, longest\)"),
    (ctc(targets=TARGETS + 2), ArgumentError, "classes 0 to 2, but got 3 to 3"),
    (ctc(targets=TARGETS * 0), ArgumentError, "without the blank, 0"),
    (ctc(blank=3), ArgumentError, "blank 0 to 2, but got 3"),
    (ctc(lengths=(4, 5)), ArgumentError, "input_lengths from 0 to 4, but got 4 to 5"),
    (ctc(lengths=(4,)), ShapeError, r"input_lengths \(2,\)"),
    (ctc(ends=(3, 1)), ArgumentError, "target_lengths from 0 to 2"),
    (ctc(ends=(1.0, 1.0)), DTypeError, "integers as target_lengths, but got float64"),
    (ctc(targets=[1, 2, 1], ends=(1, 1)), ShapeError, "as long as target_lengths sum to, but got 3"),
]


@together(("call", "error", "text"), {f"{i}: {row[2]}": row for i, row in enumerate(ERRORS)})
def test_what_does_not_fit(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_padding_of_targets_may_be_anything():
    padded = np.array([[1, 2], [1, -7]])
    assert ctc(targets=padded, ends=(2, 1))() == ctc(targets=[1, 2, 1], ends=(2, 1))()


@together("dtype", [np.float32, np.float64])
@together("kind", [np.int64, np.uint8, bool])
@pytest.mark.parametrize("name", [name for name in PAIRS if name not in ("soft_margin", "hinge_embedding")])
def test_integer_targets_take_the_dtype_of_the_input(name, kind, dtype):
    f, x = getattr(losses, name), np.linspace(0.1, 0.9, 6).reshape(2, 3).astype(dtype)
    target = np.array([[0, 1, 1], [1, 0, 0]])
    got = f(x, target.astype(kind), reduction="none")
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, f(x, target.astype(dtype), reduction="none"))


def test_the_dtype_of_weights_does_not_matter():
    x = np.zeros((2, 3), np.float32)
    for weight in ([1, 2, 3], [1.0, 2.0, 3.0]):
        assert losses.cross_entropy(x, [0, 1], weight=weight).dtype == np.float32
        assert losses.mse(x, x, weight=weight).dtype == np.float32
        assert losses.multi_margin(x, [0, 1], weight=weight).dtype == np.float32
        assert losses.binary_cross_entropy_with_logits(x, x, weight, pos_weight=weight).dtype == np.float32


def test_weights_that_are_broadcast_count_for_each_element():
    x, w = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 5.0])
    assert losses.mse(x, 0 * x, weight=w) == losses.mse(x, 0 * x, weight=np.stack([w, w]))
    assert losses.mse(x, 0 * x, weight=w) == np.sum(w * x * x) / 16


def test_one_definition():
    assert tg.mse is losses.mse
    assert tg.cross_entropy is losses.cross_entropy
