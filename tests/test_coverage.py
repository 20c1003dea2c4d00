"""Every public function of NumPy is given recorded Tensors: none gives plain floats, which would lose a gradient."""

import pathlib

import numpy as np
import pytest

import tinygrad_like as tg
from docs import make_coverage_special
from docs.make_coverage import DISPATCHED, VERSION, choices, flat, kind, page, public, tried
from tests.cases import together

MADE = (pathlib.Path(__file__).parent.parent / "docs" / "coverage.md").read_text(encoding="utf-8")
# They change NumPy's settings, print, or run NumPy's own tests.
SETTINGS = {"set_printoptions", "printoptions", "seterr", "seterrcall", "setbufsize", "info", "show_config"}
SETTINGS |= {"show_runtime", "test", "linalg.test", "fft.test"}
# They ask for memory, which is another protocol, and NumPy's error says so.
MEMORY = {np.frombuffer, np.from_dlpack}
# Their last array has no say: dx where x is given, a divisor of a higher degree, the distances along another axis.
UNUSED = {np.trapezoid, np.polydiv, np.gradient}
FUNCTIONS = {names[0]: function for function, names in public().items() if not SETTINGS.intersection(names)}


def is_told(error):
    """Whether an error, or the one that NumPy raised its own from, says what to write."""
    while error is not None and not isinstance(error, tg.TinygradError):
        error = error.__cause__ or error.__context__
    return error is not None and bool(error.details or isinstance(error, (tg.ShapeError, tg.DTypeError)))


def is_plain_float(value):
    return isinstance(value, (float, np.floating)) or (isinstance(value, np.ndarray) and value.dtype.kind in "fcO")


@together("function", FUNCTIONS)
def test_no_function_loses_a_gradient_unseen(function, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for args, result in tried(function):
        if isinstance(result, Exception):
            assert function in MEMORY or is_told(result), f"{args}: {result!r}"
        else:
            given = map(id, flat(args))  # such as out=, which a constant is written to
            lost = [x for x in flat([result]) if is_plain_float(x) and id(x) not in given]
            assert not lost or (function in UNUSED and not isinstance(args[0], tg.Tensor)), f"{args}: {result!r}"


def test_nearly_every_function_is_tried():
    untried = [name for name, f in FUNCTIONS.items() if isinstance(f, DISPATCHED) and not tried(f)]
    dates = {"busday_count", "busday_offset", "is_busday", "datetime_as_string", "isnat"}
    integers = {"gcd", "lcm", "packbits", "unpackbits", "ravel_multi_index", "unravel_index"}
    bits = {name for name in FUNCTIONS if name.startswith("bitwise_")}
    assert set(untried) <= dates | integers | bits


@pytest.mark.parametrize("wanted", ["primitive", "composite"])
def test_what_is_called_differentiable_records(wanted):
    for name, function in FUNCTIONS.items():
        if kind(function) == wanted:
            results = [each for _, result in tried(function) for each in flat([result])]
            assert any(isinstance(each, tg.Tensor) and each.requires_grad for each in results), name


def test_what_is_called_constant_takes_tensors():
    for name, function in FUNCTIONS.items():
        bits = name.startswith("bitwise_")  # these take integers alone, which are not recorded
        if kind(function) == "constant" and not bits:
            assert not all(isinstance(result, Exception) for _, result in tried(function)), name


def test_each_float_argument_is_a_tensor_once_alone():
    chosen = [[isinstance(x, tg.Tensor) for x in flat(args)] for args in choices((np.ones(2), 1, [np.ones(2)]))]
    assert chosen == [[True, False, True], [True, False, False], [False, False, True]]


def test_files_are_not_written(tmp_path):
    t = tg.Tensor(np.ones(3), requires_grad=True)
    for save in (np.save, np.savetxt, np.savez):
        with pytest.raises(tg.UnsupportedError, match=r"t\.numpy\(\)"):
            save(tmp_path / "file", t)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "draw",
    [
        lambda t: np.random.default_rng(0).normal(t, 1.0),
        lambda t: np.random.default_rng(0).uniform(0.0, t),
        lambda t: np.random.default_rng(0).choice([t, t]),
        lambda t: np.random.default_rng(0).permutation([t, t]),
        lambda t: np.random.default_rng(0).poisson(t),
        lambda t: np.random.normal(t, 1.0),  # noqa: NPY002
    ],
)
def test_random_numbers_that_depend_on_a_tensor(draw):
    with pytest.raises(tg.LostGraphError, match=r"Write mean \+ deviation \* rng\.normal"):
        draw(tg.Tensor(1.0, requires_grad=True))


@pytest.mark.skipif(not np.__version__.startswith(f"{VERSION}."), reason="another NumPy has other functions")
@pytest.mark.skipif(f"SciPy {make_coverage_special.VERSION}." not in MADE, reason="another SciPy has other functions")
def test_the_page_is_what_its_script_makes():
    assert f"NumPy {VERSION}," in page()
    assert page() == MADE, "out of date: python -m docs.make_coverage"
