"""Rules: registering and revoking versions, and the tags that come with events."""

import pytest

from govkit.core import digests
from govkit.core.judged import Judged, Status
from govkit.core.rules import Evidence
from tests.unit.core.simulator import (
    MODEL,
    Json,
    Step,
    World,
    card_file,
    commit,
    digest,
    edited,
    good,
    key,
    policy_value,
    refused,
)

TAG = f"{MODEL}@v1.0.0"


# -- registering ------------------------------------------------------------------------------------------------------


def test_version_is_registered(world: World) -> None:
    """A registered version has its commit, its digests and its tag in the state."""
    judged = good(world.register("1.0.0"))
    version = world.state.versions[MODEL, "1.0.0"]
    assert (MODEL, judged) == (version.model, version.at)
    assert commit("commit of 1.0.0") == version.body.commit
    assert {TAG: version.body.tag.id.removeprefix("git-sha1:")} == world.state.tags
    assert version.body.tag.name == TAG


def test_models_do_not_get_in_each_others_way(registered: World) -> None:
    """Another model may have the same version, and the same commit."""
    other = {"model": "fraud", "ref": "fraud@v1.0.0"}
    file = registered.tag_file(
        {"kind": "register", "version": "1.0.0", "actor": "alice", **other, **_facts("1.0.0")}, {}
    )
    tag = {"name": "fraud@v1.0.0", "id": digests.git_object_id("tag", file.content or b"")}
    files = {"card.json": card_file("1.0.0"), "tag": file}
    good(registered.register("1.0.0", subject="fraud", body={"tag": tag}, files=files))


def _facts(version: str) -> Json:
    return {
        "commit": commit(f"commit of {version}"),
        "card": card_file(version).sha256,
        "weights": digest(f"weights of {version}"),
    }


REGISTRATIONS: dict[str, tuple[Step, str]] = {
    "twice": (lambda w: w.register("1.0.0"), f"{MODEL}@1.0.0 is registered already"),
    "the commit of another version": (
        lambda w: w.register("2.0.0", body={"commit": commit("commit of 1.0.0")}),
        f"this commit is {MODEL}@1.0.0 already",
    ),
    "by somebody without the role": (
        lambda w: w.register("2.0.0", actor="bob"),
        "bob holds none of the roles engineer",
    ),
    "of no model": (lambda w: w.register("2.0.0", subject="*"), "its subject must be a model"),
    "with another card than its evidence": (
        lambda w: w.register("2.0.0", body={"card": digest("x")}),
        "its card is not among its evidence",
    ),
    "without a card": (
        lambda w: w.register("2.0.0", event={"evidence": {}}),
        "its card is not among its evidence",
    ),
    "with a tag for another commit": (
        lambda w: w.register("2.0.0", tag={"commit": commit("x")}),
        "its tag says something else",
    ),
    "with a tag for another card": (
        lambda w: w.register("2.0.0", tag={"card": digest("x")}),
        "its tag says something else",
    ),
    "with a tag for other weights": (
        lambda w: w.register("2.0.0", tag={"weights": None}),
        "its tag says something else",
    ),
    "with a tag for another version": (
        lambda w: w.register("2.0.0", body={"version": "3.0.0"}),
        "its tag says something else",
    ),
    "with a tag of another kind": (
        lambda w: w.register(
            "2.0.0",
            tag={"ref": f"{MODEL}#production#1", "kind": "promote", "stage": "production"},
            body={"tag": {"name": f"{MODEL}#production#1", "id": commit("x")}},
        ),
        "its tag has another id than it names",
    ),
    "with a blank version": (lambda w: w.register("2.0.0", body={"version": "2.0"}), "Expected `str` matching regex"),
}


@pytest.mark.parametrize(("step", "reason"), REGISTRATIONS.values(), ids=REGISTRATIONS.keys())
def test_registration_is_refused(registered: World, step: Step, reason: str) -> None:
    """A version is registered once, by a role that may, with a tag that says the same."""
    judged = step(registered)
    assert judged.status == Status.INERT
    assert judged.reason.startswith(reason)


def test_role_for_some_models_or_tiers() -> None:
    """A role that is held for some models or tiers does not register others."""
    value = edited(policy_value(), "roles", "engineer", to={"people": ["alice"], "models": ["fraud*"]})
    refused(World(value).register("1.0.0"), "alice holds none of the roles engineer")
    value = edited(policy_value(), "roles", "engineer", to={"people": ["alice"], "tiers": ["low"]})
    world = World(value)
    refused(world.register("1.0.0"), "alice holds none of the roles engineer")
    good(world.register("1.0.0", body={"tier": "low"}))


def test_role_pattern_for_models() -> None:
    """Patterns of a role are globs over model names."""
    value = edited(policy_value(), "roles", "engineer", to={"people": ["alice"], "models": ["credit-*"]})
    good(World(value).register("1.0.0"))


# -- the tag of an event ----------------------------------------------------------------------------------------------


def other_tag(world: World, **said: str) -> Evidence:
    """Return the honest tag of 2.0.0 with some of it changed."""
    honest = {"ref": f"{MODEL}@v2.0.0", "kind": "register", "version": "2.0.0", "actor": "alice", **_facts("2.0.0")}
    return world.tag_file({**honest, **said}, {})


TAGS: dict[str, tuple[Step, str]] = {
    "signed by nobody": (
        lambda w: w.register("2.0.0", tag_signer=None),
        "its tag is signed by nobody known, not by alice",
    ),
    "signed by a stranger": (
        lambda w: w.register("2.0.0", tag_signer=key("mallory")),
        "its tag is signed by nobody known, not by alice",
    ),
    "signed by somebody else": (
        lambda w: w.register("2.0.0", tag_signer=key("bob")),
        "its tag is signed by bob, not by alice",
    ),
    "naming another actor": (
        lambda w: w.register("2.0.0", tag={"actor": "bob"}, tag_signer=key("alice")),
        "its tag speaks of something else",
    ),
    "with another id": (
        lambda w: w.register("2.0.0", body={"tag": {"name": f"{MODEL}@v2.0.0", "id": commit("x")}}),
        "its tag has another id than it names",
    ),
    "under another name": (
        lambda w: w.register(
            "2.0.0",
            body={
                "tag": {
                    "name": f"{MODEL}@v3.0.0",
                    "id": digests.git_object_id("tag", other_tag(w).content or b""),
                }
            },
        ),
        "its tag speaks of something else",
    ),
    "of another model": (
        lambda w: w.register("2.0.0", tag={"model": "fraud", "ref": "fraud@v2.0.0"}),
        "its tag speaks of something else",
    ),
    "on another head": (
        lambda w: w.register("2.0.0", tag={"log": {"size": 1, "root": w.head(1).root}}),
        "its tag stands on another head or policy",
    ),
    "under another policy": (
        lambda w: w.register("2.0.0", tag={"policy": digest("x")}),
        "its tag stands on another head or policy",
    ),
    "that is no tag": (lambda w: w.register("2.0.0", tag_text=b"tag"), "its tag is malformed: not a tag object"),
    "that is not there": (
        lambda w: w.register("2.0.0", files={"card.json": card_file("2.0.0")}),
        "it names no evidence 'tag'",
    ),
}


@pytest.mark.parametrize(("step", "reason"), TAGS.values(), ids=TAGS.keys())
def test_tag_is_refused(registered: World, step: Step, reason: str) -> None:
    """The tag of an event is its actor's, made for that event, and speaks of the same."""
    judged = step(registered)
    assert judged.status == Status.INERT
    assert judged.reason.startswith(reason)
    assert {TAG} == set(registered.state.tags)


def test_tag_of_another_model_under_its_own_name_is_refused(registered: World) -> None:
    """A tag that is named honestly, and is of another model than the event."""
    file = other_tag(registered, model="fraud", ref="fraud@v2.0.0")
    tag = {"name": "fraud@v2.0.0", "id": digests.git_object_id("tag", file.content or b"")}
    files = {"card.json": card_file("2.0.0"), "tag": file}
    refused(registered.register("2.0.0", body={"tag": tag}, files=files), "its tag is of another model")


def test_tag_whose_bytes_were_not_read_cannot_be_judged(registered: World) -> None:
    """Without the bytes of the tag nobody can say whether it fits."""
    files = {"card.json": card_file("2.0.0"), "tag": Evidence(digest("tag"))}
    judged = registered.register("2.0.0", files=files)
    assert (judged.status, judged.reason) == (Status.UNDECIDED, "the evidence 'tag' was not read")


def test_number_of_a_tag_is_used_once(serving: World) -> None:
    """GTO's running number counts over all stages of a model, and a used one is refused."""
    good(serving.register("1.1.0"))
    good(serving.request("1.1.0", "staging"))
    serving.approve_all()
    ref = f"{MODEL}#staging#1"
    refused(_promote_as(serving, ref), "its tag's number was used before")
    good(_promote_as(serving, f"{MODEL}#staging#7"))
    assert serving.state.next_counter(MODEL) == 8


def test_tag_is_made_once(serving: World) -> None:
    """The name of a recorded tag is never used again."""
    good(serving.register("1.1.0"))
    good(serving.request("1.1.0"))
    serving.approve_all()
    refused(_promote_as(serving, f"{MODEL}#production#1"), f"the tag {MODEL}#production#1 was made before")


def _promote_as(world: World, ref: str) -> Judged:
    stage = ref.split("#")[1]
    request = world.request_of(f"{MODEL}@1.1.0#{stage}")
    bound = request.body.digests
    said = {
        "ref": ref,
        "kind": "promote",
        "version": "1.1.0",
        "stage": stage,
        **_facts("1.1.0"),
        "requirements": bound.requirements if bound else None,
        "request": request.id,
        "decisions": [d.at.id for _, d in sorted(world.state.tally(request).counted.items())],
        "actor": "erin",
    }
    file = world.tag_file(said, {})
    tag = {"name": ref, "id": digests.git_object_id("tag", file.content or b"")}
    return world.promote("1.1.0", stage, body={"tag": tag}, files={"tag": file})


# -- revoking ---------------------------------------------------------------------------------------------------------


def test_revoked_version_no_longer_serves(serving: World) -> None:
    """A revoked version is champion nowhere, and its verdict stands in the state."""
    judged = good(serving.revoke("1.0.0"))
    assert {(MODEL, "1.0.0"): judged} == serving.state.revoked
    assert serving.state.champion(MODEL, "production") is None


REVOKED: dict[str, Step] = {
    "request": lambda w: w.request("1.0.0"),
    "promote": lambda w: w.promote("1.0.0"),
    "rollback": lambda w: w.promote("1.0.0", kind="rollback"),
    "revoke again": lambda w: w.revoke("1.0.0"),
    "waiver": lambda w: w.write(
        "finding.opened",
        "carol",
        {"version": "1.0.0", "text": "x", "owner": "bob", "due": "2026-02-01T00:00:00Z"},
        subject=MODEL,
    ),
}


@pytest.mark.parametrize("step", REVOKED.values(), ids=REVOKED.keys())
def test_revoked_version_does_not_come_back(serving: World, step: Step) -> None:
    """Nothing can be asked for, promoted or written about a revoked version."""
    good(serving.revoke("1.0.0"))
    refused(step(serving), f"{MODEL}@1.0.0 is revoked")


def test_revoked_version_is_not_registered_again(registered: World) -> None:
    """Not even its number is free again."""
    good(registered.revoke("1.0.0"))
    refused(registered.register("1.0.0"), f"{MODEL}@1.0.0 is registered already")


def test_approved_request_for_a_revoked_version_is_not_promoted(approved: World) -> None:
    """A revocation stops what was approved before it."""
    good(approved.revoke("1.0.0"))
    refused(approved.promote("1.0.0"), f"{MODEL}@1.0.0 is revoked")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda w: w.revoke("9.9.9"), f"{MODEL}@9.9.9 is not registered"),
        (lambda w: w.revoke("1.0.0", actor="carol"), "carol holds none of the roles risk-owner"),
        (lambda w: w.revoke("1.0.0", subject="*"), "its subject must be a model"),
        (lambda w: w.revoke("1.0.0", subject="fraud"), "fraud@1.0.0 is not registered"),
    ],
)
def test_revocation_is_refused(registered: World, step: Step, reason: str) -> None:
    """A registered version is revoked by a role that may."""
    refused(step(registered), reason)
