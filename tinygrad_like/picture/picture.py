"""`Picture`: a drawn graph, as DOT, SVG, PNG, PDF or a page; it shows itself in notebooks."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..engine.errors import ArgumentError, MissingError, RenderError
from .graphs.graph import Graph, altered
from .options import Options
from .written import renderer
from .written.cells import with_cells, with_places
from .written.crossings import without_crossings
from .written.dot import digraph
from .written.excerpts import forget_arrays
from .written.heat import heat_maps
from .written.heat_images import with_images, with_marks
from .written.legend import legend_of, shown_cards
from .written.lettering import lettered

if TYPE_CHECKING:
    from graphviz import Digraph


MOST_LAID_OUT_AGAIN = 150  # cards
WIDEST, SHRUNK = 1200.0, 1.25  # points, which are 1,600 pixels; and how much wider what is shrunk may be
MOST_KEPT = 10_000  # elements of each array
FORMATS = ("svg", "png", "pdf", "dot", "html")


def checked_format(format: str, name: str = "") -> str:
    if format not in FORMATS:
        given = f"a name that ends so: {name!r}" if name else repr(format)
        raise ArgumentError(f"A picture is saved as {', '.join(FORMATS)}, but got {given}.", "Write save('x.svg').")
    return format


def freer(source: str) -> str:
    """A graph whose cards need not stand in a line, nor in columns."""
    return re.sub(r"\brank=same\b| group=\w+", "", source)


def rendered(source: str, format: str) -> bytes:
    """The picture of a source by a renderer."""
    try:
        return renderer.render(source, format)
    except RenderError as error:
        # Graphviz cannot always satisfy all wishes at once: fewer, then.
        if "failed" not in error.details:
            raise
        if "routesplines" in error.details and "splines=line" not in source:
            return rendered(source.replace(" rankdir=", " splines=line rankdir=", 1), format)
        return renderer.render(freer(source), format)


def not_too_wide(svg: str) -> str:
    """A picture that is a little too wide, drawn a little smaller."""

    def smaller(size: re.Match[str]) -> str:
        width, height = float(size[1]), float(size[2])
        if not WIDEST < width <= SHRUNK * WIDEST:
            return size[0]
        return f'width="{WIDEST:.0f}pt" height="{height * WIDEST / width:.0f}pt"'

    return re.sub(r'width="([\d.]+)pt" height="([\d.]+)pt"', smaller, svg, count=1)


def kept(array: Any) -> Any:
    """A copy of an array of at most MOST_KEPT elements."""
    return array.copy() if array is not None and array.size <= MOST_KEPT else None


class Picture:
    """A picture of a computation graph, as `draw` makes it.

    What it shows was copied when it was drawn: later training does not change it. In a notebook it
    shows itself, as the page of `html()`; where such pages are taken out, as an image.

    >>> import tinygrad_like as tg
    >>> picture = tg.Tensor(2.0, requires_grad=True, name="x").draw()
    >>> picture.source.splitlines()[0]
    'digraph picture {'
    """

    format = "svg"  # what `render` writes

    def __init__(self, graph: Graph, options: Options) -> None:
        self._graph, self._options = graph, options
        graph.legend = legend_of(graph, options)
        self._maps = heat_maps(graph) if options.detail == "value" else {}
        self._digraph = digraph(graph, options, self._maps)
        self._source = str(self._digraph.source)
        # For a later picture that is compared with this one.
        self._arrays = [(kept(card.value), kept(card.gradient)) for card in graph.cards]
        for card in graph.cards:
            card.differentiated = options.gradients and card.gradient is not None
            card.other = None
            forget_arrays(card)
        self._rendered: dict[str, bytes] = {}

    def kept_graph(self) -> Graph:
        """The graph, with the arrays that are not too large to be kept."""
        arrays = zip(self._graph.cards, self._arrays)
        cards = [altered(card, value=value, gradient=gradient) for card, (value, gradient) in arrays]
        return replace(self._graph, cards=cards)

    @property
    def source(self) -> str:
        """The DOT text."""
        return self._source

    @property
    def digraph(self) -> Digraph:
        """The `graphviz.Digraph`."""
        return self._digraph

    def svg(self) -> str:
        """The picture as SVG text. Raises MissingError if no renderer is installed, RenderError if all fail."""
        return self._render("svg").decode("utf-8")

    def png(self) -> bytes:
        """The picture as a PNG of at most 40 megapixels."""
        return self._render("png")

    def html(self) -> str:
        """One self-contained page, on which the forward and the backward pass can be played."""
        from .pages.page import page

        return page(self._graph, self._options, self.svg())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture; the suffix (svg, png, pdf, dot or html) is the format. The file is replaced at once.

        Raises ArgumentError for another suffix; MissingError, with the command that installs it,
        if no renderer of that format is there. An existing file is untouched then.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise ArgumentError(f"A picture is saved under a file's name, but got {path!r}.", "Write save('x.svg').")
        name = os.fspath(path)
        format = checked_format(os.path.splitext(name)[1].lower().removeprefix("."), name)
        renderer.write_atomically(path, self._content(format))

    def render(self, filename: str | os.PathLike[str], format: str | None = None) -> str:
        """Write `filename.format` and give its name back, as graphviz.Digraph.render does."""
        path = f"{filename}.{format or self.format}"
        self.save(path)
        return path

    def _content(self, format: str) -> bytes:
        if format == "dot":
            return self.source.encode("utf-8")
        return self.html().encode("utf-8") if format == "html" else self._render(format)

    def _render(self, format: str) -> bytes:
        if format not in self._rendered:
            if format == "svg":
                svg = with_images(lettered(not_too_wide(self._laid_out())), self._maps, self._options.colours)
                self._rendered[format] = svg.encode("utf-8")
            else:
                self._rendered[format] = rendered(self.source, format)
        return self._rendered[format]

    def _laid_out(self) -> str:
        """The svg as it is laid out. In the source, titles move to where no arrow crosses them."""

        def draw(source: str) -> str:
            free, tables = with_places(with_marks(source, self._maps))
            return with_cells(rendered(free, "svg").decode("utf-8"), tables, self._options.colours)

        if len(self._graph.cards) > MOST_LAID_OUT_AGAIN:
            return draw(self._source)
        self._source, svg = without_crossings(self._source, draw, self._options.colours.cluster_fill)
        return svg

    def __repr__(self) -> str:
        shown, total = shown_cards(self._graph), self._graph.total
        return f"<Picture of {shown:,} of {total:,} nodes; .save('x.svg'), .html(), .source>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .pages.notebook import framed

        try:
            player = framed(self.html(), self.svg(), repr(self), self._options.colours)
            return {"text/html": player, "image/svg+xml": self.svg(), "text/plain": repr(self)}
        except (MissingError, RenderError) as error:
            return {"text/plain": f"{error.what} {error.details}\n\n{self.source}"}
