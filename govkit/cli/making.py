"""Commands around the card: ``scan``, ``hook``, ``card``, ``lineage``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common
from govkit.core.errors import Refused, Undecided


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The report.")
def scan(paths: tuple[Path, ...], output: Path) -> None:
    """Look for code in weights, without loading them, and write how much was found as a DVC metrics file.

    A gate on the metric `dangerous` decides; finding something is not an error here. What cannot be read to its end
    is: exit code 3, and no report.
    """
    from govkit.reports import table
    from govkit.workflow import scan as workflow

    scanned = workflow.run(list(paths), output)
    rows = sorted((found.rating, f"{found.module}.{found.name}", found.file) for found in scanned.findings)
    shown = [row for row in rows if row[0] != "innocuous"]
    if shown:
        table.table(("rating", "would import", "file"), shown)
    table.write(f"scan: {', '.join(f'{name} {number}' for name, number in scanned.counts.items())}; see {output}")
    if scanned.counts["dangerous"]:
        table.write("DANGEROUS: loading these weights can run other code; do not load them, and find out who made them")


@click.command()
@click.argument("model")
@common.repo_option
def hook(repo: Path, model: str) -> None:
    """Make the card, its pages and the drafted request of MODEL; the last DVC stage calls this."""
    from govkit.core.gates.base import Verdict
    from govkit.reports import table
    from govkit.storage.git import Repository
    from govkit.workflow import cards
    from govkit.workflow import hook as workflow

    made = workflow.run(Repository(repo), model)
    table.write(f"govern: {cards.path_of(model)} ({len(made.made.raw):,} bytes)")
    for problem in (*made.made.card.lineage.problems, *made.made.card.lineage.gaps):
        table.write(f"  ! {problem}")
    for stage, drafted in made.draft.stages.items():
        shut = [f"{check.gate} {check.verdict}" for check in drafted.checks if not Verdict(check.verdict).opens]
        table.write(
            f"  {stage}: {len(drafted.checks) - len(shut)} of {len(drafted.checks)} checks pass; {', '.join(shut)}"
        )


@click.command()
@click.argument("model")
@click.option("--rev", metavar="REVISION", help="A commit, branch or tag; the working tree if left out.")
@click.option("--check", is_flag=True, help="Compare the card that stands there with one made again.")
@common.repo_option
@click.option("--format", "output", type=click.Choice(["markdown", "json", "html"]), default="markdown")
def card(repo: Path, model: str, rev: str | None, check: bool, output: str) -> None:
    """Show the card of MODEL, in any DVC repository, with its gaps; nothing is written."""
    from govkit.reports import table
    from govkit.storage.git import Repository
    from govkit.workflow import cards
    from govkit.workflow import hook as workflow

    repository = Repository(repo)
    tree = cards.tree_of(repository, rev)
    if check:
        _check(repo, model, rev)
        return
    made = workflow.documents(repository, tree, model)
    name = {"markdown": "card.md", "json": "card.json", "html": "card.html"}[output]
    text = made.files[name].decode()
    if output == "markdown":
        table.page(text)
    else:
        click.echo(text)


def _check(repo: Path, model: str, rev: str | None) -> None:
    from govkit.reports import table
    from govkit.storage.git import Repository
    from govkit.workflow import hook as workflow

    comparison, pages = workflow.check(Repository(repo), model, rev)
    path = f"the card of {model}"
    if comparison.made.unread:
        missing = " ".join(comparison.made.unread)
        raise Undecided(f"{path} cannot be made again", why=f"not here: {missing}", fix=f"run 'dvc pull {missing}'")
    if comparison.differences:
        raise Refused(
            f"{path} is not what its commit makes",
            why="\n".join(comparison.differences[:10]),
            fix="run 'dvc repro' and commit the result; find out who edited it",
        )
    if pages:
        raise Refused(
            f"{', '.join(pages)} of {model} differ from the card",
            why="the pages were edited, or made from another card or policy",
            fix="run 'dvc repro' and commit the result",
        )
    table.write(f"{path} is what its commit makes, byte for byte")
    if comparison.made.on_trust:
        table.write(f"taken on trust, as the bytes are not here: {', '.join(comparison.made.on_trust)}")


@click.command()
@click.argument("model")
@click.option("--rev", metavar="REVISION", help="A commit, branch or tag; the working tree if left out.")
@common.repo_option
@click.option("--format", "output", type=click.Choice(["tree", "json", "mermaid"]), default="tree")
def lineage(repo: Path, model: str, rev: str | None, output: str) -> None:
    """Show what MODEL was made from, at any revision, without a checkout."""
    from govkit.reports import lineage as report
    from govkit.reports import table
    from govkit.storage.git import Repository
    from govkit.workflow import cards

    repository = Repository(repo)
    made = cards.make(repository, cards.tree_of(repository, rev), model, remember=True)
    if output == "json":
        import json

        click.echo(json.dumps(report.as_json(made.card), indent=2, sort_keys=True))
    elif output == "mermaid":
        click.echo(report.as_mermaid(made.card), nl=False)
    else:
        for line in report.as_tree(made.card):
            table.write(line)
