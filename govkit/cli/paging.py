"""Longer texts for people: through a pager where there is a terminal that they do not fit on, and in colours."""

from __future__ import annotations

import os
import sys

import click

no_pager_option = click.option("--no-pager", is_flag=True, help="Print it all at once, also on a terminal.")


def colours() -> bool:
    """Tell whether colours are seen: on a terminal that has them, unless NO_COLOR says otherwise."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(text: str, *, pager: bool = True) -> None:
    """Print a text; with the user's pager if it is longer than their terminal, and nothing on it acts.

    Args:
        text: what is inert already, with colours where :func:`colours` says so.
        pager: whether a pager may be used.
    """
    import shutil

    fits = text.count("\n") < shutil.get_terminal_size().lines
    if pager and not fits and sys.stdout.isatty() and sys.stdin is not None and sys.stdin.isatty():
        click.echo_via_pager(text, color=colours())
    else:
        sys.stdout.write(text)
