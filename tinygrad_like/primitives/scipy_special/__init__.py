"""The derivative rules of SciPy's special functions. Loaded when the first of these functions meets a Tensor.

`gaussians`: erf and its relatives, and the normal distribution; `gammas`: the gamma function, beta, psi and zeta;
`incomplete`: the incomplete gamma and beta functions; `cylinders`: Bessel functions; `entropies`: x ln y, entropies
and robust losses; `exponentials`: the logistic function, exponential integrals, powers.
"""
