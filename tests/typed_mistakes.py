"""Mistakes that type checkers find, each at the line that says so; tests/test_typing.py holds that. It is never run."""

from typing import Any, assert_type

import numpy as np

import tinygrad_like as tg
from tinygrad_like import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


class Double(tg.Layer):
    def forward(self, x: Tensor) -> Tensor:
        return 2.0 * x


def energy(position: Array, stiffness: float, *, power: int = 2) -> Any:
    return stiffness * position**power


@tg.no_grad()
def evaluate(points: Array) -> float:
    return float(points.mean())


@tg.no_grad
def evaluate_bare(points: Array) -> float:
    return float(points.mean())


def mistakes(t: Tensor, a: Array) -> None:
    Double()("text")  # mistake
    Double()(t, t)  # mistake
    Double()(t).nothing()  # mistake
    Double().eval().nothing()  # mistake
    tg.Linear(3, 1)(t).nothing()  # mistake
    tg.Linear(3, "relu")  # mistake
    tg.Sequential()[:1].nothing()  # mistake
    tg.SGD([t], rate=0.1)  # mistake
    tg.sigmoid(t).nothing()  # mistake
    tg.relu(a).backward()  # mistake
    tg.softmax(a).backward()  # mistake
    tg.log_softmax(t, axis="rows")  # mistake
    tg.logsumexp(t).nothing()  # mistake
    tg.linear(a, t).nothing()  # mistake
    tg.mse(t, a).nothing()  # mistake
    tg.cross_entropy(t, a).nothing()  # mistake
    (t @ a - 1).nothing()  # mistake
    t.mean(rows=0)  # mistake
    t.data -= 0.1 * t.grad  # mistake
    tg.grad(energy)(a)  # mistake
    tg.grad(energy, argnums="position")  # mistake
    tg.grad(energy, argnames=0)  # mistake
    tg.hessian(energy, has_aux="yes")  # mistake
    tg.vjp(np.sin, a, has_aux=True)[1].nothing()  # mistake
    tg.value_and_grad(energy)(a, 1.0, potency=3)  # mistake
    tg.value_and_grad(energy)(a, 1.0).nothing()  # mistake
    tg.jacobian(energy)(a, "stiff")  # mistake
    tg.hessian(energy)(a, 1.0, 2)  # mistake
    tg.vjp(energy, a)  # mistake
    evaluate(3)  # mistake
    evaluate_bare(3)  # mistake
    tg.Matrix.zeros(2, 2).add(t)  # mistake
    tg.Network([2, 1]).nothing()  # mistake
    tg.draw(t, colour="red")  # mistake
    assert_type(tg.sigmoid(t), Array)  # mistake
