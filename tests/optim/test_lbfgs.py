"""LBFGS: beside PyTorch's, with and without line search; its state, and what it refuses."""

import copy
import json
import pickle

import numpy as np
import pytest

from tests.cases import leaf, together
from tests.stored import FOLDER, HAS_TORCH
from tinygrad_like import optim
from tinygrad_like.engine.errors import ArgumentError

with_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch, the reference, is not installed")
PATH = FOLDER / "lbfgs.json"
WOLFE = {"line_search_fn": "strong_wolfe"}
OPTIONS = [
    {"lr": 0.1},
    {"lr": 0.5, "max_iter": 4},
    {"lr": 0.2, "history_size": 2, "max_iter": 7},
    {"lr": 0.1, "max_eval": 3},
    {"lr": 0.1, "tolerance_grad": 5.0},
    {"lr": 0.1, "tolerance_change": 0.3},
    WOLFE,
    {**WOLFE, "max_iter": 3},
    {**WOLFE, "lr": 30.0, "max_iter": 5},
    {**WOLFE, "lr": 1e-3, "max_iter": 2, "history_size": 1},
    {**WOLFE, "lr": 1e-4, "max_iter": 4, "max_eval": 6},
    {**WOLFE, "max_eval": 1},
]
every_option = together("number", range(len(OPTIONS)))
START = [np.array([-1.2, 1.0]), np.array([[0.5, -0.7]])]


def valley(a, b):
    """Rosenbrock's function of the first, and a quartic of the second, as it is written for both."""
    return (1 - a[0]) ** 2 + 10 * (a[1] - a[0] ** 2) ** 2 + ((b - 0.3) ** 4).sum() + (a[0] * b[0, 1]) ** 2


def run(optimizer, parameters, steps):
    """The losses that the steps gave, and how often they computed one."""
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = valley(*parameters)
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(steps)], calls


def ours(number):
    parameters = [leaf(value) for value in START]
    return optim.LBFGS(parameters, **OPTIONS[number]), parameters


def theirs(number):
    import torch

    parameters = [torch.tensor(value, requires_grad=True) for value in START]
    return torch.optim.LBFGS(parameters, **OPTIONS[number]), parameters


def values_of(parameters):
    return np.concatenate([p.detach().numpy().ravel() for p in parameters])


@every_option
def test_steps_end_where_pytorch_did(number):
    losses, calls, ends = json.loads(PATH.read_text(encoding="utf-8"))[number]
    optimizer, parameters = ours(number)
    found = run(optimizer, parameters, len(losses))
    np.testing.assert_allclose(found[0], losses, rtol=1e-7, atol=1e-12)
    assert found[1] == calls
    np.testing.assert_allclose(values_of(parameters), ends, rtol=1e-6)


@with_torch
@every_option
def test_runs_go_on_in_pytorch_and_back(number):
    import torch

    def tensors(value):
        if isinstance(value, np.ndarray):
            return torch.tensor(value)
        return [tensors(each) for each in value] if isinstance(value, list) else value

    optimizer, parameters = ours(number)
    reference, twins = theirs(number)
    run(optimizer, parameters, 2)
    run(reference, twins, 2)
    np.testing.assert_allclose(values_of(parameters), values_of(twins), rtol=1e-9)

    state = optimizer.state_dict()
    kept = {0: {name: tensors(value) for name, value in state["state"].get(0, {}).items()}}
    there, its = theirs(number)
    here, own = ours(number)
    there.load_state_dict({**state, "state": kept})
    here.load_state_dict(reference.state_dict())
    for p, q, value in zip(its, own, parameters):
        p.data.copy_(torch.tensor(value.numpy()))
        q.data = value.numpy()
    for each in ((reference, twins), (there, its), (here, own)):
        run(*each, 1)
    np.testing.assert_allclose(values_of(its), values_of(twins), rtol=1e-7)
    np.testing.assert_allclose(values_of(own), values_of(twins), rtol=1e-7)


@pytest.mark.parametrize("make", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_goes_on_bit_equal(make):
    optimizer, parameters = ours(7)
    run(optimizer, parameters, 2)
    again, others = make((optimizer, parameters))
    assert run(again, others, 2) == run(optimizer, parameters, 2)
    np.testing.assert_array_equal(values_of(others), values_of(parameters))


def test_it_finds_the_bottom_in_float32():
    parameters = [leaf(value, np.float32) for value in START]
    optimizer = optim.LBFGS(parameters, max_iter=60, **WOLFE)
    run(optimizer, parameters, 1)
    assert {p.dtype for p in parameters} == {np.dtype("float32")}
    assert abs(np.concatenate([p.grad.numpy().ravel() for p in parameters])).max() < 1e-2


def test_losses_that_overflow_count_as_too_large():
    p = leaf([-5.0])
    optimizer = optim.LBFGS([p], lr=1e3, max_iter=50, max_eval=500, **WOLFE)

    def closure():
        optimizer.zero_grad()
        with np.errstate(all="ignore"):
            loss = (np.exp(p) - 2 * p).sum()
            loss.backward()
        return loss

    optimizer.step(closure)
    assert p.item() == pytest.approx(np.log(2), abs=1e-4)


def test_a_parameter_without_a_gradient_stays():
    p, q = leaf([1.0]), leaf([2.0])
    optimizer = optim.LBFGS([p, q], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert p.item() < 0.9
    assert q.item() == 2.0


def test_what_it_refuses():
    p = leaf([1.0])
    with pytest.raises(ArgumentError, match="one group"):
        optim.LBFGS([{"params": [p]}, {"params": [leaf([1.0])]}])
    optimizer = optim.LBFGS([p])
    with pytest.raises(ArgumentError, match="one group"):
        optimizer.add_param_group({"params": [leaf([1.0])]})
    with pytest.raises(ArgumentError, match="needs a closure"):
        optimizer.step()
    state = optimizer.state_dict() | {"state": {0: {"d": np.ones(3)}}}
    with pytest.raises(ArgumentError, match=r"d has the shape \(3,\), not \(1,\)"):
        optimizer.load_state_dict(state)
    with pytest.raises(ArgumentError, match="it has no d, prev_flat_grad, old_dirs"):
        optimizer.load_state_dict(optimizer.state_dict() | {"state": {0: {"n_iter": 3}}})
    assert optimizer.state_dict()["state"] == {}


def main():
    """Store where PyTorch's runs end."""
    lines = []
    for number in range(len(OPTIONS)):
        optimizer, parameters = theirs(number)
        losses, calls = run(optimizer, parameters, 3)
        lines.append(json.dumps([losses, calls, values_of(parameters).tolist()]))
    PATH.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
