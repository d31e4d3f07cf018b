"""What the log knows of a version, gathered from a real repository, and the page that is made of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import MODEL, World

from govkit.cards import render
from govkit.core.errors import Refused, Usage
from govkit.workflow import facts, query, standing
from tests import pace

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


def test_approval_of_an_author_counts_nowhere(promoted: World) -> None:
    """Who wrote a commit since the champion's is not counted on the page, in status, or on the desk, either."""
    promoted.retrain(0.85)
    promoted.commit("By victor", author="Victor Validator <victor@example.org>")
    promoted.register("1.2.0")
    promoted.request("1.2.0", "production")
    promoted.approve("1.2.0", "production", "rita", "victor")
    with promoted.session("vera") as session:
        found = standing.of_request(session, f"{MODEL}@1.2.0#production")
        waiting = query.status(session).waiting
    assert found.approvals == (1, 2)
    assert [(one.person, one.counts, one.note) for one in found.decisions] == [
        ("rita", True, "counts"),
        ("victor", False, "wrote a commit that this version brings in"),
    ]
    assert [(one.needed, one.mine) for one in waiting if "1.2.0" in one.name] == [("needs validator", True)]


def test_approval_that_has_ended_counts_nowhere(requested: World) -> None:
    """An approval is counted by this clock, too, as promoting counts it."""
    requested.approve("1.1.0", "production", "rita", "vera")
    with requested.session("vera", ahead=timedelta(days=40)) as session:
        found = standing.of_request(session, REQUEST)
    assert found.approvals == (0, 2)
    assert all(one.note.startswith("expired at") for one in found.decisions)


def test_flood_of_changed_files_is_bounded(requested: World) -> None:
    """Ten objects that stand for a million files: the page says that it cannot tell, and soon."""
    git = requested.repository()
    tree = git.run("mktree", stdin=f"100644 blob {git.write_object('blob', b'x')}\tf\n".encode()).decode().strip()
    for _ in range(5):
        listing = "".join(f"040000 tree {tree}\td{number}\n" for number in range(16))
        tree = git.run("mktree", stdin=listing.encode()).decode().strip()
    head = git.write_object("commit", f"tree {tree}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n".encode())
    with pace.little(), pytest.raises(Refused, match="more files than govkit reads"):
        git.changed_lines(requested.git("rev-parse", "HEAD"), head, 10)
