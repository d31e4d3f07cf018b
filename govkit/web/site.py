"""The static site of a whole registry: built from the log, incrementally, for any host or none.

A page is a function of the log, the day, and govkit itself: there is no other clock in it. What it was made of is kept
as a digest in the folder, so that a page is made again only if it would come out differently.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from govkit.core.events import Head
from govkit.storage import workers
from govkit.web import overview
from govkit.web.folder import Folder, Page
from govkit.web.making import Made, Maker, Problem, VersionDraft, versions
from govkit.web.pages import Draft
from govkit.workflow.registry import Registry
from govkit.workflow.session import Session

SCHEMA = "govkit.site-built/v1"


class Built(Struct, frozen=True):
    """What was built.

    Attributes:
        path: the folder.
        head: the head of the log that the site speaks for.
        root: the root of trust.
        written: the pages that were written, by path.
        kept: how many pages would have come out the same, and were left alone.
        removed: pages of a former build that belong to nothing any more, and were removed.
        left: such pages that somebody changed, and were left.
        problems: why something is not shown, or not proven; empty paths are about the whole log.
    """

    path: Path
    head: Head
    root: str
    written: list[str]
    kept: int
    removed: list[str]
    left: list[str]
    problems: list[Problem]

    @property
    def exit_code(self) -> int:
        """1 if something is disproven, 3 if something could not be decided, else 0."""
        codes = {problem.exit_code for problem in self.problems}
        return 0 if not codes else 3 if codes == {3} else 1


def build(session: Session, target: Path, *, watch: Callable[[str, int, int], None] | None = None) -> Built:
    """Build the site of a repository's registry, or bring it up to date.

    A log that is not in order is shown all the same, for people to see what is wrong, with a warning on every page.

    Args:
        session: the repository.
        target: the folder: empty, missing, or the site of the same log.
        watch: called with what is done, how many pages are done, and of how many.

    Raises:
        Usage: if there is no log, or the folder holds something else.
        Refused: if another root of trust is pinned, the log has no policy in force, or a symbolic link in the folder
            leads somewhere else. Nothing is written then.
        Undecided: if no root of trust is pinned.
    """
    registry = Registry(session)
    folder = Folder(target, registry.about.root)
    drafts: list[Draft | VersionDraft] = [*overview.drafts(registry), *versions(registry)]
    planned = {draft.path for draft in drafts}
    folder.check(sorted(planned))
    # So that a build that is interrupted leaves nothing that the next one does not know as a site's.
    folder.save({**dict.fromkeys(planned, Page()), **folder.before})
    made: list[Made] = []
    for one in workers.spread(Maker(registry, folder).make, drafts):
        made.append(one)
        if watch is not None:
            watch("pages", len(made), len(drafts))
    gone = sorted(set(folder.before) - planned)
    removed = [path for path in gone if folder.remove(path)]
    folder.save({one.path: one.page for one in made})
    errors = [Problem("", error.what, error.why, error.fix, error.exit_code) for error in registry.errors]
    return Built(
        path=folder.path,
        head=registry.about.head,
        root=registry.about.root,
        written=[one.path for one in made if one.written],
        kept=sum(not one.written for one in made),
        removed=removed,
        left=sorted(set(gone) - set(removed)),
        problems=[*errors, *(problem for one in made for problem in one.problems)],
    )
