"""The record of a primitive, through whose call every operation goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from .arguments import bound
from .complex_numbers import CONTINUOUS, check_real
from .errors import ArgumentError, DTypeError, RuleError, ShapeError, TinygradError, UnsupportedError
from .forward import raised
from .kinds import as_ndarray
from .node import IN_SHAPE, Node, Raised, used
from .recording import observer, recording, scope, tell, transform_depth
from .several import several
from .tensor import Tensor, wrap
from .traces import active, current, ndarray_of
from .views import join_views
from .warned import compute_again, raise_warnings_in
from .writes import FEW, copies

Function = Callable[..., Any]

TAKES_MORE = 0x04 | 0x08  # the flags of code that takes *args or **options
# How the result's elements depend on an argument's: on the same one (where broadcast), each reaches one of them, other.
SHAPES = ("elementwise", "reduction", "general")

OUT = "out"  # the name under which a rule is offered memory for what it gives
RECEIVED = "received_parts"  # that under which a rule of several results is told which of them have a cotangent


class Rule:
    """A derivative rule, and the names of what it wants besides the cotangent."""

    __slots__ = ("function", "options", "sees_parts", "takes_out", "wants")

    def __init__(self, function: Function, wants: tuple[str, ...], options: tuple[str, ...]) -> None:
        self.function, self.wants = function, wants
        self.takes_out, self.sees_parts = OUT in options, RECEIVED in options
        self.options = tuple(name for name in options if name not in (OUT, RECEIVED))


# One rule as the sweep calls it: for which argument, the function, its values out of the saved ones, its options,
# whether it can write what it gives into memory that it is offered, and whether it is told which parts were received.
Call = tuple[int, Function, tuple[Any, ...], tuple[str, ...], bool, bool]


class Recipe:
    """For one set of differentiated arguments: what to save, and which rules to call."""

    __slots__ = ("calls", "mixes_dtypes", "saves", "saves_arrays", "saves_result", "saves_shapes")

    def __init__(self, saves: tuple[int, ...], saves_result: bool, saves_shapes: bool, calls: tuple[Call, ...]) -> None:
        self.saves, self.saves_result, self.saves_shapes, self.calls = saves, saves_result, saves_shapes, calls
        self.saves_arrays = saves_result or bool(saves)
        self.mixes_dtypes = False


def read_rule(function: Function, name: str) -> Rule:
    """Read from a rule's parameters what it needs; the first must be `g`."""
    code = getattr(function, "__code__", None)
    if code is None:
        raise RuleError(f"A rule of {name} is not a plain Python function.", "Write a lambda or a def.")
    named = code.co_varnames[: code.co_argcount]
    if not named or named[0] != "g":
        raise RuleError(f"A rule of {name} must take the cotangent `g` first, but takes {named}.")
    if code.co_flags & TAKES_MORE:
        raise RuleError(
            f"A rule of {name} has * or ** before a parameter, but it is given only what it names.",
            "Write `arrays` for the list of arrays, and each option by its name.",
        )
    return Rule(function, named[1:], code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount])


def read_options(forward: Function, arity: int) -> tuple[dict[str, Any], int]:
    """The options of a Python function with their defaults, and how many may be given by position."""
    forward = getattr(forward, "__wrapped__", forward)
    code = getattr(forward, "__code__", None)
    if code is None:
        return {}, 0
    positional = code.co_varnames[arity : code.co_argcount]
    defaults = forward.__defaults__ or ()
    options = dict(zip(positional, defaults[len(defaults) - len(positional) :]))
    return options | (forward.__kwdefaults__ or {}), len(positional)


raise_warnings_in(globals())

BROADCAST = "Axes are matched from the right, and must be equal or 1; x[:, None] or x.reshape(...) adds one."


# Errors that say all by themselves.
ITS_OWN = (TinygradError, np.exceptions.AxisError, np.linalg.LinAlgError)
NO_OPTIONS: dict[str, Any] = {}


class Primitive:
    """One operation: its NumPy function, its derivative rules, and everything else known of it.

    Called with arrays it gives what NumPy gives; called with at least one Tensor it gives a
    Tensor, recorded if a Tensor that requires a gradient takes part. The rules are
    plain NumPy, one per array argument (None: no derivative; a text: why it is refused), and name what they need: `g`
    the cotangent, `y` the result, `in_shape` the argument's shape, other names the record's `args`; keyword-only names
    are options of the forward. A rule may take `out`: memory of the argument's gradient, into which it writes if the
    dtype is the same.
    A primitive that takes any number of arrays ("*arrays") has one rule, which may name their list, or only
    their `shapes`, and gives a list, one part per array. If the forward gives a tuple, the rules take a tuple of
    cotangents (several.py).

    Of the forward's options, `options` gives the names and defaults, `by_position` how many may be given by position;
    those of a Python function are read from it.

    `shape` says how the elements of the result depend on those of an argument: "elementwise", on the same one, where
    NumPy broadcast it; "reduction", each reaches one of the result; or "general". `linear` says that the operation is
    linear in each argument by itself, once those named by `added` are left out, which are added to the rest. Without
    rules, the derivative is zero. Forward mode relies on these.

    For exact zeros (zeros.py): `multiplies` says that each rule is linear in everything that it names, `products` that
    each is a product of matrices besides, `by_slices` that every slice along the option `axis` stands alone, `singular`
    that the rules have poles, `chooses` that they give exact zeros to what was not chosen. `flat` says of an operation
    without rules that it is a step function: it is recorded, so that `backward()` gives zeros to what it depends on.
    `real` says of an operation of real numbers what to write for complex ones, which are refused; `hint`, in error
    messages, which shapes go together. For pictures and summaries: `symbol`, `role` (operation, activation or loss),
    `formulas` of rules that are no plain expressions (by argument; "y": of the result), and `multiply_adds`, a function
    of the result, the arguments, and keyword-only options.
    """

    trusted = True  # its rules are the package's own

    def __init__(
        self,
        name: str,
        forward: Function,
        args: str,
        vjp: Function | Sequence[Function | str | None] = (),
        *,
        shape: str = "general",
        linear: bool = False,
        added: str = "",
        options: dict[str, Any] | None = None,
        by_position: int = 0,
        sample: Any = None,
        symbol: str | None = None,
        singular: bool = False,
        chooses: bool = False,
        multiplies: bool = False,
        products: bool = False,
        by_slices: bool = False,
        flat: bool = False,
        real: str = "",
        hint: str = "",
        numpy: tuple[Function, ...] = (),
        role: str = "operation",
        formulas: dict[str, str] | None = None,
        multiply_adds: Function | None = None,
    ) -> None:
        self.name, self.__name__, self.__doc__ = name, name, forward.__doc__
        self.forward, self.sample, self.numpy = forward, sample, numpy
        self.symbol, self.role, self.multiply_adds, self.real = symbol, role, multiply_adds, real
        self.formulas = formulas or {}
        self.shape, self.linear, self.added = shape, linear, frozenset(added.split())
        self.singular, self.chooses, self.by_slices, self.flat = singular, chooses, by_slices, flat
        self.multiplies, self.products = multiplies or (linear and shape != "elementwise"), products
        self.hint = BROADCAST if shape == "elementwise" else hint
        self.variadic = args.startswith("*")
        self.shift = 0 if self.variadic else 1
        self.args = tuple(args.lstrip("*").split())
        self.arity = 10**9 if self.variadic else len(self.args)
        self.defaults, self.positional = (
            read_options(forward, self.arity) if options is None else (options, by_position)
        )
        self._read_rules((vjp,) if callable(vjp) else tuple(vjp))
        self._recipes: dict[int, Recipe] = {}
        self.sorted_before: dict[Any, dict[str, Any]] = {}  # options that were given before, sorted
        self.joint: Primitive | None = None  # the record of the vector of several results, once there were some

    def _read_rules(self, rules: tuple[Function | str | None, ...]) -> None:
        rules = rules or (None,) * len(self.args)
        self.refused = {i: rule for i, rule in enumerate(rules) if isinstance(rule, str)}
        self.rules = tuple(
            None if each is None or isinstance(each, str) else read_rule(each, self.name) for each in rules
        )
        self.keeps_list = self.variadic and any(self.args[0] in rule.wants for rule in self.rules if rule)
        self._check_declaration()

    def _check_declaration(self) -> None:
        if self.shape not in SHAPES:
            raise RuleError(f"{self.name} has the shape {self.shape!r}.", f"Choose one of {', '.join(SHAPES)}.")
        if len(self.rules) != len(self.args):
            raise RuleError(f"{self.name} has {len(self.args)} arguments, but {len(self.rules)} rules.")
        known = {*self.args, "y", "shapes" if self.variadic else "in_shape"}
        for rule in filter(None, self.rules):
            if unknown := [n for n in rule.wants if n not in known] + [
                n for n in rule.options if n not in self.defaults
            ]:
                raise RuleError(f"A rule of {self.name} asks for {', '.join(unknown)}, which it does not have.")

    @property
    def stretched(self) -> frozenset[str]:
        """The arguments that are broadcast to the result."""
        return frozenset(self.args) if self.shape == "elementwise" else self.added

    @property
    def derivative(self) -> str:
        """How the derivative behaves: "zero", "linear" (in each argument), or "other"."""
        return "zero" if not any(self.rules) else "linear" if self.linear else "other"

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.args)}), {self.shape}, {self.derivative}>"

    def __call__(self, *args: Any, **options: Any) -> Any:
        if options or len(args) > self.arity:
            return self.apply(*bound(self, args, options))
        return self.apply(args, self.defaults)

    def apply(self, args: tuple[Any, ...], options: dict[str, Any] = NO_OPTIONS) -> Any:
        """The same, for arguments and options that are sorted already, each option in its place."""
        arrays: list[Any] = []
        nodes: list[Any] = []
        # The operands of a variadic primitive share one bit, and one rule.
        mask, bit, has_tensor, shift = 0, 1, False, self.shift
        node: Any
        for value in args:
            if isinstance(value, Tensor):
                has_tensor = True
                node = value._node
                if node is not None:
                    mask |= bit
                value = value._array
            else:
                if value.__class__ not in PLAIN:
                    value = plain(value)
                node = value if value.__class__ in NUMBERS else None
            arrays.append(value)
            nodes.append(node)
            bit <<= shift
        if active and (trace := current.get()) is not None:
            arrays = trace.operands(self, args, arrays)
        if self.real:
            check_real(self.name, arrays, self.real)
        try:
            y = self.forward(*arrays, **options) if options else self.forward(*arrays)
        except (ValueError, TypeError) as error:
            if isinstance(error, ITS_OWN) or not self.trusted:
                raise
            y = self._tried_again(arrays, options, error)
        if not has_tensor:
            return y
        if y.__class__ is not ndarray:
            if isinstance(y, tuple):
                return several(self, mask, args, arrays, nodes, options, y)
            y = ndarray_of(y)
        result = wrap(y, self._record(mask, args, arrays, nodes, options, y) if mask and recording.get() else None)
        if y.base is not None:
            join_views(args, result)
        if observer.get() is not None:
            tell(self, args, options, result)
        return result

    def record(
        self, args: Any, arrays: list[Any], nodes: list[Any], options: dict[str, Any], y: Any, only: Any = None
    ) -> Node | None:
        """The node of a result at all levels; with `only`, at its own level, and of those operands alone."""
        mask = 0
        for i, node in enumerate(nodes):
            if isinstance(node, Node) if only is None else only[i]:
                mask |= 1 << i * self.shift
        return self._record(mask, args, arrays, nodes, options, y, only is not None) if mask else None

    def _record(
        self,
        mask: int,
        args: Any,
        arrays: list[Any],
        nodes: list[Any],
        options: dict[str, Any],
        y: Any,
        as_it_is: bool = False,
    ) -> Node | None:
        """The node of a result, with what the rules named; None where there is no derivative.

        Where transforms have levels, it is that of all levels, unless it is to be taken `as_it_is`.
        """
        if self.keeps_list:
            mask |= len(arrays) << 1
        recipe = self._recipes.get(mask) or self._make_recipe(mask)
        if not recipe.calls:
            flat = self.flat and y.dtype.kind in CONTINUOUS and not transform_depth.get()
            return Node(self, recipe, tuple(nodes), (), options, y, scope.get()) if flat else None
        if y.dtype.kind not in CONTINUOUS:
            check_numeric(self.name, y.dtype)
            return None
        if used and not as_it_is and Raised in map(type, nodes):
            return raised(self, args, arrays, nodes, options, y)
        saved = []
        mixed, dtype = False, y.dtype
        for position in recipe.saves:
            value = arrays[position]
            if value.__class__ is ndarray:
                if value.dtype is not dtype:
                    mixed = True
                # An array that no Tensor holds: its owner could still write to it.
                if not isinstance(args[position], Tensor):
                    value = value.copy() if value.size < FEW or active else copies.of(value)
            elif not isinstance(value, (float, int)) or isinstance(value, np.generic):
                mixed = True
            saved.append(value)
        if mixed:
            recipe = self._recipes.get(~mask) or self._make_recipe(mask, mixes_dtypes=True)
        if recipe.saves_result:
            saved.append(y)
        if recipe.saves_shapes:
            saved.append(tuple(np.shape(value) for value in arrays))
        return Node(self, recipe, tuple(nodes), tuple(saved), options, y, scope.get())

    def _make_recipe(self, mask: int, mixes_dtypes: bool = False) -> Recipe:
        for i, reason in self.refused.items():
            if mask >> i & 1:
                raise no_rule(self.name, self.args[i], reason)
        active = [(i, rule) for i, rule in enumerate(self.rules) if mask >> i & 1 and rule is not None]
        wants = {name for _, rule in active for name in rule.wants}
        saves = [i for i, name in enumerate(self.args) if name in wants]
        source: dict[str, Any] = {self.args[i]: place for place, i in enumerate(saves)}
        if self.variadic and saves:
            saves = list(range(mask >> 1))
            source = {self.args[0]: slice(0, len(saves))}
        after = [name for name in ("y", "shapes") if name in wants]
        source |= {name: i for i, name in enumerate(after, len(saves))} | {"in_shape": IN_SHAPE}
        recipe = Recipe(
            tuple(saves),
            "y" in wants,
            "shapes" in wants,
            tuple(
                (i, r.function, tuple(source[n] for n in r.wants), r.options, r.takes_out, r.sees_parts)
                for i, r in active
            ),
        )
        recipe.mixes_dtypes = mixes_dtypes
        self._recipes[~mask if mixes_dtypes else mask] = recipe
        return recipe

    def _tried_again(self, arrays: list[Any], options: dict[str, Any], error: Exception) -> Any:
        """The result, if the error was a warning; else the error, explained."""
        try:
            return compute_again(self.forward, self.name, arrays, options)
        except (ValueError, TypeError):
            raise self._explained(arrays, error) from None

    def _explained(self, arrays: list[Any], error: Exception) -> TinygradError:
        """NumPy's error in the words of the user's own call."""
        reason = str(error).strip().rstrip(".")
        if isinstance(error, TypeError):
            dtypes = " and ".join(str(np.result_type(a)) for a in arrays if a is not None)
            return DTypeError(f"{self.name} of {dtypes} failed: {reason}.", "Write numbers, and NumPy's dtypes.")
        shapes = " and ".join(str(np.shape(a)) for a in arrays if a is not None)
        if self.shape == "elementwise" and shapes_broadcast(arrays):
            return ArgumentError(f"{self.name} failed: {reason}.", "Write floats (2.0, not 2).")
        if self.hint:
            return ShapeError(f"{self.name} cannot take shape {shapes}.", self.hint)
        return ShapeError(f"{self.name} cannot take shape {shapes}: {reason}.")


PLAIN = frozenset({float, int, bool, complex, np.ndarray, type(None), np.float64, np.float32})
NUMBERS = frozenset({float, int, complex, np.float64, np.float32})  # small enough to be kept for pictures


def no_rule(name: str, argument: str, reason: str) -> UnsupportedError:
    return UnsupportedError(
        f"{name} is not differentiable in its argument {argument}. {reason}.",
        f"Give it as a constant, {argument}.detach() or {argument}.numpy(); or declare the function with @operation.",
    )


def check_numeric(name: str, dtype: Any) -> None:
    """Integers and truths have no place in the graph. What is no number would lose its gradient: an error."""
    if dtype.kind in "iub":
        return
    raise DTypeError(
        f"{name} gave {dtype} from a Tensor that requires a gradient; only numbers have one.",
        "Write floats or complex numbers.",
    )


def shapes_broadcast(arrays: list[Any]) -> bool:
    try:
        np.broadcast_shapes(*map(np.shape, arrays))
    except ValueError:
        return False
    return True


def plain(value: Any) -> Any:
    """Anything but a Tensor, as NumPy can compute with it."""
    array = value if isinstance(value, np.generic) else as_ndarray(value)
    if array.dtype.kind not in "fiubcmM":
        raise DTypeError(f"Tensors are computed with numbers, but got {value!r}.", "Write numbers or arrays of them.")
    return array
