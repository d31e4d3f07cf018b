"""Groups whose commands are loaded when somebody calls them: nobody waits for the options of fifty others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows where its commands are.

    Args:
        places: where each command is that is not attached otherwise, ``MODULE:NAME`` below ``govkit.cli``, by its name.
        others: what click's own groups take.
    """

    def __init__(self, *others: Any, places: Mapping[str, str], **named: Any) -> None:
        super().__init__(*others, **named)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self._places})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded; None if there is none of that name."""
        if cmd_name not in self.commands and cmd_name in self._places:
            from govkit.cli import completing

            module, _, name = self._places[cmd_name].partition(":")
            command = getattr(import_module(f"govkit.cli.{module}"), name)
            completing.attach(command)
            self.add_command(command, cmd_name)
        return super().get_command(ctx, cmd_name)


def commands_of(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands of a group with their names, sorted."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield name, command
