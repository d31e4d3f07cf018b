"""Running a version's DVC stages again, at its own commit in a clean clone, and writing down what came of it.

It is what finds a ``dvc.lock`` that ``dvc commit -f`` made up: files that agree with each other can only be told from
files that were made by making them again. The registration is proven first, so that what is run is what was registered.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field

from govkit.core import digests, limits, records, tolerances
from govkit.core import reproduction as results
from govkit.core.card import Card, DvcStage
from govkit.core.entities import Version
from govkit.core.errors import Refused, Undecided
from govkit.core.events import ReproductionRecorded
from govkit.core.lineage import Project
from govkit.core.names import folder_of
from govkit.core.reproduction import Reproduction, Sums
from govkit.core.tolerances import Tolerance
from govkit.storage.trees import CommitTree, project_of
from govkit.workflow import cards, facts, faults, judge, register, rerun
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session

EVENT = "reproduction.recorded"
EVIDENCE = "reproduction.json"
#: So many outputs go into the event; the report, which is its evidence, names them all.
_MANY = 500


class Wish(Struct, frozen=True):
    """What somebody wants.

    Attributes:
        model: the model's full name.
        version: the version; None for the one registered last.
        only: the DVC stages to run again; all if empty.
        tolerance: how far numbers may be apart; see :func:`govkit.core.tolerances.tolerance`.
        passed_on: names of further variables that the commands need.
        keep: a folder in which everything shall stay, or None.
        is_recorded: whether the outcome is signed and written to the log.
    """

    model: str
    version: str | None = None
    only: Sequence[str] = ()
    tolerance: Sequence[str] = ()
    passed_on: Sequence[str] = ()
    keep: Path | None = None
    is_recorded: bool = True


class Prepared(Struct, frozen=True):
    """A version whose registration is proven, and what is to be run.

    Attributes:
        version: the version.
        card: its registered card.
        tree: its commit's files.
        project: its commit's DVC files.
        stages: the DVC stages to run again, in order.
        needs: what they read that none of them writes and Git does not have.
        tolerance: how far numbers may be apart.
        notes: what whoever runs it should know.
    """

    version: Version
    card: Card
    tree: CommitTree
    project: Project
    stages: list[DvcStage]
    needs: list[rerun.Need]
    tolerance: Tolerance
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The version as people write it."""
        return f"{self.version.model}@{self.version.body.version}"

    @property
    def commit(self) -> str:
        """Its commit, in hex."""
        return self.version.body.commit.partition(":")[2]


def reproduce(
    session: Session,
    wish: Wish,
    *,
    announce: Callable[[Prepared], None] = lambda _: None,
    watch: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[Prepared, Reproduction | None]:
    """Run a version's DVC stages again, and compare what they write with what was registered.

    Nothing is signed: that is :func:`record`.

    Args:
        session: the repository.
        wish: what is wanted.
        announce: called before anything of the repository's is run; may raise, and then nothing is.
        watch: called with what is done, how many steps are done, and of how many; with as many as there are when
            nothing is done for a while.

    Returns:
        What was run, and what came of it; None in a dry run, in which nothing is run.

    Raises:
        Usage: if there is no such version, DVC stage or number, or the folder is in use.
        Refused: if the registration is not proven, or this person may not record a reproduction.
        Undecided: if the run cannot finish, or gives something else each time.
    """
    watch("proving the registration", 0, 1)
    prepared = prepare(session, wish)
    watch("", 1, 1)
    announce(prepared)
    if session.options.dry_run:
        return prepared, None
    try:
        return prepared, _report(session, prepared, wish, watch)
    except OSError as error:
        why = f"{error.filename or 'a file'}: {error.strerror or error}"
        raise Undecided("the run cannot finish", why=why, fix="check disk space and permissions") from error


def record(session: Session, prepared: Prepared, report: Reproduction) -> Written:
    """Sign what came of a run, and append it to the log, with the report as evidence.

    Raises:
        Usage, Refused, Undecided: see :meth:`govkit.workflow.session.Session.write`.
    """
    return session.write(lambda: _plan(prepared, report))


# -- before anything is run ----------------------------------------------------------------------------------------


def prepare(session: Session, wish: Wish) -> Prepared:
    """Prove the registration of a version, and say what is to be run.

    Raises:
        Usage: if there is no such version, DVC stage or number.
        Refused: if the registration is not proven, or this person may not record a reproduction.
        Undecided: if no DVC stage makes the version, or one cannot be run.
    """
    session.check_trust()
    session.check_history()
    version = judge.find_version(session, wish.model, wish.version)
    if wish.is_recorded and not session.options.dry_run:
        _check_recorder(session, version)
    card, tree = _proven(session, version)
    project = project_of(tree)
    stages = results.choose(card.lineage.stages, wish.only)
    if not stages:
        raise Undecided(
            f"no DVC stage makes {version.model}@{version.body.version}",
            why="its weights were added as they are, so there is nothing to run again",
            fix="make them an output of a DVC stage",
        )
    rerun.check_runnable(tree, stages)
    needs = rerun.needs(tree, project, card, stages)
    allowed = tolerances.tolerance(wish.tolerance, card)
    return Prepared(version, card, tree, project, stages, needs, allowed, _notes(session, version, card, wish))


def _check_recorder(session: Session, version: Version) -> None:
    """Make sure, before hours of work, that this person may record a reproduction of the version.

    Raises:
        Refused: if the policy in force does not let them, or the version is revoked.
        Usage, Undecided: see :meth:`govkit.workflow.session.Session.ready`.
    """
    session.ready()
    judge.refuse_revoked(session, version.model, version.body.version)
    roles = session.policy.policy.records.get(EVENT, [])
    if not session.policy.may(session.actor, roles, version.model, version.body.tier):
        raise Refused(
            f"{session.actor} may not record a reproduction of {version.model}",
            why=f"the policy in force lets only {' or '.join(roles)}" if roles else "the policy in force lets nobody",
            fix=f"run it with --no-record; or name a role in the policy, under 'records: {{{EVENT}: [ROLE]}}'",
        )


def _proven(session: Session, version: Version) -> tuple[Card, CommitTree]:
    """Return the registered card and the commit, having seen that log, tag, commit and card belong together."""
    name, body = f"{version.model}@{version.body.version}", version.body
    if session.state.is_compromised(version.at):
        raise Refused(f"the registration of {name} is not proven", why="its key is reported as compromised")
    _check_branch(session, version)
    for fault in faults.tag_faults(session):
        if fault.recorded and fault.name == body.tag.name:
            why = f"'{fault.name}': {fault.problem}"
            fix = "bring it back: govkit doctor --fix; find out who moved it"
            raise Refused(f"the registration of {name} is not proven", why=why, fix=fix)
    _, card = facts.card_of(session, version)
    tree = CommitTree(session.git, body.commit.partition(":")[2])
    committed, _ = cards.read_committed(tree, version.model)
    if digests.sha256(committed) != body.card:
        raise Refused(f"the registration of {name} is not proven", why="the commit's card is not the registered one")
    comparison = cards.check(session.git, tree, version.model)
    if comparison.differences and not comparison.made.unread:
        why = "its card is not what the commit makes: " + "; ".join(comparison.differences[:3])
        raise Refused(f"the registration of {name} is not proven", why=why, fix="find out who edited it")
    return card, tree


def _check_branch(session: Session, version: Version) -> None:
    """Refuse a commit that is on none of the branches from which the policy of that day let versions be registered."""
    policy, git = session.state.policy_at(version.at.index), session.git
    branches = policy.policy.branches if policy else []
    heads, commit = register.branch_heads(git, branches), version.body.commit.partition(":")[2]
    if not git.missing_history() and not any(git.is_ancestor(commit, head) for head in heads):
        raise Refused(
            f"the registration of {version.model}@{version.body.version} is not proven",
            why=f"commit {commit[:10]} is on none of the branches {', '.join(branches)}, as far as they are here",
            fix="git fetch --all; if that is all there is, find out who rewrote them",
        )


def _notes(session: Session, version: Version, card: Card, wish: Wish) -> list[str]:
    """Return what whoever runs it should know."""
    found = []
    registrar = version.at.event.actor if version.at.event else ""
    if wish.is_recorded and not session.options.dry_run and session.actor == registrar:
        found.append("you registered this version, so a gate 'reproduced' does not count your run")
    if (version.model, version.body.version) in session.state.revoked:
        found.append("this version is revoked")
    return found + [f"the card says: {problem}" for problem in card.lineage.problems[:3]]


# -- the run -------------------------------------------------------------------------------------------------------


def _report(session: Session, prepared: Prepared, wish: Wish, watch: Callable[[str, int, int], None]) -> Reproduction:
    """Run the DVC stages, once or, where something differs, twice, and compare."""
    weights, stages = prepared.card.weights.path, prepared.stages
    known = _registered(prepared)
    was = tolerances.numbers(prepared.card.metrics, prepared.card.fairness)
    with rerun.Run(session, prepared.commit, folder_of(prepared.version.model)[0], wish, watch) as run:
        run.bring(prepared.needs)
        made = run.once(stages, weights)
        files = results.compare_files(stages, weights, known, made)
        _refuse_unknown(files)
        numbers = tolerances.read_numbers(prepared.card, run.reports(prepared.card, files))
        changed = {file.path for file in files if file.verdict != "identical"}
        near = tolerances.compare_numbers(was, numbers, changed, prepared.tolerance)
        verdict, begins, runs = results.verdict(files, near, prepared.tolerance), results.begins(stages, files), 1
        if verdict == "different":
            again = _again(prepared, begins)
            second = run.once(again, weights)
            numbers = tolerances.read_numbers(prepared.card, run.reports(prepared.card, files))
            files, is_stable = results.repeats(files, second, near, numbers, prepared.tolerance)
            _refuse_unsteady(files, is_stable)
            runs = 2
    ran = [results.label(stage) for stage in stages]
    return Reproduction(
        schema=results.SCHEMA,
        model=prepared.version.model,
        version=prepared.version.body.version,
        commit=prepared.version.body.commit,
        card=prepared.version.body.card,
        stages=ran,
        left=[name for name in map(results.label, prepared.card.lineage.stages) if name not in ran],
        files=files,
        numbers=near,
        begins=[results.label(stage) for stage in begins],
        tolerance=list(prepared.tolerance.said),
        runs=runs,
        environment=_environment(),
        verdict=verdict,
    )


def _registered(prepared: Prepared) -> dict[str, Sums]:
    """Return what was registered of outputs: by the card, else by the commit's own files, else by its ``dvc.lock``."""
    locked = {out.path: out.md5 for stage in prepared.project.stages for out in stage.outs}
    found = results.recorded(prepared.card, locked)
    for path in {path for stage in prepared.stages for path in stage.outs}:
        content = None if path in found and found[path].sha256 else prepared.tree.read(path, limit=limits.CODE)
        if content is not None:
            found[path] = Sums(digests.sha256(content))
    return found


def _again(prepared: Prepared, begins: list[DvcStage]) -> list[DvcStage]:
    """Return what a second run needs: where the differences begin, and what follows where numbers are to tell."""
    if not begins:
        return prepared.stages
    return results.downstream(begins, prepared.stages) if prepared.tolerance.said else begins


def _refuse_unknown(files: Sequence[results.FileResult]) -> None:
    unknown = [file.path for file in files if file.verdict == "unknown"]
    if unknown:
        raise Undecided(
            f"there is nothing to compare {unknown[0]} with",
            why="neither the registered card nor dvc.lock has a digest of it",
            fix="let 'dvc repro' write it down, and register that",
        )


def _refuse_unsteady(files: Sequence[results.FileResult], is_stable: bool) -> None:
    """Refuse to call something different that comes out differently each time."""
    if is_stable:
        return
    moving = [file.path for file in files if file.repeated is False]
    names = " and ".join(dict.fromkeys(f"'{file.stage}'" for file in files if file.path in moving))
    raise Undecided(
        f"DVC stage {names} gives something else each time",
        why=f"two runs here differ from each other, and from what was registered: {', '.join(moving[:5])}",
        fix="fix its seeds and threads in a new version; or name what may differ: --tolerance 0.01 or NAME=0.01",
    )


def _environment() -> dict[str, str]:
    from importlib.metadata import version

    return {
        "dvc": version("dvc"),
        "python": ".".join(map(str, sys.version_info[:3])),
        "system": platform.system(),
        "machine": platform.machine(),
    }


# -- the record ----------------------------------------------------------------------------------------------------


def _plan(prepared: Prepared, report: Reproduction) -> Plan:
    made = {file.path: file.made for file in report.files if file.made is not None}
    weights = prepared.card.weights.path
    first = sorted(made, key=lambda path: (path != weights, path))[:_MANY]
    body = ReproductionRecorded(
        version=report.version,
        commit=report.commit,
        outputs={path: made[path] for path in first},
        verdict=report.verdict,
        stages=report.stages[:_MANY],
    )
    summary = [
        f"record: {prepared.name} was run again, and it came out {report.verdict}",
        f"DVC stages: {', '.join(report.stages)}",
        *(f"{file.path} of {file.stage}: {file.verdict}" for file in report.files if file.verdict != "identical"),
        *([f"allowed: {', '.join(report.tolerance)}"] if report.tolerance else []),
        f"commit {prepared.commit}",
    ]
    return Plan(EVENT, report.model, body, {EVIDENCE: records.to_json(report)}, summary=summary)
