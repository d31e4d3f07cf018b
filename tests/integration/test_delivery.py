"""At the door and behind it: targets, modes, formats, ``get``, and a delivered folder checked again at start-up."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import govkit
from govkit.cli import common
from govkit.cli.main import cli
from govkit.core import canonical
from tests.world import MODEL, Result, World

CONTRACT = """\
contract:
  framework: tiny
  framework_version: ">=1,<2"
  python: ">=3.11"
  format: json
  hardware: {memory_mib: 64}
  regions: [eu-west-1]
  inputs: [{name: age, dtype: int64}]
  outputs: [{name: score, dtype: float64}]
"""
FITS: dict[str, Any] = {
    "schema": "govkit.target/v1",
    "python": "3.12.1",
    "frameworks": {"tiny": "1.4"},
    "formats": ["json"],
    "hardware": {"memory_mib": 128},
    "region": "eu-west-1",
    "inputs": [{"name": "age", "dtype": "int32"}],
    "outputs": [{"name": "score", "dtype": "float64"}],
}


@pytest.fixture(scope="module")
def _contracted(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests import world as worlds

    folder = tmp_path_factory.mktemp("template") / "contracted"
    world = worlds.copy(_governed, folder)
    path = world.repo / "governance" / MODEL / "model.yaml"
    path.write_text(path.read_text() + CONTRACT)
    world.shell("dvc", "repro", "-q")
    world.commit("A contract")
    world.release("1.0.0")
    return folder


@pytest.fixture
def contracted(_contracted: Path, tmp_path: Path) -> World:
    """A world whose model says where it may run, and serves."""
    from tests import world as worlds

    return worlds.copy(_contracted, tmp_path / "world")


@pytest.fixture(scope="module")
def _delivered(_contracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests import world as worlds

    world = worlds.copy(_contracted, tmp_path_factory.mktemp("delivered") / "world")
    folder = world.folder / "served"
    world.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    return folder


@pytest.fixture
def delivered(_delivered: Path, tmp_path: Path) -> Path:
    """A copy of the folder that ``get`` made."""
    return shutil.copytree(_delivered, tmp_path / "served")


def target(world: World, **changes: Any) -> str:
    """Write where it would run."""
    path = world.folder / "target.json"
    path.write_text(json.dumps({**FITS, **changes}))
    return str(path)


def verify(world: World, *words: str, expect: int = 0) -> Result:
    """Verify production."""
    return world.govkit("verify", MODEL, "--stage", "production", *words, expect=expect)


def start_up(*words: str, expect: int = 0, env: dict[str, str] | None = None) -> str:
    """Check a folder in a process of its own, outside of any repository."""
    command = [sys.executable, "-m", "govkit.cli.main", "verify", "--dir", *words]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GOVKIT_", "GIT_", "COLUMNS"))}
    done = subprocess.run(command, cwd="/", env={**clean, **(env or {})}, capture_output=True, text=True, check=False)
    text = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == expect, text
    assert "Traceback" not in text
    return text


def asked(*words: str, expect: int = 0) -> str:
    """The same in this process, which is quicker."""
    out = io.StringIO()
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GOVKIT_", "COLUMNS"))}
    with (
        mock.patch.dict(os.environ, clean, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        code = common.run(cli, ["verify", "--dir", *words])
    text = " ".join(out.getvalue().split())
    assert code == expect, text
    assert "Traceback" not in text and "inside govkit" not in text
    return text


# -- where it would run -----------------------------------------------------------------------------------------------


def test_a_target_that_fits_is_proven(contracted: World) -> None:
    """Each point is a check."""
    found = verify(contracted, "--target", target(contracted), "--format", "json").json
    assert found["verdict"] == "proven"
    assert {"target-python", "target-framework", "target-memory", "target-region", "target-input-age"} <= {
        check["gate"] for check in found["checks"]
    }


MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "Python": ({"python": "3.9.1"}, "target-python"),
    "framework": ({"frameworks": {"tiny": "2.0"}}, "target-framework"),
    "a missing column": ({"inputs": [{"name": "income", "dtype": "int64"}]}, "target-input-age"),
    "dtype": ({"inputs": [{"name": "age", "dtype": "string"}]}, "target-input-age"),
    "region": ({"region": "us-east-1"}, "target-region"),
    "memory": ({"hardware": {"memory_mib": 32}}, "target-memory"),
}


@pytest.mark.parametrize(("changes", "point"), MISFITS.values(), ids=MISFITS.keys())
def test_a_misfit_is_refused_by_name(contracted: World, changes: dict[str, Any], point: str) -> None:
    """By ``verify`` and by ``get``, which leaves nothing behind."""
    assert f"{point}:" in verify(contracted, "--target", target(contracted, **changes), expect=1).text
    folder = contracted.folder / "served"
    words = ("get", MODEL, "--stage", "production", "-o", str(folder), "--target", target(contracted, **changes))
    assert f"{point}:" in contracted.govkit(*words, expect=1).text
    assert not folder.exists() and not list(contracted.folder.glob(".served*"))


def test_what_is_not_known_refuses(contracted: World) -> None:
    """Unknown is not yes: exit code 3, and nothing is delivered."""
    assert "does not say" in verify(contracted, "--target", target(contracted, python=""), expect=3).text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("schema: govkit.target/v1\npyton: '3.12'\n", "pyton"),
        ("schema: govkit.target/v2\n", "does not describe a target"),
        ("[1]", "does not describe a target"),
        ("a: [", "does not describe a target"),
    ],
)
def test_a_target_that_is_none(contracted: World, text: str, reason: str) -> None:
    """A mistake in it is wrong usage, never a fit."""
    path = contracted.folder / "target.yaml"
    path.write_text(text)
    assert reason in verify(contracted, "--target", str(path), expect=2).text
    assert "cannot be read" in verify(contracted, "--target", "gone.yaml", expect=2).text


def test_an_expired_contract_is_refused_without_a_target(governed: World) -> None:
    """What was promoted in time must not serve from its last day on."""
    from datetime import UTC, datetime, timedelta

    path = governed.repo / "governance" / MODEL / "model.yaml"
    day = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%d")
    path.write_text(path.read_text() + CONTRACT + f"  valid_until: '{day}'\n")
    governed.shell("dvc", "repro", "-q")
    governed.commit("A day")
    governed.release("1.0.0")
    assert f"valid until {day}" in governed.verify().text
    folder = governed.folder / "served"
    governed.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    from govkit.workflow import delivery
    from govkit.workflow import verify as workflow

    with governed.session(ahead=timedelta(days=9)) as session:
        found = workflow.verify(session, MODEL, "production")
    assert found.verdict == "refused" and "expired" in next(c.found for c in found.checks if c.gate == "validity")
    later = delivery.verify(folder, now=datetime.now(UTC) + timedelta(days=9))
    assert later.verdict == "refused" and [check.gate for check in later.blocking] == ["validity"]


# -- modes and formats ------------------------------------------------------------------------------------------------


def test_warn_lets_through_and_says_so(contracted: World) -> None:
    """The verdict stays what it is; wrong usage stays wrong; by default nothing is let through."""
    misfit = target(contracted, region="us-east-1")
    warned = verify(contracted, "--target", misfit, "--mode", "warn")
    assert "REFUSED" in warned.out and "WARNING" in warned.err and "only --mode warn" in warned.err
    assert verify(contracted, "--target", misfit, "--mode", "warn", "--format", "json").json["verdict"] == "refused"
    verify(contracted, "--target", "gone.yaml", "--mode", "warn", expect=2)
    contracted.govkit("clear", MODEL, "--stage", "production", "-m", "over", as_="remy")
    assert "WARNING" in verify(contracted, "--mode", "warn").err
    verify(contracted, expect=1)


def test_the_reason_goes_where_kubernetes_shows_it(contracted: World) -> None:
    """One line of at most 4 kB, from checks and from errors alike; nothing where all is well."""
    log = contracted.folder / "termination-log"
    verify(contracted, "--termination-log", str(log))
    assert not log.exists()
    verify(contracted, "--target", target(contracted, region="us-east-1"), "--termination-log", str(log), expect=1)
    assert "target-region: the target is us-east-1" in log.read_text() and "\n" not in log.read_text()
    contracted.govkit("clear", MODEL, "--stage", "production", "-m", "x\x1b[31m" + "long " * 3000, as_="remy")
    verify(contracted, "--termination-log", str(log), expect=1)
    assert log.read_text().startswith("nothing serves scorer in production") and "\x1b" not in log.read_text()
    assert log.stat().st_size <= 4096


def test_the_reason_is_whole_characters(contracted: World, tmp_path: Path) -> None:
    """However it is cut; wrong usage has one, too, and one that cannot be written changes nothing."""
    log = tmp_path / "log"
    contracted.govkit("clear", MODEL, "--stage", "production", "-m", "x" + "\u00fc\u20ac" * 3000, as_="remy")
    verify(contracted, "--termination-log", str(log), expect=1)
    assert 4090 < log.stat().st_size <= 4096 and log.read_text(encoding="utf-8").endswith(("\u00fc", "\u20ac"))
    verify(contracted, "--termination-log", str(log), "--target", "gone.yaml", expect=2)
    assert log.read_text().startswith("gone.yaml cannot be read")
    said = verify(contracted, "--termination-log", "/proc/no/such/file", expect=1)
    assert "could not be written" in said.err and "nothing serves" in said.err


def test_other_machines_read_along(contracted: World) -> None:
    """JUnit, SARIF and annotations for GitHub, from one verdict."""
    from junitparser import JUnitXml

    misfit = ("--target", target(contracted, region="us-east-1"))
    junit = JUnitXml.fromstring(verify(contracted, *misfit, "--format", "junit", expect=1).out.encode())
    assert (junit.failures, junit.errors) == (1, 0)
    sarif = json.loads(verify(contracted, *misfit, "--format", "sarif", expect=1).out)
    failed = [one["ruleId"] for one in sarif["runs"][0]["results"] if one["level"] == "error"]
    assert failed == ["target-region"]
    assert "::error" in verify(contracted, *misfit, "--format", "github", expect=1).out


# -- the delivered folder ---------------------------------------------------------------------------------------------


def record_of(folder: Path) -> str:
    """Return the promotion that a folder's manifest names."""
    return str(json.loads((folder / "govkit-manifest.json").read_text())["promotion"]["promotion"])


def test_a_folder_is_checked_without_git_and_network(contracted: World, delivered: Path) -> None:
    """Intact by itself, proven where the promotion is pinned by option or environment; the repository is not needed."""
    record = record_of(delivered)
    shutil.rmtree(contracted.repo)
    found = start_up(str(delivered))
    assert "INTACT" in found and "nothing was pinned" in found
    assert "PROVEN" in start_up(str(delivered), "--record", record)
    assert "PROVEN" in start_up(str(delivered), env={"GOVKIT_RECORD": record})
    assert "record" in start_up(str(delivered), "--record", f"sha256:{'0' * 64}", expect=1)
    assert "is not a record" in start_up(str(delivered), "--record", "latest", expect=2)


def test_an_empty_pin_is_no_pin(delivered: Path) -> None:
    """As a script gives one whose own question failed: that must not look as if nothing had been asked for."""
    assert "'' is not a record" in asked(str(delivered), "--record", "", expect=2)
    assert "in GOVKIT_RECORD" in start_up(str(delivered), env={"GOVKIT_RECORD": ""}, expect=2)
    with pytest.raises(govkit.Usage):
        govkit.verify_dir(delivered, record="")


def test_the_log_that_it_comes_from_can_be_pinned_too(delivered: Path) -> None:
    """From option or environment; that alone proves nothing, but refuses what says that it is from elsewhere."""
    root = json.loads((delivered / "govkit-manifest.json").read_text())["promotion"]["log_root"]
    assert "INTACT" in asked(str(delivered), "--root", root)
    other = f"sha256:{'0' * 64}"
    assert "root:" in asked(str(delivered), "--root", other, expect=1)
    assert "root:" in start_up(str(delivered), env={"GOVKIT_ROOT": other}, expect=1)


@pytest.mark.parametrize("option", ["--min-head=1", "--mirror=file:///nowhere", "--fetch"])
def test_what_only_the_log_can_say_is_not_asked_of_a_folder(delivered: Path, option: str) -> None:
    """A check that is asked for and cannot be made is wrong usage, not left out."""
    assert "asks the log" in asked(str(delivered), option, expect=2)


def edit_manifest(folder: Path, change: Callable[[Any], Any]) -> None:
    """Write another manifest, in its canonical form."""
    path = folder / "govkit-manifest.json"
    value = json.loads(path.read_text())
    path.write_bytes(canonical.encode(change(value) or value))


def swap_weights(folder: Path) -> None:
    """Put other weights there, and tell card and manifest."""
    from govkit.core import digests

    (folder / "model.json").write_text("{}")
    found = digests.sha256(b"{}")
    card = json.loads((folder / "card.json").read_text())
    card["weights"].update(sha256=found, size=2)
    (folder / "card.json").write_bytes(canonical.encode(card))

    def change(value: Any) -> None:
        value["files"][0].update(sha256=found, size=2)
        value["promotion"]["weights"] = found
        value["promotion"]["card"] = digests.sha256(canonical.encode(card))

    edit_manifest(folder, change)


def sparse(path: Path, size: int) -> None:
    """Make a file of so many bytes that takes no room."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def replace_by_pipe(path: Path) -> None:
    """Put a pipe where a file was, which nobody writes to."""
    path.unlink()
    os.mkfifo(path)


def nest(folder: Path) -> None:
    """Make folders in each other, more than one could call a function in itself."""
    for _ in range(300):
        folder = folder / "deep"
    folder.mkdir(parents=True)


TWIN = "m\u043edel.json"  # with a Cyrillic letter
ATTACKS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another byte": (
        lambda f: (f / "model.json").write_bytes((f / "model.json").read_bytes().replace(b"0", b"9", 1)),
        "model.json has sha256:",
    ),
    "other bytes": (lambda f: (f / "model.json").write_text("{}"), "model.json has 2 bytes instead of"),
    "ten terabytes": (lambda f: sparse(f / "model.json", 10 << 40), "model.json has 10,995,116,277,760 bytes"),
    "ten terabytes more": (lambda f: sparse(f / "more.bin", 10 << 40), "more.bin was not delivered"),
    "a pipe in its place": (lambda f: replace_by_pipe(f / "model.json"), "model.json is no plain file"),
    "a folder in its place": (
        lambda f: ((f / "model.json").unlink(), (f / "model.json").mkdir()),
        "model.json is no plain file",
    ),
    "an empty folder": (lambda f: (f / "torch").mkdir(), "torch was not delivered"),
    "folders without end": (nest, "deep was not delivered"),
    "ten thousand files": (
        lambda f: [(f / f"x{n}").touch() for n in range(10_000)],
        "has more than 100 entries that were not delivered",
    ),
    "a name that is no text": (
        lambda f: Path(os.fsdecode(os.fsencode(f) + b"/\xff\xfe")).touch(),
        "<U+DCFF><U+DCFE> was not delivered",
    ),
    "a name that is a command": (
        lambda f: (f / "x\x1b[2J\n::error::all is well").touch(),
        "x<U+001B>[2J ::error::all is well was not delivered",
    ),
    "a twin": (lambda f: (f / TWIN).write_bytes((f / "model.json").read_bytes()), "was not delivered"),
    "a twin instead": (lambda f: (f / "model.json").rename(f / TWIN), "model.json is missing"),
    "a file more": (lambda f: (f / "hook.py").write_text(""), "hook.py was not delivered"),
    "a file less": (lambda f: (f / "model.json").unlink(), "model.json is missing"),
    "another name": (lambda f: (f / "model.json").rename(f / "Model.json"), "'model.json' is missing"),
    "a link": (
        lambda f: ((f / "model.json").rename(f.parent / "m"), (f / "model.json").symlink_to(f.parent / "m")),
        "model.json is a symbolic link",
    ),
    "a linked folder": (lambda f: (f / "more").symlink_to("/etc"), "more was not delivered"),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "pipe was not delivered"),
    "another card": (lambda f: (f / "card.json").write_text("{}"), "card: sha256:"),
    "no card": (lambda f: (f / "card.json").unlink(), "card: it is missing"),
    "a linked card": (
        lambda f: ((f / "card.json").rename(f.parent / "c"), (f / "card.json").symlink_to(f.parent / "c")),
        "card: it is missing",
    ),
    "no manifest": (lambda f: (f / "govkit-manifest.json").unlink(), "is no delivery"),
    "a manifest of anything": (lambda f: (f / "govkit-manifest.json").write_text("{}"), "cannot be used"),
    "a huge manifest": (lambda f: (f / "govkit-manifest.json").write_bytes(b"[" * 70_000_000), "cannot be used"),
    "a manifest that is a pipe": (lambda f: replace_by_pipe(f / "govkit-manifest.json"), "is no plain file"),
    "a manifest of many brackets": (
        lambda f: (f / "govkit-manifest.json").write_bytes(b'{"files":' + b"[" * 400_000),
        "cannot be used",
    ),
    "a manifest of many files": (
        lambda f: edit_manifest(
            f, lambda v: v.update(files=[{**v["files"][0], "path": f"m/{n}"} for n in range(60_000)])
        ),
        "and 59998 more",
    ),
    "a hostile name in the manifest": (
        lambda f: edit_manifest(f, lambda v: v["promotion"].update(model="x\x1b[2J")),
        "cannot be used",
    ),
    "a number for a digest": (
        lambda f: edit_manifest(f, lambda v: v["promotion"].update(promotion=1)),
        "cannot be used",
    ),
    "a card that is a pipe": (lambda f: replace_by_pipe(f / "card.json"), "card: it is missing"),
    "a path that leaves": (
        lambda f: edit_manifest(f, lambda v: v["files"][0].update(path="../x")),
        "is no file of a delivery",
    ),
    "a file twice": (lambda f: edit_manifest(f, lambda v: v["files"].append(v["files"][0])), "or one twice"),
    "no files": (lambda f: edit_manifest(f, lambda v: v["files"].clear()), "names no file"),
    "other weights and a manifest to them": (swap_weights, "event: card: sha256:"),
    "another stage": (lambda f: edit_manifest(f, lambda v: v["promotion"].update(stage="staging")), "event: stage:"),
    "another version": (
        lambda f: edit_manifest(f, lambda v: v["promotion"].update(version="9.0.0")),
        "event: version:",
    ),
    "an event of something else": (lambda f: edit_manifest(f, lambda v: v.update(event="{}")), "event: "),
}


@pytest.mark.parametrize(("attack", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
def test_what_was_touched_is_refused(delivered: Path, attack: Callable[[Path], Any], reason: str) -> None:
    """With the reason, and without anything pinned."""
    attack(delivered)
    assert reason in asked(str(delivered), expect=1)


def test_under_another_name(delivered: Path) -> None:
    """The same bytes under another name, and a manifest to it: loaders go by names, so the card's counts."""
    record = record_of(delivered)
    (delivered / "model.json").rename(delivered / "model.pkl")
    edit_manifest(delivered, lambda value: value["files"][0].update(path="model.pkl"))
    assert "name: the card has model.json, delivered was model.pkl" in asked(
        str(delivered), "--record", record, expect=1
    )


def test_a_file_that_holds_the_list_of_a_folder(governed: World) -> None:
    """Its digest is that of the folder; a loader would find something else than what was approved."""
    yaml, train = governed.repo / "dvc.yaml", governed.repo / "train.py"
    text = yaml.read_text().replace("      - model.json\n  evaluate", "      - model.json\n      - m\n  evaluate")
    text = text.replace("path: model.json", "path: m")
    yaml.write_text(text.replace("      - evaluate.py\n", "      - evaluate.py\n      - m\n", 1))
    code = '\nout = pathlib.Path("m"); out.mkdir(exist_ok=True)\nfor n in "ab":\n    (out / n).write_text(n * 3)\n'
    train.write_text(train.read_text() + code)
    governed.retrain(0.81)
    governed.release("1.0.0")
    folder = governed.folder / "served"
    governed.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    record = record_of(folder)
    assert "PROVEN" in asked(str(folder), "--record", record) and (folder / "m" / "b").read_text() == "bbb"
    found = json.loads((folder / "govkit-manifest.json").read_text())
    listing = canonical.encode([{**file, "path": file["path"].removeprefix("m/")} for file in found["files"]])
    shutil.rmtree(folder / "m")
    (folder / "m").write_bytes(listing)
    weights = found["promotion"]["weights"]
    edit_manifest(folder, lambda value: value.update(files=[{"path": "m", "sha256": weights, "size": len(listing)}]))
    text = asked(str(folder), "--record", record, expect=1)
    assert "pass weights" in text and "kind: the card has a folder, delivered was a file" in text


@pytest.mark.parametrize("output", ["json", "junit", "sarif", "github", "markdown"])
def test_other_machines_read_along_at_start_up(delivered: Path, output: str) -> None:
    """In every format, whatever the names in the folder are; nothing of them reaches a terminal as it is."""
    for name in (b"\xff", b"x\x1b[2J\n::error::", "\u202e]]>".encode()):
        Path(os.fsdecode(os.fsencode(delivered) + b"/" + name)).touch()
    text = asked(str(delivered), "--format", output, expect=1)
    assert "was not delivered" in text and "\x1b" not in text and "\u202e" not in text
    if output == "json":
        found = json.loads(text)
        assert (found["schema"], found["verdict"]) == ("govkit.delivered/v1", "refused")
        from jsonschema import validate

        from govkit.core import formats

        validate(found, formats.json_schema("govkit.delivered/v1"))


def test_what_a_volume_brings_along(delivered: Path) -> None:
    """A mounted file system has a folder of its own at its top; it is let be as long as it is empty."""
    (delivered / "lost+found").mkdir()
    assert "INTACT" in asked(str(delivered))
    (delivered / "lost+found" / "x").touch()
    assert "lost+found was not delivered" in asked(str(delivered), expect=1)


def test_a_hard_link_is_its_bytes(delivered: Path) -> None:
    """What is checked is what is read: another name for the same bytes changes nothing, other bytes behind it do."""
    other = delivered.parent / "other"
    os.link(delivered / "model.json", other)
    assert "INTACT" in asked(str(delivered))
    other.write_bytes(other.read_bytes().replace(b"0", b"9", 1))
    assert "model.json has sha256:" in asked(str(delivered), expect=1)


@pytest.mark.parametrize("kind", ["hardlink", "symlink", "copy"])
@pytest.mark.parametrize("place", ["--local", "--project"])
def test_what_get_delivers_shares_nothing_with_the_cache(contracted: World, kind: str, place: str) -> None:
    """However DVC links its cache into the working tree: whoever writes there must not write here."""
    contracted.shell("dvc", "config", place, "cache.type", kind)
    folder = contracted.folder / "served"
    contracted.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    found = [path.lstat() for path in folder.iterdir()]
    assert [one.st_nlink for one in found] == [1, 1, 1] and all(stat.S_ISREG(one.st_mode) for one in found)


def test_a_link_is_no_weights(contracted: World, tmp_path: Path) -> None:
    """Should DVC ever leave a link after all, its bytes are right today and somebody else's tomorrow."""
    ours = contracted.repo / "model.json"

    def linked(root: Path, commit: str, path: str, target: Path, **_: Any) -> None:
        target.symlink_to(ours)

    with mock.patch("govkit.workflow.get.dvcbytes.fetch", linked):
        result = contracted.govkit("get", MODEL, "--stage", "production", "-o", str(tmp_path / "served"), expect=1)
    assert "model.json is a symbolic link" in result.text and not (tmp_path / "served").exists()


def test_the_manifest_of_another_version(contracted: World, delivered: Path) -> None:
    """Neither another version's manifest and card beside these weights, nor these weights with them, nor all of it."""
    record = record_of(delivered)
    contracted.retrain(0.9)
    contracted.release("1.1.0")
    newer = contracted.folder / "newer"
    contracted.govkit("get", MODEL, "--stage", "production", "-o", str(newer))
    assert "record:" in asked(str(newer), "--record", record, expect=1)
    assert "PROVEN" in asked(str(newer), "--record", record_of(newer))
    mixed = contracted.folder / "mixed"
    shutil.copytree(delivered, mixed)
    shutil.copy(newer / "card.json", mixed)
    assert "card: sha256:" in asked(str(mixed), expect=1)
    shutil.copy(newer / "govkit-manifest.json", mixed)
    assert "model.json has" in asked(str(mixed), expect=1)
    edit_manifest(
        mixed,
        lambda v: v["files"].__setitem__(0, json.loads((delivered / "govkit-manifest.json").read_text())["files"][0]),
    )
    assert "weights: sha256:" in asked(str(mixed), expect=1)


def test_get_delivers_only_the_pinned_promotion(contracted: World) -> None:
    """A replica that fetches again gets what its record names, or nothing."""
    record = verify(contracted, "--format", "json").json["promotion"]
    folder = contracted.folder / "served"
    words = ("get", MODEL, "--stage", "production", "-o", str(folder), "--record")
    contracted.retrain(0.9)
    contracted.release("1.1.0")
    assert "record: sha256:" in contracted.govkit(*words, record, expect=1).text and not folder.exists()
    assert "record: sha256:" in verify(contracted, "--record", record, expect=1).text
    newer = verify(contracted, "--format", "json").json["promotion"]
    contracted.govkit(*words, newer)
    assert "PROVEN" in start_up(str(folder), "--record", newer)
    contracted.govkit(*words, "", expect=2)


def test_an_override_cannot_be_talked_away(promoted: World) -> None:
    """Its end stands in the event: a manifest that says that it is none changes nothing, under the pinned record."""
    from datetime import UTC, datetime, timedelta

    from govkit.workflow import delivery

    promoted.allow_break_glass()
    promoted.adopt_policy()
    promoted.retrain(0.5)
    promoted.register("2.0.0")
    words = ("--break-glass", "--ticket", "INC-1", "-m", "on fire")
    promoted.govkit("request", f"{MODEL}@2.0.0", "--stage", "production", *words, as_="ada")
    promoted.approve("2.0.0", "production", "rita")
    promoted.govkit("promote", f"{MODEL}@2.0.0", "--stage", "production", "--break-glass", as_="remy")
    folder = promoted.folder / "served"
    promoted.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    record, later = record_of(folder), datetime.now(UTC) + timedelta(days=3)
    assert delivery.verify(folder, record=record).verdict == "proven"
    assert [check.gate for check in delivery.verify(folder, record=record, now=later).blocking] == ["override"]
    edit_manifest(folder, lambda value: value["promotion"].update(override=False))
    assert [check.gate for check in delivery.verify(folder, record=record, now=later).blocking] == ["override"]
    edit_manifest(folder, lambda value: value["promotion"].update(expires=None))
    assert "event" in [check.gate for check in delivery.verify(folder, record=record, now=later).blocking]


@pytest.mark.parametrize("overdue", ["warn", "refuse"])
def test_a_review_that_is_overdue(governed: World, overdue: str) -> None:
    """Warns or refuses where it serves as it does where it is verified, by the policy of its promotion."""
    from datetime import UTC, datetime, timedelta

    from govkit.workflow import delivery

    path = governed.repo / "governance" / "policy.yaml"
    head, mark, tail = path.read_text().rpartition("      lift: [risk-owner]\n")
    path.write_text(f"{head}{mark}      review_after: 30d\n      on_overdue: {overdue}\n{tail}")
    governed.adopt_policy()
    governed.release("1.0.0")
    folder = governed.folder / "served"
    governed.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    now, record = datetime.now(UTC), record_of(folder)
    assert delivery.verify(folder, record=record, now=now + timedelta(days=29)).verdict == "proven"
    late = delivery.verify(folder, record=record, now=now + timedelta(days=31))
    assert late.verdict == ("proven" if overdue == "warn" else "refused")
    assert "OVERDUE" in next(check.found for check in late.checks if check.gate == "review")


def test_a_forged_manifest_is_found_where_the_record_is_pinned(delivered: Path) -> None:
    """Whoever writes all of the folder can only leave the event out, or bring one that is not the pinned one."""
    record = record_of(delivered)
    swap_weights(delivered)
    edit_manifest(delivered, lambda value: value.update(event="", signature=""))
    assert "INTACT" in start_up(str(delivered))
    found = start_up(str(delivered), "--record", record, expect=1)
    assert "does not hold its promotion's event" in found


def test_warn_lets_a_start_up_through_and_says_so(delivered: Path) -> None:
    """What would have been refused is said; what is wrong usage stays it."""
    (delivered / "model.json").write_text("{}")
    text = asked(str(delivered), "--mode", "warn")
    assert "REFUSED" in text and "WARNING: it is refused, and only --mode warn lets it through" in text
    (delivered / "govkit-manifest.json").unlink()
    assert "is no delivery" in asked(str(delivered), "--mode", "warn")
    asked(str(delivered), "--mode", "warn", "--record", "", expect=2)
    asked("/nowhere", "--mode", "warn", expect=2)


def test_a_folder_of_something_else_is_refused(delivered: Path) -> None:
    """Model and stage are asked for where the caller names them."""
    asked(str(delivered), MODEL, "--stage", "production")
    assert "asked for was scorer for staging" in asked(str(delivered), MODEL, "--stage", "staging", expect=1)
    assert "there is no folder" in asked("/nowhere", expect=2)


def test_python_asks_the_same(contracted: World, delivered: Path) -> None:
    """A serving process asks through the package, and gets a verdict."""
    found = govkit.verify_dir(delivered, model=MODEL, record=record_of(delivered))
    assert (found.verdict, found.version, found.files) == ("proven", "1.0.0", 1)
    assert govkit.verify_dir(delivered, target=target(contracted, region="us-east-1")).exit_code == 1
    assert govkit.load_card(delivered).model.name == MODEL
    with pytest.raises(govkit.Refused):
        govkit.verify_dir(delivered, stage="staging")


def test_start_up_loads_little(delivered: Path) -> None:
    """Neither Git, DVC, templates, schema checkers nor signatures are loaded: it is asked at every start."""
    script = (
        "import sys, govkit\n"
        f"assert govkit.verify_dir({str(delivered)!r}).exit_code == 0\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    barred = {"git", "dvc", "gto", "jinja2", "jsonschema", "requests", "rich", "nacl", "sshsig", "pandas", "numpy"}
    assert barred & set(json.loads(done.stdout.replace("'", '"'))) == set()


def test_get_fetches_a_folder_with_jobs(contracted: World) -> None:
    """Weights may be a folder; how many files DVC fetches at a time is the caller's choice."""
    folder = contracted.folder / "served"
    contracted.govkit("get", MODEL, "--stage", "production", "-o", str(folder), "--jobs", "2")
    assert "INTACT" in start_up(str(folder))
    contracted.govkit("get", MODEL, "--stage", "production", "-o", str(folder), "--jobs", "0", expect=2)
