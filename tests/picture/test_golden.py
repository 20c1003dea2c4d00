"""The exact DOT text of some pictures. `python -m tests.picture.test_golden` writes it anew: look at what changed."""

import pathlib

import numpy as np
import pytest

import tinygrad_like as tg
from tests.picture.test_draw import Dense, X, Y

FOLDER = pathlib.Path(__file__).parent / "golden"


A, B = tg.Tensor(2.0, requires_grad=True, name="a"), tg.Tensor(-3.0, requires_grad=True, name="b")


def scalars():
    L = np.tanh(A * B + 5.0)
    L.name = "L"
    return L


def fixed(layer, start):
    """The same weights on every machine, and no random numbers."""
    for i, parameter in enumerate(layer.parameters()):
        parameter.data = ((np.arange(parameter.size) + start + i) % 5 - 2.0).reshape(parameter.shape) / 4
    return layer


def xor():
    model = tg.Sequential(fixed(Dense(2, 3, np.tanh, 0), 0), fixed(Dense(3, 1, tg.sigmoid, 1), 1))

    def loss(X, y):
        return np.mean((model(X) - y) ** 2)

    return tg.draw(loss, X, Y, title="XOR · MLP [2, 3, 1]")


def mlp():
    layers = [fixed(tg.Linear(2, 2), i) for i in range(40)]
    model = tg.Sequential(*[each for linear in layers for each in (linear, tg.Tanh())])
    return model.draw(np.array([[0.5, -1.0]]), max_nodes=10, theme="dark", direction="TB")


def freed():
    L = scalars()
    A.grad = B.grad = None
    L.backward()
    return L.draw(detail="stats")


PICTURES = {
    "scalars": lambda: scalars().draw(),
    "freed": freed,
    "xor": xor,
    "mlp": mlp,
    "focus": lambda: fixed(tg.Linear(2, 2), 0).draw(X, focus="weight", radius=1, detail="shape"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_golden(name):
    picture = PICTURES[name]()
    assert picture.source == (FOLDER / f"{name}.dot").read_text(encoding="utf-8")


if __name__ == "__main__":
    for name, make in PICTURES.items():
        (FOLDER / f"{name}.dot").write_text(make().source, encoding="utf-8")
