"""Records of version 1, made once: every later govkit must read them and judge them alike.

``tests/data/records/v1`` is never changed. When a test here fails, the code is wrong, not the records.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from govkit.core import (
    build,
    canonical,
    commits,
    digests,
    dvcfiles,
    events,
    merkle,
    policy,
    policytext,
    records,
    tags,
    yamltext,
)
from govkit.core import card as card_format
from govkit.core.draft import Draft
from govkit.core.ledger import Entry, Ledger
from govkit.core.state import State
from govkit.core.verdict import VerifyVerdict
from govkit.storage import entries

V1 = Path(__file__).resolve().parents[1] / "data" / "records" / "v1"
EXPECTED = json.loads((V1 / "expected.json").read_text())
FOLDERS = sorted((V1 / "log").iterdir())


def entry(folder: Path) -> Entry:
    """Read one commit of the log from its files."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "commit"}
    event, signature = files.pop(events.EVENT_FILE, None), files.pop(events.SIGNATURE_FILE, None)
    signer, problem = entries.check_signature(event, signature, "govkit-event")
    evidence = {name: entries.make_evidence(name, content) for name, content in files.items()}
    return Entry(event, signature, signer, problem, evidence)


@pytest.fixture(scope="module")
def state() -> State:
    """The log of version 1, read and judged."""
    return Ledger().read(entry(folder) for folder in FOLDERS)


def test_every_event_is_judged_as_it_was(state: State) -> None:
    """Identity, verdict and root of every event are those of the day on which they were made."""
    found = [
        {"id": judged.id, "status": str(judged.status), "root": merkle.text(state.tree.roots[judged.index + 1])}
        for judged in state.judged
    ]
    assert [{key: event[key] for key in ("id", "status", "root")} for event in EXPECTED["events"]] == found


def test_the_log_says_what_it_said(state: State) -> None:
    """Versions, requests, tags, what serves where and what is required are as they were."""
    rules = state.policy
    assert rules is not None
    found: dict[str, Any] = {
        "root_of_trust": state.judged[0].id,
        "head": {"size": len(state.tree), "root": merkle.text(state.tree.roots[-1])},
        "effective": state.effective,
        "remote": state.remote,
        "versions": {
            f"{model}@{name}": {
                "commit": v.body.commit,
                "card": v.body.card,
                "weights": v.body.weights,
                "data": v.body.data,
            }
            for (model, name), v in state.versions.items()
        },
        "revoked": [f"{model}@{version}" for model, version in state.revoked],
        "serving": {
            f"{model}#{stage}": (champion.body.version if (champion := state.champion(model, stage)) else None)
            for model, stage in state.stages
        },
        "requirements": {
            s: getattr(rules.requirements("scorer", "high", s), "digest", None) for s in ("staging", "production")
        },
        "admin_requirements": rules.admin_requirements().digest,
        "requests": {request.id: [request.name, request.state] for request in state.requests.values()},
        "tags": {name: f"git-sha1:{identity}" for name, identity in state.tags.items()},
        "conflicts": sorted(state.conflicts),
        "undecided": sorted(state.undecided),
    }
    assert EXPECTED["state"] == found


def test_there_is_one_of_each_kind() -> None:
    """The folder has a good event of every type, and inert, conflicting and undecided ones."""
    good = {event["type"] for event in EXPECTED["events"] if event["status"] == "good"}
    assert set(events.BODIES) == good
    assert {"good", "inert", "conflict", "undecided"} == {event["status"] for event in EXPECTED["events"]}
    assert {"register", "promote", "rollback", "clear"} == {
        tags.parse(path.read_bytes()).record.kind for path in (V1 / "tags").iterdir()
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_commits_follow_from_their_events(folder: Path) -> None:
    """Anybody builds the same commit from the event, its tree and its parent."""
    raw = (folder / "commit").read_bytes()
    identity = EXPECTED["events"][int(folder.name)]["commit"]
    assert identity == digests.git_object_id("commit", raw)
    event = (folder / "event.json").read_bytes()
    try:
        parsed = events.parse(event)
    except ValueError:
        return
    header = raw.split(b"\n")
    tree = header[0].removeprefix(b"tree ").decode()
    parent = header[1].removeprefix(b"parent ").decode() if header[1].startswith(b"parent ") else None
    assert raw == commits.build(parsed, tree, parent)


@pytest.mark.parametrize("path", sorted((V1 / "tags").iterdir()), ids=lambda path: path.stem)
def test_tags_are_read_and_checked(path: Path) -> None:
    """Every tag is read, its record written again is the same bytes, and its signature is good."""
    content = path.read_bytes()
    tag = tags.parse(content)
    assert records.to_json(tag.record) in content
    assert entries.tag_signer(content) is not None
    assert EXPECTED["state"]["tags"][tag.name] == digests.git_object_id("tag", content)


def test_the_card_builder_is_frozen() -> None:
    """From the same files and digests the builder of ``govkit.card/v1`` makes the same bytes."""
    inputs = json.loads((V1 / "card" / "inputs.json").read_text())
    names = [path for path in inputs["files"] if path.endswith((".dvc", "dvc.yaml", "dvc.lock"))]
    parsed = {name: yamltext.load(inputs["files"][name].encode(), where=name, tolerant=True).value for name in names}
    contents = {path: text.encode() for path, text in inputs["files"].items()}
    facts = build.Facts(inputs["paths"], contents, inputs["sha256"])
    expected = (V1 / "card" / "card.json").read_bytes()
    assert expected == build.build(dvcfiles.read_project(parsed), inputs["model"], facts)
    assert card_format.parse(expected).model.name == "scorer"


def test_the_policy_is_read_and_written_alike() -> None:
    """``policy.json`` is read, and ``policy.yaml`` still means what it meant."""
    adopted = (V1 / "policy" / "policy.json").read_bytes()
    read = policytext.read((V1 / "policy" / "policy.yaml").read_bytes(), where="policy.yaml")
    assert policy.parse(adopted).policy == policy.parse(read.canonical).policy


def test_other_documents_are_read() -> None:
    """Draft, verdict and carried decision are read."""
    draft = records.from_json((V1 / "card" / "request.json").read_bytes(), Draft)
    verdict = records.from_value(json.loads((V1 / "verdict.json").read_text()), VerifyVerdict)
    decision = canonical.decode((V1 / "decision.json").read_bytes().removesuffix(b"\n"))
    assert (draft.schema, verdict.verdict, decision["schema"]) == ("govkit.draft/v1", "proven", "govkit.decision/v1")
