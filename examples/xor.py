"""Watch the network of the post, topology [2, 3, 1], learn XOR; then look at it."""

import pathlib
import sys

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg

inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [[0], [1], [1], [0]]


def mean_loss(network):
    outputs = [network.feed_forward(x).data for x in inputs]
    return np.mean([0.5 * np.sum((y - t) ** 2) for y, t in zip(outputs, targets)])


network = tg.Network([2, 3, 1], tg.SIGMOID, 0.5, seed=1)
before = mean_loss(network)
network.train(inputs, targets, epochs=10_000)

print("input    target   prediction")
for x, target in zip(inputs, targets):
    prediction = network.feed_forward(x).data[0]
    print(f"{x[0]}  {x[1]}       {target[0]}        {prediction:.4f}")
print(f"loss: {before:.4f} before training, {mean_loss(network):.6f} after")


def loss(x, target):
    return tg.mse(network.model(x), target)


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
