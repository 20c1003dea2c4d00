"""Parameters are found wherever a layer keeps them, in the same order in every run."""

import collections
import collections.abc
import copy
import dataclasses
import functools
import pickle
import sys
import types

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together


def p(value=1.0):
    return tg.Parameter([value])


class Slotted(tg.Layer):
    __slots__ = ("weight", "unset")

    def __init__(self, weight):
        self.weight = weight


class Below(Slotted):
    __slots__ = ("more",)


@dataclasses.dataclass(slots=True, eq=False)
class SlottedData(tg.Layer):
    weight: tg.Tensor
    size: int = 3


@dataclasses.dataclass
class Data:
    weight: tg.Tensor


class Holder:
    def __init__(self, weight):
        self.weight = weight


class SlottedHolder:
    __slots__ = ("weight",)

    def __init__(self, weight):
        self.weight = weight


Pair = collections.namedtuple("Pair", "first second")


class Keeps(tg.Layer):
    def __init__(self, kept):
        self.kept = kept

    def forward(self, x):
        return x


class Items(list):
    pass


class Tagged(tg.Parameter):
    pass


def tagged(kind, w):
    value = kind([]) if kind is Items else kind(3)
    value.weight = w
    return value


def object_array(w):
    array = np.empty((1, 2), object)
    array[0, 1] = w
    return array


class OfClass(tg.Layer):
    shared = tg.Parameter([1.0])
    several = (tg.Parameter([2.0]),)
    others = types.MappingProxyType({"a": tg.Parameter([3.0])})
    holder = Holder(tg.Parameter([4.0]))


PLACES = {
    "slots": lambda w: Slotted(w),
    "slots of a base": lambda w: Below(w),
    "slotted dataclass": lambda w: SlottedData(w),
    "dataclass": lambda w: Keeps(Data(w)),
    "object": lambda w: Keeps(Holder(w)),
    "slotted object": lambda w: Keeps(SlottedHolder(w)),
    "objects in a list": lambda w: Keeps([Holder([Holder(w)])]),
    "namespace": lambda w: Keeps(types.SimpleNamespace(weight=w)),
    "list": lambda w: Keeps([w]),
    "dict": lambda w: Keeps({"a": w}),
    "deque": lambda w: Keeps(collections.deque([w])),
    "named tuple": lambda w: Keeps(Pair(1, w)),
    "set": lambda w: Keeps({w}),
    "frozenset": lambda w: Keeps(frozenset({Keeps(w)})),
    "OrderedDict": lambda w: Keeps(collections.OrderedDict(a=w)),
    "defaultdict": lambda w: Keeps(collections.defaultdict(list, a=[w])),
    "mapping proxy": lambda w: Keeps(types.MappingProxyType({"a": w})),
    "UserDict": lambda w: Keeps(collections.UserDict(a=w)),
    "UserList": lambda w: Keeps(collections.UserList([w])),
    "ChainMap": lambda w: Keeps(collections.ChainMap({"a": w})),
    "key": lambda w: Keeps({w: 1}),
    "array of objects": lambda w: Keeps(object_array(w)),
    "attribute of a list": lambda w: Keeps(tagged(Items, w)),
    "partial": lambda w: tg.Sequential(functools.partial(np.multiply, w)),
    "partial by name": lambda w: Keeps(functools.partial(tg.linear, weight=w)),
    "method": lambda w: tg.Sequential(Keeps(w).forward),
}


@together("name", list(PLACES))
def test_a_parameter_is_found(name):
    w = p()
    layer = PLACES[name](w)
    assert layer.parameters() == [w]
    (path,) = dict(layer.named_parameters())
    assert path
    w.grad = np.ones(1)
    layer.zero_grad()
    assert w.grad is None
    inner = PLACES[name](tg.Linear(1, 1))
    assert len(inner.parameters()) == 2


def test_a_parameter_of_a_parameter():
    inner = p()
    outer = tagged(lambda value: Tagged([float(value)]), inner)
    assert Keeps(outer).parameters() == [outer, inner]


def test_parameters_of_the_class():
    assert [q.item() for q in OfClass().parameters()] == [1.0, 2.0, 3.0, 4.0]
    layer = OfClass()
    layer.shared = p(5.0)
    assert sorted(q.item() for q in layer.parameters()) == [2.0, 3.0, 4.0, 5.0]


def test_what_holds_no_parameters_is_left_alone():
    class Lazy:
        @property
        def weight(self):
            raise AssertionError("a property was read")

    kept = [Lazy(), np.random.default_rng(0), sys, print, "text", b"bytes", range(10**9), np.ones(3), tg.Linear, 3]
    assert Keeps(kept).parameters() == []


def test_a_cycle_ends():
    holder = Holder(p())
    holder.itself = [holder]
    layer = Keeps(holder)
    holder.layer = layer
    assert len(layer.parameters()) == 1


@pytest.mark.parametrize("make", [set, frozenset, lambda made: {Keeps([w]) for w in made}, lambda made: [{*made}]])
def test_several_in_a_set_are_refused(make):
    layer = Keeps(make([p(1.0), p(2.0)]))
    for use in (layer.parameters, layer.zero_grad, lambda: tg.SGD(layer.parameters(), 0.1)):
        with pytest.raises(tg.ArgumentError, match=r"in a set at kept[\s\S]*Keep them in a list"):
            use()
    assert "2 parameters" in repr(layer)


def test_a_set_that_holds_one_parameter_or_none():
    w = p()
    assert Keeps({w, 3, "text"}).parameters() == [w]
    assert Keeps({tg.Tanh(), tg.ReLU()}).parameters() == []


def test_copies_have_the_parameters_in_the_same_order():
    made = [p(float(i)) for i in range(20)]
    model = Keeps([Holder(made[:5]), collections.deque(made[5:10]), {i: w for i, w in enumerate(made[10:])}])
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [w.item() for w in again.parameters()] == [w.item() for w in model.parameters()] == list(range(20))


def test_circles_and_depths_of_sets_end():
    a, b = Holder(1), Holder(2)
    a.others, b.others = {b}, {a}
    assert Keeps(a).parameters() == []
    deep = Holder(p())
    for _ in range(60):
        deep = Holder({deep})
    assert len(Keeps(deep).parameters()) == 1


def test_data_that_is_loaded_when_read_is_not_read():
    class Data(collections.abc.Sequence):
        def __len__(self):
            return 1000

        def __getitem__(self, index):
            raise AssertionError("a sample was loaded")

    class Table(collections.abc.Mapping):
        __len__ = Data.__len__
        __getitem__ = Data.__getitem__

        def __iter__(self):
            raise AssertionError("the keys were loaded")

    assert Keeps([Data(), Table()]).parameters() == []


def test_attributes_of_the_class_of_an_object():
    class Common:
        weight = p()

    assert Keeps(Common()).parameters() == [Common.weight]
