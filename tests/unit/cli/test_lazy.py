"""Commands that are loaded when they are called."""

from __future__ import annotations

import click
import pytest

from govkit.cli import logs, main
from govkit.cli.lazy import LazyGroup, commands_of


@pytest.mark.parametrize("group", [main.cli, logs.log], ids=["govkit", "govkit log"])
def test_each_place_holds_the_command_of_that_name(group: LazyGroup) -> None:
    """A table that names another command's place would run that one."""
    places = main.PLACES if group is main.cli else logs.PLACES
    found = dict(commands_of(group))
    assert set(places) <= set(found) and {name: command.name for name, command in found.items()} == {
        n: n for n in found
    }


def test_what_is_not_there() -> None:
    """A name without a place is no command, and one that was attached is one like all."""
    group = LazyGroup("g", places={"show": "looking:show"})
    group.add_command(click.Command("mine"))
    context = click.Context(group)
    assert group.get_command(context, "theirs") is None and group.list_commands(context) == ["mine", "show"]
