"""A step that looks at parameters and gradients: as values of the program, or an error."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.beside import Pair
from tests.compiler.test_every_optimizer_compiled import TARGET, X, of_model


@pytest.mark.parametrize("read", [lambda g: g, lambda g: g.numpy() * 2, lambda g: np.linalg.norm(g.numpy())])
def test_a_gradient_that_is_read_after_the_update(read):
    def make_step(things):
        model, optimizer = things

        def step(x, target):
            optimizer.zero_grad()
            loss = tg.mse(model(x), target)
            loss.backward()
            optimizer.step()
            return read(model.weight.grad)

        return step

    model = tg.Linear(3, 2, seed=0)
    pair = Pair((model, tg.SGD(model.parameters(), lr=0.1)), make_step, "numpy", state=of_model)
    for _ in range(3):
        pair(X, TARGET)


@pytest.mark.parametrize(
    "read",
    [
        lambda w: w.item(0),
        lambda w: w[:1].item(),
        lambda w: w.tolist()[0],
        lambda w: float(w[0]),
        lambda w: int(w[0]),
        lambda w: 2.0 if w[0] > 1 else 1.0,
        lambda w: np.array(w),
        lambda w: 1.0 if 2.0 in w else 0.0,
    ],
)
def test_python_cannot_see_the_values_of_a_tensor_of_before(read):
    w = tg.Tensor([2.0, 3.0])
    with pytest.raises(tg.TraceError, match="cannot be compiled"):
        tg.compile(lambda x: x * read(w))(np.ones(2))
