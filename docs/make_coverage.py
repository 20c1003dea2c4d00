"""Write docs/coverage.md, what becomes of functions of NumPy and scipy.special: `python -m docs.make_coverage`."""

import contextlib
import inspect
import itertools
import pathlib
import tempfile
from types import ModuleType

import numpy as np

import tinygrad_like as tg
from docs import make_coverage_special
from tinygrad_like import (
    families,  # noqa: F401  (fills the registry)
    linalg,
)
from tinygrad_like.engine.refusals import GENERAL, LEAVE, Refusal, instead_of, instead_of_method
from tinygrad_like.engine.registry import NUMPY, REGISTRY
from tinygrad_like.numpy import brackets, lists, making, vectorizing
from tinygrad_like.protocols import CONSTANTS, INSPECTIONS, WRITERS

NAMESPACES = {"": np, "linalg.": np.linalg, "fft.": np.fft}
OWN = brackets.OWN | making.OWN | vectorizing.OWN
DISPATCHED = (np.ufunc, type(np.sum))  # the kinds of function that ask a Tensor's protocols

X = np.array([0.2, 0.5, 0.3, 0.8])
MATRIX = np.array([[2.0, 0.5, 0.1], [0.5, 3.0, 0.2], [0.1, 0.2, 1.5]])
ROW = np.array([0.2, 0.5, 0.3])
CUBE = np.arange(8.0).reshape(2, 2, 2) / 8 + np.eye(2)
MASK, PLACES = X > 0.25, np.array([0, 2])
# Arguments that one function or another takes; every choice among its float arrays is made Tensors.
CALLS = (
    *((X,) * n for n in (1, 2, 3, 4)),
    *((X, *more) for more in ((0,), (1,), (0, 0), (0, 1), (1, 0), ((2, 2),), (PLACES,), (0, -1.0), (PLACES, 0))),
    *((x,) * n for x in (MATRIX, CUBE) for n in (1, 2, 3)),
    *((X[0], *more) for more in ((), (3,), ((2, 2),))),
    *((MATRIX, *more) for more in ((ROW,), (1,), (2,), (3,), (0, 1), (-1, 0), (1, ROW))),
    *((each,) for each in ([X, X], [MATRIX, MATRIX], [[X, X], [X, X]], [X[0], X[1]])),
    *((each, X) for each in (MASK, PLACES, 2, "i->i", PLACES[:1])),
    *((MASK, X, X), ("i,i->i", X, X), (X, MASK, X), (X, PLACES, X[:2], 0), (X, PLACES[:, None], 0), ((2, 4), X)),
    *((X, X, X, X, X), (CUBE, 2), (X, "constant"), (X, (3, 4))),
)
STEPS = ((1.0, X[0], 5), (X[0], 1.0, 5))
# And those of a single function.
CALLS_OF = {
    np.polyfit: ((X, X, 1),),
    **dict.fromkeys((np.astype, np.can_cast), ((X, np.float32),)),
    np.select: (([MASK], [X]), ([MASK, ~MASK], [X, X])),
    np.choose: ((MASK[:2] * 1, [X[:2], X[:2]]),),
    np.piecewise: ((X, [MASK], [X[0], X[1]]),),
    np.apply_along_axis: ((np.sum, 0, MATRIX),),
    np.apply_over_axes: ((np.sum, MATRIX, [0]),),
    **dict.fromkeys((np.linspace, np.logspace, np.geomspace), STEPS),
}
TRIED = {}
VERSION = ".".join(np.__version__.split(".")[:2])


def public():
    """The public functions of NumPy, with all of their names."""
    names = {}
    for prefix, namespace in NAMESPACES.items():
        for name in dir(namespace):
            each = getattr(namespace, name)
            if not name.startswith("_") and callable(each) and not isinstance(each, (type, ModuleType)):
                names.setdefault(each, []).append(prefix + name)
    return names


def choices(args):
    """The arguments with Tensors in place of float arrays: of all, and of each of several alone."""
    count = len([x for x in flat(args) if is_float(x)])
    alone = ([i == j for i in range(count)] for j in range(count)) if count > 1 else ()
    for chosen in itertools.chain([[True] * count], alone):
        which = iter(chosen)
        yield mapped(lambda x, which=which: recorded(x) if is_float(x) and next(which) else own(x), args)


def recorded(x):
    return tg.Tensor(np.array(x), requires_grad=True)


def own(x):
    """A copy of an array, which a function may write into."""
    return x.copy() if isinstance(x, np.ndarray) else x


def is_float(x):
    return isinstance(x, (np.ndarray, np.floating)) and x.dtype.kind == "f"


def flat(value):
    return [x for each in value for x in flat(each)] if isinstance(value, (list, tuple)) else [value]


def mapped(change, value):
    return type(value)(mapped(change, each) for each in value) if isinstance(value, (list, tuple)) else change(value)


def tried(function):
    """(arguments, result or error) of each call that NumPy takes with arrays, with recorded Tensors.

    Some functions write files; they are called in a folder that is removed afterwards.
    """
    if function not in TRIED:
        TRIED[function] = []
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            for args in (*CALLS, *CALLS_OF.get(function, ())):
                if not isinstance(attempt(function, mapped(own, args)), Exception):
                    TRIED[function] += [(given, attempt(function, given)) for given in choices(args)]
    return TRIED[function]


def attempt(function, args):
    try:
        with np.errstate(all="ignore"):
            return function(*args)
    except Exception as error:
        return error


def kind(function):
    """What becomes of a function of NumPy: the heading that it stands under."""
    if function in WRITERS:
        return "writes"
    if function in INSPECTIONS:
        return "inspects"
    if function in CONSTANTS:
        return "constant"
    if function in NUMPY:
        meaning = NUMPY[function]
        if meaning in REGISTRY.values():
            return "constant" if meaning.derivative == "zero" else "primitive"
        results = [each for _, result in tried(function) for each in flat([result])]
        if any(isinstance(each, tg.Tensor) and each.requires_grad for each in results):
            return "composite"
        if not all(isinstance(each, Exception) for each in results):
            return "constant"
    if function in lists.MAKERS or getattr(function, "__name__", "") in OWN:
        return "makes"
    return "refused" if isinstance(function, DISPATCHED) else "other"


HEADINGS = {
    "primitive": "Differentiable, a primitive",
    "composite": "Differentiable, composed of primitives",
    "constant": "Differentiable, with the derivative 0",
    "inspects": "Answers in plain numbers",
    "writes": "Writes into its first argument",
    "makes": "Makes arrays",
}
EXPLAINED = {
    "inspects": "They look at the values of a Tensor, and nothing is recorded.",
    "writes": "A write into a Tensor that is neither a leaf nor an input of a transform is recorded. Into an ndarray "
    "they write only what is not recorded.",
    "makes": "NumPy does not tell a Tensor of these calls. `tinygrad_like.numpy` has functions of the same names, "
    "which take Tensors, and give Tensors inside a transform. All its functions take lists with Tensors in place of "
    "arrays.",
}
HEAD = """# What becomes of NumPy's functions

Every public function of `np`, `np.linalg` and `np.fft` in NumPy {version}, given a Tensor; made from the tables of the
package. Of the {count} functions, {taken} take recorded Tensors. None loses a gradient silently: a function that is not
differentiable here raises an error, which says what to write instead. Of a Tensor that is not recorded, each gives
NumPy's result.
"""
FOR_OTHERS = (
    "Instead of the others, compose functions that are differentiable, declare one with `@operation`, or leave the "
    "graph with `t.numpy()`:"
)


def listed(functions):
    return ", ".join(f"`np.{name}`" for name in sorted(name for names in functions for name in names))


def refusals(functions):
    """A row for each function that has a line of its own; the others in one list."""
    rows, others = [], []
    for names in sorted(functions):
        instead = instead_of(names[0]).removesuffix(LEAVE).rstrip(",; ")
        if instead == GENERAL:
            others.append(names)
        else:
            rows.append(f"| {listed([names])} | {instead} |")
    return "| function | instead |\n|---|---|\n" + "\n".join(rows), listed(others)


def missing_methods():
    for name in dir(np.ndarray):
        if not name.startswith("_") and isinstance(lookup(name), Refusal):
            yield f"| `t.{name}` | {instead_of_method(name)} |"


def lookup(name):
    return next(vars(base)[name] for base in tg.Tensor.__mro__ if name in vars(base))


OF_SCIPY = """
## scipy.linalg

SciPy's functions of matrices do not tell a Tensor of their calls, and a recorded Tensor that is given to one raises an
error. These have the same names, arguments and values in `tinygrad_like.linalg`, and are differentiable. Any other name
there is an error that says what to write.

| function | what it gives |
|---|---|
"""


def of_scipy():
    """A row for each function of tinygrad_like.linalg, with the first line of what it says of itself."""
    functions = {name: getattr(linalg, name) for name in linalg.__all__ if name != "LinAlgError"}
    rows = (f"| `{name}` | {inspect.getdoc(f).splitlines()[0]} |\n" for name, f in functions.items())
    return OF_SCIPY + "".join(rows)


def page():
    groups = {}
    for function, names in public().items():
        groups.setdefault(kind(function), []).append(names)
    taken = sum(len(groups[each]) for each in ("primitive", "composite", "constant", "inspects", "writes"))
    parts = [HEAD.format(version=VERSION, count=sum(map(len, groups.values())), taken=taken)]
    for each, heading in HEADINGS.items():
        text = EXPLAINED.get(each, "")
        parts.append(f"\n## {heading}\n\n{text}{text and chr(10) * 2}{listed(groups[each])}\n")
    rows, others = refusals(groups["refused"])
    parts.append(f"\n## Not differentiable here\n\n{rows}\n\n{FOR_OTHERS}\n\n{others}\n")
    parts.append(
        "\n## Without arrays of numbers\n\nThey make or ask for numbers, indices, dtypes, settings or files; a "
        f"recorded Tensor that is given to one raises an error.\n\n{listed(groups['other'])}\n"
    )
    methods = "\n".join(missing_methods())
    parts.append(f"\n## Methods that only ndarrays have\n\n| method | instead |\n|---|---|\n{methods}\n")
    return "".join(parts) + make_coverage_special.page() + of_scipy()


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("coverage.md").write_text(page(), encoding="utf-8")
