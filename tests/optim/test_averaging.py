"""Averages of weights: against their formulas and PyTorch; statistics of batch normalisation; saved states."""

import copy
import importlib.util
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like import optim
from tinygrad_like.engine.errors import ArgumentError, UnsupportedError

HAS_TORCH = importlib.util.find_spec("torch") is not None
X = np.random.default_rng(0).normal(size=(8, 3))
AVERAGES = {"mean": lambda module: None, "moving": lambda module: module.get_ema_avg_fn(0.7)}
each_average = pytest.mark.parametrize("average", AVERAGES)


class Norm(tg.Layer):
    """Batch normalisation, as short as its running statistics allow."""

    def __init__(self, n):
        self.momentum = 0.1
        self.running_mean, self.running_var = tg.Tensor(np.zeros(n)), tg.Tensor(np.ones(n))
        self.num_batches_tracked = tg.Tensor(np.array(0))

    def forward(self, x):
        if self.training:
            tg.assign(self.num_batches_tracked, self.num_batches_tracked.numpy() + 1)
            part = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
            for kept, new in ((self.running_mean, x.mean(0)), (self.running_var, x.var(0, ddof=1))):
                tg.assign(kept, kept.numpy() * (1 - part) + part * tg.Tensor(new).detach().numpy())
        return (x - self.running_mean) / np.sqrt(self.running_var + 1e-5)


def model_of(dtype=float):
    return tg.Sequential(tg.Linear(3, 2, dtype=dtype, seed=0), tg.Tanh(), tg.Linear(2, 1, dtype=dtype, seed=1))


def train(model, optimizer, averaged, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        (model(X) ** 2).mean().backward()
        optimizer.step()
        averaged.update_parameters(model)


def values(model):
    return {name: each.numpy().copy() for name, each in model.state_dict().items()}


def same(one, other):
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@each_average
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_averaged(average, dtype):
    model = model_of(dtype)
    averaged = optim.AveragedModel(model, AVERAGES[average](optim))
    seen = []
    for step in range(4):
        for p in model.parameters():
            p.data = p.numpy() * (step + 2)
        averaged.update_parameters(model)
        seen.append(values(model))
    for name, found in values(averaged.module).items():
        wanted = seen[0][name].astype(float)
        for n, each in enumerate(seen[1:], 1):
            wanted = wanted + (each[name] - wanted) * (0.3 if average == "moving" else 1 / (n + 1))
        assert found.dtype == dtype
        np.testing.assert_allclose(found, wanted, 1e-13 if dtype is np.float64 else 1e-6)
    assert averaged.n_averaged.item() == 4
    assert isinstance(averaged.n_averaged, tg.Tensor)
    np.testing.assert_array_equal(averaged(X.astype(dtype)).numpy(), averaged.module(X.astype(dtype)).numpy())


@each_average
@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch, the reference, is not installed")
def test_averages_are_those_of_pytorch(average):
    import torch
    from torch.optim import swa_utils

    model = model_of()
    twin = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1)).double()
    twin.load_state_dict({name: torch.tensor(each) for name, each in values(model).items()})
    averaged = optim.AveragedModel(model, AVERAGES[average](optim))
    reference = swa_utils.AveragedModel(twin, avg_fn=AVERAGES[average](swa_utils))
    train(model, tg.SGD(model.parameters(), lr=0.5), averaged, 5)
    train(lambda _: twin(torch.tensor(X)), torch.optim.SGD(twin.parameters(), lr=0.5), Updating(reference, twin), 5)
    wanted = {name: each.numpy() for name, each in reference.state_dict().items()}
    found = values(averaged)
    assert sorted(found) == sorted(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], 1e-12, 1e-14, err_msg=name)
    averaged.load_state_dict(reference.state_dict())


class Updating:
    """PyTorch's average, which is given its own model."""

    def __init__(self, averaged, model):
        self.averaged, self.model = averaged, model

    def update_parameters(self, _):
        self.averaged.update_parameters(self.model)


def test_a_function_is_given_numbers_in_the_dtype_of_the_parameter():
    model, seen = model_of(np.float32), set()
    averaged = optim.AveragedModel(model, lambda a, value, n: seen.add((value / (n + 1)).dtype) or a + value)
    averaged.update_parameters(model)
    assert seen == {np.dtype(np.float32)}


def test_the_model_and_its_average_are_apart():
    model = model_of()
    optimizer = tg.SGD(model.parameters(), lr=0.5)
    (model(X) ** 2).mean().backward()
    averaged = optim.AveragedModel(model)
    assert all(p.grad is None for p in averaged.parameters())
    before = values(averaged)
    optimizer.step()
    same(values(averaged), before)
    averaged.update_parameters(model)
    same(values(averaged.module), values(model))


@pytest.mark.parametrize("use_buffers", [False, True])
def test_buffers_are_copied_or_averaged(use_buffers):
    model = tg.Sequential(tg.Linear(3, 2, seed=0), Norm(2))
    averaged = optim.AveragedModel(model, use_buffers=use_buffers)
    for value in (1.0, 3.0):
        tg.assign(model[1].running_mean, value)
        tg.assign(model[1].num_batches_tracked, int(value))
        averaged.update_parameters(model)
    assert averaged.module[1].running_mean.tolist() == ([2.0, 2.0] if use_buffers else [3.0, 3.0])
    assert averaged.module[1].num_batches_tracked.item() == 3


def test_statistics_are_computed_anew():
    model = tg.Sequential(tg.Linear(3, 2, seed=0), Norm(2), tg.Linear(2, 1, seed=1))
    averaged = optim.AveragedModel(model).eval()
    batches = [X[:4], (X[4:6], "target"), [X[6:]]]
    for kept in (averaged.module[1].running_mean, averaged.module[1].running_var):
        tg.assign(kept, np.nan)  # what was there does not count
    optim.update_bn(batches, averaged)
    optim.update_bn(batches, averaged)
    hidden = [model[0](each).numpy() for each in (X[:4], X[4:6], X[6:])]
    norm = averaged.module[1]
    np.testing.assert_allclose(norm.running_mean.numpy(), np.mean([h.mean(0) for h in hidden], 0))
    np.testing.assert_allclose(norm.running_var.numpy(), np.mean([h.var(0, ddof=1) for h in hidden], 0))
    assert (norm.num_batches_tracked.item(), norm.momentum, norm.training, averaged.training) == (3, 0.1, False, False)
    optim.update_bn(iter([1 / 0 for _ in ()]), tg.Linear(1, 1))

    with pytest.raises(tg.ShapeError):
        optim.update_bn([np.ones(7)], averaged)
    assert (norm.momentum, norm.training) == (0.1, False)


@each_average
def test_a_run_that_is_resumed_is_bit_equal(average, tmp_path):
    model = model_of()
    optimizer, averaged = tg.Adam(model.parameters()), optim.AveragedModel(model, AVERAGES[average](optim))
    train(model, optimizer, averaged, 3)
    copies = copy.deepcopy((model, optimizer, averaged))
    pickled = pickle.loads(pickle.dumps((model, optimizer, averaged)))
    tg.save({"model": model, "optimizer": optimizer, "averaged": averaged}, tmp_path / "run.npz")
    train(model, optimizer, averaged, 4)
    again = tg.Sequential(tg.Linear(3, 2), tg.Tanh(), tg.Linear(2, 1))
    other, its_average = tg.Adam(again.parameters()), optim.AveragedModel(again, AVERAGES[average](optim))
    tg.load(tmp_path / "run.npz", into={"model": again, "optimizer": other, "averaged": its_average})
    for one, stepper, result in (copies, pickled, (again, other, its_average)):
        train(one, stepper, result, 4)
        same(values(result), values(averaged))


def test_what_is_refused():
    model = model_of()
    with pytest.raises(UnsupportedError, match=r"no multi_avg_fn\.\n.*avg_fn=get_ema_avg_fn"):
        optim.AveragedModel(model, multi_avg_fn=print)
    with pytest.raises(ArgumentError, match="takes a model, but got a ndarray"):
        optim.AveragedModel(np.ones(2))
    with pytest.raises(ArgumentError, match="decay must be less than 1"):
        optim.get_ema_avg_fn(1.0)
    averaged = optim.AveragedModel(model)
    before = values(averaged)
    for other in (tg.Linear(3, 2), tg.Sequential(tg.Linear(3, 4), tg.Tanh(), tg.Linear(4, 1))):
        with pytest.raises(ArgumentError, match="has other parameters"):
            averaged.update_parameters(other)
    same(values(averaged), before)
