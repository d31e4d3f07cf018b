"""How versions stand in the log, made up for pages."""

from typing import Any

from govkit.core import digests
from govkit.core.card import Card
from govkit.core.gates.base import Check, Verdict
from govkit.core.gates.fairness import FairnessGate
from govkit.core.report import GateReport
from govkit.core.standing import Asked, Champion, CodeChange, Decided, Happened, Standing

DIGEST = digests.sha256(b"")


def standing(card: Card, text: str = "said", *, champion: Card | None = None, **changed: Any) -> Standing:
    """Return how a version stands, with a check of each verdict; ``text`` stands everywhere.

    Args:
        card: the card.
        text: what is said everywhere.
        champion: the champion's card; the same one if None.
        changed: other fields.
    """
    asked = Asked(text, DIGEST, "promote", text, text, text, text, text, text, "open", text)
    decided = Decided(text, text, text, "approve", text, text, text, text, text, "counts", [text])
    whole = {
        "model": text,
        "version": text,
        "commit": "c" * 40,
        "registered": text,
        "report": report(text),
        "asked": asked,
        "gates": {"parity": FairnessGate(attribute="SEX", rate="rate", compare="ratio", min=0.8, min_group=100)},
        "needed": text,
        "approvals": (1, 2),
        "held": [text],
        "decisions": [decided],
        "champion": Champion(text, "b" * 40, DIGEST, champion or card, True, text, text),
        "code": CodeChange("b" * 40, "c" * 40, 1, [(text, 1, 2), (text, None, None)]),
        "serving": [text],
        "history": [Happened(1, text, text, text, text, "good"), Happened(0, text, text, text, text, "inert")],
        "notes": [text],
        "head": (2, DIGEST),
        "remote": text,
    }
    return Standing(**{**whole, **changed})


def report(text: str, verdicts: tuple[Verdict, ...] = tuple(Verdict)) -> GateReport:
    """Return a report with a check of each verdict."""
    checks = [
        Check(gate=text, type="t", verdict=verdict, required=text, found=text, fix=text, champion=text, rule=text)
        for verdict in verdicts
    ]
    return GateReport(
        schema="govkit.gate/v1",
        model=text,
        version="1.0.0",
        stage=text,
        requirements=DIGEST,
        policy=DIGEST,
        policy_event=0,
        champion=text,
        checks=checks,
        open=False,
    )
