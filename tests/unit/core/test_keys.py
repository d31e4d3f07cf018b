"""SSH keys and signatures as text."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govkit.core import keys
from govkit.core.errors import Malformed
from tests import pace
from tests.unit.core.simulator import key
from tests.unit.core.strategies import hostile

# Made by ssh-keygen of OpenSSH 9.2, with the fingerprints that it shows.
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIISpqLOVk9x27Pzsm94/mVuq+pahAcuEtLXec9JUtZ5U"
P256 = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHarWjT3o0J9/NN/nUJVCSEn/OsIK67hpODYvOrG"
    "pcYvn3/4FPtqhMU1jWz6UjRXTZevrN/p1Q4b2ieUWIyUqZQ="
)
FINGERPRINTS = {
    ED25519: "SHA256:/QE0sRC6XNNxCVG9ylF5nJ4ja22yryBXS0B21kQIW9E",
    P256: "SHA256:+en1Xe6t/s+nGqoqG3++J+c3CxVdPJCx1Dgb331tpDk",
}


def blob(*fields: bytes) -> bytes:
    """Return length-prefixed strings, as RFC 4251 has them."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def line(*fields: bytes) -> str:
    """Return a key line of these fields."""
    return f"{fields[0].decode()} {base64.b64encode(blob(*fields)).decode()}"


POINT = b"\x04" + b"p" * 64
MODULUS = b"\0" + b"\xc1" * 256
GOOD: dict[str, tuple[bytes, ...]] = {
    "ed25519": (b"ssh-ed25519", b"k" * 32),
    "rsa": (b"ssh-rsa", b"\x01\0\x01", MODULUS),
    "nistp256": (b"ecdsa-sha2-nistp256", b"nistp256", POINT),
    "nistp384": (b"ecdsa-sha2-nistp384", b"nistp384", b"\x04" + b"p" * 96),
    "nistp521": (b"ecdsa-sha2-nistp521", b"nistp521", b"\x04" + b"p" * 132),
    "hardware ed25519": (b"sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:"),
    "hardware ecdsa": (b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", POINT, b"ssh:"),
}
BAD: dict[str, tuple[bytes, ...]] = {
    "dsa": (b"ssh-dss", b"x"),
    "a certificate": (b"ssh-ed25519-cert-v01@openssh.com", b"k" * 32),
    "no type": (b"", b"k" * 32),
    "type alone": (b"ssh-ed25519",),
    "short ed25519": (b"ssh-ed25519", b"k" * 31),
    "ed25519 of order 1": (b"ssh-ed25519", b"\x01" + b"\0" * 31),
    "ed25519 of order 8": (
        b"ssh-ed25519",
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ),
    "ed25519 of order 8, the other sign": (
        b"ssh-ed25519",
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    ),
    "ed25519 beyond the field": (b"ssh-ed25519", b"\xee" + b"\xff" * 30 + b"\x7f"),
    "ed25519 with more": (b"ssh-ed25519", b"k" * 32, b""),
    "rsa of 1024 bits": (b"ssh-rsa", b"\x01\0\x01", b"\0" + b"\xc1" * 128),
    "rsa without modulus": (b"ssh-rsa", b"\x01\0\x01"),
    "rsa with more": (b"ssh-rsa", b"\x01\0\x01", MODULUS, b"x"),
    "rsa with a leading zero": (b"ssh-rsa", b"\x01\0\x01", b"\0" + MODULUS),
    "rsa exponent with a leading zero": (b"ssh-rsa", b"\0\x01\0\x01", MODULUS),
    "rsa with a negative modulus": (b"ssh-rsa", b"\x01\0\x01", MODULUS[1:]),
    "ecdsa on another curve": (b"ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"p" * 96),
    "ecdsa of another size": (b"ecdsa-sha2-nistp256", b"nistp256", POINT + b"p"),
    "a compressed point": (b"ecdsa-sha2-nistp256", b"nistp256", b"\x02" + b"p" * 32),
    "ecdsa with more": (b"ecdsa-sha2-nistp256", b"nistp256", POINT, b"x"),
    "ecdsa alone": (b"ecdsa-sha2-nistp256",),
    "hardware without application": (b"sk-ssh-ed25519@openssh.com", b"k" * 32),
    "hardware with more": (b"sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:", b"x"),
}


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD.keys())
def test_key_is_normalised(fields: tuple[bytes, ...]) -> None:
    """A key is its type and its blob; comment and spacing are not part of it."""
    expected = line(*fields)
    assert expected == keys.normalise(expected) == keys.from_blob(blob(*fields))
    assert expected == keys.normalise(f"  {expected}\t alice@laptop and more \n")


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_key_is_refused(fields: tuple[bytes, ...]) -> None:
    """Weak types, short keys, and any second spelling of one key are refused."""
    with pytest.raises(Malformed):
        keys.from_blob(blob(*fields))
    with pytest.raises(Malformed):
        keys.normalise(line(*fields))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        f"no-pty {ED25519}",
        ED25519.replace("ssh-ed25519", "ssh-rsa", 1),
        ED25519[:-4],
        ED25519.replace("AAAA", "AA AA", 1),
        ED25519.replace("AAAA", "AA-A", 1),
        "ssh-ed25519 AAAé",
        "ssh-ed25519 \udcff",
        "ssh-ed25519 " + base64.b64encode(blob(b"ssh-ed25519", b"k" * 32) + b"\0").decode(),
        "ssh-ed25519 " + base64.b64encode(b"\xff\xff\xff\xff").decode(),
    ],
)
def test_line_is_refused(text: str) -> None:
    """Options, cut keys and what is not base64 are refused."""
    with pytest.raises(Malformed):
        keys.normalise(text)


def test_fingerprints_are_openssh_s() -> None:
    """People compare fingerprints with what ssh-keygen shows them."""
    assert {text: keys.fingerprint(keys.normalise(text)) for text in FINGERPRINTS} == FINGERPRINTS


@given(hostile(ED25519.encode(), P256.encode(), line(*GOOD["rsa"]).encode()))
def test_normalise_raises_only_malformed(data: bytes) -> None:
    """Arbitrary lines are a key in its one spelling, or malformed."""
    try:
        found = keys.normalise(data.decode("utf-8", "replace"))
    except Malformed:
        return
    assert found == keys.normalise(found)
    assert found == keys.from_blob(base64.b64decode(found.split()[1]))


@given(hostile(*(blob(*fields) for fields in GOOD.values())))
def test_from_blob_raises_only_malformed(data: bytes) -> None:
    """Arbitrary blobs are a key, or malformed."""
    try:
        found = keys.from_blob(data)
    except Malformed:
        return
    assert data == base64.b64decode(found.split()[1])


@pytest.mark.parametrize("data", [blob(b"ssh-rsa") + b"\0" * 4 * 10**6, blob(b"ssh-ed25519", b"k" * 10**7)])
def test_large_blob_is_refused_quickly(data: bytes) -> None:
    """No key is that large, and splitting one takes no time."""
    with pace.little(), pytest.raises(Malformed, match="4096 are allowed"):
        keys.from_blob(data)


# -- signatures -------------------------------------------------------------------------------------------------------

ARMOURED = keys.armour(bytes(range(256)))


@given(st.binary(min_size=1, max_size=300))
def test_armour_round_trip(data: bytes) -> None:
    """A blob has one armoured spelling, of at most 70 columns."""
    text = keys.armour(data)
    assert data == keys.dearmour(text)
    assert max(map(len, text.splitlines())) <= 70
    assert text.startswith(b"-----BEGIN SSH SIGNATURE-----\n")
    assert text.endswith(b"\n-----END SSH SIGNATURE-----\n")


SPELLINGS = {
    "nothing": b"",
    "an empty block": b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
    "no final newline": ARMOURED[:-1],
    "two final newlines": ARMOURED + b"\n",
    "text behind": ARMOURED + b"hello\n",
    "text before": b"hello\n" + ARMOURED,
    "carriage returns": ARMOURED.replace(b"\n", b"\r\n"),
    "other lines": ARMOURED.replace(b"\n", b"", 2).replace(
        b"-----BEGIN SSH SIGNATURE-----", b"-----BEGIN SSH SIGNATURE-----\n"
    ),
    "two blocks": ARMOURED * 2,
    "another label": ARMOURED.replace(b"SSH", b"PGP"),
    "not base64": ARMOURED.replace(b"AAEC", b"A*EC"),
    "not ascii": ARMOURED.replace(b"AAEC", b"A\xffEC"),
    "unicode line ends": ARMOURED.replace(b"\n", b"\x0b", 2),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_other_spelling_is_refused(text: bytes) -> None:
    """One signature, one spelling: nothing behind it, nothing rewrapped."""
    with pytest.raises(Malformed):
        keys.dearmour(text)


@given(hostile(ARMOURED, keys.armour(b"x")))
def test_dearmour_raises_only_malformed(data: bytes) -> None:
    """Arbitrary bytes are the one spelling of a blob, or malformed."""
    try:
        found = keys.dearmour(data)
    except Malformed:
        return
    assert data == keys.armour(found)


def test_signed_text_is_split() -> None:
    """Payload and block are told apart; without a block everything is payload."""
    assert keys.split_signed(b"payload\n" + ARMOURED) == (b"payload\n", ARMOURED)
    assert keys.split_signed(b"payload\n") == (b"payload\n", None)
    assert keys.split_signed(b"") == (b"", None)


@pytest.mark.parametrize(
    "text",
    [
        b"payload\n" + ARMOURED * 2,
        b"payload\n" + ARMOURED + b"more\n",
        b"payload\n" + ARMOURED + b"\n",
        b"p\n" + ARMOURED[:-1],
    ],
)
def test_text_after_a_signature_is_refused(text: bytes) -> None:
    """One block, at the end."""
    with pytest.raises(Malformed):
        keys.split_signed(text)


@given(hostile(b"payload\n" + ARMOURED, ARMOURED))
def test_split_signed_loses_nothing(data: bytes) -> None:
    """Payload and block together are the text, or the text is malformed."""
    try:
        payload, block = keys.split_signed(data)
    except Malformed:
        return
    assert data == payload + (block or b"")


def test_simulators_keys_are_well_formed() -> None:
    """The made-up people of these tests have keys that govkit takes."""
    assert key("alice") == keys.normalise(key("alice"))
    assert hashlib.sha256(b"alice").digest() in base64.b64decode(key("alice").split()[1])
