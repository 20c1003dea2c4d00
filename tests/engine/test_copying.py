"""Copies and pickles: the gradient flows through a copy, and what a subclass added goes along."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg

X = np.array([1.0, 2.0, 3.0])

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "a list": lambda x: copy.deepcopy([x, x])[1],
    "a dict": lambda x: copy.deepcopy({"x": x})["x"],
    "twice": lambda x: copy.copy(copy.deepcopy(x)),
    "of a result": lambda x: copy.copy(x * 1.0),
    "an object": lambda x: copy.deepcopy(Holder(x)).x,
}


class Holder:
    def __init__(self, x):
        self.x = x


@pytest.mark.parametrize("name", COPIES)
def test_the_gradient_flows_through_a_copy_of_an_input(name):
    def f(x):
        return COPIES[name](x).sum() ** 2

    np.testing.assert_allclose(tg.grad(f)(X), [12.0] * 3)
    np.testing.assert_allclose(tg.value_and_grad(f)(X)[1], [12.0] * 3)
    np.testing.assert_allclose(tg.vjp(f, X)[1](1.0)[0], [12.0] * 3)
    np.testing.assert_allclose(tg.jvp(f, (X,), (X,))[1], 72.0)
    np.testing.assert_allclose(tg.hessian(f)(X), np.full((3, 3), 2.0))
    assert tg.grad(lambda x: tg.grad(lambda z: f(z * np.ones(3)))(x))(2.0) == 18.0


@pytest.mark.parametrize("make", [lambda x: x, lambda x: x * 2.0, lambda x: [x * 2.0], lambda x: {"a": (x,)}])
def test_pickling_inside_a_transform_refuses(make):
    def f(x):
        return pickle.loads(pickle.dumps(make(x)))

    for transform in (tg.grad(f), tg.jacobian(f), lambda x: tg.vjp(f, x)):
        with pytest.raises(tg.LostGraphError, match="Pickling"):
            transform(X)


def test_what_is_the_users_own_can_be_pickled_inside():
    model, p = tg.Linear(3, 1, seed=0), tg.Parameter([1.0])

    def f(x):
        again, q = pickle.loads(pickle.dumps((model, p)))
        assert again.weight.tolist() == model.weight.tolist()
        assert q.requires_grad
        with tg.no_grad():
            assert pickle.loads(pickle.dumps(x * 1.0)).tolist() == [1, 2, 3]
        return x.sum()

    assert tg.grad(f)(X).tolist() == [1, 1, 1]


def test_outside_a_pickle_keeps_the_value_of_a_result():
    again = pickle.loads(pickle.dumps(tg.Tensor(X, requires_grad=True) * 2))
    assert again.tolist() == [2, 4, 6]
    assert not again.requires_grad


# -- subclasses ---------------------------------------------------------------------------------------


class Named(tg.Tensor):
    """Attributes in its __dict__, and a constructor of its own."""

    def __init__(self, label, size):
        super().__init__(np.ones(size), requires_grad=True)
        self.label = label
        self.history = [label]


class Slotted(tg.Parameter):
    __slots__ = ("unit", "__private", "unset")

    def __init__(self, data, unit):
        super().__init__(data)
        self.unit = unit
        self.__private = [unit]

    def private(self):
        return self.__private


class Both(Slotted):
    def __init__(self):
        super().__init__([1.0, 2.0], "m")
        self.extra = {"a": 1}


def pickled(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_attributes_of_subclasses_are_kept(copied):
    named, both = Named("a", 3), Both()
    for original in (named, both):
        original.grad = np.full(original.shape, 2.0)
    again = copied(named)
    assert (type(again), again.label, again.history, again.requires_grad) == (Named, "a", ["a"], True)
    assert (again.history is named.history) == (copied is copy.copy)
    again = copied(both)
    assert (type(again), again.unit, again.private(), again.extra) == (Both, "m", ["m"], {"a": 1})
    assert not hasattr(again, "unset")
    assert not np.shares_memory(again.data, both.data)
    assert again.grad is None if copied is pickled else again.grad.tolist() == [2.0, 2.0]


def test_a_subclass_that_holds_itself():
    named = Named("a", 2)
    named.itself = [named]
    again = copy.deepcopy(named)
    assert again.itself[0] is again
    assert pickled(named).itself[0].label == "a"


class Made(tg.Parameter):
    """Arguments of its own also for __new__."""

    def __new__(cls, data, unit):
        return super().__new__(cls)

    def __init__(self, data, unit):
        super().__init__(data)
        self.unit = unit


class Chooses(Slotted):
    """It says itself what goes along."""

    def __init__(self):
        super().__init__([1.0], "m")
        self.cache, self.kept = lambda: None, [1]

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "cache"}

    def __setstate__(self, state):
        for name, value in state.items():
            setattr(self, name, value)
        self.cache = "empty"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_constructors_and_states_of_subclasses(copied):
    again = copied(Made([1.0], "m"))
    assert (type(again), again.unit, again.tolist()) == (Made, "m", [1.0])
    again = copied(Chooses())
    assert (again.unit, again.private(), again.kept, again.cache) == ("m", ["m"], [1], "empty")


class Scaled(tg.Layer):
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        twin = copy.deepcopy(self)
        assert type(twin.factor) is type(self.factor)
        return twin.factor * x * copy.copy(self.factor)


@pytest.mark.parametrize("make", [tg.Parameter, lambda data: Slotted(data, "m"), lambda data: Made(data, "m")])
def test_a_layer_can_copy_itself_while_it_is_checked(make):
    assert tg.gradcheck(Scaled(make([1.0, 2.0])), np.array([3.0, 4.0]))


def test_a_copy_of_a_result_keeps_its_name():
    result = tg.Tensor(X, requires_grad=True) * 2
    result.name = "twice"
    assert (copy.copy(result).name, copy.deepcopy([result])[0].name) == ("twice", "twice")
