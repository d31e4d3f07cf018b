"""One event as one line: what it says, that it never changes, and that no text can act in it."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from govkit.core import digests, formats, keys, logline, merkle, records
from govkit.core.judged import Status
from govkit.core.logline import Lines, LogLine, Wanted
from tests.unit.core.simulator import MODEL, World, key

EVIL = '"}\n{"schema":"govkit.logline/v1"}\r\x1b[2J\u2028\u202e\x85\ud83d\ude00\x00'


def lines(world: World) -> list[LogLine]:
    """Return the lines of a world's log."""
    maker = Lines(world.state)
    return [maker.line(judged) for judged in world.state.judged]


def test_what_a_line_says(serving: World) -> None:
    """Place, identity, digest of the file, head, verdict, times, who, with which key, and about what."""
    found = lines(serving)
    assert [line.type for line in found[1:3]] == ["version.registered", "request.opened"]
    decision = next(line for line in found if line.type == "decision.recorded")
    judged = serving.state.judged[decision.index]
    assert (decision.version, decision.stage) == ("1.0.0", "production")  # by the request that it decides
    assert decision.digest == digests.sha256(serving.entries[decision.index].event or b"")
    assert decision.id == judged.id
    assert decision.head.root == merkle.text(serving.state.tree.roots[decision.index + 1])
    assert (decision.actor, decision.person, decision.verdict) == ("bob", "bob", "good")
    assert decision.key is not None and decision.key.startswith("SHA256:")
    assert decision.words == "I have read the card"
    assert found[-1].tag == f"{MODEL}#production#1"
    assert found[0].subject == "*"


def test_lines_fit_their_schema_and_never_change(serving: World) -> None:
    """Those of a log are the first ones of the longer log, whatever came later."""
    before = [logline.text(line) for line in lines(serving)]
    serving.revoke("1.0.0")
    serving.fork()
    after = [logline.text(line) for line in lines(serving)]
    assert after[: len(before)] == before
    validator = Draft202012Validator(formats.json_schema(logline.SCHEMA))
    assert [list(validator.iter_errors(json.loads(text))) for text in after] == [[]] * len(after)
    assert list(validator.iter_errors({**json.loads(after[0]), "more": 1})) != []


def test_what_is_not_good_is_told_as_such(registered: World) -> None:
    """Somebody else's name, no signature, another history, bytes that are none: each with verdict and reason."""
    registered.request("1.0.0", actor="bob", signer=key("carol"))
    registered.request("1.0.0", signer=None)
    registered.fork()
    entry = registered.entries[-1]
    registered.append(type(entry)(b"junk", None, None, "no signature"))
    other, unsigned, fork, junk = lines(registered)[2:]
    assert (other.verdict, other.actor, other.person) == ("inert", "bob", "carol")
    assert (unsigned.verdict, unsigned.person, unsigned.key) == ("inert", None, None)
    assert fork.verdict == "conflict" and "another history" in fork.why
    assert (junk.verdict, junk.type, junk.actor, junk.digest, junk.subject) == ("inert", None, None, None, "*")
    assert junk.body == {} and junk.claimed_time is None
    assert {line.effective_time for line in (other, unsigned, fork, junk)} == {registered.state.effective}


def test_no_text_makes_a_line_or_acts(registered: World) -> None:
    """Whatever stands in a reason, the line is one line of printable ASCII, and nothing of the text is lost."""
    evil = EVIL.encode("utf-16", "surrogatepass").decode("utf-16")
    registered.request("1.0.0", body={"reason": evil, "ticket": evil})
    line = lines(registered)[-1]
    text = logline.text(line)
    assert line.verdict is not None and line.words == evil
    assert re.fullmatch(r"[\x20-\x7e]+", text)
    assert json.loads(text) == records.to_value(line)
    assert text.count('"schema":') == 1


@pytest.mark.parametrize(
    ("wish", "types"),
    [
        (Wanted(models=frozenset({"other"})), []),
        (Wanted(models=frozenset({"*"})), ["policy.adopted"]),
        (Wanted(types=frozenset({"decision"})), ["decision.recorded"] * 2),
        (Wanted(types=frozenset({"promotion.recorded"})), ["promotion.recorded"]),
        (Wanted(types=frozenset({"promo"})), []),
        (Wanted(people=frozenset({"carol"})), ["decision.recorded"]),
        (Wanted(people=frozenset({"bob", "erin"})), ["decision.recorded", "promotion.recorded"]),
        (Wanted(stages=frozenset({"staging"})), []),
        (Wanted(stages=frozenset({"production"}), after=4), ["decision.recorded", "promotion.recorded"]),
        (Wanted(until="2026-01-05T09:00:59Z"), ["policy.adopted"]),
        (Wanted(since="2026-01-06T00:00:00Z"), []),
    ],
)
def test_choosing(serving: World, wish: Wanted, types: list[str]) -> None:
    """By model, type or the first word of types, person, stage, place and time; each narrows."""
    assert [line.type for line in lines(serving) if wish.takes(line)] == types


def test_nobody_hides_by_a_name_or_a_date(registered: World) -> None:
    """Who uses somebody's name, or their key under another name, is found under both; dating back hides nothing."""
    registered.request("1.0.0", actor="bob", signer=key("carol"))
    line = lines(registered)[-1]
    assert all(Wanted(people=frozenset({who})).takes(line) for who in ("bob", "carol"))
    before = registered.state.effective
    judged = registered.request("1.0.0", event={"time": "2020-01-01T00:00:00Z"})
    late = lines(registered)[-1]
    assert judged.status is Status.GOOD and late.claimed_time == "2020-01-01T00:00:00Z"
    assert Wanted(since=before).takes(late)


def test_key_of_nobody_has_a_fingerprint_and_no_person(registered: World) -> None:
    """A key that the policy does not know is told as it is."""
    registered.request("1.0.0", signer=key("mallory"))
    line = lines(registered)[-1]
    assert (line.person, line.verdict) == (None, "inert")
    assert line.key == keys.fingerprint(key("mallory"))
