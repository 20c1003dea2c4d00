"""A spectrum fitted through rfft: the frequencies, widths and heights of oscillations of which only the power is known.

Three oscillations that fade away are recorded many times, with other phases and with noise. Of all recordings only the
mean power spectrum is kept. The model makes the oscillations and transforms them by np.fft.rfft. The loss is Whittle's
(1953), for power that varies around its expectation as that of noise does. Its gradient goes through the transform.
"""

import importlib.util
import pathlib

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg

POINTS, RECORDINGS, NOISE = 512, 200, 0.3
TRUE = np.array([[0.120, 0.010, 1.0], [0.155, 0.020, 1.5], [0.310, 0.015, 0.6]])
START = np.array([[0.100, 0.030, 1.0], [0.180, 0.030, 1.0], [0.300, 0.030, 1.0]])
TIME = np.arange(POINTS)


def waves(oscillations, phases):
    """h e^(-wt) cos(2πft + phase), a row for each oscillation (f, w, h)."""
    f, w, h = np.split(oscillations, 3, axis=1)
    return h * np.exp(-w * TIME) * np.cos(2 * np.pi * f * TIME + phases)


def power_of(signals):
    return np.abs(np.fft.rfft(signals)) ** 2 / POINTS


def record(rng):
    """The mean power spectrum of all recordings."""
    phases = rng.uniform(0, 2 * np.pi, (RECORDINGS, len(TRUE), 1))
    signals = waves(TRUE, phases).sum(axis=1) + NOISE * rng.normal(size=(RECORDINGS, POINTS))
    return power_of(signals).mean(axis=0)


def expected(oscillations, noise):
    """The power to expect. Since the phases are random, the powers add up."""
    return power_of(waves(oscillations, 0)).sum(axis=0) + noise**2


def show(title, oscillations, noise):
    print(f"{title:6}  noise {noise:.3f}   frequency   width  height")
    for f, w, h in oscillations:
        print(f"{f:30.4f}  {w:6.4f}  {h:6.3f}")


def plot(power, curves):
    """The spectra, in pictures/spectrum.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.semilogy(np.fft.rfftfreq(POINTS), power, ".", color="gray", label="observed")
    for name, curve in curves.items():
        axes.semilogy(np.fft.rfftfreq(POINTS), curve, label=name)
    axes.set(xlabel="frequency", ylabel="power")
    axes.legend()
    path = pathlib.Path(__file__).with_name("pictures") / "spectrum.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path)


power = record(np.random.default_rng(0))
logs, log_noise = tg.Parameter(np.log(START)), tg.Parameter(np.log(1.0))
optimizer = tg.optim.Adam([logs, log_noise], lr=0.02)
show("start", START, 1.0)
for step in range(301):
    model = expected(np.exp(logs), np.exp(log_noise))
    loss = np.mean(np.log(model) + power / model)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:3}: loss {loss.item():.4f}")

found, noise = np.exp(logs.numpy()), np.exp(log_noise.item())
show("found", found, noise)
show("true", TRUE, NOISE)
if importlib.util.find_spec("matplotlib"):
    plot(power, {"start": expected(START, 1.0), "found": expected(found, noise)})
