"""Write docs/gallery.md and its pictures, by the code that the page shows: `python -m docs.make_gallery [FOLDER]`."""

import ast
import pathlib
import sys
import textwrap

HEAD = """# Gallery

Each picture was made by the code above it: `python -m docs.make_gallery` runs this page from top to bottom. So a name
that a snippet does not define comes from a snippet above it. Graphs need nothing but the package; the plots at the end
need matplotlib, which the extra `plot` installs.
"""

START = '''
import numpy as np
import tinygrad_like as tg


class Dense(tg.Layer):
    """activation(x @ W + b), written with operators: one card for each."""

    def __init__(self, n, m, activation, rng):
        self.W, self.b = tg.Parameter(rng.normal(size=(n, m))), tg.Parameter(rng.normal(size=m))
        self.activation = activation

    def forward(self, x):
        return self.activation(x @ self.W + self.b)

    def label(self):
        return f"{self.W.shape[0]} → {self.W.shape[1]}"


rng = np.random.default_rng(3)
model = tg.Sequential(Dense(2, 3, np.tanh, rng), Dense(3, 1, tg.sigmoid, rng))
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])


def loss(X, y):
    return np.mean(np.square(model(X) - y))


optimizer, history = tg.SGD(model.parameters(), lr=1.0), []
for step in range(200):
    value = loss(X, y)
    history.append(value.item())
    optimizer.zero_grad()
    value.backward()
    optimizer.step()

title = "XOR · MLP [2, 3, 1]"
tg.draw(loss, X, y, title=title)
'''

RESIDUAL = '''
class Residual(tg.Layer):
    """x + inner(x)"""

    def __init__(self, size):
        self.inner = tg.Sequential(tg.Linear(size, size, seed=1), tg.ReLU(), tg.Linear(size, size, seed=2))

    def forward(self, x):
        return x + self.inner(x)


block = tg.Sequential(Residual(3), tg.Tanh())
block.draw(x[:, :3])
'''

RECURRENT = '''
class Cell(tg.Layer):
    """tanh(x @ Wx + h @ Wh)"""

    def __init__(self, n, h, rng):
        self.Wx, self.Wh = (tg.Parameter(rng.normal(size=(k, h)) * 0.4) for k in (n, h))

    def forward(self, x, h):
        return np.tanh(x @ self.Wx + h @ self.Wh)

    def label(self):
        return f"{self.Wx.shape[0]}, {self.Wh.shape[0]} → {self.Wh.shape[0]}"


class Recurrent(tg.Layer):
    """A cell, called once for each step in time."""

    def __init__(self, rng):
        self.cell, self.out = Cell(2, 3, rng), tg.Linear(3, 1, seed=0)

    def forward(self, x):
        h = np.zeros((len(x), 3))
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.out(h)


rnn, sequences = Recurrent(rng), rng.normal(size=(2, 20, 2))
rnn.draw(sequences)
'''

SCALARS = '''
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


net = tg.Sequential(Neurons(2, 28, rng), Neurons(28, 28, rng), Neurons(28, 28, rng), Neurons(28, 1, rng))
net.draw([tg.Tensor(1.0, name="x0"), tg.Tensor(-2.0, name="x1")])
'''

TRANSFORMER = '''
class Block(tg.Layer):
    """Attention and two layers, each added to what came in."""

    def __init__(self, size, seed):
        self.attention = tg.MultiheadAttention(size, 2, seed=seed)
        wide = 4 * size
        self.inner = tg.Sequential(tg.Linear(size, wide, seed=seed), tg.GELU(), tg.Linear(wide, size, seed=seed))
        self.before, self.after = tg.LayerNorm(size), tg.LayerNorm(size)

    def forward(self, x):
        normed = self.before(x)
        x = x + self.attention(normed, normed, normed)[0]
        return x + self.inner(self.after(x))


class Transformer(tg.Layer):
    """A language model of 11 words."""

    def __init__(self, size=8):
        self.words, self.blocks = tg.Embedding(11, size, seed=0), [Block(size, seed) for seed in (1, 2, 3)]
        self.norm, self.head = tg.LayerNorm(size), tg.Linear(size, 11, seed=4)

    def forward(self, ids):
        x = self.words(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


transformer = Transformer()


def next_word(ids):
    return tg.cross_entropy(transformer(ids[:, :-1]), ids[:, 1:])


ids = np.random.default_rng(0).integers(0, 11, (2, 6))
tg.draw(next_word, ids)
'''

CONVOLUTIONS = """
rows, columns = np.mgrid[:8, :8]
images = np.stack([np.sin(rows * k / 2 + columns * (4 - k) / 2) for k in range(5)])[:, None]
cnn = tg.Sequential(
    tg.Conv2d(1, 6, 3, padding=1, seed=0), tg.ReLU(), tg.MaxPool2d(2), tg.Flatten(), tg.Linear(96, 10, seed=1)
)
cnn.draw(images)
"""

COMPARED = """
import copy

before = copy.deepcopy(model.state_dict())
for step in range(100):
    optimizer.zero_grad()
    loss(X, y).backward()
    optimizer.step()

tg.draw(loss, X, y, compare=before, depth=1)
"""

# Name, heading, text and code of every graph.
GRAPHS = [
    (
        "xor",
        "Values, gradients and layers",
        "A network of two layers, written with operators, learns XOR. Each card is a tensor with the operation that "
        "made it. Orange is negative, blue is positive. An arrow is wider where the gradient is larger, and dashed "
        "where a value was broadcast. There is also [a page](gallery/xor.html) of it, which plays the forward and the "
        "backward pass: save it, and open it in a browser.",
        START,
    ),
    ("xor-dark", "Dark", "", 'tg.draw(loss, X, y, title=title, theme="dark")'),
    *(
        (f"xor-{detail}", f"With less detail: {detail}", "", f'tg.draw(loss, X, y, title=title, detail="{detail}")')
        for detail in ("stats", "shape", "op")
    ),
    ("xor-depth", "Layers as cards", "", "tg.draw(loss, X, y, title=title, depth=1)"),
    (
        "compared",
        "Two steps of training",
        "What the model was before a hundred steps more, and what it is now. The colours of the right block are those "
        "of the change.",
        COMPARED,
    ),
    (
        "deep",
        "Eight layers",
        "All cards of a deep model would be too much for one look, so each layer is a card. The arrows are thinner on "
        "the left: the gradient shrinks on its way back from the output. Matrices that are too large for numbers are "
        "heat maps.",
        """
rng = np.random.default_rng(0)
deep = tg.Sequential(*[each for i in range(8) for each in (tg.Linear(8, 8, seed=i), tg.Tanh())])
x = rng.normal(size=(4, 8))
deep.draw(x)
""",
    ),
    (
        "deep-all",
        "Eight layers, opened",
        "All cards of the same, in rows, as the words of a text.",
        "deep.draw(x, max_nodes=33)",
    ),
    (
        "deep-10",
        "Eight layers, rolled up",
        "The same in at most 10 cards: what repeats in a row is shown once.",
        "deep.draw(x, max_nodes=10)",
    ),
    (
        "focus",
        "A neighbourhood",
        "A part of the same: one layer, and what is at most one arrow away from it. A stub says how many cards are "
        "left out there.",
        'deep.draw(x, focus="layers[6]", radius=1, detail="shape")',
    ),
    ("residual", "A residual block", "", RESIDUAL),
    (
        "shared",
        "A shared layer",
        "One layer is called twice. Its parameters are drawn at the first call.",
        """
linear = tg.Linear(3, 3, seed=0)
shared = tg.Sequential(linear, tg.Tanh(), linear, tg.Sigmoid())
shared.draw(x[:, :3])
""",
    ),
    (
        "recurrent",
        "A recurrent network",
        "Twenty calls of one cell: the last is shown, with what comes from the step before.",
        RECURRENT,
    ),
    (
        "transformer",
        "A transformer",
        "Embedding, three blocks, and the loss. The title says how to see what is in a block.",
        TRANSFORMER,
    ),
    ("transformer-2", "A transformer, opened", "", 'tg.draw(next_word, ids, depth=2, detail="shape")'),
    (
        "convolutions",
        "A convolutional network",
        "Each small square is one channel of one image.",
        CONVOLUTIONS,
    ),
    (
        "scalars",
        "A network of single numbers",
        "Thousands of single numbers: a layer shows those of all its neurons.",
        SCALARS,
    ),
]

# Name, heading, text and code of every plot.
PLOTS = [
    ("history", "The loss while it learns", "The network at the top of this page.", "tg.plot_history(history)"),
    ("boundary", "What it has learnt", "", "tg.plot_decision_boundary(model, X, y)"),
    (
        "gradient-flow",
        "How much gradient reaches each layer",
        "",
        """
sigmoids = tg.Sequential(*[each for i in range(8) for each in (tg.Linear(8, 8, seed=i), tg.Sigmoid())])
data = np.random.default_rng(0).normal(size=(16, 8))
optimizer, norms = tg.SGD(sigmoids.parameters(), lr=0.5), []
for step in range(50):
    optimizer.zero_grad()
    tg.mse(sigmoids(data), np.tanh(data)).backward()
    norms.append(tg.gradient_norms(sigmoids))
    optimizer.step()

tg.plot_gradient_flow(norms)
""",
    ),
]

TABLE = "print(tg.summary(model, X))"


def value_of(code, names):
    """Run a snippet; the value of its last line, an expression."""
    *lines, last = ast.parse(code).body
    exec(compile(ast.Module(lines, []), "gallery", "exec"), names)
    return eval(compile(ast.Expression(last.value), "gallery", "eval"), names)


def section(heading, text, code, shown):
    """A part of the page; `shown` is what comes after the code."""
    paragraphs = [f"## {heading}", textwrap.fill(text, 120, break_on_hyphens=False), block("python", code), shown]
    return "\n" + "\n\n".join(filter(None, paragraphs)) + "\n"


def block(language, text):
    return f"```{language}\n{text.strip()}\n```"


def write(folder):
    """Write the page and its pictures into a folder."""
    pictures = folder / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    page, names = [HEAD], {}
    for name, heading, text, code in GRAPHS:
        picture = value_of(code, names)
        picture.save(pictures / f"{name}.svg")
        if name == "xor":
            picture.save(pictures / f"{name}.html")
        page.append(section(heading, text, code, f"![{heading}](gallery/{name}.svg)"))
    for name, heading, text, code in PLOTS:
        value_of(code, names).figure.savefig(pictures / f"{name}.png", dpi=90)
        page.append(section(heading, text, code, f"![{heading}](gallery/{name}.png)"))
    table = value_of("tg.summary(model, X)", names)
    page.append(section("A table of layers", "", TABLE, block("text", str(table))))
    (folder / "gallery.md").write_text("".join(page), encoding="utf-8")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]) if sys.argv[1:] else pathlib.Path(__file__).parent)
