"""A rotation in space, fitted to points that were seen after it."""

import tinygrad_like.numpy as np


def rotation(angles):
    """The matrix that turns about z, then about y, then about x."""
    a, b, c = angles
    about_z = np.array([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
    about_y = np.array([[np.cos(b), 0.0, np.sin(b)], [0.0, 1.0, 0.0], [-np.sin(b), 0.0, np.cos(b)]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(c), -np.sin(c)], [0.0, np.sin(c), np.cos(c)]])
    return about_x @ about_y @ about_z


def misfit(angles, points, seen):
    """The sum of the squared distances between the turned points and those that were seen."""
    return np.sum((points @ rotation(angles).T - seen) ** 2)
