"""Corruptions of the rules for eigenvalues and singular values that give the same numbers; see test_mutations.py."""

CAST = "float64 here"
FASTER = "the way for equal values gives the same, slower"
OPEN = "what is left open for the second derivative, tests/primitives/test_repeated.py watches"
PHASES = "vectors of real matrices; tests/functions/test_spectra.py watches complex ones"
BOUND = "a bound between rounding and what counts: others are as good"
OPPOSITE = "of two opposite elements, one that is nan is enough"
DECIDES = "it only decides what counts as 0, and both are 0 together"
ONE = "there is one matrix, or the nan of one is noticed anyway"

ROOT = "np.sqrt(squares.sum(-1, keepdims=True) + squares.sum(-2, keepdims=True))"
UNITS = "NOISE * m.shape[-1] * np.finfo(m.dtype).eps"
X = "apart + together + diagonals(own) + phases(both)"
BOTH = "received_parts[1] and (received_parts[0] or received_parts[2])"

EQUIVALENT = {
    ("are_apart", "shortcut(np.all(np.abs(np.diff(w)) > rounding(w)))"): (1, "the same truth"),
    ("are_apart", "np.abs(np.diff(w))"): (1, FASTER),
    ("depending", "depends | used & ~np.any(depends)"): (1, "test_repeated.py watches what was used"),
    ("are_both_zero", "2 * rounding(s)[..., None]"): (1, BOUND),
    ("beside", "conjugated(u)"): (1, PHASES),
    ("beside", "outside(s, g, rest)"): (3, DECIDES),
    ("diagonals", "np.eye(h.shape[-1], dtype=h.dtype)"): (1, CAST),
    ("divided", "np.where(fill == 1, d, 1)"): (6, "the quotient is not taken there"),
    ("eigh_rule", "opened(c, h, w)"): (6, OPEN),
    ("eigvalsh_rule", "opened(diagonals(shared(g, w)), g, w)"): (6, OPEN),
    ("inner", "turn + other"): (2, DECIDES),
    ("inner", f"opened({X}, h, s)"): (6, OPEN),
    ("instead", "np.where(equal, unknown(bad, dtype), 1).astype(dtype)"): (1, CAST),
    ("noise", f"1 + {ROOT}"): (1, BOUND),
    ("noise", ROOT): (1, BOUND),
    ("noise", "squares.sum(-1, keepdims=True) + squares.sum(-2, keepdims=True)"): (2, BOUND),
    ("noise", "squares.sum(-1, keepdims=True)"): (2, BOUND),
    ("noise", "squares.sum(-2, keepdims=True)"): (1, BOUND),
    ("noise", f"{UNITS} * size"): (1, BOUND),
    ("noise", UNITS): (1, BOUND),
    ("noise", "NOISE * m.shape[-1]"): (2, BOUND),
    ("of_all_vectors", "0 * np.sum(x[..., k:, k:], axis=(-2, -1), keepdims=True)"): (1, "the sum is 0, or nan"),
    ("of_all_vectors", "np.sum(x[..., k:, k:], axis=(-2, -1), keepdims=True)"): (1, ONE),
    ("of_all_vectors", "conjugated(vh)"): (1, PHASES),
    ("of_all_vectors", "conjugated(u)"): (1, PHASES),
    ("of_vectors", "conjugated(vh)"): (3, PHASES),
    ("of_vectors", "conjugated(u)"): (3, PHASES),
    ("opened", "left_open(x, w)"): (5, OPEN),
    ("opened", "isinstance(h, Tensor)"): (1, OPEN),
    ("outside", "instead(are_zero(s)[..., None, :], np.abs(rest) > noise(g), s.dtype)"): (1, "here all values are 0"),
    ("outside", "np.abs(rest)"): (1, ONE),
    ("outside", "noise(g)"): (1, ONE),
    ("pairs", "np.ones_like(gaps(w)) * others"): (1, "True is 1"),
    ("pairs", "np.abs(antihermitian(m))"): (1, OPPOSITE),
    ("svd_rule", f"at_zero(rule(gu, h, gvh, u, s, vh, {BOTH}), s)"): (1, OPEN),
    ("svdvals_rule", "at_zero(x, svdvals(a))"): (1, OPEN),
    ("svdvals_rule", "isinstance(a, Tensor)"): (2, OPEN),
    ("svdvals_rule", "opened(diagonals(of_size(g, s)), g, s)"): (6, OPEN),
    ("uneven", "np.minimum(NOISE * rounding(w), root)"): (1, "the order of these two makes no difference"),
    ("uneven", "np.abs(gaps(h))"): (1, OPPOSITE),
    ("unknown", "np.where(bad, np.nan, 0).astype(dtype)"): (1, CAST),
    ("unknown", "np.where(bad, np.nan, 0)"): (1, "False is 0"),
    ("vanishing", "shortcut(np.all(s > rounding(s)))"): (1, "the same truth"),
    ("vanishing", "rounding(s)"): (1, FASTER),
    ("vanishing", "np.abs(k)"): (1, OPPOSITE),
}
