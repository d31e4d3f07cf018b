"""Attack 19: "a candidate commit that brings a kinder policy, more roles, or its own key".

Refused because the policy in force is the one that the log adopted; the file in the tree is a proposal.
"""

from __future__ import annotations

from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World


@pytest.fixture(scope="module")
def _bad(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("bad") / "world")
    promoted.retrain(0.5)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    return promoted.folder


@pytest.fixture
def bad(_bad: Path, tmp_path: Path) -> World:
    """A world in which a version that the policy refuses (AUC 0.5) is registered for production."""
    return worlds.copy(_bad, tmp_path / "world")


def _commit_policy(world: World, old: str, new: str) -> None:
    path = world.repo / "governance" / "policy.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    world.shell("dvc", "repro", "-q")
    world.commit("A kinder policy")


def test_without_the_attack(requested: World) -> None:
    """The control: a good version passes, and a policy that was adopted properly is the one that decides."""
    requested.approve("1.1.0", "production", "rita", "victor")
    requested.change_policy("min: 0.7,", "min: 0.84,")
    result = requested.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1)
    assert "auc ≥ 0.84" in result.text and "✗ fail" in result.text


def test_a_kinder_gate_in_the_tree(bad: World) -> None:
    """A lower bound in the commit's own policy.yaml lets nothing through; the draft may say so, the gate does not."""
    _commit_policy(bad, "min: 0.7,", "min: 0.1,")
    bad.register("1.2.0")
    bad.request("1.2.0", "production")
    bad.approve("1.2.0", "production", "rita", "victor")
    for version in ("1.1.0", "1.2.0"):
        result = bad.promote(version, "production", expect=1)
        assert "auc: fail - required auc ≥ 0.7 (lower end of the interval)" in result.text
        assert "auc ≥ 0.7" in bad.govkit("gate", f"{MODEL}@{version}", "--stage", "production", expect=1).text
    assert "auc ≥ 0.7" in bad.govkit("gate", MODEL, "--rev", "HEAD", "--stage", "production", expect=1).text


def test_a_kinder_gate_for_a_modified_govkit(bad: World) -> None:
    """A promotion that skipped the gates is in the log, and the verifier decides them again, by the log's policy."""
    _commit_policy(bad, "min: 0.7,", "min: 0.1,")
    assert forge.promotion(bad, f"{MODEL}@1.1.0#production").status == "good"
    result = bad.verify(expect=1)
    assert "✗ fail auc" in result.text and "REFUSED: scorer@1.1.0" in result.text


def test_fewer_approvals_in_the_tree(requested: World) -> None:
    """A smaller quorum in the tree is no quorum."""
    _commit_policy(requested, "- {role: validator, count: 1}", "")
    requested.approve("1.1.0", "production", "rita")
    result = requested.promote("1.1.0", "production", expect=1)
    assert "1 × risk-owner and 1 × validator" in result.text
    assert "validator" in result.text and "approved by rita as risk-owner" in result.text


def test_own_key_in_the_tree(requested: World) -> None:
    """A key that somebody adds under an approver's name in policy.yaml signs nothing that counts."""
    key = requested.key("mallory").public

    def add(content: dict) -> None:
        content["people"]["victor"]["keys"].append(key)
        content["people"]["rita"]["keys"].append(key.replace(key, requested.key("mallory2").public))

    forge.edit_policy(requested, add)
    requested.shell("dvc", "repro", "-q")
    requested.commit("My own key")
    for key_of, person in (("mallory", "victor"), ("mallory2", "rita")):
        result = requested.govkit("approve", f"{MODEL}@1.1.0#production", as_=key_of, expect=1)
        assert "belongs to nobody in the policy in force" in result.text
        judged = forge.decision(requested, key_of, f"{MODEL}@1.1.0#production", actor=person)
        assert judged.status == "inert" and "belongs to nobody" in judged.reason
    assert "approved by nobody" in requested.promote("1.1.0", "production", expect=1).text


def test_own_role_in_the_tree(requested: World) -> None:
    """A role that somebody gives themselves in policy.yaml is no role."""
    _commit_policy(requested, "validator: {people: [", "validator: {people: [ada, remy, ")
    result = requested.govkit("approve", f"{MODEL}@1.1.0#production", as_="remy", expect=1)
    assert "remy is not asked here" in result.text


def test_more_branches_in_the_tree(requested: World) -> None:
    """A branch that the tree's policy adds registers nothing: a version comes from the branches of the log's."""
    requested.git("checkout", "-q", "-b", "side")
    _commit_policy(requested, "branches: [main]", "branches: [main, side]")
    result = requested.govkit("register", f"{MODEL}@1.2.0", as_="ada", expect=1)
    assert "is on none of the branches main" in result.text


def test_a_policy_that_nobody_approved(requested: World) -> None:
    """A policy that an administrator adopts without the quorum, or that somebody else adopts, is inert."""
    from govkit.core import policytext
    from govkit.core.events import PolicyAdopted

    text = (requested.repo / "governance" / "policy.yaml").read_bytes().replace(b"min: 0.7,", b"min: 0.1,")
    kinder = policytext.read(text, where="policy.yaml").canonical
    for person, reason in (
        ("rita", "there is no such request for this subject"),
        ("ada", "ada holds none of the roles admin"),
    ):
        requested.push_signed(person, {"policy.json": kinder}, type="policy.adopted", subject="*", body=PolicyAdopted())
        assert (str(requested.last().status), requested.last().reason) == ("inert", reason)
    path = Path(requested.repo / "governance" / "policy.yaml")
    path.write_bytes(text)
    asked = requested.govkit("policy", "propose", "-m", "kinder", "--format", "json", as_="rita").json
    result = requested.govkit("policy", "adopt", as_="rita", expect=1)
    assert f"policy#{asked['index']} is not approved" in result.text
    result = requested.govkit("approve", f"policy#{asked['index']}", as_="rita", expect=1)
    assert "nobody approves their own request" in result.text
    body = PolicyAdopted(request=asked["id"])
    requested.push_signed("rita", {"policy.json": kinder}, type="policy.adopted", subject="*", body=body)
    assert requested.last().reason == "approvals are missing: admin"
