"""Evaluating expressions in CEL, each in a process of its own that the kernel ends when it uses too much."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from govkit.core import celtext
from govkit.core.gates.base import EvaluationError
from govkit.core.gates.expression import ROOTS

_WORKER = Path(__file__).with_name("expression_worker.py")
#: How long the process may take to start and to load CEL; what the expression may take comes on top.
_START = 30
_CHECK = 2
_MAX_ANSWER = 64 * 1024
_MAX_ERROR = 300
#: Where some builds of Python look for their own libraries; nothing else of the environment is handed on.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def evaluate(expression: str, values: Mapping[str, Any], seconds: int) -> Any:
    """Return what an expression gives; see :data:`govkit.core.gates.base.Evaluator`.

    Args:
        expression: the text.
        values: the names that it may begin with: JSON values, and aware datetimes, which become timestamps.
        seconds: how long it may take, not counting the start of the process.

    Raises:
        EvaluationError: if it does not parse, names something else, fails, or takes more than it may.
    """
    instants = sorted(name for name, value in values.items() if isinstance(value, datetime))
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    return _ask(expression, frozenset(values), seconds, values=plain, instants=instants)


def check(expression: str) -> str:
    """Return what is wrong with an expression before anything is known to evaluate it on, or an empty string."""
    try:
        _ask(expression, ROOTS, _CHECK, only_check=True)
    except EvaluationError as error:
        return str(error)
    return ""


def _ask(
    expression: str,
    roots: frozenset[str],
    seconds: int,
    *,
    values: Mapping[str, Any] | None = None,
    instants: list[str] | None = None,
    only_check: bool = False,
) -> Any:
    problem = celtext.problem(expression, roots)
    if problem:
        raise EvaluationError(problem)
    request = {
        "expression": expression,
        "roots": sorted(roots),
        "bound": sorted(celtext.bound(expression)),
        "values": values or {},
        "instants": instants or [],
        "seconds": seconds,
        "only_check": only_check,
    }
    answer = _run(json.dumps(request).encode(), seconds)
    if "error" in answer:
        text = " ".join(str(answer["error"]).split())
        raise EvaluationError(text if len(text) <= _MAX_ERROR else text[: _MAX_ERROR - 1] + "…")
    return answer["value"]


def _run(request: bytes, seconds: int) -> dict[str, Any]:
    """Start the worker, which is killed when this process is interrupted, and return its answer."""
    words = [sys.executable, "-I", "-S", str(_WORKER), str(_package())]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(
            words, input=request, capture_output=True, env=environment, timeout=_START + seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EvaluationError(f"the evaluator did not answer within {_START + seconds} s") from error
    except OSError as error:
        raise EvaluationError(f"the evaluator could not be started: {error}") from error
    if done.returncode in (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL):
        raise EvaluationError(f"took longer than {seconds} s")
    try:
        answer = json.loads(done.stdout) if not done.returncode and len(done.stdout) <= _MAX_ANSWER else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.keys() & {"value", "error"}:
        raise EvaluationError("the evaluator broke off: the expression needs too much memory, or is nested too deep")
    return answer


def _package() -> Path:
    """Return the folder of the package ``cel``, without importing it."""
    spec = importlib.util.find_spec("cel")
    if spec is None or not spec.submodule_search_locations:
        raise EvaluationError("the package 'common-expression-language' is not installed")
    return Path(next(iter(spec.submodule_search_locations)))
