"""A delivered folder against its manifest: files of any kind, manifests of any kind, pins, and clocks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import canonical, delivered, digests, events, records
from govkit.core.delivered import DeliveredVerdict
from govkit.core.digests import FileDigest
from govkit.core.errors import Malformed
from govkit.core.gates.base import Verdict

NOW = "2026-11-27T00:00:00Z"
ZERO = f"sha256:{'0' * 64}"
COMMIT = f"git-sha1:{'1' * 40}"
REQUIREMENTS = canonical.encode({"approvals": {"on_overdue": "refuse"}})
SIGNATURE = b"-----BEGIN SSH SIGNATURE-----\n"


def file(path: str, content: bytes = b"x") -> FileDigest:
    """Return a file's digest."""
    return {"path": path, "sha256": digests.sha256(content), "size": len(content)}


FOLDER = [file("model/a.bin", b"a"), file("model/deep/b.bin", b"b")]
INNER = digests.directory([file("a.bin", b"a"), file("deep/b.bin", b"b")])


def event(weights: str, *, time: str = "2026-11-01T00:00:00Z", **body: Any) -> bytes:
    """Return a promotion's event."""
    said = {
        "kind": "promote",
        "version": "1.0.0",
        "stage": "production",
        "commit": COMMIT,
        "card": ZERO,
        "weights": weights,
        "requirements": digests.sha256(REQUIREMENTS),
        "policy": ZERO,
        "request": None,
        "decisions": [],
        "tag": {"name": "scorer#production#1", "id": COMMIT},
        **body,
    }
    head = {"size": 9, "root": ZERO}
    kind = "promotion.recorded"
    value = {"schema": "govkit.event/v1", "log": head, "type": kind, "time": time, "actor": "remy", "body": said}
    return canonical.encode({**value, "subject": "scorer", "evidence": {}})


def manifest(files: list[FileDigest], weights: str, *, raw: bytes = b"", **changes: Any) -> delivered.Manifest:
    """Return a manifest, with an event unless it is left out as in folders of an older govkit."""
    said = {
        "verdict": "proven",
        "model": "scorer",
        "stage": "production",
        "version": "1.0.0",
        "commit": COMMIT,
        "tag": "scorer#production#1",
        "kind": "promote",
        "override": False,
        "card": ZERO,
        "weights": weights,
        "promotion": events.identity(raw, SIGNATURE) if raw else ZERO,
        "log_root": ZERO,
        "remote": "",
        "head": {"size": 10, "root": ZERO},
        "proven": [],
        "on_trust": [],
        **{key: value for key, value in changes.items() if key != "requirements"},
    }
    more = {"event": raw.decode(), "signature": SIGNATURE.decode(), "requirements": changes.get("requirements", "")}
    return delivered.parse(canonical.encode({"schema": delivered.SCHEMA, "files": files, "promotion": said, **more}))


def judged(found: delivered.Manifest, seen: list[FileDigest], *, now: str = NOW, **pins: Any) -> DeliveredVerdict:
    """Hold files against a manifest."""
    return delivered.judge(found, None, {one["path"]: one for one in seen}, {}, now=now, **pins)


def shut(found: delivered.Manifest, seen: list[FileDigest], *, now: str = NOW, **pins: Any) -> set[str]:
    """Return the checks that do not open, the missing card apart."""
    return {check.gate for check in judged(found, seen, now=now, **pins).blocking} - {"card"}


def test_a_folder_has_the_digest_of_a_folder() -> None:
    """Of what lies in it, as the card has it; not of the files as they were delivered."""
    assert shut(manifest(FOLDER, INNER), FOLDER) == set()
    assert shut(manifest(FOLDER, digests.directory(FOLDER)), FOLDER) == {"weights"}


@pytest.mark.parametrize(
    "seen",
    [
        FOLDER[:1],
        [],
        [file("model/a.bin", b"b"), FOLDER[1]],
        [*FOLDER, file("model/c.bin")],
        [file("model/A.bin", b"a"), FOLDER[1]],
    ],
)
def test_anything_else_is_not_it(seen: list[FileDigest]) -> None:
    """A file less or more, another byte, or the same bytes under other names; under a manifest to them, too."""
    assert "files" in shut(manifest(FOLDER, INNER), seen)
    if seen:
        assert shut(manifest(seen, INNER), seen) == {"weights"}


def test_names_that_look_alike_are_told_apart() -> None:
    """One that is written with another letter is shown letter by letter."""
    composed, apart = "mod\u00e8le.bin", "mode\u0300le.bin"
    one = file(composed)
    found = delivered.judge(manifest([one], one["sha256"]), None, {}, {apart: "was not delivered"}, now=NOW)
    said = next(check.found for check in found.checks if check.gate == "files")
    assert "mod\\xe8le.bin' is missing" in said and "mode\\u0300le.bin' was not delivered" in said


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "a\\b", "a\0b", "card.json", "govkit-manifest.json"],
)
def test_paths_that_are_none(path: str) -> None:
    """A manifest that names one is refused as a whole."""
    with pytest.raises(Malformed):
        manifest([file(path)], INNER)


@pytest.mark.parametrize(
    "files", [[file("a"), file("b")], [file("model/a"), file("model2/b")], [file("model/a"), file("c")]]
)
def test_weights_are_one_thing(files: list[FileDigest]) -> None:
    """A file or a folder; a second one beside it is in no digest that anybody approved."""
    with pytest.raises(Malformed):
        manifest(files, INNER)


# -- what the promotion's event says ----------------------------------------------------------------------------------

ONE = [file("model.json")]
WEIGHTS = ONE[0]["sha256"]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"stage": "staging"},
        {"version": "2.0.0"},
        {"commit": f"git-sha1:{'2' * 40}"},
        {"kind": "rollback"},
        {"card": f"sha256:{'1' * 64}"},
        {"promotion": ZERO},
        {"tag": "scorer#production#2"},
        {"expires": "2027-01-01T00:00:00Z"},
        {"review_by": "2027-01-01T00:00:00Z"},
        {"requirements": "{}"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_manifest_that_says_something_else_than_its_event(changes: dict[str, Any]) -> None:
    """Each thing that the event says is compared, also where nothing is pinned."""
    raw = event(WEIGHTS)
    assert shut(manifest(ONE, WEIGHTS, raw=raw), ONE) == set()
    assert shut(manifest(ONE, WEIGHTS, raw=raw, **changes), ONE) == {"event"}


def test_only_a_pinned_record_proves() -> None:
    """The card apart, which is none here: a record that is another, or an event that is not there, refuses."""
    raw = event(WEIGHTS)
    record = events.identity(raw, SIGNATURE)
    found = judged(manifest(ONE, WEIGHTS, raw=raw), ONE, record=record)
    assert found.pinned and not any("nothing was pinned" in note for note in found.notes)
    assert shut(manifest(ONE, WEIGHTS, raw=raw), ONE, record=record, root=ZERO) == set()
    assert shut(manifest(ONE, WEIGHTS, raw=raw), ONE, record=ZERO) == {"record"}
    assert shut(manifest(ONE, WEIGHTS, promotion=record), ONE, record=record) == {"record"}
    assert shut(manifest(ONE, WEIGHTS), ONE, root=f"sha256:{'1' * 64}") == {"root"}
    assert any("nothing was pinned" in note for note in judged(manifest(ONE, WEIGHTS), ONE).notes)


# -- ends -------------------------------------------------------------------------------------------------------------

PAST, FUTURE = "2026-11-26T23:59:59Z", "2026-11-27T00:00:00Z"


@pytest.mark.parametrize(
    ("promotion", "found"),
    [
        ({"kind": "break-glass", "override": True, "expires": PAST}, {"override"}),
        ({"kind": "break-glass", "override": True, "expires": FUTURE}, set()),
        # Whether it is an override is the event's to say, not the manifest's.
        ({"kind": "break-glass", "override": False, "expires": PAST}, {"override"}),
        ({"kind": "rollback", "override": False, "expires": PAST}, {"override"}),
        ({"kind": "promote", "override": True, "expires": PAST}, {"override"}),
        # Under rules 1 a usual promotion could name an end, which meant nothing.
        ({"kind": "promote", "override": False, "expires": PAST}, set()),
    ],
)
@pytest.mark.parametrize("with_event", [True, False])
def test_an_override_ends_where_it_serves_too(promotion: dict[str, Any], found: set[str], with_event: bool) -> None:
    """Its end travels with the weights."""
    body = {key: value for key, value in promotion.items() if key != "override"}
    raw = event(WEIGHTS, **body) if with_event else b""
    assert shut(manifest(ONE, WEIGHTS, raw=raw, **promotion), ONE) == found


@pytest.mark.parametrize(
    ("due", "requirements", "found"),
    [
        (FUTURE, REQUIREMENTS, set()),
        (PAST, REQUIREMENTS, {"review"}),
        (PAST, canonical.encode({"approvals": {"on_overdue": "warn"}}), set()),
        (PAST, b"", {"review"}),
        (PAST, b"[]", {"review"}),
        (PAST, b"{", {"review"}),
        (PAST, canonical.encode({"approvals": {"on_overdue": "ignore"}}), {"review"}),
    ],
)
def test_an_overdue_review_refuses_unless_the_policy_only_warns(due: str, requirements: bytes, found: set[str]) -> None:
    """What the policy wanted travels along, bound by the event; where that cannot be told, it refuses."""
    raw = event(WEIGHTS, review_by=due, requirements=digests.sha256(requirements))
    changed = {"review_by": due, "requirements": requirements.decode()}
    assert shut(manifest(ONE, WEIGHTS, raw=raw, **changed), ONE) == found


def test_requirements_that_are_not_bound_do_not_count() -> None:
    """Kinder ones in the manifest contradict the event, and without an event nobody vouches for them."""
    kinder = canonical.encode({"approvals": {"on_overdue": "warn"}}).decode()
    raw = event(WEIGHTS, review_by=PAST)
    assert "event" in shut(manifest(ONE, WEIGHTS, raw=raw, review_by=PAST, requirements=kinder), ONE)
    assert shut(manifest(ONE, WEIGHTS, review_by=PAST, requirements=kinder), ONE) == {"review"}


def test_a_clock_that_stands_before_the_promotion_decides_nothing() -> None:
    """An end cannot be told by it; without an end it does not matter."""
    ends = {"kind": "break-glass", "expires": "2026-11-30T00:00:00Z"}
    raw = event(WEIGHTS, **ends)
    found = judged(manifest(ONE, WEIGHTS, raw=raw, override=True, **ends), ONE, now="1970-01-01T00:00:00Z")
    assert [check.verdict for check in found.checks if check.gate == "clock"] == [Verdict.INCONCLUSIVE]
    assert shut(manifest(ONE, WEIGHTS, raw=event(WEIGHTS)), ONE, now="1970-01-01T00:00:00Z") == set()
    over = {"kind": "break-glass", "expires": "2026-10-01T00:00:00Z"}
    raw = event(WEIGHTS, **over)
    assert "override" in shut(manifest(ONE, WEIGHTS, raw=raw, **over), ONE, now="1970-01-01T00:00:00Z")


# -- anything ---------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, st.sampled_from(["files", "promotion", "event", "signature", "requirements", "more"]))
def test_a_manifest_of_anything_is_refused_or_judged(value: Any, key: str) -> None:
    """Whatever stands in it: a refusal, never another error, and never proven."""
    raw = event(WEIGHTS)
    content = records.to_value(manifest(ONE, WEIGHTS, raw=raw))
    try:
        found = delivered.parse(canonical.encode({**content, key: value}))
    except Malformed:
        return
    assert delivered.judge(found, None, {}, {}, now=NOW).exit_code != 0
