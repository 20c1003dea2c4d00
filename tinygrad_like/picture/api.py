"""`draw` and `draw_dot`; each imports what it needs when it is called, so that importing the package stays cheap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .picture import Picture


def draw(
    root: Any,
    *inputs: Any,
    names: Mapping[str, Any] | Iterable[str] | None = None,
    detail: str = "auto",
    depth: int | None = None,
    direction: str = "LR",
    focus: Any = None,
    radius: int = 2,
    max_nodes: int | None = None,
    gradients: bool = True,
    title: str | None = None,
    theme: str = "light",
    compare: Any = None,
) -> Picture:
    """A picture of a computation graph: values, gradients and layers together.

    `root` is a Tensor, or a model or function that is run again on the example inputs, so that every value can be
    shown. A function's float and complex inputs are differentiated; with parameters, plain arrays are data.
    Gradients are of the root (of the sum of its elements, or of several results); no `.grad` is touched.

    For a Tensor, the picture shows the values that its graph still holds, and those that can be computed from them.
    Where `backward()` freed a value, the card has its shape and says so.

    `names` maps names to Tensors (`names=locals()` will do) or lists those of the inputs. `detail` is "op", "shape",
    "stats", "value", or "auto" by size. What a function such as softmax or layer_norm does is one card; "op" shows
    every operation in it, without values. `depth` shows layers as one card each from that depth on. A wide picture is
    broken into rows, and what is still too large to be read is made smaller: identical siblings become one ×N, steps
    that repeat are shown once, layers are collapsed, or only a part is shown. The title says so, and how to see more.
    With `max_nodes`, as much is shown as so many cards can hold, however large the picture gets.
    `focus` (a Tensor, a layer, a path or a name) shows what is at most `radius` edges away. `direction` is
    "LR", "TB", "RL" or "BT", `theme` "light" or "dark". `title` stands above the picture; without `gradients` only
    values are shown.

    `compare` shows another run beside this one, card by card, coloured by what changed: a `state_dict()` of the model
    that takes part, a Picture drawn before, another model or function of the same form, or for a Tensor another one.

    Raises ArgumentError for anything else, if no Tensor came out of the function, and if compared graphs differ.

    >>> import tinygrad_like as tg
    >>> x = tg.Tensor(2.0, requires_grad=True, name="x")
    >>> tg.draw(x * x + 1.0)
    <Picture of 4 of 4 nodes; .save('x.svg'), .html(), .source>
    >>> tg.draw(tg.Linear(2, 3), [[0.0, 1.0]], detail="op")
    <Picture of 4 of 4 nodes; .save('x.svg'), .html(), .source>
    """
    from .drawing import drawn
    from .options import Options

    given = Options(names, detail, depth, direction, focus, radius, max_nodes, gradients, title, theme, compare)
    return drawn(root, inputs, given)


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> Picture:
    """The picture of a Tensor's graph, by the name and arguments that micrograd uses.

    The result is a `Picture`; `.render("graph")` writes graph.svg, or whatever `format` says. Raises ArgumentError for
    a format that a Picture cannot be saved in.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor(2.0, requires_grad=True)
    >>> draw_dot(a * a)
    <Picture of 2 of 2 nodes; .save('x.svg'), .html(), .source>
    """
    from .picture import checked_format

    suffix = checked_format(format)
    picture = draw(root, direction=rankdir)
    picture.format = suffix
    return picture
