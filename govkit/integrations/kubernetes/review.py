"""AdmissionReview of ``admission.k8s.io/v1``: the question that an API server posts, and the answer that it takes.

Format: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/. An answer has the
question's ``uid``; a refusal has a status with code 403 and a message for the person at the command line; warnings
are best below 120 characters; audit annotations are short texts for the API server's own audit log.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from govkit.core import canonical, limits
from govkit.core.errors import Malformed
from govkit.core.inert import line

API: Final = "admission.k8s.io/v1"
KIND: Final = "AdmissionReview"
#: An API server takes objects of 3 MiB; an update sends two.
MAX_BODY: Final = 7 * limits.MIB
MAX_VALUES: Final = 200_000
MAX_WARNING: Final = 120
MAX_MESSAGE: Final = 2000
_MAX_AUDIT: Final = 256
_MAX_WARNINGS: Final = 8
_FORBIDDEN: Final = 403


class Question(Struct, frozen=True):
    """What an API server asks.

    Attributes:
        uid: its number, which the answer repeats.
        operation: ``CREATE``, ``UPDATE``, ``DELETE`` or ``CONNECT``.
        subresource: ``status``, ``scale`` and the like, or an empty string.
        name: kind, namespace and name, for people.
        user: who asks.
        thing: the object, or None where there is none.
        before: the object as it is now, or None.
    """

    uid: str
    operation: str
    subresource: str
    name: str
    user: str
    thing: Mapping[str, Any] | None
    before: Mapping[str, Any] | None


class Reply(Struct, frozen=True):
    """What it is told.

    Attributes:
        allowed: whether the object may be.
        message: why not, or an empty string.
        warnings: what the person is shown either way.
        audit: what the API server writes into its audit log.
    """

    allowed: bool
    message: str = ""
    warnings: Sequence[str] = ()
    audit: Mapping[str, str] | None = None


def read(body: bytes) -> Any:
    """Read JSON that a stranger sent.

    Raises:
        Malformed: if it is none, larger or deeper than anything that is asked here, or says something twice.
    """
    limits.check(body, MAX_BODY, "")
    limits.check_values(body, "", MAX_VALUES)
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {str(error) or type(error).__name__}") from error
    if canonical.depth(value) > canonical.MAX_DEPTH:
        raise Malformed(f"nested more than {canonical.MAX_DEPTH} levels deep")
    return value


def parse(body: bytes) -> Question:
    """Read a question.

    Raises:
        Malformed: if it is larger, deeper or of another form than an API server sends, or says something twice.
    """
    value = read(body)
    if not isinstance(value, dict) or (value.get("apiVersion"), value.get("kind")) != (API, KIND):
        raise Malformed(f"not an {KIND} of {API}")
    request = _object(value, "request") or {}
    uid, operation = _text(request, "uid"), _text(request, "operation")
    if not uid or len(uid) > limits.KIB or not operation:
        raise Malformed("a request has a uid and an operation")
    kind = _text(_object(request, "kind") or {}, "kind")
    parts = [part for part in (_text(request, "namespace"), _text(request, "name")) if part]
    return Question(
        uid=uid,
        operation=operation,
        subresource=_text(request, "subResource"),
        name=f"{kind or 'object'} {'/'.join(parts) or 'without a name'}",
        user=_text(_object(request, "userInfo") or {}, "username"),
        thing=_object(request, "object"),
        before=_object(request, "oldObject"),
    )


def render(question: Question, reply: Reply) -> bytes:
    """Return an answer's bytes; whatever came from others is made harmless to look at, and cut to length."""
    response: dict[str, Any] = {"uid": question.uid, "allowed": reply.allowed}
    if not reply.allowed:
        message = _cut(reply.message, MAX_MESSAGE)
        response["status"] = {"status": "Failure", "reason": "Forbidden", "code": _FORBIDDEN, "message": message}
    if reply.warnings:
        response["warnings"] = _warnings(reply.warnings)
    if reply.audit:
        response["auditAnnotations"] = {name: _cut(text, _MAX_AUDIT) for name, text in reply.audit.items() if text}
    return json.dumps({"apiVersion": API, "kind": KIND, "response": response}).encode()


def _warnings(said: Sequence[str]) -> list[str]:
    """Return warnings, each in as many pieces as their length asks for."""
    pieces = [piece for text in said for piece in textwrap.wrap(line(text), MAX_WARNING)]
    return [*pieces[:_MAX_WARNINGS], *(["... and more"] if len(pieces) > _MAX_WARNINGS else [])]


def _cut(text: str, most: int) -> str:
    seen = line(text)
    return seen if len(seen) <= most else seen[: most - 3] + "..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it says something twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    found = value.get(name)
    if found is not None and not isinstance(found, dict):
        raise Malformed(f"'{name}' is not an object")
    return found


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if found is not None and not isinstance(found, str):
        raise Malformed(f"'{name}' is not text")
    return found or ""
