"""``govkit doctor``: each ailment on a real repository is said, has its exit code, can be mended, and is then gone."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from forge import edit_policy
from rawlog import force, set_tag, tag_id
from world import MODEL, Result, World

from govkit.core import events, times
from govkit.workflow import doctor
from govkit.workflow.doctor import Diagnosis


def examine(world: World, code: int, *words: str, as_: str = "rita", repo: Path | None = None) -> Result:
    """Run the doctor."""
    return world.govkit("doctor", *words, as_=as_, expect=code, repo=repo)


def ailments(world: World, code: int, *words: str, as_: str = "rita", repo: Path | None = None) -> list[dict[str, Any]]:
    """Run the doctor and return what it found."""
    found = examine(world, code, "--format", "json", *words, as_=as_, repo=repo).json
    assert (found["schema"], found["exit_code"]) == ("govkit.doctor/v1", code)
    return list(found["ailments"])


def one(world: World, code: int, what: str, **options: Any) -> dict[str, Any]:
    """Return the one ailment of which something is said."""
    (found,) = [each for each in ailments(world, code, **options) if what in f"{each['what']}: {each['found']}"]
    assert found["mend"]
    return found


def run(world: World, command: str, cwd: Path | None = None) -> None:
    """Run a command that the doctor named, as a person would paste it."""
    subprocess.run(["sh", "-c", command], cwd=cwd or world.repo, env=world.env, check=True, capture_output=True)


def later(world: World, days: int) -> Diagnosis:
    """Let the doctor look some days from now."""
    with world.session("rita", ahead=timedelta(days=days)) as session:
        return doctor.examine(session)


def clean(world: World, **options: Any) -> None:
    """See that there is nothing left to say."""
    assert ailments(world, 0, **options) == []
    assert "nothing is broken, undecided or overdue" in examine(world, 0, **options).text


def test_sound_repository(promoted: World) -> None:
    """The control: nothing to say, nothing written."""
    before = promoted.git("for-each-ref"), promoted.git("status", "--porcelain")
    clean(promoted)
    assert examine(promoted, 0, "--fix").out == examine(promoted, 0).out
    assert (promoted.git("for-each-ref"), promoted.git("status", "--porcelain")) == before


def test_no_repository(promoted: World, tmp_path: Path) -> None:
    """Where there is no Git repository, the usage is wrong."""
    assert "is not in a Git repository" in examine(promoted, 2, repo=Path("/")).text


# -- the log -------------------------------------------------------------------------------------------------------


def test_missing_log(promoted: World) -> None:
    """A clone without the log's branch names the command that fetches it."""
    clone = promoted.clone("other", "--single-branch", "--branch", "main")
    found = one(promoted, 1, "has no governance log", repo=clone)
    assert "govkit log sync" in found["mend"]
    promoted.govkit("log", "sync", repo=clone)
    assert not [each for each in ailments(promoted, 0, repo=clone) if each["severity"] != "note"]


def test_missing_pin(promoted: World) -> None:
    """Without a pin nothing is decided; with it, all is well."""
    pins = promoted.folder / "known_roots"
    text = pins.read_text()
    pins.write_text("")
    assert one(promoted, 3, "without a pinned root of trust")["severity"] == "undecided"
    pins.write_text(text)
    clean(promoted)


def test_wrong_root(promoted: World) -> None:
    """A log that is not the pinned one is broken, and no tag is brought back from it."""
    promoted.git("tag", "-d", f"{MODEL}@v1.0.0")
    root = ("--root", "sha256:" + "1" * 64)
    assert "is not the one that was pinned" in examine(promoted, 1, *root).text
    assert "is not the one that was pinned" in examine(promoted, 1, "--fix", *root).text
    assert f"{MODEL}@v1.0.0" not in promoted.git("tag")


def test_cut_log(promoted: World) -> None:
    """A log that lost what this clone has seen is taken back with the command that is named."""
    promoted.verify()
    promoted.git("update-ref", "refs/heads/govkit/log", "govkit/log~1")
    found = one(promoted, 1, "the log was cut short")
    run(promoted, found["mend"].partition("\n")[0].partition("seen: ")[2])
    clean(promoted)


def test_forked_log(requested: World) -> None:
    """Who was slower than the remote is told which commands to run."""
    clone = requested.clone("slow")
    slow = World(requested.folder)
    slow.repo = clone
    slow.git("branch", "govkit/log", "origin/govkit/log")
    slow.govkit("approve", f"{MODEL}@1.1.0#production", "--local", as_="rita")
    slow.git("update-ref", "refs/heads/govkit/log", "refs/govkit/waiting/log")
    requested.approve("1.1.0", "production", "victor")
    slow.git("fetch", "-q")
    found = one(slow, 1, "the log has two histories")
    run(slow, found["mend"].split("\n")[1].partition(", delete")[0].partition("pushed: ")[2])
    assert not [each for each in ailments(slow, 0) if each["severity"] != "note"]


def test_conflict(promoted: World) -> None:
    """A conflict is broken; the commands that are named lead through its acknowledgement to the end."""
    head = {"size": 2, "root": "sha256:" + "0" * 64}
    promoted.push_signed("ada", type="version.revoked", body={"version": "1.0.0", "reason": "x"}, log=head)
    found = one(promoted, 1, "belongs to another history")
    promoted.govkit(*shlex.split(found["mend"].split("\n")[1])[1:], as_="rita")
    found = next(each for each in ailments(promoted, 1) if "acknowledge#" in each["what"])
    promoted.govkit(*shlex.split(found["mend"].partition(": ")[2])[1:], as_="victor")
    found = next(each for each in ailments(promoted, 1) if "acknowledge#" in each["what"])
    promoted.govkit(*shlex.split(found["mend"])[1:], as_="rita")
    (found,) = ailments(promoted, 0)
    assert (found["severity"], "acknowledged by rita" in found["found"]) == ("note", True)


def test_undecided_event(promoted: World) -> None:
    """An event of an unknown type is undecided."""
    promoted.push_signed("ada", type="model.blessed")
    assert one(promoted, 3, "cannot be decided")["severity"] == "undecided"


def test_powerless_events(promoted: World) -> None:
    """Events without effect and commits that tell another story are notes."""
    promoted.push_event(b"junk", None)
    (found,) = ailments(promoted, 0)
    assert (found["severity"], found["what"]) == ("note", f"event {promoted.last().index} has no effect")
    content = promoted.make_event(actor="rita", type="finding.opened")
    promoted.push_event(content, promoted.sign("rita", content), {"x": b"x"})
    assert "holds 'x', which the event does not name" in examine(promoted, 0).text


def test_clock(promoted: World) -> None:
    """A clock that is behind the log is said; far behind, nothing can be decided."""
    since = datetime.now(UTC) - times.parse(promoted.log().state.effective)
    for minutes, code in ((5, 0), (15, 3)):
        with promoted.session("rita", ahead=-timedelta(minutes=minutes) - since) as session:
            found = doctor.examine(session)
        assert found.exit_code == code
        assert any("clock" in ailment.what and ailment.mend for ailment in found.ailments)


# -- this clone ----------------------------------------------------------------------------------------------------


def test_shallow_clone(promoted: World) -> None:
    """A shallow clone is undecided until the named command has run."""
    clone = promoted.clone("shallow", "--depth", "1", "--no-single-branch")
    found = ailments(promoted, 3, repo=clone)
    assert {"this clone", "part of the log is missing from this clone"} <= {each["what"] for each in found}
    run(promoted, next(each["mend"] for each in found if each["what"] == "this clone"), clone)
    assert not [each for each in ailments(promoted, 0, repo=clone) if each["severity"] != "note"]


def test_partial_clone(promoted: World) -> None:
    """A clone that left blobs out says so."""
    promoted.git("config", "uploadpack.allowFilter", "true")
    clone = promoted.clone("partial", "--filter=blob:none")
    assert any("it is partial" in each["found"] for each in ailments(promoted, 3, repo=clone))


def test_replaced_objects_and_grafts(promoted: World) -> None:
    """Both are notes, and the commands that are named take them away."""
    promoted.commit("One more")
    promoted.git("replace", "HEAD", "HEAD~1")
    (promoted.repo / ".git" / "info" / "grafts").write_text(promoted.git("rev-parse", "HEAD") + "\n")
    found = [each for each in ailments(promoted, 0) if "stock Git" in each["what"]]
    assert len(found) == 2
    for each in found:
        run(promoted, each["mend"])
    clean(promoted)


@pytest.mark.parametrize("name", ["GOVKIT_KEY", "user.signingkey"])
def test_missing_key(promoted: World, name: str) -> None:
    """A key that is named and not there is broken; what Git's configuration names may be for something else."""
    if name == "GOVKIT_KEY":
        promoted.env[name] = "/nowhere"
    else:
        promoted.git("config", name, "/nowhere")
    severity, code = ("broken", 1) if name == "GOVKIT_KEY" else ("note", 0)
    assert one(promoted, code, "there is no key at /nowhere", as_="")["severity"] == severity


def test_key(promoted: World) -> None:
    """A key that others may read, whose public part is another's, or that nobody knows is said, and mended."""
    path = promoted.key_path("rita")
    path.chmod(0o644)
    run(promoted, one(promoted, 1, "others on this machine may read it")["mend"])
    clean(promoted)
    shutil.copy(f"{promoted.key_path('victor')}.pub", f"{path}.pub")
    run(promoted, one(promoted, 1, "holds another key")["mend"])
    clean(promoted)
    assert one(promoted, 0, "belongs to nobody", as_="mallory")["severity"] == "note"


def test_tools(promoted: World, tmp_path: Path) -> None:
    """A Git that is too old, and OpenSSH that is missing, are broken."""
    real = shutil.which("git", path=promoted.env["PATH"])
    script = f'#!/bin/sh\ncase "$*" in *version) echo git version 2.30.2;; *) exec {real} "$@";; esac\n'
    (tmp_path / "git").write_text(script)
    (tmp_path / "git").chmod(0o755)
    promoted.env["PATH"] = str(tmp_path)
    found = ailments(promoted, 1, as_="")
    assert {"git version 2.30.2", "ssh-keygen"} <= {each["what"] for each in found if each["severity"] == "broken"}


# -- files ---------------------------------------------------------------------------------------------------------


def test_proposed_policy(promoted: World) -> None:
    """A policy in the working tree that is not in force is a note."""
    edit_policy(promoted, lambda value: value["people"]["vera"].update(name="Vera V."))
    found = ailments(promoted, 0)
    assert "governance/policy.yaml" in [each["what"] for each in found]
    promoted.git("checkout", "-q", "governance")
    (promoted.repo / "governance" / "policy.yaml").write_text("a: [")
    assert any("does not parse" in each["what"] for each in ailments(promoted, 0))
    promoted.git("checkout", "-q", "governance")
    clean(promoted)


def test_attributes(promoted: World) -> None:
    """Without the line that keeps Git from changing governance files, it is said; 'init' adds it."""
    (promoted.repo / ".gitattributes").write_text("")
    one(promoted, 0, "line ends of governance")
    promoted.govkit("init", as_="rita")
    clean(promoted)


def test_pages(promoted: World) -> None:
    """An edited page, an edited card and a missing one are notes; the pipeline makes them again."""
    folder = promoted.repo / "governance" / MODEL
    for name, said in (("card.md", "card.md of scorer"), ("card.json", "it is not what these files make")):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("Tests", "Toasts"))
        assert text != (folder / name).read_text()
        one(promoted, 0, said)
        promoted.git("checkout", "-q", "governance")
    (folder / "card.json").unlink()
    one(promoted, 0, "there is none yet")
    promoted.git("checkout", "-q", "governance")
    clean(promoted)


# -- tags ----------------------------------------------------------------------------------------------------------


def test_deleted_and_moved_tags_come_back(promoted: World) -> None:
    """With --fix recorded tags are what the log recorded; without it, and with --dry-run, nothing is written."""
    deleted, moved = f"{MODEL}@v1.0.0", f"{MODEL}#production#2"
    right = {name: tag_id(promoted, name) for name in (deleted, moved)}
    promoted.git("tag", "-d", deleted)
    set_tag(promoted, moved, tag_id(promoted, f"{MODEL}#staging#1"))
    before = promoted.git("for-each-ref")
    assert "it was deleted; the log still has its bytes" in examine(promoted, 1).text
    text = examine(promoted, 1, "--fix", "--dry-run").text
    assert f"would bring back the tag '{deleted}' with object {right[deleted][:12]}" in text
    assert promoted.git("for-each-ref") == before
    text = examine(promoted, 0, "--fix").text
    assert f"brought back the tag '{moved}' with object {right[moved][:12]}" in text
    assert {name: tag_id(promoted, name) for name in right} == right
    promoted.verify()
    clean(promoted)


def test_tag_comes_back_on_the_remote_too(promoted: World) -> None:
    """The command for the remote is named to the letter, and mends a tag that was moved or deleted there."""
    bare = promoted.folder / "bare.git"
    promoted.shell("git", "clone", "-q", "--mirror", str(promoted.repo), str(bare))
    promoted.git("remote", "add", "origin", f"file://{bare}")
    name, right = f"{MODEL}#production#2", tag_id(promoted, f"{MODEL}#production#2")
    promoted.shell("git", "--git-dir", str(bare), "update-ref", f"refs/tags/{name}", promoted.git("rev-parse", "HEAD"))
    promoted.git("tag", "-d", name)
    found = one(promoted, 1, f"tag '{name}'")
    assert "or this clone never fetched it" in found["found"]
    assert found["mend"].startswith("git fetch origin --tags")
    (command,) = examine(promoted, 0, "--fix", "--format", "json").json["next_steps"]
    assert command == f"git push origin '+{right}:refs/tags/{name}'"
    run(promoted, command)
    assert promoted.shell("git", "--git-dir", str(bare), "rev-parse", f"refs/tags/{name}").strip() == right


def test_clone_that_never_fetched_tags(promoted: World) -> None:
    """It is told to fetch them, and that is all it takes."""
    clone = promoted.clone("other", "--no-tags")
    found = [each for each in ailments(promoted, 1, repo=clone) if each["what"].startswith("tag ")]
    assert len(found) == 3
    (command,) = {each["mend"].partition(";")[0] for each in found}
    run(promoted, command, clone)
    assert not [each for each in ailments(promoted, 0, repo=clone) if each["severity"] != "note"]


def test_tag_whose_way_is_blocked(promoted: World) -> None:
    """If a ref stands in the way, nothing is written, and it is said what to remove."""
    name = f"{MODEL}@v1.0.0"
    promoted.git("tag", "-d", name)
    promoted.git("tag", "-d", f"{MODEL}#staging#1")
    promoted.git("tag", f"{name}/x")
    text = examine(promoted, 1, "--fix").text
    assert "no tag was brought back" in text
    assert f"{MODEL}#staging#1" not in promoted.git("tag")
    run(promoted, one(promoted, 1, f"tag '{name}/x'")["mend"].partition("then: ")[2])
    examine(promoted, 0, "--fix")
    clean(promoted)


@pytest.mark.parametrize(
    "name", [f"{MODEL}#production#7", f"{MODEL}@v3.0.0/x", f"{MODEL}@v3.0.0';touch${{IFS}}owned;'"]
)
def test_squatters(promoted: World, name: str) -> None:
    """Tags that the log does not know are notes; the command that removes them survives being pasted."""
    promoted.git("tag", "--", name)
    run(promoted, one(promoted, 0, "the log does not know it")["mend"].partition("then: ")[2])
    assert not (promoted.repo / "owned").exists()
    clean(promoted)


# -- what people must see to -----------------------------------------------------------------------------------------


def test_reviews_and_findings(governed: World) -> None:
    """A review that is due and a finding that is open are notes, and overdue once their day has passed."""
    governed.change_policy("      lift: [risk-owner]\n", "      lift: [risk-owner]\n      review_after: 30d\n")
    edit_policy(governed, lambda value: value.update(records={"finding.opened": ["validator"]}))
    governed.adopt_policy()
    governed.release("1.0.0")
    words = ("-m", "look again", "--owner", "ada", "--due", "2099-01-01")
    governed.govkit("finding", "open", f"{MODEL}@1.0.0", *words, as_="vera")
    assert [each["severity"] for each in ailments(governed, 0)] == ["note", "note"]
    found = later(governed, 31)
    assert [(each.severity, "OVERDUE for review" in each.found) for each in found.ailments] == [
        ("overdue", True),
        ("note", False),
    ]
    assert found.exit_code == 1
    assert [each.severity for each in later(governed, 365 * 80).ailments] == ["overdue", "overdue"]


def test_overrides(promoted: World) -> None:
    """A version let in by break-glass is a note, and overdue once it has ended."""
    promoted.allow_break_glass()
    promoted.adopt_policy()
    promoted.retrain(0.9)
    promoted.register("1.1.0")
    glass = ("--stage", "production", "--break-glass")
    promoted.govkit("request", f"{MODEL}@1.1.0", *glass, "-m", "now", "--ticket", "INC-1", as_="ada")
    promoted.approve("1.1.0", "production", "rita")
    promoted.govkit("promote", f"{MODEL}@1.1.0", *glass, as_="remy")
    assert any("OVERRIDE, not approved" in each["found"] for each in ailments(promoted, 0))
    found = later(promoted, 3)
    assert [each.severity for each in found.ailments if "OVERRIDE, ended" in each.found] == ["overdue"]
    assert found.exit_code == 1


def test_revoked_version_that_serves(promoted: World) -> None:
    """A stage that still has a revoked version waits for another."""
    promoted.push_signed("rita", type="version.revoked", body=events.VersionRevoked(version="1.0.0", reason="x"))
    found = [each for each in ailments(promoted, 1) if each["found"] == "revoked"]
    assert [(each["severity"], each["what"]) for each in found] == [
        ("overdue", f"{MODEL}@1.0.0 in production"),
        ("overdue", f"{MODEL}@1.0.0 in staging"),
    ]


def test_requests_and_approvals(requested: World) -> None:
    """What waits, what is rejected, what is approved, and which approval ends within a week."""
    name = f"request '{MODEL}@1.1.0#production'"
    assert "they run: govkit approve" in one(requested, 0, name)["mend"]
    requested.approve("1.1.0", "production", "rita", "vera")
    found = one(requested, 0, name)
    assert found["mend"] == f"govkit promote '{MODEL}@1.1.0' --stage production"
    assert [each.what for each in later(requested, 25).ailments if each.what.startswith("approval")] == [
        f"approval of '{MODEL}@1.1.0#production' by rita",
        f"approval of '{MODEL}@1.1.0#production' by vera",
    ]
    requested.govkit("reject", f"{MODEL}@1.1.0#production", "-m", "no", as_="victor")
    assert one(requested, 0, name)["found"] == "rejected by victor"
    requested.promote("1.1.0", "production", expect=1)


def test_waiver_that_has_passed(governed: World) -> None:
    """What was let in on a waiver is overdue once the waiver has ended."""
    edit_policy(governed, lambda value: value["gates"]["auc"].update(min=0.9, waive=["validator"]))
    governed.adopt_policy()
    governed.register("1.0.0")
    words = ("--gate", "auc", "--until", "2099-01-01", "-m", "agreed", "--ticket", "R-1")
    governed.govkit("waive", f"{MODEL}@1.0.0", "--stage", "staging", *words, as_="vera")
    governed.request("1.0.0", "staging")
    governed.approve("1.0.0", "staging", "victor")
    governed.promote("1.0.0", "staging")
    assert "waived by vera" in one(governed, 0, "auc waived")["found"]
    assert [each.severity for each in later(governed, 365 * 80).ailments] == ["overdue"]


def test_bare_repository(promoted: World) -> None:
    """On a server, only what does not need files is looked at."""
    bare = promoted.folder / "bare.git"
    promoted.shell("git", "clone", "-q", "--mirror", str(promoted.repo), str(bare))
    clean(promoted, repo=bare)
    promoted.shell("git", "--git-dir", str(bare), "tag", "-d", f"{MODEL}@v1.0.0")
    examine(promoted, 1, repo=bare)
    examine(promoted, 0, "--fix", repo=bare)
    clean(promoted, repo=bare)


def test_unproven_log_brings_nothing_back(promoted: World) -> None:
    """A tag is brought back from the pinned log alone: without a pin nothing is written."""
    promoted.git("tag", "-d", f"{MODEL}@v1.0.0")
    (promoted.folder / "known_roots").write_text("")
    assert "without a pinned root of trust" in examine(promoted, 3, "--fix").text
    assert f"{MODEL}@v1.0.0" not in promoted.git("tag")


def test_status_and_doctor_agree(promoted: World) -> None:
    """What status calls broken the doctor calls broken, in the same words."""
    promoted.git("tag", "-d", f"{MODEL}@v1.0.0")
    force(promoted, promoted.git("rev-parse", "govkit/log"))
    status = promoted.govkit("status", "--format", "json", as_="rita", expect=1).json
    found = [f"{each['what']}: {each['found']}" for each in ailments(promoted, 1) if each["severity"] == "broken"]
    assert status["broken"] == found
    assert "govkit doctor --fix" in status["next_steps"]


def test_mirror_that_is_behind(promoted: World) -> None:
    """A mirror of the policy's that does not have everything is overdue, with the command that catches up."""
    folder = promoted.folder / "mirror"
    folder.mkdir()
    promoted.change_policy("revoke: [risk-owner]", f"revoke: [risk-owner]\naudit: {{mirrors: ['file://{folder}']}}")
    found = one(promoted, 1, f"the mirror file://{folder}")
    assert found["severity"] == "overdue"
    promoted.govkit("log", "mirror")
    assert not [each for each in ailments(promoted, 0) if each["severity"] != "note"]


def test_events_that_wait(requested: World) -> None:
    """What was signed with --local and not published is said."""
    origin = requested.folder / "origin.git"
    requested.git("clone", "-q", "--bare", str(requested.repo), str(origin))
    requested.git("remote", "add", "origin", str(origin))
    requested.govkit("approve", f"{MODEL}@1.1.0#production", "--local", as_="rita")
    assert one(requested, 0, "events that wait")["found"] == "1 are in this clone alone"
    requested.govkit("log", "sync")
    assert not [each for each in ailments(requested, 0) if "wait" in each["what"]]
