"""The command ``govkit``."""

from __future__ import annotations

import gc
import sys

import click

from govkit.cli import (
    bundles,
    canaries,
    ci,
    common,
    completing,
    deciding,
    doctoring,
    explaining,
    exporting,
    followups,
    inventories,
    kubernetes,
    logs,
    looking,
    making,
    mapping,
    mlflow_sync,
    people,
    policies,
    publishing,
    recording,
    reproducing,
    returning,
    reviewing,
    serving,
    starting,
    syncing,
    topics,
    trying,
    verifying,
    violations,
    webhooks,
)
from govkit.cli import mirrors as _mirrors  # noqa: F401 - its commands belong to the group 'log'


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="dvc-govkit", prog_name="govkit")
def cli() -> None:
    """Govern machine-learning models that live in Git and DVC.

    \b
    Exit codes, for every command: 0 done or proven; 1 refused or disproven;
    2 wrong usage or configuration; 3 could not decide. Only 0 may deploy.
    """  # noqa: D301 - click needs the backspace itself


for _command in (
    starting.init,
    starting.trust,
    trying.tryout,
    reviewing.enrol,
    people.people,
    making.scan,
    making.hook,
    making.card,
    making.lineage,
    deciding.register,
    deciding.request,
    deciding.gate,
    reviewing.review,
    deciding.approve,
    deciding.reject,
    deciding.lift,
    deciding.submit,
    deciding.promote,
    canaries.canary,
    returning.rollback,
    returning.clear,
    returning.revoke,
    recording.record,
    followups.waive,
    followups.withdraw,
    followups.finding,
    looking.status,
    doctoring.doctor,
    looking.show,
    looking.history,
    inventories.inventory,
    mapping.controls,
    explaining.why,
    explaining.diff,
    logs.log,
    verifying.verify,
    verifying.get,
    reproducing.reproduce,
    bundles.bundle,
    exporting.export,
    exporting.schema,
    mlflow_sync.mlflow,
    publishing.site,
    policies.policy,
    violations.violation,
    ci.ci,
    webhooks.webhook,
    kubernetes.kubernetes,
    kubernetes.kserve_init,
    completing.completion,
    topics.help_command,
):
    cli.add_command(_command)
for _command in (syncing.sync, serving.install_hook, serving.receive):
    logs.log.add_command(_command)
completing.attach(cli)


def main() -> None:
    """Run the command line and leave with its exit code."""
    # A command lives shortly, and most of what it makes lives as long: to look for circles is seldom worth it.
    gc.set_threshold(100_000, 50, 50)
    answered = completing.answer(cli)
    sys.exit(common.run(cli) if answered is None else answered)


if __name__ == "__main__":
    main()
