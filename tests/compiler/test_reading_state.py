"""A step that looks at parameters and gradients: as values of the program, or an error."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
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


@together(
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


def test_a_learning_rate_that_is_read():
    optimizer = tg.SGD(tg.Linear(3, 2).parameters(), lr=0.5)
    step = tg.compile(lambda x: x * optimizer.param_groups[0]["lr"])
    assert step(np.ones(1)) == 0.5
    optimizer.param_groups[0]["lr"] = 0.25
    assert step(np.ones(1)) == 0.25
    assert type(optimizer.param_groups[0]["lr"]) is float


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_mask_of_before_selects_as_many_elements(backend):
    mask, x = np.array([True, False, True]), np.array([1.0, 2.0, 4.0])
    step = tg.compile(lambda x: (x[mask] * 2).sum(), backend=backend)
    assert step(x) == 10
    mask[:] = [False, True, True]
    assert step(x) == 12
    mask[1] = False
    with pytest.raises(tg.ArgumentError, match="A mask selects another number"):
        step(x)


def test_a_mask_that_is_constant_is_not_looked_at():
    step = tg.compile(lambda x: x[np.array([True, False, True])] * 2, backend="numpy")
    assert step(np.arange(3.0)).tolist() == [0, 4]
    assert "raise" not in step.source


def test_arguments_in_another_byte_order():
    x = np.arange(6.0).reshape(3, 2).astype(">f8")
    step = tg.compile(lambda x: x[::2].T)
    assert step(x).dtype == x.dtype
    np.testing.assert_array_equal(step(x), x[::2].T)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_what_is_the_same_in_each_call_may_be_written_to(backend):
    w = tg.Tensor(np.zeros(2), requires_grad=True)

    def function(x):
        w.grad = np.ones(2)
        return np.ones(2), tg.Tensor(np.ones(2)), x * np.ones(2)

    step = tg.compile(function, backend=backend)
    for _ in range(3):
        array, tensor, _ = step(np.ones(2))
        assert [*array, *tensor.data, *w.grad.data] == [1] * 6
        array[:], tensor.data, w.grad.data[:] = 2, 2.0, 2
