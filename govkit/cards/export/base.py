"""What the exporters share: their interface, and how digests, names and places are written in other people's formats.

An exporter is a module with one function ``export``: a function of its arguments alone, without clock or chance, so
that the same version at the same head of the log gives the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct

from govkit.core import inert
from govkit.core.card import Card, Item
from govkit.core.exported import Exported

Spec = Literal["1.6", "1.7"]
Predicate = Literal["provenance", "summary"]


class Choices(Struct, frozen=True):
    """What some formats leave open.

    Attributes:
        spec: the version of CycloneDX.
        predicate: what an in-toto statement says: how the weights were made, or how the gates came out.
    """

    spec: Spec = "1.6"
    predicate: Predicate = "provenance"


#: Makes the text of one format; raises :class:`~govkit.core.errors.Refused` for what the format cannot say.
Exporter = Callable[[Exported, Card, Choices], str]

#: The namespace of govkit's own URIs; ``docs/reference/exports.md`` says what each of them means.
URN = "urn:govkit"

_URI = re.compile(r"[a-z][a-z0-9+.-]*://(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})+")
# A password; over HTTP also a user, who may be a token.
_SECRET = re.compile(r"(?<=://)[^/@]*:[^/@]*@|(?<=^http://)[^/@]*@|(?<=^https://)[^/@]*@")
_SCP = re.compile(r"(?P<host>[A-Za-z0-9._~-]+@[A-Za-z0-9.-]+):(?P<path>[^/:][^:]*)")
_MD5 = re.compile(r"[0-9a-f]{32}")


def pretty(value: Any) -> str:
    """Return a JSON value over several lines, keys sorted; hidden characters are escaped, so it is safe to look at."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return inert.json_text(text) + "\n"


def hex_of(digest: str) -> str:
    """Return the hex digits of ``sha256:…`` or ``git-sha1:…``."""
    return digest.partition(":")[2]


def is_folder(item: Item) -> bool:
    """Tell whether an item is a folder, whose digest is one of a list of files and not of bytes."""
    return item.files is not None or (item.md5 or "").endswith(".dir")


def plain_md5(item: Item) -> str | None:
    """Return the MD5 of a file's bytes, or None: that of a folder is one of DVC's list of files."""
    return item.md5 if item.md5 and _MD5.fullmatch(item.md5) else None


def repository_uri(remote: str) -> str | None:
    """Return a Git remote as a URI without secrets; None if it is none, such as a path.

    Whoever opened the log wrote it, so anything else than the plainest URI is left out.
    """
    scp = _SCP.fullmatch(remote)
    uri = _SECRET.sub("", f"ssh://{scp['host']}/{quote(scp['path'])}" if scp else remote)
    return uri if _URI.fullmatch(uri) else None


def purl(facts: Exported) -> str:
    """Return the package URL of a version: of type ``generic``, with the digest of the weights and the commit."""
    found = repository_uri(facts.repository)
    qualifiers = f"checksum=sha256:{hex_of(facts.weights)}"
    if found:
        qualifiers += "&vcs_url=" + quote(f"git+{found}@{hex_of(facts.commit)}", safe=":/")
    return f"pkg:generic/{quote(facts.model, safe='')}@{quote(facts.version, safe='')}?{qualifiers}"


def event_uri(facts: Exported, index: int) -> str:
    """Return the URI of an event: the log by its root of trust, and the place in it."""
    return f"{URN}:log:{hex_of(facts.root)}:event:{index}"
