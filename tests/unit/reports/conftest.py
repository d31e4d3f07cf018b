"""Reports of checks, honest and hostile."""

from collections.abc import Callable

import pytest

from govkit.core import report as reports
from govkit.core.gates.base import Check, Verdict
from govkit.core.report import GateReport

DIGEST = "sha256:" + "0" * 64
HOSTILE = [
    "a | b \\| c `code` <img src=x onerror=alert(1)> <!-- --> &amp; [x](https://e.example) ![i](//e.example) @octocat #1",
    "one\n::error file=x,line=1::two\r\n##[add-mask]three\n- four\n# five",
    "]]> <![CDATA[ </failure></testcase> &bomb; <!DOCTYPE x>",
    "\x1b[31mred\x00\x07\x7f\x9b over\u202eride \u200b \ufffe\uffff \ud800 \U000e0041",
    "100 %, 5%25 %0A %3A: a,b title=x,line=9::y",
    "{0} {{1}} [link](sarif:/runs/0) [click](1) \\[a\\](b) ${{ github.token }}",
    "",
    " ",
]
Make = Callable[..., GateReport]


def check(verdict: Verdict, gate: str = "", **fields: str) -> Check:
    """Return a check with a verdict."""
    said = {"required": "auc ≥ 0.7", "found": "0.71 [0.69, 0.73]", "rule": "governance/policy.yaml:17", **fields}
    if not verdict.opens:
        said.setdefault("fix", "improve the model")
    return Check(gate=gate or verdict.value, type="metric", verdict=verdict, **said)


def report(*checks: Check, version: str | None = "1.1.0", champion: str | None = "1.0.0") -> GateReport:
    """Return a report on some checks."""
    found = list(checks)
    return GateReport(
        schema=reports.SCHEMA,
        model="scorer",
        version=version,
        stage="production",
        requirements=DIGEST,
        policy=DIGEST,
        policy_event=0,
        champion=champion,
        checks=found,
        open=not reports.blocking(version, found),
    )


def hostile_report(said: str) -> GateReport:
    """Return a report with a text in every place, under every verdict."""
    fields = dict.fromkeys(("gate", "required", "found", "fix", "champion", "rule"), said)
    checks = [Check(type=said, verdict=verdict, **fields) for verdict in Verdict]
    return GateReport(
        schema=reports.SCHEMA,
        model=f"scorer{said}",
        version=said,
        stage=said,
        requirements=DIGEST,
        policy=DIGEST,
        policy_event=0,
        champion=said,
        checks=checks,
        open=False,
    )


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request: pytest.FixtureRequest) -> GateReport:
    """A report with a hostile text in every place."""
    return hostile_report(request.param)


@pytest.fixture
def every() -> GateReport:
    """A report with a check of every verdict, of which one has a champion and one no rule."""
    checks = {verdict: check(verdict) for verdict in Verdict}
    checks[Verdict.PASS] = check(Verdict.PASS, champion="0.8")
    checks[Verdict.ERROR] = check(Verdict.ERROR, rule="")
    checks[Verdict.WAIVED] = check(Verdict.WAIVED, found="fail, 0.6; waived by rita until 2036-01-01T00:00:00Z: small")
    return report(*checks.values())
