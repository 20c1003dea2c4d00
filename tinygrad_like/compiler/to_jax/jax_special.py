"""What scipy.special's functions are in jax.scipy.special, where those agree with SciPy's to all digits but a few."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import name_of
from .jax_loading import jax

# Any other calls back. So do log_ndtr, beta, betaln and gammaincc, which lose half of their digits in JAX.
SAME = frozenset(
    {"betainc", "boxcox", "dawsn", "entr", "erf", "erfc", "erfcx", "erfinv", "exp1", "expit", "gamma", "gammainc"}
    | {"gammaln", "i0", "i0e", "i1", "i1e", "kl_div", "logit", "ndtr", "ndtri", "psi", "rel_entr", "xlog1py", "xlogy"}
    | {"zeta"}
)
OTHER_NAMES = {"psi": "digamma"}


def special_of(function: np.ufunc) -> Any:
    """JAX's function that gives what this ufunc of SciPy does, or None."""
    name = name_of(function).removeprefix("scipy.special.")
    if name not in SAME or function.__name__ == "_riemann_zeta" or getattr(np, name, None) is function:
        return None
    return getattr(jax().scipy.special, OTHER_NAMES.get(name, name), None)
