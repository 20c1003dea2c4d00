"""What stands in a graph for the result of a compiled function, which keeps no graph of its own."""

from __future__ import annotations

from ...engine.autodiff import COMPILED
from ...engine.primitive import Primitive, Recipe

NOT_RECORDED = Primitive(COMPILED, lambda x: x, "x")
RECIPE = Recipe((), True, False, ())
