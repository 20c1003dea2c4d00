"""C source text in, a loaded library out: compiled once, then found on disk."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Sequence

from ...engine.errors import CompilerError
from . import library_cache, toolchain
from .toolchain import TIME_LIMIT, compiler

__all__ = ["build_executable", "compiler", "load", "reset"]

_loaded: dict[tuple[str, bool], ctypes.CDLL] = {}
_locks: dict[str, threading.Lock] = {}  # by key: a second thread waits for the first one's library
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_locks.clear)  # the threads that held them are not there any more


def load(source: str, flags: Sequence[str] = (), *, gil: bool = True, timeout: float = TIME_LIMIT) -> ctypes.CDLL:
    """The library that a C99 source makes, loaded.

    It is compiled once, with `toolchain.FLAGS` and then `flags`, and kept on disk. Later processes load it from there.
    With `gil` it is a `ctypes.PyDLL`: its functions hold Python's lock and may call Python. Without, a `ctypes.CDLL`:
    other threads run meanwhile. Both may be loaded of one source, and share its static variables.

    Raises MissingError without a compiler, CompilerError, with the compiler's message, if it fails, takes longer
    than `timeout` seconds, or if what it makes cannot be loaded, and ArgumentError for flags that change the
    arithmetic, such as -ffast-math.
    """
    key = key_of(source, flags)
    library = _loaded.get((key, gil))
    if library is None:
        with _locks.setdefault(key, threading.Lock()):
            library = _loaded.get((key, gil))
            if library is None:
                opener = ctypes.PyDLL if gil else ctypes.CDLL
                library = from_disk(key, opener) or compiled(source, flags, key, opener, timeout)
                _loaded[key, gil] = library
    return library


def reset() -> None:
    """Forgets which compiler was found and which libraries are loaded, for tests. Those in use stay loaded."""
    _loaded.clear()
    compiler.cache_clear()
    toolchain.identity.cache_clear()
    toolchain._untuned.clear()


def key_of(source: str, flags: Sequence[str]) -> str:
    """What a library depends on: the source, the flags, the compiler and the processor."""
    used = (*toolchain.FLAGS, toolchain.TUNED, *toolchain.SHARED, *toolchain.checked(flags))
    parts = (source, "\0".join(used), toolchain.identity(toolchain.required()), toolchain.machine())
    return library_cache.digest(*(part.encode() for part in parts))


def from_disk(key: str, opener: type[ctypes.CDLL]) -> ctypes.CDLL | None:
    for path in library_cache.find(key):
        try:
            return opener(path)
        except OSError:  # deleted meanwhile, or linked in another system: a fresh one says what is wrong
            continue
    return None


def compiled(source: str, flags: Sequence[str], key: str, opener: type[ctypes.CDLL], timeout: float) -> ctypes.CDLL:
    with library_cache.building() as folder:
        # The file has the name of its key: macOS tells libraries apart by the name that they were built with.
        built = os.path.join(folder, key + library_cache.SUFFIX)
        build(source, built, (*toolchain.SHARED, *flags), folder, timeout)
        path = library_cache.store(built, key)
    try:
        return opener(path)
    except OSError as error:
        library_cache.discard(path)
        raise CompilerError(
            "The compiled C library could not be loaded.",
            f"{error}\n  If programs may not run in that folder, name another in TINYGRAD_LIKE_CACHE.",
        ) from error


def build_executable(source: str, path: str, flags: Sequence[str] = (), *, timeout: float = TIME_LIMIT) -> None:
    """Compiles a C99 source with a `main` to a program at `path`, with `toolchain.FLAGS` and then `flags`.

    Nothing is kept on disk but the program. Raises as `load` does.
    """
    with library_cache.building() as folder:
        build(source, os.path.abspath(path), toolchain.checked(flags), folder, timeout)


def build(source: str, output: str, flags: Sequence[str], folder: str, timeout: float) -> None:
    """Compiles a text in a folder; if that fails, the source is kept beside the folder."""
    text = source.encode()
    file = os.path.join(folder, "program.c")
    with open(file, "wb") as stream:
        stream.write(text)
    kept = os.path.join(os.path.dirname(folder), library_cache.digest(text) + ".c")
    toolchain.build(file, output, flags, kept, timeout)
