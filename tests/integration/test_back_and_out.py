"""Back to what served before, and out of service: ``rollback``, ``clear``, ``revoke``, with GTO and DVC as witnesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from govkit.core.entities import Promotion
from govkit.core.events import PromotionRecorded
from tests import world as worlds
from tests.world import MODEL, Result, World

APPROVED = """\
    rollback:
      roles: [release-engineer]
      approvals: {quorum: {role: risk-owner, count: 1}, valid_for: 24h}
"""
PROMOTE = "    promote: [release-engineer]\n"


def rollback(world: World, *words: str, as_: str = "remy", expect: int = 0, reason: str = "it drifts") -> Result:
    """Roll production back."""
    return world.govkit("rollback", MODEL, "--stage", "production", "-m", reason, *words, as_=as_, expect=expect)


def size(world: World) -> int:
    """Return how many events the log has."""
    return world.log().head.size


def last_promotion(world: World) -> Promotion:
    """Return what the log has last for production."""
    last = world.log().state.last(MODEL, "production")
    assert isinstance(last, Promotion)
    return last


# -- rollback ---------------------------------------------------------------------------------------------------------


def test_one_command_goes_back_and_get_delivers_it(replaced: World) -> None:
    """One event and one tag, by name in words; it is proven, delivered, and what GTO and DVC follow."""
    before = size(replaced)
    done = rollback(replaced)
    assert "rolled production of scorer back to 1.0.0" in done.text and "instead of 1.1.0" in done.err
    assert size(replaced) == before + 1
    body = last_promotion(replaced).body
    assert isinstance(body, PromotionRecorded)
    assert (body.version, body.kind, body.reason, body.request) == ("1.0.0", "rollback", "it drifts", None)
    assert "PROVEN" in replaced.verify().text
    target = replaced.folder / "served"
    replaced.govkit("get", MODEL, "--stage", "production", "-o", str(target))
    assert (target / "model.json").read_text() == '{"slope": 0.8, "rows": 100}'
    followed = replaced.folder / "followed.json"
    replaced.shell("dvc", "artifacts", "get", ".", MODEL, "--stage", "production", "-o", str(followed))
    assert followed.read_bytes() == (target / "model.json").read_bytes()


def test_a_second_rollback_goes_further_back_and_never_forward(replaced: World) -> None:
    """What was rolled back from is not gone back to unless it is named."""
    rollback(replaced)
    found = rollback(replaced, expect=1)
    assert "has no version to go back to in production" in found.text
    rollback(replaced, "--to", "1.1.0")
    assert last_promotion(replaced).body.version == "1.1.0"
    rollback(replaced)
    assert last_promotion(replaced).body.version == "1.0.0"


@pytest.mark.parametrize(
    ("words", "options", "code", "reason"),
    [
        (["--to", "1.1.0"], {}, 1, "1.1.0: it serves there now"),
        (["--to", "9.9.9"], {}, 2, "has no version 9.9.9"),
        ([], {"reason": " "}, 2, "a rollback needs a reason"),
        ([], {"as_": "ada"}, 1, "ada holds none of the roles release-engineer"),
    ],
)
def test_refused_rollbacks_write_nothing(
    replaced: World, words: list[str], options: dict[str, Any], code: int, reason: str
) -> None:
    """To what serves, to nothing, without words, by somebody else: refused with the reason, and no event."""
    before = size(replaced)
    assert reason in rollback(replaced, *words, expect=code, **options).text
    assert size(replaced) == before


def test_what_never_served_is_asked_for(requested: World) -> None:
    """A version that was never let into the stage does not get there by a rollback."""
    found = rollback(requested, "--to", "1.1.0", expect=2)
    assert "never served in production" in found.text and "govkit request 'scorer@1.1.0'" in found.text


def test_a_revoked_version_is_passed_over_and_never_gone_back_to(replaced: World) -> None:
    """Neither by itself nor by name."""
    replaced.govkit("revoke", f"{MODEL}@1.0.0", "-m", "leak", as_="rita")
    assert "1.0.0: revoked by rita" in rollback(replaced, expect=1).text
    assert "1.0.0: revoked by rita" in rollback(replaced, "--to", "1.0.0", expect=1).text


def test_dry_run_shows_and_writes_nothing(replaced: World) -> None:
    """What would be signed is shown, and neither event nor tag is made."""
    before, tags = size(replaced), replaced.git("tag")
    assert "dry run: nothing was written" in rollback(replaced, "--dry-run").text
    assert (size(replaced), replaced.git("tag")) == (before, tags)


# -- a rollback that somebody has to approve --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _careful(_replaced: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    replaced = worlds.copy(_replaced, tmp_path_factory.mktemp("careful") / "world")
    path = replaced.repo / "governance" / "policy.yaml"
    head, mark, tail = path.read_text().rpartition(PROMOTE)
    path.write_text(head + APPROVED + mark + tail)
    replaced.adopt_policy()
    return replaced.folder


@pytest.fixture
def careful(_careful: Path, tmp_path: Path) -> World:
    """The policy wants a risk owner's yes for a rollback of production."""
    return worlds.copy(_careful, tmp_path / "world")


def ask(world: World, *, expect: int = 0) -> Result:
    """Ask for a rollback of production."""
    words = ("request", f"{MODEL}@1.0.0", "--stage", "production", "--rollback", "-m", "it drifts")
    return world.govkit(*words, as_="remy", expect=expect)


def test_the_policy_may_want_a_yes(careful: World) -> None:
    """Without it nothing moves; with it the rollback names the request and the decision, and is proven with both."""
    found = rollback(careful, expect=1)
    assert "wants a rollback of this stage to be approved" in found.text and "--rollback -m WHY" in found.text
    ask(careful)
    assert "approvals" in rollback(careful, expect=1).text
    careful.govkit("approve", f"{MODEL}@1.0.0#production", as_="rita")
    assert (
        "roll back: govkit rollback scorer --stage production --to 1.0.0" in careful.govkit("status", as_="remy").text
    )
    rollback(careful)
    body = last_promotion(careful).body
    assert isinstance(body, PromotionRecorded)
    assert body.request is not None and len(body.decisions) == 1
    verdict = careful.govkit("verify", MODEL, "--stage", "production", "--format", "json").json
    assert [check["verdict"] for check in verdict["checks"] if check["gate"] == "rollback"] == ["pass"]


def test_nobody_approves_their_own_rollback(careful: World) -> None:
    """And who asks must be somebody who may roll back."""
    words = ("request", f"{MODEL}@1.0.0", "--stage", "production", "--rollback", "-m", "it drifts")
    assert "holds none of the roles release-engineer" in careful.govkit(*words, as_="ada", expect=1).text
    ask(careful)
    assert careful.govkit("approve", f"{MODEL}@1.0.0#production", as_="remy", expect=1).code == 1


def test_a_yes_by_a_stolen_key_is_none_later(careful: World) -> None:
    """The verifier does not believe a rollback whose approval was signed with a key that was compromised then."""
    ask(careful)
    careful.govkit("approve", f"{MODEL}@1.0.0#production", as_="rita")
    approved = size(careful) - 1
    rollback(careful)
    assert "PROVEN" in careful.verify().text
    with careful.session() as session:
        judged = session.state.judged[approved]
        session.state.compromised[judged.signer or ""] = approved
        from govkit.workflow import verify

        found = verify.verify(session, MODEL, "production")
    assert found.verdict == "refused"
    assert "rollback" in {check.gate for check in found.checks if check.verdict == "fail"}


@pytest.mark.parametrize("type_", ["request.opened", "version.registered"])
def test_what_a_rollback_rests_on_must_be_signed_with_a_sound_key(careful: World, type_: str) -> None:
    """Who asked for it, and who registered what it goes back to."""
    ask(careful)
    careful.govkit("approve", f"{MODEL}@1.0.0#production", as_="rita")
    rollback(careful)
    with careful.session() as session:
        signed = [one for one in session.state.judged if one.event is not None and one.event.type == type_]
        judged = signed[-1] if type_ == "request.opened" else signed[0]
        session.state.compromised[judged.signer or ""] = judged.index
        from govkit.workflow import retrospect

        checks = list(retrospect.rollback_checks(session, last_promotion(careful)))
    assert [check.found for check in checks if check.verdict == "fail"][-1:] == ["its key is reported as compromised"]


def test_a_rollback_is_asked_for_only_where_the_policy_wants_that(replaced: World) -> None:
    """Elsewhere whoever may does it at once."""
    found = ask(replaced, expect=2)
    assert "a rollback of production is not asked for" in found.text and "rolls back at once" in found.text


# -- out --------------------------------------------------------------------------------------------------------------


def test_clear_empties_a_stage_and_nothing_comes_back_silently(replaced: World) -> None:
    """One event and one tag; verify and get refuse with the reason, and a rollback wants a name."""
    before = size(replaced)
    done = replaced.govkit("clear", MODEL, "--stage", "production", "-m", "the product ended", as_="remy")
    assert "'dvc artifacts get' still delivers" in done.text
    assert size(replaced) == before + 1
    refused = replaced.verify(expect=1)
    assert "nothing serves scorer in production" in refused.text and "the product ended" in refused.text
    target = replaced.folder / "served"
    got = replaced.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1)
    assert "the product ended" in got.text and not target.exists()
    # GTO takes one version's assignment back and goes on with the one before; DVC knows nothing of clearings.
    assert "1.0.0 │ production, staging" in " ".join(replaced.shell("gto", "show", MODEL).split())
    replaced.shell("dvc", "artifacts", "get", ".", MODEL, "--stage", "production", "-o", "still.json")
    assert '"slope": 0.85,' in (replaced.repo / "still.json").read_text()
    assert "was emptied, so nothing says where to go back to" in rollback(replaced, expect=1).text
    assert (
        "nothing serves"
        in replaced.govkit("clear", MODEL, "--stage", "production", "-m", "x", as_="remy", expect=1).text
    )
    rollback(replaced, "--to", "1.1.0", reason="it was a mistake")
    assert "PROVEN" in replaced.verify().text


def test_revoke_bars_everywhere_though_dvc_still_delivers(replaced: World) -> None:
    """One event, no tag: GTO and DVC do not know of it, so the command says what to do, and get refuses."""
    before, tags = size(replaced), replaced.git("tag")
    done = replaced.govkit("revoke", f"{MODEL}@1.1.0", "-m", "it leaks names", as_="rita")
    assert (size(replaced), replaced.git("tag")) == (before + 1, tags)
    assert "govkit rollback scorer --stage production" in done.text
    assert "it leaks names" in replaced.verify(expect=1).text
    target = replaced.folder / "served"
    got = replaced.govkit("get", MODEL, "--stage", "production", "-o", str(target), expect=1)
    assert "revoked by rita" in got.text and "it leaks names" in got.text and not target.exists()
    replaced.shell("dvc", "artifacts", "get", ".", MODEL, "--stage", "production", "-o", "still.json")
    for words in (("request", f"{MODEL}@1.1.0", "--stage", "staging", "-m", "again"),):
        assert "a revoked version does not come back" in replaced.govkit(*words, as_="ada", expect=1).text
    again = replaced.govkit("revoke", f"{MODEL}@1.1.0", "-m", "x", as_="rita", expect=1)
    assert "is revoked already" in again.text
    rollback(replaced)
    assert "PROVEN" in replaced.verify().text


@pytest.mark.parametrize(
    ("words", "as_", "code", "reason"),
    [
        (("revoke", MODEL, "-m", "x"), "rita", 2, "Name the version"),
        (("revoke", f"{MODEL}@1.1.0"), "rita", 2, "a reason is needed"),
        (("revoke", f"{MODEL}@1.1.0", "-m", "x"), "ada", 1, "ada holds none of the roles risk-owner"),
        (("revoke", "scorre@1.1.0", "-m", "x"), "rita", 2, "did you mean 'scorer'?"),
        (
            ("clear", MODEL, "--stage", "prod", "-m", "x"),
            "remy",
            2,
            "knows no stage 'prod'",
        ),
        (("clear", MODEL, "--stage", "production"), "remy", 2, "a reason is needed"),
        (("clear", MODEL, "--stage", "production", "-m", "x"), "ada", 1, "ada holds none of the roles"),
    ],
)
def test_refused_withdrawals_write_nothing(
    replaced: World, words: tuple[str, ...], as_: str, code: int, reason: str
) -> None:
    """Wrong names, no words, nobody's role: each says so, and no event is written."""
    before = size(replaced)
    assert reason in replaced.govkit(*words, as_=as_, expect=code).text
    assert size(replaced) == before
