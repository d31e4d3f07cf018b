"""Manifests, checked offline, and what they make a cluster run: the initializer and the check before a sync.

Core kinds are held against Kubernetes' own schemas; those of KServe and Argo CD against what is written down here of
their documentation, as their schemas are not at hand.
"""

from __future__ import annotations

import os
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from govkit.integrations.kubernetes import claims, source
from tests import world as worlds
from tests.world import MODEL, World

IMAGE = "registry.example.org/govkit@sha256:" + "1" * 64
CORE = {
    "Namespace",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "Service",
    "Deployment",
    "Job",
    "ValidatingWebhookConfiguration",
}


def rendered(world: World, *more: str) -> list[dict[str, Any]]:
    """Return every manifest for production."""
    words = ("kubernetes", "manifests", MODEL, "--stage", "production", "--image", IMAGE, *more)
    return [item for item in yaml.safe_load_all(world.govkit(*words).out) if item]


def of(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the first manifest of a kind."""
    return next(item for item in manifests if item["kind"] == kind)


@pytest.fixture(scope="module")
def shared(_replaced: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world for tests that change nothing."""
    return worlds.copy(_replaced, tmp_path_factory.mktemp("kubernetes") / "world")


@pytest.fixture(scope="module")
def manifests(shared: World) -> list[dict[str, Any]]:
    """The manifests of what serves in production."""
    return rendered(shared, "--repository", f"file://{shared.repo}")


def test_core_kinds_fit_kubernetes_schemas(manifests: list[dict[str, Any]]) -> None:
    """In strict mode, so that no key is misspelt, for the newest version of the validator's and an old one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kubernetes_validate

    core = [item for item in manifests if item["kind"] in CORE]
    assert {item["kind"] for item in core} == CORE
    for item in core:
        for version in (kubernetes_validate.latest_version(), "1.28"):
            kubernetes_validate.validate(item, version, strict=True)
    broken = {**of(core, "Service"), "specification": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.28", strict=True)


def test_kserve_kinds_have_the_documented_form(manifests: list[dict[str, Any]]) -> None:
    """https://kserve.github.io/website/latest/modelserving/storage/storagecontainers/, by hand: no schema is at hand."""
    storage, service = of(manifests, "ClusterStorageContainer"), of(manifests, "InferenceService")
    assert (storage["apiVersion"], service["apiVersion"]) == ("serving.kserve.io/v1alpha1", "serving.kserve.io/v1beta1")
    assert {*storage} == {"apiVersion", "kind", "metadata", "spec"}
    assert {*storage["spec"]} == {"container", "supportedUriFormats"}
    assert storage["spec"]["container"]["name"] == "storage-initializer"
    assert storage["spec"]["container"]["command"] == ["govkit", "kserve-init"]
    assert "args" not in storage["spec"]["container"]
    assert storage["spec"]["supportedUriFormats"] == [{"prefix": "govkit://"}]
    assert service["spec"]["predictor"]["model"]["storageUri"].startswith("govkit://")


def test_everything_that_runs_claims_the_same(manifests: list[dict[str, Any]], shared: World) -> None:
    """The webhook would take each of the model's manifests, and all pin the record of the log."""
    record = shared.govkit("verify", MODEL, "--stage", "production", "--format", "json").json["promotion"]
    found = [claims.read(item) for item in manifests if item["metadata"].get("namespace") == "models"]
    assert len(found) == 3
    assert {(claim.model, claim.stage, claim.record) for claim in found if claim} == {(MODEL, "production", record)}
    service = of(manifests, "InferenceService")
    pinned = source.parse(service["spec"]["predictor"]["model"]["storageUri"])
    assert (pinned.record, pinned.root) == (record, shared.log().root_of_trust)
    hook = next(item for item in manifests if item["kind"] == "Job")["metadata"]["annotations"]
    assert hook["argocd.argoproj.io/hook"] == "PreSync"


def test_containers_are_confined(manifests: list[dict[str, Any]]) -> None:
    """No root, no escalation, no capabilities, no token; what fails closed does."""
    for item in manifests:
        if item["kind"] not in {"Deployment", "Job"}:
            continue
        spec = item["spec"]["template"]["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    hook = of(manifests, "ValidatingWebhookConfiguration")["webhooks"][0]
    assert (hook["failurePolicy"], hook["sideEffects"], hook["timeoutSeconds"]) == ("Fail", "None", 10)


def test_options_become_values_and_nothing_more(shared: World, tmp_path: Path) -> None:
    """A line break or a brace in one is text; a CA goes in as base64; 'warn' ignores failures."""
    ca = tmp_path / "ca.pem"
    ca.write_text("CA")
    hostile = "x\n---\nkind: Pod {{ 1 }}"
    more = ("--repository", "https://git.example.org/m.git", "--ca", str(ca), "--mode", "warn", "--server", hostile)
    found = rendered(shared, *more)
    assert len(found) == 10
    init = next(item for item in found if item["kind"] == "Deployment" and item["metadata"]["namespace"] == "models")
    assert init["spec"]["template"]["spec"]["containers"][0]["image"] == hostile
    hook = of(found, "ValidatingWebhookConfiguration")["webhooks"][0]
    assert (hook["failurePolicy"], hook["clientConfig"]["caBundle"]) == ("Ignore", "Q0E=")


def test_manifests_of_what_is_not_proven_are_not_rendered(governed: World, tmp_path: Path) -> None:
    """Nor is anything written."""
    words = ("kubernetes", "manifests", MODEL, "--stage", "production", "--image", IMAGE, "-o", str(tmp_path / "out"))
    assert governed.govkit(*words, expect=None).code in (1, 2)
    assert not (tmp_path / "out").exists()


# -- the initializer --------------------------------------------------------------------------------------------------


def uri(world: World) -> str:
    """Return the source that the manifests give KServe."""
    service = of(rendered(world, "--repository", f"file://{world.repo}"), "InferenceService")
    return str(service["spec"]["predictor"]["model"]["storageUri"])


def container(world: World, *words: str, code: int = 0) -> str:
    """Run govkit as a container does: without a known-roots file, and outside any repository."""
    folder = world.folder / "container"
    folder.mkdir(exist_ok=True)
    away = ("GOVKIT_KNOWN_ROOTS", "GOVKIT_ROOT")
    env = {**{name: value for name, value in world.env.items() if name not in away}, "HOME": str(folder)}
    # The world's DVC remote lies beside each of its clones.
    env["TMPDIR"] = str(world.folder)
    done = subprocess.run(["govkit", *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_the_initializer_delivers_what_is_pinned(shared: World, tmp_path: Path) -> None:
    """Weights, card and manifest, into a folder that is there already, as a mounted volume is."""
    models = tmp_path / "models"
    models.mkdir()
    pinned = uri(shared)
    inode = models.stat().st_ino
    container(shared, "kserve-init", pinned, str(models))
    assert sorted(entry.name for entry in models.iterdir()) == ["card.json", "govkit-manifest.json", "model.json"]
    assert models.stat().st_ino == inode
    record = source.parse(pinned).record
    assert "PROVEN" in container(shared, "verify", "--dir", str(models), "--record", record)
    assert "is not empty" in container(shared, "kserve-init", pinned, str(models), code=2)
    assert "proven: scorer@1.1.0" in container(shared, "kubernetes", "check", pinned)


def test_an_initializer_that_was_killed_starts_over(shared: World, tmp_path: Path) -> None:
    """What it left is taken away; a volume's own folder is left alone."""
    models = tmp_path / "models"
    for name in (".govkit-incoming", "..govkit-incoming.abc", "lost+found"):
        (models / name).mkdir(parents=True)
    container(shared, "kserve-init", uri(shared), str(models))
    assert sorted(entry.name for entry in models.iterdir()) == [
        "card.json",
        "govkit-manifest.json",
        "lost+found",
        "model.json",
    ]


def test_what_is_pinned_never_moves_silently(replaced: World, tmp_path: Path) -> None:
    """After a rollback the old pin delivers nothing and says what to do; so after clear and revoke, by the termination log."""
    pinned = uri(replaced)
    log = tmp_path / "termination-log"
    log.touch()
    models = tmp_path / "models"

    def refused() -> str:
        for words in (("kserve-init", pinned, str(models)), ("kubernetes", "check", pinned)):
            log.write_text("")
            said = container(replaced, *words, "--termination-log", str(log), code=1)
            assert "Traceback" not in said
        assert not models.exists() or not [*models.iterdir()]
        assert log.read_text().count("\n") == 0
        return log.read_text()

    replaced.govkit("rollback", MODEL, "--stage", "production", "-m", "back", as_="remy")
    assert "is no longer what was pinned" in refused()
    pinned = uri(replaced)
    replaced.govkit("revoke", f"{MODEL}@1.0.0", "-m", "it leaks", as_="rita")
    assert "it leaks" in refused()
    replaced.govkit("clear", MODEL, "--stage", "production", "-m", "no need", as_="remy")
    assert "no need" in refused()


def test_another_root_of_trust_delivers_nothing(shared: World, tmp_path: Path) -> None:
    """The pin of the source counts, whatever the environment says."""
    pinned = source.parse(uri(shared))
    other = source.Source(pinned.repository, pinned.model, pinned.stage, pinned.record, "sha256:" + "0" * 64)
    said = container(shared, "kserve-init", str(other), str(tmp_path / "models"), code=1)
    assert "not the one that was pinned" in said


def test_swapped_weights_leave_nothing(replaced: World, tmp_path: Path) -> None:
    """Bytes that are not the approved ones never stay in the folder."""
    pinned = uri(replaced)
    for top, _, names in os.walk(replaced.folder / "remote"):
        for name in names:
            path = Path(top) / name
            path.chmod(0o644)
            path.write_bytes(b"x")
    models = tmp_path / "models"
    models.mkdir()
    container(replaced, "kserve-init", pinned, str(models), code=1)
    assert [*models.iterdir()] == []
