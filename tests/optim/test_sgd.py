"""SGD: against its formulas and against PyTorch; parts of models, copies, dtypes, flat vectors."""

import copy
import gc
import importlib.util

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf
from tests.optim.small import TARGET, X, both_ways, descend, small_model, values_of, with_settings
from tinygrad_like import SGD, Linear, Sequential, Tensor, tensor
from tinygrad_like.engine.errors import GraphError
from tinygrad_like.optim import parts


def by_hand(p, gradient, steps, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    """The formulas of the docstring, on one array."""
    v = np.zeros_like(p)
    for _ in range(steps):
        d = gradient(p) + weight_decay * p
        v = momentum * v + d
        p = p - lr * (d + momentum * v if nesterov else v if momentum else d)
    return p


@with_settings
def test_sgd_follows_its_formulas(settings):
    start, steps = np.array([1.0, -2.0, 3.0]), 30
    p = leaf(start)
    optimizer = SGD([p], lr=0.05, **settings)
    for _ in range(steps):
        optimizer.zero_grad()
        (p**2 + p**3 / 9).sum().backward()
        optimizer.step()
    expected = by_hand(start, lambda p: 2 * p + p**2 / 3, steps, 0.05, **settings)
    np.testing.assert_allclose(p.data, expected, rtol=1e-12)


@with_settings
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, the reference, is not installed")
def test_sgd_agrees_with_pytorch_over_many_steps(settings):
    import torch

    model = small_model()
    twin = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Sigmoid(), torch.nn.Linear(4, 1)).double()
    for p, q in zip(model.parameters(), twin.parameters()):
        q.data = torch.tensor(p.data.copy())
    optimizer = SGD(model.parameters(), lr=0.1, **settings)
    reference = torch.optim.SGD(twin.parameters(), lr=0.1, **settings)
    x, target = torch.tensor(X), torch.tensor(TARGET)
    for _ in range(100):
        descend(model, optimizer)
        reference.zero_grad()
        torch.nn.functional.mse_loss(twin(x), target).backward()
        reference.step()
    for p, q in zip(model.parameters(), twin.parameters()):
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_the_learning_rate_can_change_between_steps():
    p = leaf([1.0])
    optimizer = SGD([p], lr=0.1)
    p.grad = [1.0]
    optimizer.step()
    optimizer.lr = 0.5
    optimizer.step()
    assert p.item() == pytest.approx(1.0 - 0.1 - 0.5)


@with_settings
def test_a_parameter_without_a_gradient_is_left_alone(settings):
    model = Sequential(*(Linear(2, 2, seed=i) for i in range(5)))
    optimizer = SGD(model.parameters(), lr=0.1, **settings)
    before = values_of(model)
    for _ in range(3):
        optimizer.zero_grad()
        (model[1](np.ones(2)).sum() + model[4].bias.sum()).backward()
        optimizer.step()
    moved = [bool((p.data != old).all()) for p, old in zip(model.parameters(), before)]
    assert moved == [False, False, True, True, False, False, False, False, False, True]


def test_a_frozen_parameter_is_left_alone():
    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.1, weight_decay=0.5)
    model[0].weight.requires_grad = False
    before = values_of(model)
    descend(model, optimizer)
    moved = [bool((p.data != old).all()) for p, old in zip(model.parameters(), before)]
    assert moved == [False, True, True, True]


def test_an_optimizer_over_a_part_changes_only_that():
    model = small_model()
    SGD(model.parameters(), lr=0.1)
    optimizer = SGD(model[2].parameters(), lr=0.1, momentum=0.9)
    before = values_of(model)
    descend(model, optimizer, 3)
    moved = [bool((p.data != old).all()) for p, old in zip(model.parameters(), before)]
    assert moved == [False, False, True, True]


@pytest.mark.parametrize("whole_first", [True, False])
def test_optimizers_over_parts_do_what_one_over_all_does(whole_first):
    model, split = small_model(), small_model()
    everything = SGD(model.parameters(), lr=0.1, momentum=0.9)
    if whole_first:
        SGD(split.parameters(), lr=1.0)
    first, last = (SGD(split[i].parameters(), lr=0.1, momentum=0.9) for i in (0, 2))
    for _ in range(5):
        descend(model, everything)
        split.zero_grad()
        tg.mse(split(X), TARGET).backward()
        first.step()
        last.step()
    for a, b in zip(values_of(model), values_of(split)):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_an_optimizer_over_all_after_optimizers_over_parts():
    model, other = small_model(), small_model()
    for i in (0, 2):
        SGD(model[i].parameters(), lr=0.1)
    descend(model, SGD(model.parameters(), lr=0.1, momentum=0.9), 5)
    descend(other, SGD(other.parameters(), lr=0.1, momentum=0.9), 5)
    for a, b in zip(values_of(model), values_of(other)):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_a_shared_layer_gets_one_update_with_the_summed_gradient():
    layer = Linear(2, 2, bias=False, seed=0)
    model = Sequential(layer, layer)
    start = layer.weight.data.copy()
    expected = tg.grad(lambda w: ((np.ones(2) @ w.T) @ w.T).sum())(start)
    optimizer = SGD(model.parameters(), lr=0.1)
    model(np.ones(2)).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(layer.weight.data, start - 0.1 * expected)


def test_a_parameter_given_twice_is_updated_once():
    p = leaf([1.0])
    optimizer = SGD([p, p], lr=0.1)
    p.grad = [1.0]
    optimizer.step()
    assert p.tolist() == [0.9]


def test_gradients_from_before_the_optimizer_count():
    p = leaf([1.0])
    (p * 3).sum().backward()
    SGD([p], lr=0.1).step()
    assert p.item() == pytest.approx(0.7)


def test_a_recorded_gradient_counts():
    p = leaf([2.0])
    optimizer = SGD([p], lr=0.1)
    (p * p).sum().backward(create_graph=True)
    assert p.grad.requires_grad
    optimizer.step()
    assert p.item() == pytest.approx(1.6)


def test_a_gradient_that_was_changed_or_replaced_counts():
    p, q = leaf([1.0]), leaf([1.0])
    optimizer = SGD([p, q], lr=1.0)
    (p + q).sum().backward()
    p.grad *= 0.5
    q.grad = Tensor([0.25])
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([0.5], [0.75])


def test_zero_grad_clears():
    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.1)
    tg.mse(model(X), TARGET).backward()
    optimizer.zero_grad()
    before = values_of(model)
    optimizer.step()
    assert [p.grad for p in model.parameters()] == [None] * 4
    np.testing.assert_array_equal(np.concatenate([v.ravel() for v in before]), model[0].weight.storage)


def test_a_gradient_that_was_kept_does_not_change():
    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.1)
    descend(model, optimizer)
    kept = [p.grad for p in model.parameters()]
    copies = [g.data.copy() for g in kept]
    descend(model, optimizer, 3)
    tg.mse(model(X), TARGET).backward()
    for g, old in zip(kept, copies):
        np.testing.assert_array_equal(g.data, old)


def test_all_parameters_are_views_of_one_flat_vector():
    model = small_model()
    before = values_of(model)
    SGD(model.parameters(), lr=0.1)
    storage = model[0].weight.storage
    assert storage.shape == (sum(p.size for p in model.parameters()),)
    assert all(np.shares_memory(p.storage, storage) for p in model.parameters())
    assert [p.offset for p in model.parameters()] == [0, 12 * 8, 16 * 8, 20 * 8]
    np.testing.assert_array_equal(storage, np.concatenate([v.ravel() for v in before]))


def test_a_parameter_moves_once_and_stays():
    model = small_model()
    SGD(model.parameters(), lr=0.1)
    homes = [p.data for p in model.parameters()]
    descend(model, SGD(model[2].parameters(), lr=0.1), 2)
    assert all(p.data is home for p, home in zip(model.parameters(), homes))


def test_a_step_between_forward_and_backward_is_an_error():
    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.1)
    descend(model, optimizer)
    loss = tg.mse(model(X), TARGET)
    optimizer.step()
    with pytest.raises(GraphError, match=r"linear saved .* overwritten"):
        loss.backward()


def test_a_step_in_blocks_spoils_the_graph_as_well(monkeypatch):
    monkeypatch.setattr(parts, "BLOCK", 2)
    p = leaf(np.ones(20))
    optimizer = SGD([p], lr=0.1)
    loss = np.sin(p).sum()
    p.grad = np.ones(20)
    optimizer.step()
    with pytest.raises(GraphError, match="sin saved"):
        loss.backward()


def test_changing_one_parameter_spoils_only_its_own_graph():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    SGD([a, b], lr=0.1)
    sines = [np.sin(p).sum() for p in (a, b)]
    b[:1] = 5.0
    sines[0].backward()
    with pytest.raises(GraphError, match="sin saved"):
        sines[1].backward()


def test_gradients_accumulate_until_they_are_cleared():
    p = leaf([1.0])
    optimizer = SGD([p], lr=0.1)
    for _ in range(3):
        (p * 2).sum().backward()
    optimizer.step()
    assert p.item() == pytest.approx(1.0 - 0.1 * 6)


def test_a_gradient_that_is_set_takes_the_dtype_of_its_parameter():
    p = leaf([1.0], np.float32)
    p.grad = np.ones(1)
    early = p.grad.dtype
    SGD([p], lr=0.1)
    p.grad = Tensor([2.0])
    assert (early, p.grad.dtype) == (np.float32, np.float32)


def test_a_vector_for_each_dtype():
    a, b, c = leaf([1.0], np.float32), leaf([2.0], np.float64), leaf([3.0], np.float32)
    optimizer = SGD([a, b, c], lr=0.5, momentum=0.9, weight_decay=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (a * b * c).sum().backward()
        optimizer.step()
    assert [p.dtype for p in (a, b, c)] == [np.float32, np.float64, np.float32]
    assert np.shares_memory(a.storage, c.storage)
    assert not np.shares_memory(a.storage, b.storage)


def test_a_step_is_the_same_in_the_dtypes_own_precision():
    model = small_model(np.float32)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    descend(model, optimizer, 20)
    reference = small_model()
    descend(reference, SGD(reference.parameters(), lr=0.1, momentum=0.9), 20)
    for a, b in zip(values_of(model), values_of(reference)):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_the_graph_does_not_grow_over_a_thousand_steps():
    def nodes():
        gc.collect()
        return sum(type(each) is tensor.Node for each in gc.get_objects())

    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=0.1)
    descend(model, optimizer)
    before = nodes()
    descend(model, optimizer, 1000)
    assert nodes() == before
    assert all(p.is_leaf for p in model.parameters())


@both_ways
@with_settings
def test_a_copied_model_and_optimizer_go_on_alike(make, settings):
    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.1, **settings)
    descend(model, optimizer, 3)
    again, its_optimizer = make((model, optimizer))
    stopped = values_of(model)
    descend(again, its_optimizer, 3)
    np.testing.assert_array_equal(model[0].weight.data, stopped[0])
    descend(model, optimizer, 3)
    for a, b in zip(values_of(model), values_of(again)):
        np.testing.assert_array_equal(a, b)
    assert np.shares_memory(again[0].weight.storage, again[2].weight.storage)


@both_ways
def test_a_model_copied_alone_can_be_trained(make):
    model = small_model()
    optimizer = SGD(model.parameters(), lr=0.1)
    descend(model, optimizer)
    again = make(model)
    before = values_of(model)
    descend(again, SGD(again.parameters(), lr=0.1))
    descend(model, optimizer)
    for a, b, old in zip(values_of(model), values_of(again), before):
        np.testing.assert_array_equal(a, b)
        assert (a != old).all()


def test_an_optimizer_copied_alone_has_parameters_of_its_own():
    p = leaf([1.0])
    optimizer = SGD([p], lr=0.1, momentum=0.9)
    p.grad = [1.0]
    optimizer.step()
    again = copy.deepcopy(optimizer)
    again.step()
    assert p.tolist() == [0.9]
    assert again.params[0].item() == pytest.approx(0.9 - 0.19)
