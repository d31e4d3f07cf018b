"""What the page and the Markdown of a card say, and that they always say it in the same bytes."""

import base64
import hashlib
import html
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from govkit.cards import render
from govkit.core import digests
from govkit.core.card import STATEMENTS
from govkit.core.draft import Draft
from govkit.core.errors import Malformed
from govkit.core.gates.base import Verdict

SIGNS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "error": "!", "pending": "…", "waived": "◇"}
BOTH = pytest.mark.parametrize("function", [render.page, render.markdown])
Drafted = Callable[..., Draft]


class Words(HTMLParser):
    """Reads the words of a page, and what its head says."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tag, self.style, self.policy, self.ids = "", "", "", list[str]()
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if "id" in given:
            self.ids.append(given["id"] or "")

    def handle_data(self, data: str) -> None:
        if self.tag == "style":
            self.style += data
            self.tag = ""
        else:
            self.words += data.split()

    def __str__(self) -> str:
        return " ".join(self.words)


def text_of(function: Any, *arguments: Any) -> str:
    """Return what a reader reads: a page's words, or the Markdown without its escapes and references."""
    source = function(*arguments)
    if function is render.page:
        return str(Words(source))
    return html.unescape(re.sub(r"\\([^\w\s])|</?(?:span|code)>|`", r"\1", source))


def empty(value: dict[str, Any]) -> dict[str, Any]:
    """Return a card that says as little as a card can."""
    lineage = {key: {} if key == "params" else [] for key in value["lineage"]}
    nothing: dict[str, Any] = {
        key: [] for key in ("evaluation_data", "metrics", "fairness", "plots", "profiles", "reports")
    }
    weights = value["weights"] | {"md5": None, "sha256": None, "size": None}
    return {
        "schema": value["schema"],
        "model": value["model"] | {"description": "", "labels": []},
        "weights": weights,
        "lineage": lineage,
        "statements": {"schema": "govkit.model/v1"},
        **nothing,
    }


@BOTH
def test_same_bytes_in_another_process(value: Any, build: Any, function: Any, tmp_path: Path) -> None:
    """Neither hash seed, time zone, locale nor the process changes a byte."""
    card, raw = build(value)
    here = function(card, None, raw)
    assert here == function(card, None, raw)
    (tmp_path / "card.json").write_bytes(raw)
    script = (
        "import hashlib, pathlib, sys; from govkit.cards import render; from govkit.core.card import parse; "
        "raw = pathlib.Path(sys.argv[1]).read_bytes(); made = getattr(render, sys.argv[2])(parse(raw), None, raw); "
        "print(hashlib.sha256(made.encode()).hexdigest())"
    )
    settings = {"PYTHONHASHSEED": "7", "TZ": "Asia/Taipei", "LC_ALL": "C", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, str(tmp_path / "card.json"), function.__name__]
    there = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def test_only_the_own_style_applies(value: Any, build: Any) -> None:
    """The content security policy allows nothing but the one style sheet, by its hash."""
    card, raw = build(value)
    page = Words(render.page(card, None, raw))
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|//", page.style)


def test_ids_are_unique(value: Any, build: Any, drafted: Drafted) -> None:
    """Each id is given once, so that labels and links lead to one place."""
    value["fairness"] *= 2
    value["profiles"] *= 2
    card, raw = build(value)
    ids = Words(render.page(card, drafted(raw), raw)).ids
    assert len(ids) == len(set(ids))


@BOTH
def test_verdicts_are_words_and_signs(value: Any, build: Any, drafted: Drafted, function: Any) -> None:
    """Each verdict stands there as its word with its sign, and pending says that it is decided later."""
    card, raw = build(value)
    shown = text_of(function, card, drafted(raw), raw)
    for verdict, sign in SIGNS.items():
        assert f"{sign} {verdict}" in shown
    assert "decided later: said" in shown
    assert "blocked by 3 checks; 1 check decided later" in shown
    assert "In the way: said (fail), said (inconclusive), said (error)." in shown


@BOTH
@pytest.mark.parametrize(
    ("verdicts", "summary"),
    [
        ((Verdict.PASS, Verdict.WAIVED), "✓ every check is open"),
        ((Verdict.PASS, Verdict.PENDING), "… nothing blocks it so far; 1 check decided later"),
        ((Verdict.ERROR,), "✗ blocked by 1 check"),
        ((), "! no requirement is known, and that lets nothing in"),
    ],
)
def test_stage_in_one_line(
    value: Any, build: Any, drafted: Drafted, function: Any, verdicts: tuple[Verdict, ...], summary: str
) -> None:
    """A stage's summary is no better than its checks; none at all is no pass."""
    card, raw = build(value)
    assert summary in text_of(function, card, drafted(raw, verdicts=verdicts), raw)


@BOTH
def test_draft_of_another_card_is_called_out(value: Any, build: Any, drafted: Drafted, function: Any) -> None:
    """A draft that belongs to other bytes is named at the top, with their digest."""
    card, raw = build(value)
    shown = text_of(function, card, drafted(b"other"), raw)
    assert shown.index("not of this card, but of another one") < shown.index("How this version would stand")
    assert digests.sha256(b"other") in shown
    assert "not of this card" not in text_of(function, card, drafted(raw), raw)


@BOTH
def test_without_a_draft(value: Any, build: Any, function: Any) -> None:
    """Without a policy nothing is required, and the page says that this lets nothing in."""
    card, raw = build(value)
    assert "the working tree has no policy. Nothing is required, so nothing lets this version in" in text_of(
        function, card, None, raw
    )


@BOTH
def test_problems_come_first(value: Any, build: Any, function: Any) -> None:
    """Contradictions, gaps and unusable metrics stand before everything else that is said."""
    card, raw = build(value)
    shown = text_of(function, card, None, raw)
    places = [shown.index(part) for part in ("dvc.lock is older", "data.csv has no digest", "f1: not a number")]
    assert places == sorted(places)
    assert places[-1] < shown.index("the working tree has no policy")


@BOTH
def test_empty_card_says_what_is_missing(value: Any, build: Any, function: Any) -> None:
    """Each section of a card without content says so, and no None slips through."""
    card, raw = build(empty(value))
    shown = text_of(function, card, None, raw)
    for part in (
        "No metrics are reported",
        "No fairness report",
        "No data profile",
        "No parameters",
        "Not provided: nothing",
    ):
        assert part in shown
    assert shown.count("Not provided") >= len(STATEMENTS) + 1
    assert "None" not in shown.replace("None named", "").replace("None: ", "")
    assert "Own keys" not in shown


@BOTH
def test_numbers(value: Any, build: Any, function: Any) -> None:
    """Metrics have value, interval, level and count; parameters have every digit; problems are words."""
    card, raw = build(value)
    shown = text_of(function, card, None, raw)
    for part in ("0.7805", "0.7 to 0.8", "(95 %)", "9,000", "12345678", "0.123456", "20480", "25 %", "5 (5 %)"):
        assert part in shown
    assert "! not usable not a number but null: None" in shown.replace("**", "").replace("usable:", "usable")


@BOTH
def test_digests_are_there_in_full(value: Any, build: Any, drafted: Drafted, function: Any) -> None:
    """Card, weights and data are named by their whole digests, and so is the policy."""
    card, raw = build(value)
    draft = drafted(raw)
    shown = text_of(function, card, draft, raw)
    for digest in (digests.sha256(raw), card.weights.sha256, card.data_digest(), draft.policy):
        assert digest is not None
        assert digest in shown
    assert f"sha256sum governance/model/card.json # {digests.sha256(raw).removeprefix('sha256:')}" in " ".join(
        shown.split()
    )
    assert "govkit card model --check" in shown


@BOTH
def test_commands_are_safe_to_paste(value: Any, build: Any, function: Any) -> None:
    """A name that a shell would run is quoted, and one that looks like an option is a path."""
    value["model"]["name"] = "a; touch x #"
    value["weights"]["path"] = "--help"
    card, raw = build(value)
    shown = text_of(function, card, None, raw)
    assert "govkit card 'a; touch x #' --check" in shown
    assert "sha256sum ./--help" in shown


@BOTH
def test_own_keys_are_shown(value: Any, build: Any, function: Any) -> None:
    """The users' own keys stand on the page though the card does not hold them."""
    card, raw = build(value)
    shown = text_of(function, card, None, raw)
    assert "x-own" in shown
    assert '"note": "ours"' in shown


def test_whole_card_is_on_the_page(value: Any, build: Any) -> None:
    """The bytes of card.json stand on the page as they are."""
    card, raw = build(value)
    assert " ".join(raw.decode().split()) in str(Words(render.page(card, None, raw)))


@BOTH
def test_bytes_that_are_no_card(value: Any, build: Any, function: Any) -> None:
    """Bytes that are not canonical JSON are refused."""
    card, raw = build(value)
    with pytest.raises(Malformed):
        function(card, None, raw + b"\n")


@BOTH
def test_many_metrics_and_groups(value: Any, build: Any, function: Any) -> None:
    """Each of 200 metrics and 40 groups is there."""
    metric, attribute = value["metrics"][0], value["fairness"][0]["attributes"]["SEX"]
    value["metrics"] = [metric | {"name": f"metric-{i}"} for i in range(200)]
    attribute["groups"] = {f"group-{i}": attribute["groups"]["female"] for i in range(40)}
    card, raw = build(value)
    shown = text_of(function, card, None, raw)
    assert all(f"metric-{i} " in shown for i in range(200))
    assert all(f"group-{i} " in shown for i in range(40))
    assert len(function(card, None, raw)) < 200_000


@BOTH
def test_reports_of_other_shapes(value: Any, build: Any, function: Any) -> None:
    """A profile whose parts have unexpected types, and a group without a rate, are shown as they are."""
    value["profiles"][0]["features"] = {
        "a": {"dtype": None, "missing": "many", "quantiles": {}, "counts": {"x": "y"}},
        "b": {"missing": True, "counts": [], "quantiles": [1]},
    }
    value["profiles"][0] |= {"rows": None, "label": {}}
    value["fairness"][0]["attributes"]["SEX"]["groups"]["male"]["rates"] = {}
    card, raw = build(value)
    shown = text_of(function, card, None, raw)
    for part in ("many", '"x": "y"', "not reported", "2 features do not say"):
        assert part in shown
