"""What is not the usual way: waivers, break-glass, conditions, reviews, withdrawals. Each is signed, dated and shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from govkit.core.errors import Refused
from govkit.core.events import WaiverGranted
from govkit.workflow import decide as decide_workflow
from govkit.workflow import followups, query
from govkit.workflow.verify import verify
from tests import forge
from tests import world as worlds
from tests.world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"
VERSION = f"{MODEL}@1.1.0"
STRICT = "parity: {type: fairness, attribute: AGE, rate: selection_rate, compare: ratio, min: 0.8, min_group: 100}"
WAIVABLE = STRICT.replace("min: 0.8", "min: 0.95, waive: [risk-owner]")


def day(ahead: int) -> str:
    """Return the day that lies some days ahead."""
    return (datetime.now(UTC) + timedelta(days=ahead)).strftime("%Y-%m-%d")


def waiver(world: World, *, as_: str = "rita", gate: str = "parity", expect: int = 0, **options: str) -> Any:
    """Waive a gate for version 1.1.0 in production."""
    given = {"until": day(20), "ticket": "RISK-7", "m": "a small group; more data is on its way", **options}
    words = ["--until", given["until"], "--ticket", given["ticket"], "-m", given["m"]]
    return world.govkit("waive", VERSION, "--stage", "production", "--gate", gate, *words, as_=as_, expect=expect)


@pytest.fixture(scope="module")
def _strict(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("strict") / "world")
    promoted.change_policy(STRICT, WAIVABLE)
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    assert "parity: fail" in promoted.promote("1.1.0", "production", expect=1).text
    return promoted.folder


@pytest.fixture
def strict(_strict: Path, tmp_path: Path) -> World:
    """A second version, asked for and approved, that does not meet a gate which risk owners may waive."""
    return worlds.copy(_strict, tmp_path / "world")


# -- waivers ----------------------------------------------------------------------------------------------------------


def test_a_waiver_opens_its_gate_and_is_shown_everywhere(strict: World) -> None:
    """By whom, until when, why and under which ticket stands where the gate stands: gate, verify, show, status."""
    waiver(strict)
    shown = strict.govkit("gate", VERSION, "--stage", "production").text
    assert "waived" in shown and "waived by rita until" in shown and "RISK-7: a small group" in shown
    strict.promote("1.1.0", "production")
    proven = strict.verify()
    assert "waived by rita until" in proven.text and "PROVEN" in proven.text
    assert "waived by rita" in strict.govkit("show", MODEL).text
    assert "parity waived by rita" in strict.govkit("status").text
    assert "waived" in strict.govkit("history", MODEL).text or "waive" in strict.govkit("history", MODEL).text


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({"as_": "victor"}, 1, "the policy in force lets only somebody in the role risk-owner"),
        ({"gate": "auc"}, 1, "the policy in force lets nobody"),
        ({"gate": "party"}, 2, "asks for no gate 'party'; did you mean 'parity'?"),
        ({"ticket": ""}, 2, "a waiver needs a ticket"),
        ({"m": " "}, 2, "a waiver needs a reason"),
        ({"until": "2020-01-01"}, 2, "2020-01-01 has passed"),
        ({"until": "soon"}, 2, "neither a day like"),
    ],
)
def test_who_waives_what_until_when(strict: World, options: dict[str, str], code: int, reason: str) -> None:
    """Only a role that the gate names, with reason, ticket and an end to come."""
    before = strict.log().head.size
    assert reason in waiver(strict, expect=code, **options).text
    assert before == strict.log().head.size


def signed_waiver(world: World, person: str, **changes: Any) -> Any:
    """Let somebody sign a waiver with a modified govkit that asks no rule; return the ledger's verdict."""
    state = world.log().state
    request = state.find_request(REQUEST)
    assert request is not None and request.body.digests is not None
    body = {
        "gate": "parity",
        "version": "1.1.0",
        "stage": "production",
        "digests": request.body.digests,
        "reason": "because",
        "expires": f"{day(9)}T00:00:00Z",
        "ticket": "T",
        **changes,
    }
    world.push_signed(person, type="waiver.granted", body=WaiverGranted(**body))
    return world.log().state.judged[-1]


def test_the_ledger_refuses_waivers_that_a_modified_govkit_signs(strict: World) -> None:
    """Roles, gates, ends, tickets and digests are the ledger's to judge, not the command's."""
    request = strict.log().state.find_request(REQUEST)
    assert request is not None and request.body.digests is not None
    from msgspec.structs import replace

    other = replace(request.body.digests, weights=request.body.digests.card)
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("victor", {}, "victor holds none of the roles risk-owner"),
        ("ci", {}, "ci is a service, and a service never decides"),
        ("rita", {"gate": "auc"}, "rita holds none of the roles (none)"),
        ("rita", {"gate": "no-such"}, "'production' asks for no gate 'no-such'"),
        ("rita", {"ticket": " "}, "a waiver needs a ticket"),
        ("rita", {"expires": "2020-01-01T00:00:00Z"}, "its end has passed"),
        ("rita", {"expires": "2026-99-01T00:00:00Z"}, "its end cannot be told"),
        ("rita", {"digests": other}, "it is for other bytes or requirements"),
        ("rita", {"digests": replace(request.body.digests, champion=None)}, "it names another champion"),
    ]
    for person, changes, reason in cases:
        judged = signed_waiver(strict, person, **changes)
        assert (judged.status, reason in judged.reason) == ("inert", True), judged.reason
    assert "parity: fail" in strict.promote("1.1.0", "production", expect=1).text


def test_a_waiver_ends_when_something_changes(strict: World) -> None:
    """A waiver is for these bytes: the next version is not waived."""
    waiver(strict)
    strict.retrain(0.86)
    strict.register("1.2.0")
    strict.request("1.2.0", "production")
    strict.approve("1.2.0", "production", "rita", "victor")
    assert "parity: fail" in strict.promote("1.2.0", "production", expect=1).text


def test_a_waiver_that_has_ended_is_not_used(strict: World) -> None:
    """After its end nothing new rests on it; what was promoted in time stays proven, with a warning."""
    waiver(strict, until=day(2))
    strict.promote("1.1.0", "production")
    with strict.session(ahead=timedelta(days=5)) as session:
        found = verify(session, MODEL, "production")
    assert found.verdict == "proven"
    assert any("waiver of parity is overdue" in note for note in found.notes)


def test_the_requester_cannot_waive(promoted: World) -> None:
    """A waiver of whoever asks, or of whoever registered the version, does not count."""
    promoted.change_policy(STRICT, WAIVABLE.replace("waive: [risk-owner]", "waive: [risk-owner, engineer]"))
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    refused = waiver(promoted, as_="ada", expect=1)
    assert "registered this version, and nobody waives a gate for their own" in refused.text


# -- break-glass ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _emergency(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("emergency") / "world")
    promoted.allow_break_glass("      gates: [lineage]\n")
    changed = (promoted.repo / "governance" / "policy.yaml").read_text()
    (promoted.repo / "governance" / "policy.yaml").write_text(changed.replace(STRICT, WAIVABLE))
    promoted.let_record("finding.closed", "risk-owner", "release-engineer")
    promoted.adopt_policy()
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    return promoted.folder


@pytest.fixture
def emergency(_emergency: Path, tmp_path: Path) -> World:
    """A second version that fails a gate, in a stage that has break-glass."""
    return worlds.copy(_emergency, tmp_path / "world")


def break_glass(world: World, version: str = "1.1.0") -> None:
    """Ask, approve and promote by break-glass."""
    name = f"{MODEL}@{version}"
    words = ("--stage", "production", "--break-glass", "--ticket", "INC-1")
    world.govkit("request", name, "-m", "the old model is down", *words, as_="ada")
    world.govkit("approve", f"{name}#production", as_="rita")
    world.govkit("promote", name, *words, "-m", "the old model is down", as_="remy")


def test_break_glass_is_never_called_approved(emergency: World) -> None:
    """It serves, proven, as an override that ends; everything says so."""
    break_glass(emergency)
    found = emergency.govkit("verify", MODEL, "--stage", "production", "--format", "json").json
    assert (found["verdict"], found["kind"], found["override"]) == ("proven", "break-glass", True)
    assert found["expires"] is not None
    assert not any("approved by" in check["found"] for check in found["checks"])
    shown = emergency.verify()
    assert "PROVEN BY OVERRIDE" in shown.text
    assert "OVERRIDE, not approved" in emergency.govkit("show", MODEL).text
    assert "review the break-glass promotion to production (INC-1)" in emergency.govkit("status").text


def test_break_glass_shows_what_it_passes_over(emergency: World) -> None:
    """Who signs sees which usual checks are not met."""
    words = ("--stage", "production", "--break-glass", "--ticket", "INC-1")
    emergency.govkit("request", VERSION, "-m", "down", *words, as_="ada")
    emergency.govkit("approve", REQUEST, as_="rita")
    done = emergency.govkit("promote", VERSION, *words, "--dry-run", as_="remy")
    assert "BY BREAK-GLASS until" in done.err and "overridden: parity (fail:" in done.err
    report = emergency.govkit("gate", VERSION, "--stage", "production", "--break-glass", "--format", "json").json
    assert (report["action"], [check["gate"] for check in report["overridden"]]) == ("break-glass", ["parity"])


def test_break_glass_needs_what_the_policy_says(emergency: World) -> None:
    """Ticket, request, quorum and its own gates; and a stage that has it."""
    words = ("request", VERSION, "-m", "down", "--break-glass", "--stage")
    assert "break-glass needs a ticket" in emergency.govkit(*words, "production", as_="ada", expect=2).text
    said = emergency.govkit(*words, "staging", "--ticket", "T", as_="ada", expect=2).text
    assert "has no break-glass into 'staging'" in said
    emergency.request("1.1.0", "production")
    said = emergency.govkit("promote", VERSION, "--stage", "production", "--break-glass", as_="remy", expect=1).text
    assert "nobody has asked to let scorer@1.1.0 serve in production by break-glass" in said
    emergency.govkit(*words, "production", "--ticket", "T", as_="ada")
    words = ("promote", VERSION, "--stage", "production", "--break-glass")
    assert "still needed: risk-owner" in emergency.govkit(*words, as_="remy", expect=1).text
    emergency.govkit("approve", REQUEST, as_="rita")
    said = emergency.govkit("promote", VERSION, "--stage", "production", as_="remy", expect=1).text
    assert "nobody has asked" in said


def test_an_override_ends(emergency: World) -> None:
    """After its end the verifier refuses, and says what to do."""
    break_glass(emergency)
    with emergency.session(ahead=timedelta(days=3)) as session:
        found = verify(session, MODEL, "production")
        row = query.show(session, MODEL)[0]
    assert (found.verdict, [check.gate for check in found.blocking]) == ("refused", ["override"])
    assert "OVERRIDE, ended" in row.warning


def test_somebody_else_reviews_an_override(emergency: World) -> None:
    """The finding that break-glass opens is not closed by who promoted, and overdue if nobody closes it."""
    break_glass(emergency)
    name = emergency.govkit("finding", "list", "--format", "json").json["items"][0]["name"]
    said = emergency.govkit("finding", "close", name, "-m", "fine", as_="remy", expect=1).text
    assert "remy promoted by break-glass, and somebody else reviews that" in said
    with emergency.session(ahead=timedelta(days=8)) as session:
        assert ["overdue"] == [row.state for row in query.findings(session)]
        assert any("is overdue, for remy" in note for note in query.status(session).notes)
    emergency.govkit("finding", "close", name, "-m", "it was right to", as_="rita")
    assert "no open findings" in emergency.govkit("finding", "list").text
    assert "is closed already" in emergency.govkit("finding", "close", name, "-m", "x", as_="rita", expect=2).text


def test_an_override_is_approved_the_usual_way_afterwards(emergency: World) -> None:
    """The same version can be asked for again while it serves by override; then it serves like any other."""
    emergency.change_policy("min: 0.95, waive", "min: 0.8, waive")
    emergency.git("checkout", "-q", "main")
    break_glass(emergency)
    emergency.request("1.1.0", "production")
    emergency.approve("1.1.0", "production", "rita", "victor")
    emergency.promote("1.1.0", "production")
    found = emergency.govkit("verify", MODEL, "--stage", "production", "--format", "json").json
    assert (found["verdict"], found["kind"], found["override"]) == ("proven", "promote", False)


def test_the_ledger_refuses_an_override_without_an_end(emergency: World) -> None:
    """A modified govkit cannot stretch an override, leave its reason out, or call a promotion an override."""
    words = ("--stage", "production", "--break-glass", "--ticket", "INC-1")
    emergency.govkit("request", VERSION, "-m", "down", *words, as_="ada")
    emergency.govkit("approve", REQUEST, as_="rita")
    good = {"kind": "break-glass", "reason": "down", "ticket": "INC-1"}
    for changes, reason in (
        ({}, "an override must end within 2d"),
        ({"expires": f"{day(4)}T00:00:00Z"}, "an override must end within 2d"),
        ({"expires": f"{day(1)}T00:00:00Z", "reason": ""}, "break-glass needs a reason and a ticket"),
        ({"expires": f"{day(1)}T00:00:00Z", "ticket": ""}, "break-glass needs a reason and a ticket"),
        ({"kind": "promote"}, "the request was for break-glass"),
    ):
        judged = forge.promotion(emergency, REQUEST, **{**good, **changes})
        assert (judged.status, reason in judged.reason) == ("inert", True), judged.reason


# -- decisions --------------------------------------------------------------------------------------------------------


def test_conditions_open_findings(requested: World) -> None:
    """An approval with conditions opens one finding for each, with an owner and a due date."""
    words = ("--condition", "ada", day(30), "add a drift monitor", "--condition", "victor", day(60), "look again")
    requested.govkit("approve", REQUEST, *words, as_="rita")
    rows = requested.govkit("finding", "list", MODEL, "--format", "json").json
    assert [("ada", "add a drift monitor", "open"), ("victor", "look again", "open")] == [
        (row["owner"], row["text"], row["state"]) for row in rows["items"]
    ]
    said = requested.govkit("approve", REQUEST, "--condition", "adda", day(3), "x", as_="victor", expect=2).text
    assert "does not know 'adda'; did you mean 'ada'?" in said


def test_a_report_is_attached_as_evidence(requested: World) -> None:
    """A validation report lies beside the decision in the log, by its digest; also through a file."""
    report = requested.folder / "Validation Report.PDF"
    report.write_bytes(b"%PDF-1.7\x00 binary")
    requested.govkit("approve", REQUEST, "--attach", str(report), as_="rita")
    event = requested.log().state.judged[-1]
    assert event.event is not None and set(event.event.evidence) == {"card.json", "attached-validation-report.pdf"}
    shown = requested.git("show", f"govkit/log:{'attached-validation-report.pdf'}")
    assert "%PDF-1.7" in shown
    carried = requested.folder / "decision.json"
    requested.govkit("approve", REQUEST, "--attach", str(report), "--output", str(carried), as_="victor")
    requested.govkit("submit", str(carried))
    assert "cannot be attached" in requested.govkit("approve", REQUEST, "--attach", "no", as_="vera", expect=2).text
    requested.promote("1.1.0", "production")
    requested.verify()


def test_a_request_is_withdrawn_by_its_requester_alone(requested: World) -> None:
    """A request is never edited; who asked can take it back, and nobody can decide on it any more."""
    said = requested.govkit("withdraw", REQUEST, "-m", "x", as_="rita", expect=1).text
    assert "only its requester can withdraw a request" in said
    requested.govkit("withdraw", REQUEST, "-m", "a mistake", as_="ada")
    assert "is withdrawn" in requested.govkit("approve", REQUEST, as_="rita", expect=2).text
    requested.request("1.1.0", "production")


def test_saying_the_same_twice_is_refused(requested: World) -> None:
    """Neither a request nor a decision is appended twice without anything new."""
    again = ("request", VERSION, "--stage", "production", "-m", "please")
    assert "is asked for already" in requested.govkit(*again, as_="ada", expect=1).text
    requested.approve("1.1.0", "production", "rita")
    size = requested.log().head.size
    assert "you approved" in requested.govkit("approve", REQUEST, as_="rita", expect=1).text
    assert size == requested.log().head.size


def test_a_reject_says_why_and_who_lifts_it(requested: World) -> None:
    """Without a reason there is no reject; and nobody lifts in a role that may not."""
    assert "a reject says why" in requested.govkit("reject", REQUEST, as_="victor", expect=2).text
    judged = forge.decision(requested, "victor", REQUEST, decision="reject", comment="")
    assert (judged.status, judged.reason) == ("inert", "a reject says why")
    requested.govkit("reject", REQUEST, "-m", "the test data leaked", as_="victor")
    assert "the test data leaked" in requested.govkit("history", MODEL).text
    said = requested.govkit("lift", REQUEST, "--role", "validator", as_="vera", expect=1).text
    assert "vera may not lift what others rejected in the role 'validator'" in said
    requested.govkit("lift", REQUEST, as_="rita")


def test_meanings_by_decision(requested: World) -> None:
    """What a signature can mean comes from the policy, by kind of decision."""
    requested.change_policy(
        "gates:\n  lineage",
        "meanings:\n  approve: [I validated it, I accept the risk]\n  reject: [No]\ngates:\n  lineage",
    )
    said = requested.govkit("approve", REQUEST, as_="victor", expect=2).text
    assert "the policy has several meanings" in said and "I accept the risk" in said
    assert "no meaning 'Yes'" in requested.govkit("approve", REQUEST, "--meaning", "Yes", as_="victor", expect=2).text
    requested.govkit("approve", REQUEST, "--meaning", "I validated it", as_="victor")
    requested.govkit("reject", REQUEST, "-m", "leak", as_="vera")
    event = requested.log().state.judged[-1].event
    assert event is not None and event.body["meaning"] == "No"


# -- reviews ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on_overdue", "verdict"), [("warn", "proven"), ("refuse", "refused")])
def test_a_review_that_is_overdue(requested: World, on_overdue: str, verdict: str) -> None:
    """What must be approved again by a day is reported, and refused only where the policy says so."""
    requested.change_policy(
        "      valid_for: 30d\n      lift: [risk-owner]\n",
        f"      valid_for: 30d\n      lift: [risk-owner]\n      review_after: 90d\n      on_overdue: {on_overdue}\n",
    )
    requested.request("1.1.0", "production")
    requested.approve("1.1.0", "production", "rita", "victor")
    requested.promote("1.1.0", "production")
    assert "review by" in requested.govkit("show", MODEL).text
    requested.verify()
    with requested.session(ahead=timedelta(days=91)) as session:
        found = verify(session, MODEL, "production")
        assert any("OVERDUE for review" in note for note in query.status(session).notes)
    assert verdict == found.verdict
    assert any("overdue" in text.lower() for text in [*found.notes, *(check.found for check in found.checks)])
    requested.request("1.1.0", "production")  # renewed while it serves
    requested.approve("1.1.0", "production", "rita", "victor")
    requested.promote("1.1.0", "production")
    requested.verify()


def test_the_ledger_insists_on_the_review_date(requested: World) -> None:
    """A modified govkit cannot leave the review out, or put it off."""
    requested.change_policy("      lift: [risk-owner]\n", "      lift: [risk-owner]\n      review_after: 90d\n")
    requested.request("1.1.0", "production")
    requested.approve("1.1.0", "production", "rita", "victor")
    for end in (None, f"{day(95)}T00:00:00Z"):
        judged = forge.promotion(requested, REQUEST, review_by=end)
        assert (judged.status, judged.reason) == ("inert", "it must be reviewed within 90d")


# -- tiers and inheritance ---------------------------------------------------------------------------------------------


def test_tiers_and_inheritance(promoted: World) -> None:
    """A stage inherits the gates of another, and a risk tier asks for more."""
    path = promoted.repo / "governance" / "policy.yaml"
    text = path.read_text()
    start = text.index("  production:\n    gates: [lineage, auc, documented, parity]\n")
    text = text[:start] + text[start:].replace(
        "    gates: [lineage, auc, documented, parity]\n",
        "    inherits: staging\n    gates: [documented]\n    tiers: {high: {gates: [parity]}}\n",
    )
    path.write_text(text)
    promoted.adopt_policy()
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    report = promoted.govkit("gate", VERSION, "--stage", "production", "--format", "json", expect=1).json
    assert ["lineage", "auc", "documented", "parity"] == [
        check["gate"] for check in report["checks"] if check["type"] != "approvals"
    ]
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "victor")
    promoted.promote("1.1.0", "production")
    promoted.verify()


def test_words_have_defaults(requested: World) -> None:
    """A decision without any words takes the only role and the usual meaning."""
    with requested.session("rita") as session:
        written = decide_workflow.decide(session, REQUEST, "approve")
    assert written.judged.status == "good"
    with requested.session("rita") as session, pytest.raises(Refused):
        followups.withdraw(session, REQUEST, "")
