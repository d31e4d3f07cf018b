"""Commands that make pages for others: ``site build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common

if TYPE_CHECKING:
    from govkit.web.site import Built


@click.group()
def site() -> None:
    """Publish the registry as a static site."""


@site.command()
@click.option(
    "-o", "--output-folder", "target", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Where to."
)
@common.reads
def build(repo: Path, root: str | None, target: Path, output: str) -> int:
    """Make the pages of the whole registry in DIR, or bring them up to date.

    DIR is empty, missing, or a site of the same log: pages that would come out the same are left alone. Nothing is
    made of a log whose root of trust is not pinned. Of one that is not in order the site is made, with a warning on
    every page, and the exit code is 1, or 3 if something cannot be decided; so it is if a page cannot show its card.
    """
    from govkit.cli import progress
    from govkit.reports import jsonout
    from govkit.web import site as web

    with progress.watching() as watch:
        found = web.build(common.session(repo, root=root), target, watch=watch)
    if output == "json":
        value = {
            key: getattr(found, key) for key in ("head", "root", "written", "kept", "removed", "left", "exit_code")
        }
        problems = [problem._asdict() for problem in found.problems]
        jsonout.write(web.SCHEMA, {"path": str(found.path), **value, "problems": problems})
    else:
        _print(found)
    return found.exit_code


def _print(found: Built) -> None:
    from govkit.reports import table

    removed = f", {len(found.removed)} removed" if found.removed else ""
    table.write(f"{found.path / 'index.html'}: {len(found.written)} pages written, {found.kept} kept{removed}")
    table.write(f"  speaks for head {found.head.size}:{found.head.root}")
    for path in found.left:
        table.write(f"left, as somebody changed it and it belongs to nothing: {path}")
    if found.problems:
        cells = [(one.path or "every page", one.what, one.why, one.fix) for one in found.problems]
        table.table(("page", "what", "why", "what to do"), cells)
