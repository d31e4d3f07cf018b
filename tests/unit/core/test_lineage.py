"""Reading a project's DVC files: stages, tracked data, models, and what a model descends from."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import build, dvcfiles, lineage
from govkit.core.build import Facts
from govkit.core.errors import GovkitError
from govkit.core.lineage import Project
from tests import pace
from tests.unit.core.project import Tree
from tests.unit.core.strategies import json_values


def names(tree: Tree) -> list[str]:
    """Return the DVC stages that the model descends from."""
    return [stage.name for stage in tree.project().ancestry("m")]


def test_hook_is_no_ancestor() -> None:
    """The hook reads the weights and makes nothing of the model."""
    assert names(Tree()) == ["evaluate", "prepare", "train"]


def test_reports_on_other_models_do_not_count() -> None:
    """Metrics of a DVC stage that never reads these weights are another model's."""
    tree = Tree()
    tree.yaml["stages"]["other"] = {"cmd": "x", "deps": ["data/test.csv"], "outs": [], "metrics": ["other.json"]}
    tree.git["other.json"] = b"{}"
    tree.run()
    assert names(tree) == ["evaluate", "prepare", "train"]


def test_reports_through_other_stages_count() -> None:
    """Metrics of predictions are metrics of the weights that predicted."""
    tree = Tree()
    tree.git["late.json"] = b"{}"
    tree.dvc["predictions.csv"] = b"1\n"
    tree.yaml["stages"]["predict"] = {"cmd": "p", "deps": ["models/m.json"], "outs": ["predictions.csv"]}
    tree.yaml["stages"]["late"] = {"cmd": "l", "deps": ["predictions.csv"], "outs": [], "metrics": ["late.json"]}
    tree.run()
    assert names(tree) == ["evaluate", "late", "predict", "prepare", "train"]


def test_metrics_declared_at_the_top() -> None:
    """Metrics and plots may be declared for the whole file."""
    tree = Tree()
    evaluate = tree.yaml["stages"]["evaluate"]
    evaluate["outs"] = ["reports/fairness.json", "reports/metrics.json", "reports/roc.json"]
    del evaluate["metrics"], evaluate["plots"]
    assert names(tree) == ["prepare", "train"]
    tree.yaml["metrics"] = ["reports/metrics.json"]
    tree.yaml["plots"] = [{"reports/roc.json": {"x": "fpr"}}]
    assert names(tree) == ["evaluate", "prepare", "train"]
    assert tree.project().plots["reports/roc.json"] == {"x": "fpr"}


def test_cycle_ends() -> None:
    """Files that claim to make each other do not stop the reader."""
    tree = Tree()
    for stage, path in (("prepare", "models/m.json"), ("train", "models/m.json")):
        tree.lock["stages"][stage]["deps"].append({"path": path, "md5": "0" * 32})
    assert names(tree) == ["evaluate", "prepare", "train"]


def read(**files: Any) -> Project:
    """Read files whose names have dots for underscores."""
    return dvcfiles.read_project(
        {name.replace("__", "/").replace("_", "."): content for name, content in files.items()}
    )


def test_folders_and_wdir() -> None:
    """Paths are from the top of the repository, whatever the folder and wdir."""
    project = dvcfiles.read_project(
        {
            "team/dvc.yaml": {
                "stages": {
                    "s": {
                        "cmd": "x",
                        "wdir": "../src",
                        "outs": ["o"],
                        "metrics": ["../m.json"],
                        "params": [{"p.yaml": ["a"]}],
                    }
                },
                "artifacts": {
                    "a": {"type": "model", "path": "out/m"},
                    "b": {"type": "data", "path": "d"},
                    "c": {"type": "model"},
                },
            },
            "team/dvc.lock": {
                "schema": "2.0",
                "stages": {
                    "s": {
                        "cmd": "x",
                        "deps": [{"path": "./d"}],
                        "outs": [{"path": "o"}],
                        "params": {"p.yaml": {"a": 1}},
                    }
                },
            },
            "data/x.dvc": {"wdir": "..", "outs": [{"path": "y", "md5": "0" * 32 + ".dir", "size": 1, "nfiles": 2}]},
        }
    )
    (stage,) = project.stages
    assert (
        [item.path for item in stage.deps],
        [item.path for item in stage.outs],
        stage.params,
    ) == (["src/d"], ["src/o"], {"src/p.yaml": {"a": 1}})
    assert frozenset({"m.json"}) == stage.metrics
    assert list(project.artifacts) == ["team=a"]
    assert (project.artifact("team=a").path, project.artifact("team=a").file) == ("team/out/m", "team/dvc.yaml")
    assert project.tracked["y"].is_directory
    assert project.data_file("y/z") is project.tracked["y"]


def test_old_lock_and_foreach() -> None:
    """A lock without a schema is DVC 1's; stages of foreach and matrix are declared once and locked many times."""
    assert [
        stage.name for stage in read(dvc_yaml={"stages": {"s": {"cmd": "x"}}}, dvc_lock={"s": {"cmd": "x"}}).stages
    ] == ["s"]
    project = read(
        dvc_yaml={
            "stages": {
                "t": {"foreach": [1, 2], "do": {"cmd": "x ${item}", "outs": ["o", {"p": {"cache": False}}]}},
                "u": {"matrix": {"n": [1]}, "cmd": "y"},
            }
        },
        dvc_lock={"schema": "2.0", "stages": {"t@1": {"cmd": "x 1"}, "t@2": {"cmd": "x 2"}, "gone": {"cmd": "z"}}},
    )
    assert [stage.name for stage in project.stages] == ["t@1", "t@2"]
    assert project.not_run == {"'u@1' of dvc.yaml": set()}
    assert frozenset({"p"}) == project.stages[0].uncached
    assert project.problems == []


@pytest.mark.parametrize(
    ("locked", "declared", "changed"),
    [
        ("a", "a", False),
        ("a", "b", True),
        (["a", "b"], ["a", "b"], False),
        (["a", "b"], ["b", "a"], True),
        (["a"], "a", False),
        ("a", "${a}", False),
        (None, None, False),
        ("a", None, True),
    ],
)
def test_commands_are_compared(locked: Any, declared: Any, changed: bool) -> None:
    """A command that differs from the one that ran is a problem; a templated one cannot be compared here."""
    project = read(
        dvc_yaml={"stages": {"s": {"cmd": declared}}}, dvc_lock={"schema": "2.0", "stages": {"s": {"cmd": locked}}}
    )
    problem = "DVC stage 's' of dvc.yaml: its command was changed after it ran"
    assert ([problem] if changed else []) == project.stages[0].findings.problems


def test_declared_but_not_run() -> None:
    """What dvc.yaml has and dvc.lock has not is known by its outputs."""
    project = read(dvc_yaml={"stages": {"s": {"cmd": "x", "outs": ["o"], "metrics": ["m"]}, "broken": None}})
    assert {"'s' of dvc.yaml": {"o", "m"}} == project.not_run


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("a", "a", True),
        ("a/b", "a", True),
        ("ab", "a", False),
        ("a", "a/b", False),
        ("a/b", "a/", True),
        ("a", ".", False),
    ],
)
def test_within(path: str, folder: str, expected: bool) -> None:
    """A path lies in itself and in its folders, not beside a name that begins alike."""
    assert expected == lineage.within(path, folder)


def test_governance_folder() -> None:
    """Governance files lie beside the model's dvc.yaml."""
    assert (
        lineage.governance_folder("m"),
        lineage.governance_folder("a/b=m"),
    ) == ("governance/m", "a/b/governance/m")


# -- hostile files ----------------------------------------------------------------------------------------------------

WORDS = [
    "stages", "schema", "2.0", "cmd", "deps", "outs", "params", "path", "md5", "size", "nfiles", "hash", "wdir", "do",
    "foreach", "matrix", "metrics", "plots", "artifacts", "type", "model", "m", "data/m", "../x", "/x", "s", "s@1",
    "cache", "a.0.b", "params.yaml", "x.json", "desc", "labels", "${x}", "https://x/y", "",
]  # fmt: skip
words = st.sampled_from(WORDS) | st.text(max_size=3)
odd = st.recursive(
    words | st.none() | st.booleans() | st.integers(-3, 10**12) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
stage = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("cmd", "deps", "outs", "params", "metrics", "plots", "wdir", "do", "foreach"), odd)
)
dvc_yaml = st.fixed_dictionaries(
    {"stages": odd | st.dictionaries(words, stage | odd, max_size=3)},
    optional={
        "metrics": odd,
        "plots": odd,
        "artifacts": odd | st.just({"m": {"type": "model", "path": "x.json"}}),
    },
)
entry = st.fixed_dictionaries(
    {"path": odd | st.just("x.json")}, optional={"md5": odd, "size": odd, "nfiles": odd, "hash": odd}
)
locked = st.fixed_dictionaries(
    {},
    optional={
        "cmd": odd,
        "deps": odd | st.lists(entry, max_size=2),
        "outs": odd | st.lists(entry, max_size=2),
        "params": odd | st.dictionaries(words, st.dictionaries(words, odd, max_size=2), max_size=2),
    },
)
dvc_lock = odd | st.fixed_dictionaries({"schema": st.just("2.0"), "stages": st.dictionaries(words, locked, max_size=3)})


@settings(max_examples=300, deadline=None)
@given(dvc_yaml | odd, dvc_lock, odd)
def test_any_files_make_a_project_and_a_card(yaml: Any, lock: Any, tracked: Any) -> None:
    """Whatever DVC's files hold, they are read; every model in them has a card, or wrong usage is said."""
    project = dvcfiles.read_project({"dvc.yaml": yaml, "dvc.lock": lock, "x.json.dvc": tracked, "sub/dvc.yaml": yaml})
    contents = {"x.json": b'{"a": 1}', "params.yaml": b"a: [{b: 1}]"}
    for model in project.artifacts:
        plan = build.plan(project, model, contents)
        assert plan.files == sorted(plan.files)
        try:
            assert build.build(project, model, Facts(sorted(contents), contents, {})).startswith(b"{")
        except GovkitError:
            continue


@given(st.dictionaries(st.sampled_from(["dvc.yaml", "dvc.lock", "a.dvc", "a/dvc.yaml", "other"]), json_values()))
def test_any_json_makes_a_project(files: dict[str, Any]) -> None:
    """Arbitrary values are read; what is no mapping is a problem."""
    project = dvcfiles.read_project(files)
    wrong = [path for path, content in files.items() if not isinstance(content, dict)]
    assert {f"{path} is not a YAML mapping" for path in wrong} <= set(project.problems)


def test_large_project_is_read_quickly() -> None:
    """A thousand DVC stages in a row are no burden."""
    stages = {f"s{i}": {"cmd": "x", "deps": [{"path": f"o{i - 1}"}], "outs": [{"path": f"o{i}"}]} for i in range(1000)}
    declared = {name: {"cmd": "x"} for name in stages}
    with pace.little():
        project = read(
            dvc_yaml={"stages": declared, "artifacts": {"m": {"type": "model", "path": "o999"}}},
            dvc_lock={"schema": "2.0", "stages": stages},
        )
        assert len(project.ancestry("m")) == 1000
