"""What stands in a file: the arrays by name, and the structure around them as JSON. No pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, FileError
from ..engine.tensor import Tensor
from ..tree import outline

Arrays = dict[str, np.ndarray[Any, Any]]
TENSOR, ITEMS, TUPLE = "$tensor", "$items", "$tuple"


def encoded(value: Any, arrays: Arrays, path: str = "") -> Any:
    """A value as JSON, in which a Tensor or array is a name in `arrays`. What has a `state_dict()` is saved as that.

    Raises ArgumentError for other objects; it says where they stand.
    """
    if hasattr(value, "state_dict"):
        value = value.state_dict()
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, np.generic)):
        return value
    array = value.numpy() if isinstance(value, Tensor) else value
    if isinstance(array, (np.ndarray, np.generic)) and array.dtype.kind in "fiubc":
        name = path or "value"
        if name in arrays:
            raise ArgumentError(f"Two values would have the name {name} in the file.", "Rename a key that has a dot.")
        arrays[name] = np.asarray(array)
        return {TENSOR: name}
    if isinstance(value, Mapping):
        inner = {key: encoded(each, arrays, f"{path}.{key}" if path else str(key)) for key, each in value.items()}
        plain = all(isinstance(key, str) and not key.startswith("$") for key in inner)
        return inner if plain else {ITEMS: [[encoded(key, arrays), each] for key, each in inner.items()]}
    if isinstance(value, (list, tuple)):
        listed = [encoded(each, arrays, f"{path}.{i}" if path else str(i)) for i, each in enumerate(value)]
        return listed if isinstance(value, list) else {TUPLE: listed}
    raise ArgumentError(
        f"It is not possible to save {outline(value)}{f' at {path}' if path else ''}.",
        "Save arrays of numbers, numbers, texts, lists, dicts, and what has a state_dict().",
    )


def decoded(value: Any, arrays: Arrays) -> Any:
    """What was encoded, with Tensors for arrays."""
    if isinstance(value, list):
        return [decoded(each, arrays) for each in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        if value[TENSOR] not in arrays:
            raise FileError(f"The file has no value named {value[TENSOR]!r}, though it says so.")
        return Tensor(arrays[value[TENSOR]])
    if TUPLE in value:
        return tuple(decoded(value[TUPLE], arrays))
    if ITEMS in value:
        return {decoded(key, arrays): decoded(each, arrays) for key, each in value[ITEMS]}
    return {key: decoded(each, arrays) for key, each in value.items()}
