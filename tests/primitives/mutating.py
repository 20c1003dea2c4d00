"""Corrupted copies of the functions of the package: an operand dropped, arguments exchanged, however deep."""

import ast
import copy
import functools
import inspect
import itertools
import sys
import types


@functools.cache
def module_tree(name):
    return ast.parse(inspect.getsource(sys.modules[name]))


@functools.cache
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


def compiled(node, namespace):
    """The function that a lambda or def node makes; the node is changed."""
    if isinstance(node, ast.Lambda):
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "<rule>", "eval")
        return eval(code, namespace)
    node.returns, node.decorator_list = None, []
    scope = {}
    exec(compile(ast.fix_missing_locations(ast.Module([node], [])), "<rule>", "exec"), namespace, scope)
    return scope[node.name]


def with_arguments(call, arguments):
    return ast.Call(call.func, arguments, call.keywords)


def corrupted_call(call):
    """One of its operands in place of the call; an argument twice; two exchanged; an option dropped."""
    yield from operands(call)
    for i, j in itertools.permutations(range(len(call.args)), 2):
        arguments = list(call.args)
        arguments[i] = call.args[j]
        yield with_arguments(call, arguments)
        if i < j:
            arguments[j] = call.args[i]
            yield with_arguments(call, arguments)
    for keyword in call.keywords:
        yield ast.Call(call.func, call.args, [each for each in call.keywords if each is not keyword])


def operands(call):
    """What a call is given: its arguments, and the object whose method it is."""
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) not in ("np", "math", "itertools"):
        yield call.func.value
    yield from (each for each in call.args if not isinstance(each, ast.Starred))


def corrupted_expression(node):
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.Call):
        yield from corrupted_call(node)


class Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(copy.copy(node))


def corruptions(function):
    """(expression, what stands in its place, the corrupted function) for each change of a function's source."""
    whole = source_node(function)
    body = [whole.body] if isinstance(whole, ast.Lambda) else whole.body
    for old in itertools.chain.from_iterable(map(ast.walk, body)):
        before = ast.unparse(old) if isinstance(old, ast.expr) else ""
        for new in corrupted_expression(old):
            after = ast.unparse(new)
            if after != before:
                node = Replace(old, new).visit(copy.deepcopy(whole, {id(old): old}))
                yield before, after, compiled(node, {**function.__globals__, **closed_over(function)})


def names_in(code):
    """All global names that code uses, also inside its lambdas and generators."""
    inner = (each for each in code.co_consts if isinstance(each, types.CodeType))
    return {*code.co_names}.union(*map(names_in, inner))


def closed_over(function):
    """What a function takes from the function around it, by name."""
    return {name: c.cell_contents for name, c in zip(function.__code__.co_freevars, function.__closure__ or ())}


def helpers(function):
    """The plain functions of the package that a function calls, by name."""
    found = {name: function.__globals__.get(name) for name in names_in(function.__code__)} | closed_over(function)
    found = {name: inspect.unwrap(each) if callable(each) else each for name, each in found.items()}
    return {
        name: each
        for name, each in found.items()
        if isinstance(each, types.FunctionType)
        and each.__module__.startswith("tinygrad_like.primitives")
        and each is not function
    }


def reached(function):
    """The function and all helpers that it calls, however deep."""
    return {function}.union(*(reached(each) for each in helpers(function).values()))


def rebuilt(function, old, new):
    """The function, calling `new` wherever it, or a helper, called `old`."""
    if function is old:
        return new
    changed = {name: rebuilt(each, old, new) for name, each in helpers(function).items() if old in reached(each)}
    if not changed:
        return function
    cells = tuple(types.CellType(changed.get(name, value)) for name, value in closed_over(function).items())
    twin = types.FunctionType(
        function.__code__, {**function.__globals__, **changed}, function.__name__, function.__defaults__, cells
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin
