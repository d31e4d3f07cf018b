"""What a server refuses of a push, so that its log and tags stay what they are. Pure: refs and the log's state in.

The rules it keeps:

- The log's branch is never deleted, and grows by events that the ledger judges good, in commits that follow from them,
  dated no more than :data:`govkit.core.times.MAX_AHEAD` ahead of the server's clock, on the root that was pinned.
- A tag that the log records exists with the recorded object and no other; it comes with its event, or is brought back.
- No other ref takes a name of the tags' grammar, or one below it; of any kind, as Git looks names up in several places.
- Nobody replaces objects for everybody else (``refs/replace``), or stands in the way of the log's branch.

What is there already and breaks a rule may be deleted: that mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from govkit.core import names, times
from govkit.core.errors import Refused
from govkit.core.events import MAX_EVENT_BYTES
from govkit.core.inert import shell
from govkit.core.judged import Judged, Status
from govkit.core.state import State

#: The log's branch.
LOG = "refs/heads/govkit/log"
TAGS = "refs/tags/"
#: The object id that stands for "no such ref".
NONE = "0" * 40

#: Bytes that one event of a push may have: its commit object, its list of files, each file by its name, and all files.
MAX_COMMIT = 64 * 1024
MAX_TREE = 256 * 1024
MAX_SIGNATURE = 64 * 1024
MAX_EVIDENCE = 20 * 1024 * 1024
MAX_TOTAL = 64 * 1024 * 1024
#: Events that one push may bring.
MAX_EVENTS = 20_000

_RENAME = "give it another name: words with '@' or '#' after a model's name are for versions and stages"


class Update(Struct, frozen=True):
    """A ref that somebody wants to create, move or delete: full name, object id before and after, in hex."""

    ref: str
    old: str
    new: str

    @property
    def deletes(self) -> bool:
        """Whether the ref goes away."""
        return self.new == NONE

    @property
    def tag(self) -> str | None:
        """The tag's name, or None for other refs."""
        return self.ref.removeprefix(TAGS) if self.ref.startswith(TAGS) else None


class Push(Struct, frozen=True):
    """A push, and what the server knows to judge it by.

    Attributes:
        updates: the refs that it is about.
        refs: the server's tags and log branch as they are, object ids in hex by full name.
        state: what the log says with this push; of no log at all, an empty state.
        known: how many of its events were there before.
        pinned: the root of trust that the log must have, or None.
        latest: the latest instant that an event may name.
    """

    updates: Sequence[Update]
    refs: Mapping[str, str]
    state: State
    known: int
    pinned: str | None
    latest: str


def short_names(ref: str) -> list[str]:
    """Return the names by which people may find a ref, the usual one first: Git looks a name up in several places."""
    rest = ref.removeprefix("refs/")
    for kind in ("heads/", "tags/"):
        if rest.startswith(kind):
            return [rest.removeprefix(kind)]
    parts = rest.split("/")
    return ["/".join(parts[start:]) for start in range(min(len(parts), 3))]


def by_name(update: Update) -> Refused | None:
    """Refuse what no log needs to be read for; what is there already may go away."""
    ref, found = update.ref, short_names(update.ref)
    if ref == LOG:
        return _no_deletion() if update.deletes else None
    if update.deletes:
        return None
    if ref == "refs/heads/govkit" or ref.startswith(f"{LOG}/"):
        return Refused(
            f"'{ref}' is not taken", why="it stands in the way of the branch govkit/log", fix="give it another name"
        )
    remote = ref.startswith("refs/remotes/") and ref.endswith("/govkit/log")
    # Where a file system does not tell cases apart, such a branch lands on the log's own.
    if remote or ref.lower() == LOG:
        return Refused(f"'{ref}' is not taken", why="it would pass for another log", fix="push the branch govkit/log")
    if ref.startswith("refs/replace/"):
        why = "it would make Git show everybody another object than there is"
        return Refused(f"'{ref}' is not taken", why=why, fix="keep replacements in your own clone")
    short = next((name for name in found if names.grammar_model(name) is not None), None)
    if short is None or is_governed(update):
        return None
    if update.tag is None:
        return Refused(f"'{ref}' is not taken", why=f"only a tag has a name like '{short}'", fix=_RENAME)
    return Refused(f"the tag '{short}' is not taken", why="govkit writes no tag of this name", fix=_RENAME)


def is_governed(update: Update) -> bool:
    """Tell whether the log must be read to judge a ref: its branch, and tags with names that govkit writes."""
    return update.ref == LOG or (update.tag is not None and names.parse_tag(update.tag) is not None)


def _no_deletion() -> Refused:
    return Refused(
        "the branch govkit/log is not deleted", why="the governance log only grows", fix="nothing is to be done"
    )


def not_an_extension() -> Refused:
    """Return the refusal of a log that leaves out what the server's log has."""
    return Refused(
        "the log that you push does not extend the one that is here",
        why="an event is missing in it, or it has another history",
        fix="fetch it (git fetch origin govkit/log), take it as yours, and do again what you did; if that is not why,\n"
        "somebody rewrote the log: compare with another clone",
    )


def too_large(index: int, name: str, size: int) -> Refused | None:
    """Refuse a file of an event before it is read.

    Args:
        index: the event's place in the log.
        name: the file's name.
        size: its size in bytes.
    """
    limit = {"event.json": MAX_EVENT_BYTES, "event.json.sig": MAX_SIGNATURE}.get(name, MAX_EVIDENCE)
    return None if size <= limit else oversized(index, f"its file '{name}'", size, limit)


def oversized(index: int, what: str, size: int, limit: int) -> Refused:
    """Return the refusal of an event of which something has more bytes than are allowed."""
    return Refused(
        f"event {index} is too large",
        why=f"{what} has {size:,} bytes, and {limit:,} are allowed",
        fix="put a summary into the log that names the digest of the rest",
    )


def refusals(push: Push) -> list[Refused]:
    """Return why a push is refused, or nothing if it may go in.

    Args:
        push: a push of which :func:`by_name` lets every ref pass.
    """
    governed = [update for update in push.updates if is_governed(update)]
    found = [*_stale(push, governed), *_root(push)]
    found += [problem for judged in push.state.judged[push.known :] for problem in _event(judged, push.latest)]
    found += [problem for update in governed if update.tag is not None for problem in _tag(push, update.tag, update)]
    # A log that is refused records nothing, so what is missing from it would be said twice.
    return found or list(_missing(push))


def _stale(push: Push, governed: list[Update]) -> Iterator[Refused]:
    for update in governed:
        if push.refs.get(update.ref, NONE) != update.old:
            fix = "fetch, and do it again on the new head"
            yield Refused(f"somebody else was faster with '{short_names(update.ref)[0]}'", why="it has moved", fix=fix)


def _root(push: Push) -> Iterator[Refused]:
    root = push.state.judged[0].id if push.state.judged else None
    if root is not None and push.pinned is not None and root != push.pinned:
        yield Refused(
            "this is not the log that is pinned on the server",
            why=f"its root of trust is {root}, pinned is {push.pinned}",
            fix="push to the repository that this log belongs to; if it was opened anew, the server's administrator\n"
            "must run: govkit log install-hook --root DIGEST",
        )


def _event(judged: Judged, latest: str) -> Iterator[Refused]:
    name = f"event {judged.index}"
    if judged.status is not Status.GOOD:
        fix = "take it back with: git fetch origin '+govkit/log:govkit/log', and do it again with govkit"
        if judged.status is Status.UNDECIDED:
            fix = "if a newer govkit wrote it, the server needs that one, too; else " + fix
        yield Refused(f"{name} is {judged.status}", why=judged.reason, fix=fix)
    for strange in judged.irregular:
        fix = "do not commit to govkit/log by hand; fetch it, and do it again with govkit"
        yield Refused(f"the commit of {name} is not the one that its event determines", why=f"it {strange}", fix=fix)
    if judged.event is not None and judged.event.time > latest:
        minutes = int(times.MAX_AHEAD.total_seconds()) // 60
        yield Refused(
            f"{name} is dated {judged.event.time}, ahead of the server's clock",
            why=f"at most {minutes} minutes are allowed, so until {latest}",
            fix="set your machine's clock, fetch the log, and do it again",
        )


def _tag(push: Push, name: str, update: Update) -> Iterator[Refused]:
    recorded = push.state.tags.get(name)
    if recorded is None:
        if not update.deletes:
            yield Refused(
                f"the tag '{name}' is not taken",
                why="no event of the log records it",
                fix=f"push it with its event: git push --atomic origin govkit/log {shell(f'refs/tags/{name}')};\n"
                "tags of models are made with 'govkit register' and 'govkit promote'",
            )
    elif update.new != recorded:
        done = "deleted" if update.deletes else "moved"
        yield Refused(
            f"the tag '{name}' is not {done}",
            why=f"the log recorded it with object {recorded[:12]}",
            fix="a recorded tag stays; 'govkit doctor --fix' brings yours back",
        )


def _missing(push: Push) -> Iterator[Refused]:
    """Yield the tags of new events that are neither pushed along nor there."""
    after = {**push.refs, **{update.ref: update.new for update in push.updates}}
    for judged in push.state.judged[push.known :]:
        said = judged.event.body.get("tag") if judged.event else None
        name = str(said.get("name")) if isinstance(said, dict) else ""
        recorded = push.state.tags.get(name)
        if recorded is not None and after.get(TAGS + name) != recorded:
            yield Refused(
                f"event {judged.index} comes without its tag '{name}'",
                why="a version or stage whose tag is missing is not proven to anybody",
                fix=f"git push --atomic origin govkit/log 'refs/tags/{name}'",
            )


def _hex(identity: str) -> str:
    return identity.partition(":")[2]
