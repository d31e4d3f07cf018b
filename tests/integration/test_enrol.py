"""Enrolling: a key, a file about oneself, and the policy that an administrator adds it to; real ssh-keygen."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from world import Result, World

from govkit.cli import common
from govkit.cli.main import cli
from govkit.core import canonical


def _enrol(world: World, *words: str, expect: int = 0) -> Result:
    """Run ``govkit enrol``, which works outside of any repository."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, world.env, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = common.run(cli, ["enrol", *words])
    assert code == expect, out.getvalue() + err.getvalue()
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture
def enrolment(governed: World) -> Path:
    """The file that nora made with a key that she had."""
    path = governed.folder / "nora.enrol.json"
    words = ["--name", "Nora <b>New</b>", "--email", "nora@example.org", "--key", str(governed.key_path("nora"))]
    _enrol(governed, "nora", *words, "--output", str(path))
    return path


def test_an_administrator_adds_what_was_enrolled(governed: World, enrolment: Path) -> None:
    """The file alone is enough: id, name, address and key come from it, and the fingerprint is shown to compare."""
    shown = governed.govkit("people", "add", "--from", str(enrolment), "--role", "validator")
    fingerprint = governed.shell("ssh-keygen", "-lf", f"{governed.key_path('nora')}.pub").split()[1]
    assert fingerprint in shown.text
    policy = (governed.repo / "governance" / "policy.yaml").read_text()
    assert "nora@example.org" in policy
    assert governed.key("nora").public in policy
    governed.adopt_policy()
    assert "nora" in governed.log().state.policy.policy.roles["validator"].people


CHANGES: dict[str, Callable[[dict], object]] = {
    "id": lambda value: value.update(id="mallory"),
    "name": lambda value: value.update(name="Rita Riskowner"),
    "email": lambda value: value["emails"].append("rita@example.org"),
    "no-signature": lambda value: value.update(signature=""),
    "junk": lambda value: value.update(signature="junk"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_enrolment_is_refused(governed: World, enrolment: Path, name: str) -> None:
    """What the key did not sign is not added."""
    value = json.loads(enrolment.read_text())
    CHANGES[name](value)
    enrolment.write_bytes(canonical.encode(value))
    before = (governed.repo / "governance" / "policy.yaml").read_text()
    said = governed.govkit("people", "add", "--from", str(enrolment), expect=1).text
    assert "does not show that" in said
    assert (governed.repo / "governance" / "policy.yaml").read_text() == before


def test_somebody_elses_key_is_refused(governed: World, enrolment: Path) -> None:
    """Nobody enrols with a key that is public but not theirs, however they sign."""
    value = json.loads(enrolment.read_text())
    value["key"] = governed.key("rita").public
    statement = canonical.encode({key: item for key, item in value.items() if key != "signature"})
    value["signature"] = governed.sign("nora", statement, "govkit-enrolment").decode()
    enrolment.write_bytes(canonical.encode(value))
    assert "another key signed it" in governed.govkit("people", "add", "--from", str(enrolment), expect=1).text


def test_a_signature_for_another_purpose_is_refused(governed: World, enrolment: Path) -> None:
    """What somebody signed for the log cannot be made an enrolment of theirs."""
    value = json.loads(enrolment.read_text())
    statement = canonical.encode({key: item for key, item in value.items() if key != "signature"})
    value["signature"] = governed.sign("nora", statement, "govkit-event").decode()
    enrolment.write_bytes(canonical.encode(value))
    assert "does not show that" in governed.govkit("people", "add", "--from", str(enrolment), expect=1).text


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"schema":"govkit.enrolment/v2"}', b"x" * 70_000])
def test_what_is_no_enrolment_is_named(governed: World, content: bytes) -> None:
    """Another file is no enrolment, and a large one is not read."""
    path = governed.folder / "file"
    path.write_bytes(content)
    assert "is not an enrolment" in governed.govkit("people", "add", "--from", str(path), expect=2).text


@pytest.mark.parametrize(
    "words", [["Nora"], ["nora", "--email", "no address"], ["nora", "--name", " "], ["nora", "--key", "x", "--sk"]]
)
def test_what_cannot_be_is_refused_before_a_key_is_made(governed: World, words: list[str]) -> None:
    """An id, a name and addresses as the policy takes them; and nothing is left behind."""
    said = _enrol(governed, *words, "--output", str(governed.folder / "out.json"), expect=2).text
    assert " next " in said
    assert "regex" not in said
    assert not (governed.folder / ".ssh").exists()
    assert not (governed.folder / "out.json").exists()


def test_says_how_later_commands_find_the_key(governed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key named from the folder where one is, is named from everywhere; one that an agent holds, by itself."""
    monkeypatch.chdir(governed.key_path("nora").parent)
    said = _enrol(governed, "nora", "--key", "nora", "--output", str(governed.folder / "file.json")).text
    assert f"export GOVKIT_KEY={governed.key_path('nora')} " in said
    agent = governed.shell("ssh-agent", "-s")
    found = dict(re.findall(r"(SSH_AUTH_SOCK|SSH_AGENT_PID)=([^;]+)", agent))
    governed.env.update(found)
    try:
        governed.shell("ssh-add", "-q", str(governed.key_path("nora")))
        literal = f"key::{governed.key('nora').public}"
        said = _enrol(governed, "nora", "--key", literal, "--output", str(governed.folder / "agent.json")).text
    finally:
        os.kill(int(found["SSH_AGENT_PID"]), signal.SIGTERM)
    assert f"export GOVKIT_KEY='{literal}' " in said


def test_nothing_is_overwritten(governed: World, enrolment: Path) -> None:
    """Neither a file nor a key that is there."""
    before = enrolment.read_bytes()
    key = str(governed.key_path("nora"))
    assert "is there already" in _enrol(governed, "nora", "--key", key, "--output", str(enrolment), expect=2).text
    (governed.folder / ".ssh").mkdir()
    (governed.folder / ".ssh" / "govkit").write_text("precious")
    said = _enrol(governed, "nora", "--output", str(governed.folder / "new.json"), expect=2).text
    assert "is not overwritten" in said
    assert (enrolment.read_bytes(), (governed.folder / ".ssh" / "govkit").read_text()) == (before, "precious")


def test_makes_a_key_with_a_passphrase(governed: World) -> None:
    """On a terminal, ssh-keygen asks for the passphrase of a new key, and again to sign; the file is good."""
    said = on_a_terminal(governed, "enrol", "nora", "--output", "nora.json")
    key = governed.folder / ".ssh" / "govkit"
    assert "made your key" in said
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "incorrect passphrase" in governed_error(governed, key)
    governed.govkit("people", "add", "--from", str(governed.repo / "nora.json"))


def governed_error(world: World, key: Path) -> str:
    """Return what ssh-keygen says who tries the key without its passphrase."""
    import subprocess

    words = ["ssh-keygen", "-y", "-P", "", "-f", str(key)]
    return subprocess.run(words, env=world.env, capture_output=True, text=True, check=False).stderr


def on_a_terminal(world: World, *words: str) -> str:
    """Run govkit on a terminal of its own, and type a passphrase whenever one is asked for."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - becomes another program
        os.chdir(world.repo)
        os.execve(sys.executable, [sys.executable, "-m", "govkit.cli.main", *words], world.env)
    said = b""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 1024):
            said += part
            if b"passphrase" in part.lower() and part.rstrip().endswith(b":"):
                os.write(terminal, b"correct horse\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said.decode()
    os.close(terminal)
    return said.decode()


def test_file_under_the_id_of_somebody_else_is_refused(governed: World, tmp_path: Path) -> None:
    """Anybody can enrol as rita; her second key is one only if whoever adds it names her."""
    words = ["--name", "Rita", "--key", str(governed.key_path("mallory")), "--output", str(tmp_path / "rita.json")]
    _enrol(governed, "rita", *words)
    said = governed.govkit("people", "add", "--from", str(tmp_path / "rita.json"), expect=2).text
    assert "there is a 'rita' already, with another key" in said
    governed.govkit("people", "add", "rita", "--from", str(tmp_path / "rita.json"))
