"""Attack 20: "a person approves their own request, or the code that they wrote".

Refused by the ledger (the requester) and by gate, promote and verify (authors, which only Git knows).
"""

from __future__ import annotations

from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


@pytest.fixture(scope="module")
def _own(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("own") / "world")
    forge.edit_policy(promoted, lambda policy: policy["roles"]["engineer"]["people"].append("victor"))
    promoted.adopt_policy()
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    return promoted.folder


@pytest.fixture
def own(_own: Path, tmp_path: Path) -> World:
    """A world in which victor, a validator, may also ask for stages."""
    return worlds.copy(_own, tmp_path / "world")


def test_own_request(own: World) -> None:
    """Who asks cannot approve, in the role that they hold; a request by somebody else they can."""
    own.govkit("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", "please", as_="victor")
    result = own.govkit("approve", REQUEST, as_="victor", expect=1)
    assert "victor asked for this, and nobody approves their own request" in result.text
    own.govkit("approve", REQUEST, as_="rita")
    judged = forge.decision(own, "victor", REQUEST)
    assert (judged.status, judged.reason) == ("inert", "victor asked for this, and nobody approves their own request")
    judged = forge.promotion(own, REQUEST)
    assert (judged.status, judged.reason) == ("inert", "approvals are missing: validator")
    own.request("1.1.0", "production")  # the control: asked by ada instead
    own.approve("1.1.0", "production", "rita", "victor")
    own.promote("1.1.0", "production")
    own.verify()


def test_own_request_with_a_second_key(own: World) -> None:
    """Another key of the requester's is still the requester."""
    forge.edit_policy(own, lambda policy: policy["people"]["victor"]["keys"].append(own.key("victor2").public))
    own.adopt_policy()
    own.govkit("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", "please", as_="victor")
    result = own.govkit("approve", REQUEST, as_="victor2", expect=1)
    assert "nobody approves their own request" in result.text


def test_own_registration(own: World) -> None:
    """Where the policy forbids it, who registered a version does not count as an approver of it."""
    own.commit("Once more")
    own.govkit("register", f"{MODEL}@1.2.0", as_="victor")
    own.request("1.2.0", "production")
    own.approve("1.2.0", "production", "rita", "victor")
    result = own.promote("1.2.0", "production", expect=1)
    assert "victor does not count: registered this version" in result.text
    judged = forge.promotion(own, f"{MODEL}@1.2.0#production")
    assert (judged.status, judged.reason) == ("inert", "approvals are missing: validator")
    own.approve("1.2.0", "production", "vera")
    own.promote("1.2.0", "production")
    own.verify()


def test_own_change_of_the_policy(own: World) -> None:
    """An administrator who proposes a policy cannot approve it, nor adopt it alone."""
    path = own.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text().replace("min: 0.7", "min: 0.6"))
    asked = own.govkit("policy", "propose", "-m", "kinder", "--format", "json", as_="rita").json
    result = own.govkit("approve", f"policy#{asked['index']}", as_="rita", expect=1)
    assert "rita asked for this, and nobody approves their own request" in result.text
    assert "is not approved" in own.govkit("policy", "adopt", as_="rita", expect=1).text
    own.govkit("approve", f"policy#{asked['index']}", as_="victor")
    own.govkit("policy", "adopt", as_="rita")


def test_own_code(own: World) -> None:
    """Who wrote a commit since the champion does not count; the verifier finds what a modified govkit let through."""
    (own.repo / "train.py").write_text((own.repo / "train.py").read_text() + "# by victor\n")
    own.shell("dvc", "repro", "-q")
    own.commit("By victor", author="Victor Validator <victor@example.org>")
    own.register("1.2.0")
    own.request("1.2.0", "production")
    own.approve("1.2.0", "production", "rita", "victor")
    result = own.promote("1.2.0", "production", expect=1)
    assert "victor does not count: wrote a commit that this version brings in" in result.text
    forge.promotion(own, f"{MODEL}@1.2.0#production")
    assert "victor does not count: wrote a commit" in own.verify(expect=1).text
    target = own.folder / "served"
    own.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1)
    assert not target.exists()
