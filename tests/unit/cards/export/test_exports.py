"""What holds for every export: the same bytes each time, and nothing hidden in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from govkit.cards.export import FORMATS, write
from govkit.cards.export.base import Choices, Predicate, Spec
from govkit.cli import exporting
from govkit.core import canonical, digests, formats, inert
from govkit.core.errors import Refused


def test_the_command_offers_every_format() -> None:
    """The command's lists are those of the exporters."""
    assert (tuple(FORMATS), get_args(Spec), get_args(Predicate)) == (
        exporting.FORMATS,
        exporting.SPECS,
        exporting.PREDICATES,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_hidden_is_left(name: str, any_card: Any, any_report: Any, facts: Any) -> None:
    """No character that cannot be seen stands in an export; canonical JSON apart, whose bytes are fixed."""
    try:
        made = write(name, facts(any_card, "\n".join(("a\x1b[31m\u202e", "b")), any_report))
    except Refused:
        assert name == "mlflow-signature"
        return
    assert name == "json" or inert.visible(made) == made


def test_json_is_canonical_and_fits_its_schema(any_card: Any, any_report: Any, facts: Any) -> None:
    """``json`` is RFC 8785, holds the card with the digest that it names, and fits the published schema."""
    made = write("json", facts(any_card, "because", any_report))
    value = canonical.decode(made.encode())
    assert digests.sha256(canonical.encode(value["card_json"])) == value["card"]
    assert list(Draft202012Validator(formats.json_schema("govkit.export/v1")).iter_errors(value)) == []


def test_bytes_do_not_depend_on_the_process(tmp_path: Path, facts: Any, example: Any) -> None:
    """Another process, with another seed of its hashes and another locale, makes the same bytes of every format."""
    known = facts(example)
    (tmp_path / "facts.json").write_text(write("json", known))
    script = (
        "import hashlib, json, sys; from pathlib import Path\n"
        "from govkit.cards.export import FORMATS, write; from govkit.core import records; from govkit.core.exported import Exported\n"
        "facts = records.from_json(Path(sys.argv[1]).read_bytes(), Exported)\n"
        "print(json.dumps({name: hashlib.sha256(write(name, facts).encode()).hexdigest() for name in FORMATS}))\n"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C", "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", script, str(tmp_path / "facts.json")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=env)
    mine = {name: digests.sha256(write(name, known).encode())[7:] for name in FORMATS}
    assert json.loads(done.stdout) == mine


def test_serial_number_follows_from_the_content(value: Any, facts: Any) -> None:
    """The same version has the same serial number, another head of the log another one."""
    numbers = [
        json.loads(write("cyclonedx", facts(value, time=time)))["serialNumber"]
        for time in ("2026-11-23T10:15:00Z", "2026-11-23T10:15:00Z", "2026-11-23T10:15:01Z")
    ]
    assert numbers[0] == numbers[1] != numbers[2]


def test_choices_are_independent(value: Any, facts: Any) -> None:
    """A version of CycloneDX does not touch other formats."""
    assert write("json", facts(value), Choices(spec="1.7")) == write("json", facts(value))


def test_a_terminal_gets_nothing_hidden(value: Any, facts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Canonical JSON keeps its bytes in a pipe; at a terminal its hidden characters are escaped, the value the same."""
    made = write("json", facts(value, "late\u202e\u2066"))
    assert exporting._shown(made) == made
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown = exporting._shown(made)
    assert "\u202e" in made
    assert inert.visible(shown) == shown
    assert json.loads(shown) == json.loads(made)
