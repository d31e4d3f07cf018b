"""The folder of a site: nothing is written or removed there that no site made."""

import json
from pathlib import Path
from typing import Any

import pytest

from govkit.cards import render
from govkit.core import digests
from govkit.core.errors import Refused, Usage
from govkit.web.folder import MANIFEST, Folder, Page

ROOT = digests.sha256(b"root")
PAGE = f'<meta content="{render.csp("").replace(chr(39), "&#39;")}"> a page'.encode()


def built(path: Path, *pages: str) -> Folder:
    """Make a site of some pages, and open it for the next build."""
    first = Folder(path, ROOT)
    first.check(pages)
    first.save({page: Page("sha256:" + "1" * 64, first.write(page, PAGE)[0]) for page in pages})
    return Folder(path, ROOT)


def edit(path: Path, **pages: Any) -> Folder:
    """Put entries into the manifest by hand, as somebody who can write to the folder."""
    value = json.loads((path / MANIFEST).read_text())
    value["pages"].update({name.replace("__", "/"): entry for name, entry in pages["pages"].items()})
    (path / MANIFEST).write_text(json.dumps(value))
    return Folder(path, ROOT)


def entry(content: bytes) -> dict[str, str]:
    """Return the entry of a page with these bytes."""
    return {"inputs": "sha256:" + "1" * 64, "sha256": digests.sha256(content)}


def test_a_page_is_held_while_it_is_as_written(tmp_path: Path) -> None:
    """A page made of the same is held; not one of something else, nor one that was changed or removed."""
    folder = built(tmp_path, "index.html", "m/1.0.0.html")
    assert folder.holds("m/1.0.0.html", "sha256:" + "1" * 64)
    assert not folder.holds("m/1.0.0.html", "sha256:" + "2" * 64)
    (tmp_path / "m/1.0.0.html").write_bytes(PAGE + b"!")
    assert not folder.holds("m/1.0.0.html", "sha256:" + "1" * 64)
    (tmp_path / "index.html").unlink()
    assert not folder.holds("index.html", "sha256:" + "1" * 64)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "index.html"])
def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path, name: str) -> None:
    """A folder that holds anything and no manifest is left alone."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(Usage, match="not empty"):
        Folder(tmp_path, ROOT)


def test_the_site_of_another_log_is_refused(tmp_path: Path) -> None:
    """One folder holds the site of one log."""
    built(tmp_path, "index.html")
    with pytest.raises(Usage, match="another log"):
        Folder(tmp_path, digests.sha256(b"another"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema":"govkit.site/v2"}',
        "[" * 100_000,
        '{"schema":"govkit.site/v1","root":1,"pages":{}}',
    ],
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, content: str) -> None:
    """What is not a manifest is not guessed at."""
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(Usage, match="not the record"):
        Folder(tmp_path, ROOT)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A path that names a file is refused."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Usage, match="no folder"):
        Folder(tmp_path / "file", ROOT)


@pytest.mark.parametrize(
    "path", ["../victim/index.html", "/victim/index.html", "m/../../victim/index.html", "notes.txt", "a/b/index.html"]
)
def test_a_hostile_manifest_names_nothing_else(tmp_path: Path, path: str) -> None:
    """Paths that no page of a site has do not count, whatever the manifest says of them."""
    site, victim = tmp_path / "site", tmp_path / "victim" / "index.html"
    built(site, "index.html")
    victim.parent.mkdir()
    victim.write_bytes(PAGE)
    folder = edit(site, pages={path: entry(PAGE)})
    assert ["index.html"] == sorted(folder.before)


def test_what_no_site_made_is_not_removed(tmp_path: Path) -> None:
    """A file whose digest somebody put into the manifest stays: it does not begin as govkit's pages do."""
    built(tmp_path, "index.html")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.html").write_bytes(b"<p>mine")
    folder = edit(tmp_path, pages={"docs/index.html": entry(b"<p>mine")})
    assert not folder.remove("docs/index.html")
    assert (tmp_path / "docs/index.html").read_bytes() == b"<p>mine"
    with pytest.raises(Usage, match="in the way"):
        folder.check(["docs/index.html"])


def test_a_page_that_was_changed_is_not_removed(tmp_path: Path) -> None:
    """A page that is not as it was written stays; as it was written it goes, and its empty folder with it."""
    folder = built(tmp_path, "m/index.html", "n/index.html")
    (tmp_path / "m/index.html").write_bytes(PAGE + b" and notes")
    assert not folder.remove("m/index.html")
    assert folder.remove("n/index.html")
    assert {"m", MANIFEST} == {path.name for path in tmp_path.iterdir()}


def test_what_is_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    """A file at a new page's place that the manifest does not name is somebody else's, even if it looks like a page."""
    folder = built(tmp_path, "index.html")
    (tmp_path / "log.html").write_bytes(PAGE)
    with pytest.raises(Usage, match="in the way"):
        folder.check(["index.html", "log.html"])


def test_a_folder_behind_a_link_is_refused(tmp_path: Path) -> None:
    """A symbolic link in place of a model's folder leads nowhere: nothing is written, read or removed behind it."""
    site, victim = tmp_path / "site", tmp_path / "victim"
    folder = built(site, "m/index.html")
    (site / "m").rename(victim)
    (site / "m").symlink_to(victim)
    assert not folder.holds("m/index.html", "sha256:" + "1" * 64)
    with pytest.raises(Refused, match="symbolic link"):
        folder.check(["m/index.html"])
    with pytest.raises(Refused, match="symbolic link"):
        folder.write("m/index.html", b"x")
    assert not folder.remove("m/index.html")
    assert (victim / "index.html").read_bytes() == PAGE


def test_a_page_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """A symbolic link in place of a page is in the way; what it leads to is neither read nor changed."""
    site, victim = tmp_path / "site", tmp_path / "victim.html"
    folder = built(site, "index.html")
    victim.write_bytes(PAGE)
    (site / "index.html").unlink()
    (site / "index.html").symlink_to(victim)
    assert not folder.holds("index.html", "sha256:" + "1" * 64)
    with pytest.raises(Usage, match="in the way"):
        folder.check(["index.html"])
    assert not folder.remove("index.html")
    assert victim.read_bytes() == PAGE


def test_a_build_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    """A page that was planned and written before a build was interrupted is the site's, and is made again."""
    folder = Folder(tmp_path, ROOT)
    folder.save({"index.html": Page()})
    folder.write("index.html", PAGE)
    again = Folder(tmp_path, ROOT)
    again.check(["index.html"])
    assert not again.holds("index.html", "sha256:" + "1" * 64)
