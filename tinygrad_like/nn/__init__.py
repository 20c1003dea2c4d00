"""Layers, losses and initialisers; all of them are at the top of the package as well."""

from ..losses import cross_entropy, mse
from ..random import seed
from .finding import Parameter
from .initialisers import he_normal, he_uniform, xavier_normal, xavier_uniform
from .layer import Layer
from .layers import RELU, SIGMOID, TANH, Activation, Linear, ReLU, Sigmoid, Tanh
from .sequential import Sequential

# fmt: off
__all__ = [
    "RELU", "SIGMOID", "TANH", "Activation", "Layer", "Linear", "Parameter", "ReLU", "Sequential", "Sigmoid", "Tanh",
    "cross_entropy", "he_normal", "he_uniform", "mse", "seed", "xavier_normal", "xavier_uniform",
]
# fmt: on
