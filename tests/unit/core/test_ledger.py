"""The verdicts on entries: good, inert, conflict, undecided; places, replays, effective time."""

import pytest
from msgspec.structs import replace

from govkit.core import canonical, digests, events, merkle
from govkit.core.judged import Judged, Status
from govkit.core.ledger import Entry, Ledger
from govkit.core.rules import Evidence
from tests.unit.core.simulator import (
    MODEL,
    Step,
    World,
    digest,
    edited,
    good,
    in_force,
    key,
    policy_file,
    policy_value,
    refused,
    snapshot,
)

ELSEWHERE = events.Head(size=0, root=digest("another log"))


def verdict(judged: Judged) -> tuple[Status, str]:
    """Return what a test holds against its expectation."""
    return judged.status, judged.reason


# -- event 0 ----------------------------------------------------------------------------------------------------------


def test_event_0_opens_the_log() -> None:
    """Event 0 brings the policy in force, the remote and the first effective time; it is leaf 0."""
    world = World()
    assert in_force(policy_value()) == world.policy
    assert [(0, world.policy)] == world.state.policies
    assert world.state.remote == "https://git.bank.example/models"
    assert world.state.effective == "2026-01-05T09:00:00Z"
    assert world.state.judged[0].id == merkle.text(world.state.tree.roots[1])


NONCE = {"nonce": "0" * 32, "remote": "", "continues": None}
FIRST: dict[str, tuple[Step, str]] = {
    "an unsigned one": (lambda w: w.adopt_first(signer=None), "unsigned"),
    "a stranger's": (
        lambda w: w.adopt_first(signer=key("mallory")),
        "signed by a key that belongs to nobody in the policy in force",
    ),
    "one that names another actor": (
        lambda w: w.adopt_first(signer=key("dan")),
        "it names alice and is signed by dan",
    ),
    "no administrator's": (lambda w: w.adopt_first(actor="bob"), "bob is no administrator in it"),
    "one without a policy": (lambda w: w.adopt_first(files={}), "event 0 brings no policy.json"),
    "one whose policy is not among its evidence": (
        lambda w: w.adopt_first(event={"evidence": {}}),
        "it names no evidence 'policy.json'",
    ),
    "one without a nonce": (
        lambda w: w.adopt_first(body={"genesis": None}),
        "event 0 holds nonce and remote, and no request",
    ),
    "one with a request": (
        lambda w: w.adopt_first(body={"request": digest("a request")}),
        "event 0 holds nonce and remote, and no request",
    ),
    "one about a model": (lambda w: w.adopt_first(subject=MODEL), "its subject must be '*'"),
    "one that takes out a key it brings in": (
        lambda w: w.adopt_first(body={"removed": [{"key": key("bob")}]}),
        "a key that it takes out still stands under 'bob'",
    ),
    "another event": (
        lambda w: w.write("checkpoint.recorded", "alice", {}, files={"policy.json": policy_file(w.value)}),
        "event 0 must adopt a policy",
    ),
}


@pytest.mark.parametrize(("step", "reason"), FIRST.values(), ids=FIRST.keys())
def test_event_0_is_refused(step: Step, reason: str) -> None:
    """A log that does not open with an administrator's own policy has no policy."""
    world = World(found=False)
    refused(step(world), reason)
    assert world.state.policy is None
    assert world.state.remote == ""


def test_nonce_of_another_size_is_refused() -> None:
    """A nonce has 128 bits."""
    judged = World(found=False).adopt_first(body={"genesis": {**NONCE, "nonce": "00"}})
    assert judged.status == Status.INERT
    assert "regex" in judged.reason


def test_policy_that_must_not_be_adopted_opens_no_log() -> None:
    """A policy with an empty rule is refused as event 0."""
    world = World(edited(policy_value(), "stages", "production", "gates", to=[]), found=False)
    judged = world.adopt_first()
    assert judged.status == Status.INERT
    assert "its policy must not be adopted: stage 'production' has no gates" in judged.reason


def test_rules_to_come_open_no_log_but_are_not_judged() -> None:
    """A policy for rules that this govkit does not know cannot be decided, even as event 0."""
    world = World(edited(policy_value(), "rules", to=3), found=False)
    expected = Status.UNDECIDED, "it adopts rules 3 of govkit.policy/v1, which this govkit does not know"
    assert expected == verdict(world.adopt_first())


def test_log_without_a_policy_stays_without_effect() -> None:
    """Nothing can be good where event 0 is not, not even a later adoption."""
    world = World(found=False)
    refused(world.adopt_first(signer=None), "unsigned")
    refused(world.adopt_first(), "the log has no policy: its event 0 is not good")
    refused(
        world.write("checkpoint.recorded", "alice", {}, files={"policy.json": policy_file(world.value)}),
        "the log has no policy: its event 0 is not good",
    )


def test_event_0_is_not_repeated(world: World) -> None:
    """A second opening is an ordinary adoption, and that has no nonce."""
    refused(world.adopt_first(), "only event 0 opens a log")


# -- inert ------------------------------------------------------------------------------------------------------------

GARBAGE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"schema":"govkit.event/v1"}',
    b"[" * 100_000,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b'{"schema":{"a":1}}',
]


@pytest.mark.parametrize("data", GARBAGE)
@pytest.mark.parametrize("signer", [None, key("alice"), key("mallory")])
def test_garbage_is_inert(world: World, data: bytes, signer: str | None) -> None:
    """Bytes that are no event have no effect, whoever signed them."""
    judged = world.append(Entry(data, b"signature", signer))
    assert judged.status == Status.INERT
    assert judged.reason.startswith("malformed: ")


def test_commit_without_an_event_is_inert(world: World) -> None:
    """A commit of the log without event.json is a leaf, and nothing else."""
    judged = world.append(Entry(None, None, None))
    refused(judged, "the commit holds no event.json")
    assert events.identity(None, None) == judged.id


@pytest.mark.parametrize(
    "change",
    [
        {"time": "2026-02-30T00:00:00Z"},
        {"time": "2026-01-05T09:00:00+00:00"},
        {"time": "0000-01-01T00:00:00Z"},
        {"subject": "../credit-default"},
        {"subject": ""},
        {"actor": "Alice"},
        {"type": "Version.Registered"},
        {"evidence": {"../event.json": digest("x")}},
        {"evidence": {"card.json": "md5:0"}},
        {"log": {"size": -1, "root": digest("x")}},
        {"log": {"size": 1.5, "root": digest("x")}},
        {"body": []},
        {"extra": True},
    ],
)
def test_events_of_another_form_are_inert(world: World, change: dict[str, object]) -> None:
    """A field that is not as the format has it makes the event malformed, under a good signature too."""
    judged = world.write("checkpoint.recorded", "alice", {}, event=change)
    assert judged.status == Status.INERT
    assert judged.reason.startswith("malformed: ")


def test_event_that_is_too_large_is_inert(world: World) -> None:
    """What is large is evidence; an event has a limit."""
    judged = world.write("checkpoint.recorded", "alice", {"mirrors": ["x" * 10_000] * 30})
    assert judged.status == Status.INERT
    assert "262144 are allowed" in judged.reason


def test_body_of_another_form_is_inert(world: World) -> None:
    """A body that does not fit its type has no effect."""
    judged = world.write("checkpoint.recorded", "alice", {"mirror": "misspelt"})
    assert judged.status == Status.INERT
    assert "unknown field `mirror`" in judged.reason


def test_unsigned_event_is_inert_with_the_verifiers_words(world: World) -> None:
    """Why there is no good signature is said in the verifier's own words, where it has any."""
    refused(world.register("1.0.0", signer=None), "unsigned")
    entry = replace(world.entries[-1], problem="the signature does not fit")
    refused(world.append(entry), "the signature does not fit")


def test_nobodys_key_is_inert_wherever_it_claims_to_stand(world: World) -> None:
    """A stranger can neither have an effect nor cause a conflict."""
    reason = "signed by a key that belongs to nobody in the policy in force"
    refused(world.register("1.0.0", signer=key("mallory")), reason)
    refused(world.register("1.0.0", signer=key("mallory"), at=ELSEWHERE), reason)
    refused(world.register("1.0.0", signer=""), reason)


def test_somebody_elses_name_is_inert(world: World) -> None:
    """Who signs in another's name has no effect."""
    refused(world.register("1.0.0", actor="alice", signer=key("bob")), "it names alice and is signed by bob")


def test_inert_entries_hide_nothing(world: World) -> None:
    """What comes after an inert entry is judged as without it, but the root holds the inert entry too."""
    world.fill(3)
    good(world.register("1.0.0"))
    assert len(world.state.tree) == 5
    assert [Status.GOOD, *[Status.INERT] * 3, Status.GOOD] == [judged.status for judged in world.state.judged]


def test_irregular_commits_are_reported(world: World) -> None:
    """How a commit differs from the one its event determines goes along with the verdict."""
    entry = replace(world.sign("checkpoint.recorded", "alice", {}), irregular=("another author",))
    judged = good(world.append(entry))
    assert judged.irregular == ("another author",)


# -- places and replays -----------------------------------------------------------------------------------------------


def test_event_replayed_in_the_same_log_is_inert(registered: World) -> None:
    """An event that was signed for an earlier place is stale, good as it was there."""
    refused(registered.append(registered.entries[-1]), "a replay: it was signed for place 1")


def test_event_that_lost_a_race_is_inert(world: World) -> None:
    """An event whose place somebody else took is signed again, not carried."""
    entry = world.sign("checkpoint.recorded", "alice", {})
    world.fill(1)
    refused(world.append(entry), "a replay: it was signed for place 1")


def test_decision_is_carried(requested: World) -> None:
    """A decision counts where it is appended, after whatever came between."""
    entry = requested.decision("bob", "risk-owner")
    requested.fill(4)
    judged = good(requested.append(entry))
    assert judged.index == 7
    assert sorted(requested.state.tally(requested.request_of(f"{MODEL}@1.0.0#production")).counted) == ["bob"]


def test_decision_counts_once(requested: World) -> None:
    """A decision carried in again is a replay, in its place or not, with the same signature or another."""
    entry = requested.decision("bob", "risk-owner")
    good(requested.append(entry))
    refused(requested.append(entry), "a replay: this decision was counted before")
    again = replace(entry, signature=b"another signature over the same bytes")
    refused(requested.append(again), "a replay: this decision was counted before")


def test_refused_decision_may_be_carried_in_when_it_is_allowed(registered: World) -> None:
    """Only a decision that counted is spent: one that was refused is judged anew where it stands."""
    good(registered.request("1.0.0"))
    request = registered.request_of(f"{MODEL}@1.0.0#production").id
    entry = registered.decision("erin", "validator", request=request)
    refused(registered.append(entry), "erin does not hold the role 'validator'")
    registered.edit("roles", "validator", "people", to=["carol", "erin"])
    good(registered.append(entry))


def test_decision_in_a_copy_of_the_repository_is_a_conflict() -> None:
    """A decision that was signed in another log, for a request of the same name, does not count in this one."""
    here, there = World(), World(edited(policy_value(), "description", to="a copy"))
    for world in (here, there):
        good(world.register("1.0.0"))
        good(world.request("1.0.0"))
    judged = here.append(there.decision("bob", "risk-owner"))
    assert verdict(judged) == (Status.CONFLICT, "bob signed it for another history of this log")


# -- conflicts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["alice", "robot"])
def test_another_root_is_a_conflict(world: World, actor: str) -> None:
    """A key in force that signed for another root of the same size: somebody holds another history."""
    judged = world.write("checkpoint.recorded", actor, {}, at=events.Head(size=1, root=digest("x")))
    assert (Status.CONFLICT, f"{actor} signed it for another history of this log") == verdict(judged)
    assert {1: judged} == world.state.conflicts


def test_size_beyond_the_log_is_a_conflict(world: World) -> None:
    """A key in force that saw more of the log than there is: its tail was cut off."""
    root = merkle.text(world.state.tree.roots[1])
    judged = world.write("checkpoint.recorded", "alice", {}, at=events.Head(size=2, root=root))
    assert judged.status == Status.CONFLICT


def test_conflict_does_not_need_to_be_allowed_or_well_named(world: World) -> None:
    """Another history is another history, even where the event would not have been allowed or names another."""
    assert world.register("1.0.0", actor="carol", at=ELSEWHERE).status == Status.CONFLICT
    assert world.register("1.0.0", actor="alice", signer=key("bob"), at=ELSEWHERE).status == Status.CONFLICT


def test_edited_history_conflicts_from_there_on(world: World) -> None:
    """An entry that is dropped from the middle makes the next one by a key in force a conflict."""
    good(world.register("1.0.0"))
    good(world.register("1.1.0"))
    other = Ledger()
    state = other.read([world.entries[0], world.entries[2]])
    assert [judged.status for judged in state.judged] == [Status.GOOD, Status.CONFLICT]


def test_replaced_signature_shows(world: World) -> None:
    """The root holds signatures: a revocation whose signature was made junk makes later events conflict."""
    good(world.register("1.0.0"))
    good(world.revoke("1.0.0"))
    good(world.register("1.1.0"))
    junk = replace(world.entries[2], signature=b"junk", signer=None)
    state = Ledger().read([*world.entries[:2], junk, world.entries[3]])
    expected = [Status.GOOD, Status.GOOD, Status.INERT, Status.CONFLICT]
    assert expected == [judged.status for judged in state.judged]


def test_events_after_a_conflict_have_their_effect(world: World) -> None:
    """A conflict blocks proof, not work: what fits the log after it is judged as ever."""
    world.fork()
    good(world.register("1.0.0"))
    assert {1} == set(world.state.conflicts)


# -- undecided --------------------------------------------------------------------------------------------------------


def test_unknown_type_is_undecided(world: World) -> None:
    """A type of event that this govkit does not know, well signed and in its place, cannot be judged."""
    judged = world.write("model.retired", "alice", {"anything": 1})
    assert verdict(judged) == (Status.UNDECIDED, "this govkit does not know events of type model.retired")
    assert {1: judged} == world.state.undecided


def test_unknown_type_by_a_stranger_is_inert(world: World) -> None:
    """A stranger cannot make the log undecided."""
    judged = world.write("model.retired", "alice", {}, signer=key("mallory"))
    assert judged.status == Status.INERT


def test_unknown_schema_is_undecided(world: World) -> None:
    """An event of a schema to come, by a key in force, is for a newer govkit."""
    judged = world.write("version.registered", "alice", {}, event={"schema": "govkit.event/v2", "new": 1})
    assert verdict(judged) == (Status.UNDECIDED, "this govkit does not know govkit.event/v2")


@pytest.mark.parametrize("signer", [None, key("mallory")])
def test_unknown_schema_by_nobody_known_is_inert(world: World, signer: str | None) -> None:
    """A schema to come makes nothing undecided unless somebody known signed it."""
    judged = world.write("version.registered", "alice", {}, event={"schema": "govkit.event/v2"}, signer=signer)
    assert judged.status == Status.INERT


def test_unknown_schema_before_any_policy_is_inert() -> None:
    """Where no policy is in force, nobody is known."""
    judged = World(found=False).adopt_first(event={"schema": "govkit.event/v2"})
    assert judged.status == Status.INERT


def test_unknown_rules_are_undecided(world: World) -> None:
    """A policy of rules to come is undecided when an administrator asks for it or adopts it."""
    value = edited(policy_value(), "rules", to=3)
    expected = Status.UNDECIDED, "it adopts rules 3 of govkit.policy/v1, which this govkit does not know"
    assert expected == verdict(world.request_policy(value))
    assert expected == verdict(world.adopt(value))
    assert {1, 2} == set(world.state.undecided)


def test_unknown_rules_by_no_administrator_are_inert(world: World) -> None:
    """Who may not change the policy cannot make the log undecided by trying."""
    value = edited(policy_value(), "rules", to=3)
    refused(world.adopt(value, actor="robot"), "robot holds none of the roles admin")
    refused(world.request_policy(value, actor="robot"), "robot holds none of the roles admin")


@pytest.mark.parametrize(
    "found",
    [{}, {"card.json": Evidence(digest("another card"))}, {"card": Evidence(digest("card of 1.0.0"))}],
    ids=["missing", "different", "under another name"],
)
def test_missing_or_different_evidence_is_undecided(registered: World, found: dict[str, Evidence]) -> None:
    """Evidence that is not what was signed: nobody can say what the event rests on."""
    good(registered.request("1.0.0"))
    entry = registered.decision("bob", "risk-owner")
    judged = registered.append(replace(entry, evidence=found))
    assert verdict(judged) == (Status.UNDECIDED, "its evidence 'card.json' is missing or different")


def test_evidence_that_was_not_read_is_undecided(world: World) -> None:
    """A rule that must look into evidence cannot decide without its bytes."""
    value = policy_value()
    judged = world.request_policy(value, files={"policy.json": Evidence(policy_file(value).sha256)})
    assert verdict(judged) == (Status.UNDECIDED, "the evidence 'policy.json' was not read")


def test_surplus_evidence_does_not_matter(world: World) -> None:
    """Files that the event does not name are not looked at."""
    entry = world.sign("checkpoint.recorded", "alice", {})
    good(world.append(replace(entry, evidence={"note.txt": Evidence(digest("hello"))})))


# -- time -------------------------------------------------------------------------------------------------------------


def test_effective_time_never_runs_backwards(world: World) -> None:
    """An event dated back has the effective time of the last good event before it."""
    world.sleep("2d")
    later = good(world.write("checkpoint.recorded", "alice", {}))
    judged = good(world.write("checkpoint.recorded", "erin", {}, event={"time": "2026-01-01T00:00:00Z"}))
    assert "2026-01-07T09:01:00Z" == later.effective == judged.effective == world.state.effective


def test_inert_event_does_not_move_time(world: World) -> None:
    """A time that nobody allowed has no effect on what comes after."""
    far = {"time": "2999-01-01T00:00:00Z"}
    for judged in (
        world.write("checkpoint.recorded", "alice", {}, event=far, signer=None),
        world.write("checkpoint.recorded", "bob", {}, event=far),
        world.write("checkpoint.recorded", "alice", {}, event=far, at=ELSEWHERE),
        world.write("model.retired", "alice", {}, event=far),
    ):
        assert judged.effective == "2026-01-05T09:00:00Z"
    assert world.state.effective == "2026-01-05T09:00:00Z"


# -- the whole --------------------------------------------------------------------------------------------------------


def test_reading_again_gives_the_same_state(serving: World) -> None:
    """The state is a fold over the entries: reading them at once comes to what appending them came to."""
    serving.fork()
    serving.fill(2)
    state = Ledger().read(serving.entries)
    assert snapshot(serving.state) == snapshot(state)
    assert serving.state.judged == state.judged
    assert serving.state.tree.roots == state.tree.roots


def test_root_is_over_all_leaves(serving: World) -> None:
    """The tree over the log is RFC 6962's over the identities of all entries."""
    leaves = [merkle.leaf_hash(events.leaf(entry.event, entry.signature)) for entry in serving.entries]
    assert merkle.root(leaves) == serving.state.tree.roots[-1]
    assert [merkle.text(leaf) for leaf in leaves] == [judged.id for judged in serving.state.judged]


def test_every_single_event_needs_its_signature(serving: World) -> None:
    """Without the signature of any one event, 1.0.0 does not serve, and no later event fits."""
    for index in range(len(serving.entries)):
        entries = list(serving.entries)
        entries[index] = replace(entries[index], signer=None)
        state = Ledger().read(entries)
        assert state.judged[index].status == Status.INERT
        assert state.champion(MODEL, "production") is None


def test_canonical_bytes_alone_are_read(world: World) -> None:
    """The same event with a space in it is another text, and malformed."""
    entry = world.sign("checkpoint.recorded", "alice", {})
    spaced = (entry.event or b"").replace(b",", b", ", 1)
    judged = world.append(replace(entry, event=spaced))
    assert judged.status == Status.INERT
    assert "not canonical JSON" in judged.reason
    assert canonical.decode(entry.event or b"")["actor"] == "alice"
    assert digests.sha256(spaced) != digests.sha256(entry.event or b"")
