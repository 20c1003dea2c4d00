"""Saved files: what was saved comes back, also from and to PyTorch; a damaged file is an error that changes nothing."""

import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.saving.files import metadata

FORMATS = ["npz", "safetensors"]
in_each = pytest.mark.parametrize("kind", FORMATS)
beside_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


class Net(tg.Layer):
    def __init__(self, width=3, seed=0):
        self.body = tg.Sequential(tg.Linear(2, width, seed=seed), tg.Tanh(), tg.Linear(width, 1, seed=seed + 1))
        self.steps = tg.Tensor(np.zeros((), np.int64))
        self.noise = tg.random.Generator(5)

    def forward(self, x):
        tg.assign(self.steps, self.steps + 1)
        return self.body(x + 0.1 * tg.random.draws(self.noise).normal(size=np.shape(x)))


def values(state):
    return {name: each.numpy().copy() for name, each in state.items()}


def same(one, two):
    assert list(one) == list(two)
    for name, each in one.items():
        assert each.dtype == two[name].dtype
        np.testing.assert_array_equal(each, two[name], err_msg=name)


@in_each
def test_a_model_comes_back(kind, tmp_path):
    one, two = Net(), Net(seed=7)
    one(np.ones((1, 2)))
    tg.save(one, tmp_path / f"net.{kind}", metadata={"lr": 0.1, "sizes": [2, 3]})
    assert two.load(tmp_path / f"net.{kind}") is two
    same(values(one.state_dict()), values(two.state_dict()))
    loaded = tg.load(tmp_path / f"net.{kind}")
    assert sorted(loaded) == sorted(one.state_dict())
    found = metadata(tmp_path / f"net.{kind}")
    assert (found["lr"], found["sizes"], found["model"]) == (0.1, [2, 3], "Net")
    assert found["tinygrad_like"] == tg.__version__
    assert os.listdir(tmp_path) == [f"net.{kind}"]


@in_each
def test_structures_come_back(kind, tmp_path):
    saved = {
        "arrays": [np.arange(3, dtype=np.int8), np.array(True), np.float32(2.5), tg.Tensor(np.ones((0, 2)))],
        "numbers": (1, 2.5, None, True, "text"),
        7: {"$tensor": "no name", "deep": {"er": (np.ones(1),)}},
        "big": np.array([2**63], np.uint64),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "half": np.array([1.5], np.float16),
    }
    tg.save(saved, tmp_path / f"x.{kind}")
    found = tg.load(tmp_path / f"x.{kind}")
    assert list(found) == list(saved)
    assert found["numbers"] == saved["numbers"]
    assert found[7]["$tensor"] == "no name"
    np.testing.assert_array_equal(found[7]["deep"]["er"][0], [1.0])
    for got, want in zip(found["arrays"], saved["arrays"]):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        np.testing.assert_array_equal(got.numpy(), np.asarray(want))
    for name in ("big", "fortran", "half"):
        np.testing.assert_array_equal(found[name].numpy(), saved[name])
        assert found[name].dtype == saved[name].dtype


def train(model, optimizer, steps):
    x = np.random.default_rng(0).normal(size=(8, 2))
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()


@in_each
def test_a_run_that_is_resumed_is_bit_equal(kind, tmp_path):
    model = Net()
    optimizer = tg.optim.AdamW(
        [{"params": model.body[0].parameters(), "lr": 0.1}, {"params": model.body[2].parameters()}]
    )
    train(model, optimizer, 3)
    run = {"model": model, "optimizer": optimizer, "generator": tg.random.default(), "epoch": 3}
    tg.save(run, tmp_path / f"run.{kind}")
    train(model, optimizer, 4)
    later = tg.random.draws().random(3)

    again = Net(seed=9)
    other = tg.optim.AdamW([{"params": again.body[0].parameters()}, {"params": again.body[2].parameters()}], lr=0.5)
    into = {"model": again, "optimizer": other, "generator": tg.random.default()}
    assert tg.load(tmp_path / f"run.{kind}", into=into)["epoch"] == 3
    train(again, other, 4)
    same(values(model.state_dict()), values(again.state_dict()))
    np.testing.assert_array_equal(tg.random.draws().random(3), later)


def test_what_does_not_fit_changes_nothing(tmp_path):
    model = Net()
    tg.save({"model": model, "optimizer": tg.SGD(model.parameters(), momentum=0.5)}, tmp_path / "run.npz")
    other, wider = Net(seed=3), Net(width=4)
    before = values(other.state_dict())
    with pytest.raises(tg.ArgumentError, match="groups of"):
        tg.load(tmp_path / "run.npz", into={"model": other, "optimizer": tg.SGD(other.body[0].parameters())})
    same(values(other.state_dict()), before)
    with pytest.raises(tg.FileError, match="has no 'nets'; it has model, optimizer"):
        tg.load(tmp_path / "run.npz", into={"nets": other})
    with pytest.raises(tg.FileError, match=r"holds not only a model\.\n.*into="):
        other.load(tmp_path / "run.npz")
    model.save(tmp_path / "net.npz")
    with pytest.raises(tg.FileError) as caught:
        wider.load(tmp_path / "net.npz")
    assert "net.npz, saved from Net, does not fit this Net" in str(caught.value)
    assert "body.0.weight: the shape is (4, 2), but the state has (3, 2)" in str(caught.value)
    same(values(other.state_dict()), before)


@in_each
def test_damaged_files_are_errors_that_name_them(kind, tmp_path):
    path = tmp_path / f"net.{kind}"
    tg.save(Net(), path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for cut in (0, 1, 8, 20, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(tg.FileError, match=rf"net\.{kind} cannot be read"):
            tg.load(path)
    seen = 0
    for _ in range(150):
        spoiled = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            spoiled[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(spoiled))
        try:
            tg.load(path)
        except tg.FileError:
            seen += 1
    assert seen > 20


def test_hostile_files_run_nothing_and_fill_no_memory(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, ("echo evil > " + str(tmp_path / "evil"),)

    path = tmp_path / "evil.npz"
    np.savez(path, weight=np.array([Evil()], dtype=object))
    with pytest.raises(tg.FileError, match="at weight"):
        tg.load(path)
    assert not (tmp_path / "evil").exists()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("weight.npy", b"\0" * 300_000_000)
    with pytest.raises(tg.FileError, match="would unpack to"):
        tg.load(path)
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("weight.npy", header.ljust(127) + b"\n")
    with pytest.raises(tg.FileError, match="at weight"):
        tg.load(path)
    length = (2**40).to_bytes(8, "little")
    (tmp_path / "x.safetensors").write_bytes(length + b"{}")
    with pytest.raises(tg.FileError, match="no whole safetensors"):
        tg.load(tmp_path / "x.safetensors")
    deep = {"structure": "[" * 100_000}
    tg.save({"a": np.ones(1)}, tmp_path / "x.npz")
    with zipfile.ZipFile(tmp_path / "y.npz", "w") as file, file.open("__metadata__.npy", "w") as member:
        np.lib.format.write_array(member, np.array(json.dumps(deep)), allow_pickle=False)
    with pytest.raises(tg.FileError, match="structure is damaged"):
        tg.load(tmp_path / "y.npz")


@in_each
def test_the_old_file_stays_when_writing_fails(kind, tmp_path, monkeypatch):
    path = tmp_path / f"net.{kind}"
    tg.save(Net(), path)
    content = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        tg.save(Net(seed=3), path)
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [path.name]


def test_a_killed_process_leaves_a_whole_file(tmp_path):
    code = f"""if True:
        import numpy as np, tinygrad_like as tg
        layer = tg.Linear(300, 300)
        while True:
            tg.save(layer, {str(tmp_path / "x.npz")!r})
            print("saved", flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert tg.Linear(300, 300).load(tmp_path / "x.npz").weight.shape == (300, 300)


def test_a_link_is_followed_and_permissions_are_usual(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "x.npz"
    link.symlink_to(tmp_path / "real" / "y.npz")
    tg.save(Net(), link)
    assert link.is_symlink()
    (tmp_path / "plain").touch()
    assert link.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("saved", "name", "error", "text"),
    [
        ({"x": object()}, "x.npz", tg.ArgumentError, "save an object at x"),
        ({"x": [lambda: 1]}, "x.npz", tg.ArgumentError, r"save a function at x\.0"),
        ({"a": {"b": np.ones(1)}, "a.b": np.ones(1)}, "x.npz", tg.ArgumentError, r"the name a\.b"),
        (np.ones(1), "x.pt", tg.FileError, r"x\.pt is neither"),
        (np.ones(1), "no/x.npz", FileNotFoundError, "There is no folder"),
        (np.ones(1, complex), "x.safetensors", tg.FileError, r"complex128.*\n.*\.npz"),
        (np.array(["a"]), "x.npz", tg.ArgumentError, "save an? ndarray"),
    ],
)
def test_what_cannot_be_saved(saved, name, error, text, tmp_path):
    with pytest.raises(error, match=text):
        tg.save(saved, tmp_path / name)
    assert not os.listdir(tmp_path)


def test_metadata_is_json_with_names_of_its_own(tmp_path):
    with pytest.raises(tg.ArgumentError, match="no JSON"):
        tg.save(Net(), tmp_path / "x.npz", metadata={"x": object()})
    with pytest.raises(tg.ArgumentError, match="cannot have the name 'format'"):
        tg.save(Net(), tmp_path / "x.npz", metadata={"format": "mine"})


@in_each
def test_names_that_are_like_those_of_the_format_stay_apart(kind, tmp_path):
    saved = {"w": np.zeros(1), "w.npy": np.ones(1), "../w.npy.npy": np.ones(2)}
    tg.save(saved, tmp_path / f"x.{kind}")
    found = tg.load(tmp_path / f"x.{kind}")
    assert {name: each.tolist() for name, each in found.items()} == {n: each.tolist() for n, each in saved.items()}


@in_each
@pytest.mark.parametrize("name", ["__metadata__", "a\0b", "\ud800", "n" * 70_000])
def test_names_that_would_not_come_back_are_refused(kind, name, tmp_path):
    with pytest.raises(tg.ArgumentError, match="cannot have the name"):
        tg.save({name: np.ones(1)}, tmp_path / f"x.{kind}")
    assert not os.listdir(tmp_path)


def test_what_contains_itself_is_refused(tmp_path):
    itself = {}
    itself["again"] = itself
    with pytest.raises(tg.ArgumentError, match="contains itself"):
        tg.save(itself, tmp_path / "x.npz")


def test_what_cannot_take_over_a_state(tmp_path):
    model, path = Net(), tmp_path / "x.npz"
    tg.save({"model": model, "epoch": 3}, path)
    with pytest.raises(tg.ArgumentError, match="into must be a dict"):
        tg.load(path, into=model)
    with pytest.raises(tg.ArgumentError, match=r"into\['epoch'\] is a int"):
        tg.load(path, into={"model": Net(width=4), "epoch": 4})
    with pytest.raises(tg.ArgumentError, match=r"into\['model'\]: The state does not fit this Net"):
        tg.load(path, into={"model": Net(width=4)})


def test_a_file_of_the_longest_name_and_its_permissions(tmp_path):
    path = tmp_path / ("n" * 251 + ".npz")
    tg.save(Net(), path)
    path.chmod(0o600)
    tg.save(Net(), path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_array_that_is_lost_is_noticed(tmp_path):
    """Where a comment in the directory of the archive seems to be so long that it hides what follows."""
    path = tmp_path / "x.npz"
    tg.save({"a": np.ones(1), "b": np.ones(1)}, path)
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
    content[second + 33] = 1
    path.write_bytes(bytes(content))
    with pytest.raises(tg.FileError, match="it has 2 of 3 arrays"):
        tg.load(path)


def test_archives_that_are_no_files_of_ours(tmp_path):
    path = tmp_path / "x.npz"
    for text in ("[]", '{"structure": 3}', "3"):
        with zipfile.ZipFile(path, "w") as file, file.open("__metadata__.npy", "w") as member:
            np.lib.format.write_array(member, np.array(text), allow_pickle=False)
        with pytest.raises(tg.FileError, match="no texts"):
            tg.load(path)
    with zipfile.ZipFile(path, "w") as file:
        for name in ("a", "a.npy"):
            with file.open(name, "w") as member:
                np.lib.format.write_array(member, np.ones(1), allow_pickle=False)
    with pytest.raises(tg.FileError, match="two arrays"):
        tg.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for i in range(20):
            file.writestr(f"{i}.npy", b"\0" * 10_000_000)
    with pytest.raises(tg.FileError, match="would unpack to"):
        tg.load(path)


def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(tg.MissingError, match=r"pip install 'tinygrad_like\[files\]'"):
        tg.save(Net(), tmp_path / "x.safetensors")
    with pytest.raises(FileNotFoundError):
        tg.load(tmp_path / "none.npz")


def test_bfloat16_is_widened(tmp_path):
    header = json.dumps({"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    wanted = np.array([1.5, -2.0], np.float32)
    data = (wanted.view(np.uint32) >> 16).astype("<u2").tobytes()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    np.testing.assert_array_equal(tg.load(path)["w"].numpy(), wanted)


@beside_torch
def test_pytorch_reads_ours_and_we_read_pytorchs(tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    ours = tg.Sequential(tg.Linear(2, 3, dtype=np.float32), tg.Tanh(), tg.Linear(3, 1, dtype=np.float32))
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    x = np.ones((4, 2), np.float32)
    tg.save(ours, tmp_path / "ours.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "ours.safetensors"))
    np.testing.assert_allclose(theirs(torch.from_numpy(x)).detach().numpy(), ours(x).numpy(), rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        theirs[0].weight.mul_(2)
    save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load(pathlib.Path(tmp_path / "theirs.safetensors"))
    np.testing.assert_allclose(theirs(torch.from_numpy(x)).detach().numpy(), ours(x).numpy(), rtol=1e-5, atol=1e-6)
