"""The verifier: what it loads, what it needs, what it says, and how it fits the tools that people have."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from world import MODEL, World

BARRED = ("dvc", "gto", "celpy", "cel", "pandas", "numpy", "sklearn", "boto3", "jinja2")


def test_verify_loads_nothing_heavy(promoted: World) -> None:
    """In a fresh process ``govkit verify`` imports none of DVC, GTO, the CEL engine and pandas."""
    script = (
        "import sys, json\n"
        "from govkit.cli import common\n"
        "from govkit.cli.main import cli\n"
        f"code = common.run(cli, ['verify', '{MODEL}', '--stage', 'production', '--format', 'json'])\n"
        "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=promoted.repo, env=promoted.env, capture_output=True, text=True, check=True
    )
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert (code, sorted(set(BARRED) & set(loaded))) == (0, [])


def test_a_fresh_clone_proves_with_a_pin(promoted: World) -> None:
    """A clone made by Git alone proves the stage, and says which digests it took on trust."""
    clone = promoted.clone()
    verdict = promoted.govkit("verify", MODEL, "--stage", "production", "--format", "json", repo=clone).json
    assert verdict["verdict"] == "proven"
    assert sorted(verdict["on_trust"]) == ["data/rows.csv", "model.json"]
    assert verdict["proven"] == []


def test_a_pin_can_come_from_option_and_environment(promoted: World) -> None:
    """A root of trust from ``--root`` or ``GOVKIT_ROOT`` proves; another one refuses."""
    root = promoted.log().root_of_trust
    (promoted.folder / "known_roots").unlink()
    promoted.govkit("verify", MODEL, "--stage", "production", "--root", root)
    promoted.env["GOVKIT_ROOT"] = root
    promoted.verify()
    promoted.env["GOVKIT_ROOT"] = "sha256:" + "0" * 64
    assert "not the one that was pinned" in promoted.verify(expect=1).text


def test_trust_shows_people_then_pins(promoted: World) -> None:
    """``trust`` shows root and people; without a terminal it pins only with ``--yes``."""
    (promoted.folder / "known_roots").unlink()
    shown = promoted.govkit("trust", expect=1)
    assert promoted.log().root_of_trust in shown.text
    assert "Rita Riskowner" in shown.text
    assert not (promoted.folder / "known_roots").exists()
    promoted.govkit("trust", "--yes")
    promoted.verify()


def test_gto_reads_every_tag(requested: World) -> None:
    """``gto show`` and ``gto history`` read versions and stages as the log has them."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    shown = json.loads(requested.shell("gto", "show", "--json"))[MODEL]
    assert shown["stage"] == {"production": "v1.1.0", "staging": "v1.0.0"}
    assert shown["version"] == "v1.1.0"
    history = json.loads(requested.shell("gto", "history", "--json"))
    assert {
        f"{MODEL}@v1.0.0",
        f"{MODEL}@v1.1.0",
        f"{MODEL}#staging#1",
        f"{MODEL}#production#2",
        f"{MODEL}#production#3",
    } == {event["ref"] for event in history}
    assert [event["event"] in ("registration", "assignment") for event in history] == [True] * 5


def test_git_verifies_every_tag(promoted: World) -> None:
    """Stock ``git verify-tag`` says good for every tag, given the people's keys."""
    signers = promoted.folder / "allowed_signers"
    signers.write_text("".join(f"{who}@example.org {promoted.key(who).public}\n" for who in ("ada", "remy")))
    for tag in promoted.git("tag", "-l").splitlines():
        promoted.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-tag", tag)


def test_dvc_delivers_what_was_promoted(requested: World, tmp_path: Path) -> None:
    """``dvc artifacts get . MODEL --stage STAGE`` delivers the weights that govkit proves."""
    for stage, slope in (("staging", 0.8), ("production", 0.85)):
        if stage == "production":
            requested.approve("1.1.0", "production", "rita", "vera")
            requested.promote("1.1.0", "production")
        requested.shell("dvc", "artifacts", "get", ".", MODEL, "--stage", stage, "-o", str(tmp_path / stage))
        assert slope == json.loads((tmp_path / stage).read_text())["slope"]
        requested.govkit("get", MODEL, "--stage", stage, "-o", str(tmp_path / f"govkit-{stage}"))
        assert (tmp_path / stage).read_bytes() == (tmp_path / f"govkit-{stage}" / "model.json").read_bytes()


def test_get_in_a_fresh_clone_fetches_from_the_remote(promoted: World, tmp_path: Path) -> None:
    """In a clone without a DVC cache ``get`` fetches from the DVC remote, checks, and leaves card and manifest."""
    clone = promoted.clone()
    target = tmp_path / "served"
    promoted.govkit("get", MODEL, "--stage", "production", "-o", str(target), repo=clone)
    assert sorted(p.name for p in target.iterdir()) == ["card.json", "govkit-manifest.json", "model.json"]
    manifest = json.loads((target / "govkit-manifest.json").read_text())
    assert (manifest["schema"], manifest["promotion"]["version"]) == ("govkit.manifest/v1", "1.0.0")


def test_get_refuses_a_folder_in_use(promoted: World, tmp_path: Path) -> None:
    """``get`` never mixes proven bytes with others: a folder that is in use is refused."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "other").write_text("mine")
    result = promoted.govkit("get", MODEL, "--stage", "production", "-o", str(tmp_path / "served"), expect=2)
    assert "is not an empty folder" in result.text


def test_library_does_what_the_command_does(promoted: World, tmp_path: Path) -> None:
    """The public API gives the same verdict, card and delivery from Python."""
    script = (
        "import govkit, sys\n"
        f"v = govkit.verify('{MODEL}', 'production')\n"
        f"d = govkit.get('{MODEL}', 'production', sys.argv[1])\n"
        "c = govkit.load_card(d.folder / 'card.json')\n"
        f"print(v.verdict, c.model.name, govkit.make_card('{MODEL}').weights.sha256 == v.weights)\n"
    )
    assert f"proven {MODEL} True\n" == promoted.shell("python", "-c", script, str(tmp_path / "served"))


def test_decision_is_signed_once_and_carried_by_anyone(requested: World) -> None:
    """A decision that was signed into a file counts when somebody else submits it later, once."""
    file = requested.folder / "decision.json"
    name = f"{MODEL}@1.1.0#production"
    requested.govkit("approve", name, "--output", str(file), as_="rita")
    requested.approve("1.1.0", "production", "victor")
    requested.govkit("submit", str(file), as_="ada")
    assert "replay" in requested.govkit("submit", str(file), as_="ada", expect=1).text
    requested.promote("1.1.0", "production")
    requested.verify()


def test_min_head(promoted: World) -> None:
    """A log that is shorter than a head that somebody has seen, or differs from it, is refused."""
    head = promoted.log().head
    promoted.govkit("verify", MODEL, "--stage", "production", "--min-head", f"{head.size}:{head.root}")
    longer = promoted.govkit("verify", MODEL, "--stage", "production", "--min-head", str(head.size + 1), expect=1)
    assert "its tail is missing here" in longer.text
    other = f"{head.size - 1}:{head.root}"
    assert (
        "another root" in promoted.govkit("verify", MODEL, "--stage", "production", "--min-head", other, expect=1).text
    )


def test_log_verify_json(promoted: World) -> None:
    """``log verify`` counts events by verdict and names the head that it speaks for."""
    found = promoted.govkit("log", "verify", "--format", "json").json
    assert (found["exit_code"], found["counts"]) == (0, {"good": 9, "inert": 0, "conflict": 0, "undecided": 0})
    assert found["head"]["size"] == 9
