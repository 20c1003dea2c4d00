"""The random numbers: the same in every run, thread and process, and saved and restored with their state."""

import copy
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.random import Generator, default, draws


def numbers(generator, count=3):
    return [draws(generator).random(4).tolist() for _ in range(count)]


def test_a_draw_is_philox_at_the_number_of_the_draw():
    generator = Generator(7)
    draws(generator)
    key = np.random.SeedSequence(7).generate_state(2, np.uint64)
    expected = np.random.Generator(np.random.Philox(key=key, counter=[0, 1, 0, 0])).random(5)
    np.testing.assert_array_equal(draws(generator).random(5), expected)
    assert repr(generator) == "Generator(draws=2)"


def test_every_draw_is_new_and_every_seed_too():
    first = numbers(Generator(1))
    assert first[0] != first[1] != first[2]
    assert first == numbers(Generator(1))
    assert first != numbers(Generator(2))
    assert numbers(Generator()) != numbers(Generator())


def test_both_kinds_of_generator_draw_the_same():
    one, two = Generator(3), Generator(3)
    draws(one), two.numpy()
    np.testing.assert_array_equal(draws(one).normal(size=5), two.numpy().normal(size=5))


def test_half_used_blocks_do_not_show():
    one, two = Generator(3), Generator(3)
    draws(one).random(1, dtype=np.float32)
    draws(two).random(2)
    assert numbers(one) == numbers(two)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_goes_on_alike(again):
    generator = Generator(5)
    draws(generator)
    assert numbers(again(generator)) == numbers(generator)


def test_the_state_is_all_there_is():
    one, two = Generator(1), Generator(2)
    draws(one)
    tg.assign(two.state, one.state)
    assert numbers(one) == numbers(two)


def test_threads_draw_what_one_draws_alone():
    found = {}

    def work(seed):
        found[seed] = numbers(Generator(seed), 50)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {seed: numbers(Generator(seed), 50) for seed in range(6)}


def test_a_shared_generator_gives_no_draw_twice():
    generator, found = Generator(1), []
    work = [lambda: found.extend(draws(generator).random() for _ in range(200))] * 4
    threads = [threading.Thread(target=each) for each in work]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(found)) == 800
    assert int(generator.state.numpy()[2]) == 800


def test_another_process_draws_the_same():
    code = "import tinygrad_like as tg; tg.seed(3); print(tg.random.draws().random(3).tolist())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    tg.seed(3)
    assert run.stdout.strip() == str(draws().random(3).tolist())
    tg.seed(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_waits_for_no_thread_that_it_has_no_more():
    code = """if True:
        import os, signal, threading, numpy as np, tinygrad_like as tg
        def work():
            tg.random.draws().random(2)
            w = tg.Tensor(np.ones(3), requires_grad=True)
            (w * w).sum().backward()
            w.data -= w[:2].detach().sum()
        def forever():
            while True:
                work()
        for _ in range(3):
            threading.Thread(target=forever, daemon=True).start()
        for _ in range(60):
            child = os.fork()
            if not child:
                signal.alarm(10)
                work()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        os._exit(0)
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_bad_seeds_change_nothing():
    tg.seed(4)
    before = default().state.numpy().copy()
    for wrong in (-1, 1.5, "one"):
        with pytest.raises(tg.ArgumentError, match="whole number"):
            tg.seed(wrong)
    np.testing.assert_array_equal(default().state.numpy(), before)
    with pytest.raises(tg.ArgumentError, match="generator must be"):
        draws(np.random.default_rng(0))
    tg.seed(None)
