"""Texts are as wide as their places, whatever the font: measured in a real browser."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import tinygrad_like as tg
from tests.picture.test_page import NO_RENDERER, dumped, xor
from tinygrad_like.picture.written import lettering

# A font in which every letter takes two pixels more.
WIDE = "<style>text { letter-spacing: 2px; }</style>"

MEASURE = """
const measured = (each) => {
  const { x, y, width, height } = each.getBBox();
  return { each, x, y, right: x + width, bottom: y + height, area: width * height };
};
const problems = (svg) => {
  const texts = [...svg.querySelectorAll("text")].filter(({ textContent }) => textContent.trim()).map((each) => {
    const [at, size] = [measured(each), Number(each.getAttribute("font-size"))];
    const line = Number(each.getAttribute("y")); // what is above the line is text, what is around it is space
    return { ...at, y: line - size * 0.6, bottom: line };
  });
  const shapes = [...svg.querySelectorAll(".graph path, .graph polygon")]
    .filter((each) => each.getAttribute("fill") !== "none" && !each.closest(".edge"))
    .map(measured);
  const found = [];
  for (const text of texts) {
    const [x, y] = [(text.x + text.right) / 2, (text.y + text.bottom) / 2];
    const around = shapes.filter((s) => s.x <= x && x <= s.right && s.y <= y && y <= s.bottom);
    const shape = around.sort((a, b) => a.area - b.area)[0];
    const leaves = text.x < shape.x - 0.5 || text.right > shape.right + 0.5;
    if (leaves) found.push(`${text.each.textContent} leaves its place`);
    for (const other of texts) {
      const overlaps = text.x < other.right - 0.5 && other.x < text.right - 0.5;
      if (other === text || !overlaps || text.y >= other.bottom || other.y >= text.bottom) continue;
      found.push(`${text.each.textContent} crosses ${other.each.textContent}`);
    }
  }
  return found;
};
const widths = all(".scripts text[textLength]").map((each) => [each.textContent, each.getBBox().width]);
report({ found: Object.fromEntries(all("div").map((div) => [div.id, problems(div.querySelector("svg"))])), widths });
"""


class Residual(tg.Layer):
    def __init__(self, n):
        self.inner = tg.Sequential(tg.Linear(n, n, seed=1), tg.ReLU(), tg.Linear(n, n, seed=2))

    def forward(self, x):
        return x + self.inner(x)


def residual(**options):
    x = np.random.default_rng(0).normal(size=(4, 3))
    return tg.Sequential(Residual(3), tg.Tanh()).draw(x, **options)


def broken():
    x = tg.Tensor([[1.0, -1.0, 0.0], [2.0, np.nan, 1e6]], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        return np.sum(np.log(x)).draw()


def large(**options):
    """Heat maps, one of a logarithmic scale, and a legend that has much to explain."""
    x = np.random.default_rng(0).normal(size=(20, 3, 9, 9))
    x[0] *= 1e7
    x[1, 0, 0, 0] = np.nan

    def f(x, y):
        z = (x * 2.0 + y).reshape(60, 81)
        return np.sum(z @ np.ones((81, 70)) * np.array([[1e7, 1.0, -1e-3]])[:, :1])

    return tg.draw(f, x, np.ones((9, 1)), **options)


def in_other_scripts():
    x = tg.Tensor([1.0, 2.0], requires_grad=True, name="輸入層 🙂🙂 été Ωμέγα")
    return np.sum(x * 2.0).draw(title="Größe · ∂ 損失")


PICTURES = {
    "xor": xor,
    "dark": lambda: xor(theme="dark"),
    "statistics": lambda: xor(detail="stats"),
    "shapes": lambda: residual(detail="shape"),
    "residual": residual,
    "downwards": lambda: residual(direction="TB"),
    "broken": broken,
    "large": large,
    "part": lambda: large(focus="f", radius=1, theme="dark"),
    "scripts": in_other_scripts,
}


def without_lengths(svg):
    return re.sub(r' textLength="[^"]*" lengthAdjust="\w+"', "", svg)


@NO_RENDERER
def test_no_text_leaves_its_place_or_crosses_another_whatever_the_font(tmp_path):
    drawn = {name: make().svg() for name, make in PICTURES.items()}
    assert all(svg.count("<text") > svg.count("textLength") > 5 for svg in drawn.values())
    for name in ("residual", "large", "scripts"):
        drawn[f"wide {name}"] = drawn[name].replace("<title>", WIDE + "<title>", 1)
    drawn["free"] = without_lengths(drawn["wide residual"])
    head = '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport"></head><body>'
    # Each in a frame of its own: the style of one would be that of all.
    pages = {
        name: (f'{head}<div id="{name}" class="{name}">{svg[svg.index("<svg") :]}</div></body></html>', MEASURE)
        for name, svg in drawn.items()
    }
    seen = dumped(tmp_path, pages)
    problems = {name: seen[name]["found"][name] for name in drawn}
    assert len(problems.pop("free")) > 20
    assert not {name: found for name, found in problems.items() if found}
    widths = dict(seen["scripts"]["widths"])
    assert widths["輸入層 🙂🙂 été Ωμέγα"] > 11 * 9  # of 11 points each


def test_with_helvetica_texts_are_as_wide_as_they_are():
    """Some widths of Helvetica, by Adobe's metrics."""
    assert lettering.thousandths("value", False) == 500 + 556 + 222 + 556 + 556
    assert lettering.thousandths("ln &lt;", True) == 278 + 611 + 278 + 584
    assert lettering.thousandths("&#45;0.5", False) == 333 + 556 + 278 + 556
    assert {lettering.width(chr(i), bold) for i in range(32, 127) for bold in (False, True)} <= {
        *lettering.REGULAR,
        *lettering.BOLD,
    }


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("漢字", 2 * 3 * 278),  # would be 2000, but the layout counts bytes
        ("🙂🙂", 2000),
        ("é", 2 * 278),
        ("a × b → c", 556 + 556 + 500 + 3 * 278 + 3 * 278 + 278 + 584),
        ("∂ 1", 494 + 278 + 556),
        ("+", 0),  # as wide as it is
        ("1", 556),
        ("e\u0301\u200d", 556),
    ],
)
def test_a_text_is_as_wide_as_it_should_be_and_not_wider_than_its_place(text, width):
    place = sum(lettering.allowed(each, False) for each in text)
    assert lettering.thousandths(text, False) == min(width, place)


def test_only_texts_change():
    svg = xor().svg()
    root = ET.fromstring(svg)
    assert root.get("font-family") == lettering.FONTS
    for each in root.iter("{http://www.w3.org/2000/svg}text"):
        assert each.get("font-family") is None
        assert (each.get("textLength") is None) == (not each.text.strip() or each.text in "@+−")
    other = '<svg width="9"><text x="0" y="0">plain</text><text font-family="Serif" font-size="10">  </text></svg>'
    assert lettering.lettered(other) == (
        f'<svg font-family="{lettering.FONTS}" width="9"><text x="0" y="0">plain</text>'
        '<text font-size="10">  </text></svg>'
    )
