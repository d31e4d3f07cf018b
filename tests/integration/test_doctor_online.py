"""``govkit doctor --online``: what the DVC remote has lost of what serves, and of what does not; nothing is written."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from s3server import S3Server
from world import MODEL, World

from govkit.core import measures
from govkit.core.errors import Undecided
from govkit.storage import dvcremotes


def ailments(world: World, code: int, *words: str, repo: Path | None = None) -> list[dict[str, Any]]:
    """Run the doctor, and return what it says of the DVC remote."""
    found = world.govkit("doctor", "--online", "--format", "json", *words, as_="rita", expect=code, repo=repo).json
    return [each for each in found["ailments"] if "remote" in each["found"] or "gone" in each["found"]]


def entry(world: World, version: str) -> str:
    """Return the MD5 of a version's weights."""
    with world.session() as session:
        from govkit.workflow import facts

        return str(facts.card_of(session, session.state.versions[MODEL, version])[1].weights.md5)


def stored(world: World, md5: str) -> Path:
    """Return where the remote keeps an object."""
    return world.folder / "remote" / "files" / "md5" / md5[:2] / md5[2:]


def push(world: World) -> None:
    """Give the remote everything that the cache has, as 'dvc push' does."""
    cache = world.repo / ".dvc" / "cache" / "files"
    shutil.copytree(cache, world.folder / "remote" / "files", dirs_exist_ok=True)


def test_what_serves_and_what_does_not(replaced: World) -> None:
    """After ``dvc gc -c`` for the working tree alone, what serves elsewhere is gone, and it is said what to do."""
    push(replaced)
    assert ailments(replaced, 0) == []
    serving = stored(replaced, entry(replaced, "1.0.0"))
    assert serving.exists()
    replaced.shell("dvc", "gc", "-q", "-w", "-c", "-f")
    assert not serving.exists()
    (found,) = ailments(replaced, 1)
    assert (found["severity"], found["what"]) == ("broken", f"{MODEL}@1.0.0 in staging")
    assert found["found"] == "the DVC remote has lost its weights: model.json"
    assert "dvc push --all-tags" in found["mend"]
    # Without the flag nobody is asked.
    assert replaced.govkit("doctor", as_="rita").code == 0

    # 1.1.0 everywhere; 1.0.0 serves nowhere any more, and what is gone of it matters to who would go back.
    replaced.request("1.1.0", "staging")
    replaced.approve("1.1.0", "staging", "victor")
    replaced.promote("1.1.0", "staging")
    assert ailments(replaced, 0) == []
    before = sorted(path for path in (replaced.folder / "remote").rglob("*") if path.is_file())
    stored(replaced, entry(replaced, "1.1.0")).unlink()
    found, others = ailments(replaced, 1)
    assert found["what"] == f"{MODEL}@1.1.0 in production, staging"
    assert (others["severity"], others["found"].endswith(f": {MODEL}@1.0.0")) == ("note", True)
    data = stored(replaced, next(item for item in _data(replaced)))
    data.unlink()
    notes = [each for each in ailments(replaced, 1) if "cannot be made again" in each["found"]]
    assert [(each["severity"], "data/rows.csv" in each["found"]) for each in notes] == [("note", True)]
    after = sorted(path for path in (replaced.folder / "remote").rglob("*") if path.is_file())
    assert set(before) - set(after) == {stored(replaced, entry(replaced, "1.1.0")), data}

    shutil.rmtree(replaced.folder / "remote")
    assert {each["severity"] for each in ailments(replaced, 1)} == {"broken", "note"}
    replaced.git("config", "-f", ".dvc/config", "--remove-section", "core")
    text = replaced.govkit("doctor", "--online", as_="rita", expect=1).text
    assert "there is no DVC remote to ask" in text


def _data(world: World) -> list[str]:
    with world.session() as session:
        from govkit.workflow import facts

        card = facts.card_of(session, session.state.versions[MODEL, "1.1.0"])[1]
        return [item.md5 or "" for item in card.lineage.data]


def test_folders_file_by_file(governed: World) -> None:
    """Of a folder every file is asked for; what another remote has is not gone; a list that is gone is all of it."""
    folder = governed.repo / "parts"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / name).write_text(name)
    (folder / "in").mkdir()
    (folder / "in" / "a").write_text("a")
    governed.shell("dvc", "add", "-q", "parts")
    push(governed)
    md5 = str(measures.load("parts.yaml", (governed.repo / "parts.dvc").read_bytes())["outs"][0]["md5"])
    ask = lambda: dvcremotes.missing(governed.repo, [md5])  # noqa: E731
    assert ask() == {}
    object_a = stored(governed, "0cc175b9c0f1b6a831c399e269772661")
    second = governed.folder / "second"
    (governed.repo / ".dvc" / "config.local").write_text("['remote \"second\"']\n    url = ../../second\n")
    kept = second / object_a.relative_to(governed.folder / "remote")
    kept.parent.mkdir(parents=True)
    shutil.copy(object_a, kept)
    object_a.unlink()
    assert ask() == {}
    kept.unlink()
    assert ask() == {md5: ["a", "in/a"]}
    stored(governed, md5).unlink()
    assert ask() == {md5: [""]}


def test_settings_that_act_are_refused(promoted: World) -> None:
    """Nobody is asked with settings from the repository that name more than a place."""
    path = promoted.repo / ".dvc" / "config"
    path.write_text(path.read_text() + "    configpath = evil\n")
    promoted.commit("Settings")
    text = promoted.govkit("doctor", "--online", as_="rita", expect=1).text
    assert "sets 'configpath'" in text


def test_bare(promoted: World) -> None:
    """On a server there are no settings to ask with, which is a note."""
    target = promoted.folder / "bare.git"
    promoted.shell("git", "clone", "-q", "--mirror", str(promoted.repo), str(target))
    assert "it is asked from a clone with files" in promoted.govkit("doctor", "--online", repo=target).text


def test_remote_on_s3(governed: World, s3: S3Server) -> None:
    """Of an S3 bucket, too, it is known which objects are gone; one that cannot be asked leaves it undecided."""
    bucket, client = s3.bucket(lock=False), s3.client()
    config = governed.repo / ".dvc" / "config"
    config.write_text(
        f"[core]\n    remote = s\n['remote \"s\"']\n    url = s3://{bucket}/dvc\n"
        f"    endpointurl = {s3.env['AWS_ENDPOINT_URL_S3']}\n"
    )
    known = [hashlib.md5(content).hexdigest() for content in (b"a", b"b", b"c")]
    for md5 in known[:2]:
        client.put_object(Bucket=bucket, Key=f"dvc/files/md5/{md5[:2]}/{md5[2:]}", Body=b"x")
    with mock.patch.dict("os.environ", {**governed.env, **s3.env}, clear=True):
        assert dvcremotes.missing(governed.repo, known) == {known[2]: [""]}
        assert dvcremotes.missing(governed.repo, known[:1]) == {}
        config.write_text(config.read_text().replace(bucket, "no-such-bucket-at-all"))
        with pytest.raises(Undecided, match="the DVC remote cannot be asked"):
            dvcremotes.missing(governed.repo, known)
