"""What stands on cards: numbers, colours, escaped text; and the DOT that is made of them."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.engine.registry import REGISTRY
from tinygrad_like.picture.graphs.graph import ROLES, Card, Graph
from tinygrad_like.picture.pages.page import header as page_header
from tinygrad_like.picture.written import labels, numbers, renderer, themes


def texts(array):
    return [[cell.text for cell in row] for row in numbers.block(np.array(array)).rows]


# -- numbers -----------------------------------------------------------------------------------------------


@together(
    ("array", "shown", "power"),
    [
        ([[0.0, 1.0], [1.0, 0.0]], [["0", "1"], ["1", "0"]], 0),
        ([2.24, -2.61, -0.13], [["2.24", "-2.61", "-0.13"]], 0),
        ([-0.034, 0.012], [["-0.034", "0.012"]], 0),
        ([-0.00523, -0.0009], [["-5.23", "-0.90"]], -3),
        ([12345.6, 0.0], [["12.3", "0"]], 3),
        ([123.456, 1.0], [["123", "1"]], 0),
        ([99.94], [["99.9"]], 0),
        (0.135, [["0.135"]], 0),
        ([np.nan, np.inf, -np.inf, 1.5], [["nan", "inf", "-inf", "1.50"]], 0),
        ([np.nan], [["nan"]], 0),
        ([5e-324], [["0.000"]], -306),
        ([1.7e308, 1e307], [["170", "10"]], 306),
        ([True, False], [["True", "False"]], 0),
        (np.array([3, -70000]), [["3", "-70000"]], 0),
        ([1 + 2j], [["1+2i"]], 0),
    ],
)
def test_a_matrix_has_few_digits_and_one_power_of_ten(array, shown, power):
    block = numbers.block(np.array(array))
    assert [[cell.text for cell in row] for row in block.rows] == shown
    assert block.power == power


def test_three_axes_are_rows_of_the_last():
    assert texts(np.arange(8.0).reshape(2, 2, 2)) == [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]]


@together(
    ("array", "shown"),
    [
        ([1e6, 1.0, 0.001], [["1e6", "1", "0.001"]]),
        ([1.7e308, 1.0], [["2e308", "1"]]),
        ([[123456.0, -2.5e5], [1.0, -0.5], [0.0, np.nan]], [["1.23e5", "-2.5e5"], ["1", "-0.5"], ["0", "nan"]]),
        ([1e8, -1234.0, 99_999.4, 999.7], [["1e8", "-1234", "99999", "1000"]]),
        ([3e-5, -1.26e-12, 1e-12], [["3e-5", "-1.3e-12", "1e-12"]]),
        ([10_000_000, 1, -2], [["1e7", "1", "-2"]]),
    ],
)
def test_where_one_number_would_turn_the_others_into_zeros_each_has_an_exponent(array, shown):
    block = numbers.block(np.array(array))
    assert [[cell.text for cell in row] for row in block.rows] == shown
    assert (block.power, block.is_log) == (0, True)
    shares = np.array([cell.fraction for row in block.rows for cell in row])
    values = np.ravel(array)
    there = np.isfinite(values) & (values != 0)
    assert (np.diff(np.abs(shares[there])[np.argsort(np.abs(values[there]))]) >= 0).all()
    assert (np.abs(shares[there]) >= 0.1).all()
    assert (shares[values == 0] == 0).all()
    assert np.nanmax(np.abs(shares)) == 1
    assert "log colours" in tg.draw(tg.Tensor(np.array(array, float))).source


def test_the_scale_of_ordinary_numbers_is_not_logarithmic():
    for array in ([0.5, 1e-9, 0.2, -0.3], [5.0, 0.0, 0.0], [1e6, np.nan], [np.inf, 1e-9], [1e-9], [100, 3, 1]):
        assert not numbers.block(np.array(array)).is_log, array
    assert "log colours" not in tg.draw(tg.Tensor([0.5, 0.2])).source


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3), (0, 0)])
def test_empty_arrays_are_said_to_be_empty(shape):
    card = Card("operation", "+", "add", shape=shape, value=np.zeros(shape))
    assert ">empty<" in labels.label(card, 0, "value", themes.LIGHT, True)
    assert "empty" in labels.label(card, 0, "stats", themes.LIGHT, True)


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(st.sampled_from([np.float64, np.float32, np.float16]), hnp.array_shapes(max_dims=2, max_side=5)))
def test_any_floats_can_be_shown(array):
    block = numbers.block(array)
    for row in block.rows:
        assert len(row) == len(block.rows[0]) <= 6
        for cell in row:
            assert len(cell.text) <= 8
            assert cell.text.strip("-0.") or not cell.fraction or not block.is_log
            assert np.isnan(cell.fraction) or -1 <= cell.fraction <= 1
    assert len(block.rows) <= 5
    numbers.statistics(array)
    assert numbers.norm(array) >= 0


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(np.float64, 5, elements=st.floats(-1e6, 1e6)))
def test_what_is_shown_is_the_number(array):
    block = numbers.block(array)
    # Half a percent of the largest; from 0.01 to 0.1 only three decimals are shown.
    tolerance = max(0.006 * np.abs(array).max(), 1e-300 if block.power else 0.00051)
    for value, cell in zip(array, block.rows[0]):
        assert float(cell.text) * 10.0**block.power == pytest.approx(value, abs=tolerance)


def test_statistics_say_how_many_are_not_finite():
    assert numbers.statistics(np.array([1.0, 3.0, np.nan, np.inf, -np.inf])) == [
        ("mean", "2 ± 1"),
        ("range", "1 … 3"),
        ("nan", "1"),
        ("inf", "2"),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(9.96e12, "1e13"), (9.96e-10, "1e-9"), (-9.96e9, "-9.96e9"), (9.996e9, "1e10")]
)
def test_a_number_that_is_rounded_up_has_its_new_exponent(value, text):
    assert numbers.short(value) == text


@given(st.floats(allow_nan=False))
def test_a_number_by_itself_is_short_and_itself(value):
    text = numbers.short(value)
    assert len(text) <= 8
    assert "e+" not in text
    assert "e-0" not in text
    if 1e-99 < abs(value) < 1e99:
        assert float(text) == pytest.approx(value, rel=0.05)


def test_the_norm_does_not_overflow():
    assert numbers.norm(np.full(4, 1e200)) == pytest.approx(2e200)
    assert numbers.norm(np.array([np.nan])) == np.inf


# -- colours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", themes.THEMES.values(), ids=lambda theme: theme.name)
def test_cells_are_orange_below_0_and_blue_above(theme):
    def channels(colour):
        return bytes.fromhex(colour[1:])

    zero = channels(theme.zero)
    for fraction in (0.01, 0.5, 1.0):
        blue, orange = channels(theme.cell(fraction)), channels(theme.cell(-fraction))
        assert blue[2] - zero[2] > blue[0] - zero[0]
        assert orange[0] - zero[0] > orange[2] - zero[2]
    assert theme.cell(0.0) == theme.zero
    assert theme.cell(float("nan")) == theme.broken


def luminance(colour):
    channels = np.array(list(bytes.fromhex(colour[1:]))) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    """WCAG 2.1's contrast ratio: 4.5 is enough for any text."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", themes.THEMES.values(), ids=lambda theme: theme.name)
def test_all_text_can_be_read(theme):
    for role in ROLES:
        fill, _, ink = theme.role(role)
        assert contrast(fill, ink) >= 4.5, role
        for text in (theme.title, theme.muted, theme.faint):
            assert contrast(fill, text) >= 4.5, (role, text)
    for step in range(-24, 25):
        assert contrast(theme.cell(step / 24), theme.cell_ink) >= 4.5, step
    assert contrast(theme.page, theme.muted) >= 4.5
    assert contrast(theme.cluster_fill, theme.cluster_ink) >= 4.5


def test_the_roles_have_the_colours_they_should():
    assert themes.LIGHT.input == ("#f1f5f9", "#94a3b8", "#334155")
    assert themes.LIGHT.parameter == ("#eff6ff", "#3b82f6", "#1d4ed8")
    assert themes.LIGHT.operation == ("#fffbeb", "#f59e0b", "#b45309")
    assert themes.LIGHT.activation == ("#f5f3ff", "#8b5cf6", "#6d28d9")
    assert themes.LIGHT.loss == ("#fff1f2", "#f43f5e", "#be123c")


def test_a_page_can_change_its_theme_by_colour():
    pairs = dict(themes.light_to_dark())
    for light, dark in themes.colours(themes.LIGHT, themes.DARK):
        assert pairs[light] == dark, "one light colour would have two dark ones"
    for step in range(-24, 25):
        assert pairs[themes.LIGHT.cell(step / 24)] == themes.DARK.cell(step / 24)
    assert len(set(pairs.values())) == len(pairs), "one dark colour would have two light ones"


# -- text ------------------------------------------------------------------------------------------------------

HOSTILE = [
    "<b>&amp;</b>",
    "quote \" and ' and \\ and \\N",
    "a->b {} [] ; //",
    "new\nline\ttab\x00null\x1b",
    "]]></svg><script>alert(1)</script>",
    "∇ ⊙ ∘ ✓ 漢字 🙂",
    "\ud800 half",
    "\u202e reversed",
    "x" * 500,
    "   ",
    "<",
    ">",
    "<>",
    "%s {0} $x",
]


@together("name", HOSTILE)
@together("detail", ["op", "value"])
def test_hostile_names_are_drawn_as_they_are(name, detail):
    x = tg.Tensor([1.0, 2.0], requires_grad=True, name=name)
    y = x * 2.0
    y.name = name

    class Named(tg.Layer):
        def forward(self, x):
            return np.exp(x)

        def label(self):
            return name

    z = np.sum(Named()(y) * Named()(x))
    picture = z.draw(detail=detail, title=name)
    root = ET.fromstring(picture.svg())
    shown = " ".join("".join(root.itertext()).split())
    if 0 < len(name.strip()) < 40 and name.isprintable():
        assert " ".join(name.split()) in shown
    assert len(re.findall(r'class="node', picture.svg())) == len(picture._graph.cards)


@pytest.mark.parametrize("name", [r"C:\Graphs\Nets", r"\N \\ \E", "a&lt;b", "&#xD800;"])
def test_backslashes_and_entities_are_themselves_everywhere(name):
    x = tg.Tensor([1.0], requires_grad=True, name=name)
    y = x * 2.0
    y.name = name
    root = ET.fromstring(y.draw(title=name).svg())
    tips = [each.get("{http://www.w3.org/1999/xlink}title") for each in root.iter("{http://www.w3.org/2000/svg}a")]
    blocks = [f"value of {name}", f"gradient of {name}"]
    assert sorted(tips) == sorted([f"{name} (1,)", *blocks, "2 ()", f"{name} multiply (1,)", *blocks])
    assert [text for text in root.itertext() if text == name] == [name] * 3


def test_no_text_means_no_font():
    assert labels.font("", 10, "#000000") == ""
    assert labels.font("\n", 10, "#000000") == ""
    assert "<FONT></FONT>" not in tg.draw(lambda x: x * 2.0, 1.0, title="").source


def test_the_legend_names_the_roles_that_are_there():
    source = tg.draw(lambda x: x * 2.0, np.ones(2)).source
    header = source[: source.index("node [")]
    assert ">input<" in header
    assert ">parameter<" not in header
    assert "2 of 2" not in header
    assert "3 of 3 nodes" in header


WITH_CONSTANT = ["input", "constant", "operation"]


def chips_of(picture):
    """The legends of the picture and of its page."""
    header = picture.source[: picture.source.index("node [")]
    texts = re.findall(r">([^<>]+)</FONT></TD>", header[header.index("<TD BGCOLOR") :])
    on_page = re.findall(r'<li class="\w+">([^<]*)</li>', page_header(picture._graph, picture._options))
    assert [text for text in texts if " = " not in text and "no gradients" not in text] == on_page
    return on_page


@together(
    ("drawn", "chips"),
    [
        (lambda: tg.Tensor(2.0).draw(), ["constant", "positive"]),
        (lambda: tg.Tensor([0.0, -2.0]).draw(), ["constant", "negative"]),
        (lambda: tg.Tensor([0.0, -2.0]).draw(detail="shape"), ["constant"]),
        (lambda: tg.Tensor([0.0, np.inf]).draw(), ["constant", "nan, inf"]),
        (lambda: tg.Tensor(np.arange(9.0), requires_grad=True).draw(), ["input", "positive"]),
        (lambda: tg.draw(lambda x: np.sum(x * -2.0), np.ones(2)), [*WITH_CONSTANT, "output", "negative", "positive"]),
        (lambda: tg.draw(lambda x: x * -2.0, np.ones(2), gradients=False), [*WITH_CONSTANT, "negative", "positive"]),
    ],
)
def test_the_legend_lists_what_is_there(drawn, chips):
    assert chips_of(drawn()) == chips


def test_the_legend_explains_dashes_and_frames():
    x = tg.Tensor(2.0, requires_grad=True, name="x")
    result = x
    for _ in range(7):
        result = result * x + 1.0
    shared, part = tg.draw(result), tg.draw(result, focus=result, radius=2)
    assert {"shared", "constant"} <= set(chips_of(shared))
    assert "left out" not in chips_of(shared)
    assert "left out" in chips_of(part)
    assert "dashed arrow = left out" in part.source
    assert "dashed arrow" not in shared.source
    assert shared.source[: shared.source.index("node [")].count('STYLE="ROUNDED,DASHED"') == 2
    broadcast = tg.draw(lambda x: np.ones((2, 3)) + x, np.ones(3))
    assert "dashed arrow = broadcast<" in broadcast.source
    assert "dashed arrow = broadcast<" in broadcast.html()


def test_the_legend_says_what_comes_from_the_step_before():
    def walk(x):
        h = np.zeros(2)
        for t in range(20):
            h = np.tanh(h * 0.5 + x[t])
        return h.sum()

    picture = tg.draw(walk, np.ones((20, 2)), max_nodes=20)
    assert "step before" in chips_of(picture)
    assert "or from the step before" in picture.source
    assert "left out" not in picture.source


def test_the_note_of_the_legend_is_never_cut():
    model = tg.Linear(2, 3, seed=0)
    picture = model.draw(np.ones((4, 2)), compare=tg.Linear(2, 3, seed=1))
    assert "dashed arrow = broadcast</FONT>" in picture.source
    assert ">left other, right this, in the colours of the change: blue is more, orange less</FONT>" in picture.source


def test_statistics_of_one_number_say_it_once():
    x = tg.Tensor(2.0, requires_grad=True, name="x")
    assert ">norm<" not in tg.draw(x * 3.0, detail="stats").source
    assert ">norm<" in tg.draw(x * np.ones(3), detail="stats").source


def test_a_loss_that_is_one_card_is_not_named_by_a_sign():
    model = tg.Sequential(tg.Linear(2, 2, seed=0))

    def loss(x):
        y = model(x)
        return np.mean(y**2) - np.mean(np.exp(y))

    card = next(card for card in tg.draw(loss, np.ones((4, 2)), depth=1)._graph.cards if card.symbol == "Loss")
    assert card.name == ""
    collapsed = tg.Sequential(tg.Sequential(tg.Linear(2, 2), tg.Tanh()), tg.Tanh()).draw(np.ones((1, 2)), depth=1)
    assert "collapsed" in chips_of(collapsed)


def test_wider_edges_carry_larger_gradients():
    def f(x, y):
        return np.sum(x * 100.0) + np.sum(y * 1.0)

    picture = tg.draw(f, np.ones(3), np.ones(3))
    widths = {
        symbol: float(re.search(rf"n{i} -> .*penwidth=([\d.]+)", picture.source)[1])
        for i, symbol in ((c, picture._graph.cards[c].symbol) for c in range(len(picture._graph.cards)))
        if symbol in ("x", "y")
    }
    assert widths["x"] > widths["y"] >= 0.8


def test_gradients_that_are_not_finite_are_drawn():
    with np.errstate(all="ignore"):
        picture = tg.draw(lambda x: np.sum(np.exp(x * 1000.0)), np.array([1.0, -1.0]))
    assert ">inf<" in picture.source
    ET.fromstring(picture.svg())


def test_a_graph_without_cards_of_any_kind_is_no_error():
    assert Graph([], [], 0).facts == []


def test_every_symbol_of_a_primitive_can_be_drawn():
    drawn = "".join((p.symbol or "") + p.name for p in REGISTRY.values())
    assert not renderer.lacks_glyphs(drawn + "×·∂→…±")


def test_what_a_program_writes_is_not_called_collapsed():
    x = tg.Parameter(np.ones(2))

    @tg.compile
    def step(t):
        loss = np.sum((x - t) ** 2)
        x.data -= 0.1
        return loss

    step(np.zeros(2))
    assert "collapsed" not in chips_of(step.draw())
    assert "written" in chips_of(step.draw())


def test_an_input_called_input_is_called_so_once():
    assert tg.draw(lambda input: input * 2.0, np.ones(2)).source.count(">input<") == 2  # in the legend, and on the card
