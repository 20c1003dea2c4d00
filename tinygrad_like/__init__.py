"""Differentiate plain NumPy code, and train small networks with it."""

from . import protocols as protocols  # binds the operators
from .checking import gradcheck
from .custom import operation
from .errors import (
    ArgumentError,
    DTypeError,
    GradientCheckError,
    GraphError,
    LostGraphError,
    RuleError,
    ShapeError,
    TinygradError,
    UnsupportedError,
)
from .functions import cross_entropy, linear, log_softmax, logsumexp, mse, relu, sigmoid, softmax
from .network import Network
from .nn import initialisers as initialisers
from .nn.initialisers import he_normal, he_uniform, seed, xavier_normal, xavier_uniform
from .nn.layer import Layer, Parameter
from .nn.layers import RELU, SIGMOID, TANH, Activation, Linear, ReLU, Sequential, Sigmoid, Tanh
from .optim import SGD, Optimizer
from .recording import enable_grad, is_recording, no_grad
from .storage import Matrix
from .tensor import Tensor, assign
from .transforms import grad, hessian, jacobian, jvp, value_and_grad, vjp

__version__ = "0.1.0"

__all__ = [
    "RELU",
    "SGD",
    "SIGMOID",
    "TANH",
    "Activation",
    "ArgumentError",
    "DTypeError",
    "GradientCheckError",
    "GraphError",
    "Layer",
    "Linear",
    "LostGraphError",
    "Matrix",
    "Network",
    "Optimizer",
    "Parameter",
    "ReLU",
    "RuleError",
    "Sequential",
    "ShapeError",
    "Sigmoid",
    "Tanh",
    "Tensor",
    "TinygradError",
    "UnsupportedError",
    "assign",
    "cross_entropy",
    "enable_grad",
    "grad",
    "gradcheck",
    "he_normal",
    "he_uniform",
    "hessian",
    "is_recording",
    "jacobian",
    "jvp",
    "linear",
    "log_softmax",
    "logsumexp",
    "mse",
    "no_grad",
    "operation",
    "relu",
    "seed",
    "sigmoid",
    "softmax",
    "value_and_grad",
    "vjp",
    "xavier_normal",
    "xavier_uniform",
]
