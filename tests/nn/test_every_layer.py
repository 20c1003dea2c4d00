"""What holds for every layer: the ground rules of tests/ground_rules.py, and what all layers can do."""

import copy
import functools
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.ground_rules import look, only_our_random_numbers, parting, way_of, without_shortcuts
from tests.nn.zoo import NOT_CALLED, ZOO, activations, dropouts, norms
from tests.stored import cotangent, leaves, plain
from tinygrad_like import nn
from tinygrad_like.engine.tensor import values_of

each_layer = together("entry", ZOO)
MOVING = {"running_mean", "running_var", "num_batches_tracked", "state", "weight_u", "weight_v"}


def new(entry):
    tg.seed(1)
    return entry.layer()


def call(layer, entry, inputs, seed=0):
    """The layer's results in a list; its random numbers are those of this seed."""
    tg.seed(seed)
    return leaves(layer(*inputs, **entry.options))


def run(layer, entry, inputs):
    """The results, of which the gradients have been computed."""
    results = call(layer, entry, inputs)
    starts = [each for each in results if isinstance(each, tg.Tensor) and each.requires_grad]
    if starts:
        sum((each * cotangent(each.shape, each.dtype)).sum() for each in starts).backward()
    return results


def outcome(layer, entry, inputs):
    """The results, and the gradients of the inputs and parameters, by name."""
    results = run(layer, entry, inputs)
    found = {f"result {i}": plain(each) for i, each in enumerate(results)}
    differentiated = [(f"input {i}", inputs[i]) for i in entry.free] + list(layer.named_parameters())
    return found | {f"gradient of {name}": plain(each.grad) for name, each in differentiated if each.grad is not None}


@functools.cache
def expected_of(name):
    entry = ZOO[name]
    return outcome(new(entry), entry, entry.tensors())


def state(layer):
    return {name: each.numpy() for name, each in layer.state_dict().items()}


def assert_same(found, expected, tolerance=0.0):
    assert list(found) == list(expected)
    for name, want in expected.items():
        got = found[name]
        assert (got.shape, got.dtype) == (want.shape, want.dtype), name
        scale = tolerance * max(1, np.max(np.abs(want), initial=0)) if tolerance else 0
        np.testing.assert_allclose(got, want, 0, scale, err_msg=name)


def test_every_layer_is_entered():
    public = [getattr(module, name) for module in (nn, tg.optim) for name in module.__all__]
    layers = {each.__name__ for each in public if isinstance(each, type) and issubclass(each, tg.Layer)}
    assert {entry.kind for entry in ZOO.values()} == layers - set(NOT_CALLED)


# -- ground rules --------------------------------------------------------------------------------


@pytest.fixture
def prepared(monkeypatch):
    """Layers and inputs, made before other random numbers than ours become an error."""
    made = {name: (new(entry), entry.tensors(), expected_of(name)) for name, entry in ZOO.items()}
    only_our_random_numbers(monkeypatch)
    return made


@each_layer
def test_a_call_in_training_changes_tensors_only(entry, prepared):
    layer, inputs, expected = prepared[entry.name]
    seen = look(layer)
    found = outcome(layer, entry, inputs)
    changed = seen.check()
    assert {path.rpartition(".")[2] for path in changed} <= MOVING, changed
    assert_same(found, expected)  # the same seed, the same numbers


@each_layer
def test_a_call_in_evaluation_changes_nothing(entry):
    layer, inputs = new(entry).eval(), entry.arrays()
    tg.seed(0)
    seen = look(layer)
    first = leaves(layer(*inputs, **entry.options))
    assert seen.check() == []
    for one, other in zip(first, call(layer, entry, inputs, seed=5), strict=True):
        np.testing.assert_array_equal(values_of(one), values_of(other))


def zeros(entry):
    inputs = entry.tensors()
    for i in entry.free:
        inputs[i].data = 0
    return inputs


def others(entry):
    """Another draw, in which the first element of each input is infinite."""
    inputs = entry.tensors(1)
    for i in entry.free:
        inputs[i].data.flat[0] = np.inf
    return inputs


@pytest.fixture
def traced(monkeypatch):
    """Results with shortcuts, and none any more, as in a trace."""
    found = {name: expected_of(name) for name in ZOO}
    without_shortcuts(monkeypatch)
    return found


@each_layer
@np.errstate(all="ignore")
def test_no_layer_branches_on_values(entry, traced):
    layer = new(entry)
    assert_same(outcome(layer, entry, entry.tensors()), traced[entry.name], 1e-12)
    first = way_of(lambda: run(layer, entry, entry.tensors()))
    for inputs in [others(entry)] + [zeros(entry)] * ("," not in entry.name):
        assert not (place := parting(first, way_of(lambda inputs=inputs: run(layer, entry, inputs)))), place


# -- state ---------------------------------------------------------------------------------------


def test_copies_and_saved_layers_are_equal_layers(tmp_path):
    """All layers at once: they are kept in one list."""
    layers, loaded, from_file = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
    for entry in ZOO.values():
        layers.append(new(entry))
        call(layers[-1], entry, entry.tensors())  # moves what it keeps
        loaded.append(entry.make())
        from_file.append(entry.make())
    loaded.load_state_dict(layers.state_dict())
    from_file.load(layers.save(tmp_path / "layers.npz") or tmp_path / "layers.npz")
    twins = loaded, from_file, copy.deepcopy(layers), pickle.loads(pickle.dumps(layers))
    for twin in twins:
        assert_same(state(twin), state(layers))
    for i, (name, entry) in enumerate(ZOO.items()):
        expected = call(layers[i], entry, entry.arrays(1))
        for twin in twins:
            for got, want in zip(call(twin[i], entry, entry.arrays(1)), expected, strict=True):
                np.testing.assert_array_equal(values_of(got), values_of(want), err_msg=name)
    for twin in twins:
        assert_same(state(twin), state(layers))


@each_layer
def test_a_functional_call_is_the_call(entry):
    layer, inputs = new(entry).eval(), entry.arrays()
    by_state = leaves(tg.functional_call(layer, layer.state_dict(), *inputs, **entry.options))
    for got, want in zip(by_state, call(layer, entry, inputs), strict=True):
        np.testing.assert_array_equal(values_of(got), values_of(want))


@each_layer
def test_float32_stays_float32(entry):
    found = outcome(new(entry).to(np.float32), entry, entry.tensors(dtype=np.float32))
    expected = expected_of(entry.name)
    assert list(found) == list(expected)
    wrong = {name for name, each in found.items() if each.dtype.kind == "f" and each.dtype != np.float32}
    assert not wrong
    assert_same({name: each.astype(expected[name].dtype) for name, each in found.items()}, expected, 1e-4)


# -- texts and pictures --------------------------------------------------------------------------


@each_layer
def test_texts_and_pictures_name_the_layer(entry):
    layer, inputs = new(entry), entry.tensors()
    assert repr(layer).startswith(f"{entry.kind}(")
    if "," in entry.name:
        return
    assert entry.kind in str(tg.summary(layer, *inputs))
    assert entry.kind in layer.draw(*inputs, detail="shape").source


# -- derivatives ---------------------------------------------------------------------------------


class Repeatable(tg.Layer):
    """A layer as a function of the inputs that are differentiated, with the same random numbers in every call.

    It gives all results in one vector.
    """

    def __init__(self, layer, entry):
        self.layer, self.entry, self.arrays = layer, entry, entry.arrays()
        own = getattr(layer, "generator", None)
        self.source = tg.random.default() if own is None else own
        self.start = self.source.state.numpy().copy()

    def forward(self, *free):
        tg.assign(self.source.state, self.start)
        inputs = list(self.arrays)
        for i, x in zip(self.entry.free, free):
            inputs[i] = x
        results = [each for each in leaves(self.layer(*inputs, **self.entry.options)) if each.dtype.kind == "f"]
        return np.concatenate([np.ravel(each) for each in results]) if len(results) > 1 else results[0]


@each_layer
def test_derivatives_of_order_2(entry, monkeypatch):
    layer = new(entry).train(not entry.evaluated)
    if entry.unchecked or not (entry.free or layer.parameters()):
        return
    monkeypatch.setattr(tg.checking, "DIRECTIONS", 1)
    assert tg.gradcheck(Repeatable(layer, entry), *(entry.arrays()[i] for i in entry.free))


# -- inputs that do not fit ----------------------------------------------------------------------

KEEP_THE_SHAPE = {each.name for family in (activations, dropouts, norms) for each in family() if each.kind != "GLU"}


def misshapen(x):
    """The same with other axes, with none of something, with more of it, and of other dtypes."""
    shapes = [(), x.shape[1:], x.shape[:-1], (1, *x.shape), (*x.shape, 1), (1,) * 7, (0,)]
    for axis in range(x.ndim):
        shapes += [(*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in (0, x.shape[axis] + 1)]
    resized = [np.resize(x, shape) if 0 not in shape else np.zeros(shape, x.dtype) for shape in shapes]
    return [*resized, x.astype(float), np.abs(x).astype(int)]


def refused(layer, entry, inputs):
    """The error of a call, which must be one of ours and name the layer; None if it works."""
    try:
        results = run(layer, entry, inputs)
        if entry.name in KEEP_THE_SHAPE:
            assert np.shape(results[0]) == inputs[0].shape
    except (tg.ShapeError, tg.DTypeError, tg.ArgumentError) as error:
        return error if error.layers[-1] is layer else pytest.fail(f"The layer is not named: {error}")
    except Exception as error:
        pytest.fail(f"{[tg.Tensor(x) for x in inputs if x is not None]}: {error!r}")
    return None


@each_layer
def test_inputs_that_do_not_fit_are_errors_that_name_the_layer(entry):
    layer, arrays = new(entry), entry.arrays()
    for i, x in enumerate(arrays):
        for wrong in misshapen(x) if x is not None else ():
            refused(layer, entry, [*arrays[:i], wrong, *arrays[i + 1 :]])


@each_layer
def test_an_empty_batch_is_taken_or_refused_plainly(entry):
    empty = [tg.Tensor(x[:0], requires_grad=i in entry.free) if np.ndim(x) else x for i, x in enumerate(entry.arrays())]
    must_take = len(empty) == 1 and entry.kind not in STEPS_FIRST and entry.name != "Softmax, first axis"
    for layer in (new(entry), new(entry).eval()):
        error = refused(layer, entry, empty)
        assert error is None or not must_take, error
        values = [*state(layer).values(), *(p.grad.numpy() for p in layer.parameters() if p.grad is not None)]
        assert all(np.isfinite(each).all() for each in values)


STEPS_FIRST = {"RNN", "GRU", "LSTM"}
