"""Checks as workflow commands of GitHub Actions: an annotation for each check that is not simply a pass.

``fail`` and ``error`` are errors; ``inconclusive`` and ``pending`` are warnings where they block; what does not block
(``waived``, or ``pending`` before there is a version) is a notice.
GitHub shows only the first few annotations of a step; the job's summary has all checks.
"""

from __future__ import annotations

from govkit.core.gates.base import Check, Verdict
from govkit.core.inert import line
from govkit.core.report import Report, in_words, place


def report(found: Report) -> str:
    """Return the commands, one on a line, the last of them for the report as a whole."""
    blocking = found.blocking
    lines = [_annotation(check, check in blocking) for check in found.checks if check.verdict is not Verdict.PASS]
    level = "error" if blocking else "notice"
    lines.append(f"::{level} title=govkit::{_data(line(f'{found.title}: {in_words(found)}'))}")
    return "".join(f"{text}\n" for text in lines)


def _annotation(check: Check, blocks: bool) -> str:
    level = "error" if check.verdict in (Verdict.FAIL, Verdict.ERROR) else "warning" if blocks else "notice"
    where = place(check)
    properties = {"file": where[0], "line": str(where[1])} if where else {}
    properties["title"] = f"{check.gate}: {check.verdict}"
    words = ",".join(f"{name}={_property(line(text))}" for name, text in properties.items())
    said = [f"required {line(check.required)}", f"found {line(check.found)}"]
    said += [f"to change it: {line(check.fix)}"] if check.fix else []
    message = _data("\n".join(said))
    return f"::{level} {words}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
