"""Several clones of one bare repository: every event arrives once, whoever is first; forks and lost tags are said."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from world import MODEL, World

LOG, WAITING = "refs/heads/govkit/log", "refs/govkit/waiting/log"
PRODUCTION = f"{MODEL}@1.1.0#production"
Clone = Callable[[str], World]


@pytest.fixture
def origin(requested: World) -> Path:
    """A bare repository that holds everything of ``requested``, which has it as its remote."""
    path = requested.folder / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(requested.repo), str(path)], check=True, env=requested.env)
    requested.git("remote", "add", "origin", str(path))
    requested.git("fetch", "-q", "origin")
    return path


@pytest.fixture
def clone(requested: World, origin: Path) -> Clone:
    """Make a clone of the bare repository, with DVC's cache, for the same people."""

    def make(name: str) -> World:
        other = World(requested.folder)
        other.repo = requested.folder / name
        subprocess.run(["git", "clone", "-q", str(origin), str(other.repo)], check=True, env=requested.env)
        for part in ("user.name", "user.email"):
            other.git("config", part, requested.git("config", part))
        shutil.copytree(requested.repo / ".dvc" / "cache", other.repo / ".dvc" / "cache")
        other.shell("dvc", "checkout", "-q")
        return other

    return make


def there(origin: Path, name: str = LOG) -> str:
    """Return what a ref of the bare repository points at; nothing if it does not exist."""
    words = ["git", "rev-parse", "--verify", "-q", name]
    return subprocess.run(words, cwd=origin, capture_output=True, text=True, check=False).stdout.strip()


def set_there(origin: Path, name: str, identity: str) -> None:
    """Move a ref of the bare repository, as somebody with push access can."""
    words = ["git", "update-ref", name, identity] if identity else ["git", "update-ref", "-d", name]
    subprocess.run(words, cwd=origin, check=True)


def waits(world: World) -> str:
    """Return the head of the events that wait in a clone."""
    return world.git("rev-parse", "--verify", "-q", WAITING, check=False)


def test_writing_commands_publish_by_themselves(requested: World, origin: Path, clone: Clone) -> None:
    """What one clone writes is on the remote, log and tag, and another clone goes on from there without a fetch."""
    other = clone("other")
    assert "published on origin" in requested.govkit("approve", PRODUCTION, as_="rita").out
    assert there(origin) == requested.git("rev-parse", LOG) == requested.git("rev-parse", "origin/govkit/log")
    other.govkit("approve", PRODUCTION, as_="vera")
    other.promote("1.1.0", "production")
    tag = f"refs/tags/{MODEL}#production#3"
    assert there(origin, tag) == other.git("rev-parse", tag) != ""
    assert "PROVEN: scorer@1.0.0" in requested.verify().text
    assert "3 events fetched" not in requested.govkit("log", "sync").out
    assert "PROVEN: scorer@1.1.0" in requested.verify().text


def test_local_work_waits_and_is_published_as_it_is(requested: World, origin: Path, clone: Clone) -> None:
    """``--local`` touches no branch and no tag; ``log sync`` publishes it, unchanged if nobody else wrote."""
    before, branch = there(origin), requested.git("rev-parse", LOG)
    requested.govkit("approve", PRODUCTION, "--local", as_="rita")
    result = requested.govkit("approve", PRODUCTION, "--local", as_="vera")
    assert "it waits in this clone; publish it with: govkit log sync" in result.out
    assert (there(origin), requested.git("rev-parse", LOG)) == (before, branch)
    assert "2 events wait in this clone" in requested.govkit("status", expect=None).text
    signed = waits(requested)
    requested.govkit("promote", f"{MODEL}@1.1.0", "--stage", "production", "--local", as_="remy")
    assert f"{MODEL}#production#3" not in requested.git("tag").split()
    assert "3 pushed; 14 in all" in requested.govkit("log", "sync").out
    assert waits(requested) == ""
    assert (
        subprocess.run(
            ["git", "merge-base", "--is-ancestor", signed, there(origin)], cwd=origin, check=False
        ).returncode
        == 0
    )
    assert "PROVEN: scorer@1.1.0" in requested.verify().text
    other = clone("other")
    other.govkit("log", "verify")


def test_loser_signs_again(requested: World, origin: Path, clone: Clone) -> None:
    """What waited while others wrote: a decision is carried as it is, everything else is checked and signed again."""
    other = clone("other")
    other.govkit("approve", PRODUCTION, "--local", as_="rita")
    other.retrain(0.9)
    other.shell("git", "push", "-q", "origin", "main")
    other.govkit("register", f"{MODEL}@1.2.0", "--local", as_="ada")
    other.govkit("request", f"{MODEL}@1.2.0", "--stage", "staging", "-m", "better", "--local", as_="ada")
    requested.govkit("approve", PRODUCTION, as_="vera")
    text = other.govkit("approve", f"{MODEL}@1.2.0#staging", "--local", as_="victor").text
    assert "it waits in this clone" in text
    other.git("fetch", "-q", "origin", "govkit/log:govkit/log")
    text = other.govkit(
        "request", f"{MODEL}@1.2.0", "--stage", "production", "-m", "x", "--local", as_="ada", expect=1
    ).text
    assert "4 events wait here for a sync, and others wrote to the log since" in text
    result = other.govkit("log", "sync", as_="ada", expect=1)
    assert "'decision.recorded'" in result.text
    assert "which waited for the sync, has no effect any more; nothing was pushed" in result.text
    assert there(origin) == requested.git("rev-parse", LOG)
    assert waits(other)
    assert "given up: 4 events" in other.govkit("log", "sync", "--discard").text
    other.govkit("approve", PRODUCTION, "--local", as_="rita")
    other.govkit("register", f"{MODEL}@1.2.0", "--local", as_="ada")
    other.govkit("request", f"{MODEL}@1.2.0", "--stage", "staging", "-m", "better", "--local", as_="ada")
    requested.govkit("withdraw", PRODUCTION, "-m", "no", as_="ada")
    requested.govkit("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", "again", as_="ada")
    text = other.govkit("log", "sync", as_="ada", expect=1).text
    assert "is withdrawn" in text


def test_request_and_tag_are_made_again(requested: World, origin: Path, clone: Clone) -> None:
    """A registration with its tag, and a request, take their new place; the request names the same version."""
    other = clone("other")
    other.retrain(0.9)
    other.shell("git", "push", "-q", "origin", "main")
    other.govkit("register", f"{MODEL}@1.2.0", "--local", as_="ada")
    other.govkit("request", f"{MODEL}@1.2.0", "--stage", "staging", "-m", "better", "--local", as_="ada")
    requested.govkit("approve", PRODUCTION, as_="vera")
    text = other.govkit("log", "sync", as_="rita", expect=1).text
    assert "ada must sign 'version.registered'" in text
    result = other.govkit("log", "sync", as_="ada")
    assert result.out.count("signed again") == 2
    assert there(origin) == other.git("rev-parse", LOG)
    assert there(origin, f"refs/tags/{MODEL}@v1.2.0") == other.git("rev-parse", f"refs/tags/{MODEL}@v1.2.0")
    requested.govkit("approve", f"{MODEL}@1.2.0#staging", as_="victor")
    assert "15 events (15 good)" in requested.govkit("log", "verify").text


def test_promotion_that_waited_is_judged_again(requested: World, origin: Path, clone: Clone) -> None:
    """A promotion that was allowed when it was signed is not when somebody has rejected it meanwhile."""
    requested.approve("1.1.0", "production", "rita", "vera")
    other = clone("other")
    other.govkit("promote", f"{MODEL}@1.1.0", "--stage", "production", "--local", as_="remy")
    requested.govkit("reject", PRODUCTION, "-m", "no", as_="victor")
    text = other.govkit("log", "sync", as_="remy", expect=1).text
    assert "scorer@1.1.0 may not serve in production" in text
    assert "victor can lift the reject" in text
    assert there(origin) == requested.git("rev-parse", LOG)
    requested.govkit("lift", PRODUCTION, as_="rita", expect=None)


def test_unreachable_remote_writes_nothing(requested: World, origin: Path) -> None:
    """Without the remote nothing is written, and ``--local`` is named; that works, and syncs when it is back."""
    origin.rename(origin.with_suffix(".away"))
    before = requested.git("for-each-ref")
    text = requested.govkit("approve", PRODUCTION, as_="rita", expect=3).text
    assert "the remote 'origin' cannot be reached; nothing was written" in text
    assert "--local" in text
    assert requested.git("for-each-ref") == before
    requested.govkit("approve", PRODUCTION, "--local", as_="rita")
    origin.with_suffix(".away").rename(origin)
    requested.govkit("log", "sync")
    assert there(origin) == requested.git("rev-parse", LOG)


def test_remote_that_refuses_is_quoted(requested: World, origin: Path) -> None:
    """What a server's hook says reaches the person, and nothing is half-written."""
    hook = origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'the office is closed' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = requested.git("for-each-ref")
    text = requested.govkit("approve", PRODUCTION, as_="rita", expect=1).text
    assert "'origin' does not take this; nothing was written" in text
    assert "the office is closed" in text
    assert requested.git("for-each-ref") == before


def test_rewritten_remote_is_refused(requested: World, origin: Path, clone: Clone) -> None:
    """A remote that was rewritten, cut or deleted is said, with the event at which it parts; nothing is written."""
    other = clone("other")
    other.govkit("log", "sync")
    honest, shorter = there(origin), requested.git("rev-parse", f"{LOG}~2")
    fork = requested.git("commit-tree", f"{honest}^{{tree}}", "-p", shorter, "-m", "another story")
    subprocess.run(["git", "push", "-qf", str(origin), f"{fork}:{LOG}"], cwd=requested.repo, check=True)
    text = other.govkit("log", "sync", expect=1).text
    assert "the log has two histories" in text
    assert "at event 9" in text
    set_there(origin, LOG, shorter)
    for words in (("log", "sync"), ("approve", PRODUCTION)):
        text = other.govkit(*words, as_="rita", expect=1).text
        assert "the log on 'origin' was cut short why this clone has seen 11 events, and there are 9" in text
        assert f"git push origin {honest}:refs/heads/govkit/log" in text
    set_there(origin, LOG, "")
    assert "the log vanished from 'origin'" in other.govkit("log", "sync", expect=1).text
    other.shell("git", "push", "-q", "origin", f"{honest}:refs/heads/govkit/log")
    other.govkit("log", "sync")


def test_moved_or_vanished_tags_are_refused(requested: World, origin: Path, clone: Clone) -> None:
    """A recorded tag that is missing or moved on the remote stops the sync; the command that is named mends it."""
    other, name = clone("other"), f"refs/tags/{MODEL}#production#2"
    honest = there(origin, name)
    set_there(origin, name, "")
    text = other.govkit("log", "sync", expect=1).text
    assert "'scorer#production#2' vanished on 'origin'" in text
    set_there(origin, name, there(origin, f"refs/tags/{MODEL}@v1.0.0"))
    text = requested.govkit("approve", PRODUCTION, as_="rita", expect=1).text
    assert "'scorer#production#2' moved on 'origin'" in text
    command = f"git push origin +{honest}:'{name}'"
    assert command in text
    subprocess.run(command, shell=True, cwd=requested.repo, check=True, env=requested.env, capture_output=True)
    requested.govkit("approve", PRODUCTION, as_="rita")
    other.govkit("log", "sync")
    other.git("update-ref", name, honest.replace(honest, other.git("rev-parse", f"refs/tags/{MODEL}@v1.0.0")))
    assert "moved in this clone" in other.govkit("log", "sync", expect=1).text


def test_shallow_and_bare_minimum_clones_are_mended(requested: World, origin: Path) -> None:
    """A clone without the log, without tags, or with a shallow history: the message names the command, and it works."""
    poor = World(requested.folder)
    poor.repo = requested.folder / "poor"
    words = ["git", "clone", "-q", "--depth", "1", "--no-tags", f"file://{origin}", str(poor.repo)]
    subprocess.run(words, check=True, env=requested.env)
    text = poor.verify(expect=2).text
    assert "this repository has no governance log" in text
    assert "fetch it with 'govkit log sync'" in text
    assert "11 events fetched, 4 tags" in poor.govkit("log", "sync").out
    text = poor.verify(expect=3).text
    assert "this clone is shallow" in text
    assert "PROVEN: scorer@1.0.0" in poor.govkit("verify", MODEL, "--stage", "production", "--fetch").text
    poor.govkit("log", "verify")


def test_first_push_of_a_log(requested: World, clone: Clone) -> None:
    """A log that was kept without a remote is published with all its tags by the first sync."""
    empty = requested.folder / "empty.git"
    subprocess.run(["git", "init", "-q", "--bare", str(empty)], check=True)
    requested.git("remote", "set-url", "origin", str(empty))
    requested.git("update-ref", "-d", "refs/remotes/origin/govkit/log")
    assert "11 pushed; 11 in all" in requested.govkit("log", "sync").out
    listed = subprocess.run(["git", "tag"], cwd=empty, capture_output=True, text=True, check=True).stdout.split()
    assert sorted(listed) == sorted(requested.git("tag").split())


def test_several_remotes_need_a_name(requested: World, origin: Path) -> None:
    """Of several remotes the one in Git's setting counts."""
    requested.git("remote", "rename", "origin", "upstream")
    requested.git("remote", "add", "mine", str(origin))
    text = requested.govkit("log", "sync", expect=2).text
    assert "several remotes: mine, upstream" in text
    requested.git("config", "govkit.remote", "upstream")
    assert "upstream:" in requested.govkit("log", "sync").out
    requested.git("config", "govkit.remote", "nowhere")
    assert "which is no remote" in requested.govkit("log", "sync", expect=2).text


def test_a_remotes_own_settings_are_read(promoted: World) -> None:
    """Git writes them under a name in quotes."""
    promoted.git("config", "remote.central.receivepack", "other-receive-pack")
    promoted.git("config", "user.signingkey", "k")
    repository = promoted.repository()
    assert repository.config("remote.central.receivepack") == "other-receive-pack"
    assert (repository.config("user.signingkey"), repository.config("remote.other.receivepack")) == ("k", None)
