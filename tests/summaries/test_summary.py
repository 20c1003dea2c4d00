"""The table of a model's layers: its numbers, its order, its text; and that the run changes nothing."""

import copy
import gc
import html.parser
import re
import weakref
from contextlib import suppress
from contextvars import copy_context

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like import Activation, Layer, Linear, Network, Parameter, ReLU, Sequential, Sigmoid, Tanh, Tensor
from tinygrad_like.engine.errors import ArgumentError, ShapeError
from tinygrad_like.engine.primitive import Primitive
from tinygrad_like.engine.recording import is_recording, observer, scope
from tinygrad_like.summaries.table import WIDTH, one_line, shortened, size_text


def column(summary, name):
    return [getattr(row, name) for row in summary.rows]


def row_at(summary, path):
    (row,) = [row for row in summary.rows if row.path == path]
    return row


class Identity(Layer):
    def forward(self, x):
        return x


class Residual(Layer):
    def __init__(self, size):
        self.inner = [Linear(size, size, seed=0), Tanh()]
        self.mix = Parameter(np.ones((size, 2)))

    def forward(self, x):
        h = x
        for layer in self.inner:
            h = layer(h)
        return (x + h) @ self.mix


class Cell(Layer):
    def __init__(self, inputs, size):
        self.input, self.state, self.squash = Linear(inputs, size), Linear(size, size, bias=False), Tanh()

    def forward(self, x, h):
        return self.squash(self.input(x) + self.state(h))


class Recurrent(Layer):
    def __init__(self):
        self.cell, self.out = Cell(3, 4), Linear(4, 2)

    def forward(self, x):
        h = np.zeros((len(x), 4))
        for step in range(x.shape[1]):
            h = self.cell(x[:, step], h)
        return self.out(h), h


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "rows"), [((7, 2), 7), ((2,), 1), ((0, 2), 0), ((5, 7, 2), 35)])
def test_a_linear_of_n_rows_takes_n_times_in_times_out(shape, rows):
    summary = tg.summary(Linear(2, 3), np.ones(shape))
    (row,) = summary.rows
    assert row.multiply_adds == summary.multiply_adds == rows * 2 * 3
    assert row.parameters == summary.parameters == 9
    assert row.shapes == ((*shape[:-1], 3),)
    assert summary.inputs == (str(shape),)


def test_without_bias():
    summary = tg.summary(Linear(2, 3, bias=False), np.ones((7, 2)))
    assert (summary.parameters, summary.multiply_adds) == (6, 42)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 4), (np.float64, 8)])
def test_bytes_follow_the_dtype(dtype, size):
    assert tg.summary(Linear(2, 3, dtype=dtype), np.ones((1, 2), dtype)).bytes == 9 * size


def test_products_by_operators_count_for_the_layer_around_them():
    summary = tg.summary(Residual(3), np.ones((5, 3)))
    assert column(summary, "path") == ["", "inner[0]", "inner[1]"]
    assert column(summary, "multiply_adds") == [5 * 3 * 2, 5 * 3 * 3, 0]
    assert column(summary, "parameters") == [6, 12, 0]
    assert column(summary, "shapes") == [((5, 2),), ((5, 3),), ((5, 3),)]
    assert summary.multiply_adds == 75


@pytest.mark.parametrize(
    ("a", "b", "count"), [((4,), (4,), 4), ((3, 4), (4,), 12), ((2, 3, 4), (4, 5), 120), ((3, 0), (0, 5), 0)]
)
def test_products_of_all_kinds(a, b, count):
    class Product(Layer):
        def forward(self, x):
            return x @ np.ones(b)

    assert tg.summary(Product(), np.ones(a)).multiply_adds == count


def test_lists_as_operands():
    class Product(Layer):
        def forward(self, x):
            return [[1.0, 2.0, 3.0]] @ x @ [[1.0], [2.0]]

    assert tg.summary(Product(), np.ones((3, 2))).multiply_adds == 6 + 2


def test_an_operand_that_is_left_out_stays_none():
    rules = (lambda g: g, lambda g: g)
    some = Primitive("some", lambda a, b=None: a * 1, "a b", rules, multiply_adds=lambda y, a, b: 5 if b is None else 9)

    class Model(Layer):
        def forward(self, x):
            return some(x, None)

    assert tg.summary(Model(), 1.0).multiply_adds == 5


def test_products_that_are_recorded_inside():
    class Records(Layer):
        def __init__(self):
            self.weight = Parameter(np.ones((2, 3)))

        def forward(self, x):
            with tg.enable_grad():
                return x @ self.weight

    assert tg.summary(Records(), np.ones((5, 2))).multiply_adds == 30


def test_elementwise_operations_count_nothing():
    assert tg.summary(Tanh(), np.ones((5, 3))).multiply_adds == 0


# -- several calls, shared things ----------------------------------------------------------------


def test_a_shared_layer_is_one_row():
    layer = Linear(2, 2)
    summary = tg.summary(Sequential(layer, Tanh(), layer), np.ones((5, 2)))
    assert column(summary, "path") == ["", "layers[0]", "layers[1]"]
    assert column(summary, "calls") == [1, 2, 1]
    assert column(summary, "multiply_adds") == [0, 40, 0]
    assert column(summary, "parameters") == [0, 6, 0]
    assert "×2" in repr(summary)


def test_a_layer_shared_by_two_others_has_a_row_in_each_and_its_parameters_in_one():
    layer = Linear(2, 2)
    summary = tg.summary(Sequential(Sequential(layer), Sequential(layer)), np.ones((5, 2)))
    assert column(summary, "path") == ["", "layers[0]", "layers[0].layers[0]", "layers[1]", "layers[0].layers[0]"]
    assert column(summary, "parameters") == [0, 0, 6, 0, 0]
    assert column(summary, "shared") == [0, 0, 0, 0, 6]
    assert column(summary, "multiply_adds") == [0, 0, 20, 0, 20]
    assert summary.parameters == 6
    assert repr(summary).count("shared") == 1


def test_a_tied_parameter_counts_once():
    first, second = Linear(2, 2), Linear(2, 2)
    second.weight = first.weight
    summary = tg.summary(Sequential(first, second), np.ones((5, 2)))
    assert column(summary, "parameters") == [0, 6, 2]
    assert column(summary, "shared") == [0, 0, 4]
    assert (summary.parameters, summary.bytes) == (8, 64)


def test_a_recurrent_cell():
    summary = tg.summary(Recurrent(), np.ones((5, 20, 3)))
    assert column(summary, "path") == ["", "cell", "cell.input", "cell.state", "cell.squash", "out"]
    assert column(summary, "depth") == [0, 1, 2, 2, 2, 1]
    assert column(summary, "calls") == [1, 20, 20, 20, 20, 1]
    assert column(summary, "multiply_adds") == [0, 0, 20 * 5 * 12, 20 * 5 * 16, 0, 5 * 8]
    assert column(summary, "parameters") == [0, 0, 16, 16, 0, 10]
    assert summary.rows[0].shapes == ((5, 2), (5, 4))
    assert re.search(r"^Recurrent +\(5, 2\), … ", repr(summary), re.MULTILINE)


def test_an_inner_layer_with_several_outputs():
    summary = tg.summary(Sequential(Recurrent(), Identity()), np.ones((5, 20, 3)))
    assert row_at(summary, "layers[0]").shapes == row_at(summary, "layers[1]").shapes == ((5, 2), (5, 4))
    assert re.search(r"^  layers\[1\] +Identity +\(5, 2\), … +—", repr(summary), re.MULTILINE)


def test_different_shapes_show_the_last():
    class Grows(Layer):
        def __init__(self):
            self.act = Tanh()

        def forward(self, x):
            return self.act(np.concatenate([self.act(x), x]))

    assert row_at(tg.summary(Grows(), np.ones((2, 3))), "act").shapes == ((4, 3),)


def test_a_layer_that_calls_itself():
    class Countdown(Layer):
        def __init__(self):
            self.linear = Linear(2, 2)

        def forward(self, x, n=2):
            return self(self.linear(x), n - 1) if n else x

    summary = tg.summary(Countdown(), np.ones((1, 2)))
    assert column(summary, "kind") == ["Countdown", "Linear", "Countdown", "Linear", "Countdown"]
    assert column(summary, "depth") == [0, 1, 1, 2, 2]
    assert column(summary, "parameters") == [0, 6, 0, 0, 0]
    assert summary.multiply_adds == 8


# -- what is not seen ------------------------------------------------------------------------------


def test_a_layer_that_is_never_called_is_listed_and_counted():
    model = Residual(3)
    model.spare = Sequential(Linear(3, 10), ReLU())
    summary = tg.summary(model, np.ones((5, 3)))
    assert column(summary, "path")[3:] == ["spare", "spare.layers[0]", "spare.layers[1]"]
    assert column(summary, "depth")[3:] == [1, 2, 2]
    assert column(summary, "note")[3:] == ["not called"] * 3
    assert column(summary, "calls")[3:] == [0, 0, 0]
    assert row_at(summary, "spare.layers[0]").parameters == 40
    assert summary.parameters == sum(p.size for p in model.parameters()) == 58
    assert re.search(r"spare\.layers\[0\] +Linear 3 → 10 +not called +40 +—$", repr(summary), re.MULTILINE)
    assert re.search(r"spare\.layers\[1\] +ReLU +not called +— +—$", repr(summary), re.MULTILINE)


def test_layers_without_operations_are_called_like_others():
    model = Sequential(Identity(), Linear(2, 3), Identity(), Identity(), Sequential(Identity(), Tanh()), Identity())
    summary = tg.summary(model, np.ones((1, 2)))
    paths = [f"layers[{i}]" for i in range(5)]
    assert column(summary, "path") == ["", *paths, "layers[4].layers[0]", "layers[4].layers[1]", "layers[5]"]
    assert column(summary, "calls") == [1] * 9
    assert column(summary, "note") == [""] * 9
    assert column(summary, "shapes") == [((1, 3),), ((1, 2),), *[((1, 3),)] * 7]


def test_calls_without_operations_are_counted():
    class Model(Layer):
        def __init__(self):
            self.same, self.act = Identity(), Tanh()

        def forward(self, x):
            for _ in range(3):
                self.same(x)
            return self.same(self.act(x[0]))

    summary = tg.summary(Model(), np.ones((2, 3)))
    assert [(row.path, row.calls) for row in summary.rows] == [("", 1), ("same", 4), ("act", 1)]
    assert row_at(summary, "same").shapes == ((3,),)
    assert re.search(r"^  same +Identity +×4 +\(3,\) +— +—$", repr(summary), re.MULTILINE)


def test_rows_stand_in_the_order_in_which_calls_begin():
    class Late(Layer):
        def __init__(self):
            self.inner = Sequential(Identity(), Identity())

        def forward(self, x):
            return self.inner(x) * 2

    class Model(Layer):
        def __init__(self):
            self.last, self.late, self.first = Tanh(), Late(), Identity()

        def forward(self, x):
            return self.last(self.late(self.first(x)))

    late = ["late", "late.inner", "late.inner.layers[0]", "late.inner.layers[1]"]
    summary = tg.summary(Model(), 1.0)
    assert column(summary, "path") == ["", "first", *late, "last"]
    assert column(summary, "depth") == [0, 1, 1, 2, 3, 3, 1]
    assert column(summary, "calls") == [1] * 7


def test_layers_that_are_not_called_stand_where_the_model_keeps_them():
    class Spares(Layer):
        def __init__(self):
            self.spares = [Tanh(), Identity()]
            self.act, self.more, self.end = Tanh(), Sequential(Tanh()), Identity()
            self.last = ReLU()

        def forward(self, x):
            return self.end(self.act(x))

    summary = tg.summary(Sequential(Spares(), Tanh()), np.ones((1, 2)))
    names = ["spares[0]", "spares[1]", "act", "more", "more.layers[0]", "end", "last"]
    assert column(summary, "path") == ["", "layers[0]", *[f"layers[0].{name}" for name in names], "layers[1]"]
    assert column(summary, "depth") == [0, 1, 2, 2, 2, 2, 3, 2, 2, 1]
    assert [row.path for row in summary.rows if row.calls] == [
        "",
        "layers[0]",
        "layers[0].act",
        "layers[0].end",
        "layers[1]",
    ]
    assert all((row.note == "not called") == (row.calls == 0) == (row.shapes == ()) for row in summary.rows)


def test_a_layer_that_is_not_called_beside_one_whose_name_begins_alike():
    class Model(Layer):
        def __init__(self):
            self.a, self.ab = Tanh(), Identity()

        def forward(self, x):
            return self.a(x)

    summary = tg.summary(Model(), 1.0)
    assert [(row.path, row.depth, row.calls) for row in summary.rows] == [("", 0, 1), ("a", 1, 1), ("ab", 1, 0)]


def test_a_layer_that_is_not_called_in_a_shared_layer_stands_in_its_first_row():
    shared = Sequential(Identity(), Tanh())
    shared.spare = Tanh()
    summary = tg.summary(Sequential(Sequential(shared), Sequential(shared)), 1.0)
    inner = "layers[0].layers[0]"
    called = [inner, f"{inner}.layers[0]", f"{inner}.layers[1]"]
    assert column(summary, "path") == ["", "layers[0]", *called, f"{inner}.spare", "layers[1]", *called]
    assert column(summary, "calls") == [1, 1, 1, 1, 1, 0, 1, 1, 1, 1]


def test_a_layer_kept_in_one_and_called_by_another():
    model = Sequential(Sequential(Tanh()))
    keeper = Identity()
    keeper.first, keeper.second = model.layers[0].layers[0], Identity()
    model.before = keeper
    model.layers.insert(0, keeper)
    summary = tg.summary(model, 1.0)
    places = [(row.path, row.depth, row.note) for row in summary.rows]
    assert places == [
        ("", 0, ""),
        ("layers[0]", 1, ""),
        ("layers[0].second", 2, "not called"),
        ("layers[1]", 1, ""),
        ("layers[0].first", 2, ""),
    ]


def test_operations_after_their_layer_returned_count_for_it():
    class Keeps(Layer):
        def forward(self, x):
            return copy_context()

    class Model(Layer):
        def forward(self, x):
            return Keeps()(x).run(lambda: x @ np.ones((2, 3)))

    summary = tg.summary(Model(), np.ones((5, 2)))
    assert column(summary, "kind") == ["Model", "Keeps"]
    assert column(summary, "multiply_adds") == [0, 30]
    assert column(summary, "shapes") == [((5, 3),), ()]


def test_operations_after_their_layer_is_gone_count_for_the_layer_around_it():
    kept = []

    class Fails(Layer):
        def forward(self, x):
            kept.append(copy_context())
            raise ValueError

    class Model(Layer):
        def forward(self, x):
            with suppress(ValueError):
                Fails()(x)
            gc.collect()
            return kept.pop().run(lambda: x @ np.ones((2, 3)))

    summary = tg.summary(Model(), np.ones((5, 2)))
    assert column(summary, "kind") == ["Model"]
    assert column(summary, "multiply_adds") == [30]


def test_a_call_that_fails_is_counted_if_it_computed_something():
    class Fails(Layer):
        def forward(self, x, computes):
            if computes:
                x = x @ np.ones((2, 3))
            raise KeyError

    class Model(Layer):
        def __init__(self):
            self.early, self.late = Fails(), Fails()

        def forward(self, x):
            for layer in (self.early, self.late):
                with suppress(KeyError):
                    layer(x, layer is self.late)
            return x

    summary = tg.summary(Model(), np.ones((5, 2)))
    assert [(row.path, row.calls, row.note, row.shapes, row.multiply_adds) for row in summary.rows] == [
        ("", 1, "", ((5, 2),), 0),
        ("early", 0, "not called", (), 0),
        ("late", 1, "", (), 30),
    ]
    assert re.search(r"^  late +Fails +— +— +30$", repr(summary), re.MULTILINE)


def test_a_model_without_operations_still_has_an_output():
    (row,) = tg.summary(Identity(), np.ones((4, 2))).rows
    assert (row.shapes, row.calls, row.note) == (((4, 2),), 1, "")


@pytest.mark.parametrize(
    ("result", "shapes", "text"),
    [
        (lambda y: y.numpy()[:2], ((2, 3),), "(2, 3)"),
        (lambda y: {"y": y, "more": [y[0], (y[0, 0],)]}, ((4, 3), (3,), ()), "(4, 3), …"),
        (lambda y: (y.numpy(), y[0]), ((3,),), "(3,)"),
        (lambda y: "text", (), "—"),
    ],
)
def test_outputs_of_all_kinds(result, shapes, text):
    class Model(Layer):
        def __init__(self):
            self.linear = Linear(2, 3)

        def forward(self, x):
            return result(self.linear(x))

    x = np.ones((4, 2))
    for row in (tg.summary(Model(), x).rows[0], tg.summary(Sequential(Model()), x).rows[1]):
        assert (row.shapes, row.cells()[3]) == (shapes, text)


def test_a_layer_that_is_no_attribute_is_shown_but_not_counted():
    hidden = Linear(2, 3)

    class Model(Layer):
        def forward(self, x):
            return hidden(x)

    summary = tg.summary(Model(), np.ones((4, 2)))
    assert column(summary, "path") == ["", ""]
    assert column(summary, "note") == ["", "not in the model"]
    assert summary.parameters == 0
    assert summary.multiply_adds == 24
    assert re.search(r"^  Linear +2 → 3 \(not in the model\) +\(4, 3\) +— +24$", repr(summary), re.MULTILINE)


def test_a_layer_that_is_no_attribute_and_returns_no_tensor():
    class Model(Layer):
        def forward(self, x):
            Activation(lambda x: "text", name="hidden")(x)
            return x

    (_, row) = tg.summary(Model(), np.ones((4, 2))).rows
    assert row.cells()[1:4] == ("hidden (not in the model)", "", "—")


def test_a_call_that_does_not_go_through_layers_counts_for_the_model():
    class Direct(Layer):
        def __init__(self):
            self.linear = Linear(2, 3)

        def __call__(self, x):
            return self.linear(x @ np.ones((2, 2)))

    summary = tg.summary(Direct(), np.ones((4, 2)))
    assert column(summary, "multiply_adds") == [16, 24]
    assert column(summary, "shapes") == [((4, 3),), ((4, 3),)]


# -- text ----------------------------------------------------------------------------------------


def test_the_text_of_a_sequential():
    summary = tg.summary(Sequential(Linear(2, 3), Sigmoid(), Linear(3, 1)), np.ones((1000, 2)))
    assert str(summary) == repr(summary)
    assert repr(summary).split("\n") == [
        "layer                      output shape  parameters  multiply-adds",
        "──────────────────────────────────────────────────────────────────",
        "Sequential                 (1000, 1)              —              —",
        "  layers[0]  Linear 2 → 3  (1000, 3)              9          6,000",
        "  layers[1]  Sigmoid       (1000, 3)              —              —",
        "  layers[2]  Linear 3 → 1  (1000, 1)              4          3,000",
        "──────────────────────────────────────────────────────────────────",
        "13 parameters, 104 B; 9,000 multiply-adds for input (1000, 2)",
    ]


def test_the_text_of_several_calls_and_inputs():
    class Two(Layer):
        def __init__(self):
            self.cell = Cell(1, 1)

        def forward(self, x, h, name):
            for _ in range(1000):
                h = self.cell(x, h)
            return h

    summary = tg.summary(Two(), [[1.0]], Tensor([[1.0]]), "name")
    assert repr(summary).split("\n") == [
        "layer                                    calls  output shape  parameters  multiply-adds",
        "───────────────────────────────────────────────────────────────────────────────────────",
        "Two                                             (1, 1)                 —              —",
        "  cell           Cell                   ×1,000  (1, 1)                 —              —",
        "    cell.input   Linear 1 → 1           ×1,000  (1, 1)                 2          1,000",
        "    cell.state   Linear 1 → 1, no bias  ×1,000  (1, 1)                 1          1,000",
        "    cell.squash  Tanh                   ×1,000  (1, 1)                 —              —",
        "───────────────────────────────────────────────────────────────────────────────────────",
        "3 parameters, 24 B; 2,000 multiply-adds for inputs (1, 1), (1, 1), str",
    ]


@pytest.mark.parametrize(
    ("model", "total"),
    [
        (Linear(1, 1, bias=False), "1 parameter, 8 B; 1 multiply-add for input (1,)"),
        (Tanh(), "0 parameters, 0 B; 0 multiply-adds for input (1,)"),
        (Linear(1, 1000), "2,000 parameters, 16.0 kB; 1,000 multiply-adds for input (1,)"),
    ],
)
def test_the_last_line(model, total):
    assert repr(tg.summary(model, [1.0])).endswith("\n" + total)


def test_numbers_have_thousands_separators():
    assert repr(tg.summary(Linear(1, 1000), [1.0])).split("\n")[2].endswith(" 2,000          1,000")


def test_the_rules_are_as_wide_as_what_is_between():
    lines = repr(tg.summary(Sequential(Linear(1, 1), Linear(1, 1)), np.ones((1, 1)))).split("\n")
    assert len(lines[1]) == len(lines[5]) == len(lines[0]) > len(lines[6])
    lines = repr(tg.summary(Linear(1, 1), np.ones((1, 1, 1, 1, 1)))).split("\n")
    assert len(lines[1]) == len(lines[3]) == len(lines[4]) > len(lines[0])


def deep(depth):
    model = Linear(2, 2)
    for _ in range(depth):
        model = Sequential(model, Tanh())
    return model


@pytest.mark.parametrize("depth", [1, 3, 8, 60])
def test_it_fits_the_terminal(depth):
    model = deep(depth)
    model.a_long_name_of_a_layer_that_is_not_called = {"k" * 200: Linear(10**3, 10**3)}
    lines = repr(tg.summary(model, np.ones((1, 1, 1, 1, 2)))).split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) == 2 * depth + 6
    assert len({len(line) for line in lines if line.endswith("—")}) == 1


def test_it_shortens_paths_in_the_middle_and_only_as_far_as_needed():
    model = Sequential(Linear(2, 2))
    model.begin = {"x" * 200: Linear(2, 2)}
    lines = repr(tg.summary(model, np.ones((1, 2)))).split("\n")
    assert max(map(len, lines)) == WIDTH
    assert re.match(r"  begin\['x+…x+'\]  Linear 2 → 2 ", lines[4])
    assert lines[3].startswith("  layers[0] ")


def test_everything_long_at_once():
    class Long(Layer):
        def __init__(self):
            self.inner = {"k" * 90: Tanh()}

        def forward(self, *inputs):
            return self.inner["k" * 90](inputs[0])

    lines = repr(tg.summary(Long(), *[np.ones((1,) * 30)] * 30)).split("\n")
    assert [len(line) for line in lines] == [WIDTH] * 6
    assert re.match(r"  inner\['.*…k*'\]  Tanh  \(1, 1.*….*1, 1\) +— +—$", lines[3])


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("abcdefghijkl", 12, "abcdefghijkl"),
        ("abcdefghijklm", 12, "abcde…hijklm"),
        ("abcdefghijklmn", 13, "abcdef…ijklmn"),
        ("    abcdefghijklm", 16, "    abcde…hijklm"),
        ("          abcdefghijklm", 16, "    abcde…hijklm"),
        ("          abc", 12, "abc"),
    ],
)
def test_shortened(text, width, short):
    assert shortened(text, width) == short


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (40_760, "40.8 kB"), (3e6, "3.0 MB"), (2e15, "2,000.0 TB")],
)
def test_sizes(size, text):
    assert size_text(size) == text


HOSTILE = "<script>alert('&')</script>\n\x1b[31m\u202e"


def hostile():
    """A table of a model whose types, labels, attributes, keys and inputs have bad names."""

    class Named(Linear):
        def label(self):
            return HOSTILE

        def forward(self, x, more):
            return super().forward(x)

    Named.__name__ = HOSTILE
    model = Named(2, 2)
    setattr(model, HOSTILE, {HOSTILE: Linear(2, 2)})
    return tg.summary(model, np.ones((1, 2)), type(HOSTILE, (), {})())


def test_hostile_names_stay_on_their_lines():
    text = repr(hostile())
    assert len(text.split("\n")) == 6
    assert all(c == "\n" or c.isprintable() for c in text)
    assert one_line("a\r\n\x00b") == "a �b"


class Tags(html.parser.HTMLParser):
    """The tags of a page in order, and its text, by cells."""

    def __init__(self, page):
        super().__init__()
        self.opened, self.open, self.texts, self.styles = [], [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.opened.append(tag)
        self.open.append(tag)
        self.styles.append(dict(attributes).get("style", ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_hostile_names_are_escaped_in_html():
    page = Tags(hostile()._repr_html_())
    assert set(page.opened) == {"table", "thead", "tbody", "tfoot", "tr", "th", "td"}
    shown = [text for text in page.texts if "<script>alert('&')</script>" in text]
    assert len(shown) == 4  # the type, its label, the path, the input
    assert all(text.isprintable() for text in page.texts)


def test_the_html_says_what_the_text_says():
    summary = tg.summary(Recurrent(), np.ones((5, 20, 3)))
    page = Tags(summary._repr_html_())
    words = re.findall(r"[^\s─]+", repr(summary))
    assert re.findall(r"\S+", " ".join(page.texts)) == words
    assert page.opened.count("tr") == len(summary.rows) + 2
    indents = [float(each.group(1)) for style in page.styles if (each := re.search(r"padding-left:([\d.]+)em", style))]
    assert indents == [0.5 + 1.5 * row.depth for row in summary.rows]
    assert not re.search("color|background", " ".join(page.styles))
    sides = [each.group(1) for style in page.styles if (each := re.match(r"text-align:(\w+)", style))]
    assert sides == ["left", "left", "right", "left", "right", "right"] * (1 + len(summary.rows)) + ["left"]
    assert sum("padding" in style for style in page.styles) == len(summary.rows)
    assert [style.startswith("text-align:left;padding") for style in page.styles if style][6:12] == [True] + [False] * 5


def test_html_does_not_shorten():
    model = Sequential(Linear(2, 2))
    model.begin = {"x" * 200: Linear(2, 2)}
    assert "x" * 200 in tg.summary(model, np.ones((1, 2)))._repr_html_()


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name", "hint"),
    [
        (np.ones(2), "a ndarray", r"Write summary\(model, x\)\."),
        (Linear, "the class Linear", r"Write summary\(model, x\)\."),
        (None, "a NoneType", r"Write summary\(model, x\)\."),
    ],
)
def test_what_is_no_layer(given, name, hint):
    with pytest.raises(ArgumentError, match=rf"but got {name}\.\n  {hint}"):
        tg.summary(given, np.ones((1, 2)))


def test_a_network_is_summarized_by_its_model():
    network, x = Network([2, 3, 1]), np.ones((4, 2))
    assert str(tg.summary(network, x)) == str(tg.summary(network.model, x))


def test_without_inputs():
    with pytest.raises(ArgumentError, match=r"no inputs for Sequential\.\n  .*np\.zeros\(\(1, features\)\)"):
        tg.summary(Sequential(Linear(2, 2)))


def test_the_models_own_errors_pass():
    model = Sequential(Linear(2, 5), Linear(3, 1))
    with pytest.raises(ShapeError) as expected:
        model(np.ones((4, 2)))
    with pytest.raises(ShapeError) as raised:
        tg.summary(model, np.ones((4, 2)))
    assert str(raised.value) == str(expected.value)
    assert observer.get() is None
    assert scope.get() is None
    assert is_recording()


# -- nothing changes -------------------------------------------------------------------------------


def test_the_model_and_the_inputs_stay_as_they_were():
    model = Recurrent()
    model.out.training = False
    x = Tensor(np.ones((5, 4, 3)), requires_grad=True)
    np.sum(model(x)[0]).backward()
    kept = copy.deepcopy(model)
    gradient = x.grad.data.copy()
    attributes = {path: sorted(vars(layer)) for path, layer in model.named_layers()}
    tg.summary(model, x)
    for old, new in zip(kept.parameters(), model.parameters(), strict=True):
        assert np.array_equal(old.data, new.data)
        assert np.array_equal(old.grad.data, new.grad.data)
        assert new.requires_grad
    assert [layer.training for _, layer in model.named_layers()] == [True, True, True, True, False]
    assert {path: sorted(vars(layer)) for path, layer in model.named_layers()} == attributes
    assert np.array_equal(x.grad.data, gradient)
    assert x.requires_grad
    assert x.name is None
    assert observer.get() is None


def test_nothing_is_recorded():
    seen = []

    class Looks(Layer):
        def __init__(self):
            self.weight = Parameter(np.ones(2))

        def forward(self, x):
            seen.append(is_recording())
            y = x * self.weight
            seen.append(y.requires_grad)
            return y

    tg.summary(Looks(), np.ones(2))
    tg.summary(Looks(), Tensor(np.ones(2), requires_grad=True))
    assert seen == [False] * 4
    assert is_recording()


@pytest.mark.parametrize("make", [np.ones, lambda n: Tensor(np.ones(n)), lambda n: Tensor(np.ones(n), name="x")])
def test_a_layer_that_works_in_place_does_not_change_the_inputs(make):
    class Doubles(Layer):
        def forward(self, x):
            x *= 2
            return x

    x = make(3)
    assert tg.summary(Doubles(), x).rows[0].shapes == ((3,),)
    assert np.array_equal(np.asarray(x), np.ones(3))


def test_it_can_be_made_inside_a_layer_and_while_watched():
    told = []

    class Outer(Layer):
        def __init__(self):
            self.linear = Linear(2, 3)

        def forward(self, x):
            self.summary = tg.summary(self.linear, np.ones((4, 2)))
            return self.linear(x)

    model = Outer()
    token = observer.set(lambda *operation: told.append(operation))
    try:
        model(Tensor(np.ones((1, 2))))
    finally:
        observer.reset(token)
    assert column(model.summary, "kind") == ["Linear"]
    assert model.summary.multiply_adds == 24
    assert [what for what, *_ in told[1:]] == [model.linear, model]
    assert isinstance(told[0][0], Primitive)


def test_it_keeps_nothing_of_the_model():
    model = Recurrent()
    gone = weakref.ref(model.cell)
    summary = tg.summary(model, np.ones((1, 2, 3)))
    del model
    gc.collect()
    assert gone() is None
    assert summary.parameters == 42


def test_training_afterwards_does_not_change_it():
    model = Sequential(Linear(2, 3))
    summary = tg.summary(model, np.ones((1, 2)))
    before = repr(summary)
    model.layers.append(Linear(3, 4))
    tg.SGD(model.parameters(), lr=0.1)
    assert repr(summary) == before
