"""Making the card of a model from a tree and the bytes that DVC tracks, and comparing it with a committed one."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from govkit.core import build, canonical, limits, modelfile
from govkit.core import card as card_format
from govkit.core.card import Card
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.lineage import LockItem, Project, governance_folder
from govkit.core.measures import Cells, is_table
from govkit.core.names import folder_of
from govkit.storage import sumcache
from govkit.storage.dvcbytes import DvcBytes
from govkit.storage.git import Repository
from govkit.storage.trees import CommitTree, Tree, WorkTree, project_of


class MadeCard(Struct, frozen=True):
    """A card that was made, and how much of it rests on bytes that were seen.

    Attributes:
        raw: the canonical bytes of ``card.json``.
        card: the same, parsed.
        proven: paths whose SHA-256 was computed from bytes at hand.
        on_trust: paths whose SHA-256 was taken from another card, as the bytes are not here.
        unread: reports whose bytes are not here, so that their part of the card could not be made.
    """

    raw: bytes
    card: Card
    proven: list[str]
    on_trust: list[str]
    unread: list[str]


def path_of(model: str, name: str = "card.json") -> str:
    """Return the path of a file in a model's governance folder."""
    return posixpath.join(governance_folder(model), name)


def tree_of(repository: Repository, revision: str | None) -> Tree:
    """Return the files of a revision, or of the working tree for None.

    Raises:
        Usage: if the revision does not name a commit.
    """
    if revision is None:
        return WorkTree(repository)
    commit = repository.resolve(revision)
    if commit is None:
        raise Usage(f"'{revision}' is no commit of this repository", fix="name a branch, a tag or a commit id")
    return CommitTree(repository, commit)


def make(
    repository: Repository,
    tree: Tree,
    model: str,
    *,
    claims: Card | None = None,
    project: Project | None = None,
    cells: Cells = "numbers",
    remember: bool = False,
) -> MadeCard:
    """Make the card of a model.

    Args:
        repository: where the bytes that DVC tracks are looked for.
        tree: the files to make it from.
        model: the model's full name.
        claims: a card whose SHA-256 are taken for things with the same MD5 whose bytes are not here.
        project: the tree's DVC files, if they were read before.
        cells: how cells of metrics in tables are taken.
        remember: whether digests of files that nobody has touched are taken from when they were last read; only where
            nothing is decided, proven or delivered (:mod:`govkit.storage.sumcache`).

    Raises:
        Usage: if the model is not declared, or a file of people's does not parse.
    """
    project = project or project_of(tree)
    paths = tree.paths()
    plan = build.plan(project, model, paths)
    contents = _contents(tree, plan.files)
    statements, _ = modelfile.read(model, contents)
    contents = {**_contents(tree, modelfile.extra_files(statements, paths), beside=contents), **contents}
    with _store(repository, model, remember) as store:
        unread = []
        for item in plan.reports:
            data = store.read(item, limit=build.MAX_REPORT_BYTES) if store else None
            if data is None:
                unread.append(item.path)
            else:
                contents[item.path] = data
        sha256, proven, on_trust = _digests(plan.items, store, _claims(claims))
    try:
        raw = build.build(project, model, build.Facts(paths, contents, sha256), cells)
    except Malformed as error:
        raise Usage(
            f"no card can be made of {model}",
            why=f"something in it has no place in a record: {error}",
            fix="rename files whose names are not UTF-8, and look for numbers and texts that JSON cannot hold",
        ) from error
    return MadeCard(raw, card_format.parse(raw), proven, on_trust, unread)


@contextlib.contextmanager
def _store(repository: Repository, model: str, remember: bool) -> Iterator[DvcBytes | None]:
    """Open where DVC's bytes are looked for; None in a bare repository, which has none."""
    if repository.is_bare:
        yield None
    elif remember:
        with sumcache.opened(repository.git_dir, os.environ) as remembered:
            yield DvcBytes(repository.root, folder_of(model)[0], remembered.sums)
    else:
        yield DvcBytes(repository.root, folder_of(model)[0])


class Needs(Struct, frozen=True):
    """Which DVC-tracked bytes the card of a model speaks of: reports and weights, without which there is none; all."""

    reports: list[LockItem]
    weights: list[LockItem]
    items: list[LockItem]


def needs(tree: Tree, model: str) -> Needs:
    """Return which DVC-tracked bytes the card of a model speaks of; what lies in Git is left out.

    Raises:
        Usage: if the model is not declared.
    """
    project = project_of(tree)
    plan = build.plan(project, model, tree.paths())
    path = project.artifact(model).path
    weights = [item for item in plan.items if path == item.path or path.startswith(f"{item.path}/")]
    return Needs(plan.reports, weights, plan.items)


def _contents(
    tree: Tree, paths: Iterable[str], *, beside: Mapping[str, bytes] = MappingProxyType({})
) -> dict[str, bytes]:
    """Return the bytes of files of a tree; those that are not there are left out.

    Args:
        tree: the tree.
        paths: the files.
        beside: what was read before, which counts too.

    Raises:
        Usage: if one is too large, or all of them together are.
    """
    found: dict[str, bytes] = {}
    together = sum(map(len, beside.values()))
    for path in paths:
        together += (tree.size(path) or 0) if path not in beside else 0
        if together > limits.CODE_TOGETHER:
            raise Usage(
                "the files in Git that this card is made from are too large",
                why=f"they are over {limits.CODE_TOGETHER:,} bytes together",
                fix="put data and weights under DVC, and name fewer files as dependencies of the DVC stages",
            )
        data = beside.get(path) or tree.read(path, limit=limits.CODE)
        if data is not None:
            found[path] = data
    return found


def _digests(
    items: list[LockItem], store: DvcBytes | None, claims: Mapping[tuple[str, str | None], str | None]
) -> tuple[dict[str, str | None], list[str], list[str]]:
    sha256: dict[str, str | None] = {}
    proven, on_trust = [], []
    for item, found in zip(items, store.find_all(items) if store else [None] * len(items), strict=True):
        if found is not None:
            sha256[item.path] = found.sha256
            proven.append(item.path)
        elif (item.path, item.md5) in claims:
            sha256[item.path] = claims[item.path, item.md5]
            on_trust.append(item.path)
    return sha256, proven, on_trust


def _claims(card: Card | None) -> dict[tuple[str, str | None], str | None]:
    if card is None:
        return {}
    items = [card.weights, *card.lineage.data, *card.lineage.outs, *card.evaluation_data]
    return {(item.path, item.md5): item.sha256 for item in items if item.md5 is not None}


def read_committed(tree: Tree, model: str) -> tuple[bytes, Card]:
    """Return the card that stands in a tree.

    Raises:
        Usage: if there is none.
        Refused: if it is not a card of this model.
    """
    path = path_of(model)
    raw = tree.read(path, limit=limits.CARD)
    if raw is None:
        raise Usage(
            f"there is no {path} in this commit",
            why="the hook has not run, or its output was not committed",
            fix="run 'dvc repro' and commit the result; 'govkit init' adds the hook",
        )
    return raw, parse_card(raw, model, path)


def parse_card(raw: bytes, model: str, where: str) -> Card:
    """Parse a card and see that it is of the model.

    Raises:
        Refused: if it is not.
    """
    try:
        card = card_format.parse(raw)
    except Malformed as error:
        raise Refused(f"{where} is not a card", why=str(error), fix="run 'dvc repro' to make it again") from error
    if card.model.name != model:
        raise Refused(f"{where} is a card of {card.model.name}, not of {model}", fix="run 'dvc repro' to make it again")
    return card


class Comparison(Struct, frozen=True):
    """A committed card beside the one made again from the same tree.

    Attributes:
        made: the card made again.
        differences: where they differ, as paths into the JSON with both values; empty if they are the same bytes.
    """

    made: MadeCard
    differences: list[str]


def check(repository: Repository, tree: Tree, model: str, *, remember: bool = False) -> Comparison:
    """Make the card of a tree again and compare it with the one that stands there.

    Args:
        repository: where the bytes that DVC tracks are looked for.
        tree: the files.
        model: the model's full name.
        remember: see :func:`make`.

    Raises:
        Usage: if there is no card, or the model is not declared.
        Refused: if what stands there is not a card of this model.
    """
    raw, card = read_committed(tree, model)
    made = make(repository, tree, model, claims=card, remember=remember)
    if made.raw != raw and any(is_table(metric.path) for metric in card.metrics):
        # The first cards have the cells of tables as text. Nothing can rest on such a metric, so either will do.
        older = make(repository, tree, model, claims=card, cells="text", remember=remember)
        made = older if older.raw == raw else made
    if made.raw == raw:
        return Comparison(made, [])
    differences = list(compare(canonical.decode(raw), canonical.decode(made.raw)))
    return Comparison(made, differences)


def compare(said: Any, made: Any, path: str = "") -> Iterator[str]:
    """Yield where two JSON values differ: the path, what is said there, and what it should be."""
    if isinstance(said, dict) and isinstance(made, dict):
        for key in sorted(said.keys() | made.keys()):
            yield from compare(said.get(key), made.get(key), f"{path}.{key}" if path else key)
    elif isinstance(said, list) and isinstance(made, list) and len(said) == len(made):
        for index, (left, right) in enumerate(zip(said, made, strict=True)):
            label = f"{path}[{_label(right, index)}]"
            yield from compare(left, right, label)
    elif said != made:
        yield f"{path or 'the card'}: says {_brief(said)}, should be {_brief(made)}"


def _label(value: Any, index: int) -> str:
    named = value.get("name") or value.get("path") if isinstance(value, dict) else None
    return str(named) if isinstance(named, str) else str(index)


def _brief(value: Any) -> str:
    text = canonical.encode(value).decode()
    return text if len(text) <= 60 else text[:59] + "…"
