"""What follows every layer of a Network: an Activation, a function, or the name of one."""

from __future__ import annotations

from typing import Any

from ..engine.errors import ArgumentError
from ..nn.layer import refuse_class
from ..nn.layers import RELU, SIGMOID, TANH, Activation

BY_NAME = {"relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}
KINDS = "an Activation, a function or a name"


def activation_of(given: Any) -> Activation:
    """The Activation that is meant by a name ("tanh"), or by a function of one array (np.tanh)."""
    if isinstance(given, str):
        if given not in BY_NAME:
            raise ArgumentError(
                f"There is no activation named {given!r}; the names are {', '.join(map(repr, BY_NAME))}.",
                "Write one of them, or give a function of one array, such as np.tanh.",
            )
        return BY_NAME[given]
    refuse_class(given, f"activation must be {KINDS}")
    if not callable(given):
        raise ArgumentError(f"activation must be {KINDS}, but got {given!r}.", "Write 'tanh' or np.tanh.")
    return given if isinstance(given, Activation) else Activation(given)
