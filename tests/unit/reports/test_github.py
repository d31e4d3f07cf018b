"""Annotations of GitHub Actions, by the form that its documentation gives to workflow commands."""

import re

import pytest

from govkit.core.gates.base import Verdict
from govkit.core.inert import line
from govkit.core.report import GateReport
from govkit.reports import github
from tests.unit.reports.conftest import check, report

# ::COMMAND NAME=VALUE,NAME=VALUE::MESSAGE, where a value holds no raw colon or comma.
COMMAND = re.compile(
    r"::(?P<level>error|warning|notice) (?P<properties>[a-z]+=[^:,\r\n]*(?:,[a-z]+=[^:,\r\n]*)*)::(?P<data>[^\r\n]*)"
)


def unescape(text: str) -> str:
    """Undo the escapes, as the runner does."""
    for escape, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def read(found: GateReport) -> list[tuple[str, dict[str, str], str]]:
    """Return the commands: level, properties and message."""
    commands = []
    for text in github.report(found).removesuffix("\n").split("\n"):
        match = COMMAND.fullmatch(text)
        assert match, text
        pairs = (pair.partition("=") for pair in match["properties"].split(","))
        properties = {name: unescape(value) for name, _, value in pairs}
        commands.append((match["level"], properties, unescape(match["data"])))
    return commands


def test_every_verdict(every: GateReport) -> None:
    """A pass is not worth an annotation; what blocks is an error or a warning; the last one sums up."""
    *commands, last = read(every)
    assert [(level, properties["title"]) for level, properties, _ in commands] == [
        ("error", "fail: fail"),
        ("warning", "inconclusive: inconclusive"),
        ("error", "error: error"),
        ("warning", "pending: pending"),
        ("notice", "waived: waived"),
    ]
    assert commands[0][1] == {"file": "governance/policy.yaml", "line": "17", "title": "fail: fail"}
    assert commands[0][2] == "required auc ≥ 0.7\nfound 0.71 [0.69, 0.73]\nto change it: improve the model"
    assert "file" not in commands[2][1]
    assert last == ("error", {"title": "govkit"}, f"{every.title}: 4 of 6 checks are not met")


def test_what_does_not_block_is_a_notice() -> None:
    """Before there is a version, what is pending does not count; an open gate ends with a notice."""
    commands = read(report(check(Verdict.PASS), check(Verdict.PENDING), version=None))
    assert [level for level, _, _ in commands] == ["notice", "notice"]


def test_hostile_text_is_text(hostile: GateReport) -> None:
    """Whatever a text holds, there are as many commands as before, and unescaped they say what was said."""
    commands = read(hostile)
    assert len(commands) == 6
    first = hostile.checks[1]
    level, properties, message = commands[0]
    assert (level, set(properties)) == ("error", {"title"})
    assert properties["title"] == f"{line(first.gate)}: fail".strip()
    lines = [f"required {line(first.required)}", f"found {line(first.found)}"]
    assert message.split("\n") == [*lines, *([f"to change it: {line(first.fix)}"] if first.fix else [])]


@pytest.mark.parametrize("said", ["%", "%25", "%0A", "a,b:c", "::", "%3A%2C"])
def test_escapes_lose_nothing(said: str) -> None:
    """Percent signs, colons and commas come back as they were."""
    ((_, properties, message), _) = read(report(check(Verdict.FAIL, gate=said, found=said)))
    assert properties["title"] == f"{said}: fail"
    assert f"\nfound {said}\n" in message
