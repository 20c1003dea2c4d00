"""Animations: what they show is what the model computed, nothing in it is changed, and the page plays in a browser."""

import base64
import copy
import html
import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.picture.test_page import Reader, data_of, digest, dumped
from tinygrad_like.picture.animations import frames
from tinygrad_like.picture.animations.units import columns_of

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


def network(*last, hidden=3, outputs=1):
    return tg.Sequential(tg.Linear(2, hidden, seed=0), tg.Tanh(), tg.Linear(hidden, outputs, seed=1), *last)


def states_of(model, count=3):
    """States whose parameters grow."""
    found = []
    for factor in range(1, count + 1):
        found.append({name: factor * value.numpy() for name, value in model.state_dict().items()})
    return found


def bytes_of(data, at, *shape):
    raw = np.frombuffer(base64.b64decode(data["bytes"]), dtype=np.uint8)
    return raw[at : at + int(np.prod(shape))].reshape(shape).astype(int)


def shown(model, states, *args, **options):
    return data_of(tg.animate(model, states, *args, **options).html())


def test_units_and_weights_are_those_of_each_state():
    model = network(tg.Sigmoid())
    states = states_of(model)
    data = shown(model, states, X, Y)
    assert [(each["title"], *each["notes"]) for each in data["columns"]] == [
        ("input", "2 units"),
        ("hidden", "tanh", "3 units"),
        ("output", "sigmoid", "1 unit"),
    ]
    weights = np.stack([state["0.weight"] for state in states])
    (first, second) = data["lines"]
    assert (first["from"], first["to"], second["from"], second["to"]) == (0, 1, 1, 2)
    assert np.array_equal(bytes_of(data, first["at"], 3, 3, 2), np.round(127 * weights / abs(weights).max()) + 127)
    # The first row of a unit is at the top, where x₁ is largest; x₀ grows to the right.
    side = data["side"]
    inputs = bytes_of(data, data["columns"][0]["at"], 2, side, side)
    assert (np.diff(inputs[0], axis=1) >= 0).all()
    assert (np.diff(inputs[1], axis=0) <= 0).all()
    ends = [np.linspace(-0.12, 1.12, side)] * 2
    grid = np.stack(np.meshgrid(ends[0], ends[1][::-1]), axis=-1)
    hidden = np.stack([np.tanh(grid @ s["0.weight"].T + s["0.bias"]) for s in states]).transpose(0, 3, 1, 2)
    scaled = np.clip(hidden / np.quantile(abs(hidden), 0.98), -1, 1)
    at = data["columns"][1]["at"]
    assert np.array_equal(bytes_of(data, at, 3, 3, side, side), np.round(127 * scaled) + 127)


@together("outputs", [1, 2, 3])
def test_the_winner_is_the_class_that_the_model_answers(outputs):
    model = network(outputs=outputs)
    data = shown(model, [model.state_dict()], X, Y)
    answers = data["answers"]
    found = bytes_of(data, answers["at"], answers["side"], answers["side"]) // answers["steps"]
    (low, high), (bottom, top) = data["ends"]
    half = (high - low) / answers["side"] / 2
    columns = np.linspace(low + half, high - half, answers["side"])
    rows = np.linspace(bottom + half, top - half, answers["side"])[::-1]
    z = model(np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)).numpy().reshape(*found.shape, -1)
    assert np.array_equal(found, z.argmax(-1) if outputs > 1 else z[..., 0] > 0)
    assert [point[2] for point in data["points"]] == [0, 1, 1, 0]
    x = low + (high - low) * np.array([point[0] for point in data["points"]])
    assert np.allclose(x, X[:, 0], atol=1e-3)


def test_how_clearly_a_class_wins():
    def one(*values):
        winner, lead = frames.decided(np.array(values)[:, None])
        return winner.tolist(), np.round(lead, 2).tolist()

    assert one(0.0, 0.25, 0.5, 1.0) == ([0, 0, 0, 1], [1.0, 0.5, 0.0, 1.0])
    assert one(-2.0, 1.0, 2.0) == ([0, 1, 1], [1.0, 0.5, 1.0])
    winner, lead = frames.decided(np.array([[0.2, 0.7, 0.1], [np.nan, 0.0, 1.0]]))
    assert winner[0] == 1
    assert np.allclose(lead, [0.5, np.nan], equal_nan=True)
    # Logits are made probabilities first.
    assert np.allclose(frames.decided(np.array([[0.0, np.log(3.0)]]))[1], [0.5])


class Dense(tg.Layer):
    """A layer that is no Linear, with a connection that skips it, and features of its own."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.W, self.U, self.V = (tg.Parameter(rng.normal(size=size)) for size in ((4, 4), (4, 4), (4, 2)))

    def forward(self, x):
        h = np.concatenate([x, x * x], axis=1)
        h = h + np.tanh(h @ self.W)
        return tg.softmax((h @ self.U.T + 1.0) @ self.V)


def test_columns_are_found_in_any_model():
    found = columns_of(Dense(), X)
    assert [column.name for column in found] == ["input", "features", "tanh", "", "softmax"]
    assert [column.lines[0][0] for column in found if column.lines] == [1, 2, 3]
    assert np.array_equal(found[3].lines[0][1], Dense().U.numpy())
    assert np.allclose(found[-1].values.sum(axis=1), 1.0)
    norm = tg.Sequential(tg.Linear(2, 3), tg.nn.LayerNorm(3), tg.nn.GELU(), tg.Linear(3, 2), tg.Softmax())
    assert [column.name for column in columns_of(norm, X)] == ["input", "gelu", "softmax"]


def test_of_a_wide_layer_the_most_active_units_are_shown():
    model = network(hidden=20)
    model[0].weight.data[:4] = 0.0
    data = shown(model, [model.state_dict()], X, Y)
    assert data["columns"][1]["notes"] == ["tanh", "16 of 20"]
    assert data["columns"][1]["units"] == list(range(4, 20))


def test_the_model_is_not_changed():
    model = tg.Sequential(tg.Linear(2, 3, seed=0), tg.BatchNorm1d(3), tg.Dropout(0.5), tg.Linear(3, 1, seed=1))
    model[3].training = False
    before = copy.deepcopy(model.state_dict())
    flags = [layer.training for layer in model.modules()]
    other = {name: value.numpy() + 1 for name, value in before.items()}

    def fails(outputs, y):
        raise RuntimeError("no loss")

    tg.animate(model, [other, other], X, Y, loss=tg.mse)
    with pytest.raises(RuntimeError, match="no loss"):
        tg.animate(model, [other], X, Y, loss=fails)
    assert all(np.array_equal(before[name].numpy(), value.numpy()) for name, value in model.state_dict().items())
    assert [layer.training for layer in model.modules()] == flags
    assert all(parameter.grad is None for parameter in model.parameters())


def test_losses_are_computed_or_given():
    model = network()
    states = states_of(model)
    expected = [tg.mse(tg.functional_call(model, state, X), Y).item() for state in states]
    assert np.allclose(shown(model, states, X.tolist(), Y.tolist(), loss=tg.mse)["losses"], expected)
    data = shown(model, states, X, Y, loss=[3.0, np.inf, np.nan], steps=[0, 10, 20])
    assert (data["losses"], data["steps"]) == ([3.0, "inf", "nan"], [0, 10, 20])
    assert shown(model, states, X)["losses"] == [None] * 3


def test_many_states_are_thinned_evenly_and_the_page_says_so():
    model = tg.Sequential(tg.Linear(2, 1, seed=0))
    states = states_of(model, 401)
    animation = tg.animate(model, states, X, Y, loss=range(401))
    data = data_of(animation.html())
    assert data["steps"][0] == 0
    assert data["steps"][-1] == 400
    assert set(np.diff(data["steps"])) == {2, 3}
    assert data["losses"] == data["steps"]
    assert repr(animation) == "<Animation of 200 of 401 states; .save('x.html'), .html()>"
    assert "<p>200 of 401 states</p>" in animation.html()
    assert len(animation.html()) < 3_000_000


def test_a_generator_may_give_the_state_itself():
    model = network()

    def training():
        for _ in range(3):
            yield model.state_dict()
            model[0].weight.data = 2.0 * model[0].weight.numpy()

    data = shown(model, training(), X)
    weights = bytes_of(data, data["lines"][0]["at"], 3, 3, 2) - 127
    assert abs(weights).max(axis=(1, 2)).tolist() == [32, 64, 127]


def test_a_network_of_the_delta_rule():
    network = tg.Network([2, 3, 1], "sigmoid", 0.5, seed=1)
    data = shown(network, [network.model.state_dict()], X, Y)
    assert [each["notes"][0] for each in data["columns"]] == ["2 units", "sigmoid", "sigmoid"]


def test_other_models_are_heat_maps():
    model = tg.Sequential(tg.nn.Conv2d(1, 2, 3, seed=0), tg.ReLU(), tg.Flatten(), tg.Linear(32, 40, seed=1))
    x = np.random.default_rng(0).normal(size=(5, 1, 6, 6))
    states = states_of(model)
    data = shown(model, states, x)
    assert [card["name"] for card in data["cards"]] == [f"layers[{i}]" for i in range(4)]
    maps = {(card["name"], each["name"]): each for card in data["cards"] for each in card["maps"]}
    assert maps["layers[3]", "weight"]["note"] == "32 × 32 of 40 × 32"
    assert maps["layers[3]", "bias"]["note"] == "1 × 32 of 40"
    kernel = maps["layers[0]", "weight"]
    values = np.stack([state["0.weight"].reshape(6, 3) for state in states])
    scale = np.quantile(abs(values), 0.99)
    expected = np.round(127 * np.clip(values / scale, -1, 1)) + 127
    assert np.array_equal(bytes_of(data, kernel["at"], 3, 6, 3), expected)
    assert (bytes_of(data, maps["layers[1]", "activation"]["at"], 3, 32, 4) >= 127).all()
    without = shown(model, states)
    assert [[each["name"] for each in card["maps"]] for card in without["cards"]] == [["weight", "bias"]] * 2


def test_what_is_not_finite_is_marked():
    model = network()
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    data = shown(model, [state, state | {"2.bias": [np.nan]}], X, Y)
    side = data["side"]
    output = bytes_of(data, data["columns"][2]["at"], 2, side, side)
    assert (output[0] < 255).all()
    assert (output[1] == 255).all()
    assert (bytes_of(data, data["answers"]["at"], 2, data["answers"]["side"] ** 2)[1] == 255).all()


MODEL = network()
STATE = {name: value.numpy() for name, value in MODEL.state_dict().items()}
OTHER = network(hidden=4).state_dict()
REFUSED = {
    "no states": ((MODEL, []), {}, "at least one state"),
    "a state alone": ((MODEL, STATE), {}, "must be a list of states"),
    "no state": ((MODEL, [STATE, 3.0]), {}, r"history_of_states\[1\] must be a state_dict"),
    "another model": ((MODEL, [STATE, OTHER]), {}, r"history_of_states\[1\] is not a state of this Sequential"),
    "another model before": ((MODEL, [OTHER, STATE], X), {}, r"history_of_states\[0\] is not a state"),
    "one memory": ((MODEL, [MODEL.state_dict(), MODEL.state_dict()]), {}, "all the same memory"),
    "no model": ((np.tanh, [STATE]), {}, "takes a model"),
    "no points": ((MODEL, [STATE], np.ones((0, 2))), {}, "at least one point"),
    "another number of features": ((MODEL, [STATE], np.ones((4, 3))), {}, "2 features"),
    "too few classes": ((MODEL, [STATE], X, [0, 1]), {}, "4 points"),
    "too many classes": ((MODEL, [STATE], X, [0, 1, 2, 3]), {}, "2 classes"),
    "losses": ((MODEL, [STATE]), {"loss": [1.0, 2.0]}, r"1 states, but losses has shape \(2,\)"),
    "steps": ((MODEL, [STATE]), {"steps": [0.5]}, "whole numbers"),
    "endless steps": ((MODEL, [STATE]), {"steps": [np.inf]}, "whole numbers, but has inf"),
    "title": ((MODEL, [STATE]), {"title": 3}, "title must be a text"),
    "a loss without y": ((MODEL, [STATE], X), {"loss": tg.mse}, "needs x and y"),
    "a loss that is no number": ((MODEL, [STATE], X, Y), {"loss": lambda a, b: a}, "must give one number"),
    "a theme": ((MODEL, [STATE]), {"theme": "blue"}, "theme must be one of light, dark"),
    "no parameters": ((tg.Tanh(), [{}]), {}, "no parameters to show"),
}


@together(("args", "options", "words"), REFUSED)
def test_what_cannot_be_shown_is_refused(args, options, words):
    with pytest.raises(tg.TinygradError, match=words):
        tg.animate(*args, **options)


def test_long_work_shows_a_progress_bar(monkeypatch, capsys):
    from tinygrad_like.picture.animations import animating

    assert list(animating.told([1, 2])) == [1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(animating, "LONG", -1.0)
    assert list(animating.told([1, 2])) == [1, 2]
    assert "2/2" in capsys.readouterr().err


def test_it_is_saved_as_html_and_shows_itself_in_notebooks(tmp_path):
    animation = tg.animate(MODEL, [STATE], title="<b>XOR</b>")
    animation.save(tmp_path / "xor.html")
    assert (tmp_path / "xor.html").read_text("utf-8") == animation.html()
    with pytest.raises(tg.ArgumentError, match="saved as html"):
        animation.save(tmp_path / "xor.svg")
    shown = animation._repr_mimebundle_()
    frame = re.fullmatch(
        r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" style="[^"]*"></iframe>', shown["text/html"]
    )
    assert html.unescape(frame[1]) == animation.html()
    assert shown["text/plain"] == "<Animation of 1 state; .save('x.html'), .html()>"


def test_a_page_needs_nothing_else():
    text = tg.animate(MODEL, [STATE], X, Y, title="</script><img src=x>").html()
    reader = Reader(text)
    assert not reader.open
    assert not [attrs for _, attrs in reader.elements if "src" in attrs or attrs.get("href", "data:,") != "data:,"]
    assert "</script><img src=x>" in reader.texts["h1"]
    assert not re.search("https?:|@import", text)
    assert all(each.startswith("#") for each in re.findall(r"url\(([^)]*)\)", text))
    policy = re.search(r'Policy" content="(.*?)"', text)[1]
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)[1]
    assert policy.startswith("default-src 'none'")
    assert f"script-src {digest(script)};" in policy


DRIVER = """
const canvas = (selector) => one(selector + " canvas");
const print = (selector) => {
  const [from, to] = [canvas(selector), document.createElement("canvas")];
  if (!from.width || !from.height) return 0;
  const context = to.getContext("2d");
  context.drawImage(from, 0, 0, to.width, to.height);
  const { data } = context.getImageData(0, 0, to.width, to.height);
  return data.reduce((sum, each, i) => (sum * 31 + each * (i % 7)) % 1000003, 0);
};
const seen = () => ({
  caption: caption(),
  spoken: one("#scrubber").getAttribute("aria-valuetext"),
  prints: ["#network", "#answers", "#losses", ".card"].filter((each) => canvas(each)).map(print),
});
await new Promise((resolve) => setTimeout(resolve, 50));
const result = { start: seen() };
for (const name of ["ArrowLeft", "Home", "ArrowLeft", "ArrowRight", "End", "ArrowRight"]) {
  key(name);
  (result.keys ??= []).push(caption().split(" · ")[0]);
}
scrub(1);
result.scrubbed = seen();
scrub(2);
key(" ");
const played = [caption()];
result.playing = isPlaying();
while (isPlaying() && played.length < 50) { nextFrame(300); played.push(caption()); }
result.played = [...new Set(played.map((each) => each.split(" · ")[0]))];
result.again = seen();
const [x, y] = [box(canvas("#network")).x, box(canvas("#network")).y];
/** Where the first unit of a column is found, going down at this distance from the left. */
const unitAt = (title, left) => {
  for (let top = 60; top < 500; top += 4) {
    pointer(canvas("#network"), "pointermove", { clientX: x + left, clientY: y + top });
    if (one("#answers strong").textContent.startsWith(title)) return [left, top + 4];
  }
};
const colour = ([left, top]) => {
  const at = [left * devicePixelRatio, top * devicePixelRatio];
  return canvas("#network").getContext("2d").getImageData(...at, 1, 1).data.join(" ");
};
const colours = (place) => [0, 1, 2].map((step) => (scrub(step), colour(place)));
if (one("#network").clientWidth) {
  result.hiddenUnit = colours(unitAt("hidden", one("#network").clientWidth / 2));
  result.inputUnit = colours(unitAt("input", 50));
  result.pointed = [one("#answers strong").textContent, print("#answers")];
}
pointer(canvas("#network"), "pointerleave");
result.left = [one("#answers strong").textContent, print("#answers")];
one("#theme").click();
result.dark = { ...seen(), page: style(document.body).backgroundColor };
result.classes = all(".classes li").map((each) => each.textContent);
result.hidden = ["#network", "#answers", "#losses", "#cards"].filter((each) => style(one(each)).display === "none");
result.overflow = document.documentElement.scrollWidth - innerWidth;
report(result);
"""


def test_the_page_plays_in_a_browser(tmp_path):
    pages = {
        "plane": tg.animate(MODEL, states_of(MODEL), X, Y, loss=[2.0, 1.0, 0.5], steps=[0, 5, 10]).html(),
        "maps": tg.animate(MODEL, states_of(MODEL)).html(),
    }
    for name, seen in dumped(tmp_path, {name: (text, DRIVER) for name, text in pages.items()}).items():
        assert seen["problems"] == []
        unit, steps = " of 10" if name == "plane" else " of 2", [0, 5, 10] if name == "plane" else [0, 1, 2]
        words = [f"step {step}{unit}" for step in steps]
        assert seen["keys"] == [words[i] for i in (1, 0, 0, 1, 2, 2)]
        assert seen["playing"]
        assert seen["played"] == words
        assert seen["again"] == seen["start"] != seen["scrubbed"]
        assert seen["start"]["spoken"] == seen["start"]["caption"]
        changed = [a != b for a, b in zip(seen["start"]["prints"], seen["scrubbed"]["prints"])]
        assert changed == ([True] * 3 if name == "plane" else [False] * 3 + [True])
        assert seen["dark"]["prints"] != seen["start"]["prints"]
        assert seen["dark"]["page"] == "rgb(11, 17, 32)"
        assert seen["overflow"] == 0
        if name == "plane":
            assert seen["start"]["caption"] == "step 10 of 10 · loss 0.500"
            assert seen["pointed"][0] == "input, unit 0"
            assert len(set(seen["hiddenUnit"])) == 3
            assert len(set(seen["inputUnit"])) == 1
            assert seen["left"] == ["decision boundary", seen["start"]["prints"][1]]
            assert seen["pointed"][1] != seen["left"][1]
            assert (seen["classes"], seen["hidden"]) == (["class 0", "class 1"], ["#cards"])
        else:
            assert seen["hidden"] == ["#network", "#answers", "#losses"]
