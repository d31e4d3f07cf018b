"""``govkit why`` and ``govkit diff`` over an eventful week: right at each time in between, in plain words, and proven.

One scene for all of them, in which every text that people write has something hostile behind it.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from govkit.cli import explaining
from govkit.core import formats, mirrored
from govkit.core.inert import HIDDEN
from tests import eventful
from tests.eventful import Week
from tests.world import MODEL, Result, World, copy

HOSTILE = " <img src=x onerror=alert(1)> \x1b[2J\u202e| `x` [a](javascript:b)\n::error::x"
ASK = ("why", MODEL, "--stage", "production")
#: Words that only who knows govkit, Git or Merkle trees understands; whatever of them a page needs, it explains.
INTERNAL = (
    "quorum",
    "fold",
    "head",
    "oid",
    "leaf",
    "inert",
    "tally",
    "rfc",
    "merkle",
    "genesis",
    "ledger",
    "shortfall",
)


@pytest.fixture(scope="module")
def week(_replaced: Path, tmp_path_factory: pytest.TempPathFactory) -> Week:
    """The week, once for all tests; none of them writes to it but to a copy."""
    world = copy(_replaced, tmp_path_factory.mktemp("why") / "world")
    return eventful.live(world, HOSTILE)


def answer(week: Week, at: str | None, *words: str, days: float = 20, expect: int | None = None) -> Any:
    """Ask why, some days after the week began, and return the answer as JSON."""
    moment = ("--at", at) if at is not None else ()
    return week.govkit(days, *ASK, *moment, *words, "--format", "json", expect=expect).json


def told(week: Week, at: str | None, output: str = "markdown", *, days: float = 20) -> Result:
    """Ask why and return what is printed."""
    moment = ("--at", at) if at is not None else ()
    return week.govkit(days, *ASK, *moment, "--format", output, expect=None)


#: Days after the start, and what served then: how it stood, version, kind, whether overridden, exit code, and how it
#: stands in words.
TIMES: list[tuple[float, str, str | None, str | None, str, str]] = [
    (0.5, "serves", "1.1.0", "promote", "rolled back", "version 1.1.0 of scorer served in production."),
    (1.5, "serves", "1.0.0", "rollback", "break-glass", "version 1.0.0 of scorer served in production."),
    (3.5, "serves", "1.2.0", "break-glass", "cleared", "version 1.2.0 of scorer served in production."),
    (5.5, "ended", "1.2.0", "break-glass", "cleared", "was let in for an emergency, and that ended at"),
    (
        7,
        "cleared",
        None,
        None,
        "",
        "no version of scorer served in production: Remy Release (remy) had taken 1.2.0 out",
    ),
    (8.5, "serves", "1.2.0", "promote", "", "version 1.2.0 of scorer served in production."),
    (9.5, "revoked", "1.2.0", "promote", "", "but Rita Riskowner (rita) had revoked it at"),
]


@pytest.mark.parametrize(
    ("days", "standing", "version", "kind", "until", "words"), TIMES, ids=[str(t[0]) for t in TIMES]
)
def test_what_served_at_each_time(
    week: Week, days: float, standing: str, version: str | None, kind: str | None, until: str, words: str
) -> None:
    """At each time in between it is what the log has: by time, and the same by the number and identity of the event."""
    at = week.at(days)
    found = answer(week, at)
    assert (found["standing"], found["instant"]) == (standing, at)
    let_in = found["let_in"] or {"version": None, "kind": None}
    assert (let_in["version"], let_in["kind"]) == (version, kind)
    assert words in found["answer"][0]
    # What it stands on: an event of before, whose successor is of after.
    judged = week.world.log().state.judged
    assert judged[found["event"]].effective <= at
    assert found["event"] == len(judged) - 1 or judged[found["event"] + 1].effective > at
    if until:
        assert found["until"]["index"] == week.events[until]
    same = {key: found[key] for key in ("let_in", "until", "decisions", "gates", "policies", "turns", "proof", "made")}
    if standing != "ended":  # an event's own time is before the end of the override
        for named in (str(found["event"]), judged[found["event"]].id):
            other = answer(week, named)
            assert {key: other[key] for key in same} == same
            assert other["standing"] == standing


def test_the_usual_way(week: Week) -> None:
    """Since when and until when, from which bytes, by which rules and numbers, and who decided: each as it was."""
    found = answer(week, week.at(0.5), expect=0)
    log = week.world.log().state
    promotion = log.stages[MODEL, "production"][1]
    assert found["let_in"]["signed"]["event"] == promotion.at.id
    assert found["let_in"]["signed"]["claimed"] == promotion.at.effective
    version = log.versions[MODEL, "1.1.0"].body
    made = found["made"]
    assert (made["commit"], made["card"], made["weights"]["sha256"]) == (version.commit, version.card, version.weights)
    assert (made["author"], made["subject"]) == ("Ada Engineer <ada@example.org>", "Slope 0.85")
    assert [(one["name"], one["value"]) for one in made["parameters"]] == [("slope", 0.85)]
    assert [one["path"] for one in made["data"]] == ["data/rows.csv"]
    assert {check["gate"]: check["verdict"] for check in found["gates"]["checks"]} == dict.fromkeys(
        ["approvals", "commit-authors", "lineage", "auc", "documented", "parity"], "pass"
    )
    assert [(one["signed"]["by"], one["role"], one["counted"]) for one in found["decisions"]] == [
        ("rita", "risk-owner", True),
        ("victor", "validator", True),
    ]
    policy = found["policies"][0]
    assert (policy["adopted"]["index"], policy["number"], policy["alone"], policy["digest"]) == (
        *(0, 1, True),
        log.policies[0][1].digest,
    )
    assert (found["waived"], found["points"], found["proof"]["verdict"]) == ([], [], "proven")
    assert [turn["asked"] for turn in found["turns"]] == [False, True, False, False, False, False]


def test_a_rollback_is_told_with_what_it_goes_back_to(week: Week) -> None:
    """It has its own words and time, and the approvals and gates of when the version was let in first."""
    found = answer(week, week.at(1.5), expect=0)
    let_in = found["let_in"]
    assert let_in["reason"] == f"Complaints about 1.1.0{HOSTILE}"
    assert let_in["first"]["index"] < let_in["signed"]["index"] == week.events["rolled back"]
    assert {one["signed"]["by"] for one in found["decisions"] if one["counted"]} == {"rita", "victor"}
    assert max(one["signed"]["index"] for one in found["decisions"]) < let_in["first"]["index"]
    assert found["gates"]["version"] == "1.0.0" and found["gates"]["open"]
    assert "by going back to it: it had been let in before, at" in found["answer"][1]


def test_break_glass_says_what_it_passed_over_and_is_never_called_usual(week: Week) -> None:
    """The emergency, its ticket and end, the requirement that was not met, and the review that somebody else made."""
    found = answer(week, week.at(3.5), expect=0)
    let_in = found["let_in"]
    assert (let_in["override"], let_in["ticket"], let_in["expires"] < week.at(5.1)) == (True, "INC-7", True)
    assert [(check["gate"], check["verdict"]) for check in found["gates"]["overridden"]] == [("parity", "fail")]
    assert (found["policies"][0]["number"], found["policies"][0]["alone"]) == (2, False)
    assert [(one["signed"]["by"], one["decision"]) for one in found["policies"][0]["decisions"]] == [
        ("victor", "approve")
    ]
    (point,) = found["points"]
    assert (point["then"], point["today"], point["closed"]["by"]) == ("open", "closed", "rita")
    assert point["resolution"].startswith("It was right to do so")
    assert answer(week, week.at(4.5))["points"][0]["then"] == "closed"
    page = told(week, week.at(3.5)).out
    assert "BY BREAK-GLASS" in page and "PASSED OVER, though not met: parity" in page
    assert "in the usual way" not in page
    # What has come since does not touch what was, and is told.
    assert {check["gate"] for check in found["proof"]["today"]} == {"revocation", "override"}
    assert "The version was since then revoked, by Rita Riskowner" in page


def test_a_waiver_a_condition_and_a_no_are_told(week: Week) -> None:
    """What was set aside, by whom, until when and why; who had said no; and what was to be done."""
    found = answer(week, week.at(8.5), expect=0)
    (waived,) = found["waived"]
    assert (waived["gate"], waived["ticket"], waived["signed"]["by"]) == ("parity", "RISK-7", "rita")
    assert waived["expires"].startswith(week.at(30)[:10])
    said = [(one["decision"], one["signed"]["by"], one["counted"]) for one in found["decisions"]]
    assert said == [
        ("approve", "rita", False),  # for the emergency
        ("reject", "victor", False),
        ("approve", "victor", True),
        ("approve", "rita", True),
    ]
    assert "said of another request, for an emergency" in found["decisions"][0]["note"]
    assert [point["text"].partition(HOSTILE)[0] for point in found["points"]][1:] == ["add a drift monitor"]
    page = " ".join(told(week, week.at(8.5)).out.split())
    assert "Somebody had said no, and it no longer held when the version was let in: Victor Validator (victor)" in page
    assert "1 of them waived" in page


def test_an_empty_stage_and_times_of_which_nothing_is_known(week: Week) -> None:
    """An emptied stage is proven empty, with the words; before the first event nothing is, and of no stage ever either."""
    cleared = answer(week, week.at(7), expect=0)
    assert (cleared["let_in"], cleared["proof"]["about"]) == (None, "empty")
    assert "The override has ended" in told(week, week.at(7)).out
    early = answer(week, "2001-01-01", expect=3)
    assert (early["standing"], early["event"], early["proof"]["verdict"]) == ("never", None, "undecided")
    assert any("lies before everything that the log holds" in note for note in early["notes"])
    assert answer(week, "0", expect=0)["standing"] == "never"
    assert "no version of scorer had been let into production yet" in answer(week, "0")["answer"][0]
    late = answer(week, "2098-01-01", expect=None)
    assert late["standing"] == "revoked" and any("ahead of this machine's clock" in note for note in late["notes"])


def test_now_is_what_verify_says(week: Week) -> None:
    """Without a time it speaks of today, with the verifier's verdict and exit code; a revoked version may not serve."""
    now = answer(week, None, expect=1)
    assert (now["standing"], now["proof"]["about"], now["proof"]["record"]) == ("revoked", "serving", "proven")
    verify = week.govkit(20, "verify", MODEL, "--stage", "production", "--format", "json", expect=1).json
    assert {(c["gate"], c["verdict"], c["found"]) for c in [*now["proof"]["checks"], *now["proof"]["today"]]} == {
        (c["gate"], c["verdict"], c["found"]) for c in verify["checks"]
    }
    # The same version, asked about by its event: that it was let in is proven, and what has come since is told apart.
    then = answer(week, str(now["event"]), expect=0)
    assert (then["standing"], then["proof"]["about"]) == ("revoked", "record")
    assert [check["gate"] for check in then["proof"]["today"]] == ["revocation"]
    staging = week.govkit(20, "why", MODEL, "--stage", "staging", "--format", "json").json
    assert (staging["standing"], staging["proof"]["verdict"]) == ("serves", "proven")
    assert "version 1.0.0 of scorer serves in staging." in staging["answer"][0]


def test_json_fits_the_published_schema(week: Week) -> None:
    """At every time, and for two versions."""
    schema = Draft202012Validator(formats.json_schema("govkit.why/v1"))
    for at in (None, "2001-01-01", *(week.at(moment[0]) for moment in TIMES)):
        found = answer(week, at)
        assert found["schema"] == "govkit.why/v1"
        assert list(schema.iter_errors(found)) == []
    found = week.govkit(20, "diff", f"{MODEL}@1.0.0", f"{MODEL}@1.2.0", "--format", "json").json
    assert list(Draft202012Validator(formats.json_schema("govkit.diff/v1")).iter_errors(found)) == []


def test_a_person_who_was_not_there_understands_it(week: Week) -> None:
    """No internal word stands on any page that the page does not explain, and every time is called claimed."""
    for at in (None, "2001-01-01", *(week.at(moment[0]) for moment in TIMES)):
        page, _, words = told(week, at).out.partition("## Words on this page")
        assert words
        for word in INTERNAL:
            assert not re.search(rf"\b{word}s?\b", page, re.IGNORECASE) or f"- {word}" in words.lower(), (at, word)
        for line in page.splitlines():
            if "Let in by" in line or "| From |" in line:
                assert "claimed" in page
    assert "Checked again today" in page


def test_hostile_words_stay_words(week: Week, tmp_path: Path) -> None:
    """In each format what people wrote neither acts nor looks like govkit's own lines, and nothing hidden is left."""
    for output in ("table", "markdown", "html", "json"):
        made = told(week, week.at(8.5), output)
        assert re.search(f"[{HIDDEN}]", made.out) is None, output
        assert not any(line.lstrip().startswith("::error") for line in made.out.splitlines()), output
    page = told(week, week.at(8.5), "html").out
    assert "<img" not in page and "<script" not in page and "javascript:b" in page
    policy = html.unescape(page)
    assert "default-src 'none'" in policy and "form-action 'none'" in policy
    target = tmp_path / "why.html"
    done = week.govkit(20, *ASK, "--at", week.at(8.5), "--format", "html", "-o", str(target))
    assert str(target) in done.out and target.read_text(encoding="utf-8") == page


def test_wrong_questions(week: Week) -> None:
    """Each says what is wrong and what can be written; nothing is printed as an answer."""
    for words, code, reason in (
        (("why", "scorre", "--stage", "production"), 2, "did you mean 'scorer'?"),
        (("why", MODEL, "--stage", "prod"), 2, "knows no stage 'prod'"),
        ((*ASK, "--at", "yesterday"), 2, "is neither a time nor an event"),
        ((*ASK, "--at", "99999"), 2, "the log has"),
        (("diff", f"{MODEL}@1.0.0", f"{MODEL}@9.9.9"), 2, "has no version 9.9.9"),
        (("diff", f"{MODEL}@1.0.0", f"{MODEL}@1.0.0"), 2, "is named twice"),
        (("diff", f"{MODEL}@1.0.0", "other@1.0.0"), 2, "are not two versions of one model"),
        (("diff", MODEL, f"{MODEL}@1.0.0"), 2, "are not two versions of one model"),
        ((*ASK, "--format", "html", "-o", str(week.world.repo)), 2, "is a folder"),
    ):
        found = week.govkit(20, *words, expect=code)
        assert reason in found.err and found.out == ""


# -- what is not in order ---------------------------------------------------------------------------------------------


@pytest.fixture
def own(week: Week, tmp_path: Path) -> Iterator[Week]:
    """A copy of the week to spoil."""
    folder = tmp_path / "world"
    shutil.copytree(week.world.folder, folder, symlinks=True)
    yield Week(World(folder), week.start, events=week.events)


def test_what_does_not_prove_any_more_says_so(own: Week) -> None:
    """A tag that was moved, a log that nobody pinned: the answer is told, as not proven, with what to do."""
    own.world.git("tag", "-f", "scorer#production#3", "HEAD")
    moved = answer(own, own.at(0.5), expect=1)
    assert moved["proof"]["verdict"] == "refused" and moved["let_in"]["version"] == "1.1.0"
    assert "NOT PROVEN: something is wrong" in told(own, own.at(0.5)).out
    assert answer(own, own.at(7), expect=1)["proof"]["verdict"] == "refused"
    (own.world.folder / "known_roots").unlink()
    unknown = told(own, own.at(0.5))
    assert unknown.code == 3 and "NOT PROVEN: it cannot be decided" in unknown.out
    assert "nothing is proven without a pinned root of trust" in " ".join(unknown.out.split())
    assert own.govkit(20, "diff", f"{MODEL}@1.0.0", f"{MODEL}@1.1.0", expect=3).out == ""


def test_a_mirror_tells_when_it_received_the_events(own: Week) -> None:
    """Its time stands beside the claimed one; what it holds otherwise is told loudly; one that is gone is a note."""
    base = own.world.folder / "mirror"
    base.mkdir()
    with own.running(10):
        path = own.world.repo / "governance" / "policy.yaml"
        path.write_text(path.read_text() + f"audit: {{mirrors: ['file://{base}']}}\n")
        asked = own.world.govkit("policy", "propose", "-m", "mirror", "--format", "json", as_="rita").json
        own.world.govkit("approve", f"policy#{asked['index']}", as_="victor")
        own.world.govkit("policy", "adopt", as_="rita")
        own.world.govkit("log", "mirror")
    found = answer(own, own.at(0.5), expect=0)
    (receipt,) = found["let_in"]["signed"]["mirrored"]
    assert receipt["mirror"] == f"file://{base}"
    root = mirrored.folder(own.world.log().root_of_trust)
    event = base / root / mirrored.event_name(found["let_in"]["signed"]["index"])
    assert abs(event.stat().st_mtime - _epoch(receipt["time"])) < 1.5
    assert all(one["signed"]["mirrored"] for one in [*found["decisions"], *found["turns"], *found["requests"]])
    page = " ".join(told(own, own.at(0.5), "table").out.split())
    assert f"(claimed) (mirror file://{base} had it at {receipt['time']})" in page
    assert not answer(own, own.at(0.5), "--no-mirrors")["let_in"]["signed"]["mirrored"]
    event.chmod(0o600)
    event.write_bytes(event.read_bytes().replace(b'"index":', b'"index": '))
    spoiled = answer(own, own.at(0.5), expect=0)
    assert spoiled["let_in"]["signed"]["mirrored"] == []
    assert any("HOLDS SOMETHING ELSE as event" in note for note in spoiled["notes"])
    shutil.rmtree(base)
    assert any("could not be asked" in note for note in answer(own, own.at(0.5), expect=0)["notes"])


def _epoch(instant: str) -> int:
    from govkit.core import times

    return times.epoch(instant)


# -- two versions -----------------------------------------------------------------------------------------------------


def test_diff_tells_what_changed_and_what_did_not(week: Week) -> None:
    """Commits and files as Git has them, the parameter, the numbers, the rules of the policy, and who let each in."""
    found = week.govkit(20, "diff", f"{MODEL}@1.0.0", f"{MODEL}@1.2.0", "--format", "json").json
    base, head = (found[side]["commit"].partition(":")[2] for side in ("before", "after"))
    git = week.world.git
    assert [one["id"] for one in found["code"]["commits"]] == git("rev-list", head, f"^{base}").split()
    assert found["code"]["added"] == len(found["code"]["commits"]) and found["code"]["dropped"] == 0
    assert {one["path"] for one in found["code"]["files"]} == set(git("diff", "--name-only", base, head).split())
    (data,) = found["data"]
    assert (data["path"], data["evaluation"]) == ("data/rows.csv", False)
    assert data["before"]["sha256"] != data["after"]["sha256"] and data["after"]["size"] > data["before"]["size"]
    (parameter,) = found["parameters"]
    assert (parameter["before"]["value"], parameter["after"]["value"]) == (0.8, 0.9)
    (auc,) = found["metrics"]
    assert (auc["before"]["value"], auc["after"]["value"]) == (0.8, 0.9)
    assert {one["where"] for one in found["fairness"]} >= {"AGE: young", "AGE, ratio over the groups"}
    changed = {rule["path"]: rule["effect"] for rule in found["policy"]["rules"]}
    assert (changed["gates.parity.min"], changed["stages.production.break_glass"]) == ("stricter", "looser")
    ways = {(one["stage"], one["version"]): one["let_in"] for one in found["approvals"]}
    assert ways["staging", "1.2.0"] is None and ways["production", "1.2.0"]["kind"] == "promote"
    assert found["after"]["revoked"]["by"] == "rita"
    back = week.govkit(20, "diff", f"{MODEL}@1.2.0", f"{MODEL}@1.0.0", "--format", "json").json
    assert back["code"]["added"] == 0 and back["code"]["dropped"] == found["code"]["added"]
    page = week.govkit(20, "diff", f"{MODEL}@1.0.0", f"{MODEL}@1.2.0").text
    assert "1.2.0 is revoked, by Rita Riskowner (rita)" in page and "slope (params.yaml) 0.8 0.9" in page
    same = week.govkit(20, "diff", f"{MODEL}@1.0.0", f"{MODEL}@1.1.0", "--format", "markdown").out
    assert "The same data, by digest." in same and "Both were judged by the same policy" in same
    for output in ("table", "markdown"):
        made = week.govkit(20, "diff", f"{MODEL}@1.0.0", f"{MODEL}@1.2.0", "--format", output).out
        assert output == "table" or data["before"]["sha256"] in made and data["after"]["sha256"] in made
        assert re.search(f"[{HIDDEN}]", made) is None and "::error" not in [line[:7] for line in made.splitlines()]


def test_formats_are_those_that_the_page_names() -> None:
    """Both commands offer what the how-to page says they do."""
    offered = {
        command.name: next(p for p in command.params if p.name == "output").type.choices  # type: ignore[attr-defined]
        for command in (explaining.why, explaining.diff)
    }
    assert {name: tuple(choices) for name, choices in offered.items()} == {
        "why": ("table", "markdown", "html", "json"),
        "diff": ("table", "markdown", "json"),
    }
