"""The colours of pictures, light and dark: of cards by role, and of cells by sign and size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache

Role = tuple[str, str, str]  # fill, border, ink
STEPS = 24  # shades of a cell, each way


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour of a picture; roles are (fill, border, ink)."""

    name: str
    page: str
    title: str
    muted: str
    faint: str
    cluster_fill: str
    cluster_border: str
    cluster_ink: str
    edge: str
    cell_ink: str
    zero: str
    negative: str
    positive: str
    broken: str
    input: Role
    constant: Role
    parameter: Role
    buffer: Role
    operation: Role
    activation: Role
    loss: Role
    group: Role
    stub: Role

    def role(self, role: str) -> Role:
        colours: Role = getattr(self, role)
        return colours

    def cell(self, fraction: float) -> str:
        """Blue from 0 to 1, orange from 0 to -1; what is not 0 differs clearly from what is."""
        if fraction != fraction:
            return self.broken
        step = min(round(abs(fraction) * STEPS), STEPS)
        if not fraction:
            return self.zero
        return mixed(self.zero, self.positive if fraction > 0 else self.negative, 0.15 + 0.85 * step / STEPS)


@cache
def shades(theme: Theme) -> list[str]:
    """The colours of all cells: of steps from -STEPS - 1 to STEPS + 1, where 0 is nothing else; then of nan."""
    return [theme.cell(fraction) for fraction in (*map(fraction_of, range(-STEPS - 1, STEPS + 2)), float("nan"))]


def fraction_of(step: int) -> float:
    """The fraction that a step stands for. The smallest steps are hardly more than 0, which has its own colour."""
    return math.copysign(max((abs(step) - 1) / STEPS, 1e-9), step) if step else 0.0


@cache
def mixed(a: str, b: str, share: float) -> str:
    """A colour on the way from a to b."""
    pairs = zip(bytes.fromhex(a[1:]), bytes.fromhex(b[1:]))
    return "#" + bytes(round(x + (y - x) * share) for x, y in pairs).hex()


LIGHT = Theme(
    name="light",
    page="#ffffff",
    title="#0f172a",
    muted="#566479",
    faint="#5c6b81",
    cluster_fill="#fafafa",
    cluster_border="#cbd5e1",
    cluster_ink="#334156",
    edge="#64748b",
    cell_ink="#1e293b",
    zero="#fffffe",
    negative="#f3a379",
    positive="#87a9f4",
    broken="#fecdd3",
    input=("#f1f5f9", "#94a3b8", "#334155"),
    constant=("#f1f5f9", "#94a3b8", "#334155"),
    parameter=("#eff6ff", "#3b82f6", "#1d4ed8"),
    buffer=("#f0fdfa", "#14a596", "#0f665f"),
    operation=("#fffbeb", "#f59e0b", "#b45309"),
    activation=("#f5f3ff", "#8b5cf6", "#6d28d9"),
    loss=("#fff1f2", "#f43f5e", "#be123c"),
    group=("#f8fafc", "#475569", "#1e293c"),
    stub=("#fefefe", "#a3b1c6", "#64748d"),
)
DARK = Theme(
    name="dark",
    page="#0b1120",
    title="#f8fafc",
    muted="#a3b1c6",
    faint="#8b9ab1",
    cluster_fill="#111a2e",
    cluster_border="#34425a",
    cluster_ink="#e2e8f0",
    edge="#8494ab",
    cell_ink="#f1f5f9",
    zero="#0f1729",
    negative="#b04e26",
    positive="#3563cf",
    broken="#9f1239",
    input=("#1e293b", "#64748b", "#dbe3ee"),
    constant=("#1e293b", "#64748b", "#dbe3ee"),
    parameter=("#14234a", "#3b82f6", "#a5cbff"),
    buffer=("#0d2a2b", "#14a596", "#99f6e4"),
    operation=("#2b2113", "#d08908", "#fcd680"),
    activation=("#251a45", "#8b5cf6", "#d3c6ff"),
    loss=("#3b1220", "#f43f5e", "#ffb3bf"),
    group=("#182238", "#8494ac", "#f1f5fa"),
    stub=("#0e1526", "#52627a", "#a3b1c7"),
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def light_to_dark() -> dict[str, str]:
    """For every colour of the light theme, that of the dark one: how a page changes its theme."""
    return dict(colours(LIGHT, DARK)) | dict(zip(shades(LIGHT), shades(DARK)))


def colours(light: Theme, dark: Theme) -> Iterator[tuple[str, str]]:
    for field in fields(Theme):
        a, b = getattr(light, field.name), getattr(dark, field.name)
        if isinstance(a, tuple):
            yield from zip(a, b)
        elif field.name != "name":
            yield a, b
