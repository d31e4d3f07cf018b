"""The Hugging Face card: ``huggingface_hub`` reads and writes it alike, slices stay apart, and nothing acts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard
from markdown_it import MarkdownIt

from govkit.cards.export import write
from govkit.core import inert

NOTIFIES = re.compile(r"@\w|#\d|(?i:gh-\d)|(?i:https?|mailto):\S|(?i:www)\.\w|:\w+:|\$")


def results(card: ModelCard) -> dict[tuple[str | None, str], EvalResult]:
    """Return results by slice and metric."""
    return {(each.dataset_config, each.metric_type): each for each in card.data.eval_results or []}


def test_round_trips(any_card: Any, any_report: Any, facts: Any) -> None:
    """Reading and writing it with huggingface_hub changes no byte, so no result is lost or merged away."""
    text = write("huggingface", facts(any_card, "because", any_report))
    card = ModelCard(text)
    assert str(card) == text
    measures = [metric["measure"] for metric in any_card["metrics"]]
    for report in any_card["fairness"]:
        for attribute in report["attributes"].values():
            measures += [rate for group in attribute["groups"].values() for rate in group["rates"].values()]
            measures += [*attribute["difference"].values(), *attribute["ratio"].values()]
    usable = [each for each in measures if each["value"] is not None and not each["problem"]]
    assert len(card.data.eval_results or []) == len(usable)


def test_slices_of_the_worked_example(example: Any, facts: Any) -> None:
    """Overall metrics have no configuration, each group is one, with its number of people and interval."""
    card = ModelCard(write("huggingface", facts(example)))
    found = results(card)
    auc = found[None, "auc"]
    assert (auc.metric_value, auc.metric_args) == (
        0.780505,
        {"interval": [0.767734, 0.793487], "level": 0.95, "n": 9000},
    )
    assert auc.dataset_revision == example["evaluation_data"][0]["sha256"]
    old = found["AGE=60 and over", "selection_rate"]
    assert (old.metric_value, old.metric_args["n"]) == (0.642202, 109)  # type: ignore[index]
    assert found["AGE: all groups", "selection_rate_ratio"].metric_value == 0.810795
    assert card.data.library_name == "xgboost"
    assert card.data.model_name == "credit-default@1.2.0"
    assert "60 and over" in card.text


def test_what_has_no_number_stands_in_the_text_only(many: Any, facts: Any) -> None:
    """A metric without a usable number is no result, and the page says what is wrong with it."""
    card = ModelCard(write("huggingface", facts(many)))
    assert (None, "m000") not in results(card)
    assert (None, "m001") in results(card)
    assert card.text.count("not a number but not finite: nan") == 20


def test_an_empty_card_has_no_results(empty: Any, facts: Any) -> None:
    """A card without numbers has front matter without an index, and says that nothing was provided."""
    card = ModelCard(write("huggingface", facts(empty)))
    assert card.data.eval_results is None
    assert "_Not provided_" in card.text


def test_hostile_text_does_not_act(any_card: Any, any_report: Any, facts: Any) -> None:
    """The body has no link, image, HTML element or mention of others; the front matter is one mapping of plain text."""
    card = ModelCard(write("huggingface", facts(any_card, "@you <b>x</b>\n# h", any_report)))
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(card.text)
    inline = [part for token in tokens for part in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & {"link_open", "image", "html_block", "strong_open", "s_open", "fence"}
    assert {part.content for part in inline if part.type == "html_inline"} <= {"<span>", "</span>", "<code>", "</code>"}
    loose = [part.content for part in inline if part.type == "text"]
    assert not [text for text in loose if NOTIFIES.search(text) and text != "$"]
    flat = inert.unbroken(card.text.replace("\n", ""))
    assert flat == card.text.replace("\n", "")


@pytest.mark.parametrize(
    "label", ["---", "a\n---\nb", "{x: 1}", "!!python/object:os.system", "& *", "yes", "1e3", "null"]
)
def test_front_matter_holds_texts_as_texts(label: str, value: Any, facts: Any) -> None:
    """Nothing that YAML would take for more ends the front matter or changes its kind."""
    value["model"]["labels"] = [label]
    value["fairness"][0]["attributes"] = {label: value["fairness"][0]["attributes"]["SEX"]}
    card = ModelCard(write("huggingface", facts(value)))
    assert card.data.tags == ["govkit", inert.unbroken(label)]
    assert (f"{inert.unbroken(label)}=female", "rate") in results(card)


def test_doubts_stand_in_the_text(value: Any, facts: Any) -> None:
    """Gaps and problems of the lineage are told to whoever reads the page."""
    text = ModelCard(write("huggingface", facts(value))).text
    assert "| problem | dvc.lock is older |" in text
    assert "| gap | data.csv has no digest |" in text
