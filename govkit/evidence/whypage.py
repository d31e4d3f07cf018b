"""The page of ``govkit why``: one document that a terminal, Markdown and HTML show alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from govkit.cards import text
from govkit.core.card import Item
from govkit.core.gates.base import Check, Verdict
from govkit.core.verdict import Outcome
from govkit.core.why import Made, Point, Ruling, Signed, Turn, Voice, Why
from govkit.evidence.whyglossary import words
from govkit.evidence.whywords import TURNS, asked_turn, verdict, who
from govkit.reports.document import Block, Cell, Document, Facts, Paragraph, Quote, Section, Table, said

_TONES: dict[Outcome, Verdict] = {
    "proven": Verdict.PASS,
    "refused": Verdict.FAIL,
    "undecided": Verdict.INCONCLUSIVE,
}
_SAID = {"approve": "yes", "reject": "NO", "lift": "lifts a no"}
_REPRODUCED = {
    "identical": "the same bytes came out",
    "within-tolerance": "the same came out, within the tolerance",
    "different": "SOMETHING ELSE CAME OUT",
}


def document(found: Why) -> Document:
    """Return the page of an answer."""
    sections = [*_sections(found)]
    page = Document(
        kind=f"Why {found.model} in {found.stage}",
        title=_title(found),
        verdict=verdict(found.proof),
        tone=_TONES[found.proof.verdict],
        lead=found.answer,
        alarms=[said(alarm) for alarm in _alarms(found)],
        facts=_strip(found),
        sections=sections,
        foot=_foot(found),
    )
    return words(page)


def _title(found: Why) -> str:
    when = "now" if not found.asked else f"at {found.instant}" if found.instant else f"after event {found.event}"
    what = f"{found.model}@{found.let_in.version}" if found.let_in else f"no version of {found.model}"
    return f"{what} in {found.stage}, {when}"


def _alarms(found: Why) -> Iterator[str]:
    proof = found.proof
    for check in [*proof.checks, *(proof.today if proof.about == "serving" else [])]:
        if not check.verdict.opens:
            yield f"{check.gate}: {check.found}" + (f" - what to do: {check.fix}" if check.fix else "")
    if found.let_in is not None and found.let_in.override:
        yield "This was let in by break-glass: the usual requirements and the usual approval were overridden."
    if found.revoked is not None and (found.let_in is None or proof.about != "serving"):
        since = "" if found.revoked.then else "since then "
        signed = found.revoked.signed
        yield f"The version was {since}revoked, by {who(signed)} at {signed.claimed}: “{found.revoked.reason}”"
    yield from (note for note in found.notes if note.startswith("THE MIRROR"))


def _strip(found: Why) -> Facts:
    let_in = found.let_in
    pairs = [("Stage", Cell(found.stage))]
    if let_in is not None:
        pairs += [("Version", Cell(let_in.version)), ("Let in", when(let_in.signed))]
        pairs += [
            ("Until", when(found.until) if found.until else Cell("today", note="it still is what the log has there"))
        ]
        pairs += [("By", Cell(who(let_in.signed)))]
    pairs += [("Last event that counts", Cell("none" if found.event is None else str(found.event)))]
    return Facts(pairs)


def when(signed: Signed) -> Cell:
    """Return a claimed time, and beside it when mirrors received the event."""
    notes = [f"counts from {signed.counted}"] if signed.counted != signed.claimed else []
    notes += [f"mirror {one.mirror} had it at {one.time}" for one in signed.mirrored]
    return Cell(f"{signed.claimed} (claimed)", "time", note="; ".join(notes))


def _event(signed: Signed) -> Cell:
    return Cell(str(signed.index), "number")


def _sections(found: Why) -> Iterator[Section]:
    notes = [note for note in found.notes if not note.startswith("THE MIRROR")]
    if notes:
        yield Section("note", "What to know first", [Paragraph(note) for note in notes])
    if found.let_in is not None:
        yield Section("served", "What served, and since when", [*_served(found)])
        if found.made is not None:
            yield Section("made", "What it was made from", [*_made(found.made)])
        yield Section("required", "What was required of it, and what was found", [*_required(found)])
        yield Section("decided", "Who decided, in their own words", [*_decided(found)])
        yield Section("policy", "By which rules", [*_policies(found)])
        yield Section("aside", "What was set aside", [*_aside(found)])
        yield Section("open", "Conditions, and what was left to do", [*_points(found.points)])
    turn = asked_turn(found)
    if found.standing == "cleared" and turn is not None:
        by = f"{who(turn.signed)}, {when(turn.signed).text}"
        yield Section("emptied", "Why it was empty", [Quote(by, turn.reason)])
    yield Section("turns", "What came before, and after", [*_turns(found)])
    yield Section("proof", "Whether all of it still proves", [*_proof(found)])


# -- what served ------------------------------------------------------------------------------------------------------


def _served(found: Why) -> Iterator[Block]:
    let_in = found.let_in
    if let_in is None:
        return
    pairs = [("Version", Cell(f"{found.model}@{let_in.version}")), ("Came in", Cell(TURNS[let_in.kind]))]
    pairs += [("Let in by", Cell(who(let_in.signed))), ("When", when(let_in.signed))]
    pairs += [("Let in first", Cell(f"by {who(let_in.first)}, {when(let_in.first).text}"))] if let_in.first else []
    pairs += [("Until", when(found.until) if found.until else Cell("nothing has come after it"))]
    pairs += [("Signed tag", Cell(let_in.tag, "code")), ("Event of the log", Cell(str(let_in.signed.index)))]
    pairs += [("May serve until", Cell(let_in.expires))] if let_in.expires and let_in.override else []
    pairs += [("To be approved again by", Cell(let_in.review_by))] if let_in.review_by else []
    yield Facts(pairs)
    if let_in.reason:
        yield Quote(
            f"{who(let_in.signed)}, when letting it in"
            + (f", under the ticket “{let_in.ticket}”" if let_in.ticket else ""),
            let_in.reason,
        )
    if found.ran:
        rows = [[Cell(one.environment), Cell(one.status), Cell(one.by), Cell(one.time)] for one in found.ran]
        yield Table(
            "Where it was reported to run, the last report of each place",
            ["Place", "Status", "Reported by", "When (claimed)"],
            rows,
        )
    else:
        yield Paragraph("Nobody reported where it ran: this page tells what was allowed to serve.", "note")


def _made(made: Made) -> Iterator[Block]:
    weights = made.weights
    pairs = [("Code, the commit", Cell(made.commit.partition(":")[2], "code", note=made.subject))]
    pairs += [("Written by", Cell(made.author, note="as the commit itself says"))] if made.author else []
    pairs += [
        ("Weights", Cell(weights.path, "code", note=f"{weights.sha256 or 'no digest'}, {text.size(weights.size)}"))
    ]
    pairs += [("Registered by", Cell(who(made.registered))), ("Registered", when(made.registered))]
    yield Facts(pairs)
    if made.data:
        yield Table("Data", ["File or folder", "SHA-256", "Size", "From"], [_item(item) for item in made.data])
    else:
        yield Paragraph("No data snapshot is known.", "note")
    if made.parameters:
        values = [text.reported(one.value, text.exact) for one in made.parameters]
        rows = [[Cell(p.name), Cell(v), Cell(p.file, "code")] for p, v in zip(made.parameters, values, strict=True)]
        yield Table("Parameters", ["Name", "Value", "File"], rows)
    if made.code:
        rows = [[Cell(f.path, "code"), Cell(f.sha256, "digest"), Cell(text.size(f.size), "number")] for f in made.code]
        yield Table("Code that it depends on", ["File", "SHA-256", "Size"], rows)
    yield from (Paragraph(f"Not known: {gap}.") for gap in made.gaps)
    for one in made.reproduced:
        yield Paragraph(
            f"Made again by {who(one.signed)}, {when(one.signed).text}: {_REPRODUCED.get(one.verdict, one.verdict)}."
        )
    if not made.reproduced:
        yield Paragraph(
            "Nobody has recorded that they made it again: the numbers on this page are those of whoever made it.",
            "note",
        )


def _item(item: Item) -> list[Cell]:
    digest = item.sha256 or (f"md5:{item.md5}" if item.md5 else "not known")
    return [
        Cell(item.path, "code"),
        Cell(digest, "digest"),
        Cell(text.size(item.size), "number"),
        Cell(item.source or "made by the pipeline", ""),
    ]


# -- who let it in ----------------------------------------------------------------------------------------------------


def _required(found: Why) -> Iterator[Block]:
    gates = found.gates
    if gates is None:
        yield Paragraph("It cannot be told; see above why.", "alarm")
        return
    yield Paragraph("Decided again today from the record, as of when the version was let in.", "note")
    yield checks("Requirements, and how the version stood", gates.checks)
    if gates.overridden:
        yield Paragraph("The usual requirements below were NOT met, and were passed over by break-glass.", "alarm")
        yield checks("Passed over", gates.overridden)


def checks(caption: str, found: Sequence[Check]) -> Table:
    """Return checks as a table: the requirement, how it came out, what was required, what was found."""
    rows = [
        [
            Cell(c.gate),
            Cell(c.verdict, "verdict"),
            Cell(c.required),
            Cell(c.found, note=c.champion and f"the version before: {c.champion}"),
        ]
        for c in found
    ]
    return Table(caption, ["Requirement", "Outcome", "Required", "Found"], rows)


def _decided(found: Why) -> Iterator[Block]:
    for one in found.requests:
        ticket = f", under the ticket “{one.ticket}”" if one.ticket else ""
        yield Quote(f"{who(one.signed)} asked, {when(one.signed).text}{ticket}", one.reason)
    if found.decisions:
        yield voices("Decisions", found.decisions)
    else:
        yield Paragraph("No decision by anybody is on record.", "alarm")


def voices(caption: str, found: Sequence[Voice]) -> Table:
    """Return decisions as a table."""
    rows = [
        [
            Cell(who(one.signed), note=f"as {one.role}"),
            Cell(
                {"approve": "yes", "reject": "NO", "lift": "lifts a no"}[one.decision],
                note="" if one.counted else one.note,
            ),
            Cell(_words(one)),
            when(one.signed),
            _event(one.signed),
        ]
        for one in found
    ]
    return Table(caption, ["Who", "Said", "In words", "When", "Event"], rows)


def _words(voice: Voice) -> str:
    conditions = "".join(f" — ON CONDITION, for {c.owner} until {c.due}: {c.text}" for c in voice.conditions)
    return f"{voice.comment or voice.meaning}{conditions}"


def _policies(found: Why) -> Iterator[Block]:
    for policy in found.policies:
        yield from _policy(policy)


def _policy(policy: Ruling) -> Iterator[Block]:
    yield Facts(
        [
            (f"Policy under which it was {policy.about}", Cell(policy.digest, "digest")),
            ("Which one", Cell(f"number {policy.number} of this log, version {policy.rules} of the log's rules")),
            ("Adopted by", Cell(who(policy.adopted), note="alone, as the one who may" if policy.alone else "")),
            ("When", when(policy.adopted)),
            ("Event of the log", Cell(str(policy.adopted.index))),
        ]
    )
    if policy.adopted.index == 0:
        yield Paragraph("It is the first policy, with which the log was opened: nobody had to approve it.", "note")
    if policy.reason:
        yield Quote("Why it was asked for", policy.reason)
    if policy.decisions:
        yield voices("Who approved this policy", policy.decisions)


def _aside(found: Why) -> Iterator[Block]:
    let_in = found.let_in
    if let_in is not None and let_in.override:
        until = f" until {let_in.expires}" if let_in.expires else ""
        yield Paragraph(f"Break-glass: for an emergency it was let in past the usual requirements{until}.", "alarm")
    if found.waived:
        rows = [
            [
                Cell(one.gate),
                Cell(who(one.signed)),
                Cell(one.reason, note=one.ticket),
                Cell(one.expires),
                when(one.signed),
            ]
            for one in found.waived
        ]
        yield Table("Requirements that were waived", ["Requirement", "By", "Why", "Until", "When"], rows)
    no = [one for one in found.decisions if one.decision == "reject"]
    if no:
        names = ", ".join(dict.fromkeys(who(one.signed) for one in no))
        yield Paragraph(f"Somebody had said no, and it no longer held when the version was let in: {names}.", "alarm")
    if not (let_in and let_in.override) and not found.waived and not no:
        yield Paragraph("Nothing: no emergency, no waiver, and nobody had said no.")


def _points(found: Sequence[Point]) -> Iterator[Block]:
    if not found:
        yield Paragraph("Nothing was left to do that anybody wrote down.")
        return
    rows = [
        [
            Cell(one.name),
            Cell(one.text, note=f"opened by {who(one.opened)}"),
            Cell(one.owner, note=f"until {one.due}"),
            Cell(one.then),
            Cell(one.today, note=f"{who(one.closed)}: {one.resolution}" if one.closed else ""),
        ]
        for one in found
    ]
    yield Table("What was to be done", ["Name", "What", "Who sees to it", "Then", "Today"], rows)


# -- around it --------------------------------------------------------------------------------------------------------


def _turns(found: Why) -> Iterator[Block]:
    if not found.turns:
        yield Paragraph(f"Nothing was ever let into {found.stage}.")
        return
    if asked_turn(found) is None:
        yield Paragraph("All of this came after the time that is asked about.")
    rows = [
        [
            Cell(one.version or "nothing", note=TURNS[one.kind] + ("; THE ONE ASKED ABOUT" if one.asked else "")),
            when(one.signed),
            Cell(who(one.signed)),
            Cell(one.reason),
            _event(one.signed),
        ]
        for one in _around(found)
    ]
    yield Table(
        f"What the log has for {found.stage}, oldest first", ["What served", "From", "By", "Why", "Event"], rows
    )
    left_out = len(found.turns) - len(rows)
    if left_out:
        yield Paragraph(f"{left_out} changes further away are left out; --format json has them all.", "note")


def _around(found: Why, many: int = 10) -> list[Turn]:
    place = next((n for n, turn in enumerate(found.turns) if turn.asked), 0)
    return found.turns[max(0, place - many) : place + many + 1]


def _proof(found: Why) -> Iterator[Block]:
    proof = found.proof
    about = {
        "serving": "The same checks as 'govkit verify' makes before anything is deployed.",
        "record": "The verifier's checks on how it was let in. What has come since does not touch what was.",
        "empty": "That the log is whole, and that its signed tags are all there.",
    }[proof.about]
    yield Paragraph(f"{verdict(proof)}. {about}", "" if proof.verdict == "proven" else "alarm")
    above = found.gates.checks if found.gates else []
    again = [check for check in proof.checks if check in above]
    if again:
        names = ", ".join(check.gate for check in again)
        yield Paragraph(f"What was required then was decided again, and came out as above: {names}.")
    yield checks("What else was checked today", [check for check in proof.checks if check not in above])
    if proof.today:
        keeps = "What has come since" if proof.about == "serving" else "What would keep it from serving today"
        yield checks(keeps, proof.today)
    yield from (Paragraph(f"Seen: {note}.", "note") for note in proof.notes)


def _foot(found: Why) -> list[str]:
    where = f" of {found.repository}" if found.repository else ""
    return [
        "Times are in UTC, and are what signers claim; what is proven is the order of the events."
        + (
            " A mirror's time is by its own clock, and shows that the event is no younger."
            if _has_mirrors(found)
            else ""
        ),
        f"This speaks for the log{where} with {found.head.size} events, {found.head.root}; "
        f"it begins with {found.root}.",
        f"Check it yourself: govkit log verify --root {found.root}; govkit verify {found.model} --stage {found.stage}",
    ]


def _has_mirrors(found: Why) -> bool:
    return any(turn.signed.mirrored for turn in found.turns)
