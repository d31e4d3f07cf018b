"""The answer of ``govkit why`` in sentences, for somebody who was not there: no word that needs govkit to be known."""

from __future__ import annotations

from collections.abc import Iterator

from govkit.core.gates.base import Check
from govkit.core.report import in_words
from govkit.core.why import Entrance, Proof, Signed, Turn, Voice, Why
from govkit.reports.document import said

_RECORD = {
    "proven": "PROVEN",
    "refused": "NOT PROVEN: something is wrong",
    "undecided": "NOT PROVEN: it cannot be decided",
}
#: A name or a ticket is no longer than this in a sentence.
_LONGEST = 200
TURNS = {
    "promote": "let in",
    "break-glass": "let in BY BREAK-GLASS",
    "rollback": "gone back to",
    "clear": "taken out, and nothing in its place",
}


def who(signed: Signed) -> str:
    """Return who signed an event: their name, and the id that the log knows them by."""
    return signed.by if signed.name in ("", signed.by) else f"{said(signed.name, _LONGEST)} ({signed.by})"


def moment(found: Why) -> str:
    """Return the moment that is asked about, as a sentence begins."""
    if not found.asked:
        return "Now"
    if found.instant is not None:
        return f"At {found.instant}"
    return f"After event {found.event}"


def sentences(found: Why) -> Iterator[str]:
    """Yield the answer: what served, how it got there, what it met, how it ended, and whether that is proven."""
    yield _what(found)
    if found.let_in is not None:
        yield _how(found.let_in)
        yield _approved(found)
        yield from _met(found)
        yield from _ended(found)
    yield _proof(found)


def _what(found: Why) -> str:
    when, model, stage = moment(found), found.model, found.stage
    let_in = found.let_in
    if let_in is None and found.event is None:
        return f"{when}, nothing is known of {model} in {stage}: that lies before everything that the log holds."
    if let_in is None:
        return f"{when}, no version of {model} {_no_version(found)}."
    name = f"version {let_in.version} of {model}"
    if found.standing == "ended":
        return (
            f"{when}, {name} was the last that was let into {stage}, but it was let in for an emergency, and that "
            f"ended at {let_in.expires}: from then on it might not serve."
        )
    if found.standing == "revoked" and found.revoked is not None:
        return (
            f"{when}, {name} was the last that was let into {stage}, but {who(found.revoked.signed)} had revoked it at "
            f"{found.revoked.signed.claimed}: from then on it might not serve."
        )
    return f"{when}, {name} {'served' if found.asked else 'serves'} in {stage}."


def _no_version(found: Why) -> str:
    turn, before = asked_turn(found), None
    for each in found.turns:
        if turn is not None and each.signed.index < turn.signed.index:
            before = each
    if turn is None:
        return f"{'had' if found.asked else 'has'} been let into {found.stage} yet"
    was = f" had taken {before.version} out" if before is not None and before.version else " had emptied it"
    verb = "served" if found.asked else "serves"
    return f"{verb} in {found.stage}: {who(turn.signed)}{was} at {turn.signed.claimed}"


def asked_turn(found: Why) -> Turn | None:
    """Return the change of the stage that is in force at the moment, or None before the first."""
    return next((turn for turn in found.turns if turn.asked), None)


def _how(let_in: Entrance) -> str:
    begins = f"It was let in at {let_in.signed.claimed} by {who(let_in.signed)}"
    ticket = f", under the ticket “{said(let_in.ticket, _LONGEST)}”" if let_in.ticket else ""
    if let_in.kind == "break-glass":
        return f"{begins} BY BREAK-GLASS: as an emergency, past the usual requirements{ticket}."
    if let_in.kind == "rollback" and let_in.first is not None:
        how = " BY BREAK-GLASS" if let_in.override else ""
        first = f"it had been let in before{how}, at {let_in.first.claimed} by {who(let_in.first)}"
        return f"{begins} by going back to it{ticket}: {first}."
    return f"{begins} in the usual way{ticket}."


def _approved(found: Why) -> str:
    first = next(iter(found.requests), None)
    asked = f"It was asked for by {who(first.signed)}" if first else "Nobody had asked for it"
    yes = [voice for voice in found.decisions if voice.counted]
    if not yes:
        return f"{asked}; nobody's yes is known."
    conditions = sum(len(voice.conditions) for voice in yes)
    more = f", on {conditions} condition{'' if conditions == 1 else 's'}" if conditions else ""
    return f"{asked}; {_list([_in_role(voice) for voice in yes])} said yes{more}."


def _in_role(voice: Voice) -> str:
    return f"{who(voice.signed)} as {said(voice.role, _LONGEST)}"


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _met(found: Why) -> Iterator[str]:
    gates = found.gates
    if gates is None:
        yield "How it stood against the requirements cannot be told."
        return
    what = "Of what is required even in an emergency" if gates.action == "break-glass" else "Of what was required"
    yield f"{what}, {in_words(gates)}."
    if gates.overridden:
        yield f"PASSED OVER, though not met: {_gates(gates.overridden)}."


def _ended(found: Why) -> Iterator[str]:
    following = _following(found)
    if following is not None:
        took = f"version {following.version} took its place" if following.version else "it was taken out"
        yield f"It was there until {following.signed.claimed}, when {took}, by {who(following.signed)}."
    if found.revoked is not None and not found.revoked.then:
        yield f"Later, at {found.revoked.signed.claimed}, {who(found.revoked.signed)} revoked the version."


def _following(found: Why) -> Turn | None:
    return next((turn for turn in found.turns if found.until and turn.signed.index == found.until.index), None)


def verdict(proof: Proof) -> str:
    """Return in a few words what the verifier finds today."""
    if proof.record != "proven" or proof.about == "empty":
        return _RECORD[proof.record]
    if proof.about == "record":
        return "PROVEN, how it was let in"
    return "PROVEN" if proof.verdict == "proven" else "It MAY NOT SERVE any more; how it was let in is PROVEN"


def _proof(found: Why) -> str:
    proof = found.proof
    words = f"Checked again today: {verdict(proof)}."
    if proof.shut:
        stands = "To serve today, what has come since would stand in the way"
        words += f" {stands if proof.about == 'record' else 'What stands in the way'}: {_gates(proof.shut)}."
    return words


def _gates(checks: list[Check]) -> str:
    return said(", ".join(check.gate for check in checks), _LONGEST)
