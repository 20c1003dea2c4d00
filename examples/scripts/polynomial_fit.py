"""A polynomial fitted to data by least squares, judged by data that it has not seen."""

import numpy as np


def fit(x, y, degree):
    """The coefficients, the highest power first, by the normal equations."""
    V = np.vander(x, degree + 1)
    return np.linalg.solve(V.T @ V, V.T @ y)


def error(x, y, new_x, new_y, degree):
    """The mean squared error on new data of the polynomial fitted to x, y."""
    return np.mean((np.polyval(fit(x, y, degree), new_x) - new_y) ** 2)
