"""The texts of ``govkit help``: each command in them exists, as it is written there."""

from __future__ import annotations

import re

import click
import pytest

from govkit.cli import topics
from govkit.cli.main import cli

#: What placeholders may stand for, where a command wants more than any word.
WORDS = {"INDEX": "5", "DAY": "2026-12-31"}
LINE = re.compile(r"^  govkit (.+?)(?:   .*|; .*)?$")
QUOTED = re.compile(r"'govkit ([^']+)'")
SEE = re.compile(r"govkit help ([a-z-]+)")


def commands(topic: str) -> list[str]:
    """Return the commands that stand on a line of their own in a text, without 'govkit'."""
    return [match[1] for line in (topics.text(topic) or "").splitlines() if (match := LINE.match(line))]


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that some words begin with, and the rest of them."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        child = command.get_command(click.Context(command), words[0])
        if child is None:
            break
        command, words = child, words[1:]
    return command, words


@pytest.mark.parametrize("topic", topics.names())
def test_commands_in_texts_exist(topic: str) -> None:
    """Each can be parsed as it stands: the command, its options, and whatever it needs."""
    found = commands(topic)
    for line in found:
        words = [word.strip("'").replace("INDEX", "5") for word in re.findall(r"'[^']*'|\S+", line)]
        command, rest = find([WORDS.get(word, word) for word in words])
        assert command is not cli, line
        command.make_context("x", rest, parent=click.Context(cli, info_name="govkit"))
    for line in QUOTED.findall(topics.text(topic) or ""):
        command, rest = find(line.split())
        assert command is not cli and rest in ([], ["TOPIC"]), line
    assert found or topic == "exit-codes"


@pytest.mark.parametrize("topic", topics.names())
def test_texts(topic: str) -> None:
    """Each has a title, fits a terminal, and leads on to texts that exist."""
    text = topics.text(topic)
    assert text is not None
    first = text.splitlines()[0]
    assert re.fullmatch(r"[A-Z][a-z ]+: .+", first)
    assert max(map(len, text.splitlines())) <= 112
    assert set(SEE.findall(text)) <= set(topics.names()) - {topic}


def test_topics_that_there_are() -> None:
    """All that a person may ask about first."""
    wanted = "trust policy gates approvals promotion rollback log mirror verify keys exit-codes formats"
    assert set(topics.names()) == set(wanted.split())


def test_every_command_that_people_meet_is_in_some_text() -> None:
    """The commands of the main job are all explained somewhere."""
    told = {words.split()[0] for topic in topics.names() for words in commands(topic)}
    main_job = "init trust people request approve reject promote rollback verify get log history policy gate review"
    assert set(main_job.split()) <= told
