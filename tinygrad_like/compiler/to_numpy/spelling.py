"""A call of NumPy as a person would write it."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Container, Iterable
from typing import Any

import numpy as np

from ..tracing.program import Instruction, Value
from ..tracing.traced import Method, method
from ..tracing.tracing import float_of

OPERATORS = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.matmul: "@",
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "==",
    np.not_equal: "!=",
    np.bitwise_and: "&",
    np.bitwise_or: "|",
}
OUT_BY_NAME = {np.maximum, np.minimum}  # NumPy warns of theirs by position
SHAPING = {np.reshape: "reshape", np.transpose: "transpose", np.ravel: "ravel", np.squeeze: "squeeze", np.dot: "dot"}
MEANS = (np.mean, method("mean"))
NUMBERS = {0: "zero", 1: "one", 2: "two", 0.5: "half", -1: "minus_one"}
WIDE = 32
EXACT = 1 << 24  # up to here, float32 holds each whole number
REAL = (np.dtype(np.float32), np.dtype(np.float64))


class Speller:
    """Expressions for calls. It collects what they need: names to import, and objects that no text stands for."""

    def __init__(self, name_of: Callable[[Value], str], taken: Taken) -> None:
        self.name_of, self.taken = name_of, taken
        self.imported: set[str] = set()
        self.objects: dict[str, Any] = {}
        self.constants: dict[str, str] = {}  # by their text, their names

    def call(self, instruction: Instruction, out: Value | None = None) -> str:
        """The call of an instruction, whose result goes to `out`."""
        function, args, options = instruction.function, instruction.args, dict(instruction.options)
        given = options.pop("out", None) if isinstance(options.get("out"), Value) else None
        out = given if out is None else out
        if isinstance(function, np.ufunc):
            return self.ufunc(function, args, options, out)
        if isinstance(getattr(function, "__self__", None), np.ufunc) and function.__name__ == "reduce":
            return self.reduction(function, args, options, out)
        if function in MEANS and is_plain_mean(instruction):
            return f"{self.reduction(np.add.reduce, args, {'axis': None}, None)} / {args[0].size}"
        if function is float_of:
            return f"{'complex' if args[0].dtype.kind == 'c' else 'float'}({self.leaf(args[0])})"
        if function is operator.getitem:
            return f"{self.leaf(args[0])}[{self.index(args[1])}]"
        if out is not None:
            options["out"] = out
        first = args[0] if args else None
        name = function.name if isinstance(function, Method) else SHAPING.get(function)
        if name is not None and is_array(first):
            if name == "transpose" and len(args) == 1 and not options:
                return f"{self.leaf(first)}.T"
            if name == "dot" and out is not None:
                args, options = (*args, out), {}
            if name in ("reshape", "ravel") and type(args[-1]) is str:  # the method takes the order by name only
                args, options = args[:-1], {**options, "order": args[-1]}
            return f"{self.leaf(first)}.{name}({self.arguments(args[1:], options)})"
        return f"{self.function(function)}({self.arguments(args, options)})"

    def ufunc(self, function: np.ufunc, args: Any, options: Any, out: Value | None) -> str:
        if function is np.matmul and is_product_of_vectors(args) and not options:
            ending = "" if out is None else f", {self.leaf(out)}"
            return f"{self.leaf(args[0])}.dot({self.leaf(args[1])}{ending})"
        if out is None and not options:
            # Python's own floats have other rules, for a division by 0.
            if function in OPERATORS and len(args) == 2 and any(is_array(each) for each in args):
                return f"{self.operand(args[0])} {OPERATORS[function]} {self.operand(args[1])}"
            if function is np.negative and is_array(args[0]):
                return f"-{self.leaf(args[0])}"
        texts = self.operands(function, args)
        if out is not None:
            texts.append(f"out={self.leaf(out)}" if function in OUT_BY_NAME else self.leaf(out))
        texts += [f"{name}={self.leaf(each)}" for name, each in options.items()]
        return f"{self.function(function)}({', '.join(texts)})"

    def operands(self, function: Any, args: Any) -> list[str]:
        """The operands of a ufunc. NumPy takes an array that holds a number faster than the number."""
        arrays = [each for each in args if isinstance(each, Value)]
        dtypes = {each.dtype for each in arrays}
        plain = any(each.shape for each in arrays) and not any(each.weak for each in arrays)
        # With a single number, these two compute element by element; with a row of it, several at once.
        width = max((each.shape[-1] for each in arrays if each.shape), default=1) if function in OUT_BY_NAME else 1
        texts = []
        for each in args:
            if plain and type(each) in (int, float) and len(dtypes) == 1 and dtypes < set(REAL):
                texts.append(self.constant(each, arrays[0].dtype, width))
            elif plain and isinstance(each, np.generic) and each.dtype in REAL:
                texts.append(self.constant(each.item(), each.dtype))
            else:
                texts.append(self.leaf(each))
        return texts

    def constant(self, number: float, dtype: Any, width: int = 1) -> str:
        """The name of an array that holds one number, once or in a long row."""
        shape = width if width >= WIDE else ()
        text = f"np.full({shape}, {self.leaf(float(number))}, {self.leaf(dtype)})"
        if text not in self.constants:
            base = NUMBERS.get(number, "number") + ("s" if shape else "")
            self.constants[text] = self.taken.another(base, self.imported)
        return self.constants[text]

    def reduction(self, function: Any, args: Any, options: Any, out: Value | None) -> str:
        """With arguments by position, which NumPy takes faster."""
        name = self.function(function)
        if len(args) != 1 or not set(options) <= {"axis", "keepdims", "dtype"}:
            return f"{name}({self.arguments(args, options | ({} if out is None else {'out': out}))})"
        given = [args[0], options.get("axis", 0), options.get("dtype"), out, options.get("keepdims", False)]
        while len(given) > 2 and given[-1] in (None, False):
            given.pop()
        return f"{name}({self.arguments(given, {})})"

    def function(self, function: Any) -> str:
        """The name of a function of NumPy, or one that stands for this function."""
        owner: Any = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            return f"{self.function(owner)}.{function.__name__}"
        name = getattr(function, "__name__", "")
        if getattr(np, name, None) is function:
            if hasattr(builtins, name) or name in self.taken:
                return f"np.{name}"
            self.imported.add(name)
            return str(name)
        for module in ("linalg", "fft"):
            if getattr(getattr(np, module), name, None) is function:
                return f"np.{module}.{name}"
        return self.object(function, name.strip("_<>") or "function")

    def object(self, held: Any, base: str) -> str:
        """A name for an object that is given with the state."""
        for name, known in self.objects.items():
            if known is held:
                return name
        base = base if base.isidentifier() else type(held).__name__
        name = self.taken.another(base, self.imported)
        self.objects[name] = held
        return name

    def arguments(self, args: Any, options: dict[str, Any]) -> str:
        return ", ".join([*map(self.leaf, args), *(f"{name}={self.leaf(each)}" for name, each in options.items())])

    def operand(self, leaf: Any) -> str:
        text = self.leaf(leaf)
        return f"({text})" if text.startswith("-") else text

    def index(self, leaf: Any) -> str:
        """What stands in brackets."""
        if isinstance(leaf, tuple) and leaf:
            return ", ".join(map(self.index_part, leaf)) + ("," if len(leaf) == 1 else "")
        return self.index_part(leaf)

    def index_part(self, leaf: Any) -> str:
        if not isinstance(leaf, slice):
            return self.leaf(leaf)
        start, stop, step = ("" if each is None else self.leaf(each) for each in (leaf.start, leaf.stop, leaf.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def leaf(self, leaf: Any) -> str:
        """A value by its name, a number or a structure as Python has it, or a name for what has no text."""
        kind = type(leaf)
        if kind is Value:
            return self.name_of(leaf)
        if kind is complex and "-0.0" in (repr(leaf.real), repr(leaf.imag)):
            return f"complex({self.leaf(leaf.real)}, {self.leaf(leaf.imag)})"  # -1-0j is -1+0j
        if kind is float or (kind is complex and np.isfinite(leaf)):
            return repr(leaf).replace("inf", "np.inf").replace("nan", "np.nan")
        if leaf is None or kind in (bool, int, str):
            return repr(leaf)
        if leaf is ...:
            return "..."
        if kind is tuple:
            return "(" + ", ".join(map(self.leaf, leaf)) + ("," if len(leaf) == 1 else "") + ")"
        if kind is list:
            return "[" + ", ".join(map(self.leaf, leaf)) + "]"
        if kind is slice:
            return f"slice({self.leaf(leaf.start)}, {self.leaf(leaf.stop)}, {self.leaf(leaf.step)})"
        if kind is dict:
            return "{" + ", ".join(f"{name!r}: {self.leaf(each)}" for name, each in leaf.items()) + "}"
        if isinstance(leaf, np.generic) and leaf.dtype.kind in "biuf" and leaf.dtype.itemsize <= 8:
            return f"np.{leaf.dtype.name if leaf.dtype.kind != 'b' else 'bool'}({self.leaf(leaf.item())})"
        if isinstance(leaf, np.dtype) and leaf.kind in "biufc" and leaf.isnative:
            return f"np.{leaf.name}"
        name = str(getattr(leaf, "__name__", ""))
        if isinstance(leaf, type) and getattr(np, name, None) is leaf:
            return f"np.{name}"
        if isinstance(leaf, type) and getattr(builtins, name, None) is leaf:
            return name
        return self.object(leaf, kind.__name__.lower())


def is_plain_mean(instruction: Instruction) -> bool:
    """Whether a mean is one number, that the sum divided by the size gives to the last bit."""
    array, result = instruction.args[0], instruction.results[0]
    whole = len(instruction.args) == 1 and instruction.options in ({}, {"axis": None}) and isinstance(array, Value)
    return whole and array.dtype in REAL and result.scalar and array.dtype == result.dtype and 0 < array.size < EXACT


def is_array(leaf: Any) -> bool:
    """Whether an argument is an array, or a number of NumPy."""
    return isinstance(leaf, Value) and not leaf.weak


def is_product_of_vectors(args: Any) -> bool:
    """Whether both are vectors without gaps, whose product `dot` computes in the same way, with less ado."""
    return all(
        isinstance(each, Value) and len(each.shape) == 1 and each.contiguous and each.dtype in REAL for each in args
    ) and (args[0].dtype == args[1].dtype)


class Taken:
    """The names that have a meaning already; `another` finds one that has none, and takes it."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = set(names)
        self.next: dict[str, int] = {}  # the first number that a base may not have been given

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def another(self, base: str, others: Container[str] = ()) -> str:
        """The name itself, or with the first number that makes it another, and none of the others either."""
        name = base
        if base in self.names or base in others:
            base += "_" * base[-1].isdigit()
            number = self.next.get(base, 2)
            while (name := f"{base}{number}") in self.names or name in others:
                number += 1
            self.next[base] = number + 1
        self.names.add(name)
        return name
