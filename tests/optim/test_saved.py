"""The state of optimizers: to PyTorch and back, copies and pickles, and states that do not fit."""

import copy
import pickle

import numpy as np
import pytest

from tests.cases import leaf, together
from tests.optim.running import CASES, LAST, STEPS, every_case, exact, our_steps, ours, their_steps, theirs
from tests.stored import HAS_TORCH
from tinygrad_like import optim
from tinygrad_like.engine.errors import ArgumentError

with_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch, the reference, is not installed")
HALF = STEPS // 2
WAYS = {"copied": copy.deepcopy, "pickled": lambda each: pickle.loads(pickle.dumps(each))}


def values_of(parameters):
    return [p.detach().numpy().copy() for p in parameters]


def for_pytorch(state):
    """Our state with PyTorch's Tensors in it."""
    import torch

    kept = {i: {name: torch.tensor(each) for name, each in own.items()} for i, own in state["state"].items()}
    return {**state, "state": kept}


@with_torch
@every_case
def test_our_run_goes_on_in_pytorch(case):
    optimizer, parameters = ours(case)
    our_steps(optimizer, parameters, range(HALF))
    with exact():
        reference, twins = theirs(case)
        reference.load_state_dict(for_pytorch(optimizer.state_dict()))
        for p, q in zip(parameters, twins):
            q.data.copy_(q.new_tensor(p.numpy()))
        their_steps(reference, twins, range(HALF, STEPS))
    our_steps(optimizer, parameters, range(HALF, STEPS))
    for p, q in zip(values_of(parameters), values_of(twins)):
        np.testing.assert_allclose(p, q, rtol=1e-10, atol=1e-12, err_msg=str(case))


@with_torch
@every_case
def test_the_run_of_pytorch_goes_on_here(case):
    with exact():
        reference, twins = theirs(case)
        their_steps(reference, twins, range(HALF))
        optimizer, parameters = ours(type(case)(case.name))
        for p, q in zip(parameters, values_of(twins)):
            p.data = q
        optimizer.load_state_dict(reference.state_dict())
        their_steps(reference, twins, range(HALF, STEPS))
    our_steps(optimizer, parameters, range(HALF, STEPS))
    for p, q in zip(values_of(parameters), values_of(twins)):
        np.testing.assert_allclose(p, q, rtol=1e-10, atol=1e-12, err_msg=str(case))


@every_case
def test_a_loaded_state_goes_on_bit_equal(case):
    optimizer, parameters = ours(case)
    our_steps(optimizer, parameters, range(4))  # the second parameter has fewer steps
    again, others = ours(type(case)(case.name))
    for p, q in zip(others, values_of(parameters)):
        p.data = q
    again.load_state_dict(optimizer.state_dict())
    for each, own in ((optimizer, parameters), (again, others)):
        our_steps(each, own, range(4, STEPS))
    for p, q in zip(parameters, others):
        np.testing.assert_array_equal(p.numpy(), q.numpy(), err_msg=str(case))


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_goes_on_bit_equal(way):
    for case in LAST:
        optimizer, parameters = ours(case)
        our_steps(optimizer, parameters, range(4))
        again, others = WAYS[way]((optimizer, parameters))
        assert all(p is q for p, q in zip(again.params, others))
        stopped = values_of(parameters)
        our_steps(again, others, range(4, STEPS))
        for p, q in zip(values_of(parameters), stopped):
            np.testing.assert_array_equal(p, q)
        our_steps(optimizer, parameters, range(4, STEPS))
        for p, q in zip(values_of(parameters), values_of(others)):
            np.testing.assert_array_equal(p, q, err_msg=str(case))
        assert repr(again) == repr(optimizer)


def test_a_state_is_a_copy():
    optimizer, parameters = ours(next(case for case in CASES if case.name == "Adam"))
    our_steps(optimizer, parameters, range(2))
    state = optimizer.state_dict()
    kept = copy.deepcopy(state)
    our_steps(optimizer, parameters, range(2, 4))
    np.testing.assert_equal(state, kept)
    optimizer.load_state_dict(state)
    state["state"][0]["exp_avg"][...] = np.nan
    np.testing.assert_equal(optimizer.state_dict(), kept)


def changed(state, /, **changes):
    return {**state, **changes}


BAD = {
    "no dict": (lambda state: [1, 2], "takes a dict .* but got list"),
    "no groups": (lambda state: {"state": {}}, "takes a dict"),
    "no params": (lambda state: changed(state, param_groups=[{"lr": 0.1}] * 2), "takes a dict"),
    "one group": (lambda state: changed(state, param_groups=state["param_groups"][:1]), r"groups of \[2\] parameters"),
    "a shape": (
        lambda state: changed(state, state={**state["state"], 2: {"exp_avg": np.ones(5), "step": np.ones(2)}}),
        r"parameter 2: exp_avg has the shape \(5,\), but the parameter \(3, 2\)\n +parameter 2: step has the shape",
    ),
    "text": (lambda state: changed(state, state={0: {"exp_avg": "x"}}), "exp_avg has the dtype"),
    "a setting": (
        lambda state: changed(state, param_groups=[state["param_groups"][0], {**state["param_groups"][1], "lr": -1}]),
        "learning rate must be finite and at least 0",
    ),
    "another's": (lambda state: optim.SGD([leaf([1.0])]).state_dict(), "groups of"),
}


@together("what", list(BAD))
def test_a_state_that_does_not_fit_changes_nothing(what):
    change, text = BAD[what]
    optimizer, parameters = ours(next(case for case in CASES if case.name == "Adam"))
    our_steps(optimizer, parameters, range(4))
    before = optimizer.state_dict()
    with pytest.raises(ArgumentError, match=text):
        optimizer.load_state_dict(change(copy.deepcopy(before)))
    np.testing.assert_equal(optimizer.state_dict(), before)


def test_the_state_of_another_optimizer_is_refused():
    with pytest.raises(ArgumentError, match="of another optimizer: it has no betas, eps, which Adam has"):
        optim.Adam([leaf([1.0])]).load_state_dict(optim.SGD([leaf([1.0])]).state_dict())


def test_the_shapes_of_factors_are_checked():
    optimizer = optim.Adafactor([leaf(np.ones((2, 3)))])
    state = optimizer.state_dict() | {"state": {0: {"row_var": np.ones((2, 3)), "step": 1}}}
    with pytest.raises(ArgumentError, match=r"row_var has the shape \(2, 3\)"):
        optimizer.load_state_dict(state)
    state["state"][0]["row_var"] = np.ones((2, 1))
    optimizer.load_state_dict(state)
    assert optimizer.state_dict()["state"][0]["row_var"].shape == (2, 1)


def test_dampening_goes_on_from_pytorchs_state_which_counts_no_steps():
    p = leaf([1.0])
    optimizer = optim.SGD([p], lr=1.0, momentum=0.5, dampening=0.5)
    optimizer.load_state_dict(optimizer.state_dict() | {"state": {0: {"momentum_buffer": np.array([2.0])}}})
    p.grad = [1.0]
    optimizer.step()
    assert p.item() == 1.0 - (0.5 * 2.0 + 0.5 * 1.0)


def test_only_the_first_momentum_is_not_dampened():
    """As in PyTorch, also where momentum or dampening are switched on later."""
    p, changes = leaf([0.0]), []
    optimizer = optim.SGD([p], lr=1.0, dampening=0.5)
    for switched in [{}, {"momentum": 0.5}, {}, {"dampening": 0}, {"dampening": 0.75}]:
        optimizer.param_groups[0].update(switched)
        before = p.item()
        p.grad = [1.0]
        optimizer.step()
        changes.append(before - p.item())
    assert changes == [1.0, 1.0, 1.0, 1.5, 1.0]
    late = optim.SGD([leaf([0.0])], lr=1.0, momentum=0.5)
    for switched in [{}, {"dampening": 0.5}]:
        late.param_groups[0].update(switched)
        late.params[0].grad = [1.0]
        late.step()
    assert late.params[0].item() == -2.0
