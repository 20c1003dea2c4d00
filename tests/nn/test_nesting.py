"""Sequentials nest to any depth."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg


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
