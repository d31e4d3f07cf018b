"""What the log knows of a version that somebody looks at: what is asked, how it stands, who decided, what serves.

A value that pages are made from; :mod:`govkit.workflow.standing` gathers it. The card has the facts, this the rest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from govkit.core import canonical
from govkit.core.card import Card
from govkit.core.gates.base import Gate
from govkit.core.report import GateReport


class Asked(Struct, frozen=True):
    """A request.

    Attributes:
        name: ``MODEL@VERSION#STAGE``.
        id: its identity, which binds all that it asks for; a decision signs it.
        action: ``promote``, ``rollback`` or ``break-glass``.
        requester: the id of who asked.
        person: their name.
        reason: why, in their words.
        ticket: a reference into another system, or an empty string.
        time: when, as claimed.
        expires: until when it can be used, or None.
        state: open, withdrawn, superseded or done.
        void: why nothing can rest on it any more, though it is open, or an empty string.
    """

    name: str
    id: str
    action: str
    requester: str
    person: str
    reason: str
    ticket: str
    time: str
    expires: str | None
    state: str
    void: str


class Decided(Struct, frozen=True):
    """One decision on a request.

    Attributes:
        person: the id of who decided.
        name: their name in the policy in force, or the id.
        role: the role in which they decided.
        decision: approve, reject or lift.
        meaning: what the signature means.
        comment: what they say with it.
        time: when, as claimed.
        expires: until when it may be used, or None.
        key: the fingerprint of the key, whose signature was checked.
        note: ``counts``, or why it does not.
        conditions: of an approval, one line each.
    """

    person: str
    name: str
    role: str
    decision: str
    meaning: str
    comment: str
    time: str
    expires: str | None
    key: str
    note: str
    conditions: list[str]

    @property
    def counts(self) -> bool:
        """Whether it counts now."""
        return self.note == "counts"


class Champion(Struct, frozen=True):
    """The version that serves in the stage, or served there last of those let in the usual way.

    Attributes:
        serves: whether it serves now.
        since: when it was let in, as claimed.
        by: the id of who promoted it.
    """

    version: str
    commit: str
    digest: str
    card: Card
    serves: bool
    since: str
    by: str


class CodeChange(Struct, frozen=True):
    """What changed in Git between two commits.

    Attributes:
        base: the champion's commit, in hex.
        head: the version's.
        commits: how many commits lie between them.
        files: path, lines added and lines removed (None for binary files) of each file, the most changed first.
        problem: why it cannot be told, or an empty string.
    """

    base: str
    head: str
    commits: int = 0
    files: list[tuple[str, int | None, int | None]] = field(default_factory=list)
    problem: str = ""


class Happened(Struct, frozen=True):
    """One event about the model, for people."""

    index: int
    time: str
    actor: str
    text: str
    reason: str
    status: str


class Standing(Struct, frozen=True):
    """What the log knows of one version.

    Attributes:
        model: the model.
        version: the version.
        commit: its commit, in hex.
        registered: when and by whom, in words.
        report: how the checks stand for the stage that is asked for; None where no stage is.
        asked: the request, or None.
        gates: the gates that are required, by name.
        needed: whose yes is needed, in words.
        approvals: how many of the people who are needed have said yes, and how many are needed.
        held: people whose reject holds.
        decisions: on the request, oldest first.
        champion: what it would stand in for, or None.
        code: what changed in Git since the champion, or None where there is none.
        serving: the stages in which this version serves now.
        history: what happened to the model, newest first.
        notes: findings, waivers and warnings that a reader must not miss.
        head: size and root of the log that says all this.
        remote: the repository's canonical remote, or an empty string.
    """

    model: str
    version: str
    commit: str
    registered: str
    report: GateReport | None
    asked: Asked | None
    gates: Mapping[str, Gate]
    needed: str
    approvals: tuple[int, int]
    held: list[str]
    decisions: list[Decided]
    champion: Champion | None
    code: CodeChange | None
    serving: list[str]
    history: list[Happened]
    notes: list[str]
    head: tuple[int, str]
    remote: str

    @property
    def sentence(self) -> str:
        """Return in one sentence what the reader is asked, or where the version stands."""
        name = f"{self.model}@{self.version}"
        if self.report is None or self.asked is None:
            where = f" serves in {', '.join(self.serving)}" if self.serving else " serves nowhere"
            return f"{name}{where}; nobody is asked anything."
        place = f"decide in {self.report.stage}"
        champion = self.report.champion
        again = champion == self.version
        instead = f" instead of {champion}" if champion else ", the first version there"
        instead = ", where it serves already" if again else instead
        ways = {"break-glass": " BY BREAK-GLASS, past the usual gates,", "rollback": ", as it did before,"}
        how = ways.get(self.asked.action, "")
        if self.asked.state != "open":
            return f"This request, to let {self.version} {place}{instead}, is {self.asked.state}."
        return f"You are asked to let {self.version}{how} {place}{instead}."


def compare_code(subject: str, kind: str, body: Mapping[str, Any], evidence: Mapping[str, str]) -> str:
    """Return a short code of what somebody is about to sign, for comparing a page with a prompt by eye.

    It is over all of the event but what changes until the moment of signing: the time and the log's head.
    40 bits of SHA-256 over canonical JSON, in RFC 4648's Base32: enough to see that two screens speak of the same
    thing, and no proof; what counts is the signature.

    Args:
        subject: the model, or ``*``.
        kind: the event's type.
        body: its body.
        evidence: digests of its evidence by name.

    Returns:
        Eight characters in two groups, such as ``K7QX-2MBA``.
    """
    value = {"subject": subject, "type": kind, "body": body, "evidence": dict(evidence)}
    text = base64.b32encode(hashlib.sha256(canonical.encode(value)).digest()[:5]).decode()
    return f"{text[:4]}-{text[4:]}"
