"""The card is a pure function of a commit: made twice, anywhere, by anybody, it is the same bytes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from world import MODEL, World

from govkit.storage.git import Repository
from govkit.workflow import cards

CARD = f"governance/{MODEL}/card.json"


def test_forced_run_gives_the_same_card(governed: World) -> None:
    """A second ``dvc repro --force`` changes no byte of card, pages, draft and lock file."""
    names = [f"governance/{MODEL}/{name}" for name in ("card.json", "card.md", "card.html", "request.json")]
    before = {name: (governed.repo / name).read_bytes() for name in [*names, "dvc.lock"]}
    governed.shell("dvc", "repro", "--force", "-q")
    assert before == {name: (governed.repo / name).read_bytes() for name in before}


def test_another_person_on_another_day_makes_the_same_card(governed: World) -> None:
    """In a fresh clone, as another user, in another time zone, language and year, the card is the same."""
    clone = governed.clone()
    env = {**governed.env, "USER": "zoe", "LOGNAME": "zoe", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}
    env |= {"PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "4000000000", "HOME": str(governed.folder / "zoe")}
    for words in (["dvc", "pull", "-q"], ["dvc", "repro", "--force", "-q"]):
        subprocess.run(words, cwd=clone, env=env, check=True, capture_output=True)
    assert (governed.repo / CARD).read_bytes() == (clone / CARD).read_bytes()


def test_committed_card_is_what_its_commit_makes(governed: World) -> None:
    """``card --check`` says so for the working tree and for the commit."""
    for words in ((), ("--rev", "HEAD")):
        assert "byte for byte" in governed.govkit("card", MODEL, "--check", *words).text


def test_edited_card_is_found(governed: World) -> None:
    """``card --check`` names what was edited, with both values."""
    path = governed.repo / CARD
    path.write_bytes(path.read_bytes().replace(b'"value":0.8}', b'"value":0.95}'))
    text = governed.govkit("card", MODEL, "--check", expect=1).text
    assert "metrics[auc].measure.value: says 0.95, should be 0.8" in text


def test_card_of_an_ungoverned_repository(tmp_path: Path, governed: World) -> None:
    """``card`` shows the card of a DVC repository that was never set up for govkit, with its gaps."""
    for name in ("governance", ".git/refs/heads/govkit"):
        subprocess.run(["rm", "-r", str(governed.repo / name)], check=True)
    text = (governed.repo / "dvc.yaml").read_text()
    (governed.repo / "dvc.yaml").write_text(text[: text.index("  govern:")] + text[text.index("artifacts:") :])
    out = governed.govkit("card", MODEL).text
    assert "0.8" in out
    assert "Not provided" in out


def test_lineage_of_any_revision_without_checkout(governed: World) -> None:
    """Lineage of an older commit is read from Git alone, as tree, JSON and Mermaid."""
    old = governed.git("rev-parse", "HEAD")
    governed.retrain(0.9)
    json = governed.govkit("lineage", MODEL, "--rev", old, "--format", "json").json
    assert json["lineage"]["params"] == {"params.yaml": {"slope": 0.8}}
    assert {"from": "train.py", "to": "train"} in json["edges"]
    assert json["lineage"]["problems"] == []
    assert "code  train.py" in governed.govkit("lineage", MODEL, "--rev", old).out
    assert governed.govkit("lineage", MODEL, "--rev", old, "--format", "mermaid").out.startswith("flowchart LR\n")


def test_lineage_agrees_with_dvc(governed: World) -> None:
    """Digests in the lineage are those that DVC's own index reports."""
    script = "import dvc.repo, json; r = dvc.repo.Repo(); print(json.dumps({str(o.fs_path)[len(r.root_dir) + 1:]: o.hash_info.value for o in r.index.outs}))"
    import json

    told = json.loads(governed.shell("python", "-c", script))
    lineage = governed.govkit("lineage", MODEL, "--format", "json").json
    items = [lineage["weights"], *lineage["lineage"]["data"], *lineage["lineage"]["outs"]]
    assert {item["path"]: item["md5"] for item in items} == {item["path"]: told[item["path"]] for item in items}


def test_metrics_of_every_kind_of_file(governed: World) -> None:
    """JSON, YAML, TOML and CSV files that DVC declares come into the card as numbers; a card with the older reading
    of tables is still found to be what its commit makes, and an edited one is not."""
    files = {"m.yaml": "y: 0.1", "m.toml": "t = 0.2", "m.csv": "name,value,lower,upper,n\nc,0.3,0.25,0.35,90"}
    for name, text in files.items():
        (governed.repo / "reports" / name).write_text(text + "\n")
    script = governed.repo / "evaluate.py"
    script.write_text(
        script.read_text() + "".join(f"out.joinpath({n!r}).write_text({t + chr(10)!r})\n" for n, t in files.items())
    )
    declared = governed.repo / "dvc.yaml"
    more = "".join(f"      - reports/{name}:\n          cache: false\n" for name in files)
    declared.write_text(declared.read_text().replace("    metrics:\n", f"    metrics:\n{more}", 1))
    governed.shell("dvc", "repro", "-q")
    governed.commit("More metrics")
    tree = cards.WorkTree(governed.repository())
    _, card = cards.read_committed(tree, MODEL)
    measures = {metric.name: metric.measure for metric in card.metrics}
    assert {name: measures[name].value for name in "ytc"} == {"y": 0.1, "t": 0.2, "c": 0.3}
    assert (measures["c"].interval, measures["c"].n) == ((0.25, 0.35), 90)
    older = cards.make(governed.repository(), tree, MODEL, cells="text").raw
    for raw, same in ((older, True), (older.replace(b"0.25", b"0.29"), False)):
        (governed.repo / CARD).write_bytes(raw)
        assert (cards.check(governed.repository(), tree, MODEL).differences == []) is same


def test_own_card_of_this_repository_is_consistent() -> None:
    """The worked example's committed card has no problems, and its pages are those of its commit."""
    root = Path(__file__).resolve().parents[2]
    repository = Repository(root)
    tree = cards.tree_of(repository, None)
    raw, card = cards.read_committed(tree, "credit-default")
    made = cards.make(repository, tree, "credit-default", claims=card)
    assert (made.card.lineage.problems, made.card.lineage.gaps) == ([], [])
    assert raw == made.raw
    assert os.fspath(root)
