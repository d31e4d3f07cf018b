"""Making the model inventory of many repositories; see :mod:`govkit.core.inventory`.

Each repository is read on its own, in processes that share the work. Whatever is wrong with one is a row of the
inventory: nothing is left out, and nothing stops the others.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from govkit.core import times
from govkit.core.entities import Promotion, Version
from govkit.core.errors import GovkitError, Malformed, Refused, Undecided, Usage
from govkit.core.inventory import (
    SCHEMA,
    Inventory,
    InventoryModel,
    InventoryRepository,
    InventoryStage,
    LogState,
)
from govkit.storage import clones, pins, workers
from govkit.storage.trees import CommitTree, project_of
from govkit.workflow import facts, query, register, retrospect, sync, verifylog
from govkit.workflow.plans import Options
from govkit.workflow.query import FindingRow, Serving
from govkit.workflow.session import Session

Watch = Callable[[str, int, int], None]
#: A list of repositories is not longer than this.
MOST = 10_000


def listed(text: str, folder: Path) -> list[str]:
    """Return the repositories that a list names, one a line; blank lines and those with ``#`` in front are left out.

    Args:
        text: the list.
        folder: where it lies: relative paths in it are meant from there.

    Raises:
        Usage: if it names none, or far too many.
    """
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found or len(found) > MOST:
        why = f"it has {len(found):,} lines" if found else "it has no line that names one"
        raise Usage("this is no list of repositories", why=why, fix=f"write a path or URL a line, at most {MOST:,}")
    return [line if _is_url(line) else str(folder / line) for line in found]


def _is_url(name: str) -> bool:
    """Tell whether a repository is named by a URL: what lies on this machine as a folder is not."""
    return clones.is_address(name) and not name.startswith(("/", "-")) and not Path(name).is_dir()


def take(names: Sequence[str], options: Options, *, fetch: bool = True, watch: Watch | None = None) -> Inventory:
    """Return the inventory of repositories.

    Args:
        names: their paths and URLs; one that is named twice counts once. Of a URL, a copy of the user's own is kept.
        options: what the command was told; its ``repo`` is not used.
        fetch: whether copies of URLs are brought up to date first.
        watch: called with what is done, how many repositories are done, and of how many.

    Raises:
        Usage: if one root of trust was given for more than one repository.
    """
    wanted = list(dict.fromkeys(names))
    reader = _Reader(options, fetch)
    reader.check_root(len(wanted))
    found: list[InventoryRepository] = []
    for one in workers.spread(reader.read, wanted):
        found.append(one)
        if watch is not None:
            watch("repositories", len(found), len(wanted))
    return Inventory(schema=SCHEMA, made=reader.made, repositories=list(_told_apart(found)))


def _told_apart(found: Sequence[InventoryRepository]) -> Iterator[InventoryRepository]:
    """Say of which repositories the log is the same: their models are counted twice, or one stands in for another."""
    first: dict[str, str] = {}
    for one in found:
        same = first.setdefault(one.root, one.repository) if one.root else one.repository
        if same == one.repository:
            yield one
        else:
            yield msgspec.structs.replace(one, notes=[*one.notes, f"it has the same log as {same}"])


class _Reader:
    """Reads repositories, all as of one instant.

    Args:
        options: what the command was told.
        fetch: whether copies of URLs are brought up to date first.
    """

    def __init__(self, options: Options, fetch: bool) -> None:
        now = options.clock()
        self.options = replace(options, clock=lambda: now)
        self.fetch = fetch
        self.made = times.write(now)

    def check_root(self, count: int) -> None:
        """Refuse one root of trust for several repositories: it would make all but one of them look rewritten."""
        if count > 1 and pins.pinned_root(self.options.root, os.environ) is not None:
            raise Usage(
                f"one root of trust cannot be that of {count} repositories",
                why=f"it was given with --root or {pins.ROOT_VARIABLE}",
                fix="leave it out, and pin each repository: govkit trust --repo DIR",
            )

    def read(self, name: str) -> InventoryRepository:
        """Return what is known of a repository, or why nothing is."""
        if multiprocessing.parent_process() is not None:
            # Several that ask for passwords at one terminal would be a muddle; Git's helpers answer unseen.
            os.environ["GIT_TERMINAL_PROMPT"] = "0"
        try:
            return self._read(name)
        except Refused as error:
            return _nothing(name, "disproven", error)
        except Undecided as error:
            return _nothing(name, "undecided", error)
        except GovkitError as error:
            return _nothing(name, "unreadable", error)
        except Malformed as error:
            return _nothing(name, "undecided", Undecided("something in it is not what it should be", why=str(error)))
        except OSError as error:
            fix = "check the disk and its permissions"
            return _nothing(name, "unreadable", Usage("a file could not be read or written", why=str(error), fix=fix))
        except Exception as error:
            # A fault of govkit's own must not leave a repository out, nor stop the others.
            why = f"{type(error).__name__}: {error}"
            return _nothing(name, "undecided", Undecided("something went wrong inside govkit", why=why))

    def _read(self, name: str) -> InventoryRepository:
        problems: list[GovkitError] = []
        session = self._open(name, problems)
        try:
            return _repository(name, session, problems)
        finally:
            session.git.close()

    def _open(self, name: str, problems: list[GovkitError]) -> Session:
        """Open a repository; what is wrong with its remote is put with the problems, and its copy is still read."""
        if not _is_url(name):
            return Session(replace(self.options, repo=Path(name)))
        folder = clones.place(os.environ, clones.check_address(name))
        if not folder.is_dir():
            clones.clone(name, folder)
            return Session(replace(self.options, repo=folder))
        session = Session(replace(self.options, repo=folder))
        if self.fetch:
            try:
                sync.bring(session)
            except (Refused, Undecided) as error:
                what = f"this is as it was fetched before: {error.what.partition(';')[0]}"
                problems.append(type(error)(what, why=error.why, fix=error.fix))
                session.reload()
        return session


def _nothing(name: str, state: LogState, error: GovkitError) -> InventoryRepository:
    return InventoryRepository(repository=name, state=state, reasons=[str(error)], fix=error.fix)


def _repository(name: str, session: Session, problems: list[GovkitError]) -> InventoryRepository:
    try:
        log, _ = session.log, session.policy
    except Usage as error:
        declared = list(_declared(session, set()))
        return msgspec.structs.replace(_nothing(name, "unreadable", error), models=declared)
    pinned = session.pins.accepts(log.root_of_trust)
    try:
        session.check_trust()
    except Refused as error:
        return msgspec.structs.replace(
            _nothing(name, "disproven", error), root=log.root_of_trust, remote=session.state.remote
        )
    except Undecided as error:
        problems.append(error)
    checked = (verifylog.verify_log if pinned else verifylog.examine)(session)
    known = {version.model for version in session.state.versions.values()}
    return InventoryRepository(
        repository=name,
        state=_state(problems, checked.exit_code, pinned=pinned),
        reasons=[*(str(one) for one in problems), *checked.problems, *checked.undecided],
        fix=problems[0].fix if problems else "look with: govkit log verify" if checked.exit_code else "",
        notes=[*checked.notes, *_elsewhere(name, session.state.remote)],
        remote=session.state.remote,
        root=log.root_of_trust,
        head=session.log.head,
        models=sorted([*_models(session), *_declared(session, known)], key=lambda model: model.model),
    )


def _elsewhere(name: str, remote: str) -> list[str]:
    """Say that a URL gave the log of another repository: one that is pinned could stand in for one that is not."""
    same = name.rstrip("/").removesuffix(".git") == remote.rstrip("/").removesuffix(".git")
    return [] if same or not remote or not _is_url(name) else [f"its log says that it is of {remote}"]


def _state(problems: Sequence[GovkitError], code: int, *, pinned: bool) -> LogState:
    if code == 1 or any(problem.exit_code == 1 for problem in problems):
        return "disproven"
    if not pinned:
        return "not pinned"
    return "undecided" if problems or code else "verified"


def _declared(session: Session, known: set[str]) -> Iterator[InventoryModel]:
    """Yield the models that the branches declare and nobody registered: they are in use without anybody's yes."""
    found: set[str] = set()
    for commit in _heads(session):
        try:
            found |= set(project_of(CommitTree(session.git, commit)).artifacts)
        except (GovkitError, Malformed):
            continue  # a branch without a pipeline declares none
    for model in sorted(found - known):
        yield InventoryModel(model=model, versions=0, note="declared in dvc.yaml, and no version is registered")


def _heads(session: Session) -> list[str]:
    """Return the heads of the branches that the policy names, or else that of the current one."""
    try:
        named = register.branch_heads(session.git, session.policy.policy.branches)
    except GovkitError:
        named = []
    head = session.git.resolve("HEAD") if not named else None
    return list(dict.fromkeys([*named, *([head] if head else [])]))


def _models(session: Session) -> Iterator[InventoryModel]:
    """Yield the models that the log knows."""
    state, findings = session.state, query.findings(session)
    newest = {version.model: version for version in state.versions.values()}
    serving: dict[str, list[Serving]] = {}
    for row in query.show(session):
        serving.setdefault(row.model, []).append(row)
    for model, version in newest.items():
        mine = [one for one in findings if one.model == model and one.state != "closed"]
        owner, problem = _owner(session, version)
        yield InventoryModel(
            model=model,
            versions=sum(name == model for name, _ in state.versions),
            newest=version.body.version,
            registered=version.at.effective,
            owner=owner,
            tier=version.body.tier,
            stages=[_stage(session, row) for row in serving.get(model, []) if row.kind != "registered"],
            waiting=sum(one.model == model for one in state.open_requests()),
            findings=len(mine),
            overdue=_overdue(mine),
            note=problem,
        )


def _overdue(findings: Sequence[FindingRow]) -> int:
    return sum(one.state == "overdue" for one in findings)


def _stage(session: Session, row: Serving) -> InventoryStage:
    last = session.state.stages[row.model, row.stage][-1]
    about: dict[str, Any] = {"stage": row.stage, "since": row.since, "by": row.by, "warning": row.warning}
    if not isinstance(last, Promotion):
        return InventoryStage(version=None, kind="cleared", **about)
    version = session.state.versions[row.model, last.body.version]
    owner, problem = _owner(session, version)
    if problem:
        about["warning"] = "; ".join(text for text in (row.warning, problem) if text)
    # What broke the glass was agreed to, and is not what the stage asks for: it is not told as an approval.
    asked = [] if last.override else retrospect.decisions(session.state, session.state.original(last))
    usual = [one for one in asked if one.body.decision == "approve"]
    return InventoryStage(
        version=last.body.version,
        kind=last.body.kind,
        owner=owner,
        tier=version.body.tier,
        approved=max((one.at.effective for one in usual), default=None),
        approved_by=sorted({one.person for one in usual}),
        review_by=last.body.review_by,
        expires=last.body.expires,
        **about,
    )


def _owner(session: Session, version: Version) -> tuple[str, str]:
    """Return who owns a version's model by its card, and what is wrong with the card, each maybe empty."""
    try:
        return facts.card_of(session, version)[1].statement("owner"), ""
    except GovkitError as error:
        return "", str(error)
