"""Complex parameters are stepped as pairs of real ones."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import optim

TARGET = np.array([[1 - 2j, 0.5j], [3.0, -1 + 1j]])
START = np.array([[0.3 + 1j, -1.0], [2j, 0.1 - 0.2j]])
OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.001, momentum=0.9, weight_decay=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1, maximize=True),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1, centered=True, momentum=0.5),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.1),
    "Rprop": lambda p: optim.Rprop(p, lr=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.1),
    "RAdam": lambda p: optim.RAdam(p, lr=0.01),
    "Adadelta": lambda p: optim.Adadelta(p, lr=1.0),
    "Adamax": lambda p: optim.Adamax(p, lr=0.1),
    "ASGD": lambda p: optim.ASGD(p, lr=0.001),
    "Lion": lambda p: optim.Lion(p, lr=0.01),
}


def loss_of(z, x):
    return np.sum(np.abs(z - TARGET) ** 4) + np.sum(np.real(z * x) ** 2)


def trained(make, steps, *parameters, value=lambda z, x: z):
    optimizer = make(list(parameters))
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(value(*parameters), parameters[-1]).backward()
        optimizer.step()
    return optimizer


def complex_pair(dtype=complex):
    return tg.Parameter(START.astype(dtype)), tg.Parameter(np.array([0.5, -1.0]))


@together("make", OPTIMIZERS)
def test_a_step_is_that_of_two_real_parameters(make):
    z, x = complex_pair()
    trained(make, 5, z, x)
    re, im, other = tg.Parameter(START.real.copy()), tg.Parameter(START.imag.copy()), tg.Parameter(np.array([0.5, -1]))
    trained(make, 5, re, im, other, value=lambda re, im, x: re + 1j * im)
    np.testing.assert_allclose(z.numpy(), re.numpy() + 1j * im.numpy(), rtol=1e-13)
    np.testing.assert_allclose(x.numpy(), other.numpy(), rtol=1e-13)
    assert (z.dtype, x.dtype) == (complex, float)
    assert not np.allclose(z.numpy(), START)


@together("make", OPTIMIZERS)
def test_a_saved_state_continues(make):
    z, x = complex_pair()
    optimizer = trained(make, 3, z, x)
    for again in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert [p.dtype for p in again.params] == [complex, float]
        for state in again.state_dict()["state"][0].values():
            assert state.dtype == complex or state.ndim == 0
    other = make([tg.Parameter(z.numpy().copy()), tg.Parameter(x.numpy().copy())])
    other.load_state_dict(optimizer.state_dict())
    for each in (optimizer, other):
        each.zero_grad()
        loss_of(*each.params).backward()
        each.step()
    np.testing.assert_allclose(other.params[0].numpy(), z.numpy(), rtol=1e-13)


def test_single_precision_and_shared_memory():
    array = START.astype(np.complex64)
    z, x = tg.Parameter(array), tg.Parameter(np.ones(2))
    trained(OPTIMIZERS["Adam"], 3, z, x)
    assert z.dtype == np.complex64
    assert np.array_equal(z.numpy(), array)


def test_clipping():
    z, x = complex_pair()
    loss_of(z, x).backward()
    parts = [z.grad.numpy().real, z.grad.numpy().imag, x.grad.numpy()]
    norm = np.sqrt(sum(np.sum(each**2) for each in parts))
    before = z.grad.numpy().copy()
    assert optim.clip_grad_norm([z, x], 0.5).item() == pytest.approx(norm)
    np.testing.assert_allclose(z.grad.numpy(), before * 0.5 / norm, rtol=1e-5)
    with pytest.raises(tg.DTypeError, match="clip_grad_norm"):
        optim.clip_grad_value([z, x], 0.1)


def test_what_needs_shapes_takes_real_parameters():
    z, _ = complex_pair()
    for make in (optim.Muon, optim.Adafactor, optim.LBFGS):
        with pytest.raises(tg.DTypeError, match=r"real parameters(.|\n)*x \+ 1j \* y"):
            make([z], lr=0.1)


def test_a_compiled_step_says_what_to_write():
    z, x = complex_pair()
    optimizer = OPTIMIZERS["SGD"]([z, x])

    @tg.compile
    def step():
        optimizer.zero_grad()
        loss_of(z, x).backward()
        optimizer.step()

    with pytest.raises(tg.TraceError, match=r"complex parameters(.|\n)*step outside"):
        step()
