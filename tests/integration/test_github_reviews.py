"""GitHub Actions: a review that nobody has given yet holds up nothing, and one that is given late does nothing twice."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.integration.test_github_actions import CHECK, PROMOTE, ROOT, Shop
from tests.world import MODEL, World

DUE = f'["{MODEL}"]'


@pytest.fixture
def shop(requested: World) -> Shop:
    """A shop in which 1.1.0 is approved for production."""
    requested.approve("1.1.0", "production", "rita", "victor")
    return Shop(requested)


def test_the_timer_asks_reviewers_once(shop: Shop) -> None:
    """A rollout that waits for its review is not asked for again by the timer, and is by whoever starts a run."""
    waiting = shop.runner.state / "waiting"
    waiting.write_text(f"Roll out {MODEL} to production\n")
    job = shop.run(only="promote")["promote"]
    assert (job.result, job.outputs) == ("success", {"due-production": "[]"}) and "promoted" in job.log
    by_hand = {"action": "promote"}
    assert shop.run("workflow_dispatch", by_hand, only="promote")["promote"].outputs == {"due-production": DUE}
    waiting.write_text(f"Roll out {MODEL}2 to production\nRoll out {MODEL} to staging\n")
    assert shop.run(only="promote")["promote"].outputs == {"due-production": DUE}


def test_a_late_review_rolls_out_what_serves_by_then_and_nothing_twice(shop: Shop) -> None:
    """A run that waited for 1.1.0 rolls out what was rolled back to; one whose review comes afterwards does nothing."""
    world = shop.world
    world.promote("1.1.0", "production")
    world.govkit("rollback", MODEL, "--stage", "production", "-m", "wrong numbers", "--yes", as_="remy")
    text = (world.repo / PROMOTE).read_text()
    waited = text.replace("needs.promote.outputs.due-production", f"'{DUE}'")
    assert waited != text
    first = shop.runner.run(waited, "schedule", only="deploy-production")["deploy-production"]
    assert first.result == "success" and f"{MODEL}@1.0.0 runs in production" in first.log
    calls, size = len(shop.runner.calls("kubectl")), shop.size()
    late = shop.runner.run(waited, "schedule", only="deploy-production")["deploy-production"]
    assert late.result == "success" and f"nothing is left to be done for {MODEL}" in late.log
    assert not {"Verify", "Get the weights, proven", "Roll out"} & set(late.ran)
    assert (len(shop.runner.calls("kubectl")), shop.size()) == (calls, size)


def test_another_branch_starts_nothing(shop: Shop) -> None:
    """Whoever starts a run on another branch than the default one gets nothing done."""
    world = shop.world
    world.git("push", "-q", "origin", "HEAD:refs/heads/mine")
    size = shop.size()
    inputs = {"action": "promote"}
    jobs = shop.runner.run((world.repo / PROMOTE).read_text(), "workflow_dispatch", inputs=inputs, ref="mine")
    assert {name: job.result for name, job in jobs.items()} == dict.fromkeys(jobs, "skipped")
    assert shop.size() == size and shop.runner.calls("kubectl") == shop.runner.calls("gh") == []


def test_no_rollback_waits_or_is_replaced(governed: World) -> None:
    """Only single jobs exclude each other; what waits for a review is found by the name that its job has."""
    governed.govkit("ci", "github", "--deploy", "production")
    workflow = yaml.load((governed.repo / PROMOTE).read_text(), yaml.BaseLoader)
    assert "concurrency" not in workflow
    groups = {name: job["concurrency"]["group"] for name, job in workflow["jobs"].items()}
    assert len(set(groups.values())) == len(groups)
    assert "github.run_id" in groups["promote"] and "matrix.model" in groups["deploy-production"]
    assert {job["concurrency"]["cancel-in-progress"] for job in workflow["jobs"].values()} == {"false"}
    assert workflow["jobs"]["deploy-production"]["name"] == "Roll out ${{ matrix.model }} to production"


def test_no_module_of_the_repository_is_imported(governed: World) -> None:
    """Python is always told to leave the folder alone that it runs in: a json.py there is not what runs."""
    for server in ("github", "gitlab"):
        governed.govkit("ci", server)
    written = [governed.repo / CHECK, governed.repo / PROMOTE, governed.repo / ".gitlab" / "govkit.gitlab-ci.yml"]
    texts = [path.read_text() for path in (*written, ROOT / "action.yml", ROOT / "scripts" / "deploy_to_k8s.sh")]
    calls = [re.findall(r"\bpython3?\"? -.*", text) for text in texts]
    assert all(calls) and all(re.match(r"python3?\"? -I ", call) for found in calls for call in found)


def test_a_pipeline_in_a_folder_is_checked(shop: Shop) -> None:
    """A DVC stage that changed since it was run is found in a dvc.yaml of a folder too."""
    world = shop.world
    folder = world.repo / "more"
    folder.mkdir()
    (folder / "in.txt").write_text("1\n")
    stage = {"cmd": "cp in.txt out.txt", "deps": ["in.txt"], "outs": ["out.txt"]}
    (folder / "dvc.yaml").write_text(json.dumps({"stages": {"copy": stage}}))
    world.shell("dvc", "repro", "-q", "more/dvc.yaml")
    world.shell("git", "-C", str(world.repo), "add", "-A")
    world.commit("More")
    world.git("push", "-q", "origin", "HEAD:refs/heads/more")
    text = (world.repo / CHECK).read_text()
    assert shop.runner.run(text, "pull_request", ref="more")["pipeline"].result == "success"
    (folder / "in.txt").write_text("2\n")
    world.commit("Other input")
    world.git("push", "-q", "origin", "HEAD:refs/heads/more")
    jobs = shop.runner.run(text, "pull_request", ref="more")
    assert jobs["pipeline"].result == "failure" and "Running stage 'more/dvc.yaml:copy'" in jobs["pipeline"].log


def test_check_says_what_is_not_as_it_would_be_written(promoted: World) -> None:
    """--check writes nothing and fails until the files are there, and again after an edit."""
    again = ("ci", "github", "--check")
    assert "not what would be written" in promoted.govkit(*again, expect=1).text
    assert not (promoted.repo / ".github").exists()
    promoted.govkit("ci", "github")
    assert promoted.govkit(*again).out.count("kept") == 2
    path = promoted.repo / CHECK
    before = path.read_text()
    path.write_text(before + "# more\n")
    assert "govkit-check.yml: not what" in promoted.govkit(*again, expect=1).text
    assert path.read_text() == before + "# more\n"
