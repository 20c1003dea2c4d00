"""Embeddings and Bilinear beside PyTorch; padding, bags, one-hot vectors and errors."""

import importlib.util

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.functions.embedding import embedding, embedding_bag, one_hot
from tinygrad_like.nn.bilinear_layers import Bilinear
from tinygrad_like.nn.embedding_layers import Embedding, EmbeddingBag

FAMILY = "embedding"
NUMBERS = np.array([[1, 4, 1], [0, 2, 2]])
FLAT, OFFSETS = np.array([1, 4, 1, 0, 2]), np.array([0, 3, 3])


def given(*arrays):
    return tuple(lambda rng, array=array: array for array in arrays)


def bag(*settings, **options):
    return lambda: EmbeddingBag(5, 3, *settings, **options), lambda nn: nn.EmbeddingBag(5, 3, *settings, **options)


CASES = [
    Case("embedding", lambda: Embedding(5, 3), lambda nn: nn.Embedding(5, 3), given(NUMBERS)),
    Case("padding", lambda: Embedding(5, 3, -4), lambda nn: nn.Embedding(5, 3, -4), given(NUMBERS)),
    Case("a number", lambda: Embedding(5, 2), lambda nn: nn.Embedding(5, 2), given(np.array(3))),
    Case("float32", lambda: Embedding(5, 2), lambda nn: nn.Embedding(5, 2), given(NUMBERS), dtype="float32"),
    Case("mean", *bag(), given(NUMBERS)),
    Case("mean, padding", *bag(padding_idx=1), given(NUMBERS)),
    Case("mean, offsets", *bag(padding_idx=4), given(FLAT, OFFSETS)),
    Case("sum", *bag(mode="sum"), given(NUMBERS)),
    Case("sum, last offset", *bag(mode="sum", include_last_offset=True), given(FLAT, np.array([0, 2, 5]))),
    Case("max", *bag(mode="max"), given(np.array([[1, 4], [0, 2]]))),
    Case("max, padding", *bag(mode="max", padding_idx=1), given(np.array([[1, 4], [1, 1]]))),
    Case("bilinear", lambda: Bilinear(2, 3, 4), lambda nn: nn.Bilinear(2, 3, 4), ((2, 2), (2, 3))),
    Case("bilinear, no bias", lambda: Bilinear(2, 1, 2, False), lambda nn: nn.Bilinear(2, 1, 2, False), ((2,), (1,))),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


def test_the_row_of_the_padding():
    model = Embedding(4, 2, padding_idx=1, seed=0)
    assert model.weight[1].tolist() == [0, 0]
    model(np.array([1, 0, 1])).sum().backward()
    assert model.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    held = Embedding.from_pretrained(np.arange(6.0).reshape(3, 2), freeze=False, padding_idx=1)
    assert held([1]).tolist() == [[2, 3]]
    assert not Embedding.from_pretrained(np.eye(2)).weight.requires_grad


def test_a_copy_of_the_table_is_held():
    table = np.eye(2, dtype=np.float32)
    model = Embedding.from_pretrained(table)
    table[:] = 5
    assert model([0]).tolist() == [[1, 0]]
    assert model([0]).dtype == np.float32


def test_weights_of_the_rows_in_a_bag():
    weight, shares = np.random.default_rng(0).normal(size=(5, 3)), np.array([[1.0, 0.5, 2.0], [0.0, 3.0, 1.0]])
    expected = np.einsum("bn,bnd->bd", shares, weight[NUMBERS])
    np.testing.assert_allclose(embedding_bag(NUMBERS, weight, mode="sum", per_sample_weights=shares), expected)


def test_derivatives_of_order_2():
    w, v = np.random.default_rng(0).normal(size=(2, 5, 2))
    assert tg.gradcheck(lambda w: embedding(FLAT, w) ** 3, w, order=2)
    for mode in ("sum", "mean", "max"):
        assert tg.gradcheck(lambda w, mode=mode: embedding_bag(NUMBERS[:, :2], w, mode=mode) ** 2, w, order=2)
    shares = np.array([1.0, 2.0, 0.5, 1.5, 1.0])
    assert tg.gradcheck(lambda w, s: embedding_bag(FLAT, w, OFFSETS, mode="sum", per_sample_weights=s), w, shares)
    model = Bilinear(2, 2, 1, seed=0)
    parameters = model.weight.numpy(), model.bias.numpy()

    def total(x, y, weight, bias):
        return tg.functional_call(model, {"weight": weight, "bias": bias}, x, y)

    assert tg.gradcheck(total, w[:2], v[:2], *parameters, order=2)


def test_one_hot():
    assert one_hot([[1, 0]], 3).tolist() == [[[0, 1, 0], [1, 0, 0]]]
    assert one_hot(np.array([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert one_hot(tg.Tensor(np.array(1)), 2).dtype == np.int64
    if importlib.util.find_spec("torch"):
        import torch

        theirs = torch.nn.functional.one_hot(torch.tensor(NUMBERS), 6)
        np.testing.assert_array_equal(one_hot(NUMBERS, 6), theirs.numpy())


def test_initial_values_are_normal():
    values = Embedding(100, 50, seed=0, dtype=np.float32).weight.numpy()
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.05
    assert abs(values.std() - 1) < 0.05
    assert Embedding(2, 3, init=lambda rng, shape, dtype: np.full(shape, 2.0)).weight.tolist() == [[2.0] * 3] * 2


def test_labels():
    assert Embedding(5, 3, 1).label() == "5 → 3, padding idx 1"
    assert EmbeddingBag(5, 3).label() == "5 → 3, mean"
    assert Bilinear(2, 3, 4, False).label() == "2, 3 → 4, no bias"


@together(
    ("run", "error", "message"),
    [
        (lambda: Embedding(5, 3)([0, 5]), tg.ArgumentError, "from 0 to 4, but got 0 to 5"),
        (lambda: Embedding(5, 3)([-1]), tg.ArgumentError, "from 0 to 4, but got -1 to -1"),
        (lambda: Embedding(5, 3)([1.0]), tg.DTypeError, r"integers, but got float64.\s*Write x.astype\(int\)"),
        (lambda: Embedding(5, 3, max_norm=1.0), tg.UnsupportedError, "max_norm"),
        (lambda: Embedding(5, 3, scale_grad_by_freq=True), tg.UnsupportedError, "true gradient"),
        (lambda: Embedding(5, 3, sparse=True), tg.UnsupportedError, "sparse=True"),
        (lambda: Embedding(5, 3, padding_idx=5), tg.ArgumentError, "padding_idx within 5 rows, but got 5"),
        (lambda: Embedding(0, 3), tg.ArgumentError, "at least 1"),
        (lambda: Embedding(5, 3, dtype=int), tg.DTypeError, "floating-point"),
        (lambda: Embedding.from_pretrained(np.ones(3)), tg.ShapeError, r"\(rows, features\)"),
        (lambda: embedding([0], np.ones(3)), tg.ShapeError, r"\(rows, features\), but got shape \(3,\)"),
        (lambda: EmbeddingBag(5, 3, mode="min"), tg.ArgumentError, "min"),
        (lambda: EmbeddingBag(5, 3)(FLAT), tg.ShapeError, "offsets None"),
        (lambda: EmbeddingBag(5, 3)(FLAT, [1, 2]), tg.ArgumentError, "rise from 0"),
        (lambda: EmbeddingBag(5, 3)(FLAT, [0, 3, 2]), tg.ArgumentError, "rise from 0"),
        (lambda: EmbeddingBag(5, 3)(FLAT, [0.0]), tg.DTypeError, "integers as offsets"),
        (lambda: EmbeddingBag(5, 3, mode="max")(FLAT, OFFSETS), tg.UnsupportedError, "padding_idx"),
        (lambda: EmbeddingBag(5, 3)(NUMBERS, None, NUMBERS), tg.UnsupportedError, 'mode="sum"'),
        (lambda: EmbeddingBag(5, 3, mode="sum")(NUMBERS, None, FLAT), tg.ShapeError, r"\(2, 3\), but got \(5,\)"),
        (lambda: one_hot([3], 3), tg.ArgumentError, "from 0 to 2"),
        (lambda: one_hot([1], 0), tg.ArgumentError, "at least 1, but got 0"),
        (lambda: one_hot(np.zeros(0, int)), tg.ArgumentError, "Give num_classes"),
        (lambda: Bilinear(2, 3, 4)(np.ones((5, 2)), np.ones((5, 2))), tg.ShapeError, r"\(\.\.\., 3\)"),
        (lambda: Bilinear(2, 0, 4), tg.ArgumentError, "at least 1"),
        (lambda: Bilinear(2, 3, 4, dtype=int), tg.DTypeError, "floating-point"),
    ],
)
def test_errors(run, error, message):
    with pytest.raises(error, match=message):
        run()
