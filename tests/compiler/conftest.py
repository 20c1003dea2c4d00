"""A place for compiled libraries, and a compiler, of a test's own."""

import pytest

from tinygrad_like.compiler.to_c import native


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty place for compiled libraries."""
    monkeypatch.setenv("TINYGRAD_LIKE_CACHE", str(tmp_path / "cache"))
    native.reset()
    yield tmp_path / "cache"
    native.reset()


@pytest.fixture
def use(cache, monkeypatch):
    """Makes a script `$CC`, as one that was just installed."""

    def choose(command):
        monkeypatch.setenv("CC", str(command))
        native.reset()
        return command

    return choose
