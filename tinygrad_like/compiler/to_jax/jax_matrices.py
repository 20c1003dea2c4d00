"""Functions of scipy.linalg that JAX has as well. The others are called back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...primitives.matrix_functions import _expm
from ...primitives.triangular import _cho_solve, _solve_triangular
from .jax_loading import jax


def expm(call: Any) -> Any:
    return jax().scipy.linalg.expm(*operands(call))


def solve_triangular(call: Any) -> Any:
    a, b = operands(call)
    trans, lower, unit = (call.options.get(name, 0) for name in ("trans", "lower", "unit_diagonal"))
    x = jax().scipy.linalg.solve_triangular(a, b, trans=trans, lower=lower, unit_diagonal=unit)
    if not unit:
        diagonal = jax().numpy.diagonal(a, axis1=-2, axis2=-1)
        call.check((diagonal != 0).all(), np.linalg.LinAlgError("The matrix is singular: its diagonal has a 0."))
    return x


def cho_solve(call: Any) -> Any:
    c, b = operands(call)
    return jax().scipy.linalg.cho_solve((c, call.options.get("lower", False)), b)


def operands(call: Any) -> list[Any]:
    """The operands in the dtype of the result, as stacks of one shape. That they are finite is checked as by SciPy."""
    numpy, dtype = jax().numpy, call.result_dtype
    arrays = [numpy.asarray(each, dtype) for each in call.args]
    if call.options.get("check_finite", call.function.__name__ != "_expm"):
        for each in arrays:
            call.check(numpy.isfinite(each).all(), ValueError("scipy.linalg takes finite numbers."))
    stack = np.broadcast_shapes(*(each.shape[:-2] for each in arrays))
    return [numpy.broadcast_to(each, (*stack, *each.shape[-2:])) for each in arrays]


# By what the forward functions of the primitives are, before they are decorated.
BY_SCIPY: dict[Any, Callable[[Any], Any]] = {
    _expm.__wrapped__: expm,  # type: ignore[attr-defined]
    _solve_triangular.__wrapped__: solve_triangular,  # type: ignore[attr-defined]
    _cho_solve.__wrapped__: cho_solve,  # type: ignore[attr-defined]
}
