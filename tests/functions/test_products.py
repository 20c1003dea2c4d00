"""Products: vectors and matrices, any axes, Kronecker and cross products."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import ShapeError, Tensor, UnsupportedError

RNG = np.random.default_rng(0)


def of(*shape):
    return RNG.normal(size=shape)


PRODUCTS = [
    (np.dot, of(3), of(3), {}),
    (np.dot, of(2, 3), of(4, 3, 2), {}),
    (np.dot, of(), of(2, 3), {}),
    (np.vdot, of(2, 3), of(2, 3), {}),
    (np.vdot, of(2, 3), of(6), {}),
    (np.vdot, of(), of(), {}),
    (np.vdot, of(0), of(0), {}),
    (np.inner, of(3), of(3), {}),
    (np.inner, of(2, 3), of(4, 2, 3), {}),
    (np.inner, of(2, 3), of(), {}),
    (np.outer, of(3), of(2), {}),
    (np.outer, of(2, 3), of(), {}),
    (np.linalg.outer, of(3), of(2), {}),
    (np.linalg.matmul, of(2, 3), of(3, 2), {}),
    (np.kron, of(2), of(3), {}),
    (np.kron, of(2, 3), of(3, 2), {}),
    (np.kron, of(2), of(2, 1, 3), {}),
    (np.kron, of(), of(2, 2), {}),
    (np.kron, of(0, 2), of(2, 2), {}),
]
AXES = [
    ((2, 3), (3, 2), 1),
    ((2, 3), (2, 3), 2),
    ((2, 3), (2,), 0),
    ((2, 3), (3,), (1, 0)),
    ((2, 3, 4), (4, 2), ([0, 2], [1, 0])),
    ((2, 3, 4), (3, 4, 2), ((-1, 1), (1, 0))),
    ((2, 3), (4,), ([], [])),
    ((2, 0), (0, 3), 1),
    ((), (), 0),
    ((3, 1), (1, 2), 1),
]
CROSSES = [
    ((3,), (3,), {}),
    ((4, 3), (3,), {}),
    ((2, 1, 3), (4, 3), {}),
    ((3, 4), (3, 4), {"axis": 0}),
    ((3, 4), (4, 3), {"axisa": 0, "axisc": 0}),
    ((4, 3), (3, 4), {"axisb": 0}),
    ((0, 3), (0, 3), {}),
]


@together(("function", "a", "b", "options"), PRODUCTS)
def test_products(function, a, b, options):
    agrees(function, a, b, **options)


@together(("function", "a", "b", "options"), PRODUCTS)
def test_products_of_other_dtypes(function, a, b, options):
    for left, right in (
        (a.astype(np.float32), b),
        (a.astype(int), b),
        (a.astype(np.int8), b.astype(np.int8)),
        (a > 0, b > 0),
    ):
        same(function(Tensor(left), Tensor(right)), function(left, right), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("function", [np.dot, np.inner, np.outer, np.kron, np.tensordot])
def test_plain_numbers_are_float64(function):
    x = np.ones(3, np.float32)
    options = {"axes": 0} if function is np.tensordot else {}
    same(function(Tensor(x), 2.0, **options), function(x, 2.0, **options))


@pytest.mark.parametrize("function", [np.dot, np.vdot, np.inner, np.outer, np.kron, np.tensordot, np.matmul])
def test_nested_lists(function):
    a, x = [[1.0, 2.0], [3.0, 4.0]], of(2, 2)
    agrees(lambda x: function(a, x), x)
    agrees(lambda x: function(x, a), x)


@together(("a", "b", "axes"), AXES)
@together("function", [np.tensordot, np.linalg.tensordot])
def test_tensordot(function, a, b, axes):
    agrees(function, of(*a), of(*b), axes=axes)


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((2, 3), (2, 3), 1),
        ((2, 3), (1, 2), 1),
        ((2, 3), (3, 2), (2, 0)),
        ((2, 2), (2, 2), ([0, 0], [0, 1])),
        ((2, 2), (2, 2), ([0, 1], [0])),
        ((2,), (2,), 2),
    ],
)
def test_tensordot_of_what_does_not_fit(a, b, axes):
    for kind in (np.asarray, Tensor):
        with pytest.raises((ValueError, IndexError)):
            np.tensordot(kind(of(*a)), kind(of(*b)), axes)


VECTORS = [
    ("vecdot", (3,), (3,), {}),
    ("vecdot", (4, 3), (2, 1, 3), {}),
    ("vecdot", (3, 2), (3, 2), {"axis": 0}),
    ("vecdot", (0,), (0,), {}),
    ("matvec", (2, 3), (3,), {}),
    ("matvec", (4, 2, 3), (3,), {}),
    ("matvec", (2, 3), (4, 3), {}),
    ("vecmat", (2,), (2, 3), {}),
    ("vecmat", (4, 2), (2, 3), {}),
    ("vecmat", (4, 1, 2), (3, 2, 3), {}),
]


@together(("name", "a", "b", "options"), VECTORS)
def test_vectors_and_matrices(name, a, b, options):
    for place in (np, np.linalg):
        if function := getattr(place, name, None):
            a, b = np.ones(a) * of(*a), of(*b)
            agrees(function, a, b, **options)
            same(function(Tensor(a > 0), Tensor(b > 0), **options), function(a > 0, b > 0, **options))
            a, b = a.shape, b.shape


@pytest.mark.skipif(not hasattr(np, "vecdot"), reason="new in NumPy 2.0")
def test_lengths_are_not_broadcast():
    with pytest.raises(ShapeError):
        np.vecdot(Tensor(np.ones(3)), Tensor(np.ones(1)))


@pytest.mark.parametrize("function", [np.vdot, np.vecdot] if hasattr(np, "vecdot") else [np.vdot])
def test_the_first_of_complex_numbers_is_conjugated(function):
    z = np.array([1 + 2j, 3 - 1j])
    same(function(Tensor(z), Tensor(z)), function(z, z))
    agrees(function, np.array([1.0, 2.0]), z)


@pytest.mark.parametrize(("a", "b", "options"), CROSSES)
def test_cross(a, b, options):
    agrees(np.cross, of(*a), of(*b), **options)


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors")
@pytest.mark.parametrize(
    ("a", "b", "options"),
    [((2,), (2,), {}), ((3,), (2,), {}), ((2, 4), (3, 4), {"axis": 0}), ((4, 2), (1, 2), {}), ((2,), (5, 3), {})],
)
def test_cross_of_two_components(a, b, options):
    agrees(np.cross, of(*a), of(*b), **options)


@pytest.mark.parametrize(("a", "b", "options"), [((3,), (3,), {}), ((4, 3), (3,), {}), ((3, 4), (3, 4), {"axis": 0})])
def test_linalg_cross(a, b, options):
    agrees(np.linalg.cross, of(*a), of(*b), **options)


@pytest.mark.parametrize(
    ("function", "a", "b"),
    [
        (np.cross, (4,), (3,)),
        (np.linalg.cross, (2,), (2,)),
        (np.linalg.outer, (2, 2), (2,)),
        (np.vdot, (2,), (3,)),
        (np.inner, (2, 3), (2, 2)),
    ],
)
def test_shapes_that_do_not_fit(function, a, b):
    with pytest.raises(ShapeError):
        function(Tensor(of(*a)), Tensor(of(*b)))


def test_what_matmul_does_not_take():
    t = tg.Tensor(of(2, 2), requires_grad=True)
    with pytest.raises(UnsupportedError, match="axes"):
        np.matmul(t, t, axes=[(0, 1), (0, 1), (0, 1)])


def test_the_gradient_of_a_product_with_integers():
    x, counts = Tensor(of(2, 3), requires_grad=True), np.arange(6).reshape(3, 2)
    np.tensordot(x, counts, 1).sum().backward()
    np.testing.assert_allclose(x.grad.data, np.broadcast_to(counts.sum(axis=1), (2, 3)))
