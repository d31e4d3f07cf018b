"""What commands share whose answer is printed, or written to a file, in one of several forms."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from govkit.cli import common
from govkit.core.errors import Usage

F = TypeVar("F", bound=Callable[..., Any])


def answers(*formats: str) -> Callable[[F], F]:
    """Give a command ``--format`` (the first is usual), ``-o``, and the options of one that only reads.

    The command takes ``output`` and ``target``.
    """

    def give(function: F) -> F:
        file = click.Path(path_type=Path)
        for option in (
            common.root_option,
            common.repo_option,
            click.option("-o", "--output-file", "target", type=file, metavar="FILE", help="Else it is printed."),
            click.option(
                "--format",
                "output",
                type=click.Choice(formats),
                default=formats[0],
                help="How to print the answer.",
            ),
        ):
            function = option(function)
        return function

    return give


def put(text: str, target: Path | None, told: str = "") -> None:
    """Print a text, or write it to a file and say so.

    Args:
        text: the answer.
        target: the file; None to print it.
        told: what is said of the file behind its name; its size if left out.

    Raises:
        Usage: if it cannot be written there.
    """
    from govkit.reports import table
    from govkit.storage import files

    if target is None:
        sys.stdout.write(text)
        return
    fix = "name another file with -o"
    if target.is_dir():
        raise Usage(f"{target} is a folder", fix=fix)
    try:
        files.write(target, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise Usage(f"{target} cannot be written", why=str(error), fix=fix) from error
    table.write(f"{target}{told or f'  {target.stat().st_size:,} bytes'}")


def check_for_a_file(output: str, *better: str) -> None:
    """Refuse to write into a file what is drawn for a terminal's width.

    Raises:
        Usage: if the format is ``table``; names the others.
    """
    if output == "table":
        raise Usage("a table is for a terminal", fix=f"choose --format {', '.join(better[:-1])} or {better[-1]}")
