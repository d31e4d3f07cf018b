"""Attack 15: "an approval used after the card, the weights, the data or the code changed".

Refused by the digests that a request binds: a version is one commit and one card for ever, a new commit is a new
version without approvals, and a change of what the stage requires voids the request.
"""

from __future__ import annotations

import json

import forge
import pytest
from world import EVALUATE, MODEL, TRAIN, World

REQUEST = f"{MODEL}@1.1.0#production"


@pytest.fixture
def approved(requested: World) -> World:
    """A world in which 1.1.0 is approved for production, and not yet promoted."""
    requested.approve("1.1.0", "production", "rita", "victor")
    return requested


def _change_data(world: World) -> None:
    rows = world.repo / "data" / "rows.csv"
    rows.write_text(rows.read_text() + "100\n")
    world.shell("dvc", "add", "-q", "data/rows.csv")


CHANGES = {
    "weights": lambda world: (world.repo / "params.yaml").write_text("slope: 0.86\n"),
    "data": _change_data,
    "training code": lambda world: (world.repo / "train.py").write_text(TRAIN + "# changed\n"),
    "evaluation code": lambda world: (world.repo / "evaluate.py").write_text(EVALUATE + "# changed\n"),
    "statements": lambda world: (world.repo / "governance" / MODEL / "model.yaml").write_text(
        "schema: govkit.model/v1\nowner: Somebody else\nintended_use: More\nlimitations: None\n"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_needs_a_new_approval(approved: World, what: str) -> None:
    """Whatever changes makes another card, which only a new version can bring in, and nobody has approved that."""
    before = forge.committed(approved)
    CHANGES[what](approved)
    approved.shell("dvc", "repro", "-q")
    approved.commit(f"Change of {what}")
    assert forge.committed(approved) != before
    assert (
        "scorer@1.1.0 is registered already" in approved.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=1).text
    )
    approved.register("1.2.0")
    assert "nobody has asked" in approved.promote("1.2.0", "production", expect=1).text
    approved.request("1.2.0", "production")
    assert "approved by nobody" in approved.promote("1.2.0", "production", expect=1).text
    decisions = [decision.at.id for decision in forge.opened(approved, REQUEST).decisions]
    judged = forge.promotion(approved, f"{MODEL}@1.2.0#production", decisions=decisions)
    assert judged.status == "inert" and judged.reason.startswith("approvals are missing")
    approved.promote("1.1.0", "production")  # the control: what was approved is untouched by it
    assert "PROVEN: scorer@1.1.0" in approved.verify().text


@pytest.mark.parametrize("path", ["train.py", "params.yaml", "dvc.lock", "data/rows.csv.dvc"])
def test_a_change_that_did_not_run(approved: World, path: str) -> None:
    """A file that is changed without running the pipeline again leaves a card that is not that of its commit."""
    file = approved.repo / path
    text = file.read_text()
    file.write_text(text.replace("size: ", "size: 1") if path.endswith(("lock", ".dvc")) else text + "# x\n")
    if path == "params.yaml":
        file.write_text("slope: 0.99\n")
    approved.commit("Changed by hand")
    result = approved.govkit("register", f"{MODEL}@1.2.0", as_="ada", expect=1)
    assert "is not the card of this commit" in result.text


def test_an_edited_card_committed(approved: World) -> None:
    """A card that is edited afterwards is not the card of any version, and changes nothing of what was approved."""
    path = approved.repo / "governance" / MODEL / "card.json"
    path.write_bytes(path.read_bytes().replace(b'"owner":"Risk"', b'"owner":"Nobody"'))
    approved.commit("A nicer card")
    result = approved.govkit("register", f"{MODEL}@1.2.0", as_="ada", expect=1)
    assert 'statements.owner: says "Nobody", should be "Risk"' in result.text
    approved.promote("1.1.0", "production")
    approved.verify()


def test_a_tag_that_points_at_another_commit(approved: World) -> None:
    """The approved version's number on another commit is refused: the registration names one commit."""
    approved.retrain(0.9)
    judged = forge.promotion(approved, REQUEST, commit=f"git-sha1:{approved.git('rev-parse', 'HEAD')}")
    assert (judged.status, judged.reason) == ("inert", "it names other bytes than were registered")


def test_a_change_of_the_requirements_voids(approved: World) -> None:
    """A change of what the stage requires voids the approvals: gate and promote say so, and the ledger refuses."""
    approved.change_policy("min: 0.7", "min: 0.71")
    result = approved.promote("1.1.0", "production", expect=1)
    assert "the requirements changed since it was opened" in result.text
    result = approved.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1)
    assert "the requirements changed since it was opened" in result.text
    judged = forge.promotion(approved, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "the requirements changed since it was opened")
    new = approved.log().state.policy.requirements(MODEL, "high", "production").digest
    judged = forge.promotion(approved, REQUEST, requirements=new)
    assert (judged.status, judged.reason) == ("inert", "it names other requirements than were approved")
    approved.request("1.1.0", "production")
    approved.approve("1.1.0", "production", "rita", "victor")
    approved.promote("1.1.0", "production")
    approved.verify()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rules: 2\n", "rules: 2\ndescription: words\n"),
        ("quorum: {role: validator, count: 1}", "quorum: {role: validator, count: 2}"),
        ("validator: {people: [victor, vera, ci]}", "validator: {people: [victor, ci]}"),
    ],
)
def test_an_unrelated_change_of_the_policy_does_not_void(approved: World, old: str, new: str) -> None:
    """The control: words, another stage's quorum or who else holds a role leave the approvals as they are."""
    approved.change_policy(old, new)
    approved.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0" in approved.verify().text


def test_what_was_promoted_stays_proven(approved: World) -> None:
    """The control: stricter requirements do not undo what was promoted before them."""
    approved.promote("1.1.0", "production")
    approved.change_policy("min: 0.7", "min: 0.95")
    assert "PROVEN: scorer@1.1.0" in approved.verify().text
    gate = approved.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", "--format", "json", expect=1)
    assert {check["gate"]: check["verdict"] for check in json.loads(gate.out)["checks"]}["auc"] == "fail"
