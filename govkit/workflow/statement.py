"""A decision by somebody who has no govkit: the event is made for them, they sign it with OpenSSH, another hands it in.

What is to be signed are the bytes of an event like any other, so nobody downstream can tell the difference.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from govkit.core import events, keys, limits
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, DecisionRecorded
from govkit.core.policy import Choice
from govkit.core.wording import suggest
from govkit.storage import files
from govkit.storage.signatures import EVENT_NAMESPACE
from govkit.workflow import decide, drafting
from govkit.workflow.decide import Words
from govkit.workflow.plans import Signed, Written
from govkit.workflow.session import Session

HOWTO = "HOWTO.txt"
COMMAND = f"ssh-keygen -Y sign -n {EVENT_NAMESPACE} -f KEY {EVENT_FILE}"


class Statement(Struct, frozen=True):
    """A decision that waits for its signature.

    Attributes:
        person: who is to sign.
        content: the bytes of ``event.json``.
        lines: what they say, in words.
        code: its compare code.
    """

    person: str
    content: bytes
    lines: list[str]
    code: str


def make(session: Session, name: str, person: str, choice: Choice, words: Words) -> Statement:
    """Return what somebody would sign who has no govkit; nobody's key is needed.

    Args:
        session: the repository.
        name: the request.
        person: who is to sign.
        choice: approve, reject or lift.
        words: what they say with it.

    Raises:
        Usage: if the policy does not know the person, or see :func:`govkit.workflow.decide.decide`.
        Refused: if they are not asked, or the log cannot be relied on.
    """
    session.check_trust()
    session.check_history()
    people = session.policy.policy.people
    if person not in people:
        hint = suggest(person, people)
        known = f"people: {', '.join(sorted(people))}"
        raise Usage(f"the policy in force does not know '{person}'{hint}", why=known, fix="name one of them")
    if people[person].kind != "person":
        raise Refused(f"{person} is a service, and a service never decides")
    request = decide.find_request(session, name)
    if choice == "approve" and person == request.requester:
        raise Refused(f"{person} asked for this, and nobody approves their own request", fix="have somebody else sign")
    held, asked = decide.roles_asked(session, request, choice, person)
    if not held or (words.role is not None and words.role not in held):
        role = f" as '{words.role}'" if words.role else ""
        fix = "have somebody in one of these roles sign"
        raise Refused(f"{person} is not asked{role} here", why=f"asked are: {', '.join(asked)}", fix=fix)
    plan = decide.plan(session, name, choice, words, person)
    if not isinstance(plan.body, DecisionRecorded):
        raise TypeError("a decision was planned, and this is none")
    content = drafting.draft(session, plan, person).content
    return Statement(
        person, content, [*plan.summary, f"to be signed by {person}"], decide.code(session, plan, plan.body)
    )


def write(statement: Statement, folder: Path) -> list[Path]:
    """Write a statement and how to sign it into a folder, for the person who signs.

    Raises:
        Usage: if the folder holds one already, or cannot be written to.
    """
    paths = [folder / EVENT_FILE, folder / HOWTO]
    for path in [*paths, folder / SIGNATURE_FILE]:
        if path.exists():
            raise Usage(f"{path} is there already", why="it may wait for a signature", fix="name another folder")
    try:
        files.write(paths[0], statement.content)
        files.write(paths[1], howto(statement).encode())
    except OSError as error:
        raise Usage(f"{folder} cannot be written to", why=str(error), fix="name another folder") from error
    return paths


def howto(statement: Statement) -> str:
    """Return what tells a person how to sign without govkit."""
    from govkit.core.inert import line

    said = "\n".join(f"  {line(text)}" for text in statement.lines)
    return f"""\
{statement.person}, you are asked to sign this decision:

{said}

It stands in {EVENT_FILE}, which you can read in a text editor; do not save it from there, as no byte of it may change.
Whoever gave it to you can read its compare code to you: {statement.code}. If you do not agree, sign nothing.

To sign it you need OpenSSH 8.2 or newer, and the key whose public part the policy has. In this folder:

  {COMMAND}

KEY is the file of your private key. For a hardware key, touch it when it blinks. The command writes {SIGNATURE_FILE}.
Give that file back. Whoever can write to the repository hands it in:

  govkit submit {EVENT_FILE} --signature {SIGNATURE_FILE}
"""


def submit_files(session: Session, event: Path, signature: Path) -> Written:
    """Append a decision from the two files that its signer gave back.

    Raises:
        Usage: if they are not a decision and a signature.
        Refused: if the ledger would not let it count.
    """
    return submit(session, _read(event, limits.EVENT), _read(signature, limits.SIGNATURE))


def _read(path: Path, limit: int) -> bytes:
    try:
        return files.read_small(path, limit)
    except (OSError, Malformed) as error:
        fix = f"name both files: govkit submit {EVENT_FILE} --signature {SIGNATURE_FILE}"
        raise Usage(f"{path} cannot be read", why=str(error), fix=fix) from error


def submit(session: Session, content: bytes, signature: bytes) -> Written:
    """Append a decision that somebody signed with ``ssh-keygen``.

    Args:
        session: the repository.
        content: the bytes of ``event.json``.
        signature: what ``ssh-keygen -Y sign`` wrote, as it stands or pasted.

    Raises:
        Usage: if they are not a decision and a signature.
        Refused: if the ledger would not let it count.
    """
    try:
        event = events.parse(content)
        if event.type != "decision.recorded":
            raise Malformed(f"it is a {event.type}, and only decisions are carried")
        lines = [line.strip() for line in signature.decode("ascii").strip().splitlines()]
        armoured = keys.armour(keys.dearmour(("\n".join(lines) + "\n").encode()))
    except (Malformed, UnicodeDecodeError) as error:
        fix = f"hand in {EVENT_FILE} as it was given to the signer, and {SIGNATURE_FILE} as this wrote it: {COMMAND}"
        raise Usage("this is not a signed decision", why=str(error), fix=fix) from error
    name = str(event.body.get("request"))
    request = session.state.find_request(name)
    evidence = decide.evidence_of(session, request) if request is not None else {}
    return session.carry(Signed(content, armoured, evidence), mending=decide.is_mending(session, name))
