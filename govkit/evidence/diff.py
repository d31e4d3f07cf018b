"""``govkit diff``: two versions of a model side by side, as the log and their registered cards have them."""

from __future__ import annotations

from collections.abc import Iterator

from govkit.cards import compare
from govkit.core import card as cards
from govkit.core import diff, policydiff
from govkit.core.card import Card, Item, Measure
from govkit.core.diff import CodeChange, CommitLine, Diff, FileLines, ItemChange, NumberChange, Side, TextChange, WayIn
from govkit.core.entities import Promotion, Version
from govkit.core.errors import GovkitError, Usage
from govkit.core.gates.champion import incomparable
from govkit.core.policy import InForce
from govkit.evidence import letin, whymade
from govkit.evidence.signing import Signatures
from govkit.storage.git import MAX_CHANGED
from govkit.workflow import facts, judge
from govkit.workflow.session import Session

#: So many commits and files are named.
MANY_COMMITS, MANY_FILES = 50, 200


def gather(session: Session, model: str, before: str, after: str) -> Diff:
    """Hold two versions of a model side by side.

    Args:
        session: the repository.
        model: the model.
        before: the first version.
        after: the second.

    Raises:
        Usage: if there is no log, no such version, or both are the same.
        Refused, Undecided: if the log is not the pinned one or cannot be relied on, or a card is missing.
    """
    session.check_trust()
    session.check_history()
    old, new = judge.find_version(session, model, before), judge.find_version(session, model, after)
    if old is new:
        raise Usage(f"{model}@{before} is named twice", fix="name two versions of the model")
    signatures = Signatures(session.state)
    first, second = facts.card_of(session, old)[1], facts.card_of(session, new)[1]
    why = incomparable(second, first)
    return Diff(
        schema=diff.SCHEMA,
        model=model,
        before=_side(session, old, first, signatures),
        after=_side(session, new, second, signatures),
        code=_code(session, old, new),
        data=list(_data(first, second)),
        parameters=list(_parameters(first, second)),
        metrics=[_number(row.name, row.path, "", row.theirs, row.ours, why) for row in compare.metrics(second, first)],
        fairness=list(_fairness(first, second, why)),
        incomparable=why,
        texts=list(_texts(first, second)),
        policy=_policy(session, old, new),
        approvals=list(_approvals(session, old, new, signatures)),
    )


def _side(session: Session, version: Version, card: Card, signatures: Signatures) -> Side:
    revoked = session.state.revoked.get((version.model, version.body.version))
    return Side(
        version=version.body.version,
        commit=version.body.commit,
        card=version.body.card,
        tier=version.body.tier,
        weights=card.weights,
        registered=signatures.of(version.at),
        revoked=signatures.of(revoked) if revoked else None,
    )


# -- what it was made from --------------------------------------------------------------------------------------------


def _code(session: Session, old: Version, new: Version) -> CodeChange:
    base, head = (version.body.commit.partition(":")[2] for version in (old, new))
    git = session.git
    try:
        added, dropped = git.count_since(head, base), git.count_since(base, head)
        newest = git.run("rev-list", f"--max-count={MANY_COMMITS}", head, f"^{base}").decode("ascii").split()
        commits = [_commit(session, identity) for identity in newest]
        files = git.changed_lines(base, head, MAX_CHANGED)
    except GovkitError as error:
        return CodeChange(added=0, dropped=0, commits=[], files=[], more=0, problem=str(error))
    named = [FileLines(path=path, added=plus, removed=minus) for path, plus, minus in files[:MANY_FILES]]
    more = len(files) - len(named)
    return CodeChange(added=added, dropped=dropped, commits=commits, files=named, more=more, problem="")


def _commit(session: Session, identity: str) -> CommitLine:
    author, subject = whymade.written(session, identity)
    return CommitLine(id=identity, author=author, subject=subject)


def _data(first: Card, second: Card) -> Iterator[ItemChange]:
    pairs = ((first.lineage.data, second.lineage.data, False), (first.evaluation_data, second.evaluation_data, True))
    for before, after, evaluation in pairs:
        old, new = {item.path: item for item in before}, {item.path: item for item in after}
        for path in sorted(old.keys() | new.keys()):
            if not _same(old.get(path), new.get(path)):
                yield ItemChange(path=path, evaluation=evaluation, before=old.get(path), after=new.get(path))


def _same(one: Item | None, other: Item | None) -> bool:
    """Tell whether two items are known to be the same bytes; what has no digest is not."""
    if one is None or other is None:
        return False
    digests = (one.sha256, one.md5), (other.sha256, other.md5)
    return digests[0] == digests[1] and any(digests[0])


def _parameters(first: Card, second: Card) -> Iterator[diff.ParameterChange]:
    old, new = ({(p.file, p.name): p for p in whymade.parameters(card)} for card in (first, second))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield diff.ParameterChange(before=old.get(key), after=new.get(key))


# -- numbers ----------------------------------------------------------------------------------------------------------


def _number(name: str, path: str, where: str, before: Measure | None, after: Measure | None, why: str) -> NumberChange:
    values = [one.value for one in (before, after) if one is not None and not one.problem and one.value is not None]
    difference = values[1] - values[0] if len(values) == 2 and not why else None
    return NumberChange(name=name, path=path, where=where, before=before, after=after, difference=difference)


def _fairness(first: Card, second: Card, why: str) -> Iterator[NumberChange]:
    old, new = _rates(first), _rates(second)
    for key in sorted(old.keys() | new.keys()):
        path, where, rate = key
        yield _number(rate, path, where, old.get(key), new.get(key), why)


def _rates(card: Card) -> dict[tuple[str, str, str], Measure]:
    """Return the rates of all fairness reports by report, place and name."""
    found: dict[tuple[str, str, str], Measure] = {}
    for report in card.fairness:
        for name, attribute in report.attributes.items():
            places = {f"{name}: {group}": each.rates for group, each in attribute.groups.items()}
            over = {f"{name}, difference over the groups": attribute.difference}
            over[f"{name}, ratio over the groups"] = attribute.ratio
            for where, rates in {**places, **over}.items():
                found |= {(report.path, where, rate): measure for rate, measure in rates.items()}
    return found


def _texts(first: Card, second: Card) -> Iterator[TextChange]:
    for change in compare.contracts(first, second):
        yield TextChange(about="contract", what=change.what, before=change.before, after=change.after)
    for change in compare.pipelines(first, second):
        yield TextChange(about="pipeline", what=change.what, before=change.before, after=change.after)
    for section in cards.STATEMENTS:
        before, after = first.statement(section), second.statement(section)
        if before != after:
            yield TextChange(about="statements", what=section, before=before, after=after)


# -- who let them in --------------------------------------------------------------------------------------------------


def _policy(session: Session, old: Version, new: Version) -> diff.PolicyChange:
    (before_event, before), (after_event, after) = _policy_of(session, old), _policy_of(session, new)
    changes = policydiff.changes(before, after)
    return diff.PolicyChange(
        before=before.digest,
        before_event=before_event,
        after=after.digest,
        after_event=after_event,
        rules=[diff.Rule(path=change.path, words=change.words, effect=change.effect) for change in changes],
    )


def _policy_of(session: Session, version: Version) -> tuple[int, InForce]:
    """Return the policy by which a version was let in last, or registered, and the event that adopted it."""
    state = session.state
    entries = [entry for found in state.stages.values() for entry in found if _is_of(entry, version)]
    index = max((entry.at.index for entry in entries), default=version.at.index)
    return next(found for found in reversed(state.policies) if found[0] < max(index, 1))


def _is_of(entry: object, version: Version) -> bool:
    return isinstance(entry, Promotion) and (entry.model, entry.body.version) == (version.model, version.body.version)


def _approvals(session: Session, old: Version, new: Version, signatures: Signatures) -> Iterator[WayIn]:
    """Yield how each version was let into each stage that one of them was let into."""
    state, known = session.state, list(session.policy.policy.stages)
    stages = [stage for model, stage in state.stages if model == old.model]
    for stage in sorted(stages, key=lambda name: (known.index(name) if name in known else len(known), name)):
        entries = [entry for entry in state.stages[old.model, stage] if isinstance(entry, Promotion)]
        last = [next((e for e in reversed(entries) if _is_of(e, one)), None) for one in (old, new)]
        for version, entry in zip((old, new), last, strict=True) if any(last) else ():
            yield WayIn(
                stage=stage,
                version=version.body.version,
                let_in=letin.of(state, entry, signatures) if entry else None,
                decisions=letin.decisions(state, entry, signatures) if entry else [],
            )
