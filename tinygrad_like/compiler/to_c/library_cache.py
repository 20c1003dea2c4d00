"""The compiled libraries on disk, found again by a key.

The name of a file has its key and a checksum of its content, so one file needs no other to be trusted, and a
damaged one is found before it is loaded. Files are built in a folder of their own, then moved to their place.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator

LIMIT = 500  # files; the least recently used are deleted
DAY = 86_400.0  # seconds, after which what a killed compile left is deleted
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
OURS = re.compile(r"[0-9a-f]{32}(-[0-9a-f]{32}\.(so|dll|dylib)|\.c)")
BUILDING = "build-"

_private: dict[int, str] = {}  # by process, so that a forked one makes its own


def digest(*parts: bytes) -> str:
    """A short hash of several texts, each with its length."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little") + part)
    return hashed.hexdigest()[:32]


def preferred() -> str | None:
    """Where this user's libraries belong, existing or not; None if the user has no home."""
    if chosen := os.environ.get("TINYGRAD_LIKE_CACHE"):
        return os.path.join(os.path.abspath(os.path.expanduser(chosen)), "native")
    home = os.path.realpath(os.path.expanduser("~"))
    caches = os.environ.get("XDG_CACHE_HOME", "")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = caches if os.path.isabs(caches) else os.path.join(home, ".cache")
    # Under sudo the home is another user's, who could not write to a folder made there.
    usable = base == caches or is_own(home, others=0)
    return os.path.join(base, "tinygrad_like", "native") if base and usable else None


def is_own(path: str, others: int = 0o022) -> bool:
    """Whether a file or folder belongs to this user, and no other can write to it; Windows sees to that itself."""
    if sys.platform == "win32":
        return os.path.exists(path)
    try:
        status = os.lstat(path)
    except OSError:
        return False
    kind = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    return kind and status.st_uid == os.geteuid() and not status.st_mode & others


def own() -> str | None:
    """The folder that was preferred, made if need be; None if it cannot be trusted."""
    place = preferred()
    if place is None:
        return None
    with contextlib.suppress(OSError):  # it is there, or cannot be made
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.mkdir(place, 0o700)
    place = os.path.realpath(place)
    return place if is_own(place) else None


def private() -> str:
    """A folder of this process, deleted when it ends: for libraries that cannot be kept."""
    process = os.getpid()
    if not is_own(_private.get(process, "")):  # none yet, or somebody has cleared the folder of temporary files
        path = _private[process] = tempfile.mkdtemp(prefix="tinygrad_like-")
        atexit.register(remove, path, process)
    return _private[process]


def remove(path: str, process: int) -> None:
    if os.getpid() == process:  # and not one that was forked
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def building() -> Iterator[str]:
    """A new folder for one compile, beside the libraries if that can be. It is deleted at the end."""
    folder = None
    if place := own():
        with contextlib.suppress(OSError):  # read-only, or full
            folder = tempfile.mkdtemp(prefix=BUILDING, dir=place)
    folder = folder or tempfile.mkdtemp(prefix=BUILDING, dir=private())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find(key: str) -> Iterator[str]:
    """The libraries of a key that are whole; those that are damaged are deleted."""
    paths: list[str] = []
    for place in (own(), _private.get(os.getpid(), "")):
        if place and is_own(place):
            with os.scandir(place) as entries:
                paths += [entry.path for entry in entries if entry.name.startswith(key + "-")]
    for path in filter(is_own, paths):
        if path == named(path, key):
            with contextlib.suppress(OSError):  # read-only; its time only says that it was used
                os.utime(path)
            yield path
        else:
            discard(path)


def named(path: str, key: str) -> str:
    """The path that a file with this content has in its folder."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:  # another process has deleted it
        return ""
    return os.path.join(os.path.dirname(path), f"{key}-{digest(content)}{SUFFIX}")


def store(built: str, key: str) -> str:
    """Moves a library out of the folder in which it was built, and returns its path."""
    place = os.path.dirname(os.path.dirname(built))
    os.chmod(built, 0o700)
    path = os.path.join(place, os.path.basename(named(built, key)))
    if not is_own(path) or named(path, key) != path:  # else it is there, and Windows replaces none in use
        os.replace(built, path)
    prune(place)
    return path


def prune(place: str) -> None:
    """Deletes the least recently used files beyond LIMIT, and what killed compiles left a day ago."""
    files = []
    with os.scandir(place) as entries:
        for entry in entries:
            try:
                used = entry.stat(follow_symlinks=False).st_mtime
            except FileNotFoundError:  # another process was faster
                continue
            if entry.name.startswith(BUILDING) and time.time() - used > DAY:
                shutil.rmtree(entry.path, ignore_errors=True)
            elif OURS.fullmatch(entry.name):
                files.append((used, entry.path))
    for _, path in sorted(files, reverse=True)[LIMIT:]:
        discard(path)


def discard(path: str) -> None:
    with contextlib.suppress(OSError):  # gone already, in a read-only folder, or in use on Windows
        os.unlink(path)
