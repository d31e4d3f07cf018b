"""Attack 31: "a path that leaves the repository (artifact path, model name, evidence name, archive member)".

Refused where names and paths are read (nothing but plain relative ones is a model, an artifact or a piece of evidence)
and where files are written (never through a symbolic link).
"""

from __future__ import annotations

import json
from pathlib import Path

import forge
import pytest
from world import MODEL, World

from govkit.core import canonical, digests

REQUEST = f"{MODEL}@1.1.0#production"


def _edit(world: World, name: str, old: str, new: str) -> None:
    path = world.repo / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


# -- artifacts and models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["../outside.json", "a/../../outside.json", "..", "/etc/passwd"])
def test_an_artifact_outside(promoted: World, path: str) -> None:
    """An artifact whose path leads out of the repository is no model, and the reason is told."""
    (promoted.folder / "outside.json").write_text("{}")
    _edit(promoted, "dvc.yaml", "path: model.json", f"path: {path}")
    promoted.commit("Weights from elsewhere")
    for words in (("card", MODEL), ("hook", MODEL), ("lineage", MODEL)):
        result = promoted.govkit(*words, expect=2)
        assert "artifact 'scorer' of dvc.yaml lies outside the repository" in result.text
    result = promoted.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=2)
    assert "lies outside the repository" in result.text


def test_a_dependency_outside(governed: World) -> None:
    """Code or data outside of the repository is a gap that the lineage gate does not let through."""
    outside = governed.folder / "helper.py"
    outside.write_text("pass\n")
    _edit(governed, "dvc.yaml", "      - train.py\n    params", f"      - train.py\n      - {outside}\n    params")
    governed.shell("dvc", "repro", "-q")
    governed.shell("dvc", "repro", "-q", "-f", "-s", "govern")  # the hook does not depend on what others depend on
    governed.commit("Code from elsewhere")
    governed.register("1.0.0")
    result = governed.govkit("gate", f"{MODEL}@1.0.0", "--stage", "staging", expect=1)
    assert "? inconclusive" in result.text and "lies outside the repository" in result.text


@pytest.mark.parametrize("name", ["../evil", "../../evil", "a/../../../evil", "/evil", "evil.lock", "x..y", "a b"])
def test_a_model_whose_name_leads_out(promoted: World, name: str) -> None:
    """A name that leads out of a folder names no model in any command, though dvc.yaml declares it."""
    _edit(
        promoted,
        "dvc.yaml",
        "artifacts:\n",
        f"artifacts:\n  {json.dumps(name)}:\n    path: model.json\n    type: model\n",
    )
    before = sorted(promoted.folder.iterdir())
    for command in ("card", "hook"):
        assert "cannot hold" in promoted.govkit(command, name, expect=2).text
    for words in (("register", f"{name}@1.0.0"), ("promote", name, "--stage", "x"), ("gate", name, "--stage", "x")):
        assert "does not name a model" in promoted.govkit(*words, expect=2).text
    promoted.govkit("verify", name, "--stage", "production", expect=2)
    promoted.govkit("init", as_="rita")
    assert sorted(promoted.folder.iterdir()) == before
    assert not [path for path in promoted.repo.rglob("*evil*") if ".git" not in path.parts]


def test_a_plain_second_model(promoted: World) -> None:
    """The control: a second model with a plain name gets its folder and its card."""
    _edit(promoted, "dvc.yaml", "artifacts:\n", "artifacts:\n  second:\n    path: model.json\n    type: model\n")
    promoted.govkit("init", as_="rita")
    assert (promoted.repo / "governance" / "second" / "model.yaml").is_file()
    promoted.govkit("hook", "second")
    assert json.loads((promoted.repo / "governance" / "second" / "card.json").read_bytes())["model"]["name"] == "second"


# -- evidence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x", "a/b", "/x", "X", ".x", "x\n"])
def test_evidence_with_a_path_for_a_name(requested: World, name: str) -> None:
    """An event that names evidence by anything but a plain file name is malformed, and has no effect."""
    content = json.loads(requested.make_event(actor="vera", type="decision.recorded"))
    content["evidence"] = {name: digests.sha256(b"x")}
    raw = canonical.encode(content)
    requested.push_event(raw, requested.sign("vera", raw))
    assert requested.last().status == "inert" and requested.last().reason.startswith("malformed: ")
    requested.verify()


def test_a_folder_in_a_commit_of_the_log(requested: World) -> None:
    """Files below the top of a log's commit are no evidence, and the commit is reported as irregular."""
    git = requested.repository()
    raw = requested.make_event(actor="vera", type="checkpoint.recorded")
    blobs = {"event.json": raw, "event.json.sig": requested.sign("vera", raw)}
    lines = [f"100644 blob {git.write_object('blob', data)}\t{name}\n" for name, data in blobs.items()]
    inner = git.write_tree({"x": git.write_object("blob", b"x")})
    tree = requested.git("mktree", stdin="".join([*lines, f"040000 tree {inner}\tsub\n"]).encode())
    commit = requested.git("commit-tree", tree, "-p", "govkit/log", "-m", "x")
    requested.git("update-ref", "refs/heads/govkit/log", commit)
    result = requested.govkit("log", "verify", expect=1)
    assert "holds 'sub', which is not a plain file" in result.text


@pytest.mark.parametrize("name", ["../x", "event.json", "event.json.sig", "more.txt"])
def test_a_decision_file_with_more_files(requested: World, name: str) -> None:
    """A carrier is not made to write files that the signer did not name: nothing is appended."""
    file = requested.folder / "vera.json"
    requested.govkit("approve", REQUEST, "--output", str(file), as_="vera")
    value = json.loads(file.read_bytes())
    value["evidence"][name] = "x"
    file.write_bytes(canonical.encode(value) + b"\n")
    head = requested.git("rev-parse", "govkit/log")
    result = requested.govkit("submit", str(file), as_="ada", expect=2)
    assert "other files than the decision names" in result.text
    assert requested.git("rev-parse", "govkit/log") == head
    del value["evidence"][name]
    file.write_bytes(canonical.encode(value) + b"\n")
    requested.govkit("submit", str(file), as_="ada")  # the control
    requested.govkit("log", "verify")


# -- symbolic links ---------------------------------------------------------------------------------------------


def _link(path: Path, target: Path) -> None:
    path.rename(target) if path.exists() else target.mkdir()
    path.symlink_to(target)


def test_the_governance_folder_is_a_link(promoted: World) -> None:
    """Nothing is written through a folder that is a symbolic link to somewhere else."""
    outside = promoted.folder / "outside"
    _link(promoted.repo / "governance" / MODEL, outside)
    before = {path.name: path.read_bytes() for path in outside.iterdir()}
    result = promoted.govkit("hook", MODEL, expect=1)
    assert "is, or lies behind, a symbolic link" in result.text
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == before
    promoted.commit("A link")
    result = promoted.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=2)
    assert f"there is no governance/{MODEL}/card.json in this commit" in result.text


def test_governance_itself_is_a_link(promoted: World) -> None:
    """The same for the folder above; init and people add write nothing there either."""
    outside = promoted.folder / "outside"
    _link(promoted.repo / "governance", outside)
    before = sorted(outside.rglob("*"))
    for words in (("hook", MODEL), ("init", "--key", str(promoted.key_path("rita")))):
        assert "symbolic link" in promoted.govkit(*words, expect=1).text
    promoted.govkit("people", "add", "zoe", "--key", f"{promoted.key_path('zoe')}.pub", expect=1)
    assert sorted(outside.rglob("*")) == before


@pytest.mark.parametrize("name", [f"{MODEL}/card.json", f"{MODEL}/model.yaml", "policy.yaml"])
def test_a_governance_file_is_a_link(promoted: World, name: str) -> None:
    """A link in the place of a file is no file: it is not read, in a commit or in the working tree."""
    path = promoted.repo / "governance" / name
    target = promoted.folder / "elsewhere"
    path.rename(target)
    path.symlink_to(target)
    promoted.commit("A link")
    if name == "policy.yaml":
        assert "there is no governance/policy.yaml" in promoted.govkit("policy", "check", expect=2).text
    elif name.endswith("card.json"):
        for words in (("card", MODEL, "--check"), ("card", MODEL, "--check", "--rev", "HEAD")):
            assert "there is no governance/scorer/card.json" in promoted.govkit(*words, expect=2).text
    else:
        result = promoted.govkit("card", MODEL, "--check", expect=1)
        assert 'statements.owner: says "Risk", should be ""' in result.text
    assert promoted.verify()  # what was promoted before is another commit


def test_the_hook_replaces_a_link(promoted: World) -> None:
    """Where a file that the hook writes is a link, the link is replaced and its target left alone."""
    target = promoted.folder / "elsewhere"
    target.write_text("mine")
    path = promoted.repo / "governance" / MODEL / "card.json"
    path.unlink()
    path.symlink_to(target)
    promoted.govkit("hook", MODEL)
    assert not path.is_symlink() and target.read_text() == "mine"
    forge.committed(promoted)
    promoted.govkit("card", MODEL, "--check")
