"""Random losses of arrays, with their gradients by `backward` or `grad`."""

import numpy as np

import tinygrad_like as tg
from tinygrad_like.nn import functional

SHAPES = [(3, 4), (4, 3), (3, 4), (4,), (3, 1), (), (2, 3, 4)]
SMOOTH = [
    np.tanh,
    np.exp,
    np.sin,
    np.arctan,
    lambda a: np.log1p(a * a),
    lambda a: np.sqrt(a * a + 1),
    tg.sigmoid,
    functional.softplus,
    functional.gelu,
    functional.silu,
    functional.elu,
    tg.relu,
    abs,
    lambda a: a**2,
    lambda a: a**3.0,
    lambda a: 1 / (a * a + 0.5),
    lambda a: np.clip(a, -0.7, 0.9),
]
ROWS = [
    lambda a: tg.softmax(a, axis=-1),
    lambda a: tg.log_softmax(a, axis=-1),
    lambda a: np.cumsum(a, axis=-1),
    lambda a: np.sort(a, axis=-1),
    lambda a: a - a.mean(axis=-1, keepdims=True),
    lambda a: a / (1 + a.std(axis=-1, keepdims=True)),
    lambda a: np.linalg.norm(a, axis=-1),
    lambda a: np.prod(a, axis=-1),
    lambda a: np.max(a, axis=0),
    lambda a: np.var(a, axis=0),
    lambda a: a.sum(axis=-1),
    lambda a: functional.normalize(a),
]
VIEWS = [
    lambda a: a.T,
    lambda a: a.reshape(-1),
    lambda a: a[::-1],
    lambda a: a[..., ::2],
    lambda a: a[0],
    lambda a: np.swapaxes(a, 0, -1),
    lambda a: a[[0, -1, 0]],
    lambda a: np.concatenate([a, a * 2], axis=0),
    lambda a: np.stack([a, a]),
    lambda a: np.pad(a, 1) if a.ndim == 2 else a * 1,
    lambda a: np.roll(a, 1, axis=0),
    lambda a: np.repeat(a, 2, axis=-1),
    lambda a: np.take(a, [0, 0], axis=-1),
]
BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    np.maximum,
    np.minimum,
    lambda a, b: a / (b * b + 1),
    lambda a, b: np.where(a > b, a, b * 2),
    lambda a, b: np.hypot(a, b + 2),
    np.arctan2,
    np.logaddexp,
]


class RandomLoss:
    """A random loss of float arrays, closed over weights; which operations, a seed tells."""

    def __init__(self, seed, steps=8):
        self.seed, self.steps = seed, steps
        rng = np.random.default_rng(seed)
        dtype = "f4" if seed % 4 == 0 else "f8"
        shapes = [SHAPES[i] for i in rng.integers(0, len(SHAPES), 3)]
        self.inputs = [rng.normal(size=shape).astype(dtype) for shape in shapes]
        self.state = [tg.Tensor(rng.normal(size=(4, 3)).astype(dtype), requires_grad=True)]
        self.way = rng.choice(["backward", "backward", "grad", "grad", "second"])

    def others(self):
        rng = np.random.default_rng(self.seed + 10**6)
        return [rng.normal(size=x.shape).astype(x.dtype) for x in self.inputs]

    def __call__(self, *inputs):
        """Results and gradients."""
        if self.way == "backward":
            (weight,) = self.state
            weight.grad = None
            leaves = [tg.Tensor(x, requires_grad=True) for x in inputs]
            loss = self.loss(*leaves, weight)
            loss.backward()
            return [loss.detach(), *(each.grad for each in leaves), weight.grad]
        everywhere = tuple(range(len(inputs)))
        gradient = tg.grad(lambda *xs: self.loss(*xs, self.state[0].detach()), everywhere)
        if self.way == "grad":
            return list(gradient(*inputs))
        return list(tg.grad(lambda *xs: sum((each * each).sum() for each in gradient(*xs)), everywhere)(*inputs))

    def loss(self, *leaves):
        rng = np.random.default_rng(self.seed + 1)
        pool = list(leaves)
        for _ in range(self.steps):
            pool.append(self.one(rng, *(pool[i] for i in rng.integers(0, len(pool), 2))))
        return sum((each * each).mean() for each in pool[-3:]) + sum(each.sum() for each in leaves) * 0.5

    def one(self, rng, a, b):
        kind = rng.choice(["smooth", "rows", "view", "binary", "dot", "write"])
        number = rng.integers(2**30)
        if kind == "rows" and len(a.shape) > 1:
            return ROWS[number % len(ROWS)](a)
        if kind == "view" and len(a.shape) and a.size < 60:
            return VIEWS[number % len(VIEWS)](a)
        if kind == "binary" and fits(a, b):
            return BINARY[number % len(BINARY)](a, b)
        if kind == "dot" and len(a.shape) == 2 and len(b.shape) in (1, 2) and a.shape[1] == b.shape[0]:
            return a @ b / 2
        if kind == "write" and len(a.shape):
            made = a * 1
            made[0] = a[-1] * 0.5
            made += 0.25
            return made
        return SMOOTH[number % len(SMOOTH)](np.tanh(a))


def fits(a, b):
    try:
        return np.prod(np.broadcast_shapes(a.shape, b.shape)) < 100
    except ValueError:
        return False
