"""Pages: self-contained, safe whatever the names are, and alive: a real browser plays, points, zooms and turns dark."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.picture.api import draw
from tinygrad_like.picture.pages.notebook import framed, height_of
from tinygrad_like.picture.pages.page import page, prepared
from tinygrad_like.picture.written import renderer
from tinygrad_like.picture.written.labels import plain
from tinygrad_like.picture.written.themes import DARK, LIGHT

RENDERERS = [name for name in renderer.ORDER["svg"] if renderer.COMMANDS[name]()]
NO_RENDERER = pytest.mark.skipif(not RENDERERS, reason="nothing that draws an SVG is installed")
HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&amp;&#60;b&#62;",
    "\"quoted\" 'twice' `thrice`",
    "line\u2028paragraph\u2029end",
    "{{data}} \\1 \\g<0> ${x}",
    "名前 😀 ∂ \u202e",
    "half\ud800",
    "</title></svg><a href=javascript:alert(1)>",
]


class Dense(tg.Layer):
    def __init__(self, inputs, outputs, seed):
        self.W = tg.Parameter(np.random.default_rng(seed).normal(size=(inputs, outputs)))
        self.b = tg.Parameter(np.zeros(outputs))

    def forward(self, x):
        return np.tanh(x @ self.W + self.b)


def xor(**options):
    """The loss of a network on XOR, drawn."""
    model = tg.Sequential(Dense(2, 3, 0), Dense(3, 1, 1))

    def loss(X, y):
        return np.mean((model(X) - y) ** 2)

    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return draw(loss, X, np.array([[0.0], [1.0], [1.0], [0.0]]), **options)


def shared(**options):
    """A graph where a leaf is shown again beside its uses, and one with what is left out in stubs."""
    x = tg.Tensor(2.0, requires_grad=True, name="x")
    result = x
    for _ in range(7):
        result = result * x + 1.0
    return draw(result, **options)


def one_layer(**options):
    return draw(tg.Sequential(tg.Linear(2, 3)), np.ones((4, 2)), **options)


class Recurrent(tg.Layer):
    """Two of its parameters meet in one card: one stands above it and one below."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.W, self.U = tg.Parameter(rng.normal(size=(3, 3))), tg.Parameter(rng.normal(size=(2, 3)))
        self.above, self.below = tg.Parameter(np.ones((1, 3))), tg.Parameter(np.zeros((1, 3)))

    def forward(self, x):
        h = np.zeros((4, 3))
        for t in range(len(x)):
            h = np.tanh(h @ self.W + x[t] @ self.U)
        return np.concatenate([h, self.above, self.below]).sum()


def recurrent(steps, **options):
    x = np.random.default_rng(1).normal(size=(steps, 4, 2))
    return draw(Recurrent(), x, max_nodes=1000, **options)


def braid(length):
    """Many cards, with many ways between them."""

    def f(x):
        strands = [x * w for w in (0.1, 0.2, 0.3)]
        for _ in range(length):
            strands = [np.sin(a) + b for a, b in zip(strands, strands[1:] + strands[:1])]
        return (strands[0] + strands[1] * strands[2]).sum()

    return draw(f, np.ones(3), max_nodes=1000)


def hostile(name):
    x = tg.Tensor([1.0, 2.0], requires_grad=True, name=name)
    return draw(x * x + 1.0, title=name)


PICTURES = {
    "values": xor,
    "dark": lambda: xor(theme="dark"),
    "statistics": lambda: xor(detail="stats"),
    "shapes": lambda: xor(detail="shape"),
    "symbols": lambda: xor(detail="op"),
    "no gradients": lambda: xor(gradients=False),
    "downwards": lambda: xor(direction="TB"),
    "references": shared,
    "stubs": lambda: xor(focus="loss", radius=2),
    "one card": lambda: draw(tg.Tensor(1.0)),
    "recurrent": lambda: recurrent(2),
}


def graphviz_like(picture):
    """What Graphviz would draw, on a line; cards in no order, and lines from parameters the other way round."""
    graph, theme = picture._graph, picture._options.colours
    found = []
    for i, card in enumerate(graph.cards):
        fill, border, ink = theme.role(card.role)
        x = 90 * i
        shapes = f'<path fill="{fill}" stroke="{border}" d="M{x},0L{x + 60},0 {x + 60},-50 {x},-50Z"/>\n'
        shapes += f'<text x="{x}" y="-40" font-size="14.00" fill="{ink}">{html.escape(card.symbol)}</text>\n'
        for part in ("value", "gradient"):
            if f'ID="n{i}{part[0]}"' in picture.source:
                block = f'<text x="{x}" y="-20" font-size="8.00" fill="{theme.faint}">{part}</text>\n'
                block += f'<polygon fill="{theme.cell(1)}" stroke="none" points="{x},-9 {x + 9},-9 {x},-1"/>\n'
                shapes += f'<g id="a_n{i}{part[0]}"><a xlink:title="{part} of it">\n{block}</a>\n</g>\n'
        tooltip = html.escape(card.label or card.name or card.symbol)
        found.append(
            f'<!-- n{i} -->\n<g id="n{i}" class="node {card.role}">\n<title>n{i}</title>\n'
            f'<g id="a_n{i}"><a xlink:title="{tooltip}">\n{shapes}</a>\n</g>\n</g>\n'
        )
    found.reverse()
    for a, b in drawn_edges(graph):
        ends, places = f"n{a}&#45;&gt;n{b}", [f"{90 * a + 60},-25", f"{90 * b - 6},-25"]
        if is_parameter(picture, a):
            ends, places = f"n{b}&#45;&gt;n{a}", places[::-1]
        line = f'<path fill="none" stroke="{theme.edge}" d="M{places[0]}L{places[1]}"/>'
        tip = f'<polygon fill="{theme.edge}" stroke="{theme.edge}" points="{90 * b},-25 {90 * b - 6},-28"/>'
        title = f"<title>{ends}</title>"
        found.append(f'<!-- {ends} -->\n<g id="e{a}&#45;{b}" class="edge">\n{title}\n{line}\n{tip}\n</g>\n')
    cluster = f'<g id="clust1" class="cluster">\n<title>c</title>\n<polygon fill="{theme.cluster_fill}"/>\n</g>\n'
    return (
        (
            '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n'
            ' "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n<!-- Generated by graphviz version 3.14\n -->\n'
            '<svg width="900pt" height="60pt"\n viewBox="0.00 0.00 900.00 60.00" xmlns="http://www.w3.org/2000/svg" '
            'xmlns:xlink="http://www.w3.org/1999/xlink">\n'
            '<g id="graph0" class="graph" transform="scale(1 1) rotate(0) translate(4 56)">\n<title>picture</title>\n'
            f'<polygon fill="{theme.page}" stroke="none" points="-4,4 -4,-56 896,-56 896,4 -4,4"/>\n'
            f"{cluster}{''.join(found)}</g>\n</svg>\n"
        )
        .encode("utf-8", "replace")
        .decode("utf-8")
    )


def is_parameter(picture, number):
    return picture._graph.cards[number].role == "parameter"


def drawn_edges(graph):
    return sorted({(p, i) for i, card in enumerate(graph.cards) if not card.refers for p in card.parents})


def svgs(picture):
    """The picture as Graphviz would draw it, and as everything that is installed does."""
    yield graphviz_like(picture)
    for name in RENDERERS:
        yield renderer.picture(renderer.COMMANDS[name](), picture.source, "svg").decode()


def drawn(picture):
    return picture.svg() if RENDERERS else graphviz_like(picture)


def html_of(picture, svg=None):
    return page(picture._graph, picture._options, svg or graphviz_like(picture))


def data_of(text):
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)[1])


class Reader(HTMLParser):
    """The elements of a page, and whether each is closed where it should be."""

    VOID = frozenset({"meta", "link", "input", "img"})

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


# -- the text of a page ------------------------------------------------------------------------------------


@together("name", list(PICTURES))
def test_a_page_is_well_formed_html(name):
    picture = PICTURES[name]()
    for svg in svgs(picture):
        reader = Reader(html_of(picture, svg))
        assert not reader.open
        tags = [tag for tag, _ in reader.elements]
        assert [tags.count(tag) for tag in ("html", "head", "body", "h1", "script", "style")] == [1, 1, 1, 1, 2, 1]
        ids = [attrs["id"] for _, attrs in reader.elements if "id" in attrs]
        assert len(ids) == len(set(ids))


@together("name", list(PICTURES))
def test_a_page_needs_nothing_else(name):
    picture = PICTURES[name]()
    for svg in svgs(picture):
        text = html_of(picture, svg)
        assert "http:" not in text
        assert "https:" not in text
        assert "@import" not in text
        assert re.findall(r"url\(([^)]*)\)", text) == ["#backward-arrow"] * 2
        for tag, attrs in Reader(text).elements:
            assert "src" not in attrs
            assert attrs.get("href", "data:,") == "data:,", tag
            assert not any(name.startswith(("on", "xlink", "xmlns")) for name in attrs), (tag, attrs)


def test_the_policy_forbids_the_network_and_every_other_script():
    text = html_of(xor())
    policy = dict(part.split(" ", 1) for part in re.search(r'Policy" content="(.*?)"', text)[1].split("; "))
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)[1]
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["script-src"] == digest(script)
    assert text.index("Content-Security-Policy") < text.index("<style")


@together("name", HOSTILE)
def test_names_are_text_and_nothing_else(name):
    picture = hostile(name)
    shown = plain(name)
    for svg in svgs(picture):
        text = html_of(picture, svg)
        reader = Reader(text)
        tame = Reader(html_of(hostile("x"), graphviz_like(hostile("x"))))
        assert {tag for tag, _ in reader.elements} <= {tag for tag, _ in tame.elements} | {"text", "path", "polyline"}
        assert shown in reader.texts["h1"]
        assert "".join(reader.texts["title"]).startswith(shown)
        assert data_of(text)["cards"][0]["name"] == shown
        text.encode("utf-8")


def test_data_cannot_end_its_script():
    for name in HOSTILE:
        raw = html_of(hostile(name)).split('type="application/json">')[1].split("</script>")[0]
        assert not set(raw) & {"<", ">", "\u2028", "\u2029"}
        assert raw.isascii()


def test_placeholders_in_names_are_not_filled():
    assert html_of(hostile("{{script}}")).count("const find =") == 1


@together("name", list(PICTURES))
def test_the_data_are_those_of_the_graph(name):
    picture = PICTURES[name]()
    graph, source = picture._graph, picture.source
    data = data_of(html_of(picture))
    assert [card["parents"] for card in data["cards"]] == [list(dict.fromkeys(c.parents)) for c in graph.cards]
    assert data["forward"] == [i for i, c in enumerate(graph.cards) if c.role != "stub" and not c.refers]
    if picture._options.detail in ("value", "stats"):
        assert data["backward"] == [i for i in range(len(graph.cards))[::-1] if f'ID="n{i}g"' in source]


@pytest.mark.parametrize("detail", ["op", "shape"])
def test_gradients_that_are_not_shown_are_still_played(detail):
    for make in (xor, shared, one_layer, lambda **options: one_layer(depth=1, **options)):
        assert data_of(html_of(make(detail=detail)))["backward"] == data_of(html_of(make(detail="value")))["backward"]
    assert data_of(html_of(xor(detail=detail, gradients=False)))["backward"] == []


def test_steps_are_told_in_words():
    cards = data_of(html_of(xor()))["cards"]
    texts = [card["text"] for card in cards]
    assert texts[0] == "input X (4, 2)"
    assert "parameter layers[0].W (2, 3)" in texts
    assert "matmul(X, layers[0].W) (4, 3)" in texts
    assert "tanh(…) (4, 1)" in texts
    assert "constant 2" in texts
    assert texts[-1] == "mean(…) → loss"
    assert cards[-1]["name"] == "loss"
    x = tg.Tensor(np.ones((2, 3)), requires_grad=True, name="x")
    cards = data_of(html_of(draw(np.concatenate([x, x * 2.0], axis=1).sum(axis=(0, 1)))))["cards"]
    assert [card["text"] for card in cards[-2:]] == ["concatenate(x, …, axis 1) (2, 6)", "sum(…, axis (0, 1)) → output"]


@together("name", list(PICTURES))
def test_edges_and_blocks_are_found_in_every_drawing(name):
    picture = PICTURES[name]()
    for svg in svgs(picture):
        drawing = prepared(svg)
        ends = re.findall(r'class="edge(?: turned| last)?" data-from="(\d+)" data-to="(\d+)"', drawing)
        assert sorted((int(a), int(b)) for a, b in ends) == drawn_edges(picture._graph)
        parts = re.findall(r'class="edge part[^"]*" data-from="(\d+)" data-to="(\d+)"', drawing)
        assert parts == [ends for ends in dict.fromkeys(parts) for _ in range(4)]
        for part in ("value", "gradient"):
            assert drawing.count(f'<g class="{part}">') == len(re.findall(rf'ID="n\d+{part[0]}"', picture.source))


def test_an_edge_knows_whether_its_line_is_drawn_the_other_way_round():
    picture = recurrent(2)
    turned = re.compile(r'class="edge turned" data-from="(\d+)" data-to="(\d+)"')
    found = {(f"n{a}", f"n{b}") for a, b in turned.findall(prepared(graphviz_like(picture)))}
    assert found == {(f"n{a}", f"n{b}") for a, b in drawn_edges(picture._graph) if is_parameter(picture, a)}
    in_source = {(a, b) for b, a in re.findall(r"(n\d+) -> (n\d+) \[[^]]*\bdir=back\b", picture.source)}
    assert in_source
    for name in RENDERERS:
        svg = renderer.picture(renderer.COMMANDS[name](), picture.source, "svg").decode()
        assert {(f"n{a}", f"n{b}") for a, b in turned.findall(prepared(svg))} == in_source


def test_tooltips_are_those_of_the_cards():
    picture = xor()
    for svg in svgs(picture):
        titles = re.findall(r"<title>(.*?)</title>", prepared(svg))
        assert len(titles) == len(picture._graph.cards)
        assert not [title for title in titles if re.fullmatch(r"n\d+|picture|cluster_\d+|", title)]


def recoloured(drawing, rules):
    """A drawing with the rules of a page applied."""
    for part, colour, new in re.findall(r'\[(fill|stroke)="(#\w+)"\] \{ (?:fill|stroke): (#\w+); \}', rules):
        drawing = drawing.replace(f'{part}="{colour}"', f'{part}="new {new}"')
    return drawing.replace('"new ', '"')


@NO_RENDERER
@pytest.mark.parametrize("options", [{}, {"detail": "shape"}, {"depth": 1}], ids=str)
def test_the_other_theme_is_as_if_it_had_been_drawn_in_it(options):
    light, dark = xor(**options), xor(theme="dark", **options)
    assert recoloured(prepared(light.svg()), html_of(light, light.svg())) == prepared(dark.svg())
    assert recoloured(prepared(dark.svg()), html_of(dark, dark.svg())) == prepared(light.svg())


@NO_RENDERER
def test_a_notebook_gets_the_page_in_a_frame_and_an_image():
    picture = hostile('x" onload="alert(1)')
    bundle = picture._repr_mimebundle_()
    assert [*bundle] == ["text/html", "image/svg+xml", "text/plain"]
    assert bundle["image/svg+xml"] == picture.svg()
    elements = Reader(bundle["text/html"]).elements
    assert [tag for tag, _ in elements] == ["div", "img", "iframe"]
    (_, box), (_, image), (_, frame) = elements
    assert frame["sandbox"] == "allow-scripts allow-downloads"
    assert frame["srcdoc"].replace(' class="framed"', "", 1) == picture.html()
    assert base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).decode() == picture.svg()
    assert image["alt"] == frame["title"] == repr(picture)
    assert not {"onload", "onerror"} & {*box, *image, *frame}


def test_a_notebook_is_told_if_nothing_draws(monkeypatch):
    monkeypatch.setattr(renderer, "COMMANDS", dict.fromkeys(renderer.COMMANDS, lambda: None))
    bundle = xor()._repr_mimebundle_()
    assert [*bundle] == ["text/plain"]
    assert "digraph" in bundle["text/plain"]


# -- the page in a browser ---------------------------------------------------------------------------------

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

WATCH = """
window.problems = [];
window.report = (result) => parent.postMessage({ name: NAME, ...result, problems: window.problems }, "*");
const note = (text) => { window.problems.push(String(text)); window.report({}); };
addEventListener("error", (event) => note(event.message));
addEventListener("unhandledrejection", (event) => note(event.reason));
addEventListener("securitypolicyviolation", (event) => note("blocked " + event.blockedURI));
console.error = (...words) => note(words.join(" "));
// The clock of animations is the test's.
let waiting = new Map();
let time = 5000;
let last = 0;
window.requestAnimationFrame = (action) => (waiting.set(++last, action), last);
window.cancelAnimationFrame = (id) => waiting.delete(id);
window.nextFrame = (milliseconds) => {
  const actions = waiting;
  waiting = new Map();
  time += milliseconds;
  actions.forEach((action) => action(time));
  return actions.size;
};
"""

TOOLS = """
const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const style = (element) => getComputedStyle(element);
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const numbers = (elements) => sorted(elements.map((element) => Number(element.closest(".node").id.slice(1))));
const arrows = (elements) => elements.map(({ dataset }) => [Number(dataset.from), Number(dataset.to)]);
const shown = (elements) => elements.filter((element) => style(element).visibility === "visible");
const faint = (elements) => elements.filter((element) => Number(style(element).opacity) < 0.5);
const node = (number) => one("#n" + number);
const box = (element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
};
const caption = () => one("#caption").textContent;
const pointer = (element, type, more = {}) =>
  element.dispatchEvent(new PointerEvent(type, { bubbles: true, cancelable: true, pointerId: 1, ...more }));
let moves = 0;
const pointAt = (element) => pointer(element, "pointermove", { clientX: ++moves, clientY: 0 });
const key = (name, element = document.body, more = {}) =>
  element.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }));
const isPlaying = () => one("#play").getAttribute("aria-label") === "Pause";
const scale = () => node(0).getScreenCTM().a;
const gliding = () => one(".graph").getAnimations();
const settle = () => gliding().forEach((animation) => animation.finish());
const inside = (inner, outer) =>
  inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width &&
  inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height;
const current = () => {
  settle();
  const now = box(one(".node.now .outline"));
  return { step: Number(one("#scrubber").value), inside: inside(now, box(one("#stage"))), width: now.width };
};
const scrub = (step) => {
  one("#scrubber").value = step;
  one("#scrubber").dispatchEvent(new InputEvent("input", { bubbles: true }));
};
/** Of an arrow of the step: does it run forward, and is there a second head at its parent, or at its card? */
const course = (edge) => {
  const [path, from, to] = [edge.querySelector("path"), node(edge.dataset.from), node(edge.dataset.to)];
  const distance = (at, card) => {
    const { x, y, width, height } = card.getBBox();
    return Math.hypot(Math.max(x - at.x, 0, at.x - x - width), Math.max(y - at.y, 0, at.y - y - height));
  };
  const [start, end] = [path.getPointAtLength(0), path.getPointAtLength(path.getTotalLength())];
  const along = distance(start, from) + distance(end, to) < distance(start, to) + distance(end, from);
  const { markerStart, markerEnd, animationDirection } = style(path);
  const heads = [markerStart, markerEnd].map((marker) => marker !== "none");
  return [along === (animationDirection === "normal"), ...(along ? heads : heads.reverse())];
};
const state = () => ({
  step: Number(one("#scrubber").value),
  caption: caption(),
  spoken: one("#scrubber").getAttribute("aria-valuetext"),
  values: numbers(shown(all(".node .value"))),
  gradients: numbers(shown(all(".node .gradient"))),
  faint: numbers(faint(all(".node"))),
  now: numbers(all(".node.now")),
  back: numbers(all(".node.back")),
  arrows: arrows(shown(all(".edge:not(.part)"))),
  arrowsNow: arrows(all(".edge.now:not(.part)")),
  arrowsBack: arrows(all(".edge.back:not(.part)")),
  courses: all(".edge.now:not(.part, .last)").map(course),
  told: all("#rule p").map((each) => each.textContent),
  italic: all("#rule var").map((each) => each.textContent),
  live: one("#rule").getAttribute("aria-live"),
  room: box(one("#stage")).height,
});
const traced = () => ({
  tracing: one("#stage").matches(".tracing"),
  self: numbers(all(".node.lit:not(.ancestor, .descendant)")),
  ancestors: numbers(all(".node.lit.ancestor")),
  descendants: numbers(all(".node.lit.descendant")),
  faint: numbers(faint(all(".node"))),
  arrowsBefore: arrows(all(".edge.lit.ancestor:not(.part)")),
  arrowsAfter: arrows(all(".edge.lit.descendant:not(.part)")),
  arrowsFaint: arrows(faint(all(".edge:not(.part)"))),
  dashes: [...new Set(all(".node.ancestor .outline").map((each) => style(each).strokeDasharray))],
  pressed: numbers(all(".node[aria-pressed=true]")),
  caption: caption(),
});
const steps = () => Array.from({ length: Number(one("#scrubber").max) + 1 }, (_, step) => (scrub(step), state()));
const hover = (number) => (pointAt(node(number).querySelector("text")), traced());
const order = () => ({
  cards: all(".node").map(({ id }) => Number(id.slice(1))),
  layers: [...one(".graph").children].map((each) => each.classList[0]).filter((each, i, all) => each !== all[i - 1]),
});
const hoverAll = () => all(".node").map((_, number) => hover(number));
"""

PASSES = """
const start = { ...state(), order: order() };
key("ArrowLeft");
report({ start, fromRest: state().step, steps: steps(), hovers: hoverAll() });
"""

EVERYTHING = """
const stage = one("#stage");
const background = one("#stage > svg");
const centre = (element) => {
  const { x, y, width, height } = box(element);
  return { clientX: x + width / 2, clientY: y + height / 2 };
};
const inCard = (number, { clientX, clientY }) => {
  const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(node(number).getScreenCTM().inverse());
  return [x, y];
};
const wheel = (deltaY, at) =>
  !background.dispatchEvent(new WheelEvent("wheel", { deltaY, ...at, bubbles: true, cancelable: true }));
const start = { ...state(), order: order() };
key("ArrowRight");
const result = { start, fromRest: state().step, steps: steps(), hovers: hoverAll() };
result.labels = Object.fromEntries(all(".node").map((each) => [each.id, each.getAttribute("aria-label")]));

pointer(stage, "pointerleave");
result.left = traced();
pointAt(node(3));
pointAt(background);
result.onBackground = traced();

pointer(node(3).querySelector("text"), "click");
pointAt(node(8));
result.pinned = traced();
pointAt(background);
result.pinnedAndLeft = traced();
key("Escape");
result.escaped = traced();
pointer(node(3), "click");
pointer(background, "click");
result.clickedAway = traced();
pointer(node(3), "click");
pointer(node(3), "click");
result.clickedTwice = traced();

node(5).focus();
result.focusVisible = node(5).matches(":focus-visible");
result.focused = traced();
key("Enter", node(5));
node(5).blur();
result.pinnedByKey = traced();
key("Escape");
result.focusable = numbers(all('.node[tabindex="0"][role=button][aria-label]'));

result.stage = box(stage);
result.fitted = all(".node").map(box);
const at = centre(node(6));
at.clientX = Math.round(at.clientX + 13); // as whole as those of a mouse
at.clientY = Math.round(at.clientY - 7);
result.wheel = [[-240, 1], [-100, 1], [300, 1], [3, 1]].map(([delta]) => {
  const before = { scale: scale(), point: inCard(6, at) };
  const prevented = wheel(delta, at);
  return { delta, prevented, before, after: { scale: scale(), point: inCard(6, at) } };
});
const extremes = (delta) => { for (let i = 0; i < 100; i++) wheel(delta, at); return scale(); };
result.extremes = [extremes(-400), extremes(400)];
key("0");
result.fittedAgain = all(".node").map(box);
const change = (action) => { const before = scale(); action(); return scale() / before; };
result.keys = ["+", "=", "-"].map((name) => change(() => key(name)));
one("#fit").click();
result.buttons = ["larger", "smaller"].map((id) => change(() => one("#" + id).click()));
key("+");
background.dispatchEvent(new MouseEvent("dblclick", { bubbles: true, ...at }));
result.fittedByDoubleClick = all(".node").map(box);

const panned = (action) => {
  const before = box(node(0));
  const ignored = action();
  return [box(node(0)).x - before.x, box(node(0)).y - before.y, ignored];
};
stage.focus();
result.stage.keys = [style(one("#keys")).display, box(one("#keys")), style(stage).outlineStyle];
const shifted = (name, element) => panned(() => key("Arrow" + name, element, { shiftKey: true }));
result.arrows = ["Left", "Right", "Up", "Down"].map((name) => shifted(name, document.body));
stage.blur();
result.stage.keys.push(style(one("#keys")).display, stage.tabIndex, stage.getAttribute("aria-describedby"));
result.arrows.push(shifted("Right", one("#scrubber")));
const stepped = (name, element) => [panned(() => key(name, element)), state().step, numbers(all(".node.now"))];
const names = ["Home", "ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "ArrowLeft"];
result.stepped = names.map((name, i) => stepped(name, [document.body, one("#scrubber"), stage, one("#play")][i % 4]));
one("#scrubber").focus();
const { outlineStyle, outlineWidth, outlineOffset } = style(one("#scrubber"));
const ring = one("#scrubber").getBoundingClientRect().bottom + parseFloat(outlineWidth) + parseFloat(outlineOffset);
result.ring = [outlineStyle, ring, box(one("#caption")).y];
one("#scrubber").blur();
key("0");

for (let i = 0; i < 2; i++) wheel(-400, centre(node(0)));
node(all(".node").length - 1).focus();
settle();
result.broughtIntoView = box(document.activeElement);
document.activeElement.blur();
key("0");

const before = box(node(6));
pointer(node(6), "pointerdown", at);
pointer(stage, "pointermove", { clientX: at.clientX + 2, clientY: at.clientY });
result.trembled = box(node(6)).x - before.x;
pointer(stage, "pointermove", { clientX: at.clientX + 40, clientY: at.clientY - 25 });
pointer(stage, "pointermove", { clientX: at.clientX + 70, clientY: at.clientY - 30 });
pointer(stage, "pointerup");
pointer(stage, "pointermove", { clientX: at.clientX + 300, clientY: at.clientY });
pointer(node(6), "click", at);
result.dragged = { x: box(node(6)).x - before.x, y: box(node(6)).y - before.y, traced: traced() };
key("0");
stage.setPointerCapture = () => {}; // only real fingers can be captured
const finger = (pointerId, type, clientX, clientY) => pointer(stage, type, { pointerId, clientX, clientY });
const beforePinch = { scale: scale(), point: inCard(6, { clientX: 450, clientY: 300 }) };
finger(11, "pointerdown", 400, 300);
finger(12, "pointerdown", 500, 300);
finger(11, "pointermove", 350, 300);
finger(12, "pointermove", 550, 300);
finger(11, "pointerup", 350, 300);
finger(12, "pointerup", 550, 300);
const afterPinch = { scale: scale(), point: inCard(6, { clientX: 450, clientY: 300 }) };
result.pinch = [beforePinch, afterPinch];
key("0");

const colours = () => ({
  page: style(document.body).backgroundColor,
  text: style(one("h1")).color,
  fill: style(node(3).querySelector("path")).fill,
  border: style(node(3).querySelector("path")).stroke,
  scheme: style(document.documentElement).colorScheme,
  behind: all("#stage .graph > :not(g)").map((each) => style(each).display),
  pressed: one("#theme").getAttribute("aria-pressed"),
});
async function downloaded() {
  let blob;
  URL.createObjectURL = (given) => ((blob = given), "data:,");
  HTMLAnchorElement.prototype.click = function () { result.fileName = this.download; };
  one("#download").click();
  return blob.text();
}
result.themes = [colours()];
one("#theme").click();
result.themes.push(colours());
result.downloadedDark = await downloaded();
dispatchEvent(new Event("beforeprint"));
result.printed = { ...colours(), viewBox: background.getAttribute("viewBox") };
dispatchEvent(new Event("afterprint"));
result.themes.push(colours());
one("#theme").click();
result.themes.push(colours());
result.afterPrint = all(".node").map(box);

result.downloaded = await downloaded();

const seen = [];
scrub(Number(one("#scrubber").max));
one("#play").click();
result.playing = [isPlaying(), state().step, document.body.matches(".playing")];
while (isPlaying() && seen.length < 2000) { nextFrame(1000 / 60); seen.push(state().step); }
result.seen = seen;
key(" ");
for (let i = 0; i < 100; i++) nextFrame(20);
const playedOn = isPlaying();
key(" ");
const paused = state().step;
result.paused = [playedOn, isPlaying(), nextFrame(5000), paused, state().step];
one("#play").click();
nextFrame(0);
nextFrame(1000);
result.resumed = [isPlaying(), paused, state().step];
scrub(4);
result.scrubbed = [isPlaying(), nextFrame(5000), state().step];
scrub(6);
pointAt(node(3).querySelector("path"));
result.tracedMidway = traced();
pointer(stage, "pointerleave");
result.captionMidway = caption();
result.stayed = all(".node").map(box);

const tap = (number) => {
  for (const type of ["pointerdown", "pointerup", "click"]) pointer(node(number), type);
};
const playing = () => { one("#play").click(); nextFrame(0); nextFrame(1500); return stepOf(); };
const stepOf = () => ({ ...traced(), ...state(), playing: isPlaying() });
tap(3);
scrub(7);
result.wins = { scrubbedWhilePinned: stepOf() };
tap(3);
result.wins.playedWhilePinned = playing();
pointAt(node(8));
result.wins.pointedWhilePlaying = stepOf();
tap(8);
result.pinnedWhilePlaying = stepOf();
tap(8);
pointAt(node(8));
scrub(5);
result.wins.scrubbedWhilePointing = stepOf();
pointer(node(8), "pointerover");
pointer(node(8), "pointermove", { clientX: moves, clientY: 0 });
result.wins.restingAfterwards = stepOf();
pointAt(node(8));
result.movedAgain = traced();
result.wins.playedWhilePointing = playing();
key(" ");
pointer(stage, "pointerleave");

result.before = [...window.problems];
result.requests = performance.getEntriesByType("resource").map(({ name }) => name);
const image = new Image();
image.src = "http://127.0.0.1:9/x.png";
document.body.append(image);
document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.broken = true'>");
await new Promise((resolve) => setTimeout(resolve, 500));
result.broken = window.broken;
report(result);
"""

IN_NOTEBOOK = """
await new Promise((resolve) => setTimeout(resolve, 500));
key("End");
const wheel = new WheelEvent("wheel", { deltaY: 100, bubbles: true, cancelable: true });
const passed = one("#stage > svg").dispatchEvent(wheel);
report({ steps: [state()], passed, stage: box(one("#stage")), inner: [innerWidth, innerHeight] });
"""

LARGE = """
const last = Number(one("#scrubber").max);
const at = [0, 1, last >> 2, last >> 1, last - 1, last].map((step) => (scrub(step), state()));
const hovers = [0, 7, 150, 299].map((number) => [number, hover(number)]);
key("0");
scrub(0);
const small = box(node(0)).width;
one("#play").click();
nextFrame(0);
const followed = [];
while (followed.length < 60) {
  nextFrame(160);
  followed.push(current());
}

key(" ");
scrub(300);
const glides = gliding().length;
followed.push(current());
scrub(40);
followed.push(current());
for (let i = 0; i < 6; i++) key("-");
const ownScale = scale();
one("#play").click();
settle();
const scales = [ownScale, scale()];
key(" ");
report({ start: null, steps: at, hovers, small, followed, glides, scales });
"""

PHONE = """
const texts = [];
const look = () => {
  const range = document.createRange();
  range.selectNodeContents(one("#caption"));
  const fits = inside(box(range), box(one("#caption"))) && inside(box(range), { x: 0, y: 0, width: 380, height: 700 });
  texts.push({ text: caption(), fits, stage: box(one("#stage")).height });
};
look();
one("#play").click();
nextFrame(0);
const followed = [];
while (isPlaying()) {
  nextFrame(360);
  followed.push(current());
  look();
}
for (let i = 0; i < all(".node").length; i++) {
  hover(i);
  look();
}
report({ texts, followed });
"""

HARNESS = """<!doctype html><meta charset="utf-8"><title>harness</title><pre id="result">{}</pre>
<script>
const results = {};
addEventListener("message", ({ data, origin }) => {
  results[data.name] = { ...results[data.name], ...data, origin };
  document.getElementById("result").textContent = JSON.stringify(results);
});
results.images = [];
document.addEventListener("load", ({ target }) => {
  if (target.tagName !== "IMG") return;
  const { width, height } = target.getBoundingClientRect();
  const inFront = document.elementFromPoint(...middleOf(target.closest("div")));
  results.images.push([width, height, target.naturalWidth, inFront?.tagName]);
}, true);
const middleOf = (element) => {
  element.scrollIntoView();
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
};
</script>
"""
FRAME = '<iframe srcdoc="{}" style="width: {}px; height: 700px; border: 0"></iframe>\n'


def digest(script):
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def driven(name, text, driver):
    """A page with a script that watches for errors and one that uses it; its own policy allows just these as well."""
    watch, drive = f"const NAME = {json.dumps(name)};\n{WATCH}", TOOLS + driver
    text = text.replace("script-src ", f"script-src {digest(watch)} {digest(drive)} ", 1)
    text = text.replace("<meta name", f"<script>{watch}</script><meta name", 1)
    return text.replace("</body>", f'<script type="module">{drive}</script></body>')


def dumped(folder, pages, outputs=()):
    """What the pages report, after all were opened in one browser, beside outputs of a notebook."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)} is there")
    frames = [
        FRAME.format(html.escape(driven(name, text, driver)), 380 if driver is PHONE else 1000)
        for name, (text, driver) in pages.items()
    ]
    file = folder / "harness.html"
    file.write_text(HARNESS + "".join(outputs) + "".join(frames), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"]
    options += [f"--user-data-dir={folder / 'profile'}", "--window-size=1200,900", "--virtual-time-budget=60000"]
    command = [browser, *options, "--dump-dom", file.as_uri()]
    try:
        run = subprocess.run(command, capture_output=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{browser} does not run here: {error}")
    output = run.stdout.decode("utf-8", "replace")
    found = re.search(r'<pre id="result">(.*?)</pre>', output, re.DOTALL)
    if not found:
        pytest.skip(f"{browser} opens no page here: {run.stderr.decode('utf-8', 'replace')[-300:]}")
    seen = json.loads(html.unescape(found[1]))
    if not outputs:
        del seen["images"]
    return seen


class Expected:
    """What a page should show, computed from the graph."""

    def __init__(self, picture, text):
        self.picture, self.graph, self.data = picture, picture._graph, data_of(text)
        self.forward, self.backward = self.data["forward"], self.data["backward"]
        self.last = len(self.forward) + len(self.backward)
        self.edges = drawn_edges(self.graph)
        self.blocks = {p: {int(i) for i in re.findall(rf'ID="n(\d+){p}"', picture.source)} for p in "vg"}
        self.appears = {}
        for i, card in enumerate(self.graph.cards):
            after = max((self.appears[p] for p in card.parents), default=0)
            self.appears[i] = self.forward.index(i) + 1 if i in self.forward else after

    def owner(self, i):
        return self.graph.cards[i].parents[0] if self.graph.cards[i].refers else i

    def check_step(self, state, step):
        computed, returned = min(step, len(self.forward)), max(0, step - len(self.forward))
        there = {i for i, when in self.appears.items() if when <= computed}
        assert state["step"] == step
        assert state["values"] == sorted(there & self.blocks["v"])
        assert state["gradients"] == sorted(set(self.backward[:returned]) & self.blocks["g"])
        assert sorted(map(tuple, state["arrows"])) == [edge for edge in self.edges if edge[1] in there]
        faint = set(self.appears) - there
        if not self.blocks["g"] and 0 < returned < len(self.backward):
            faint |= set(self.backward[returned:])
        assert state["faint"] == sorted(faint)

    def check_highlights(self, state, step):
        returned = step - len(self.forward)
        current = self.backward[returned - 1] if returned > 0 else self.forward[step - 1] if step else None
        assert state["now"] == ([] if current is None else [current])
        assert state["back"] == (state["now"] if returned > 0 else [])
        arrows = [(a, b) for a, b in self.edges if (self.owner(a) if returned > 0 else b) == current]
        assert sorted(map(tuple, state["arrowsNow"])) == arrows
        assert sorted(map(tuple, state["arrowsBack"])) == (arrows if returned > 0 else [])
        # Forward, the one head is where it was drawn; backward, there is another, at the parent.
        courses = [[False, True, False] if returned > 0 else [True, False, False]] * len(arrows)
        # Of a line between rows, that is its first part.
        rows = [self.graph.cards[a].row != self.graph.cards[b].row for a, b in arrows]
        assert state["courses"] in (courses, courses[sum(rows) :])
        said = "nothing is computed yet"
        if returned > 0:
            said = "gradient of " + self.data["cards"][current]["name"]
        elif step:
            said = self.data["cards"][current]["text"]
        assert state["spoken"] == f"step {step} of {self.last}: {said}"
        self.check_told(state, current, "backward" if returned > 0 else "forward")

    def check_told(self, state, current, way):
        head, shape, lines = self.data["cards"][current][way] if current is not None else ([], "", [])
        texts = ["".join(each if isinstance(each, str) else each[1] for each in line) for line in (head, *lines)]
        assert state["told"] == ([texts[0] + shape, *texts[1:]] if head else [])
        assert state["italic"] == [each[1] for line in (head, *lines) for each in line if each[:1] == ["v"]]

    def reach(self, number, towards):
        found, waiting = set(), [number]
        while waiting:
            for other in towards[waiting.pop()]:
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found

    def check_trace(self, seen, number):
        """Ancestors and descendants, and the arrows on the ways to and from them, and nothing else."""
        parents = {i: set(card.parents) for i, card in enumerate(self.graph.cards)}
        children = {i: {j for j in parents if i in parents[j]} for i in parents}
        before, after = self.reach(number, parents), self.reach(number, children)
        assert seen["tracing"]
        assert (seen["self"], seen["ancestors"], seen["descendants"]) == ([number], sorted(before), sorted(after))
        assert seen["faint"] == sorted(set(parents) - before - after - {number})
        leading = [(a, b) for a, b in self.edges if a in before and b in before | {number}]
        following = [(a, b) for a, b in self.edges if a in after | {number} and b in after]
        assert sorted(map(tuple, seen["arrowsBefore"])) == leading
        assert sorted(map(tuple, seen["arrowsAfter"])) == following
        assert sorted(map(tuple, seen["arrowsFaint"])) == [e for e in self.edges if e not in leading + following]
        assert not before or "none" not in seen["dashes"]
        counts = [sum(not self.graph.cards[i].refers for i in found) for found in (before, after)]
        words = [f"{n} {what}{'s' * (n != 1)}" for n, what in zip(counts, ("ancestor", "descendant"))]
        assert seen["caption"] == f"{self.data['cards'][number]['text']}: {', '.join(words)}"


def check_untraced(seen):
    assert not seen["tracing"]
    assert not any(seen[what] for what in ("self", "ancestors", "descendants", "faint", "arrowsBefore", "pressed"))


def check_passes(expected, seen):
    start = seen["start"]
    assert start["now"] == start["arrowsNow"] == start["faint"] == []
    assert "Space plays" in start["told"][0]
    assert [start["live"], seen["steps"][0]["live"]] == ["off", "polite"]
    assert expected.last < 2 or seen["fromRest"] in (1, expected.last)
    assert start["order"]["cards"] == sorted(expected.appears, key=lambda i: (expected.appears[i], i))
    layers = [layer for layer in start["order"]["layers"] if layer]
    assert layers == [layer for layer in ("cluster", "edge", "node") if layer in layers]
    expected.check_step(start, expected.last)
    assert len(seen["steps"]) == expected.last + 1
    for step, state in enumerate(seen["steps"]):
        expected.check_step(state, step)
        expected.check_highlights(state, step)
    for number, traced in enumerate(seen["hovers"]):
        expected.check_trace(traced, number)
    assert seen.get("before", seen["problems"]) == []


def check_large(expected, seen):
    for state in seen["steps"]:
        expected.check_step(state, state["step"])
        expected.check_highlights(state, state["step"])
    for number, traced in seen["hovers"]:
        expected.check_trace(traced, number)
    assert seen["small"] < 5
    assert all(card["inside"] for card in seen["followed"])
    assert all(card["width"] >= 40 for card in seen["followed"][:-2])
    assert 50 < max(card["step"] for card in seen["followed"][:-2]) < 70  # slow enough to follow
    assert seen["glides"] == 1
    assert seen["scales"] == pytest.approx([0.8**6] * 2)  # of one's own choice, it stays
    assert seen["problems"] == []


def check_phone(expected, seen):
    assert max(len(each["text"]) for each in seen["texts"]) > 50
    assert [each["text"] for each in seen["texts"] if not each["fits"]] == []
    assert len({each["stage"] for each in seen["texts"][: len(seen["followed"]) + 1]}) == 1
    assert all(card["inside"] for card in seen["followed"][10:])
    assert [card["step"] for card in seen["followed"]][-1] == expected.last
    assert max(card["width"] for card in seen["followed"]) > 60


def check_step_wins(expected, seen):
    for name, state in seen["wins"].items():
        check_untraced(state | {"faint": []})
        expected.check_highlights(state, state["step"])
        assert state["caption"] == state["spoken"], name
        assert state["step"] > 0
    assert not seen["pinnedWhilePlaying"]["playing"]
    assert seen["pinnedWhilePlaying"]["pressed"] == [8]
    assert seen["movedAgain"]["self"] == [8]
    # What fits into the window is not moved by playing.
    assert boxes_of(seen["stayed"]) == pytest.approx(boxes_of(seen["fitted"]), abs=0.05)


def check_labels(expected, seen):
    """What is heard of a card: its words, and the first numbers on it, of the value and of the gradient."""
    labels = seen["labels"]
    assert all(labels[f"n{i}"].startswith(card["text"]) for i, card in enumerate(expected.data["cards"]))
    for part, blocks in zip(("value", "gradient"), expected.blocks.values()):
        assert {name for name, label in labels.items() if f"; {part} " in label} == {f"n{i}" for i in blocks}
    if RENDERERS:
        assert labels["n0"] == "input X (4, 2); value 4 × 2, 0, 0, 0, 1, 1, 0, 1, 1"
        number = r"[−0-9.]+"
        numbers = ", ".join([number] * 9)
        pattern = rf"; value 4 × 3, {numbers}, and more; gradient {numbers}, and more"
        assert re.fullmatch(r"matmul\(X, layers\[0\].W\) \(4, 3\)" + pattern, labels["n2"])
        assert re.fullmatch(rf"mean\(…\) → loss; value scalar, {number}; gradient 1", labels["n15"])


def check_pinning(expected, seen):
    for name in ("left", "onBackground", "escaped", "clickedAway", "clickedTwice"):
        check_untraced(seen[name] | {"faint": []} if name == "escaped" else seen[name])
    for name, number in (("pinned", 3), ("pinnedAndLeft", 3), ("pinnedByKey", 5)):
        expected.check_trace(seen[name], number)
        assert seen[name]["pressed"] == [number]
    assert seen["focusVisible"]
    expected.check_trace(seen["focused"], 5)
    assert seen["focusable"] == list(range(len(expected.graph.cards)))


def boxes_of(boxes):
    return np.array([[box["x"], box["y"], box["width"], box["height"]] for box in boxes])


def check_view(expected, seen):
    stage, boxes = seen["stage"], boxes_of(seen["fitted"])
    assert (boxes[:, :2] >= [stage["x"], stage["y"]]).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= [stage["x"] + stage["width"], stage["y"] + stage["height"]]).all()
    assert np.ptp(boxes[:, 0]) > stage["width"] / 2
    for turn in seen["wheel"]:
        assert turn["prevented"]
        assert turn["after"]["point"] == pytest.approx(turn["before"]["point"], abs=1e-3)
        assert (turn["after"]["scale"] > turn["before"]["scale"]) == (turn["delta"] < 0)
    largest, smallest = seen["extremes"]
    assert 4 < largest < 20
    assert smallest == pytest.approx(seen["wheel"][0]["before"]["scale"] / 2, rel=1e-4)
    loss = seen["broughtIntoView"]  # after zooming to the other end
    assert stage["x"] < loss["x"] < stage["x"] + stage["width"] - loss["width"]
    assert stage["y"] < loss["y"] < stage["y"] + stage["height"] - loss["height"]
    for name in ("fittedAgain", "fittedByDoubleClick", "afterPrint"):
        assert boxes_of(seen[name]) == pytest.approx(boxes, abs=0.05)
    assert seen["keys"] == pytest.approx([1.25, 1.25, 0.8], rel=1e-4)
    assert seen["buttons"] == pytest.approx([1.25, 0.8], rel=1e-4)


def check_keys(expected, seen):
    moved = [[80, 0, False], [-80, 0, False], [0, 80, False], [0, -80, False], [-80, 0, False]]
    assert seen["arrows"] == [pytest.approx(each, abs=0.05) for each in moved]
    last, order = expected.last, [*expected.forward, *expected.backward]
    assert seen["fromRest"] == 1
    assert {each["room"] for each in seen["steps"]} == {seen["start"]["room"]}
    assert [step for _, step, _ in seen["stepped"]] == [0, 0, 1, 2, 1, last, last, last - 1]
    for where, step, now in seen["stepped"]:
        assert where == [0, 0, False]
        assert now == [order[step - 1]] * (step > 0)
    shown, keys, outline, hidden, *more = seen["stage"]["keys"]
    assert (shown, outline, hidden, *more) == ("block", "solid", "none", 0, "keys")
    assert keys["width"] > 300
    style, ring, caption = seen["ring"]
    assert style == "solid"
    assert ring <= caption


def check_dragging(expected, seen):
    assert seen["trembled"] == 0
    assert seen["dragged"]["x"] == pytest.approx(70, abs=0.05)
    assert seen["dragged"]["y"] == pytest.approx(-30, abs=0.05)
    check_untraced(seen["dragged"]["traced"])
    before, after = seen["pinch"]
    assert after["scale"] == pytest.approx(2 * before["scale"], rel=1e-4)
    assert after["point"] == pytest.approx(before["point"], abs=0.05)


def rgb(colour):
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def check_themes(expected, seen):
    light, dark = (
        {
            "page": rgb(theme.page),
            "text": rgb(theme.title),
            "fill": rgb(theme.parameter[0]),
            "border": rgb(theme.parameter[1]),
            "scheme": theme.name,
            "behind": ["none"] * len(seen["themes"][0]["behind"]),
            "pressed": str(theme is DARK).lower(),
        }
        for theme in (LIGHT, DARK)
    )
    assert seen["themes"] == [light, dark, dark, light]
    assert seen["printed"] == light | {"viewBox": seen["printed"]["viewBox"]}
    assert seen["printed"]["viewBox"]


def check_downloading(expected, seen):
    import xml.etree.ElementTree as etree

    root = etree.fromstring(seen["downloaded"])
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == space + "svg"
    assert root.get("viewBox") == seen["printed"]["viewBox"]
    assert "rotate(0)" in root.find(f"{space}g").get("transform")
    edges = [each.get("class") for each in root.findall(f".//{space}g[@data-from]")]
    assert sum("part" not in each for each in edges) == len(expected.edges)
    assert seen["fileName"] == "loss_X_y.svg"
    for name, picture in (("downloaded", expected.picture), ("downloadedDark", xor(theme="dark"))):
        assert colours_of(seen[name]) == colours_of(prepared(drawn(picture)))


def colours_of(svg):
    return sorted(re.findall(r'(?:fill|stroke)="#\w+"', svg))


def check_playing(expected, seen):
    """From the start at the end, every step once, in eight to twelve seconds; on from where it was paused."""
    assert seen["playing"] == [True, 0, True]
    frames = seen["seen"]
    assert sorted(set(frames)) == list(range(expected.last + 1))
    assert frames == sorted(frames)
    assert 8 < len(frames) / 60 < 12
    played_on, playing, frames_left, paused, later = seen["paused"]
    assert (played_on, playing, frames_left, later) == (True, False, 0, paused)
    assert 0 < paused < expected.last
    assert seen["resumed"][0]
    assert seen["resumed"][2] > seen["resumed"][1]
    assert seen["scrubbed"] == [False, 0, 4]
    assert seen["tracedMidway"]["self"] == [3]
    assert seen["captionMidway"].startswith(f"step 6 of {expected.last}: ")


def check_network(expected, seen):
    assert seen["before"] == []
    assert seen["requests"] == []
    assert "blocked http://127.0.0.1:9/x.png" in seen["problems"]
    assert "blocked inline" in seen["problems"]
    assert seen.get("broken") is None


def check_notebook(expected, seen, images, svg):
    """The page plays in its frame, which hides the image; without the frame, the image is seen."""
    assert seen["origin"] == "null"
    assert seen["problems"] == []
    assert seen["passed"]  # the wheel is the notebook's
    (state,) = seen["steps"]
    assert (state["step"], state["now"]) == (expected.last, expected.backward[-1:])
    expected.check_told(state, expected.backward[-1], "backward")
    height = height_of(svg)
    assert seen["inner"][1] == height
    assert seen["inner"][0] > 800
    assert seen["stage"]["height"] > height / 3
    assert [each[3] for each in images] == ["IFRAME", "IMG"]
    assert all(each[1] == height and each[2] > 100 for each in images)


USED = [check_passes, check_labels, check_pinning, check_view, check_keys, check_dragging, check_themes]
USED += [check_downloading, check_playing, check_step_wins, check_network]


def pages_to_open():
    """Name, picture, its page, the script that uses it, what to check of its report."""
    first = xor()
    yield "xor", first, html_of(first, drawn(first)), EVERYTHING, USED
    yield "as on a line", first, html_of(first, graphviz_like(first)), PASSES, [check_passes]
    for name in ("dark", "symbols", "no gradients", "references", "stubs", "one card", "recurrent"):
        picture = PICTURES[name]()
        yield name, picture, html_of(picture), PASSES, [check_passes]
    for name in HOSTILE[::4]:
        picture = hostile(name)
        yield f"hostile {HOSTILE.index(name)}", picture, html_of(picture, drawn(picture)), PASSES, [check_passes]
    for name, length, driver, check in (("drawn", 3, PASSES, check_passes), ("phone", 20, PHONE, check_phone)):
        picture = recurrent(length)
        yield name, picture, html_of(picture, drawn(picture)), driver, [check]
    large = braid(50)
    yield "large", large, html_of(large), LARGE, [check_large]


def test_pages_live_in_a_browser(tmp_path):
    """One start of the browser for all of it; what fails is told together."""
    opened = list(pages_to_open())
    assert len(opened[-1][1]._graph.cards) >= 300
    svg = drawn(opened[0][1])
    output = framed(driven("notebook", opened[0][2], IN_NOTEBOOK), svg, "XOR", LIGHT)
    without_frame = re.sub(r"<iframe.*</iframe>", "", output, flags=re.DOTALL)
    pages = {name: (text, driver) for name, _, text, driver, _ in opened}
    seen = dumped(tmp_path, pages, [output, without_frame])
    check_notebook(Expected(*opened[0][1:3]), seen["notebook"], seen["images"], svg)
    failures = []
    for name, picture, text, _, checks in opened:
        for check in checks:
            try:
                check(Expected(picture, text), seen[name])
            except (AssertionError, KeyError) as error:
                problems = seen.get(name, {}).get("problems")
                failures.append(f"{name}, {check.__name__}: {error!r:.600}\nproblems: {problems}")
    assert not failures, "\n\n".join(failures)
