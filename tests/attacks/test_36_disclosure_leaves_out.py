"""A bundle for an auditor leaves out the revocation, so that a revoked version looks as if it served.

Refused because a disclosure carries every leaf of the log: the head cannot be computed without the revocation's leaf,
and that leaf says whom the missing event is about. The same holds for a real zip, checked by the file that auditors get.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace
from rawlog import Raw, entries, find
from world import MODEL, World

from govkit.core import bundle as formats
from govkit.core import canonical, digests, disclosure, events, merkle, records
from govkit.core.disclosure import Shown
from govkit.core.errors import Refused
from govkit.core.events import Head
from govkit.evidence import verify_bundle

OTHER = "pricing"


class Bundle:
    """What somebody hands to an auditor: leaves, events in full, and the head that the auditor knows."""

    def __init__(self, raws: list[Raw], head: Head) -> None:
        self.raws = raws
        self.leaves = [events.leaf(raw.event, raw.signature) for raw in raws]
        self.shown = {i: Shown(raws[i].event, raws[i].signature) for i in disclosure.required(self.leaves, MODEL)}
        self.head = head

    def check(self) -> None:
        """Check it as the auditor does."""
        disclosure.check(self.leaves, self.shown, MODEL, self.head)

    def refused(self, reason: str) -> None:
        """Assert that the check refuses it for a reason."""
        with pytest.raises(Refused, match=re.escape(reason)) as caught:
            self.check()
        assert caught.value.exit_code == 1
        assert "ask for a whole one" in caught.value.fix


@pytest.fixture
def revoked(promoted: World) -> World:
    """A real log: 1.0.0 served and was revoked; two events are about another model."""
    promoted.push_signed("ada", type="checkpoint.recorded", subject=OTHER)
    promoted.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "leaks"})
    assert promoted.last().status == "good"
    promoted.push_signed("ada", type="checkpoint.recorded", subject=OTHER)
    assert "revocation: revoked by rita" in promoted.verify(expect=1).text
    return promoted


@pytest.fixture
def bundle(revoked: World) -> Bundle:
    """The honest bundle of that log."""
    return Bundle(entries(revoked), revoked.log().head)


def test_revocation_left_out(bundle: Bundle) -> None:
    """The event is not shown: its leaf tells."""
    at = find(bundle.raws, "version.revoked")
    del bundle.shown[at]
    bundle.refused(f"the disclosure leaves out event {at}: its leaf says that it is about '{MODEL}'")


def test_revocation_and_its_leaf_left_out(bundle: Bundle) -> None:
    """The leaf is taken out as well, or the tail with it: the head tells."""
    at = find(bundle.raws, "version.revoked")
    kept = [raw for index, raw in enumerate(bundle.raws) if index != at]
    for raws in (kept, bundle.raws[:at]):
        Bundle(raws, bundle.head).refused("the disclosure is of another log")


@pytest.mark.parametrize("change", ["subject", "signature", "junk"])
def test_leaf_of_the_revocation_disguised(bundle: Bundle, change: str) -> None:
    """A leaf that says that it is about another model, or holds another digest, makes another root."""
    at = find(bundle.raws, "version.revoked")
    lines = bundle.leaves[at].decode().split("\n")
    lines[1 if change == "subject" else 3] = OTHER if change == "subject" else digests.sha256(b"junk")
    bundle.leaves[at] = b"junk" if change == "junk" else "\n".join(lines).encode()
    del bundle.shown[at]
    bundle.refused("the disclosure is of another log")


def test_revocation_exchanged(bundle: Bundle) -> None:
    """Another event, or another signature, in its place does not fit its leaf."""
    at, other = find(bundle.raws, "version.revoked"), find(bundle.raws, "version.registered")
    honest = bundle.shown[at]
    for entry in (bundle.shown[other], replace(honest, signature=b"junk"), replace(honest, event=None)):
        bundle.shown[at] = entry
        bundle.refused(f"event {at} of the disclosure is not the log's: its bytes do not fit its leaf")


def test_policy_left_out(bundle: Bundle) -> None:
    """What concerns all models, such as the policy, may not be left out either."""
    del bundle.shown[0]
    bundle.refused("the disclosure leaves out event 0: its leaf says that it is about '*'")


def test_event_that_the_log_does_not_have(bundle: Bundle) -> None:
    """An event beyond the log, or before its start, is not the log's."""
    for index in (len(bundle.leaves), -1):
        bundle.shown[index] = bundle.shown[0]
        bundle.refused(f"event {index} of the disclosure is not the log's")
        del bundle.shown[index]


@pytest.mark.parametrize(
    "leaf",
    [b"", b"junk", b"govkit.leaf/v1\nscorer\n-\n-", b"govkit.leaf/v2\nscorer\n-\n-\n", b"govkit.leaf/v1\n a\n-\n-\n"],
)
def test_leaf_that_is_none_is_refused(leaf: bytes) -> None:
    """A leaf whose subject cannot be told could be about the model, even under a head that holds it."""
    with pytest.raises(Refused, match="leaf 0 of the disclosure cannot be read"):
        disclosure.required([leaf], MODEL)


def test_control(bundle: Bundle) -> None:
    """The whole bundle passes, without showing the other model's events, and with them."""
    others = [index for index, raw in enumerate(bundle.raws) if raw.value["subject"] == OTHER]
    assert len(others) == 2
    assert not set(others) & set(bundle.shown)
    bundle.check()
    bundle.shown |= {i: Shown(bundle.raws[i].event, bundle.raws[i].signature) for i in others}
    bundle.check()


# -- the same with a real zip ---------------------------------------------------------------------------------------


def test_real_bundle(revoked: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A zip without the revocation, however its manifest, claims and leaves are made to fit, is found by verify.py."""
    target, root = tmp_path / "bundle.zip", revoked.log().root_of_trust
    revoked.govkit("bundle", f"{MODEL}@1.0.0", "-o", str(target))
    with zipfile.ZipFile(target) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    at = find(entries(revoked), "version.revoked")

    def check(changed: dict[str, bytes | None], *words: str) -> tuple[int, str]:
        kept = {name: content for name, content in (files | changed).items() if content is not None}
        del kept[formats.MANIFEST]
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in {**kept, formats.MANIFEST: formats.manifest(kept)}.items():
                archive.writestr(name, content)
        capsys.readouterr()
        return verify_bundle.main([str(target), "--root", root, *words]), capsys.readouterr().out

    code, said = check({})
    assert (
        code == 0 and "REVOKED by rita" in said and "production: nothing: cleared, or its version was revoked" in said
    )
    gone: dict[str, bytes | None] = {
        **{f"events/{at:05}/{name}": None for name in (events.EVENT_FILE, events.SIGNATURE_FILE)},
        f"proofs/{at:05}.json": None,
    }
    claims = canonical.decode(files["claims.json"])
    del claims["events"][str(at)]
    for name in (name for name in files if name.startswith("gates/")):
        promotion = revoked.log().state.judged[int(name[6:11])].id
        serving = {"version": "1.0.0", "promotion": promotion, "kind": "promote", "override": False}
        claims["serving"][canonical.decode(files[name])["stage"]] = serving
    gone["claims.json"] = canonical.encode(claims)
    left_out = f"the event of event {at} is left out, which is about this model or all"
    assert check(gone) == (1, f"DISPROVEN: {left_out}\n")
    lines = files["leaves.txt"].split(b"\n")
    lines[4 * at + 1] = OTHER.encode()
    assert check({**gone, "leaves.txt": b"\n".join(lines)}) == (1, "DISPROVEN: the leaves do not make up the head\n")
    short = b"\n".join(lines[: 4 * at]) + b"\n"
    head = {"size": at, "root": verify_bundle.roots_of(Bundle(entries(revoked), revoked.log().head).leaves[:at])[-1]}
    gone["claims.json"] = canonical.encode({**claims, "head": head})
    code, said = check({**gone, "leaves.txt": short})
    assert (code, "an inclusion proof" in said or "is about something else" in said) == (1, True)
    known = revoked.log().head
    honest_then = _of_then(files, at, claims, head)
    assert check(honest_then)[0] == 0, "a bundle of that time is honest: what came after it cannot be seen in it"
    code, said = check(honest_then, "--head", f"{known.size}:{known.root}")
    assert (code, said) == (1, f"DISPROVEN: the bundle's log ends at {at}, before the head {known.size}\n")


def _of_then(files: dict[str, bytes], size: int, claims: object, head: object) -> dict[str, bytes | None]:
    """Return what changes in a bundle to make it the honest one of an earlier head."""
    assert isinstance(claims, dict) and isinstance(head, dict)
    lines = files["leaves.txt"].split(b"\n")
    leaves = [b"\n".join(lines[4 * index : 4 * index + 4]) + b"\n" for index in range(size)]
    prover = merkle.Prover([merkle.leaf_hash(leaf) for leaf in leaves])
    found: dict[str, bytes | None] = {"leaves.txt": b"".join(leaves)}
    for name in files:
        kind, _, rest = name.partition("/")
        if kind in ("events", "proofs"):
            index = int(rest[:5])
            if index >= size:
                found[name] = None
            elif kind == "proofs":
                found[name] = records.to_json(formats.inclusion(prover, index, size, leaves[index]))
    kept = {index: event for index, event in claims["events"].items() if int(index) < size}
    return {**found, "claims.json": canonical.encode({**claims, "head": head, "events": kept})}
