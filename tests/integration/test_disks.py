"""A repository on a disk that is full, or that cannot be written to: real file systems, mounted for one command."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from world import MODEL, World

PRODUCTION = f"{MODEL}@1.1.0#production"
#: A namespace of one's own, in which everybody may mount.
ALONE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
READ_ONLY = "mount --bind {repo} {repo} && mount -o remount,ro,bind {repo}"
#: A small file system with a copy of the repository, filled to the last byte.
FULL = (
    "mkdir -p {disk} && mount -t tmpfs -o size={size}k tmpfs {disk} && cp -a {repo} {disk}/repo"
    " && (cat /dev/zero > {disk}/filler 2>/dev/null || true)"
)

pytestmark = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode != 0,
    reason="this machine lets nobody mount a file system of their own",
)


def run(world: World, mount: str, repo: Path, *words: str, as_: str, then: str = "true") -> tuple[int, str]:
    """Run a command of govkit after something was mounted; return its exit code and what was printed."""
    command = [sys.executable, "-m", "govkit.cli.main", *words, "--repo", str(repo), "--key", str(world.key_path(as_))]
    script = f"{mount} && {{ {shlex.join(command)}; code=$?; {then}; exit $code; }}"
    env = {**world.env, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([*ALONE, script], env=env, capture_output=True, text=True, check=False)
    text = " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in text
    assert "went wrong inside" not in text
    return done.returncode, text


@pytest.mark.parametrize("words", [("approve", PRODUCTION), ("withdraw", PRODUCTION, "-m", "no")])
def test_read_only_repository(requested: World, words: tuple[str, ...]) -> None:
    """A clear error, nothing written; reading works."""
    before = requested.git("for-each-ref")
    mount = READ_ONLY.format(repo=shlex.quote(str(requested.repo)))
    who = "rita" if words[0] == "approve" else "ada"
    code, text = run(requested, mount, requested.repo, *words, as_=who)
    assert code == 1
    assert "cannot be written to; nothing was written" in text
    assert "Read-only file system" in text
    assert requested.git("for-each-ref") == before
    code, text = run(requested, mount, requested.repo, "status", as_=who)
    assert code == 0, text


def test_full_disk(requested: World) -> None:
    """A clear error, and the log on the full disk is what it was; with room again, the command works."""
    disk = requested.folder / "disk"
    size = sum(path.lstat().st_size // 1024 + 5 for path in requested.repo.rglob("*")) + 512
    mount = FULL.format(disk=disk, repo=requested.repo, size=size)
    look = f"git -c safe.directory='*' -C {disk}/repo for-each-ref --format='%(objectname)' refs/heads/govkit/log"
    code, text = run(
        requested, mount, disk / "repo", "approve", PRODUCTION, as_="rita", then=f"{look}; rm {disk}/filler"
    )
    assert code in (1, 2), text
    assert "No space left on device" in text or "unable to write" in text
    assert requested.git("rev-parse", "refs/heads/govkit/log") in text
    again = shlex.join([sys.executable, "-m", "govkit.cli.main", "log", "verify", "--repo", f"{disk}/repo"])
    code, text = run(
        requested, mount, disk / "repo", "approve", PRODUCTION, as_="rita", then=f"rm {disk}/filler; {again}"
    )
    assert "11 events (11 good)" in text
    assert list(disk.iterdir()) == []
