"""What changes between two calls of a compiled step counts in the next one, and needs no trace if it need not."""

import types

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.beside import BACKENDS, Pair, state_of
from tests.compiler.test_every_optimizer_compiled import TARGET, X, descent, of_model
from tinygrad_like import nn, optim

each_backend = pytest.mark.parametrize("backend", BACKENDS)


class Model(tg.Layer):
    """A model that keeps things in a list, in a dict, and in an object of its own."""

    sign = 1

    def __init__(self):
        self.first, self.drop = tg.Linear(3, 4, seed=0), nn.Dropout(0.25)
        self.norm, self.last = nn.BatchNorm1d(4), tg.Linear(4, 2, seed=1)
        self.more, self.named, self.scales = [nn.LeakyReLU(0.1)], {"end": nn.Tanh()}, [1.0, 2.0]
        self.config = types.SimpleNamespace(shift=0.5)
        self.power = 1
        self.sign = -1

    def forward(self, x):
        x = self.norm(self.drop(self.first(x)))
        for layer in self.more:
            x = layer(x)
        for scale in self.scales:
            x = x * scale
        return self.sign * self.named["end"](self.last(x) + self.config.shift) ** self.power


def made(kind=optim.SGD, **settings):
    model = Model()
    return model, kind(model.parameters(), **{"lr": 0.01, **settings})


def set_grad(value):
    def change(things):
        things[0].first.weight.requires_grad = value

    return change


def new_parameter(things):
    things[0].first.bias = nn.Parameter(np.arange(4.0))


def new_layer(things):
    things[0].last = tg.Linear(4, 2, seed=5)


def more_parameters(things):
    model, optimizer = things
    model.more.append(tg.Linear(4, 4, seed=3))
    optimizer.add_param_group({"params": model.more[-1].parameters(), "lr": 0.5})


def load(things):
    model = Model()
    model.first.weight.data += 1
    things[0].load_state_dict(model.state_dict())


def load_optimizer(things):
    things[1].load_state_dict(things[1].state_dict())


def assign(path, value):
    """A change that sets an attribute of the model."""

    def change(things):
        *way, name = path.split(".")
        owner = things[0]
        for step in way:
            owner = getattr(owner, step)
        setattr(owner, name, value)

    return change


def setting(name, value):
    return lambda things: things[1].param_groups[0].__setitem__(name, value)


def write(things):
    things[0].first.weight.data = 0.5
    things[0].norm.running_mean.data = 3.0


# What is changed, and how many more programs there are afterwards.
CHANGES = {
    "a parameter's values": (write, 0),
    "loaded state": (load, 0),
    "the learning rate": (lambda things: setattr(things[1], "lr", 0.1), 0),
    "a setting that stays on": (setting("momentum", 0.3), 0),
    "the probability of a dropout": (assign("drop.p", 0.5), 1),
    "the generator of a dropout": (lambda things: setattr(things[0].drop, "generator", tg.random.Generator(3)), 1),
    "the momentum of a norm": (assign("norm.momentum", 0.5), 1),
    "evaluation": (lambda things: things[0].eval(), 1),
    "a number of the model": (assign("power", 2), 1),
    "an object in the model": (assign("config.shift", 0.25), 1),
    "a number in a list": (lambda things: things[0].scales.append(0.5), 1),
    "another number in a list": (lambda things: things[0].scales.__setitem__(0, 0.5), 1),
    "a layer in a list": (lambda things: things[0].more.append(nn.Sigmoid()), 1),
    "another layer in a list": (lambda things: things[0].more.__setitem__(0, nn.Sigmoid()), 1),
    "another layer in a dict": (lambda things: things[0].named.update(end=nn.Sigmoid()), 1),
    "another layer": (new_layer, 1),
    "another parameter": (new_parameter, 1),
    "a parameter that is frozen": (set_grad(False), 1),
    "a parameter group": (more_parameters, 1),
    "weight decay": (setting("weight_decay", 0.1), 1),
    "maximize": (setting("maximize", True), 1),
    "nesterov": (setting("nesterov", True), 1),
    "the optimizer's state": (load_optimizer, 1),
    "weight norm": (lambda things: nn.weight_norm(things[0].last), 1),
    "an attribute that goes": (lambda things: delattr(things[0], "sign"), 1),
}


@each_backend
@pytest.mark.filterwarnings("ignore:.*compiled for the")
def test_changes(backend):
    """One after the other."""
    pair = Pair(made(momentum=0.9), descent, backend, 1e-12, state=of_model)
    pair(X, TARGET)
    for name, (change, programs) in CHANGES.items():
        before = pair.traced
        pair.each(lambda things, change=change: tg.seed(7) or change(things))
        pair(X, TARGET)
        assert pair.traced == before + programs, name
        pair.check(name)


@each_backend
def test_going_back_needs_no_new_program(backend):
    pair = Pair(made(momentum=0.9), descent, backend, state=of_model)
    for training in (True, False, True, False, True):
        pair.each(lambda things, training=training: things[0].train(training))
        pair(X, TARGET)
    assert pair.traced == 2


@each_backend
def test_another_dtype(backend):
    def make_step(model):
        def step(x):
            model.zero_grad()
            model(x).sum().backward()

        return step

    pair = Pair(Model(), make_step, backend)
    pair(X)
    pair.each(lambda model: model.to(np.float32))
    pair(X.astype(np.float32))
    pair(X.astype(np.float32))
    assert pair.traced == 2


@each_backend
@together("kind", [optim.Adam, optim.RMSprop, optim.Adagrad])
def test_numbers_of_the_settings_need_no_new_program(kind, backend):
    pair = Pair(made(kind), descent, backend, state=of_model)
    pair(X, TARGET)
    for name, value in {"betas": (0.5, 0.8), "eps": 1e-3, "alpha": 0.5, "lr": 0.3}.items():
        if name in pair.both[0][1].settings:
            pair.each(setting(name, value))
            pair(X, TARGET)
    assert pair.traced == 1


@each_backend
def test_a_setting_of_a_schedule(backend):
    def make_step(things):
        optimizer, schedule = things[1:]

        def step(x):
            schedule.step()
            return x * optimizer.param_groups[0].memory["lr"]

        return step

    model, optimizer = made()
    pair = Pair((model, optimizer, optim.ExponentialLR(optimizer, 0.5)), make_step, backend, state=of_model)
    pair(np.ones(2))
    pair.each(lambda things: setattr(things[2], "gamma", 0.25))
    pair(np.ones(2))
    assert pair.traced == 2


@each_backend
def test_an_optimizer_made_later_moves_parameters(backend):
    pair = Pair((Model(),), accumulating, backend, state=of_model)
    pair(X, TARGET)
    optimizers = [optim.SGD(things[0].parameters(), lr=0.1) for things in pair.both]
    for _ in range(2):
        pair(X, TARGET)
        for each in optimizers:
            each.step()
        pair.check()


class Trainer:
    """A model, its optimizer and a step, in one object."""

    def __init__(self):
        self.model, self.optimizer = made()

    def replace(self):
        self.model = tg.Linear(3, 2, seed=9)

    def step(self, x, target):
        self.optimizer.zero_grad()
        loss = tg.mse(self.model(x), target)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


@each_backend
def test_a_method_of_an_object(backend):
    def of_trainer(trainer):
        return state_of(trainer.model, [trainer.optimizer])

    pair = Pair(Trainer(), lambda trainer: trainer.step, backend, state=of_trainer)
    pair(X, TARGET)
    pair(X, TARGET)
    pair.each(lambda trainer: trainer.replace())
    pair(X, TARGET)
    pair(X, TARGET)


# -- gradients ------------------------------------------------------------------------------------------


def accumulating(things):
    """The gradient of a batch, added to what is there."""

    def step(x, target):
        loss = tg.mse(things[0](x), target)
        loss.backward()
        return loss.detach()

    return step


@each_backend
@pytest.mark.parametrize("flat", [True, False])
def test_gradients_are_added_up_over_calls(flat, backend):
    things = made() if flat else (Model(),)
    pair = Pair(things, accumulating, backend, state=of_model)
    kept = []
    for t in range(8):
        if t == 3:
            pair.each(lambda things: things[0].zero_grad())
        if t == 5:  # a gradient that was read belongs to who read it
            kept = [[p.grad for p in things[0].parameters()] for things in pair.both]
            before = [[g.numpy().copy() for g in grads] for grads in kept]
        if t == 7:
            pair.each(lambda things: setattr(things[0].last.bias, "grad", np.ones(2)))
        pair(X + t, TARGET, mixed=t == 6)
        pair.each(lambda things: [p._grad for p in things[0].parameters()])
        if flat and t in (2, 6):
            pair.each(lambda things: things[1].step())
    for grads, old in zip(kept, before):
        for g, values in zip(grads, old):
            np.testing.assert_array_equal(g.numpy(), values)
    assert pair.traced == 2


@each_backend
@together("to_none", [True, False])
@together("when", ["before", "between", "after", "outside"])
def test_gradients_are_cleared_anywhere(when, to_none, backend):
    def make_step(things):
        optimizer, gradients = things[1], accumulating(things)

        def step(x, target):
            if when == "before":
                optimizer.zero_grad(to_none)
            loss = gradients(x, target)
            if when == "between":
                optimizer.zero_grad(to_none)
                loss = gradients(x + 1, target)
            optimizer.step()
            if when == "after":
                optimizer.zero_grad(to_none)
            return loss

        return step

    pair = Pair(made(momentum=0.9), make_step, backend, state=of_model)
    for t in range(4):
        pair(X + t, TARGET)
        if when == "outside":
            pair.each(lambda things: things[1].zero_grad(to_none))
    assert pair.traced <= 2


@each_backend
def test_two_optimizers(backend):
    """One steps in each call, the other in some: as an argument of Python's says."""

    def make_step(things):
        model, first, second = things

        def step(x, target, both):
            model.zero_grad()
            tg.mse(model(x), target).backward()
            first.step()
            if both:
                second.step()

        return step

    model = Model()
    first = optim.Adam(model.first.parameters(), lr=0.1)
    second = optim.SGD([*model.norm.parameters(), *model.last.parameters()], lr=0.1, momentum=0.5)
    pair = Pair((model, first, second), make_step, backend, state=of_model)
    for t in range(5):
        pair(X + t, TARGET, t % 2 == 1)
    assert pair.traced <= 3


# -- what a step may do besides -------------------------------------------------------------------------


def penalised(things):
    """A gradient penalty: a sweep that is recorded."""
    model, optimizer = things

    def step(x, target):
        optimizer.zero_grad()
        x = tg.Tensor(x, requires_grad=True)
        loss = tg.mse(model(x), target)
        loss.backward(create_graph=True)
        penalty = (x.grad**2).sum()
        optimizer.zero_grad()
        (loss + penalty).backward()
        optimizer.step()
        return penalty.detach()

    return step


def twice(things):
    """Two sweeps through one graph, and what is not recorded."""
    model, optimizer = things

    def step(x, target):
        optimizer.zero_grad()
        loss = tg.mse(model(x), target)
        loss.backward(retain_graph=True)
        loss.backward()
        with tg.no_grad():
            model.first.weight -= 0.1 * model.first.weight.grad
            size = (model.first.weight**2).sum()
        return size

    return step


def by_functional_call(things):
    """A step without .grad: the gradient of a function of the parameters."""
    model, _ = things

    def step(x, target):
        parameters = dict(model.named_parameters())

        def loss(values):
            return tg.mse(tg.functional_call(model, values, x), target)

        gradients = tg.grad(loss)({name: p.detach() for name, p in parameters.items()})
        for name, p in parameters.items():
            tg.assign(p, gradients[name] * 0.1, using=np.subtract)

    return step


@each_backend
@together("make_step", {"create_graph": penalised, "retain_graph": twice, "functional_call": by_functional_call})
def test_other_steps(make_step, backend):
    things = made(momentum=0.9)
    things[0].drop.p = 0.0
    pair = Pair(things, make_step, backend, 1e-12, of_model)
    for t in range(3):
        pair(X + t, TARGET)
    pair.each(lambda things: things[0].eval())
    pair(X, TARGET)
    assert pair.traced == 2


# -- what cannot be compiled ----------------------------------------------------------------------------


def test_lbfgs_stays_outside():
    model, optimizer = made(optim.LBFGS)

    def step(x):
        return optimizer.step(lambda: tg.mse(model(x), TARGET))

    with pytest.raises(tg.engine.errors.TraceError, match="LBFGS"):
        tg.compile(step)(X)


@each_backend
def test_the_closure_of_lbfgs_is_compiled(backend):
    """In it the optimizer clears the gradients."""

    def make_step(things):
        model, optimizer = things

        def closure(x):
            optimizer.zero_grad()
            loss = tg.mse(model(x), TARGET)
            loss.backward()
            return loss.detach()

        return closure

    things = made(optim.LBFGS, max_iter=3)
    things[0].eval()
    pair = Pair(things, make_step, backend, 1e-12, lambda things: of_model(things[:1]))
    for _ in range(2):
        pair(X)
        for step, things in zip((pair.eager, pair.step), pair.both):
            things[1].step(lambda step=step: step(X))
        pair.check()
    assert pair.traced == 1


def test_schedules_of_functions_stay_outside():
    model, optimizer = made()
    schedule = optim.LambdaLR(optimizer, lambda t: 0.9**t)

    def step(x):
        schedule.step()
        return model(x)

    with pytest.raises(tg.engine.errors.TraceError, match="LambdaLR"):
        tg.compile(step)(X)
