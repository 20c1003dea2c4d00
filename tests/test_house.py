"""The house: imports point downwards, names are unique, files stay small."""

import ast
import pathlib
import re
import subprocess
import sys

import tinygrad_like

ROOT = pathlib.Path(tinygrad_like.__file__).parent

# From the ground up. A module may import, at module level, only what stands before it.
ORDER = [
    "engine.errors",
    "engine.kinds",
    "engine.recording",
    "engine.writes",
    "engine.storage",
    "engine.node",
    "engine.operators",
    "engine.copying",
    "engine.tensor",
    "engine.guarding",
    "engine.scattered",
    "engine.shortcuts",
    "engine.zeros",
    "engine.autodiff",
    "engine.primitive",
    "engine.custom",
    "primitives.samples",
    "primitives.integers",
    "primitives.arithmetic",
    "primitives.exponential",
    "primitives.trigonometric",
    "primitives.comparison",
    "primitives.reductions",
    "primitives.movement",
    "primitives.indexing",
    "primitives.contraction",
    "primitives.neural",
    "functions",
    "tree",
    "protocols",
    "transforms",
    "nn.initialisers",
    "nn.layer",
    "nn.sequential",
    "nn.layers",
    "differences",
    "checking",
    "optim",
    "picture.graph",
    "picture.merging",
    "picture.collapsing",
    "picture.rolling",
    "picture.neighbourhood",
    "picture.reduction",
    "picture.sharing",
    "picture.numbers",
    "picture.places",
    "picture.arranging",
    "picture.capture",
    "picture.reading",
    "picture.themes",
    "picture.labels",
    "picture.dot",
    "picture.renderer",
    "picture.page",
    "picture.picture",
    "picture.drawing",
    "picture.layer_calls",
    "picture.table",
    "picture.plotted",
    "picture.axes",
    "picture.plots",
    "picture.api",
    "network",
]
# Imported when used, so that importing the package costs little more than NumPy.
STANDARD = set(sys.stdlib_module_names) | {"numpy"}


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        if path.name != "__init__.py":
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def module_level(tree):
    """Statements that run at import; what only type checkers see is left out."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node


def imported(name, path):
    """The modules that a module imports at module level: ours by their names here, others by their tops."""
    known = {each for each, _ in modules()}
    for node in module_level(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".")[: -node.level]
            base = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}".lstrip(".")
                yield full if full in known else base


def test_the_order_names_every_module():
    assert sorted(ORDER) == sorted(name for name, _ in modules())


def test_imports_point_downwards():
    for name, path in modules():
        below = set(ORDER[: ORDER.index(name)])
        for other in imported(name, path):
            assert other in below | STANDARD | {"__future__"}, f"{name} imports {other}"


def test_no_module_shares_its_name_with_a_public_function():
    names = {name.split(".")[-1] for name, _ in modules()}
    assert not names & set(tinygrad_like.__all__)


def test_importing_loads_numpy_only():
    code = "import sys, tinygrad_like; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & {"tqdm", "graphviz", "hypothesis", "scipy", "matplotlib", "pytest"}


def test_importing_does_not_load_the_slow_parts_of_numpy():
    code = "import sys, numpy; before = set(sys.modules); import tinygrad_like; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith("numpy")]


def test_files_and_functions_stay_small():
    for name, path in modules():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, f"{name} is too long"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                documentation = (ast.get_docstring(node, clean=False) or "").count("\n") + 1
                assert node.end_lineno - node.lineno - documentation <= 45, f"{name}.{node.name} is too long"


def test_no_ignores_for_names():
    for name, path in modules():
        ignores = re.findall(r"(?:noqa|type: ignore).*", path.read_text(encoding="utf-8"))
        assert not [i for i in ignores if re.search(r"F8|F40|name-defined|no-redef", i)], name


def test_rules_stand_in_primitives_only():
    """Nothing outside the tables (and the record itself) declares a derivative rule."""
    for name, path in modules():
        if not name.startswith(("primitives.", "engine.primitive")):
            calls = re.findall(r"= (elementwise|multilinear|reduction|general|constant)\(", path.read_text("utf-8"))
            assert not calls, name
