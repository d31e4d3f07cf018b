"""Copies of the log outside Git: in a folder, in S3 with Object Lock, and told to a webhook."""

from __future__ import annotations

from datetime import timedelta

from govkit.core import mirrorurl
from govkit.core.errors import Malformed, Usage
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage.mirrors.base import Mirror


def parse(text: str) -> MirrorUrl:
    """Read the URL of a mirror that somebody named.

    Raises:
        Usage: if it is none.
    """
    try:
        return mirrorurl.parse(text)
    except Malformed as error:
        raise Usage(str(error)) from error


def connect(url: MirrorUrl, log: str, retention: timedelta | None = None) -> Mirror:
    """Return a mirror that can be read back; nothing is asked of it yet.

    Args:
        url: where.
        log: the log's root of trust.
        retention: how long objects that are written to S3 stay locked.

    Raises:
        Usage: for a webhook.
    """
    if url.kind == "s3":
        from govkit.storage.mirrors.s3 import S3Mirror

        return S3Mirror(url, log, retention)
    if url.kind == "file":
        from govkit.storage.mirrors.file import FileMirror

        return FileMirror(url, log)
    raise Usage(
        f"{url.text} cannot be read back", why="a webhook only takes events", fix="name a file:// or s3:// mirror"
    )
