"""Bodies that attract each other, moved by the leapfrog method (G = 1)."""

import numpy as np


def accelerations(positions, masses):
    """The sum of m r / |r|³ over all other bodies."""
    separations = positions[None, :] - positions[:, None]
    distances = np.sqrt(np.sum(separations**2, axis=-1) + np.eye(len(masses)))
    return np.einsum("j,ij,ijk->ik", masses, distances**-3, separations)


def leapfrog(positions, velocities, masses, dt, steps):
    """Positions and velocities after some steps: half a kick, a drift, half a kick."""
    pull = accelerations(positions, masses)
    for _ in range(steps):
        velocities = velocities + 0.5 * dt * pull
        positions = positions + dt * velocities
        pull = accelerations(positions, masses)
        velocities = velocities + 0.5 * dt * pull
    return positions, velocities


def energy(positions, velocities, masses):
    """The kinetic energy of all bodies, and the potential energy of all pairs."""
    i, j = np.triu_indices(len(masses), k=1)
    distances = np.linalg.norm(positions[i] - positions[j], axis=-1)
    return 0.5 * np.sum(masses[:, None] * velocities**2) - np.sum(masses[i] * masses[j] / distances)


def miss(velocities, positions, masses, target, dt, steps):
    """How far from the target the last body ends, if the bodies start with these velocities."""
    positions, _ = leapfrog(positions, velocities, masses, dt, steps)
    return np.linalg.norm(positions[-1] - target)
