"""The table from NumPy's elementwise functions to C expressions.

{0}, {1} and {2} stand for the operands, {t} for the C type that they are computed in, {u} for the unsigned type of its
size, {f} for the suffix of C's functions of it, {n} for its name and {bits} for its size. Kinds of operands: f (float),
i (signed), u (unsigned), b (bool).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .c_types import c_type, known

Table = dict[str, str]


def same(template: str, kinds: str = "fiub") -> Table:
    return dict.fromkeys(kinds, template)


def wrapping(sign: str) -> Table:
    """An operation that is exact for floats, and wraps around for integers."""
    return {"f": f"{{0}} {sign} {{1}}"} | same(f"({{t}})(({{u}}){{0}} {sign} ({{u}}){{1}})", "iu")


def function(name: str, operands: int = 1) -> Table:
    """One of C's functions of floats."""
    return {"f": f"{name}{{f}}({', '.join(f'{{{i}}}' for i in range(operands))})"}


def helper(name: str, operands: int = 2) -> Table:
    """One of the functions in c_helpers.py, which exist for each type of integer and float."""
    return same(f"{name}_{{n}}({', '.join(f'{{{i}}}' for i in range(operands))})", "fiu")


EXPRESSIONS: dict[Any, Table] = {
    np.add: wrapping("+") | {"b": "{0} | {1}"},
    np.subtract: wrapping("-"),
    np.multiply: wrapping("*") | {"b": "{0} & {1}"},
    np.divide: {"f": "{0} / {1}"},
    np.negative: {"f": "-{0}"} | same("({t})(({u})0 - ({u}){0})", "iu"),
    np.positive: same("{0}", "fiu"),
    np.conjugate: same("{0}", "fiu"),
    np.square: {"f": "{0} * {0}"} | same("({t})(({u}){0} * ({u}){0})", "iu"),
    np.reciprocal: {"f": "1 / {0}"},
    np.absolute: {"f": "fabs{f}({0})", "i": "{0} < 0 ? ({t})(({u})0 - ({u}){0}) : {0}", "u": "{0}", "b": "{0}"},
    np.fabs: function("fabs"),
    np.sign: {"f": "{0} > 0 ? 1 : ({0} < 0 ? -1 : ({0} == 0 ? 0 : {0}))", "i": "({0} > 0) - ({0} < 0)", "u": "{0} > 0"},
    np.floor_divide: helper("floor_divide"),
    np.remainder: helper("remainder"),
    np.fmod: {
        "f": "fmod{f}({0}, {1})",
        "i": "{1} == 0 || {1} == -1 ? 0 : ({t})({0} % {1})",
        "u": "{1} == 0 ? 0 : ({t})({0} % {1})",
    },
    np.power: function("pow", 2),
    np.float_power: function("pow", 2),
    np.sqrt: function("sqrt"),
    np.hypot: function("hypot", 2),
    np.arctan2: function("atan2", 2),
    np.copysign: function("copysign", 2),
    np.nextafter: function("nextafter", 2),
    np.maximum: {"f": "{0} >= {1} ? {0} : ({0} != {0} ? {0} : {1})"} | same("{0} >= {1} ? {0} : {1}", "iub"),
    np.minimum: {"f": "{0} <= {1} ? {0} : ({0} != {0} ? {0} : {1})"} | same("{0} <= {1} ? {0} : {1}", "iub"),
    np.fmax: {"f": "{0} >= {1} ? {0} : ({1} != {1} ? {0} : {1})"} | same("{0} >= {1} ? {0} : {1}", "iub"),
    np.fmin: {"f": "{0} <= {1} ? {0} : ({1} != {1} ? {0} : {1})"} | same("{0} <= {1} ? {0} : {1}", "iub"),
    np.heaviside: {"f": "{0} > 0 ? 1 : ({0} < 0 ? 0 : ({0} == 0 ? {1} : {0}))"},
    np.deg2rad: {"f": "{0} * ({t})0.017453292519943295"},
    np.rad2deg: {"f": "{0} * ({t})57.29577951308232"},
    np.radians: {"f": "{0} * ({t})0.017453292519943295"},
    np.degrees: {"f": "{0} * ({t})57.29577951308232"},
    np.logaddexp: helper("logaddexp"),
    np.equal: same("{0} == {1}"),
    np.not_equal: same("{0} != {1}"),
    np.less: same("{0} < {1}"),
    np.less_equal: same("{0} <= {1}"),
    np.greater: same("{0} > {1}"),
    np.greater_equal: same("{0} >= {1}"),
    np.isnan: {"f": "{0} != {0}"} | same("0", "iub"),
    np.isinf: {"f": "fabs{f}({0}) > {largest}"} | same("0", "iub"),
    np.isfinite: {"f": "fabs{f}({0}) <= {largest}"} | same("1", "iub"),
    np.signbit: {"f": "signbit({0}) != 0"},
    np.logical_and: same("({0} != 0) & ({1} != 0)"),
    np.logical_or: same("({0} != 0) | ({1} != 0)"),
    np.logical_xor: same("({0} != 0) ^ ({1} != 0)"),
    np.logical_not: same("{0} == 0"),
    np.bitwise_and: same("{0} & {1}", "iub"),
    np.bitwise_or: same("{0} | {1}", "iub"),
    np.bitwise_xor: same("{0} ^ {1}", "iub"),
    np.invert: same("({t})~{0}", "iu") | {"b": "!{0}"},
    np.left_shift: same("({u}){1} < {bits} ? ({t})(({u}){0} << {1}) : 0", "iu"),
    np.right_shift: {
        "i": "({u}){1} < {bits} ? ({t})({0} >> {1}) : ({t})-({0} < 0)",
        "u": "{1} < {bits} ? ({t})({0} >> {1}) : 0",
    },
    np.floor: function("floor") | same("{0}", "iub"),
    np.ceil: function("ceil") | same("{0}", "iub"),
    np.trunc: function("trunc") | same("{0}", "iub"),
    np.rint: function("rint"),
}
NAMES: dict[Any, str] = {np.arcsin: "asin", np.arccos: "acos", np.arctan: "atan"}
NAMES |= {np.arcsinh: "asinh", np.arccosh: "acosh", np.arctanh: "atanh"}
LIBRARY = ["exp2", "log2", "log10", "cbrt", "sin", "cos", "tan", "sinh", "cosh"]
OWN = ["exp", "expm1", "log", "log1p", "tanh"]  # those of c_math.py, which become vector code
NAMES |= {getattr(np, name): name for name in LIBRARY}
EXPRESSIONS |= {ufunc: function(name) for ufunc, name in NAMES.items()}
EXPRESSIONS |= {getattr(np, name): {"f": f"{name}_{{n}}({{0}})"} for name in OWN}

# Shorter, where the second operand is a number that is not NaN.
BESIDE_NUMBER = {
    EXPRESSIONS[np.maximum]["f"]: "{1} > {0} ? {1} : {0}",
    EXPRESSIONS[np.minimum]["f"]: "{1} < {0} ? {1} : {0}",
}

CHEAP = frozenset(
    {np.add, np.subtract, np.multiply, np.negative, np.absolute, np.maximum, np.minimum, np.equal, np.not_equal}
    | {
        np.less,
        np.less_equal,
        np.greater,
        np.greater_equal,
        np.isnan,
        np.isinf,
        np.isfinite,
        np.bitwise_and,
        np.bitwise_or,
    }
    | {np.logical_and, np.logical_or, np.logical_not, np.sign, np.square}
)
LARGEST = {4: "FLT_MAX", 8: "DBL_MAX"}


def expression(ufunc: Any, types: tuple[Any, ...], constants: tuple[Any, ...]) -> str | None:
    """The template of a ufunc for operands of these types, or None. `constants` has the operands that are numbers."""
    dtype = types[0]
    if not all(map(known, types)) or any(each.kind != dtype.kind for each in types):
        return None
    template = power(dtype, constants[1]) if ufunc is np.power else EXPRESSIONS.get(ufunc, {}).get(dtype.kind)
    return None if template is None else filled(template, dtype)


def power(dtype: Any, exponent: Any) -> str | None:
    """Powers: the common ones are products and roots, and integers only have those."""
    if exponent is not None and exponent in (0, 1, 2):
        return {0: "1", 1: "{0}", 2: EXPRESSIONS[np.square].get(dtype.kind)}[int(exponent)]
    if exponent is not None and exponent in (3, 4) and dtype.kind == "f":
        return {3: "{0} * {0} * {0}", 4: "({0} * {0}) * ({0} * {0})"}[int(exponent)]
    if dtype.kind != "f":
        return None
    if exponent is not None and exponent in (-1, 0.5):
        return "sqrt{f}({0})" if exponent == 0.5 else "1 / {0}"
    return "pow{f}({0}, {1})"


def filled(template: str, dtype: Any) -> str:
    """The template with the names of a type; the places of the operands stay."""
    unsigned = f"uint{max(32, 8 * dtype.itemsize)}_t"
    names = {"t": c_type(dtype), "u": unsigned, "f": "f" if dtype.itemsize == 4 else "", "n": dtype.name}
    names |= {"bits": str(8 * dtype.itemsize), "largest": LARGEST.get(dtype.itemsize, "")}
    for name, text in names.items():
        template = template.replace(f"{{{name}}}", text)
    return template
