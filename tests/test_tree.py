"""Containers as trees: the leaves in order, and the same containers around other leaves."""

import collections
import time

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.tree import flatten, leaves, mapped, unflatten

Pair = collections.namedtuple("Pair", "first second")


class Swapped(tuple):
    """A tuple that is not made of one sequence."""

    def __new__(cls, second, first):
        return super().__new__(cls, (first, second))


class Named(list):
    def __init__(self, name, *items):
        super().__init__(items)
        self.name = name


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
    "a subclass of list": (Named("n", 1, 2), [1, 2], Named("n", 10, 11)),
}


@pytest.mark.parametrize("name", TREES)
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
