"""What commands print of names with ``!`` and ``#`` can be pasted into a shell: it stands in single quotes."""

from __future__ import annotations

import re
import shlex

from tests.world import MODEL, World

#: A tag or a request of the model, with what stands around it.
NAMED = re.compile(rf"(.?)(?:refs/tags/)?{MODEL}(?:@v?[0-9.]+)?#[a-z]+!?(?:#[0-9]+)?(.?)")


def bare(text: str) -> list[str]:
    """Return the names in a text that are not in single quotes."""
    return [match[0] for match in NAMED.finditer(text) if (match[1], match[2]) != ("'", "'")]


def test_tags_and_requests_are_quoted(requested: World) -> None:
    """In everything that the main job prints, done and refused, in tables too."""
    name = f"{MODEL}@1.1.0#production"
    said = []
    for words, who in (
        (("status",), "rita"),
        (("promote", f"{MODEL}@1.1.0", "--stage", "production"), "remy"),
        (("approve", name), "ada"),
        (("reject", name, "-m", "not yet"), "rita"),
        (("approve", name), "rita"),
        (("approve", name), "victor"),
        (("doctor",), ""),
        (("promote", "--ready", "--dry-run"), "remy"),
        (("promote", f"{MODEL}@1.1.0", "--stage", "production"), "remy"),
        (("rollback", MODEL, "--stage", "production", "-m", "worse"), "remy"),
        (("clear", MODEL, "--stage", "production", "-m", "off"), "remy"),
        (("show",), ""),
        (("verify", MODEL, "--stage", "staging"), ""),
        # Not the log: its headlines are for ever as they are ("clears scorer#production"), and name no tags.
    ):
        result = requested.govkit(*words, as_=who, expect=None)
        said.append(result.out + result.err)
    requested.git("tag", "-d", requested.git("tag", "--list", "*!*"))
    for words in (("verify", MODEL, "--stage", "staging"), ("doctor",), ("log", "verify")):
        result = requested.govkit(*words, expect=None)
        said.append(result.out + result.err)
    assert len([match for text in said for match in NAMED.finditer(text)]) > 20
    assert [found for text in said for found in bare(text)] == []


def test_a_name_that_would_act_is_quoted(promoted: World) -> None:
    """A tag of somebody who can push, in a command that is to be pasted."""
    hostile = f"{MODEL}@v2.0.0/x';touch${{IFS}}y;'"
    promoted.git("update-ref", f"refs/tags/{hostile}", "HEAD")
    promoted.commit("More")
    refused = promoted.govkit("register", f"{MODEL}@2.0.0", as_="ada", expect=1).err
    command = refused.partition("then: ")[2].strip()
    assert shlex.split(command) == ["git", "tag", "-d", hostile]
