"""The repository that everybody pushes to: what it has, fetching from it, and pushing to it, all or nothing.

Unlike everything else that govkit asks of Git, these commands use the user's own settings for the network (transport,
credentials, proxies), as ``git fetch`` and ``git push`` do. Hooks of this clone do not run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from govkit.core.errors import Refused, Undecided, Usage
from govkit.storage.git import Repository

LOG = "refs/heads/govkit/log"
#: Git's setting that names the remote; else it is ``origin``, else the only one.
SETTING = "govkit.remote"
#: What a server or Git says when somebody else was faster.
_RACE = re.compile(
    r"fetch first|non-fast-forward|stale info|already exists|cannot lock ref|failed to update ref|incorrect old value"
    r"|reference already exists|remote ref updated since checkout|failed to lock"
)


class LostRace(Refused):
    """Somebody else wrote first; what was to be written must be made again on what is there."""


class NotTaken(Refused):
    """The remote does not take what was pushed, as from somebody who may not push there."""


class Remote(Struct, frozen=True):
    """A remote of a repository, by its name."""

    repository: Repository
    name: str

    @property
    def tracking(self) -> str:
        """The ref under which this clone remembers the remote's log."""
        return f"refs/remotes/{self.name}/govkit/log"

    def refs(self) -> dict[str, str]:
        """Return object ids of branches and tags (of tag objects, for annotated tags) by full ref name.

        Raises:
            Undecided: if the remote cannot be reached.
        """
        out = self._run("ls-remote", "--end-of-options", self.name, "refs/heads/*", "refs/tags/*")
        lines = (line.partition("\t") for line in out.split("\n") if line)
        return {name: identity for identity, _, name in lines if not name.endswith("^{}")}

    def fetch(self, names: Sequence[str], *, whole: bool = False) -> None:
        """Fetch objects; no ref moves, so that a process that is killed leaves nothing half-moved.

        Args:
            names: full names of the remote's refs.
            whole: also the history that a shallow clone lacks.

        Raises:
            Undecided: if the remote cannot be reached.
        """
        words = ["fetch", "--refmap=", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head"]
        words += ["--no-recurse-submodules", *(["--unshallow"] if whole else [])]
        self._run(*words, "--stdin", "--end-of-options", self.name, stdin="".join(f"{name}\n" for name in names))

    def push(self, new: Mapping[str, str]) -> None:
        """Move refs of the remote forward, all or none; no ref of this clone moves.

        Args:
            new: object ids in hex by full ref name.

        Raises:
            LostRace: if somebody else was faster.
            NotTaken: if the remote does not take it.
            Undecided: if it cannot be reached.
        """
        specs = [f"{identity}:{name}" for name, identity in new.items()]
        words = ["push", "--porcelain", "--atomic", "--no-verify", "--no-follow-tags"]
        program = self.repository.config(f"remote.{self.name}.receivepack")
        words += [f"--receive-pack={program}"] if program else []
        # By its address: by its name, Git would move the ref that remembers the remote's log by itself.
        address = self._run("remote", "get-url", "--push", "--end-of-options", self.name).strip()
        words += ["--end-of-options", address]
        code, out, error = self.repository.try_network(*words, *specs)
        if code == 0:
            return
        rejected = [line.partition("\t")[2] for line in out.decode("utf-8", "replace").split("\n") if line[:1] == "!"]
        said = [line.removeprefix("remote: ").rstrip() for line in error.split("\n") if line.startswith("remote: ")]
        if rejected and any(_RACE.search(line) for line in (*rejected, *said)):
            raise LostRace(f"somebody else wrote to '{self.name}' first", fix="try again")
        if not rejected:
            raise self._unreachable(error)
        why = "\n".join([*[line.replace("\t", " ") for line in rejected], *said])
        fix = "ask who runs it; if you may not push, hand the decision on as a file: --output FILE"
        raise NotTaken(f"'{self.name}' does not take this; nothing was written", why=why, fix=fix)

    def _run(self, *words: str, stdin: str = "") -> str:
        code, out, error = self.repository.try_network(*words, stdin=stdin.encode())
        if code != 0:
            raise self._unreachable(error)
        return out.decode("utf-8", "surrogateescape")

    def _unreachable(self, error: str) -> Undecided:
        said = [line for line in error.strip().splitlines() if line.startswith(("fatal:", "error:", "ssh:"))]
        return Undecided(
            f"the remote '{self.name}' cannot be reached; nothing was written",
            why=" ".join(said or error.strip().splitlines()[-1:]),
            fix="try again later, or work on with --local, and run 'govkit log sync' when it is back",
        )


def find(repository: Repository) -> Remote | None:
    """Return the remote that the log is kept on, or None if the repository has no remote.

    Raises:
        Usage: if there are several and none is named.
    """
    names = repository.run("remote").decode("utf-8", "replace").split()
    named = repository.config(SETTING)
    if named is not None and named not in names:
        raise Usage(f"Git's setting {SETTING} names '{named}', which is no remote", fix=f"git config {SETTING} NAME")
    chosen = named or ("origin" if "origin" in names else names[0] if len(names) == 1 else None)
    if chosen is None and names:
        fix = f"name the one that the log is kept on: git config {SETTING} NAME"
        raise Usage(f"this repository has several remotes: {', '.join(names)}", fix=fix)
    return Remote(repository, chosen) if chosen else None
