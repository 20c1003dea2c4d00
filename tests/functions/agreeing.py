"""What every NumPy function on Tensors must do: give NumPy's values in Tensors, and the right derivatives."""

import numpy as np

import tinygrad_like as tg
from tests.compiler.agreeing import also_compiled


def parts(result):
    """The results of a function that may give several."""
    return list(result) if isinstance(result, (tuple, list)) else [result]


def same(result, expected, rtol=1e-12, atol=1e-14):
    """Tensors of exactly NumPy's shapes and dtypes, and of its values up to rounding."""
    for got, want in zip(parts(result), parts(expected), strict=True):
        assert isinstance(got, tg.Tensor)
        assert (got.shape, got.dtype) == (np.shape(want), np.asarray(want).dtype)
        np.testing.assert_allclose(got.data, want, rtol=rtol, atol=atol)


def is_float(x):
    return isinstance(x, (np.ndarray, float, complex)) and np.asarray(x).dtype.kind in "fc"


def agrees(function, *arrays, order=2, rtol=1e-12, atol=1e-14, compiles=True, **options):
    """Check a function of arrays, which calls NumPy, on Tensors: values, and derivatives of each result in both modes.

    The arrays of floats and complex numbers are differentiated; all others are constants. Then the same is done
    compiled, if it `compiles`.
    """
    expected = function(*(x.copy() if isinstance(x, np.ndarray) else x for x in arrays), **options)
    same(function(*(tg.Tensor(x) if is_float(x) else x for x in arrays), **options), expected, rtol, atol)
    leaves = [tg.Tensor(x, requires_grad=True) if is_float(x) else x for x in arrays]
    with tg.enable_grad():
        recorded = parts(function(*leaves, **options))
    same(recorded, expected, rtol, atol)
    for i, part in enumerate(recorded):
        assert isinstance(part, tg.Tensor)
        if part.dtype.kind in "fc" and part.size:
            assert tg.gradcheck(lambda *xs, i=i: parts(function(*xs, **options))[i], *arrays, order=order)
    if compiles:
        also_compiled(function, arrays, options)


def is_constant(function, *arrays):
    """Check that a function gives NumPy's values, and that its derivative is zero."""
    leaves = [tg.Tensor(x, requires_grad=True) if is_float(x) else x for x in arrays]
    result = function(*leaves)
    same(result, function(*arrays))
    for part in parts(result):
        if part.requires_grad:
            part.backward(np.ones(part.shape))
    assert not any(x.grad.numpy().any() for x in leaves if isinstance(x, tg.Tensor) and x.grad is not None)
