"""The proposed policy: ``governance/policy.yaml`` of a tree. What is in force says the log alone."""

from __future__ import annotations

from govkit.core import policytext
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.policytext import PolicyText
from govkit.storage.trees import Tree

PATH = "governance/policy.yaml"


def read(tree: Tree) -> tuple[bytes, PolicyText]:
    """Read the proposed policy of a tree.

    Returns:
        Its YAML, and what it means with everything that is wrong with it.

    Raises:
        Usage: if there is none, or it is not YAML.
    """
    text = tree.read(PATH)
    if text is None:
        raise Usage(f"there is no {PATH}", fix="make one with 'govkit init'")
    try:
        return text, policytext.read(text, where=PATH)
    except Malformed as error:
        raise Usage(f"{PATH} does not parse", why=str(error), fix="mend that line") from error


def read_fit(tree: Tree) -> tuple[bytes, PolicyText]:
    """Read the proposed policy of a tree, if it could be adopted.

    Raises:
        Usage: if there is none, or it is not YAML.
        Refused: if something fatal is wrong with it; names each fault with its line.
    """
    text, found = read(tree)
    if not found.fit:
        lines = [f"{PATH}:{line}: {fault.message}" for line, fault in found.faults if fault.fatal]
        raise Refused(f"{PATH} cannot be adopted", why="\n".join(lines), fix="mend it; 'govkit policy check' checks it")
    return text, found
