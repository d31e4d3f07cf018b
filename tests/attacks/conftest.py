"""The table of attacks: what found each one, and in which words, as it happened in this run.

Nobody writes the table. While a test runs, every "no" of govkit's is noted: a verdict on an event that is not good, a
check of ``verify`` or of a gate that does not open, what ``verify`` reports beside its verdict, a command that ended with
another exit code than 0, and an error that the test expects of a function. A row tells what most tests of its file
heard, of what the file has in words of its own. So does the column of what stock tools did.

``--attack-table FILE`` writes the table as Markdown: ``pytest tests/attacks --attack-table docs/reference/attacks.md``.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import world as worlds

from govkit.cli import common
from govkit.core import inert
from govkit.core.errors import GovkitError, Malformed
from govkit.core.ledger import Ledger
from govkit.storage import cachefiles, logcache
from govkit.storage import log as log_storage
from govkit.workflow.verify import _Verification

HERE = Path(__file__).parent
GROUPS = ("policy", "log", "people", "finding", "attack")
#: What differs from run to run, or is too long for a table.
VARYING = re.compile(
    r"(?<![\w.])/\S*/(?=[\w.-]*)|\d{4}-\d\d-\d\dT[\d:]+Z|sha256:[0-9a-f]{8,64}(?:,\s*)?|SHA256:\S+|\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"
)
LEAD = """\
# The attacks that are tried

<!-- Made by the suite itself: pytest tests/attacks --attack-table docs/reference/attacks.md -->

Every row is a file of tests that performs the attack on a real repository, with real keys, and asserts what govkit says.
Columns three to five are what happened when the suite ran: the part of govkit that said no, its words as most tests of
the file heard them (ids and times left out), and what stock tools did where a test asks them.
What each attack is about, and what is not defended, tells the [threat model](../explanation/threat-model.md).

"""


def rows() -> dict[int, tuple[str, str]]:
    """Return title and file name of every attack by its number; the title is the first line of the file's docstring."""
    found = {}
    for path in sorted(HERE.glob("test_[0-9]*.py")):
        lead = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0].replace("\n", " ")
        title = re.sub(r'^(Attack|Row) \d+: |"|`', "", lead)
        found[int(path.name.split("_")[1])] = (re.split(r"(?<=[a-z0-9])\.(?: |$)", title)[0], path.name)
    return found


def literals(file: str) -> list[str]:
    """Return the sentences that stand in a test file, so among them the reasons that it asserts."""
    nodes = ast.walk(ast.parse((HERE / file).read_text()))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [text.strip() for text in texts if len(text.strip()) > 11 and " " in text.strip() and "\n" not in text]


def asserted(reason: str, texts: list[str]) -> int | None:
    """Return where in a reason the words begin that its test file has, or None if it has none of them."""
    places = [reason.index(text) for text in texts if text in reason]
    return min(places, default=None)


def stable(text: str) -> str:
    """Return a reason as one line without what differs from run to run."""
    return VARYING.sub("…", inert.line(text))[:400]


class Notes:
    """What govkit and stock tools said while one test ran."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], None] = {}
        self.stock: dict[str, None] = {}

    def add(self, finder: str, reason: str) -> None:
        """Note one "no"."""
        self.found[finder, stable(reason)] = None


NOTES = pytest.StashKey[Notes]()


@pytest.fixture(autouse=True)
def _noted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note what is said while a test runs, and let the test's report carry it (from a worker, too)."""
    notes = Notes()
    _listen(notes, monkeypatch)
    for name in ("stock_accepts", "gto_serves"):
        if hasattr(request.module, name):
            monkeypatch.setattr(request.module, name, _asked(notes, name, getattr(request.module, name)))
    request.node.stash[NOTES] = notes
    yield


#: Commands that change nothing, so that they can be asked twice.
LOOKING = (("verify",), ("show",), ("status",), ("log", "verify"))


@pytest.fixture(autouse=True)
def _warmed(_noted: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every attack meets a govkit that remembers the log as it was before: nothing gets past what is remembered.

    Each world is read before its test begins, and each command remembers what it read, however little that is. Whoever
    looks is asked twice: the second one remembers nothing, and must come to the same, word for word where it is good
    (what is not good may be told by another check first).
    """
    monkeypatch.setattr(logcache, "_WORTH_IT", 1)
    copy, run = worlds.copy, worlds.World.govkit

    def copied(template: Path, folder: Path) -> worlds.World:
        world = copy(template, folder)
        with mock.patch.dict(os.environ, world.env, clear=True):
            log_storage.read(world.repository())
            assert logcache.load(world.repository().git_dir, os.environ).commits
        return world

    def asked_twice(self: worlds.World, *words: str, **options: Any) -> worlds.Result:
        warm = run(self, *words, **options)
        if words[:1] in LOOKING or words[:2] in LOOKING:
            with mock.patch.dict(self.env, {cachefiles.OFF_VARIABLE: "1"}):
                cold = run(self, *words, **{**options, "expect": None})
            assert cold.code == warm.code
            assert warm.code or (cold.out, cold.err) == (warm.out, warm.err)
        return warm

    monkeypatch.setattr(worlds, "copy", copied)
    monkeypatch.setattr(worlds.World, "govkit", asked_twice)
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Iterator[None]:
    """Let the test's report carry what was noted, from a worker, too; controls show nothing of the attack."""
    yield
    notes = item.stash.get(NOTES, Notes())
    words = f"{item.name} {(item.function.__doc__ or '').split('.')[0]}".lower()
    if not re.search(r"control|without_the_attack|honest", words):
        item.user_properties.append(("attack", [list(note) for note in notes.found]))
    item.user_properties.append(("stock", list(notes.stock)))


def _listen(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    append, result, report, run, raises = (
        Ledger.append,
        _Verification.result,
        common.report,
        worlds.World.govkit,
        pytest.raises,
    )

    def judged(self: Any, entry: Any) -> Any:
        verdict = append(self, entry)
        if verdict.status != "good":
            notes.add(f"ledger: {verdict.status}", verdict.reason)
        return verdict

    def verified(self: Any) -> Any:
        verdict = result(self)
        for check in verdict.blocking:
            notes.add(f"verify: {check.gate}", check.found)
        for note in verdict.notes:
            notes.add("verify: note", note)
        return verdict

    def reported(found: Any, output: str) -> None:
        for check in found.checks:
            if not check.verdict.opens and check.verdict != "pending":
                notes.add(f"gate: {check.gate}", check.found)
        report(found, output)

    def told(self: Any, *words: str, **options: Any) -> Any:
        done = run(self, *words, **options)
        said = re.search(r"^govkit: (.*(?:\n  .*)*)", done.err, re.MULTILINE)
        if done.code and said:
            what, _, why = said[1].partition("\n  why  ")
            reason = why.partition("\n")[0] or what.partition("\n")[0]
            notes.add("govkit " + " ".join(words[: 2 if words[0] in GROUPS else 1]), reason)
        return done

    @contextlib.contextmanager
    def expected(*kinds: Any, **options: Any) -> Iterator[Any]:
        with raises(*kinds, **options) as info:
            yield info
        if isinstance(info.value, (GovkitError, Malformed)):
            notes.add("reading" if isinstance(info.value, Malformed) else "refusal", str(info.value))

    monkeypatch.setattr(Ledger, "append", judged)
    monkeypatch.setattr(_Verification, "result", verified)
    monkeypatch.setattr(common, "report", reported)
    monkeypatch.setattr(worlds.World, "govkit", told)
    monkeypatch.setattr(pytest, "raises", expected)


def _asked(notes: Notes, name: str, ask: Any) -> Any:
    """Return a question to a stock tool that notes the answer."""

    def asked(world: Any, *words: str) -> Any:
        answer = ask(world, *words)
        tool = "gto" if name == "gto_serves" else " ".join(words[:2])
        said = f"serves {answer}" if name == "gto_serves" else "accepts" if answer else "refuses"
        notes.stock[f"{tool} {said}"] = None
        return answer

    return asked


# -- the table ----------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--attack-table``."""
    parser.addoption("--attack-table", metavar="FILE", help="Write the table of attacks as Markdown.")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and write it where that is asked for."""
    heard = _heard(terminalreporter.stats)
    table = [(number, *rows()[number], *_columns(rows()[number][1], *heard[number])) for number in sorted(heard)]
    if table:
        terminalreporter.section("attacks, and what found them")
    for number, title, _, finder, reason, _, tests in table:
        terminalreporter.write_line(
            f"{number:>3}  {title[:66]:<66}  {finder.split(',')[0]:<24}  {reason[:70]:<70}  {tests:>6}"
        )
    target = config.getoption("--attack-table", default=None)
    if target:
        Path(target).write_text(markdown(table), encoding="utf-8")


def _heard(stats: dict[str, list[Any]]) -> dict[int, tuple[Counter[tuple[str, str]], Counter[str], int, int]]:
    """Return by attack: in how many tests each note was heard, what stock tools said, tests passed, and all tests."""
    found: dict[int, tuple[Counter[tuple[str, str]], Counter[str], int, int]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in stats.get(outcome, []):
            match = re.search(r"attacks/test_(\d+)_", getattr(report, "nodeid", ""))
            when = getattr(report, "when", "")
            if match is None or not when or (outcome == "passed" and when != "call"):
                continue
            notes, stock, passed, tests = found.get(int(match[1]), (Counter(), Counter(), 0, 0))
            for key, value in report.user_properties:
                if key == "attack":
                    notes.update((finder, reason) for finder, reason in value)
                if key == "stock":
                    stock.update(value)
            found[int(match[1])] = (notes, stock, passed + (outcome == "passed"), tests + 1)
    return found


def _columns(
    file: str, notes: Counter[tuple[str, str]], stock: Counter[str], passed: int, tests: int
) -> tuple[str, str, str, str]:
    """Return found by, reason, stock tools, and tests passed.

    First comes what the file has in its own words, then what was heard in most tests, then the alphabet. What stands
    beside a verdict found the attack only where nothing said no.
    """
    texts = literals(file)
    words = {note: asserted(note[1], texts) for note in notes}
    ordered = sorted(notes, key=lambda note: (words[note] is None, note[0] == "verify: note", -notes[note], note))
    own = [note for note in ordered if words[note] is not None] or ordered
    finders = list(dict.fromkeys(finder for finder, _ in own))
    reason = "NOTHING SAID NO"
    if ordered:
        said, start = ordered[0][1], words[ordered[0]] or 0
        reason = (f"…{said[start:]}" if start and len(said) > 100 else said)[:160]
    tools = ", ".join(sorted(stock))
    return ", ".join(finders[:3]) or "nothing", reason, tools, str(tests) if passed == tests else f"{passed} of {tests}"


def cell(text: str) -> str:
    """Return a text that stands in a Markdown table as it is."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("@", "&#64;")


def markdown(table: list[tuple[Any, ...]]) -> str:
    """Return the table as Markdown."""
    lines = ["| # | attack | found by | in its words | stock tools | tests |", "|---|---|---|---|---|---|"]
    for number, title, file, finder, reason, stock, tests in table:
        safe = [cell(text) for text in (title, finder, reason, stock or "-")]
        link = f"[{safe[0]}](../../tests/attacks/{file})"
        lines.append(f"| {number} | {link} | {safe[1]} | {safe[2]} | {safe[3]} | {tests} |")
    return LEAD + "\n".join(lines) + "\n"
