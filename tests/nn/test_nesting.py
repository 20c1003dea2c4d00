"""Sequentials nest to any depth."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import calls_in


def nested(depth, inner=None):
    model = inner or tg.Linear(2, 2, seed=0)
    for _ in range(depth):
        model = tg.Sequential(model)
    return model


X = np.ones((3, 2))


@pytest.mark.parametrize("depth", [1, 300, 2000])
def test_deep_nesting(depth):
    model, flat = nested(depth), tg.Linear(2, 2, seed=0)
    y = model(X)
    np.testing.assert_array_equal(y.data, flat(X).data)
    y.sum().backward()
    flat(X).sum().backward()
    for p, q in zip(model.parameters(), flat.parameters()):
        np.testing.assert_array_equal(p.grad.data, q.grad.data)
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again(X).data, y.data)
        assert len(list(again.named_layers())) == depth
        assert again.parameters()[0] is not model.parameters()[0]
    model.zero_grad()
    assert model.train().training


def test_repr_and_pictures_of_deep_nesting():
    model = nested(300)
    assert repr(model).count("Sequential") == 300
    assert "6" in tg.summary(model, X).__str__()
    assert "svg" in model.draw(X, depth=1).svg()[:200]


def test_shared_parts_stay_shared():
    shared = nested(40)
    model = tg.Sequential(shared, tg.Tanh(), tg.Sequential(shared))
    model.also = shared
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.layers[0] is again.also is again.layers[2].layers[0]
        assert len(again.parameters()) == 2


def test_an_error_inside_names_the_path_and_the_layer_before():
    model = tg.Sequential(tg.Tanh(), tg.Sequential(tg.Linear(2, 5), tg.Sequential(tg.Sequential(tg.Linear(3, 1)))))
    with pytest.raises(tg.ShapeError) as error:
        model(X)
    text = str(error.value)
    assert text.startswith("Linear at layers[1].layers[1].layers[0].layers[0] takes inputs with 3 features")
    assert text.count("the layer before it,") == 1
    assert "layers[0] Linear, returned (3, 5)" in text
    assert model.layers[1].layers[0](X).shape == (3, 5)
    np.testing.assert_array_equal(tg.Sequential(tg.Linear(2, 2, seed=0))(X).data, tg.Linear(2, 2, seed=0)(X).data)


def test_a_class_in_place_of_a_layer():
    with pytest.raises(tg.ArgumentError, match=r"Write Tanh\(\)"):
        tg.Sequential(tg.Linear(2, 2), tg.Tanh)


def test_an_empty_sequential_inside():
    assert tg.Sequential(tg.Sequential(), tg.Sequential(tg.Sequential()))(X) is X


class Stated(tg.Sequential):
    """A Sequential with a slot, which says itself what goes along."""

    __slots__ = ("note",)

    def __init__(self, *layers):
        super().__init__(*layers)
        self.note, self.cache = "kept", lambda: None

    def __getstate__(self):
        attributes, slots = super().__getstate__()
        return {name: value for name, value in attributes.items() if name != "cache"}, slots


@pytest.mark.parametrize("depth", [0, 100])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_subclasses_say_what_goes_along(depth, copied):
    model = Stated(nested(depth))
    again = copied(model)
    assert (again.note, hasattr(again, "cache")) == ("kept", False)
    np.testing.assert_array_equal(again(X).data, model(X).data)


def test_what_stands_deep_inside_can_lead_back():
    model = nested(100)
    inner = next(layer for path, layer in model.named_layers() if path.count("layers") == 64)
    inner.outermost = model
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        deep = next(layer for path, layer in again.named_layers() if path.count("layers") == 64)
        assert deep.outermost is again


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
def test_copies_take_linear_time(copied):
    few, many = nested(400), nested(1600)
    assert calls_in(lambda: copied(many)) < 4.5 * calls_in(lambda: copied(few))


def test_only_errors_of_shapes_tell_what_the_layer_before_returned():
    class Bad(tg.Layer):
        def forward(self, x):
            raise tg.DTypeError("It is bad.", "Write good.")

    for model in (tg.Sequential(tg.Tanh(), Bad()), tg.Sequential(tg.Tanh(), tg.Sequential(tg.Tanh(), Bad()))):
        with pytest.raises(tg.DTypeError) as error:
            model(X)
        assert str(error.value).endswith("Write good.")
