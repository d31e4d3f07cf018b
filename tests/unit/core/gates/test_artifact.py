"""Gate ``artifact``."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import measures
from govkit.core.card import Card, DvcStage
from govkit.core.gates import artifact
from govkit.core.gates.artifact import FORMATS, ArtifactGate
from govkit.core.gates.base import Context, Outcome, Verdict
from tests.unit.core.cards import ITEM, WRONG, card, card_value, measures_value

CLEAN = {"files": 1, "dangerous": 0, "suspicious": 0}
GATE = ArtifactGate(formats=[*FORMATS, "own"])


def stage(deps: list[str], outs: list[str], *cmd: str) -> dict[str, Any]:
    """Return a DVC stage that scans its dependencies, or runs other commands."""
    scan = f"govkit scan {' '.join(deps)} -o {' '.join(outs)}"
    return {"name": "scan", "file": "dvc.yaml", "cmd": list(cmd or [scan]), "deps": deps, "outs": outs, "params": {}}


def model(
    name: str, path: str, scan: Any = None, *, stages: Any = None, at: str = "reports/scan.json", **weights: Any
) -> Card:
    """Return a card with weights in a format, and what a scan of them reports."""
    own = [stage([path], [at])] if stages is None else stages
    return card(
        weights={**ITEM, "path": path, **weights},
        lineage={**card_value()["lineage"], "stages": own},
        metrics=[] if scan is None else measures_value(measures.metrics(at, scan)),
        statements={"schema": "govkit.model/v1", "contract": {"format": name}},
    )


def judge(gate: ArtifactGate, one: Card) -> Outcome:
    """Return the outcome, having checked that only a pass needs no fix."""
    outcome = gate.decide(Context(one))
    assert (outcome.fix == "") == outcome.verdict.opens
    return outcome


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("xgboost-json", "m.json", Verdict.PASS),
        (" xgboost-json\n", "m.JSON", Verdict.PASS),
        ("xgboost-ubj", "m.ubj", Verdict.PASS),
        ("safetensors", "m.safetensors", Verdict.PASS),
        ("onnx", "m.onnx", Verdict.PASS),
        ("lightgbm-text", "m.txt", Verdict.PASS),
        ("csv", "m.csv", Verdict.PASS),
        ("xgboost-json", "m.ubj", Verdict.ERROR),
        ("safetensors", "m.pkl", Verdict.ERROR),
        ("safetensors", "m.safetensors.pkl", Verdict.ERROR),
        ("safetensors", "safetensors", Verdict.ERROR),
        ("pickle", "m.json", Verdict.ERROR),
        ("pickle", "m.pkl", Verdict.ERROR),
        ("joblib", "m.joblib", Verdict.ERROR),
        ("torch-pickle", "m.pt", Verdict.ERROR),
        ("keras-h5", "m.h5", Verdict.ERROR),
        ("own", "m.json", Verdict.ERROR),
        ("", "m.json", Verdict.FAIL),
        (" ", "m.json", Verdict.FAIL),
        ("Onnx", "m.onnx", Verdict.FAIL),
        ("else", "m.onnx", Verdict.FAIL),
    ],
)
def test_format_without_a_scan(name: str, path: str, expected: Verdict) -> None:
    """What cannot run code passes by its format and suffix; all else needs a scan."""
    assert expected is judge(GATE, model(name, path)).verdict


@pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if known.code] + ["own"])
@pytest.mark.parametrize(
    ("scan", "expected", "found"),
    [
        (CLEAN, Verdict.PASS, "scan: 1 files, 0 dangerous, 0 suspicious"),
        ({**CLEAN, "dangerous": 1}, Verdict.FAIL, "scan: 1 files, 1 dangerous, 0 suspicious"),
        ({**CLEAN, "suspicious": 1}, Verdict.FAIL, "scan: 1 files, 0 dangerous, 1 suspicious"),
        ({**CLEAN, "files": 0}, Verdict.ERROR, "scan: 0 files, 0 dangerous, 0 suspicious, so nothing was looked at"),
        ({**CLEAN, "files": 0, "dangerous": 1}, Verdict.ERROR, None),
        ({"files": 1, "dangerous": 0}, Verdict.ERROR, "the scan's count 'suspicious' stands there not at all"),
        ({"scan": CLEAN}, Verdict.ERROR, None),
        ({**CLEAN, "": {"dangerous": 0}}, Verdict.ERROR, "the scan's count 'dangerous' stands there twice"),
        (None, Verdict.ERROR, None),
    ],
)
def test_scan(name: str, scan: Any, expected: Verdict, found: str | None) -> None:
    """What can run code passes with a scan that looked at something and found nothing."""
    suffix = FORMATS[name].suffixes[0] if name in FORMATS else ".any"
    outcome = judge(GATE, model(name, f"m{suffix}", scan))
    assert expected is outcome.verdict
    assert found is None or outcome.found.endswith(f"; {found}")


@pytest.mark.parametrize("key", CLEAN)
@pytest.mark.parametrize("raw", [*WRONG.values(), b"-1", b"0.5", b"1.5"], ids=[*WRONG, "below 0", "half", "a fraction"])
def test_wrong_number_is_an_error(raw: bytes, key: str) -> None:
    """A count that is none blocks, whatever the others say."""
    broken = measures.load("scan.json", b'{"x": ' + raw + b"}")["x"]
    gate = ArtifactGate(formats=["pickle"], max_suspicious=10**9)
    for others in (CLEAN, {**CLEAN, "dangerous": 1}):
        assert judge(gate, model("pickle", "m.pkl", {**others, key: broken})).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("stages", "at", "expected"),
    [
        ([stage(["m.pkl"], ["reports/scan.json"])], "reports/scan.json", Verdict.PASS),
        ([stage(["m.pkl", "a"], ["b", "scan.json"])], "scan.json", Verdict.PASS),
        ([stage(["m.pkl"], ["model-scan.json"])], "model-scan.json", Verdict.PASS),
        ([stage(["other.pkl"], ["scan.json"])], "scan.json", Verdict.ERROR),
        ([stage(["m.pkl/part"], ["scan.json"])], "scan.json", Verdict.ERROR),
        ([stage([], ["scan.json"])], "scan.json", Verdict.ERROR),
        ([stage(["m.pkl"], ["other.json"])], "scan.json", Verdict.ERROR),
        ([stage(["m.pkl"], ["metrics.json"])], "metrics.json", Verdict.ERROR),
        ([stage(["m.pkl"], ["a"]), stage(["a"], ["scan.json"])], "scan.json", Verdict.ERROR),
        ([], "scan.json", Verdict.ERROR),
    ],
)
def test_scan_must_have_read_the_weights(stages: Any, at: str, expected: Verdict) -> None:
    """A report that no DVC stage wrote from these very weights is no scan of them."""
    outcome = judge(GATE, model("pickle", "m.pkl", CLEAN, stages=stages, at=at))
    assert expected is outcome.verdict
    assert outcome.fix in ("", "add a DVC stage that runs 'govkit scan'")


def test_worst_of_several_scans() -> None:
    """Where two scanners looked, neither may have found anything."""
    paths = ["a/scan.json", "b/scan.json"]
    found = [*measures.metrics(paths[0], CLEAN), *measures.metrics(paths[1], {**CLEAN, "dangerous": 2})]
    one = model("pickle", "m.pkl", stages=[stage(["m.pkl"], paths)])
    both = card(
        weights={**ITEM, "path": "m.pkl"},
        lineage={**card_value()["lineage"], "stages": [stage(["m.pkl"], paths)]},
        metrics=measures_value(found),
        statements={"schema": "govkit.model/v1", "contract": {"format": "pickle"}},
    )
    assert judge(GATE, one).verdict is Verdict.ERROR
    outcome = judge(GATE, both)
    assert outcome.verdict is Verdict.FAIL
    assert outcome.found == "pickle, which can run code; scan: 1 files, 2 dangerous, 0 suspicious"


@pytest.mark.parametrize("directory", [{"files": 3}, {"files": 0}, {"md5": "0" * 32 + ".dir"}])
def test_directory_has_no_suffix(directory: dict[str, Any]) -> None:
    """Of a directory there is only the word of the contract, so it needs a scan."""
    assert judge(GATE, model("safetensors", "weights.v2", **directory)).verdict is Verdict.ERROR
    assert judge(GATE, model("torch-pickle", "weights.v2", **directory)).verdict is Verdict.ERROR
    assert judge(GATE, model("torch-pickle", "weights.v2", CLEAN, **directory)).verdict is Verdict.PASS
    above = model("torch-pickle", "all/weights", CLEAN, stages=[stage(["all"], ["reports/scan.json"])], **directory)
    assert judge(GATE, above).verdict is Verdict.PASS


def test_formats_that_are_not_allowed() -> None:
    """Only what is on the list is allowed, however safe."""
    outcome = judge(ArtifactGate(formats=["onnx", "safetensors"]), model("xgboost-json", "m.json"))
    assert (Verdict.FAIL, "xgboost-json, which is not allowed") == (outcome.verdict, outcome.found)
    assert outcome.required == "weights as onnx or safetensors, scanned if they can run code"


def test_known_formats() -> None:
    """Every suffix is written as it is compared, and no pickle is called safe."""
    for name, known in FORMATS.items():
        assert known.suffixes, name
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in known.suffixes)
    unsafe = {suffix for known in FORMATS.values() if known.code for suffix in known.suffixes}
    assert unsafe.isdisjoint(suffix for known in FORMATS.values() if not known.code for suffix in known.suffixes)
    assert {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".h5"} <= unsafe


def test_documented_formats() -> None:
    """The reference names exactly the formats that need no scan."""
    text = (ArtifactGate.__doc__ or "").partition("cannot run code: ")[2].partition(". Any other")[0]
    assert [f"``{name}``" for name, known in FORMATS.items() if not known.code] == text.replace(",", "").split()


def test_faults() -> None:
    """A rule that nothing could meet is a fault of the policy."""
    assert ArtifactGate(formats=[]).faults() == ["it names no formats, so nothing could pass"]
    assert ArtifactGate(formats=["onnx", " "]).faults() == ["a format is blank"]
    assert GATE.faults() == []


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.permutations(["pickle", "onnx"]))
def test_fewer_suspicions_never_help(found: int, allowed: int, more: int, formats: list[str]) -> None:
    """What fails with more findings allowed fails with fewer, in whatever order formats are named."""
    one = model("pickle", "m.pkl", {**CLEAN, "suspicious": found})
    tight = judge(ArtifactGate(formats=formats, max_suspicious=allowed), one).verdict
    wide = judge(ArtifactGate(formats=["onnx", "pickle"], max_suspicious=allowed + more), one).verdict
    assert wide is not Verdict.FAIL or tight is Verdict.FAIL
    assert (tight is Verdict.PASS) == (found <= allowed)


def test_a_folder_is_scanned_whatever_its_format_is_called() -> None:
    """A folder may hold a pickle beside, or instead of, what the contract says."""
    gate = ArtifactGate(formats=["safetensors"])
    assert "folder" in judge(gate, model("safetensors", "model", files=3)).found
    assert judge(gate, model("safetensors", "model", files=3)).verdict is Verdict.ERROR
    assert judge(gate, model("safetensors", "model", CLEAN, files=3)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("cmd", "expected"),
    [
        (["govkit scan models/m.pkl -o reports/scan.json"], True),
        (["govkit scan ../models/m.pkl -o reports/scan.json"], False),
        (["govkit scan m.pkl -o scan.json"], True),
        (["govkit scan models/ -o scan.json"], True),
        (["govkit scan --help; python forge.py > reports/scan.json"], False),
        (["govkit scan models/m.pkl -o /dev/null && python forge.py"], False),
        (["govkit scan models/m.pkl -o $(python forge.py)"], False),
        (["govkit scan models/m.pkl -o x", "python forge.py"], False),
        (["govkit scan requirements.txt -o reports/scan.json"], False),
        (["python forge.py models/m.pkl"], False),
        ([], False),
    ],
)
def test_what_counts_as_a_scan(cmd: list[str], expected: bool) -> None:
    """A DVC stage scans if its one command is ``govkit scan`` on the weights, with no shell around it."""
    found = artifact.is_scan(DvcStage(**{**stage([], []), "cmd": cmd}), "models/m.pkl")
    assert expected == found
