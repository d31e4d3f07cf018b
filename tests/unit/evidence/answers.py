"""Answers of ``govkit why`` and ``govkit diff``, made up for pages: one text stands in every place that people fill."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from govkit.core import diff, digests, why
from govkit.core.card import CodeFile, Item, Measure
from govkit.core.events import Condition, Head
from govkit.core.gates.base import Check, Verdict
from govkit.core.report import GateReport
from govkit.core.why import (
    Asking,
    Entrance,
    Made,
    Parameter,
    Point,
    Proof,
    Ran,
    Receipt,
    Reproduced,
    Revoked,
    Ruling,
    Signed,
    Turn,
    Voice,
    Waived,
    Why,
)
from govkit.evidence import whywords

DIGEST = digests.sha256(b"")
COMMIT = "git-sha1:" + "c" * 40
DAY = "2026-11-23T10:15:00Z"


def signed(text: str, index: int = 7, *, mirrored: bool = True) -> Signed:
    """Return who signed an event; they are called ``text``."""
    receipts = [Receipt(mirror=f"file:///{text}", time="2026-11-23T10:16:02Z")] if mirrored else []
    return Signed(index=index, event=DIGEST, by="rita", name=text, claimed=DAY, counted=DAY, mirrored=receipts)


def voice(text: str, decision: Any = "approve", **changed: Any) -> Voice:
    """Return a decision with a condition."""
    conditions = [Condition(text=text, owner="ada", due=DAY)]
    whole = {"counted": decision == "approve", "note": text, "meaning": text, "comment": text, **changed}
    return Voice(
        request=text, decision=decision, role=text, conditions=conditions, key=text, signed=signed(text), **whole
    )


def checks(text: str) -> list[Check]:
    """Return a check of each verdict."""
    return [
        Check(gate=text, type=text, verdict=verdict, required=text, found=text, fix=text, champion=text)
        for verdict in Verdict
    ]


def report(text: str, **changed: Any) -> GateReport:
    """Return how a version stood."""
    whole: dict[str, Any] = {
        "schema": "govkit.gate/v1",
        "model": "scorer",
        "version": "1.1.0",
        "stage": "production",
        "requirements": DIGEST,
        "policy": DIGEST,
        "policy_event": 0,
        "champion": None,
        "checks": checks(text),
        "open": False,
        "action": "break-glass",
        "overridden": checks(text)[1:2],
    }
    return GateReport(**{**whole, **changed})


def item(text: str) -> Item:
    """Return a data snapshot."""
    return Item(path=text, md5=None, sha256=DIGEST, size=1234, source=text)


def answer(text: str = "said", **changed: Any) -> Why:
    """Return an answer in which everything is that there can be; ``text`` stands everywhere.

    Args:
        text: what people say everywhere.
        changed: other fields.
    """
    whole: dict[str, Any] = {
        "schema": why.SCHEMA,
        "model": "scorer",
        "stage": "production",
        "asked": DAY,
        "instant": DAY,
        "event": 9,
        "standing": "serves",
        "answer": [],
        "let_in": Entrance(
            version="1.1.0",
            kind="break-glass",
            override=True,
            tag=text,
            reason=text,
            ticket=text,
            expires=DAY,
            review_by=DAY,
            first=signed(text),
            signed=signed(text),
        ),
        "until": signed(text, 11),
        "revoked": Revoked(reason=text, then=False, signed=signed(text, 12)),
        "made": Made(
            commit=COMMIT,
            author=text,
            subject=text,
            card=DIGEST,
            weights=item(text),
            data=[item(text)],
            code=[CodeFile(path=text, sha256=DIGEST, size=9)],
            parameters=[Parameter(file=text, name=text, value={"a": text})],
            gaps=[text],
            registered=signed(text, 3),
            reproduced=[Reproduced(verdict="identical", signed=signed(text, 8))],
        ),
        "gates": report(text),
        "requests": [Asking(name=text, action="break-glass", reason=text, ticket=text, signed=signed(text, 4))],
        "decisions": [voice(text), voice(text, "reject"), voice(text, "lift")],
        "policies": [
            Ruling(
                about="let in",
                digest=DIGEST,
                number=2,
                rules=2,
                reason=text,
                decisions=[voice(text)],
                alone=False,
                adopted=signed(text, 2),
            )
        ],
        "waived": [Waived(gate=text, reason=text, ticket=text, expires=DAY, signed=signed(text, 5))],
        "points": [
            Point(
                name="finding#7",
                text=text,
                owner="ada",
                due=DAY,
                then="open",
                today="closed",
                resolution=text,
                opened=signed(text),
                closed=signed(text, 10),
            )
        ],
        "ran": [Ran(environment=text, status="succeeded", by=text, time=DAY)],
        "turns": [
            Turn(kind="promote", version="1.0.0", reason=text, asked=False, signed=signed(text, 1)),
            Turn(kind="break-glass", version="1.1.0", reason=text, asked=True, signed=signed(text, 7)),
            Turn(kind="clear", version=None, reason=text, asked=False, signed=signed(text, 11)),
        ],
        "proof": Proof(
            verdict="refused",
            about="record",
            record="refused",
            checks=checks(text),
            today=checks(text)[1:2],
            notes=[text],
        ),
        "notes": [f"THE MIRROR {text} HOLDS SOMETHING ELSE", text],
        "root": DIGEST,
        "head": Head(size=13, root=DIGEST),
        "repository": text,
    }
    made = Why(**{**whole, **changed})
    return structs.replace(made, answer=list(whywords.sentences(made)))


def side(version: str, text: str, **changed: Any) -> diff.Side:
    """Return one of two versions."""
    whole: dict[str, Any] = {"tier": text, "weights": item(text), "registered": signed(text), "revoked": None}
    return diff.Side(version=version, commit=COMMIT, card=DIGEST, **{**whole, **changed})


def code(text: str) -> diff.CodeChange:
    """Return what differs in Git."""
    commits = [diff.CommitLine(id="c" * 40, author=text, subject=text)]
    files = [diff.FileLines(path=text, added=None, removed=3)]
    return diff.CodeChange(added=2, dropped=1, commits=commits, files=files, more=4, problem="")


def policy(text: str) -> diff.PolicyChange:
    """Return a change of the policy."""
    rules = [diff.Rule(path=text, words=text, effect="looser")]
    return diff.PolicyChange(before=DIGEST, before_event=0, after=digests.sha256(b"1"), after_event=5, rules=rules)


def difference(text: str = "said", **changed: Any) -> diff.Diff:
    """Return two versions side by side; ``text`` stands everywhere."""
    measure = Measure(value=0.8, interval=(0.7, 0.9), n=100)
    number = diff.NumberChange(name=text, path=text, where=text, before=measure, after=measure, difference=-0.25)
    let_in = answer(text).let_in
    whole: dict[str, Any] = {
        "schema": diff.SCHEMA,
        "model": "scorer",
        "before": side("1.0.0", text),
        "after": side("1.1.0", text, tier="low", revoked=signed(text)),
        "code": code(text),
        "data": [diff.ItemChange(path=text, evaluation=True, before=None, after=item(text))],
        "parameters": [diff.ParameterChange(before=None, after=Parameter(file=text, name=text, value=text))],
        "metrics": [number],
        "fairness": [structs.replace(number, difference=None, before=Measure(value=None, problem=text))],
        "incomparable": text,
        "texts": [diff.TextChange(about="statements", what=text, before=text, after="")],
        "policy": policy(text),
        "approvals": [
            diff.WayIn(stage="production", version="1.0.0", let_in=let_in, decisions=[voice(text)]),
            diff.WayIn(stage="production", version="1.1.0", let_in=None, decisions=[]),
        ],
    }
    return diff.Diff(**{**whole, **changed})
