"""Refs squat on a name: ``scorer@v2.0.0/x``, an unsigned ``scorer#production#3``, so that the next tag cannot be made.

Named by ``status``, without effect on what is proven, and passed over by the next number; a version's name, which
cannot be another, is refused with the squatter's.
"""

from __future__ import annotations

import pytest
from rawlog import set_tag, tag_id
from world import World


@pytest.fixture
def approved(requested: World) -> World:
    """1.1.0 may be promoted to production; the next number is 3."""
    requested.approve("1.1.0", "production", "rita", "vera")
    return requested


@pytest.mark.parametrize(
    ("squatters", "next_tag"),
    [
        (["scorer#production#3"], "scorer#production#4"),
        (["scorer#staging#3"], "scorer#production#4"),
        (["scorer#production!#3"], "scorer#production#4"),
        (["scorer#production#3", "scorer#production#4", "scorer#staging#5"], "scorer#production#6"),
        (["scorer#production#3/x"], "scorer#production#4"),
        (["scorer#production#3/x/y#9"], "scorer#production#10"),
        (["scorer#production#99999999", "scorer#production#100000000"], "scorer#production#100000001"),
        (["scorer#production#999999999"], "scorer#production#3"),
        (["scorer#production#03"], "scorer#production#4"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_next_number_passes_over_squatters(approved: World, squatters: list[str], next_tag: str) -> None:
    """Unsigned refs on the next numbers, or below them, are named, have no effect, and stop nobody."""
    for name in squatters:
        approved.git("tag", name)
    text, status = approved.verify().text, approved.govkit("status").text
    assert "PROVEN: scorer@1.0.0 serves in production" in text
    for name in squatters:
        assert f"the tag '{name}' has no effect: the log does not know it" in text
        assert f"note: tag '{name}': the log does not know it: a lightweight tag on a commit, unsigned" in status
    approved.promote("1.1.0", "production")
    assert approved.log().state.champion("scorer", "production").body.tag.name == next_tag
    assert "PROVEN: scorer@1.1.0 serves in production" in approved.verify().text


def test_signed_squatter_is_passed_over(approved: World) -> None:
    """A copy of an older signed tag on the next number is passed over as well."""
    set_tag(approved, "scorer#production#3", tag_id(approved, "scorer#production#2"))
    assert "note: tag 'scorer#production#3': the log does not know it: a copy" in approved.govkit("status").text
    approved.promote("1.1.0", "production")
    assert approved.log().state.champion("scorer", "production").body.tag.name == "scorer#production#4"
    approved.verify()


@pytest.mark.parametrize("squatter", ["scorer@v2.0.0", "scorer@v2.0.0/x", "scorer@v2.0.0/x/y"])
def test_squatted_version_is_refused_by_name(promoted: World, squatter: str) -> None:
    """A version cannot take another number, so registering it says what stands in its way and how to remove it."""
    promoted.git("tag", squatter)
    promoted.commit("Something to register")
    text = promoted.govkit("register", "scorer@2.0.0", as_="ada", expect=1).text
    assert "the tag 'scorer@v2.0.0' cannot be made" in text
    assert f"'{squatter}' stands in its way, and the log does not know it" in text
    assert f"git tag -d '{squatter}'" in text
    assert f"note: tag '{squatter}': the log does not know it" in promoted.govkit("status").text
    promoted.verify()
    promoted.git("tag", "-d", squatter)
    promoted.register("2.0.0")


def test_squatter_on_a_number_that_has_no_way_round(approved: World) -> None:
    """A ref above the tag's name, which no number gets round, is refused by name."""
    from govkit.core.errors import Refused
    from govkit.core.names import TagName
    from govkit.workflow.drafting import _free_name

    name = TagName("team/scorer", "assign", stage="production", counter=1)
    with pytest.raises(Refused, match="the tag 'team/scorer#production#1' cannot be made: 'team' stands in its way"):
        _free_name(name, ["team", "tea"])
    assert _free_name(name, ["tea", "team/score", "team/scorer#production#11"]) == str(name)


def test_control(approved: World) -> None:
    """With nobody in the way the next number is 3, and status has nothing to note."""
    assert "note:" not in approved.govkit("status").text
    approved.promote("1.1.0", "production")
    assert approved.log().state.champion("scorer", "production").body.tag.name == "scorer#production#3"
    approved.verify()
