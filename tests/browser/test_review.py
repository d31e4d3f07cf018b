"""Reviewing and signing in a real browser, without scripts: from the address in the terminal to the receipt."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from reviewing import REQUEST, served
from world import World

from govkit.cli.reviewing import doorway
from tests.browser.visit import NARROW, WIDE, Visit

Opener = Callable[..., Visit]


def _decisions(world: World) -> list[tuple[str, str, str, str]]:
    request = world.log().state.find_request(REQUEST)
    assert request is not None
    return [(one.person, one.body.role, one.body.decision, one.body.comment) for one in request.decisions]


def _is_quiet(seen: Visit) -> None:
    """Assert that nothing was asked of another place, and that the browser had nothing to say."""
    foreign = [one for one in seen.foreign if one.url != seen.url]
    assert (foreign, seen.console, seen.dialogs, seen.windows) == ([], [], [], [])


def _is_in_order(seen: Visit, name: str) -> None:
    """Assert that nobody is kept from reading it, light or dark, wide or narrow, and take pictures."""
    for dark in (False, True):
        seen.look(width=WIDE, dark=dark)
        assert [one for one in seen.axe(contrast_alone=dark) if one.grave] == []
        seen.screenshot(name)
    seen.look(width=NARROW, dark=False)
    assert seen.overflow() == []
    seen.screenshot(name)
    seen.look(width=WIDE)


def test_signs_without_scripts(requested: World, visit: Opener, tmp_path: Path) -> None:
    """The form is filled in, the confirmation read, the button pressed; the receipt and the log have the decision."""
    with served(requested, "rita", let_in=False) as running:
        door = doorway(running.server, tmp_path)
        assert door.stat().st_mode & 0o777 == 0o600
        # From a file, as 'govkit review' opens it: for the browser that is another site.
        seen = visit(door, home=f"http://127.0.0.1:{running.server.port}", scripts=False)
        page = seen.page
        page.wait_for_url("**/request/0")
        page.locator("label.approve input").first.check()
        page.get_by_label("In your own words").first.fill("Read <all> of it\nand agree")
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/confirm/0")
        code = re.search(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", seen.text())[0]  # type: ignore[index]
        assert _decisions(requested) == []
        page.get_by_role("button", name="Sign: approve").click()
        page.wait_for_url("**/receipt/0")
        assert "Your signature is in the log." in seen.text()
        assert code in seen.text()
        assert f"compare code {code}" in running.told
        assert seen.pdf("review-receipt").pages <= 2
        _is_quiet(seen)
    assert _decisions(requested) == [("rita", "risk-owner", "approve", "Read <all> of it\nand agree")]


def test_nobody_is_kept_out(requested: World, visit: Opener) -> None:
    """Card with form, confirmation and receipt can be read by everybody; axe needs scripts, the pages do not."""
    with served(requested, "rita", let_in=False) as running:
        seen = visit(running.server.address)
        seen.page.wait_for_url("**/request/0")
        _is_in_order(seen, "review-card")
        seen.page.locator("label.approve input").first.check()
        seen.page.get_by_role("button", name="Go on").click()
        seen.page.wait_for_url("**/confirm/0")
        _is_in_order(seen, "review-confirm")
        seen.page.get_by_role("button", name="Sign: approve").click()
        seen.page.wait_for_url("**/receipt/0")
        _is_in_order(seen, "review-receipt")


def test_a_problem_comes_into_view(requested: World, visit: Opener) -> None:
    """A reject without a reason brings the page again: it shows the problem where the reader looks, and what was typed."""
    with served(requested, "victor", let_in=False) as running:
        seen = visit(running.server.address)
        seen.page.wait_for_url("**/request/0")
        seen.page.locator("label.reject input").first.check()
        seen.page.get_by_role("button", name="Go on").click()
        told = seen.page.get_by_role("alert").first
        told.wait_for()
        assert "a reject says why" in (told.text_content() or "")
        box = told.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 900
        _is_in_order(seen, "review-problem")
        _is_quiet(seen)
    assert _decisions(requested) == []


@pytest.mark.parametrize("same_site", [False, True], ids=["another-site", "another-port"])
def test_another_page_cannot_sign(requested: World, visit: Opener, tmp_path: Path, same_site: bool) -> None:
    """A page elsewhere that sends the form with all its secrets is refused by what the browser itself tells.

    For a browser, another port of this machine is the same site: it sends the cookie along.
    """
    with served(requested, "rita", let_in=False) as running, _folder_served(tmp_path) as elsewhere:
        seen = visit(running.server.address)
        seen.page.wait_for_url("**/request/0")
        fields = {
            one.get_attribute("name"): one.get_attribute("value")
            for one in seen.page.locator("form").first.locator("input[type=hidden]").all()
        }
        inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in {**fields, "way": "0"}.items())
        page = tmp_path / "page.html"
        action = f"http://127.0.0.1:{running.server.port}{running.server.base}request/0"
        page.write_text(f'<form method="post" action="{action}">{inputs}<button>go</button></form>')
        seen.page.goto(f"{elsewhere}/page.html" if same_site else page.as_uri())
        with seen.page.expect_response(lambda answer: answer.request.method == "POST") as caught:
            seen.page.get_by_role("button").click()
        sent = caught.value.request.all_headers()
        assert (caught.value.status, "cookie" in sent) == (403, same_site)
        assert running.told == []
    assert _decisions(requested) == []


@contextlib.contextmanager
def _folder_served(folder: Path) -> Iterator[str]:
    """Serve a folder on another port of this machine, as any program may."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_list_and_the_statement(requested: World, visit: Opener) -> None:
    """What waits, and the page for somebody without govkit, can be read by everybody; files are saved as files."""
    with served(requested, "rita", None, let_in=False) as running:
        seen = visit(running.server.address)
        seen.page.get_by_role("link", name=REQUEST).wait_for()
        _is_in_order(seen, "review-list")
        seen.page.get_by_role("link", name=REQUEST).click()
        seen.page.get_by_text("For somebody who has no govkit").click()
        seen.page.get_by_label("Who decides").select_option("vera")
        seen.page.get_by_label("In the role").select_option("validator")
        seen.page.locator("label.approve input").last.check()
        seen.page.get_by_role("button", name="Make the statement").click()
        seen.page.wait_for_url("**/statement/0")
        _is_in_order(seen, "review-statement")
        with seen.page.expect_download() as saved:
            seen.page.get_by_role("link", name="Save the statement").click()
        assert saved.value.suggested_filename == "event.json"
        assert b'"actor":"vera"' in Path(saved.value.path()).read_bytes()
        _is_quiet(seen)


@pytest.mark.parametrize("token", ["x", "y" * 43])
def test_a_wrong_address_shows_a_plain_page(requested: World, visit: Opener, token: str) -> None:
    """Who comes with another address sees what happened, and nothing else."""
    with served(requested, "rita", let_in=False) as running:
        seen = visit(f"http://127.0.0.1:{running.server.port}/open/{token}")
        assert "this address does not work" in seen.text()
        assert [one for one in seen.axe() if one.grave] == []
        assert seen.foreign == []
