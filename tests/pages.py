"""The pages of the documentation, and the commands on them, which are run as they stand there.

Every shell block of a tutorial or a how-to page is run by a test, named in :data:`RUN_BY`, or says on the page itself
why it is not: the paragraph after it begins with ``_Not run by the tests:``.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from tests.world import MODEL, World

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: How blocks of commands may be marked; those of ``console`` begin with a prompt, and show what is printed.
SHELLS = ("sh", "bash", "console")
#: What every page with commands is run by.
RUN_BY = {
    "how-to/adopt-an-existing-repository.md": "integration/test_adoption.py::test_page",
    "how-to/answer-why.md": "integration/test_how_to.py::test_answer_why",
    "how-to/deploy-on-kubernetes.md": "integration/test_how_to.py::test_deploy_on_kubernetes",
    "how-to/hand-evidence-to-an-auditor.md": "integration/test_pages.py::test_hand_evidence_to_an_auditor",
    "how-to/keep-a-model-inventory.md": "integration/test_how_to.py::test_keep_a_model_inventory",
    "how-to/merge-pull-requests.md": "integration/test_pages.py::test_merge_pull_requests",
    "how-to/mirror-the-log.md": "integration/test_pages.py::test_mirror_the_log",
    "how-to/promote-from-github-actions.md": "integration/test_ci_pages.py::test_the_pages_commands_run",
    "how-to/promote-from-gitlab-ci.md": "integration/test_ci_pages.py::test_the_pages_commands_run",
    "how-to/protect-the-log-on-the-server.md": "integration/test_pages.py::test_protect_the_log_on_the_server",
    "how-to/publish-the-registry.md": "integration/test_pages.py::test_publish_the_registry",
    "how-to/read-and-stream-the-log.md": "integration/test_log_view.py::test_page",
    "how-to/replace-keys-and-leavers.md": "integration/test_pages.py::test_replace_keys_and_leavers",
    "how-to/reproduce-a-version.md": "integration/test_reproduce.py::test_page",
    "how-to/review-and-sign.md": "integration/test_pages.py::test_review_and_sign",
    "how-to/roll-back-and-run-canaries.md": "integration/test_how_to.py::test_roll_back_and_run_canaries",
    "how-to/show-governance-in-mlflow.md": "integration/test_mlflow.py::test_the_page",
    "how-to/show-which-controls-are-met.md": "integration/test_how_to.py::test_show_which_controls_are_met",
    "how-to/try-it-on-your-own-repository.md": "integration/test_tryout.py::test_governed_repository_whose_gates_say_no",
    "how-to/verify-before-serving.md": "integration/test_how_to.py::test_verify_before_serving",
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
        follows: whether it stands directly behind another block.
    """

    kind: str
    text: str
    line: int
    reason: str
    follows: bool

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
    end = 0
    for fence in _FENCE.finditer(text):
        reason = _NOT_RUN.match(text[fence.end() :])
        line = text.count("\n", 0, fence.start()) + 1
        said = " ".join(reason[1].split()) if reason else ""
        follows = not text[end : fence.start()].strip()
        found.append(Block(fence["kind"].strip(), textwrap.dedent(fence["body"]), line, said, follows))
        end = fence.end()
    return found


def scripts(page: str) -> list[str]:
    """Return the commands of a page that are to be run, block by block."""
    found = [block.script for block in blocks(page) if block.is_shell and not block.reason]
    assert found, f"{page} has no commands"
    return found


def with_answers(page: str) -> list[tuple[Block, list[str]]]:
    """Return the blocks of commands that are to be run, each with the lines that the page says are printed.

    Those are the lines of a block of ``text`` directly behind it; ``…`` stands for anything.
    """
    found: list[tuple[Block, list[str]]] = []
    is_run = False
    for block in blocks(page):
        if block.kind == "text" and block.follows and is_run:
            found[-1][1].extend(line for line in block.text.splitlines() if line.strip())
        is_run = block.is_shell and not block.reason
        if is_run:
            found.append((block, []))
    return found


def is_said(line: str, output: str) -> bool:
    """Tell whether a line of a page is in what was printed; white space is folded, ``…`` stands for anything."""
    parts = [re.escape(" ".join(part.split())) for part in line.split("…")]
    return re.search(".*?".join(parts), " ".join(output.split())) is not None


@dataclass
class Reader:
    """Somebody who goes through a page and does what it says, in a governed repository.

    Attributes:
        world: the repository.
        page: the page, named from ``docs/``.
        stand_ins: what stands for what the page names: its model, its addresses, its digests. Each must be on the page.
        signers: who signs, by how a command begins; the first that fits.
        at: how many of its blocks have been done.
    """

    world: World
    page: str
    stand_ins: dict[str, str] = field(default_factory=dict)
    signers: dict[str, str] = field(default_factory=dict)
    at: int = 0

    def __post_init__(self) -> None:
        text = (DOCS / self.page).read_text(encoding="utf-8")
        assert [name for name in self.stand_ins if name not in text] == []
        self.left = with_answers(self.page)
        self.stand_ins.setdefault("credit-default", MODEL)

    def next(self, *, where: Path | None = None) -> str:
        """Do what the next block says, make sure that it prints what the page says, and return that.

        Args:
            where: the folder to do it in; the repository if None.
        """
        block, answers = self.left[self.at]
        self.at += 1
        lines = [line for line in block.script.splitlines() if line.strip() and not line.startswith("#")]
        is_whole = any(line.startswith(("cd ", "export ")) or re.search(r"<<|\\$|^ ", line) for line in lines)
        parts = ["\n".join(lines)] if is_whole else lines
        output = "".join(self._do(part, where or self.world.repo) for part in parts)
        missing = [line for line in answers if not is_said(self._real(line), output)]
        assert missing == [], f"{self.page}:{block.line}\n{output}"
        return output

    def rest(self) -> str:
        """Do all that is left, and return what was printed."""
        return "".join(self.next() for _ in self.left[self.at :])

    def _do(self, script: str, where: Path) -> str:
        """Run a script in a shell; a command of govkit alone in this process, which is ten times as quick."""
        who = next((person for start, person in self.signers.items() if script.startswith(start)), "")
        script = self._real(script)
        with mock.patch.dict(self.world.env, {"GOVKIT_KEY": str(self.world.key_path(who))} if who else {}):
            if re.match(r"govkit [^|&;<>$`~*\n]*$", script):
                with contextlib.chdir(where):
                    done = self.world.govkit(*shlex.split(script, comments=True)[1:], repo=where)
                return done.out + done.err
            return self.world.shell("bash", "-eu", "-o", "pipefail", "-c", f"exec 2>&1\n{script}", where=where)

    def _real(self, line: str) -> str:
        for name, real in self.stand_ins.items():
            line = line.replace(name, real)
        return line
