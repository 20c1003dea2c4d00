"""Exported C files give what the C backend gives, to the last bit, and what eager gives."""

import ctypes
import gc
import re
import shutil
import subprocess

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.random_steps import RandomStep
from tinygrad_like import export_c, nn
from tinygrad_like.compiler.compiling import compile as compiled
from tinygrad_like.compiler.exporting import export
from tinygrad_like.compiler.to_c import c_backend, native, toolchain
from tinygrad_like.tree import leaves

needs_compiler = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SAME = (*toolchain.FLAGS, *c_backend.FLAGS)  # the options of the C backend, but for the processor
QUICK = ("-O1",)
EXACT = ("xor", "mlp", "cnn")  # compared to the last bit; each costs two compilations with all optimizations
rng = np.random.default_rng(0)


CODE_SIZE = export.code_size


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    """The size of code is not asked for, which costs a compilation each time."""
    monkeypatch.setattr(export, "code_size", lambda name, *texts: None)


def build(output, *files, flags=()):
    command = [*native.compiler(), *STRICT, *flags, *map(str, files), "-o", str(output), "-lm"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert made.returncode == 0, made.stderr
    return output


def library(made, flags):
    path = made.source.with_suffix(".so")
    tuned = (toolchain.TUNED,) if flags is SAME and native.compiler() not in toolchain._untuned else ()
    build(path, made.source, flags=("-shared", "-fPIC", *flags, *tuned))
    return ctypes.CDLL(str(path))


def call(function, *arrays):
    function.restype = ctypes.c_int
    return function(*(ctypes.c_void_p(each.ctypes.data) for each in arrays))


def arrays_in(result):
    return [each.numpy() if isinstance(each, tg.Tensor) else np.asarray(each) for each in leaves(result)]


def xor(optimizer=lambda p: tg.SGD(p, lr=0.5, momentum=0.9)):
    """A model and a step that trains it."""
    model = tg.Sequential(tg.Linear(2, 3, seed=1), tg.Sigmoid(), tg.Linear(3, 1, seed=2), tg.Sigmoid())
    chosen = optimizer(model.parameters())

    def step(x, t):
        chosen.zero_grad()
        loss = tg.mse(model(x), t)
        loss.backward()
        chosen.step()
        return loss

    return model, step


INPUTS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
TARGETS = np.array([[0.0], [1], [1], [0]])
SINGLE = np.float32


def normal(*shape, dtype=np.float64):
    return rng.normal(size=shape).astype(dtype)


def models():
    tg.seed(0)
    norms = nn.Sequential(tg.Linear(8, 6), nn.LayerNorm(6), nn.GELU(), tg.Linear(6, 3))
    yield "xor", xor()[0], [normal(2)]
    mlp = nn.Sequential(*(tg.Linear(9, 8, dtype=SINGLE), nn.ReLU(), tg.Linear(8, 3, dtype=SINGLE), nn.Softmax()))
    yield "mlp", mlp, [normal(4, 9, dtype=SINGLE)]
    convolution = (nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    yield "cnn", nn.Sequential(*convolution, tg.Linear(36, 5), nn.Dropout(0.5)), [normal(1, 1, 6, 6)]
    yield "norms", norms, [normal(2, 8)]
    yield "gru", nn.GRU(3, 5), [normal(1, 4, 3)]
    yield "words", nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), tg.Linear(6, 2)), [np.array([[3, 9]])]


@needs_compiler
@pytest.mark.parametrize(("name", "model", "inputs"), [pytest.param(*each, id=each[0]) for each in models()])
def test_inference_is_that_of_the_c_backend_and_of_eager(name, model, inputs, tmp_path):
    made = export_c(model, tmp_path, *inputs, name=name)
    assert made.function == f"{name}_predict"
    model.eval()
    expected = arrays_in(model(*inputs))

    alike = name in EXACT
    got = [np.empty_like(each) for each in expected]
    call(getattr(library(made, SAME if alike else QUICK), made.function), *inputs, *got)
    for mine, eager in zip(got, expected, strict=True):
        tolerance = 1e-12 if eager.dtype == np.float64 else 1e-5
        np.testing.assert_allclose(mine, eager, tolerance, tolerance)
    if alike:
        backend = arrays_in(compiled(tg.no_grad()(model.forward), backend="c")(*inputs))
        np.testing.assert_array_equal(got[0], backend[0])


@needs_compiler
def test_large_products_are_loops(tmp_path):
    model = tg.Linear(70, 80, seed=0)
    x = normal(3, 70)
    made = export_c(model, tmp_path, x, name="wide")
    got = np.empty((3, 80))
    call(library(made, QUICK).wide_predict, x, got)
    np.testing.assert_allclose(got, model(x).numpy(), 1e-12)
    assert made.multiply_adds == 3 * 70 * 80


@needs_compiler
@pytest.mark.parametrize(
    "optimizer",
    [lambda p: tg.SGD(p, lr=0.5), lambda p: tg.SGD(p, lr=0.5, momentum=0.9), lambda p: tg.Adam(p, lr=0.02)],
    ids=["sgd", "momentum", "adam"],
)
def test_a_thousand_steps_of_training_are_those_of_the_c_backend(optimizer, tmp_path):
    (model, step), (twin, other) = xor(optimizer), xor(optimizer)
    made = export_c(step, tmp_path, INPUTS[0], TARGETS[0], name="xor")
    loaded, backend = library(made, SAME), compiled(other, backend="c")
    parameters = np.ctypeslib.as_array((ctypes.c_double * 13).in_dll(loaded, "xor_parameters"))
    before = parameters.copy()
    loss = np.empty(())
    first = []
    for i in range(1000):
        k = i % 4
        assert call(loaded.xor_step, INPUTS[k], TARGETS[k], loss) is not None
        assert loss == backend(INPUTS[k], TARGETS[k]).numpy(), i
        first.append(float(loss))
    flat = np.concatenate([each.numpy().ravel() for each in twin.parameters()])
    np.testing.assert_array_equal(parameters, flat)
    assert abs(parameters - before).max() > 0.1
    loaded.xor_reset()
    np.testing.assert_array_equal(parameters, before)
    np.testing.assert_array_equal(parameters, np.concatenate([each.numpy().ravel() for each in model.parameters()]))
    again = []
    for k in (0, 1, 2, 3):
        call(loaded.xor_step, INPUTS[k], TARGETS[k], loss)
        again.append(float(loss))
    assert again == first[:4]


MAIN = """\
#include "net.h"
#include "train.h"
#include <stdio.h>

int main(void)
{
    static const double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, t[4] = {0, 1, 1, 0};
    double y, z, loss = 0;
    net_predict(x[1], &y);
    for (int i = 0; i < 8000; ++i) train_step(x[i % 4], &t[i % 4], &z);
    for (int i = 0; i < 4; ++i) {
        train_step(x[i], &t[i], &z);
        loss += z;
    }
    printf("%.17g %.6f\\n", y, loss);
    train_reset();
    train_step(x[0], t, &z);
    printf("%.17g\\n", z);
    return 0;
}
"""


@needs_compiler
def test_a_program_of_two_exports_learns_and_is_clean(tmp_path):
    folder = tmp_path / "with spaces"
    model, step = xor()
    net = export_c(model, folder, INPUTS[1], name="net")
    train = export_c(step, folder, INPUTS[0], TARGETS[0], name="train")
    main = folder / "main.c"
    main.write_text(MAIN)
    flags = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    try:
        program = build(folder / "main", main, net.source, train.source, flags=flags)
    except AssertionError as error:
        if "asan" not in str(error) and "sanitize" not in str(error):
            raise
        pytest.skip("this compiler has no sanitizers")
    run = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    predicted, loss, first = map(float, run.stdout.split())
    np.testing.assert_allclose(predicted, model(INPUTS[1]).item(), 1e-12)
    assert loss < 0.01
    np.testing.assert_allclose(first, step(INPUTS[0], TARGETS[0]).item(), 1e-12)


@needs_compiler
def test_files_compile_freestanding_and_the_header_in_cxx(tmp_path):
    model, step = xor()
    made = [
        export_c(model, tmp_path, INPUTS[0], name="net"),
        export_c(step, tmp_path, INPUTS[0], TARGETS[0], name="xor"),
    ]
    for each in made:
        build(tmp_path / "object.o", each.source, flags=("-c", "-Os", "-ffreestanding"))
    for text in (each.source.read_text() for each in made):
        included = re.findall(r"^#include <(\w+)\.h>$", text, re.MULTILINE)
        assert set(included) <= {"float", "math", "stddef", "stdint", "string"}
        assert "alloc" not in text
    if shutil.which("size"):
        assert 100 < CODE_SIZE("net", made[0].header.read_text(), made[0].source.read_text()) < 10_000
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler was found, so the header was not compiled as C++; all else was")
    (tmp_path / "user.cpp").write_text('#include "net.h"\n#include "xor.h"\nint main() { xor_reset(); return 0; }\n')
    command = ["g++", "-Wall", "-Wextra", "-Werror", "-pedantic", "user.cpp", "object.o", "-lm", "-o", "user"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)


@needs_compiler
def test_a_float64_step_in_float32(tmp_path):
    (_, step), (_, other) = xor(), xor()
    made = export_c(step, tmp_path, INPUTS[0], TARGETS[0], name="small", dtype=np.float32)
    assert "double" not in made.source.read_text() + made.header.read_text()
    loaded = library(made, QUICK)
    for i in range(200):
        x, t, loss = INPUTS[i % 4].astype(SINGLE), TARGETS[i % 4].astype(SINGLE), np.empty((), SINGLE)
        call(loaded.small_step, x, t, loss)
        np.testing.assert_allclose(loss, other(INPUTS[i % 4], TARGETS[i % 4]).item(), 1e-4)
    assert made.state == export_c(step, tmp_path, INPUTS[0], TARGETS[0], name="large").state // 2


@needs_compiler
def test_running_statistics_and_labels_are_exported(tmp_path):
    def made_step():
        model = nn.Sequential(tg.Linear(3, 4, seed=1), nn.BatchNorm1d(4), nn.ReLU(), tg.Linear(4, 2, seed=2))
        optimizer = tg.Adam(model.parameters(), lr=0.01)

        def step(x, labels):
            optimizer.zero_grad()
            loss = tg.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
            return loss, model[1].running_mean

        return step

    x, labels = normal(5, 3), np.array([0, 1, 1, 0, 1])
    made = export_c(made_step(), tmp_path, x, labels, name="norm")
    assert "extern double norm_layers1_running_mean[4];" in made.header.read_text()
    loaded, eager = library(made, QUICK), made_step()
    loss, mean = np.empty(()), np.empty(4)
    for _ in range(5):
        assert call(loaded.norm_step, x, labels, loss, mean) == 0
        expected = arrays_in(eager(x, labels))
        np.testing.assert_allclose(loss, expected[0], 1e-9)
        np.testing.assert_allclose(mean, expected[1], 1e-9)
    labels[0] = 7
    assert call(loaded.norm_step, x, labels, loss, mean) != 0


@needs_compiler
def test_a_step_with_words_and_convolutions(tmp_path):
    def made_step():
        layers = nn.Embedding(7, 4, seed=1), nn.Conv1d(3, 4, 2, seed=2), nn.MaxPool1d(2), nn.Flatten()
        model = nn.Sequential(*layers, tg.Linear(4, 1, seed=3))
        optimizer = tg.AdamW(model.parameters(), lr=0.05)

        def step(words, t):
            optimizer.zero_grad()
            loss = tg.mse(model(words), t)
            loss.backward()
            optimizer.step()
            return loss

        return step

    words, t, loss = np.array([[1, 2, 1], [6, 0, 3]]), normal(2, 1), np.empty(())
    made = export_c(made_step(), tmp_path, words, t, name="words")
    assert "16: embedding takes numbers from 0 to 6" in made.header.read_text()
    loaded, eager = library(made, QUICK), made_step()
    for _ in range(5):
        assert call(loaded.words_step, words, t, loss) == 0
        np.testing.assert_allclose(loss, eager(words, t).item(), 1e-10)
    assert call(loaded.words_step, words + 1, t, loss) == 16


@needs_compiler
@pytest.mark.parametrize("seed", [22, 28, 44])
def test_random_functions(seed, tmp_path):
    function = RandomStep(seed)
    made = export_c(function, tmp_path, *(each.copy() for each in function.inputs), name="random")
    loaded = library(made, QUICK)
    mine, theirs = ([each.copy() for each in function.inputs] for _ in range(2))
    for _ in range(2):
        expected = [np.array(each) for each in function(*theirs)]
        got = [np.empty_like(each) for each in expected]
        call(getattr(loaded, made.function), *mine, *got)
        for one, other in zip([*got, *mine], [*expected, *theirs], strict=True):
            np.testing.assert_allclose(one, other, 1e-12, 1e-12)


def test_a_compiled_step_that_was_called_needs_no_inputs(tmp_path):
    _, step = xor()
    fast = compiled(step)
    with pytest.raises(tg.ArgumentError, match="never called"):
        export_c(fast, tmp_path, name="xor")
    fast(INPUTS[0], TARGETS[0])
    made = export_c(fast, tmp_path, name="xor")
    assert "void xor_step(const double x[2], const double *t, double *loss);" in made.header.read_text()
    assert "0.0" not in made.source.read_text().split("first_parameters")[0].split("steps")[1].split(";")[0]


def test_nothing_is_changed(tmp_path):
    model, step = xor()
    dropping = nn.Sequential(tg.Linear(2, 2, seed=0), nn.Dropout(0.5))
    step(INPUTS[0], TARGETS[0])
    tg.seed(3)
    expected = tg.random.draws().normal(size=3)
    tg.seed(3)
    before = [each.numpy().copy() for each in model.parameters()]
    gradients = [each.grad for each in model.parameters()]
    export_c(model, tmp_path, INPUTS[0], name="net")
    export_c(step, tmp_path, INPUTS[0], TARGETS[0], name="xor")
    export_c(dropping, tmp_path, INPUTS[0], name="dropping")
    with pytest.raises(tg.UnsupportedError):
        export_c(lambda x: dropping(x), tmp_path, INPUTS[0], name="random")
    assert dropping.training
    assert dropping[1].training
    for each, value, gradient in zip(model.parameters(), before, gradients, strict=True):
        np.testing.assert_array_equal(each.numpy(), value)
        np.testing.assert_array_equal(each.grad, gradient)
    np.testing.assert_array_equal(tg.random.draws().normal(size=3), expected)


def test_gradients_may_be_cleared_at_the_end_and_networks_are_models(tmp_path):
    network = tg.Network([2, 3, 1], "sigmoid", 0.5, seed=1)
    optimizer = tg.SGD(network.model.parameters(), lr=0.5)

    def step(x, t):
        loss = tg.mse(network.model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    assert export_c(network, tmp_path, INPUTS[0], name="net").function == "net_predict"
    assert export_c(step, tmp_path, INPUTS[0], TARGETS[0], name="xor").function == "xor_step"


def test_parameters_may_move_after_an_export(tmp_path):
    gc.disable()
    try:
        export_c(tg.Sequential(first := tg.Linear(2, 3, seed=1)), tmp_path, INPUTS[0], name="net")
        tg.SGD(first.parameters(), lr=0.1)
        assert first.weight.numpy().base is first.bias.numpy().base is not None
    finally:
        gc.enable()


def adding():
    model, _ = xor()

    def step(x):
        loss = model(x).sum()
        loss.backward()
        return loss

    return step


@pytest.mark.parametrize(
    ("function", "inputs", "message"),
    [
        (lambda x: np.sort(x), [np.zeros(3)], r"cannot compute sort.*\n.*test_export.py.*\n.*as an input"),
        (nn.Dropout(0.5).forward, [np.zeros(2)], r"random numbers.*\n.*\n.*eval"),
        (lambda x: x * 1j, [np.zeros(3)], "complex128"),
        (lambda x: x[:0], [np.zeros(3)], r"shape \(0,\)"),
        (adding(), [np.zeros(2)], "zero_grad"),
    ],
    ids=["sort", "random", "complex", "empty", "adds"],
)
def test_what_has_no_loops_is_refused(function, inputs, message, tmp_path):
    with pytest.raises(tg.UnsupportedError, match=message):
        export_c(function, tmp_path, *inputs)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "2nd", "a b", "é", "_x", "double", "../x", None])
def test_bad_names_are_refused(name, tmp_path):
    with pytest.raises(tg.ArgumentError, match="cannot begin"):
        export_c(tg.Linear(2, 1, seed=0), tmp_path, INPUTS[0], name=name)


def test_files_of_others_stay(tmp_path):
    model, theirs = tg.Linear(2, 1, seed=0), tmp_path / "net.c"
    theirs.write_text("int mine;\n")
    with pytest.raises(tg.ArgumentError, match="not made by export_c"):
        export_c(model, tmp_path, INPUTS[0], name="net")
    assert theirs.read_text() == "int mine;\n"
    export_c(model, tmp_path, INPUTS[0], name="net", overwrite=True)
    made = export_c(model, tmp_path, INPUTS[0], name="net")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["net.c", "net.h"]
    with pytest.raises(tg.ArgumentError, match="no directory"):
        export_c(model, made.source, INPUTS[0], name="net")


def test_names_of_arguments_do_not_clash(tmp_path):
    def function(i, sum, x_i, double_, exp, y):
        return i + sum * x_i.sum() + np.argmax(exp) * y, np.exp(double_)

    inputs = [normal(3) for _ in range(6)]
    made = export_c(function, tmp_path, *inputs, name="names")
    if native.compiler() is None:
        pytest.skip("no C compiler was found, so the text was not compiled")
    got = [np.empty(3), np.empty(3)]
    call(library(made, QUICK).names_predict, *inputs, *got)
    for mine, theirs in zip(got, function(*inputs)):
        np.testing.assert_allclose(mine, theirs, 1e-12)


def test_without_a_compiler_the_size_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "code_size", CODE_SIZE)
    monkeypatch.setenv("CC", "no-such-compiler")
    native.reset()
    try:
        made = export_c(tg.Linear(2, 1, seed=0), tmp_path, INPUTS[0], name="net")
        assert made.code is None
        assert "no compiler" in repr(made)
        assert made.constants == 16
    finally:
        native.reset()


def test_example_inputs_that_are_missing(tmp_path):
    with pytest.raises(tg.ArgumentError, match="missing a required argument: 'x'"):
        tg.export_c(tg.Linear(2, 1), tmp_path)


@needs_compiler
def test_copies_of_parts_at_o2(tmp_path):
    """With this option, gcc 12 would copy wrong parts in the training step of a GRU."""
    tg.seed(0)
    embed, cell = nn.Embedding(7, 4), nn.GRU(4, 5, batch_first=True)
    optimizer = tg.Adam([*embed.parameters(), *cell.parameters()], lr=0.01)

    def step(x):
        optimizer.zero_grad()
        loss = (cell(embed(x))[0] ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss

    x, loss = rng.integers(0, 7, (6, 4)), np.empty((), np.float32)
    made = export_c(step, tmp_path, x, dtype=np.float32)
    call(library(made, ("-O2",)).model_step, x, loss)
    np.testing.assert_allclose(loss, step(x).item(), rtol=1e-4)
