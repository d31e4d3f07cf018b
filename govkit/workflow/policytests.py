"""Testing the working tree's policy: the cases of a file, and everything that was promoted so far."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Literal

from msgspec import Struct

from govkit.core import card as card_format
from govkit.core import limits, policytest, times
from govkit.core.card import Card
from govkit.core.errors import GovkitError, Malformed, Usage
from govkit.core.policy import InForce
from govkit.core.policytest import Result
from govkit.storage import expressions
from govkit.storage.trees import Tree, WorkTree
from govkit.workflow import policyfile
from govkit.workflow.session import Session

PATH = "governance/policy-tests.yaml"
#: Sections that no gate looks at: the policy of a new repository can be tested before anybody is in it.
_OF_PEOPLE = (("people",), ("roles",), ("admin",), ("retired",))


class Outcome(Struct, frozen=True):
    """How the cases of a file came out."""

    file: str
    policy: str
    results: list[Result]

    @property
    def exit_code(self) -> Literal[0, 1]:
        """0 if all is as expected, else 1."""
        return 0 if all(result.passed for result in self.results) else 1


def proposed(session: Session) -> InForce:
    """Return the working tree's policy, if its gates and stages make sense; who holds which role does not matter here.

    Raises:
        Usage: if there is none.
        Refused: if something fatal is wrong with its form, its gates or its stages.
    """
    _, found = policyfile.read(WorkTree(session.git))
    wrong = [(line, fault) for line, fault in found.faults if fault.fatal and fault.path[:1] not in _OF_PEOPLE]
    if found.in_force is None or wrong:
        raise policyfile.unfit(wrong, "cannot be tested")
    return found.in_force


def run(session: Session, file: str | None = None) -> Outcome:
    """Run the cases of a file under the working tree's policy.

    Args:
        session: the repository.
        file: the file; :data:`PATH` if None.

    Raises:
        Usage: if there is no such file, or it is malformed; names each fault with its line.
        Refused: as :func:`proposed`.
    """
    policy, tree = proposed(session), WorkTree(session.git)
    path = _path(session, file) if file is not None else PATH
    text = tree.read(path, limit=limits.HAND_WRITTEN)
    if text is None:
        fix = f"write {PATH} (docs/reference/policy-tests.md), or name another file"
        raise Usage(f"there are no tests at {path}", fix=fix)
    try:
        found = policytest.read(text, where=path)
    except Malformed as error:
        raise Usage(f"{path} does not parse", why=str(error), fix="mend that line") from error
    faults, results = list(found.faults), list[Result]()
    now = times.write(session.now())
    if not faults:
        for index, case in enumerate(found.suite.cases if found.suite else []):
            place = ("cases", index)
            try:
                card = policytest.changed(_card(tree, path, case.card), case.change)
                champion = _card(tree, path, case.champion) if case.champion is not None else None
            except Malformed as error:
                faults.append((found.document.line(place), f"'{case.name}': {error}"))
                continue
            wrong = list(policytest.case_faults(case, policy, card.statements.tier))
            faults += [(found.document.line((*place, *fault.path)), fault.message) for fault in wrong]
            line = found.document.line(place)
            if not wrong:
                results.append(
                    policytest.run(case, line, policy, card, champion, now=now, evaluate=expressions.evaluate)
                )
    if faults:
        lines = [f"{path}:{line}: {message}" for line, message in sorted(faults)]
        raise Usage(f"the tests in {path} cannot be run", why="\n".join(lines), fix="mend these lines")
    return Outcome(path, policy.digest, results)


def _path(session: Session, file: str) -> str:
    """Return a file's path in the repository: from here if it is there, else from the top of the repository.

    Raises:
        Usage: if it lies outside.
    """
    root = session.git.root.resolve()
    here = Path(file).resolve()
    place = here if here.is_file() or Path(file).is_absolute() else root / file
    try:
        return place.resolve().relative_to(root).as_posix()
    except ValueError as error:
        raise Usage(f"{file} is not in this repository", fix="put the tests beside the policy") from error


def _card(tree: Tree, file: str, name: str) -> Card:
    """Return a card that a case names.

    Raises:
        Malformed: if it is not there, lies outside the repository, or is none.
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
    if path.startswith(("/", "../")) or path == "..":
        raise Malformed(f"{name} leaves the repository")
    data = tree.read(path, limit=limits.CARD)
    if data is None:
        raise Malformed(f"there is no card at {path}; paths start from the folder of {file}")
    try:
        return card_format.parse(data)
    except Malformed as error:
        raise Malformed(f"{path} is no card: {error}") from error


def log_note(session: Session) -> str:
    """Return why nothing can be replayed, or an empty string."""
    try:
        _ = session.state
    except GovkitError as error:
        return f"nothing was replayed: {error.what}"
    return ""
