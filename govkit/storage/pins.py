"""The roots of trust that a person has pinned: a file of their own, like OpenSSH's ``known_hosts``.

A line is ``ROOT REMOTE``: the leaf hash of a log's event 0, and the remote that this event names (``-`` for none).
A pin comes from an option, the environment (``GOVKIT_ROOT``) or this file; never from a repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from govkit.core.digests import is_sha256
from govkit.core.errors import Refused, Usage
from govkit.storage import files

ROOT_VARIABLE = "GOVKIT_ROOT"
RECORD_VARIABLE = "GOVKIT_RECORD"
FILE_VARIABLE = "GOVKIT_KNOWN_ROOTS"


class Pins(Struct, frozen=True):
    """What a person trusts.

    Attributes:
        path: the known-roots file.
        explicit: a root given by option or environment, which alone counts then; or None.
        known: remotes by root, from the file.
    """

    path: Path
    explicit: str | None
    known: Mapping[str, str]

    def accepts(self, root: str) -> bool:
        """Tell whether a log with this root is trusted."""
        return root == self.explicit if self.explicit is not None else root in self.known

    def contradicts(self, root: str, remote: str) -> str | None:
        """Return the root that is pinned instead of this one for the same log, or None."""
        if self.explicit is not None:
            return self.explicit if self.explicit != root else None
        if root in self.known or not remote:
            return None
        return next((other for other, name in self.known.items() if name == remote), None)


def load(option: str | None, environment: Mapping[str, str]) -> Pins:
    """Read the pins.

    Args:
        option: a root that was given on the command line, or None.
        environment: the process's environment.

    Raises:
        Usage: if a root is not ``sha256:<64 hex>``, or a line of the file is not ``ROOT REMOTE``.
    """
    explicit = pinned_root(option, environment)
    path = known_roots_path(environment)
    known: dict[str, str] = {}
    text = _text(path) if path.is_file() else ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        root, _, remote = line.strip().partition(" ")
        if not is_sha256(root) or not remote.strip():
            raise Usage(f"{path}:{number} is not 'ROOT REMOTE'", fix="mend or remove the line")
        known[root] = "" if remote.strip() == "-" else remote.strip()
    return Pins(path, explicit, known)


def pinned_record(option: str | None, environment: Mapping[str, str]) -> str | None:
    """Return the promotion that a deployment pins, from an option or else the environment; None if it pins none.

    Raises:
        Usage: if it is not ``sha256:<64 hex>``. An empty one, as a script gives whose own question failed, is none
            either: it must not look as if nothing had been asked for.
    """
    found, where = (option, "") if option is not None else (environment.get(RECORD_VARIABLE), f" in {RECORD_VARIABLE}")
    if found is not None and not is_sha256(found):
        raise Usage(f"'{found}'{where} is not a record", fix="write sha256:<64 hex>, or leave it out to pin nothing")
    return found


def pinned_root(option: str | None, environment: Mapping[str, str]) -> str | None:
    """Return the root of trust from an option or else the environment alone; None if there is none.

    Raises:
        Usage: if it is not ``sha256:<64 hex>``.
    """
    found = option or environment.get(ROOT_VARIABLE) or None
    if found is not None and not is_sha256(found):
        raise Usage(f"'{found}' is not a root of trust", fix="write sha256:<64 hex>, as 'govkit trust' shows it")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Usage(
            f"{path} is not text in UTF-8", why=str(error), fix="mend or remove it, then pin again with 'govkit trust'"
        ) from error


def known_roots_path(environment: Mapping[str, str]) -> Path:
    """Return the path of the known-roots file."""
    named = environment.get(FILE_VARIABLE)
    if named:
        return Path(named)
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "govkit" / "known_roots"


def pin(pins: Pins, root: str, remote: str) -> None:
    """Add a root to the known-roots file.

    Raises:
        Refused: if another root is pinned for the same remote, or the remote would write more than its own line.
    """
    if not remote.isprintable():
        # A log's remote is its author's to choose: a line break in it would pin a second root.
        raise Refused(
            "this log cannot be pinned",
            why="its remote holds a line break or another character that is not to be seen",
            fix="find out who opened it: no honest remote is written so",
        )
    other = pins.contradicts(root, remote) if pins.explicit is None else None
    if other is not None:
        raise Refused(
            f"another root is pinned for {remote}",
            why=f"{pins.path} has {other}, the log's is {root}",
            fix="find out who rewrote the log; only then remove the old line",
        )
    if root in pins.known:
        return
    before = pins.path.read_bytes() if pins.path.is_file() else b""
    files.write(pins.path, before + f"{root} {remote.strip() or '-'}\n".encode())
