"""A progress bar for pictures of huge graphs: it appears when drawing takes longer than two seconds."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter
from typing import Any

LONG = 2.0  # seconds
FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
STAGES = 5  # that a huge graph goes through: found, values, gradients, made smaller, laid out

current: ContextVar[Stages | None] = ContextVar("stages", default=None)


class Stages:
    """What drawing is at, from `with Stages():` on; `stage` tells of it."""

    def __init__(self) -> None:
        self.begun, self.done = perf_counter(), 0
        self.bar: Any = None

    def __enter__(self) -> None:
        self.token = current.set(self)

    def __exit__(self, *error: Any) -> None:
        current.reset(self.token)
        if self.bar is not None:
            self.bar.set_postfix_str("")
            self.bar.update(STAGES - self.bar.n if not any(error) else 0)
            self.bar.close()

    def at(self, text: str, steps: int) -> None:
        self.done += steps
        if self.bar is None and perf_counter() - self.begun > LONG:
            from tqdm import tqdm

            self.bar = tqdm(total=STAGES, desc="draw", bar_format=FORMAT)
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(self.done - self.bar.n)
            self.bar.refresh()


def stage(text: str, steps: int = 1) -> None:
    """Tell what comes now; `steps` are the stages that end with it."""
    stages = current.get()
    if stages is not None:
        stages.at(text, steps)
