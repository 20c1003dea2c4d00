"""Differentiate plain NumPy code, and train small networks with it."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .engine import assigning, autodiff, operators, views
from .engine.assigning import assign
from .engine.custom import operation
from .engine.errors import (
    ArgumentError,
    DTypeError,
    FileError,
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
from .primitives import arithmetic, constants, contraction, indexing, movement, reductions
from .transforms.forward import jvp
from .transforms.reverse import grad, hessian, jacobian, value_and_grad, vjp

if _TYPE_CHECKING:
    from .checking import gradcheck
    from .functions.networks import linear, log_softmax, logsumexp, relu, sigmoid, softmax
    from .losses.class_losses import cross_entropy
    from .losses.distances import mse
    from .network import Matrix, Network
    from .nn import initialisers as initialisers
    from .nn.containers import ModuleDict, ModuleList
    from .nn.finding import Parameter
    from .nn.initialisers import he_normal, he_uniform, xavier_normal, xavier_uniform
    from .nn.layer import Layer
    from .nn.layers import RELU, SIGMOID, TANH, Activation, Linear, ReLU, Sigmoid, Tanh
    from .nn.sequential import Sequential
    from .nn.substitution import functional_call
    from .optim.adam import Adam, AdamW
    from .optim.descent import SGD
    from .optim.optimizer import Optimizer
    from .picture.api import draw, draw_dot
    from .plots.boundaries import plot_decision_boundary
    from .plots.gradient_flow import gradient_norms, plot_gradient_flow
    from .plots.history import plot_history
    from .random import seed
    from .saving.files import load, save
    from .summaries.summarizing import summary

# What Tensor's operators and methods call: modules above it, which themselves make Tensors.
operators.bind(assigning, autodiff, views, arithmetic, constants, contraction, indexing, movement, reductions)

# Loaded when they are first asked for, so that the import stays short: public names, and whole parts.
_LATE = {
    "checking": "gradcheck",
    "functions.networks": "linear log_softmax logsumexp relu sigmoid softmax",
    "losses.class_losses": "cross_entropy",
    "losses.distances": "mse",
    "network": "Matrix Network",
    "nn": "initialisers",
    "nn.containers": "ModuleDict ModuleList",
    "nn.finding": "Parameter",
    "nn.initialisers": "he_normal he_uniform xavier_normal xavier_uniform",
    "nn.layer": "Layer",
    "nn.layers": "Activation Linear RELU ReLU SIGMOID Sigmoid TANH Tanh",
    "nn.sequential": "Sequential",
    "nn.substitution": "functional_call",
    "optim.adam": "Adam AdamW",
    "optim.descent": "SGD",
    "optim.optimizer": "Optimizer",
    "picture.api": "draw draw_dot",
    "plots.boundaries": "plot_decision_boundary",
    "plots.gradient_flow": "gradient_norms plot_gradient_flow",
    "plots.history": "plot_history",
    "random": "seed",
    "saving.files": "load save",
    "summaries.summarizing": "summary",
}
# fmt: off
_PARTS = {
    "checking", "families", "losses", "network", "nn", "numpy", "optim", "picture", "plots", "protocols", "random",
    "saving", "summaries",
}
# fmt: on

_MODULES = {name: module for module, names in _LATE.items() for name in names.split()}

if not _TYPE_CHECKING:

    def __getattr__(name: str) -> _Any:
        if name not in _PARTS and name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        path = _MODULES.get(name, name)
        with operators.loading:
            # The package first: Python would lock the module, then wait for a thread that is loading its package.
            _import_module(f".{path.partition('.')[0]}", __name__)
            module = _import_module(f".{path}", __name__)
        if name in _PARTS:
            return module
        value = globals()[name] = getattr(module, name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES, *_PARTS})


__version__ = "0.1.0"

# fmt: off
__all__ = [
    "RELU", "SGD", "SIGMOID", "TANH", "Activation", "Adam", "AdamW", "ArgumentError", "DTypeError", "FileError",
    "GradientCheckError", "GraphError", "Layer", "Linear", "LostGraphError", "Matrix", "MissingError", "ModuleDict",
    "ModuleList", "Network", "Optimizer", "Parameter", "ReLU", "RenderError", "RuleError", "Sequential",
    "ShapeError", "Sigmoid", "Tanh", "Tensor", "TinygradError", "UnsupportedError", "assign", "cross_entropy",
    "draw", "draw_dot", "enable_grad", "functional_call", "grad", "gradcheck", "gradient_norms", "he_normal",
    "he_uniform", "hessian", "is_recording", "jacobian", "jvp", "linear", "load", "log_softmax", "logsumexp", "mse",
    "no_grad", "operation", "plot_decision_boundary", "plot_gradient_flow", "plot_history", "relu", "save", "seed",
    "sigmoid", "softmax", "summary", "value_and_grad", "vjp", "xavier_normal", "xavier_uniform",
]
# fmt: on
