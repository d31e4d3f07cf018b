"""GTO's tags as history: what their names say, and which version they leave in a stage."""

from __future__ import annotations

from typing import Any

import pytest

from govkit.core import imported, records
from govkit.core.errors import Malformed
from govkit.core.imported import Imported, ImportedTag, Named


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("m@v1.2.3", Named("registered", "m", version="1.2.3")),
        ("m@v1.2.3-rc.1", Named("registered", "m", version="1.2.3-rc.1")),
        ("m@v1.2.3+b5", Named("registered", "m", version="1.2.3+b5")),
        ("m@v1.2.3!", Named("unregistered", "m", version="1.2.3")),
        ("m@v1.2.3#4", Named("registered", "m", version="1.2.3")),
        ("a/b=m-x#prod#1", Named("assigned", "a/b=m-x", stage="prod")),
        ("m#prod", Named("assigned", "m", stage="prod")),
        ("m#prod!#2", Named("unassigned", "m", stage="prod")),
        ("m#prod!", Named("unassigned", "m", stage="prod")),
        ("m@deprecated", Named("deprecated", "m")),
        ("m@deprecated#7", Named("deprecated", "m")),
        ("m@created", Named("created", "m")),
        *(
            (none, None)
            for none in ("v1.0.0", "m", "m@1.0.0", "m@v1", "m@v1.0", "m@v1.0.0/x", "m#", "#prod", "m#prod#x")
        ),
        *((none, None) for none in ("m@other", "m@created!", "../m@v1.0.0", "m@v1.0.0\n", f"{'m' * 200}@v1.0.0")),
    ],
)
def test_names(name: str, found: Named | None) -> None:
    """GTO's grammar, and nothing that Git or a file system would stumble on."""
    assert imported.parse_name(name) == found


def tag(name: str, commit: str = "a", time: int = 0, **other: Any) -> ImportedTag:
    """Return a tag on a commit, some seconds after the first."""
    said = imported.parse_name(name)
    assert said is not None
    fields: dict[str, Any] = {
        "name": name,
        "id": f"git-sha1:{'0' * 40}",
        "commit": f"git-sha1:{commit * 40}",
        "time": f"2024-01-01T00:00:{time:02}Z",
        "by": "Sam <sam@example.org>",
        **{field: getattr(said, field) for field in ("act", "model", "version", "stage")},
        **other,
    }
    return ImportedTag(**fields)


def stages(*names: tuple[str, str]) -> dict[tuple[str, str], str | None]:
    """Return what stands in each stage after tags, each with its commit, one second after the other."""
    found = imported.in_order(tag(name, commit, time) for time, (name, commit) in enumerate(names))
    return {(one.model, one.stage): one.version for one in imported.standings(found)}


V1, V2, P1 = ("m@v1.0.0", "a"), ("m@v2.0.0", "b"), ("m#prod#1", "a")


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ((V1, P1), {("m", "prod"): "1.0.0"}),
        ((V1, P1, V2, ("m#prod#2", "b")), {("m", "prod"): "2.0.0"}),
        ((V1, P1, V2, ("m#prod#2", "b"), ("m#prod!#3", "b")), {("m", "prod"): "1.0.0"}),
        ((V1, P1, V2, ("m#prod#2", "b"), ("m#prod#3", "a")), {("m", "prod"): "1.0.0"}),
        ((V1, P1, ("m#prod!#2", "a")), {}),
        ((V1, P1, ("m@deprecated", "b")), {}),
        ((V1, P1, ("m@v1.0.0!", "a")), {("m", "prod"): None}),
        ((P1,), {("m", "prod"): None}),
        ((V1, ("other#prod#1", "a")), {("other", "prod"): None}),
    ],
)
def test_standings(tags: tuple[tuple[str, str], ...], found: dict[tuple[str, str], str | None]) -> None:
    """The last assignment that was not taken back on its commit; the version is that of the commit."""
    assert stages(*tags) == found


def test_order_is_by_date_and_not_by_name() -> None:
    """Tags come in any order and are read by their dates."""
    found = imported.in_order([tag("m#prod#1", "b", 5), tag("m#prod#2", "a", 1), tag("m@v1.0.0", "b", 0)])
    assert [one.version for one in imported.standings(found)] == ["1.0.0"]


def test_versions_are_taken() -> None:
    """Every version that was ever registered is taken, also one that was taken back; build metadata is no part of it."""
    found = imported.in_order([tag("m@v1.0.0", time=1), tag("m@v2.0.0+b!", time=2), tag("other@v9.0.0", time=3)])
    assert imported.versions(found, "m") == ["1.0.0", "2.0.0"]


def test_record() -> None:
    """The record is read back as it was written, and refused with anything more or less."""
    found = imported.in_order([tag("m@v1.0.0")])
    assert records.from_json(records.to_json(found), Imported) == found
    for wrong in ({"schema": imported.SCHEMA}, {**records.to_value(found), "more": 1}, {"schema": "x/v1", "tags": []}):
        with pytest.raises(Malformed):
            records.from_value(wrong, Imported)
