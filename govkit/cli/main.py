"""The command ``govkit``."""

from __future__ import annotations

import gc
import sys

import click

from govkit.cli import common, completing
from govkit.cli.lazy import LazyGroup

#: Where each command is, in the order of a model's life.
PLACES = {
    "init": "starting:init",
    "trust": "starting:trust",
    "tryout": "trying:tryout",
    "enrol": "reviewing:enrol",
    "people": "people:people",
    "scan": "making:scan",
    "hook": "making:hook",
    "card": "making:card",
    "lineage": "making:lineage",
    "register": "deciding:register",
    "request": "deciding:request",
    "gate": "deciding:gate",
    "review": "reviewing:review",
    "approve": "deciding:approve",
    "reject": "deciding:reject",
    "lift": "deciding:lift",
    "submit": "deciding:submit",
    "promote": "deciding:promote",
    "canary": "canaries:canary",
    "rollback": "returning:rollback",
    "clear": "returning:clear",
    "revoke": "returning:revoke",
    "record": "recording:record",
    "waive": "followups:waive",
    "withdraw": "followups:withdraw",
    "finding": "followups:finding",
    "status": "looking:status",
    "doctor": "doctoring:doctor",
    "show": "looking:show",
    "history": "looking:history",
    "inventory": "inventories:inventory",
    "controls": "mapping:controls",
    "why": "explaining:why",
    "diff": "explaining:diff",
    "log": "logs:log",
    "verify": "verifying:verify",
    "get": "verifying:get",
    "reproduce": "reproducing:reproduce",
    "bundle": "bundles:bundle",
    "export": "exporting:export",
    "schema": "exporting:schema",
    "mlflow": "mlflow_sync:mlflow",
    "site": "publishing:site",
    "policy": "policies:policy",
    "violation": "violations:violation",
    "ci": "ci:ci",
    "webhook": "webhooks:webhook",
    "kubernetes": "kubernetes:kubernetes",
    "kserve-init": "kubernetes:kserve_init",
    "completion": "completing:completion",
    "help": "topics:help_command",
}


@click.group(
    cls=LazyGroup, places=PLACES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="dvc-govkit", prog_name="govkit")
def cli() -> None:
    """Govern machine-learning models that live in Git and DVC.

    \b
    Exit codes, for every command: 0 done or proven; 1 refused or disproven;
    2 wrong usage or configuration; 3 could not decide. Only 0 may deploy.
    """  # noqa: D301 - click needs the backspace itself


def main() -> None:
    """Run the command line and leave with its exit code."""
    # A command lives shortly, and most of what it makes lives as long: to look for circles is seldom worth it.
    gc.set_threshold(100_000, 50, 50)
    answered = completing.answer(cli)
    code = common.run(cli) if answered is None else answered
    # Nor when it ends, as Python would among everything that it is about to let go of.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
