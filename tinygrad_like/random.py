"""Random numbers that repeat: a generator is a seed and a count of draws, the same in every run, thread and process.

It is counter-based: the numbers of a draw are a function of the seed and the number of the draw alone (Philox: Salmon
et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011; NumPy computes it).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from .engine.assigning import assign
from .engine.errors import ArgumentError, TraceError
from .engine.tensor import Tensor, values_of
from .engine.traces import trace
from .engine.writes import across_forks

_lock = across_forks(threading.RLock())
_local = threading.local()  # each thread's NumPy generator, placed anew for each draw


class Generator:
    """A source of random numbers. `state`, a Tensor, holds the key that the seed gives, and the count of draws.

    `seed` is a whole number, a list of them, or None for one that the system makes up. Whoever has the same state draws
    the same numbers: a copy, a pickle, a generator whose state was loaded.

    Raises ArgumentError for what is no seed.

    >>> one, two = Generator(7), Generator(7)
    >>> bool((one.numpy().random(3) == two.numpy().random(3)).all())
    True
    """

    def __init__(self, seed: Any = None) -> None:
        self.state = Tensor(np.array([*key_of(seed), 0], np.uint64))

    def _next(self) -> np.ndarray[Any, Any]:
        """The state of the next draw, which is counted."""
        with _lock:
            state = self.state.numpy().copy()
            assign(self.state, state[2:] + np.uint64(1), slice(2, 3))
        return state

    def numpy(self) -> np.random.Generator:
        """A NumPy generator for the next draw. What is drawn from it later does not change this one."""
        if trace() is not None:
            raise TraceError("generator.numpy() cannot be compiled.", "Write tg.random.draws(generator) for each draw.")
        state = self._next()
        return np.random.Generator(np.random.Philox(key=state[:2], counter=[0, state[2], 0, 0]))

    def state_dict(self) -> dict[str, Tensor]:
        """The state by name, so that it can be saved."""
        return {"state": self.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state. Raises ArgumentError for what is none."""
        value = values_of(state.get("state")) if isinstance(state, Mapping) else None
        if getattr(value, "dtype", None) != np.uint64 or np.shape(value) != (3,):
            raise ArgumentError(
                "This is no state of a generator.", "Write generator.load_state_dict(other.state_dict())."
            )
        assign(self.state, value)

    def __repr__(self) -> str:
        return f"Generator(draws={int(self.state.numpy()[2])})"


def key_of(seed: Any) -> np.ndarray[Any, Any]:
    """The two numbers of Philox's key."""
    try:
        return np.random.SeedSequence(seed).generate_state(2, np.uint64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"A seed is a whole number of at least 0, but got {seed!r}.", "Write seed(0).") from error


_default: Generator | None = None  # made when first needed: np.random alone costs 10 ms to import


def default() -> Generator:
    """The generator that is used where no other is given: initial values, dropout."""
    global _default
    with _lock:
        if _default is None:
            _default = Generator()
        return _default


def seed(number: Any) -> None:
    """Make the random numbers of initial values and layers repeatable from now on; None makes them random again.

    Raises ArgumentError for what is no seed; nothing changes then.

    >>> from tinygrad_like import Linear
    >>> seed(0); first = Linear(2, 3)
    >>> seed(0); second = Linear(2, 3)
    >>> bool((first.weight == second.weight).all())
    True
    """
    key = key_of(number)
    assign(default().state, np.array([*key, 0], np.uint64))


manual_seed = seed  # its name in PyTorch


def draws(generator: Generator | None = None) -> np.random.Generator:
    """A NumPy generator for the next draw of `generator`, or of the default one. Use it at once, for one draw.

    Each thread has one, which the next call places anew: that takes a tenth of the time of making one.
    """
    if generator is not None and not isinstance(generator, Generator):
        raise ArgumentError(
            f"generator must be a tg.random.Generator, but got a {type(generator).__name__}.",
            "Write generator=tg.random.Generator(0).",
        )
    state = (default() if generator is None else generator)._next()
    numbers: Any = numbers_at(state) if trace() is None else TracedDraws(state)
    return numbers


def numbers_at(state: Any) -> np.random.Generator:
    """This thread's NumPy generator, placed at a draw."""
    if not hasattr(_local, "numbers"):
        _local.numbers = np.random.Generator(np.random.Philox(key=0))
        _local.placed = _local.numbers.bit_generator.state
    place = _local.placed
    place["state"]["key"], place["state"]["counter"] = state[:2], np.array([0, state[2], 0, 0], np.uint64)
    _local.numbers.bit_generator.state = place
    numbers: np.random.Generator = _local.numbers
    return numbers


class Draw:
    """A method of NumPy's generator as a function of the draw's place: `Draw("normal")(state, 0.0, 1.0, shape)`."""

    def __init__(self, name: str) -> None:
        self.name = self.__name__ = name

    def __call__(self, state: Any, *args: Any, **options: Any) -> Any:
        return getattr(numbers_at(state), self.name)(*args, **options)

    def __repr__(self) -> str:
        return f"Draw({self.name!r})"


drawn_by = cache(Draw)  # one for each method, so that two programs can be compared


class TracedDraws:
    """What stands for NumPy's generator in a step that is being compiled: the step draws anew each time it is run."""

    def __init__(self, state: Any) -> None:
        self.state, self.emit = state, trace().emit

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in ("shuffle", "bytes", "spawn") or not callable(getattr(np.random.Generator, name, None)):
            raise TraceError(f"{name} of a generator cannot be compiled.", "Write draws().permutation(x), or uniform.")
        return lambda *args, **options: self.draw(name, args, options)

    def draw(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The numbers of a method, written down as a function of the state."""
        if self.state is None:
            raise TraceError("A second draw from one draws() cannot be compiled.", "Write tg.random.draws() for each.")
        state, self.state = self.state, None
        return self.emit(drawn_by(name), (state, *args), options)
