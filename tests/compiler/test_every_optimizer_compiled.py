"""Every optimizer, schedule, clipping and averaging in a compiled step leaves the state that an eager one does."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.beside import BACKENDS, EVERY, Pair, state_of
from tests.optim.running import CASES, LAST, gradient, ours
from tests.optim.test_every_optimizer import CASES as KINDS
from tests.optim.test_every_optimizer import TARGET, X
from tests.optim.test_every_schedule import MAKERS
from tinygrad_like import optim

each_backend = pytest.mark.parametrize("backend", BACKENDS)
each_case = together("case", {str(case): case for case in (CASES if EVERY else LAST)})
TRACED = {name: each for name, each in KINDS.items() if each[0] is not optim.LBFGS}
each_optimizer = together(("kind", "settings"), TRACED)
BY_FUNCTIONS = {"LambdaLR", "MultiplicativeLR"}  # of Python's numbers: they stay outside
each_schedule = together("make", {name: make for name, make in MAKERS.items() if name not in BY_FUNCTIONS})


def of_optimizer(things):
    """The state of (optimizer, parameters)."""
    optimizer, parameters = things
    return [optimizer.state_dict(), list(parameters), [p.grad for p in parameters]]


@each_backend
@each_case
def test_steps_with_given_gradients(case, backend):
    """The second parameter has none in some steps. From the third step on, parts are stepped unequally often."""

    def make_step(things):
        optimizer, parameters = things

        def step(*gradients):
            for p, g in zip(parameters, gradients):
                p.grad = g
            optimizer.step()

        return step

    pair = Pair(ours(case), make_step, backend, state=of_optimizer)
    for t in (0, 1, 2, 3, 5):
        gradients = [gradient(p.numpy(), i, t) for i, p in enumerate(pair.both[0][1])]
        pair(*gradients, mixed=t == 3)
    assert pair.traced == 2


def model_and(kind, dtype=np.float64, **settings):
    """A model, and its optimizer."""
    bias = kind is not optim.Muon
    model = tg.Sequential(tg.Linear(3, 4, bias, dtype, seed=0), tg.Tanh(), tg.Linear(4, 2, bias, dtype, seed=1))
    return model, kind(model.parameters(), lr=0.01, **settings)


def of_model(things):
    model, *optimizers = things
    return state_of(model, optimizers)


def descent(things):
    model, optimizer = things

    def step(x, target):
        optimizer.zero_grad()
        loss = tg.mse(model(x), target)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


@each_backend
@each_optimizer
def test_descents(kind, settings, backend):
    pair = Pair(model_and(kind, **settings), descent, backend, state=of_model)
    for t in range(4):
        if t == 2:
            pair.each(lambda things: setattr(things[1], "lr", 0.02))
        pair(X + 0.1 * t, TARGET, mixed=t == 1)
    assert pair.traced == 1


@each_backend
@each_optimizer
def test_float32(kind, settings, backend):
    if settings:
        return
    pair = Pair(model_and(kind, np.float32, **settings), descent, backend, 1e-5, of_model)
    for _ in range(2):
        pair(X.astype(np.float32), TARGET.astype(np.float32))


# -- schedules, clipping, averaging --------------------------------------------------------------------


def rates(schedule, loss):
    """The schedule's step, of the loss if it needs one."""
    schedule.step(*[loss] * isinstance(schedule, optim.ReduceLROnPlateau))


def scheduled(make, inside):
    """A step with a schedule, inside the compiled function or behind it."""

    def make_step(things):
        (model, optimizer), schedule = things[:2], things[2]
        step = descent((model, optimizer))

        def whole(x, target):
            loss = step(x, target)
            if inside:
                rates(schedule, loss)
            return loss

        return whole

    return make_step


def with_schedule(make):
    model, optimizer = model_and(optim.SGD, momentum=0.9)
    return model, optimizer, make(optimizer)


@each_backend
@each_schedule
def test_schedules_inside(make, backend):
    pair = Pair(with_schedule(make), scheduled(make, True), backend, 1e-15, of_model)
    for _ in range(4):
        pair(X, TARGET)
    assert pair.traced == 1


@each_backend
def test_a_schedule_outside(backend):
    pair = Pair(with_schedule(lambda o: optim.OneCycleLR(o, 0.1, 20)), scheduled(None, False), backend, 0, of_model)
    for _ in range(4):
        pair(X, TARGET)
        pair.each(lambda things: things[2].step())
    assert pair.traced == 1


@each_backend
@together(
    "clip",
    {"norm": (optim.clip_grad_norm, 0.1), "value": (optim.clip_grad_value, 0.02), "far": (optim.clip_grad_norm, 9)},
)
def test_clipping_inside(clip, backend):
    function, limit = clip

    def make_step(things):
        model, optimizer = things

        def step(x, target):
            optimizer.zero_grad()
            tg.mse(model(x), target).backward()
            total = function(model, limit)
            optimizer.step()
            return total

        return step

    pair = Pair(model_and(optim.Adam), make_step, backend, 1e-15, of_model)
    for t in range(3):
        pair(X * (t + 1), TARGET)
    pair.each(lambda things: things[0].zero_grad())
    assert pair.traced == 1


@each_backend
@together("average", {"SWA": None, "EMA": optim.get_ema_avg_fn(0.5)})
def test_averaging_inside(average, backend):
    model = tg.Sequential(tg.Linear(3, 2, seed=0), tg.nn.BatchNorm1d(2))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    things = model, optimizer, optim.AveragedModel(model, average, use_buffers=True)

    def make_step(things):
        model, optimizer, averaged = things
        step = descent((model, optimizer))

        def whole(x, target):
            step(x, target)
            averaged.update_parameters(model)
            return averaged(x).detach()

        return whole

    pair = Pair(things, make_step, backend, 1e-15, lambda things: [of_model(things[:2]), state_of(things[2])])
    for t in range(3):
        pair(X + t, TARGET, mixed=t == 1)
    assert pair.traced == 1
