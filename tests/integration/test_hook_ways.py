"""The hook under every way of running a pipeline: the card that it leaves is the one that its commit makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvcscene import Scene

from govkit.core import card as card_format
from govkit.core.card import Card
from govkit.core.gates.base import Context, Verdict
from govkit.core.gates.lineage import LineageGate
from govkit.storage.git import Repository
from govkit.workflow import cards

#: A model in a DVC project that is a folder of the repository; two of them in one file, a third one below.
MODELS = ("ml=a", "ml=b", "ml/team=c")


def training(model: str, *, up: str = "") -> dict[str, Any]:
    """Return the DVC stages of a model: training, its report, and the hook."""
    name = model.rpartition("=")[2]
    deps = [f"{up}train.py", f"{up}data.csv"]
    out = f"governance/{name}"
    told = [*deps, f"{name}.txt", f"{name}.json"]
    return {
        f"train-{name}": {
            "cmd": f"cat {' '.join(deps)} {up}params.yaml > {name}.txt",
            "deps": deps,
            "params": [{f"{up}params.yaml": ["rate"]}],
            "outs": [f"{name}.txt"],
        },
        f"report-{name}": {
            "cmd": f"echo '{{\"size\": '$(wc -c < {name}.txt)'}}' > {name}.json",
            "deps": [f"{name}.txt"],
            "metrics": [{f"{name}.json": {"cache": False}}],
        },
        f"govern-{name}": {
            "cmd": f"govkit hook {model}",
            "deps": told,
            "outs": [f"{out}/card.html", *({f"{out}/{file}": {"cache": False}} for file in ("card.json", "card.md"))],
        },
    }


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A repository whose pipeline has run once, with three models and a DVC remote."""
    folder = tmp_path_factory.mktemp("ways")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        made = Scene(folder / "repo", "ml")
        made.dvc("remote", "add", "-q", "-d", "store", str(folder / "store"))
        made.write("train.py", "code\n")
        made.write("data.csv", "a,b\n1,2\n")
        made.write("params.yaml", "rate: 1\n")
        made.write("unrelated/keep", "")
        made.dvc("add", "-q", "data.csv")
        for path, models, up in (("dvc.yaml", MODELS[:2], ""), ("team/dvc.yaml", MODELS[2:], "../")):
            stages = {name: stage for model in models for name, stage in training(model, up=up).items()}
            names = [model.rpartition("=")[2] for model in models]
            artifacts = {name: {"path": f"{name}.txt", "type": "model"} for name in names}
            made.write(path, {"stages": stages, "artifacts": artifacts})
        made.dvc("repro", "-q", "-P", cwd="unrelated")
        made.commit()
        made.dvc("push", "-q")
        yield made


def stands(scene: Scene, revision: str = "HEAD", models: tuple[str, ...] = MODELS) -> dict[str, Card]:
    """Return the committed cards, each of which must be what its commit makes, with nothing unknown."""
    repository = Repository(scene.root)
    tree = cards.tree_of(repository, revision)
    found: dict[str, Card] = {}
    for model in models:
        raw, _ = cards.read_committed(tree, model)
        again = cards.check(repository, tree, model)
        assert again.differences == []
        found[model] = card_format.parse(raw)
        assert LineageGate().decide(Context(found[model])).verdict is Verdict.PASS
    return found


def rate(card: Card) -> Any:
    """Return the parameter with which a version was made."""
    return card.lineage.params["ml/params.yaml"]["rate"]


def test_repro_in_a_subfolder_with_several_models(scene: Scene) -> None:
    """Each model has its card beside its own ``dvc.yaml``, of its own DVC stages; a second run changes nothing."""
    found = stands(scene)
    for model, card in found.items():
        name = model.rpartition("=")[2]
        assert [f"report-{name}", f"train-{name}"] == [stage.name for stage in card.lineage.stages]
        assert (scene.root / cards.path_of(model)).is_file()
        assert [metric.name for metric in card.metrics] == ["size"]
    assert "train.py" in found["ml=a"].lineage.code[0].path
    assert "govern" not in scene.dvc("status")
    scene.dvc("repro", "-q", "--force", cwd="team")
    assert scene.git("status", "--porcelain", "--untracked-files=no") == ""


def test_experiments(scene: Scene) -> None:
    """``dvc exp run`` in the working tree, in a folder of its own (``--temp``), and from the queue (``--queue``)."""
    scene.dvc("exp", "run", "-q", "-n", "here", "-S", "rate=2", "dvc.yaml:govern-b")
    scene.git("checkout", "-q", "--", ".")
    scene.dvc("exp", "run", "-q", "--temp", "-n", "apart", "-S", "rate=3", "dvc.yaml:govern-a")
    scene.dvc("exp", "run", "-q", "--queue", "-n", "later", "-S", "rate=4", "team/dvc.yaml:govern-c")
    scene.dvc("exp", "run", "-q", "--run-all")
    refs = {
        ref.rpartition("/")[2]: ref for ref in scene.git("for-each-ref", "--format=%(refname)", "refs/exps").split()
    }
    assert {"here", "apart", "later"} <= refs.keys()
    for name, model, expected in (("here", "ml=b", 2), ("apart", "ml=a", 3), ("later", "ml/team=c", 4)):
        assert rate(stands(scene, refs[name], (model,))[model]) == expected
    assert rate(stands(scene)["ml=a"]) == 1
    scene.dvc("exp", "branch", "-q", "apart", "tried")
    assert rate(stands(scene, "tried", ("ml=a",))["ml=a"]) == 3


def test_repro_pull(scene: Scene, tmp_path: Path) -> None:
    """In a clone without any bytes ``dvc repro --pull`` makes the cards that stand there, and new ones of new code."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(scene.root), str(clone)], check=True)
    other = Scene.__new__(Scene)
    other.root, other.project = clone, clone / "ml"
    other.git("config", "user.name", "Kim")
    other.git("config", "user.email", "kim@example.org")
    other.dvc("repro", "-q", "-P", "--pull")
    assert other.git("status", "--porcelain") == ""
    shutil.rmtree(clone / "ml" / ".dvc" / "cache")
    for path in ("data.csv", "a.txt", "b.txt"):
        (clone / "ml" / path).unlink(missing_ok=True)
    other.write("train.py", "other code\n")
    other.dvc("repro", "-q", "--pull", "dvc.yaml:govern-a")
    other.commit()
    assert stands(other, models=("ml=a",))["ml=a"].weights != stands(scene)["ml=a"].weights
