"""Transformers beside PyTorch's; copies of layers; derivatives; learning."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.nn.masked import LATER, PADDING, Called, case
from tests.stored import check
from tinygrad_like.nn.transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer
from tinygrad_like.nn.transformers import Transformer, TransformerDecoder, TransformerEncoder

FAMILY = "transformer"


def encoder(*args, **settings):
    return lambda nn: nn.TransformerEncoderLayer(4, 2, 3, 0.0, *args, batch_first=True, **settings)


def decoder(**settings):
    return lambda nn: nn.TransformerDecoderLayer(4, 2, 3, 0.0, batch_first=True, **settings)


X, MEMORY = (2, 3, 4), (2, 2, 4)
CASES = [
    case("encoder layer", encoder(), X, src_mask=LATER, src_key_padding_mask=PADDING),
    case("encoder layer, norm first", encoder("gelu", norm_first=True), X, src_mask=LATER),
    case("encoder layer, no bias", encoder(bias=False, layer_norm_eps=0.1), X),
    case("encoder layer, no batch", encoder(), (3, 4)),
    case("encoder layer, float32", encoder(), X, src_mask=np.where(LATER, -np.inf, 0), dtype="float32"),
    case("decoder layer, norm first", decoder(norm_first=True), X, MEMORY),
    case(
        "decoder layer",
        decoder(),
        X,
        X,
        memory_mask=LATER,
        tgt_key_padding_mask=PADDING,
        memory_key_padding_mask=PADDING[::-1].copy(),
    ),
    case("encoder", lambda nn: nn.TransformerEncoder(encoder()(nn), 2, nn.LayerNorm(4), False), X, mask=LATER),
    case("decoder", lambda nn: nn.TransformerDecoder(decoder()(nn), 2), X, MEMORY, tgt_mask=LATER),
    case("transformer", lambda nn: nn.Transformer(4, 2, 1, 1, 2, 0.0, batch_first=True), X, MEMORY, src_mask=LATER),
]


@together("each", CASES)
def test_it_gives_what_pytorch_gives(each):
    check(each, FAMILY)


def inputs(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def small(make=TransformerEncoderLayer, **settings):
    return make(2, 1, 2, 0.0, seed=0, **settings)


@pytest.mark.parametrize("norm_first", [False, True])
def test_derivatives(norm_first):
    x, memory = inputs((2, 2), (1, 2))
    layer = small(norm_first=norm_first, activation=np.tanh)
    assert tg.gradcheck(lambda x: layer(x, is_causal=True), x, order=2)
    layer = small(TransformerDecoderLayer, norm_first=norm_first, activation=np.tanh)
    assert tg.gradcheck(layer, x, memory, order=2)


def test_copies_start_with_values_of_their_own():
    layer = TransformerEncoderLayer(4, 2, 3, seed=0)
    layer.linear1.bias.data = 7.0
    encoder = TransformerEncoder(layer, 3, seed=0)
    weights = [each.self_attn.in_proj_weight.numpy() for each in encoder.layers]
    assert (weights[0] == layer.self_attn.in_proj_weight.numpy()).all()
    assert len({each.sum() for each in weights}) == 3
    assert (encoder.layers[0].linear1.bias.numpy() == 7).all()
    assert abs(encoder.layers[1].linear1.bias.numpy()).max() <= 0.5
    assert not any(each.self_attn.out_proj.bias.numpy().any() for each in encoder.layers)
    again = TransformerEncoder(layer, 3, seed=0)
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(encoder.parameters(), again.parameters()))
    encoder(np.ones((2, 4))).sum().backward()
    assert layer.linear1.weight.grad is None
    assert "layers.2.self_attn.in_proj_weight" in dict(encoder.named_parameters())


def test_each_masks_what_it_says():
    layers = TransformerEncoder(small(), 1), TransformerDecoder(small(TransformerDecoderLayer), 1)
    x, memory = inputs((3, 2), (3, 2))
    mask = Transformer.generate_square_subsequent_mask(3)
    np.testing.assert_array_equal(layers[0](x, mask).numpy(), layers[0](x, is_causal=True).numpy())
    np.testing.assert_array_equal(
        layers[1](x, memory, mask, mask).numpy(),
        layers[1](x, memory, tgt_is_causal=True, memory_is_causal=True).numpy(),
    )
    model = Transformer(2, 1, 1, 1, 2, 0.0, seed=0)
    np.testing.assert_array_equal(
        model(x, memory, mask, mask, mask).numpy(),
        model(x, memory, src_is_causal=True, tgt_is_causal=True, memory_is_causal=True).numpy(),
    )


def test_padding_beyond_a_sequence_changes_nothing():
    layer = TransformerEncoder(TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True, seed=0), 2, seed=0)
    x, other = inputs((1, 4, 4), (1, 2, 4))
    padded = np.concatenate([x, 100 * other], axis=1)
    mask = np.arange(6)[None] >= 4
    np.testing.assert_allclose(layer(padded, None, mask).numpy()[:, :4], layer(x).numpy(), rtol=1e-11)


def test_dropout_draws_from_the_given_generator():
    def run():
        layer = TransformerEncoderLayer(4, 2, 8, 0.5, seed=0, generator=tg.random.Generator(3))
        return layer(np.ones((3, 4))).numpy()

    assert (run() == run()).all()
    layer = TransformerEncoderLayer(4, 2, 8, 0.5, seed=0)
    assert not (layer(np.ones((3, 4))).numpy() == layer(np.ones((3, 4))).numpy()).all()
    assert (layer.eval()(np.ones((3, 4))).numpy() == layer(np.ones((3, 4))).numpy()).all()


def test_a_stack_drops_other_elements_in_each_layer():
    source = tg.random.Generator(0)
    model = TransformerEncoder(TransformerEncoderLayer(4, 2, 3, generator=source), 2)
    drops = [each.generator for _, each in model.named_layers() if hasattr(each, "generator")]
    assert len(drops) == 8
    assert all(each is source for each in drops)


def test_a_transformer_has_a_norm_at_the_end_of_both_parts_and_xavier_matrices():
    model = Transformer(8, 2, 1, 2, 24, seed=0)
    names = dict(model.named_parameters())
    assert {"encoder.norm.weight", "decoder.norm.bias", "decoder.layers.1.multihead_attn.out_proj.weight"} <= set(names)
    assert 0.9 * (6 / 32) ** 0.5 < abs(names["decoder.layers.1.linear1.weight"].numpy()).max() <= (6 / 32) ** 0.5


def test_parts_of_ones_own():
    def encoder(src, mask, padding, is_causal):
        return 2 * src

    model = Transformer(2, 1, 1, 1, 2, 0.0, custom_encoder=Called(encoder), seed=0)
    x, memory = inputs((3, 2), (2, 2))
    np.testing.assert_array_equal(model(memory, x).numpy(), model.decoder(x, 2 * memory).numpy())


def test_it_learns_to_copy_the_token_before():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 4, (16, 6))
    embedding, output = tg.Parameter(rng.normal(size=(4, 8))), tg.Linear(8, 4, seed=1)
    encoder = TransformerEncoder(TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, seed=0), 1, seed=0)
    place = tg.Parameter(rng.normal(size=(6, 8)))
    optimizer = tg.SGD([embedding, place, *output.parameters(), *encoder.parameters()], lr=0.5)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        logits = output(encoder(embedding[tokens] + place, is_causal=True))
        loss = tg.cross_entropy(logits[:, 1:], tokens[:, :-1])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


MISTAKES = {
    "'relu' or 'gelu' or a function, but got 'swish'": lambda: TransformerEncoderLayer(4, 2, activation="swish"),
    "a function, but got <class": lambda: TransformerEncoderLayer(4, 2, activation=tg.ReLU),
    "num_layers must be at least 1": lambda: TransformerEncoder(small(), 0),
    "but got the class TransformerEncoderLayer": lambda: TransformerEncoder(TransformerEncoderLayer, 2),
    "MultiheadAttention at self_attn takes": lambda: small()(np.ones((3, 5))),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes(message):
    with pytest.raises(tg.TinygradError, match=message):
        MISTAKES[message]()
