"""The numbers of summary for the layers of the package, against counts by hand; and that every product is counted."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import nn
from tinygrad_like.engine.registry import REGISTRY

F = nn.functional

# Operations that are linear in several arguments, and not counted.
NOT_COUNTED = {
    "affine": "it is elementwise in x, and normalisation is not counted",
}


def counts(model, *inputs):
    """Parameters and multiply-adds of each layer that has any."""
    rows = tg.summary(model, *inputs).rows
    return {row.path or row.kind: (row.parameters, row.multiply_adds) for row in rows if row.parameters}


def test_a_cnn():
    model = tg.Sequential(
        nn.Conv2d(3, 6, 5, stride=2),  # 3 × 32 × 32 → 6 × 14 × 14
        nn.BatchNorm2d(6),
        tg.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1, groups=2),  # 6 × 7 × 7 → 8 × 7 × 7
        nn.Flatten(),
        tg.Linear(392, 10),
    )
    assert counts(model, np.ones((2, 3, 32, 32))) == {
        "layers[0]": (6 * 3 * 25 + 6, 2 * 6 * 14 * 14 * 3 * 25),
        "layers[1]": (12, 0),
        "layers[4]": (8 * 3 * 9 + 8, 2 * 8 * 7 * 7 * 3 * 9),
        "layers[6]": (3930, 2 * 3920),
    }


def test_a_transposed_convolution():
    # Each of the 4 · 4 places of the input meets each place of the kernel, for all pairs of channels.
    assert counts(nn.ConvTranspose2d(2, 3, 3, stride=2), np.ones((5, 2, 4, 4))) == {
        "ConvTranspose2d": (2 * 3 * 9 + 3, 5 * 4 * 4 * 2 * 3 * 9)
    }


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_layers_and_their_cells(kind, gates):
    batch, steps, inputs, units = 2, 5, 3, 4
    one = gates * units * (inputs + units)
    layer = kind(inputs, units, num_layers=2)
    expected = one + gates * units * 2 * units + 4 * gates * units, batch * steps * (one + gates * units * 2 * units)
    assert counts(layer, np.ones((steps, batch, inputs))) == {kind.__name__: expected}
    cell = getattr(nn, f"{kind.__name__}Cell")(inputs, units)
    assert list(counts(cell, np.ones((batch, inputs))).values()) == [(one + 2 * gates * units, batch * one)]


def test_an_mlp_with_norms_and_dropout():
    model = tg.Sequential(
        tg.Linear(3, 4), nn.BatchNorm1d(4), nn.GELU(), nn.Dropout(0.1), nn.LayerNorm(4), nn.Softmax(-1)
    )
    summary = tg.summary(model, np.ones((5, 3)) * np.arange(5)[:, None])
    assert [row.multiply_adds for row in summary.rows] == [0, 5 * 12, 0, 0, 0, 0, 0]
    assert [row.parameters for row in summary.rows] == [0, 16, 8, 0, 0, 8, 0]
    assert [row.label for row in summary.rows] == ["", "3 → 4", "4", "", "p 0.1", "4", "dim -1"]
    assert summary.parameters == 32  # without the running statistics


def test_an_embedding_and_integers():
    model = tg.Sequential(nn.Embedding(5, 3), nn.Flatten(), tg.Linear(6, 2))
    summary = tg.summary(model, np.array([[1, 2], [0, 4], [3, 3]]))
    assert [(row.shapes, row.parameters, row.multiply_adds) for row in summary.rows[1:]] == [
        (((3, 2, 3),), 15, 0),
        (((3, 6),), 0, 0),
        (((3, 2),), 14, 36),
    ]


def test_attention():
    steps, features, heads = 5, 6, 2
    x = np.ones((3, steps, features))
    model = nn.MultiheadAttention(features, heads, batch_first=True)
    inside = 3 * (steps * features * 3 * features + 2 * heads * steps * steps * features // heads)
    assert counts(model, x, x, x) == {
        "MultiheadAttention": (3 * features * features + 3 * features, inside),
        "out_proj": (features * features + features, 3 * steps * features * features),
    }


def test_bilinear_layers():
    assert counts(nn.Bilinear(3, 4, 2), np.ones((5, 3)), np.ones((5, 4))) == {
        "Bilinear": (26, 5 * 3 * 4 * 2 + 5 * 4 * 2)  # x1 with the weight, and what comes out with x2
    }


@together(
    ("function", "shapes", "count"),
    [
        (lambda a, b: np.einsum("ij,jk->ki", a, b), ((2, 3), (3, 4)), 24),
        (lambda a, b: np.einsum("bhqd,bhkd->bhqk", a, b), ((2, 3, 4, 5), (2, 3, 6, 5)), 2 * 3 * 4 * 5 * 6),
        (lambda a, b: np.tensordot(a, b, 1), ((2, 3), (3, 4)), 24),
        (lambda a, b: np.dot(a, b), ((3,), (3,)), 3),
        (lambda a, b: np.inner(a, b), ((2, 3), (4, 3)), 24),
        (lambda a, b: np.convolve(a, b), ((5,), (3,)), 15),
        (lambda a, b: np.convolve(a, b, "valid"), ((5,), (3,)), 9),
        (lambda a, b: a * b, ((3,), (3,)), 0),
    ],
)
def test_products_of_arrays(function, shapes, count):
    class Product(tg.Layer):
        def forward(self, a, b):
            return function(a, b)

    assert tg.summary(Product(), *map(np.ones, shapes)).multiply_adds == count


def test_every_product_is_counted():
    for name, primitive in REGISTRY.items():
        factors = [rule for arg, rule in zip(primitive.args, primitive.rules) if rule and arg not in primitive.added]
        if primitive.linear and primitive.shape == "general" and len(factors) > 1 and name not in NOT_COUNTED:
            uses_others = any(set(rule.wants) & set(primitive.args) for rule in factors)
            assert primitive.multiply_adds is not None or not uses_others, name


def test_frozen_parameters_are_told():
    model = tg.Sequential(tg.Linear(2, 3).freeze(), tg.Linear(3, 1))
    summary = tg.summary(model, np.ones((1, 2)))
    assert [row.note for row in summary.rows] == ["", "frozen", ""]
    assert (summary.parameters, summary.frozen) == (13, 9)
    assert "layers[0]  Linear 2 → 3 (frozen)" in repr(summary)
    assert "13 parameters (9 frozen), 104 B; 9 multiply-adds" in repr(summary)
    assert "frozen" not in repr(tg.summary(tg.Linear(2, 3), np.ones((1, 2))))


def test_a_block_is_no_row():
    class Model(tg.Layer):
        def __init__(self):
            self.linear = tg.Linear(4, 4)

        def forward(self, x):
            return F.bilinear(F.gelu(self.linear(x)), x, np.ones((1, 4, 4)))

    summary = tg.summary(Model(), np.ones((3, 4)))
    assert [row.path for row in summary.rows] == ["", "linear"]
    assert [row.multiply_adds for row in summary.rows] == [3 * 16 + 3 * 4, 3 * 16]


LABELS = {
    "Conv2d": ((3, 16, 5, 2), "3 → 16, 5×5, stride 2"),
    "Conv1d": ((3, 16, 5, 1, "same"), "3 → 16, kernel 5, padding same"),
    "BatchNorm2d": ((4, 1e-3, 0.2, False), "4, eps 0.001, momentum 0.2, no affine"),
    "InstanceNorm1d": ((4,), "4"),
    "GroupNorm": ((2, 4), "4, 2 groups"),
    "LayerNorm": (((2, 3), 0.1, False), "2×3, eps 0.1, no elementwise affine"),
    "LocalResponseNorm": ((5,), "size 5"),
    "GELU": (("tanh",), "approximate tanh"),
    "ELU": ((), ""),
    "Hardtanh": ((-2.0, 2.0), "min val -2, max val 2"),
    "Softmax": ((-1,), "dim -1"),
    "Threshold": ((0.1, 20), "0.1, value 20"),
    "PReLU": ((3,), "3 channels"),
    "Dropout": ((0.25,), "p 0.25"),
    "CrossEntropyLoss": ((np.ones(2), -100, "sum"), "weight: (2,), reduction sum"),
    "Embedding": ((5, 3, 0), "5 → 3, padding idx 0"),
}


@together("name", list(LABELS))
def test_labels(name):
    arguments, label = LABELS[name]
    layer = getattr(nn, name)(*arguments)
    assert layer.label() == label
    assert repr(layer).startswith(f"{name}({label})  #")
