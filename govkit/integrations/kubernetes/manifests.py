"""The manifests for a cluster: the webhook, KServe's storage initializer, an init container, an Argo CD PreSync Job.

Rendered from templates; every value is written as a JSON string, so none can become more YAML than itself. What runs
a model pins repository, root of trust and record: after the next promotion they are rendered again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

from msgspec import Struct

from govkit.core.errors import Usage
from govkit.integrations.kubernetes import claims
from govkit.integrations.kubernetes.source import Source
from govkit.storage import clones
from govkit.workflow import verify
from govkit.workflow.get import NotProven
from govkit.workflow.session import Session

FILES: Final = ("webhook.yaml", "admission.yaml", "kserve.yaml", "init-container.yaml", "presync.yaml")
_TEMPLATES: Final = "govkit.integrations.kubernetes"


class Wanted(Struct, frozen=True):
    """What is rendered.

    Attributes:
        source: what is pinned.
        image: the image that has govkit in it.
        server: the image of the server in the init container's example.
        namespace: where the model runs.
        home: the namespace of the webhook.
        ca: the PEM of whoever signed the webhook's certificate, or None to let cert-manager put it in.
        mode: ``enforce`` or ``warn``.
        head: the log's head, which the webhook must find at least.
    """

    source: Source
    image: str
    server: str
    namespace: str
    home: str
    ca: bytes | None
    mode: str
    head: str


def of_stage(session: Session, model: str, stage: str, *, address: str | None, **rest: Any) -> dict[str, str]:
    """Return the manifests that pin what serves in a stage, by file name.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        address: where the cluster clones from; None for the remote that event 0 names.
        rest: the other attributes of :class:`Wanted`, but for the source and the head.

    Raises:
        NotProven: if the verifier does not prove it.
        Usage: if the address is none that is taken, or an image or a namespace is missing.
    """
    found = verify.verify(session, model, stage)
    if found.verdict != "proven":
        raise NotProven(found)
    where = clones.check_address(address or found.remote)
    source = Source(where, model, stage, found.promotion or "", found.log_root)
    return render(Wanted(source, head=f"{found.head.size}:{found.head.root}", **rest))


def render(wanted: Wanted) -> dict[str, str]:
    """Return every manifest's text by file name.

    Raises:
        Usage: if an image or a namespace is missing.
    """
    for name in ("image", "server", "namespace", "home"):
        if not getattr(wanted, name).strip():
            raise Usage(f"{name} is empty", fix="name it")
    environment, values = _environment(), _values(wanted)
    return {name: environment.get_template(f"{name}.j2").render(values) for name in FILES}


def _values(wanted: Wanted) -> Mapping[str, Any]:
    source = wanted.source
    name = "".join(letter if letter.isalnum() else "-" for letter in source.model.lower()).strip("-")
    return {
        "annotations": {claims.MODEL: source.model, claims.STAGE: source.stage, claims.RECORD: source.record},
        "name": f"{name}-{source.stage.lower().replace('_', '-')}"[:50].strip("-"),
        "uri": str(source),
        "source": source,
        "image": wanted.image,
        "server": wanted.server,
        "namespace": wanted.namespace,
        "home": wanted.home,
        "ca": base64.b64encode(wanted.ca).decode() if wanted.ca is not None else None,
        "mode": wanted.mode,
        "policy": "Fail" if wanted.mode == "enforce" else "Ignore",
        "head": wanted.head,
    }


def _environment() -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files(_TEMPLATES) / "templates"
    texts = {f"{name}.j2": (folder / f"{name}.j2").read_text("utf-8") for name in FILES}
    # Every value goes through 'finalize', so none depends on a template's remembering to quote it.
    return Environment(
        loader=DictLoader(texts),
        undefined=StrictUndefined,
        finalize=_quoted,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML
    )


def _quoted(value: Any) -> Any:
    import json

    return json.dumps(value)
