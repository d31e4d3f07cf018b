"""Mirrors in folders and webhooks, with the real command line: catching up, comparing, proving from a mirror alone."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import webhook
from world import MODEL, World

from govkit.core import events, mirrored
from govkit.workflow import mirror as workflow

VERIFY = ("verify", MODEL, "--stage", "production")


class Mirror:
    """A mirror in a folder beside a world."""

    def __init__(self, world: World, name: str = "mirror") -> None:
        self.base = world.folder / name
        self.base.mkdir()
        self.url = f"file://{self.base}"
        self.folder = self.base / mirrored.folder(world.log().root_of_trust)

    def path(self, name: str) -> Path:
        """Return the file of an object."""
        return self.folder / name

    def event(self, index: int) -> Path:
        """Return the file of an event."""
        return self.path(mirrored.event_name(index))

    def head(self, size: int) -> Path:
        """Return the file of a head."""
        return self.path(mirrored.head_name(size))

    def bytes(self) -> dict[str, bytes]:
        """Return every file there is."""
        return {str(p.relative_to(self.base)): p.read_bytes() for p in self.base.rglob("*") if p.is_file()}


@pytest.fixture
def mirrored_world(promoted: World) -> tuple[World, Mirror]:
    """A world whose nine events are on a mirror."""
    copy = Mirror(promoted)
    promoted.govkit("log", "mirror", copy.url)
    return promoted, copy


def step(world: World) -> None:
    """Append an event; it need not be a good one, as every one counts for a copy."""
    world.push_event(world.make_event(type="finding.closed", actor="ada"), None)


def audit(world: World, section: str, *checkpoints: str) -> None:
    """Adopt a policy with an ``audit`` section, and perhaps with roles that write checkpoints."""
    path = world.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text() + f"audit: {section}\n")
    if checkpoints:
        world.let_record("checkpoint.recorded", *checkpoints)
    world.adopt_policy()


# -- catching up ----------------------------------------------------------------------------------------------------


def test_mirror_catches_up_and_again(promoted: World) -> None:
    """Every event and every head is copied once; the next run writes nothing, the one after an event two objects."""
    copy = Mirror(promoted)
    assert "up to date, 9 events, 18 written now" in promoted.govkit("log", "mirror", copy.url).text
    before = copy.bytes()
    assert len(before) == 18
    assert promoted.govkit("log", "mirror", copy.url).text.endswith("up to date, 9 events")
    assert copy.bytes() == before
    assert {path.stat().st_mode & 0o777 for path in copy.base.rglob("*.json")} == {0o444}
    step(promoted)
    assert "up to date, 10 events, 2 written now" in promoted.govkit("log", "mirror", copy.url).text
    assert copy.bytes().items() >= before.items()


def test_objects_are_those_of_the_format(mirrored_world: tuple[World, Mirror]) -> None:
    """An object holds the event, its signature and its evidence; a head the root that the log had at its size."""
    world, copy = mirrored_world
    log, git = world.log(), world.repository()
    for index in range(9):
        found = mirrored.parse(copy.event(index).read_bytes())
        files = log.files(git, index)
        assert mirrored.content(found.event) == files.pop(events.EVENT_FILE)
        assert mirrored.content(found.signature) == files.pop(events.SIGNATURE_FILE)
        assert {name: mirrored.content(part) for name, part in found.evidence.items()} == files
        root = mirrored.parse_head(copy.head(index + 1).read_bytes()).root
        assert root == f"sha256:{log.state.tree.roots[index + 1].hex()}"


def test_policy_names_the_mirrors(promoted: World) -> None:
    """Without a URL, the mirrors of the policy in force are brought up to date, one after the other is told of."""
    one, two = Mirror(promoted, "one"), Mirror(promoted, "two")
    assert "there is no mirror to copy the log to" in promoted.govkit("log", "mirror", expect=2).text
    audit(promoted, f"{{mirrors: ['{one.url}', '{two.url}']}}")
    found = promoted.govkit("log", "mirror", "--format", "json").json
    assert [(m["url"], m["standing"], m["size"], m["behind"]) for m in found["mirrors"]] == [
        (one.url, "up to date", 12, 0),
        (two.url, "up to date", 12, 0),
    ]
    assert one.bytes() == two.bytes()


def test_anybody_can_mirror(promoted: World) -> None:
    """A clone without any key of the people mirrors, and writes the very same bytes; without a pin it does not."""
    clone, copy, other = promoted.clone(), Mirror(promoted), Mirror(promoted, "other")
    promoted.govkit("log", "mirror", copy.url)
    promoted.govkit("log", "mirror", other.url, repo=clone)
    assert other.bytes() == copy.bytes()
    promoted.env["GOVKIT_KNOWN_ROOTS"] = str(promoted.folder / "none")
    assert "nothing is proven without a pinned root" in promoted.govkit("log", "mirror", other.url, expect=3).text


def test_only_what_a_remote_has_is_copied(promoted: World) -> None:
    """An event that was not pushed may lose a race: it is not copied until a remote has it."""
    copy, clone = Mirror(promoted), World(promoted.folder)
    clone.repo = promoted.clone()
    clone.git("branch", "-q", "govkit/log", "origin/govkit/log")
    step(clone)
    text = clone.govkit("log", "mirror", copy.url).text
    assert "up to date, 9 events, 18 written now 1 events here are on no remote yet" in text
    clone.git("push", "-q", "origin", "govkit/log")
    assert "up to date, 10 events, 2 written now" in clone.govkit("log", "mirror", copy.url).text


def test_junk_travels_and_is_the_same_log(promoted: World) -> None:
    """Commits that are no events, unsigned or malformed, are copied too: a verifier of the mirror gets the same root."""
    copy = Mirror(promoted)
    promoted.push_event(None, None, {"readme": b"hello"})
    promoted.push_event(b"\xff junk", b"sig")
    promoted.push_event(
        promoted.make_event(type="finding.closed", actor="ada", evidence={"x": b"1"}), None, {"x": b"1"}
    )
    promoted.push_signed("ada", type="version.revoked", body={"version": "1.0.0", "reason": "no"})
    promoted.govkit("log", "mirror", copy.url)
    head = promoted.log().head
    assert (
        f"proven: 13 events (9 good, 4 inert) head 13:{head.root}"
        in promoted.govkit("log", "verify", "--mirror", copy.url).text
    )
    promoted.git("update-ref", "-d", "refs/heads/govkit/log")
    promoted.forget()
    text = promoted.govkit(*VERIFY, "--mirror", copy.url).text
    assert f"speaks for head 13:{head.root}" in text


def test_what_is_too_large_does_not_stop_the_mirror(promoted: World) -> None:
    """A huge commit is named by its digest: copies go on and are compared; alone the mirror cannot prove past it."""
    copy = Mirror(promoted)
    promoted.push_event(b"x" * (mirrored.MAX_CARRIED + 1), None)
    step(promoted)
    assert "up to date, 11 events" in promoted.govkit("log", "mirror", copy.url).text
    assert copy.event(9).stat().st_size < 1000
    text = promoted.govkit("log", "verify", "--mirror", copy.url).text
    assert "'event.json' was too large to be copied" in text
    assert "its event.json was too large to be copied" in promoted.govkit(*VERIFY, "--mirror", copy.url, expect=3).text


def test_a_run_that_was_stopped_is_gone_on_with(mirrored_world: tuple[World, Mirror]) -> None:
    """Events without their heads, a hole, and a file that was half written beside its place: all is well after a run."""
    world, copy = mirrored_world
    before = copy.bytes()
    for path in (copy.event(4), copy.head(2), copy.head(8), copy.head(9), copy.event(8)):
        path.unlink()
    (copy.folder / "events" / ".tmp-000000000004.json-0").write_bytes(b"half")
    assert "up to date, 9 events, 5 written now" in world.govkit("log", "mirror", copy.url).text
    (copy.folder / "events" / ".tmp-000000000004.json-0").unlink()
    assert copy.bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_whole_objects(promoted: World, number: signal.Signals) -> None:
    """Whenever a run is ended, what lies at an object's place is the whole object; the next run goes on."""
    for _ in range(40):
        promoted.push_event(b"junk", None)
    copy, whole = Mirror(promoted), Mirror(promoted, "whole")
    promoted.govkit("log", "mirror", whole.url)
    words = [sys.executable, "-m", "govkit.cli.main", "log", "mirror", copy.url, "--repo", str(promoted.repo)]
    for seen in (1, 20, 60):
        with subprocess.Popen(words, env=promoted.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            while run.poll() is None and len(list(copy.base.rglob("0*.json"))) < seen:
                time.sleep(0.001)
            run.send_signal(number)
            assert b"Traceback" not in run.stderr.read()  # type: ignore[union-attr]
        found = {name: content for name, content in copy.bytes().items() if ".tmp-" not in name}
        assert found.items() <= whole.bytes().items()
    promoted.govkit("log", "mirror", copy.url)
    assert {name for name in copy.bytes() if ".tmp-" not in name} == whole.bytes().keys()


def test_many_at_once(promoted: World) -> None:
    """Several runs at the same time fill one mirror, and none fails."""
    copy = Mirror(promoted)
    with promoted.session() as session:
        _ = session.log, session.pins
        found: list[workflow.Mirrored] = []
        runs = [threading.Thread(target=lambda: found.append(workflow.mirror(session, [copy.url]))) for _ in range(6)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert [one.exit_code for one in found] == [0] * 6
    assert len(copy.bytes()) == 18
    promoted.govkit("log", "verify", "--mirror", copy.url)


# -- mirrors that are gone ------------------------------------------------------------------------------------------


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_dead_mirror_stops_nobody(promoted: World, black_hole: str) -> None:
    """Of four mirrors two are dead and one is not mounted; the fourth has everything, and what happened is said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/hook"
    copy = Mirror(promoted)
    promoted.env["GOVKIT_WEBHOOK_SECRET"] = webhook.SECRET
    words = ("log", "mirror", closed, f"{black_hole}/hook", f"file://{promoted.folder}/nowhere", copy.url)
    started = time.monotonic()
    text = promoted.govkit(*words, "--timeout", "3", expect=3).text
    assert time.monotonic() - started < 30
    assert f"{closed}: BEHIND by 9" in text
    assert "Connection refused" in text
    assert f"{black_hole}/hook: BEHIND by 9" in text
    assert "it was not done after 3 seconds" in text
    assert "nowhere: NOT REACHED why: there is no folder" in text
    assert f"{copy.url}: up to date, 9 events" in text
    assert "PROVEN" in promoted.verify().text


def test_status_for_the_doctor(promoted: World, black_hole: str) -> None:
    """How every mirror stands can be asked in bounded time, and nothing is written by it."""
    copy = Mirror(promoted)
    audit(promoted, f"{{mirrors: ['{copy.url}', '{black_hole}/x', 's3://bucket/x'], retention: 1d}}")
    promoted.env |= {"AWS_ENDPOINT_URL_S3": black_hole, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    promoted.govkit("log", "mirror", copy.url)
    step(promoted)
    with promoted.session() as session:
        started = time.monotonic()
        folder, hook, bucket = workflow.status(session, timeout=6)
        assert time.monotonic() - started < 11
    assert (folder.standing, folder.size, folder.behind, folder.problem) == ("behind", 12, 1, "")
    assert (hook.standing, hook.size, hook.behind) == ("behind", 0, 13)
    assert (bucket.standing, bucket.behind, bucket.exit_code) == ("behind", None, 3)
    assert "not done after 6 seconds" in bucket.problem
    assert not copy.event(12).exists()


# -- webhooks -------------------------------------------------------------------------------------------------------


def test_webhook_is_told_of_every_event_once(promoted: World) -> None:
    """A real receiver checks the HMAC; each event is a CloudEvent with its identity, and evidence only by digest."""
    promoted.env["GOVKIT_WEBHOOK_SECRET"] = webhook.SECRET
    with webhook.listening() as receiver:
        promoted.govkit("log", "mirror", receiver.url)
        promoted.govkit("log", "mirror", receiver.url)
        step(promoted)
        assert "up to date, 10 events, 1 written now" in promoted.govkit("log", "mirror", receiver.url).text
    judged = promoted.log().state.judged
    assert receiver.refused == []
    assert [event["id"] for event in receiver.events] == [one.id for one in judged]
    assert receiver.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert receiver.headers["webhook-id"] == judged[9].id
    last = receiver.events[8]
    assert (last["specversion"], last["type"], last["subject"]) == ("1.0", "govkit.promotion.recorded", MODEL)
    assert last["source"] == f"urn:govkit:log:{judged[0].id[7:]}"
    assert last["time"] == judged[8].event.time  # type: ignore[union-attr]
    assert json.loads(last["data"]["event"]["event"]["text"])["type"] == "promotion.recorded"
    assert set(last["data"]["event"]["evidence"]["tag"]) == {"sha256", "size"}
    assert last["data"]["head"]["size"] == 9
    assert "authorization" not in receiver.headers


def test_webhook_that_refuses_or_moves(promoted: World) -> None:
    """After an error it goes on from the event that was not taken; a redirect is not followed."""
    promoted.env["GOVKIT_WEBHOOK_SECRET"] = webhook.SECRET
    (promoted.folder / ".netrc").write_text("default login me password secret\n")
    with webhook.listening() as receiver:
        receiver.answers = [204, 204, 503]
        text = promoted.govkit("log", "mirror", receiver.url, expect=3).text
        assert "BEHIND by 7" in text
        assert "it answered with status 503" in text
        receiver.answers = [307]
        text = promoted.govkit("log", "mirror", receiver.url, expect=3).text
        assert "it answered with status 307, and redirects are not followed" in text
        assert len(receiver.events) == 2
        promoted.govkit("log", "mirror", receiver.url)
        assert "authorization" not in receiver.headers
    assert [event["data"]["head"]["size"] for event in receiver.events] == list(range(1, 10))


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "plain text", webhook.SECRET.removeprefix("whsec_")]
)
def test_webhook_needs_a_secret(promoted: World, secret: str) -> None:
    """Nothing is sent unsigned, or signed with what is no secret."""
    promoted.env["GOVKIT_WEBHOOK_SECRET"] = secret
    with webhook.listening() as receiver:
        text = promoted.govkit("log", "mirror", receiver.url, expect=3).text
    assert "no secret to sign webhooks with" in text or "is no secret of a webhook" in text
    assert receiver.headers == {}


def test_webhook_with_another_secret(promoted: World) -> None:
    """The receiver refuses what is signed with another secret, and it is said."""
    promoted.env["GOVKIT_WEBHOOK_SECRET"] = "whsec_" + "QUFB" * 10
    with webhook.listening() as receiver:
        assert "it answered with status 401" in promoted.govkit("log", "mirror", receiver.url, expect=3).text
    assert receiver.refused == ["signature"]


def test_webhook_is_never_verified_against(promoted: World) -> None:
    """What a webhook holds cannot be read back; no command pretends to."""
    for words in (("log", "verify"), VERIFY):
        text = promoted.govkit(*words, "--mirror", "https://siem.example.org/x", expect=2).text
        assert "cannot be read back why a webhook only takes events" in text


# -- proving from a mirror ------------------------------------------------------------------------------------------


def without_log(world: World) -> Path:
    """Return a clone that has the branch with the model, and neither log nor tags: as if the host died just then."""
    clone = world.clone("bare-of-log", "--single-branch", "--branch", "main", "--no-tags")
    shutil.copytree(world.repo / ".dvc" / "cache", clone / ".dvc" / "cache")
    return clone


def test_clone_without_log_proves_from_the_mirror(mirrored_world: tuple[World, Mirror]) -> None:
    """Log and tags come from the mirror, commit and card from the clone, weights through DVC: proven, and delivered."""
    world, copy = mirrored_world
    clone = without_log(world)
    assert "has no governance log" in world.govkit(*VERIFY, repo=clone, expect=2).text
    text = world.govkit(*VERIFY, "--mirror", copy.url, repo=clone).text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    assert f"the log was read from the mirror {copy.url}, not from Git" in text
    assert f"speaks for head 9:{world.log().head.root}" in text
    world.govkit(
        "get", MODEL, "--stage", "production", "-o", str(world.folder / "out"), "--mirror", copy.url, repo=clone
    )
    assert (world.folder / "out" / "model.json").read_bytes() == (world.repo / "model.json").read_bytes()
    assert world.git("-C", str(clone), "for-each-ref", "refs/heads/govkit", "refs/tags") == ""


def test_again_it_writes_no_more_objects(mirrored_world: tuple[World, Mirror]) -> None:
    """The commits that were made again are kept, and made once."""
    world, copy = mirrored_world
    clone = without_log(world)
    counts = []
    for _ in range(3):
        world.govkit(*VERIFY, "--mirror", copy.url, repo=clone)
        counts.append(len(list((clone / ".git" / "objects" / "pack").glob("*.pack"))))
    assert counts[0] == counts[1] == counts[2]


def test_rebuilt_commits_are_the_logs_own(mirrored_world: tuple[World, Mirror]) -> None:
    """A commit is a function of its event: who has only the mirror builds the same ids."""
    world, copy = mirrored_world
    from govkit.workflow import mirrorlog

    expected = world.log().commits
    with world.session() as session:
        assert mirrorlog.read(session.git, session.pins, copy.url).commits == expected


def test_what_the_clone_lacks_is_said(mirrored_world: tuple[World, Mirror]) -> None:
    """Without the commit of the version, nothing is proven, and nothing refused: exit code 3."""
    world, copy = mirrored_world
    empty = world.folder / "empty"
    world.git("init", "-q", str(empty))
    text = world.govkit(*VERIFY, "--mirror", copy.url, repo=empty, expect=3).text
    assert "is not in this clone" in text


def test_mirror_that_is_behind_what_was_seen(mirrored_world: tuple[World, Mirror]) -> None:
    """A clone that has seen more in Git does not prove from an older copy."""
    world, copy = mirrored_world
    step(world)
    text = world.govkit(*VERIFY, "--mirror", copy.url, expect=1).text
    assert "it has 9 events, and this clone has seen 10: it is behind, or was cut" in text
    world.govkit("log", "mirror", copy.url)
    world.govkit(*VERIFY, "--mirror", copy.url)


def test_mirror_that_was_longer_before(mirrored_world: tuple[World, Mirror]) -> None:
    """Who has only ever seen the mirror remembers its head, and sees that its tail was cut, or that it was exchanged."""
    world, copy = mirrored_world
    clone = without_log(world)
    world.govkit(*VERIFY, "--mirror", copy.url, repo=clone)
    gone = [(path, path.read_bytes()) for path in (copy.event(8), copy.head(9))]
    for path, _ in gone:
        path.unlink()
    text = world.govkit(*VERIFY, "--mirror", copy.url, repo=clone, expect=1).text
    assert "it has 8 events, and this clone has seen 9" in text
    for path, content in gone:
        path.write_bytes(content)
    world.govkit(*VERIFY, "--mirror", copy.url, repo=clone)


def test_mirror_of_another_log(mirrored_world: tuple[World, Mirror]) -> None:
    """Of several logs on a mirror the pinned one is taken; one that has only others proves nothing."""
    world, copy = mirrored_world
    other = "sha256:" + "0" * 64
    shutil.copytree(copy.folder, copy.base / other[7:])
    clone = without_log(world)
    world.govkit(*VERIFY, "--mirror", copy.url, repo=clone)
    text = world.govkit(*VERIFY, "--mirror", copy.url, "--root", other, repo=clone, expect=1).text
    assert f"event 0: it is event 0 of the log {world.log().root_of_trust}" in text
    shutil.rmtree(copy.folder)
    text = world.govkit(*VERIFY, "--mirror", copy.url, repo=clone, expect=3).text
    assert "has no log with a pinned root of trust" in text


def test_a_moved_tag_is_still_found(mirrored_world: tuple[World, Mirror]) -> None:
    """The mirror's copies stand in for tags that are not here, not for those that were moved."""
    world, copy = mirrored_world
    world.git("tag", "-d", "scorer#production#2")
    world.govkit(*VERIFY, expect=1)
    world.govkit(*VERIFY, "--mirror", copy.url)
    world.git("update-ref", "refs/tags/scorer#production#2", world.git("rev-parse", "refs/tags/scorer@v1.0.0"))
    assert "it was moved" in world.govkit(*VERIFY, "--mirror", copy.url, expect=1).text


# -- freshness ------------------------------------------------------------------------------------------------------


def test_freshness(promoted: World) -> None:
    """Where the policy wants it, nothing is proven without a checkpoint, or with one that is too old."""
    copy = Mirror(promoted)
    audit(promoted, f"{{mirrors: ['{copy.url}'], freshness: 2d}}", "release-engineer")
    text = promoted.verify(expect=3).text
    assert "nothing is proven from a log that may be out of date why it has no checkpoint" in text
    assert "somebody in the role release-engineer signs: govkit log checkpoint" in text
    assert "note: it has no checkpoint, and the policy wants one" in promoted.govkit("log", "verify").text
    assert "ada may not record a checkpoint" in promoted.govkit("log", "checkpoint", as_="ada", expect=1).text
    promoted.govkit("log", "mirror")
    promoted.govkit("log", "checkpoint", as_="remy")
    assert promoted.last().event.body == {"mirrors": [copy.url]}
    assert "PROVEN" in promoted.verify().text
    promoted.govkit("log", "checkpoint", as_="remy")
    assert promoted.last().event.body == {"mirrors": []}
    from govkit.core.errors import Undecided
    from govkit.workflow import verify

    with promoted.session(ahead=timedelta(days=1, hours=23)) as session:
        assert verify.verify(session, MODEL, "production").exit_code == 0
    with (
        promoted.session(ahead=timedelta(days=2, minutes=1)) as session,
        pytest.raises(Undecided, match="is event 13 of"),
    ):
        verify.verify(session, MODEL, "production")


def test_checkpoint_of_a_compromised_key_is_none(promoted: World) -> None:
    """What a stolen key signed does not make the log fresh."""
    audit(promoted, "{freshness: 2d}", "release-engineer", "engineer")
    promoted.govkit("log", "checkpoint", as_="remy")
    promoted.verify()
    words = ("people", "rotate", "remy", "--key", f"{promoted.key_path('remy2')}.pub", "--reason", "compromised")
    promoted.govkit(*words, "--since", str(promoted.last().index))
    promoted.adopt_policy()
    assert "it has no checkpoint" in promoted.verify(expect=3).text
    promoted.govkit("log", "checkpoint", as_="ada")


def test_progress_only_on_a_terminal(mirrored_world: tuple[World, Mirror]) -> None:
    """What programs read is not disturbed."""
    world, copy = mirrored_world
    found = world.govkit("log", "verify", "--mirror", copy.url, "--format", "json")
    assert found.err == ""
    assert found.json["exit_code"] == 0
