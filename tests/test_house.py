"""The house: imports point downwards, names are unique, files stay small."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

import tinygrad_like
from tinygrad_like import families

ROOT = pathlib.Path(tinygrad_like.__file__).parent

# From the ground up. A module may import, at module level, only what stands before it.
ORDER = [
    "engine.callers",
    "engine.errors",
    "engine.scipy_loading",
    "engine.refusals",
    "engine.traces",
    "engine.kinds",
    "engine.warned",
    "engine.recording",
    "engine.blocks",
    "engine.allocating",
    "engine.writes",
    "engine.storage",
    "engine.complex_numbers",
    "engine.node",
    "engine.operators",
    "engine.late",
    "engine.methods",
    "engine.copying",
    "engine.tensor",
    "engine.assigning",
    "engine.views",
    "engine.guarding",
    "engine.batches.batched",
    "engine.shortcuts",
    "engine.scattered",
    "engine.batches.batched_ufuncs",
    "engine.batches.batched_shapes",
    "engine.batches.batched_parts",
    "engine.batches.batched_stacks",
    "engine.zeros",
    "engine.waiting",
    "engine.autodiff",
    "engine.forward",
    "engine.several",
    "engine.arguments",
    "engine.primitive",
    "engine.registry",
    "engine.custom",
    "primitives.samples",
    "primitives.integers",
    "primitives.trigonometric",
    "primitives.complexes",
    "primitives.arithmetic",
    "primitives.exponential",
    "primitives.bessel",
    "primitives.error_function",
    "primitives.choices",
    "primitives.constants",
    "primitives.reductions",
    "primitives.cumulative",
    "primitives.counting",
    "primitives.movement",
    "primitives.indexing",
    "primitives.gathering",
    "primitives.shifting",
    "primitives.contraction",
    "primitives.correlation",
    "primitives.stacks",
    "primitives.lapack",
    "primitives.triangle_inverse",
    "primitives.linear_algebra",
    "primitives.fourier",
    "primitives.triangular",
    "primitives.factored",
    "primitives.structured",
    "primitives.matrix_equations",
    "primitives.matrix_functions",
    "primitives.solving",
    "primitives.orthogonal",
    "primitives.repeated",
    "primitives.eigen",
    "primitives.singular",
    "primitives.pseudoinverse",
    "primitives.fitting",
    "primitives.eigenvalues",
    "primitives.neural",
    "primitives.recurrence",
    "primitives.alignments",
    "primitives.pooling",
    "primitives.activating",
    "primitives.standardising",
    "primitives.attention",
    "functions.selecting",
    "functions.sorting",
    "functions.sets",
    "functions.creating",
    "functions.shaping",
    "functions.joining",
    "functions.padding",
    "functions.pointwise",
    "functions.products",
    "functions.einsum",
    "functions.matrices",
    "functions.factoring",
    "functions.least_squares",
    "functions.convolution",
    "functions.filtering",
    "functions.frequencies",
    "functions.scans",
    "functions.neighbours",
    "functions.diagonals",
    "functions.ordered",
    "functions.averages",
    "functions.interpolation",
    "functions.histograms",
    "functions.totals",
    "functions.statistics",
    "functions.polynomials",
    "functions.nans",
    "functions.ufuncs",
    "functions.spectra",
    "functions.norms",
    "functions.networks",
    "functions.recurring",
    "functions.embedding",
    "losses.loss_reduction",
    "losses.loss_inputs",
    "losses.loss_pieces",
    "losses.distances",
    "losses.class_losses",
    "losses.binary_losses",
    "losses.margin_losses",
    "losses.similarities",
    "losses.likelihoods",
    "losses.sequence_losses",
    "functions.pools",
    "functions.adaptive_pools",
    "functions.margins",
    "functions.rearranging",
    "functions.resizing",
    "random",
    "functions.nonlinearities",
    "functions.normalising",
    "functions.dropping",
    "functions.masking",
    "functions.attending",
    "functions.positions",
    "tree",
    "families",
    "primitives.scipy_special.orders",
    "primitives.scipy_special.gaussians",
    "primitives.scipy_special.gammas",
    "primitives.scipy_special.incomplete",
    "primitives.scipy_special.cylinders",
    "primitives.scipy_special.entropies",
    "primitives.scipy_special.exponentials",
    "scipy_families",
    "protocols",
    "special",
    "numpy.lists",
    "numpy.making",
    "numpy.brackets",
    "numpy.vectorizing",
    "numpy.linalg",
    "numpy.fft",
    "linalg.operands",
    "linalg.systems",
    "linalg.inverses",
    "linalg.functions_of_matrices",
    "linalg.equations",
    "linalg.building",
    "linalg.by_numpy",
    "transforms.choosing",
    "transforms.structure",
    "transforms.evaluation",
    "transforms.holomorphic",
    "transforms.batching",
    "transforms.reverse",
    "transforms.forward",
    "nn.initialisers",
    "nn.functional",
    "nn.finding",
    "nn.state",
    "nn.layer",
    "nn.sequential",
    "nn.containers",
    "nn.copies",
    "nn.substitution",
    "nn.activation_layers",
    "nn.layers",
    "nn.conv_layers",
    "nn.recurrent_layers",
    "nn.recurrent_cells",
    "nn.embedding_layers",
    "nn.bilinear_layers",
    "nn.distance_layers",
    "nn.loss_layers",
    "nn.pool_layers",
    "nn.pad_layers",
    "nn.shape_layers",
    "nn.norm_layers",
    "nn.dropout_layers",
    "nn.attention_layers",
    "nn.position_layers",
    "nn.transformer_layers",
    "nn.transformers",
    "nn.reparametrising",
    "differences",
    "checking",
    "optim.settings",
    "optim.parts",
    "optim.loading",
    "optim.optimizer",
    "optim.descent",
    "optim.signs",
    "optim.scaled",
    "optim.adam",
    "optim.adam_variants",
    "optim.by_shape",
    "optim.line_search",
    "optim.quasi_newton",
    "optim.scheduling",
    "optim.schedules",
    "optim.cycles",
    "optim.plateau",
    "optim.combined_schedules",
    "optim.lr_scheduler",
    "optim.clipping",
    "optim.averaging",
    "picture.progress",
    "picture.graphs.graph",
    "picture.graphs.columns",
    "picture.graphs.rows",
    "picture.graphs.rolling",
    "picture.graphs.repeats",
    "picture.graphs.neighbourhood",
    "picture.graphs.reducing",
    "picture.graphs.titles",
    "picture.written.numbers",
    "picture.written.excerpts",
    "picture.captured.places",
    "picture.graphs.arranging",
    "picture.captured.wording",
    "picture.captured.cards",
    "picture.captured.capture",
    "picture.captured.thinning",
    "picture.captured.reading",
    "picture.written.themes",
    "picture.written.lettering",
    "picture.written.crossings",
    "picture.written.cells",
    "picture.written.heat",
    "picture.written.heat_images",
    "picture.written.labels",
    "picture.written.changes",
    "picture.graphs.comparing",
    "picture.options",
    "picture.written.turns",
    "picture.written.legend",
    "picture.written.dot",
    "picture.written.renderer",
    "picture.fitting",
    "picture.telling.formulas",
    "picture.telling.markup",
    "picture.telling.sums",
    "picture.telling.letters",
    "picture.telling.steps",
    "picture.telling.shares",
    "picture.telling.sentences",
    "picture.telling.telling",
    "picture.pages.page",
    "picture.pages.notebook",
    "picture.picture",
    "picture.drawing",
    "picture.api",
    "summaries.layer_calls",
    "summaries.table",
    "summaries.summarizing",
    "plots.data",
    "plots.axes",
    "plots.history",
    "plots.boundaries",
    "plots.gradient_flow",
    "picture.animations.units",
    "picture.animations.frames",
    "picture.animations.animation",
    "picture.animations.animating",
    "saving.encoding",
    "saving.formats",
    "saving.files",
    "distributed.processes",
    "distributed.exchanging",
    "distributed.gradient_means",
    "distributed.equal_states",
    "distributed.sharding",
    "distributed.checkpoints",
    "compiler.tracing.program",
    "compiler.tracing.agreement",
    "compiler.tracing.gradients",
    "compiler.tracing.traced",
    "compiler.tracing.before",
    "compiler.tracing.places",
    "compiler.tracing.refusing",
    "compiler.tracing.shapes_only",
    "compiler.tracing.tracing",
    "compiler.tracing.capture",
    "compiler.tracing.replay",
    "compiler.tracing.unrecorded",
    "compiler.passes.collecting",
    "compiler.passes.aliasing",
    "compiler.passes.rewriting",
    "compiler.passes.placing",
    "compiler.passes.repetitions",
    "compiler.passes.passes",
    "compiler.to_numpy.buffers",
    "compiler.mentions",
    "compiler.holders",
    "compiler.to_numpy.memory_names",
    "compiler.to_numpy.spelling",
    "compiler.to_numpy.naming",
    "compiler.to_numpy.numpy_source",
    "compiler.direct",
    "compiler.to_numpy.looped",
    "compiler.to_numpy.numpy_backend",
    "compiler.to_c.c_operations",
    "compiler.to_c.c_callbacks",
    "compiler.to_c.c_fusion",
    "compiler.to_c.c_types",
    "compiler.to_c.c_expressions",
    "compiler.to_c.c_loops",
    "compiler.to_c.c_memory",
    "compiler.to_c.c_functions",
    "compiler.to_c.c_math",
    "compiler.to_c.c_helpers",
    "compiler.to_c.c_geometry",
    "compiler.to_c.c_maps",
    "compiler.to_c.c_reductions",
    "compiler.to_c.c_lowering",
    "compiler.to_c.c_usual",
    "compiler.to_c.c_statements",
    "compiler.to_c.c_source",
    "compiler.to_c.c_entry",
    "compiler.to_c.library_cache",
    "compiler.to_c.toolchain",
    "compiler.to_c.native",
    "compiler.to_c.c_running",
    "compiler.to_c.c_backend",
    "compiler.to_jax.jax_loading",
    "compiler.to_jax.jax_callbacks",
    "compiler.to_jax.jax_special",
    "compiler.to_jax.jax_matrices",
    "compiler.to_jax.jax_functions",
    "compiler.to_jax.jax_memory",
    "compiler.to_jax.jax_random",
    "compiler.to_jax.jax_writes",
    "compiler.to_jax.jax_evaluation",
    "compiler.to_jax.jax_backend",
    "compiler.backends",
    "compiler.runner",
    "compiler.checked",
    "compiler.looking.measuring",
    "compiler.looking.shown",
    "compiler.looking.reporting",
    "compiler.interrupting",
    "compiler.looping",
    "compiler.quick",
    "compiler.compiling",
    "compiler.exporting.export_paths",
    "compiler.exporting.export_inlined",
    "compiler.exporting.export_program",
    "compiler.exporting.export_source",
    "compiler.exporting.export_trace",
    "compiler.exporting.export",
    "compiler.looking.drawing_programs",
    "network.matrix",
    "network.inputs",
    "network.activations",
    "network.network",
]
STANDARD = set(sys.stdlib_module_names) | {"numpy"}
# What functions import that is neither below them nor standard: (module, imported) and the reason.
INSIDE = {
    ("compiler.to_jax.jax_loading", "jax"): "an extra, for accelerators",
    ("engine.operators", "families"): "loaded when the first of the rarer ones is needed",
    ("engine.operators", "protocols"): "loaded when the first NumPy function is given a Tensor",
    ("engine.storage", "network.matrix"): "for pickles of earlier versions",
    ("engine.tensor", "network.matrix"): "t.to_matrix(): the engine knows no Matrix otherwise",
    ("engine.tensor", "picture.api"): "t.draw(): a picture shows Tensors",
    ("nn.layer", "saving.files"): "layer.save() and layer.load()",
    ("nn.layer", "picture.api"): "layer.draw(): a picture shows layers",
    ("distributed.processes", "mpi4py"): "an extra, for several processes",
    ("distributed.exchanging", "mpi4py"): "the names of MPI's sums",
    ("engine.scipy_loading", "scipy"): "an extra, for special functions and linear algebra",
    ("picture.written.dot", "graphviz"): "needed by pictures only, and slow to import",
    ("saving.formats", "safetensors"): "an extra, for files of that kind",
    ("saving.files", ""): "the version",
    ("compiler.looping", "tqdm"): "needed by long loops only",
    ("picture.progress", "tqdm"): "needed by huge graphs only",
    ("compiler.compiling", "compiler.looking.drawing_programs"): "the pictures, which take long to import",
    ("picture.animations.animating", "tqdm"): "needed by long animations only",
    ("network.network", "tqdm"): "needed by long training only, and slow to import",
}


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        if path.name != "__init__.py":
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def statements(node, inside=False):
    """The imports that are run, and whether inside a function; what only type checkers see is left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            child = ast.Module(child.orelse, [])
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, inside
        functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        yield from statements(child, inside or isinstance(child, functions))


def imported(name, source):
    """What a module imports, and whether inside a function: ours by their names here, others by their tops."""
    for node, inside in statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], inside) for alias in node.names)
        elif not node.level:
            yield node.module.split(".")[0], inside
        else:
            package = name.split(".")[: -node.level]
            base = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}".lstrip(".")
                yield full if full in ORDER else base, inside


def test_the_order_names_every_module():
    assert sorted(ORDER) == sorted(name for name, _ in modules())


def test_imports_point_downwards():
    exceptions = set()
    for name, path in modules():
        # SciPy's functions are loaded when SciPy is.
        extra = {"scipy"} if name.startswith("primitives.scipy_special.") else set()
        allowed = {*ORDER[: ORDER.index(name)], *STANDARD, *extra}
        for other, inside in imported(name, path.read_text(encoding="utf-8")):
            if other not in allowed:
                assert inside, f"{name} imports {other}"
                exceptions.add((name, other))
    assert exceptions == set(INSIDE)


def test_imports_are_found_wherever_they_are_run():
    source = """
import os.path
class A:
    from .errors import B
    def f(self):
        if self:
            from ..picture import api, draw
if TYPE_CHECKING:
    from .tensor import Tensor
else:
    import tqdm
"""
    found = [("os", False), ("engine.errors", False), ("picture.api", True), ("picture", True), ("tqdm", False)]
    assert list(imported("engine.node", source)) == found


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
        if not name.startswith(("primitives.", "engine.registry")):
            calls = re.findall(r"= (elementwise|multilinear|reduction|general|ufunc)\(", path.read_text("utf-8"))
            assert not calls, name


@pytest.mark.parametrize("package", [tinygrad_like, tinygrad_like.nn], ids=["root", "nn"])
def test_what_is_loaded_late_is_what_type_checkers_see(package):
    folder = pathlib.Path(package.__file__).parent
    block = next(
        node
        for node in ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.If)
    )
    place = package.__name__.removeprefix("tinygrad_like").lstrip(".")
    seen, parts = {}, set()
    for node in block.body:
        base = f"{place}.{node.module}".strip(".") if node.level == 1 else node.module
        if node.module is None:
            parts.update(alias.name for alias in node.names)
        else:
            seen |= {alias.name: base for alias in node.names}
    assert seen == package._MODULES
    assert parts <= set(package._PARTS if package is tinygrad_like else ())
    assert all(getattr(package, name) is not None for name in package.__all__)
    assert {*package.__all__} <= {*dir(package)}


def test_what_is_loaded_late_is_loaded_by_one_thread_at_a_time():
    code = """if True:
        import sys, threading
        import numpy as np, tinygrad_like as tg
        sys.setswitchinterval(1e-6)
        names = "he_normal Parameter Sequential Linear SGD Network relu softmax nn numpy optim checking".split()
        calls = [lambda name=name: getattr(tg, name) for name in names] + [tg.Tensor([1.0, 2.0]).std] * 2
        start = threading.Barrier(len(calls))
        for call in calls:
            threading.Thread(target=lambda call=call: (start.wait(), call())).start()
    """
    for _ in range(4):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert not run.stderr


def test_the_families_are_all_files_of_their_folders():
    loaded = families.TABLES, families.COMPOSITES
    found = [{module.__name__.rpartition(".")[2] for module in modules} for modules in loaded]
    files = [{path.stem for path in (ROOT / folder).glob("*.py")} for folder in ("primitives", "functions")]
    assert found == [files[0] - {"__init__", "samples", "integers", "lapack", "stacks"}, files[1] - {"__init__"}]
