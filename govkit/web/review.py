"""The review: pages on which somebody reads a card with what the log knows, decides, and signs.

Each place is a number that this process gave out; nothing that a browser sends names a file, a repository or a plan.
What will be signed is kept here from the moment it was shown, and never comes back from a form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from govkit.core.errors import GovkitError, Undecided, Usage
from govkit.core.policy import Choice
from govkit.storage.remote import NotTaken
from govkit.web import reviewpages as pages
from govkit.web.forms import FIELD, Forms
from govkit.web.loopback import Answer, NotThere, WrongMethod
from govkit.workflow import decide, review, statement, waiting
from govkit.workflow.choices import CHOICES
from govkit.workflow.decide import Words
from govkit.workflow.review import Prepared, Receipt, Seen
from govkit.workflow.session import Session
from govkit.workflow.statement import Statement

_LONG = 20_000
#: What a file is called that holds a signed decision.
FILENAME = "decision.json"


class _Filled(Struct, frozen=True):
    """What somebody typed, to be shown again."""

    role: str = ""
    way: str = ""
    comment: str = ""


class _Step(Struct):
    """A decision between its confirmation and its receipt."""

    item: int
    prepared: Prepared
    receipt: Receipt | None = None


class Desk(Struct):
    """What is reviewed.

    Attributes:
        sessions: the repositories.
        items: requests that have a page, each with its repository; a page's number is its place here.
        alone: whether there is one request, and no list; the server then ends after its receipt.
        troubles: repositories that could not be opened.
        target: a file that the signed decision goes to instead of the log, or None.
    """

    sessions: list[Session]
    items: list[tuple[Session, str]] = field(default_factory=list)
    alone: bool = False
    troubles: list[tuple[str, GovkitError]] = field(default_factory=list)
    target: Path | None = None

    def number(self, session: Session, request: str) -> int:
        """Return the number of a request's page, which it gets when it is first listed."""
        for index, item in enumerate(self.items):
            if item == (session, request):
                return index
        self.items.append((session, request))
        return len(self.items) - 1


_Route = Callable[..., Answer]


class ReviewSite:
    """What :class:`govkit.web.loopback.Loopback` serves for a desk.

    Args:
        desk: what is reviewed.
        base: returns the path below which the site lies.
    """

    def __init__(self, desk: Desk, base: Callable[[], str]) -> None:
        self._desk, self._base = desk, base
        self._forms: Forms[Any] = Forms()
        self._steps: list[_Step] = []
        self._statements: list[tuple[int, Statement]] = []
        number = r"([0-9]{1,6})"
        self._looks: list[tuple[str, _Route]] = [
            ("", self._home),
            (f"request/{number}", self._request),
            (f"confirm/{number}", self._confirm),
            (f"receipt/{number}", self._receipt),
            (f"receipt/{number}/{FILENAME}", self._decision_file),
            (f"statement/{number}", self._statement),
            (f"statement/{number}/event.json", self._event_file),
        ]
        self._deeds: list[tuple[str, _Route]] = [
            (f"request/{number}", self._prepare),
            (f"request/{number}/statement", self._make_statement),
            (f"confirm/{number}/sign", self._sign),
            (f"confirm/{number}/file", self._sign_to_file),
            (f"statement/{number}/signature", self._hand_in),
        ]

    # -- what the server asks ---------------------------------------------------------------------------------------

    def get(self, path: str) -> Answer:
        """Answer a look."""
        return self._find(path, self._looks, self._deeds, "POST")()

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Answer a form, if it is one that was served here and not sent yet."""
        route = self._find(path, self._deeds, self._looks, "GET")
        value = self._forms.take(path, form.get(FIELD, ""))
        if value is None:
            raise Usage(
                "this form was sent before, or was not served here",
                why="each form works once, so that nothing is signed twice",
                fix="open the page anew",
            )
        return route(value, form)

    def error(self, status: int, error: GovkitError) -> Answer:
        """Return the page that tells an error; it links to nothing, as whoever sees it may not have been let in."""
        return pages.error(status, error)

    def welcome(self, address: str) -> Answer:
        """Return the page that leads on."""
        return pages.page("welcome", "Welcome", address=address)

    def _find(
        self, path: str, routes: list[tuple[str, _Route]], others: list[tuple[str, _Route]], allow: str
    ) -> Callable[..., Answer]:
        for pattern, route in routes:
            found = re.fullmatch(pattern, path, re.ASCII)
            if found:
                numbers = [int(one) for one in found.groups()]
                return lambda *more: route(*numbers, *more)
        if any(re.fullmatch(pattern, path, re.ASCII) for pattern, _ in others):
            raise WrongMethod(allow)
        raise NotThere

    def _link(self, path: str) -> str:
        return self._base() + path

    def _form(self, path: str, value: Any) -> dict[str, str]:
        return {"action": self._link(path), "token": self._forms.issue(path, value)}

    # -- the list ---------------------------------------------------------------------------------------------------

    def _home(self) -> Answer:
        if self._desk.alone:
            return Answer(status=303, place="request/0")
        rows, troubles = waiting.rows(self._desk.sessions)
        shown = [
            {
                "repository": row.repository,
                "waiting": row.waiting,
                "link": self._link(f"request/{self._desk.number(row.session, row.request)}") if row.paged else "",
                "instead": "read it in a terminal: govkit policy diff",
            }
            for row in rows
        ]
        mine = [one for one, row in zip(shown, rows, strict=True) if row.waiting.mine]
        rest = [one for one, row in zip(shown, rows, strict=True) if not row.waiting.mine]
        tables = [("Waits for you", mine), ("Waits for others", rest)]
        return pages.page(
            "desk",
            "Waiting for me",
            tables=tables,
            troubles=[*self._desk.troubles, *troubles],
            known=len(self._desk.sessions) + len(self._desk.troubles),
        )

    # -- the card and the form --------------------------------------------------------------------------------------

    def _item(self, number: int) -> tuple[Session, str]:
        if number >= len(self._desk.items):
            raise NotThere
        return self._desk.items[number]

    def _request(self, number: int, filled: _Filled | None = None, problem: GovkitError | None = None) -> Answer:
        session, identity = self._item(number)
        seen = review.look(session, identity)
        path, request = f"request/{number}", session.state.requests[identity]
        ways = [(choice, said) for choice in CHOICES for said in decide.meanings(session, choice)]
        asked = decide.roles_asked(session, request, "approve", "")[1] if request.state == "open" else []
        their = self._form(f"{path}/statement", ways)
        typed = filled or _Filled()
        inside = pages.form(
            "decide",
            **self._form(path, seen),
            statement_token=their["token"],
            notes=seen.notes,
            choices=seen.choices,
            problem=problem,
            filled={"role": typed.role, "way": typed.way, "comment": pages.as_typed(typed.comment)},
            asked=asked,
            people=[who for who, one in sorted(session.policy.policy.people.items()) if one.kind == "person"],
            ways=ways,
            home=None if self._desk.alone else self._link(""),
        )
        return pages.card(seen, inside)

    def _prepare(self, number: int, seen: Seen, form: dict[str, str]) -> Answer:
        session, identity = self._item(number)
        typed = _Filled(form.get("role", ""), form.get("way", ""), _comment(form))
        try:
            choice, meaning = _way(seen.choices.ways, typed.way)
            if choice == "reject" and not typed.comment:
                raise Usage("a reject says why", why="the requester must know what to mend", fix="write it below")
            words = Words(typed.role, meaning, typed.comment)
            prepared = review.prepare(session, seen.mark, identity, choice, words)
        except GovkitError as error:
            # The page is made anew, so that it shows what changed; what was typed is not lost.
            return self._request(number, typed, error)
        self._steps.append(_Step(number, prepared))
        return Answer(status=303, place=f"confirm/{len(self._steps) - 1}")

    # -- signing ----------------------------------------------------------------------------------------------------

    def _step(self, number: int) -> _Step:
        if number >= len(self._steps):
            raise NotThere
        return self._steps[number]

    def _confirm(self, number: int, problem: GovkitError | None = None) -> Answer:
        step = self._step(number)
        if step.receipt is not None:
            return Answer(status=303, place=f"receipt/{number}")
        main, file = f"confirm/{number}/sign", f"confirm/{number}/file"
        other = self._form(file, step)
        return pages.page(
            "confirm",
            f"Sign: {step.prepared.choice} {step.prepared.name}",
            **self._form(main, step),
            prepared=step.prepared,
            problem=problem,
            back=self._link(f"request/{step.item}"),
            file_action=other["action"],
            file_token=other["token"],
            target=str(self._desk.target or ""),
        )

    def _sign(self, number: int, step: _Step, _: dict[str, str]) -> Answer:
        session = self._item(step.item)[0]
        if step.receipt is not None:
            return Answer(status=303, place=f"receipt/{number}")
        try:
            if self._desk.target is not None:
                return self._done(number, step, review.sign_to_file(session, step.prepared, self._desk.target))
            return self._done(number, step, review.sign(session, step.prepared))
        except (NotTaken, Undecided) as error:
            return self._confirm(number, error)
        except GovkitError as error:
            return self._request(step.item, _typed(step.prepared), error)

    def _sign_to_file(self, number: int, step: _Step, _: dict[str, str]) -> Answer:
        session = self._item(step.item)[0]
        if step.receipt is not None:
            return Answer(status=303, place=f"receipt/{number}")
        try:
            return self._done(number, step, review.sign_to_file(session, step.prepared))
        except GovkitError as error:
            return self._request(step.item, _typed(step.prepared), error)

    def _done(self, number: int, step: _Step, receipt: Receipt) -> Answer:
        step.receipt = receipt
        return Answer(status=303, place=f"receipt/{number}")

    def _receipt(self, number: int) -> Answer:
        receipt = self._step(number).receipt
        if receipt is None:
            return Answer(status=303, place=f"confirm/{number}")
        to_save = receipt.file is not None and not receipt.saved
        ends = self._desk.alone and not to_save
        page = pages.page(
            "receipt",
            f"Receipt: {receipt.prepared.choice} {receipt.prepared.name}",
            receipt=receipt,
            download=self._link(f"receipt/{number}/{FILENAME}"),
            ends=ends,
            home=None if self._desk.alone else self._link(""),
        )
        return replace(page, last=ends)

    def _decision_file(self, number: int) -> Answer:
        receipt = self._step(number).receipt
        if receipt is None or receipt.file is None:
            raise NotThere
        return _file(receipt.file, FILENAME)

    # -- somebody who has no govkit ---------------------------------------------------------------------------------

    def _make_statement(self, number: int, ways: list[tuple[Choice, str]], form: dict[str, str]) -> Answer:
        session, identity = self._item(number)
        try:
            choice, meaning = _way(ways, form.get("way", ""))
            words = Words(form.get("role", ""), meaning, _comment(form))
            made = statement.make(session, identity, form.get("person", ""), choice, words)
        except GovkitError as error:
            return self._request(number, problem=error)
        self._statements.append((number, made))
        return Answer(status=303, place=f"statement/{len(self._statements) - 1}")

    def _made(self, number: int) -> tuple[int, Statement]:
        if number >= len(self._statements):
            raise NotThere
        return self._statements[number]

    def _statement(self, number: int, problem: GovkitError | None = None) -> Answer:
        item, made = self._made(number)
        return pages.page(
            "statement",
            f"A statement for {made.person}",
            **self._form(f"statement/{number}/signature", made),
            statement=made,
            problem=problem,
            command=statement.COMMAND,
            download=self._link(f"statement/{number}/event.json"),
            back=self._link(f"request/{item}"),
        )

    def _event_file(self, number: int) -> Answer:
        return _file(self._made(number)[1].content, "event.json")

    def _hand_in(self, number: int, made: Statement, form: dict[str, str]) -> Answer:
        item, _ = self._made(number)
        session, _ = self._item(item)
        try:
            written = statement.submit(session, made.content, form.get("signature", "").encode())
        except GovkitError as error:
            return self._statement(number, error)
        return pages.page(
            "handed",
            f"Handed in for {made.person}",
            statement=made,
            index=written.judged.index,
            written=written,
            back=self._link(f"request/{item}"),
        )


def _way(ways: list[tuple[Choice, str]], chosen: str) -> tuple[Choice, str]:
    """Return the decision and its meaning that a form chose from those that were shown."""
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) < 5 and int(chosen) < len(ways)):
        raise Usage("no decision was chosen", fix="choose one of those on the page")
    return ways[int(chosen)]


def _comment(form: dict[str, str]) -> str:
    """Return what was typed as one text, with line ends as everywhere else.

    Raises:
        Usage: if it is too long for an event.
    """
    text = form.get("comment", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > _LONG:
        raise Usage(f"the comment has {len(text):,} characters, and {_LONG:,} are allowed", fix="write less")
    return text


def _typed(prepared: Prepared) -> _Filled:
    return _Filled(prepared.words.role or "", "", prepared.words.comment)


def _file(content: bytes, name: str) -> Answer:
    return Answer(content, kind="application/octet-stream", filename=name)
