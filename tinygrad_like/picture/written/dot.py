"""A graph of cards as DOT: nodes, nested clusters, columns and edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..graphs.columns import columns, longest_way, trunk
from ..graphs.graph import LEAVES, Card, Cluster, Graph, clusters_of
from ..options import Options
from .changes import label_of_pair
from .heat import HeatMap
from .labels import escaped, font, label
from .legend import header
from .numbers import norm
from .turns import add_turn, add_turns, row_boxes, same_columns

if TYPE_CHECKING:
    from graphviz import Digraph

THINNEST, THICKEST = 0.8, 3.2
TANGLED = 300  # edges


def digraph(graph: Graph, options: Options, maps: Mapping[str, HeatMap]) -> Digraph:
    """The DOT of a picture; card i is node ni."""
    import graphviz

    theme = options.colours
    dot = graphviz.Digraph("picture")
    dot.attr(
        "graph",
        bgcolor=theme.page,
        fontname="Helvetica",
        label=header(graph, options),
        labeljust="l",
        labelloc="t",
        newrank="true",
        nodesep="0.32",
        pad="0.25",
        rankdir=options.direction,
        ranksep="0.36",
    )
    edges = sum(len(card.parents) for card in graph.cards)
    if edges > max(TANGLED, 2 * len(graph.cards)):
        # Perfect curves through a tangle would take half a minute.
        dot.attr("graph", splines="line", nslimit="1", nslimit1="1", mclimit="0.2")
    dot.attr("node", fontname="Helvetica", fontsize="10", fontcolor=theme.cell_ink, shape="box", penwidth="1.2")
    dot.attr("node", width="0", height="0", margin="0.07,0.04", style="rounded,filled")
    dot.attr("edge", arrowsize="0.65", color=theme.edge)
    boxes = row_boxes(dot, graph)
    add_cards(boxes, graph, options, maps)
    if len(boxes) > 1:
        for box in boxes:
            dot.subgraph(box)
        add_turns(dot, graph)
    for members in same_columns(graph) or columns(graph):
        with dot.subgraph() as column:
            column.attr(rank="same")
            for number in members:
                column.node(f"n{number}")
    add_edges(dot, graph, options)
    return dot


def add_cards(rows: list[Digraph], graph: Graph, options: Options, maps: Mapping[str, HeatMap]) -> None:
    """The cards of each row, inside the clusters of the layers that made them, in order."""
    import graphviz

    order, straight = clusters_of(graph), trunk(graph)
    boxes: dict[int, Digraph] = {}
    row_of: dict[int, int] = {}
    for i, cluster in enumerate(order):
        boxes[id(cluster)] = cluster_box(graphviz.Digraph(name=f"cluster_{i}"), cluster, options)
    for number, card in enumerate(graph.cards):
        box = boxes[id(card.cluster)] if card.cluster else rows[card.row]
        write = label if card.other is None else label_of_pair
        text = write(card, number, options.detail, options.colours, options.gradients, maps)
        add_card(box, card, number, options, text, number in straight)
        row_of.update((id(each), card.row) for each in (card.cluster.chain() if card.cluster else []))
    # Inner boxes come later in the order than those around them.
    for cluster in reversed(order):
        around = boxes[id(cluster.outer)] if cluster.outer else rows[row_of[id(cluster)]]
        around.subgraph(boxes[id(cluster)])


def cluster_box(box: Digraph, cluster: Cluster, options: Options) -> Digraph:
    theme = options.colours
    text = font(cluster.title, 12, theme.cluster_ink, bold=True)
    more = [cluster.label] if cluster.label else []
    more += [f"call {cluster.call}"] if cluster.call else []
    more += [f"×{cluster.count:,}"] if cluster.count > 1 else []
    if more:
        text += "&#160; " + font(" · ".join(more), 10, theme.muted)
    box.attr(
        color=theme.cluster_border,
        fillcolor=theme.cluster_fill,
        label=f"<{text}>" if text else "",
        labeljust="l",
        margin="14",
        style="rounded,filled",
        tooltip=attribute(cluster.path or cluster.title),
    )
    return box


def attribute(text: str) -> str:
    """Text for a tooltip, in which Graphviz replaces backslashes twice, and entities."""
    import graphviz

    return str(graphviz.escape(escaped(text)))


def add_card(dot: Digraph, card: Card, number: int, options: Options, text: str, straight: bool) -> None:
    fill, border, _ = options.colours.role(card.role)
    more = {"penwidth": "2.2"} if card.role == "loss" else {}
    if straight:
        more["group"] = f"trunk{card.row or ''}"
    if card.role in ("stub", "constant") or card.refers:
        more["style"] = "rounded,filled,dashed"
    dot.node(
        f"n{number}",
        label=text,
        **{"class": card.role, "id": f"n{number}"},
        color=border,
        fillcolor=fill,
        tooltip=attribute(tooltip(card)),
        **more,
    )


def tooltip(card: Card) -> str:
    words = [
        card.label,
        card.symbol if card.role in LEAVES else card.name or card.symbol,
        "" if card.shape is None else str(card.shape),
        card.note,
    ]
    return " ".join(word for word in words if word)


def add_edges(dot: Digraph, graph: Graph, options: Options) -> None:
    """Edges as wide as the gradient that flows back along them is large; dashed where a value was broadcast."""
    theme = options.colours
    norms = [norm(c.gradient) if c.gradient is not None else 0.0 for c in graph.cards] if options.gradients else []
    largest = max((n for n in norms if math.isfinite(n)), default=0.0)
    before = longest_way(graph)
    below = {(leaf, consumer) for *leaves, consumer in columns(graph) for leaf in leaves[1::2]}
    for number, card in enumerate(graph.cards):
        for parent in [] if card.refers else dict.fromkeys(card.parents):
            source = graph.cards[parent]
            is_leaf = source.role in LEAVES
            width = THINNEST
            if norms and source.gradient is not None and card.gradient is not None:
                share = 1.0 if not math.isfinite(norms[parent]) else norms[parent] / largest if largest else 0.0
                width = THINNEST + (THICKEST - THINNEST) * math.sqrt(share)
            dashed = parent in card.stretched or source.role == "stub" or card.role == "stub"
            # In a column an edge leads downwards; turned round, it lets every other leaf stand below its consumer.
            shown = {
                "color": theme.role(source.role)[1] if is_leaf else theme.edge,
                "penwidth": f"{width:.2f}",
                "style": "dashed" if dashed else "solid",
                "weight": "20" if parent == before[number] else "1" if is_leaf else "3",
            }
            if source.row != card.row:
                add_turn(dot, parent, number, card.row, shown)
                continue
            is_turned = (parent, number) in below
            dot.edge(
                *(f"n{each}" for each in ((number, parent) if is_turned else (parent, number))),
                id=f"e{parent}-{number}",
                dir="back" if is_turned else "forward",
                **shown,
            )
