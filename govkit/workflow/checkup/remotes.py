"""The check that asks other machines: whether the DVC remote still has what serves."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from govkit.core.card import Card, Item
from govkit.core.entities import Promotion, Version
from govkit.core.errors import GovkitError
from govkit.core.wording import several
from govkit.workflow import facts
from govkit.workflow.checkup import Ailment, Examination

#: How many files of a folder, and how many other versions, are named.
_MANY = 10
_MEND = "push it from a clone that still has it: dvc push --all-tags; and let 'dvc gc' keep it: dvc gc -c --all-tags"


class _Held(Struct, frozen=True):
    """A version, the stages that it serves in, and its card."""

    version: Version
    stages: list[str]
    card: Card

    @property
    def name(self) -> str:
        return f"{self.version.model}@{self.version.body.version}"


def served(exam: Examination) -> Iterator[Ailment]:
    """Ask the DVC remote for the weights and data of every version that serves, and where some is gone, of the others.

    Weights that are gone are broken: nobody can fetch them. Data that is gone is a note: the version cannot be made
    again from there.
    """
    if exam.session.git.is_bare:
        yield Ailment("note", "the DVC remote", "it is asked from a clone with files", "run it there")
        return
    serving = _serving(exam)
    held = []
    for (model, number), stages in serving.items():
        try:
            held.append(_Held(exam.state.versions[model, number], stages, _card(exam, model, number)))
        except GovkitError as error:
            yield Ailment("undecided", f"{model}@{number}", f"its card cannot be read: {error}", error.fix)
    gone = _gone(exam, held)
    for one in held:
        yield from _of(one, gone)
    if gone:
        yield from _others(exam, set(serving))


def _serving(exam: Examination) -> dict[tuple[str, str], list[str]]:
    """Return the stages that each version serves in now."""
    found: dict[tuple[str, str], list[str]] = {}
    for (model, stage), entries in sorted(exam.state.stages.items()):
        last = entries[-1]
        if isinstance(last, Promotion):
            found.setdefault((model, last.body.version), []).append(stage)
    return found


def _card(exam: Examination, model: str, number: str) -> Card:
    return facts.card_of(exam.session, exam.state.versions[model, number])[1]


def _gone(exam: Examination, held: list[_Held]) -> dict[str, list[str]]:
    """Return what the remotes have not, by MD5; see :func:`govkit.storage.dvcremotes.missing`."""
    from govkit.storage import dvcremotes

    for one in held:
        facts.check_settings(exam.session, one.version.body.commit.partition(":")[2])
    wanted = {item.md5 for one in held for item in (one.card.weights, *_data(one.card)) if item.md5 is not None}
    return dvcremotes.missing(exam.session.git.root, wanted) if wanted else {}


def _data(card: Card) -> list[Item]:
    """Return a card's data, as far as it is kept in this repository's remote; imports have places of their own."""
    return [item for item in card.lineage.data if not item.source.endswith(")")]


def _of(one: _Held, gone: dict[str, list[str]]) -> Iterator[Ailment]:
    what = f"{one.name} in {', '.join(one.stages)}"
    weights = one.card.weights
    if weights.md5 in gone:
        found = f"the DVC remote has lost its weights: {_words(weights, gone[weights.md5 or ''])}"
        yield Ailment("broken", what, found, _MEND)
    lost = [_words(item, gone[item.md5]) for item in _data(one.card) if item.md5 in gone and item.md5 is not None]
    if lost:
        found = f"it cannot be made again from the DVC remote, which has not: {'; '.join(lost)}"
        yield Ailment("note", what, found, _MEND)


def _words(item: Item, paths: list[str]) -> str:
    """Return what is gone of a file or folder."""
    if paths == [""]:
        return item.path
    return f"{len(paths)} files of {item.path}: {several([f'{item.path}/{path}' for path in paths], _MANY)}"


def _others(exam: Examination, serving: set[tuple[str, str]]) -> Iterator[Ailment]:
    """Say which versions that do not serve have lost their weights, too: nobody can roll back to them."""
    held = []
    for key, version in exam.state.versions.items():
        if key not in serving and key not in exam.state.revoked:
            try:
                held.append(_Held(version, [], _card(exam, *key)))
            except GovkitError:
                continue  # what is wrong with it, other checks say
    gone = _gone(exam, held)
    hit = [one.name for one in held if one.card.weights.md5 in gone]
    if hit:
        found = f"their weights are gone, too, so nobody can go back to them: {several(hit, _MANY)}"
        yield Ailment("note", "versions that do not serve", found, _MEND)
