"""Code as typed users write it. tests/test_typing.py runs it, and gives it to type checkers, which must accept it."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import tinygrad_like as tg
from tinygrad_like import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


class Residual(tg.Layer):
    def __init__(self, size: int) -> None:
        self.inner = tg.Sequential(tg.Linear(size, size, seed=0), tg.Tanh(), tg.Linear(size, size, seed=1))
        self.outer = tg.Linear(size, size, seed=2)
        self.scale = tg.Parameter(np.ones(size), name="scale")

    def forward(self, x: Tensor | Array, power: int = 1) -> Tensor:
        hidden = self.outer(self.inner(x)).tanh()
        assert_type(hidden, Tensor)
        return self.scale**power * hidden + x  # NumPy's stubs say that array + Tensor is an array


class Recurrent(tg.Layer):
    """A layer of several inputs and results."""

    def __init__(self, size: int) -> None:
        self.weights = [tg.Linear(size, size, seed=seed) for seed in range(2)]

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = (self.weights[0](x) + self.weights[1](state)).tanh()
        return state.sum(axis=-1), state


class Untyped(tg.Layer):
    def forward(self, x):  # type: ignore[no-untyped-def]
        return x * 2.0


def layers() -> None:
    x = Tensor(np.ones((4, 3)))
    assert_type(Residual(3)(x), Tensor)
    assert_type(Residual(3)(x, power=2), Tensor)
    assert_type(Recurrent(3)(x, x)[1], Tensor)
    assert_type(tg.Linear(3, 1)(np.ones((4, 3))), Tensor)
    Untyped()(x)
    assert_type(Residual(3).eval(), Residual)
    for path, parameter in Residual(3).named_parameters():
        assert_type(path, str)
        assert_type(parameter.shape, tuple[int, ...])


def training() -> None:
    rng = np.random.default_rng(0)
    points, targets = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    model = tg.Sequential(Residual(3), tg.Linear(3, 1, seed=3), tg.RELU)
    optimizer = tg.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    history: list[float] = []
    loss = Tensor(0.0)
    for _ in range(3):
        prediction: Tensor = model(points)
        loss = tg.mse(prediction, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert_type(loss, Tensor)
    assert_type(model[:2], tg.Sequential)
    first = model[0]
    assert isinstance(first, Residual)
    for layer in model:
        print(layer)
    print(tg.summary(model, points), f"{loss:.3f}", len(model), history)
    assert_type(model.draw(points, detail="shape").source, str)
    tg.draw(loss, names={"loss": loss})
    tg.draw_dot(loss)


def tensors() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32, requires_grad=True, name="t")
    a = np.ones((2, 2))
    assert_type(t + 1, Tensor)
    assert_type(1 - t * a, Tensor)
    assert_type(-((t @ a) ** 2) / 3.0, Tensor)
    assert_type(t > 0, Tensor)
    assert_type(t[0, ..., None], Tensor)
    assert_type(t.mean(axis=0, keepdims=True), Tensor)
    assert_type(t.T.reshape(4).exp().sum(), Tensor)
    assert_type(t.data, Array)
    assert_type(t.detach().numpy(), Array)
    for row in t:
        assert_type(row, Tensor)
    (t * t).sum().backward()
    assert t.grad is not None
    t.data -= 0.1 * t.grad
    t.grad = None
    with tg.no_grad():
        t -= 1.0
        t[0] = 0.0
    tg.assign(t, a)
    number: float = t.sum().item()
    print(number, float(t.detach().max()), int(t.argmax()), bool((t > 0).all()), len(t), t.tolist())


def functions_for_networks() -> None:
    t, a = Tensor(np.ones((2, 3))), np.ones((2, 3))
    weight = tg.Parameter(np.ones((4, 3)))
    assert_type(tg.sigmoid(t), Tensor)
    assert_type(tg.sigmoid(a), Array)
    assert_type(tg.sigmoid(0.5), float)
    tg.sigmoid([0.5, 1.0])
    assert_type(tg.relu(weight), Tensor)
    assert_type(tg.relu(a), Array)
    assert_type(tg.softmax(t, axis=0), Tensor)
    assert_type(tg.softmax(a), Array)
    assert_type(tg.log_softmax(t), Tensor)
    assert_type(tg.log_softmax(a), Array)
    assert_type(tg.logsumexp(t, axis=(0, 1), keepdims=True), Tensor)
    assert_type(tg.logsumexp(a, axis=0), Array)
    assert_type(tg.linear(t, np.ones((4, 3))), Tensor)
    assert_type(tg.linear(a, weight, np.ones(4)), Tensor)
    assert_type(tg.linear(a, np.ones((4, 3))), Array)
    assert_type(tg.mse(t, a), Tensor)
    target: Any = a
    assert_type(tg.mse(t, target), Tensor)
    assert_type(tg.cross_entropy(t, [0, 1]), Tensor)
    tg.cross_entropy([[0.0, 0.0]], [1])
    assert_type(tg.cross_entropy(t, a, weight=np.ones(2), label_smoothing=0.1, axis=0), Tensor)
    assert_type(tg.mse(t, a, "sum"), Tensor)


def energy(position: Array, stiffness: float, *, power: int = 2) -> Any:
    return 0.5 * np.sum(stiffness * position**power)


def squares(x: NDArray[np.float64], power: int = 2) -> NDArray[np.float64]:
    return x**power


def with_aux(x: Array) -> tuple[Any, dict[str, Any]]:
    return np.sum(x * x), {"twice": 2 * x}


def transforms() -> None:
    x = np.array([1.0, 2.0])
    tg.grad(energy)(x, stiffness=3.0)
    tg.grad(energy, argnums=(0, 1))(x, 3.0, power=4)
    value, slope = tg.value_and_grad(energy)(x, 3.0, power=4)
    tg.hessian(energy)(x, 3.0, power=4)
    tg.jacobian(squares)(x, power=3)
    tg.jacobian(np.sin)(x)
    tg.grad(tg.grad(lambda x: x**3))(2.0)
    tg.grad(np.sin)(2.0)
    tg.grad(np.sum)(x)
    tg.grad(energy, argnames="stiffness")(x, stiffness=3.0)
    tg.grad(energy, argnums=0, argnames=("stiffness",))(x, stiffness=3.0)
    hessian_and_aux = tg.hessian(with_aux, has_aux=True)(x)
    gradient, seen = tg.grad(with_aux, has_aux=True)(x)
    (value, seen), gradient = tg.value_and_grad(with_aux, has_aux=True)(x)
    y, pull, seen = tg.vjp(with_aux, x, has_aux=True)
    assert_type(pull(1.0), tuple[Any, ...])
    y, tangent, seen = tg.jvp(with_aux, (x,), (x,), has_aux=True)
    assert_type(tg.jvp(squares, (x,), (x,)), tuple[Any, Any])
    print(hessian_and_aux, gradient, seen, tangent)
    y, pullback = tg.vjp(squares, x)
    assert_type(pullback(np.ones(2)), tuple[Any, ...])
    tg.vjp(np.multiply, x, x)
    tg.jvp(squares, (x,), (x,))
    tg.jacobian(tg.Linear(2, 3))(x)
    tg.gradcheck(squares, x)
    print(value, slope, y)


@tg.no_grad()
def evaluate(model: tg.Layer, points: Array, *, digits: int = 2) -> str:
    return f"{tg.mse(model(points), points).item():.{digits}f}"


@tg.no_grad
def evaluate_bare(model: tg.Layer, points: Array) -> Tensor:
    return tg.mse(Tensor(points), model(points))


@tg.enable_grad()
def with_gradient(x: Tensor) -> Tensor:
    return x * x


class Trainer:
    def __init__(self, model: tg.Layer) -> None:
        self.model = model

    @tg.no_grad()
    def accuracy(self, points: Array) -> float:
        assert not tg.is_recording()
        return float(np.mean(self.model(points).numpy() > 0))


def decorators() -> None:
    model, points = tg.Linear(2, 2, seed=0), np.ones((4, 2))
    assert_type(evaluate(model, points, digits=3), str)
    assert_type(evaluate_bare(model, points), Tensor)
    assert_type(with_gradient(Tensor(points)), Tensor)
    assert_type(Trainer(model).accuracy(points), float)
    with tg.no_grad(), tg.enable_grad():
        model(points)


@tg.operation(vjp=lambda g, x: g / (1 + np.exp(-x)), symbol="softplus")
def softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


@tg.operation(vjp=(lambda g, b: g * b, lambda g, a: g * a))
def times(a: Array, b: Array) -> Array:
    return a * b


def operations() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    y: Tensor = times(softplus(t), 2.0)
    y.sum().backward()
    tg.grad(softplus)(0.0)
    model = tg.Sequential(tg.Linear(2, 2), softplus, tg.Activation(softplus, "softplus"))
    model(np.ones((1, 2)))


def networks() -> None:
    network = tg.Network([2, 3, 1], tg.SIGMOID, 0.5, seed=1)
    outputs = network.feed_forward([0.0, 1.0])
    assert_type(outputs, tg.Matrix)
    assert_type(network([[0.0, 1.0], [1.0, 1.0]]), Tensor)
    assert_type(tg.Network([2, 1], "tanh"), tg.Network)
    assert_type(tg.Network([2, 1], np.tanh), tg.Network)
    assert_type(network.back_propagate(outputs, [1.0]), float)
    losses = network.train([[0, 1], [1, 0]], np.array([[1.0], [0.0]]), epochs=2, progress=False)
    assert_type(losses, list[float])
    network.learning_rate /= 2
    a = tg.Matrix.from_list([[1, 2], [3, 4]])
    assert_type(a.dot_multiply(a.transpose()).map(lambda value: value + 1), tg.Matrix)
    assert_type(a.to_tensor(requires_grad=True), Tensor)
    assert_type(network.weights[0].array, Array)


def errors() -> None:
    try:
        tg.Linear(2, 3)(np.ones(5))
    except tg.ShapeError as error:
        print(error, error.details)
    except tg.TinygradError:
        raise


EXAMPLES = (layers, training, tensors, functions_for_networks, transforms, decorators, operations, networks, errors)
