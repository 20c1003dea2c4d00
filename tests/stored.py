"""Layers beside PyTorch's: the same weights and inputs in, the same outputs, gradients and buffers out.

What PyTorch gave is stored in tests/stored/, for where it is not installed. Where it is, it is also asked anew.
`python -m tests.stored nn.test_linear_beside` stores the `CASES` of a module.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_like as tg

FOLDER = Path(__file__).parent / "stored"
HAS_TORCH = importlib.util.find_spec("torch") is not None


@dataclass(frozen=True)
class Case:
    """A layer: how we make it, how PyTorch does, and the shapes of its inputs (or functions of a generator).

    With `steps`, it is called so often, which changes its buffers. `evaluate` switches both to evaluation first.
    `options` go to the call.
    """

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[Any], Any]  # is given the module torch.nn
    inputs: tuple[Any, ...]
    dtype: str = "float64"
    steps: int = 1
    evaluate: bool = False
    options: tuple[tuple[str, Any], ...] = ()
    tolerance: float = 1e-10


def inputs_of(case: Case) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    made = [each(rng) if callable(each) else rng.normal(size=each) for each in case.inputs]
    return [each.astype(case.dtype) if each.dtype.kind == "f" else each for each in made]


def leaves(value: Any) -> list[Any]:
    """The arrays in a result: an LSTM gives tuples of them, an attention may give None."""
    if isinstance(value, (tuple, list)):
        return [leaf for each in value for leaf in leaves(each)]
    return [] if value is None else [value]


def cotangent(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.cos(1.0 + np.arange(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)


def plain(value: Any) -> np.ndarray:
    return value.numpy() if isinstance(value, tg.Tensor) else np.asarray(value.detach())


def outcome(model: Any, tensor: Callable[[np.ndarray], Any], case: Case) -> dict[str, np.ndarray]:
    """The outputs, the gradients and the buffers of a model, ours or PyTorch's."""
    model.eval() if case.evaluate else model.train()
    given = [tensor(each) for each in inputs_of(case)]
    for _ in range(case.steps):
        results = leaves(model(*given, **dict(case.options)))
    found = {f"output {i}": plain(each) for i, each in enumerate(results)}
    starts = [each for each in results if each.requires_grad]
    total = sum((each * tensor(cotangent(tuple(each.shape), case.dtype), False)).sum() for each in starts)
    if starts:
        total.backward()
    for i, each in enumerate(given):
        if each.requires_grad and each.grad is not None:
            found[f"gradient of input {i}"] = plain(each.grad)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            found[f"gradient of {name}"] = plain(parameter.grad)
    return found | {f"buffer {name}": plain(each) for name, each in model.named_buffers()}


def our_tensor(array: np.ndarray, differentiated: bool = True) -> Any:
    return tg.Tensor(array, requires_grad=differentiated and array.dtype.kind == "f")


def beside(case: Case) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(state, outcome) of PyTorch's model, with weights that are neither 0 nor 1."""
    import torch

    def tensor(array: np.ndarray, differentiated: bool = True) -> Any:
        return torch.from_numpy(array.copy()).requires_grad_(differentiated and array.dtype.kind == "f")

    torch.manual_seed(0)
    model = case.theirs(torch.nn).to(getattr(torch, case.dtype))
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for each in model.parameters():
            each.copy_(torch.from_numpy(np.asarray(rng.normal(size=tuple(each.shape)) * 0.5 + 0.1)))
    state = {name: each.numpy().copy() for name, each in model.state_dict().items()}
    return state, outcome(model, tensor, case)


def compare(case: Case, state: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Load the state into our layer, and find in it what PyTorch found."""
    model = case.ours()
    if case.dtype != "float64":
        model.to(case.dtype)
    model.load_state_dict(state)
    found = outcome(model, our_tensor, case)
    assert sorted(found) == sorted(expected), case.name
    for name, want in expected.items():
        got = found[name]
        assert (got.shape, got.dtype) == (want.shape, want.dtype), f"{case.name}: {name}"
        tolerance = case.tolerance if case.dtype == "float64" else max(case.tolerance, 2e-5)
        np.testing.assert_allclose(got, want, tolerance, tolerance, err_msg=f"{case.name}: {name}")


def check(case: Case, family: str) -> None:
    """Compare a layer with what is stored, and with PyTorch, if that is installed."""
    compare(case, *(unpacked(part) for part in stored(family)[case.name]))
    if HAS_TORCH:
        compare(case, *beside(case))


def stored(family: str) -> Any:
    return json.loads((FOLDER / f"{family}.json").read_text(encoding="utf-8"))


def packed(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: [str(each.dtype), list(each.shape), each.ravel().tolist()] for name, each in arrays.items()}


def unpacked(arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype).reshape(shape) for name, (dtype, shape, values) in arrays.items()}


def main() -> None:
    """Store what PyTorch gives for the cases of test modules."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:]:
        module = importlib.import_module(f"tests.{name}")
        lines = [
            f"{json.dumps(case.name)}: {json.dumps([packed(part) for part in beside(case)])}" for case in module.CASES
        ]
        path = FOLDER / f"{module.FAMILY}.json"
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(path, f"{path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
