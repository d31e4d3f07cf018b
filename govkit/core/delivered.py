"""What travels with weights, ``govkit.manifest/v1``, and whether a folder still is what was delivered.

The manifest holds the promotion's own event and signature. Its identity, the leaf hash of both, is the *record* that
a deployment pins: whoever writes to the folder can write another manifest, but none whose event has that identity.
So whatever the event says counts, and what the manifest says besides must agree with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypedDict

from govkit.core import canonical, card, compatibility, digests, events, limits, records
from govkit.core.card import Card
from govkit.core.compatibility import Target
from govkit.core.digests import FileDigest
from govkit.core.ends import Ends
from govkit.core.errors import Malformed
from govkit.core.events import Event, Head, PromotionKind, PromotionRecorded
from govkit.core.gates.base import Check
from govkit.core.records import Digest, GitId, Instant, Model, Record, Stage, Text, Version
from govkit.core.verdict import VerifyVerdict, proof, sum_up

SCHEMA: Final = "govkit.manifest/v1"
VERDICT_SCHEMA: Final = "govkit.delivered/v1"
CARD, MANIFEST = "card.json", "govkit-manifest.json"
_LEFT_OUT = ("schema", "checks", "notes")
#: How many things that are wrong with files are named one by one.
_MANY = 3
UNPINNED: Final = (
    "nothing was pinned, so this says that nothing was damaged since it was delivered, not who let it in: whoever can "
    "write to the folder can write such a manifest, too; pin the promotion with --record"
)
NO_LOG: Final = (
    "a revocation, or a newer promotion, is not to be seen from a folder: 'govkit verify MODEL' asks the log"
)


class File(TypedDict):
    """A delivered file: its path in the folder, SHA-256 and size in bytes."""

    path: str
    sha256: str
    size: int


class Delivered(Record, frozen=True):
    """What the verifier found when the weights were fetched: as ``govkit.verdict/v1``, without its checks."""

    verdict: Literal["proven"]
    model: Model
    stage: Stage
    version: Version
    commit: GitId
    tag: str
    kind: PromotionKind
    override: bool
    card: Digest
    weights: Digest
    promotion: Digest
    log_root: Digest
    remote: str
    head: Head
    proven: list[str]
    on_trust: list[str]
    expires: Instant | None = None
    review_by: Instant | None = None


class Manifest(Record, frozen=True):
    """What was delivered, and by which promotion.

    Attributes:
        files: every file of the weights.
        promotion: what the verifier found when it was fetched.
        event: the text of the promotion's ``event.json``.
        signature: the text of its signature.
        requirements: what the policy required of it then, as canonical JSON; the event names its digest. Empty where
            nothing in it is needed, which is where there is no day of review.
    """

    schema: Literal["govkit.manifest/v1"]
    files: list[File]
    promotion: Delivered
    event: str = ""
    signature: str = ""
    requirements: str = ""


class DeliveredVerdict(Record, frozen=True):
    """Whether a folder is what was delivered.

    Attributes:
        verdict: ``proven`` if it also is the promotion that was pinned (exit code 0), ``intact`` if nothing was
            pinned (0), ``refused`` (1) or ``undecided`` (3).
        model: the model.
        stage: the stage.
        version: the version.
        promotion: identity of the promotion's event, as the manifest has it.
        log_root: the root of trust of the log that the manifest names.
        pinned: whether the record was pinned, so that nobody can have written another manifest.
        files: how many files were read.
        size: how many bytes they have.
        checks: what was checked.
        notes: what this does not prove.
    """

    schema: Literal["govkit.delivered/v1"]
    verdict: Literal["proven", "intact", "refused", "undecided"]
    model: Model
    stage: Stage
    version: Version
    promotion: Digest
    log_root: Digest
    pinned: bool
    files: int
    size: int
    checks: list[Check]
    notes: list[Text] = []

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


def manifest(
    result: VerifyVerdict, listing: list[FileDigest], event: bytes, signature: bytes, requirements: bytes = b""
) -> bytes:
    """Return the canonical bytes of the manifest of a delivery.

    Args:
        result: the verdict, which must be ``proven``.
        listing: every file of the weights.
        event: the promotion's ``event.json``.
        signature: its signature.
        requirements: what the policy required of it, if that is needed; see :class:`Manifest`.

    Raises:
        Malformed: if nobody could read it back: too many files, or paths that cannot be.
    """
    kept = {key: value for key, value in records.to_value(result).items() if key not in _LEFT_OUT}
    content = canonical.encode(
        {
            "schema": SCHEMA,
            "files": list(listing),
            "promotion": kept,
            "event": event.decode(),
            "signature": signature.decode(),
            "requirements": requirements.decode(),
        }
    )
    parse(content)
    return content


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
            raise Malformed(f"it names {path[:200]!r}, which is no file of a delivery")
    if len({path.partition("/")[0] for path in paths}) != 1:
        raise Malformed("weights are one file, or one folder")
    return found


def judge(
    found: Manifest,
    raw_card: bytes | None,
    seen: Mapping[str, FileDigest],
    wrong: Mapping[str, str],
    *,
    now: str,
    record: str | None = None,
    root: str | None = None,
    target: Target | None = None,
) -> DeliveredVerdict:
    """Hold a folder against its manifest.

    Args:
        found: the manifest.
        raw_card: the bytes of ``card.json``; None if there is none that can be read.
        seen: the listed files that are there, digested, by path.
        wrong: by path, what else is wrong in the folder: files more or less, links, what cannot be read.
        now: the instant, as records write it.
        record: the identity of the promotion that must have delivered it; None if nothing is pinned.
        root: the root of trust of the log that it must come from; None for any.
        target: where it is about to run; None if that is not asked.
    """
    said = found.promotion
    event, checks = _event(found)
    checks = [_files(found, seen, wrong), _weights(found, seen), *checks, *_pins(found, record, root)]
    card_checks, contract = _card(said, raw_card, found.files)
    checks += card_checks
    ends = Ends(now, event.time if event else now, said.kind, said.override, said.expires, said.review_by)
    # Whose digest the event names; without one nobody vouches for them.
    checks += ends.checks(contract, found.requirements if event else "")
    checks += compatibility.judge(contract, target) if contract and target else []
    outcome = sum_up(checks)
    return DeliveredVerdict(
        schema="govkit.delivered/v1",
        verdict="intact" if outcome == "proven" and record is None else outcome,
        model=said.model,
        stage=said.stage,
        version=said.version,
        promotion=said.promotion,
        log_root=said.log_root,
        pinned=record is not None,
        files=len(seen),
        size=sum(file["size"] for file in seen.values()),
        checks=checks,
        notes=[*([UNPINNED] if record is None else []), NO_LOG],
    )


# -- the files ------------------------------------------------------------------------------------------------------


def _files(found: Manifest, seen: Mapping[str, FileDigest], wrong: Mapping[str, str]) -> Check:
    listed = {file["path"]: file for file in found.files}
    said = dict(wrong)
    for path, file in listed.items():
        own = seen.get(path)
        if own is None:
            said.setdefault(path, "is missing")
        elif (own["sha256"], own["size"]) != (file["sha256"], file["size"]):
            said[path] = f"has {own['sha256']}, delivered was {file['sha256']}"
    for path in seen.keys() - listed.keys():
        said[path] = "was not delivered"
    lines = [f"{_name(path, said)} {said[path]}" for path in sorted(said)[:_MANY]]
    more = [f"and {len(said) - _MANY} more"] if len(said) > _MANY else []
    words = "; ".join([*lines, *more]) or f"{len(seen):,} files"
    return proof("files", not said, "every delivered file, unchanged, and nothing else", words)


def _name(path: str, among: Iterable[str]) -> str:
    """Return a path as it is shown: letter by letter where another one among them looks the same."""
    alike = sum(_looks(other) == _looks(path) for other in among)
    return ascii(path) if alike > 1 else path


def _looks(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()


def _weights(found: Manifest, seen: Mapping[str, FileDigest]) -> Check:
    """Say whether the files together have the digest that was approved: that of one file, or of a folder."""
    required, paths = f"the approved weights, {found.promotion.weights}", sorted(seen)
    if set(paths) != {file["path"] for file in found.files}:
        return proof("weights", False, required, "not all of the files can be read")
    if len(paths) == 1 and "/" not in paths[0]:
        own = seen[paths[0]]["sha256"]
    else:
        inner: list[FileDigest] = [
            {"path": path.partition("/")[2], "sha256": seen[path]["sha256"], "size": seen[path]["size"]}
            for path in paths
        ]
        own = digests.directory(inner)
    return proof("weights", own == found.promotion.weights, required, own)


# -- the promotion --------------------------------------------------------------------------------------------------


def _event(found: Manifest) -> tuple[Event | None, list[Check]]:
    """Return the promotion's event, and whether the manifest says what it says; None if there is none to be read."""
    required = "the promotion's own event says what the manifest says"
    if not found.event:
        return None, []
    try:
        event = events.parse(found.event.encode())
        body = events.body(event)
    except (Malformed, UnicodeEncodeError) as error:
        return None, [proof("event", False, required, str(error))]
    if not isinstance(body, PromotionRecorded):
        return None, [proof("event", False, required, f"it is a {event.type}")]
    said = found.promotion
    own = events.identity(found.event.encode(), found.signature.encode())
    names = ("version", "stage", "commit", "kind", "card", "weights", "expires", "review_by")
    pairs = {"model": event.subject, "promotion": own, "tag": body.tag.name}
    pairs |= {name: getattr(body, name) for name in names}
    wrong = [
        f"{name}: {value}, the manifest has {getattr(said, name)}"
        for name, value in pairs.items()
        if value != getattr(said, name)
    ]
    if found.requirements and digests.sha256(found.requirements.encode()) != body.requirements:
        wrong.append("requirements: the manifest has others")
    return event, [proof("event", not wrong, required, "; ".join(wrong) or own)]


def _pins(found: Manifest, record: str | None, root: str | None) -> Iterator[Check]:
    """Hold the manifest against what was pinned."""
    if record is not None:
        fix = "deploy what the record names, or pin the newer record on purpose"
        required = f"the promotion {record}"
        own = found.promotion.promotion if found.event else "the manifest does not hold its promotion's event"
        yield proof("record", own == record, required, own, fix)
    if root is not None:
        own = found.promotion.log_root
        yield proof("root", own == root, f"from the log with the root {root}", own, "find out where it comes from")


# -- the card -------------------------------------------------------------------------------------------------------


def _card(said: Delivered, raw: bytes | None, files: list[File]) -> tuple[list[Check], card.Contract | None]:
    """Say whether the card is the approved one, and of these weights; return its contract."""
    required = f"the approved card, {said.card}"
    own = digests.sha256(raw) if raw is not None else "it is missing"
    if raw is None or own != said.card:
        return [proof("card", False, required, own)], None
    try:
        found: Card = card.parse(raw)
    except Malformed as error:
        return [proof("card", False, "a card that this govkit reads", str(error))], None
    name, slash, _ = files[0]["path"].partition("/")
    pairs = (
        ("model", found.model.name, said.model),
        ("weights", found.weights.sha256, said.weights),
        ("name", found.weights.path.rpartition("/")[2], name),
        ("kind", "a folder" if found.weights.is_folder else "a file", "a folder" if slash else "a file"),
    )
    wrong = [
        f"{what}: the card has {of_card}, delivered was {other}" for what, of_card, other in pairs if of_card != other
    ]
    return [proof("card", not wrong, required, "; ".join(wrong) or own)], found.statements.contract
