"""Somebody who holds a key stops the log: an event for another history, or one that no rule knows.

Nothing is proven while it stands. An administrator quorum acknowledges it; it then has no effect, and is seen for ever.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawlog import force
from world import MODEL, World

from govkit.core import canonical

ELSEWHERE = {"size": 2, "root": "sha256:" + "0" * 64}


def conflict(world: World) -> None:
    """An event that is signed for another history of the log."""
    world.push_signed("ada", type="version.revoked", body={"version": "1.0.0", "reason": "x"}, log=ELSEWHERE)


def unknown_type(world: World) -> None:
    """An event of a type that does not exist, with evidence that it does not bring."""
    content = world.make_event(actor="ada", type="model.blessed", evidence={"blessing": b"x"})
    world.push_event(content, world.sign("ada", content))


def unknown_schema(world: World) -> None:
    """An event of a schema to come."""
    value = canonical.decode(world.make_event(actor="ada", type="model.blessed"))
    content = canonical.encode({**value, "schema": "govkit.event/v9"})
    world.push_event(content, world.sign("ada", content))


@pytest.fixture(params=[conflict, unknown_type, unknown_schema], ids=lambda attack: attack.__name__)
def stopped(request: pytest.FixtureRequest, promoted: World) -> World:
    """A log that a key holder stopped at its last event."""
    attack: Callable[[World], None] = request.param
    promoted.verify()
    attack(promoted)
    return promoted


def index(world: World) -> int:
    """Return the place of the one violation."""
    (found,) = world.log().state.violations
    return found


def test_quorum_acknowledges_it(stopped: World) -> None:
    """Nothing is proven and nothing written until the quorum has spoken; then everything is, with a note."""
    at = index(stopped)
    code = stopped.verify(expect=None).code
    assert code in (1, 3)
    assert code == stopped.govkit("register", f"{MODEL}@2.0.0", as_="ada", expect=None).code
    assert f"govkit violation request {at} -m WHY" in stopped.govkit("status", expect=None).text
    assert f"next: find out what happened, then govkit violation request {at}" in stopped.govkit("violation").text
    asked = stopped.govkit("violation", "request", str(at), "-m", "an old laptop", as_="rita").text
    name = f"acknowledge#{at + 1}"
    assert f"govkit approve '{name}'" in asked
    assert "is not approved" in stopped.govkit("violation", "acknowledge", str(at), as_="rita", expect=1).text
    assert f"'{name}' needs admin" in stopped.govkit("violation").text
    shown = stopped.govkit("approve", name, as_="victor").text
    assert f"the violation: event {at} is" in shown
    assert f"acknowledge: govkit violation acknowledge {at}" in stopped.govkit("status", as_="rita", expect=None).text
    stopped.verify(expect=code)
    stopped.govkit("violation", "acknowledge", str(at), as_="rita")
    said = f"acknowledged by rita in event {at + 3}: an old laptop"
    for result in (stopped.verify(), stopped.govkit("log", "verify"), stopped.govkit("status")):
        assert said in result.text
    assert stopped.govkit("violation", "--format", "json").json["items"][0]["acknowledged"] == at + 3
    stopped.retrain(0.9)
    stopped.register("2.0.0")
    assert "PROVEN" in stopped.verify().text


def test_it_does_not_come_back(stopped: World) -> None:
    """Whoever can push, without a key, cannot bring back what was acknowledged by appending it once more."""
    at = index(stopped)
    log = stopped.log()
    files = log.files(stopped.repository(), at)
    stopped.push_event(files["event.json"], files["event.json.sig"])
    assert (str(stopped.last().status), stopped.last().reason) == ("inert", f"a replay: the same stands at {at}")
    stopped.govkit("violation", "request", str(at), "-m", "x", as_="rita")
    stopped.govkit("approve", f"acknowledge#{at + 2}", as_="victor")
    stopped.govkit("violation", "acknowledge", str(at), as_="rita")
    stopped.push_event(files["event.json"], files["event.json.sig"])
    assert str(stopped.last().status) == "inert"
    stopped.verify()


def test_nobody_else_and_nothing_else(stopped: World) -> None:
    """Only administrators ask and acknowledge, only on a request, and nobody approves their own."""
    at = str(index(stopped))
    assert "holds none of the roles" in stopped.govkit("violation", "request", at, "-m", "x", as_="ada", expect=1).text
    assert "nobody has asked" in stopped.govkit("violation", "acknowledge", at, as_="rita", expect=2).text
    assert "a request needs a reason" in stopped.govkit("violation", "request", at, as_="rita", expect=2).text
    assert "is no violation" in stopped.govkit("violation", "request", "3", "-m", "x", as_="rita", expect=2).text
    stopped.govkit("violation", "request", at, "-m", "x", as_="rita")
    name = f"acknowledge#{int(at) + 1}"
    assert "asks for this already" in stopped.govkit("violation", "request", at, "-m", "y", as_="victor", expect=2).text
    assert "nobody approves their own" in stopped.govkit("approve", name, as_="rita", expect=1).text
    stopped.govkit("reject", name, "-m", "not yet", as_="victor")
    assert "a reject by victor holds" in stopped.govkit("violation", "acknowledge", at, as_="rita", expect=1).text


def test_decision_in_a_file(stopped: World) -> None:
    """An administrator who cannot push signs into a file, and somebody carries it while the violation stands."""
    at = index(stopped)
    stopped.govkit("violation", "request", str(at), "-m", "x", as_="rita")
    file = str(stopped.folder / "decision.json")
    stopped.govkit("approve", f"acknowledge#{at + 1}", "--output", file, as_="victor")
    stopped.govkit("submit", file)
    stopped.govkit("violation", "acknowledge", str(at), as_="rita")
    stopped.verify()


def test_dry_run_writes_nothing(stopped: World) -> None:
    """With --dry-run the log stays as it is."""
    before, at = stopped.git("rev-parse", "govkit/log"), str(index(stopped))
    assert "nothing was written" in stopped.govkit("violation", "request", at, "-m", "x", "--dry-run", as_="rita").text
    assert stopped.git("rev-parse", "govkit/log") == before


def test_missing_evidence_is_no_violation(requested: World) -> None:
    """That evidence is missing may be this clone's fault, so nobody can acknowledge it."""
    body = {"request": requested.log().state.find_request(f"{MODEL}@1.1.0#production").id}
    body |= {"role": "validator", "decision": "approve", "meaning": "yes"}
    content = requested.make_event(actor="vera", type="decision.recorded", body=body, evidence={"card.json": b"x"})
    requested.push_event(content, requested.sign("vera", content))
    assert str(requested.last().status) == "undecided"
    at = str(requested.last().index)
    assert "no violations" in requested.govkit("violation").text
    text = requested.govkit("violation", "request", at, "-m", "x", as_="rita", expect=3).text
    assert f"event {at} cannot be decided" in text
    assert "govkit violation request" not in text


def test_another_history_in_a_tag_is_not_overlooked(stopped: World) -> None:
    """What a tag shows of a tail that was cut off refuses the acknowledgement as well."""
    at = index(stopped)
    stopped.retrain(0.9)
    head = stopped.git("rev-parse", "govkit/log")
    force(stopped, f"{head}~1")
    stopped.register("2.0.0")
    stopped.retrain(0.95)
    stopped.register("2.1.0")
    force(stopped, head)
    text = stopped.govkit("violation", "request", str(at), "-m", "x", as_="rita", expect=1).text
    assert "part of the log is missing here" in text


def test_control(promoted: World) -> None:
    """Without a violation there is nothing to acknowledge."""
    assert "no violations" in promoted.govkit("violation").text
    assert "violations: none" in promoted.govkit("violation", "request", "3", "-m", "x", as_="rita", expect=2).text
    promoted.verify()
