"""Points that random samples do not hit: ties, zeros, infinities, plain numbers, with the right gradients by hand."""

import numpy as np

from tests.primitives.eigenvalue_corners import VALUES
from tests.primitives.spectral_corners import SPECTRAL
from tinygrad_like.primitives.lapack import lu_factors
from tinygrad_like.primitives.solving import Factors

INF, NAN = np.inf, np.nan
PAIRS = [
    ("maximum", (NAN, NAN), (0.5, 0.5)),
    ("maximum", (NAN, 1.0), (1.0, 0.0)),
    ("maximum", (1.0, NAN), (0.0, 1.0)),
    ("minimum", (NAN, NAN), (0.5, 0.5)),
    ("minimum", (1.0, NAN), (0.0, 1.0)),
    ("fmax", (NAN, NAN), (0.5, 0.5)),
    ("fmax", (NAN, 1.0), (0.0, 1.0)),
    ("fmax", (1.0, NAN), (1.0, 0.0)),
    ("fmin", (NAN, NAN), (0.5, 0.5)),
    ("fmin", (NAN, -INF), (0.0, 1.0)),
    ("fmin", (-INF, NAN), (1.0, 0.0)),
    *((name, (INF, INF), (0.5, 0.5)) for name in ("maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2")),
    *((name, (-INF, -INF), (0.5, 0.5)) for name in ("maximum", "fmin", "logaddexp", "logaddexp2")),
    *((name, (INF, 3.0), (1.0, 0.0)) for name in ("maximum", "fmax", "logaddexp", "logaddexp2")),
    *((name, (-INF, 3.0), (0.0, 1.0)) for name in ("maximum", "fmax", "logaddexp", "logaddexp2")),
    *((name, (-INF, INF), (0.0, 1.0)) for name in ("maximum", "fmax", "logaddexp", "logaddexp2")),
    *((name, (2.0, 2.0), (0.5, 0.5)) for name in ("maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2")),
]
ROWS = [
    ([INF, INF], [0.5, 0.5]),
    ([-INF, -INF], [0.5, 0.5]),
    ([INF, 1.0, INF, -INF], [0.5, 0.0, 0.5, 0.0]),
    ([INF, 3.0], [1.0, 0.0]),
    ([-INF, 3.0], [0.0, 1.0]),
    ([0.0, np.log(3.0)], [0.25, 0.75]),
]
SINGULAR = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [2.0, 4.0, 6.0]])
COFACTORS = [[6.0, -12.0, 6.0], [0.0, 0.0, 0.0], [-3.0, 6.0, -3.0]]
SLOPES_OF_LOGARITHM = [NAN, NAN, -INF, INF, 1.0, -0.25, -1.0, 0.5]  # no derivative, and the inverse, transposed
STEEP = np.array([-1.0, 0.0, 1.0]) / np.sqrt(6.0)  # the gradient of the standard deviation of 1, 2, 3
EXTREMES = [([NAN, 1.0, NAN], [0.5, 0, 0.5]), ([INF, INF], [0.5, 0.5])]
# The extremes so far: of three equals the first has all of its own, half of the second's, a third of the third's.
SO_FAR = [([2.0, 2.0, 2.0], [11 / 6, 5 / 6, 1 / 3]), ([1.0, NAN, 2.0, NAN], [1.0, 2.5, 0.0, 0.5])]
# Products that overflow, or lose their digits, on the way.
PRODUCTS = [([1e200, 1e200, 1e-200], [1e200, 1e200, INF]), ([1e-160, 1e-160, 1e170], [1e10 + 1, 1e10, 0.0])]
POWERS = [(0.0, 0.0, 0.0, 0.0), (0.0, 2.0, 0.0, 0.0), (0.0, 1.0, 1.0, 0.0), (2.0, 0.0, 0.0, np.log(2.0))]


def losses():
    """Of two rows, with classes 1 and 0, the shares less 1 at the class, halved: the mean of two losses."""
    for row, shares in ROWS:
        weights = np.arange(1.0, len(row) + 1)
        right = np.array([shares, weights / weights.sum()]) - np.eye(len(row))[[1, 0]]
        rows = np.array([row, np.log(weights) + 1000])
        yield "softmax_cross_entropy", (rows, np.array([1, 0])), {}, right / 2


# Three states: no way leads to the first, the second is impossible, and only the second leads to the third.
WAYS = np.array([[-INF, 0.0, -INF]]), np.array([[0.0, -INF, 1.0]]), np.zeros((1, 3), bool)
OF_ZEROS = {"xlogy": (0.0, 0.0), "rel_entr": (0.0, 0.0), "kl_div": (0.0, 1.0), "xlog1py": (0.0, 0.0)}
BESIDE_ZERO = {
    "xlogy": (np.log(2.0), 0.0),
    "rel_entr": (-INF, 0.0),
    "kl_div": (-INF, 1.0),
    "xlog1py": (np.log(3.0), 0.0),
}
OVER_ZERO = {"xlogy": (-INF, INF), "rel_entr": (INF, -INF), "kl_div": (INF, -INF), "xlog1py": (0.0, 2.0)}
# (name, arguments, options, the gradient for each float array among them, when the cotangent is 1 everywhere).
OF_ONE = [
    *((name, tuple(np.array([each]) for each in point), {}, shares) for name, point, shares in PAIRS),
    *(("logsumexp", (np.array(row),), {}, shares) for row, shares in ROWS),
    *((name, (np.array(row),), {}, shares) for name in ("max", "min") for row, shares in EXTREMES),
    *((name, (np.array(row),), {}, shares) for name in ("cummax", "cummin") for row, shares in SO_FAR),
    *(("cumprod", (np.array(row),), {}, slopes) for row, slopes in PRODUCTS),
    *((n, (np.array([a]), np.array([b])), {}, slopes) for n in ("power", "float_power") for a, b, *slopes in POWERS),
    *((n, (np.array([a]), b), {}, slope) for n in ("power", "float_power") for a, b, slope, _ in POWERS),
    ("power", (np.array([2.0]), 3), {}, 12.0),
    *losses(),
    ("next_ways", WAYS, {}, [0.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
    *((name, (np.array([0j]),), {}, [0j]) for name in ("absolute", "angle")),
    ("hypot", (np.zeros(1), np.zeros(1)), {}, [0.0, 0.0]),
    ("norm", (np.array([[0.0, 0.0], [3.0, 4.0]]),), {"axis": 1}, [0.0, 0.0, 0.6, 0.8]),
    ("std", (np.array([[0.1] * 3, [1.0, 2.0, 3.0], [INF] * 3]),), {"axis": 1}, [[0.0] * 3, STEEP, [0.0] * 3]),
    ("std", (np.array([0.0, 1e-200]),), {}, [0.0, 0.0]),  # the variance underflows
    ("det", (SINGULAR,), {}, COFACTORS),
    ("det", (np.stack([SINGULAR, 2 * SINGULAR]),), {}, [COFACTORS, 4 * np.array(COFACTORS)]),
    ("slogdet", (np.array([[2.0, 4.0], [1.0, 2.0]]),), {}, [INF, -INF, -INF, INF]),
    ("slogdet", (np.array([[[2.0, 4.0], [0.0, 0.0]], [[2.0, 4.0], [1.0, 4.0]]]),), {}, SLOPES_OF_LOGARITHM),
    ("mean", (np.ones(2**16, np.float16),), {}, np.full(2**16, 2.0**-16)),  # a count that float16 does not have
]
ONE, TWO = np.array([[1.0]]), np.array([[2.0]])
# Of one by one: a cotangent of nan goes through, where SciPy would refuse it; what has no derivative gives nan.
BY_SCIPY = [
    *((name, (TWO, ONE), {}, NAN, [NAN, NAN]) for name in ("solve_triangular", "cho_solve", "solve_as")),
    *((name, (TWO,), {}, NAN, [NAN]) for name in ("cholesky_factor", "logm")),
    ("cho_solve", (TWO, NAN * ONE), {"check_finite": False}, 1.0, [NAN, 0.25]),
    ("lu_solve", (TWO, np.array([0]), ONE), {}, NAN, [NAN, NAN]),
    ("lu_factor", (np.array([[2.0, 1.0], [0.5, 3.0]]),), {}, NAN, [NAN] * 4),
    ("solve_discrete_lyapunov", (ONE / 2, ONE), {}, NAN, [NAN, NAN]),
    ("solve_sylvester", (ONE, -ONE, TWO), {}, 1.0, [NAN, NAN, NAN]),
    ("logm", (-ONE,), {}, 1.0, [NAN]),
    ("sqrtm", (np.zeros((1, 1)),), {}, 1.0, [NAN]),
]
# SciPy's functions where 0 ln 0 is 0; and where others are infinite, or have a kink.
OF_SCIPY = [
    *((f"special.{name}", (0.0, 0.0), slopes) for name, slopes in OF_ZEROS.items()),
    *((f"special.{name}", (0.0, 2.0), slopes) for name, slopes in BESIDE_ZERO.items()),
    *((f"special.{name}", (2.0, 0.0), slopes) for name, slopes in OVER_ZERO.items()),
    ("special.xlogy", (0.0, -2.0), (0.0, 0.0)),
    ("special.xlog1py", (0.0, -1.0), (0.0, 0.0)),
    ("special.xlog1py", (2.0, -1.0), (-INF, INF)),
    ("special.xlogy", (3.0, -2.0), (NAN, -1.5)),
    ("special.kl_div", (2.0, 2.0), (0.0, 0.0)),
    ("special.rel_entr", (2.0, 2.0), (1.0, -1.0)),
    ("special.huber", (2.0, 2.0), (0.0, 2.0)),
    ("special.huber", (2.0, -3.0), (1.0, -2.0)),
    ("special.pseudo_huber", (4.0, -3.0), (9 / 45, -12 / 5)),
    ("special.rgamma", (0.0,), (1.0,)),
    ("special.rgamma", (-3.0,), (-6.0,)),
    ("special.rgamma", (2.0,), (np.euler_gamma - 1,)),
    ("special.log_ndtr", (-40.0,), (40.02496884720726,)),
    ("special.i0e", (0.0,), (0.0,)),
    ("special.i1e", (0.0,), (0.5,)),
    ("special.sici", (0.0,), (INF,)),
    ("special.erfinv", (1.0,), (INF,)),
    ("special.entr", (0.0,), (INF,)),
]
# 2x + 4y and x + 4y have to be 6 and 5, and 2 and 1: by factors that were computed before, and for the transpose.
SYSTEM = np.array([[2.0, 4.0], [1.0, 4.0]]), np.array([[6.0, 2.0], [5.0, 1.0]])
FACTORED = {"factors": Factors(*lu_factors(SYSTEM[0])), "turned": False}
SHARES_OF_SYSTEM = np.array([-4.5, -2.25, 3.0, 1.5, 2.25, 2.25, -1.5, -1.5])
SHARES_TURNED = np.array([0.0, -4.875, 0.0, 3.75, 0.0, 0.0, 0.75, 0.75])


def beside(dtype):
    """The columns beside vectors a. Of the first, tr(G P) for their projector P = I - a aᴴ / |a|², which all such
    columns give; of the others, something that depends on which they are: nan.
    """
    a = np.array([[[3.0], [4.0], [1.0]], [[1.0], [2.0], [2.0]], [[1.0], [2.0], [2.0]]]).astype(dtype)
    weights = np.array([[1.0, 2.0, 0.5], [2.0, -3.0, 1.0], [0.5, 1.0, -2.0]]).astype(dtype)
    if a.dtype.kind == "c":
        a, weights = a + 1j * a[:, ::-1], weights + np.array([[0, 1j, 2j], [-1j, 0, 1j], [-2j, -1j, 0]])
    q, r = np.linalg.qr(a, "complete")
    of_q = np.zeros_like(q)
    weights *= 1e10
    of_q[0, :, 1:] = 2 * weights @ q[0, :, 1:]
    of_q[1, :, 1] = 1j * q[1, :, 1] if a.dtype.kind == "c" else [1.0, 0.0, 0.0]
    of_q[2] = 1e6 * of_q[1]
    x, size = a[0], np.vdot(a[0], a[0])
    slope = 2 * (np.vdot(x, weights @ x) * x / size - weights @ x) / size
    return a, np.append(of_q, np.zeros_like(r)), np.append(slope, np.full(6, NAN))


# The length of the first column: of a tiny matrix, and of one with dependent columns.
NEARLY_NOTHING = np.array([[[3e-20, -4e-20], [4e-20, 3e-20]], [[3.0, 6.0], [4.0, 8.0]]])
OF_LENGTH = np.append(np.zeros(8), [1.0, 0, 0, 0, 1.0, 0, 0, 0])
# A matrix of rank 1, but for what counts as rounding.
OF_RANK_ONE = np.array([[2.0, 0.0], [0.0, 1e-12]]), np.array([[6.0], [7.0]])
COMPLETED = [(("qr", (a,), {"mode": "complete"}, of_q, slope)) for a, of_q, slope in map(beside, (float, complex))]
# (name, arguments, options, cotangent, gradients). A cotangent of 1 would hide that a rule forgets it.
CORNERS = [
    ("special.sici", (np.array([0.0]),), {}, np.array([1.0, 0.0]), np.array([1.0])),
    *((name, arrays, options, 3.0, 3 * np.ravel(right)) for name, arrays, options, right in OF_ONE),
    *((name, tuple(np.array([x]) for x in at), {}, 3.0, 3 * np.array(slopes)) for name, at, slopes in OF_SCIPY),
    *COMPLETED,
    *VALUES,
    ("lstsq", OF_RANK_ONE, {"rcond": 1e-6}, [[1.0], [2.0]], [-1.5, 3.0, 1.75, 0.0, 0.5, 0.0]),
    ("qr", (NEARLY_NOTHING,), {}, OF_LENGTH, [-0.6, 0, -0.8, 0, NAN, NAN, NAN, NAN]),
    ("qr", (np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]),), {}, 3.0, np.full(6, NAN)),  # dependent columns
    ("solve", SYSTEM, FACTORED, 3.0, SHARES_OF_SYSTEM),
    ("solve", SYSTEM, FACTORED | {"turned": True}, 3.0, SHARES_TURNED),
    ("relu", (np.array([-1.0, 2.0, 1.0]),), {}, np.array([INF, INF, 3.0]), np.array([0.0, INF, 3.0])),
    *BY_SCIPY,
    ("limited", (np.array([-2.0, 0.5, 0.2, 1.0]),), {}, np.array([INF, INF, 3.0, 3.0]), np.array([0.0, INF, 3.0, 0.0])),
    *SPECTRAL,
]
# Points where gradcheck can decide, at order 2.
SMOOTH = [
    *((name, (np.array([2.0]), np.array([2.0]))) for name in ("logaddexp", "logaddexp2")),
    *((name, (np.array([2.0]), np.array([0.0]))) for name in ("power", "float_power")),
    *((f"special.{name}", (np.array([0.0]), np.array([2.0]))) for name in ("xlogy", "xlog1py")),
    ("special.rgamma", (np.array([-0.7, -1.3, -2.6]),)),
    ("det", (SINGULAR,)),
    ("det", (np.array([[1.0, 2.0], [2.0, 4.0]]),)),
]
