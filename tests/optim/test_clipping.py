"""Clipping: against its formula and PyTorch's, on flat vectors and off them, and what is left alone."""

import importlib.util

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import optim
from tinygrad_like.engine.errors import ArgumentError

HAS_TORCH = importlib.util.find_spec("torch") is not None
GRADIENTS = [np.array([[3.0, -4.0], [1.0, 2.0]]), np.array([0.5, -12.0]), np.array(7.0)]
NORMS = [0.5, 1, 2, 3.5, np.inf, "inf"]
with_optimizer = pytest.mark.parametrize("flat", [False, True])


def leaves(flat, dtype=float):
    made = [leaf(np.ones_like(each), dtype) for each in GRADIENTS]
    if flat:
        tg.SGD(made[::-1])  # in another order than they are clipped
    for p, gradient in zip(made, GRADIENTS):
        (p * gradient.astype(dtype)).sum().backward()
    return made


def values(parameters):
    return [None if p.grad is None else p.grad.numpy() for p in parameters]


def expected(gradients, max_norm, power=2.0):
    everything = np.abs(np.concatenate([each.ravel() for each in gradients]))
    power = float(power)
    total = everything.max() if power == np.inf else np.sum(everything**power) ** (1 / power)
    return total, [each * min(1.0, max_norm / (total + 1e-6)) for each in gradients]


def same(found, wanted, rtol=1e-13):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted):
        np.testing.assert_allclose(one, other, rtol)


@with_optimizer
@together("power", NORMS)
def test_the_norm_of_all_gradients_is_limited(flat, power):
    for max_norm in (0.0, 1.5, 1e4):
        parameters = leaves(flat)
        total, clipped = expected(GRADIENTS, max_norm, power)
        found = tg.optim.clip_grad_norm(iter(parameters), max_norm, power)
        assert isinstance(found, tg.Tensor)
        assert found.item() == pytest.approx(total, rel=1e-13)
        same(values(parameters), clipped)


@with_optimizer
@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch, the reference, is not installed")
def test_clipping_agrees_with_pytorch(flat):
    import torch

    for clip, name, arguments in [
        *((optim.clip_grad_norm_, "clip_grad_norm_", (2.5, float(power))) for power in NORMS),
        (optim.clip_grad_value_, "clip_grad_value_", (2.5,)),
    ]:
        ours, twins = leaves(flat), [torch.ones(each.shape, dtype=torch.float64) for each in GRADIENTS]
        for twin, gradient in zip(twins, GRADIENTS):
            twin.grad = torch.tensor(gradient)
        found, wanted = clip(ours, *arguments), getattr(torch.nn.utils, name)(twins, *arguments)
        assert (found is None) == (wanted is None)
        if found is not None:
            assert found.item() == pytest.approx(wanted.item(), rel=1e-13)
        same(values(ours), [twin.grad.numpy() for twin in twins])


@with_optimizer
def test_values_are_limited(flat):
    parameters = leaves(flat)
    assert optim.clip_grad_value(parameters, 2.0) is None
    same(values(parameters), [np.clip(each, -2, 2) for each in GRADIENTS])


@with_optimizer
def test_float32_stays(flat):
    parameters = leaves(flat, np.float32)
    total = optim.clip_grad_norm(parameters, 1.0)
    assert [each.dtype for each in (total, *values(parameters))] == [np.float32] * 4
    same(values(parameters), expected(GRADIENTS, 1.0)[1], 1e-6)


@with_optimizer
def test_gradients_that_were_read_changed_or_replaced(flat):
    parameters = leaves(flat)
    kept = parameters[0].grad
    parameters[0].grad *= 2.0
    changed = parameters[0].grad
    parameters[1].grad = np.array([1.0, 1.0])
    parameters[2].grad = None
    _, clipped = expected([2 * GRADIENTS[0], np.ones(2)], 1.0)
    optim.clip_grad_norm(parameters, 1.0)
    same(values(parameters[:2]), clipped)
    assert parameters[2].grad is None
    same([kept.numpy(), changed.numpy()], [2 * GRADIENTS[0]] * 2)  # changed in place, so one Tensor
    for p in parameters[:2]:
        (p * 1.0).sum().backward()
    same(values(parameters[:2]), [each + 1 for each in clipped])


def test_a_recorded_gradient_is_clipped():
    p = leaf([3.0, 4.0])
    (p**2).sum().backward(create_graph=True)
    optim.clip_grad_norm(p, 1.0)
    same([p.grad.numpy()], [np.array([0.6, 0.8])], 1e-6)
    assert not p.grad.requires_grad


def test_a_model_is_clipped_and_stepped():
    model = tg.Sequential(tg.Linear(2, 2, seed=0), tg.Linear(2, 2, seed=1), tg.Linear(2, 2, seed=2))
    optimizer = tg.SGD(model.parameters(), lr=1.0)
    before = [p.numpy().copy() for p in model.parameters()]
    model[1].freeze()
    (model(np.ones(2)) * 100).sum().backward()
    gradients = [p.grad.numpy().copy() for p in (*model[0].parameters(), *model[2].parameters())]
    total, clipped = expected(gradients, 0.5)
    assert optim.clip_grad_norm(model, 0.5).item() == pytest.approx(total)
    optimizer.step()
    moved = [old - p.numpy() for old, p in zip(before, model.parameters())]
    same(moved, [*clipped[:2], np.zeros((2, 2)), np.zeros(2), *clipped[2:]], 1e-10)


def test_one_reduction_for_a_flat_vector(monkeypatch):
    model = tg.Sequential(*(tg.Linear(2, 2) for _ in range(5)))
    tg.SGD(model.parameters())
    model(np.ones(2)).sum().backward()
    calls, norm = [], np.linalg.norm
    monkeypatch.setattr(np.linalg, "norm", lambda x, power: calls.append(x.size) or norm(x, power))
    optim.clip_grad_norm(model.parameters()[::-1], 1.0)
    assert calls == [30, 1]


def test_no_gradients():
    p = leaf([1.0])
    assert optim.clip_grad_norm([p], 1.0).item() == optim.clip_grad_norm([], 1.0).item() == 0
    optim.clip_grad_value(p, 1.0)
    assert p.grad is None
    empty = leaf([])
    empty.grad = []
    assert optim.clip_grad_norm(empty, 1.0, np.inf).item() == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_norms_that_are_not_finite(bad):
    p = leaf([1.0, 1.0])
    p.grad = [1.0, bad]
    with pytest.raises(ArgumentError, match=f"norm of the gradients is {bad}"):
        optim.clip_grad_norm(p, 1.0, error_if_nonfinite=True)
    assert p.grad.tolist()[0] == 1.0
    with np.errstate(invalid="ignore"):
        optim.clip_grad_norm(p, 1.0)
    assert np.isnan(p.grad.tolist()[1])


def test_gradients_whose_squares_overflow():
    p = leaf([1.0], np.float32)
    p.grad = np.array([1e30], np.float32)
    assert optim.clip_grad_norm(p, 1.0).item() == np.inf
    assert p.grad.item() == 0.0


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        (3.0, {}, r"takes parameters, but got a float\.\n.*clip_grad_norm\(model"),
        ([np.ones(2)], {}, "one is a ndarray"),
        ([], {"max_norm": -1.0}, "max_norm must be at least 0, but got -1"),
        ([], {"max_norm": np.nan}, "max_norm must be at least 0, but got nan"),
        ([], {"norm_type": 0}, "norm_type must be more than 0"),
    ],
)
def test_what_is_wrong_is_said(given, options, text):
    with pytest.raises(ArgumentError, match=text):
        optim.clip_grad_norm(given, **{"max_norm": 1.0, **options})


def test_a_negative_limit_is_refused():
    with pytest.raises(ArgumentError, match="clip_value must be at least 0"):
        optim.clip_grad_value([], -1.0)
