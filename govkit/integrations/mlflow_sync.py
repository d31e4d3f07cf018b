"""Bringing MLflow's model registry up to what the log says, and telling what somebody changed there by hand.

MLflow gives numbers of its own, so a version of the log is found again by its source, which MLflow lets nobody change
afterwards, and never by a tag alone: whoever may write tags could have an alias point at weights of their own. What was
written last is remembered in MLflow itself, as a digest, so that a change by hand can be told from news in the log.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from govkit.core import canonical, digests
from govkit.core.errors import Refused, Undecided, Usage
from govkit.integrations import registry_mirror
from govkit.integrations.registry_mirror import Wanted, WantedModel
from govkit.workflow import checkpoints, judge, query
from govkit.workflow.session import Session

#: Tags of govkit's own in MLflow: what was written last of a version, and of a model's aliases.
WRITTEN, ALIASES, VERSIONS = "govkit.written", "govkit.aliases", "govkit.versions"
#: What MLflow's client takes from the environment, unless the user says otherwise there: it would try for minutes
#: before it says that nobody is there, and would tell its makers that it was used.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
#: How much of a value that somebody wrote there is told.
_SHOWN = 80


@dataclass(frozen=True)
class Change:
    """One difference between MLflow and the log.

    Attributes:
        model: the model.
        version: the version in the log, or an empty string.
        what: what differs, in words.
        by_hand: whether somebody changed it in MLflow; else the log has news.
        action: ``written`` once it is put right, ``left`` where it is nobody's business of govkit's.
    """

    model: str
    version: str
    what: str
    by_hand: bool
    action: Literal["written", "left", "wanted"]


def sync(
    session: Session,
    models: list[str],
    *,
    uri: str | None = None,
    write: bool = True,
    watch: Callable[[str, int, int], None] | None = None,
) -> list[Change]:
    """Bring MLflow up to the log.

    Args:
        session: the repository.
        models: models to bring over; empty for all.
        uri: MLflow's tracking URI; None for ``MLFLOW_TRACKING_URI``.
        write: whether to write, or only to tell.
        watch: called with a title, how many versions were looked at, and of how many.

    Returns:
        Every difference that was found; empty if MLflow says what the log says.

    Raises:
        Usage: if a model is unknown, or no server is named.
        Refused, Undecided: if the log cannot be relied on, or MLflow does not answer.
    """
    session.check_trust()
    session.check_history()
    checkpoints.check_fresh(session)
    known = sorted({key[0] for key in session.state.versions})
    for model in models:
        if model not in known:
            raise query.unknown_model(model, known)
    client = _client(uri)
    found: list[Change] = []
    from mlflow.exceptions import MlflowException

    try:
        for number, model in enumerate(models or known):
            mirror = registry_mirror.wanted(
                session.state, session.log.root_of_trust, model, partial(judge.tally, session)
            )
            found += _Model(client, mirror, write).run()
            if watch is not None:
                watch("bringing models over", number + 1, len(models or known))
    except MlflowException as error:
        raise Undecided(
            "MLflow did not do what was asked of it",
            why=f"{error}".strip().partition("\n")[0][:300],
            fix="check MLFLOW_TRACKING_URI, its user and its server; what was written stays, and the next run goes on",
        ) from error
    return found


def _client(uri: str | None) -> Any:
    uri = _address(uri or os.environ.get("MLFLOW_TRACKING_URI") or "")
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ModuleNotFoundError as error:
        fix = "pip install 'dvc-govkit[mlflow]'"
        raise Usage("MLflow's client is not installed", why=str(error), fix=fix) from error
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _address(uri: str) -> str:
    """Return the address of a server.

    MLflow's client quotes the whole address when something goes wrong, so there must be no password in it.

    Raises:
        Usage: if there is none, or it is no server's; it does not repeat what may hold a password.
    """
    if not uri:
        raise Usage("no MLflow server is named", fix="set MLFLOW_TRACKING_URI, or name it with --tracking-uri")
    try:
        parts = urllib.parse.urlsplit(uri)
    except ValueError:
        parts = urllib.parse.SplitResult("", "", "", "", "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Usage("MLflow's address is not that of a server", fix="write https://HOST[:PORT][/PATH]")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Usage(
            "MLflow's address holds more than host, port and path",
            why="addresses end up in messages and logs, and passwords must not",
            fix="set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
        )
    return uri


class _Model:
    """One model of MLflow's registry, brought up to what the log says."""

    def __init__(self, client: Any, wanted: WantedModel, write: bool) -> None:
        self._client, self._wanted, self._write = client, wanted, write

    def run(self) -> Iterator[Change]:
        """Yield every difference, putting it right on the way."""
        registered = self._registered()
        remembered = dict(registered.tags) if registered is not None else {}
        if registered is None:
            yield self._change("", "the model is not there", by_hand=False)
            if self._write:
                self._client.create_registered_model(self._wanted.name, tags=self._wanted.tags)
        else:
            yield from self._whose(remembered)
        numbers: dict[str, str] = {}
        written = set(remembered.get(VERSIONS, "").split())
        existing, strange = self._existing(there=registered is not None)
        yield from strange
        for wanted in self._wanted.versions:
            number = existing.get(wanted.version)
            if number is None:
                gone = wanted.version in written
                what = "it was deleted there" if gone else "it is not there yet"
                yield self._change(wanted.version, what, by_hand=gone)
                numbers[wanted.version] = self._create(wanted) if self._write else "?"
            else:
                numbers[wanted.version] = number.version
                yield from self._tags(wanted, number)
        yield from self._aliases(dict(registered.aliases) if registered is not None else {}, remembered, numbers)
        names = " ".join(one.version for one in self._wanted.versions)
        if self._write and remembered.get(VERSIONS) != names:
            self._client.set_registered_model_tag(self._wanted.name, VERSIONS, names)

    def _whose(self, tags: Mapping[str, str]) -> Iterator[Change]:
        """Make sure that the model is not brought from another log, and put right the tags that say so.

        Raises:
            Refused: if it is: two logs would undo each other's work for ever.
        """
        for name, value in self._wanted.tags.items():
            if tags.get(name, value) != value:
                raise Refused(
                    f"MLflow's model '{self._wanted.name}' is brought from another log or model",
                    why=f"its tag {name} is {_shown(tags[name])}, and here it is {value}",
                    fix="use another server; or, if somebody only edited the tag, delete it there and run this again",
                )
            if name not in tags:
                yield self._change("", f"the model's tag {name} is missing there", by_hand=True)
                if self._write:
                    self._client.set_registered_model_tag(self._wanted.name, name, value)

    def _registered(self) -> Any:
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

        try:
            return self._client.get_registered_model(self._wanted.name)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return None
            raise

    def _existing(self, *, there: bool) -> tuple[dict[str, Any], list[Change]]:
        """Return MLflow's versions by the log's, and those that are not from here or stand there twice."""
        found: dict[str, Any] = {}
        strange: list[Change] = []
        known = {one.source: one.version for one in self._wanted.versions}
        for one in sorted(self._all() if there else [], key=lambda each: int(each.version)):
            own = known.get(one.source)
            if own is not None and own not in found:
                found[own] = one
            else:
                strange += self._strange(own or "", one)
        return found, strange

    def _strange(self, version: str, one: Any) -> Iterator[Change]:
        """Tell of a version that somebody added. It is theirs and stays; what only govkit says of versions does not."""
        known_as = "it stands there twice, also as" if version else "not from the log:"
        what = f"{known_as} MLflow's version {one.version}, from {_shown(one.source or 'nowhere')}"
        yield Change(self._wanted.model, version, what, by_hand=True, action="left")
        for name in sorted({*registry_mirror.TAGS, WRITTEN} & one.tags.keys()):
            what = (
                f"MLflow's version {one.version} has {name} {_shown(one.tags[name])}, and the log knows nothing of it"
            )
            yield self._change(version, what, by_hand=True)
            if self._write:
                self._client.delete_model_version_tag(self._wanted.name, one.version, name)

    def _all(self) -> list[Any]:
        pages: list[Any] = []
        token = None
        while True:
            page = self._client.search_model_versions(f"name='{self._wanted.name}'", max_results=1000, page_token=token)
            pages += page
            token = page.token
            if not token:
                return pages

    def _create(self, wanted: Wanted) -> str:
        tags = {**wanted.tags, WRITTEN: _digest(wanted.tags)}
        made = self._client.create_model_version(self._wanted.name, source=wanted.source, tags=tags)
        return str(made.version)

    def _tags(self, wanted: Wanted, number: Any) -> Iterator[Change]:
        has = {name: number.tags.get(name) for name in wanted.tags}
        touched = number.tags.get(WRITTEN) != _digest(has)
        for name, value in wanted.tags.items():
            if has[name] != value:
                what = f"{name} is {_shown(has[name] or 'missing')} there, {value or 'empty'} in the log"
                yield self._change(wanted.version, what, by_hand=touched)
                if self._write:
                    self._client.set_model_version_tag(self._wanted.name, number.version, name, value)
        if self._write and number.tags.get(WRITTEN) != _digest(wanted.tags):
            self._client.set_model_version_tag(self._wanted.name, number.version, WRITTEN, _digest(wanted.tags))

    def _aliases(self, has: dict[str, Any], remembered: dict[str, str], numbers: dict[str, str]) -> Iterator[Change]:
        wanted = {name: numbers[version] for name, version in self._wanted.aliases.items()}
        ours = {name: str(number) for name, number in has.items() if name in self._wanted.stages}
        touched = remembered.get(ALIASES, _words({})) != _words(ours)
        for name in sorted(wanted.keys() | ours.keys()):
            if wanted.get(name) == ours.get(name):
                continue
            version = self._wanted.aliases.get(name, "")
            there = f"points at MLflow's {ours[name]}" if name in ours else "is not there"
            what = f"alias {name} {there}; the log has {version or 'nothing'} in the stage"
            yield self._change(version, what, by_hand=touched)
            if self._write and name in wanted:
                self._client.set_registered_model_alias(self._wanted.name, name, wanted[name])
            elif self._write:
                self._client.delete_registered_model_alias(self._wanted.name, name)
        if self._write and remembered.get(ALIASES) != _words(wanted):
            self._client.set_registered_model_tag(self._wanted.name, ALIASES, _words(wanted))

    def _change(self, version: str, what: str, *, by_hand: bool) -> Change:
        return Change(self._wanted.model, version, what, by_hand, "written" if self._write else "wanted")


def _digest(tags: Mapping[str, str | None]) -> str:
    return digests.sha256(canonical.encode(tags))


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _words(aliases: dict[str, str]) -> str:
    return canonical.encode(aliases).decode()
