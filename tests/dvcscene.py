"""DVC repositories of every form, made by real dvc commands, and what DVC itself says of their lineage.

DVC runs in this process: a command then takes a tenth of the time that a new process does.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from govkit.core.card import Card
from govkit.core.lineage import Project
from govkit.storage.git import Repository
from govkit.storage.trees import WorkTree, project_of
from govkit.workflow import cards

MODEL = "m"
ARTIFACTS = {MODEL: {"path": "model.txt", "type": "model"}}


class Scene:
    """A Git repository with a DVC project in it.

    Args:
        folder: the top of the Git repository; made here.
        project: the folder of the DVC project below it.
    """

    def __init__(self, folder: Path, project: str = "") -> None:
        self.root = folder
        self.project = folder / project
        self.project.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Sam")
        self.git("config", "user.email", "sam@example.org")
        self.dvc("init", "-q", *(["--subdir"] if project else []))

    def git(self, *words: str) -> str:
        """Run Git and return what it prints."""
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(["git", *words], cwd=self.root, env=env, check=True, capture_output=True, text=True)
        return done.stdout

    def dvc(self, *words: str, expect: int = 0, cwd: str = "") -> str:
        """Run a dvc command in this process and return what it prints."""
        from dvc.cli import main

        out = io.StringIO()
        argv = mock.patch.object(sys, "argv", ["dvc", *words])  # some of its flags DVC takes from there, too
        with (
            argv,
            contextlib.chdir(self.project / cwd),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code = main(list(words))
        assert code == expect, out.getvalue()
        return out.getvalue()

    def write(self, path: str, content: str | bytes | dict[str, Any]) -> Path:
        """Write a file below the DVC project; a mapping as YAML."""
        import yaml

        file = self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = yaml.safe_dump(content, sort_keys=False)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def pipeline(self, stages: dict[str, Any], *, path: str = "dvc.yaml", **more: Any) -> None:
        """Write a ``dvc.yaml`` that declares the model, too."""
        self.write(path, {"stages": stages, **{"artifacts": ARTIFACTS, **more}})

    def repro(self, *words: str) -> None:
        """Run the pipeline and commit everything."""
        self.dvc("repro", "-q", *words)
        self.commit()

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Run")

    def card(self, model: str = MODEL) -> Card:
        """Return the card of the committed tree."""
        repository = Repository(self.root)
        return cards.make(repository, cards.tree_of(repository, "HEAD"), model).card

    def lineage(self) -> Project:
        """Return the DVC files as govkit reads them."""
        return project_of(WorkTree(Repository(self.root)))


@dataclass(frozen=True)
class Told:
    """What one DVC stage or ``.dvc`` file read, wrote and took as parameters: digests and values by path."""

    deps: dict[str, str | None]
    outs: dict[str, str | None]
    params: dict[str, dict[str, Any]]


@contextlib.contextmanager
def _index(scene: Scene) -> Iterator[Any]:
    from dvc.repo import Repo

    with contextlib.chdir(scene.root), Repo(str(scene.project)) as repo:
        yield repo.index


def said_by_dvc(scene: Scene, weights: str) -> tuple[dict[tuple[str, str], Told], dict[str, str | None]]:
    """Return what DVC's own index says.

    Args:
        scene: the repository.
        weights: the path of the weights from the top of the repository.

    Returns:
        What each DVC stage read and wrote of which weights, metrics and plots descend; and the digests of what
        ``.dvc`` files bring in for them.
    """
    import networkx as nx
    from dvc.repo.metrics.show import _collect_top_level_metrics

    with _index(scene) as index:
        graph = index.graph
        makers = [s for s in index.stages if any(_covers(_path(scene, out), weights) for out in s.outs)]
        made = {node for maker in makers for node in [maker, *nx.descendants(graph, maker)]}
        top = {os.path.relpath(path, scene.root) for path in _collect_top_level_metrics(index.repo)}
        telling = [s for s in index.stages if any(o.metric or o.plot or _path(scene, o) in top for o in s.outs)]
        below = {s for s in telling if set(makers) & (nx.descendants(graph, s) | {s})}
        reached = made | below | {node for stage in below for node in nx.descendants(graph, stage)}
        stages = {_key(scene, s): _told(scene, s) for s in reached if s.cmd}
        data = {_path(scene, out): _digest(out) for s in reached if not s.cmd for out in s.outs}
    return stages, data


def _covers(out: str, path: str) -> bool:
    return path == out or path.startswith(out + "/")


def _key(scene: Scene, stage: Any) -> tuple[str, str]:
    file = os.path.relpath(stage.path, scene.root)
    return file, getattr(stage, "name", None) or Path(file).name


def _path(scene: Scene, item: Any) -> str:
    if item.protocol != "local":
        return str(item.def_path)
    inside = os.path.relpath(item.fs_path, scene.root)
    return str(item.def_path) if inside.startswith("..") else inside


def _digest(item: Any) -> str | None:
    found = item.hash_info
    return found.value if found and found.name in ("md5", "md5-dos2unix") else None


def _told(scene: Scene, stage: Any) -> Told:
    from dvc.dependency import ParamsDependency

    params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
    deps = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    return Told(
        {_path(scene, dep): _digest(dep) for dep in deps},
        {_path(scene, out): _digest(out) for out in stage.outs},
        {_path(scene, dep): dict(dep.hash_info.value or {}) for dep in params},
    )
