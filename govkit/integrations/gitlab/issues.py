"""Issues on GitLab, through its REST API (version 4).

https://docs.gitlab.com/api/issues/ is where the calls come from. A job's own token may not open issues, so a project
access token with the scope ``api`` is needed, which signs nothing and pushes nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from govkit.core.errors import Undecided, Usage
from govkit.core.inert import line
from govkit.integrations.issues import LABEL, MOST, Issue

#: The variable that holds the token.
TOKEN: Final = "GOVKIT_ISSUES_TOKEN"  # noqa: S105 - a variable's name
_PAGE: Final = 100
_SECONDS: Final = (10, 30)


class GitLab:
    """The project whose job this is.

    Args:
        environment: the job's variables: ``CI_API_V4_URL``, ``CI_PROJECT_ID`` and :data:`TOKEN`.

    Raises:
        Usage: if one of them is missing, or the address is not reached by TLS.
    """

    title: Final = "GitLab"
    mentions: Final = "governance/gitlab.yaml"
    login: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}){0,19}")

    def __init__(self, environment: Mapping[str, str]) -> None:
        values = [environment.get(name, "") for name in ("CI_API_V4_URL", "CI_PROJECT_ID", TOKEN)]
        if not all(values):
            fix = f"run it in a job of GitLab's, with {TOKEN}: a project access token with the scope 'api'"
            raise Usage("GitLab cannot be asked", why=f"CI_API_V4_URL, CI_PROJECT_ID or {TOKEN} is not set", fix=fix)
        self._api, project, self._token = values
        if not re.fullmatch(r"https://\S+|http://(127\.0\.0\.1|localhost)(:\d+)?/\S*", self._api):
            raise Usage("GitLab cannot be asked", why=f"{line(self._api)} is not reached by TLS", fix="use https://")
        if not re.fullmatch(r"[0-9]+", project):
            raise Usage("GitLab cannot be asked", why="CI_PROJECT_ID is no number", fix="leave it as GitLab sets it")
        self._project = f"projects/{project}/issues"

    def mine(self) -> list[Issue]:
        """Return the issues with the label that the token's own user has opened, the newest first.

        Raises:
            Undecided: if GitLab does not answer, or says something that cannot be read.
        """
        try:
            me = self._ask("GET", "user")["id"]
            found: list[Issue] = []
            for page in range(1, MOST // _PAGE + 1):
                asked = {"labels": LABEL, "author_id": me, "scope": "all", "per_page": _PAGE, "page": page}
                listed = self._ask("GET", self._project, asked)
                found += [
                    Issue(int(one["iid"]), one["state"] == "opened", str(one["web_url"]), one["description"] or "")
                    for one in listed
                    # What an instance that does not know a filter would list as well.
                    if one["author"]["id"] == me and LABEL in one["labels"]
                ]
                if len(listed) < _PAGE:
                    break
            return found
        except (KeyError, TypeError, ValueError) as error:
            raise Undecided("what GitLab says cannot be read", why=repr(error), fix="look at its API") from error

    def open(self, title: str, text: str) -> str:
        """Open an issue with the label, and return its page."""
        made = self._ask("POST", self._project, {"title": title, "description": text, "labels": LABEL})
        return str(made.get("web_url", "")) if isinstance(made, dict) else ""

    def close(self, issue: Issue, why: str) -> None:
        """Close an issue, and say in it why."""
        self._ask("POST", f"{self._project}/{issue.number}/notes", {"body": why})
        self._ask("PUT", f"{self._project}/{issue.number}", {"state_event": "close"})

    def _ask(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        import requests

        reads = method == "GET"
        try:
            answer = requests.request(
                method,
                f"{self._api}/{path}",
                headers={"PRIVATE-TOKEN": self._token, "user-agent": "govkit"},
                timeout=_SECONDS,
                allow_redirects=False,  # the token must not follow one
                auth=lambda request: request,  # nor what ~/.netrc holds for the host
                params=values if reads else None,
                json=None if reads else values,
            )
        except requests.RequestException as error:
            raise Undecided("GitLab cannot be reached", why=line(str(error)), fix="try again") from error
        if not 200 <= answer.status_code < 300:
            fix = f"{TOKEN} needs the scope 'api' and the role Reporter, at least"
            why = f"it answered with status {answer.status_code}"
            raise Undecided(f"GitLab did not do '{method} {path}'", why=why, fix=fix)
        try:
            return answer.json()
        except ValueError as error:
            raise Undecided("what GitLab says cannot be read", why=str(error), fix="look at its API") from error
