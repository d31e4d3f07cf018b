"""Attack 32: "HTML, Markdown, terminal escapes or YAML tags in names, reasons, descriptions".

Shown as text: terminals get no control, invisible or reordering characters, and no line that somebody else's text
begins; pages get no markup; YAML tags are refused (test 38).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import forge
import pytest
import yaml as pyyaml
from rawlog import edited, entries, rewrite
from world import EVALUATE, MODEL, World

from govkit.core import canonical

#: A terminal's escapes (with ESC and as one C1 character), a lie in a line of its own, hidden and reordering
#: characters, HTML, and Markdown.
EVIL = (
    "x\x1b[2J\x1b]0;title\x07\x9b31m\r\nPROVEN: all is well\n| a | b |\n"
    "\u202egnp.exe\u202c\u2066\u200b\u00ad\U000e0041\u3164\ufeff"
    "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;![x](javascript:alert(1))[a](http://evil)`code`@someone"
)
ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\U000e0041]"
)


def _harmless(text: str) -> None:
    """Assert that a printed text neither acts nor begins a line with somebody else's words."""
    assert not ACTIVE.search(text), ACTIVE.findall(text)
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("PROVEN: all", "| a |"))], text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _all_commands(world: World, version: str) -> None:
    """Run every command that shows something, and look at what it prints, in all of its formats."""
    for words in (
        ("status", "--key", str(world.key_path("rita"))),
        ("show",),
        ("log",),
        ("history", MODEL),
        ("log", "verify"),
        ("gate", f"{MODEL}@{version}", "--stage", "production"),
        ("verify", MODEL, "--stage", "production"),
        ("policy", "show"),
        ("policy", "check"),
        ("trust",),
    ):
        for form in ("table", "json"):
            result = world.govkit(*words, "--format", form, expect=None)
            _harmless(result.err)
            if form == "table":
                _harmless(result.out)
            else:
                assert not ACTIVE.search(result.out)
                assert not result.out or result.json  # a refusal has no answer
    _harmless(world.govkit("card", MODEL).out.replace("\n", " "))
    _harmless(world.govkit("lineage", MODEL).out)
    _harmless(world.govkit("lineage", MODEL, "--format", "json").out)


def test_in_a_request(promoted: World) -> None:
    """A reason shows as one text wherever it is shown, also to the approver before they sign."""
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    words = ("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", EVIL, "--ticket", EVIL)
    result = promoted.govkit(*words, as_="ada")
    _harmless(result.out)
    _harmless(result.err)
    asked = promoted.govkit("status", "--format", "json").json["waiting"][0]
    assert asked["reason"] == EVIL  # for machines, nothing is lost
    shown = promoted.govkit("approve", f"{MODEL}@1.1.0#production", "-m", EVIL, "--meaning", EVIL, as_="rita")
    assert "<U+001B>[2J" in shown.err and "PROVEN: all is well" in shown.err
    _harmless(shown.err)
    _all_commands(promoted, "1.1.0")


def test_in_a_rejection(requested: World) -> None:
    """The same for what a decision means."""
    requested.govkit("reject", f"{MODEL}@1.1.0#production", "-m", EVIL, "--meaning", EVIL, as_="rita")
    _harmless(requested.promote("1.1.0", "production", expect=1).err)
    _all_commands(requested, "1.1.0")


def test_in_a_revocation(promoted: World) -> None:
    """A reason of a revocation cannot say below the verdict that all is well."""
    from govkit.core.events import VersionRevoked

    promoted.push_signed("rita", type="version.revoked", body=VersionRevoked(version="1.0.0", reason=EVIL))
    result = promoted.verify(expect=1)
    assert "revoked by rita" in result.text
    _harmless(result.out)
    _all_commands(promoted, "1.0.0")


@pytest.mark.parametrize("signed", [True, False])
def test_in_junk_pushed_to_the_log(promoted: World, signed: bool) -> None:
    """Somebody who can push, with or without a key, writes no line of their own into anybody's report."""
    value = json.loads(promoted.make_event(actor="vera", type="checkpoint.recorded"))
    value[EVIL] = 1
    raw = canonical.encode(value)
    promoted.push_event(raw, promoted.sign("vera", raw) if signed else b"junk")
    assert "unknown field" in promoted.last().reason
    result = promoted.verify()
    assert "PROVEN: scorer@1.0.0" in result.text
    _harmless(result.out)
    _all_commands(promoted, "1.0.0")


def test_in_a_file_name_of_the_log(promoted: World) -> None:
    """The same for the name of a file in a commit of the log."""
    git = promoted.repository()
    raw = promoted.make_event(actor="vera", type="checkpoint.recorded")
    names = {"event.json": raw, "a\nPROVEN: all is well\x1b[2J": b"x"}
    tree = git.write_tree({name: git.write_object("blob", data) for name, data in names.items()})
    commit = promoted.git("commit-tree", tree, "-p", "govkit/log", "-m", "x")
    promoted.git("update-ref", "refs/heads/govkit/log", commit)
    assert "which the event does not name" in promoted.govkit("log", "verify", expect=1).text
    _all_commands(promoted, "1.0.0")


def test_in_the_policy(promoted: World) -> None:
    """Names and descriptions in a policy are text, and so is what is wrong with them."""

    def change(policy: dict) -> None:
        policy["description"] = EVIL
        policy["people"]["rita"]["name"] = EVIL
        policy["gates"]["auc"]["description"] = EVIL
        policy["gates"]["auc"]["metric"] = EVIL
        policy["meanings"] = [EVIL]

    forge.edit_policy(promoted, change)
    promoted.adopt_policy()
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita")
    _all_commands(promoted, "1.1.0")
    forge.edit_policy(promoted, lambda policy: policy["stages"]["production"]["gates"].append(EVIL))
    forge.edit_policy(promoted, lambda policy: policy["people"]["vera"]["emails"].extend([EVIL]))
    forge.edit_policy(promoted, lambda policy: policy["people"]["ada"]["emails"].extend([EVIL]))
    _harmless(promoted.govkit("policy", "check", expect=1).out)
    _harmless(promoted.govkit("policy", "propose", "-m", "x", as_="rita", expect=1).err)


def test_in_the_remote_of_event_0(governed: World) -> None:
    """What a stranger's log says of its remote cannot pass for its root of trust."""
    lie = "somewhere\nroot of trust   sha256:" + "0" * 64
    first = edited(entries(governed)[0], lambda event: event["body"]["genesis"].update(remote=lie))
    rewrite(governed, [replace(first, signature=governed.sign("rita", first.event))])
    (governed.folder / "known_roots").unlink()
    result = governed.govkit("trust", expect=1)
    assert len([line for line in result.out.splitlines() if line.startswith("root of trust")]) == 1


@pytest.fixture
def evil_card(governed: World) -> World:
    """A world whose card holds such texts wherever people and pipelines can put them."""
    name = json.dumps(EVIL)
    evaluate = EVALUATE.replace('{"auc": auc}', f'{{"auc": auc, {name}: auc, "words": {name}}}')
    evaluate = evaluate.replace('{"young": {', f"{{{name}: {{").replace('"data": "test"', f'"data": {name}')
    evaluate = evaluate.replace('{"AGE": age}', f'{{"AGE": age, {name}: age}}')
    (governed.repo / "evaluate.py").write_text("# -*- coding: utf-8 -*-\n" + evaluate)
    statements = {
        "schema": "govkit.model/v1",
        "owner": EVIL,
        "intended_use": EVIL,
        "limitations": EVIL,
        "description": EVIL,
        "x-own": {EVIL: EVIL},
    }
    text = pyyaml.safe_dump(statements, default_style='"', width=10_000)
    (governed.repo / "governance" / MODEL / "model.yaml").write_text(text)
    yaml = governed.repo / "dvc.yaml"
    quoted = pyyaml.safe_dump(EVIL, default_style='"', width=10_000).strip()
    yaml.write_text(yaml.read_text().replace("desc: A model for tests", "desc: " + quoted))
    governed.shell("dvc", "repro", "-q")
    governed.commit("Evil texts")
    return governed


def test_in_a_card(evil_card: World) -> None:
    """Metric names, groups, statements and descriptions are text in both pages and in every command."""
    evil_card.register("1.0.0")
    evil_card.request("1.0.0", "production")
    _all_commands(evil_card, "1.0.0")
    folder = evil_card.repo / "governance" / MODEL
    page, markdown = (folder / "card.html").read_text(), (folder / "card.md").read_text()
    _harmless(markdown.replace("\n", " "))
    assert not ACTIVE.search(page)
    parser = _Tags()
    parser.feed(page)
    assert not [tag for tag, _ in parser.tags if tag in ("script", "img", "iframe", "object", "link", "form")]
    attributes = [pair for _, attrs in parser.tags for pair in attrs.items()]
    assert not [key for key, _ in attributes if key.startswith("on") or key == "src"]
    assert not [value for key, value in attributes if key == "href" and not str(value).startswith("#")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    outside = re.sub(r"(?s)^(`{3,}).*?^\1$", "", markdown, flags=re.MULTILINE)
    assert "<script>" not in outside and "<img" not in outside and "](javascript:" not in outside
    assert "](http://evil)" not in outside and " @someone" not in outside
    result = evil_card.govkit("card", MODEL, "--check")
    assert "byte for byte" in result.text


def test_in_a_refusal(evil_card: World) -> None:
    """What is told of a card that is refused is text as well."""
    path = evil_card.repo / "governance" / MODEL / "card.json"
    value = json.loads(path.read_bytes())
    value["model"]["name"] = EVIL
    path.write_bytes(canonical.encode(value))
    evil_card.commit("Edited")
    for words in (("card", MODEL, "--check"), ("register", MODEL, "--key", str(evil_card.key_path("ada")))):
        _harmless(evil_card.govkit(*words, expect=1).err)
    value["model"]["name"] = MODEL
    value["statements"]["owner"] = EVIL + "!"
    path.write_bytes(canonical.encode(value))
    _harmless(evil_card.govkit("card", MODEL, "--check", expect=1).err)


def test_plain_text_is_left_alone(promoted: World) -> None:
    """The control: names and reasons of honest people, in any script, are shown as they are."""
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    reason = "Zoë & Łukasz: 30 % < 40 %, 日本語, عربى 👍"
    promoted.govkit("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", reason, as_="ada")
    assert reason in promoted.govkit("status").text
    assert reason in promoted.govkit("status", "--format", "json").out
