"""GitHub: workflows for GitHub Actions, and issues for open requests."""

from __future__ import annotations

from govkit.integrations import pipelines
from govkit.integrations.pipelines import Facts

CHECK, PROMOTE = ".github/workflows/govkit-check.yml", ".github/workflows/govkit-promote.yml"


def workflows(found: Facts) -> dict[str, str]:
    """Return the workflows for a repository, by path: one for pull requests, and the one that promotes."""
    made = {CHECK: "check.yml.j2", PROMOTE: "promote.yml.j2"}
    return {path: pipelines.render("github", template, found).rstrip("\n") + "\n" for path, template in made.items()}
