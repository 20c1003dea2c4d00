"""Compilers for tests: the one of this machine, and scripts that stand in for one."""

import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from tinygrad_like.compiler.to_c import native, toolchain

SOURCE = """
#include <math.h>
double twice(double x) { return 2.0 * x; }
double muladd(double a, double b, double c) { return a * b + c; }
int is_nan(double x) { return x != x; }
double root(double x) { return sqrt(x); }
double call(double (*f)(double), double x) { return f(x); }
"""
# What a script that stands in for a compiler begins with: $out is where the result goes.
SCRIPT = """#!/bin/sh
echo "$@" >> {log}
for word; do [ "$before" = -o ] && out=$word; before=$word; done
"""
real = pytest.mark.skipif(not toolchain.compiler(), reason="no C compiler on this machine")
needs_sh = pytest.mark.skipif(os.name != "posix", reason="the scripts that stand in for a compiler need a shell")


@functools.cache
def prebuilt():
    """A library of SOURCE, copied by scripts that stand in for a compiler."""
    command = toolchain.compiler()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tinygrad_like-tests-"))
    atexit.register(shutil.rmtree, folder)
    folder.chmod(0o755)  # a test runs as another user
    (folder / "source.c").write_text(SOURCE)
    output = folder / "library.so"
    words = [*command, *toolchain.FLAGS, *toolchain.SHARED, folder / "source.c", "-o", output, "-lm"]
    subprocess.run(words, check=True, cwd=folder)
    return output


def fake(path, body):
    """A script at `path`; what it was called with is in `path.log`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(log=f"{path}.log") + body)
    path.chmod(0o755)
    return path


def copying(path, before=""):
    """A script that takes the library of SOURCE for the result, whatever the source."""
    return fake(path, f'{before}\ncp {prebuilt()} "$out"')


def calls(script):
    log = pathlib.Path(f"{script}.log")
    return log.read_text().splitlines() if log.exists() else []


def libraries(cache):
    return sorted(path for path in cache.glob("native/*") if path.suffix == native.library_cache.SUFFIX)


# These processes load the modules that compile, and neither NumPy nor the rest of the package: so they start fast.
ALONE = """
import sys, types
def module(name, **attributes):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(attributes)
module("numpy", __file__="numpy/__init__.py")
module("tinygrad_like", __path__=[{root!r}])
module("tinygrad_like.engine", __path__=[{root!r} + "/engine"])
from tinygrad_like.compiler.to_c import library_cache, native
"""


def started(code, **environment):
    """Another process that runs `code`, which has `native` and `library_cache`."""
    root = str(pathlib.Path(native.__file__).parents[2])
    variables = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    command = [sys.executable, "-c", ALONE.format(root=root) + code]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=variables, stdout=pipe, stderr=pipe, text=True)


def finished(process):
    """What a process has written to its output, and to its errors, when it is at its end."""
    with process:
        try:
            return process.communicate(timeout=60)
        finally:
            process.kill()


def wait_for(path):
    """The number that a script writes to a file."""
    for _ in range(1000):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"{path} did not come")


def has_ended(process):
    """Whether a process ends; until its parent has waited for it, it is a zombie."""
    for _ in range(1000):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        status = pathlib.Path(f"/proc/{process}/stat")
        if status.exists() and status.read_text().split()[2] == "Z":
            return True
        time.sleep(0.01)
    return False
