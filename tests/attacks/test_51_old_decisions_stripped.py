"""An old decision is carried once more without its evidence, to make the log undecided for ever; it is inert."""

from __future__ import annotations

from world import MODEL, World

from govkit.core.events import EVENT_FILE, SIGNATURE_FILE, RequestWithdrawn


def test_decision_on_a_closed_request_is_inert(requested: World) -> None:
    """Whatever its evidence, a decision on a withdrawn request has no effect, and the rest stays proven."""
    requested.govkit("withdraw", f"{MODEL}@1.1.0#production", as_="ada")
    request = requested.request("1.1.0", "production")
    requested.govkit("approve", f"{MODEL}@1.1.0#production", "--output", str(requested.folder / "d.json"), as_="rita")
    requested.push_signed("ada", type="request.withdrawn", body=RequestWithdrawn(request=request))
    import json

    signed = json.loads((requested.folder / "d.json").read_text())
    requested.push_event(signed["event"].encode(), signed["signature"].encode(), {})
    assert ("inert", f"{MODEL}@1.1.0#production is withdrawn") == (requested.last().status, requested.last().reason)
    requested.verify()


def test_decision_on_an_open_request_is_undecided(requested: World) -> None:
    """While the request is open a decision without its evidence cannot be decided: it might be a reject."""
    requested.govkit("reject", f"{MODEL}@1.1.0#production", "-m", "not yet", as_="rita")
    log, git = requested.log(), requested.repository()
    files = {entry.name: git.read(entry.id)[1] for entry in git.tree(git.commit(log.commits[-1]).tree)}
    requested.git("update-ref", "refs/heads/govkit/log", log.commits[-2])
    requested.forget()
    requested.push_event(files[EVENT_FILE], files[SIGNATURE_FILE], {})
    assert "undecided" == requested.last().status
    assert "cannot be decided" in requested.verify(expect=3).text
