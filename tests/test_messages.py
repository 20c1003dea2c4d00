"""Mistakes that are easily made are told with what to write instead."""

import pathlib

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together

RAGGED = [[1.0, 2.0], [3.0]]


@together(
    "use",
    [
        lambda t, layer: layer(RAGGED),
        lambda t, layer: tg.Sequential(layer, tg.Tanh())(RAGGED),
        lambda t, layer: t + RAGGED,
        lambda t, layer: RAGGED * t,
        lambda t, layer: tg.Tensor(RAGGED),
        lambda t, layer: tg.mse(t, RAGGED),
        lambda t, layer: tg.linear(RAGGED, layer.weight),
        lambda t, layer: tg.sigmoid(RAGGED),
        lambda t, layer: tg.cross_entropy(np.ones((2, 2)), RAGGED),
        lambda t, layer: np.maximum(t, RAGGED),
    ],
)
def test_ragged_lists(use):
    with pytest.raises(tg.DTypeError, match="nested lists of equal lengths"):
        use(tg.Tensor([1.0, 2.0]), tg.Linear(2, 3, seed=0))


@pytest.mark.parametrize("decorator", [tg.no_grad, tg.no_grad()])
def test_no_grad_with_and_without_parentheses(decorator):
    @decorator
    def double(t, factor=2.0):
        """Twice."""
        return t * factor

    t = tg.Tensor([1.0], requires_grad=True)
    assert not double(t).requires_grad
    assert double(t, factor=3.0).tolist() == [3.0]
    assert (double.__name__, double.__doc__) == ("double", "Twice.")
    assert tg.is_recording()


def test_enable_grad_without_parentheses():
    @tg.enable_grad
    def double(t):
        return t * 2.0

    with tg.no_grad():
        assert double(tg.Tensor([1.0], requires_grad=True)).requires_grad


@pytest.mark.parametrize("wrong", [True, 3, "x", tg.Tanh, classmethod(len)])
def test_no_grad_of_something_else(wrong):
    with pytest.raises(tg.ArgumentError, match=r"Write `with no_grad\(\):`"):
        tg.no_grad(wrong)
    with pytest.raises(tg.ArgumentError, match=r"Write `with enable_grad\(\):`"):
        tg.enable_grad()(wrong)


@pytest.mark.parametrize("wrong", [3, None, 3.5, [1], b"x.svg"])
def test_a_picture_is_saved_under_a_name(wrong, tmp_path):
    picture = tg.draw(tg.Tensor(1.0, requires_grad=True) * 2)
    with pytest.raises(tg.ArgumentError, match=r"Write save\('x\.svg'\)"):
        picture.save(wrong)
    picture.save(tmp_path / "x.dot")
    assert pathlib.Path(tmp_path / "x.dot").read_text()


@pytest.mark.parametrize("wrong", [3, [1], object(), "nowhere", np.ones(2), tg.Tensor([1.0])])
def test_a_wrong_focus(wrong):
    with pytest.raises(tg.ArgumentError, match=r"^focus"):
        tg.draw(tg.Tensor(1.0, requires_grad=True) * 2, focus=wrong)


X = np.ones((1, 2))


@pytest.mark.parametrize(
    "use",
    [
        lambda given: tg.Sequential(tg.Linear(2, 2), given),
        lambda given: tg.Activation(given),
        lambda given: tg.Network([2, 3, 1], given),
        lambda given: tg.draw(given, X),
        lambda given: tg.draw(tg.Tanh(), X, focus=given),
        lambda given: tg.gradcheck(given, X),
        lambda given: tg.plot_decision_boundary(given, X, [0]),
    ],
)
@pytest.mark.parametrize("given", [tg.Tanh, type("Scale", (), {"__call__": lambda self, x: x})])
def test_a_class_in_place_of_an_instance(use, given):
    with pytest.raises(tg.ArgumentError, match=rf"the class {given.__name__}\.\n  Write {given.__name__}\(\)"):
        use(given)


def test_a_summary_of_a_class():
    with pytest.raises(tg.ArgumentError, match="the class Tanh"):
        tg.summary(tg.Tanh, X)
