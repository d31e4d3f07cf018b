"""A ref whose name holds U+2028 passes for another ref where a listing is split into lines; split at LF alone."""

from __future__ import annotations

import pytest
from world import MODEL, World

SEPARATORS = ("\u2028", "\u2029", "\u0085")


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_branch_does_not_hide_the_end_of_the_log(promoted: World, separator: str) -> None:
    """A revocation at the log's end is seen, however a branch beside it is called."""
    old = promoted.git("rev-parse", "govkit/log")
    promoted.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "bad"})
    promoted.git("branch", f"govkit/log{separator}x", old)
    clone = promoted.clone()
    result = promoted.govkit("verify", MODEL, "--stage", "production", repo=clone, expect=1)
    assert "revoked by rita" in result.text


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_branch_does_not_pass_for_main(promoted: World, separator: str) -> None:
    """A commit on a branch that only looks like main is on none of the policy's branches."""
    promoted.git("checkout", "-q", "-b", f"main{separator}x")
    promoted.retrain(0.9)
    result = promoted.govkit("register", f"{MODEL}@2.0.0", as_="ada", expect=1)
    assert "is on none of the branches main" in result.text


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_tag_does_not_stand_in_for_a_deleted_one(promoted: World, separator: str) -> None:
    """A recorded tag that is gone is missed, whatever stands beside its place; with it, all is proven."""
    promoted.verify()
    name = f"refs/tags/{MODEL}@v1.0.0"
    identity = promoted.git("rev-parse", name)
    promoted.git("update-ref", "-d", name)
    promoted.git("update-ref", f"{name}{separator}x", identity)
    assert "it was deleted" in promoted.verify(expect=1).text
