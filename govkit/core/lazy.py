"""Lists and mappings whose items are made when somebody first looks at them.

What a long log says is much, and what one question needs of it is little. Both are neither ``list`` nor ``dict``: an
operation that does not know of items that are not made yet must fail, not show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, Generic, TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")


class Seed(Generic[V]):
    """An item that is not made yet."""

    __slots__ = ("make", "of")

    def __init__(self, make: Callable[[Any], V], of: Any) -> None:
        self.make, self.of = make, of


class LazyList(MutableSequence[V]):
    """A list.

    Args:
        make: makes an item.
        seeds: what each item is made of.
    """

    def __init__(self, make: Callable[[Any], V], seeds: Iterable[Any]) -> None:
        self._items: list[V | Seed[V]] = [Seed(make, seed) for seed in seeds]

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> list[V]: ...
    def __getitem__(self, index: int | slice) -> V | list[V]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self._items)))]
        item = self._items[index]
        if isinstance(item, Seed):
            item = self._items[index] = item.make(item.of)
        return item

    def __setitem__(self, index: Any, value: Any) -> None:
        self._items[index] = value

    def __delitem__(self, index: int | slice) -> None:
        del self._items[index]

    def insert(self, index: int, value: V) -> None:
        """Put an item before another."""
        self._items.insert(index, value)

    def append(self, value: V) -> None:
        """Put an item at the end."""
        self._items.append(value)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, list | LazyList) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class LazyDict(MutableMapping[K, V]):
    """A mapping; its keys are known from the start, in their order.

    Args:
        make: makes a value.
        seeds: what each value is made of, by key.
    """

    def __init__(self, make: Callable[[Any], V], seeds: Iterable[tuple[K, Any]]) -> None:
        self._items: dict[K, V | Seed[V]] = {key: Seed(make, seed) for key, seed in seeds}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: K) -> V:
        item = self._items[key]
        if isinstance(item, Seed):
            item = self._items[key] = item.make(item.of)
        return item

    def __setitem__(self, key: K, value: V) -> None:
        self._items[key] = value

    def __delitem__(self, key: K) -> None:
        del self._items[key]

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
