"""Checks a bundle of evidence that ``govkit bundle`` made, offline, and says what it proves and what it cannot.

Run it as ``python -I verify.py [FOLDER or ZIP] --root sha256:… [--head SIZE:sha256:…]``. It needs Python 3.11 or newer
and OpenSSH's ``ssh-keygen``, and nothing of govkit: it judges every event again by rules of its own making, and
compares with what govkit said. Exit codes: 0 proven, 1 disproven, 2 wrong usage, 3 could not be decided.

Formats: RFC 6962 (Merkle tree), RFC 8785 (canonical JSON), OpenSSH's PROTOCOL.sshsig (signatures).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import itertools
import json
import math
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

Json = dict[str, Any]
MIB = 1024 * 1024
#: Bytes of a bundle, a file, a JSON file, an event, and a file that rules look into; and how many files.
MAX_TOTAL, MAX_FILE, MAX_JSON, MAX_EVENT, MAX_READ = 256 * MIB, 64 * MIB, 16 * MIB, 256 * 1024, MIB
MAX_FILES = 200_000
EVENT_NAMESPACE, TAG_NAMESPACE = "govkit-event", "git"


class Usage(Exception):
    """It was called wrongly (exit code 2)."""


class Disproven(Exception):
    """The bundle is not what it says (exit code 1)."""


class Unproven(Exception):
    """It cannot be told (exit code 3)."""


class Unknown(Unproven):
    """An event of a type or schema that the rules do not know; administrators can acknowledge it."""


class NotAllowed(Exception):
    """An event breaks a rule, so it has no effect."""


def require(condition: object, reason: str) -> None:
    """Raise :class:`NotAllowed` unless a condition holds."""
    if not condition:
        raise NotAllowed(reason)


def sha256(data: bytes) -> str:
    """Return the digest of some bytes as records write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


# -- canonical JSON (RFC 8785) ----------------------------------------------------------------------------------------


def encode(value: Any, depth: int = 0) -> str:
    """Return the one canonical text of a JSON value.

    Raises:
        ValueError: for what has none, such as NaN, or more than 100 levels.
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    if depth >= 100:
        raise ValueError("nested more than 100 levels deep")
    if isinstance(value, list):
        return f"[{','.join(encode(item, depth + 1) for item in value)}]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return f"{{{','.join(f'{encode(key)}:{encode(value[key], depth + 1)}' for key in keys)}}}"


def _number(value: float) -> str:
    """Write a number as ECMAScript does (ECMA-262, Number::toString)."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    if value == 0:
        return "0"
    sign, mantissa, exponent = re.fullmatch(r"(-?)([0-9.]+)(?:e(.+))?", repr(value)).groups("")  # type: ignore[union-attr]
    before, _, after = mantissa.partition(".")
    after = "" if after == "0" else after
    point = len(before) + int(exponent or 0)
    digits = (before + after).lstrip("0")
    point -= len(before + after) - len(digits)
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        whole = digits[:point].ljust(point, "0")
        return sign + whole + (f".{digits[point:]}" if len(digits) > point else "")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if len(digits) > 1 else ''}{digits[1:]}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def decode(data: bytes) -> Any:
    """Return the value of canonical JSON.

    Raises:
        ValueError: if it is not JSON, or not in its one canonical form.
    """

    def integer(text: str) -> int | float:
        if len(text) > 400:
            raise ValueError("a number of more than 400 digits")
        return int(text) if abs(int(text)) < 2**53 else float(text)

    def refuse(text: str) -> NoReturn:
        raise ValueError(f"{text} is not JSON")

    if len(data) > MAX_JSON:
        raise ValueError(f"{len(data)} bytes of JSON are more than the {MAX_JSON} allowed")
    try:
        value = json.loads(data.decode(), parse_int=integer, parse_constant=refuse)
        same = encode(value).encode() == data
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not same:
        raise ValueError("not canonical JSON: equal keys, spacing, key order or number spelling")
    return value


# -- shapes of records ------------------------------------------------------------------------------------------------

#: Whether a value has a shape, under a version of the ledger's rules: rules 2 know more fields than rules 1.
Shape = Callable[[Any, int], bool]


def text(pattern: str = "", low: int = 0, high: int = 20_000) -> Shape:
    """A text that matches a pattern as a whole, of so many characters."""
    known = re.compile(pattern or r"(?s:.*)")
    return lambda v, _: isinstance(v, str) and low <= len(v) <= high and known.fullmatch(v) is not None


def whole(low: int = 0, high: float = math.inf) -> Shape:
    """An integer within bounds."""
    return lambda v, _: type(v) is int and low <= v <= high


def number(low: float = -math.inf, high: float = math.inf) -> Shape:
    """A number within bounds."""
    return lambda v, _: type(v) in (int, float) and low <= v <= high


def words(*known: str, new: Sequence[str] = ()) -> Shape:
    """One of some words; ``new`` ones since rules 2."""
    return lambda v, rules: isinstance(v, str) and (v in known or (rules > 1 and v in new))


def maybe(shape: Shape) -> Shape:
    """Null, or a shape."""
    return lambda v, rules: v is None or shape(v, rules)


def many(shape: Shape) -> Shape:
    """A list."""
    return lambda v, rules: isinstance(v, list) and all(shape(item, rules) for item in v)


def table(key: Shape, shape: Shape) -> Shape:
    """A mapping from names to values."""
    return lambda v, rules: isinstance(v, dict) and all(key(k, rules) and shape(item, rules) for k, item in v.items())


def record(need: Mapping[str, Shape], may: Mapping[str, Shape] = {}, new: Mapping[str, Shape] = {}) -> Shape:
    """A closed mapping: fields that it needs, may have, and may have since rules 2."""

    def fits(value: Any, rules: int) -> bool:
        known = {**need, **may, **(new if rules > 1 else {})}
        return (
            isinstance(value, dict)
            and need.keys() <= value.keys() <= known.keys()
            and all(known[name](item, rules) for name, item in value.items())
        )

    return fits


_PART, _NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", r"[A-Za-z0-9](?:[A-Za-z0-9_/-]*[A-Za-z0-9])?"
_ID, _NUM = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)", r"(?:0|[1-9][0-9]*)"
DIGEST, GIT = text(r"sha256:[0-9a-f]{64}"), text(r"git-sha1:[0-9a-f]{40}")
INSTANT, SPAN = text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"), text(r"[1-9][0-9]{0,4}[hdw]")
MODEL = text(rf"(?:{_PART}(?:/{_PART})*=)?{_NAME}", high=128)
VERSION = text(rf"{_NUM}\.{_NUM}\.{_NUM}(?:-{_ID}(?:\.{_ID})*)?", high=128)
STAGE = text(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?", high=128)
PERSON = text(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", high=64)
ROLE = text(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", high=64)
TEXT, WORDS, LONG, FREE = text(), text(r"(?s:.*\S.*)", low=1), text(high=2000), text(high=16 * MIB)
INDEX, TIER = whole(), words("low", "medium", "high")
ROLES, FREES = many(ROLE), many(FREE)
HEAD = record({"size": INDEX, "root": DIGEST})
TAG = record({"name": text(high=400), "id": GIT})
DIGESTS = record({**dict.fromkeys(("card", "weights", "data", "requirements"), DIGEST), "champion": maybe(DIGEST)})
CONDITION = record({"text": WORDS, "owner": PERSON, "due": INSTANT})
EVENT = record(
    {
        **{"schema": words("govkit.event/v1"), "log": HEAD, "type": text(r"[a-z]+\.[a-z]+", high=64), "time": INSTANT},
        **{"actor": PERSON, "subject": text(low=1, high=128), "body": table(FREE, lambda _v, _r: True)},
        "evidence": table(text(r"[a-z0-9][a-z0-9._-]*", high=100), DIGEST),
    }
)
GENESIS = record({"nonce": text(r"[0-9a-f]{32}"), "remote": LONG}, {"continues": maybe(HEAD)})
REMOVED = record({"key": TEXT}, {"compromised_from": maybe(INDEX)})
_ASKED = {"version": VERSION, "stage": STAGE, "commit": GIT, "digests": DIGESTS, "restores": DIGEST, "policy": DIGEST}
_ASKED |= {"base": INDEX, "index": INDEX, "expires": INSTANT}
#: The bodies of all types of events that this file knows.
BODIES: dict[str, Shape] = {
    "policy.adopted": record({}, {"genesis": maybe(GENESIS), "request": maybe(DIGEST), "removed": many(REMOVED)}),
    "version.registered": record(
        {"version": VERSION, "commit": GIT, "tier": TEXT, "card": DIGEST, "weights": DIGEST, "data": DIGEST, "tag": TAG}
    ),
    "request.opened": record(
        {"action": words("promote", "rollback", "break-glass", "policy", "acknowledge"), "reason": WORDS},
        {**{name: maybe(shape) for name, shape in _ASKED.items()}, "ticket": TEXT},
    ),
    "request.withdrawn": record({"request": DIGEST}, {"reason": TEXT}),
    "decision.recorded": record(
        {"request": DIGEST, "role": TEXT, "decision": words("approve", "reject", "lift"), "meaning": WORDS},
        {"conditions": many(CONDITION), "expires": maybe(INSTANT)},
        {"comment": TEXT},
    ),
    "promotion.recorded": record(
        {
            **{"kind": words("promote", "rollback", "break-glass"), "version": VERSION, "stage": STAGE, "commit": GIT},
            **dict.fromkeys(("card", "weights", "requirements", "policy"), DIGEST),
            **{"request": maybe(DIGEST), "decisions": many(DIGEST), "tag": TAG},
        },
        {"restores": maybe(DIGEST), "reason": TEXT, "ticket": TEXT, "expires": maybe(INSTANT)},
        {"review_by": maybe(INSTANT)},
    ),
    "stage.cleared": record({"stage": STAGE, "reason": WORDS, "tag": TAG}),
    "version.revoked": record({"version": VERSION, "reason": WORDS}),
    "waiver.granted": record(
        {
            **{"gate": TEXT, "version": VERSION, "stage": STAGE, "digests": DIGESTS, "reason": WORDS},
            "expires": INSTANT,
        },
        {"ticket": TEXT},
    ),
    "finding.opened": record({"version": VERSION, "text": WORDS, "owner": PERSON, "due": INSTANT}, {"severity": TEXT}),
    "finding.closed": record({"finding": DIGEST, "resolution": WORDS}),
    "canary.recorded": record(
        {
            **{"canary": TEXT, "step": words("start", "step", "abort", "finish"), "version": VERSION, "stage": STAGE},
            **{"share": number(0, 1), "verdict": words("pass", "fail", "inconclusive", "pending")},
        },
        {"metrics": maybe(DIGEST), "reason": TEXT},
    ),
    "deployment.recorded": record(
        {"promotion": DIGEST, "environment": WORDS, "status": words("started", "succeeded", "failed", "withdrawn")},
        {"config": maybe(DIGEST), "reason": TEXT},
    ),
    "config.changed": record(
        {"environment": WORDS, "what": WORDS, "before": maybe(DIGEST), "after": maybe(DIGEST), "reason": WORDS}
    ),
    "reproduction.recorded": record(
        {
            **{"version": VERSION, "commit": GIT, "outputs": table(FREE, DIGEST)},
            "verdict": words("identical", "within-tolerance", "different"),
        },
        {"stages": FREES},
    ),
    "checkpoint.recorded": record({}, {"mirrors": many(TEXT)}),
    "violation.acknowledged": record({"index": INDEX, "reason": WORDS, "request": DIGEST}),
}
#: The types that only record something; the policy names their writers under ``records``.
RECORDING = {name for name in BODIES if name.split(".")[0] in ("canary", "checkpoint", "config", "deployment")}
RECORDING |= {"waiver.granted", "finding.opened", "finding.closed", "reproduction.recorded"}
TAG_RECORD = record(
    {
        **{"schema": words("govkit.tag/v1"), "ref": text(high=400), "model": MODEL, "commit": GIT, "log": HEAD},
        **{"kind": words("register", "promote", "rollback", "break-glass", "clear"), "version": maybe(VERSION)},
        **{"stage": maybe(STAGE), "policy": DIGEST, "decisions": many(DIGEST), "actor": PERSON},
        **dict.fromkeys(("card", "weights", "requirements", "request"), maybe(DIGEST)),
    }
)

# -- names ------------------------------------------------------------------------------------------------------------


def is_model(name: str) -> bool:
    """Tell whether a text can name a model."""
    parts = name.replace("=", "/").split("/")
    sound = all(part and not part.endswith((".lock", ".")) and ".." not in part for part in parts)
    return MODEL(name, 2) and not name.startswith("-") and sound


def tag_name(name: str) -> Json | None:
    """Take a tag's name apart; None if govkit writes no such name."""
    model, at, version = name.rpartition("@v")
    if at and is_model(model) and VERSION(version, 2) and not version.endswith(".lock"):
        first = f"Registering artifact {model} version v{version}"
        return {"model": model, "kinds": ("register",), "version": version, "first": first}
    found = re.fullmatch(r"([^#]+)#([^#!]+)(!?)#([1-9][0-9]{0,8})", name)
    if found is None or not is_model(found[1]) or not STAGE(found[2], 2):
        return None
    model, stage = found[1], found[2]
    kinds = ("clear",) if found[3] else ("promote", "rollback", "break-glass")
    first = (
        f"Unassigning stage '{stage}' to artifact {model}"
        if found[3]
        else f"Assigning stage {stage} to artifact {model}"
    )
    return {"model": model, "kinds": kinds, "stage": stage, "counter": int(found[4]), "first": first}


def instant(text_: str) -> datetime:
    """Return the instant that a text names; ValueError if there is no such day or hour."""
    return datetime.strptime(text_, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def span(text_: str) -> timedelta:
    """Return how long a span such as ``30d`` is."""
    return timedelta(hours=int(text_[:-1]) * {"h": 1, "d": 24, "w": 168}[text_[-1]])


def real(text_: str) -> str:
    """Return an instant, if there is such a day and hour; else :class:`NotAllowed`."""
    try:
        instant(text_)
    except ValueError as error:
        raise NotAllowed(f"{text_} is no instant") from error
    return text_


def later(start: str, length: str) -> str:
    """Return the instant that lies a span after another."""
    try:
        return (instant(start) + span(length)).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    except (ValueError, OverflowError) as error:
        raise NotAllowed(f"its end cannot be told: {error}") from error


# -- keys and signatures ----------------------------------------------------------------------------------------------

_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_POINTS = {b"nistp256": 65, b"nistp384": 97, b"nistp521": 133}
# Ed25519's field, its group's order, and its points of small order by y (RFC 8032, section 5.1; RFC 7748, section 7).
_PRIME, _ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = (0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH)


def _fields(blob: bytes) -> list[bytes]:
    """Split a blob into its strings (RFC 4251, section 5)."""
    found, start = [], 0
    while start < len(blob) <= 4096:
        end = start + 4 + int.from_bytes(blob[start : start + 4], "big")
        found.append(blob[start + 4 : end])
        start = end
    if start != len(blob):
        raise ValueError("a key or signature that is cut short, or too long")
    return found


def _shortest(numbers: Sequence[bytes]) -> bool:
    """Tell whether numbers are not negative and without zeros to spare (RFC 4251, section 5)."""
    return not any(each[:1] >= b"\x80" or (each[:1] == b"\0" and each[1:2] < b"\x80") for each in numbers)


def _is_point(point: bytes) -> bool:
    """Tell whether bytes are an Ed25519 point in its one spelling, and not of small order.

    Under a key that is, anybody can sign everything; on a signature that begins with one, programs disagree.
    """
    y = int.from_bytes(point, "little") % 2**255
    return len(point) == 32 and y < _PRIME and y not in _SMALL


def key_text(blob: bytes) -> str:
    """Return ``TYPE BASE64`` of a public key; ValueError unless it is one of a type and form that govkit takes."""
    parts = _fields(blob)
    kind, rest = (parts[0].decode("ascii"), parts[1:]) if parts else ("", [])
    if kind.startswith("sk-"):
        rest = rest[:-1]
    if kind in ("ssh-ed25519", "sk-ssh-ed25519@openssh.com"):
        sound = len(rest) == 1 and _is_point(rest[0])
    elif kind == "ssh-rsa":
        sound = len(rest) == 2 and int.from_bytes(rest[1], "big").bit_length() >= 2048
        sound &= _shortest(rest)
    else:
        curve = kind.removesuffix("@openssh.com").rpartition("-")[2].encode()
        known = {*(f"ecdsa-sha2-{name.decode()}" for name in _POINTS), "sk-ecdsa-sha2-nistp256@openssh.com"}
        sound = kind in known and len(rest) == 2 and rest[0] == curve
        sound = sound and len(rest[1]) == _POINTS[curve] and rest[1][:1] == b"\x04"
    if not sound or len(parts) != 1 + len(rest) + kind.startswith("sk-"):
        raise ValueError("not a public key of a known type")
    return f"{kind} {base64.b64encode(blob).decode()}"


def fingerprint(key: str) -> str:
    """Return a key's fingerprint as ``ssh-keygen -l`` prints it."""
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def is_key(line: str) -> bool:
    """Tell whether a text is a public key, spelled ``TYPE BASE64``."""
    try:
        return key_text(base64.b64decode(line.partition(" ")[2], validate=True)) == line
    except ValueError:
        return False


def claimed_key(signature: bytes, namespace: str) -> str:
    """Return the key that a signature says it is by; ValueError unless it has OpenSSH's own form and this purpose."""
    lines = signature.decode("ascii").split("\n")
    blob = base64.b64decode("".join(lines[1:-2]), validate=True)
    body = base64.b64encode(blob).decode()
    spelled = "\n".join(body[start : start + 70] for start in range(0, len(body), 70))
    if not blob or signature != b"%s\n%s\n%s\n" % (_BEGIN, spelled.encode(), _END):
        raise ValueError("the signature is not one block in OpenSSH's own spelling")
    parts = _fields(blob[10:])
    if blob[:10] != b"SSHSIG\0\0\0\1" or len(parts) != 5 or parts[1] != namespace.encode() or parts[2]:
        raise ValueError(f"not a signature made for '{namespace}'")
    if parts[3] not in (b"sha256", b"sha512"):
        raise ValueError("a signature over another hash than SHA-256 or SHA-512")
    key = key_text(parts[0])
    if not _spelled(key.partition(" ")[0], parts[0], parts[4]):
        raise ValueError("a signature in another spelling than OpenSSH's own, or one that nobody touched the key for")
    return key


def _spelled(kind: str, key: bytes, signature: bytes) -> bool:
    """Tell whether a signature has the one spelling that OpenSSH writes.

    ``ssh-keygen`` takes more: zeros before numbers of ECDSA, or left out before one of RSA, Ed25519's second number
    beyond the group's order, RSA with the exponent 1, and hardware keys that nobody touched. Whoever can respell a
    signature needs no key to change an event's identity. Formats: RFC 8332, 5656, 8032 and OpenSSH's PROTOCOL.u2f.
    """
    if kind.startswith("sk-"):
        touched, signature = signature[-5:-4], signature[:-5]
        if not touched or not touched[0] & 1:
            return False
    parts = _fields(signature)
    if len(parts) != 2:
        return False
    name, value = parts
    if kind == "ssh-rsa":
        exponent, modulus = (int.from_bytes(part, "big") for part in _fields(key)[1:])
        size = (modulus.bit_length() + 7) // 8
        return name in (b"rsa-sha2-256", b"rsa-sha2-512") and len(value) == size and exponent >= 3 and exponent % 2 == 1
    if name != kind.encode():
        return False
    if "ed25519" in kind:
        return len(value) == 64 and int.from_bytes(value[32:], "little") < _ORDER and _is_point(value[:32])
    numbers = _fields(value)
    return len(numbers) == 2 and _shortest(numbers)


#: Returns the key whose signature over a message is good, or None; only keys that are ``trusted`` are looked at.
Signer = Callable[[bytes, bytes, str, Container[str]], str | None]


def openssh(message: bytes, signature: bytes, namespace: str, trusted: Container[str]) -> str | None:
    """Ask ``ssh-keygen`` whether a signature is good; see :data:`Signer`."""
    try:
        key = claimed_key(signature, namespace)
    except ValueError:
        return None
    if key not in trusted:
        return None
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        path = Path(folder) / "signature"
        path.write_bytes(signature)
        command = ["ssh-keygen", "-Y", "check-novalidate", "-n", namespace, "-s", str(path)]
        try:
            done = subprocess.run(command, input=message, capture_output=True, check=False, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unproven(f"ssh-keygen did not run: {error}") from error
    return key if done.returncode == 0 else None


# -- the Merkle tree (RFC 6962) ---------------------------------------------------------------------------------------


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def roots_of(leaves: Iterable[bytes]) -> list[str]:
    """Return the root over the first n leaves, for every n."""
    edge: list[tuple[int, bytes]] = []
    found = [sha256(b"")]
    for leaf in leaves:
        size, top = 1, leaf_hash(leaf)
        while edge and edge[-1][0] == size:
            size, top = size * 2, node(edge.pop()[1], top)
        edge.append((size, top))
        for _, left in reversed(edge[:-1]):
            top = node(left, top)
        found.append(f"sha256:{top.hex()}")
    return found


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: str) -> bool:
    """Check an inclusion proof (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, top = index, size - 1, leaf_hash(leaf)
    for sibling in path:
        if last <= 0:
            return False
        if here & 1 or here == last:
            top = node(sibling, top)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            top = node(top, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and f"sha256:{top.hex()}" == root


def leaf_of(event: bytes | None, signature: bytes | None) -> bytes:
    """Return the four lines that stand for an event in the tree."""
    subject = "*"
    try:
        value = decode(event) if event is not None and len(event) <= MAX_EVENT else None
        said = value.get("subject") if isinstance(value, dict) else None
        subject = said if isinstance(said, str) and is_model(said) else "*"
    except ValueError:
        pass
    digests = ("-" if part is None else sha256(part) for part in (event, signature))
    return "".join(f"{line}\n" for line in ("govkit.leaf/v1", subject, *digests)).encode()


# -- the policy -------------------------------------------------------------------------------------------------------


def by_rules(old: Shape, new: Shape) -> Shape:
    """One shape under rules 1, another since rules 2."""
    return lambda v, rules: (new if rules > 1 else old)(v, rules)


def _quorum(value: Any, rules: int) -> bool:
    parts = dict.fromkeys(("all", "any"), many(_quorum))
    return record({}, {"role": maybe(ROLE), "count": whole(1, 100), **parts})(value, rules)


def _gate(value: Any, rules: int) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in (GATES if rules > 1 else ("metric", "fairness", "lineage", "card")):
        return False
    need, may, new = GATES[kind]
    return record({**need, "type": words(kind)}, {**may, "description": FREE}, {**new, "waive": ROLES})(value, rules)


BOOL: Shape = lambda v, _rules: isinstance(v, bool)  # noqa: E731 - beside the other shapes
BOUND, ON, FIRST = maybe(number()), words("value", "lower", "upper", "interval"), words("pass", "fail")
#: By type of gate: the fields that it needs, may have, and may have since rules 2.
GATES: dict[str, tuple[dict[str, Shape], dict[str, Shape], dict[str, Shape]]] = {
    "metric": (
        {"metric": FREE},
        {"min": BOUND, "max": BOUND, "on": ON},
        {"equals": BOUND, "slice": maybe(record({"attribute": FREE, "group": FREE}))},
    ),
    "fairness": (
        {
            **{"attribute": FREE, "rate": FREE, "min_group": whole(1)},
            "compare": words("difference", "ratio", new=["each"]),
        },
        {"min": BOUND, "max": BOUND, "on": ON},
        {},
    ),
    "lineage": ({}, {}, {}),
    "card": ({"sections": FREES}, {}, {"tiers": table(TIER, FREES)}),
    "champion": (
        {"metric": FREE, "direction": words("higher", "lower"), "first": FIRST},
        {"absolute": BOUND, "relative": BOUND, "on": words("value", "lower", "upper")},
        {},
    ),
    "calibration": ({"max": number()}, {"metric": FREE, "on": ON, "min_n": INDEX}, {}),
    "drift": (
        {"statistic": words("psi", "ks"), "max": number(), "first": FIRST},
        {"features": FREES, "min_rows": INDEX},
        {},
    ),
    "data": ({}, {"max_age": maybe(SPAN), "as_of": FREE, "sources": FREES, "pushed": BOOL}, {}),
    "compatibility": ({}, {"require": FREES}, {}),
    "stage": ({"stage": STAGE, "at_least": SPAN}, {}, {}),
    "canary": ({}, {"min_share": number(0, 1)}, {}),
    "artifact": ({"formats": FREES}, {"max_suspicious": INDEX}, {}),
    "reproduced": ({"roles": ROLES}, {"accept": many(words("identical", "within-tolerance"))}, {}),
    "signed-commits": ({}, {}, {}),
    "expression": ({"expression": text(r"(?s:.*\S.*)", 1, 2000)}, {"seconds": whole(1, 10), "says": LONG}, {}),
}
APPROVALS = record(
    {"quorum": _quorum},
    {
        **{"forbid": many(words("registrar", "commit-author", new=["requester"])), "valid_for": maybe(SPAN)},
        **{"commit_authors": words("claimed", "verified"), "lift": ROLES},
    },
    {"review_after": maybe(SPAN), "on_overdue": words("warn", "refuse")},
)
_TIERS = table(TIER, record({}, {"gates": ROLES, "approvals": maybe(APPROVALS)}))
_BREAK_GLASS = record({"approvals": APPROVALS, "lasts": SPAN, "review_within": SPAN}, {"gates": ROLES})
_ROLLBACK = record({}, {"roles": ROLES, "approvals": maybe(APPROVALS)})
_WAYS = {"break_glass": maybe(_BREAK_GLASS), "rollback": maybe(_ROLLBACK), "canary": maybe(record({"gates": ROLES}))}
_STAGE = {"gates": ROLES, "approvals": maybe(APPROVALS), "promote": ROLES, "description": FREE}
_RETIRED = {"key": FREE, "person": PERSON, "reason": words("left", "lost", "compromised")}
_AUDIT = record({}, {"mirrors": FREES, "retention": maybe(SPAN), "freshness": maybe(SPAN)})
POLICY = record(
    {
        **{"schema": words("govkit.policy/v1"), "rules": whole(1), "branches": FREES, "register": ROLES},
        "people": table(
            PERSON,
            record({"name": WORDS}, {"kind": words("person", "service"), "emails": FREES, "keys": FREES}),
        ),
        "roles": table(ROLE, record({"people": many(PERSON)}, {"models": FREES, "tiers": FREES})),
        "admin": record({"roles": ROLES, "approvals": APPROVALS}, {"sole": BOOL}, {"propose": ROLES}),
        "gates": table(ROLE, _gate),
        "stages": table(
            STAGE,
            by_rules(
                record({"gates": ROLES, "approvals": APPROVALS, "promote": ROLES}, {"description": FREE}),
                record({}, {**_STAGE, "inherits": maybe(STAGE), "tiers": _TIERS, **_WAYS}),
            ),
        ),
    },
    {
        **{"revoke": ROLES, "records": table(FREE, ROLES), "description": FREE},
        "meanings": lambda v, rules: (
            FREES(v, rules) or (rules > 1 and table(words("approve", "reject", "lift"), FREES)(v, rules))
        ),
    },
    {"retired": many(record(_RETIRED, {"since": maybe(INDEX)})), "audit": maybe(_AUDIT)},
)


def ways(quorum: Json) -> list[tuple[str, ...]]:
    """Return every way to meet a quorum: the roles that it needs, one entry for each person."""
    if quorum.get("role") is not None:
        return [(quorum["role"],) * quorum.get("count", 1)]
    if quorum.get("any"):
        return [way for part in quorum["any"] for way in ways(part)][:1000]
    found: list[tuple[str, ...]] = [()]
    for part in quorum.get("all", []):
        found = [(*left, *right) for left, right in itertools.product(found, ways(part))][:1000]
    return found


def missing(slots: tuple[str, ...], roles: Mapping[str, Container[str]]) -> list[str]:
    """Return the roles that stay empty when as many as can be are filled, each by another person."""
    filled: dict[int, str] = {}

    def place(person: str, tried: set[int]) -> bool:
        for slot, role in enumerate(slots):
            if role in roles[person] and slot not in tried:
                tried.add(slot)
                if slot not in filled or place(filled[slot], tried):
                    filled[slot] = person
                    return True
        return False

    for person in sorted(roles):
        place(person, set())
    return sorted(role for slot, role in enumerate(slots) if slot not in filled)


def shortfall(quorum: Json, roles: Mapping[str, Container[str]]) -> list[str]:
    """Return the roles that are missing on the shortest way to a quorum; an empty quorum is never met."""
    found = (missing(way, roles) for way in ways(quorum) if way)
    return min(found, key=lambda way: (len(way), way), default=["nobody can: the quorum is empty"])


@dataclass(frozen=True)
class Required:
    """What a policy requires of a model's stage: gates, approvals, break-glass, and the digest that a request binds."""

    gates: tuple[str, ...]
    approvals: Json
    digest: str
    break_glass: Json | None = None


class Policy:
    """A policy, as its ``policy.json`` stands."""

    def __init__(self, raw: Json, digest: str) -> None:
        self.raw, self.digest = raw, digest
        self.rules: int = raw["rules"]
        self.people: dict[str, Json] = raw["people"]
        self.admin: Json = raw["admin"]
        # Of one key under two people, which an adopted policy never has, the first in the order of ids is the owner.
        members = sorted(self.people.items(), reverse=True)
        self.owners = {key: who for who, member in members for key in member.get("keys", [])}

    def is_person(self, who: str) -> bool:
        """Tell whether this is a person: a service never decides."""
        return bool(self.people[who].get("kind", "person") == "person")

    def roles_of(self, person: str, model: str | None = None, tier: str | None = None) -> set[str]:
        """Return the roles that somebody holds, for a model of a tier where one is given."""

        def fits(value: str | None, patterns: list[str]) -> bool:
            return "*" in patterns if value is None else any(fnmatchcase(value, pattern) for pattern in patterns)

        return {
            name
            for name, role in self.raw["roles"].items()
            if person in role["people"]
            and fits(model, role.get("models", ["*"]))
            and fits(tier, role.get("tiers", ["*"]))
        }

    def may(self, person: str, roles: Iterable[str], model: str | None = None, tier: str | None = None) -> bool:
        """Tell whether somebody holds one of some roles."""
        return bool(self.roles_of(person, model, tier) & set(roles))

    def tagger(self, person: str) -> str:
        """Return ``NAME <EMAIL>`` as somebody's tags carry it."""
        member = self.people[person]
        email = (member.get("emails") or [f"{person}@govkit.invalid"])[0]
        name = re.sub(r"[<>\x00-\x1f\x7f]", "", member["name"]).strip() or "unknown"
        address = re.sub(r"[<>\s\x00-\x1f\x7f]", "", email)
        return f"{name} <{address}>"

    def chain(self, stage: str) -> list[str] | None:
        """Return a stage and those that it inherits from; None if that leads to no end."""
        found: list[str] = []
        wanted: str | None = stage
        while wanted is not None:
            if wanted not in self.raw["stages"] or wanted in found or len(found) == 8:
                return None
            found.append(wanted)
            wanted = self.raw["stages"][wanted].get("inherits")
        return found

    def view(self, stage: str, tier: str = "high") -> Json | None:
        """Return gates, approvals, promoting roles and break-glass of a stage for models of a tier, or None."""
        chain = self.chain(stage)
        if chain is None:
            return None
        gates: dict[str, None] = {}
        approvals: Json | None = None
        promote: list[str] = []
        for name in reversed(chain):
            rules = self.raw["stages"][name]
            for part in (rules, rules.get("tiers", {}).get(tier, {})):
                gates |= dict.fromkeys(part.get("gates", []))
                approvals = part.get("approvals") or approvals
            promote = rules.get("promote") or promote
        last = self.raw["stages"][stage].get("break_glass")
        back = self.raw["stages"][stage].get("rollback")
        return {
            **{"gates": tuple(gates), "approvals": approvals, "promote": promote, "break_glass": last},
            **{"rollback": back, "roll_back": (back or {}).get("roles") or promote},
        }

    def requirements(self, model: str, tier: str, stage: str, action: str = "promote") -> Required | None:
        """Return what a model of a tier must meet in a stage; None if there is no such way into it."""
        view = self.view(stage, tier)
        if view is None or view["approvals"] is None:
            return None
        way = {"break-glass": "break_glass", "rollback": "rollback"}.get(action)
        own = view[way] if way else {"approvals": view["approvals"], "gates": list(view["gates"])}
        if own is None or own.get("approvals") is None:
            return None
        gates = tuple(own.get("gates", []))
        if not all(gate in self.raw["gates"] for gate in gates):
            return None
        raw = {way: own} if way else {"approvals": view["approvals"]}
        cut = {"model": model, "tier": tier, "stage": stage, "gates": {g: self.raw["gates"][g] for g in gates}, **raw}
        glass = own if way == "break_glass" else None
        return Required(gates, own["approvals"], sha256(encode(cut).encode()), glass)

    def admin_requirements(self) -> Required:
        """Return what a change of the policy must meet."""
        approvals = self.admin["approvals"]
        return Required((), approvals, sha256(encode({"admin": approvals}).encode()))


def read_policy(data: bytes) -> Policy:
    """Read a ``policy.json`` that somebody wants in force.

    Raises:
        NotAllowed: if it is malformed, or must not be adopted.
        Unproven: if it is of a version that this file does not know.
    """
    try:
        value = decode(data)
    except ValueError as error:
        raise NotAllowed(f"its policy cannot be read: {error}") from error
    rules = value.get("rules") if isinstance(value, dict) else None
    if isinstance(rules, int) and (value.get("schema") != "govkit.policy/v1" or rules not in (1, 2)):
        raise Unproven(f"it adopts rules {rules} of {value.get('schema')}, which this file does not know")
    require(isinstance(rules, int) and POLICY(value, rules), "its policy is malformed")
    policy = Policy(value, sha256(data))
    for fault in _faults(policy):
        raise NotAllowed(f"its policy must not be adopted: {fault}")
    return policy


_OWN_CHECKS = "approvals card commit commit-authors gates log override promotion registration request requirements"
OWN_CHECKS = {*_OWN_CHECKS.split(), "review", "revocation", "tag", "tags"}
SECTIONS = {"owner", "description", "intended_use", "out_of_scope", "limitations", "ethical_risks"}
SECTIONS |= {"human_oversight", "monitoring"}
_CONTRACT = "framework framework_version python format requirements requirements_sha256 hardware limits environments"
CONTRACT = {*_CONTRACT.split(), "regions", "valid_until", "inputs", "outputs"}


def _faults(policy: Policy) -> Iterator[str]:
    """Yield why a policy must not be adopted: no rule is satisfied by being empty, and every name is known."""
    raw, roles = policy.raw, policy.raw["roles"]
    yield from (
        f"'{name}' is empty" for name in ("branches", "people", "roles", "register", "gates", "stages") if not raw[name]
    )
    if policy.rules > 1 and "waiver.granted" in raw.get("records", {}):
        yield "who may waive a gate stands at the gate"
    yield from (f"'{kind}' is no recording event" for kind in raw.get("records", {}) if kind not in RECORDING)
    named = [*raw["register"], *raw.get("revoke", []), *itertools.chain(*raw.get("records", {}).values())]
    yield from _key_faults(policy)
    for name, role in roles.items():
        yield from (f"'{who}' is not among the people" for who in role["people"] if who not in policy.people)
        if not role.get("models", ["*"]) or not role.get("tiers", ["*"]):
            yield f"the role '{name}' counts for nothing"
    for name, gate in raw["gates"].items():
        named += [*gate.get("waive", []), *(gate["roles"] if gate["type"] == "reproduced" else [])]
        if name in OWN_CHECKS and policy.rules > 1:
            yield f"a gate must not be called '{name}'"
        if gate["type"] == "stage" and gate["stage"] not in raw["stages"]:
            yield f"gate '{name}': there is no stage '{gate['stage']}'"
        if not _is_sensible(gate):
            yield f"gate '{name}' could never refuse, or never pass"
    for name, rules in raw["stages"].items():
        named += [*rules.get("promote", []), *(rules.get("rollback") or {}).get("roles", [])]
        yield from _stage_faults(policy, name, rules)
    yield from (f"there is no role '{role}'" for role in named if role not in roles)
    yield from _admin_faults(policy)
    yield from _audit_faults(raw.get("audit"), raw.get("records", {}))


def _stage_faults(policy: Policy, name: str, rules: Json) -> Iterator[str]:
    raw = policy.raw
    view = policy.view(name)
    if view is None or not view["gates"] or not view["promote"] or view["approvals"] is None:
        yield f"stage '{name}' is incomplete"
    glass = rules.get("break_glass") or {}
    back, canary = rules.get("rollback") or {}, rules.get("canary")
    parts = [rules, *rules.get("tiers", {}).values(), glass, back, canary or {}]
    kinds = [raw["gates"].get(gate, {}).get("type", "metric") for gate in (canary or {}).get("gates", [])]
    if canary is not None and (not kinds or not set(kinds) <= {"metric", "champion"}):
        yield f"the canary of stage '{name}' asks nothing, or what traffic cannot show"
    for part in parts:
        yield from (f"there is no gate '{gate}'" for gate in part.get("gates", []) if gate not in raw["gates"])
        if part.get("approvals") is not None:
            yield from _approvals_faults(policy, part["approvals"])
    if glass and span(glass["lasts"]) > span("30d"):
        yield "break-glass is for at most 30d"


_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[::1\])(?::[0-9]{1,5})?"
_LOCAL = r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?"
_MIRROR = re.compile(
    r"file:///[A-Za-z0-9._~+=,@/-]*"
    r"|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9!_.*'()-]+)*/?"
    rf"|(?:https://{_HOST}|http://{_LOCAL})(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?"
)


def _audit_faults(audit: Json | None, records: Json) -> Iterator[str]:
    if audit is None:
        return
    mirrors, retention, fresh = audit.get("mirrors", []), audit.get("retention"), audit.get("freshness")
    if (not mirrors and fresh is None) or len(mirrors) > 16 or len({m.rstrip("/") for m in mirrors}) != len(mirrors):
        yield "'audit' names nothing, the same mirror twice, or more than 16"
    for mirror in mirrors:
        dotted = any(part in (".", "..") for part in mirror.partition("://")[2].split("/"))
        if len(mirror) > 1000 or dotted or not _MIRROR.fullmatch(mirror):
            yield f"'{mirror}' is no mirror"
    if (retention is not None) != any(mirror.startswith("s3://") for mirror in mirrors):
        yield "'retention' is for s3:// mirrors, and these need it"
    if retention is not None and span(retention) > span("36500d"):
        yield "objects are locked for 36500d at most"
    if fresh is not None and not records.get("checkpoint.recorded"):
        yield "nobody may write checkpoints, so nothing would ever be fresh"


def _key_faults(policy: Policy) -> Iterator[str]:
    owners: dict[str, str] = {}
    for who, member in policy.people.items():
        names = [*member.get("keys", []), *(address.lower() for address in member.get("emails", []))]
        yield from (f"{who} has a key that is none" for key in member.get("keys", []) if not is_key(key))
        yield from (f"'{name}' stands under two people" for name in names if owners.setdefault(name, who) != who)
    retired = policy.raw.get("retired", [])
    if len({gone["key"] for gone in retired}) != len(retired):
        yield "a key is out for good twice"
    for gone in retired:
        dated = (gone.get("since") is not None) == (gone["reason"] == "compromised")
        if gone["key"] in policy.owners or not dated or not is_key(gone["key"]):
            yield "a key that is out for good stands under somebody, is none, or is dated wrongly"


def _is_sensible(gate: Json) -> bool:
    """Tell whether a gate's own parameters leave it something to refuse and something to pass."""

    def bounded(low: float | None, high: float | None) -> bool:
        return (low, high) != (None, None) and (low is None or high is None or low <= high)

    kind, low, high = gate["type"], gate.get("min"), gate.get("max")
    if kind == "metric" and gate.get("equals") is not None:
        return (low, high, gate.get("on", "value")) == (None, None, "value")
    if kind in ("metric", "fairness"):
        return bounded(low, high)
    if kind in ("calibration", "drift"):
        limit = 2 * math.log(1e4) if gate.get("statistic") == "psi" else 1
        return bool(0 <= gate["max"] < limit)
    if kind == "data":
        age, as_of, sources = gate.get("max_age"), gate.get("as_of", ""), gate.get("sources", [])
        whole_ = bool(as_of.rpartition(":")[0] and as_of.rpartition(":")[2]) if as_of else True
        return (
            bool(age or sources or gate.get("pushed") or as_of)
            and (age is None) == (not as_of)
            and whole_
            and not any(set(pattern) == {"*"} for pattern in sources)
        )
    if kind == "card":
        tiers = gate.get("tiers", {})
        every = [*gate["sections"], *itertools.chain(*tiers.values())]
        said = gate["sections"] or len(tiers) == 3
        return bool(said) and all(tiers.values()) and SECTIONS.issuperset(every)
    needed = {
        "champion": gate.get("absolute") is not None or gate.get("relative") is not None,
        "compatibility": gate.get("require", ["python"]) != [] and CONTRACT.issuperset(gate.get("require", [])),
        "artifact": bool(gate.get("formats")) and all(name.strip() for name in gate.get("formats", [])),
        "reproduced": bool(gate.get("roles")) and gate.get("accept", ["identical"]) != [],
    }
    return bool(needed.get(kind, True))


def _approvals_faults(policy: Policy, approvals: Json) -> Iterator[str]:
    wrong = list(_quorum_faults(policy, approvals["quorum"], 0))
    wrong += [f"there is no role '{role}'" for role in approvals.get("lift", []) if role not in policy.raw["roles"]]
    if not wrong and (_slots(approvals["quorum"]) > 200 or len(ways(approvals["quorum"])) > 64):
        wrong.append("a quorum is too large")
    yield from wrong


def _quorum_faults(policy: Policy, quorum: Json, depth: int) -> Iterator[str]:
    parts = [*quorum.get("all", []), *quorum.get("any", [])]
    said = [bool(quorum.get("role")), bool(quorum.get("all")), bool(quorum.get("any"))]
    if sum(said) != 1 or depth > 4:
        yield "a quorum is one of: role, all, any"
    elif quorum.get("role") and quorum["role"] not in policy.raw["roles"]:
        yield f"there is no role '{quorum['role']}'"
    for part in parts:
        yield from _quorum_faults(policy, part, depth + 1)


def _slots(quorum: Json) -> int:
    if quorum.get("role") is not None:
        return int(quorum.get("count", 1))
    return sum(_slots(part) for part in (*quorum.get("all", []), *quorum.get("any", [])))


def _admin_faults(policy: Policy) -> Iterator[str]:
    admin, people, roles = policy.admin, policy.people, policy.raw["roles"]
    yield from (f"there is no role '{r}'" for r in (*admin["roles"], *admin.get("propose", [])) if r not in roles)
    admins = {who for who in people if policy.may(who, admin["roles"])}
    keyed = {who for who in admins if people[who].get("keys")}
    if not keyed or (admin.get("sole", False) and len(admins) != 1):
        yield "nobody with a key may change this policy, or 'sole' stands there with several"
    if admin.get("sole", False):
        return
    wrong = list(_approvals_faults(policy, admin["approvals"]))
    yield from wrong
    general = {n for n, role in roles.items() if role.get("models", ["*"]) == role.get("tiers", ["*"]) == ["*"]}
    deciders = {
        who: {name for name in general if who in roles[name]["people"]}
        for who, member in people.items()
        if policy.is_person(who) and member.get("keys")
    }
    others = ({who: held for who, held in deciders.items() if who != asker} for asker in keyed)
    if not wrong and not any(shortfall(admin["approvals"]["quorum"], rest) == [] for rest in others):
        yield "no change of the policy could be approved"


# -- the ledger -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """An event as the bundle shows it: its files, and its evidence by digest."""

    event: bytes | None
    signature: bytes | None
    evidence: Mapping[str, bytes]


@dataclass
class Entry:
    """An event with the verdict on it: ``good``, ``inert``, ``conflict`` or ``undecided``, and why it is not good."""

    index: int
    id: str
    shown: Shown
    value: Json = field(default_factory=dict)
    key: str = ""
    status: str = "good"
    reason: str = ""
    #: The event's effective time is not earlier than the first and, if the bundle tells the truth, is the second:
    #: events of other models, which are not shown, may be dated later than those that are.
    low: str = ""
    high: str = ""

    @property
    def actor(self) -> str:
        """Who signed it."""
        return str(self.value["actor"])

    @property
    def subject(self) -> str:
        """The model that it is about, or ``*``."""
        return str(self.value["subject"])

    @property
    def body(self) -> Json:
        """What it says."""
        found: Json = self.value["body"]
        return found


@dataclass
class Decision:
    """A decision that stood up, and whether its role then might lift other people's rejects."""

    entry: Entry
    lifts: bool

    @property
    def word(self) -> tuple[int, str, bool]:
        """What orders one person's words: the head and time that they signed; of two equal ones the reject is last."""
        value = self.entry.value
        return value["log"]["size"], value["time"], value["body"]["decision"] == "reject"


@dataclass
class Request:
    """A request: ``open``, ``withdrawn``, ``superseded`` or ``done``."""

    entry: Entry
    state: str = "open"
    decisions: list[Decision] = field(default_factory=list)

    @property
    def hold(self) -> tuple[str, ...]:
        """What a reject of it holds for: model, stage and card; or the proposed policy."""
        body = self.entry.body
        if body.get("digests") is not None and body.get("stage") is not None:
            return self.entry.subject, body["stage"], body["digests"]["card"]
        return body["action"], body.get("policy") or str(body.get("index"))


@dataclass
class Promotion:
    """A version that was let into a stage, and whether that or what it goes back to was break-glass; or a clearing."""

    entry: Entry
    override: bool
    cleared: bool = False

    @property
    def body(self) -> Json:
        """What the event says."""
        return self.entry.body


class Ledger:
    """Judges the events of one model, and those of all, one after the other.

    Args:
        leaves: every leaf of the log.
        shown: the events that are shown, by index.
        signer: checks signatures.
        claimed: the effective times that the bundle claims, by index.
    """

    def __init__(
        self, leaves: Sequence[bytes], shown: Mapping[int, Shown], signer: Signer, claimed: Mapping[int, str] = {}
    ) -> None:
        self.leaves, self.shown, self.signer, self.claimed = leaves, shown, signer, claimed
        self.roots = roots_of(leaves)
        self.first_hidden = next(index for index in itertools.count() if index not in shown)
        self.entries: dict[int, Entry] = {}
        self.policies: list[tuple[int, Policy]] = []
        self.key_owners: dict[str, str] = {}
        self.gone: set[str] = set()
        self.compromised: dict[str, int] = {}
        self.versions: dict[tuple[str, str], Entry] = {}
        self.revoked: dict[tuple[str, str], Entry] = {}
        self.requests: dict[str, Request] = {}
        self.holds: dict[tuple[str, ...], dict[str, Decision]] = {}
        self.stages: dict[tuple[str, str], list[Promotion]] = {}
        self.tags: dict[str, int] = {}
        self.findings: dict[str, Json] = {}
        self.conflicts: set[int] = set()
        #: Undecided events, and whether the rules do not know their type or schema.
        self.undecided: dict[int, bool] = {}
        self.violations: set[str] = set()
        self.carried: set[str] = set()
        self.low = self.high = ""

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        require(self.policies, "no policy is in force")
        return self.policies[-1][1]

    def policy_at(self, index: int) -> Policy | None:
        """Return the policy by which an event was judged."""
        return next((policy for start, policy in reversed(self.policies) if start < max(index, 1)), None)

    def run(self) -> None:
        """Judge every event that is shown."""
        for index in sorted(self.shown):
            self.append(index)

    def append(self, index: int) -> Entry:
        """Judge one event and let it have its effect."""
        shown = self.shown[index]
        entry = Entry(index, f"sha256:{leaf_hash(self.leaves[index]).hex()}", shown, low=self.low, high=self.high)
        self.entries[index] = entry
        unknown = False
        try:
            self._judge(entry)
            self.low, self.high = entry.low, entry.high
        except NotAllowed as error:
            entry.status, entry.reason = "inert", str(error)
        except Unproven as error:
            entry.status, entry.reason = "undecided", str(error)
            unknown = isinstance(error, Unknown)
        except Disproven as error:
            entry.status, entry.reason = "conflict", str(error)
        self._note(entry, unknown=unknown)
        return entry

    def _note(self, entry: Entry, *, unknown: bool) -> None:
        """Keep in mind what stops all proof; from rules 2 on the same once more shows nothing new."""
        digest = sha256(entry.shown.event or b"")
        newer = bool(self.policies) and self.policies[-1][1].rules > 1
        if entry.status != "good" and newer and digest in self.violations:
            entry.status, entry.reason, unknown = "inert", "a replay of an event that stopped proof before", False
        if entry.status == "conflict":
            self.conflicts.add(entry.index)
        elif entry.status == "undecided":
            self.undecided[entry.index] = unknown
        if entry.status == "conflict" or unknown:
            self.violations.add(digest)

    def _judge(self, entry: Entry) -> None:
        shown = entry.shown
        value = self._read(entry)
        policy = self._judging_policy(entry, value)
        key = shown.signature and self.signer(shown.event or b"", shown.signature, EVENT_NAMESPACE, policy.owners)
        require(key, "it has no good signature by a key of the policy in force")
        entry.key = str(key)
        person, size = policy.owners[entry.key], value["log"]["size"]
        if size >= len(self.roots) or size > entry.index or self.roots[size] != value["log"]["root"]:
            raise Disproven(f"{person} signed it for another history of this log")
        require(person == entry.actor, f"it names {entry.actor} and is signed by {person}")
        digest = sha256(shown.event or b"")
        if size != entry.index:
            require(value["type"] == "decision.recorded", f"a replay: it was signed for place {size}")
            require(digest not in self.carried, "a replay: this decision was counted before")
        entry.low, entry.high = max(value["time"], self.low), max(value["time"], self.high)
        if entry.index > self.first_hidden:
            entry.high = max(entry.high, self.claimed.get(entry.index, ""))
        if value["type"] not in BODIES:
            raise Unknown(f"this file does not know events of type {value['type']}")
        if any(each not in shown.evidence for each in value["evidence"].values()):
            asked = self.requests.get(str(value["body"].get("request")))
            closed = asked is None or asked.state != "open"
            require(value["type"] != "decision.recorded" or not closed, "the request is not open")
            raise Unproven("its evidence is missing or different")
        rules = 2 if entry.index == 0 else policy.rules
        require(BODIES[value["type"]](value["body"], rules), "its body is malformed")
        require(entry.index > 0 or value["type"] == "policy.adopted", "event 0 must adopt a policy")
        getattr(self, f"_{value['type'].replace('.', '_')}", self._recorded)(entry, value["body"])
        if value["type"] == "decision.recorded":
            self.carried.add(digest)

    def _read(self, entry: Entry) -> Json:
        content = entry.shown.event
        require(content is not None and len(content) <= MAX_EVENT, "it holds no event.json, or a too large one")
        try:
            value = decode(content or b"")
            if EVENT(value, 2) and (value["subject"] == "*" or is_model(value["subject"])):
                instant(value["time"])
                entry.value = value
                return entry.value
        except ValueError as error:
            raise NotAllowed(f"malformed: {error}") from error
        schema = str(value.get("schema", "")) if isinstance(value, dict) else ""
        if schema.startswith("govkit.event/") and schema != "govkit.event/v1" and self.policies:
            trusted, signature = self.policy.owners, entry.shown.signature
            if signature and self.signer(content or b"", signature, EVENT_NAMESPACE, trusted):
                raise Unknown(f"this file does not know {schema}")
        raise NotAllowed("malformed: not an event")

    def _judging_policy(self, entry: Entry, value: Json) -> Policy:
        if entry.index > 0:
            return self.policy
        content = entry.shown.evidence.get(value["evidence"].get("policy.json", ""))
        require(content is not None, "event 0 brings no policy.json")
        return read_policy(content or b"")

    # -- what several rules ask -----------------------------------------------------------------------------------

    @staticmethod
    def _over(end: str, entry: Entry, *, at_once: bool = False) -> bool:
        """Tell whether an end has passed at an event; ``at_once`` if it passes with its last second already.

        Raises:
            Unproven: if that hangs on how events of other models are dated.
        """
        over = [end <= time if at_once else end < time for time in (entry.low, entry.high)]
        if over[0] != over[1]:
            raise Unproven("whether something ended before it hangs on times of events that are not shown")
        return over[0]

    def _model(self, entry: Entry) -> str:
        require(entry.subject != "*", "its subject must be a model")
        return entry.subject

    def _needs_role(self, entry: Entry, roles: Iterable[str], tier: str | None = None) -> None:
        model = None if entry.subject == "*" else entry.subject
        require(self.policy.may(entry.actor, roles, model, tier), f"{entry.actor} holds no role that may do this")

    def _version(self, entry: Entry, version: str) -> Entry:
        key = (self._model(entry), version)
        require(key in self.versions, f"{version} is not registered")
        require(key not in self.revoked, f"{version} is revoked")
        return self.versions[key]

    def _evidence(self, entry: Entry, name: str) -> bytes:
        require(name in entry.value["evidence"], f"it names no evidence '{name}'")
        content = entry.shown.evidence[entry.value["evidence"][name]]
        if len(content) > MAX_READ:
            raise Unproven(f"its evidence '{name}' is too large to be read")
        return content

    def _open_request(self, entry: Entry, identity: Any) -> Request:
        found = self.requests.get(identity) if isinstance(identity, str) else None
        if found is None or found.entry.subject != entry.subject:
            raise NotAllowed("there is no such request for this subject")
        require(found.state == "open", f"the request is {found.state}")
        return found

    def is_stolen(self, entry: Entry) -> bool:
        """Tell whether an event was signed with a key that was compromised by then."""
        return entry.index >= self.compromised.get(entry.key, sys.maxsize)

    def champion(self, model: str, stage: str) -> Promotion | None:
        """Return what serves in a stage, or None."""
        last = self.stages.get((model, stage), [None])[-1]
        return None if last is None or last.cleared or (model, last.body["version"]) in self.revoked else last

    def _champion_id(self, model: str, stage: str) -> str | None:
        found = self.champion(model, stage)
        return found.entry.id if found else None

    def requirements_of(self, request: Request, policy: Policy) -> Required | None:
        """Return what a policy requires of a request; None if it does not know what is asked for."""
        body, model = request.entry.body, request.entry.subject
        if body.get("version") is None or body.get("stage") is None:
            return policy.admin_requirements()
        version = self.versions.get((model, body["version"]))
        if version is None:
            return None
        return policy.requirements(model, version.body["tier"], body["stage"], body["action"])

    def approved(
        self, entry: Entry, identity: Any, action: str, *, alone: bool = False
    ) -> tuple[Request, dict[str, Decision]]:
        """Return an open request that is approved under the policy in force, and the approvals that count.

        Args:
            entry: the event that rests on it.
            identity: the request's.
            action: what it must be for.
            alone: whether nobody's approval is needed.
        """
        request = self._open_request(entry, identity)
        body = request.entry.body
        require(body["action"] == action, f"the request was for {body['action']}")
        ends = body.get("expires")
        require(ends is None or not self._over(ends, entry), "the request has expired")
        require(not self.is_stolen(request.entry), "the request was signed with a compromised key")
        rules = self.requirements_of(request, self.policy)
        bound = body.get("digests")
        if rules is None or (bound is not None and rules.digest != bound["requirements"]):
            raise NotAllowed("the requirements changed since it was opened")
        serving = bound and self._champion_id(entry.subject, body.get("stage") or "")
        require(bound is None or bound["champion"] == serving, "another version serves there since it was opened")
        require(not self.holds.get(request.hold), "a reject holds")
        counted = self._counted(entry, request, rules)
        roles = {person: {decision.entry.body["role"]} for person, decision in counted.items()}
        lacking = shortfall(rules.approvals["quorum"], roles)
        require(alone or not lacking, f"approvals are missing: {', '.join(lacking)}")
        return request, counted

    def _counted(self, entry: Entry, request: Request, rules: Required) -> dict[str, Decision]:
        """Return the approvals of a request that count at an event: the last word of each person who still may."""
        last: dict[str, Decision] = {}
        for decision in request.decisions:
            known = last.get(decision.entry.actor)
            if known is None or decision.word > known.word:
                last[decision.entry.actor] = decision
        version = self.versions.get((request.entry.subject, request.entry.body.get("version") or ""))
        model = request.entry.subject if request.entry.body.get("version") else None
        tier = version.body["tier"] if version else None
        forbidden = version.actor if version and "registrar" in rules.approvals.get("forbid", []) else None
        return {
            person: decision
            for person, decision in last.items()
            if decision.entry.body["decision"] == "approve"
            and decision.entry.body["role"] in self.policy.roles_of(person, model, tier)
            and self.policy.is_person(person)
            and not self.is_stolen(decision.entry)
            and person != forbidden
            and not self._over(decision.entry.body.get("expires") or "~", entry)
        }

    def rejects(self, hold: tuple[str, ...]) -> dict[str, Decision]:
        """Return the rejects that hold, by person, read from the decisions in their order.

        A person's newer word ends their own; a lift by a role that may lift ends those that its signer saw in the log.
        """
        decisions = [d for request in self.requests.values() if request.hold == hold for d in request.decisions]
        holding: dict[str, Decision] = {}
        newest: dict[str, tuple[int, str, bool]] = {}
        for decision in sorted(decisions, key=lambda d: d.entry.index):
            person, word = decision.entry.actor, decision.entry.body["decision"]
            if word == "reject":
                if decision.word >= newest.get(person, decision.word):
                    holding[person] = decision
            elif self.is_stolen(decision.entry):
                continue
            else:
                seen = decision.entry.value["log"]["size"] if decision.lifts and word == "lift" else 0
                holding = {
                    who: reject
                    for who, reject in holding.items()
                    if reject.entry.index >= seen and (who != person or reject.word >= decision.word)
                }
            newest[person] = max(decision.word, newest.get(person, decision.word))
        return holding

    def _own_tag(self, entry: Entry, named: Json) -> Json:
        """Return the record of the event's tag, if the tag is the actor's, made for this event, and new."""
        content, policy = self._evidence(entry, "tag"), self.policy
        header = f"tag {len(content)}\0".encode()
        identity = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
        require(f"git-sha1:{identity}" == named["id"], "its tag has another id than it names")
        payload, begin, rest = content.partition(b"\n" + _BEGIN)
        one_block = content.count(_BEGIN) == 1 and rest.endswith(_END + b"\n")
        require(begin and one_block, "its tag is not signed, or not once")
        key = self.signer(payload + b"\n", _BEGIN + rest, TAG_NAMESPACE, policy.owners)
        require(key and policy.owners.get(key) == entry.actor, "its tag is signed by somebody else")
        said, own, tagger, epoch = read_tag(payload + b"\n")
        parsed = tag_name(own) or {}
        require(own == named["name"] and said["actor"] == entry.actor, "its tag speaks of something else")
        require(said["model"] == self._model(entry), "its tag is of another model")
        stands = (said["log"], said["policy"]) == (entry.value["log"], policy.digest)
        require(stands, "its tag stands on another head or policy")
        seconds = int(instant(entry.value["time"]).timestamp())
        require((tagger, epoch) == (policy.tagger(entry.actor), seconds), "its tag has another tagger or date")
        require(own not in self.tags, "the tag was made before")
        highest = max((n for name, n in self.tags.items() if re.split("[@#]", name)[0] == entry.subject), default=0)
        counter = parsed.get("counter")
        require(counter is None or counter > highest, "its tag's number was used before")
        return said

    def _keep_tag(self, named: Json) -> None:
        self.tags[named["name"]] = (tag_name(named["name"]) or {}).get("counter", 0)

    def _check_due(self, entry: Entry, owner: str, due: str) -> None:
        require(owner in self.policy.people, f"the policy in force does not know '{owner}'")
        require(not self._over(real(due), entry, at_once=True), "the day it is due has passed")

    # -- policies -------------------------------------------------------------------------------------------------

    def _policy_adopted(self, entry: Entry, body: Json) -> None:
        require(entry.subject == "*", "its subject must be '*'")
        first, asked, removed = entry.index == 0, body.get("request"), body.get("removed", [])
        if not first:
            self._needs_role(entry, self.policy.admin["roles"])
        adopted = read_policy(self._evidence(entry, "policy.json"))
        require((body.get("genesis") is not None) == first, "only event 0 opens a log, with nonce and remote")
        if first:
            may = asked is None and adopted.may(entry.actor, adopted.admin["roles"])
            require(may, f"{entry.actor} is no administrator in it")
        else:
            if not (self.policy.admin.get("sole", False) and asked is None):
                request, _ = self.approved(entry, asked, "policy")
                require(request.entry.body["policy"] == adopted.digest, "the request was for another policy")
                current = request.entry.body["base"] == self.policies[-1][0]
                require(current, "the request was made against an older policy")
            self._check_people(adopted)
            if self.policy.rules > 1:
                self._check_removed(adopted, removed)
        for gone in removed:
            sound = is_key(gone["key"]) and gone["key"] not in adopted.owners
            require(sound, "a key that it takes out is none, or still stands under somebody")
        if asked is not None:
            self.requests[asked].state = "done"
        self.gone |= set(self.policies[-1][1].people if self.policies else ()) - set(adopted.people)
        self.key_owners |= adopted.owners
        for gone in removed:
            if gone.get("compromised_from") is not None:
                self.compromised[gone["key"]] = gone["compromised_from"]
        if removed:
            self.holds |= {request.hold: self.rejects(request.hold) for request in self.requests.values()}
        self.policies.append((entry.index, adopted))

    def _check_people(self, adopted: Policy) -> None:
        require(not self.gone & set(adopted.people), "ids of people are never used twice")
        for key, who in adopted.owners.items():
            require(self.key_owners.get(key, who) == who, f"a key of '{who}' belonged to somebody else")
            require(key not in self.compromised, f"a key of '{who}' is reported as compromised")

    def _check_removed(self, adopted: Policy, removed: list[Json]) -> None:
        """Refuse older rules, and keys taken out other than those that the policy takes out."""
        before = self.policy
        require(adopted.rules >= before.rules, "rules never go back to an older version")
        for gone in removed:
            known, start = self.compromised.get(gone["key"]), gone.get("compromised_from")
            sound = known is None or (start is not None and start <= known)
            require(sound, "a key that is reported as compromised does not become sound again")
        listed = {(gone["key"], gone.get("since")) for gone in before.raw.get("retired", [])}
        retired = [(gone["key"], gone.get("since")) for gone in adopted.raw.get("retired", [])]
        since = {key: start for key, start in retired if (key, start) not in listed}
        late = {key for key, start in since.items() if start is not None} - adopted.owners.keys()
        out = sorted((before.owners.keys() - adopted.owners.keys()) | late)
        said = [(gone["key"], gone.get("compromised_from")) for gone in removed]
        require(said == [(key, since.get(key)) for key in out], "it takes out other keys than the policy does")

    def _violation_acknowledged(self, entry: Entry, body: Json) -> None:
        admin = self.policy.admin
        self._needs_role(entry, admin["roles"])
        alone = self.policy.rules > 1 and admin.get("sole", False)
        request, _ = self.approved(entry, body["request"], "acknowledge", alone=alone)
        same = request.entry.body["index"] == body["index"]
        require(same and self._is_violation(entry, body["index"]), "there is no such violation")
        request.state = "done"
        self.conflicts.discard(body["index"])
        self.undecided.pop(body["index"], None)

    def _is_violation(self, entry: Entry, index: int) -> bool:
        """Tell whether an event can be acknowledged; of one that is not shown that is taken on trust."""
        unknown = self.policy.rules > 1 and self.undecided.get(index, False)
        return index in self.conflicts or unknown or (index < entry.index and index not in self.shown)

    # -- versions and requests ------------------------------------------------------------------------------------

    def _version_registered(self, entry: Entry, body: Json) -> None:
        self._needs_role(entry, self.policy.raw["register"], body["tier"])
        model = self._model(entry)
        mine = {version: known.body["commit"] for (name, version), known in self.versions.items() if name == model}
        require(body["version"] not in mine, "the version is registered already")
        require(body["commit"] not in mine.values(), "the commit is another version already")
        require(entry.value["evidence"].get("card.json") == body["card"], "its card is not among its evidence")
        tag = self._own_tag(entry, body["tag"])
        same = ("version", "commit", "card", "weights")
        agree = tag["kind"] == "register" and all(tag[name] == body[name] for name in same)
        require(agree, "its tag says something else")
        self._keep_tag(body["tag"])
        self.versions[model, body["version"]] = entry

    def _version_revoked(self, entry: Entry, body: Json) -> None:
        version = self._version(entry, body["version"])
        self._needs_role(entry, self.policy.raw.get("revoke", []), version.body["tier"])
        self.revoked[entry.subject, body["version"]] = entry

    def _request_opened(self, entry: Entry, body: Json) -> None:
        request, action = Request(entry), body["action"]
        of_model = action not in ("policy", "acknowledge")
        own = {"version", "stage", "commit", "digests"} if of_model else {"policy", "base"}
        own = {"index"} if action == "acknowledge" else own
        (self._asks_for_stage if of_model else self._asks_admins)(entry, body, own)
        older = []
        for other in self.requests.values():
            asked = other.entry.body
            alike = (other.hold[:2], asked.get("version")) == (request.hold[:2], body.get("version"))
            if other.state == "open" and alike:
                mine = action != "policy" or other.entry.actor == entry.actor or self.policy.rules == 1
                require(mine or asked.get("base") != body.get("base"), "somebody asks for the same already")
                older.append(other)
        for other in older:
            other.state = "superseded"
        self.requests[entry.id] = request

    @staticmethod
    def _check_asked(body: Json, own: set[str]) -> None:
        every = {"version", "stage", "commit", "digests", "restores", "policy", "base", "index"}
        require(not any(body.get(name) is not None for name in every - own), "it says more than it asks for")

    def _asks_admins(self, entry: Entry, body: Json, own: set[str]) -> None:
        require(entry.subject == "*", "its subject must be '*'")
        admin, is_policy = self.policy.admin, body["action"] == "policy"
        self._needs_role(entry, [*admin["roles"], *(admin.get("propose", []) if is_policy else [])])
        self._check_asked(body, own)
        if not is_policy:
            index = body.get("index")
            require(index is not None and self._is_violation(entry, index), "there is no such violation")
            return
        proposed = read_policy(self._evidence(entry, "policy.json"))
        require(proposed.digest == body.get("policy"), "it names another policy than its evidence")
        require(body.get("base") == self.policies[-1][0], "it is made against an older policy")
        self._check_people(proposed)

    def _asks_for_stage(self, entry: Entry, body: Json, own: set[str]) -> None:
        back, glass = (body["action"] == each and self.policy.rules > 1 for each in ("rollback", "break-glass"))
        require(body["action"] == "promote" or glass or back, f"the policy has no request for {body['action']}")
        require(not glass or body.get("ticket", "").strip(), "break-glass needs a ticket")
        own = own | ({"restores"} if back else set())
        self._check_asked(body, own)
        require(all(body.get(name) is not None for name in own), "it leaves out what it asks for")
        known, bound = self._version(entry, body["version"]), body["digests"]
        view = self.policy.view(body["stage"], known.body["tier"])
        if view is None:
            raise NotAllowed("the policy in force knows no such stage")
        self._needs_role(entry, view["roll_back"] if back else self.policy.raw["register"], known.body["tier"])
        rules = self.policy.requirements(entry.subject, known.body["tier"], body["stage"], body["action"])
        if rules is None:
            raise NotAllowed("the policy in force has no such way into the stage")
        restored = self._restorable(entry, body["stage"], body["restores"]) if back else None
        require(restored is None or restored.body["version"] == body["version"], "it would go back to another version")
        self._check_bound(known, body["stage"], bound, rules)
        require(body["commit"] == known.body["commit"], "it names another commit than was registered")
        require(entry.value["evidence"].get("card.json") == bound["card"], "its card is not among its evidence")

    def _check_bound(self, version: Entry, stage: str, bound: Json, rules: Required) -> None:
        """Refuse digests that are not those of the version, of what is required, or of what serves."""
        same = all(bound[name] == version.body[name] for name in ("card", "weights", "data"))
        require(same, "it names other bytes than were registered")
        require(bound["requirements"] == rules.digest, "it names other requirements than the policy has")
        serving = self._champion_id(version.subject, stage)
        require(bound["champion"] == serving, "it names another champion than serves")

    def _request_withdrawn(self, entry: Entry, body: Json) -> None:
        request = self._open_request(entry, body["request"])
        require(request.entry.actor == entry.actor, "only its requester can withdraw a request")
        request.state = "withdrawn"

    def _decision_recorded(self, entry: Entry, body: Json) -> None:
        request, policy = self._open_request(entry, body["request"]), self.policy
        person, word, role, asked = entry.actor, body["decision"], body["role"], request.entry.body
        require(policy.is_person(person), f"{person} is a service, and a service never decides")
        rules = self.requirements_of(request, policy)
        if rules is None:
            raise NotAllowed("the policy in force does not know what is asked for")
        version = self.versions.get((request.entry.subject, asked.get("version") or ""))
        model, tier = (request.entry.subject, version.body["tier"]) if version else (None, None)
        require(role in policy.roles_of(person, model, tier), f"{person} does not hold the role '{role}'")
        may_lift = rules.approvals.get("lift", [])
        roles = {name for way in ways(rules.approvals["quorum"]) for name in way}
        require(role in roles | set(may_lift if word == "lift" else []), "nobody in this role is asked here")
        meanings = policy.raw.get("meanings", [])
        meanings = meanings.get(word, []) if isinstance(meanings, dict) else meanings
        require(not meanings or body["meaning"] in meanings, "the policy has no such meaning")
        name, bound = "policy.json", asked.get("policy")
        if asked.get("digests") is not None:
            name, bound = "card.json", asked["digests"]["card"]
        require(bound is None or entry.value["evidence"].get(name) == bound, f"it was made on another {name}")
        valid_for = rules.approvals.get("valid_for")
        if word == "approve":
            require(person != request.entry.actor, f"{person} asked for this, and nobody approves their own request")
            latest = later(entry.value["time"], valid_for) if valid_for else None
            in_time = latest is None or (body.get("expires") is not None and body["expires"] <= latest)
            require(in_time, f"an approval must end within {valid_for}")
        if asked["action"] in ("rollback", "break-glass"):
            usual = policy.requirements(request.entry.subject, tier or "high", asked.get("stage") or "")
            may_lift = [each for each in may_lift if usual and each in usual.approvals.get("lift", [])]
        lifts = role in may_lift and person != request.entry.actor
        if policy.rules > 1:
            self._check_words(entry, request, body, lifts=lifts)
        request.decisions.append(Decision(entry, lifts))
        if word == "reject" or self.holds.get(request.hold):
            self.holds[request.hold] = self.rejects(request.hold)

    def _check_words(self, entry: Entry, request: Request, body: Json, *, lifts: bool) -> None:
        word, conditions = body["decision"], body.get("conditions", [])
        require(word != "reject" or body.get("comment", "").strip(), "a reject says why")
        own = entry.actor in self.holds.get(request.hold, {})
        require(word != "lift" or lifts or own, f"{entry.actor} may not lift what others rejected")
        require(not conditions or word == "approve", "only an approval has conditions")
        for condition in conditions:
            self._check_due(entry, condition["owner"], condition["due"])
        for number_ in range(len(conditions)):
            identity = sha256(encode([entry.id, number_]).encode())
            self.findings[identity] = {"model": request.entry.subject, "reviewed": None, "open": True}

    # -- stages ---------------------------------------------------------------------------------------------------

    def _promotion_recorded(self, entry: Entry, body: Json) -> None:
        version, view = self._version(entry, body["version"]), self.policy.view(body["stage"])
        if view is None:
            raise NotAllowed("the policy in force knows no such stage")
        roles = view["roll_back"] if body["kind"] == "rollback" else view["promote"]
        self._needs_role(entry, roles, version.body["tier"])
        same = all(body[name] == version.body[name] for name in ("commit", "card", "weights"))
        require(same, "it names other bytes than were registered")
        require(body["policy"] == self.policy.digest, "it names another policy than the one in force")
        tag = self._own_tag(entry, body["tag"])
        told = (
            "kind",
            "version",
            "stage",
            "commit",
            "card",
            "weights",
            "requirements",
            "policy",
            "request",
            "decisions",
        )
        require(all(tag[name] == body[name] for name in told), "its tag says something else")
        override = self._restored(entry, body) if body["kind"] == "rollback" else self._asked_for(entry, body)
        if body["kind"] == "break-glass":
            later(entry.value["time"], view["break_glass"]["review_within"])
            self.findings[entry.id] = {"model": entry.subject, "reviewed": entry.actor, "open": True}
        self._keep_tag(body["tag"])
        if body["request"] is not None:
            self.requests[body["request"]].state = "done"
        self.stages.setdefault((entry.subject, body["stage"]), []).append(Promotion(entry, override))

    def _asked_for(self, entry: Entry, body: Json) -> bool:
        glass = body["kind"] == "break-glass" and self.policy.rules > 1
        require(body["kind"] == "promote" or glass, f"the policy in force has no {body['kind']}")
        asked = self._open_request(entry, body["request"]).entry.body
        same = (asked.get("version"), asked.get("stage")) == (body["version"], body["stage"])
        require(same and asked.get("digests") is not None, "the request was for something else")
        require(body["requirements"] == asked["digests"]["requirements"], "it names other requirements")
        rules = self._check_quorum(entry, body)
        if self.policy.rules > 1:
            self._check_ends(entry, body, rules)
        return glass

    def _check_quorum(self, entry: Entry, body: Json) -> Required:
        request, counted = self.approved(entry, body["request"], body["kind"])
        listed = {person: one for person, one in counted.items() if one.entry.id in body["decisions"]}
        distinct = len(listed) == len(set(body["decisions"])) == len(body["decisions"])
        require(distinct, "it rests on a decision that does not count")
        rules = self.requirements_of(request, self.policy)
        if rules is None:
            raise NotAllowed("the policy in force does not know what was asked for")
        roles = {person: {one.entry.body["role"]} for person, one in listed.items()}
        require(not shortfall(rules.approvals["quorum"], roles), "the decisions it names are not enough")
        return rules

    @staticmethod
    def _check_ends(entry: Entry, body: Json, rules: Required) -> None:
        """Refuse an override, or a promotion that must be reviewed, without its end in time; and other ends."""
        glass, review = rules.break_glass, rules.approvals.get("review_after")
        words_ = all(body.get(name, "").strip() for name in ("reason", "ticket"))
        require(not glass or words_, "break-glass needs a reason and a ticket")
        spans = {"expires": glass and glass["lasts"], "review_by": None if glass else review}
        for name, length in spans.items():
            end = body.get(name)
            latest = later(entry.value["time"], length) if length else None
            in_time = end is None if latest is None else end is not None and real(end) <= latest
            require(in_time, f"'{name}' is not what the policy asks for")

    def _restorable(self, entry: Entry, stage: str, identity: str | None) -> Promotion:
        earlier = self.stages.get((entry.subject, stage), [])
        found = next((one for one in earlier if not one.cleared and one.entry.id == identity), None)
        if found is None or self.is_stolen(found.entry):
            raise NotAllowed("it goes back to no promotion into this stage, or to one by a compromised key")
        return found

    def _restored(self, entry: Entry, body: Json) -> bool:
        found = self._restorable(entry, body["stage"], body.get("restores"))
        same = all(found.body[name] == body[name] for name in ("version", "requirements"))
        require(same, "it says something else than what it goes back to")
        self._check_yes(entry, body)
        if self.policy.rules > 1:
            ends = [(each.get("expires"), each.get("review_by")) for each in (found.body, body)]
            require(ends[0] == ends[1], "it ends at another time than what it goes back to")
            over = body.get("expires") is not None and self._over(body["expires"], entry)
            require(not over, "the override it goes back to has ended")
        return found.override

    def _check_yes(self, entry: Entry, body: Json) -> None:
        """Refuse a rollback without the yes that the policy wants, or one that names a yes it does not want."""
        tier = self._version(entry, body["version"]).body["tier"]
        if self.policy.requirements(entry.subject, tier, body["stage"], "rollback") is None:
            require(body["request"] is None and not body["decisions"], "the policy wants nobody's yes for a rollback")
            return
        require(body["request"] is not None, "the policy wants a rollback to be asked for and approved")
        asked = self._open_request(entry, body["request"]).entry.body
        same = all(asked.get(name) == body[name] for name in ("version", "stage", "restores"))
        require(same, "the request was for something else")
        self._check_quorum(entry, body)

    def _stage_cleared(self, entry: Entry, body: Json) -> None:
        view, last = self.policy.view(body["stage"]), self.stages.get((self._model(entry), body["stage"]), [None])[-1]
        if view is None or last is None or last.cleared:
            raise NotAllowed("nothing serves there, or the policy in force knows no such stage")
        self._needs_role(entry, view["promote"], "*")
        tag = self._own_tag(entry, body["tag"])
        said = (tag["kind"], tag["stage"], tag["version"], tag["commit"])
        require(
            said == ("clear", body["stage"], last.body["version"], last.body["commit"]), "its tag says another thing"
        )
        self._keep_tag(body["tag"])
        self.stages[entry.subject, body["stage"]].append(Promotion(entry, override=False, cleared=True))

    # -- what only records something ------------------------------------------------------------------------------

    def _recorded(self, entry: Entry, body: Json) -> None:
        tier = self._version(entry, body["version"]).body["tier"] if "version" in body else None
        self._needs_role(entry, self.policy.raw.get("records", {}).get(entry.value["type"], []), tier)

    def _canary_recorded(self, entry: Entry, body: Json) -> None:
        known = self.policy.rules == 1 or self.policy.view(body["stage"]) is not None
        require(known, "the policy in force knows no such stage")
        self._recorded(entry, body)

    def _reproduction_recorded(self, entry: Entry, body: Json) -> None:
        version = self._version(entry, body["version"])
        same = self.policy.rules == 1 or body["commit"] == version.body["commit"]
        require(same, "it reproduces another commit than was registered")
        self._recorded(entry, body)

    def _deployment_recorded(self, entry: Entry, body: Json) -> None:
        every = [
            one.entry
            for (model, _), found in self.stages.items()
            if model == entry.subject
            for one in found
            if not one.cleared
        ]
        known = self.policy.rules == 1 or any(each.id == body["promotion"] for each in every)
        require(known, "there is no such promotion of this model")
        self._recorded(entry, body)

    def _waiver_granted(self, entry: Entry, body: Json) -> None:
        if self.policy.rules == 1:
            self._recorded(entry, body)
            return
        version, person = self._version(entry, body["version"]), entry.actor
        rules = self.policy.requirements(entry.subject, version.body["tier"], body["stage"])
        if rules is None or body["gate"] not in rules.gates:
            raise NotAllowed("the stage asks for no such gate")
        self._needs_role(entry, self.policy.raw["gates"][body["gate"]].get("waive", []), version.body["tier"])
        fit = self.policy.is_person(person) and person != version.actor and body.get("ticket", "").strip()
        require(fit, "a waiver is by a person who did not register the version, with a ticket")
        self._check_bound(version, body["stage"], body["digests"], rules)
        require(not self._over(real(body["expires"]), entry, at_once=True), "its end has passed")

    def _finding_opened(self, entry: Entry, body: Json) -> None:
        if self.policy.rules > 1:
            self._check_due(entry, body["owner"], body["due"])
        self._recorded(entry, body)
        self.findings[entry.id] = {"model": entry.subject, "reviewed": None, "open": True}

    def _finding_closed(self, entry: Entry, body: Json) -> None:
        finding = self.findings.get(body["finding"])
        if self.policy.rules > 1:
            if finding is None or finding["model"] != entry.subject or not finding["open"]:
                raise NotAllowed("there is no such finding for this subject, or it is closed")
            require(finding["reviewed"] != entry.actor, "who promoted by break-glass does not review it")
        self._recorded(entry, body)
        if finding is not None:
            finding["open"] = False


_TAG = re.compile(
    rb"object ([0-9a-f]{40})\ntype commit\ntag ([^\n]*)\ntagger ([^\n]* <[^\n<>]*>) ([0-9]{1,12}) \+0000\n\n"
    rb"([^\n]*)\n\n([^\n]*)\n"
)


def read_tag(payload: bytes) -> tuple[Json, str, str, int]:
    """Return a tag's record, own name, tagger and date, if it is a tag of govkit's whose parts agree.

    Raises:
        NotAllowed: if it is anything else.
    """
    try:
        found = _TAG.fullmatch(payload)
        commit, own, tagger, epoch, first, line = (part.decode() for part in found.groups()) if found else [""] * 6
        said, name = decode(line.encode()), tag_name(own)
    except ValueError as error:
        raise NotAllowed(f"its tag is malformed: {error}") from error
    if name is None or first != name["first"] or not TAG_RECORD(said, 2):
        raise NotAllowed("its tag is not one of govkit's")
    agree = (said["ref"], said["model"], said["commit"]) == (own, name["model"], f"git-sha1:{commit}")
    agree = agree and said["kind"] in name["kinds"]
    agree = agree and all(said[part] == name[part] for part in ("stage", "version") if part in name)
    require(agree, "its tag's record speaks of something else than the tag")
    return said, own, tagger, int(epoch)


# -- the bundle -------------------------------------------------------------------------------------------------------

MANIFEST = record(
    {
        "schema": words("govkit.bundle/v1"),
        "files": many(record({"name": text(r"[A-Za-z0-9_./-]+", high=200), "sha256": DIGEST, "size": INDEX})),
    }
)
_SERVING = record({"version": VERSION, "promotion": DIGEST, "kind": FREE, "override": BOOL})
CLAIMS = record(
    {
        **{"schema": words("govkit.bundle-claims/v1"), "govkit": FREE, "model": MODEL, "version": VERSION},
        **{"root_of_trust": DIGEST, "remote": FREE, "head": HEAD, "serving": table(STAGE, maybe(_SERVING))},
        "events": table(
            text(r"0|[1-9][0-9]{0,8}"),
            record({"status": FREE, "reason": FREE, "effective": lambda v, rules: v == "" or INSTANT(v, rules)}),
        ),
        "bytes": record({**dict.fromkeys(("proven", "on_trust", "unread", "differences"), FREES), "problem": FREE}),
    }
)
_FIXED = {"VERIFY.md", "verify.py", "card.json", "claims.json", "leaves.txt", "lineage.json"}
_NUMBERED = re.compile(
    r"(?:events/[0-9]{5,9}/event\.json(?:\.sig)?|(?:proofs|gates)/[0-9]{5,9}\.json|evidence/[0-9a-f]{64})"
)


def read_files(path: Path) -> dict[str, bytes]:
    """Return every file of a bundle by its name, from a folder or a zip.

    Raises:
        Usage: if there is no such folder or file.
        Disproven: if it holds what no bundle holds, or too much of it.
    """
    try:
        if path.is_dir():
            return _bounded(_folder(path))
        if not path.is_file():
            raise Usage(f"there is no bundle at {path}")
        require_(path.stat().st_size <= MAX_TOTAL + 64 * MIB, "the zip is too large")
        with zipfile.ZipFile(path) as archive:
            return _bounded(_members(archive))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OverflowError) as error:
        raise Disproven(f"it is no sound zip: {error}") from error
    except OSError as error:
        raise Usage(f"the bundle cannot be read: {error}") from error


def require_(condition: object, reason: str) -> None:
    """Raise :class:`Disproven` unless a condition holds."""
    if not condition:
        raise Disproven(reason)


def _bounded(found: Iterable[tuple[str, int, Callable[[], bytes]]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for name, size, read in found:
        total += size
        require_(size <= MAX_FILE and total <= MAX_TOTAL and len(files) < MAX_FILES, "there is too much in the bundle")
        require_(name in _FIXED or name == "manifest.json" or _NUMBERED.fullmatch(name), f"no bundle holds {name!r}")
        require_(name not in files, f"{name} is there twice")
        files[name] = read()
        require_(len(files[name]) == size, f"{name} is not as large as it says")
    return files


def _folder(top: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    waiting = [top]
    while waiting:
        for entry in sorted(os.scandir(waiting.pop()), key=lambda each: each.name):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                require_(len(waiting) < MAX_FILES and len(path.relative_to(top).parts) < 3, "folders lie too deep")
                waiting.append(path)
                continue
            facts = entry.stat(follow_symlinks=False)
            name = path.relative_to(top).as_posix()
            require_(stat.S_ISREG(facts.st_mode), f"{name!r} is not a plain file")
            yield name, facts.st_size, path.read_bytes


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    for info in archive.infolist():
        plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG) and not info.flag_bits & 1
        stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        require_(plain and stored, f"{info.filename!r} is not a plain, uncompressed file")
        yield info.filename, info.file_size, partial(archive.read, info)


def check_manifest(files: Mapping[str, bytes]) -> None:
    """Make sure that every file is what the manifest says, and that nothing else is there."""
    manifest = _canonical(files, "manifest.json", MANIFEST)
    names = [file["name"] for file in manifest["files"]]
    require_(names == sorted(set(names)), "the manifest names a file twice, or out of order")
    there = files.keys() - {"manifest.json"}
    require_(there <= set(names), f"not in the manifest: {', '.join(sorted(there - set(names))[:3])}")
    require_(there >= set(names), f"missing from the bundle: {', '.join(sorted(set(names) - there)[:3])}")
    for file in manifest["files"]:
        content = files[file["name"]]
        same = (file["sha256"], file["size"]) == (sha256(content), len(content))
        require_(same, f"{file['name']} is not what the manifest says")


def _canonical(files: Mapping[str, bytes], name: str, shape: Shape) -> Json:
    require_(name in files, f"the bundle holds no {name}")
    try:
        value = decode(files[name])
    except ValueError as error:
        raise Disproven(f"{name}: {error}") from error
    require_(shape(value, 2), f"{name} is malformed")
    found: Json = value
    return found


class Bundle:
    """A bundle whose files fit together, and the ledger over what it shows.

    Args:
        files: every file by its name.
        signer: checks signatures.

    Raises:
        Disproven: if something does not fit.
    """

    def __init__(self, files: Mapping[str, bytes], signer: Signer) -> None:
        self.files = files
        check_manifest(files)
        self.claims = _canonical(files, "claims.json", CLAIMS)
        self.model, self.version = self.claims["model"], self.claims["version"]
        require_(files.keys() >= _FIXED, f"missing: {', '.join(sorted(_FIXED - files.keys()))}")
        self.leaves = self._read_leaves(files["leaves.txt"])
        claimed = {int(index): event["effective"] for index, event in self.claims["events"].items()}
        self.ledger = Ledger(self.leaves, self._read_events(), signer, claimed)
        self.root = f"sha256:{leaf_hash(self.leaves[0]).hex()}"
        self.head = {"size": len(self.leaves), "root": self.ledger.roots[-1]}
        require_(self.claims["head"] == self.head, "the leaves do not make up the head")
        require_(self.claims["root_of_trust"] == self.root, "the first leaf is not the root of trust that it claims")
        self._check_proofs()

    @staticmethod
    def _read_leaves(content: bytes) -> list[bytes]:
        lines = content.split(b"\n")
        require_(len(lines) > 4 and len(lines) % 4 == 1 and not lines[-1], "leaves.txt does not hold four lines a leaf")
        leaves = [b"".join(line + b"\n" for line in lines[start : start + 4]) for start in range(0, len(lines) - 1, 4)]
        form = re.compile(rb"govkit\.leaf/v1\n([^\n]+)\n(?:-|sha256:[0-9a-f]{64})\n(?:-|sha256:[0-9a-f]{64})\n")
        for index, leaf in enumerate(leaves):
            found = form.fullmatch(leaf)
            subject = found[1].decode("utf-8", "replace") if found else ""
            require_(subject == "*" or (subject and is_model(subject)), f"leaf {index} cannot be read")
        return leaves

    def _read_events(self) -> dict[int, Shown]:
        """Return the events: all of this model and of all models, and no others, each as its leaf says."""
        wanted = (self.model.encode(), b"*")
        needed = {index for index, leaf in enumerate(self.leaves) if leaf.split(b"\n")[1] in wanted}
        evidence = {f"sha256:{n[9:]}": data for n, data in self.files.items() if n.startswith("evidence/")}
        for digest, content in evidence.items():
            require_(sha256(content) == digest, f"evidence {digest} is something else")
        shown: dict[int, Shown] = {}
        named: set[str] = set()
        for index in sorted(needed):
            parts = [self.files.get(f"events/{index:05}/{name}") for name in ("event.json", "event.json.sig")]
            digests = self.leaves[index].split(b"\n")[2:4]
            for part, said, what in zip(parts, digests, ("event", "signature"), strict=True):
                left_out = part is None and said != b"-"
                require_(not left_out, f"the {what} of event {index} is left out, which is about this model or all")
                right = (b"-" if part is None else sha256(part).encode()) == said
                require_(right, f"the {what} of event {index} is not the log's")
            require_(leaf_of(*parts) == self.leaves[index], f"event {index} does not fit its leaf")
            shown[index] = Shown(parts[0], parts[1], evidence)
            named |= set(re.findall(r'"(sha256:[0-9a-f]{64})"', (parts[0] or b"").decode("utf-8", "replace")))
        places = {f"{index:05}" for index in needed}
        for name in self.files:
            kind, _, rest = name.partition("/")
            require_(kind != "events" or rest[:-1].split("/")[0] in places, f"{name} is not about this model")
        require_(evidence.keys() <= named, "there is evidence that no event names")
        return shown

    def _check_proofs(self) -> None:
        """Check the inclusion proofs, one for each event that is shown."""
        places = {f"proofs/{index:05}.json" for index in self.ledger.shown}
        require_(
            places == {n for n in self.files if n.startswith("proofs/")},
            "an inclusion proof is missing, or one too many",
        )
        for index in self.ledger.shown:
            name = f"proofs/{index:05}.json"
            proof = _canonical(self.files, name, lambda v, _: isinstance(v, dict))
            leaf = self.leaves[index]
            said = {
                "schema": "govkit.proof/v1",
                "kind": "inclusion",
                "index": index,
                "leaf": leaf.decode(),
                **self.head,
            }
            said |= {"leaf_hash": f"sha256:{leaf_hash(leaf).hex()}", "path": proof.get("path")}
            said |= dict.fromkeys(("old_size", "old_root"))
            require_(proof == said and many(DIGEST)(proof["path"], 2), f"{name} is about something else")
            path = [bytes.fromhex(digest[7:]) for digest in proof["path"]]
            right = is_included(leaf, index, len(self.leaves), path, self.ledger.roots[-1])
            require_(right, f"{name} does not lead to the head")

    def check_pins(self, root: str | None, head: str | None) -> None:
        """Hold root and head against what the auditor knows from elsewhere."""
        require_(root in (None, self.root), f"this is another log: its root of trust is {self.root}")
        size, _, digest = (head or "0").partition(":")
        require_(int(size) <= len(self.leaves), f"the bundle's log ends at {len(self.leaves)}, before the head {size}")
        same = not digest or self.ledger.roots[int(size)] == digest
        require_(same, f"the log had another root at size {size}: its history was rewritten")

    # -- what the log says ------------------------------------------------------------------------------------------

    def check_documents(self) -> None:
        """Make sure that card, lineage and gate reports are those of what the log says."""
        registered = self.ledger.versions.get((self.model, self.version))
        if registered is None:
            raise Disproven(f"the log knows no version {self.version} of this model")
        require_(sha256(self.files["card.json"]) == registered.body["card"], "card.json is not the registered card")
        card = _canonical(self.files, "card.json", lambda v, _: isinstance(v, dict))
        try:
            made = {name: card[name] for name in ("weights", "lineage")}
            made |= {"schema": "govkit.lineage/v1", "model": card["model"]["name"], "edges": edges(card)}
            right = encode(made).encode() == self.files["lineage.json"]
        except (KeyError, TypeError, AttributeError) as error:
            raise Disproven("card.json is no card") from error
        require_(right, "lineage.json is not the card's")
        self._check_reports()

    def _check_reports(self) -> None:
        wanted = {f"gates/{one.entry.index:05}.json": one for one in self.promotions()}
        require_(
            wanted.keys() == {n for n in self.files if n.startswith("gates/")},
            "a gate report is missing, or one too many",
        )
        for name, promotion in wanted.items():
            report = _canonical(self.files, name, lambda v, _: isinstance(v, dict))
            original = self.original(promotion)
            start, policy = next(each for each in reversed(self.ledger.policies) if each[0] < original.entry.index)
            said = {"schema": "govkit.gate/v1", "model": self.model, "version": self.version, "policy_event": start}
            said |= {"policy": policy.digest, **{key: original.body[key] for key in ("stage", "requirements")}}
            require_(said.items() <= report.items(), f"{name} is about another promotion")

    def promotions(self) -> list[Promotion]:
        """Return the promotions of the version that the bundle is about, oldest first."""
        every = [one for (model, _), found in self.ledger.stages.items() if model == self.model for one in found]
        mine = [one for one in every if not one.cleared and one.body["version"] == self.version]
        return sorted(mine, key=lambda one: one.entry.index)

    def original(self, promotion: Promotion) -> Promotion:
        """Return the promotion that was approved: of a rollback, the one that it goes back to in the end."""
        earlier = {one.entry.id: one for one in self.ledger.stages[self.model, promotion.body["stage"]]}
        while promotion.body["kind"] == "rollback":
            promotion = earlier[promotion.body["restores"]]
        return promotion

    def differences(self) -> Iterator[str]:
        """Yield where govkit's claims differ from what was found here."""
        ledger, claims = self.ledger, self.claims["events"]
        if claims.keys() != {str(index) for index in ledger.entries}:
            yield "it claims verdicts on other events than it shows"
        for index, entry in ledger.entries.items():
            claim = claims.get(str(index), {})
            if claim.get("status") != entry.status:
                found = f"{entry.status}{f' ({entry.reason})' if entry.reason else ''}"
                yield f"event {index} is {found} by this file, and {claim.get('status')} by the bundle's claims"
            elif entry.status == "good" and not entry.low <= claim["effective"] <= entry.high:
                yield f"event {index} is claimed to have another effective time"
        serving = {stage: self.serving(stage) for model, stage in ledger.stages if model == self.model}
        if self.claims["serving"] != serving:
            yield "it claims that something else serves than was found here"

    def serving(self, stage: str) -> Json | None:
        """Return what serves in a stage, as claims write it."""
        found = self.ledger.champion(self.model, stage)
        if found is None:
            return None
        said = {"promotion": found.entry.id, "override": found.override}
        return {**said, "version": found.body["version"], "kind": found.body["kind"]}

    def unsound(self, promotion: Promotion) -> str:
        """Return why a promotion proves nothing any more, as a key was compromised; or an empty text."""
        ledger, original = self.ledger, self.original(promotion)
        registered = ledger.versions[self.model, promotion.body["version"]]
        stolen = [e for e in (registered, original.entry, promotion.entry) if ledger.is_stolen(e)]
        if stolen:
            return f"event {stolen[0].index} was signed with a key that is reported as compromised"
        asked = [one for one in {id(o): o for o in (original, promotion)}.values() if one.body["request"] is not None]
        return next((why for why in map(self._unsound_yes, asked) if why), "")

    def _unsound_yes(self, promotion: Promotion) -> str:
        """Return why the yes that a promotion, or a rollback, rests on is none any more; or an empty text."""
        ledger = self.ledger
        request, policy = ledger.requests[promotion.body["request"]], ledger.policy_at(promotion.entry.index)
        rules = ledger.requirements_of(request, policy) if policy else None
        named = [d.entry for d in request.decisions if d.entry.id in promotion.body["decisions"]]
        roles = {entry.actor: {entry.body["role"]} for entry in named if not ledger.is_stolen(entry)}
        if ledger.is_stolen(request.entry):
            return f"event {request.entry.index} was signed with a key that is reported as compromised"
        if rules is None or shortfall(rules.approvals["quorum"], roles):
            return "without the keys that are reported as compromised its quorum is not met"
        return ""


def edges(card: Json) -> list[Json]:
    """Return the edges of a card's lineage: from what a DVC stage reads to it, and from it to what it writes."""
    found = []
    for stage in card["lineage"]["stages"]:
        name = stage["name"] if stage["file"] == "dvc.yaml" else f"{stage['file']}:{stage['name']}"
        found += [(dep, name) for dep in stage["deps"]] + [(name, out) for out in stage["outs"]]
    return [{"from": start, "to": end} for start, end in sorted(found)]


# -- the report -------------------------------------------------------------------------------------------------------

UNPROVEN = """\
that this file is honest, if you took it from the bundle: compare its SHA-256 with that of a verify.py you trust
that the root of trust is the right one: compare it with what the organisation told you by another way
anything after the head: newer events, such as a revocation, are not seen here; ask for the head, pass it with --head
that this is the only history: compare the head with a mirror, or with somebody else who keeps one
events of other models: only their leaves are here, not what they say, nor whether one of them shows another history
times: they are what the signers claimed, each not before the one before it; events of other models may be dated later
that the people are who they are said to be, and kept their keys to themselves
that the numbers in the card are true: nobody reproduced them here, and no weights or data are in the bundle
that the card is what its commit makes, and that the commit is on a branch that the policy names
who wrote the commits, where the policy forbids authors to approve: that needs the Git history
the gate reports (gates/): the bundle's maker decided them again; signatures say who promoted, not that gates were open
which digests were proven from bytes, and the words beside the verdicts in claims.json: the bundle's maker says so
that the lineage is complete: lineage.json is the card's, and the card is its maker's word
that the Git tags are still there and unmoved: only their signed bytes are here
VERIFY.md: it explains, and proves nothing"""
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def plain(value: object) -> str:
    """Return a text from the bundle as harmless text of one line."""
    shown = (c if c.isprintable() and not _INVISIBLE.match(c) else f"<U+{ord(c):04X}>" for c in str(value))
    return "".join(shown)


def say(line: str = "") -> None:
    """Print a line."""
    sys.stdout.write(plain(line) + "\n")


def report(bundle: Bundle) -> None:
    """Print what the log says of the version, for people."""
    ledger, model = bundle.ledger, bundle.model
    say(f"bundle      {model}@{bundle.version}, made with govkit {bundle.claims['govkit']}")
    say(f"root        {bundle.root}")
    say(f"head        {bundle.head['size']}:{bundle.head['root']}")
    others = len(ledger.leaves) - len(ledger.shown)
    say(
        f"events      {len(ledger.shown)} shown in full; {others} about other models, of which only the leaves are here"
    )
    say()
    say("What serves (by the log, at this head)")
    for name, stage in ledger.stages:
        if name == model:
            found = ledger.champion(model, stage)
            say(f"  {stage}: {_serves(found) if found else 'nothing: cleared, or its version was revoked'}")
    if not ledger.stages:
        say("  no version was ever let into a stage")
    registered = ledger.versions[model, bundle.version]
    say()
    say(f"Version {bundle.version}")
    say(f"  registered by {registered.actor} at {registered.value['time']} (event {registered.index})")
    for name in ("commit", "card", "weights", "data", "tier"):
        say(f"    {name:9} {registered.body[name]}")
    revoked = ledger.revoked.get((model, bundle.version))
    if revoked:
        say(
            f"  REVOKED by {revoked.actor} at {revoked.value['time']} (event {revoked.index}): {revoked.body['reason']}"
        )
    for promotion in bundle.promotions():
        _tell_promotion(bundle, promotion)
    _tell_policies(ledger)
    idle = [entry for entry in ledger.entries.values() if entry.status != "good"]
    say()
    say("Events without effect" if idle else "Every event that is shown has effect")
    for entry in idle:
        say(f"  event {entry.index} is {entry.status}: {entry.reason}")


def _serves(promotion: Promotion) -> str:
    body, entry = promotion.body, promotion.entry
    override = ", BY OVERRIDE of the usual approval" if promotion.override else ""
    end = f", until {body['expires']}" if promotion.override and body.get("expires") else ""
    by = f"by {body['kind']} of {entry.actor} at {entry.value['time']} (event {entry.index})"
    return f"{body['version']}, {by}{override}{end}"


def _tell_promotion(bundle: Bundle, promotion: Promotion) -> None:
    body, original = promotion.body, bundle.original(promotion)
    request = bundle.ledger.requests[original.body["request"]]
    say()
    entry = promotion.entry
    say(f"Event {entry.index}: {body['kind']} into {body['stage']} by {entry.actor} at {entry.value['time']}")
    say(f"  under policy {body['policy']}, requirements {body['requirements']}")
    say(f"  tag {body['tag']['name']} ({body['tag']['id']}), signed by {promotion.entry.actor}")
    if original is not promotion:
        say(f"  back to the promotion of event {original.entry.index}, which was approved:")
    if promotion.override:
        say("  an OVERRIDE of the usual approval" + (f", until {body['expires']}" if body.get("expires") else ""))
    if reason := bundle.unsound(promotion):
        say(f"  NO LONGER PROVEN: {reason}")
    asked = request.entry
    say(f"  asked for by {asked.actor} at {asked.value['time']} (event {asked.index}): {asked.body['reason']}")
    for decision in request.decisions:
        said, used = decision.entry.body, decision.entry.id in original.body["decisions"]
        counted = "" if used or said["decision"] != "approve" else " (not counted)"
        who = (
            f"{decision.entry.actor} as {said['role']} at {decision.entry.value['time']} (event {decision.entry.index})"
        )
        say(f"  {said['decision']}{counted} by {who}: {said['meaning']}{_words(said)}")


def _words(said: Json) -> str:
    comment = f" - {said['comment']}" if said.get("comment") else ""
    return comment + "".join(
        f"; on condition: {c['text']} ({c['owner']}, by {c['due']})" for c in said.get("conditions", [])
    )


def _tell_policies(ledger: Ledger) -> None:
    say()
    say("Policies, each in force from its event on")
    for index, policy in ledger.policies:
        entry = ledger.entries[index]
        request = ledger.requests.get(entry.body.get("request") or "")
        approvals = [d.entry for d in request.decisions if d.entry.body["decision"] == "approve"] if request else []
        by = (
            f", approved by {', '.join(sorted(each.actor for each in approvals))}" if request else ", without a request"
        )
        say(f"  event {index}: {policy.digest}, adopted by {entry.actor}{by}")


def tell_people(bundle: Bundle) -> None:
    """Print what an auditor compares by hand before relying on a root of trust."""
    say()
    say(f"No root of trust was given, so nothing is proven. This log's is {bundle.root}")
    say("If the organisation gave you the same one by another way, run this again with --root. Its first people:")
    for who, member in bundle.ledger.policies[0][1].people.items() if bundle.ledger.policies else ():
        say(f"  {who}, {member['name']}: {', '.join(map(fingerprint, member.get('keys', [])))}")


def check(bundle: Bundle, root: str | None, head: str | None) -> int:
    """Check a bundle, print the report, and return the exit code."""
    bundle.check_pins(root, head)
    ledger = bundle.ledger
    ledger.run()
    wrong = [f"event {index} shows another history of the log" for index in sorted(ledger.conflicts)]
    open_ = [f"event {index}: {ledger.entries[index].reason}" for index in sorted(ledger.undecided)]
    open_ += bundle.differences()
    if not wrong and not open_:
        bundle.check_documents()
        report(bundle)
        serving = (
            found for (name, stage) in ledger.stages if name == bundle.model and (found := ledger.champion(name, stage))
        )
        wrong += [f"{one.body['stage']}: {reason}" for one in serving if (reason := bundle.unsound(one))]
    say()
    say("Not proven by this file")
    for line in UNPROVEN.splitlines():
        say(f"  - {line}")
    if not ledger.policies or root is None:
        tell_people(bundle)
        open_.append("no root of trust was given")
    say()
    for label, lines in (("DISPROVEN", wrong), ("NOT PROVEN", open_)):
        for line in lines:
            say(f"{label}: {line}")
    if not wrong and not open_:
        own = bundle.files["verify.py"] == Path(__file__).read_bytes()
        say(f"the bundle's verify.py is {'this file' if own else 'ANOTHER file than this one, which checked it'}")
        say(f"PROVEN: what stands above is what the log of {bundle.root} says at this head")
    return 1 if wrong else 3 if open_ else 0


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Check a bundle of govkit's evidence offline.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).parent, help="its folder or zip")
    parser.add_argument("--root", metavar="sha256:…", help="the root of trust, from the organisation by another way")
    parser.add_argument("--head", metavar="SIZE:sha256:…", help="a head that the log must hold at least")
    found = parser.parse_args(given)
    if found.root is not None and not DIGEST(found.root, 2):
        parser.error("--root is sha256: and 64 hex digits")
    if found.head is not None and not re.fullmatch(r"[0-9]{1,9}(?::sha256:[0-9a-f]{64})?", found.head):
        parser.error("--head is SIZE:sha256: and 64 hex digits")
    return found


def main(given: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = arguments(sys.argv[1:] if given is None else given)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if shutil.which("ssh-keygen") is None:
            raise Usage("there is no ssh-keygen here; install OpenSSH 8.9 or newer")
        return check(Bundle(read_files(options.bundle), openssh), options.root, options.head)
    except Disproven as error:
        say(f"DISPROVEN: {error}")
        return 1
    except Usage as error:
        say(f"wrong usage: {error}")
        return 2
    except (Unproven, NotAllowed) as error:
        say(f"NOT PROVEN: {error}")
    except Exception as error:  # whatever is wrong with an attacker's input, an auditor sees no traceback
        say(f"NOT PROVEN: it could not be checked ({type(error).__name__}: {error})")
    return 3


if __name__ == "__main__":
    sys.exit(main())
