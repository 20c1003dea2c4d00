"""The part of docs/coverage.md about scipy.special, from the tables of the package."""

import contextlib
import re

import numpy as np
import scipy
from scipy import special

import tinygrad_like as tg
from tinygrad_like import scipy_families  # noqa: F401  (fills the registry)
from tinygrad_like.engine.refusals import GENERAL, LEAVE, instead_of
from tinygrad_like.engine.registry import NUMPY, REGISTRY

VERSION = ".".join(scipy.__version__.split(".")[:2])
RECORDS = {each.forward: each for name, each in REGISTRY.items() if name.startswith("special.")}
# Functions of Python that are given what others cannot take: a Tensor, beside whole numbers.
CALLS = ((0.7,), (1, 0.7), (0.7, 1), (2.5, 0.7), (1, 2, 0.7))
MAKES = r"zeros|seq|coef|^roots_|^\w+_roots$|err$|^(bernoulli|euler|factorial\w*|stirling2|ellip_\w+)$"
HEAD = """
# What becomes of SciPy's special functions

The functions of `scipy.special` in SciPy {version}. Those that are ufuncs dispatch by themselves;
`tinygrad_like.special` has all under the same names.

## Differentiable

By each argument that stands here; the others are refused, since there is no closed form.

{whole}

| function | differentiable in | refused in |
|---|---|---|
{parts}

Functions of Python that are given a Tensor and dispatch: {dispatching}.

`tinygrad_like.special` defines those that SciPy's Python would not let through; SciPy's own raise an error that says
so: {own}. Of factorials of whole numbers, SciPy computes products in Python: write `gamma(n + 1)` instead.

Of complex numbers, these are differentiable as well: {of_complex}. `lambertw` gives complex numbers, as SciPy does:
write `lambertw(x, k).real`.

## Not differentiable

| function | instead |
|---|---|
{refused}

{for_others}: {others}.

Functions of Python, which take values alone; a recorded Tensor raises an error: {python}.
"""
FOR_OTHERS = "The others raise an error, too; declare one with `@operation`, or leave the graph with `t.numpy()`"


def public():
    names = {}
    for name in sorted(special.__all__, key=lambda name: f"special.{name}" not in REGISTRY):  # jv before jn
        each = getattr(special, name)
        if callable(each) and not isinstance(each, type):
            names.setdefault(each, name)
    return names


def listed(names):
    return ", ".join(f"`{name}`" for name in sorted(names))


def arguments(record, which):
    names = [name for i, name in enumerate(record.args) if (record.rules[i] is not None) == which]
    return ", ".join(f"`{name}`" for name in names)


def records_a_tensor(function):
    """Whether a function of Python gives a recorded Tensor for some arguments."""
    for args in CALLS:
        given = [tg.Tensor(each, requires_grad=True) if isinstance(each, float) else each for each in args]
        with contextlib.suppress(Exception):
            if getattr(function(*given), "requires_grad", False):
                return True
    return False


def takes_complex(function):
    z = tg.Tensor([0.3 + 0.2j], requires_grad=True)
    args = [z] if function.nin == 1 else [1.3, z]
    try:
        result = NUMPY[function](*args)
        total = result if isinstance(result, tg.Tensor) else result[0]
        total.backward(np.ones(1, total.dtype))
    except (tg.TinygradError, TypeError):
        return False
    return total.dtype.kind == "c"


def rows(names):
    """A row for each function that has a line of its own; the others."""
    found, others = [], []
    for name in sorted(names):
        instead = instead_of(f"scipy.special.{name}").removesuffix(LEAVE).rstrip(",; ")
        if instead == GENERAL:
            others.append(name)
        else:
            found.append(f"| `{name}` | {instead} |")
    return "\n".join(found), others


def page():
    names = public()
    known = {function: RECORDS[function] for function in names if function in RECORDS}
    parts = [f for f, record in known.items() if record.refused]
    ufuncs = [f for f in names if isinstance(f, np.ufunc)]
    python = {f: name for f, name in names.items() if not isinstance(f, np.ufunc) and name not in tg.special.__all__}
    dispatching = [name for f, name in python.items() if not re.search(MAKES, name) and records_a_tensor(f)]
    refused, others = rows(names[f] for f in ufuncs if f not in known)
    left = [name for name in python.values() if name not in dispatching and not re.search(MAKES, name)]
    return HEAD.format(
        version=VERSION,
        whole=listed(names[f] for f in known if f not in parts),
        parts="\n".join(
            f"| `{names[f]}` | {arguments(known[f], True)} | {arguments(known[f], False)} |"
            for f in sorted(parts, key=names.get)
        ),
        dispatching=listed(dispatching),
        own=listed(tg.special.__all__),
        of_complex=listed(names[f] for f in known if takes_complex(f)),
        refused=refused,
        others=listed(others),
        python=listed(left),
        for_others=FOR_OTHERS,
    )
