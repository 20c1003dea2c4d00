"""gradcheck: derivatives of any order, in both modes, against central differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from .differences import (
    EPS,
    MOST_DOUBT,
    STEP,
    away_from_zero,
    careful_difference,
    difference,
    explanation,
    few_bits,
    line,
    normal_like,
    refined_difference,
    scale,
    unit_tangents,
)
from .engine.complex_numbers import CONTINUOUS
from .engine.custom import called_operations
from .engine.errors import ArgumentError, DTypeError, GradientCheckError
from .engine.primitive import Function
from .engine.recording import no_grad
from .engine.tensor import Tensor, values_of
from .engine.writes import Array
from .nn.finding import is_parameter, walk
from .nn.layer import Layer, refuse_class
from .nn.state import buffers_kept
from .transforms.forward import jvp
from .transforms.reverse import vjp
from .tree import flatten, is_container, leaves, paths, unflatten

# A function, the inputs that it is differentiated at, and their names.
Case = tuple[Function, list[Any], list[str]]

WIDE = (np.dtype(np.float64), np.dtype(np.complex128))  # for real and for complex numbers
DIRECTIONS = 3
MOST_ENTRIES = 1000
# The rounding of f itself, as it appears in the quotient of differences, with a margin of 100.
NOISE = 100 * EPS / STEP
MOST_CALLS = 8  # to find out that a function is random


@no_grad()
def gradcheck(
    f: Function,
    *xs: Any,
    order: int = 2,
    modes: Sequence[str] = ("rev", "fwd"),
    rtol: float = 1e-8,
    atol: float = 1e-10,
    seed: int = 0,
) -> bool:
    """Check the derivatives of `f` at `xs` against central differences; True, or an error.

    Compares, along random directions, reverse mode ("rev", vjp) and forward mode ("fwd", jvp) of every order
    up to `order`. Float arrays and floats among `xs`, also in lists, tuples, dicts and dataclasses, are
    differentiated, everything else is held constant. Complex numbers are moved in both directions of the plane. If f
    returns such containers, each float in them is checked. A Layer is checked with respect to its inputs and all its
    parameters. Operations made with `operation` that f calls are checked by themselves first, on the values that f
    calls them with.

    Raises GradientCheckError with the input, the index, the analytic and the numeric value, and whether a kink
    lies near, or if two calls of f differ; DTypeError for float32, which is too coarse for differences;
    ArgumentError for unknown modes.

    >>> gradcheck(lambda x: np.sin(x) * x, np.array([0.5, 2.0]))
    True
    """
    if order < 1 or not modes or not set(modes) <= {"rev", "fwd"}:
        raise ArgumentError(f"gradcheck takes order >= 1 and modes of 'rev', 'fwd', but got {order}, {modes!r}.")
    refuse_class(f, "gradcheck takes a function or a Layer")
    function, inputs, names = as_function(f, xs)
    check_dtypes(inputs, names)
    free = [i for i, x in enumerate(inputs) if is_float(x)]
    if not free:
        raise ArgumentError("gradcheck found no float input to differentiate.", "Pass float64 arrays.")
    whole = restricted(function, inputs, names, free)
    checker = Checker(order, modes, rtol, atol, seed)
    with buffers_kept(f):
        for name, operation in operations_in(whole):
            for part, result in results_in(operation):
                checker.check_part(f"the operation {name}" + (part and f", {part}"), result)
        for name, result in results_in(whole):
            if name:
                checker.check_part(name, result)
            else:
                checker.check(*result)
    return True


class Checker:
    """The settings of a check, and the comparison at one order."""

    def __init__(self, last: int, modes: Sequence[str], rtol: float, atol: float, seed: int) -> None:
        self.last, self.modes, self.rtol, self.atol, self.seed = last, modes, rtol, atol, seed

    def check(self, f: Function, inputs: list[Any], names: list[str]) -> None:
        """Check one function of float inputs, without the operations in it."""
        check_dtypes(inputs, names)
        points = [np.array(values_of(x), dtype=WIDE[np.iscomplexobj(values_of(x))]) for x in inputs]
        check_repeatable(f, points)
        self.names, self.rng = names, np.random.default_rng(self.seed)
        self.check_order(f, points, 1)

    def check_part(self, name: str, case: Case) -> None:
        """Check an operation in the function, or one of its results."""
        try:
            self.check(*case)
        except GradientCheckError as error:
            raise GradientCheckError(f"In {name}: {error.what}", error.details) from None

    def check_order(self, f: Function, points: list[Array], order: int) -> None:
        y, pullback = vjp(f, *points)
        y = np.asarray(y)
        if y.dtype.kind not in CONTINUOUS:
            raise DTypeError(f"gradcheck needs a function that returns floats, but it returned {y.dtype}.")
        if y.dtype not in WIDE:
            raise too_coarse("the function returned", y.dtype)
        for _ in range(DIRECTIONS if order == 1 else 1):
            self.compare(f, points, y, pullback, order)
        if order < self.last:
            cotangent = away_from_zero(self.rng, y)
            self.names = [*self.names, "cotangent"]
            self.check_order(pullback_of(f), [*points, cotangent], order + 1)

    def compare(self, f: Function, points: list[Array], y: Array, pullback: Any, order: int) -> None:
        """Along one random direction, and weighted at random to one number."""
        tangents = [few_bits(normal_like(self.rng, p) * scale(p)) for p in points]
        along = line(f, points, tangents)
        first = careful_difference(along)
        slope = np.abs(first[0])
        if not np.isfinite(slope + np.abs(y)).all():
            raise GradientCheckError(
                "The function or its numeric derivative is not finite here, nor with the shortest steps.",
                "Check further inside its domain.",
            )
        # Outputs of any size count alike: a large one must not hide what is wrong in a small one.
        level = np.maximum(np.abs(y), 1.0)
        weights = normal_like(self.rng, y) / np.where(slope > 1e-6 * level, slope, level)
        analytic = {mode: self.slope(mode, f, points, tangents, weights, pullback) for mode in self.modes}
        for attempt in range(2):
            numeric, doubt = first if attempt == 0 else refined_difference(along)
            expected = inner(weights, numeric)
            noise = NOISE * np.abs(y) + np.minimum(doubt, MOST_DOUBT * (np.abs(numeric) + np.abs(y)))
            tolerance = inner(np.abs(weights), self.rtol * np.abs(numeric) + self.atol + noise)
            wrong = [mode for mode in self.modes if not close(analytic[mode], expected, tolerance)]
            if not wrong:
                return
        mode = wrong[0]
        check_repeatable(f, points, MOST_CALLS)
        raise self.located(mode, f, points, y, pullback, weights, order) or self.failure(
            "a random direction", mode, order, analytic[mode], expected, ""
        )

    def slope(
        self, mode: str, f: Function, points: list[Array], tangents: list[Any], weights: Any, pullback: Any
    ) -> float:
        """The analytic derivative of weights · f along the tangents."""
        if mode == "fwd":
            return inner(weights, jvp(f, tuple(points), tuple(tangents))[1])
        parts = pullback(weights)
        for part, point, name in zip(parts, points, self.names):
            if np.shape(part) != point.shape:
                raise GradientCheckError(f"The gradient of {name} has shape {np.shape(part)}, not {point.shape}.")
        return sum(inner(part, tangent) for part, tangent in zip(parts, tangents))

    def located(
        self, mode: str, f: Function, points: list[Array], y: Array, pullback: Any, weights: Any, order: int
    ) -> GradientCheckError | None:
        """The error of the single entry that differs most, if one does by itself."""
        worst: tuple[float, Any] = (0.0, None)
        for number, index, along_axis in self.entries(points):
            unit = unit_tangents(points, number, index, along_axis)
            along = line(f, points, unit)
            analytic = self.slope(mode, f, points, unit, weights, pullback)
            gap = relative_gap(analytic, inner(weights, difference(along)))
            if gap > MOST_DOUBT:
                gap = relative_gap(analytic, inner(weights, refined_difference(along)[0]))
            if gap > worst[0]:
                worst = gap, (number, index, along_axis)
        if worst[1] is None:
            return None
        number, index, along_axis = worst[1]
        unit = unit_tangents(points, number, index, along_axis)
        along, length = line(f, points, unit), float(abs(unit[number][index]))
        numeric_column, doubt = (each / length for each in refined_difference(along))
        column = np.zeros(y.shape, y.dtype)
        for at in np.ndindex(y.shape):
            for factor in (1.0, 1j)[: 1 + np.iscomplexobj(y)]:
                pick = np.zeros(y.shape, y.dtype)
                pick[at] = factor
                column[at] += factor * self.slope(mode, f, points, unit, pick, pullback) / length
        gaps = [relative_gap(column[at], numeric_column[at]) for at in np.ndindex(y.shape)]
        at = tuple(map(int, np.unravel_index(int(np.argmax(gaps)), y.shape)))
        part = "" if along_axis == 1 else "the imaginary part of "
        place = f"d output{list(at) or ''} / d {part}{self.names[number]}{list(index) or ''}"
        got, want = column[at].item(), numeric_column[at].item()
        return self.failure(place, mode, order, got, want, explanation(along, at, want, float(doubt[at])))

    def entries(self, points: list[Array]) -> list[tuple[int, tuple[int, ...], complex]]:
        """Single entries to look at, of complex ones both parts: all of them, or a random thousand."""
        every = [
            (i, index, along_axis)
            for i, point in enumerate(points)
            for index in np.ndindex(point.shape)
            for along_axis in (1, 1j)[: 1 + np.iscomplexobj(point)]
        ]
        if len(every) <= MOST_ENTRIES:
            return every
        return [every[i] for i in self.rng.choice(len(every), MOST_ENTRIES, replace=False)]

    def failure(self, place: str, mode: str, order: int, got: complex, want: complex, kink: str) -> GradientCheckError:
        name = {"rev": "reverse", "fwd": "forward"}[mode]
        return GradientCheckError(
            f"The derivative of order {order} in {name} mode is wrong in {place}:",
            f"analytic {got:.12g}, numeric {want:.12g}.{kink}",
        )


@np.errstate(invalid="ignore")
def inner(a: Any, b: Any) -> float:
    """The real part of the sum of conj(a) b; a wrong derivative may well be inf or nan."""
    return float((np.conjugate(a) * np.asarray(b)).sum().real)


def close(got: float, expected: float, tolerance: float) -> bool:
    return bool(np.isnan(got)) if np.isnan(expected) else bool(abs(got - expected) <= tolerance)


def relative_gap(got: Any, expected: Any) -> float:
    gap = abs(got - expected) / (1 + abs(expected))
    return float("inf") if np.isnan(gap) else float(gap)


def pullback_of(f: Function) -> Function:
    """The pullback of f as a function of the inputs and the cotangent, joined into one vector."""

    def flat_pullback(*values: Any) -> Any:
        parts = vjp(f, *values[:-1])[1](values[-1])
        return np.concatenate([np.reshape(part, -1) for part in parts])

    return flat_pullback


def input_names(inputs: Sequence[Any]) -> list[str]:
    """The name of each input, or of the leaves in it."""
    return [name for i, each in enumerate(inputs) for name in paths(each, f"input {i}")]


def as_function(f: Function, xs: tuple[Any, ...]) -> tuple[Function, list[Any], list[str]]:
    """f as a function of the leaves of its inputs, and for a Layer also of its parameters."""
    inputs, structure = flatten(xs)
    names = input_names(xs)
    if not isinstance(f, Layer):
        return lambda *values: f(*unflatten(structure, values)), inputs, names
    parameters = {path: each for path, each in walk(f) if is_parameter(each)}

    def call(*values: Any) -> Any:
        with replaced(list(parameters.values()), values[len(inputs) :]):
            return f(*unflatten(structure, values))

    # A parameter that is frozen is not differentiated.
    values = [p if p.requires_grad else None for p in parameters.values()]
    return call, [*inputs, *values], names + list(parameters)


def results_in(whole: Case) -> Iterator[tuple[str, Case]]:
    """(name, case) of each result; without a name, if the function returns only one."""
    f, inputs, names = whole
    y = f(*[Tensor(values_of(x)) for x in inputs])
    if not is_container(y):
        yield "", whole
        return
    floats = [(i, name) for i, (each, name) in enumerate(zip(leaves(y), paths(y, "result "))) if is_float(each)]
    if not floats:
        raise DTypeError("gradcheck needs a function that returns floats, but there are none among its results.")
    for i, name in floats:
        yield name, (lambda *values, i=i: leaves(f(*values))[i], inputs, names)


@contextmanager
def replaced(parameters: Sequence[Tensor], values: Sequence[Any]) -> Iterator[None]:
    """Let the parameters, wherever they are kept, stand for other values for a while."""
    before = [(p._array, p._node) for p in parameters]
    for p, value in zip(parameters, values):
        if value is not None:
            p._array, p._node = (value._array, value._node) if isinstance(value, Tensor) else (np.asarray(value), None)
    try:
        yield
    finally:
        for p, (data, node) in zip(parameters, before):
            p._array, p._node = data, node


def operations_in(whole: Case) -> Iterator[tuple[str, Case]]:
    """(name, case) of each call of a user's operation; calls with the same values once."""
    calls: list[Any] = []
    token = called_operations.set(calls)
    try:
        vjp(whole[0], *whole[1])
    finally:
        called_operations.reset(token)
    seen = set()
    for operation, args, options in calls:
        varying = [i for i, arg in enumerate(args) if isinstance(arg, Tensor) and arg.requires_grad]
        values = [values_of(arg) for arg in args]
        found, structure = flatten((values, options))
        call = (operation, repr((varying, structure)), *map(identity, found))
        if varying and call not in seen:
            seen.add(call)
            yield operation.name, restricted(partial(operation, **options), values, input_names(values), varying)


def identity(value: Any) -> Any:
    """What two equal values have in common, and no others."""
    return (value.shape, value.dtype, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)


def check_repeatable(f: Function, points: list[Array], calls: int = 2) -> None:
    """An error if calls with the same inputs differ, by more than sums in another order may."""
    along = line(f, points, [np.zeros(p.shape) for p in points])
    first = along(0.0)
    for _ in range(calls - 1):
        again = along(0.0)
        same = first.shape == again.shape and np.allclose(first, again, rtol=1e-9, atol=1e-12, equal_nan=True)
        if first.dtype.kind in "fc" and not same:
            raise GradientCheckError(
                "Two calls of the function with the same inputs differ, so that differences mean nothing.",
                "Draw its random numbers outside, or from a generator that each call seeds anew.",
            )


def restricted(f: Function, inputs: list[Any], names: list[str], varying: list[int]) -> Case:
    """f as a function of some of its inputs, the others held; with these inputs and their names."""

    def of_varying(*values: Any) -> Any:
        full = list(inputs)
        for i, value in zip(varying, values):
            full[i] = value
        return f(*full)

    return of_varying, [inputs[i] for i in varying], [names[i] for i in varying]


def is_float(x: Any) -> bool:
    x = values_of(x)
    return isinstance(x, (float, complex)) or getattr(getattr(x, "dtype", None), "kind", "-") in CONTINUOUS


def check_dtypes(inputs: list[Any], names: list[str]) -> None:
    for x, name in zip(inputs, names):
        dtype = getattr(x, "dtype", None)
        if dtype is not None and dtype.kind in CONTINUOUS and dtype not in WIDE:
            raise too_coarse(f"{name} is", dtype)


def too_coarse(what: str, dtype: Any) -> DTypeError:
    digits = max(1, round(-np.log10(np.finfo(dtype).eps) / 2))
    return DTypeError(
        f"gradcheck needs float64 or complex128, but {what} {dtype}.",
        f"Differences in {dtype} keep only about {digits} digits, too coarse "
        "to tell a right gradient from a wrong one; check in float64, the rules are the same.",
    )
