"""The tags that GTO wrote before govkit came: found by ``init``, kept in the log, told as history.

Nothing is ever decided by them; see :mod:`govkit.core.imported`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from govkit.core import imported, inert, limits, records, times
from govkit.core.errors import Malformed, Undecided, Usage
from govkit.core.imported import Imported, ImportedTag
from govkit.storage.git import Repository

if TYPE_CHECKING:
    from govkit.storage.log import Log
    from govkit.workflow.query import Line
    from govkit.workflow.session import Session

_FIELDS = ["refname", "objecttype", "objectname", "*objecttype", "*objectname", "creatordate:unix", "creator"]
#: No tags.
NOTHING = Imported(schema=imported.SCHEMA, tags=[])


def find(repository: Repository) -> Imported:
    """Return the tags of GTO's that a repository has; those that point at no commit, or have no date, are none."""
    form = "%00".join(f"%({field})" for field in _FIELDS)
    out = repository.run("for-each-ref", f"--format={form}", "refs/tags")
    found = (_tag(line.decode("utf-8", "replace").split("\0")) for line in out.split(b"\n") if line)
    return imported.in_order(tag for tag in found if tag is not None)


def _tag(fields: list[str]) -> ImportedTag | None:
    if len(fields) != len(_FIELDS):
        return None
    ref, kind, identity, target_kind, target, date, creator = fields
    name = ref.removeprefix("refs/tags/")
    read = imported.parse_name(name)
    commit = target if kind == "tag" else identity
    if read is None or (target_kind if kind == "tag" else kind) != "commit":
        return None
    try:
        time = times.write(datetime.fromtimestamp(int(date), UTC))
    except (ValueError, OverflowError, OSError):
        return None
    return ImportedTag(
        name=name,
        id=f"git-sha1:{identity}",
        commit=f"git-sha1:{commit}",
        act=read.act,
        model=read.model,
        version=read.version,
        stage=read.stage,
        time=time,
        by=inert.line(creator.rpartition(">")[0] + ">")[:400],
    )


def evidence(found: Imported) -> dict[str, bytes]:
    """Return what event 0 keeps of the tags that were found, by name; nothing where there are none.

    Raises:
        Usage: if they are more than can be read again.
    """
    if not found.tags:
        return {}
    content = records.to_json(found)
    if len(content) > limits.GENERATED:
        raise Usage(
            f"{len(found.tags):,} tags of GTO's are more than can be imported",
            why=f"they take {len(content):,} bytes, and {limits.GENERATED:,} can be read again",
            fix="leave them out with --no-import; they stay in Git",
        )
    return {imported.EVIDENCE: content}


def read(repository: Repository, log: Log) -> Imported:
    """Return what a log's event 0 says of tags from before it; what cannot be read says nothing.

    Raises:
        Undecided: if event 0 names it and it is missing.
    """
    first = log.state.judged[0].event if log.state.judged else None
    digest = first.evidence.get(imported.EVIDENCE) if first is not None and log.state.policies else None
    if digest is None:
        return NOTHING
    return _parsed(log.evidence(repository, 0, imported.EVIDENCE, digest))


@lru_cache(maxsize=2)
def _parsed(content: bytes) -> Imported:
    try:
        limits.check(content, limits.GENERATED, "")
        return records.from_json(content, Imported)
    except Malformed:
        return NOTHING


def missing_here(session: Session) -> list[str]:
    """Return the tags of GTO's that the remote has and this clone does not.

    Raises:
        Undecided: if the remote cannot be reached.
    """
    if session.remote is None or session.options.local:
        return []
    here = session.git.refs("refs/tags")
    there = (name for name in session.remote.refs() if name.startswith("refs/tags/") and name not in here)
    return sorted(short for name in there if imported.parse_name(short := name.removeprefix("refs/tags/")))


def said(session: Session, model: str, stage: str) -> str:
    """Return what GTO said of a stage before this log was opened, to go behind other words, or an empty string."""
    try:
        found = imported.standings(session.imported)
    except Undecided:
        return ""
    for one in found:
        if (one.model, one.stage) == (model, stage):
            version = f"version {one.version}" if one.version else f"commit {one.tag.commit.partition(':')[2][:10]}"
            return (
                f"; the imported tag '{one.tag.name}' says {version}, but nobody signed it and nobody approved it here"
            )
    return ""


def lines(session: Session, model: str) -> list[Line]:
    """Return a model's imported tags as lines of its history, oldest first; their index is that of event 0."""
    from govkit.workflow.query import Line

    refs = session.tag_refs()
    found = []
    for tag in session.imported.tags:
        if tag.model != model:
            continue
        now = refs.get(tag.name)
        where = "" if now == tag.id.partition(":")[2] else "; it was moved since" if now else "; it is not here"
        what = " ".join(word for word in (tag.act, tag.version, tag.stage) if word)
        text, reason = f"imported: {what} by tag '{tag.name}'", f"from before this log, signed by nobody{where}"
        found.append(Line(0, tag.time, tag.by, model, "imported", text, "imported", reason, tag.id))
    return found
