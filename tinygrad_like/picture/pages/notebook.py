"""The page in a notebook: in a frame of its own, over an image that is seen where frames are taken out."""

from __future__ import annotations

import base64
import html
import re

from ..written.themes import Theme

LEAST, MOST = 400, 720  # pixels of height
USUAL_WIDTH = 900  # of a notebook's output
AROUND = 250  # pixels of height that the title and the controls of the page take

FRAGMENT = """<div style="position: relative; width: 100%; height: {height}px">
<img alt="{title}" src="data:image/svg+xml;base64,{image}" style="width: 100%; height: 100%; object-fit: contain">
<iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts allow-downloads"
  style="position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: {background}"></iframe>
</div>
"""


def framed(page: str, svg: str, title: str, theme: Theme) -> str:
    """HTML for a notebook's output: the page in a frame that can reach nothing else, over the image of the picture."""
    return FRAGMENT.format(
        title=html.escape(title),
        image=base64.b64encode(svg.encode("utf-8")).decode("ascii"),
        page=html.escape(page.replace("<html ", '<html class="framed" ', 1)),
        height=height_of(svg),
        background=theme.page,
    )


def height_of(svg: str) -> int:
    """The height that shows the whole picture as wide as a notebook's output, within limits."""
    size = re.search(r'<svg[^>]*? viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', svg)
    ratio = float(size[2]) / float(size[1]) if size else 0.5
    return round(min(max(ratio * USUAL_WIDTH + AROUND, LEAST), MOST))
