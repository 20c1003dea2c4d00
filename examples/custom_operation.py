"""An operation of one's own: the forward in plain NumPy, the rule beside it, both checked."""

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg


def swish_rule(g, x, y):
    sigmoid = 1 / (1 + np.exp(-x))
    return g * (sigmoid + y * (1 - sigmoid))


@tg.operation(vjp=swish_rule)
def swish(x):
    return x / (1 + np.exp(-x))


x = np.linspace(-3, 3, 7)
print("checked:", tg.gradcheck(swish, x, order=2))
print("slope:  ", tg.grad(lambda x: swish(x).sum())(x).round(3))


@tg.operation(vjp=lambda g, x: g * x)
def wrong_square(x):
    return x * x


try:
    tg.gradcheck(lambda x: np.sin(wrong_square(x)), x)
except tg.GradientCheckError as error:
    print("caught: ", error)
