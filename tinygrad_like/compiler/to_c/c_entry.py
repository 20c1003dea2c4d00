"""The C text through which Python calls a program: as a built-in function of arrays, or in a loop over samples."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from ..tracing.program import REFERENCE, Value
from .c_source import Source

# What a table has before the pointers to memory.
CALL, DROP, FUNCTIONS, ERROR, NUMBER, SAVE, RESTORE, KIND, FIRST = range(9)
# An argument with other strides; one that NumPy must see to, as it shares memory or is read-only; one of another kind.
MISFIT, OVERLAP, FOREIGN = 3, 4, 5
WRITEABLE = 0x400  # NumPy's flag
WORTH = 20_000  # elements, from which on other threads may run meanwhile

ENTRY = """\
typedef struct {{
    char *data;
    int ndim;
    ptrdiff_t *shape, *strides;
    void *base, *dtype;
    int flags;
}} Array;
#define ARRAY(object) ((const Array *)(const void *)((const char *)(object) + {header}))

/* What is wrong with an argument: 0 if nothing. `layout` has its shape, then its strides. */
static int misfit(const void *object, uintptr_t kind, int ndim, const ptrdiff_t *layout, uintptr_t alignment)
{{
    const Array *array = ARRAY(object);
    int other = 0;
    if (((const uintptr_t *)(const void *)array)[-1] != kind || array->ndim != ndim) return {FOREIGN};
    for (int i = 0; i < ndim; ++i) {{
        if (array->shape[i] != layout[i]) return {FOREIGN};
        other |= array->strides[i] != layout[ndim + i] && layout[i] != 1;
    }}
    return other || (uintptr_t)array->data % alignment ? {MISFIT} : 0;
}}

static int apart(const char *a, ptrdiff_t n, const char *b, ptrdiff_t m)
{{
    return a + n <= b || b + m <= a;
}}

/* Calls a function of Python; not 0 if it raised an exception, which Python then knows. */
static int call_python(void *const *memory, int number)
{{
    const uintptr_t *table = (const uintptr_t *)(const void *)memory - {first};
    void *result = ((void *(*)(void *))table[{call}])(((void **)table[{functions}])[number]);
    if (!result) return 1;
    ((void (*)(void *))table[{drop}])(result);
    return 0;
}}

static int run(uintptr_t *table)
{{
    return {name}((void *const *)(void *)(table + {first}), (int64_t *)table[{error}], call_python);
}}

/* Puts the pointers of arrays into a table, and runs the step. */
static int enter(uintptr_t *table, void *const *arrays)
{{
{checks}
    return run(table);
}}

void *{name}_method(void *self, void *const *arrays, ptrdiff_t count)
{{
    uintptr_t *table = (uintptr_t *)(void *)ARRAY(self)->data;
    (void)count;
{guarded}
    if (code == CALL_FAILED) return 0;
    return ((void *(*)(long))table[{number}])(code);
}}

/* The step for `count` samples, from the first on, round and round; a number of each is kept. */
int {name}_loop(uintptr_t *table, int64_t first, int64_t count, int64_t samples, char *const *bases,
    const int64_t *steps, char *losses, int64_t slot, int64_t offset, int64_t size)
{{
    int64_t sample = first % samples;
    for (int64_t i = 0; i < count; ++i) {{
{inputs}
        const int code = run(table);
        if (code) return code;
        const char *loss = (const char *)table[slot] + offset;
        if (size == 8) memcpy(losses + i * 8, loss, 8);
        else memcpy(losses + i * size, loss, (size_t)size);
        if (++sample == samples) sample = 0;
    }}
    return 0;
}}
"""


def entry(source: Source, header: int) -> str:
    """The text, for Python objects with a header of this many bytes."""
    layout, program = source.layout, source.program
    checks = ["int wrong;"] if program.inputs else []
    for i, value in enumerate(program.inputs):
        numbers = ", ".join(map(str, (*value.shape, *value.strides))) or "0"
        checks.append(f"static const ptrdiff_t layout{i}[] = {{{numbers}}};")
    for i, value in enumerate(program.inputs):
        ndim, size = len(value.shape), value.dtype.alignment
        checks.append(f"if ((wrong = misfit(arrays[{i}], table[{KIND}], {ndim}, layout{i}, {size}))) return wrong;")
    for i, value in enumerate(program.inputs):
        if value.memory in layout.written:
            checks.append(f"if (!(ARRAY(arrays[{i}])->flags & {WRITEABLE})) return {OVERLAP};")
    for i in range(len(program.inputs) + len(layout.fresh)):
        slot = i if i >= len(program.inputs) else layout.slots.index(program.inputs[i].memory)
        checks.append(f"table[{FIRST + slot}] = (uintptr_t)ARRAY(arrays[{i}])->data;")
    checks += overlaps(source)
    guarded = ["const int code = enter(table, arrays);"]
    if lets_others_run(source):
        guarded = [
            f"void *state = ((void *(*)(void))table[{SAVE}])();",
            *guarded,
            f"((void (*)(void *))table[{RESTORE}])(state);",
        ]
    return ENTRY.format(
        name=source.name,
        header=header,
        first=FIRST,
        error=ERROR,
        call=CALL,
        drop=DROP,
        functions=FUNCTIONS,
        number=NUMBER,
        FOREIGN=FOREIGN,
        MISFIT=MISFIT,
        checks="\n".join("    " + each for each in checks or ["(void)arrays;"]),
        guarded="\n".join("    " + each for each in guarded),
        inputs="\n".join("        " + each for each in loop_inputs(source)),
    )


def lets_others_run(source: Source) -> bool:
    """Whether other threads may run meanwhile."""
    return not source.calls and source.work > WORTH


def overlaps(source: Source) -> list[str]:
    """Lines that end the call if an input shares memory with what is written to, or is written to and shares memory."""
    layout, inputs = source.layout, source.program.inputs
    found = []
    for i, one in enumerate(inputs):
        others = [each for each in layout.slots if each.kind == REFERENCE and each in layout.users]
        written = one.memory in layout.written
        pairs = [
            (f"(char *)table[{FIRST + layout.slots.index(each)}]", each.size)
            for each in others
            if written or each in layout.written
        ]
        pairs += [
            (f"ARRAY(arrays[{k}])->data", extent(other))
            for k, other in enumerate(inputs)
            if k != i and (written or other.memory in layout.written) and (k < i or not written)
        ]
        for text, size in pairs:
            found.append(f"if (!apart(ARRAY(arrays[{i}])->data, {extent(one)}, {text}, {size})) return {OVERLAP};")
    return found


def extent(value: Value) -> int:
    """The bytes from the first to behind the last element of a value with strides that are not negative."""
    if 0 in value.shape:
        return 0
    return int(sum((n - 1) * max(0, stride) for n, stride in zip(value.shape, value.strides)) + value.dtype.itemsize)


def loop_inputs(source: Source) -> list[str]:
    """Lines that take the next sample. What NumPy is called with lies at a fixed place, so it is copied there."""
    layout, inputs = source.layout, source.program.inputs
    found = [] if inputs else ["(void)sample;", "(void)bases;", "(void)steps;"]
    for i, value in enumerate(inputs):
        slot = FIRST + layout.slots.index(value.memory)
        start = f"bases[{i}] + sample * steps[{i}]"
        found.append(
            f"memcpy((void *)table[{slot}], {start}, {extent(value)});"
            if source.calls
            else f"table[{slot}] = (uintptr_t)({start});"
        )
    return found


def header_size() -> int | None:
    """Where the pointer to the data stands in an array, in bytes; None if arrays are laid out in another way.

    The kind of an object is the last word of its header.
    """
    if sys.implementation.name != "cpython":
        return None
    probe, closed = np.arange(6.0).reshape(2, 3)[:, ::2], np.zeros(1)
    closed.flags.writeable = False
    size = object.__basicsize__
    try:
        words = words_of(probe, size)
        kind, data, ndim = words[0], words[1], words[2] & 0xFFFFFFFF
        strides = (ctypes.c_ssize_t * 2).from_address(words[4])
        flags = [each & WRITEABLE for each in (words[7], words_of(closed, size)[7])]
    except (ValueError, OSError):
        return None
    known = probe.__array_interface__["data"][0]
    found, expected = (kind, data, ndim, *strides, *flags), (id(np.ndarray), known, 2, *probe.strides, WRITEABLE, 0)
    return size if found == expected else None


def words_of(array: Any, header: int) -> Any:
    """The words of an array in memory, from the last one of its header on."""
    return (ctypes.c_ssize_t * 8).from_address(id(array) + header - ctypes.sizeof(ctypes.c_void_p))
