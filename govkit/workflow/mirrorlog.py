"""The log as a mirror has it, for proving something when the Git host is down.

A commit of the log is a function of its event, so the commits are made again here, without a ref: whatever reads a log
reads this one. Everything is checked as when it comes from a branch; in addition, what this clone knows of the log
must agree with it, and the mirror's objects must be whole and locked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from msgspec import Struct, field

from govkit.core import auditrules, canonical, commits, events, merkle, mirrored, records
from govkit.core.errors import Malformed, Refused, Undecided, Usage
from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, Event, Head
from govkit.core.ledger import Ledger
from govkit.core.mirrored import Mirrored
from govkit.core.mirrorurl import MirrorUrl
from govkit.core.state import State
from govkit.storage import entries, files, mirrors
from govkit.storage import log as log_storage
from govkit.storage.git import Repository
from govkit.storage.log import Log
from govkit.storage.mirrors import jobs
from govkit.storage.mirrors.base import Mirror, Survey
from govkit.storage.packs import ObjectSet
from govkit.storage.pins import Pins

#: A folder in the Git folder: the newest head of each log that was proven from a mirror.
SEEN = "govkit/mirror-heads"
_SECONDS = 900.0
#: Objects are handed to Git when this many bytes have come together.
_BATCH = 32 * 1024 * 1024
_FIX = "prove from Git, or from another mirror; find out who changed this one with: govkit log verify --mirror"
_JUNK = "tree {tree}\n{parent}author nobody <> 0 +0000\ncommitter nobody <> 0 +0000\n\nno readable event\n"

Watch = Callable[[str, int, int], None]


class MirrorLog(Log):
    """A log that was read from a mirror.

    Attributes:
        url: where the mirror is.
    """

    url: str = ""

    def remember(self, repository: Repository) -> None:
        """Keep the head that was proven from a mirror, so that an older copy of it shows later."""
        remember(repository, self)


def read(repository: Repository, pins: Pins, text: str, watch: Watch | None = None) -> MirrorLog:
    """Read the log from a mirror and judge it.

    Args:
        repository: where the commits are made again; what it knows of the log must agree.
        pins: the roots of trust of which one must lie on the mirror.
        text: the mirror's URL.
        watch: called as it goes on.

    Raises:
        Usage: if the URL is none, or that of a webhook.
        Undecided: if the mirror cannot be reached, has no pinned log, or left out what was too large.
        Refused: if it is damaged, or differs from what this clone has seen, or is older.
    """
    url, until = mirrors.parse(text), jobs.deadline(_SECONDS)
    local = _local(repository)
    try:
        root, copy, survey = _find(url, pins, local, until)
        return _Reading(repository, url, root, copy, survey, until, watch).run(local)
    except TimeoutError as error:
        raise Undecided(f"the mirror {text} was not read after {_SECONDS:g} seconds", fix=_FIX) from error


def _local(repository: Repository) -> Log | None:
    """Return the log that this clone has, or None if it has none."""
    try:
        return log_storage.read(repository)
    except Usage:
        return None


def _find(url: MirrorUrl, pins: Pins, local: Log | None, until: float) -> tuple[str, Mirror, Survey]:
    """Return the root of trust of the log to read, its mirror, and what is listed there."""
    roots = [pins.explicit] if pins.explicit else [local.root_of_trust] if local else sorted(pins.known)
    found = []
    for root in roots:
        copy = mirrors.connect(url, root)
        survey = jobs.Job(copy.survey).wait(until)
        if survey.names or survey.alarms:
            found.append((root, copy, survey))
    if len(found) == 1:
        return found[0]
    if found:
        raise Usage(
            f"the mirror {url.text} has {len(found)} of the logs that you pinned",
            why=", ".join(root for root, _, _ in found),
            fix="say which one you mean with --root",
        )
    raise Undecided(
        f"the mirror {url.text} has no log with a pinned root of trust",
        why=f"looked for {', '.join(roots)}" if roots else "nothing is pinned here",
        fix="pin one with 'govkit trust', or pass --root sha256:…; the mirror may also be empty",
    )


class _Reading(Struct):
    repository: Repository
    url: MirrorUrl
    root: str
    copy: Mirror
    survey: Survey
    until: float
    watch: Watch | None
    tags: dict[str, str] = field(default_factory=dict)
    locks: list[tuple[int, timedelta | None]] = field(default_factory=list)

    def run(self, local: Log | None) -> MirrorLog:
        if self.survey.alarms:
            name, said = min(self.survey.alarms.items())
            raise self._refused(f"{name}: {said[0]}")
        size = self._size()
        chain = self._rebuild(size)
        ledger = Ledger()
        ledger.read(entries.read(self.repository, chain, None))
        log = MirrorLog(chain, ledger, None, url=self.url.text, tags=self.tags)
        self._check_heads(log)
        self._check_locks(log.state)
        self._check_known(log, local)
        return log

    def _refused(self, why: str) -> Refused:
        return Refused(f"the mirror {self.url.text} cannot be relied on", why=why, fix=_FIX)

    def _size(self) -> int:
        """Return how many events there are, without a gap."""
        numbers = [found for name in self.survey.names if (found := mirrored.number(name))]
        size = sum(kind == "events" for kind, _ in numbers)
        for index in range(size):
            if mirrored.event_name(index) not in self.survey.names:
                raise self._refused(f"event {index} is missing, and later ones are there")
        heads = max((number for kind, number in numbers if kind == "heads"), default=0)
        if heads > size:
            raise self._refused(f"it has a head of {heads} events, and {size} events")
        if size == 0:
            raise self._refused("it has no event")
        return size

    def _rebuild(self, size: int) -> list[str]:
        """Make the commits again and return their ids."""
        chain: list[str] = []
        objects, held = ObjectSet(), 0
        names = (mirrored.event_name(index) for index in range(size))
        for _, stored in jobs.in_order(self.copy.read, names, at_once=self.copy.at_once, until=self.until):
            index = len(chain)
            if stored is None or stored.alarms:
                raise self._refused(f"event {index}: {stored.alarms[0] if stored else 'it is not there'}")
            self.locks.append((index, stored.locked))
            chain.append(self._commit(objects, self._parse(index, stored.content), chain[-1] if chain else None))
            held += len(stored.content)
            if held > _BATCH:
                objects.store(self.repository)
                objects, held = ObjectSet(), 0
            if self.watch is not None:
                self.watch(self.url.text, index + 1, size)
        objects.store(self.repository)
        return chain

    def _parse(self, index: int, content: bytes) -> Mirrored:
        try:
            found = mirrored.parse(content)
        except Malformed as error:
            raise self._refused(f"event {index}: {error}") from error
        if (found.log, found.index) != (self.root, index) or (index == 0 and found.id != self.root):
            raise self._refused(f"event {index}: it is event {found.index} of the log {found.log}")
        left = [name for name in mirrored.left_out(found) if name in (EVENT_FILE, SIGNATURE_FILE)]
        if left:
            raise Undecided(
                f"event {index} cannot be read from the mirror {self.url.text}",
                why=f"its {left[0]} was too large to be copied",
                fix="prove from Git",
            )
        return found

    def _commit(self, objects: ObjectSet, found: Mirrored, parent: str | None) -> str:
        parts = {EVENT_FILE: found.event, SIGNATURE_FILE: found.signature, **found.evidence}
        contents = {name: data for name, part in parts.items() if (data := mirrored.content(part)) is not None}
        tree = objects.add_tree({name: objects.add("blob", data) for name, data in contents.items()})
        try:
            event = events.parse(contents.get(EVENT_FILE, b""))
            self._keep_tag(objects, event, contents.get("tag"))
            raw = commits.build(event, tree, parent)
        except ValueError:
            raw = _JUNK.format(tree=tree, parent=f"parent {parent}\n" if parent else "").encode()
        return objects.add("commit", raw)

    def _keep_tag(self, objects: ObjectSet, event: Event, content: bytes | None) -> None:
        """Keep the log's copy of a tag; whether the log records it is for the ledger to say."""
        named = event.body.get("tag")
        if content is not None and isinstance(named, dict) and isinstance(named.get("name"), str):
            self.tags[named["name"]] = objects.add("tag", content)

    def _check_heads(self, log: MirrorLog) -> None:
        """Hold the newest head of the mirror against the root over its events."""
        sizes = [found[1] for name in self.survey.names if (found := mirrored.number(name)) and found[0] == "heads"]
        if not sizes:
            return
        size = max(sizes)
        stored = jobs.Job(lambda: self.copy.read(mirrored.head_name(size))).wait(self.until)
        roots = log.state.tree.roots
        if stored is None or stored.content != mirrored.head(self.root, size, merkle.text(roots[size])):
            raise self._refused(f"its events do not have the root that its head {size} names")
        self.locks.append((size - 1, stored.locked))

    def _check_locks(self, state: State) -> None:
        for index, locked in self.locks if self.copy.locks else ():
            for problem in auditrules.unlocked(locked, auditrules.locked_for(state, index)):
                raise self._refused(f"event {index}: {problem}")

    def _check_known(self, log: MirrorLog, local: Log | None) -> None:
        """Refuse a mirror that does not go on from what this clone has seen, in Git or on a mirror."""
        mine, theirs = (local.state.tree.leaves if local else []), log.state.tree.leaves
        at = next((i for i, (one, other) in enumerate(zip(mine, theirs, strict=False)) if one != other), None)
        if at is not None:
            raise self._refused(f"it differs from what this clone has seen, first at event {at}")
        seen = _seen(self.repository.git_dir, self.root)
        most = max(len(mine), seen.size if seen else 0)
        if most > len(theirs):
            raise self._refused(
                f"it has {len(theirs)} events, and this clone has seen {most}: it is behind, or was cut"
            )
        if seen is not None and not log.state.holds_head(seen):
            raise self._refused(f"it had another root at size {seen.size} when this clone saw it before")


def _seen(git_dir: Path, root: str) -> Head | None:
    """Return the newest head that this clone has proven from a mirror, or None.

    Raises:
        Refused: if the file that remembers it is damaged.
    """
    path = git_dir / SEEN / f"{mirrored.folder(root)}.json"
    try:
        with path.open("rb") as file:
            return records.from_value(canonical.decode(file.read(mirrored.MAX_HEAD)), Head)
    except FileNotFoundError:
        return None
    except Malformed as error:
        raise Refused(f"{path} is damaged", why=str(error), fix="find out who wrote to it; then remove it") from error


def remember(repository: Repository, log: MirrorLog) -> None:
    """Keep the head of a log that was proven from a mirror, so that an older copy of it shows later."""
    known = _seen(repository.git_dir, log.root_of_trust)
    if known is None or known.size < log.head.size:
        with contextlib.suppress(OSError):
            path = repository.git_dir / SEEN / f"{mirrored.folder(log.root_of_trust)}.json"
            files.write(path, records.to_json(log.head))
