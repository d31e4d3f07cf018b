"""What a version was made from, as its registered card and its commit say."""

from __future__ import annotations

from govkit.cards import compare
from govkit.core.card import Card
from govkit.core.entities import Version
from govkit.core.errors import GovkitError
from govkit.core.events import ReproductionRecorded
from govkit.core.why import Made, Parameter, Reproduced
from govkit.evidence.signing import Signatures
from govkit.workflow import facts
from govkit.workflow.session import Session


def of(session: Session, version: Version, signatures: Signatures, end: int) -> Made:
    """Return what a version was made from.

    Args:
        session: the repository.
        version: the version.
        signatures: takes who signed what is told.
        end: the last event that counts.

    Raises:
        Refused, Undecided: if its card is not what was registered, or is missing.
    """
    card = facts.card_of(session, version)[1]
    author, subject = written(session, version.body.commit.partition(":")[2])
    return Made(
        commit=version.body.commit,
        author=author,
        subject=subject,
        card=version.body.card,
        weights=card.weights,
        data=card.lineage.data,
        code=card.lineage.code,
        parameters=parameters(card),
        gaps=[*card.lineage.problems, *card.lineage.gaps],
        registered=signatures.of(version.at),
        reproduced=_reproduced(session, version, signatures, end),
    )


def parameters(card: Card) -> list[Parameter]:
    """Return the parameters of a card, each once even where two DVC stages name it."""
    found = {
        (file, name): value
        for file, values in card.lineage.params.items()
        for key, entry in values.items()
        for name, value in compare.leaves(key, entry)
    }
    return [Parameter(file=file, name=name, value=value) for (file, name), value in sorted(found.items())]


def written(session: Session, commit: str) -> tuple[str, str]:
    """Return a commit's author and the first line of its message; empty texts where this clone does not have it."""
    try:
        raw = session.git.commit(commit).raw.decode("utf-8", "replace")
    except (GovkitError, ValueError):
        return "", ""
    header, _, message = raw.partition("\n\n")
    line = next((line for line in header.split("\n") if line.startswith("author ")), "")
    # 'author NAME <ADDRESS> SECONDS ZONE'
    return line.removeprefix("author ").rpartition(">")[0].strip() + (">" if ">" in line else ""), message.partition(
        "\n"
    )[0]


def _reproduced(session: Session, version: Version, signatures: Signatures, end: int) -> list[Reproduced]:
    """Return who made it again; what was signed with a stolen key, or is recorded later, is left out."""
    state = session.state
    return [
        Reproduced(verdict=body.verdict, signed=signatures.of(at))
        for at, body in state.recorded(ReproductionRecorded, version.model)
        if at.index <= end and not state.is_compromised(at) and body.version == version.body.version
    ]
