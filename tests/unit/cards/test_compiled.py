"""Templates that were compiled before: the same text, and nothing of another source, format or govkit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from govkit.cards.compiled import Compiled


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where bytecode is kept for a test."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def written(name: str, source: str, *rests_on: Path, shown: str = "") -> str:
    """Fill in a template in an environment of its own, as another process would."""
    environment = Environment(
        loader=DictLoader({"x": source}),
        finalize=lambda value: f"{value}{shown}",
        autoescape=True,
        bytecode_cache=Compiled(name, rests_on),
    )
    return environment.get_template("x").render()


def kept(folder: Path) -> dict[Path, bytes]:
    """Return what is kept."""
    return {path: path.read_bytes() for path in folder.rglob("*.jinja")}


def test_is_kept_and_used(folder: Path) -> None:
    """The second process reads what the first one compiled."""
    assert written("a", "{{ 'x' }}") == "x"
    (path, content), *others = kept(folder).items()
    assert not others
    assert path.stat().st_mode & 0o777 == 0o644
    path.write_bytes(content.replace(b"root", b"ruin"))  # the name of the function that Jinja looks for
    with pytest.raises(KeyError, match="root"):
        written("a", "{{ 'x' }}")


def test_only_for_the_same(folder: Path, tmp_path: Path) -> None:
    """What constants compile to depends on the format and on govkit's code: neither is mistaken for another."""
    source = tmp_path / "inert.py"
    source.write_text("1")
    assert written("a", "{{ 'x' }}", source, shown="1") == "x1"
    assert written("b", "{{ 'x' }}", source, shown="2") == "x2"
    assert written("a", "{{ 'y' }}", source, shown="1") == "y1"
    source.write_text("3")
    assert written("a", "{{ 'y' }}", source, shown="3") == "y3"


@pytest.mark.parametrize("content", [b"", b"j2", b"\0" * 100])
def test_broken_is_compiled_anew(folder: Path, content: bytes) -> None:
    """A file that was cut short, as by a full disk, is passed over."""
    written("a", "{{ 'x' }}")
    for path in kept(folder):
        path.write_bytes(content)
    assert written("a", "{{ 'x' }}") == "x"


def test_not_where_nothing_can_be_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folder cannot be written to, or Python keeps no bytecode, pages are made all the same."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert written("a", "{{ 'x' }}") == "x"
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", "/dev/null")
    assert written("a", "{{ 'x' }}") == "x"
    assert not kept(folder)
