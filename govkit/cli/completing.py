"""Shell completion: the command ``completion``, and what it completes from the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

VARIABLE = "_GOVKIT_COMPLETE"
#: More than these are no help to anybody.
_MANY = 200
#: What an argument or option is the name of, by how its command calls it.
_KINDS = {
    "model": "model",
    "models": "model",
    "version": "version",
    "versions": "version",
    "stage": "stage",
    "stages": "stage",
    "person": "person",
    "people": "person",
    "role": "role",
    "types": "type",
    "topic": "topic",
}
_REQUEST = "REQUEST"
_HOW = {
    "bash": 'put this line into ~/.bashrc:  eval "$(govkit completion bash)"',
    "zsh": 'put this line into ~/.zshrc, behind compinit:  eval "$(govkit completion zsh)"',
    "fish": "run:  govkit completion fish > ~/.config/fish/completions/govkit.fish",
}

# Click's own splits words where Bash does, and Bash does so at '@' and '=' too, which stand in names of versions.
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_LINE="${COMP_LINE:0:$COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == 'dir' ]]; then
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            COMPREPLY+=("$value")
        fi
    done
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Completion for Bash that takes the line as it was typed."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        if not line or line[-1].isspace():
            return words[1:], ""
        return words[1:-1], words[-1] if words else ""

    def format_completion(self, item: CompletionItem) -> str:
        """Return an answer; Bash puts it in the place of what it takes for the last word."""
        typed, breaks = self.get_completion_args()[1], os.environ.get("COMP_WORDBREAKS", "")
        quoted = os.environ["COMP_LINE"].rpartition(" ")[2][:1] in ("'", '"')
        places = [typed.rfind(sign) + 1 for sign in "=:" if sign in breaks]
        places += [typed.rfind("@")] if "@" in breaks else []  # readline leaves this one in the word that it breaks off
        start = 0 if quoted else max(0, *places, 0)
        value = str(item.value)
        return f"{item.type},{value[start:] if value.startswith(typed[:start]) else value}"


class Name(click.types.StringParamType):
    """A text that is the name of something in the repository, and is completed as such.

    Args:
        kind: model, version, stage, person, role, request, type or topic.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return what fits; nothing at all where the repository cannot be read."""
        del param
        known = _known(self.kind, Path(ctx.params.get("repo") or "."), incomplete)
        return [CompletionItem(name) for name in known if name.startswith(incomplete)][:_MANY]


def _known(kind: str, folder: Path, incomplete: str) -> list[str]:
    if kind == "topic":
        from govkit.cli import topics

        return topics.names()
    if kind == "type":
        from govkit.core.events import BODIES

        return [*dict.fromkeys(name.partition(".")[0] for name in BODIES), *BODIES]
    from govkit.storage import glimpse

    seen = glimpse.look(folder)
    versions = [f"{model}@{version}" for model, version in seen.versions]
    if kind == "request":
        return [f"{version}#{stage}" for version in versions if _leads(version, incomplete) for stage in seen.stages]
    simple = {"model": seen.models, "stage": seen.stages, "person": seen.people, "role": seen.roles}
    return [*seen.models, *versions] if kind == "version" else simple[kind]


def _leads(version: str, incomplete: str) -> bool:
    return version.startswith(incomplete.partition("#")[0])


def attach(command: click.Command) -> None:
    """Let arguments and options of a command, and of those below it, be completed by what they are the names of."""
    for param in command.params:
        kind = "request" if param.metavar == _REQUEST else _KINDS.get(param.name or "")
        if kind is not None and param.type is click.STRING:
            param.type = Name(kind)
    if isinstance(command, click.Group):
        for child in command.commands.values():
            attach(child)


def answer(cli: click.Command) -> int | None:
    """Answer a shell that asks for completions; None if none does.

    Whatever goes wrong, nothing is said: there is somebody in the middle of typing a line.
    """
    instruction = os.environ.get(VARIABLE)
    if not instruction:
        return None
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    try:
        return shell_complete(cli, {}, "govkit", VARIABLE, instruction)
    except Exception:
        return 1


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options, and names of models, versions, stages and people.

    \b
    bash:  eval "$(govkit completion bash)"     in ~/.bashrc
    zsh:   eval "$(govkit completion zsh)"      in ~/.zshrc, behind compinit
    fish:  govkit completion fish > ~/.config/fish/completions/govkit.fish
    """  # noqa: D301 - click needs the backspace itself
    kind: Any = get_completion_class(shell)
    script = ShellComplete.source(kind(click.Command("govkit"), {}, "govkit", VARIABLE))
    click.echo(f"# {_HOW[shell]}\n{script}")


add_completion_class(_Bash, "bash")
