"""Ctrl-C between two steps, not in the middle of one."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """Inside, Ctrl-C is noted; `check` raises KeyboardInterrupt then. Only where Python would raise it itself."""

    def __init__(self) -> None:
        self.asked = False
        self.ours = False

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.note)
            self.ours = True
        return self

    def __exit__(self, *error: object) -> None:
        if self.ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def note(self, number: int, frame: Any) -> None:
        self.asked = True

    def check(self) -> None:
        """Raise KeyboardInterrupt, if Ctrl-C was pressed."""
        if self.asked:
            self.asked = False
            raise KeyboardInterrupt
