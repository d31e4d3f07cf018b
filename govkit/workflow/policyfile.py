"""The proposed policy: ``governance/policy.yaml`` of a tree. What is in force says the log alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from govkit.core import canonical, limits, policy, policytext, yamltext
from govkit.core.errors import GovkitError, Malformed, Refused, Usage
from govkit.core.gates.base import Check
from govkit.core.gates.expression import ExpressionGate
from govkit.core.judged import Judged
from govkit.core.policycheck import Fault
from govkit.core.policytext import PolicyText
from govkit.storage import expressions
from govkit.storage.trees import Tree

if TYPE_CHECKING:
    from govkit.workflow.session import Session

PATH = "governance/policy.yaml"
#: Its name as evidence in the log.
NAME = "policy.yaml"
#: The name of what counts.
JSON_NAME = "policy.json"


def read(tree: Tree) -> tuple[bytes, PolicyText]:
    """Read the proposed policy of a tree.

    Returns:
        Its YAML, and what it means with everything that is wrong with it.

    Raises:
        Usage: if there is none, or it is not YAML.
    """
    text = tree.read(PATH, limit=limits.HAND_WRITTEN)
    if text is None:
        raise Usage(f"there is no {PATH}", fix="make one with 'govkit init'")
    try:
        return text, policytext.read(text, where=PATH)
    except Malformed as error:
        raise Usage(f"{PATH} does not parse", why=str(error), fix="mend that line") from error


def check(tree: Tree) -> tuple[bytes, PolicyText]:
    """Read the proposed policy of a tree, and see beside its own faults that its expressions can be evaluated.

    Raises:
        Usage: if there is none, or it is not YAML.
    """
    text, found = read(tree)
    gates = found.in_force.policy.gates if found.in_force else {}
    document = yamltext.load(text, where=PATH)
    faults = [
        (document.line(("gates", name, "expression")), Fault(("gates", name, "expression"), f"gate {name}: {problem}"))
        for name, gate in gates.items()
        if isinstance(gate, ExpressionGate) and (problem := expressions.check(gate.expression))
    ]
    return text, replace(found, faults=found.faults + faults)


def read_fit(tree: Tree) -> tuple[bytes, PolicyText]:
    """Read the proposed policy of a tree, if it could be adopted.

    Raises:
        Usage: if there is none, or it is not YAML.
        Refused: if something fatal is wrong with it; names each fault with its line.
    """
    text, found = check(tree)
    if not found.fit:
        raise unfit(found.faults, "cannot be adopted")
    return text, found


def located(session: Session, checks: Iterable[Check], stage: str) -> list[Check]:
    """Return checks that say where their rule stands; a help for readers, on which nothing rests.

    The line is that of the ``policy.yaml`` which was adopted and lies in the log beside the policy in force; that of
    the working tree may have moved on. Where it is missing or does not parse, the checks stay as they are.

    Args:
        session: the repository.
        checks: checks of a version.
        stage: the stage that they are for.
    """
    lines = _lines_in_force(session)
    approvals = ("stages", stage, "approvals")
    paths = {"approvals": approvals, "commit-authors": approvals}
    found = [(check, lines.get(paths.get(check.type, ("gates", check.gate)))) for check in checks]
    return [msgspec.structs.replace(check, rule=f"{PATH}:{line}") if line else check for check, line in found]


def _lines_in_force(session: Session) -> dict[yamltext.Path, int]:
    index = session.state.policies[-1][0]
    event = session.state.judged[index].event
    digest = event.evidence.get(NAME) if event else None
    if digest is None:
        return {}
    try:
        text = session.log.evidence(session.git, index, NAME, digest)
        return yamltext.load(text, where=PATH).lines
    except (GovkitError, Malformed):
        return {}


def contradiction(session: Session, judged: Judged) -> str:
    """Say whether the YAML that goes along for people says something else than the policy that counts.

    Args:
        session: the repository.
        judged: an event that proposes or adopts a policy.

    Returns:
        What is wrong, or an empty string; also for an event without both files.
    """
    event = judged.event
    if event is None or not {NAME, JSON_NAME} <= event.evidence.keys():
        return ""
    try:
        text, counts = (
            session.log.evidence(session.git, judged.index, n, event.evidence[n]) for n in (NAME, JSON_NAME)
        )
        # Both written out by this govkit: an older one knew fewer defaults.
        same = policytext.read(text, where=NAME).canonical == policy.written_out(canonical.decode(counts))
    except (GovkitError, Malformed) as error:
        return f"its {NAME} cannot be held against its {JSON_NAME}: {error}"
    return "" if same else f"its {NAME} says something else than the {JSON_NAME} that counts"


def unfit(faults: Iterable[tuple[int, Fault]], what: str) -> Refused:
    """Return the error for a policy with fatal faults, each named with its line."""
    lines = [f"{PATH}:{line}: {fault.message}" for line, fault in faults if fault.fatal]
    return Refused(f"{PATH} {what}", why="\n".join(lines), fix="mend it; 'govkit policy check' checks it")
