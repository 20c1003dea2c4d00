"""Watch a network with the topology [2, 3, 1] learn XOR; then look at it.

It is the network of Hashi Warsame, "How I built a Neural Network from Scratch in Rust", 2025-03-09.
"""

import pathlib
import sys

import checkout  # noqa: F401

import tinygrad_like as tg

inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[0], [1], [1], [0]]

network = tg.Network([2, 3, 1], "sigmoid", 0.5, seed=1)


def loss(x, target):
    """Half the squared error, which the network lowers; the mean over the samples."""
    return tg.mse(network(x), target) / 2


before = loss(inputs, targets).item()
network.train(inputs, targets, epochs=10_000)

print("input    target   prediction")
for x, target in zip(inputs, targets):
    print(f"{x[0]}  {x[1]}       {target[0]}        {network(x).item():.4f}")
print(f"loss: {before:.4f} before training, {loss(inputs, targets).item():.6f} after")

folder = pathlib.Path(__file__).with_name("pictures")
folder.mkdir(exist_ok=True)
picture = tg.draw(loss, inputs, targets, title="XOR · MLP [2, 3, 1]")
picture.save(folder / "xor.svg")
picture.save(folder / "xor.html")
try:
    tg.plot_history(network).figure.savefig(folder / "xor-history.png")
    tg.plot_decision_boundary(network, inputs, targets).figure.savefig(folder / "xor-boundary.png")
except tg.MissingError as error:
    print(error, file=sys.stderr)
print("Open examples/pictures/xor.html to see every value and gradient.")
