"""The published JSON Schemas agree with what govkit reads."""

from typing import Any

import jsonschema
import msgspec
import pytest

from govkit.core import canonical, card, draft, events, policy, records, schema, tags
from govkit.core.errors import Malformed
from tests.unit.core.cards import card_value
from tests.unit.core.simulator import Json, policy_value
from tests.unit.core.test_events import EVENT
from tests.unit.core.test_tags import PROMOTE, VALUE

KINDS: dict[str, tuple[type[records.Record], Json]] = {
    card.SCHEMA: (card.Card, records.to_value(card.parse(canonical.encode(card_value())))),
    policy.SCHEMA: (policy.Policy, canonical.decode(policy.written_out(policy_value()))),
    events.SCHEMA: (events.Event, EVENT),
    tags.SCHEMA: (tags.TagRecord, VALUE),
}


def validator(kind: type[msgspec.Struct], title: str, *, room: bool = False) -> jsonschema.Draft202012Validator:
    """Return a validator of a format."""
    found = schema.of(kind, title=title, room=room)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize("title", KINDS)
def test_schema_is_named_and_takes_what_govkit_takes(title: str) -> None:
    """Each format has a schema with its name, and honest records fit it."""
    kind, value = KINDS[title]
    found = schema.of(kind, title=title)
    assert (title, f"urn:{title.replace('/', ':')}") == (found["title"], found["$id"])
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(validator(kind, title).iter_errors(value)) == []


CHANGES: list[tuple[str, Json]] = [
    (tags.SCHEMA, {"version": "1.0"}),
    (tags.SCHEMA, {"version": "1.0.0\n"}),
    (tags.SCHEMA, {"version": "1.0.1٣"}),
    (tags.SCHEMA, {"model": "../m"}),
    (tags.SCHEMA, {"commit": "0" * 40}),
    (tags.SCHEMA, {"policy": None}),
    (tags.SCHEMA, {"extra": 1}),
    (events.SCHEMA, {"time": "2026-11-23"}),
    (events.SCHEMA, {"time": "2026-11-23T10:15:00Z\n"}),
    (events.SCHEMA, {"actor": "Alice"}),
    (events.SCHEMA, {"evidence": {"a/b": EVENT["evidence"]["card.json"]}}),
    (events.SCHEMA, {"log": {"size": -1, "root": EVENT["log"]["root"]}}),
    (policy.SCHEMA, {"rules": 0}),
    (policy.SCHEMA, {"gates": {"x": {"type": "metrik"}}}),
    (policy.SCHEMA, {"stages": {"a b": policy_value()["stages"]["staging"]}}),
    (card.SCHEMA, {"metrics": [{"name": "auc"}]}),
    (card.SCHEMA, {"statements": {"schema": "govkit.model/v1", "tier": "none"}}),
]


@pytest.mark.parametrize(("title", "change"), CHANGES)
def test_schema_refuses_what_govkit_refuses(title: str, change: Json) -> None:
    """A file that an editor calls wrong is wrong for govkit, too."""
    kind, value = KINDS[title]
    changed = {**value, **change}
    with pytest.raises(Malformed):
        records.from_value(changed, kind)
    assert list(validator(kind, title).iter_errors(changed))


def test_room_for_users() -> None:
    """Where users have room of their own, keys that begin with x- fit, and no others."""
    kind, value = KINDS[card.SCHEMA]
    own: dict[str, Any] = {**value, "x-team": 1}
    assert list(validator(kind, card.SCHEMA, room=True).iter_errors(own)) == []
    assert list(validator(kind, card.SCHEMA).iter_errors(own))
    assert list(validator(kind, card.SCHEMA, room=True).iter_errors({**value, "team": 1}))


def test_every_record_has_a_schema() -> None:
    """Bodies of events, tags of every kind and drafts have schemas that are themselves valid."""
    for title, kind in {**events.BODIES, draft.SCHEMA: draft.Draft}.items():
        assert validator(kind, title).schema["title"] == title
    assert list(validator(tags.TagRecord, tags.SCHEMA).iter_errors(PROMOTE)) == []


def test_editors_can_tell_what_a_key_means() -> None:
    """Types and keys have the words of their docstrings, those of what they extend included, and no markup of Python's."""
    found = schema.of(policy.Policy, title=policy.SCHEMA)
    assert found["properties"]["branches"]["description"].startswith("a version is registered from commits")
    metric = found["$defs"]["MetricGate"]
    assert metric["description"] == "A metric of the card lies within bounds, or is exactly a number."
    assert metric["properties"]["description"]["description"] == "the reason for the rule, for people."
    assert metric["properties"]["metric"]["description"].startswith("the metric's name as `dvc metrics show`")
    span = found["$defs"]["Approvals"]["properties"]["valid_for"]["anyOf"][0]
    assert span["description"] == "a span such as 12h, 30d or 2w"
    texts = [text for kind in found["$defs"].values() for text in (kind["description"], kind["title"])]
    assert not [text for text in texts if "Attributes:" in text or "``" in text or "\n" in text]
