"""One visit of a page with a real browser, and what was seen: requests, messages, dialogs, barriers, pictures, paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, ViewportSize

#: Where pictures and printed pages are written; ignored by Git.
PICTURES = Path(__file__).resolve().parents[2] / "build" / "screenshots"
WIDE, NARROW = 1280, 390

#: A picture of more is cut into several: Chromium repeats or leaves blank what lies beyond 16,384 pixels.
_PICTURE_HEIGHT = 12_000
#: Milliseconds in which a loaded page may still ask for something or say something.
_SETTLED = 50

# Names elements so that a person finds them: by id or classes, from the nearest ancestor with an id.
_NAMED = """
const named = element => {
  const path = [];
  for (let at = element; at && at.nodeType === 1; at = at.parentElement) {
    const classes = [...at.classList].map(name => "." + name).join("");
    path.unshift(at.tagName.toLowerCase() + (at.id ? "#" + at.id : classes));
    if (at.id) break;
  }
  return path.join(" > ");
};
"""
_OVERFLOW = (
    "() => {"
    + _NAMED
    + """
  const root = document.documentElement, room = root.clientWidth;
  if (root.scrollWidth <= room) return [];
  const contained = element => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  const end = element => {
    const box = element.getBoundingClientRect();
    return Math.round(box.left + Math.max(box.width, element.scrollWidth));
  };
  const found = [...document.body.querySelectorAll("*")]
    .filter(each => end(each) > room && getComputedStyle(each).overflowX === "visible" && !contained(each))
    .map(each => `${named(each)} ends at ${end(each)} of ${room} px`);
  return [`the document is ${root.scrollWidth} px wide in ${room} px`, ...found.slice(0, 20)];
}"""
)
# A style sheet made by a script is not subject to the page's content security policy. Gradients are left out, since
# axe cannot judge contrast above them; pages use them for shadows at the edges only. Nothing moves.
_PLAIN = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { background-image: none !important; transition: none !important }");
  document.adoptedStyleSheets = [sheet];
}"""
# Axe takes most of its time for contrast, which it works out for each element. Elements that are alike, and so are
# all that they stand in, have the same contrast: it is asked of two of each kind.
_AXE = """async contrastAlone => {
  const looks = new Map();
  const look = element => {
    if (!element) return "";
    if (!looks.has(element)) {
      const style = getComputedStyle(element);
      const own = [element.tagName, element.getAttribute("class"), style.color, style.fill, style.backgroundColor,
                   style.opacity, style.fontSize, style.fontWeight];
      looks.set(element, look(element.parentElement) + "/" + own.join());
    }
    return looks.get(element);
  };
  const kinds = new Map();
  for (const each of document.body.querySelectorAll("*")) {
    const says = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!says || !each.checkVisibility()) continue;
    const alike = kinds.get(look(each)) || [];
    if (alike.length < 2) kinds.set(look(each), [...alike, each]);
  }
  const quick = {preload: false, iframes: false, resultTypes: ["violations", "incomplete"]};
  const results = [];
  if (!contrastAlone) results.push(await axe.run(document, {...quick, rules: {"color-contrast": {enabled: false}}}));
  const include = [...kinds.values()].flat();
  if (include.length) results.push(await axe.run({include}, {...quick, runOnly: ["color-contrast"]}));
  const list = kind => results.flatMap(found => found[kind]).flatMap(rule => rule.nodes.map(node => ({
    rule: rule.id, impact: node.impact || rule.impact, where: node.target.flat().join(" "),
    why: (node.failureSummary || rule.help).replace(/\\s+/g, " ")})));
  return {violations: list("violations"), incomplete: list("incomplete")};
}"""


# Contrast of the texts of drawings, which axe does not judge, by WCAG's formula; a canvas reads every notation of colours.
_FAINT = (
    "least => {"
    + _NAMED
    + """
  const paper = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const luminance = colours => {
    for (const colour of colours) { paper.fillStyle = colour; paper.fillRect(0, 0, 1, 1); }
    const [red, green, blue] = [...paper.getImageData(0, 0, 1, 1).data].map(
      value => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return [...document.querySelectorAll("svg text")].filter(text => text.checkVisibility()).map(text => {
    const behind = [];
    for (let at = text.closest("svg"); at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const [one, other] = [[], [getComputedStyle(text).fill]].map(ink => luminance(["#fff", ...behind, ...ink]));
    return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), `${named(text)}: ${text.textContent}`];
  }).filter(([ratio]) => ratio < least).map(([ratio, text]) => `${ratio.toFixed(2)} ${text}`);
}"""
)


@dataclass(frozen=True)
class Asked:
    """A request of the page, also one that did not get through.

    Attributes:
        method: such as ``GET``.
        url: the whole URL.
        kind: Chromium's type of resource, such as ``Document`` or ``Image``.
    """

    method: str
    url: str
    kind: str


@dataclass(frozen=True)
class Barrier:
    """What axe-core finds at one element.

    Attributes:
        rule: axe's name of the rule.
        impact: ``minor``, ``moderate``, ``serious`` or ``critical``.
        where: a CSS selector.
        why: what is wrong, and how to mend it.
    """

    rule: str
    impact: str
    where: str
    why: str

    @property
    def grave(self) -> bool:
        """Whether it keeps somebody from reading or deciding."""
        return self.impact in ("serious", "critical")


@dataclass(frozen=True)
class Printed:
    """A PDF, and how many pages it has."""

    path: Path
    pages: int


class Visit:
    """A page that is open in a browser profile of its own.

    Attributes:
        page: Playwright's page, to click, fill in and look.
        url: what was opened.
        home: what begins like this belongs to the page; see :attr:`foreign`.
        requests: every request, in order, whether or not it was blocked on the way.
        console: every message of the console (also violations of the content security policy) and uncaught exception.
        issues: what Chromium's developer tools list as issues of the page.
        dialogs: alerts and other questions that the page put; all are dismissed.
        windows: URLs of windows that the page opened.
    """

    def __init__(
        self,
        browser: Browser,
        where: str | Path,
        *,
        home: str | Path | None = None,
        width: int = WIDE,
        dark: bool = False,
        scripts: bool = True,
    ) -> None:
        """Open a page and wait until it has loaded.

        Args:
            browser: the browser.
            where: a URL, or a file.
            home: a folder or the beginning of a URL that belongs to the page; by default a file's own URL, or the
                scheme, host and port of another URL.
            width: of the window in CSS pixels.
            dark: whether the reader asks for dark pages.
            scripts: whether the page's scripts run.
        """
        self.url = _url(where)
        self.home = _url(home) if home is not None else self.url if self.url.startswith("file:") else _origin(self.url)
        self.width, self.dark = width, dark
        self.requests: list[Asked] = []
        self.console: list[str] = []
        self.issues: list[str] = []
        self.dialogs: list[str] = []
        self.windows: list[str] = []
        self._context = browser.new_context(
            viewport=_window(width),
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        self.page = self._context.new_page()
        self._cdp = self._context.new_cdp_session(self.page)
        self._listen()
        self.go(self.url)

    def _listen(self) -> None:
        """Record from here on. Requests come from Chromium itself: it tells of those, too, that it never sends."""
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"exception: {error}"))
        self.page.on("dialog", self._dismiss)
        self._context.on("page", lambda page: self.windows.append(page.url))
        self._cdp.on("Network.requestWillBeSent", self._asked)
        self._cdp.on("Network.webSocketCreated", lambda e: self.requests.append(Asked("GET", e["url"], "WebSocket")))
        self._cdp.on("Audits.issueAdded", lambda event: self.issues.append(event["issue"]["code"]))
        for domain in ("Network", "Audits"):
            self._cdp.send(f"{domain}.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        request = event["request"]
        self.requests.append(Asked(request["method"], request["url"], event.get("type", "")))

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    def go(self, url: str) -> None:
        """Open another page in the same profile; what was seen so far is kept."""
        self.page.goto(url)
        self.settle()

    def settle(self, milliseconds: int = _SETTLED) -> None:
        """Give the page time to do what it does after loading."""
        self.page.wait_for_timeout(milliseconds)

    def close(self) -> None:
        """Forget the page and its profile."""
        self._context.close()

    @property
    def foreign(self) -> list[Asked]:
        """The requests for what does not belong to the page; data within the page are no request."""
        return [each for each in self.requests if not each.url.startswith((self.home, "data:", "about:", "blob:"))]

    def text(self) -> str:
        """Return all text of the page, visible or not, as one line."""
        return " ".join((self.page.text_content("body") or "").split())

    def unfold(self) -> None:
        """Open everything that a reader can open by a click."""
        self.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    def look(self, *, width: int | None = None, dark: bool | None = None) -> None:
        """Change the width of the window, and whether the reader asks for dark pages."""
        if width is not None:
            self.width = width
            self.page.set_viewport_size(_window(width))
        if dark is not None:
            self.dark = dark
            self.page.emulate_media(color_scheme="dark" if dark else "light")

    def axe(self, *, contrast_alone: bool = False) -> list[Barrier]:
        """Return what axe-core finds on the page as it is shown now, everything that is unfolded included.

        Args:
            contrast_alone: leave out all other rules, where only colours have changed since they were asked.
        """
        return [Barrier(**found) for found in self._axe(contrast_alone)["violations"]]

    def undecided(self) -> list[Barrier]:
        """Return what axe-core cannot decide and a person has to look at."""
        return [Barrier(**found) for found in self._axe(False)["incomplete"]]

    def _axe(self, contrast_alone: bool) -> dict[str, list[dict[str, str]]]:
        # What the developer tools evaluate is not subject to the page's content security policy.
        self.page.evaluate(_PLAIN)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe_core())
        found: dict[str, list[dict[str, str]]] = self.page.evaluate(_AXE, contrast_alone)
        return found

    def faint_labels(self, least: float = 4.5) -> list[str]:
        """Return the texts of drawings whose contrast with the page is less than this (WCAG 2.2, 1.4.3), with it."""
        found: list[str] = self.page.evaluate(_FAINT, least)
        return found

    def overflow(self) -> list[str]:
        """Return why the page scrolls sideways, and which elements reach beyond the window; nothing if it does not."""
        found: list[str] = self.page.evaluate(_OVERFLOW)
        return found

    def screenshot(self, name: str) -> list[Path]:
        """Write pictures of the whole page, as ``NAME-WIDTH-light.png``; a very long page makes several."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        height: int = self.page.evaluate("document.documentElement.scrollHeight")
        stem = f"{name}-{self.width}-{'dark' if self.dark else 'light'}"
        written = []
        for part, top in enumerate(range(0, height, _PICTURE_HEIGHT), start=1):
            path = PICTURES / (f"{stem}-{part}.png" if height > _PICTURE_HEIGHT else f"{stem}.png")
            box = {"x": 0, "y": top, "width": self.width, "height": min(_PICTURE_HEIGHT, height - top)}
            self.page.screenshot(path=path, full_page=True, clip=box)  # type: ignore[arg-type]
            written.append(path)
        return written

    def pdf(self, name: str) -> Printed:
        """Print the page on A4, as its own print style sheet says, to ``NAME.pdf``."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.pdf"
        data = self.page.pdf(path=path, format="A4", prefer_css_page_size=True, print_background=True)
        return Printed(path, len(re.findall(rb"/Type\s*/Page\b", data)))


def _window(width: int) -> ViewportSize:
    return {"width": width, "height": 844 if width < 600 else 900}


def _url(where: str | Path) -> str:
    if isinstance(where, str):
        return where
    return where.absolute().as_uri() + ("/" if where.is_dir() else "")


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3]) + "/"


@cache
def _axe_core() -> str:
    """Return the source of axe-core."""
    import axe_playwright_python

    return Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
