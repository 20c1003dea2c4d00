"""The rules of primitives as formulas, in the letters of their records: "g · (1 − y²)".

A formula is the record's own, or is read from the source of the rule, so that it is always what is computed.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import re
from functools import lru_cache
from types import FunctionType
from typing import Any

from ...engine.primitive import Primitive
from ..written.numbers import short

# How tightly the parts of a text hold together.
CHOICE, SUM, PRODUCT, POWER, ATOM = range(5)
FUNCTIONS = {"log": "ln", "sqrt": "√", "conjugate": "conj"}
COMPARISONS = {ast.Eq: "=", ast.NotEq: "≠", ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥"}
SUPERSCRIPTS = {2: "²", 3: "³"}
INFIX = {"×": " · ", "÷": " / "}

Text = tuple[str, int]  # and how tightly it holds together
Definition = ast.Lambda | ast.FunctionDef


class UnreadableError(Exception):
    """Of a rule that is no expression which a formula can show."""


def formula(primitive: Primitive, place: int) -> str:
    """What the rule for an argument computes; "" if it is no plain expression, and the record has no formula."""
    known = primitive.formulas.get(primitive.args[place])
    if known is not None:
        return known
    rule = primitive.rules[place]
    try:
        return text_of_rule(rule.function)[0] if rule else ""
    except UnreadableError:
        return ""


def formula_of_result(primitive: Primitive) -> str:
    """What the primitive computes: "a + b", "tanh(x)"."""
    args, symbol = primitive.args, primitive.symbol or primitive.name
    if "y" in primitive.formulas:
        return primitive.formulas["y"]
    if len(args) == 2 and not re.search(r"\w", symbol):
        return f"{args[0]}{INFIX.get(symbol, f' {symbol} ')}{args[1]}"
    symbol = symbol.replace("ˣ", "^(x)")
    if args == ("x",) and re.search(r"(?<![A-Za-z])x(?![A-Za-z\u0304])", symbol):
        return symbol
    return f"{symbol if symbol.isalpha() and symbol.isascii() else last_name(primitive.name)}({', '.join(args)})"


def text_of_rule(function: Any) -> Text:
    """The text of what a function of one expression returns, in the names of its parameters."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    return Reading(function, {name: (name, ATOM) for name in names if name not in ("in_shape", "shapes")}).body()


class Reading:
    """The reading of one function, with a text for each of its parameters."""

    def __init__(self, function: FunctionType, texts: dict[str, Text]) -> None:
        self.function, self.texts = function, texts

    def body(self) -> Text:
        found = definition(self.function)
        if isinstance(found, ast.Lambda):
            return self.text(found.body)
        last = found.body[-1]
        if len(found.body) > 2 or not isinstance(last, ast.Return) or last.value is None:
            raise UnreadableError
        return self.text(last.value)

    def text(self, node: ast.AST) -> Text:
        match node:
            case ast.Name(id=name):
                return self.name(name)
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return short(number), ATOM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return "−" + self.inside(operand, PRODUCT), SUM
            case ast.BinOp():
                return self.binary(node)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                return f"{self.inside(left, SUM)} {COMPARISONS[type(op)]} {self.inside(right, SUM)}", CHOICE
            case ast.Call(func=function, args=args, keywords=[]):
                return self.call(self.known(function), args)
        raise UnreadableError

    def inside(self, node: ast.AST, least: int) -> str:
        """A part of a text, in brackets if it is looser than the least."""
        text, strength = self.text(node)
        return text if strength >= least else f"({text})"

    def name(self, name: str) -> Text:
        if name in self.texts:
            return self.texts[name]
        value = self.value(name)
        if not isinstance(value, float):
            raise UnreadableError
        return short(value), ATOM

    def value(self, name: str) -> Any:
        """What a name means that is no parameter."""
        cells = dict(zip(self.function.__code__.co_freevars, self.function.__closure__ or ()))
        return cells[name].cell_contents if name in cells else self.function.__globals__.get(name)

    def known(self, node: ast.AST) -> Any:
        match node:
            case ast.Name(id=name) if name not in self.texts:
                return self.value(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if inspect.ismodule(self.value(name)):
                return getattr(self.value(name), attribute)
        return None

    def binary(self, node: ast.BinOp) -> Text:
        match node.op:
            case ast.Add():
                return f"{self.inside(node.left, SUM)} + {self.inside(node.right, SUM)}", SUM
            case ast.Sub():
                return f"{self.inside(node.left, SUM)} − {self.inside(node.right, PRODUCT)}", SUM
            case ast.Mult():
                return self.product(node)
            case ast.Div():
                left, strength = self.text(node.left)
                left = left if is_factor(left, strength) else f"({left})"
                return f"{left} / {self.inside(node.right, POWER)}", PRODUCT
            case ast.Pow():
                exponent = self.text(node.right)[0]
                raised = {"2": "²", "3": "³"}.get(exponent) or f"^({exponent})"
                return self.inside(node.left, ATOM) + raised, POWER
        raise UnreadableError

    def product(self, node: ast.BinOp) -> Text:
        """Factors with dots between them; of equal ones, the power."""
        texts: list[tuple[str, int]] = []
        for number, factor in enumerate(factors(node)):
            text, strength = self.text(factor)
            is_first = not number and is_factor(text, strength)
            is_signed = number > 0 and text.startswith("−")
            text = text if is_first or (strength >= PRODUCT and not is_signed) else f"({text})"
            times = texts.pop()[1] + 1 if texts and texts[-1][0] == text and strength == ATOM else 1
            texts.append((text, times))
        first_is_negative = texts[0][0].startswith("−")
        joined = " · ".join(text + ("" if n == 1 else SUPERSCRIPTS.get(n, f"^({n})")) for text, n in texts)
        return joined, POWER if len(texts) == 1 else SUM if first_is_negative else PRODUCT

    def call(self, function: Any, args: list[ast.expr]) -> Text:
        if isinstance(function, FunctionType) and function.__module__.startswith(__package__.partition(".")[0]):
            names = function.__code__.co_varnames[: function.__code__.co_argcount]
            if len(names) != len(args):
                raise UnreadableError
            return Reading(function, dict(zip(names, map(self.text, args)))).body()
        name = getattr(function, "__name__", "")
        if name == "where" and len(args) == 3:
            condition, a, b = (self.inside(each, least) for each, least in zip(args, (CHOICE, SUM, SUM)))
            return f"{a} where {condition}, else {b}", CHOICE
        if name == "square":
            return self.inside(args[0], ATOM) + "²", POWER
        inside = ", ".join(self.text(each)[0] for each in args)
        if name == "exp":
            return f"e^({inside})", POWER
        if not name or not (isinstance(function, Primitive) or getattr(function, "nin", 0) == len(args)):
            raise UnreadableError
        symbol = getattr(function, "symbol", "") or ""
        return f"{symbol if symbol.isalpha() else FUNCTIONS.get(name, last_name(name))}({inside})", ATOM


def last_name(name: str) -> str:
    """A name without the module that it is in."""
    return name.rpartition(".")[2]


def is_factor(text: str, strength: int) -> bool:
    """Whether a text can stand first in a product: also −g, whose sign is then that of the product."""
    return strength >= PRODUCT or (text.startswith("−") and not re.search(r" [+−] ", text))


def factors(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return factors(node.left) + factors(node.right)
    return [node]


# -- where a function is written --------------------------------------------------------------------------


@lru_cache(maxsize=256)
def definitions(source: str) -> dict[int, list[Definition]]:
    """The functions in the text of a file, by the line that they begin at."""
    found: dict[int, list[Definition]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Definition):
            decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
            line = min([node.lineno, *(each.lineno for each in decorators)])
            found.setdefault(line, []).append(node)
    return found


def definition(function: FunctionType) -> Definition:
    """Where a function is written in its file. Of several lambdas in a line, it is told by its place there."""
    code = function.__code__
    source = "".join(linecache.getlines(code.co_filename, function.__globals__))
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    try:
        same = definitions(source).get(code.co_firstlineno, [])
    except SyntaxError:
        same = []
    same = [each for each in same if tuple(a.arg for a in each.args.args + each.args.kwonlyargs) == names]
    if len(same) > 1:
        spans = set(code.co_positions())
        same = [each for each in same if isinstance(each, ast.Lambda) and span(each.body) in spans]
    if len(same) != 1:
        raise UnreadableError
    return same[0]


def span(node: ast.expr) -> tuple[int | None, int | None, int | None, int | None]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
