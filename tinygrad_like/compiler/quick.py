"""The fast way into a program: Python source that checks what may have changed, runs it, and nothing else.

A step of a small model takes less time than asking for its program in general. So each program gets a function of its
own: of the arguments, which are arrays, Tensors, floats, and objects that are the same in each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.recording import observer, recording
from ..engine.tensor import Tensor, new
from ..engine.traces import active, changes
from ..engine.writes import base_of, clock, writes
from ..tree import is_container
from .direct import Direct
from .holders import PLAIN, Holders, is_walked
from .runner import MISS, Runner
from .tracing.capture import Output

FEW = 16  # Tensors whose gradients are set in lines of their own

HEAD = """
if len(args) != {count} or active or observer() is not None or recording() is not {recording}:
    return miss
if changes.count != holders.count:
    return miss
"""
TENSOR = """
if type({x}) is not Tensor or {x}._node is not None:
    return miss
{x} = {x}._array
"""
SHAPE = """
if {x}.shape != {shape}:
    return miss
"""
OWNER = """
base = {x}.base
if base is not None and (type(base) is not ndarray or base.base is not None):
    base = base_of({x})
if {shares}:
    return miss
"""
KIND = """
if type({x}) is not ndarray or ({x}.dtype is not dtype_{x} and {x}.dtype != dtype_{x}):
    return miss
"""
SAME = """
if {x} is not same_{x}:
    return miss
"""
FLOAT = """
if type({x}) is not float:
    return miss
"""
RESULT = """
given = {value}
if type(given) is not ndarray:
    given = asarray(given)
result = new(Tensor)
result._array = given
result._node = result._grad = result.name = None
return result
"""


def quick_way(runner: Runner, args: tuple[Any, ...], holders: Holders) -> Callable[[tuple[Any, ...]], Any] | None:
    """The fast way to a program, if there is one: a function of its arguments that gives the result.

    It gives MISS for other arguments, or if something has changed.
    """
    if runner.guards or runner.writes_inputs or not all(map(is_known, args)):
        return None
    known: dict[str, Any] = {"miss": MISS, "active": active, "observer": observer.get, "recording": recording.get}
    known |= {"changes": changes, "holders": holders, "runner": runner, "again": runner.again}
    known |= {"Tensor": Tensor, "ndarray": np.ndarray, "asarray": np.asarray, "new": new}
    direct = direct_of(runner, known)
    lines = HEAD.format(count=len(args), recording=recording.get()).split("\n")
    lines += holders.conditions(known)
    lines += arguments(runner, args, direct.looks, known)
    lines += direct.lines
    lines += finishing(runner, direct, known)
    lines += ["runner.calls += 1", *giving(runner, direct, known)]
    exec("def way(args):\n" + "\n".join(f"    {each}" for each in lines if each) + "\n", known)
    made: Callable[[tuple[Any, ...]], Any] = known["way"]
    return made


def is_known(value: Any) -> bool:
    """Whether an argument is one that the fast way can check."""
    if isinstance(value, Tensor):
        return type(value) is Tensor and value._node is None
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value) is np.ndarray
    # Of others, Python does not say whether they change.
    return not is_container(value) and (isinstance(value, PLAIN) or is_walked(value))


def direct_of(runner: Runner, known: dict[str, Any]) -> Direct:
    """How the program is called; what that refers to is put into `known`."""
    made: Direct | None = runner.run.direct(known) if hasattr(runner.run, "direct") else None
    if made is not None:
        return made
    known["run"] = runner.run
    arrays = ", ".join(f"x{i}" for i in range(len(runner.program.inputs)))
    outputs = [f"outputs[{i}]" for i in range(len(runner.program.outputs))]
    bound = [f"bound[{i}]" for i in range(len(runner.program.bindings))]
    return Direct([f"outputs, bound = run([{arrays}])"], outputs, bound)


def arguments(runner: Runner, args: tuple[Any, ...], looks: bool, known: dict[str, Any]) -> list[str]:
    """Lines that take the arguments apart, and check them. The inputs of the program are `x0`, `x1`, …"""
    text, inputs = "", 0
    names: list[str] = []
    for each in args:
        is_input = type(each) in (Tensor, np.ndarray, float)
        x = f"x{inputs}" if is_input else f"other{len(names)}"
        inputs += is_input
        names.append(x)
        if not is_input:
            known[f"same_{x}"] = each
            text += SAME.format(x=x)
        elif type(each) is float:
            text += FLOAT.format(x=x)
        else:
            known[f"dtype_{x}"] = each.dtype
            text += (TENSOR if type(each) is Tensor else "").format(x=x) + KIND.format(x=x)
            text += "" if looks else SHAPE.format(x=x, shape=each.shape) + owner(runner, x, known)
    return [f"{', '.join(names)}, = args" if names else "", *text.split("\n")]


def owner(runner: Runner, x: str, known: dict[str, Any]) -> str:
    """Lines that check that an array shares no memory with what the program writes to."""
    if not runner.watched:
        return ""
    known |= {"base_of": base_of} | {f"owner{i}": each for i, each in enumerate(runner.watched)}
    tests = [f"{each} is owner{i}" for i in range(len(runner.watched)) for each in ("base", x)]
    return OWNER.format(x=x, shares=" or ".join(tests))


def finishing(runner: Runner, direct: Direct, known: dict[str, Any]) -> list[str]:
    """Lines for what a run leaves in the objects of before."""
    if runner.changing or len(runner.lasting) > FEW:
        known["finish"] = runner.finish
        return [f"finish([{', '.join(direct.bound)}])"]
    known |= {"writes": writes, "clock": clock, "note": writes.note}
    lines = []
    for i, entry in enumerate(runner.entries):
        known[f"entry{i}"] = entry
        lines.append(f"entry{i}.all = writes.latest = clock()")
    for i, (array, index) in enumerate(runner.notes):
        known |= {f"noted{i}": array, f"index{i}": index}
        lines.append(f"note(noted{i}, index{i})")
    for i, (tensor, gradient) in enumerate(runner.lasting):
        known |= {f"tensor{i}": tensor, f"gradient{i}": gradient}
        lines.append(f"tensor{i}._grad = gradient{i}")
    return lines


def giving(runner: Runner, direct: Direct, known: dict[str, Any]) -> list[str]:
    """Lines that return what the function returned."""
    if runner.returned is None:
        return ["return None"]
    if runner.is_tensor:
        return RESULT.format(value=direct.outputs[runner.returned.place]).split("\n")
    only = runner.returned
    if isinstance(only, Output) and only.kind == "array" and runner.fixed[only.place] is None:
        return [f"return {direct.outputs[only.place]}"]
    known["result"] = runner.result
    return [f"return result([{', '.join(direct.outputs)}])"]
