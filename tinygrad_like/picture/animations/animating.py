"""`animate`: from a model and its states during a training to an Animation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError, ShapeError
from ...engine.recording import no_grad
from ...engine.tensor import Tensor, values_of
from ...engine.writes import Array
from ...nn.layer import Layer, model_of
from ...nn.state import plain_value
from ...plots.boundaries import checked_classes, checked_points
from ...plots.data import numbers
from ..written.themes import THEMES
from .animation import Animation, page_of
from .frames import Maps, Plane, Store

MOST_FRAMES = 200
LONG = 2.0  # seconds, from which on a progress bar is shown
State = dict[str, Array]


def animate(
    model: Any,
    history_of_states: Iterable[Mapping[str, Any]],
    x: Any = None,
    y: Any = None,
    *,
    loss: Callable[[Any, Any], Any] | Sequence[float] | None = None,
    steps: Sequence[int] | None = None,
    title: str | None = None,
    theme: str = "light",
) -> Animation:
    """A page that goes through a training: weights, activations and the decision boundary together.

    `history_of_states` has copies of `model.state_dict()`, taken during the training; a generator may give the
    state itself each time. `steps` are their numbers, by default 0, 1, 2, ... Of more than 200 states, 200 are shown,
    evenly chosen. `loss` is a function of the outputs for `x` and of `y`, such as `mse`, or the losses of the states.

    For points `x` in the plane, (n, 2), the network is drawn as columns of units: each shows its activation over the
    plane, and each line a weight. Beside it is the decision boundary, with the data in the colours of their classes
    `y`, as `plot_decision_boundary` takes them. For other inputs, and without `x`, parameters and activations are heat
    maps. Of a layer with more than 16 units, the 16 most active ones are shown.

    The model is copied and evaluated (training off); it is not changed. Raises ArgumentError for no states, for those
    of another model, and where all states are one memory; ShapeError for x, y, steps or losses that do not fit.

    >>> import copy
    >>> from tinygrad_like import Linear, Sequential, Sigmoid
    >>> model = Sequential(Linear(2, 1, seed=0), Sigmoid())
    >>> states = [copy.deepcopy(model.state_dict())]
    >>> model[0].weight.data = [[2.0, -2.0]]
    >>> states.append(copy.deepcopy(model.state_dict()))
    >>> animate(model, states, [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    <Animation of 2 states; .save('x.html'), .html()>
    """
    model = model_of(model)
    if not isinstance(model, Layer):
        what = f"animate takes a model, a Layer or a Network, but got a {type(model).__name__}."
        raise ArgumentError(what, "Write tg.animate(model, states), with the model whose states these are.")
    if not isinstance(theme, str) or theme not in THEMES:
        raise ArgumentError(f"theme must be one of {', '.join(THEMES)}, but got {theme!r}.")
    if title is not None and not isinstance(title, str):
        raise ArgumentError(f"title must be a text, but got {title!r}.")
    if callable(loss) and (x is None or y is None):
        raise ArgumentError("A function as loss needs x and y.", "Write animate(model, states, x, y, loss=mse).")
    x, y = (np.asarray(each) if isinstance(each, (list, tuple)) else each for each in (x, y))
    states = checked_states(history_of_states)
    known = one_for_each(states, "steps", steps) if steps is not None else np.arange(len(states))
    losses = None if loss is None or callable(loss) else one_for_each(states, "losses", loss)
    shown = np.unique(np.linspace(0, len(states) - 1, min(len(states), MOST_FRAMES)).round().astype(int)).tolist()
    private = copy.deepcopy(model).eval()
    load(private, states, -1)
    film = film_of(private, x, y, len(shown))
    found = []
    for number in told(shown):
        load(private, states, number)
        film.add()
        found.append(loss_of(private, x, y, loss) if callable(loss) else None if losses is None else losses[number])
    store = Store()
    data = {"steps": [int(known[i]) for i in shown], "losses": [plain_number(each) for each in found]}
    data |= film.data(store) | {"bytes": store.text()}
    facts = [f"{model.num_parameters():,} parameters"]
    facts += [f"{len(shown):,} of {len(states):,} states"] * (len(shown) < len(states))
    text = page_of(data, type(model).__name__ if title is None else title, facts, theme)
    return Animation(text, len(shown), len(states))


# -- what is given ----------------------------------------------------------------------------------------


def checked_states(given: Any) -> list[State]:
    """Copies of all states, made as they come."""
    if isinstance(given, (Mapping, str)) or not isinstance(given, Iterable):
        raise ArgumentError(
            f"history_of_states must be a list of states, but got a {type(given).__name__}.",
            "Append copy.deepcopy(model.state_dict()) to a list during the training.",
        )
    states: list[State] = []
    for number, state in enumerate(given):
        if not isinstance(state, Mapping):
            what = f"history_of_states[{number}] must be a state_dict(), but is a {type(state).__name__}."
            raise ArgumentError(what, "Append copy.deepcopy(model.state_dict()) to a list during the training.")
        states.append({str(name): np.array(plain_value(value)) for name, value in state.items()})
    if not states:
        raise ArgumentError("animate needs at least one state.", "Append copy.deepcopy(model.state_dict()) to a list.")
    if isinstance(given, Sequence) and len(given) > 1 and is_one_memory(given[0], given[-1]):
        raise ArgumentError(
            "The states are all the same memory, that of the model, so they have only its last values.",
            "Append copy.deepcopy(model.state_dict()), which training does not change.",
        )
    return states


def is_one_memory(first: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    shared = [name for name, each in first.items() if name in last and isinstance(each, Tensor)]
    return any(np.shares_memory(plain_value(first[name]), plain_value(last[name])) for name in shared)


def one_for_each(states: list[State], what: str, given: Any) -> Array:
    values = numbers(given, what)
    if values.shape != (len(states),):
        problem = f"There are {len(states)} states, but {what} has shape {values.shape}."
        raise ShapeError(problem, f"Give {what} one number for each state.")
    broken = values[~np.isfinite(values) | (values != np.round(values))]
    if what == "steps" and broken.size:
        raise ArgumentError(f"steps must be whole numbers, but has {broken[0]:g}.")
    return values


def load(model: Layer, states: list[State], number: int) -> None:
    try:
        model.load_state_dict(states[number])
    except ArgumentError as error:
        where = f"history_of_states[{number % len(states)}] is not a state of this {type(model).__name__}:"
        raise ArgumentError(where, error.details) from error


# -- what is computed -------------------------------------------------------------------------------------


def film_of(model: Layer, x: Any, y: Any, count: int) -> Plane | Maps:
    if x is None or np.shape(values_of(x))[1:] != (2,):
        return Maps(model, x, count)
    points = checked_points(x)
    return Plane(model, points, None if y is None else checked_classes(y, len(points)), count)


def loss_of(model: Layer, x: Any, y: Any, loss: Callable[[Any, Any], Any]) -> float:
    with no_grad():
        value = numbers(loss(model(x), y), "loss")
    if value.size != 1:
        raise ShapeError(f"loss must give one number, but gave an array of shape {value.shape}.")
    return value.item()


def plain_number(value: float | None) -> float | str | None:
    """As JSON has it, which knows no inf and nan."""
    return value if value is None or np.isfinite(value) else str(value)


def told(numbers: list[int]) -> Iterator[int]:
    """The same numbers, with a progress bar if it takes long."""
    begun, bar = perf_counter(), None
    try:
        for done, number in enumerate(numbers):
            yield number
            if bar is None and perf_counter() - begun > LONG:
                from tqdm import tqdm

                bar = tqdm(total=len(numbers), desc="animate", unit="state", mininterval=0.2)
            if bar is not None:
                bar.update(done + 1 - bar.n)
    finally:
        if bar is not None:
            bar.close()
