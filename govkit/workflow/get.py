"""Fetching the weights that serve in a stage: nothing reaches its place unproven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from govkit.core import delivered, digests, events
from govkit.core.card import Card
from govkit.core.compatibility import Target
from govkit.core.delivered import CARD, MANIFEST
from govkit.core.digests import FileDigest
from govkit.core.entities import Promotion
from govkit.core.errors import Malformed, Refused, Undecided
from govkit.core.verdict import VerifyVerdict
from govkit.storage import dvcbytes, files, staging
from govkit.workflow import facts, retrospect, verify
from govkit.workflow.session import Session


class Delivery(Struct, frozen=True):
    """What was fetched: the verdict, the folder, and the files in it with their digests."""

    verdict: VerifyVerdict
    folder: Path
    files: list[FileDigest]


class NotProven(Refused):
    """The verifier said no, or could not decide; carries its verdict."""

    def __init__(self, result: VerifyVerdict) -> None:
        lines = [f"{check.gate}: {check.found}" for check in result.blocking]
        fixes = [check.fix for check in result.blocking if check.fix]
        what = f"{result.model} in {result.stage} is {'not proven' if result.verdict == 'refused' else 'undecided'}"
        super().__init__(what, why="\n".join(lines), fix="\n".join(fixes))
        self.exit_code = result.exit_code
        self.result = result


def get(
    session: Session,
    model: str,
    stage: str,
    folder: Path,
    *,
    record: str | None = None,
    target: Target | None = None,
    jobs: int | None = None,
) -> Delivery:
    """Verify what serves in a stage, fetch its weights through DVC, check every byte, then move it into place.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        folder: a folder that does not exist yet, or is empty.
        record: the identity of the promotion that must serve there; None for whichever does.
        target: where it would run, to be held against the card's contract; None if that is not asked.
        jobs: how many files DVC fetches at a time; None for what DVC takes.

    Raises:
        NotProven: if the verifier does not prove it.
        Usage: if the folder is in use.
        Refused: if the bytes are not the approved ones, or DVC cannot deliver them.
    """
    place = staging.ready(folder)
    result = verify.verify(session, model, stage, record=record, target=target)
    if result.verdict != "proven" or result.commit is None:
        raise NotProven(result)
    raw, card = facts.card_of(session, session.state.versions[model, result.version or ""])
    with staging.filled(place, last=MANIFEST) as filling:
        listing = _fetch(session, card, result, filling, jobs)
        files.write(filling / CARD, raw)
        files.write(filling / MANIFEST, _manifest(session, result, listing))
    return Delivery(result, folder, listing)


def _fetch(session: Session, card: Card, result: VerifyVerdict, filling: Path, jobs: int | None) -> list[FileDigest]:
    """Fetch the weights into a folder and check their SHA-256; returns the files."""
    name = card.weights.path.rpartition("/")[2]
    if name.lower() in (CARD, MANIFEST):
        raise Refused(
            f"weights called {name} cannot be delivered",
            why=f"{CARD} and {MANIFEST} lie beside them",
            fix="rename them",
        )
    place, watch = filling / name, session.options.watch
    commit = (result.commit or "").partition(":")[2]
    facts.check_settings(session, commit)
    dvcbytes.fetch(session.git.root, commit, card.weights.path, place, jobs=jobs, watch=watch)
    listing = _sums(filling, place, watch)
    inner: list[FileDigest] = [{**file, "path": file["path"].partition("/")[2]} for file in listing]
    found = digests.directory(inner) if place.is_dir() else listing[0]["sha256"]
    if found != result.weights or place.is_dir() != card.weights.is_folder:
        raise Refused(
            "the weights that DVC delivered are not those that were approved",
            why=f"approved {result.weights}, delivered {found}",
            fix="somebody changed them in the DVC cache or remote: find out who, and restore them from a good copy",
        )
    return listing


def _sums(filling: Path, place: Path, watch: Callable[[str, int, int], None] | None) -> list[FileDigest]:
    """Digest a file, or every file of a folder; what is no plain file is refused."""
    sizes: dict[str, int | None] = {}
    for path in [place] if not place.is_dir() or place.is_symlink() else sorted(place.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            sizes[path.relative_to(filling).as_posix()] = path.lstat().st_size if path.exists() else None
    if not sizes or not place.exists():
        raise Undecided(f"DVC delivered nothing for {place.name}")
    found: list[FileDigest] = []
    for name, one in sorted(files.sha256_all(filling, sizes, watch=watch).items()):
        if isinstance(one, str):
            raise Refused(f"{name} {one}", why="weights are plain files that nobody writes to while they are fetched")
        found.append({"path": name, **one})
    return found


def _manifest(session: Session, result: VerifyVerdict, listing: list[FileDigest]) -> bytes:
    """Return what proves the folder later on, without the log."""
    try:
        return delivered.manifest(result, listing, *_event(session, result), _requirements(session, result))
    except Malformed as error:
        raise Refused(
            "this cannot be delivered as a folder", why=str(error), fix="pack its files into fewer, or rename them"
        ) from error


def _requirements(session: Session, result: VerifyVerdict) -> bytes:
    """Return what was required of the promotion, where that says what follows when its review is overdue."""
    if result.review_by is None:
        return b""
    promotion = _promotion(session, result)
    asked = retrospect.question(session.state, session.state.original(promotion))
    return asked.rules.content if asked else b""


def _promotion(session: Session, result: VerifyVerdict) -> Promotion:
    """Return what was proven; it is the last, or among the last, of its stage."""
    return next(
        entry
        for entry in reversed(session.state.stages[result.model, result.stage])
        if isinstance(entry, Promotion) and entry.at.id == result.promotion
    )


def _event(session: Session, result: VerifyVerdict) -> tuple[bytes, bytes]:
    """Return the bytes of the promotion's event and of its signature, as they stand in the log."""
    index = _promotion(session, result).at.index
    found = session.log.files(session.git, index)
    event, signature = found[events.EVENT_FILE], found[events.SIGNATURE_FILE]
    if events.identity(event, signature) != result.promotion:
        raise Undecided(f"event {index} cannot be read as the log has it", fix="look with 'govkit log verify'")
    return event, signature
