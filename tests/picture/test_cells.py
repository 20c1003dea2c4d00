"""Tables of numbers are drawn as Graphviz would, which only leaves their place free."""

import re

import numpy as np

import tinygrad_like as tg
from tests.picture.test_page import NO_RENDERER, xor
from tinygrad_like.picture.written import renderer
from tinygrad_like.picture.written.cells import TABLE, with_places

RECTANGLE = re.compile(r'<polygon fill="(#\w{6})" stroke="none" points="([^"]*)"/>\s*<text [^>]*>([^<]*)</text>')


def cells(svg):
    """Colour, text, and the corners of each cell."""
    found = []
    for colour, points, text in RECTANGLE.findall(svg):
        corners = np.array([point.split(",") for point in points.split()], float)
        found.append((colour, text, [*corners.min(axis=0), *corners.max(axis=0)]))
    return found[1:]  # the first is the page


def odd():
    x = tg.Tensor(np.array([[1.25e-9 + 1j, -2.0], [np.nan, 12345.678 - 1j]]), requires_grad=True, name="<x & y>")
    return tg.draw(np.abs(x * 3.0).sum())


@NO_RENDERER
def test_cells_are_where_graphviz_puts_them():
    for picture in (xor(), xor(theme="dark"), odd(), xor(compare=xor())):
        ours = cells(picture.svg())
        theirs = cells(renderer.render(picture.source, "svg").decode())
        assert len(ours) > 10
        assert [each[:2] for each in ours] == [each[:2] for each in theirs]
        # Graphviz rounds sizes to whole points, which adds up along a picture.
        sizes = [[(right - left, low - high) for *_, (left, high, right, low) in each] for each in (ours, theirs)]
        np.testing.assert_allclose(*sizes, atol=1.0)
        np.testing.assert_allclose(*[[each[2] for each in some] for some in (ours, theirs)], atol=10.0)
        assert "fill-opacity" not in picture.svg()


def test_every_table_is_found():
    source = xor().source
    free, tables = with_places(source)
    assert len(tables) == len(TABLE.findall(source)) > 10
    assert TABLE.findall(free) == []
    assert len(free) < 0.75 * len(source)
    strange = source.replace('WIDTH="38">', 'WIDTH="39">')  # what is written otherwise stays as it is
    assert with_places(strange) == (strange, [])
