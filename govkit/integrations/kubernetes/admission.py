"""What the admission webhook says to an object: read its claim, ask what is known, and say so to the person.

What is decided of operations: ``CREATE`` and ``UPDATE`` are judged, a dry run as if it were none (judging changes
nothing). An update that leaves claim and specification as they were, or only asks for fewer replicas or suspends, lets
in nothing new, and may pass: what was revoked must be able to go. ``DELETE`` and ``CONNECT`` start nothing, and
subresources (``scale``, ``status``, ``eviction``) belong to an object that was judged; its pods are judged when they
are made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from govkit.core.errors import Refused
from govkit.integrations.kubernetes import claims
from govkit.integrations.kubernetes.claims import Claim
from govkit.integrations.kubernetes.review import Question, Reply
from govkit.integrations.kubernetes.standing import Answer

_JUDGED: Final = ("CREATE", "UPDATE")
_PASSED: Final = ("DELETE", "CONNECT")


class Rules(Struct, frozen=True):
    """How a webhook was told to judge.

    Attributes:
        unlabelled: whether objects that claim nothing may run.
        any_storage: whether an InferenceService that claims something may load bytes which govkit does not check.
        mode: ``enforce``, or ``warn`` to let everything through and say what would have been refused.
    """

    unlabelled: Literal["allow", "deny"] = "deny"
    mode: Literal["enforce", "warn"] = "enforce"
    any_storage: bool = False


async def judge(question: Question, rules: Rules, ask: Callable[[Claim], Awaitable[Answer]]) -> Reply:
    """Judge a question.

    Args:
        question: what the API server asks.
        rules: how it was told to judge.
        ask: answers a claim; see :meth:`govkit.integrations.kubernetes.desk.Desk.ask`.
    """
    try:
        reply = await _judge(question, rules, ask)
    except Refused as error:
        reply = _refuse(error.what, error.why, error.fix, "malformed")
    if reply.allowed or rules.mode == "enforce":
        return reply
    audit = {**(reply.audit or {}), "verdict": "would-refuse", "reason": reply.message}
    return replace(reply, allowed=True, message="", warnings=(f"WOULD BE REFUSED: {reply.message}",), audit=audit)


async def _judge(question: Question, rules: Rules, ask: Callable[[Claim], Awaitable[Answer]]) -> Reply:
    if question.operation in _PASSED or question.subresource:
        return Reply(True, audit={"verdict": "not-judged"})
    if question.operation not in _JUDGED or question.thing is None:
        return _refuse(f"'{question.operation}' without an object cannot be judged", "", "", "malformed")
    if question.operation == "UPDATE" and question.before is not None:
        if claims.starts_nothing(question.thing, question.before):
            return Reply(True, audit={"verdict": "unchanged"})
        if claims.read(question.thing, any_storage=True) is None and _had_claim(question):
            fix = "delete it, and create it anew"
            return _refuse("an update may not take its annotations away", "what runs would stay", fix, "malformed")
    claim = claims.read(question.thing, any_storage=rules.any_storage)
    if claim is None:
        return _unlabelled(rules)
    answer = await ask(claim)
    audit = {"model": claim.model, "stage": claim.stage, "record": claim.record, "log-size": str(answer.size)}
    if not answer.allowed:
        return _refuse(answer.what, answer.why, answer.fix, "refused", audit)
    return Reply(True, "", answer.warnings, {**audit, "verdict": "proven", "version": answer.version})


def _had_claim(question: Question) -> bool:
    try:
        return question.before is not None and claims.read(question.before, any_storage=True) is not None
    except Refused:
        return True


def _unlabelled(rules: Rules) -> Reply:
    if rules.unlabelled == "allow":
        return Reply(True, audit={"verdict": "unlabelled"})
    fix = f"write {', '.join(claims.KEYS)} on it; 'govkit kubernetes manifests' prints them"
    return _refuse("this object does not say which approved model it runs", "it has no annotations", fix, "unlabelled")


def _refuse(what: str, why: str, fix: str, verdict: str, audit: dict[str, str] | None = None) -> Reply:
    reason = f"{what}: {why}" if why else what
    message = f"govkit: {reason}" + (f". Next: {fix}" if fix else "")
    return Reply(False, message, audit={**(audit or {}), "verdict": verdict, "reason": reason})
