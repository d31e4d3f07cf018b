"""SSH signatures below the tools that make them: split into their fields, put together by hand, shown to OpenSSH."""

from __future__ import annotations

import subprocess

from world import World

from govkit.storage.signatures import EVENT_NAMESPACE


def split(blob: bytes) -> list[bytes]:
    """Split a blob into its length-prefixed strings."""
    found = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found


def join(*fields: bytes) -> bytes:
    """Put length-prefixed strings together."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def openssh_accepts(world: World, message: bytes, signature: bytes) -> bool:
    """Ask ssh-keygen whether a signature fits a message, whoever made it."""
    path = world.folder / "signature"
    path.write_bytes(signature)
    words = ["ssh-keygen", "-Y", "check-novalidate", "-n", EVENT_NAMESPACE, "-s", str(path)]
    return subprocess.run(words, input=message, capture_output=True, check=False).returncode == 0
