"""Targets are operands: Tensors do as well as arrays, no value decides what is computed, and drawing shows them."""

import json

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.losses.table import CASES, STORED, weights
from tests.losses.test_values import call
from tinygrad_like import Tensor, losses
from tinygrad_like.losses import loss_inputs, loss_pieces, sequence_losses

EXPECTED = json.loads(STORED.read_text(encoding="utf-8"))


def given(case):
    """All arrays as Tensors, of which some are differentiated."""
    return [Tensor(x, requires_grad=i in case.free) for i, x in enumerate(case.arrays)]


def agrees(case):
    tensors = given(case)
    y = call(case, *tensors)
    y.backward(weights(y.shape))
    found = [y, *(tensors[i].grad for i in case.free)]
    for got, want in zip(found, EXPECTED[case.key], strict=True):
        np.testing.assert_allclose(got.data, want, rtol=1e-10, atol=1e-13, err_msg=case.key)


def test_targets_and_lengths_may_be_tensors():
    for case in CASES:
        agrees(case)


def test_the_way_for_unknown_values_gives_the_same(monkeypatch):
    for module in (loss_inputs, loss_pieces, sequence_losses):
        for name in ("shortcut", "all_finite"):
            monkeypatch.setattr(module, name, lambda *_: False, raising=False)
    for case in CASES:
        agrees(case)


def test_options_that_are_arrays_are_differentiated():
    x, p, w = np.array([[0.5, -1.0, 0.2]]), np.array([[0.2, 0.7, 0.9]]), np.array([0.5, 1.5, 2.0])
    for f in (
        lambda w: losses.cross_entropy(x, [1], weight=w, reduction="sum"),
        lambda w: losses.cross_entropy(x, p, weight=w, label_smoothing=0.1),
        lambda w: losses.nll(x, [2], weight=w),
        lambda w: losses.mse(x, p, weight=w),
        lambda w: losses.huber(x, p, weight=w),
        lambda w: losses.binary_cross_entropy(p, p, weight=w),
        lambda w: losses.binary_cross_entropy_with_logits(x, p, w, pos_weight=w * w),
        lambda w: losses.multilabel_soft_margin(x, p, weight=w),
        lambda w: losses.multi_margin(x, [1], weight=w),
    ):
        assert tg.gradcheck(f, w, order=2)


def all_alignments(p, target, blank):
    """The probability of all alignments, each of them taken."""
    total = 0.0
    for path in np.ndindex(*(p.shape[1],) * len(p)):
        symbols = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if [c for c in symbols if c != blank] == list(target):
            total += np.prod(p[np.arange(len(p)), path])
    return total


@together("target", [[], [1], [1, 1], [1, 2], [2, 1, 2], [2, 2, 2]])
@together("frames", [1, 2, 3, 5])
def test_ctc_adds_up_all_alignments(target, frames):
    p = np.random.default_rng(frames).uniform(0.1, 1, (frames, 3))
    with np.errstate(divide="ignore"):
        expected = -np.log(all_alignments(p, target, 0))
    targets = np.array(target, int)
    got = losses.ctc(np.log(p), targets, frames, len(target), reduction="none")
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    # Frames after the end, and targets after the end, do not count; nor does the rest of the batch.
    more = np.concatenate([np.log(p), np.full((2, 3), -7.0)])[:, None].repeat(2, 1)
    more[frames:, 0] = np.nan
    padded = np.stack([np.append(targets, [2, 1]), np.full(len(target) + 2, 1)])
    x = Tensor(more, requires_grad=True)
    batch = losses.ctc(x, padded, [frames, frames + 2], [len(target), 1], reduction="none")
    np.testing.assert_allclose(batch.data[0], expected, rtol=1e-12, atol=1e-14)
    batch.backward(np.ones(2))
    assert not x.grad.data[frames:, 0].any()
    np.testing.assert_allclose(x.grad.data.sum(axis=(0, 2)), [-frames * np.isfinite(expected), -frames - 2], rtol=1e-12)


def test_the_gradient_of_ctc_is_that_of_its_log_probabilities():
    """In PyTorch it is so only after a log_softmax."""
    p = np.random.default_rng(0).uniform(0.1, 1, (4, 3))
    assert tg.gradcheck(lambda x: losses.ctc(x, np.array([1, 2]), 4, 2), np.log(p), order=2)


def test_ctc_as_pytorch_has_it_at_its_limits():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = np.log(np.full((3, 4, 3), 1 / 3))
    arguments = np.array([[1, 1], [1, 2], [0, 0], [2, 0]]), np.array([2, 3, 0, 0]), np.array([2, 2, 0, 1])
    for zero in (False, True):
        got = losses.ctc(x, *arguments, reduction="none", zero_infinity=zero)
        want = torch.nn.functional.ctc_loss(
            torch.tensor(x), *map(torch.tensor, arguments), reduction="none", zero_infinity=zero
        )
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-12)
