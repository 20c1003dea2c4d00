"""What is exported, as a program: traced on example inputs, with names for its inputs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError, UnsupportedError
from ...engine.recording import no_grad
from ...engine.tensor import Tensor, wrap
from ...engine.traces import lifted
from ...nn.layer import Layer, model_of
from ...tree import flatten, leaves, mapped, unflatten
from ..compiling import Compiled, nudged, sorted_out, stand_in, tracing
from ..runner import Runner
from ..tracing.agreement import Agreement
from ..tracing.capture import Captured, capture
from ..tracing.gradients import Gradients, Guard
from ..tracing.program import Program


def program_of(model_or_step: Any, examples: tuple[Any, ...]) -> tuple[Program, list[Any], list[str]]:
    """The program, the layers and optimizers in it, and names for its inputs."""
    model = model_of(model_or_step)
    function = model.function if isinstance(model, Compiled) else model
    if not callable(function):
        raise ArgumentError(f"export_c takes a model or a function, but got {model_or_step!r}.")
    if isinstance(model, Compiled) and not examples:
        runner = only_runner(model)
        return runner.program, list(model.holders.roots.values()), input_names(function, [], runner.program)
    check_examples(function, examples)
    with tracing, as_inference(model):
        captured = traced(function, examples)
    check_gradients(captured.trace.guards(captured.program.stored), captured.program)
    holders = [*captured.trace.took_part().values(), *([model] if isinstance(model, Layer) else [])]
    captured.trace.let_go()
    return captured.program, holders, input_names(function, list(examples), captured.program)


def check_examples(function: Any, examples: tuple[Any, ...]) -> None:
    """Raises ArgumentError if the function takes other arguments."""
    called = function.forward if isinstance(function, Layer) else function
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):  # a builtin without a signature
        return
    try:
        signature.bind(*examples)
    except TypeError as error:
        raise ArgumentError(
            f"The example inputs do not fit what is exported: {error}.",
            "Give export_c an array for each argument, after the directory: export_c(model, directory, np.zeros(2)).",
        ) from error


def only_runner(step: Compiled) -> Runner:
    """The program of a compiled step that was called last; of one that was not, the only one."""
    known = [each for several in step.programs.values() for each in several]
    if step.last is None and len(known) != 1:
        raise ArgumentError("The step was never called, so its shapes are unknown.", "Give example inputs.")
    runner = step.last or known[0]
    check_gradients(runner.guards, runner.program)
    if any(isinstance(each, Tensor) for each in leaves(runner.returned)):
        raise ArgumentError("The step returns a Tensor that it did not make.", "Give example inputs.")
    return runner


def traced(function: Any, examples: tuple[Any, ...]) -> Captured:
    """A function traced twice, and compared, as `compile` does."""
    given, structure = flatten((tuple(map(own, examples)), {}))
    found = sorted_out(given)
    if found is None:
        raise ArgumentError("An example input is the result of a computation.", "Give x.detach(), or an array.")
    arrays = found[0]

    def call(stand_ins: list[Any]) -> Any:
        waiting = iter(stand_ins)
        args, _ = unflatten(structure, [stand_in(each, waiting) for each in given])
        return mapped(as_computed, function(*args))

    gradients = Gradients()
    first = capture(call, arrays, gradients)
    with first.trace.as_after():
        second = capture(call, [nudged(each) for each in arrays], gradients, like=first.trace)
    Agreement(first.program, second.program).settle()
    second.trace.let_go()
    return first


def as_computed(leaf: Any) -> Any:
    """A result; a copy in place of a Tensor that was there before, so that it is one."""
    kept = isinstance(leaf, Tensor) and isinstance(leaf._array, np.ndarray)
    return wrap(lifted(leaf._array).copy()) if kept else leaf


def own(example: Any) -> Any:
    """An array row by row, with memory of its own."""
    if isinstance(example, Tensor) and example.is_leaf and not example.requires_grad:
        return Tensor(np.array(example.numpy(), order="C"))
    return np.array(example, order="C") if isinstance(example, np.ndarray) else example


@contextmanager
def as_inference(model: Any) -> Iterator[None]:
    """Inside, a Layer is in eval mode, and nothing is recorded."""
    if not isinstance(model, Layer):
        yield
        return
    modes = [(each, each.training) for each in (model, *(each for _, each in model.named_layers()))]
    try:
        model.eval()
        with no_grad():
            yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def check_gradients(guards: list[Guard], program: Program) -> None:
    """Raises UnsupportedError for a step that finds other gradients when it is called again."""
    left = [each.tensor for each in program.bindings if each.value is not None]
    if any(each.place is not None or any(each.tensor is one for one in left) for each in guards):
        raise UnsupportedError(
            "The step adds to gradients that were there before, which a C file does not keep.",
            "Call optimizer.zero_grad() in the step, before loss.backward().",
        )


def input_names(function: Any, examples: list[Any], program: Program) -> list[str]:
    """The names of the parameters of the function; with a number, where one argument has several arrays."""
    try:
        forward = function.forward if isinstance(function, Layer) else function
        parameters = [each.name for each in inspect.signature(forward).parameters.values() if each.kind in (0, 1)]
    except (TypeError, ValueError):  # a builtin without a signature
        parameters = []
    found: list[str] = []
    for i, each in enumerate(examples or [None] * len(program.inputs)):
        count = 1 if not examples else len((sorted_out(flatten((each,))[0]) or ([], []))[0])
        name = parameters[i] if i < len(parameters) else f"x{i}"
        found += [name if count == 1 else f"{name}{k}" for k in range(count)]
    whole = len(found) == len(program.inputs)
    return found if whole else [f"x{i}" for i in range(len(program.inputs))]
