"""The commands of how-to pages, run as they stand there, in a governed repository.

``credit-default`` stands for the model of the test's repository, and who signs is named for each command.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.world import MODEL, World

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how-to"
TARGET = {
    "schema": "govkit.target/v1",
    "python": "3.12.4",
    "frameworks": {"tiny": "1.1"},
}


def commands(page: str) -> list[str]:
    """Return the lines of a page's blocks of commands, in their order."""
    blocks = re.findall(r"^```bash\n(.*?)^```", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


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
    run(replaced, commands(page), {})
    found = {path.name for path in (replaced.repo / "manifests").iterdir()}
    assert found == set(re.findall(r"^\| `([a-z-]+\.yaml)` \|", (PAGES / page).read_text(), re.MULTILINE))


def test_answer_why(replaced: World) -> None:
    """The page's questions are answered at a time of this repository; what a moment ago was is proven, and nothing is written."""
    page = "answer-why.md"
    time = replaced.log().state.effective
    before = replaced.log().head.size
    run(replaced, [line.replace("2026-11-23T10:15:00Z", time) for line in commands(page)], {})
    assert "scorer@1.1.0 in production" in (replaced.repo / "why.html").read_text()
    assert replaced.log().head.size == before
