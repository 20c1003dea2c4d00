"""Arrows that cross the title of a box: the title moves to where none does."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from .lettering import thousandths

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom

# Where a title can stand, in the order in which it is tried: above or below, at the left or the right.
PLACES = ("labeljust=l labelloc=t", "labeljust=r labelloc=t", "labeljust=l labelloc=b", "labeljust=r labelloc=b")
BEFORE = "labeljust=l margin"
STEPS = 10  # points of each curve that are looked at
CLUSTER = re.compile(r'<g id="[^"]*" class="cluster">\s*<title>([^<]*)</title>(.*?)</g>', re.DOTALL)
EDGE = re.compile(r'<g id="[^"]*" class="edge">.*?<path [^>]*?\bd="([^"]*)"', re.DOTALL)
TEXT = re.compile(r'<text [^>]*?\bx="([-\d.]+)" y="([-\d.]+)"([^>]*?) font-size="([\d.]+)"[^>]*>([^<]*)</text>')
NUMBERS = re.compile(r"([-\d.]+),([-\d.]+)")


def without_crossings(source: str, draw: Callable[[str], str], background: str) -> tuple[str, str]:
    """A DOT text and what `draw` makes of it, with titles moved until no arrow crosses one.

    Where nothing helps, the title interrupts the arrow: it has the background's colour around it.
    """
    svg = draw(source)
    crossed = crossed_titles(svg)
    best = crossed, source, svg
    for place in PLACES[1:]:
        if not crossed:
            break
        for name in crossed:
            source = moved(source, name, place)
        svg = draw(source)
        crossed = crossed_titles(svg)
        best = min(best, (crossed, source, svg), key=lambda each: len(each[0]))
    crossed, source, svg = best
    return source, before_arrows(svg, crossed, background) if crossed else svg


def before_arrows(svg: str, names: list[str], background: str) -> str:
    """The svg with these titles in front of the arrows, which they interrupt."""
    titles = []
    for name, body in CLUSTER.findall(svg):
        if name in names:
            texts = "".join(match[0] for match in TEXT.finditer(body))
            svg = svg.replace(body, TEXT.sub("", body), 1)
            titles.append(
                texts.replace("<text ", f'<text stroke="{background}" stroke-width="5" paint-order="stroke" ')
            )
    end = svg.rindex("</g>")
    return f'{svg[:end]}<g class="titles">{"".join(titles)}</g>\n{svg[end:]}'


def moved(source: str, name: str, place: str) -> str:
    """The DOT text with the title of a box somewhere else."""
    start = re.search(rf"subgraph {re.escape(name)} {{\n.*", source)
    if not start:
        return source
    line = re.sub(r"labeljust=\w( labelloc=\w)? margin", f"{place} margin", start[0])
    return source[: start.start()] + line + source[start.end() :]


def crossed_titles(svg: str) -> list[str]:
    """The names of the boxes whose titles an arrow crosses."""
    titles = {name: box for name, body in CLUSTER.findall(svg) if (box := title_box(body))}
    if not titles:
        return []
    paths = [[(float(x), float(y)) for x, y in NUMBERS.findall(path)] for path in EDGE.findall(svg)]
    return [name for name, box in titles.items() if any(crosses(path, box) for path in paths)]


def crosses(path: list[Point], box: Box) -> bool:
    """Whether a path of cubic curves goes through a box."""
    xs, ys = [x for x, _ in path], [y for _, y in path]
    if not path or max(xs) < box[0] or min(xs) > box[2] or max(ys) < box[1] or min(ys) > box[3]:
        return False
    return any(is_inside(point, box) for point in points_of(path))


def title_box(body: str) -> Box | None:
    texts = TEXT.findall(body)
    if not texts:
        return None
    boxes = []
    for x, y, style, size, text in texts:
        width = thousandths(html.unescape(text), "bold" in style) * float(size) / 1000
        boxes.append((float(x), float(y) - 0.75 * float(size), float(x) + width, float(y) + 2))
    lefts, tops, rights, bottoms = zip(*boxes)
    return min(lefts), min(tops), max(rights), max(bottoms)


def points_of(path: list[Point]) -> Iterator[Point]:
    """Points along a path of cubic curves."""
    for i in range(0, len(path) - 3, 3):
        a, b, c, d = path[i : i + 4]
        for step in range(STEPS):
            t = step / STEPS
            shares = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
            yield tuple(sum(s * p[axis] for s, p in zip(shares, (a, b, c, d))) for axis in (0, 1))  # type: ignore[misc]


def is_inside(point: Point, box: Box) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]
