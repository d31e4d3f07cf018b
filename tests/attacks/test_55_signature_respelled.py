"""A good signature is written in another way, so that without a key an event gets another identity, and the log a twin.

An event's identity covers its signature. ``sshsig`` reads over bytes behind the signature proper, and OpenSSH over zeros
before the numbers of an ECDSA one: refused, each has one spelling. What is left is that ECDSA lets anybody make a second
signature from a first one; the last test keeps that limit in view.
"""

from __future__ import annotations

import subprocess

import pytest
from rawlog import Raw, entries, rewrite
from sshblobs import join, openssh_accepts, split
from world import World

from govkit.core import keys
from govkit.core.errors import Malformed
from govkit.storage.signatures import EVENT_NAMESPACE, load_key, signer_of

#: The order of the curve P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def respelled(signature: bytes, change: object) -> bytes:
    """Return an armoured signature with its innermost part changed."""
    blob = keys.dearmour(signature)
    *rest, inner = split(blob[10:])
    return keys.armour(blob[:10] + join(*rest, change(inner)))  # type: ignore[operator]


def number(value: int) -> bytes:
    """Return a number as SSH writes it."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def test_last_event_gets_no_twin(requested: World) -> None:
    """The log's last event with bytes behind its signature has no effect; ssh-keygen refuses it as well."""
    *before, last = entries(requested)
    twin = respelled(last.signature or b"", lambda inner: inner + b"twin")
    assert not openssh_accepts(requested, last.event, twin)
    rewrite(requested, [*before, Raw(last.event, twin, last.evidence)])
    assert requested.last().status == "inert"
    assert "its signature is not good: a signature that is cut short" in requested.last().reason
    assert requested.log().state.find_request("scorer@1.1.0#production") is None


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_bytes_behind_are_refused(governed: World, kind: str) -> None:
    """For every type of key."""
    key = governed.folder / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
    signature = load_key(str(key)).sign(b"words", EVENT_NAMESPACE)
    assert signer_of(b"words", signature, EVENT_NAMESPACE) == load_key(str(key)).public
    for extra in (b"\0", b"more", join(b"more")):
        with pytest.raises(Malformed):
            signer_of(b"words", respelled(signature, lambda inner, extra=extra: inner + extra), EVENT_NAMESPACE)


@pytest.fixture
def ecdsa(governed: World) -> tuple[World, str, bytes]:
    """A world, an ECDSA key, and a signature of it over ``words``."""
    path = governed.folder / "ecdsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(path)], check=True)
    key = load_key(str(path))
    return governed, key.public, key.sign(b"words", EVENT_NAMESPACE)


def test_numbers_have_one_spelling(ecdsa: tuple[World, str, bytes]) -> None:
    """OpenSSH reads over zeros before a number; govkit does not."""
    world, _, signature = ecdsa

    def padded(inner: bytes) -> bytes:
        kind, numbers = split(inner)
        first, second = split(numbers)
        return join(kind, join(b"\0\0" + first, second))

    twin = respelled(signature, padded)
    assert openssh_accepts(world, b"words", twin)
    with pytest.raises(Malformed, match="shortest form"):
        signer_of(b"words", twin, EVENT_NAMESPACE)


def test_limit_ecdsa_has_two(ecdsa: tuple[World, str, bytes]) -> None:
    """The limit: of each ECDSA signature there is a second one that everybody accepts; use Ed25519 keys."""
    world, public, signature = ecdsa

    def mirrored(inner: bytes) -> bytes:
        kind, numbers = split(inner)
        first, second = split(numbers)
        return join(kind, join(first, number(ORDER - int.from_bytes(second, "big"))))

    twin = respelled(signature, mirrored)
    assert twin != signature
    assert openssh_accepts(world, b"words", twin)
    assert signer_of(b"words", twin, EVENT_NAMESPACE) == public


def test_control(requested: World) -> None:
    """The same rewriting with the signature as it was made changes nothing."""
    rewrite(requested, entries(requested))
    assert requested.last().status == "good"
    requested.verify()
