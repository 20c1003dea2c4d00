"""Movement: the same values in another shape, order, place or dtype; no arithmetic."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ..engine.registry import elementwise, multilinear
from .samples import arrays, either, normal, several


def inverse_order(axes: tuple[int, ...] | None, ndim: int) -> tuple[int, ...] | None:
    return None if axes is None else tuple(int(i) for i in np.argsort([a % ndim for a in axes]))


def concatenate_rule(g: Any, shapes: Any, *, axis: int | None) -> Any:
    """The parts of g that came from the arrays."""
    sizes = [math.prod(shape) if axis is None else shape[axis] for shape in shapes]
    stops = itertools.accumulate(sizes)
    spans = [slice(stop - size, stop) for stop, size in zip(stops, sizes)]
    if axis is None:
        return [g[span].reshape(shape) for span, shape in zip(spans, shapes)]
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, span)] for span in spans]


def stack_rule(g: Any, shapes: Any, *, axis: int) -> Any:
    """The slices of g along the new axis."""
    return list(np.moveaxis(g, axis, 0))


reshape = multilinear(
    "reshape",
    lambda a, shape=-1, order="C": np.reshape(a, shape, order),
    "a",
    lambda g, in_shape, *, order: g.reshape(in_shape, order=order),
    sample=several(
        ((2, 3, 4), {"shape": (4, -1)}),
        ((), {"shape": (1, 1)}),
        ((0, 3), {"shape": (3, 0)}),
        ((2, 3), {"shape": (3, 2), "order": "F"}),
    ),
    symbol="reshape",
    formulas={"a": "g in the shape of a"},
)
transpose = multilinear(
    "transpose",
    lambda a, axes=None: np.transpose(a, axes),
    "a",
    lambda g, *, axes: g.transpose(inverse_order(axes, g.ndim)),
    sample=several(((2, 3, 4), {}), ((2, 3, 4), {"axes": (1, -1, 0)}), ((), {}), ((0, 2), {})),
    symbol="ᵀ",
    formulas={"y": "aᵀ", "a": "gᵀ"},
    numpy=np.transpose,
)
swapaxes = multilinear(
    "swapaxes",
    lambda a, axis1=0, axis2=0: np.swapaxes(a, axis1, axis2),
    "a",
    lambda g, *, axis1, axis2: g.swapaxes(axis1, axis2),
    sample=several(((2, 3, 4), {"axis1": 0, "axis2": -1})),
    symbol="ᵀ",
    formulas={"y": "aᵀ", "a": "gᵀ"},
    numpy=(np.swapaxes,),
)
moveaxis = multilinear(
    "moveaxis",
    lambda a, source=0, destination=0: np.moveaxis(a, source, destination),
    "a",
    lambda g, *, source, destination: np.moveaxis(g, destination, source),
    sample=several(
        ((2, 3, 4), {"source": 0, "destination": -1}), ((2, 3, 4), {"source": (0, 1), "destination": (2, 0)})
    ),
    symbol="ᵀ",
    formulas={"y": "aᵀ", "a": "gᵀ"},
    numpy=np.moveaxis,
)
squeeze = multilinear(
    "squeeze",
    lambda a, axis=None: np.squeeze(a, axis)[...],  # a view, also where there is nothing to squeeze
    "a",
    lambda g, in_shape: g.reshape(in_shape),
    sample=several(((2, 1, 3, 1), {}), ((2, 1, 3, 1), {"axis": 1})),
    symbol="squeeze",
    formulas={"a": "g in the shape of a"},
    numpy=np.squeeze,
)
expand_dims = multilinear(
    "expand_dims",
    lambda a, axis=0: np.expand_dims(a, axis),
    "a",
    lambda g, in_shape: g.reshape(in_shape),
    sample=several(((2, 3), {"axis": 1}), ((2, 3), {"axis": (0, -1)})),
    symbol="expand",
    formulas={"a": "g in the shape of a"},
    numpy=np.expand_dims,
)
# The engine sums a cotangent back to the shape that was broadcast: nothing is left to do.
broadcast_to = multilinear(
    "broadcast_to",
    lambda array, shape=(), subok=False: np.broadcast_to(array, shape),
    "array",
    lambda g: g,
    sample=several(((3, 1), {"shape": (2, 3, 4)}), ((), {"shape": (2,)})),
    symbol="broadcast",
    formulas={"array": "Σ g over the copies"},
    numpy=np.broadcast_to,
)
copy = elementwise(
    "copy",
    np.copy,
    "a",
    lambda g: g,
    options={"order": "K", "subok": False},
    by_position=2,
    sample=(normal,),
    symbol="copy",
    linear=True,
    numpy=np.copy,
)
astype = elementwise(
    "astype",
    # A view, where it is not a copy.
    lambda x, dtype=float, *, copy=True, order="K", casting="unsafe": x.astype(dtype, order, casting, copy=copy)[...],
    "x",
    lambda g: g,
    sample=(normal,),
    symbol="astype",
    linear=True,
    numpy=(),
)
# What a transform puts in the place of its input, so that it differentiates only with respect to that.
alias = elementwise("alias", lambda x: x, "x", lambda g: g, sample=(normal,), symbol="=", linear=True)
# At the end of a recorded sweep that was careful: a sweep through its graph is careful from the start.
careful = elementwise("careful", lambda x: x, "x", lambda g: g, sample=(normal,), symbol="=", linear=True, chooses=True)
concatenate_ = multilinear(
    "concatenate",
    lambda *arrays, axis=0, dtype=None, casting="same_kind": np.concatenate(
        arrays, axis=axis, dtype=dtype, casting=casting
    ),
    "*arrays",
    concatenate_rule,
    sample=either(
        arrays(((2, 3), (1, 3), (0, 3)), ((3,), (2,))),
        arrays(((2, 3), (2, 1)), axis=-1),
        arrays(((2, 3), (2,)), axis=None),
    ),
    symbol="concatenate",
    formulas={"arrays": "its part of g"},
)
stack_ = multilinear(
    "stack",
    lambda *arrays, axis=0, dtype=None, casting="same_kind": np.stack(arrays, axis=axis, dtype=dtype, casting=casting),
    "*arrays",
    stack_rule,
    sample=arrays(((2, 3), (2, 3), (2, 3)), axis=-1),
    symbol="stack",
    formulas={"arrays": "its part of g"},
)
