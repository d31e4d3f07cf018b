"""The objects that mirrors hold, made from the log of a session; and how mirrors are asked all at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from govkit.core import auditrules, mirrored, times
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, Head
from govkit.core.merkle import text
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage import log as log_storage
from govkit.storage import mirrors
from govkit.storage.entries import MAX_FILE
from govkit.storage.git import Repository
from govkit.storage.mirrors.base import Mirror
from govkit.storage.mirrors.webhook import Webhook
from govkit.workflow.session import Session

#: Called with a mirror's URL, how many objects are done, and of how many.
Watch = Callable[[str, int, int], None]
#: Seconds after which a mirror is given up for this time; what it has got by then stays there.
SECONDS: Final = 900.0


class Source:
    """The objects of a session's log; may be asked from several threads.

    Args:
        session: the repository.
    """

    def __init__(self, session: Session) -> None:
        # A reader of its own: work that was given up may go on, and must not disturb the session's.
        self._git = Repository(session.options.repo)
        self._lock = threading.Lock()
        self._git_dir = session.git.git_dir
        self.log = session.log
        #: How many events there are here, and how many of them may be copied: what no remote has may have to give way.
        self.total = len(self.log.state.tree)
        self.size = log_storage.published(session.git, self.log.commits)
        self._retention = auditrules.locked_for(self.log.state, self.total)
        self.event = lru_cache(maxsize=64)(self._event)

    @property
    def root(self) -> str:
        """The log's root of trust."""
        return self.log.root_of_trust

    def _event(self, index: int) -> bytes:
        """Return the object of an event."""
        with self._lock:
            entries = self._git.tree(self._git.commit(self.log.commits[index]).tree)
            blobs = {entry.name: entry.id for entry in entries if entry.mode == "100644"}
            own = [name for name in (EVENT_FILE, SIGNATURE_FILE) if name in blobs]
            files = {name: self._git.read(blobs[name])[1] for name in own}
            beside = mirrored.wanted(files.get(EVENT_FILE)) & blobs.keys() - files.keys()
            # What nobody digests when the log is read is nobody's evidence.
            read = {name: self._git.read_up_to(blobs[name], MAX_FILE) for name in sorted(beside)}
            files |= {name: content for name, content in read.items() if content is not None}
        return mirrored.build(self.root, index, files)

    def head_at(self, size: int) -> Head:
        """Return the head that the log had at a size."""
        return Head(size=size, root=text(self.log.state.tree.roots[size]))

    def head(self, size: int) -> bytes:
        """Return the object of the head at a size."""
        return mirrored.head(self.root, size, self.head_at(size).root)

    def object(self, name: str) -> bytes:
        """Return an object by its name."""
        kind, number = mirrored.number(name) or ("", 0)
        return self.event(number) if kind == "events" else self.head(number)

    def webhook(self, url: MirrorUrl) -> Webhook:
        """Return a webhook that is told of this log."""
        return Webhook(url, self.root, self._git_dir, os.environ)

    def mirror(self, url: MirrorUrl, retention: str | None = None) -> Mirror:
        """Return a mirror of this log.

        Args:
            url: where.
            retention: how long objects in S3 stay locked; what the policy in force says if None.
        """
        return mirrors.connect(url, self.root, times.span(retention) if retention else self._retention)


def named(session: Session, urls: list[str]) -> list[MirrorUrl]:
    """Return the mirrors that somebody named, or those of the policy in force.

    Raises:
        Usage: if one of those named is none.
    """
    policy = session.state.policy
    audit = policy.policy.audit if policy else None
    return [mirrors.parse(text_) for text_ in urls or (audit.mirrors if audit else [])]
