"""Differentiate plain NumPy code, and train small networks with it."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .engine import assigning, autodiff, operators, views
from .engine.allocating import keep_freed_memory as _keep_freed_memory
from .engine.assigning import assign
from .engine.custom import operation
from .engine.errors import (
    ArgumentError,
    CompilerError,
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
    TraceError,
    UnsupportedError,
)
from .engine.late import late as _late
from .engine.late import modules_of as _modules_of
from .engine.recording import enable_grad, is_recording, no_grad
from .engine.tensor import Tensor
from .primitives import arithmetic, constants, contraction, indexing, movement, reductions
from .transforms.forward import jvp
from .transforms.reverse import grad, hessian, jacobian, value_and_grad, vjp

if _TYPE_CHECKING:
    from . import distributed as distributed
    from . import linalg as linalg
    from . import losses as losses
    from . import nn as nn
    from . import numpy as numpy
    from . import optim as optim
    from . import random as random
    from . import saving as saving
    from . import special as special
    from .checking import gradcheck
    from .compiler.compiling import compile
    from .compiler.exporting.export import export_c
    from .functions.networks import linear, log_softmax, logsumexp, relu, sigmoid, softmax
    from .losses.class_losses import cross_entropy
    from .losses.distances import mse
    from .network import Matrix, Network
    from .nn.activation_layers import (
        GELU,
        RELU,
        SIGMOID,
        TANH,
        Activation,
        LeakyReLU,
        ReLU,
        Sigmoid,
        SiLU,
        Softmax,
        Tanh,
    )
    from .nn.attention_layers import MultiheadAttention
    from .nn.containers import ModuleDict, ModuleList
    from .nn.conv_layers import Conv1d, Conv2d
    from .nn.dropout_layers import Dropout
    from .nn.embedding_layers import Embedding
    from .nn.finding import Parameter
    from .nn.initialisers import he_normal, he_uniform, xavier_normal, xavier_uniform
    from .nn.layer import Layer
    from .nn.layers import Linear
    from .nn.norm_layers import BatchNorm1d, BatchNorm2d, LayerNorm
    from .nn.pool_layers import AvgPool2d, MaxPool2d
    from .nn.recurrent_layers import GRU, LSTM, RNN
    from .nn.sequential import Sequential
    from .nn.shape_layers import Flatten, Identity, Lambda, Residual
    from .nn.substitution import functional_call
    from .optim.adam import Adam, AdamW
    from .optim.descent import SGD
    from .optim.optimizer import Optimizer
    from .picture.animations.animating import animate
    from .picture.api import draw, draw_dot
    from .plots.boundaries import plot_decision_boundary
    from .plots.gradient_flow import gradient_norms, plot_gradient_flow
    from .plots.history import plot_history
    from .random import manual_seed, seed
    from .saving.files import load, save
    from .summaries.summarizing import summary

_keep_freed_memory()
# What Tensor's operators and methods call: modules above it, which themselves make Tensors.
operators.bind(assigning, autodiff, views, arithmetic, constants, contraction, indexing, movement, reductions)

# Loaded when they are first asked for, so that the import stays short: public names, and whole parts.
_LATE = {
    "checking": "gradcheck",
    "compiler.compiling": "compile",
    "compiler.exporting.export": "export_c",
    "functions.networks": "linear log_softmax logsumexp relu sigmoid softmax",
    "losses.class_losses": "cross_entropy",
    "losses.distances": "mse",
    "network": "Matrix Network",
    "nn.activation_layers": "Activation GELU LeakyReLU RELU ReLU SIGMOID SiLU Sigmoid Softmax TANH Tanh",
    "nn.attention_layers": "MultiheadAttention",
    "nn.containers": "ModuleDict ModuleList",
    "nn.conv_layers": "Conv1d Conv2d",
    "nn.dropout_layers": "Dropout",
    "nn.embedding_layers": "Embedding",
    "nn.finding": "Parameter",
    "nn.initialisers": "he_normal he_uniform xavier_normal xavier_uniform",
    "nn.layer": "Layer",
    "nn.layers": "Linear",
    "nn.norm_layers": "BatchNorm1d BatchNorm2d LayerNorm",
    "nn.pool_layers": "AvgPool2d MaxPool2d",
    "nn.recurrent_layers": "GRU LSTM RNN",
    "nn.sequential": "Sequential",
    "nn.shape_layers": "Flatten Identity Lambda Residual",
    "nn.substitution": "functional_call",
    "optim.adam": "Adam AdamW",
    "optim.descent": "SGD",
    "optim.optimizer": "Optimizer",
    "picture.api": "draw draw_dot",
    "picture.animations.animating": "animate",
    "plots.boundaries": "plot_decision_boundary",
    "plots.gradient_flow": "gradient_norms plot_gradient_flow",
    "plots.history": "plot_history",
    "random": "manual_seed seed",
    "saving.files": "load save",
    "summaries.summarizing": "summary",
}
# fmt: off
_PARTS = {
    "checking", "compiler", "distributed", "families", "linalg", "losses", "network", "nn", "numpy", "optim", "picture",
    "plots", "protocols", "random", "saving", "special", "summaries",
}
# fmt: on

_MODULES = _modules_of(_LATE)

if not _TYPE_CHECKING:
    __getattr__, __dir__ = _late(__name__, _MODULES, _PARTS)

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "GELU", "GRU", "LSTM", "RELU", "RNN", "SGD", "SIGMOID", "TANH", "Activation", "Adam", "AdamW", "ArgumentError",
    "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "CompilerError", "Conv1d", "Conv2d", "DTypeError", "Dropout",
    "Embedding", "FileError", "Flatten", "GradientCheckError", "GraphError", "Identity", "Lambda", "Layer",
    "LayerNorm", "LeakyReLU", "Linear", "LostGraphError", "Matrix", "MaxPool2d", "MissingError", "ModuleDict",
    "ModuleList", "MultiheadAttention", "Network", "Optimizer", "Parameter", "ReLU", "RenderError", "Residual",
    "RuleError", "Sequential", "ShapeError", "SiLU", "Sigmoid", "Softmax", "Tanh", "Tensor", "TinygradError",
    "TraceError", "UnsupportedError", "animate", "assign", "compile", "cross_entropy", "draw", "draw_dot",
    "enable_grad", "export_c", "functional_call", "grad", "gradcheck", "gradient_norms", "he_normal", "he_uniform",
    "hessian", "is_recording", "jacobian", "jvp", "linear", "load", "log_softmax", "logsumexp", "manual_seed", "mse",
    "no_grad", "operation", "plot_decision_boundary", "plot_gradient_flow", "plot_history", "relu", "save", "seed",
    "sigmoid", "softmax", "summary", "value_and_grad", "vjp", "xavier_normal", "xavier_uniform",
]
# fmt: on
