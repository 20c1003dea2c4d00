"""The saved state of an optimizer, checked and taken over: ours, PyTorch's, and that of pickles of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.kinds import as_ndarray
from ..engine.tensor import Tensor, values_of

if TYPE_CHECKING:
    from .optimizer import Optimizer


def load(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Take over settings and state, after all was checked."""
    name = type(optimizer).__name__
    try:
        groups, states = list(state["param_groups"]), state["state"]
    except (KeyError, TypeError) as error:
        raise ArgumentError(
            f'{name}.load_state_dict takes a dict of "state" and "param_groups", but got {type(state).__name__}.',
            "Write optimizer.load_state_dict(other.state_dict()).",
        ) from error
    sizes = [len(group["params"]) for group in groups]
    own = [len(group["params"]) for group in optimizer.param_groups]
    if sizes != own:
        raise ArgumentError(f"The state has groups of {sizes} parameters, but this {name} has {own}.")
    keys = [key for group in groups for key in group["params"]]
    given = [{k: as_array(each) for k, each in states.get(key, {}).items() if each is not None} for key in keys]
    problems = [
        f"parameter {i}: {key} has the shape {each.shape}, but the parameter {p.shape}"
        for i, (p, found) in enumerate(zip(optimizer.params, given))
        for key, each in found.items()
        if not optimizer.by_parameter and each.ndim and each.shape != p.shape
    ]
    if problems:
        raise ArgumentError(f"The state does not fit this {name}:", "\n  ".join(problems))
    checked = [
        {key: check(key, group[key]) for key, check in optimizer.settings.items() if key in group} for group in groups
    ]
    for own_group, settings in zip(optimizer.param_groups, checked):
        own_group.update(settings)
    take_over(optimizer, given)


def as_array(value: Any) -> Any:
    return as_ndarray(value.detach() if hasattr(value, "detach") else values_of(value))


def take_over(optimizer: Optimizer, given: list[dict[str, Any]]) -> None:
    """Make the parts anew: parameters with the same numbers and names of state are stepped together."""
    optimizer._make_parts()
    places = {id(p): i for i, p in enumerate(optimizer.params)}
    parts, optimizer._parts = optimizer._parts, []
    for part in parts:
        alike: dict[Any, list[Tensor]] = {}
        for p in part.parameters:
            found = given[places[id(p)]]
            numbers = tuple((name, found[name].item()) for name in optimizer.numbers if name in found)
            alike.setdefault((numbers, frozenset(found)), []).append(p)
        for (numbers, _), parameters in alike.items():
            one = part.split(parameters)
            one.numbers = {key: Tensor(np.array(float(value))) for key, value in numbers}
            for p in parameters:
                fill(one, p, given[places[id(p)]])
            optimizer._parts.append(one)


def fill(part: Any, p: Tensor, found: Mapping[str, Any]) -> None:
    """Write the state of one parameter."""
    for name, value in found.items():
        if name in part.numbers or (not value.ndim and p.ndim):
            continue  # PyTorch also keeps numbers that follow from the others
        if part.optimizer.by_parameter:
            part.state[name, p._slot] = Tensor(value.astype(p.dtype))
        else:
            if name not in part.state:
                part.state[name] = Tensor(np.zeros_like(part.flat.values))
            part.flat.part(part.state[name]._array, p._slot)[...] = value
        part.started.add(name)


def earlier(state: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What an earlier version pickled, laid out as this one does."""
    if "velocities" in state:
        kept = [{} if v is None else {"velocity": v} for v in state.pop("velocities")]
        state["lr"] = state.pop("_lr", state.get("lr"))
    else:
        kept = state.pop("_state")
    names = {"velocity": "momentum_buffer"}
    states = {i: {names.get(name, name): value for name, value in each.items()} for i, each in enumerate(kept)}
    group = {name: state.pop(name, 0) for name in settings} | {"params": state.pop("params")}
    return state | {"saved": {"state": states, "param_groups": [group]}}
