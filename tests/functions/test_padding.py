"""`np.pad` in every mode."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same
from tinygrad_like.engine.registry import NUMPY

RNG = np.random.default_rng(2)
M = RNG.normal(size=(3, 4))
V = RNG.normal(size=3)
LEAF = tg.Tensor(M, requires_grad=True)
WIDTHS = {
    "one": 2,
    "a pair": (1, 2),
    "a pair in a list": [[2, 1]],
    "one for each axis": ((1,), (2,)),
    "a pair for each axis": ((1, 0), (0, 2)),
    "an array": np.array([[0, 3], [1, 1]]),
    "by axes": {1: (2, 1)},
    "one by an axis": {-2: 1},
    "none": 0,
    "more than there are": ((7, 9), (10, 5)),
}
MODES = {
    "constant": {},
    "constant 2": {"mode": "constant", "constant_values": 2},
    "constants": {"mode": "constant", "constant_values": ((1.0, -2.0), (3.0, 4.5))},
    "edge": {"mode": "edge"},
    "linear_ramp": {"mode": "linear_ramp"},
    "linear_ramp to": {"mode": "linear_ramp", "end_values": ((1.0, -2.0), (3.0, 4.5))},
    "maximum": {"mode": "maximum"},
    "maximum of 2": {"mode": "maximum", "stat_length": 2},
    "minimum": {"mode": "minimum", "stat_length": ((1, 2), (9, 3))},
    "mean": {"mode": "mean"},
    "mean of": {"mode": "mean", "stat_length": (2, 3)},
    "median": {"mode": "median"},
    "median of": {"mode": "median", "stat_length": (3, 2)},
    "reflect": {"mode": "reflect"},
    "reflect even": {"mode": "reflect", "reflect_type": "even"},
    "reflect odd": {"mode": "reflect", "reflect_type": "odd"},
    "symmetric": {"mode": "symmetric"},
    "symmetric odd": {"mode": "symmetric", "reflect_type": "odd"},
    "wrap": {"mode": "wrap"},
}
HAS_MEDIAN = np.median in NUMPY


def supported(mode):
    return HAS_MEDIAN or "median" not in mode


@pytest.mark.parametrize("mode", MODES)
@together("widths", list(WIDTHS))
def test_values(mode, widths):
    for x in (M, M.T, M.astype(np.float32), (10 * M).astype(int)):
        expected = np.pad(x, WIDTHS[widths], **MODES[mode])
        rtol = 1e-12 if x.dtype != np.float32 else 1e-5
        same(np.pad(tg.Tensor(x), WIDTHS[widths], **MODES[mode]), expected, rtol=rtol)
        if supported(mode) and x.dtype.kind == "f":
            y = np.pad(tg.Tensor(x, requires_grad=True), WIDTHS[widths], **MODES[mode])
            same(y, expected, rtol=rtol)
            assert y.requires_grad


@together("mode", list(filter(supported, MODES)))
def test_derivatives(mode):
    agrees(lambda x: np.pad(x, ((1, 2), (3, 0)), **MODES[mode]), M)
    if not isinstance(MODES[mode].get("stat_length"), tuple) and "to" not in mode and mode != "constants":
        agrees(lambda x: np.pad(x, 7, **MODES[mode]), V)


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp"])
def test_of_one_value_and_of_none(mode):
    agrees(lambda x: np.pad(x, ((0, 0), (2, 1)), mode), M[:, :1])
    agrees(lambda x: np.pad(x, ((0, 0), (2, 1)), mode), np.zeros((0, 3)))


def test_a_number_has_no_axes():
    agrees(lambda x: np.pad(x, 1), np.array(2.0))
    agrees(lambda x: np.pad(x, (2, 1), "edge"), np.array(2.0))


def test_what_fills_is_differentiated():
    agrees(lambda x, c: np.pad(x, 1, constant_values=c), M, np.array(2.0))
    agrees(lambda x, c: np.pad(x, (2, 1), constant_values=c), M, np.array([2.0, 3.0]))
    agrees(lambda x, c: np.pad(x, 2, "linear_ramp", end_values=c), M, np.array([[2.0, 3.0], [4.0, 5.0]]))
    c = tg.Tensor(2.0, requires_grad=True)
    np.pad(LEAF, 1, constant_values=((c, 0), (0, 1))).sum().backward()
    assert c.grad.item() == 4.0
    np.pad(tg.Tensor(V), 2, constant_values=c).sum().backward()
    assert c.grad.item() == 8.0


def test_ties_share_the_gradient():
    assert tg.grad(lambda x: np.pad(x, 1, "maximum").sum())(np.ones(2)).tolist() == [2.0, 2.0]


def test_integers_are_constants():
    is_constant(lambda x: np.pad(x.astype(int), 2, "mean"), 10 * M)


def test_infinities_stay_where_they_are():
    x = np.array([1.0, np.inf, 2.0, 3.0])
    for mode in MODES.values():
        if mode.get("reflect_type") == "odd":
            same(np.pad(tg.Tensor(x), (0, 1), **mode), np.pad(x, (0, 1), **mode))
    np.testing.assert_array_equal(tg.grad(lambda x: np.pad(x, 1)[2])(x), [0, 1, 0, 0])


@together(
    ("call", "error"),
    [
        (lambda t: np.pad(t, -1), ValueError),
        (lambda t: np.pad(t, 1.5), TypeError),
        (lambda t: np.pad(t, ((1, 1),) * 3), ValueError),
        (lambda t: np.pad(t, 1, "nothing"), ValueError),
        (lambda t: np.pad(t, 1, "edge", constant_values=1), ValueError),
        (lambda t: np.pad(t, 1, "maximum", stat_length=0), ValueError),
        (lambda t: np.pad(t, 1, "mean", stat_length=-1), ValueError),
        (lambda t: np.pad(t[:0], 1, "edge"), ValueError),
        (lambda t: np.pad(t[:0], 1, "wrap"), ValueError),
    ],
)
def test_numpys_errors_stay_errors(call, error):
    for t in (M, tg.Tensor(M), LEAF):
        with pytest.raises(error):
            call(t)


def test_a_function_writes_the_margins():
    def write(vector, width, axis, options):
        vector[: width[0]] = options.get("first", 2) * vector[width[0]]
        vector[-1:] = np.sum(vector[:-1] ** 2)

    agrees(lambda x: np.pad(x, (2, 1), write), M)
    agrees(lambda x, first: np.pad(x, [(1, 1), (0, 2)], write, first=first), M, np.array(3.0), order=1)
    same(np.pad(tg.Tensor(M.astype(int)), (1, 1), write), np.pad(M.astype(int), (1, 1), write))


def test_empty_margins_hold_anything():
    same(np.pad(LEAF, 2, "empty")[2:-2, 2:-2], np.pad(LEAF.numpy(), 2, "empty")[2:-2, 2:-2])


def test_what_is_refused_says_what_to_write():
    with pytest.raises(tg.ArgumentError, match="'even' or 'odd'"):
        np.pad(LEAF, 1, "reflect", reflect_type="other")
