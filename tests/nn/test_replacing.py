"""A parameter cannot be replaced, by mistake, by what would not be trained."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together


class Plain(tg.Layer):
    def __init__(self):
        self.weight = tg.Parameter([1.0, 2.0])
        self.steps = 0

    def forward(self, x):
        return x * self.weight


class Slotted(Plain):
    __slots__ = ("weight",)


class OfClass(tg.Layer):
    weight = tg.Parameter([1.0, 2.0])


class Behind(tg.Layer):
    """Its parameter stands behind a property."""

    def __init__(self):
        self.kept = tg.Parameter([1.0, 2.0])

    @property
    def weight(self):
        return self.kept

    @weight.setter
    def weight(self, value):
        self.kept = value


class Leaf(tg.Layer):
    """Its parameter is a Tensor that requires a gradient."""

    def __init__(self):
        self.weight = tg.Tensor([1.0, 2.0], requires_grad=True)


KINDS = [Plain, Slotted, OfClass, Behind, Leaf, lambda: tg.Linear(2, 1)]


@together("make", KINDS)
@together("value", [tg.Tensor([3.0]), tg.Parameter([3.0]) * 2, np.ones(2), np.float32(1), 3.0, 3, True])
def test_what_would_not_be_trained_is_refused(make, value):
    layer = make()
    before = layer.weight
    with pytest.raises(tg.ArgumentError, match=r"is a parameter, but the \w+ in its place[\s\S]*Write Parameter\("):
        layer.weight = value
    assert layer.weight is before
    assert any(each is before for each in layer.parameters())


def test_a_result_is_refused_where_nothing_is_recorded():
    layer = Plain()
    with tg.no_grad(), pytest.raises(tg.ArgumentError, match=r"^Plain\.weight is a parameter, but the Tensor"):
        layer.weight = layer.weight - 0.1
    with tg.no_grad():
        layer.weight -= 0.5
    assert layer.weight.tolist() == [0.5, 1.5]
    assert layer.parameters() == [layer.weight]


TAKEN = {
    "Parameter": tg.Parameter([3.0]),
    "frozen": tg.Parameter([3.0], requires_grad=False),
    "leaf": tg.Tensor([3.0], requires_grad=True),
    "None": None,
    "layer": tg.Tanh(),
    "list": [tg.Parameter([3.0])],
}


@together("make", KINDS)
@together("value", TAKEN)
def test_what_can_be_meant_is_taken(make, value):
    layer = make()
    layer.weight = value
    assert layer.weight is value


def test_a_transform_may_put_a_value_in_place_of_a_parameter():
    layer = Plain()
    before = layer.weight

    def f(w):
        layer.weight = w * 2.0
        return (layer.weight * layer.weight).sum()

    assert tg.grad(f)(np.array([1.0, 2.0])).tolist() == [8.0, 16.0]
    layer.weight = before


def test_other_attributes_are_free():
    layer = Plain()
    layer.steps += 1
    layer.weight = layer.steps = None
    layer.weight = layer.new = tg.Tensor([3.0])
    slotted = Slotted()
    del slotted.weight
    slotted.weight = np.ones(2)
    assert layer.parameters() == slotted.parameters() == []


def test_setters_of_properties_run_once():
    class Counted(tg.Layer):
        calls = 0

        @property
        def rate(self):
            raise AssertionError("the property was read")

        @rate.setter
        def rate(self, value):
            self.calls += 1

    layer = Counted()
    layer.rate = 0.5
    assert layer.calls == 1
