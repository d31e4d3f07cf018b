"""The script that deploys to KServe: each promotion renders a manifest of its own. There is no cluster behind it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.actions import FAKES
from tests.world import MODEL, World

ROOT = Path(__file__).resolve().parents[2]


def test_each_promotion_renders_its_own_manifest(requested: World) -> None:
    """What is applied pins the promotion that was delivered; what was delivered before the next one is not rolled out."""
    world = requested
    state = world.folder / "outside"
    state.mkdir()
    for name in ("scripts", "deploy"):
        (world.repo / name).mkdir()
    shutil.copy(ROOT / "scripts" / "deploy_to_kserve.sh", world.repo / "scripts")
    manifest = (ROOT / "deploy" / "credit-default-kserve.yaml").read_text()
    (world.repo / "deploy" / f"{MODEL}.yaml").write_text(manifest.replace("credit-default", MODEL))
    world.commit("Deploy to KServe")

    def roll_out(folder: str, code: int = 0, *, fetch: bool = True) -> list[tuple[str, str]]:
        """Deliver what serves into a folder, roll it out, and return every claim and source applied so far."""
        if fetch:
            world.govkit("get", MODEL, "--stage", "production", "-o", str(world.folder / folder))
        env = {**world.env, "PATH": f"{FAKES}:{world.env['PATH']}", "FAKE_STATE": str(state)}
        env |= {"GOVKIT_KEY": str(world.key_path("remy")), "GOVKIT_IMAGE": "registry.example.org/govkit:1"}
        env |= {"GOVKIT_REPOSITORY": "https://git.example.org/models.git"}
        words = ["scripts/deploy_to_kserve.sh", MODEL, "production", str(world.folder / folder), "eu/prod"]
        done = subprocess.run(words, cwd=world.repo, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        applied = (state / "applied").read_text()
        patches = [json.loads(text) for text in re.findall("^# patched: (.*)$", applied, re.MULTILINE)]
        return [
            (one["metadata"]["annotations"]["govkit.dev/record"], one["spec"]["predictor"]["model"]["storageUri"])
            for one in patches
        ]

    ((first, source),) = roll_out("first")
    assert source.startswith("govkit://git.example.org/models.git?") and first.removeprefix("sha256:") in source
    assert world.log().root_of_trust.removeprefix("sha256:") in source
    size = world.log().head.size
    world.approve("1.1.0", "production", "rita", "victor")
    world.govkit("promote", f"{MODEL}@1.1.0", "--stage", "production", as_="remy")
    assert roll_out("first", 1, fetch=False) == [(first, source)]
    _, (second, _) = roll_out("second")
    verdict = world.govkit("verify", MODEL, "--stage", "production", "--format", "json").json
    assert second == verdict["promotion"] != first
    # Two approvals and a promotion, and what started and succeeded.
    assert world.log().head.size == size + 3 + 2
    (state / "broken").touch()
    roll_out("second", 1, fetch=False)
    kinds = world.govkit("log", "--format", "json").json["items"]
    assert [one["type"] for one in kinds[-2:]] == ["deployment.recorded"] * 2
