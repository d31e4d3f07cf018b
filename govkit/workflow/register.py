"""Registering a version and asking for a stage."""

from __future__ import annotations

from msgspec import Struct

from govkit.core import digests, history, imported, names
from govkit.core.card import Card
from govkit.core.entities import Request, Version
from govkit.core.errors import Refused, Usage
from govkit.core.events import Digests, RequestOpened, TagRef, VersionRegistered
from govkit.core.resolve import Way
from govkit.core.wording import several
from govkit.storage.git import Repository
from govkit.storage.trees import CommitTree
from govkit.workflow import cards, facts, judge, rollback
from govkit.workflow.plans import Plan, TagPlan, Written
from govkit.workflow.session import Session

GLASS = " BY BREAK-GLASS, past the usual gates"


class Candidate(Struct, frozen=True):
    """A commit whose card was made again and found to be the same: its id in hex, the card's bytes, and the card."""

    commit: str
    raw: bytes
    card: Card


def candidate(session: Session, model: str, revision: str | None) -> Candidate:
    """Check the commit that somebody wants to register.

    Args:
        session: the repository.
        model: the model's full name.
        revision: the commit, or None for HEAD of a clean tree.

    Raises:
        Usage: if the tree is dirty, the revision is no commit, or the commit has no card.
        Refused: if the card was edited, or the commit is on none of the policy's branches.
        Undecided: if the bytes are not here.
    """
    if revision is None:
        changed = [] if session.git.is_bare else session.git.changed_files()
        if changed:
            raise Usage(
                f"the working tree has uncommitted changes: {several(changed)}",
                why="a version is a commit, and these changes are in none",
                fix="commit or stash them, or name the commit with --rev",
            )
    commit = session.git.resolve(revision or "HEAD")
    if commit is None:
        raise Usage(
            f"'{revision or 'HEAD'}' is no commit of this repository", fix="commit first, or name one with --rev"
        )
    check_branch(session, commit)
    tree = CommitTree(session.git, commit)
    comparison = cards.check(session.git, tree, model)
    judge.require_bytes(comparison.made)
    if comparison.differences:
        raise Refused(
            f"{cards.path_of(model)} is not the card of this commit",
            why="; ".join(comparison.differences[:3]),
            fix="run 'dvc repro', look at the new card, and commit it",
        )
    if comparison.made.card.weights.sha256 is None:
        raise Refused(f"{model} has no weights by digest", fix="make them an output of a DVC stage")
    return Candidate(commit, comparison.made.raw, comparison.made.card)


def check_branch(session: Session, commit: str) -> None:
    """Refuse a commit that is on none of the branches that the policy names.

    Raises:
        Refused: names the branches.
    """
    branches = session.policy.policy.branches
    if not any(session.git.is_ancestor(commit, head) for head in branch_heads(session.git, branches)):
        raise Refused(
            f"commit {commit[:10]} is on none of the branches {', '.join(branches)}",
            why="the policy registers only what was merged",
            fix="merge it first; after a squash or rebase merge, register the merged commit",
        )


def branch_heads(repository: Repository, branches: list[str]) -> list[str]:
    """Return the heads of branches, local and of every remote."""
    found = set()
    for name, identity in repository.refs("refs/heads", "refs/remotes").items():
        # refs/heads/BRANCH, or refs/remotes/REMOTE/BRANCH
        branch = name.split("/", 2)[2] if name.startswith("refs/heads/") else name.split("/", 3)[-1]
        if branch in branches:
            found.add(identity)
    return sorted(found)


def next_version(session: Session, model: str) -> str:
    """Return the next minor version after the highest that govkit, or GTO before it, registered, or ``1.0.0``."""
    known = [key[1] for key in session.state.versions if key[0] == model]
    known += [version for version in imported.versions(session.imported, model) if names.is_version(version)]
    numbers = [tuple(int(part) for part in version.split("-")[0].split(".")) for version in known]
    if not numbers:
        return "1.0.0"
    major, minor, _ = max(numbers)
    return f"{major}.{minor + 1}.0"


def register(session: Session, model: str, version: str | None = None, revision: str | None = None) -> Written:
    """Register a commit as a version of a model.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version, or None for the next one.
        revision: the commit, or None for HEAD.

    Raises:
        Usage, Refused, Undecided: see :func:`candidate` and :meth:`Session.write`.
    """
    session.ready()
    found = candidate(session, model, revision)
    registered = _registered_commit(session, model, found.commit)
    if registered is not None:
        raise Refused(
            f"commit {found.commit[:10]} is {model}@{registered.body.version} already",
            why="GTO cannot read two versions of one model on one commit",
            fix=f"use {model}@{registered.body.version}, or commit something new",
        )

    def plan() -> Plan:
        return _plan(session, model, version or next_version(session, model), found)

    return session.write(plan)


def _registered_commit(session: Session, model: str, commit: str) -> Version | None:
    version = session.state.by_commit.get((model, f"git-sha1:{commit}"))
    return None if version is None else session.state.versions[model, version]


def _plan(session: Session, model: str, version: str, found: Candidate) -> Plan:
    if (model, version) in session.state.versions:
        raise Refused(f"{model}@{version} is registered already", fix="choose the next version")
    if version in imported.versions(session.imported, model):
        why = "GTO registered it before this log was opened: it was imported, and history stays"
        raise Refused(f"{model}@{version} is taken", why=why, fix="choose the next version")
    weights = found.card.weights.sha256 or ""
    card, commit = digests.sha256(found.raw), f"git-sha1:{found.commit}"

    def body(tag: TagRef) -> VersionRegistered:
        return VersionRegistered(
            version=version,
            commit=commit,
            tier=found.card.statements.tier,
            card=card,
            weights=weights,
            data=found.card.data_digest(),
            tag=tag,
        )

    return Plan(
        type="version.registered",
        subject=model,
        body=body,
        evidence={"card.json": found.raw},
        tag=TagPlan(
            names.TagName(model, "register", version=version),
            "register",
            commit,
            {"version": version, "card": card, "weights": weights},
        ),
        summary=[f"register {model}@{version}", f"commit {found.commit}", f"card {card}", f"weights {weights}"],
    )


class Asked(Struct, frozen=True):
    """What came of asking: the version, the written request, and how the version stands."""

    version: str
    written: Written
    registered: Written | None
    judgement: judge.Judgement


def request(
    session: Session,
    model: str,
    version: str | None,
    stage: str,
    reason: str,
    *,
    ticket: str = "",
    revision: str | None = None,
    action: Way = "promote",
) -> Asked:
    """Ask for a stage; registers the commit first where that is needed.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version; None for that of the commit, or the next one.
        stage: the stage asked for.
        reason: why, for the approvers.
        ticket: a reference into another system; break-glass needs one.
        action: the way into the stage.
        revision: the commit to register if the version is new; None for HEAD.

    Raises:
        Usage, Refused, Undecided: see :func:`register` and :meth:`Session.write`.
    """
    session.ready()
    if not reason.strip():
        raise Usage("a request needs a reason", why="approvers and auditors read it", fix="say why with -m 'REASON'")
    if action == "break-glass" and not ticket.strip():
        raise Usage("break-glass needs a ticket", why="whoever reviews it looks there", fix="name it with --ticket")
    if stage not in session.policy.policy.stages or action != "promote":
        judge.requirements(session.policy, model, "high", stage, action)
    if version is None and action == "rollback":
        version = rollback.target(session, model, stage)[0].body.version
    registered = None
    if version is None or ((model, version) not in session.state.versions and action != "rollback"):
        version, registered = _version_of(session, model, version, revision)
    wanted = version
    written = session.write(lambda: _request_plan(session, model, wanted, stage, reason, ticket, action))
    found = judge.find_version(session, model, wanted)
    return Asked(wanted, written, registered, judge.judge(session, found, stage, action=action))


def _version_of(session: Session, model: str, version: str | None, revision: str | None) -> tuple[str, Written | None]:
    """Return the version of a commit, registered here where that is needed, and what was written for it."""
    commit = session.git.resolve(revision or "HEAD") or ""
    known = _registered_commit(session, model, commit) if version is None else None
    if known is not None:
        return known.body.version, None
    registered = register(session, model, version, revision)
    return str(registered.judged.event.body["version"]) if registered.judged.event else "", registered


def _request_plan(
    session: Session, model: str, version: str, stage: str, reason: str, ticket: str, action: Way
) -> Plan:
    restored = rollback.target(session, model, stage, version)[0] if action == "rollback" else None
    found = judge.find_version(session, model, version)
    judge.refuse_revoked(session, model, version)
    rules = judge.requirements(session.policy, model, found.body.tier, stage, action)
    champion = session.state.champion(model, stage)
    again = champion is not None and champion.body.version == version
    # What serves for good is not asked for again; an override is, and what must be approved again by a day.
    if champion is not None and again and not champion.override and champion.body.review_by is None:
        raise Refused(f"{model}@{version} serves in {stage} already", fix="there is nothing to ask for")
    bound = facts.bound(found, rules, champion)
    _refuse_repetition(session, judge.open_request(session, found, stage, action), bound, reason)
    raw, _ = facts.card_of(session, found)
    body = RequestOpened(
        action=action,
        reason=reason,
        version=version,
        stage=stage,
        commit=found.body.commit,
        digests=bound,
        restores=restored.at.id if restored else None,
        ticket=ticket,
    )
    instead = f" instead of {champion.body.version}" if champion and not again else " again" if again else ""
    how = {"promote": "", "rollback": ", back as it was let in before", "break-glass": GLASS}[action]
    return Plan(
        type="request.opened",
        subject=model,
        body=body,
        evidence={"card.json": raw},
        summary=[
            f"ask to let {model}@{version} serve in {stage}{instead}{how}",
            f"reason: {reason}",
            *(f"{name} {getattr(bound, name)}" for name in ("card", "weights", "requirements")),
            history.tier_words(session.state, found, stage),
        ],
    )


def _refuse_repetition(session: Session, asked: Request | None, bound: Digests, reason: str) -> None:
    """Refuse to ask for the same once more, in the same words, before anybody has decided."""
    same = asked is not None and (asked.body.digests, asked.body.reason) == (bound, reason)
    if asked is not None and same and asked.requester == session.actor and not asked.decisions:
        raise Refused(
            f"'{asked.name}' is asked for already",
            why=f"by you at {asked.at.effective}, in the same words, for the same bytes and requirements",
            fix=f"approvers run: govkit approve '{asked.name}'; to ask anew: govkit withdraw '{asked.name}'",
        )
