"""NumPy's warnings point at the user's line, whatever the filters are; and are as many as NumPy gives."""

import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together

ZERO = leaf([0.0, 1.0])
CASES = {
    "log": (lambda x: np.log(x), ["divide by zero encountered in log"]),
    "operator": (lambda x: 1 / x, ["divide by zero encountered in divide"]),
    "method": (lambda x: x.log(), ["divide by zero encountered in log"]),
    "two": (lambda x: x / 0, ["divide by zero encountered in divide", "invalid value encountered in divide"]),
    "overflow": (lambda x: np.exp(x * 1000), ["overflow encountered in exp"]),
    "in a forward of ours": (lambda x: tg.softmax(x * np.inf), ["invalid value encountered in multiply"]),
    "inside the forward": (lambda x: x.norm if False else np.linalg.norm(x * 1e200), ["overflow encountered in norm"]),
    "nothing": (lambda x: x + 1, []),
}


@together(("f", "messages"), CASES)
@together("x", [ZERO, ZERO.detach()])
def test_it_points_here(f, messages, x):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f(x)
    assert sorted(str(w.message) for w in caught) == messages
    assert {w.filename for w in caught} <= {__file__}
    assert {w.lineno for w in caught} <= {f.__code__.co_firstlineno}
    assert {w.category for w in caught} <= {RuntimeWarning}


def test_the_users_filters_and_settings_hold():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            np.log(ZERO)
    with np.errstate(divide="ignore"):
        assert np.log(ZERO).tolist() == [-np.inf, 0.0]
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        np.log(ZERO)


def test_each_line_warns_once_in_a_program():
    program = """
        import numpy as np, tinygrad_like as tg
        x = tg.Tensor([0.0], requires_grad=True)
        for _ in range(3):
            np.log(x)
        1 / x
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    places = [line for line in run.stderr.splitlines() if "Warning" in line]
    assert [place.split(":")[:2] for place in places] == [["<string>", "5"], ["<string>", "6"]]


def test_an_error_stays_an_error():
    with pytest.raises(tg.ShapeError):
        ZERO + np.ones(3)
    with pytest.raises(TypeError):
        np.sum(ZERO, axis="x")


@pytest.mark.parametrize("name", [{}, {"__name__": None}, {"__name__": 5}])
def test_code_without_a_module_is_told(name):
    space = {"np": np, "x": ZERO, **name}
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        exec("y = np.log(x)", space)
    assert space["y"].requires_grad


def test_a_lost_imaginary_part_is_told():
    with pytest.warns(np.exceptions.ComplexWarning) as told:
        real = tg.Tensor([1 + 2j, 3]).astype(float, copy=False)
    np.testing.assert_array_equal(real.data, [1, 3])
    assert [each.filename for each in told] == [__file__]


OTHERS = {
    "astype": lambda z: z.astype(float),
}


@pytest.mark.parametrize("f", OTHERS.values(), ids=OTHERS)
def test_other_warnings_point_here_too(f):
    z = np.array([1j, 2])
    with pytest.warns(np.exceptions.ComplexWarning, match="imaginary"):
        expected = f(z)
    for _ in range(2):
        with pytest.warns(np.exceptions.ComplexWarning, match="imaginary") as caught:
            assert f(tg.Tensor(z)).tolist() == expected.tolist()
        assert {w.filename for w in caught} == {__file__}
