"""Commands for auditors: ``bundle``, and ``log prove``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from govkit.cli import common
from govkit.core.errors import Usage


@click.command()
@click.argument("name", metavar="MODEL@VERSION")
@click.option("-o", "--output-file", "target", required=True, type=click.Path(path_type=Path), help="The zip to write.")
@common.reads
def bundle(repo: Path, root: str | None, name: str, target: Path, output: str) -> None:
    """Write all evidence of MODEL@VERSION into a zip that an auditor can check without govkit.

    The log is checked first; nothing is written of one that cannot be relied on. The zip holds verify.py, which needs
    Python and ssh-keygen only, and VERIFY.md, which says how to use it and what it cannot prove.
    """
    from govkit.core.names import split_version
    from govkit.evidence import bundle as evidence
    from govkit.reports import jsonout, table

    model, version = split_version(name)
    if version is None:
        raise Usage(f"'{name}' names no version", fix=f"write {model}@VERSION; 'govkit history {model}' shows them")
    if target.is_dir():
        raise Usage(f"{target} is a folder", fix=f"name a file: -o {target / 'bundle.zip'}")
    with _progress() as step:
        made = evidence.write(common.session(repo, root=root), model, version, target, step=step)
    if output == "json":
        head = {"size": made.head.size, "root": made.head.root}
        answer = {"path": str(made.path), "sha256": made.sha256, "size": made.size, "model": model, "version": version}
        answer |= {"head": head, "root": made.root_of_trust, "shown": made.shown, "files": made.files}
        jsonout.write("govkit.bundled/v1", answer)
        return
    table.write(f"{made.path}  {made.size:,} bytes  {made.sha256}")
    table.write(f"  {made.shown} of {made.head.size} events in full, and every leaf")
    table.write(f"  head {made.head.size}:{made.head.root}")
    table.write("tell the auditor this root of trust by another way than the bundle:")
    table.write(f"  {made.root_of_trust}")
    table.write(f"they check it with: python -I verify.py {made.path.name} --root {made.root_of_trust}")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal's standard error while the log is read."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("collecting evidence", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@click.command("prove")
@click.argument("index", type=click.IntRange(min=0), required=False)
@click.option(
    "--from", "old", type=click.IntRange(min=1), metavar="SIZE", help="Prove that the log grew from this size."
)
@click.option(
    "--size", type=click.IntRange(min=1), metavar="SIZE", help="The size of the head; the log's own if left out."
)
@common.reads
def log_prove(repo: Path, root: str | None, index: int | None, old: int | None, size: int | None, output: str) -> None:
    """Prove that the log holds event INDEX, or with --from that it only grew (RFC 6962)."""
    from govkit.core import bundle as formats
    from govkit.reports import jsonout, table
    from govkit.workflow import proofs

    if (index is None) == (old is None):
        raise Usage("name one thing to prove", fix="write 'govkit log prove INDEX' or 'govkit log prove --from SIZE'")
    session = common.session(repo, root=root)
    if index is not None:
        proof = proofs.inclusion(session, index, size)
        title = f"event {index} is in the log of {proof.size} events"
    else:
        proof = proofs.consistency(session, old or 0, size)
        title = f"the log of {proof.size} events extends that of {old}"
    if output == "json":
        jsonout.write(formats.PROOF_SCHEMA, proof)
        return
    rows = [("leaf", line) for line in (proof.leaf or "").splitlines()]
    named = {"leaf hash": proof.leaf_hash, "old root": proof.old_root, "size": str(proof.size), "root": proof.root}
    rows += [(label, value) for label, value in named.items() if value is not None]
    rows += [(f"path {number}", node) for number, node in enumerate(proof.path)]
    table.table(("part", "value"), rows, title=title)
