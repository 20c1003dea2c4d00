"""`Node`: a value's place in the graph."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .errors import DTypeError
from .writes import Array, clock

if TYPE_CHECKING:
    from .tensor import Tensor


# Where a rule's parameter comes from, other than a place in node.saved.
IN_SHAPE = -1


class Node:
    """A value's place in the graph: what made it, from which nodes, and what the rules will need.

    A leaf has no primitive; `freed` says there that it was a transform's input, and that its function has returned.
    `parents` are the nodes of the operands; of one that is not recorded, None, or the plain number that it is. `owner`
    refers weakly to the Tensor that collects the gradient: that of a leaf, or of a result that asked for it with
    `retain_grad`.
    """

    __slots__ = (
        "primitive",
        "recipe",
        "parents",
        "saved",
        "freed",
        "options",
        "shape",
        "dtype",
        "index",
        "owner",
        "scope",
    )

    def __init__(
        self, primitive: Any, recipe: Any, parents: Any, saved: Any, options: Any, array: Array, scope: Any
    ) -> None:
        self.primitive = primitive
        self.recipe = recipe
        self.parents = parents
        self.saved = saved
        self.freed = False
        self.options = options
        self.shape = array.shape
        self.dtype = array.dtype
        self.index = clock()
        self.owner: weakref.ref[Tensor] | None = None
        self.scope = scope


def leaf_node(array: Array, owner: Tensor | None = None) -> Node:
    """The node of a leaf; without an owner, nothing collects its gradient but a transform."""
    if array.dtype.kind != "f":
        complex_ = array.dtype.kind == "c"
        raise DTypeError(
            f"A Tensor of dtype {array.dtype} cannot have a gradient; only floating-point ones can.",
            "Write real and imaginary parts as two Tensors."
            if complex_
            else "Write floats (1.0, not 1), or Tensor(data, dtype=float, requires_grad=True).",
        )
    node = Node(None, None, (), (), None, array, None)
    if owner is not None:
        node.owner = weakref.ref(owner)
    return node
