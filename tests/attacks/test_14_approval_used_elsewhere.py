"""Attack 14: "the same approval used for another stage, model, version, request or policy".

Refused by the ledger: a decision names one request, the request binds all of these, and a promotion may rest on no
other request's decisions; the promotion's tag must say the same as its event.
"""

from __future__ import annotations

from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


@pytest.fixture(scope="module")
def _approved(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("approved") / "world")
    requested.approve("1.1.0", "production", "rita", "victor")
    return requested.folder


@pytest.fixture
def approved(_approved: Path, tmp_path: Path) -> World:
    """A world in which 1.1.0 is approved for production, and not yet promoted."""
    return worlds.copy(_approved, tmp_path / "world")


def _decisions(world: World) -> list[str]:
    return [decision.at.id for decision in forge.opened(world, REQUEST).decisions]


def _refused(world: World, reason: str, stage: str = "production") -> None:
    """Assert that the last event has no effect for this reason, and that 1.0.0 serves on."""
    judged = world.last()
    assert (str(judged.status), judged.reason) == ("inert", reason)
    state = world.log().state
    assert state.champion(MODEL, stage).body.version == "1.0.0"


def test_used_for_what_it_was_given_for(approved: World) -> None:
    """The control: a promotion made by hand from the approved request is good, and proven."""
    assert forge.promotion(approved, REQUEST).status == "good"
    assert "PROVEN: scorer@1.1.0" in approved.verify().text


def test_for_another_stage(approved: World) -> None:
    """An approval for production does not open staging, by govkit or by a modified one."""
    result = approved.promote("1.1.0", "staging", expect=1)
    assert "nobody has asked to let scorer@1.1.0 serve in staging" in result.text
    forge.promotion(approved, REQUEST, stage="staging")
    _refused(approved, "the request was for something else", "staging")
    approved.request("1.1.0", "staging")
    asked = f"{MODEL}@1.1.0#staging"
    result = approved.promote("1.1.0", "staging", expect=1)
    assert "approved by nobody" in result.text
    forge.promotion(approved, asked, decisions=_decisions(approved))
    _refused(approved, "approvals are missing: validator", "staging")
    assert "PROVEN: scorer@1.0.0" in approved.verify("staging").text


def test_for_another_stage_whose_request_is_approved_too(approved: World) -> None:
    """Decisions of two requests cannot be mixed: what a promotion names must all be of its own request."""
    approved.request("1.1.0", "staging")
    approved.approve("1.1.0", "staging", "vera")
    own = [decision.at.id for decision in forge.opened(approved, f"{MODEL}@1.1.0#staging").decisions]
    forge.promotion(approved, REQUEST, decisions=[_decisions(approved)[0], *own])
    _refused(approved, "it rests on a decision that does not count")


def test_one_decision_named_twice(approved: World) -> None:
    """One decision named twice is not two."""
    first = _decisions(approved)[0]
    forge.promotion(approved, REQUEST, decisions=[first, first])
    _refused(approved, "it rests on a decision that does not count")


def test_fewer_decisions_than_the_quorum(approved: World) -> None:
    """A promotion that names fewer decisions than the quorum demands is refused, though more were given."""
    forge.promotion(approved, REQUEST, decisions=_decisions(approved)[:1])
    _refused(approved, "the decisions it names are not enough")


def test_for_another_version(approved: World) -> None:
    """An approval of 1.1.0 lets in no other version."""
    approved.retrain(0.9)
    approved.register("1.2.0")
    assert "nobody has asked" in approved.promote("1.2.0", "production", expect=1).text
    other = approved.log().state.versions[MODEL, "1.2.0"].body
    forge.promotion(approved, REQUEST, version="1.2.0", commit=other.commit, card=other.card, weights=other.weights)
    _refused(approved, "the request was for something else")
    forge.promotion(approved, REQUEST, commit=other.commit, card=other.card, weights=other.weights)
    _refused(approved, "it names other bytes than were registered")


def test_for_another_model(approved: World) -> None:
    """An approval of one model lets in no other, not even with a tag of that other model."""
    forge.promotion(approved, REQUEST, tag_name="other#production#1")
    _refused(approved, "other@1.1.0 is not registered")


def test_for_another_request(approved: World) -> None:
    """Whoever asks again must be approved again."""
    decisions = _decisions(approved)
    approved.request("1.1.0", "production")
    assert "approved by nobody" in approved.promote("1.1.0", "production", expect=1).text
    forge.promotion(approved, REQUEST, decisions=decisions)
    _refused(approved, "approvals are missing: risk-owner, validator")


def test_used_a_second_time(approved: World) -> None:
    """An approval is used up by the promotion that rests on it, and brings nothing back after a newer one."""
    decisions, first = _decisions(approved), forge.opened(approved, REQUEST).id
    approved.promote("1.1.0", "production")
    approved.retrain(0.9)
    approved.release("1.2.0")
    judged = forge.promotion(approved, first, decisions=decisions)
    assert (judged.status, judged.reason) == ("inert", f"{REQUEST} is done")
    assert "PROVEN: scorer@1.2.0" in approved.verify().text


def test_for_another_champion(approved: World) -> None:
    """An approval that was given against one champion does not hold against the next."""
    approved.retrain(0.9)
    approved.register("1.2.0")
    approved.request("1.2.0", "production")
    approved.approve("1.2.0", "production", "rita", "victor")
    approved.promote("1.2.0", "production")
    assert "another version serves there since it was opened" in approved.promote("1.1.0", "production", expect=1).text
    assert (
        "another version serves there"
        in approved.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1).text
    )
    judged = forge.promotion(approved, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "another version serves there since it was opened")


def test_for_a_policy(approved: World) -> None:
    """An approval of a version adopts no policy, and one of a policy adopts no other policy."""
    from govkit.core.events import PolicyAdopted

    path = approved.repo / "governance" / "policy.yaml"
    text = path.read_text()
    path.write_text(text.replace("min: 0.7", "min: 0.6"))
    asked = approved.govkit("policy", "propose", "-m", "why", "--format", "json", as_="rita").json
    kinder = approved.log().evidence(
        approved.repository(), asked["index"], "policy.json", _evidence(approved, asked["index"])
    )
    body = PolicyAdopted(request=forge.opened(approved, REQUEST).id)
    approved.push_signed("rita", {"policy.json": kinder}, type="policy.adopted", subject="*", body=body)
    _refused(approved, "there is no such request for this subject")
    approved.govkit("approve", f"policy#{asked['index']}", as_="victor")
    other = kinder.replace(b'"min":0.6', b'"min":0.1')
    assert other != kinder
    body = PolicyAdopted(request=asked["id"])
    approved.push_signed("rita", {"policy.json": other}, type="policy.adopted", subject="*", body=body)
    _refused(approved, "the request was for another policy")
    approved.push_signed("rita", {"policy.json": kinder}, type="policy.adopted", subject="*", body=body)
    assert approved.last().status == "good"


def _evidence(world: World, index: int) -> str:
    event = world.log().state.judged[index].event
    assert event is not None
    return event.evidence["policy.json"]


def test_a_request_that_names_other_digests(approved: World) -> None:
    """A request must bind what was registered and what the policy in force requires; nothing else can be asked for."""
    zero = "sha256:" + "0" * 64
    for field, reason in (
        ("card", "it names other bytes than were registered"),
        ("weights", "it names other bytes than were registered"),
        ("data", "it names other bytes than were registered"),
        ("requirements", "it names other requirements than the policy in force has"),
        ("champion", "it names another champion than serves now"),
    ):
        judged = forge.request(approved, "1.1.0", "production", **{field: zero})
        assert (judged.status, judged.reason) == ("inert", reason)
    approved.promote("1.1.0", "production")  # and none of them took the place of the honest request
