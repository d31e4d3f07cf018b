"""The documentation is tested: generated parts are up to date, and the published schemas fit real records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "reference" / "schemas"


def test_generated_reference_is_up_to_date() -> None:
    """``make docs`` would change nothing."""
    words = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_schemas_are_schemas(path: Path) -> None:
    """Every published schema is a valid JSON Schema of draft 2020-12, and closed at the top."""
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False


def test_committed_card_fits_its_schema() -> None:
    """The worked example's card fits the published schema, also with the users' own keys, and not with others."""
    validator = Draft202012Validator(json.loads((SCHEMAS / "govkit.card.v1.json").read_text()))
    card = json.loads((ROOT / "governance" / "credit-default" / "card.json").read_text())
    assert list(validator.iter_errors(card)) == []
    assert list(validator.iter_errors({**card, "x-team": {"any": "thing"}})) == []
    assert list(validator.iter_errors({**card, "team": "thing"})) != []


def test_links_of_the_readme_lead_somewhere() -> None:
    """Every relative link in README and docs names a file of the repository."""
    import re

    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [(page, target) for page in pages for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())]
    assert [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []
