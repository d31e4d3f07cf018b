"""What all commands share: their options, how they ask, and how an error is told."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from govkit.core.errors import GovkitError, Malformed, Undecided, Usage
from govkit.reports.formats import FORMATS

if TYPE_CHECKING:
    from govkit.core.report import Report
    from govkit.workflow.plans import Options
    from govkit.workflow.session import Session

_LOOK = "'govkit status' and 'govkit log verify' say what is wrong; find out who wrote it"
F = TypeVar("F", bound=Callable[..., Any])
DEBUG_VARIABLE = "GOVKIT_DEBUG"
_LOCAL = "govkit.local"
#: A group of commands without one; click before 8.2 knows no such error, and prints the help by itself.
_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
#: Where GitHub Actions names the file that takes a job's summary.
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"

repo_option = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="A folder in the repository."
)
root_option = click.option(
    "--root", metavar="DIGEST", help="The root of trust; else GOVKIT_ROOT, else your known-roots file."
)
format_option = click.option(
    "--format", "output", type=click.Choice(["table", "json"]), default="table", help="How to print the answer."
)
report_option = click.option(
    "--format", "output", type=click.Choice(FORMATS), default="table", help="How to print the checks."
)
key_option = click.option(
    "--key", metavar="FILE", help="The key to sign with; else GOVKIT_KEY, else Git's user.signingkey."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be signed and written, and stop.")
mirror_option = click.option(
    "--mirror", metavar="URL", help="Read the log from this mirror instead of Git, as when the Git host is down."
)


def _keep_local(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[_LOCAL] = value


local_option = click.option(
    "--local",
    is_flag=True,
    expose_value=False,
    callback=_keep_local,
    help="Leave the remote for later: 'govkit log sync' pushes what waits.",
)
yes_option = click.option("--yes", "-y", is_flag=True, help="Say yes beforehand to every question.")


def reads(function: F) -> F:
    """Give a command the options of one that only looks."""
    return _stack(function, repo_option, root_option, format_option)


def reports(function: F) -> F:
    """Give a command the options of one that only looks, and reports checks."""
    return _stack(function, repo_option, root_option, report_option)


def report(found: Report, output: str) -> None:
    """Print a report of checks; for GitHub also into the summary of the job that this runs in, if any."""
    from govkit.reports import formats

    formats.write(found, output, summary=os.environ.get(SUMMARY_VARIABLE))


def writes(function: F) -> F:
    """Give a command the options of one that signs."""
    return _stack(
        function, repo_option, root_option, key_option, dry_run_option, local_option, yes_option, format_option
    )


def _stack(function: F, *options: Callable[[Any], Any]) -> F:
    for option in reversed(options):
        function = option(function)
    return function


def session(
    repo: Path,
    *,
    root: str | None = None,
    key: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    mirror: str | None = None,
    watch: Callable[[str, int, int], None] | None = None,
) -> Session:
    """Open the repository that a command works in; with a mirror, the log is read from there."""
    from msgspec.structs import replace

    from govkit.workflow.session import Session

    said = options(repo, root=root, key=key, dry_run=dry_run, yes=yes)
    return Session(replace(said, mirror=mirror, watch=watch))


def options(
    repo: Path, *, root: str | None = None, key: str | None = None, dry_run: bool = False, yes: bool = False
) -> Options:
    """Return a command's options as the workflow takes them; nobody is asked where there is no terminal."""
    from govkit.workflow.plans import Options, is_interactive

    agree = None if yes or not is_interactive() else _ask
    context = click.get_current_context(silent=True)
    local = bool(context and context.meta.get(_LOCAL))
    return Options(repo=repo, key=key, root=root, dry_run=dry_run, local=local, show=_show, agree=agree)


def split_version(version: str) -> tuple[str, str | None]:
    """Take ``MODEL@VERSION`` or ``MODEL`` apart, as :func:`govkit.core.names.split_version` does."""
    from govkit.core import names

    return names.split_version(version)


def _show(lines: list[str]) -> None:
    from govkit.core.inert import line

    click.echo("What will be signed:", err=True)
    for text in lines:
        click.echo(f"  {line(text)}", err=True)


def _ask(question: str) -> bool:
    return click.confirm(question, err=True)


def tell(error: GovkitError) -> None:
    """Print an error: what happened, why, and what to do next."""
    from govkit.core.inert import line, visible

    lines = [f"govkit: {line(error.what)}"]
    for label, text in (("why", error.why), ("next", error.fix)):
        parts = text.split("\n") if text else []
        lines += [f"  {label if not index else ' ' * len(label)}  {part}" for index, part in enumerate(parts)]
    click.echo(visible("\n".join(lines)), err=True)


def _misuse(error: click.ClickException) -> Usage:
    """Return what click found wrong with a command line, as every other error is told."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    words = context.get_usage().split() if context else []
    program = context.command_path if context else "govkit"
    usage = f"it is written: {' '.join(words[1:])}" if words else ""
    return Usage(error.format_message().rstrip("."), why=usage, fix=f"see '{program} --help'")


def run(command: click.Command, arguments: list[str] | None = None) -> int:
    """Run a command and return the exit code that every command shares: 0, 1, 2 or 3.

    No traceback reaches a user unless ``GOVKIT_DEBUG`` is set.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # one that cannot write a letter must not end a command
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command.main(args=arguments, prog_name="govkit", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except GovkitError as error:
        tell(error)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except _NO_ARGUMENTS as error:  # 'govkit' or 'govkit site' alone; its message is the help, as it stands
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        tell(_misuse(error))
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ngovkit: stopped; nothing was half-done", err=True)
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Malformed as error:
        # Nobody said what follows from it, so nothing does.
        tell(Undecided("something here is not the record that it should be", why=str(error), fix=_LOOK))
        return Undecided.exit_code
    except OSError as error:
        tell(GovkitError("a file could not be read or written", why=str(error), fix="check disk space and permissions"))
        return 2
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            import traceback

            traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        tell(
            GovkitError(
                "something went wrong inside govkit", why=what, fix=f"run it with {DEBUG_VARIABLE}=1 and report it"
            )
        )
        return 3
