"""Prints the digests of everything that is rendered of a repository; run by several Pythons, to compare.

``python pages_of.py REPO MODEL REQUEST``; the root of trust comes from the environment.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from pathlib import Path

from govkit.cards import render
from govkit.workflow import facts, hook, standing
from govkit.workflow.cards import tree_of
from govkit.workflow.plans import Options
from govkit.workflow.session import Session


def main() -> None:
    """Render the hook's documents of HEAD, the page of a request, and the page of what serves."""
    repo, model, request = sys.argv[1:]
    session = Session(Options(repo=Path(repo)))
    session.check_trust()
    found = dict(hook.documents(session.git, tree_of(session.git, "HEAD"), model).files)
    asked = standing.of_request(session, request)
    for known in (asked, standing.of_version(session, model, asked.champion.version if asked.champion else None)):
        raw, card = facts.card_of(session, session.state.versions[model, known.version])
        found[f"{known.version}.html"] = render.page(card, None, raw, known).encode()
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(found.items())}
    print(json.dumps({"python": platform.python_version(), "digests": digests}))


if __name__ == "__main__":
    main()
