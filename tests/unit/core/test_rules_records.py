"""Rules: events that only record something, by the roles that the policy names under ``records``."""

import pytest

from govkit.core import events
from govkit.core.policycheck import RECORDING
from tests.unit.core.simulator import MODEL, Json, World, commit, digest, edited, good, policy_value, refused

DIGESTS = {name: digest(name) for name in ("card", "weights", "data", "requirements")} | {"champion": None}
BODIES: dict[str, tuple[str, Json]] = {
    "waiver.granted": (
        "bob",
        {
            "gate": "auc",
            "version": "1.0.0",
            "stage": "production",
            "digests": DIGESTS,
            "reason": "agreed with the board",
            "expires": "2026-03-01T00:00:00Z",
        },
    ),
    "finding.opened": (
        "carol",
        {"version": "1.0.0", "text": "drift", "owner": "bob", "due": "2026-03-01T00:00:00Z"},
    ),
    "finding.closed": ("carol", {"finding": digest("finding"), "resolution": "retrained"}),
    "canary.recorded": (
        "erin",
        {
            "canary": "c1",
            "step": "start",
            "version": "1.0.0",
            "stage": "production",
            "share": 0.05,
            "verdict": "pending",
        },
    ),
    "deployment.recorded": ("erin", {"promotion": digest("p"), "environment": "eu", "status": "succeeded"}),
    "config.changed": (
        "erin",
        {"environment": "eu", "what": "replicas", "before": None, "after": digest("c"), "reason": "load"},
    ),
    "reproduction.recorded": (
        "carol",
        {"version": "1.0.0", "commit": commit("c"), "outputs": {"model": digest("m")}, "verdict": "identical"},
    ),
    "checkpoint.recorded": ("alice", {"mirrors": ["s3://mirror"]}),
}
VERSIONED = sorted(kind for kind, (_, body) in BODIES.items() if "version" in body)


def test_every_recording_event_is_tested() -> None:
    """The table above has every type of event that only records."""
    assert set(RECORDING) == set(BODIES)


@pytest.mark.parametrize("kind", BODIES)
def test_event_is_recorded(registered: World, kind: str) -> None:
    """An event by a role that the policy names stands in the state with its verdict."""
    actor, body = BODIES[kind]
    judged = good(registered.write(kind, actor, body, subject=MODEL))
    assert [judged] == [at for at, _ in registered.state.recorded(events.BODIES[kind])]
    assert [judged] == [at for at, _ in registered.state.recorded(events.BODIES[kind], MODEL)]
    assert not registered.state.recorded(events.BODIES[kind], "another")


@pytest.mark.parametrize("kind", BODIES)
def test_event_by_another_role_is_refused(registered: World, kind: str) -> None:
    """Who holds none of the roles named for that type records nothing."""
    _, body = BODIES[kind]
    roles = ", ".join(policy_value()["records"][kind])
    refused(registered.write(kind, "frank", body, subject=MODEL), f"frank holds none of the roles {roles}")
    assert registered.state.records == {}


@pytest.mark.parametrize("kind", BODIES)
def test_event_that_the_policy_does_not_name_is_refused(kind: str) -> None:
    """A type for which the policy names no roles is written by nobody."""
    actor, body = BODIES[kind]
    world = World(edited(policy_value(), "records", kind, to=KeyError))
    good(world.register("1.0.0"))
    refused(world.write(kind, actor, body, subject=MODEL), f"{actor} holds none of the roles (none)")


@pytest.mark.parametrize("kind", VERSIONED)
def test_event_about_an_unregistered_version_is_refused(world: World, kind: str) -> None:
    """What is said of a version needs the version."""
    actor, body = BODIES[kind]
    refused(world.write(kind, actor, body, subject=MODEL), f"{MODEL}@1.0.0 is not registered")
    refused(world.write(kind, actor, body, subject="*"), "its subject must be a model")


def test_role_for_other_tiers_records_nothing(registered: World) -> None:
    """The tier of the version decides which roles count."""
    registered.edit("roles", "validator", to={"people": ["carol"], "tiers": ["low"]})
    actor, body = BODIES["finding.opened"]
    refused(registered.write("finding.opened", actor, body, subject=MODEL), "carol holds none of the roles validator")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("waiver.granted", {"reason": ""}),
        ("waiver.granted", {"expires": None}),
        ("waiver.granted", {"digests": {}}),
        ("finding.opened", {"owner": ""}),
        ("finding.opened", {"due": "soon"}),
        ("canary.recorded", {"share": 1.5}),
        ("canary.recorded", {"share": "0.5"}),
        ("canary.recorded", {"verdict": "good"}),
        ("deployment.recorded", {"status": "unknown"}),
        ("config.changed", {"reason": "  "}),
        ("reproduction.recorded", {"outputs": {"model": "md5:1"}}),
    ],
)
def test_body_that_does_not_fit_is_refused(registered: World, kind: str, change: Json) -> None:
    """A waiver has a reason and an end, a finding an owner and a due date, and so on."""
    actor, body = BODIES[kind]
    judged = registered.write(kind, actor, {**body, **change}, subject=MODEL)
    assert judged.status == "inert"
    assert f"$.{next(iter(change))}" in judged.reason
