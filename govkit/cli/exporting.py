"""Commands for other tools: ``export``, ``schema``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from govkit.cli import common
from govkit.core.errors import Usage

if TYPE_CHECKING:
    from govkit.cards.export.base import Predicate, Spec

#: As in :mod:`govkit.cards.export`, which is not imported for every command; a test holds them against each other.
FORMATS = ("cyclonedx", "huggingface", "in-toto", "json", "mlflow-signature")
SPECS = ("1.6", "1.7")
PREDICATES = ("provenance", "summary")


@click.command()
@click.argument("name", metavar="MODEL@VERSION")
@click.option("--as", "kind", required=True, type=click.Choice(FORMATS), help="The format.")
@click.option("--stage", help="Tell how the gates of this stage came out; the summary needs one.")
@click.option("--spec", type=click.Choice(SPECS), help="The version of CycloneDX; 1.6 if left out.")
@click.option(
    "--predicate",
    type=click.Choice(PREDICATES),
    help="What the in-toto statement says: SLSA provenance, or the verification summary of the gates.",
)
@click.option(
    "-o", "--output-file", "target", type=click.Path(path_type=Path), metavar="FILE", help="Else it is printed."
)
@common.repo_option
@common.root_option
def export(
    repo: Path,
    root: str | None,
    name: str,
    kind: str,
    stage: str | None,
    spec: Spec | None,
    predicate: Predicate | None,
    target: Path | None,
) -> None:
    """Write MODEL@VERSION, as the pinned log has it, in a format of other tools.

    What each format takes over and what it cannot hold stands in docs/reference/exports.md. The same head of the log
    gives the same bytes. An export is a statement, not a proof: 'govkit verify' proves.
    """
    from govkit.cards.export import write
    from govkit.cards.export.base import Choices
    from govkit.core.names import split_version
    from govkit.reports import table
    from govkit.storage import files
    from govkit.workflow import export as workflow

    _fits(kind, spec=spec, predicate=predicate)
    if target is not None and target.is_dir():
        raise Usage(f"{target} is a folder", fix=f"name a file: -o {target / 'export'}")
    if predicate == "summary" and stage is None:
        raise Usage("a verification summary is one of the gates of a stage", fix="name it: --stage STAGE")
    facts = workflow.gather(common.session(repo, root=root), *split_version(name), stage)
    made = write(kind, facts, Choices(spec=spec or "1.6", predicate=predicate or "provenance"))
    if target is None:
        click.echo(_shown(made), nl=False)
        return
    try:
        files.write(target, made.encode())
    except OSError as error:
        raise Usage(f"{target} cannot be written", why=str(error), fix="name another file with -o") from error
    table.write(f"{target}  {len(made.encode()):,} bytes")


def _fits(kind: str, *, spec: str | None, predicate: str | None) -> None:
    for option, value, of in (("--spec", spec, "cyclonedx"), ("--predicate", predicate, "in-toto")):
        if value is not None and kind != of:
            raise Usage(f"{option} is for '--as {of}' only", fix=f"leave it out, or write --as {of}")


def _shown(text: str) -> str:
    """Return a text for standard output; at a terminal canonical JSON, too, has its hidden characters escaped."""
    from govkit.core.inert import json_text

    if not sys.stdout.isatty() or not text.startswith("{"):
        return text
    return json_text(text) + ("" if text.endswith("\n") else "\n")


@click.command()
@click.argument("name", metavar="[FORMAT]", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema of a published format, such as 'card'; without one, which there are."""
    import json

    from govkit.core import formats

    if name is None:
        click.echo("\n".join(formats.FORMATS))
        return
    found = formats.find(name)
    if found is None:
        known = ", ".join(formats.FORMATS)
        raise Usage(f"'{name}' is no published format", why=f"there are {known}", fix="write one of them")
    click.echo(json.dumps(formats.json_schema(found), indent=2, sort_keys=True))
