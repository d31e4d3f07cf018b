"""What somebody can choose who looks at a request, or why they can choose nothing."""

from __future__ import annotations

from msgspec import Struct, field

from govkit.core import keys
from govkit.core.entities import Request
from govkit.core.errors import GovkitError, Refused
from govkit.core.policy import Choice
from govkit.workflow import decide, judge
from govkit.workflow.session import Session

#: What is decided on a page.
CHOICES: tuple[Choice, ...] = ("approve", "reject")


class Choices(Struct, frozen=True):
    """What a reader can choose.

    Attributes:
        person: who reads, as the policy knows them; an empty string if it does not.
        name: their name.
        key: the fingerprint of their key, or an empty string.
        roles: the roles in which they are asked.
        ways: each decision with a meaning that the policy allows for it.
        problem: why they cannot decide here, or None.
    """

    person: str = ""
    name: str = ""
    key: str = ""
    roles: list[str] = field(default_factory=list)
    ways: list[tuple[Choice, str]] = field(default_factory=list)
    problem: GovkitError | None = None
    note: str = ""


def choices(session: Session, request: Request) -> Choices:
    """Return what a session's signer can choose, or why they can choose nothing."""
    try:
        person, key = session.actor, keys.fingerprint(session.key.public)
    except GovkitError as error:
        return Choices(problem=error)
    member = session.policy.policy.people[person]
    roles, asked = decide.roles_asked(session, request, "approve", person)
    problem = _problem(session, request, person, roles, asked)
    note = _involved(session, request, person) if problem is None else ""
    open_to = [choice for choice in CHOICES if choice != "approve" or not note]
    ways = [(choice, said) for choice in open_to for said in decide.meanings(session, choice)]
    return Choices(person, member.name or person, key, roles, ways, problem, note)


def _involved(session: Session, request: Request, person: str) -> str:
    """Return why an approval of theirs would not count for their own part in the version, or an empty string."""
    rules = session.state.requirements_of(request, session.policy)
    version = session.state.versions.get((request.model, request.body.version or ""))
    if rules is None or version is None:
        return ""
    if "registrar" in rules.approvals.forbid and version.at.event and version.at.event.actor == person:
        return "You registered this version, so your approval would not count."
    champion = session.state.champion(request.model, request.body.stage or "")
    if person in judge.authors(session, rules, session.policy, version.body.commit, champion).people:
        return "You wrote a commit that this version brings in, so your approval would not count."
    return ""


def _problem(session: Session, request: Request, person: str, roles: list[str], asked: list[str]) -> GovkitError | None:
    if request.state != "open":
        return Refused(f"this request is {request.state}", fix="'govkit review' lists what waits")
    if session.policy.policy.people[person].kind != "person":
        return Refused(f"{person} is a service, and a service never decides")
    if person == request.requester:
        fix = f"to take it back: govkit withdraw '{request.name}' -m WHY"
        return Refused("you asked for this, and nobody approves their own request", fix=fix)
    if not roles:
        why = f"asked are: {', '.join(asked) or 'nobody'}"
        return Refused(f"{person} is not asked here", why=why, fix="have somebody in one of these roles decide")
    void = session.state.void(request)
    if void:
        return Refused("nothing can rest on this request any more", why=void, fix="have it asked for again")
    return None
