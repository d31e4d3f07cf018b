"""GitLab: jobs for GitLab CI."""

from __future__ import annotations

from govkit.integrations import pipelines
from govkit.integrations.pipelines import Facts

JOBS = ".gitlab/govkit.gitlab-ci.yml"


def jobs(found: Facts) -> dict[str, str]:
    """Return the jobs for a repository, by path; its ``.gitlab-ci.yml`` includes them."""
    return {JOBS: pipelines.render("gitlab", "jobs.yml.j2", found).rstrip("\n") + "\n"}
