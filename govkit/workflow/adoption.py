"""What ``govkit init`` finds in a repository that was there before: models, reports, GTO's tags, and what may trouble.

Finding decides nothing: where no model is declared, outputs are proposed, and a person says which.
"""

from __future__ import annotations

import posixpath

from msgspec import Struct, field

from govkit.core import imported, inert, names, proposals
from govkit.core.errors import GovkitError, Usage
from govkit.core.imported import Imported
from govkit.core.lineage import Project
from govkit.core.paths import PathSet, within
from govkit.core.proposals import Proposal
from govkit.core.wording import several
from govkit.storage import yamledit
from govkit.storage.git import Repository
from govkit.storage.trees import CommitTree, Tree, project_of
from govkit.workflow import cards, scaffold
from govkit.workflow.changes import Changes

_MANY = 3


class Found(Struct):
    """A model that was found.

    Attributes:
        name: its full name.
        path: its weights.
        file: the ``dvc.yaml`` that declares it.
        root: the folder of its DVC project, empty at the top.
        statements: its ``model.yaml``.
        hook: the DVC stage that makes its card.
        stages: how many DVC stages it, its metrics and its plots descend from.
        metrics: its metrics files.
        plots: its plots.
        live: what GTO's tags say of stages, each with how these weights compare.
    """

    name: str
    path: str
    file: str
    root: str = ""
    statements: str = ""
    hook: str = ""
    stages: int = 0
    metrics: list[str] = field(default_factory=list)
    plots: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)


def project(tree: Tree) -> Project:
    """Read the DVC files of a repository that is to be governed.

    Raises:
        Usage: if there is no DVC project or no pipeline in it; says which command makes one.
    """
    paths, roots = tree.paths(), _roots(tree)
    files = [path for path in paths if posixpath.basename(path) == "dvc.yaml" or path.endswith(".dvc")]
    if not files:
        fix = "dvc stage add -n train -d train.py -o model.pkl python train.py    (weights from elsewhere: dvc add)"
        raise Usage(
            "there is no dvc.yaml here",
            why="govkit governs models that DVC pipelines make, and this repository has none",
            fix=fix if roots else f"run 'dvc init' first; then describe how the model is made:\n{fix}",
        )
    if not roots:
        raise Usage(
            f"there is {files[0]}, but no DVC project around it",
            why="no .dvc/config is in Git, or would be with 'git add --all'",
            fix="run 'dvc init', or 'dvc init --subdir' in the folder of the project",
        )
    return project_of(tree)


def _roots(tree: Tree) -> list[str]:
    """Return the folders of all DVC projects, the outermost first; that at the top is empty."""
    ends = "/.dvc/config"
    return sorted(f"/{path}".removesuffix(ends)[1:] for path in tree.paths() if f"/{path}".endswith(ends))


def declare(changes: Changes, found: Project, wanted: list[str]) -> None:
    """Declare models under ``artifacts:`` that a person named.

    Args:
        changes: the working tree.
        found: its DVC files.
        wanted: for each ``NAME=PATH``: the name in its ``dvc.yaml``, and the output, from the top of the repository.

    Raises:
        Usage: if one is not of this form, or there is no such output or file.
    """
    for text in wanted:
        name, equals, path = text.partition("=")
        path = posixpath.normpath(path) if path else ""
        if not equals or not path or "=" in path or not names.is_model(name):
            raise Usage(
                f"'{text}' does not declare a model",
                why="it takes a name, '=', and an output's path from the top of the repository",
                fix="e.g. --model scorer=models/scorer.pkl",
            )
        if found.producer(path) is None and found.data_file(path) is None and changes.size(path) is None:
            raise Usage(
                f"there is no output '{path}' to declare as the model '{name}'",
                why="no DVC stage that has run makes it, no .dvc file tracks it, and it is not in Git",
                fix=_listing(found, changes) or "run 'dvc repro' first, so that the outputs are known",
            )
        file = proposals.home(found, path, _files(changes))
        folder = posixpath.dirname(file)
        text_now = changes.now(file) or b""
        inside = posixpath.relpath(path, folder) if folder else path
        here = [a for a in found.artifacts.values() if (a.file, a.path) == (file, path)]
        if not any(names.folder_of(one.name)[1] == name for one in here):  # said twice is said once
            changes.put(file, scaffold.add_model(text_now, name, inside, where=file))


def _files(tree: Tree) -> list[str]:
    return [path for path in tree.paths() if posixpath.basename(path) == "dvc.yaml"]


def none_declared(found: Project, tree: Tree) -> Usage:
    """Return the error for a repository that declares no model: what may be one, and the command that says so."""
    unusable = sorted(found.unusable.values())
    untyped = [f"{file} declares '{name}' without 'type: model'" for file, name in _untyped(tree)]
    listing = _listing(found, tree)
    example = (
        "run 'dvc repro' first, so that outputs are known; or add to dvc.yaml\n"
        "artifacts:\n  my-model: {path: model.pkl, type: model}"
    )
    return Usage(
        "no model is declared in this repository",
        why="\n".join(
            ["govkit governs entries of type 'model' under 'artifacts:' in dvc.yaml", *unusable, *untyped[:_MANY]]
        ),
        fix=listing or example,
    )


def _listing(found: Project, tree: Tree) -> str:
    """Return the proposals as commands to choose from, or an empty string."""
    made = proposals.propose(found, _files(tree))
    # Whoever can push names outputs, and these lines are there to be copied.
    lines = [inert.unbroken(f"{_command(one)}    ({one.why})") for one in made[:8]]
    more = f"and {len(made) - 8} outputs more" if len(made) > 8 else ""
    head = "say which output is the model (it is then declared under 'artifacts:'), e.g."
    return "\n".join(filter(None, [head, *lines, more])) if lines else ""


def _command(proposal: Proposal) -> str:
    import shlex

    return f"govkit init --model {shlex.quote(f'{proposal.name}={proposal.path}')}"


def _untyped(tree: Tree) -> list[tuple[str, str]]:
    """Return file and name of artifacts that are declared without saying what they are."""
    found = []
    for file in _files(tree):
        text = tree.read(file, limit=1 << 23) or b""
        entries = yamledit.mapping(text, "artifacts", where=file).items()
        found += [(file, str(name)) for name, entry in entries if not (isinstance(entry, dict) and entry.get("type"))]
    return found


def describe(repository: Repository, tree: Tree, found: Project, model: str, tags: Imported) -> Found:
    """Return what is known of a model before its first card.

    Args:
        repository: where GTO's tags point.
        tree: the working tree.
        found: the working tree's DVC files.
        model: the model's full name.
        tags: GTO's tags.
    """
    artifact = found.artifact(model)
    stages = [stage for stage in found.ancestry(model) if not proposals.is_hook(stage)]
    metrics, plots = PathSet(found.metrics), PathSet(found.plots)
    outs = {out.path: stage for stage in stages for out in stage.outs}
    return Found(
        model,
        artifact.path,
        artifact.file,
        root=max((root for root in _roots(tree) if within(artifact.file, root) or not root), key=len, default=""),
        stages=len(stages),
        metrics=sorted(p for p, s in outs.items() if p in s.metrics or p in metrics),
        plots=sorted(p for p, s in outs.items() if p in s.plots or any(plots.inside(p))),
        live=[_live(repository, found, one) for one in imported.standings(tags) if one.model == model],
    )


def _live(repository: Repository, found: Project, standing: imported.Standing) -> str:
    version = standing.version or "no version"
    said = f"{standing.stage}: {version} by '{standing.tag.name}'"
    here = _weights(found, standing.model)
    try:
        tree = CommitTree(repository, standing.tag.commit.partition(":")[2])
        there = _weights(project_of(tree), standing.model)
    except GovkitError:
        there = None
    if here is None or there is None:
        return f"{said}; whether these are its weights is not known"
    return f"{said}; {'these are its weights' if here == there else 'its weights are others than those here'}"


def _weights(found: Project, model: str) -> str | None:
    """Return DVC's digest of a model's weights, or None if it is not known."""
    artifact = found.artifact(model)
    item = found.recorded(artifact.path) or found.tracked.get(artifact.path)
    return item.md5 if item is not None else None


def cautions(repository: Repository, changes: Changes, found: Project) -> list[str]:
    """Say what may trouble: changes that wait, files that Git ignores, line ends, DVC stages that have not run.

    Args:
        repository: the repository.
        changes: what will be written.
        found: the DVC files, as they will be.
    """
    said = []
    waiting = sorted({*repository.changed_files()} & {*changes.changed})
    if waiting:
        said.append(
            f"{', '.join(waiting)} had changes that are not committed; what init adds comes on top of them. "
            "To keep them apart, commit or stash yours first"
        )
    said += _ignored(repository, found)
    said += _line_ends(repository, found)
    said += [
        f"DVC stage {label} has not run, so nothing is known of it: run 'dvc repro'"
        for label, outs in found.not_run.items()
        if not any(posixpath.basename(out) == "card.json" for out in outs)  # the hooks are new
    ]
    kinds = [f"{file} declares '{name}' without 'type: model': it is not governed" for file, name in _untyped(changes)]
    return said + kinds


def _ignored(repository: Repository, found: Project) -> list[str]:
    """Name rules by which Git would ignore a card."""
    names_ = ("model.yaml", *scaffold.GENERATED)
    paths = [cards.path_of(model, name) for model in sorted(found.artifacts) for name in names_]
    code, out, _ = repository.try_run("check-ignore", "--no-index", "-v", "--", *paths)
    if code != 0:
        return []
    rules = sorted({line.partition("\t")[0] for line in out.decode("utf-8", "replace").splitlines()})
    return [
        f"Git ignores governance files by {', '.join(rules)}: they could not be committed, and nothing registered. "
        "Add '!governance/**' behind that line"
    ]


def _line_ends(repository: Repository, found: Project) -> list[str]:
    """Name code that has other line ends in Git than here: DVC's MD5 is then not that of the bytes in Git."""
    code = {dep for model in found.artifacts for dep in found.touched(model)}
    paths = sorted(path for path in code if found.producer(path) is None and not path.startswith(("/", "../")))
    if not paths:
        return []
    shown = repository.try_run("ls-files", "--eol", "-z", "--", *(f":(literal){path}" for path in paths))[1]
    changed = []
    for line in shown.decode("utf-8", "replace").split("\0"):
        facts, _, path = line.partition("\t")
        index, work, *_ = [*facts.split(), "", ""]
        if path and index.partition("/")[2] != work.partition("/")[2]:
            changed.append(path)
    if not changed:
        return []
    return [
        f"{several(changed, _MANY)}: other line ends here than in Git, so DVC's digests are not those of Git's bytes "
        "and the lineage gate will not pass. Add e.g. '*.py -text' to .gitattributes, then: git add --renormalize ."
    ]
