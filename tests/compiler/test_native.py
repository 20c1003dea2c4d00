"""C source becomes a loaded library: what it computes, how a compiler is found, and what its failures look like."""

import ctypes
import importlib.util
import os
import pathlib
import subprocess

import numpy as np
import pytest

from tinygrad_like.compiler.to_c import native, toolchain
from tinygrad_like.engine.errors import ArgumentError, CompilerError, MissingError

from .fakes import SOURCE, calls, copying, fake, has_ended, libraries, needs_sh, real, wait_for

double = ctypes.c_double


pytestmark = pytest.mark.usefixtures("cache")


def typed(function, *arguments):
    function.restype, function.argtypes = double, arguments
    return function


@real
def test_a_library_computes_as_numpy_does():
    tiny = np.array([5e-324, 2.3e-308])
    library = native.load(SOURCE)
    assert type(library) is ctypes.PyDLL
    assert typed(library.twice, double)(4.0) == 8.0
    a, b, c = 1.0 + 2.0**-30, 1.0 - 2.0**-30, -1.0
    assert typed(library.muladd, double, double, double)(a, b, c) == np.float64(a) * np.float64(b) + c == 0.0
    library.is_nan.argtypes = [double]
    assert library.is_nan(np.nan) == 1
    assert np.isnan(typed(library.root, double)(-1.0))
    assert library.twice(5e-324) == 1e-323
    assert (tiny * 0.5 > 0.0).tolist() == [False, True]  # denormal numbers are there after loading, too
    callback = ctypes.PYFUNCTYPE(double, double)(lambda x: x + 1.0)
    assert typed(library.call, type(callback), double)(callback, 2.0) == 3.0
    assert native.load(SOURCE) is library
    without = native.load(SOURCE, gil=False)
    assert type(without) is ctypes.CDLL
    assert without._name == library._name


@real
def test_a_program_has_denormal_numbers_and_is_watched_by_sanitizers(tmp_path):
    source = """
    #include <stdio.h>
    int main(int count, char **words) {
        volatile double tiny = 2.3e-308;
        int a[2] = {1, 2};
        printf("%g %d", tiny * 0.5, a[count]);
        return words == 0;
    }
    """
    path = tmp_path / "program"
    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"]
    native.build_executable(source, str(path), flags)
    assert subprocess.run([path], capture_output=True, text=True, check=True).stdout == "1.15e-308 2"
    try:
        native.build_executable(source, str(path), [*flags, "-fsanitize=address,undefined"], timeout=30)
    except CompilerError as error:
        pytest.skip(f"no sanitizers here: {error.details.splitlines()[1]}")
    assert subprocess.run([path], capture_output=True).returncode == 0
    wrong = subprocess.run([path, "more"], capture_output=True, text=True)
    assert "out of bounds" in wrong.stderr
    assert not list((tmp_path / "cache" / "native").glob("*"))


@real
@needs_sh
def test_no_flag_changes_the_arithmetic(cache, use, tmp_path):
    script = use(copying(tmp_path / "compiler"))
    native.load(SOURCE, ["-O1"])
    (line,) = calls(script)
    assert not [word for word in line.split() if word.startswith(toolchain.REFUSED) or "fast" in word]
    assert "-ffp-contract=off" in line.split()
    assert line.split().index("-O3") < line.split().index("-O1")  # one's own flags come later, so they win
    for flag in ("-Ofast", "-ffast-math", "-ffinite-math-only", "-mdaz-ftz"):
        with pytest.raises(ArgumentError, match=flag):
            native.load(SOURCE, [flag])
        with pytest.raises(ArgumentError, match=flag):
            native.build_executable(SOURCE, str(tmp_path / "program"), [flag])
        use(f"{script} {flag}")
        with pytest.raises(ArgumentError, match=flag):
            native.load(SOURCE)
        use(script)
    with pytest.raises(ArgumentError, match="list"):
        native.load(SOURCE, "-O1 -g")
    assert len(calls(script)) == 1


def hide_zig(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "ziglang" else find(name))


def test_without_a_compiler(monkeypatch, cache):
    hide_zig(monkeypatch)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    assert native.compiler() is None
    with pytest.raises(MissingError, match=r"neither cc, gcc, clang(.|\n)*pip install 'tinygrad_like\[native\]'"):
        native.load(SOURCE)
    assert not cache.exists()


@needs_sh
def test_the_first_compiler_found_is_used(monkeypatch, tmp_path):
    hide_zig(monkeypatch)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("clang", "gcc", "cc"):
        script = fake(tmp_path / "bin" / name, "")
        native.reset()
        assert native.compiler() == (str(script),)
    script.unlink()
    assert native.compiler() == (str(script),)  # it was looked for once
    native.reset()
    assert native.compiler() == (str(tmp_path / "bin" / "gcc"),)


@needs_sh
@pytest.mark.parametrize("command", ["{} -m32", "'{}' -m32", "{}"])
def test_cc_may_have_arguments_and_spaces(use, tmp_path, command):
    spaced = "'" in command or command == "{}"
    script = fake(tmp_path / ("my tools" if spaced else "tools") / "compiler", "")
    use(command.format(script))
    assert native.compiler() == (str(script), *(["-m32"] if "-m32" in command else []))


@pytest.mark.parametrize("command", ["no-such-compiler -O1", "'open"])
def test_a_wrong_cc_is_not_replaced_by_another(use, command):
    use(command)
    assert native.compiler() is None
    with pytest.raises(MissingError, match=r"CC is .*(no-such|open)(.|\n)*unset CC"):
        native.load(SOURCE)


@needs_sh
def test_a_failing_compiler_shows_its_message(cache, use, tmp_path):
    script = use(fake(tmp_path / "compiler", "seq -f 'line %g' 1 50 >&2; exit 3"))
    with pytest.raises(CompilerError) as caught:
        native.load(SOURCE)
    message = str(caught.value)
    assert str(script) in message
    assert "line 20\n" in message
    assert "line 21" not in message
    assert "30 more lines" in message
    assert "exit status is 3" in message
    (kept,) = cache.glob("native/*")  # and no folder of the failed compile
    assert str(kept) in message
    assert kept.read_text() == SOURCE


@real
def test_what_is_wrong_in_c_is_told(cache):
    with pytest.raises(CompilerError, match="undeclared"):
        native.load("double f(double x) { return undeclared(x); }")
    with pytest.raises(CompilerError, match="absent"):
        native.load("double absent(double); double f(double x) { return absent(x); }")
    assert not libraries(cache)


@needs_sh
def test_a_compiler_that_cannot_be_started(use, tmp_path):
    script = fake(tmp_path / "compiler", "")
    script.write_text("#!/no/such/interpreter\n")
    use(script)
    with pytest.raises(CompilerError, match="could not be started"):
        native.load(SOURCE)


@needs_sh
def test_a_compiler_that_writes_nothing(use, tmp_path):
    use(fake(tmp_path / "compiler", ""))
    with pytest.raises(CompilerError, match="wrote no"):
        native.load(SOURCE)


@needs_sh
def test_a_compiler_that_hangs_is_stopped_with_all_that_it_started(use, monkeypatch, tmp_path):
    script = use(fake(tmp_path / "compiler", f"sleep 60 & echo $! > {tmp_path}/child; wait"))
    communicate = subprocess.Popen.communicate

    def late(process, timeout):
        wait_for(tmp_path / "child")
        return communicate(process, timeout=timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", late)
    with pytest.raises(CompilerError, match=r"stopped after 0\.01 seconds"):
        native.load(SOURCE, timeout=0.01)
    assert len(calls(script)) == 1
    assert has_ended(wait_for(tmp_path / "child"))


@real
@needs_sh
def test_a_compiler_that_does_not_know_this_processor(use, tmp_path):
    script = use(copying(tmp_path / "compiler", 'case "$*" in *-march=native*) exit 1;; esac'))
    native.load(SOURCE)
    native.load(SOURCE + "\n")
    assert ["-march=native" in line for line in calls(script)] == [True, False, False]


def test_the_package_ziglang_comes_last(monkeypatch, tmp_path, request):
    package = importlib.util.find_spec("ziglang")
    if package is None:
        pytest.skip("the package ziglang is not installed")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    kept = pathlib.Path(os.path.expanduser("~")) / ".cache" / "zig"
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(kept)))
    native.reset()
    assert "ziglang" in native.compiler()[0]
    library = native.load(SOURCE)
    assert typed(library.twice, double)(5e-324) == 1e-323
    a, b = 1.0 + 2.0**-30, 1.0 - 2.0**-30
    assert typed(library.muladd, double, double, double)(a, b, -1.0) == 0.0
