"""The tables of derivative rules of SciPy's functions. Loaded when the first of these functions meets a Tensor."""

from .primitives.scipy_special import cylinders, entropies, exponentials, gammas, gaussians, incomplete

SPECIAL_TABLES = (cylinders, entropies, exponentials, gammas, gaussians, incomplete)
