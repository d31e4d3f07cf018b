"""``govkit://`` sources: a promotion by the repository, root of trust and record that a manifest pins.

``govkit://HOST/PATH?model=M&stage=S&record=sha256:…&root=sha256:…``, and ``&via=ssh`` (with ``user=git``) or
``&via=file`` where the repository is not reached by HTTPS. Everything is pinned, so that replicas which start later
get what the first one got, or nothing.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from msgspec import Struct

from govkit.core import names
from govkit.core.digests import is_sha256
from govkit.core.errors import Usage
from govkit.storage import clones

SCHEME: Final = "govkit://"
_FORM: Final = "write govkit://HOST/PATH?model=M&stage=S&record=sha256:…&root=sha256:…"
_NEEDED: Final = ("model", "stage", "record", "root")
_LONG: Final = 2000


class Source(Struct, frozen=True):
    """What a manifest pins.

    Attributes:
        repository: the address of the repository, as Git takes it.
        model: the model's full name.
        stage: the stage.
        record: identity of the promotion's event.
        root: the root of trust.
    """

    repository: str
    model: str
    stage: str
    record: str
    root: str

    def __str__(self) -> str:
        """Return it as it is written; :func:`parse` reads it back."""
        address, via = _split(self.repository)
        words = {"model": self.model, "stage": self.stage, "record": self.record, "root": self.root, **via}
        return f"{SCHEME}{address}?{urlencode(words, safe=':/', quote_via=quote)}"


def parse(text: str) -> Source:
    """Read a source.

    Raises:
        Usage: if it is of another form, or does not pin everything.
    """
    if not text.startswith(SCHEME) or len(text) > _LONG or not text.isascii() or not text.isprintable():
        raise Usage(f"'{text[:200]}' is no source of govkit's", fix=_FORM)
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, max_num_fields=10)
    except ValueError as error:
        raise Usage(f"'{text[:200]}' is no source of govkit's", why=str(error), fix=_FORM) from error
    words = dict(pairs)
    if len(words) != len(pairs) or parts.fragment or {*words} - {*_NEEDED, "via", "user"}:
        raise Usage(f"'{text[:200]}' says something twice, or something unknown", fix=_FORM)
    missing = [name for name in _NEEDED if name not in words]
    if missing:
        raise Usage(f"'{text[:200]}' does not pin everything", why=f"{', '.join(missing)} missing", fix=_FORM)
    sound = (
        names.is_model(words["model"])
        and names.is_stage(words["stage"])
        and is_sha256(words["record"])
        and is_sha256(words["root"])
    )
    if not sound:
        raise Usage(f"'{text[:200]}' names no model, stage, record or root of trust", fix=_FORM)
    address = _address(parts.netloc, parts.path, words)
    return Source(clones.check_address(address), **{name: words[name] for name in _NEEDED})


def _address(host: str, path: str, words: dict[str, str]) -> str:
    via, user = words.get("via", "https"), words.get("user", "")
    if via == "file" and not host and not user:
        return f"file://{path}"
    if via not in ("https", "ssh") or not host or len(path) < 2 or (user and via != "ssh"):
        raise Usage(f"'{via}' with host '{host}' is no way to a repository", fix=_FORM)
    return f"{via}://{user}{'@' if user else ''}{host}{path}"


def _split(repository: str) -> tuple[str, dict[str, str]]:
    """Return host and path of an address, and the words that say how it is reached."""
    if repository.startswith("/"):
        repository = f"file://{repository}"
    if "://" not in repository:
        login, _, path = repository.partition(":")
        repository = f"ssh://{login}/{path.lstrip('/')}"
    scheme, _, rest = clones.check_address(repository).partition("://")
    user, at, place = rest.rpartition("@") if "@" in rest.partition("/")[0] else ("", "", rest)
    words = {} if scheme == "https" else {"via": scheme}
    return place, {**words, **({"user": user} if at else {})}
