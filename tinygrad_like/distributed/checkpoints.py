"""Saved files of several processes: one writes and reads, all take over what was read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..saving import files
from .processes import on_rank_0


def save(saved: Any, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
    """`tg.save` in process 0 only; the others wait until the file is whole.

    Raises what `tg.save` raises in process 0, ProcessError in the others.
    """
    on_rank_0(files.save, saved, path, metadata)


def load(path: str | os.PathLike[str], into: Mapping[str, Any] | None = None) -> Any:
    """`tg.load` for all processes: process 0 reads the file, which the others need not see.

    For the file of a single model, write `model.load_state_dict(load(path))`.

    Raises what `tg.load` raises; for what process 0 cannot read, ProcessError in the others.
    """
    files.check_takers(into or {})
    found = on_rank_0(files.load, path, into)
    files.take_over(into or {}, found)
    return found
