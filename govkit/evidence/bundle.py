"""The bundle that is handed to an auditor: what the log holds about one version, in a zip that proves itself offline.

It carries every leaf of the log, and in full the events of the model and those of all. Nothing in it is needed from
this repository to check it: ``verify.py`` in it works everything out anew (:mod:`govkit.evidence.verify_bundle`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from importlib import metadata, resources
from pathlib import Path

from msgspec import Struct

from govkit.core import bundle as formats
from govkit.core import digests, disclosure, records
from govkit.core.bundle import BytesClaim
from govkit.core.entities import Promotion, Version
from govkit.core.errors import GovkitError, Refused
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, Head
from govkit.core.inert import markdown, markdown_code
from govkit.core.judged import Judged
from govkit.core.merkle import Prover
from govkit.reports import lineage as lineage_report
from govkit.storage import files as file_storage
from govkit.storage.trees import CommitTree
from govkit.workflow import cards, facts, judge, proofs, retrospect
from govkit.workflow.session import Session

#: What ``verify.py`` takes at most.
MAX_BYTES = 256 * 1024 * 1024
# The earliest date that a zip can hold: the same content is the same bytes, whenever it was made.
_DATE = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


class Made(Struct, frozen=True):
    """A bundle that was written.

    Attributes:
        path: the zip.
        sha256: the digest of its bytes.
        size: in bytes.
        model: the model.
        version: the version.
        head: the head of the log that it speaks for.
        root_of_trust: identity of the log's event 0.
        shown: how many events it shows in full.
        files: how many files are in it.
    """

    path: Path
    sha256: str
    size: int
    model: str
    version: str
    head: Head
    root_of_trust: str
    shown: int
    files: int


def write(session: Session, model: str, version: str, path: Path, *, step: Callable[[int, int], None]) -> Made:
    """Make the bundle of a version and write it, whole or not at all.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version.
        path: the zip to write.
        step: called as the work goes on, with how much is done and how much there is.

    Raises:
        Usage: if there is no log or no such version.
        Refused, Undecided: if the log is not the pinned one or cannot be relied on, or evidence is missing.
    """
    session.check_trust()
    session.check_history()
    found = judge.find_version(session, model, version)
    contents, shown = _contents(session, found, step)
    data = _zip({**contents, formats.MANIFEST: formats.manifest(contents)})
    if len(data) > MAX_BYTES:
        raise Refused(
            f"the bundle of {model}@{version} would be too large",
            why=f"{len(data):,} bytes; verify.py takes {MAX_BYTES:,}",
            fix="find out with 'govkit log' which events carry so much evidence",
        )
    file_storage.write(path, data)
    head, root = session.log.head, session.log.root_of_trust
    return Made(path, digests.sha256(data), len(data), model, version, head, root, shown, len(contents) + 1)


def _contents(session: Session, version: Version, step: Callable[[int, int], None]) -> tuple[dict[str, bytes], int]:
    """Return every file of a bundle but the manifest, and how many events it shows."""
    total = len(session.state.judged)
    leaves = []
    for index in range(total):
        leaves.append(proofs.leaf(session, index))
        step(index, 2 * total)
    model = version.model
    shown = disclosure.required(leaves, model)
    prover = Prover(session.state.tree.leaves)
    found: dict[str, bytes] = {formats.LEAVES: b"".join(leaves)}
    for done, index in enumerate(shown):
        found |= _event(session, session.state.judged[index])
        found[f"proofs/{index:05}.json"] = records.to_json(formats.inclusion(prover, index, total, leaves[index]))
        step(total + done, 2 * total)
    found |= _documents(session, version)
    release = metadata.version("dvc-govkit")
    claims = formats.claims(
        *(session.state, model, version.body.version, shown, session.log.head),
        made=_bytes(session, version),
        release=release,
    )
    found["claims.json"] = records.to_json(claims)
    found["verify.py"] = _package_file("verify_bundle.py")
    found["VERIFY.md"] = _explanation(session, version, shown)
    step(2 * total, 2 * total)
    return found, len(shown)


def _event(session: Session, judged: Judged) -> dict[str, bytes]:
    """Return the files of one event; evidence by digest, of those whom the policy then knew: others prove nothing."""
    there = session.log.files(session.git, judged.index)
    folder = f"events/{judged.index:05}"
    found = {f"{folder}/{name}": there[name] for name in (EVENT_FILE, SIGNATURE_FILE) if name in there}
    policy = session.state.policy_at(judged.index)
    if judged.event is not None and policy is not None and judged.signer and policy.owner(judged.signer):
        for name, digest in judged.event.evidence.items():
            if name in there and digests.sha256(there[name]) == digest:
                found[f"evidence/{digest.partition(':')[2]}"] = there[name]
    return found


def _documents(session: Session, version: Version) -> dict[str, bytes]:
    """Return card, lineage and gate reports of a version."""
    raw, card = facts.card_of(session, version)
    found = {"card.json": raw, "lineage.json": formats.lineage(raw, lineage_report.edges(card))}
    for promotion in promotions(session, version):
        report = retrospect.report(session, promotion)
        found[f"gates/{promotion.at.index:05}.json"] = records.to_json(report)
    return found


def promotions(session: Session, version: Version) -> list[Promotion]:
    """Return every promotion of a version, into any stage, oldest first."""
    entries = (entry for found in session.state.stages_of(version.model).values() for entry in found)
    mine = [e for e in entries if isinstance(e, Promotion) and e.body.version == version.body.version]
    return sorted(mine, key=lambda entry: entry.at.index)


def _bytes(session: Session, version: Version) -> BytesClaim:
    """Say which digests of the card rest on bytes that are here."""
    tree = CommitTree(session.git, version.body.commit.partition(":")[2])
    try:
        found = cards.check(session.git, tree, version.model)
    except GovkitError as error:
        return BytesClaim(proven=[], on_trust=[], unread=[], differences=[], problem=str(error))
    made = found.made
    return BytesClaim(
        proven=sorted(made.proven),
        on_trust=sorted(made.on_trust),
        unread=sorted(made.unread),
        differences=found.differences,
        problem="",
    )


def _package_file(name: str) -> bytes:
    return resources.files("govkit.evidence").joinpath(name).read_bytes()


def _explanation(session: Session, version: Version, shown: list[int]) -> bytes:
    """Return ``VERIFY.md``: what the bundle is, and which event lies where."""
    head = session.log.head
    rows = [
        "| event | claimed time | what | by | judged | files in `evidence/` |",
        "|---|---|---|---|---|---|",
        *(_row(session.state.judged[index]) for index in shown),
    ]
    text = _package_file("verify_bundle.md").decode()
    parts = {
        "NAME": markdown(f"{version.model}@{version.body.version}"),
        "ROOT": session.log.root_of_trust,
        "HEAD": f"{head.size}:{head.root}",
        "SHOWN": str(len(shown)),
        "HIDDEN": str(head.size - len(shown)),
        "EVENTS": "\n".join(rows),
    }
    for name, value in parts.items():
        text = text.replace(f"{{{name}}}", value)
    return text.encode()


def _row(judged: Judged) -> str:
    event = judged.event
    if event is None:
        return f"| {judged.index} | | | | {judged.status} | |"
    lies = (f"{markdown_code(name)} `{digest.partition(':')[2]}`" for name, digest in sorted(event.evidence.items()))
    cells = [str(judged.index), event.time, markdown(event.type), markdown(event.actor), str(judged.status)]
    return f"| {' | '.join([*cells, '<br>'.join(lies)])} |"


def _zip(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip of files; stored, as compressors differ from one machine to the next, and a bundle must not."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, _PLAIN_FILE
            archive.writestr(info, contents[name])
    return target.getvalue()
