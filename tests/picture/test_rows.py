"""Wide pictures: broken into rows, small enough to be read, and titles that no arrow crosses."""

import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.picture.test_draw import graph_of
from tests.picture.test_reducing import deep_model, follows_its_parents
from tinygrad_like.engine.errors import RenderError
from tinygrad_like.picture.fitting import HIGHEST, WIDEST
from tinygrad_like.picture.graphs.columns import ranks_of
from tinygrad_like.picture.graphs.rows import in_rows
from tinygrad_like.picture.picture import not_too_wide
from tinygrad_like.picture.written import renderer
from tinygrad_like.picture.written.crossings import crossed_titles, moved, without_crossings

NO_RENDERER = pytest.mark.skipif(not renderer.available("svg"), reason="nothing that draws an SVG is installed")
X = np.random.default_rng(0).normal(size=(4, 3))


class Residual(tg.Layer):
    """tanh(x + scale · inner(x)) + x"""

    def __init__(self, n):
        self.inner = tg.Sequential(tg.Linear(n, n, seed=1), tg.ReLU(), tg.Linear(n, n, seed=2))
        self.scale = tg.Parameter(np.ones(n))

    def forward(self, x):
        return np.tanh(x + self.inner(x) * self.scale) + x


def waves(x):
    for function in (np.sin, np.cos, np.tanh, np.exp) * 5:
        x = function(x) * 0.5
    return x.sum()


def size_of(svg):
    return [float(each) for each in re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()]


def in_rows_of(graph, columns):
    """The graph with about so many columns in a row."""
    return in_rows(graph, [(100.0, 50.0)] * len(graph.cards), columns * 126.0)


def test_rows_keep_every_card_and_every_arrow():
    graph = graph_of(deep_model(5), np.ones((2, 4)))
    wrapped = in_rows_of(graph, 4)
    assert follows_its_parents(wrapped)
    cards = [card for card in wrapped.cards if not card.refers]
    assert [card.symbol for card in cards] == [card.symbol for card in graph.cards]
    assert max(card.row for card in wrapped.cards) >= 2
    # What a card is computed from stands in its row, or at the end of the row above.
    for card in cards:
        for parent in card.parents:
            assert card.row - wrapped.cards[parent].row in (0, 1)
    turns = [card for card in cards for p in card.parents if wrapped.cards[p].row != card.row]
    assert len(turns) == max(card.row for card in wrapped.cards)


def test_what_stands_in_another_row_is_referred_to():
    graph = graph_of(lambda x: np.tanh(np.sin(np.cos(np.exp(np.sin(x))))) * x, np.ones(2))
    wrapped = in_rows_of(graph, 3)
    (reference,) = [card for card in wrapped.cards if card.refers]
    assert (reference.symbol, reference.name) == ("x", "input above")
    assert wrapped.cards[reference.parents[0]].symbol == "x"
    product = wrapped.cards[-1]
    assert wrapped.cards.index(reference) in product.parents
    assert reference.row == product.row > 0


def test_a_box_in_two_rows_goes_on():
    wrapped = in_rows_of(graph_of(tg.Sequential(Residual(3), tg.Tanh()), X), 3)
    titles = {card.cluster.chain()[0].title for card in wrapped.cards if card.cluster}
    assert {"layers[0]", "layers[0] …"} <= titles
    for card in wrapped.cards:
        for other in wrapped.cards:
            assert card.row == other.row or card.cluster is None or card.cluster is not other.cluster


def test_columns_come_after_what_they_need():
    graph = graph_of(tg.Sequential(Residual(3), tg.Tanh()), X)
    ranks = ranks_of(graph)
    for number, card in enumerate(graph.cards):
        for parent in card.parents:
            is_leaf = not graph.cards[parent].parents
            assert ranks[parent] < ranks[number] or (is_leaf and ranks[parent] == ranks[number])


@NO_RENDERER
@pytest.mark.parametrize("direction", ["LR", "RL"])
def test_a_long_chain_is_wrapped(direction):
    picture = tg.draw(waves, 1.0, direction=direction)
    assert "62 of 62" in repr(picture)
    width, height = size_of(picture.svg())
    assert width <= 1_200
    assert height <= HIGHEST
    assert "cluster_row3" in picture.source
    # The line from row to row has the two cards of its ends.
    ends = re.findall(r'class="edge part[^"]*" data-from="(\d+)" data-to="(\d+)"', picture.html())
    rows = {picture._graph.cards[int(a)].row - picture._graph.cards[int(b)].row for a, b in ends}
    assert rows == {-1}


@NO_RENDERER
def test_from_top_to_bottom_nothing_is_wrapped():
    picture = tg.draw(waves, 1.0, direction="TB", max_nodes=100)
    assert "cluster_row" not in picture.source
    assert size_of(picture.svg())[0] < 600


@NO_RENDERER
def test_large_models_become_as_small_as_can_be_read_and_say_how_to_see_more():
    model = tg.Sequential(*[Residual(6) for _ in range(12)])
    picture = model.draw(np.ones((4, 6)))
    width, height = size_of(picture.svg())
    assert width <= 1.12 * WIDEST + 60
    assert height <= 1.1 * HIGHEST
    assert "layers are cards: depth=2 or max_nodes=" in picture.source
    assert model.draw(np.ones((4, 6)), depth=2)._graph.total == picture._graph.total


def test_few_cards_are_all_shown_however_large_they_are():
    names = [f"a name that is very long {i}" * 2 for i in range(10)]
    picture = tg.draw(lambda *xs: sum(xs), *np.ones((10, 5, 6)), names=names, direction="TB")
    assert picture._graph.total == sum(not card.refers for card in picture._graph.cards)


# -- titles ----------------------------------------------------------------------------------------------------------


@NO_RENDERER
def test_titles_move_to_where_no_arrow_crosses_them():
    model = tg.Sequential(Residual(3), Residual(3))
    picture = model.draw(X)
    before = picture.source
    assert crossed_titles(renderer.render(before, "svg").decode()) != []
    svg = picture.svg()
    assert crossed_titles(svg) == []
    assert picture.source != before
    assert "paint-order" not in svg


@NO_RENDERER
def test_where_nothing_helps_a_title_interrupts_the_arrow():
    source = 'digraph { subgraph cluster_0 { label="a long title" labeljust=l margin=14 \n b -> c } a -> b; c -> d }'
    source = source.replace("cluster_0 {", "cluster_0 {\n")
    always = renderer.render(source, "svg").decode()
    assert crossed_titles(always) == ["cluster_0"]
    same, svg = without_crossings(source, lambda _: always, "#abcdef")
    assert same == source
    assert '<text stroke="#abcdef"' in svg
    assert svg.index("a long title") > svg.rindex('class="edge"')
    assert svg.count("a long title") == always.count("a long title")


def test_a_title_that_moves_is_that_of_its_box_only():
    box = "subgraph cluster_{} {{\n label=a labeljust=l margin=14\n}}\n"
    source = box.format(1) + box.format(11)
    there = moved(source, "cluster_1", "labeljust=r labelloc=b")
    assert there.count("labeljust=r labelloc=b margin") == 1
    assert there.index("labeljust=r") < there.index("cluster_11")


def places_of(svg, name):
    """Where the nodes with this title are: the x and y of the first text of each."""
    found = re.findall(rf'<title>{name}(\d+)</title>.*?<text [^>]*?x="([-\d.]+)" y="([-\d.]+)"', svg, re.DOTALL)
    return {int(number): (float(x), float(y)) for number, x, y in found}


@NO_RENDERER
@pytest.mark.parametrize("kind", ["two results", "focus"])
def test_rows_are_in_order_whatever_ends_in_the_last_of_them(kind):
    if kind == "focus":
        picture = deep_model(40).draw(np.ones((2, 4)), focus="layers[20]", radius=12)
        assert not picture._graph.roots
    else:
        picture = tg.draw(lambda x: (waves(x), x * 2.0), X)
    graph, svg = picture._graph, picture.svg()
    assert max(card.row for card in graph.cards) >= 1
    heights = {number: y for number, (_, y) in places_of(svg, "n").items()}
    for row in range(max(card.row for card in graph.cards)):
        above, below = ([heights[i] for i, c in enumerate(graph.cards) if c.row == each] for each in (row, row + 1))
        assert max(above) < min(below)
    assert ">right" not in re.sub(r"<title>[^<]*</title>", "", svg)
    turns = {
        card.row for card in graph.cards for p in card.parents if not card.refers and graph.cards[p].row != card.row
    }
    assert len(turns) == max(card.row for card in graph.cards)


def test_where_curves_cannot_be_found_arrows_are_straight_and_rows_stay(monkeypatch):
    tried = []

    def render(source, format):
        tried.append(source)
        if "splines=line" not in source:
            raise RenderError("The graph could not be rendered as svg.", "dot failed: in routesplines, illegal values")
        return b"<svg></svg>"

    monkeypatch.setattr(renderer, "render", render)
    assert tg.draw(waves, X).svg() == "<svg></svg>"
    assert tried[1].replace(" splines=line", "") == tried[0]


def test_small_cards_refer_to_one_of_several_that_look_the_same_by_a_number():
    def f(x):
        first, second = np.tanh(x), np.tanh(x * 2.0)
        return waves(first * second) * first * second

    cards = tg.draw(f, X)._graph.cards
    marked = {id(card): card.mark for card in cards if card.symbol == "tanh" and card.mark and not card.refers}
    assert sorted(marked.values()) == ["(1)", "(2)"]
    referring = [card for card in cards if card.refers and card.symbol == "tanh"]
    assert {card.mark for card in referring} == {"(1)", "(2)"}
    assert all(card.mark == cards[card.parents[0]].mark for card in referring)
    assert all(not card.mark for card in cards if card.symbol == "sin")


def test_what_is_a_little_too_wide_is_drawn_smaller():
    assert not_too_wide('<svg width="1280pt" height="640pt" viewBox="0 0 1280 640">') == (
        '<svg width="1200pt" height="600pt" viewBox="0 0 1280 640">'
    )
    for same in ('<svg width="1200pt" height="640pt"', '<svg width="1501pt" height="640pt"'):
        assert not_too_wide(same) == same
