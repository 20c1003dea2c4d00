"""The mathematics that pages tell: formulas read from rules and records, names, and numbers put in."""

import linecache
import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import families, scipy_families
from tinygrad_like.engine.primitive import Primitive
from tinygrad_like.engine.registry import REGISTRY
from tinygrad_like.picture.telling.formulas import formula, formula_of_result
from tinygrad_like.picture.telling.markup import pieces, spoken
from tinygrad_like.picture.telling.telling import tell

assert families
assert scipy_families
RULES = [(name, i) for name, each in REGISTRY.items() for i, rule in enumerate(each.rules) if rule]


def formulas_of(name):
    return [formula(REGISTRY[name], i) for i, rule in enumerate(REGISTRY[name].rules) if rule]


# -- from rules to text ------------------------------------------------------------------------------------

READ = {
    "add": ["g", "g"],
    "subtract": ["g", "−g"],
    "multiply": ["g · b", "g · a"],
    "divide": ["g / b", "−g · y / b"],
    "tanh": ["g · (1 − y²)"],
    "sin": ["g · cos(x)"],
    "exp": ["g · y"],
    "log": ["g / x"],
    "sqrt": ["0.5 · g / y"],
    "cbrt": ["g / (3 · y²)"],
    "arctanh": ["g / ((1 − x) · (1 + x))"],
    "softplus": ["g · σ(x)"],
    "where": ["g where condition, else 0", "0 where condition, else g"],
    "special.erfc": ["g · (−2 / 1.77) · exp_of_square(x)"],
}


@together("name", list(READ))
def test_a_formula_is_read_from_the_rule_itself(name):
    assert not REGISTRY[name].formulas.keys() & set(REGISTRY[name].args)
    assert formulas_of(name) == READ[name]


def test_what_is_computed_is_written_as_the_cards_write_it():
    texts = {name: formula_of_result(REGISTRY[name]) for name in ("add", "multiply", "square", "exp", "tanh", "linear")}
    assert texts == {
        "add": "a + b",
        "multiply": "a · b",
        "square": "x²",
        "exp": "e^(x)",
        "tanh": "tanh(x)",
        "linear": "x weightᵀ + bias",
    }


def test_formulas_of_records_are_those_of_arguments_that_have_a_rule():
    for name, primitive in REGISTRY.items():
        with_rule = [letter for letter, rule in zip(primitive.args, primitive.rules) if rule]
        assert primitive.formulas.keys() <= {"y", *with_rule}, name


def test_most_rules_have_a_formula():
    """The first that a learner meets all have one; what is left is told in words."""
    without = {name for name, i in RULES if not formula(REGISTRY[name], i)}
    learnt = "add subtract multiply divide power matmul linear sum mean max relu sigmoid tanh exp log log_softmax "
    learnt += "softmax_cross_entropy mse getitem reshape transpose concatenate where conv take affine centred max_pool"
    assert not without & {*learnt.split(" ")}
    assert len(without) < len({name for name, _ in RULES}) / 2


SIGNS = {"·": "*", "−": "-", "²": "**2", "√": "sqrt", "^": "**", "⌊": "floor(", "⌋": ")", "≠": "!=", " = ": " == "}


def evaluated(text, values):
    """A formula computed with NumPy: what a learner who believes the text would get."""
    for sign, meaning in SIGNS.items():
        text = text.replace(sign, meaning)
    text = re.sub(r"\|([^|]+)\|", r"absolute(\1)", text)
    text = re.sub(r"^(.*) where (.*), (.*) where (.*), else (.*)$", r"where(\2, \1, where(\4, \3, \5))", text)
    text = re.sub(r"^(.*) where (.*), else (.*)$", r"where(\2, \1, \3)", text)
    known = {"ln": np.log, "conj": np.conj, "e": np.e, "σ": tg.sigmoid, **values}
    return eval(text, {**vars(np), **known})


def elementwise():
    return [(n, i) for n, i in RULES if REGISTRY[n].shape == "elementwise" and "special." not in n]


def test_formulas_give_what_the_rules_give():
    """Every elementwise one is computed from its text, and compared with the rule: a wrong sign or bracket shows."""
    rng, compared = np.random.default_rng(0), set()
    for name, i in elementwise():
        primitive, text = REGISTRY[name], formula(REGISTRY[name], i)
        if not text or primitive.defaults:
            continue
        args = [draw(rng, (7,)) for draw in primitive.sample] if isinstance(primitive.sample, tuple) else None
        args = args or next(iter(primitive.sample(rng)))[0]
        values = dict(zip(primitive.args, args)) | {"y": primitive.forward(*args), "g": rng.normal(size=7)}
        rule = primitive.rules[i]
        try:
            told = evaluated(text, values)
        except NameError:
            continue  # a function that NumPy does not have
        expected = rule.function(values["g"], *(values.get(each) for each in rule.wants))
        assert told == pytest.approx(expected, rel=0.01), (name, text)  # constants in texts have three digits
        compared.add(name)
    assert len(compared) > 35
    assert {"power", "sigmoid", "relu", "arctan2", "maximum", "remainder", "absolute", "hypot"} <= compared


OVER_ALL = ("sum", "mean", "max", "prod", "std", "norm", "logsumexp", "log_softmax", "centred", "over_rms", "mse")


@together("name", OVER_ALL)
def test_formulas_over_an_axis_give_what_the_rules_give(name):
    primitive, rng = REGISTRY[name], np.random.default_rng(1)
    args = [rng.normal(size=5) for _ in primitive.args]
    options = {"axis": (-1,) if name in ("centred", "over_rms") else None} if name != "mse" else {}
    options |= {"eps": 0.0} if name == "over_rms" else {}
    tensors = [tg.Tensor(each, requires_grad=True) for each in args]
    y = primitive(*tensors, **options)
    g = rng.normal(size=y.shape)
    y.backward(g)
    values = dict(zip(primitive.args, args)) | {"y": y.numpy(), "g": g, "n": 5}
    values |= {"softmax": tg.softmax, "rms": lambda x: np.sqrt(np.mean(x**2))}
    for i, tensor in enumerate(tensors):
        text = re.sub(r"Σ (\w+)", r"sum(\1)", formula(primitive, i))
        assert np.broadcast_to(evaluated(text, values), 5) == pytest.approx(tensor.grad.numpy()), text


def test_formulas_of_named_blocks_are_right():
    x, g = np.array([0.5, -1.0, 2.0]), np.array([1.0, -2.0, 0.5])
    for function in (tg.softmax, tg.nn.functional.silu):
        tensor = tg.Tensor(x, requires_grad=True, name="x")
        y = function(tensor)
        y.backward(g)
        (card,) = (card for card in tg.draw(function, x)._graph.cards if card.call)
        text = re.sub(r"Σ g · y", "sum(g * y)", card.call.what.formulas["x"])
        assert evaluated(text, {"x": x, "g": g, "y": y.numpy()}) == pytest.approx(tensor.grad.numpy()), text


def test_rules_of_users_are_read_too_and_what_cannot_be_read_is_said():
    good = Primitive("cube", lambda x: x**3, "x", lambda g, x: g * (3 * x**2))
    assert formula(good, 0) == "g · 3 · x²"

    def longer(g, x):
        total = g + x
        return total

    assert formula(Primitive("longer", lambda x: x, "x", longer), 0) == ""
    namespace = {}
    exec(compile("rule = lambda g, x: g * x", "<nowhere>", "exec"), namespace)
    assert not linecache.getlines("<nowhere>")
    assert formula(Primitive("hidden", lambda x: x, "x", namespace["rule"]), 0) == ""


def test_only_letters_of_the_record_are_replaced():
    names = {"x": ("v", "t"), "a": ("v", "A"), "b": "3", "g": ("v", "g")}
    assert spoken(pieces("g · exp(x) / max(a, b)", names)) == "g · exp(t) / max(A, 3)"
    assert pieces("g · a^(b − 1)", names) == [("v", "g"), " · ", ("v", "A"), "²"]
    assert spoken(pieces("g · a^(b − 1)", names | {"b": "2"})) == "g · A"
    assert spoken(pieces("e^(−x²) · a", names)) == "e^−t² · A"


# -- what is told of a graph ---------------------------------------------------------------------------------


def told(picture):
    """What is told of the cards, as texts: forward and backward, by the words on the card."""
    cards, steps = picture._graph.cards, tell(picture._graph)
    texts = [[each and [spoken(each.head), each.shape, *map(spoken, each.lines)] for each in step] for step in steps]
    return [(card.label or card.symbol, *text) for card, text in zip(cards, texts)]


def step(picture, name, way):
    found = [forward if way == "forward" else backward for card, forward, backward in told(picture) if card == name]
    return found[-1]


def named(**arrays):
    return [tg.Tensor(np.asarray(each, float), requires_grad=True, name=name) for name, each in arrays.items()]


def test_a_matrix_product_is_told_by_row_and_column():
    X, W, b = named(X=[[1, 2], [3, 4]], W=[[0.5, 0], [1, -1], [2, 2]], b=[1, 2, 3])
    h = tg.nn.functional.linear(X, W, b)
    picture = tg.draw(h.sum(), names={"h": h})
    head, shape, _, numbers = step(picture, "h", "forward")
    assert (head, shape) == ("h = X Wᵀ + b", "2 × 3")
    assert numbers == "first number: 1 · 0.5 + 2 · 0 + 1 = 1.5"
    head, shape, why, numbers = step(picture, "W", "backward")
    assert (head, shape) == ("∂output/∂W = gᵀ X", "3 × 2")
    assert why == "linear: h = X Wᵀ + b, g = ∂output/∂h"
    assert numbers == "first number: 1 · 1 + 1 · 3 = 4"
    head, _, why, numbers = step(picture, "b", "backward")
    assert head == "∂output/∂b = Σ g"
    assert why.endswith("summed over axis 0, along which b was broadcast")
    assert numbers == "first number: 1 + 1 = 2"
    assert step(picture, "X", "backward")[0] == "∂output/∂X = g W"


SHAPES = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 2), (2,)),
    ((2,), (2, 2)),
    ((2, 2), (2, 2)),
]
SHAPES += [((2, 3, 2), (2, 3)), ((2, 2, 3), (2, 3, 2)), ((2,), (3, 2, 2)), ((3, 2, 2), (2,)), ((1, 2, 3), (1, 3, 2))]
LINEAR = [
    ((2, 3), (2, 3)),
    ((3,), (2, 3)),
    ((2, 2, 3), (4, 3)),
    ((2, 2), (2, 2)),
    ((1, 2), (1, 2)),
    ((3, 1, 2), (2, 2)),
]


def test_what_is_put_in_gives_what_stands_after_the_equals_sign():
    rng, count = np.random.default_rng(3), 0
    scores = rng.normal(size=(3, 4))
    targets = [(lambda a, b: np.tanh(a @ b), *map(rng.normal, (0, 0), (1, 1), pair)) for pair in SHAPES]
    targets += [
        (lambda x, w: tg.nn.functional.linear(x, w, w[:, 0]) ** 2, *map(rng.normal, (0, 0), (1, 1), pair))
        for pair in LINEAR
    ]
    targets += [(lambda x: (np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)).mean() * x[0, 0], scores)]
    targets += [(lambda x, b: np.maximum(x * b, x - b).sum(axis=0) @ b + x.std(), scores, scores[0])]
    targets += [(lambda x: (tg.relu(x) + abs(x)).prod() ** -0.5 + np.linalg.norm(x) + tg.mse(x, x * x), scores)]
    for target, *given in targets:
        for card, *texts in told(tg.draw(target, *given)):
            for line in (text[-1] for text in texts if text):
                _, colon, line = line.partition(": ")
                left, equals, right = line.rpartition(" = ")
                if not equals or "…" in left or not colon:
                    continue
                left = left.strip()[1:-1] if " where " in left else left
                expected = float(right.replace("−", "-"))
                written = re.sub(r"\^(−?[\d.]+)", r"^(\1)", left.strip())
                assert evaluated(written, {}) == pytest.approx(expected, rel=0.03, abs=0.02), (card, line)
                count += 1
    assert count > 60


def test_of_a_graph_that_was_freed_the_grad_is_told():
    (x,) = named(x=[2.0, 3.0])
    y = np.sum(x * x)
    y.backward()
    told_of_x = step(tg.draw(y), "x", "backward")
    assert told_of_x == ["x.grad", "2", "what backward() has added to it", "first number: 4"]


def test_numbers_that_were_written_over_are_not_put_in():
    (x,) = named(x=[2.0, 3.0])
    y = x * x
    y.backward(np.ones(2))
    x.data -= 0.5
    assert step(tg.draw(y, names={"y": y}), "y", "forward")[2:] == ["", "first numbers: 4, 9"]
    assert step(tg.draw(y), "x", "forward")[-1] == "first numbers, written to since: 1.5, 2.5"


def test_several_uses_are_added():
    (x,) = named(x=[2.0, 3.0])
    picture = tg.draw((x * x + np.tanh(x)).sum())
    head, shape, first, second, third, numbers = step(picture, "x", "backward")
    assert (head, shape) == ("∂output/∂x = g₁ + g₂ + g₃", "2")
    assert first == "g₁ = g · x, from multiply: y = x · x, g = ∂output/∂y"
    assert second == "g₂ = g · x, from multiply: y = x · x"
    assert third == "g₃ = g · (1 − y²), from tanh: y = tanh(x)"
    assert numbers == "first number: 2 + 2 + 0.0707 = 4.07"


def test_names_never_mean_two_things():
    g, y, b = named(g=2.0, y=3.0, b=5.0)
    picture = tg.draw(b * (g * y))
    assert step(picture, "g", "backward")[:3] == [
        "∂output/∂g = g′ · y",
        "scalar",
        "multiply: z = g · y, g′ = ∂output/∂z",
    ]
    assert step(picture, "output", "forward")[0] == "output = b · b′"
    model = tg.Sequential(tg.Linear(1, 1, seed=0), tg.Linear(1, 1, seed=1))
    picture = tg.draw(lambda n: np.mean(n * model.layers[0].weight * model.layers[1].weight), np.ones((2, 1)))
    assert spoken(tell(picture._graph)[-1][0].head) == "loss = Σ x / n′"
    picture = tg.draw(lambda n: np.mean(n) + (model.layers[0].weight * model.layers[1].weight).sum(), np.ones(4))
    heads = [spoken(forward.head) for forward, _ in tell(picture._graph) if forward]
    assert "y = Σ n / n′" in heads
    assert "y = weight · b" in heads
    # What has no name is not called as a card elsewhere in the graph is.
    (x,) = named(x=0.5)
    assert step(tg.draw(np.tanh(np.exp(x))), "eˣ", "backward")[:3] == [
        "∂output/∂u = g · (1 − output²)",
        "scalar",
        "tanh: output = tanh(u), g = ∂output/∂output",
    ]
    (y,) = named(y=0.5)
    assert step(tg.draw(np.tanh(np.exp(x)) + y), "eˣ", "forward")[0] == "z = e^x"
    (v,) = named(v=[1.0, 2.0])
    joined = tg.draw(np.cumsum(np.concatenate([np.exp(v), v])))
    assert step(joined, "eˣ", "backward")[0] == "∂Σ output/∂x = its part of g"
    assert step(joined, "Σ", "forward")[0] == "y = cumsum(a)"


def test_a_letter_is_none_that_another_card_is_called_by():
    """In tanh(3 x + 1) the tanh is not that of x, and its operand has another gradient."""

    def f(x):
        return np.tanh(3.0 * x + 1.0)

    picture = tg.draw(f, 0.5)
    assert step(picture, "f", "forward")[0] == "f = tanh(u)"
    assert step(picture, "+", "backward")[0] == "∂f/∂u = g · (1 − f²)"
    assert step(picture, "x", "backward")[0] == "∂f/∂x = g · 3"
    picture = tg.draw(lambda x, y, g: np.sin(np.cos(x) + y) * g, *np.ones((3, 1)))
    heads = [forward[0] for _, forward, _ in told(picture) if " = " in forward[0]]
    assert heads == ["z = cos(x)", "z = a + y", "z = sin(u)", "z = a · g"]
    assert step(picture, "+", "backward")[2] == "sin: z = sin(u), g′ = ∂output/∂z"


def test_numbers_of_a_rule_are_put_in():
    def f(x):
        return np.tanh(x) ** 2

    picture = tg.draw(f, 0.5)
    assert step(picture, "tanh", "forward")[2:] == ["", "value: tanh(0.5) = 0.462"]
    assert step(picture, "tanh", "backward")[0::3] == ["∂f/∂a = g · 2 · a", "value: 1 · 2 · 0.462 = 0.924"]
    assert step(picture, "x", "backward")[-1] == "value: 0.924 · (1 − 0.462²) = 0.727"
    assert step(picture, "f", "backward")[0::2] == ["∂f/∂f = 1", "the gradient starts here"]


def test_what_has_no_formula_is_told_in_words():
    A = tg.Tensor(np.eye(2) + 0.1, requires_grad=True, name="A")
    picture = tg.draw(np.linalg.cholesky(A).sum())
    assert step(picture, "A", "backward")[0] == "∂output/∂A = the rule of cholesky, applied to g"
    assert step(picture, "cholesky", "forward")[0] == "y = cholesky(A)"


def test_programs_are_told_by_the_names_of_their_operations():
    model = tg.Sequential(tg.Linear(2, 3, seed=0), tg.Tanh())
    compiled = tg.compile(lambda x: model(x))
    compiled(np.ones((4, 2)))
    heads = [forward[0] for _, forward, _ in told(compiled.draw()) if forward]
    assert heads[-2:] == ["y = x @ Wᵀ + b", "result = tanh(…)"]


def test_every_card_with_a_gradient_is_told():
    """Of collapsed layers, rolled up repeats, parts and stubs, too."""
    model = tg.Sequential(tg.Linear(3, 4, seed=0), tg.LayerNorm(4), tg.Tanh(), tg.Linear(4, 2, seed=1))

    def loop(x):
        h = x
        for t in range(30):
            h = np.tanh(h * x[t % 3])
        return np.concatenate([h, h[:1]]).sum()

    x = np.array([0.1, 0.2, 0.3])
    for target, given, options in (
        (model, np.ones((2, 3)), {}),
        (model, np.ones((2, 3)), {"depth": 1}),
        (model, np.ones((2, 3)), {"detail": "op"}),
        (loop, x, {}),
        (loop, x, {"max_nodes": 10}),
        (loop, x, {"max_nodes": 10, "focus": "loop", "radius": 3}),
    ):
        picture = tg.draw(target, given, **options)
        for card, (forward, backward) in zip(picture._graph.cards, tell(picture._graph)):
            assert (forward is None) == (card.role == "stub" or card.refers)
            assert (backward is None) == (not card.differentiated)
            assert not backward or spoken(backward.head).startswith("∂")


def test_a_picture_keeps_no_arrays_for_what_it_tells():
    x = np.arange(12.0).reshape(3, 4)
    picture = tg.draw(lambda x: x[np.array([0, 2])].sum(), x)
    for card in picture._graph.cards:
        kept = [*card.call.options.values()] if card.call else []
        assert not any(isinstance(each, np.ndarray) for each in kept)
        assert card.value is card.gradient is card.origin is None
        assert len(card.numbers[0].first) <= 9


def test_of_a_part_the_uses_that_are_not_shown_are_told_too():
    """Else a formula would give another number than the card has."""

    def f(x):
        return np.tanh(x * 2.0) + np.exp(np.cos(x))

    (x,) = named(x=0.5)
    picture = tg.draw(f(x), focus="tanh", radius=2)
    head, _, first, second, numbers = step(picture, "x", "backward")
    assert head == "∂output/∂x = g₁ + g₂"
    assert first.startswith("g₁ = g · 2, from multiply")
    assert second == "g₂ = …, from steps that are not shown"
    assert numbers == f"value: {tg.grad(f)(0.5):.3g}".replace("-", "−")
    assert step(tg.draw(np.tanh(x) * 3.0, focus="tanh"), "x", "backward")[0] == "∂output/∂x = g · (1 − y²)"


def test_indexing_is_told_as_one_writes_it():
    m = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="m")
    page = np.sum(m[1:]).draw().html()
    assert "m[1:]" in page
    assert "x[1:](m)" not in page
    assert "from indexing" in np.sum(m[1:] * m[0]).draw().html()
