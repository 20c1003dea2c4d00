"""DOT text in, picture bytes out: the programs that lay out and draw a graph, and writing their pictures to files."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from ...engine.errors import ArgumentError, MissingError, RenderError

if TYPE_CHECKING:
    from subprocess import Popen

# Who writes which format, in the order in which they are tried.
ORDER = {
    "svg": ("graphviz-pure", "dot", "pygraphviz"),
    "png": ("graphviz-pure", "dot", "pygraphviz"),
    "pdf": ("dot", "pygraphviz"),
}
# How a complete picture ends.
ENDS = {"svg": b"</svg>", "png": b"IEND\xaeB`\x82", "pdf": b"%%EOF"}

TIME_LIMIT = 30.0  # seconds, for each run of a renderer
DPI = 144.0  # of a bitmap, unless it would get larger than this:
MAX_PIXELS = 40_000_000
MAX_SIDE = 32_767  # the longest that cairo, in dot, can draw

# Characters that the fonts in graphviz-pure have. In a bitmap it draws a box for any other.
GLYPHS = (
    r"\t\n\r -~\xa0-\u052f"  # ASCII, Latin, accents, Greek, Cyrillic
    r"\u1d00-\u1df5\u1e00-\u1ffe"  # raised and lowered letters (ᵀ ᵢ), more Latin and Greek
    r"\u2000-\u2064\u2070-\u209c"  # dashes and dots (– … ′ ‖), raised and lowered digits
    r"\u20a0-\u20be\u2100-\u214f"  # currencies, letters as symbols (ℓ ℝ)
    r"←-↕∂∆∏∑−∕∙√∞∩∫≈≠≡≤≥"
    r"■▪▲►▼◄◊○●◦"
)

# Runs in a Python of its own, which can be stopped when it takes too long.
PYGRAPHVIZ = """
import sys
try:
    import pygraphviz
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
    for option in sys.argv[2:]:
        name, value = option.removeprefix("-G").split("=")
        graph.graph_attr[name] = value
    picture = graph.draw(format=sys.argv[1].removeprefix("-T"), prog="dot")
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
sys.stdout.buffer.write(picture)
"""


def graphviz_pure() -> list[str] | None:
    """The command of the wheel graphviz-pure, which holds no Python module that could be imported."""
    beside = os.path.join(os.path.dirname(sys.executable or ""), "graphviz-pure")
    return program(beside) or program(*installed_files("graphviz-pure"), "graphviz-pure")


def installed_files(distribution: str) -> list[str]:
    """The files of this name that a distribution of this name installed, wherever its scripts are put."""
    import importlib.metadata as metadata

    with contextlib.suppress(metadata.PackageNotFoundError):
        return [str(file.locate()) for file in metadata.files(distribution) or () if file.stem == distribution]
    return []


def dot() -> list[str] | None:
    """The command of a Graphviz that is installed in the system."""
    return program("dot")


def program(*places: str) -> list[str] | None:
    import shutil

    found = next(filter(None, map(shutil.which, places)), None)
    return [found] if found else None


def pygraphviz() -> list[str] | None:
    """A Python that draws with pygraphviz, whose wheels hold Graphviz."""
    import importlib.util

    if not sys.executable or importlib.util.find_spec("pygraphviz") is None:
        return None
    return [sys.executable, "-P", "-c", PYGRAPHVIZ]


COMMANDS = {"graphviz-pure": graphviz_pure, "dot": dot, "pygraphviz": pygraphviz}


def available(format: str) -> list[str]:
    """The names of the renderers found here that write a format, in the order in which they are tried.

    Raises ArgumentError for an unknown format.
    """
    return [name for name in ORDER[checked(format)] if COMMANDS[name]()]


def checked(format: str) -> str:
    if format not in tuple(ORDER):
        raise ArgumentError(f"A picture's format is svg, png or pdf, but got {format!r}.")
    return format


def render(source: str, format: str) -> bytes:
    """The picture of a graph in the DOT language, as the content of an svg, png or pdf file.

    The first renderer that succeeds draws it: the wheel graphviz-pure, the system's Graphviz, or pygraphviz.
    A png has at most 40 megapixels; a graph that is too large for that is drawn smaller.

    Raises ArgumentError for another format, MissingError if no renderer for the format is installed, and
    RenderError, telling what each renderer said, if all fail or take longer than TIME_LIMIT.
    """
    names = ORDER[checked(format)]
    if format == "png" and lacks_glyphs(source):
        # The others draw with the system's fonts, which may have more characters.
        names = (*names[1:], names[0])
    said = []
    for name in names:
        if command := COMMANDS[name]():
            try:
                return picture(command, source, format)
            except RenderError as error:
                said.append(f"{name} {error.what}")
                if error.details:  # too slow: the next would be, too
                    said.append(error.details)
                    break
    if not said:
        raise missing(format)
    raise RenderError(f"The graph could not be rendered as {format}.", "\n  ".join(said))


def missing(format: str) -> MissingError:
    if format == "pdf":
        return MissingError(
            "Rendering pdf needs Graphviz's dot (or pygraphviz), and neither was found.",
            "Write apt install graphviz, brew install graphviz or pip install pygraphviz; "
            "graphviz-pure does not write pdf.",
        )
    return MissingError(
        f"Rendering {format} needs graphviz-pure (or Graphviz's dot), and neither was found.",
        "Write pip install graphviz-pure.",
    )


def lacks_glyphs(source: str) -> bool:
    """Whether a text, also as &#8711; or &nabla;, has characters that graphviz-pure would draw as boxes."""
    import html

    return re.search(f"[^{GLYPHS}]", html.unescape(source)) is not None


def picture(command: list[str], source: str, format: str) -> bytes:
    """What one renderer draws. Raises RenderError if it fails."""
    if format != "png":
        return run([*command, f"-T{format}"], source, format)
    svg = run([*command, "-Tsvg", "-Gdpi=72"], source, "svg")
    size = re.search(rb'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if not size:
        raise RenderError("wrote an svg without a size.")
    return run([*command, "-Tpng", f"-Gdpi={resolution(float(size[1]), float(size[2])):.6f}"], source, "png")


def resolution(width: float, height: float) -> float:
    """The dots per inch that keep a picture of this size, in points, within MAX_PIXELS and MAX_SIDE."""
    width, height = width + 1, height + 1  # the size in an SVG is rounded
    # Each side is rounded up to whole pixels, which adds less than MAX_SIDE pixels for each of the two.
    scale = ((MAX_PIXELS - 2 * MAX_SIDE) / (width * height)) ** 0.5
    return min(DPI, 72 * scale, 72 * (MAX_SIDE - 1) / max(width, height))


def run(command: list[str], source: str, format: str) -> bytes:
    """What a command writes for a graph, complete. Raises RenderError if it fails or takes longer than TIME_LIMIT."""
    import subprocess

    # Its own group, so that what it starts can be stopped too; on Windows, no console opens.
    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.CREATE_NO_WINDOW}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, **alone)
    except OSError as error:
        raise RenderError(f"could not be started: {error}.") from error
    with process:
        try:
            output, errors = process.communicate(source.encode("utf-8", "replace"), TIME_LIMIT)
        except subprocess.TimeoutExpired:
            stop(process)
            raise RenderError(
                f"was stopped after {TIME_LIMIT:g} seconds.", "Draw fewer nodes, with a smaller max_nodes."
            ) from None
        except BaseException:
            stop(process)
            raise
    if process.returncode:
        raise RenderError(f"failed with status {process.returncode}{first_lines(errors)}")
    if not output[-64:].rstrip().endswith(ENDS[format]):
        raise RenderError(f"wrote {'half a picture' if output else 'nothing'}{first_lines(errors)}")
    return output


def stop(process: Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        import signal

        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)


def first_lines(errors: bytes) -> str:
    """What a renderer wrote to its standard error, shortened; its warnings only if there is nothing else."""
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    lines = [line for line in lines if "warning" not in line.lower()] or lines
    text = " ".join(lines[:3])
    return f": {text[:300]}{'…' if len(text) > 300 or lines[3:] else ''}" if text else "."


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file, so that at any time, even after a crash, there is the old one or the new one, never a part.

    A symbolic link is followed, and a file that exists keeps its permissions.

    Raises ArgumentError if the folder does not exist; OSError, and the old file stays, if it cannot be written.
    """
    import secrets
    import shutil

    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise ArgumentError(
            f"There is no folder {folder!r} to write {os.path.basename(target)!r} to.",
            f"Write pathlib.Path({folder!r}).mkdir(parents=True) before.",
        )
    exists = os.path.exists(target)
    if exists:
        with open(target, "ab") as file:  # raises if it is a folder, or must not be written
            if not os.path.isfile(target):
                file.write(data)  # into a device or a pipe, which must not be replaced
                return
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        if exists:
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
