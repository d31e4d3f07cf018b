"""Governance for machine-learning models that live in Git and DVC.

The public API; everything else may change.

>>> import govkit
>>> verdict = govkit.verify("credit-default", "production")     # doctest: +SKIP
>>> verdict.exit_code                                           # doctest: +SKIP
0
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from govkit.core.errors import GovkitError, Malformed, Refused, Undecided, Usage

if TYPE_CHECKING:
    from govkit.core.card import Card
    from govkit.core.compatibility import Target
    from govkit.core.delivered import DeliveredVerdict
    from govkit.core.verdict import VerifyVerdict
    from govkit.workflow.get import Delivery

__all__ = [
    "GovkitError",
    "Malformed",
    "Refused",
    "Undecided",
    "Usage",
    "get",
    "load_card",
    "make_card",
    "verify",
    "verify_dir",
]


def verify(
    model: str,
    stage: str,
    *,
    repo: Path | str = ".",
    root: str | None = None,
    min_head: str | None = None,
    record: str | None = None,
    mirror: str | None = None,
    target: Path | str | None = None,
) -> VerifyVerdict:
    """Prove which version of a model serves in a stage.

    Args:
        model: the model's full name, as GTO writes it.
        stage: the stage.
        repo: a folder in the repository.
        root: the pinned root of trust; else ``GOVKIT_ROOT``, else the known-roots file.
        min_head: a head that the log must hold at least, ``SIZE`` or ``SIZE:sha256:…``.
        record: identity of the promotion that must serve there; else ``GOVKIT_RECORD``, else any.
        mirror: URL of a mirror to read the log from instead of Git, as when the Git host is down.
        target: a ``govkit.target/v1`` file that says where it would run; the card's contract must fit it.

    Returns:
        The verdict; only ``verdict == "proven"`` (exit code 0) may deploy.

    Raises:
        Usage: if there is no repository, log, model or stage like that.
        Refused, Undecided: if the log as a whole is not the pinned one, or cannot be relied on.
    """
    from govkit.storage import pins
    from govkit.workflow import verify as workflow
    from govkit.workflow.plans import Options
    from govkit.workflow.session import Session

    where, pinned = _target(target), pins.pinned_record(record, os.environ)
    session = Session(Options(repo=Path(repo), root=root, mirror=mirror))
    return workflow.verify(session, model, stage, min_head=min_head, record=pinned, target=where)


def verify_dir(
    folder: Path | str,
    *,
    model: str | None = None,
    stage: str | None = None,
    record: str | None = None,
    root: str | None = None,
    target: Path | str | None = None,
) -> DeliveredVerdict:
    """Check a folder that :func:`get` made, without Git and without a network: for the start of a serving process.

    Look at the verdict's ``exit_code`` before anything is loaded: a folder that is not what was delivered raises
    nothing, it is ``refused``.

    Args:
        folder: the folder.
        model: the model that is expected; None for any.
        stage: the stage that is expected; None for any.
        record: identity of the promotion that it must be; else ``GOVKIT_RECORD``. Without any, nobody but the folder
            itself vouches for it.
        root: the root of trust of the log that it must come from; else ``GOVKIT_ROOT``, else any.
        target: a ``govkit.target/v1`` file that says where it runs.

    Returns:
        The verdict; ``proven`` only with a record, ``intact`` without one (exit code 0 both).

    Raises:
        Usage: if there is no such folder or target, or record or root are no digests.
        Refused: if it is no delivery, or one of something else.
    """
    from govkit.workflow import delivery

    where, environment = _target(target), os.environ
    return delivery.verify(
        Path(folder), model=model, stage=stage, record=record, root=root, target=where, environment=environment
    )


def get(
    model: str,
    stage: str,
    folder: Path | str,
    *,
    repo: Path | str = ".",
    root: str | None = None,
    record: str | None = None,
    mirror: str | None = None,
    target: Path | str | None = None,
    jobs: int | None = None,
) -> Delivery:
    """Verify what serves in a stage, fetch its weights through DVC, check every byte, and put them into a folder.

    Args:
        model: the model's full name.
        stage: the stage.
        folder: a folder that does not exist yet, or is empty.
        repo: a folder in the repository.
        root: the pinned root of trust; else ``GOVKIT_ROOT``, else the known-roots file.
        record: identity of the promotion that must serve there; else ``GOVKIT_RECORD``, else any.
        mirror: URL of a mirror to read the log from instead of Git.
        target: a ``govkit.target/v1`` file that says where it would run; the card's contract must fit it.
        jobs: how many files DVC fetches at a time.

    Raises:
        Refused: if it is not proven, or the bytes are not the approved ones; nothing is left behind then.
        Usage, Undecided: see :func:`verify`.
    """
    from govkit.storage import pins
    from govkit.workflow import get as workflow
    from govkit.workflow.plans import Options
    from govkit.workflow.session import Session

    where, pinned = _target(target), pins.pinned_record(record, os.environ)
    session = Session(Options(repo=Path(repo), root=root, mirror=mirror))
    return workflow.get(session, model, stage, Path(folder), record=pinned, target=where, jobs=jobs)


def make_card(model: str, *, repo: Path | str = ".", revision: str | None = None) -> Card:
    """Make the card of a model in any DVC repository; nothing is written.

    Args:
        model: the model's full name.
        repo: a folder in the repository.
        revision: a commit, branch or tag; the working tree if None.

    Raises:
        Usage: if there is no such repository, revision or model.
    """
    from govkit.storage.git import Repository
    from govkit.workflow import cards

    repository = Repository(Path(repo))
    return cards.make(repository, cards.tree_of(repository, revision), model, remember=True).card


def load_card(path: Path | str) -> Card:
    """Read a ``card.json``, or that of a folder that :func:`get` made. It is not proven by that: verify first.

    Raises:
        Malformed: if it is not a canonical card.
        Usage: if it cannot be read.
    """
    from govkit.core import card, limits
    from govkit.storage import files

    file = Path(path)
    place = file / "card.json" if file.is_dir() else file
    try:
        return card.parse(files.read_small(place, limits.CARD))
    except OSError as error:
        raise Usage(f"{place} cannot be read", why=error.strerror or str(error), fix="name a card.json") from error


def _target(path: Path | str | None) -> Target | None:
    from govkit.workflow import delivery

    return delivery.read_target(Path(path)) if path is not None else None
