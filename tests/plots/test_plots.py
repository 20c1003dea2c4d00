"""Plots: what is drawn where, what is said, what is refused, and that nothing in a model changes."""

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.beside import EVERY
from tinygrad_like import ArgumentError, GraphError, Linear, Sequential, ShapeError, Sigmoid, Tanh, Tensor
from tinygrad_like.engine.errors import DTypeError, MissingError
from tinygrad_like.plots.boundaries import TINTS, plot_decision_boundary
from tinygrad_like.plots.gradient_flow import gradient_norms, plot_gradient_flow
from tinygrad_like.plots.history import plot_history

POINTS = np.array([[-1.0, -2.0], [2.0, 1.0], [0.5, 3.0], [-1.5, 0.0]])
NAN, INF = float("nan"), float("inf")


def draw(figure):
    """Draws what has changed since it was drawn last."""
    if figure.stale:
        figure.canvas.draw()


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib draws the plots")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    yield pyplot
    try:
        for number in pyplot.get_fignums():
            draw(pyplot.figure(number))
    finally:
        pyplot.close("all")
    assert dict(matplotlib.rcParams) == before


def unarranged(ax):
    """The axes, in a figure that is drawn without a layout: that takes half of the time, and others test it."""
    ax.figure.set_layout_engine("none")
    return ax


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def series(ax):
    """The lines of the series, without those that mark something."""
    return [line for line in ax.lines if ":" in str(line.get_label())]


def twin_of(ax):
    return next(other for other in ax.figure.axes if other is not ax)


def contours(ax):
    """Points on the lines of all contours, (n, 2)."""
    from matplotlib.contour import ContourSet

    paths = [path.vertices for each in ax.collections if isinstance(each, ContourSet) for path in each.get_paths()]
    return np.concatenate(paths) if paths else np.empty((0, 2))


def background(ax):
    from matplotlib.collections import QuadMesh

    return next(each for each in ax.collections if isinstance(each, QuadMesh)).get_array()


def scatters(ax):
    from matplotlib.collections import PathCollection

    return [each for each in ax.collections if isinstance(each, PathCollection)]


def line(weight, bias, *after):
    """A model whose logit is weight · x + bias."""
    linear = Linear(2, 1)
    linear.weight.data, linear.bias.data = np.array([weight]), np.array([bias])
    return Sequential(linear, *after)


def scored(*centres):
    """A function with one output per centre, the larger the nearer."""
    return lambda x: -np.stack([((x - centre) ** 2).sum(axis=1) for centre in np.array(centres)], axis=1)


# -- histories ------------------------------------------------------------------------------------


def test_a_list_of_losses_is_one_line(plt):
    ax = plot_history([3.0, 2.0, 1.5], title="Losses")
    (only,) = series(ax)
    assert only.get_xydata().tolist() == [[0, 3.0], [1, 2.0], [2, 1.5]]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("Losses", "step", "loss", "linear")
    assert legend(ax) == ["loss: 1.5"]
    assert ax.figure.axes == [ax]


@pytest.mark.parametrize(
    ("losses", "scale"),
    [
        ([30.0, 1.0], "log"),
        ([29.0, 1.0], "linear"),
        ([1000.0, 0.0, 1.0], "linear"),
        ([1000.0, -1.0], "linear"),
        ([NAN, 1.0, 1.1, INF], "linear"),
        ([NAN, 1.0, 1e300, INF], "log"),
        ([1e-320, 1e305], "log"),
        ([5.0], "linear"),
        ([NAN, NAN], "linear"),
    ],
)
def test_losses_get_a_log_scale_where_it_helps(plt, losses, scale):
    ax = plot_history(losses)
    assert ax.get_yscale() == scale
    assert ax.get_ylabel() == "loss" + " (log scale)" * (scale == "log")
    plt.close("all")  # others are drawn


def test_a_log_scale_shows_every_loss(plt):
    low, high = plot_history([0.9, 0.003, 170.0]).get_ylim()
    assert low < 0.003
    assert high > 170.0


def test_metrics_are_on_a_second_axis_beside_losses(plt):
    history = {"Loss": [50.0, 1.0], "train_error": [9.0], "accuracy": [0.1, 0.9, 0.95], "val_accuracy": [0.2]}
    ax = plot_history(history)
    twin = twin_of(ax)
    assert [len(each.get_xdata()) for each in series(ax)] == [2, 1]
    assert [len(each.get_xdata()) for each in series(twin)] == [3, 1]
    assert (ax.get_yscale(), twin.get_yscale()) == ("log", "linear")
    assert (ax.get_ylabel(), twin.get_ylabel()) == ("loss (log scale)", "accuracy")
    assert legend(ax) == ["Loss: 1", "train_error: 9", "accuracy (right): 0.95", "val_accuracy (right): 0.2"]
    assert twin.get_legend() is None


def test_metrics_alone_are_on_the_left_and_linear(plt):
    ax = plot_history({"accuracy": [0.01, 0.9], "_f1": [0.2, 0.8]})
    assert ax.figure.axes == [ax]
    assert (ax.get_ylabel(), ax.get_yscale()) == ("value", "linear")
    # Some versions of matplotlib leave labels that start with an underscore out.
    assert legend(ax) == ["accuracy: 0.9", " _f1: 0.8"]


def test_lines_differ_in_more_than_colour(plt):
    ax = plot_history({f"loss {i}": [1.0, 2.0] for i in range(5)} | {"accuracy": [1.0]})
    lines = series(ax) + series(twin_of(ax))
    assert len({each.get_marker() for each in lines}) == len({each.get_color() for each in lines}) == 6
    assert len({str(each._unscaled_dash_pattern) for each in lines}) == 5


def test_where_a_series_stops_being_finite_is_marked(plt):
    ax = plot_history({"loss": [4.0, 3.0, NAN, 2.0], "val_loss": [1.0, 2.0, 3.0, INF, NAN], "accuracy": [NAN, 0.5]})
    twin = twin_of(ax)
    assert legend(ax) == [
        "loss: 2, first nan at step 2",
        "val_loss: nan, first inf at step 3",
        "accuracy (right): 0.5, first nan at step 0",
    ]
    crosses = [each.get_xydata().tolist() for each in ax.lines if each.get_marker() == "X"]
    assert crosses == [[[1, 3.0]], [[2, 3.0]]]
    dotted = [each.get_xdata() for each in [*ax.lines, *twin.lines] if list(each.get_ydata()) == [0, 1]]
    assert dotted == [[2, 2], [3, 3], [0, 0]]


def test_a_value_alone_between_gaps_has_a_marker_to_be_seen(plt):
    losses = np.arange(40.0)
    losses[[12, 14]] = NAN
    (line,) = series(plot_history(losses))
    assert line.get_markevery() == [0, 5, 10, 13, 15, 20, 25, 30, 35, 39]


@pytest.mark.parametrize("history", [[1.0], [NAN, NAN], [1.0, 2.0], [1.0] * 500])
def test_steps_are_whole(plt, history):
    ax = plot_history(history)
    (low, high), ticks = ax.get_xlim(), ax.get_xticks()
    shown = ticks[(low <= ticks) & (ticks <= high)]
    assert shown.size
    assert (shown == np.round(shown)).all()


def test_a_finite_history_has_no_such_marks(plt):
    ax = plot_history({"loss": [4.0, 3.0]})
    assert list(ax.lines) == series(ax)


def test_a_network_shows_its_history_by_epochs(plt):
    network = tg.Network([2, 3, 1], seed=1)
    losses = network.train([[0.0, 1.0], [1.0, 1.0]], [[1.0], [0.0]], epochs=5, progress=False)
    ax = plot_history(network)
    assert series(ax)[0].get_ydata().tolist() == losses
    assert ax.get_xlabel() == "epoch"


def test_losses_may_be_tensors_arrays_and_none(plt):
    weight = Tensor(2.0, requires_grad=True)
    ax = plot_history({"loss": [weight * 3, 1.0, Tensor(4.0)], "error": np.array([1, 2]), "accuracy": [None, 0.5]})
    assert [each.get_ydata().tolist() for each in series(ax)] == [[6.0, 1.0, 4.0], [1.0, 2.0]]
    assert legend(ax)[2] == "accuracy (right): 0.5, first nan at step 0"


def test_a_series_without_values_says_so(plt):
    assert legend(plot_history({"loss": [1.0], "val_loss": []})) == ["loss: 1", "val_loss: no values"]


@pytest.mark.parametrize("history", [[], {}, {"loss": [], "accuracy": []}, tg.Network([1, 1])])
def test_an_empty_history_is_refused(plt, history):
    with pytest.raises(ArgumentError, match="history is empty"):
        plot_history(history)
    assert not plt.get_fignums()


@pytest.mark.parametrize("history", [["one"], [[1.0], [2.0, 3.0]], [{"loss": 1.0}], [1j], [10**400]])
def test_histories_are_numbers(history):
    with pytest.raises(DTypeError, match="history of loss must be numbers"):
        plot_history(history)


def test_rows_are_epochs_whose_means_are_drawn(plt):
    ax = plot_history({"loss": np.array([[3.0, 1.0], [2.0, 0.0]]), "val_loss": [0.5, 0.9]})
    assert [each.get_ydata().tolist() for each in series(ax)] == [[2.0, 1.0], [0.5, 0.9]]
    assert ax.get_xlabel() == "epoch"
    assert plot_history([2.0, 1.0], per="epoch").get_xlabel() == "epoch"
    assert legend(plot_history([1.0, NAN], per="pass"))[0].endswith("first nan at pass 1")


@pytest.mark.parametrize("history", [3.0, np.ones((2, 1, 1))])
def test_histories_are_flat(history):
    with pytest.raises(ShapeError, match="history of loss must be a sequence"):
        plot_history(history)


# -- decision boundaries --------------------------------------------------------------------------


def test_the_boundary_of_logits_is_where_they_are_0(plt):
    ax = plot_decision_boundary(line([2.0, -1.0], 0.5), POINTS, [0, 1, 1, 0], title="A line")
    found = contours(ax)
    assert len(found) > 50
    np.testing.assert_allclose(found @ [2.0, -1.0] + 0.5, 0, atol=1e-9)
    assert legend(ax) == ["output = 0", "class 0", "class 1"]
    assert ax.get_title() == "A line"
    assert (background(ax) < 0).any()


def test_the_boundary_of_probabilities_is_where_they_are_a_half(plt):
    ax = plot_decision_boundary(line([2.0, -1.0], 0.5, Sigmoid()), POINTS, [[0], [1], [1], [0]])
    found = contours(ax)
    assert len(found) > 50
    np.testing.assert_allclose(found @ [2.0, -1.0] + 0.5, 0, atol=1e-3)
    assert legend(ax)[0] == "output = 0.5"


def test_the_background_is_the_value_where_it_was_computed(plt):
    ax = plot_decision_boundary(lambda x: 3 * x[:, 0] + x[:, 1] ** 2, POINTS, [0, 0, 1, 1], resolution=7)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    columns, rows = np.linspace(left, right, 7), np.linspace(bottom, top, 7)
    np.testing.assert_allclose(background(ax), 3 * columns + rows[:, None] ** 2)
    assert left < -1.5 < 2.0 < right
    assert bottom < -2.0 < 3.0 < top


def test_negative_is_orange_and_positive_blue(plt):
    ax = plot_decision_boundary(lambda x: x[:, 0] * 10, POINTS, [0, 1, 1, 0])
    mesh = next(each for each in ax.collections if each.get_array() is not None)
    low, high = (mesh.to_rgba(value) for value in mesh.get_clim())
    assert sum(mesh.get_clim()) == 0
    assert low[0] > low[2]
    assert high[0] < high[2]
    negative, positive = (each.get_facecolor()[0] for each in scatters(ax))
    assert negative[0] > negative[2]
    assert positive[0] < positive[2]


@pytest.mark.parametrize("targets", [[0, 2, 1, 2], [[0], [2], [1], [2]], np.eye(3)[[0, 2, 1, 2]], Tensor([0, 2, 1, 2])])
def test_points_have_a_marker_per_class(plt, targets):
    ax = plot_decision_boundary(scored([0, 0], [2, 2], [2, 0]), POINTS, targets)
    assert [each.get_label() for each in scatters(ax)] == ["class 0", "class 1", "class 2"]
    assert [each.get_offsets().tolist() for each in scatters(ax)] == [
        POINTS[[0]].tolist(),
        POINTS[[2]].tolist(),
        POINTS[[1, 3]].tolist(),
    ]
    assert len({str(each.get_paths()[0].vertices) for each in scatters(ax)}) == 3
    assert len({tuple(each.get_facecolor()[0]) for each in scatters(ax)}) == 3


def test_of_several_outputs_the_largest_decides(plt):
    from matplotlib.colors import to_rgb

    centres = np.array([[-1.0, -1.0], [1.0, 2.0], [2.0, -1.0]])
    ax = plot_decision_boundary(scored(*centres), POINTS, [0, 1, 1, 2], resolution=60)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    grid = np.stack(np.meshgrid(np.linspace(left, right, 60), np.linspace(bottom, top, 60)), axis=-1)
    nearest = ((grid[..., None, :] - centres) ** 2).sum(axis=-1).argmin(axis=-1)
    tints = np.array([to_rgb(tint) for tint in TINTS])
    np.testing.assert_array_equal(background(ax)[..., :3], tints[nearest])
    assert set(np.unique(nearest)) == {0, 1, 2}
    distances = np.sort(((contours(ax)[:, None] - centres) ** 2).sum(axis=-1), axis=1)
    assert len(distances) > 50
    np.testing.assert_allclose(distances[:, 0], distances[:, 1], atol=0.2)
    assert np.median(distances[:, 1] - distances[:, 0]) < 1e-9


def test_a_colour_bar_tells_the_values_in_a_figure_of_its_own(plt):
    _, left = plt.subplots()
    assert plot_decision_boundary(lambda x: x[:, 0], POINTS, [0, 1, 1, 0], left).figure.axes == [left]
    ax = plot_decision_boundary(lambda x: x[:, 0], POINTS, [0, 1, 1, 0])
    assert twin_of(ax).get_ylabel() == "output"
    ax = plot_decision_boundary(lambda x: x, POINTS, [0, 1, 1, 0])
    assert ax.figure.axes == [ax]


def test_without_a_boundary_in_sight_none_is_drawn(plt):
    for model in (lambda x: 0 * x[:, 0], lambda x: x[:, 0] + 100, lambda x: np.ones((len(x), 3))):
        ax = plot_decision_boundary(model, POINTS, [0, 1, 1, 0])
        assert not len(contours(ax))
        assert legend(ax) == ["class 0", "class 1"]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("bad", [NAN, INF])
def test_outputs_that_are_not_finite_are_told(plt, outputs, bad):
    ax = plot_decision_boundary(lambda x: np.where(x[:, :1] > 0, bad, [1.0, 2.0, 0.0][:outputs]), POINTS, [0, 1, 1, 0])
    assert "not finite" in legend(ax)
    image, right = background(ax), np.linspace(*ax.get_xlim(), 200) > 0
    if outputs == 1:
        assert (np.ma.getmaskarray(image) == right).all()
    else:
        assert ((image[..., :3].max(axis=-1) == image[..., :3].min(axis=-1)) == right).all()
    plot_decision_boundary(lambda x: np.full((len(x), outputs), bad), POINTS, [0, 1, 1, 0])


def test_classes_of_one_output_may_have_any_two_numbers(plt):
    ax = plot_decision_boundary(lambda x: x[:, 0], POINTS, [-1, 1, 1, -1])
    assert [each.get_label() for each in scatters(ax)] == ["class -1", "class 1"]
    only = plot_decision_boundary(lambda x: x[:, 0], POINTS, [1, 1, 1, 1])
    assert (scatters(only)[0].get_facecolor() == scatters(ax)[1].get_facecolor()).all()


def test_points_may_be_a_matrix(plt):
    ax = plot_decision_boundary(lambda x: x[:, 0], tg.Matrix.from_tensor(Tensor(POINTS)), [0, 1, 1, 0])
    assert scatters(ax)[1].get_offsets().tolist() == POINTS[[1, 2]].tolist()


def test_a_network_and_one_point(plt):
    network = tg.Network([2, 3, 1], seed=1)
    network.history.append(1.0)
    ax = plot_decision_boundary(network, [[5.0, 5.0]], [1])
    grid = np.stack(np.meshgrid(*([np.linspace(*ax.get_xlim(), 200)] * 2)), axis=-1)
    np.testing.assert_allclose(background(ax), network.model(grid).numpy()[..., 0])
    assert network.history == [1.0]


class Probe(tg.Layer):
    def __init__(self):
        self.seen = []

    def forward(self, x):
        self.seen.append((len(x), self.training, tg.is_recording()))
        return x


def test_the_model_runs_in_batches_in_evaluation_and_unrecorded(plt):
    probe = Probe()
    model = Sequential(line([1.0, 1.0], 0.0), probe)
    plot_decision_boundary(model, POINTS, [0, 1, 1, 0], resolution=300)
    lengths, training, recording = zip(*probe.seen)
    assert sum(lengths) == 300**2
    assert max(lengths) <= 10_000
    assert not any(training)
    assert not any(recording)
    assert tg.is_recording()


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_as_before(plt, fails):
    model = Sequential(Linear(2, 3, seed=0), Tanh(), Linear(3, 3 if fails else 1, seed=1), Probe())
    if fails:
        model.layers.append(lambda x: x.reshape(-1, 1, 3))
    model(POINTS).sum().backward()
    model.layers[1].training = False
    model.layers[2].training = True
    before = [(p.data.copy(), p.grad.numpy().copy()) for p in model.parameters()]
    if fails:
        with pytest.raises(ShapeError, match=r"shape \(10000, 1, 3\) for inputs of shape \(10000, 2\)"):
            plot_decision_boundary(model, POINTS, [0, 1, 1, 0])
    else:
        plot_decision_boundary(model, POINTS, [0, 1, 1, 0])
    assert [vars(layer).get("training") for layer in model.layers[:4]] == [None, False, True, None]
    assert "training" not in vars(model)
    for parameter, (data, grad) in zip(model.parameters(), before):
        np.testing.assert_array_equal(parameter.data, data)
        np.testing.assert_array_equal(parameter.grad.numpy(), grad)


REFUSED = [
    (ShapeError, r"\(n, 2\), but has shape \(4, 3\)", {"x": np.ones((4, 3))}),
    (ShapeError, r"\(n, 2\), but has shape \(2,\)", {"x": [1.0, 2.0]}),
    (ArgumentError, "at least one point", {"x": np.ones((0, 2)), "y": []}),
    (ArgumentError, r"x\[1\] is \[nan  0\.\]", {"x": [[1, 0], [NAN, 0], [0, 0], [0, 1]]}),
    (DTypeError, "x must be numbers", {"x": [["a", "b"]]}),
    (ShapeError, r"4 points, but y has shape \(3,\)", {"y": [0, 1, 1]}),
    (ShapeError, r"4 points, but y has shape \(\)", {"y": 1}),
    (ShapeError, r"4 points, but y has shape \(4, 1, 1\)", {"y": np.ones((4, 1, 1))}),
    (ArgumentError, "one-hot", {"y": np.ones((4, 2))}),
    (ArgumentError, "one-hot", {"y": np.full((4, 2), 0.5)}),
    (ArgumentError, r"whole class numbers, but has \[0\.  0\.5 1\.", {"y": [0.5, 0, 1, 1]}),
    (ArgumentError, "whole class numbers", {"y": [NAN, 0, 1, 1]}),
    (ArgumentError, "whole class numbers", {"y": [INF, 0, 1, 1]}),
    (ArgumentError, "One output tells 2 classes apart, but y has 3 classes", {"y": [0, 1, 2, 0]}),
    (ArgumentError, "gives 2 outputs, but y has 2 classes", {"model": lambda x: x, "y": [0, 2, 0, 0]}),
    (ArgumentError, "gives 2 outputs, but y has 2 classes", {"model": lambda x: x, "y": [-1, 1, 1, 1]}),
    (ArgumentError, "model must be a Layer, a Network or a function, but got a int", {"model": 3}),
    (ArgumentError, "resolution must be a whole number of at least 2, but got 1", {"resolution": 1}),
    (ArgumentError, "resolution must be a whole number of at least 2, but got 20.5", {"resolution": 20.5}),
    (ShapeError, r"outputs of shape \(\)", {"model": lambda x: 1.0}),
    (ShapeError, r"outputs of shape \(1, 10000\)", {"model": lambda x: x[None, :, 0]}),
    (ShapeError, r"outputs of shape \(10000, 0\)", {"model": lambda x: x[:, :0]}),
    (ShapeError, "Linear takes inputs with 3 features", {"model": Linear(3, 1)}),
]


@together(("error", "words", "changed"), REFUSED)
def test_what_cannot_be_drawn_is_refused(error, words, changed):
    with pytest.raises(error, match=words):
        plot_decision_boundary(**({"model": lambda x: x[:, 0], "x": POINTS, "y": [0, 1, 1, 0]} | changed))


# -- norms of gradients ---------------------------------------------------------------------------


class Branch(tg.Layer):
    def __init__(self):
        self.inner = [Linear(2, 2, seed=0), Linear(2, 2, seed=1), Linear(2, 2, seed=2)]
        self.scale = tg.Parameter(np.ones(2))

    def forward(self, x):
        return self.inner[0](x) * self.scale + self.inner[1](x)


def test_norms_are_of_each_layers_own_parameters():
    model = Sequential(Branch(), Linear(2, 1, seed=3))
    (model(POINTS) ** 2).sum().backward()
    before = [p.grad if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]
    norms = gradient_norms(model)
    # layers[0].inner[2] was not used.
    assert list(norms) == ["layers[0]", "layers[0].inner[0]", "layers[0].inner[1]", "layers[1]"]
    branch, last = model.layers
    assert norms["layers[0]"] == pytest.approx(np.linalg.norm(branch.scale.grad.numpy()))
    for path, linear in (("layers[0].inner[0]", branch.inner[0]), ("layers[1]", last)):
        both = np.concatenate([linear.weight.grad.numpy().ravel(), linear.bias.grad.numpy()])
        assert norms[path] == pytest.approx(np.linalg.norm(both))
    after = [p.grad if p.grad is None else p.grad.numpy() for p in model.parameters()]
    for old, new in zip(before, after, strict=True):
        assert old is new is None or (old == new).all()
    assert sum(each is None for each in before) == 2


def test_the_roots_own_parameters_are_under_its_name():
    model = Branch()
    model(POINTS).sum().backward()
    assert list(gradient_norms(model)) == ["Branch", "inner[0]", "inner[1]"]


def test_a_layer_with_some_gradients_counts_them_and_a_shared_parameter_counts_once():
    model = Sequential(Linear(2, 2), Linear(2, 2))
    model.layers[1].weight = model.layers[0].weight
    model.layers[0].weight.grad = np.full((2, 2), 2.0)
    assert gradient_norms(model) == {"layers[0]": 4.0}
    model.layers[1].bias.grad = np.array([3.0, 4.0])
    assert gradient_norms(model) == {"layers[0]": 4.0, "layers[1]": 5.0}


@pytest.mark.parametrize(("scale", "norm"), [(1e200, 5e200), (1e-200, 5e-200), (0.0, 0.0), (INF, INF)])
def test_norms_neither_overflow_nor_underflow(scale, norm):
    model = Linear(1, 1)
    model.weight.grad, model.bias.grad = [[3.0 * scale if scale else 0.0]], [4.0 * scale if scale else 0.0]
    assert gradient_norms(model)["Linear"] == pytest.approx(norm)


def test_the_norm_of_nan_is_nan():
    model = Linear(1, 1)
    model.weight.grad, model.bias.grad = [[NAN]], [1.0]
    assert np.isnan(gradient_norms(model)["Linear"])


def test_norms_need_gradients():
    with pytest.raises(GraphError, match=r"No parameter of this Linear has a gradient(?s:.*)backward"):
        gradient_norms(Linear(1, 1))
    for wrong in (Tanh(), 3, [Tensor(1.0)]):
        with pytest.raises(ArgumentError, match="needs a model with parameters"):
            gradient_norms(wrong)


def test_a_networks_model_is_taken():
    network = tg.Network([2, 3, 1], seed=1)
    network.train([[0.0, 1.0]], [[1.0]], epochs=1, progress=False)
    assert list(gradient_norms(network)) == ["layers[0]", "layers[2]"]


# -- the flow of gradients ------------------------------------------------------------------------


def deep(activation, depth=8, scale=1.0):
    model = Sequential(*[each for i in range(depth) for each in (Linear(8, 8, seed=i), activation())])
    for parameter in model.parameters():
        parameter.data = parameter.data * scale
    return model


def words(ax):
    """The texts beside the bars, by layer."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    return {name: text.get_text().split() for name, text in zip(names, ax.texts, strict=True)}


def test_bars_are_the_norms_in_order_on_a_log_scale(plt):
    model = deep(Tanh, 3)
    model(np.ones((4, 8))).sum().backward()
    ax = plot_gradient_flow(model)
    norms = gradient_norms(model)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(norms)
    assert [bar.get_width() for bar in ax.patches] == list(norms.values())
    assert ax.get_xscale() == "log"
    assert ax.yaxis_inverted()
    assert ax.get_title() == "Gradient norms of 3 layers: 0 vanishing and 0 exploding"
    assert not any(bar.get_hatch() for bar in ax.patches)


def test_the_first_layers_of_a_deep_sigmoid_network_vanish(plt):
    model = deep(Sigmoid)
    model(np.ones((4, 8))).sum().backward()
    ax = plot_gradient_flow(model)
    assert words(ax)["layers[0]"][1:] == ["vanishing"]
    assert words(ax)["layers[14]"][1:] == []
    assert ax.patches[0].get_hatch()
    assert not ax.patches[7].get_hatch()
    left = ax.get_xlim()[0]
    assert all(bar.get_width() > left for bar in ax.patches)


@pytest.mark.parametrize(
    ("norms", "word"),
    [
        ({"a": 0.9e-4, "b": 1.0}, "vanishing"),
        ({"a": 1.1e-4, "b": 1.0}, None),
        ({"a": 0.0, "b": 1.0}, "vanishing"),
        ({"a": 0.0}, "vanishing"),
        ({"a": 1e-9}, None),
        ({"a": 1.0, "b": 1e6}, None),
        ({"a": 1001.0, "b": 1.0}, "exploding"),
        ({"a": 999.0, "b": 1.0}, None),
        ({"a": INF, "b": 1.0}, "exploding"),
        ({"a": NAN, "b": 1.0}, "exploding"),
    ],
)
def test_what_a_single_step_tells(plt, norms, word):
    ax = plot_gradient_flow(norms)
    assert words(ax)["a"][1:] == [word] * bool(word)
    assert bool(ax.patches[0].get_hatch()) == bool(word)
    count = sum(len(each) > 1 for each in words(ax).values())
    assert f"{count} {word}" in ax.get_title() or not word
    assert words(plot_gradient_flow([norms])) == words(ax)
    plt.close("all")  # others are drawn


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ([1.0, 1.0], [1.0, 1.0], ""),
        ([1.0, 1.0], [0.0, 1.0], "vanishing"),
        ([1.0, 1.0], [0.9e-4, 1.0], "vanishing"),
        ([1e-5, 1.0], [1e-5, 1e-5], "vanishing"),
        ([0.0, 1.0], [1e-3, 1.0], ""),
        ([1e-5, 1.0], [0.5, 1.0], ""),
        ([1e-2, 1.0], [11.0, 1.0], "exploding"),
        ([1e-2, 1.0], [9.0, 1.0], ""),
        ([0.0, 1.0], [500.0, 1.0], ""),
        ([5e3, 1.0], [5.0, 1.0], ""),
        ([5.0, 1.0], [1001.0, 1.0], "exploding"),
        ([INF, 1.0], [1.0, 1.0], "exploding"),
        ([1.0, 1.0], [NAN, 1.0], "exploding"),
    ],
)
def test_what_several_steps_tell(plt, first, second, word):
    ax = plot_gradient_flow([dict(zip("ab", first)), dict(zip("ab", second))])
    assert legend(ax)[0].split() == ["a", word][: 1 + bool(word)]
    assert len(ax.lines) == 2 + bool(word)
    assert ax.get_title().startswith("Gradient norms of 2 layers: ")
    assert not word or f"1 {word}" in ax.get_title()
    plt.close("all")  # others are drawn


def test_lines_go_through_the_norms_and_differ_in_more_than_colour(plt):
    steps = [{f"layers[{i}]": 2.0**-i * (step + 1) for i in range(6)} for step in range(30)]
    ax = plot_gradient_flow(steps, title="Flow")
    assert len(ax.lines) == 6
    assert ax.lines[2].get_xydata().tolist() == [[i, step["layers[2]"]] for i, step in enumerate(steps)]
    assert (ax.get_yscale(), ax.get_title()) == ("log", "Flow")
    assert len({each.get_marker() for each in ax.lines}) == 6
    assert len({tuple(each.get_color()) for each in ax.lines}) == 6
    assert [each.strip() for each in legend(ax)] == [f"layers[{i}]" for i in range(6)]


def test_the_marks_are_where_a_layer_ended_or_was_largest(plt):
    ax = plot_gradient_flow(
        [{"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1e-5, "b": 5e3, "c": 1.0}, {"a": 1e-6, "b": 2.0, "c": 1.0}]
    )
    marks = {each.get_marker(): each.get_xydata().tolist() for each in ax.lines if each.get_markersize() == 10}
    assert marks == {"v": [[2, 1e-6]], "^": [[1, 5e3]]}


def test_a_layer_may_be_without_a_norm_at_some_steps(plt):
    ax = plot_gradient_flow([{"a": 1.0}, {"a": 2.0, "b": 3.0}, {"b": 4.0}])
    assert [each.get_xydata().tolist() for each in ax.lines] == [[[0, 1.0], [1, 2.0]], [[1, 3.0], [2, 4.0]]]


def test_zeros_survive_the_log_scale(plt):
    bars = plot_gradient_flow({"a": 0.0, "b": 1e-3, "c": 1.0})
    lines = plot_gradient_flow([{"a": 0.0, "b": 1.0}, {"a": 1e-3, "b": 1.0}])
    for ax, axis in ((bars, bars.xaxis), (lines, lines.yaxis)):
        ax.figure.canvas.draw()
        (low, high), scale = axis.get_view_interval(), axis.get_scale()
        assert scale == "symlog"
        assert low < 0 < 1.0 < high
        assert "$\\mathdefault{0}$" in [label.get_text() for label in axis.get_ticklabels()]
        at = axis.get_transform().transform(np.array([low, 0.0, 1e-3, 1.0, high]))
        assert ((at - at[0]) / (at[-1] - at[0]))[1] < 0.1
        assert (at[3] - at[2]) > 0.4 * (at[-1] - at[0])
    assert words(bars)["a"] == ["0", "vanishing"]
    assert lines.lines[0].get_ydata()[0] == 0


TOPS, OTHERS = [1e-320, 1e-200, 1.0, 1e200, 1e290, 1.7e308], [0.0, 5e-324, 1.0, NAN, INF]
NORMS = [(top, other) for i, top in enumerate(TOPS) for j, other in enumerate(OTHERS) if EVERY or (i + j) % 5 in (0, 2)]


@pytest.mark.parametrize(("top", "other"), NORMS)
def test_any_norms_can_be_drawn(plt, top, other):
    assert len(unarranged(plot_gradient_flow({"a": top, "b": other})).patches) == 2
    assert unarranged(plot_gradient_flow([{"a": top, "b": other}, {"a": other, "b": 1.0}])).lines


@pytest.mark.parametrize("given", [[], {}, [{}, {}], [1.0, 2.0], [{"a": 1.0}, 2.0], {"a": [1.0, 2.0]}])
def test_what_are_no_norms_is_refused(given):
    with pytest.raises(ArgumentError, match=r"needs a model, or gradient norms by layer(?s:.*)gradient_norms\(model\)"):
        plot_gradient_flow(given)


def test_a_model_needs_gradients_first():
    with pytest.raises(GraphError, match="has a gradient"):
        plot_gradient_flow(Linear(1, 1))


# -- matplotlib -----------------------------------------------------------------------------------

CALLS = {
    "plot_history": lambda **options: plot_history({"loss": [100.0, 1.0, NAN], "accuracy": [0.1, 0.2]}, **options),
    "plot_decision_boundary": lambda **options: plot_decision_boundary(
        lambda x: x, POINTS, [0, 1, 1, 0], resolution=20, **options
    ),
    "plot_gradient_flow": lambda **options: plot_gradient_flow([{"a": 1.0, "b": 0.0}] * 2, **options),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_given_axes_is_drawn_on_and_given_back(plt, name):
    figure, (left, right) = plt.subplots(1, 2)
    assert CALLS[name](ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert plt.get_fignums() == [figure.number]
    assert not right.spines["top"].get_visible()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("wrong", ["title", np.array([1])])
def test_something_else_is_refused_as_axes(name, wrong):
    with pytest.raises(ArgumentError, match="ax must be one matplotlib Axes"):
        CALLS[name](ax=wrong)


@pytest.mark.parametrize("name", CALLS)
def test_without_matplotlib_the_error_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    words = rf"{name} needs matplotlib, which(?s:.*)Write pip install matplotlib\.(?s:.*)tinygrad_like\[plot\]"
    with pytest.raises(MissingError, match=words):
        CALLS[name]()


def loaded(code):
    code = f"import sys, numpy as np\nfrom tinygrad_like import *\n{code}\nprint(*sys.modules)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_plots_does_not_load_matplotlib():
    assert "matplotlib" not in loaded("pass")


def test_drawing_on_a_given_axes_does_not_load_pyplot(plt):
    code = """from matplotlib.figure import Figure
for call in (lambda ax: plot_history({"loss": [100, 1, np.nan], "accuracy": [1]}, ax),
    lambda ax: plot_decision_boundary(lambda x: x[:, 0], [[0, 1], [1, 0]], [0, 1], ax),
    lambda ax: plot_decision_boundary(lambda x: x, [[0, 1], [1, 0]], [0, 1], ax),
    lambda ax: plot_gradient_flow({"a": 0, "b": 1}, ax), lambda ax: plot_gradient_flow([{"a": 0, "b": 1}] * 2, ax)):
    call(Figure().subplots()).figure.canvas.draw()
"""
    modules = loaded(code)
    assert "matplotlib.figure" in modules
    assert "matplotlib.pyplot" not in modules


# -- given axes -----------------------------------------------------------------------------------


def inside(ax, of):
    """Whether the title and the legend of the Axes, and what is written in them, are inside of a box."""
    draw(ax.figure)
    texts = [ax.title, *ax.texts, *([ax.get_legend()] if ax.get_legend() else [])]
    boxes = [text.get_window_extent() for text in texts if not hasattr(text, "get_text") or text.get_text()]
    return all(
        of.x0 - 1 <= box.x0 and box.x1 <= of.x1 + 1 and of.y0 - 1 <= box.y0 and box.y1 <= of.y1 + 1 for box in boxes
    )


def test_a_second_history_joins_the_first(plt):
    _, ax = plt.subplots()
    ax.plot([-3.0, 4.0], label="mine")
    for losses, metrics in (([1, 0.5], [0, 1]), ([9, 0.7, 8], [3, -2]), ([2, 2], [0.5, 0.5])):
        plot_history({"loss": losses, "accuracy": metrics}, ax=ax)
        assert len(ax.figure.axes) == 2
    for side, low, high in ((ax, -3, 9), (twin_of(ax), -2, 3)):
        assert side.get_ylim()[0] <= low
        assert side.get_ylim()[1] >= high
    assert ax.get_xlim()[1] >= 2
    two = ["loss: 2", "accuracy (right): 0.5"]
    assert sorted(legend(ax)) == sorted(
        ["mine", "loss: 0.5", "accuracy (right): 1", "loss: 8", "accuracy (right): -2", *two]
    )
    lines = series(ax) + series(twin_of(ax))
    assert len({each.get_color() for each in lines}) == len(lines) == 6


@pytest.mark.parametrize(
    ("first", "second", "scale"),
    [([1e4, 1.0], [0.5, 0.4], "log"), ([0.5, 0.4], [1e4, 1.0], "log"), ([1e4, 1.0], [3.0, 0.0], "linear")],
)
def test_limits_on_a_log_scale_keep_what_was_there(plt, first, second, scale):
    _, ax = plt.subplots()
    plot_history(first, ax=ax)
    plot_history(second, ax=ax)
    before = ax.get_ylim()
    assert ax.get_yscale() == scale
    assert before[0] < min(first + second)
    assert before[1] > max(first + second)
    plot_history(second, ax=ax)
    assert ax.get_ylim() == before


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_limits_that_were_set_only_grow(plt, scale):
    _, ax = plt.subplots()
    ax.set(yscale=scale, ylim=(1e-5, 7.0))
    plot_history([1.0, 2.0], ax=ax)
    assert ax.get_ylim()[0] <= 1e-5
    assert ax.get_ylim()[1] >= 7.0
    plot_history([1.0, 70.0], ax=ax)
    assert ax.get_ylim()[0] <= 1e-5
    assert ax.get_ylim()[1] >= 70.0


def test_metrics_join_losses_on_the_right(plt):
    _, ax = plt.subplots()
    plot_history([100.0, 1.0], ax=ax)
    plot_history({"accuracy": [0.0, 1.0]}, ax=ax)
    plot_history({"f1": [0.0, 2.0]}, ax=ax)
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "loss (log scale)")
    assert [len(series(each)) for each in ax.figure.axes] == [1, 2]
    assert twin_of(ax).get_ylabel() == "value"
    assert twin_of(ax).get_ylim()[1] >= 2
    # A twin of other Axes that share x is none of these.
    _, (top, bottom) = plt.subplots(2, sharex=True)
    for each in (top, bottom):
        plot_history({"loss": [1.0], "accuracy": [1.0]}, ax=each)
    assert len(top.figure.axes) == 4


def test_boundaries_and_flows_keep_what_was_there_in_sight(plt):
    _, (left, right) = plt.subplots(1, 2)
    left.plot([-50, 60], [70, -80], label="mine")
    plot_decision_boundary(lambda x: x[:, 0], POINTS, [0, 1, 1, 0], left)
    assert left.get_xlim()[0] <= -50 < 60 <= left.get_xlim()[1]
    assert left.get_ylim()[0] <= -80 < 70 <= left.get_ylim()[1]
    assert legend(left)[0] == "mine"
    right.plot([1e5, 1e-7], label="mine")
    plot_gradient_flow([{"a": 1.0}, {"a": 2.0}], right)
    assert right.get_ylim()[0] <= 1e-7 < 1e5 <= right.get_ylim()[1]
    assert legend(right) == ["mine", "a"]


def test_the_legend_is_above_the_lines_of_both_axes(plt):
    _, ax = plt.subplots()
    plot_history({"loss": [1.0, 2.0], "accuracy": [1.0, 2.0]}, ax=ax)
    assert ax.get_zorder() > twin_of(ax).get_zorder()
    assert not ax.patch.get_visible()


@pytest.mark.parametrize("size", [(6.4, 4.8), (6, 4), (4, 3), (8, 3)])
def test_title_and_legend_are_inside_the_figure_and_the_axes(plt, size):
    centres = np.array([[np.cos(t), np.sin(t)] for t in range(5)])
    for draw in (
        lambda ax, title: plot_decision_boundary(scored(*centres), centres, range(5), ax=ax, title=title),
        lambda ax, title: plot_history({f"loss {i}": [1.0, NAN] for i in range(6)} | {"f1": [1]}, ax=ax, title=title),
    ):
        figure, ax = plt.subplots(figsize=size)
        draw(ax, "The title of a plot")
        assert inside(ax, figure.bbox)
        legend, axes = ax.get_legend().get_window_extent(), ax.get_window_extent()
        assert axes.x0 <= legend.x0 < legend.x1 <= axes.x1
        assert axes.y0 <= legend.y0 < legend.y1 <= axes.y1
        assert len(ax.get_legend().get_texts()) >= 6


def test_flows_fit_into_a_grid_of_plots(plt):
    from matplotlib.transforms import Bbox

    figure, places = plt.subplots(2, 2)
    norms = {f"encoder.layers[{2 * i}].attention": 10.0 ** (i - 7) for i in range(8)}
    kinds = (norms, [norms] * 3, {"a": INF, "b": 1.0}, [{f"layers[{i}]": 1.0 for i in range(40)}] * 2)
    for ax, given in zip(places.flat, kinds):
        plot_gradient_flow(given, ax=ax)
    for ax in places.flat:
        axes = ax.get_window_extent()
        assert inside(ax, Bbox([axes.p0, [axes.x1, axes.y1 + 20]]))  # the title is above
    above, below = places[0, 0], places[1, 0]
    draw(figure)
    assert not above.title.get_window_extent().overlaps(places[0, 1].title.get_window_extent())
    assert not above.xaxis.label.get_window_extent().overlaps(below.title.get_window_extent())
    assert not places[0, 1].yaxis.label.get_window_extent().overlaps(above.get_window_extent())
    assert [text.get_text() for text in places[1, 1].get_legend().get_texts()][-1].endswith("more")
    assert below.texts[0].get_text() == "inf  exploding"
    assert above.texts[0].get_text() == "1e-07  vanishing"


def test_a_long_title_of_small_axes_has_several_lines(plt):
    figure, places = plt.subplots(2, 2)
    ax = plot_history(
        [1.0, 2.0], ax=places[0, 0], title="A title that is long enough to reach into the plot beside this one"
    )
    assert "\n" in ax.get_title()
    assert ax.title.get_window_extent().x1 <= ax.get_window_extent().x1
    assert inside(ax, figure.bbox)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("projection", ["3d", "polar"])
def test_other_projections_are_refused(plt, name, projection):
    ax = plt.figure().add_subplot(projection=projection)
    with pytest.raises(ArgumentError, match=f"ordinary flat Axes, but its projection is {projection}"):
        CALLS[name](ax=ax)
    assert not ax.lines


# -- the ends of what floats can be, dollars, dark styles -----------------------------------------

MAX = sys.float_info.max


@pytest.mark.parametrize(
    "losses",
    [
        [5e-324, 1e-310],
        [1e-310, 1.5e-310],
        [0.5, 0.9, 1e10, 1e100, 1e307],
        [5e-324, MAX],
        [MAX, 0.9 * MAX],
        [-MAX, MAX, 3.0],
        [-MAX, -0.9 * MAX],
        [0.0, MAX],
        [1e306, -1e299],
        [MAX],
    ],
)
def test_every_finite_loss_is_within_the_limits(plt, losses):
    for name in ("loss", "accuracy"):
        ax = unarranged(plot_history({name: [*losses, NAN, INF]}))
        assert ax.get_ylim()[0] <= min(losses)
        assert ax.get_ylim()[1] >= max(losses)
        ax.figure.canvas.draw()
        at = ax.transData.transform([[0, each] for each in losses])
        assert np.isfinite(at).all()
        assert len({*losses}) == len({*at[:, 1].tolist()})
    _, ax = plt.subplots()
    plot_history(losses, ax=ax)
    plot_history({"loss": losses, "accuracy": losses}, ax=ax)
    assert [each.get_ylim()[1] >= max(losses) for each in ax.figure.axes] == [True, True]
    plt.close("all")  # what can fail has been drawn


@pytest.mark.parametrize(
    "norms", [[1e-310, 5e-324], [5e-324], [MAX, 5e-324], [MAX], [MAX, 0.0], [1e-310, 0.0], [MAX, 1.0, 1e-300]]
)
def test_every_finite_norm_is_within_the_limits(plt, norms):
    given = {f"l{i}": norm for i, norm in enumerate(norms)}
    bars, lines = (unarranged(plot_gradient_flow(each)) for each in (given, [given] * 2))
    for limits in (bars.get_xlim(), lines.get_ylim()):
        assert limits[0] <= min(norms)
        assert limits[1] >= max(norms)


def test_a_norm_is_not_negative():
    with pytest.raises(ArgumentError, match="The norm of b at step 1 is -1; a norm is never negative"):
        plot_gradient_flow([{"b": 1.0}, {"a": 1.0, "b": -1.0}])
    with pytest.raises(ArgumentError, match="never negative"):
        plot_gradient_flow({"a": -INF})


@pytest.mark.parametrize("given", [False, True])
def test_dollars_in_names_are_drawn_as_they_are(plt, given):
    axes = [plt.subplots()[1] if given else None for _ in range(4)]
    name, title = r"loss $\foo$", r"$\bar$ and $c$"
    drawn = [
        plot_history({name: [1.0, 2.0], "ac$c$": [1.0]}, axes[0], title=title),
        plot_gradient_flow({name: 1.0, "$a$": 0.0}, axes[1], title=title),
        plot_gradient_flow([{name: 1.0, "$a$": 0.0}] * 2, axes[2], title=title),
        plot_decision_boundary(lambda x: x, POINTS, [0, 1, 1, 0], axes[3], title=title),
    ]
    for ax in drawn:
        legends = ax.get_legend().get_texts() if ax.get_legend() else []
        labels = [each.yaxis.label for each in ax.figure.axes] + ([] if given else ax.get_yticklabels())
        texts = [text for text in [ax.title, *ax.texts, *legends, *labels] if "\\$" in text.get_text()]
        assert len(texts) >= 1
        assert all(text._preprocess_math(text.get_text())[1] is False for text in texts)
        assert ax.title._preprocess_math(ax.get_title())[0] == title
        ax.figure.canvas.draw()


@pytest.mark.parametrize("given", [False, True])
def test_texts_and_lines_can_be_read_in_a_dark_style(plt, given):
    from matplotlib.colors import to_rgb

    with plt.style.context("dark_background"):
        for name, call in CALLS.items():
            ax = call(title="dark", **({"ax": plt.subplots()[1]} if given else {}))
            words = [ax.title, *ax.texts, *ax.get_legend().get_texts(), ax.xaxis.label, ax.yaxis.label]
            words += plot_gradient_flow({"a": 0.0, "b": 1.0}, **({"ax": plt.subplots()[1]} if given else {})).texts
            assert all(max(to_rgb(text.get_color())) > 0.9 for text in words)
            assert all(sum(to_rgb(line.get_color())) > 0.8 for line in [*ax.lines, *ax.figure.axes[-1].lines])
            if name == "plot_decision_boundary":
                assert background(ax)[..., :3].max() < 0.5
                (contour,) = {tuple(each.get_edgecolor()[0][:3]) for each in ax.collections if contours_of(each)}
                assert contour == (1, 1, 1)
    ax = CALLS["plot_decision_boundary"]()
    assert ax.title.get_color() == "black"


def contours_of(artist):
    from matplotlib.contour import ContourSet

    return isinstance(artist, ContourSet)
