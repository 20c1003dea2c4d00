"""Eigenvalues and vectors: complex ones, equal ones, and what has no derivative, with gradients by other formulas."""

import numpy as np

NAN = np.full((3, 3), np.nan)
NONE = np.zeros((3, 3))


def by_bordered_systems(a, j, of_value, weights):
    """(a, the cotangents of values and vectors, the gradient) of Re(c̄ w_j) + v_jᴴ G v_j, where no phase matters.

    By (a - w) dv + v dμ = -da v, vᴴ dv = 0, where dμ = -dw.
    """
    (w, v), n = np.linalg.eig(a), len(a)
    x = v[:, j : j + 1]
    system = np.block([[a - w[j] * np.eye(n), x], [x.conj().T, np.zeros((1, 1))]])
    of_x = 2 * weights @ x
    found = np.linalg.solve(system.conj().T, np.append(of_x, -of_value))
    slope = -np.outer(found[:n], x.conj())
    of_w, of_v = np.zeros(n, complex), np.zeros((n, n), complex)
    of_w[j], of_v[:, j : j + 1] = of_value, of_x
    return a, of_w, of_v, slope if np.iscomplexobj(a) else slope.real


def by_phase(a):
    """The phase of the first vector."""
    of_v = np.zeros((3, 3), complex)
    of_v[:, 0] = 1j * np.linalg.eig(a)[1][:, 0]
    return a, np.zeros(3), of_v, NAN


def by_both(a):
    """Of two conjugate vectors x and y, x₀ y₁ = x₀ x̄₁."""
    weights, (w, v) = np.zeros((3, 3), complex), np.linalg.eig(a)
    weights[1, 0], weights[0, 1] = 0.5 + 1j, 0.5 - 1j
    of_v = np.zeros((3, 3), complex)
    x, y = np.argmax(w.imag), np.argmin(w.imag)
    of_v[0, x], of_v[1, y] = np.conj((1 + 2j) * v[1, y]), np.conj((1 + 2j) * v[0, x])
    return a, np.zeros(3), of_v, by_bordered_systems(a, x, 0, weights)[-1]


def by_projector(a, weights):
    """The sum of the weighted elements of P, which projects on the vectors for the eigenvalue 2, along those for 5."""
    w, v = np.linalg.eig(a)
    chosen, left = np.diag(abs(w - 2) < 0.1).astype(float), np.linalg.inv(v)
    of_v = weights @ (chosen @ left).T - (left @ weights.T @ v @ chosen @ left).T
    p = v @ chosen @ left
    q = np.eye(3) - p
    return a, np.zeros(3), of_v, -(p.T @ weights @ q.T + q.T @ weights @ p.T) / 3


def in_stack(*each):
    """Such cases in one stack, for the primitive eig."""
    a, of_w, of_v, slope = map(np.stack, zip(*each))
    return "eig", (a,), {}, np.append(of_w, of_v), slope.ravel()


def only(i, j, value=1.0):
    matrix = np.zeros((3, 3))
    matrix[i, j] = value
    return matrix


HERMITIAN = np.array([[2.0, 1j, 0.5], [-1j, 1.0, 1.0], [0.5, 1.0, -1.0]])
UNEVEN = np.array([[1.0, 2.0, 0.5], [-1.0, 2.0, 1.0], [0.3, -0.4, 5.0]])
OTHER = np.array([[9.0, 2.0, 0.5], [-1.0, 2.0, 3.0], [0.3, -4.0, 1.0]])
IN_PLANE = UNEVEN + 1j * UNEVEN[::-1]
BASIS = np.array([[1.0, 0.2, 0.3], [-0.1, 1.0, 0.4], [0.2, -0.3, 1.0]])
TWICE = np.diag([2.0, 2.0, 5.0])
TURNED = BASIS @ TWICE @ np.linalg.inv(BASIS)
DEFECTIVE = np.diag([1.0, 1.0, 3.0]) + only(0, 1)
WEIGHTS = np.arange(9.0).reshape(3, 3) - 3
ONES, FIRST = np.ones(3), np.array([1.0, 0.0, 0.0])
ALIKE = -np.array([1e9, 1e9 + 1e-3, 1e9])  # but for rounding
TINY = 1e-14 * np.diag([1.0, 2.0, 4.0])

COMPLEX = [by_bordered_systems(IN_PLANE, j, 1 + 2j, HERMITIAN) for j in range(3)]
REAL = [by_bordered_systems(a, j, 1 + 2j, HERMITIAN) for a in (UNEVEN, OTHER) for j in range(3)]
EQUAL = [
    (2 * np.eye(3), ONES, NONE, np.eye(3)),
    (-2 * np.eye(3), np.array([1.0, 2.0, 1.0]), NONE, NAN),
    (2 * np.eye(3), ALIKE, NONE, np.diag(ALIKE)),
    (TWICE, FIRST, NONE, NAN),
    (TWICE, np.array([1.0, 1.0, 0.0]), NONE, np.diag([1.0, 1.0, 0.0])),
    by_projector(TWICE, WEIGHTS),
    by_projector(TURNED, 1e9 * WEIGHTS),
    (TWICE, ONES, by_projector(TWICE, WEIGHTS)[2], NAN),
    (TWICE, 0 * ONES, only(0, 1, -1e-20), NAN),
    (TURNED, 0 * ONES, WEIGHTS, NAN),
    (TINY, 0 * ONES, only(2, 0), only(2, 0, -1e14 / 3)),
    (TINY, FIRST, only(2, 0), only(2, 0, -1e14 / 3) + only(0, 0)),
    (DEFECTIVE, ONES, NONE, NAN),
    (BASIS @ DEFECTIVE @ np.linalg.inv(BASIS), ONES, NONE, NAN),
    (np.eye(3, k=1), ONES, NONE, NAN),
    (only(0, 1) + np.diag([0.0, 0.0, 1.0]), ONES, NONE, NAN),
    (DEFECTIVE - only(1, 0, 1e-8), ONES, NONE, np.eye(3)),
]
VALUES = [
    in_stack(*COMPLEX, by_bordered_systems(IN_PLANE, 0, 0, 1e9 * HERMITIAN), by_phase(IN_PLANE)),
    in_stack(*REAL, by_bordered_systems(UNEVEN, 0, 0, 1e9 * HERMITIAN), by_phase(UNEVEN)),
    in_stack(*map(by_both, (UNEVEN, OTHER))),
    in_stack(*EQUAL),
]
