"""Train XOR, write the network and its training step as C for a microcontroller, and see that C gives the same."""

import pathlib
import subprocess
import tempfile

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg
from tinygrad_like.compiler.to_c import native

MAIN = """
#include <stdio.h>
#include "xor.h"
#include "learn.h"

int main(void)
{
    static const double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, t[4] = {0, 1, 1, 0};
    double y, loss;
    for (int i = 0; i < 4; ++i) xor_predict(x[i], &y), printf("%.10f ", y);
    for (int i = 0; i < 4000; ++i) learn_step(x[i % 4], &t[i % 4], &loss);
    for (int i = 0; i < LEARN_PARAMETERS; ++i) printf("%.6f ", learn_parameters[i]);
    return 0;
}
"""
inputs, targets = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
model = tg.Sequential(tg.Linear(2, 3, seed=1), tg.Sigmoid(), tg.Linear(3, 1, seed=2), tg.Sigmoid())
optimizer = tg.SGD(model.parameters(), lr=0.5, momentum=0.9)


@tg.compile
def step(x, target):
    optimizer.zero_grad()
    loss = tg.mse(model(x), target)
    loss.backward()
    optimizer.step()
    return loss


step.loop(inputs, targets, epochs=1000, progress=False)
expected = list(model(inputs).numpy().ravel())
print("predictions:", *(f"{each:.3f}" for each in expected))

with tempfile.TemporaryDirectory() as folder:
    for made in (tg.export_c(model, folder, inputs[0], name="xor"), tg.export_c(step, folder, name="learn")):
        print(f"{made.source.name}: {made.state + made.scratch} bytes of RAM, {made.constants} of constants")
    if native.compiler() is None:
        print("There is no C compiler here to run them.")
        raise SystemExit
    pathlib.Path(folder, "main.c").write_text(MAIN)
    command = [*native.compiler(), "-std=c99", "main.c", "xor.c", "learn.c", "-o", "main", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    printed = subprocess.run([f"{folder}/main"], check=True, capture_output=True, text=True).stdout.split()

step.loop(inputs, targets, epochs=1000, progress=False)
expected += [number for p in model.parameters() for number in p.numpy().ravel()]
print("C gives the same:", np.allclose(list(map(float, printed)), expected, atol=1e-5))
