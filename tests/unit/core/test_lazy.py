"""Lists and mappings whose items are made late."""

from __future__ import annotations

from govkit.core.lazy import LazyDict, LazyList


def test_items_are_made_once_and_only_when_asked_for() -> None:
    """Length and keys make nothing; an item is made once, and is the same object ever after."""
    made: list[int] = []

    def make(seed: int) -> list[int]:
        made.append(seed)
        return [seed]

    items = LazyList(make, range(5))
    assert len(items) == 5 and made == []
    assert items[-1] == [4] and items[-1] is items[4] and made == [4]
    assert items[1:3] == [[1], [2]] and made == [4, 1, 2]
    asked: list[bool] = []

    def seeds() -> list[tuple[str, int]]:
        asked.append(True)
        return [("a", 10), ("b", 11)]

    named = LazyDict(make, seeds)
    assert asked == []
    assert list(named) == ["a", "b"] and "a" in named and "c" not in named and len(named) == 2 and 10 not in made
    assert named["b"] is named["b"] and named.get("c") is None and made[-1] == 11 and asked == [True]


def test_they_are_as_the_usual_ones() -> None:
    """Appended, set, deleted, reversed, compared: as lists and dictionaries do it."""
    items = LazyList(str, range(3))
    items.append("x")
    items.insert(0, "w")
    del items[1]
    items[0] = "v"
    assert items == ["v", "1", "2", "x"] == list(items) and list(reversed(items)) == ["x", "2", "1", "v"]
    assert items != ["v"] and items == LazyList(str, ["v", 1, 2, "x"]) and items != ("v", "1", "2", "x")
    named = LazyDict(str, lambda: [("a", 1), ("b", 2)])
    named["c"] = "3"
    del named["a"]
    assert named == {"b": "2", "c": "3"} and {**named} == dict(named.items()) and list(named.values()) == ["2", "3"]
    assert named.setdefault("b", "9") == "2" and named != {"b": "2"} and named != [("b", "2")]


def test_what_is_not_made_is_never_shown() -> None:
    """What knows nothing of items to come fails instead of showing them."""
    items = LazyList(str, [1])
    for operation in (lambda: items + [], lambda: [] + items):  # type: ignore[operator]
        try:
            operation()
        except TypeError:
            continue
        raise AssertionError("two lists were joined")
