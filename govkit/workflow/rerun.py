"""One run of a version's DVC stages: what they need is brought into a clean clone, and what they write is digested."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from govkit.core import limits, tolerances, yamltext
from govkit.core import reproduction as results
from govkit.core.card import Card, DvcStage
from govkit.core.errors import GovkitError, Malformed, Refused, Undecided
from govkit.core.lineage import LockItem, Project
from govkit.core.paths import PathSet
from govkit.core.reproduction import FileResult, Sums
from govkit.storage import dvcbytes, files, reruns
from govkit.storage.trees import Tree
from govkit.workflow import facts
from govkit.workflow.session import Session

if TYPE_CHECKING:
    from govkit.workflow.reproduce import Wish


class Need(Struct, frozen=True):
    """Bytes that DVC tracks and that a run reads: what ``dvc.lock`` or a ``.dvc`` file says, and the card's SHA-256."""

    item: LockItem
    sha256: str | None


def check_runnable(tree: Tree, stages: Sequence[DvcStage]) -> None:
    """Make sure that DVC would run these DVC stages, and that they write into the repository alone.

    Raises:
        Undecided: names the first that it would not run, or that writes elsewhere.
    """
    frozen = {file: _frozen(tree, file) for file in {stage.file for stage in stages}}
    for stage in stages:
        if stage.name.partition("@")[0] in frozen[stage.file]:
            raise Undecided(
                f"DVC stage '{results.label(stage)}' is frozen, and DVC runs none that is",
                why="so nothing would be known of what it makes",
                fix="run the others again with --only; or 'dvc unfreeze' it in a new version",
            )
        outside = [path for path in stage.outs if not dvcbytes.is_inside(path)]
        if outside:
            raise Undecided(
                f"DVC stage '{results.label(stage)}' writes outside the repository",
                why=f"running it again would overwrite {outside[0]}",
                fix="run the others again with --only",
            )


def _frozen(tree: Tree, file: str) -> set[str]:
    """Return the names of the DVC stages of a ``dvc.yaml`` that are frozen, or might be."""
    content = tree.read(file, limit=limits.GENERATED) or b""
    stages = _mapping(_mapping(yamltext.load(content, where=file, tolerant=True).value).get("stages"))
    return {
        name
        for name, entry in stages.items()
        if _mapping(entry).get("frozen") or _mapping(_mapping(entry).get("do")).get("frozen")
    }


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def needs(tree: Tree, project: Project, card: Card, stages: Sequence[DvcStage]) -> list[Need]:
    """Return what DVC stages read that none of them writes, and that DVC keeps rather than Git."""
    known, in_git = results.recorded(card, {}), PathSet(tree.paths())
    running = {(stage.file, stage.name) for stage in stages}
    kept: dict[str, LockItem] = dict(project.tracked)
    for stage in project.stages:
        if stage.key not in running:
            kept |= {out.path: out for out in stage.outs if not any(in_git.inside(out.path))}
    deps = {dep for stage in stages for dep in stage.deps}
    wanted = sorted(path for path in kept if any(results.touches(path, dep) for dep in deps))
    return [Need(kept[path], known[path].sha256 if path in known else None) for path in wanted]


@contextlib.contextmanager
def _inside() -> Iterator[None]:
    """Say of a commit, or of a run, whose paths lead out of the clone that nothing is known of it."""
    try:
        yield
    except Refused as error:
        why = f"{error.what}: {error.why}"
        raise Undecided("a path leads out of the clone", why=why, fix="look at it: who made it so?") from error


class Run:
    """A clean clone of a commit in which DVC stages are run; as a context, it is removed at the end.

    Args:
        session: the repository.
        commit: the commit, in hex.
        folder: the folder of the model's ``dvc.yaml``.
        wish: what is wanted.
        watch: called with what is done, how many steps are done, and of how many.
    """

    def __init__(
        self, session: Session, commit: str, folder: str, wish: Wish, watch: Callable[[str, int, int], None]
    ) -> None:
        self._session, self._commit, self._folder = session, commit, folder
        self._wish, self._watch = wish, watch
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Run:
        with contextlib.ExitStack() as stack:
            self._place = stack.enter_context(reruns.workspace(self._wish.keep))
            self._environment = reruns.environment(self._place, self._wish.passed_on)
            self._watch("checking the commit out", 0, 1)
            self._clone = reruns.check_out(self._session.git.git_dir, self._commit, self._place)
            self._project = reruns.prepare(self._clone, self._folder)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def bring(self, wanted: Sequence[Need]) -> None:
        """Bring what is read into the clone: from DVC's cache or the working tree here, else from the DVC remote.

        Raises:
            Undecided: if something is nowhere, or is not what was registered.
        """
        store = dvcbytes.DvcBytes(self._session.git.root, self._folder)
        for place, need in enumerate(wanted):
            path = need.item.path
            self._watch(f"bringing {path}", place, len(wanted))
            with _inside():
                reruns.clear(self._clone, path)
                found = store.find(need.item)
                if found is not None:
                    reruns.put(self._clone, path, found)
            got = found.sha256 if found is not None else self._fetch(path)
            if got is None or need.sha256 not in (None, got):
                raise Undecided(
                    f"{path} is not what was registered",
                    why=f"registered {need.sha256}, found {got or 'nothing'}",
                    fix="somebody changed it in the DVC cache or remote: find out who, and restore it from a good copy",
                )

    def _fetch(self, path: str) -> str | None:
        """Have DVC bring a file or folder from its remote, and return its SHA-256."""
        try:
            facts.check_settings(self._session, self._commit)
            target = self._clone / path
            target.parent.mkdir(parents=True, exist_ok=True)
            dvcbytes.fetch(self._session.git.root, self._commit, path, target, watch=self._session.options.watch)
        except GovkitError as error:
            raise Undecided(
                f"{path}, which the run needs, is not to be had",
                why=f"it is not here, and {error.what}{f': {error.why}' if error.why else ''}",
                fix="push it from a clone that still has it: dvc push; without a remote: dvc remote add -d NAME URL",
            ) from error
        with _inside():
            made = reruns.sums(self._clone, path)
        return made.sha256 if made else None

    def once(self, stages: Sequence[DvcStage], weights: str) -> dict[str, Sums | None]:
        """Run DVC stages, having removed what they would write, and return the digests of what they wrote.

        Raises:
            Undecided: if one fails, or leaves something that cannot be digested.
        """
        paths = sorted({path for stage in stages for path in results.outputs(stage, weights)})
        with _inside():
            for path in paths:
                reruns.clear(self._clone, path)
        done: list[str] = []
        self._watch("starting DVC", 0, 1)

        def tell(name: str) -> None:
            self._watch(f"running DVC stage '{name}'", min(len(done), len(stages) - 1), len(stages))
            done.append(name)

        reruns.run(self._project, self._targets(stages), self._environment, self._place / reruns.LOG, tell)
        self._watch("", len(stages), len(stages))
        with _inside():
            return {path: reruns.sums(self._clone, path) for path in paths}

    def _targets(self, stages: Sequence[DvcStage]) -> list[str]:
        """Return DVC stages as ``dvc repro`` takes them, seen from the top of the DVC project."""
        top = self._project.relative_to(self._clone).as_posix()
        return [f"{posixpath.relpath(stage.file, top)}:{stage.name}" for stage in stages]

    def reports(self, card: Card, found: Sequence[FileResult]) -> dict[str, bytes]:
        """Return the reports that hold numbers of the card, as the run left them, where they are not the same bytes."""
        wanted = tolerances.report_paths(card)
        contents = {}
        for file in found:
            if file.path in wanted and file.verdict == "different":
                with contextlib.suppress(OSError, Malformed):
                    contents[file.path] = files.read_small(Path(self._clone, file.path), limits.GENERATED, follow=False)
        return contents
