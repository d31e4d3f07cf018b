"""Gates that look beyond the card, through the command line: log, Git, DVC's remote, and the verifier long after."""

from __future__ import annotations

from govkit.core.events import CanaryRecorded, ReproductionRecorded
from tests.world import MODEL, World

VERSION = f"{MODEL}@1.1.0"
GATES = "gates:\n  lineage: {type: lineage}\n"
AUC = "gates: [lineage, auc, documented, parity]"


def with_gate(world: World, text: str) -> None:
    """Put one more gate, called ``extra``, into production, and adopt the policy."""
    path = world.repo / "governance" / "policy.yaml"
    content = path.read_text()
    assert GATES in content and AUC in content
    changed = content.replace(GATES, f"{GATES}  extra: {text}\n")
    path.write_text(changed.replace(AUC, AUC.replace("parity]", "parity, extra]")))
    world.adopt_policy()


def extra(world: World, expect: int | None = None, *options: str) -> tuple[str, str]:
    """Return verdict and finding of the gate ``extra`` on version 1.1.0."""
    words = ("gate", VERSION, "--stage", "production", "--format", "json", *options)
    checks = world.govkit(*words, expect=expect).json["checks"]
    found = next(check for check in checks if check["gate"] == "extra")
    return found["verdict"], found["found"]


def ready(world: World, slope: float = 0.85) -> None:
    """Make version 1.1.0, ask for production, approve."""
    world.retrain(slope)
    world.register("1.1.0")
    world.request("1.1.0", "production")
    world.approve("1.1.0", "production", "rita", "victor")


def data_for_evaluation(world: World) -> None:
    """Let the model say what it was evaluated on, as the gate ``champion`` needs."""
    path = world.repo / "governance" / MODEL / "model.yaml"
    path.write_text(path.read_text() + "evaluation_data: [data/rows.csv]\n")


def test_champion(governed: World) -> None:
    """The first version passes by the declared rule; the next is held against it, also by the verifier."""
    data_for_evaluation(governed)
    with_gate(governed, "{type: champion, metric: auc, direction: higher, absolute: 0.02, first: pass}")
    governed.release("1.0.0")
    ready(governed, 0.81)
    assert extra(governed)[0] == "fail"
    assert governed.promote("1.1.0", "production", expect=1)
    governed.retrain(0.85)
    governed.register("1.2.0")
    governed.request("1.2.0", "production")
    governed.approve("1.2.0", "production", "rita", "victor")
    governed.promote("1.2.0", "production")
    checks = governed.govkit("verify", MODEL, "--stage", "production", "--format", "json").json["checks"]
    assert next(check for check in checks if check["gate"] == "extra")["verdict"] == "pass"


def test_stage(promoted: World) -> None:
    """A version that never served in staging does not enter production; nor after an hour, where a day is asked."""
    with_gate(promoted, "{type: stage, stage: staging, at_least: 1d}")
    ready(promoted)
    assert extra(promoted)[0] == "fail"
    promoted.request("1.1.0", "staging")
    promoted.approve("1.1.0", "staging", "victor")
    promoted.promote("1.1.0", "staging")
    assert extra(promoted)[0] == "fail"
    from datetime import timedelta

    from govkit.workflow import judge

    with promoted.session(ahead=timedelta(days=2)) as session:
        judgement = judge.judge(session, judge.find_version(session, MODEL, "1.1.0"), "production")
    assert next(check.verdict for check in judgement.checks if check.gate == "extra") == "pass"


def test_canary(promoted: World) -> None:
    """A canary must have finished and passed; who may record one says the policy."""
    with_gate(promoted, "{type: canary, min_share: 0.2}")
    ready(promoted)
    assert extra(promoted)[0] == "fail"

    def record(person: str, step: str, share: float, verdict: str) -> str:
        body = CanaryRecorded(
            canary="c1",
            step=step,  # type: ignore[arg-type]
            version="1.1.0",
            stage="production",
            share=share,
            verdict=verdict,  # type: ignore[arg-type]
        )
        promoted.push_signed(person, type="canary.recorded", body=body)
        return str(promoted.log().state.judged[-1].status)

    assert record("ada", "finish", 1.0, "pass") == "inert"
    assert extra(promoted)[0] == "fail"
    assert record("remy", "start", 0.05, "pending") == "good"
    assert extra(promoted)[0] == "inconclusive"
    record("remy", "step", 0.25, "pass")
    record("remy", "finish", 0.25, "pass")
    assert extra(promoted, 0)[0] == "pass"
    promoted.promote("1.1.0", "production")
    promoted.verify()


def test_reproduced(promoted: World) -> None:
    """Somebody in a role, and not who registered it, has run the pipeline again and got the same weights."""
    promoted.let_record("reproduction.recorded", "validator", "engineer")
    with_gate(promoted, "{type: reproduced, roles: [validator, engineer]}")
    ready(promoted)
    version = promoted.log().state.versions[MODEL, "1.1.0"].body

    def record(person: str, weights: str, commit: str = version.commit) -> str:
        body = ReproductionRecorded(
            version="1.1.0", commit=commit, outputs={"model.json": weights}, verdict="identical"
        )
        promoted.push_signed(person, type="reproduction.recorded", body=body)
        return str(promoted.log().state.judged[-1].status)

    assert record("victor", version.weights, "git-sha1:" + "0" * 40) == "inert"
    assert record("ada", version.weights) == "good"
    assert extra(promoted)[0] == "fail"  # ada registered it
    record("victor", version.weights)
    assert extra(promoted, 0)[0] == "pass"
    record("victor", version.card)
    assert extra(promoted)[0] == "error"


def test_signed_commits(promoted: World) -> None:
    """Every commit since the champion's must carry a good signature of somebody in the policy."""
    with_gate(promoted, "{type: signed-commits}")
    ready(promoted)
    verdict, found = extra(promoted)
    assert (verdict, "2 of 2" in found) == ("fail", True)
    words = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={promoted.key_path('ada')}"]
    base = promoted.git("rev-list", "--max-count=1", f"{MODEL}@v1.0.0")
    promoted.git(*words, "rebase", "-q", "--force-rebase", "--gpg-sign", base)
    promoted.register("1.2.0")
    report = promoted.govkit("gate", f"{MODEL}@1.2.0", "--stage", "production", "--format", "json", expect=1).json
    assert next(check for check in report["checks"] if check["gate"] == "extra")["verdict"] == "pass"


def test_pushed_is_asked_online(promoted: World) -> None:
    """Whether the bytes are in the DVC remote is asked with --online; the verifier says whose word it takes."""
    with_gate(promoted, "{type: data, pushed: true}")
    ready(promoted)
    assert extra(promoted)[0] == "pending"
    assert "--online" in promoted.promote("1.1.0", "production", expect=1).text
    words = ("promote", VERSION, "--stage", "production", "--online")
    assert extra(promoted, 1, "--online")[0] == "fail"
    promoted.govkit(*words, as_="remy", expect=1)
    promoted.shell("dvc", "push", "-q")
    assert extra(promoted, 0, "--online")[0] == "pass"
    promoted.govkit(*words, as_="remy")
    proven = promoted.govkit("verify", MODEL, "--stage", "production", "--format", "json").json
    check = next(check for check in proven["checks"] if check["gate"] == "extra")
    assert (check["verdict"], "attested" in check["found"]) == ("pass", True)


def test_a_remote_that_cannot_be_asked_decides_nothing(promoted: World) -> None:
    """Without a remote, --online is a usage error, and nothing is promoted."""
    with_gate(promoted, "{type: data, pushed: true}")
    ready(promoted)
    promoted.shell("dvc", "remote", "list")
    for config in (promoted.repo / ".dvc").glob("config*"):
        config.write_text("")
    words = ("gate", VERSION, "--stage", "production", "--online")
    assert "no DVC remote" in promoted.govkit(*words, expect=2).text


def test_expression(promoted: World) -> None:
    """A rule in CEL decides at the gate and again in the verifier, which loads no engine into its own process."""
    rule = "card.metrics.exists(m, m.name == 'auc' && m.measure.value > 0.8) && stage == 'production'"
    with_gate(promoted, f'{{type: expression, expression: "{rule}", says: a good AUC}}')
    ready(promoted)
    assert extra(promoted, 0)[0] == "pass"
    promoted.promote("1.1.0", "production")
    promoted.verify()
