"""The commit that stands for an event in Git.

Everything in it follows from the event, so that anybody builds the same one, and a commit that tells another story
shows. This function is for ever: changing a word would make every older log look tampered with.
"""

from __future__ import annotations

import re

from govkit.core import digests, times
from govkit.core.events import Event

_WORDS = {
    "policy.adopted": "adopts a policy",
    "version.registered": "registers {subject}@{version}",
    "request.opened": "asks to {action} {subject}@{version} in {stage}",
    "decision.recorded": "decides '{decision}' as {role} on request {request}",
    "promotion.recorded": "{kind}: {subject}@{version} to {stage}",
    "stage.cleared": "clears {subject}#{stage}",
    "version.revoked": "revokes {subject}@{version}",
}


def headline(event: Event) -> str:
    """Return one line that tells people what happened, from nothing but the event."""
    said = _WORDS.get(event.type, "records {type} for {subject}")
    body = event.body
    if event.type == "policy.adopted" and body.get("genesis") is not None:
        said = "opens the log with a policy"
    if event.type == "request.opened" and body.get("version") is None:
        said = "asks to {action}"
    known = {key: str(body.get(key, "?")) for key in ("version", "stage", "action", "decision", "role", "kind")}
    request = digests.short(str(body.get("request", "")))
    said = said.format(type=event.type, subject=event.subject, request=request, **known)
    return re.sub(r"[^\x20-\x7e]", "?", f"{event.actor} {said}")[:200]


def build(event: Event, tree: str, parent: str | None) -> bytes:
    """Return the bytes of the commit.

    Args:
        event: the event it holds.
        tree: the id of its tree, in hex.
        parent: the id of the commit before it, in hex; None for event 0.
    """
    who = f"{event.actor} <{event.actor}@govkit.invalid> {times.epoch(event.time)} +0000"
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []), f"author {who}", f"committer {who}"]
    return "\n".join([*lines, "", headline(event), ""]).encode()
