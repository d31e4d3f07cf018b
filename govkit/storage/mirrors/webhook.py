"""A webhook that is told of every event: for alarms, for a system that collects logs. It takes, and cannot be read.

A delivery is a CloudEvent 1.0 in JSON (``structured`` mode), signed as Standard Webhooks says: ``webhook-id``,
``webhook-timestamp``, and ``webhook-signature`` with ``v1,`` and the HMAC-SHA256 over ``ID.TIMESTAMP.BODY``. The id is
the event's identity, so a receiver can drop what comes twice. Evidence is named by its digest, not sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govkit.core import canonical, events, mirrored, records
from govkit.core.errors import Malformed, Usage
from govkit.core.events import Head
from govkit.core.mirrored import Carried, Mirrored
from govkit.core.mirrorurl import MirrorUrl
from govkit.storage import files
from govkit.storage.mirrors.base import CONNECT_SECONDS, READ_SECONDS, Unreachable

SECRET_VARIABLE = "GOVKIT_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
#: A folder in the Git folder: how far each webhook was told.
PROGRESS = "govkit/webhooks"
_PREFIX = "whsec_"
_MAX_PROGRESS = 10_000


class Webhook:
    """A webhook.

    Args:
        url: where.
        log: the log's root of trust.
        git_dir: the Git folder, in which is remembered how far it was told.
        environment: where the secret is.
    """

    def __init__(self, url: MirrorUrl, log: str, git_dir: Path, environment: Mapping[str, str]) -> None:
        self.url = url.text
        self._log = log
        name = hashlib.sha256(f"{log}\n{url.text}".encode()).hexdigest()
        self._path = git_dir / PROGRESS / f"{name}.json"
        self._environment = environment

    def told(self) -> Head | None:
        """Return the head up to which this clone has told the webhook, or None.

        Raises:
            Usage: if the file that remembers it is damaged.
        """
        try:
            with self._path.open("rb") as file:
                return records.from_value(canonical.decode(file.read(_MAX_PROGRESS)), Head)
        except FileNotFoundError:
            return None
        except Malformed as error:
            raise Usage(
                f"{self._path} is damaged", why=str(error), fix="remove it: the webhook is then told from the start"
            ) from error

    def tell(self, content: bytes, head: Head) -> None:
        """Deliver one event, and remember it.

        Args:
            content: the event's object, as other mirrors hold it.
            head: the log's head with this event as the last.

        Raises:
            Unreachable: if the receiver does not say that it has it.
            Usage: if there is no secret to sign with.
        """
        found = mirrored.parse(content)
        self._post(found.id, json.dumps(cloud_event(found, head), ensure_ascii=False).encode())
        files.write(self._path, records.to_json(head))

    def _post(self, identity: str, body: bytes) -> None:
        import requests

        headers = {"content-type": "application/cloudevents+json; charset=utf-8", "user-agent": "govkit"}
        headers |= signature_headers(identity, int(time.time()), body, secret(self._environment))
        try:
            with requests.post(
                self.url,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,  # what it answers beside its status is not read
                auth=_no_password,
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise Unreachable(f"the webhook {self.url} cannot be reached", why=str(error), fix="try again") from error
        if not 200 <= status < 300:
            moved = ", and redirects are not followed" if 300 <= status < 400 else ""
            raise Unreachable(
                f"the webhook {self.url} did not take event {identity}",
                why=f"it answered with status {status}{moved}",
                fix="ask who runs it; then run it again",
            )


def _no_password(request: Any) -> Any:
    """Keep requests from sending what ``~/.netrc`` holds for the host."""
    return request


def secret(environment: Mapping[str, str]) -> bytes:
    """Return the key to sign deliveries with.

    Raises:
        Usage: if there is none, or it is no ``whsec_`` and base64 of 24 to 64 bytes.
    """
    text = environment.get(SECRET_VARIABLE, "")
    if not text:
        raise Usage(
            "no secret to sign webhooks with", fix=f"export {SECRET_VARIABLE}=whsec_…, the same as the receiver has"
        )
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise Usage(
            f"{SECRET_VARIABLE} is no secret of a webhook",
            why="it is 'whsec_' and the base64 of 24 to 64 random bytes",
            fix="make one: echo whsec_$(openssl rand -base64 32)",
        )
    return key


def signature_headers(identity: str, timestamp: int, body: bytes, key: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a delivery.

    Args:
        identity: the delivery's id; no full stop in it.
        timestamp: seconds since 1970.
        body: what is delivered.
        key: the secret's bytes.
    """
    signed = hmac.new(key, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode('ascii')}",
    }


def cloud_event(found: Mirrored, head: Head) -> dict[str, Any]:
    """Return the CloudEvent that tells of an event.

    Args:
        found: the event's object.
        head: the log's head with this event as the last.
    """
    content = mirrored.content(found.event)
    try:
        event = events.parse(content or b"")
    except Malformed:
        event = None
    evidence = {name: Carried(sha256=part.sha256, size=part.size) for name, part in found.evidence.items()}
    data = {**records.to_value(found), "evidence": {name: records.to_value(part) for name, part in evidence.items()}}
    # A time that is none must not make the receiver refuse the whole delivery.
    known = event is not None and re.fullmatch(r"[0-9TZ:-]{20}", event.time) is not None
    return {
        "specversion": "1.0",
        "id": found.id,
        "source": f"urn:govkit:log:{found.log.partition(':')[2]}",
        "type": f"govkit.{event.type}" if event else "govkit.unreadable",
        "datacontenttype": "application/json",
        **({"subject": event.subject, "time": event.time} if event and known else {}),
        "data": {"event": data, "head": records.to_value(head)},
    }
