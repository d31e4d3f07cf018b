"""How commands end: from outside as by Ctrl-C, and with the reason where Kubernetes shows it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from govkit.core.errors import GovkitError

#: Where Kubernetes reads it, and how many bytes of it.
PLACE = Path("/dev/termination-log")
MAX_BYTES = 4096


@contextlib.contextmanager
def reason_into(path: Path | None) -> Iterator[list[str]]:
    """Write why a command did not succeed into a file, on one line: what is put into the list, or the error."""
    said: list[str] = []
    try:
        yield said
    except GovkitError as error:
        said.append(f"{error.what}: {error.why}" if error.why else error.what)
        raise
    except Exception as error:
        said.append(error.format_message() if isinstance(error, click.ClickException) else str(error))
        raise
    finally:
        if path is not None and said:
            _leave(path, " ".join(said))


def _leave(path: Path, reason: str) -> None:
    """Write a reason on one line of whole characters; that it cannot be written changes no verdict."""
    from govkit.core.inert import line

    # A line is never longer than its text by more than what it stands for, and most of a long one is cut off anyway.
    text = line(reason[: 4 * MAX_BYTES]).encode()[:MAX_BYTES].decode(errors="ignore")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        click.echo(f"govkit: the reason could not be written to {line(str(path))}: {error.strerror}", err=True)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let what ends a container, or a terminal, end a command as Ctrl-C does: having cleaned up."""
    import signal

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {}
    # Only the main thread may; from another one, whoever started it sees to it.
    with contextlib.suppress(ValueError):
        before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
