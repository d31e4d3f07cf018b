"""Asking and changing MLflow's model registry, through MLflow's own client.

Credentials are MLflow's own: ``MLFLOW_TRACKING_TOKEN``, or ``MLFLOW_TRACKING_USERNAME`` and ``_PASSWORD``, or what
its documentation names else. They stay in the environment, and no message holds them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from govkit.core import inert
from govkit.core.errors import GovkitError, Undecided, Usage
from govkit.integrations.mlflow.plan import (
    LOG_TAG,
    MODEL_TAG,
    NO_STAGE,
    STATE_TAG,
    WRITER_TAG,
    Change,
    FoundModel,
    FoundVersion,
)

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

#: Where the server is named, the first that is set.
VARIABLES: Final = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI")
_SECRETS = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD")
#: MLflow's own settings would wait for minutes before it says that nobody answers. Whoever sets them is obeyed.
_SETTINGS: Mapping[str, str] = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
_DENIED = ("PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED")
_PAGE = 1000
_WHY_LIMIT = 400


def find_uri(said: str | None) -> str:
    """Return where the server is.

    Args:
        said: what a person said, or None to look into the environment.

    Raises:
        Usage: if none is named, or it is not one that speaks HTTP.
    """
    uri = said or next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "")
    fix = "name it: --tracking-uri https://HOST, or export MLFLOW_TRACKING_URI=https://HOST"
    if not uri:
        raise Usage("no MLflow server is named", why=f"there is neither --tracking-uri nor {VARIABLES[1]}", fix=fix)
    try:
        parts = urlsplit(uri)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_http = False
    if not is_http:
        raise Usage(f"'{clean(uri)}' is not an MLflow server", why="only http and https are supported", fix=fix)
    return uri


def clean(text: str) -> str:
    """Return a text from MLflow, or a URI, as one harmless line without credentials."""
    for name in _SECRETS:
        secret = os.environ.get(name)
        text = text.replace(secret, "***") if secret else text
    return inert.line(re.sub(r"//[^/\s]*@", "//***@", text))


class Server:
    """A registry that answers, or raises.

    Args:
        uri: where it is; see :func:`find_uri`.
        writer: what the tag ``govkit.synced_by`` is to say.

    Raises:
        Usage: if MLflow's client is not installed.
    """

    def __init__(self, uri: str, writer: str) -> None:
        self.uri, self.shown, self._writer = uri, clean(uri), writer
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise Usage(
                "MLflow's client is not installed", why=str(error), fix="pip install 'dvc-govkit[mlflow]'"
            ) from error
        logging.getLogger("mlflow").setLevel(logging.ERROR)  # it tells on stderr how long it would wait, and the like
        with self._asking():
            self._client: MlflowClient = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def read(self, name: str) -> FoundModel | None:
        """Return what the registry has of a model, or None if it has no such one.

        Raises:
            Usage, Undecided: see :meth:`apply`.
        """
        from mlflow.exceptions import MlflowException

        with self._asking():
            try:
                model = self._client.get_registered_model(name)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise
            versions = [_version(one) for one in self._versions(name)]
            aliases = {str(alias): int(number) for alias, number in model.aliases.items()}
            return FoundModel(dict(model.tags), aliases, versions)

    def _versions(self, name: str) -> Iterator[Any]:
        token: str | None = None
        while True:
            page = self._client.search_model_versions(f"name='{name}'", max_results=_PAGE, page_token=token)
            yield from (one for one in page if one.name == name)
            token = page.token
            if not token:
                return

    def registered(self, root: str) -> dict[str, str]:
        """Return the registered models that say they are of a log: the model's name by the name in MLflow.

        Raises:
            Usage, Undecided: see :meth:`apply`.
        """
        found: dict[str, str] = {}
        token: str | None = None
        with self._asking():
            while True:
                page = self._client.search_registered_models(
                    f"tags.`{LOG_TAG}` = '{root}'", max_results=100, page_token=token
                )
                found.update((one.name, one.tags.get(MODEL_TAG, "")) for one in page)
                token = page.token
                if not token:
                    return found

    def apply(self, change: Change, numbers: dict[str, int]) -> None:
        """Change one thing.

        Args:
            change: what to change.
            numbers: MLflow's number by semantic version; a version that is made is entered.

        Raises:
            Usage: if the server does not let this user do it.
            Undecided: if it cannot be reached, or answers with an error.
        """
        with self._asking(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the stages of old are on their way out
            getattr(self, f"_{change.what.replace('-', '_')}")(change, numbers)

    def note(self, name: str, state: str) -> None:
        """Write down what a later sync tells changes by hand from.

        Raises:
            Usage, Undecided: see :meth:`apply`.
        """
        with self._asking():
            self._client.set_registered_model_tag(name, STATE_TAG, state)

    def sign(self, name: str, number: int, seal_tag: str, seal: str) -> None:
        """Seal the tags of a version, once all are written.

        Raises:
            Usage, Undecided: see :meth:`apply`.
        """
        with self._asking():
            self._client.set_model_version_tag(name, str(number), seal_tag, seal)
            self._client.set_model_version_tag(name, str(number), WRITER_TAG, self._writer)

    # -- one for each kind of change ----------------------------------------------------------------------------

    def _create_model(self, change: Change, _: dict[str, int]) -> None:
        self._client.create_registered_model(change.name, tags=dict(change.tags))

    def _tag_model(self, change: Change, _: dict[str, int]) -> None:
        self._client.set_registered_model_tag(change.name, change.key, change.after)

    def _remove_alias(self, change: Change, _: dict[str, int]) -> None:
        self._client.delete_registered_model_alias(change.name, change.key)

    def _reset_stage(self, change: Change, _: dict[str, int]) -> None:
        self._client.transition_model_version_stage(change.name, str(change.number), NO_STAGE)

    def _tag(self, change: Change, _: dict[str, int]) -> None:
        self._client.set_model_version_tag(change.name, str(change.number), change.key, change.after)

    def _untag(self, change: Change, _: dict[str, int]) -> None:
        self._client.delete_model_version_tag(change.name, str(change.number), change.key)

    def _remove_copy(self, change: Change, _: dict[str, int]) -> None:
        self._client.delete_model_version(change.name, str(change.number))

    def _create_version(self, change: Change, numbers: dict[str, int]) -> None:
        tags = {**change.tags, WRITER_TAG: self._writer}
        made = self._client.create_model_version(change.name, change.after, tags=tags, await_creation_for=0)
        numbers[change.version] = int(made.version)

    def _alias(self, change: Change, numbers: dict[str, int]) -> None:
        self._client.set_registered_model_alias(change.name, change.key, str(numbers[change.version]))

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Say what went wrong as govkit does, whatever MLflow's client or the network raises."""
        try:
            yield
        except GovkitError:
            raise
        except Exception as error:
            raise self._told(error) from None  # the cause may show credentials where tracebacks are shown

    def _told(self, error: Exception) -> GovkitError:
        why, code = clean(str(error))[:_WHY_LIMIT], getattr(error, "error_code", "")
        if code in _DENIED:
            fix = "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, of who may"
            return Usage(f"MLflow at {self.shown} does not let this user do that", why=why, fix=fix)
        return Undecided(
            f"MLflow at {self.shown} did not do what it was asked",
            why=why or type(error).__name__,
            fix=f"see that it answers: curl -i {self.shown}/health\nthen run this again: it goes on where it stopped",
        )


def _version(one: Any) -> FoundVersion:
    return FoundVersion(
        number=int(one.version),
        source=one.source or "",
        tags=dict(one.tags),
        run=one.run_id or "",
        stage=one.current_stage or NO_STAGE,
    )
