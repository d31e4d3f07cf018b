"""Tokens that are good once: each form that is served holds one, and what it stands for never leaves this process."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

#: The name of the form field.
FIELD = "token"
#: So many forms may be open at once; the oldest is then no longer good.
_MANY = 200


class Forms(Generic[T]):
    """The forms that were served and not sent yet, each with what it was served for."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[str, T]] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self, place: str, value: T) -> str:
        """Return a new token for a form that is sent to one place.

        Args:
            place: the path that it is good for.
            value: what it stands for.
        """
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._open[token] = (place, value)
            while len(self._open) > _MANY:
                self._open.popitem(last=False)
        return token

    def take(self, place: str, token: str) -> T | None:
        """Return what a token stands for, and make it worthless; None if it is not, or no longer, good for a place.

        The token is 256 random bits and looked up by its hash, so the time that this takes tells nothing of others.
        """
        with self._lock:
            found = self._open.pop(token, None)
        return found[1] if found is not None and found[0] == place else None
