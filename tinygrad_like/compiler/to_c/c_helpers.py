"""C functions that expressions call, written once for each type that needs them."""

from __future__ import annotations

import re

from .c_math import functions

INTEGER = """\
INLINE {t} floor_divide_{n}({t} a, {t} b)
{{
    if (b == 0) return 0;
    {guard}
    {t} q = ({t})(a / b);
    return {floor};
}}
"""
INTEGER_REST = """\
INLINE {t} remainder_{n}({t} a, {t} b)
{{
    if (b == 0{minus}) return 0;
    {t} r = ({t})(a % b);
    return {rest};
}}
"""
FLOAT_DIVIDE = """\
INLINE {t} floor_divide_{n}({t} a, {t} b)
{{
    if (b == 0) return a / b;
    {t} r = fmod{f}(a, b), q = (a - r) / b;
    if (r != 0 && (b < 0) != (r < 0)) q -= 1;
    if (q == 0) return copysign{f}(0, a / b);
    {t} w = floor{f}(q);
    return q - w > ({t})0.5 ? w + 1 : w;
}}
"""
FLOAT_REST = """\
INLINE {t} remainder_{n}({t} a, {t} b)
{{
    {t} r = fmod{f}(a, b);
    if (b == 0) return r;
    if (r == 0) return copysign{f}(0, b);
    return (b < 0) != (r < 0) ? r + b : r;
}}
"""
LOGADDEXP = """\
INLINE {t} logaddexp_{n}({t} a, {t} b)
{{
    if (a == b) return a + ({t})0.6931471805599453;
    {t} d = a - b;
    return d > 0 ? a + log1p_{n}(exp_{n}(-d)) : d <= 0 ? b + log1p_{n}(exp_{n}(d)) : d;
}}
"""
# C does not say what becomes of a number that is too large, or of NaN: compilers then leave out tests of an index.
TRUNCATED = """\
INLINE {kind}_t {kind}_of_{n}({t} x)
{{
    return x >= -{limit} && x < {limit} ? ({kind}_t)x : {least};
}}
"""
TRUNCATION = re.compile(r"\b(int32|int64)_of_(float32|float64)\(")
CALL = re.compile(r"\b(floor_divide|remainder|logaddexp)_((u?)int(\d+)|float(\d+))\(")


def helpers(text: str) -> str:
    """The functions that a text calls."""
    found = []
    for name, kind, unsigned, bits, float_bits in sorted(set(CALL.findall(text))):
        if float_bits:
            template = {"floor_divide": FLOAT_DIVIDE, "remainder": FLOAT_REST, "logaddexp": LOGADDEXP}[name]
            names = {"t": "float" if float_bits == "32" else "double", "f": "f" if float_bits == "32" else ""}
        else:
            template = INTEGER if name == "floor_divide" else INTEGER_REST
            t, signed = f"{kind}_t", not unsigned
            names = {
                "t": t,
                "guard": f" if (b == -1) return ({t})(0 - (uint{bits}_t)a);" if signed else "",
                "minus": " || b == -1" if signed else "",
                "floor": f"({t})(q - (a % b != 0 && (a < 0) != (b < 0)))" if signed else "q",
                "rest": f"r != 0 && (r < 0) != (b < 0) ? ({t})(r + b) : r" if signed else "r",
            }
        found.append(template.format(n=kind, **names))
    for kind, n in sorted(set(TRUNCATION.findall(text))):
        limit = f"{2.0 ** (31 if kind == 'int32' else 63)}{'f' if n == 'float32' else ''}"
        t, least = "float" if n == "float32" else "double", f"{kind.upper()}_MIN"
        found.append(TRUNCATED.format(kind=kind, n=n, t=t, limit=limit, least=least))
    own = "\n".join(found)
    return "\n".join(filter(None, (functions(text + own), own)))
