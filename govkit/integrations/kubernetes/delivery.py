"""Delivering what a ``govkit://`` source pins: KServe's storage initializer, an init container, an Argo CD PreSync Job.

The record is pinned, so a pod that starts later gets what the first one got, or nothing: where another promotion has
taken the stage, the version was revoked or the stage cleared, the pod does not start, and says why.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from govkit.core import limits
from govkit.core.delivered import MANIFEST
from govkit.core.entities import Promotion
from govkit.core.errors import Refused, Usage
from govkit.core.verdict import VerifyVerdict
from govkit.integrations.kubernetes.source import Source
from govkit.storage import clones, files
from govkit.storage.trees import CommitTree
from govkit.workflow import get, verify
from govkit.workflow.get import Delivery, NotProven
from govkit.workflow.plans import Options
from govkit.workflow.session import Session

_INCOMING = ".govkit-incoming"
_SETTINGS = ".dvc/config"


def check(source: Source) -> VerifyVerdict:
    """Prove that what a source pins serves, without fetching weights.

    Raises:
        Refused, Undecided, NotProven: if it does not, or that cannot be decided.
    """
    with _session(source) as session:
        found = verify.verify(session, source.model, source.stage)
        if found.verdict != "proven":
            raise NotProven(found)
        return found


def initialise(source: Source, folder: Path, *, jobs: int | None = None) -> Delivery:
    """Fetch what a source pins into a folder, such as ``/mnt/models``, every byte proven.

    The folder may be a mounted volume, which cannot be replaced: what is proven is moved into it entry by entry, its
    manifest last. When that fails nothing stays in it.

    Args:
        source: what is pinned.
        folder: an empty folder, or one that is made.
        jobs: how many files DVC fetches at a time; None for what DVC takes.

    Raises:
        Usage: if the folder holds something.
        Refused, Undecided, NotProven: if it is not proven, or its bytes are not the approved ones.
    """
    _clear_remains(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _session(source) as session:
        incoming = folder / _INCOMING
        try:
            _lay_out(session, source)
            done = get.get(session, source.model, source.stage, incoming, jobs=jobs)
            _move(incoming, folder)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    return done


def _clear_remains(folder: Path) -> None:
    """Take away what an initializer that was killed left behind; refuse a folder that holds something else.

    Raises:
        Usage: if it does.
    """
    if not folder.exists():
        return
    entries = list(folder.iterdir()) if folder.is_dir() else [folder]
    # A file system of its own brings this folder with it.
    others = [entry.name for entry in entries if entry.name != "lost+found" and not entry.name.startswith(_INCOMING)]
    others = [name for name in others if not name.startswith(f".{_INCOMING}")]
    if others:
        raise Usage(f"{folder} is not empty", why=f"it holds {others[0]}", fix="mount an empty volume there")
    for entry in entries:
        if entry.name != "lost+found":
            shutil.rmtree(entry, ignore_errors=True)


def _lay_out(session: Session, source: Source) -> None:
    """Put the DVC settings of the promoted commit where DVC looks for them; nothing else is checked out.

    Without them DVC would clone once more, and look for a remote that is named relatively in the wrong place. Settings
    that would make DVC run something are refused before it is called, as everywhere.
    """
    last = session.state.last(source.model, source.stage)
    if isinstance(last, Promotion):
        tree = CommitTree(session.git, last.body.commit.partition(":")[2])
        settings = tree.read(_SETTINGS, limit=limits.CONFIG) if _SETTINGS in tree.paths() else None
        if settings is not None:
            files.write(session.git.root / _SETTINGS, settings)


def _move(incoming: Path, folder: Path) -> None:
    moved: list[Path] = []
    try:
        for entry in sorted(incoming.iterdir(), key=lambda entry: entry.name == MANIFEST):
            target = folder / entry.name
            moved.append(target)
            entry.rename(target)
    except BaseException:
        for path in moved:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _session(source: Source) -> Iterator[Session]:
    """Clone the repository that a source pins, and make sure that the log has the pinned record in force."""
    clone = Path(tempfile.gettempdir()) / f"govkit-{secrets.token_hex(8)}"
    try:
        clones.clone(clones.check_address(source.repository), clone)
        session = Session(Options(repo=clone, root=source.root))
        with contextlib.closing(session.git):
            _check_pin(session, source)
            yield session
    finally:
        shutil.rmtree(clone, ignore_errors=True)


def _check_pin(session: Session, source: Source) -> None:
    """Refuse a log of another root, and one in which another promotion has taken the stage.

    Raises:
        Refused, Undecided: then.
    """
    session.check_trust()
    last = session.state.last(source.model, source.stage)
    if isinstance(last, Promotion) and last.at.id != source.record:
        raise Refused(
            f"{source.model} in {source.stage} is no longer what was pinned",
            why=f"pinned is the record {source.record}, and the log has {last.at.id}, "
            f"which is {source.model}@{last.body.version}",
            fix="render the manifests again: govkit kubernetes manifests",
        )
