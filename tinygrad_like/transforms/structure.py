"""Arguments and results in containers: which of their leaves take part in differentiation, and which are constants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError
from ..engine.kinds import as_ndarray
from ..engine.tensor import Tensor, values_of, wrap
from ..engine.traces import copy_of
from ..tree import dataclasses_in, flatten, in_order_of, is_container, leaves, other_attributes, outline, unflatten

NUMBERS = (Tensor, np.ndarray, np.generic, bool, int, float, complex)


class Structure:
    """Nested containers and their leaves. The `active` ones have a gradient or a tangent, the others are constants."""

    def __init__(self, leaves: list[Any], containers: Any, active: list[bool]) -> None:
        self.leaves, self.containers, self.is_active = leaves, containers, active
        self.all_active = all(active)
        self.active = leaves if self.all_active else [leaf for leaf, each in zip(leaves, active) if each]

    def filled(self, values: Iterable[Any], constant: Callable[[Any], Any] | None = None) -> Any:
        """The containers with other values for the active leaves, and with the constants or what is made of them."""
        if self.containers is None:
            return next(iter(values))
        if self.all_active:
            return unflatten(self.containers, values)
        waiting = iter(values)
        every = [
            next(waiting) if active else leaf if constant is None else constant(leaf)
            for leaf, active in zip(self.leaves, self.is_active)
        ]
        return unflatten(self.containers, every)

    def beside(self, value: Any, what: str) -> list[Any]:
        """What stands at the active leaves in a value with the same containers; at constants there is 0 or None."""
        found = in_order_of(self.containers, value, what)
        for leaf, active, each in zip(self.leaves, self.is_active, found):
            if not active and each is not None and (not isinstance(each, NUMBERS) or np.any(values_of(each))):
                raise ArgumentError(f"{what}: beside the constant {leaf!r} stands {each!r}.", "Write 0 or None there.")
        return [each for each, active in zip(found, self.is_active) if active]


def arguments_of(values: list[Any], names: Sequence[Any]) -> Structure:
    """The arguments of a transform. One that is no container is active; in containers floats are."""
    try:
        found, containers = flatten(values)
    except RecursionError:
        raise ArgumentError("An argument's containers are nested too deeply, or one contains itself.") from None
    active: list[bool] = []
    for value, name in zip(values, names):
        flags = [is_float(leaf) for leaf in leaves(value)] if is_container(value) else [True]
        if flags and not any(flags):
            raise DTypeError(
                f"The argument {name}, {outline(value)}, holds nothing to differentiate.", "Write 3.0, not 3."
            )
        for each in dataclasses_in(value):
            check_attributes(each)
        active += flags
    return Structure(found, containers, active)


def check_attributes(instance: Any) -> None:
    """An error if a dataclass instance has a float that is no field: it may come from one, and lose its gradient."""
    for name, value in other_attributes(instance):
        if any(map(is_float, leaves(value))):
            raise ArgumentError(
                f"{type(instance).__name__} has the attribute {name}, which is no field, and would be held constant.",
                "Compute it in a property or a method; or declare it as a field, and it has a gradient of its own.",
            )


def is_float(leaf: Any) -> bool:
    """Whether this leaf of an argument is to be differentiated: a real or complex number, or an array of them."""
    if isinstance(leaf, (float, complex)):
        return True
    return hasattr(leaf, "__array__") and as_ndarray(values_of(leaf)).dtype.kind in "fc"


def results_of(y: Any) -> Structure:
    """The results of a function, each as a Tensor; in containers None, text and other objects are constants."""
    found, containers = flatten(y)
    active = [is_result(each, containers is None) for each in found]
    results = [as_tensor(each) if is_number else each for each, is_number in zip(found, active)]
    return Structure(results, containers, active)


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(as_ndarray(value))


def is_result(value: Any, single: bool) -> bool:
    """Whether it is a number or an array of them; an error if it ought to be."""
    kind = as_tensor(value).dtype.kind if isinstance(value, NUMBERS) else "O"
    if kind in "fiubc":
        return True
    if single:
        raise no_array(value)
    return False


def no_array(result: Any) -> DTypeError:
    kind = f"an array of {result.dtype}" if isinstance(result, (Tensor, np.ndarray)) else type(result).__name__
    return DTypeError(
        f"A differentiated function must return one array of numbers, but returned {kind}.",
        "Several arrays may stand in a list, tuple, dict or dataclass (not for grad, which needs one number).",
    )


def zeros_beside(constant: Any, shape: tuple[int, ...] = ()) -> Any:
    """The gradient of a constant: zeros, as floats, of a number or an array; None of anything else.

    `shape` is that of the result, if it is not a number.
    """
    if not isinstance(constant, int) and getattr(getattr(constant, "dtype", None), "kind", "O") not in "iub":
        return None
    zeros = np.zeros(shape + np.shape(constant))
    if isinstance(constant, Tensor):
        return wrap(zeros)
    return zeros if isinstance(constant, np.ndarray) or zeros.ndim else 0.0


def held(leaf: Any) -> Any:
    """A copy of an array of floats, which its owner may write to; anything else as it is."""
    is_own = isinstance(leaf, (Tensor, float, complex, np.generic))
    return leaf if is_own or not is_float(leaf) else copy_of(as_ndarray(leaf))
