"""A delete marker or a second version is laid over a locked S3 object, which Object Lock allows by design.

A verifier reads by version, and takes either for an alarm; so it does a lock that is missing or too short, and bytes
that changed below the lock.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from s3server import S3Server
from world import MODEL, World

from govkit.core import mirrored

VERIFY = ("verify", MODEL, "--stage", "production")


class Bucket:
    """A mirror in a bucket of a real server, with all nine events of a world."""

    def __init__(self, world: World, server: S3Server) -> None:
        self.server, self.client, self.name = server, server.client(), server.bucket()
        self.url = f"s3://{self.name}/audit"
        self.prefix = f"audit/{mirrored.folder(world.log().root_of_trust)}/"
        world.env |= server.env

    def key(self, index: int) -> str:
        """Return the key of an event."""
        return self.prefix + mirrored.event_name(index)

    def version(self, key: str) -> str:
        """Return the id of an object's one version."""
        found = self.client.list_object_versions(Bucket=self.name, Prefix=key)["Versions"]
        return str(found[0]["VersionId"])

    def stored(self, key: str) -> str:
        """Return the path of a version's file in the storage below S3."""
        folder = f"/buckets/{self.name}/{key}.versions"
        entries = json.loads(self.server.back_door("GET", folder + "/"))["Entries"]
        return str(entries[0]["FullPath"])


@pytest.fixture
def bucket(promoted: World, s3: S3Server) -> Bucket:
    """A bucket to which the log was mirrored, locked for a day."""
    found = Bucket(promoted, s3)
    promoted.govkit("log", "mirror", found.url, "--retention", "1d")
    return found


def _put(bucket: Bucket, index: int, content: bytes, **lock: Any) -> None:
    bucket.client.put_object(
        Bucket=bucket.name, Key=bucket.key(index), Body=content, ChecksumAlgorithm="SHA256", **lock
    )


def _compliance(days: int) -> dict[str, Any]:
    return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=days)}


def _unlocked(bucket: Bucket, index: int, **lock: Any) -> None:
    """Replace an object below the lock by the same bytes with another lock."""
    content = bucket.client.get_object(Bucket=bucket.name, Key=bucket.key(index))["Body"].read()
    bucket.server.back_door("DELETE", f"/buckets/{bucket.name}/{bucket.key(index)}.versions?recursive=true")
    _put(bucket, index, content, **lock)


TAMPERINGS: dict[str, tuple[Callable[[Bucket], Any], str]] = {
    "a delete marker": (
        lambda b: b.client.delete_object(Bucket=b.name, Key=b.key(3)),
        "event 3: a delete marker lies over it",
    ),
    "a second version": (lambda b: _put(b, 4, b"{}", **_compliance(9)), "event 4: it has 2 versions"),
    "the same bytes again": (
        lambda b: _put(b, 4, b.client.get_object(Bucket=b.name, Key=b.key(4))["Body"].read(), **_compliance(9)),
        "event 4: it has 2 versions",
    ),
    "deleted below the lock": (
        lambda b: b.server.back_door("DELETE", f"/buckets/{b.name}/{b.key(5)}.versions?recursive=true"),
        "event 5 is missing, and later ones are there",
    ),
    "written over below the lock": (
        lambda b: b.server.back_door("PUT", b.stored(b.key(6)), b'{"schema":"govkit.mirrored/v1"}'),
        "event 6",
    ),
    "without a lock": (lambda b: _unlocked(b, 7), "event 7: it is not locked with mode COMPLIANCE"),
    "with governance mode": (
        lambda b: _unlocked(b, 7, **{**_compliance(2), "ObjectLockMode": "GOVERNANCE"}),
        "event 7: it is not locked with mode COMPLIANCE",
    ),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_tampering_is_found(promoted: World, bucket: Bucket, kind: str) -> None:
    """Through the API where it allows it, else through the storage's back door: found, with the index."""
    tamper, reason = TAMPERINGS[kind]
    tamper(bucket)
    text = promoted.govkit("log", "verify", "--mirror", bucket.url, expect=1).text
    assert f"disproven: mirror {bucket.url}: {reason}" in text
    alone = promoted.govkit(*VERIFY, "--mirror", bucket.url, expect=1).text
    assert f"the mirror {bucket.url} cannot be relied on" in alone
    assert "PROVEN" in promoted.verify().text


def test_hidden_objects_stay_readable_by_version(promoted: World, bucket: Bucket) -> None:
    """Below marker and second version lies what was written first: that is what is compared, and it is unharmed."""
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.key(3))
    _put(bucket, 4, b"{}", **_compliance(1))
    found = promoted.govkit("log", "verify", "--mirror", bucket.url, "--format", "json", expect=1).json
    assert [line.partition(": event ")[2] for line in found["problems"]] == [
        "3: a delete marker lies over it",
        "4: it has 2 versions",
    ]


def test_healing_hides_nothing(promoted: World, bucket: Bucket) -> None:
    """A run over a delete marker puts the object back; the marker stays an alarm."""
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.key(3))
    assert "1 written now" in promoted.govkit("log", "mirror", bucket.url, "--retention", "1d").text
    text = promoted.govkit("log", "verify", "--mirror", bucket.url, expect=1).text
    assert "event 3: a delete marker lies over it" in text
    assert "event 3: it has 2 versions" in text


@pytest.mark.parametrize("name", ["event 3", "head 4"])
def test_objects_cannot_be_deleted_or_replaced_through_the_api(promoted: World, bucket: Bucket, name: str) -> None:
    """Not even with all rights: no version goes away, and no lock gets shorter, until its retention has passed."""
    from botocore.exceptions import ClientError

    key = bucket.key(3) if name == "event 3" else bucket.prefix + mirrored.head_name(4)
    version = bucket.version(key)
    where = {"Bucket": bucket.name, "Key": key, "VersionId": version}
    sooner = datetime.now(UTC) + timedelta(hours=1)
    attempts: list[Callable[[], Any]] = [
        lambda: bucket.client.delete_object(**where),
        lambda: bucket.client.delete_object(**where, BypassGovernanceRetention=True),
        lambda: bucket.client.put_object_retention(
            **where, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": sooner}
        ),
        lambda: bucket.client.put_object_retention(
            **where, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": sooner}, BypassGovernanceRetention=True
        ),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="AccessDenied|InvalidRequest"):
            attempt()
    with pytest.raises(ClientError, match="PreconditionFailed"):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"other", IfNoneMatch="*")
    assert bucket.version(key) == version
    promoted.govkit("log", "verify", "--mirror", bucket.url)


def test_control(promoted: World, bucket: Bucket) -> None:
    """An untouched bucket agrees, and proves by itself."""
    assert "proven: 9 events" in promoted.govkit("log", "verify", "--mirror", bucket.url).text
    text = promoted.govkit(*VERIFY, "--mirror", bucket.url).text
    assert "PROVEN: scorer@1.0.0" in text
    assert f"the log was read from the mirror {bucket.url}" in text
