"""Attention beside PyTorch's, with masks of every kind; what PyTorch does otherwise; derivatives."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.nn.masked import LATER, PADDING, case
from tests.stored import check
from tinygrad_like.functions.attending import scaled_dot_product_attention
from tinygrad_like.nn.attention_layers import MultiheadAttention

FAMILY = "attention"
FLOATS = np.where(LATER, -np.inf, np.arange(9.0).reshape(3, 3) / 5)


def many(*args, **settings):
    return lambda nn: nn.MultiheadAttention(4, 2, *args, **settings)


def function(nn):
    return nn.functional.scaled_dot_product_attention


def to_itself(name, **options):
    return case(name, many(batch_first=True), (2, 3, 4), repeats=3, **options)


X, Y = (3, 2, 4), (2, 2, 4)
CASES = [
    to_itself("itself"),
    to_itself("itself, later ones left out", attn_mask=LATER),
    to_itself("itself, floats added", attn_mask=FLOATS),
    to_itself("itself, padding", key_padding_mask=PADDING),
    to_itself("itself, both masks", attn_mask=LATER, key_padding_mask=PADDING),
    to_itself("itself, both of floats", attn_mask=FLOATS, key_padding_mask=np.where(PADDING, -np.inf, 0.3)),
    to_itself("itself, without weights", attn_mask=LATER, need_weights=False),
    to_itself("itself, the weights of each head", average_attn_weights=False),
    to_itself("itself, a mask for each head", attn_mask=np.arange(36).reshape(4, 3, 3) % 4 == 1),
    to_itself("itself, float32", attn_mask=FLOATS, dtype="float32"),
    case("length first", many(), X, Y, Y),
    case("no bias", many(bias=False), X, Y, Y),
    case("other features", many(kdim=3, vdim=2), X, (2, 2, 3), (2, 2, 2)),
    case("no batch", many(), (3, 4), (2, 4), (2, 4), key_padding_mask=np.array([False, True])),
    case("no batch, heads", many(), (3, 4), repeats=3, attn_mask=np.arange(18).reshape(2, 3, 3) % 4 == 1),
    case("more keys", many(add_bias_kv=True, add_zero_attn=True), X, Y, Y),
    case(
        "more keys, masks",
        many(add_bias_kv=True, add_zero_attn=True, batch_first=True),
        (2, 3, 4),
        repeats=3,
        attn_mask=LATER,
        key_padding_mask=PADDING,
    ),
    case("function", function, (2, 3, 2), (2, 4, 2), (2, 4, 3)),
    case("function, causal", function, (3, 2), (4, 2), (4, 1), is_causal=True),
    case("function, scale", function, (3, 2), (4, 2), (4, 1), scale=0.3),
    case(
        "function, a row that sees nothing", function, (2, 2), (3, 2), (3, 2), attn_mask=np.eye(2, 3) > 1 - np.eye(2, 3)
    ),
    case(
        "function, empty row", function, (2, 2), (3, 2), (3, 2), attn_mask=np.array([[True, False, True], [False] * 3])
    ),
    case("function, learned mask", function, (2, 2), (3, 2), (3, 2), (2, 3)),
    case("function, shared heads", function, (4, 2, 2), (2, 3, 2), (2, 3, 1), enable_gqa=True),
]


@together("each", CASES)
def test_it_gives_what_pytorch_gives(each):
    check(each, FAMILY)


def inputs(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def same(a, b):
    np.testing.assert_allclose(np.asarray(a.detach() if isinstance(a, tg.Tensor) else a), b, rtol=1e-12, atol=1e-14)


def test_masks_mean_the_opposite_in_the_layer_and_the_function():
    layer = MultiheadAttention(2, 1, bias=False, batch_first=True)
    for part in range(3):
        layer.in_proj_weight.data[2 * part : 2 * part + 2] = np.eye(2)
    layer.out_proj.weight.data = np.eye(2)
    (x,) = inputs((3, 2))
    same(layer(x, x, x, attn_mask=LATER)[0], scaled_dot_product_attention(x, x, x, ~LATER))


def test_is_causal_is_no_hint():
    layer = MultiheadAttention(4, 2, seed=0)
    x, more = inputs((3, 2, 4), (3, 2, 4))
    expected = layer(x, x, x, attn_mask=LATER)
    for got, want in zip(layer(x, x, x, is_causal=True), expected):
        same(got, want.numpy())
    changed = np.concatenate([x[:2], more[2:]])
    same(layer(changed, changed, changed, is_causal=True)[0][:2], expected[0].numpy()[:2])


@pytest.mark.parametrize(
    "mask", [np.array([[True, True], [False, True]]), np.array([[-np.inf, -np.inf], [0, -np.inf]])]
)
def test_a_query_that_sees_no_key_gives_zeros(mask):
    layer = MultiheadAttention(2, 1, bias=False, seed=0)
    x = tg.Tensor(inputs((2, 2))[0], requires_grad=True)
    output, weights = layer(x, x, x, attn_mask=mask)
    assert output.tolist()[0] == weights.tolist()[0] == [0, 0]
    assert weights.tolist()[1] == [1, 0]
    output[0].sum().backward()
    assert x.grad.tolist() == [[0, 0], [0, 0]]
    assert not layer.in_proj_weight.grad.numpy().any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_scores(dtype):
    big = np.array([[1e4], [-1e4]], dtype)
    q = tg.Tensor(big, requires_grad=True)
    output = scaled_dot_product_attention(q, big, big, np.array([[True, True], [True, False]]))
    assert output.tolist() == [[1e4], [1e4]]
    output.sum().backward()
    assert q.grad.tolist() == [[0], [0]]
    assert output.dtype == q.grad.dtype == dtype


def test_infinite_scores_share():
    key = np.array([[np.inf], [0.0], [np.inf], [-np.inf]])
    assert scaled_dot_product_attention(np.ones((1, 1)), key, np.array([[2.0], [9], [4], [9]])).tolist() == [[3.0]]
    assert scaled_dot_product_attention(np.ones((1, 1)), np.ones((0, 1)), np.ones((0, 2))).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    "mask", [None, np.array([[True, False, True], [False] * 3]), np.array([[0.5, -np.inf, 1], [2, 0, -1]])]
)
def test_derivatives_of_the_function(mask):
    arrays = inputs((2, 2), (3, 2), (3, 1))
    assert tg.gradcheck(lambda q, k, v: scaled_dot_product_attention(q, k, v, mask), *arrays, order=2)
    large = [100 * each for each in arrays[:2]]
    assert tg.gradcheck(
        lambda q, k, v: scaled_dot_product_attention(q, k, v, mask, scale=1e-4), *large, arrays[2], order=2
    )


def test_derivatives_of_a_learned_mask():
    q, k, v, mask = inputs((2, 1), (2, 1), (2, 1), (2, 2))
    assert tg.gradcheck(lambda mask: scaled_dot_product_attention(q, k, v, mask), mask, order=2)


def test_derivatives_of_the_layer():
    layer = MultiheadAttention(2, 2, add_bias_kv=True, add_zero_attn=True, seed=0)
    x, y = inputs((2, 2), (1, 2))
    assert tg.gradcheck(lambda x, y: layer(x, y, y)[0], x, y, order=2)
    assert tg.gradcheck(lambda x: layer(x, x, x, is_causal=True, average_attn_weights=False)[1], x, order=2)
    values = {name: each.numpy() for name, each in layer.named_parameters()}
    names = ["in_proj_weight", "bias_k", "bias_v", "out_proj.bias"]

    def call(*some):
        return tg.functional_call(layer, values | dict(zip(names, some)), x, x, x)[0]

    assert tg.gradcheck(call, *(values[name] for name in names), order=1)


def test_dropout_is_for_training_only():
    layer = MultiheadAttention(4, 2, 0.5, seed=0, generator=tg.random.Generator(0))
    (x,) = inputs((3, 2, 4))
    dropped = layer(x, x, x)[1].numpy()
    assert (dropped == 0).any()
    assert not (dropped == layer(x, x, x)[1].numpy()).all()
    layer.eval()
    assert (layer(x, x, x)[1].numpy() == layer(x, x, x)[1].numpy()).all()
    q = np.ones((20, 20, 2))
    mean = scaled_dot_product_attention(q, q, q, dropout_p=0.5, generator=tg.random.Generator(0)).mean()
    assert 0.9 < mean < 1.1
    assert mean != 1


def test_initial_values():
    layer = MultiheadAttention(64, 4, add_bias_kv=True, seed=0)
    values = {name: each.numpy() for name, each in layer.named_parameters()}
    bound = np.sqrt(6 / (64 + 192))
    assert 0.95 * bound < abs(values["in_proj_weight"]).max() <= bound
    assert 0.12 < abs(values["out_proj.weight"]).max() <= 1 / 8
    assert not values["in_proj_bias"].any()
    assert not values["out_proj.bias"].any()
    assert 0.09 < values["bias_k"].std() < 0.16
    assert (MultiheadAttention(64, 4, seed=0).in_proj_weight.numpy() == values["in_proj_weight"]).all()


X, QUERY = np.ones((3, 2, 4)), np.ones((3, 2))
MISTAKES = {
    "heads of equal size": lambda layer: MultiheadAttention(4, 3),
    "dropout of 0 to 1": lambda layer: MultiheadAttention(4, 2, 2.0),
    "with 4, 4 and 4 features, but got": lambda layer: layer(X, X, X[..., :3]),
    r"but got \(3, 2, 4\), \(3, 1, 4\)": lambda layer: layer(X, X[:, :1], X[:, :1]),
    r"attn_mask has the shape \(3, 3\) or \(4, 3, 3\), but got \(2, 3\)": lambda layer: layer(
        X, X, X, attn_mask=LATER[1:]
    ),
    r"key_padding_mask has the shape \(2, 3\), but got \(3, 2\)": lambda layer: layer(X, X, X, PADDING.T),
    "booleans, or of floats that are added, but got int64": lambda layer: layer(X, X, X, PADDING.astype(np.int64)),
    r"query \(..., L, E\), key": lambda layer: scaled_dot_product_attention(QUERY, QUERY, QUERY[1:]),
    r"A mask of shape \(1, 3, 3\) does not fit": lambda layer: scaled_dot_product_attention(
        QUERY, QUERY, QUERY, LATER[None]
    ),
    "a multiple of the others'": lambda layer: scaled_dot_product_attention(X, X[:2], X[:2], enable_gqa=True),
}


@together("message", list(MISTAKES))
def test_mistakes(message):
    with pytest.raises(tg.TinygradError, match=message):
        MISTAKES[message](MultiheadAttention(4, 2, seed=0))
