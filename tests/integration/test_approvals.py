"""Whose yes counts: of people with the role alone, once each, on this request and its digests, never on one's own."""

from __future__ import annotations

from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


def _verified(content: dict) -> None:
    content["stages"]["production"]["approvals"]["commit_authors"] = "verified"


def _not_promoted(world: World, reason: str) -> None:
    """Assert that neither govkit nor a modified govkit gets the version promoted, and that 1.0.0 still serves."""
    assert reason in world.promote("1.1.0", "production", expect=1).text
    assert world.govkit("verify", MODEL, "--stage", "production", "--format", "json").json["version"] == "1.0.0"


def test_two_people_with_the_roles_are_enough(requested: World) -> None:
    """The control: with the approvals that the policy demands, the version is promoted and proven."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0" in requested.verify().text


def test_without_the_role_govkit_does_not_ask(requested: World) -> None:
    """Somebody whose roles the quorum does not mention cannot approve, in whatever role they say."""
    assert "remy is not asked here" in requested.govkit("approve", REQUEST, as_="remy", expect=1).text
    result = requested.govkit("approve", REQUEST, "--role", "validator", as_="remy", expect=1)
    assert "remy does not hold the role 'validator'" in result.text


def test_without_the_role_a_signed_event_is_inert(requested: World) -> None:
    """The same by a modified govkit: the event is in the log and has no effect."""
    judged = forge.decision(requested, "remy", REQUEST)
    assert (judged.status, judged.reason) == ("inert", "remy does not hold the role 'validator'")
    requested.approve("1.1.0", "production", "rita")
    _not_promoted(requested, "approved by rita as risk-owner")


def test_a_role_that_is_not_asked_does_not_count(requested: World) -> None:
    """A role that somebody does hold, but that this stage does not ask, is no way in."""
    judged = forge.decision(requested, "remy", REQUEST, role="release-engineer")
    assert (judged.status, judged.reason) == ("inert", "nobody in the role 'release-engineer' is asked here")


def test_a_stranger_does_not_count(requested: World) -> None:
    """A key that the policy does not know decides nothing."""
    result = requested.govkit("approve", REQUEST, as_="mallory", expect=1)
    assert "belongs to nobody in the policy in force" in result.text
    judged = forge.decision(requested, "mallory", REQUEST, actor="vera")
    assert (judged.status, judged.reason) == (
        "inert",
        "signed by a key that belongs to nobody in the policy in force",
    )


def test_nobody_signs_for_somebody_else(requested: World) -> None:
    """A decision that names another person than the owner of the key is inert."""
    judged = forge.decision(requested, "ada", REQUEST, actor="vera")
    assert (judged.status, judged.reason) == ("inert", "it names vera and is signed by ada")


@pytest.fixture(scope="module")
def _both(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    requested = worlds.copy(_requested, tmp_path_factory.mktemp("both") / "world")
    forge.edit_policy(requested, lambda p: p["roles"]["validator"]["people"].append("ada"))
    requested.adopt_policy()
    return requested.folder


@pytest.fixture
def both(_both: Path, tmp_path: Path) -> World:
    """A world in which ada, who asks, also holds the role of a validator."""
    return worlds.copy(_both, tmp_path / "world")


def test_the_requester_cannot_approve(both: World) -> None:
    """Who asked may not approve, though they hold the role."""
    result = both.govkit("approve", REQUEST, as_="ada", expect=1)
    assert "ada asked for this, and nobody approves their own request" in result.text
    judged = forge.decision(both, "ada", REQUEST)
    assert (judged.status, judged.reason) == ("inert", "ada asked for this, and nobody approves their own request")
    both.approve("1.1.0", "production", "rita")
    _not_promoted(both, "approved by rita as risk-owner")


def test_the_requester_may_approve_what_another_asked(both: World) -> None:
    """The control: it is the asking that forbids it, not the person."""
    both.shell("git", "config", "user.name", "CI")
    both.govkit("request", f"{MODEL}@1.0.0", "--stage", "staging", "-m", "again", as_="ci", expect=1)
    asked = both.govkit("request", f"{MODEL}@1.1.0", "--stage", "staging", "-m", "again", "--format", "json", as_="ci")
    assert asked.json["version"] == "1.1.0"
    both.govkit("approve", f"{MODEL}@1.1.0#staging", as_="ada")
    both.promote("1.1.0", "staging")


def test_a_service_never_decides(requested: World) -> None:
    """A service that holds the roles signs nothing that counts."""
    result = requested.govkit("approve", REQUEST, "--role", "validator", as_="ci", expect=1)
    assert "ci is a service, and a service never decides" in result.text
    judged = forge.decision(requested, "ci", REQUEST)
    assert (judged.status, judged.reason) == ("inert", "ci is a service, and a service never decides")
    requested.approve("1.1.0", "production", "rita")
    _not_promoted(requested, "approved by rita as risk-owner")


def test_who_became_a_service_no_longer_counts(requested: World) -> None:
    """An approval by somebody whom the policy has made a service since then does not count when promoting."""
    requested.approve("1.1.0", "production", "rita", "vera")
    forge.edit_policy(requested, lambda policy: policy["people"]["vera"].update(kind="service"))
    requested.adopt_policy()
    result = requested.promote("1.1.0", "production", expect=1)
    assert "vera does not count: is a service, and a service never decides" in result.text
    judged = forge.promotion(requested, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "approvals are missing: validator")


def test_a_claimed_author_does_not_count(promoted: World) -> None:
    """Who wrote a commit since the champion, by its e-mail address, may not approve; nor may a co-author."""
    promoted.retrain(0.85)
    promoted.commit("By victor", author="Somebody Else <Victor@Example.org>")
    promoted.commit("Pair\n\nCo-authored-by: V <vera@example.org>")
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor", "vera")
    result = promoted.promote("1.1.0", "production", expect=1)
    assert "victor does not count: wrote a commit that this version brings in" in result.text
    assert "vera does not count" in result.text
    assert promoted.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1)


def test_a_claimed_author_does_not_count_for_a_modified_govkit(promoted: World) -> None:
    """A promotion that rests on an author's approval is refused by the verifier, who reads the commits."""
    promoted.retrain(0.85)
    promoted.commit("By victor", author="Victor <victor@example.org>")
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    assert forge.promotion(promoted, REQUEST).status == "good"  # the log alone cannot know who wrote a commit
    result = promoted.verify(expect=1)
    assert "victor does not count: wrote a commit that this version brings in" in result.text
    assert "REFUSED: scorer@1.1.0" in result.text


def test_verified_authors_need_signed_commits(promoted: World) -> None:
    """Where authors are to be verified, a commit that nobody signed denies, whoever it claims to be by."""
    forge.edit_policy(promoted, _verified)
    promoted.adopt_policy()
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    result = promoted.promote("1.1.0", "production", expect=1)
    assert "commit-authors: fail" in result.text and "not signed by anybody known" in result.text
    assert forge.promotion(promoted, REQUEST).status == "good"
    assert "not signed by anybody known" in promoted.verify(expect=1).text


def test_one_person_with_two_keys_counts_once(requested: World) -> None:
    """A person who signs with both of their keys is one person, so two validators are still missing one."""

    def two(content: dict) -> None:
        content["people"]["vera"]["keys"].append(requested.key("vera2").public)
        content["stages"]["production"]["approvals"]["quorum"] = {"role": "validator", "count": 2}

    forge.edit_policy(requested, two)
    requested.adopt_policy()
    requested.request("1.1.0", "production")
    requested.approve("1.1.0", "production", "vera")
    requested.govkit("approve", REQUEST, "-m", "once more", as_="vera2")
    result = requested.promote("1.1.0", "production", expect=1)
    assert "approved by vera as validator" in result.text
    found = forge.opened(requested, REQUEST)
    assert len(found.decisions) == 2
    judged = forge.promotion(requested, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "approvals are missing: validator")
    requested.approve("1.1.0", "production", "victor")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_an_approval_of_another_request_does_not_count(requested: World) -> None:
    """What was said on one request counts for no other, though it is the same version and stage."""
    requested.approve("1.1.0", "production", "rita", "vera")
    old = forge.opened(requested, REQUEST)
    requested.govkit("withdraw", REQUEST, as_="ada")
    requested.request("1.1.0", "production")
    _not_promoted(requested, "approved by nobody")
    judged = forge.promotion(requested, REQUEST, decisions=[decision.at.id for decision in old.decisions])
    assert judged.status == "inert" and "approvals are missing" in judged.reason
    judged = forge.promotion(requested, old.id)
    assert (judged.status, judged.reason) == ("inert", f"{REQUEST} is withdrawn")


def test_an_approval_on_another_card_does_not_count(requested: World) -> None:
    """A decision that was made on another card than the request's is inert."""
    other = forge.committed(requested, f"{MODEL}@v1.0.0")
    judged = forge.decision(requested, "vera", REQUEST, card=other)
    assert (judged.status, judged.reason) == ("inert", "it was made on another card.json")


def test_an_approval_of_another_model_does_not_count(requested: World) -> None:
    """A decision whose subject is not the request's model is inert."""
    judged = forge.decision(requested, "vera", REQUEST, subject="other")
    assert (judged.status, judged.reason) == ("inert", "there is no such request for this subject")
