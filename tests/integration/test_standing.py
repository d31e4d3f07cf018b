"""What the log knows of a version, gathered from a real repository, and the page that is made of it."""

from __future__ import annotations

import pytest
from world import MODEL, World

from govkit.cards import render
from govkit.core.errors import Usage
from govkit.workflow import facts, standing

REQUEST = f"{MODEL}@1.1.0#production"


def test_open_request(requested: World) -> None:
    """Who asks what instead of which version, what was decided by whom, what changed in Git, and what is missing."""
    requested.approve("1.1.0", "production", "rita")
    with requested.session() as session:
        found = standing.of_request(session, REQUEST)
    assert found.sentence == "You are asked to let 1.1.0 decide in production instead of 1.0.0."
    assert (found.approvals, found.needed) == ((1, 2), "1 × risk-owner and 1 × validator")
    assert found.asked is not None
    assert (found.asked.person, found.asked.state, found.asked.void) == ("Ada Engineer", "open", "")
    assert [(one.person, one.role, one.decision, one.note) for one in found.decisions] == [
        ("rita", "risk-owner", "approve", "counts")
    ]
    assert found.champion is not None
    assert (found.champion.version, found.champion.serves) == ("1.0.0", True)
    assert found.code is not None
    assert "params.yaml" in [path for path, _, _ in found.code.files]
    assert found.code.commits >= 1
    assert found.report is not None
    assert {check.gate for check in found.report.blocking} == {"approvals"}
    assert found.history[0].index == found.head[0] - 1


def test_rejected_and_reconsidered(requested: World) -> None:
    """A reject holds and is said; a person's earlier word does not count once there is a later one."""
    requested.approve("1.1.0", "production", "vera")
    requested.govkit("reject", REQUEST, "-m", "no", as_="vera")
    with requested.session() as session:
        found = standing.of_request(session, REQUEST)
    assert found.held == ["vera"]
    assert [(one.decision, one.counts) for one in found.decisions] == [("approve", False), ("reject", True)]


def test_version_that_nobody_asks_for(promoted: World) -> None:
    """It says where it serves; the page has no decision to make and shows the history."""
    with promoted.session() as session:
        found = standing.of_version(session, MODEL, "1.0.0")
        raw, card = facts.card_of(session, session.state.versions[MODEL, "1.0.0"])
    assert found.serving == ["production", "staging"]
    assert (found.report, found.asked, found.champion) == (None, None, None)
    page = render.page(card, None, raw, found, home="../index.html")
    assert "serves in production, staging" in page
    assert "What happened to this model" in page
    assert '<a href="../index.html">' in page
    assert '<h2 id="blocks">' not in page


def test_revoked_version_is_marked(promoted: World) -> None:
    """A revocation is the first thing that is said, and the version serves nowhere."""
    promoted.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "wrong labels"})
    with promoted.session() as session:
        found = standing.of_version(session, MODEL, None)
    assert found.serving == []
    assert found.notes[0].startswith("REVOKED by rita")
    assert "wrong labels" in found.notes[0]


@pytest.mark.parametrize("name", [f"{MODEL}@9.9.9#production", "policy#0", "nonsense"])
def test_there_is_a_page_for_open_requests_of_models_only(requested: World, name: str) -> None:
    """Anything else is a mistake, and the requests that are open are named."""
    with requested.session() as session, pytest.raises(Usage) as caught:
        standing.of_request(session, name)
    assert REQUEST in caught.value.why
