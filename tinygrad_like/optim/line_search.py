"""A line search: a step along a direction after which the strong Wolfe conditions hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Point(NamedTuple):
    """What is known after a step of size t: the loss, the gradient, and its product with the direction."""

    t: float
    loss: float
    gradient: Any
    slope: float


def cubic(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic polynomial with the losses and slopes of two points is least, between two limits.

    The middle of the limits, if it has no minimum. Nocedal and Wright, "Numerical Optimization" (2006), equation 3.59.
    """
    a, b = sorted((a, b), key=lambda point: point.t)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    d2 = math.sqrt(square)
    below = b.slope - a.slope + 2 * d2
    found = b.t - (b.t - a.t) * (b.slope + d2 - d1) / below if below else math.nan
    return min(max(found, least), most) if math.isfinite(found) else (least + most) / 2


class StrongWolfe:
    """Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 and 3.6, with at most `most` trials more.

    The conditions are loss(t) ≤ loss(0) + c1 · t · slope(0) and |slope(t)| ≤ −c2 · slope(0). A loss that is nan or
    infinite counts as too large.
    """

    c1, c2 = 1e-4, 0.9

    def __init__(
        self, evaluate: Callable[[float], Point], start: Point, most: int, longest: float, tolerance: float
    ) -> None:
        self.evaluate, self.start, self.most = evaluate, start, most
        self.longest, self.tolerance = longest, tolerance  # two ends are the same if a value moves by less
        self.trials = 0

    def falls_enough(self, point: Point) -> bool:
        return point.loss <= self.start.loss + self.c1 * point.t * self.start.slope

    def is_flat_enough(self, point: Point) -> bool:
        return abs(point.slope) <= -self.c2 * self.start.slope

    def search(self, t: float) -> Point:
        """The best point found, from a first step of size t on."""
        before, now = self.start, self.evaluate(t)
        while self.trials < self.most:
            if not self.falls_enough(now) or (self.trials > 1 and now.loss >= before.loss):
                return self.zoom(before, now)
            if self.is_flat_enough(now):
                return now
            if now.slope >= 0:
                return self.zoom(before, now)
            t = cubic(before, now, now.t + 0.01 * (now.t - before.t), 10 * now.t)
            before, now = now, self.evaluate(t)
            self.trials += 1
        return now if now.loss < self.start.loss else self.start

    def zoom(self, a: Point, b: Point) -> Point:
        """Narrow an interval in which a step is that fulfils the conditions."""
        low, high = (b, a) if b.loss < a.loss else (a, b)
        close = False
        while self.trials < self.most and abs(high.t - low.t) * self.longest >= self.tolerance:
            t, close = self.trial(low, high, close)
            now = self.evaluate(t)
            self.trials += 1
            if not self.falls_enough(now) or not now.loss < low.loss:
                low, high = (now, low) if now.loss < low.loss else (low, now)
                continue
            if self.is_flat_enough(now):
                return now
            if now.slope * (high.t - low.t) >= 0:
                high = low
            low = now
        return low

    def trial(self, low: Point, high: Point, close: bool) -> tuple[float, bool]:
        """The next step to try, and whether it is close to an end: not twice, as that narrows the interval little."""
        least, most = sorted((low.t, high.t))
        t = cubic(low, high, least, most)
        margin = 0.1 * (most - least)
        if min(most - t, t - least) >= margin:
            return t, False
        if close or t >= most or t <= least:
            return (most - margin if most - t < t - least else least + margin), False
        return t, True
