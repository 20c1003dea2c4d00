"""Containers as trees: the leaves in order, and the same containers around other leaves."""

import collections
import dataclasses
import functools
import time
from typing import Any, ClassVar

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.tree import flatten, in_order_of, leaves, mapped, paths, unflatten

Pair = collections.namedtuple("Pair", "first second")


class Swapped(tuple):
    """A tuple that is not made of one sequence."""

    def __new__(cls, second, first):
        return super().__new__(cls, (first, second))


class Named(list):
    def __init__(self, name, *items):
        super().__init__(items)
        self.name = name


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None
    count: ClassVar[int] = 7

    def __post_init__(self):
        assert not hasattr(self, "made"), "the constructor was called again"
        self.made = True


@dataclasses.dataclass(frozen=True)
class Base:
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Frozen(Base):
    z: Any = dataclasses.field(init=False, default=3)
    unset: Any = dataclasses.field(init=False, compare=False, repr=False)
    seed: dataclasses.InitVar[int] = 0

    def __post_init__(self, seed):
        pass


@dataclasses.dataclass(slots=True, frozen=True, eq=False, kw_only=True)
class Slots:
    a: Any
    b: Any

    def __eq__(self, other):
        return (self.a, self.b) == (other.a, other.b)


@dataclasses.dataclass(init=False, repr=False, eq=False)
class Strange:
    """Its constructor and its attributes are its own, and it forbids setting them."""

    a: Any

    def __init__(self, one, two):
        self.__dict__["a"] = one + two

    def __setattr__(self, name, value):
        raise AssertionError

    def __eq__(self, other):
        return self.a == other.a


def mutated(value, **fields):
    for name, each in fields.items():
        object.__setattr__(value, name, each)
    return value


ARRAY, TENSOR = np.ones(2), tg.Tensor([1.0])
# The value, its leaves, and the value with 10, 11, ... in place of them.
TREES = {
    "a number": (2.0, [2.0], 10),
    "None": (None, [None], 10),
    "text": ("ab", ["ab"], 10),
    "an array": (ARRAY, [ARRAY], 10),
    "a Tensor": (TENSOR, [TENSOR], 10),
    "a set": ({1}, [{1}], 10),
    "an empty list": ([], [], []),
    "an empty tuple": ((), [], ()),
    "an empty dict": ({}, [], {}),
    "a list": ([1.0, ARRAY, TENSOR], [1.0, ARRAY, TENSOR], [10, 11, 12]),
    "a tuple": ((1, None), [1, None], (10, 11)),
    "a dict": ({"b": 1, "a": 2}, [1, 2], {"b": 10, "a": 11}),
    "nested": ([1, [2, (3, {"a": [4]})], [], 5], [1, 2, 3, 4, 5], [10, [11, (12, {"a": [13]})], [], 14]),
    "a named tuple": (Pair(1, [2]), [1, 2], Pair(10, [11])),
    "a tuple with a constructor": (Swapped(2, 1), [1, 2], Swapped(11, 10)),
    "OrderedDict": (collections.OrderedDict(b=1, a=2), [1, 2], collections.OrderedDict(b=10, a=11)),
    "defaultdict": (collections.defaultdict(list, a=1), [1], collections.defaultdict(list, a=10)),
    "Counter": (collections.Counter(a=1), [1], collections.Counter(a=10)),
    "a dataclass": (Point(1, [2]), [1, 2], Point(10, [11])),
    "a frozen subclass": (Frozen(1, 2), [1, 2, 3], mutated(Frozen(10, 11), z=12)),
    "a dataclass with slots": (Slots(b=2, a=1), [1, 2], Slots(a=10, b=11)),
    "a dataclass with an own constructor": (Strange(1, 2), [3], Strange(4, 6)),
    "a dataclass itself": (Point, [Point], 10),
    "dataclasses inside": ([Point(1, {"a": Slots(a=2, b=3)})], [1, 2, 3], [Point(10, {"a": Slots(a=11, b=12)})]),
    "a subclass of list": (Named("n", 1, 2), [1, 2], Named("n", 10, 11)),
}


@together("name", list(TREES))
def test_leaves_in_order_and_the_same_containers(name):
    value, expected, replaced = TREES[name]
    found, structure = flatten(value)
    for given in (found, leaves(value)):
        assert len(given) == len(expected)
        assert all(a is b or a == b for a, b in zip(given, expected))
    again = unflatten(structure, range(10, 10 + len(found)))
    assert (again, type(again)) == (replaced, type(replaced))
    assert vars(again) == vars(replaced) if hasattr(replaced, "__dict__") else True
    assert getattr(again, "default_factory", None) is getattr(replaced, "default_factory", None)


def test_containers_are_new_and_the_given_ones_unchanged():
    value = [1, {"a": [2]}, Named("n", 3)]
    made = mapped(lambda leaf: leaf + 1, value)
    assert made == [2, {"a": [3]}, [4]]
    assert value == [1, {"a": [2]}, [3]]
    again = unflatten(flatten(value)[1], [1, 2, 3])
    assert again == value
    assert again[1]["a"] is not value[1]["a"]


def test_structures_compare():
    assert flatten([1, (2, 3)])[1] == flatten([4, (None, "x")])[1]
    assert flatten([1, (2, 3)])[1] != flatten([1, [2, 3]])[1]
    assert flatten({"a": 1})[1] != flatten({"b": 1})[1]


def test_a_tuple_of_a_class_in_c_becomes_a_tuple():
    assert mapped(str, time.gmtime(0))[:3] == ("1970", "1", "1")


def test_leaves_of_any_depth():
    value = [1]
    for _ in range(10_000):
        value = [value]
    assert leaves(value) == [1]


def test_other_attributes_of_a_dataclass_are_kept_but_not_cached_properties():
    @dataclasses.dataclass
    class Square:
        side: float

        def __post_init__(self):
            self.unit = "m"

        @functools.cached_property
        def area(self):
            return self.side**2

    square = Square(3.0)
    assert square.area == 9.0
    made = mapped(lambda side: side + 1, square)
    assert (made.unit, made.area, square.area) == ("m", 16.0, 9.0)


def test_the_way_to_each_leaf():
    assert paths([1, {"a": (2, Point(3, 4))}], "p") == ["p[0]", "p[1]['a'][0]", "p[1]['a'][1].x", "p[1]['a'][1].y"]
    assert paths(1.0, "p") == ["p"]


MATCHING = [
    ([1, (2,)], [None, ("a",)], [None, "a"]),
    ({"a": 1, "b": 2}, {"b": 3, "a": 4}, [4, 3]),
    (Point(1, 2), Point([3], 4), [[3], 4]),
    (Pair(1, 2), (3, 4), [3, 4]),
    (1.0, [2.0], [[2.0]]),
]
OTHERS = [
    ([1], (1,), "at p, a list of 1 is needed, but got a tuple of 1"),
    ([1, [2, 3]], [1, [2]], r"at p\[1\], a list of 2 is needed, but got a list of 1"),
    ({"a": 1}, {"b": 1}, "at p, a dict with the keys 'a' is needed, but got a dict with the keys 'b'"),
    ({"a": 1}, None, "but got a NoneType"),
    (Point(1, [2]), Point(1, 2), r"at p\.y, a list of 1 is needed, but got an int"),
    (Slots(a=1, b=2), Point(1, 2), "a Slots of 2 is needed, but got a Point of 2"),
]


@pytest.mark.parametrize(("value", "other", "found"), MATCHING)
def test_what_stands_at_the_same_places(value, other, found):
    assert in_order_of(flatten(value)[1], other, "It") == found


@pytest.mark.parametrize(("value", "other", "message"), OTHERS)
def test_other_containers_are_refused(value, other, message):
    with pytest.raises(tg.ArgumentError, match=f"^It: .*{message}"):
        in_order_of(flatten(value)[1], other, "It", "p")
