"""Write docs/primitives.md, the table of all primitives, from the registry: `python -m docs.make_primitives`."""

import pathlib

import tinygrad_like  # noqa: F401  (fills the registry)
from tinygrad_like.engine.registry import NUMPY, REGISTRY

KINDS = {
    "elementwise": "each output element depends on the same element of each (broadcast) input",
    "multilinear": "linear in each array argument by itself",
    "reduction": "over axes, not linear",
    "general": "everything else",
    "constant": "the derivative is zero, so nothing is recorded",
}
HEAD = """# All primitives

Everything that is recorded and differentiated is one of these, or composed of them. The table is made from the
registry. "Kept" is what a derivative rule names, and so what stays in memory until `backward()`.
"""


def kept(primitive):
    names = {name for rule in primitive.rules if rule for name in rule.wants}
    order = [*primitive.args, "y"]
    return ", ".join(f"`{name}`" for name in order if name in names) or "nothing"


def rows(kind):
    for name in sorted(REGISTRY):
        primitive = REGISTRY[name]
        if primitive.kind == kind:
            args = ", ".join(primitive.args) if not primitive.variadic else "arrays"
            options = "".join(f", {option}" for option in primitive.defaults)
            symbol = (primitive.symbol or "").replace("|", "\\|")
            yield f"| `{name}({args}{options})` | {symbol} | {kept(primitive)} |"


def composites():
    functions = [f for f, made in NUMPY.items() if made not in REGISTRY.values()]
    names = sorted(f"{f.__module__}.{f.__name__}".replace("numpy", "np", 1) for f in functions)
    return ", ".join(f"`{name}`" for name in names)


def table():
    parts = [HEAD]
    for kind, meaning in KINDS.items():
        parts.append(f"\n## {kind.capitalize()}\n\n{meaning.capitalize()}.\n\n")
        parts.append("| primitive | symbol | kept |\n|---|---|---|")
        parts.append("".join(f"\n{row}" for row in rows(kind)) + "\n")
    parts.append(f"\n## Composites\n\nNumPy functions that are composed of primitives: {composites()}.\n")
    return "".join(parts)


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("primitives.md").write_text(table(), encoding="utf-8")
