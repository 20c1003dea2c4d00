"""exp, log and their like in C, without branches, so that loops that call them become vector code.

The polynomials were fitted for this module, in 60 digits, to errors far below those of rounding. Results are within 2
units in the last place, also for denormal numbers; infinities, NaN and overflow are as NumPy has them.
"""

from __future__ import annotations

import re

from ...primitives.error_function import FAR, NEAR

# With -O3, gcc takes a minimum of two numbers in one instruction, but not if it knows one of them.
LIMIT = """\
#if defined(VECTOR_CODE) && defined(__ELF__)
#define LIMIT __attribute__((visibility("hidden")))
#else
#define LIMIT static const
#endif
"""
FUSED = """\
#ifdef FP_FAST_FMA{F}
#define FUSED_{n}(a, b, c) fma{f}(a, b, c)
#else
#define FUSED_{n}(a, b, c) ((a) * (b) + (c))
#endif
INLINE {t} from_bits_{n}({u} bits)
{{
    {t} x;
    memcpy(&x, &bits, sizeof x);
    return x;
}}
INLINE {u} bits_of_{n}({t} x)
{{
    {u} bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}}
"""
# x = k ln 2 + r, where k is rounded by adding a number so large that no fraction is left.
SPLIT = """\
    const {t} shifted = FUSED_{n}(x, {per_ln2}, {round});
    const {t} k = shifted - {round};
    const {t} r = FUSED_{n}(k, -{low}, FUSED_{n}(k, -{high}, x));
"""
# exp(r) - 1. Parts of the sum are computed side by side.
CURVE = """\
    const {t} square = r * r{fourth};
{parts}\
    const {t} curve = FUSED_{n}({sum}, square, r);
"""
EXP = """\
INLINE {t} exp_{n}({t} given)
{{
    {t} x = most_{n} < given ? most_{n} : given;
    x = x < least_{n} ? least_{n} : x;
{split}\
{curve}\
    /* 2^k in two factors, of which neither overflows */
    const {u} n = bits_of_{n}(shifted), half = n >> 1;
    const {t} factor = from_bits_{n}((half << {digits}) + ({bias} << {digits}));
    return FUSED_{n}(curve, factor, factor) * from_bits_{n}(((n - half) << {digits}) + ({bias} << {digits}));
}}
"""
NORMAL = """\
/* exp, where the result is an ordinary number */
INLINE {t} exp_normal_{n}({t} x)
{{
{split}\
{curve}\
    const {t} factor = from_bits_{n}((bits_of_{n}(shifted) << {digits}) + ({bias} << {digits}));
    return FUSED_{n}(curve, factor, factor);
}}
"""
EXPM1 = """\
INLINE {t} expm1_{n}({t} given)
{{
    {t} x = most_{n} < given ? most_{n} : given;
    x = x < {least1} ? {least1} : x;
{split}\
{polynomial}\
    const {t} y = FUSED_{n}(p, r * r, r);
    /* 2^k (y + 1) - 1; 2^(k - 1) does not overflow */
    const {t} half = from_bits_{n}((bits_of_{n}(shifted) << {digits}) + (({bias} - 1) << {digits}));
    const {t} z = (FUSED_{n}(y, half, half - {point5})) * 2;
    return given == 0 ? given : z;
}}
"""
LOG = """\
INLINE {t} log_{n}({t} x)
{{
    const int tiny = x < {smallest};
    const {u} bits = bits_of_{n}(tiny ? x * {up} : x);
    /* x = 2^k (1 + f), where 1 + f is between the root of 1/2 and that of 2 */
    const {u} moved = bits + {moved};
    const {t} k = {exponent} - (tiny ? {bias_tiny} : {bias_plain});
    const {t} f = from_bits_{n}((moved & {mask}) + {root}) - 1;
    const {t} s = f / (2 + f), z = s * s;
{log_polynomial}\
    const {t} square = f * f * {point5};
    const {t} y = k * {high} - ((square - (s * (square + p * z) + k * {low})) - f);
    const {t} above = x > {largest} ? x : y;
    return x > 0 ? above : (x == 0 ? -{infinity} : {nan});
}}
"""
LOG1P = """\
INLINE {t} log1p_{n}({t} x)
{{
    const {t} u = 1 + x;
    const {t} y = log_{n}(u) + (x - (u - 1)) / u;
    return x == 0 || u > {largest} ? x : (u == 0 ? -{infinity} : y);
}}
"""
TANH = """\
INLINE {t} tanh_{n}({t} x)
{{
    const {t} size = fabs{f}(x), z = x * x;
{tanh_polynomial}\
    const {t} near = FUSED_{n}(p * z, x, x);
    const {t} bound = end_tanh_{n} < size ? end_tanh_{n} : size;
    const {t} far = 1 - 2 / (exp_normal_{n}(2 * bound) + 1);
    return copysign{f}(size < {near} ? near : far, x);
}}
"""
ERF = """\
INLINE {t} erf_{n}({t} x)
{{
    const {t} size = fabs{f}(x);
    const {t} small = size < {point5} ? size : {point5}, z = small * small;
    const {t} t = size < {point5} ? {point5} : (end_erf_{n} < size ? end_erf_{n} : size);
{erf_polynomials}\
    const {t} near = FUSED_{n}(small, a / b, small);
    const {t} far = 1 - exp_{n}(FUSED_{n}(-t, t, c / d));
    return copysign{f}(size >= {point5} ? far : (size != size ? size : near), x);
}}
"""
ERF_SINGLE = """\
INLINE float erf_float32(float x)
{{
    /* 1 - exp(-x x) far(|x|); the derivative of erf needs the same exp */
    const float size = fabsf(x), z = x * x;
    const float bound = end_erf_float32 < size ? end_erf_float32 : size;
{erf_polynomials}\
    const float above = copysignf(FUSED_float32(-exp_float32(-z), far, 1.0f), x);
    return size >= 1.0625f ? above : FUSED_float32(x, near, x);
}}
"""
EXP_TERMS = (
    *(0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326112, 0.001388888888888373, 0.0001984126987490126),
    *(2.4801587325605324e-05, 2.7557255297969643e-06, 2.755727357010214e-07, 2.5105259538448494e-08),
    2.0914717341716378e-09,
)
EXP_TERMS_SINGLE = 0.49999994, 0.1666652, 0.0416684, 0.008368852, 0.0013814318
TANH_TERMS = (
    *(-0.3333333333333333, 0.13333333333332392, -0.0539682539670594, 0.021869488476962563, -0.008863234021529514),
    *(0.003592105532132769, -0.0014556239774192678, 0.0005887537111834804, -0.00023410556936672797),
    *(8.426522203958066e-05, -2.0026740085317684e-05),
)
TANH_TERMS_SINGLE = -0.3333333, 0.13333073, -0.053901754, 0.021263354, -0.0065255724
# erf(x) / x - 1 by x²; and (1 - erf(x)) exp(x²), from 1.0625 to 3.83, by x.
ERF_NEAR_SINGLE = (
    *(0.12837917, -0.37612614, 0.11283429, -0.026846929, 0.0051747295, -0.0007887062),
    7.437695e-05,
)
ERF_FAR_SINGLE = (
    *(0.97226685, -0.9866869, 0.677544, -0.3142743, 0.09357547, -0.016041778),
    0.001197695,
)
LOG_TERMS = (
    *(0.666666666666667, 0.3999999999989827, 0.2857142862653362, 0.22222211043776857, 0.18182895750119193),
    *(0.1533150161114533, 0.1461916613488797),
)
LOG_TERMS_SINGLE = 0.6666667, 0.40000123, 0.28550735, 0.23332763
DOUBLE = {
    "t": "double",
    "n": "float64",
    "f": "",
    "F": "",
    "u": "uint64_t",
    "per_ln2": "1.4426950408889634",
    "round": "6755399441055744.0",
    "high": "0.6931471675634384",
    "low": "1.2996506893889889e-08",
    "most": "710.0",
    "least": "-746.0",
    "least1": "-40.0",
    "bias": "UINT64_C(1023)",
    "digits": "52",
    "point5": "0.5",
    "near": "0.5625",
    "end_tanh": "22",
    "end_erf": "6.0",
    "smallest": "DBL_MIN",
    "largest": "DBL_MAX",
    "up": "18014398509481984.0",
    "moved": "UINT64_C(0x00095f619980c433)",
    "mask": "UINT64_C(0x000fffffffffffff)",
    "root": "UINT64_C(0x3fe6a09e667f3bcd)",
    "exponent": "from_bits_float64((moved >> 52) | UINT64_C(0x4330000000000000))",
    "bias_plain": "4503599627371519.0",
    "bias_tiny": "4503599627371573.0",
    "infinity": "(double)INFINITY",
    "nan": "(double)NAN",
}
SINGLE = {
    "t": "float",
    "n": "float32",
    "f": "f",
    "F": "F",
    "u": "uint32_t",
    "per_ln2": "1.44269504f",
    "round": "12582912.0f",
    "high": "0.69140625f",
    "low": "0.0017409306f",
    "most": "89.0f",
    "least": "-104.0f",
    "least1": "-18.0f",
    "bias": "UINT32_C(127)",
    "digits": "23",
    "point5": "0.5f",
    "near": "0.5625f",
    "end_tanh": "22",
    "end_erf": "3.83f",
    "smallest": "FLT_MIN",
    "largest": "FLT_MAX",
    "up": "33554432.0f",
    "moved": "UINT32_C(0x004afb0d)",
    "mask": "UINT32_C(0x007fffff)",
    "root": "UINT32_C(0x3f3504f3)",
    "exponent": "(float)(int32_t)(moved >> 23)",
    "bias_plain": "127.0f",
    "bias_tiny": "152.0f",
    "infinity": "INFINITY",
    "nan": "NAN",
}
TEMPLATES = {"exp": EXP, "exp_normal": NORMAL, "expm1": EXPM1, "log": LOG, "log1p": LOG1P, "tanh": TANH, "erf": ERF}
NEEDS = {"erf": ("exp",), "log1p": ("log",), "tanh": ("exp_normal",)}
CALL = re.compile(r"\b(exp|expm1|log|log1p|tanh|erf)_(float32|float64)\(")


def horner(terms: tuple[float, ...], x: str, single: bool, p: str = "p") -> str:
    """Lines that compute p = the sum of terms[k] x^k."""
    kind, name, suffix = ("float", "float32", "f") if single else ("double", "float64", "")
    lines = [f"    {kind} {p} = {terms[-1]!r}{suffix};"]
    lines += [f"    {p} = FUSED_{name}({p}, {x}, {each!r}{suffix});" for each in terms[-2::-1]]
    return "\n".join(lines) + "\n"


def in_parts(terms: tuple[float, ...], single: bool) -> dict[str, str]:
    """The sum of terms[k] r^k, as a sum of parts times powers of r² (or r⁴, in float64)."""
    kind, name, suffix = ("float", "float32", "f") if single else ("double", "float64", "")
    width, power = (2, "square") if single else (4, "fourth")
    lines, total = [], ""
    for i in range(0, len(terms), width):
        texts = [f"{each!r}{suffix}" for each in terms[i : i + width]]
        pairs = [
            f"FUSED_{name}({pair[1]}, r, {pair[0]})" if pair[1:] else pair[0] for pair in (texts[:2], texts[2:]) if pair
        ]
        part = f"FUSED_{name}({pairs[1]}, square, {pairs[0]})" if pairs[1:] else pairs[0]
        lines.append(f"    const {kind} part{i // width} = {part};\n")
    for i in range(len(lines) - 1, -1, -1):
        total = f"FUSED_{name}({total}, {power}, part{i})" if total else f"part{i}"
    return {"parts": "".join(lines), "sum": total, "fourth": "" if single else ", fourth = square * square"}


def pieces(names: dict[str, str], single: bool) -> dict[str, str]:
    """What the templates of a type have in common: how an argument is split, and the polynomials."""
    terms = EXP_TERMS_SINGLE if single else EXP_TERMS
    found = {
        "split": SPLIT.format(**names),
        "polynomial": horner(terms, "r", single),
        "tanh_polynomial": horner(TANH_TERMS_SINGLE if single else TANH_TERMS, "z", single),
        "log_polynomial": horner(LOG_TERMS_SINGLE if single else LOG_TERMS, "z", single),
    }
    found["curve"] = CURVE.format(**names, **in_parts(terms, single))
    quotients = (*zip(NEAR, "zz", "ab"), *zip(FAR, "tt", "cd"))
    single_erf = ((ERF_NEAR_SINGLE, "z", "near"), (ERF_FAR_SINGLE, "bound", "far"))
    polynomials = single_erf if single else quotients
    found["erf_polynomials"] = "".join(horner(terms, x, single, name) for terms, x, name in polynomials)
    return found


def functions(text: str) -> str:
    """The functions that a text calls, in order."""
    called = set(CALL.findall(text))
    called |= {(each, kind) for name, kind in called for each in NEEDS.get(name, ())}
    found = []
    for kind, names in (("float32", SINGLE), ("float64", DOUBLE)):
        wanted = [name for name in TEMPLATES if (name, kind) in called]
        if wanted or f"FUSED_{kind}(" in text:
            own = pieces(names, kind == "float32")
            texts = [(ERF_SINGLE if (name, kind) == ("erf", "float32") else TEMPLATES[name]) for name in wanted]
            written = [each.format(**names, **own) for each in texts]
            found += [FUSED.format(**names), limits(names, "\n".join(written)), *written]
    return "\n".join([LIMIT, *found] if found else [])


def limits(names: dict[str, str], text: str) -> str:
    """The bounds of arguments that functions name."""
    found = [f"{each}_{names['n']}" for each in ("most", "least", "end_tanh", "end_erf")]
    lines = [f"LIMIT {names['t']} {each} = {names[each.rpartition('_')[0]]};\n" for each in found if each in text]
    return "".join(lines)
