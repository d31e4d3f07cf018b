"""What templates compile to, kept beside govkit's own bytecode: compiling them takes longer than filling them in.

It lies in the package's ``__pycache__``, where only those can write who could change govkit itself, and never in a
user's cache, which CI carries from job to job: it is code. Where Python keeps no bytecode, none of this is kept either.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache


class Compiled(FileSystemBytecodeCache):
    """A cache of compiled templates.

    Args:
        name: of the environment: the same template compiles to something else where other things are escaped.
        rests_on: sources of govkit's that decide what constants in templates compile to.
    """

    def __init__(self, name: str, rests_on: tuple[Path, ...]) -> None:
        key = hashlib.sha256(jinja2.__version__.encode())
        for path in rests_on:
            key.update(path.read_bytes())
        folder = Path(importlib.util.cache_from_source(str(Path(__file__).with_name("templates") / "x.py"))).parent
        super().__init__(str(folder), f"{name}-{key.hexdigest()[:16]}-%s.jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load one template, if it is kept; what is broken in whichever way is compiled anew."""
        try:
            super().load_bytecode(bucket)
        except Exception:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one template, if its folder can be written to."""
        if not sys.dont_write_bytecode:
            with contextlib.suppress(OSError):
                Path(self.directory).mkdir(parents=True, exist_ok=True)
                super().dump_bytecode(bucket)
                # For other users of this installation, too, as Python's own: whoever comes first may be root.
                Path(self._get_cache_filename(bucket)).chmod(0o644)
