"""Write docs/primitives.md, the table of all primitives, from the registry: `python -m docs.make_primitives`."""

import pathlib

from tinygrad_like import families, scipy_families  # noqa: F401  (they fill the registry)
from tinygrad_like.engine.registry import NUMPY, REGISTRY
from tinygrad_like.picture.telling.formulas import formula

SHAPES = {
    "elementwise": "Each element of the result depends on the same element of each argument, where NumPy broadcast it.",
    "reduction": "Each element of the argument reaches one element of the result, along the axes.",
    "general": "Anything else.",
}
HEAD = """# All primitives

Everything that is recorded and differentiated is one of these, or composed of them. The table is made from the
registry. "Kept" is what a derivative rule names, and so what stays in memory until `backward()`. The derivative is zero
(then nothing is recorded), linear, where the operation is linear in each argument by itself, or another.

"Gradients" are what the rules compute, in the order of the arguments: g is the gradient of the result, y the result
itself. A dash stands for no derivative; "rule" for a rule that is longer than a formula.
"""


def kept(primitive):
    names = {name for rule in primitive.rules if rule for name in rule.wants}
    order = [*primitive.args, "y"]
    return ", ".join(f"`{name}`" for name in order if name in names) or "nothing"


def gradients(primitive):
    texts = [(formula(primitive, i) or "rule") if rule else "—" for i, rule in enumerate(primitive.rules)]
    return "; ".join(texts).replace("|", "\\|").replace("*", "\\*") if any(primitive.rules) else ""


def rows(shape):
    for name in sorted(REGISTRY):
        primitive = REGISTRY[name]
        if primitive.shape == shape:
            args = ", ".join(primitive.args) if not primitive.variadic else "arrays"
            options = "".join(f", {option}" for option in primitive.defaults)
            symbol = (primitive.symbol or "").replace("|", "\\|")
            known = symbol, primitive.derivative, gradients(primitive), kept(primitive)
            yield f"| `{name}({args}{options})` | {' | '.join(known)} |"


def composites():
    of_primitives = [each.forward for each in REGISTRY.values()]  # some of these check what they are given first
    functions = [f for f, made in NUMPY.items() if made not in REGISTRY.values() and f not in of_primitives]
    names = sorted(f"{f.__module__}.{f.__name__}".replace("numpy", "np", 1) for f in functions)
    return ", ".join(f"`{name}`" for name in names)


def table():
    parts = [HEAD]
    for shape, meaning in SHAPES.items():
        parts.append(f"\n## {shape.capitalize()}\n\n{meaning}\n\n")
        parts.append("| primitive | symbol | derivative | gradients | kept |\n|---|---|---|---|---|")
        parts.append("".join(f"\n{row}" for row in rows(shape)) + "\n")
    parts.append(f"\n## Composites\n\nNumPy functions that are composed of primitives: {composites()}.\n")
    return "".join(parts)


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("primitives.md").write_text(table(), encoding="utf-8")
