"""Reading what pipelines report: every wrong number is named, none is taken for a right one."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import canonical, measures, records
from govkit.core.card import Measure
from govkit.core.errors import Malformed
from tests import pace
from tests.unit.core.strategies import hostile, json_values, scalars

anything = json_values(scalars | st.floats() | st.integers() | st.binary(max_size=4) | st.dates())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (0.5, Measure(value=0.5)),
        (1, Measure(value=1.0)),
        (0, Measure(value=0.0)),
        ({"value": 0.5}, Measure(value=0.5)),
        (
            {"value": 0.5, "interval": [0.4, 0.6], "level": 0.95, "n": 100},
            Measure(value=0.5, interval=(0.4, 0.6), level=0.95, n=100),
        ),
        ({"value": 0.5, "interval": [0.6, 0.7]}, Measure(value=0.5, interval=(0.6, 0.7))),
        ({"value": 0.5, "interval": None, "n": 0}, Measure(value=0.5, n=0)),
        ({"value": 0.5, "n": -1, "level": "high"}, Measure(value=0.5)),
        ({"value": 0.5, "n": True}, Measure(value=0.5)),
        ({"value": 0.5, "n": 2**60}, Measure(value=0.5)),
    ],
)
def test_number_is_read(raw: Any, expected: Measure) -> None:
    """A bare number, or one with interval, level and count."""
    assert expected == measures.measure(raw)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (None, "not a number but null: None"),
        (True, "not a number but true or false: True"),
        (False, "not a number but true or false: False"),
        ("0.9", "not a number but text: 0.9"),
        ("NaN", "not a number but text: NaN"),
        ([0.9], "not a number but a list: [0.9]"),
        ({}, "not a number but null: None"),
        ({"n": 3}, "not a number but null: None"),
        ({"value": {"value": 1}}, "not a number but a mapping: {'value': 1}"),
        (math.nan, "not a number but not finite: nan"),
        (math.inf, "not a number but not finite: inf"),
        (-math.inf, "not a number but not finite: -inf"),
        (10**400, "not a number but not finite: 1" + "0" * 58 + "…"),
        ("x" * 100, "not a number but text: " + "x" * 59 + "…"),
    ],
)
def test_wrong_number_has_a_problem(raw: Any, problem: str) -> None:
    """Whatever is not a finite number has no value, and says why."""
    found = measures.measure(raw)
    assert found.value is None
    assert problem == found.problem


def test_integer_that_python_does_not_write() -> None:
    """TOML reads integers in hexadecimal that Python refuses to write in decimal."""
    content = measures.load("m.toml", b"a = 0x" + b"f" * 5000)
    (metric,) = measures.metrics("m.toml", content)
    assert metric.measure.problem == "not a number but not finite: an integer of more than 4,300 digits"
    assert measures.plain(content) == {"a": "an integer of more than 4,300 digits"}


@pytest.mark.parametrize(
    "interval",
    [
        [],
        [0.1],
        [0.1, 0.2, 0.3],
        [0.3, 0.1],
        [None, 1],
        ["0.1", "0.2"],
        [math.nan, 1],
        [0, math.inf],
        0.1,
        "x",
        {},
        [True, 2],
    ],
)
def test_wrong_interval_is_a_problem(interval: Any) -> None:
    """An interval that is none makes the number unusable, rather than leaving the interval out."""
    found = measures.measure({"value": 0.5, "interval": interval})
    assert found.interval is None
    assert found.problem.startswith("its interval is wrong: ")


@given(anything)
def test_measure_never_raises(raw: Any) -> None:
    """Whatever a report holds is a finite number or has a problem, and has a canonical form."""
    found = measures.measure(raw)
    assert (found.value is None) <= bool(found.problem)
    assert found.value is None or math.isfinite(found.value)
    canonical.encode(records.to_value(found))


# -- metrics ----------------------------------------------------------------------------------------------------------


def test_metrics_are_flattened_as_dvc_does() -> None:
    """Nested keys are joined by dots, items of lists are numbered, a measure stays one."""
    content = {
        "auc": 0.8,
        "test": {"f1": {"value": 0.5, "n": 3}, "by": {"young": 1}},
        "folds": [{"auc": 0.7}, {"auc": 0.9}],
        "one": [{"auc": 0.6}],
        "list": [1, 2],
        "other": {"value": 1, "unit": "eur"},
    }
    found = {metric.name: metric.measure.value for metric in measures.metrics("m.json", content)}
    expected = {
        "auc": 0.8, "folds.0.auc": 0.7, "folds.1.auc": 0.9, "list": None, "one.auc": 0.6, "other.unit": None,
        "other.value": 1, "test.by.young": 1, "test.f1": 0.5,
    }  # fmt: skip
    assert expected == found
    assert sorted(expected) == [metric.name for metric in measures.metrics("m.json", content)]


@pytest.mark.parametrize(
    ("content", "name"), [(0.5, "value"), ({"value": 0.5}, "value"), ("x", "value"), (None, "value")]
)
def test_metrics_file_of_one_number(content: Any, name: str) -> None:
    """A file that is one number reports one metric."""
    assert [name] == [metric.name for metric in measures.metrics("m.json", content)]


def test_too_many_metrics_are_refused() -> None:
    """A file may not hold more metrics than a card can."""
    content = {str(index): 1 for index in range(measures.MAX_METRICS)}
    assert len(measures.metrics("m", content)) == measures.MAX_METRICS
    with pytest.raises(Malformed, match="holds 5001 metrics; 5000 are allowed"):
        measures.metrics("m", {**content, "more": 1})


# -- tables -----------------------------------------------------------------------------------------------------------


def table(text: str, path: str = "m.csv", **more: Any) -> dict[str, Measure]:
    """Return the metrics of a table by name."""
    found = measures.metrics(path, measures.load(path, text.encode()), **more)
    return {metric.name: metric.measure for metric in found}


def test_table_of_one_row_is_a_metric_a_column() -> None:
    """Cells that hold numbers are numbers, in CSV and TSV alike; what is none has a problem."""
    expected = {"auc": Measure(value=0.7), "f1": Measure(value=0.005), "n": Measure(value=-3.0)}
    assert expected == table("auc,f1,n\n0.7, 5e-3,-3\n") == table("auc\tf1\tn\n0.7\t5e-3\t-3\n", "m.TSV")
    wrong = table('a,b,c,d,e,f\nnan,inf,"0,7",1_000,0x10,\n')
    assert all(each.value is None and each.problem for each in wrong.values())
    assert (len(wrong), wrong["a"].problem) == (6, "not a number but text: nan")


def test_table_of_epochs_is_numbered_by_row() -> None:
    """Several rows are numbered, as lists are."""
    assert {"0.auc": 0.7, "1.auc": 0.8} == {name: each.value for name, each in table("auc\n0.7\n0.8\n").items()}


@pytest.mark.parametrize("label", ["name", "metric"])
def test_table_of_names_and_values(label: str) -> None:
    """A row is a metric, with its interval, level and number of observations where the columns are there."""
    text = f"{label},value,lower,upper,level,n\nauc,0.78,0.76,0.79,0.95,9000\nf1,0.5,,,,\nks,,0.1,,,\n"
    found = table(text)
    assert found["auc"] == Measure(value=0.78, interval=(0.76, 0.79), level=0.95, n=9000)
    assert found["f1"] == Measure(value=0.5)
    assert (found["ks"].value, found["ks"].problem) == (None, "not a number but null: None")
    assert table(f"{label},value,lower\nauc,0.7,0.6\n")["auc"].problem == "its interval is wrong: [0.6, None]"


@pytest.mark.parametrize("text", ["name,value\nauc,1\nauc,2\n", "name,value\n,1\n", "name,value\n \n"])
def test_table_with_unclear_names_is_malformed(text: str) -> None:
    """Of two rows with one name a gate must see neither."""
    with pytest.raises(Malformed, match="name"):
        table(text)


def test_table_with_other_columns_keeps_them_all() -> None:
    """A column that is not known is not dropped: its table is taken cell by cell."""
    assert {"0.name", "0.split", "0.value"} == {
        name.replace("1.", "0.") for name in table("name,split,value\na,x,1\na,y,2\n")
    }


def test_first_cards_have_cells_as_text() -> None:
    """The first reading of tables can be had again, for the cards that were made with it."""
    assert table("auc\n0.7\n", cells="text") == {"auc": Measure(value=None, problem="not a number but text: 0.7")}
    assert table("name,value\nauc,1\n", cells="text").keys() == {"name", "value"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("m.json", '{"auc": {"value": 0.78, "interval": [0.76, 0.79], "n": 9000}, "f1": 0.5}'),
        ("m.yaml", "auc: {value: 0.78, interval: [0.76, 0.79], n: 9000}\nf1: 0.5\n"),
        ("m.toml", "f1 = 0.5\n[auc]\nvalue = 0.78\ninterval = [0.76, 0.79]\nn = 9000\n"),
        ("m.csv", "name,value,lower,upper,n\nauc,0.78,0.76,0.79,9000\nf1,0.5,,,\n"),
    ],
)
def test_every_kind_of_metrics_file_says_the_same(path: str, text: str) -> None:
    """JSON, YAML, TOML and CSV give the same measures."""
    assert table(text, path) == {"auc": Measure(value=0.78, interval=(0.76, 0.79), n=9000), "f1": Measure(value=0.5)}


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("m.json", b'{"a": 1}', {"a": 1}),
        ("m.json", '{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        ("M.JSON", b'"\\ud83d\\ude00"', "\U0001f600"),
        ("m.yaml", b"a: &x 1\nb: *x\n", {"a": 1, "b": 1}),
        ("m.yml", b"a: NO", {"a": "NO"}),
        ("m.toml", b"a = 0x10", {"a": 16}),
        ("m.csv", b"a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("m.tsv", b"a\tb\n1\t2\n", [{"a": "1", "b": "2"}]),
    ],
)
def test_kinds_of_reports(path: str, data: bytes, expected: Any) -> None:
    """JSON, YAML, TOML, CSV and TSV, told apart by the suffix."""
    assert expected == measures.load(path, data)
    assert measures.is_report(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "null", "true", '"1"', "[]", "1" * 310])
def test_wrong_numbers_in_files_have_problems(number: str) -> None:
    """Python's JSON reads NaN and infinities; a metric of them has a problem, not a value."""
    (metric,) = measures.metrics("m.json", measures.load("m.json", f'{{"auc": {number}}}'.encode()))
    assert (metric.name, metric.measure.value) == ("auc", None)
    assert metric.measure.problem


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("m.json", b""),
        ("m.json", b"{"),
        ("m.json", b"\xff"),
        ("m.json", b"[" * 100_000),
        ("m.json", b"[" * 61 + b"]" * 61),
        ("m.json", b"1" * 5000),
        ("m.json", b'"\\ud800"'),
        ("m.json", b'{"\\udc00": 1}'),
        ("m.json", b'"\xed\xa0\x80"'),
        ("m.yaml", b"a: [1"),
        ("m.yaml", b"a: 1\na: 2"),
        ("m.yaml", b"!!int x"),
        ("m.yaml", b"[" * 60 + b"]" * 60),
        ("m.toml", b"a = "),
        ("m.toml", b"a = 1\na = 2"),
        ("m.toml", b"\xff"),
        ("m.toml", b"a = " + b"[" * 100_000),
        ("m.csv", b"a\n\xff"),
        ("m.csv", b"a\n" + b"x" * 200_000),
        ("m.txt", b"1"),
        ("m", b"1"),
    ],
)
def test_unreadable_reports_are_malformed(path: str, data: bytes) -> None:
    """What does not parse, or nests too deeply, or is of another kind, is refused with its path."""
    with pace.little(), pytest.raises(Malformed, match=r"^m"):
        measures.load(path, data)


SEEDS = [
    b'{"schema": "govkit.fairness/v1", "attributes": {"age": {"groups": {"a": {"n": 3, "r": 1}}, "ratio": {"r": 1}}}}',
    b"schema: govkit.data-profile/v1\nrows: 3\nfeatures:\n  a: {min: .nan}\n",
    b"a = 0xffff\n[b]\nc = 1979-05-27\nd = inf\n",
    b"a,b\n1,2\n3,4,5\n",
    b'[{"x": 1, "y": NaN}, {"x": 2}]',
]


@settings(max_examples=300)
@given(hostile(*SEEDS), st.sampled_from([".json", ".yaml", ".toml", ".csv", ".tsv"]))
def test_reports_raise_only_malformed(data: bytes, suffix: str) -> None:
    """Whatever lies in a report, each reader makes something of it that a card can hold, or it is malformed."""
    try:
        content = measures.load(f"m{suffix}", data)
    except Malformed:
        return
    read_all(content)


@settings(max_examples=200)
@given(anything)
def test_readers_raise_only_malformed(content: Any) -> None:
    """So it is for values of any form."""
    read_all(content)


def read_all(content: Any) -> None:
    """Let every reader read a value, and write what it made of it."""
    mapping = content if isinstance(content, dict) else {"attributes": content, "features": content}
    for read in (
        lambda: measures.metrics("m", content),
        lambda: measures.fairness("m", mapping),
        lambda: measures.profile("m", mapping),
        lambda: measures.plot("m", content, {}),
    ):
        try:
            found: Any = read()
        except Malformed:
            continue
        canonical.encode([records.to_value(item) for item in (found if isinstance(found, list) else [found])])
    canonical.encode(measures.plain(content))


# -- fairness, profiles, plots ----------------------------------------------------------------------------------------


def test_fairness_report() -> None:
    """Groups with sizes and rates, and the comparisons over them."""
    report = measures.fairness(
        "fair.json",
        {
            "data": "data/test.csv",
            "outcome": "approved",
            "attributes": {
                "age": {
                    "groups": {"young": {"n": 10, "rate": 0.5}, "old": {"n": "many", "rate": None}},
                    "difference": {"rate": 0.1},
                    "ratio": None,
                }
            },
        },
    )
    age = report.attributes["age"]
    assert (report.path, report.data, report.outcome) == ("fair.json", "data/test.csv", "approved")
    assert (age.groups["young"].n, age.groups["old"].n) == (10, None)
    assert Measure(value=0.1) == age.comparison("difference", "rate")
    assert age.comparison("ratio", "rate") is None
    assert age.groups["old"].rates["rate"].problem == "not a number but null: None"


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        [],
        "age",
        {"age": None},
        {"age": {}},
        {"age": {"groups": []}},
        {"age": {"groups": {"a": 1}}},
        {"age": {"groups": {}, "ratio": [1]}},
    ],
)
def test_fairness_of_another_form_is_malformed(attributes: Any) -> None:
    """A report that says its form and has another is refused, not read as empty."""
    with pytest.raises(Malformed, match=r"^fair.json is not of the form"):
        measures.fairness("fair.json", {"attributes": attributes})


def test_profile() -> None:
    """A profile keeps what was reported, as far as a card can hold it."""
    found = measures.profile(
        "p.json",
        {"path": "d.csv", "rows": 3, "label": {"share": math.nan}, "features": {"age": {"min": 1, "max": 2**60}}},
    )
    assert (found.path, found.report, found.rows) == ("d.csv", "p.json", 3)
    assert found.label == {"share": "nan"}
    assert {"age": {"min": 1, "max": str(2**60)}} == found.features


@pytest.mark.parametrize("content", [{"features": None}, {"features": {"a": 1}}, {"features": {}, "label": [1]}])
def test_profile_of_another_form_is_malformed(content: Any) -> None:
    """So it is for profiles; rows that are no count are none."""
    with pytest.raises(Malformed):
        measures.profile("p.json", content)
    assert measures.profile("p.json", {"features": {}, "rows": True}).rows is None


@pytest.mark.parametrize(("total", "kept"), [(0, 0), (1, 1), (100, 100), (101, 100), (2500, 100)])
def test_plot_is_thinned_evenly(total: int, kept: int) -> None:
    """At most a hundred points, the first and the last among them."""
    plot = measures.plot("roc.json", [{"x": index} for index in range(total)], {})
    assert (total, kept) == (plot.total, len(plot.points))
    assert [point["x"] for point in plot.points][: 1 if total else 0] == [0.0][: 1 if total else 0]
    assert not total or plot.points[-1] == {"x": float(total - 1)}


def test_plot_has_its_properties() -> None:
    """Title, axes and points are as dvc.yaml and the file have them; text that is a number is one."""
    content = {"roc": [{"fpr": "0.5", "tpr": 1, "name": "a", "bad": "nan", "no": True}], "more": 1}
    plot = measures.plot("plots/roc.json", content, {"x": "fpr", "y": "tpr", "title": "ROC"})
    assert (plot.title, plot.x, plot.y) == ("ROC", "fpr", ["tpr"])
    assert plot.points == [{"fpr": 0.5, "tpr": 1.0, "name": "a", "bad": None, "no": None}]
    assert (measures.plot("plots/roc.json", [], {"y": ["a", "b"]}).title, ["a", "b"]) == (
        "roc",
        measures.plot("p", [], {"y": ["a", "b"]}).y,
    )


@pytest.mark.parametrize("content", [None, 1, "x", {}, {"a": 1}, [1], [{}, 1], {"a": [1]}])
def test_plot_without_points_is_malformed(content: Any) -> None:
    """A plot is a list of points, or a mapping with one list in it."""
    with pytest.raises(Malformed, match=r"^p.json is not a list of points"):
        measures.plot("p.json", content, {})


def test_plain_keeps_json() -> None:
    """JSON stays as it is; what is not finite, not exact or not JSON becomes its text."""
    value = json.loads('{"a": [1, 2.5, null, true, "x"], "b": {"c": -1}}')
    assert value == measures.plain(value)
    assert ["nan", "inf", str(2**53), {"1": "b'x'"}] == measures.plain([math.nan, math.inf, 2**53, {1: b"x"}])
