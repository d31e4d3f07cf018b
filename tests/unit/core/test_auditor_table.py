"""What rules 2 brought, honest and hostile, for the auditor's ledger: each log here is judged by both (``conftest.py``)."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core.judged import Judged
from govkit.core.rules import Evidence
from tests.unit.core.simulator import (
    MODEL,
    Json,
    Step,
    World,
    card_file,
    digest,
    good,
    key,
    tag_id,
    version_facts,
)
from tests.unit.core.test_rules2 import value2

SOON, LATE, GONE = "2026-01-06T00:00:00Z", "2026-03-01T00:00:00Z", "2020-01-01T00:00:00Z"


def value() -> Json:
    """Return a policy in which production has break-glass and reviews, and findings are closed by who releases, too."""
    found = value2()
    glass = {"approvals": {"quorum": {"role": "risk-owner"}}, "lasts": "3d", "review_within": "5d"}
    found["stages"]["production"]["break_glass"] = glass
    found["stages"]["production"]["approvals"] |= {"review_after": "90d", "forbid": ["registrar"]}
    found["records"]["finding.closed"] = ["validator", "release"]
    found["roles"]["risk-owner"]["people"].append("alice")
    return found


@pytest.fixture
def world() -> World:
    """A world in which 1.0.0 is registered."""
    found = World(value())
    good(found.register("1.0.0"))
    return found


def required(world: World, action: Any = "promote") -> str:
    """Return the digest of what production requires."""
    found = world.policy.requirements(MODEL, "high", "production", action)
    assert found is not None
    return found.digest


def glass(world: World, **body: Any) -> Judged:
    """Ask for production by break-glass."""
    asked = {"action": "break-glass", "ticket": "INC-1", **body}
    return world.request("1.0.0", body=asked, digests={"requirements": required(world, "break-glass")})


def let_in(world: World, **body: Any) -> Judged:
    """Let 1.0.0 in by break-glass, with bob's yes; any part can be another."""
    good(glass(world))
    good(world.decide("bob", "risk-owner"))
    request = world.newest_request()
    said = {
        **{"request": request.id, "decisions": [d.at.id for d in request.decisions], "kind": "break-glass"},
        **{"requirements": required(world, "break-glass"), "expires": SOON, "reason": "outage", "ticket": "INC-1"},
    }
    return world.promote("1.0.0", body={**said, **body})


def usual(world: World, **body: Any) -> Judged:
    """Let 1.0.0 in the usual way; any part can be another."""
    good(world.request("1.0.0"))
    world.approve_all()
    return world.promote("1.0.0", body={"review_by": LATE, **body})


def back(world: World, **body: Any) -> Judged:
    """Let 1.0.0 in, clear the stage, and roll back to it."""
    good(let_in(world))
    good(world.clear())
    return world.promote("1.0.0", kind="rollback", body={"expires": SOON, **body})


def waive(world: World, actor: str = "bob", *, digests: Json | None = None, **changes: Any) -> Judged:
    """Waive ``auc`` for 1.0.0 in production; any part can be another."""
    version = world.state.versions[MODEL, "1.0.0"].body
    bound = {"card": version.card, "weights": version.weights, "data": version.data, "champion": None}
    bound |= {"requirements": required(world), **(digests or {})}
    body = {"gate": "auc", "version": "1.0.0", "stage": "production", "digests": bound, "reason": "agreed"}
    return world.write("waiver.granted", actor, {**body, "expires": LATE, "ticket": "T", **changes}, subject=MODEL)


def conditional(world: World, word: str = "approve", **changes: Any) -> Judged:
    """Approve on a condition; any part can be another."""
    good(world.request("1.0.0"))
    condition = {"text": "watch it", "owner": "dan", "due": LATE, **changes}
    return world.decide("bob", "risk-owner", body={"decision": word, "conditions": [condition], "comment": "so"})


def closes(world: World, actor: str, finding: str | None = None, **options: Any) -> Judged:
    """Close the finding that an override opened."""
    body = {"finding": finding or world.champion().at.id, "resolution": "looked at"}
    return world.write("finding.closed", actor, body, subject=options.pop("subject", MODEL))


def closing(actor: str, times: int = 1, **options: Any) -> Step:
    """Let somebody in by break-glass, and close the review so many times."""

    def step(world: World) -> Judged:
        good(let_in(world))
        for _ in range(times - 1):
            good(closes(world, actor))
        return closes(world, actor, **options)

    return step


def decided(actor: str, role: str, **body: Any) -> Step:
    """Decide on a request for 1.0.0."""

    def step(world: World) -> Judged:
        good(world.request("1.0.0"))
        return world.decide(actor, role, body=body)

    return step


def record(kind: str, actor: str, body: Json, **options: Any) -> Step:
    """Write an event that only records something."""
    return lambda world: world.write(kind, actor, body, subject=MODEL, **options)


def dated(world: World) -> Judged:
    """Register a version with a tag that was dated an hour before its event."""
    then, world.now = world.now, "2026-01-05T12:00:00Z"
    options: Json = {"event": {"time": then}}
    facts = version_facts("1.1.0")
    said = {"ref": f"{MODEL}@v1.1.0", "kind": "register", "version": "1.1.0", **facts, "actor": "alice"}
    file = world.tag_file(said, options)
    return world.register("1.1.0", files={"card.json": card_file("1.1.0"), "tag": file}, body=tag_of(file))


def cardless(world: World) -> Judged:
    """Register a version without its card as evidence."""
    facts = version_facts("1.1.0")
    said = {"ref": f"{MODEL}@v1.1.0", "kind": "register", "version": "1.1.0", **facts, "actor": "alice"}
    file = world.tag_file(said, {})
    return world.register("1.1.0", files={"tag": file}, body=tag_of(file))


def tag_of(file: Evidence) -> Json:
    """Return what a registration says of its tag."""
    return {"tag": {"name": f"{MODEL}@v1.1.0", "id": tag_id(file)}}


def again(world: World) -> Judged:
    """Register the commit of 1.0.0 as another version."""
    first = world.state.versions[MODEL, "1.0.0"].body
    same = {"commit": first.commit}
    return world.register("1.1.0", body=same, tag=same)


FINDING = {"version": "1.0.0", "text": "watch it", "owner": "dan", "due": LATE}
CANARY = {"canary": "c", "step": "start", "version": "1.0.0", "stage": "production", "share": 0.1, "verdict": "pending"}
REPRODUCED = {"version": "1.0.0", "commit": "git-sha1:" + "0" * 40, "outputs": {}, "verdict": "identical"}
DEPLOYED = {"promotion": digest("x"), "environment": "eu", "status": "started"}
#: What is done, and how govkit's ledger judges it: an empty reason is good.
TABLE: dict[str, tuple[Step, str]] = {
    "break-glass": (let_in, ""),
    "break-glass without a ticket": (lambda w: glass(w, ticket=" "), "break-glass needs a ticket"),
    "break-glass for ever": (lambda w: let_in(w, expires=None), "an override must end"),
    "break-glass for too long": (lambda w: let_in(w, expires=LATE), "an override must end"),
    "break-glass until no day": (lambda w: let_in(w, expires="2026-01-00T00:00:00Z"), "its end cannot be told"),
    "break-glass for no reason": (lambda w: let_in(w, reason=" "), "needs a reason and a ticket"),
    "break-glass with a review": (lambda w: let_in(w, review_by=LATE), "asks for no review"),
    "break-glass as promotion": (lambda w: let_in(w, kind="promote"), "the request was for break-glass"),
    "the usual way": (usual, ""),
    "the usual way with an end": (lambda w: usual(w, expires=SOON), "only an override ends"),
    "the usual way without review": (lambda w: usual(w, review_by=None), "it must be reviewed"),
    "the usual way reviewed late": (lambda w: usual(w, review_by="2027-01-01T00:00:00Z"), "it must be reviewed"),
    "the usual way reviewed on no day": (lambda w: usual(w, review_by="2026-02-31T00:00:00Z"), "cannot be told"),
    "the usual way as break-glass": (lambda w: usual(w, kind="break-glass"), "the request was for promote"),
    "the usual way as rollback": (lambda w: usual(w, kind="rollback"), "it does not go back to"),
    "a policy of its own": (lambda w: usual(w, policy=digest("p")), "it names another policy"),
    "back to an override": (back, ""),
    "back to an override for longer": (lambda w: back(w, expires=LATE), "it ends at another time"),
    "back to an override for ever": (lambda w: back(w, expires=None), "it ends at another time"),
    "the same commit twice": (again, "this commit is"),
    "a version without its card": (cardless, "its card is not among its evidence"),
    "a tag of another date": (dated, "its tag has another tagger or date"),
    "a waiver": (waive, ""),
    "a waiver by nobody": (lambda w: waive(w, "carol"), "carol holds none of the roles"),
    "a waiver by a service": (lambda w: waive(w, "robot"), "robot is a service"),
    "a waiver by the registrar": (lambda w: waive(w, "alice"), "alice registered this version"),
    "a waiver of no gate": (lambda w: waive(w, gate="none"), "asks for no gate"),
    "a waiver for no stage": (lambda w: waive(w, stage="none"), "asks for no gate"),
    "a waiver without a ticket": (lambda w: waive(w, ticket=" "), "a waiver needs a ticket"),
    "a waiver that has ended": (lambda w: waive(w, expires=GONE), "its end has passed"),
    "a waiver until no day": (lambda w: waive(w, expires="2026-02-31T00:00:00Z"), "its end cannot be told"),
    "a waiver of other weights": (lambda w: waive(w, digests={"weights": digest("w")}), "other bytes"),
    "a waiver of other rules": (lambda w: waive(w, digests={"requirements": digest("w")}), "other bytes"),
    "a waiver over another": (lambda w: waive(w, digests={"champion": digest("w")}), "another champion"),
    "a condition": (conditional, ""),
    "a condition for a stranger": (lambda w: conditional(w, owner="mallory"), "does not know 'mallory'"),
    "a condition that is overdue": (lambda w: conditional(w, due=GONE), "the day it is due has passed"),
    "a condition for no day": (lambda w: conditional(w, due="2026-02-31T00:00:00Z"), "cannot be told"),
    "a reject on a condition": (lambda w: conditional(w, "reject"), "only an approval has conditions"),
    "a reject that says why": (decided("bob", "risk-owner", decision="reject", comment="no"), ""),
    "a reject that does not": (decided("bob", "risk-owner", decision="reject", comment=" "), "a reject says why"),
    "a lift of nothing": (decided("bob", "risk-owner", decision="lift"), "may not lift"),
    "a lift by who may": (decided("frank", "head", decision="lift"), ""),
    "a yes without an end": (decided("bob", "risk-owner", expires=None), "must end within"),
    "a yes for ever": (decided("bob", "risk-owner", expires="9999-12-31T23:59:59Z"), "must end within"),
    "the requester's yes": (decided("alice", "risk-owner"), "alice asked for this"),
    "a service's yes": (decided("robot", "risk-owner"), "robot is a service"),
    "a yes in another role": (decided("erin", "release"), "nobody in the role"),
    "a yes in a role not held": (decided("carol", "risk-owner"), "does not hold"),
    "a yes to another card": (decided("bob", "risk-owner", request=digest("r")), "no such request"),
    "a review": (closing("carol"), ""),
    "a review by who overrode": (closing("erin"), "erin promoted by break-glass"),
    "a review twice": (closing("carol", 2), "is closed already"),
    "a review of nothing": (closing("carol", finding=digest("f")), "there is no such finding"),
    "a review of another model": (closing("carol", subject="other"), "there is no such finding"),
    "a finding": (record("finding.opened", "carol", FINDING), ""),
    "a finding for a stranger": (record("finding.opened", "carol", {**FINDING, "owner": "x"}), "does not know 'x'"),
    "a finding of no version": (record("finding.opened", "carol", {**FINDING, "version": "9.0.0"}), "not registered"),
    "a finding by nobody": (record("finding.opened", "bob", FINDING), "bob holds none of the roles"),
    "a canary": (record("canary.recorded", "erin", CANARY), ""),
    "a canary nowhere": (record("canary.recorded", "erin", {**CANARY, "stage": "none"}), "knows no stage"),
    "a canary with all and more": (record("canary.recorded", "erin", {**CANARY, "share": 1.5}), "malformed|Expected"),
    "a reproduction of something else": (record("reproduction.recorded", "carol", REPRODUCED), "another commit"),
    "a deployment of nothing": (record("deployment.recorded", "erin", DEPLOYED), "no such promotion"),
    "an unknown type": (record("weather.reported", "erin", {}), "does not know events of type"),
}


@pytest.mark.parametrize(("step", "reason"), TABLE.values(), ids=TABLE.keys())
def test_table(world: World, step: Step, reason: str) -> None:
    """The step is judged as the table says by govkit, and alike by the auditor."""
    judged = step(world)
    assert (bool(judged.reason), any(part in judged.reason for part in reason.split("|"))) == (bool(reason), True)


def test_an_override_that_has_ended(world: World) -> None:
    """Nobody goes back to an override that has ended, and its key stays good for what came before."""
    good(let_in(world))
    good(world.clear())
    world.sleep("30d")
    judged = world.promote("1.0.0", kind="rollback", body={"expires": SOON})
    assert judged.reason == "the override it goes back to has ended"


def test_approvals_that_ended_and_keys_that_were_stolen(world: World) -> None:
    """What has ended, or was signed with a key that was compromised by then, does not count."""
    good(world.request("1.0.0"))
    world.approve_all()
    world.sleep("40d")
    judged = world.promote(
        "1.0.0", body={"review_by": LATE, "decisions": [d.at.id for d in world.newest_request().decisions]}
    )
    assert "approvals are missing" in judged.reason
    world.approve_all()
    changed = value()
    changed["people"]["bob"]["keys"] = [key("bob's new one")]
    changed["retired"] = [{"key": key("bob"), "person": "bob", "reason": "compromised", "since": 3}]
    world.change(changed, removed=[{"key": key("bob"), "compromised_from": 3}])
    judged = world.promote(
        "1.0.0", body={"review_by": LATE, "decisions": [d.at.id for d in world.newest_request().decisions]}
    )
    assert "requirements changed" in judged.reason or "approvals are missing" in judged.reason
