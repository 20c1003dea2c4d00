"""Whose code made a call that fails, and what its line should say instead; for error messages."""

from __future__ import annotations

import linecache
import opcode
import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType
from typing import Any

import numpy as np

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
NUMPYS = os.path.dirname(os.path.abspath(np.__file__)) + os.sep
TESTING = os.path.join(NUMPYS, "testing") + os.sep
PYTHONS = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
LIBRARIES = f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"

BY_NAME = "`import tinygrad_like.numpy as np`"
# SciPy writes these in Python, so they cannot dispatch; tinygrad_like.special has them.
SPECIAL = frozenset({"log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax"})
DEFAULT = f"Use NumPy's functions on the Tensor itself: np.sin(t), np.stack([t1, t2]); or {BY_NAME}."
FILL = (
    "Write the elements into a Tensor, such as np.zeros_like(t), or collect them in a list for np.stack; "
    f"or {BY_NAME}, whose np.zeros gives Tensors in a transform."
)
SCIPYS = "\n  tinygrad_like.linalg has functions of scipy.linalg that are differentiable."
# What stands in the line, and what to write instead.
ADVICE = (
    (r"\brandom\.|\brng\.", "Write mean + deviation * rng.normal(size=...): what is drawn must not depend on t."),
    (r"\b(as|asany)?array\(", f"Write np.stack([t1, t2]) in place of np.array([t1, t2]), or {BY_NAME}."),
    (r"\b(full|arange|fromiter|r_|c_|vectorize)\b", f"Write {BY_NAME}, whose functions take Tensors here."),
    (r"\bfloat\(|\bcomplex\(|\.float\d+\(|\.complex\d+\(", "Leave the conversion out, or write t.astype(dtype)."),
    (r"[-+*/@]=? ?\[", "Write np.stack([t1, t2]) in place of the list."),
    (r"\w\.dot\(", "Write a @ t in place of a.dot(t)."),
    (r"\w\(\[|\w\(\(", f"Write np.stack([t1, t2]) in place of the list, or {BY_NAME}."),
)


def frames() -> Iterator[FrameType]:
    """The calls that led here, the latest first, without those inside this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(OURS):
            yield frame
        frame = frame.f_back


def outside() -> Iterator[FrameType]:
    """Those of the calls that are not in NumPy either: the first is where the user, or a library, called."""
    return (frame for frame in frames() if not frame.f_code.co_filename.startswith(NUMPYS))


def only_compares() -> bool:
    """Whether the values are asked for by numpy.testing, which compares them, and computes nothing from them."""
    for frame in frames():
        file = frame.f_code.co_filename
        if file.startswith(TESTING):
            return True
        if not file.startswith(NUMPYS):
            break
    return False


def package_of(frame: FrameType) -> str:
    """The package whose code a frame runs. A namespace made for `exec` may have any `__name__`, or none."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def in_library(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(PYTHONS) or any(part in file for part in LIBRARIES)


def is_library(file: str) -> bool:
    """Whether a file is not the user's: one of this package, of NumPy, of Python, or of another library."""
    return file.startswith((OURS, NUMPYS, PYTHONS)) or any(part in file for part in LIBRARIES)


def line_of(frame: FrameType) -> tuple[str, str]:
    """The text of the line that a frame is at, and where that is: `In file, line n: text`, or nothing."""
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number, frame.f_globals).strip()
    place = f", line {number}" if file.startswith("<") else f"{os.path.basename(file)}, line {number}"
    return text, f"In {place.lstrip(', ')}: {text}" if text else ""


@lru_cache(1000)
def is_users(file: str) -> bool:
    """Whether code in a file is the user's: not of this package, of NumPy, or of another library."""
    return not file.startswith((OURS, NUMPYS, PYTHONS)) and not any(part in file for part in LIBRARIES)


def users_frame() -> FrameType | None:
    """The latest of the calls that led here from the user's code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def user_line() -> str:
    """The user's line that led here, as `In file, line n: text`, or nothing."""
    theirs = users_frame()
    return "" if theirs is None else line_of(theirs)[1]


def line_and_advice() -> tuple[str, str]:
    """The user's line that led here, as `In file, line n: text`, or nothing; and what to write instead."""
    calls = list(outside())
    theirs = next((frame for frame in calls if not in_library(frame)), None)
    if theirs is None:
        return "", DEFAULT
    text, where = line_of(theirs)
    if calls[0] is not theirs:
        library = package_of(calls[0]).lstrip("_")
        called = [frame.f_code.co_name for frame in calls[: calls.index(theirs)]]
        if library == "scipy" and (name := next((each for each in called if each in SPECIAL), None)):
            return where, f"Write tinygrad_like.special.{name}, which takes Tensors."
        instead = f"{library} takes values, not graphs: give it t.item(), [t.item() for t in ...] or t.numpy()."
        return where, instead + (SCIPYS if library == "scipy" else "")
    return where, advice(theirs, text)


def advice(frame: FrameType, text: str) -> str:
    """What to write instead of a line of the user's."""
    if frame.f_code.co_code[frame.f_lasti] == opcode.opmap["STORE_SUBSCR"]:
        return FILL
    if name := math_function(text, frame.f_globals):
        return f"Write np.{name}(t)."
    return next((instead for pattern, instead in ADVICE if re.search(pattern, text)), DEFAULT)


def math_function(text: str, names: dict[str, Any]) -> str | None:
    """NumPy's name for a function of Python's math that is called in a line."""
    import math

    for module, name in re.findall(r"(\w+\.)?\b(\w+)\(", text):
        called = getattr(math, name, None)
        if called is not None and (module == "math." or (not module and names.get(name) is called)):
            name = {"pow": "power", "dist": "linalg.norm", "fsum": "sum"}.get(name, name)
            return name if hasattr(np, name.partition(".")[0]) else None
    return None
