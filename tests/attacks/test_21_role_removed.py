"""Attack 21: "a role removed from a person, who goes on approving".

Refused by the ledger: a decision is judged by the policy in force where it stands, and roles are judged once more
when a promotion rests on it.
"""

from __future__ import annotations

import forge
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


def _dismiss(world: World, person: str = "vera", role: str = "validator") -> None:
    forge.edit_policy(world, lambda policy: policy["roles"][role]["people"].remove(person))
    world.adopt_policy()


def test_with_the_role(requested: World) -> None:
    """The control: while vera holds the role her approval counts."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_approving_after_the_removal(requested: World) -> None:
    """Who holds the role no longer is refused, by govkit and by the ledger."""
    _dismiss(requested)
    result = requested.govkit("approve", REQUEST, as_="vera", expect=1)
    assert "vera is not asked here" in result.text
    judged = forge.decision(requested, "vera", REQUEST)
    assert (judged.status, judged.reason) == ("inert", "vera does not hold the role 'validator'")


def test_using_an_approval_after_the_removal(requested: World) -> None:
    """An approval from before the removal does not count when somebody promotes after it."""
    requested.approve("1.1.0", "production", "rita", "vera")
    _dismiss(requested)
    result = requested.promote("1.1.0", "production", expect=1)
    assert "vera does not count: no longer holds the role 'validator'" in result.text
    judged = forge.promotion(requested, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "approvals are missing: validator")
    requested.approve("1.1.0", "production", "victor")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_carrying_in_a_decision_from_before_the_removal(requested: World) -> None:
    """A decision signed while she held the role, and carried in after the removal, is judged where it stands."""
    file = requested.folder / "vera.json"
    requested.govkit("approve", REQUEST, "--output", str(file), as_="vera")
    _dismiss(requested)
    result = requested.govkit("submit", str(file), as_="ada", expect=1)
    assert "vera does not hold the role 'validator'" in result.text


def test_carrying_in_a_decision_in_time(requested: World) -> None:
    """The control: carried in before the removal, it counts."""
    file = requested.folder / "vera.json"
    requested.govkit("approve", REQUEST, "--output", str(file), as_="vera")
    requested.approve("1.1.0", "production", "rita")
    requested.govkit("submit", str(file), as_="ada")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_a_person_taken_out(requested: World) -> None:
    """Somebody who is taken out altogether, with their key, decides nothing, and the id cannot be used again."""
    requested.approve("1.1.0", "production", "rita", "vera")

    def leave(policy: dict) -> None:
        policy["roles"]["validator"]["people"].remove("vera")
        del policy["people"]["vera"]

    forge.edit_policy(requested, leave)
    requested.adopt_policy()
    assert "belongs to nobody" in requested.govkit("approve", REQUEST, as_="vera", expect=1).text
    judged = forge.decision(requested, "vera", REQUEST)
    assert judged.status == "inert" and "belongs to nobody in the policy in force" in judged.reason
    assert "vera does not count" in requested.promote("1.1.0", "production", expect=1).text

    def back(policy: dict) -> None:
        policy["people"]["vera"] = {"name": "Another Vera", "keys": [requested.key("vera3").public]}

    forge.edit_policy(requested, back)
    result = requested.govkit("policy", "propose", "-m", "back", as_="rita", expect=1)
    assert "the id 'vera' was used before" in result.text


def test_promoting_after_the_removal(requested: World) -> None:
    """Who may no longer promote is refused, though everybody approved; what they promoted before stays proven."""
    requested.approve("1.1.0", "production", "rita", "vera")
    forge.edit_policy(requested, lambda policy: policy["roles"].update({"release-engineer": {"people": ["ci"]}}))
    requested.adopt_policy()
    result = requested.promote("1.1.0", "production", expect=1)
    assert "remy holds none of the roles release-engineer" in result.text
    judged = forge.promotion(requested, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "remy holds none of the roles release-engineer")
    assert "PROVEN: scorer@1.0.0" in requested.verify().text
