"""A string that sounds like a bell: its density is changed until its eigenvalues are the squares of a bell's tones.

A string is fixed at both ends. An even one has the tones 1 : 2 : 3 : 4 : 5. Church bells are tuned to the tones
1 : 2 : 2.4 : 3 : 4, the hum, the prime, a minor third, the fifth and the octave. The mass stays the same; only where it
is changes.
"""

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg

POINTS = 48
BELL = np.array([1, 2, 2.4, 3, 4])
SHADES = " .:-=+*#%@"
stiffness = (2 * np.eye(POINTS) - np.eye(POINTS, k=1) - np.eye(POINTS, k=-1)) * (POINTS + 1) ** 2


def density_of(weights):
    """The mass of each point, which is 1 on average."""
    return POINTS * tg.softmax(weights)


def tones_of(weights):
    """The lowest frequencies: the roots of the eigenvalues of M^(-1/2) K M^(-1/2)."""
    root = np.sqrt(density_of(weights))
    return np.sqrt(np.linalg.eigvalsh(stiffness / root / root[:, None])[: len(BELL)])


def loss_of(weights):
    """How far the intervals are from those of a bell, and a little of how rough the string is."""
    tones = tones_of(weights)
    return np.sum(np.log(tones / tones[0] / BELL) ** 2) + 1e-5 * np.sum(np.diff(weights) ** 2)


def show(weights):
    tones, density = tones_of(weights).numpy(), density_of(weights).numpy()
    shades = np.minimum(4 * np.sqrt(density), len(SHADES) - 1).astype(int)
    print(f"|{''.join(SHADES[i] for i in shades)}|")
    print("tones 1" + "".join(f" : {each:.3f}" for each in tones[1:] / tones[0]))


weights = tg.Parameter(np.zeros(POINTS))
optimizer = tg.optim.Adam([weights], lr=0.05)
show(weights)
for step in range(301):
    loss = loss_of(weights)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:3}: loss {loss.item():.6f}")
show(weights)
