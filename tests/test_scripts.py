"""Short programs in plain NumPy (examples/scripts): right by themselves, and differentiated as they are."""

import pathlib
import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together

FOLDER = pathlib.Path(__file__).parent.parent / "examples" / "scripts"
PLAIN = "import numpy as np"
# NumPy cannot dispatch np.array([t, t]), so this one imports another np.
CHANGED = {"rotation": "import tinygrad_like.numpy as np"}


def source_of(name):
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def functions_of(name, plain):
    """What a script defines; if `plain`, with NumPy's own functions."""
    source = source_of(name)
    if plain and name in CHANGED:
        source = source.replace(CHANGED[name], PLAIN)
    names = {}
    exec(compile(source, f"{name}.py", "exec"), names)
    return names


def plain(name, function):
    return functions_of(name, plain=True)[function]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


LINE = np.linspace(0.0, 3.0, 8)
WAVE = np.sin(2 * LINE) + 0.1 * normal(8)
ANGLES = np.array([0.3, -0.5, 0.8])
RING = 1.5 + np.sin(2 * np.pi * np.arange(9) / 9)
BLUR = np.array([0.2, 0.5, 0.3])
POSITIONS = np.array([[0.0, 0.0], [1.0, 0.2], [-0.4, 1.3]])
VELOCITIES = np.array([[0.0, -0.1], [0.2, 0.9], [-0.8, 0.1]])
MASSES = np.array([1.0, 0.3, 0.1])
# The script, its function, the arguments, and those by which it is differentiated.
CASES = [
    ("gaussian_process", "log_likelihood", (np.log([0.7, 1.2, 0.3]), LINE, WAVE), (0, 1, 2)),
    ("gaussian_process", "log_likelihood_by_determinant", (np.log([0.7, 1.2, 0.3]), LINE, WAVE), (0, 1, 2)),
    ("ridge", "leave_one_out_error", (0.5, normal(8, 3), normal(8, seed=1)), (0, 1, 2)),
    ("kernel_smoother", "cross_validation", (-0.5, LINE, WAVE), (0, 1, 2)),
    ("heat_explicit", "misfit", (WAVE, 0.7, np.cos(LINE), 0.5, 0.1, 6), (0, 1, 2)),
    ("heat_explicit", "misfit", (WAVE, RING[:8], np.cos(LINE), 0.5, 0.1, 6), (1,)),
    ("heat_implicit", "misfit", (normal(9), RING, BLUR, np.zeros(9), 0.5, 0.2, 3), (0, 1, 2)),
    ("n_bodies", "miss", (VELOCITIES, POSITIONS, MASSES, np.array([1.0, 1.0]), 0.05, 8), (0, 1, 2, 3)),
    ("n_bodies", "energy", (POSITIONS, VELOCITIES, MASSES), (0, 1, 2)),
    ("rotation", "misfit", (ANGLES, normal(5, 3), normal(5, 3, seed=1)), (0, 1, 2)),
    ("polynomial_fit", "error", (LINE, WAVE, LINE + 0.1, np.sin(2 * LINE), 3), (0, 1, 2, 3)),
]
with_cases = together(("name", "function", "args", "argnums"), CASES)


def differences(f, args, argnum, step=2.0**-10):
    """The gradient by one argument, by five-point central differences of the plain function."""
    x = np.array(args[argnum], dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for k in (-2, -1, 1, 2):
            moved = x.copy()
            moved[index] += k * step
            values.append(f(*args[:argnum], moved, *args[argnum + 1 :]))
        gradient[index] = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * step)
    return gradient


@with_cases
def test_a_script_is_differentiated_as_it_is(name, function, args, argnums):
    f, reference = functions_of(name, plain=False)[function], plain(name, function)
    value, gradients = tg.value_and_grad(f, argnums)(*args)
    np.testing.assert_allclose(value, reference(*args), rtol=1e-12)
    for argnum, gradient in zip(argnums, gradients):
        np.testing.assert_allclose(gradient, differences(reference, args, argnum), rtol=1e-7, atol=1e-8)


@with_cases
def test_the_differences_find_their_own_limit(name, function, args, argnums):
    """They agree with those of half the step, so a gradient that departs from them is wrong."""
    f = plain(name, function)
    for argnum in argnums:
        coarse, fine = differences(f, args, argnum), differences(f, args, argnum, step=2.0**-11)
        np.testing.assert_allclose(coarse, fine, rtol=1e-8, atol=1e-9)
        assert np.abs(fine).max() > 1e-3


def test_scripts_import_nothing_but_numpy():
    names = {path.stem for path in FOLDER.glob("*.py")}
    assert names == {name for name, *_ in CASES}
    for name in names:
        assert re.findall(r"^ *(?:import|from) .*", source_of(name), re.M) == [CHANGED.get(name, PLAIN)]


# -- that the programs are right, with plain arrays -----------------------------------------------


def test_the_likelihood_is_that_of_a_normal_distribution():
    log_parameters = np.log([0.7, 1.2, 0.3])
    one = plain("gaussian_process", "log_likelihood")(log_parameters, LINE[:1], WAVE[:1])
    variance = 1.2**2 + 0.3**2
    assert one == pytest.approx(-0.5 * WAVE[0] ** 2 / variance - 0.5 * np.log(2 * np.pi * variance))
    both = [plain("gaussian_process", each)(log_parameters, LINE, WAVE) for _, each, *_ in CASES[:2]]
    assert both[0] == pytest.approx(both[1], rel=1e-12)


def test_the_leave_one_out_error_is_that_of_fits_to_the_others():
    X, y, penalty = normal(8, 3), normal(8, seed=1), np.exp(0.5)
    ridge, residuals = plain("ridge", "ridge"), []
    for i in range(8):
        others = np.arange(8) != i
        residuals.append(y[i] - X[i] @ ridge(X[others], y[others], penalty))
    assert plain("ridge", "leave_one_out_error")(0.5, X, y) == pytest.approx(np.mean(np.square(residuals)))


def test_a_smoother_keeps_constants_and_predicts_from_the_others():
    smooth = plain("kernel_smoother", "smooth")
    np.testing.assert_allclose(smooth(LINE + 0.1, LINE, np.full(8, 3.0), 0.4), 3.0)
    predicted = [smooth(LINE[i : i + 1], np.delete(LINE, i), np.delete(WAVE, i), np.exp(-0.5))[0] for i in range(8)]
    expected = np.mean((WAVE - predicted) ** 2)
    assert plain("kernel_smoother", "cross_validation")(-0.5, LINE, WAVE) == pytest.approx(expected)


def test_a_sine_on_a_rod_decays_at_its_own_rate():
    x = np.linspace(0, np.pi, 41)
    u = plain("heat_explicit", "diffuse")(np.sin(x), 0.5, x[1], 0.002, 500)
    np.testing.assert_allclose(u, np.exp(-0.5) * np.sin(x), atol=1e-3)


def test_the_heat_of_a_ring_stays_and_spreads():
    u = plain("heat_implicit", "diffuse")(np.arange(9.0), RING, 0.5, 0.2, 3)
    assert u.sum() == pytest.approx(36)
    assert 0 < np.ptp(u) < 8
    np.testing.assert_allclose(plain("heat_implicit", "diffuse")(u, RING, 0.5, 1e3, 50), 4.0)
    seen = plain("heat_implicit", "seen")(np.eye(9)[0], BLUR)
    np.testing.assert_allclose(seen, [0.5, 0.3, 0, 0, 0, 0, 0, 0, 0.2])


def test_bodies_keep_their_energy_and_come_back():
    leapfrog, energy = plain("n_bodies", "leapfrog"), plain("n_bodies", "energy")
    before = POSITIONS, VELOCITIES
    after = leapfrog(*before, MASSES, 0.005, 200)
    assert energy(*after, MASSES) == pytest.approx(energy(*before, MASSES), rel=1e-3)
    positions, velocities = leapfrog(after[0], -after[1], MASSES, 0.005, 200)
    np.testing.assert_allclose(positions, POSITIONS, atol=1e-10)
    np.testing.assert_allclose(-velocities, VELOCITIES, atol=1e-10)


def test_a_rotation_keeps_lengths_and_turns_about_its_axes():
    rotation = plain("rotation", "rotation")
    np.testing.assert_allclose(rotation(ANGLES) @ rotation(ANGLES).T, np.eye(3), atol=1e-15)
    assert np.linalg.det(rotation(ANGLES)) == pytest.approx(1)
    np.testing.assert_allclose(rotation([np.pi / 2, 0, 0]) @ [1, 0, 0], [0, 1, 0], atol=1e-15)
    np.testing.assert_allclose(rotation([0, np.pi / 2, 0]) @ [0, 0, 1], [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(rotation([0, 0, np.pi / 2]) @ [0, 1, 0], [0, 0, 1], atol=1e-15)


def test_a_polynomial_is_found_again():
    y = np.polyval([2.0, 0.0, -1.0, 0.5], LINE)
    np.testing.assert_allclose(plain("polynomial_fit", "fit")(LINE, y, 3), [2.0, 0.0, -1.0, 0.5], atol=1e-10)
    assert plain("polynomial_fit", "error")(LINE, y, LINE + 0.1, np.polyval([2.0, 0, -1, 0.5], LINE + 0.1), 3) < 1e-20
