"""Named blocks in pictures: every layer of the package is one card with its parameters, which can be opened."""

import inspect

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_draw import graph_of
from tinygrad_like import nn
from tinygrad_like.engine.blocks import block, words
from tinygrad_like.picture.graphs.graph import LEAVES
from tinygrad_like.picture.graphs.reducing import blocks_as_cards
from tinygrad_like.picture.graphs.titles import letters
from tinygrad_like.picture.telling.markup import spoken
from tinygrad_like.picture.telling.telling import tell

F = nn.functional
RNG = np.random.default_rng(0)
ROWS, SEQUENCES, IMAGES, VOLUMES = (
    RNG.normal(size=shape) for shape in [(2, 4), (2, 4, 4), (2, 4, 4, 4), (1, 2, 4, 4, 4)]
)
CLASSES, SIGNS, SHARES = np.array([0, 2]), np.sign(ROWS), np.abs(ROWS) / 9
BY_AXES = {"1d": SEQUENCES, "2d": IMAGES, "3d": VOLUMES}
OF_LAYERS = {"TransformerEncoder", "TransformerDecoder", "TransformerEncoderLayer", "TransformerDecoderLayer"}
CONTAINERS = OF_LAYERS | {
    "Module",
    "Identity",
    "Layer",
    "ModuleDict",
    "ModuleList",
    "Residual",
    "Sequential",
    "Transformer",
}

# The arguments of the constructor and the inputs, where they are not () and the rows; * takes a number.
CASES = {
    "AdaptiveAvgPool*": ((3,), None),
    "AdaptiveMaxPool*": ((3,), None),
    "AvgPool*": ((2,), None),
    "BatchNorm*": (("channels",), None),
    "CircularPad*": ((1,), None),
    "ConstantPad*": ((1, 2.0), None),
    "Conv*": (("channels", 4, 3), None),
    "ConvTranspose*": (("channels", 4, 3), None),
    "InstanceNorm*": (("channels",), None),
    "LPPool*": ((2, 2), None),
    "MaxPool*": ((2,), None),
    "ReflectionPad*": ((1,), None),
    "ReplicationPad*": ((1,), None),
    "ZeroPad*": ((1,), None),
    "Activation": ((F.gelu,), (ROWS,)),
    "Bilinear": ((4, 4, 2), (ROWS, ROWS)),
    "CosineSimilarity": ((), (ROWS, ROWS)),
    "PairwiseDistance": ((), (ROWS, ROWS)),
    "ChannelShuffle": ((2,), (IMAGES,)),
    "Embedding": ((5, 3, 0), (CLASSES,)),
    "EmbeddingBag": ((5, 3), (np.array([[1, 2], [3, 0]]),)),
    "FeatureAlphaDropout": ((), (IMAGES,)),
    "Fold": ((4, 2), (np.ones((1, 8, 9)),)),
    "GRU": ((4, 3), (SEQUENCES,)),
    "GRUCell": ((4, 3), (ROWS,)),
    "GroupNorm": ((2, 4), (IMAGES,)),
    "LSTM": ((4, 3, 2), (SEQUENCES,)),
    "LSTMCell": ((4, 3), (ROWS,)),
    "Lambda": ((F.gelu,), (ROWS,)),
    "LayerNorm": ((4,), (ROWS,)),
    "Linear": ((4, 2), (ROWS,)),
    "LocalResponseNorm": ((2,), (IMAGES,)),
    "MultiheadAttention": ((4, 2), (SEQUENCES, SEQUENCES, SEQUENCES)),
    "RotaryPositions": ((4,), (SEQUENCES,)),
    "SinusoidalPositions": ((4,), (SEQUENCES,)),
    "PixelShuffle": ((2,), (IMAGES,)),
    "PixelUnshuffle": ((2,), (IMAGES,)),
    "RMSNorm": ((4,), (ROWS,)),
    "RNN": ((4, 3), (SEQUENCES,)),
    "RNNCell": ((4, 3), (ROWS,)),
    "Softmax2d": ((), (IMAGES,)),
    "Threshold": ((0.1, 0.2), (ROWS,)),
    "Unflatten": ((1, (2, 2)), (ROWS,)),
    "Unfold": ((2,), (IMAGES,)),
    "Upsample": ((None, 2, "bilinear"), (IMAGES,)),
    "BCELoss": ((), (SHARES, SHARES)),
    "BCEWithLogitsLoss": ((), (ROWS, SHARES)),
    "CTCLoss": ((), (F.log_softmax(SEQUENCES), np.ones((4, 2), int), np.full(4, 2), np.ones(4, int))),
    "CosineEmbeddingLoss": ((), (ROWS, ROWS + 0.3, np.array([1.0, -1.0]))),
    "CrossEntropyLoss": ((None, -100, "mean", 0.1), (ROWS, CLASSES)),
    "GaussianNLLLoss": ((), (ROWS, ROWS, SHARES + 1)),
    "HingeEmbeddingLoss": ((), (ROWS, SIGNS)),
    "KLDivLoss": ((), (ROWS, SHARES)),
    "MSELoss": (("sum",), (ROWS, SHARES)),
    "MarginRankingLoss": ((), (ROWS, ROWS + 0.4, SIGNS)),
    "MultiLabelMarginLoss": ((), (ROWS, np.array([[0, 1, -1, -1], [2, -1, 0, 0]]))),
    "MultiLabelSoftMarginLoss": ((), (ROWS, SHARES)),
    "MultiMarginLoss": ((), (ROWS, CLASSES)),
    "NLLLoss": ((), (ROWS, CLASSES)),
    "SoftMarginLoss": ((), (ROWS, SIGNS)),
    "TripletMarginLoss": ((), (ROWS, ROWS + 0.4, ROWS * 2)),
}


def is_layer(name):
    return inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Layer)


def case(name):
    """A layer of each kind, and inputs for it."""
    family, axes = (name[:-2] + "*", name[-2:]) if name[-2:] in BY_AXES else (name, "")
    inputs = (BY_AXES.get(axes, ROWS), SHARES)[: 1 + name.endswith("Loss")]
    arguments, own = CASES.get(name) or CASES.get(family, ((), None))
    return getattr(nn, name)(*(inputs[0].shape[1] if a == "channels" else a for a in arguments)), own or inputs


def cards_of(target, *inputs, **options):
    return tg.draw(target, *inputs, **options)._graph.cards


def first_of(result):
    return result[0] if isinstance(result, tuple) else result


def computed(cards):
    return [card for card in cards if card.role not in LEAVES]


def names(cards):
    return [(card.symbol, card.name or card.options) for card in cards]


@together("name", sorted(filter(is_layer, set(nn.__all__) - CONTAINERS)))
def test_every_layer_is_one_card_beside_its_inputs_and_parameters(name):
    layer, inputs = case(name)
    cards = cards_of(lambda *xs: first_of(layer(*xs)), *inputs)
    (result,) = computed(cards)
    assert result is cards[-1]
    if result.cluster is None:  # a box would only say again what the card says
        assert letters(name) in (letters(result.symbol), letters(result.name)) or name in ("Activation", "Lambda")
        return
    assert result.cluster.title == name
    leaves = [card for card in cards if card.role in LEAVES and card.symbol != "array"]
    assert {card.role for card in leaves} <= {"input", "parameter", "buffer"}
    assert sum(card.role == "parameter" for card in leaves) == len(layer.parameters())
    for text in (result.symbol, result.name):
        assert not text or text not in result.cluster.label or name in ("Activation", "Lambda")


def test_functions_are_one_card_with_their_options():
    assert names(computed(cards_of(lambda x: F.softmax(x, 0) * 2.0, ROWS))) == [
        ("softmax", "axis 0"),
        ("×", "multiply"),
    ]
    smooth = cards_of(lambda x, y: tg.cross_entropy(x, y, label_smoothing=0.1), ROWS, CLASSES)
    assert [card.symbol for card in smooth] == ["x", "y", "cross entropy"]
    assert (smooth[-1].options, smooth[-1].role) == ("label smoothing 0.1", "loss")
    image = np.ones((1, 1, 5, 5))
    conv = cards_of(lambda x, w: F.conv2d(x, w, stride=2), image, np.ones((1, 1, 3, 3)))
    assert names(computed(conv)) == [("conv", "stride 2")]
    assert names(computed(cards_of(lambda x: F.dropout(x, 0.25), ROWS))) == [("dropout", "p 0.25")]


def test_a_block_has_the_value_and_gradient_of_its_result():
    softmax, root = computed(blocks_as_cards(graph_of(lambda x: F.softmax(x) @ np.arange(4.0), ROWS)).cards)
    np.testing.assert_allclose(softmax.value, F.softmax(ROWS))
    np.testing.assert_allclose(softmax.gradient, np.tile(np.arange(4.0), (2, 1)))
    assert root.symbol == "@"


def test_blocks_in_a_recorded_graph():
    x = tg.Tensor(ROWS, requires_grad=True, name="x")
    assert [card.symbol for card in cards_of(F.gelu(F.layer_norm(x, 4)))] == ["x", "layer norm", "gelu"]


def test_a_block_inside_a_block_belongs_to_it():
    assert [card.symbol for card in cards_of(F.softmin, ROWS)] == ["input", "softmin"]


def test_op_shows_what_is_inside():
    cards = cards_of(lambda x: F.softmax(x) * 2.0, ROWS, detail="op")
    assert [(card.symbol, card.cluster and card.cluster.title) for card in computed(cards)] == [
        ("ln softmax", "softmax"),
        ("eˣ", "softmax"),
        ("×", None),
    ]


def test_arrays_that_a_block_was_given_are_shown_and_those_made_in_it_are_not():
    target = np.zeros((2, 4))
    cards = cards_of(lambda x: F.huber_loss(F.dropout(x, 0.5), target), ROWS)
    assert [(card.role, card.symbol) for card in cards] == [
        ("input", "x"),
        ("operation", "dropout"),
        ("constant", "array"),
        ("loss", "huber"),
    ]


def test_integers_have_a_card():
    model = tg.Sequential(nn.Embedding(5, 3, seed=0), nn.Flatten())
    cards = model.draw(np.array([[1, 2], [0, 4]]))._graph.cards
    assert [(card.role, card.symbol) for card in cards] == [
        ("input", "x"),
        ("parameter", "weight"),
        ("operation", "embedding"),
        ("operation", "reshape"),
    ]


def test_buffers_have_a_card_of_their_own_kind():
    picture = nn.BatchNorm1d(4).eval().draw(ROWS)
    found = {card.symbol: card.role for card in picture._graph.cards}
    assert found == {
        "input": "input",
        "running_mean": "buffer",
        "running_var": "buffer",
        "weight": "parameter",
        "bias": "parameter",
        "batch norm": "operation",
    }
    assert ">buffer<" in picture.source
    assert "16 parameters" not in picture.source


def test_a_buffer_in_a_recorded_graph():
    class Scale(tg.Layer):
        def __init__(self):
            self.scale = tg.Tensor(np.arange(4.0))

        def forward(self, x):
            return x * self.scale

    model = Scale()
    cards = cards_of(model(tg.Tensor(ROWS, requires_grad=True)))
    assert [(card.role, card.symbol) for card in cards if card.role == "buffer"] == [("buffer", "scale")]


def test_nothing_is_said_twice():
    model = tg.Linear(4, 3, seed=0)
    (loss,) = [
        card for card in cards_of(lambda x, y: tg.cross_entropy(model(x), y), ROWS, CLASSES) if card.role == "loss"
    ]
    assert (loss.symbol, loss.name, loss.cluster) == ("cross entropy", "", None)
    (pool,) = computed(cards_of(lambda x: F.max_pool2d(x, 2), IMAGES))
    assert (pool.symbol, pool.name) == ("max pool", "")


def test_an_index_is_written_on_the_card():
    (card,) = computed(cards_of(lambda x: x[1, ..., :-1:2], SEQUENCES))
    assert (card.symbol, card.name) == ("x[1, …, :-1:2]", "")


def test_an_error_in_a_block_leaves_no_scope_behind():
    from tinygrad_like.engine.recording import scope

    with pytest.raises(tg.ShapeError):
        F.glu(np.ones(3))
    assert scope.get() is None


def test_blocks_keep_the_name_and_signature_of_the_function():
    @block()
    def twice(x, by=2, *, mode="plain"):
        """Twice."""
        return x * by

    assert (twice.__name__, twice.__doc__) == ("twice", "Twice.")
    assert list(inspect.signature(twice).parameters) == ["x", "by", "mode"]
    cards = cards_of(lambda x: twice(x, 3, mode="other"), ROWS)
    assert names(computed(cards)) == [("twice", "by 3, mode other")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, []),
        ({"size": (3, 3), "name": "a b", "rate": 1e-3}, ["size 3", "name a b", "rate 0.001"]),
        ({"size": (3, 2), "on": True, "off": False}, ["size (3, 2)", "on", "no off"]),
        ({"size": [3], "name": None, "rate": np.ones(2), "on": (np.ones(2), 1)}, []),
    ],
)
def test_options_that_differ_from_the_defaults(values, expected):
    defaults = {"size": 1, "name": "", "rate": 0.0, "on": False, "off": True, "more_words": 0}
    assert words(values, defaults) == expected


def test_steps_with_different_indices_are_rolled_up():
    def total(x):
        h = x[0]
        for step in range(1, 30):
            h = np.tanh(h + x[step])
        return h

    found = {card.symbol: card.count for card in cards_of(total, np.ones((30, 2)), max_nodes=8)}
    assert found["x[…]"] == 29


def test_a_loss_that_is_collapsed_says_what_it_is():
    model = tg.Linear(4, 4, seed=0)
    (loss,) = [card for card in cards_of(lambda x: tg.mse(model(x), ROWS), ROWS, depth=1) if card.role == "loss"]
    assert (loss.symbol, loss.name, loss.label) == ("mse", "", "loss")
    written = cards_of(lambda x: np.mean((model(x) - ROWS) ** 2), ROWS, depth=1)[-1]
    assert (written.symbol, written.name, written.label, written.operations) == ("Loss", "mean", "", 3)


def test_the_page_knows_buffers():
    page = nn.BatchNorm1d(4).eval().draw(ROWS).html()
    assert '<li class="buffer">buffer</li>' in page
    assert ".legend .buffer {" in page
    assert "--buffer-fill:" in page


def test_a_loss_of_each_element_is_drawn():
    assert "MSELoss" in nn.MSELoss(reduction="none").draw(np.ones((2, 3)), np.zeros((2, 3))).source


class Doubled(tg.Layer):
    def forward(self, x):
        h = np.tanh(x)
        return h, 2.0 * h


class Both(tg.Layer):
    def __init__(self):
        self.inner = Doubled()

    def forward(self, x):
        h, twice = self.inner(x)
        return (np.exp(h) * twice).sum()


def test_of_a_layer_with_several_results_no_numbers_are_put_in():
    """Its card has the numbers of all of them, and a formula would take those of one for another's."""
    x = tg.Tensor([[0.5, 1.0]], requires_grad=True)

    def lines(depth):
        picture = Both().draw(x, depth=depth)
        steps = zip(picture._graph.cards, tell(picture._graph))
        return {
            c.name or c.symbol: [[*map(spoken, each.lines)] for each in both]
            for c, both in steps
            if c.role != "constant"
        }

    assert lines(2)["multiply"][0][-1] == "first number: 1.59 · 0.924 = 1.47"
    assert lines(2)["exp"][1][-1] == "first number: 1 · 0.924 = 0.924"
    assert lines(1)["multiply"][0][-1] == "first numbers: 1.47, 3.26"
    assert lines(1)["exp"][1][-1] == "first number: 0.924"
    assert lines(1)["Doubled"][1] == ["one for each of its results", "4.64"]
