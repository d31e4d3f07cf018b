"""Git, as far as govkit needs it: objects read through one ``git cat-file --batch``, refs moved in transactions.

Nothing that the repository's configuration, ``refs/replace`` or ``.git/info/grafts`` says can change what is read:
commands run with replacement objects, grafts, hooks and the commit graph off, and never through a shell.
"""

from __future__ import annotations

import re
import subprocess
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from govkit.core import limits
from govkit.core.errors import Refused, Undecided, Usage
from govkit.storage import gitplace, gitsafe, objects
from govkit.storage.gitobjects import ID, RawCommit, TreeEntry, parse_commit, parse_tree
from govkit.storage.gitsafe import CONFIG_WORDS

ZERO = "0" * 40
#: So many files may differ between two commits; whoever reads more than that is not helped by a list.
MAX_CHANGED = 20_000
#: How many files the commits may have that are compared.
MAX_COMPARED = 200_000
_LS_TREE = ("ls-tree", "-r", "-z", "--full-tree")
_MISSING = "missing object"
_SHORT = re.compile(r"[0-9a-f]{4,39}")
#: What may follow the name in a revision: ``~1``, ``^{commit}``, ``:path``, ``@{upstream}``.
_OPERATOR = re.compile(r"[~^:]|@\{")
#: Settings for commands that reach other machines: a server that says nothing for half a minute is not waited for.
SLOW = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30", "-c", "push.gpgSign=false")


class RefUpdate(NamedTuple):
    """A ref to move from one object id to another; ``ZERO`` as old id means that it must not exist."""

    name: str
    new: str
    old: str


class Repository:
    """A Git repository.

    Args:
        path: a folder in it.

    Raises:
        Usage: if there is no Git repository, or one that cannot be governed.
    """

    def __init__(self, path: Path) -> None:
        #: ``git_dir`` is the folder that all worktrees share.
        self._top, self._folder, self.git_dir = gitplace.find(path)
        self._batches: dict[str, objects.Batch] = {}
        weakref.finalize(self, _end, self._batches)

    @property
    def root(self) -> Path:
        """The top of the working tree.

        Raises:
            Usage: if the repository is bare.
        """
        if self._top is None:
            raise Usage("this repository is bare, and the command needs files", fix="run it in a clone")
        return self._top

    @property
    def is_bare(self) -> bool:
        """Whether there is no working tree."""
        return self._top is None

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Run ``git`` and return what it printed.

        Raises:
            Refused: if it fails; with the first line of what it said.
        """
        code, out, error = self.try_run(*arguments, stdin=stdin)
        if code != 0:
            said = [line for line in error.strip().splitlines() if line.startswith(("fatal:", "error:"))]
            why = " ".join(said or error.strip().splitlines()[-1:]) or f"exit code {code}"
            raise Refused(f"git {arguments[0]} failed", why=why)
        return out

    def try_run(self, *arguments: str, stdin: bytes | None = None) -> tuple[int, bytes, str]:
        """Run ``git`` and return exit code, output and what it said on standard error."""
        return self._call(arguments, gitsafe.environment(), stdin if stdin is not None else b"")

    def _call(self, words: Sequence[str], environment: Mapping[str, str], stdin: bytes) -> tuple[int, bytes, str]:
        done = subprocess.run(
            ["git", *CONFIG_WORDS, *words],
            cwd=self._folder,
            env=dict(environment),
            input=stdin,
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def try_network(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Run a ``git`` that may reach other machines as the user has set it up; see :meth:`try_run`."""
        return self._call([*SLOW, *arguments], gitsafe.network_environment(), stdin)

    def config(self, name: str) -> str | None:
        """Return a value of Git's configuration, or None. Never used to decide whom to trust."""
        import git  # takes longer than most commands that never ask

        section, _, key = name.rpartition(".")
        if "." in section:  # GitPython calls a subsection as the file does
            section = '{} "{}"'.format(*section.split(".", 1))
        with git.Repo(self._folder) as opened, opened.config_reader() as reader:
            value = reader.get(section, key, fallback="")
        return str(value) or None

    # -- objects ------------------------------------------------------------------------------------------------

    def read(self, identity: str) -> tuple[str, bytes]:
        """Return kind and bytes of an object.

        Args:
            identity: 40 hex digits, or anything else that ``git cat-file`` resolves.

        Raises:
            Undecided: if this repository does not have it.
            Refused: if its bytes are not those that its id stands for. Git itself looks only when it fetches, so
                whoever can write to ``.git/objects``, or to what a clone borrows from, could change them unseen.
        """
        found = self._batch("--batch").object(identity)
        if found is None:
            raise objects.absent(identity)
        if ID.fullmatch(identity):
            objects.check_id(identity, *found)
        return found

    def size(self, identity: str) -> int:
        """Return the size of an object in bytes, without reading it.

        Raises:
            Undecided: if this repository does not have it.
        """
        kind, size = self.header(identity)
        if kind == _MISSING:
            raise objects.absent(identity)
        return size

    def read_tag(self, identity: str) -> tuple[str, bytes]:
        """Return kind and bytes of an object; no bytes unless it is a tag of ordinary size: refs can name anything."""
        kind, size = self.header(identity)
        return self.read(identity) if kind == "tag" and size <= limits.TAG else (kind, b"")

    def reader(self) -> objects.Reader:
        """Return a reader of many objects."""
        return objects.Reader(["git", *CONFIG_WORDS], self._folder, gitsafe.environment())

    def _batch(self, kind: str) -> objects.Batch:
        """Return the ``git cat-file`` that serves reads of one object; started when it is first needed."""
        found = self._batches.get(kind)
        if found is None or found.has_ended:
            words = ["git", *CONFIG_WORDS, "cat-file", kind]
            found = self._batches[kind] = objects.Batch(words, self._folder, gitsafe.environment())
        return found

    def read_up_to(self, identity: str, limit: int) -> bytes | None:
        """Return the bytes of an object, or None if there are more than ``limit``.

        Raises:
            Undecided: if this repository does not have it.
        """
        return self.read(identity)[1] if self.size(identity) <= limit else None

    def header(self, identity: str) -> tuple[str, int]:
        """Return kind and size in bytes of an object without reading it; ``missing object`` and 0 if it is not here."""
        return self._batch("--batch-check").header(identity) or (_MISSING, 0)

    def has(self, identity: str) -> bool:
        """Tell whether an object is in this repository."""
        return self.try_run("cat-file", "-e", identity)[0] == 0

    def commit(self, identity: str) -> RawCommit:
        """Return a commit by its own bytes, so that grafts and replacements cannot change its parents.

        Raises:
            Undecided: if it is not in this clone.
            Malformed: if it is not a commit.
        """
        return parse_commit(identity, *self.read(identity))

    def tree(self, identity: str) -> list[TreeEntry]:
        """Return the entries of a tree object, not those of its subtrees."""
        return parse_tree(self.read(identity)[1])

    def files(self, commit: str) -> dict[str, TreeEntry]:
        """Return every file of a commit by its path.

        Raises:
            Refused: if they are too many, or it is no commit.
        """
        out = self._list(*_LS_TREE, "--end-of-options", commit)
        found = {}
        for line in out.split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, _, identity = head.decode().split(" ")
            name = path.decode("utf-8", "surrogateescape")
            if name in found:
                raise Refused(
                    f"commit {commit[:10]} holds '{name}' twice",
                    why="one reader sees the one, another the other",
                    fix="find out who made the commit: Git itself makes none like that ('git fsck' names it)",
                )
            found[name] = TreeEntry(mode, identity, name)
        return found

    def write_object(self, kind: str, content: bytes) -> str:
        """Store an object, without a ref, and return its id in hex."""
        return self.run("hash-object", "-t", kind, "-w", "--stdin", stdin=content).decode().strip()

    def write_tree(self, blobs: Mapping[str, str]) -> str:
        """Store a flat tree of files and return its id.

        Args:
            blobs: blob ids in hex, by file name.
        """
        lines = "".join(f"100644 blob {identity}\t{name}\0" for name, identity in sorted(blobs.items()))
        return self.run("mktree", "-z", stdin=lines.encode()).decode().strip()

    # -- refs ---------------------------------------------------------------------------------------------------

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Return object ids (of tag objects, for annotated tags) by full ref name."""
        out = self.run("for-each-ref", "--format=%(objectname)%0a%(refname)", *prefixes)
        # Split at LF alone: Git allows other line separators in names, and one of them must not make two lines of one.
        lines = out.decode("utf-8", "surrogateescape").split("\n")
        return dict(zip(lines[1::2], lines[::2], strict=False))  # behind the last LF there is one line more, and empty

    def resolve(self, revision: str) -> str | None:
        """Return the commit that a revision names, in hex, or None.

        Raises:
            Usage: if it names more than one thing: Git would take a tag before a branch, and either before a short id,
                and anybody who can push can make one of that name.
        """
        word = _OPERATOR.split(revision)[0]
        places = [f"refs/{kind}/{word}" for kind in ("tags", "heads", "remotes")]
        named = [name for name in self.refs(*places) if name in places]
        if len(named) > (0 if _SHORT.fullmatch(word) else 1):
            raise Usage(
                f"'{word}' names more than one thing",
                why=f"there is {' and '.join(named)}{'' if len(named) > 1 else ', and it may be a short id'}",
                fix=f"write it in full: {named[-1]}, or the commit's 40 digits",
            )
        code, out, _ = self.try_run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return out.decode().strip() if code == 0 else None

    def move_refs(self, updates: Iterable[RefUpdate]) -> None:
        """Move refs in one transaction: all or none, each only from its old value.

        Raises:
            Refused: if a ref has another value by now, or stands in the way of another.
        """
        lines = [f"update {ref.name} {ref.new} {ref.old}" for ref in updates]
        self.run("update-ref", "--stdin", stdin="\n".join(["start", *lines, "prepare", "commit", ""]).encode())

    # -- history ------------------------------------------------------------------------------------------------

    def missing_history(self) -> bool:
        """Tell whether the clone is shallow: then some commits say nothing of their parents."""
        return self.run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def disguises(self) -> list[str]:
        """Return what makes stock Git show other objects or parents than there are: replacement refs and grafts."""
        grafts = self.git_dir / "info" / "grafts"
        listed = grafts.is_file() and grafts.stat().st_size > 0
        return [*sorted(self.refs("refs/replace")), *([".git/info/grafts"] if listed else [])]

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Tell whether ``commit`` is reachable from ``of``."""
        return self.try_run("merge-base", "--is-ancestor", commit, of)[0] == 0

    def commits_since(self, commit: str, since: str | None) -> list[RawCommit]:
        """Return all commits reachable from ``commit`` and not from ``since``.

        Raises:
            Undecided: if the clone does not have them all.
        """
        exclude = [f"^{since}"] if since else []
        return [self.commit(identity) for identity in self._reachable(commit, *exclude).split()]

    def count_since(self, commit: str, since: str) -> int:
        """Return how many commits :meth:`commits_since` would return, without reading them.

        Raises:
            Undecided: if the clone does not have them all.
        """
        return int(self._reachable("--count", commit, f"^{since}"))

    def _reachable(self, *words: str) -> str:
        """Return what ``git rev-list`` prints, in a clone that has all history.

        Raises:
            Undecided: if it has not.
        """
        if self.missing_history():
            raise Undecided(
                "this clone is shallow, so the commits of the version are not all known",
                fix="run 'git fetch --unshallow'",
            )
        self.commit(next(word for word in words if ID.fullmatch(word)))
        return self.run("rev-list", *words).decode()

    def _list(self, *words: str, most: int = limits.ENTRIES) -> bytes:
        """Return what a Git command lists with NULs, ending it where that is too much."""
        environment = gitsafe.environment()
        return objects.listing(["git", *CONFIG_WORDS, *words], self._folder, environment, most=most)

    def changed_files(self) -> list[str]:
        """Return paths that differ from HEAD in index or working tree, untracked ones left out."""
        out = self.run("status", "--porcelain", "-z", "--untracked-files=no")
        return [line[3:].decode("utf-8", "replace") for line in out.split(b"\0") if len(line) > 3]

    def changed_lines(self, base: str, head: str, most: int) -> list[tuple[str, int | None, int | None]]:
        """Return path, lines added and removed of the files that differ between two commits, the most changed first.

        Args:
            base: a commit in hex.
            head: another.
            most: how many files are named at most; the last entry then says in words how many more there are.

        Raises:
            Refused: if more than :data:`MAX_CHANGED` files differ, or one has more than :data:`MAX_COMPARED`.
        """
        # Equal folders are one object, so a few of them can stand for any number of files, and Git compares all
        # before it prints the first; a listing it prints as it goes.
        for commit in (base, head):
            self._list(*_LS_TREE, "--name-only", "--end-of-options", commit, most=MAX_COMPARED)
        words = ("diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
        listed = self._list(*words, "--end-of-options", base, head, most=MAX_CHANGED)
        out = listed.decode("utf-8", "replace")
        found: list[tuple[str, int | None, int | None]] = []
        for line in out.split("\0")[:-1]:
            added, removed, path = line.split("\t", 2)
            found.append((path, _lines(added), _lines(removed)))
        found.sort(key=lambda file: (-(file[1] or 0) - (file[2] or 0), file[0]))
        rest = len(found) - most
        return found if rest <= 0 else [*found[:most], (f"and {rest:,} more files", None, None)]

    def close(self) -> None:
        """End the processes that serve reads."""
        _end(self._batches)


def _end(batches: dict[str, objects.Batch]) -> None:
    for batch in batches.values():
        batch.close()
    batches.clear()


def _lines(count: str) -> int | None:
    """Return a number of lines as ``git diff --numstat`` has it: ``-`` for a binary file."""
    return int(count) if count.isdecimal() else None
