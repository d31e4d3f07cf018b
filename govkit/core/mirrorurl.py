"""The URLs of mirrors: ``file:///dir``, ``s3://bucket/prefix`` and ``https://host/path``.

They stand in the policy, which everybody reads and which is kept for ever, so they hold no secret. They are read by
patterns of this module's own: whether a policy may be adopted must not depend on the reader's Python.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

from govkit.core.errors import Malformed
from govkit.core.wording import suggest

Kind = Literal["file", "s3", "webhook"]
MAX_LENGTH: Final = 1000
_SCHEMES: Final = ("file", "s3", "https", "http")
_KNOWN: Final = "file:///DIR, s3://BUCKET/PREFIX and https://HOST/PATH"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

_FILE = re.compile(r"file://(?P<path>/[A-Za-z0-9._~+=,@/-]*)")
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<path>(?:/[A-Za-z0-9!_.*'()-]+)*)/?")
_WEB = re.compile(
    r"https?://(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[::1\]))(?P<port>:[0-9]{1,5})?"
    r"(?P<path>/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?"
)


class MirrorUrl(Struct, frozen=True):
    """Where a mirror is.

    Attributes:
        text: the URL as it was written.
        kind: what kind of mirror it is.
        place: the bucket, the host, or an empty string for a folder.
        path: the folder; in a bucket the prefix, without slashes around it; of a webhook the path.
    """

    text: str
    kind: Kind
    place: str
    path: str

    @property
    def readable(self) -> bool:
        """Whether what it holds can be read back and compared; a webhook only takes."""
        return self.kind != "webhook"


def parse(text: str) -> MirrorUrl:
    """Read the URL of a mirror.

    Raises:
        Malformed: if it is none; says what is wrong with it, and what is meant where that can be guessed.
    """
    scheme, mark, rest = text.partition("://")
    if len(text) > MAX_LENGTH:
        raise Malformed(f"a mirror's URL of {len(text)} characters; {MAX_LENGTH} are allowed")
    if not mark or scheme not in _SCHEMES:
        known = [f"{one}://" for one in _SCHEMES]
        hint = (suggest(f"{scheme}://", known) if mark else "") or f"; known are {_KNOWN}"
        raise Malformed(f"'{text}' is no mirror{hint}")
    if scheme != "file" and "@" in rest.partition("/")[0]:
        raise Malformed(f"the mirror's URL at {rest.rpartition('@')[2]} holds a user name or password: leave it out")
    if "?" in rest or "#" in rest:
        raise Malformed(f"'{text.partition('?')[0].partition('#')[0]}': a mirror's URL has no '?' and no '#'")
    if any(part in (".", "..") for part in rest.split("/")):
        raise Malformed(f"'{text}': a mirror's URL has no '.' and no '..' in its path")
    return _read(text, scheme)


def _read(text: str, scheme: str) -> MirrorUrl:
    if scheme == "file":
        found = _FILE.fullmatch(text)
        if found is None:
            raise Malformed(f"'{text}' names no folder: write file:///DIR with the whole path and no spaces")
        return MirrorUrl(text, "file", "", found["path"])
    if scheme == "s3":
        found = _S3.fullmatch(text)
        if found is None:
            raise Malformed(f"'{text}' names no bucket and prefix: write s3://BUCKET/PREFIX")
        return MirrorUrl(text, "s3", found["bucket"], found["path"].strip("/"))
    found = _WEB.fullmatch(text)
    if found is None:
        raise Malformed(f"'{text}' is no address of a webhook: write https://HOST/PATH")
    if scheme == "http" and found["host"] not in _LOOPBACK:
        raise Malformed(f"'{text}' is not encrypted: write https://; http:// is for this machine alone")
    return MirrorUrl(text, "webhook", found["host"] + (found["port"] or ""), found["path"] or "/")
