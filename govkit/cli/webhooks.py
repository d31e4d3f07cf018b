"""Commands for Kubernetes: ``webhook serve``."""

from __future__ import annotations

from pathlib import Path

import click

from govkit.cli import common


@click.group()
def webhook() -> None:
    """Answer systems that ask before they let something run."""


@webhook.command()
@click.option("--repo", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The clone that it keeps.")
@click.option("--from", "address", default="", metavar="URL", help="Clone from there if the clone is not there yet.")
@common.root_option
@click.option("--min-head", metavar="SIZE[:DIGEST]", help="A head that the log must hold at least.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What must hold over restarts; on a volume that lasts.",
)
@click.option("--cert", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The certificate, in PEM.")
@click.option("--key-file", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Its key, in PEM.")
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")  # noqa: S104 - a pod's
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="The port; 0 for any.")
@click.option(
    "--interval",
    type=click.FloatRange(0.05, 3600),
    default=10.0,
    show_default=True,
    help="Seconds between looks at the remote.",
)
@click.option(
    "--max-staleness",
    type=click.FloatRange(0, 7 * 86400),
    default=3600.0,
    show_default=True,
    help="Seconds for which an old clone still speaks for what it has proven.",
)
@click.option(
    "--unlabelled",
    type=click.Choice(["allow", "deny"]),
    default="deny",
    show_default=True,
    help="What becomes of objects without annotations.",
)
@click.option(
    "--mode",
    type=click.Choice(["enforce", "warn"]),
    default="enforce",
    show_default=True,
    help="With 'warn' nothing is refused, and people are told what would be: for the first weeks only.",
)
@click.option(
    "--any-storage",
    is_flag=True,
    help="Let an InferenceService that claims a record load from elsewhere than govkit://.",
)
def serve(
    repo: Path,
    address: str,
    root: str | None,
    min_head: str | None,
    state: Path | None,
    cert: Path,
    key_file: Path,
    host: str,
    port: int,
    interval: float,
    max_staleness: float,
    unlabelled: str,
    mode: str,
    any_storage: bool,
) -> None:
    """Serve Kubernetes' validating admission webhook over TLS, until told to stop.

    POST /validate takes AdmissionReview of admission.k8s.io/v1; GET /healthz, /readyz, /metrics. Needs no right to
    write to the repository, and no key.
    """
    from govkit.integrations.kubernetes import webhook as workflow
    from govkit.integrations.kubernetes.admission import Rules
    from govkit.integrations.kubernetes.desk import Settings

    settings = Settings(
        repo=repo.absolute(),
        state=(state or repo.with_name(f"{repo.name}.webhook.json")).absolute(),
        address=address,
        root=root,
        min_head=min_head,
        interval=interval,
        max_staleness=max_staleness,
    )
    rules = Rules(
        unlabelled="allow" if unlabelled == "allow" else "deny",
        mode="warn" if mode == "warn" else "enforce",
        any_storage=any_storage,
    )
    made = workflow.Webhook(settings, rules, _tell)
    workflow.run(made, workflow.Place(host, port, cert, key_file), lambda number: _tell(f"listening on port {number}"))


def _tell(text: str) -> None:
    from govkit.core.inert import line

    click.echo(f"govkit: {line(text)}", err=True)
