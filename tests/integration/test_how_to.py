"""The commands of how-to pages, run as they stand there, in a governed repository.

``credit-default`` stands for the model of the test's repository, and who signs is named for each command.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests import pages
from tests.world import MODEL, World

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how-to"
TARGET = {
    "schema": "govkit.target/v1",
    "python": "3.12.4",
    "frameworks": {"tiny": "1.1"},
}


def commands(page: str) -> list[str]:
    """Return the lines of a page's blocks of commands, in their order."""
    scripts = pages.scripts(f"how-to/{page}")
    return [line for script in scripts for line in script.splitlines() if line and not line.startswith("#")]


def run(world: World, lines: list[str], signers: dict[str, str], **variables: str) -> None:
    """Run lines in one shell; each command of govkit that signs with the key of whoever may."""
    script = ["set -eu", *(f"export {name}={value}" for name, value in variables.items())]
    for line in lines:
        who = next((person for start, person in signers.items() if line.startswith(start)), "")
        key = f"GOVKIT_KEY={world.key_path(who)} " if who else ""
        script.append(f"{key}{line.replace('credit-default', MODEL)}")
    world.shell("bash", "-c", "\n".join(script))


@pytest.fixture
def third(replaced: World) -> World:
    """A world with one more version, which is to be tried."""
    replaced.retrain(0.9)
    replaced.register("1.2.0")
    return replaced


def test_roll_back_and_run_canaries(third: World) -> None:
    """In the page's order; it leaves an event for each command that writes, and no more."""
    page = "roll-back-and-run-canaries.md"
    sample = re.search(r"^```json\n(.*?)^```", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)
    assert sample is not None
    (third.repo / "step.json").write_text(json.dumps(json.loads(sample[1])))
    (third.repo / "values.yaml").write_text("threshold: 0.6\n")
    (third.repo / "values-old.yaml").write_text("threshold: 0.5\n")
    before = third.log().head.size
    run(third, commands(page), {"govkit revoke": "rita", "govkit": "remy"})
    kinds = [judged.event.type for judged in third.log().state.judged[before:] if judged.event]
    assert kinds == [
        "promotion.recorded",
        "version.revoked",
        "stage.cleared",
        *["canary.recorded"] * 3,
        "deployment.recorded",
        "config.changed",
    ]


def test_verify_before_serving(governed: World) -> None:
    """Before rolling out, with a target, fetching, and at start-up with the record pinned."""
    path = governed.repo / "governance" / MODEL / "model.yaml"
    contract = "contract: {framework: tiny, framework_version: '>=1', python: '>=3.11'}\n"
    path.write_text(path.read_text() + contract)
    governed.shell("dvc", "repro", "-q")
    governed.commit("A contract")
    governed.release("1.0.0")
    (governed.repo / "target.yaml").write_text(json.dumps(TARGET))
    run(governed, commands("verify-before-serving.md"), {})
    assert (governed.repo / "served" / "model.json").is_file()


def test_deploy_on_kubernetes(replaced: World) -> None:
    """The page's manifests are rendered where it says, and it names every one of them and no other."""
    page = "deploy-on-kubernetes.md"
    render, deliver = commands(page)
    run(replaced, [render.replace("https://git.example.org/models.git", f"file://{replaced.repo}")], {})
    (pinned,) = set(
        re.findall(r"govkit://[^'\"\s]+[?][^'\"\s]+", (replaced.repo / "manifests" / "kserve.yaml").read_text())
    )
    models = replaced.folder / "models"
    models.mkdir()
    # The world's DVC remote lies beside each of its clones.
    replaced.env["TMPDIR"] = str(replaced.folder)
    run(replaced, [deliver.replace("govkit://…", pinned).replace("/mnt/models", str(models))], {})
    assert (models / "model.json").is_file()
    found = {path.name for path in (replaced.repo / "manifests").iterdir()}
    assert found == set(re.findall(r"^\| `([a-z-]+\.yaml)` \|", (PAGES / page).read_text(), re.MULTILINE))


def test_keep_a_model_inventory(promoted: World) -> None:
    """The page's list of two repositories, in every format; each column that it explains is one."""
    from govkit.core.inventory import COLUMNS

    page = "keep-a-model-inventory.md"
    for name in ("credit", "fraud"):
        promoted.clone(name)
    run(promoted, commands(page), {})
    assert json.loads((promoted.repo / "inventory.json").read_text())["schema"] == "govkit.inventory/v1"
    assert len((promoted.repo / "inventory.csv").read_text().splitlines()) == 5
    assert "<table" in (promoted.repo / "inventory.html").read_text()
    table = (PAGES / page).read_text().partition("| column | is |")[2].partition("## ")[0]
    told = [name for line in re.findall(r"^\| ([a-z, ]+) \|", table, re.MULTILINE) for name in line.split(", ")]
    assert sorted(told) == sorted(COLUMNS)


def test_show_which_controls_are_met(promoted: World) -> None:
    """The page's commands and its own mapping; it names every framework and all evidence that there is."""
    from govkit.cards import frameworks
    from govkit.core.evidence import VOCABULARY

    page = "show-which-controls-are-met.md"
    text = (PAGES / page).read_text()
    sample = re.search(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert sample is not None
    (promoted.repo / "own.json").write_text(sample[1])
    run(promoted, commands(page), {})
    assert "| Art. 12 |" in (promoted.repo / "evidence.md").read_text()
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE) == list(frameworks.known())
    told = set(re.findall(r"`([a-z_]+)`", text.partition("| evidence | is there if |")[2].partition("## ")[0]))
    assert told == {name.partition(":")[2] for name in VOCABULARY if name.startswith(("card:", "policy:"))}


def test_answer_why(replaced: World) -> None:
    """The page's questions are answered at a time of this repository; what a moment ago was is proven, and nothing is written."""
    page = "answer-why.md"
    time = replaced.log().state.effective
    before = replaced.log().head.size
    run(replaced, [line.replace("2026-11-23T10:15:00Z", time) for line in commands(page)], {})
    assert "scorer@1.1.0 in production" in (replaced.repo / "why.html").read_text()
    assert replaced.log().head.size == before
