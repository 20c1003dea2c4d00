"""A small model, its data and its training, for tests of optimizers."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like import Linear, Sequential, Sigmoid

X = np.random.default_rng(0).normal(size=(8, 3))
TARGET = np.random.default_rng(1).normal(size=(8, 1))
SETTINGS = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "weight_decay": 0.1},
    {"momentum": 0.5, "nesterov": True},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
]
with_settings = pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: " ".join(s) or "plain")
both_ways = pytest.mark.parametrize("make", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])


def small_model(dtype=np.float64):
    return Sequential(Linear(3, 4, dtype=dtype, seed=1), Sigmoid(), Linear(4, 1, dtype=dtype, seed=2))


def values_of(model):
    return [p.data.copy() for p in model.parameters()]


def descend(model, optimizer, steps=1):
    for _ in range(steps):
        optimizer.zero_grad()
        tg.mse(model(X), TARGET).backward()
        optimizer.step()
