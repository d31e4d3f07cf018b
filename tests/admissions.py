"""A webhook in a process of its own, and an API server's side of the conversation, for tests and the benchmark."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import ipaddress
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOP = Path(__file__).resolve().parents[1]


def certificate(folder: Path, name: str = "govkit") -> tuple[Path, Path]:
    """Make a certificate for the loopback address, signed by itself; return its file and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    cert, private = folder / "tls.crt", folder / "tls.key"
    pem = serialization.Encoding.PEM
    cert.write_bytes(made.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return cert, private


def annotations(model: str, stage: str, record: str) -> dict[str, str]:
    """Return the three annotations."""
    return {"govkit.dev/model": model, "govkit.dev/stage": stage, "govkit.dev/record": record}


def pod(said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a pod with annotations."""
    spec = {"containers": [{"name": "server", "image": "registry.example.org/server:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": dict(said or {})}, "spec": spec}


def workload(kind: str, own: Mapping[str, Any] | None, template: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a Deployment or its like, with annotations on itself and on its template."""
    inner = {"metadata": {"annotations": dict(template)} if template is not None else {}, "spec": pod()["spec"]}
    metadata = {"name": "d", **({"annotations": dict(own)} if own is not None else {})}
    spec: dict[str, Any] = {"replicas": 1, "template": inner}
    if kind == "CronJob":
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": inner}}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def review(thing: Any, operation: str = "CREATE", **fields: Any) -> dict[str, Any]:
    """Return the AdmissionReview that an API server posts for an object."""
    kind = thing.get("kind", "Pod") if isinstance(thing, dict) else "Pod"
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": kind},
        "name": "p",
        "namespace": "models",
        "operation": operation,
        "userInfo": {"username": "kim"},
        "object": thing,
        "oldObject": None,
        "dryRun": False,
        **fields,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


@dataclass
class Reply:
    """What the webhook answered: the HTTP status and the body."""

    status: int
    body: bytes

    @property
    def response(self) -> Any:
        """The AdmissionReview's response."""
        value = json.loads(self.body)
        assert (value["apiVersion"], value["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        return value["response"]

    @property
    def allowed(self) -> bool:
        """Whether the object may be."""
        return self.status == 200 and self.response["allowed"] is True

    @property
    def message(self) -> str:
        """Why not."""
        return str(self.response["status"]["message"])


@dataclass
class Running:
    """A webhook that runs."""

    port: int
    cert: Path
    process: subprocess.Popen[bytes]
    said: Path

    def connect(self) -> http.client.HTTPSConnection:
        """Open a connection that trusts the webhook's certificate alone."""
        context = ssl.create_default_context(cafile=str(self.cert))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request on a connection of its own."""
        connection = self.connect()
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read())

    def ask(self, thing: Any, operation: str = "CREATE", **fields: Any) -> Reply:
        """Post an AdmissionReview for an object."""
        body = json.dumps(review(thing, operation, **fields)).encode()
        return self.send("POST", "/validate?timeout=10s", body, {"Content-Type": "application/json"})

    def metric(self, name: str) -> float:
        """Return a metric."""
        text = self.send("GET", "/metrics").body.decode()
        found = re.search(rf"^govkit_webhook_{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found, text
        return float(found[1])

    def wait(self, holds: Any, seconds: float = 30.0) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.said.read_text()
            assert self.process.poll() is None, self.said.read_text()
            time.sleep(0.05)

    def wait_for_log(self, size: int) -> None:
        """Wait until it has seen a log of at least so many events, and proven everything anew."""
        self.wait(lambda: self.metric("log_events") >= size)


@contextlib.contextmanager
def serving(folder: Path, env: Mapping[str, str], *words: str, ready: bool = True) -> Iterator[Running]:
    """Run ``govkit webhook serve`` with a certificate in a folder."""
    cert, key = folder / "tls.crt", folder / "tls.key"
    if not cert.exists():
        certificate(folder)
    said = folder / "said.txt"
    command = [sys.executable, "-m", "govkit.cli.main", "webhook", "serve", "--host", "127.0.0.1", "--port", "0"]
    command += ["--cert", str(cert), "--key-file", str(key), *words]
    environment = {**env, "PYTHONPATH": os.pathsep.join([str(TOP), env.get("PYTHONPATH", "")])}
    with said.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=folder)
    try:
        yield _started(process, said, cert, ready)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _started(process: subprocess.Popen[bytes], said: Path, cert: Path, ready: bool) -> Running:
    end = time.monotonic() + 30
    while not (found := re.search(r"listening on port (\d+)", said.read_text())):
        assert process.poll() is None and time.monotonic() < end, said.read_text()
        time.sleep(0.05)
    running = Running(int(found[1]), cert, process, said)
    if ready:
        running.wait(lambda: running.send("GET", "/readyz").status == 200)
    return running
