"""How every ``git`` of govkit's is started: it runs nothing that a repository names, and reads what there is.

Apart from :mod:`govkit.storage.git`, as shell completion must not wait for what it imports.
"""

from __future__ import annotations

import os

SAFE_CONFIG = (
    "core.commitGraph=false",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "log.showSignature=false",
    # What was reported as written is on the disk.
    "core.fsync=reference",
)
CONFIG_WORDS = [word for setting in SAFE_CONFIG for word in ("-c", setting)]
SAFE_ENVIRONMENT = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A missing object must be an answer, and not make Git run what the configuration names to fetch it.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C.UTF-8",
}
