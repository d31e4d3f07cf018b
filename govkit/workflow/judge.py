"""Judging a version for a stage with what Git and the log know: shared by ``gate``, ``promote`` and ``verify``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from govkit.core import approvals, assess, times
from govkit.core.card import Card
from govkit.core.errors import Refused, Undecided, Usage
from govkit.core.gates.base import Check, Context, Verdict
from govkit.core.policy import InForce
from govkit.core.policycheck import suggest
from govkit.core.resolve import Requirements
from govkit.core.state import Decision, Promotion, Request, Tally, Version
from govkit.storage.git import describe_commits
from govkit.storage.trees import Tree
from govkit.workflow import cards
from govkit.workflow.session import Session


@dataclass(frozen=True)
class Judgement:
    """How a version stands for a stage.

    Attributes:
        model: the model.
        version: the version, or None for a card that is not registered.
        stage: the stage.
        requirements: digest of what is required.
        champion: the version that serves there now, or None.
        checks: every requirement, decided.
        tally: the decisions, or None where there is no open request.
    """

    model: str
    version: str | None
    stage: str
    requirements: str
    champion: str | None
    checks: list[Check]
    tally: Tally | None

    @property
    def blocking(self) -> list[Check]:
        """The checks that do not open."""
        return [check for check in self.checks if not check.verdict.opens]


def find_version(session: Session, model: str, version: str | None) -> Version:
    """Return a registered version: the one named, else the highest that was registered last.

    Raises:
        Usage: if there is no such version; names those that there are.
    """
    known = {key[1]: found for key, found in session.state.versions.items() if key[0] == model}
    if version is None and known:
        return list(known.values())[-1]
    if version is None or version not in known:
        models = sorted({key[0] for key in session.state.versions})
        what = f"{model} has no version {version}" if known else f"no version of '{model}' is registered"
        listing = f"registered: {', '.join(known)}" if known else f"models with versions: {', '.join(models) or 'none'}"
        hint = "" if known else suggest(model, models)
        raise Usage(what, why=listing + hint, fix=f"register one with 'govkit register {model}@VERSION'")
    return known[version]


def requirements(policy: InForce, model: str, tier: str, stage: str) -> Requirements:
    """Return what a policy requires.

    Raises:
        Usage: if the policy does not know the stage; names those that it knows.
    """
    found = policy.requirements(model, tier, stage)
    if found is None:
        known = ", ".join(policy.policy.stages)
        hint = suggest(stage, policy.policy.stages)
        raise Usage(
            f"the policy in force knows no stage '{stage}'{hint}", why=f"stages: {known}", fix="name one of them"
        )
    return found


def card_of(session: Session, version: Version) -> tuple[bytes, Card]:
    """Return the registered card of a version, from the log, having seen that it is what was registered.

    Raises:
        Refused: if it is no card of this model, or the registration says something else than it.
        Undecided: if it is missing.
    """
    raw, card = _evident_card(session, version)
    body = version.body
    pairs = (
        ("weights", body.weights, card.weights.sha256),
        ("data", body.data, card.data_digest()),
        ("tier", body.tier, card.statements.tier),
    )
    wrong = [f"registered {what} {said}, the card says {own}" for what, said, own in pairs if said != own]
    if wrong:
        raise Refused(
            f"the registration of {version.model}@{body.version} does not fit its card",
            why="; ".join(wrong),
            fix="find out who registered it, and register a new version",
        )
    return raw, card


def _evident_card(session: Session, version: Version) -> tuple[bytes, Card]:
    raw = session.log.evidence(session.git, version.at.index, "card.json", version.body.card)
    return raw, cards.parse_card(raw, version.model, f"the card of {version.model}@{version.body.version}")


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
    since = champion.body.commit.partition(":")[2] if champion else None
    commits = session.git.commits_since(commit.partition(":")[2], since)
    return assess.authors(rules.approvals, policy, list(describe_commits(commits)))


def open_request(session: Session, version: Version, stage: str) -> Request | None:
    """Return the open request of a version for a stage, or None."""
    found = session.state.find_request(f"{version.model}@{version.body.version}#{stage}")
    return found if found is not None and found.state == "open" else None


def judge(session: Session, version: Version, stage: str) -> Judgement:
    """Judge a registered version for a stage under the policy in force.

    Raises:
        Usage: if the policy does not know the stage.
        Undecided: if the card or history is missing from this clone.
    """
    policy = session.policy
    rules = requirements(policy, version.model, version.body.tier, stage)
    champion = session.state.champion(version.model, stage)
    checks = gate_checks(session, version, rules, champion)
    request = open_request(session, version, stage)
    tally = None
    if request is None:
        checks.append(assess.pending_approvals(rules.approvals))
    else:
        found = authors(session, rules, policy, version.body.commit, champion)
        # By this clock too: an approval that has ended since the log's last event cannot be used any more.
        now = max(session.state.effective, times.write(session.now()))
        tally = session.state.tally(request, found.people, at=now)
        checks.append(assess.approval_check(rules.approvals, tally))
        more = (
            assess.request_check(request, session.state.void(request)),
            assess.authors_check(rules.approvals, found),
        )
        checks += [check for check in more if check]
    name = champion.body.version if champion else None
    return Judgement(version.model, version.body.version, stage, rules.digest, name, checks, tally)


def judge_revision(session: Session, model: str, tree: Tree, stage: str) -> Judgement:
    """Judge a commit that is not registered: its card, made again, and the gates; approvals are pending.

    Raises:
        Usage: if there is no card, or the policy does not know the stage.
        Refused: if what stands there is no card of this model.
    """
    comparison = cards.check(session.git, tree, model)
    _, card = cards.read_committed(tree, model)
    rules = requirements(session.policy, card.model.name, card.statements.tier, stage)
    champion = session.state.champion(card.model.name, stage)
    checks = [card_check(comparison), *assess.gates(rules.gates, Context(card, champion_card(session, champion)))]
    checks.append(assess.pending_approvals(rules.approvals))
    name = champion.body.version if champion else None
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


def gate_checks(session: Session, version: Version, rules: Requirements, champion: Promotion | None) -> list[Check]:
    """Decide the gates for a version against a champion."""
    return assess.gates(rules.gates, Context(card_of(session, version)[1], champion_card(session, champion)))


def champion_card(session: Session, champion: Promotion | None) -> Card | None:
    """Return the card of the version that serves, or None; whether that is in order is not asked of its successor."""
    if champion is None:
        return None
    return _evident_card(session, session.state.versions[champion.model, champion.body.version])[1]


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
    checks = [assess.approval_check(rules.approvals, tally), assess.authors_check(rules.approvals, found)]
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
