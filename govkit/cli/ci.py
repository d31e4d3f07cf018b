"""Commands for CI servers: ``ci github|gitlab`` write files, which call ``ci due`` and ``ci issues``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from govkit.cli import common

if TYPE_CHECKING:
    from govkit.integrations.pipelines import Facts

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def ci() -> None:
    """Promote and deploy from a CI server: GitHub Actions, GitLab CI."""


def _making(function: F) -> F:
    """Give a command the options of one that writes files for a CI server."""
    options = (
        click.option(
            "-o",
            "--output-dir",
            "target",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Where to; the repository's top if left out.",
        ),
        click.option(
            "--deploy",
            multiple=True,
            metavar="STAGE",
            help="A stage that is rolled out; all if left out.",
        ),
        click.option(
            "--script",
            default="scripts/deploy_to_k8s.sh",
            show_default=True,
            metavar="PATH",
            help="Rolls a model out; called with MODEL STAGE DIR ENVIRONMENT.",
        ),
        click.option(
            "--secret",
            "secrets",
            multiple=True,
            metavar="NAME",
            help="A secret for fetching and deploying.",
        ),
        click.option("--install", default="", metavar="REQUIREMENT", help="For pip; this version if left out."),
        click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file differs from what would be."),
        common.root_option,
        common.repo_option,
        common.dry_run_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@ci.command()
@_making
def github(**options: Any) -> None:
    """Write two workflows for GitHub Actions: one checks pull requests, the other promotes and deploys."""
    from govkit.integrations import github as integration

    _write(integration.workflows, "docs: how-to/promote-from-github-actions", **options)


@ci.command()
@_making
def gitlab(**options: Any) -> None:
    """Write jobs for GitLab CI: some check merge requests, the others promote and deploy."""
    from govkit.integrations import gitlab as integration

    _write(integration.jobs, f"include them in .gitlab-ci.yml:  include: [{{local: {integration.JOBS}}}]", **options)


def _write(
    make: Callable[[Facts], dict[str, str]],
    next_step: str,
    *,
    target: Path | None,
    deploy: tuple[str, ...],
    script: str,
    secrets: tuple[str, ...],
    install: str,
    repo: Path,
    root: str | None,
    check: bool,
    dry_run: bool,
) -> None:
    from govkit.core.errors import Refused
    from govkit.integrations import pipelines
    from govkit.reports import table

    session = common.session(repo, root=root)
    made = make(pipelines.facts(session, pipelines.Wishes(deploy, script, secrets, install)))
    folder = target or session.git.root
    changed = pipelines.write(folder, made, dry_run=dry_run or check)
    if check and changed:
        why = "it was edited, or made for other models, stages or options, or by another govkit"
        fix = "run this without --check and commit the result"
        raise Refused(f"{', '.join(map(str, changed))}: not what would be written", why=why, fix=fix)
    for path in (folder / name for name in made):
        verb = "kept" if path not in changed else "would write" if dry_run else "wrote"
        table.write(f"{verb} {path}")
    table.write(f"next: {next_step}")


@ci.command()
@click.option("--stage", required=True, help="The stage.")
@click.option("--environment", metavar="NAME", help="Where deployments are recorded; the stage's name if left out.")
@click.option("--retry", is_flag=True, help="Also what was started and did not end, or failed.")
@common.repo_option
@common.root_option
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "lines"]),
    default="table",
    help="How to print the answer: 'lines' is one model a line, without those that wait for a person.",
)
def due(stage: str, environment: str | None, retry: bool, repo: Path, root: str | None, output: str) -> None:
    """Say what serves in a stage and is not rolled out yet, as far as deployments were recorded."""
    from govkit.reports import jsonout, table
    from govkit.workflow import rollout

    found = rollout.due(common.session(repo, root=root), stage, environment or stage, retry=retry)
    now = [one for one in found if not one.left]
    if output == "json":
        jsonout.write(rollout.SCHEMA, found)
    elif output == "lines":
        for one in now:
            click.echo(one.model)
    elif not found:
        table.write(f"everything in {stage} is rolled out to {environment or stage}")
    else:
        cells = [(one.model, one.version, one.why, "a person" if one.left else "") for one in found]
        table.table(("model", "version", "rolled out", "waits for"), cells)


@ci.command()
@click.option(
    "--on",
    "where",
    type=click.Choice(["github", "gitlab"]),
    help="Where; GitLab in a job of GitLab's (GITLAB_CI is set), else GitHub.",
)
@click.option(
    "--mentions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who is called what there; governance/github.yaml or gitlab.yaml if left out, if there is one.",
)
@click.option("--app", default="github-actions", show_default=True, help="The GitHub app whose issues are looked at.")
@common.dry_run_option
@common.reads
def issues(
    repo: Path, root: str | None, where: str | None, mentions: Path | None, app: str, dry_run: bool, output: str
) -> None:
    """Open an issue on GitHub or GitLab for each open request, mentioning its approvers, and close those that ended.

    On GitHub it needs the command 'gh', as runners have it; on GitLab a token in GOVKIT_ISSUES_TOKEN. Running it again
    changes nothing.
    """
    from govkit.integrations import issues as integration
    from govkit.integrations.github.issues import GitHub
    from govkit.integrations.gitlab.issues import GitLab
    from govkit.reports import jsonout, table

    gitlab = where == "gitlab" or (where is None and "GITLAB_CI" in os.environ)
    forge = GitLab(os.environ) if gitlab else GitHub(app)
    done = integration.tell(common.session(repo, root=root), forge, mentions=mentions, dry_run=dry_run)
    if output == "json":
        jsonout.write(integration.SCHEMA, done)
        return
    for one in done:
        table.write(f"{one.did}: {one.name}" + (f"  {one.url}" if one.url else ""))
    if not done:
        table.write("nobody has to be told anything")
