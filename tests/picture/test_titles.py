"""What cards and pictures are called: nothing twice, and nothing without its place."""

import functools
import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_blocks import cards_of, computed, names
from tinygrad_like import nn

ROWS = np.random.default_rng(0).normal(size=(4, 3))
LENGTHS = np.arange(3.0)

# Functions of several operations, and the names and options that their only card has.
BLOCKS = {
    "var": (lambda x: np.var(x, axis=0, ddof=1), [("var", "axis 0, ddof 1")]),
    "var of": (lambda x: x.var(), [("var", "")]),
    "norm": (lambda x: np.linalg.norm(x, axis=1), [("‖x‖", "norm")]),
    "norm 1": (lambda x: np.linalg.norm(x, 1), [("norm", "ord 1")]),
    "median": (np.median, [("median", "")]),
    "quantile": (lambda x: np.quantile(x, 0.3), [("quantile", "")]),
    "nanmean": (np.nanmean, [("nanmean", "")]),
    "cov": (np.cov, [("cov", "")]),
    "diff": (np.diff, [("diff", "")]),
    "gradient": (lambda x: np.gradient(x, axis=0), [("gradient", "")]),
    "unwrap": (np.unwrap, [("unwrap", "")]),
    "interp": (lambda x: np.interp(x, LENGTHS, LENGTHS), [("interp", "")]),
    "cross": (lambda x: np.cross(x, x[::-1]), [("x[::-1]", ""), ("cross", "")]),
    "kron": (lambda x: np.kron(x, x), [("kron", "")]),
    "polyval": (lambda x: np.polyval(x[0], 2.0), [("x[0]", ""), ("polyval", "")]),
    "tile": (lambda x: np.tile(x, (2, 1)), [("tile", "")]),
    "clip": (lambda x: np.clip(x, -1, 1), [("clip", "min -1, max 1")]),
    "log_softmax": (lambda x: nn.functional.log_softmax(x, 0), [("log softmax", "axis 0")]),
}


@together("name", list(BLOCKS))
def test_functions_of_several_operations_are_one_card(name):
    function, expected = BLOCKS[name]
    assert names(computed(cards_of(function, ROWS))) == expected


def test_a_card_that_can_be_opened_says_how_many_operations_are_in_it():
    picture = tg.draw(np.var, ROWS)
    assert [card.operations for card in picture._graph.cards] == [1, 4]
    assert ">4 operations<" in picture.source
    assert "operations<" not in tg.draw(np.var, ROWS, detail="op").source
    x = tg.Tensor(ROWS, requires_grad=True)
    assert ">4 operations<" in np.var(x).draw().source
    model = tg.Sequential(tg.Linear(3, 3, seed=0), nn.LayerNorm(3))
    assert ">6 parameters · 3 operations<" in model.draw(ROWS, depth=1).source


def test_a_box_around_one_card_of_the_same_name_goes():
    model = tg.Sequential(tg.Linear(3, 2, seed=0), tg.Tanh(), nn.Dropout(0.2), tg.Lambda(lambda x: x * 2.0))
    cards = computed(cards_of(model, ROWS))
    assert [(card.symbol, card.place, card.options) for card in cards[1:3]] == [
        ("tanh", "layers[1]", ""),
        ("dropout", "layers[2]", "p 0.2"),
    ]
    assert [card.cluster and card.cluster.title for card in cards] == ["layers[0]", None, None, "layers[3]"]


def test_a_box_that_says_more_stays():
    titles = {
        card.cluster.label for card in cards_of(tg.Sequential(nn.Flatten(), tg.Linear(3, 1)), ROWS) if card.cluster
    }
    assert titles == {"Flatten", "Linear 3 → 1"}


def test_the_loss_has_a_box_only_if_it_has_several_cards():
    model = tg.Linear(3, 1, seed=0)
    one = cards_of(lambda x, y: tg.mse(model(x), y), ROWS, ROWS[:, :1])[-1]
    assert (one.symbol, one.label, one.cluster) == ("mse", "loss", None)
    several = cards_of(lambda x, y: np.mean((model(x) - y) ** 2), ROWS, ROWS[:, :1])[-1]
    assert (several.cluster.title, several.cluster.label) == ("Loss", "mean")
    penalised = cards_of(lambda x: tg.mse(model(x), ROWS[:, :1]) + np.sum(model(x) ** 2), ROWS)[-1]
    assert (penalised.cluster.title, penalised.cluster.label) == ("Loss", "")  # "add" would say nothing


class Tied(tg.Layer):
    def __init__(self):
        self.first, self.second = tg.Linear(3, 3, seed=0), tg.Linear(3, 3, seed=1)
        self.second.weight = self.first.weight

    def forward(self, x):
        for _ in range(5):
            x = self.second(self.first(x))
        return x @ self.first.weight


def test_a_parameter_outside_of_its_layer_says_where_it_belongs():
    collapsed = {card.symbol for card in cards_of(Tied(), ROWS, depth=1) if card.role == "parameter"}
    assert collapsed == {"first.weight", "first.bias", "second.bias"}
    cards = cards_of(Tied(), ROWS, max_nodes=100)
    whole = [(card.symbol, card.cluster and card.cluster.title) for card in cards if card.role == "parameter"]
    assert whole[0] == ("weight", "first")
    assert ("first.weight", "second") in whole
    assert ("first.weight", None) in whole
    assert ("bias", "second") in whole


class Sum(tg.Layer):
    def __init__(self):
        self.layers = [tg.Linear(3, 3, seed=i) for i in range(20)]

    def forward(self, x):
        return np.max(np.stack([x @ layer.weight for layer in self.layers]), axis=0)


def test_parameters_of_layers_that_were_not_called_say_their_layers():
    weights = [card.symbol for card in cards_of(Sum(), ROWS, max_nodes=100) if card.role == "parameter"]
    assert weights == [f"layers[{i}].weight" for i in range(20)]
    (rolled,) = [card for card in cards_of(Sum(), ROWS, max_nodes=10) if card.role == "parameter"]
    assert (rolled.symbol, rolled.count) == ("layers[…].weight", 20)


def scaled(x, factor=1.0):
    return x * factor


class Scorer:
    def __call__(self, x):
        return x.sum()

    def energy(self, q, v):
        return (q * v).sum()


TITLES = {
    "f(a, b)": lambda a, b: a * b,
    "scaled(x)": scaled,
    "scaled(x) ": functools.partial(scaled, factor=2.0),
    "Scorer(x)": Scorer(),
    "energy(q, v)": Scorer().energy,
    "sin(x)": np.sin,
}


@together("title", list(TITLES))
def test_the_title_of_a_function(title):
    inputs = [ROWS] * max(1, title.count(",") + 1)
    assert tg.draw(TITLES[title], *inputs)._options.title == title.strip()


def test_a_function_of_many_parameters_has_only_its_name_as_title():
    def far_too_long(first_parameter, second_parameter, third_parameter):
        return first_parameter

    assert tg.draw(far_too_long, 1.0, 1.0, 1.0)._options.title == "far_too_long"


def test_layers_of_lambdas_are_called_plainly():
    model = tg.Sequential(tg.Lambda(lambda x: x * 2.0), tg.Lambda(functools.partial(scaled, factor=3.0)))
    assert [layer.label() for layer in model.layers] == ["f(x)", "scaled"]
    assert "lambda>" not in model.draw(ROWS).source


NET = tg.Sequential(tg.Linear(3, 2, seed=0), nn.LayerNorm(2), nn.Softmax())
NOT_THERE = {
    "layer[0]": "Did you mean layers[0]",
    "layers[0].weights": "Did you mean layers[0].weight",
    "layernorm": "There are layers[0], layers[1], layers[2], …",
    "zzz": "There are layers[0], layers[1], layers[2], …",
}


@together("focus", list(NOT_THERE))
def test_a_focus_that_is_not_there(focus):
    with pytest.raises(tg.ArgumentError, match=re.escape(f"focus='{focus}' is not in this graph")) as error:
        NET.draw(ROWS, focus=focus)
    assert NOT_THERE[focus] in str(error.value)
    assert len(str(error.value)) < 250


@together("focus", ["layers[0].weight", "layers[1].weight", "softmax", "layers[2]", "x"])
def test_a_focus_on_what_has_a_name(focus):
    cards = cards_of(NET, ROWS, focus=focus, radius=0)
    shown = [card for card in cards if card.role != "stub"]
    assert focus in [name for card in shown for name in (card.path, card.symbol, card.place)]
    assert len(shown) == 1
