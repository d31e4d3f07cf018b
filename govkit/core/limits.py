"""How large what others write may be, by kind: whatever is larger is refused by its size, before it is read.

Git, DVC and archives pack gigabytes of equal bytes into a few kilobytes, so the size of what was pushed says nothing.
Each bound is several times what the largest honest file of its kind needs.
"""

from __future__ import annotations

from typing import Final

from govkit.core.errors import Malformed

KIB: Final = 1024
MIB: Final = 1024 * KIB

#: YAML that people write: the policy, its tests, what is said of a model.
HAND_WRITTEN: Final = MIB
#: YAML, JSON, TOML and tables that programs write: ``dvc.lock``, parameters, reports.
GENERATED: Final = 8 * MIB
#: All DVC files of a commit together: bytes, and how many.
DVC_FILES: Final = 32 * MIB
DVC_FILE_COUNT: Final = 20_000
#: ``policy.json``.
POLICY: Final = MIB
#: ``card.json``; one with 5,000 metrics is below 4 MB.
CARD: Final = 8 * MIB
#: ``event.json``: what is large is evidence.
EVENT: Final = 256 * KIB
#: ``event.json.sig``; an RSA key of 16,384 bits makes one of 6 KB.
SIGNATURE: Final = 16 * KIB
#: A tag object.
TAG: Final = MIB
#: The configuration of DVC.
CONFIG: Final = 64 * KIB
#: A file of code in Git, which is digested and not parsed; and all of those of a card together.
CODE: Final = 64 * MIB
CODE_TOGETHER: Final = 192 * MIB
#: What somebody attaches to a decision, all together; and the file with the signed decision, where it is in base64.
ATTACHED: Final = 20 * MIB
DECISION: Final = 40 * MIB
#: Files and folders of a commit. Equal folders are stored once, so ten objects can stand for ten billion files.
ENTRIES: Final = 500_000
#: Values in one JSON or YAML document, and cells of one table: each costs the reader about a hundred bytes.
VALUES: Final = 500_000


def check(data: bytes, limit: int, what: str) -> None:
    """Refuse what is too large to be read.

    Raises:
        Malformed: with the size in bytes and the limit.
    """
    if len(data) > limit:
        raise Malformed(f"{what}{len(data)} bytes are more than the {limit} allowed")


def check_values(data: bytes, what: str, limit: int = VALUES) -> None:
    """Refuse a JSON text that may hold too many values: each but the first follows a comma or an opening bracket.

    Raises:
        Malformed: with the limit.
    """
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) >= limit:
        raise Malformed(f"{what}more than {limit} values")
