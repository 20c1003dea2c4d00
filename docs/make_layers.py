"""Write docs/layers.md, the tables of layers, functions, losses and optimizers: `python -m docs.make_layers`."""

import inspect
import pathlib
import re

from tinygrad_like import losses, nn, optim
from tinygrad_like.nn import functional
from tinygrad_like.nn.loss_layers import LossLayer

HEAD = """# Layers, functions, losses and optimizers

Made from the package. Names, defaults and the order of arguments are PyTorch's;
[coming from PyTorch](coming-from-pytorch.md) says what differs. `help(tg.nn.Conv2d)` shows the formula and its source,
the shapes, the errors and an example. Some arguments mean the same everywhere: `dtype` is that of the parameters,
`init` makes their first values, `seed` makes these repeatable, and `generator` is the source of later random numbers.
"""
ABOUT_OPTIMIZERS = "[Optimizers](optimizers.md) says what each does, and how to write another one."
# The modules of each family. What stands in none of them comes under "Others".
LAYERS = {
    "Base": "layer finding substitution",
    "Containers and shapes": "sequential containers shape_layers",
    "Products and distances": "layers bilinear_layers distance_layers",
    "Embeddings": "embedding_layers",
    "Convolutions": "conv_layers",
    "Pooling": "pool_layers",
    "Padding": "pad_layers",
    "Normalisation": "norm_layers reparametrising",
    "Dropout": "dropout_layers",
    "Activations": "activation_layers",
    "Recurrent": "recurrent_layers recurrent_cells",
    "Attention": "attending attention_layers position_layers transformer_layers transformers",
    "Losses as layers": "loss_layers",
    "Initial values": "initialisers",
}
LOSSES = {
    "Of numbers": "distances",
    "Of classes": "class_losses",
    "Of yes or no": "binary_losses",
    "Of margins": "margin_losses",
    "Of vectors": "similarities",
    "Of distributions": "likelihoods",
    "Of sequences": "sequence_losses",
}
OPTIMIZERS = {
    "Optimizers": "optimizer descent adam adam_variants scaled signs by_shape quasi_newton",
    "Schedules of the learning rate": "scheduling schedules cycles plateau combined_schedules",
    "Gradients and averages": "clipping averaging",
}
FUNCTIONS = {
    "Products and activations": "networks nonlinearities",
    "Embeddings": "embedding",
    "Convolutions": "filtering",
    "Pooling": "pools adaptive_pools",
    "Shapes and margins": "rearranging resizing margins",
    "Normalisation": "normalising",
    "Dropout": "dropping",
    "Attention": "attending masking positions",
}
OF_OTHER_PARTS = {"cross_entropy", "mse", "seed"}  # they stand in `nn`, too
SENTENCE = re.compile(r"(?<!\bal)\.\s+(?=[A-Z`(±Σ])")
SOURCE = re.compile(r": [A-Z][\w., ]+?,? \((18|19|20)\d\d\).*$|: [A-Z][\w ]+ et al\..*$|:$")


def named(module):
    """(name, object) pairs of what a module offers, without constants and what belongs to other modules."""
    pairs = ((name, getattr(module, name)) for name in sorted(module.__all__, key=str.lower))
    own = (pair for pair in pairs if module is functional or pair[0] not in OF_OTHER_PARTS or module is losses)
    return [(name, each) for name, each in own if inspect.isclass(each) or inspect.isfunction(each)]


def arguments(each):
    """The arguments of a constructor or function, as they are written, without their types."""
    if isinstance(each, type) and issubclass(each, LossLayer):
        return ", ".join(f"{name}={value!r}" for name, value in each.defaults.items())
    if isinstance(each, type) and each.__init__ is object.__init__:
        return ""
    listed, star = [], False
    for parameter in parameters(each):
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            listed.append("*")
        star = star or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        listed.append(written(parameter))
    return ", ".join(listed)


def parameters(each):
    """The parameters; in place of a constructor's `**more`, those of the base that are given by keyword only."""
    found = list(inspect.signature(each.__init__ if isinstance(each, type) else each).parameters.values())
    found = found[1:] if isinstance(each, type) else found
    if isinstance(each, type) and found and found[-1].name == "more":
        return found[:-1] + [p for p in parameters(each.__mro__[1]) if p.kind is p.KEYWORD_ONLY]
    return found


def written(parameter):
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    default = parameter.default
    if default is parameter.empty:
        return stars + parameter.name
    return f"{parameter.name}={f'np.{default.__name__}' if isinstance(default, type) else repr(default)}"


def meaning(each):
    """The first sentence of the docstring, without the source of the formula."""
    if isinstance(each, type) and issubclass(each, LossLayer):
        return f"`losses.{each.function.__name__}`"
    text = " ".join((inspect.getdoc(each) or "").partition("\n\n")[0].split())
    return SOURCE.sub("", SENTENCE.split(text)[0]).rstrip(".").replace("|", "\\|").replace("*", "\\*")


def section(heading, pairs):
    """A table, or nothing if it would be empty."""
    rows = "".join(f"| `{name}({arguments(each)})` | {meaning(each)} |\n" for name, each in pairs)
    return f"\n### {heading}\n\n| name and arguments | what it is |\n|---|---|\n{rows}" if rows else ""


def sections(pairs, families):
    """The tables of the families, then one of what is in none of them."""
    parts, taken = [], set()
    for heading, modules in families.items():
        own = [pair for pair in pairs if pair[1].__module__.rpartition(".")[2] in modules.split()]
        taken.update(name for name, _ in own)
        parts.append(section(heading, own))
    return "".join(parts) + section("Others", [pair for pair in pairs if pair[0] not in taken])


def page():
    pairs = named(functional)
    of_losses = [pair for pair in pairs if ".losses." in pair[1].__module__]
    return (
        f"{HEAD}\n## Layers: `tg.nn`\n{sections(named(nn), LAYERS)}"
        f"\n## Losses: `tg.losses`\n{sections(named(losses), LOSSES)}"
        f"\n## Optimizers: `tg.optim`\n\n{ABOUT_OPTIMIZERS}\n{sections(named(optim), OPTIMIZERS)}"
        f"\n## Functions: `tg.nn.functional`\n{sections([p for p in pairs if p not in of_losses], FUNCTIONS)}"
        f"\nThe losses are here, too, under PyTorch's names: {', '.join(f'`{name}`' for name, _ in of_losses)}.\n"
    )


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("layers.md").write_text(page(), encoding="utf-8")
