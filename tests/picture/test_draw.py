"""`draw`: what a picture holds of a Tensor, a model, a function; and what drawing leaves alone."""

import copy
import pathlib
import re
import weakref

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.picture import drawing
from tinygrad_like.picture.captured.places import Places
from tinygrad_like.picture.graphs.arranging import arrange
from tinygrad_like.picture.options import Options

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


class Dense(tg.Layer):
    def __init__(self, n, m, act, seed):
        rng = np.random.default_rng(seed)
        self.W = tg.Parameter(rng.normal(size=(n, m)))
        self.b = tg.Parameter(rng.normal(size=m))
        self.act = act

    def forward(self, x):
        return self.act(x @ self.W + self.b)

    def label(self):
        return f"{self.W.shape[0]} → {self.W.shape[1]}"


def xor_model():
    return tg.Sequential(Dense(2, 3, np.tanh, 0), Dense(3, 1, tg.sigmoid, 1))


def xor_loss(model):
    def loss(X, y):
        return np.mean((model(X) - y) ** 2)

    return loss


def graph_of(target, *inputs, names=None, gradients=True):
    """The cards before they are drawn, by label, symbol or number."""
    options = Options(names, "auto", None, "LR", None, 2, 300, gradients, None, "light")
    graph, name = drawing.built(target, inputs, options, Places())
    arrange(graph, name)
    return graph


def card(graph, name):
    (found,) = [c for c in graph.cards if name in (c.label, c.symbol)]
    return found


# -- values and gradients --------------------------------------------------------------------------------


def test_a_run_keeps_every_value_and_constant():
    graph = graph_of(lambda x: 3.0 * x + np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    assert [(c.role, c.symbol) for c in graph.cards] == [
        ("constant", "3"),
        ("input", "x"),
        ("operation", "×"),
        ("constant", "array"),
        ("operation", "+"),
    ]
    assert card(graph, "×").value.tolist() == [15.0, 18.0]
    assert card(graph, "array").value.tolist() == [1.0, 2.0]
    assert card(graph, "+").value.tolist() == [16.0, 20.0]


def test_gradients_are_those_of_backward():
    model = xor_model()
    loss = xor_loss(model)
    graph = graph_of(loss, X, Y)
    h = model.layers[0](X)
    h.retain_grad()
    wanted = np.mean((model.layers[1](h) - Y) ** 2)
    wanted.backward()
    by_id = {id(c.origin): c for c in graph.cards}
    for parameter in model.parameters():
        np.testing.assert_array_equal(by_id[id(parameter)].gradient, parameter.grad.numpy())
    np.testing.assert_array_equal(card(graph, "tanh").gradient, h.grad.numpy())
    assert card(graph, "loss").gradient == 1
    assert float(card(graph, "loss").value) == wanted.item()


@pytest.mark.parametrize("filled", [False, True])
def test_drawing_leaves_every_grad_as_it_was(filled):
    model = xor_model()
    loss = xor_loss(model)
    if filled:
        loss(X, Y).backward()
    root = loss(tg.Tensor(X), tg.Tensor(Y))
    before = [None if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]
    root.draw(), tg.draw(loss, X, Y), model.draw(X)
    for parameter, old in zip(model.parameters(), before):
        if old is None:
            assert parameter.grad is None
        else:
            np.testing.assert_array_equal(parameter.grad.numpy(), old)
    root.backward()  # the graph is still whole


def test_grad_in_a_flat_vector_stays_in_place():
    model = xor_model()
    optimizer = tg.SGD(model.parameters(), 0.1)
    loss = xor_loss(model)
    loss(X, Y).backward()
    grads = [p.grad.numpy().copy() for p in model.parameters()]
    tg.draw(loss, X, Y)
    for parameter, old in zip(model.parameters(), grads):
        np.testing.assert_array_equal(parameter.grad.numpy(), old)
    optimizer.step()


def test_a_vector_result_has_the_gradient_of_its_sum():
    graph = graph_of(np.square, np.array([1.0, 2.0]))
    assert card(graph, "square").gradient.tolist() == [1.0, 1.0]
    assert "sum of" in graph.of
    assert graph.cards[0].gradient.tolist() == [2.0, 4.0]


def test_several_results():
    graph = graph_of(lambda x: {"a": x * 2.0, "b": [np.exp(x)]}, 1.0)
    assert len(graph.roots) == 2
    assert card(graph, "x").gradient == pytest.approx(2 + np.e)
    assert {c.label for c in graph.cards} >= {"output 0", "output 1"}


def test_data_of_a_loss_has_no_gradient_but_a_tensor_that_requires_one():
    model = xor_model()
    graph = graph_of(xor_loss(model), X, Y)
    assert card(graph, "X").gradient is None
    graph = graph_of(xor_loss(model), tg.Tensor(X, requires_grad=True), Y)
    assert card(graph, "X").gradient.shape == X.shape


def test_inside_no_grad_a_run_is_recorded_all_the_same():
    with tg.no_grad():
        assert graph_of(lambda x: x * x, 3.0).cards[0].gradient == 6


def test_integers_have_no_gradient_and_the_picture_says_so():
    picture = tg.draw(lambda x: x * 2, 3)
    assert "nothing requires a gradient" in picture.source


def test_a_model_without_trainable_parameters_is_drawn():
    model = tg.Linear(2, 1, seed=0)
    for parameter in model.parameters():
        parameter.requires_grad = False
    graph = graph_of(model, X)
    assert card(graph, "x @ Wᵀ + b").value.shape == (4, 1)
    assert graph.reason


def test_comparisons_and_masks_are_part_of_the_picture():
    graph = graph_of(lambda x: np.where(x > 0.0, x, 0.1 * x), np.array([-1.0, 1.0]))
    assert card(graph, ">").value.tolist() == [False, True]


def test_unused_computations_are_left_out():
    def f(x):
        np.exp(x)
        return x * 2.0

    assert "exp" not in [c.name or c.symbol for c in graph_of(f, 1.0).cards]


def test_the_graph_of_a_gradient_can_be_drawn():
    graph = graph_of(tg.grad(lambda x: x**3), 2.0)
    assert card(graph, "x").gradient == pytest.approx(12.0)
    assert graph.cards[graph.roots[0]].value == pytest.approx(12.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.exp(x.detach()) * x,
        lambda x: x * np.exp(x.detach()),
        lambda x: x * x.data,
        lambda x: x.detach() * np.exp(x) * 1.0,
    ],
)
def test_what_is_detached_has_a_card_of_its_own(function):
    graph = graph_of(function, 1.0)
    assert card(graph, "x").role == "input"
    assert card(graph, "x").gradient is not None
    assert card(graph, "detach").gradient is None
    assert [graph.cards[i].symbol for i in card(graph, "detach").parents] == ["x"]


def test_a_detached_result_stays_connected():
    graph = graph_of(lambda x: np.exp(x).detach() * x, 1.0)
    assert card(graph, "eˣ").value == pytest.approx(np.e)
    assert card(graph, "eˣ").gradient is None
    assert sum(c.role == "constant" for c in graph.cards) == 0


def test_a_parameter_that_is_used_detached_first_is_still_a_parameter():
    class Normed(tg.Layer):
        def __init__(self):
            self.w = tg.Parameter(np.array([3.0, 4.0]))

        def forward(self, x):
            return np.sum(x * (self.w / np.sqrt(np.sum(self.w.detach() ** 2))))

    graph = graph_of(Normed(), np.array([1.0, 2.0]))
    assert card(graph, "w").role == "parameter"
    np.testing.assert_allclose(card(graph, "w").gradient, [0.2, 0.4])
    assert [graph.cards[i].symbol for i in card(graph, "detach").parents] == ["w"]


def test_what_is_written_to_later_shows_what_it_was():
    def f(x):
        buffer = tg.Tensor(np.zeros(2))
        first = x + buffer
        buffer[0] = 5.0
        return first * buffer

    graph = graph_of(f, np.ones(2))
    assert sorted(c.value.tolist() for c in graph.cards if c.role == "constant") == [[0.0, 0.0], [5.0, 0.0]]


def test_an_unrecorded_result_that_is_written_to_shows_what_it_was():
    def f(x):
        state = tg.Tensor(np.zeros(2)) + 1.0
        y = x * state
        state[0] = 5.0
        return y

    assert card(graph_of(f, np.ones(2)), "+").value.tolist() == [1.0, 1.0]


def test_later_training_does_not_change_a_picture():
    model = tg.Linear(2, 1, seed=0)
    picture = model.draw(X)
    before = picture.source
    model.weight.data = np.zeros((1, 2))
    assert picture.source == before
    assert model.draw(X).source != before


def test_a_picture_keeps_no_tensor_alive():
    x = tg.Tensor([1.0], requires_grad=True)
    known = weakref.ref(x)
    picture = tg.draw(x * 2.0, names={"x": x}, focus=x)
    del x
    assert known() is None
    assert "x</B>" in picture.source


# -- a bare root -----------------------------------------------------------------------------------------


def test_a_bare_root_shows_what_it_holds_and_what_follows():
    a, b, c = (tg.Tensor(v, requires_grad=True, name=n) for v, n in ((2.0, "a"), (-3.0, "b"), (10.0, "c")))
    graph = graph_of(a * b + c)
    assert [(x.symbol, float(x.value), float(x.gradient)) for x in graph.cards] == [
        ("a", 2.0, -3.0),
        ("b", -3.0, 2.0),
        ("c", 10.0, 1.0),
        ("×", -6.0, 1.0),
        ("+", 4.0, 1.0),
    ]


def test_a_freed_graph_shows_shapes_and_says_so():
    x = tg.Tensor([1.0, 2.0], requires_grad=True, name="x")
    y = np.sum(np.exp(x) * x)
    y.backward()
    source = y.draw().source
    assert "freed by backward()" in source
    assert "the graph was freed by backward(), so only leaves have one: their .grad" in source
    graph = graph_of(y)
    assert card(graph, "eˣ").value is None
    assert card(graph, "eˣ").shape == (2,)
    np.testing.assert_array_equal(card(graph, "x").gradient, x.grad.numpy())


def test_what_was_never_kept_is_told_apart_from_what_was_freed():
    x = tg.Tensor([1.0], requires_grad=True)
    graph = graph_of(np.exp(x + np.ones(1)))
    assert card(graph, "constant").note == "not kept"


def test_a_result_that_a_rule_kept_is_there_though_its_operand_is_not():
    x = tg.Tensor([1.0], requires_grad=True)
    graph = graph_of(np.exp(x + np.ones(1)) * 2.0)
    assert card(graph, "+").note == "not kept"
    assert card(graph, "eˣ").value == pytest.approx(np.exp(2.0))


def test_an_overwritten_value_is_told_not_raised():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    with tg.no_grad():
        x -= 1.0
    assert "was overwritten" in graph_of(y).reason
    source = y.draw().source
    assert "no gradients: " in source
    assert "gradient =" not in source


def test_nothing_is_computed_from_what_was_written_to_since():
    x = tg.Tensor([1.0, 2.0], requires_grad=True, name="x")
    y = (x + 1.0) + 1.0
    x.data = np.array([10.0, 20.0])
    graph = graph_of(y)
    assert card(graph, "x").note == "written to since"
    assert [c.note for c in graph.cards if c.symbol == "+"] == ["not kept", ""]
    assert "value, written to since" in y.draw().source


def test_held_values_that_were_written_to_say_so():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    c = tg.Tensor([3.0, 4.0])
    z = (x * c) * 1.0 + 0.0
    c[:] = 50.0
    graph = graph_of(z)
    assert [card.note for card in graph.cards if card.shape == (2,) and card.role == "constant"] == ["written to since"]
    assert [c.value is None for c in graph.cards if c.symbol == "×"] == [True, True]
    y = x * 2.0
    s = np.sum(y * y)
    y.detach()[:] = 0.0
    assert "written to since" in [card.note for card in graph_of(s).cards if card.symbol == "×"]


def test_a_result_written_to_through_an_alias_says_so():
    def f(x):
        y = x * 2.0
        alias = y.detach()
        z = y + 1.0
        alias[:] = 0.0
        return np.sum(z)

    assert card(graph_of(f, np.ones(2)), "×").note == "written to since"


def test_a_parameter_with_two_values_is_counted_once():
    w = tg.Parameter([1.0, 2.0], name="w")

    def losses(x):
        first = np.sum(w * x)
        with tg.no_grad():
            w.data -= 1.0
        return first + np.sum(w * x * 3.0)

    graph = graph_of(losses, tg.Tensor(np.ones(2)))
    assert "2 parameters" in graph.facts
    cards = [c for c in graph.cards if c.role == "parameter"]
    assert [c.value.tolist() for c in cards] == [[1.0, 2.0], [0.0, 1.0]]
    assert [c.gradient is None for c in cards] == [True, False]


def test_a_freed_sum_shows_the_grad_of_its_leaves():
    a, b = tg.Tensor(2.0, requires_grad=True, name="a"), tg.Tensor(3.0, requires_grad=True, name="b")
    total = a + b
    total.backward()
    assert card(graph_of(total), "a").gradient == 1


def test_a_run_that_trains_shows_the_weights_that_it_used():
    w = tg.Parameter([1.0, 2.0], name="w")

    def step(x):
        y = np.sum(w * x)
        with tg.no_grad():
            w.data -= 1.0
        return y

    assert card(graph_of(step, np.ones(2)), "w").value.tolist() == [1.0, 2.0]


def test_what_a_transform_left_behind_is_drawn():
    kept = []

    def f(x):
        kept.append(x * 2.0)
        return kept[0] * kept[0]

    tg.grad(f)(3.0)
    graph = graph_of(kept[0])
    assert card(graph, "×").value == 6
    assert "freed by backward()" in graph.reason


def test_large_values_are_not_computed_again():
    x = tg.Tensor(np.ones(200_000), requires_grad=True)
    assert card(graph_of(np.sum((x + x) + x)), "Σ").value == 600_000
    assert [c.note for c in graph_of(np.sum((x + x) + x)).cards if c.symbol == "+"] == ["not kept", "not kept"]


def test_numbers_among_the_operands_are_there_also_when_freed():
    x = tg.Tensor(2.0, requires_grad=True, name="x")
    y = x + 3.0
    assert card(graph_of(y), "3").role == "constant"
    y.backward()
    assert card(graph_of(y), "3").value == 3


def test_a_number_with_a_name_shows_its_value():
    assert ">2<" in tg.draw(tg.Tensor(2.0)).source
    s = np.array(4.0)
    assert ">4<" in tg.draw(lambda x: np.sum(x * s), np.ones(2), names={"s": s}).source


def test_complex_results_are_drawn():
    assert "output = 0+2j" in tg.draw(lambda x: np.sum(x * x), np.array([1 + 1j])).source


def test_a_card_of_a_reduction_says_its_axis():
    assert card(graph_of(lambda x: np.sum(x, axis=1), np.ones((2, 3))), "Σ").options == "axis 1"


def test_arrows_without_gradient_are_thin():
    source = tg.draw(lambda x: np.where(x > 0.5, x, 0.0), np.array([1.0, 2.0])).source
    widths = [float(w) for w in re.findall(r"n\d -> n\d .*penwidth=([\d.]+)", source)]
    assert widths.count(0.8) == len(widths) - 1


def test_values_are_not_computed_again_by_a_users_operation():
    calls = []

    @tg.operation(vjp=lambda g: g)
    def once(x):
        calls.append(x)
        return x + 0.0

    x = tg.Tensor(1.0, requires_grad=True)
    y = once(x) + x
    graph_of(y)
    assert len(calls) == 1


def test_a_tensor_that_is_not_recorded():
    assert tg.draw(tg.Tensor([1.0, 2.0])).source.count("n0 [") == 1
    assert "nothing requires a gradient" in tg.Tensor(1.0).draw().source


def test_a_leaf_alone():
    x = tg.Tensor(3.0, requires_grad=True, name="x")
    graph = graph_of(x)
    assert [(c.symbol, c.gradient) for c in graph.cards] == [("x", 1.0)]


def test_a_result_whose_leaf_is_gone():
    y = tg.Tensor([1.0, 2.0], requires_grad=True) * 2.0
    assert "leaf" in y.draw().source


def test_bare_and_run_again_agree():
    model = xor_model()
    loss = xor_loss(model)
    again, bare = graph_of(loss, X, Y), graph_of(loss(tg.Tensor(X), tg.Tensor(Y)))
    for name in ("tanh", "σ", "loss"):
        np.testing.assert_array_equal(card(again, name).value, card(bare, name).value)
        np.testing.assert_array_equal(card(again, name).gradient, card(bare, name).gradient)


# -- names, layers -----------------------------------------------------------------------------------------


def test_names_come_from_the_mapping_the_tensor_or_the_attribute():
    a, b = tg.Tensor(2.0, requires_grad=True), tg.Tensor(3.0, requires_grad=True, name="own")
    e = a * b
    d = e + 1.0
    graph = graph_of(d, names={"a": a, "e": e, "something else": 3})
    assert card(graph, "a").value == 2
    assert card(graph, "own").value == 3
    assert card(graph, "e").symbol == "×"
    assert card(graph_of(tg.Linear(2, 1, seed=0), X), "weight").role == "parameter"


def test_locals_will_do_as_names():
    a, b = tg.Tensor(2.0, requires_grad=True), tg.Tensor(3.0, requires_grad=True)
    e = a * b
    assert [c.label or c.symbol for c in graph_of(e, names=locals()).cards] == ["a", "b", "e"]


def test_inputs_are_called_like_the_parameters_or_as_listed():
    def f(speed, mass):
        return speed * mass

    assert {c.symbol for c in graph_of(f, 1.0, 2.0).cards} >= {"speed", "mass"}
    assert {c.symbol for c in graph_of(f, 1.0, 2.0, names=["v", "m"]).cards} >= {"v", "m"}
    assert {c.symbol for c in graph_of(lambda *xs: xs[0] * xs[1], 1.0, 2.0).cards} >= {"x0", "x1"}


def test_inputs_in_containers_are_named_and_differentiated():
    def f(params, pair, rows):
        return np.sum(params["w"] * pair[0] + pair[1][0]) + rows.sum()

    graph = graph_of(f, {"w": np.ones(2)}, (np.ones(2), [np.arange(2.0)]), [[1.0, 2.0], [3.0, 4.0]])
    assert {c.symbol for c in graph.cards if c.role == "input"} == {"params['w']", "pair[0]", "pair[1][0]", "rows"}
    assert all(c.gradient is not None for c in graph.cards if c.role == "input")
    assert card(graph, "rows").shape == (2, 2)


def test_data_in_containers_has_no_gradient_where_there_are_parameters():
    model = tg.Linear(2, 1, seed=0)
    graph = graph_of(lambda d: tg.mse(model(d["X"]), d["y"]), {"X": X, "y": Y})
    assert [c.gradient for c in graph.cards if c.role == "input"] == [None, None]


def test_a_namedtuple_stays_one():
    import collections

    Batch = collections.namedtuple("Batch", "x y")
    graph = graph_of(lambda batch: batch.x * batch.y, Batch(2.0, 3.0))
    assert {c.symbol for c in graph.cards if c.role == "input"} == {"batch[0]", "batch[1]"}


def test_an_input_is_found_again():
    x = tg.Tensor(X)
    model = tg.Linear(2, 1, seed=0)
    assert "Xtrain" in [c.symbol for c in graph_of(model, x, names={"Xtrain": x}).cards]
    assert len(model.draw(x, focus=x, radius=0)._graph.cards) > 0


def test_equal_data_is_not_confused():
    a, b = np.ones(2), np.ones(2)
    x = tg.Tensor(np.ones(2), requires_grad=True)
    graph = graph_of(np.sum(x * b), names={"a": a, "b": b})
    assert "array" in [c.symbol for c in graph.cards]


def test_labels_keep_their_name():
    model = tg.Linear(2, 3, seed=0)
    graph = graph_of(lambda X, labels: tg.cross_entropy(model(X), labels), X, np.array([0, 1, 2, 0]))
    assert card(graph, "labels").role == "input"


def test_names_are_for_data_too():
    model = tg.Linear(2, 1, seed=0)
    data, target = tg.Tensor(X), Y
    graph = graph_of(tg.mse(model(data), target), names={"data": data, "target": target, "_": data})
    assert {c.symbol for c in graph.cards if c.role == "constant"} == {"data", "target"}


def test_names_with_an_underscore_come_last():
    a = tg.Tensor(2.0, requires_grad=True)
    h = a * a
    assert graph_of(h, names={"_": h, "h": h}).cards[-1].label == "h"


def test_a_result_named_inside_the_function():
    def f(x):
        h = x * x
        h.name = "square of x"
        return h + 1.0

    assert card(graph_of(f, 2.0), "square of x").value == 4


def test_boxes_are_the_layers():
    graph = graph_of(xor_loss(xor_model()), X, Y)
    boxes = dict.fromkeys((c.cluster.title, c.cluster.label) for c in graph.cards if c.cluster)
    assert list(boxes) == [("layers[0]", "Dense 2 → 3"), ("layers[1]", "Dense 3 → 1"), ("Loss", "mean")]
    assert card(graph, "X").cluster is None
    assert card(graph, "y").cluster.title == "Loss"
    assert all(c.cluster.title != "Loss" for c in graph.cards if c.role == "parameter")


def test_a_recorded_loss_has_the_boxes_of_its_layers():
    model = xor_model()
    loss = xor_loss(model)(tg.Tensor(X), tg.Tensor(Y))
    boxes = re.findall(r"subgraph cluster_\d+ {.*?tooltip=\"?([^\n\"]*)", loss.draw().source, re.DOTALL)
    assert sorted(boxes) == ["Loss", "layers[0]", "layers[1]"]
    graph = graph_of(loss)
    assert card(graph, "tanh").cluster.path == "layers[0]"
    assert [c.symbol for c in graph.cards if c.role == "parameter"] == ["W", "b"] * 2


def test_what_stands_between_layers_is_not_the_loss():
    first, second = tg.Linear(2, 2, seed=0), tg.Linear(2, 1, seed=1)

    def loss(x):
        return np.mean(second(first(x) * 2.0 + 1.0) ** 2)

    graph = graph_of(loss, X)
    assert card(graph, "×").cluster is None
    assert card(graph, "+").cluster is None
    assert card(graph, "xⁿ").cluster.title == "Loss"


def test_nested_layers_are_nested_boxes():
    model = tg.Sequential(tg.Sequential(tg.Linear(2, 3, seed=0), tg.Tanh()), tg.Linear(3, 1, seed=1))
    graph = graph_of(model, X)
    assert [c.path for c in card(graph, "tanh").cluster.chain()] == ["layers[0]", "layers[0].layers[1]"]


def test_calls_of_a_shared_layer_are_numbered():
    linear = tg.Linear(2, 2, seed=0)
    graph = graph_of(tg.Sequential(linear, tg.Tanh(), linear), X)
    calls = dict.fromkeys((c.cluster.title, c.cluster.call) for c in graph.cards if c.cluster)
    assert list(calls) == [("layers[0]", 1), ("layers[1]", 0), ("layers[0]", 2)]
    assert sum(c.role == "parameter" for c in graph.cards) == 2


def test_a_linear_is_one_card():
    graph = graph_of(tg.Linear(2, 3, seed=0), X)
    assert [c.role for c in graph.cards].count("operation") == 1


def test_broadcast_operands_have_dashed_edges():
    source = tg.draw(lambda x: x * np.ones((3, 2)), np.ones(2)).source
    (edge,) = [line for line in source.splitlines() if "n0 -> n2" in line]
    assert "dashed" in edge
    graph = graph_of(tg.Linear(2, 3, seed=0), X)
    linear = card(graph, "x @ Wᵀ + b")
    assert [graph.cards[i].symbol for i in linear.stretched] == ["bias"]


def test_parameters_stand_in_the_column_of_their_consumer():
    source = tg.Linear(2, 3, seed=0).draw(X).source
    assert re.search(r"rank=same\n\t+n1\n\t+n2\n\t+n3", source)


# -- arguments -----------------------------------------------------------------------------------------------


@together(
    ("options", "word"),
    [
        ({"detail": "full"}, "detail"),
        ({"direction": "up"}, "direction"),
        ({"theme": "blue"}, "theme"),
        ({"depth": 0}, "depth"),
        ({"depth": 1.5}, "depth"),
        ({"radius": -1}, "radius"),
        ({"max_nodes": 0}, "max_nodes"),
        ({"focus": "nobody"}, "focus"),
        ({"focus": 3}, "focus"),
        ({"names": ["a", 1]}, "names"),
        ({"names": ["a", "b", "c"]}, "names"),
        ({"names": 5}, "names"),
        ({"title": 5}, "title"),
        ({"max_nodes": True}, "max_nodes"),
        ({"theme": []}, "theme"),
        ({"detail": np.ones(2)}, "detail"),
        ({"gradients": "no"}, "gradients"),
        ({"focus": ""}, "focus"),
        ({"focus": tg.Tensor(np.ones(1000))}, "a Tensor that is not in this graph"),
        ({"focus": "x", "depth": 1}, "depth or a focus"),
    ],
)
def test_bad_options_are_told_by_name(options, word):
    with pytest.raises(tg.ArgumentError, match=word):
        tg.draw(lambda x: x * 2.0, 1.0, **options)


@pytest.mark.parametrize(
    ("target", "inputs", "word"),
    [
        (3, (), "a Tensor, a model or a function"),
        (tg.Network([2, 3, 1], seed=0), (), r"draw\(model, x\)"),
        (tg.Linear(2, 1), (), r"draw\(model, x\)"),
        (tg.Tensor(1.0), (2.0,), "no inputs"),
        (lambda x: 3.0, (2.0,), "returned no Tensor"),
    ],
)
def test_what_cannot_be_drawn_says_what_to_write(target, inputs, word):
    with pytest.raises(tg.ArgumentError, match=word):
        tg.draw(target, *inputs)


def test_an_error_in_the_function_is_the_users_own():
    with pytest.raises(tg.ShapeError, match="takes inputs with 2 features"):
        tg.Linear(2, 1).draw(np.ones((4, 3)))
    # and the watching is over
    from tinygrad_like.engine.recording import observer

    assert observer.get() is None


def test_gradients_can_be_left_out():
    source = tg.draw(lambda x: x * x, 3.0, gradients=False).source
    assert "gradient" not in source


@together("detail", ["op", "shape", "stats", "value"])
@together("theme", ["light", "dark"])
def test_every_detail_in_every_theme(detail, theme):
    picture = tg.draw(xor_loss(xor_model()), X, Y, detail=detail, theme=theme)
    assert ("4 × 3" in picture.source) == (detail != "op")
    assert ("mean" in picture.source.replace("µ</B>", "")) or detail != "stats"
    assert ('bgcolor="#ffffff"' in picture.source) == (theme == "light")


def test_two_drawings_are_the_same_text():
    loss = xor_loss(xor_model())
    assert tg.draw(loss, X, Y).source == tg.draw(copy.deepcopy(loss), X, Y).source


def test_draw_dot_is_for_people_who_know_micrograd(tmp_path):
    a = tg.Tensor(2.0, requires_grad=True)
    picture = tg.draw_dot(a * a, format="dot", rankdir="TB")
    assert "rankdir=TB" in picture.source
    path = picture.render(tmp_path / "graph")
    assert pathlib.Path(path).read_text(encoding="utf-8") == picture.source


def test_drawing_in_a_thread_does_not_watch_another():
    import threading

    inside, outside = threading.Event(), threading.Event()
    other = []

    def f(x):
        inside.set()
        outside.wait(10)
        return x * 2.0

    def work():
        inside.wait(10)
        other.append(tg.Tensor(1.0) + 1.0)
        outside.set()

    thread = threading.Thread(target=work)
    thread.start()
    graph = graph_of(f, 1.0)
    thread.join()
    assert "+" not in [c.symbol for c in graph.cards]
    assert other


def test_what_a_jvp_computes_stands_in_one_graph():
    def slope(w):
        return tg.jvp(lambda u: np.sum(np.sin(u) * u), (w,), (np.ones(2),))[1]

    source = tg.draw(slope, np.array([0.5, 1.0]), detail="op").source
    assert source.count("<B>sin<") == source.count("<B>cos<") == source.count("<B>w<") == 1
    assert "tensor" not in source
