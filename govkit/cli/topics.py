"""The command ``help``: short texts on concepts, which lie beside this module, and every command's own help."""

from __future__ import annotations

import click

from govkit.cli import paging
from govkit.core.errors import Usage


def _texts() -> dict[str, str]:
    """Return all texts by topic; the first line of each says what it is about."""
    from importlib.resources import files

    found = files("govkit.cli") / "help"
    return {path.name[:-4]: path.read_text(encoding="utf-8") for path in found.iterdir() if path.name.endswith(".txt")}


def names() -> list[str]:
    """Return every topic, by name."""
    return sorted(_texts())


def text(topic: str) -> str | None:
    """Return the text on a topic, or None if there is none."""
    return _texts().get(topic)


@click.command("help")
@click.argument("topic", nargs=-1, metavar="[TOPIC|COMMAND]...")
@paging.no_pager_option
@click.pass_context
def help_command(context: click.Context, /, topic: tuple[str, ...], no_pager: bool) -> None:
    """Explain a concept, such as trust, gates or rollback, or a command; without one, list them.

    Concepts are short texts with the commands that belong to them.
    """
    paging.show(_found(context, topic), pager=not no_pager)


def _found(context: click.Context, topic: tuple[str, ...]) -> str:
    """Return the text on a topic, or the help of a command.

    Raises:
        Usage: if there is neither.
    """
    from govkit.core.wording import suggest

    known = _texts()
    if not topic:
        listing = [f"  {name:<14}{known[name].partition(chr(10))[0].partition(': ')[2]}" for name in sorted(known)]
        return "\n".join(
            ["Concepts:", *listing, "", "Read one with 'govkit help TOPIC'; all commands: govkit --help", ""]
        )
    if len(topic) == 1 and topic[0] in known:
        return known[topic[0]]
    parent = context.find_root()
    command: click.Command = parent.command
    for word in topic:
        child = command.get_command(parent, word) if isinstance(command, click.Group) else None
        if child is None:
            commands = command.list_commands(parent) if isinstance(command, click.Group) else []
            near = suggest(word, [*known, *commands])
            raise Usage(
                f"there is nothing on '{' '.join(topic)}'{near}",
                why=f"concepts: {', '.join(sorted(known))}",
                fix="'govkit help' lists concepts, 'govkit --help' commands",
            )
        parent, command = click.Context(child, info_name=word, parent=parent), child
    return f"{command.get_help(parent)}\n"
