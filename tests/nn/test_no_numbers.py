"""Layers and losses that are given what is no number say so in an error of ours."""

import numpy as np
import pytest

from tests.cases import together
from tinygrad_like import ArgumentError, TinygradError, losses, nn

# Flatten and the margins of constants only move values, of any kind.
LAYERS = {
    "GELU": nn.GELU(),
    "SiLU": nn.SiLU(),
    "Softmax": nn.Softmax(-1),
    "PReLU": nn.PReLU(),
    "Threshold": nn.Threshold(0.0, 0.0),
    "Hardtanh": nn.Hardtanh(),
    "Dropout": nn.Dropout(0.5),
    "AlphaDropout": nn.AlphaDropout(0.5),
    "AvgPool1d": nn.AvgPool1d(2),
    "AdaptiveAvgPool1d": nn.AdaptiveAvgPool1d(2),
    "LPPool1d": nn.LPPool1d(2, 2),
    "RMSNorm": nn.RMSNorm(2),
    "BatchNorm1d": nn.BatchNorm1d(2),
    "InstanceNorm1d": nn.InstanceNorm1d(2),
    "GroupNorm": nn.GroupNorm(1, 2),
    "ZeroPad1d": nn.ZeroPad1d(1),
    "l1": lambda x: losses.l1(x, x),
    "huber": lambda x: losses.huber(x, x),
    "kl_div": lambda x: losses.kl_div(x, x),
    "binary_cross_entropy": lambda x: losses.binary_cross_entropy(x, x),
}
TEXT = np.array([["a", "b"], ["c", "d"]])
WRONG = {"nothing": None, "text": "abc", "a dict": {"x": 1}, "unequal lists": [[1.0, 2.0], [3.0]], "a class": nn.ReLU}


@together("name", list(LAYERS))
def test_what_is_no_number_is_an_error(name):
    for what, x in {**WRONG, "an array of text": TEXT}.items():
        if (name, what) != ("ZeroPad1d", "an array of text"):
            with pytest.raises(TinygradError):
                LAYERS[name](x)


def test_settings_that_are_no_numbers():
    for p in ("0.5", None, [0.5]):
        with pytest.raises(ArgumentError, match="needs a probability p from 0 to 1, but got"):
            nn.Dropout(p)
    with pytest.raises(ArgumentError, match=r"LayerNorm needs sizes of at least 1, but got 3\.0"):
        nn.LayerNorm(3.0)
