"""The pages on CI servers: their commands are run as they stand there, and name nothing that there is not."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from tests.world import World

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    text = (HOW_TO / page).read_text()
    return [textwrap.dedent(content) for _, kind, content in BLOCK.findall(text) if kind == language]


@pytest.mark.parametrize("page", ["promote-from-github-actions.md", "promote-from-gitlab-ci.md"])
def test_the_pages_commands_run(requested: World, page: str) -> None:
    """Every command of a page runs in a governed repository, in order, and ends well."""
    scripts = blocks(page, "sh")
    assert len(scripts) >= 2
    env = {**requested.env, "GOVKIT_KEY": str(requested.key_path("rita"))}
    for script in scripts:
        # Promoting is the release engineer's; the rest of the page is the administrator's.
        who = "remy" if "promote --ready" in script else "rita"
        requested.env = {**env, "GOVKIT_KEY": str(requested.key_path(who))}
        requested.shell("bash", "-eo", "pipefail", "-c", script)


@pytest.mark.parametrize("page", ["promote-from-github-actions.md", "promote-from-gitlab-ci.md"])
def test_the_pages_yaml_parses(page: str) -> None:
    """What a page shows as YAML is YAML."""
    found = blocks(page, "yaml")
    assert found and all(yaml.safe_load(text) for text in found)


def test_the_page_names_what_is_written(promoted: World) -> None:
    """Files, secrets and inputs that the page on GitHub names are those of the workflows."""
    page = (HOW_TO / "promote-from-github-actions.md").read_text()
    promoted.govkit("ci", "github", "--deploy", "production")
    written = {path.name: path.read_text() for path in (promoted.repo / ".github" / "workflows").iterdir()}
    assert all(f".github/workflows/{name}" in page for name in written)
    text = "".join(written.values())
    assert set(re.findall(r"(?:secrets|vars)\.([A-Z_]+)", text)) == {"GOVKIT_SIGNING_KEY", "GOVKIT_ROOT"}
    assert "`GOVKIT_SIGNING_KEY`" in page and "`GOVKIT_ROOT`" in page
    assert set(re.findall(r"environment: \"?([a-z]+)", text)) == {"govkit", "production"}
