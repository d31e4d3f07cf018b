"""The command ``tryout``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from govkit.cli import common, paging


@click.command()
@click.option("--model", metavar="MODEL", help="The model; the first one that is declared if left out.")
@click.option("--stage", metavar="STAGE", help="The stage; production, or the policy's last one, if left out.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Work in DIR, which must be new or empty, and leave it there to go on playing in.",
)
@common.repo_option
def tryout(repo: Path, model: str | None, stage: str | None, keep: Path | None) -> None:
    """Try govkit out on a scratch copy of this repository: refuse, approve, promote, tamper, prove.

    Everything is real but the people: their keys are made on the spot. Nothing is trained. Your repository, keys,
    remotes and caches are only read, and nothing is left behind. It works before 'govkit init' and after it.
    """
    from govkit.core.inert import line
    from govkit.storage import pins
    from govkit.storage.git import Repository
    from govkit.workflow import tryout as workflow

    with _ended_like_ctrl_c():
        workflow.tryout(
            Repository(repo),
            keep=keep,
            model=model,
            stage=stage,
            known_roots=pins.known_roots_path(os.environ),
            say=click.echo,
            colours=paging.colours(),
        )
    if keep is None:
        click.echo("  The scratch folder is removed; with --keep DIR it stays, to go on playing in.")
        return
    place = keep.resolve()
    click.echo(f"  Go on playing:  cd {line(str(place / 'repo'))}")
    click.echo(f"  export GOVKIT_KNOWN_ROOTS={line(str(place / 'known_roots'))}")
    click.echo(f"  govkit status --key {line(str(place / 'keys' / 'remy'))}")


@contextlib.contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Take a request to end, or a terminal that went away, for Ctrl-C, so that the scratch folder is removed."""
    import signal

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
