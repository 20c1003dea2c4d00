"""Rendering: whoever can draws the picture, nothing incomplete comes out, and files are old or new, never half."""

import contextlib
import importlib.metadata
import math
import os
import pathlib
import pickle
import random
import re
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from tinygrad_like.engine.errors import ArgumentError, MissingError, RenderError
from tinygrad_like.picture.written import renderer
from tinygrad_like.picture.written.renderer import available, render, write_atomically

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="this system has no POSIX signals, pipes and permissions")
FOUND = {name: command() for name, command in renderer.COMMANDS.items()}
GRAPH = """digraph g {
    node [shape=box fontname=Helvetica]
    subgraph cluster_layer { id=c0; label="Layer 0"; a [id=n0 tooltip="A (2, 3)"] }
    b [id=n1 label=<<TABLE><TR><TD ID="n1g" TOOLTIP="gradient of b">∂ → σ</TD></TR></TABLE>>]
    a -> b
}"""


def real(*formats):
    """A parameter for each renderer and format; skipped where the renderer is not installed."""
    return [
        pytest.param(
            name,
            format,
            marks=pytest.mark.skipif(FOUND[name] is None, reason=f"{name} is not installed"),
            id=f"{name}-{format}",
        )
        for format in formats
        for name in renderer.ORDER[format]
    ]


@pytest.fixture
def only(monkeypatch):
    """Leave only these renderers."""

    def leave(**commands):
        for name in renderer.COMMANDS:
            command = commands.get(name.replace("-", "_"))
            monkeypatch.setitem(renderer.COMMANDS, name, lambda command=command: command)

    return leave


@pytest.fixture
def fake(tmp_path):
    """The command of a program with a body in Python."""

    def write(body):
        path = tmp_path / f"fake{len(list(tmp_path.iterdir()))}.py"
        path.write_text(f"import sys, time\n{body}\n", encoding="utf-8")
        return [sys.executable, str(path)]

    return write


def prints(text):
    return f"sys.stdin.buffer.read(); sys.stdout.write({text!r})"


def says(text, status):
    return f"sys.stdin.buffer.read(); sys.stderr.write({text!r}); sys.exit({status})"


def pixels(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def box(width, height):
    """A graph of about this size, in points."""
    return f'digraph {{ a [shape=box fixedsize=true label="" width={width / 72} height={height / 72}] }}'


def message(call):
    with pytest.raises(RenderError) as caught:
        call()
    return str(caught.value)


# Real renderers.


@pytest.mark.parametrize(("name", "format"), real("svg", "png", "pdf"))
def test_every_renderer_draws_every_format_it_promises(name, format, only):
    only(**{name.replace("-", "_"): FOUND[name]})
    assert available(format) == [name]
    picture = render(GRAPH, format)
    assert picture.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[format])


@pytest.mark.parametrize(("name", "format"), real("svg"))
def test_ids_and_tooltips_stand_in_the_svg(name, format, only):
    only(**{name.replace("-", "_"): FOUND[name]})
    svg = render(GRAPH, format).decode("utf-8")
    assert '<g id="n0" class="node">\n<title>a</title>\n<g id="a_n0"><a xlink:title="A (2, 3)">' in svg
    assert '<g id="c0" class="cluster">\n<title>cluster_layer</title>' in svg
    assert "∂ → σ" in svg
    if name != "dot":  # an old one writes the tooltips of cells with a link only
        assert '<g id="a_n1g"><a xlink:title="gradient of b">' in svg


@pytest.mark.parametrize(("name", "format"), real("png"))
@pytest.mark.parametrize("size", [(50_000, 10), (10, 50_000), (30_000, 30_000), (60_000, 2_000), (1_000_000, 10)])
def test_a_png_never_exceeds_the_cap(name, format, size, only):
    only(**{name.replace("-", "_"): FOUND[name]})
    width, height = pixels(render(box(*size), format))
    assert width * height <= renderer.MAX_PIXELS
    assert max(width, height) <= renderer.MAX_SIDE
    assert width * height > 0.9 * renderer.MAX_PIXELS or max(width, height) > 0.9 * renderer.MAX_SIDE


def test_the_cap_holds_for_any_size(monkeypatch):
    """Small caps, where a pixel more or less shows. A size in an SVG may be half a point less than it is."""
    monkeypatch.setattr(renderer, "MAX_SIDE", 97)
    monkeypatch.setattr(renderer, "MAX_PIXELS", 2000)
    generator = random.Random(0)
    for _ in range(20_000):
        width, height = (round(math.exp(generator.uniform(2, 8))) for _ in range(2))
        scale = renderer.resolution(width, height) / 72
        across, down = (math.ceil((each + 0.5) * scale) for each in (width, height))
        assert across * down <= 2000, (width, height)
        assert max(across, down) <= 97, (width, height)
        assert across * down > 1500 or max(across, down) > 80 or scale == 2, (width, height)


@pytest.mark.parametrize(("name", "format"), real("png"))
@pytest.mark.parametrize("own", ["", "graph [dpi=5000]"])
def test_a_png_has_144_dots_per_inch(name, format, own, only):
    only(**{name.replace("-", "_"): FOUND[name]})
    width, height = pixels(render(box(712, 352).replace("{", "{ pad=0; margin=0;" + own, 1), format))
    assert abs(width - 1424) <= 4
    assert abs(height - 704) <= 4


@pytest.mark.skipif(FOUND["graphviz-pure"] is None, reason="graphviz-pure is not installed")
def test_the_table_of_glyphs_is_true(only):
    """A character that the fonts lack looks like any other such one. (All of three bytes, which are as wide.)"""
    only(graphviz_pure=FOUND["graphviz-pure"])

    def drawn(character):
        return render(f'digraph {{ node [fontname=Helvetica] a [label="{character}"] }}', "png")

    unknown = drawn("\ue123")
    for character in "→↓∂∑∏√−∞∫≈≠≤≥…–′‖•ᵀᵢ₂⁻ⁿℓℝ€■▲●○◦ḿὠ":
        assert not renderer.lacks_glyphs(character)
        assert drawn(character) != unknown, character
    for character in "∇⊙∘✓✗⋯⊗⊕∈⟨⇒⋅∗★日あ가":
        assert renderer.lacks_glyphs(character)
        assert drawn(character) == unknown, character


def test_an_error_in_the_text_is_told_by_every_renderer(only):
    if not any(FOUND.values()):
        pytest.skip("no renderer is installed")
    with pytest.raises(RenderError) as caught:
        render("digraph { a -> ", "svg")
    first, *rest = str(caught.value).splitlines()
    assert first == "The graph could not be rendered as svg."
    assert [line.split()[0] for line in rest] == [name for name in renderer.ORDER["svg"] if FOUND[name]]
    assert all("syntax error" in line for line in rest)


def test_text_that_is_no_unicode_is_drawn_too(only):
    if not any(FOUND.values()):
        pytest.skip("no renderer is installed")
    assert b"lone ? here" in render('digraph { a [label="lone \ud800 here"] }', "svg")


# Which renderer is taken.


def test_formats():
    for call in (available, lambda format: render(GRAPH, format)):
        for format in ("gif", "", "SVG", None, ["svg"]):
            with pytest.raises(ArgumentError, match=r"svg, png or pdf, but got .*" + re.escape(repr(format))):
                call(format)


def test_none_is_installed(only):
    only()
    for format in ("svg", "png"):
        assert available(format) == []
        with pytest.raises(MissingError) as caught:
            render(GRAPH, format)
        assert str(caught.value) == (
            f"Rendering {format} needs graphviz-pure (or Graphviz's dot), and neither was found.\n"
            "  Write pip install graphviz-pure."
        )
    assert isinstance(caught.value, ImportError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_pdf_is_advised_something_else(only, fake):
    only(graphviz_pure=fake(prints("%%EOF")))
    assert available("pdf") == []
    with pytest.raises(
        MissingError, match=r"(?s)Rendering pdf needs Graphviz's dot.*apt.*brew.*pip install pygraphviz"
    ):
        render(GRAPH, "pdf")


def test_the_first_one_draws(only, fake):
    pure, dot, third = (fake(prints(f"<svg>{name}</svg>")) for name in ("pure", "dot", "third"))
    only(graphviz_pure=pure, dot=dot, pygraphviz=third)
    assert available("svg") == available("png") == ["graphviz-pure", "dot", "pygraphviz"]
    assert available("pdf") == ["dot", "pygraphviz"]
    assert render(GRAPH, "svg") == b"<svg>pure</svg>"
    only(dot=dot, pygraphviz=third)
    assert render(GRAPH, "svg") == b"<svg>dot</svg>"
    only(pygraphviz=third)
    assert render(GRAPH, "svg") == b"<svg>third</svg>"


@pytest.mark.parametrize(
    "failing",
    [
        says("no", 1),
        says("", 139),
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "",
        prints("\n"),
        prints("<svg> half of it"),
        prints("<svg></svg> and something that is cut o"),
    ],
)
def test_after_a_failure_the_next_one_draws(failing, only, fake):
    only(graphviz_pure=fake(failing), dot=fake(prints("<svg>dot</svg>\n")))
    assert render(GRAPH, "svg") == b"<svg>dot</svg>\n"
    only(graphviz_pure=["/no/such/program"], dot=fake(prints("<svg>dot</svg>\n")))
    assert render(GRAPH, "svg") == b"<svg>dot</svg>\n"


SVG = '<svg width="62pt" height="44pt"\n viewBox="0 0 62 44"></svg>'


@pytest.mark.parametrize("written", ["", "\\x89PNG half", "\\x89PNG IEND\\xaeB`"])
def test_half_a_png_or_pdf_does_not_come_out(written, only, fake):
    body = f"sys.stdout.write({SVG!r}) if '-Tsvg' in sys.argv else sys.stdout.buffer.write(b'{written}')"
    only(dot=fake(body))
    for format in ("png", "pdf"):
        said = message(lambda format=format: render(GRAPH, format))
        assert said.endswith("dot wrote " + ("half a picture." if written else "nothing."))


def test_a_png_needs_the_size_first(only, fake):
    only(dot=fake(prints("<svg></svg>")))
    assert "dot wrote an svg without a size." in message(lambda: render(GRAPH, "png"))


def test_if_all_fail_each_is_told(only, fake):
    warnings = "Warning: no value for width of non-ASCII character 194.\nFontconfig warning: x\n"
    only(
        graphviz_pure=fake(says(warnings + "Error: first\n\nin the label\nof n0\nmore\n", 1)),
        dot=fake(says("x" * 1000, 3)),
        pygraphviz=fake(says(warnings, 0)),
    )
    assert message(lambda: render(GRAPH, "svg")).splitlines() == [
        "The graph could not be rendered as svg.",
        "  graphviz-pure failed with status 1: Error: first in the label of n0…",
        "  dot failed with status 3: " + "x" * 300 + "…",
        "  pygraphviz wrote nothing: " + " ".join(warnings.splitlines()),
    ]


def test_glyphs_decide_the_order_of_bitmaps_only(only, fake, monkeypatch):
    asked = []
    only(**{name.replace("-", "_"): [name] for name in renderer.COMMANDS})
    monkeypatch.setattr(renderer, "picture", lambda command, source, format: asked.append(command[0]) or b"")
    for text in ("W1 · x² → σ(µ) − √π ≤ ∑ ᵀ", "Ünïcode Жук", "&#160; &amp; &sigma;", "&amp;nabla;", "1e-3\t\n"):
        render(text, "png")
        assert asked.pop() == "graphviz-pure"
    for text in ("∇", "&nabla;", "&#8711;", "&#x2207;", "日本", "a ⊙ b", "✓", "😀"):
        render(text, "png")
        assert asked.pop() == "dot"
        render(text, "svg")
        assert asked.pop() == "graphviz-pure"
        render(text, "pdf")
        assert asked.pop() == "dot"
    only(graphviz_pure=["graphviz-pure"])
    render("∇", "png")
    assert asked.pop() == "graphviz-pure"


@POSIX
def test_where_graphviz_pure_is_looked_for(tmp_path, monkeypatch):
    class File(pathlib.PurePosixPath):
        def locate(self):
            return tmp_path / self

    places = {name: tmp_path / name / "graphviz-pure" for name in ("listed", "beside", "path")}
    for place in places.values():
        place.parent.mkdir()
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    files = [File("listed/another"), File("listed/graphviz-pure")]
    (tmp_path / "listed" / "another").symlink_to(sys.executable)
    monkeypatch.setattr(importlib.metadata, "files", lambda name: files)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "beside" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    for name in ("beside", "listed", "path"):
        assert renderer.graphviz_pure() == [str(places[name])]
        places[name].chmod(0o644)  # not a program
    assert renderer.graphviz_pure() is None
    places["path"].chmod(0o755)

    def no_distribution(name):
        raise importlib.metadata.PackageNotFoundError(name)

    for absent in (lambda name: None, no_distribution):
        monkeypatch.setattr(importlib.metadata, "files", absent)
        assert renderer.graphviz_pure() == [str(places["path"])]


@POSIX
def test_where_dot_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert renderer.dot() is None
    (tmp_path / "dot").write_text("#!/bin/sh\n")
    (tmp_path / "dot").chmod(0o755)
    assert renderer.dot() == [str(tmp_path / "dot")]


def test_pygraphviz_draws_in_a_python_of_its_own(tmp_path, monkeypatch, only):
    """With a stand-in of the same shape, as the real one is seldom installed."""
    (tmp_path / "pygraphviz.py").write_text(
        f"""class AGraph:
    def __init__(self, string):
        self.string, self.graph_attr = string, dict()
    def draw(self, format, prog):
        if "fail" in self.string:
            raise ValueError("Graphviz raised a layout error.")
        seen = f"{{self.string}} {{self.graph_attr}} {{format}} {{prog}} "
        return seen.encode() + ({SVG!r}.encode() if format == "svg" else {renderer.ENDS["png"]!r})
""",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = renderer.pygraphviz()
    only(pygraphviz=command)
    assert render("∂", "svg").startswith("∂ {} svg dot ".encode())
    assert render("∂", "png").startswith("∂ {'dpi': '144.000000'} png dot ".encode())
    assert "pygraphviz failed with status 1: ValueError: Graphviz raised a layout error." in message(
        lambda: render("fail", "svg")
    )


# Time, and what runs.


@POSIX
def test_what_hangs_is_stopped_with_its_children(tmp_path, only, fake, monkeypatch):
    os.mkfifo(tmp_path / "alive")
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    only(dot=fake(hanging(tmp_path / "alive")))
    for limit in (2, 10, 40):
        monkeypatch.setattr(renderer, "TIME_LIMIT", limit)
        start = time.monotonic()
        assert message(lambda: render(GRAPH, "svg")).splitlines() == [
            "The graph could not be rendered as svg.",
            f"  dot was stopped after {limit} seconds.",
            "  Draw fewer nodes, with a smaller max_nodes.",
        ]
        assert time.monotonic() - start < limit + 20
        if read(reading):
            break
    else:
        pytest.fail("the program did not start in time")
    assert_ended(reading)
    monkeypatch.setattr(renderer, "TIME_LIMIT", 0.5)
    only(graphviz_pure=fake("time.sleep(120)"), dot=fake("time.sleep(120)"), pygraphviz=fake("time.sleep(120)"))
    assert message(lambda: render(GRAPH, "svg")).count("max_nodes") == 1


@POSIX
def test_an_interrupt_stops_the_renderer(tmp_path, fake):
    os.mkfifo(tmp_path / "alive")
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    code = (
        "from tinygrad_like.picture.written import renderer\n"
        f"renderer.COMMANDS['graphviz-pure'] = lambda: {fake(hanging(tmp_path / 'alive'))!r}\n"
        "renderer.render('digraph {}', 'svg')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not read(reading) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert_ended(reading)


def hanging(fifo):
    """A program that hangs, as does its child; both hold the pipe open, and say when they are ready."""
    child = f"import time; file = open({str(fifo)!r}, 'wb', 0); file.write(b'ready'); time.sleep(120)"
    return f"import subprocess; subprocess.Popen([sys.executable, '-c', {child!r}]); exec({child!r})"


def read(descriptor):
    """What was written to a pipe: b'' if nobody has it open, None if nothing was written yet."""
    with contextlib.suppress(BlockingIOError):
        return os.read(descriptor, 100)


def assert_ended(descriptor):
    deadline = time.monotonic() + 60
    while read(descriptor) != b"":
        assert time.monotonic() < deadline, "something is still running"
        time.sleep(0.05)
    os.close(descriptor)


def test_input_and_output_may_be_large(only, fake):
    only(
        dot=fake(
            "text = sys.stdin.buffer.read(); sys.stdout.buffer.write(text + b'</svg>'); sys.stderr.write('x' * 10**6)"
        )
    )
    text = "∂é" * 2_000_000
    assert render(text, "svg") == text.encode() + b"</svg>"


def test_importing_is_light():
    code = (
        "import sys, tinygrad_like; before = set(sys.modules)\n"
        "import tinygrad_like.picture.written.renderer; print(*set(sys.modules) - before)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & {"subprocess", "shutil", "html", "importlib.metadata", "graphviz", "pygraphviz"}


# Files.


def test_a_file_is_written_and_written_over(tmp_path):
    for path in (tmp_path / "picture.svg", str(tmp_path / ("é" * 120 + ".svg"))):
        for data in (b"one", b"", b"three"):
            write_atomically(path, data)
            assert pathlib.Path(path).read_bytes() == data
    assert len(list(tmp_path.iterdir())) == 2


def test_a_path_may_be_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("picture.svg", b"here")
    assert (tmp_path / "picture.svg").read_bytes() == b"here"


@POSIX
def test_permissions(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o604)
    before = os.umask(0o027)
    try:
        write_atomically(new, b"new")
        write_atomically(old, b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o604
    assert old.read_bytes() == b"new"


@POSIX
def test_a_file_that_must_not_be_written_stays(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write to every file")
    path = tmp_path / "picture.svg"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


@POSIX
def test_links_are_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for name in ("there", "not yet"):
        target, link = tmp_path / "elsewhere" / name, tmp_path / f"link to {name}"
        if name == "there":
            target.write_bytes(b"old")
        link.symlink_to(os.path.join("elsewhere", name))
        write_atomically(link, b"new")
        assert link.is_symlink()
        assert target.read_bytes() == b"new"


@POSIX
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
    reader.start()
    write_atomically(path, b"through")
    reader.join(60)
    assert got == [b"through"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(ArgumentError, match=r"(?s)no folder '.*nowhere' to write 'x.svg' to.*mkdir\(parents=True\)"):
        write_atomically(tmp_path / "nowhere" / "x.svg", b"new")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "x.svg").mkdir()
    with pytest.raises(OSError, match=r"x\.svg"):
        write_atomically(tmp_path / "x.svg", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["x.svg"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["replace", "write", "copymode"])
def test_on_failure_the_old_file_stays_and_nothing_else(error, step, tmp_path, monkeypatch):
    path = tmp_path / "picture.svg"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise error

    data = b"new"
    if step == "replace":
        monkeypatch.setattr(os, "replace", fail)
    elif step == "copymode":
        monkeypatch.setattr("shutil.copymode", fail)
    else:
        data, error = "no bytes", TypeError()
    with pytest.raises(type(error)):
        write_atomically(path, data)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["picture.svg"]


def test_a_killed_process_leaves_the_old_or_the_new_file(tmp_path):
    path, size = tmp_path / "picture.svg", 5_000_000
    write_atomically(path, b"A" * size)
    code = (
        "import itertools, sys\n"
        "from tinygrad_like.picture.written.renderer import write_atomically\n"
        "print('ready', flush=True)\n"
        f"for i in itertools.count(): write_atomically(sys.argv[1], (b'B', b'C')[i % 2] * {size})"
    )
    seen = set()
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(random.uniform(0.01, 0.1))
            process.kill()
        data = path.read_bytes()
        seen.add(data[:1])
        assert data == data[:1] * size
    assert seen - {b"A"}
