"""The fast way into a program: Python source that checks what may have changed, and nothing else.

A step of a small model takes less time than asking for its program in general. So each program that is called with
arrays and Tensors alone gets a function of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.recording import recording
from ..engine.tensor import Tensor
from ..engine.traces import changes
from ..engine.writes import base_of
from .holders import Holders
from .runner import Runner

MISS = object()  # given where the way does not lead to this program
HEAD = """def call(args):
    if len(args) != {count} or changes.count != holders.count or recording.get() is not {recording}:
        return miss
"""
VARIABLE = """    if {now} is not {before}:
        return miss
"""
CONTAINER = """    if len({values}) != {count} or not all(map(is_, {values}, {before})):
        return miss
"""
TENSOR = """    if type({name}) is not Tensor or {name}._node is not None:
        return miss
    {name} = {name}._array
"""
ARRAY = """    if type({name}) is not ndarray or {name}.shape != {shape} or {name}.dtype is not dtype_{name}:
        return miss
    base = {name}.base
    if id({name} if base is None else base if base.base is None else base_of(base)) in owners:
        return miss
"""
TAIL = """    outputs, bound = run([{names}])
    finish(bound)
    runner.calls += 1
    return result(outputs)
"""


def quick_way(runner: Runner, args: tuple[Any, ...], holders: Holders) -> Callable[[tuple[Any, ...]], Any] | None:
    """The fast way to a program, if all its arguments are arrays and Tensors: a function of them that gives the result.

    It gives MISS for other arguments, or if something has changed.
    """
    plain = all(type(each) in (Tensor, np.ndarray) and getattr(each, "_node", None) is None for each in args)
    if not args or not plain or runner.guards or runner.writes_inputs:
        return None
    known: dict[str, Any] = {"miss": MISS, "changes": changes, "recording": recording, "base_of": base_of}
    known |= {"holders": holders, "runner": runner}
    known |= {"Tensor": Tensor, "ndarray": np.ndarray, "owners": runner.owners}
    known |= {"run": runner.run, "finish": runner.finish, "result": runner.result}
    lines = [HEAD.format(count=len(args), recording=recording.get())]
    lines += holders.conditions(known, VARIABLE, CONTAINER)
    names = [f"x{i}" for i in range(len(args))]
    lines.append(f"    {', '.join(names)}, = args\n")
    for name, each in zip(names, args):
        lines += [TENSOR.format(name=name)] * isinstance(each, Tensor)
        lines.append(ARRAY.format(name=name, shape=each.shape))
        known[f"dtype_{name}"] = each.dtype
    exec("".join([*lines, TAIL.format(names=", ".join(names))]), known)
    made: Callable[[tuple[Any, ...]], Any] = known["call"]
    return made
