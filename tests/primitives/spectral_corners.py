"""Repeated eigenvalues and singular values: cotangents of functions that have a derivative, and of others.

Each is (name, arrays, options, cotangent of all results in one vector, gradients).
"""

import numpy as np

NAN, EPS = np.nan, np.finfo(float).eps
RNG = np.random.default_rng(3)


def orthogonal(n, columns=None):
    return np.linalg.qr(RNG.normal(size=(n, n)))[0][:, :columns]


def symmetric(n):
    w = RNG.normal(size=(n, n))
    return w + w.T


def lower(x):
    """Of a symmetric gradient, what belongs to the triangle that is read."""
    return np.tril(x) + np.tril(x, -1)


def vector(*parts):
    return np.concatenate([np.ravel(each) for each in parts])


Q, WEIGHTS = orthogonal(4), symmetric(4)
VALUES = np.array([-2.0, -2.0, 1.0, 3.0])
A = Q * VALUES @ Q.T
A = (A + A.T) / 2
V = np.linalg.eigh(A)[1]
NOWHERE = np.tril(np.full((4, 4), NAN))
IN_PAIR = np.array([1.0, 1.0, 0.0, 0.0])
# The projector on the first two vectors: each product of one of them with another one changes by 1 / their gap.
INNER = Q.T @ WEIGHTS @ Q
GAPS = np.where(IN_PAIR[:, None] == IN_PAIR, np.inf, np.abs(VALUES[:, None] - VALUES))
PROJECTOR = lower(Q @ (-INNER / GAPS) @ Q.T)
FAR = np.diag([1.0, 2.0, 4.0, 7.0])


def of_vectors(*columns):
    """The cotangent of chosen vectors, each in its column."""
    g = np.zeros((4, 4))
    for i in columns:
        g[:, i] = WEIGHTS[0]
    return g


def eigen():
    def eigh(gw, gv, right):
        return "eigh", (A,), {}, vector(gw, gv), np.ravel(right)

    zero, used = np.zeros(4), np.zeros((4, 4))
    yield eigh(zero, 2 * WEIGHTS @ (V * IN_PAIR), PROJECTOR)
    yield eigh([2.0, 2.0, 5.0, -1.0], used, lower(Q * [2.0, 2.0, 5.0, -1.0] @ Q.T))
    yield eigh([2.0, 2.0, 5.0, -1.0], V * [1.0, 2.0, 3.0, 4.0], lower(Q * [2.0, 2.0, 5.0, -1.0] @ Q.T))
    yield eigh([1.0, 0.0, 0.0, 0.0], used, NOWHERE)
    yield eigh(zero, of_vectors(0), NOWHERE)
    yield eigh([2.0, 2.0, 5.0, -1.0], 2 * WEIGHTS @ (V * VALUES**2), NOWHERE)
    yield "eigvalsh", (A,), {}, np.array([2.0, 2.0, 5.0, -1.0]), np.ravel(lower(Q * [2.0, 2.0, 5.0, -1.0] @ Q.T))
    yield "eigvalsh", (A,), {}, np.array([0.0, 0.0, 1.0, 0.0]), np.ravel(lower(np.outer(Q[:, 2], Q[:, 2])))
    yield "eigvalsh", (A,), {"UPLO": "U"}, np.array([0.0, 1.0, 0.0, 0.0]), np.ravel(NOWHERE.T)
    # Of two matrices, only one is seen by values; of two, only one has equal values that are seen.
    half = vector([zero, [2.0, 2.0, 5.0, -1.0]], [2 * WEIGHTS @ (V * IN_PAIR), used])
    yield "eigh", (np.stack([A, A]),), {}, half, vector(PROJECTOR, lower(Q * [2.0, 2.0, 5.0, -1.0] @ Q.T))
    half = vector([zero, zero], [of_vectors(0), used])
    yield "eigh", (np.stack([A, A]),), {}, half, vector(NOWHERE, used)
    yield "eigvalsh", (-NEAR,), {}, np.array([3.0, 4.0, 2.0, 1.0]), np.ravel(NOWHERE)
    yield "eigvalsh", (1e-17 * FAR,), {}, np.array([1.0, 2.0, 3.0, 4.0]), np.ravel(np.diag([1.0, 2.0, 3.0, 4.0]))
    # Beside a matrix of other size, each has its own rounding.
    pair = np.stack([FAR, 1e17 * np.diag([1.0, 1.0, 2.0, 3.0])])
    of_each = np.stack([np.diag([1.0, 2.0, 3.0, 4.0]), NOWHERE])
    yield "eigvalsh", (pair,), {}, np.array([[1.0, 2.0, 3.0, 4.0]] * 2), np.ravel(of_each)


B, RAY = WEIGHTS + 1j * np.triu(np.arange(16.0).reshape(4, 4), 1), np.array([1.0, 1j, 2.0, -1.0])


def phased():
    """Of a complex vector, the phase is free: its product with its own conjugate does not see it."""
    w, v = np.linalg.eigh(np.conj(B.T))
    shares = np.conj(RAY) @ v
    seen = np.zeros((4, 4), complex)
    seen[:, 0] = 2 * RAY * shares[0]
    with np.errstate(divide="ignore"):
        inner = 2 * np.conj(shares) * shares[0] / np.where(w == w[0], np.inf, w[0] - w)
    change = np.outer(v @ inner, np.conj(v[:, 0]))
    right = np.tril(change + np.conj(change.T), -1) + np.diag(np.diag(change).real)
    yield "eigh", (np.conj(B.T),), {}, vector(np.zeros(4), seen), right.ravel()
    yield "eigh", (np.conj(B.T),), {}, vector(np.zeros(4), of_vectors(0)), np.tril(np.full((4, 4), NAN)).ravel()
    yield "eigh", (np.conj(B.T),), {}, vector(np.zeros(4), -1j * v), np.tril(np.full((4, 4), NAN)).ravel()


# Values apart by 13 units in the last place: four rows allow 14.
NEAR = np.diag([1.0, 1.0 + 13 * EPS, 0.25, 0.5])


def near():
    yield "eigvalsh", (NEAR,), {}, np.array([1.0, 2.0, 4.0, 3.0]), np.ravel(NOWHERE)
    yield "eigvalsh", (NEAR,), {}, np.array([1.0, 2.0, 3.0, 3.0 + 1e-9]), np.ravel(np.diag([3.0, 3.0 + 1e-9, 1.0, 2.0]))
    yield "eigvalsh", (NEAR,), {}, np.array([0.0, 0.0, 1e-14, 0.0]), np.ravel(np.diag([1e-14, 0.0, 0.0, 0.0]))
    yield "eigvalsh", (NEAR,), {}, np.array([0.0, 0.0, 1e-10, 0.0]), np.ravel(NOWHERE)
    yield "eigvalsh", (NEAR,), {}, np.array([1e10, 0.0, 1.0, 2.0]), np.ravel(NOWHERE)
    large = -1e10 * np.array([3.0, 3.0 + 1e-9, 1.0, 2.0])
    yield "eigvalsh", (NEAR,), {}, large[[2, 3, 0, 1]], np.ravel(np.diag(large))


U, W = orthogonal(5, 3), orthogonal(3)
DOUBLE, RANK_ONE = np.array([2.0, 2.0, 1.0]), np.array([3.0, 0.0, 0.0])
OF_SQUARE = RNG.normal(size=(3, 3))


def singular():
    double, single = U * DOUBLE @ W.T, U * RANK_ONE @ W.T
    small = W * DOUBLE @ W[::-1].T
    nothing, nowhere = np.zeros((5, 3)), np.full((5, 3), NAN)
    right = U * [1.0, 1.0, 4.0] @ W.T
    yield "svdvals", (double,), {}, np.array([1.0, 1.0, 4.0]), right.ravel()
    yield "svdvals", (double,), {}, np.array([1.0, 0.0, 0.0]), nowhere.ravel()
    yield "svdvals", (single,), {}, np.array([2.0, 1.0, 3.0]), 2 * np.outer(U[:, 0], W[:, 0]).ravel()
    reduced = {"full_matrices": False}
    yield "svd", (double,), reduced, vector(nothing, [1.0, 1.0, 4.0], np.zeros((3, 3))), right.ravel()
    yield (
        "svd",
        (single,),
        reduced,
        vector(nothing, [1.0, 1.0, 4.0], np.zeros((3, 3))),
        np.ravel(np.outer(U[:, 0], W[:, 0])),
    )
    # The product of U and V of a square matrix, the polar factor.
    u, s, vh = np.linalg.svd(small)
    polar = u @ (antisymmetric(u.T @ OF_SQUARE @ vh.T) * 2 / (s + s[:, None])) @ vh
    yield "svd", (small,), {}, vector(OF_SQUARE @ vh.T, np.zeros(3), u.T @ OF_SQUARE), polar.ravel()
    yield "svd", (small,), {}, vector(OF_SQUARE, np.zeros(3), np.zeros((3, 3))), np.full(9, NAN)
    yield "svd", (small,), {}, vector(OF_SQUARE @ vh.T, np.ones(3), u.T @ OF_SQUARE), np.full(9, NAN)
    lost = W * RANK_ONE @ W[::-1].T
    u, s, vh = np.linalg.svd(lost)
    yield "svd", (lost,), {}, vector(OF_SQUARE @ vh.T, np.zeros(3), u.T @ OF_SQUARE), np.full(9, NAN)


def beside():
    """The vectors beside the first: what they span is known, which of them are taken is not."""
    a = U * [3.0, 2.0, 1.0] @ W.T
    values, symmetric_weights = np.array([1.0, 2.0, 3.0]), RNG.normal(size=(5, 5))
    symmetric_weights += symmetric_weights.T
    for x, turned in ((a, False), (a.T, True)):
        u, _, vh = np.linalg.svd(x)
        more = (vh.T if turned else u) * [0.0, 0.0, 0.0, 1.0, 1.0]
        right = -2 * (np.eye(5) - U @ U.T) @ symmetric_weights @ np.linalg.pinv(a).T + U * values @ W.T
        of_space, none = 2 * symmetric_weights @ more, np.zeros((3, 3))
        first, last = (none, of_space.T) if turned else (of_space, none)
        yield "svd", (x,), {}, vector(first, values, last), np.ravel(right.T if turned else right)
        single = RNG.normal(size=(5, 5)) * [0.0, 0.0, 0.0, 0.0, 1.0]
        first, last = (none, single.T) if turned else (single, none)
        yield "svd", (x,), {}, vector(first, values, last), np.full(15, NAN)


def mixed():
    """Values that are 0 with what their vectors span; a free phase; stacks of which one is seen by values alone."""
    lost, single = W * RANK_ONE @ W[::-1].T, U * RANK_ONE @ W.T
    u, s, vh = np.linalg.svd(lost)
    right = np.outer(u[:, 0], vh[0]) * 2
    weights = OF_SQUARE + OF_SQUARE.T
    change = -2 * (np.eye(3) - np.outer(u[:, 0], u[:, 0])) @ weights @ np.linalg.pinv(lost).T
    of_space = vector(2 * weights @ (u * [0.0, 1.0, 1.0]), [2.0, 0.0, 0.0], np.zeros((3, 3)))
    yield "svd", (lost,), {}, of_space, np.ravel(right + change)
    g = np.zeros((5, 3))
    g[:, 1] = RNG.normal(size=5)
    yield "svd", (single,), {"full_matrices": False}, vector(g, [2.0, 0.0, 0.0], np.zeros((3, 3))), np.full(15, NAN)
    turning = W * [3.0, 2.0, 1.0] @ W[::-1].T + 1j * OF_SQUARE
    free = vector(1j * np.linalg.svd(turning)[0], np.zeros(3), np.zeros((3, 3)))
    yield "svd", (turning,), {}, free, np.full(9, NAN)
    small = W * DOUBLE @ W[::-1].T
    u, s, vh = np.linalg.svd(small)
    polar = u @ (antisymmetric(u.T @ OF_SQUARE @ vh.T) * 2 / (s + s[:, None])) @ vh
    used, none = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 2.0]]), np.zeros((3, 3))
    both = vector([OF_SQUARE @ vh.T, none], used, [u.T @ OF_SQUARE, none])
    yield "svd", (np.stack([small, small]),), {}, both, vector(polar, u * used[1] @ vh)


def product_of_all():
    """The sum of the elements of U S Vᴴ, each times another number: where a value is 0, the rule cannot see it: nan."""
    a, weights = np.diag([2.0, 1.0, 0.0]), np.arange(1.0, 10.0).reshape(3, 3)
    u, s, vh = np.linalg.svd(a)
    used = vector(weights @ vh.T * s, np.diag(u.T @ weights @ vh.T), (u * s).T @ weights)
    yield "svd", (a,), {}, used, np.full(9, NAN)


def antisymmetric(z):
    return (z - z.T) / 2


OPEN = np.array([[1.0, 2.0], [3.0, 4.0]])


def opened():
    """The rules of what nobody knows: nan if a pair of equal values, or a value that is 0, is looked at."""
    for w, of_pairs, of_zeros in (([1.0, 1.0], NAN, 0.0), ([2.0, 1.0], 0.0, 0.0), ([2.0, 0.0], 0.0, NAN)):
        yield "left_open", (OPEN, np.array(w)), {}, OPEN, vector(OPEN, [of_pairs, of_pairs])
        yield "at_zero", (OPEN, np.array(w)), {}, OPEN, vector(OPEN, [of_zeros, of_zeros])
    yield "left_open", (OPEN, np.ones(2)), {}, np.eye(2), vector(np.eye(2), [0.0, 0.0])
    yield "left_open", (-OPEN, np.ones(2)), {}, -OPEN, vector(-OPEN, [NAN, NAN])
    two = np.stack([OPEN, -OPEN])
    yield "left_open", (two, np.array([[1.0, 2.0], [3.0, 3.0]])), {}, two, vector(two, [0.0, 0.0, NAN, NAN])
    yield "at_zero", (two, np.array([[2.0, 1.0], [3.0, 0.0]])), {}, two, vector(two, [0.0, 0.0, NAN, NAN])
    yield "at_zero", (OPEN, np.zeros(2)), {}, 1e-17 * OPEN, vector(1e-17 * OPEN, [0.0, 0.0])


SPECTRAL = [*eigen(), *phased(), *near(), *singular(), *beside(), *mixed(), *product_of_all(), *opened()]
