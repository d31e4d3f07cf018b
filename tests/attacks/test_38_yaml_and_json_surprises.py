"""Attack 38: "duplicate keys in YAML or JSON, NO read as false, other YAML surprises".

Refused by a reader of YAML that takes plain data only and names the line, and by canonical JSON for all that is signed
or digested.
"""

from __future__ import annotations

import json

import pytest
from world import MODEL, World

from govkit.core import canonical

# -- YAML that people write -------------------------------------------------------------------------------------

#: Of policy.yaml: the text that is replaced, by what, and what is said.
POLICY = {
    "a duplicate gate": (
        "  documented:",
        "  auc: {type: card, sections: [owner]}\n  documented:",
        "'auc' stands here twice",
    ),
    "a duplicate bound": ("min: 0.7,", "min: 0.7, min: 0.1,", "the key 'min' stands here twice"),
    "a duplicate section": ("\nstages:\n", "\nrevoke: [engineer]\n\nstages:\n", "the key 'revoke' stands here twice"),
    "an alias": ("revoke: [risk-owner]", "revoke: &a [risk-owner]\nmeanings: *a", "aliases are not allowed"),
    "a tag of Python's": ("revoke: [", "revoke: !!python/object/apply:os.system [", "the tag tag:yaml.org,2002:python"),
    "a tag of one's own": ("revoke: [risk-owner]", "revoke: !roles [risk-owner]", "the tag !roles is not allowed"),
    "a binary": ("rules: 2\n", "rules: 2\ndescription: !!binary aGVsbG8=\n", "binary is not allowed"),
    "a set": ("revoke: [risk-owner]", "revoke: !!set {risk-owner}", "set is not allowed"),
    "two documents": ("rules: 2\n", "rules: 2\n---\nrules: 2\n", "a second document"),
    "a key that is a list": ("rules: 2\n", "rules: 2\n? [a]\n: 1\n", "a key must be text"),
}

#: What is not an error of YAML, but is not what YAML 1.1 makes of it.
WORDS = {
    "NO for false": (
        "  roles: [admin]\n",
        "  roles: [admin]\n  sole: NO\n",
        "admin.sole: 'NO' is not of type 'boolean'",
    ),
    "yes for true": ("  roles: [admin]\n", "  roles: [admin]\n  sole: yes\n", "admin.sole: 'yes' is not of type"),
    "a number in base 60": (
        "count: 1}\n      valid_for",
        "count: 1:30}\n      valid_for",
        "'1:30' is not of type 'integer'",
    ),
    "an octal number": ("count: 1}\n      valid_for", "count: 012}\n      valid_for", "Expected `int`, got `float`"),
    "a number with spaces": ("min: 0.7,", "min: 1_0,", "'1_0' is not of type 'number'"),
    "merge keys": ("  lineage: {type: lineage}", "  lineage: {type: lineage, <<: {min: 1}}", "'<<' is not known"),
    "text for a number": ("min: 0.7,", 'min: "0.7",', "'0.7' is not of type 'number'"),
    "true for a number": (
        "count: 1}\n      valid_for",
        "count: true}\n      valid_for",
        "True is not of type 'integer'",
    ),
}


def _change(world: World, old: str, new: str, name: str = "policy.yaml") -> None:
    path = world.repo / "governance" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize("what", POLICY)
def test_a_policy_that_is_not_plain_data(promoted: World, what: str) -> None:
    """What readers of YAML understand differently is refused with file and line, not resolved."""
    old, new, message = POLICY[what]
    _change(promoted, old, new)
    for words in (("policy", "check"), ("policy", "propose", "-m", "x", "--key", str(promoted.key_path("rita")))):
        result = promoted.govkit(*words, expect=2)
        assert "governance/policy.yaml does not parse" in result.text and message in result.text
        assert "governance/policy.yaml:" in result.text


@pytest.mark.parametrize("what", WORDS)
def test_words_stay_words(promoted: World, what: str) -> None:
    """Text is text: nothing is taken for a truth value or a number that YAML 1.2 does not have as one."""
    old, new, message = WORDS[what]
    _change(promoted, old, new)
    result = promoted.govkit("policy", "check", expect=1)
    assert message in result.text
    result = promoted.govkit("policy", "propose", "-m", "x", as_="rita", expect=1)
    assert message in result.text


def test_the_countries(promoted: World) -> None:
    """A person whose id is 'no', a stage 'on' and a region 'NO' are what they are called."""
    _change(promoted, "people:\n", f"people:\n  no: {{name: No, keys: [{promoted.key('no').public}]}}\n")
    _change(promoted, "validator: {people: [", "validator: {people: [no, ")
    _change(
        promoted,
        "\nstages:\n",
        "\nstages:\n  on:\n    gates: [auc]\n    approvals:\n"
        "      quorum: {role: validator, count: 1}\n    promote: [release-engineer]\n",
    )
    promoted.adopt_policy()
    value = promoted.log().state.policy.raw
    assert value["people"]["no"]["name"] == "No" and "on" in value["stages"]
    path = promoted.repo / "governance" / MODEL / "model.yaml"
    path.write_text(path.read_text() + "contract: {regions: [NO, SE]}\n")
    promoted.shell("dvc", "repro", "-q")
    promoted.commit("Norway")
    promoted.register("1.1.0")
    promoted.govkit("request", f"{MODEL}@1.1.0", "--stage", "on", "-m", "please", as_="ada")
    promoted.govkit("approve", f"{MODEL}@1.1.0#on", as_="no")
    promoted.promote("1.1.0", "on")
    promoted.verify("on")
    card = promoted.govkit("card", MODEL, "--format", "json").json
    assert card["statements"]["contract"]["regions"] == ["NO", "SE"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tier: low\n", "the key 'tier' stands here twice"),
        ("description: &a x\nout_of_scope: *a\n", "aliases are not allowed"),
        ("description: !!python/name:os.system x\n", "is not allowed"),
        ("monitoring: NO\nhuman_oversight: [a]\n", "Expected `str`, got `array`"),
        ("tierr: low\n", "unknown field `tierr`"),
    ],
)
def test_statements_that_are_not_plain_data(promoted: World, text: str, message: str) -> None:
    """The same for model.yaml, by every command that makes a card."""
    path = promoted.repo / "governance" / MODEL / "model.yaml"
    path.write_text(path.read_text() + text)
    for words in (("card", MODEL), ("hook", MODEL)):
        assert message in promoted.govkit(*words, expect=2).text
    promoted.commit("Surprise")
    assert message in promoted.govkit("register", f"{MODEL}@1.1.0", as_="ada", expect=2).text


def test_duplicate_keys_in_dvc_files(promoted: World) -> None:
    """A dvc.yaml or dvc.lock with a key twice is refused with its line."""
    for name, old in (
        ("dvc.yaml", "    desc: A model for tests\n"),
        ("dvc.lock", "  train:\n    cmd: python train.py\n"),
    ):
        path = promoted.repo / name
        text = path.read_text()
        path.write_text(text.replace(old, old + old.splitlines()[-1] + "\n"))
        result = promoted.govkit("card", MODEL, expect=2)
        assert "a DVC file does not parse" in result.text and f"{name}:" in result.text and "twice" in result.text
        path.write_text(text)


def test_aliases_that_explode(promoted: World) -> None:
    """A few lines that stand for billions of values are refused at once, also in DVC's files, where aliases may be."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    _change(promoted, "rules: 2\n", "rules: 2\n" + bomb)
    assert "does not parse" in promoted.govkit("policy", "check", expect=2).text
    with (promoted.repo / "dvc.yaml").open("a") as file:
        file.write(bomb)
    assert "too large" in promoted.govkit("card", MODEL, expect=2).text


# -- JSON that is signed or digested ----------------------------------------------------------------------------


def _twice(data: bytes, key: str, value: str) -> bytes:
    """Put a key into a JSON object a second time, in front; readers that take the last one see nothing of it."""
    assert json.loads(data)
    return b"{" + f'"{key}":{value},'.encode() + data[1:]


SPELLINGS = {
    "a duplicate key": lambda data: _twice(data, "schema", '"x"'),
    "white space": lambda data: json.dumps(json.loads(data), indent=1).encode(),
    "a final newline": lambda data: data + b"\n",
    "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "another order": lambda data: json.dumps(dict(reversed(json.loads(data).items())), separators=(",", ":")).encode(),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "an escaped letter": lambda data: data.replace(b'"schema"', b'"schem\\u0061"', 1),
}


@pytest.mark.parametrize("what", SPELLINGS)
def test_an_event_in_another_spelling(requested: World, what: str) -> None:
    """A signed event that is not canonical is malformed, and has no effect."""
    import forge

    from govkit.core.events import RequestWithdrawn

    body = RequestWithdrawn(request=forge.opened(requested, f"{MODEL}@1.1.0#production").id)
    honest = requested.make_event(actor="ada", type="request.withdrawn", body=body)
    raw = SPELLINGS[what](honest)
    requested.push_event(raw, requested.sign("ada", raw))
    assert requested.last().status == "inert" and requested.last().reason.startswith("malformed: ")
    assert forge.opened(requested, f"{MODEL}@1.1.0#production").state == "open"
    requested.verify()


def test_an_event_in_its_own_spelling(requested: World) -> None:
    """The control: the same event in canonical JSON has its effect."""
    import forge

    from govkit.core.events import RequestWithdrawn

    found = forge.opened(requested, f"{MODEL}@1.1.0#production")
    requested.push_signed("ada", type="request.withdrawn", body=RequestWithdrawn(request=found.id))
    assert requested.last().status == "good"
    assert forge.opened(requested, found.id).state == "withdrawn"


@pytest.mark.parametrize("what", SPELLINGS)
def test_a_policy_in_another_spelling(promoted: World, what: str) -> None:
    """A policy.json that is not canonical is not adopted, whoever signs it."""
    from govkit.core import digests
    from govkit.core.events import RequestOpened

    state = promoted.log().state
    raw = SPELLINGS[what](canonical.encode(state.policy.raw))
    body = RequestOpened(action="policy", reason="x", policy=digests.sha256(raw), base=state.policies[-1][0])
    promoted.push_signed("rita", {"policy.json": raw}, type="request.opened", subject="*", body=body)
    assert promoted.last().status == "inert" and "its policy cannot be read" in promoted.last().reason
    promoted.verify()


@pytest.mark.parametrize("what", SPELLINGS)
def test_a_card_in_another_spelling(promoted: World, what: str) -> None:
    """A card.json that is not canonical is not a card."""
    promoted.retrain(0.9)
    path = promoted.repo / "governance" / MODEL / "card.json"
    path.write_bytes(SPELLINGS[what](path.read_bytes()))
    promoted.commit("Another spelling")
    for words in (("card", MODEL, "--check"), ("register", f"{MODEL}@1.1.0", "--key", str(promoted.key_path("ada")))):
        assert "card.json is not a card" in promoted.govkit(*words, expect=1).text


@pytest.mark.parametrize("what", SPELLINGS)
def test_a_decision_file_in_another_spelling(requested: World, what: str) -> None:
    """A file with a signed decision is read in one spelling as well; its own final newline apart."""
    file = requested.folder / "vera.json"
    requested.govkit("approve", f"{MODEL}@1.1.0#production", "--output", str(file), as_="vera")
    honest = file.read_bytes()
    file.write_bytes(SPELLINGS[what](honest.removesuffix(b"\n")) + b"\n")
    assert "is not a signed decision" in requested.govkit("submit", str(file), as_="ada", expect=2).text
    file.write_bytes(honest)
    requested.govkit("submit", str(file), as_="ada")
