"""File names of a site: plain, safe on every host, and never one for two."""

import re

from hypothesis import given
from hypothesis import strategies as st

from govkit.core.names import MODEL_PATTERN, VERSION_PATTERN, is_model, is_version
from govkit.web import paths

MODELS = st.from_regex(MODEL_PATTERN.removesuffix(r"(?!\n)").replace(r"$(?!\n)", "$")).map(str.strip).filter(is_model)
VERSIONS = st.from_regex(VERSION_PATTERN.removesuffix(r"(?!\n)")).map(str.strip).filter(is_version)
HARD = [
    *(
        "models=clf",
        "models/a=clf",
        "Models=clf",
        "models-clf",
        "a/b",
        "a-b",
        "a=b",
        "A-b",
        "con",
        "CON",
        "nul",
        "com1",
    ),
    *("index", "log", "log-1", "waiting", "health", "a" * 128, f"{'a' * 127}b", f"{'a' * 80}", "x/y/z=q/r"),
    *(paths.folder("models=clf").replace("~", "-"), "a_b"),
]


@given(MODELS, VERSIONS)
def test_a_page_lies_in_the_site(model: str, version: str) -> None:
    """Whatever a model and a version are called, their pages are where a page of a site can be, one folder deep."""
    for path in (paths.model(model), paths.version(model, version)):
        assert paths.is_page(path)
        assert re.fullmatch(r"[a-z0-9][a-z0-9._~-]{0,120}/[a-z0-9][a-z0-9._~-]{0,120}", path)
        assert ".." not in path.split("/")


@given(st.lists(MODELS | st.sampled_from(HARD), min_size=2, max_size=12, unique=True))
def test_two_models_have_two_folders(models: list[str]) -> None:
    """Names that differ, if only in a sign that is not plain or in case, differ where case does not count."""
    assert len(models) == len({paths.folder(model).lower() for model in models})


def test_hard_names_have_folders_of_their_own() -> None:
    """Names that a slug would confuse, and one that is another's folder but for a sign, are kept apart."""
    folders = {paths.folder(model) for model in HARD}
    assert len(folders) == len(HARD)
    devices = {folder for folder in folders if folder in ("con", "nul", "com1", "index", "log", "log-1", "waiting")}
    assert devices == set()


@given(st.lists(VERSIONS | st.sampled_from(["1.0.0-RC.1", "1.0.0-rc.1", "1.0.0-rc-1"]), min_size=2, unique=True))
def test_two_versions_have_two_pages(versions: list[str]) -> None:
    """Versions that differ have pages that differ where case does not count."""
    assert len(versions) == len({paths.version("m", version).lower() for version in versions})


def test_usual_names_stay_as_they_are() -> None:
    """A usual model and version can be read in the address of their page."""
    assert paths.version("credit-default", "1.2.0-rc.1") == "credit-default/1.2.0-rc.1.html"
    assert paths.model("credit_default") == "credit_default/index.html"


def test_other_paths_are_no_pages() -> None:
    """Nothing outside of the folder, hidden, deeper or of another kind counts as a page."""
    for path in (
        *("", ".", "..", "/index.html", "../index.html", "a/../index.html", "a/../../b/index.html", "a//index.html"),
        *(".git/index.html", "a/b/index.html", "a/x.html", "index.htm", "index.html\n", "a\\..\\b/index.html"),
        *("A/index.html", "log-0.html", "log-.html", "x.html", "a/.html", "a/index.html/", "C:/index.html"),
    ):
        assert not paths.is_page(path)


def test_links_are_relative() -> None:
    """A page one folder deep goes up once."""
    assert paths.link("index.html", "a/index.html") == "a/index.html"
    assert paths.link("a/index.html", "b/1.0.0.html") == "../b/1.0.0.html"
    assert paths.link("a/1.0.0.html", "log.html") == "../log.html"
