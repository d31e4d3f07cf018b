"""Reading DVC's files: forms that DVC 3 cannot make any more, files that changed since they ran, and hostile ones."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core import build, dvcfiles, inert
from govkit.core.build import Facts
from govkit.core.card import parse
from govkit.core.lineage import Project
from tests import pace
from tests.unit.core.project import md5, md5_of_directory

Json = dict[str, Any]
MD5 = "0" * 32
#: Of one processor, for what must take about one; several times that where the machine is busy and coverage counts.
SECONDS = 10


def read(stages: Json, lock: Json, values: str = "", **more: Any) -> Project:
    """Read a ``dvc.yaml`` and its lock, with ``params.yaml`` beside them."""
    files = {"dvc.yaml": {"stages": stages}, "dvc.lock": {"schema": "2.0", "stages": lock}, **more}
    return dvcfiles.read_project(files, {"params.yaml": values.encode()}.get)


def findings(project: Project) -> list[str]:
    """Return the problems of all DVC stages."""
    return [text for stage in project.stages for text in stage.findings.problems]


def entry(*paths: str) -> list[Json]:
    """Return entries of a lock."""
    return [{"path": path, "hash": "md5", "md5": MD5, "size": 1} for path in paths]


FIT = {"foreach": "${names}", "do": {"cmd": "fit ${item} ${rate}", "deps": ["${item}.csv"], "outs": ["${item}.txt"]}}


def test_templates_agree_with_what_ran() -> None:
    """With its values the declaration is what ran; what it stands for no more does not count, and what has not run is told."""
    lock = {f"fit@{n}": {"cmd": f"fit {n} 0.1", "deps": entry(f"{n}.csv"), "outs": entry(f"{n}.txt")} for n in "ab"}
    project = read({"fit": FIT}, lock, "names: [a, b]\nrate: 0.1\n")
    assert (["fit@a", "fit@b"], []) == ([stage.name for stage in project.stages], findings(project))
    project = read({"fit": FIT}, lock, "names: [b, c]\nrate: 0.1\n")
    assert (["fit@b"], {"'fit@c' of dvc.yaml": {"c.txt"}}) == ([s.name for s in project.stages], project.not_run)
    project = read({"fit": {**FIT, "do": {**FIT["do"], "wdir": "w"}}}, lock, "names: [c]\nrate: 0.1\n")
    assert {"'fit@c' of dvc.yaml": {"w/c.txt"}} == project.not_run


def test_templates_whose_values_changed() -> None:
    """Another value makes another command, which is a change as any other."""
    lock = {"fit@a": {"cmd": "fit a 0.1", "deps": entry("a.csv"), "outs": entry("a.txt")}}
    project = read({"fit": FIT}, lock, "names: [a]\nrate: 0.2\n")
    assert findings(project) == ["DVC stage 'fit@a' of dvc.yaml: its command was changed after it ran"]


def test_templates_without_values() -> None:
    """Where the values are not in Git, the declaration cannot be held against what ran."""
    lock = {"fit@a": {"cmd": "fit a 0.1", "deps": entry("a.csv"), "outs": entry("a.txt")}, "t": {"cmd": "x 1"}}
    project = dvcfiles.read_project(
        {"dvc.yaml": {"stages": {"fit": FIT, "t": {"cmd": "x ${n}"}}}, "dvc.lock": {"schema": "2.0", "stages": lock}}
    )
    assert findings(project) == []
    assert project.gaps == ["dvc.yaml: it is not known for what 'fit' stands: ${names} leads nowhere"]
    assert [stage.findings.gaps for stage in project.stages] == [
        ["DVC stage 'fit@a' of dvc.yaml is templated, and not compared with dvc.lock: ${names} leads nowhere"],
        ["DVC stage 't' of dvc.yaml is templated, and not compared with dvc.lock: ${n} leads nowhere"],
    ]


@pytest.mark.parametrize("spelt", ["--a --l 1 2", "--a --l 1 --l 2", "--a --no-b --l 1 2"])
def test_flags_are_spelt_as_some_setting_says(spelt: str) -> None:
    """DVC's settings need not lie in Git: a mapping in a command may be spelt in each way that they allow."""
    project = read({"t": {"cmd": "x ${f}"}}, {"t": {"cmd": f"x {spelt}"}}, "f: {a: true, b: false, l: [1, 2]}\n")
    assert findings(project) == []
    project = read({"t": {"cmd": "x ${f}"}}, {"t": {"cmd": f"x {spelt} --c"}}, "f: {a: true, b: false, l: [1, 2]}\n")
    assert len(findings(project)) == 1


def test_top_of_the_file_is_filled_in() -> None:
    """Models, metrics and plots may be templated, too; one that cannot be filled in is told."""
    top = {
        "artifacts": {"m": {"type": "model", "path": "${out}.txt"}, "n": {"type": "model", "path": "${none}"}},
        "metrics": ["${out}.json"],
        "plots": [{"${none}.json": {"x": "a"}}],
    }
    project = dvcfiles.read_project({"dvc.yaml": top}, {"params.yaml": b"out: o\n"}.get)
    assert ("o.txt", {"o.json"}) == (project.artifact("m").path, project.metrics)
    assert project.gaps == ["dvc.yaml: its plots are templated: ${none} leads nowhere"]
    assert project.unusable == {"n": "artifact 'n' of dvc.yaml is templated: ${none} leads nowhere"}


def test_stage_in_a_file_of_its_own() -> None:
    """DVC 2 could still write a DVC stage into a ``.dvc`` file: command, dependencies, parameters and outputs."""
    deps = [{"path": "../d.csv", "md5": MD5}, {"path": "p.yaml", "params": {"a": 1}}]
    outs = [{"path": "m.txt", "md5": MD5, "cache": False}, {"path": "r.json", "md5": MD5, "metric": True}]
    project = dvcfiles.read_project({"sub/t.dvc": {"cmd": "x", "wdir": "w", "deps": deps, "outs": outs}})
    (stage,) = project.stages
    assert (stage.key, stage.cmd, stage.params) == (("sub/t.dvc", "t.dvc"), ["x"], {"sub/w/p.yaml": {"a": 1}})
    assert [[item.path for item in items] for items in (stage.deps, stage.outs)] == [
        ["sub/d.csv"],
        ["sub/w/m.txt", "sub/w/r.json"],
    ]
    assert (stage.uncached, stage.metrics, project.tracked) == (
        frozenset({"sub/w/m.txt"}),
        frozenset({"sub/w/r.json"}),
        {},
    )


@pytest.mark.parametrize(
    ("deps", "source"),
    [
        (
            [{"path": "a/b", "repo": {"url": "https://me:secret@host/r.git", "rev_lock": "c0ffee"}}],
            "x.dvc (a/b of https://host/r.git at c0ffee)",
        ),
        ([{"path": "a", "repo": {"url": "git@host:r.git", "rev": "main"}}], "x.dvc (a of git@host:r.git at main)"),
        ([{"path": "a", "repo": {"url": "../r"}}], "x.dvc (a of ../r at no commit)"),
        ([{"path": "s3://key:secret@bucket/x", "etag": "1"}], "x.dvc (s3://bucket/x)"),
        ([{"db": {"file_format": "csv"}}], "x.dvc (a database)"),
        ([{"path": ["a"], "repo": "r"}, 3], "x.dvc (['a'])"),
        ([], "x.dvc"),
    ],
)
def test_where_data_come_from(deps: list[Any], source: str) -> None:
    """The card names repository and commit of an import, and no password that a URL holds."""
    project = dvcfiles.read_project({"x.dvc": {"deps": deps, "outs": [{"path": "x", "md5": MD5, "hash": "md5"}]}})
    assert project.tracked["x"].source == source


def test_folder_with_versions_of_each_file() -> None:
    """A cloud-versioned folder has no digest of its own: it is worked out from those of its files."""
    listed = [
        {"relpath": "b/c", "md5": md5(b"2"), "size": 1},
        {"relpath": "a", "md5": md5(b"1"), "size": 1, "cloud": {}},
    ]
    item = dvcfiles.read_project({"x.dvc": {"outs": [{"path": "x", "hash": "md5", "files": listed}]}}).tracked["x"]
    assert (item.md5, item.size, item.files) == (md5_of_directory({"a": b"1", "b/c": b"2"}), 2, 2)
    listed[0].pop("size")  # as among dependencies, where DVC writes none
    read_only = dvcfiles.read_project({"x.dvc": {"outs": [{"path": "x", "hash": "md5", "files": listed}]}}).tracked["x"]
    assert (read_only.md5, read_only.size) == (item.md5, None)
    for broken in ({"relpath": "d"}, {"relpath": "a", "md5": MD5}, {"relpath": 1, "md5": MD5}):
        project = dvcfiles.read_project({"x.dvc": {"outs": [{"path": "x", "files": [*listed, broken]}]}})
        assert (project.tracked["x"].md5, project.gaps) == (None, ["x.dvc: x has no MD5"])


# -- hostile files ------------------------------------------------------------------------------------------------------

NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "a\u202eb",
    "x\ny",
    "<script>",
    "..",
    ".",
    "~/x",
    "$(id)",
    "a" * 5000,
    "s3://u:p@h/x",
    "--help",
    "a//b/",
    "\x00",
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_paths(name: str) -> None:
    """Whatever a path is called, a card can be made, nothing outside is asked for, and the lineage is not complete."""
    stages = {"t": {"cmd": name, "deps": [name], "outs": ["m", f"{name}/o"], "params": [{name: ["a"]}]}}
    lock = {"t": {"cmd": name, "deps": entry(name), "outs": entry("m", f"{name}/o"), "params": {name: {"a": 1}}}}
    project = dvcfiles.read_project(
        {
            "dvc.yaml": {"stages": stages, "artifacts": {"m": {"type": "model", "path": "m"}}},
            "dvc.lock": {"schema": "2.0", "stages": lock},
            "x.dvc": {"deps": [{"path": name}], "outs": entry(f"{name}x")},
        }
    )
    plan = build.plan(project, "m", ["dvc.yaml"])
    assert not [item.path for item in plan.items if item.path.startswith(("/", "../")) or "://" in item.path]
    card = parse(build.build(project, "m", Facts(["dvc.yaml"], {}, {item.path: None for item in plan.items})))
    assert card.lineage.gaps
    assert inert.visible("".join(card.lineage.gaps))


def test_circles() -> None:
    """DVC stages that make each other's dependencies, and one that reads what it writes, end."""
    lock = {
        "a": {"cmd": "x", "deps": entry("b"), "outs": entry("a")},
        "b": {"cmd": "x", "deps": entry("a", "b"), "outs": entry("b")},
    }
    stages = {name: {"cmd": "x", "deps": [e["path"] for e in s["deps"]], "outs": [name]} for name, s in lock.items()}
    project = read(stages, lock, **{"sub/dvc.yaml": {"artifacts": {"m": {"type": "model", "path": "../a"}}}})
    assert [stage.name for stage in project.ancestry("sub=m")] == ["a", "b"]


BOMBS: dict[str, tuple[Json, Json]] = {
    "a giant foreach": (
        {"t": {"foreach": [str(n) for n in range(300_000)], "do": {"cmd": "x ${item}", "outs": ["o${item}"]}}},
        {f"t@{n}": {"cmd": f"x {n}"} for n in range(1000)},
    ),
    "a giant matrix": (
        {"t": {"matrix": {k: list(range(5000)) for k in "abcde"}, "cmd": "x"}},
        {"t@1-1-1-1-1": {"cmd": "x"}},
    ),
    "many stages of long text": (
        {"t": {"foreach": list(range(19_000)), "do": {"cmd": "${long}${long}"}}},
        {f"t@{n}": {"cmd": "x"} for n in range(19_000)},
    ),
    "a foreach that names itself": ({"t": {"foreach": "${t}", "do": {"cmd": "${item}"}}}, {"t@x": {"cmd": "x"}}),
    "many declarations": (
        {f"t{n}": {"cmd": "${x}", "deps": ["${x}"]} for n in range(20_000)},
        {f"t{n}": {} for n in range(20_000)},
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_stands_for_too_much_is_a_gap(name: str) -> None:
    """A few letters that stand for hours of work are told to be too much, in seconds."""
    stages, lock = BOMBS[name]
    with pace.little(SECONDS):
        project = read(stages, lock, "long: " + "x" * 50_000 + "\nx: y\nt: '${t}'\n")
        told = [
            *project.problems,
            *project.gaps,
            *(text for s in project.stages for text in (*s.findings.problems, *s.findings.gaps)),
        ]
        assert told
