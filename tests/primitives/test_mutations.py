"""Every rule, corrupted in every way that changes it, must be caught by gradcheck.

The corruptions are made from the source: a scale, the sign, two arguments or two rules swapped, and
for each operation in a rule (or in a helper it calls) one operand dropped.
"""

import ast
import copy
import functools
import inspect
import sys
import types

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, cases, named
from tinygrad_like.engine import autodiff
from tinygrad_like.engine.primitive import Rule, read_rule
from tinygrad_like.engine.scattered import Scattered


@functools.cache
def module_tree(name):
    return ast.parse(inspect.getsource(sys.modules[name]))


def compiled(node, namespace):
    """The function that a lambda or def node makes."""
    if isinstance(node, ast.Lambda):
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "<rule>", "eval")
        return eval(code, namespace)
    bare = copy.deepcopy(node)
    bare.returns, bare.decorator_list = None, []
    scope = {}
    exec(compile(ast.fix_missing_locations(ast.Module([bare], [])), "<rule>", "exec"), namespace, scope)
    return scope[node.name]


def source_node(function):
    """The node in its module's source that made this function."""
    code = function.__code__
    positions = set(code.co_positions())
    for node in ast.walk(module_tree(function.__module__)):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            return node
        if isinstance(node, ast.Lambda):
            body = node.body
            if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in positions:
                return node
    raise AssertionError(f"no source found for {function}")


def dropped_operands(node):
    """Copies of a function's node, each with one binary operation replaced by one of its operands."""
    places = [i for i, each in enumerate(ast.walk(node)) if isinstance(each, ast.BinOp)]
    for place in places:
        for side in ("left", "right"):
            twin = copy.deepcopy(node)
            target = list(ast.walk(twin))[place]
            kept = getattr(target, side)
            for parent in ast.walk(twin):
                for field, value in ast.iter_fields(parent):
                    if value is target:
                        setattr(parent, field, kept)
                    elif isinstance(value, list) and any(v is target for v in value):
                        setattr(parent, field, [kept if v is target else v for v in value])
            yield twin


def helpers(function):
    """The plain functions of the package that a rule calls."""
    for name in function.__code__.co_names:
        each = function.__globals__.get(name)
        if isinstance(each, types.FunctionType) and each.__module__.startswith("tinygrad_like.primitives"):
            yield name, each


def with_helper(function, name, helper):
    twin = types.FunctionType(
        function.__code__, {**function.__globals__, name: helper}, function.__name__, function.__defaults__
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def each(change, out):
    """A change of what a rule gives, also of a list of parts, or of elements at an index."""
    if isinstance(out, list):
        return [each(change, part) for part in out]
    return Scattered(change(out.values), out.index) if isinstance(out, Scattered) else change(out)


def corrupted_rules(rule):
    """(description, Rule) for every corruption of one rule."""
    function = rule.function

    def changed(change):
        return Rule(lambda *args, **options: each(change, function(*args, **options)), rule.wants, rule.options)

    yield "scale", changed(lambda out: out * (1 + 1e-5))
    yield "sign", changed(lambda out: -out)
    swappable = [n for n in rule.wants if n not in ("y", "in_shape", "shapes")]
    if len(swappable) == 2:
        other = {swappable[0]: swappable[1], swappable[1]: swappable[0]}
        yield "swapped arguments", Rule(function, tuple(other.get(n, n) for n in rule.wants), rule.options)
    for node in dropped_operands(source_node(function)):
        yield f"dropped: {ast.unparse(node)}", read_rule(compiled(node, function.__globals__), "mutant")
    for name, helper in helpers(function):
        for node in dropped_operands(source_node(helper)):
            twin = with_helper(function, name, compiled(node, helper.__globals__))
            yield f"dropped in {name}: {ast.unparse(node)}", read_rule(twin, "mutant")


def corrupted(primitive):
    """(description, primitive) with one rule, or the order of the rules, corrupted."""

    def twin(rules):
        made = copy.copy(primitive)
        made.rules, made._recipes = tuple(rules), {}
        return made

    for i, rule in enumerate(primitive.rules):
        for what, bad in corrupted_rules(rule) if rule else ():
            yield f"{what}, argument {i}", twin([*primitive.rules[:i], bad, *primitive.rules[i + 1 :]])
    active = [i for i, rule in enumerate(primitive.rules) if rule]
    if len(active) == 2 and not primitive.variadic:
        i, j = active
        rules = list(primitive.rules)
        rules[i], rules[j] = rules[j], rules[i]
        yield "swapped rules", twin(rules)


def first_order(primitive, arrays, options):
    """All gradients for a fixed cotangent, as one vector; None if a rule fails outright."""
    tensors = [tg.Tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    try:
        y = primitive(*tensors, **options)
        y.backward(np.random.default_rng(5).uniform(0.5, 1.5, y.shape))
    except Exception:  # a mutant may fail in any way; that is noticed, not passed over
        return None
    return np.concatenate([t.grad.data.ravel() for t in tensors if t.grad is not None])


def differs(found, expected):
    return found is None or not np.allclose(found, expected, rtol=1e-9, atol=1e-12, equal_nan=True)


def is_caught(primitive, arrays, options):
    try:
        return not tg.gradcheck(lambda *xs: primitive(*xs, **options), *arrays, order=1)
    except (tg.GradientCheckError, tg.RuleError):
        return True


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=named)
def test_gradcheck_catches_every_corruption(primitive):
    caught = 0
    for what, bad in corrupted(primitive):
        for arrays, options in cases(primitive):
            expected = first_order(primitive, arrays, options)
            found = first_order(bad, arrays, options)
            if not differs(found, expected):
                continue
            caught += 1
            if found is None:
                continue  # the corrupted rule does not even run
            assert is_caught(bad, arrays, options), f"{primitive.name}, {what}: not caught"
    assert caught >= 2, "scale and sign at least must have changed something"


@pytest.mark.parametrize("mode", ["rev", "fwd"])
@pytest.mark.parametrize("order", [1, 2])
def test_either_mode_alone_catches_a_scale(mode, order):
    multiply = tg.operation(vjp=(lambda g, b: g * b * 1.00001, lambda g, a: g * a))(lambda a, b: a * b)
    with pytest.raises(tg.GradientCheckError):
        tg.gradcheck(multiply, np.array([2.0, 3.0]), np.array([5.0, 7.0]), order=order, modes=[mode])


WRONG_UNBROADCASTS = {
    "none": lambda part, shape, node: part,
    "first": lambda part, shape, node: part[(0,) * (part.ndim - len(shape))].reshape(-1)[: int(np.prod(shape))],
    "mean": lambda part, shape, node: autodiff_unbroadcast(part, shape, node) * (np.prod(shape) / part.size),
}
autodiff_unbroadcast = autodiff.unbroadcast


@pytest.mark.parametrize("wrong", WRONG_UNBROADCASTS)
def test_a_dropped_unbroadcast_is_caught(monkeypatch, wrong):
    monkeypatch.setattr(autodiff, "unbroadcast", WRONG_UNBROADCASTS[wrong])
    with pytest.raises((tg.TinygradError, ValueError, AttributeError)):
        tg.gradcheck(lambda a, b: a * b, np.array([2.0]), np.array([5.0, 7.0, 1.0]), order=1)
