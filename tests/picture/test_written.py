"""Pictures of arrays that are written into, and of operations with several results."""

import numpy as np

import tinygrad_like as tg
from tests.cases import leaf


def second_differences(x):
    out = np.zeros_like(x)
    out[1:-1] = x[2:] - 2 * x[1:-1] + x[:-2]
    return (out**2).sum()


def grown(x):
    u = x * 1
    u[1:-1] += u[2:] * u[:-2]
    return u.sum()


@tg.operation(vjp=lambda g, x: g[0] + 2 * x * g[1])
def powers(x):
    return x.copy(), x * x


def test_a_write_is_an_operation():
    source = tg.draw(second_differences, np.array([1.0, 4.0, 9.0, 16.0])).source
    assert source.count(">x[1:-1] =<") == 1
    assert ">zeros_like<" in source
    source = tg.draw(grown, np.array([1.0, 4.0, 9.0, 16.0])).source
    assert source.count(">x[1:3] =<") == 1
    assert source.count(">add<") == 1
    assert ">reshape<" not in source
    assert "103" in source


def test_several_results_are_parts_of_one():
    a, b = powers(leaf([0.5, 1.5]))
    source = tg.draw((a * b).sum()).source
    assert source.count(">powers<") == 1
    assert source.count(">part<") == 2
    source = tg.draw(lambda x: powers(x)[0] * powers(x)[1], np.array([0.5, 1.5])).source
    assert source.count(">powers<") == 2
