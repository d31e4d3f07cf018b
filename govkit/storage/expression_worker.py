"""The process in which one expression is evaluated; :mod:`govkit.storage.expressions` starts it by its path.

It imports nothing of govkit. It reads a request as JSON from standard input, limits itself, and answers with
``{"value": …}`` or ``{"error": …}`` on standard output. Whoever writes a policy can make it use time and memory; what
it cannot do is to answer anything but the value.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import re
import resource
import signal
import sys
import time
from datetime import datetime
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

MEMORY = 512 * 1024 * 1024
MAX_TEXT = 200


def main() -> None:
    """Answer one request."""
    cel = _load(Path(sys.argv[1]))
    request = json.load(sys.stdin.buffer)
    values = request["values"]
    for name in request["instants"]:
        values[name] = datetime.fromisoformat(values[name])
    _limit(request["seconds"])
    sys.stdout.write(json.dumps(_answer(cel, request)))


def _load(package: Path) -> Any:
    """Load CEL's compiled module alone: the package around it would import a command line, ten times as slowly."""
    for suffix in EXTENSION_SUFFIXES:
        path = package / f"cel{suffix}"
        spec = importlib.util.spec_from_file_location("cel.cel", path) if path.is_file() else None
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    sys.path.append(str(package.parent))
    return importlib.import_module("cel")


def _limit(seconds: int) -> None:
    """Have the kernel end this process when it uses more than it may; loading CEL does not count."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.setitimer(signal.ITIMER_REAL, seconds)
    used = math.ceil(time.process_time())
    statm = Path("/proc/self/statm")
    base = int(statm.read_text().split()[0]) * resource.getpagesize() if statm.is_file() else 0
    limits = (
        (resource.RLIMIT_CPU, used + seconds + 1),
        (resource.RLIMIT_AS, base + MEMORY),
        (resource.RLIMIT_CORE, 0),
    )
    for what, most in limits:
        # Not every system limits memory, and no limit can be set above one that is there already.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def _answer(cel: Any, request: dict[str, Any]) -> dict[str, Any]:
    try:
        program = cel.compile(request["expression"])
    except ValueError as error:
        return {"error": _syntax(str(error))}
    names = [name for name in program.variables() if name not in request["bound"]]
    unknown = [name for name in names if name not in request["roots"]]
    if unknown:
        return {"error": f"'{unknown[0]}' is not known; an expression begins with {', '.join(request['roots'])}"}
    if request["only_check"]:
        return {"value": None} if names else {"error": "it looks at nothing, so it always gives the same"}
    try:
        result = program.execute(request["values"])
    except KeyError as error:
        return {"error": f"there is no {error}"}
    except Exception as error:
        return {"error": str(error) or type(error).__name__}
    if result is None or isinstance(result, bool | int | float | str):
        return {"value": result[:MAX_TEXT] if isinstance(result, str) else result}
    return {"error": f"neither true nor false, but a {type(result).__name__}"}


def _syntax(text: str) -> str:
    """Return where an expression does not parse, and why, without the parser's list of all that could stand there."""
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", text)
    if found is None:
        return f"it does not parse: {text.rpartition(': ')[2]}"
    return f"it does not parse at line {found[1]}, column {found[2]}: {found[3].partition(' expecting ')[0]}"


if __name__ == "__main__":
    main()
