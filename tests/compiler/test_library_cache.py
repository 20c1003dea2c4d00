"""Compiled libraries on disk: what they are found by, and that no process, user or accident makes them wrong."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading

import pytest

from tinygrad_like.compiler.to_c import library_cache, native, toolchain

from .fakes import SOURCE, calls, copying, fake, finished, libraries, needs_sh, real, started, wait_for

pytestmark = [pytest.mark.usefixtures("cache"), needs_sh, real]


@pytest.fixture
def script(use, tmp_path):
    """A compiler that takes no time."""
    return use(copying(tmp_path / "compiler"))


def again():
    """What another process would load."""
    native.reset()
    return native.load(SOURCE)


def test_a_library_is_compiled_once_and_readable_by_its_user_only(script, cache):
    first = native.load(SOURCE)
    assert again() is not first
    assert len(calls(script)) == 1
    (path,) = libraries(cache)
    assert path.stat().st_mode & 0o777 == path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]
    os.utime(path, (1e9, 1e9))
    again()
    assert path.stat().st_mtime > 1e9  # it was used


def test_what_a_library_depends_on(script, use, monkeypatch):
    keys = [native.key_of(SOURCE, ()), native.key_of(SOURCE + " ", ()), native.key_of(SOURCE, ["-O1"])]
    os.utime(script, (1e9, 1e9))
    native.reset()
    keys.append(native.key_of(SOURCE, ()))
    use(f"{script} -m32")
    keys.append(native.key_of(SOURCE, ()))
    monkeypatch.setattr(toolchain, "machine", lambda: "another")
    keys.append(native.key_of(SOURCE, ()))
    assert len(set(keys)) == len(keys)
    assert native.key_of(SOURCE, ()) == native.key_of(SOURCE, [])
    assert not calls(script)  # it was not run to tell which it is


def test_the_processor_is_told_by_what_does_not_change():
    text = toolchain.machine()
    assert os.uname().machine in text
    assert "MHz" not in text
    if os.path.exists("/proc/cpuinfo"):
        assert "flags" in text or "Features" in text


@pytest.mark.parametrize("damage", [lambda b: b[:1000], lambda b: b"", lambda b: b[:-1] + b"?"])
def test_a_damaged_file_is_compiled_anew(script, cache, damage):
    native.load(SOURCE)
    (path,) = libraries(cache)
    content = path.read_bytes()
    path.unlink()  # this process has it mapped
    path.write_bytes(damage(content))
    path.chmod(0o700)
    assert again().twice
    assert libraries(cache) == [path]
    assert path.read_bytes() == content
    assert len(calls(script)) == 2


def test_a_file_that_cannot_be_loaded_is_compiled_anew(script, cache):
    native.load(SOURCE)
    (path,) = libraries(cache)
    wrong = path.with_name(f"{path.name[:32]}-{library_cache.digest(b'wrong')}{path.suffix}")
    wrong.write_bytes(b"wrong")
    wrong.chmod(0o700)
    path.unlink()
    assert again().twice
    assert len(calls(script)) == 2


def test_what_others_may_have_written_is_not_loaded(script, cache, monkeypatch):
    native.load(SOURCE)
    (path,) = libraries(cache)
    path.chmod(0o722)
    again()
    assert len(calls(script)) == 2
    assert libraries(cache)[0].stat().st_mode & 0o777 == 0o700  # replaced
    path.parent.chmod(0o777)
    assert not again()._name.startswith(str(cache))
    path.parent.chmod(0o700)
    assert again()._name == str(path)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert not list(library_cache.find(path.name[:32]))
    assert library_cache.own() is None


def test_a_place_that_cannot_be_made_is_replaced_by_a_private_one(script, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYGRAD_LIKE_CACHE", str(tmp_path / "file" / "cache"))
    first = native.load(SOURCE)._name
    assert first.startswith(tempfile.gettempdir())
    assert os.stat(os.path.dirname(first)).st_mode & 0o777 == 0o700
    assert again()._name == first
    assert len(calls(script)) == 1


@pytest.mark.skipif(os.name != "posix", reason="homes elsewhere are other variables")
def test_the_place_is_in_the_users_home(monkeypatch, tmp_path):
    monkeypatch.delenv("TINYGRAD_LIKE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    if library_cache.sys.platform != "darwin":
        assert library_cache.preferred() == str(tmp_path / "caches" / "tinygrad_like" / "native")
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says its specification
        monkeypatch.setenv("HOME", str(tmp_path))
        assert library_cache.preferred() == str(tmp_path / ".cache" / "tinygrad_like" / "native")
    monkeypatch.setenv("HOME", str(tmp_path / "absent"))
    assert library_cache.preferred() is None
    assert library_cache.own() is None
    assert not (tmp_path / "absent").exists()


READ_ONLY = """
import os
if os.geteuid() == 0:  # whom no mode stops
    os.setuid(int(os.environ["NOBODY"]))
print(native.load(os.environ["SOURCE"])._name)
print(native.load(os.environ["SOURCE"] + " ")._name)
os.chdir("/")
"""


def test_a_read_only_place_is_read(use, monkeypatch):
    """What is there is used, and what is new goes to a private folder, which is gone at the end."""
    nobody = 65534 if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory() as reachable:  # by everyone, unlike a test's own folder
        os.chmod(reachable, 0o755)
        place = pathlib.Path(reachable) / "cache" / "native"
        monkeypatch.setenv("TINYGRAD_LIKE_CACHE", str(place.parent))
        use(copying(pathlib.Path(reachable) / "compiler"))
        kept = native.load(SOURCE)._name
        for path in (kept, place):
            os.chmod(path, 0o500)
            if nobody != os.geteuid():
                os.chown(path, nobody, nobody)
        output, errors = finished(started(READ_ONLY, SOURCE=SOURCE, NOBODY=nobody))
        os.chmod(place, 0o700)
    assert not errors
    first, second = output.split()
    assert first == kept
    assert not second.startswith(str(place))
    assert not os.path.exists(second)


def test_two_processes_at_once(cache):
    code = "import os; print(native.load(os.environ['SOURCE'])._name)"
    processes = [started(code, SOURCE=SOURCE) for _ in range(2)]
    written = [finished(process) for process in processes]
    assert not any(errors for _, errors in written)
    names = {pathlib.Path(output.strip()) for output, _ in written}
    assert names == {*libraries(cache)}  # one, if the compiler makes the same bytes of the same source


def test_threads_compile_once(use, tmp_path):
    script = use(copying(tmp_path / "compiler", "sleep 0.1"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(native.load(SOURCE))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(map(id, found))) == len(calls(script)) == 1


def test_ctrl_c_ends_the_compiler(use, cache, monkeypatch, tmp_path):
    use(fake(tmp_path / "compiler", f"echo $$ > {tmp_path}/pid; exec sleep 60"))

    def interrupted(process, **options):
        wait_for(tmp_path / "pid")
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        native.load(SOURCE)
    with pytest.raises(ProcessLookupError):
        os.kill(wait_for(tmp_path / "pid"), 0)
    assert not list(cache.glob("native/*"))


def test_a_killed_compile_does_no_harm(script, cache, tmp_path):
    code = "import os; native.load(os.environ['SOURCE'])"
    slow = fake(tmp_path / "slow" / "compiler", f'echo part > "$out"; echo $$ > {tmp_path}/pid; exec sleep 60')
    process = started(code, SOURCE=SOURCE, CC=slow)
    compiler = wait_for(tmp_path / "pid")
    process.kill()
    finished(process)
    os.kill(compiler, signal.SIGKILL)
    (left,) = cache.glob("native/*")
    assert left.name.startswith(library_cache.BUILDING)
    assert native.load(SOURCE).twice
    assert left.exists()  # it might be of a process that still runs
    os.utime(left, (1e9, 1e9))
    native.load(SOURCE + "\n")
    assert not left.exists()


def test_the_least_recently_used_are_deleted(script, cache, monkeypatch):
    monkeypatch.setattr(library_cache, "LIMIT", 3)
    folder = cache / "native"
    folder.mkdir(parents=True, mode=0o700)
    names = [f"{i:032x}-{i:032x}{library_cache.SUFFIX}" for i in range(4)] + [f"{9:032x}.c", "not-ours.so"]
    for age, name in enumerate(names):
        (folder / name).write_text(name)
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    path = native.load(SOURCE)._name
    left = {os.path.basename(path), *names[:2], "not-ours.so"}
    assert {file.name for file in folder.iterdir()} == left


def test_a_forked_process_makes_its_own_private_folder(script, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    code = """
import os
mine = native.load(os.environ["SOURCE"])._name
if child := os.fork():
    os.waitpid(child, 0)
    assert os.path.exists(mine)
else:
    assert library_cache.private() != os.path.dirname(mine)
    assert native.load(os.environ["SOURCE"])._name == mine
print(mine)
"""
    process = started(code, SOURCE=SOURCE, TINYGRAD_LIKE_CACHE=tmp_path / "file" / "cache")
    output, errors = finished(process)
    assert not errors
    names = output.split()
    assert len(names) == 2
    assert not os.path.exists(names[0])
