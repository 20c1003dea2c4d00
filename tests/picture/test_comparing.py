"""Two runs in one picture: what each card shows of both, what may be compared, and that nothing is changed."""

import copy
import re
from threading import Thread

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_page import data_of
from tinygrad_like.picture.picture import MOST_KEPT
from tinygrad_like.picture.written.themes import LIGHT

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])
NUMBERS = re.compile(r'<TD BGCOLOR="(#\w{6})" ALIGN="RIGHT" WIDTH="38">([^<]*)</TD>')


def network(seed=0, hidden=3):
    return tg.Sequential(tg.Linear(2, hidden, seed=seed), tg.Tanh(), tg.Linear(hidden, 1, seed=seed + 1))


def loss_of(model):
    def loss(X, y):
        return tg.mse(model(X), y)

    return loss


def state_of(model):
    return copy.deepcopy(model.state_dict())


def train(model, steps=3):
    optimizer = tg.SGD(model.parameters(), lr=0.3)
    for _ in range(steps):
        optimizer.zero_grad()
        tg.mse(model(X), Y).backward()
        optimizer.step()


def shown(picture, symbol, part):
    """The colours and numbers that a card shows of its value or gradient: of the left block, then of the right one."""
    cards = picture._graph.cards
    (number,) = [i for i, card in enumerate(cards) if symbol in (card.symbol, card.name, i)]
    return NUMBERS.findall(picture.source.split(f'ID="n{number}{part[0]}"')[1].split('ID="n')[0])


def root(value):
    x = tg.Tensor(value, requires_grad=True, name="x")
    return x * x


def test_both_values_stand_side_by_side_and_the_change_is_coloured():
    picture = tg.draw(root([2.0, -1.0, 5.0]), compare=root([1.0, -1.0, 7.0]))
    # The squares: 1, 1, 49 in the other run, 4, 1, 25 in this one. Order of a row: the left block, the right one.
    cells = shown(picture, "×", "value")
    assert [text for _, text in cells] == ["1", "1", "49", "4", "1", "25"]
    colours = [colour for colour, _ in cells]
    assert colours[:3] == [LIGHT.cell(1 / 49), LIGHT.cell(1 / 49), LIGHT.cell(1.0)]
    assert colours[3:] == [LIGHT.cell(3 / 24), LIGHT.cell(0.0), LIGHT.cell(-1.0)]
    assert [text for _, text in shown(picture, 0, "gradient")] == ["2", "-2", "14", "4", "-2", "10"]
    assert [text for _, text in shown(picture, "×", "gradient")] == ["1", "1", "1"]  # the same in both
    assert picture.source.count(">other<") == picture.source.count(">this<") == 3
    assert "left other, right this, in the colours of the change: blue is more, orange less" in picture.source


def test_both_have_the_same_power_of_ten():
    picture = tg.draw(root([3e-5, 2e-5]), compare=root([1e-5, 9e-6]), gradients=False)
    assert "1 × 2 · × 1e-6" not in picture.source
    assert [text for _, text in shown(picture, 0, "value")] == ["10.0", "9.0", "30.0", "20.0"]
    assert "2 · × 1e-6" in picture.source


def test_a_state_and_a_picture_drawn_before_show_the_same():
    model = network()
    loss, state = loss_of(model), state_of(model)
    before = tg.draw(loss, X, Y)
    old = tg.mse(model(X), Y).item()
    train(model)
    new = tg.mse(model(X), Y).item()
    picture = tg.draw(loss, X, Y, compare=state)
    assert picture.source == tg.draw(loss, X, Y, compare=before).source
    assert f"loss {old:.4g} → {new:.4g}" in picture.source
    own = model.state_dict()
    moved = np.concatenate([(own[name].numpy() - state[name].numpy()).ravel() for name in own])
    whole = np.concatenate([each.numpy().ravel() for each in state.values()])
    percent = 100 * np.linalg.norm(moved) / np.linalg.norm(whole)
    assert f"parameters changed by {percent:.3g} %" in picture.source
    assert "loss(X, y), before and now" in picture.source
    for title in ("tanh of both", ""):
        assert "before and now" not in tg.draw(loss, X, Y, compare=state, title=title).source
    assert "parameters changed" not in tg.draw(loss, X, Y, compare=state, depth=1).source
    # A picture with a comparison in it can itself be compared with.
    assert ">before<" not in tg.draw(loss, X, Y, compare=picture).source


def test_the_model_is_not_changed_even_if_the_run_fails():
    model = tg.Sequential(tg.Linear(2, 3, seed=0), tg.BatchNorm1d(3), tg.Linear(3, 1, seed=1))
    state = {name: value.numpy() + 1 for name, value in model.state_dict().items()}
    pending = tg.mse(model(X), Y)
    before, arrays = state_of(model), [each._array for each in model.parameters()]
    tg.draw(model, X, compare=state)
    runs = []

    def fails(x):
        runs.append(model[0](x))
        if len(runs) > 1:
            raise RuntimeError("the second run")
        return runs[0]

    with pytest.raises(RuntimeError, match="the second run"):
        tg.draw(fails, X, compare={name: value.numpy() + 1 for name, value in model[0].state_dict().items()})
    assert all(np.array_equal(before[name].numpy(), value.numpy()) for name, value in model.state_dict().items())
    assert all(each._array is array for each, array in zip(model.parameters(), arrays))
    assert all(parameter.grad is None for parameter in model.parameters())
    pending.backward()  # nothing that it needs was written to


def test_a_state_that_is_the_memory_of_the_model_is_refused():
    model = network()
    with pytest.raises(tg.ArgumentError, match=r"copy\.deepcopy\(model\.state_dict\(\)\)"):
        model.draw(X, compare=model.state_dict())
    assert "before" in model.draw(X, compare=copy.deepcopy(model.state_dict())).source


def test_threads_that_compare_leave_the_model_as_it_was():
    model = tg.Sequential(tg.Linear(2, 3, seed=0), tg.BatchNorm1d(3), tg.Linear(3, 1, seed=1))
    own, other = state_of(model), {name: value.numpy() + 1 for name, value in model.state_dict().items()}
    threads = [Thread(target=lambda: [tg.draw(model, X, compare=other) for _ in range(3)]) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(np.array_equal(own[name].numpy(), value.numpy()) for name, value in model.state_dict().items())


def test_a_picture_that_just_fits_can_be_compared_with():
    """Cards with two runs are wider, but the second picture has to have the same cards as the first."""
    layers = [tg.Linear(2, 4, seed=0), tg.BatchNorm1d(4), tg.Tanh(), tg.Dropout(0.5), tg.Linear(4, 1, seed=1)]
    for count in range(1, len(layers) + 1):
        model = tg.Sequential(*layers[:count]).eval()
        before = model.draw(np.ones((8, 2)))
        after = model.draw(np.ones((8, 2)), compare=before)
        assert (
            len(before._graph.cards)
            == len(after._graph.cards)
            == len(model.draw(np.ones((8, 2)), compare=after)._graph.cards)
        )
        small = model.draw(np.ones((8, 2)), compare=copy.deepcopy(model.state_dict()))
        assert model.draw(np.ones((8, 2)), compare=small)


def test_another_model_or_function_of_the_same_form():
    picture = tg.draw(network(0), X, compare=network(5))
    assert "Sequential, other and this" in picture.source
    values = [np.float64(text) for _, text in shown(picture, "tanh", "value")]
    rows = np.array(values).reshape(2, 4, 3)
    hidden = [np.tanh(model[0](X).numpy()) for model in (network(5), network(0))]
    assert np.allclose(rows, hidden, atol=6e-4)
    double = tg.draw(lambda x: (3.0 * x).sum(), np.ones(2), compare=lambda x: (2.0 * x).sum())
    assert "2 → 3" in double.source
    assert tg.Network([2, 3, 1], seed=0).draw(X, compare=tg.Network([2, 3, 1], seed=1))


def test_statistics_shapes_and_large_arrays():
    model = network()
    other = network(5)
    stats = tg.draw(model, X, compare=other, detail="stats")
    assert stats.source.count(">other<") > 5
    assert tg.draw(model, X, compare=other, detail="shape").source.count(">other<") == 0
    large, change = np.ones((20, 30)), np.zeros((20, 30))
    change[3, 4] = -2.0
    picture = tg.draw(root(large), compare=root(large - change), gradients=False)
    assert list(picture._maps) == ["n0v", "n1v"]
    steps = picture._maps["n0v"].steps
    assert np.array_equal(np.sign(steps), np.sign(change))
    assert "value, change" in picture.source
    assert "value, change" not in tg.draw(root(large), compare=root(large), gradients=False).source


def test_a_picture_keeps_copies_of_small_arrays_only():
    small, large = np.ones(3), np.ones(MOST_KEPT + 1)
    before = tg.draw(root(small)), tg.draw(root(large))
    assert [[each is None for each in pair] for pair in before[0]._arrays] == [[False, False]] * 2
    assert [[each is None for each in pair] for pair in before[1]._arrays] == [[True, True]] * 2
    assert "value, before not known" in tg.draw(root(large), compare=before[1]).source


def test_nan_and_booleans_and_complex_numbers():
    picture = tg.draw(root([np.nan, 1.0]), compare=root([1.0, np.inf]))
    assert [text for _, text in shown(picture, 0, "value")] == ["1.00", "inf", "nan", "1.00"]
    assert [colour for colour, _ in shown(picture, 0, "value")][2:] == [LIGHT.broken] * 2
    assert tg.draw(root([1j, 2.0]), compare=root([1.0, 2j]))
    chosen, other = (lambda x, c=c: np.where(x > c, x, 0.0).sum() for c in (0.5, 1.5))
    texts = [text for _, text in shown(tg.draw(chosen, np.arange(3.0), compare=other), "greater", "value")]
    assert texts == ["False", "False", "True", "False", "True", "True"]


def test_the_page_of_two_runs_plays_the_same_steps():
    model = network()
    before = tg.draw(loss_of(model), X, Y)
    train(model)
    picture = tg.draw(loss_of(model), X, Y, compare=before)
    data = data_of(picture.html())
    assert data["forward"] == data_of(before.html())["forward"]
    assert data["backward"] == data_of(before.html())["backward"]


MODEL = network()
REFUSED = {
    "another operation": (
        (lambda x: np.sin(x), 1.0),
        lambda x: np.cos(x),
        r"card 1 is sin \(\), .* in the other graph cos",
    ),
    "another shape": (
        (root(1.0),),
        root([1.0]),
        r"card 0 is input leaf \(\), but in the other graph input leaf \(1,\)",
    ),
    "more cards": ((lambda x: x + 1.0, 1.0), lambda x: x + 1.0 - x, "one has 3 cards, the other 4"),
    "another size": ((MODEL, X), network(hidden=4), "the two graphs differ"),
    "a state for a Tensor": ((root(1.0),), MODEL.state_dict(), "compare must be a Tensor or a Picture"),
    "a Tensor for a model": ((MODEL, X), root(1.0), r"compare must be a state_dict\(\), a model"),
    "a part of a state": ((MODEL, X), {"0.weight": np.ones((3, 2))}, "fits 0 of the models that take part, Sequential"),
    "a state of another size": ((loss_of(MODEL), X, Y), network(hidden=4).state_dict(), "0.weight: the shape is"),
    "a state without a model": ((lambda x: x * x, 1.0), MODEL.state_dict(), "take part, no model"),
    "a number": ((MODEL, X), 3.0, r"compare must be a state_dict\(\), .* but got 3.0"),
}


@together(("args", "other", "words"), {name: case for name, case in REFUSED.items()})
def test_what_cannot_be_compared_is_refused(args, other, words):
    with pytest.raises(tg.ArgumentError, match=f"(?i){words}"):
        tg.draw(*args, compare=other)
