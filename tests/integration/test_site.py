"""The static site of a registry: what it shows, that it is built only where it changed, and what it withstands."""

from __future__ import annotations

import html.parser
import json
import re
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import bigsite
from world import MODEL, Result, World

from govkit.core import digests
from govkit.web import site
from govkit.web.folder import MANIFEST
from govkit.workflow.plans import Options
from govkit.workflow.session import Session

HOSTILE = (
    "<script>alert(1)</script><b id=pwned>b</b>",
    '"><img src=x onerror="alert(2)"> \' onfocus=\'alert(3)',
    "</script><!--<script>--><svg onload=alert(4)>",
    "</td></table></main><a href=javascript:alert(5)>x</a> {{ 7 * 7 }}",
    "\u202egnp.evorppa \x1b[2J \u2028 ]]>",
)
#: Elements that a site's own pages are made of, and attributes that they have.
_ELEMENTS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "template",
        "body",
        "header",
        "nav",
        "main",
        "section",
        "footer",
    ),
    *(
        "a",
        "p",
        "h1",
        "h2",
        "h3",
        "div",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "pre",
        "br",
        "em",
        "b",
        "strong",
        "small",
        "span",
    ),
    *("code", "time", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("form", "label", "select", "option", "input", "button"),
}
_ACTIVE = re.compile(r"on[a-z]+|style|srcdoc|formaction|action|src|background|ping", re.IGNORECASE)


@dataclass
class Seen:
    """What a page is made of."""

    text: str = ""
    elements: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    data: str = ""


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen, self._within = Seen(), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert len(values) == len(attrs), f"<{tag}> has an attribute twice"
        self._within = "data" if values.get("type") == "application/json" else tag
        self.seen.elements.add(tag)
        self.seen.attributes.update(values)
        self.seen.links += [values["href"] or ""] if "href" in values else []
        self.seen.ids.update([values["id"] or ""] if "id" in values else [])

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "data":
            self.seen.data += data
        elif self._within not in ("style", "script"):
            self.seen.text += data


def read(path: Path) -> Seen:
    """Read a page as a browser does."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    reader.seen.text = " ".join(reader.seen.text.split())
    return reader.seen


def files(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def check_links(folder: Path) -> int:
    """Make sure that every link leads to a page, or a place in one, and none out of the folder; return how many."""
    pages = {path.resolve(): read(path) for path in folder.rglob("*.html")}
    count = 0
    for path, seen in pages.items():
        for link in seen.links:
            parts = urllib.parse.urlsplit(link)
            assert (parts.scheme, parts.netloc, parts.query) == ("", "", ""), link
            assert not parts.path.startswith("/"), link
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            assert target in pages, f"{path}: {link}"
            assert target.is_relative_to(folder.resolve())
            assert not parts.fragment or parts.fragment in pages[target].ids, f"{path}: {link}"
            count += 1
    return count


def build(world: World, expect: int = 0, where: str = "site") -> Result:
    """Build the site of a world."""
    return world.govkit("site", "build", "-o", str(world.folder / where), "--format", "json", expect=expect)


def check_fresh(world: World) -> None:
    """Make sure that the site, as it was brought up to date, is what a build from nothing makes."""
    build(world, where="fresh")
    assert files(world.folder / "fresh") == files(world.folder / "site")


def test_it_shows_the_registry(requested: World) -> None:
    """What serves, what waits and for whom, versions with their cards, the log and its head are there, and linked."""
    answer = build(requested).json
    folder = requested.folder / "site"
    log = requested.log()
    assert {*answer["written"], MANIFEST} == {*files(folder)}
    assert check_links(folder) > 50

    index = read(folder / "index.html").text
    for text in (MODEL, "1.0.0 since", "staging", "production", log.head.root, log.root_of_trust, "govkit log verify"):
        assert text in index
    waiting = read(folder / "waiting.html").text
    for text in ("scorer@1.1.0#production", "please", "0 of 2", "risk-owner: rita", "validator: vera, victor"):
        assert text in waiting
    model = read(folder / MODEL / "index.html").text
    for text in ("1.1.0 … registered", "1.0.0 ✓ serves in production, staging", "registers scorer@1.1.0", "remy"):
        assert text in model
    events = read(folder / "log.html")
    assert {f"e{index}" for index in range(log.head.size)} <= events.ids
    assert "✓ good" in events.text
    assert "govkit doctor" in read(folder / "health.html").text
    page = read(folder / MODEL / "1.1.0.html").text
    assert log.state.versions[MODEL, "1.1.0"].body.card in page


def test_the_data_is_there_to_search(requested: World) -> None:
    """The data that the scripts search names every version, request and event, with a link that leads there."""
    build(requested)
    folder = requested.folder / "site"
    entries = json.loads(read(folder / "index.html").data)["entries"]
    assert {MODEL, f"{MODEL}@1.0.0", f"{MODEL}@1.1.0", f"{MODEL}@1.1.0#production"} == {entry[0] for entry in entries}
    assert all((folder / entry[1]).is_file() for entry in entries)
    events = json.loads(read(folder / "log.html").data)["events"]
    assert [line[0] for line in events] == list(range(requested.log().head.size))[::-1]


def test_a_second_build_writes_nothing(requested: World) -> None:
    """What did not change is left as it is, to the time of its files."""
    build(requested)
    folder = requested.folder / "site"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    answer = build(requested).json
    assert (answer["written"], answer["kept"], answer["removed"]) == ([], 7, [])
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_one_change_writes_what_it_must(requested: World) -> None:
    """After each step only pages that say something else are written, and all are as a build from nothing makes them."""
    build(requested)
    requested.approve("1.1.0", "production", "victor")
    assert len(build(requested).json["written"]) == 7
    check_fresh(requested)
    requested.change_policy("valid_for: 30d", "valid_for: 31d")
    written = build(requested).json["written"]
    assert f"{MODEL}/1.0.0.html" not in written
    assert f"{MODEL}/1.1.0.html" in written
    check_fresh(requested)
    requested.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": "wrong"})
    requested.retrain(0.9)
    requested.register("1.2.0")
    assert f"{MODEL}/1.2.0.html" in build(requested).json["written"]
    assert "REVOKED" in read(requested.folder / "site" / MODEL / "index.html").text
    check_fresh(requested)


def test_a_page_that_was_damaged_is_made_again(promoted: World) -> None:
    """A page that is not as it was written is restored, and one that is missing comes back."""
    build(promoted)
    folder = promoted.folder / "site"
    page = folder / MODEL / "1.0.0.html"
    page.write_bytes(page.read_bytes().replace(MODEL.encode(), b"winner"))
    (folder / "log.html").unlink()
    assert {f"{MODEL}/1.0.0.html", "log.html"} == {*build(promoted).json["written"]}
    check_fresh(promoted)


def test_pages_depend_on_the_day(requested: World) -> None:
    """A finding whose day passes is overdue from then on; what is told does not depend on the hour."""
    folder = requested.folder / "site"
    words = ("--condition", "ada", (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d"), "add a monitor")
    requested.govkit("approve", f"{MODEL}@1.1.0#production", *words, as_="victor")

    def built(ahead: timedelta) -> site.Built:
        with requested.session(ahead=ahead) as session:
            return site.build(session, folder)

    built(timedelta())
    model, waiting = folder / MODEL / "index.html", folder / "waiting.html"
    assert "? open add a monitor" in read(model).text
    assert "1 open findings" in read(waiting).text
    assert built(timedelta(seconds=1)).written == []
    later = built(timedelta(days=9))
    assert {*later.written} >= {f"{MODEL}/1.1.0.html", f"{MODEL}/index.html", "index.html", "waiting.html"}
    assert f"{MODEL}/1.0.0.html" not in later.written
    assert "✗ overdue add a monitor" in read(model).text
    assert "OVERDUE" in read(folder / MODEL / "1.1.0.html").text


def test_hostile_text_is_text(requested: World) -> None:
    """Reasons, findings and comments that try to be markup are shown as text, on every page and in the data."""
    for text in HOSTILE:
        requested.govkit("request", f"{MODEL}@1.1.0", "--stage", "staging", "-m", text, as_="ada")
        said = ("-m", text, "--condition", "ada", "2099-01-01", text)
        requested.govkit("approve", f"{MODEL}@1.1.0#staging", *said, as_="victor")
    requested.push_signed("rita", type="version.revoked", body={"version": "1.0.0", "reason": HOSTILE[0]})
    requested.push_event(HOSTILE[0].encode(), None)
    requested.push_signed("ada", type="request.withdrawn", body={"request": HOSTILE[1], "reason": HOSTILE[2]})
    build(requested)
    folder = requested.folder / "site"
    check_links(folder)
    for name in ("index.html", "waiting.html", "log.html", "health.html", f"{MODEL}/index.html"):
        seen = read(folder / name)
        assert seen.elements <= _ELEMENTS, name
        assert not [each for each in seen.attributes if _ACTIVE.fullmatch(each)], name
        assert "pwned" not in seen.ids
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u2028\x1b]", (folder / name).read_text()), name
    assert HOSTILE[0] in read(folder / MODEL / "index.html").text
    assert "<U+202E>gnp.evorppa <U+001B>[2J" in read(folder / "waiting.html").text
    assert HOSTILE[2] in read(folder / "log.html").text
    assert HOSTILE[2] in json.dumps(json.loads(read(folder / "log.html").data), ensure_ascii=False).replace('\\"', '"')


def test_an_unpinned_log_is_not_published(promoted: World) -> None:
    """Without a pinned root of trust nothing is made, and with another one pinned neither."""
    roots = promoted.folder / "known_roots"
    roots.unlink()
    assert "nothing is proven" in build(promoted, expect=3).text
    other = promoted.govkit(
        "site", "build", "-o", str(promoted.folder / "site"), "--root", digests.sha256(b"x"), expect=None
    )
    assert other.code in (1, 3)
    assert not (promoted.folder / "site").exists()


def test_a_log_that_is_not_in_order_is_shown_with_a_warning(promoted: World) -> None:
    """Every page says that nothing is proven, and the exit code does; once it is in order again, no page does."""
    build(promoted)
    elsewhere = {"size": 2, "root": digests.sha256(b"x")}
    head = promoted.git("rev-parse", "govkit/log")
    promoted.push_signed("ada", type="version.revoked", body={"version": "1.0.0", "reason": "x"}, log=elsewhere)
    answer = build(promoted, expect=1).json
    assert (answer["exit_code"], answer["kept"]) == (1, 0)
    assert "belongs to another history" in answer["problems"][0]["what"]
    folder = promoted.folder / "site"
    for path in folder.rglob("*.html"):
        assert re.search("nothing (on this site|here) is proven", read(path).text, re.IGNORECASE), path
    assert "conflict" in read(folder / "log.html").text
    promoted.git("update-ref", "refs/heads/govkit/log", head)
    promoted.forget()
    build(promoted)
    assert not [path for path in folder.rglob("*.html") if "is proven:" in read(path).text]
    check_fresh(promoted)


def test_an_undecided_log_has_its_own_exit_code(promoted: World) -> None:
    """A good signature on an event of a type that nobody knows makes it 3."""
    content = promoted.make_event(actor="ada", type="model.blessed", evidence={"blessing": b"x"})
    promoted.push_event(content, promoted.sign("ada", content))
    assert build(promoted, expect=3).json["problems"][0]["exit_code"] == 3


def test_the_folder_of_somebody_else_is_left_alone(promoted: World) -> None:
    """A folder with other things in it, another site, and a link that leads out are refused; nothing changes."""
    folder = promoted.folder / "site"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    assert "not empty" in build(promoted, expect=2).text
    assert {"thesis.txt": b"mine"} == files(folder)
    (folder / "thesis.txt").unlink()
    build(promoted)
    (folder / MODEL).rename(promoted.folder / "elsewhere")
    (folder / MODEL).symlink_to(promoted.folder / "elsewhere")
    before = files(promoted.folder / "elsewhere")
    assert "symbolic link" in build(promoted, expect=1).text
    assert before == files(promoted.folder / "elsewhere")


def test_nothing_of_the_machine_is_told(promoted: World) -> None:
    """No page names a folder of the machine that made it, or a person's key."""
    build(promoted)
    for name, content in files(promoted.folder / "site").items():
        assert str(promoted.folder).encode() not in content, name
        assert b"known_roots" not in content, name


# -- many models, without many commands ---------------------------------------------------------------------------


NAMES = ("models=clf", "models/a=clf", "models-clf", "con", "log", "CLF", "clf", "x" * 128)


@dataclass
class Big:
    """A big registry, and how to build its site."""

    log: bigsite.BigRegistry
    folder: Path

    def build(self, where: str = "site") -> site.Built:
        """Build the site."""
        root = self.log.ledger.state.judged[0].id
        return site.build(Session(Options(repo=self.log.folder, root=root)), self.folder / where)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Big]:
    """Return a function that makes a registry of some models, with so many versions each."""
    monkeypatch.setenv("GOVKIT_NO_CACHE", "1")

    def made(models: tuple[str, ...], versions: int) -> Big:
        log = bigsite.BigRegistry(tmp_path / "log.git", with_twins=False)
        log.open()
        for number in range(versions):
            for model in models:
                log.add(model, number, last=number == versions - 1)
        log.finish()
        return Big(log, tmp_path)

    return made


def test_every_name_has_pages_of_its_own(make: Callable[..., Big]) -> None:
    """Names with '/' and '=', of devices, of our own pages, that differ in case, or of full length: all have pages."""
    big = make(NAMES, 2)
    built = big.build()
    assert built.problems == []
    assert len({path.lower() for path in built.written}) == len(NAMES) * 3 + 4
    assert check_links(big.folder / "site") > 100
    index = read(big.folder / "site" / "index.html")
    assert all(name in index.text for name in NAMES)


def test_one_more_version_writes_the_pages_of_its_model(make: Callable[..., Big]) -> None:
    """A version more leaves the pages of all other models as they are; and comes out as a build from nothing."""
    big = make(("a", "b", "c"), 6)
    big.build()
    big.log.add("b", 6)
    big.log.finish()
    built = big.build()
    mine = {"b/index.html", *(f"b/1.{number}.0.html" for number in range(7))}
    assert {*built.written} - {"health.html"} == {"index.html", "waiting.html", "log.html", *mine}
    big.build("fresh")
    assert files(big.folder / "fresh") == files(big.folder / "site")


def test_old_parts_of_the_log_stay(make: Callable[..., Big], monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of several pages links them all, and a full one is written once."""
    for module in ("govkit.web.pages", "govkit.web.overview"):
        monkeypatch.setattr(f"{module}.PART", 10)
    big = make(("a", "b"), 8)
    assert {"log.html", "log-1.html", "log-2.html"} <= {*big.build().written}
    check_links(big.folder / "site")
    big.log.add("b", 8)
    big.log.finish()
    assert not [path for path in big.build().written if re.match(r"log-[12]\.", path)]
    check_links(big.folder / "site")


def test_a_card_that_does_not_fit_is_told(make: Callable[..., Big]) -> None:
    """A version whose registration says something else than its card has a page that says so, and the exit code is 1."""
    big = make(("a",), 1)
    raw, _ = big.log.card("a", 1)
    big.log.register("a", "1.1.0", raw, weights=digests.sha256(b"other"), data=digests.sha256(b"data"))
    big.log.finish()
    built = big.build()
    assert (built.exit_code, [problem.path for problem in built.problems]) == (1, ["a/1.1.0.html"])
    assert "does not fit its card" in read(big.folder / "site" / "a" / "1.1.0.html").text
    assert big.build().exit_code == 1


def test_pages_that_belong_to_nothing_are_removed(make: Callable[..., Big]) -> None:
    """A page of a version that the log does not have any more goes; one that somebody changed stays, and is told."""
    big = make(("a", "b"), 2)
    big.build()
    folder = big.folder / "site"
    value = json.loads((folder / MANIFEST).read_text())
    for name in ("a/9.0.0.html", "gone/index.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((folder / "a/1.0.0.html").read_bytes())
        value["pages"][name] = value["pages"]["a/1.0.0.html"]
    (folder / MANIFEST).write_text(json.dumps(value))
    (folder / "a/9.0.0.html").write_text("my notes")
    built = big.build()
    assert (built.removed, built.left) == (["gone/index.html"], ["a/9.0.0.html"])
    assert not (folder / "gone").exists()
    assert (folder / "a/9.0.0.html").read_text() == "my notes"


def test_an_interrupted_build_leaves_no_half_page(make: Callable[..., Big]) -> None:
    """After Ctrl-C every page is whole, nothing temporary is left, and the next build makes the rest."""
    big = make(("a", "b", "c", "d"), 10)
    folder = big.folder / "site"
    root = big.log.ledger.state.judged[0].id
    words = [sys.executable, "-m", "govkit.cli.main", "site", "build", "-o", str(folder), "--root", root]
    process = subprocess.Popen([*words, "--repo", str(big.log.folder)], stderr=subprocess.PIPE, start_new_session=True)
    assert next(_pages(folder), None), "no page was ever written"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, b"stopped" in said) in ((3, True), (0, False))
    assert all(path.read_bytes().endswith(b"</html>\n") for path in folder.rglob("*.html"))
    assert {".html", ".json"} == {path.suffix for path in folder.rglob("*") if path.is_file()}
    built = big.build()
    assert built.problems == []
    big.build("fresh")
    assert files(big.folder / "fresh") == files(folder)


def _pages(folder: Path) -> Iterator[Path]:
    """Wait until there are pages of versions."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        yield from folder.glob("*/1.*.html")
        time.sleep(0.01)
