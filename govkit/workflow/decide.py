"""Deciding on a request: approve, reject, lift; signed here and now, or into a file that anyone can carry."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from govkit.core import approvals, canonical, events, times
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.events import DecisionRecorded
from govkit.core.resolve import Requirements
from govkit.core.state import Request
from govkit.storage import files
from govkit.workflow.plans import Plan, Signed, Written
from govkit.workflow.session import Session

FILE_SCHEMA = "govkit.decision/v1"
Choice = Literal["approve", "reject", "lift"]
_MEANING = {
    "approve": "I have read the card and take responsibility for this approval.",
    "reject": "I have read the card and do not approve.",
    "lift": "The reasons for the rejection no longer hold.",
}


def find_request(session: Session, name: str) -> Request:
    """Return the newest open request with a name (``MODEL@VERSION#STAGE``, ``policy#INDEX``) or identity.

    Raises:
        Usage: if there is none that is open; names those that are.
    """
    found = session.state.find_request(name)
    if found is not None and found.state == "open":
        return found
    waiting = ", ".join(f"'{r.name}'" for r in session.state.requests.values() if r.state == "open") or "none"
    what = f"'{name}' is {found.state}" if found else f"there is no request '{name}'"
    raise Usage(what, why=f"open requests: {waiting}", fix="name one of them, in quotes")


def decide(
    session: Session, name: str, choice: Choice, *, role: str | None = None, meaning: str | None = None
) -> Written:
    """Sign a decision and append it to the log.

    Args:
        session: the repository.
        name: the request.
        choice: approve, reject or lift.
        role: the role in which to decide; None if there is only one that is asked.
        meaning: what the signature means; None for the usual words.

    Raises:
        Usage: if there is no such request, or the role is not clear.
        Refused: if the ledger would not let the decision count.
    """
    return session.write(lambda: _plan(session, name, choice, role, meaning))


def decide_to_file(
    session: Session, name: str, choice: Choice, target: Path, *, role: str | None = None, meaning: str | None = None
) -> Signed:
    """Sign a decision into a file, for somebody else to carry with :func:`submit`.

    Raises:
        Usage, Refused: see :func:`decide`; also if the file cannot be written.
    """
    session.ready()
    signed = session.sign(_plan(session, name, choice, role, meaning))
    session.probe(signed)
    value = {
        "schema": FILE_SCHEMA,
        "event": signed.content.decode(),
        "signature": signed.signature.decode(),
        "evidence": {key: content.decode() for key, content in signed.evidence.items()},
    }
    if not session.options.dry_run:
        try:
            files.write(target, canonical.encode(value) + b"\n")
        except OSError as error:
            raise Usage(f"{target} cannot be written", why=str(error)) from error
    return signed


def submit(session: Session, path: Path) -> Written:
    """Append a decision that somebody signed into a file.

    Raises:
        Usage: if the file is not one.
        Refused: if the ledger would not let it count.
    """
    try:
        value = canonical.decode(path.read_bytes().removesuffix(b"\n"))
        signed = _from_value(value)
    except (OSError, Malformed) as error:
        fix = "ask its author for the file that 'govkit approve --output FILE' wrote"
        raise Usage(f"{path} is not a signed decision", why=str(error), fix=fix) from error
    return session.carry(signed)


def _from_value(value: Any) -> Signed:
    expected = {"schema", "event", "signature", "evidence"}
    if not isinstance(value, dict) or value.keys() != expected or value["schema"] != FILE_SCHEMA:
        raise Malformed(f"not of the form {FILE_SCHEMA}")
    texts = [value["event"], value["signature"]]
    evidence = value["evidence"]
    if not isinstance(evidence, dict) or not all(isinstance(text, str) for text in [*texts, *evidence.values()]):
        raise Malformed(f"not of the form {FILE_SCHEMA}")
    event = events.parse(texts[0].encode())
    if event.type != "decision.recorded" or event.evidence.keys() != evidence.keys():
        raise Malformed("it holds another event than a decision, or other files than the decision names")
    content = {name: text.encode() for name, text in evidence.items()}
    return Signed(texts[0].encode(), texts[1].encode(), content)


def _plan(session: Session, name: str, choice: Choice, role: str | None, meaning: str | None) -> Plan:
    request = find_request(session, name)
    rules = session.state.requirements_of(request, session.policy)
    if rules is None:
        raise Refused(f"the policy in force does not know what '{name}' asks for")
    evidence = _evidence(session, request)
    words = meaning or next(iter(session.policy.policy.meanings), _MEANING[choice])
    chosen = role or _role(session, request, rules, choice)
    valid_for, expires = rules.approvals.valid_for, None
    if choice == "approve" and valid_for is not None:
        signed_at = max(times.write(session.now()), session.state.effective)
        # A minute less, as the event's own time, from which the end is counted, is taken a moment later.
        expires = times.add(signed_at, times.span(valid_for) - timedelta(minutes=1))
    body = DecisionRecorded(request=request.id, role=chosen, decision=choice, meaning=words, expires=expires)
    return Plan("decision.recorded", request.model, body, evidence, summary=_summary(request, rules, body))


def _summary(request: Request, rules: Requirements, body: DecisionRecorded) -> list[str]:
    bound = request.body.digests
    lines = [
        f"{body.decision} {request.name} as {body.role}",
        f"asked by {request.requester}: {request.body.reason}",
        f"meaning: {body.meaning}",
        f"request {request.id}",
    ]
    if bound is not None:
        lines += [f"card {bound.card}", f"weights {bound.weights}", f"requirements {bound.requirements}"]
    if request.body.policy is not None:
        lines.append(f"policy {request.body.policy}")
    lines.append(f"needed in all: {approvals.words(rules.approvals.quorum)}")
    return [*lines, f"may be used until {body.expires}"] if body.expires else lines


def _role(session: Session, request: Request, rules: Requirements, choice: Choice) -> str:
    """Return the one role in which the signer is asked."""
    version = session.state.versions.get((request.model, request.body.version or ""))
    model, tier = (request.model, version.body.tier) if version else (None, None)
    asked = approvals.roles_in(rules.approvals.quorum) | set(rules.approvals.lift if choice == "lift" else [])
    held = session.policy.roles_of(session.actor, model, tier) & asked
    if len(held) == 1:
        return held.pop()
    if held:
        raise Usage(f"you are asked in several roles: {', '.join(sorted(held))}", fix="name one with --role")
    raise Refused(
        f"{session.actor} is not asked here",
        why=f"asked are: {', '.join(sorted(asked))}",
        fix="have somebody in one of these roles decide",
    )


def _evidence(session: Session, request: Request) -> dict[str, bytes]:
    """Return what the decision is made on, from the request's own evidence."""
    event = request.at.event
    name = "card.json" if request.body.digests is not None else "policy.json"
    if event is None or name not in event.evidence:
        return {}
    return {name: session.log.evidence(session.git, request.at.index, name, event.evidence[name])}
