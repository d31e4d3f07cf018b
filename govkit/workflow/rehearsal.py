"""Showing real commands at work: each is printed, run, and must end as it should."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from govkit.core.errors import Refused
from govkit.core.inert import visible

#: Without the current folder on the path: what lies in somebody's repository must not be taken for a library.
GOVKIT = (sys.executable, "-P", "-m", "govkit.cli.main")
_CODES = {"bold": "\033[1m", "dim": "\033[2m", "green": "\033[32m", "red": "\033[31m"}


def _print(text: str) -> None:
    print(text, flush=True)


class Rehearsal(Struct):
    """Runs commands for somebody who looks on.

    Attributes:
        repo: the folder in which they run.
        environment: their environment.
        key_of: returns the private key of a person.
        chapters: how many there will be.
        colours: whether whoever looks on sees colours.
        say: prints a text.
    """

    repo: Path
    environment: Mapping[str, str]
    key_of: Callable[[str], Path]
    chapters: int
    colours: bool = False
    say: Callable[[str], None] = _print
    _start: float = field(default_factory=time.monotonic)
    _chapter: int = 0

    def styled(self, style: str, text: str) -> str:
        """Return a text in a style, where styles are seen."""
        return f"{_CODES[style]}{text}\033[0m" if self.colours else text

    def chapter(self, title: str) -> None:
        """Print a heading with the time since the start."""
        self._chapter += 1
        seconds = self.styled("dim", f"({time.monotonic() - self._start:.0f} s)")
        self.say("\n" + self.styled("bold", f"[{self._chapter}/{self.chapters}] {title}") + f"  {seconds}")

    def tell(self, text: str) -> None:
        """Print what a step shows, in words."""
        self.say(f"  {visible(text)}")

    def run(self, *words: str, expect: int = 0, show: bool = True, quiet: bool = False, as_: str = "") -> str:
        """Run a command, show it and what it prints, and insist on its exit code.

        Args:
            words: the command.
            expect: the exit code that it must have.
            show: print the command.
            quiet: keep what it prints to ourselves.
            as_: the person whose key signs.

        Returns:
            What it printed on both streams.

        Raises:
            Refused: if it ends with another exit code; with what it said.
        """
        command = [*words, *(["--key", str(self.key_of(as_)), "--yes"] if as_ else [])]
        if show:
            who = f"{as_}: " if as_ else ""
            self.say(self.styled("dim", f"{who}$") + " " + visible(shlex.join(words)))
        lines = []
        with self._started(command) as process:
            for line in process.stdout or ():
                lines.append(line)
                if show and not quiet:
                    self.say(f"    {visible(line.rstrip())}")
        if process.returncode != expect:
            said = "".join(lines).strip()
            raise Refused(
                f"'{shlex.join(words)}' ended with exit code {process.returncode}, and should have with {expect}",
                why=said[-2000:] or "it said nothing",
                fix="what it says above tells what to mend; if that is not in your repository, please report it",
            )
        return "".join(lines)

    def ask(self, *words: str, as_: str = "") -> Any:
        """Run a command that answers in JSON, without showing it, and return the answer.

        Raises:
            Refused: if it does not answer.
        """
        command = [*words, *(["--key", str(self.key_of(as_)), "--yes"] if as_ else [])]
        with self._started(command, apart=True) as process:
            said = process.stdout.read() if process.stdout else ""
        try:
            return json.loads(said)
        except ValueError as error:
            raise Refused(f"'{shlex.join(words)}' gave no answer", why=said[-2000:], fix="please report it") from error

    @contextmanager
    def _started(self, command: Sequence[str], *, apart: bool = False) -> Iterator[subprocess.Popen[str]]:
        """Start a command; it has ended when this is left, however that is."""
        words = [*GOVKIT, *command[1:]] if command[0] == "govkit" else command
        process = subprocess.Popen(
            words,
            cwd=self.repo,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if apart else subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            yield process
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def tamper(
        self,
        what: str,
        attack: Callable[[], Callable[[], object]],
        *command: str,
        telling: Iterable[str] = ("govkit:",),
    ) -> None:
        """Perform an attack, show that a command refuses it, undo the attack.

        Args:
            what: the attack in words.
            attack: performs it, and returns what undoes it.
            command: the command that finds it.
            telling: how the lines begin that are shown of what it says.
        """
        self.say("  " + self.styled("bold", what))
        undo = attack()
        try:
            said = self.run(*command, expect=1, quiet=True)
        finally:
            undo()
        for line in said.splitlines():
            if line.startswith(tuple(telling)):
                self.say(f"    {visible(line.strip())}")
        self.say("    " + self.styled("red", "refused") + " (exit code 1); the tampering is undone")
