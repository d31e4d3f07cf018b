"""A tag ref is pointed at another tag's object: ``scorer#production#2`` -> the object of ``scorer#staging#1``.

Refused because the log has the id of every tag object; and the object's own ``tag`` header is another name.
"""

from __future__ import annotations

import pytest
from rawlog import allowed_signers, promotion, push, push_with_tag, set_tag, stock_accepts, tag_bytes, tag_id
from world import World

PRODUCTION, STAGING = "scorer#production#2", "scorer#staging#1"


def test_recorded_tag_that_points_at_another_tags_object_is_refused(promoted: World) -> None:
    """The repointed tag disproves what serves, in every stage of the model, and the reason names both tags."""
    set_tag(promoted, PRODUCTION, tag_id(promoted, STAGING))
    for stage in ("production", "staging"):
        text = promoted.verify(stage, expect=1).text
        assert f"'{PRODUCTION}': it was moved: the log recorded object" in text
        assert f"which is the tag '{STAGING}'" in text
        assert "PROVEN:" not in text
    assert f"broken: tag '{PRODUCTION}': it was moved" in promoted.govkit("status", expect=1).text
    assert "it was moved" in promoted.govkit("show").text
    assert f"disproven: tag '{PRODUCTION}': it was moved" in promoted.govkit("log", "verify", expect=1).text


def test_stock_tools_accept_it(promoted: World) -> None:
    """Git and GTO have no objection to the repointed tag: that is what the check is for."""
    allowed_signers(promoted, "remy", "ada")
    set_tag(promoted, PRODUCTION, tag_id(promoted, STAGING))
    assert stock_accepts(promoted, "git", "fsck", "--strict")
    assert stock_accepts(promoted, "git", "verify-tag", PRODUCTION)


def test_tag_of_the_version_before_cannot_stand_in(requested: World) -> None:
    """The production tag of 1.1.0 pointed at that of 1.0.0, a silent rollback, is refused."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    set_tag(requested, "scorer#production#3", tag_id(requested, PRODUCTION))
    text = requested.verify(expect=1).text
    assert "'scorer#production#3': it was moved: the log recorded object" in text
    assert f"which is the tag '{PRODUCTION}'" in text


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (PRODUCTION, "its tag speaks of something else"),
        (STAGING, "its tag speaks of something else"),
        ("scorer@v1.0.0", "its tag is signed by ada, not by remy"),
    ],
)
def test_event_that_records_another_tags_object_is_inert(requested: World, other: str, reason: str) -> None:
    """A promotion whose tag is an older tag's object under a new name has no effect."""
    requested.approve("1.1.0", "production", "rita", "vera")
    push_with_tag(requested, promotion(requested, "1.1.0", "production"), tag_bytes(requested, other))
    assert (requested.last().status, requested.last().reason) == ("inert", reason)
    assert requested.govkit("verify", "scorer", "--stage", "production", "--format", "json").json["version"] == "1.0.0"


def test_control(requested: World) -> None:
    """The same promotion with its own tag has its effect, and verifies."""
    requested.approve("1.1.0", "production", "rita", "vera")
    push(requested, promotion(requested, "1.1.0", "production"))
    assert requested.last().status == "good"
    assert "PROVEN: scorer@1.1.0 serves in production" in requested.verify().text
