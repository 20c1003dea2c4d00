"""Random functions of arrays of many dtypes, shapes and layouts, with writes; and random losses with their gradients.

`exact` values come out the same to the last bit whatever the order of additions, so that they may decide something: a
comparison, a position, an index. What is rounded may not.
"""

import operator

import numpy as np

from tinygrad_like.engine.traces import lifted

DTYPES = ["f8", "f8", "f4", "f4", "i8", "i4", "i1", "u1", "?"]
SHAPES = [(3, 4), (3, 4), (4,), (3, 1), (), (1,), (0, 4), (2, 3, 4), (17, 3), (40,), (2, 1, 4)]
LAYOUTS = [
    lambda x: x,
    lambda x: x,
    lambda x: x,
    lambda x: x.T.copy().T,
    lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    lambda x: x[::-1].copy()[::-1] if x.ndim else x,
]
EXACT_BINARY = [np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.fmax, operator.add, operator.mul]
COMPARISONS = [np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal]
INTEGRAL = [np.floor_divide, np.remainder, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.fmod]
ROUNDED = [np.tanh, np.exp, np.sin, np.arctan, np.expm1, np.cbrt, lambda a: np.log1p(a * a), lambda a: np.sqrt(a * a)]
EXACT_UNARY = [np.negative, np.absolute, np.square, np.positive, np.isfinite, np.isnan, np.sign]
VIEWS = [
    lambda a: a.T,
    lambda a: a.reshape(-1),
    lambda a: a[::-1],
    lambda a: a[..., ::2],
    lambda a: a[1:],
    lambda a: a[None],
    lambda a: np.swapaxes(a, 0, -1),
    lambda a: np.expand_dims(a, -1),
    lambda a: a[..., 0] if a.shape[-1] else a,
    lambda a: np.broadcast_to(a, (2, *a.shape)) if a.size < 100 else a,
]
COPIES = [
    lambda a: a.copy(),
    lambda a: a.ravel(),
    lambda a: a.flatten(),
    lambda a: np.ravel(a, order="F"),
    lambda a: np.reshape(a, -1, order="F"),
    lambda a: np.concatenate([a, a], axis=-1),
    lambda a: np.stack([a, a]),
    lambda a: np.flip(a, 0),
    lambda a: np.roll(a, 1),
    lambda a: np.zeros_like(a),
    lambda a: np.full_like(a, 1),
    lambda a: a.T.copy(order="C"),
    lambda a: a.T.copy(order="K"),
    lambda a: a.copy(order="F"),
    lambda a: a.flatten("F"),
    lambda a: a.ravel(order="K"),
]
SUMS = [np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all]
KINDS = {
    "binary": 5, "compare": 2, "integral": 2, "rounded": 2, "unary": 2, "view": 4, "copy": 2, "reduce": 5, "where": 2,
    "cast": 2, "clip": 1, "number": 2, "gather": 2, "position": 1, "dot": 2, "write": 4, "add in place": 3,
    "scatter": 2, "mask": 1, "scan": 1, "sort": 1, "out": 1, "power": 1,
}  # fmt: skip


def made(rng, dtype, shape):
    """An array with a few small numbers, in a random layout."""
    if dtype == "?":
        x = rng.random(shape) < 0.5
    elif dtype.startswith("f"):
        x = rng.integers(-16, 17, shape) / 8
    else:
        x = rng.integers(0 if dtype == "u1" else -4, 5, shape)
    return LAYOUTS[rng.integers(len(LAYOUTS))](np.asarray(x).astype(dtype))


class Refused(Exception):
    """The drawn operation does not fit the drawn arrays."""


def need(condition):
    if not condition:
        raise Refused


def is_float(x):
    return x.dtype.kind == "f"


class RandomProgram:
    """A random function: which operation on which of the arrays so far, from a seed.

    It may write into its arguments and into `state`, which it closes over.
    """

    def __init__(self, seed, steps=14):
        self.seed, self.steps = seed, steps
        rng = np.random.default_rng(seed)
        self.state = [made(rng, dtype, (3, 4)) for dtype in ("f8", "f4", "i8")]
        self.kinds = [(DTYPES[rng.integers(len(DTYPES))], SHAPES[rng.integers(len(SHAPES))]) for _ in range(4)]
        self.inputs = [made(rng, *each) for each in self.kinds]

    def others(self):
        """Other values for the arguments, in the same or in other layouts."""
        rng = np.random.default_rng(self.seed + 10**6)
        return [made(rng, *each) for each in self.kinds]

    def __call__(self, *inputs):
        rng = np.random.default_rng(self.seed + 1)
        pool = [(x, True) for x in (*inputs, *map(lifted, self.state))]
        with np.errstate(all="ignore"):
            for _ in range(self.steps):
                self.step(rng, pool)
        count = min(len(pool), rng.integers(1, 5))
        return [pool[-1][0], *(pool[i][0] for i in rng.choice(len(pool), count, replace=False))]

    def step(self, rng, pool):
        kinds, chances = list(KINDS), np.array(list(KINDS.values())) / sum(KINDS.values())
        for _ in range(20):
            kind = rng.choice(kinds, p=chances)
            (a, exact_a), (b, exact_b) = (pool[i] for i in rng.integers(0, len(pool), 2))
            own = np.random.default_rng(rng.integers(2**40))
            try:
                result = getattr(self, f"do_{kind.replace(' ', '_')}")(own, a, b, exact_a, exact_b)
            except Refused:
                continue
            if result is not None:
                pool.append(result)
            return

    def do_binary(self, rng, a, b, exact_a, exact_b):
        need(fitting(a, b) and {a.dtype.kind, b.dtype.kind} != {"b"})
        return EXACT_BINARY[rng.integers(len(EXACT_BINARY))](a, b), exact_a and exact_b

    def do_compare(self, rng, a, b, exact_a, exact_b):
        need(fitting(a, b) and exact_a and exact_b)
        return COMPARISONS[rng.integers(len(COMPARISONS))](a, b), True

    def do_integral(self, rng, a, b, exact_a, exact_b):
        function = INTEGRAL[rng.integers(len(INTEGRAL))]
        bits = function.__name__.startswith("bitwise")
        need(fitting(a, b) and exact_a and exact_b and not (bits and (is_float(a) or is_float(b))))
        need(bits or "b" not in a.dtype.kind + b.dtype.kind)
        return function(a, b), True

    def do_rounded(self, rng, a, b, exact_a, exact_b):
        need(is_float(a) or a.dtype.itemsize == 8)
        return ROUNDED[rng.integers(len(ROUNDED))](np.clip(a, -3, 3)), False

    def do_unary(self, rng, a, b, exact_a, exact_b):
        need(a.dtype.kind != "b")
        return EXACT_UNARY[rng.integers(len(EXACT_UNARY))](a), exact_a

    def do_view(self, rng, a, b, exact_a, exact_b):
        need(a.ndim and a.ndim < 4)
        return VIEWS[rng.integers(len(VIEWS))](a), exact_a

    def do_copy(self, rng, a, b, exact_a, exact_b):
        need(a.ndim)
        return COPIES[rng.integers(len(COPIES))](a), exact_a

    def do_reduce(self, rng, a, b, exact_a, exact_b):
        function = SUMS[rng.integers(len(SUMS))]
        axes = [None, *range(a.ndim), *([(0, a.ndim - 1)] if a.ndim > 1 else [])]
        axis, keepdims = axes[rng.integers(len(axes))], bool(rng.integers(2))
        need(a.size or function in (np.sum, np.prod, np.any, np.all))
        need(exact_a or function not in (np.any, np.all))
        result = function(a, axis=axis, keepdims=keepdims)
        return result, function not in (np.sum, np.mean, np.prod) and exact_a

    def do_where(self, rng, a, b, exact_a, exact_b):
        need(fitting(a, b) and exact_a)
        choice = rng.integers(3)
        if choice == 0:
            return np.where(a, b, 2), exact_b
        return (np.where(a > 0, b, a) if choice == 1 else np.where(a != 0, a, b)), exact_b

    def do_cast(self, rng, a, b, exact_a, exact_b):
        dtype = np.dtype(DTYPES[rng.integers(len(DTYPES))])
        if dtype.kind != "f" and is_float(a):
            need(exact_a)
            return np.clip(np.where(a == a, a, 1), 0, 9).astype(dtype), True
        return a.astype(dtype), exact_a

    def do_clip(self, rng, a, b, exact_a, exact_b):
        need(a.dtype.kind != "b")
        low, high = [(0, 2), (0, None), (None, 2), (-0.5, 1.5), (3, 1)][rng.integers(5)]
        return np.clip(a, low, high), exact_a

    def do_number(self, rng, a, b, exact_a, exact_b):
        number = [2, 0.5, True, np.float32(1.5), np.int8(3), 3.0][rng.integers(6)]
        need(a.dtype.kind not in "bu")
        return [lambda: a + number, lambda: number * a, lambda: number - a, lambda: a / 2][rng.integers(4)](), exact_a

    def do_power(self, rng, a, b, exact_a, exact_b):
        need(is_float(a))
        return np.clip(a, -3, 3) ** [2, 3, 0.5, -1.0, 2.0, 1, 0, 1.5, 4][rng.integers(9)], False

    def do_gather(self, rng, a, b, exact_a, exact_b):
        need(a.ndim and a.shape[0] and b.dtype.kind in "iu" and exact_b and b.size < 50)
        index = b % a.shape[0]
        index = -1 - index if b.dtype.kind == "i" and rng.integers(2) else index
        choice = rng.integers(4)
        if choice == 1 and a.ndim > 1 and a.shape[1]:
            return a[index, index % a.shape[1]], exact_a
        if choice == 2 and a.ndim > 1:
            return a.swapaxes(0, 1)[:, index], exact_a
        return (np.take(a, index, axis=0) if choice == 3 else a[index]), exact_a

    def do_position(self, rng, a, b, exact_a, exact_b):
        need(exact_a and a.size)
        function = [np.argmax, np.argmin][rng.integers(2)]
        axis = [None, *range(a.ndim)][rng.integers(a.ndim + 1)]
        return function(a, axis=axis), True

    def do_dot(self, rng, a, b, exact_a, exact_b):
        need(a.ndim in (1, 2) and b.ndim in (1, 2) and is_float(a) and is_float(b))
        b = b.T if rng.integers(2) else b
        need(a.shape[-1] == b.shape[0])
        if rng.integers(3) == 0:
            return np.outer(a, b), exact_a and exact_b
        return (a @ b if rng.integers(2) else a.dot(b)), False

    def do_write(self, rng, a, b, exact_a, exact_b):
        """Into one of the arguments, the state, or what was made."""
        target, _ = self.target(a, exact_a)
        choice = rng.integers(5)
        if choice == 0 and target.ndim:
            target[0] = 1
        elif choice == 1:
            target[...] = self.source(target, b, exact_b)
        elif choice == 2 and target.ndim and target.shape[-1] > 1:
            target[..., 1:] = target[..., :-1]
        elif choice == 3:
            np.copyto(target, self.source(target, b, exact_b))
        else:
            target.fill(2)

    def do_add_in_place(self, rng, a, b, exact_a, exact_b):
        target, _ = self.target(a, exact_a)
        need(target.dtype.kind != "b")
        source = self.source(target, b, exact_b)
        if rng.integers(2):
            target += source
        elif target.ndim > 1:
            target[0] -= target[-1]
        else:
            target *= 2

    def do_scatter(self, rng, a, b, exact_a, exact_b):
        target, _ = self.target(a, exact_a)
        need(target.ndim and target.shape[0] and b.dtype.kind in "iu" and exact_b and b.size < 50)
        index = b % target.shape[0]
        if rng.integers(2):
            np.add.at(target, index, 1 if target.dtype.kind != "b" else True)
        else:
            target[index] = 3

    def do_mask(self, rng, a, b, exact_a, exact_b):
        target, _ = self.target(a, exact_a)
        need(exact_b and b.shape == target.shape and target.ndim)
        target[b > 0] = 1

    def do_scan(self, rng, a, b, exact_a, exact_b):
        need(a.ndim)
        return np.cumsum(a, axis=rng.integers(a.ndim)), False

    def do_sort(self, rng, a, b, exact_a, exact_b):
        need(a.ndim and a.shape[-1])
        return (np.sort(a) if rng.integers(2) or not exact_a else np.argsort(a, kind="stable")), exact_a

    def do_out(self, rng, a, b, exact_a, exact_b):
        target, _ = self.target(a, exact_a)
        source = self.source(target, b, exact_b)
        need("b" not in a.dtype.kind + b.dtype.kind)
        np.multiply(source, target, out=target, casting="unsafe")

    def target(self, a, exact):
        """What is written to: not what was broadcast, which cannot be; it becomes inexact only if it is."""
        need(a.size and all(a.strides[i] or a.shape[i] == 1 for i in range(a.ndim)) and a.flags.writeable)
        need(hasattr(a, "__setitem__"))
        return a, exact

    def source(self, target, b, exact):
        """Something of the shape of a target, and exact, whatever the target is."""
        need(exact and fitting(target, b) and np.broadcast_shapes(target.shape, b.shape) == target.shape)
        need(np.can_cast(b.dtype, target.dtype, "same_kind"))
        return b


def fitting(a, b):
    try:
        return np.prod(np.broadcast_shapes(a.shape, b.shape)) < 500
    except ValueError:
        return False


def like(x):
    """A copy with the same kind of strides: in another order, with gaps, or backwards."""
    memory = np.lib.array_utils.byte_bounds(x)
    copied = np.zeros(memory[1] - memory[0], np.uint8)
    start = x.__array_interface__["data"][0] - memory[0]
    view = np.ndarray(x.shape, x.dtype, copied, start, x.strides)
    view[...] = x
    return view
