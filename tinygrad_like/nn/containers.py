"""`ModuleList` and `ModuleDict`, for code that comes from PyTorch: here a plain list or dict does as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from .layer import Layer


class ModuleList(Layer):
    """Layers in a list, as in PyTorch. A plain list among a layer's attributes does the same.

    >>> from tinygrad_like import Linear
    >>> layers = ModuleList([Linear(1, 2), Linear(2, 1)])
    >>> len(layers), layers[-1], list(layers.state_dict())
    (2, Linear(2 → 1)  # 3 parameters, ['0.weight', '0.bias', '1.weight', '1.bias'])
    """

    def __init__(self, modules: Iterable[Any] = ()) -> None:
        self.layers = list(modules)

    def append(self, module: Any) -> Self:
        """Put a layer at the end, and give the list back."""
        self.layers.append(module)
        return self

    def extend(self, modules: Iterable[Any]) -> Self:
        """Put layers at the end, and give the list back."""
        self.layers.extend(modules)
        return self

    def insert(self, index: int, module: Any) -> None:
        """Put a layer before the one at `index`."""
        self.layers.insert(index, module)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __getitem__(self, index: Any) -> Any:
        return ModuleList(self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __setitem__(self, index: int, module: Any) -> None:
        self.layers[index] = module

    def __delitem__(self, index: Any) -> None:
        del self.layers[index]

    def pop(self, index: int = -1) -> Any:
        """Take a layer out, and give it."""
        return self.layers.pop(index)

    def __iadd__(self, modules: Iterable[Any]) -> Self:
        return self.extend(modules)

    def __add__(self, modules: Iterable[Any]) -> ModuleList:
        return ModuleList([*self.layers, *modules])

    def _named_parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((f"[{i}]", each) for i, each in enumerate(vars(self).get("layers", ())))
        yield from ((name, each) for name, each in super()._named_parts() if name != ".layers")


class ModuleDict(Layer):
    """Layers in a dict, as in PyTorch. A plain dict among a layer's attributes does the same.

    >>> from tinygrad_like import Linear
    >>> list(ModuleDict({"head": Linear(1, 2)}).state_dict())
    ['head.weight', 'head.bias']
    """

    def __init__(self, modules: Mapping[str, Any] | None = None) -> None:
        self.layers = dict(modules or {})

    def keys(self) -> Any:
        """The names."""
        return self.layers.keys()

    def values(self) -> Any:
        """The layers."""
        return self.layers.values()

    def items(self) -> Any:
        """(name, layer) pairs."""
        return self.layers.items()

    def update(self, modules: Mapping[str, Any]) -> None:
        """Add or replace layers."""
        self.layers.update(modules)

    def pop(self, key: str) -> Any:
        """Take a layer out, and give it."""
        return self.layers.pop(key)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __contains__(self, key: Any) -> bool:
        return key in self.layers

    def __getitem__(self, key: str) -> Any:
        return self.layers[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self.layers[key] = module

    def __delitem__(self, key: str) -> None:
        del self.layers[key]

    def clear(self) -> None:
        """Take all layers out."""
        self.layers.clear()

    def _named_parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((f"[{key!r}]", each) for key, each in vars(self).get("layers", {}).items())
        yield from ((name, each) for name, each in super()._named_parts() if name != ".layers")
