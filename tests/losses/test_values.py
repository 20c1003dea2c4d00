"""Every loss with every option: values and gradients as PyTorch's, derivatives of order 2 in both modes."""

import json

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.losses.table import CASES, STORED, of_torch, weights
from tinygrad_like import Tensor

EXPECTED = json.loads(STORED.read_text(encoding="utf-8"))
EVERY = together("case", {case.key: case for case in CASES})


def inputs(case, dtype=np.float64):
    """The arrays, of which those that are differentiated are Tensors."""
    arrays = [x.astype(dtype) if x.dtype.kind == "f" else x for x in case.arrays]
    return [Tensor(x, requires_grad=True) if i in case.free else x for i, x in enumerate(arrays)]


def call(case, *arrays):
    """Our loss; what is given to ctc goes through log_softmax first, as in the table."""
    first = tg.log_softmax(arrays[0]) if case.name == "ctc" else arrays[0]
    return case(first, *arrays[1:])


def of_ours(case, dtype=np.float64):
    tensors = inputs(case, dtype)
    y = call(case, *tensors)
    y.backward(weights(y.shape).astype(dtype))
    return [y, *(tensors[i].grad for i in case.free)]


@EVERY
def test_values_and_gradients(case):
    found = of_ours(case)
    expected = EXPECTED[case.key]
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(got.data, want, rtol=1e-10, atol=1e-13)
        assert got.dtype == np.float64


@EVERY
def test_the_stored_values_are_those_of_pytorch(case):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    for got, want in zip(of_torch(case), EXPECTED[case.key], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)


@EVERY
def test_arrays_give_arrays_of_the_same_values(case):
    y = call(case, *case.arrays)
    assert not isinstance(y, Tensor)
    np.testing.assert_allclose(y, EXPECTED[case.key][0], rtol=1e-10, atol=1e-13)


@EVERY
def test_float32_stays_float32(case):
    narrowed = {k: v.astype(np.float32) if isinstance(v, np.ndarray) else v for k, v in case.options.items()}
    before, case.options = case.options, narrowed
    try:
        found = of_ours(case, np.float32)
    finally:
        case.options = before
    for got, want in zip(found, EXPECTED[case.key], strict=True):
        np.testing.assert_allclose(got.data, want, rtol=2e-5, atol=1e-6)
        assert got.dtype == np.float32


def representatives():
    """Each loss and set of options once, and not where a variance is cut off: its gradient is not that of the value."""
    once = (case for case in CASES if case.options.get("reduction") not in ("mean", "sum"))
    return [case for case in once if case.options.get("eps") != 0.5]


@together("case", {case.key: case for case in representatives()})
def test_derivatives(case):
    free = [case.arrays[i] for i in case.free]

    def f(*values):
        arrays = list(case.arrays)
        for i, value in zip(case.free, values):
            arrays[i] = value
        return call(case, *arrays)

    assert tg.gradcheck(f, *free, order=2)


def test_every_loss_is_in_the_table():
    assert {case.name for case in CASES} == set(tg.losses.__all__)
