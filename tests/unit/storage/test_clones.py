"""Addresses of repositories are hostile: only a few forms are taken, and none of them can run anything."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from govkit.core.errors import Undecided, Usage
from govkit.storage import clones, repositories

GOOD = (
    "https://git.example.org/risk/models.git",
    "https://git.example.org:8443/risk/models.git",
    "https://rita@git.example.org/models",
    "ssh://git@git.example.org:2222/models",
    "ssh://[2001:db8::1]/models",
    "git@git.example.org:risk/models.git",
    "/srv/git/models.git",
    "file:///srv/git/models.git",
)
BAD = (
    "--upload-pack=touch pwned",
    "-u./pwned",
    "ext::sh -c touch% pwned",
    "fd::17/foo",
    "transport::address",
    "http://git.example.org/models",
    "git://git.example.org/models",
    "ftp://git.example.org/models",
    "javascript://x/",
    "https://rita:secret@git.example.org/models",
    "https://-oProxyCommand=x/models",
    "ssh://-oProxyCommand=touch/models",
    "ssh://-l@host/models",
    "ssh://user@-host/models",
    "-x@host:models",
    "git@-host:models",
    "git@host:-models",
    "file://host/share",
    "file://../models",
    "file:models",
    "https:///models",
    "https://git.example.org/a\nb",
    "https://git.example.org/\u202eb",
    "https://git.example.org/\x1b[31m",
    "relative/path",
    "../models",
    "",
    "https://git.example.org/" + "x" * 2000,
)


@pytest.mark.parametrize("address", GOOD)
def test_usual_addresses_are_taken(address: str) -> None:
    """HTTPS, SSH in both notations, and folders of this machine."""
    assert clones.check_address(address) == address
    assert clones.is_address(address)


@pytest.mark.parametrize("address", BAD)
def test_others_are_refused(address: str) -> None:
    """Options, helpers that run commands, passwords, hidden characters, and whatever is not known."""
    with pytest.raises(Usage):
        clones.check_address(address)


@pytest.mark.parametrize(
    "name", ["model@1.0.0#production", "folder=model@1.0.0#stage", "sha256:" + "0" * 64, "policy#3"]
)
def test_requests_are_no_addresses(name: str) -> None:
    """What names a request is never taken for a repository."""
    assert not clones.is_address(name)


@pytest.mark.parametrize("address", ["ext::sh -c touch% pwned", "--upload-pack=touch pwned", "http://127.0.0.1:1/x"])
def test_git_itself_is_told_the_same(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were an address not checked, Git would still not run it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Undecided):
        clones.clone(address, tmp_path / "made" / "clone")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["made"]


def test_nothing_is_checked_out_and_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with filters, hooks in a template and submodules is cloned: its objects and refs, no file of it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    source, template = tmp_path / "source", tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks" / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    (template / "hooks" / "post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template))

    def git(*words: str) -> None:
        setting = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *setting, *words], cwd=source, check=True, capture_output=True)

    source.mkdir()
    git("init", "-q", "-b", "main", "--template=")
    (source / ".gitattributes").write_text("* filter=evil\n")
    (source / "file").write_text("text")
    git("add", "-A")
    git("commit", "-qm", "first")
    git("tag", "-a", "v1", "-m", "v1")
    target = tmp_path / "data" / "clone"
    clones.clone(str(source), target)
    assert [path.name for path in target.iterdir()] == [".git"]
    assert not (target / ".git" / "hooks").exists()
    assert not (tmp_path / "pwned").exists()
    tags = subprocess.run(["git", "tag"], cwd=target, check=True, capture_output=True, text=True).stdout
    assert tags == "v1\n"
    assert [path.name for path in target.parent.iterdir()] == ["clone"]


def test_repositories_are_remembered_for_their_reader_alone(tmp_path: Path) -> None:
    """The list grows by what is new, and nobody else can read it."""
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for folder in ("/a", "/b", "/a"):
        repositories.add(environment, Path(folder))
    assert repositories.load(environment) == [Path("/a"), Path("/b")]
    assert stat.S_IMODE(repositories.path(environment).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "x", "repositories": []}', '{"schema": "govkit.repositories/v1"}', "\xff"]
)
def test_a_broken_list_is_named(tmp_path: Path, text: str) -> None:
    """What is no list is not overwritten."""
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    path = repositories.path(environment)
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Usage, match=r"repositories\.json"):
        repositories.add(environment, Path("/a"))
    assert path.read_bytes() == text.encode("latin-1")
