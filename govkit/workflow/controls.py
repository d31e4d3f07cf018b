"""Holding a repository against frameworks; see :mod:`govkit.core.controls`, which decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govkit.cards import frameworks
from govkit.core import controls, evidence, times
from govkit.core.controls import Controls, Framework
from govkit.core.entities import Promotion, Version
from govkit.core.errors import GovkitError, Malformed, Refused, Usage
from govkit.core.evidence import NamedCard
from govkit.core.wording import suggest
from govkit.workflow import facts, verifylog
from govkit.workflow.session import Session


def hold(session: Session, names: Sequence[str] = (), mapping: Path | None = None) -> Controls:
    """Return which requirements the repository gives evidence for.

    Args:
        session: the repository. What its log says counts only if it is the pinned one and verifies.
        names: the frameworks; all that govkit knows if there are none.
        mapping: a file with another mapping, ``govkit.framework/v1``; without names it alone counts.

    Raises:
        Usage: if there is no log, no such framework, or the file is no mapping.
        Refused: if the log is not the pinned one, or does not verify.
        Undecided: if that cannot be told.
    """
    wanted = _chosen(names, mapping)
    session.check_trust()
    session.check_history()
    found = verifylog.verify_log(session)
    if found.problems:
        raise Refused(
            "nothing is evidenced by a log that does not verify",
            why="; ".join(found.problems[:3]),
            fix="look with: govkit log verify",
        )
    head = session.log.head
    cards = [_card(session, version) for version in _looked_at(session)]
    pieces = {
        **evidence.of_cards(cards),
        **evidence.of_log(session.state, verified=f"head {head.size}:{head.root[:19]}"),
    }
    return Controls(
        schema=controls.SCHEMA,
        made=times.write(session.now()),
        remote=session.state.remote,
        root=session.log.root_of_trust,
        head=head,
        versions=[one.name for one in cards],
        frameworks=[controls.weigh(one, pieces) for one in wanted],
    )


def _chosen(names: Sequence[str], mapping: Path | None) -> list[Framework]:
    known = frameworks.known()
    for name in names:
        if name not in known:
            fix = "name one of them, or bring your own with --mapping FILE"
            raise Usage(
                f"no framework is called '{name}'{suggest(name, list(known))}",
                why=f"known: {', '.join(known)}",
                fix=fix,
            )
    own = [_read(mapping)] if mapping is not None else []
    chosen = [known[name] for name in dict.fromkeys(names)]
    return [*chosen, *own] or list(known.values())


def _read(path: Path) -> Framework:
    try:
        return controls.parse(path.read_bytes())
    except (OSError, Malformed) as error:
        fix = "write it as 'govkit schema framework' says; docs/how-to/show-which-controls-are-met.md has one"
        raise Usage(f"{path} is no mapping of a framework", why=str(error), fix=fix) from error


def _looked_at(session: Session) -> list[Version]:
    """Return the versions that serve anywhere; of a model that serves nowhere, its newest."""
    state = session.state
    last = [entries[-1] for entries in state.stages.values()]
    serving = {(one.model, one.body.version) for one in last if isinstance(one, Promotion)}
    newest = dict(state.versions.keys())
    served = {model for model, _ in serving}
    chosen = serving | {(model, version) for model, version in newest.items() if model not in served}
    return [state.versions[key] for key in sorted(chosen)]


def _card(session: Session, version: Version) -> NamedCard:
    name = f"{version.model}@{version.body.version}"
    try:
        return NamedCard(name, version.body.card, facts.card_of(session, version)[1])
    except GovkitError:
        return NamedCard(name, version.body.card, None)  # it shows nothing
