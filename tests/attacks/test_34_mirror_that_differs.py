"""A mirror is behind, ahead, or holds something else than the log.

``log verify --mirror`` says which, with the first index that differs; a mirror that holds something else is never
written to, and proves nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rawlog import entries, force, rewrite
from world import MODEL, World

from govkit.core import canonical, digests, mirrored

VERIFY = ("verify", MODEL, "--stage", "production")


@pytest.fixture
def folder(promoted: World) -> Path:
    """The folder of a mirror that has all nine events."""
    (promoted.folder / "mirror").mkdir()
    promoted.govkit("log", "mirror", url(promoted))
    return promoted.folder / "mirror" / mirrored.folder(promoted.log().root_of_trust)


def url(world: World) -> str:
    """Return the mirror's URL."""
    return f"file://{world.folder}/mirror"


def compare(world: World, expect: int = 1) -> str:
    """Compare the mirror with the log."""
    return world.govkit("log", "verify", "--mirror", url(world), expect=expect).text


def replace(path: Path, content: bytes) -> None:
    """Put something else into a file's place."""
    path.unlink()
    path.write_bytes(content)


def edit(path: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    """Change an object and write it as canonical JSON again."""
    value = canonical.decode(path.read_bytes())
    change(value)
    replace(path, canonical.encode(value))


def _text(part: str, old: str, new: str) -> Callable[[dict], None]:  # type: ignore[type-arg]
    """Return a change of a file's text that also mends its digest and size."""

    def change(value: dict) -> None:  # type: ignore[type-arg]
        found = value[part]
        found["text"] = found["text"].replace(old, new)
        found |= {"size": len(found["text"].encode()), "sha256": digests.sha256(found["text"].encode())}

    return change


EVENT, HEAD = mirrored.event_name, mirrored.head_name
TAMPERINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a byte": (
        lambda f: replace(f / EVENT(4), (f / EVENT(4)).read_bytes().replace(b"scorer", b"scores", 1)),
        "event 4: it is damaged: a file's bytes do not have the digest and size beside them",
    ),
    "the event, digests mended": (
        lambda f: edit(f / EVENT(4), _text("event", "scorer", "scoret")),
        "event 4: it is damaged: its leaf is not that of its event and signature",
    ),
    "the signature, digests mended": (
        lambda f: edit(f / EVENT(4), lambda v: (_text("signature", "A", "B")(v), v.update(signature=None))),
        "event 4: it is damaged: its leaf is not that of its event and signature",
    ),
    "evidence left out": (
        lambda f: edit(f / EVENT(1), lambda v: v["evidence"].clear()),
        "event 1: its evidence 'card.json' is another",
    ),
    "another event": (
        lambda f: replace(f / EVENT(5), (f / EVENT(6)).read_bytes()),
        "event 5: it is event 6",
    ),
    "white space": (
        lambda f: replace(f / EVENT(3), (f / EVENT(3)).read_bytes() + b"\n"),
        "event 3: it is damaged: not canonical",
    ),
    "nothing": (lambda f: replace(f / EVENT(2), b""), "event 2: it is damaged: not JSON"),
    "deep nesting": (lambda f: replace(f / EVENT(2), b"[" * 100_000), "event 2: it is damaged"),
    "a gap": (lambda f: (f / EVENT(3)).unlink(), "event 3 is missing, and later ones are there"),
    "a gap in the heads": (lambda f: (f / HEAD(3)).unlink(), "head 3 is missing, and later ones are there"),
    "another head": (
        lambda f: replace(f / HEAD(4), (f / HEAD(5)).read_bytes()),
        "head 4: it has another root, or is damaged",
    ),
    "a head of nothing": (lambda f: (f / HEAD(0)).write_bytes(b"{}"), "there is a head of no events"),
    "an event from nowhere": (
        lambda f: (f / EVENT(999_999_999_999)).write_bytes(b"{}"),
        "it has events/999999999999.json, and the log here 9 events",
    ),
    "a link": (
        lambda f: ((f / EVENT(2)).rename(f / "kept"), (f / EVENT(2)).symlink_to(f / "kept")),
        "event 2: it is no plain file",
    ),
    "a pipe": (lambda f: ((f / EVENT(2)).unlink(), os.mkfifo(f / EVENT(2))), "event 2: it is no plain file"),
    "a folder": (lambda f: ((f / EVENT(2)).unlink(), (f / EVENT(2)).mkdir()), "event 2: it is no plain file"),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_tampering_is_found(promoted: World, folder: Path, kind: str) -> None:
    """Whatever is done to an object, it is named with its index, and nothing is proven from the mirror alone."""
    tamper, reason = TAMPERINGS[kind]
    tamper(folder)
    text = compare(promoted)
    assert f"disproven: mirror {url(promoted)}: {reason}" in text
    assert "DISPROVEN: 9 events" in text
    if "head" not in kind:
        alone = promoted.govkit(*VERIFY, "--mirror", url(promoted), expect=None)
        missing = "event 1 cannot be decided why its evidence 'card.json' is missing"
        assert (alone.code, missing in alone.text) == (3, True) if kind == "evidence left out" else alone.code == 1
        assert "PROVEN" not in alone.text
    assert "PROVEN" in promoted.verify().text


def test_the_first_of_several_is_named_first(promoted: World, folder: Path) -> None:
    """Where much differs, the first index comes first."""
    for index in (7, 2, 5):
        replace(folder / EVENT(index), b"x")
    text = compare(promoted)
    assert text.index("event 2: it is damaged") < text.index("event 5: it is") < text.index("event 7: it is")


def test_behind_is_said(promoted: World, folder: Path) -> None:
    """A mirror that lags is no fault: by how much is said, and how it catches up."""
    promoted.push_event(promoted.make_event(type="finding.closed", actor="ada"), None)
    text = compare(promoted, expect=0)
    assert f"note: mirror {url(promoted)}: it is behind by 1 of 10 events; run: govkit log mirror" in text


def test_ahead_means_that_the_log_was_cut(promoted: World, folder: Path) -> None:
    """The branch lost its tail and this clone its memory: the mirror still has it."""
    force(promoted, promoted.log().commits[5])
    promoted.git("tag", "-d", *promoted.git("tag").split())
    text = compare(promoted)
    assert "it has 9 events, and the log here 6: this log is old, or its tail was cut off" in text
    assert "govkit log sync" in text
    text = promoted.govkit("log", "mirror", url(promoted), expect=1).text
    assert "AHEAD of the log here why: it has 9 events, and the log here 6" in text


def test_a_fork_is_never_pushed_over_a_mirror(promoted: World, folder: Path) -> None:
    """The history was rewritten from event 7 on: the mirror is not touched, and the first index is named."""
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    raws = entries(promoted)
    rewrite(promoted, [*raws[:7], raws[8], raws[7], raws[8]])
    text = promoted.govkit("log", "mirror", url(promoted), expect=1).text
    assert "DIFFERS why: it holds something else, first at event 7: its event is another" in text
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before
    assert "event 7: its event is another" in compare(promoted)
    promoted.forget()
    text = promoted.govkit(*VERIFY, "--mirror", url(promoted), expect=1).text
    assert "it differs from what this clone has seen, first at event 7" in text


def test_what_lies_beyond_the_log_is_named(promoted: World, folder: Path) -> None:
    """An object that no log made is not taken for a longer log."""
    (folder / HEAD(77)).write_bytes(b"{}")
    text = promoted.govkit("log", "mirror", url(promoted), expect=1).text
    assert "DIFFERS why: it has heads/000000000077.json, and the log here 9 events" in text


def test_a_fork_without_heads_is_not_completed(promoted: World, folder: Path) -> None:
    """Events that a stopped run left above the newest head are compared before anything is added."""
    shutil.rmtree(folder / "heads")
    replace(folder / EVENT(6), (folder / EVENT(5)).read_bytes())
    text = promoted.govkit("log", "mirror", url(promoted), expect=1).text
    assert "first at event 6: it is event 5" in text
    assert not (folder / "heads").exists()


def test_control(promoted: World, folder: Path) -> None:
    """An untouched mirror agrees, and proves by itself."""
    (folder / "events" / "README").write_text("of the operator")
    text = compare(promoted, expect=0)
    assert "proven: 9 events" in text
    assert "'events/README' is no object of a mirror" in text
    assert "PROVEN" in promoted.govkit(*VERIFY, "--mirror", url(promoted)).text
