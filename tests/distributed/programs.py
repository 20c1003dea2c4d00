"""What the tests run in several processes: `mpiexec -n 2 python -m tests.distributed.programs NAME [ARGUMENT ...]`."""

import os
import signal
import sys
import time

import numpy as np

import tinygrad_like as tg
from tinygrad_like import distributed

EXAMPLES = [24, 25]  # batches of 8 divide the first; the last batch of the second is one example
OPTIMIZERS = {
    "SGD": lambda parameters: tg.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.01),
    "Adam": lambda parameters: tg.Adam(parameters, lr=0.01),
}


def model(seed=0):
    return tg.Sequential(tg.Linear(3, 5, seed=seed), tg.Tanh(), tg.Linear(5, 2, seed=seed + 1))


def data(count):
    rng = np.random.default_rng(5)
    return rng.normal(size=(count, 3)), rng.normal(size=(count, 2))


def step_of(network, optimizer):
    def step(xs, ys):
        optimizer.zero_grad()
        if len(xs):
            tg.mse(network(xs), ys).backward()
        distributed.average_gradients(optimizer, weight=len(xs))
        optimizer.step()

    return step


def trained(kind, count, compiled=False):
    """The weights after four epochs. Processes start different, and are made equal."""
    network = model(seed=10 * distributed.rank())
    optimizer = OPTIMIZERS[kind](network.parameters())
    distributed.broadcast(network, optimizer)
    step = step_of(network, optimizer)
    step = tg.compile(step, backend="numpy") if compiled else step
    for epoch in range(4):
        for xs, ys in distributed.batches(*data(count), batch_size=8, epoch=epoch):
            step(xs, ys)
    return vector(network.parameters())


def vector(tensors):
    return np.concatenate([each.numpy().ravel() for each in tensors])


def everywhere(array):
    """The array of each process, in process 0."""
    communicator = distributed.processes.communicator()
    return [array] if communicator is None else communicator.gather(array)


def training(path):
    found = {f"{kind} {count}": everywhere(trained(kind, count)) for kind in OPTIMIZERS for count in EXAMPLES}
    found["compiled"] = everywhere(trained("SGD", EXAMPLES[1], compiled=True))
    found["rank"] = everywhere(np.array([distributed.rank()]))
    if distributed.rank() == 0:
        np.savez(path, **found)


def refused(kind, message, function, *args):
    """What pytest.raises checks; pytest takes long to import."""
    caught = None
    try:
        function(*args)
    except kind as error:
        caught = error
    assert message in str(caught)


def missing():
    """Gradients where process 0 uses `a`, the others `b`; none uses `unused`, and `frozen` lies between."""
    shapes = {"a": 2, "frozen": 3, "b": 2, "unused": 1, "single": 2}
    dtypes = {"single": np.float32}
    p = {name: tg.Parameter(np.zeros(n, dtypes.get(name, float))) for name, n in shapes.items()}
    tg.SGD(list(p.values()), lr=0.1)  # puts all into one vector for each dtype
    p["frozen"].requires_grad = False
    rank = distributed.rank()
    (p["b" if rank else "a"].sum() * (rank + 1) + p["single"].sum()).backward()
    read = p["b" if rank else "a"].grad
    before = read.numpy().copy()
    refused(tg.ArgumentError, "are 0.", distributed.average_gradients, list(p.values()), 0)
    assert p["a" if rank else "b"].grad is None
    distributed.average_gradients(list(p.values()), weight=[3, 1][rank])
    assert (read.numpy() == before).all(), "a gradient that was read has changed"
    assert p["unused"].grad is None
    assert p["frozen"].grad is None
    np.testing.assert_array_equal(p["a"].grad.numpy(), [0.75, 0.75])
    np.testing.assert_array_equal(p["b"].grad.numpy(), [0.5, 0.5])
    assert p["single"].grad.dtype == np.float32
    np.testing.assert_array_equal(p["single"].grad.numpy(), [1, 1])


def numbers():
    """Means of numbers and buffers, and what is refused in all processes alike."""
    rank = distributed.rank()
    assert distributed.mean(tg.Tensor(float(rank)), weight=rank + 1) == 2 / 3
    half = np.full((2, 3), rank, np.float16)[:, ::2]
    distributed.average(half)
    assert (half == 0.5).all()
    nothing = np.full(2, np.nan if rank else 7.0)
    distributed.average(nothing, weight=1 - rank)
    assert (nothing == 7).all()
    norm = tg.BatchNorm1d(1, momentum=1.0)
    norm(np.array([[0.0], [2.0]]) + 4 * rank)
    distributed.average_buffers(norm)
    assert norm.running_mean.item() == 3
    assert norm.num_batches_tracked.item() == 1
    for array, weight, error in [(np.ones(2 + rank), 1, "different sizes"), (np.ones(2), 0, "are 0.")]:
        refused(tg.TinygradError, error, distributed.average, array, weight)
    shard = distributed.shard(np.arange(5), epoch=3)[0]
    parts = distributed.processes.communicator().allgather(shard.tolist())
    assert sorted(parts[0] + parts[1]) == [0, 1, 2, 3, 4]
    assert list(map(len, parts)) == [3, 2]


def checkpoint(path):
    """Saved by process 0 alone; loaded by all, though only process 0 sees the file."""
    rank = distributed.rank()
    network = model(seed=rank)
    optimizer = OPTIMIZERS["Adam"](network.parameters())
    distributed.broadcast(network)
    step_of(network, optimizer)(*data(4))
    own = path if rank == 0 else "/nowhere/else.npz"
    distributed.save({"model": network, "optimizer": optimizer, "epoch": 3}, own)
    other = model(seed=7 + rank)
    again = OPTIMIZERS["Adam"](other.parameters())
    assert distributed.load(own, {"model": other, "optimizer": again})["epoch"] == 3
    for each, opt in [(network, optimizer), (other, again)]:
        step_of(each, opt)(*data(4))
    assert (vector(network.parameters()) == vector(other.parameters())).all()
    kind, message = [(OSError, "no folder"), (distributed.ProcessError, "failed in save.\n  FileNotFoundError")][rank]
    refused(kind, message, distributed.save, network, "/nowhere/model.npz")


def two(path):
    """What two processes do, one check after the other."""
    for check in (missing, numbers):
        check()
    checkpoint(path)
    print(f"process {distributed.rank()} is done")


def failing(how):
    """In mid-run, process 1 fails in some way, while the others wait for it."""
    distributed.rank()
    gradient = np.ones(1000)
    for count in range(10**9):
        if count == 20 and distributed.rank() == 1:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "raises":
                raise KeyError("the cause")
            if how == "exits":
                sys.exit(0)
            if how == "differs":
                distributed.barrier()
        if how == "runs" and count == 20 and distributed.rank() == 0:
            print("running", flush=True)
        if how == "runs":
            time.sleep(0.01)
        distributed.average(gradient)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
