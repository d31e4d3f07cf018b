"""Showing part of a log so that what was left out shows: every leaf, and in full what concerns one model. Pure.

A leaf names its event's subject and digests (:func:`govkit.core.events.leaf`). So whoever has all leaves can compute
the root, and sees of how many events of which models they were shown nothing. Of the model that the disclosure is
about, and of what concerns all (``*``), nothing may be left out: a disclosure without the revocation is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from govkit.core import events, merkle
from govkit.core.digests import is_sha256
from govkit.core.errors import Malformed, Refused
from govkit.core.events import ALL, Head
from govkit.core.names import is_model


class Shown(Struct, frozen=True):
    """An event in full: the bytes of ``event.json`` and ``event.json.sig``, each None where there is no such file."""

    event: bytes | None
    signature: bytes | None


def subject_of(leaf: bytes) -> str:
    """Return the subject that a leaf names: a model, or ``*``.

    Raises:
        Malformed: if it is no leaf.
    """
    lines = leaf.decode("utf-8", "replace").split("\n")
    if len(lines) != 5 or lines[0] != events.LEAF or lines[4]:
        raise Malformed("not the four lines of a leaf")
    if lines[1] != ALL and not is_model(lines[1]):
        raise Malformed(f"{lines[1]!r} is neither a model's name nor '*'")
    if not all(part == "-" or is_sha256(part) for part in lines[2:4]):
        raise Malformed("its digests are not written as digests")
    return lines[1]


def required(leaves: Sequence[bytes], subject: str) -> list[int]:
    """Return the indices of the events that a disclosure about a model must show: the model's, and those of all.

    Raises:
        Refused: if one of the leaves is none; its subject cannot be told then.
    """
    found = []
    for index, leaf in enumerate(leaves):
        try:
            if subject_of(leaf) in (subject, ALL):
                found.append(index)
        except Malformed as error:
            raise Refused(f"leaf {index} of the disclosure cannot be read", why=str(error), fix=_FIX) from error
    return found


def check(leaves: Sequence[bytes], shown: Mapping[int, Shown], subject: str, head: Head) -> None:
    """Make sure that a disclosure shows all of a log that concerns a model, as it stands in the log.

    Args:
        leaves: every leaf of the log, in its order.
        shown: events in full, by index.
        subject: the model that the disclosure is about.
        head: the head of the log, from somebody who is trusted to know it; what came after it is not seen.

    Raises:
        Refused: if the leaves do not make up the head, an event of the model or of all is left out, or one that is
            shown is not the one that the log has there.
    """
    root = merkle.text(merkle.root([merkle.leaf_hash(leaf) for leaf in leaves]))
    if len(leaves) != head.size or root != head.root:
        raise Refused(
            "the disclosure is of another log",
            why=f"its {len(leaves)} leaves have the root {root}; the head is {head.size}:{head.root}",
            fix=_FIX,
        )
    for index in required(leaves, subject):
        if index not in shown:
            raise Refused(
                f"the disclosure leaves out event {index}",
                why=f"its leaf says that it is about '{subject_of(leaves[index])}'",
                fix=_FIX,
            )
    for index, entry in shown.items():
        if not 0 <= index < len(leaves) or events.leaf(entry.event, entry.signature) != leaves[index]:
            raise Refused(
                f"event {index} of the disclosure is not the log's", why="its bytes do not fit its leaf", fix=_FIX
            )


_FIX = "ask for a whole one; do not rely on any part of this one"
