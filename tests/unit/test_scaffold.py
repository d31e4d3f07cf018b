"""The hook's DVC stage and the other texts that ``init`` writes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from govkit.core.dvcfiles import read_project
from govkit.core.lineage import Project
from govkit.workflow import scaffold

Json = dict[str, Any]
TRAIN: Json = {"cmd": "t", "deps": ["t.py"], "outs": ["m.pkl"]}
ARTIFACTS: Json = {"m": {"path": "m.pkl", "type": "model"}}


def item(path: str) -> Json:
    """Return an entry of ``dvc.lock``."""
    return {"path": path, "hash": "md5", "md5": "0" * 32, "size": 1}


def project(*folders: str, waiting: tuple[str, ...] = (), **stage: Any) -> Project:
    """Return a project with a model in each folder, of which the DVC stages of some have not run."""
    files: Json = {}
    for folder in folders:
        declared = {**TRAIN, **stage}
        files[f"{folder}dvc.yaml"] = {"stages": {"train": declared}, "artifacts": ARTIFACTS}
        locked = {"cmd": "t", **{key: [item(path) for path in declared[key]] for key in ("deps", "outs")}}
        files[f"{folder}dvc.lock"] = {"schema": "2.0", "stages": {} if folder in waiting else {"train": locked}}
    return read_project(files)


@pytest.mark.parametrize(
    ("folder", "deps"),
    [
        ("", ["m.pkl", "t.py", "governance/m/model.yaml", "governance/policy.yaml"]),
        ("a/b/", ["m.pkl", "t.py", "governance/m/model.yaml", "../../governance/policy.yaml"]),
    ],
)
def test_paths_are_from_the_folder(folder: str, deps: list[str]) -> None:
    """Dependencies and outputs are written as DVC reads them: from the folder of the ``dvc.yaml``."""
    model = f"{folder.rstrip('/')}=m" if folder else "m"
    name, stage = scaffold.hook_stage(project(folder), model)
    assert ("govern", f"govkit hook {model}", deps) == (name, stage["cmd"], stage["deps"])
    assert stage["outs"][0] == "governance/m/card.html"


def test_paths_outside_stay() -> None:
    """An absolute path means the same from everywhere."""
    found = project("a/", deps=["/data/rows.csv"])
    assert "/data/rows.csv" in scaffold.hook_stage(found, "a=m")[1]["deps"]


def test_what_has_not_run() -> None:
    """Where nothing is known of the weights, what ``dvc.yaml`` declares counts; of other models nothing is taken."""
    found = project("", "a/", waiting=("a/",))
    assert scaffold.hook_stage(found, "a=m")[1]["deps"][:2] == ["m.pkl", "t.py"]
    assert [dep for dep in scaffold.hook_stage(found, "m")[1]["deps"] if dep.startswith("a/")] == []


@pytest.mark.parametrize(
    ("cmd", "found"),
    [
        ("govkit hook m", True),
        ("govkit  hook 'm'", True),
        (["echo", "govkit hook m --repo ."], True),
        ("python -m govkit.cli; govkit hook m2", False),
        ("govkit hook m.2", False),
        ("govkit hook a=m", False),
        ("govkit hook", False),
        (None, False),
    ],
)
def test_hook_of(cmd: Any, found: bool) -> None:
    """The hook of a model is not taken for that of another whose name begins alike."""
    assert (scaffold.hook_of({"x": {"cmd": cmd}}, "m") == "x") is found


def test_the_hooks_name_is_free() -> None:
    """A DVC stage of the user's own that is called ``govern`` stays, and the hook gets another name."""
    text = yaml.safe_dump({"stages": {"govern": TRAIN}, "artifacts": ARTIFACTS}).encode()
    after = scaffold.add_hook(text, project(""), "m", where="dvc.yaml")
    stages = yaml.safe_load(after)["stages"]
    assert (list(stages), stages["govern"]) == (["govern", "govern-2"], TRAIN)
    assert scaffold.add_hook(after, project(""), "m", where="dvc.yaml") == after


def test_attributes() -> None:
    """Patterns with a slash hold for one folder only, so each gets its own; none holds a blank."""
    assert scaffold.attributes("")[0] == "governance/** -text"
    assert scaffold.attributes("a b")[1] == "a?b/governance/**/card.json linguist-generated=true -merge"
