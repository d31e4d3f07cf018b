"""A person brings a key with which anybody can sign, to deny later; or a hardware key signs while nobody touches it.

Ed25519 has public keys under which one made-up signature fits every message, and OpenSSH accepts them. A hardware key can
be asked for a signature without a touch by whatever runs on the machine. Both are refused.
"""

from __future__ import annotations

import base64
import hashlib

import forge
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sshblobs import join, openssh_accepts
from world import World

from govkit.core import keys
from govkit.core.errors import Malformed
from govkit.storage.signatures import EVENT_NAMESPACE, signer_of

IDENTITY = b"\x01" + bytes(31)
HARDWARE = b"sk-ssh-ed25519@openssh.com"


def sealed(public: bytes, inner: bytes) -> bytes:
    """Return an armoured signature over anything, put together by hand."""
    purpose = EVENT_NAMESPACE.encode()
    return keys.armour(b"SSHSIG\0\0\0\1" + join(public, purpose, b"", b"sha512", inner))


def signed(message: bytes) -> bytes:
    """Return what an SSH signature over a message is made on."""
    return b"SSHSIG" + join(EVENT_NAMESPACE.encode(), b"", b"sha512", hashlib.sha512(message).digest())


def test_key_of_small_order_signs_nothing(governed: World) -> None:
    """A signature that nobody made fits every message under such a key: OpenSSH takes it, govkit does not."""
    forged = sealed(join(b"ssh-ed25519", IDENTITY), join(b"ssh-ed25519", IDENTITY + bytes(32)))
    for message in (b"one", b"another"):
        assert openssh_accepts(governed, message, forged)
        with pytest.raises(Malformed, match="anybody can sign"):
            signer_of(message, forged, EVENT_NAMESPACE)


def test_key_of_small_order_is_not_adopted(governed: World) -> None:
    """Nor can it stand under a person in a policy."""
    weak = f"ssh-ed25519 {base64.b64encode(join(b'ssh-ed25519', IDENTITY)).decode()}"
    forge.edit_policy(governed, lambda policy: policy["people"]["vera"]["keys"].append(weak))
    assert "anybody can sign" in governed.govkit("policy", "check", expect=1).text
    assert "anybody can sign" in governed.govkit("policy", "propose", "-m", "x", as_="rita", expect=1).text


@pytest.mark.parametrize(("flags", "good"), [(1, True), (5, True), (0, False), (4, False)])
def test_hardware_key_needs_a_touch(governed: World, flags: int, good: bool) -> None:
    """A signature whose flags say that nobody was present is refused, though OpenSSH's check takes it."""
    key, application = Ed25519PrivateKey.generate(), b"ssh:"
    state = bytes([flags]) + (7).to_bytes(4, "big")
    told = hashlib.sha256(application).digest() + state + hashlib.sha256(signed(b"words")).digest()
    public = join(HARDWARE, key.public_key().public_bytes_raw(), application)
    made = sealed(public, join(HARDWARE, key.sign(told)) + state)
    assert openssh_accepts(governed, b"words", made)
    if good:  # the control
        assert signer_of(b"words", made, EVENT_NAMESPACE).startswith("sk-ssh-ed25519@openssh.com ")
    else:
        with pytest.raises(Malformed, match="nobody touched it"):
            signer_of(b"words", made, EVENT_NAMESPACE)
