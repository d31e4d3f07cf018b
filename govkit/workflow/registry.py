"""The whole registry at one head of the log, as values: what the static site is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from govkit.core import approvals, merkle, times
from govkit.core.entities import Promotion, Request, Version
from govkit.core.errors import GovkitError
from govkit.core.events import Head
from govkit.core.judged import Judged
from govkit.core.state import State
from govkit.workflow import doctor, judge, query
from govkit.workflow.doctor import Diagnosis
from govkit.workflow.query import FindingRow, Line, Serving
from govkit.workflow.session import Session


class Open(Struct, frozen=True):
    """An open request, and for whom it waits.

    Attributes:
        name: ``MODEL@VERSION#STAGE``, or ``policy#INDEX`` and the like.
        model: the model, or ``*``.
        version: the version, or an empty string where it is not for one.
        stage: the stage, or an empty string.
        action: promote, break-glass, policy or acknowledge.
        requester: who asked.
        time: when, as claimed.
        reason: why.
        expires: until when it can be used, or an empty string.
        needed: whose yes is needed in all, in words.
        approvals: how many have said yes, and how many are needed.
        missing: each role of which somebody's yes is missing, with the people who could say it.
        held: people whose reject holds.
        void: why nothing can rest on it any more, or an empty string.
    """

    name: str
    model: str
    version: str
    stage: str
    action: str
    requester: str
    time: str
    reason: str
    expires: str
    needed: str
    approvals: tuple[int, int]
    missing: list[tuple[str, list[str]]]
    held: list[str]
    void: str


class VersionRow(Struct, frozen=True):
    """A version: when it came, where it serves, and what is open about it.

    Attributes:
        commit: its commit, in hex.
        card: the digest of its card.
        status: ``serves``, ``served``, ``registered`` or ``revoked``.
        serving: the stages in which it serves.
        reason: of a revoked one, who revoked it, when and why; else an empty string.
        asked: the newest open request for it: its name, or an empty string.
        findings: the names of its open findings, those that are overdue first.
        overdue: how many of them are overdue.
    """

    model: str
    version: str
    commit: str
    card: str
    tier: str
    by: str
    time: str
    status: str
    serving: list[str]
    reason: str
    asked: str
    findings: list[str]
    overdue: int


class Model(Struct, frozen=True):
    """A model: what serves, its versions (newest first), what is open, and what happened (newest first).

    ``head`` is that of the log when something last happened to it or the policy in force was adopted: the page of the
    model says what every later log says, too.
    """

    name: str
    serving: list[Serving]
    versions: list[VersionRow]
    requests: list[Open]
    findings: list[FindingRow]
    lines: list[Line]
    head: Head


class About(Struct, frozen=True):
    """Of which log a registry was read, and when.

    Attributes:
        remote: the repository's canonical remote, or an empty string.
        root: the root of trust.
        head: the head of the log.
        policy: the digest of the policy in force.
        policy_event: the index of the event that adopted it.
        day: the day as of which ends count, such as ``2026-11-27``: its beginning in UTC, or the log's own time if
            that is later.
        troubles: why nothing of this is proven: what, why and what to do, each.
    """

    remote: str
    root: str
    head: Head
    policy: str
    policy_event: int
    day: str
    troubles: list[tuple[str, str, str]]


class Registry:
    """The registry of a repository whose root of trust is pinned.

    Args:
        session: the repository.

    Raises:
        Usage: if there is no log.
        Refused: if another root of trust is pinned, or no policy is in force.
        Undecided: if none is pinned.
    """

    def __init__(self, session: Session) -> None:
        session.check_trust()
        _ = session.policy
        self._asked = session
        self.errors: list[GovkitError] = list(session.troubles())
        self.session = _dated(session)

    @cached_property
    def about(self) -> About:
        """Of which log this is."""
        log, state = self.session.log, self.session.state
        return About(
            remote=state.remote,
            root=log.root_of_trust,
            head=log.head,
            policy=self.session.policy.digest,
            policy_event=state.policies[-1][0],
            day=times.write(self.session.now())[:10],
            troubles=[(error.what, error.why, error.fix) for error in self.errors],
        )

    @cached_property
    def lines(self) -> list[Line]:
        """Every event of the log, oldest first."""
        return query.events(self.session)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """What ``govkit doctor`` finds, apart from what is of the machine where it runs.

        It is asked with the real clock, of which some of its findings tell.
        """
        return doctor.examine(self._asked, checks=[check for check in doctor.CHECKS if not check.machine])

    @cached_property
    def requests(self) -> list[Open]:
        """The open requests, oldest first."""
        return [_open(self.session, one) for one in self.session.state.open_requests()]

    @cached_property
    def findings(self) -> list[FindingRow]:
        """All findings, the first due first."""
        return query.findings(self.session)

    @cached_property
    def models(self) -> list[Model]:
        """All models that have versions, by name."""
        state = self.session.state
        serving = _by_model(query.show(self.session))
        requests, findings, lines = _by_model(self.requests), _by_model(self.findings), _by_subject(self.lines)
        newest = _newest_requests(self.session.state)
        found: dict[str, list[VersionRow]] = {}
        served = _served(state)
        for version in state.versions.values():
            mine = [one for one in findings.get(version.model, []) if one.version == version.body.version]
            row = _row(state, version, mine, newest, served)
            found.setdefault(version.model, []).insert(0, row)
        return [
            Model(
                name,
                serving.get(name, []),
                versions,
                requests.get(name, []),
                findings.get(name, []),
                lines[name][::-1],
                self.head_of(max(lines[name][-1].index, state.policies[-1][0])),
            )
            for name, versions in sorted(found.items())
        ]

    def head_of(self, index: int) -> Head:
        """Return the head that the log had when the event at ``index`` was its last."""
        return Head(size=index + 1, root=merkle.text(self.session.state.tree.roots[index + 1]))


def _dated(session: Session) -> Session:
    """Return a session on the same log whose clock stands at the beginning of the day, in UTC."""
    now = session.now()
    midnight = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    dated = Session(replace(session.options, clock=lambda: midnight))
    dated.take(session.log)
    return dated


class _OfModel(Protocol):
    """What belongs to a model."""

    @property
    def model(self) -> str:
        """The model."""


R = TypeVar("R", bound=_OfModel)


def _by_model(rows: Sequence[R]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for row in rows:
        found.setdefault(row.model, []).append(row)
    return found


def _by_subject(lines: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.subject, []).append(line)
    return found


def _newest_requests(state: State) -> dict[tuple[str, str], str]:
    """Return the name of the newest open request by model and version."""
    asked = [one for one in state.open_requests() if one.body.version is not None]
    return {(one.model, one.body.version or ""): one.name for one in asked}


def _served(state: State) -> tuple[set[tuple[str, str]], dict[tuple[str, str], list[str]]]:
    """Return which versions have ever served, and where each serves now."""
    ever: set[tuple[str, str]] = set()
    now: dict[tuple[str, str], list[str]] = {}
    for (model, stage), entries in sorted(state.stages.items()):
        ever.update((model, entry.body.version) for entry in entries if isinstance(entry, Promotion))
        champion = state.champion(model, stage)
        if champion is not None:
            now.setdefault((model, champion.body.version), []).append(stage)
    return ever, now


def _row(
    state: State,
    version: Version,
    findings: list[FindingRow],
    asked: Mapping[tuple[str, str], str],
    served: tuple[set[tuple[str, str]], dict[tuple[str, str], list[str]]],
) -> VersionRow:
    key = (version.model, version.body.version)
    revoked, serving = state.revoked.get(key), served[1].get(key, [])
    status = "revoked" if revoked else "serves" if serving else "served" if key in served[0] else "registered"
    unresolved = sorted((one for one in findings if one.state != "closed"), key=lambda one: one.state != "overdue")
    return VersionRow(
        model=version.model,
        version=version.body.version,
        commit=version.body.commit.partition(":")[2],
        card=version.body.card,
        tier=version.body.tier,
        by=_actor(version.at),
        time=version.at.effective,
        status=status,
        serving=serving,
        reason=f"by {_actor(revoked)} at {revoked.effective}: {_said(revoked, 'reason')}" if revoked else "",
        asked=asked.get(key, ""),
        findings=[one.name for one in unresolved],
        overdue=sum(one.state == "overdue" for one in unresolved),
    )


def _actor(judged: Judged) -> str:
    return judged.event.actor if judged.event else "?"


def _said(judged: Judged, key: str) -> str:
    return str(judged.event.body.get(key, "")) if judged.event else ""


def _open(session: Session, request: Request) -> Open:
    state, policy, body = session.state, session.policy, request.body
    rules, tally = state.requirements_of(request, policy), judge.tally(session, request)
    version = state.versions.get((request.model, body.version or ""))
    scope = (request.model, version.body.tier) if version else (None, None)
    roles = {person: {decision.body.role} for person, decision in tally.counted.items()}
    apart = {request.requester, *tally.counted}
    if rules and version and "registrar" in rules.approvals.forbid:
        apart.add(_actor(version.at))
    able = [who for who, member in policy.policy.people.items() if member.kind == "person" and who not in apart]
    return Open(
        name=request.name,
        model=request.model,
        version=body.version or "",
        stage=body.stage or "",
        action=body.action,
        requester=request.requester,
        time=request.at.effective,
        reason=body.reason,
        expires=body.expires or "",
        needed=approvals.words(rules.approvals.quorum) if rules else "",
        approvals=approvals.progress(rules.approvals.quorum, roles) if rules else (0, 0),
        missing=[
            (role, sorted(who for who in able if role in policy.roles_of(who, *scope)))
            for role in dict.fromkeys(tally.shortfall)
        ],
        held=tally.held,
        void=state.void(request),
    )
