"""Every layer, loss and optimizer as C beside eager: many in one program, since compiling takes most of the time."""

import itertools

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler import test_every_layer_compiled as layers
from tests.compiler import test_every_optimizer_compiled as optimizers
from tests.compiler.beside import Pair, state_of
from tests.losses.table import CASES
from tinygrad_like import optim
from tinygrad_like.compiler.to_c import c_backend, native

pytestmark = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")
SIZE = 24  # layers in a program
ENTRIES = [layers.SOME[name] for name in layers.AS_C]
CHANGING = [each for each in ENTRIES if any(word in each.name for word in ("Batch", "Drop", "RReLU", "Instance"))]


@pytest.fixture(autouse=True)
def quickly_compiled(monkeypatch):
    """Compilers take a fifth of the time when they do not optimize."""
    monkeypatch.setattr(c_backend, "FLAGS", (*c_backend.FLAGS, "-O0"))


def parts(entries, arrays):
    """The arrays of each entry."""
    arrays = iter(arrays)
    return [list(itertools.islice(arrays, len(entry.inputs))) for entry in entries]


def all_arrays(entries, seed, dtype=np.float64):
    return [x.astype(dtype) if i in entry.free else x for entry in entries for i, x in enumerate(entry.arrays(seed))]


def pair_of(entries, tolerance=1e-12, dtype=np.float64):
    """A step of all these layers, forward and backward."""
    tg.seed(1)

    def make_step(things):
        steps = [layers.step_of(entry, layer) for entry, layer in zip(entries, things)]
        return lambda *arrays: [step(*own) for step, own in zip(steps, parts(entries, arrays))]

    return Pair(tg.nn.ModuleList([each.layer().to(dtype) for each in entries]), make_step, "c", tolerance)


def strange(entries, arrays, number):
    """The arrays with a number in every third place of those that are differentiated."""
    found = []
    for entry, own in zip(entries, parts(entries, arrays)):
        for i, x in enumerate(own):
            if i in entry.free:
                x.reshape(-1)[::3] = number
            found.append(x)
    return found


@pytest.mark.parametrize("start", range(0, len(ENTRIES), SIZE))
@np.errstate(all="ignore")
def test_layers(start):
    entries = ENTRIES[start : start + SIZE]
    pair = pair_of(entries)
    pair(*all_arrays(entries, 0))
    pair.each(lambda things: things.zero_grad())
    pair(*all_arrays(entries, 1))
    pair(*all_arrays(entries, 2), mixed=True)
    for number in (np.inf, np.nan):
        pair.each(lambda things: things.zero_grad())
        pair(*strange(entries, all_arrays(entries, 3), number))
    assert pair.traced == 1


@np.errstate(all="ignore")
def test_evaluation_and_strange_numbers():
    pair = pair_of(CHANGING)
    pair.each(lambda things: things.eval())
    pair(*all_arrays(CHANGING, 0))
    for number in (np.nan, np.inf, -np.inf, 1e300):
        pair.each(lambda things: things.zero_grad())
        pair(*strange(CHANGING, all_arrays(CHANGING, 1), number))
    assert pair.traced == 1


@np.errstate(all="ignore")
def test_losses():
    """One case of each, with other options than the layers have."""
    cases = list({case.name: case for case in CASES}.values())

    def with_inputs(case, arrays):
        return [tg.Tensor(next(arrays), requires_grad=True) if i in case.free else x for i, x in enumerate(case.arrays)]

    def step(*arrays):
        arrays, results = iter(arrays), []
        for case in cases:
            inputs = with_inputs(case, arrays)
            results += layers.sweep([case(*inputs)])
            results += [inputs[i].grad for i in case.free]
        return results

    pair = Pair(tg.nn.Identity(), lambda _: step, "c")
    arrays = [case.arrays[i] for case in cases for i in case.free]
    pair(*arrays)
    pair(*[np.asarray(x * 0.9) for x in arrays])
    assert pair.traced == 1


def states(all_things):
    return [state_of(model, [each for each in rest if hasattr(each, "state_dict")]) for model, *rest in all_things]


def each_of(makers, all_things):
    """A step that makes the step of each of some things."""
    steps = [make(things) for make, things in zip(makers, all_things)]
    return lambda x, target: [step(x, target) for step in steps]


def test_optimizers():
    things = [optimizers.model_and(kind, **settings) for kind, settings in optimizers.TRACED.values() if settings]
    pair = Pair(things, lambda all_things: each_of([optimizers.descent] * len(things), all_things), "c", state=states)
    for t in range(4):
        if t == 2:
            pair.each(lambda all_things: [setattr(each, "lr", 0.02) for _, each in all_things])
        pair(optimizers.X + 0.1 * t, optimizers.TARGET, mixed=t == 1)
    assert pair.traced == 1


def test_schedules_and_clipping():
    makers = {name: make for name, make in optimizers.MAKERS.items() if name not in optimizers.BY_FUNCTIONS}
    things = [(*with_parameter(), make) for make in makers.values()]
    things = [(model, optimizer, make(optimizer)) for model, optimizer, make in things]
    things += [optimizers.model_and(optim.Adam), optimizers.model_and(optim.SGD)]
    steps = [scheduled] * len(makers)
    steps += [clipped(optim.clip_grad_norm, 0.1), clipped(optim.clip_grad_value, 0.02)]
    pair = Pair(things, lambda all_things: each_of(steps, all_things), "c", state=states)
    for t in range(4):
        pair(optimizers.X * (t + 1), optimizers.TARGET)
    assert pair.traced == 1


def with_parameter():
    model = tg.Linear(3, 1, False, seed=0)
    return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def scheduled(things):
    model, optimizer, schedule = things

    def step(x, _):
        model.weight.grad = x[:1]
        optimizer.step()
        optimizers.rates(schedule, x[0, 0])

    return step


def clipped(function, limit):
    def make_step(things):
        model, optimizer = things

        def step(x, target):
            optimizer.zero_grad()
            tg.mse(model(x), target).backward()
            total = function(model, limit)
            optimizer.step()
            return total

        return step

    return make_step
