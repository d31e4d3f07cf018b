"""Build the documentation as a static site, ``build/site``: no network, and every link checked.

The pages are copied first, for two reasons. Links that leave ``docs/`` lead to files that the site does not have, so
they become text; that they lead somewhere in the repository, the tests see to. And the navigation is made of the
folders, in the order of the four kinds, so that a new page is never forgotten.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
#: Folder and name of each part, in the order in which readers need them.
PARTS = (
    ("tutorial", "Tutorial"),
    ("how-to", "How-to"),
    ("reference", "Reference"),
    ("explanation", "Explanation"),
    ("adr", "Decisions"),
)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")


def title(page: Path) -> str:
    """Return the title of a page: its first heading, without marks of code.

    Raises:
        ValueError: if the page does not begin with one, up to comments.
    """
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].replace("`", "").strip()
    raise ValueError(f"{page} has no title; begin it with a line '# Title'")


def navigation(docs: Path = DOCS) -> list[Any]:
    """Return the navigation: the front page, then each part with its pages by title (decisions by number)."""
    found: list[Any] = [{"Home": "index.md"}]
    for folder, name in PARTS:
        pages = sorted((docs / folder).glob("*.md"), key=lambda page: page.name if folder == "adr" else title(page))
        found.append({name: [{title(page): page.relative_to(docs).as_posix()} for page in pages]})
    return found


def within(text: str, page: str) -> str:
    """Return a page's text with the links that leave ``docs/`` as what they say, without the link.

    Args:
        text: the page in Markdown.
        page: its path from ``docs/``.
    """

    def keep(found: re.Match[str]) -> str:
        target = found[3].partition("#")[0]
        if re.match(r"[a-z]+:", target) or not target:
            return found[0]
        is_inside = not posixpath.normpath(posixpath.join(posixpath.dirname(page), target)).startswith("..")
        return found[0] if is_inside else found[2]

    return _LINK.sub(keep, text)


def stage(target: Path) -> None:
    """Write the pages, what they show, and the settings to a folder from which a site can be built."""
    shutil.rmtree(target, ignore_errors=True)
    for path in _files():
        name = path.relative_to(DOCS).as_posix()
        place = target / "docs" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            place.write_text(within(path.read_text(encoding="utf-8"), name), encoding="utf-8")
        else:
            shutil.copyfile(path, place)
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    settings["nav"] = navigation()
    (target / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def _files() -> Iterator[Path]:
    yield from (path for path in sorted(DOCS.rglob("*")) if path.is_file())


def build(site: Path) -> int:
    """Build the site into a folder that is replaced; return the exit code: not 0 where a link leads nowhere.

    Args:
        site: the folder of the site; what it is made of lies in ``docs-src`` beside it.
    """
    source = site.parent / "docs-src"
    stage(source)
    words = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", "mkdocs.yml"]
    done = subprocess.run(words, cwd=source, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{done.stdout}{done.stderr}", file=sys.stderr)
        return done.returncode
    shutil.rmtree(site, ignore_errors=True)
    (source / "site").rename(site)
    return 0


if __name__ == "__main__":
    folder = ROOT / "build" / "site"
    code = build(folder)
    print(f"open {folder / 'index.html'}" if code == 0 else "the site was not built: a page, or a link, is wrong")
    sys.exit(code)
