"""Expressions in the real process: what passes, what is an error, and that nothing it does takes for ever."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from world import World

from govkit.core import celtext
from govkit.core.gates.base import Context, EvaluationError, History, Verdict
from govkit.core.gates.expression import ExpressionGate
from govkit.storage import expressions
from govkit.storage.expressions import check, evaluate
from tests.unit.core.cards import card, with_metrics

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
HOSTILE = "\"' || true) // \\ \u202e\u2028\n\x1b[31m é 漢 \U0001f600 ${x} {{y}}"
VALUES: dict[str, Any] = {
    "card": {"one": 1.0, "half": 0.5, "zero": 0.0, "nothing": None, "text": HOSTILE, "yes": True, HOSTILE: 1.0},
    "champion": None,
    "stage": "production",
    "now": NOW,
}
NUMBERS = f"[{','.join('1' * 60)}]"


def give(expression: str, seconds: int = 2) -> Any:
    """Evaluate, and return the result or the error's text."""
    try:
        return evaluate(expression, VALUES, seconds)
    except EvaluationError as error:
        return f"error: {error}"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("card.one == 1 && card.half < 1 && card.half >= 0.5", True),
        ("card.half * 2.0 == card.one", True),
        ("card.one > 1", False),
        ('stage == "production"', True),
        ('now - timestamp("2026-11-01T00:00:00Z") < duration("720h")', True),
        ('now > timestamp("2026-11-23T10:15:00Z")', False),
        ("champion == null ? card.yes : champion.one < card.one", True),
        ("has(card.missing)", False),
        ("[card.yes, card.one == 2].exists(x, x)", True),
        ("card.text.size() > 3 && card[card.text] == 1", True),
        ('"true"', "true"),
        ("card.text", HOSTILE),
        ("1", 1),
        ("null", None),
    ],
)
def test_values(expression: str, expected: Any) -> None:
    """Comparisons, times, null and hostile text come out as what they are."""
    result = give(expression)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("card.missing > 0", "there is no 'missing'"),
        ("champion.one > 0", "No such overload"),
        ("card.nothing > 0", "No such overload"),
        ("card.zero / card.zero > 0.5", "No such overload"),
        ("modle.one > 0", "'modle' is not known; an expression begins with card, champion, now, stage"),
        (".card.one > 0", "'.card' is not known"),
        ("has(other.one)", "'other' is not known"),
        ("card.metrics.exists(m, n == 1)", "'n' is not known"),
        ("[1].exists(m, m == 1) == m", "Undefined variable"),
        ("nosuch(card)", "Undefined variable or function: 'nosuch'"),
        ("card.one ==", "it does not parse at line 1, column 12: mismatched input '<EOF>'"),
        ("card.one ==\n  = 1", "it does not parse at line 2, column 3"),
        ("Thing{a: card.one}", "Found struct Thing"),
        ("[card]", "neither true nor false, but a list"),
        ("card", "neither true nor false, but a dict"),
        ("now", "neither true nor false, but a datetime"),
        ("card.one || card.half", "'||' is not allowed"),
    ],
)
def test_errors(expression: str, text: str) -> None:
    """Whatever cannot be answered is an error that says why, on one short line."""
    result = give(expression)
    assert result.startswith("error: ")
    assert text in result
    assert len(result) <= 310
    assert "\n" not in result


@pytest.mark.parametrize(
    "expression",
    [
        "[card.missing, true].exists(x, x)",
        "[true, card.missing].exists(x, x)",
        "[1, 2].exists(x, x == 1 ? card.missing : true)",
        "[1, 2].all(x, x == 1 ? card.missing : false)",
        "[1, 2].exists_one(x, x == 1 ? card.missing : true)",
        "[1, 2].filter(x, x == 1 ? card.missing : true).size() == 1",
        "card.missing ? true : true",
        "!card.missing",
        "[card.missing, true][1]",
        "{1: card.missing, 2: true}[2]",
    ],
)
def test_a_missing_key_never_passes(expression: str) -> None:
    """What is offered in place of '||' lets no error disappear; this holds for the library that is installed."""
    assert give(expression) == "error: there is no 'missing'"


def test_why_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the refusal, CEL would pass over the missing key: the day this fails, the rule can be dropped."""
    monkeypatch.setattr(celtext, "problem", lambda *_: "")
    assert give("card.missing || true") is True
    assert give("!(card.missing && false)") is True


def test_it_ends_in_time() -> None:
    """Nested loops over long lists end at the limit, which counts from when the expression begins."""
    loop = "0 < 1"
    for name in "abcdef":
        loop = f"{NUMBERS}.all({name}, {loop})"
    started = time.monotonic()
    assert give(f"card.yes && {loop}", 1) == "error: took longer than 1 s"
    assert time.monotonic() - started < 60


def test_it_ends_before_memory_does() -> None:
    """A text that is doubled again and again ends at the limit of memory, or of time, whichever comes first."""
    bomb = f'["{"x" * 50}"]' + ".map(s, s + s)" * 60 + ".size() == 1"
    assert give(bomb, 60) == (
        "error: the evaluator broke off: the expression needs too much memory, or is nested too deep"
    )


def test_a_long_answer_is_cut() -> None:
    """No result is as long as an expression can make it."""
    assert len(give(f'["{"x" * 50}"]' + ".map(s, s + s)" * 15 + "[0]")) == 200


@pytest.mark.parametrize(
    "expression", ["-" * 1999 + "1", "!" * 1996 + "true", "card" + ".a" * 998, "[" * 49 + "]" * 49]
)
def test_deep_expressions_end(expression: str) -> None:
    """What is nested deep gives something other than true, and harms nobody."""
    assert give(expression) is not True or expression.startswith("!")


def test_a_worker_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Junk, silence, a crash, too much output and a process that hangs are all errors."""
    worker = tmp_path / "worker.py"
    monkeypatch.setattr(expressions, "_WORKER", worker)
    monkeypatch.setattr(expressions, "_START", 1)
    cases = {
        "print('junk')": "broke off",
        "print('[true]')": "broke off",
        "print('{}')": "broke off",
        "": "broke off",
        "print('{\"value\": true}'); raise SystemExit(1)": "broke off",
        "print('{\"value\": true' + ' ' * 100000 + '}')": "broke off",
        "import time; time.sleep(60)": "did not answer within 2 s",
    }
    for text, expected in cases.items():
        worker.write_text(text)
        assert expected in give("card.yes", 1), text


def test_the_worker_gets_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Secrets stay with the parent, and nothing in the environment can put another module in the worker's way."""
    worker = tmp_path / "worker.py"
    worker.write_text("import json, os, sys; print(json.dumps({'value': sorted(os.environ) + sys.path}))")
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.setattr(expressions, "_WORKER", worker)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    found = evaluate("card.yes", VALUES, 2)
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PYTHONSTARTUP", "HOME"} & set(found)
    assert str(tmp_path) not in found


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CEL is not installed, a rule is an error and names what is missing."""
    monkeypatch.setattr(expressions.importlib.util, "find_spec", lambda _: None)
    assert give("card.yes") == "error: the package 'common-expression-language' is not installed"


def test_the_worker_runs_by_itself_where_the_compiled_module_has_another_place(tmp_path: Path) -> None:
    """Without a compiled module in the package's own folder, the package is imported as it is."""
    package = tmp_path / "cel"
    package.mkdir()
    package.joinpath("__init__.py").write_text(
        "class P:\n"
        "    def variables(self): return ['card']\n"
        "    def execute(self, values): return values['card']\n"
        "def compile(text): return P()\n"
    )
    request = {"expression": "card", "roots": ["card"], "bound": [], "values": {"card": True}, "instants": []}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(expressions._WORKER), str(package)],
        input=json.dumps({**request, "seconds": 2, "only_check": False}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"value": True}


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ('card.metrics.exists(m, m.name == "auc" && m.measure.value >= 0.7)', ""),
        ("champion == null ? true : card.metrics.size() >= champion.metrics.size()", ""),
        ("true", "it looks at nothing, so it always gives the same"),
        ("[1].exists(x, x == 1)", "it looks at nothing, so it always gives the same"),
        ("cards.x", "'cards' is not known; an expression begins with card, champion, now, stage"),
        ("card.x =", "it does not parse at line 1, column 8: token recognition error at: '='"),
        ("card.x || true", "'||' is not allowed, because in CEL 'missing || true' is true; "),
    ],
)
def test_check(expression: str, problem: str) -> None:
    """What is wrong with an expression is known before it is evaluated on anything."""
    found = check(expression)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def test_gate_on_a_real_card() -> None:
    """A whole card goes through: its metrics, its statements, and text that tries to be code."""
    made = with_metrics({"auc": 1, HOSTILE: 0.5})
    history = History(now="2026-11-23T10:15:00Z", stage="production")
    rule = 'card.metrics.exists(m, m.name == "auc" && m.measure.value / 2.0 == 0.5) && card.statements.tier == "medium"'
    context = Context(made, card(), history, evaluate=evaluate)
    assert ExpressionGate(expression=rule).decide(context).verdict is Verdict.PASS
    rule = 'card.metrics.filter(m, m.name == "auc")[0].measure.value > champion.metrics[0].measure.value'
    outcome = ExpressionGate(expression=rule).decide(context)
    assert (outcome.verdict, outcome.found) == (Verdict.ERROR, "index out of bounds: 0")


def test_policy_check_names_the_line(governed: World) -> None:
    """Each expression that cannot be evaluated is a fault on its own line, and such a policy is not adopted."""
    path = governed.repo / "governance" / "policy.yaml"
    gates = (
        "gates:\n"
        "  good: {type: expression, expression: card.metrics.size() > 0}\n"
        "  typo:\n"
        "    type: expression\n"
        "    says: there are metrics\n"
        "    expression: cards.metrics.size() > 0\n"
        "  either: {type: expression, expression: card.x || card.y}\n"
    )
    path.write_text(path.read_text().replace("gates:\n", gates, 1))
    lines = path.read_text().splitlines()
    found = governed.govkit("policy", "check", "--format", "json", expect=1).json["faults"]
    by_gate = {fault["message"].partition(":")[0]: fault for fault in found if fault["fatal"]}
    assert by_gate.keys() == {"gate typo", "gate either"}
    assert by_gate["gate typo"]["line"] == 1 + lines.index("    expression: cards.metrics.size() > 0")
    assert by_gate["gate either"]["line"] == 1 + lines.index(gates.splitlines()[-1])
    refused = governed.govkit("policy", "propose", "-m", "rules", as_="rita", expect=1)
    assert "'cards' is not known" in refused.text


def test_no_process_without_expressions(governed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy without expressions starts nothing."""
    monkeypatch.setattr(expressions, "_run", lambda *_: pytest.fail("a process was started"))
    governed.govkit("policy", "check")
