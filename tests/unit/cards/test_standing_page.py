"""The page of a version as the log knows it: what is asked, what blocks, who decided, in that order."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from govkit.cards import frameworks, render
from govkit.core.gates.base import Verdict
from govkit.core.standing import Standing, compare_code
from tests.unit.cards.standings import report

HEADINGS = [
    *("What blocks, and why it is asked", "Decide", "Checks", "Against 1.0.0, which serves now", "Metrics", "Fairness"),
    *("What changed since 1.0.0", "What people say", "Plots", "Data", "Lineage", "Parameters", "Runtime contract"),
    *("Approvals and history", "Own keys", "Check this card", "What frameworks ask for"),
]


@pytest.fixture
def page(value: dict[str, Any], build: Any, stood: Callable[..., Standing]) -> Callable[..., str]:
    """Return a function that renders the page of a version."""

    def made(**changed: Any) -> str:
        from markupsafe import Markup

        card, raw = build(value)
        form = changed.pop("form", Markup("<p>the form</p>"))
        return render.page(card, None, raw, stood(card, "1.0.0", **changed), form=form)

    return made


def test_parts_stand_in_the_order_in_which_one_decides(page: Any) -> None:
    """From what blocks to what frameworks ask for."""
    found = [re.sub("<[^>]*>", "", text) for text in re.findall(r"<h2[^>]*>(.*?)</h2>", page())]
    assert found == HEADINGS


def test_first_comes_what_is_asked(page: Any) -> None:
    """One sentence with the version, the stage, what it replaces, and how many checks are not met."""
    shown = page(version="1.1.0")
    assert "You are asked to let 1.1.0 decide in 1.0.0 instead of 1.0.0. 4 of 6 checks are not met." in shown
    assert shown.index("You are asked") < shown.index("Stage asked for") < shown.index("1 of 2") < shown.index("<main")


def test_a_version_is_not_asked_for_instead_of_itself(page: Any) -> None:
    """What is asked for where it serves already, such as when it is to be approved again, replaces nothing."""
    assert "You are asked to let 1.0.0 decide in 1.0.0, where it serves already. 4 of 6 checks are not met." in page()


def test_a_request_that_is_over_asks_nothing(value: dict[str, Any], build: Any, stood: Any) -> None:
    """What became of it is said instead; a version that nobody asks for says where it serves."""
    card = build(value)[0]
    done = replace(stood(card, "1.0.0").asked, state="done")
    assert stood(card, "1.0.0", asked=done).sentence.endswith("is done.")
    assert "serves in 1.0.0; nobody is asked" in stood(card, "1.0.0", asked=None, report=None).sentence
    assert "serves nowhere" in stood(card, "1.0.0", asked=None, report=None, serving=[]).sentence
    override = replace(stood(card, "1.0.0").asked, action="break-glass")
    assert "BY BREAK-GLASS, past the usual gates," in stood(card, "1.0.0", asked=override).sentence


def test_every_check_met_is_said(page: Any) -> None:
    """Where nothing blocks, the page says so, in words and with a sign."""
    shown = page(report=dataclasses_report())
    assert "Nothing blocks it." in shown
    assert "every check is met" in shown


def dataclasses_report() -> Any:
    """Return a report of which everything is met."""
    import msgspec

    return msgspec.structs.replace(report("1.0.0", (Verdict.PASS, Verdict.WAIVED)), open=True)


def test_a_form_may_go_home_only(page: Any) -> None:
    """With a form the policy lets it be sent to where it came from; without one, nowhere."""
    assert "form-action &#39;self&#39;" in page()
    assert "form-action &#39;none&#39;" in page(form=None)


def test_verdicts_have_word_and_sign(page: Any) -> None:
    """No verdict is told by colour alone."""
    shown = page()
    for verdict, sign in (("pass", "✓"), ("fail", "✗"), ("inconclusive", "?"), ("error", "!"), ("waived", "◇")):
        assert f'<span class="verdict {verdict}"><span aria-hidden="true">{sign}</span> {verdict}</span>' in shown


def test_frameworks_say_what_is_missing(value: dict[str, Any], build: Any, stood: Any) -> None:
    """What only the log has is missing on the hook's page and there on the other; nothing is called compliant."""
    card, raw = build(value)
    draft, known = frameworks.mappings(card, None), frameworks.mappings(card, stood(card))
    words = [{row.place: row.word for one in found for row in one.rows} for found in (draft, known)]
    assert [each["Annex IV 6"] for each in words] == ["not covered", "partial"]
    assert [each["MEASURE 1.3"] for each in words] == ["not covered", "partial"]
    by = next(row.by for one in known for row in one.rows if row.place == "Annex IV 6")
    assert by.startswith("version.registered in the log; not shown on this page: promotion.recorded in the log, ")
    assert {row.word for one in known for row in one.rows} <= {"evidenced", "partial", "not covered"}
    assert "complian" not in render.page(card, None, raw).lower()


def test_compare_code_is_of_all_that_is_signed() -> None:
    """Eight characters, the same for the same words, others for any other."""
    body = {"request": "sha256:00", "decision": "approve", "comment": "é"}
    code = compare_code("m", "decision.recorded", body, {"card.json": "sha256:00"})
    assert re.fullmatch("[A-Z2-7]{4}-[A-Z2-7]{4}", code)
    assert code == compare_code("m", "decision.recorded", dict(reversed(body.items())), {"card.json": "sha256:00"})
    others = [
        compare_code("n", "decision.recorded", body, {"card.json": "sha256:00"}),
        compare_code("m", "decision.recorded", body | {"decision": "reject"}, {"card.json": "sha256:00"}),
        compare_code("m", "decision.recorded", body, {"card.json": "sha256:01"}),
    ]
    assert len({code, *others}) == 4
