"""MLflow's model registry, brought in line with the log: a real MLflow server on its own database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest

from govkit.core.errors import Undecided
from govkit.core.events import Head
from govkit.integrations.mlflow.server import Server
from tests import mlflowserver
from tests.integration.test_how_to import commands, run
from tests.world import MODEL, Result, World

V1, V2 = "1.0.0", "1.1.0"


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server; each test begins with an empty registry."""
    with mlflowserver.running(tmp_path_factory.mktemp("mlflow") / "data") as found:
        yield found


@pytest.fixture
def registry(uri: str) -> Any:
    """MLflow's own client, on an empty registry."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    return client


def sync(world: World, uri: str, *words: str, expect: int = 0) -> Result:
    """Run ``govkit mlflow sync``."""
    return world.govkit("mlflow", "sync", "--tracking-uri", uri, *words, expect=expect)


def changes(world: World, uri: str, *words: str, expect: int = 0) -> list[dict[str, Any]]:
    """Return what a sync changed, or would change."""
    found = sync(world, uri, *words, "--format", "json", expect=expect).json["changes"]
    assert isinstance(found, list)
    return found


def versions(registry: Any, name: str = MODEL) -> dict[str, Any]:
    """Return MLflow's versions by semantic version."""
    return {one.tags.get("govkit.version"): one for one in registry.search_model_versions(f"name='{name}'")}


def aliases(registry: Any, name: str = MODEL) -> dict[str, str]:
    """Return semantic version by alias."""
    numbers = {int(one.version): version for version, one in versions(registry, name).items()}
    return {alias: numbers[int(number)] for alias, number in registry.get_registered_model(name).aliases.items()}


def statuses(registry: Any) -> dict[str, str]:
    """Return the status by version."""
    return {version: one.tags["governance_status"] for version, one in versions(registry).items()}


def test_every_step_shows(requested: World, uri: str, registry: Any) -> None:
    """Registered, asked, approved, promoted, rolled back, cleared, revoked; a second sync never changes anything."""
    world = requested
    size = world.log().head.size

    def seen() -> tuple[dict[str, str], dict[str, str]]:
        sync(world, uri)
        assert changes(world, uri) == []
        assert "nothing to change" in sync(world, uri, "--check").out
        return statuses(registry), aliases(registry)

    both = {"production": V1, "staging": V1}
    assert seen() == ({V1: "approved", V2: "pending_review"}, both)
    assert versions(registry)[V2].tags["governance_reason"] == "ada: please"
    world.approve(V2, "production", "rita", "victor")
    assert seen() == ({V1: "approved", V2: "approved"}, both)
    world.promote(V2, "production")
    assert seen() == ({V1: "approved", V2: "approved"}, {"production": V2, "staging": V1})
    promotion = world.log().state.champion(MODEL, "production")
    assert promotion is not None
    assert versions(registry)[V2].tags["govkit.promotion.production"] == promotion.at.id
    assert "govkit.promotion.production" not in versions(registry)[V1].tags
    world.govkit("rollback", MODEL, "--stage", "production", "-m", "slow", as_="remy")
    assert seen()[1] == both
    world.govkit("clear", MODEL, "--stage", "production", "-m", "off", as_="remy")
    assert seen()[1] == {"staging": V1}
    world.govkit("revoke", f"{MODEL}@{V1}", "-m", "wrong data", as_="rita")
    assert seen() == ({V1: "revoked", V2: "approved"}, {})
    assert versions(registry)[V1].tags["governance_reason"] == "rita: wrong data"
    # Two approvals, a promotion, a rollback, a clearing and a revocation; none of the 21 syncs wrote anything.
    assert world.log().head.size == size + 6


def test_a_reject_shows_until_it_is_lifted(requested: World, uri: str, registry: Any) -> None:
    """With who said no and why, as text and nothing else."""
    words = "no <b>way</b> \x1b[31m\u202e ' \" \n\n::error:: " + "x" * 3000
    requested.govkit("reject", f"{MODEL}@{V2}#production", "-m", words, as_="rita")
    sync(requested, uri)
    tags = versions(registry)[V2].tags
    assert (tags["governance_status"], tags["governance_status.production"]) == ("rejected", "rejected")
    assert tags["governance_reason"].startswith("rita: no <b>way</b> <U+001B>[31m<U+202E> ' \" ::error:: xxx")
    assert len(tags["governance_reason"]) == 1000
    requested.govkit("lift", f"{MODEL}@{V2}#production", "-m", "talked", as_="rita")
    sync(requested, uri)
    assert statuses(registry)[V2] == "pending_review"


def test_past_versions_come_in_their_order(replaced: World, uri: str, registry: Any) -> None:
    """MLflow numbers them as the log registered them; each says what it was made from, and nothing loads from it."""
    sync(replaced, uri)
    state, found = replaced.log().state, versions(registry)
    assert [(version, int(one.version)) for version, one in sorted(found.items())] == [(V1, 1), (V2, 2)]
    for version, one in found.items():
        registered = state.versions[MODEL, version]
        expected = {
            "code_commit": registered.body.commit.removeprefix("git-sha1:"),
            "data_version": registered.body.data,
            "card_digest": registered.body.card,
            "weights_digest": registered.body.weights,
            "govkit.registration": registered.at.id,
            "govkit.model": MODEL,
        }
        assert {key: one.tags[key] for key in expected} == expected
        assert one.tags["govkit.synced_by"].startswith("govkit ")
        assert (one.source, one.run_id) == (f"govkit://{MODEL}/{version}", "")
    assert registry.get_registered_model(MODEL).tags["govkit.log"] == replaced.log().root_of_trust


def test_nothing_loads_from_it(promoted: World, uri: str, registry: Any) -> None:
    """Who resolves an alias is told that MLflow cannot load from there; ``govkit get`` is the way."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    sync(promoted, uri)
    number = registry.get_model_version_by_alias(MODEL, "production").version
    source = registry.get_model_version_download_uri(MODEL, number)
    with pytest.raises(MlflowException, match="Could not find a registered artifact repository for: govkit://"):
        download_artifacts(artifact_uri=source, dst_path=str(promoted.folder))


def test_dry_run_and_check_change_nothing(promoted: World, uri: str, registry: Any) -> None:
    """They tell what would be done; a difference is a failure for ``--check`` alone."""
    told = changes(promoted, uri, "--dry-run")
    assert [one["what"] for one in told] == ["create-model", "create-version", "alias", "alias"]
    assert changes(promoted, uri, "--check", expect=1) == told
    assert registry.search_registered_models() == []


def test_what_somebody_did_by_hand_is_told_and_put_right(replaced: World, uri: str, registry: Any) -> None:
    """A tag edited and one deleted, an alias moved, a stage of old given, a version deleted, one added."""
    sync(replaced, uri)
    number = versions(registry)[V1].version
    registry.set_model_version_tag(MODEL, number, "card_digest", "\x1b]0;x\x07\u202esha256:0")
    registry.delete_model_version_tag(MODEL, number, "govkit.version")
    registry.set_registered_model_alias(MODEL, "production", number)
    registry.set_registered_model_alias(MODEL, "mine", number)
    with pytest.warns(FutureWarning):
        registry.transition_model_version_stage(MODEL, number, "Production")
    registry.delete_model_version(MODEL, "2")
    added = registry.create_model_version(
        MODEL, "s3://evil/model", tags={"governance_status": "approved", "govkit.version": V2}
    )
    checked = sync(replaced, uri, "--check", expect=1)
    assert "WARNING: MLflow was changed by hand" in checked.err and "is not what the log says" in checked.err
    assert not {"\x1b", "\u202e", "\x07"} & set(checked.out)
    assert (
        f"left alone, as the log does not know it: {MODEL} number {added.version}, from s3://evil/model" in checked.text
    )
    done = changes(replaced, uri)
    assert {(one["what"], one["key"], one["by_hand"]) for one in done} == {
        ("tag", "card_digest", True),
        ("tag", "govkit.version", True),
        ("alias", "production", True),
        ("reset-stage", "stage", True),
        ("create-version", "", True),
        ("untag", "governance_status", True),
        ("untag", "govkit.version", True),
    }
    assert aliases(registry) == {"production": V2, "staging": V1, "mine": V1}
    assert registry.get_model_version(MODEL, added.version).tags == {}
    assert versions(registry)[V1].current_stage == "None"
    assert changes(replaced, uri) == []


def test_a_stranger_stays_a_failure_for_check(promoted: World, uri: str, registry: Any) -> None:
    """As does a registered model that was renamed: its aliases say what nobody keeps up to date."""
    sync(promoted, uri)
    registry.create_model_version(MODEL, "s3://elsewhere/model")
    sync(promoted, uri)
    assert "versions that no log vouches for" in sync(promoted, uri, "--check", expect=1).err
    registry.rename_registered_model(MODEL, "renamed")
    found = sync(promoted, uri)
    assert "left alone, though it says that it is of this log: the registered model renamed" in found.out
    assert aliases(registry) == {"production": V1, "staging": V1}


def test_another_log_is_not_overwritten(promoted: World, uri: str, registry: Any) -> None:
    """Somebody's own model of that name, and that of another log, are refused; a prefix or ``--adopt`` goes on."""
    registry.create_registered_model(MODEL)
    theirs = registry.create_model_version(MODEL, "s3://theirs/model")
    registry.set_registered_model_alias(MODEL, "production", theirs.version)
    found = sync(promoted, uri, expect=1)
    assert "did not make the registered model 'scorer'" in found.text and "--adopt" in found.text
    assert int(registry.get_registered_model(MODEL).aliases["production"]) == int(theirs.version)
    sync(promoted, uri, "--prefix", "dev.")
    assert aliases(registry, f"dev.{MODEL}") == {"production": V1, "staging": V1}
    sync(promoted, uri, "--adopt")
    assert aliases(registry)["production"] == V1
    registry.set_registered_model_tag(MODEL, "govkit.log", f"sha256:{'0' * 64}")
    assert "belongs to the model 'scorer' of the log sha256:000" in sync(promoted, uri, expect=1).text


def test_what_is_not_proven_gets_no_alias(promoted: World, uri: str, registry: Any) -> None:
    """The promotion's tag is gone: the verifier refuses, so the alias goes, and the exit code says so."""
    sync(promoted, uri)
    tag = promoted.log().state.champion(MODEL, "production")
    assert tag is not None
    promoted.git("tag", "-d", tag.body.tag.name)
    found = sync(promoted, uri, expect=1)
    assert f"no alias for {MODEL}@{V1} in production, as it is not proven" in found.text
    assert aliases(registry) == {}


def test_what_cannot_be_relied_on_is_not_shown(promoted: World, uri: str, registry: Any) -> None:
    """Without a pin nothing is proven; another history stops all."""
    known = promoted.folder / "known_roots"
    pins = known.read_text()
    known.write_text("")
    assert "nothing is proven without a pinned root of trust" in sync(promoted, uri, expect=3).text
    known.write_text(pins)
    fork = Head(size=promoted.log().head.size, root=f"sha256:{'0' * 64}")
    promoted.push_signed("remy", type="canary.recorded", log=fork, body={})
    assert "belongs to another history" in sync(promoted, uri, expect=1).text
    assert registry.search_registered_models() == []


def test_break_glass_serves_and_still_waits(promoted: World, uri: str, registry: Any) -> None:
    """It has the alias, as it serves; its word is that it is to be reviewed."""
    promoted.allow_break_glass()
    promoted.adopt_policy()
    promoted.retrain(0.9)
    promoted.register(V2)
    words = ("--stage", "production", "--break-glass")
    promoted.govkit("request", f"{MODEL}@{V2}", *words, "--ticket", "INC-1", "-m", "down", as_="ada")
    promoted.approve(V2, "production", "rita")
    sync(promoted, uri)
    assert statuses(registry)[V2] == "pending_review"
    promoted.govkit("promote", f"{MODEL}@{V2}", *words, as_="remy")
    sync(promoted, uri)
    assert (statuses(registry)[V2], aliases(registry)["production"]) == ("pending_review", V2)


def test_stages_and_models_that_mlflow_would_not_take(governed: World, uri: str, registry: Any) -> None:
    """A stage called ``latest``, and a model in a folder of a folder."""
    path = governed.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text().replace("  staging:\n", "  latest:\n", 1))
    governed.adopt_policy()
    governed.register(V1)
    governed.request(V1, "latest")
    governed.approve(V1, "latest", "victor")
    governed.promote(V1, "latest")
    sync(governed, uri)
    assert aliases(registry) == {"stage-latest": V1}
    for name in ("models~risk=scorer", "dev.models=clf", "x" * 200):
        registry.create_registered_model(name)
        registry.create_model_version(name, f"govkit://{name}/1.0.0-rc.1")
        assert len(registry.search_model_versions(f"name='{name}'")) == 1
    registry.create_model_version("x" * 200, f"govkit://{'y' * 200}/{'1' * 128}")


@pytest.mark.parametrize(
    ("address", "expect", "said"),
    [
        (None, 2, "no MLflow server is named"),
        ("sqlite:///mlflow.db", 2, "only http and https"),
        ("http://ada:geheim@127.0.0.1:{port}", 3, "***@127.0.0.1"),
        ("http://[geheim@", 2, "is not an MLflow server"),
    ],
)
def test_a_server_that_is_none_is_told(promoted: World, address: str | None, expect: int, said: str) -> None:
    """What is wrong and what to do, soon, and without anybody's password."""
    promoted.env |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_TRACKING_TOKEN": "geheim-token"}
    promoted.env.pop("MLFLOW_TRACKING_URI", None)
    words = ["--tracking-uri", address.format(port=mlflowserver.free_port())] if address else []
    found = promoted.govkit("mlflow", "sync", *words, expect=expect)
    assert said in found.text and "next" in found.err
    assert "geheim" not in found.text


class _Proxy(BaseHTTPRequestHandler):
    """What may stand where MLflow should: a login page, or a proxy that lets nobody in."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()
        self.wfile.write(b"<html>\x1b[31mLog in with geheim-token</html>")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "expect"), [(200, 3), (401, 2), (403, 2), (404, 3), (500, 3)])
def test_what_answers_is_not_mlflow(promoted: World, status: int, expect: int) -> None:
    """A page is no answer, and who is not let in is told which variables are asked; nothing of it acts."""
    promoted.env |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_TRACKING_TOKEN": "geheim-token"}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = sync(promoted, f"http://127.0.0.1:{server.server_port}/{status}", expect=expect)
        server.shutdown()
    assert "next" in found.err
    assert "geheim-token" not in found.text and "\x1b" not in found.text
    assert ("MLFLOW_TRACKING_TOKEN" in found.text) == (expect == 2)


def test_a_sync_that_is_stopped_anywhere_is_finished_by_the_next(
    replaced: World, uri: str, registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each of its requests; and while it is half done, no alias stands on a version that is not there."""
    real = Server.apply
    done = 0
    for stop in range(5):
        for model in registry.search_registered_models():
            registry.delete_registered_model(model.name)
        calls = count()

        def apply(self: Server, change: Any, numbers: dict[str, int], stop: int = stop, calls: Any = calls) -> None:
            if next(calls) == stop:
                raise Undecided("stopped")
            real(self, change, numbers)

        monkeypatch.setattr(Server, "apply", apply)
        sync(replaced, uri, expect=3)
        monkeypatch.undo()
        assert changes(replaced, uri) != []
        assert changes(replaced, uri) == []
        assert aliases(registry) == {"production": V2, "staging": V1}
        done += 1
    assert done == 5


def test_a_long_tag_is_cut_where_it_is_shown(promoted: World, uri: str, registry: Any) -> None:
    """Anybody in MLflow can write 100,000 characters."""
    sync(promoted, uri)
    registry.set_model_version_tag(MODEL, versions(registry)[V1].version, "card_digest", "x" * 100_000)
    assert len(sync(promoted, uri).out) < 3000


def test_a_prefix_that_is_none_is_refused(promoted: World, uri: str) -> None:
    """Nothing of it gets into MLflow's searches."""
    for prefix in ("x' OR name LIKE '%", "a/b", "a~b", "-x", "x" * 65):
        assert "is no prefix for names" in sync(promoted, uri, f"--prefix={prefix}", expect=2).text


def test_an_unknown_model_is_told(promoted: World, uri: str) -> None:
    """With the one that was meant."""
    assert "did you mean 'scorer'?" in sync(promoted, uri, "scorre", expect=2).text


def test_the_page(replaced: World, uri: str, registry: Any) -> None:
    """The commands of the how-to page, in their order."""
    replaced.env["MLFLOW_TRACKING_URI"] = uri
    run(replaced, commands("show-governance-in-mlflow.md"), {})
    assert aliases(registry) == {"production": V2, "staging": V1}
