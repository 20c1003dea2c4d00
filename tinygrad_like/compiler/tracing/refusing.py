"""NumPy functions that a trace refuses, since shapes or Python's way would depend on values; and what to write."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZES = "How many elements it gives depends on values."
TRUTHS = "It gives Python a truth, which a program does not have."
LOGICAL = f"{TRUTHS} Write np.all(a == b), and np.where of that."
SELECT = f"{SIZES} Write np.where(condition, x, other)."
SETS = f"{SIZES} Write np.isin(x, y), which gives truths."
EQUALS = f"{SIZES} Write np.sort(x), where equals are neighbours."
SLICES = f"{SIZES} Write slices."
COMPLEX = (
    "Whether its results are complex depends on values. Write np.linalg.eigh of symmetric matrices, or give it complex "
    "ones: a.astype(complex)."
)
STATIC = "It decides a shape. Give plain numbers, not what was computed."

REFUSED: dict[Any, str] = {
    **dict.fromkeys((np.array_equal, np.array_equiv, np.allclose), LOGICAL),
    **dict.fromkeys((np.nonzero, np.flatnonzero, np.argwhere, np.compress, np.extract), SELECT),
    **dict.fromkeys((np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values), EQUALS),
    **dict.fromkeys((np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d), SETS),
    **dict.fromkeys((np.trim_zeros, np.roots), SLICES),
    **dict.fromkeys((np.linalg.eig, np.linalg.eigvals), COMPLEX),
    np.place: "Write np.where(mask, value, x), or x[mask] = value.",
    np.bincount: f"{SIZES} Write np.bincount of Tensors, with minlength=n.",
    np.polymul: f"{SIZES} Write np.convolve(a1, a2).",
    np.polydiv: SIZES,
}
# The argument of these that decides a shape: by which position, by which name.
SHAPING: dict[Any, tuple[int, str]] = {
    np.repeat: (1, "repeats"),
    np.delete: (1, "obj"),
    np.insert: (1, "obj"),
    np.tile: (1, "reps"),
    np.resize: (1, "new_shape"),
    np.reshape: (1, "shape"),
    np.broadcast_to: (1, "shape"),
    np.split: (1, "indices_or_sections"),
    np.array_split: (1, "indices_or_sections"),
    np.pad: (1, "pad_width"),
}


def reason_of(function: Any, args: Any, options: dict[str, Any], is_traced: Any) -> str:
    """Why a call is refused, and what to write instead; "" if it is not."""
    if function is np.where and len(args) + len(options) == 1:
        return SELECT
    if function in SHAPING:
        place, name = SHAPING[function]
        given = args[place] if len(args) > place else options.get(name)
        parts = given if isinstance(given, (tuple, list)) else (given,)
        return STATIC if any(map(is_traced, parts)) else ""
    if isinstance(options.get("bins"), str) or (function in HISTOGRAMS and any(isinstance(a, str) for a in args)):
        return f"{SIZES} Write the number of bins."
    if function in EIGENVALUES and args and args[0].dtype.kind == "c":
        return ""
    return REFUSED.get(function, "")


EIGENVALUES = frozenset({np.linalg.eig, np.linalg.eigvals})
HISTOGRAMS = frozenset({np.histogram, np.histogram_bin_edges, np.histogram2d, np.histogramdd})
