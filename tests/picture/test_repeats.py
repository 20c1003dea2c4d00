"""Steps that repeat in a row: one is shown, in a box, with the last values; and very long loops take seconds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_like as tg
from tests.picture.test_draw import graph_of
from tests.picture.test_reducing import follows_its_parents
from tinygrad_like.picture import progress
from tinygrad_like.picture.captured import thinning
from tinygrad_like.picture.graphs.reducing import collapsed
from tinygrad_like.picture.graphs.repeats import LONGEST_STEP, runs_of, steps_rolled_up

X = np.random.default_rng(0).normal(size=(2, 20, 2))


class Gated(tg.Layer):
    """A recurrent network of Linear layers and concatenate, without a layer for a step."""

    def __init__(self):
        self.z, self.c, self.out = tg.Linear(5, 3, seed=0), tg.Linear(5, 3, seed=1), tg.Linear(3, 1, seed=2)

    def forward(self, x):
        h = np.zeros((len(x), 3))
        for t in range(x.shape[1]):
            both = np.concatenate([x[:, t], h], axis=1)
            z = tg.sigmoid(self.z(both))
            h = z * h + (1 - z) * np.tanh(self.c(both))
        return self.out(h)


def test_time_steps_are_one_box_with_what_comes_from_the_step_before():
    model = Gated()
    graph = graph_of(model, X)
    rolled = steps_rolled_up(graph)
    assert follows_its_parents(rolled)
    assert sum(card.nodes for card in rolled.cards) == rolled.total == len(graph.cards)
    inside = [card for card in rolled.cards if card.cluster and card.cluster.chain()[0].title == "× 20 steps"]
    (before,) = [card for card in inside if card.role == "stub"]
    assert before.symbol == "+ of the step before"
    assert [rolled.cards[p].symbol for p in before.parents] == ["array"]  # the zeros that the first step starts with
    assert {card.count for card in inside if card.in_row} == {20}
    weights = [card for card in inside if card.role == "parameter"]
    assert [card.count for card in weights] == [1] * 4
    assert {card.cluster.title for card in weights} == {"z", "c"}
    # The values are those of the last step.
    last = [card for card in graph.cards if card.symbol == "+"][-1]
    shown = [card for card in rolled.cards if card.symbol == "+"][-1]
    np.testing.assert_array_equal(shown.value, last.value)
    np.testing.assert_array_equal(shown.gradient, last.gradient)


def test_as_a_card_the_steps_count_their_parameters():
    whole = collapsed(steps_rolled_up(graph_of(Gated(), X)), 1)
    (steps,) = [card for card in whole.cards if card.symbol == "× 20 steps"]
    assert steps.parameters == 2 * (5 * 3 + 3)


@pytest.mark.parametrize(("most", "shown"), [(100, 20), (15, 4)])
def test_few_nodes_of_many_steps_can_be_read(most, shown):
    picture = Gated().draw(X, max_nodes=most)
    assert f"{shown} of " in repr(picture)
    assert not any(card.count > 1 and not card.in_row for card in picture._graph.cards)
    assert "20 steps" in picture.source


def test_lists_of_inputs_and_of_weights_go_into_the_box():
    weights = [tg.Parameter(np.eye(2) * i, name=f"w{i}") for i in range(6)]

    def total(*xs):
        h = np.ones(2)
        for w, x in zip(weights, xs):
            h = np.tanh(w @ h + x)
        return h.sum()

    rolled = steps_rolled_up(graph_of(total, *[np.full(2, float(i)) for i in range(6)]))
    leaves = [card for card in rolled.cards if card.role in ("parameter", "input")]
    assert sorted((card.symbol, card.count) for card in leaves) == [("w…", 6), ("x…", 6)]
    assert {card.cluster.title for card in leaves} == {"× 6 steps"}


def test_a_loop_in_a_loop():
    def f(x):
        for _ in range(5):
            for _ in range(4):
                x = np.sin(x)
            x = x * 2.0
        return x

    rolled = steps_rolled_up(graph_of(f, np.ones(3)))
    assert follows_its_parents(rolled)
    assert sum(card.nodes for card in rolled.cards) == rolled.total
    assert len(rolled.cards) <= 8


def test_what_starts_differently_is_not_a_step():
    def f(x):
        for i in range(6):
            x = np.sin(x) if i % 2 else np.cos(x) * 2.0
        return x

    (run,) = runs_of(graph_of(f, np.ones(2)))
    assert (run.period, run.repeats) == (3, 3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("sctm"), min_size=1, max_size=5), st.integers(1, 7), st.integers(0, 3))
def test_random_loops_keep_order_count_and_root(body, repeats, before):
    functions = {"s": np.sin, "c": np.cos, "t": np.tanh, "m": lambda x: x * 2.0}

    def f(x):
        for _ in range(before):
            x = np.exp(x)
        start = x
        for _ in range(repeats):
            for each in body:
                x = functions[each](x)
            x = x + start
        return x

    graph = graph_of(f, np.ones(2))
    rolled = steps_rolled_up(graph)
    assert follows_its_parents(rolled)
    assert sum(card.nodes for card in rolled.cards) == rolled.total == len(graph.cards)
    assert rolled.roots == [len(rolled.cards) - 1]
    if repeats >= 3:
        assert len(rolled.cards) < len(graph.cards)


# -- very long loops ---------------------------------------------------------------------------------------------


def long_chain(length):
    x = y = tg.Tensor(1.0, requires_grad=True, name="x")
    for i in range(length):
        y = y + x if i % 2 else np.sin(y)
    return y


def test_of_a_very_long_loop_few_nodes_become_cards(monkeypatch):
    y = long_chain(4_000)
    whole = graph_of(y)
    monkeypatch.setattr(thinning, "HUGE", 1_000)
    thin = graph_of(y)
    assert len(whole.cards) == whole.total == thin.total == 4_001
    assert len(thin.cards) < 3 * LONGEST_STEP
    assert sum(card.nodes for card in thin.cards) == thin.total
    for a, b in zip(whole.cards[-4:], thin.cards[-4:]):
        assert a.symbol == b.symbol
        np.testing.assert_array_equal(a.value, b.value)
        np.testing.assert_array_equal(a.gradient, b.gradient)
    np.testing.assert_array_equal(whole.cards[0].gradient, thin.cards[0].gradient)
    assert {card.count for card in steps_rolled_up(thin).cards if card.in_row} == {1_999}


def test_after_what_is_left_out_no_value_is_computed_from_another_step(monkeypatch):
    monkeypatch.setattr(thinning, "HUGE", 500)
    x = y = tg.Tensor(1.0, requires_grad=True)
    for _ in range(2_000):
        y = y + x  # its rule keeps nothing, so values are computed again where they can be
    cards = graph_of(y).cards
    assert [card.value.item() for card in cards[:4]] == [1.0, 2.0, 3.0, 4.0]
    assert cards[-1].value.item() == 2_001.0
    assert [(card.value, card.note) for card in cards[-4:-1]] == [(None, "not kept")] * 3


def test_a_loop_whose_results_are_all_used_is_thinned_too(monkeypatch):
    monkeypatch.setattr(thinning, "HUGE", 500)
    y, all_of_them = tg.Tensor(np.ones(2), requires_grad=True), []
    for _ in range(2_000):
        y = np.sin(y)
        all_of_them.append(y)
    graph = graph_of(np.stack(all_of_them))
    assert follows_its_parents(graph)
    assert graph.total == 2_002
    assert len(graph.cards) < 20


def test_a_bar_tells_how_far_drawing_is(monkeypatch, capsys):
    monkeypatch.setattr(progress, "LONG", -1.0)
    long_chain(10).draw()
    assert "draw: 100%" in capsys.readouterr().err
    monkeypatch.setattr(progress, "LONG", 1e9)
    long_chain(10).draw()
    assert capsys.readouterr().err == ""


class Walk(tg.Layer):
    def __init__(self):
        self.next, self.out = (
            tg.Sequential(tg.Linear(4, 3, seed=0), tg.Tanh(), tg.Linear(3, 2)),
            tg.Linear(2, 1, seed=1),
        )

    def forward(self, x):
        h = np.zeros((3, 2))
        for t in range(20):
            h = self.next(np.concatenate([x[:, t], h], axis=1)) * 0.5
        return self.out(h)


def test_a_layer_in_each_step_says_that_its_last_call_is_shown():
    graph = collapsed(steps_rolled_up(graph_of(Walk(), np.ones((3, 20, 2)))), 2)
    (layer,) = (card for card in graph.cards if card.role == "group")
    assert (layer.symbol, layer.count, layer.in_row) == ("next", 20, True)
    whole = collapsed(graph, 1)  # the steps as one card are shown once
    assert [card.count for card in whole.cards if card.role == "group"] == [1, 1]
