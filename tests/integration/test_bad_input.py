"""Bad input of every kind: an exit code as designed, one clear message with the next step, nothing half-written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from world import MODEL, World

from govkit.cli import common
from govkit.cli.main import cli


def snapshot(world: World) -> dict[str, object]:
    """Return everything that a command could have half-written."""
    files = {p: p.read_bytes() for p in sorted(world.repo.glob("governance/**/*")) if p.is_file()}
    return {
        "refs": world.git("for-each-ref", check=False),
        "files": files,
        "dvc.yaml": (world.repo / "dvc.yaml").read_bytes(),
    }


def refused(
    world: World, code: int, *words: str, as_: str = "", says: str, then: str, repo: Path | None = None
) -> None:
    """Run a command that must refuse with this code, say what happened and what to do next, and change nothing."""
    before = snapshot(world) if (world.repo / ".git").exists() else None
    result = world.govkit(*words, as_=as_, expect=code, repo=repo)
    assert says in result.text
    assert then in result.text
    assert before is None or before == snapshot(world)


COMMANDS = (
    ("status",),
    ("show",),
    ("log",),
    ("log", "verify"),
    ("history", MODEL),
    ("verify", MODEL, "--stage", "production"),
    ("gate", MODEL, "--stage", "production"),
    ("policy", "show"),
    ("policy", "diff"),
    ("violation",),
)
SIGNING = (
    ("register", f"{MODEL}@2.0.0"),
    ("request", f"{MODEL}@1.1.0", "--stage", "staging", "-m", "why"),
    ("approve", f"{MODEL}@1.1.0#production"),
    ("reject", f"{MODEL}@1.1.0#production"),
    ("promote", f"{MODEL}@1.1.0", "--stage", "production"),
    ("policy", "adopt"),
    ("violation", "request", "3", "-m", "why"),
    ("violation", "acknowledge", "3"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_not_a_repository(words: tuple[str, ...], governed: World, tmp_path: Path) -> None:
    """Outside of Git every command says so, with exit code 2."""
    refused(governed, 2, *words, says="is not in a Git repository", then="--repo DIR", repo=tmp_path / "nowhere")


@pytest.mark.parametrize("words", [(), ("site",), ("people",)], ids=" ".join)
def test_no_command(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is the help as one reads it, line by line, and exit code 2."""
    assert common.run(cli, [*words]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("Usage: govkit")
    assert "Commands:" in said


def test_a_key_that_others_can_read(requested: World) -> None:
    """OpenSSH uses none, and says so before its last line; what to do is told."""
    requested.key_path("vera").chmod(0o644)
    words = ("reject", f"{MODEL}@1.1.0#production", "-m", "no")
    refused(requested, 1, *words, as_="vera", says="are too open", then="chmod 600")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_log(words: tuple[str, ...], governed: World) -> None:
    """Without a log every command says how to open or fetch one, with exit code 2."""
    governed.git("update-ref", "-d", "refs/heads/govkit/log")
    governed.forget()
    refused(governed, 2, *words, says="no governance log", then="govkit init")


@pytest.mark.parametrize("words", [COMMANDS[3], COMMANDS[5], *SIGNING], ids=" ".join)
def test_no_pin(words: tuple[str, ...], requested: World) -> None:
    """Without a pinned root nothing is proven and nothing is signed, with exit code 3."""
    (requested.folder / "known_roots").unlink()
    as_ = "ada" if words in SIGNING else ""
    refused(requested, 3, *words, as_=as_, says="without a pinned root of trust", then="govkit trust")


@pytest.mark.parametrize("words", SIGNING, ids=" ".join)
def test_no_key(words: tuple[str, ...], requested: World) -> None:
    """Without a key every signing command says how to make one, with exit code 2."""
    refused(requested, 2, *words, says="no key to sign with", then="ssh-keygen -t ed25519")


@pytest.mark.parametrize("words", SIGNING, ids=" ".join)
def test_key_of_a_stranger(words: tuple[str, ...], requested: World) -> None:
    """With a key that nobody in the policy owns every signing command refuses, with exit code 1."""
    refused(requested, 1, *words, as_="mallory", says="belongs to nobody in the policy", then="govkit people add")


@pytest.mark.parametrize(("content", "says"), [("junk", "holds no usable key"), (None, "there is no key at")])
def test_broken_key(content: str | None, says: str, requested: World) -> None:
    """A key file that is none, or is not there, is exit code 2."""
    path = requested.folder / "broken"
    if content is not None:
        path.with_suffix(".pub").write_text(content)
        path.write_text(content)
    result = requested.govkit("promote", MODEL, "--stage", "staging", "--key", str(path), expect=2)
    assert says in result.text


def test_not_a_dvc_repository(tmp_path: Path, governed: World) -> None:
    """A Git repository without DVC files is told to run ``dvc init``, with exit code 2."""
    other = tmp_path / "plain"
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    for words in (("card", MODEL), ("lineage", MODEL), ("hook", MODEL)):
        refused(governed, 2, *words, says="there is no dvc.yaml here", then="dvc init", repo=other)
    result = governed.govkit("init", as_="ada", repo=other, expect=2)
    assert "there is no dvc.yaml here" in result.text


def test_no_policy(governed: World) -> None:
    """Without policy.yaml ``policy check`` and ``people add`` say how to make one."""
    (governed.repo / "governance" / "policy.yaml").unlink()
    refused(governed, 2, "policy", "check", says="there is no governance/policy.yaml", then="govkit init")


def test_detached_head(governed: World) -> None:
    """A detached HEAD on a commit of the branch can be registered: a version is a commit, not a branch."""
    governed.git("checkout", "-q", "--detach")
    governed.govkit("register", f"{MODEL}@1.0.0", as_="ada")


def test_commit_off_the_branches(governed: World) -> None:
    """A commit on none of the policy's branches is refused, with exit code 1."""
    governed.git("checkout", "-q", "-b", "feature")
    governed.retrain(0.9)
    refused(
        governed,
        1,
        "register",
        f"{MODEL}@1.0.0",
        as_="ada",
        says="is on none of the branches main",
        then="merge it first",
    )


def test_dirty_tree(governed: World) -> None:
    """Uncommitted changes are in no version: exit code 2, with what to do."""
    (governed.repo / "train.py").write_text("changed\n")
    refused(
        governed,
        2,
        "register",
        f"{MODEL}@1.0.0",
        as_="ada",
        says="uncommitted changes: train.py",
        then="commit or stash",
    )


@pytest.mark.parametrize(
    ("words", "says", "then"),
    [
        (("verify", "scoer", "--stage", "production"), "no version of 'scoer' is registered", "did you mean 'scorer'?"),
        (("verify", MODEL, "--stage", "prodution"), "knows no stage 'prodution'", "did you mean 'production'?"),
        (("gate", f"{MODEL}@9.9.9", "--stage", "staging"), "has no version 9.9.9", "registered: 1.0.0, 1.1.0"),
        (("show", "scoer"), "knows no model 'scoer'", "did you mean 'scorer'?"),
        (("history", "scoer"), "knows no model 'scoer'", "govkit register"),
        (("card", "scoer"), "no model 'scoer' in this repository", "scorer"),
        (("card", MODEL, "--rev", "nowhere"), "'nowhere' is no commit", "name a branch"),
        (("gate", "../x", "--stage", "staging"), "does not name a model", "MODEL@VERSION"),
        (("gate", f"{MODEL}@one", "--stage", "staging"), "'one' is not a version", "1.2.0"),
        (("verify", MODEL, "--stage", "production", "--min-head", "x"), "'x' is not a head", "SIZE"),
        (("verify", MODEL, "--stage", "production", "--root", "x"), "'x' is not a root of trust", "sha256:"),
        (("verify", MODEL), "Name the model and its --stage", "govkit verify"),
        (("nonsense",), "No such command", "govkit"),
    ],
)
def test_unknown_names(words: tuple[str, ...], says: str, then: str, requested: World) -> None:
    """A name that nobody knows is exit code 2, and the nearest known one is suggested."""
    refused(requested, 2, *words, says=says, then=then)


@pytest.mark.parametrize("name", [f"{MODEL}@1.1.0#staging", f"{MODEL}@1.1.0", "policy#3", "junk#"])
def test_unknown_request(name: str, requested: World) -> None:
    """A request that is not open is exit code 2, and those that are get named."""
    refused(
        requested,
        2,
        "approve",
        name,
        as_="rita",
        says=f"there is no request '{name}'",
        then=f"'{MODEL}@1.1.0#production'",
    )


def test_unknown_role_and_person(governed: World) -> None:
    """``people add`` refuses an id that cannot be one, and a role that the policy does not have."""
    key = f"{governed.key_path('zoe')}.pub"
    refused(
        governed, 2, "people", "add", "Zoe!", "--key", key, says="'Zoe!' cannot be a person's id", then="small letters"
    )
    words = ("people", "add", "zoe", "--key", key, "--role", "validater")
    refused(governed, 2, *words, says="there is no role 'validater'", then="did you mean 'validator'?")


@pytest.mark.parametrize("file", ["dvc.yaml", "dvc.lock", f"governance/{MODEL}/model.yaml", "governance/policy.yaml"])
@pytest.mark.parametrize("content", [b"a: [1", b"a: 1\na: 2\n", b"\xff\xfe", b"x: !!python/object:os.system {}\n"])
def test_yaml_that_does_not_parse(file: str, content: bytes, governed: World) -> None:
    """A file that is not plain YAML stops hook, card and policy commands with exit code 2, naming file and line."""
    (governed.repo / file).write_bytes(content)
    words = ("policy", "check") if file.endswith("policy.yaml") else ("card", MODEL)
    name = file.rpartition("/")[2]
    refused(governed, 2, *words, says=name, then="next")
    if not file.endswith("policy.yaml"):
        refused(governed, 2, "hook", MODEL, says=name, then="next")


def test_truncated_lock(governed: World) -> None:
    """A ``dvc.lock`` that was cut before the hook's own entry is a problem or a gap of the card, or refused."""
    path = governed.repo / "dvc.lock"
    text = path.read_bytes()
    for length in range(0, text.index(b"  govern:"), 61):
        path.write_bytes(text[:length])
        assert governed.govkit("card", MODEL, expect=None).code in (0, 2)
        lineage = governed.govkit("lineage", MODEL, "--format", "json", expect=None)
        found = lineage.code == 2 or lineage.json["lineage"]["problems"] or lineage.json["lineage"]["gaps"]
        assert found, f"cut after {length} bytes: {text[:length].decode()[-80:]}"


def test_nan_in_metrics(governed: World) -> None:
    """A NaN among the metrics makes a card that says so, and a gate that is an error and refuses."""
    text = (governed.repo / "evaluate.py").read_text()
    (governed.repo / "evaluate.py").write_text(
        text.replace('"value": slope, "interval"', '"value": float("nan"), "interval"')
    )
    governed.shell("dvc", "repro", "-q")
    governed.commit("NaN")
    governed.register("1.0.0")
    result = governed.govkit("gate", f"{MODEL}@1.0.0", "--stage", "staging", expect=1)
    assert "! error auc" in result.text
    assert "not a number but not finite: nan" in result.text


def test_no_bytes(governed: World) -> None:
    """Without the weights on this machine nothing is registered: exit code 3, with the command that gets them."""
    shutil.rmtree(governed.repo / ".dvc" / "cache")
    (governed.repo / "model.json").unlink()
    refused(governed, 3, "register", f"{MODEL}@1.0.0", as_="ada", says="model.json", then="dvc pull")


def test_read_only_repository(governed: World) -> None:
    """Where nothing can be written the command says so, and the log is as it was."""
    before = governed.git("rev-parse", "govkit/log")
    lock = governed.repo / ".git" / "refs" / "heads" / "govkit" / "log.lock"
    lock.write_text("")
    result = governed.govkit("register", f"{MODEL}@1.0.0", as_="ada", expect=1)
    assert "log.lock" in result.text
    lock.unlink()
    assert before == governed.git("rev-parse", "govkit/log")
    assert governed.git("tag", "-l") == ""


def test_dry_run_writes_nothing(requested: World) -> None:
    """``--dry-run`` shows what would be signed, and writes nothing."""
    before = snapshot(requested)
    result = requested.govkit("approve", f"{MODEL}@1.1.0#production", "--dry-run", as_="rita")
    assert "approve 'scorer@1.1.0#production' as risk-owner" in result.text
    assert "nothing was written" in result.text
    assert before == snapshot(requested)
