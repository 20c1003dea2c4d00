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

LATER = ("maximize", "amsgrad", "decoupled_weight_decay")  # settings that older versions of PyTorch do not have


def load(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Take over settings and state, after all was checked."""
    name = type(optimizer).__name__
    try:
        groups, states = list(state["param_groups"]), state["state"]
        keys = [list(group["params"]) for group in groups]
        listed = [states.get(key, {}) for group in keys for key in group]
    except (KeyError, TypeError, AttributeError) as error:
        raise ArgumentError(
            f'{name}.load_state_dict takes a dict of "state" and "param_groups", but got {type(state).__name__}.',
            "Write optimizer.load_state_dict(other.state_dict()).",
        ) from error
    sizes, own = [len(group) for group in keys], [len(group["params"]) for group in optimizer.param_groups]
    if sizes != own:
        raise ArgumentError(f"The state has groups of {sizes} parameters, but this {name} has {own}.")
    settings = [checked_settings(optimizer, group) for group in groups]
    given = optimizer._checked_state(listed)
    for own_group, each in zip(optimizer.param_groups, settings):
        own_group.update(each)
    optimizer._take_over(given)


def checked_settings(optimizer: Optimizer, group: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a group, checked: an error if they are those of another optimizer."""
    name = type(optimizer).__name__
    if missing := [each for each in optimizer.settings if each not in group and each not in LATER]:
        raise ArgumentError(
            f"The state is that of another optimizer: it has no {', '.join(missing)}, which {name} has."
        )
    return {key: check(key, group[key]) for key, check in optimizer.settings.items() if key in group}


def as_array(value: Any) -> Any:
    return as_ndarray(value.detach() if hasattr(value, "detach") else values_of(value))


def checked_state(optimizer: Optimizer, states: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The state of each parameter, as arrays: an error if some does not fit."""
    given = [{key: as_array(each) for key, each in state.items() if each is not None} for state in states]
    problems = []
    for i, (p, found) in enumerate(zip(optimizer.params, given)):
        for key, each in found.items():
            # PyTorch also keeps numbers that we do not need.
            shape = () if key in optimizer.numbers or not each.ndim else optimizer.state_shape(key, p.shape)
            if each.dtype.kind not in ("fiuc" if p.dtype.kind == "c" and shape else "fiu"):
                problems.append(f"parameter {i}: {key} has the dtype {each.dtype}")
            elif each.shape != shape:
                problems.append(f"parameter {i}: {key} has the shape {each.shape}, but the parameter {p.shape}")
    if problems:
        raise ArgumentError(f"The state does not fit this {type(optimizer).__name__}:", "\n  ".join(problems))
    return given


def take_over(optimizer: Optimizer, given: list[dict[str, Any]]) -> None:
    """Make the parts anew: parameters with the same numbers and names of state are stepped together."""
    optimizer._make_parts()
    places = {id(p): i for i, p in enumerate(optimizer.params)}
    parts, optimizer._parts = optimizer._parts, []
    for part in parts:
        alike: dict[Any, list[Tensor]] = {}
        for p in part.parameters:
            found = given[places[id(p)]]
            numbers = tuple((name, started(found, name)) for name in optimizer.numbers if found)
            alike.setdefault((numbers, frozenset(found)), []).append(p)
        for (numbers, _), parameters in alike.items():
            one = part.split(parameters)
            one.numbers = {key: Tensor(np.array(value)) for key, value in numbers if value is not None}
            for p in parameters:
                fill(one, p, given[places[id(p)]])
            optimizer._parts.append(one)


def started(found: Mapping[str, Any], name: str) -> float | None:
    """A number among the state. Where PyTorch does not count steps, there was at least one."""
    if name in found:
        return float(found[name].item())
    return 1.0 if name == "step" else None


def fill(part: Any, p: Tensor, found: Mapping[str, Any]) -> None:
    """Write the state of one parameter."""
    optimizer = part.optimizer
    for name, value in found.items():
        if name in part.numbers or name in optimizer.derived or (not value.ndim and p.ndim):
            continue
        if optimizer.by_parameter:
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
