"""Every loss with every option: our call, PyTorch's, and the arrays; what PyTorch gives is stored in stored.json.

`python -m tests.losses.table` writes that file; it needs PyTorch.
"""

import json
import pathlib
import warnings

import numpy as np

from tinygrad_like import losses

STORED = pathlib.Path(__file__).with_name("stored.json")
RNG = np.random.default_rng(7)


class Case:
    """A loss of some arrays, of which the floats are differentiated but those in `held`, with some options."""

    def __init__(self, name, *arrays, theirs=None, held=(), **options):
        self.ours, self.arrays, self.options = getattr(losses, name), arrays, options
        self.name, self.theirs, self.held = name, theirs, held
        shown = [f"{key}={'...' if isinstance(v, np.ndarray) else v}" for key, v in options.items()]
        kinds = " ".join(f"{each.dtype.kind}{each.shape}" for each in arrays)
        self.key = f"{name} {kinds} {' '.join(shown)}"

    def __call__(self, *arrays):
        return self.ours(*arrays, **self.options)

    def in_torch(self, *tensors):
        import torch

        options = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in self.options.items()}
        if self.theirs:
            return self.theirs(*tensors, **options)
        function = getattr(torch.nn.functional, self.name, None) or getattr(torch.nn.functional, self.name + "_loss")
        axis = options.pop("axis", -1)
        if self.name in ("cross_entropy", "nll") and axis == -1 and tensors[0].ndim > 2:
            same = tensors[1].shape == tensors[0].shape
            tensors = (tensors[0].movedim(-1, 1), tensors[1].movedim(-1, 1) if same else tensors[1])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean'")  # of kl_div, which will mean something else
            return function(*tensors, **options)

    @property
    def free(self):
        """The places of the arrays that are differentiated."""
        return [i for i, x in enumerate(self.arrays) if is_float(x) and i not in self.held]


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def normal(*shape):
    return np.array(RNG.normal(size=shape).round(3))


def unit(*shape):
    return RNG.uniform(0.1, 0.9, shape).round(3)


def signs(*shape):
    return RNG.choice([-1.0, 1.0], shape)


def probabilities(*shape):
    p = RNG.uniform(0.1, 1, shape)
    return p / p.sum(-1, keepdims=True)


def log_probabilities(*shape):
    return np.log(probabilities(*shape))


def all_reductions(name, *arrays, **options):
    for reduction in ("mean", "sum", "none"):
        yield Case(name, *arrays, reduction=reduction, **options)


def distances():
    x, y, w = normal(2, 3), normal(2, 3), unit(2, 3)
    for name in ("mse", "l1", "smooth_l1", "huber"):
        yield from all_reductions(name, x, y)
        yield Case(name, normal(), normal())
    for name in ("mse", "l1", "huber"):
        yield from all_reductions(name, x, y, weight=w)
    yield Case("smooth_l1", x, y, beta=0.3)
    yield Case("smooth_l1", x, y, beta=0)
    yield Case("huber", x, y, delta=0.5)


def classes():
    for name, x in (("cross_entropy", normal(4, 3)), ("nll", log_probabilities(4, 3))):
        c, some, w = np.array([0, 2, 1, 2]), np.array([0, -100, 1, -100]), unit(3)
        yield from all_reductions(name, x, c)
        yield from all_reductions(name, x, c, weight=w)
        yield from all_reductions(name, x, some, weight=w, ignore_index=-100)
        yield Case(name, x, some)
        yield Case(name, x, c, ignore_index=2)
        yield Case(name, x[0], np.array(1))
        yield Case(name, x.reshape(2, 2, 3), c.reshape(2, 2), weight=w)
        yield Case(name, x.reshape(2, 3, 2), c.reshape(2, 2), axis=1)
    x, p = normal(4, 3), probabilities(4, 3)
    yield from all_reductions("cross_entropy", x, p)
    yield from all_reductions("cross_entropy", x, p, weight=w, label_smoothing=0.2)
    yield from all_reductions("cross_entropy", x, some, weight=w, label_smoothing=0.2)
    yield Case("cross_entropy", x, c, label_smoothing=0.2)
    yield Case("cross_entropy", x, c, label_smoothing=1.0, reduction="none")
    yield Case("cross_entropy", x.reshape(2, 2, 3), p.reshape(2, 2, 3))
    yield Case("cross_entropy", x.reshape(2, 3, 2), p.reshape(2, 3, 2), axis=1)
    yield Case("cross_entropy", x[0], p[0])


def focal_in_torch(x, t, alpha=0.25, gamma=2.0, reduction="none"):
    """As torchvision's sigmoid_focal_loss, written from the formula of the paper."""
    import torch

    p = torch.sigmoid(x)
    right = p * t + (1 - p) * (1 - t)
    losses = (1 - right) ** gamma * torch.nn.functional.binary_cross_entropy_with_logits(x, t, reduction="none")
    if alpha >= 0:
        losses = (alpha * t + (1 - alpha) * (1 - t)) * losses
    return losses if reduction == "none" else getattr(losses, reduction)()


def binary():
    x, p, t, w = normal(2, 3), unit(2, 3), unit(2, 3), unit(2, 3)
    yield from all_reductions("binary_cross_entropy", p, t)
    yield from all_reductions("binary_cross_entropy", p, t, weight=w)
    yield from all_reductions("binary_cross_entropy_with_logits", x, t)
    yield Case("binary_cross_entropy_with_logits", x, t, weight=w[0], pos_weight=w[1])
    yield from all_reductions("soft_margin", x, signs(2, 3), held=(1,))
    yield from all_reductions("multilabel_soft_margin", x, t)
    yield Case("multilabel_soft_margin", x, t, weight=w[0], reduction="none")
    yield from all_reductions("focal", x, t, theirs=focal_in_torch)
    yield Case("focal", x, t, theirs=focal_in_torch, alpha=-1, gamma=0.5)
    yield Case("focal", x, t, theirs=focal_in_torch, alpha=0.6, gamma=0)


def margins():
    x, y, t = normal(4, 3), normal(4, 3), signs(4, 3)
    yield from all_reductions("hinge_embedding", x, t, held=(1,))
    yield Case("hinge_embedding", x, t, margin=0.3, held=(1,))
    yield from all_reductions("margin_ranking", x, y, t, held=(2,))
    yield Case("margin_ranking", x, y, t, margin=0.4, held=(2,))
    c, w = np.array([0, 2, 1, 2]), unit(3)
    yield from all_reductions("multi_margin", x, c)
    yield Case("multi_margin", x, c, p=2, margin=0.7, weight=w)
    yield Case("multi_margin", x[0], np.array(2))
    labels = np.array([[0, 2, -1], [-1, 1, 2], [2, 1, 0], [1, -1, 2]])
    yield from all_reductions("multilabel_margin", x, labels)
    yield Case("multilabel_margin", x[0], labels[0])


def similarities():
    a, b, c = normal(3, 4), normal(3, 4), normal(3, 4)
    yield from all_reductions("triplet_margin", a, b, c)
    yield Case("triplet_margin", a, b, b + 0.3 * c, margin=2.0, p=1.0, swap=True, reduction="none")
    yield Case("triplet_margin", a, b, c, margin=3.0, p=3.0, eps=0.1)
    yield Case("triplet_margin", a[0], b[0], c[0])
    yield from all_reductions("cosine_embedding", a, b, np.array([1, -1, 1]))
    yield Case("cosine_embedding", a, b, np.array([-1, -1, -1]), margin=-0.5)


def likelihoods():
    x, t, v = normal(3, 4), normal(3, 4), unit(3, 4)
    yield from all_reductions("gaussian_nll", x, t, v)
    yield Case("gaussian_nll", x, t, v[:, :1], full=True)
    yield Case("gaussian_nll", x, t, v[:, 0], reduction="none")
    yield Case("gaussian_nll", x, t, v, eps=0.5)
    rates, counts = unit(2, 3), np.array([[0.1, 0.9, 2.5], [7.0, 0.3, 3.0]])
    yield from all_reductions("poisson_nll", x[:2, :3], counts, held=(1,))
    yield Case("poisson_nll", x[:2, :3], counts, full=True)
    yield Case("poisson_nll", rates, counts, log_input=False, eps=1e-3)
    q, p = log_probabilities(2, 3), probabilities(2, 3)
    for reduction in ("mean", "sum", "none", "batchmean"):
        yield Case("kl_div", q, p, reduction=reduction)
        yield Case("kl_div", q, np.log(p), reduction=reduction, log_target=True)


def ctc_in_torch(x, *rest, **options):
    """PyTorch's gradient is right after a log_softmax only."""
    import torch

    return torch.nn.functional.ctc_loss(torch.log_softmax(x, -1), *rest, **options)


def sequences():
    x = normal(5, 3, 4)
    targets, lengths, ends = np.array([[1, 2, 2], [3, 3, 1], [1, 0, 0]]), np.array([5, 5, 4]), np.array([3, 2, 1])
    for reduction in ("mean", "sum", "none"):
        yield Case("ctc", x, targets, lengths, ends, reduction=reduction, theirs=ctc_in_torch)
    yield Case("ctc", x, np.array([1, 2, 2, 3, 3, 1]), lengths, ends, theirs=ctc_in_torch)
    yield Case("ctc", x, np.maximum(targets - 1, 0), lengths, ends, blank=3, theirs=ctc_in_torch)
    yield Case("ctc", x, targets, np.array([5, 2, 1]), ends, zero_infinity=True, theirs=ctc_in_torch)
    yield Case("ctc", x[:, 0], targets[0], np.array(5), np.array(3), theirs=ctc_in_torch)
    yield Case("ctc", x, targets, np.array([5, 0, 4]), np.array([3, 0, 0]), blank=0, theirs=ctc_in_torch)


FAMILIES = (distances, classes, binary, margins, similarities, likelihoods, sequences)
CASES = [case for family in FAMILIES for case in family()]


def weights(shape):
    return np.random.default_rng(1).uniform(0.5, 1.5, shape)


def of_torch(case):
    """PyTorch's value, and the gradients of the floats for a fixed cotangent."""
    import torch

    tensors = [torch.tensor(x, requires_grad=i in case.free) for i, x in enumerate(case.arrays)]
    y = case.in_torch(*tensors)
    y.backward(torch.tensor(weights(tuple(y.shape))))
    zeros = (torch.zeros_like(x) if x.grad is None else x.grad for i, x in enumerate(tensors) if i in case.free)
    return [each.detach().numpy() for each in (y, *zeros)]


def main():
    found = {case.key: [each.tolist() for each in of_torch(case)] for case in CASES}
    keys = [case.key for case in CASES]
    assert len(found) == len(CASES), f"twice: {[key for key in found if keys.count(key) > 1]}"
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(values)}" for key, values in found.items())
    STORED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
