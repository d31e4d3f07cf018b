"""Commands that answer questions: ``why``, ``diff``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common
from govkit.cli.answers import answers, put
from govkit.core.errors import Usage


@click.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option(
    "--at",
    metavar="TIME|EVENT",
    help="The moment: a time such as 2026-11-23T10:15:00Z (UTC where no zone is named), a day (its end), or an event's "
    "number or identity. Now if left out.",
)
@click.option("--no-mirrors", is_flag=True, help="Do not ask the mirrors when they received what is told.")
@answers("table", "markdown", "html", "json")
def why(
    repo: Path,
    root: str | None,
    model: str,
    stage: str,
    at: str | None,
    no_mirrors: bool,
    output: str,
    target: Path | None,
) -> int:
    """Tell on one page why a version of MODEL serves, or served, in a stage.

    What served then and since when, made from what, which requirements with which numbers, who decided and with what
    words, under which policy, what was set aside, what came before and after, and whether all of it still proves.

    Exit code 0 if what the page tells is proven, also that nothing served; 1 if it is disproven; 3 if it cannot be
    decided. Before deploying use 'govkit verify'.
    """
    from govkit.core import records
    from govkit.evidence import htmlpage, whypage
    from govkit.evidence import why as evidence
    from govkit.reports import document, jsonout

    found = evidence.gather(common.session(repo, root=root), model, stage, at, mirrors=not no_mirrors)
    if output == "json":
        put(jsonout.text(found.schema, records.to_value(found)), target)
        return found.exit_code
    writer = {"table": document.as_table, "markdown": document.as_markdown, "html": htmlpage.page}[output]
    put(writer(whypage.document(found)), target)
    return found.exit_code


@click.command()
@click.argument("before", metavar="MODEL@A")
@click.argument("after", metavar="MODEL@B")
@answers("table", "markdown", "json")
def diff(repo: Path, root: str | None, before: str, after: str, output: str, target: Path | None) -> None:
    """Show what differs between two registered versions of a model.

    Code (the commits between and the files changed), data by digest, parameters, metrics, fairness, the policy by
    which each was let in, and who approved it. It is told from the pinned log and the registered cards.
    """
    from govkit.core import records
    from govkit.core.names import split_version
    from govkit.evidence import diff as evidence
    from govkit.evidence import diffpage
    from govkit.reports import document, jsonout

    (model, one), (other_model, other) = split_version(before), split_version(after)
    if one is None or other is None or model != other_model:
        what = f"'{before}' and '{after}' are not two versions of one model"
        raise Usage(what, fix=f"write {model}@1.0.0 {model}@1.1.0; 'govkit history {model}' shows them")
    found = evidence.gather(common.session(repo, root=root), model, one, other)
    if output == "json":
        put(jsonout.text(found.schema, records.to_value(found)), target)
    elif output == "markdown":
        put(document.as_markdown(diffpage.document(found)), target)
    else:
        put(document.as_table(diffpage.document(found)), target)
