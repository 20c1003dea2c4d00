"""gradcheck: derivatives of any order, in both modes, against central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import ArgumentError, DTypeError, GradientCheckError
from .nn.layer import Layer
from .primitive import called_operations
from .tensor import Tensor
from .transforms import Evaluation, jvp, vjp

Function = Callable[..., Any]
Array = np.ndarray[Any, np.dtype[Any]]

# Five points: the truncation error is of order step⁴, the rounding error eps / step.
STEP = float(np.finfo(np.float64).eps ** 0.2) / 4
DIRECTIONS = 3


def gradcheck(
    f: Function,
    *xs: Any,
    order: int = 2,
    modes: Sequence[str] = ("rev", "fwd"),
    rtol: float = 1e-7,
    atol: float = 1e-9,
    seed: int = 0,
) -> bool:
    """Check the derivatives of `f` at `xs` against central differences; True, or an error.

    Compares, along random directions, reverse mode ("rev", vjp) and forward mode ("fwd", jvp) of every order
    up to `order`. Float arrays and floats among `xs` are differentiated, everything else is
    held constant. A Layer is checked with respect to its inputs and all its parameters. Operations made with
    `operation` that f calls are checked by themselves first.

    Raises GradientCheckError with the input, the index, the analytic and the numeric value, and whether a kink
    lies near; DTypeError for float32, which is too coarse for differences; ArgumentError for unknown modes.

    >>> gradcheck(lambda x: np.sin(x) * x, np.array([0.5, 2.0]))
    True
    """
    if order < 1 or not modes or not set(modes) <= {"rev", "fwd"}:
        raise ArgumentError(f"gradcheck takes order >= 1 and modes of 'rev', 'fwd', but got {order}, {modes!r}.")
    function, inputs, names = as_function(f, xs)
    check_dtypes(inputs, names)
    free = [i for i, x in enumerate(inputs) if is_float(x)]
    if not free:
        raise ArgumentError("gradcheck found no float input to differentiate.", "Pass float64 arrays.")
    check_operations(function, inputs)
    rng = np.random.default_rng(seed)

    def of_free(*values: Any) -> Any:
        full = list(inputs)
        for i, value in zip(free, values):
            full[i] = value
        return function(*full)

    # Tangents of ordinary size also for inputs of extreme ones.
    points = [np.array(values_of(inputs[i]), dtype=np.float64) for i in free]
    checker = Checker(modes, rtol, atol, rng, [names[i] for i in free])
    checker.check(of_free, points, order, 1)
    return True


class Checker:
    """The settings of a check, and the comparison at one order."""

    def __init__(self, modes: Sequence[str], rtol: float, atol: float, rng: np.random.Generator, names: list[str]):
        self.modes, self.rtol, self.atol, self.rng, self.names = modes, rtol, atol, rng, names

    def check(self, f: Function, points: list[Array], last: int, order: int) -> None:
        y, pullback = vjp(f, *points)
        y = np.asarray(y)
        if y.dtype.kind != "f":
            raise DTypeError(f"gradcheck needs a function that returns floats, but it returned {y.dtype}.")
        if y.dtype != np.float64:
            raise too_coarse("the function returned", y.dtype)
        for _ in range(DIRECTIONS if order == 1 else 1):
            self.compare(f, points, y, pullback, order)
        if order < last:
            cotangent = self.rng.uniform(0.5, 1.5, y.shape) * self.rng.choice([-1.0, 1.0], y.shape)
            self.names = [*self.names, "cotangent"]
            self.check(pullback_of(f), [*points, cotangent], last, order + 1)

    def compare(self, f: Function, points: list[Array], y: Array, pullback: Any, order: int) -> None:
        tangents = [self.rng.standard_normal(p.shape) * scale(p) for p in points]
        weights = self.rng.standard_normal(y.shape)
        along = lambda t: np.asarray(f(*[p + t * v for p, v in zip(points, tangents)]))  # noqa: E731
        numeric = difference(along)
        size = np.abs(weights) * (np.abs(numeric) + np.abs(y))
        tolerance = self.rtol * float(size.sum()) + self.atol
        expected = float((weights * numeric).sum())
        if "rev" in self.modes:
            parts = pullback(weights)
            got = sum(float((np.asarray(p) * t).sum()) for p, t in zip(parts, tangents))
            if not close(got, expected, tolerance):
                self.fail(f, points, y, "rev", order)
                raise self.failure("a random direction", "rev", order, got, expected, "")
        if "fwd" in self.modes:
            pushed = np.asarray(jvp(f, tuple(points), tuple(tangents))[1])
            got = float((weights * pushed).sum())
            if not close(got, expected, tolerance):
                self.fail(f, points, y, "fwd", order)
                raise self.failure("a random direction", "fwd", order, got, expected, "")

    def fail(self, f: Function, points: list[Array], y: Array, mode: str, order: int) -> None:
        """Find the single entry that differs most, and raise about it."""
        worst: tuple[float, Any] = (0.0, None)
        _, pullback = vjp(f, *points)
        rows = [pullback(e.reshape(y.shape)) for e in np.eye(y.size)] if mode == "rev" else []
        for number, point in enumerate(points):
            for index in np.ndindex(point.shape):
                unit = [np.zeros(p.shape) for p in points]
                unit[number][index] = scale(point)[index]
                along = lambda t: np.asarray(f(*[p + t * u for p, u in zip(points, unit)]))  # noqa: B023, E731
                numeric = difference(along) / unit[number][index]
                if mode == "rev":
                    column = np.array([float(np.asarray(row[number])[index]) for row in rows]).reshape(y.shape)
                else:
                    column = np.asarray(jvp(f, tuple(points), tuple(unit))[1]) / unit[number][index]
                gap = np.abs(column - numeric)
                gap = np.where(np.isnan(gap), np.inf, gap) / (np.abs(numeric) + np.abs(y) + 1.0)
                if y.size and gap.max() > worst[0]:
                    at = np.unravel_index(int(gap.argmax()), y.shape)
                    kink = near_kink(along, at)
                    worst = gap.max(), (number, index, at, float(column[at]), float(numeric[at]), kink)
        if worst[1] is None or worst[0] < self.rtol:
            return
        number, index, at, got, expected, kink = worst[1]
        place = f"d output{list(map(int, at)) or ''} / d {self.names[number]}{list(index) or ''}"
        raise self.failure(place, mode, order, got, expected, kink)

    def failure(self, place: str, mode: str, order: int, got: float, want: float, kink: str) -> GradientCheckError:
        name = {"rev": "reverse", "fwd": "forward"}[mode]
        return GradientCheckError(
            f"The derivative of order {order} in {name} mode is wrong in {place}:",
            f"analytic {got:.12g}, numeric {want:.12g}.{kink}",
        )


def scale(point: Array) -> Array:
    """Steps in proportion to large values; ordinary ones near zero."""
    return np.maximum(np.abs(point), 1.0)


def difference(along: Function, step: float = STEP) -> Array:
    """The derivative of along(t) at t = 0, by the central difference of fourth order."""
    near = along(step) - along(-step)
    far = along(2 * step) - along(-2 * step)
    return np.asarray((8 * near - far) / (12 * step))


def near_kink(along: Function, at: Any) -> str:
    """A sentence, if the slopes to the left and to the right differ."""
    middle, step = along(0.0)[at], 1e-6
    left, right = (middle - along(-step)[at]) / step, (along(step)[at] - middle) / step
    if abs(left - right) <= 1e-3 * (abs(left) + abs(right)):
        return ""
    return f" A kink lies near: the slope is {left:.6g} on the left, {right:.6g} on the right."


def close(got: float, expected: float, tolerance: float) -> bool:
    return bool(abs(got - expected) <= tolerance) or (np.isnan(got) and np.isnan(expected))


def pullback_of(f: Function) -> Function:
    """The pullback of f as a function of the inputs and the cotangent, joined into one vector."""

    def flat_pullback(*values: Any) -> Any:
        parts = vjp(f, *values[:-1])[1](values[-1])
        return np.concatenate([np.reshape(part, -1) for part in parts])

    return flat_pullback


def as_function(f: Function, xs: tuple[Any, ...]) -> tuple[Function, list[Any], list[str]]:
    """f as a function of its inputs, and for a Layer also of its parameters."""
    names = [f"input {i}" for i in range(len(xs))]
    if not isinstance(f, Layer):
        return f, list(xs), names
    parameters = dict(f.named_parameters())

    def call(*values: Any) -> Any:
        with replaced(list(parameters.values()), values[len(xs) :]):
            return f(*values[: len(xs)])

    # A parameter that is frozen is not differentiated.
    held = [p if p.requires_grad else None for p in parameters.values()]
    values = [x if h is not None else None for x, h in zip(parameters.values(), held)]
    return call, [*xs, *values], names + list(parameters)


@contextmanager
def replaced(parameters: Sequence[Tensor], values: Sequence[Any]) -> Iterator[None]:
    """Let the parameters, wherever they are kept, stand for other values for a while."""
    before = [(p._data, p._node) for p in parameters]
    for p, value in zip(parameters, values):
        if value is not None:
            p._data, p._node = (value._data, value._node) if isinstance(value, Tensor) else (np.asarray(value), None)
    try:
        yield
    finally:
        for p, (data, node) in zip(parameters, before):
            p._data, p._node = data, node


def check_operations(function: Function, inputs: list[Any]) -> None:
    """Check each user's operation that the function calls, once, on the values it is called with."""
    calls: list[Any] = []
    token = called_operations.set(calls)
    try:
        Evaluation(function, inputs, (), {})
    finally:
        called_operations.reset(token)
    for operation, args, options in calls:
        if operation.checked:
            continue
        operation.checked = True
        plain = [values_of(arg) for arg in args]
        try:
            gradcheck(lambda *xs: operation(*xs, **options), *plain)  # noqa: B023
        except GradientCheckError as error:
            operation.checked = False
            raise GradientCheckError(f"In the operation {operation.name}: {error.what}", error.details) from None


def values_of(value: Any) -> Any:
    return value._data if isinstance(value, Tensor) else value


def is_float(x: Any) -> bool:
    x = values_of(x)
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f"


def check_dtypes(inputs: list[Any], names: list[str]) -> None:
    for x, name in zip(inputs, names):
        dtype = getattr(x, "dtype", None)
        if dtype is not None and dtype.kind in "fc" and dtype != np.float64:
            raise too_coarse(f"{name} is", dtype)


def too_coarse(what: str, dtype: Any) -> DTypeError:
    digits = max(1, round(-np.log10(np.finfo(dtype).eps) / 2))
    return DTypeError(
        f"gradcheck needs float64, but {what} {dtype}.",
        f"Differences in {dtype} keep only about {digits} digits, too coarse "
        "to tell a right gradient from a wrong one; check in float64, the rules are the same.",
    )
