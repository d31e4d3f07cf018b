"""At the door and behind it: targets, modes, formats, ``get``, and a delivered folder checked again at start-up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import govkit
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


@pytest.fixture
def delivered(contracted: World) -> Path:
    """The folder that ``get`` made."""
    folder = contracted.folder / "served"
    contracted.govkit("get", MODEL, "--stage", "production", "-o", str(folder))
    return folder


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
    assert "is no record" in start_up(str(delivered), "--record", "latest", expect=2)


def edit_manifest(folder: Path, change: Callable[[Any], Any]) -> None:
    """Write another manifest, in its canonical form."""
    path = folder / "govkit-manifest.json"
    value = json.loads(path.read_text())
    path.write_bytes(canonical.encode(change(value) or value))


def swap_weights(folder: Path) -> None:
    """Put other weights there, and tell the manifest."""
    from govkit.core import digests

    (folder / "model.json").write_text("{}")
    found = digests.sha256(b"{}")

    def change(value: Any) -> None:
        value["files"][0].update(sha256=found, size=2)
        value["promotion"]["weights"] = found

    edit_manifest(folder, change)


ATTACKS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another byte": (lambda f: (f / "model.json").write_text("{}"), "model.json has sha256:"),
    "a file more": (lambda f: (f / "hook.py").write_text(""), "hook.py was not delivered"),
    "a file less": (lambda f: (f / "model.json").unlink(), "model.json is missing"),
    "another name": (lambda f: (f / "model.json").rename(f / "Model.json"), "model.json is missing"),
    "a link": (
        lambda f: ((f / "model.json").rename(f.parent / "m"), (f / "model.json").symlink_to(f.parent / "m")),
        "model.json is no plain file",
    ),
    "a linked folder": (lambda f: (f / "more").symlink_to("/etc"), "more is no plain file"),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "pipe is no plain file"),
    "another card": (lambda f: (f / "card.json").write_text("{}"), "card: sha256:"),
    "no card": (lambda f: (f / "card.json").unlink(), "card: it is missing"),
    "a linked card": (
        lambda f: ((f / "card.json").rename(f.parent / "c"), (f / "card.json").symlink_to(f.parent / "c")),
        "card: it is missing",
    ),
    "no manifest": (lambda f: (f / "govkit-manifest.json").unlink(), "is no delivery"),
    "a manifest of anything": (lambda f: (f / "govkit-manifest.json").write_text("{}"), "cannot be used"),
    "a huge manifest": (lambda f: (f / "govkit-manifest.json").write_bytes(b"[" * 70_000_000), "cannot be used"),
    "a path that leaves": (
        lambda f: edit_manifest(f, lambda v: v["files"][0].update(path="../x")),
        "is no file of a delivery",
    ),
    "a file twice": (lambda f: edit_manifest(f, lambda v: v["files"].append(v["files"][0])), "or one twice"),
    "no files": (lambda f: edit_manifest(f, lambda v: v["files"].clear()), "names no file"),
    "other weights and a manifest to them": (swap_weights, "event: weights: sha256:"),
    "another stage": (lambda f: edit_manifest(f, lambda v: v["promotion"].update(stage="staging")), "event: stage:"),
    "another version": (
        lambda f: edit_manifest(f, lambda v: v["promotion"].update(version="9.0.0")),
        "event: version:",
    ),
    "an event of something else": (lambda f: edit_manifest(f, lambda v: v.update(event="{}")), "record: "),
}


@pytest.mark.parametrize(("attack", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
def test_what_was_touched_is_refused(delivered: Path, attack: Callable[[Path], Any], reason: str) -> None:
    """With the reason, and without anything pinned."""
    attack(delivered)
    assert reason in start_up(str(delivered), expect=1)


def test_a_forged_manifest_is_found_where_the_record_is_pinned(delivered: Path) -> None:
    """Whoever writes all of the folder can only leave the event out, or bring one that is not the pinned one."""
    record = record_of(delivered)
    swap_weights(delivered)
    edit_manifest(delivered, lambda value: value.update(event="", signature=""))
    assert "INTACT" in start_up(str(delivered))
    found = start_up(str(delivered), "--record", record, expect=1)
    assert "does not hold its promotion's event" in found


def test_a_folder_of_something_else_is_refused(delivered: Path) -> None:
    """Model and stage are asked for where the caller names them."""
    start_up(str(delivered), MODEL, "--stage", "production")
    assert "asked for was scorer for staging" in start_up(str(delivered), MODEL, "--stage", "staging", expect=1)
    assert "there is no folder" in start_up("/nowhere", expect=2)


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
