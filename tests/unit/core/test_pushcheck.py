"""What a server refuses of a push: the rules as a table, on a log in memory."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from govkit.core import pushcheck
from govkit.core.pushcheck import LOG, NONE, Push, Update

from .simulator import MODEL, World, digest

RIGHT, OTHER, HEAD, NEXT = "1" * 40, "2" * 40, "a" * 40, "b" * 40


@pytest.fixture
def world() -> World:
    """A log with one registered version."""
    found = World()
    found.register("1.0.0")
    return found


def tag_of(world: World) -> tuple[str, str]:
    """Return ref and object id of the one tag that the log records."""
    ((name, identity),) = world.state.tags.items()
    return f"refs/tags/{name}", identity


def push(world: World, *updates: Update, refs: dict[str, str] | None = None, known: int | None = None) -> Push:
    """Return a push to a server that has the log, and by default its tag."""
    ref, identity = tag_of(world)
    here = {LOG: HEAD, ref: identity} if refs is None else refs
    size = len(world.state.judged) if known is None else known
    return Push(updates, here, world.state, size, None, "2099-01-01T00:00:00Z")


def said(found: Push) -> list[str]:
    """Return what was refused."""
    return [error.what for error in pushcheck.refusals(found)]


def test_table_of_tags(world: World) -> None:
    """A recorded tag is created with the recorded object, and nothing else happens to it; others come and go."""
    ref, right = tag_of(world)
    name = ref.removeprefix("refs/tags/")
    without = {LOG: HEAD}
    other = f"refs/tags/{MODEL}@v9.9.9"
    table = [
        (Update(ref, right, NONE), None, [f"the tag '{name}' is not deleted"]),
        (Update(ref, right, OTHER), None, [f"the tag '{name}' is not moved"]),
        (Update(ref, NONE, right), without, []),
        (Update(ref, NONE, OTHER), without, [f"the tag '{name}' is not moved"]),
        (Update(ref, OTHER, right), {**without, ref: OTHER}, []),
        (Update(ref, NONE, right), None, [f"somebody else was faster with '{name}'"]),
        (Update(other, NONE, RIGHT), None, [f"the tag '{MODEL}@v9.9.9' is not taken"]),
        (Update(other, RIGHT, NONE), {**without, other: RIGHT}, []),
        (Update("refs/tags/nightly", RIGHT, OTHER), None, []),
        (Update("refs/heads/main", OTHER, RIGHT), None, []),
    ]
    assert [said(push(world, update, refs=refs)) for update, refs, _ in table] == [expected for *_, expected in table]


def test_tag_and_event_come_together(world: World) -> None:
    """The tag of a new event is pushed with it, or there already."""
    ref, right = tag_of(world)
    update, before = Update(LOG, HEAD, NEXT), {LOG: HEAD}
    known = len(world.state.judged) - 1
    missing = [f"event {known} comes without its tag '{ref.removeprefix('refs/tags/')}'"]
    assert said(push(world, update, refs=before, known=known)) == missing
    assert said(push(world, update, Update(ref, NONE, right), refs=before, known=known)) == []
    assert said(push(world, update, refs={**before, ref: right}, known=known)) == []
    # Of an older event, whose tag somebody took away before there was a hook, nobody's push has to answer for it.
    assert said(push(world, update, refs=before)) == []


def test_events_are_good_regular_and_of_their_time(world: World) -> None:
    """Each way in which a new event is not as it should be is said; an old one is passed over."""
    size = len(world.state.judged)
    world.write("version.revoked", "robot", {"version": "1.0.0", "reason": "x"})
    (found,) = pushcheck.refusals(push(world, Update(LOG, HEAD, NEXT), known=size))
    assert (found.what, found.why) == (f"event {size} is inert", world.state.judged[-1].reason)
    assert said(push(world, Update(LOG, HEAD, NEXT))) == []
    world.state.judged[size - 1] = replace(world.state.judged[size - 1], irregular=("holds 'x'",))
    whole = push(world, Update(LOG, HEAD, NEXT), known=size - 1)
    assert f"the commit of event {size - 1} is not the one that its event determines" in said(whole)
    late = replace(whole, latest="2001-01-01T00:00:00Z")
    assert any("ahead of the server's clock" in what for what in said(late))
    assert not any("ahead of the server's clock" in what for what in said(whole))


def test_root_is_the_pinned_one(world: World) -> None:
    """A log with another root is refused; without a pin, the first good one is taken."""
    found = push(world, Update(LOG, HEAD, NEXT))
    assert said(replace(found, pinned=world.state.judged[0].id)) == []
    assert said(replace(found, pinned=digest("x"))) == ["this is not the log that is pinned on the server"]


NAMES = [
    ("refs/heads/main", True),
    ("refs/heads/feature/#12", True),
    ("refs/heads/m@v1.0.0", False),
    ("refs/heads/m@v1.0.0/x", False),
    ("refs/heads/m#prod#1", False),
    ("refs/tags/m@v1.0.0", True),
    ("refs/tags/m#prod#1", True),
    ("refs/tags/m#prod!#1", True),
    ("refs/tags/m@v1.0.0/x", False),
    ("refs/tags/m@deprecated", False),
    ("refs/tags/m#prod", False),
    ("refs/tags/nightly", True),
    ("refs/m@v1.0.0", False),
    ("refs/notes/m@v1.0.0", False),
    ("refs/remotes/m@v1.0.0", False),
    ("refs/remotes/origin/m@v1.0.0", False),
    ("refs/notes/commits", True),
    ("refs/replace/" + RIGHT, False),
    (LOG, True),
    (f"{LOG}/x", False),
    ("refs/heads/govkit", False),
    ("refs/heads/govkit/logs", True),
    ("refs/remotes/evil/govkit/log", False),
    ("refs/heads/Govkit/LOG", False),
]


@pytest.mark.parametrize(("ref", "passes"), NAMES, ids=[ref for ref, _ in NAMES])
def test_table_of_names(ref: str, passes: bool) -> None:
    """What a name alone decides; whatever is there already may be deleted, the log apart."""
    assert (pushcheck.by_name(Update(ref, NONE, RIGHT)) is None) is passes
    assert (pushcheck.by_name(Update(ref, OTHER, RIGHT)) is None) is passes
    assert (pushcheck.by_name(Update(ref, RIGHT, NONE)) is None) is (ref != LOG)


def test_only_the_log_and_its_tags_need_the_log() -> None:
    """Everything else is decided by name."""
    governed = {ref for ref, _ in NAMES if pushcheck.is_governed(Update(ref, NONE, RIGHT))}
    assert governed == {LOG, "refs/tags/m@v1.0.0", "refs/tags/m#prod#1", "refs/tags/m#prod!#1"}


@pytest.mark.parametrize(
    ("name", "limit"),
    [("event.json", 262_144), ("event.json.sig", 65_536), ("card.json", 20_971_520)],
)
def test_sizes(name: str, limit: int) -> None:
    """Each file has its limit, which is still allowed."""
    assert pushcheck.too_large(7, name, limit) is None
    error = pushcheck.too_large(7, name, limit + 1)
    assert error is not None
    assert error.why == f"its file '{name}' has {limit + 1:,} bytes, and {limit:,} are allowed"
