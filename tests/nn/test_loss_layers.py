"""Loss layers: their options stand in PyTorch's order, and reach the function."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.losses.table import CASES
from tinygrad_like.nn import loss_layers
from tinygrad_like.nn.loss_layers import LossLayer

CLASSES = {each.__name__: each for each in vars(loss_layers).values() if isinstance(each, type)}
CLASSES = {name: each for name, each in CLASSES.items() if issubclass(each, LossLayer) and each is not LossLayer}
OF_FUNCTION = {each.function.__name__: each for each in CLASSES.values()}
DEPRECATED = {"size_average", "reduce"}
# In our constructors but not in PyTorch's.
MORE = {"MSELoss": ["weight"], "L1Loss": ["weight"], "HuberLoss": ["weight"]}


def test_each_function_has_a_layer():
    assert set(OF_FUNCTION) == set(tg.losses.__all__) - {"focal"}


def test_each_case_gives_what_the_function_gives():
    for case in CASES:
        if case.name == "focal":
            continue
        layer = OF_FUNCTION[case.name](**case.options)
        got, want = layer(*case.arrays), case(*case.arrays)
        np.testing.assert_array_equal(tg.Tensor(got).data, want, err_msg=case.key)


@together("name", list(CLASSES))
def test_the_constructor_is_that_of_pytorch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = inspect.signature(getattr(torch.nn, name)).parameters.values()
    expected = {each.name: each.default for each in theirs if each.name not in DEPRECATED}
    found = {key: value for key, value in CLASSES[name].defaults.items() if key != "axis"}
    assert list(found) == [*expected, *MORE.get(name, [])]
    assert {key: found[key] for key in expected} == expected
    layer, twin = CLASSES[name](), getattr(torch.nn, name)()
    assert all(getattr(layer, key) == getattr(twin, key) for key in expected)


def test_options_by_position_and_by_name():
    layer = loss_layers.CrossEntropyLoss([1.0, 2.0], -1, "sum", 0.1)
    assert layer.weight.tolist() == [1.0, 2.0]
    assert (layer.ignore_index, layer.reduction, layer.label_smoothing, layer.axis) == (-1, "sum", 0.1, -1)
    x, c = np.array([[0.5, 1.0], [2.0, -1.0], [1.0, 1.0]]), np.array([1, 0, -1])
    expected = tg.losses.cross_entropy(x, c, np.array([1.0, 2.0]), -1, "sum", 0.1)
    assert layer(x, c).item() == expected
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert twin(x, c).item() == expected
    assert repr(layer).startswith("CrossEntropyLoss(weight: (2,), ignore_index=-1, reduction=sum, label_smoothing=0.1)")
    assert [*layer.state_dict()] == ["weight"]
    layer.reduction = "none"
    assert layer(x, c).shape == (3,)
    assert layer.parameters() == []


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: loss_layers.MSELoss(size_average=True), "no option 'size_average'.\n  It has reduction, weight"),
        (lambda: loss_layers.MSELoss("average"), "MSELoss takes one of reduction='mean', 'sum', 'none'"),
        (lambda: loss_layers.MSELoss("batchmean"), "'batchmean'"),
        (lambda: loss_layers.MSELoss("sum", reduction="sum"), "'reduction' twice"),
        (lambda: loss_layers.KLDivLoss("batchmean", False, 3), "log_target, but got 3"),
        (lambda: loss_layers.KLDivLoss("all"), "'batchmean', but got 'all'"),
    ],
)
def test_options_that_are_not_there(make, text):
    with pytest.raises(tg.ArgumentError, match=text):
        make()


def test_an_error_names_the_layer():
    model = tg.Sequential(tg.Linear(2, 3, seed=0))
    with pytest.raises(tg.ShapeError, match="CrossEntropyLoss"):
        loss_layers.CrossEntropyLoss()(model(np.ones((4, 2))), [0, 1])
