"""`Network`: feed_forward, back_propagate and train, on Sequential, Linear and SGD."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import ArgumentError, CompilerError, GraphError, ShapeError, TraceError
from ..engine.recording import enable_grad
from ..engine.storage import count_of
from ..engine.tensor import Tensor
from ..engine.writes import Array
from ..losses.distances import mse
from ..nn.initialisers import generator, uniform
from ..nn.layers import SIGMOID, Activation, Linear
from ..nn.sequential import Sequential
from ..optim.descent import SGD
from .activations import activation_of
from .inputs import of_shape, sample_or_batch, samples
from .matrix import Matrix

if TYPE_CHECKING:
    from ..picture.picture import Picture

LONG_TRAINING = 1_000
COMPILED, COMPILED_BY_C = 200, 4_000  # steps from which on the time that compiling takes is gained


class Network:
    """A fully connected network, as in Hashi Warsame's "How I built a Neural Network from Scratch in Rust" (2025).

    `layers` are the sizes. `activation` follows every layer: an Activation, "sigmoid", "tanh" or "relu", or a
    differentiable function of one array, such as np.tanh. Weights and biases start uniform in [0, 1), repeatable with
    `seed`. The loss of a sample is ½ Σ (target − output)², so that its gradients are the deltas of the delta rule.
    `model` is the `Sequential` and `optimizer` the `SGD` that do the work.

    Raises ArgumentError for fewer than two layers, a size below 1, an unknown activation, or a learning rate that is
    not finite.

    >>> network = Network([2, 3, 1], "sigmoid", 0.5, seed=1)
    >>> network
    Network([2, 3, 1], sigmoid, learning_rate=0.5)  # 13 parameters
    >>> network.feed_forward([0.0, 1.0]).shape
    (1, 1)
    >>> network([[0.0, 1.0], [1.0, 1.0]]).shape
    (2, 1)
    """

    def __init__(
        self,
        layers: Sequence[int],
        activation: Activation | Callable[[Any], Any] | str = SIGMOID,
        learning_rate: float = 0.5,
        seed: int | None = None,
    ) -> None:
        sizes = list(layers) if np.iterable(layers) else [layers]
        if len(sizes) < 2:
            raise ArgumentError(f"A Network needs at least an input and an output layer, but got {sizes}.")
        for size in sizes:
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ArgumentError(f"Every layer of a Network has at least 1 neuron, but got {sizes}.")
        self._sizes = [int(size) for size in sizes]
        self._activation = activation_of(activation)
        rng = generator(seed)
        self._linears = [
            Linear(inputs, outputs, init=uniform(0.0, 1.0), seed=rng) for inputs, outputs in pairwise(sizes)
        ]
        stack = [each for linear in self._linears for each in (linear, self._activation.again())]
        self.model = Sequential(*stack)
        self.optimizer = SGD(self.model.parameters(), learning_rate)
        self.history: list[float] = []
        self._output: Tensor | None = None

    @property
    def layers(self) -> list[int]:
        """The sizes of the layers, the inputs first."""
        return list(self._sizes)

    @property
    def activation(self) -> Activation:
        """What follows every layer."""
        return self._activation

    @property
    def learning_rate(self) -> float:
        """The step size; it can be set."""
        return self.optimizer.lr

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.optimizer.lr = value

    @property
    def weights(self) -> list[Matrix]:
        """One Matrix (outputs, inputs) per layer, sharing memory with the model: write to it before feed_forward."""
        return [Matrix.from_tensor(linear.weight) for linear in self._linears]

    @property
    def biases(self) -> list[Matrix]:
        """One Matrix (outputs, 1) per layer, sharing memory with the model."""
        return [Matrix.from_tensor(linear.bias) for linear in self._linears if linear.bias is not None]

    def __call__(self, x: Any) -> Tensor:
        """The outputs as a Tensor, for one vector or for a batch of them in rows; recorded, and not kept here."""
        if isinstance(x, Matrix):
            x = sample_or_batch(x, self._sizes[0], "inputs")
        return self.model(x)

    def draw(self, x: Any, **options: Any) -> Picture:
        """A picture of this network run on a vector or a batch; `options` are those of `draw`."""
        return self.model.draw(x, **{"title": f"Network {self._sizes}"} | options)

    def feed_forward(self, inputs: Any) -> Matrix:
        """The outputs of one sample, as one column; or of a batch, one sample per row.

        One sample is a Matrix of one column, a list or an array; a batch has a sample in each row.
        Raises ShapeError if the number of values is not the size of the input layer.
        """
        self._output = self._run(sample_or_batch(inputs, self._sizes[0], "inputs"))
        rows, cols = self._output.shape if self._output.ndim == 2 else (self._output.size, 1)
        return Matrix(rows, cols, self._output.numpy().copy())

    def _run(self, x: Any) -> Tensor:
        return output_of(self.model, self._activation.name, x)

    def back_propagate(self, outputs: Any, targets: Any) -> float:
        """One step of gradient descent for the sample or batch fed forward last; gives its (mean) loss.

        `outputs` are what `feed_forward` returned. Raises ArgumentError if they are not,
        ShapeError if targets have another size; nothing is changed then.
        """
        result = self._output
        shape = tuple(self._sizes[-1:]) if result is None else result.shape
        given, wanted = of_shape(outputs, shape, "outputs"), of_shape(targets, shape, "targets")
        if result is None or not np.array_equal(given, result.numpy(), equal_nan=True):
            raise ArgumentError(
                "back_propagate needs the outputs of the last feed_forward.",
                "Write outputs = network.feed_forward(inputs); network.back_propagate(outputs, targets).",
            )
        self._output = None
        return float(descend(self.optimizer, result, wanted).item())

    def train(self, inputs: Any, targets: Any, epochs: int, progress: bool | None = None) -> list[float]:
        """Descend once per sample, for each epoch; gives the mean loss of every epoch, also kept in `history`.

        `inputs` and `targets` are sequences of samples (a 2-D array holds one per row). Long training shows its
        progress (`progress` forces it on or off). Raises ShapeError or ArgumentError for an empty data set,
        different numbers of samples, or samples of a wrong size, before anything is trained.
        """
        xs, ts = samples(inputs, self._sizes[0], "inputs"), samples(targets, self._sizes[-1], "targets")
        if len(xs) != len(ts):
            raise ShapeError(f"train got {len(xs)} inputs, but {len(ts)} targets.")
        if not isinstance(epochs, (int, np.integer)) or isinstance(epochs, bool) or epochs < 0:
            raise ArgumentError(f"epochs must be a whole number of at least 0, but got {epochs!r}.")
        self._output = None
        losses: list[float] = []
        show = epochs * len(xs) >= LONG_TRAINING if progress is None else progress
        try:
            for loss in epoch_reports(self._epochs(np.stack(xs), np.stack(ts), epochs), epochs, show):
                losses.append(loss)
        finally:
            self.history.extend(losses)
        return losses

    def _epochs(self, xs: Array, ts: Array, epochs: int) -> Iterator[float]:
        """Train; give the mean loss of each epoch, when that is done. Long training is compiled."""
        steps, step = epochs * len(xs), partial(learn, self.model, self.optimizer, self._activation.name)
        if steps >= COMPILED:
            from ..compiler.compiling import Compiled
            from ..compiler.looping import Loop

            # Errors come before anything is trained.
            for backend in (None, "numpy") if steps >= COMPILED_BY_C else ("numpy",):
                try:
                    yield from Loop(Compiled(step, backend), (xs, ts), epochs).means()
                    return
                except CompilerError:  # a C compiler that does not work
                    continue
                except TraceError:  # an activation whose way depends on values
                    break
        for _ in range(epochs):
            yield sum(step(x, t).item() for x, t in zip(xs, ts)) / len(xs)

    def __getstate__(self) -> dict[str, Any]:
        # A recorded output belongs to the original's graph.
        return vars(self) | {"_output": None}

    def __repr__(self) -> str:
        name, count = self._activation.name, count_of(self.model.parameters())
        return f"Network({self._sizes}, {name}, learning_rate={self.learning_rate:g})  # {count}"


def learn(model: Any, optimizer: Any, activation: str, x: Any, target: Any) -> Tensor:
    """Train one sample, and give its loss."""
    return descend(optimizer, output_of(model, activation, x), target)


@enable_grad()
def output_of(model: Any, activation: str, x: Any) -> Tensor:
    output = model(x)
    if not isinstance(output, Tensor) or not output.requires_grad:
        raise GraphError(
            f"The activation {activation} left the graph, so nothing could be learnt.",
            "Write it with NumPy functions on its argument, without .numpy(), .item() or .detach().",
        )
    return output


@enable_grad()
def descend(optimizer: Any, output: Tensor, target: Any) -> Tensor:
    # The mean over the samples of ½ Σ e², which is outputs/2 times the mean of all e².
    loss = mse(output, target) * (target.shape[-1] / 2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def epoch_reports(losses: Iterator[float], epochs: int, show: bool) -> Iterator[float]:
    """The losses of the epochs, as they come, with a progress bar if asked."""
    if not show:
        yield from losses
        return
    from tqdm import tqdm

    with tqdm(losses, total=epochs, desc="train", unit="epoch", mininterval=0.2) as bar:
        for epoch, loss in enumerate(bar):
            if epoch % 100 == 0 or epoch == epochs - 1:
                bar.set_postfix(loss=f"{loss:.6f}", refresh=False)
            yield loss
