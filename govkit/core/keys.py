"""SSH public keys and signatures as text: parsing and the one accepted spelling, no cryptography.

Formats: RFC 4253 section 6.6 (key blobs) and OpenSSH's ``PROTOCOL.sshsig`` (armoured signatures).
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import NamedTuple

from govkit.core import limits
from govkit.core.errors import Malformed

#: Key types that OpenSSH signs with, the ``sk-`` ones on hardware. DSA is broken and left out.
KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
MIN_RSA_BITS = 2048
#: An RSA key of 16,384 bits, the most that OpenSSH takes, has 2,100 bytes.
MAX_BLOB = 4096

# Ed25519's points of small order by their y coordinate (RFC 7748 section 7, RFC 8032 section 5.1): under such a key one
# signature fits every message, and anybody can write it.
_P = 2**255 - 19
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})
#: The order of Ed25519's group: a signature's second number is below it (RFC 8032 section 5.1.7).
_ORDER = 2**252 + 27742317777372353535851937790883648493
_PRESENT = 0x01
#: How the blob of an Ed25519 key begins.
_ED25519 = b"\0\0\0\x0bssh-ed25519"
#: Stands for the 64 bytes of an Ed25519 signature where only what is around them counts.
_ANY_SIGNATURE = b"\2" + bytes(63)

# Bytes of an uncompressed point, by curve; OpenSSH takes no other form (``sshbuf_get_ec``).
_POINTS = {b"nistp256": 65, b"nistp384": 97, b"nistp521": 133}

_BEGIN = b"-----BEGIN SSH SIGNATURE-----"
_END = b"-----END SSH SIGNATURE-----"
_LINE = 70


def normalise(line: str) -> str:
    """Return ``TYPE BASE64`` of a public key line, without its comment.

    Raises:
        Malformed: unless it is one well-formed key of a type in :data:`KEY_TYPES`.
    """
    parts = line.split(None, 2)
    if len(parts) < 2 or parts[0] not in KEY_TYPES:
        raise Malformed("not a public key line; expected e.g. 'ssh-ed25519 AAAA… comment'")
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except ValueError as error:  # also raised for text that is not ASCII
        raise Malformed(f"the key is not base64: {error}") from error
    return from_blob(blob, expected=parts[0])


@lru_cache(maxsize=256)
def from_blob(blob: bytes, *, expected: str | None = None) -> str:
    """Return ``TYPE BASE64`` of a key blob as it stands in a signature.

    Raises:
        Malformed: if the blob is cut short, has bytes to spare, or names another type than ``expected``.
    """
    fields = _fields(blob)
    kind = fields[0].decode("ascii", "replace") if fields else ""
    if kind not in KEY_TYPES or expected not in (None, kind):
        raise Malformed(f"key type {kind!r} is not accepted here")
    check = _check_rsa if kind == "ssh-rsa" else _check_ecdsa if "ecdsa" in kind else _check_ed25519
    check(kind, fields)
    return f"{kind} {base64.b64encode(blob).decode()}"


def _check_ed25519(kind: str, fields: list[bytes]) -> None:
    if len(fields) != _count(kind, 2) or len(fields[1]) != 32:
        raise Malformed("an Ed25519 key has 32 bytes")
    if _is_weak(fields[1]):
        raise Malformed("an Ed25519 key under which anybody can sign")


def _is_weak(point: bytes) -> bool:
    """Tell whether 32 bytes are a point of small order, or no point in its one spelling."""
    y = int.from_bytes(point, "little") % 2**255  # the highest bit is the sign of x
    return y >= _P or y in _SMALL_ORDER


def _check_ecdsa(kind: str, fields: list[bytes]) -> None:
    curve = kind.removesuffix("@openssh.com").rpartition("-")[2].encode()
    if len(fields) != _count(kind, 3) or fields[1] != curve:
        raise Malformed(f"it is not a key on the curve {curve.decode()}")
    if len(fields[2]) != _POINTS[curve] or fields[2][:1] != b"\x04":
        raise Malformed("an ECDSA key is one uncompressed point")


def _count(kind: str, fields: int) -> int:
    """Return how many fields a key has; one on hardware ends with the application that it is for."""
    return fields + 1 if kind.startswith("sk-") else fields


def _check_rsa(_kind: str, fields: list[bytes]) -> None:
    if len(fields) != 3 or int.from_bytes(fields[2], "big").bit_length() < MIN_RSA_BITS:
        raise Malformed(f"an RSA key needs at least {MIN_RSA_BITS} bits")
    # One key must have one spelling, or it could stand under two people.
    _check_shortest(fields[1:])


def _check_shortest(numbers: list[bytes]) -> None:
    """Refuse numbers that are not in their shortest form (RFC 4251 section 5, mpint)."""
    for number in numbers:
        if number[:1] >= b"\x80" or (number[:1] == b"\0" and number[1:2] < b"\x80"):
            raise Malformed("a number that is not in its shortest form")


def fingerprint(key: str) -> str:
    """Return a key's fingerprint as ``ssh-keygen -l`` prints it: ``SHA256:<base64>``."""
    blob = base64.b64decode(key.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _fields(blob: bytes, what: str = "key") -> list[bytes]:
    """Split a blob into its length-prefixed strings (RFC 4251 section 5)."""
    if len(blob) > MAX_BLOB:
        raise Malformed(f"a {what} of {len(blob)} bytes; {MAX_BLOB} are allowed")
    fields, start = [], 0
    while start < len(blob):
        length = int.from_bytes(blob[start : start + 4], "big")
        if start + 4 + length > len(blob):
            raise Malformed(f"a {what} that is cut short")
        fields.append(blob[start + 4 : start + 4 + length])
        start += 4 + length
    return fields


def armour(blob: bytes) -> bytes:
    """Return a signature blob in the one accepted spelling: OpenSSH's, 70 columns, one final newline."""
    text = base64.b64encode(blob)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def dearmour(signature: bytes) -> bytes:
    """Return the blob inside an armoured signature.

    OpenSSH takes re-wrapped lines and text behind the block; here only the spelling of :func:`armour` counts,
    so that a signature has one digest.

    Raises:
        Malformed: for any other spelling.
    """
    limits.check(signature, limits.SIGNATURE, "a signature: ")
    try:
        blob = base64.b64decode(b"".join(signature.split(b"\n")[1:-2]), validate=True)
    except ValueError as error:
        raise Malformed(f"the signature is not base64: {error}") from error
    if not blob or armour(blob) != signature:
        raise Malformed("the signature is not one block in OpenSSH's own spelling")
    return blob


def split_signed(text: bytes) -> tuple[bytes, bytes | None]:
    """Split a Git tag's or commit's signed text into payload and signature block, as Git writes them.

    Returns:
        The payload and the signature block, or None where there is no block.

    Raises:
        Malformed: if there is more than one block, or text behind it.
    """
    if text.count(_BEGIN) > 1:
        raise Malformed("more than one signature block")
    payload, found, _ = text.partition(b"\n" + _BEGIN)
    if not found:
        return text, None
    block = text[len(payload) + 1 :]
    if not block.endswith(_END + b"\n"):
        raise Malformed("text after the signature")
    return payload + b"\n", block


def signed_by(blob: bytes, namespace: str) -> str:
    """Return the key (``TYPE BASE64``) that a signature blob claims to be by; its mathematics is checked elsewhere.

    Args:
        blob: from :func:`dearmour`.
        namespace: what the signature must have been made for.

    Raises:
        Malformed: for another version, purpose or hash, or bytes to spare.
    """
    if blob[:6] != b"SSHSIG" or blob[6:10] != b"\0\0\0\1":
        raise Malformed("not a version 1 SSH signature")
    fields = _fields(blob[10:], "signature")
    if len(fields) != 5:
        raise Malformed("an SSH signature with other fields than it should have")
    key, purpose, reserved, algorithm, signature = fields
    if purpose != namespace.encode():
        raise Malformed(f"signed for the purpose {purpose.decode('utf-8', 'replace')!r}, not {namespace!r}")
    if reserved or algorithm not in (b"sha256", b"sha512"):
        raise Malformed("an SSH signature over another hash than SHA-256 or SHA-512")
    owner = from_blob(key)
    _check_signature(owner.split()[0], signature)
    return owner


class Ed25519Frame(NamedTuple):
    """All of an Ed25519 signature blob but the signature's 64 bytes, which end it.

    Attributes:
        owner: the key, ``TYPE BASE64``.
        point: its 32 bytes.
        algorithm: the hash over the message, ``sha256`` or ``sha512``.
        signed: what stands before the message's hash in the bytes that OpenSSH signs.
    """

    owner: str
    point: bytes
    algorithm: str
    signed: bytes

    def statement(self, message: bytes) -> bytes:
        """Return the bytes that the signature must be over (OpenSSH's ``PROTOCOL.sshsig``)."""
        return self.signed + hashlib.new(self.algorithm, message).digest()


def ed25519_frame(blob: bytes, namespace: str) -> Ed25519Frame | None:
    """Return what an Ed25519 signature blob says around its last 64 bytes; None for another type of key.

    Nearly every signature of a log is by one of a few such keys, so that is worked out once for each of them.

    Raises:
        Malformed: as :func:`signed_by`.
    """
    try:
        frame = _ed25519_frame(blob[:-64], namespace)
    except Malformed:
        signed_by(blob, namespace)  # says what is wrong with the whole
        raise
    if frame is not None:
        _check_ed25519_signature(blob[-64:])
    return frame


@lru_cache(maxsize=256)
def _ed25519_frame(start: bytes, namespace: str) -> Ed25519Frame | None:
    if not start.startswith(_ED25519, 14):  # where the key stands, behind "SSHSIG", a version and its length
        return None
    blob = start + _ANY_SIGNATURE
    owner = signed_by(blob, namespace)
    key, purpose, reserved, algorithm, _ = _fields(blob[10:], "signature")
    size = hashlib.new(algorithm.decode("ascii")).digest_size.to_bytes(4, "big")
    signed = b"".join(len(part).to_bytes(4, "big") + part for part in (purpose, reserved, algorithm))
    return Ed25519Frame(owner, _fields(key, "key")[1], algorithm.decode("ascii"), b"SSHSIG" + signed + size)


def _check_signature(kind: str, signature: bytes) -> None:
    """Refuse a signature in another spelling than OpenSSH's: whoever can rewrite one changes an event's identity.

    Formats: RFC 8332 (RSA), RFC 5656 (ECDSA), RFC 8709 (Ed25519), OpenSSH's ``PROTOCOL.u2f`` (``sk-``: flags and a
    counter follow). ECDSA as such lets everybody make a second signature from a first one; that remains.
    """
    body = signature
    if kind.startswith("sk-"):
        body, flags = signature[:-5], signature[-5:-4]
        if not flags or not flags[0] & _PRESENT:
            raise Malformed("a hardware key's signature for which nobody touched it")
    fields = _fields(body, "signature")
    named = ("rsa-sha2-256", "rsa-sha2-512") if kind == "ssh-rsa" else (kind,)
    if len(fields) != 2 or fields[0] not in [name.encode() for name in named]:
        raise Malformed(f"not a signature of a key of type {kind}")
    if "ecdsa" in kind:
        numbers = _fields(fields[1], "signature")
        if len(numbers) != 2:
            raise Malformed("an ECDSA signature is two numbers")
        _check_shortest(numbers)
    elif "ed25519" in kind:
        _check_ed25519_signature(fields[1])


def _check_ed25519_signature(value: bytes) -> None:
    if len(value) != 64:
        raise Malformed("an Ed25519 signature has 64 bytes")
    # OpenSSH, which checks those of hardware keys, takes the order once more on top: a second spelling.
    if int.from_bytes(value[32:], "little") >= _ORDER:
        raise Malformed("an Ed25519 signature with a number that is not in its shortest form")
    # No signer draws one; of those who check, some take it and some do not, and all must say the same.
    if _is_weak(value[:32]):
        raise Malformed("an Ed25519 signature with a first point of small order")
