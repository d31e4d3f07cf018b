"""Flagger's webhooks beside the admission webhook: the same clone, the same server, one question at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from govkit.core.errors import GovkitError, Malformed
from govkit.core.inert import line
from govkit.integrations import flagger
from govkit.integrations.flagger import Answer
from govkit.integrations.kubernetes import review
from govkit.integrations.kubernetes.server import Call, Response
from govkit.integrations.kubernetes.standing import Standing
from govkit.workflow.plans import Options
from govkit.workflow.session import Session

#: Where the questions come in; what follows is the hook's name.
PATH = "/flagger/*"


class Rollouts:
    """Answers Flagger.

    Args:
        repo: the clone that the webhook keeps fresh.
        root: the pinned root of trust, or None to look it up.
        standing: what is known of the clone: how old it is, and whether its log can be relied on.
    """

    def __init__(self, repo: Path, root: str | None, standing: Standing) -> None:
        self._repo, self._root, self._standing = repo, root, standing
        # Each question reads the log; Flagger asks once a minute.
        self._lock = asyncio.Lock()

    async def answer(self, call: Call) -> Response:
        """Answer one question: 200 for yes, 403 for no, 400 for none, 503 where that cannot be told now."""
        async with self._lock:
            found = await asyncio.to_thread(self._answer, call)
        return Response.text(found.status, line(found.reason))

    def _answer(self, call: Call) -> Answer:
        try:
            payload = review.read(call.body)
        except Malformed as error:
            return Answer(flagger.WRONG, f"this is no question of Flagger's: {error}")
        if self._standing.broken or self._standing.age > self._standing.patience:
            why = self._standing.broken or "govkit's clone is older than allowed"
            return Answer(flagger.UNKNOWN, why)
        try:
            session = Session(Options(repo=self._repo, root=self._root))
            try:
                return flagger.answer(session, call.tail, payload)
            finally:
                session.git.close()
        except GovkitError as error:
            return Answer(flagger.UNKNOWN, str(error))
