"""The formats: safetensors (its package is an extra), and npz, which NumPy writes. Neither holds code."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, FileError, MissingError
from .encoding import Arrays

METADATA = "__metadata__"  # in npz, the name of the array that holds the texts
LONGEST = 60_000  # bytes of a name: zip counts them with 16 bits
BFLOAT16 = "BF16"  # NumPy has no such dtype: it is the upper half of a float32


def check_names(arrays: Arrays) -> None:
    """An error for names that would not come back."""
    for name in arrays:
        size = len(name.encode(errors="replace"))
        if name == METADATA or "\0" in name or size > LONGEST or size != len(name.encode(errors="surrogatepass")):
            raise ArgumentError(f"A value in a file cannot have the name {name[:80]!r}.", "Rename the key.")


def safetensors() -> Any:
    """The package of that name."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise MissingError(
            "Files of the kind .safetensors need the package safetensors.",
            "Write pip install 'tinygrad_like[files]', or save as .npz, which needs nothing.",
        ) from error
    return safetensors


def to_safetensors(arrays: Arrays, texts: dict[str, str]) -> bytes:
    """The bytes of a file."""
    package = safetensors()
    check_names(arrays)
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise FileError(f"{name} has the dtype {array.dtype}, which safetensors does not have.", "Save as .npz.")
    whole = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    written: bytes = package.numpy.save(whole, metadata=texts)
    return written


def from_safetensors(content: bytes) -> tuple[Arrays, dict[str, str]]:
    """(arrays, texts) of a file. Raises FileError if it is damaged."""
    package = safetensors()
    try:
        parts = package.deserialize(content)
        length = int.from_bytes(content[:8], "little")
        texts = json.loads(content[8 : 8 + length]).get(METADATA) or {}
    except (package.SafetensorError, ValueError) as error:
        raise FileError(f"it is no whole safetensors file: {error}.") from error
    return {name: array_of(name, part) for name, part in parts}, texts


def array_of(name: str, part: dict[str, Any]) -> np.ndarray[Any, Any]:
    """An array of raw bytes."""
    kind, data = part["dtype"], part["data"]
    if kind == BFLOAT16:
        wide = np.frombuffer(data, "<u2").astype("<u4") << np.uint32(16)
        return wide.view("<f4").reshape(part["shape"])
    letter = {"F": "f", "I": "i", "U": "u"}.get(kind[0])
    if kind != "BOOL" and (letter is None or not kind[1:].isdigit() or int(kind[1:]) < (16 if letter == "f" else 8)):
        raise FileError(f"{name} has the dtype {kind}, which NumPy does not have.", "Convert it where it was saved.")
    dtype = np.dtype(bool) if kind == "BOOL" else np.dtype(f"<{letter}{int(kind[1:]) // 8}")
    return np.frombuffer(data, dtype).reshape(part["shape"]).astype(dtype.newbyteorder("="))


def to_npz(arrays: Arrays, texts: dict[str, str]) -> bytes:
    """The bytes of a file."""
    check_names(arrays)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, array in {**arrays, METADATA: np.array(json.dumps(texts))}.items():
            with file.open(name + ".npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def from_npz(content: bytes) -> tuple[Arrays, dict[str, str]]:
    """(arrays, texts) of a file. Raises FileError if it is damaged, or holds pickled objects."""
    name, arrays = "", Arrays()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            check_members(file, content)
            for member in file.infolist():
                name = member.filename.removesuffix(".npy")
                if name in arrays:
                    raise ValueError("two arrays have this name")
                with file.open(member) as part:
                    arrays[name] = np.lib.format.read_array(part, allow_pickle=False)
        texts = json.loads(arrays.pop(METADATA, np.array("{}")).item())
        if not isinstance(texts, dict) or not all(isinstance(each, str) for each in texts.values()):
            raise ValueError("its metadata are no texts")
    except Exception as error:  # NumPy raises many kinds for damaged bytes
        where = f" at {name}" if name else ""
        raise FileError(f"it is no whole npz file of plain arrays{where}: {error}.") from error
    return arrays, texts


def check_members(file: zipfile.ZipFile, content: bytes) -> None:
    """An error if arrays are lost, or are far larger than the file, and would fill the memory."""
    count = int.from_bytes(content[-12:-10], "little")  # as the end of the archive says; `zipfile` does not look at it
    if not file.comment and count not in (len(file.infolist()), 0xFFFF):
        raise ValueError(f"it has {len(file.infolist())} of {count} arrays")
    size = sum(member.file_size for member in file.infolist())
    if size > 1000 * len(content) + 10**6:
        raise ValueError(f"it would unpack to {size:,} bytes")


WRITERS = {".safetensors": to_safetensors, ".npz": to_npz}
READERS = {".safetensors": from_safetensors, ".npz": from_npz}


def format_of(path: Path) -> str:
    """The format that a file's name asks for."""
    if path.suffix not in WRITERS:
        raise FileError(f"{path} is neither .safetensors nor .npz.", f"Write {path.with_suffix('.safetensors')!s}.")
    return path.suffix
