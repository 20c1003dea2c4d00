"""Names of a package whose modules are loaded when they are first asked for, so that the import stays short."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

from . import operators

ROOT = __package__.rpartition(".")[0]


def modules_of(names: Mapping[str, str]) -> dict[str, str]:
    """The module of each name, out of the names of each module."""
    return {name: module for module, listed in names.items() for name in listed.split()}


def late(
    package: str, modules: Mapping[str, str], parts: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package: names, each with its module, and modules of its own, `parts`."""
    namespace = vars(sys.modules[package])

    def __getattr__(name: str) -> Any:
        if name not in parts and name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        path = f"{ROOT}.{modules[name]}" if name in modules else f"{package}.{name}"
        with operators.loading:
            # The package first: Python would lock the module, then wait for a thread that is loading its package.
            import_module(path.rpartition(".")[0])
            module = import_module(path)
        if name in parts:
            return module
        value = namespace[name] = getattr(module, name)
        return value

    def __dir__() -> list[str]:
        return sorted({*namespace, *modules, *parts})

    return __getattr__, __dir__
