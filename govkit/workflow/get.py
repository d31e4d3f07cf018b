"""Fetching the weights that serve in a stage: nothing reaches its place unproven."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from govkit.core import delivered, digests, events
from govkit.core.card import Card
from govkit.core.compatibility import Target
from govkit.core.delivered import CARD, MANIFEST
from govkit.core.digests import FileDigest
from govkit.core.errors import Refused, Undecided, Usage
from govkit.core.verdict import VerifyVerdict
from govkit.storage import dvcbytes, files
from govkit.workflow import facts, verify
from govkit.workflow.session import Session


@dataclass(frozen=True)
class Delivery:
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
    session: Session, model: str, stage: str, folder: Path, *, target: Target | None = None, jobs: int | None = None
) -> Delivery:
    """Verify what serves in a stage, fetch its weights through DVC, check every byte, then move it into place.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        folder: a folder that does not exist yet, or is empty.
        target: where it would run, to be held against the card's contract; None if that is not asked.
        jobs: how many files DVC fetches at a time; None for what DVC takes.

    Raises:
        NotProven: if the verifier does not prove it.
        Usage: if the folder is in use.
        Refused: if the bytes are not the approved ones, or DVC cannot deliver them.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Usage(f"{folder} exists and is not an empty folder", fix="name another with -o, or empty it")
    result = verify.verify(session, model, stage, target=target)
    if result.verdict != "proven" or result.commit is None:
        raise NotProven(result)
    raw, card = facts.card_of(session, session.state.versions[model, result.version or ""])
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        listing = _fetch(session, card, result, staging, jobs)
        files.write(staging / CARD, raw)
        files.write(staging / MANIFEST, delivered.manifest(result, listing, *_event(session, result)))
        staging.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Delivery(result, folder, listing)


def _fetch(session: Session, card: Card, result: VerifyVerdict, staging: Path, jobs: int | None) -> list[FileDigest]:
    """Fetch the weights into a folder and check their SHA-256; returns the files."""
    name = card.weights.path.rpartition("/")[2]
    if name.lower() in (CARD, MANIFEST):
        raise Refused(
            f"weights called {name} cannot be delivered",
            why=f"{CARD} and {MANIFEST} lie beside them",
            fix="rename them",
        )
    place = staging / name
    commit = (result.commit or "").partition(":")[2]
    facts.check_settings(session, commit)
    dvcbytes.fetch(session.git.root, commit, card.weights.path, place, jobs=jobs, watch=session.options.watch)
    listing = _sums(place, name)
    found = listing[0]["sha256"] if place.is_file() else digests.directory(_sums(place, ""))
    if found != result.weights:
        raise Refused(
            "the weights that DVC delivered are not those that were approved",
            why=f"approved {result.weights}, delivered {found}",
            fix="somebody changed them in the DVC cache or remote: find out who, and restore them from a good copy",
        )
    return listing


def _sums(place: Path, prefix: str) -> list[FileDigest]:
    """Digest a file, or every file of a folder; symbolic links are refused."""
    found: list[FileDigest] = []
    for path in [place] if place.is_file() else sorted(place.rglob("*")):
        if path.is_symlink():
            raise Refused(f"{path.name} is a symbolic link", why="weights are plain files")
        if path.is_file():
            summed = files.sums(path)
            relative = "" if path == place else path.relative_to(place).as_posix()
            name = "/".join(part for part in (prefix, relative) if part)
            found.append({"path": name, "sha256": summed.sha256, "size": summed.size})
    if not found:
        raise Undecided(f"DVC delivered nothing for {place.name}")
    return found


def _event(session: Session, result: VerifyVerdict) -> tuple[bytes, bytes]:
    """Return the bytes of the promotion's event and of its signature, as they stand in the log."""
    index = next(judged.index for judged in session.state.judged if judged.id == result.promotion)
    found = session.log.files(session.git, index)
    event, signature = found[events.EVENT_FILE], found[events.SIGNATURE_FILE]
    if events.identity(event, signature) != result.promotion:
        raise Undecided(f"event {index} cannot be read as the log has it", fix="look with 'govkit log verify'")
    return event, signature
