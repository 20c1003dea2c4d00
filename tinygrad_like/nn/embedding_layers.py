"""Tables of vectors: `Embedding` and `EmbeddingBag`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.tensor import as_array
from ..functions.embedding import checked_padding, embedding, embedding_bag, refuse_options
from .finding import Parameter
from .initialisers import Initialiser, generator, normal
from .layer import Layer
from .layers import initial, name_of


class Table(Layer):
    """Base of the layers with a table of vectors, `weight`, (num_embeddings, embedding_dim)."""

    def __init__(
        self, rows: int, features: int, padding_idx: int | None, dtype: Any, init: Initialiser | None, seed: Any
    ) -> None:
        name = type(self).__name__
        for size in (rows, features):
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ArgumentError(f"{name} needs sizes of at least 1, but got ({rows!r}, {features!r}).")
        if not name_of(dtype).startswith(("float", "longdouble")):
            raise DTypeError(f"{name} needs a floating-point dtype, but got {name_of(dtype)}.", "Write np.float32.")
        self.num_embeddings, self.embedding_dim = int(rows), int(features)
        self.padding_idx = checked_padding(name, padding_idx, self.num_embeddings)
        init = init or normal()

        def values(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
            table = init(rng, shape, dtype)
            if self.padding_idx is not None:
                table[self.padding_idx] = 0
            return table

        self.weight = initial(values, generator(seed), (self.num_embeddings, self.embedding_dim), dtype, "weight")

    @classmethod
    def _with_table(cls, table: Any, freeze: bool, **settings: Any) -> Self:
        table = as_array(table)
        if table.ndim != 2:
            raise ShapeError(f"from_pretrained takes a table (rows, features), but got shape {table.shape}.")
        make: Any = cls
        layer: Self = make(*table.shape, dtype=table.dtype, **settings)
        layer.weight = Parameter(np.array(table), requires_grad=not freeze, name="weight")
        return layer

    def label(self) -> str:
        padding = "" if self.padding_idx is None else f", padding {self.padding_idx}"
        return f"{self.num_embeddings} → {self.embedding_dim}{padding}"


class Embedding(Table):
    """The rows of `weight` that integers name: takes (...), gives (..., embedding_dim).

    The initial values are normal, mean 0 and variance 1, or those of `init`; `seed` makes them repeatable. The row
    `padding_idx` is 0 at first, and gets no gradient.

    Raises ArgumentError for sizes below 1, DTypeError for a dtype that is not floating-point, UnsupportedError for
    max_norm, scale_grad_by_freq and sparse. Called with numbers that are not integers it raises DTypeError; with some
    outside 0 ... num_embeddings - 1, ArgumentError.

    >>> Embedding(10, 3)([[1, 2], [0, 9]]).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        refuse_options("Embedding", max_norm, scale_grad_by_freq, sparse)
        super().__init__(num_embeddings, embedding_dim, padding_idx, dtype, init, seed)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An Embedding with a copy of this table, (rows, features), as it is; it is not trained if it is to `freeze`.

        Raises ShapeError for another shape.

        >>> Embedding.from_pretrained(np.eye(3))([2]).tolist()
        [[0.0, 0.0, 1.0]]
        """
        refuse_options("Embedding", max_norm, scale_grad_by_freq, sparse)
        return cls._with_table(embeddings, freeze, padding_idx=padding_idx)

    def forward(self, input: Any) -> Any:
        return embedding(input, self.weight, self.padding_idx)


class EmbeddingBag(Table):
    """The sum, mean or maximum of the rows in each bag; see `embedding_bag` for what it takes.

    Initial values and errors are those of `Embedding`. What names the row `padding_idx` does not count.

    >>> EmbeddingBag(10, 3)([[1, 2, 4], [4, 3, 2]]).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        refuse_options("EmbeddingBag", max_norm, scale_grad_by_freq, sparse)
        if mode not in ("sum", "mean", "max"):
            raise ArgumentError(f'EmbeddingBag takes mode "sum", "mean" or "max", but got {mode!r}.')
        super().__init__(num_embeddings, embedding_dim, padding_idx, dtype, init, seed)
        self.mode, self.include_last_offset = mode, bool(include_last_offset)

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, **settings: Any) -> Self:
        """An EmbeddingBag with a copy of this table; the settings are those of the class."""
        return cls._with_table(embeddings, freeze, **settings)

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        return embedding_bag(
            input,
            self.weight,
            offsets,
            mode=self.mode,
            per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset,
            padding_idx=self.padding_idx,
        )

    def label(self) -> str:
        return f"{super().label()}, {self.mode}"
