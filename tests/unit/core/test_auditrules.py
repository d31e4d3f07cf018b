"""The ``audit`` section of a policy."""

from datetime import timedelta
from typing import Any

import pytest

from govkit.core import auditrules, policy, policycheck, policydiff, policytext, rules1
from govkit.core.errors import Malformed
from tests.unit.core.simulator import Json, edited, in_force, policy_value

RECORDS = {"checkpoint.recorded": ["release"]}
S3, FILE, HOOK = "s3://bucket/x", "file:///srv/x", "https://host/x"


def value(audit: Any, **more: Any) -> Json:
    """Return a fit policy with an ``audit``."""
    return {**edited(policy_value(), "rules", to=2), "records": RECORDS, "audit": audit, **more}


def faults(audit: Any, **more: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with the section."""
    found = policycheck.faults(in_force(value(audit, **more)))
    return [(fault.path, fault.message) for fault in found if fault.fatal]


@pytest.mark.parametrize(
    "audit",
    [
        None,
        {"mirrors": [FILE]},
        {"mirrors": [S3, FILE, HOOK], "retention": "2555d", "freshness": "2d"},
        {"freshness": "12h"},
    ],
)
def test_fit_sections(audit: Any) -> None:
    """Mirrors, retention for those in S3, and freshness, each where it means something."""
    assert faults(audit) == []


@pytest.mark.parametrize(
    ("audit", "path", "message"),
    [
        ({}, ("audit",), "'audit' names neither mirrors nor freshness, and no rule is satisfied by being empty"),
        ({"mirrors": ["s3a://b"]}, ("audit", "mirrors", 0), "did you mean 's3://'?"),
        ({"mirrors": [FILE, FILE + "/"]}, ("audit", "mirrors", 1), "stands there twice"),
        ({"mirrors": [FILE] * 17}, ("audit", "mirrors"), "17 mirrors; 16 are allowed"),
        ({"mirrors": [S3]}, ("audit", "mirrors"), "an s3:// mirror needs 'retention'"),
        ({"mirrors": [FILE], "retention": "1d"}, ("audit", "retention"), "there is no s3:// mirror"),
        ({"mirrors": [S3], "retention": "99999w"}, ("audit", "retention"), "for 36500d at most"),
    ],
)
def test_unfit_sections(audit: Any, path: tuple[str | int, ...], message: str) -> None:
    """What is empty, unknown or cannot be met is refused, at its place."""
    found = faults(audit)
    assert [found[0][0]] == [path]
    assert message in found[0][1]


def test_freshness_needs_somebody_who_may_sign() -> None:
    """Freshness that nobody could ever bring about is refused."""
    (found,) = faults({"freshness": "2d"}, records={})
    assert found[0] == ("audit", "freshness")
    assert "nobody may write 'checkpoint.recorded', so nothing would ever be fresh" in found[1]


def test_mistakes_have_lines() -> None:
    """In YAML, the line of the URL is named, and a misspelt key is guessed."""
    text = b"schema: govkit.policy/v1\naudit:\n  mirrors:\n    - file:///x\n    - fille:///y\n  freshnes: 2d\n"
    found = policytext.read(text, where="policy.yaml").faults
    assert (6, "'freshnes' is not known in audit; did you mean 'freshness'?") in [(n, f.message) for n, f in found]
    import yaml

    whole = yaml.safe_dump({**value({"mirrors": [FILE, "fille:///y"]})}, sort_keys=False).encode()
    (fault,) = [(n, f.message) for n, f in policytext.read(whole, where="policy.yaml").faults if f.fatal]
    assert fault == (
        whole.decode().split("\n").index("  - fille:///y") + 1,
        "'fille:///y' is no mirror; did you mean 'file://'?",
    )


def test_rules_1_does_not_know_it() -> None:
    """A policy of rules 1 that names mirrors is refused, and one that does not never has the key."""
    old = edited(policy_value(), "rules", to=1)
    assert b'"audit"' not in policy.written_out(old)
    with pytest.raises(Malformed, match="rules 1 does not know 'audit'"):
        rules1.check_policy(value({"mirrors": [FILE]}, rules=1))


def test_requirements_stay_the_same() -> None:
    """Naming mirrors voids no approval."""
    for audit in (None, {"mirrors": [S3], "retention": "9d", "freshness": "1d"}):
        found = in_force(value(audit)).requirements("credit", "high", "production")
        assert found is not None
        assert found.digest == in_force(value(None)).requirements("credit", "high", "production").digest  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, {"mirrors": [FILE]}, [f"the log is copied to '{FILE}' from now on (stricter)"]),
        ({"mirrors": [FILE]}, None, [f"the log is no longer copied to '{FILE}' (looser)"]),
        (
            {"mirrors": [S3], "retention": "9d"},
            {"mirrors": [S3], "retention": "8d"},
            ["objects in s3:// mirrors stay locked for 8d instead of 9d (looser)"],
        ),
        (
            {"mirrors": [S3], "retention": "7d"},
            {"mirrors": [S3], "retention": "2w"},
            ["objects in s3:// mirrors stay locked for 2w instead of 7d (stricter)"],
        ),
        (
            {"mirrors": [S3], "retention": "7d"},
            {"mirrors": [S3], "retention": "1w"},
            ["objects in s3:// mirrors stay locked for 1w instead of 7d"],
        ),
        (
            {"freshness": "2d"},
            {"freshness": "3d"},
            ["nothing is proven from a log whose last checkpoint is older: 3d instead of 2d (looser)"],
        ),
        (
            {"freshness": "2d"},
            None,
            ["nothing is proven from a log whose last checkpoint is older: any age will do instead of 2d (looser)"],
        ),
    ],
)
def test_changes_in_words(before: Any, after: Any, expected: list[str]) -> None:
    """Fewer copies, shorter locks and older heads make a policy looser."""
    found = policydiff.changes(in_force(value(before)), in_force(value(after)))
    assert [change.marked for change in found] == expected


def test_locks_are_held_to_what_was_asked_for() -> None:
    """No lock, or one that is too short, is said; a longer one is fine, and so is any where no policy asks."""
    day = timedelta(days=1)
    assert auditrules.unlocked(None, None) == ["it is not locked with mode COMPLIANCE"]
    assert auditrules.unlocked(day, 2 * day) == ["it is locked for 1 days only; the policy asks for 2 days"]
    assert auditrules.unlocked(2 * day, 2 * day) == auditrules.unlocked(day, None) == []


def test_a_longer_retention_is_for_what_comes_after() -> None:
    """What was written under a shorter retention stays in order when a later policy asks for a longer one."""
    from govkit.core.state import State

    spans = {0: None, 3: "5d", 6: "9d"}
    state = State(
        policies=[(n, in_force(value({"mirrors": [S3], "retention": s} if s else None))) for n, s in spans.items()]
    )
    found = [auditrules.locked_for(state, index) for index in (0, 3, 5, 6, 9)]
    assert found == [timedelta(days=n) for n in (5, 5, 5, 9, 9)]
    assert auditrules.locked_for(State(), 0) is None
