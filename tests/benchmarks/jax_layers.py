"""The models of cnn.py and transformer.py in plain JAX."""

from __future__ import annotations

import itertools

from . import cnn, compiled, transformer
from .timing import Contender


def log_probabilities(logits, classes):
    """The logarithm of the probability of each class, by softmax along the last axis."""
    import jax
    import jax.numpy as jnp

    return jnp.take_along_axis(jax.nn.log_softmax(logits), classes[..., None], axis=-1)


def convolve(x, weight, bias):
    """Channels are the last axis of x, as JAX likes them; weights are (out, in, rows, cols), as they are here."""
    from jax import lax

    return lax.conv_general_dilated(x, weight, (1, 1), "VALID", dimension_numbers=("NHWC", "OIHW", "NHWC")) + bias


def halve(x):
    """The largest of each 2 × 2."""
    import jax.numpy as jnp
    from jax import lax

    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def convolutional(problem: cnn.Problem) -> Contender:
    import jax
    import jax.numpy as jnp

    def loss_of(weights, x, classes):
        W1, b1, W2, b2, W3, b3, W4, b4 = weights
        h = halve(jax.nn.relu(convolve(x, W1, b1)))
        h = halve(jax.nn.relu(convolve(h, W2, b2)))
        h = h.transpose(0, 3, 1, 2).reshape(len(h), -1)
        h = jax.nn.relu(h @ W3.T + b3)
        return -jnp.mean(log_probabilities(h @ W4.T + b4, classes))

    images, classes = problem.data()
    samples = itertools.repeat((jnp.asarray(images.transpose(0, 2, 3, 1)), jnp.asarray(classes)))
    return compiled.jitted(problem.weights(), loss_of, compiled.sgd(cnn.LR), samples)


def adamw(lr: float, decay: float = 0.01, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8):
    """Adam with decoupled weight decay, for `compiled.jitted`."""
    import jax.numpy as jnp

    def begin(weights):
        means, squares = ([jnp.zeros_like(w) for w in weights] for _ in range(2))
        return weights, means, squares, jnp.zeros((), "int32")

    def descend(state, gradients):
        weights, means, squares, steps = state
        steps = steps + 1
        means = [b1 * m + (1 - b1) * g for m, g in zip(means, gradients)]
        squares = [b2 * v + (1 - b2) * g * g for v, g in zip(squares, gradients)]
        mean_scale, square_scale = 1 - b1**steps, 1 - b2**steps
        weights = [
            w * (1 - lr * decay) - lr * (m / mean_scale) / (jnp.sqrt(v / square_scale) + eps)
            for w, m, v in zip(weights, means, squares)
        ]
        return weights, means, squares, steps

    return begin, descend


def normalise(x, weight, bias):
    import jax.numpy as jnp
    from jax import lax

    centred = x - x.mean(-1, keepdims=True)
    return centred * lax.rsqrt(jnp.mean(centred * centred, -1, keepdims=True) + 1e-5) * weight + bias


def attend(x, heads, in_weight, in_bias, out_weight, out_bias):
    """Causal self-attention."""
    import jax
    import jax.numpy as jnp

    batch, tokens, width = x.shape
    q, k, v = jnp.split((x @ in_weight.T + in_bias).reshape(batch, tokens, 3 * heads, -1), 3, axis=2)
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / (width // heads) ** 0.5
    scores = jnp.where(jnp.tri(tokens, dtype=bool), scores, -jnp.inf)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), v).reshape(batch, tokens, width)
    return mixed @ out_weight.T + out_bias


def encode(x, heads, weights):
    """One encoder layer, with its weights in PyTorch's order."""
    import jax

    x = normalise(x + attend(x, heads, *weights[:4]), *weights[8:10])
    hidden = jax.nn.relu(x @ weights[4].T + weights[5])
    return normalise(x + hidden @ weights[6].T + weights[7], *weights[10:12])


def encoder_model(problem: transformer.Problem) -> Contender:
    import jax.numpy as jnp

    p, width, hidden = problem, problem.width, problem.hidden
    attention = [(3 * width, width), (3 * width,), (width, width), (width,)]
    layer = [*attention, (hidden, width), (hidden,), (width, hidden), (width,), *[(width,)] * 4]
    shapes = [(p.classes, width), *layer * p.layers, (p.classes, width), (p.classes,)]

    def loss_of(weights, tokens, classes):
        x = weights[0][tokens]
        for i in range(p.layers):
            x = encode(x, p.heads, weights[1 + 12 * i : 13 + 12 * i])
        return -jnp.mean(log_probabilities(x @ weights[-2].T + weights[-1], classes))

    samples = itertools.repeat(tuple(map(jnp.asarray, problem.data())))
    return compiled.jitted(problem.weights(shapes), loss_of, adamw(transformer.LR), samples)
