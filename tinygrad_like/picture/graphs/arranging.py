"""The boxes of a picture, and which cards are in them."""

from __future__ import annotations

from .graph import LEAVES, LOSS, Cluster, Graph, ancestors, clusters_of


def arrange(graph: Graph, name: str) -> None:
    """Give every card its cluster and role, and the graph its facts. `name` is what the root is called."""
    mark_root(graph, name)
    dissolve_the_outermost(graph)
    gather_the_loss(graph)
    place_leaves(graph)
    own = {id(c.origin): c.value.size for c in graph.cards if c.role == "parameter" and c.value is not None}
    parameters = sum(own.values())
    if parameters:
        graph.facts.append(f"{parameters:,} parameter{'s' * (parameters != 1)}")
    root = graph.cards[graph.roots[0]] if len(graph.roots) == 1 else None
    if root is not None and root.role == "loss" and root.value is not None and root.value.size == 1:
        graph.facts.append(f"{root.label} = {root.value.item():.4g}")


def mark_root(graph: Graph, name: str) -> None:
    """A scalar root is the loss: what the gradients are derivatives of."""
    root = graph.cards[graph.roots[0]]
    trained = any(card.role == "parameter" for card in graph.cards)
    if len(graph.roots) > 1:
        for i, number in enumerate(graph.roots):
            card = graph.cards[number]
            if card.role not in LEAVES:
                card.label = card.label or f"output {i}"
    elif root.shape == () and root.role not in LEAVES:
        graph.result = "loss" if trained or root.role == "loss" else "output"
        root.label = root.label or name or graph.result
        root.role = "loss"
        graph.of = root.label if graph.of else ""
    else:
        root.label = root.label or name


def dissolve_the_outermost(graph: Graph) -> None:
    """One box around everything would say nothing: its inner boxes stand on their own."""
    clusters = clusters_of(graph)
    outermost = [each for each in clusters if each.outer is None]
    if len(outermost) != 1 or len(clusters) == 1:
        return
    (model,) = outermost
    for card in graph.cards:
        if card.cluster is model:
            card.cluster, card.scoped = None, True
    for cluster in clusters:
        if cluster.outer is model:
            cluster.outer = None


def gather_the_loss(graph: Graph) -> None:
    """What comes after the last layer, up to the loss, gets a box of its own."""
    root = graph.cards[graph.roots[0]]
    if root.role != "loss" or not any(card.cluster for card in graph.cards):
        return
    inside = [i for i, card in enumerate(graph.cards) if card.cluster is not None or card.scoped]
    leading = ancestors(graph, inside)
    computed = [card for n, card in enumerate(graph.cards) if n not in leading and card.role not in LEAVES]
    if len(computed) == 1:  # the card of the loss says it itself
        return
    box = Cluster("", LOSS, (root.name or root.symbol) if len(set(root.parents)) == 1 else "", None)
    for card in computed:
        card.cluster = box


def place_leaves(graph: Graph) -> None:
    """Parameters and numbers stand in the box of their first consumer; data only beside a computation."""
    placed: set[int] = set()
    for card in graph.cards:
        is_joining = any(graph.cards[parent].role not in LEAVES for parent in card.parents)
        for parent in card.parents:
            leaf = graph.cards[parent]
            if leaf.role not in LEAVES or parent in placed:
                continue
            placed.add(parent)
            is_data = leaf.role == "input" or (leaf.role == "constant" and leaf.shape != ())
            if not is_data or is_joining:
                leaf.cluster = card.cluster
