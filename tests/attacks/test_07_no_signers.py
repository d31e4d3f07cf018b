"""The list of signers or of revoked keys is missing or emptied, so that everybody, or nobody, is known.

Git calls a signature good or bad by files that its configuration names. govkit does not read them: keys come from the
policy in force, which is evidence in the log; without it nothing is proven.
"""

from __future__ import annotations

from dataclasses import replace

import forge
import pytest
from rawlog import Raw, edited, entries, rewrite, stock_accepts
from world import World

from govkit.core import canonical, digests

TAG = "scorer#production#2"


def signers(world: World, content: str | None, name: str = "allowedSignersFile") -> None:
    """Have Git's configuration name a file with this content, or one that is not there."""
    path = world.folder / name
    if content is not None:
        path.write_text(content)
    world.git("config", "gpg.format", "ssh")
    world.git("config", f"gpg.ssh.{name}", str(path))


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "emptied"])
def test_lists_of_stock_git_do_not_count(promoted: World, content: str | None) -> None:
    """Neither a missing nor an emptied list of signers changes what is proven."""
    signers(promoted, content)
    assert not stock_accepts(promoted, "git", "verify-tag", TAG)
    assert "PROVEN: scorer@1.0.0" in promoted.verify().text


def test_emptied_list_of_revoked_keys_does_not_count(requested: World) -> None:
    """Git takes a revoked key's signature again when the list is emptied; govkit has the key's end in the log."""
    signers(requested, f"remy@example.org {requested.key('remy').public}\n")
    signers(requested, requested.key("remy").public + "\n", "revocationFile")
    assert not stock_accepts(requested, "git", "verify-tag", TAG)
    signers(requested, "", "revocationFile")
    assert stock_accepts(requested, "git", "verify-tag", TAG)
    requested.approve("1.1.0", "production", "rita", "vera")
    forge.edit_policy(requested, lambda policy: policy["people"]["remy"].update(keys=[requested.key("remy2").public]))
    requested.adopt_policy()
    result = requested.promote("1.1.0", "production", expect=1)
    assert "belongs to nobody in the policy in force" in result.text


@pytest.mark.parametrize("how", ["taken away", "emptied", "of nobody"])
def test_policy_in_evidence_is_needed(promoted: World, how: str) -> None:
    """A log whose first policy is gone, empty or names nobody proves nothing, and is written to by nobody."""
    first, *rest = entries(promoted)
    evidence = dict(first.evidence)
    if how == "taken away":
        del evidence["policy.json"]
    else:
        value = canonical.decode(evidence["policy.json"])
        value["people"] = {}
        evidence["policy.json"] = b"" if how == "emptied" else canonical.encode(value)
    rewrite(promoted, [replace(first, evidence=evidence), *rest])
    reason = {
        "taken away": "event 0 is inert: event 0 brings no policy.json",
        "emptied": "event 0 is inert: its policy cannot be read",
        "of nobody": "event 0 is inert: its policy must not be adopted",
    }[how]
    for words in (
        ("verify", "scorer", "--stage", "production"),
        ("request", "scorer@1.0.0", "--stage", "staging", "-m", "x"),
    ):
        result = promoted.govkit(*words, as_="" if words[0] == "verify" else "ada", expect=1)
        assert f"the log has no policy in force why {reason}" in result.text
    assert "DISPROVEN" in promoted.govkit("log", "verify", expect=1).text


def test_log_opened_without_people_is_refused(promoted: World) -> None:
    """A first policy without people, signed by somebody for the place, is no policy; nor is one without keys."""
    for change in (
        lambda value: value.update(people={}),
        lambda value: [m.update(keys=[]) for m in value["people"].values()],
    ):
        first = entries(promoted)[0]
        value = canonical.decode(first.evidence["policy.json"])
        change(value)
        policy = canonical.encode(value)
        opened = edited(
            first, lambda event, policy=policy: event["evidence"].update({"policy.json": digests.sha256(policy)})
        )
        files = {**first.evidence, "policy.json": policy}
        rewrite(promoted, [Raw(opened.event, promoted.sign("rita", opened.event), files)])
        assert promoted.last().status == "inert"
        assert promoted.govkit("verify", "scorer", "--stage", "production", expect=None).code != 0
        rewrite(promoted, [replace(first)])


@pytest.mark.parametrize("section", ["people", "roles"])
def test_policy_without_people_is_not_proposed(promoted: World, section: str) -> None:
    """Nobody gets a policy with an empty list past the check."""
    forge.edit_policy(promoted, lambda policy: policy[section].clear())
    text = promoted.govkit("policy", "propose", "-m", "x", as_="rita", expect=1).text
    assert "is not among the people" in text or "there is no role" in text


def test_control(promoted: World) -> None:
    """With the policy as it was adopted everything is proven, also where Git knows no signer at all."""
    assert "PROVEN: scorer@1.0.0" in promoted.verify().text
