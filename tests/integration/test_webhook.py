"""The admission webhook: AdmissionReviews over TLS to the real server, about a real governed repository."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import admission as benchmark

from tests import admissions
from tests import world as worlds
from tests.admissions import Running, annotations, pod, workload
from tests.world import MODEL, World


@dataclass
class House:
    """A repository, a webhook over a clone of it, and the records of its stages."""

    world: World
    running: Running
    production: str
    staging: str

    def good(self) -> dict[str, str]:
        """Return the annotations of what serves in production."""
        return annotations(MODEL, "production", self.production)


def words(world: World, *more: str) -> tuple[Path, dict[str, str], list[str]]:
    """Return folder, environment and words with which a webhook over a world is started."""
    folder = world.folder / "webhook"
    folder.mkdir(exist_ok=True)
    said = ["--repo", str(folder / "clone"), "--from", f"file://{world.repo}", "--root", world.log().root_of_trust]
    return folder, world.env, [*said, "--interval", "0.2", *more]


@contextlib.contextmanager
def opened(world: World, *more: str, ready: bool = True) -> Iterator[House]:
    """Run a webhook over a world."""
    folder, env, said = words(world, *more)
    with admissions.serving(folder, env, *said, ready=ready) as running:
        yield House(world, running, benchmark.record(world, "production"), benchmark.record(world, "staging"))


@pytest.fixture(scope="module")
def house(_replaced: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A webhook for tests that change nothing: 1.1.0 serves in production, 1.0.0 in staging."""
    world = worlds.copy(_replaced, tmp_path_factory.mktemp("webhook") / "world")
    with opened(world) as found:
        yield found


# -- what may run -----------------------------------------------------------------------------------------------------


def test_a_proven_pod_is_admitted(house: House) -> None:
    """With the same uid, and with what was proven for the API server's audit log."""
    response = house.running.ask(pod(house.good())).response
    assert (response["allowed"], response["uid"]) == (True, "705ab4f5-6393-11e8-b7cc-42010a800002")
    assert "status" not in response
    assert response["auditAnnotations"] == {
        "model": MODEL,
        "stage": "production",
        "record": house.production,
        "version": "1.1.0",
        "verdict": "proven",
        "log-size": str(house.world.log().head.size),
    }


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Rollout"])
def test_workloads_are_read_by_their_templates(house: House, kind: str) -> None:
    """A claim on the template counts, with the same on the object or with none there."""
    good = house.good()
    assert house.running.ask(workload(kind, None, good)).allowed
    assert house.running.ask(workload(kind, good, good)).allowed
    assert not house.running.ask(workload(kind, None, {**good, "govkit.dev/record": house.staging})).allowed


def inference(said: dict[str, str], uri: str | None, component: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an InferenceService."""
    model = {"modelFormat": {"name": "xgboost"}, **({"storageUri": uri} if uri else {})}
    metadata = {"name": "i", "annotations": said}
    spec = {"predictor": {"model": model, **(component or {})}}
    return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": metadata, "spec": spec}


def test_inference_services_are_held_against_their_sources(house: House) -> None:
    """The source must pin the record that the annotations name, and this webhook's root of trust."""
    root, good = house.world.log().root_of_trust, house.good()
    pinned = f"govkit://git.example.org/m.git?model={MODEL}&stage=production&record={house.production}&root={root}"
    assert house.running.ask(inference(good, pinned)).allowed
    elsewhere = inference(good, None)
    for storage in ({"storage": {"key": "x", "path": "y"}}, {"storageUris": [{"uri": pinned}, {"uri": "hf://o/m"}]}):
        elsewhere["spec"]["predictor"]["model"] = {"modelFormat": {"name": "xgboost"}, **storage}
        assert "nothing is proven" in house.running.ask(elsewhere).message
    for wrong, why in (
        (inference(good, pinned.replace(house.production, house.staging)), "another model, stage or record"),
        (inference(good, pinned.replace(root, house.staging)), "root of trust"),
        (inference(good, pinned.partition("&root")[0]), "root missing"),
        (inference(good, "s3://bucket/model"), "loads 's3://bucket/model', of which nothing is proven"),
        (inference({}, pinned), "has no govkit.dev/ annotations"),
        (inference(good, pinned.replace("govkit://", "GOVKIT://")), "no source"),
        (inference(good, None, {"annotations": annotations(MODEL, "staging", house.staging)}), "contradict"),
    ):
        answer = house.running.ask(wrong)
        assert not answer.allowed
        assert why in answer.message


def test_sources_anywhere_in_an_object_are_held_against_its_claim(house: House) -> None:
    """As in the argument of an init container, which KServe makes of a storageUri."""
    root, good = house.world.log().root_of_trust, house.good()
    pinned = f"govkit://git.example.org/m.git?model={MODEL}&stage=production&record={house.production}&root={root}"

    def with_init(said: dict[str, str], *args: str) -> dict[str, Any]:
        made = pod(said)
        init = {"name": "storage-initializer", "image": "i", "args": list(args)}
        return {**made, "spec": {**made["spec"], "initContainers": [init]}}

    assert house.running.ask(with_init(good, pinned, "/mnt/models")).allowed
    other = pinned.replace(house.production, house.staging)
    for wrong in (with_init(good, pinned, other), with_init({}, pinned), with_init(good, f"--uri={pinned}")):
        assert "spec.initContainers[0].args" in house.running.ask(wrong).message


# -- what may not -----------------------------------------------------------------------------------------------------


def test_wrong_claims_are_refused_with_the_reason(house: House) -> None:
    """A record of another stage, an old one, one that never was; other models and stages."""
    old = house.world.log().state.stages[MODEL, "production"][0].at.id
    for said, why in (
        (annotations(MODEL, "production", house.staging), "not the record of what serves"),
        (annotations(MODEL, "production", old), "not the record of what serves"),
        (annotations(MODEL, "production", "sha256:" + "0" * 64), "not the record of what serves"),
        (annotations("other", "production", house.production), "nothing serves other in production"),
        (annotations(MODEL, "canary", house.production), f"nothing serves {MODEL} in canary"),
        (annotations(MODEL, "production", house.production.upper()), "it must be sha256:"),
        (annotations(MODEL, "production", house.production[7:]), "it must be sha256:"),
        (annotations(MODEL, "", house.production), "it must be a stage"),
        (annotations("../../etc", "production", house.production), "it must be a model's full name"),
        # A Cyrillic letter in the model's name, and a full-width sign in the record.
        (annotations("sc\u043erer", "production", house.production), "it must be a model's full name"),
        (annotations(MODEL, "production", house.production.replace(":", "\uff1a")), "it must be sha256:"),
    ):
        answer = house.running.ask(pod(said))
        assert answer.response["allowed"] is False
        assert answer.response["status"]["code"] == 403
        assert why in answer.message


def test_half_claims_and_twins_are_refused(house: House) -> None:
    """Two of three, values that are no text, and keys that only look as they should."""
    good = house.good()
    cases: list[dict[str, Any]] = [{key: good[key] for key in good if key != left} for left in good]
    cases += [{**good, "govkit.dev/stage": value} for value in (None, 1, ["production"], {"a": "b"})]
    # A Cyrillic letter, another case, a word that is not known, one letter hidden.
    twins = ("g\u043evkit.dev/model", "govkit.dev/Model", "Govkit.dev/model", "govkit.dev/recrod", "govkit.dev\u200b/x")
    cases += [{**good, twin: MODEL} for twin in twins] + [{twin: MODEL} for twin in twins]
    for said in cases:
        answer = house.running.ask(pod(said))
        assert answer.response["allowed"] is False, said
        assert answer.message.isprintable()


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_templates_must_carry_the_claim(house: House, kind: str) -> None:
    """A claim on the object alone would not reach its pods; two that differ contradict each other."""
    good = house.good()
    alone = house.running.ask(workload(kind, good, None))
    assert "its pods would carry no" in alone.message
    assert "its pods would carry no" in house.running.ask(workload(kind, good, {"a.example/b": "c"})).message
    other = annotations(MODEL, "staging", house.staging)
    assert "contradict each other" in house.running.ask(workload(kind, good, other)).message


def test_unlabelled_objects_are_denied_by_default(house: House) -> None:
    """And told what is missing."""
    answer = house.running.ask(pod())
    assert not answer.allowed
    assert "govkit.dev/record" in answer.message


def test_what_the_person_reads_is_shown_as_text(house: House) -> None:
    """Escapes of a terminal and reordering characters in a value are shown, not obeyed."""
    answer = house.running.ask(pod(annotations("\x1b[31m\u202escorer", "production", house.production)))
    assert "<U+001B>[31m<U+202E>" in answer.message


def test_operations(house: House) -> None:
    """Deleting and subresources start nothing; an update that changes nothing of substance may pass, others not."""
    stale = annotations(MODEL, "production", house.staging)
    before = workload("Deployment", stale, stale)
    labelled = {**before, "metadata": {**before["metadata"], "finalizers": ["x"]}}
    scaled = {**before, "spec": {**before["spec"], "replicas": 2}}
    ask = house.running.ask
    assert ask(None, "DELETE", oldObject=before).allowed
    assert ask(None, "CONNECT", subResource="exec").allowed
    assert ask(before, "UPDATE", oldObject=before, subResource="scale").allowed
    assert ask(labelled, "UPDATE", oldObject=before).allowed
    assert not ask(scaled, "UPDATE", oldObject=before).allowed
    for fewer, more in ((0, 2), (1, 2), (None, 2)):
        down = {**before, "spec": {**before["spec"], "replicas": fewer}}
        up = {**before, "spec": {**before["spec"], "replicas": more}}
        assert ask(down, "UPDATE", oldObject=up).allowed
        assert not ask(up, "UPDATE", oldObject=down).allowed
    for odd in ({"replicas": True}, {"replicas": -1}, {"replicas": 0, "paused": False}, {"suspend": False}):
        assert not ask({**scaled, "spec": {**scaled["spec"], **odd}}, "UPDATE", oldObject=scaled).allowed
    suspended = {**scaled, "spec": {**scaled["spec"], "suspend": True}}
    assert ask(suspended, "UPDATE", oldObject=scaled).allowed
    assert not ask(scaled, "UPDATE", oldObject=suspended).allowed
    # It was there before the webhook was, and its annotations were never right: it can still go.
    half = pod({"govkit.dev/model": MODEL})
    held = {**half, "metadata": {**half["metadata"], "finalizers": ["x"]}}
    assert ask(half, "UPDATE", oldObject=held).allowed
    assert not ask(held, "CREATE").allowed
    assert not ask(before, "CREATE", dryRun=True).allowed
    assert not ask(None, "CREATE").allowed
    assert not ask(before, "OTHER").allowed
    good = workload("Deployment", house.good(), house.good())
    bare = workload("Deployment", {}, {})
    assert "may not take its annotations away" in ask(bare, "UPDATE", oldObject=good).message
    assert ask({**bare, "status": {"replicas": 1}}, "UPDATE", oldObject=bare).allowed


# -- hostile clients --------------------------------------------------------------------------------------------------


def post(house: House, body: bytes, **headers: str) -> admissions.Reply:
    """Post bytes."""
    return house.running.send("POST", "/validate", body, {name.replace("_", "-"): v for name, v in headers.items()})


def test_what_is_no_admission_review_is_refused(house: House) -> None:
    """With status 400, upon which an API server refuses too, under failurePolicy Fail."""
    good = json.dumps(admissions.review(pod(house.good())))
    assert post(house, good.encode()).allowed
    for body in (
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{}",
        good.replace("/v1", "/v1beta1", 1).encode(),
        good.replace('"uid"', '"uid": "other", "uid"').encode(),
        good.replace('"govkit.dev/stage"', '"govkit.dev/stage": "staging", "govkit.dev/stage"').encode(),
        good.replace('"dryRun": false', '"dryRun": NaN').encode(),
        good.replace('"dryRun": false', '"dryRun": ' + "9" * 5000).encode(),
        good.replace('"object": {', '"object": [], "x": {').encode(),
        good.replace('"dryRun": false', '"x": ' + "[" * 150 + "]" * 150).encode(),
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"[" + b"[]," * 300_000 + b"[]]",
    ):
        assert post(house, body).status == 400, body[:80]
    assert house.running.ask(pod(house.good())).allowed


def test_large_bodies_are_refused_unread(house: House) -> None:
    """By what they say of their length, and by what comes where they say nothing or lie; compressed ones at once."""
    assert post(house, b" " * (10 << 20)).status == 413
    connection = house.running.connect()
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("POST", "/validate", iter([b" " * (1 << 20)] * 10), encode_chunked=True)
        assert connection.getresponse().status == 413
    assert post(house, b"x", Content_Encoding="gzip").status == 415
    assert house.running.ask(pod(house.good())).allowed


def test_other_places_and_methods(house: House) -> None:
    """404 and 405; health says ok; what is asked in the clear gets no answer."""
    assert house.running.send("GET", "/").status == 404
    assert house.running.send("GET", "/validate").status == 405
    assert house.running.send("POST", "/validate/../metrics", b"{}").status == 404
    assert house.running.send("GET", "/healthz").body == b"ok\n"
    with socket.create_connection(("127.0.0.1", house.running.port), 5) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"ok" not in plain.recv(1000)


def test_slow_clients_hold_up_nobody(house: House) -> None:
    """Connections that say nothing, or a byte a second, are closed; meanwhile others are answered."""
    context = ssl.create_default_context(cafile=str(house.running.cert))
    silent = [socket.create_connection(("127.0.0.1", house.running.port), 30) for _ in range(50)]
    slow = [
        context.wrap_socket(
            socket.create_connection(("127.0.0.1", house.running.port), 30), server_hostname="127.0.0.1"
        )
        for _ in range(50)
    ]
    for one in slow:
        one.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n")
    start = time.monotonic()
    assert house.running.ask(pod(house.good())).allowed
    assert time.monotonic() - start < 20
    end = time.monotonic() + 30
    left = set(slow)
    while left and time.monotonic() < end:
        for one in list(left):
            try:
                one.sendall(b"X")
            except OSError:
                left.discard(one)
        time.sleep(0.5)
    assert not left
    for each in silent:
        each.settimeout(5)
        with contextlib.suppress(ConnectionError):
            assert each.recv(1) == b""
        each.close()


def test_metrics_are_prometheus_text(house: House) -> None:
    """Every line is a comment or a sample."""
    text = house.running.send("GET", "/metrics").body.decode()
    sample = re.compile(r'govkit_webhook_\w+(\{\w+="[^"]+"\})? (\d+(\.\d+)?|\+Inf)')
    assert all(line.startswith("# TYPE ") or sample.fullmatch(line) for line in text.splitlines())
    assert house.running.metric("clone_fresh") == 1


# -- while the log advances -------------------------------------------------------------------------------------------


def test_promotions_clearings_and_revocations_take_effect(replaced: World) -> None:
    """A rollback makes the old record void; a cleared stage and a revoked version are refused, with the reason."""
    with opened(replaced) as house:
        ask, before = house.running.ask, house.good()
        assert ask(pod(before)).allowed
        replaced.govkit("rollback", MODEL, "--stage", "production", "-m", "back", as_="remy")
        house.running.wait_for_log(replaced.log().head.size)
        assert "not the record of what serves" in ask(pod(before)).message
        after = annotations(MODEL, "production", benchmark.record(replaced, "production"))
        assert ask(pod(after)).response["auditAnnotations"]["version"] == "1.0.0"
        replaced.govkit("clear", MODEL, "--stage", "production", "-m", "no need", as_="remy")
        house.running.wait_for_log(replaced.log().head.size)
        assert "cleared by remy: no need" in ask(pod(after)).message
        staging = annotations(MODEL, "staging", house.staging)
        assert ask(pod(staging)).allowed
        replaced.govkit("revoke", f"{MODEL}@1.0.0", "-m", "it leaks", as_="rita")
        house.running.wait_for_log(replaced.log().head.size)
        assert "revoked by rita: it leaks" in ask(pod(staging)).message


def test_a_stale_clone_speaks_for_what_it_has_proven(promoted: World) -> None:
    """With a warning, also after a restart; what is new is refused; beyond the allowed time everything is."""
    with opened(promoted, "--max-staleness", "600") as house:
        production, staging = house.good(), annotations(MODEL, "staging", house.staging)
        assert house.running.ask(pod(production)).allowed
        promoted.repo.rename(promoted.folder / "away")
        house.running.wait(lambda: house.running.metric("clone_fresh") == 0)
        _check_stale(house.running, production, staging)
    (promoted.folder / "away").rename(promoted.repo)
    folder, env, said = words(promoted, "--max-staleness", "600")
    promoted.repo.rename(promoted.folder / "away")
    with admissions.serving(folder, env, *said) as running:
        _check_stale(running, production, staging)
    with admissions.serving(folder, env, *said[:-1], "1") as running:
        running.wait(lambda: running.metric("clone_fresh") == 0)
        answer = running.ask(pod(production))
        assert not answer.allowed
        assert "old" in answer.message


def _check_stale(running: Running, proven: dict[str, str], new: dict[str, str]) -> None:
    answer = running.ask(pod(proven))
    assert answer.allowed
    assert any("old: proven before" in warning for warning in answer.response["warnings"])
    assert all(len(warning) <= 120 for warning in answer.response["warnings"])
    refused = running.ask(pod(new))
    assert not refused.allowed
    assert "this was not proven before" in refused.message


@pytest.mark.parametrize("keeps_clone", [True, False])
def test_revocations_are_never_forgotten(replaced: World, keeps_clone: bool) -> None:
    """A remote that afterwards serves a log without it, and a restart, with the clone or with a new one, bring none back."""
    log = "refs/heads/govkit/log"
    with opened(replaced) as house:
        staging = annotations(MODEL, "staging", house.staging)
        assert house.running.ask(pod(staging)).allowed
        head = replaced.git("rev-parse", log)
        replaced.govkit("revoke", f"{MODEL}@1.0.0", "-m", "it leaks", as_="rita")
        house.running.wait_for_log(replaced.log().head.size)
        assert "it leaks" in house.running.ask(pod(staging)).message
        replaced.git("update-ref", log, head)
        house.running.wait(lambda: b"cut short" in house.running.said.read_bytes())
        assert "it leaks" in house.running.ask(pod(staging)).message
    if not keeps_clone:
        shutil.rmtree(replaced.folder / "webhook" / "clone")
    replaced.forget()
    with opened(replaced) as house:
        assert "it leaks" in house.running.ask(pod(staging)).message
        house.running.wait(lambda: b"not brought up to date" in house.running.said.read_bytes())
        # What the clone had from the whole log, a moment before the restart, counts as fresh for some seconds yet.
        house.running.wait(lambda: house.running.metric("clone_fresh") == 0)
        # Nothing new is proven from a log that lacks what was seen.
        answer = house.running.ask(pod(house.good()))
        assert not answer.allowed


@pytest.mark.parametrize("keeps_clone", [True, False])
def test_a_rewritten_log_proves_nothing_new(promoted: World, keeps_clone: bool) -> None:
    """The last event replaced by others: seen by the clone, and without it by the head that was kept."""
    with opened(promoted) as house:
        assert house.running.ask(pod(house.good())).allowed
    if not keeps_clone:
        shutil.rmtree(promoted.folder / "webhook" / "clone")
    promoted.git("update-ref", "refs/heads/govkit/log", "refs/heads/govkit/log~1")
    promoted.forget()
    for number in range(2):
        promoted.push_signed("ada", type="finding.opened", body={"number": number})
    folder, env, said = words(promoted)
    with admissions.serving(folder, env, *said) as running:
        problem = b"two histories" if keeps_clone else b"its history was rewritten"
        running.wait(lambda: problem in running.said.read_bytes())
        running.wait(lambda: running.metric("clone_fresh") == 0 or running.metric("log_broken") == 1)
        assert not running.ask(pod(annotations(MODEL, "staging", house.staging))).allowed
        # What was proven before is let in with a warning as long as the clone has the log that it was proven from.
        assert running.ask(pod(house.good())).allowed == keeps_clone


def test_another_log_than_the_pinned_one_proves_nothing(promoted: World) -> None:
    """Nor is the webhook ready; but it is healthy, and says why."""
    folder, env, said = words(promoted)
    said[said.index("--root") + 1] = "sha256:" + "1" * 64
    with admissions.serving(folder, env, *said, ready=False) as running:
        running.wait(lambda: b"not the one that was pinned" in running.said.read_bytes())
        assert not running.ask(pod(annotations(MODEL, "production", "sha256:" + "0" * 64))).allowed
        assert running.send("GET", "/readyz").status == 503
        assert running.send("GET", "/healthz").status == 200


def test_a_moved_tag_stops_what_is_new(promoted: World) -> None:
    """The remote is no longer believed; what was proven before lasts until it is too old."""
    with opened(promoted) as house:
        assert house.running.ask(pod(house.good())).allowed
        promoted.git("tag", "-f", "-m", "x", f"{MODEL}#production#2", "HEAD")
        house.running.wait(lambda: b"moved on 'origin'" in house.running.said.read_bytes())
        house.running.wait(lambda: house.running.metric("clone_fresh") == 0)
        assert house.running.ask(pod(house.good())).response["warnings"]
        assert not house.running.ask(pod(annotations(MODEL, "staging", house.staging))).allowed


# -- how it is run ----------------------------------------------------------------------------------------------------


def test_adoption(promoted: World) -> None:
    """With 'warn' nothing is refused, and the person is told what would be; unlabelled objects can be let be."""
    with opened(promoted, "--mode", "warn", "--unlabelled", "allow") as house:
        response = house.running.ask(pod(annotations(MODEL, "production", house.staging))).response
        assert response["allowed"] is True
        assert "WOULD BE REFUSED" in response["warnings"][0]
        assert all(len(warning) <= 120 for warning in response["warnings"])
        assert response["auditAnnotations"]["verdict"] == "would-refuse"
        assert "warnings" not in house.running.ask(pod()).response


def test_certificates_are_loaded_anew(promoted: World) -> None:
    """A renewed certificate is served without a restart; half a pair leaves the old one."""
    with opened(promoted) as house:
        key = house.running.cert.with_name("tls.key").read_bytes()
        new = promoted.folder / "new"
        admissions.certificate(new, "renewed")
        house.running.cert.with_name("tls.key").write_bytes((new / "tls.key").read_bytes())
        house.running.wait(lambda: b"the old certificate is served on" in house.running.said.read_bytes())
        house.running.cert.with_name("tls.key").write_bytes(key)
        shutil.copy(new / "tls.key", house.running.cert.with_name("tls.key"))
        shutil.copy(new / "tls.crt", house.running.cert)
        house.running.wait(lambda: _answers(house.running))


def _answers(running: Running) -> bool:
    try:
        return running.send("GET", "/healthz").status == 200
    except ssl.SSLError:
        return False


def test_a_prover_that_dies_is_replaced(promoted: World) -> None:
    """And answers go on meanwhile."""
    import os
    import signal
    import subprocess

    with opened(promoted) as house:
        assert house.running.ask(pod(house.good())).allowed
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(house.running.process.pid)], capture_output=True, text=True, check=True
        )
        os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
        house.running.wait(lambda: house.running.metric("prover_restarts_total") == 1)
        assert house.running.ask(pod(house.good())).allowed
        promoted.govkit("revoke", f"{MODEL}@1.0.0", "-m", "it leaks", as_="rita")
        house.running.wait_for_log(promoted.log().head.size)
        assert not house.running.ask(pod(house.good())).allowed


def test_no_certificate_is_a_usage_error(promoted: World) -> None:
    """With exit code 2, and the files named."""
    words = ["webhook", "serve", "--cert", "no.crt", "--key-file", "no.key", "--port", "0"]
    assert "no.crt" in promoted.govkit(*words, expect=2).text


def test_no_wrong_answer_under_load(promoted: World) -> None:
    """A smaller benchmarks/admission.py: while production goes back, forth and is revoked, every answer is true."""
    benchmark.prepare(promoted, 100)
    folder, env, said = benchmark.start(promoted)
    with admissions.serving(folder, env, *said) as running:
        found = benchmark.measure(promoted, running, 6.0, rate=50)
    assert found.wrong == []
    assert len(found.seconds) > 250
    assert 0 < found.allowed < len(found.seconds)
    assert found.percentile(90) < 1.0


def test_flagger_is_answered_beside(requested: World) -> None:
    """Its hooks come to the same server, and follow the log; what is none of its questions is refused."""
    with opened(requested) as house:

        def ask(hook: str, version: str = "1.1.0") -> int:
            metadata = {"model": MODEL, "stage": "production", "version": version}
            body = json.dumps({"name": "scorer", "namespace": "prod", "phase": "Progressing", "metadata": metadata})
            return house.running.send("POST", f"/flagger/{hook}", body.encode()).status

        assert [ask("confirm-rollout"), ask("rollback")] == [403, 403]
        start = ("canary", "start", f"{MODEL}@1.1.0", "--stage", "production", "--share", "0.05")
        requested.govkit(*start, as_="remy")
        house.running.wait_for_log(requested.log().head.size)
        assert [ask("confirm-rollout"), ask("confirm-traffic-increase"), ask("confirm-promotion")] == [200, 200, 403]
        requested.govkit("revoke", f"{MODEL}@1.1.0", "-m", "leak", as_="rita")
        house.running.wait_for_log(requested.log().head.size)
        assert [ask("confirm-rollout"), ask("rollback")] == [403, 200]
        assert [ask("load-test"), ask("confirm-rollout", "1\n2")] == [400, 400]
        for body in (b"", b"[]", b'{"metadata": 1, "metadata": 2}', b"[" * 100_000, b"\xff"):
            assert house.running.send("POST", "/flagger/rollback", body).status == 400
        assert house.running.send("GET", "/flagger/rollback").status == 405
