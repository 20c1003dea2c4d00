"""What holds for every optimizer of `tinygrad_like.optim`: the ground rules of tests/ground_rules.py, state, dtypes."""

import copy
import inspect
import pickle

import numpy as np

import tinygrad_like as tg
from tests.cases import together
from tests.ground_rules import look, only_our_random_numbers, parting, stores, way_of
from tinygrad_like import optim
from tinygrad_like.engine.writes import writes

# How often it evaluates, where, and how much it keeps depends on the values; it takes missing gradients as zeros.
BY_VALUES = {"LBFGS"}
MATRICES = {"Muon"}  # it takes no other parameters


def all_on(kind):
    """Settings in which all that can be switched on is: amsgrad, nesterov, weight decay, momentum ..."""
    defaults = {name: each.default for name, each in inspect.signature(kind).parameters.items()}
    settings = {name: True for name, default in defaults.items() if default is False}
    settings |= {name: 0.1 for name in ("weight_decay", "momentum") if name in defaults}
    return settings | ({"line_search_fn": "strong_wolfe", "max_iter": 2} if "line_search_fn" in defaults else {})


KINDS = {name: getattr(optim, name) for name in optim.__all__}
KINDS = {name: kind for name, kind in KINDS.items() if isinstance(kind, type) and issubclass(kind, optim.Optimizer)}
CASES = {name: (kind, {}) for name, kind in KINDS.items() if kind is not optim.Optimizer}
CASES |= {f"{name}, all on": (kind, all_on(kind)) for name, (kind, _) in CASES.items()}
each_optimizer = together(("kind", "settings"), CASES)
each_by_shape = together(
    ("kind", "settings"), {name: each for name, each in CASES.items() if each[0].__name__ not in BY_VALUES}
)

X = np.random.default_rng(0).normal(size=(5, 3))
TARGET = np.random.default_rng(1).normal(size=(5, 2))


def made(kind, settings, dtype=np.float64):
    """(model, optimizer) after two steps, so that all state is there."""
    bias = kind.__name__ not in MATRICES
    layers = tg.Linear(3, 4, bias, dtype, seed=0), tg.Tanh(), tg.Linear(4, 2, bias, dtype, seed=1)
    model = tg.Sequential(*layers)
    optimizer = kind(model.parameters(), lr=0.01, **settings)
    for _ in range(2):
        step(model, optimizer)
    return model, optimizer


def step(model, optimizer):
    x, target = (each.astype(model[0].weight.dtype) for each in (X, TARGET))

    def closure():
        optimizer.zero_grad()
        loss = tg.mse(model(x), target)
        loss.backward()
        return loss

    optimizer.step(closure)


def values_of(model):
    return np.concatenate([p.numpy().ravel() for p in model.parameters()])


@each_by_shape
def test_a_step_changes_tensors_only(kind, settings, monkeypatch):
    model, optimizer = made(kind, settings)
    with monkeypatch.context() as patched:
        written = stores(patched)
        only_our_random_numbers(patched)
        seen = look(optimizer)
        step(model, optimizer)
        changed = seen.check(written)
    assert sum("params" in path for path in changed) >= len(model.parameters())
    assert all(writes.written_since(p.numpy(), seen.time) for p in model.parameters())


@each_by_shape
@np.errstate(all="ignore")
def test_no_step_branches_on_values(kind, settings):
    model, optimizer = made(kind, settings)

    def way(scale, lr):
        optimizer.lr = lr
        for p in model.parameters():
            p.grad = scale * np.cos(np.arange(p.size)).reshape(p.shape)
        return way_of(optimizer.step)

    first = way(1.0, 0.01)
    for scale, lr in ((-0.5, 0.02), (0.0, 0.02), (np.inf, 0.01)):
        assert not (place := parting(first, way(scale, lr))), place


@each_optimizer
def test_a_copy_continues_as_the_original(kind, settings):
    model, optimizer = made(kind, settings)
    twins = [copy.deepcopy((model, optimizer)), pickle.loads(pickle.dumps((model, optimizer)))]
    other = copy.deepcopy(model)
    loaded = kind(other.parameters(), lr=0.5)
    loaded.load_state_dict(optimizer.state_dict())
    twins.append((other, loaded))
    before = values_of(model)
    for each in [(model, optimizer), *twins]:
        step(*each)
        step(*each)
    assert not (values_of(model) == before).any()
    for twin, its_optimizer in twins:
        np.testing.assert_array_equal(values_of(twin), values_of(model))
        assert repr(its_optimizer) == repr(optimizer)
    assert repr(optimizer).startswith(f"{kind.__name__}(lr=0.01")


@each_optimizer
def test_float32_stays_float32(kind, settings):
    (model, optimizer), (other, _) = made(kind, settings, np.float32), made(kind, settings)
    assert values_of(model).dtype == np.float32
    tolerance = 0.1 if kind.__name__ in BY_VALUES else 1e-4  # a search may end one step earlier
    np.testing.assert_allclose(values_of(model), values_of(other), 0, tolerance)
    wide = {path for path, (each, _) in look(optimizer).tensors.items() if each.dtype == np.float64 and each.ndim > 1}
    assert not wide


@each_by_shape
def test_a_parameter_without_a_gradient_is_left_alone(kind, settings):
    model, optimizer = made(kind, settings)
    before = values_of(model)
    optimizer.zero_grad()
    model[2].weight.grad = np.ones((2, 4))
    optimizer.step()
    moved = values_of(model) != before
    place = 12 + 4 * (kind.__name__ not in MATRICES)
    assert moved[place : place + 8].any()
    assert not moved[:place].any()
    assert not moved[place + 8 :].any()


def test_clipping_branches_on_no_value():
    parameters = [tg.Tensor(np.ones((2, 3)), requires_grad=True), tg.Tensor(np.ones(2), requires_grad=True)]

    def way(clip, scale):
        for p in parameters:
            p.grad = scale * np.cos(np.arange(p.size)).reshape(p.shape)
        with np.errstate(all="ignore"):
            return way_of(lambda: clip(parameters, 0.5))

    for clip in (optim.clip_grad_norm_, optim.clip_grad_value_):
        way(clip, 1.0)
        first = way(clip, 1.0)
        for scale in (0.01, 0.0, np.inf):
            assert not (place := parting(first, way(clip, scale))), place
