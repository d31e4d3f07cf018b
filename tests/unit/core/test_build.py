"""The card's builder: what it takes from a commit, and every contradiction and gap that it must see."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from govkit.core import build, canonical, card, digests, modelfile
from govkit.core.build import Facts
from govkit.core.errors import Usage
from tests.unit.core.project import Tree, md5, md5_of_directory

Change = Callable[[Tree], Any]


# -- complete and consistent ------------------------------------------------------------------------------------------


def test_complete_project_has_no_findings() -> None:
    """Where everything is there and agrees, nothing is said."""
    assert Tree().findings() == ([], [])


def test_card_of_the_project() -> None:
    """The card has the model, its lineage without the hook, and the reports, by path and digest."""
    tree = Tree()
    found = card.parse(tree.card())
    assert (
        found.model.name,
        found.model.file,
        found.model.description,
        found.model.labels,
    ) == ("m", "dvc.yaml", "a model", ["x", "1"])
    assert [stage.name for stage in found.lineage.stages] == ["evaluate", "prepare", "train"]
    assert [file.path for file in found.lineage.code] == ["src/evaluate.py", "src/prepare.py", "src/train.py"]
    assert [item.path for item in found.lineage.data] == ["data/raw.csv", "data/test.csv", "data/train.csv"]
    assert found.lineage.outs == []
    assert found.lineage.params == {"params.yaml": {"seed": 1, "train.depth": 3, "train.rate": 0.1}}
    assert [(metric.name, metric.measure.value) for metric in found.metrics] == [("auc", 0.8)]
    assert [report.path for report in found.fairness] == ["reports/fairness.json"]
    assert [(plot.path, plot.title, plot.total) for plot in found.plots] == [("reports/roc.json", "ROC", 2)]
    assert [r.path for r in found.reports] == ["reports/fairness.json", "reports/metrics.json", "reports/roc.json"]
    assert found.statements.owner == "risk"


def test_digests_are_of_the_bytes() -> None:
    """SHA-256 of code, weights and data, beside DVC's MD5 and the size."""
    tree = Tree()
    found = card.parse(tree.card())
    for item in (found.weights, *found.lineage.data):
        data = tree.dvc[item.path]
        assert (md5(data), digests.sha256(data), len(data)) == (item.md5, item.sha256, item.size)
    for file in (*found.lineage.code, *found.reports):
        assert (digests.sha256(tree.bytes_of(file.path)), len(tree.bytes_of(file.path))) == (file.sha256, file.size)


def test_source_of_data() -> None:
    """Tracked data names its .dvc file, and where it was imported from."""
    tree = Tree()
    assert {"data/raw.csv.dvc", ""} == {item["source"] for item in tree.read()["lineage"]["data"]}
    tree.raw["deps"] = [{"path": "https://data.example/raw.csv", "etag": "1"}]
    sources = {item["path"]: item["source"] for item in tree.read()["lineage"]["data"]}
    assert sources["data/raw.csv"] == "data/raw.csv.dvc (https://data.example/raw.csv)"


def test_two_builds_are_identical() -> None:
    """The same tree makes the same bytes."""
    assert Tree().card() == Tree().card()


def test_order_of_mappings_does_not_matter() -> None:
    """Nor does the order in which files, stages, outputs or contents come."""

    def shuffled(value: Any, order: random.Random) -> Any:
        if not isinstance(value, dict):
            return value
        items = [(key, shuffled(item, order)) for key, item in value.items()]
        order.shuffle(items)
        return dict(items)

    expected = Tree().card()
    for seed in range(10):
        order = random.Random(seed)
        tree = Tree()
        tree.git, tree.dvc = shuffled(tree.git, order), shuffled(tree.dvc, order)
        tree.yaml, tree.lock, tree.raw = (shuffled(value, order) for value in (tree.yaml, tree.lock, tree.raw))
        for stage in tree.lock["stages"].values():
            order.shuffle(stage["deps"])
            order.shuffle(stage["outs"])
        facts = tree.facts()
        facts = Facts(facts.paths, shuffled(dict(facts.contents), order), shuffled(dict(facts.sha256), order))
        assert expected == build.build(tree.project(), "m", facts)


def test_unrelated_files_do_not_matter() -> None:
    """What the model does not descend from, the hook's entry, and DVC's own bookkeeping leave the card as it is."""
    expected = Tree().card()
    tree = Tree()
    tree.git["README.md"] = b"other\n"
    tree.git["src/unused.py"] = b"x\n"
    tree.dvc["governance/m/card.html"] = b"<html>other"
    tree.run()
    tree.lock["stages"]["govern"]["cmd"] = tree.yaml["stages"]["govern"]["cmd"] = "govkit hook --all"
    assert expected == tree.card()


def test_extra_bytes_at_hand_do_not_matter() -> None:
    """Who happens to have more bytes makes the same card."""
    tree = Tree()
    facts = tree.facts()
    more = Facts(facts.paths, {**facts.contents, "README.md": b"hello\n"}, {**facts.sha256, "x": "sha256:0"})
    assert tree.card() == build.build(tree.project(), "m", more)


# -- contradictions and gaps ------------------------------------------------------------------------------------------


def external(tree: Tree, path: str) -> None:
    """Let the first DVC stage read something from outside the repository."""
    tree.yaml["stages"]["prepare"]["deps"].append(path)
    tree.lock["stages"]["prepare"]["deps"].append({"path": path, "hash": "md5", "md5": md5(b"x"), "size": 1})


def without(tree: Tree, path: str) -> None:
    """Let the bytes of something DVC tracks be gone."""
    del tree.dvc[path]


def stage_more(tree: Tree, name: str, **stage: Any) -> None:
    """Add a DVC stage that has not run."""
    tree.yaml["stages"][name] = {"cmd": "x", "deps": [], "outs": [], **stage}


PROBLEMS: dict[str, tuple[Change, str]] = {
    "changed code": (
        lambda t: t.git.update({"src/train.py": b"print('other')\n"}),
        "src/train.py is not what DVC stage 'train' ran with: dvc.lock has MD5 "
        f"{md5(Tree().git['src/train.py'])[:12]}…",
    ),
    "changed params": (
        lambda t: t.git.update({"params.yaml": b"seed: 1\ntrain:\n  depth: 4\n  rate: 0.1\n"}),
        "params.yaml: 'train.depth' was changed after DVC stage 'train' ran",
    ),
    "params of another type": (
        lambda t: t.git.update({"params.yaml": b"seed: true\ntrain:\n  depth: 3\n  rate: 0.1\n"}),
        "params.yaml: 'seed' was changed after DVC stage 'train' ran",
    ),
    "params taken out": (
        lambda t: t.git.update({"params.yaml": b"seed: 1\ntrain:\n  rate: 0.1\n"}),
        "params.yaml: 'train.depth' was changed after DVC stage 'train' ran",
    ),
    "params that do not parse": (
        lambda t: t.git.update({"params.yaml": b"seed: [1\n"}),
        "params.yaml does not parse: it is not YAML of plain data",
    ),
    "read other bytes than were written": (
        lambda t: t.entry("train", "deps", "data/train.csv").update(md5=md5(b"other")),
        "data/train.csv: DVC stage 'train' read other bytes than dvc.lock says exist",
    ),
    "read other bytes than are tracked": (
        lambda t: t.raw["outs"][0].update(md5=md5(b"other")),
        "data/raw.csv: DVC stage 'prepare' read other bytes than dvc.lock says exist",
    ),
    "evaluated other weights": (
        lambda t: t.entry("evaluate", "deps", "models/m.json").update(md5=md5(b"better weights")),
        "models/m.json: DVC stage 'evaluate' read other bytes than dvc.lock says exist",
    ),
    "changed metrics": (
        lambda t: t.git.update({"reports/metrics.json": b'{"auc": 0.99}'}),
        "reports/metrics.json was changed after DVC stage 'evaluate' wrote it",
    ),
    "changed fairness": (
        lambda t: t.git.update({"reports/fairness.json": b'{"schema": "govkit.fairness/v1", "attributes": {}}'}),
        "reports/fairness.json was changed after DVC stage 'evaluate' wrote it",
    ),
    "changed plot": (
        lambda t: t.dvc.update({"reports/roc.json": b"[]"}),
        "reports/roc.json was changed after DVC stage 'evaluate' wrote it",
    ),
    "changed command": (
        lambda t: t.yaml["stages"]["train"].update(cmd="python src/train.py --lucky"),
        "DVC stage 'train' of dvc.yaml: its command was changed after it ran",
    ),
    "dvc.yaml that is no mapping": (
        lambda t: t.more.update({"sub/dvc.yaml": None}),
        "sub/dvc.yaml is not a YAML mapping",
    ),
    "an artifact outside": (
        lambda t: t.yaml["artifacts"].update(n={"type": "model", "path": "../n"}),
        "artifact 'n' of dvc.yaml lies outside the repository",
    ),
    "an artifact above": (
        lambda t: t.yaml["artifacts"].update(n={"type": "model", "path": ".."}),
        "artifact 'n' of dvc.yaml lies outside the repository",
    ),
    "an entry without a path": (
        lambda t: t.lock["stages"]["train"]["deps"].append({"md5": "x"}),
        "DVC stage 'train' of dvc.yaml: an entry without a path",
    ),
}


@pytest.mark.parametrize(("change", "problem"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_contradiction_is_a_problem(change: Change, problem: str) -> None:
    """Whatever was changed after the run, alone, is found and named."""
    tree = Tree()
    change(tree)
    assert ([problem], []) == tree.findings()


@pytest.mark.parametrize(
    ("path", "data", "problem"),
    [
        ("reports/metrics.json", b"{", "reports/metrics.json does not parse: Expecting property name"),
        ("reports/metrics.json", b"[" * 5000, "reports/metrics.json does not parse: maximum recursion depth"),
        ("reports/metrics.json", b'{"\\ud800": 1}', "reports/metrics.json does not parse: 'utf-8' codec"),
        ("reports/fairness.json", b'{"schema": "govkit.fairness/v1"}', "reports/fairness.json is not of the form"),
        ("reports/fairness.json", b'{"schema": "govkit.data-profile/v1"}', "reports/fairness.json is not of the form"),
        ("reports/roc.json", b"{}", "reports/roc.json is not a list of points"),
    ],
)
def test_report_that_cannot_be_read_is_a_problem(path: str, data: bytes, problem: str) -> None:
    """A report that was honestly written and cannot be read is not passed over."""
    tree = Tree()
    (tree.git if path in tree.git else tree.dvc)[path] = data
    tree.run()
    problems, gaps = tree.findings()
    assert ([problem], []) == ([text[: len(problem)] for text in problems], gaps)


GAPS: dict[str, tuple[Change, str]] = {
    "missing weights": (
        lambda t: without(t, "models/m.json"),
        "the bytes of models/m.json were not at hand, so their SHA-256 is unknown",
    ),
    "missing data": (
        lambda t: without(t, "data/raw.csv"),
        "the bytes of data/raw.csv were not at hand, so their SHA-256 is unknown",
    ),
    "missing report": (lambda t: without(t, "reports/roc.json"), "the bytes of reports/roc.json were not at hand"),
    "missing metrics": (
        lambda t: t.git.pop("reports/metrics.json"),
        "the bytes of reports/metrics.json were not at hand",
    ),
    "missing code": (
        lambda t: t.git.pop("src/train.py"),
        "src/train.py, read by DVC stage 'train', is neither in Git nor in DVC",
    ),
    "missing params": (
        lambda t: t.git.pop("params.yaml"),
        "params.yaml, the parameters of DVC stage 'train', is not in Git",
    ),
    "data from elsewhere": (
        lambda t: external(t, "https://data.example/x.csv"),
        "https://data.example/x.csv lies outside the repository: its bytes are not under Git or DVC",
    ),
    "data from the machine": (
        lambda t: external(t, "/mnt/x.csv"),
        "/mnt/x.csv lies outside the repository: its bytes are not under Git or DVC",
    ),
    "data from above": (
        lambda t: external(t, "../x.csv"),
        "../x.csv lies outside the repository: its bytes are not under Git or DVC",
    ),
    "no MD5": (
        lambda t: t.entry("train", "deps", "src/train.py").pop("md5"),
        "DVC stage 'train' of dvc.yaml: src/train.py has no MD5",
    ),
    "a stage that has not run": (
        lambda t: stage_more(t, "more", metrics=["models/m.json"]),
        "DVC stage 'more' of dvc.yaml has not run: dvc.lock does not have it",
    ),
    "a templated folder": (
        lambda t: t.yaml["stages"]["train"].update(wdir="${where}/..", cmd="${cmd}"),
        "DVC stage 'train' of dvc.yaml is templated, and not compared with dvc.lock: ${where} leads nowhere",
    ),
}


@pytest.mark.parametrize(("change", "gap"), GAPS.values(), ids=GAPS.keys())
def test_what_is_not_known_is_a_gap(change: Change, gap: str) -> None:
    """What is missing is named, and is no contradiction."""
    tree = Tree()
    change(tree)
    problems, gaps = tree.findings()
    assert problems == []
    assert gap in gaps


def test_picture_is_a_report_by_its_digest() -> None:
    """A plot that is a picture is not read, but held against the lock and digested."""
    tree = Tree()
    tree.dvc["reports/roc.png"] = b"\x89PNG"
    tree.yaml["stages"]["evaluate"]["plots"].append("reports/roc.png")
    tree.run()
    assert tree.findings() == ([], [])
    assert digests.sha256(b"\x89PNG") in {report["sha256"] for report in tree.read()["reports"]}
    tree.dvc["reports/roc.png"] = b"other"
    assert tree.findings() == (["reports/roc.png was changed after DVC stage 'evaluate' wrote it"], [])


def test_missing_data_has_no_digest() -> None:
    """A digest that nobody worked out is null, not the MD5 in other words."""
    tree = Tree()
    without(tree, "data/raw.csv")
    raw = tree.read()["lineage"]["data"][0]
    assert ("data/raw.csv", None, md5(Tree().dvc["data/raw.csv"])) == (raw["path"], raw["sha256"], raw["md5"])


def test_stages_that_make_nothing_of_the_model_may_wait() -> None:
    """A DVC stage that has not run matters only where it would write the weights, metrics or plots."""
    tree = Tree()
    stage_more(tree, "other", outs=["elsewhere.csv"])
    assert tree.findings() == ([], [])


def test_large_report_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report beyond the limit is named and not read."""
    monkeypatch.setattr(build, "MAX_REPORT_BYTES", 10)
    problems, gaps = Tree().findings()
    assert ([], "reports/metrics.json is too large to be read as a report" in gaps) == (problems, True)


# -- parameters -------------------------------------------------------------------------------------------------------


def with_params(tree: Tree, file: str, values: dict[str, Any], *, whole: bool = False) -> None:
    """Let the training declare parameters and have run with these values."""
    tree.yaml["stages"]["train"]["params"].append({file: None if whole else list(values)})
    tree.lock["stages"]["train"]["params"][file] = values


@pytest.mark.parametrize(
    ("file", "content", "values"),
    [
        ("p.yaml", b"a: [1, {b: 2}]\n", {"a.0": 1, "a.1.b": 2}),
        ("p.json", b'{"a": {"b": null}}', {"a.b": None, "a.c": None}),
        ("p.toml", b"a = 1.0\n[b]\nc = 0x10\n", {"a": 1, "b.c": 16}),
        ("p.yaml", b"a: .inf\n", {"a": float("inf")}),
        ("p.yaml", b"a: 1e3\n", {"a": 1000}),
    ],
)
def test_parameters_agree(file: str, content: bytes, values: dict[str, Any]) -> None:
    """Nested names are followed as DVC does, in each format."""
    tree = Tree()
    tree.git[file] = content
    with_params(tree, file, values)
    assert tree.findings() == ([], [])
    assert set(values) == set(tree.read()["lineage"]["params"][file])


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"a: [1]\n", {"a.1": 1}),
        (b"a: [1]\n", {"a.-1": 1}),
        (b"a: [1]\n", {"a.00": 1}),
        (b"a: [1]\n", {"a.\u00b2": 1}),
        (b"a: [1]\n", {"a." + "1" * 5000: 1}),
        (b"a: 0\n", {"a": False}),
        (b"a: '1'\n", {"a": 1}),
        (b"a: 1\n", {"a.b": 1}),
        (b"- 1\n", {"": 1}),
    ],
)
def test_parameters_that_differ(content: bytes, values: dict[str, Any]) -> None:
    """Another type, another place or a name that leads nowhere is a change."""
    tree = Tree()
    tree.git["p.yaml"] = content
    with_params(tree, "p.yaml", values)
    problems, gaps = tree.findings()
    assert ([], [f"p.yaml: '{next(iter(values))}' was changed after DVC stage 'train' ran"]) == (gaps, problems)


def test_parameters_in_python() -> None:
    """Constants are read as DVC reads them, and Python is not run to see what else it says."""
    tree = Tree()
    tree.git["p.py"] = (
        b"import os\na = 1\nclass C:\n    b: float = 0.5\n    def __init__(self):\n        self.c = (1, 'x')\n"
    )
    with_params(tree, "p.py", {"a": 1, "C.b": 0.5, "C.c": [1, "x"]})
    assert tree.findings() == ([], [])
    tree.git["p.py"] = b"a = 2 - 1\nclass C:\n    b, c = 0.5, (1, 'x')\n"
    changed = [f"p.py: '{name}' was changed after DVC stage 'train' ran" for name in ("C.b", "C.c", "a")]
    assert tree.findings() == (changed, [])
    tree.git["p.py"] = b"a = (\n"
    assert tree.findings() == (["p.py does not parse: it is not Python"], [])


def test_whole_file_of_parameters() -> None:
    """Where a DVC stage depends on all of a file, a key that came in later is a change, too."""
    tree = Tree()
    tree.git["p.yaml"] = b"a.b: True\nc: &c {d: 0x10}\ne: {<<: *c, f: 1_000}\n"
    with_params(tree, "p.yaml", {"a.b": True, "c": {"d": 16}, "e": {"d": 16, "f": 1000}}, whole=True)
    assert tree.findings() == ([], [])
    tree.git["p.yaml"] += b"new: null\n"
    assert tree.findings() == (["p.yaml: 'new' was changed after DVC stage 'train' ran"], [])


def test_parameters_declared_since() -> None:
    """A parameter that was declared after the run is a change; one that is declared no more does not count."""
    tree = Tree()
    with_params(tree, "p.yaml", {"a": 1, "b": 2})
    tree.git["p.yaml"] = b"a: 1\n"
    tree.yaml["stages"]["train"]["params"][-1] = {"p.yaml": ["a"]}
    assert tree.findings() == ([], [])
    assert tree.read()["lineage"]["params"]["p.yaml"] == {"a": 1}
    tree.yaml["stages"]["train"]["params"][-1] = {"p.yaml": ["a", "c"]}
    assert tree.findings()[0] == ["DVC stage 'train' of dvc.yaml: its params were changed after it ran"]


# -- MD5 --------------------------------------------------------------------------------------------------------------


def old_hash(tree: Tree, data: bytes) -> None:
    """Let the code be digested as DVC 2 did, with CRLF read as LF."""
    entry = tree.entry("train", "deps", "src/train.py")
    del entry["hash"]
    entry["md5"] = md5(data)


def test_dos2unix_hash() -> None:
    """DVC 2 digested text with CRLF read as LF; either digest is right there, and only there."""
    crlf, lf = b"a\r\nb\r\n", b"a\nb\n"
    for recorded in (crlf, lf):
        tree = Tree()
        tree.git["src/train.py"] = crlf
        old_hash(tree, recorded)
        assert tree.findings() == ([], [])
    tree = Tree()
    tree.git["src/train.py"] = crlf
    tree.entry("train", "deps", "src/train.py").update(md5=md5(lf))
    assert len(tree.findings()[0]) == 1


def folder() -> Tree:
    """Return a project whose training reads a folder of code."""
    tree = Tree()
    tree.git |= {"lib/a.py": b"a\n", "lib/sub/b.py": b"b\n", "lib-old/c.py": b"c\n"}
    tree.yaml["stages"]["train"]["deps"].append("lib")
    tree.run()
    return tree


def test_directory_of_code() -> None:
    """A folder is held against DVC's digest of its files, each of which stands in the card."""
    tree = folder()
    assert tree.findings() == ([], [])
    assert {"lib/a.py", "lib/sub/b.py"} <= {file["path"] for file in tree.read()["lineage"]["code"]}
    assert "lib-old/c.py" not in {file["path"] for file in tree.read()["lineage"]["code"]}


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.git.update({"lib/a.py": b"other\n"}),
        lambda t: t.git.update({"lib/new.py": b""}),
        lambda t: t.git.update({"lib/sub/c.py": t.git.pop("lib/sub/b.py")}),
        lambda t: [t.git.update({"lib": b"a\n"}), t.git.pop("lib/a.py"), t.git.pop("lib/sub/b.py")],
    ],
    ids=["changed", "added", "renamed", "a file now"],
)
def test_changed_directory_of_code(change: Change) -> None:
    """Any change in the folder is found."""
    tree = folder()
    change(tree)
    problems, gaps = tree.findings()
    assert (gaps, len(problems)) == ([], 1)
    assert problems[0].startswith("lib is not what DVC stage 'train' ran with")


def test_directory_of_code_with_files_that_git_has_not() -> None:
    """Files that lay there when it ran, such as compiled code, are in DVC's digest: what they were is not known."""
    tree = folder()
    tree.git.pop("lib/a.py")
    why = "put the others under Git or into .dvcignore"
    assert tree.findings() == ([], [f"lib held 2 files when DVC stage 'train' ran, and Git has 1: {why}"])


def test_directory_of_code_with_files_that_dvc_has_not() -> None:
    """What ``.dvcignore`` names is not in DVC's digest."""
    tree = folder()
    tree.git |= {"lib/notes.tmp": b"x", "lib/sub/x/y.py": b"y"}
    assert len(tree.findings()[0]) == 1
    tree.git |= {".dvcignore": b"*.tmp\n", "lib/sub/.dvcignore": b"x/\n"}
    without = {
        path: data
        for path, data in tree.git.items()
        if path.startswith("lib/") and path[4:] not in ("notes.tmp", "sub/x/y.py")
    }
    tree.entry("train", "deps", "lib").update(md5=md5_of_directory({path[4:]: data for path, data in without.items()}))
    assert tree.findings() == ([], [])


def test_directory_of_data() -> None:
    """A tracked folder has DVC's digest and govkit's own over its files."""
    tree = Tree()
    tree.dvc |= {"images/1.png": b"one", "images/2.png": b"two"}
    tree.yaml["stages"]["prepare"]["deps"].append("images")
    tree.run()
    tree.more["images.dvc"] = {"outs": [tree.entry("prepare", "deps", "images")]}
    assert tree.findings() == ([], [])
    (images,) = [item for item in tree.read()["lineage"]["data"] if item["path"] == "images"]
    expected = digests.directory(
        [
            {"path": "1.png", "sha256": digests.sha256(b"one"), "size": 3},
            {"path": "2.png", "sha256": digests.sha256(b"two"), "size": 3},
        ]
    )
    assert (expected, 2, 6) == (images["sha256"], images["files"], images["size"])


# -- weights and data -------------------------------------------------------------------------------------------------


def uncached() -> Tree:
    """Return a project whose weights and a folder of parts are outputs that Git keeps."""
    tree = Tree()
    tree.git |= {"models/m.json": tree.dvc.pop("models/m.json"), "parts/a": b"1", "parts/b/c": b"2"}
    tree.yaml["stages"]["train"]["outs"] = [{"models/m.json": {"cache": False}}, {"parts": {"cache": False}}]
    tree.run()
    return tree


def test_outputs_in_git() -> None:
    """What a DVC stage writes with ``cache: false`` is known by its bytes in Git, a folder by its listing."""
    tree = uncached()
    assert tree.findings() == ([], [])
    found = tree.read()
    parts = next(item for item in found["lineage"]["outs"] if item["path"] == "parts")
    listing = [{"path": p, "sha256": digests.sha256(tree.git[f"parts/{p}"]), "size": 1} for p in ("a", "b/c")]
    assert (found["weights"]["sha256"], found["weights"]["source"]) == (digests.sha256(b"weights"), "git")
    assert (parts["sha256"], parts["source"], parts["files"]) == (digests.directory(listing), "git", 2)


@pytest.mark.parametrize("path", ["models/m.json", "parts/a", "parts/new"])
def test_outputs_in_git_that_were_changed(path: str) -> None:
    """An output in Git that is not what the DVC stage wrote is a contradiction."""
    tree = uncached()
    tree.git[path] = b"other"
    out = "models/m.json" if path == "models/m.json" else "parts"
    assert tree.findings() == ([f"{out} was changed after DVC stage 'train' wrote it"], [])


def test_files_put_beside_an_output_do_not_stand_for_it() -> None:
    """Whoever puts a file into Git below an output that DVC keeps has not made that output."""
    tree = Tree()
    tree.dvc |= {"parts/a": b"1"}
    tree.yaml["stages"]["train"]["outs"].append("parts")
    tree.run()
    tree.git["parts/b"] = b"2"
    parts = next(item for item in tree.read()["lineage"]["outs"] if item["path"] == "parts")
    assert (parts["sha256"], parts["source"]) == (tree._sha256("parts"), "")


def test_data_in_git_and_in_dvc() -> None:
    """Data that lie in both are known by their bytes; where the two differ that is a contradiction."""
    tree = Tree()
    tree.git["data/raw.csv"] = tree.dvc.pop("data/raw.csv")
    assert tree.findings() == ([], [])
    assert tree.read()["lineage"]["data"][0]["sha256"] == digests.sha256(tree.git["data/raw.csv"])
    tree.git["data/raw.csv"] += b"9,9\n"
    assert tree.findings() == (["data/raw.csv in Git is not what data/raw.csv.dvc tracks"], [])


def test_newer_data_that_nobody_has() -> None:
    """An import whose newest bytes were never fetched has no MD5: a gap, and no digest of the bytes before."""
    tree = Tree()
    del tree.raw["outs"][0]["md5"]
    problems, gaps = tree.findings()
    assert (problems, "data/raw.csv.dvc: data/raw.csv has no MD5" in gaps) == ([], True)


def test_weights_in_git() -> None:
    """Weights that lie in Git have a digest, and no run that made them."""
    tree = Tree()
    tree.git["models/n.json"] = b"weights"
    tree.git["governance/m/model.yaml"] = b"schema: govkit.model/v1\ndata: [models/n.json]\n"
    tree.yaml["artifacts"]["m"]["path"] = "models/n.json"
    found = tree.read()
    assert digests.sha256(b"weights") == found["weights"]["sha256"]
    assert found["weights"]["source"] == "git"
    assert (
        "the weights models/n.json are kept in Git, so no DVC stage says how they were made"
        in (found["lineage"]["gaps"])
    )


def test_weights_nowhere() -> None:
    """Weights that neither Git nor DVC has are a gap."""
    tree = Tree()
    tree.yaml["artifacts"]["m"]["path"] = "models/n.json"
    gaps = tree.findings()[1]
    assert "the weights models/n.json are no output of a DVC stage and not tracked by DVC" in gaps
    assert "models/n.json is neither in Git nor in DVC" in gaps


def test_tracked_weights() -> None:
    """Weights that were added to DVC by hand have their digests; that nothing made them shows in the lineage."""
    tree = Tree()
    tree.dvc["models/n.json"] = b"n"
    tree.more["models/n.json.dvc"] = {"outs": [{"path": "n.json", "md5": md5(b"n"), "size": 1, "hash": "md5"}]}
    tree.yaml["artifacts"]["m"]["path"] = "models/n.json"
    found = tree.read()
    assert (digests.sha256(b"n"), "models/n.json.dvc") == (found["weights"]["sha256"], found["weights"]["source"])
    assert [] == found["lineage"]["stages"] == found["lineage"]["code"]


def test_data_that_model_yaml_names() -> None:
    """Where people name the data, it is what they name; the rest is among the other outputs."""
    tree = Tree()
    tree.git["governance/m/model.yaml"] += b"data: [data/test.csv, README.md]\n"
    found = tree.read()["lineage"]
    assert [item["path"] for item in found["data"]] == ["README.md", "data/test.csv"]
    assert [item["path"] for item in found["outs"]] == ["data/raw.csv", "data/train.csv"]
    assert digests.sha256(b"hello\n") == found["data"][0]["sha256"]
    assert (found["problems"], found["gaps"]) == ([], [])


def test_data_that_is_not_there() -> None:
    """A name that leads nowhere is a gap, and the item has no digest."""
    tree = Tree()
    tree.git["governance/m/model.yaml"] += b"data: [data/none.csv]\nevaluation_data: [data/test.csv]\n"
    found = tree.read()
    assert found["lineage"]["gaps"] == ["data/none.csv is neither in Git nor in DVC"]
    assert found["lineage"]["data"][0]["sha256"] is None
    assert [item["path"] for item in found["evaluation_data"]] == ["data/test.csv"]


# -- statements -------------------------------------------------------------------------------------------------------


def test_users_own_keys_are_carried() -> None:
    """Keys that begin with x- stand in the card as they were written."""
    tree = Tree()
    tree.git["governance/m/model.yaml"] += b"x-team: {a: [1, NO]}\n"
    assert tree.read()["x-team"] == {"a": [1, "NO"]}
    assert card.parse(tree.card()).statements.owner == "risk"


def test_requirements_of_the_contract_are_digested() -> None:
    """The requirements file of the contract has the digest of its blob; a claim of another is overwritten."""
    tree = Tree()
    claim = digests.sha256(b"claimed")
    tree.git["governance/m/model.yaml"] += (
        f"contract:\n  requirements: requirements.txt\n  requirements_sha256: {claim}\n".encode()
    )
    assert digests.sha256(b"xgboost==3.0\n") == tree.read()["statements"]["contract"]["requirements_sha256"]
    del tree.git["requirements.txt"]
    assert tree.read()["statements"]["contract"]["requirements_sha256"] is None
    assert tree.findings()[1] == ["requirements.txt, the requirements of the contract, is not in Git"]


def test_evaluation_data_that_is_not_there() -> None:
    """Numbers that were measured on data nobody has are marked by a gap."""
    tree = Tree()
    tree.git["governance/m/model.yaml"] += b"evaluation_data: [data/holdout.csv]\n"
    assert tree.findings() == ([], ["data/holdout.csv is neither in Git nor in DVC"])


def test_claim_without_requirements_is_dropped() -> None:
    """A digest of no file is not taken over."""
    tree = Tree()
    tree.git["governance/m/model.yaml"] += f"contract:\n  requirements_sha256: {digests.sha256(b'x')}\n".encode()
    assert tree.read()["statements"]["contract"]["requirements_sha256"] is None


def test_no_statements() -> None:
    """Without model.yaml the card says nothing for people, and the tier is the highest."""
    tree = Tree()
    del tree.git["governance/m/model.yaml"]
    assert (tree.read()["statements"]["owner"], tree.read()["statements"]["tier"]) == ("", "high")


@pytest.mark.parametrize(
    "text",
    [
        b"- 1\n",
        b"owner: risk\n",
        b"schema: govkit.model/v2\n",
        b"schema: govkit.model/v1\nownr: risk\n",
        b"schema: govkit.model/v1\nowner: [risk]\n",
        b"schema: govkit.model/v1\ntier: none\n",
        b"schema: govkit.model/v1\nowner: a\nowner: b\n",
        b'schema: govkit.model/v1\nowner: "\\ud800"\n',
        b"\xff",
    ],
)
def test_statements_that_cannot_be_read(text: bytes) -> None:
    """What people wrote wrongly is theirs to mend before there is a card."""
    tree = Tree()
    tree.git["governance/m/model.yaml"] = text
    with pytest.raises(Usage, match=r"governance/m/model.yaml cannot be read"):
        tree.card()


def test_unknown_model() -> None:
    """A model that no dvc.yaml declares has no card; those that are declared are named."""
    with pytest.raises(Usage, match="models declared under artifacts: m"):
        Tree().card("n")


# -- the plan ---------------------------------------------------------------------------------------------------------


def test_plan_asks_for_what_is_needed() -> None:
    """Code, parameters, reports in Git and statements; cached reports; what DVC tracks."""
    tree = Tree()
    wanted = build.plan(tree.project(), "m", tree.git)
    expected = [
        "governance/m/model.yaml",
        "params.yaml",
        "reports/fairness.json",
        "reports/metrics.json",
        "reports/roc.json",
        "src/evaluate.py",
        "src/prepare.py",
        "src/train.py",
    ]
    assert expected == wanted.files
    assert [item.path for item in wanted.reports] == ["reports/roc.json"]
    paths = ["data/raw.csv", "data/test.csv", "data/train.csv", "models/m.json", "reports/roc.json"]
    assert paths == [item.path for item in wanted.items]


def test_paths_beside_a_model_in_a_folder() -> None:
    """A model of a dvc.yaml in a folder has its statements there."""
    assert modelfile.path_of("team/a=m") == "team/a/governance/m/model.yaml"
    assert modelfile.path_of("m") == "governance/m/model.yaml"


def test_card_can_be_read_whatever_the_reports_say() -> None:
    """The card that was built is always one that can be read."""
    for data in (b"{}", b"[]", b"null", b"1e400", b'{"a": NaN, "b": [{"c": true}], "": {"": null}}', b'"x"'):
        tree = Tree()
        tree.git["reports/metrics.json"] = data
        tree.run()
        assert canonical.decode(tree.card())["schema"] == card.SCHEMA
        assert card.parse(tree.card()).model.name == "m"
