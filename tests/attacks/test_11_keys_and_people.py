"""One key stands under two people, or one person approves with two keys, to fill a quorum alone.

Refused because a key has one owner, and a person counts once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import world as worlds
from rawlog import decision, promotion, push
from world import World

from govkit.core import canonical, digests
from govkit.core.policy import written_out


def policy_value(world: World) -> Any:
    """Return the policy in force as JSON."""
    policy = world.log().state.policy
    assert policy is not None
    return canonical.decode(canonical.encode(dict(policy.raw)))


def propose_raw(world: World, value: Any) -> Any:
    """Append a request to adopt a policy, as an administrator who asks no command; return the verdict."""
    content = written_out(value)
    body = {"action": "policy", "reason": "why not", "policy": digests.sha256(content), "base": 0}
    evidence = {"policy.json": content}
    world.push_signed("rita", evidence, type="request.opened", subject="*", body=body)
    return world.last()


@pytest.fixture(scope="module")
def _two_validators(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    governed = worlds.copy(_governed, tmp_path_factory.mktemp("two_validators") / "world")
    governed.govkit("people", "add", "victor", "--key", f"{governed.key_path('victor2')}.pub")
    governed.change_policy("quorum: {role: validator, count: 1}", "quorum: {role: validator, count: 2}")
    governed.register("1.0.0")
    governed.request("1.0.0", "staging")
    return governed.folder


@pytest.fixture
def two_validators(_two_validators: Path, tmp_path: Path) -> World:
    """Staging wants two validators, and victor has a second key; 1.0.0 asks for it."""
    return worlds.copy(_two_validators, tmp_path / "world")


def test_person_with_two_keys_counts_once(two_validators: World) -> None:
    """Two approvals by victor, each with another key of his, are one."""
    two_validators.approve("1.0.0", "staging", "victor")
    two_validators.govkit("approve", "scorer@1.0.0#staging", "-m", "once more", as_="victor2")
    judged = two_validators.log().state.judged[-2:]
    assert [(j.status, j.event.actor) for j in judged] == [("good", "victor")] * 2
    assert judged[0].signer != judged[1].signer
    text = two_validators.promote("1.0.0", "staging", expect=1).text
    assert "approvals: fail" in text
    assert "missing: validator" in text or "validator" in text


def test_promotion_that_names_both_is_inert(two_validators: World) -> None:
    """Neither does a promotion count that lists both of his approvals, with no command asked."""
    two_validators.approve("1.0.0", "staging", "victor", "vera")
    honest = promotion(two_validators, "1.0.0", "staging")
    value = canonical.decode(honest.content)
    two_validators.govkit("approve", "scorer@1.0.0#staging", "-m", "once more", as_="victor2")
    state = two_validators.log().state
    both = sorted(j.id for j in state.judged if j.event and j.event.actor == "victor" and "decision" in j.event.body)
    value["log"] = {"size": two_validators.log().head.size, "root": two_validators.log().head.root}
    value["body"]["decisions"] = both
    content = canonical.encode(value)
    two_validators.push_event(content, two_validators.sign("remy", content), honest.evidence)
    assert two_validators.last().status == "inert"
    assert two_validators.log().state.champion("scorer", "staging") is None


def test_key_under_two_people_cannot_be_proposed(governed: World) -> None:
    """The command refuses to give victor's key to another person, whether added or written into the file."""
    words = ("people", "add", "eve", "--key", f"{governed.key_path('victor')}.pub", "--role", "risk-owner")
    assert "this key belongs to victor" in governed.govkit(*words, expect=2).text
    path = governed.repo / "governance" / "policy.yaml"
    vera, victor = governed.key("vera").public, governed.key("victor").public
    path.write_text(path.read_text().replace(vera, victor))
    text = governed.govkit("policy", "propose", "-m", "x", as_="rita", expect=1).text
    assert "one key stands under two people, vera and victor" in text


def test_key_under_two_people_cannot_be_adopted(governed: World) -> None:
    """A request for such a policy, pushed with no command asked, is inert."""
    value = policy_value(governed)
    value["people"]["vera"]["keys"] = value["people"]["victor"]["keys"]
    found = propose_raw(governed, value)
    assert found.status == "inert"
    assert "its policy must not be adopted: one key stands under two people" in found.reason


@pytest.mark.parametrize("spelling", ["{} rita@laptop", " {}", "{}\n"])
def test_key_in_another_spelling_cannot_be_adopted(governed: World, spelling: str) -> None:
    """The same key with a comment or white space around it is no way to put it under a second person."""
    value = policy_value(governed)
    value["people"]["vera"]["keys"].append(spelling.format(governed.key("victor").public))
    found = propose_raw(governed, value)
    assert found.status == "inert"
    assert "its policy must not be adopted" in found.reason


def test_key_cannot_change_its_owner(governed: World) -> None:
    """A key that was victor's once does not become vera's in a later policy."""
    value = policy_value(governed)
    value["people"]["vera"]["keys"], value["people"]["victor"]["keys"] = (
        value["people"]["victor"]["keys"],
        [governed.key("victor2").public],
    )
    found = propose_raw(governed, value)
    assert (found.status, found.reason) == ("inert", "a key of 'vera' belonged to 'victor'")


def test_control(two_validators: World) -> None:
    """With two people, each with a key of their own, the same quorum is met; a policy with a new key is asked for."""
    push(two_validators, decision(two_validators, "victor2", "scorer@1.0.0#staging"))
    two_validators.approve("1.0.0", "staging", "vera")
    two_validators.promote("1.0.0", "staging")
    assert "PROVEN: scorer@1.0.0 serves in staging" in two_validators.verify("staging").text
