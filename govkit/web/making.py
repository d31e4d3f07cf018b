"""Making the pages of a site, each in whichever process is free, and only those that would not be the same again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from govkit.cards import render
from govkit.core.card import Card
from govkit.core.errors import GovkitError, Malformed, Undecided
from govkit.core.events import Head
from govkit.core.standing import Standing
from govkit.web import pages, paths
from govkit.web.folder import Folder, Page
from govkit.web.pages import Draft
from govkit.workflow import facts, standing
from govkit.workflow.registry import About, Registry, VersionRow
from govkit.workflow.session import Session

UNPROVEN = "NOTHING HERE IS PROVEN: the log that this page was made from is not in order:"


class Problem(NamedTuple):
    """Why a page does not show what it should: as :class:`govkit.core.errors.GovkitError` tells it, and its path."""

    path: str
    what: str
    why: str
    fix: str
    exit_code: int


class Made(Struct, frozen=True):
    """What became of a page: what the folder keeps in mind of it, whether it was written, and what is wrong with it."""

    path: str
    page: Page
    written: bool
    problems: tuple[Problem, ...] = ()


class VersionDraft(Struct, frozen=True):
    """The page of a version before anything of it is read.

    Attributes:
        row: the version.
        last: the head of the log when something last happened to its model.
        head: the same, or that of the adoption of the policy in force if that came later.
    """

    row: VersionRow
    last: Head
    head: Head

    @property
    def path(self) -> str:
        """Where it goes."""
        return paths.version(self.row.model, self.row.version)


def versions(registry: Registry) -> Iterable[VersionDraft]:
    """Yield the page of every version."""
    for model in registry.models:
        last = registry.head_of(model.lines[0].index)
        yield from (VersionDraft(row, last, model.head) for row in model.versions)


class Maker:
    """Makes pages; workers are forks of the process that made it.

    Args:
        registry: what the pages show.
        folder: where they go.
    """

    def __init__(self, registry: Registry, folder: Folder) -> None:
        self._folder = folder
        self._about: About = registry.about
        self._sessions: dict[int, Session] = {os.getpid(): registry.session}
        self._warnings = [UNPROVEN, *(what for what, _, _ in self._about.troubles)] if self._about.troubles else []

    def make(self, draft: Draft | VersionDraft) -> Made:
        """Make a page, unless the one that is there was made of the same."""
        return self._plain(draft) if isinstance(draft, Draft) else self._version(draft)

    @property
    def _session(self) -> Session:
        """A session of this process's own: two must not share the pipes to one Git."""
        here = os.getpid()
        if here not in self._sessions:
            parent = next(iter(self._sessions.values()))
            self._sessions[here] = Session(parent.options)
            self._sessions[here].take(parent.log)
        return self._sessions[here]

    def _plain(self, draft: Draft) -> Made:
        inputs = draft.inputs
        if self._folder.holds(draft.path, inputs):
            return Made(draft.path, self._folder.before[draft.path], written=False)
        return self._written(draft.path, inputs, draft.render())

    def _written(self, path: str, inputs: str | None, content: bytes, problems: Iterable[Problem] = ()) -> Made:
        """Write a page, if it is not there already; one without inputs is made again every time."""
        digest, written = self._folder.write(path, content)
        return Made(path, Page(inputs, digest), written, tuple(problems))

    def _version(self, draft: VersionDraft) -> Made:
        problems: list[Problem] = []
        row = draft.row
        known = _asked(self._session, draft, problems) if row.asked else None
        inputs = pages.digest_of([row, known or draft.last, self._warnings, [problem[1:] for problem in problems]])
        if self._folder.holds(draft.path, inputs):
            return Made(draft.path, self._folder.before[draft.path], written=False, problems=tuple(problems))
        try:
            raw, card = self._card(row)
            known = known or standing.of_version(self._session, row.model, row.version)
            head = draft.head if row.asked else draft.last
            content = self._page(card, raw, replace(known, head=(head.size, head.root)), problems)
        except (GovkitError, Malformed) as error:
            problem = _problem(draft.path, error)
            return self._written(draft.path, None, self._unshown(draft, problem), [*problems, problem])
        return self._written(draft.path, inputs, content, problems)

    def _card(self, row: VersionRow) -> tuple[bytes, Card]:
        return facts.card_of(self._session, self._session.state.versions[row.model, row.version])

    def _page(self, card: Card, raw: bytes, known: Standing, problems: list[Problem]) -> bytes:
        more = [f"how its request stands cannot be told: {one.what}: {one.why}" for one in problems]
        noted = replace(known, notes=[*self._warnings, *more, *known.notes])
        return render.page(card, None, raw, noted, home=f"../{paths.INDEX}").encode()

    def _unshown(self, draft: VersionDraft, problem: Problem) -> bytes:
        row = draft.row
        values = {
            "about": replace(self._about, head=draft.last, day=""),
            "model": row.model,
            "name": f"{row.model}@{row.version}",
            "what": problem.what,
            "why": problem.why,
            "fix": problem.fix,
        }
        return Draft(draft.path, "unshown", values).render()


def _asked(session: Session, draft: VersionDraft, problems: list[Problem]) -> Standing | None:
    """Return how a version's newest open request stands; None if it cannot be told, and then the problem is noted."""
    try:
        known = standing.of_request(session, draft.row.asked)
    except (GovkitError, Malformed) as error:
        problems.append(_problem(draft.path, error))
        return None
    return replace(known, head=(draft.head.size, draft.head.root))


def _problem(path: str, error: GovkitError | Malformed) -> Problem:
    if isinstance(error, GovkitError):
        return Problem(path, error.what, error.why, error.fix, error.exit_code)
    return Problem(path, "a record here is not what it should be", str(error), "", Undecided.exit_code)
