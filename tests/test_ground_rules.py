"""The checks of ground_rules.py find what breaks a rule."""

import random

import numpy as np
import pytest

import tinygrad_like as tg
from tests.ground_rules import look, only_our_random_numbers, parting, way_of, without_shortcuts
from tinygrad_like.functions import nonlinearities


class Counter(tg.Layer):
    """Keeps a number, an array and Tensors, and changes one of them in its call."""

    def __init__(self, change):
        self.calls, self.kept, self.total, self.change = 0, {"array": np.zeros(1)}, tg.Tensor(np.zeros(1)), change

    def forward(self, x):
        self.change(self)
        return x


def changed_by(layer):
    seen = look(layer)
    layer(1.0)
    return seen.check()


def count(layer):
    layer.calls += 1


def add_to_array(layer):
    layer.kept["array"] += 1


def replace(layer):
    layer.total = layer.total + 1


def write_behind(layer):
    layer.total._array[...] = 1


def draw(layer):
    np.random.default_rng(0)


def draw_by_python(layer):
    random.random()


def keep_to_the_rules(layer):
    tg.assign(layer.total, layer.total + 1)
    tg.random.draws().random(2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (count, "No Tensor, but changed: Counter.calls"),
        (add_to_array, r"No Tensor, but changed: Counter.kept\['array'\]"),
        (replace, "No Tensor, but changed: Counter.total"),
        (write_behind, "not through assign: Counter.total"),
        (draw, "Random numbers must come from"),
        (draw_by_python, "Random numbers must come from"),
    ],
)
def test_what_breaks_a_rule_is_found(change, message, monkeypatch):
    only_our_random_numbers(monkeypatch)
    with pytest.raises(AssertionError, match=message):
        changed_by(Counter(change))


def test_what_keeps_to_the_rules_passes(monkeypatch):
    only_our_random_numbers(monkeypatch)
    assert sorted(changed_by(Counter(keep_to_the_rules))) == ["Counter.total", "Generator.state"]


def test_a_branch_on_values_is_found_unless_it_is_a_shortcut(monkeypatch):
    def parted():
        return parting(*(way_of(lambda x=x: nonlinearities.softsign(np.array([x]))) for x in (1.0, np.inf)))

    assert parted().startswith("functions/nonlinearities.py:")
    with monkeypatch.context() as patched:
        without_shortcuts(patched)
        assert parted() == ""
        patched.setattr(nonlinearities, "all_finite", lambda x: bool(np.isfinite(x).all()))
        assert parted().endswith("in softsign")
    assert parted() != ""
