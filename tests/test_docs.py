"""Every block of the README and the docs runs, and shows what it really prints."""

import doctest
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import pytest

import tinygrad_like
from docs.make_layers import page as page_of_layers
from docs.make_primitives import table

ROOT = pathlib.Path(__file__).parent.parent
# The gallery is made, and so run, by its own test.
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "gallery.md"})]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def run_example(tmp_path):
    """Runs an example where another tinygrad_like is installed, which must not be used."""
    other = tmp_path / "tinygrad_like"
    other.mkdir()
    (other / "__init__.py").write_text("raise ImportError('not the package of this checkout')")

    def run(path, *arguments):
        command = [sys.executable, "-W", "error", str(path), *arguments]
        path_before = os.environ.get("PYTHONPATH", "")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(tmp_path), path_before)))}
        environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")  # other tests run beside it
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, encoding="utf-8", env=environment
        )

    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks(page):
    names, absent = {}, [each for each in ("scipy", "torch", "jax") if not importlib.util.find_spec(each)]
    skipped = []
    for number, block in enumerate(blocks(page, "python")):
        if missing := [each for each in absent if re.search(rf"^>>> (import|from) {each}\b", block, re.MULTILINE)]:
            skipped += missing
            continue
        if ">>>" not in block:
            exec(compile(block, f"{page.name}, block {number}", "exec"), names)
            continue
        test = doctest.DocTestParser().get_doctest(block, names, f"{page.name}, block {number}", str(page), 0)
        report = []
        failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
        assert not failed, "".join(report)
        names.update(test.globs)
    if skipped:
        pytest.skip(f"{page.name}: {skipped[0]} is absent, so {len(skipped)} of its blocks did not run; all others did")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_languages(page):
    used = set(re.findall(r"^```(\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert used <= {"python", "console", "text"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_is_passed_over(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"^[ \t]+```", text, re.MULTILINE), "an indented block would not be run"
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert ">>>" not in outside


XOR = ROOT / "examples" / "xor.py"  # the longest runs once, below
EXAMPLES = sorted({*(ROOT / "examples").glob("*.py")} - {ROOT / "examples" / "checkout.py", XOR})
SHORTER = {"digits.py": "1", "characters.py": "20", "training_film.py": "10"}  # training that is not carried through


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(example, run_example):
    if "sklearn" in example.read_text(encoding="utf-8"):
        pytest.importorskip("sklearn", reason=f"{example.name} needs scikit-learn")
    if example.name == "sharded.py":
        pytest.importorskip("jax", reason="sharded.py needs jax")
    result = run_example(example, *([SHORTER[example.name]] if example.name in SHORTER else ()))
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_the_readme_shows_what_the_xor_example_prints(run_example):
    shown = blocks(ROOT / "README.md", "console")[0].splitlines()
    assert shown[0].endswith("python examples/xor.py")
    result = run_example(XOR)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == shown[2:]
    assert "10000/10000" in result.stderr


def test_the_table_of_primitives_is_the_registry():
    assert (ROOT / "docs" / "primitives.md").read_text(encoding="utf-8") == table()


def test_the_tables_of_layers_are_the_package():
    shown = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    assert shown == page_of_layers(), "docs/layers.md is out of date: python -m docs.make_layers"
    assert "### Others" not in shown, "a module of layers has no family in docs/make_layers.py"


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_everything_public_is_documented():
    for name in tinygrad_like.__all__:
        each = getattr(tinygrad_like, name)
        assert len(each.__doc__ or "") > 10, name


def test_the_readme_names_every_file_of_the_engine_and_every_folder():
    text, package = (ROOT / "README.md").read_text(encoding="utf-8"), ROOT / "tinygrad_like"
    files = [path.name for path in (*package.glob("*.py"), *package.glob("engine/*.py")) if path.stem != "__init__"]
    folders = [f"{path.parent.name}/" for path in package.glob("*/__init__.py")]
    assert [each for each in (*files, *folders) if each not in text] == []
    named = re.findall(r"`(\w+\.py)`", text)
    assert set(named) <= {path.name for path in ROOT.rglob("*.py")}


def test_the_gallery_is_what_its_script_makes(tmp_path):
    pytest.importorskip("matplotlib", reason="the plots of the gallery need matplotlib")
    command = [sys.executable, "-W", "error", "-m", "docs.make_gallery", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300, capture_output=True)
    shown = ROOT / "docs" / "gallery"
    assert (tmp_path / "gallery.md").read_text("utf-8") == (ROOT / "docs" / "gallery.md").read_text("utf-8")
    assert sorted(path.name for path in (tmp_path / "gallery").iterdir()) == sorted(p.name for p in shown.iterdir())
    for path in (tmp_path / "gallery").glob("*.svg"):
        made, kept = (re.findall("<text[^>]*>([^<]*)<", each.read_text("utf-8")) for each in (path, shown / path.name))
        assert made == kept, f"{path.name} is out of date: python -m docs.make_gallery"
