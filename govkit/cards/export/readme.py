"""The body of a Hugging Face ``README.md``: Markdown in which nothing that others wrote acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from govkit.cards import text
from govkit.core.card import STATEMENTS, Card, Fairness, Measure
from govkit.core.exported import Exported
from govkit.core.inert import markdown, markdown_code
from govkit.core.report import GateReport, in_words

_NONE = "_Not provided_"
Cells = Iterable[str]


def body(facts: Exported, card: Card) -> str:
    """Return the body."""
    parts = [
        f"# {markdown(facts.name)}",
        markdown(card.statement("description") or card.model.description or "No description was given."),
        *_standing(facts),
        "## What people say",
        _statements(card),
        "## Metrics",
        "The maker's own numbers.",
        _metrics(card),
        *(part for report in card.fairness for part in _fairness(report)),
        "## Made from",
        _lineage(facts, card),
        *_doubts(card),
        "## Check it",
        _check(facts),
    ]
    return "\n" + "\n\n".join(part for part in parts if part) + "\n"


def _standing(facts: Exported) -> Iterator[str]:
    if facts.revoked:
        said = f"by {facts.revoked.by} at {facts.revoked.time}: {facts.revoked.text}"
        yield f"**REVOKED** {markdown(said)}"
    rows = [
        (let.stage, let.kind + (", override" if let.override else ""), let.deed.by, let.deed.time, let.until or "now")
        for let in facts.promotions
    ]
    if rows:
        yield "## Where it served\n\n" + _table(("Stage", "Kind", "By", "From", "Until"), rows)
    if facts.gates:
        yield f"## Checks\n\n{markdown(facts.gates.title)}: {markdown(in_words(facts.gates))}\n\n{_gates(facts.gates)}"
    made = [(m.stage, m.decision, m.deed.by, m.role, m.meaning, m.deed.time) for m in facts.decisions]
    if made:
        yield "## Decisions\n\n" + _table(("Stage", "Decision", "By", "As", "Meaning", "At"), made)


def _gates(gates: GateReport) -> str:
    rows = [(check.gate, str(check.verdict), check.required, check.found) for check in gates.checks]
    return _table(("Check", "Verdict", "Required", "Found"), rows)


def _statements(card: Card) -> str:
    rows = [(text.human(name), " ".join(text.lines(card.statement(name)))) for name in STATEMENTS]
    lines = [f"| {markdown(label)} | {markdown(said) if said else _NONE} |" for label, said in rows]
    return "\n".join(["| | |", "|---|---|", *lines, f"| Risk tier | {markdown(card.statements.tier)} |"])


def _metrics(card: Card) -> str:
    rows = [(m.name, *_cells(m.measure, None), m.path) for m in card.metrics]
    return _table(("Metric", "Value", "Interval", "n", "File"), rows) if rows else "_None are declared._"


def _fairness(report: Fairness) -> Iterator[str]:
    said = f"Favourable outcome: {markdown(report.outcome)}" if report.outcome else ""
    yield f"## Fairness\n\n{said}" if said else "## Fairness"
    for name, attribute in sorted(report.attributes.items()):
        rows = [
            (label, rate, *_cells(measure, group.n))
            for label, group in sorted(attribute.groups.items())
            for rate, measure in sorted(group.rates.items())
        ]
        rows += [
            (f"{kind} over the groups", rate, *_cells(measure, None))
            for kind, rates in (("difference", attribute.difference), ("ratio", attribute.ratio))
            for rate, measure in sorted(rates.items())
        ]
        yield f"### By {markdown_code(name)}\n\n{_table(('Group', 'Rate', 'Value', 'Interval', 'n'), rows)}"


def _cells(measure: Measure, n: int | None) -> tuple[str, str, str]:
    """Return value or what is wrong with it, interval, and n."""
    value = measure.problem or ("none" if measure.value is None else text.number(measure.value))
    interval = ""
    if measure.interval is not None:
        low, high = map(text.number, measure.interval)
        interval = f"{low} to {high}" + (f" ({text.percent(measure.level)})" if measure.level is not None else "")
    count = n if measure.n is None else measure.n
    return value, interval, "" if count is None else text.number(count)


def _lineage(facts: Exported, card: Card) -> str:
    items = [("weights", card.weights), *(("data", item) for item in card.lineage.data)]
    items += [("evaluation data", item) for item in card.evaluation_data]
    rows = [("commit", "", facts.commit), ("card", "card.json", facts.card)]
    rows += [(what, item.path, item.sha256 or item.md5 or "not known") for what, item in items]
    return _table(("What", "Path", "Digest"), rows)


def _doubts(card: Card) -> Iterator[str]:
    rows = [("problem", said) for said in card.lineage.problems] + [("gap", said) for said in card.lineage.gaps]
    if rows:
        yield _table(("What is wrong or not known", ""), rows)


def _check(facts: Exported) -> str:
    proof = f"govkit verify {facts.model} --stage STAGE"
    return (
        f"This page speaks for the log with the root of trust {markdown_code(facts.root)} as it was at "
        f"{markdown(facts.time)}, with {facts.head.size} events. It proves nothing: in a clone of the repository, "
        f"{markdown_code(proof)} does."
    )


def _table(head: Cells, rows: Iterable[Cells]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(tuple(head))]
    return "\n".join([*lines, *("| " + " | ".join(markdown(cell) for cell in row) + " |" for row in rows)])
