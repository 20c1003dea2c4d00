"""Runs of optimizers, ours and PyTorch's, from the same values and gradients; `python -m tests.optim.running` stores.

What PyTorch gave is stored in tests/stored/optim.json, for where it is not installed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.cases import leaf
from tests.stored import FOLDER
from tinygrad_like import optim

STEPS = 10
SHAPES = [(2, 3), (2,), (3, 2), (1, 2, 2)]
PATH = FOLDER / "optim.json"


@dataclass(frozen=True)
class Case:
    """An optimizer and its settings. The second group has settings of its own."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] = field(default_factory=lambda: {"lr": 0.03})

    def __str__(self) -> str:
        return " ".join([self.name, *self.settings])

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [shape for shape in SHAPES if len(shape) == 2] * 2 if self.name == "Muon" else SHAPES


ADAM = [{}, {"betas": (0.5, 0.9), "eps": 1e-3}, {"lr": 0.1, "weight_decay": 0.1}, {"maximize": True}]
DECOUPLED = [*ADAM, {"weight_decay": 0.1, "decoupled_weight_decay": True}]
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {},
        {"weight_decay": 0.1, "maximize": True},
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        {"momentum": 0.5, "nesterov": True},
    ],
    "ASGD": [{}, {"lambd": 0.3, "alpha": 0.5, "t0": 3.0}, {"weight_decay": 0.1, "maximize": True}],
    "Adam": [*ADAM, {"amsgrad": True}],
    "AdamW": [*ADAM, {"amsgrad": True}],
    "Adamax": ADAM,
    "NAdam": [*DECOUPLED, {"momentum_decay": 0.3}],
    "RAdam": [*DECOUPLED, {"betas": (0.9, 0.6)}],
    "RMSprop": [
        {},
        {"alpha": 0.8, "eps": 1e-3},
        {"weight_decay": 0.1, "maximize": True},
        {"momentum": 0.9},
        {"centered": True, "alpha": 0.9, "eps": 1e-2},
    ],
    "Rprop": [{}, {"etas": (0.4, 1.5), "step_sizes": (5e-3, 0.02)}, {"maximize": True}],
    "Adagrad": [
        {},
        {"lr_decay": 0.1, "eps": 1e-3},
        {"initial_accumulator_value": 0.5},
        {"weight_decay": 0.1, "maximize": True},
    ],
    "Adadelta": [{}, {"rho": 0.5, "eps": 1e-3}, {"weight_decay": 0.1, "maximize": True}],
    "Adafactor": [
        {},
        {"beta2_decay": -0.5, "eps": (1e-2, 0.1)},
        {"d": 2.0, "weight_decay": 0.1, "lr": 0.5},
        {"maximize": True},
    ],
    "Muon": [
        {},
        {"momentum": 0.5, "nesterov": False, "weight_decay": 0},
        {"ns_steps": 2, "ns_coefficients": (2.0, -1.5, 0.5), "eps": 0.1},
        {"adjust_lr_fn": "match_rms_adamw"},
    ],
}
CASES = [Case(name, settings) for name, each in OPTIONS.items() for settings in each]
LAST = list({case.name: case for case in CASES}.values())  # one for each optimizer


def every_case(check: Callable[[Case], None]) -> Callable[[str], None]:
    """A test for each optimizer, which checks all its cases."""

    @pytest.mark.parametrize("name", OPTIONS)
    def test(name: str) -> None:
        for case in CASES:
            if case.name == name:
                check(case)

    return test


def start(case: Case) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in case.shapes]


def gradient(p: np.ndarray, i: int, t: int) -> np.ndarray | None:
    """That of parameter i in step t: of a bowl, with noise that changes signs. The second has none in some steps."""
    if i == 1 and t in (0, 3, 4):
        return None
    return (p + np.cos(2.0 * t + i + np.arange(p.size).reshape(p.shape))).astype(p.dtype)


def groups(parameters: list[Any], case: Case) -> list[dict[str, Any]]:
    return [{"params": parameters[:2]}, {"params": parameters[2:], **case.second}]


def steps(optimizer: Any, parameters: list[Any], tensor: Callable[[np.ndarray], Any], times: range) -> None:
    for t in times:
        for i, p in enumerate(parameters):
            g = gradient(p.detach().numpy(), i, t)
            p.grad = None if g is None else tensor(g)
        optimizer.step()


def ours(case: Case, dtype: str = "float64") -> tuple[Any, list[Any]]:
    """The optimizer and its parameters."""
    parameters = [leaf(value, dtype) for value in start(case)]
    return getattr(optim, case.name)(groups(parameters, case), **case.settings), parameters


def our_steps(optimizer: Any, parameters: list[Any], times: range) -> None:
    steps(optimizer, parameters, lambda g: g, times)


def theirs(case: Case, dtype: str = "float64") -> tuple[Any, list[Any]]:
    import torch

    parameters = [torch.tensor(value.astype(dtype), requires_grad=True) for value in start(case)]
    return getattr(torch.optim, case.name)(groups(parameters, case), **case.settings), parameters


def their_steps(optimizer: Any, parameters: list[Any], times: range) -> None:
    import torch

    steps(optimizer, parameters, torch.tensor, times)


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """PyTorch without its roundings: single numbers of the state to float32, Muon's matrices to bfloat16."""
    import torch

    before, rounding = torch.get_default_dtype(), torch.Tensor.bfloat16
    torch.set_default_dtype(torch.float64)
    torch.Tensor.bfloat16 = torch.Tensor.clone
    try:
        yield
    finally:
        torch.set_default_dtype(before)
        torch.Tensor.bfloat16 = rounding


def main() -> None:
    """Store where PyTorch's runs end."""
    lines = []
    for case in CASES:
        with exact():
            optimizer, parameters = theirs(case)
            their_steps(optimizer, parameters, range(STEPS))
        ends = [p.detach().numpy().ravel().tolist() for p in parameters]
        lines.append(f"{json.dumps(str(case))}: {json.dumps(ends)}")
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(PATH, f"{PATH.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
