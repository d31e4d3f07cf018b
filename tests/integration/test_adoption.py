"""``init`` on a repository that was there before: nothing of it is disturbed, and nothing of its past is trusted."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from govkit.core import imported
from tests import adoption
from tests.integration.test_how_to import commands
from tests.world import World

PAGE = "adopt-an-existing-repository.md"
REPRO = ("dvc", "repro", "-q", "--single-item", "pricing/dvc.yaml:govern-price", "govern-scorer")


def copy(world: World, folder: Path) -> World:
    """Copy a scene for a test that changes it."""
    shutil.copytree(world.folder, folder, symlinks=True)
    return World(folder)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An old repository, as its users left it; not to be changed."""
    return adoption.old(tmp_path_factory.mktemp("old") / "world")


@pytest.fixture(scope="module")
def adopted(old: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The old repository after ``init`` and a run of the hooks alone; not to be changed."""
    world = copy(old, tmp_path_factory.mktemp("adopted") / "world")
    world.govkit("init", as_="sam")
    world.shell(*REPRO)
    world.commit("Govern", author="Sam Solo <sam@example.org>")
    return world


# -- what is there stays ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["dvc.yaml", "pricing/dvc.yaml", ".gitattributes"])
def test_every_line_stays(old: World, adopted: World, file: str) -> None:
    """Comments, spacing and order of people's files stay: taken out what was added, the bytes are the old ones."""
    before, after = ((world.repo / file).read_text().split("\n") for world in (old, adopted))
    rest = iter(after)
    assert all(line in rest for line in before)  # in this order
    assert len(after) > len(before)


def test_dvc_is_content(adopted: World) -> None:
    """Nothing was trained again, old entries of the lock are what they were, and DVC says that all is up to date."""
    assert adoption.trained(adopted) == "scorer\nprice\n"
    assert adopted.shell("dvc", "status") == "Data and pipelines are up to date.\n"
    adopted.shell("dvc", "repro", "-q", "-P")
    assert adoption.trained(adopted) == "scorer\nprice\n"
    for lock in ("dvc.lock", "pricing/dvc.lock"):
        before = yaml.safe_load(adopted.git("show", f"HEAD~1:{lock}"))["stages"]
        after = yaml.safe_load(adopted.git("show", f"HEAD:{lock}"))["stages"]
        assert before == {name: stage for name, stage in after.items() if name in before}
        assert len(after) == len(before) + 1


def test_gto_says_what_it_said(old: World, adopted: World) -> None:
    """``gto show`` is as before, and govkit reads the tags as GTO does."""
    before = adoption.gto(old, "show", "--json")
    assert before == adoption.gto(adopted, "show", "--json")
    with adopted.session() as session:
        ours = imported.standings(session.imported)
    theirs = json.loads(before)
    stages = {(m.replace(":", "="), s): v for m, row in theirs.items() for s, v in row["stage"].items() if v}
    assert stages == {(one.model, one.stage): f"v{one.version}" for one in ours}


def test_cards_know_both_models(adopted: World) -> None:
    """Each model has a card with its own reports, beside its own ``dvc.yaml``."""
    scorer = json.loads((adopted.repo / "governance/scorer/card.json").read_text())
    price = json.loads((adopted.repo / "pricing/governance/price/card.json").read_text())
    assert [(m["path"], m["name"]) for m in scorer["metrics"]] == [("reports/metrics.json", "auc")]
    assert [m["path"] for m in price["metrics"]] == ["pricing/metrics.json"]
    assert [plot["path"] for plot in scorer["plots"]] == ["reports/roc.csv"]
    assert scorer["lineage"]["problems"] == price["lineage"]["problems"] == []
    said = adopted.git("check-attr", "text", "merge", "--", "pricing/governance/price/card.json").split("\n")
    assert [line.rpartition(": ")[2] for line in said] == ["unset", "unset"]


def test_dry_run_is_the_whole_truth(old: World, adopted: World, tmp_path: Path) -> None:
    """The diff of ``--dry-run``, applied by Git, is what ``init`` writes; the dry run itself leaves nothing."""
    world = copy(old, tmp_path / "world")
    shown = world.govkit("init", "--dry-run", "--format", "json", as_="sam").json
    assert ("", "") == (world.git("status", "--porcelain"), world.git("for-each-ref", "refs/heads/govkit"))
    assert "+    cmd: govkit hook scorer" in world.govkit("init", "--dry-run", as_="sam").out.split("\n")
    world.git("apply", "-", stdin=shown["diff"].encode())
    written = world.git("ls-files", "--others", "--modified", "--exclude-standard").split("\n")
    assert sorted(written) == shown["written"]
    assert "governance/policy.yaml" in written
    for path in written:
        assert (world.repo / path).read_bytes() == (adopted.repo / path).read_bytes(), path


def test_again(adopted: World, tmp_path: Path) -> None:
    """Once more changes nothing; after another model was declared, only what it needs is added."""
    world = copy(adopted, tmp_path / "world")
    refs = world.git("for-each-ref")
    assert "the log was open before" in world.govkit("init", as_="sam").out
    assert ("", refs) == (world.git("status", "--porcelain"), world.git("for-each-ref"))
    text = (world.repo / "dvc.yaml").read_text()
    found = world.govkit("init", "--model", "score=data/test.csv", "--format", "json", as_="sam").json
    assert found["written"] == ["dvc.yaml", "governance/score/model.yaml"]
    after = (world.repo / "dvc.yaml").read_text()
    assert "    cmd: govkit hook score\n" in after  # 'govkit hook scorer' is another model's
    assert set(text.split("\n")) < set(after.split("\n"))
    assert refs == world.git("for-each-ref")


# -- history is history -----------------------------------------------------------------------------------------------


def test_history_is_told_as_imported(adopted: World) -> None:
    """A model's history begins with GTO's tags: imported, signed by nobody; the event's signature covers their list."""
    rows = adopted.govkit("history", "scorer", "--format", "json").json["items"]
    assert {row["status"] for row in rows} == {"imported"}
    assert [row["text"] for row in rows][-1] == "imported: assigned production by tag 'scorer#production#2'"
    assert all("signed by nobody" in row["reason"] for row in rows)
    first = adopted.log().state.judged[0].event
    assert first is not None and imported.EVIDENCE in first.evidence
    assert "proven: 1 events (1 good)" in adopted.govkit("log", "verify").text
    assert "scorer" not in adopted.govkit("doctor").text  # nothing to mend about tags that stayed what they were


def test_history_never_counts(adopted: World, tmp_path: Path) -> None:
    """What GTO assigned is not proven, not delivered, not promoted and not rolled back to."""
    world = copy(adopted, tmp_path / "world")
    said = world.govkit("verify", "scorer", "--stage", "production", expect=1).text
    assert "nothing serves scorer in production" in said and "nobody approved it here" in said
    world.govkit("get", "scorer", "--stage", "production", "--output-dir", str(tmp_path / "out"), expect=1)
    assert "no version is registered" in world.govkit("show").text
    for words in (("promote", "scorer@1.1.0"), ("rollback", "scorer", "--to", "1.1.0", "-m", "x")):
        assert world.govkit(*words, "--stage", "production", as_="sam", expect=None).code in (1, 2)
    world.git("tag", "-d", "scorer@v1.1.0")
    for version in ("1.1.0", "1.0.0"):  # with its tag, and without
        refused = world.govkit("register", f"scorer@{version}", as_="sam", expect=1).text
        assert "it was imported, and history stays" in refused and "choose the next version" in refused
    assert world.log().head.size == 1


def test_tags_of_later_are_nobodys(adopted: World, tmp_path: Path) -> None:
    """A tag of GTO's that is made or moved after the log was opened has no effect, and is named."""
    world = copy(adopted, tmp_path / "world")
    adoption.tag(world, "scorer@v9.0.0", "Registering artifact scorer version v9.0.0", 20)
    world.git("tag", "-d", "scorer@v1.1.0")
    adoption.tag(world, "scorer@v1.1.0", "Registering artifact scorer version v1.1.0", 21)
    world.git("tag", "-d", "scorer#staging#1")
    found = world.govkit("doctor").text
    assert "tag 'scorer@v9.0.0' the log does not know it: " in found
    assert "tag 'scorer@v1.1.0' it was imported, and moved since" in found
    reasons = [row["reason"] for row in world.govkit("history", "scorer", "--format", "json").json["items"]]
    assert [("moved" in text, "not here" in text) for text in reasons][:3] == [
        (False, False),
        (False, True),
        (False, False),
    ]
    assert sum("moved since" in text for text in reasons) == 1
    assert "the tag 'scorer@v1.2.0'" in world.govkit("register", "scorer", as_="sam").text  # not 9.1.0


def test_all_tags_or_none(old: World, tmp_path: Path) -> None:
    """Where the remote has tags that are not here, the log is not opened without them, unless that is said."""
    world = World(tmp_path / "world")
    world.folder.mkdir()
    words = ["git", "clone", "-q", "--no-tags", f"file://{old.repo}", str(world.repo)]
    subprocess.run(words, env=world.env, check=True, capture_output=True)
    world.git("config", "user.name", "Sam Solo")
    world.git("config", "user.email", "sam@example.org")
    said = world.govkit("init", as_="sam", expect=2).text
    assert "8 tags of GTO's are not in this clone" in said and "git fetch --tags" in said
    assert world.git("status", "--porcelain") == ""
    shown = world.govkit("init", "--no-import", "--dry-run", "--format", "json", as_="sam").json
    assert (shown["imported"], "waive:" in shown["diff"]) == (0, False)


# -- the page ---------------------------------------------------------------------------------------------------------


def test_page(old: World, tmp_path: Path) -> None:
    """The page's commands, in their order: the live model is proven with the weights that it always had."""
    world = copy(old, tmp_path / "world")
    shutil.copy(f"{world.key_path('kim')}.pub", world.repo.parent / "kim.pub")
    lines = [line.replace("kim.pub", "../kim.pub") for line in commands(PAGE)]
    end = (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%d")
    script = ["set -eu"]
    for line in lines[: next(i for i, line in enumerate(lines) if line.startswith("git switch"))]:
        who = "kim" if line.startswith(("govkit waive", "govkit approve")) else "sam"
        text = line.replace("credit-default", "scorer").replace("2027-03-31", end)
        script.append(f"GOVKIT_KEY={world.key_path(who)} {text}" if line.startswith("govkit") else text)
    out = world.shell("bash", "-c", "\n".join(script))
    assert "PROVEN" in out and "waived by kim until" in " ".join(out.split())
    assert adoption.trained(world) == "scorer\nprice\n"
    live, now = (world.git("show", f"{ref}:dvc.lock") for ref in ("scorer#production#2", "scorer@v1.2.0"))
    weights = [yaml.safe_load(text)["stages"]["train"]["outs"] for text in (live, now)]
    assert weights[0] == weights[1]
    shown = json.loads(adoption.gto(world, "show", "--json"))["scorer"]
    assert ("v1.2.0", "v1.0.0") == (shown["stage"]["production"], shown["stage"]["staging"])


def test_page_when_training_went_on(adopted: World, tmp_path: Path) -> None:
    """The other half of the page: what is live is registered from the tag's commit, with the weights of then."""
    world = copy(adopted, tmp_path / "world")
    (world.repo / "params.yaml").write_text("slope: 2\n")
    world.shell("dvc", "repro", "-q")
    world.commit("Train", author="Sam Solo <sam@example.org>")
    assert "its weights are others than those here" in world.govkit("init", as_="sam").text
    before = adoption.trained(world)
    lines = commands(PAGE)
    script = ["set -eu", f"export GOVKIT_KEY={world.key_path('sam')}"]
    script += [line.replace("credit-default", "scorer") for line in lines if line]
    start = next(i for i, line in enumerate(script) if line.startswith("git switch"))
    world.shell("bash", "-c", "\n".join([*script[:2], *script[start:]]))
    assert before == adoption.trained(world)
    card = json.loads(world.git("show", "scorer@v1.2.0:governance/scorer/card.json"))
    assert card["lineage"]["params"] == {"params.yaml": {"slope": 1}}
    assert (world.repo / "params.yaml").read_text() == "slope: 2\n"
    assert world.git("status", "--porcelain") == ""


# -- nothing to find, and what stops -----------------------------------------------------------------------------------


def test_a_project_in_a_subfolder_without_models(tmp_path: Path) -> None:
    """The outputs are proposed with the command that declares one; then DVC runs in its own folder."""
    world = adoption.start(tmp_path / "world")
    assert "run 'dvc init' first" in world.govkit("init", as_="sam", expect=2).text
    adoption.put(world, {"ml/dvc.yaml": adoption.PRICING_YAML.partition("artifacts:")[0]})
    adoption.put(world, {"ml/train.py": adoption.PROGRAMS["pricing/train.py"]})
    assert "no DVC project around it" in world.govkit("init", as_="sam", expect=2).text
    world.shell("bash", "-c", "cd ml && dvc init -q --subdir")
    assert "run 'dvc repro' first" in world.govkit("init", as_="sam", expect=2).text
    world.shell("bash", "-c", "cd ml && dvc repro -q")
    said = world.govkit("init", as_="sam", expect=2).text
    assert "no model is declared" in said and "govkit init --model price=ml/price.pkl" in said
    lock = (world.repo / "ml/dvc.lock").read_text()
    (world.repo / "ml/dvc.lock").write_text(lock.replace("price.pkl", '"price.pkl\\ngovkit trust --yes; x.pkl"'))
    hostile = world.govkit("init", as_="sam", expect=2).err
    assert "trust --yes" in hostile and not any(line.strip().startswith("govkit trust") for line in hostile.split("\n"))
    (world.repo / "ml/dvc.lock").write_text(lock)
    for wrong in ("price", "price=", "=ml/price.pkl", "p q=ml/price.pkl", "price=ml/other.pkl", "price=../x"):
        world.govkit("init", "--model", wrong, as_="sam", expect=2)
    out = world.govkit("init", "--model", "price=ml/price.pkl", as_="sam").out
    assert "(cd ml && dvc repro) && git add -A && git commit" in out
    world.shell("bash", "-c", "cd ml && dvc repro -q")
    assert (world.repo / "ml/dvc.yaml").read_text().endswith("  price:\n    path: price.pkl\n    type: model\n")
    world.commit("Govern", author="Sam Solo <sam@example.org>")
    assert "the tag 'ml=price@v1.0.0'" in world.govkit("register", "ml=price", as_="sam").text


def test_what_stops_leaves_nothing(old: World, tmp_path: Path) -> None:
    """Without an identity, or with a 'no' at the end, nothing is written at all."""
    world = copy(old, tmp_path / "world")
    world.git("config", "--unset", "user.email")
    said = world.govkit("init", as_="sam", expect=2).text
    assert "Git does not know who you are" in said and "git config user.email" in said
    world.git("config", "user.email", "sam@example.org")
    governance = world.repo / "governance"
    governance.mkdir()
    (governance / "policy.yaml").write_text("schema: govkit.policy/v1\n")
    world.govkit("init", as_="sam", expect=1)
    assert world.git("status", "--porcelain") == "?? governance/"
    assert world.git("for-each-ref", "refs/heads/govkit") == ""


def test_what_may_trouble_is_said(old: World, tmp_path: Path) -> None:
    """Changes that wait, cards that Git would ignore, line ends that differ: each with what to do."""
    world = copy(old, tmp_path / "world")
    with (world.repo / "dvc.yaml").open("a") as file:
        file.write("# mine\n")
    (world.repo / ".gitignore").write_text("trained.log\n*.json\n")
    (world.repo / "train.py").write_bytes((world.repo / "train.py").read_bytes().replace(b"\n", b"\r\n"))
    (world.repo / "pricing/dvc.yaml").write_text(adoption.PRICING_YAML + "    old: {path: old.pkl}\n")
    notes = world.govkit("init", "--dry-run", "--format", "json", as_="sam").json["notes"]
    starts = (
        "dvc.yaml, pricing/dvc.yaml had changes that are not",
        "Git ignores governance files by .gitignore:2:*.json",
    )
    assert [note[: len(start)] for note, start in zip(notes, starts, strict=False)] == [*starts]
    assert notes[2].startswith("train.py: other line ends here than in Git")
    assert notes[3] == "pricing/dvc.yaml declares 'old' without 'type: model': it is not governed"
