"""The base of the optimizers: formulas of one's own, groups, settings, what cannot be trained."""

import copy
from typing import ClassVar

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tests.optim.small import TARGET, X, both_ways, descend, small_model, values_of
from tinygrad_like import SGD, Layer, Linear, Parameter, Sequential, Sigmoid, Tensor
from tinygrad_like.engine.errors import ArgumentError, DTypeError, GraphError
from tinygrad_like.optim.settings import number, switch


class Toy(tg.Optimizer):
    """A second optimizer, as short as one can be: with two state vectors, the means of g and of its square."""

    settings: ClassVar = {"lr": number, "beta": number, "centered": switch}

    def __init__(self, params, lr=0.01, beta=0.9, centered=False):
        super().__init__(params, lr=lr, beta=beta, centered=centered)

    def change(self, p, g, state):
        state["mean"] = self.beta * state["mean"] + (1 - self.beta) * g
        state["square"] = self.beta * state["square"] + (1 - self.beta) * g * g
        spread = state["square"] - state["mean"] ** 2 if self.centered else state["square"]
        return self.lr * state["mean"] / (np.sqrt(spread) + 1e-8)


@pytest.mark.parametrize("centered", [False, True])
def test_another_optimizer_follows_its_formulas(centered):
    p, start = leaf([1.0, -2.0]), np.array([1.0, -2.0])
    optimizer = Toy([p], centered=centered)
    values, mean, square = start, np.zeros(2), np.zeros(2)
    for _ in range(10):
        optimizer.zero_grad()
        (p**2).sum().backward()
        optimizer.step()
        mean, square = 0.9 * mean + 0.1 * 2 * values, 0.9 * square + 0.1 * (2 * values) ** 2
        values = values - 0.01 * mean / (np.sqrt(square - mean**2 if centered else square) + 1e-8)
    np.testing.assert_allclose(p.data, values, rtol=1e-10)


@both_ways
def test_another_optimizer_trains_and_goes_on_bit_equal_from_a_copy(make):
    # Two dtypes, a layer without a gradient between others, and a parameter that stays where it is.
    array = np.ones((3, 2)).T
    model = Sequential(Linear(3, 4, seed=1), Sigmoid(), Linear(4, 1, seed=2))
    model.unused, model.half, model.tied = Linear(2, 2), Parameter([1.0], np.float32), Parameter(array)

    def train(model, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss = tg.mse(model(X), TARGET) + (model.half**2).sum() + (model.tied**2).sum()
            loss.backward()
            optimizer.step()
        return loss.item()

    optimizer = Toy(model.parameters(), lr=0.01)
    first = train(model, optimizer, 5)
    again, its_optimizer = make((model, optimizer))
    last = train(model, optimizer, 20)
    assert train(again, its_optimizer, 20) == last < first
    for a, b in zip(values_of(model), values_of(again)):
        np.testing.assert_array_equal(a, b)
    assert array.tolist() == model.tied.tolist() != np.ones((2, 3)).tolist()


def test_parameters_given_in_another_order_are_stepped_at_once():
    class Counting(Toy):
        calls = 0

        def change(self, p, g, state):
            self.calls += 1
            return super().change(p, g, state)

    model = small_model()
    SGD(model.parameters(), lr=0.1)
    optimizer = Counting(model.parameters()[::-1])
    descend(model, optimizer, 3)
    assert optimizer.calls == 3


def test_the_repr_tells_the_settings():
    p = leaf([1.0, 2.0])
    assert repr(Toy([p])) == "Toy(lr=0.01, beta=0.9, centered=False)  # 2 parameters"
    expected = "SGD(lr=0.5, momentum=0.9, dampening=0, weight_decay=0, nesterov=True, maximize=False)  # 1 parameter"
    assert repr(SGD([leaf([1.0])], 0.5, 0.9, nesterov=True)) == expected


def test_settings_of_another_optimizer_are_checked():
    with pytest.raises(ArgumentError, match="beta must be finite and at least 0, but got -1"):
        Toy([leaf([1.0])], beta=-1)
    optimizer = Toy([leaf([1.0])])
    optimizer.centered = 1
    assert optimizer.centered is True
    with pytest.raises(ArgumentError, match="learning rate must be a number, but got 'x'"):
        optimizer.lr = "x"


def test_an_optimizer_without_a_formula_says_so():
    p = leaf([1.0])
    p.grad = [1.0]
    with pytest.raises(NotImplementedError, match=r"Optimizer has no change\(\)"):
        tg.Optimizer([p]).step()


@together(
    ("params", "error", "text"),
    [
        ([], ArgumentError, "at least one parameter"),
        (leaf([1.0]), ArgumentError, r"model\.parameters\(\)"),
        (None, ArgumentError, "got a NoneType"),
        (Linear(2, 1), ArgumentError, r"got a Linear.\n.*model\.parameters\(\)"),
        (Sequential(Linear(2, 1)), ArgumentError, r"got a Sequential.\n.*model\.parameters\(\)"),
        ([Linear(2, 1)], ArgumentError, r"got a Linear.\n.*model\.parameters\(\)"),
        (Linear(2, 1).named_parameters(), ArgumentError, r"got a tuple.\n.*model\.parameters\(\)"),
        ([np.ones(2)], ArgumentError, "takes Tensors, but got a ndarray"),
        ([leaf([1.0]) * 2], GraphError, "leaves"),
        ([Tensor([1, 2])], DTypeError, "int64"),
    ],
)
def test_parameters_that_cannot_be_trained(params, error, text):
    with pytest.raises(error, match=text):
        SGD(params, lr=0.1)


def test_parameters_can_come_from_a_generator():
    class Two(Layer):
        def __init__(self):
            self.a, self.b = Parameter([1.0]), Parameter([2.0])

    model = Two()
    optimizer = SGD((p for p in model.parameters()), lr=0.1)
    assert optimizer.params == [model.a, model.b]


@together("name", ["lr", "momentum", "weight_decay"])
@together("value", [np.nan, np.inf, -0.1, "x", None, [0.1, 0.2]])
def test_a_setting_that_is_changed_is_checked(name, value):
    optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.5, weight_decay=0.25)
    before = getattr(optimizer, name)
    with pytest.raises(ArgumentError):
        setattr(optimizer, name, value)
    assert getattr(optimizer, name) == before
    setattr(optimizer, name, 0.75)
    assert getattr(optimizer, name) == 0.75


def test_a_setting_that_an_optimizer_does_not_have_is_refused():
    with pytest.raises(tg.ArgumentError, match="has no setting momentm; it has"):
        tg.Optimizer.__init__(object.__new__(tg.SGD), [tg.Parameter([1.0])], lr=0.1, momentm=0.9)


def a_step(optimizer, gradient=1.0):
    for p in optimizer.params:
        p.grad = np.full(p.shape, gradient)
    optimizer.step()


def test_groups_have_settings_of_their_own():
    p, q, r = leaf([1.0]), leaf([1.0]), leaf([1.0])
    optimizer = SGD([{"params": [p]}, {"params": q, "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": [r], "maximize": True})
    a_step(optimizer)
    assert [each.item() for each in (p, q, r)] == [0.9, 0.5, 1.1]
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5, 0.1]
    with pytest.raises(ArgumentError, match="groups differ in lr"):
        print(optimizer.lr)
    optimizer.lr = 1.0
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 1.0, 1.0]
    optimizer.param_groups[2]["maximize"] = False
    optimizer.param_groups[0]["weight_decay"] = 0.5
    a_step(optimizer)
    assert [each.item() for each in (p, q, r)] == pytest.approx([0.9 - 1.45, -0.5, 0.1])
    assert repr(optimizer).splitlines()[1:3] == [
        "  lr=1, momentum=0, dampening=0, weight_decay=0.5, nesterov=False, maximize=False  # 1 parameter",
        "  lr=1, momentum=0, dampening=0, weight_decay=0, nesterov=False, maximize=False  # 1 parameter",
    ]


def test_a_setting_may_change_its_kind_between_steps():
    p = leaf(np.ones((2, 2)))
    optimizer = tg.optim.Adafactor([p], eps=(None, 1e-3))
    for eps in ((0.5, 0.1), (None, 0.2), (0.25, 0.3)):
        optimizer.param_groups[0]["eps"] = eps
        (part,) = optimizer._parts
        assert tuple(part.eps) == optimizer.eps == eps


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ([{"lr": 0.1}], "A group has no params; it has lr"),
        ([{"params": []}], "at least one parameter"),
        ([{"params": [leaf([1.0])], "betas": 1}], "SGD has no setting betas; it has lr, momentum"),
        ([{"params": [leaf([1.0])], "lr": -1}], "learning rate must be finite and at least 0"),
        ([{"params": [leaf([1.0])], "nesterov": True}], "nesterov needs a momentum"),
        ([{"params": [p]} for p in [leaf([1.0])] * 2], "in more than one group"),
    ],
)
def test_groups_that_are_refused(groups, text):
    with pytest.raises(ArgumentError, match=text):
        SGD(groups)


def test_a_group_that_is_refused_is_not_added():
    p = leaf([1.0])
    optimizer = SGD([p])
    for group, text in (({"params": [p]}, "stepped already"), ({"params": leaf([1.0]), "beta": 1}, "no setting beta")):
        with pytest.raises(ArgumentError, match=text):
            optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1
    with pytest.raises(ArgumentError, match="cannot be taken out"):
        del optimizer.param_groups[0]["lr"]


def test_gradients_can_be_set_to_zero():
    p, q = leaf([1.0]), leaf([1.0])
    optimizer = SGD([p, q], lr=1.0, momentum=0.5)
    p.grad = [1.0]
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    assert (p.grad.tolist(), q.grad) == ([0.0], None)
    optimizer.step()
    assert (p.item(), q.item()) == (-0.5, 1.0)


def test_a_new_group_has_the_settings_given_at_first():
    optimizer = SGD([{"params": leaf([1.0]), "lr": 0.5}], lr=0.25)
    for each in (optimizer, copy.deepcopy(optimizer)):
        each.add_param_group({"params": leaf([1.0])})
        assert [group["lr"] for group in each.param_groups] == [0.5, 0.25]
    with pytest.raises(ArgumentError, match="parameters of a group cannot be changed"):
        optimizer.param_groups[0]["params"] = [leaf([1.0])]


def test_a_setting_may_not_be_called_as_something_else_that_a_formula_has():
    class Clash(Toy):
        settings: ClassVar = {**Toy.settings, "run": number}

        def __init__(self, params):
            tg.Optimizer.__init__(self, params, lr=0.1, beta=0.5, centered=False, run=1)

    with pytest.raises(ArgumentError, match="cannot be called run"):
        Clash([leaf([1.0])])


def test_a_closure_computes_the_gradients_and_gives_the_loss():
    p = leaf([2.0])
    optimizer = SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert p.item() == 1.0


class Ten(tg.Optimizer):
    """All that the hooks can do."""

    settings: ClassVar = {"lr": number}
    numbers: ClassVar = {"step": 0, "doubled": 1}

    def advance(self, s):
        super().advance(s)
        s.set_number("doubled", 2 * s.number("doubled"))

    def initial(self, name, p, s):
        return np.full_like(p, 10.0)

    def change(self, p, g, s):
        s["sum"] = s["sum"] + g
        return s.cast(s.lr * s.number("doubled") / s.step) * s["sum"]


def test_an_optimizer_may_keep_numbers_and_start_elsewhere():
    p, q = leaf([0.0]), leaf([0.0, 0.0], np.float32)
    optimizer = Ten([p, q], lr=1.0)
    a_step(optimizer)
    a_step(optimizer)
    assert p.tolist() == [-(2 * 11 + 4 / 2 * 12)]
    assert q.tolist() == [-46.0] * 2
    state = optimizer.state_dict()["state"]
    assert [{name: value.tolist() for name, value in each.items()} for each in state.values()] == [
        {"step": 2.0, "doubled": 4.0, "sum": [12.0]},
        {"step": 2.0, "doubled": 4.0, "sum": [12.0, 12.0]},
    ]
    with pytest.raises(AttributeError, match="Ten has no setting momentum; it has lr"):
        print(optimizer._parts[0].momentum)


@pytest.mark.parametrize(
    ("name", "settings", "text"),
    [
        ("ASGD", {"alpha": -1}, "alpha must be finite and at least 0"),
        ("Adadelta", {"rho": 1.5}, "rho must be at least 0 and at most 1, but got 1.5"),
        ("Adafactor", {"beta2_decay": 0.5}, "beta2_decay must be at most 0"),
        ("Adafactor", {"eps": 1e-3}, "eps must be a tuple of 2 values, but got 0.001"),
        ("Adafactor", {"eps": (1e-3, None)}, r"eps\[1\] must be a number"),
        ("Adafactor", {"d": 0.5}, "d must be at least 1, but got 0.5"),
        ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value must be finite"),
        ("Adam", {"betas": (0.9, 1.0)}, r"betas\[1\] must be less than 1"),
        ("AdamW", {"betas": (0.9, 0.99, 0.5)}, "tuple of 2 values"),
        ("Adamax", {"eps": np.nan}, "eps must be finite"),
        ("LBFGS", {"line_search_fn": "wolfe"}, "line_search_fn must be None or 'strong_wolfe', but got 'wolfe'"),
        ("LBFGS", {"max_iter": 0}, "max_iter must be a whole number of at least 1"),
        ("LBFGS", {"history_size": 2.5}, "history_size must be a whole number"),
        ("Lion", {"weight_decay": "x"}, "weight_decay must be a number"),
        ("Muon", {"adjust_lr_fn": 1}, "adjust_lr_fn must be None or 'original' or 'match_rms_adamw'"),
        ("Muon", {"ns_coefficients": (1, 2)}, "tuple of 3 values"),
        ("NAdam", {"momentum_decay": np.inf}, "momentum_decay must be finite"),
        ("RAdam", {"lr": -1e-3}, "learning rate must be finite and at least 0"),
        ("RMSprop", {"alpha": -0.1}, "alpha must be at least 0 and at most 1"),
        ("Rprop", {"etas": (0.5, 0.9)}, r"etas\[1\] must be at least 1"),
        ("Rprop", {"step_sizes": (2.0, 1.0)}, "step_sizes must be the least and the largest"),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov needs"),
    ],
)
def test_settings_out_of_range(name, settings, text):
    with pytest.raises(ArgumentError, match=text):
        getattr(tg.optim, name)([leaf(np.ones((2, 2)))], **settings)


def is_optimizer(kind):
    return isinstance(kind, type) and issubclass(kind, tg.optim.Optimizer)


NAMES = {name for name in tg.optim.__all__ if is_optimizer(getattr(tg.optim, name))}


@together("name", sorted(NAMES - {"Optimizer", "LBFGS"}))
def test_every_optimizer_learns(name):
    p = leaf(np.array([[1.0, -2.0], [0.5, 3.0]]))
    optimizer = getattr(tg.optim, name)([p], lr={"Adadelta": 20.0, "Adagrad": 0.5}.get(name, 0.05))
    for _ in range(150):
        optimizer.zero_grad()
        ((p - 1) ** 2).sum().backward()
        optimizer.step()
    assert ((p.numpy() - 1) ** 2).sum() < 2.0
