"""Differentiate plain NumPy code, and train small networks with it."""

from . import protocols
from .checking import gradcheck
from .engine import assigning, autodiff, operators, views
from .engine.assigning import assign
from .engine.custom import operation
from .engine.errors import (
    ArgumentError,
    DTypeError,
    GradientCheckError,
    GraphError,
    LostGraphError,
    MissingError,
    RenderError,
    RuleError,
    ShapeError,
    TinygradError,
    UnsupportedError,
)
from .engine.recording import enable_grad, is_recording, no_grad
from .engine.tensor import Tensor
from .functions import FAMILIES
from .functions.networks import cross_entropy, linear, log_softmax, logsumexp, mse, relu, sigmoid, softmax
from .network import Matrix, Network
from .nn import initialisers as initialisers
from .nn.initialisers import he_normal, he_uniform, seed, xavier_normal, xavier_uniform
from .nn.layer import Layer, Parameter
from .nn.layers import RELU, SIGMOID, TANH, Activation, Linear, ReLU, Sigmoid, Tanh
from .nn.sequential import Sequential
from .optim import SGD, Optimizer
from .picture.api import draw, draw_dot
from .plots.boundaries import plot_decision_boundary
from .plots.gradient_flow import gradient_norms, plot_gradient_flow
from .plots.history import plot_history
from .primitives import TABLES
from .summaries.summarizing import summary
from .transforms.forward import jvp
from .transforms.reverse import grad, hessian, jacobian, value_and_grad, vjp

# What Tensor's operators and methods call: modules above it, which themselves make Tensors.
operators.bind(assigning, autodiff, views, protocols, *TABLES, *FAMILIES)

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "RELU", "SGD", "SIGMOID", "TANH", "Activation", "ArgumentError", "DTypeError", "GradientCheckError", "GraphError",
    "Layer", "Linear", "LostGraphError", "Matrix", "MissingError", "Network", "Optimizer", "Parameter", "ReLU",
    "RenderError", "RuleError", "Sequential", "ShapeError", "Sigmoid", "Tanh", "Tensor", "TinygradError",
    "UnsupportedError", "assign", "cross_entropy", "draw", "draw_dot", "enable_grad", "grad", "gradcheck",
    "gradient_norms", "he_normal", "he_uniform", "hessian", "is_recording", "jacobian", "jvp", "linear",
    "log_softmax", "logsumexp", "mse", "no_grad", "operation", "plot_decision_boundary", "plot_gradient_flow",
    "plot_history", "relu", "seed", "sigmoid", "softmax", "summary", "value_and_grad", "vjp", "xavier_normal",
    "xavier_uniform",
]
# fmt: on
