"""Looking how far a repository is on the ladder; see :mod:`govkit.core.ladder`, which decides."""

from __future__ import annotations

import re

from govkit.core import limits
from govkit.core.card import Card
from govkit.core.entities import Promotion
from govkit.core.errors import GovkitError, Malformed
from govkit.core.ladder import Ladder, Seen, climb
from govkit.core.state import State
from govkit.storage.trees import CommitTree, Tree, WorkTree, project_of
from govkit.workflow import cards, checkpoints, mirror, verify, verifylog
from govkit.workflow.session import Session

#: Where CI servers look for what to run.
_CI = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.gitlab/.+\.yml|\.circleci/config\.yml|\.ci/[^/]+"
    r"|azure-pipelines\.yml|bitbucket-pipelines\.yml|Jenkinsfile|\.buildkite/[^/]+\.ya?ml|\.drone\.yml"
)
#: What a file says that runs gates: the command, or an action of govkit's.
_RUNS = re.compile(rb"govkit(?:\.cli\.main)?\s+(?:ci|gate|promote|verify)\b|uses:\s*\S*govkit")
#: Seconds for all mirrors together.
_TIMEOUT = 10.0


def look(session: Session) -> Ladder:
    """Return how far the repository is. Nothing is written, but that a head of the log was seen that is in order.

    Raises:
        Usage: if there is no Git repository.
    """
    tree = _tree(session)
    models = {model: _card(tree, model) for model in _models(tree)} if tree else {}
    ci = [path for path in tree.paths() if _CI.fullmatch(path) and _runs_gates(tree, path)] if tree else []
    try:
        state = session.state if session.policy else None
    except GovkitError:
        state = None
    if state is None:
        return climb(Seen(models, ci))
    return climb(
        Seen(
            cards=models,
            ci=ci,
            state=state,
            trust=_trust(session),
            faults=_faults(session),
            unproven=_unproven(session, state),
            behind=_behind(session),
            stale=checkpoints.stale(session),
        )
    )


def _tree(session: Session) -> Tree | None:
    """Return the files to look at: the working tree's, or in a bare repository those of its branch."""
    if not session.git.is_bare:
        return WorkTree(session.git)
    head = session.git.resolve("HEAD")
    return CommitTree(session.git, head) if head else None


def _models(tree: Tree) -> list[str]:
    try:
        return sorted(project_of(tree).artifacts)
    except (GovkitError, Malformed):
        return []


def _card(tree: Tree, model: str) -> Card | None:
    try:
        raw = tree.read(cards.path_of(model), limit=limits.CARD)
        return cards.parse_card(raw, model, f"the card of {model}") if raw is not None else None
    except (GovkitError, Malformed):
        return None


def _runs_gates(tree: Tree, path: str) -> bool:
    try:
        return _RUNS.search(tree.read(path, limit=limits.HAND_WRITTEN) or b"") is not None
    except (GovkitError, OSError):
        return False


def _trust(session: Session) -> str:
    try:
        session.check_trust()
    except GovkitError as error:
        return str(error)
    return ""


def _faults(session: Session) -> list[str]:
    try:
        found = verifylog.examine(session)
    except GovkitError as error:
        return [str(error)]
    return [*found.problems, *found.undecided]


def _unproven(session: Session, state: State) -> list[str]:
    """Return which stages do not serve what is proven to be let in the usual way."""
    found = []
    for (model, stage), entries in sorted(state.stages.items()):
        last = entries[-1]
        if not isinstance(last, Promotion):
            continue
        try:
            verdict = verify.verify(session, model, stage)
        except GovkitError as error:
            found.append(f"{model} in {stage}: {error}")
            continue
        if verdict.exit_code or last.override:
            found.append(f"{model} in {stage}: {'let in by break-glass' if last.override else verdict.verdict}")
    return found


def _behind(session: Session) -> list[str]:
    try:
        standing = mirror.status(session, _TIMEOUT)
    except GovkitError as error:
        return [str(error)]
    return [f"{one.url}: {one.problem or one.standing}" for one in standing if one.exit_code]
