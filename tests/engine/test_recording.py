"""no_grad and enable_grad: nested, as decorators, per thread and per asyncio task."""

import asyncio
import threading

import pytest

import tinygrad_like as tg
from tinygrad_like import Tensor, enable_grad, is_recording, no_grad
from tinygrad_like.engine.errors import ArgumentError


def records():
    """Whether an operation is recorded here, tried out."""
    tried = (Tensor(3.0, requires_grad=True) * 2).requires_grad
    assert tried == is_recording()
    return tried


def test_recording_is_on_at_first():
    assert records()


def test_no_grad_switches_it_off_and_back_on():
    with no_grad():
        assert not records()
    assert records()


def test_nesting():
    seen = []
    with no_grad():
        with enable_grad():
            seen.append(records())
            with no_grad():
                seen.append(records())
            seen.append(records())
        seen.append(records())
    assert seen == [True, False, True, False]


def test_the_same_context_manager_can_be_entered_again():
    off = no_grad()
    with off, off:
        assert not records()
    assert records()
    with off:
        assert not records()


@pytest.mark.parametrize("context", [no_grad, enable_grad])
def test_an_error_inside_restores_the_setting(context):
    before = records()
    with pytest.raises(ZeroDivisionError), context():
        raise ZeroDivisionError
    assert records() == before


def test_as_decorators():
    @no_grad()
    def off():
        return records(), on()

    @enable_grad()
    def on():
        return records()

    assert off() == (False, True)
    assert records()


def test_a_decorator_keeps_name_arguments_and_docstring():
    @no_grad()
    def scale(x, *, by):
        """Scaled."""
        return x * by

    assert (scale.__name__, scale.__doc__, scale(3, by=2)) == ("scale", "Scaled.", 6)


def test_what_runs_after_its_call_returns_cannot_be_decorated():
    async def coroutine():
        return records()

    def generator():
        yield records()

    for function in (coroutine, generator):
        text = rf"no_grad cannot decorate {function.__name__}(.|\n)*with no_grad\(\):"
        with pytest.raises(ArgumentError, match=text):
            no_grad()(function)


def test_a_decorated_function_can_call_itself():
    @no_grad()
    def countdown(n):
        return countdown(n - 1) if n else records()

    assert not countdown(5)
    assert records()


def test_a_leaf_made_inside_no_grad_requires_a_gradient_outside():
    with no_grad():
        x = Tensor(2.0, requires_grad=True)
    (x * x).backward()
    assert x.grad.item() == 4.0


def test_what_is_computed_in_no_grad_is_a_constant():
    x = Tensor(2.0, requires_grad=True)
    with no_grad():
        factor = x * 10
    (x * factor).backward()
    assert x.grad.item() == 20.0


def test_backward_works_inside_no_grad():
    x = Tensor(3.0, requires_grad=True)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad.item() == 6.0


def test_create_graph_works_inside_no_grad():
    x = Tensor(3.0, requires_grad=True)
    y = x * x * x
    with no_grad():
        y.backward(create_graph=True)
    first, x.grad = x.grad, None
    first.backward()
    assert x.grad.item() == 18.0


def test_a_layer_is_not_recorded_in_no_grad():
    layer = tg.Linear(2, 1)
    with no_grad():
        assert not layer([[1.0, 2.0]]).requires_grad


def in_threads(*functions):
    """Run functions, each in a thread of its own, and give their results."""
    results = [None] * len(functions)

    def keep(i):
        results[i] = functions[i]()

    threads = [threading.Thread(target=keep, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_no_grad_here_leaves_other_threads_recording():
    with no_grad():
        assert in_threads(records) == [True]
        assert not records()


def test_threads_do_not_disturb_each_other():
    both_inside = threading.Barrier(2)

    def off():
        with no_grad():
            both_inside.wait(10)
            seen = records()
            both_inside.wait(10)
        return seen, records()

    def on():
        both_inside.wait(10)
        seen = records()
        both_inside.wait(10)
        return seen, records()

    assert in_threads(off, on) == [(False, True), (True, True)]


def test_two_threads_can_share_a_context_manager():
    off, turn = no_grad(), threading.Barrier(2)

    def first():
        with off:
            turn.wait(10)
            turn.wait(10)
        turn.wait(10)
        return records()

    def second():
        turn.wait(10)
        with off:
            turn.wait(10)
            turn.wait(10)
            return records()

    assert in_threads(first, second) == [True, False]


def test_backward_in_threads_on_graphs_of_their_own():
    def slope(value):
        x = Tensor(value, requires_grad=True)
        for _ in range(50):
            (x * x).backward()
        return x.grad.item()

    assert in_threads(lambda: slope(1.0), lambda: slope(2.0)) == [100.0, 200.0]


def test_asyncio_tasks_do_not_disturb_each_other():
    async def off():
        with no_grad():
            await asyncio.sleep(0)
            seen = records()
            await asyncio.sleep(0)
        return seen, records()

    async def on():
        seen = []
        for _ in range(3):
            seen.append(records())
            await asyncio.sleep(0)
        return all(seen)

    async def both():
        return await asyncio.gather(off(), on(), off())

    assert asyncio.run(both()) == [(False, True), True, (False, True)]


def test_a_task_inherits_the_setting_it_was_started_in():
    async def inner():
        return records()

    async def outer():
        with no_grad():
            task = asyncio.create_task(inner())
        return await task, records()

    assert asyncio.run(outer()) == (False, True)


@pytest.mark.parametrize("wrong", [dict, classmethod(len), 1, "f"], ids=str)
def test_what_cannot_be_decorated(wrong):
    with pytest.raises(tg.TinygradError, match="takes a function or nothing"):
        tg.no_grad()(wrong)
