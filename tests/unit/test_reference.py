"""The documentation is tested: generated parts are up to date, and the published schemas fit real records."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from govkit.cli.main import cli
from govkit.core import events, formats
from scripts import reference

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


def _parts(kind: Any, found: set[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    """Return all record types that a type holds, itself among them."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in found:
            found.add(kind)
            for field in msgspec.structs.fields(kind):
                _parts(field.type, found)
    else:
        for part in get_args(kind):
            _parts(part, found)
    return found


def test_every_record_is_explained() -> None:
    """Each published format, event and everything that they hold has a section of its own, with every key."""
    found: set[type[msgspec.Struct]] = set()
    for kind in (*(one.kind for one in formats.FORMATS.values()), *events.BODIES.values()):
        _parts(kind, found)
    pages = [content for name, content in reference.pages().items() if name.endswith(".md")]
    sections = [part.partition("\n") for content in pages for part in content.split("\n## ")]
    for kind in found:
        tag = kind.__struct_config__.tag
        names = [field.encode_name for field in msgspec.structs.fields(kind)]
        told = [text for title, _, text in sections if title == (f"`type: {tag}`" if tag else kind.__name__)]
        assert any(all(f"| `{name}` |" in text for name in names) for text in told), kind


def test_every_command_is_explained() -> None:
    """The page of commands has each of them, with its own help; the page of exit codes has all four codes."""
    pages = reference.pages()
    for path, command in reference._walk(cli, ("govkit",)):
        assert f"## {' '.join(path)}\n" in pages["commands.md"]
        assert command.help
    assert re.findall(r"^\| `(\d)` \| ", pages["exit-codes.md"], re.MULTILINE) == ["0", "1", "2", "3"]
