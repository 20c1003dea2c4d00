"""The exceptions. Each message says what is wrong, where, and what to write instead."""

from __future__ import annotations

from typing import Any

from .callers import line_and_advice


class TinygradError(Exception):
    """The base of every error that this package raises itself.

    `layers` collects, innermost first, the layers that an error passed on its way out, so that
    the message can name the place in the model.
    """

    def __init__(self, what: str, details: str = "") -> None:
        super().__init__(what, details)
        self.what = what
        self.details = details
        self.layers: list[Any] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.details)

    def path(self) -> str:
        """Where the failing layer sits in the outermost one, e.g. `encoder.layers[2]`."""
        steps = [outer.path_of(inner) for inner, outer in zip(self.layers, self.layers[1:])]
        return ".".join(step for step in reversed(steps) if step)

    def __str__(self) -> str:
        what = self.what
        if self.layers:
            name, path = type(self.layers[0]).__name__, self.path()
            where = f"{name} at {path}" if path else name
            known = what.startswith(name + " ")
            what = where + what[len(name) :] if known else f"{where}: {what}"
        return what + ("\n  " + self.details if self.details else "")


class ShapeError(TinygradError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(TinygradError, TypeError):
    """A dtype that cannot be used, or that cannot have a gradient."""


class GraphError(TinygradError, RuntimeError):
    """A computation graph that cannot be differentiated: freed, overwritten or not recorded."""


class LostGraphError(TinygradError, TypeError):
    """A conversion that would silently cut a recorded Tensor off from its graph."""


class RuleError(TinygradError, RuntimeError):
    """A derivative rule that returned something that cannot be a cotangent."""


class UnsupportedError(TinygradError, TypeError):
    """A NumPy function or option that is not differentiable here."""


class MissingMethodError(UnsupportedError, AttributeError):
    """A method or attribute of ndarrays that a Tensor does not have."""


class ArgumentError(TinygradError, ValueError):
    """A value that makes no sense where it was given, such as a learning rate of nan."""


class GradientCheckError(TinygradError, AssertionError):
    """An analytic derivative that differs from the finite difference."""


class MissingError(TinygradError, ImportError):  # type: ignore[misc]  # ImportError has an attribute `path` too
    """A package that is needed for this is not installed."""


class FileError(TinygradError, ValueError):
    """A saved file that cannot be read: damaged, unsafe, of an unknown kind, or of another model."""


class TraceError(TinygradError, TypeError):
    """A step that cannot be compiled as it is: what it does depends on values, or differs from call to call."""


class CompilerError(TinygradError, RuntimeError):
    """The C compiler failed, took too long, or made a library that cannot be loaded."""


class RenderError(TinygradError, RuntimeError):
    """A picture could not be rendered."""


def lost_graph(conversion: str, instead: str = "") -> LostGraphError:
    """The error of a conversion; it shows the user's line, and what to write `instead`, or what that line suggests."""
    line, advice = line_and_advice()
    return LostGraphError(
        f"{conversion} would drop a recorded Tensor's graph, and its gradient would be lost.",
        (line and line + "\n  ")
        + (instead or advice)
        + "\n  To leave the graph on purpose, write t.numpy(), t.item() or t.detach().",
    )
