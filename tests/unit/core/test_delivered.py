"""A delivered folder against its manifest: weights that are a folder, and manifests of any kind."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core import canonical, delivered, digests
from govkit.core.digests import FileDigest
from govkit.core.errors import Malformed

NOW = "2026-11-27T00:00:00Z"


def file(path: str, content: bytes = b"x") -> FileDigest:
    """Return a file's digest."""
    return {"path": path, "sha256": digests.sha256(content), "size": len(content)}


def manifest(files: list[FileDigest], weights: str, **promotion: Any) -> delivered.Manifest:
    """Return a manifest without an event, as folders of an older govkit have it."""
    said = {"model": "scorer", "stage": "production", "version": "1.0.0", "weights": weights, **promotion}
    return delivered.parse(canonical.encode({"schema": delivered.SCHEMA, "files": files, "promotion": said}))


def shut(found: delivered.Manifest, seen: list[FileDigest]) -> set[str]:
    """Return the checks that do not open, the missing card apart."""
    verdict = delivered.judge(found, None, {one["path"]: one for one in seen}, [], now=NOW)
    return {check.gate for check in verdict.blocking} - {"card"}


FOLDER = [file("model/a.bin", b"a"), file("model/deep/b.bin", b"b")]
INNER = digests.directory([file("a.bin", b"a"), file("deep/b.bin", b"b")])


def test_a_folder_has_the_digest_of_a_folder() -> None:
    """Of what lies in it, as the card has it; not of the files as they were delivered."""
    assert shut(manifest(FOLDER, INNER), FOLDER) == set()
    assert shut(manifest(FOLDER, digests.directory(FOLDER)), FOLDER) == {"weights"}


@pytest.mark.parametrize(
    "seen",
    [
        FOLDER[:1],
        [file("other/a.bin", b"a"), file("other/deep/b.bin", b"b")],
        [file("model/a.bin", b"a"), file("model2/deep/b.bin", b"b")],
        [*FOLDER, file("c.bin")],
        [file("a.bin", b"a"), file("deep/b.bin", b"b")],
    ],
)
def test_anything_else_is_not_it(seen: list[FileDigest]) -> None:
    """A file less or more, or the same bytes under other names."""
    assert "files" in shut(manifest(FOLDER, INNER), seen)
    rewritten = shut(manifest(seen, INNER), seen)
    # Under a manifest to them only the name of the folder itself may differ: the weights are what lies in it.
    assert rewritten == (set() if seen[0]["path"].startswith("other/") else {"weights"})


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "a\\b", "a\0b", "card.json", "govkit-manifest.json"],
)
def test_paths_that_are_none(path: str) -> None:
    """A manifest that names one is refused as a whole."""
    with pytest.raises(Malformed):
        manifest([file(path)], INNER)


@pytest.mark.parametrize(
    ("promotion", "found"),
    [
        ({"override": True, "expires": "2026-11-26T23:59:59Z"}, {"override"}),
        ({"override": True, "expires": "2026-11-27T00:00:00Z"}, set()),
        ({"override": False, "expires": "2026-11-26T23:59:59Z"}, set()),
        ({"expires": "2026-11-26T23:59:59Z"}, {"override"}),
    ],
)
def test_an_override_ends_where_it_serves_too(promotion: dict[str, Any], found: set[str]) -> None:
    """Its end travels with the weights."""
    one = [file("model.json")]
    assert shut(manifest(one, one[0]["sha256"], **promotion), one) == found
