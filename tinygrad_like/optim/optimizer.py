"""`Optimizer`, the base: a step is a few operations on the flat vectors, however many layers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError, DTypeError, GraphError
from ..engine.recording import enable_grad
from ..engine.storage import FlatVector, count_of, move_in
from ..engine.tensor import Tensor
from ..engine.traces import active, changes, lifted, seen, trace, used
from ..engine.writes import store, writes
from ..nn.finding import Visitor
from ..nn.layer import Layer
from .loading import checked_state, earlier, load, take_over
from .parts import Part
from .settings import Check, ParamGroup


def checked_parameters(params: Iterable[Any]) -> list[Tensor]:
    if isinstance(params, (Tensor, Layer)) or not isinstance(params, Iterable):
        raise ArgumentError(
            f"An optimizer takes a list of parameters, but got a {type(params).__name__}.",
            "Write SGD(model.parameters(), lr=...).",
        )
    unique = list({id(p): p for p in params}.values())
    if not unique:
        raise ArgumentError("An optimizer needs at least one parameter, but got none.")
    for p in unique:
        if not isinstance(p, Tensor):
            hint = "Write model.parameters()." if isinstance(p, (Layer, tuple)) else ""
            raise ArgumentError(f"An optimizer takes Tensors, but got a {type(p).__name__}.", hint)
        if not p.is_leaf:
            raise GraphError("An optimizer takes leaves, but got the result of an operation.", "Pass the parameters.")
        if p.dtype.kind not in CONTINUOUS:
            raise DTypeError(f"An optimizer takes floating-point parameters, but got {p.dtype}.")
    return unique


def checked_groups(params: Any) -> list[dict[str, Any]]:
    """The groups that were given: dicts with "params" and settings, or one of all parameters."""
    single = isinstance(params, (Tensor, Layer)) or not isinstance(params, Iterable)
    listed: Any = params if single else list(params)
    if single or not listed or not all(isinstance(each, Mapping) for each in listed):
        return [{"params": checked_parameters(listed)}]
    groups = []
    for each in listed:
        if "params" not in each:
            raise ArgumentError(f"A group has no params; it has {', '.join(each)}.", 'Write {"params": [...]}.')
        given = [each["params"]] if isinstance(each["params"], Tensor) else each["params"]
        groups.append({**each, "params": checked_parameters(given)})
    everything = [id(p) for group in groups for p in group["params"]]
    if len(set(everything)) < len(everything):
        raise ArgumentError("A parameter stands in more than one group.", "Give each parameter to one group.")
    return groups


class Optimizer(Visitor):
    """Base of the optimizers. A subclass has `settings`, and computes in `change` what a step subtracts.

    `settings` maps the name of each setting to a function that checks its value, such as `settings.number`. `params` is
    a list of parameters, or of groups: dicts of "params" and settings of their own. Settings can be changed between
    steps, in a group (`optimizer.param_groups[0]["lr"] = 0.1`) or in all (`optimizer.lr = 0.1`). A copy, or an
    optimizer from a pickle, continues as the original would.
    """

    settings: ClassVar[dict[str, Check]] = {}
    by_parameter: ClassVar[bool] = False  # whether the formula is given each parameter by itself, in its shape
    takes_complex: ClassVar[bool] = True  # numbers, as two real ones each; not where the formula needs shapes
    numbers: ClassVar[dict[str, float]] = {"step": 0}  # the single numbers among the state, and how they start
    derived: ClassVar[dict[str, Callable[[Part], Any]]] = {}  # PyTorch keeps these too; they follow from the others

    def __init__(self, params: Iterable[Any], **settings: Any) -> None:
        self.check_names(settings)
        self.defaults = settings
        self.param_groups: list[ParamGroup] = []
        for group in checked_groups(params):
            self.param_groups.append(self._made_group(group))
        self._make_parts()

    def _made_group(self, group: Mapping[str, Any]) -> ParamGroup:
        own = without_params(group)
        self.check_names(own)
        made = ParamGroup(group["params"], self.settings, {**self.defaults, **own})
        self.check_group(made)
        if self.by_parameter or not self.takes_complex:
            self._check_real(made["params"])
        return made

    def _check_real(self, params: Iterable[Tensor]) -> None:
        for p in params:
            if p.dtype.kind == "c":
                raise DTypeError(
                    f"{type(self).__name__} takes real parameters, but got {p.dtype}.",
                    "Write two real parameters, z = x + 1j * y.",
                )

    def check_group(self, group: Mapping[str, Any]) -> None:
        """An error for parameters and settings that do not go together."""

    def check_names(self, settings: Mapping[str, Any]) -> None:
        """An error for settings that this optimizer does not have."""
        for name in settings:
            if name not in self.settings:
                has = ", ".join(self.settings)
                raise ArgumentError(f"{type(self).__name__} has no setting {name}; it has {has}.")

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Step other parameters too, with the settings given at first where `group` has none of its own."""
        (checked,) = checked_groups([group])
        known = set(map(id, self.params))
        if any(id(p) in known for p in checked["params"]):
            raise ArgumentError("A parameter of the group is stepped already.", "Give each parameter to one group.")
        made = self._made_group(checked)
        move_in(made["params"])
        changes.note()
        self.param_groups.append(made)
        self._parts += self._parts_of(made)

    @property
    def params(self) -> list[Tensor]:
        """All parameters, in the order of the groups."""
        return [p for group in self.param_groups for p in group["params"]]

    def _make_parts(self) -> None:
        move_in(self.params)
        self._states: dict[FlatVector, dict[Any, Tensor]] = {}
        for group in self.param_groups:
            group.readers.clear()
        self._parts = [part for group in self.param_groups for part in self._parts_of(group)]

    def _parts_of(self, group: ParamGroup) -> list[Part]:
        together: dict[FlatVector, list[Tensor]] = {}
        for p in sorted(group["params"], key=lambda p: p._slot):
            together.setdefault(p._flat, []).append(p)
        return [Part(self, group, flat, parameters) for flat, parameters in together.items()]

    def __getattr__(self, name: str) -> Any:
        if name not in type(self).settings or "param_groups" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        values = [group[name] for group in self.param_groups]
        if any(value != values[0] for value in values):
            raise ArgumentError(f"The groups differ in {name}.", f"Read optimizer.param_groups[0][{name!r}].")
        return values[0]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in type(self).settings:
            super().__setattr__(name, value)
            return
        checked = type(self).settings[name](name, value)
        for group in self.param_groups:
            group[name] = checked

    def __repr__(self) -> str:
        texts = [", ".join(f"{name}={shown(group[name])}" for name in self.settings) for group in self.param_groups]
        if len(texts) == 1:
            return f"{type(self).__name__}({texts[0]})  # {count_of(self.params)}"
        lines = [f"  {text}  # {count_of(group['params'])}" for text, group in zip(texts, self.param_groups)]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients; a parameter without one is left alone by `step`. Or set those that are there to 0."""
        if active:
            used(self)
        for part in self._parts:
            for p in part.parameters:
                if set_to_none:
                    if active:
                        seen(p, cleared=True)
                    p._grad = None  # what the setter of p.grad does, without its call
                elif p.grad is not None:
                    p.grad = np.zeros_like(p._array)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once, by their gradients. `closure`, if given, computes them and returns the loss."""
        loss = None
        if active:
            used(self)
        if closure is not None:
            with enable_grad():
                loss = closure()
        if active:
            self._divide()
        for part in tuple(self._parts):
            ready = part.gather()
            if ready is None:
                continue
            if ready is not part:
                self._parts.append(ready)
            ready = ready.for_trace() if active else ready
            negative = ready.on("maximize")
            self.advance(ready)
            try:
                for place, values, gradients in ready.pieces:
                    ready.run = place
                    if active:
                        values, gradients = lifted(values), lifted(gradients)
                    change = self.change(values, np.negative(gradients) if negative else gradients, ready)
                    store(values, change, np.subtract)
            finally:
                for values in ready.written:
                    writes.note(values)
        return loss

    def _divide(self) -> None:
        """In a trace: divide the parts before the step, so that this step and the next do the same in one order."""
        if trace() is not None:
            self._parts += [each for part in self._parts if (each := part.divide()) is not None]

    def advance(self, s: Any) -> None:
        """Change the single numbers, once for each step of some parameters, before the formula: count the step."""
        if "step" in self.numbers:
            s.set_number("step", s.step + 1)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        """What a step subtracts from the values `p`, whose gradient is `g`: plain NumPy, element by element.

        `p` and `g` are stretches of the flat vectors, which hold several parameters, one after the other (or each
        parameter in its shape, if the class sets `by_parameter`). They must not be written to. `s` holds the settings
        and the state (see Part).
        """
        raise NotImplementedError(f"{type(self).__name__} has no change(); define what a step subtracts.")

    def initial(self, name: str, p: Any, s: Any) -> Any:
        """The state of this name for a parameter of values `p`, before the first step: zeros."""
        return np.zeros(self.state_shape(name, p.shape), p.dtype)

    def state_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the state of this name, for a parameter of some shape: the same."""
        return shape

    # -- saved state ------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The settings and the state as dicts and arrays, laid out and named as in PyTorch."""
        places = {id(p): i for i, p in enumerate(self.params)}
        groups = []
        for group in self.param_groups:
            own = {name: each for name, each in group.items() if name != "params"}
            groups.append(own | {"params": [places[id(p)] for p in group["params"]]})
        return {"state": self._state_by_place(), "param_groups": groups}

    def _state_by_place(self) -> dict[int, dict[str, Any]]:
        places = {id(p): i for i, p in enumerate(self.params)}
        state = {places[id(p)]: each for part in self._parts for p in part.parameters if (each := part.state_of(p))}
        return dict(sorted(state.items()))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the settings and the state of a like optimizer, also PyTorch's, for parameters in the same order.

        Raises ArgumentError if the groups or shapes do not fit; nothing is changed then.
        """
        load(self, state)

    def _checked_state(self, states: list[Mapping[str, Any]]) -> Any:
        return checked_state(self, states)

    def _take_over(self, state: Any) -> None:
        take_over(self, state)

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if name not in ("_states", "_parts", "param_groups")}
        saved = self.state_dict()
        for group, own in zip(saved["param_groups"], self.param_groups):
            group["params"] = own["params"]
        return kept | {"saved": saved}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "saved" not in state:
            state = earlier(state, self.settings)
        saved = state.pop("saved")
        state.setdefault("defaults", without_params(saved["param_groups"][0]))
        vars(self).update(state)
        vars(self)["param_groups"] = [
            ParamGroup(group["params"], self.settings, without_params(group)) for group in saved["param_groups"]
        ]
        self._make_parts()
        self.load_state_dict(saved | {"param_groups": self.state_dict()["param_groups"]})


def without_params(group: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a group."""
    return {name: each for name, each in group.items() if name != "params"}


def shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
