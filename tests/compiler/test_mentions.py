"""What a compiled function looks at by name, in the functions that it calls and in its arguments, is noticed."""

import functools
import types

import numpy as np
import pytest

import tinygrad_like as tg

SCALE = 1.0
X = np.ones(2)


def helper(x):
    return x * SCALE


class Scaled(tg.Layer):
    def forward(self, x):
        return x * SCALE


class Config:
    scale = 1.0
    unused = 1.0

    @property
    def doubled(self):
        return self.scale * 2

    @classmethod
    def scaled(cls, x):
        return x * cls.scale

    def __call__(self, x):
        return x * self.scale

    def apply(self, x):
        return self.inner(x)

    def inner(self, x):
        return helper(x) * self.scale


def set_global(value):
    global SCALE
    SCALE = value


def around(value):
    """A function that calls another, with a variable of its own; and what changes that."""

    def inner(x):
        return x * value

    def change(other):
        nonlocal value
        value = other

    return (lambda x: inner(x) + 0), change


def with_default(kept):
    return lambda x, kept=kept: x * kept[0]


def with_keyword(x, *, scale=1.0):
    return x * scale


def with_attribute(x):
    return x * with_attribute.scale


with_attribute.scale = 1.0
module = types.ModuleType("settings")
module.scale = 1.0


def cases():
    """Functions, and what makes the next call give another result."""
    config, kept, (closed, change) = Config(), [1.0], around(1.0)
    of_class = (setattr, Config, "scale")
    yield "a global of a function that is called", helper, (set_global,)
    yield "in a function inside", lambda x: tg.grad(lambda w: (w * SCALE).sum())(x), (set_global,)
    yield "in a layer", Scaled(), (set_global,)
    yield "in a method that a method calls", Config().apply, (set_global,)
    yield "a variable around a function that is called", closed, (change,)
    yield "an attribute of a class", lambda x: x * Config.scale, of_class
    yield "an attribute of an object's class", lambda x: x * config.doubled, of_class
    yield "in a method of the class", lambda x: Config.scaled(x), of_class
    yield "an attribute that hides that of the class", lambda x: x * config.scale, (setattr, config, "scale")
    yield "an object that is called", Config(), of_class
    yield "a default", with_default(kept), (kept.__setitem__, 0)
    yield "a keyword's default", with_keyword, (with_keyword.__kwdefaults__.__setitem__, "scale")
    yield "an attribute of a function", lambda x: with_attribute(x), (setattr, with_attribute, "scale")
    yield "a part of a function", functools.partial(lambda a, x: x * a[0], kept), (kept.__setitem__, 0)
    yield "a module of the user's", lambda x: x * module.scale, (setattr, module, "scale")


@pytest.mark.parametrize(("function", "change"), [pytest.param(*each[1:], id=each[0]) for each in cases()])
def test_what_is_mentioned(function, change):
    step = tg.compile(function, backend="numpy")
    before = step(X)
    change, *where = change
    try:
        change(*where, 3.0)
        np.testing.assert_array_equal(step(X), before * 3)
        step(X)
        assert sum(map(len, step.programs.values())) == 2
    finally:
        change(*where, 1.0)
    np.testing.assert_array_equal(step(X), before)


def test_what_is_not_mentioned_needs_no_new_program():
    config = Config()
    step = tg.compile(config.apply, backend="numpy")
    for i in range(3):
        step(X)
        config.history = [i]
        config.unused = i
    assert sum(map(len, step.programs.values())) == 1


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        (types.SimpleNamespace(scale=1.0), lambda each: setattr(each, "scale", 2.0)),
        (Config(), lambda each: setattr(each, "scale", 2.0)),
        ({1.0}, lambda each: (each.clear(), each.add(2.0))),
        (around(1.0), lambda each: each[1](2.0)),
    ],
)
def test_an_argument_that_changes(argument, change):
    def function(argument, x):
        if isinstance(argument, set):
            return x * min(argument)
        return argument[0](x) if isinstance(argument, tuple) else x * argument.scale

    step = tg.compile(function, backend="numpy")
    assert step(argument, X)[0] == 1
    change(argument)
    assert step(argument, X)[0] == 2


def test_arguments_that_are_told_apart_by_value():
    step = tg.compile(lambda z, x: np.sqrt(z * x), backend="numpy")
    assert step(complex(-1, 0.0), X)[0] == 1j
    assert step(complex(-1, -0.0), X)[0] == -1j
    step = tg.compile(lambda part, x: x[part], backend="numpy")
    for start in (0, 0, 1, 1):
        step(slice(start, None), X)
    assert sum(map(len, step.programs.values())) == 2


def test_a_variable_that_has_the_name_of_a_method_is_not_looked_at():
    variables = {}
    exec("def total(x): return x.sum() * scale", variables)
    total = tg.compile(variables["total"], backend="numpy")
    for variables["sum"] in range(3):
        variables["scale"] = 2.0
        assert total(X) == 4
    assert "1 program" in repr(total)
    variables["scale"] = 3.0
    assert total(X) == 6
