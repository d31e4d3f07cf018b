"""Commands inside a cluster and for one: ``kserve-init``, ``kubernetes check`` and ``kubernetes manifests``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common, termination

termination_option = click.option(
    "--termination-log",
    type=click.Path(path_type=Path),
    default=termination.PLACE,
    show_default=True,
    metavar="FILE",
    help="Write a one-line reason there if it is refused; nothing if the file is not there.",
)


def _place(path: Path) -> Path | None:
    """Return where the reason goes; None outside of a container, where there is no such file."""
    return path if path.exists() else None


@click.command("kserve-init")
@click.argument("source")
@click.argument("folder", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many files DVC fetches at a time.")
@termination_option
def kserve_init(source: str, folder: Path, jobs: int | None, termination_log: Path) -> None:
    """Prove what a govkit:// SOURCE pins, and deliver it into DEST, as a KServe storage initializer does."""
    from govkit.integrations.kubernetes import delivery
    from govkit.integrations.kubernetes import source as sources
    from govkit.reports import table

    with termination.reason_into(_place(termination_log)):
        done = delivery.initialise(sources.parse(source), folder, jobs=jobs)
    for file in done.files:
        table.write(f"{folder}/{file['path']}  {file['size']:,} bytes  {file['sha256']}")
    table.write(f"proven: {done.verdict.model}@{done.verdict.version} for {done.verdict.stage}")


@click.group()
def kubernetes() -> None:
    """Render manifests for a cluster, and check what they pin."""


@kubernetes.command()
@click.argument("source")
@termination_option
def check(source: str, termination_log: Path) -> None:
    """Prove that what a govkit:// SOURCE pins serves, as before a sync of Argo CD. Only exit code 0 may deploy."""
    from govkit.integrations.kubernetes import delivery
    from govkit.integrations.kubernetes import source as sources
    from govkit.reports import table

    with termination.reason_into(_place(termination_log)):
        found = delivery.check(sources.parse(source))
    table.write(f"proven: {found.model}@{found.version} serves in {found.stage} by {found.promotion}")


@kubernetes.command()
@click.argument("model")
@click.option("--stage", required=True, help="The stage.")
@click.option("--image", required=True, help="The image that has govkit in it, best by digest.")
@click.option("--repository", metavar="URL", help="Where the cluster clones from; else the one that event 0 names.")
@click.option("--namespace", default="models", show_default=True, help="Where the model runs.")
@click.option("--webhook-namespace", "home", default="govkit", show_default=True, help="Where the webhook runs.")
@click.option("--server", default="registry.example.org/server:1", show_default=True, help="The image that serves.")
@click.option(
    "--ca", type=click.Path(path_type=Path), metavar="FILE", help="PEM of who signed the webhook's certificate."
)
@click.option(
    "--mode", type=click.Choice(["enforce", "warn"]), default="enforce", show_default=True, help="Of the webhook."
)
@click.option(
    "-o", "--output-dir", "folder", type=click.Path(path_type=Path), help="Write files there; else print all."
)
@common.repo_option
@common.root_option
def manifests(
    model: str,
    stage: str,
    image: str,
    repository: str | None,
    namespace: str,
    home: str,
    server: str,
    ca: Path | None,
    mode: str,
    folder: Path | None,
    repo: Path,
    root: str | None,
) -> None:
    """Render the manifests that pin what serves in a stage; nothing for what is not proven."""
    from govkit.integrations.kubernetes import manifests as workflow
    from govkit.reports import table
    from govkit.storage import files

    rendered = workflow.of_stage(
        common.session(repo, root=root),
        model,
        stage,
        address=repository,
        image=image,
        server=server,
        namespace=namespace,
        home=home,
        ca=files.read_small(ca, 1 << 20) if ca is not None else None,
        mode=mode,
    )
    for name, text in rendered.items():
        if folder is not None:
            files.write(folder / name, text.encode())
            table.write(f"written: {folder / name}")
        else:
            click.echo(f"---\n{text}", nl=False)
