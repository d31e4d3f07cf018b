"""An enrolment, ``govkit.enrolment/v1``: somebody's own statement of who they are and which key is theirs.

The key's signature over it shows that whoever wrote it has the private key. Whether they are who they say is for the
administrator to find out, who compares the fingerprint with them by voice.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from govkit.core import canonical, records
from govkit.core.records import Person, Record

SCHEMA: Final = "govkit.enrolment/v1"
#: What the signature is made for, so that it is good for nothing else.
NAMESPACE: Final = "govkit-enrolment"
#: No honest one is larger.
MAX_BYTES: Final = 64 * 1024

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=320, pattern=r"^[^\s@<>]+@[^\s@<>]+$(?!\n)")]


class Enrolment(Record, frozen=True):
    """Who somebody is, in their own words, and the key with which they will sign.

    Attributes:
        schema: this format.
        id: the id that they would like in the policy.
        name: their name.
        emails: addresses under which they commit.
        key: their public key, ``TYPE BASE64``.
        signature: by that key, armoured as OpenSSH writes it, for ``govkit-enrolment``, over the canonical JSON of all
            other fields.
    """

    schema: Literal["govkit.enrolment/v1"]
    id: Person
    name: Name
    emails: list[Email]
    key: Annotated[str, msgspec.Meta(max_length=20_000)]
    signature: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


def statement(enrolment: Enrolment) -> bytes:
    """Return the bytes that the key signs."""
    value = records.to_value(enrolment)
    return canonical.encode({name: item for name, item in value.items() if name != "signature"})


def parse(data: bytes) -> Enrolment:
    """Read an enrolment; its signature is not checked here.

    Raises:
        Malformed: if the bytes are not one.
    """
    return records.from_value(canonical.decode(data.removesuffix(b"\n"), limit=MAX_BYTES), Enrolment)
