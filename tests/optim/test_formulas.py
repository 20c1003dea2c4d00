"""Every optimizer beside PyTorch's: ten steps with every option, and the state in the end."""

import json

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf
from tests.optim.running import CASES, LAST, PATH, STEPS, every_case, exact, our_steps, ours, their_steps, theirs
from tests.stored import HAS_TORCH
from tinygrad_like import optim
from tinygrad_like.engine.errors import ArgumentError
from tinygrad_like.optim import parts

with_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch, the reference, is not installed")
STORED = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}


@every_case
def test_ten_steps_end_where_pytorch_did(case):
    optimizer, parameters = ours(case)
    our_steps(optimizer, parameters, range(STEPS))
    for p, expected in zip(parameters, STORED[str(case)]):
        np.testing.assert_allclose(p.numpy().ravel(), expected, rtol=1e-10, atol=1e-12, err_msg=str(case))


def test_the_names_of_the_cases_are_unique():
    assert sorted(STORED) == sorted(map(str, CASES))


@with_torch
@every_case
def test_ten_steps_beside_pytorch(case):
    optimizer, parameters = ours(case)
    our_steps(optimizer, parameters, range(STEPS))
    with exact():
        reference, twins = theirs(case)
        their_steps(reference, twins, range(STEPS))
    for p, q in zip(parameters, twins):
        np.testing.assert_allclose(p.numpy(), q.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=str(case))
    state = optimizer.state_dict()["state"]
    for i, kept in reference.state_dict()["state"].items():
        kept = {name: each for name, each in kept.items() if each is not None}
        assert {*kept} <= {*state[i]} <= {*kept, "step"}
        for name, value in kept.items():
            assert state[i][name].shape == tuple(value.shape)
            np.testing.assert_allclose(state[i][name], value.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)


@every_case
def test_ten_steps_in_float32(case):
    optimizer, parameters = ours(case, "float32")
    our_steps(optimizer, parameters, range(STEPS))
    assert {p.dtype for p in parameters} == {np.dtype("float32")}
    for each in optimizer.state_dict()["state"].values():
        assert {value.dtype.name for value in each.values() if value.ndim} <= {"float32"}
    for p, expected in zip(parameters, STORED[str(case)]):
        np.testing.assert_allclose(p.numpy().ravel(), expected, rtol=2e-4, atol=2e-4, err_msg=str(case))


@with_torch
def test_muon_stays_near_to_pytorch_which_rounds():
    for case in (case for case in CASES if case.name == "Muon"):
        (optimizer, parameters), (reference, twins) = ours(case), theirs(case)
        our_steps(optimizer, parameters, range(1))
        their_steps(reference, twins, range(1))
        for p, q in zip(parameters, twins):
            np.testing.assert_allclose(p.numpy(), q.detach().numpy(), atol=2e-3)


@pytest.mark.parametrize("maximize", [False, True])
def test_lion_follows_its_formula(maximize):
    p, m, expected = leaf([1.0, -2.0, 0.5]), np.zeros(3), np.array([1.0, -2.0, 0.5])
    optimizer = optim.Lion([p], 0.01, (0.8, 0.95), 0.1, maximize=maximize)
    for t in range(STEPS):
        given = np.cos(t + np.arange(3))
        p.grad = given
        optimizer.step()
        g = -given if maximize else given
        expected = expected - 0.01 * (np.sign(0.8 * m + 0.2 * g) + 0.1 * expected)
        m = 0.95 * m + 0.05 * g
    np.testing.assert_allclose(p.numpy(), expected, rtol=1e-12)


def test_centered_rmsprop_gives_no_nan_for_a_constant_gradient():
    p = leaf(np.ones(50), np.float32)
    optimizer = optim.RMSprop([p], centered=True, alpha=0.5)
    for _ in range(60):
        p.grad = np.full(50, 0.1) * np.arange(1, 51)
        optimizer.step()
    assert np.isfinite(p.numpy()).all()


def test_asgd_averages():
    p = leaf([1.0])
    optimizer, seen = optim.ASGD([p], lr=0.1, lambd=0, t0=2), []
    for _ in range(8):
        p.grad = p.numpy()
        optimizer.step()
        seen.append(p.item())
    state = {name: value.item() for name, value in optimizer.state_dict()["state"][0].items()}
    assert state == pytest.approx({"step": 8, "ax": np.mean(seen[3:]), "eta": 0.1, "mu": 1 / 6})


def test_muon_takes_matrices_only():
    with pytest.raises(ArgumentError, match=r"shapes \(3,\), \(1, 2, 2\)\.\n.*AdamW"):
        optim.Muon([leaf(np.ones((2, 2))), leaf(np.ones(3)), leaf(np.ones((1, 2, 2)))])


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (5, 5)])
def test_the_steps_of_muon_are_nearly_orthogonal(shape):
    p, g = leaf(np.zeros(shape)), np.random.default_rng(0).normal(size=shape)
    p.grad = g
    optim.Muon([p], lr=1.0, adjust_lr_fn="match_rms_adamw").step()
    singular = np.linalg.svd(-p.numpy() / (0.2 * max(shape) ** 0.5), compute_uv=False)
    assert ((singular > 0.6) & (singular < 1.3)).all()


def test_adafactor_keeps_rows_and_columns_of_what_has_them():
    parameters = [leaf(np.ones(shape)) for shape in [(4, 3, 5), (6,), (0, 2), ()]]
    optimizer = optim.Adafactor(parameters)
    for p in parameters:
        p.grad = np.ones(p.shape)
    optimizer.step()
    kept = [{name: each.shape for name, each in own.items()} for own in optimizer.state_dict()["state"].values()]
    assert kept == [
        {"step": (), "row_var": (4, 3, 1), "col_var": (4, 1, 5)},
        {"step": (), "variance": (6,)},
        {"step": ()},
        {"step": (), "variance": ()},
    ]
    copied = optim.Adafactor([leaf(np.ones(p.shape)) for p in parameters])
    copied.load_state_dict(optimizer.state_dict())
    np.testing.assert_equal(copied.state_dict(), optimizer.state_dict())


@pytest.mark.parametrize("name", ["Adafactor", "Muon"])
def test_a_parameter_may_be_a_transposed_view(name):
    array = np.arange(6.0).reshape(3, 2)
    there, here = leaf(array.T.copy()), tg.Parameter(array.T)
    for p in (there, here):
        optimizer = getattr(optim, name)([p], lr=0.1)
        p.grad = np.arange(6.0).reshape(2, 3) ** 2
        optimizer.step()
    np.testing.assert_array_equal(there.numpy(), here.numpy())
    np.testing.assert_array_equal(array.T, here.numpy())


def test_steps_in_blocks_give_what_a_step_of_the_whole_vector_gives(monkeypatch):
    for case in LAST:
        ends = []
        for size in (1 << 16, 2):
            monkeypatch.setattr(parts, "BLOCK", size)
            optimizer, parameters = ours(case)
            our_steps(optimizer, parameters, range(3))
            ends.append(np.concatenate([p.numpy().ravel() for p in parameters]))
        np.testing.assert_allclose(*ends, rtol=1e-14, err_msg=str(case))
