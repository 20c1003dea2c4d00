"""Polynomials as their coefficients."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same

P = np.array([2.0, -1.5, 0.5, 3.0])
Q = np.array([1.0, -2.0])
X = np.array([0.5, -1.0, 0.0, 2.0])
LEAF = tg.Tensor(P, requires_grad=True)

CASES = {
    "vander": (np.vander, X),
    "vander 3": (lambda x: np.vander(x, N=3, increasing=True), X),
    "vander 1": (lambda x: np.vander(x, 1), X),
    "polyval": (np.polyval, P, X),
    "polyval of a matrix": (lambda p, x: np.polyval(p=p, x=np.reshape(x, (2, 2))), P, X),
    "polyval at a number": (lambda p: np.polyval(p, 2), P),
    "polyval of numbers": (lambda x: np.polyval([3, 0, 1], x), X),
    "polyder": (np.polyder, P),
    "polyder 2": (lambda p: np.polyder(p, m=2), P),
    "polyder 0": (lambda p: np.polyder(p, 0), P),
    "polyder of all": (lambda p: np.polyder(p, 4), P),
    "polyint": (np.polyint, P),
    "polyint 2": (lambda p: np.polyint(p, 2), P),
    "polyint 0": (lambda p: np.polyint(p, 0), P),
    "polyint with a constant": (lambda p, k: np.polyint(p, m=2, k=k), P, np.array(3.0)),
    "polyint with constants": (lambda p, k: np.polyint(p, 2, k), P, Q),
    "polyadd": (np.polyadd, P, Q),
    "polyadd the longer": (np.polyadd, Q, P),
    "polyadd a number": (lambda p: np.polyadd(p, 1), P),
    "polysub": (np.polysub, P, Q),
    "polysub the longer": (np.polysub, Q, P),
    "polymul": (np.polymul, P, Q),
    "polymul the longer": (np.polymul, Q, P),
    "polymul by a number": (lambda p: np.polymul(a1=p, a2=3), P),
    "polydiv": (np.polydiv, P, Q),
    "polydiv by a number": (lambda p: np.polydiv(p, 2), P),
    "polydiv by the longer": (np.polydiv, Q, P),
    "poly": (np.poly, X),
    "poly of one": (np.poly, X[:1]),
}


@together("name", list(CASES))
def test_as_numpy(name):
    agrees(*CASES[name])


@together("dtype", [np.float32, int, np.int8])
@together("name", [name for name in CASES if name != "polyint with constants"])
def test_other_dtypes(name, dtype):
    function, *arrays = CASES[name]
    arrays = [(2 * each).astype(dtype) for each in arrays]
    same(function(*map(tg.Tensor, arrays)), function(*arrays), rtol=1e-5 if dtype == np.float32 else 1e-12)


def test_leading_zeros():
    zeros = np.array([0.0, 0.0, 1.0, 2.0])
    for a, b in ((zeros, P), (P, zeros), (np.zeros(3), P)):
        same(np.polymul(tg.Tensor(a), tg.Tensor(b)), np.polymul(a, b))
        same(np.polyadd(tg.Tensor(a), tg.Tensor(b)), np.polyadd(a, b))
    product = np.polymul(P, Q)
    for rest in (0.0, 1.0):
        u = product + np.array([0, 0, 0, 0, rest])
        same(np.polydiv(tg.Tensor(u), tg.Tensor(Q)), np.polydiv(u, Q))


def test_of_nothing():
    same(np.vander(tg.Tensor(X), 0), np.vander(X, 0))
    same(np.vander(tg.Tensor(X[:0])), np.vander(X[:0]))
    assert np.poly(tg.Tensor(X[:0])) == 1.0
    is_constant(lambda p: np.polyval(p[:0], 2.0), P)


def test_a_product_is_divided_again():
    def there_and_back(p, q):
        return np.polydiv(np.polymul(p, q), q)[0]

    jacobian = tg.jacobian(there_and_back)(P, Q) if hasattr(tg, "jacobian") else None
    np.testing.assert_allclose(there_and_back(LEAF, Q).data, P)
    assert jacobian is None or np.allclose(jacobian, np.eye(4))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda p: np.vander(p[None]), ValueError),
        (lambda p: np.polyder(p, -1), ValueError),
        (lambda p: np.polyint(p, -1), ValueError),
        (lambda p: np.polyint(p, 3, [1, 2]), ValueError),
    ],
)
def test_numpys_errors_stay_errors(call, error):
    for p in (P, tg.Tensor(P), LEAF):
        with pytest.raises(error):
            call(p)


def test_fits():
    y, w = np.array([2.0, -1.0, 0.5, 1.5]), np.array([1.0, 2.0, 0.5, 1.5])
    for degree in (0, 1, 2):
        agrees(lambda x, y, d=degree: np.polyfit(x, y, d), X, y)
    agrees(lambda x, y, w: np.polyfit(x, y, deg=1, w=w), X, y, w, order=1)
    agrees(lambda x, y: np.polyfit(x, np.stack((y, y * y), axis=1), 1, w=w), X, y, order=1)
    agrees(lambda y: np.polyfit(np.arange(4), y, 2), y)
    same(np.polyfit(np.float32(X), tg.Tensor(np.float32(y)), 1), np.polyfit(np.float32(X), np.float32(y), 1), 1e-5)
    for call in (lambda x: np.polyfit(x, x, -1), lambda x: np.polyfit(x, x[:2], 1)):
        with pytest.raises(ValueError, match=r"polyfit|degree"):
            call(LEAF)


def test_characteristic_polynomials():
    agrees(np.poly, np.array([[2.0, 0.5, 0.1], [0.4, 3.0, 0.2], [-0.1, 0.2, 1.5]]), rtol=1e-10)
    with pytest.raises(tg.ShapeError, match="square"):
        np.poly(LEAF[None])


def test_remainders_keep_what_numpy_keeps():
    for divisor in ([0.7, 0.1, 0.3], [0.0, 1.0], [np.nan, 1.0]):
        for dtype in (np.float32, np.float64):
            u, v = np.array(P, dtype), np.array(divisor, dtype)
            with np.errstate(all="ignore"):
                same(np.polydiv(tg.Tensor(u), v), np.polydiv(u, v), 1e-6)


def test_what_is_refused_says_what_to_write():
    with pytest.raises(tg.UnsupportedError, match=r"full=(.|\n)*Leave"):
        np.polyfit(LEAF, LEAF, 1, full=True)
    with pytest.raises(tg.UnsupportedError, match="Lower the degree"):
        np.polyfit(LEAF, LEAF, 4)
    same(np.polyfit(tg.Tensor(X), tg.Tensor(P), 1), np.polyfit(X, P, 1))
