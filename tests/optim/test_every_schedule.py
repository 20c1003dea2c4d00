"""What holds for every schedule: its steps change Tensors only, branch on no value, and go on from saved state."""

import copy

import numpy as np

import tinygrad_like as tg
from tests.cases import together
from tests.ground_rules import look, parting, stores, way_of, without_shortcuts
from tinygrad_like import optim

MAKERS = {
    "ChainedScheduler": lambda o: optim.ChainedScheduler([optim.StepLR(o, 2), optim.ExponentialLR(o, 0.9)]),
    "ConstantLR": optim.ConstantLR,
    "CosineAnnealingLR": lambda o: optim.CosineAnnealingLR(o, 5),
    "CosineAnnealingWarmRestarts": lambda o: optim.CosineAnnealingWarmRestarts(o, 3, 2),
    "CyclicLR": lambda o: optim.CyclicLR(o, 0.1, 0.2, 3),
    "ExponentialLR": lambda o: optim.ExponentialLR(o, 0.9),
    "LambdaLR": lambda o: optim.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "LinearLR": optim.LinearLR,
    "MultiStepLR": lambda o: optim.MultiStepLR(o, [2, 4]),
    "MultiplicativeLR": lambda o: optim.MultiplicativeLR(o, lambda epoch: 0.9),
    "OneCycleLR": lambda o: optim.OneCycleLR(o, 0.1, 20),
    "PolynomialLR": optim.PolynomialLR,
    "ReduceLROnPlateau": lambda o: optim.ReduceLROnPlateau(o, patience=1),
    "SWALR": lambda o: optim.SWALR(o, 0.05),
    "SequentialLR": lambda o: optim.SequentialLR(o, [optim.ConstantLR(o), optim.ExponentialLR(o, 0.9)], [3]),
    "StepLR": lambda o: optim.StepLR(o, 2),
    "WarmupLR": lambda o: optim.WarmupLR(o, 3),
}
each_schedule = together("make", MAKERS)


def made(make):
    parameter = tg.Tensor(np.ones(3), requires_grad=True)
    parameter.grad = np.ones(3)
    optimizer = optim.SGD([parameter], lr=0.1, momentum=0.9)
    return optimizer, make(optimizer)


def step(optimizer, schedule):
    optimizer.step()
    schedule.step(*[1.0] * isinstance(schedule, optim.ReduceLROnPlateau))


def test_every_schedule_is_entered():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    bases = (optim.LRScheduler, optim.ChainedScheduler, optim.ReduceLROnPlateau, optim.SequentialLR)
    assert {name for name in kinds if issubclass(getattr(optim, name), bases)} == {*MAKERS, "LRScheduler"}


@each_schedule
def test_a_step_changes_tensors_only(make, monkeypatch):
    optimizer, schedule = made(make)
    step(optimizer, schedule)
    with monkeypatch.context() as patched:
        written = stores(patched)
        seen = look(schedule)
        for _ in range(4):
            step(optimizer, schedule)
        assert seen.check(written)


@each_schedule
def test_no_step_branches_on_values(make, monkeypatch):
    (optimizer, schedule), (other, its_schedule) = made(make), made(make)
    step(optimizer, schedule)
    with monkeypatch.context() as patched:
        without_shortcuts(patched)
        step(other, its_schedule)
        first = way_of(lambda: step(other, its_schedule))
        for _ in range(6):
            assert not (place := parting(first, way_of(lambda: step(other, its_schedule)))), place
    for _ in range(7):
        step(optimizer, schedule)
    assert other.lr == optimizer.lr


@each_schedule
def test_a_schedule_goes_on_from_saved_state(make):
    optimizer, schedule = made(make)
    for _ in range(3):
        step(optimizer, schedule)
    other, loaded = made(make)
    other.load_state_dict(optimizer.state_dict())
    loaded.load_state_dict(schedule.state_dict())
    twins = [(other, loaded)]
    if make not in (MAKERS["LambdaLR"], MAKERS["MultiplicativeLR"]):  # a lambda cannot be copied
        twins.append(copy.deepcopy((optimizer, schedule)))
    for _ in range(4):
        step(optimizer, schedule)
        for twin in twins:
            step(*twin)
            assert twin[0].lr == optimizer.lr
