"""Every input that a result used has a card, and every operation says what tells it from others of its name."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_draw import graph_of
from tinygrad_like import nn
from tinygrad_like.picture.graphs.graph import LEAVES

TABLE = np.arange(15.0).reshape(5, 3)
ROWS = np.array([0, 2, 4, 1, 3])
MODEL = tg.Sequential(tg.Linear(3, 4, seed=0), nn.LayerNorm(4))


def indexed(W, rows):
    return W[rows].sum()


# A function, its inputs, and the cards that read the second of them.
READERS = {
    "an index": (indexed, (TABLE, ROWS), ["x[rows]"]),
    "a list": (indexed, (TABLE, [0, 2]), ["x[rows]"]),
    "a number": (indexed, (TABLE, 2), ["x[rows]"]),
    "a bound": (lambda W, n: W[:, :n].sum(), (TABLE, 2), ["x[:, :n]"]),
    "a mask": (indexed, (TABLE, TABLE > 4), ["x[rows]"]),
    "in a tuple": (lambda W, p: W[p[0], :, p[1]].sum(), (TABLE[..., None], (ROWS, ROWS % 1)), ["x[p[0], :, p[1]]"]),
    "in a dict": (lambda W, d: W[d["i"]].sum(), (TABLE, {"i": ROWS}), ["x[d['i']]"]),
    "computed from": (lambda W, x: (1.0 * W)[x > 4.0].sum(), (TABLE, TABLE), [">"]),
    "twice": (lambda W, i: W[i].sum() + (2.0 * W)[i].sum(), (TABLE, ROWS), ["x[i]", "x[i]"]),
    "take": (lambda W, i: np.take(W, i, axis=0).sum(), (TABLE, ROWS), ["take"]),
    "along": (lambda W, i: np.take_along_axis(W, i, axis=0).sum(), (TABLE, ROWS[:, None]), ["take"]),
    "where": (lambda W, m: np.where(m, W, 0.0).sum(), (TABLE, TABLE > 4), ["where"]),
    "classes": (lambda W, y: tg.cross_entropy(W, y), (TABLE, ROWS % 3), ["cross entropy"]),
    "smoothed": (lambda W, y: tg.cross_entropy(W, y, label_smoothing=0.1), (TABLE, ROWS % 3), ["cross entropy"]),
    "margins": (lambda W, y: nn.functional.multi_margin_loss(W, y), (TABLE, ROWS % 3), ["multi margin"]),
    "embedding": (lambda W, ids: nn.functional.embedding(ids, W, 0).sum(), (TABLE, ROWS), ["embedding"]),
    "written to": (lambda W, i: written(W * 1.0, i), (TABLE, ROWS), ["x[i] ="]),
}


def written(W, rows):
    W[rows] = 0.0
    return W.sum()


@together("name", list(READERS))
def test_each_input_is_connected_to_what_reads_it(name):
    function, inputs, readers = READERS[name]
    cards = tg.draw(function, *inputs)._graph.cards
    first, second = [card for card in cards if card.role == "input"][:2]
    assert first is not second
    number = cards.index(second)
    assert [card.symbol for card in cards if number in card.parents] == readers


def test_an_index_that_is_no_input_has_a_card_unless_it_is_short():
    few, many = np.array([1, 2]), np.tile(ROWS, 2)
    cards = graph_of(lambda W: W[few].sum() + W[many].sum(), TABLE).cards
    assert [card.symbol for card in cards if card.symbol.startswith("x[")] == ["x[[1, 2]]", "x[index]"]
    (index,) = [card for card in cards if card.role == "constant"]
    assert index.value.tolist() == many.tolist()
    named = graph_of(lambda W: W[few].sum(), TABLE, names={"few": few}).cards
    assert [card.symbol for card in named] == ["W", "few", "x[few]", "Σ"]


def test_a_recorded_graph_shows_the_indices_that_it_holds():
    W, many = tg.Tensor(TABLE, requires_grad=True, name="W"), np.tile(ROWS, 2)
    rows = tg.draw(nn.functional.embedding(many, W).sum() + W[many].sum(), names={"many": many})._graph.cards
    assert [card.symbol for card in rows] == ["W", "many", "embedding", "Σ", "many", "x[many]", "Σ", "+"]
    assert [rows[p].symbol for p in rows[2].parents] == ["W", "many"]
    rows = tg.draw(nn.functional.embedding(many, W))._graph.cards
    assert [(card.role, card.symbol) for card in rows[:2]] == [("input", "W"), ("constant", "array")]


OPTIONS = {
    "axis 1": lambda x: np.sum(x, axis=1),
    "axis (0, 1), keepdims": lambda x: np.max(x, axis=(0, 1), keepdims=True),
    "": np.mean,
    "axis 0, ddof 1": lambda x: np.std(x, axis=0, ddof=1),
    "(1, 0)": lambda x: np.transpose(x, (1, 0)),
    "0, 1": lambda x: np.swapaxes(x, 0, 1),
    "0 → 1": lambda x: np.moveaxis(x, 0, 1),
    "→ 3 × 5": lambda x: x.reshape(3, -1),
    "→ 2 × 5 × 3": lambda x: np.broadcast_to(x, (2, 5, 3)),
    "axis 0": lambda x: np.concatenate([x, x]),
    "axis 2": lambda x: np.expand_dims(x, 2),
    "shift 1, axis 1": lambda x: np.roll(x, 1, axis=1),
    "by 1": lambda x: np.pad(x, 1),
    "by (0, 0), (2, 1)": lambda x: np.pad(x, ((0, 0), (2, 1))),
    "float32": lambda x: x.astype("float32"),
    "ij, kj → ik": lambda x: np.einsum("ij,kj->ik", x, x),
}


@together("text", list(OPTIONS))
def test_a_card_says_the_options_that_are_not_the_defaults(text):
    (card,) = [card for card in graph_of(OPTIONS[text], TABLE).cards if card.role not in LEAVES]
    assert card.options == text


INDICES = {
    "x[1:]": lambda x: x[1:],
    "x[:-1]": lambda x: x[:-1],
    "x[:, 0]": lambda x: x[:, 0],
    "x[None]": lambda x: x[None],
    "x[…, ::2]": lambda x: x[..., ::2],
    "x[mask]": lambda x: x[x > 4.0],
    "x[::-1, :]": lambda x: np.flip(x, axis=0),
}


@together("text", list(INDICES))
def test_an_index_is_written_as_in_the_code(text):
    assert graph_of(INDICES[text], TABLE).cards[-1].symbol == text


def test_the_options_of_pools_and_convolutions_are_short():
    model = tg.Sequential(tg.Conv2d(1, 2, 3, padding=1, seed=0), nn.MaxPool2d(2))
    *_, conv, pool = tg.draw(model, np.ones((1, 1, 4, 4)))._graph.cards
    assert (conv.symbol, conv.options, pool.symbol, pool.options) == ("conv", "", "max pool", "kernel 2")


def test_options_stand_on_the_card():
    source = tg.draw(lambda x: np.sum(x, axis=1), TABLE).source
    assert ">axis 1<" in source


def test_drawing_a_loss_changes_no_running_statistics_and_no_random_numbers():
    model = tg.Sequential(tg.BatchNorm1d(2), tg.Dropout(0.5), tg.Linear(2, 1, seed=0))
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    tg.seed(0)
    expected = tg.random.draws().random()
    tg.seed(0)
    tg.draw(lambda x: tg.mse(model(x), np.zeros((3, 1))), np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]))
    assert all(np.array_equal(before[name], value.numpy()) for name, value in model.state_dict().items())
    assert tg.random.draws().random() == expected
    tg.seed(0)
    with pytest.raises(ZeroDivisionError):
        tg.draw(lambda x: model(x) * (1 // 0), np.ones((3, 2)))
    assert all(np.array_equal(before[name], value.numpy()) for name, value in model.state_dict().items())
    assert tg.random.draws().random() == expected


@together("target", {"a result": lambda x: tg.draw(x * x), "a model": lambda x: MODEL.draw(np.ones((1, 3)))})
def test_drawing_cannot_be_compiled(target):
    with pytest.raises(tg.TinygradError, match="draw cannot be compiled"):
        tg.compile(lambda x: (target(x), x.sum())[1])(np.ones(2))
