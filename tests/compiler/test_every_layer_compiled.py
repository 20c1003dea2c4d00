"""Every layer and loss in a compiled step gives and changes what it does in an eager one."""

import copy
import functools
import zlib

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.beside import BACKENDS, EVERY, Pair
from tests.losses.table import CASES
from tests.nn.zoo import ZOO
from tests.stored import cotangent, leaves
from tinygrad_like.engine.tensor import values_of

FLAT = {name: entry for name, entry in ZOO.items() if not name.endswith(("1d", "3d"))}  # of 1 to 3 axes: 2 or others
STACKS = ("Transformer", "TransformerEncoder", "TransformerDecoder")  # of layers that are tried by themselves
SOME = {name: entry for name, entry in FLAT.items() if "," not in name}
AS_C = [name for name in SOME if not name.endswith("Loss") and name not in STACKS]  # test_everything_as_c.py runs these
HALF = {name for name in AS_C if zlib.crc32(name.encode()) % 2}
each_layer = together("entry", ZOO if EVERY else {name: entry for name, entry in FLAT.items() if name not in HALF})
some_layers = together("entry", ZOO if EVERY else {name: SOME[name] for name in list(SOME)[::6]})
each_loss = together("case", {case.key: case for case in (CASES if EVERY else CASES[::3])})
each_backend = pytest.mark.parametrize("backend", BACKENDS)
# Eager, they leave out a mask or a product where the values allow it, which rounds in another way.
BY_SHORTCUTS = ("CrossEntropy", "Multihead", "Transformer", "Upsample")


def sweep(results):
    """The results, after a sweep from those that have a graph."""
    starts = [each for each in results if isinstance(each, tg.Tensor) and each.requires_grad]
    if starts:
        sum((each * cotangent(each.shape, each.dtype)).sum() for each in starts).backward()
    return [each.detach() if isinstance(each, tg.Tensor) else each for each in results]


def step_of(entry, layer):
    """Forward and backward, to the inputs too."""

    def step(*inputs):
        inputs = [tg.Tensor(x, requires_grad=True) if i in entry.free else x for i, x in enumerate(inputs)]
        results = sweep(leaves(layer(*inputs, **entry.options)))
        return results, [inputs[i].grad for i in entry.free]

    return step


def changes_in_evaluation(layer, entry):
    inputs, layer, results = entry.arrays(), copy.deepcopy(layer), []
    for training in (True, False):
        tg.seed(0)
        results += [leaves(layer.train(training)(*inputs, **entry.options))]
    return any((values_of(one) != values_of(other)).any() for one, other in zip(*results))


def pair_of(entry, backend):
    tg.seed(1)
    layer = entry.layer()
    exact = backend != "c" and not entry.name.startswith(BY_SHORTCUTS)
    return Pair(layer, functools.partial(step_of, entry), backend, 0 if exact else 1e-12)


@each_backend
@each_layer
@np.errstate(all="ignore")
def test_layers(entry, backend):
    pair = pair_of(entry, backend)
    pair(*entry.arrays())
    pair.each(lambda layer: layer.zero_grad())
    pair(*entry.arrays(1))
    pair(*entry.arrays(2), mixed=True)
    pair.each(lambda layer: layer.zero_grad())
    assert pair.traced == 1
    if changes_in_evaluation(pair.both[0], entry):
        for training, programs in ((False, 2), (True, 2), (False, 2)):
            pair.each(lambda layer, training=training: layer.train(training).zero_grad())
            pair(*entry.arrays(3))
            assert pair.traced == programs


@each_backend
@some_layers
@np.errstate(all="ignore")
def test_float32(entry, backend):
    tg.seed(1)
    pair = Pair(entry.layer().to(np.float32), functools.partial(step_of, entry), backend, 1e-5)
    narrow = [x.astype(np.float32) if i in entry.free else x for i, x in enumerate(entry.arrays())]
    pair(*narrow)


@each_backend
@each_loss
@np.errstate(all="ignore")
def test_losses(case, backend):
    def make_step(_):
        def step(*arrays):
            arrays = [tg.Tensor(x, requires_grad=True) if i in case.free else x for i, x in enumerate(arrays)]
            return sweep([case(*arrays)]), [arrays[i].grad for i in case.free]

        return step

    pair = Pair(
        tg.nn.Identity(), make_step, backend, 0 if backend != "c" and "cross_entropy" not in case.key else 1e-12
    )
    pair(*case.arrays)
    pair(*[np.asarray(x * x.dtype.type(0.9)) if i in case.free else x for i, x in enumerate(case.arrays)])
    assert pair.traced == 1
