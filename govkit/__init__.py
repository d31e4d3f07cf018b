"""Governance for machine-learning models that live in Git and DVC.

The public API; everything else may change.

>>> import govkit
>>> verdict = govkit.verify("credit-default", "production")     # doctest: +SKIP
>>> verdict.exit_code                                           # doctest: +SKIP
0
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from govkit.core.errors import GovkitError, Malformed, Refused, Undecided, Usage

if TYPE_CHECKING:
    from govkit.core.card import Card
    from govkit.core.verdict import VerifyVerdict
    from govkit.workflow.get import Delivery

__all__ = ["GovkitError", "Malformed", "Refused", "Undecided", "Usage", "get", "load_card", "make_card", "verify"]


def verify(
    model: str,
    stage: str,
    *,
    repo: Path | str = ".",
    root: str | None = None,
    min_head: str | None = None,
    mirror: str | None = None,
) -> VerifyVerdict:
    """Prove which version of a model serves in a stage.

    Args:
        model: the model's full name, as GTO writes it.
        stage: the stage.
        repo: a folder in the repository.
        root: the pinned root of trust; else ``GOVKIT_ROOT``, else the known-roots file.
        min_head: a head that the log must hold at least, ``SIZE`` or ``SIZE:sha256:…``.
        mirror: URL of a mirror to read the log from instead of Git, as when the Git host is down.

    Returns:
        The verdict; only ``verdict == "proven"`` (exit code 0) may deploy.

    Raises:
        Usage: if there is no repository, log, model or stage like that.
        Refused, Undecided: if the log as a whole is not the pinned one, or cannot be relied on.
    """
    from govkit.workflow import verify as workflow
    from govkit.workflow.plans import Options
    from govkit.workflow.session import Session

    return workflow.verify(Session(Options(repo=Path(repo), root=root, mirror=mirror)), model, stage, min_head=min_head)


def get(
    model: str,
    stage: str,
    target: Path | str,
    *,
    repo: Path | str = ".",
    root: str | None = None,
    mirror: str | None = None,
) -> Delivery:
    """Verify what serves in a stage, fetch its weights through DVC, check every byte, and put them into a folder.

    Args:
        model: the model's full name.
        stage: the stage.
        target: a folder that does not exist yet, or is empty.
        repo: a folder in the repository.
        root: the pinned root of trust; else ``GOVKIT_ROOT``, else the known-roots file.
        mirror: URL of a mirror to read the log from instead of Git.

    Raises:
        Refused: if it is not proven, or the bytes are not the approved ones; nothing is left behind then.
        Usage, Undecided: see :func:`verify`.
    """
    from govkit.workflow import get as workflow
    from govkit.workflow.plans import Options
    from govkit.workflow.session import Session

    return workflow.get(Session(Options(repo=Path(repo), root=root, mirror=mirror)), model, stage, Path(target))


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
    return cards.make(repository, cards.tree_of(repository, revision), model).card


def load_card(path: Path | str) -> Card:
    """Read a ``card.json``.

    Raises:
        Malformed: if it is not a canonical card.
        OSError: if it cannot be read.
    """
    from govkit.core import card

    return card.parse(Path(path).read_bytes())
