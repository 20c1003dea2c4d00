"""Recurrent layers and cells beside PyTorch; lengths, derivatives and errors."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.nn.recurrent_cells import GRUCell, LSTMCell, RNNCell
from tinygrad_like.nn.recurrent_layers import GRU, LSTM, RNN
from tinygrad_like.random import Generator

FAMILY = "recurrent"
LENGTHS = [2, 3]


class Started(LSTM):
    def forward(self, x, h, c):
        return super().forward(x, (h, c))


class StartedCell(LSTMCell):
    def forward(self, x, h, c):
        return super().forward(x, (h, c))


def started(kind, *settings):
    """PyTorch's layer, with the two states as arguments of their own."""
    model = kind(*settings)
    call = model.forward
    model.forward = lambda x, h, c: call(x, (h, c))
    return model


def packed(nn, model):
    """PyTorch's layer on packed sequences, with padded ones in and out."""
    call, rnn = model.forward, nn.utils.rnn

    def forward(x, hx=None):
        given = rnn.pack_padded_sequence(x, LENGTHS, model.batch_first, enforce_sorted=False)
        model.forward = call
        outputs, state = model(given, hx)
        model.forward = forward
        return rnn.pad_packed_sequence(outputs, model.batch_first)[0], state

    model.forward = forward
    return model


class Padded(GRU):
    def forward(self, x, hx=None):
        return super().forward(x, hx, lengths=LENGTHS)


class PaddedLSTM(LSTM):
    def forward(self, x):
        return super().forward(x, lengths=LENGTHS)


CASES = [
    Case("rnn", lambda: RNN(2, 3), lambda nn: nn.RNN(2, 3), ((3, 2, 2),)),
    Case(
        "rnn, relu, two layers, no bias",
        lambda: RNN(2, 3, 2, "relu", False),
        lambda nn: nn.RNN(2, 3, 2, "relu", False),
        ((3, 2, 2), (2, 2, 3)),
    ),
    Case("gru, one sequence", lambda: GRU(2, 3), lambda nn: nn.GRU(2, 3), ((4, 2), (1, 3))),
    Case("gru, no bias", lambda: GRU(2, 2, bias=False), lambda nn: nn.GRU(2, 2, bias=False), ((3, 1, 2),)),
    Case(
        "gru, batch first, both directions",
        lambda: GRU(2, 2, 2, batch_first=True, bidirectional=True),
        lambda nn: nn.GRU(2, 2, 2, batch_first=True, bidirectional=True),
        ((2, 3, 2), (4, 2, 2)),
    ),
    Case("lstm", lambda: LSTM(2, 3), lambda nn: nn.LSTM(2, 3), ((3, 2, 2),)),
    Case("lstm, float32", lambda: LSTM(2, 3), lambda nn: nn.LSTM(2, 3), ((3, 2, 2),), dtype="float32"),
    Case(
        "lstm, both directions, with a start",
        lambda: Started(2, 2, 1, False, False, 0.0, True),
        lambda nn: started(nn.LSTM, 2, 2, 1, False, False, 0.0, True),
        ((3, 2, 2), (2, 2, 2), (2, 2, 2)),
    ),
    Case(
        "gru, lengths",
        lambda: Padded(2, 2, 2, bidirectional=True),
        lambda nn: packed(nn, nn.GRU(2, 2, 2, bidirectional=True)),
        ((3, 2, 2), (4, 2, 2)),
    ),
    Case(
        "lstm, lengths, batch first",
        lambda: PaddedLSTM(2, 2, batch_first=True),
        lambda nn: packed(nn, nn.LSTM(2, 2, batch_first=True)),
        ((2, 3, 2),),
    ),
    Case("rnn cell", lambda: RNNCell(2, 3, True, "relu"), lambda nn: nn.RNNCell(2, 3, True, "relu"), ((2, 2), (2, 3))),
    Case("gru cell", lambda: GRUCell(2, 3), lambda nn: nn.GRUCell(2, 3), ((2, 2), (2, 3))),
    Case("lstm cell, one", lambda: LSTMCell(2, 3, False), lambda nn: nn.LSTMCell(2, 3, False), ((2,),)),
    Case(
        "lstm cell",
        lambda: StartedCell(2, 3),
        lambda nn: started(nn.LSTMCell, 2, 3),
        ((1, 2), (1, 3), (1, 3)),
    ),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


def flat(result):
    return [result] if isinstance(result, tg.Tensor) else [part for each in result for part in flat(each)]


@pytest.mark.parametrize("model", [RNN(1, 2, bidirectional=True), GRU(1, 2), LSTM(1, 2), LSTMCell(2, 1)], ids=str)
def test_derivatives_of_order_2(model):
    parameters = dict(model.named_parameters())
    x = np.random.default_rng(0).normal(size=(2, 2) if isinstance(model, LSTMCell) else (2, 1, 1))

    def total(x, *values):
        results = flat(tg.functional_call(model, dict(zip(parameters, values)), x))
        return sum((each * np.cos(1 + np.arange(each.size)).reshape(each.shape)).sum() for each in results)

    assert tg.gradcheck(total, x, *(each.numpy() for each in parameters.values()), order=2)


def test_derivatives_with_lengths():
    model = GRU(1, 1, bidirectional=True, batch_first=True, seed=0)
    x, h = np.random.default_rng(0).normal(size=(2, 3, 1)), np.random.default_rng(1).normal(size=(2, 2, 1))
    for i in range(2):
        assert tg.gradcheck(lambda x, h, i=i: model(x, h, lengths=[1, 3])[i], x, h, order=2)


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_lengths_are_what_each_sequence_alone_gives(kind):
    model = kind(2, 3, 2, bidirectional=True, seed=0)
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    outputs, states = model(x, lengths=np.array([4, 1, 2]))
    for i, length in enumerate([4, 1, 2]):
        alone, ends = model(x[:length, i])
        np.testing.assert_allclose(outputs[:length, i].numpy(), alone.numpy(), rtol=1e-13)
        assert not outputs[length:, i].numpy().any()
        for state, end in zip(flat(states), flat(ends)):
            np.testing.assert_allclose(state[:, i].numpy(), end.numpy(), rtol=1e-13)


def test_dropout_acts_between_layers_in_training_alone():
    model = LSTM(2, 4, 2, dropout=0.5, generator=Generator(3), seed=0)
    x = np.ones((3, 2, 2), np.float32)
    first, second = model(x)[0].numpy(), model(x)[0].numpy()
    assert (first != second).any()
    model.generator = Generator(3)
    assert (model(x)[0].numpy() == first).all()
    assert (model.eval()(x)[0].numpy() == model(x)[0].numpy()).all()
    all_dropped = GRU(2, 4, 2, dropout=1.0, seed=0)
    second_layer = GRU(4, 4)
    second_layer.load_state_dict({k.replace("l1", "l0"): v for k, v in all_dropped.state_dict().items() if "l1" in k})
    np.testing.assert_allclose(all_dropped(x)[0].numpy(), second_layer(np.zeros((3, 2, 4)))[0].numpy())


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_extreme_inputs_saturate(kind):
    x = tg.Tensor(np.array([1e4, -1e4, 1e4]).reshape(3, 1, 1), requires_grad=True)
    outputs, _ = kind(1, 2, seed=0)(x)
    outputs.sum().backward()
    assert np.isfinite(outputs.numpy()).all()
    assert np.isfinite(x.grad.numpy()).all()


def test_initial_values_are_uniform_as_in_pytorch():
    model = GRU(3, 25, 2, bidirectional=True, seed=1, dtype=np.float32)
    values = np.concatenate([each.numpy().ravel() for each in model.parameters()])
    assert values.dtype == np.float32
    assert 0.198 < values.max() <= 0.2
    assert -0.198 > values.min() >= -0.2
    assert GRU(3, 25, seed=2).weight_hh_l0.tolist() == GRU(3, 25, seed=2).weight_hh_l0.tolist()


def test_labels():
    assert LSTM(3, 5, 2, False, dropout=0.1, bidirectional=True).label() == (
        "3 → 5, 2 layers, bidirectional, dropout 0.1, no bias"
    )
    assert RNN(3, 5, nonlinearity="relu").label() == RNNCell(3, 5, nonlinearity="relu").label() == "3 → 5, relu"


x, h = np.ones((4, 2, 3)), np.ones((1, 2, 5))


@together(
    ("run", "error", "message"),
    [
        (lambda: GRU(3, 5)(np.ones((4, 2, 4))), tg.ShapeError, r"\(steps, batch, 3\) or \(steps, 3\), .* \(4, 2, 4\)"),
        (lambda: GRU(3, 5, batch_first=True)(np.ones(3)), tg.ShapeError, r"\(batch, steps, 3\)"),
        (lambda: GRU(3, 5)(np.ones((0, 2, 3))), tg.ShapeError, "at least one step"),
        (lambda: LSTM(3, 5, batch_first=True)(np.ones((2, 0, 3))), tg.ShapeError, "at least one step"),
        (lambda: GRU(3, 5)(x, np.ones((2, 2, 5))), tg.ShapeError, r"initial h of shape \(1, 2, 5\), .* \(2, 2, 5\)"),
        (lambda: LSTM(3, 5)(x, h), tg.ArgumentError, r"states \(h, c\) in a tuple"),
        (lambda: LSTM(3, 5)(x, (h, h[0])), tg.ShapeError, r"initial c of shape \(1, 2, 5\)"),
        (lambda: GRU(3, 5)(x, lengths=[1]), tg.ShapeError, "one number for each of 2 sequences"),
        (lambda: GRU(3, 5)(x, lengths=[1.0, 2.0]), tg.DTypeError, "integers, but got float64"),
        (lambda: GRU(3, 5)(x, lengths=[0, 5]), tg.ArgumentError, r"1 to 4, .* \[0, 5\]"),
        (lambda: GRUCell(3, 5)(x), tg.ShapeError, r"\(batch, 3\) or \(3,\), but got shape \(4, 2, 3\)"),
        (lambda: LSTMCell(3, 5)(x[0], (h, h)), tg.ShapeError, r"initial h of shape \(2, 5\)"),
        (lambda: LSTM(3, 5, proj_size=2), tg.UnsupportedError, "Linear after the LSTM"),
        (lambda: GRU(3, 5, dropout=0.5), tg.ArgumentError, "num_layers=2"),
        (lambda: GRU(3, 5, 2, dropout=1.5), tg.ArgumentError, "0 to 1"),
        (lambda: RNN(3, 5, nonlinearity="sin"), tg.ArgumentError, "tanh"),
        (lambda: RNN(3, 0), tg.ArgumentError, "hidden_size of at least 1"),
        (lambda: LSTM(3, 5, dtype=int), tg.DTypeError, "floating-point"),
    ],
)
def test_errors(run, error, message):
    with pytest.raises(error, match=message):
        run()
