"""Real signatures, and what can be made of them without the key, are judged alike by govkit and by the auditor's file.

govkit asks libsodium about Ed25519 and ``sshsig`` about RSA, the auditor's file asks ``ssh-keygen`` about everything, which takes more.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sshblobs import join, split

from govkit.core import keys
from govkit.core.errors import Malformed
from govkit.evidence import verify_bundle
from govkit.storage.signatures import EVENT_NAMESPACE, load_key, signer_of

#: The order of Ed25519's group (RFC 8032, section 5.1).
ORDER = 2**252 + 27742317777372353535851937790883648493
HARDWARE = b"sk-ssh-ed25519@openssh.com"
#: DER of "a SHA-512 digest follows" (RFC 8017, section 9.2).
SHA512 = bytes.fromhex("3051300d060960864801650304020305000440")
Inner = Callable[[bytes], bytes]


def judged(message: bytes, signature: bytes) -> list[str | None]:
    """Return whose signature govkit and the auditor's file say that this is."""
    claimed = split(keys.dearmour(signature)[10:])[0]
    try:
        ours: str | None = signer_of(message, signature, EVENT_NAMESPACE)
    except Malformed:
        ours = None
    return [ours, verify_bundle.openssh(message, signature, EVENT_NAMESPACE, {keys.from_blob(claimed)})]


def openssh_alone(folder: Path, message: bytes, signature: bytes) -> bool:
    """Tell whether ``ssh-keygen`` takes a signature."""
    path = folder / "signature"
    path.write_bytes(signature)
    words = ["ssh-keygen", "-Y", "check-novalidate", "-n", EVENT_NAMESPACE, "-s", str(path)]
    return subprocess.run(words, input=message, capture_output=True, check=False).returncode == 0


def sealed(public: bytes, inner: bytes) -> bytes:
    """Return an armoured signature put together by hand."""
    return keys.armour(b"SSHSIG\0\0\0\1" + join(public, EVENT_NAMESPACE.encode(), b"", b"sha512", inner))


def told(message: bytes) -> bytes:
    """Return what an SSH signature over a message is made on."""
    return b"SSHSIG" + join(EVENT_NAMESPACE.encode(), b"", b"sha512", hashlib.sha512(message).digest())


def beyond(value: bytes) -> bytes:
    """Add the group's order to an Ed25519 signature's second number, which changes nothing in the equation."""
    return value[:32] + (int.from_bytes(value[32:], "little") + ORDER).to_bytes(32, "little")


def padded(value: bytes) -> bytes:
    """Put zeros before the first number of an ECDSA signature."""
    first, second = split(value)
    return join(b"\0\0" + first, second)


@pytest.mark.parametrize(
    ("kind", "respell", "openssh"),
    [
        ("ed25519", lambda inner: join(split(inner)[0], beyond(split(inner)[1])), True),
        ("ecdsa", lambda inner: join(split(inner)[0], padded(split(inner)[1])), True),
        *((kind, lambda inner: inner + b"\0", False) for kind in ("ed25519", "rsa", "ecdsa")),
    ],
)
def test_respelled_signature_is_refused(tmp_path: Path, kind: str, respell: Inner, openssh: bool) -> None:
    """The signature as it was made is good for both, and its twin for neither, whatever ``ssh-keygen`` says."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp_path / "key")], check=True)
    key = load_key(str(tmp_path / "key"))
    signature = key.sign(b"words", EVENT_NAMESPACE)
    assert judged(b"words", signature) == [key.public, key.public]
    public, *_, inner = split(keys.dearmour(signature)[10:])
    twin = sealed(public, respell(inner))
    assert openssh_alone(tmp_path, b"words", twin) == openssh
    assert judged(b"words", twin) == [None, None]


def test_rsa_number_without_its_zero_is_refused(tmp_path: Path) -> None:
    """One RSA signature in 256 begins with a zero, which ``ssh-keygen`` puts back where it was left out."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(65537, 2048)
    modulus = key.public_key().public_numbers().n
    public = join(b"ssh-rsa", b"\1\0\1", b"\0" + modulus.to_bytes(256, "big"))
    tries = (f"words {number}".encode() for number in range(100_000))
    made = ((message, key.sign(told(message), padding.PKCS1v15(), hashes.SHA512())) for message in tries)
    message, value = next((message, value) for message, value in made if value[0] == 0)
    good, twin = (sealed(public, join(b"rsa-sha2-512", each)) for each in (value, value[1:]))
    assert judged(message, good) == [keys.from_blob(public)] * 2
    assert openssh_alone(tmp_path, message, twin)
    assert judged(message, twin) == [None, None]


def test_rsa_with_exponent_one_signs_nothing(tmp_path: Path) -> None:
    """Under the exponent 1 the padded digest is its own signature: anybody writes it, and ``ssh-keygen`` takes it."""
    public = join(b"ssh-rsa", b"\1", b"\0" + b"\xc1" * 256)
    digest = SHA512 + hashlib.sha512(told(b"words")).digest()
    forged = sealed(public, join(b"rsa-sha2-512", b"\0\1" + b"\xff" * (253 - len(digest)) + b"\0" + digest))
    assert openssh_alone(tmp_path, b"words", forged)
    assert judged(b"words", forged) == [None, None]


def test_ed25519_key_of_small_order_signs_nothing(tmp_path: Path) -> None:
    """Nor does a point under which one signature fits every message: the auditor's file knows no such key."""
    identity = b"\1" + bytes(31)
    forged = sealed(join(b"ssh-ed25519", identity), join(b"ssh-ed25519", identity + bytes(32)))

    class Anybody(set[str]):
        def __contains__(self, _key: object) -> bool:
            return True

    assert openssh_alone(tmp_path, b"words", forged)
    assert verify_bundle.openssh(b"words", forged, EVENT_NAMESPACE, Anybody()) is None
    with pytest.raises(Malformed, match="anybody can sign"):
        signer_of(b"words", forged, EVENT_NAMESPACE)


def test_ed25519_signature_with_a_point_of_small_order_is_none(tmp_path: Path) -> None:
    """Who has the key can leave the secret number out; OpenSSH takes that and libsodium does not, so neither may."""
    key = Ed25519PrivateKey.generate()
    point, first = key.public_key().public_bytes_raw(), b"\1" + bytes(31)
    half = bytearray(hashlib.sha512(key.private_bytes_raw()).digest()[:32])  # RFC 8032, section 5.1.5
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    signed = told(b"words")
    factor = int.from_bytes(hashlib.sha512(first + point + signed).digest(), "little")
    second = factor * int.from_bytes(half, "little") % ORDER
    made = sealed(join(b"ssh-ed25519", point), join(b"ssh-ed25519", first + second.to_bytes(32, "little")))
    assert openssh_alone(tmp_path, b"words", made)
    assert judged(b"words", made) == [None, None]


@pytest.mark.parametrize(("flags", "good"), [(1, True), (5, True), (0, False), (4, False)])
def test_hardware_key_needs_a_touch(tmp_path: Path, flags: int, good: bool) -> None:
    """The flag that somebody was present counts for both, though ``ssh-keygen`` does not ask for it."""
    key, application = Ed25519PrivateKey.generate(), b"ssh:"
    state = bytes([flags]) + (7).to_bytes(4, "big")
    message = hashlib.sha256(application).digest() + state + hashlib.sha256(told(b"words")).digest()
    public = join(HARDWARE, key.public_key().public_bytes_raw(), application)
    made = sealed(public, join(HARDWARE, key.sign(message)) + state)
    assert openssh_alone(tmp_path, b"words", made)
    assert judged(b"words", made) == [keys.from_blob(public) if good else None] * 2


def test_hardware_signature_has_one_spelling(tmp_path: Path) -> None:
    """``ssh-keygen``, whom both ask about hardware keys, takes the group's order on top; both refuse it themselves."""
    key, application, state = Ed25519PrivateKey.generate(), b"ssh:", b"\1\0\0\0\7"
    message = hashlib.sha256(application).digest() + state + hashlib.sha256(told(b"words")).digest()
    public = join(HARDWARE, key.public_key().public_bytes_raw(), application)
    value = key.sign(message)
    good, twin = (sealed(public, join(HARDWARE, each) + state) for each in (value, beyond(value)))
    assert judged(b"words", good) == [keys.from_blob(public)] * 2
    assert openssh_alone(tmp_path, b"words", twin)
    assert judged(b"words", twin) == [None, None]
