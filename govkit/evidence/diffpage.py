"""The page of ``govkit diff``: one document that a terminal and Markdown show alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from govkit.cards import text
from govkit.core.card import Item, Measure
from govkit.core.diff import CodeChange, Diff, ItemChange, NumberChange, ParameterChange, Side, WayIn
from govkit.core.gates.base import Verdict, describe
from govkit.core.why import Parameter
from govkit.evidence.whypage import voices, when
from govkit.evidence.whywords import TURNS, who
from govkit.reports.document import Block, Cell, Document, Facts, Paragraph, Section, Table

_MARKS = {"looser": "! looser", "stricter": "+ stricter", "other": "other"}
_ABOUT = {"contract": "Contract", "pipeline": "Pipeline", "statements": "What people say"}


def document(found: Diff) -> Document:
    """Return the page of two versions side by side."""
    sections = [
        Section("code", "Code", [*_code(found.code, found.before, found.after)]),
        Section("data", "Data", [*_data(found.data)]),
        Section("parameters", "Parameters", [*_parameters(found)]),
        Section("metrics", "Metrics", [*_numbers(found, found.metrics, "Metrics", "No metric is reported of either.")]),
        Section("fairness", "Fairness", [*_numbers(found, found.fairness, "Rates", "No fairness report of either.")]),
        Section("texts", "Contract, pipeline, and what people say", [*_texts(found)]),
        Section("policy", "Policy", [*_policy(found)]),
        Section("approvals", "Approvals", [*_approvals(found)]),
    ]
    return Document(
        kind=f"Two versions of {found.model}",
        title=f"{found.model}@{found.before.version} and {found.model}@{found.after.version}",
        verdict="Told from the pinned log and the registered cards",
        tone=Verdict.PASS,
        lead=[*_lead(found)],
        alarms=[*_alarms(found)],
        facts=Facts([]),
        sections=[Section("versions", "The two versions", [_versions(found)]), *sections],
        foot=["Times are in UTC, and are what signers claim. Numbers are those of whoever made the version."],
    )


def _lead(found: Diff) -> Iterator[str]:
    counts = [
        (len(found.data), "data snapshot"),
        (len(found.parameters), "parameter"),
        (len(found.policy.rules), "policy rule"),
    ]
    commits = text.things(found.code.added, "commit")
    changed = [text.things(count, noun) for count, noun in counts]
    between = f"From {found.before.version} to {found.after.version}"
    if found.code.problem:
        yield f"{between}: {', '.join(changed)} changed; what changed in Git cannot be told."
        return
    files = text.things(len(found.code.files) + found.code.more, "file")
    yield f"{between}: {commits} with changes to {files}; {', '.join(changed)} changed."


def _alarms(found: Diff) -> Iterator[str]:
    for side in (found.before, found.after):
        if side.revoked is not None:
            yield f"{found.model}@{side.version} is revoked, by {who(side.revoked)} at {side.revoked.claimed}"
    if found.before.tier != found.after.tier:
        yield f"The risk tier is another: {found.before.tier}, then {found.after.tier}"


def _versions(found: Diff) -> Table:
    sides = (found.before, found.after)
    rows = [
        ("Registered by", [Cell(who(side.registered)) for side in sides]),
        ("Registered", [when(side.registered) for side in sides]),
        ("Commit", [Cell(side.commit.partition(":")[2], "code") for side in sides]),
        ("Card", [Cell(side.card, "digest") for side in sides]),
        ("Weights", [Cell(side.weights.path, "code", note=_digest(side.weights)) for side in sides]),
        ("Risk tier", [Cell(side.tier) for side in sides]),
    ]
    columns = ["", found.before.version, found.after.version]
    return Table("What they are", columns, [[Cell(label), *cells] for label, cells in rows])


# -- what they were made from -----------------------------------------------------------------------------------------


def _code(code: CodeChange, before: Side, after: Side) -> Iterator[Block]:
    if code.problem:
        yield Paragraph(f"What changed in Git cannot be told: {code.problem}.", "alarm")
        return
    base, head = (side.commit.partition(":")[2][:12] for side in (before, after))
    yield Paragraph(f"{text.things(code.added, 'commit')} between them: git log {base}..{head}")
    if code.dropped:
        words = f"{text.things(code.dropped, 'commit')} of {before.version} are not in {after.version}"
        yield Paragraph(f"{words}: neither builds on the other as a whole.", "alarm")
    rows = [[Cell(one.id[:12], "code"), Cell(one.subject), Cell(one.author)] for one in code.commits]
    yield Table("Commits, newest first", ["Commit", "Says", "By, as it says itself"], rows)
    if code.added > len(code.commits):
        yield Paragraph(f"and {code.added - len(code.commits):,} older ones", "note")
    files = [[Cell(one.path, "code"), _lines(one.added, "+"), _lines(one.removed, "\u2212")] for one in code.files]
    yield Table("Files that differ, the most changed first", ["File", "Added", "Removed"], files)
    if code.more:
        yield Paragraph(f"and {code.more:,} more files", "note")


def _lines(count: int | None, sign: str) -> Cell:
    return Cell("binary" if count is None else f"{sign}{count:,}", "number")


def _data(found: Sequence[ItemChange]) -> Iterator[Block]:
    if not found:
        yield Paragraph("The same data, by digest.")
    rows = [
        [Cell(one.path, "code", note="for evaluation" if one.evaluation else ""), _item(one.before), _item(one.after)]
        for one in found
    ]
    yield Table("Data that is not the same", ["File or folder", "Before", "After"], rows)


def _item(item: Item | None) -> Cell:
    return Cell("not there") if item is None else Cell(_digest(item), "digest", note=text.size(item.size))


def _digest(item: Item) -> str:
    return item.sha256 or (f"md5:{item.md5}" if item.md5 else "no digest is known")


def _parameters(found: Diff) -> Iterator[Block]:
    if not found.parameters:
        yield Paragraph("The same parameters.")
    rows = [[_name(one), _value(one.before), _value(one.after)] for one in found.parameters]
    yield Table("Parameters that are not the same", ["Parameter", *_columns(found)], rows)


def _name(change: ParameterChange) -> Cell:
    named = change.after or change.before
    return Cell(named.name if named else "", note=named.file if named else "")


def _value(parameter: Parameter | None) -> Cell:
    return Cell("not there" if parameter is None else text.reported(parameter.value, text.exact))


def _columns(found: Diff) -> list[str]:
    return [found.before.version, found.after.version]


# -- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(found: Diff, numbers: Sequence[NumberChange], caption: str, none: str) -> Iterator[Block]:
    if not numbers:
        yield Paragraph(none)
        return
    if found.incomparable:
        yield Paragraph(f"They do not compare: {found.incomparable}.", "alarm")
    rows = [
        [
            Cell(f"{one.where}: {one.name}" if one.where else one.name, note=one.path),
            _measure(one.before),
            _measure(one.after),
            Cell(_difference(one.difference), "number"),
        ]
        for one in numbers
    ]
    yield Table(f"{caption} of both", ["Name", *_columns(found), "Difference"], rows)


def _measure(measure: Measure | None) -> Cell:
    return Cell("not reported" if measure is None else describe(measure), "number")


def _difference(difference: float | None) -> str:
    if difference is None:
        return "not comparable"
    return "the same" if difference == 0 else f"{'+' if difference > 0 else chr(0x2212)}{text.number(abs(difference))}"


def _texts(found: Diff) -> Iterator[Block]:
    if not found.texts:
        yield Paragraph("The same contract, the same commands, and the same words.")
    rows = [
        [
            Cell(text.human(one.what), note=_ABOUT[one.about]),
            Cell(one.before or "nothing"),
            Cell(one.after or "nothing"),
        ]
        for one in found.texts
    ]
    yield Table("What else is not the same", ["What", *_columns(found)], rows)


# -- who let them in --------------------------------------------------------------------------------------------------


def _policy(found: Diff) -> Iterator[Block]:
    policy = found.policy
    if policy.before == policy.after:
        yield Paragraph(
            f"Both were judged by the same policy, adopted with event {policy.before_event}: {policy.before}"
        )
        return
    yield Paragraph(
        f"{found.before.version} was judged by the policy of event {policy.before_event} ({policy.before}), "
        f"{found.after.version} by that of event {policy.after_event} ({policy.after})."
    )
    rows = [[Cell(_MARKS[one.effect]), Cell(one.words), Cell(one.path, "code")] for one in policy.rules]
    yield Table("What changed in it", ["Effect", "What", "Where"], rows)


def _approvals(found: Diff) -> Iterator[Block]:
    if not found.approvals:
        yield Paragraph("Neither was let into any stage.")
    for one in found.approvals:
        yield from _way_in(found.model, one)


def _way_in(model: str, one: WayIn) -> Iterator[Block]:
    name = f"{model}@{one.version} in {one.stage}"
    if one.let_in is None:
        yield Paragraph(f"{name}: never let in.")
        return
    signed = one.let_in.signed
    override = ", overridden" if one.let_in.override and one.let_in.kind != "break-glass" else ""
    yield Paragraph(f"{name}: {TURNS[one.let_in.kind]}{override} by {who(signed)}, {when(signed).text}.")
    if one.decisions:
        yield voices(f"Decisions on {name}", one.decisions)
