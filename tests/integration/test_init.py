"""``init``: one person brings an existing DVC repository under governance, and a second one joins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import world as worlds
from world import MODEL, World

DVC_YAML = f"""\
# A comment at the top
stages:
  train: # a comment beside a stage
    cmd: python train.py
    deps:
    - train.py   # unusual spacing   stays
    - rows.csv
    params: [slope]
    outs:
    - model.json
    metrics:
    - metrics.json: {{cache: false}}

# A comment before the artifacts
artifacts:
  {MODEL}: {{path: model.json, type: model}}
"""

TRAIN = """\
import json, pathlib
pathlib.Path("model.json").write_text("{}")
pathlib.Path("metrics.json").write_text(json.dumps({"auc": 0.8}))
"""


@pytest.fixture
def plain(_plain: Path, tmp_path: Path) -> World:
    """A DVC repository of one person, never set up for govkit; its pipeline has run."""
    return worlds.copy(_plain, tmp_path / "world")


@pytest.fixture(scope="module")
def _plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World(tmp_path_factory.mktemp("plain") / "world")
    world.repo.mkdir(parents=True)
    world.git("init", "-q", "-b", "trunk")
    world.git("config", "user.name", "Sam Solo")
    world.git("config", "user.email", "sam@example.org")
    world.shell("dvc", "init", "-q")
    (world.repo / "dvc.yaml").write_text(DVC_YAML)
    (world.repo / "train.py").write_text(TRAIN)
    (world.repo / "rows.csv").write_text("1\n")
    (world.repo / "params.yaml").write_text("slope: 1\n")
    world.shell("dvc", "add", "-q", "rows.csv")
    world.shell("dvc", "repro", "-q")
    world.commit("An ordinary repository")
    return world.folder


def test_one_person_starts(plain: World) -> None:
    """After one command the pipeline makes a card, the log is open and pinned, and a version can be asked for."""
    out = plain.govkit("init", as_="sam").out
    assert "What to do next" in out
    plain.shell("dvc", "repro", "-q")
    plain.commit("Govern")
    assert "Data and pipelines are up to date." in plain.shell("dvc", "status")
    plain.govkit("log", "verify")
    plain.govkit("request", MODEL, "--stage", "staging", "-m", "first", as_="sam")
    assert "needs risk-owner" in plain.govkit("status", as_="sam").text


def test_nobody_approves_their_own_request(plain: World) -> None:
    """One person alone cannot promote: whoever asks does not approve, and the message says so."""
    plain.govkit("init", as_="sam")
    plain.shell("dvc", "repro", "-q")
    plain.commit("Govern")
    plain.govkit("request", f"{MODEL}@1.0.0", "--stage", "staging", "-m", "first", as_="sam")
    assert (
        "nobody approves their own request"
        in plain.govkit("approve", f"{MODEL}@1.0.0#staging", as_="sam", expect=1).text
    )
    plain.govkit("promote", MODEL, "--stage", "staging", as_="sam", expect=1)


def test_a_second_person_joins(plain: World) -> None:
    """The sole administrator adopts a policy with a second person, who approves; then it can be promoted."""
    plain.govkit("init", as_="sam")
    plain.govkit("people", "add", "kim", "--key", f"{plain.key_path('kim')}.pub", "--role", "risk-owner")
    plain.govkit("policy", "adopt", as_="sam")
    plain.shell("dvc", "repro", "-q")
    plain.commit("Govern")
    plain.govkit("request", f"{MODEL}@1.0.0", "--stage", "staging", "-m", "first", as_="sam")
    plain.govkit("approve", f"{MODEL}@1.0.0#staging", as_="kim")
    plain.govkit("promote", MODEL, "--stage", "staging", as_="sam")
    assert "PROVEN" in plain.govkit("verify", MODEL, "--stage", "staging").text


def test_comments_and_order_stay(plain: World) -> None:
    """The hook's DVC stage is put behind the last one; every other line stays as it was."""
    plain.govkit("init", as_="sam")
    after = (plain.repo / "dvc.yaml").read_text().split("\n")
    added = [line for line in after if line not in DVC_YAML.split("\n")]
    assert DVC_YAML.split("\n") == [line for line in after if line not in added] or set(DVC_YAML.split("\n")) <= set(
        after
    )
    assert "    cmd: govkit hook scorer" in added
    assert after.index("  govern:") < after.index("# A comment before the artifacts")


def test_again_is_safe(plain: World) -> None:
    """A second ``init`` changes nothing, and names the root of the open log."""
    plain.govkit("init", as_="sam")
    before = {path: path.read_bytes() for path in plain.repo.rglob("*") if path.is_file() and ".git/" not in str(path)}
    refs = plain.git("for-each-ref")
    assert "the log was open before" in plain.govkit("init", as_="sam").out
    assert refs == plain.git("for-each-ref")
    assert before == {path: path.read_bytes() for path in before}


def test_dry_run_writes_nothing(plain: World) -> None:
    """``--dry-run`` says what would be written, and writes nothing."""
    out = plain.govkit("init", "--dry-run", as_="sam").out
    assert "would write governance/policy.yaml" in out
    assert "" == plain.git("status", "--porcelain")
    assert "govkit" not in plain.git("for-each-ref")


def test_json(plain: World) -> None:
    """The answer for programs names models, files and root."""
    answer = json.loads(plain.govkit("init", "--format", "json", as_="sam").out)
    assert ("govkit.init/v1", [MODEL], True) == (answer["schema"], answer["models"], answer["opened"])
    assert answer["root"] == plain.log().root_of_trust


def test_without_a_model(plain: World) -> None:
    """A repository that declares no model is told how to, with exit code 2."""
    text = (plain.repo / "dvc.yaml").read_text()
    (plain.repo / "dvc.yaml").write_text(text[: text.index("# A comment before")])
    result = plain.govkit("init", as_="sam", expect=2)
    assert "no model is declared" in result.text
    assert "artifacts:" in result.text


def test_policy_of_others(plain: World) -> None:
    """A policy that knows not the signer's key does not open a log, and says who is missing."""
    governance = plain.repo / "governance"
    governance.mkdir()
    (governance / "policy.yaml").write_text(worlds.POLICY)
    plain.govkit("people", "add", "rita", "--key", f"{plain.key_path('rita')}.pub", "--role", "admin")
    plain.govkit("people", "add", "kim", "--key", f"{plain.key_path('kim')}.pub", "--role", "admin")
    result = plain.govkit("init", as_="sam", expect=1)
    assert "belongs to nobody in governance/policy.yaml" in result.text
    assert "govkit" not in plain.git("for-each-ref")
