"""Deciding on a request: approve, reject, lift; signed here and now, or into a file that anyone can carry."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from govkit.core import approvals, canonical, digests, events, history, limits, policy, policydiff, times
from govkit.core.entities import Request
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.events import Condition, DecisionRecorded
from govkit.core.policy import Choice
from govkit.core.resolve import Requirements
from govkit.core.standing import compare_code
from govkit.core.wording import suggest
from govkit.storage import files
from govkit.workflow import drafting, policyfile
from govkit.workflow.plans import Plan, Signed, Written
from govkit.workflow.session import Session

FILE_SCHEMA = "govkit.decision/v1"
#: Evidence that somebody attached to a decision begins so.
ATTACHED = "attached-"
MAX_ATTACHED = limits.ATTACHED
_MEANING: dict[Choice, str] = {
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
    waiting = ", ".join(f"'{r.name}'" for r in session.state.open_requests()) or "none"
    what = f"'{name}' is {found.state}" if found else f"there is no request '{name}'"
    raise Usage(what, why=f"open requests: {waiting}", fix="name one of them, in quotes")


class Words(Struct, frozen=True):
    """What somebody says with a decision.

    Attributes:
        role: the role in which they decide; None if there is only one that is asked.
        meaning: what the signature means, from the policy's list; None for the only or usual one.
        comment: their own words; a reject needs some.
        conditions: of an approval: owner, day it is due, and text of each; they open findings.
        attached: files that go along as evidence, such as a validation report.
    """

    role: str | None = None
    meaning: str | None = None
    comment: str = ""
    conditions: Sequence[tuple[str, str, str]] = ()
    attached: Sequence[Path] = ()


def decide(session: Session, name: str, choice: Choice, words: Words | None = None) -> Written:
    """Sign a decision and append it to the log.

    Args:
        session: the repository.
        name: the request.
        choice: approve, reject or lift.
        words: what is said with it.

    Raises:
        Usage: if there is no such request, or the role or meaning is not clear.
        Refused: if the ledger would not let the decision count, or the same was decided before.
    """
    mending = is_mending(session, name)
    return session.write(lambda: plan(session, name, choice, words or Words()), mending=mending)


def is_mending(session: Session, name: str) -> bool:
    """Tell whether a request is for the acknowledgement of a violation, which is decided while the violation stands."""
    found = session.state.find_request(name)
    return found is not None and found.body.action == "acknowledge"


def decide_to_file(session: Session, name: str, choice: Choice, target: Path, words: Words | None = None) -> Signed:
    """Sign a decision into a file, for somebody else to carry with :func:`submit`.

    Raises:
        Usage, Refused: see :func:`decide`; also if the file cannot be written.
    """
    session.ready(mending=is_mending(session, name))
    planned = plan(session, name, choice, words or Words())
    session.ask(planned)
    signed = session.sign(planned)
    session.probe(signed)
    if not session.options.dry_run:
        try:
            files.write(target, to_file(signed))
        except OSError as error:
            raise Usage(f"{target} cannot be written", why=str(error)) from error
    return signed


def to_file(signed: Signed) -> bytes:
    """Return what a file holds that carries a signed decision; :func:`submit` reads it."""
    attached = {key: content for key, content in signed.evidence.items() if key.startswith(ATTACHED)}
    value: dict[str, Any] = {
        "schema": FILE_SCHEMA,
        "event": signed.content.decode(),
        "signature": signed.signature.decode(),
        "evidence": {key: content.decode() for key, content in signed.evidence.items() if key not in attached},
    }
    if attached:
        value["attached"] = {key: base64.b64encode(content).decode() for key, content in attached.items()}
    return canonical.encode(value) + b"\n"


def submit(session: Session, path: Path) -> Written:
    """Append a decision that somebody signed into a file.

    Raises:
        Usage: if the file is not one.
        Refused: if the ledger would not let it count.
    """
    try:
        value = canonical.decode(files.read_small(path, limits.DECISION).removesuffix(b"\n"), limit=limits.DECISION)
        signed = _from_value(value)
    except (OSError, Malformed) as error:
        fix = (
            "ask its author for the file that 'govkit approve --output FILE' wrote; "
            "an event.json goes with its signature: --signature event.json.sig"
        )
        raise Usage(f"{path} is not a signed decision", why=str(error), fix=fix) from error
    request = str(events.parse(signed.content).body.get("request"))
    return session.carry(signed, mending=is_mending(session, request))


def _from_value(value: Any) -> Signed:
    expected = {"schema", "event", "signature", "evidence"}
    if not isinstance(value, dict) or value.keys() - {"attached"} != expected or value["schema"] != FILE_SCHEMA:
        raise Malformed(f"not of the form {FILE_SCHEMA}")
    texts = [value["event"], value["signature"]]
    evidence, attached = value["evidence"], value.get("attached", {})
    if not isinstance(evidence, dict) or not isinstance(attached, dict):
        raise Malformed(f"not of the form {FILE_SCHEMA}")
    if not all(isinstance(text, str) for text in [*texts, *evidence.values(), *attached.values()]):
        raise Malformed(f"not of the form {FILE_SCHEMA}")
    event = events.parse(texts[0].encode())
    try:
        content = {name: base64.b64decode(text, validate=True) for name, text in attached.items()}
    except ValueError as error:
        raise Malformed("an attached file is not written in base64") from error
    content |= {name: text.encode() for name, text in evidence.items()}
    if event.type != "decision.recorded" or event.evidence.keys() != content.keys():
        raise Malformed("it holds another event than a decision, or other files than the decision names")
    return Signed(texts[0].encode(), texts[1].encode(), content)


def plan(session: Session, name: str, choice: Choice, words: Words, person: str | None = None) -> Plan:
    """Return what somebody would sign with a decision.

    Args:
        session: the repository.
        name: the request.
        choice: approve, reject or lift.
        words: what is said with it.
        person: who signs; None for whoever the session's key belongs to.

    Raises:
        Usage, Refused: see :func:`decide`.
    """
    request = find_request(session, name)
    rules = session.state.requirements_of(request, session.policy)
    if rules is None:
        raise Refused(f"the policy in force does not know what '{name}' asks for")
    if choice == "reject" and not words.comment.strip() and session.policy.policy.rules > 1:
        raise Usage("a reject says why", why="the requester must know what to mend", fix="say it with -m 'REASON'")
    if request.body.policy is not None and choice == "approve":
        other = policyfile.contradiction(session, request.at)
        if other:
            fix = "reject it, and find out who proposed it: 'govkit policy propose' makes no such request"
            raise Refused(f"'{name}' is not what it looks like", why=other, fix=fix)
    signer = person or session.actor
    body = DecisionRecorded(
        request=request.id,
        role=words.role or _role(session, request, choice, signer),
        decision=choice,
        meaning=_meaning(session, choice, words.meaning),
        conditions=[_condition(session, *condition) for condition in words.conditions],
        expires=_expires(session, rules) if choice == "approve" else None,
        comment=words.comment,
    )
    _refuse_repetition(session, request, body, signer)
    evidence = evidence_of(session, request) | _attached(words.attached)
    unsigned = Plan("decision.recorded", request.model, body, evidence)
    summary = [*_summary(session, request, rules, body), f"compare code {code(session, unsigned, body)}"]
    return replace(unsigned, summary=summary)


def code(session: Session, planned: Plan, body: DecisionRecorded) -> str:
    """Return the short code by which a page and a prompt are seen to speak of the same decision."""
    sums = {name: digests.sha256(content) for name, content in planned.evidence.items()}
    return compare_code(planned.subject, planned.type, drafting.body_of(session, planned.type, body), sums)


def meanings(session: Session, choice: Choice) -> list[str]:
    """Return what a signature under a decision may mean, never empty: the policy's list, or the usual words."""
    return session.policy.meanings(choice) or [_MEANING[choice]]


def _meaning(session: Session, choice: Choice, said: str | None) -> str:
    """Return what the signature means: what is said, or the only or usual words that the policy allows."""
    known = session.policy.meanings(choice)
    if said is None and (not known or _MEANING[choice] in known):
        return _MEANING[choice]
    if said is None and len(known) == 1:
        return known[0]
    if said is None or (known and said not in known):
        what = f"the policy has no meaning '{said}'" if said else "the policy has several meanings for this signature"
        raise Usage(what, why="\n".join(known), fix="name one of them with --meaning")
    return said


def _expires(session: Session, rules: Requirements) -> str | None:
    if rules.approvals.valid_for is None:
        return None
    signed_at = max(times.write(session.now()), session.state.effective)
    # A minute less, as the event's own time, from which the end is counted, is taken a moment later.
    return times.add(signed_at, times.span(rules.approvals.valid_for) - timedelta(minutes=1))


def _condition(session: Session, owner: str, due: str, text: str) -> Condition:
    if owner not in session.policy.policy.people:
        hint = suggest(owner, session.policy.policy.people)
        raise Usage(f"the policy in force does not know '{owner}'{hint}", fix="--condition OWNER DAY TEXT")
    try:
        return Condition(owner=owner, due=times.end(due), text=text)
    except ValueError as error:
        raise Usage(str(error), fix="--condition OWNER DAY TEXT, with a day like 2026-12-31") from error


def _attached(paths: Sequence[Path]) -> dict[str, bytes]:
    """Read files that go along as evidence; their names are made fit to stand in a tree of Git's."""
    found: dict[str, bytes] = {}
    together = 0
    for path in paths:
        try:
            together += path.stat().st_size
            content = path.read_bytes() if together <= MAX_ATTACHED else b""
        except OSError as error:
            raise Usage(f"{path} cannot be attached", why=str(error), fix="name a file that you can read") from error
        if together > MAX_ATTACHED:
            size = f"{together:,} bytes in all, and {MAX_ATTACHED:,} are allowed"
            raise Usage(f"{path} is too large to be attached", why=size, fix="attach a summary that names its digest")
        name = ATTACHED + (re.sub(r"[^a-z0-9._-]+", "-", path.name.lower()).strip("-") or "file")
        if name in found:
            raise Usage(f"two attached files would be called {name}", fix="rename one of them")
        found[name] = content
    return found


def _refuse_repetition(session: Session, request: Request, body: DecisionRecorded, signer: str) -> None:
    """Refuse to say the same once more, in the same words: it would change nothing."""
    mine = [d for d in request.decisions if d.person == signer]
    last = max(mine, key=lambda decision: decision.word, default=None)
    now = max(times.write(session.now()), session.state.effective)
    if last is None or (last.body.expires is not None and last.body.expires < now):
        return
    same = ("role", "decision", "meaning", "comment", "conditions")
    if all(getattr(last.body, field) == getattr(body, field) for field in same):
        done = {"approve": "approved", "reject": "rejected", "lift": "lifted"}[body.decision]
        fix = "nothing is to be done; 'govkit status' shows what is still needed"
        raise Refused(f"you {done} '{request.name}' already", why=f"at {last.at.effective}", fix=fix)


def _summary(session: Session, request: Request, rules: Requirements, body: DecisionRecorded) -> list[str]:
    bound = request.body.digests
    override = {"promote": "", "rollback": ", a rollback", "break-glass": " BY BREAK-GLASS"}[request.way]
    lines = [
        f"{body.decision} '{request.name}'{override} as {body.role}",
        f"asked by {request.requester}: {request.body.reason}",
        f"meaning: {body.meaning}",
        f"request {request.id}",
    ]
    if bound is not None:
        lines += [f"card {bound.card}", f"weights {bound.weights}", f"requirements {bound.requirements}"]
        version = session.state.versions[request.model, request.body.version or ""]
        lines.append(history.tier_words(session.state, version, request.body.stage))
    violation = session.state.violations.get(request.body.index) if request.body.index is not None else None
    if violation is not None:
        lines.append(f"the violation: event {violation.index} is {violation.status}: {violation.reason}")
    if request.body.policy is not None:
        lines.append(f"policy {request.body.policy}")
        proposed = policy.parse(evidence_of(session, request)["policy.json"])
        lines += policydiff.summary_lines(session.policy, proposed)
    lines += [f"in your words: {body.comment}"] if body.comment else []
    lines += [f"on condition that {c.owner} until {c.due}: {c.text}" for c in body.conditions]
    lines.append(f"needed in all: {approvals.words(rules.approvals.quorum)}")
    return [*lines, f"may be used until {body.expires}"] if body.expires else lines


def _role(session: Session, request: Request, choice: Choice, signer: str) -> str:
    """Return the one role in which the signer is asked."""
    held, asked = roles_asked(session, request, choice, signer)
    if len(held) == 1:
        return held[0]
    if held:
        raise Usage(f"you are asked in several roles: {', '.join(held)}", fix="name one with --role")
    raise Refused(
        f"{signer} is not asked here",
        why=f"asked are: {', '.join(asked)}",
        fix="have somebody in one of these roles decide",
    )


def roles_asked(session: Session, request: Request, choice: Choice, person: str) -> tuple[list[str], list[str]]:
    """Return the roles that a person holds and is asked in, and all that are asked."""
    rules = session.state.requirements_of(request, session.policy)
    if rules is None:
        return [], []
    version = session.state.versions.get((request.model, request.body.version or ""))
    model, tier = (request.model, version.body.tier) if version else (None, None)
    asked = approvals.roles_in(rules.approvals.quorum) | set(rules.approvals.lift if choice == "lift" else [])
    return sorted(session.policy.roles_of(person, model, tier) & asked), sorted(asked)


def evidence_of(session: Session, request: Request) -> dict[str, bytes]:
    """Return what the decision is made on, from the request's own evidence."""
    event = request.at.event
    name = "card.json" if request.body.digests is not None else "policy.json"
    if event is None or name not in event.evidence:
        return {}
    return {name: session.log.evidence(session.git, request.at.index, name, event.evidence[name])}
