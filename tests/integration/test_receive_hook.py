"""The pre-receive hook on a real bare repository: what it refuses, what it says, and what it lets pass."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rawlog import entries, promotion, push, set_tag, tag_id
from world import MODEL, World

from govkit.core import canonical, times
from govkit.core.pushcheck import NONE
from govkit.storage import log as log_storage

LOG = "refs/heads/govkit/log"


class Server:
    """A bare repository that a world pushes to."""

    def __init__(self, world: World, name: str = "server.git") -> None:
        self.world = world
        self.path = world.folder / name
        self.git("init", "-q", "--bare", str(self.path), cwd=world.folder)
        # Not as a remote: then govkit would push by itself, and these tests push as they like.
        world.git("config", "test.server", f"file://{self.path}")

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run git in the bare repository."""
        done = subprocess.run(
            ["git", *words], cwd=cwd or self.path, env=self.world.env, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def refs(self) -> dict[str, str]:
        """Return all refs."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ") for line in lines)

    def install(self, *words: str, expect: int = 0) -> str:
        """Install the hook and return what the command said."""
        return self.world.govkit("log", "install-hook", str(self.path), *words, expect=expect).text

    @property
    def hook(self) -> Path:
        """The hook's file."""
        return self.path / "hooks" / "pre-receive"


def try_push(world: World, *words: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str]:
    """Push, and return exit code and what the pusher sees, with white space folded."""
    command = ["git", "push", world.git("config", "test.server"), *words]
    done = subprocess.run(
        command, cwd=cwd or world.repo, env={**world.env, **(env or {})}, capture_output=True, check=False
    )
    said = done.stderr.decode().replace("remote: ", "")
    assert "Traceback" not in said
    return done.returncode, " ".join(said.split())


def refused(server: Server, *words: str, env: dict[str, str] | None = None) -> str:
    """Push, see that nothing came of it, and return what the pusher was told."""
    before = server.refs()
    code, said = try_push(server.world, *words, env=env)
    assert (code, server.refs()) == (1, before), said
    assert "pre-receive hook declined" in said
    return said


def accepted(server: Server, *words: str) -> None:
    """Push, and see that it went in."""
    code, said = try_push(server.world, *words)
    assert code == 0, said


def guarded(world: World) -> Server:
    """Return a server that has everything and is guarded by the hook."""
    server = Server(world)
    accepted(server, "--all")
    accepted(server, "--tags")
    server.install()
    return server


@pytest.fixture
def server(requested: World) -> Server:
    """A guarded server; 1.1.0 is asked for in production."""
    return guarded(requested)


def new_tags(server: Server) -> list[str]:
    """Return the refs of the tags that the world has and the server has not."""
    here = {f"refs/tags/{name}" for name in server.world.git("tag").split()}
    return sorted(here - server.refs().keys())


def publish(server: Server) -> None:
    """Push log and new tags as govkit says."""
    accepted(server, "--atomic", "govkit/log", *new_tags(server))


# -- the control ---------------------------------------------------------------------------------------------------


def test_the_whole_story_goes_in(governed: World) -> None:
    """Opening, registering, asking, deciding and promoting are pushed step by step and accepted; then all is proven."""
    server = Server(governed)
    assert "none yet" in server.install()
    accepted(server, "main")
    publish(server)
    governed.register("1.0.0")
    publish(server)
    governed.request("1.0.0", "staging")
    governed.approve("1.0.0", "staging", "victor")
    publish(server)
    governed.promote("1.0.0", "staging")
    publish(server)
    clone = governed.folder / "reader"
    governed.shell("git", "clone", "-q", f"file://{server.path}", str(clone))
    assert "proven: " in governed.govkit("log", "verify", repo=clone).text
    assert len(server.refs()) == 4


def test_everything_else_passes_untouched(server: Server) -> None:
    """Ordinary branches and tags come, move and go; also those with unusual names."""
    world = server.world
    for name in ("feature/#12", "what-@-is", "govkit-log", "govkit/other", "release"):
        world.git("branch", name)
        accepted(server, f"refs/heads/{name}")
    for name in ("v1.0.0", "nightly", "2026-01-01"):
        world.git("tag", name)
        accepted(server, f"refs/tags/{name}")
    world.commit("More")
    accepted(server, "main", "+HEAD:refs/heads/release", "+HEAD:refs/tags/nightly", ":refs/tags/v1.0.0")
    assert "refs/tags/v1.0.0" not in server.refs()


def test_ordinary_pushes_do_not_wait_for_the_log(server: Server) -> None:
    """Where nothing concerns the log, no Git runs at all."""
    world = server.world
    world.push_event(b"junk", None)
    server.hook.write_text(server.hook.read_text().replace("env -i", f"env -i GIT_TRACE={world.folder}/trace"))
    world.git("branch", "work")
    accepted(server, "work")
    assert not (world.folder / "trace").exists()
    refused(server, LOG)
    assert "cat-file" in (world.folder / "trace").read_text()


# -- the log -------------------------------------------------------------------------------------------------------


def test_log_is_not_deleted(server: Server) -> None:
    """The branch stays."""
    said = refused(server, f":{LOG}")
    assert "the branch govkit/log is not deleted why the governance log only grows" in said


def test_log_is_not_rewound(server: Server) -> None:
    """An older head is no extension, with force either; and a log of another origin is none."""
    assert "does not extend the one that is here" in refused(server, f"+{LOG}~1:{LOG}")
    server.world.git("checkout", "-q", "--orphan", "other")
    server.world.commit("Other")
    assert "does not extend the one that is here" in refused(server, f"+HEAD:{LOG}")


def test_log_is_not_rewritten_in_the_middle(server: Server) -> None:
    """A log that parts from the server's before its end is refused."""
    world = server.world
    world.forget()
    world.git("update-ref", LOG, f"{LOG}~1")
    world.request("1.1.0", "staging")
    world.approve("1.1.0", "staging", "victor")
    assert "does not extend the one that is here" in refused(server, f"+{LOG}:{LOG}")


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ("unsigned", "is inert why unsigned"),
        ("stranger", "is inert why signed by a key that belongs to nobody"),
        ("not allowed", "is inert why ada holds none of the roles risk-owner"),
        ("junk", "is inert why malformed"),
        ("no event", "is inert why the commit holds no event.json"),
        ("unknown type", "is undecided why this govkit does not know events of type model.blessed"),
        ("other history", "is conflict why ada signed it for another history"),
    ],
)
def test_event_that_is_not_good_is_refused(server: Server, attack: str, reason: str) -> None:
    """Whatever the ledger does not judge good stays out, with the ledger's reason."""
    world = server.world
    fields = {"type": "version.revoked", "body": {"version": "1.0.0", "reason": "x"}}
    if attack == "unsigned":
        world.push_event(world.make_event(actor="rita", **fields), None)
    elif attack == "stranger":
        world.push_signed("mallory", actor="rita", **fields)
    elif attack == "not allowed":
        world.push_signed("ada", **fields)
    elif attack == "junk":
        world.push_event(b"junk", None)
    elif attack == "no event":
        world.push_event(None, None)
    elif attack == "unknown type":
        world.push_signed("ada", **{**fields, "type": "model.blessed"})
    else:
        world.push_signed("ada", **fields, log={"size": 2, "root": "sha256:" + "0" * 64})
    assert reason in refused(server, LOG)


def test_bad_event_among_good_ones_is_refused(server: Server) -> None:
    """One bad event keeps the whole push out."""
    world = server.world
    world.approve("1.1.0", "production", "rita")
    world.push_event(b"junk", None)
    assert "is inert" in refused(server, LOG)


def test_commit_that_tells_another_story_is_refused(server: Server) -> None:
    """A good event in a commit of another author, or beside a file that it does not name, stays out."""
    world, who = server.world, "mallory <m@example.org> 1700000000 +0000"
    raw = f"tree {{tree}}\nparent {{parent}}\nauthor {who}\ncommitter {who}\n\nrita approves everything\n"
    content = world.make_event(actor="rita", type="version.revoked", body={"version": "1.0.0", "reason": "x"})
    signature = world.sign("rita", content)
    world.push_event(content, signature, commit=raw.encode())
    assert "has another message, author, date or parent" in refused(server, LOG)
    world.git("update-ref", LOG, f"{LOG}~1")
    world.push_event(content, signature, {"extra.txt": b"x"})
    assert "holds 'extra.txt', which the event does not name" in refused(server, LOG)


@pytest.mark.parametrize("minutes", [5, 15])
def test_event_from_the_future_is_refused(server: Server, minutes: int) -> None:
    """More than ten minutes ahead of the server's clock is refused; less is not."""
    world, ahead = server.world, datetime.now(UTC) + timedelta(minutes=minutes)
    body = {"version": "1.0.0", "reason": "x"}
    world.push_signed("rita", type="version.revoked", body=body, time=times.write(ahead))
    if minutes < 10:
        accepted(server, LOG)
    else:
        assert "ahead of the server's clock" in refused(server, LOG)


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("event.json", 100 * 1024 * 1024, "its file 'event.json' has 104,857,600 bytes, and 262,144 are allowed"),
        ("event.json.sig", 1024 * 1024, "its file 'event.json.sig' has 1,048,576 bytes"),
        ("card.json", 21 * 1024 * 1024, "its file 'card.json' has 22,020,096 bytes"),
    ],
)
def test_large_files_are_refused_unread(server: Server, name: str, size: int, reason: str) -> None:
    """The size is asked for first, so that the server's memory is not the limit."""
    world = server.world
    content = world.make_event(actor="rita", type="version.revoked", body={"version": "1.0.0", "reason": "x"})
    files = {"event.json": content, "event.json.sig": world.sign("rita", content), name: b"\0" * size}
    event, signature = files.pop("event.json"), files.pop("event.json.sig")
    world.push_event(event, signature, files)
    server.hook.write_text(server.hook.read_text().replace("env -i", "ulimit -v 400000\nenv -i"))
    assert reason in refused(server, LOG)


def test_all_files_together_and_lists_and_commits_are_bounded(server: Server) -> None:
    """Many files, a long list of them, and a long commit are refused unread, too."""
    world = server.world
    content = world.make_event(actor="rita", type="version.revoked", body={"version": "1.0.0", "reason": "x"})
    signature = world.sign("rita", content)
    for evidence, commit, reason in (
        ({f"x{n}": bytes([n]) * (17 * 1024 * 1024) for n in range(4)}, None, "all of it has"),
        ({f"{n:05}" + "x" * 90: b"" for n in range(2200)}, None, "its list of files has"),
        ({}, b"tree {tree}\nparent {parent}\n" + b"x" * 70_000, "a commit of the log is too large"),
    ):
        world.push_event(content, signature, evidence, commit=commit)
        assert reason in refused(server, LOG)
        world.git("update-ref", LOG, f"{LOG}~1")


def test_other_log_is_refused_though_there_is_none(promoted: World) -> None:
    """A pinned root keeps another log out, also where the branch is gone."""
    server = guarded(promoted)
    root = promoted.log().root_of_trust
    assert root in server.hook.read_text()
    server.git("update-ref", "-d", LOG)
    for name in [ref for ref in server.refs() if ref.startswith("refs/tags/")]:
        server.git("update-ref", "-d", name)
    log = promoted.git("rev-parse", LOG)
    promoted.git("update-ref", "-d", LOG)
    promoted.forget()
    promoted.govkit("init", "--remote", "elsewhere", as_="rita")
    said = refused(server, LOG)
    assert (
        f"this is not the log that is pinned on the server why its root of trust is {promoted.log().root_of_trust}"
        in said
    )
    promoted.git("update-ref", LOG, log)
    accepted(server, "--atomic", LOG, *new_tags(server))


def test_root_can_be_said_beforehand(governed: World) -> None:
    """An empty server with --root takes that log and no other; without, the first good one."""
    server = Server(governed)
    server.install("--root", "sha256:" + "1" * 64)
    assert "is not the log that is pinned" in refused(server, LOG)
    server.install("--root", governed.log().root_of_trust)
    accepted(server, LOG)


# -- tags ----------------------------------------------------------------------------------------------------------


def test_recorded_tags_stay(server: Server) -> None:
    """A recorded tag is neither deleted nor moved, and comes back if it is gone."""
    world, name = server.world, f"{MODEL}#production#2"
    assert f"the tag '{name}' is not deleted" in refused(server, f":refs/tags/{name}")
    set_tag(world, name, tag_id(world, f"{MODEL}#staging#1"))
    assert f"the tag '{name}' is not moved" in refused(server, f"+refs/tags/{name}")
    right = server.refs()[f"refs/tags/{name}"]
    server.git("update-ref", "-d", f"refs/tags/{name}")
    assert f"the tag '{name}' is not moved why the log recorded it" in refused(server, f"refs/tags/{name}")
    set_tag(world, name, right)
    accepted(server, f"refs/tags/{name}")


@pytest.mark.parametrize("name", ["scorer@v3.0.0", "scorer#production#3", "scorer#production!#3", "other@v1.0.0"])
def test_tag_without_an_event_is_refused(server: Server, name: str) -> None:
    """A tag in the grammar that the log does not record stays out; one that is there already may go."""
    world = server.world
    world.git("tag", name)
    assert f"the tag '{name}' is not taken why no event of the log records it" in refused(server, f"refs/tags/{name}")
    server.git("update-ref", f"refs/tags/{name}", world.git("rev-parse", "main"))
    accepted(server, f":refs/tags/{name}")


def test_event_without_its_tag_is_refused(server: Server) -> None:
    """Log and tag come together: neither goes in without the other."""
    world = server.world
    world.approve("1.1.0", "production", "rita", "vera")
    accepted(server, LOG)
    world.promote("1.1.0", "production")
    tag = f"refs/tags/{MODEL}#production#3"
    said = refused(server, LOG)
    assert f"comes without its tag '{MODEL}#production#3'" in said
    assert f"git push --atomic origin govkit/log '{tag}'" in said
    assert "no event of the log records it" in refused(server, tag)
    accepted(server, "--atomic", LOG, tag)


def test_event_with_another_tag_is_refused(server: Server) -> None:
    """The pushed tag must be the recorded object, not another of that name."""
    world = server.world
    world.approve("1.1.0", "production", "rita", "vera")
    signed = promotion(world, "1.1.0", "production")
    push(world, signed)
    world.git("tag", "-f", str(signed.tag), "main")
    assert "is not moved why the log recorded it" in refused(server, "--atomic", LOG, f"refs/tags/{signed.tag}")


def test_left_over_tag_gives_way(server: Server) -> None:
    """An unrecorded tag on the server, left over from a lost race, is replaced by the one that an event records."""
    world, name = server.world, "scorer@v3.0.0"
    server.git("update-ref", f"refs/tags/{name}", world.git("rev-parse", "main"))
    world.retrain(0.9)
    accepted(server, "main")
    world.register("3.0.0")
    accepted(server, "--atomic", LOG, f"+refs/tags/{name}")


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("refs/heads/scorer@v1.0.0", "only a tag has a name like 'scorer@v1.0.0'"),
        ("refs/heads/scorer#production#2", "only a tag has a name like"),
        ("refs/scorer@v1.0.0", "only a tag has a name like"),
        ("refs/notes/scorer@v1.0.0", "only a tag has a name like"),
        ("refs/remotes/origin/scorer@v1.0.0", "only a tag has a name like"),
        ("refs/tags/scorer@v1.0.0x", "govkit writes no tag of this name"),
        ("refs/tags/scorer@v2.0.0/x", "govkit writes no tag of this name"),
        ("refs/tags/scorer#production#9/x", "govkit writes no tag of this name"),
        ("refs/tags/scorer@deprecated", "govkit writes no tag of this name"),
        ("refs/tags/scorer#production", "govkit writes no tag of this name"),
        ("refs/replace/" + "1" * 40, "show everybody another object"),
        ("refs/heads/govkit/log/x", "stands in the way of the branch govkit/log"),
        ("refs/heads/govkit", "stands in the way of the branch govkit/log"),
        ("refs/remotes/evil/govkit/log", "it would pass for another log"),
    ],
)
def test_names_that_are_refused(server: Server, ref: str, reason: str) -> None:
    """No ref of any kind takes a name of the tags' grammar, one below it, or the log's; what is there may go."""
    assert reason in refused(server, f"HEAD:{ref}")
    if not ref.startswith(("refs/heads/govkit", "refs/tags/scorer@v1.0.0x", "refs/scorer")):
        server.git("update-ref", ref, server.world.git("rev-parse", "main"))
        accepted(server, f":{ref}")


# -- races ---------------------------------------------------------------------------------------------------------


def two_clones(server: Server) -> list[World]:
    """Return two worlds of the same people, each with a clone of the server."""
    worlds = []
    for name in ("one", "two"):
        other = World(server.world.folder)
        other.repo = server.world.folder / name
        server.world.shell("git", "clone", "-q", f"file://{server.path}", str(other.repo))
        other.git("branch", "-q", "govkit/log", "origin/govkit/log")
        other.git("remote", "remove", "origin")
        other.git("config", "test.server", f"file://{server.path}")
        worlds.append(other)
    return worlds


def test_two_pushes_race(server: Server) -> None:
    """Of two pushes that append at the same time one goes in whole and the other not at all."""
    server.world.approve("1.1.0", "production", "rita", "vera")
    accepted(server, LOG)
    worlds = two_clones(server)
    for world in worlds:
        world.promote("1.1.0", "production")
    tag = "refs/tags/scorer#production#3"
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda world: try_push(world, "--atomic", LOG, tag), worlds))
    assert sorted(code for code, _ in results) == [0, 1]
    winner = worlds[0 if results[0][0] == 0 else 1]
    refs = server.refs()
    assert (refs[LOG], refs[tag]) == (winner.git("rev-parse", LOG), winner.git("rev-parse", tag))


def test_loser_of_a_race_behind_the_hook(server: Server) -> None:
    """If another push goes in while the hook judges, Git's own comparison keeps the later one out, its tag too."""
    server.world.approve("1.1.0", "production", "rita", "vera")
    accepted(server, LOG)
    first, second = two_clones(server)
    for world in (first, second):
        world.promote("1.1.0", "production")
    tag = "refs/tags/scorer#production#3"
    (server.path / "hooks" / "judge").write_text(server.hook.read_text())
    (server.path / "hooks" / "judge").chmod(0o755)
    # What Git runs judges the second push and, before it says yes, lets the first one in.
    server.hook.write_text(
        f'#!/bin/sh\nhooks/judge || exit 1\ncd {first.repo} && env -i PATH="$PATH" sh -c '
        f"'git --git-dir={server.path} fetch -q . 2>/dev/null; "
        f'git push -q --receive-pack="git -c core.hooksPath=/dev/null receive-pack" file://{server.path} {LOG} {tag}\'\n'
    )
    code, said = try_push(second, "--atomic", LOG, tag)
    assert code == 1, said
    refs = server.refs()
    assert (refs[LOG], refs[tag]) == (first.git("rev-parse", LOG), first.git("rev-parse", tag))


def test_who_saw_an_old_head_is_told(server: Server) -> None:
    """A push that stands on what was there before is refused with what to do."""
    first, second = two_clones(server)
    first.approve("1.1.0", "production", "rita")
    assert try_push(first, LOG)[0] == 0
    second.approve("1.1.0", "production", "victor")
    code, said = try_push(second, f"+{LOG}")
    assert code == 1
    assert "does not extend the one that is here" in said
    assert "git fetch origin govkit/log" in said


# -- the hook itself -----------------------------------------------------------------------------------------------


def test_hook_fails_closed(server: Server) -> None:
    """Without govkit, without Python, or with a crash, nothing goes in, and the pusher is told."""
    world, text = server.world, server.hook.read_text()
    world.git("branch", "work")
    for broken in (
        text.replace("python=", "python=/nowhere"),
        text.replace("govkit.cli.main", "govkit.cli.missing"),
        text.replace("log receive", "log receive --nonsense"),
        text.replace('"$python" -s', 'kill -9 $$; "$python" -s'),
    ):
        assert broken != text
        server.hook.write_text(broken)
        code, said = try_push(world, "work")
        assert code == 1
        assert "pre-receive hook declined" in said
    assert "refs/heads/work" not in server.refs()


def test_damaged_log_on_the_server_lets_nothing_in(server: Server) -> None:
    """That an event there cannot be read is no reason to accept the next one."""
    world = server.world
    signature = server.git("rev-parse", f"{LOG}:event.json.sig")
    packs = server.path / "objects" / "pack"
    for pack in packs.glob("*.pack"):
        pack.rename(server.path / pack.name)
        subprocess.run(
            ["git", "unpack-objects", "-q"], cwd=server.path, check=True, input=(server.path / pack.name).read_bytes()
        )
    (server.path / "objects" / signature[:2] / signature[2:]).unlink()
    world.approve("1.1.0", "production", "rita")
    code, said = try_push(world, LOG)
    assert code == 1
    assert "is missing from this clone" in said


def test_pushers_environment_decides_nothing(server: Server, tmp_path: Path) -> None:
    """Variables that would change what govkit trusts, imports or reads do not reach it."""
    world = server.world
    (tmp_path / "govkit").mkdir()
    (tmp_path / "govkit" / "__init__.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(0)\n")
    world.push_event(b"junk", None)
    environment = {
        "PYTHONPATH": str(tmp_path),
        "GOVKIT_ROOT": "sha256:" + "2" * 64,
        "GIT_REPLACE_REF_BASE": "refs/heads/",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "false",
    }
    assert "is inert why malformed" in refused(server, LOG, env=environment)


def test_installing_is_safe_to_repeat(promoted: World) -> None:
    """Again it changes nothing; a foreign hook, another root, and places where Git runs no hook are refused."""
    server = Server(promoted)
    accepted(server, "--all")
    text = server.install("--dry-run")
    assert "would be installed" in text and not server.hook.exists()
    assert f"installed: {server.hook}" in server.install()
    assert f"rm '{server.hook}'" in server.install()
    assert "unchanged" in server.install()
    server.hook.chmod(0o644)
    assert "renewed" in server.install()
    assert server.hook.stat().st_mode & 0o111
    assert "asked for is sha256:3333" in server.install("--root", "sha256:" + "3" * 64, expect=1)
    server.git("config", "core.hooksPath", "/elsewhere")
    assert "core.hooksPath is /elsewhere" in server.install(expect=2)
    server.git("config", "--unset", "core.hooksPath")
    server.hook.write_text("#!/bin/sh\nexit 0\n")
    assert "is another hook" in server.install(expect=1)
    assert server.hook.read_text() == "#!/bin/sh\nexit 0\n"
    assert "pre-receive.d/govkit" in server.install("--to", "hooks/pre-receive.d/govkit")
    assert "has a working tree" in promoted.govkit("log", "install-hook", str(promoted.repo), expect=2).text


def test_paths_with_blanks_and_quotes(promoted: World) -> None:
    """The script's words survive what people put into paths."""
    server = Server(promoted, "the bank's models.git")
    accepted(server, "--all")
    accepted(server, "--tags")
    server.install()
    assert "is not deleted" in refused(server, f":{LOG}")
    promoted.retrain(0.9)
    promoted.register("1.1.0")
    publish(server)


def test_hook_works_among_others(promoted: World) -> None:
    """Called by a script that runs all hooks of a folder, as Gitea's, it judges the same."""
    server = Server(promoted)
    accepted(server, "--all")
    accepted(server, "--tags")
    server.install("--to", "hooks/pre-receive.d/govkit")
    server.hook.write_text(
        '#!/bin/sh\ndata=$(cat)\nfor hook in ./hooks/pre-receive.d/*; do\n  echo "${data}" | "${hook}" || exit 1\ndone\n'
    )
    server.hook.chmod(0o755)
    assert "is not deleted" in refused(server, f":{LOG}")
    promoted.git("branch", "work")
    accepted(server, "work")


def test_receive_reads_only_what_git_writes(promoted: World) -> None:
    """Anything else on its input is exit code 2, so a hook that is called wrongly refuses."""
    words = [sys.executable, "-m", "govkit.cli.main", "log", "receive", "--repo", str(promoted.repo)]
    for text in (b"junk\n", b"a b refs/heads/x\n", f"{NONE} {NONE} HEAD\n".encode()):
        done = subprocess.run(words, input=text, capture_output=True, check=False, cwd=promoted.repo)
        assert done.returncode == 2
    assert "receive" not in promoted.govkit("log", "--help").text.replace("pre-receive", "")


def test_nothing_of_the_log_is_lost_on_the_way(promoted: World) -> None:
    """What the server has after all pushes is what the world has, to the bit."""
    server = guarded(promoted)
    assert server.refs()[LOG] == promoted.git("rev-parse", LOG)
    assert len(entries(promoted)) == int(server.git("rev-list", "--count", LOG))
    assert canonical.decode(entries(promoted)[0].event)["type"] == "policy.adopted"
    assert log_storage.BRANCH == LOG
