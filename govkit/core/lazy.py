"""Lists and mappings whose items are made when somebody first looks at them.

What a long log says is much, and what one question needs of it is little. Both are neither ``list`` nor ``dict``: an
operation that does not know of items that are not made yet must fail, not show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from functools import cached_property
from typing import Any, TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")


class LazyList(MutableSequence[V]):
    """A list.

    Args:
        make: makes an item.
        seeds: what each item is made of.
    """

    def __init__(self, make: Callable[[Any], V], seeds: Iterable[Any]) -> None:
        # Items and seeds stand in one list, and beside it which are which: to make a list of seeds must cost nothing.
        self._make, self._items = make, list[Any](seeds)
        self._made = bytearray(len(self._items))

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> list[V]: ...
    def __getitem__(self, index: int | slice) -> V | list[V]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self._items)))]
        if not self._made[index]:
            self[index] = self._make(self._items[index])
        item: V = self._items[index]
        return item

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("items are set one by one")
        self._items[index], self._made[index] = value, True

    def __delitem__(self, index: int | slice) -> None:
        del self._items[index], self._made[index]

    def insert(self, index: int, value: V) -> None:
        """Put an item before another."""
        self._items.insert(index, value)
        self._made.insert(index, True)

    def append(self, value: V) -> None:
        """Put an item at the end."""
        self._items.append(value)
        self._made.append(True)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, list | LazyList) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class LazyDict(MutableMapping[K, V]):
    """A mapping.

    Args:
        make: makes a value.
        seeds: returns what each value is made of, by key; called when somebody first looks.
    """

    def __init__(self, make: Callable[[Any], V], seeds: Callable[[], Iterable[tuple[K, Any]]]) -> None:
        self._make, self._find_seeds = make, seeds

    @cached_property
    def _items(self) -> dict[K, Any]:
        return dict(self._find_seeds())

    @cached_property
    def _seeds(self) -> set[K]:
        return set(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: K) -> V:
        if key in self._seeds:
            self[key] = self._make(self._items[key])
        item: V = self._items[key]
        return item

    def __setitem__(self, key: K, value: V) -> None:
        self._items[key] = value
        self._seeds.discard(key)

    def __delitem__(self, key: K) -> None:
        del self._items[key]
        self._seeds.discard(key)

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
