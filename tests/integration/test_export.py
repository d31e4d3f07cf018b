"""``govkit export`` on a real log: what the log has, the same from every clone, and nothing without a pin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard
from world import MODEL, World

from govkit.cards.export import FORMATS
from govkit.core import canonical, digests
from govkit.core.events import VersionRevoked

NAME = f"{MODEL}@1.0.0"


def exported(world: World, name: str = NAME, *words: str) -> dict[str, Any]:
    """Return what ``--as json`` prints."""
    text = world.govkit("export", name, "--as", "json", *words).out
    value: dict[str, Any] = canonical.decode(text.encode())
    return value


def summary(world: World, name: str, stage: str) -> tuple[str, str]:
    """Return result and time of a verification summary."""
    words = ("export", name, "--as", "in-toto", "--predicate", "summary", "--stage", stage)
    predicate = world.govkit(*words).json["predicate"]
    return predicate["verificationResult"], predicate["timeVerified"]


def test_json_is_what_the_log_has(promoted: World) -> None:
    """Card, commit, decisions and promotions are those of the log, and the card is the committed one."""
    found = exported(promoted)
    committed = promoted.git("show", f"{found['commit'][9:]}:governance/{MODEL}/card.json")
    assert digests.sha256(committed.encode()) == found["card"]
    assert canonical.encode(found["card_json"]) == committed.encode()
    assert found["commit"] == f"git-sha1:{promoted.git('rev-parse', f'{MODEL}@v1.0.0^{{}}')}"
    state = promoted.log().state
    assert found["head"] == {"size": len(state.tree), "root": f"sha256:{state.tree.roots[-1].hex()}"}
    assert [(d["stage"], d["deed"]["by"], d["role"]) for d in found["decisions"]] == [
        ("staging", "victor", "validator"),
        ("production", "rita", "risk-owner"),
        ("production", "victor", "validator"),
    ]
    assert [(p["stage"], p["kind"], p["until"]) for p in found["promotions"]] == [
        ("staging", "promote", None),
        ("production", "promote", None),
    ]
    assert (found["gates"], found["revoked"]) == (None, None)


def test_every_clone_exports_the_same(promoted: World, tmp_path: Path) -> None:
    """A clone without any bytes of DVC, at another time, writes the same bytes of every format but the refused one."""
    clone = promoted.clone()
    promoted.git("push", "-q", str(clone), "govkit/log:refs/heads/govkit/log", check=False)
    for name in set(FORMATS) - {"mlflow-signature"}:
        words = ("export", NAME, "--as", name, "--stage", "production")
        first = promoted.govkit(*words).out
        assert promoted.govkit(*words, "-o", str(tmp_path / name), repo=clone).out.startswith(str(tmp_path))
        assert (tmp_path / name).read_text() == first


def test_others_read_it(promoted: World) -> None:
    """CycloneDX's validator and huggingface_hub read what a real version gives."""
    for spec, version in (("1.6", SchemaVersion.V1_6), ("1.7", SchemaVersion.V1_7)):
        text = promoted.govkit("export", NAME, "--as", "cyclonedx", "--spec", spec, "--stage", "production").out
        assert JsonStrictValidator(version).validate_str(text) is None
        assert json.loads(text)["declarations"]["claims"]
    card = ModelCard(promoted.govkit("export", NAME, "--as", "huggingface", "--stage", "production").out)
    assert {each.dataset_config for each in card.data.eval_results or []} == {
        None,
        "AGE=young",
        "AGE=old",
        "AGE: all groups",
    }


def test_summary_of_what_serves_is_of_the_day_it_was_let_in(promoted: World) -> None:
    """What was let in passed, as of its promotion; a later policy does not change that."""
    times = [p["deed"]["time"] for p in exported(promoted)["promotions"] if p["stage"] == "production"]
    assert [summary(promoted, NAME, "production")] == [("PASSED", time) for time in times]
    promoted.change_policy("min: 0.7", "min: 0.99")
    assert [summary(promoted, NAME, "production")] == [("PASSED", time) for time in times]


def test_summary_of_what_waits_is_of_the_logs_head(requested: World) -> None:
    """Without approvals it fails; with them it passes, as of the log's last event."""
    assert summary(requested, f"{MODEL}@1.1.0", "production")[0] == "FAILED"
    requested.approve("1.1.0", "production", "rita", "victor")
    head = exported(requested, f"{MODEL}@1.1.0")["time"]
    assert summary(requested, f"{MODEL}@1.1.0", "production") == ("PASSED", head)
    requested.promote("1.1.0", "production")
    assert summary(requested, f"{MODEL}@1.1.0", "production")[0] == "PASSED"
    ended = [p["until"] for p in exported(requested)["promotions"] if p["stage"] == "production"]
    assert ended == [exported(requested, f"{MODEL}@1.1.0")["time"]]


def test_a_revoked_version_fails_and_says_so(promoted: World) -> None:
    """A revocation is in every export, and no summary passes after it."""
    promoted.push_signed("rita", type="version.revoked", body=VersionRevoked(version="1.0.0", reason="leaked"))
    assert summary(promoted, NAME, "production") == ("FAILED", promoted.log().state.effective)
    found = exported(promoted, NAME, "--stage", "production")
    assert found["revoked"]["text"] == "leaked"
    assert found["gates"]["checks"][-1]["gate"] == "revocation"
    assert "REVOKED" in promoted.govkit("export", NAME, "--as", "huggingface").out


def test_nothing_without_a_pin(promoted: World) -> None:
    """Without the pinned root nothing is exported; with another, it is refused."""
    (promoted.folder / "known_roots").unlink()
    result = promoted.govkit("export", NAME, "--as", "json", expect=3)
    assert (result.out, "pinned root" in result.text) == ("", True)
    wrong = promoted.govkit("export", NAME, "--as", "json", "--root", digests.sha256(b"x"), expect=None)
    assert (wrong.code in (1, 3), wrong.out) == (True, "")


def test_wrong_words(promoted: World, tmp_path: Path) -> None:
    """Each mistake is told with what to do, and nothing is printed or written."""
    for words, code, said in (
        ((f"{MODEL}@9.0.0", "--as", "json"), 2, "has no version 9.0.0"),
        ((MODEL, "--as", "json"), 2, "names no version"),
        ((NAME, "--as", "spdx"), 2, "spdx"),
        ((NAME, "--as", "json", "--stage", "nowhere"), 2, "knows no stage 'nowhere'"),
        ((NAME, "--as", "json", "--spec", "1.7"), 2, "--spec is for '--as cyclonedx' only"),
        ((NAME, "--as", "in-toto", "--predicate", "summary"), 2, "--stage STAGE"),
        ((NAME, "--as", "mlflow-signature"), 1, "neither inputs nor outputs"),
        ((NAME, "--as", "json", "-o", str(tmp_path)), 2, "is a folder"),
        ((NAME, "--as", "json", "-o", f"{__file__}/x"), 2, "x cannot be written"),
    ):
        result = promoted.govkit("export", *words, expect=code)
        assert result.out == ""
        assert said in result.text


def test_schemas_are_printed(promoted: World) -> None:
    """``govkit schema`` lists the formats and prints each; a name of none is told with those that there are."""

    def schema(*words: str, expect: int = 0) -> Any:
        return promoted.shell("govkit", "schema", *words, code=expect)

    names = schema().split()
    assert {"govkit.card/v1", "govkit.draft/v1", "govkit.export/v1"} <= set(names)
    assert json.loads(schema("card")) == json.loads(schema("govkit.card/v1"))
    published = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schemas"
    assert schema("draft/v1") == (published / "govkit.draft.v1.json").read_text()
    schema("cart", expect=2)
