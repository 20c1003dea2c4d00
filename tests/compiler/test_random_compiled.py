"""Random numbers in a compiled function are those of the function; checks of values are made in each call."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.beside import BACKENDS, Pair
from tinygrad_like import losses, nn
from tinygrad_like.engine.errors import ArgumentError, TraceError
from tinygrad_like.random import Generator, draws

each_backend = pytest.mark.parametrize("backend", BACKENDS)
METHODS = {
    "random": ((2, 3), np.float32),
    "normal": (1.0, 2.0, (2, 3)),
    "uniform": (-1.0, 1.0, 4),
    "integers": (0, 9, 5),
    "permutation": (6,),
    "choice": (7, 3, False),
    "gumbel": (0.0, 1.0, 3),
    "standard_normal": (3,),
    "exponential": (2.0, 3),
}


def of_generator(generator):
    return generator.state_dict()


@each_backend
@together(("name", "arguments"), {name: (name, arguments) for name, arguments in METHODS.items()})
def test_draws(name, arguments, backend):
    """Two in each call, the second of which is not used: it is counted all the same."""

    def make_step(generator):
        def step(x):
            numbers = getattr(draws(generator), name)(*arguments)
            draws(generator).random(2)
            return numbers + x, draws().random(2)

        return step

    pair = Pair(Generator(3), make_step, backend, state=of_generator)
    first, second = pair(np.ones(())), pair(np.ones(()), mixed=True)
    third = pair(np.ones(()))
    assert not any((first[0] == other[0]).all() for other in (second, third))
    assert repr(pair.both[1]) == "Generator(draws=6)"
    assert pair.traced == 1


@each_backend
def test_a_permutation_of_what_is_given(backend):
    pair = Pair(Generator(3), lambda generator: lambda x: draws(generator).permutation(x), backend, state=of_generator)
    for t in range(3):
        pair(np.arange(6) + t)


@each_backend
def test_a_seed_inside(backend):
    def make_step(dropout):
        def step(x):
            tg.seed(5)
            return dropout(x)

        return step

    pair = Pair(nn.Dropout(0.5), make_step, backend)
    assert (pair(np.ones(20)) == pair(np.ones(20))).all()


def twice(generator):
    numbers = draws(generator)
    return numbers.random(2) + numbers.random(2)


REFUSED = {
    "two draws": (twice, "second draw"),
    "shuffle": (lambda generator: draws(generator).shuffle(np.arange(3)), "shuffle"),
    "numpy": (lambda generator: generator.numpy().random(2), "draws"),
    "no shape": (lambda generator: draws(generator).normal(), "normal"),
    "others": (lambda generator: np.random.default_rng().random(2), "differs from call to call"),
}


@together(("function", "message"), REFUSED)
def test_what_cannot_be_repeated_is_refused(function, message):
    generator = Generator(1)
    step = tg.compile(lambda x: x + function(generator), backend="numpy")
    with pytest.raises(TraceError, match=message):
        step(np.ones(2))
    assert repr(generator) == "Generator(draws=0)"


@each_backend
@pytest.mark.parametrize("later", [[0, -100, 1, -100], [-100] * 4, [2, 1, 1, 0]])
def test_classes_that_are_ignored_may_come_later(later, backend):
    def make_step(layer):
        def step(x, classes):
            layer.zero_grad()
            loss = tg.cross_entropy(layer(x), classes)
            loss.backward()
            return loss.detach()

        return step

    pair = Pair(tg.Linear(2, 3, seed=0), make_step, backend, 1e-12)
    x = np.arange(8.0).reshape(4, 2)
    pair(x, np.array([0, 1, 2, 1]))
    pair(x, np.array(later))
    assert pair.traced == 1
    with pytest.raises((ArgumentError, ValueError), match="takes classes 0 to 2"):
        pair.step(x, np.array([0, 1, 3, 1]))


CHECKED = {
    "signs": (lambda x: losses.soft_margin(np.ones(2), x), np.ones(2), np.zeros(2), "targets 1 and -1"),
    "probabilities": (
        lambda x: losses.binary_cross_entropy(x, np.ones(2)),
        np.full(2, 0.5),
        np.full(2, 1.5),
        "from 0 to 1",
    ),
}


@each_backend
@together(("function", "right", "wrong", "message"), CHECKED)
def test_targets_are_checked_in_each_call(function, right, wrong, message, backend):
    step = tg.compile(function, backend=backend)
    assert step(right).item() == pytest.approx(function(right).item(), abs=1e-12)
    with pytest.raises(ArgumentError, match=message):
        function(wrong)
    with pytest.raises((ArgumentError, ValueError), match=message):
        step(wrong)
