"""How a program is called in source, as short as it can be: what a backend says of it to `quick.py`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Direct:
    """Lines of a function in which the arguments are `x0`, `x1`, …, and what gives the results after them.

    The lines may `return miss` where the program is not to be run, and `return again(...)` to run it in another way.
    With `looks`, they look at the memory of the arguments themselves: the kind of object, its shape, and whether it
    shares memory with what the program writes to.
    """

    lines: list[str]
    outputs: list[str]
    bound: list[str] = field(default_factory=list)
    looks: bool = False
