"""What every report of checks has: how it came out, what blocks, where a rule stands."""

import pytest

from govkit.core.gates.base import Verdict
from govkit.core.report import blocking, changes, in_words, place, subject
from tests.unit.reports.conftest import check, report

PASS, FAIL, PENDING, WAIVED = Verdict.PASS, Verdict.FAIL, Verdict.PENDING, Verdict.WAIVED


@pytest.mark.parametrize(
    ("verdicts", "version", "words"),
    [
        ([PASS], "1.0.0", "1 of 1 checks is met"),
        ([PASS, PASS], "1.0.0", "2 of 2 checks are met"),
        ([PASS, WAIVED], "1.0.0", "2 of 2 checks are met, 1 of them waived"),
        ([PASS, FAIL], "1.0.0", "1 of 2 checks is not met"),
        ([FAIL, PENDING], "1.0.0", "2 of 2 checks are not met"),
        ([FAIL, PENDING], None, "1 of 2 checks is not met"),
        ([PASS, PENDING], None, "1 of 2 checks is met; 1 pending, which does not count yet"),
        ([], "1.0.0", "0 of 0 checks are met"),
    ],
)
def test_words(verdicts: list[Verdict], version: str | None, words: str) -> None:
    """How it came out is said in words that fit the exit code."""
    assert words == in_words(report(*map(check, verdicts), version=version))


def test_only_pending_of_what_is_no_version_does_not_block() -> None:
    """Every verdict but pass and waived blocks; pending does not before there is a version."""
    checks = list(map(check, Verdict))
    names = ["fail", "inconclusive", "error"]
    assert [c.gate for c in blocking(None, checks)] == names
    assert [c.gate for c in blocking("1.0.0", checks)] == [*names, "pending"]
    assert [c.gate for c in changes(report(*checks))] == [*names, "pending"]


def test_names() -> None:
    """A report is about a version for a stage, or about a model's commit for one."""
    assert (subject(report()), report().title) == (
        "scorer@1.1.0#production",
        "scorer@1.1.0 for production, instead of 1.0.0",
    )
    assert report(champion="1.1.0").title == "scorer@1.1.0 for production, where it serves already"
    bare = report(version=None, champion=None)
    assert (subject(bare), bare.title) == (
        "scorer#production",
        "scorer (not registered) for production, the first there",
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("governance/policy.yaml:17", ("governance/policy.yaml", 17)),
        ("a b/ü:1", ("a b/ü", 1)),
        *((wrong, None) for wrong in ("", "policy.yaml", "x:0", "x:-1", "x:1٣", "x:9999999999", "x:1\n", ":1")),
        *(
            (wrong, None)
            for wrong in ("/etc/passwd:1", "../x:1", "a/../b:1", "https://e.example:1", "a\\b:1", "a\nb:1")
        ),
    ],
)
def test_place(rule: str, expected: object) -> None:
    """A rule's place is a file inside the repository with a line, or nothing."""
    assert place(check(PASS, rule=rule)) == expected
