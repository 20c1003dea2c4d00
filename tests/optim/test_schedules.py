"""Schedules beside PyTorch's: the same rates and momenta; saved, copied, combined; refused arguments.

What PyTorch gave is stored in tests/stored/schedules.json; `python -m tests.optim.test_schedules` stores it anew.
"""

import copy
import importlib.util
import itertools
import json
import math
import pathlib
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import optim
from tinygrad_like.engine.errors import ArgumentError, UnsupportedError

STORED = pathlib.Path(__file__).parent.parent / "stored" / "schedules.json"
HAS_TORCH = importlib.util.find_spec("torch") is not None
STEPS = 50
KEPT = [0, 1, 2, 3, 4, 5, 7, 10, 11, 20, 30, 49]

# Made alike by ours and PyTorch's: `s` has the schedules, `o` is an optimizer of two groups.
CASES = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda t: 0.95**t),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda t: 0.95**t, lambda t: 1 / (1 + t)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda t: 1 - 1 / (t + 5)),
    "step": lambda s, o: s.StepLR(o, 7),
    "step, gamma": lambda s, o: s.StepLR(o, step_size=3, gamma=0.7),
    "milestones": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 30], gamma=0.5),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant, all": lambda s, o: s.ConstantLR(o, 0.3, 10),
    "linear": lambda s, o: s.LinearLR(o),
    "linear, all": lambda s, o: s.LinearLR(o, 0.9, 0.1, 30),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "polynomial": lambda s, o: s.PolynomialLR(o),
    "polynomial, all": lambda s, o: s.PolynomialLR(o, 40, 2.5),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 20),
    "cosine, eta_min": lambda s, o: s.CosineAnnealingLR(o, 9, 0.01),
    "cosine of one step": lambda s, o: s.CosineAnnealingLR(o, 1, 0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 8),
    "restarts, longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "restarts, by three": lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 3),
    "one cycle": lambda s, o: s.OneCycleLR(o, 1.0, 50),
    "one cycle, lists": lambda s, o: s.OneCycleLR(o, [1.0, 2.0], epochs=5, steps_per_epoch=11, pct_start=0.43),
    "one cycle, linear": lambda s, o: s.OneCycleLR(
        o, 1.0, 60, anneal_strategy="linear", div_factor=5, final_div_factor=10, max_momentum=[0.9, 0.8]
    ),
    "one cycle, phases": lambda s, o: s.OneCycleLR(o, 1.0, 50, three_phase=True, base_momentum=0.1),
    "one cycle, no momentum": lambda s, o: s.OneCycleLR(o, 1.0, 50, cycle_momentum=False, pct_start=0.0),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.5, 4),
    "cyclic, halved": lambda s, o: s.CyclicLR(o, [0.01, 0.1], [0.5, 0.9], 3, 7, mode="triangular2"),
    "cyclic, exponential": lambda s, o: s.CyclicLR(o, 0.01, 0.5, 5, mode="exp_range", gamma=0.97),
    "cyclic, function": lambda s, o: s.CyclicLR(o, 0.1, 0.5, 5, scale_fn=lambda x: 0.9**x, base_momentum=0.5),
    "cyclic, iterations": lambda s, o: s.CyclicLR(
        o, 0.1, 0.5, 5, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations", cycle_momentum=False
    ),
    "chained": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 30, 0.001)]
    ),
    "sequential": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 10), s.ExponentialLR(o, 0.9)], [10]),
    "sequential, three": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 20), s.StepLR(o, 3)], [4, 24]
    ),
    "sequential, cycle": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1), s.OneCycleLR(o, 1.0, 30), s.LambdaLR(o, lambda t: 1 / (t + 1))], [5, 34]
    ),
    "sequential, cycles": lambda s, o: s.SequentialLR(
        o, [s.CyclicLR(o, 0.01, 0.5, 4), s.OneCycleLR(o, 1.0, 45, base_momentum=0.3)], [6]
    ),
    "swa": lambda s, o: s.SWALR(o, 0.05),
    "swa, linear": lambda s, o: s.SWALR(o, [0.05, 1.0], 20, "linear"),
    "swa at once": lambda s, o: s.SWALR(o, 0.05, 0),
}
LOSSES = 3 + np.cos(np.arange(STEPS)) - 2 * np.minimum(np.arange(STEPS), 9) / 9
PLATEAUS = {
    "plateau": {"patience": 2},
    "plateau, all": dict(factor=0.5, patience=1, threshold=0.2, cooldown=3, min_lr=[1e-3, 2e-3], eps=1e-4),
    "plateau, max": dict(mode="max", factor=0.5, patience=3),
    "plateau, abs": dict(threshold_mode="abs", threshold=0.5, factor=0.8, patience=0),
    "plateau, max abs": dict(mode="max", threshold_mode="abs", threshold=0.1, patience=5),
}
each_case = together("name", [*CASES, *PLATEAUS])


def optimizers(adam=False):
    make = optim.Adam if adam else optim.SGD
    options = {} if adam else {"momentum": 0.9}
    return make([{"params": [tg.Parameter([1.0])], "lr": 0.1}, {"params": [tg.Parameter([2.0])], "lr": 0.5}], **options)


def ours(name, optimizer):
    return optim.ReduceLROnPlateau(optimizer, **PLATEAUS[name]) if name in PLATEAUS else CASES[name](optim, optimizer)


def one_step(schedule, i):
    schedule.step(LOSSES[i]) if hasattr(schedule, "num_bad_epochs") else schedule.step()


def run(schedule, optimizer, start=0, stop=STEPS - 1):
    """The rates and momenta of both groups, before the first step and after each."""

    def now():
        cycled = [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]
        return [*(float(group["lr"]) for group in optimizer.param_groups), *map(float, cycled)]

    found = [now()]
    for i in range(start, stop):
        one_step(schedule, i)
        found.append(now())
    return np.array(found)


def theirs(name, adam=False):
    import torch
    from torch.optim import lr_scheduler, swa_utils

    class Both:
        def __getattr__(self, name):
            return getattr(swa_utils if name == "SWALR" else lr_scheduler, name)

    groups = [{"params": [torch.ones(1)], "lr": 0.1}, {"params": [torch.ones(1)], "lr": 0.5}]
    optimizer = torch.optim.Adam(groups) if adam else torch.optim.SGD(groups, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name in PLATEAUS:
            return run(lr_scheduler.ReduceLROnPlateau(optimizer, **PLATEAUS[name]), optimizer)
        return run(CASES[name](Both(), optimizer), optimizer)


def close(found, expected, name):
    np.testing.assert_allclose(found, expected, 1e-12, 1e-16, err_msg=name)


def test_rates_are_those_stored():
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert set(stored) == {*CASES, *PLATEAUS}
    for name, expected in stored.items():
        optimizer = optimizers()
        close(run(ours(name, optimizer), optimizer)[KEPT], expected, name)


def test_rates_are_the_same_where_no_shortcut_is_taken(monkeypatch):
    """As in a trace: all schedules of a sequence are computed in each step."""
    monkeypatch.setattr(optim.combined_schedules, "shortcut", lambda condition: False)
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    for name in CASES:
        if name.startswith("sequential"):
            optimizer = optimizers()
            schedule = ours(name, optimizer)
            close(run(schedule, optimizer)[KEPT], stored[name], name)
            assert schedule.schedulers[0].last_epoch == schedule.milestones[0] - 1


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch, the reference, is not installed")
@pytest.mark.parametrize("adam", [False, True])
def test_rates_and_momenta_are_those_of_pytorch(adam):
    for name in [*CASES, *PLATEAUS]:
        optimizer = optimizers(adam)
        close(run(ours(name, optimizer), optimizer), theirs(name, adam), name)


def tensors(value, path="", seen=None):
    """Every attribute that is no Tensor, below an object: (path, value)."""
    for name, each in vars(value).items():
        if isinstance(each, optim.Optimizer):
            continue
        for place, inner in enumerate(each if isinstance(each, list) else [each]):
            if isinstance(inner, optim.LRScheduler):
                yield from tensors(inner, f"{path}.{name}[{place}]")
            elif not isinstance(inner, dict):
                yield f"{path}.{name}[{place}]", inner


@each_case
def test_what_changes_between_steps_is_a_tensor_that_is_written(name):
    optimizer = optimizers()
    schedule = ours(name, optimizer)
    before = [(path, id(each), repr(each)) for path, each in tensors(schedule)]
    memory = dict(schedule.memory)
    rates = [group.memory["lr"] for group in optimizer.param_groups]
    run(schedule, optimizer, 0, 12)
    assert [(path, id(each), repr(each)) for path, each in tensors(schedule)] == before
    assert all(schedule.memory[key] is each for key, each in memory.items())
    assert all(isinstance(each, tg.Tensor) for each in memory.values())
    assert all(group.memory["lr"] is each for group, each in zip(optimizer.param_groups, rates))
    assert schedule.last_epoch == 12


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_schedule_that_is_resumed_goes_on_bit_equal(order, tmp_path):
    """Whether it is made before or after the optimizer takes over its state, and with other rates at first."""
    saved, expected, into = {}, {}, {}
    for name in [*CASES, *PLATEAUS]:
        optimizer = optimizers()
        schedule = ours(name, optimizer)
        run(schedule, optimizer, 0, 13)
        saved |= {f"optimizer {name}": optimizer.state_dict(), f"schedule {name}": schedule.state_dict()}
        expected[name] = run(schedule, optimizer, 13, 30)
    tg.save(saved, tmp_path / "run.npz")
    loaded = tg.load(tmp_path / "run.npz")
    for name in expected:
        optimizer = optimizers()
        if order == "after":
            optimizer.load_state_dict(loaded[f"optimizer {name}"])
        else:
            optimizer.lr = 0.9
        into |= {f"optimizer {name}": optimizer, f"schedule {name}": ours(name, optimizer)}
    names = [name for name in into if order == "before" or name.startswith("schedule")]
    tg.load(tmp_path / "run.npz", into={name: into[name] for name in reversed(names)})
    for name, rates in expected.items():
        schedule, optimizer = into[f"schedule {name}"], into[f"optimizer {name}"]
        assert schedule.last_epoch == 13, name
        np.testing.assert_array_equal(run(schedule, optimizer, 13, 30), rates, err_msg=name)


@pytest.mark.parametrize("twice", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_goes_on_alike_and_apart(twice):
    for name in [*CASES, *PLATEAUS]:
        if (
            "lambda" in name
            or "function" in name
            or name in ("multiplicative", "cyclic, iterations", "sequential, cycle")
        ):
            continue  # functions that cannot be pickled
        optimizer = optimizers()
        schedule = ours(name, optimizer)
        run(schedule, optimizer, 0, 5)
        again, its_schedule = twice((optimizer, schedule))
        expected = run(schedule, optimizer, 5, 12)
        np.testing.assert_array_equal(run(its_schedule, again, 5, 12), expected, err_msg=name)


def single(lr=0.1, **options):
    return tg.SGD([tg.Parameter([1.0])], lr, **options)


def test_the_rate_that_is_set_is_the_rate_of_the_step():
    p = tg.Parameter([1.0])
    optimizer = tg.SGD([p], lr=0.5)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    for expected in (0.5, 0.25, 0.125):
        p.grad = [1.0]
        before = p.item()
        optimizer.step()
        schedule.step()
        assert before - p.item() == pytest.approx(expected)


def test_a_momentum_that_was_off_is_on_when_it_is_cycled():
    p = tg.Parameter([0.0])
    optimizer = tg.SGD([p], lr=0.5)
    schedule = optim.CyclicLR(optimizer, 0.5, 0.5, 1, base_momentum=0.0, max_momentum=0.5)
    p.grad = [1.0]
    optimizer.step()
    optimizer.step()
    assert p.item() == -0.5 - 0.75
    schedule.step()
    assert optimizer.momentum == 0.0
    again = tg.SGD([tg.Parameter([0.0])], lr=0.5)
    again.load_state_dict(optimizer.state_dict())
    optim.CyclicLR(again, 0.5, 0.5, 1, base_momentum=0.0, max_momentum=0.5).load_state_dict(schedule.state_dict())
    assert again.momentum == 0.0
    assert "momentum" in again.param_groups[0].active


def test_a_schedule_of_ones_own_may_give_one_rate_for_all_groups():
    class Falling(optim.LRScheduler):
        def rate(self, lr, base, t):
            return 0.5**t

    schedule = Falling(optimizers())
    schedule.step()
    assert schedule.get_last_lr() == [0.5, 0.5]


def test_a_rate_that_was_changed_by_hand_is_gone_on_from():
    optimizer = single(0.5)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    optimizer.lr = 0.2
    schedule.step()
    assert schedule.get_last_lr() == [0.1]
    assert schedule.base_lrs == [0.5]
    assert optimizer.param_groups[0]["initial_lr"] == 0.5


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_restarts_between_epochs(factor):
    schedule = optim.CosineAnnealingWarmRestarts(single(1.0), 3, factor)
    starts = np.cumsum([0, *(3 * factor**n for n in range(4))])
    for start, end in itertools.pairwise(starts):
        for part in (0.0, 0.25, 0.5, 0.99):
            schedule.step(start + part * (end - start))
            assert schedule.get_last_lr()[0] == pytest.approx((1 + math.cos(math.pi * part)) / 2)
        schedule.step(np.nextafter(end, 0))
        assert schedule.get_last_lr()[0] == pytest.approx(0)
    schedule.step(0.5)
    schedule.step()
    assert schedule.get_last_lr()[0] == pytest.approx((1 + math.cos(math.pi * 0.5)) / 2)


def test_one_cycle_ends():
    schedule = optim.OneCycleLR(single(), 1.0, 4)
    for _ in range(4):
        schedule.step()
    assert schedule.get_last_lr()[0] == pytest.approx(1 / 25 / 1e4)
    with pytest.raises(ArgumentError, match="taken all of its 4 steps"):
        schedule.step()
    assert schedule.last_epoch == 4


def test_one_cycle_with_a_rise_of_no_length():
    assert optim.OneCycleLR(single(), 1.0, 10, pct_start=0.1).get_last_lr() == [1.0]


def test_a_plateau_of_negative_values_is_one():
    schedule = optim.ReduceLROnPlateau(single(1.0), factor=0.5, patience=0, threshold=0.1)
    schedule.step(0.0)
    assert (schedule.num_bad_epochs, schedule.cooldown_counter) == (0, 0)
    for value in (-1.0, tg.Tensor([-1.05]), np.float32(-1.05), np.nan):
        schedule.step(value)
    assert (schedule.best, schedule.get_last_lr()) == (-1.0, [0.125])


def test_nested_combinations():
    """A sequence inside a sequence begins anew, and a chain inside one multiplies its first factors."""
    optimizer = single(1.0)
    inner = optim.SequentialLR(optimizer, [optim.ConstantLR(optimizer, 0.5), optim.ExponentialLR(optimizer, 0.5)], [2])
    chain = optim.ChainedScheduler([optim.ConstantLR(optimizer, 0.5, 2), optim.ConstantLR(optimizer, 0.25, 1)])
    outer = optim.SequentialLR(optimizer, [optim.ExponentialLR(optimizer, 0.1), inner, chain], [2, 6])
    rates = []
    for _ in range(9):
        rates += outer.get_last_lr()
        outer.step()
    np.testing.assert_allclose(rates, [1, 0.1, 0.5, 0.5, 1, 0.5, 0.125, 0.5, 1])


def test_warmup_alone():
    schedule = optim.WarmupLR(single(1.0), 4)
    found = [schedule.get_last_lr()[0], *((schedule.step(), schedule.get_last_lr()[0])[1] for _ in range(6))]
    np.testing.assert_allclose(found, [0.2, 0.4, 0.6, 0.8, 1, 1, 1])


def test_the_repr_and_the_names_of_pytorch():
    schedule = optim.StepLR(optimizers(), 2)
    schedule.step()
    assert repr(schedule) == "StepLR(last_epoch=1, lr=[0.1, 0.5])"
    assert all(getattr(optim, name) is getattr(optim.lr_scheduler, name) for name in optim.lr_scheduler.__all__)


def test_the_module_of_pytorch_needs_no_import():
    code = "import tinygrad_like as tg; tg.optim.lr_scheduler.StepLR"
    subprocess.run([sys.executable, "-c", code], check=True)


@together(
    ("make", "text"),
    [
        (lambda o: optim.StepLR(tg.Linear(1, 1), 2), r"takes an optimizer, but got a Linear\.\n.*StepLR\(optimizer"),
        (lambda o: optim.StepLR(o, 0), "step_size must be a whole number of at least 1, but got 0"),
        (lambda o: optim.StepLR(o, 1.5), "step_size must be a whole number"),
        (lambda o: optim.ExponentialLR(o, -0.1), "gamma must be finite and at least 0"),
        (lambda o: optim.MultiStepLR(o, [5, 2]), r"must increase, but got \[5, 2\]\.\n  Write \[2, 5\]"),
        (lambda o: optim.ConstantLR(o, 0.0), "factor must be more than 0"),
        (lambda o: optim.LinearLR(o, 0.0), "start_factor must be more than 0"),
        (lambda o: optim.CosineAnnealingLR(o, 0), "T_max must be a whole number of at least 1"),
        (lambda o: optim.CosineAnnealingWarmRestarts(o, 2, 0), "T_mult must be a whole number of at least 1"),
        (lambda o: optim.LambdaLR(o, [lambda t: 1.0] * 2), "one for each of the 1 groups"),
        (lambda o: optim.LambdaLR(o, lambda t: -1.0), "What lr_lambda gives must be finite"),
        (lambda o: optim.OneCycleLR(o, 1.0), r"number of all steps\.\n.*steps_per_epoch"),
        (lambda o: optim.OneCycleLR(o, 1.0, 10, pct_start=1.5), "pct_start must be at least 0 and at most 1"),
        (lambda o: optim.OneCycleLR(o, 1.0, 10, anneal_strategy="sin"), "must be 'cos' or 'linear', but got 'sin'"),
        (lambda o: optim.OneCycleLR(o, [1.0, 2.0], 10), "max_lr has 2 values, but the optimizer has 1 groups"),
        (lambda o: optim.OneCycleLR(o, 1.0, 10, max_momentum=1.5), "max_momentum must be less than 1"),
        (lambda o: optim.CyclicLR(o, 0.1, 0.2, mode="square"), "mode must be 'triangular' or"),
        (lambda o: optim.ReduceLROnPlateau(o, factor=1.0), "factor must be less than 1"),
        (lambda o: optim.ReduceLROnPlateau(o, mode="low"), "mode must be 'min' or 'max'"),
        (lambda o: optim.ReduceLROnPlateau(o).step(np.ones(2)), r"must be a number, but got one of shape \(2,\)"),
        (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1)], [1]), "got 1 schedules and 1 milestones"),
        (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1)] * 3, [2, 2]), r"must increase, but got \[2, 2\]"),
        (lambda o: optim.ChainedScheduler([]), "at least one schedule"),
        (lambda o: optim.ChainedScheduler([o]), "takes schedules, but got a SGD"),
        (lambda o: optim.ChainedScheduler([optim.StepLR(o, 1), optim.StepLR(single(), 1)]), "StepLR has another"),
        (lambda o: optim.LRScheduler(o).load_state_dict({}), "takes the state of a LRScheduler"),
        (lambda o: optim.StepLR(o, 1).load_state_dict(optim.ConstantLR(o).state_dict()), "got that of ConstantLR"),
        (lambda o: optim.StepLR(o, 1).load_state_dict(optim.StepLR(optimizers(), 1).state_dict()), "base_lrs, lr"),
    ],
)
def test_what_is_wrong_is_said(make, text):
    optimizer = single(momentum=0.5)
    with pytest.raises(ArgumentError, match=text):
        make(optimizer)
    assert optimizer.lr == 0.1 or "that of" in text


def test_what_is_refused():
    optimizer = single()
    with pytest.raises(UnsupportedError, match=r"last_epoch=3\.\n.*load_state_dict"):
        optim.StepLR(optimizer, 1, last_epoch=3)
    with pytest.raises(UnsupportedError, match="needs a value"):
        optim.ChainedScheduler([optim.ReduceLROnPlateau(optimizer)])
    with pytest.raises(NotImplementedError, match=r"LRScheduler has no rate\(\)"):
        optim.LRScheduler(optimizer).step()
    optimizer = tg.optim.Optimizer([tg.Parameter([1.0])])
    with pytest.raises(ArgumentError, match="Optimizer has no such setting"):
        optim.StepLR(optimizer, 1)


def test_groups_that_are_added_later_are_refused():
    optimizer = single()
    schedule = optim.StepLR(optimizer, 1)
    optimizer.add_param_group({"params": [tg.Parameter([1.0])]})
    with pytest.raises(ArgumentError, match=r"has 2 groups, but StepLR was made for 1\.\n.*add_param_group"):
        schedule.step()


if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(theirs(name)[KEPT].tolist())}" for name in [*CASES, *PLATEAUS]]
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(STORED.stat().st_size)
