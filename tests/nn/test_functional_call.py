"""Models as functions of their parameters: `functional_call`."""

import collections
import functools
import threading
import types
import weakref

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.nn.test_state import Tied


def test_a_model_is_a_function_of_its_parameters():
    model, x = Tied(), np.array([[0.3, -0.2]])
    state = {name: each.numpy().copy() for name, each in model.named_parameters()}

    def loss(parameters):
        return (tg.functional_call(model, parameters, x) ** 2).sum()

    gradients = tg.grad(loss)(state)
    (model(x) ** 2).sum().backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), rtol=1e-12, err_msg=name)
    assert tg.gradcheck(loss, state)
    hessian = tg.hessian(loss)(state)
    assert hessian["first.bias"]["last.bias"].shape == (2, 2)


def test_the_model_is_left_as_it_is_but_for_its_buffers():
    model = Tied()
    kept = {name: each for name, each in model.named_parameters()}
    y = tg.functional_call(model, {"first.weight": np.zeros((2, 2)), "first.bias": np.zeros(2)}, np.ones((1, 2)))
    assert all(each is kept[name] for name, each in model.named_parameters())
    np.testing.assert_array_equal(model.count.numpy(), [1, 1])
    assert model.latest is None
    model.first.weight.data, model.first.bias.data = 0, 0
    np.testing.assert_array_equal(model(np.ones((1, 2))).numpy(), y.numpy())


def test_parameters_in_objects_containers_and_bound_methods_are_replaced():
    class Keeper:
        def __init__(self):
            self.scale = tg.Parameter(2.0)

    class Odd(tg.Layer):
        __slots__ = ("slotted",)
        shared = tg.Parameter(3.0)

        def __init__(self):
            self.slotted = tg.Parameter(5.0)
            self.keeper = Keeper()
            self.pair = (tg.Parameter(7.0), [self.keeper])
            self.method = self.product

        def product(self, x):
            return x * self.slotted * self.keeper.scale * self.pair[0] * self.pair[1][0].scale * self.shared

        def forward(self, x):
            return self.method(x)

    model = Odd()
    names = dict(model.named_parameters())
    ones = {name: np.ones(()) for name in names}
    assert tg.functional_call(model, ones, 1.0).item() == 1.0
    assert model(1.0).item() == 5 * 2 * 7 * 2 * 3


@together("kind", ["closure", "default", "partial", "weak", "object", "deque", "array", "namespace"])
def test_what_refers_to_parameters_in_another_way_sees_the_new_values(kind):
    class Part(tg.Layer):
        def __init__(self):
            self.scale = tg.Parameter(2.0)
            self.get = ways(self)[kind]()

        def product(self, factor=1.0):
            return self.scale * factor

        def forward(self, x):
            return x * self.get()

    class Node:
        def __init__(self, scale, inner=None):
            self.scale, self.inner = scale, inner or Node(scale, self)

        def __call__(self):
            return self.inner.inner.inner.scale

    def ways(part):
        array = np.empty(1, object)
        array[0] = part.scale
        kept = collections.deque([part.scale]), array, types.SimpleNamespace(x=part.scale)
        return {
            "closure": lambda: lambda: part.scale,
            "default": lambda: lambda part=part: part.scale,
            "partial": lambda: functools.partial(part.product, factor=1.0),
            "weak": lambda: functools.partial(lambda part: part().scale, weakref.ref(part)),
            "object": lambda: Node(part.scale),
            "deque": lambda: lambda: kept[0][0],
            "array": lambda: lambda: kept[1][0],
            "namespace": lambda: lambda: kept[2].x,
        }

    model = Part()
    value, slope = tg.value_and_grad(lambda p: tg.functional_call(model, p, 3.0))({"scale": np.array(5.0)})
    assert (float(value), float(slope["scale"])) == (15.0, 3.0)
    assert model(1.0).item() == 2.0


@pytest.mark.parametrize("kind", [list, dict])
def test_a_layer_may_be_a_container(kind):
    class Row(tg.Layer, kind):
        def forward(self, x):
            return x * sum(self[key] for key in (self if kind is dict else range(len(self))))

    model = Row({"a": tg.Parameter(1.0)} if kind is dict else [tg.Parameter(1.0)])
    (name,) = model.state_dict()
    assert tg.functional_call(model, {name: 4.0}, 1.0).item() == 4.0


def test_parameters_stay_parameters():
    class Penalised(tg.Layer):
        def __init__(self):
            self.weight = Marked(2.0)
            self.weight.factor = 10.0

        def forward(self, x):
            return x * self.weight + sum(p**2 * p.factor for p in self.parameters())

    class Marked(tg.Parameter):
        pass

    model = Penalised()
    slopes = tg.grad(lambda p: tg.functional_call(model, p, 1.0))({"weight": np.array(2.0)})
    assert slopes["weight"] == 1 + 2 * 2 * 10
    assert tg.functional_call(model, dict(model.named_parameters()), 1.0).item() == model(1.0).item()


def test_one_parameter_has_one_value():
    model, x = Tied(), np.ones((1, 2))
    assert tg.functional_call(model, model.state_dict(), x).shape == (1, 2)
    state = {"first.weight": np.zeros((2, 2)), "last.weight": np.ones((2, 2))}
    with pytest.raises(tg.ArgumentError, match=r"last\.weight and first\.weight are one parameter"):
        tg.functional_call(model, state, x)


def test_a_cached_property_is_computed_anew():
    class Doubled(tg.Layer):
        def __init__(self):
            self.weight = tg.Parameter(2.0)

        @functools.cached_property
        def double(self):
            return 2 * self.weight

        def forward(self, x):
            return x * self.double

    model = Doubled()
    assert model(1.0).item() == 4.0
    assert tg.functional_call(model, {"weight": 3.0}, 1.0).item() == 6.0


scale_of_all = tg.Parameter(2.0)


def test_what_cannot_be_copied_is_refused():
    class Keeping(tg.Layer):
        def __init__(self, kept):
            self.scale, self.kept = scale_of_all, kept

        def forward(self, x):
            return self.kept(x)

    for kept, problem in (
        (lambda x: x * scale_of_all, "by a global name"),
        (functools.lru_cache(functools.partial(np.multiply, scale_of_all)), "_lru_cache_wrapper"),
    ):
        with pytest.raises(tg.UnsupportedError, match=problem):
            tg.functional_call(Keeping(kept), {"scale": 1.0}, 1.0)


def test_bad_calls_say_what_is_wrong():
    model = tg.Linear(2, 1)
    with pytest.raises(tg.ArgumentError, match="no parameter wait"):
        tg.functional_call(model, {"wait": 1.0}, np.ones(2))
    with pytest.raises(tg.ShapeError, match="weight has the shape"):
        tg.functional_call(model, {"weight": 1.0}, np.ones(2))
    with pytest.raises(tg.ArgumentError, match="takes a layer and a dict"):
        tg.functional_call(model, [1.0], np.ones(2))


def test_threads_do_not_disturb_each_other():
    model, found = tg.Linear(1, 1), {}

    def work(factor):
        given = {"weight": np.full((1, 1), factor), "bias": np.zeros(1)}
        found[factor] = {tg.functional_call(model, given, np.ones(1)).item() for _ in range(50)}

    threads = [threading.Thread(target=work, args=(float(i),)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {float(i): {float(i)} for i in range(4)}


def test_deeply_nested_models_are_no_recursion():
    model = tg.Linear(1, 1)
    for _ in range(3000):
        model = tg.Sequential(model)
    (name, _), *_ = model.named_parameters()
    assert tg.functional_call(model, {name: np.full((1, 1), 2.0)}, np.ones(1)).shape == (1,)
