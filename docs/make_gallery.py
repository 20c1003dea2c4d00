"""Write docs/gallery.md and its pictures: `python -m docs.make_gallery [FOLDER]`."""

import pathlib
import sys

import numpy as np

import tinygrad_like as tg

HEAD = """# Gallery

Every picture here was made by `python -m docs.make_gallery`, with the line above it. Graphs need nothing but the
package; histories, decision boundaries and gradient flow need matplotlib, its extra `plot`.
"""


class Dense(tg.Layer):
    """act(x @ W + b), written with operators: one card for each."""

    def __init__(self, n, m, act, rng):
        self.W, self.b, self.act = tg.Parameter(rng.normal(size=(n, m))), tg.Parameter(rng.normal(size=m)), act

    def forward(self, x):
        return self.act(x @ self.W + self.b)

    def label(self):
        return f"{self.W.shape[0]} → {self.W.shape[1]}"


class Residual(tg.Layer):
    """x + inner(x)"""

    def __init__(self, size):
        self.inner = tg.Sequential(tg.Linear(size, size, seed=1), tg.ReLU(), tg.Linear(size, size, seed=2))

    def forward(self, x):
        return x + self.inner(x)


class Cell(tg.Layer):
    """tanh(x @ Wx + h @ Wh)"""

    def __init__(self, n, h, rng):
        self.Wx, self.Wh = (tg.Parameter(rng.normal(size=(k, h)) * 0.4) for k in (n, h))

    def forward(self, x, h):
        return np.tanh(x @ self.Wx + h @ self.Wh)

    def label(self):
        return f"{self.Wx.shape[0]}, {self.Wh.shape[0]} → {self.Wh.shape[0]}"


class Recurrent(tg.Layer):
    """A cell, over and over."""

    def __init__(self, rng):
        self.cell, self.out = Cell(2, 3, rng), tg.Linear(3, 1, seed=0)

    def forward(self, x):
        h = np.zeros((len(x), 3))
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.out(h)


class Neuron(tg.Layer):
    """tanh(Σ w x + b), of single numbers."""

    def __init__(self, n, rng):
        self.w, self.b = [tg.Parameter(w) for w in rng.normal(size=n)], tg.Parameter(0.0)

    def forward(self, xs):
        return np.tanh(sum((w * x for w, x in zip(self.w, xs)), self.b))

    def label(self):
        return f"{len(self.w)} inputs"


class Neurons(tg.Layer):
    """A layer of single neurons."""

    def __init__(self, n, m, rng):
        self.neurons = [Neuron(n, rng) for _ in range(m)]

    def forward(self, xs):
        return [neuron(xs) for neuron in self.neurons]

    def label(self):
        return f"{len(self.neurons)} neurons"


INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = np.array([[0.0], [1.0], [1.0], [0.0]])


def trained_xor():
    """A model with operators, some way into learning XOR; its loss; the losses on the way."""
    rng = np.random.default_rng(3)
    model = tg.Sequential(Dense(2, 3, np.tanh, rng), Dense(3, 1, tg.sigmoid, rng))

    def loss(X, y):
        return np.mean(np.square(model(X) - y))

    optimizer, history = tg.SGD(model.parameters(), lr=1.0), []
    for _ in range(200):
        value = loss(INPUTS, TARGETS)
        history.append(value.item())
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return model, loss, history


def graphs(x, y):
    """Name, heading, text, code and picture of every graph."""
    rng = np.random.default_rng(0)
    _, loss, _ = trained_xor()
    title = "XOR · MLP [2, 3, 1]"
    xor = {"title": title}
    yield (
        "xor",
        "Values, gradients and layers",
        "A network of two layers, written with operators, learns XOR. One card for each tensor and the operation that "
        "made it; orange is negative, blue positive; arrows are the wider the larger the gradient, and dashed where a "
        "value was broadcast. [As a page](gallery/xor.html) (save it, and open it in a browser) it plays the forward "
        "and the backward pass.",
        'tg.draw(loss, X, y, title="XOR · MLP [2, 3, 1]")',
        tg.draw(loss, x, y, **xor),
    )
    yield (
        "xor-dark",
        "Dark",
        "",
        'tg.draw(loss, X, y, title=title, theme="dark")',
        tg.draw(loss, x, y, theme="dark", **xor),
    )
    for detail in ("stats", "shape", "op"):
        code = f'tg.draw(loss, X, y, title=title, detail="{detail}")'
        yield f"xor-{detail}", f"With less detail: {detail}", "", code, tg.draw(loss, x, y, detail=detail, **xor)
    code = "tg.draw(loss, X, y, title=title, depth=1)"
    yield "xor-depth", "Layers as cards", "", code, tg.draw(loss, x, y, depth=1, **xor)

    deep = tg.Sequential(*[each for i in range(8) for each in (tg.Linear(8, 8, seed=i), tg.Tanh())])
    batch = rng.normal(size=(4, 8))
    text = "Statistics instead of numbers where there are many. Watch the arrows widen towards the loss."
    yield "deep", "Eight layers", text, "model.draw(x)", deep.draw(batch)
    text = "The same, in at most 20 cards: what repeats is one card."
    yield "deep-20", "Eight layers, rolled up", text, "model.draw(x, max_nodes=20)", deep.draw(batch, max_nodes=20)
    text = "A part of it: what is at most one arrow away from a layer. Stubs count the rest."
    code = 'model.draw(x, focus="layers[6]", radius=1, detail="shape")'
    yield "focus", "A neighbourhood", text, code, deep.draw(batch, focus="layers[6]", radius=1, detail="shape")

    residual = tg.Sequential(Residual(3), tg.Tanh())
    yield "residual", "A residual block", "", "model.draw(x)", residual.draw(batch[:, :3])
    linear = tg.Linear(3, 3, seed=0)
    shared = tg.Sequential(linear, tg.Tanh(), linear, tg.Sigmoid())
    text = "One layer called twice: its parameters stand at the first call."
    yield "shared", "A shared layer", text, "model.draw(x)", shared.draw(batch[:, :3])
    rnn, steps = Recurrent(rng), rng.normal(size=(2, 20, 2))
    text = "Twenty calls of one cell. What is used all over stands at its first use; small dashed cards refer to it."
    yield "recurrent", "A recurrent network", text, "rnn.draw(x)", rnn.draw(steps)
    text = "The same, in at most 20 cards."
    code = "rnn.draw(x, max_nodes=20)"
    yield "recurrent-20", "A recurrent network, rolled up", text, code, rnn.draw(steps, max_nodes=20)
    net = tg.Sequential(Neurons(2, 28, rng), Neurons(28, 28, rng), Neurons(28, 28, rng), Neurons(28, 1, rng))
    numbers = [tg.Tensor(value, name=f"x{i}") for i, value in enumerate((1.0, -2.0))]
    text = "Thousands of single numbers: neurons that compute the same from the same become one, with all their values."
    yield "scalars", "A network of single numbers", text, "tg.draw(net, numbers)", tg.draw(net, numbers)


def plots(x, y):
    """Name, heading, code and Axes of every plot."""
    model, _, history = trained_xor()
    yield "history", "The loss while it learns", "tg.plot_history(history)", tg.plot_history(history)
    code = "tg.plot_decision_boundary(model, x, y)"
    yield "boundary", "What it has learnt", code, tg.plot_decision_boundary(model, x, y)
    deep = tg.Sequential(*[each for i in range(8) for each in (tg.Linear(8, 8, seed=i), tg.Sigmoid())])
    rng = np.random.default_rng(0)
    data, optimizer, norms = rng.normal(size=(16, 8)), tg.SGD(deep.parameters(), lr=0.5), []
    for _ in range(50):
        optimizer.zero_grad()
        tg.mse(deep(data), np.tanh(data)).backward()
        norms.append(tg.gradient_norms(deep))
        optimizer.step()
    heading = "How much gradient reaches each layer"
    yield "gradient-flow", heading, "tg.plot_gradient_flow(norms)", tg.plot_gradient_flow(norms)


def section(heading, text, code, file):
    parts = [f"\n## {heading}\n", *([f"{text}\n"] if text else []), f"`{code}`\n", f"![{heading}](gallery/{file})\n"]
    return "\n".join(parts)


def write(folder):
    """Write the page and its pictures into a folder."""
    pictures = folder / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    page = [HEAD]
    for name, heading, text, code, picture in graphs(INPUTS, TARGETS):
        picture.save(pictures / f"{name}.svg")
        if name == "xor":
            picture.save(pictures / f"{name}.html")
        page.append(section(heading, text, code, f"{name}.svg"))
    for name, heading, code, axes in plots(INPUTS, TARGETS):
        axes.figure.savefig(pictures / f"{name}.png", dpi=90)
        page.append(section(heading, "", code, f"{name}.png"))
    table = tg.summary(trained_xor()[0], INPUTS)
    page.append(f"\n## A table of layers\n\n`tg.summary(model, x)`\n\n```text\n{table}\n```\n")
    (folder / "gallery.md").write_text("".join(page), encoding="utf-8")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]) if sys.argv[1:] else pathlib.Path(__file__).parent)
