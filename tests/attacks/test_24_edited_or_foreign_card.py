"""Attack 24: "an edited card; a card of another version".

Refused by making the card again from the commit and the bytes, and comparing: when it is checked, when it is
registered, and once more by the verifier, for whom a signature on the wrong card proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import forge
import pytest
from world import MODEL, World

from govkit.core import canonical

REQUEST = f"{MODEL}@1.1.0#production"


def _edit(world: World, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Edit the committed card, keep it canonical, commit it, and return it."""
    path = world.repo / "governance" / MODEL / "card.json"
    value = json.loads(path.read_bytes())
    change(value)
    path.write_bytes(canonical.encode(value))
    world.commit("Edit the card")
    return path.read_bytes()


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a better metric": (
        lambda card: card["metrics"][0]["measure"].update(value=0.99, interval=[0.98, 1.0]),
        "metrics[auc].measure.value: says 0.99, should be 0.5",
    ),
    "a fairer model": (
        lambda card: card["fairness"][0]["attributes"]["AGE"]["ratio"]["selection_rate"].update(value=1),
        "ratio.selection_rate.value: says 1, should be 0.92",
    ),
    "other weights": (
        lambda card: card["weights"].update(sha256="sha256:" + "0" * 64),
        'weights.sha256: says "sha256:0000',
    ),
    "other code": (lambda card: card["lineage"]["code"].pop(), "lineage.code: says"),
    "a lower tier": (lambda card: card["statements"].update(tier="low"), 'statements.tier: says "low"'),
    "words of its own": (lambda card: card.update({"x-note": "reviewed"}), 'x-note: says "reviewed", should be null'),
}


def _promote_by_hand(world: World, card: bytes, **registration: Any) -> None:
    """Register a card by a modified govkit and take it all the way to production, everybody being deceived."""
    commit = world.git("rev-parse", "HEAD")
    assert forge.registration(world, "1.1.0", commit, card, **registration).status == "good"
    assert forge.request(world, "1.1.0", "production").status == "good"
    forge.decision(world, "rita", REQUEST, role="risk-owner")
    forge.decision(world, "victor", REQUEST)
    assert forge.promotion(world, REQUEST).status == "good"


def _not_delivered(world: World, reason: str) -> None:
    target = world.folder / "served"
    assert reason in world.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1).text
    assert not target.exists()


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_card(promoted: World, what: str) -> None:
    """A card that was edited is found by check and register, and by verify if a modified govkit registered it."""
    change, difference = EDITS[what]
    promoted.retrain(0.5)
    card = _edit(promoted, change)
    checked = promoted.govkit("card", MODEL, "--check", expect=1)
    assert "is not what its commit makes" in checked.text and difference in checked.text
    assert difference in promoted.govkit("card", MODEL, "--check", "--rev", "HEAD", expect=1).text
    result = promoted.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=1)
    assert "is not the card of this commit" in result.text and difference in result.text
    _promote_by_hand(promoted, card)
    assert difference in promoted.verify(expect=1).text
    _not_delivered(promoted, difference)


def test_a_card_of_another_version(promoted: World) -> None:
    """The card of 1.0.0, committed again beside other weights, is not theirs."""
    promoted.retrain(0.5)
    path = promoted.repo / "governance" / MODEL / "card.json"
    path.write_bytes(forge.committed(promoted, f"{MODEL}@v1.0.0"))
    promoted.commit("The old card again")
    assert (
        "metrics[auc].measure.value: says 0.8, should be 0.5"
        in promoted.govkit("card", MODEL, "--check", expect=1).text
    )
    assert "is not the card of this commit" in promoted.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=1).text
    _promote_by_hand(promoted, path.read_bytes())
    result = promoted.verify(expect=1)
    assert "✗ fail card" in result.text and "should be" in result.text


def test_a_card_that_is_not_the_commits(promoted: World) -> None:
    """A registration that shows approvers another card than the one in the commit is refused by the verifier."""
    promoted.retrain(0.5)
    _promote_by_hand(promoted, forge.committed(promoted, f"{MODEL}@v1.0.0"))
    assert "the commit's card is not the approved one" in promoted.verify(expect=1).text
    _not_delivered(promoted, "the commit's card is not the approved one")


def test_a_card_of_another_model(promoted: World) -> None:
    """A card that names another model is refused wherever it is read, and its registration proves nothing."""
    promoted.retrain(0.9)
    card = _edit(promoted, lambda card: card["model"].update(name="other"))
    for words in (("card", MODEL, "--check"), ("register", f"{MODEL}@1.1.0", "--key", str(promoted.key_path("ada")))):
        assert "is a card of other, not of scorer" in promoted.govkit(*words, expect=1).text
    _promote_by_hand(promoted, card)
    assert "is a card of other, not of scorer" in promoted.verify(expect=1).text


@pytest.mark.parametrize(
    ("field", "value"), [("weights", "sha256:" + "1" * 64), ("data", "sha256:" + "1" * 64), ("tier", "low")]
)
def test_a_registration_that_says_something_else_than_its_card(promoted: World, field: str, value: str) -> None:
    """An honest card registered with other weights, data or tier is refused by gate, promote, verify and get."""
    promoted.retrain(0.9)
    commit, card = promoted.git("rev-parse", "HEAD"), forge.committed(promoted)
    assert forge.registration(promoted, "1.1.0", commit, card, **{field: value}).status == "good"
    forge.request(promoted, "1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    reason = f"registered {field} {value}, the card says"
    assert reason in promoted.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1).text
    assert reason in promoted.promote("1.1.0", "production", expect=1).text
    assert forge.promotion(promoted, REQUEST).status == "good"
    assert reason in promoted.verify(expect=1).text
    _not_delivered(promoted, reason)


def test_other_weights_registered_and_put_into_the_remote(promoted: World) -> None:
    """Weights that nobody approved are not delivered, though the registration has their digest and DVC has them."""
    from govkit.core import digests

    promoted.retrain(0.9)
    promoted.shell("dvc", "push", "-q")
    evil = b"evil weights"
    commit, card = promoted.git("rev-parse", "HEAD"), forge.committed(promoted)
    md5 = json.loads(card)["weights"]["md5"]
    _promote_by_hand(promoted, card, weights=digests.sha256(evil))
    for store in (promoted.repo / ".dvc" / "cache", promoted.folder / "remote"):
        place = store / "files" / "md5" / md5[:2] / md5[2:]
        place.chmod(0o644)
        place.write_bytes(evil)
    (promoted.repo / "model.json").unlink()
    assert commit
    _not_delivered(promoted, "the card says")


def test_a_commit_on_no_branch(promoted: World) -> None:
    """A modified govkit can register a commit that was never merged; the verifier looks for it on the branches."""
    promoted.git("checkout", "-q", "-b", "side")
    promoted.retrain(0.9)
    result = promoted.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=1)
    assert "is on none of the branches main" in result.text
    _promote_by_hand(promoted, forge.committed(promoted))
    assert "is on none of them" in promoted.verify(expect=1).text


def test_an_honest_card(promoted: World) -> None:
    """The control: the same way with the card that the pipeline made is proven."""
    promoted.retrain(0.9)
    promoted.govkit("card", MODEL, "--check")
    _promote_by_hand(promoted, forge.committed(promoted))
    assert "PROVEN: scorer@1.1.0" in promoted.verify().text
