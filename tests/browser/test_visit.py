"""The instruments of these tests: each sees what it is there to see. Without this, a silent one would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.browser import chromium
from tests.browser.cards import HOSTILE
from tests.browser.visit import NARROW, Visit

Opener = Callable[..., Visit]

#: Asks for much, in ways that a content security policy blocks and in one that it does not.
GREEDY = """<!doctype html><html lang=en><head><title>t</title>{policy}
<link rel=stylesheet href=https://e.example/sheet.css><link rel=prefetch href=https://e.example/next></head>
<body><h1>h</h1><img alt=i src=https://e.example/image.png><p style="background: url(https://e.example/css.png)">p</p>
<iframe title=f src=https://e.example/frame></iframe><script>fetch("https://e.example/script").catch(() => 0)</script>
</body></html>"""
POLICY = """<meta http-equiv=Content-Security-Policy content="default-src 'none'">"""


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a page to a file."""

    def written(source: str) -> Path:
        path = tmp_path / "page.html"
        path.write_text(source, encoding="utf-8")
        return path

    return written


def test_sees_requests(visit: Opener, page: Callable[[str], Path]) -> None:
    """Style sheets, pictures, frames, what styles and scripts ask for: each is recorded with its URL."""
    seen = visit(page(GREEDY.format(policy="")))
    names = {each.url.rpartition("/")[2] for each in seen.foreign}
    assert names == {"sheet.css", "next", "image.png", "css.png", "frame", "script"}


def test_sees_requests_that_the_policy_blocks(visit: Opener, page: Callable[[str], Path]) -> None:
    """A request that the content security policy stops is recorded, and its violation is a message of the console."""
    seen = visit(page(GREEDY.format(policy=POLICY)))
    assert {"sheet.css", "next", "image.png"} <= {each.url.rpartition("/")[2] for each in seen.foreign}
    assert [message for message in seen.console if "image.png" in message and "Content Security Policy" in message]
    assert [message for message in seen.console if "Executing inline script" in message]
    assert "ContentSecurityPolicyIssue" in seen.issues


def test_sees_messages_dialogs_and_windows(visit: Opener, page: Callable[[str], Path]) -> None:
    """What scripts print, throw and ask, and the windows that they open."""
    script = "console.log('said'); console.warn('warned'); alert('asked'); open('about:blank#w'); nowhere()"
    seen = visit(page(f"<!doctype html><title>t</title><script>{script}</script>"))
    assert seen.console[:2] == ["log: said", "warning: warned"]
    assert "nowhere is not defined" in seen.console[2]
    assert seen.dialogs == ["alert: asked"]
    assert len(seen.windows) == 1


def test_scripts_can_be_off(visit: Opener, page: Callable[[str], Path]) -> None:
    """Without scripts, a page does nothing by itself; it can still be looked at."""
    seen = visit(
        page("<!doctype html><title>t</title><p>was<script>alert(1); document.body.append('is')</script>"),
        scripts=False,
    )
    assert seen.dialogs == []
    assert seen.page.inner_text("p") == "was"


def test_sees_barriers(visit: Opener, page: Callable[[str], Path]) -> None:
    """Missing names and faint text are grave, also above a gradient, within a fold, and in one scheme only."""
    source = (
        "<!doctype html><html lang=en><title>t</title><meta name=color-scheme content='light dark'><style>"
        "@media (prefers-color-scheme: dark) { p { color: #333; background: #222 } }</style>"
        "<body><main><h1>h</h1><p>faint in the dark</p><details><summary>more</summary><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
        "<div style='background: linear-gradient(#fff, #eee)'><b style='color: #ddd'>faint</b></div></details></main>"
    )
    seen = visit(page(source))
    assert [each for each in seen.axe() if each.grave] == []
    seen.unfold()
    assert {(each.rule, each.where) for each in seen.axe() if each.grave} == {
        ("image-alt", "img"),
        ("color-contrast", "b"),
    }
    dark = visit(page(source), dark=True)
    assert [(each.rule, each.where) for each in dark.axe() if each.grave] == [("color-contrast", "p")]


def test_sees_faint_labels_of_drawings(visit: Opener, page: Callable[[str], Path]) -> None:
    """The contrast of a drawing's text, with the page behind it and in the scheme that is asked for."""
    source = (
        "<!doctype html><title>t</title><meta name=color-scheme content='light dark'><style>body { background: #fff }"
        "@media (prefers-color-scheme: dark) { body { background: #000 } }</style><svg width=99 height=99>"
        "<text id=grey y=20 fill='#777'>grey</text><text id=black y=40>black</text><text id=half y=60 fill='#0008'>half</text>"
    )
    seen = visit(page(source))
    assert seen.faint_labels() == ["4.48 text#grey: grey", "4.48 text#half: half"]
    seen.look(dark=True)
    assert [found.split()[1] for found in seen.faint_labels()] == ["text#black:", "text#half:"]


def test_sees_sideways_scrolling(visit: Opener, page: Callable[[str], Path]) -> None:
    """A page that is too wide says by which element; a table that scrolls within its own box is none."""
    table = "<div style='overflow-x: auto'><div style='width: 900px'>wide</div></div>"
    assert visit(page(f"<!doctype html><title>t</title>{table}"), width=NARROW).overflow() == []
    too_wide = visit(
        page(f"<!doctype html><title>t</title>{table}<pre id=long>{'x' * 200}</pre>"), width=NARROW
    ).overflow()
    assert "px wide in 390 px" in too_wide[0]
    assert [found.partition(" ends")[0] for found in too_wide[1:]] == ["pre#long"]


def test_prints_and_takes_pictures(visit: Opener, page: Callable[[str], Path]) -> None:
    """Each sheet of paper is counted; a very long page makes several pictures, each with something to see."""
    source = "<!doctype html><title>t</title>" + "<h1 style='break-after: page; margin: 0; height: 4500px'>h</h1>" * 3
    seen = visit(page(source.replace("4500px", "20px")))
    assert seen.pdf("instruments").pages == 3
    pictures = visit(page(source)).screenshot("instruments")
    assert [path.name for path in pictures] == ["instruments-1280-light-1.png", "instruments-1280-light-2.png"]
    for path in [*pictures, seen.pdf("instruments").path]:
        assert path.stat().st_size > 500
        path.unlink()


def test_a_server_on_the_loopback_interface(visit: Opener) -> None:
    """A page of a server may ask its own host and port; another port is foreign."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(
                b"<!doctype html><title>t</title><img alt=i src=/own.png><img alt=i src=//127.0.0.1:9/other.png>"
            )

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            seen = visit(f"http://127.0.0.1:{server.server_port}/page?token=t")
        finally:
            server.shutdown()
    assert "own.png" in [each.url.rpartition("/")[2] for each in seen.requests]
    assert [each.url for each in seen.foreign] == ["http://127.0.0.1:9/other.png"]


@pytest.mark.parametrize("said", HOSTILE[:2] + HOSTILE[6:7] + HOSTILE[9:10], ids=lambda said: said[:12])
def test_hostile_texts_act_where_they_are_markup(visit: Opener, page: Callable[[str], Path], said: str) -> None:
    """The control of the hostile texts: a page that does not escape them is taken over."""
    seen = visit(page(f'<!doctype html><title>t</title><body><svg><text>{said}</text></svg><input value="{said}">'))
    seen.settle(300)
    assert seen.page.evaluate("document.querySelector('#pwned') !== null && window.pwned !== undefined")


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [("true", pytest.fail), ("1", pytest.fail), ("", pytest.skip), ("false", pytest.skip)],
)
def test_a_missing_browser_fails_in_ci_only(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: Any) -> None:
    """Where there is no Chromium a developer's tests are skipped, and a server's fail."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("GOVKIT_CHROMIUM", "no-such-program")
    with pytest.raises(outcome.Exception, match="install the package chromium"):
        chromium.needed()
