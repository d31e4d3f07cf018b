"""Issues for open requests on GitLab, over HTTP, to a stand-in that answers as its API is documented to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gitlab import TOKEN, Project, gitlab
from tests.world import World


@pytest.fixture
def project(requested: World) -> Iterator[Project]:
    """A job's environment in a world with one open request, and the project that it talks to."""
    with gitlab() as found:
        requested.env |= {"GITLAB_CI": "true", "CI_API_V4_URL": found.api, "CI_PROJECT_ID": "41"}
        requested.env |= {"GOVKIT_ISSUES_TOKEN": TOKEN}
        yield found


def test_a_request_opens_one_issue_and_its_end_closes_it(requested: World, project: Project) -> None:
    """An issue mentions approvers, is opened once however often one asks, and is closed when the request ended."""
    (requested.repo / "governance" / "gitlab.yaml").write_text("people: {rita: rita.lee, victor: risk/validators}\n")
    assert "would open: scorer@1.1.0#production" in requested.govkit("ci", "issues", "--dry-run").out
    assert project.issues == []
    (told,) = requested.govkit("ci", "issues", "--format", "json").json["items"]
    assert (told["did"], told["url"]) == ("opened", "https://gitlab.example/acme/models/-/issues/1")
    text = project.issues[0]["description"]
    assert "@rita.lee" in text and "@risk/validators" in text and "govkit approve 'scorer@1.1.0#production'" in text
    # GitLab takes lines that begin with a slash for commands; what people wrote never begins one.
    assert not [line for line in text.splitlines() if line.startswith("/")]
    # So many others that the answer comes on several pages.
    for number in range(230):
        project.add(f"<!-- govkit:request sha256:{number:064x} -->")
    assert "nobody has to be told" in requested.govkit("ci", "issues").out
    requested.govkit("withdraw", "scorer@1.1.0#production", "-m", "no", as_="ada")
    assert "closed: scorer@1.1.0#production" in requested.govkit("ci", "issues").out
    assert project.issues[0]["state"] == "closed" and project.notes == [(1, "The request is withdrawn.")]


@pytest.mark.parametrize("filters", [True, False])
def test_a_mark_of_somebody_elses_keeps_nobody_from_being_told(
    requested: World, project: Project, filters: bool
) -> None:
    """An issue that somebody else opened with the request's mark in it does not count, also where GitLab lists it."""
    project.filters = filters
    requested.govkit("ci", "issues")
    project.issues[0]["author"]["id"] = 99
    assert "opened: scorer@1.1.0#production" in requested.govkit("ci", "issues").out
    assert len(project.issues) == 2


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"GOVKIT_ISSUES_TOKEN": "wrong"}, 3, "it answered with status 401"),
        ({"GOVKIT_ISSUES_TOKEN": ""}, 2, "a project access token with the scope 'api'"),
        ({"CI_API_V4_URL": "http://gitlab.example/api/v4"}, 2, "is not reached by TLS"),
        ({"CI_API_V4_URL": "http://127.0.0.1:1/api/v4"}, 3, "GitLab cannot be reached"),
        ({"CI_PROJECT_ID": "41/../42"}, 2, "is no number"),
    ],
)
def test_what_does_not_work_is_said(
    requested: World, project: Project, change: dict[str, str], code: int, reason: str
) -> None:
    """A wrong token, no token, no TLS, nobody there: a reason and what to do, and no issue."""
    requested.env |= change
    assert reason in requested.govkit("ci", "issues", expect=code).text
    assert project.issues == []


def test_the_token_follows_no_redirect(requested: World, project: Project) -> None:
    """Where GitLab answers with another address, the token is not sent there."""
    project.status = 302
    assert "status 302" in requested.govkit("ci", "issues", expect=3).text
