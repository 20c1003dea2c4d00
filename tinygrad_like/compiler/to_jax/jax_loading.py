"""JAX, imported when it is first used."""

from __future__ import annotations

from functools import cache
from typing import Any

from ...engine.errors import MissingError

NEEDED = 'Write pip install "tinygrad_like[jax]", or leave out backend="jax".'


@cache
def jax() -> Any:
    """The package. Raises MissingError if it is not installed, or too old."""
    try:
        import jax
        import jax.experimental
        import jax.scipy.linalg
        import jax.scipy.special
    except ImportError as error:
        raise MissingError('backend="jax" needs the package jax.', NEEDED) from error
    if not hasattr(jax, "enable_x64"):
        raise MissingError(f'backend="jax" needs jax 0.8 or later, but {jax.__version__} is installed.', NEEDED)
    return jax
