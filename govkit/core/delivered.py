"""What travels with weights, ``govkit.manifest/v1``, and whether a folder still is what was delivered.

The manifest holds the promotion's own event and signature. Its identity, the leaf hash of both, is the *record* that
a deployment pins: whoever writes to the folder can write another manifest, but none whose event has that identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypedDict

from govkit.core import canonical, card, compatibility, digests, events, limits, records
from govkit.core.card import Card
from govkit.core.compatibility import Target
from govkit.core.digests import FileDigest
from govkit.core.errors import Malformed
from govkit.core.events import PromotionRecorded
from govkit.core.gates.base import Check, Verdict
from govkit.core.records import Digest, Record
from govkit.core.verdict import VerifyVerdict, sum_up

SCHEMA: Final = "govkit.manifest/v1"
VERDICT_SCHEMA: Final = "govkit.delivered/v1"
CARD, MANIFEST = "card.json", "govkit-manifest.json"
_LEFT_OUT = ("schema", "checks", "notes")


class File(TypedDict):
    """A delivered file: its path in the folder, SHA-256 and size in bytes."""

    path: str
    sha256: str
    size: int


class Manifest(Record, frozen=True):
    """What was delivered, and by which promotion.

    Attributes:
        files: every file of the weights.
        promotion: what the verifier found when it was fetched, without its checks.
        event: the text of the promotion's ``event.json``; empty in folders of an older govkit.
        signature: the text of its signature.
    """

    schema: Literal["govkit.manifest/v1"]
    files: list[File]
    promotion: dict[str, Any]
    event: str = ""
    signature: str = ""


class DeliveredVerdict(Record, frozen=True):
    """Whether a folder is what was delivered.

    Attributes:
        verdict: ``proven`` if it also is the promotion that was pinned (exit code 0), ``intact`` if nothing was
            pinned (0), ``refused`` (1) or ``undecided`` (3).
        model: the model.
        stage: the stage.
        version: the version.
        promotion: identity of the promotion's event, as the manifest has it.
        pinned: whether the record was pinned, so that nobody can have written another manifest.
        files: how many files were read.
        size: how many bytes they have.
        checks: what was checked.
    """

    schema: Literal["govkit.delivered/v1"]
    verdict: Literal["proven", "intact", "refused", "undecided"]
    model: str
    stage: str
    version: str | None
    promotion: Digest | None
    pinned: bool
    files: int
    size: int
    checks: list[Check]

    @property
    def title(self) -> str:
        """What was checked, in words."""
        return f"delivered: {self.model}@{self.version} for {self.stage}"

    @property
    def exit_code(self) -> int:
        """The process's exit code for this verdict."""
        return {"proven": 0, "intact": 0, "refused": 1, "undecided": 3}[self.verdict]

    @property
    def blocking(self) -> list[Check]:
        """The checks that stand in the way."""
        return [check for check in self.checks if not check.verdict.opens]


def manifest(result: VerifyVerdict, listing: list[FileDigest], event: bytes, signature: bytes) -> bytes:
    """Return the canonical bytes of the manifest of a delivery."""
    kept = {key: value for key, value in records.to_value(result).items() if key not in _LEFT_OUT}
    return canonical.encode(
        {
            "schema": SCHEMA,
            "files": list(listing),
            "promotion": kept,
            "event": event.decode(),
            "signature": signature.decode(),
        }
    )


def parse(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        Malformed: if it is none, names a file twice, or one that does not lie in the folder.
    """
    found = records.from_value(canonical.decode(data, limit=limits.GENERATED), Manifest)
    paths = [file["path"] for file in found.files]
    if len(set(paths)) != len(paths) or not paths:
        raise Malformed("it names no file, or one twice")
    for path in paths:
        parts = path.split("/")
        if not all(parts) or {".", ".."} & set(parts) or "\\" in path or "\0" in path or path in (CARD, MANIFEST):
            raise Malformed(f"it names {path!r}, which is no file of a delivery")
    return found


def judge(
    found: Manifest,
    raw_card: bytes | None,
    seen: Mapping[str, FileDigest],
    strange: list[str],
    *,
    now: str,
    record: str | None = None,
    target: Target | None = None,
) -> DeliveredVerdict:
    """Hold a folder against its manifest.

    Args:
        found: the manifest.
        raw_card: the bytes of ``card.json``; None if there is none.
        seen: the plain files of the folder beside these two, digested, by path.
        strange: what else lies there: links, devices.
        now: the instant, as records write it.
        record: the identity of the promotion that must have delivered it; None if nothing is pinned.
        target: where it is about to run; None if that is not asked.
    """
    said = found.promotion
    checks = [*_files(found, seen, strange), _weights(found, seen), *_record(found, record), *_ends(said, now)]
    checks += _card(said, raw_card, now, target)
    outcome = sum_up(checks)
    word: Any = "intact" if outcome == "proven" and record is None else outcome
    return DeliveredVerdict(
        schema="govkit.delivered/v1",
        verdict=word,
        model=str(said.get("model")),
        stage=str(said.get("stage")),
        version=_text(said.get("version")),
        promotion=_digest(said.get("promotion")),
        pinned=record is not None,
        files=len(seen),
        size=sum(file["size"] for file in seen.values()),
        checks=checks,
    )


def _check(name: str, good: bool, required: str, found: str, fix: str = "fetch it again with 'govkit get'") -> Check:
    verdict = Verdict.PASS if good else Verdict.FAIL
    return Check(gate=name, type="proof", verdict=verdict, required=required, found=found, fix="" if good else fix)


def _files(found: Manifest, seen: Mapping[str, FileDigest], strange: list[str]) -> Iterator[Check]:
    listed = {file["path"]: file for file in found.files}
    wrong = [f"{path} is missing" for path in sorted(listed.keys() - seen.keys())]
    wrong += [f"{path} was not delivered" for path in sorted(seen.keys() - listed.keys())]
    wrong += [f"{path} is no plain file" for path in strange]
    wrong += [
        f"{path} has {seen[path]['sha256']}, delivered was {listed[path]['sha256']}"
        for path in sorted(listed.keys() & seen.keys())
        if (seen[path]["sha256"], seen[path]["size"]) != (listed[path]["sha256"], listed[path]["size"])
    ]
    some = "; ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    yield _check("files", not wrong, "every delivered file, unchanged, and nothing else", some or f"{len(seen)} files")


def _weights(found: Manifest, seen: Mapping[str, FileDigest]) -> Check:
    """Say whether the files together have the digest that was approved: that of one file, or of a folder."""
    approved, paths = found.promotion.get("weights"), sorted(seen)
    if len(paths) == 1 and "/" not in paths[0]:
        own = seen[paths[0]]["sha256"]
    else:
        tops = {path.partition("/")[0] for path in paths}
        inner: list[FileDigest] = [
            {"path": path.partition("/")[2], "sha256": seen[path]["sha256"], "size": seen[path]["size"]}
            for path in paths
            if "/" in path
        ]
        own = digests.directory(inner) if len(tops) == 1 and len(inner) == len(paths) else "no weights"
    return _check("weights", own == approved, f"the approved weights, {approved}", own)


def _record(found: Manifest, record: str | None) -> Iterator[Check]:
    """Say whether the manifest is that of the pinned promotion, and says what that promotion says."""
    said, required = found.promotion, "the promotion's own event says what the manifest says"
    if not found.event:
        if record is not None:
            yield _check("record", False, f"the promotion {record}", "the manifest does not hold its promotion's event")
        return
    event, signature = found.event.encode(), found.signature.encode()
    own = events.identity(event, signature)
    try:
        parsed = events.parse(event)
        body = events.body(parsed)
    except Malformed as error:
        yield _check("record", False, required, str(error))
        return
    if not isinstance(body, PromotionRecorded):
        yield _check("record", False, required, f"it is a {parsed.type}")
        return
    pairs = {
        "model": parsed.subject,
        "promotion": own,
        **{name: getattr(body, name) for name in ("version", "stage", "commit", "card", "weights", "expires")},
    }
    wrong = [
        f"{name}: {value}, the manifest has {said.get(name)}"
        for name, value in pairs.items()
        if value != said.get(name)
    ]
    yield _check("event", not wrong, required, "; ".join(wrong) or own)
    if record is not None:
        fix = "deploy what the record names, or pin the newer record on purpose"
        yield _check("record", own == record, f"the promotion {record}", own, fix)


def _ends(said: Mapping[str, Any], now: str) -> Iterator[Check]:
    expires, required = said.get("expires"), "an override serves for a short time only"
    # Under rules 1 a usual promotion could name an end, which meant nothing.
    if expires is not None and said.get("override") is not False:
        found = f"{'ended' if str(expires) < now else 'ends'} at {expires}"
        yield _check("override", str(expires) >= now, required, found, "promote it the usual way")


def _card(said: Mapping[str, Any], raw: bytes | None, now: str, target: Target | None) -> Iterator[Check]:
    required = f"the approved card, {said.get('card')}"
    own = digests.sha256(raw) if raw is not None else "it is missing"
    yield _check("card", own == said.get("card"), required, own)
    if raw is None or own != said.get("card"):
        return
    try:
        found: Card = card.parse(raw)
    except Malformed as error:
        yield _check("card", False, "a card that this govkit reads", str(error))
        return
    contract = found.statements.contract
    valid = compatibility.validity(contract, now)
    yield from [valid] if valid else []
    yield from compatibility.judge(contract, target) if target else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _digest(value: Any) -> str | None:
    return value if isinstance(value, str) and digests.is_sha256(value) else None
