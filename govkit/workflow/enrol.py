"""Enrolling: somebody gets a key, and a file about themselves that an administrator adds to the policy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from govkit.core import keys, names, records
from govkit.core.enrolment import MAX_BYTES, NAMESPACE, SCHEMA, Enrolment, parse, statement
from govkit.core.errors import Malformed, Refused, Usage
from govkit.storage import files
from govkit.storage.signatures import SigningKey, load_key, signer_of


class Enrolled(Struct, frozen=True):
    """What was made.

    Attributes:
        key: the key.
        made: whether it is new.
        path: the file for the administrator.
        fingerprint: of the key, to be compared by voice.
        named: what ``GOVKIT_KEY`` is to say, in whichever folder a later command runs.
    """

    key: SigningKey
    made: bool
    path: Path
    fingerprint: str
    named: str


def enrol(
    person: str,
    *,
    name: str | None = None,
    emails: Sequence[str] = (),
    key: str | None = None,
    hardware: bool = False,
    output: Path | None = None,
) -> Enrolled:
    """Make a key, or take one, and write the file that an administrator adds.

    Args:
        person: the id that they would like.
        name: their name; the id if None.
        emails: addresses under which they commit.
        key: an existing key, by its file or as an agent's; None to make one.
        hardware: make a key that only a hardware key can use.
        output: where to write; ``PERSON.enrol.json`` here if None.

    Raises:
        Usage: if the id or an address cannot be one, a file is in the way, or there is nobody to choose a passphrase.
        Refused: if no key was made, or it does not sign.
    """
    target = output or Path(f"{person}.enrol.json")
    blank = _enrolment(person, name or person, emails)
    if target.exists():
        raise Usage(f"{target} is there already", fix="name another file with --output, or remove it")
    used = load_key(key) if key is not None else make_key(key_path(hardware), person, hardware=hardware)
    unsigned = msgspec.structs.replace(blank, key=used.public)
    signature = used.sign(statement(unsigned), NAMESPACE).decode()
    try:
        files.write(target, records.to_json(msgspec.structs.replace(unsigned, signature=signature)) + b"\n")
    except OSError as error:
        raise Usage(f"{target} cannot be written", why=str(error), fix="name another file with --output") from error
    return Enrolled(used, key is None, target, keys.fingerprint(used.public), _named(used, key))


def _named(used: SigningKey, key: str | None) -> str:
    # The file of an agent's key is gone when this process ends.
    literal = key is not None and key.removeprefix("key::").startswith(keys.KEY_TYPES)
    return f"key::{used.public}" if literal else str(used.path.absolute())


def _enrolment(person: str, name: str, emails: Sequence[str]) -> Enrolment:
    if not names.is_person(person):
        raise Usage(f"'{person}' cannot be a person's id", fix="use small letters, digits, '.', '_' and '-'")
    try:
        return records.from_value(
            {"schema": SCHEMA, "id": person, "name": name, "emails": list(emails), "key": ""}, Enrolment
        )
    except Malformed as error:
        raise Usage(
            "a name or an address cannot be one",
            why="a name has 1 to 200 characters, not only spaces; an address looks like rita@example.org",
            fix="write others with --name and --email",
        ) from error


def key_path(hardware: bool = False) -> Path:
    """Return where a new key goes."""
    return Path.home() / ".ssh" / ("govkit-sk" if hardware else "govkit")


def make_key(path: Path, comment: str, *, hardware: bool = False) -> SigningKey:
    """Make a key with ``ssh-keygen``, which asks for a passphrase, or for a touch, by itself.

    Raises:
        Usage: if there is a key already, or nobody who can be asked.
        Refused: if ``ssh-keygen`` does not make one.
    """
    there = [one for one in (path, path.with_name(path.name + ".pub")) if one.exists()]
    if there:
        raise Usage(f"{there[0]} is there already, and is not overwritten", fix=f"to enrol with that key: --key {path}")
    if sys.stdin is None or not sys.stdin.isatty():
        raise Usage(
            "there is no terminal, so nobody can choose a passphrase",
            fix=f"make a key yourself, with 'ssh-keygen -t ed25519 -f {path}', and name it with --key",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = ["ssh-keygen", "-q", "-t", "ed25519-sk" if hardware else "ed25519", "-C", comment, "-f", str(path)]
    if subprocess.run(words, check=False).returncode != 0 or not path.exists():
        fix = "plug the hardware key in, and try again" if hardware else "try again"
        raise Refused("ssh-keygen made no key", why="it says above why", fix=fix)
    return load_key(str(path))


def read(path: Path) -> Enrolment:
    """Read the file that somebody made with ``govkit enrol``, and check that they have the key.

    Raises:
        Usage: if it is not one.
        Refused: if its signature is not by its key, or not over this.
    """
    try:
        found = parse(files.read_small(path, MAX_BYTES))
        if keys.normalise(found.key) != found.key:
            raise Malformed("its key is not written as 'TYPE BASE64'")
    except (OSError, Malformed) as error:
        fix = "ask its author for the file that 'govkit enrol' wrote"
        raise Usage(f"{path} is not an enrolment", why=str(error), fix=fix) from error
    try:
        good = signer_of(statement(found), found.signature.encode(), NAMESPACE) == found.key
        why = "another key signed it"
    except Malformed as error:
        good, why = False, str(error)
    if not good:
        raise Refused(
            f"{path} does not show that {found.id} has the key in it",
            why=why,
            fix="it was changed, or made for somebody else's key; ask its author for another, and do not add this",
        )
    return found
