"""einsum: any subscripts, against NumPy's own on arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor, TinygradError, UnsupportedError

RNG = np.random.default_rng(0)
SIZES = {"i": 2, "j": 3, "k": 4, "l": 2, "b": 3, "Z": 2, "a": 1}


def shape_of(term):
    return tuple(SIZES[letter] for letter in term)


def arrays_for(subscripts):
    terms = subscripts.replace(" ", "").split("->")[0].split(",")
    return [RNG.normal(size=shape_of(term)) for term in terms]


SUBSCRIPTS = """
    i->i|ij->ji|ij->|ij->j|ii->i|ii->|ii|iij->ij|iji->j|iii->i|ijj->|ji|jZ|Zj|->|jijk|ijab->bija
    ij,jk->ik|bij,bjk->bik|ij,jk|ij,jk->ki|ij,ij->ij|ij,ij->|ij,ij|i,j->ij|i,j->ji|i,j->|ij,kl->ijkl|ij,kl->jl
    bij,jk->bik|bij,b->ij|ijk,kjl->il|ii,ij->j|iij,jk->ik|bii,bj->bj|i,->i|,->|,i|ij,k->jk|ij , jk -> i k
    ij,jk,kl->il|ij,jk,kl|i,i,i->i|i,j,k->ijk|ij,kj,kl,lb->ib|ij,ij,ij->|b,bi,bj,ij->b|ii,jj,kk->|,i,->i|ij,jk,ii->k
""".replace("\n", "|").split("|")
SUBSCRIPTS = [each.strip() for each in SUBSCRIPTS if each.strip()]


@together("subscripts", SUBSCRIPTS)
def test_subscripts(subscripts):
    agrees(lambda *arrays: np.einsum(subscripts, *arrays), *arrays_for(subscripts))


ELLIPSES = [
    ("...->...", [(2, 3)]),
    ("...", [(2, 3)]),
    ("i...->...i", [(2, 3, 4)]),
    ("i...", [(2, 3)]),
    ("b...a", [(2, 3, 4)]),
    ("...ij->...ji", [(4, 2, 3)]),
    ("i...i->...", [(2, 3, 2)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("...i->...", [(3,)]),
    ("...ij,...jk->...ik", [(5, 2, 3), (5, 3, 4)]),
    ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]),
    ("...ij,...jk->...ik", [(1, 2, 3), (5, 3, 4)]),
    ("...ij,...jk", [(5, 1, 2, 3), (4, 3, 2)]),
    ("...i,...i->...", [(5, 1, 3), (4, 3)]),
    ("...,...", [(2, 3), (5, 1, 3)]),
    ("...,...->...", [(), (2, 3)]),
    ("...,...,...->...", [(3,), (2, 1), (4, 1, 1)]),
    ("i...,j...->ij...", [(2, 3), (4, 3)]),
    ("...i,i...->...", [(2, 3), (3, 2)]),
    ("...k,k->...k", [(0, 2), (2,)]),
]


@together(("subscripts", "shapes"), ELLIPSES)
def test_ellipses(subscripts, shapes):
    agrees(lambda *arrays: np.einsum(subscripts, *arrays), *(RNG.normal(size=shape) for shape in shapes))


@together(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 1), (3, 4)]),
        ("ij,jk->ik", [(2, 3), (1, 4)]),
        ("ij,ij->ij", [(1, 3), (2, 1)]),
        ("ij,ij->", [(1, 3), (2, 1)]),
        ("i,i", [(1,), (3,)]),
        ("i,i->i", [(1,), (0,)]),
        ("ij,jk,kl->il", [(2, 1), (3, 1), (4, 2)]),
        ("ii,i->i", [(1, 1), (3,)]),
        ("ij,jk->ik", [(2, 0), (0, 3)]),
        ("i,i,j->j", [(0,), (0,), (2,)]),
    ],
)
def test_axes_of_length_1_are_broadcast(subscripts, shapes):
    agrees(lambda *arrays: np.einsum(subscripts, *arrays), *(RNG.normal(size=shape) for shape in shapes))


A, B, C = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))


@together(
    "function",
    [
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2]),
        lambda a, b: np.einsum(a, [30, 1], b, [1, 2]),
        lambda a, b: np.einsum(a, [Ellipsis, 1], b, [1, 2], [2, Ellipsis]),
        lambda a, b: np.einsum(a, (51, 0), b, (0, 26)),
        lambda a, b: np.einsum(a, [1, 0]) + np.einsum(b, [1, 0])[:3, :2].sum(),
        lambda a, b: np.einsum("ij,jk->ik", a, B.tolist()),
        lambda a, b: np.einsum("ij,j->i", a, [1, 2, 3]),
    ],
)
def test_forms(function):
    agrees(function, A, B)


@together(
    "optimize",
    [
        *(True, False, "greedy", "optimal", ("greedy", 10), ("optimal", 100)),
        *(["einsum_path", (0, 1), (0, 1)], ["einsum_path", (1, 2), (0, 1)], ["einsum_path", (0, 1, 2)]),
    ],
)
def test_optimize(optimize):
    agrees(lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize=optimize), A, B, C)
    agrees(lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=bool(optimize)), A, B)


def test_a_path_is_plain():
    path, text = np.einsum_path("ij,jk,kl->il", Tensor(A, requires_grad=True), B, C)
    assert path[0] == "einsum_path"
    assert "Complete contraction" in text


@together(
    ("subscripts", "arrays"),
    [
        *(("i->ii", [A[0]]), ("ij->ik", [A]), ("i...->", [A]), ("a->", [A]), ("abc->", [A]), ("a1->", [A])),
        *(("a", [A[0], A[0]]), ("ab,b", [A, B[0]]), ("i->i->i", [A[0]]), ("...a...->a", [A[0]]), ("ii->i", [A])),
        *(("ij->i.j", [A]), ("ij...->ij", [np.ones((2, 3, 4))]), ("a->a", []), ("ij,jk->ik", [A, A]), ("ii", [A[:1]])),
        *(([A, [0, 60]], []), ([A, [0, -1]], []), ([], []), ("i->i,", [A[0]]), ("..i->i", [A[0]])),
    ],
)
def test_errors(subscripts, arrays):
    given = [subscripts, *arrays] if isinstance(subscripts, str) else subscripts
    for kind in (np.asarray, Tensor):
        with pytest.raises((TinygradError, ValueError)):
            np.einsum(*(kind(x) if isinstance(x, np.ndarray) else x for x in given))


@pytest.mark.parametrize("option", [{"dtype": np.float32}, {"casting": "unsafe"}, {"order": "F"}])
def test_options(option):
    same(np.einsum("ij->ji", Tensor(A), **option), np.einsum("ij->ji", A, **option))
    with pytest.raises(UnsupportedError, match=next(iter(option))):
        np.einsum("ij->ji", Tensor(A, requires_grad=True), **option)


@together("dtype", [bool, np.int8, int, np.float16, np.float32, complex])
@together("subscripts", ["ij,jk->ik", "ij->j", "ii->", "ij,ij", "ij,jk,kl->"])
def test_dtypes(subscripts, dtype):
    arrays = [(np.arange(9).reshape(3, 3) % 4).astype(dtype) for _ in subscripts.split("->")[0].split(",")]
    same(np.einsum(subscripts, *map(Tensor, arrays)), np.einsum(subscripts, *arrays))


def test_mixed_dtypes():
    a, b = A.astype(np.float32), np.arange(12).reshape(3, 4).astype(np.int8)
    same(np.einsum("ij,kl->i", Tensor(a), Tensor(b)), np.einsum("ij,kl->i", a, b), rtol=1e-6)
    same(np.einsum("i,->i", Tensor(a[0]), 2.0), np.einsum("i,->i", a[0], 2.0))
    x = Tensor(a, requires_grad=True)
    np.einsum("ij,jk->", x, b).backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.data, np.broadcast_to(b.sum(axis=1), (2, 3)))


def test_out():
    out = np.zeros((2, 4))
    assert np.einsum("ij,jk->ik", Tensor(A), Tensor(B), out=out) is out
    np.testing.assert_allclose(out, A @ B)


def test_the_result_is_never_the_operand_itself():
    t = Tensor(A)
    assert np.einsum("ij->ij", t) is not t


def test_an_exact_zero_wins_over_infinity():
    x = Tensor(np.array([3.0, 1.0]), requires_grad=True)
    y = np.einsum("i,j->ij", x, np.array([np.inf, 2.0]))
    y.backward(np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert x.grad.tolist() == [2.0, 2.0]


@st.composite
def sums(draw):
    """Subscripts at random, and arrays for them; some axes of length 1, some letters repeated."""
    letters = "ijkab"
    terms = draw(st.lists(st.text(letters, max_size=4), min_size=1, max_size=4))
    used = sorted({*"".join(terms)})
    result = "".join(draw(st.permutations(used))[: draw(st.integers(0, len(used)))]) if used else ""
    arrays = []
    for term in terms:
        lone = {x for x in term if term.count(x) == 1 and draw(st.integers(0, 5)) == 0}
        arrays.append(RNG.normal(size=tuple(1 if x in lone else SIZES[x] for x in term)))
    implicit = draw(st.booleans())
    return ",".join(terms) + ("" if implicit else "->" + result), arrays


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(sums())
def test_random_sums(drawn):
    subscripts, arrays = drawn
    expected = np.einsum(subscripts, *arrays)
    leaves = [Tensor(x, requires_grad=True) for x in arrays]
    y = np.einsum(subscripts, *leaves)
    same(y, expected, rtol=1e-11, atol=1e-12)
    weights = RNG.normal(size=y.shape)
    y.backward(weights)
    for i, leaf in enumerate(leaves):
        direction = RNG.normal(size=leaf.shape)
        moved = np.einsum(subscripts, *arrays[:i], direction, *arrays[i + 1 :])  # linear in each
        np.testing.assert_allclose((leaf.grad.data * direction).sum(), (weights * moved).sum(), rtol=1e-9, atol=1e-10)
        _, tangent = tg.jvp(
            lambda x, i=i: np.einsum(subscripts, *arrays[:i], x, *arrays[i + 1 :]), arrays[i], direction
        )
        np.testing.assert_allclose(tangent, moved, rtol=1e-10, atol=1e-11)
