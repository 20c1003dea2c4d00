"""An operation's options in a few words: what tells a card from others of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...engine.blocks import plain, words
from ...engine.tensor import Tensor
from ..written.numbers import shape_text

# Options that say nothing about the mathematics.
UNTOLD = frozenset(
    {"casting", "check_finite", "copy", "index", "layout", "order", "out", "start", "stop", "subok", "windows"}
)
USUAL = {"dilation": 1, "groups": 1, "padding": 0, "stride": 1}  # whatever the default is
FEW = 4  # numbers that are written in an index
ALWAYS = object()


def options_text(options: Mapping[str, Any], defaults: Mapping[str, Any], shape: tuple[int, ...]) -> str:
    """What an operation was told that is not the usual: "axis 0, keepdims", "→ 2 × 3"; `shape` is its result's.

    >>> options_text({"axis": 0, "keepdims": True}, {"axis": None, "keepdims": False}, (1, 3))
    'axis 0, keepdims'
    >>> options_text({"shape": (-1, 3)}, {"shape": -1}, (2, 3))
    '→ 2 × 3'
    """
    rest = {name: value for name, value in options.items() if name not in UNTOLD}
    found = []
    for names, text in FORMS.items():
        if all(rest.get(name) is not None for name in names):
            found.append(text(shape, *(rest.pop(name) for name in names)))
    rest = {name: value for name, value in rest.items() if plain(value) != USUAL.get(name, ALWAYS)}
    # The axis 0 is telling even where it is the default.
    usual = {name: None if name == "axis" and value == 0 else value for name, value in defaults.items()}
    return ", ".join([*words(rest, usual), *filter(None, found)])


def shape_after(shape: tuple[int, ...], _: Any) -> str:
    return f"→ {shape_text(shape)}"


def widths_text(_: Any, widths: Any) -> str:
    """The margins before and after each axis: "by 1", "by (0, 0), (1, 1)"."""
    pairs = [tuple(int(n) for n in pair) for pair in widths]
    same = len({n for pair in pairs for n in pair}) == 1
    return f"by {pairs[0][0]}" if same else f"by {', '.join(map(str, pairs))}"


# Some options are clearer without their names.
FORMS: dict[tuple[str, ...], Callable[..., str]] = {
    ("shape",): shape_after,
    ("axes",): lambda shape, axes: str(tuple(axes)),
    ("axis1", "axis2"): lambda shape, a, b: f"{a}, {b}",
    ("source", "destination"): lambda shape, a, b: f"{a} → {b}",
    ("left", "right", "result"): lambda shape, left, right, result: f"{left}, {right} → {result}".rstrip(),
    ("widths",): widths_text,
    ("dtype",): lambda shape, dtype: np.dtype(dtype).name,
}


def index_text(index: Any, names: Mapping[int, str]) -> str:
    """An index as one writes it, with what `names` has for the ids of its arrays: [:, -1], [i]."""
    parts = index if isinstance(index, tuple) else (index,)
    return f"[{', '.join(part_text(part, names) for part in parts)}]"


def part_text(part: Any, names: Mapping[int, str]) -> str:
    if isinstance(part, slice):
        bounds = part.start, part.stop, part.step
        start, stop, step = ("" if each is None else names.get(id(each), str(each)) for each in bounds)
        return f"{start}:{stop}" + (f":{step}" if step not in ("", "1") else "")
    if id(part) in names:
        return names[id(part)]
    if np.ndim(part):
        return str(part.tolist()) if is_written(part) else "mask" if part.dtype == bool else "array"
    return "…" if part is ... else str(part)


def is_written(array: Any) -> bool:
    """Whether an index is so short that its numbers are written, instead of a card for it."""
    return array.ndim == 1 and array.size <= FEW and array.dtype.kind in "iub"


def arrays_of(value: Any) -> list[Any]:
    """The arrays and Tensors in an option, also in tuples, lists and slices."""
    if isinstance(value, slice):
        value = value.start, value.stop, value.step
    if isinstance(value, (tuple, list)):
        return [each for part in value for each in arrays_of(part)]
    return [value] if isinstance(value, (np.ndarray, Tensor)) else []
