"""`save` and `load`: a model, or all that a training run needs, in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, FileError
from ..engine.tensor import Tensor
from ..nn.layer import Layer, model_of
from .encoding import TENSOR, Arrays, decoded, encoded
from .formats import READERS, WRITERS, format_of

FORMAT = "tinygrad_like"
OURS = ("format", "tinygrad_like", "numpy", "model", "layers")  # the texts that every file has, or that of a model
STRUCTURE = "structure"  # of a file of several things, as JSON


def save(saved: Any, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
    """Save a model, or a dict of states, as .safetensors or .npz, as the path says.

    A model is saved by the names of its `state_dict()`, so PyTorch loads it by name. A dict may hold models,
    optimizers, schedules, generators, arrays, numbers, texts, and lists and dicts of these. `metadata` is kept with it,
    as JSON: hyper-parameters, for example.

    The file is written whole, then put in the place of an old one, which stays if anything fails. Raises ArgumentError
    for what cannot be saved, MissingError if the package safetensors is needed, FileError for another kind of file,
    OSError for a disk that is full.

    >>> import tempfile, tinygrad_like as tg
    >>> model, folder = tg.Linear(2, 1, seed=0), tempfile.TemporaryDirectory()
    >>> tg.save({"model": model, "epoch": 3}, folder.name + "/run.npz")
    >>> tg.load(folder.name + "/run.npz")["epoch"]
    3
    >>> folder.cleanup()
    """
    target = Path(path)
    write = WRITERS[format_of(target)]
    saved = model_of(saved)
    arrays: Arrays = {}
    try:
        structure = json.dumps(encoded(saved, arrays))
    except RecursionError as error:
        raise ArgumentError(
            f"It is not possible to save this {type(saved).__name__}: it contains itself, or is nested too deeply.",
            "Save fewer levels of lists and dicts.",
        ) from error
    texts = texts_of(saved, metadata or {})
    if not isinstance(saved, Layer) and not is_flat(saved):
        texts[STRUCTURE] = structure
    replace(target, write(arrays, texts))


def is_flat(saved: Any) -> bool:
    """Whether what is saved is a state by name, which needs no structure in the file."""
    return isinstance(saved, Mapping) and all(
        isinstance(name, str) and isinstance(each, (np.ndarray, Tensor)) for name, each in saved.items()
    )


def texts_of(saved: Any, own: Mapping[str, Any]) -> dict[str, str]:
    """The metadata: versions, what the model is, and what the user gives, as JSON."""
    from .. import __version__

    texts = {"format": FORMAT, "tinygrad_like": __version__, "numpy": np.__version__}
    if isinstance(saved, Layer):
        texts |= {"model": type(saved).__name__, "layers": repr(saved)}
    for name, value in own.items():
        if not isinstance(name, str) or name in (*OURS, STRUCTURE):
            raise ArgumentError(f"The metadata cannot have the name {name!r}.", "Choose another one.")
        try:
            texts[name] = json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"metadata[{name!r}] is no JSON: {error}.", "Give numbers, texts, lists, dicts."
            ) from error
    return texts


def replace(target: Path, content: bytes) -> None:
    """Write a file beside the old one, and put it in its place when it is whole."""
    target = Path(os.path.realpath(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent} to save {target.name} in.")
    part = target.parent / f".{target.name[:40]}.{os.urandom(4).hex()}.part"
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(part, target.stat().st_mode)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str]) -> tuple[Arrays, dict[str, str]]:
    """(arrays, texts) of a file; errors name it."""
    source = Path(path)
    reader = READERS[format_of(source)]
    content = source.read_bytes()
    try:
        return reader(content)
    except FileError as error:
        raise FileError(f"{source} cannot be read: {error.what}", error.details) from error


def load(path: str | os.PathLike[str], into: Mapping[str, Any] | None = None) -> Any:
    """What was saved: a dict of Tensors by name for a model, else what the dict was, with states for objects.

    `into` has the models, optimizers, schedules and generators that take over their states, by the keys of the saved
    dict. Files of PyTorch are read as well. Nothing in a file is run.

    Raises FileError, which names the file, if it is damaged or of another kind, or has no such key; ArgumentError if
    a state does not fit.
    """
    check_takers({} if into is None else into)
    arrays, texts = read(path)
    try:
        structure = json.loads(texts[STRUCTURE]) if STRUCTURE in texts else {name: {TENSOR: name} for name in arrays}
        found = decoded(structure, arrays)
    except (ValueError, TypeError, RecursionError) as error:
        raise FileError(f"{path} cannot be read: its structure is damaged: {error}.") from error
    for name in into or {}:
        if not isinstance(found, dict) or name not in found:
            has = ", ".join(map(str, found)) if isinstance(found, dict) else f"a {type(found).__name__}"
            raise FileError(f"{path} has no {name!r}; it has {has}.")
    take_over(into or {}, found)
    return found


def check_takers(into: Any) -> None:
    """An error for what cannot take over a state."""
    if not isinstance(into, Mapping):
        raise ArgumentError(
            f"into must be a dict, but is a {type(into).__name__}.",
            'Write load(path, into={"model": model}), with the key that it was saved by; or model.load(path) for a '
            "file of one model.",
        )
    for name, each in into.items():
        if not hasattr(model_of(each), "load_state_dict"):
            raise ArgumentError(
                f"into[{name!r}] is a {type(each).__name__}, which has no load_state_dict().",
                f"Read it from what load gives: load(path)[{name!r}].",
            )


def take_over(into: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Let each object take over its state: all of them, or none."""
    before: list[tuple[Any, Any]] = []
    try:
        for name, given in into.items():
            taker = model_of(given)
            before.append((taker, copied(taker.state_dict())))
            try:
                taker.load_state_dict(found[name])
            except ArgumentError as error:
                raise ArgumentError(f"into[{name!r}]: {error.what}", error.details) from error
    except BaseException:
        for taker, state in before:
            taker.load_state_dict(state)
        raise


def copied(state: Any) -> Any:
    """A state with memory of its own."""
    arrays: Arrays = {}
    structure = encoded(state, arrays)
    return decoded(structure, {name: each.copy() for name, each in arrays.items()})


def load_model(model: Layer, path: str | os.PathLike[str]) -> None:
    """Load the parameters and buffers of one model. Errors say what the file holds, and for which model."""
    arrays, texts = read(path)
    if STRUCTURE in texts:
        raise FileError(
            f"{path} holds not only a model.", f'Write tg.load("{path}", into={{"model": model}}), with the key it has.'
        )
    try:
        model.load_state_dict(arrays)
    except ArgumentError as error:
        source = f", saved from {texts['model']}," if "model" in texts else ""
        raise FileError(f"{path}{source} does not fit this {type(model).__name__}:", error.details) from error


def metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The metadata of a file: what was given to `save`, and texts that say what it was saved from."""
    _, texts = read(path)
    ours = texts.get("format") == FORMAT
    given = {name: text for name, text in texts.items() if name != STRUCTURE}
    return {name: json.loads(text) if ours and name not in OURS else text for name, text in given.items()}
