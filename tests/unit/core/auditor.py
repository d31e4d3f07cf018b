"""The auditor's ledger beside govkit's: every log of the simulated world is judged by both, and they must agree.

``verify_bundle.py`` knows nothing of govkit, so where both are wrong they are wrong for different reasons.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from govkit.core import events
from govkit.core.disclosure import required
from govkit.core.entities import Promotion
from govkit.core.errors import Malformed
from govkit.core.ledger import Entry, Ledger
from govkit.core.state import State
from govkit.evidence import verify_bundle
from govkit.evidence.verify_bundle import Shown

#: Stands for a file that govkit did not read, as it is too large.
_UNREAD = b" " * (verify_bundle.MAX_READ + 1)
_BEGIN = b"\n-----BEGIN SSH SIGNATURE-----"


def judge(
    entries: Sequence[Entry], shown: Sequence[int] | None = None, state: State | None = None
) -> verify_bundle.Ledger:
    """Judge entries as the auditor's file does.

    Args:
        entries: the log.
        shown: the events that the auditor sees; all if None.
        state: what govkit says of the log, for the times that it claims.
    """
    leaves = [events.leaf(entry.event, entry.signature) for entry in entries]
    current = 0

    def signer(message: bytes, signature: bytes, namespace: str, trusted: Container[str]) -> str | None:
        entry = entries[current]
        if namespace == verify_bundle.TAG_NAMESPACE:
            tag = entry.evidence["tag"]
            assert tag.content is not None and message == tag.content.partition(_BEGIN)[0] + b"\n"
            return tag.signer if tag.signer in trusted else None
        assert (message, signature) == (entry.event, entry.signature)
        return entry.signer if entry.signer in trusted else None

    parts = {index: shown_of(entries[index]) for index in (range(len(entries)) if shown is None else shown)}
    claimed = {judged.index: judged.effective for judged in state.judged} if state else {}
    ledger = verify_bundle.Ledger(leaves, parts, signer, claimed)
    for index in sorted(parts):
        current = index
        ledger.append(index)
    return ledger


def shown_of(entry: Entry) -> Shown:
    """Return an entry as a bundle shows it: evidence that is what the event names, under its digest."""
    try:
        named = events.parse(entry.event or b"").evidence
    except Malformed:
        named = {}
    files = {name: file for name, file in entry.evidence.items() if named.get(name) == file.sha256}
    contents = {file.sha256: _UNREAD if file.content is None else file.content for file in files.values()}
    return Shown(entry.event, entry.signature, contents)


def differences(entries: Sequence[Entry], state: State, shown: Sequence[int] | None = None) -> list[str]:
    """Return where the auditor's verdicts differ from govkit's, other than by being undecided."""
    ledger = judge(entries, shown, state)
    found = []
    unsure = False
    for index, entry in ledger.entries.items():
        expected = state.judged[index]
        unsure |= entry.status == "undecided" != expected.status
        if entry.status not in (expected.status, "undecided"):
            found.append(
                f"event {index}: govkit {expected.status} ({expected.reason}), auditor {entry.status} ({entry.reason})"
            )
        exact = entry.low <= expected.effective <= entry.high
        if entry.status == expected.status == "good" and not exact:
            found.append(f"event {index}: effective {entry.low}, govkit {expected.effective}")
    subjects = {entry.subject for entry in ledger.entries.values() if entry.value}
    for model, stage in state.stages:
        if model in subjects and not unsure:
            theirs, ours = ledger.champion(model, stage), state.champion(model, stage)
            if _name(ours) != (theirs and (theirs.entry.id, theirs.override)):
                found.append(f"{model} in {stage}: another version serves")
    if not unsure and shown is None:
        same = {
            "holds": {h: sorted(p) for h, p in state.holds.items() if p}
            == {h: sorted(p) for h, p in ledger.holds.items() if p},
            "requests": {r.id: r.state for r in state.requests.values()}
            == {identity: r.state for identity, r in ledger.requests.items()},
            "conflicts": set(state.conflicts) == ledger.conflicts,
            "undecided": set(state.undecided) == set(ledger.undecided),
            "compromised": state.compromised == ledger.compromised,
            "policies": [(i, p.digest) for i, p in state.policies] == [(i, p.digest) for i, p in ledger.policies],
        }
        found += [f"{name} differ" for name, agree in same.items() if not agree]
    return found


def _name(promotion: Promotion | None) -> tuple[str, bool] | None:
    return (promotion.at.id, promotion.override) if promotion else None


def disagreements(entries: Sequence[Entry], model: str) -> list[str]:
    """Return the differences over all events, and over those that a bundle about a model would show."""
    state = Ledger().read(entries)
    leaves = [events.leaf(entry.event, entry.signature) for entry in entries]
    return differences(entries, state) + differences(entries, state, required(leaves, model))
