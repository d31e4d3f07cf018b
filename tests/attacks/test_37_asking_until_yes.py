"""Attack 37: "a new request after a reject, until someone says yes".

Refused by the ledger: a reject holds for the stage and the card, over new requests and new versions of the same card,
until its author or a role that the policy names lifts it.
"""

from __future__ import annotations

import forge
import pytest
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


@pytest.fixture
def rejected(requested: World) -> World:
    """A world in which victor, a validator, has rejected 1.1.0 for production."""
    requested.govkit("reject", REQUEST, "-m", "not yet", as_="victor")
    return requested


def _held(world: World, version: str = "1.1.0", by: str = "victor") -> None:
    """Assert that the version is not let in, by govkit or by a modified one, because the reject holds."""
    text = world.promote(version, "production", expect=1).text
    assert f"a reject by {by} holds" in text and f"{by} can lift the reject" in text
    judged = forge.promotion(world, f"{MODEL}@{version}#production")
    assert (str(judged.status), judged.reason) == ("inert", f"a reject by {by} holds")


def test_without_a_reject(requested: World) -> None:
    """The control: the same approvals without a reject are enough."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_other_people_say_yes(rejected: World) -> None:
    """A full quorum of others does not outvote a reject."""
    rejected.approve("1.1.0", "production", "rita", "vera")
    _held(rejected)


def test_asking_again(rejected: World) -> None:
    """A new request for the same thing starts with the reject, however often somebody asks."""
    for _ in range(2):
        rejected.request("1.1.0", "production")
        rejected.approve("1.1.0", "production", "rita", "vera")
        _held(rejected)


def test_withdrawing_and_asking_again(rejected: World) -> None:
    """Taking the rejected request back takes nothing of the reject back."""
    from govkit.core.events import RequestWithdrawn

    body = RequestWithdrawn(request=forge.opened(rejected, REQUEST).id)
    rejected.push_signed("ada", type="request.withdrawn", body=body)
    assert rejected.last().status == "good"
    rejected.request("1.1.0", "production")
    rejected.approve("1.1.0", "production", "rita", "vera")
    _held(rejected)


def test_the_same_card_as_a_new_version(rejected: World) -> None:
    """A new version with the same card is the same to a reject."""
    rejected.commit("Nothing changed")
    rejected.register("1.2.0")
    rejected.request("1.2.0", "production")
    rejected.approve("1.2.0", "production", "rita", "vera")
    _held(rejected, "1.2.0")


def test_lifting_without_the_right(rejected: World) -> None:
    """Who may not lift cannot: not the requester, not another validator, not with a raw event."""
    assert "ada is not asked here" in rejected.govkit("lift", REQUEST, as_="ada", expect=1).text
    rejected.govkit("lift", REQUEST, as_="vera", expect=None)
    forge.decision(rejected, "vera", REQUEST, decision="lift")
    judged = forge.decision(rejected, "vera", REQUEST, decision="lift", role="risk-owner")
    assert (judged.status, judged.reason) == ("inert", "vera does not hold the role 'risk-owner'")
    rejected.approve("1.1.0", "production", "rita", "vera")
    _held(rejected)


def test_a_reject_replayed_as_lifted(rejected: World) -> None:
    """An approval that victor signed before his reject, and that somebody carries in later, lifts nothing."""
    rejected.request("1.1.0", "production")
    file = rejected.folder / "victor.json"
    rejected.govkit("approve", REQUEST, "--output", str(file), as_="victor")
    rejected.govkit("reject", REQUEST, "-m", "not yet", as_="victor")
    rejected.govkit("submit", str(file), as_="ada", expect=None)
    rejected.approve("1.1.0", "production", "rita", "vera")
    _held(rejected)


def test_a_reject_with_its_signature_broken(rejected: World) -> None:
    """The reject cannot be dropped either: without it the later events belong to another history."""
    log = rejected.git("rev-list", "govkit/log").split()
    rejected.approve("1.1.0", "production", "rita")
    tree = rejected.git("rev-parse", "govkit/log^{tree}")
    message = rejected.git("log", "-1", "--format=%B", "govkit/log")
    commit = rejected.git("commit-tree", tree, "-p", log[1], "-m", message)
    rejected.git("update-ref", "refs/heads/govkit/log", commit)
    rejected.forget()
    assert "belongs to another history of this log" in rejected.verify(expect=1).text


def test_its_author_lifts_it(rejected: World) -> None:
    """The control: whoever rejected may say yes later."""
    rejected.request("1.1.0", "production")
    rejected.approve("1.1.0", "production", "rita", "victor")
    rejected.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0" in rejected.verify().text


def test_a_role_of_the_policy_lifts_it(rejected: World) -> None:
    """The control: the role that the policy names may lift it, in the open."""
    rejected.approve("1.1.0", "production", "vera")
    rejected.govkit("lift", REQUEST, as_="rita")
    rejected.approve("1.1.0", "production", "rita")
    rejected.promote("1.1.0", "production")
    assert "PROVEN: scorer@1.1.0" in rejected.verify().text


def test_another_stage_and_another_card(rejected: World) -> None:
    """The control: a reject holds for its stage and card, and for nothing else."""
    rejected.request("1.1.0", "staging")
    rejected.approve("1.1.0", "staging", "vera")
    rejected.promote("1.1.0", "staging")
    rejected.retrain(0.9)
    rejected.register("1.2.0")
    rejected.request("1.2.0", "production")
    rejected.approve("1.2.0", "production", "rita", "vera")
    rejected.promote("1.2.0", "production")


def test_limit_a_rollback_needs_no_new_yes(requested: World) -> None:
    """The limit: a reject is no obstacle to go back to a version that served; revoking it is."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    requested.request("1.0.0", "production")
    requested.govkit("reject", f"{MODEL}@1.0.0#production", "-m", "not again", as_="victor")
    first = requested.log().state.stages[MODEL, "production"][0]
    fields = {"kind": "rollback", "request": None, "decisions": [], "restores": first.at.id}
    assert forge.promotion(requested, first.body.request, **fields).status == "good"
    assert "PROVEN: scorer@1.0.0" in requested.verify().text
    requested.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "not again"})
    assert "revoked by rita" in requested.verify(expect=1).text
