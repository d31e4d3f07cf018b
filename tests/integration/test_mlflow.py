"""MLflow's registry says what the log says: against a real server on a database of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from govkit.core.state import State
from govkit.integrations import registry_mirror
from tests import mlflowserver
from tests.world import MODEL, Result, World

_COUNT = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server; what one test writes there the next one finds."""
    with mlflowserver.running(tmp_path_factory.mktemp("mlflow") / "server") as address:
        yield address


@pytest.fixture
def registry(server: str) -> Iterator[MlflowClient]:
    """A client of an empty registry."""
    client = MlflowClient(tracking_uri=server, registry_uri=server)
    yield client
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)


def sync(world: World, server: str, *words: str, expect: int = 0) -> Result:
    """Bring MLflow up to the log."""
    return world.govkit("mlflow", "sync", "--tracking-uri", server, *words, expect=expect)


def changes(world: World, server: str, *words: str, expect: int = 0) -> list[dict[str, Any]]:
    """Return what ``sync`` found."""
    found = json.loads(sync(world, server, *words, "--format", "json", expect=expect).out)
    return next(value for value in found.values() if isinstance(value, list))


def status(registry: MlflowClient) -> dict[str, str]:
    """Return the status of every version of the log, by MLflow."""
    found = registry.search_model_versions(f"name='{MODEL}'")
    return {one.tags["govkit.version"]: one.tags["governance_status"] for one in found}


def serves(registry: MlflowClient) -> dict[str, str]:
    """Return the version of the log that each alias points at."""
    aliases = registry.get_registered_model(MODEL).aliases
    return {
        name: registry.get_model_version(MODEL, str(number)).tags["govkit.version"] for name, number in aliases.items()
    }


def test_the_story_of_two_versions(requested: World, server: str, registry: MlflowClient) -> None:
    """Registered, asked for, approved, promoted, rolled back, cleared, revoked: each shows, and nothing is signed."""
    before = requested.log().head.size
    sync(requested, server)
    assert status(registry) == {"1.0.0": "approved", "1.1.0": "pending_review"}
    assert serves(registry) == {"production": "1.0.0", "staging": "1.0.0"}
    first = registry.search_model_versions(f"name='{MODEL}'", order_by=["version_number ASC"])[0]
    state = requested.log().state
    body = state.versions[MODEL, "1.0.0"].body
    assert (first.tags["card_digest"], first.tags["data_version"]) == (body.card, body.data)
    assert f"git-sha1:{first.tags['code_commit']}" == body.commit
    champion = state.champion(MODEL, "production")
    assert champion is not None and champion.at.id in first.tags["govkit.promotions"].split()
    assert requested.log().head.size == before
    assert changes(requested, server) == []
    requested.approve("1.1.0", "production", "rita", "victor")
    sync(requested, server)
    assert status(registry)["1.1.0"] == "approved" and serves(registry)["production"] == "1.0.0"
    requested.promote("1.1.0", "production")
    assert {change["by_hand"] for change in changes(requested, server)} == {False}
    assert serves(registry) == {"production": "1.1.0", "staging": "1.0.0"}
    requested.govkit("rollback", MODEL, "--stage", "production", "-m", "drift", as_="remy")
    sync(requested, server)
    assert serves(registry)["production"] == "1.0.0"
    requested.govkit("clear", MODEL, "--stage", "staging", "-m", "over", as_="remy")
    requested.govkit("revoke", f"{MODEL}@1.1.0", "-m", "leak", as_="rita")
    sync(requested, server)
    assert status(registry) == {"1.0.0": "approved", "1.1.0": "revoked"}
    assert serves(registry) == {"production": "1.0.0"}
    assert changes(requested, server) == []


def test_a_reject_shows(requested: World, server: str, registry: MlflowClient) -> None:
    """Until it is lifted."""
    requested.govkit("reject", f"{MODEL}@1.1.0#production", "-m", "too risky", as_="rita")
    sync(requested, server)
    assert status(registry)["1.1.0"] == "rejected"


def test_a_whole_history_comes_over_in_its_order(replaced: World, server: str, registry: MlflowClient) -> None:
    """MLflow's numbers follow the order in which the log has the versions."""
    sync(replaced, server)
    found = registry.search_model_versions(f"name='{MODEL}'", order_by=["version_number ASC"])
    assert [(one.version, one.tags["govkit.version"]) for one in found] in (
        [("1", "1.0.0"), ("2", "1.1.0")],
        [(1, "1.0.0"), (2, "1.1.0")],
    )
    assert [one.source.rpartition("/")[2] for one in found] == [f"{MODEL}@1.0.0", f"{MODEL}@1.1.0"]


def test_changes_by_hand_are_told_and_put_right(replaced: World, server: str, registry: MlflowClient) -> None:
    """A tag, an alias, a deleted version; what is not from the log is told and left alone. ``--check`` says 1."""
    sync(replaced, server)
    registry.set_model_version_tag(MODEL, "1", "governance_status", "revoked")
    registry.set_registered_model_alias(MODEL, "production", "1")
    told = changes(replaced, server, "--check", expect=1)
    assert {change["by_hand"] for change in told} == {True} and {change["action"] for change in told} == {"wanted"}
    assert status(registry)["1.0.0"] == "revoked"
    assert "2 differences were made by hand" in sync(replaced, server).text
    assert status(registry)["1.0.0"] == "approved" and serves(registry)["production"] == "1.1.0"
    registry.create_model_version(MODEL, source="s3://elsewhere/weights")
    registry.delete_model_version(MODEL, "2")
    told = changes(replaced, server)
    assert {(change["version"], change["by_hand"], change["action"]) for change in told} >= {
        ("", True, "left"),
        ("1.1.0", True, "written"),
    }
    assert serves(registry)["production"] == "1.1.0"
    assert [change["action"] for change in changes(replaced, server)] == ["left"]
    registry.set_registered_model_alias(MODEL, "somebodys-own", "1")
    assert [change["action"] for change in changes(replaced, server)] == ["left"]
    assert "somebodys-own" in registry.get_registered_model(MODEL).aliases


def test_dry_run_writes_nothing(promoted: World, server: str, registry: MlflowClient) -> None:
    """It tells what would be written."""
    told = changes(promoted, server, "--dry-run")
    assert [change["what"] for change in told][:2] == ["the model is not there", "it is not there yet"]
    assert registry.search_registered_models() == []


def test_what_cannot_be_relied_on_is_not_brought_over(
    promoted: World, server: str, registry: MlflowClient, tmp_path: Path
) -> None:
    """Without a pin, with a forked log, without a server, for a model that is none: told, and nothing is written."""
    assert "did you mean 'scorer'?" in sync(promoted, server, "scorre", expect=2).text
    gone = f"http://127.0.0.1:{mlflowserver.free_port()}"
    assert "MLflow did not do what was asked" in sync(promoted, gone, expect=3).text
    assert "no MLflow server is named" in promoted.govkit("mlflow", "sync", expect=2).text
    known = promoted.folder / "known_roots"
    kept = known.read_text()
    known.write_text("")
    sync(promoted, server, expect=3)
    known.write_text(kept)
    from govkit.core.events import Head

    head = Head(size=promoted.log().head.size, root=f"sha256:{'0' * 64}")
    promoted.push_signed("remy", type="canary.recorded", log=head, body={})
    sync(promoted, server, expect=1)
    assert registry.search_registered_models() == []


@pytest.mark.parametrize(
    ("model", "name"),
    [("scorer", "scorer"), ("risk=scorer", "risk=scorer"), ("models/risk=scorer", "models.risk=scorer~")],
)
def test_names_that_mlflow_takes(model: str, name: str, server: str, registry: MlflowClient) -> None:
    """Each model has a name of its own that MLflow's server takes."""
    found = registry_mirror.registry_name(model)
    assert found.startswith(name)
    assert registry.create_registered_model(found).name == found
    assert registry_mirror.registry_name("models.risk=scorer") != registry_mirror.registry_name("models/risk=scorer")


@pytest.mark.parametrize("stage", ["latest", "LATEST", "v1", "V22", "production", "1", "a_b-c"])
def test_aliases_that_mlflow_takes(stage: str, server: str, registry: MlflowClient) -> None:
    """Also of stages whose names MLflow keeps for itself."""
    registry.create_registered_model("aliased")
    registry.create_model_version("aliased", source="govkit://0/aliased@1.0.0")
    alias = registry_mirror.alias(stage)
    registry.set_registered_model_alias("aliased", alias, "1")
    assert alias in registry.get_registered_model("aliased").aliases


def test_nothing_is_wanted_of_an_empty_log() -> None:
    """A model without versions has none."""
    assert registry_mirror.wanted(State(), f"sha256:{'0' * 64}", "scorer").versions == []


def test_an_alias_never_points_at_what_somebody_planted(promoted: World, server: str, registry: MlflowClient) -> None:
    """A version with the right tags and another source, there before the first run, is no version of the log."""
    registry.create_registered_model(MODEL)
    tags = {"govkit.version": "1.0.0", "governance_status": "approved", "colour": "red"}
    registry.create_model_version(MODEL, source="s3://elsewhere/evil", tags=tags)
    found = sync(promoted, server)
    assert "s3://elsewhere/evil" in found.text and "BY HAND" in found.text
    number = str(registry.get_registered_model(MODEL).aliases["production"])
    assert number == "2" and registry.get_model_version(MODEL, number).source.startswith("govkit://")
    assert registry.get_model_version(MODEL, "1").tags == {"colour": "red"}
    assert [change["action"] for change in changes(promoted, server)] == ["left"]


def test_a_version_is_known_though_its_tags_are_gone(replaced: World, server: str, registry: MlflowClient) -> None:
    """They are written again, on the same version of MLflow's, also where two were exchanged."""
    sync(replaced, server)
    registry.set_model_version_tag(MODEL, "1", "govkit.version", "1.1.0")
    registry.set_model_version_tag(MODEL, "2", "govkit.version", "1.0.0")
    registry.delete_model_version_tag(MODEL, "2", "govkit.written")
    assert {change["by_hand"] for change in changes(replaced, server)} == {True}
    versions = registry.search_model_versions(f"name='{MODEL}'")
    assert {str(one.version): one.tags["govkit.version"] for one in versions} == {"1": "1.0.0", "2": "1.1.0"}
    assert changes(replaced, server) == []


def test_hostile_text_is_shown_as_text(promoted: World, server: str, registry: MlflowClient) -> None:
    """Escapes, markup and right-to-left marks in a tag reach no terminal; a long value is cut."""
    sync(promoted, server)
    hostile = "\x1b[31m<b>ok</b>\u202egnp.exe\n::error::x"
    registry.set_model_version_tag(MODEL, "1", "governance_status", hostile)
    registry.set_model_version_tag(MODEL, "1", "card_digest", "x" * 50_000)
    for words in ((), ("--format", "json")):
        found = sync(promoted, server, "--dry-run", *words)
        assert not {"\x1b", "\u202e"} & set(found.out + found.err)
        assert "\n::" not in found.out and len(found.out) < 5000
    sync(promoted, server)
    assert status(registry) == {"1.0.0": "approved"}


def test_two_logs_do_not_fight_over_a_model(promoted: World, server: str, registry: MlflowClient) -> None:
    """The second is refused; a tag that is merely gone is written again."""
    sync(promoted, server)
    registry.delete_registered_model_tag(MODEL, "govkit.log")
    assert [change["by_hand"] for change in changes(promoted, server)] == [True]
    registry.set_registered_model_tag(MODEL, "govkit.log", f"sha256:{'1' * 64}")
    assert "brought from another log" in sync(promoted, server, expect=1).text


def test_no_password_is_told(promoted: World) -> None:
    """An address that holds one, or that is none, is refused without being repeated."""
    for uri in ("http://ada:geheim@127.0.0.1:1", "https://h/?token=geheim", "sqlite:///geheim", "http://[geheim"):
        found = promoted.govkit("mlflow", "sync", "--tracking-uri", uri, expect=2)
        assert "geheim" not in found.text


def test_break_glass_is_not_approval(promoted: World, server: str, registry: MlflowClient) -> None:
    """A version that is let in past approval serves, and still waits for review."""
    promoted.allow_break_glass()
    promoted.adopt_policy()
    promoted.retrain(0.9)
    promoted.register("2.0.0")
    way = ("--stage", "production", "--break-glass", "--ticket", "INC-1", "-m", "outage")
    promoted.govkit("request", f"{MODEL}@2.0.0", *way, as_="ada")
    promoted.approve("2.0.0", "production", "rita")
    promoted.govkit("promote", f"{MODEL}@2.0.0", *way, as_="remy")
    sync(promoted, server)
    assert (status(registry)["2.0.0"], serves(registry)["production"]) == ("pending_review", "2.0.0")
