"""The whole story on a small repository: every command, from init to get."""

from __future__ import annotations

from world import MODEL, World


def test_what_was_promoted_is_proven(promoted: World) -> None:
    """A version that went through requests, approvals and promotions is proven, with exit code 0."""
    result = promoted.verify()
    assert f"PROVEN: {MODEL}@1.0.0 serves in production" in result.text


def test_a_second_version_takes_over(requested: World) -> None:
    """After its approvals a second version serves instead of the first."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    assert requested.govkit("verify", MODEL, "--stage", "production", "--format", "json").json["version"] == "1.1.0"
    assert requested.govkit("verify", MODEL, "--stage", "staging", "--format", "json").json["version"] == "1.0.0"
