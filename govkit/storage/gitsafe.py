"""How every ``git`` of govkit's is started: it runs nothing that a repository names, and reads what there is.

Apart from :mod:`govkit.storage.git`, as shell completion must not wait for what it imports.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Container

SAFE_CONFIG = (
    "core.commitGraph=false",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "log.showSignature=false",
    # What was reported as written is on the disk.
    "core.fsync=reference",
)
CONFIG_WORDS = [word for setting in SAFE_CONFIG for word in ("-c", setting)]
_SAFE = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A missing object must be an answer, and not make Git run what the configuration names to fetch it.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C.UTF-8",
}
#: What makes Git look elsewhere than in the folder that it is started in, as where a hook of Git's started govkit.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES")


def environment(besides: Container[str] = ()) -> dict[str, str]:
    """Return the environment of a ``git``: this process's, but its folder decides, and it asks and fetches nothing.

    Args:
        besides: names of safe settings that are left as they are.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return kept | {name: value for name, value in _SAFE.items() if name not in besides}


def network_environment() -> dict[str, str]:
    """Return the environment of a ``git`` that may reach other machines; it asks only where somebody can answer."""
    asks = sys.stdin is not None and sys.stdin.isatty()
    return environment({"GIT_ALLOW_PROTOCOL", *(("GIT_TERMINAL_PROMPT",) if asks else ())})
