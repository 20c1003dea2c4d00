"""The record of a primitive, the registry, and the one door that every operation goes through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from numpy import ndarray

from .errors import ArgumentError, DTypeError, RuleError, ShapeError, TinygradError, UnsupportedError, lost_graph
from .kinds import as_ndarray
from .node import IN_SHAPE, Node
from .recording import observer, recording, scope, tell
from .tensor import Tensor, wrap
from .writes import FEW, copies

Function = Callable[..., Any]

VARIADIC = 0x04  # the flag of code that takes *args
KINDS = ("elementwise", "multilinear", "reduction", "general", "constant")

REGISTRY: dict[str, Primitive] = {}
NUMPY: dict[Callable[..., Any], Function] = {}


class Rule:
    """A derivative rule, and the names of what it wants besides the cotangent."""

    __slots__ = ("function", "options", "wants")

    def __init__(self, function: Function, wants: tuple[str, ...], options: tuple[str, ...]) -> None:
        self.function, self.wants, self.options = function, wants, options


# One rule as the sweep calls it: for which argument, the function, its values out of the saved ones, its options.
Call = tuple[int, Function, tuple[int, ...], tuple[str, ...]]


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
    return Rule(function, named[1:], code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount])


def read_options(forward: Function, arity: int) -> tuple[dict[str, Any], int]:
    """The options of a forward function with their defaults, and how many may be given by position."""
    forward = getattr(forward, "__wrapped__", forward)
    code = getattr(forward, "__code__", None)
    if code is None:
        return {}, 0
    positional = code.co_varnames[arity : code.co_argcount]
    defaults = forward.__defaults__ or ()
    options = dict(zip(positional, defaults[len(defaults) - len(positional) :]))
    return options | (forward.__kwdefaults__ or {}), len(positional)


USE = "Use its result: compute without that option, and go on from there; or leave the graph with t.numpy()."
BROADCAST = "Axes are matched from the right, and must be equal or 1; x[:, None] or x.reshape(...) adds one."


class Primitive:
    """One operation: its NumPy function, its derivative rules, and everything else known of it.

    Called with arrays it gives what NumPy gives; called with at least one Tensor it gives a
    Tensor, recorded if a Tensor that requires a gradient takes part. The rules are
    plain NumPy, one per array argument (None: no derivative), and name what they need: `g` the cotangent, `y` the
    result, `in_shape` the argument's shape, other names the record's `args`; keyword-only names are options of the
    forward. A primitive that takes any number of arrays ("*arrays") has one rule, which names their `shapes` and gives
    a list, one part per array.

    `multiplies` says that each rule is linear in everything that it names (the multilinear ones always are),
    `by_slices` that every slice along the option `axis` stands alone.
    `singular` says that the rules have poles. `chooses` says that the rules give
    exact zeros to what was not chosen; from there on, the sweep looks for 0 times a pole everywhere. `fits` says, for
    error messages, which shapes go together. For pictures and summaries: `symbol`, `role` (operation, activation or
    loss), `stretched`, the arguments broadcast to the result (all of them if elementwise), and
    `multiply_adds`, their number as a function of the result and the arguments.
    """

    trusted = True  # its rules are the package's own

    def __init__(
        self,
        name: str,
        forward: Function,
        args: str,
        vjp: Function | Sequence[Function | None] = (),
        *,
        kind: str = "general",
        sample: Any = None,
        symbol: str | None = None,
        singular: bool = False,
        chooses: bool = False,
        multiplies: bool = False,
        by_slices: bool = False,
        fits: str = "",
        numpy: Any = None,
        role: str = "operation",
        stretched: str = "",
        multiply_adds: Function | None = None,
    ) -> None:
        self.name, self.forward, self.kind = name, forward, kind
        self.symbol, self.sample, self.numpy = symbol, sample, numpy
        self.singular, self.chooses = singular, chooses
        self.multiplies, self.by_slices = multiplies or kind == "multilinear", by_slices
        self.fits = BROADCAST if kind == "elementwise" else fits
        self.__name__ = name
        self.__doc__ = forward.__doc__
        self.role, self.multiply_adds = role, multiply_adds
        self.variadic = args.startswith("*")
        self.shift = 0 if self.variadic else 1
        self.args = tuple(args.lstrip("*").split())
        self.stretched = frozenset(self.args if kind == "elementwise" else stretched.split())
        self.arity = 10**9 if self.variadic else len(self.args)
        rules = (vjp,) if callable(vjp) else tuple(vjp)
        self.rules = tuple(rule and read_rule(rule, name) for rule in rules)
        self.defaults, self.positional = ({}, 0) if self.variadic else read_options(forward, self.arity)
        if self.variadic:
            self.defaults = dict(forward.__kwdefaults__ or {})
        self._recipes: dict[int, Recipe] = {}
        self._check_declaration()

    def _check_declaration(self) -> None:
        if self.kind not in KINDS:
            raise RuleError(f"{self.name} has the kind {self.kind!r}.", f"Choose one of {', '.join(KINDS)}.")
        if self.kind != "constant" and len(self.rules) != len(self.args):
            raise RuleError(f"{self.name} has {len(self.args)} arguments, but {len(self.rules)} rules.")
        known = {*self.args, "y", "in_shape"} if not self.variadic else {"shapes"}
        for rule in filter(None, self.rules):
            if unknown := [n for n in rule.wants if n not in known] + [
                n for n in rule.options if n not in self.defaults
            ]:
                raise RuleError(f"A rule of {self.name} asks for {', '.join(unknown)}, which it does not have.")

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.args)}), {self.kind}>"

    def __call__(self, *args: Any, **options: Any) -> Any:
        if options or len(args) > self.arity:
            args, options = self._bind(args, options)
        else:
            options = self.defaults
        arrays: list[Any] = []
        nodes: list[Any] = []
        # The operands of a variadic primitive share one bit, and one rule.
        wanted, bit, has_tensor, shift = 0, 1, False, self.shift
        node: Any
        for value in args:
            if isinstance(value, Tensor):
                has_tensor = True
                node = value._node
                if node is not None:
                    wanted |= bit
                value = value._array
            else:
                if value.__class__ not in PLAIN:
                    value = plain(value)
                node = value if value.__class__ in NUMBERS else None
            arrays.append(value)
            nodes.append(node)
            bit <<= shift
        try:
            y = self.forward(*arrays, **options) if options else self.forward(*arrays)
        except (ValueError, TypeError) as error:
            if isinstance(error, (TinygradError, np.exceptions.AxisError)) or not self.trusted:
                raise
            raise self._explained(arrays, error) from None
        if not has_tensor:
            return y
        if y.__class__ is not ndarray:
            y = np.asarray(y)
        if wanted and recording.get():
            result = wrap(y, self._record(wanted, args, arrays, nodes, options, y))
        else:
            result = wrap(y)
        if observer.get() is not None:
            tell(self, args, options, result)
        return result

    def _record(
        self, wanted: int, args: Any, arrays: list[Any], nodes: list[Any], options: dict[str, Any], y: Any
    ) -> Node | None:
        """The node of a result, with what the rules named; None where there is no derivative."""
        recipe = self._recipes.get(wanted) or self._make_recipe(wanted)
        if not recipe.calls:
            return None
        if y.dtype.kind != "f":
            if y.dtype.kind in "iub":
                return None
            raise DTypeError(
                f"{self.name} gave {y.dtype} from a Tensor that requires a gradient; only real numbers have one.",
                "Write real and imaginary parts as two Tensors, and anything else as floats.",
            )
        saved = []
        mixed, dtype = False, y.dtype
        for position in recipe.saves:
            value = arrays[position]
            if value.__class__ is ndarray:
                if value.dtype is not dtype:
                    mixed = True
                # An array that no Tensor holds: its owner could still write to it.
                if not isinstance(args[position], Tensor):
                    value = value.copy() if value.size < FEW else copies.of(value)
            elif not isinstance(value, (float, int)) or isinstance(value, np.generic):
                mixed = True
            saved.append(value)
        if mixed:
            recipe = self._recipes.get(~wanted) or self._make_recipe(wanted, mixes_dtypes=True)
        if recipe.saves_result:
            saved.append(y)
        if recipe.saves_shapes:
            saved.append(tuple(np.shape(value) for value in arrays))
        return Node(self, recipe, tuple(nodes), tuple(saved), options, y, scope.get())

    def _make_recipe(self, wanted: int, mixes_dtypes: bool = False) -> Recipe:
        active = [(i, rule) for i, rule in enumerate(self.rules) if wanted >> i & 1 and rule is not None]
        wants = {name for _, rule in active for name in rule.wants}
        names = [name for name in self.args if name in wants] + [n for n in ("y", "shapes") if n in wants]
        source = {name: i for i, name in enumerate(names)} | {"in_shape": IN_SHAPE}
        recipe = Recipe(
            tuple(i for i, name in enumerate(self.args) if name in wants),
            "y" in wants,
            "shapes" in wants,
            tuple((i, r.function, tuple(source[n] for n in r.wants), r.options) for i, r in active),
        )
        recipe.mixes_dtypes = mixes_dtypes
        self._recipes[~wanted if mixes_dtypes else wanted] = recipe
        return recipe

    def _bind(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort what was given by position and by name into array arguments and options."""
        arrays, extra = list(args[: self.arity]), args[self.arity :]
        if len(extra) > self.positional:
            raise UnsupportedError(f"{self.name} takes {self.arity + self.positional} arguments by position.", USE)
        bound = dict(self.defaults)
        bound.update(zip(self.defaults, extra))
        for name, value in options.items():
            if value is np._NoValue:
                continue  # NumPy's way to say: not given
            if name in bound:
                bound[name] = value
            elif name in self.args and len(arrays) == self.args.index(name):
                arrays.append(value)
            elif value is not None:
                raise UnsupportedError(f"{self.name} of a Tensor does not take {name}={value!r}.", USE)
        return tuple(arrays), {name: plain_option(value) for name, value in bound.items()}

    def _explained(self, arrays: list[Any], error: Exception) -> TinygradError:
        """NumPy's error in the words of the user's own call."""
        reason = str(error).strip().rstrip(".")
        if isinstance(error, TypeError):
            dtypes = " and ".join(str(np.result_type(a)) for a in arrays if a is not None)
            return DTypeError(f"{self.name} of {dtypes} failed: {reason}.", "Write numbers, and NumPy's dtypes.")
        shapes = " and ".join(str(np.shape(a)) for a in arrays if a is not None)
        if self.kind == "elementwise" and shapes_broadcast(arrays):
            return ArgumentError(f"{self.name} failed: {reason}.", "Write floats (2.0, not 2).")
        if self.fits:
            return ShapeError(f"{self.name} cannot take shape {shapes}.", self.fits)
        return ShapeError(f"{self.name} cannot take shape {shapes}: {reason}.")


PLAIN = frozenset({float, int, bool, complex, np.ndarray, type(None), np.float64, np.float32})
NUMBERS = frozenset({float, int, np.float64, np.float32})  # small enough to be kept for pictures


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


def plain_option(value: Any) -> Any:
    """An option without a Tensor, and copied where its owner could still write to it."""
    if isinstance(value, Tensor):
        if value._node is not None and recording.get():
            raise lost_graph("Giving it as an option")
        return value._array
    return value.copy() if isinstance(value, (list, np.ndarray)) else value


def register(primitive: Primitive) -> Primitive:
    """Enter a primitive of the package; it must be testable, so it must have a sample."""
    if primitive.sample is None:
        raise RuleError(f"{primitive.name} has no sample, so no test could reach it.", "Declare sample=...")
    if primitive.name in REGISTRY:
        raise RuleError(f"{primitive.name} is registered twice.")
    REGISTRY[primitive.name] = primitive
    function = primitive.numpy
    if function is None and isinstance(primitive.forward, np.ufunc):
        function = primitive.forward
    for each in function if isinstance(function, tuple) else (function,):
        if each is not None:
            NUMPY[each] = primitive
    return primitive


def elementwise(name: str, forward: Function, args: str, vjp: Any, *, sample: Any, **more: Any) -> Primitive:
    """Each output element depends on the same element of each (broadcast) input."""
    return register(Primitive(name, forward, args, vjp, kind="elementwise", sample=sample, **more))


def multilinear(name: str, forward: Function, args: str, vjp: Any, *, sample: Any, **more: Any) -> Primitive:
    """Linear in each array argument by itself."""
    return register(Primitive(name, forward, args, vjp, kind="multilinear", sample=sample, **more))


def reduction(name: str, forward: Function, args: str, vjp: Any, *, sample: Any, **more: Any) -> Primitive:
    """Over axes, but not linear."""
    return register(Primitive(name, forward, args, vjp, kind="reduction", sample=sample, **more))


def general(name: str, forward: Function, args: str, vjp: Any, *, sample: Any, **more: Any) -> Primitive:
    """Everything else, also what is linear only in all arguments together."""
    return register(Primitive(name, forward, args, vjp, kind="general", sample=sample, **more))


def constant(name: str, forward: Function, args: str, *, sample: Any, **more: Any) -> Primitive:
    """The derivative is zero everywhere that it exists."""
    return register(Primitive(name, forward, args, kind="constant", sample=sample, **more))


def implements(*functions: Any) -> Callable[[Function], Function]:
    """Make a composite the meaning of NumPy functions on Tensors; other arguments than its own are refused."""

    def enter(composite: Function) -> Function:
        code = composite.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        most = 10**9 if code.co_flags & VARIADIC else code.co_argcount

        @wraps(composite)
        def checked(*args: Any, **options: Any) -> Any:
            if len(args) > most:
                raise UnsupportedError(f"{composite.__name__} of a Tensor takes {most} arguments by position.", USE)
            known = {name: value for name, value in options.items() if name in names and value is not np._NoValue}
            for name in options.keys() - known.keys():
                if options[name] is not None and options[name] is not np._NoValue:
                    raise UnsupportedError(f"{composite.__name__} of a Tensor does not take {name}=.", USE)
            return composite(*args, **known)

        for function in functions:
            NUMPY[function] = checked
        return composite

    return enter
