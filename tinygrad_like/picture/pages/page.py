"""A picture as one page that needs nothing else, on which the forward and the backward pass can be played."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from ..graphs.graph import Graph
from ..options import Options
from ..telling.markup import joined, spoken
from ..telling.sentences import name_of, sentence, spoken_numbers
from ..telling.telling import Told, tell
from ..written.heat_images import in_theme
from ..written.labels import plain
from ..written.legend import LEGEND_ROLES, LONG, facts_and_note, word_of
from ..written.themes import THEMES, light_to_dark


def page(graph: Graph, options: Options, svg: str) -> str:
    """The HTML of a picture that was drawn as `svg`."""
    drawing = prepared(svg)
    script = resource("page.js")
    colours = other_colours(drawing, options.theme)
    parts = {
        "theme": options.theme,
        "policy": policy(script),
        "title": html.escape(plain(options.title or "") or "Graph"),
        "style": variables() + resource("page.css") + recolouring(colours, options.theme),
        "header": header(graph, options),
        "drawing": drawing,
        "data": json_for_html(structure(graph, drawing) | {"colours": colours}),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], resource("page.html"))


def resource(name: str, package: str = __package__) -> str:
    return files(package).joinpath(name).read_text("utf-8")


def policy(script: str) -> str:
    """Nothing may be loaded from anywhere, and no other script may run."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def json_for_html(data: Any) -> str:
    """JSON that no text in it can end early; all but ASCII is escaped."""
    return json.dumps(data, separators=(",", ":")).replace("<", r"\u003c").replace(">", r"\u003e")


# -- the drawing ------------------------------------------------------------------------------------------


def prepared(svg: str) -> str:
    """The SVG as part of a page: edges know their cards, blocks their kind; tooltips are those of cards only.

    The id of an edge names the two cards as the computation goes; its title, as the line is drawn.
    """
    svg = re.sub(r"<!--.*?-->\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg, count=2)
    edge = r'<g id="e(\d+)(?:&#45;|-)(\d+)(?:(?:&#45;|-)\d)?" class="(edge[^"]*)"'
    against = r"(?=>\s*<title>n\2(?:&#45;|-)&gt;n\1</title>)"
    svg = re.sub(edge + against, r'<g class="\3 turned" data-from="\1" data-to="\2"', svg)
    svg = re.sub(edge, r'<g class="\3" data-from="\1" data-to="\2"', svg)
    svg = re.sub(r"<title>[^<]*</title>\s*", "", svg)
    svg = re.sub(r'(<g id="a_n\d+">)<a\b[^>]* xlink:title="([^"]*)"[^>]*>', r"\1<title>\2</title>", svg)
    svg = re.sub(r"</?a\b[^>]*>\s*", "", svg)
    svg = re.sub(r'<image ([^>]*?)xlink:href="data:image/png;base64,([^"]*)"/>', in_both_themes, svg)
    svg = re.sub(r'<g id="a_n\d+v">', '<g class="value">', svg)
    return re.sub(r'<g id="a_n\d+g">', '<g class="gradient">', svg)


def in_both_themes(image: re.Match[str]) -> str:
    """An image for each theme; the page shows one of them."""
    place, content = image.groups()
    return "".join(
        f'<image class="{name}" {place}href="data:image/png;base64,{in_theme(content, theme)}"/>'
        for name, theme in THEMES.items()
    )


def variables() -> str:
    """The colours of both themes as variables, for what is around the drawing."""
    blocks = []
    for theme in THEMES.values():
        colours = {name: getattr(theme, name) for name in ("page", "title", "muted", "cluster_border", "cell_ink")}
        colours |= {"negative": theme.cell(-0.8), "positive": theme.cell(0.8), "broken": theme.broken}
        for role in LEGEND_ROLES:
            colours |= zip((f"{role}-fill", f"{role}-border", f"{role}-ink"), theme.role(role))
        lines = " ".join(f"--{name}: {colour};" for name, colour in colours.items())
        blocks.append(f'[data-theme="{theme.name}"] {{ {lines} }}\n')
    return "".join(blocks)


def other_colours(drawing: str, drawn: str) -> dict[str, str]:
    """For every colour of the drawing, that of the other theme."""
    colours = light_to_dark()
    if drawn == "dark":
        colours = {b: a for a, b in colours.items()}
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', drawing))
    return {colour: colours[colour] for colour in sorted(used) if colour in colours}


def recolouring(colours: dict[str, str], drawn: str) -> str:
    """Rules that show the drawing in the other theme."""
    other = "light" if drawn == "dark" else "dark"
    return "".join(
        f'[data-theme="{other}"] :where(#stage) [{part}="{colour}"] {{ {part}: {new}; }}\n'
        for colour, new in colours.items()
        for part in ("fill", "stroke")
    )


# -- what is around it, and what the script knows ---------------------------------------------------------


def header(graph: Graph, options: Options) -> str:
    """The title, what is shown of the graph, and the legend."""
    texts = "".join(f"<p>{html.escape(plain(text, 2 * LONG))}</p>\n" for text in facts_and_note(graph, options) if text)
    legend = "".join(f'<li class="{entry}">{html.escape(word_of(entry, graph))}</li>' for entry in graph.legend)
    return f'<h1>{html.escape(plain(options.title or ""))}</h1>\n{texts}<ul class="legend">{legend}</ul>'


def structure(graph: Graph, drawing: str) -> dict[str, Any]:
    """The cards in words, and in which order values and gradients are computed."""
    shown, told = parts_on_cards(drawing), tell(graph)
    cards = [
        {
            "name": name_of(c, graph),
            "text": sentence(c, graph),
            "spoken": "; ".join([sentence(c, graph), *spoken_numbers(c, shown.get(i, ()))]),
            "parents": [*dict.fromkeys(c.parents)],
            "refers": c.refers,
            "forward": as_list(told[i][0]),
            "backward": as_list(told[i][1]),
        }
        for i, c in enumerate(graph.cards)
    ]
    forward = [i for i, card in enumerate(graph.cards) if card.role != "stub" and not card.refers]
    backward = [i for i, card in enumerate(graph.cards) if card.differentiated][::-1]
    return {"cards": cards, "forward": forward, "backward": backward}


def as_list(told: Told | None) -> list[Any] | None:
    """A step as the script takes it: its formula, the shape, and the lines."""
    return None if told is None else [told.head, told.shape, [joined(line) for line in told.lines if spoken(line)]]


def parts_on_cards(drawing: str) -> dict[int, list[str]]:
    """Which cards show a value, and which a gradient."""
    _, *nodes = re.split(r'<g id="n(\d+)" class="node', drawing)
    return {int(i): re.findall(r'<g class="(value|gradient)">', node) for i, node in zip(nodes[::2], nodes[1::2])}
