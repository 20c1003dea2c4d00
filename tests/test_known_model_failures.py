"""Cases that other frameworks got wrong, and their relatives: lost graphs, gradient checks, layers, optimizers.

Names such as "PyTorch #2677" say where a case was first reported.
"""

import collections
import contextlib
import copy
import math
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import (
    ArgumentError,
    DTypeError,
    GradientCheckError,
    LostGraphError,
    TinygradError,
    UnsupportedError,
)

from .test_known_failures import leaf

# -- lost graphs -------------------------------------------------------------------------------------

CONVERSIONS = {
    "np.array of a list": lambda t, v: np.array([t, t]),
    "np.array of vectors": lambda t, v: np.array([v, v]),
    "np.array with objects": lambda t, v: np.array([t, 1.0], dtype=object),
    "np.asarray": lambda t, v: np.asarray(v),
    "np.mean of a list": lambda t, v: np.mean([t, t]),
    "np.max of a list": lambda t, v: np.max([t, 3.0]),
    "a ufunc of a list": lambda t, v: np.sin([t, t]),
    "np.full": lambda t, v: np.full(3, t),
    "np.full_like": lambda t, v: np.full_like(np.ones(3), t),
    "np.fromiter": lambda t, v: np.fromiter([t, t], float),
    "np.vectorize": lambda t, v: np.vectorize(math.sin)(v),
    "an element": lambda t, v: np.zeros(3).__setitem__(0, t),
    "a slice": lambda t, v: np.zeros(2).__setitem__(slice(None), v),
    "fill": lambda t, v: np.zeros(3).fill(t),
    "np.copyto": lambda t, v: np.copyto(np.zeros(3), t),
    "np.put": lambda t, v: np.put(np.zeros(3), [0], t),
    "np.add.at": lambda t, v: np.add.at(np.zeros(3), [0], t),
    "out=": lambda t, v: np.sin(v, out=np.zeros(2)),
    "out= by position": lambda t, v: np.concatenate([v, v], 0, np.zeros(4)),
    "array -= tensor": lambda t, v: np.zeros(2).__isub__(v),
    "method of an array": lambda t, v: np.ones(2).dot(v),
    "math.sin": lambda t, v: math.sin(t),
    "float": lambda t, v: float(t),
    "complex": lambda t, v: complex(t),
    "np.float64": lambda t, v: np.float64(t),
    "Tensor": lambda t, v: Tensor(t),
    "Tensor of a list": lambda t, v: Tensor([t, t]),
    "masked array": lambda t, v: np.ma.array([1.0, 2.0], mask=[0, 1]) * v,
    "np.ma function": lambda t, v: np.ma.sum(v),
    "an option": lambda t, v: np.std(v, ddof=t),
    "random numbers": lambda t, v: np.random.default_rng(0).normal(t, 1.0),
    "not provided for": lambda t, v: np.packbits(v),
}


@together("recorded", ["leaf", "result"])
@together("convert", CONVERSIONS)
def test_what_numpy_cannot_record_is_an_error_that_names_the_way(convert, recorded):
    """MyGrad: these gave plain arrays, and gradients of zero."""
    t, v = leaf(0.5), leaf([1.0, 2.0])
    if recorded == "result":
        t, v = t * 1, v * 1
    with pytest.raises((TinygradError, ValueError)) as caught:
        convert(t, v)
    # NumPy puts an error of its own on top where it sets a single element.
    error = caught.value if isinstance(caught.value, TinygradError) else caught.value.__cause__
    assert isinstance(error, (LostGraphError, UnsupportedError))
    assert "t.numpy()" in str(error) or "separate step" in str(error)


def test_the_gradient_flows_through_stack_and_copy():
    a, b = leaf(1.0), leaf(2.0)
    (np.stack([a, b, 3.0]) * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (1.0, 10.0)
    for duplicate in (copy.copy, copy.deepcopy, Tensor.copy, np.copy):
        x = leaf([1.0])
        duplicate(x * 3).backward()
        assert x.grad.item() == 3.0


@together("dtype", [np.float32, np.float64])
@together(
    "mix",
    [
        lambda a, t: a * t,
        lambda a, t: 2.0 * t,
        lambda a, t: a.dtype.type(2) * t,
        lambda a, t: np.multiply(a, t),
        lambda a, t: a @ t,
        lambda a, t: 2.0 - t,
        lambda a, t: a / t,
        lambda a, t: 2.0**t,
        lambda a, t: 3 // t + 5 % t + t,
        lambda a, t: np.where(a > t, a, t),
    ],
)
def test_an_array_or_number_on_the_left_gives_a_recorded_tensor(mix, dtype):
    y = mix(np.full(3, 2, dtype), leaf([1, 2, 3], dtype))
    assert isinstance(y, Tensor)
    assert y.requires_grad
    assert y.dtype == dtype


def test_the_gradient_of_a_result_is_none_with_a_warning():
    """PyTorch #2677."""
    x = leaf(2.0)
    y = x * x
    (y * y).backward(retain_graph=True)
    with pytest.warns(UserWarning, match=r"retain_grad\(\)"):
        assert y.grad is None
    y.retain_grad()
    (y * 3).backward()
    assert y.grad.item() == 3.0


def test_a_gradient_check_that_fails_says_where():
    """PyTorch #2710, #8659."""
    wrong = tg.operation(vjp=lambda g, x: g * np.where(x > 2, 3 * x, 2 * x))(lambda x: x * x)
    with pytest.raises(GradientCheckError, match=r"\[1\].*\n?.*analytic 9.* numeric 6\b"):
        tg.gradcheck(lambda x: wrong(x) * 1.0, np.array([1.0, 3.0]))
    for x in (np.ones(2, np.float32), Tensor(np.ones(2, np.float16))):
        with pytest.raises(DTypeError, match=f"{x.dtype}.* too coarse"):
            tg.gradcheck(np.sin, x)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * np.nan,
        lambda x: np.stack([x * 1e12, x * (x.detach() if isinstance(x, Tensor) else x)]),
        lambda x: np.stack([x, x * (x.detach() if isinstance(x, Tensor) else x)]) * np.array([1e-12, 1e-3]),
    ],
)
def test_a_gradient_check_can_fail(f):
    """Neither nan nor an output of another size may hide a wrong derivative."""
    with pytest.raises(GradientCheckError):
        tg.gradcheck(f, np.array(3.0))


# -- layers and optimizers ---------------------------------------------------------------------------

MODELS = {
    "sequential": lambda: tg.Sequential(tg.Linear(2, 3, seed=0), tg.Sigmoid(), tg.Linear(3, 1, seed=1)),
    "activations": lambda: tg.Sequential(tg.Linear(2, 1, seed=0), tg.TANH, tg.SIGMOID, tg.RELU),
    "float32": lambda: tg.Sequential(tg.Linear(2, 3, dtype=np.float32, seed=0), tg.Linear(3, 1, seed=1)),
    "a layer twice": lambda: tg.Sequential(*[tg.Linear(2, 2, seed=0)] * 2, tg.Linear(2, 1, seed=1)),
    "containers": lambda: Containers(lambda layer: [{"a": (layer,)}]),
}
models = together("make", MODELS)


class Containers(tg.Layer):
    """Does not call super().__init__(), and keeps its layer wherever `put` puts it."""

    def __init__(self, put):
        self.kept = put(tg.Linear(2, 1, seed=0))

    def forward(self, x):
        layer = self.kept
        while not callable(layer):
            layer = next(iter(layer.values() if isinstance(layer, dict) else layer))
        return layer(x)


def flat(model):
    return np.concatenate([p.numpy().ravel() for p in model.parameters()])


def train(model, optimizer, steps=3):
    for _ in range(steps):
        optimizer.zero_grad()
        tg.mse(model(np.array([[1.0, 2.0], [0.5, -1.0]])), np.ones((2, 1))).backward()
        optimizer.step()
    return flat(model)


@pytest.mark.parametrize("share", ["layer", "parameter", "listed twice"])
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_a_shared_layer_is_updated_once_with_the_summed_gradient(share, momentum):
    """torch7 #716."""
    first = tg.Linear(2, 2, bias=False, seed=0)
    second = first if share != "parameter" else tg.Linear(2, 2, bias=False)
    second.weight = first.weight
    before = first.weight.numpy().copy()
    model = tg.Sequential(first, second)
    assert len(model.parameters()) == 1
    optimizer = tg.SGD(model.parameters() * 2 if share == "listed twice" else model.parameters(), 0.5, momentum)
    x = np.array([[1.0, 2.0]])
    model(x).sum().backward()
    optimizer.step()
    summed = tg.grad(lambda w: (x @ w.T @ w.T).sum())(before)
    np.testing.assert_allclose(first.weight.numpy(), before - 0.5 * summed)


@models
@together("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copied_model_and_its_optimizer_train_alike_but_on_their_own(make, duplicate):
    """HIPS autograd #38, PyTorch #54580."""
    if make is MODELS["containers"]:
        make = lambda: Containers(list_of_one)  # noqa: E731
    model = make()
    optimizer = tg.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    train(model, optimizer)
    twin, its_optimizer = duplicate((model, optimizer))
    before = flat(model)
    assert flat(twin).tolist() == before.tolist()
    assert [p.dtype for p in twin.parameters()] == [p.dtype for p in model.parameters()]
    after = train(twin, its_optimizer)
    assert flat(model).tolist() == before.tolist()
    assert (after != before).all()
    assert train(model, optimizer).tolist() == after.tolist()


def list_of_one(layer):
    return [layer]


@models
def test_a_model_copied_alone_can_be_trained(make):
    model = make()
    tg.SGD(model.parameters(), 0.1)
    model(np.ones((1, 2))).sum().backward()
    before, twin = flat(model), copy.deepcopy(model)
    for own, other in zip(model.parameters(), twin.parameters()):
        assert own.grad.tolist() == other.grad.tolist()
        assert not np.shares_memory(own.numpy(), other.numpy())
        assert not np.shares_memory(own.grad.numpy(), other.grad.numpy())
    assert (train(twin, tg.SGD(twin.parameters(), 0.1)) != before).any()
    assert flat(model).tolist() == before.tolist()


def test_a_network_that_is_copied_between_its_two_passes_does_not_train_the_other():
    """The copy's output hangs on the graph of the original: it must refuse, or have a graph of its own."""
    network = tg.Network([2, 3, 1], seed=0)
    outputs = network.feed_forward([0.0, 1.0])
    twin = copy.deepcopy(network)
    before = flat(network.model)
    with contextlib.suppress(ArgumentError):
        twin.back_propagate(outputs, [1.0])
        assert (flat(twin.model) != before).any()
    assert all(p.grad is None for p in network.model.parameters())
    network.back_propagate(outputs, [1.0])
    assert (flat(network.model) != before).any()


@pytest.mark.parametrize("part", [slice(0, 2), slice(2, 4), slice(1, 3), slice(None, None, 2), slice(None, None, -1)])
def test_an_optimizer_over_a_part_of_a_model_and_then_one_over_all(part):
    model = MODELS["sequential"]()
    some = model.parameters()[part]
    first, second = tg.SGD(some, 0.1), tg.SGD(model.parameters(), 0.1, momentum=0.9)
    for optimizer, moved in ((first, some), (second, model.parameters()), (first, some)):
        before = {id(p): p.numpy().copy() for p in model.parameters()}
        train(model, optimizer, 1)
        second.zero_grad()
        for p in model.parameters():
            assert (p.numpy() != before[id(p)]).all() == any(p is each for each in moved)


@pytest.mark.parametrize("with_optimizer", [False, True])
def test_a_gradient_that_was_kept_does_not_change(with_optimizer):
    p = leaf([1.0, 2.0])
    optimizer = tg.SGD([p], 0.1, momentum=0.9) if with_optimizer else None
    (p * p).sum().backward()
    kept, array = p.grad, p.grad.numpy()
    for _ in range(3):
        (p * 3).sum().backward()
        if optimizer is not None:
            optimizer.step()
            optimizer.zero_grad()
    assert kept.tolist() == array.tolist() == [2.0, 4.0]


def test_a_gradient_from_before_the_optimizer_counts():
    p = leaf([1.0, 2.0])
    (p * p).sum().backward()
    optimizer = tg.SGD([p], 0.5)
    (p * 3).sum().backward()
    optimizer.step()
    assert p.tolist() == [1 - 0.5 * 5, 2 - 0.5 * 7]


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_a_parameter_without_a_gradient_is_left_alone(settings):
    used, unused, late = leaf([1.0]), leaf([1.0]), leaf([1.0])
    optimizer = tg.SGD([unused, used, late], 0.1, weight_decay=0.5, **settings)
    (used * 2 + late * 0).sum().backward()
    optimizer.step()
    assert (used.item() < 1, unused.item(), late.item() < 1) == (True, 1.0, True)
    optimizer.zero_grad()
    before = late.item()
    used.sum().backward()
    optimizer.step()
    assert (late.item(), unused.item()) == (before, 1.0)


@together(
    "put",
    [
        lambda layer: layer,
        lambda layer: [layer],
        lambda layer: (layer,),
        lambda layer: {"a": layer},
        lambda layer: collections.OrderedDict(a=layer),
        lambda layer: collections.defaultdict(list, a=[layer]),
        lambda layer: collections.namedtuple("Pair", "a b")(layer, layer),
        lambda layer: [[{"a": ([layer],)}], layer],
        lambda layer: tg.Sequential(tg.Sequential(layer)),
    ],
)
def test_layers_are_found_wherever_they_are_kept(put):
    """PyTorch #37824 and many others: nothing needs registering, nor super().__init__()."""
    model = Containers(put)
    assert [p.shape for p in model.parameters()] == [(1, 2), (1,)]
    before = flat(model)
    assert (train(model, tg.SGD(model.parameters(), 0.1)) != before).all()


def test_layers_that_are_added_or_replaced_later_are_found():
    model = Containers(list_of_one)
    model.kept.append(tg.Linear(1, 1))
    model.extra = {"w": tg.Parameter([1.0])}
    assert len(model.parameters()) == 5
    model.kept[0] = model.kept[1]
    assert len(model.parameters()) == 3
    model.kept[0].inner = model
    assert len(model.parameters()) == 3
