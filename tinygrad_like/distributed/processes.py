"""The processes that train together: which one this is, whether all do the same, and how all end if one fails.

Without `mpiexec` there is one process, and MPI is not loaded.
"""

from __future__ import annotations

import atexit
import io
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from types import TracebackType
from typing import Any

import numpy as np

from ..engine.errors import MissingError, TinygradError

Array = np.ndarray[Any, np.dtype[Any]]

# What `mpiexec` sets in the environment: MPICH and Intel MPI, Open MPI, others by PMIx.
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
LAUNCHED = "PMIX_RANK"
OPERATIONS = ("end", "average", "broadcast", "run on rank 0", "wait at a barrier")
FIRST = 0.3  # seconds that a process waits with its traceback, if the failure was another's
SHOWN = 0.1  # seconds in which `mpiexec` shows a traceback


class ProcessError(TinygradError, RuntimeError):
    """Another process failed, ended, or does something else than this one."""


_communicator: Any = None  # mpi4py's, made when it is first needed


def is_launched() -> bool:
    """Whether `mpiexec` started several processes, or the user has loaded MPI."""
    several = any(int(os.environ.get(name, "1")) > 1 for name in SIZES)
    return several or LAUNCHED in os.environ or "mpi4py.MPI" in sys.modules


def communicator() -> Any:
    """The communicator of all processes, for messages of this package alone; None for a single process."""
    global _communicator
    if _communicator is None and is_launched():
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise MissingError(
                "Several processes were started, and exchange numbers by the package mpi4py, which is not installed.",
                "Write pip install 'tinygrad_like[mpi]', or start one process.",
            ) from error
        if MPI.COMM_WORLD.size > 1:
            _communicator = MPI.COMM_WORLD.Dup()
            end_together(MPI)
    return _communicator


def rank() -> int:
    """The number of this process, from 0 to size() − 1.

    Under `mpiexec`, the first call starts MPI: from then on, an error in one process ends all.

    >>> rank()
    0
    """
    return 0 if communicator() is None else int(communicator().rank)


def size() -> int:
    """How many processes train together; 1 without `mpiexec`.

    >>> size()
    1
    """
    return 1 if communicator() is None else int(communicator().size)


def call(operation: str, *numbers: float) -> Array:
    """Tell all processes what this one does next, with up to three numbers; gives the numbers of all, a row for each.

    Every exchange begins with this. So processes that do different things, or have ended, are found before they wait
    for each other. Raises ProcessError then, in all processes.
    """
    own = np.zeros(4)
    own[: len(numbers) + 1] = OPERATIONS.index(operation), *numbers
    table = np.empty((size(), 4))
    communicator().Allgather(own, table)
    if (table[:, 0] != own[0]).any():
        lines = [f"process {i}: {OPERATIONS[int(code)]}" for i, code in enumerate(table[:, 0])]
        raise ProcessError(
            "The processes do different things:",
            "\n  ".join(lines) + "\n  Let all of them make the same calls, equally often.",
        )
    return table[:, 1:]


def barrier() -> None:
    """Wait until all processes are here.

    Raises ProcessError if others do something else or have ended.
    """
    if size() > 1:
        call("wait at a barrier")


def on_rank_0(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function in process 0 only; the others wait. All get its result, which must be one that can be pickled.

    An error is raised in process 0, and as a ProcessError in the others.

    >>> on_rank_0(max, 2, 3)
    3
    """
    if size() == 1:
        return function(*args, **options)
    call("run on rank 0")
    if rank() == 0:
        try:
            result = function(*args, **options)
        except BaseException as error:
            communicator().bcast((f"{type(error).__name__}: {error}", None))
            raise
        return communicator().bcast(("", result))[1]
    failure, result = communicator().bcast(None)
    if failure:
        name = getattr(function, "__name__", repr(function))
        raise ProcessError(f"Process 0 failed in {name}.", failure)
    return result


# -- the end --------------------------------------------------------------------------------------


def end_together(mpi: Any) -> None:
    """Make an uncaught error of this process end all, and an early end of this one an error in the others."""
    before, owner = sys.excepthook, os.getpid()

    def end_all(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if os.getpid() != owner or mpi.Is_finalized():  # a forked process is none of those that train
            before(kind, error, trace)
            return
        if issubclass(kind, ProcessError):
            time.sleep(FIRST)
        with redirect_stderr(io.StringIO()) as text:
            before(kind, error, trace)
        # Written at once, since others may write, too. What `mpiexec` has not yet read when the processes end is lost.
        print(f"Process {rank()} of {size()} failed, which ends all:\n{text.getvalue()}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        time.sleep(SHOWN)
        mpi.COMM_WORLD.Abort(130 if issubclass(kind, KeyboardInterrupt) else 1)

    def leave() -> None:
        if os.getpid() == owner and not mpi.Is_finalized():
            try:
                call("end")
            except ProcessError as error:
                time.sleep(FIRST)  # the others show first what they wait for
                end_all(ProcessError, error, None)

    sys.excepthook = end_all
    atexit.register(leave)
