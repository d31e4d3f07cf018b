"""Judging a version for a stage with what Git and the log know: shared by ``gate``, ``promote`` and ``verify``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Set

from msgspec import Struct, field
from msgspec.structs import replace

from govkit.core import approvals, assess, history, times
from govkit.core.entities import Decision, Promotion, Request, Tally, Version
from govkit.core.errors import Refused, Undecided, Usage
from govkit.core.gates import base as gates_base
from govkit.core.gates.base import Check, Context, Verdict
from govkit.core.policy import InForce
from govkit.core.resolve import Requirements, Way
from govkit.core.wording import suggest
from govkit.storage.gitobjects import describe_commits
from govkit.storage.trees import Tree
from govkit.workflow import cards, facts
from govkit.workflow.session import Session


class Judgement(Struct, frozen=True):
    """How a version stands for a stage.

    Attributes:
        model: the model.
        version: the version, or None for a card that is not registered.
        stage: the stage.
        requirements: digest of what is required.
        champion: the version that serves there now, or None.
        checks: every requirement, decided.
        tally: the decisions, or None where there is no open request.
        overridden: of a break-glass request, the usual checks that are not met and are passed over.
        action: the usual way, or break-glass.
    """

    model: str
    version: str | None
    stage: str
    requirements: str
    champion: str | None
    checks: list[Check]
    tally: Tally | None
    overridden: list[Check] = field(default_factory=list)
    action: Way = "promote"

    @property
    def blocking(self) -> list[Check]:
        """The checks that do not open."""
        return [check for check in self.checks if not check.verdict.opens]


class NotMet(Refused):
    """A version does not meet what a stage requires; carries the judgement, for a report."""

    def __init__(self, judgement: Judgement) -> None:
        lines = [
            f"{c.gate}: {c.verdict} - required {c.required}; found {c.found}" + (f" ({c.rule})" if c.rule else "")
            for c in judgement.blocking
        ]
        fixes = [f"{check.gate}: {check.fix}" for check in judgement.blocking if check.fix]
        super().__init__(
            f"{judgement.model}@{judgement.version} may not serve in {judgement.stage}",
            why="\n".join(lines),
            fix="\n".join(fixes),
        )
        self.judgement = judgement


def find_version(session: Session, model: str, version: str | None) -> Version:
    """Return a registered version: the one named, else the highest that was registered last.

    Raises:
        Usage: if there is no such version; names those that there are.
    """
    known = [each for named, each in session.state.versions if named == model]
    if version is None and known:
        return session.state.versions[model, known[-1]]
    if version is None or version not in known:
        models = sorted({key[0] for key in session.state.versions})
        what = f"{model} has no version {version}" if known else f"no version of '{model}' is registered"
        listing = f"registered: {', '.join(known)}" if known else f"models with versions: {', '.join(models) or 'none'}"
        hint = "" if known else suggest(model, models)
        raise Usage(what, why=listing + hint, fix=f"register one with 'govkit register {model}@VERSION'")
    return session.state.versions[model, version]


def check_known(session: Session, model: str, stage: str) -> None:
    """Make sure that the log has versions of a model, and the policy in force knows a stage.

    Raises:
        Usage: names those that there are.
    """
    find_version(session, model, None)
    if stage not in session.policy.policy.stages:
        requirements(session.policy, model, "high", stage)


def refuse_revoked(session: Session, model: str, version: str) -> None:
    """Refuse to go on with a version that is revoked.

    Raises:
        Refused: says by whom and why.
    """
    revoked = session.state.revoked.get((model, version))
    if revoked is not None:
        said = f" by {revoked.event.actor}: {revoked.event.body.get('reason')}" if revoked.event else ""
        why = f"a revoked version does not come back; revoked{said}"
        raise Refused(f"{model}@{version} is revoked", why=why, fix="make a new version")


def requirements(policy: InForce, model: str, tier: str, stage: str, action: Way = "promote") -> Requirements:
    """Return what a policy requires.

    Raises:
        Usage: if the policy does not know the stage, or has no break-glass into it; names those that it knows.
    """
    found = policy.requirements(model, tier, stage, action)
    if found is None and stage in policy.policy.stages:
        raise _no_such_way(model, stage, action)
    if found is None:
        known = ", ".join(policy.policy.stages)
        hint = suggest(stage, policy.policy.stages)
        raise Usage(
            f"the policy in force knows no stage '{stage}'{hint}", why=f"stages: {known}", fix="name one of them"
        )
    return found


def _no_such_way(model: str, stage: str, action: Way) -> Usage:
    if action == "rollback":
        return Usage(
            f"a rollback of {stage} is not asked for",
            why="the policy in force wants nobody's yes for it",
            fix=f"whoever may, rolls back at once: govkit rollback {model} --stage {stage} -m WHY",
        )
    return Usage(
        f"the policy in force has no {action} into '{stage}'",
        why="a stage has it only where the policy says 'break_glass'",
        fix=f"ask the usual way: govkit request '{model}@VERSION' --stage {stage} -m WHY",
    )


def authors(
    session: Session, rules: Requirements, policy: InForce, commit: str, champion: Promotion | None
) -> assess.Authors:
    """Say who wrote the commits of a version since the champion's, where the policy wants that known.

    Args:
        session: the repository.
        rules: what is required.
        policy: the policy whose addresses and keys count.
        commit: the version's commit, ``git-sha1:…``.
        champion: the promotion that served before, or None: then all history counts.

    Raises:
        Undecided: if this clone does not have the history.
    """
    if "commit-author" not in rules.approvals.forbid:
        return assess.Authors(frozenset(), [])
    since = facts.commit_before(session, champion, commit)
    commits = session.git.commits_since(commit.partition(":")[2], since)
    return assess.authors(rules.approvals, policy, list(describe_commits(commits)))


def open_request(session: Session, version: Version, stage: str, action: Way = "promote") -> Request | None:
    """Return the open request of a version for a stage, or None."""
    found = session.state.find_request(f"{version.model}@{version.body.version}#{stage}")
    return found if found is not None and found.state == "open" and found.body.action == action else None


def judge(
    session: Session,
    version: Version,
    stage: str,
    *,
    action: Way = "promote",
    online: bool = False,
) -> Judgement:
    """Judge a registered version for a stage under the policy in force.

    Args:
        session: the repository.
        version: the version.
        stage: the stage.
        action: the usual way, or break-glass.
        online: ask the DVC remote where a gate wants that.

    Raises:
        Usage: if the policy does not know the stage.
        Undecided: if the card or history is missing from this clone.
    """
    policy = session.policy
    rules = requirements(policy, version.model, version.body.tier, stage, action)
    champion = session.state.champion(version.model, stage)
    request = open_request(session, version, stage, action)
    # By this clock too: an approval that has ended since the log's last event cannot be used any more.
    now = max(session.state.effective, times.write(session.now()))
    question = facts.Question(version, stage, rules, policy, champion, now)
    question = replace(question, requester=request.requester if request else "")
    if online:
        question = replace(question, pushed=facts.pushed(session, version, rules))
    tally, approval = _approval(session, question, request, action)
    checks = facts.gate_checks(session, question) + approval
    overridden = []
    if action == "break-glass":
        usual = requirements(policy, version.model, version.body.tier, stage)
        overridden = [c for c in facts.gate_checks(session, replace(question, rules=usual)) if not c.verdict.opens]
    name = champion.body.version if champion else None
    model = version.model
    return Judgement(model, version.body.version, stage, rules.digest, name, checks, tally, overridden, action)


def _approval(
    session: Session, question: facts.Question, request: Request | None, action: Way
) -> tuple[Tally | None, list[Check]]:
    """Return the decisions on a request, and the checks on them; without a request nobody has been asked."""
    rules, version = question.rules, question.version
    if request is None:
        return None, [assess.pending_approvals(rules.approvals)]
    found = authors(session, rules, question.policy, version.body.commit, question.champion)
    tally = session.state.tally(request, found.people, at=question.now)
    checks = (
        assess.approval_check(rules.approvals, tally, override=action == "break-glass"),
        assess.request_check(request, session.state.void(request)),
        assess.authors_check(rules.approvals, found),
    )
    return tally, [check for check in checks if check]


def tally(session: Session, request: Request) -> Tally:
    """Count the decisions on a request as they count for promoting now: none by authors, and ends by this clock, too.

    Where this clone does not have the history, who wrote the commits is not known, and nobody's word is left out for
    that; promoting says so.
    """
    state, policy = session.state, session.policy
    rules, stage = state.requirements_of(request, policy), request.body.stage
    version = state.versions.get((request.model, request.body.version or ""))
    now = max(state.effective, times.write(session.now()))
    people: Set[str] = frozenset()
    if rules is not None and version is not None and stage is not None:
        with contextlib.suppress(Undecided):
            champion = state.champion(request.model, stage)
            people = authors(session, rules, policy, version.body.commit, champion).people
    return state.tally(request, people, at=now)


def judge_revision(session: Session, model: str, tree: Tree, stage: str) -> Judgement:
    """Judge a commit that is not registered: its card, made again, and the gates; approvals are pending.

    Args:
        session: the repository.
        model: the model's full name.
        tree: the commit's files.
        stage: the stage.

    Raises:
        Usage: if there is no card, or the policy does not know the stage.
        Refused: if what stands there is no card of this model.
    """
    comparison = cards.check(session.git, tree, model)
    _, card = cards.read_committed(tree, model)
    rules = requirements(session.policy, card.model.name, card.statements.tier, stage)
    champion = history.yardstick(session.state, card.model.name, stage)
    name = champion.body.version if champion else None
    now = max(session.state.effective, times.write(session.now()))
    context = Context(
        card,
        facts.champion_card(session, champion),
        history=gates_base.History(
            now=now, stage=stage, champion=name, formerly=history.served_before(session.state, card.model.name, stage)
        ),
        evaluate=facts.evaluator(rules),
    )
    checks = [card_check(comparison), *assess.gates(rules.gates, context)]
    checks.append(assess.pending_approvals(rules.approvals))
    return Judgement(card.model.name, None, stage, rules.digest, name, checks, None)


def card_check(comparison: cards.Comparison) -> Check:
    """Return whether a commit's card is what the commit makes, as a check."""
    missing, differences = comparison.made.unread, comparison.differences
    verdict, found, fix = Verdict.PASS, "the same bytes", ""
    if missing:
        verdict, found = Verdict.INCONCLUSIVE, f"the bytes of {', '.join(missing)} are not here"
        fix = f"run 'dvc pull {' '.join(missing)}'"
    elif differences:
        verdict, found, fix = Verdict.FAIL, "; ".join(differences[:3]), "run 'dvc repro' and commit the result"
    required = "the committed card can be made again from the commit"
    return Check(gate="card", type="proof", verdict=verdict, required=required, found=found, fix=fix)


def settled(session: Session, rules: Requirements, decisions: Iterable[Decision], found: assess.Authors) -> list[Check]:
    """Check again, long after, that the decisions a promotion rests on were enough.

    Args:
        session: the repository.
        rules: what was required when it was promoted.
        decisions: those that the promotion names.
        found: who wrote the commits.
    """
    counted: dict[str, Decision] = {}
    ignored: list[tuple[Decision, str]] = []
    for decision in decisions:
        if session.state.is_compromised(decision.at):
            ignored.append((decision, "was signed with a key that is reported as compromised"))
        elif decision.person in found.people:
            ignored.append((decision, "wrote a commit that this version brings in"))
        else:
            counted[decision.person] = decision
    roles = {person: {decision.body.role} for person, decision in counted.items()}
    tally = Tally(counted, approvals.shortfall(rules.approvals.quorum, roles), [], ignored)
    override = rules.break_glass is not None
    approval = assess.approval_check(rules.approvals, tally, override=override)
    checks = [approval, assess.authors_check(rules.approvals, found)]
    return [check for check in checks if check]


def require_bytes(made: cards.MadeCard) -> None:
    """Refuse to go on without the bytes that a card speaks of.

    Raises:
        Undecided: names what is missing and how to get it.
    """
    missing = [*made.unread, *([made.card.weights.path] if made.card.weights.path not in made.proven else [])]
    if missing:
        raise Undecided(
            f"the bytes of {', '.join(missing)} are not on this machine",
            why="what nobody here has seen cannot be vouched for",
            fix=f"run 'dvc pull {' '.join(missing)}'",
        )
