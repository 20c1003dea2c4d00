"""What the docs show is the same compiled: the examples of functions, and the derivatives on the pages.

By default the examples run as NumPy source; with EVERY_CASE=1 in the environment, also as C, and the pages are read.
"""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.beside import EVERY
from tests.test_docs import FLAGS, PAGES, blocks

# Functions that take no part in a step, or that look at a number which a program takes as an input.
LOOKS = "an option that is a number decides what is done"
NOT_COMPILED = {
    "gradcheck": "compares values",
    "xavier_uniform": "draws in an order of its own",
    "weight_norm": "changes a layer",
    "spectral_norm": "changes a layer",
    "vjp": "returns a function",
    "dropout": LOOKS,
    "huber": LOOKS,
    "get_ema_avg_fn": LOOKS,
    "clip_grad_norm": LOOKS,
    "clip_grad_value": LOOKS,
}
PARTS = ("compiler", "distributed", "picture", "plots", "saving", "__main__")


def functions():
    """The package's functions that have an example."""
    for module in pkgutil.walk_packages(tg.__path__, "tinygrad_like."):
        if module.name.split(".")[1] not in PARTS:
            for name, function in vars(importlib.import_module(module.name)).items():
                own = inspect.isfunction(function) and function.__module__ == module.name
                if own and ">>>" in (function.__doc__ or "") and function.__name__ not in NOT_COMPILED:
                    yield pytest.param(function, id=name)


def prints_the_same(example, names, title):
    test = doctest.DocTestParser().get_doctest(example, names, title, None, 0)
    report = []
    failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    assert not failed, "".join(report)
    names.update(test.globs)


@pytest.mark.parametrize("backend", ["numpy", "c"] if EVERY else ["numpy"])
@pytest.mark.parametrize("function", list(functions()))
def test_examples_of_functions(function, backend):
    names = {"np": np, "tg": tg, **function.__globals__, function.__name__: tg.compile(function, backend=backend)}
    prints_the_same(function.__doc__, names, function.__name__)


REFUSED = {("how-to.md", 23)}  # out=..., where=... selects by a mask


@pytest.mark.skipif(not EVERY, reason="the pages are run by tests/test_docs.py; compiled with EVERY_CASE=1")
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "compile.md"], ids=lambda page: page.name)
def test_derivatives_on_pages(page, backend, monkeypatch):
    names, transforms = {}, {name: getattr(tg, name) for name in ("grad", "value_and_grad", "hessian", "jacobian")}
    for number, block in enumerate(blocks(page, "python")):
        for name, transform in transforms.items():
            compiled = transform if (page.name, number) in REFUSED else compiling(transform, backend)
            monkeypatch.setattr(tg, name, compiled)
        if ">>>" in block:
            prints_the_same(block, names, f"{page.name}, block {number}")
        else:
            exec(compile(block, f"{page.name}, block {number}", "exec"), names)


def compiling(transform, backend):
    return lambda *args, **options: tg.compile(transform(*args, **options), backend=backend)
