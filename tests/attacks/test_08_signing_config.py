"""``gpg.ssh.allowedSignersFile``, ``gpg.ssh.program`` or ``gpg.program`` in the repository's config is the attacker's.

The configuration decides how to sign, never whom to trust: keys come from the policy in force, and govkit checks
signatures itself.
"""

from __future__ import annotations

import pytest
from rawlog import allowed_signers, promotion, push_with_tag, set_tag, sign_tag, stock_accepts, tag_bytes, unsigned
from world import World

NAME = "scorer#production#2"
LIAR = """\
#!/bin/sh
# says that every signature is good
case "$*" in
*find-principals*) echo remy@example.org ;;
*) cat >/dev/null; echo 'Good "git" signature for remy@example.org with ED25519 key SHA256:x' ;;
esac
"""


def settings(world: World) -> dict[str, str]:
    """Write a program that lies, and return every setting of Git that could make it, or the attacker's key, count."""
    liar = world.folder / "liar"
    liar.write_text(LIAR)
    liar.chmod(0o755)
    allowed = allowed_signers(world, "remy")
    allowed.write_text(f"remy@example.org {world.key('mallory').public}\n")
    return {
        "gpg.ssh.allowedSignersFile": str(allowed),
        "gpg.ssh.program": str(liar),
        "gpg.program": str(liar),
        "gpg.openpgp.program": str(liar),
        "gpg.minTrustLevel": "undefined",
    }


@pytest.fixture
def rigged(requested: World) -> World:
    """The repository's configuration trusts whatever the attacker likes."""
    for name, value in settings(requested).items():
        requested.git("config", name, value)
    return requested


def test_forged_tag_is_refused_though_git_calls_it_good(rigged: World) -> None:
    """Git says 'good' of the attacker's tag with the attacker's configuration; govkit refuses it."""
    payload = unsigned(tag_bytes(rigged, NAME))
    set_tag(rigged, NAME, rigged.repository().write_object("tag", sign_tag(rigged, "mallory", payload)))
    assert stock_accepts(rigged, "git", "verify-tag", NAME)
    text = rigged.verify(expect=1).text
    assert f"'{NAME}': it was moved" in text
    assert "tag: signed by nobody known" in text


def test_forged_event_and_tag_are_inert(rigged: World) -> None:
    """A promotion by the attacker's key, in the release engineer's name, has no effect."""
    rigged.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(rigged, "1.1.0", "production")
    forged = sign_tag(rigged, "mallory", unsigned(honest.evidence["tag"]))
    push_with_tag(rigged, honest, forged, as_="mallory")
    reason = "signed by a key that belongs to nobody in the policy in force"
    assert (rigged.last().status, rigged.last().reason) == ("inert", reason)
    assert "PROVEN: scorer@1.0.0" in rigged.verify().text


def test_forged_decision_is_inert(rigged: World) -> None:
    """An approval signed by the attacker for rita does not count."""
    request = next(r for r in rigged.log().state.requests.values() if r.state == "open")
    body = {"request": request.id, "role": "risk-owner", "decision": "approve", "meaning": "yes"}
    rigged.push_signed("mallory", actor="rita", type="decision.recorded", body=body)
    assert rigged.last().reason == "signed by a key that belongs to nobody in the policy in force"
    assert "approvals" in rigged.promote("1.1.0", "production", expect=1).text


def test_configured_program_does_not_sign(rigged: World) -> None:
    """With every program of the configuration a liar, govkit still makes a good signature: it does not run them."""
    rigged.approve("1.1.0", "production", "rita", "vera")
    rigged.promote("1.1.0", "production")
    assert rigged.last().status == "good"
    assert "PROVEN: scorer@1.1.0" in rigged.verify().text


def test_configured_key_signs_and_is_not_trusted(rigged: World) -> None:
    """``user.signingkey`` may name the attacker's key: whose it is, the policy says."""
    rigged.git("config", "user.signingkey", str(rigged.key_path("mallory")))
    text = rigged.govkit("approve", "scorer@1.1.0#production", expect=1).text
    assert "belongs to nobody in the policy in force" in text


def test_control(requested: World) -> None:
    """An honest configuration changes nothing either: Git and govkit both accept the honest tag."""
    allowed_signers(requested, "remy")
    assert stock_accepts(requested, "git", "verify-tag", NAME)
    assert "PROVEN: scorer@1.0.0 serves in production" in requested.verify().text
