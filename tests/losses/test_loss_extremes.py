"""Where logits are large or infinite, losses and gradients are their limits, and nothing is nan."""

import numpy as np

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import losses

INF = np.inf
LOGITS = [-INF, -1e4, -40.0, 0.0, 40.0, 1e4, INF]
TINY = np.exp(-40.0)
LN2, LN3 = np.log(2), np.log(3)
RISING, SLOPES = [0, 0, TINY, LN2, 40, 1e4, INF], [0, 0, TINY, 0.5, 1, 1, 1]  # ln(1 + exp(x)) and its derivative
FALLING = RISING[::-1]
DOWN = [-each for each in SLOPES[::-1]]


def of_logits(name, target, **options):
    return lambda x: getattr(losses, name)(x, np.full(7, target), reduction="none", **options)


def of_row(target, **options):
    return lambda x: losses.cross_entropy(x, target, reduction="none", **options)


TWO_LOG = np.log(1 + np.exp(-1))
# (loss, its input, the values, the gradient).
TABLE = {
    "bce of logits, 0": (of_logits("binary_cross_entropy_with_logits", 0), LOGITS, RISING, SLOPES),
    "bce of logits, 1": (of_logits("binary_cross_entropy_with_logits", 1), LOGITS, FALLING, DOWN),
    "soft_margin, -1": (of_logits("soft_margin", -1), LOGITS, RISING, SLOPES),
    "soft_margin, 1": (of_logits("soft_margin", 1), LOGITS, FALLING, DOWN),
    "focal as bce": (of_logits("focal", 1, alpha=-1, gamma=0), LOGITS, FALLING, DOWN),
    "focal, sharp": (
        of_logits("focal", 0, alpha=-1, gamma=0.5),
        LOGITS,
        [0, 0, TINY**1.5, LN2 * 0.5**0.5, 40, 1e4, INF],
        [0, 0, 1.5 * TINY**1.5, 0.5**1.5 + LN2 * 0.25 * 0.5**0.5, 1, 1, 1],
    ),
    "bce": (
        lambda x: losses.binary_cross_entropy(x, np.array([1, 1, 0, 0, 1, 0]), reduction="none"),
        [0.0, 1.0, 0.0, 1.0, 1e-300, 0.5],
        [100, 0, 0, 100, 100, LN2],
        [0, -1, 1, 0, 0, 2],
    ),
    "cross_entropy, sure": (of_row(0), [1e4, -1e4, 0], 0, [0, 0, 0]),
    "cross_entropy, wrong": (of_row(1), [1e4, -1e4, 0], 2e4, [1, -1, 0]),
    "cross_entropy, infinite": (of_row(0), [INF, 0, 1], 0, [0, 0, 0]),
    "cross_entropy, infinite and wrong": (of_row(2), [INF, 0, 1], INF, [1, 0, -1]),
    "cross_entropy, tied": (of_row(0), [INF, INF, 0], LN2, [-0.5, 0.5, 0]),
    "cross_entropy, all impossible": (of_row(0), [-INF] * 3, LN3, [-2 / 3, 1 / 3, 1 / 3]),
    "cross_entropy, one impossible": (of_row(1), [-INF, 0, 0], LN2, [0, -0.5, 0.5]),
    "cross_entropy, smoothed": (of_row(0, label_smoothing=0.3), [1e4, 0, 0], 2e3, [0.2, -0.1, -0.1]),
    "cross_entropy of a probability": (of_row(np.array([0.0, 1.0, 0.0])), [-INF, 0, 0], LN2, [0, -0.5, 0.5]),
    "cross_entropy of a probability, infinite": (of_row(np.array([1.0, 0, 0])), [INF, 0, 0], 0, [0, 0, 0]),
    "cross_entropy, weight 0": (of_row(0, weight=np.array([0.0, 1, 1])), [-INF, 0, 0], 0, [0, 0, 0]),
    "cross_entropy, ignored": (of_row(np.array([-100])), [[-INF, 0, 0]], [0], [[0, 0, 0]]),
    "cross_entropy, all ignored": (lambda x: losses.cross_entropy(x, [-100, -100]), [[1, 2], [3, 4]], 0, [[0, 0]] * 2),
    "nll": (lambda x: losses.nll(x, [0, 1], reduction="none"), [[-INF, 0], [0, -1e4]], [INF, 1e4], [[-1, 0], [0, -1]]),
    "kl_div": (
        lambda x: losses.kl_div(x, np.array([0, 0, 1, 0.5]), reduction="none"),
        [-INF, -1e4, -1e4, -INF],
        [0, 0, 1e4, INF],
        [0, 0, -1, -0.5],
    ),
    "kl_div of logarithms": (
        lambda x: losses.kl_div(x, np.array([-INF, -INF, 0, -1e4]), reduction="none", log_target=True),
        [-INF, -1e4, -INF, -1e4],
        [0, 0, INF, 0],
        [0, 0, -1, 0],
    ),
    "poisson_nll": (
        lambda x: losses.poisson_nll(x, np.array([0, 2, 0, 1, 1]), reduction="none", full=True),
        [-INF, -INF, -1e4, -1e4, INF],
        [0, INF, 0, 1e4, INF],
        [0, -2, 0, -1, INF],
    ),
    "poisson_nll of rates": (
        lambda x: losses.poisson_nll(x, np.array([0, 1, 0]), log_input=False, reduction="none"),
        [0.0, INF, 1e4],
        [0, INF, 1e4],
        [1, 1, 1],
    ),
    "smooth_l1": (lambda x: losses.smooth_l1(x, np.zeros(3), "none"), [INF, -1e4, 0], [INF, 9999.5, 0], [1, -1, 0]),
    "huber": (lambda x: losses.huber(x, np.zeros(3), "none", 2.0), [INF, -1e4, 0], [INF, 19998, 0], [2, -2, 0]),
    "multi_margin": (
        lambda x: losses.multi_margin(x, [0, 0, 1], reduction="none"),
        [[INF, 0, 1], [1e4, -1e4, 0], [0, -INF, -1]],
        [0, 0, INF],
        [[0, 0, 0], [0, 0, 0], [1 / 3, -2 / 3, 1 / 3]],
    ),
    "multilabel_margin": (
        lambda x: losses.multilabel_margin(x, [[0, 1, -1], [0, -1, -1]], reduction="none"),
        [[INF, INF, 1], [-1e4, 0, -1e5]],
        [0, 10001 / 3],
        [[0, 0, 0], [-1 / 3, 1 / 3, 0]],
    ),
    "triplet_margin of equals": (
        lambda x: losses.triplet_margin(x, np.zeros((1, 2)), np.zeros((1, 2)), eps=0),
        [[0, 0]],
        1,
        [[0, 0]],
    ),
    "triplet_margin of equals, p=3": (
        lambda x: losses.triplet_margin(x, np.zeros((1, 2)), np.zeros((1, 2)), p=3, eps=0, swap=True),
        [[0, 0]],
        1,
        [[0, 0]],
    ),
    "cosine_embedding of zeros": (
        lambda x: losses.cosine_embedding(x, np.zeros((1, 2)), [1]),
        [[0, 0]],
        1,
        [[0, 0]],
    ),
    "gaussian_nll, no variance": (
        lambda v: losses.gaussian_nll(np.zeros(1), np.zeros(1), v, eps=1e-4),
        [0.0],
        np.log(1e-4) / 2,
        [0.5e4],
    ),
}


@together("dtype", [np.float32, np.float64])
@together("name", list(TABLE))
def test_limits(name, dtype):
    loss, x, values, gradient = TABLE[name]
    x = tg.Tensor(np.array(x, dtype), requires_grad=True)
    y = loss(x)
    y.backward(np.ones(y.shape, dtype))
    with np.errstate(over="ignore", under="ignore"):
        rtol = 1e-12 if dtype == np.float64 else 1e-5
        expected = [np.array(each, float).astype(dtype) for each in (values, gradient)]
    if dtype == np.float32 and name == "bce":
        expected[0][4], expected[1][4] = 100, 0
    np.testing.assert_allclose(y.data, expected[0], rtol=rtol, atol=1e-30)
    np.testing.assert_allclose(x.grad.data, expected[1], rtol=rtol, atol=1e-30)


@together("name", list(TABLE))
def test_second_derivatives_are_not_nan(name):
    loss, x, *_ = TABLE[name]
    x = np.array(x, float)
    w = np.random.default_rng(0).uniform(0.5, 1.5, x.shape)

    def slope(x):
        with np.errstate(all="ignore"):
            return (tg.grad(lambda x: loss(x).sum())(x) * w).sum()

    assert not np.isnan(tg.grad(slope)(x)).any()
    assert not np.isnan(tg.jvp(slope, (x,), (w,))[1])


@together("name", list(TABLE))
def test_nan_stays_nan(name):
    loss, x, *_ = TABLE[name]
    with np.errstate(invalid="ignore"):
        y = loss(np.full(np.shape(x), np.nan))
    assert np.isnan(y).any() == ("ignored" not in name)


def test_ignored_rows_may_be_nan():
    x = np.array([[1.0, 1.0], [np.nan, 2.0]])
    value, slope = tg.value_and_grad(lambda x: losses.cross_entropy(x, [0, -100]))(x)
    assert value == LN2
    assert slope.tolist() == [[-0.5, 0.5], [0, 0]]


def test_at_the_margin_there_is_a_gradient():
    """As in PyTorch: equal scores, with the margin 0, are drawn apart."""
    slopes = tg.grad(lambda a, b: losses.margin_ranking(a, b, [1.0]), argnums=(0, 1))(np.zeros(1), np.zeros(1))
    assert [each.tolist() for each in slopes] == [[-1.0], [1.0]]


def test_a_variance_below_eps_can_grow():
    slope = tg.grad(lambda v: losses.gaussian_nll(np.ones(1), np.zeros(1), v))(np.zeros(1))
    np.testing.assert_allclose(slope, (1e6 - 1e12) / 2)
