"""The hook after the last DVC stage: makes the card, its pages and the drafted approval request.

Runs while DVC holds its lock, so it reads ``dvc.lock`` as a file and never calls DVC.
"""

from __future__ import annotations

from msgspec import Struct

from govkit.core import canonical, digests, draft, dvcmd5, records
from govkit.core.draft import Draft
from govkit.core.errors import Usage
from govkit.storage import files
from govkit.storage.git import Repository
from govkit.storage.trees import Tree, WorkTree, project_of
from govkit.workflow import cards, policyfile
from govkit.workflow.cards import Comparison, MadeCard


class Documents(Struct, frozen=True):
    """What the hook writes for a model, by file name in its governance folder."""

    made: MadeCard
    draft: Draft
    files: dict[str, bytes]


def documents(repository: Repository, tree: Tree, model: str, made: MadeCard | None = None) -> Documents:
    """Make card, pages and draft from a tree, without writing them.

    Args:
        repository: where DVC's bytes are looked for.
        tree: the files to make them from.
        model: the model's full name.
        made: the card, if it was made before.

    Raises:
        Usage: if the model is not declared, or a file of people's does not parse.
    """
    from govkit.cards import render

    made = made or cards.make(repository, tree, model, remember=True)
    policy = None
    if tree.size(policyfile.PATH) is not None:
        policy = policyfile.read(tree)[1].in_force
    drafted = draft.make(made.card, digests.sha256(made.raw), policy)
    gates = policy.policy.gates if policy else {}
    return Documents(
        made,
        drafted,
        {
            "card.json": made.raw,
            "card.md": render.markdown(made.card, drafted, made.raw, gates).encode(),
            "card.html": render.page(made.card, drafted, made.raw, gates=gates).encode(),
            "request.json": canonical.encode(records.to_value(drafted)),
        },
    )


def check(repository: Repository, model: str, revision: str | None) -> tuple[Comparison, list[str]]:
    """Make a card again and compare it, and the committed pages, with what stands in a revision.

    Args:
        repository: the repository.
        model: the model's full name.
        revision: a commit, branch or tag; None for the working tree.

    Returns:
        The comparison of ``card.json``, and the names of pages, in Git or kept by DVC, that differ from those made
        again.

    Raises:
        Usage: if there is no card.
        Refused: if what stands there is no card.
    """
    tree = cards.tree_of(repository, revision)
    comparison = cards.check(repository, tree, model, remember=True)
    again = documents(repository, tree, model, comparison.made)
    project = project_of(tree)
    pages = {name: content for name, content in again.files.items() if name != "card.json"}
    paths = {name: cards.path_of(model, name) for name in pages}
    sizes = {name: tree.size(paths[name]) for name in pages}
    different = [
        name
        for name, content in pages.items()
        if sizes[name] not in (None, len(content))
        or (sizes[name] is not None and tree.read(paths[name], limit=len(content)) != content)
    ]
    kept = [name for name in pages if sizes[name] is None]
    for name in kept:
        on_disk = repository.root / paths[name] if revision is None else None
        if on_disk is not None and on_disk.is_file():
            same = on_disk.stat().st_size == len(pages[name]) and on_disk.read_bytes() == pages[name]
        else:
            recorded = project.recorded(paths[name])
            same = recorded is None or recorded.md5 == dvcmd5.md5(pages[name])
        different += [] if same else [name]
    return comparison, different


def run(repository: Repository, model: str) -> Documents:
    """Write card, pages and draft of a model into its governance folder.

    Raises:
        Usage: if the model is not declared, a file does not parse, or the folder cannot be written.
        Refused: if the folder is a symbolic link.
    """
    made = documents(repository, WorkTree(repository), model)
    for name, content in made.files.items():
        path = files.place(repository.root, cards.path_of(model, name))
        try:
            files.write(path, content)
        except OSError as error:
            raise Usage(f"{path} cannot be written", why=str(error)) from error
    return made
