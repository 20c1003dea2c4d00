"""Layers: where parameters are found, training and evaluation, initial values, and errors with a path."""

import copy
import math
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Activation, Layer, Linear, Parameter, ReLU, Sequential, Sigmoid, Tanh, Tensor
from tinygrad_like.engine.errors import ArgumentError, DTypeError, ShapeError, TinygradError
from tinygrad_like.nn import initialisers


class Scale(Layer):
    def __init__(self, factor=2.0):
        self.factor = Parameter(factor)

    def forward(self, x):
        return x * self.factor


class House(Layer):
    """Parameters and layers wherever an attribute can keep them."""

    def __init__(self):
        self.door = Parameter([1.0])
        self.rooms = [Scale(), {"bed": Scale(), "bath": (Parameter([2.0, 3.0]), [[Scale()]])}]
        self.number = 12
        self.sizes = [1.0, None, "text"]
        self.constant = Tensor([5.0])

    def forward(self, x):
        return self.rooms[0](x) + self.door


HOUSE = ["door", "rooms.0.factor", "rooms.1.bed.factor", "rooms.1.bath.0", "rooms.1.bath.1.0.0.factor"]
LAYERS = ["rooms[0]", "rooms[1]['bed']", "rooms[1]['bath'][1][0][0]"]


def test_parameters_are_found_however_deep_without_calling_init_of_the_base():
    assert [path for path, _ in House().named_parameters()] == HOUSE


def test_layers_are_found_likewise():
    assert [path for path, _ in House().named_layers()] == LAYERS


def test_parameters_gives_the_tensors_themselves():
    house = House()
    assert house.parameters()[0] is house.door


def test_a_parameter_requires_a_gradient():
    assert Parameter([1.0]).requires_grad
    assert isinstance(Parameter([1.0]), Tensor)


def test_a_leaf_tensor_that_requires_a_gradient_counts_as_a_parameter():
    scale = Scale()
    scale.factor = Tensor(3.0, requires_grad=True)
    assert scale.parameters() == [scale.factor]


def test_a_frozen_parameter_is_still_one():
    scale = Scale()
    scale.factor.requires_grad = False
    assert scale.parameters() == [scale.factor]
    assert not scale(1.0).requires_grad


def test_a_shared_layer_and_a_shared_parameter_are_found_once():
    layer = Linear(2, 2)
    other = Linear(2, 2)
    other.weight = layer.weight
    model = Sequential(layer, layer, other)
    assert [path for path, _ in model.named_parameters()] == ["0.weight", "0.bias", "2.bias"]


def test_a_list_that_contains_itself_ends():
    house = House()
    house.rooms.append(house.rooms)
    house.rooms.append(house)
    assert len(house.parameters()) == len(HOUSE)


def test_a_nesting_deeper_than_the_recursion_limit():
    model = Scale()
    model.inner = [model.factor]
    nest = model.inner
    for _ in range(3000):
        nest = [nest]
    model.inner = [nest, Parameter(1.0)]
    assert len(model.parameters()) == 2


def test_the_gradient_reaches_every_use_of_a_shared_layer():
    scale = Scale(3.0)
    Sequential(scale, scale)(Tensor(2.0)).backward()
    assert scale.factor.grad.item() == 2 * 3.0 * 2.0


def test_zero_grad_clears_every_gradient():
    model = Sequential(Linear(2, 3), Linear(3, 1))
    model(np.ones((4, 2))).sum().backward()
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [None] * 4


def test_train_and_eval_reach_every_layer_and_give_the_model_back():
    house = House()
    assert house.training
    assert house.eval() is house
    assert [layer.training for _, layer in house.named_layers()] == [False] * 3
    assert house.train() is house
    assert all(layer.training for _, layer in house.named_layers())
    assert not house.train(False).training


def test_a_layer_can_behave_differently_in_training():
    class Noise(Layer):
        def forward(self, x):
            return x + 1 if self.training else x

    model = Sequential(Noise(), Noise())
    assert (model(0.0), model.eval()(0.0)) == (2.0, 0.0)


@together("shape", [(3,), (5, 3), (2, 4, 3), (0, 3)])
@together("bias", [True, False])
def test_linear(shape, bias):
    layer = Linear(3, 2, bias=bias)
    x = np.random.default_rng(0).normal(size=shape)
    expected = x @ layer.weight.data.T + (layer.bias.data if bias else 0)
    np.testing.assert_allclose(layer(x).numpy(), expected)
    assert (layer.bias is not None) == bias


def test_linear_keeps_its_dtype():
    layer = Linear(3, 2, dtype=np.float32)
    y = layer(np.ones((4, 3), np.float32))
    y.sum().backward()
    assert {layer.weight.dtype, layer.bias.dtype, y.dtype, layer.weight.grad.dtype} == {np.dtype(np.float32)}


@pytest.mark.parametrize("x", [[[1.0, 2.0]], [[1, 2]], np.array([[1.0, 2.0]], np.float32), Tensor([[1.0, 2.0]])])
def test_a_layer_takes_lists_arrays_and_tensors(x):
    layer = Linear(2, 1)
    np.testing.assert_allclose(layer(x).numpy(), [[1.0, 2.0]] @ layer.weight.data.T + layer.bias.data)


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (Tanh(), np.tanh),
        (ReLU(), lambda x: np.maximum(x, 0)),
        (tg.SIGMOID, lambda x: 1 / (1 + np.exp(-x))),
        (tg.TANH, np.tanh),
        (tg.RELU, lambda x: np.maximum(x, 0)),
        (Activation(np.square), np.square),
    ],
    ids=["Sigmoid", "Tanh", "ReLU", "SIGMOID", "TANH", "RELU", "square"],
)
def test_activation(layer, function):
    x = np.array([-2.0, 0.0, 0.5])
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), function(x))


def test_sequential_is_the_composition():
    model = Sequential(Scale(2.0), np.tanh, Scale(3.0), lambda x: x + 1)
    assert model(0.5).item() == pytest.approx(3 * math.tanh(1.0) + 1)


def test_an_empty_sequential_is_the_identity():
    assert Sequential()(3.0) == 3.0


def test_sequential_is_a_sequence():
    a, b, c = Scale(), Scale(), Scale()
    model = Sequential(a, b, c)
    assert (len(model), list(model), model[-1]) == (3, [a, b, c], c)
    assert list(model[:2]) == [a, b]
    assert isinstance(model[:2], Sequential)


def test_a_layer_of_a_user():
    layer = Scale(3.0)
    x = Tensor(2.0, requires_grad=True)
    layer(x).backward()
    assert (x.grad.item(), layer.factor.grad.item()) == (3.0, 2.0)


def test_options_reach_forward():
    class Power(Layer):
        def forward(self, x, *, n=1):
            return x**n

    assert Power()(3.0, n=2) == 9.0


def test_a_layer_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Layer has no forward\(\)"):
        Layer()(1.0)


@pytest.mark.parametrize("make", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_of_a_model_is_independent(make):
    model = Sequential(Linear(2, 3), Sigmoid(), Linear(3, 1))
    again = make(model)
    x = np.ones((4, 2))
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
    again[0].weight.data = 0.0
    assert model[0].weight.data.any()
    assert all(p.requires_grad for p in again.parameters())


def test_repr_of_a_model():
    assert repr(Sequential(Linear(2, 3), Sequential(ReLU(), Linear(3, 1, bias=False)))) == (
        "Sequential()                                   # 12 parameters\n"
        "  layers[0]: Linear(2 → 3)\n"
        "  layers[1]: Sequential()\n"
        "  layers[1].layers[0]: ReLU()\n"
        "  layers[1].layers[1]: Linear(3 → 1, no bias)"
    )


def test_repr_shows_functions_among_layers():
    class Double:
        def __call__(self, x):
            return 2 * x

    house = House()
    house.rooms = [Sequential(np.tanh, Scale(), np.tanh), np.sin]
    model = Sequential(Linear(2, 3), np.tanh, Sequential(lambda x: x, ReLU(), Double()), house, house.rooms[0].forward)
    assert [line.split("#")[0].strip() for line in repr(model).split("\n")] == [
        "Sequential()",
        "layers[0]: Linear(2 → 3)",
        "layers[1]: tanh",
        "layers[2]: Sequential()",
        "layers[2].layers[0]: <lambda>",
        "layers[2].layers[1]: ReLU()",
        "layers[2].layers[2]: Double",
        "layers[3]: House(door: (1,))",
        "layers[3].rooms[0]: Sequential()",
        "layers[3].rooms[0].layers[0]: tanh",
        "layers[3].rooms[0].layers[1]: Scale(factor: ())",
        "layers[3].rooms[0].layers[2]: tanh",
        "layers[3].rooms[1]: sin",
        "layers[4]: forward",
    ]


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Scale(), "Scale(factor: ())  # 1 parameter"),
        (Sigmoid(), "Sigmoid()  # 0 parameters"),
        (tg.TANH, "Activation(tanh)  # 0 parameters"),
    ],
)
def test_repr_of_a_layer(layer, text):
    assert repr(layer) == text


def test_parameters_of_a_linear_are_named():
    assert [p.name for p in Linear(2, 3).parameters()] == ["weight", "bias"]


RANDOM = [
    initialisers.xavier_uniform,
    initialisers.xavier_normal,
    initialisers.he_uniform,
    initialisers.he_normal,
    initialisers.uniform(0.0, 1.0),
    initialisers.normal(1.0, 0.1),
    initialisers.inverse_root(20),
]


@pytest.mark.parametrize("init", RANDOM)
def test_an_initialiser_is_repeatable_by_its_generator(init):
    first, second, other = (init(np.random.default_rng(n), (30, 20), np.float64) for n in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@together("init", [*RANDOM, initialisers.zeros])
@together("dtype", [np.float32, np.float64])
def test_an_initialiser_gives_shape_and_dtype(init, dtype):
    values = init(np.random.default_rng(0), (3, 2), dtype)
    assert (values.shape, values.dtype) == ((3, 2), dtype)


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        (initialisers.xavier_uniform, 2 / 500),
        (initialisers.xavier_normal, 2 / 500),
        (initialisers.he_uniform, 2 / 200),
        (initialisers.he_normal, 2 / 200),
        (initialisers.inverse_root(200), 1 / 600),
    ],
)
def test_an_initialiser_has_the_variance_of_its_paper(init, variance):
    values = init(np.random.default_rng(0), (300, 200), np.float64)
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert values.mean() == pytest.approx(0, abs=0.01)


def test_seed_makes_layers_repeatable():
    def weights(number):
        tg.seed(number)
        return [Linear(2, 3).weight.data for _ in range(2)]

    first, again, other = weights(1), weights(1), weights(2)
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).all()
    assert (first[0] != other[0]).all()


def test_the_seed_of_a_layer_is_its_own():
    tg.seed(0)
    expected = Linear(2, 3).weight.data
    tg.seed(0)
    one, two = Linear(2, 3, seed=7), Linear(2, 3, seed=7)
    np.testing.assert_array_equal(one.weight.data, two.weight.data)
    np.testing.assert_array_equal(Linear(2, 3).weight.data, expected)


def test_a_linear_with_an_initialiser():
    assert not Linear(2, 3, init=initialisers.zeros).weight.data.any()


EXACT = (
    "Linear at layers[2] takes inputs with 3 features, but got shape (4, 5).\n"
    "  weight is (1, 3); the layer before it, layers[1] Sigmoid, returned (4, 5)."
)


def message(model, x, error=ShapeError):
    with pytest.raises(error) as caught:
        model(x)
    return str(caught.value)


def wrong():
    return Sequential(Linear(2, 5), Sigmoid(), Linear(3, 1))


def test_an_error_names_the_layer_and_the_one_before_it():
    assert message(wrong(), np.ones((4, 2))) == EXACT


class Coder(Layer):
    def __init__(self):
        self.parts = {"encoder": wrong()}

    def forward(self, x):
        return self.parts["encoder"](x)


def test_an_error_in_a_nested_model_names_the_whole_path():
    assert message(Coder(), np.ones((4, 2))) == EXACT.replace("at layers[2]", "at parts['encoder'].layers[2]")


def test_an_error_two_models_deep_names_one_layer_before_it():
    model = Sequential(Scale(), wrong())
    assert message(model, np.ones((4, 2))) == EXACT.replace("at layers[2]", "at layers[1].layers[2]")


def test_an_error_of_the_first_layer():
    assert message(Linear(3, 1), np.ones((4, 2))).startswith(
        "Linear takes inputs with 3 features, but got shape (4, 2).\n  weight is (1, 3)"
    )


def test_an_error_of_an_operation_names_the_layer_that_called_it():
    class Flatten(Layer):
        def forward(self, x):
            return x.reshape(7)

    text = message(Sequential(Linear(2, 5), Flatten()), np.ones((4, 2)))
    assert text.startswith("Flatten at layers[1]: reshape cannot take shape (4, 5)")
    assert text.endswith("the layer before it, layers[0] Linear, returned (4, 5).")
    assert "\n  ;" not in text


def test_an_error_that_is_not_ours_passes_unchanged():
    def broken(x):
        raise KeyError(x)

    with pytest.raises(KeyError) as caught:
        Sequential(Scale(), broken)(1.0)
    assert not isinstance(caught.value, TinygradError)


def test_an_error_leaves_no_layer_behind():
    model = wrong()
    message(model, np.ones((4, 2)))
    assert message(Linear(3, 1), 1.0).startswith("Linear takes inputs with 3 features")


@pytest.mark.parametrize("sizes", [(0, 1), (1, -2), (2.5, 1), ("2", 1), (True, 1)])
def test_linear_refuses_sizes_that_are_not_positive_whole_numbers(sizes):
    with pytest.raises(ArgumentError, match="sizes of at least 1"):
        Linear(*sizes)


def test_linear_refuses_integers():
    with pytest.raises(DTypeError, match="floating-point dtype, but got int64"):
        Linear(2, 3, dtype=np.int64)


@pytest.mark.parametrize("layers", [([Scale(), Scale()],), (Scale(), 3), (None,)])
def test_sequential_refuses_what_is_not_callable(layers):
    with pytest.raises(ArgumentError, match="takes layers or functions"):
        Sequential(*layers)


def test_a_layer_that_returns_nothing():
    class Forgetful(Layer):
        def forward(self, x):
            x * 2

    with pytest.raises(DTypeError, match=r"Forgetful.forward\(\) returned None"):
        Forgetful()(1.0)


def test_an_initialiser_of_the_wrong_shape():
    with pytest.raises(ShapeError, match=r"init gave the weight the shape \(3,\), but it has the shape \(1, 2\)"):
        Linear(2, 1, init=lambda rng, shape, dtype: np.zeros(3))
    with pytest.raises(ArgumentError, match="init must be a function"):
        Linear(2, 1, init="glorot")


def test_what_is_also_at_the_top_is_the_same():
    both = set(tg.nn.__all__) & set(tg.__all__)
    assert {"Linear", "Conv2d", "LSTM", "MultiheadAttention", "Sequential", "cross_entropy"} <= both
    for name in both:
        assert getattr(tg, name) is getattr(tg.nn, name)
