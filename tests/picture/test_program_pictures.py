"""Pictures of compiled functions."""

import re

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.engine.errors import ArgumentError
from tinygrad_like.picture.picture import freer
from tinygrad_like.picture.written.themes import THEMES


@pytest.fixture(scope="module")
def step():
    tg.seed(0)
    model = tg.Sequential(tg.Linear(2, 3), tg.Tanh(), tg.Linear(3, 1))
    optimizer = tg.Adam(model.parameters(), lr=0.1)

    @tg.compile(backend="numpy")
    def learn(x, t):
        optimizer.zero_grad()
        loss = tg.mse(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    learn(np.ones((4, 2)), np.ones((4, 1)))
    return learn


def cards(picture):
    return picture._graph.cards


def boxes(card):
    return [each.title for each in card.cluster.chain()] if card.cluster else []


def test_operations_stand_in_boxes_of_their_part_and_layer(step):
    shown = [card for card in cards(step.draw()) if card.role in ("operation", "activation")]
    found = {(*boxes(card), *filter(None, [card.place]), card.symbol) for card in shown}
    assert {
        ("Forward", "layers[0]", "x @ Wᵀ + b"),
        ("Forward", "layers[1]", "tanh"),
        ("Backward", "layers[1]", "∂ tanh"),
        ("Backward", "layers[0]", "∂ linear"),
    } <= found


def test_parameters_are_read_and_written(step):
    own = cards(step.draw())
    (weight,) = [card for card in own if card.symbol == "layers0_weight"]
    assert (weight.role, weight.shape, boxes(weight)) == ("parameter", (3, 2), ["Forward", "layers[0]"])
    written = {card.symbol: card for card in own if card.name == "written"}
    assert {"d_layers0_weight", "parameters", "exp_avg", "exp_avg_sq", "steps"} <= written.keys()
    (writer,) = written["parameters"].parents
    assert boxes(own[writer]) == ["Update"]
    read = {own[parent].symbol for parent in own[writer].parents}
    assert {"parameters", "lr", "d_layers0_weight", "d_layers2_bias"} <= read


def test_the_result_is_the_loss(step):
    (loss,) = [card for card in cards(step.draw()) if card.label == "loss"]
    assert (loss.role, loss.shape) == ("loss", ())


def test_each_card_comes_after_its_parents(step):
    for detail in ("auto", "op"):
        assert all(parent < i for i, card in enumerate(cards(step.draw(detail=detail))) for parent in card.parents)


def test_every_call_of_numpy_has_a_card_if_asked(step):
    picture = step.draw(detail="op", title="All")
    calls = int(re.search(r"(\d+) instructions · NumPy", picture.source)[1])
    assert sum(card.role in ("operation", "loss") and not card.refers for card in cards(picture)) == calls
    assert "All" in picture.source
    assert "multiply" in picture.source


def test_a_large_program_is_rolled_up(step):
    small = step.draw(max_nodes=8)
    assert len(cards(small)) <= 10 < len(cards(step.draw()))
    by_part = cards(step.draw(depth=1))
    assert {"Forward", "Backward", "Update"} <= {card.symbol for card in by_part if card.role in ("group", "loss")}


@pytest.mark.parametrize("theme", THEMES)
def test_it_is_drawn(step, theme):
    picture = step.draw(theme=theme)
    svg = picture.svg()
    assert THEMES[theme].page in svg
    assert "layers0_weight" in svg
    assert "3 × 2" in svg
    assert "layers0_weight" in picture.html()


def test_other_options_are_refused(step):
    with pytest.raises(ArgumentError, match="theme must be one of light, dark"):
        step.draw(theme="pink")


def test_a_graph_that_graphviz_cannot_line_up_is_drawn_more_freely(step, monkeypatch):
    from tinygrad_like.engine.errors import RenderError
    from tinygrad_like.picture.written import renderer

    tried = []

    def render(source, format):
        tried.append(source)
        if "rank=same" in source:
            raise RenderError("The graph could not be rendered as svg.", "dot failed: trouble in init_rank")
        return b"<svg></svg>"

    monkeypatch.setattr(renderer, "render", render)
    picture = step.draw()
    assert picture.svg() == "<svg></svg>"
    assert "rank=same" in tried[0]
    assert "trunk" in tried[0]
    assert tried[1] == freer(picture.source)
    assert "trunk" not in tried[1]
    assert tried[1].count("->") == tried[0].count("->")
