"""GitLab CI: the written jobs fit GitLab's schema, and their own scripts promote, deploy and roll back.

GitLab itself is not to be had; the scripts run in the order in which a runner runs them, with its variables.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.actions import FAKES
from tests.world import MODEL, World

ROOT = Path(__file__).resolve().parents[2]
JOBS = ".gitlab/govkit.gitlab-ci.yml"
BIN = Path(sys.executable).parent


class Shop:
    """A repository with jobs, and a bare one that everybody pushes to."""

    def __init__(self, world: World) -> None:
        self.world, self.count = world, 0
        self.outside = world.folder / "outside"
        self.outside.mkdir()
        (world.repo / "scripts").mkdir()
        (world.repo / "deploy").mkdir()
        shutil.copy(ROOT / "scripts" / "deploy_to_k8s.sh", world.repo / "scripts")
        manifest = (ROOT / "deploy" / "credit-default.yaml").read_text()
        (world.repo / "deploy" / f"{MODEL}.yaml").write_text(manifest.replace("credit-default", MODEL))
        world.govkit("ci", "gitlab", "--deploy", "production")
        world.commit("Jobs")
        self.bare = world.folder / "models.git"
        world.shell("git", "clone", "-q", "--bare", str(world.repo), str(self.bare))
        world.git("remote", "add", "origin", str(self.bare))
        self.jobs: dict[str, Any] = yaml.safe_load((world.repo / JOBS).read_text())

    def run(self, name: str, source: str, **more: str) -> str:
        """Run a job's scripts as a runner does, on a clone of the default branch; returns what they printed."""
        self.count += 1
        folder = self.world.folder / f"job{self.count}"
        job = self._extended(name)
        assert job["variables"]["GIT_DEPTH"] == "0"  # the whole history of the branch, and nothing else
        self.world.shell("git", "clone", "-q", "--single-branch", "--no-tags", f"file://{self.bare}", str(folder))
        steps = [*job["before_script"], *job["script"]]
        script = "\n".join(step for step in steps if not step.startswith("python -I -m pip install"))
        env = {
            **{key: value for key, value in self.world.env.items() if key != "GOVKIT_KNOWN_ROOTS"},
            "PATH": f"{FAKES}:{self.world.env['PATH']}",
            "FAKE_STATE": str(self.outside),
            "GOVKIT_ROOT": self.world.log().root_of_trust,
            "GOVKIT_SIGNING_KEY": str(self.world.key_path("remy")),
            "GOVKIT_PUSH_TOKEN": "the-token",
            "CI_PROJECT_DIR": str(folder),
            "CI_PROJECT_URL": str(self.bare).removesuffix(".git"),
            "CI_SERVER_URL": "https://gitlab.example",
            "CI_PIPELINE_URL": "https://gitlab.example/acme/models/-/pipelines/7",
            "CI_PIPELINE_SOURCE": source,
            "GITLAB_USER_LOGIN": "tanuki",
            **job.get("variables", {}),
            **more,
        }
        words = ["bash", "-eo", "pipefail", "-c", script]
        done = subprocess.run(
            words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the-token" not in done.stdout + done.stderr + (folder / ".git" / "config").read_text()
        for line in job.get("after_script", []):
            subprocess.run(["bash", "-c", line], env=env, check=True)
        assert not Path(f"{folder}.govkit-key").exists()
        return done.stdout + done.stderr

    def _extended(self, name: str) -> Mapping[str, Any]:
        job = self.jobs[name]
        base = self._extended(job["extends"]) if "extends" in job else {}
        return {**base, **job, "variables": {**base.get("variables", {}), **job.get("variables", {})}}

    def size(self) -> int:
        """Return how many events the log has where everybody pushes to."""
        return int(self.world.shell("git", "--git-dir", str(self.bare), "rev-list", "--count", "govkit/log"))


@pytest.fixture
def shop(requested: World) -> Shop:
    """A shop in which 1.0.0 serves, unreported, and 1.1.0 is asked for in production."""
    return Shop(requested)


def test_they_fit_gitlabs_schema(governed: World) -> None:
    """The jobs fit the schema that check-jsonschema ships."""
    if not (BIN / "check-jsonschema").exists():
        pytest.skip("check-jsonschema is not installed; the extra 'dev' brings it")
    governed.govkit("ci", "gitlab")
    words = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", JOBS]
    governed.shell(str(BIN / "check-jsonschema"), *words)
    path = governed.repo / JOBS
    path.write_text(path.read_text().replace("resource_group: govkit\n", "resource_group: [govkit]\n"))
    governed.shell(str(BIN / "check-jsonschema"), *words, code=1)


def test_only_the_default_branch_signs(shop: Shop) -> None:
    """Jobs that sign run on the default branch only, never on a push or a merge request, and one at a time."""
    signing = {name for name in shop.jobs if "GOVKIT_SIGNING_KEY" in str(shop._extended(name).get("before_script"))}
    signing = {name for name in signing if not name.startswith(".")}
    assert signing == {"govkit-promote", "govkit-deploy-production"}
    for name in signing:
        (rule,) = shop._extended(name)["rules"]
        assert rule["when"] == "always"  # also where a request could not be decided
        assert rule["if"].startswith("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH &&") and "push" not in rule["if"]
        assert "resource_group" in shop.jobs[name] and "environment" in shop.jobs[name]


def test_from_approved_to_running_and_back(shop: Shop) -> None:
    """One pipeline promotes and deploys, a second does nothing, a rollback goes the same way; hostile words are words."""
    shop.world.approve("1.1.0", "production", "rita", "victor")
    assert f"'{MODEL}@1.1.0#production': promoted" in shop.run("govkit-promote", "schedule")
    assert "1.1.0 runs in production" in shop.run("govkit-deploy-production", "schedule")
    size = shop.size()
    assert "nothing is ready" in shop.run("govkit-promote", "schedule")
    assert shop.run("govkit-deploy-production", "schedule") == "" and shop.size() == size
    pwned = shop.world.folder / "pwned"
    words = {"ROLLBACK_MODEL": MODEL, "ROLLBACK_STAGE": "production", "ROLLBACK_REASON": f'"; $(touch {pwned}) `x`'}
    shop.run("govkit-promote", "web", **words)
    assert "1.0.0 runs in production" in shop.run("govkit-deploy-production", "web", **words)
    assert not pwned.exists()


def test_a_merge_request_is_checked_without_data(shop: Shop) -> None:
    """Pipeline, card and gates are looked at from a clone without data and without secrets."""
    shop.run("govkit-pipeline", "merge_request_event")
    said = shop.run("govkit-card", "merge_request_event", MODEL=MODEL)
    assert "is what its commit makes" in said
    assert (shop.world.folder / "job2" / "govkit-production.xml").exists()
