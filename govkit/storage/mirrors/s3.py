"""A mirror in S3 with Object Lock: until its retention has passed, nobody can delete or replace an object.

Object Lock, mode ``COMPLIANCE``, binds also the owner of the account. It does not keep anybody from laying a delete
marker or a second version over an object, so a verifier reads by version and takes either for an alarm.

Keys and endpoint come from where the AWS tools have them: ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``,
``AWS_ENDPOINT_URL_S3`` and the like; never from the policy.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from govkit.core import mirrored
from govkit.core.errors import Usage
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage.mirrors.base import CONNECT_SECONDS, MAX_OBJECTS, READ_SECONDS, Differs, Stored, Survey, Unreachable

#: Asked for in addition, as the clocks of writer and storage may differ; storages refuse requests beyond 15 minutes.
SLACK = timedelta(hours=1)
_TRIES = 4
_TAKEN = ("PreconditionFailed", "412")
_AGAIN = ("ConditionalRequestConflict", "OperationAborted", "409")
_ABSENT = ("NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed")
_FIXES = {
    "AccessDenied": "give these keys the rights that docs/how-to/mirror-the-log.md lists",
    "InvalidRequest": "make the bucket with Object Lock: it cannot be switched off, and needs versioning",
    "NoSuchBucket": "make the bucket, with Object Lock",
}


class S3Mirror:
    """A log's mirror in a bucket.

    Args:
        url: where.
        log: the log's root of trust.
        retention: how long an object that is written stays locked; None for a mirror that is only read.
    """

    locks = True
    at_once = 16

    def __init__(self, url: MirrorUrl, log: str, retention: timedelta | None) -> None:
        self.url = url.text
        self._bucket = url.place
        self._prefix = "/".join(part for part in (url.path, mirrored.folder(log)) if part) + "/"
        self._retention = retention
        self._versions: dict[str, str] = {}

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise Usage(
                "mirrors in S3 need the package boto3", why=str(error), fix="pip install 'dvc-govkit[s3]'"
            ) from error
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 2, "mode": "standard"},
            max_pool_connections=self.at_once,
        )
        with self._reaching():
            session = boto3.session.Session()
            return session.client("s3", region_name=session.region_name or "us-east-1", config=config)

    def names(self) -> frozenset[str]:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        found: set[str] = set()
        for page in self._pages("list_objects_v2"):
            found |= {str(item["Key"])[len(self._prefix) :] for item in page.get("Contents", ())}
        return frozenset(name for name in found if mirrored.number(name))

    def survey(self) -> Survey:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        alarms: dict[str, list[str]] = {}
        versions: dict[str, list[str]] = {}
        for page in self._pages("list_object_versions"):
            # Newest first: the last one seen is the one that was written first.
            for item in page.get("Versions", ()):
                versions.setdefault(str(item["Key"])[len(self._prefix) :], []).append(str(item["VersionId"]))
            for item in page.get("DeleteMarkers", ()):
                alarms.setdefault(str(item["Key"])[len(self._prefix) :], []).append("a delete marker lies over it")
        for name, found in versions.items():
            if len(found) > 1:
                alarms.setdefault(name, []).append(f"it has {len(found)} versions")
        self._versions = {name: found[-1] for name, found in versions.items()}
        names = frozenset(name for name in versions if mirrored.number(name))
        return Survey(names, alarms, sorted(versions.keys() - names))

    def read(self, name: str) -> Stored | None:
        """See :class:`govkit.storage.mirrors.base.Mirror`; after a survey, of the version that was written first."""
        version = {"VersionId": self._versions[name]} if name in self._versions else {}
        with self._reaching(absent=_ABSENT):
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._prefix + name, ChecksumMode="ENABLED", **version
            )
            return _stored(answer)
        return None

    def put(self, name: str, content: bytes) -> bool:
        """See :class:`govkit.storage.mirrors.base.Mirror`."""
        if self._retention is None:
            raise Usage(f"nobody says how long objects in {self.url} stay locked", fix="name it: --retention 2555d")
        for attempt in range(_TRIES):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + name,
                    Body=content,
                    ContentType="application/json",
                    IfNoneMatch="*",
                    ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode("ascii"),
                    ObjectLockMode="COMPLIANCE",
                    ObjectLockRetainUntilDate=datetime.now(UTC) + self._retention + SLACK,
                )
                return True
            except Exception as error:
                code = _code(error)
                if code in _TAKEN:
                    break
                if code not in _AGAIN or attempt == _TRIES - 1:
                    raise self._unreachable(error) from error
                time.sleep(0.1 * 2**attempt)
        stored = self.read(name)
        if stored is None or stored.content != content:
            raise Differs(name, stored.content if stored else b"")
        return False

    def _pages(self, operation: str) -> Iterator[dict[str, Any]]:
        seen = 0
        with self._reaching():
            for page in self._client.get_paginator(operation).paginate(Bucket=self._bucket, Prefix=self._prefix):
                seen += 1 + sum(len(page.get(part, ())) for part in ("Contents", "Versions", "DeleteMarkers"))
                if seen > MAX_OBJECTS:
                    raise Unreachable(f"the mirror {self.url} lists too many objects")
                yield page

    @contextlib.contextmanager
    def _reaching(self, absent: tuple[str, ...] = ()) -> Iterator[None]:
        try:
            yield
        except (Unreachable, Usage):
            raise
        except Exception as error:
            if _code(error) not in absent:
                raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unreachable:
        code = _code(error)
        fix = _FIXES.get(code, "check AWS_ENDPOINT_URL_S3, the keys and the network; then run it again")
        return Unreachable(f"the mirror {self.url} cannot be used", why=str(error), fix=fix)


def _stored(answer: dict[str, Any]) -> Stored:
    """Return an object from the answer to its request, with what its storage says of its lock and checksum."""
    from botocore.exceptions import FlexibleChecksumError

    alarms = []
    try:
        content = answer["Body"].read(mirrored.MAX_OBJECT + 1)
    except FlexibleChecksumError:
        return Stored(b"", ["its bytes do not have the checksum that it was written with"])
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")
    if answer.get("ChecksumSHA256") is None:
        alarms.append("it was written without a SHA-256 checksum")
    elif answer["ChecksumSHA256"] != checksum:
        alarms.append("its bytes do not have the checksum that it was written with")
    locked = None
    until, written = answer.get("ObjectLockRetainUntilDate"), answer.get("LastModified")
    if answer.get("ObjectLockMode") == "COMPLIANCE" and until is not None and written is not None:
        locked = until - written
    return Stored(content, alarms, locked, written if isinstance(written, datetime) else None)


def _code(error: Exception) -> str:
    """Return the code of a storage's error, or an empty string for any other."""
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
