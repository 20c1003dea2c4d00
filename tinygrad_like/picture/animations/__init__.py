"""Training as an animation: weights, activations and the decision boundary of each state."""
