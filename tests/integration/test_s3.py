"""Mirrors and DVC remotes on a real S3 server with Object Lock."""

from __future__ import annotations

import json
import shutil
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from s3server import S3Server
from world import MODEL, World

from govkit.core import mirrored, mirrorurl, times
from govkit.core.errors import Usage
from govkit.storage.mirrors import jobs
from govkit.storage.mirrors.base import Differs
from govkit.storage.mirrors.s3 import SLACK, S3Mirror

VERIFY = ("verify", MODEL, "--stage", "production")
ROOT = "sha256:" + "1" * 64


def connect(server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch, retention: timedelta | None) -> S3Mirror:
    """Return a mirror below the command line."""
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return S3Mirror(mirrorurl.parse(f"s3://{bucket}/p"), ROOT, retention)


def test_policy_says_how_long_objects_are_locked(promoted: World, s3: S3Server) -> None:
    """Every object has a SHA-256 checksum, and is locked with COMPLIANCE for the policy's retention."""
    bucket, client = s3.bucket(), s3.client()
    promoted.env |= s3.env
    path = promoted.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text() + f"audit: {{mirrors: ['s3://{bucket}/audit'], retention: 2555d}}\n")
    promoted.adopt_policy()
    before = datetime.now(UTC)
    assert "up to date, 12 events, 24 written now" in promoted.govkit("log", "mirror").text
    assert "up to date, 12 events" in promoted.govkit("log", "mirror").text
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"]]
    root = mirrored.folder(promoted.log().root_of_trust)
    assert sorted(keys) == sorted(
        [f"audit/{root}/{mirrored.event_name(n)}" for n in range(12)]
        + [f"audit/{root}/{mirrored.head_name(n + 1)}" for n in range(12)]
    )
    for key in keys:
        found = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert found["ObjectLockMode"] == "COMPLIANCE"
        assert found["ObjectLockRetainUntilDate"] >= before + timedelta(days=2555) - timedelta(seconds=1)
        assert len(found["ChecksumSHA256"]) == 44
    promoted.govkit("log", "verify", "--mirror", f"s3://{bucket}/audit")
    promoted.govkit(*VERIFY, "--mirror", f"s3://{bucket}/audit")
    # When the storage received an event, by its own clock, stands beside the time that its signer claims.
    why = promoted.govkit("why", MODEL, "--stage", "production", "--format", "json").json
    (receipt,) = why["let_in"]["signed"]["mirrored"]
    assert receipt["mirror"] == f"s3://{bucket}/audit"
    assert times.write(before - timedelta(seconds=2)) <= receipt["time"] <= times.write(datetime.now(UTC))


def test_retention_that_is_too_short_is_found(promoted: World, s3: S3Server) -> None:
    """Objects that were locked for less than the policy asks for are named."""
    bucket = s3.bucket()
    promoted.env |= s3.env
    promoted.govkit("log", "mirror", f"s3://{bucket}/audit", "--retention", "1d")
    path = promoted.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text() + f"audit: {{mirrors: ['s3://{bucket}/audit'], retention: 30d}}\n")
    promoted.adopt_policy()
    text = promoted.govkit("log", "verify", "--mirror", f"s3://{bucket}/audit", expect=1).text
    assert "event 0: it is locked for 1 days only; the policy asks for 30 days" in text


def test_faults_of_buckets_are_said(promoted: World, s3: S3Server) -> None:
    """No bucket, no lock, no retention, wrong keys: behind, and what to do about it."""
    promoted.env |= s3.env
    assert "nobody says how long objects" in promoted.govkit("log", "mirror", f"s3://{s3.bucket()}/x", expect=3).text
    plain = s3.bucket(lock=False)
    words = ("log", "mirror", "--retention", "1d")
    assert "make the bucket with Object Lock" in promoted.govkit(*words, f"s3://{plain}/x", expect=3).text
    assert "make the bucket, with Object Lock" in promoted.govkit(*words, "s3://no-such-bucket/x", expect=3).text
    assert "'7y' is no span" in promoted.govkit("log", "mirror", "s3://x-x/y", "--retention", "7y", expect=2).text
    bucket = s3.bucket()
    promoted.env["AWS_SECRET_ACCESS_KEY"] = "wrong"
    assert "cannot be used" in promoted.govkit(*words, f"s3://{bucket}/x", expect=3).text
    assert "UNDECIDED" in promoted.govkit("log", "verify", "--mirror", f"s3://{bucket}/x", expect=3).text
    assert "cannot be used" in promoted.govkit(*VERIFY, "--mirror", f"s3://{bucket}/x", expect=3).text


@pytest.mark.parametrize("dead", ["closed", "black hole"])
def test_dead_server(promoted: World, dead: str) -> None:
    """A server that refuses or never answers leaves the mirror behind, soon, and nothing is lost."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if dead == "black hole":
            listener.listen(20)
        else:
            listener.close()
        promoted.env |= {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
        promoted.env |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        started = time.monotonic()
        text = promoted.govkit("log", "mirror", "s3://b-b/x", "--retention", "1d", "--timeout", "4", expect=3).text
        assert time.monotonic() - started < 30
    assert "NOT REACHED why:" in text
    assert "PROVEN" in promoted.verify().text


def test_one_writer_wins_and_the_others_agree(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixteen that put the same object one writes it; who puts another one is told which it is."""
    bucket = s3.bucket()
    mirror = connect(s3, bucket, monkeypatch, timedelta(days=1))
    assert mirror.names() == frozenset()
    until = jobs.deadline(30)
    work = lambda _: mirror.put("events/000000000000.json", b"same")  # noqa: E731
    assert sum(new for _, new in jobs.in_order(work, range(16), at_once=16, until=until)) == 1
    with pytest.raises(Differs, match="events/000000000000.json"):
        mirror.put("events/000000000000.json", b"other")
    assert [len(mirror.survey().names), mirror.survey().alarms] == [1, {}]
    with pytest.raises(Usage, match="nobody says how long"):
        connect(s3, bucket, monkeypatch, None).put("events/000000000001.json", b"x")


def test_until_retention_ends(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the retention has passed an object cannot be deleted; after it, it can."""
    from botocore.exceptions import ClientError

    bucket, client = s3.bucket(), s3.client()
    mirror = connect(s3, bucket, monkeypatch, timedelta(seconds=3) - SLACK)
    mirror.put("events/000000000000.json", b"x")
    (found,) = client.list_object_versions(Bucket=bucket)["Versions"]
    where = {"Bucket": bucket, "Key": found["Key"], "VersionId": found["VersionId"]}
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(**where)
    time.sleep(4.5)
    client.delete_object(**where)
    assert mirror.names() == frozenset()


def test_a_thousand_objects_take_seconds(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are read side by side."""
    mirror = connect(s3, s3.bucket(), monkeypatch, timedelta(days=1))
    names = [mirrored.event_name(index) for index in range(1000)]
    assert mirror.names() == frozenset()
    until = jobs.deadline(60)
    written = jobs.in_order(lambda name: mirror.put(name, name.encode()), names, at_once=mirror.at_once, until=until)
    assert sum(new for _, new in written) == 1000
    started = time.monotonic()
    assert len(mirror.survey().names) == 1000
    for name, stored in jobs.in_order(mirror.read, names, at_once=mirror.at_once, until=until):
        assert stored is not None
        assert (stored.content, stored.alarms) == (name.encode(), [])
    assert time.monotonic() - started < 60


# -- DVC on the same server -----------------------------------------------------------------------------------------


@pytest.fixture
def on_s3(governed: World, s3: S3Server) -> tuple[World, str]:
    """A released model whose bytes lie in a DVC remote on S3 and nowhere else but here."""
    bucket = s3.bucket(lock=False)
    governed.env |= s3.env
    governed.shell("dvc", "remote", "add", "-q", "-f", "-d", "store", f"s3://{bucket}/dvc")
    governed.shell("dvc", "remote", "modify", "-q", "store", "endpointurl", s3.env["AWS_ENDPOINT_URL_S3"])
    governed.shell("dvc", "push", "-q")
    governed.commit("Remote on S3")
    shutil.rmtree(governed.folder / "remote", ignore_errors=True)
    governed.release("1.0.0")
    return governed, bucket


def fetch(world: World, clone: Path, expect: int) -> str:
    """Get the weights in a fresh clone."""
    target = world.folder / f"out-{expect}"
    return world.govkit("get", MODEL, "--stage", "production", "-o", str(target), repo=clone, expect=expect).text


def test_weights_come_from_s3_proven(on_s3: tuple[World, str], s3: S3Server) -> None:
    """A fresh clone fetches weights from S3 and proves them; a swapped object in the bucket is refused."""
    world, bucket = on_s3
    clone, other = world.clone(), world.clone("other")
    assert "proven: scorer@1.0.0 for production" in fetch(world, clone, 0)
    assert (world.folder / "out-0" / "model.json").read_bytes() == (world.repo / "model.json").read_bytes()
    weights = (world.repo / "model.json").read_bytes()
    client = s3.client()
    swapped = 0
    for item in client.list_objects_v2(Bucket=bucket)["Contents"]:
        if client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() == weights:
            client.put_object(Bucket=bucket, Key=item["Key"], Body=json.dumps({"slope": 9.9, "rows": 100}).encode())
            swapped += 1
    assert swapped == 1
    assert "the weights that DVC delivered are not those that were approved" in fetch(world, other, 1)
    assert not (world.folder / "out-1").exists()
