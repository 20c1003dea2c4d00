"""LBFGS, which estimates the curvature from the last steps."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError
from ..engine.recording import enable_grad
from ..engine.traces import trace
from .line_search import Point, StrongWolfe
from .loading import as_array
from .optimizer import Optimizer
from .settings import number, one_of, optional, positive

VECTORS = ("d", "prev_flat_grad", "old_dirs", "old_stps")  # the latter two: the last changes of gradient and values
NUMBERS = ("func_evals", "n_iter", "t", "H_diag", "prev_loss", "ro")


class LBFGS(Optimizer):
    """Liu and Nocedal, "On the Limited Memory BFGS Method for Large Scale Optimization" (1989).

    `step(closure)` makes up to max_iter iterations, with up to max_eval calls of `closure` (5/4 of max_iter, if None),
    which clears the gradients, computes them anew and gives the loss. It returns the first loss. Each iteration goes
    along −H · g: g is the gradient of all parameters, H the estimate of the inverse Hessian by the last history_size
    changes of g and of the values. The step size is lr, in the first iteration of all lr · min(1, 1 / Σ|g|);
    line_search_fn="strong_wolfe" searches a better one from there. It ends early where no |gᵢ| is above tolerance_grad,
    or where neither loss nor values change by more than tolerance_change.

    How often it iterates and what it tries depends on the losses by nature, so that a step is no fixed formula. All
    parameters form one group. Raises ArgumentError for several, or for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((p - [3.0, 4.0]) ** 2 * [1.0, 10.0]).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    364.0
    >>> p.numpy().round(4)
    array([3., 4.])
    """

    takes_complex = False  # its products of vectors are those of real numbers
    settings: ClassVar = {
        "lr": number,
        "max_iter": positive,
        "max_eval": optional(positive),
        "tolerance_grad": number,
        "tolerance_change": number,
        "history_size": positive,
        "line_search_fn": one_of(None, "strong_wolfe"),
    }
    numbers: ClassVar = {}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            max_iter=max_iter,
            max_eval=positive("max_iter", max_iter) * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )

    def _make_parts(self) -> None:
        super()._make_parts()
        self._memory: dict[str, Any] = {}

    def check_group(self, group: Mapping[str, Any]) -> None:
        if self.param_groups:
            raise ArgumentError("LBFGS takes one group of parameters.", "Write LBFGS(model.parameters()).")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Iterate. `closure` clears the gradients, computes them and returns the loss."""
        if closure is None:
            raise ArgumentError("LBFGS.step needs a closure.", "Write optimizer.step(closure); see LBFGS.")
        if (now := trace()) is not None:
            raise now.refusal(
                "LBFGS, whose values say how often it evaluates,",
                "Compile the closure: optimizer.step(tg.compile(closure)).",
            )
        memory, group = self._memory, self.param_groups[0]
        most = group["max_eval"] or group["max_iter"] * 5 // 4
        with enable_grad():
            first = closure()
        loss, g, calls = as_array(first).item(), self.gradient(), 1
        memory["func_evals"] = memory.get("func_evals", 0) + 1
        for iteration in range(group["max_iter"]):
            if np.abs(g).max(initial=0) <= group["tolerance_grad"]:
                break
            d, before = self.direction(g), loss
            rate = min(1.0, 1.0 / np.abs(g).sum()) if memory["n_iter"] == 1 else 1.0
            start = Point(0.0, loss, g, float(g @ d))
            memory.update(d=d, t=float(rate * group["lr"]), prev_flat_grad=g, prev_loss=loss)
            if start.slope > -group["tolerance_change"]:
                break
            last = iteration == group["max_iter"] - 1
            loss, g, made = self.move(closure, start, most - calls, last)
            calls += made
            memory["func_evals"] += made
            moved = np.abs(memory["t"] * d).max()
            if calls >= most or moved <= group["tolerance_change"] or abs(loss - before) < group["tolerance_change"]:
                break
        return first

    def direction(self, g: Any) -> Any:
        """−H · g, by Nocedal's recursion over the last changes (1980), after the newest was added."""
        memory = self._memory
        memory["n_iter"] = memory.get("n_iter", 0) + 1
        if memory["n_iter"] == 1:
            memory.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -g
        y, s = g - memory["prev_flat_grad"], memory["d"] * memory["t"]
        curvature = float(y @ s)
        if curvature > 1e-10:
            for name, value in (("old_dirs", y), ("old_stps", s), ("ro", 1 / curvature)):
                memory[name] = [*memory[name], value][-self.param_groups[0]["history_size"] :]
            memory["H_diag"] = curvature / float(y @ y)
        changes = list(zip(memory["old_dirs"], memory["old_stps"], memory["ro"]))
        q, factors = -g, []
        for y, s, r in reversed(changes):
            factors.append(float(s @ q) * r)
            q = q - factors[-1] * y
        d = q * memory["H_diag"]
        for (y, s, r), factor in zip(changes, reversed(factors)):
            d = d + (factor - float(y @ d) * r) * s
        return d

    def move(self, closure: Callable[[], Any], start: Point, most: int, last: bool) -> tuple[float, Any, int]:
        """Go along the direction: the loss and the gradient there, and how often `closure` was called."""
        memory, group, values = self._memory, self.param_groups[0], self.values()
        d = memory["d"]
        made = 0

        def evaluate(t: float) -> Point:
            nonlocal made
            made += 1
            self.write(values + t * d)
            with enable_grad():
                loss = as_array(closure()).item()
            g = self.gradient()
            return Point(t, loss, g, float(g @ d))

        if group["line_search_fn"] is not None:
            search = StrongWolfe(evaluate, start, most, np.abs(d).max(), group["tolerance_change"])
            end = search.search(memory["t"])
            memory["t"] = end.t
            self.write(values + end.t * d)
            return end.loss, end.gradient, made
        if last:
            self.write(values + memory["t"] * d)
            return start.loss, start.gradient, 0
        end = evaluate(memory["t"])
        return end.loss, end.gradient, made

    # -- all parameters as one vector -------------------------------------------------------------

    def values(self) -> Any:
        return np.concatenate([p._array.ravel() for p in self.params])

    def gradient(self) -> Any:
        """The gradient of all parameters, 0 for those that have none."""
        return np.concatenate(
            [(np.zeros(p.size, p.dtype) if p.grad is None else p.grad._array.ravel()) for p in self.params]
        )

    def write(self, values: Any) -> None:
        start = 0
        for p in self.params:
            assign(p, values[start : start + p.size].reshape(p.shape).astype(p.dtype, copy=False))
            start += p.size

    # -- saved state ------------------------------------------------------------------------------

    def _state_by_place(self) -> dict[int, dict[str, Any]]:
        return {0: copy.deepcopy(self._memory)} if self._memory else {}

    def _checked_state(self, states: list[Mapping[str, Any]]) -> dict[str, Any]:
        memory: dict[str, Any] = {}
        size = sum(p.size for p in self.params)
        for name in (*VECTORS, *NUMBERS):
            value = states[0].get(name)
            if value is None:
                continue
            shape = (size,) if name in VECTORS else ()
            arrays = [as_array(each).copy() for each in (value if isinstance(value, list) else [value])]
            if wrong := [each.shape for each in arrays if each.shape != shape]:
                raise ArgumentError(f"The state does not fit this LBFGS: {name} has the shape {wrong[0]}, not {shape}.")
            found = arrays if name in VECTORS else [each.item() for each in arrays]
            memory[name] = found if isinstance(value, list) else found[0]
        missing = [name for name in (*VECTORS, *NUMBERS) if name not in memory]
        if missing and memory.get("n_iter"):
            raise ArgumentError(f"The state does not fit this LBFGS: it has no {', '.join(missing)}.")
        return memory

    def _take_over(self, state: dict[str, Any]) -> None:
        self._memory = state

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_memory"}
