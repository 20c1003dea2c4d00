"""The state of a model by name: read, loaded, changed as a whole."""

import numpy as np
import pytest

import tinygrad_like as tg


class Tied(tg.Layer):
    """An output layer that uses the weight of the first; a buffer; a list and a dict of layers."""

    def __init__(self):
        self.first = tg.Linear(2, 2, seed=0)
        self.last = tg.Linear(2, 2, seed=1)
        self.last.weight = self.first.weight
        self.count = tg.Tensor(np.zeros(2, np.int64))
        self.blocks = [tg.Linear(2, 2, seed=2), {"a": tg.Sequential(tg.Tanh(), tg.Linear(2, 2, seed=3))}]
        self.latest = None

    def forward(self, x):
        tg.assign(self.count, self.count + 1)
        h = self.blocks[1]["a"](self.blocks[0](self.first(x)))
        self.latest = h
        return self.last(h)


NAMES = ["count", "first.weight", "first.bias", "last.weight", "last.bias", "blocks.0.weight", "blocks.0.bias"]
NAMES += ["blocks.1.a.1.weight", "blocks.1.a.1.bias"]


def test_the_names_are_those_of_pytorch():
    model = Tied()
    assert list(model.state_dict()) == NAMES
    own = [name for name in NAMES if name not in ("count", "last.weight")]
    assert [name for name, _ in model.named_parameters()] == own
    assert [name for name, _ in model.named_buffers()] == ["count"]
    assert model.num_parameters() == 4 * 6 - 4


def test_a_layers_own_parameters_come_first():
    class Net(tg.nn.Module):
        def __init__(self):
            self.inner = tg.Linear(1, 1)
            self.scale = tg.Parameter(np.ones(1))
            self.register_buffer("mean", np.zeros(1))

    model = Net()
    assert list(model.state_dict()) == ["scale", "mean", "inner.weight", "inner.bias"]
    assert list(model.modules()) == [model, model.inner]


def test_results_are_no_state():
    model = Tied()
    model(np.ones((1, 2)))
    assert list(model.state_dict()) == NAMES


def test_a_layer_that_is_kept_twice_has_both_names():
    layer = tg.Linear(1, 1)
    model = tg.Sequential(layer, tg.Sequential(layer))
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    layer.parent = model  # a way back adds no names
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]


def test_named_layers_of_a_sequential():
    model = tg.Sequential({"hidden": tg.Linear(2, 3), "act": tg.Tanh(), "out": tg.Linear(3, 1)})
    assert list(model.state_dict()) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert model.hidden is model["hidden"] is model[0]
    assert list(model[1:].state_dict()) == ["out.weight", "out.bias"]
    assert model[1:].out is model.out
    with pytest.raises(tg.ArgumentError, match="no layer named 'x'"):
        model["x"]
    with pytest.raises(AttributeError, match="nothing"):
        _ = model.nothing
    for wrong in ("a.b", "forward", "layers", "", 1):
        with pytest.raises(tg.ArgumentError, match="cannot name"):
            tg.Sequential({wrong: tg.Tanh()})


def test_lists_and_dicts_of_modules():
    layers = tg.ModuleList([tg.Linear(1, 1)]).append(tg.Linear(1, 1)).extend([tg.Tanh()])
    layers.insert(0, tg.Tanh())
    model = tg.Sequential(tg.ModuleDict({"x": layers}))
    assert list(model.state_dict()) == ["0.x.1.weight", "0.x.1.bias", "0.x.2.weight", "0.x.2.bias"]
    assert len(layers) == 4
    assert isinstance(layers[1:], tg.ModuleList)
    assert len(layers + layers) == 8
    layers += [tg.Tanh()]
    assert type(layers.pop()) is tg.Tanh
    assert len(layers) == 4
    table = model[0]
    assert (list(table), "x" in table, len(table)) == (["x"], True, 1)
    table["y"] = tg.Linear(1, 1)
    assert table.pop("x") is layers
    assert list(table.state_dict()) == ["y.weight", "y.bias"]
    table.clear()
    assert not table.state_dict()


def test_layers_of_a_sequential_are_replaced_added_and_taken_out():
    plain = tg.Sequential(tg.Linear(1, 2), tg.Tanh(), tg.Linear(2, 1))
    plain[1] = relu = tg.ReLU()
    del plain[-1]
    last = tg.Linear(2, 3)
    assert list(plain.append(last).insert(0, tg.Tanh()).extend([tg.Tanh()]))[2:4] == [relu, last]
    assert list(plain.state_dict()) == ["1.weight", "1.bias", "3.weight", "3.bias"]
    for wrong in (3, tg.Tanh):
        with pytest.raises(tg.ArgumentError, match="Sequential takes layers"):
            plain.append(wrong)


def test_named_layers_are_replaced_added_and_taken_out():
    model = tg.Sequential({"a": tg.Linear(1, 1), "b": tg.Linear(1, 1)})
    model.a = new = tg.Linear(1, 1)
    assert model["a"] is model[0] is model.a is new
    model["b"] = other = tg.Linear(1, 2)
    assert model.b is model.layers[1] is other
    model.layers.append(tg.Linear(2, 1))
    assert list(model.state_dict())[4:] == ["2.weight", "2.bias"]
    assert len(model.parameters()) == 6
    assert list(model[1:].state_dict())[2:] == ["2.weight", "2.bias"]
    del model["a"]
    assert list(model.state_dict()) == ["b.weight", "b.bias", "2.weight", "2.bias"]
    with pytest.raises(tg.ArgumentError, match="cannot insert"):
        model.insert(0, tg.Tanh())


@pytest.mark.parametrize("kind", [tg.ModuleList, tg.ModuleDict])
def test_lists_and_dicts_of_modules_may_keep_parameters_of_their_own(kind):
    class Scaled(kind):
        def __init__(self, modules):
            self.scale = tg.Parameter(1.0)
            super().__init__(modules)

    model = Scaled({"x": tg.Linear(1, 1)} if kind is tg.ModuleDict else [tg.Linear(1, 1)])
    assert len(model.parameters()) == 3
    assert list(model.state_dict())[2] == "scale"


def test_an_optimizer_that_a_layer_keeps_is_no_state():
    class Trained(tg.Layer):
        def __init__(self):
            self.inner = tg.Linear(1, 1)
            self.optimizer = tg.optim.Adam(self.inner.parameters())
            self.schedule = tg.optim.StepLR(self.optimizer, 2)

        def forward(self, x):
            return self.inner(x)

    model = Trained()
    model(np.ones((1, 1))).sum().backward()
    model.optimizer.step()
    assert list(model.state_dict()) == ["inner.weight", "inner.bias"]
    assert str(model).split("\n")[1:] == ["  inner: Linear(1 → 1)"]


def test_a_state_is_loaded_as_a_whole():
    one, two = Tied(), Tied()
    one(np.ones((1, 2)))
    for parameter in one.parameters():
        parameter.data += 1
    assert two.load_state_dict(one.state_dict()) == ([], [])
    for name, each in one.state_dict().items():
        np.testing.assert_array_equal(two.state_dict()[name].numpy(), each.numpy())
    assert two.last.weight is two.first.weight


def test_errors_name_every_key_and_change_nothing():
    model = Tied()
    before = {name: each.numpy().copy() for name, each in model.state_dict().items()}
    state = {name: each.numpy() + 1 for name, each in model.state_dict().items()}
    del state["first.bias"]
    state |= {"more": np.ones(1), "blocks.0.bias": np.ones(3), "count": np.ones(2), "last.weight": np.ones((2, 2))}
    with pytest.raises(tg.ArgumentError) as caught:
        model.load_state_dict(state)
    text = str(caught.value)
    for part in (
        "first.bias is missing",
        "more is unexpected",
        "blocks.0.bias: the shape is (2,), but the state has (3,)",
        "count: the dtype is int64, but the state has float64",
        "last.weight and first.weight are one here",
    ):
        assert part in text
    for name, each in model.state_dict().items():
        np.testing.assert_array_equal(each.numpy(), before[name])


def test_without_strict_names_may_differ_but_not_shapes():
    model = tg.Linear(2, 1)
    assert model.load_state_dict({"weight": [[1.0, 2.0]], "more": 1.0}, strict=False) == (["bias"], ["more"])
    np.testing.assert_array_equal(model.weight.numpy(), [[1.0, 2.0]])
    with pytest.raises(tg.ArgumentError, match=r"weight: the shape is \(1, 2\)"):
        model.load_state_dict({"weight": [1.0]}, strict=False)
    with pytest.raises(tg.ArgumentError, match="takes a dict"):
        model.load_state_dict([1.0])


def test_to_changes_the_dtype_of_floats():
    model = Tied()
    loss = model(np.ones((1, 2))).sum()
    loss.backward()
    model.to(np.float32)
    assert {each.dtype.name for each in model.parameters()} == {"float32"}
    assert model.first.weight.grad.dtype == np.float32
    assert model.count.dtype == np.int64
    assert model.last.weight is model.first.weight
    assert model(np.ones((1, 2), np.float32)).dtype == np.float32
    for wrong in (int, "what", np.complex128):
        with pytest.raises(tg.DTypeError, match="to\\(\\) takes"):
            model.to(wrong)


def test_an_optimizer_made_before_to_says_so():
    model = tg.Linear(2, 1)
    optimizer = tg.SGD(model.parameters(), lr=0.1)
    model.to(np.float32)
    model(np.ones((1, 2), np.float32)).sum().backward()
    before = model.weight.numpy().copy()
    with pytest.raises(tg.GraphError, match="after to"):
        optimizer.step()
    np.testing.assert_array_equal(model.weight.numpy(), before)
    tg.SGD(model.parameters(), lr=0.1).step()
    assert (model.weight.numpy() != before).all()


def test_freezing_keeps_parameters_parameters():
    model = tg.Sequential(tg.Linear(2, 2), tg.Linear(2, 1))
    model[0].freeze()
    model(np.ones((1, 2))).sum().backward()
    assert model[0].weight.grad is None
    assert model[1].weight.grad is not None
    assert (model.num_parameters(), model.num_parameters(trainable=True)) == (9, 3)
    assert model.requires_grad_()[0].weight.requires_grad


def test_apply_goes_from_the_inside_out():
    model = tg.Sequential(tg.Sequential(tg.Tanh()), tg.ReLU())
    seen = []
    assert model.apply(seen.append) is model
    assert seen == [model[0][0], model[0], model[1], model]
    assert model.children() == [model[0], model[1]]


def test_a_model_that_is_only_looked_at_keeps_its_buffers():
    model, x = tg.Sequential(tg.nn.BatchNorm1d(2), tg.Linear(2, 1)), np.arange(6.0).reshape(3, 2)
    before = {name: each.numpy().copy() for name, each in model.named_buffers()}
    tg.summary(model, x)
    tg.gradcheck(model, x)
    _ = tg.draw(model, x).source
    for name, each in model.named_buffers():
        np.testing.assert_array_equal(each.numpy(), before[name])
    model(x)
    assert model[0].num_batches_tracked.item() == 1
