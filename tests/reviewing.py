"""A review that is served for a test: the real server on a world's repository, and a browser that was let in."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from webclient import Client, Form, Reply
from world import World

from govkit.web.loopback import Loopback
from govkit.web.review import Desk, ReviewSite
from govkit.workflow.plans import Options
from govkit.workflow.session import Session

REQUEST = "scorer@1.1.0#production"


@dataclass
class Served:
    """A review that is being served.

    Attributes:
        server: the server.
        client: a browser that was let in.
        thread: what serves it; it ends with the server.
        told: lines that the terminal shows when something is signed.
    """

    server: Loopback
    client: Client
    thread: threading.Thread
    told: list[str] = field(default_factory=list)

    @property
    def page(self) -> Reply:
        """The page of the first request, anew."""
        return self.client.get(self.server.base + "request/0")

    @property
    def form(self) -> Form:
        """The form of a new page: its own, not the one for somebody without govkit."""
        return self.page.forms[0]

    def choose(self, form: Form | None = None, **fields: str) -> Reply:
        """Send the form of a page; go where it leads."""
        return self.follow(self.client.post(form or self.form, **{"way": "0", **fields}))

    def follow(self, reply: Reply) -> Reply:
        """Go where an answer leads, if it leads anywhere."""
        return self.client.get(reply.place) if reply.status == 303 else reply


@contextlib.contextmanager
def served(
    world: World,
    person: str,
    request: str | None = REQUEST,
    *,
    repo: Path | None = None,
    linger: float = 0.5,
    let_in: bool = True,
    **more: Any,
) -> Iterator[Served]:
    """Serve a request, or the list of what waits, to a person, and let the small browser in, if no other comes."""
    told: list[str] = []
    key = str(world.key_path(person)) if person else str(world.folder / "no-key")
    with mock.patch.dict(os.environ, world.env, clear=True):
        session = Session(Options(repo=repo or world.repo, key=key, show=told.extend, **more.pop("options", {})))
        items = [(session, session.state.find_request(request).id)] if request else []  # type: ignore[union-attr]
        site = ReviewSite(Desk([session], items, alone=request is not None, **more), lambda: server.base)
        server = Loopback(site, linger=linger)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            client = Client(server.port)
            assert not let_in or client.get(server.address.removeprefix(client.origin)).status == 200
            yield Served(server, client, thread, told)
        finally:
            server.stop()
            thread.join(20)
            session.git.close()
        assert not thread.is_alive()
