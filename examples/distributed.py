"""Several processes train one network; the weights are those of a single process.

`python examples/distributed.py` trains in one process, `mpiexec -n 2 python examples/distributed.py` in two. For the
latter, `pip install 'tinygrad_like[mpi]'`, which brings mpiexec.
"""

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg
from tinygrad_like import distributed

rank, size = distributed.rank(), distributed.size()
rng = np.random.default_rng(0)
xs = rng.uniform(-1, 1, (1000, 2))
ys = np.sin(3 * xs[:, :1]) * xs[:, 1:]

tg.seed(0)
model = tg.Sequential(tg.Linear(2, 32), tg.Tanh(), tg.Linear(32, 1))
optimizer = tg.Adam(model.parameters(), lr=0.01)
distributed.broadcast(model, optimizer)
if rank == 0:
    print(f"{size} process{'es' * (size > 1)}: {len(xs)} examples, {model.num_parameters()} parameters")

for epoch in range(20):
    total = 0.0
    for x, y in distributed.batches(xs, ys, batch_size=50, epoch=epoch):
        loss = tg.mse(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        distributed.average_gradients(optimizer, weight=len(x))
        optimizer.step()
        total += distributed.mean(loss, weight=len(x)) / 20
    if rank == 0 and epoch % 5 == 4:
        print(f"epoch {epoch + 1:2}: loss {total:.6f}")
