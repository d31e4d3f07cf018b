"""The command ``inventory``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common
from govkit.cli.answers import answers, check_for_a_file, put
from govkit.core.errors import Usage

if TYPE_CHECKING:
    from govkit.core.inventory import Inventory


@click.command()
@click.argument("names", metavar="[REPO|URL...]", nargs=-1)
@click.option("--from", "listed", metavar="FILE", help="Also those that FILE names, one a line; '-' reads them here.")
@click.option("--no-fetch", is_flag=True, help="Read the copies of URLs as they were fetched last.")
@answers("table", "csv", "json", "html")
def inventory(
    names: tuple[str, ...],
    listed: str | None,
    no_fetch: bool,
    output: str,
    target: Path | None,
    repo: Path,
    root: str | None,
) -> int:
    """List every model of many repositories: what serves in each stage, owner, tier, approval, review, findings.

    REPO is a folder, and is read as it is; of a URL govkit keeps a copy of its own, which it fetches again. Without
    any, it is the repository here. Each log must be one that you pinned ('govkit trust').

    Exit code 0 if all logs are verified; 1 if one is disproven; 3 if one is not pinned, cannot be decided or cannot be
    read. Such a repository is in the list, with the reason.
    """
    from govkit.cli import progress
    from govkit.workflow import inventory as workflow

    wanted = [*names, *(_listed(listed) if listed else [])] or [str(repo.resolve())]
    with progress.watching() as watch:
        found = workflow.take(wanted, common.options(repo, root=root), fetch=not no_fetch, watch=watch)
    if target is None:
        _print(found, output)
    else:
        _write(found, output, target)
    return found.exit_code


def _listed(name: str) -> list[str]:
    from govkit.core import limits
    from govkit.workflow import inventory as workflow

    try:
        raw = sys.stdin.buffer.read(limits.HAND_WRITTEN + 1) if name == "-" else Path(name).read_bytes()
        if len(raw) > limits.HAND_WRITTEN:
            raise Usage(f"{name} is too large for a list of repositories", fix="write a path or URL a line")
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{name} cannot be read", why=str(error), fix="write a path or URL a line") from error
    return workflow.listed(text, Path() if name == "-" else Path(name).parent)


def _print(found: Inventory, output: str) -> None:
    from govkit.core.inventory import COLUMNS, in_short, rows
    from govkit.reports import table

    if output != "table":
        put(_content(found, output), None)
    else:
        table.table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows(found)])
        for one in found.repositories:
            if one.exit_code:
                table.write(f"{one.repository} is {one.state}: {in_short(one.reasons)}")
                table.write(f"  next: {one.fix or 'govkit log verify'}")


def _write(found: Inventory, output: str, target: Path) -> None:
    check_for_a_file(output, "csv", "json", "html")
    wrong = sum(one.exit_code != 0 for one in found.repositories)
    put(_content(found, output), target, f": {len(found.repositories)} repositories, {wrong} of them not verified")


def _content(found: Inventory, output: str) -> str:
    """Return the inventory as the text of a file."""
    from govkit.core.inventory import COLUMNS, rows
    from govkit.reports import csvout, jsonout

    if output == "csv":
        return csvout.table(COLUMNS, rows(found))
    if output == "json":
        return jsonout.text(found.schema, found)
    from govkit.web import inventory as web

    return web.page(found).decode()
