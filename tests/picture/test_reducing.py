"""Large graphs: collapsed, rolled up, or a neighbourhood; never a cycle, never a lost node, in linear time."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_like as tg
from tests.cases import calls_in
from tests.picture.test_draw import graph_of
from tinygrad_like.picture.graphs import reducing
from tinygrad_like.picture.graphs.graph import LEAVES, Card, Graph
from tinygrad_like.picture.graphs.neighbourhood import neighbourhood
from tinygrad_like.picture.graphs.reducing import collapsed, depths_of, reduced, with_references
from tinygrad_like.picture.graphs.repeats import steps_rolled_up
from tinygrad_like.picture.graphs.rolling import siblings_rolled_up


def follows_its_parents(graph):
    return all(parent < number for number, card in enumerate(graph.cards) for parent in card.parents)


@st.composite
def random_graphs(draw):
    """Cards of few kinds with random parents before them, so that much looks alike."""
    cards = []
    for number in range(draw(st.integers(1, 60))):
        count = draw(st.integers(0, min(number, 3)))
        parents = tuple(draw(st.integers(0, number - 1)) for _ in range(count))
        role = "operation" if parents else draw(st.sampled_from(["input", "parameter", "constant"]))
        value = np.array(float(number))
        cards.append(Card(role, draw(st.sampled_from("+×")), shape=(), value=value, gradient=value, parents=parents))
    return Graph(cards, [len(cards) - 1], len(cards))


@settings(max_examples=50, deadline=None)
@given(random_graphs())
def test_rolling_up_keeps_order_count_values_and_root(graph):
    siblings, runs = siblings_rolled_up(graph), steps_rolled_up(graph)
    assert follows_its_parents(siblings)
    assert sum(card.count for card in siblings.cards) == len(graph.cards)
    values = np.concatenate([np.ravel(card.value) for card in siblings.cards])
    assert sorted(values) == list(range(len(graph.cards)))
    assert follows_its_parents(runs)
    assert runs.cards[runs.roots[0]].value == len(graph.cards) - 1


@settings(max_examples=50, deadline=None)
@given(random_graphs(), st.integers(0, 3), st.integers(1, 20), st.data())
def test_a_neighbourhood_counts_all_that_it_leaves_out(graph, radius, most, data):
    centre = data.draw(st.integers(0, len(graph.cards) - 1))
    part = neighbourhood(graph, [centre], radius, most)
    shown = [card for card in part.cards if card.role != "stub"]
    hidden = [card for card in part.cards if card.role == "stub"]
    assert follows_its_parents(part)
    assert len(shown) <= most
    assert float(graph.cards[centre].value) in [float(card.value) for card in shown]
    more = sum(int(card.symbol.split()[1].replace(",", "")) for card in hidden)
    assert len(shown) + more == len(graph.cards)


@settings(max_examples=30, deadline=None)
@given(random_graphs())
def test_references_leave_few_uses(graph):
    shared = with_references(graph)
    assert follows_its_parents(shared)
    assert [float(c.value) for c in shared.cards if not c.refers] == list(range(len(graph.cards)))
    uses = [0] * len(shared.cards)
    for card in shared.cards:
        for parent in set() if card.refers else set(card.parents):
            uses[parent] += 1
    assert all(n <= 4 for n, card in zip(uses, shared.cards) if card.role in LEAVES)


# -- layers --------------------------------------------------------------------------------------------------


def deep_model(count, width=4):
    return tg.Sequential(*[each for i in range(count) for each in (tg.Linear(width, width, seed=i), tg.Tanh())])


def test_depth_shows_layers_as_cards():
    model = tg.Sequential(tg.Sequential(tg.Linear(2, 3, seed=0), tg.Tanh()), tg.Linear(3, 1, seed=1))
    graph = graph_of(model, np.ones((4, 2)))
    assert max(depths_of(graph).values()) == 2
    outer = collapsed(graph, 1)
    assert [(card.role, card.symbol) for card in outer.cards] == [
        ("input", "x"),
        ("group", "layers[0]"),
        ("group", "layers[1]"),
    ]
    assert [card.parameters for card in outer.cards] == [0, 9, 4]
    whole = model(np.ones((4, 2)))
    np.testing.assert_array_equal(outer.cards[2].value, whole.numpy())
    np.testing.assert_array_equal(outer.cards[1].value, model.layers[0](np.ones((4, 2))).numpy())
    assert outer.cards[1].gradient.shape == (4, 3)
    inner = [card.symbol for card in collapsed(graph, 2).cards]
    assert inner == ["x", "layers[0].layers[0]", "layers[0].layers[1]", "weight", "bias", "x @ Wᵀ + b"]


def test_a_parameter_that_others_use_is_not_swallowed():
    class Tied(tg.Layer):
        def __init__(self):
            self.inner = tg.Linear(3, 3, seed=0)

        def forward(self, x):
            return self.inner(x) @ self.inner.weight

    outer = collapsed(graph_of(Tied(), np.ones((2, 3))), 1)
    assert "weight" in [card.symbol for card in outer.cards]


def test_calls_of_a_layer_collapse_one_by_one():
    linear = tg.Linear(2, 2, seed=0)
    outer = collapsed(graph_of(tg.Sequential(linear, tg.Tanh(), linear), np.ones((1, 2))), 1)
    layers = [(card.role, card.symbol) for card in outer.cards if card.role not in LEAVES]
    assert layers == [("group", "layers[0]"), ("activation", "layers[1]"), ("group", "layers[0]")]
    assert [card.label for card in outer.cards if card.symbol == "layers[0]"] == ["call 1", "call 2"]


def test_a_layer_that_detaches_something_can_be_collapsed():
    class Detaching(tg.Layer):
        def __init__(self):
            self.w = tg.Parameter(2.0)

        def forward(self, x):
            y = x * self.w
            return y * y.detach()

    layers = tg.Sequential(*[Detaching() for _ in range(5)])
    outer = collapsed(graph_of(layers, np.ones(2)), 1)
    assert [card.role for card in outer.cards] == ["input"] + ["group"] * 5
    assert len(layers.draw(np.ones(2), max_nodes=3)._graph.cards) <= 3 + 2


def test_a_layer_that_ends_in_a_row_is_one_card():
    class Loop(tg.Layer):
        def forward(self, x):
            for _ in range(10):
                x = np.sin(x)
            return x

    rolled = steps_rolled_up(graph_of(tg.Sequential(Loop(), tg.Tanh()), np.ones(2)))
    assert [card.count for card in rolled.cards if card.in_row] == [10]
    assert [(card.symbol, card.count, card.in_row) for card in collapsed(rolled, 1).cards if card.role == "group"] == [
        ("layers[0]", 1, False)
    ]


def test_collapsed_twice_keeps_its_parameters():
    model = tg.Sequential(tg.Sequential(tg.Sequential(tg.Linear(2, 2, seed=0))), tg.Linear(2, 2, seed=1))
    twice = collapsed(collapsed(graph_of(model, np.ones((1, 2))), 2), 1)
    assert [card.parameters for card in twice.cards if card.role == "group"] == [6, 6]


def test_which_operands_are_the_same_tells_siblings_apart():
    a1, a2 = (tg.Tensor(v, requires_grad=True) for v in (1.0, 2.0))
    rolled = siblings_rolled_up(graph_of(np.sin(a1 * a1) + np.sin(a1 * a2) + np.sin(a2 * a2)))
    assert sorted(card.count for card in rolled.cards if card.symbol == "×") == [1, 2]


def test_labels_that_differ_are_not_mixed():
    x = tg.Tensor(1.0, requires_grad=True)
    first, second = np.sin(x * 1.0), np.sin(x * 2.0)
    first.name, second.name = "h1", "good"
    rolled = siblings_rolled_up(graph_of(np.stack([first, second]), names={"h1": first, "good": second}))
    assert [card.label for card in rolled.cards if card.symbol == "sin"] == ["…"]


def two_rows():
    """The graph of ten sines in a row, twice beside each other."""
    x = tg.Tensor(1.0, requires_grad=True)
    ends = []
    for _ in range(2):
        y = x
        for _ in range(10):
            y = np.sin(y)
        ends.append(y)
    return graph_of(np.stack(ends))


def test_rows_beside_each_other_show_their_last():
    rolled = siblings_rolled_up(steps_rolled_up(two_rows()))
    assert [(card.count, card.in_row, card.value.shape) for card in rolled.cards if card.in_row] == [(20, True, ())]


def test_rows_of_siblings_count_all_of_them():
    rolled = steps_rolled_up(siblings_rolled_up(two_rows()))
    assert [card.count for card in rolled.cards if card.in_row] == [20]


def test_rolled_up_layers_keep_their_parameters():
    heads = [tg.Linear(2, 2, seed=i) for i in range(5)]
    side_by_side = collapsed(graph_of(lambda x: np.stack([head(x) for head in heads]), np.ones((1, 2))), 1)
    assert [card.parameters for card in siblings_rolled_up(side_by_side).cards if card.role == "group"] == [30]
    in_a_row = collapsed(graph_of(tg.Sequential(*heads), np.ones((1, 2))), 1)
    assert sum(card.parameters for card in steps_rolled_up(in_a_row).cards) == 30


def test_many_results_of_a_layer_are_collapsed_in_linear_time():
    class Many(tg.Layer):
        def forward(self, x, count):
            return [x * float(i) for i in range(count)]

    def graph(count):
        many = Many()
        return graph_of(lambda x: [many(x, count), many(x, count)], 1.0)

    few, more = graph(200), graph(400)
    assert len(collapsed(more, 1).cards) == 3
    assert calls_in(lambda: collapsed(more, 1)) < 2.5 * calls_in(lambda: collapsed(few, 1))


def test_layers_with_other_contents_are_not_identical():
    class Bottleneck(tg.Layer):
        def __init__(self, width):
            self.a, self.b = tg.Linear(3, width, seed=0), tg.Linear(width, 3, seed=1)

        def forward(self, x):
            return self.b(np.tanh(self.a(x)))

        def label(self):
            return ""

    model = tg.Sequential(*[Bottleneck(width) for width in (2, 5, 100, 7, 3, 11, 64, 8)])
    small = reduced(graph_of(model, np.ones((1, 3))), None, [], 2, 20)
    assert [card.count for card in small.cards] == [1] * len(small.cards)


def test_sums_over_other_axes_are_not_identical():
    def f(x):
        return sum(np.sum(np.sum(x * float(i), axis=i % 2)) for i in range(1, 9))

    small = siblings_rolled_up(graph_of(f, np.ones((3, 3))))
    assert sorted(card.options for card in small.cards if card.symbol == "Σ") == ["", "", "axis 0", "axis 1"]


def test_stubs_count_what_collapsed_layers_and_runs_stand_for():
    picture = deep_model(200).draw(np.ones((1, 4)), max_nodes=1)
    assert [card.symbol for card in picture._graph.cards] == ["… 1 more", "× 200 in a row"]
    assert "1 of 801 nodes" in picture.source


def test_numbers_rolled_up_show_their_values():
    x = tg.Tensor(1.0, requires_grad=True)
    picture = np.stack([x * float(i) for i in range(2, 402)]).sum().draw()
    (constants,) = [card for card in picture._graph.cards if card.role == "constant"]
    assert constants.count == 400
    assert ">2 … 401<" in picture.source


def test_a_row_says_that_it_shows_the_last():
    source = chain(2_000).draw(max_nodes=20).source
    assert re.search(r"last of \d+, scalar", source)


def test_boxes_in_boxes_end_somewhere():
    model = tg.Linear(2, 2, seed=0)
    for _ in range(60):
        model = tg.Sequential(model)
    assert model.draw(np.ones((1, 2))).source.count("subgraph cluster") <= 12


def tangle(n):
    def f(x):
        a = [np.sin(x * float(i)) for i in range(n)]
        b = [sum(a) * float(j) for j in range(3)]
        return np.stack([np.stack(a + b)[i] for i in range(n)]).sum()

    return f


def test_a_tangle_is_drawn_in_straight_lines():
    assert "splines=line" in tg.draw(tangle(20), 2.0, max_nodes=300).source
    assert "splines" not in deep_model(100).draw(np.ones((1, 4)), max_nodes=500).source


def test_too_many_arrows_are_too_many_cards():
    assert len(graph_of(tangle(35), 2.0).cards) < 300
    assert len(tg.draw(tangle(35), 2.0)._graph.cards) < 60


def test_a_deep_model_becomes_a_few_cards():
    graph = graph_of(deep_model(100), np.ones((3, 4)))
    small = reduced(graph, None, [], 2, 50)
    assert len(small.cards) <= 10
    assert small.total == len(graph.cards) == 401
    repeated = {card.symbol: card.count for card in small.cards if card.in_row}
    assert repeated == {"weight": 100, "bias": 100, "x @ Wᵀ + b": 100, "tanh": 100}
    (box,) = {id(card.cluster.chain()[0]): card.cluster.chain()[0] for card in small.cards if card.in_row}.values()
    assert (box.title, box.label) == ("× 100 in a row", "layers[0] … layers[199]")
    (stub,) = [card for card in small.cards if card.role == "stub"]
    assert stub.symbol == "tanh of the one before"
    whole = collapsed(small, 1)
    assert [(c.symbol, c.parameters) for c in whole.cards if c.role == "group"] == [("× 100 in a row", 100 * 20)]


def test_neurons_become_one_with_all_their_values():
    class Neuron(tg.Layer):
        def __init__(self, n):
            self.w = [tg.Parameter(float(i)) for i in range(n)]

        def forward(self, xs):
            return np.tanh(sum(w * x for w, x in zip(self.w, xs)))

    class Wide(tg.Layer):
        def __init__(self):
            self.neurons = [Neuron(3) for _ in range(16)]

        def forward(self, xs):
            return np.stack([neuron(xs) for neuron in self.neurons])

    xs = [tg.Tensor(float(i), name=f"x{i}") for i in range(3)]
    graph = graph_of(Wide(), xs)
    small = siblings_rolled_up(graph)
    (tanh,) = [card for card in small.cards if card.symbol == "tanh"]
    assert tanh.count == 16
    assert tanh.value.shape == tanh.gradient.shape == (16,)
    assert tanh.cluster.count == 16
    assert tanh.cluster.title == "neurons[…]"
    assert len(small.cards) < 15


def test_parameters_of_different_layers_stay_apart():
    rng = np.random.default_rng(0)

    def layer(xs):
        return [np.tanh(sum(tg.Parameter(w) * x for w, x in zip(rng.normal(size=3), xs))) for _ in range(3)]

    xs = [tg.Tensor(float(i)) for i in range(3)]
    small = siblings_rolled_up(graph_of(lambda: sum(layer(layer(layer(xs))))))
    assert [card.count for card in small.cards if card.role == "parameter"] == [9, 9, 9]


def test_side_by_side_is_not_a_row():
    x = tg.Tensor(1.0, requires_grad=True)
    heads = [np.tanh(x * float(i)) for i in range(10)]
    graph = graph_of(np.stack(heads))
    assert [card.count for card in steps_rolled_up(graph).cards] == [1] * len(graph.cards)


def test_a_parameter_of_two_rows_belongs_to_neither():
    w = tg.Parameter(0.5, name="w")
    x = tg.Tensor(1.0, requires_grad=True)
    for _ in range(5):
        x = x * w
    y = np.exp(x)
    for _ in range(5):
        y = y * w
    rolled = steps_rolled_up(graph_of(y))
    assert [(card.symbol, card.count) for card in rolled.cards] == [
        ("w", 1),
        ("leaf", 1),
        ("×", 5),
        ("eˣ", 1),
        ("×", 4),
        ("×", 1),  # the root
    ]


def test_the_title_says_how_much_is_shown():
    source = deep_model(100).draw(np.ones((3, 4)), max_nodes=50).source
    assert " of 401 nodes" in source


# -- size ------------------------------------------------------------------------------------------------------


def chain(length):
    x = y = tg.Tensor(1.0, requires_grad=True, name="x")
    for i in range(length):
        y = y + x if i % 2 else y * 0.5
    return y


def test_a_long_chain_is_rolled_up_without_recursion():
    picture = chain(5_000).draw()
    assert f" of {5_000 + 2_500 + 1:,} nodes" in picture.source
    assert "×2,499" in picture.source or "×2,500" in picture.source
    assert len(picture.source) < 100_000


def test_a_huge_chain_is_rolled_up_first(monkeypatch):
    monkeypatch.setattr(reducing, "HUGE", 10_000)
    monkeypatch.setattr(reducing, "siblings_rolled_up", lambda graph: pytest.fail("All siblings are compared."))
    picture = chain(8_000).draw()
    assert len(picture._graph.cards) < 20


def test_sharing_everything_is_linear():
    y = tg.Tensor(1.0, requires_grad=True)
    for _ in range(1_000):
        y = y + y
    assert " of 1,001 nodes" in y.draw().source


def test_thousands_of_parents():
    xs = [tg.Tensor(float(i), requires_grad=True) for i in range(2_000)]
    picture = np.sum(np.stack(xs)).draw()
    assert "×2,000" in picture.source
    assert len(picture._graph.cards) == 3


def test_an_irregular_graph_shows_what_is_next_to_the_root():
    rng = np.random.default_rng(0)
    values = [tg.Tensor(1.0, requires_grad=True)]
    functions = (np.sin, np.cos, np.tanh, np.exp, np.negative)
    for _ in range(600):
        a, b = rng.integers(max(0, len(values) - 20), len(values), 2)
        values.append(functions[rng.integers(5)](values[a]) * values[b])
    picture = values[-1].draw(max_nodes=60)
    shown = [card for card in picture._graph.cards if card.role != "stub" and not card.refers]
    assert 30 < len(shown) <= 60
    assert "more" in picture.source
    assert "loss" in [card.role for card in shown]


# -- focus -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "focus",
    [lambda model: model.layers[4], lambda model: "layers[4]", lambda model: model.layers[4].weight],
    ids=["layer", "path", "parameter"],
)
def test_focus_shows_the_surroundings(focus):
    model = deep_model(10)
    picture = model.draw(np.ones((3, 4)), focus=focus(model), radius=1)
    symbols = [card.symbol for card in picture._graph.cards]
    assert "weight" in symbols
    assert any("more" in symbol for symbol in symbols)
    assert len(symbols) < 12


def test_focus_on_a_tensor_of_a_bare_graph():
    x = tg.Tensor(1.0, requires_grad=True, name="x")
    h = x * 2.0
    y = h
    for _ in range(30):
        y = np.sin(y)
    picture = y.draw(focus=h, radius=1)
    assert "… 29 more" in [card.symbol for card in picture._graph.cards]


def test_radius_0_is_the_focus_alone():
    x = tg.Tensor(1.0, requires_grad=True, name="x")
    picture = (x * 2.0 + 1.0).draw(focus="x", radius=0)
    assert [card.symbol for card in picture._graph.cards if card.role != "stub"] == ["x"]
