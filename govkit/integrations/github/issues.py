"""Issues on GitHub, through its own command line ``gh``, which runners have and which knows how to log in."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Final

from govkit.core.errors import Undecided, Usage
from govkit.core.inert import line
from govkit.integrations.issues import ABOUT, LABEL, MOST, Issue


class GitHub:
    """The repository that ``GH_REPO`` names, with ``GH_TOKEN``.

    Args:
        app: the app whose issues count; the one that runs workflows is ``github-actions``.
    """

    title: Final = "GitHub"
    mentions: Final = "governance/github.yaml"
    login: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?")

    def __init__(self, app: str) -> None:
        self._app = app

    def mine(self) -> list[Issue]:
        """Return the issues with the label that the app has opened, the newest first.

        Raises:
            Usage: if there is no ``gh``.
            Undecided: if GitHub does not answer, or says something that cannot be read.
        """
        words = ("--label", LABEL, "--state", "all", "--app", self._app, "--limit", str(MOST))
        text = _gh("issue", "list", *words, "--json", "number,state,url,body")
        try:
            return [
                Issue(one["number"], one["state"] == "OPEN", str(one["url"]), one["body"]) for one in json.loads(text)
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise Undecided("what 'gh issue list' says cannot be read", why=str(error), fix="upgrade gh") from error

    def open(self, title: str, text: str) -> str:
        """Open an issue with the label, and return its page."""
        _gh("label", "create", LABEL, "--force", "--description", ABOUT, "--color", "1d76db")
        said = _gh("issue", "create", "--title", title, "--label", LABEL, "--body-file", "-", stdin=text)
        return said.strip().splitlines()[-1] if said.strip() else ""

    def close(self, issue: Issue, why: str) -> None:
        """Close an issue, and say in it why."""
        _gh("issue", "close", str(issue.number), "--comment", why)


def _gh(*words: str, stdin: str = "") -> str:
    """Run GitHub's command line; it knows repository and token from ``GH_REPO`` and ``GH_TOKEN``."""
    try:
        done = subprocess.run(["gh", *words], input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        fix = "install it from https://cli.github.com, or run this on a runner of GitHub's"
        raise Usage("the command 'gh' is not here", why="issues are opened with it", fix=fix) from error
    if done.returncode != 0:
        why = line(done.stderr) or f"it ended with {done.returncode}"
        fix = "it needs GH_TOKEN with the permission 'issues: write', and GH_REPO"
        raise Undecided(f"'gh {words[0]} {words[1]}' failed", why=why, fix=fix)
    return done.stdout
