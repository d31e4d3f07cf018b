"""What a run says of a version: which DVC stages, which files, which numbers, and how it came out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import digests, records, tolerances
from govkit.core import reproduction as results
from govkit.core.card import DvcStage
from govkit.core.errors import Usage
from govkit.core.measures import FAIRNESS
from govkit.core.reproduction import FileResult, Reproduction, Sums
from govkit.core.tolerances import Allowed, Tolerance
from tests.unit.core.cards import SHA, card, measures_value, with_fairness, with_metrics

OTHER = digests.sha256(b"other")
THIRD = digests.sha256(b"third")


def stage(name: str, deps: str = "", outs: str = "", file: str = "dvc.yaml") -> DvcStage:
    """Return a DVC stage that reads and writes paths, given with spaces between them."""
    return DvcStage(name=name, file=file, cmd=["true"], deps=deps.split(), outs=outs.split(), params={})


TRAIN = stage("train", "data.csv train.py", "models/m.json")
EVALUATE = stage("evaluate", "models/m.json", "metrics.json")
SPLIT = [stage("split@a", "data.csv", "parts/a"), stage("split@b", "data.csv", "parts/b")]
JOIN = stage("join", "parts", "joined", file="sub/dvc.yaml")


def names(stages: list[DvcStage]) -> list[str]:
    """Return how stages are called."""
    return [results.label(one) for one in stages]


# -- which DVC stages ----------------------------------------------------------------------------------------------


def test_each_comes_after_those_that_it_reads_from() -> None:
    """A folder that is read around what another writes counts, too; those that read nothing come by name."""
    assert names(results.choose([JOIN, EVALUATE, *SPLIT, TRAIN], [])) == [
        *("split@a", "split@b", "train", "evaluate"),
        "sub/dvc.yaml:join",
    ]


@given(st.permutations([TRAIN, EVALUATE, *SPLIT, JOIN]))
def test_order_of_the_card_does_not_matter(stages: list[DvcStage]) -> None:
    """The order is that of the graph."""
    assert results.choose(stages, []) == results.choose([TRAIN, EVALUATE, *SPLIT, JOIN], [])


def test_circles_end() -> None:
    """DVC refuses such a graph; here it only must not go on for ever."""
    assert len(results.choose([stage("a", "x", "y"), stage("b", "y", "x")], [])) == 2


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["evaluate"], ["evaluate"]),
        (["evaluate", "train"], ["train", "evaluate"]),
        (["split"], ["split@a", "split@b"]),
        (["split@b"], ["split@b"]),
        (["sub/dvc.yaml:join"], ["sub/dvc.yaml:join"]),
        (["join"], ["sub/dvc.yaml:join"]),
    ],
)
def test_only(only: list[str], expected: list[str]) -> None:
    """Stages are named by name, by file and name, or by the template that they come of."""
    assert names(results.choose([TRAIN, EVALUATE, *SPLIT, JOIN], only)) == expected


def test_unknown_stage_is_named_with_those_that_there_are() -> None:
    """A typing error is told as such."""
    with pytest.raises(Usage, match="no DVC stage 'evalute' of this version; did you mean 'evaluate'") as error:
        results.choose([TRAIN, EVALUATE], ["evalute"])
    assert error.value.why == "it descends from: evaluate, train"


def test_downstream() -> None:
    """What follows from a stage is what reads from it, directly or not."""
    chain = [TRAIN, EVALUATE, stage("judge", "metrics.json", "verdict.json"), *SPLIT]
    assert names(results.downstream([TRAIN], chain)) == ["train", "evaluate", "judge"]


# -- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "made", "expected"),
    [
        (Sums(SHA), Sums(SHA, "x"), "identical"),
        (Sums(SHA), Sums(OTHER), "different"),
        (Sums(SHA, "x"), Sums(OTHER, "x"), "different"),  # two files of one MD5 are two files
        (Sums(SHA, is_folder=True), Sums(SHA), "different"),  # the list of a folder's files, written into a file
        (Sums(SHA), None, "missing"),
        (Sums(None, "x"), Sums(OTHER, "x"), "identical"),
        (Sums(None, "x"), Sums(OTHER, "y"), "different"),
        (Sums(None), Sums(OTHER, "y"), "unknown"),
    ],
)
def test_file(was: Sums, made: Sums | None, expected: str) -> None:
    """SHA-256 decides where the card has one, else DVC's MD5, else nothing is known."""
    (found,) = results.compare_files([TRAIN], "models/m.json", {"models/m.json": was}, {"models/m.json": made})
    assert (found.verdict, found.stage) == (expected, "train")


def test_weights_in_a_folder_are_compared_by_themselves() -> None:
    """A gate asks for the digest of the weights, also where the DVC stage writes the folder that they lie in."""
    folder = stage("train", "data.csv", "models")
    assert results.outputs(folder, "models/m.json") == ["models", "models/m.json"]
    assert results.outputs(EVALUATE, "models/m.json") == ["metrics.json"]


def test_what_the_card_says() -> None:
    """The card comes before dvc.lock, which fills in what it does not have."""
    known = results.recorded(card(reports=[{"path": "r", "sha256": OTHER, "size": 1}]), {"r": "1", "x": "2.dir"})
    assert known["models/m.json"] == Sums(SHA, "0" * 32)
    assert (known["r"], known["x"]) == (Sums(OTHER), Sums(None, "2.dir", is_folder=True))


def files(**verdicts: str) -> list[FileResult]:
    """Return results of the stages ``train`` and ``evaluate``."""
    paths = {"train": "models/m.json", "evaluate": "metrics.json"}
    return [
        FileResult(
            path=paths[name], stage=name, recorded=SHA, made=OTHER if verdict != "identical" else SHA, verdict=verdict
        )  # type: ignore[arg-type] # fmt: skip
        for name, verdict in verdicts.items()
    ]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ({"train": "identical", "evaluate": "identical"}, []),
        ({"train": "different", "evaluate": "different"}, ["train"]),
        ({"train": "different", "evaluate": "identical"}, ["train"]),
        ({"train": "identical", "evaluate": "different"}, ["evaluate"]),
        ({"train": "missing", "evaluate": "different"}, ["train"]),
    ],
)
def test_where_differences_begin(verdicts: dict[str, str], expected: list[str]) -> None:
    """A stage that read something else is not to blame for what it wrote."""
    assert names(results.begins([TRAIN, EVALUATE], files(**verdicts))) == expected


# -- numbers -------------------------------------------------------------------------------------------------------

AUC = {"auc": {"value": 0.8, "interval": [0.7, 0.9], "n": 100}, "loss": 2.0}
CARD = with_metrics(AUC)
KEYS = ["auc", "auc.lower", "auc.n", "auc.upper", "loss"]


@pytest.mark.parametrize(
    ("amount", "was", "made", "expected"),
    [
        (Allowed(), 1.0, 1.0, True),
        (Allowed(), 1.0, 1.0 + 1e-12, False),
        (Allowed(0.01), 0.8, 0.81, True),  # whose difference is 0.010000000000000009
        (Allowed(0.01), 0.8, 0.8101, False),
        (Allowed(0.1, is_relative=True), -2.0, -2.2, True),
        (Allowed(0.1, is_relative=True), -2.0, -2.21, False),
        (Allowed(0.1, is_relative=True), 0.0, 1e-9, False),
        (Allowed(9.0), None, 0.0, False),
        (Allowed(9.0), 0.0, None, False),
        (Allowed(), None, None, True),
    ],
)
def test_allowed(amount: Allowed, was: float | None, made: float | None, expected: bool) -> None:
    """So much, or such a part of what was registered; no number is near to none."""
    assert amount.covers(was, made) is expected


def test_tolerance() -> None:
    """Of a name, of a name that it lies below, of one report's name, or of all."""
    allowed = tolerances.tolerance(["0.1", "auc=1%", "metrics.json:auc.n=5"], CARD)
    found = {name: allowed.of(("metrics.json", name)).words for name in KEYS}
    assert found == {"auc": "1%", "auc.lower": "1%", "auc.n": "5", "auc.upper": "1%", "loss": "0.1"}
    assert tolerances.tolerance([], CARD).of(("metrics.json", "auc")) == Allowed()


@pytest.mark.parametrize("said", ["", "x", "-1", "nan", "inf", "auc=", "aucc=1", "%", "1e999"])
def test_no_tolerance(said: str) -> None:
    """What is no number, or names none, is refused before anything is run."""
    with pytest.raises(Usage):
        tolerances.tolerance([said], CARD)


def near(content: Any, *said: str) -> dict[str, bool]:
    """Return which numbers of a report that a run wrote are within a tolerance."""
    made = tolerances.read_numbers(CARD, {"metrics.json": json.dumps(content).encode()})
    was = tolerances.numbers(CARD.metrics, CARD.fairness)
    found = tolerances.compare_numbers(was, made, ["metrics.json"], tolerances.tolerance(said, CARD))
    return {one.name: one.within for one in found}


def test_numbers() -> None:
    """Values, the ends of intervals, and counts are compared, each with what is allowed for it."""
    assert near(AUC) == dict.fromkeys(KEYS, True)
    moved = {"auc": {"value": 0.81, "interval": [0.71, 0.95], "n": 100}, "loss": 2.0}
    assert near(moved, "0.01") == {**dict.fromkeys(KEYS, True), "auc.upper": False}
    assert near(moved, "auc=10%") == dict.fromkeys(KEYS, True)


@pytest.mark.parametrize("content", [{"auc": AUC["auc"]}, {**AUC, "more": 1.0}, {**AUC, "loss": "2.0"}, [], "x"])
def test_number_that_is_gone_or_new_is_not_within(content: Any) -> None:
    """A report of another form is not excused by any tolerance."""
    assert not all(near(content, "1000").values())


def test_fairness_of_other_data_is_not_within() -> None:
    """The numbers may be the same, and be of something else."""
    attributes = {"AGE": {"groups": {"old": {"n": 5, "rate": 0.5}}, "ratio": {"rate": 0.9}}}
    own = with_fairness(attributes)
    report = {"schema": FAIRNESS, "attributes": attributes}
    made = tolerances.read_numbers(own, {"fairness.json": json.dumps(report).encode()})
    assert made == tolerances.numbers([], own.fairness)
    assert len(made) == 3
    assert tolerances.read_numbers(own, {"fairness.json": json.dumps({**report, "data": "train"}).encode()}) == {}


# -- how it came out -----------------------------------------------------------------------------------------------


def test_verdict() -> None:
    """Bytes that differ are excused by numbers only where a tolerance was named, and there are any."""
    same, other = files(train="identical"), files(train="different", evaluate="different")
    good = tolerances.compare_numbers({("m", "auc"): 0.8}, {("m", "auc"): 0.81}, ["m"], Tolerance(("1",), Allowed(1)))
    bad = tolerances.compare_numbers({("m", "auc"): 0.8}, {}, ["m"], Tolerance(("1",), Allowed(1)))
    named, none = Tolerance(("1",), Allowed(1)), Tolerance()
    assert results.verdict(same, [], none) == "identical"
    assert results.verdict(other, good, named) == "within-tolerance"
    assert results.verdict(other, good, none) == "different"
    assert results.verdict(other, [], named) == "different"
    assert results.verdict(other, [*good, *bad], named) == "different"
    assert results.verdict(files(train="missing"), good, named) == "different"
    assert results.verdict([], good, named) == "different"


@pytest.mark.parametrize(("again", "expected"), [(OTHER, True), (THIRD, False), (SHA, False)])
def test_second_run(again: str, expected: bool) -> None:
    """Only what both runs gave contradicts what was registered."""
    found = files(train="different", evaluate="different")
    told, is_stable = results.repeats(found, {"models/m.json": Sums(again)}, [], {}, Tolerance())
    assert is_stable is expected
    assert [file.repeated for file in told] == [expected, None]


@pytest.mark.parametrize(("second", "expected"), [(0.59, True), (0.75, False), (None, False)])
def test_second_run_within_a_tolerance(second: float | None, expected: bool) -> None:
    """With a tolerance the numbers tell: 0.8 was registered, 0.6 came out, and then something near to that, or not."""
    allowed = Tolerance(("0.05",), Allowed(0.05))
    key = ("metrics.json", "auc")
    far = tolerances.compare_numbers({key: 0.8}, {key: 0.6}, ["metrics.json"], allowed)
    found = files(train="different", evaluate="different")
    again = {"models/m.json": Sums(THIRD), "metrics.json": Sums(THIRD)}
    assert results.repeats(found, again, far, {key: second}, allowed)[1] is expected


def test_report_is_a_record() -> None:
    """It is written in canonical bytes, and read back."""
    report = Reproduction(
        schema=results.SCHEMA,
        model="m",
        version="1.0.0",
        commit="git-sha1:" + "1" * 40,
        card=SHA,
        stages=["train"],
        left=[],
        files=files(train="different"),
        numbers=tolerances.compare_numbers({("m", "auc"): 0.8}, {}, ["m"], Tolerance()),
        begins=["train"],
        tolerance=[],
        runs=2,
        environment={"dvc": "3"},
        verdict="different",
    )
    assert records.from_json(records.to_json(report), Reproduction) == report
    assert measures_value([report])
