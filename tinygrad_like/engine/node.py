"""`Node`: a value's place in the graph."""

from __future__ import annotations

import weakref
from itertools import count
from typing import TYPE_CHECKING, Any

from .complex_numbers import CONTINUOUS
from .errors import DTypeError
from .writes import Array, clock

if TYPE_CHECKING:
    from .tensor import Tensor


# Where a rule's parameter comes from, other than a place in node.saved.
IN_SHAPE = -1

# The levels of the forward transforms that are under way, and of the reverse ones inside them. A level is higher than
# those of all transforms around it: odd if it is of forward mode, even of reverse mode, 0 outside all forward ones.
running: list[int] = []
forward_levels = count(1, 2)
used: list[int] = []  # empty until the first forward transform: until then no node is raised
HIGHEST = 1 << 62  # above every level


def forward_level() -> int:
    """The level of a forward transform that begins."""
    used[:] = [next(forward_levels)]
    return used[0]


def reverse_level() -> int:
    """The level of a reverse transform that begins."""
    return (max(running) + 1) // 2 * 2 if running else 0


class Node:
    """A value's place in the graph: what made it, from which nodes, and what the rules will need.

    A leaf has no primitive; `freed` says there that it was a transform's input, and that its function has returned.
    `parents` are the nodes of the operands; of one that is not recorded, None, or the plain number that it is. `owner`
    refers weakly to the Tensor that collects the gradient: that of a leaf, or of a result that asked for it with
    `retain_grad`.
    """

    level = 0
    under: Node | None = None
    tangent: Any = None
    is_result = False
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


class Raised(Node):
    """A place at the level of a transform that is under way; `under` is that of the same value at the levels below.

    Of forward mode, it has the value's `tangent`, an array or a Tensor, and no parents, so that no graph is kept;
    `is_result` tells the result of an operation from an input there.
    """

    __slots__ = ("is_result", "level", "tangent", "under")

    def __init__(self, node: Node | None, array: Array, level: int, under: Node | None, tangent: Any = None) -> None:
        if node is None:
            super().__init__(None, None, (), (), None, array, None)
        else:
            super().__init__(node.primitive, node.recipe, node.parents, node.saved, node.options, array, node.scope)
        self.level, self.under, self.tangent, self.is_result = level, under, tangent, False


def is_users_leaf(node: Node | None) -> bool:
    """Whether this is the place of a leaf that collects its gradient."""
    return node is not None and node.primitive is None and node.owner is not None


def is_flat(node: Node) -> bool:
    """Whether this is the result of a step function, which has no gradient to lose."""
    return node.primitive is not None and node.primitive.flat


def below(node: Node | None, level: int) -> Node | None:
    """The place of the same value below a level; not one of a forward transform that has ended."""
    while node is not None and (node.level >= level or has_ended(node.level)):
        node = node.under
    return node


def has_ended(level: int) -> bool:
    """Whether this is the level of a forward transform whose function has returned."""
    return level % 2 == 1 and level not in running


def leaf_node(array: Array, owner: Tensor | None = None, under: Node | None = None, level: int = 0) -> Node:
    """The node of a leaf; without an owner, only a transform collects its gradient."""
    if array.dtype.kind not in CONTINUOUS:
        raise DTypeError(
            f"A Tensor of dtype {array.dtype} cannot have a gradient; only floating-point and complex ones can.",
            "Write floats (1.0, not 1), or Tensor(data, dtype=float, requires_grad=True).",
        )
    node = Node(None, None, (), (), None, array, None)
    if level:
        node = Raised(node, array, level, under)
    if owner is not None:
        node.owner = weakref.ref(owner)
    return node
