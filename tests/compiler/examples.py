"""The first call in the docstring of a function, with its arguments."""

import ast
import doctest
import sys

import numpy as np

import tinygrad_like as tg


def example_of(function):
    """(arguments, options) of the first call of the function by its own name in its docstring; None without one."""
    names = dict(vars(sys.modules[function.__module__])) | {"np": np, "tg": tg}
    for each in doctest.DocTestParser().get_examples(function.__doc__ or ""):
        tree = ast.parse(each.source)
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == function.__name__:
                arguments = [evaluated(part, names) for part in call.args]
                return arguments, {part.arg: evaluated(part.value, names) for part in call.keywords}
        exec(compile(tree, "<example>", "exec"), names)
    return None


def evaluated(part, names):
    return eval(compile(ast.Expression(part), "<example>", "eval"), names)
