"""What the arrays of a program are: parameters and buffers of layers, settings and states of optimizers, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.tensor import Tensor
from ...engine.writes import base_of
from ...nn.finding import walk
from ...optim.optimizer import Optimizer
from ..tracing.program import Memory, address


@dataclass(frozen=True)
class Part:
    """A Tensor in a memory: from which byte on, its path in a layer or an optimizer, and its shape."""

    offset: int
    path: str
    shape: tuple[int, ...]
    kind: str  # "layer", "setting", "state" or ""


def parts_of(memories: Iterable[Memory], holders: Iterable[Any]) -> dict[Memory, list[Part]]:
    """What lies in arrays of before, in order. Of several paths to a Tensor the longest counts: the outermost one."""
    owners = {id(each.array): each for each in memories}
    found: dict[Memory, dict[tuple[int, tuple[int, ...]], Part]] = {each: {} for each in owners.values()}
    for path, tensor, kind in named(holders):
        array = tensor._array
        memory = owners.get(id(base_of(array))) if isinstance(array, np.ndarray) else None
        if memory is not None:
            offset = address(array) - address(memory.array)
            known = found[memory].get((offset, array.shape))
            if known is None or len(path) > len(known.path):
                found[memory][offset, array.shape] = Part(offset, path, array.shape, kind)
    return {memory: sorted(parts.values(), key=lambda part: part.offset) for memory, parts in found.items()}


def named(holders: Iterable[Any]) -> Iterator[tuple[str, Tensor, str]]:
    """The Tensors that layers and optimizers hold, each with its path and the kind of it."""
    for holder in holders:
        if isinstance(holder, Tensor):
            yield holder.name or "", holder, ""
        elif isinstance(holder, Optimizer):
            yield from of_optimizer(holder)
        else:
            yield from ((path, each, "layer") for path, each in walk(holder) if isinstance(each, Tensor))


def of_optimizer(optimizer: Any) -> Iterator[tuple[str, Tensor, str]]:
    for group in optimizer.param_groups:
        yield from ((name, each, "setting") for name, each in group.memory.items())
    for part in optimizer._parts:
        for name, tensor in (*part.state.items(), *part.numbers.items()):
            # That of one parameter has the parameter's number beside its name.
            yield name if isinstance(name, str) else f"{name[0]}{name[1]}", tensor, "state"
