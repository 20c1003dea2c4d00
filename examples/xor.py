"""Watch the network of the post, topology [2, 3, 1], learn XOR."""

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
