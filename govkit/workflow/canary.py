"""Running a canary: a version serves a part of the traffic, and the policy's gates say after each step what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from govkit.core import canary, limits
from govkit.core.canary import Result, Run
from govkit.core.card import Card
from govkit.core.entities import Promotion
from govkit.core.errors import Malformed, Refused, Usage
from govkit.core.events import CanaryRecorded
from govkit.core.gates.base import Check, Gate
from govkit.storage import files
from govkit.workflow import facts, judge, query
from govkit.workflow.plans import Plan, Written
from govkit.workflow.session import Session


class Step(Struct, frozen=True):
    """What came of a step of a canary.

    Attributes:
        written: the event.
        body: what it says.
        checks: the gates, decided; none for a start or an abort.
    """

    written: Written
    body: CanaryRecorded
    checks: list[Check] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 to go on, 1 to abort, 3 to wait."""
        return {"pass": 0, "pending": 0, "fail": 1, "inconclusive": 3}[self.body.verdict]


def start(session: Session, model: str, version: str | None, stage: str, share: float, *, name: str = "") -> Step:
    """Begin a canary of a version for a stage in which another one serves.

    Args:
        session: the repository.
        model: the model's full name.
        version: the version; None for the one registered last.
        stage: the stage whose traffic it gets a part of.
        share: the part, above 0 and up to 1.
        name: what the canary is called; empty for the version and a number.

    Raises:
        Usage: if something is unknown, or the policy has no canaries for the stage.
        Refused: if the version is revoked or serves there, nothing serves there, or another canary runs.
    """
    session.ready()
    _check_share(share)
    made: list[CanaryRecorded] = []

    def plan() -> Plan:
        found = judge.find_version(session, model, version)
        chosen, champion = found.body.version, _champion(session, model, stage)
        _gates(session, model, stage)
        judge.refuse_revoked(session, model, chosen)
        if champion.body.version == chosen:
            raise Refused(f"{model}@{chosen} serves in {stage} already", fix="name the version to try: MODEL@VERSION")
        earlier = canary.runs(session.state, model, stage)
        _refuse_second(earlier)
        called = name or f"{chosen}-{1 + sum(run.version == chosen for run in earlier)}"
        if called in [run.name for run in earlier]:
            raise Usage(f"there was a canary '{called}' already", fix="name it otherwise, or leave the name to govkit")
        body = CanaryRecorded(canary=called, step="start", version=chosen, stage=stage, share=share, verdict="pending")
        made[:] = [body]
        return Plan(
            "canary.recorded",
            model,
            body,
            summary=[
                f"begin canary {called}: {model}@{chosen} gets {_percent(share)} of the traffic of {stage}",
                f"beside {champion.body.version}, which serves there",
            ],
        )

    return Step(session.write(plan), made[0])


def step(session: Session, model: str, stage: str, share: float, metrics: Path) -> Step:
    """Judge what both versions measured at a share of the traffic, and record it.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        share: the part of the traffic that it was measured at, above 0 and up to 1.
        metrics: a file with ``challenger`` and ``champion``, each with its metrics.

    Raises:
        Usage: if no canary runs, or the file cannot be read.
        Refused: if the canary has failed: what failed is aborted.
    """
    session.ready()
    _check_share(share)
    data = _read(metrics)
    made: list[tuple[CanaryRecorded, list[Check]]] = []

    def plan() -> Plan:
        run = running(session, model, stage)
        if run.failed:
            raise Refused(
                f"canary {run.name} has failed",
                why="one of its steps failed, and more traffic does not mend that",
                fix=f"end it: govkit canary abort {model} --stage {stage} -m WHY",
            )
        checks = _judge(session, run, metrics, data)
        verdict = canary.sum_up(checks)
        digest = canary.read(metrics.name, data).digest
        body = _next(run, "step", share, verdict, metrics=digest)
        made[:] = [(body, checks)]
        summary = [
            f"canary {run.name} of {model}@{run.version} at {_percent(share)} of {stage}",
            f"{verdict}: {canary.NEXT[verdict]}",
            *(f"{check.gate}: {check.verdict}, {check.found}" for check in checks),
        ]
        return Plan("canary.recorded", model, body, {f"metrics{metrics.suffix.lower()}": data}, summary=summary)

    written = session.write(plan)
    return Step(written, *made[0])


def finish(session: Session, model: str, stage: str) -> Step:
    """End a canary; its verdict is ``fail`` if a step failed, else that of its last step.

    Raises:
        Usage: if no canary runs.
    """
    session.ready()
    made: list[CanaryRecorded] = []

    def plan() -> Plan:
        run = running(session, model, stage)
        # Without a single step nothing was measured.
        verdict: Result = "inconclusive" if run.verdict == "pending" else run.verdict
        made[:] = [_next(run, "finish", run.last.share, verdict)]
        summary = [f"finish canary {run.name} of {model}@{run.version} for {stage}: {verdict}"]
        return Plan("canary.recorded", model, made[0], summary=summary)

    return Step(session.write(plan), made[0])


def abort(session: Session, model: str, stage: str, *, reason: str) -> Step:
    """End a canary as failed, whatever was measured.

    Raises:
        Usage: if no canary runs, or no reason is given.
    """
    session.ready()
    if not reason.strip():
        raise Usage("say why the canary is aborted", why="auditors read it", fix="-m 'REASON'")
    made: list[CanaryRecorded] = []

    def plan() -> Plan:
        run = running(session, model, stage)
        made[:] = [_next(run, "abort", 0.0, "fail", reason=reason)]
        summary = [f"abort canary {run.name} of {model}@{run.version} for {stage}", f"reason: {reason}"]
        return Plan("canary.recorded", model, made[0], summary=summary)

    return Step(session.write(plan), made[0])


class Row(Struct, frozen=True):
    """One record of a canary, for people: its index, claimed time, who wrote it and what it says."""

    canary: str
    version: str
    step: str
    share: float
    verdict: str
    reason: str
    index: int
    time: str
    by: str


def history(session: Session, model: str, stage: str) -> list[Row]:
    """Return every record of the canaries of a model for a stage, canary by canary.

    Raises:
        Usage: if the log knows no such model, or the policy no such stage.
    """
    judge.check_known(session, model, stage)
    return [
        Row(
            *(run.name, run.version, body.step, body.share, body.verdict, body.reason),
            index=at.index,
            time=at.effective,
            by=at.event.actor if at.event else "?",
        )
        for run in canary.runs(session.state, model, stage)
        for at, body in run.steps
    ]


def running(session: Session, model: str, stage: str) -> Run:
    """Return the canary that runs for a stage.

    Raises:
        Usage: if there is none.
    """
    found = canary.runs(session.state, model, stage)
    if found and found[-1].running:
        return found[-1]
    known = sorted({key[0] for key in session.state.versions})
    if model not in known:
        raise query.unknown_model(model, known)
    last = f"the last, {found[-1].name}, ended with {found[-1].verdict}" if found else "there was none"
    fix = f"begin one: govkit canary start {model}@VERSION --stage {stage} --share 0.05"
    raise Usage(f"no canary of {model} runs for {stage}", why=last, fix=fix)


def _next(
    run: Run,
    kind: Literal["step", "abort", "finish"],
    share: float,
    verdict: Result,
    *,
    metrics: str | None = None,
    reason: str = "",
) -> CanaryRecorded:
    return CanaryRecorded(
        canary=run.name,
        step=kind,
        version=run.version,
        stage=run.stage,
        share=share,
        verdict=verdict,
        metrics=metrics,
        reason=reason,
    )


def _refuse_second(earlier: list[Run]) -> None:
    if earlier and earlier[-1].running:
        run = earlier[-1]
        raise Refused(
            f"canary {run.name} of {run.model}@{run.version} runs for {run.stage}",
            why="the traffic of two canaries cannot be told apart",
            fix=f"end it first: govkit canary finish {run.model} --stage {run.stage}, or abort",
        )


def _gates(session: Session, model: str, stage: str) -> dict[str, Gate]:
    judge.check_known(session, model, stage)
    view = session.policy.stage(stage)
    if view is None or view.canary is None:
        raise Usage(
            f"the policy in force has no canaries for '{stage}'",
            why="nothing says what one would be held against",
            fix=f"have gates named under stages.{stage}.canary in governance/policy.yaml, and adopted",
        )
    return {name: session.policy.policy.gates[name] for name in view.canary.gates}


def _champion(session: Session, model: str, stage: str) -> Promotion:
    champion = session.state.champion(model, stage)
    if champion is None:
        raise Refused(
            f"nothing serves {model} in {stage}",
            why="a canary gets a part of the traffic of a version that serves",
            fix=f"ask for the stage itself: govkit request {model}@VERSION --stage {stage} -m WHY",
        )
    return champion


def _judge(session: Session, run: Run, path: Path, data: bytes) -> list[Check]:
    try:
        measured = canary.read(path.name, data)
    except Malformed as error:
        raise Usage(
            f"{path} does not hold the metrics of a canary's step",
            why=str(error),
            fix='write {"challenger": {NAME: NUMBER, …}, "champion": {NAME: NUMBER, …}}',
        ) from error
    champion = _champion(session, run.model, run.stage)
    cards: list[Card | None] = [
        facts.card_of(session, session.state.versions[run.model, run.version])[1],
        facts.champion_card(session, champion),
    ]
    own, other = cards
    if own is None or other is None:
        raise Refused(f"the card of {run.model} cannot be found in the log", fix="govkit log verify")
    return canary.judge(_gates(session, run.model, run.stage), measured, own, other, run.stage)


def _read(path: Path) -> bytes:
    if path.suffix.lower() not in (".json", ".yaml", ".yml", ".toml"):
        raise Usage(f"{path} is not JSON, YAML or TOML", fix="name the file of metrics with its suffix")
    try:
        return files.read_small(path, limits.GENERATED)
    except (OSError, Malformed) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise Usage(f"{path} cannot be read", why=why, fix="name another file") from error


def _check_share(share: float) -> None:
    if not 0 < share <= 1:
        raise Usage(f"{share:g} is not a part of the traffic", fix="name one above 0 and up to 1: 0.05 is 5 %")


def _percent(share: float) -> str:
    return f"{share * 100:.12g} %"
