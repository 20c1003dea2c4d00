"""Parameters are found wherever a layer keeps them, in the same order in every run."""

import collections
import dataclasses
import subprocess
import sys
import types

import numpy as np
import pytest

import tinygrad_like as tg


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


class OfClass(tg.Layer):
    shared = tg.Parameter([1.0])
    several = (tg.Parameter([2.0]),)


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
}


@pytest.mark.parametrize("name", PLACES)
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


def test_parameters_of_the_class():
    assert [q.item() for q in OfClass().parameters()] == [1.0, 2.0]
    layer = OfClass()
    layer.shared = p(5.0)
    assert sorted(q.item() for q in layer.parameters()) == [2.0, 5.0]


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


def test_sets_have_the_same_order_in_every_run():
    code = """if True:
        import tinygrad_like as tg
        class Keeps(tg.Layer):
            def __init__(self):
                made = [tg.Parameter([float(i)]) for i in range(50)]
                self.kept = {*made[25:], *map(Other, made[:25])}
        class Other(tg.Layer):
            def __init__(self, w):
                self.w = w
        print([int(p.item()) for p in Keeps().parameters()])
    """
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert runs == {str(list(range(50))) + "\n"}
