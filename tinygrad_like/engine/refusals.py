"""What has no derivative here, and no method of Tensor, with what to write instead; error messages read it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import MissingMethodError

GENERAL = "Compose it of functions that are (docs/coverage.md)"
LEAVE = "declare it with @operation, or leave the graph with t.numpy()."

BITS = "Bits have no derivative"
NEW = "Make a new array: array = array - t, np.where(mask, t, array), np.broadcast_to(t, shape)."
VALUES = "It only reads values: give it t.numpy()"

# NumPy's name: what to write instead. Only what is refused stands here.
REFUSED = {
    "roots": "A root r has the derivative -r**power / p'(r) by the coefficient of each power",
    "save": VALUES,
    "savez": VALUES,
    "savez_compressed": VALUES,
    "savetxt": VALUES,
    "packbits": BITS,
    "unpackbits": BITS,
}
GAMMA, BETA = "Write scipy.special.gammainc", "Write scipy.special.betainc"
# And those of scipy.special.
OF_SCIPY = {
    "shichi": "Write (expi(x) + exp1(x)) / 2 and (expi(x) - exp1(x)) / 2, for x > 0",
    "chdtr": f"{GAMMA}(v / 2, x / 2)",
    "chdtrc": f"{GAMMA}c(v / 2, x / 2)",
    "gdtr": f"{GAMMA}(b, a * x)",
    "gdtrc": f"{GAMMA}c(b, a * x)",
    "pdtr": f"{GAMMA}c(k + 1, m)",
    "pdtrc": f"{GAMMA}(k + 1, m)",
    "bdtr": f"{BETA}(n - k, k + 1, 1 - p)",
    "fdtr": f"{BETA}(d1 / 2, d2 / 2, d1 * x / (d1 * x + d2))",
    "poch": "Write np.exp(gammaln(z + m) - gammaln(z)), for z > 0",
    "binom": "Write 1 / ((n + 1) * beta(n - k + 1, k + 1))",
    "powm1": "Write np.expm1(y * np.log(x))",
    "zetac": "The derivative of Riemann's zeta function has no closed form",
    "zeta": "The derivative of Riemann's zeta function has no closed form",
    "hankel1": "Write jv(v, x) + 1j * yv(v, x)",
    "hankel2": "Write jv(v, x) - 1j * yv(v, x)",
}
# The methods of ufuncs.
OF_UFUNCS = {
    "accumulate": "Write np.cumsum or np.cumprod",
    "outer": "Write np.{}(a[:, None], b)",
    "reduce": "Write np.stack of the steps",
    "reduceat": "Write np.stack([np.{}.reduce(x[i:j]), ...])",
    "at": "Write a + weights, with weights that are 0 elsewhere",
}
# Methods and attributes of ndarrays. Those that are not here are written np.name(t), or t.numpy().name.
METHODS = {
    "view": "Write t.reshape(shape), t.astype(dtype), or t[...] for the same values.",
}
NO_DEVICES = "There are no devices here: leave it out."
# Methods of PyTorch's tensors that ndarrays do not have.
OF_PYTORCH = {
    "chunk": "Write np.array_split(t, parts, axis).",
    "clamp": "Write np.clip(t, low, high).",
    "clone": "Write t.copy().",
    "contiguous": "Every Tensor is read through its strides: leave it out.",
    "cpu": NO_DEVICES,
    "cuda": NO_DEVICES,
    "double": "Write t.astype(np.float64).",
    "expand": "Write np.broadcast_to(t, shape).",
    "float": "Write t.astype(np.float32).",
    "gather": "Write np.take_along_axis(t, index, axis).",
    "long": "Write t.astype(np.int64).",
    "masked_fill": "Write np.where(mask, value, t).",
    "norm": "Write np.linalg.norm(t).",
    "numel": "Write t.size.",
    "permute": "Write t.transpose(axes).",
    "pow": "Write t ** p.",
    "relu": "Write tg.relu(t).",
    "sigmoid": "Write tg.sigmoid(t).",
    "softmax": "Write tg.softmax(t, axis).",
    "to": "Write t.astype(dtype). There are no devices here.",
    "type": "Write t.astype(dtype).",
    "unsqueeze": "Write np.expand_dims(t, axis), or t[:, None].",
    **{name: f"Write np.{name}(t)." for name in ("abs", "cos", "exp", "log", "sin", "sqrt", "tanh")},
}


def instead_of(name: str) -> str:
    """What to write instead of NumPy's function of this name, which is not differentiable here."""
    function, _, method = name.rpartition(".")
    if name in REFUSED:
        instead = REFUSED[name]
    elif name.startswith("scipy.special."):
        instead = OF_SCIPY.get(method, GENERAL)
    elif method in OF_UFUNCS and isinstance(getattr(np, function, None), np.ufunc):
        instead = OF_UFUNCS[method].format(function)
    else:
        instead = GENERAL
    return f"{instead}, {LEAVE}" if instead.startswith(("Write", "Compose")) else f"{instead}; {LEAVE}"


def instead_of_method(name: str) -> str:
    """What to write instead of t.name."""
    if name in METHODS or name in OF_PYTORCH:
        return METHODS.get(name) or OF_PYTORCH[name]
    if callable(getattr(np, name, None)) and callable(getattr(np.ndarray, name)):
        return f"Write np.{name}(t)."
    return f"Write t.numpy().{name} for that of the values, outside the graph."


class Refusal:
    """In place of a method: an AttributeError that says what to write instead."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, owner: type) -> Any:
        raise MissingMethodError(f"A Tensor has no {self.name}.", instead_of_method(self.name))


class Missing:
    """All that an ndarray has, or PyTorch's tensor. The last base of Tensor: only what that lacks is found here.

    A `__getattr__` would do the same, but would slow each look-up of any attribute.
    """

    __slots__ = ()


for name in (*dir(np.ndarray), *OF_PYTORCH):
    if not name.startswith("_"):
        setattr(Missing, name, Refusal(name))
