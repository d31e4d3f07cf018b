"""What waits for somebody over all the repositories that they review."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from govkit.core.errors import GovkitError, Undecided, Usage
from govkit.core.inert import line
from govkit.storage import clones, repositories
from govkit.workflow import query, review
from govkit.workflow.plans import Options
from govkit.workflow.query import Waiting
from govkit.workflow.session import Session


class Row(Struct, frozen=True):
    """An open request in one of the repositories.

    Attributes:
        repository: what people call the repository: its canonical remote, or its folder.
        session: the repository.
        request: the request's identity.
        waiting: how it stands for the reader.
        paged: whether there is a page for it, as for a version's; a policy is read in a terminal.
    """

    repository: str
    session: Session
    request: str
    waiting: Waiting
    paged: bool


def sessions(options: Options, addresses: Sequence[str]) -> tuple[list[Session], list[tuple[str, GovkitError]]]:
    """Open the repositories that somebody reviews, and remember those that can be opened.

    Args:
        options: what the command was told.
        addresses: of repositories; cloned if they are new. None for this folder's and all that are known.

    Returns:
        The repositories, and the names of those that cannot be opened, each with the reason.
    """
    here = [options.repo] if not addresses else []
    known = repositories.load(os.environ) if not addresses else []
    found: dict[Path, Session] = {}
    troubles: list[tuple[str, GovkitError]] = []
    for folder in [*here, *known]:
        try:
            _open(options, folder, found)
        except Usage as error:
            if folder not in here:  # where one happens to be need not be a governed repository
                error.fix = f"if it is gone for good, take it out of {repositories.path(os.environ)}"
                troubles.append((str(folder), error))
        except GovkitError as error:
            troubles.append((str(folder), error))
    for address in addresses:
        folder = clones.place(os.environ, clones.check_address(address))
        if not folder.is_dir():
            clones.clone(address, folder)
        _open(options, folder, found)
    return list(found.values()), troubles


def _open(options: Options, folder: Path, found: dict[Path, Session]) -> None:
    session = Session(replace(options, repo=folder))
    place = session.git.git_dir.resolve()
    if place not in found:
        _ = session.log
        found[place] = session
        remember(session)


def remember(session: Session) -> None:
    """Put a repository on the list of those that somebody reviews."""
    repositories.add(os.environ, session.git.git_dir.resolve() if session.git.is_bare else session.git.root.resolve())


def rows(found: Sequence[Session]) -> tuple[list[Row], list[tuple[str, GovkitError]]]:
    """Return all open requests of some repositories, and what is wrong with those of which nothing can be said.

    A repository whose root of trust is not pinned is not looked into: nothing is proven of it.
    """
    listed: list[Row] = []
    troubles: list[tuple[str, GovkitError]] = []
    for session in found:
        name = str(_folder(session))
        try:
            review.bring(session)
            name = session.state.remote or name
            _check(session)
            for request, waiting in query.open_requests(session):
                paged = request.body.version is not None
                listed.append(Row(name, session, request.id, waiting, paged))
        except GovkitError as error:
            troubles.append((name, error))
    return listed, troubles


def _check(session: Session) -> None:
    if not session.pins.accepts(session.log.root_of_trust) and session.pins.explicit is None:
        other = session.pins.contradicts(session.log.root_of_trust, session.state.remote)
        if other is None:
            raise Undecided(
                "not trusted yet, so nothing is said of it",
                why=f"its root of trust {session.log.root_of_trust} is not pinned",
                fix=f"compare it with somebody who knows it, then: govkit trust --repo '{line(str(_folder(session)))}'",
            )
    session.check_trust()
    session.check_history()


def _folder(session: Session) -> Path:
    return session.git.git_dir if session.git.is_bare else session.git.root
