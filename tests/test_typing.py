"""Users of type checkers: pyright and mypy accept their code, and find their mistakes."""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import pytest

from tests import typed_users

HERE = pathlib.Path(__file__).parent
USERS, MISTAKES = HERE / "typed_users.py", HERE / "typed_mistakes.py"


def pyright(folder):
    """(file, line, message) of each error; basedpyright is pyright that needs no network, and here as strict as it."""
    settings = {
        "typeCheckingMode": "standard",
        "extraPaths": [str(HERE.parent)],
        "include": [str(USERS), str(MISTAKES)],
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["basedpyright", "--outputjson", "--project", str(folder), "--pythonpath", sys.executable]
    result = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    for each in json.loads(result.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            yield pathlib.Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"]


def mypy(folder):
    """(file, line, message) of each error, with --strict; errors inside the package are for the package's own check."""
    options = [
        "--strict",
        "--config-file=",
        "--follow-imports=silent",
        f"--cache-dir={folder}",
        str(USERS),
        str(MISTAKES),
    ]
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", *options]
    result = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    for file, line, message in re.findall(r"^(.+?):(\d+): error: (.+)$", result.stdout, re.MULTILINE):
        yield pathlib.Path(file).name, int(line), message


@pytest.mark.parametrize("check", [pyright, mypy])
def test_type_checkers_accept_users_and_find_mistakes(check, tmp_path):
    name = {pyright: "basedpyright", mypy: "mypy"}[check]
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed; the extra `test` has it")
    errors = list(check(tmp_path))
    lines = MISTAKES.read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# mistake")}
    assert [each for each in errors if each[0] != MISTAKES.name] == []
    found = {line for file, line, _ in errors if file == MISTAKES.name}
    assert found - marked == set(), errors
    assert marked - found == set()


@pytest.mark.parametrize("example", typed_users.EXAMPLES, ids=lambda example: example.__name__)
def test_what_type_checkers_accept_runs(example, capsys):
    example()
