"""Every primitive, corner, method and function of networks as C: many in one program, so that C is compiled few times.

By default a choice of the cases is run; with EVERY_CASE=1 in the environment, all are.
"""

from functools import partial

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import COMPILED, DIFFERENTIABLE, PRIMITIVES, call
from tests.compiler.agreeing import EVERY, WAYS, by_backward, copies, same
from tests.compiler.test_every_function import COMPILED_CORNERS, chosen, ordinary, points
from tinygrad_like.compiler.to_c import c_backend, native
from tinygrad_like.engine.registry import REGISTRY

pytestmark = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")
TOGETHER = 60  # cases in a program


class Case:
    """A step, and the lists of arguments to run it with."""

    def __init__(self, name, step, *points):
        self.name, self.step, self.points = name, step, points


def derivatives():
    for primitive in DIFFERENTIABLE if EVERY else COMPILED:
        for pair, options in chosen(points(primitive, np.float64)):
            for way in WAYS if EVERY else WAYS[:1]:
                yield Case(primitive.name, way(partial(call, primitive, **options)), *pair)


def in_float32():
    for primitive in PRIMITIVES if EVERY else COMPILED[::6]:
        for pair, options in chosen(points(primitive, np.float32)):
            yield Case(primitive.name, by_backward(partial(call, primitive, **options)), *pair)


def constants():
    for primitive in PRIMITIVES:
        if primitive not in DIFFERENTIABLE:
            for pair, options in chosen(points(primitive, np.float64)):
                yield Case(primitive.name, by_backward(partial(call, primitive, **options)), *pair)


def corners():
    for name, given, options, _, _ in COMPILED_CORNERS if EVERY else COMPILED_CORNERS[::4]:
        arrays = [x for x in given if isinstance(x, np.ndarray)]
        numbers = [x for x in given if not isinstance(x, np.ndarray)]
        step = by_backward(lambda *xs, p=REGISTRY[name], n=numbers, o=options: p(*xs, *n, **o))
        yield Case(name, step, arrays, ordinary(arrays))
        yield Case(name, step, ordinary(arrays), arrays)


@pytest.mark.parametrize("kind", [derivatives, in_float32, constants, corners])
def test_as_c(kind, monkeypatch):
    if not EVERY:
        monkeypatch.setattr(c_backend, "FLAGS", (*c_backend.FLAGS, "-O0"))  # a fifth of the time to compile
    cases = list(kind())
    with np.errstate(all="ignore"):
        for start in range(0, len(cases), TOGETHER):
            agree(cases[start : start + TOGETHER])


def agree(cases):
    """The steps give the same in one program of all of them as each does alone."""
    ends = np.cumsum([len(each.points[0]) for each in cases]).tolist()

    def together(*arrays):
        return [each.step(*arrays[end - len(each.points[0]) : end]) for each, end in zip(cases, ends)]

    program = tg.compile(together, backend="c")
    for number in range(len(cases[0].points)):
        arguments = [each.points[number] for each in cases]
        results = program(*(x for arrays in arguments for x in copies(arrays)))
        for each, arrays, got in zip(cases, arguments, results):
            try:
                same(got, each.step(*copies(arrays)), exact=False)
            except AssertionError as error:
                error.add_note(f"In {each.name} of {arrays}")
                raise
