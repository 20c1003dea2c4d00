"""Several processes train as one does; they save once; and if one fails, all end."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import tinygrad_like as tg
from tests.benchmarks import communication
from tests.distributed import programs
from tinygrad_like import distributed

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
SECONDS = 60  # in which a program that takes two must end, also on a busy machine


def mpiexec():
    beside = Path(sys.executable).with_name("mpiexec")
    return str(beside) if beside.exists() else shutil.which("mpiexec")


@pytest.fixture
def start():
    """Starts processes of a program, or of an example; what is left of them is ended."""
    if importlib.util.find_spec("mpi4py") is None or mpiexec() is None:
        pytest.skip("several processes need mpi4py and mpiexec: pip install 'tinygrad_like[mpi]'")
    started = []

    def run(count, *command):
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        process = subprocess.Popen(
            [mpiexec(), "-n", str(count), sys.executable, "-W", "error", *command],
            cwd=ROOT,
            env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def program(start, count, *arguments):
    return start(count, "-m", "tests.distributed.programs", *map(str, arguments))


def run(process):
    output, _ = process.communicate(timeout=SECONDS)
    return process.returncode, output


def succeed(process):
    code, output = run(process)
    assert code == 0, output
    return output


@pytest.mark.parametrize("count", [1, 2, 4])
def test_processes_get_the_weights_of_one(count, start, tmp_path):
    succeed(program(start, count, "training", tmp_path / "found.npz"))
    found = np.load(tmp_path / "found.npz")
    assert found["rank"].ravel().tolist() == list(range(count))
    for kind in programs.OPTIMIZERS:
        for examples in programs.EXAMPLES:
            weights = found[f"{kind} {examples}"]
            assert (weights == weights[0]).all(), "the processes differ"
            np.testing.assert_allclose(weights[0], plainly_trained(kind, examples), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found["compiled"], found[f"SGD {programs.EXAMPLES[1]}"])


def plainly_trained(kind, count):
    """The same training without `distributed`, but for the order of the examples."""
    network = programs.model()
    optimizer = programs.OPTIMIZERS[kind](network.parameters())
    xs, ys = programs.data(count)
    for epoch in range(4):
        order = tg.random.Generator([0, epoch]).numpy().permutation(count)
        for first in range(0, count, 8):
            batch = order[first : first + 8]
            optimizer.zero_grad()
            tg.mse(network(xs[batch]), ys[batch]).backward()
            optimizer.step()
    return programs.vector(network.parameters())


def test_two_processes(start, tmp_path):
    """See `programs.two`: gradients that are missing, means, and checkpoints."""
    output = succeed(program(start, 2, "two", tmp_path / "run.npz"))
    assert all(f"process {rank} is done" in output for rank in (0, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize(
    ("count", "how", "code", "message"),
    [
        (2, "killed", 9, "EXIT STRING: Killed"),
        (3, "raises", 1, "Process 1 of 3 failed, which ends all:\nTraceback (most recent call last):"),
        (2, "exits", 1, "process 0: average\n  process 1: end\n"),
        (2, "differs", 1, "process 0: average\n  process 1: wait at a barrier\n"),
    ],
    ids=["killed", "raises", "exits", "differs"],
)
def test_if_one_fails_all_end(count, how, code, message, start):
    returned, output = run(program(start, count, "failing", how))
    assert returned == code, output
    assert message in output
    if how == "raises":
        assert "KeyError: 'the cause'" in output
        assert output.count("Traceback") == 1, "others show an error, too"


def test_ctrl_c_ends_all(start):
    process = program(start, 2, "failing", "runs")
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    code, output = run(process)
    assert code != 0
    assert "KeyboardInterrupt" in output


def test_the_example_prints_what_the_docs_show(start):
    shown = re.search(r"^\$ mpiexec -n 2 python examples/distributed.py\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)[1]
    example = str(ROOT / "examples" / "distributed.py")
    assert succeed(start(2, example)).splitlines() == shown.splitlines()
    assert succeed(start(1, example)).splitlines()[1:] == shown.splitlines()[1:]


# -- one process ----------------------------------------------------------------------------------


def test_one_process_does_not_load_mpi():
    code = """if True:
        import sys, numpy as np, tinygrad_like as tg
        from tinygrad_like import distributed
        model = tg.Linear(2, 1)
        optimizer = tg.SGD(model.parameters(), lr=0.1)
        distributed.broadcast(model, optimizer)
        model(np.ones((3, 2))).sum().backward()
        distributed.average_gradients(optimizer, weight=3)
        distributed.barrier()
        print(distributed.rank(), distributed.size(), any(name.startswith("mpi4py") for name in sys.modules))
    """
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ["0", "1", "False"]


def test_several_processes_without_mpi4py_are_an_error(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(tg.MissingError, match="mpi4py, which is not installed"):
        distributed.rank()


def test_the_docs_show_the_costs_of_the_model():
    assert communication.table_of_costs(*communication.ETHERNET) in DOCS


def test_batches_are_those_of_one_process(monkeypatch):
    xs = np.arange(21)
    whole = [part.tolist() for (part,) in distributed.batches(xs, batch_size=5, seed=[1, 2], epoch=3)]
    assert sorted(chain(*whole)) == xs.tolist()
    assert list(map(len, whole)) == [5, 5, 5, 5, 1]
    assert whole != [part.tolist() for (part,) in distributed.batches(xs, batch_size=5, seed=[1, 2], epoch=4)]
    parts = []
    for rank in range(3):
        monkeypatch.setattr("tinygrad_like.distributed.sharding.rank", lambda rank=rank: rank)
        monkeypatch.setattr("tinygrad_like.distributed.sharding.size", lambda: 3)
        parts.append([part.tolist() for (part,) in distributed.batches(xs, batch_size=5, seed=[1, 2], epoch=3)])
    assert [sorted(chain(*each)) for each in zip(*parts)] == list(map(sorted, whole))


def test_checkpoints_of_one_process(tmp_path):
    model, other = programs.model(0), programs.model(1)
    distributed.save({"model": model}, tmp_path / "run.npz")
    distributed.load(tmp_path / "run.npz", {"model": other})
    assert (programs.vector(model.parameters()) == programs.vector(other.parameters())).all()


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: distributed.average(np.ones(2, int)), tg.DTypeError, "array of floats"),
        (lambda: distributed.average([1.0]), tg.DTypeError, "array of floats"),
        (lambda: distributed.average(np.broadcast_to(1.0, 3)), tg.UnsupportedError, "read-only"),
        (lambda: distributed.average(np.ones(2), weight=-1), tg.ArgumentError, "at least 0, but got -1"),
        (lambda: distributed.average_gradients(tg.Linear(1, 1), weight=np.nan), tg.ArgumentError, "but got nan"),
        (lambda: distributed.average_gradients([1.0]), tg.ArgumentError, "but got a float"),
        (lambda: distributed.average_gradients(3), tg.ArgumentError, "but got a int"),
        (lambda: distributed.average_buffers([]), tg.ArgumentError, "takes a model, but got a list"),
        (lambda: distributed.broadcast("model"), tg.ArgumentError, "but got a str"),
        (lambda: distributed.batches([1], batch_size=0), tg.ArgumentError, "at least 1, but got 0"),
        (lambda: distributed.shard(), tg.ArgumentError, "nothing to share out"),
        (lambda: distributed.shard([1, 2], [1]), tg.ShapeError, "have 2, 1"),
        (lambda: distributed.shard([1], seed="s"), tg.ArgumentError, "A seed is"),
    ],
)
def test_what_is_refused(bad, error, message):
    with pytest.raises(error, match=message):
        bad()
