"""Random functions of arrays, with views, copies, writes and conditions; and programs run in every way there is."""

import operator

import numpy as np

from tinygrad_like.compiler.compiling import nudged
from tinygrad_like.compiler.passes.passes import simplified
from tinygrad_like.compiler.to_numpy.numpy_backend import Step
from tinygrad_like.compiler.to_numpy.numpy_source import Source, state_of_source
from tinygrad_like.compiler.tracing.agreement import Agreement
from tinygrad_like.compiler.tracing.capture import capture
from tinygrad_like.compiler.tracing.replay import replay
from tinygrad_like.engine.shortcuts import mended
from tinygrad_like.engine.traces import copy_of, lifted, zeros

BINARY = (operator.add, operator.sub, operator.mul, np.maximum, np.where)
UNARY = (operator.neg, np.abs, np.isfinite, copy_of, lambda a: a * 1, lambda a: a.astype(a.dtype), lambda a: a.T.T)
VIEWS = (
    lambda a: a.T,
    lambda a: a.reshape(-1),
    lambda a: a[1:] if len(a.shape) and a.shape[0] > 1 else a,
    lambda a: a[..., ::2] if len(a.shape) else a,
    lambda a: a[None],
)
INPLACE = (operator.iadd, operator.isub, operator.imul)


class RandomStep:
    """A random function: which operation on which of the arrays so far, from a seed."""

    def __init__(self, seed, steps=14):
        self.seed, self.steps = seed, steps
        rng = np.random.default_rng(seed)
        self.state = [rng.normal(size=6), rng.normal(size=(2, 3)), np.array(0.5)]
        self.inputs = [rng.normal(size=(2, 3)), rng.normal(size=(3,)), rng.integers(0, 2, (2, 3))]

    def __call__(self, *inputs):
        rng = np.random.default_rng(self.seed + 1)
        flat, matrix, number = map(lifted, self.state)
        pool = [*inputs, flat, flat[:3], flat[2:5].reshape(3, 1), matrix, number]
        for _ in range(self.steps):
            pool.append(self.one(rng, pool))
        count = rng.integers(1, 3)
        return [pool[i] for i in rng.choice(len(pool), count, replace=False)]

    def one(self, rng, pool):
        kind = rng.choice(["binary", "unary", "view", "in place", "store", "sum", "dot", "mended", "zeros"])
        a, b = (pool[i] for i in rng.integers(0, len(pool), 2))
        if kind == "unary":
            return UNARY[rng.integers(len(UNARY))](a * 1.0 if a.dtype == bool else a)
        if kind == "view" and len(a.shape):
            return VIEWS[rng.integers(len(VIEWS))](a)
        if kind == "sum":
            return a.sum(axis=0 if len(a.shape) else None)
        if kind == "zeros":
            made = zeros(a.shape, float if a.dtype == bool else a.dtype)
            made += 1
            return made
        if kind == "dot" and len(a.shape) == 2 and len(b.shape) in (1, 2) and b.shape[0] == a.shape[1]:
            return a.dot(b)
        fits = fitting(a, b) and b.dtype.kind != "b" and a.dtype.kind != "b"
        if not fits:
            return a + 1
        if kind in ("in place", "store") and a.shape and a.shape == np.broadcast_shapes(a.shape, b.shape):
            if np.can_cast(b.dtype, a.dtype, "same_kind"):
                if kind == "store":
                    np.copyto(a, b)
                else:
                    INPLACE[rng.integers(len(INPLACE))](a, b)
            return a
        if kind == "mended" and len(a.shape) and len(b.shape):
            result = a / (b - b if rng.random() < 0.5 else b)
            return mended(result, lambda: np.where(np.isfinite(result), result, b.sum() + a))
        function = BINARY[rng.integers(len(BINARY))]
        return np.where(a > 0, a, b) if function is np.where else function(a, b)


def fitting(a, b):
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


def traced(function, inputs):
    """The program of a function, whose constants are known."""
    call = lambda arrays: function(*arrays)  # noqa: E731
    first = capture(call, inputs)
    with first.trace.as_after():
        second = capture(call, [nudged(each) for each in inputs])
    Agreement(first.program, second.program).settle()
    return first.program


class Ways:
    """A program in all ways to run it, each from the same state and inputs."""

    def __init__(self, program, inputs):
        self.program, self.inputs = program, inputs
        self.memories = list({each.memory: None for each in program.references})
        self.start = [each.array.copy() for each in self.memories]

    def outcome(self, run):
        """The results, then all state and inputs that a run leaves, as bytes; put back after that."""
        inputs = [each.copy() for each in self.inputs]
        given = run(inputs)
        shown = [(np.shape(each), np.asarray(each).dtype, np.asarray(each).tobytes()) for each in given]
        left = [each.array.tobytes() for each in self.memories] + [each.tobytes() for each in inputs]
        for memory, old in zip(self.memories, self.start):
            if memory.array.flags.writeable:
                np.copyto(memory.array, old)
        return shown, left

    def replayed(self, program):
        def run(inputs):
            held = replay(program, inputs)
            return [held[each] for each in given_back(program)]

        return self.outcome(run)

    def built(self):
        step = Step(self.program)

        def run(inputs):
            outputs, bound = step(inputs)
            return [*outputs, *(each for each in bound if each is not None)]

        first, again = self.outcome(run), self.outcome(run)
        assert first == again
        return first

    def alone(self):
        """The text in a space with nothing but NumPy and the arrays."""
        written = Source(simplified(self.program))
        space = dict(state_of_source(written))
        exec(written.text, space)
        return self.outcome(lambda inputs: space["step"](*inputs))


def given_back(program):
    return [*program.outputs, *(each.value for each in program.bindings if each.value is not None)]
