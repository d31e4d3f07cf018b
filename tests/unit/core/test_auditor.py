"""The auditor's file reads bytes as govkit does: JSON, keys, signatures, names, tags, leaves, policies, proofs.

That it judges logs alike is asked of every log that any test of the core makes (``conftest.py``).
"""

from __future__ import annotations

import copy
import json
import math
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from govkit.core import canonical, events, keys, merkle, names, policy, rules, tags
from govkit.core.errors import Malformed
from govkit.core.ledger import Entry
from govkit.core.rules import CannotDecide, NotAllowed
from govkit.evidence import verify_bundle
from tests.integration.test_golden import FOLDERS, V1, entry
from tests.unit.core import auditor
from tests.unit.core.simulator import MODEL, Json, edited, key, policy_value
from tests.unit.core.test_rules2 import value2

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v, max_size=3))


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns, or None where it refuses."""
    try:
        return function(*arguments)
    except (Malformed, ValueError, NotAllowed, verify_bundle.NotAllowed):
        return None
    except (CannotDecide, verify_bundle.Unproven):
        return "undecided"


# -- bytes ------------------------------------------------------------------------------------------------------------


@given(VALUES)
@example("\ud800")
@example([math.nan])
@settings(max_examples=300)
def test_json_is_written_alike(value: Any) -> None:
    """A value has the same canonical bytes, or none."""
    ours = outcome(canonical.encode, value)
    theirs = outcome(lambda: verify_bundle.encode(value).encode())
    # Integers beyond what is exact are read as doubles before they are written; only then are they alike.
    if ours is not None:
        assert ours == theirs
        assert outcome(verify_bundle.decode, ours) == outcome(canonical.decode, ours)


@given(st.integers(0, 2**64 - 1))
@example(struct.unpack(">Q", struct.pack(">d", 1e21))[0])
@example(struct.unpack(">Q", struct.pack(">d", 5e-324))[0])
@settings(max_examples=1500)
def test_numbers_are_written_alike(bits: int) -> None:
    """Every double has ECMAScript's spelling."""
    value = struct.unpack(">d", struct.pack(">Q", bits))[0]
    if math.isfinite(value):
        assert canonical.encode(value).decode() == verify_bundle.encode(value)


@pytest.mark.parametrize("exponent", range(-12, 25))
@pytest.mark.parametrize("digits", ["1", "12", "1.5", "123456789012345", "9.999999999999999"])
def test_numbers_around_the_turns_of_notation(digits: str, exponent: int) -> None:
    """Where a spelling turns from plain to exponential, it does so at the same place."""
    for value in (float(f"{digits}e{exponent}"), -float(f"{digits}e{exponent}")):
        assert canonical.encode(value).decode() == verify_bundle.encode(value)


TEXTS = [
    *(b"", b"null", b" null", b"[1,2]", b"[1, 2]", b'{"a":1,"b":2}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"-0", b"0.0"),
    *(b"1e3", b"1000", b"1E400", b"NaN", b"Infinity", b'"\\u0041"', b'"\\u000a"', b'"\\n"', b'"\x7f"', b'"\\ud800"'),
    *(b"\xef\xbb\xbf{}", b"\xff", b'"\xed\xa0\x80"', b"9007199254740991", b"9007199254740992", b"9007199254740993"),
    *(
        b"[" * 100 + b"]" * 100,
        b"[" * 101 + b"]" * 101,
        b"[" * 100_000,
        b"1" * 401,
        b"1" * 5000,
        b'{"\xf0\x9f\x98\x80":1}',
    ),
    *('{"\U0001f600":1,"\ufb33":2}'.encode(), '{"\ufb33":2,"\U0001f600":1}'.encode(), b"1.0", b"-1", b"01", b"[1,]"),
    *(b"100000000000000000000", b"1e+21", b"1e21", b"0.000001", b"1e-7", b"true", b'"/"', b'"\\/"'),
]


@pytest.mark.parametrize("data", TEXTS, ids=range(len(TEXTS)))
def test_json_is_read_alike(data: bytes) -> None:
    """The same bytes are refused, and the others have the same value and type."""
    assert repr(outcome(canonical.decode, data)) == repr(outcome(verify_bundle.decode, data))


@given(VALUES, st.integers(0, 500), st.binary(max_size=2))
@settings(max_examples=300)
def test_edited_json_is_read_alike(value: Any, place: int, junk: bytes) -> None:
    """JSON with bytes put somewhere is read alike."""
    data = json.dumps(value, separators=(",", ":")).encode()
    data = data[: place % (len(data) + 1)] + junk + data[place % (len(data) + 1) :]
    assert repr(outcome(canonical.decode, data)) == repr(outcome(verify_bundle.decode, data))


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode), st.none() | st.binary(max_size=5))
def test_leaves_of_junk_are_alike(data: bytes, signature: bytes | None) -> None:
    """Whatever is pushed has the same leaf, or the root would differ."""
    for event in (None, data, b'{"subject":' + canonical.encode(data.decode("latin-1")) + b"}"):
        assert events.leaf(event, signature) == verify_bundle.leaf_of(event, signature)


@given(
    st.lists(
        st.sampled_from(["m", "a/b", "a=b", "..", "x.lock", "-", "=", "a.", "#", "@v", "1.0.0", "!", "#2", "p", "é"])
    )
)
@settings(max_examples=500)
def test_names_are_alike(parts: list[str]) -> None:
    """Names of models and tags are taken apart alike."""
    name = "".join(parts)
    assert names.is_model(name) == verify_bundle.is_model(name)
    ours, theirs = names.parse_tag(name), verify_bundle.tag_name(name)
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert (ours.model, ours.first_line()) == (theirs["model"], theirs["first"])
        assert (ours.stage, ours.version, ours.counter) == tuple(map(theirs.get, ("stage", "version", "counter")))


def _blob(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


RSA = b"\x00" + b"\xc1" * 256
FIELD, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493


def _small_order() -> list[int]:
    """Return the y of Ed25519's points of small order, from the curve's equation: doubled three times they are (0, 1)."""
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    root = pow(2, (FIELD - 1) // 4, FIELD)  # of -1

    def square_root(n: int) -> int | None:
        found = pow(n, (FIELD + 3) // 8, FIELD)
        return next((each for each in (found, found * root % FIELD) if (each * each - n) % FIELD == 0), None)

    # A point of order 8 doubles to y = 0, so y² = -x², which makes the equation d·y⁴ + 2·y² = 1.
    half = square_root(1 + d)
    assert half is not None
    squares = [(sign * half - 1) * pow(d, -1, FIELD) % FIELD for sign in (1, -1)]
    eighths = [y for y in map(square_root, squares) if y is not None]
    assert len(eighths) == 1
    return [0, 1, FIELD - 1, eighths[0], FIELD - eighths[0]]


SMALL = _small_order()
BLOBS = [
    *(_blob(b"ssh-ed25519", b"k" * 32), _blob(b"ssh-ed25519", b"k" * 31), _blob(b"ssh-ed25519", b"k" * 32, b"")),
    *(_blob(b"ssh-rsa", b"\1\0\1", RSA), _blob(b"ssh-rsa", b"\0\1\0\1", RSA), _blob(b"ssh-rsa", b"\1\0\1", RSA[:200])),
    *(_blob(b"ssh-rsa", b"\1\0\1", RSA[1:]), _blob(b"ssh-rsa", b"\1\0\1"), _blob(b"ssh-dss", b"\1"), b"", b"\0\0\0\5a"),
    *(
        _blob(f"ecdsa-sha2-nistp{n}".encode(), f"nistp{n}".encode(), b"\4" + b"p" * k)
        for n, k in ((256, 64), (384, 96), (521, 132))
    ),
    *(
        _blob(b"ecdsa-sha2-nistp256", b"nistp384", b"\4" + b"p" * 96),
        _blob(b"ecdsa-sha2-nistp256", b"nistp256", b"\3" + b"p" * 64),
    ),
    *(_blob(b"sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:"), _blob(b"sk-ssh-ed25519@openssh.com", b"k" * 32)),
    _blob(b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\4" + b"p" * 64, b"ssh:"),
    *(_blob(b"sk-ecdsa-sha2-nistp384@openssh.com", b"nistp384", b"\4" + b"p" * 96, b"ssh:"), _blob(b"ecdsa-sha2-x")),
    *(_blob(b"ssh-ed25519", b"k" * 32) + b"\0", _blob(b"\xff", b"k" * 32), _blob(b"ssh-ed25519", b"k" * 5000)),
    *(
        _blob(kind.encode(), ((y % 2**255) | sign << 255).to_bytes(32, "little"), *more)
        for kind, *more in (("ssh-ed25519",), ("sk-ssh-ed25519@openssh.com", b"ssh:"))
        for y in (*SMALL, 2, FIELD - 2, FIELD, FIELD + 1, 2**255 - 1)
        for sign in (0, 1)
    ),
]
#: What a signature proper may look like: of every type, and spelled otherwise.
INNER = [
    *(b"", b"s" * 64, _blob(b"ssh-ed25519"), _blob(b"rsa-sha2-256", b"s" * 256), _blob(b"rsa-sha2-512", b"s" * 256)),
    *(_blob(b"ssh-rsa", b"s" * 256), _blob(b"rsa-sha2-512", b"s" * 256) + b"\0", _blob(b"ssh-dss", b"s" * 40)),
    *(
        _blob(kind.encode(), value) + flags
        for kind in keys.KEY_TYPES
        for value in (
            *(b"s" * 32 + (ORDER + more).to_bytes(32, "little") for more in (-1, 0, 1, ORDER)),
            *(b"s" * 63 + b"\0", b"s" * 62 + b"\0", b"s" * 64 + b"\0", _blob(b"r", b"s"), _blob(b"\0\x80", b"\0\x80")),
            *(
                _blob(b"\0r", b"s"),
                _blob(b"r", b"\x80"),
                _blob(b"r"),
                _blob(b"r", b"s", b""),
                _blob(b"r", b"s") + b"\0",
            ),
        )
        for flags in (b"", b"\0", *(bytes([flag]) + b"\0\0\0\7" for flag in (0, 1, 4, 5)), b"\1" * 6, _blob(b""))
    ),
]


@pytest.mark.parametrize("blob", BLOBS, ids=range(len(BLOBS)))
def test_keys_are_alike(blob: bytes) -> None:
    """The same public keys are taken, in one spelling, alone and inside signatures."""
    assert outcome(keys.from_blob, blob) == outcome(verify_bundle.key_text, blob)
    kind = blob[4 : 4 + blob[3]] if blob else b""
    name = b"rsa-sha2-512" if kind == b"ssh-rsa" else kind
    value = b"s" * 256 if kind == b"ssh-rsa" else _blob(b"r", b"s") if b"ecdsa" in kind else b"s" * 63 + b"\0"
    inner = _blob(name, value) + (b"\1\0\0\0\7" if kind[:3] == b"sk-" else b"")
    parts = (blob, b"git", b"", b"sha512", inner)
    for change in ({}, {1: b"govkit-event"}, {2: b"x"}, {3: b"sha1"}, {3: b"sha256"}):
        body = b"SSHSIG\0\0\0\1" + _blob(*(change.get(place, part) for place, part in enumerate(parts)))
        for signature in (
            keys.armour(body),
            keys.armour(body) + b"\n",
            keys.armour(body).replace(b"U", b"U\n", 1),
            body,
        ):
            ours = outcome(lambda text: keys.signed_by(keys.dearmour(text), "git"), signature)
            assert ours == outcome(verify_bundle.claimed_key, signature, "git")
            if not change and signature == keys.armour(body):  # the control: a key that is taken can sign
                assert ours == outcome(keys.from_blob, blob)


@pytest.mark.parametrize("blob", [each for each in BLOBS if outcome(keys.from_blob, each)], ids=lambda b: b[4:30].hex())
def test_signatures_are_alike(blob: bytes) -> None:
    """Under every key the same forms of a signature are taken, and there is one that is."""
    taken = 0
    for inner in INNER:
        signature = keys.armour(b"SSHSIG\0\0\0\1" + _blob(blob, b"git", b"", b"sha512", inner))
        ours = outcome(lambda text: keys.signed_by(keys.dearmour(text), "git"), signature)
        assert ours == outcome(verify_bundle.claimed_key, signature, "git"), inner
        taken += ours is not None
    assert 0 < taken < len(INNER) / 10


@pytest.mark.parametrize("path", sorted((V1 / "tags").iterdir()), ids=lambda path: path.stem)
def test_tags_are_alike(path: Any) -> None:
    """A tag is read alike, also with any byte of its text changed."""
    content = path.read_bytes()
    payload, _ = keys.split_signed(content)
    for place in range(-1, len(payload), 3):
        changed = payload if place < 0 else payload[:place] + bytes([payload[place] ^ 1]) + payload[place + 1 :]
        ours = outcome(tags.parse, changed)
        theirs = outcome(verify_bundle.read_tag, changed)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert (ours.name, ours.tagger, ours.epoch) == theirs[1:]


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_proofs_are_checked_alike(place: tuple[int, int]) -> None:
    """An inclusion proof leads to the root for its own leaf, index and size alone."""
    size, index = place
    leaves = [bytes([n]) for n in range(size)]
    roots = verify_bundle.roots_of(leaves)
    prover = merkle.Prover([merkle.leaf_hash(leaf) for leaf in leaves])
    assert roots == [merkle.text(prover.root(n)) for n in range(size + 1)]
    path = prover.inclusion(index, size)
    assert verify_bundle.is_included(leaves[index], index, size, path, roots[size])
    for other in range(-1, size + 2):
        wrong = merkle.leaf_hash(leaves[index])
        ours = merkle.is_included(wrong, other, size, path, prover.root(size))
        assert ours == verify_bundle.is_included(leaves[index], other, size, path, roots[size])


# -- policies ---------------------------------------------------------------------------------------------------------


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for name, item in inner for path in paths(item, (*here, name)))]


def rich(number: int) -> Json:
    """Return a policy that says everything that rules of a version can say."""
    if number == 1:
        return canonical_value(policy_value())
    value = value2()
    value["retired"] = [{"key": key("old"), "person": "alice", "reason": "compromised", "since": 1}]
    value["meanings"] = {"approve": ["I agree"], "reject": ["I do not"], "lift": ["no longer"]}
    value["admin"]["propose"] = ["engineer"]
    mirrors = ["file:///srv/log", "s3://bucket/prefix", "https://siem.bank.example:8443/in", "http://localhost/x"]
    value["audit"] = {"mirrors": mirrors, "retention": "3650d", "freshness": "30d"}
    value["stages"]["canary"] = {"inherits": "staging", "tiers": {"high": {"gates": ["origin"]}}}
    glass = {"approvals": {"quorum": {"any": [{"role": "head"}, {"role": "risk-owner", "count": 2}]}}, "lasts": "3d"}
    value["stages"]["production"]["break_glass"] = {**glass, "review_within": "5d", "gates": ["origin"]}
    value["stages"]["production"]["approvals"]["review_after"] = "90d"
    value["stages"]["production"]["rollback"] = {"roles": ["head"], "approvals": {"quorum": {"role": "validator"}}}
    value["stages"]["production"]["canary"] = {"gates": ["champion", "sliced"]}
    value["stages"]["staging"]["rollback"] = {"roles": ["head"]}
    value["gates"] |= {
        "drift": {"type": "drift", "statistic": "psi", "max": 0.2, "first": "pass", "features": ["age"]},
        "champion": {"type": "champion", "metric": "auc", "direction": "higher", "first": "pass", "absolute": 0.0},
        "calibrated": {"type": "calibration", "max": 0.1},
        "fresh": {"type": "data", "max_age": "30d", "as_of": "params.yaml:as_of", "sources": ["s3://*"]},
        "fits": {"type": "compatibility"},
        "first": {"type": "stage", "stage": "staging", "at_least": "2d"},
        "canaried": {"type": "canary", "min_share": 0.1},
        "file": {"type": "artifact", "formats": ["json"]},
        "again": {"type": "reproduced", "roles": ["validator"]},
        "signed": {"type": "signed-commits"},
        "rule": {"type": "expression", "expression": "card.metrics.size() > 0", "seconds": 3},
        "fair": {"type": "fairness", "attribute": "AGE", "rate": "r", "compare": "each", "min_group": 3, "min": 0.1},
        "sliced": {"type": "metric", "metric": "auc", "equals": 1, "slice": {"attribute": "AGE", "group": "old"}},
        "told": {"type": "card", "sections": [], "tiers": {"low": ["owner"], "medium": ["owner"], "high": ["owner"]}},
    }
    value["stages"]["canary"]["gates"] = [name for name in value["gates"] if name != "auc"]
    return canonical_value(value)


def canonical_value(value: Json) -> Json:
    """Return a policy with every default written out."""
    found: Json = canonical.decode(policy.written_out(value))
    return found


#: How many of all possible changes are tried at each place.
TRIES = 1
JUNK: tuple[Any, ...] = (
    *(
        KeyError,
        None,
        True,
        False,
        0,
        1,
        2,
        -1,
        0.5,
        1e300,
        10**15,
        "",
        " ",
        "x",
        "*",
        "promote",
        "31d",
        "high",
        "each",
    ),
    *(
        "alice",
        "head",
        [],
        {},
        ["head"],
        ["x"],
        ["nobody"],
        {"x": 1},
        {"role": "head"},
        [{"role": "admin"}],
        key("new"),
    ),
)


@pytest.mark.parametrize("number", [1, 2])
def test_policies_are_read_alike(number: int) -> None:
    """A policy with any one value exchanged for any of many others is adopted by both, or by neither."""
    value, chance = rich(number), random.Random(number)
    assert outcome(rules.read_policy, canonical.encode(value)) is not None
    wrong = []
    for path in paths(value)[1:]:
        for junk in chance.sample(JUNK, TRIES):
            data = canonical.encode(edited(value, *path, to=junk))
            ours, theirs = (outcome(read, data) for read in (rules.read_policy, verify_bundle.read_policy))
            said = tuple("undecided" if found == "undecided" else found is not None for found in (ours, theirs))
            if said[0] != said[1]:
                wrong.append((path, junk, said))
    assert wrong == []


MIRRORS = [
    *(
        "file:///",
        "file://srv",
        "file:///a b",
        "file:///../x",
        "file:///a/./b",
        "s3://b/p",
        "s3://bucket",
        "s3://bucket/",
    ),
    *(
        "s3://bucket//p",
        "s3://Bucket/p",
        "https://u@h/p",
        "https://h",
        "https://h:1/p?q",
        "https://h/p#f",
        "http://h/p",
    ),
    *(
        "http://localhost:9/p",
        "http://[::1]/p",
        "https://[::1]/p",
        "http://localhost.example/p",
        "http://127.0.0.1",
        "ftp://h",
    ),
    *("", "h", "://", "https://", "https://-h/", "https://" + "h" * 254, "file:///" + "x" * 1000, "https://h:123456/"),
]


@pytest.mark.parametrize("mirror", MIRRORS)
def test_mirrors_are_read_alike(mirror: str) -> None:
    """The URL of a mirror is fit for a policy by both, or by neither."""
    for more in ({}, {"retention": "30d"}, {"retention": "99999w"}):
        data = canonical.encode(edited(rich(2), "audit", to={"mirrors": [mirror], **more}))
        ours, theirs = (outcome(read, data) for read in (rules.read_policy, verify_bundle.read_policy))
        assert (ours is None) == (theirs is None)


@pytest.mark.parametrize("number", [1, 2])
def test_policies_with_more_in_them_are_read_alike(number: int) -> None:
    """A policy with a key too many, whether newer rules know it or nobody does, is adopted by both, or by neither."""
    value, chance, wrong = rich(number), random.Random(number), []
    more = {path[-1] for path in paths(rich(2)) if path and isinstance(path[-1], str)} | {"x", "x-own"}
    for path in paths(value):
        for name in chance.sample(sorted(more), TRIES):
            changed = copy.deepcopy(value)
            inner: Any = changed
            for part in path:
                inner = inner[part]
            if not isinstance(inner, dict) or name in inner:
                continue
            inner[name] = chance.choice((None, [], {}, "warn", ["head"], 1, "1d"))
            data = canonical.encode(changed)
            ours, theirs = (outcome(read, data) for read in (rules.read_policy, verify_bundle.read_policy))
            if (ours is None) != (theirs is None):
                wrong.append((path, name, inner[name]))
    assert wrong == []


def test_requirements_are_alike() -> None:
    """What a model must meet, its digest, and who holds which role, are the same."""
    for number in (1, 2):
        data = canonical.encode(rich(number))
        ours, theirs = policy.parse(data), verify_bundle.read_policy(data)
        for stage in (*ours.policy.stages, "none"):
            for tier in ("low", "high"):
                for action in ("promote", "rollback", "break-glass"):
                    left = ours.requirements(MODEL, tier, stage, action)  # type: ignore[arg-type]
                    right = theirs.requirements(MODEL, tier, stage, action)
                    assert (left and left.digest) == (right and right.digest)
        assert ours.admin_requirements().digest == theirs.admin_requirements().digest
        for who in ours.policy.people:
            for model, tier in ((None, None), (MODEL, "low"), (MODEL, "*"), ("other", None)):
                assert ours.roles_of(who, model, tier) == theirs.roles_of(who, model, tier)
            assert ours.tagger(who) == theirs.tagger(who)


# -- logs -------------------------------------------------------------------------------------------------------------


def test_the_golden_log_is_judged_alike() -> None:
    """The log of version 1, with its real signatures, has the same verdicts: checked by ssh-keygen this time."""
    entries = [entry(folder) for folder in FOLDERS]
    assert auditor.disagreements(entries, "scorer") == []
    leaves = [events.leaf(each.event, each.signature) for each in entries]
    shown = {index: auditor.shown_of(each) for index, each in enumerate(entries)}
    ledger = verify_bundle.Ledger(leaves, shown, verify_bundle.openssh)
    ledger.run()
    expected = json.loads((V1 / "expected.json").read_text())
    assert [event["status"] for event in expected["events"]] == [each.status for each in ledger.entries.values()]
    serving = {f"{model}#{stage}": ledger.champion(model, stage) for model, stage in ledger.stages}
    assert {name: found and found.body["version"] for name, found in serving.items()} == expected["state"]["serving"]


def test_an_end_that_hangs_on_hidden_times_is_undecided() -> None:
    """Whether an approval had ended when it was used may hang on the date of another model's event: then nobody says."""
    from tests.unit.core.simulator import World, good

    world = World()
    good(world.register("1.0.0"))
    good(world.request("1.0.0"))
    world.approve_all()
    world.sleep("40d")
    good(world.write("checkpoint.recorded", "erin", {}, subject="other"))
    world.now = world.state.judged[4].event.time  # type: ignore[union-attr]
    judged = world.promote("1.0.0", body={"decisions": [d.at.id for d in world.newest_request().decisions]})
    assert (judged.status, "approvals are missing" in judged.reason) == ("inert", True)
    entries: list[Entry] = world.entries
    shown = [index for index in range(len(entries)) if index != 5]
    found = auditor.judge(entries, shown, world.state).entries[6]
    assert (found.status, "times of events that are not shown" in found.reason) == ("undecided", True)
