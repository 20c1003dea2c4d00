"""`step.report()`: what a program consists of, what it keeps, and how long each part takes, as text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...engine.errors import TinygradError
from ..backends import chosen
from ..passes.aliasing import Uses
from ..passes.passes import simplified
from ..to_c import c_source, native
from ..to_c.c_fusion import flattened
from ..tracing.program import REFERENCE, TEMPORARY, Memory, Program, all_instructions
from .measuring import Times, examples, timed_parts
from .shown import Shown, shown

if TYPE_CHECKING:
    from ..compiling import Compiled

MOST = 12  # lines of a list
WIDTH = 14  # of the names at the left
MEASURED = "Measured now, on copies of the state, by looks at the clock between the parts."
LONGEST = 100  # characters


class Report:
    """What `step.report()` gives: a text that prints itself, and `parts`, the time of each part in seconds."""

    def __init__(self, text: str, parts: dict[str, float]) -> None:
        self.text, self.parts = text, parts

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def report(step: Compiled) -> Report:
    """The report on the program that was used last."""
    one = shown(step)
    backend = chosen(step.backend)
    timed, reason = times(step, one)
    name = getattr(step, "__name__", "step")
    lines = [f"{name}: {signature(one.runner.program)}", ""]
    lines += [f"{what:<{WIDTH}}{text}" for what, text in facts(step, one, backend)]
    lines += ["", *(table(timed) if timed is not None else [f"No times of the parts: {reason}"])]
    for title, found in lists(one, backend):
        lines += ["", title, *(f"  {each}" for each in shortened(found))]
    return Report("\n".join(lines), dict(timed.seconds) if timed is not None else {})


def facts(step: Compiled, one: Shown, backend: str) -> Iterator[tuple[str, str]]:
    runners = [each for known in step.programs.values() for each in known]
    yield "backend", backend_text(step, backend)
    yield "programs", f"{len(runners)}, {plural(sum(each.calls for each in runners), 'call')}"
    yield "made in", making(one, backend)
    before, after = (count(each) for each in (one.runner.program, one.program))
    yield "instructions", f"{before} in the trace, {after} after the passes"
    if backend == "c":
        loops = sum(each.loops for each in flattened(one.c.groups))
        yield "in C", f"{plural(loops, 'loop')}, {plural(len(one.c.calls), 'callback')} to NumPy"
    stored = one.program.stored
    own = [each for each in one.program.references if each.memory.kind == REFERENCE]
    state = {each.memory for each in own if each.name or each.memory in stored}
    yield "state", f"{plural(len(state), 'array')}, {size(sum(each.size for each in state))}"
    yield "temporaries", temporaries(one, backend)


def backend_text(step: Compiled, backend: str) -> str:
    if backend == "c":
        return f"C, by {' '.join(native.compiler() or ())}"
    if backend == "jax" or step.backend == "numpy":
        return {"jax": "JAX", "numpy": "NumPy"}[backend] + ", as asked for"
    if native.compiler() is None:
        if os.environ.get("CC", "").strip():
            return f"NumPy: there is no C compiler {os.environ['CC']}, which the environment names as CC"
        return "NumPy: there is no C compiler. Write pip install 'tinygrad_like[native]', or install gcc or clang"
    return "NumPy"


def making(one: Shown, backend: str) -> str:
    """The times of all that happened before the first run."""
    runner = one.runner
    start = perf_counter()
    program = simplified(runner.program)
    passes = perf_counter() - start
    c_source.Source(program) if backend == "c" else one.numpy.__class__(program)
    source = perf_counter() - start - passes
    # Both were measured again just now, when the machine may have been slower than before.
    slower = max(1.0, (passes + source) / max(runner.building, 1e-9))
    passes, source = passes / slower, source / slower
    rest = runner.building - passes - source
    if backend == "jax":
        return f"trace {time_text(runner.tracing)}; XLA compiles at the first call"
    parts = {"trace": runner.tracing, "passes": passes, "source": source, "compiling": rest}
    total = runner.tracing + runner.building
    return f"{time_text(total)}: " + ", ".join(f"{name} {time_text(each)}" for name, each in parts.items())


def times(step: Compiled, one: Shown) -> tuple[Times | None, str]:
    """The time of each part, or why there is none."""
    runner = one.runner
    if step.backend == "jax":
        return None, "XLA would have to compile each."
    try:
        return timed_parts(one.program, step.backend, examples(runner.program, runner.seen)), ""
    except (TinygradError, ArithmeticError, IndexError, ValueError) as error:
        return None, f"a run on arrays like the arguments failed. {error}"


def table(times: Times) -> list[str]:
    lines = [f"{'part':<{WIDTH}}{'instructions':>12}" + f"{'time':>12}{'share':>8}" * bool(times.seconds)]
    for part, count in times.counts.items():
        own = times.seconds.get(part)
        text = "" if own is None else f"{time_text(own):>12}{own / times.all:>8.0%}"
        lines.append(f"{part:<{WIDTH}}{count:>12}{text}")
    if times.seconds:
        return [*lines, f"{'all':<{WIDTH}}{sum(times.counts.values()):>12}{time_text(times.all):>12}", MEASURED]
    return [*lines, f"All in {time_text(times.all)}: too short for looks at the clock in between."]


def lists(one: Shown, backend: str) -> Iterator[tuple[str, list[str]]]:
    """In C: what is computed in one loop, and what NumPy is called for."""
    if backend != "c":
        return
    loops = [each for each in flattened(one.c.groups) if each.loops]
    texts = [f"{'×'.join(map(str, each.space)) or '1':<12}{contents(each)}" for each in loops]
    if texts:
        yield "loops: over what, and which operations", texts
    calls = [(each.instruction, each.why) for each in one.c.calls]
    if calls:
        names = [getattr(each.function, "__name__", str(each.function)) for each, _ in calls]
        yield "calls of NumPy, and why", [f"{name:<12}{why}" for name, (_, why) in zip(names, calls)]


def contents(group: Any) -> str:
    """Which operations of which layers a loop computes."""
    found: dict[str, dict[str, None]] = {}
    for each in group.operations:
        layer = each.place.layer.partition(":")[0]
        found.setdefault(each.place.part, {})[f"{layer} {each.place.operation}".strip() or "the update"] = None
    texts = [f"{'backward ' if part == 'backward' else ''}{', '.join(names)}" for part, names in found.items()]
    text = "; ".join(texts)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def shortened(lines: list[str]) -> list[str]:
    """Equal lines as one with a count; the first of many."""
    counted: dict[str, int] = {}
    for each in lines:
        counted[each] = counted.get(each, 0) + 1
    texts = [each if n == 1 else f"{each} (×{n})" for each, n in counted.items()]
    return texts if len(texts) <= MOST else [*texts[: MOST - 1], f"and {len(texts) - MOST + 1} more"]


def temporaries(one: Shown, backend: str) -> str:
    """Bytes at the peak, and what running instruction by instruction would hold."""
    eager = peak(one.runner.program, set())
    if backend == "c":
        return f"{size(one.c.layout.size)} at the peak, besides local variables; {size(eager)} without compile"
    if backend == "jax":
        return f"{size(eager)} without compile"
    own = {each.memory for each in one.numpy.buffers}
    most = one.numpy.size + peak(one.program, own)
    return f"{size(most)} at the peak, {len(own)} in one buffer; {size(eager)} without compile"


def peak(program: Program, without: set[Memory]) -> int:
    """The most bytes of results that are needed at one time."""
    uses = Uses(program)
    change: dict[int, int] = {}
    known = set(without)
    for i, each in enumerate(program.instructions):
        for memory in {value.memory for value in each.results} - known:
            if memory.kind == TEMPORARY:
                known.add(memory)
                last = max([i, uses.last(memory), *(at for at, _ in uses.writes[memory])])
                change[i] = change.get(i, 0) + memory.size
                change[last + 1] = change.get(last + 1, 0) - memory.size
    most = now = 0
    for i in sorted(change):
        now += change[i]
        most = max(most, now)
    return most


def signature(program: Program) -> str:
    """The inputs by name, shape and dtype."""
    texts = []
    for i, each in enumerate(program.inputs):
        shape = "×".join(map(str, each.shape))
        texts.append(" ".join(filter(None, [each.name or f"x{i}", shape, str(each.dtype)])))
    return ", ".join(texts) or "no arrays as arguments"


def count(program: Program) -> int:
    return sum(not each.is_view for each in all_instructions(program.instructions))


def plural(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def size(count: float) -> str:
    """Bytes, in a unit that suits."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def time_text(seconds: float) -> str:
    """A time in a unit that suits."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"
