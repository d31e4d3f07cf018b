"""Names of models, versions, stages and people, and the tag grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import names
from govkit.core.errors import Usage
from govkit.core.names import TagName
from tests import pace

MODELS = ["m", "credit-default", "a1", "team/m", "models=credit", "a/b/c=x/y", "x_y", "M", "models/v2.0=m"]
NO_MODELS = [
    "", "-m", "m-", "_m", "/m", "m/", "a//b", "../m", "m/../n", ".", "..", "=m", "m=", "a=b=c",
    "m.lock=n", "m n", "m\n",
    "m@n", "m#n", "m!", "m:n", "m\\n", "m~1", "m^", "m?", "m*", "[m]", "é", "m\x00", "a/./b", "-x=m", "./a=m", "a.=m",
    "a..b=m", "a/.b=m", "a/b.lock=m", "x" * 129,
]  # fmt: skip
VERSIONS = ["0.0.0", "1.2.3", "10.20.30", "1.0.0-rc.1", "1.0.0-0", "1.0.0-x-y.z", "1.0.0--", "1.0.0-0a"]
NO_VERSIONS = [
    "", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.02.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+build",
    "1.2.3\n", " 1.2.3", "1.2.x", "-1.2.3", "1.2.3-é", "1.2.٣", "1.2.1٣", "1.2.3-٣a", "1.2.3-x.lock",
    "1.0.0-" + "x" * 130,
]  # fmt: skip
STAGES = ["prod", "production", "a", "eu-west_1", "S2"]
NO_STAGES = ["", "-prod", "prod-", "_x", "a b", "a/b", "a#b", "a!", "é", "prod\n", "x" * 129]
PEOPLE = ["alice", "a", "a.b", "a-b_c.d", "0x"]
NO_PEOPLE = ["", "Alice", ".a", "a.", "-a", "a b", "a@b", "*", "é", "alice\n", "x" * 65]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.is_model, MODELS, NO_MODELS),
        (names.is_version, VERSIONS, NO_VERSIONS),
        (names.is_stage, STAGES, NO_STAGES),
        (names.is_person, PEOPLE, NO_PEOPLE),
    ],
    ids=["model", "version", "stage", "person"],
)
def test_names(check: object, good: list[str], bad: list[str]) -> None:
    """What Git, GTO and file systems take is a name; what any of them stumbles over is none."""
    assert callable(check)
    assert [name for name in good if not check(name)] == []
    assert [name for name in bad if check(name)] == []


@pytest.mark.parametrize(
    ("text", "expected", "line"),
    [
        ("m@v1.2.3", TagName("m", "register", version="1.2.3"), "Registering artifact m version v1.2.3"),
        (
            "d=m@v1.0.0-rc.1",
            TagName("d=m", "register", version="1.0.0-rc.1"),
            "Registering artifact d=m version v1.0.0-rc.1",
        ),
        ("m#prod#1", TagName("m", "assign", stage="prod", counter=1), "Assigning stage prod to artifact m"),
        ("a/b#p-1#42", TagName("a/b", "assign", stage="p-1", counter=42), "Assigning stage p-1 to artifact a/b"),
        ("m#prod!#7", TagName("m", "clear", stage="prod", counter=7), "Unassigning stage 'prod' to artifact m"),
        (
            "m#prod#999999999",
            TagName("m", "assign", stage="prod", counter=999_999_999),
            "Assigning stage prod to artifact m",
        ),
    ],
)
def test_tag_names(text: str, expected: TagName, line: str) -> None:
    """The grammar of GTO, read and written, with GTO's own first line."""
    assert expected == names.parse_tag(text)
    assert (text, line) == (str(expected), expected.first_line())


NO_TAGS = [
    "", "m", "m@", "m@v", "m@1.0.0", "@v1.0.0", "m@v1.0.0/x", "m@v1.0.0#prod", "m@deprecated", "m@v1.0.0\n", "m#prod",
    "m#prod#", "m#prod#0", "m#prod#01", "m#prod#1000000000", "m#prod#-1", "m#prod#1.0", "m#prod#1\n", "m#prod#١",
    "#prod#1",    "m##1", "m#!#1", "m#prod!!#1", "m#prod!", "m!#prod#1", "m#a/b#1", "m\n#prod#1",
    "refs/tags/../m@v1.0.0",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_TAGS)
def test_other_tags_are_none_of_govkits(text: str) -> None:
    """What govkit never writes it does not read as its own."""
    assert names.parse_tag(text) is None


@given(st.text(max_size=40) | st.text("m@v#!=/.-10prod\n", max_size=24))
def test_parse_tag_returns_the_name_or_none(text: str) -> None:
    """Arbitrary text is either exactly a tag name, or none."""
    found = names.parse_tag(text)
    assert found is None or text == str(found)


@given(st.text(max_size=40))
def test_no_name_leaves_its_folder(text: str) -> None:
    """Whatever is taken as a model's name stays where it is put, and makes no option of a command."""
    if names.is_model(text):
        parts = text.replace("=", "/").split("/")
        assert "" not in parts
        assert ".." not in text
        assert not text.startswith("-")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m@v1.0.0", "m"),
        ("m#prod#1", "m"),
        ("m@deprecated", "m"),
        ("m#prod", "m"),
        ("m@v1.0.0/x", "m"),
        ("d=m#prod!#1", "d=m"),
        ("m", None),
        ("@v1", None),
        ("../m@v1", None),
        ("", None),
    ],
)
def test_grammar_model_is_wider(text: str, expected: str | None) -> None:
    """Tags that stand in the way of a model's are known to be of that model."""
    assert expected == names.grammar_model(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m", ("m", None)),
        ("m@1.0.0", ("m", "1.0.0")),
        ("m@v1.0.0", ("m", "1.0.0")),
        ("d=m@1.0.0-a", ("d=m", "1.0.0-a")),
    ],
)
def test_split_version(text: str, expected: tuple[str, str | None]) -> None:
    """The v is optional, as people type it."""
    assert expected == names.split_version(text)


@pytest.mark.parametrize("text", ["", "m@", "m@v", "m@1", "@1.0.0", "m@vv1.0.0", "../m@1.0.0", "m@1.0.0@2.0.0"])
def test_split_version_refuses(text: str) -> None:
    """What names no model or no version is wrong usage, with an example of the right one."""
    with pytest.raises(Usage) as caught:
        names.split_version(text)
    assert caught.value.fix.startswith("write ")


def test_split_request() -> None:
    """A request is named by model, version and stage."""
    assert names.split_request("d=m@v1.0.0#prod") == ("d=m", "1.0.0", "prod")


@pytest.mark.parametrize("text", ["", "m#prod", "m@1.0.0", "m@1.0.0#", "m@1.0.0#a b", "policy#3", "m@1.0.0#prod#1"])
def test_split_request_refuses(text: str) -> None:
    """A request needs all three parts."""
    with pytest.raises(Usage):
        names.split_request(text)


@pytest.mark.parametrize(
    ("model", "expected"), [("m", ("", "m")), ("a/m", ("", "a/m")), ("d=m", ("d", "m")), ("a/b=c/m", ("a/b", "c/m"))]
)
def test_folder_of(model: str, expected: tuple[str, str]) -> None:
    """A model's folder is that of its dvc.yaml."""
    assert expected == names.folder_of(model)


@pytest.mark.parametrize(
    "text", ["a" * 10**6, "a/" * 10**5, "1.0.0-" + "0" * 10**6, "m#" * 10**5, "m@v" * 10**5, "#" * 10**6]
)
def test_long_names_are_refused_quickly(text: str) -> None:
    """No name is long, and finding that out takes no time."""
    with pace.little():
        assert names.parse_tag(text) is None
        assert not names.is_model(text)
        assert not names.is_version(text)
