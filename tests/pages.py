"""The pages of the documentation, and the commands on them, which are run as they stand there.

Every shell block of a tutorial or a how-to page is run by a test, named in :data:`RUN_BY`, or says on the page itself
why it is not: the paragraph after it begins with ``_Not run by the tests:``.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: How blocks of commands may be marked; those of ``console`` begin with a prompt, and show what is printed.
SHELLS = ("sh", "bash", "console")
#: What every page with commands is run by.
RUN_BY = {
    "tutorial/first-verified-promotion.md": "integration/test_tutorial.py::test_the_tutorial_from_the_wheel",
}
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<kind>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence)$", re.M | re.S)
_NOT_RUN = re.compile(r"\A\s*_Not run by the tests: (.+?)_(?=\n\s*\n|\s*\Z)", re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        kind: the language that it is marked with.
        text: what is in it, without indentation.
        line: the number of the line that opens it.
        reason: why it cannot be run here, as the page says it; empty if nothing is said.
    """

    kind: str
    text: str
    line: int
    reason: str

    @property
    def is_shell(self) -> bool:
        """Whether it holds commands."""
        return self.kind in SHELLS

    @property
    def script(self) -> str:
        """The commands: all of it, or what stands behind the prompts."""
        if self.kind != "console":
            return self.text
        lines: list[str] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                lines.append(line[2:])
            elif lines and lines[-1].endswith("\\"):
                lines.append(line)
        return "\n".join(lines) + "\n"


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, named from ``docs/``, in their order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        reason = _NOT_RUN.match(text, fence.end()) or _NOT_RUN.match(text[fence.end() :])
        line = text.count("\n", 0, fence.start()) + 1
        said = " ".join(reason[1].split()) if reason else ""
        found.append(Block(fence["kind"].strip(), textwrap.dedent(fence["body"]), line, said))
    return found


def scripts(page: str) -> list[str]:
    """Return the commands of a page that are to be run, block by block."""
    found = [block.script for block in blocks(page) if block.is_shell and not block.reason]
    assert found, f"{page} has no commands"
    return found


def with_answers(page: str) -> list[tuple[Block, list[str]]]:
    """Return the blocks of commands that are to be run, each with the lines that the page says are printed.

    Those are the lines of a block of ``text`` behind it; ``…`` stands for anything.
    """
    found: list[tuple[Block, list[str]]] = []
    is_open = False
    for block in blocks(page):
        if block.is_shell and not block.reason:
            found.append((block, []))
        elif block.kind == "text" and is_open:
            found[-1][1].extend(line for line in block.text.splitlines() if line.strip())
        is_open = block.is_shell and not block.reason
    return found


def is_said(line: str, output: str) -> bool:
    """Tell whether a line of a page is in what was printed; white space is folded, ``…`` stands for anything."""
    parts = [re.escape(" ".join(part.split())) for part in line.split("…")]
    return re.search(".*?".join(parts), " ".join(output.split())) is not None
