"""What the gates look at, gathered from the log, Git and DVC; and the gates, decided on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from govkit.core import assess, history, limits
from govkit.core.card import Card
from govkit.core.entities import Promotion, Version
from govkit.core.errors import Refused
from govkit.core.events import Digests
from govkit.core.followups import Waiver
from govkit.core.gates.base import Check, Context, Evaluator, SignedCommit
from govkit.core.policy import InForce
from govkit.core.resolve import Requirements
from govkit.storage import dvcbytes, dvcremotes
from govkit.storage.gitobjects import describe_commits
from govkit.storage.trees import CommitTree, WorkTree
from govkit.workflow import cards
from govkit.workflow.session import Session

Pushed = Mapping[str, bool] | Literal["attested"]
#: Where DVC's settings lie, as Git's pathspecs. A folder is never listed by itself, a link or submodule is.
_SETTINGS = (":(glob)**/.dvc", ":(glob)**/.dvc/config", ":(glob)**/.dvc/config.local")


class Question(Struct, frozen=True):
    """What is judged, and as of when.

    Attributes:
        version: the version.
        stage: the stage.
        rules: what is required.
        policy: the policy by whose people signatures on commits count.
        champion: the promotion that serves in the stage then, or None.
        now: the instant.
        before: only events before this place in the log count; None for all.
        requester: who asked; a waiver of theirs does not count.
        pushed: what is known of the DVC remote, or None.
    """

    version: Version
    stage: str
    rules: Requirements
    policy: InForce
    champion: Promotion | None
    now: str
    before: int | None = None
    requester: str = ""
    pushed: Pushed | None = None


def bound(version: Version, rules: Requirements, champion: Promotion | None) -> Digests:
    """Return what a request or a waiver for a version binds."""
    return Digests(
        card=version.body.card,
        weights=version.body.weights,
        data=version.body.data,
        requirements=rules.digest,
        champion=champion.at.id if champion else None,
    )


def gate_checks(session: Session, question: Question) -> list[Check]:
    """Decide the gates for a version, with the waivers that were granted for exactly that."""
    context = _context(session, question)
    return assess.gates(question.rules.gates, context, waivers=waivers(session, question))


def waivers(session: Session, question: Question) -> dict[str, Waiver]:
    """Return the waivers that count, by gate: for exactly these digests, in force, and not by who asked."""
    version, rules, champion = question.version, question.rules, question.champion
    return history.waived(
        session.state,
        version,
        question.stage,
        bound(version, rules, champion),
        at=question.now,
        before=question.before,
        without=question.requester,
    )


def _context(session: Session, question: Question) -> Context:
    """Gather what the gates may look at; what costs something only where one of them asks for it."""
    version = question.version
    champion = history.yardstick(session.state, version.model, question.stage, before=question.before)
    name = champion.body.version if champion else None
    asked = {need for gate in question.rules.gates.values() for need in gate.asks()}
    return Context(
        card_of(session, version)[1],
        champion_card(session, champion),
        history=history.of(session.state, version, question.stage, question.now, name, question.before),
        commits=_signed_commits(session, question) if "commits" in asked else None,
        pushed=question.pushed,
        evaluate=evaluator(question.rules),
    )


def _signed_commits(session: Session, question: Question) -> list[SignedCommit]:
    """Return the commits that a version brings in, each with the person whose signature on it is good.

    Raises:
        Undecided: if this clone does not have the history.
    """
    since = commit_before(session, question.champion, question.version.body.commit)
    commits = describe_commits(session.git.commits_since(question.version.body.commit.partition(":")[2], since))
    sound = question.version.at.index
    return [
        SignedCommit(
            commit.id,
            question.policy.owner(commit.signer)
            if commit.signer and not session.state.is_stolen(commit.signer, sound)
            else None,
        )
        for commit in commits
    ]


def commit_before(session: Session, champion: Promotion | None, commit: str) -> str | None:
    """Return the commit, in hex, since which the commits of a version count; None for all history.

    That is the champion's; of an override, or of the same version asked for again, that of what was let in before.

    Args:
        session: the repository.
        champion: what serves when the version is asked for, or None.
        commit: the version's own commit, ``git-sha1:…``.
    """
    if champion is None:
        return None
    end = champion.at.index + 1
    base = history.yardstick(session.state, champion.model, champion.body.stage, before=end, other_than=commit)
    return base.body.commit.partition(":")[2] if base else None


def evaluator(rules: Requirements) -> Evaluator | None:
    """Return what evaluates expressions, where a gate has one: the engine takes a third of a second to start."""
    if not any("evaluate" in gate.asks() for gate in rules.gates.values()):
        return None
    from govkit.storage import expressions

    return expressions.evaluate


def pushed(session: Session, version: Version, rules: Requirements) -> dict[str, bool] | None:
    """Ask the DVC remote for the bytes of a version, where a gate wants to know."""
    if not any("pushed" in gate.asks() for gate in rules.gates.values()):
        return None
    card = card_of(session, version)[1]
    check_settings(session, version.body.commit.partition(":")[2])
    return dvcremotes.pushed(session.git.root, [card.weights, *card.lineage.data])


def champion_card(session: Session, champion: Promotion | None) -> Card | None:
    """Return the card of the version that serves, or None; whether that is in order is not asked of its successor."""
    if champion is None:
        return None
    return _evident_card(session, session.state.versions[champion.model, champion.body.version])[1]


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


def check_settings(session: Session, commit: str) -> None:
    """Refuse DVC settings of the commit or of the working tree's Git files that could make DVC run something.

    Raises:
        Refused: names file and setting.
    """
    for path in session.git.run("ls-files", "-z", "--", *_SETTINGS).decode("utf-8", "surrogateescape").split("\0")[:-1]:
        if path.rpartition("/")[2] == ".dvc" or (session.git.root / path).is_symlink():
            raise Refused(
                f"{path} is a symbolic link or a submodule",
                why="whoever can push can make one, and it leads DVC to settings that are not looked at here",
                fix="put the folder .dvc and its config there as they are",
            )
    for tree in (CommitTree(session.git, commit), WorkTree(session.git)):
        for path in tree.paths():
            if path.rpartition("/")[0].endswith(".dvc") and path.rpartition("/")[2] in ("config", "config.local"):
                dvcbytes.refuse_active_settings(
                    path, (tree.read(path, limit=limits.CONFIG) or b"").decode("utf-8", "replace")
                )
