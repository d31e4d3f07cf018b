"""Every place where bytes that an attacker can write are read, as one table for all fuzzers.

A target takes bytes and may raise what its ``allowed`` names, which is a kind of refusal, and nothing else; what it
asserts must hold for any bytes.
To add one, write a function that takes bytes and give it ``@target``: the property tests, the bombs and the
coverage-guided fuzzer (``benchmarks/fuzz.py``) all take it from :data:`TARGETS`.
Inputs that once broke something lie in ``corpus/TARGET/`` and are run by every one of them.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import posixpath
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from govkit.cards import render
from govkit.core import (
    approvals,
    build,
    canonical,
    celtext,
    commits,
    compatibility,
    controls,
    delivered,
    digests,
    draft,
    dvcfiles,
    dvcignore,
    events,
    inert,
    keys,
    limits,
    measures,
    merkle,
    modelfile,
    names,
    policy,
    policycheck,
    policydiff,
    policytest,
    policytext,
    records,
    tags,
    templates,
    templatetext,
    times,
    yamltext,
)
from govkit.core import card as card_format
from govkit.core.card import Contract
from govkit.core.errors import GovkitError, Malformed, Undecided, Usage
from govkit.core.gates import distributions
from govkit.core.gates.expression import MAX_LENGTH, ROOTS
from govkit.core.ledger import Entry, Ledger
from govkit.core.report import GateReport
from govkit.core.verdict import VerifyVerdict
from govkit.integrations.kubernetes import claims, review, source
from govkit.reports import csvout
from govkit.reports import lineage as lineage_report
from govkit.storage import dvcbytes, entries, gitobjects, pins, scanning, signatures
from govkit.workflow import decide, delivery

ROOT = Path(__file__).resolve().parents[2]
V1 = ROOT / "tests" / "data" / "records" / "v1"
CORPUS = Path(__file__).parent / "corpus"
HEX = "0123456789abcdef" * 2 + "01234567"


@dataclass(frozen=True)
class Target:
    """One reader of hostile bytes.

    Attributes:
        name: what it is called.
        run: reads some bytes, and asserts what must hold.
        seeds: honest inputs, and those that once broke something.
        allowed: what it may raise.
        limit: the size in bytes from which on nothing gets as far as here, as the caller refuses it.
    """

    name: str
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    allowed: tuple[type[Exception], ...]
    limit: int


TARGETS: dict[str, Target] = {}


def target(
    name: str, seeds: Iterable[bytes], allowed: tuple[type[Exception], ...] = (Malformed,), limit: int = 16 << 20
) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Put a function into the table."""

    def add(run: Callable[[bytes], object]) -> Callable[[bytes], object]:
        folder = CORPUS / name
        kept = sorted(folder.iterdir()) if folder.is_dir() else []
        TARGETS[name] = Target(name, run, (*seeds, *(path.read_bytes() for path in kept)), allowed, limit)
        return run

    return add


def check(found: Target, data: bytes) -> None:
    """Run a target on some bytes; whatever it raises beyond what it may is a finding."""
    with contextlib.suppress(*found.allowed):
        found.run(data)


def text_of(data: bytes) -> str:
    """Return any bytes as text, with half surrogates where they are not UTF-8, as file names have them."""
    return data.decode("utf-8", "surrogateescape")


def files(pattern: str) -> list[bytes]:
    """Return the content of files of the golden records."""
    return [path.read_bytes() for path in sorted(V1.glob(pattern))]


@contextlib.contextmanager
def file_of(data: bytes, suffix: str = "") -> Any:
    """Put bytes into a file."""
    handle, name = tempfile.mkstemp(suffix=suffix, prefix="fuzz-")
    try:
        os.write(handle, data)
        os.close(handle)
        yield Path(name)
    finally:
        Path(name).unlink()


# -- records of the log ---------------------------------------------------------------------------------------------

EVENTS = files("log/*/event.json")
SIGNATURES = files("log/00[0-5]/event.json.sig")
TAGS = files("tags/*.tag")
POLICY = (V1 / "policy" / "policy.json").read_bytes()
CARD = (V1 / "card" / "card.json").read_bytes()


@target("canonical", [EVENTS[0], CARD, b"[1.5e300,-0.1,true,null]", b'{"\xc3\xa9":1,"\xf0\x9f\x98\x80":2}'])
def _canonical(data: bytes) -> None:
    assert canonical.encode(canonical.decode(data)) == data


@target("event", EVENTS, limit=events.MAX_EVENT_BYTES)
def _event(data: bytes) -> None:
    leaf = events.leaf(data, data)
    assert leaf.count(b"\n") == 4
    assert leaf.endswith(b"\n")
    assert names.is_model(leaf.split(b"\n")[1].decode()) or leaf.split(b"\n")[1] in (b"*",)
    events.identity(data, None)
    found = events.parse(data)
    headline = commits.headline(found)
    assert headline.isascii()
    assert headline.isprintable()
    with contextlib.suppress(ValueError):  # a time that there is not; who builds the commit expects it
        times.parse(found.time)
        commits.build(found, HEX, HEX)
    events.body(found)


@cache
def _log() -> tuple[list[Entry], str]:
    found_entries = []
    for folder in sorted((V1 / "log").iterdir())[:20]:
        found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "commit"}
        event, signature = found.pop(events.EVENT_FILE), found.pop(events.SIGNATURE_FILE)
        signer, problem = entries.check_signature(event, signature, signatures.EVENT_NAMESPACE)
        evidence = {name: entries.make_evidence(name, content) for name, content in found.items()}
        found_entries.append(Entry(event, signature, signer, problem, evidence))
    return found_entries, found_entries[0].signer or ""


@cache
def _ledger() -> Ledger:
    ledger = Ledger()
    ledger.read(_log()[0])
    return ledger


@target("ledger", EVENTS, (), limit=events.MAX_EVENT_BYTES)
def _judged(data: bytes) -> None:
    """An event by somebody who holds a key, on a log that has everything; or one that opens a log."""
    known, _ = _log()
    with contextlib.suppress(Malformed):
        data = _in_place(data, _ledger())
    evidence = {name: found for entry in known for name, found in entry.evidence.items()}
    policy_now = _ledger().state.policy
    member = policy_now.policy.people.get(_actor(data)) if policy_now else None
    signer = member.keys[0] if member and member.keys else known[0].signer
    copy.deepcopy(_ledger()).append(Entry(data, b"x", signer, "", evidence, ()))
    Ledger().append(Entry(data, b"x", signer, "", evidence, ()))


def _in_place(data: bytes, ledger: Ledger) -> bytes:
    value = canonical.decode(data)
    if isinstance(value, dict):
        tree = ledger.state.tree
        value["log"] = {"size": len(tree), "root": merkle.text(tree.roots[-1])}
        if isinstance(value.get("evidence"), dict):
            known = {name: found.sha256 for entry in _log()[0] for name, found in entry.evidence.items()}
            value["evidence"] = {name: known.get(name, digest) for name, digest in value["evidence"].items()}
    return canonical.encode(value)


def _actor(data: bytes) -> str:
    try:
        value = canonical.decode(data)
    except Malformed:
        return ""
    return str(value.get("actor")) if isinstance(value, dict) else ""


@target("tag", TAGS)
def _tag(data: bytes) -> None:
    entries.tag_signer(data) if _in_process(data) else None
    found = tags.parse(data)
    assert names.parse_tag(found.name) is not None


def _in_process(tag: bytes) -> bool:
    """Tell whether a signature is checked here: for other kinds of keys ssh-keygen is started, which is slow."""
    try:
        _, block = keys.split_signed(tag)
        blob = keys.dearmour(block or b"")
        return keys.signed_by(blob, signatures.TAG_NAMESPACE).split()[0] in ("ssh-ed25519", "ssh-rsa")
    except Malformed:
        return True


@target("signature", SIGNATURES)
def _signature(data: bytes) -> None:
    blob = keys.dearmour(data)
    key = keys.signed_by(blob, signatures.EVENT_NAMESPACE)
    assert keys.normalise(key) == key
    keys.fingerprint(key)
    if key.split()[0] in ("ssh-ed25519", "ssh-rsa"):
        signatures.signer_of(EVENTS[0], data, signatures.EVENT_NAMESPACE)


@target("signature-blob", [keys.dearmour(each) for each in SIGNATURES])
def _signature_blob(data: bytes) -> None:
    """The same without the armour, so that a fuzzer reaches the fields."""
    _signature(keys.armour(data))


@target(
    "key", limit=1 << 16, seeds=[next(iter(policy.parse(POLICY).policy.people.values())).keys[0].encode() + b" comment"]
)
def _key(data: bytes) -> None:
    found = keys.normalise(text_of(data))
    assert keys.normalise(found) == found


@target("policy.json", [POLICY, *files("log/000/policy.json")], limit=limits.POLICY)
def _policy(data: bytes) -> None:
    found = policy.parse(data)
    _use(found)


def _use(found: policy.InForce) -> None:
    fatal = [fault for fault in policycheck.faults(found) if fault.fatal]
    if fatal:  # the ledger refuses it before anything else looks at it
        return
    for stage in found.policy.stages:
        for tier in ("low", "high"):
            required = found.requirements("scorer", tier, stage)
            assert required is None or approvals.words(required.approvals.quorum)
        found.requirements("scorer", "high", stage, "break-glass")
    before = policy.parse(POLICY)
    assert all(isinstance(line, str) for line in policydiff.summary_lines(before, found))
    draft.make(card_format.parse(CARD), digests.sha256(CARD), found)


# -- what people write ----------------------------------------------------------------------------------------------

YAML = [(ROOT / "governance" / "policy.yaml").read_bytes(), *files("policy/policy.yaml"), b"a: &x [1]\nb: *x\n"]


@target("yaml", YAML)
def _yaml(data: bytes) -> None:
    document = yamltext.load(data, where="f")
    assert all(line >= 1 for line in document.lines.values())
    canonical.depth(document.value)


@target("yaml-tolerant", YAML)
def _yaml_tolerant(data: bytes) -> None:
    value = yamltext.load(data, where="f", tolerant=True).value
    if len(data) < 100_000:  # the encoder is slower than the reader
        canonical.encode(measures.plain(value))


@target("policy.yaml", YAML[:2])
def _policy_yaml(data: bytes) -> None:
    found = policytext.read(data, where="policy.yaml")
    assert found.faults or found.in_force
    assert all(line >= 1 for line, _ in found.faults)
    if found.in_force is not None:
        assert policy.parse(found.canonical).digest == found.in_force.digest
        _use(found.in_force)


@target("policy-tests.yaml", [(ROOT / "governance" / "policy-tests.yaml").read_bytes()])
def _policy_tests(data: bytes) -> None:
    found = policytest.read(data, where="policy-tests.yaml")
    in_force = policy.parse(POLICY)
    for case in found.suite.cases[:3] if found.suite and not found.faults else ():
        card = policytest.changed(card_format.parse(CARD), case.change)
        if not list(policytest.case_faults(case, in_force, card.statements.tier)):
            policytest.run(case, 1, in_force, card, None, now="2026-11-23T10:15:00Z", evaluate=None)


@target(
    "expression",
    limit=MAX_LENGTH,
    seeds=[b"card.metrics.exists(m, m.name == 'auc' && m.value > 0.7)", b"now - x < duration('1h') // y"],
)
def _expression(data: bytes) -> None:
    celtext.bound(text_of(data))
    assert isinstance(celtext.problem(text_of(data), ROOTS), str)


@target(
    "names",
    limit=1 << 16,
    seeds=[b"models=clf@v1.0.0", b"a/b=c#prod#3", b"m#prod!#12", b"policy#3", b"m@v1.0.0-rc.1#production"],
)
def _names(data: bytes) -> None:
    text = text_of(data)
    found = names.parse_tag(text)
    assert found is None or str(found) == text
    for tell in (names.is_model, names.is_version, names.is_stage, names.is_person):
        if tell(text):
            assert text.isascii()
            assert text.isprintable()
            assert not posixpath.isabs(text)
            assert ".." not in text.split("/")
    model = names.grammar_model(text)
    names.numbers(text, model or "m")
    for split in (names.split_version, names.split_request):
        with contextlib.suppress(Usage):
            split(text)
    for read in (times.parse, times.span, times.end):
        with contextlib.suppress(ValueError):
            read(text)


# -- cards and what they are made from ------------------------------------------------------------------------------

INPUTS = json.loads((V1 / "card" / "inputs.json").read_text())


def _card_from(path: str, data: bytes, more: dict[str, bytes] | None = None) -> None:
    """Make a card from the golden project with one of its files exchanged, or some more of them."""
    contents = {name: text.encode() for name, text in INPUTS["files"].items()} | {path: data} | (more or {})
    parsed = {
        name: yamltext.load(content, where=name, dvc=True).value
        for name, content in contents.items()
        if name.endswith((".dvc", "dvc.yaml", "dvc.lock"))
    }
    project = dvcfiles.read_project(parsed, contents.get)
    model = INPUTS["model"]
    plan = build.plan(project, model, INPUTS["paths"])
    statements, _ = modelfile.read(model, contents)
    modelfile.extra_files(statements, INPUTS["paths"])
    project.touched(model)
    raw = build.build(project, model, build.Facts(INPUTS["paths"], contents, INPUTS["sha256"]))
    assert canonical.encode(canonical.decode(raw)) == raw
    assert plan.files
    _shown(raw)


def _shown(raw: bytes) -> None:
    card = card_format.parse(raw)
    card.data_digest()
    drafted = draft.make(card, digests.sha256(raw), policy.parse(POLICY))
    page, text = render.page(card, drafted, raw), render.markdown(card, drafted, raw)
    assert not any(hidden(each) for each in (page, text))
    assert "<script" not in page.lower().replace("</script", "")
    assert not any(hidden(line) for line in lineage_report.as_tree(card))
    lineage_report.as_mermaid(card)
    for profile in card.profiles:
        for entry in profile.features.values():
            with contextlib.suppress(Malformed):
                found = distributions.read(entry, profile.rows)
                assert distributions.psi(found, found) >= 0
                assert distributions.ks(found, found) == 0


def hidden(text: str) -> bool:
    """Tell whether a text holds a character that a reader cannot see, or that makes a terminal act."""
    return inert.visible(text) != text


for _path, _name in (
    ("dvc.yaml", "dvc.yaml"),
    ("dvc.lock", "dvc.lock"),
    ("data/rows.csv.dvc", "file.dvc"),
    ("params.yaml", "params.yaml"),
    ("governance/scorer/model.yaml", "model.yaml"),
    ("reports/metrics.json", "metrics.json"),
    ("reports/fairness.json", "fairness.json"),
):
    target(_name, [INPUTS["files"][_path].encode()], (Malformed, Usage))(
        lambda data, path=_path: _card_from(path, data)  # type: ignore[misc]
    )


@target("card.json", [CARD, (ROOT / "governance" / "credit-default" / "card.json").read_bytes()])
def _card(data: bytes) -> None:
    _shown(data)


@target(
    "dvc-files", [b"\0".join(INPUTS["files"][path].encode() for path in ("dvc.yaml", "dvc.lock"))], (Malformed, Usage)
)
def _dvc_files(data: bytes) -> None:
    """Both files at once, as an attacker writes them: they have to agree to get far."""
    declared, _, lock = data.partition(b"\0")
    _card_from("dvc.yaml", declared, {"dvc.lock": lock})


TEMPLATED = b"""vars: [{n: 1}]
artifacts: {scorer: {type: model, path: "${train.out}.json"}}
stages:
  train: {cmd: "x ${train}", outs: ["${train.out}.json"], vars: [{own: {a: b}}]}
  each: {foreach: "${names}", do: {cmd: "y ${item.a[0]}", metrics: ["${key}.json"]}}
  all: {matrix: {a: [1, "${n}"], b: "${list}"}, cmd: "z ${item.a} ${item.b} ${key}"}
"""
VALUES = b"train: {out: model, deep: {on: True, l: [1, it's]}}\nnames: {p: {a: [1]}}\nlist: [x, 0x10]\n"


@target("templates", [TEMPLATED + b"\0" + VALUES], (Malformed, Usage))
def _templates(data: bytes) -> None:
    """A templated ``dvc.yaml`` and its values: filled in whole, or not at all."""
    declared, _, values = data.partition(b"\0")
    content = yamltext.load(declared, where="dvc.yaml", dvc=True).value
    read = {"params.yaml": values}.get
    found = templates.Templates("", content if isinstance(content, dict) else {}, read, templates.Budget())
    for name in found.names():
        with contextlib.suppress(templatetext.Unfilled):
            canonical.encode(measures.plain(found.stage(name)))
            list(found.commands(name))
    _card_from("dvc.yaml", declared, {"params.yaml": values})


@target("params.py", [b"a = 1\nclass C:\n  b: float = 0.5\n  def __init__(self):\n    self.c = {'x': (1, None)}\n"])
def _params_py(data: bytes) -> None:
    canonical.encode(measures.plain(measures.load("p.py", data, params=True)))


@target("dvcignore", [b"*.tmp\n!keep.tmp\n/a/**/b/\n[!a-c]?\\#\n"])
def _dvcignore(data: bytes) -> None:
    paths = ["d/a/b/c", "d/x.tmp", "d/keep.tmp", f"d/{'a' * 60}"]
    with contextlib.suppress(dvcignore.TooMuch):
        assert set(dvcignore.DvcIgnore({".dvcignore": data}).kept(paths, "d")) <= set(paths)


PROFILE = b"""{"schema":"govkit.data-profile/v1","path":"d","rows":20,"label":{"mean":0.5},"features":{"a":{"counts":
{"1":5,"2":15},"missing":0},"b":{"quantiles":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20],"missing":1}}}"""


def _report(path: str, data: bytes) -> None:
    content = measures.load(path, data)
    readings: list[Callable[[], object]] = [
        lambda: measures.metrics(path, content),
        lambda: measures.plot(path, content, {"x": "a", "y": ["b"]}),
        lambda: canonical.encode(measures.plain(content)),
    ]
    if isinstance(content, dict):
        readings += [lambda: measures.fairness(path, content), lambda: measures.profile(path, content)]
    for read in readings:
        with contextlib.suppress(Malformed):
            found = read()
            for one in found if isinstance(found, list) else [found]:
                if isinstance(one, records.Record):
                    records.to_json(one)


for _suffix, _seeds in {
    "json": [b'{"auc":{"value":0.8,"interval":[0.7,0.9],"n":10}}', PROFILE, b'[{"x":1,"y":NaN},{"x":"1e5"}]'],
    "yaml": [b"auc: 0.8\nnested:\n  f1: {value: 1, n: 3}\n"],
    "toml": [b'auc = 0.8\n[a.b]\nc = 0xff\n[[d]]\ne = 2026-01-01T00:00:00Z\nf = {g = "h"}\n'],
    "csv": [b"x,y\n1,2\n3,\n,\n", b'"a\nb",c\n"1,5",2,3\n'],
}.items():
    target(f"report.{_suffix}", _seeds)(lambda data, path=f"r.{_suffix}": _report(path, data))  # type: ignore[misc]


@target("documents", [(V1 / "card" / "request.json").read_bytes(), (V1 / "verdict.json").read_bytes()])
def _documents(data: bytes) -> None:
    for kind in (draft.Draft, VerifyVerdict, GateReport):
        with contextlib.suppress(Malformed):
            records.from_json(data, kind)


def _manifest_seed() -> bytes:
    """Return the manifest of a delivery that the golden log's last verdict allows."""
    result = records.from_value(json.loads((V1 / "verdict.json").read_bytes()), VerifyVerdict)
    event, signature = next(
        pair for pair in zip(EVENTS, SIGNATURES, strict=False) if b'"promotion.recorded"' in pair[0]
    )
    return delivered.manifest(result, [{"path": "m/a", "sha256": f"{result.weights}", "size": 1}], event, signature)


@target("manifest", [_manifest_seed()], limit=limits.GENERATED)
def _manifest(data: bytes) -> None:
    """Nothing is ever proven where no file was seen, and what is said of it can be written down."""
    found = delivered.judge(delivered.parse(data), CARD, {}, {}, now="2026-11-27T00:00:00Z", record="sha256:" + HEX * 2)
    assert found.exit_code != 0
    json.dumps(records.to_value(found))


@target(
    "target.yaml",
    [
        b"schema: govkit.target/v1\npython: '3.12'\nhardware: {memory_gib: 1, a: [x]}\ninputs: [{name: a, dtype: int8}]\n"
    ],
    (Usage,),
    limit=yamltext.MAX_BYTES,
)
def _target(data: bytes) -> None:
    """Whatever a platform says of itself, each point is decided."""
    contract = Contract(framework="x", framework_version=">=1", hardware={"memory_mib": 1}, limits={"batch": 1.0})
    with file_of(data) as path:
        described = delivery.read_target(path)
    for check_ in compatibility.judge(contract, described):
        assert check_.found and check_.required


@target(
    "framework",
    [(ROOT / "govkit" / "data" / "frameworks" / "ss1-23.json").read_bytes()],
    limit=limits.HAND_WRITTEN,
)
def _framework(data: bytes) -> None:
    """Nothing is met of a mapping where nothing was looked at."""
    found = controls.weigh(controls.parse(data), {})
    assert {met.word for met in found.controls} == {"not covered"}
    json.dumps(records.to_value(found))


@target("decision", [(V1 / "decision.json").read_bytes().removesuffix(b"\n")])
def _decision(data: bytes) -> None:
    decide._from_value(canonical.decode(data))


# -- DVC, Git and the reader's own files ----------------------------------------------------------------------------


@target(
    "dvc-listing", [b'[{"md5": "%s", "relpath": "a/b.csv"}, {"md5": "%s", "relpath": "c"}]' % (b"0" * 32, b"f" * 32)]
)
def _listing(data: bytes) -> None:
    for path, md5 in dvcbytes.read_listing(data).items():
        assert len(md5) == 16
        assert dvcbytes.is_inside(path)


@target(
    "dvc-config",
    limit=limits.CONFIG,
    seeds=[b"[core]\n    remote = s\n['remote \"s\"']\n    url = s3://b/p\n", b"[cache]\ndir = ../c\n"],
)
def _config(data: bytes) -> None:
    with contextlib.suppress(GovkitError):
        dvcbytes.refuse_active_settings("config", data.decode("utf-8", "replace"))
    named = dvcbytes._parse_config(data.decode("utf-8", "replace")).get("cache", "dir", fallback=None)
    dvcbytes._resolved(ROOT / ".dvc", named) if named else None


@target("known-roots", [b"# mine\nsha256:" + b"0" * 64 + b" git@example.org:x\n"], (GovkitError,))
def _known_roots(data: bytes) -> None:
    with file_of(data) as path:
        pins.load(None, {pins.FILE_VARIABLE: str(path)})


@target("git-tree", [b"100644 event.json\0" + bytes(20) + b"40000 folder\0" + b"\xff" * 20])
def _git_tree(data: bytes) -> None:
    gitobjects.parse_tree(data)


COMMIT = (
    f"tree {HEX}\nparent {HEX}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\ngpgsig ".encode()
    + SIGNATURES[0].rstrip(b"\n").replace(b"\n", b"\n ")
    + b"\n\nWords\n\nCo-authored-by: B <b@x>\n"
)


@target("git-commit", limit=1 << 20, seeds=[COMMIT, *files("log/00[0-3]/commit")])
def _git_commit(data: bytes) -> None:
    if b"ecdsa" not in data and b"sk-" not in data:
        list(gitobjects.describe_commits([gitobjects.RawCommit(HEX, HEX, (), data)]))
    assert all(address == address.strip() for address in gitobjects.addresses(data))
    found = gitobjects.parse_commit(HEX, "commit", data)
    assert found.raw == data
    entries._differences(found, entries._parsed(EVENTS[0]), set())


@target(
    "weights", [b"\x80\x04]\x94(K\x01K\x02e.", b"cos\nsystem\n(S'id'\ntR.", b"PK\x05\x06" + bytes(18)], (Undecided,)
)
def _weights(data: bytes) -> None:
    with file_of(data) as path:
        scanning.scan(path)


# -- what is shown --------------------------------------------------------------------------------------------------

HOSTILE_TEXT = (
    "\x1b[31m \u202e <img src=x onerror=y> [a](javascript:b) @org #1 `c` | ~~d~~ \u2028 https://e www.f gh-1 0a1b2c3"
)


@target("text", [HOSTILE_TEXT.encode()], (), limit=1 << 16)
def _text(data: bytes) -> None:
    text = text_of(data)
    assert not hidden(inert.visible(text))
    for line in (inert.line(text), inert.unbroken(text), inert.markdown(text), inert.markdown_code(text)):
        assert not hidden(line)
        assert "\n" not in line
    shown = inert.markdown(text)
    for own in ("span", "code"):
        shown = shown.replace(f"<{own}>", "").replace(f"</{own}>", "")
    assert "<" not in shown
    assert ">" not in shown
    assert "|" not in inert.markdown_code(text)
    cell = csvout.cell(text)
    assert not hidden(cell)
    assert cell[:1] not in (*"=+-@",)
    printed = inert.json_text(json.dumps(text, ensure_ascii=False))
    assert json.loads(printed) == text
    assert not hidden(printed)


# -- Kubernetes -----------------------------------------------------------------------------------------------------

RECORD = f"sha256:{HEX}{HEX[:24]}"
MARKS = {"govkit.dev/model": "m", "govkit.dev/stage": "s", "govkit.dev/record": RECORD}
SOURCE = f"govkit://h/p?model=m&stage=s&record={RECORD}&root={RECORD}"
POD = {"kind": "Pod", "metadata": {"annotations": MARKS}, "spec": {"containers": [{"args": [SOURCE]}]}}
KSERVE = {**POD, "apiVersion": "serving.kserve.io/v1beta1", "spec": {"predictor": {"model": {"storageUri": SOURCE}}}}
WORKLOAD = {"kind": "Deployment", "spec": {"replicas": 2, "template": {"metadata": POD["metadata"], "spec": {}}}}
ASKED = {"uid": "u", "operation": "UPDATE", "kind": {"kind": "Pod"}, "object": POD, "oldObject": WORKLOAD}


@target(
    "admission-review",
    [
        json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": asked}).encode()
        for asked in (ASKED, {**ASKED, "object": WORKLOAD}, {**ASKED, "object": KSERVE})
    ],
    (Malformed, GovkitError),
    limit=review.MAX_BODY,
)
def _admission_review(data: bytes) -> None:
    question = review.parse(data)
    said = json.loads(review.render(question, review.Reply(False, text_of(data), [text_of(data)])))["response"]
    assert (said["uid"], said["allowed"]) == (question.uid, False)
    assert all(len(text) <= review.MAX_WARNING and not hidden(text) for text in said["warnings"])
    assert not hidden(said["status"]["message"])
    if question.thing is not None:
        assert claims.starts_nothing(question.thing, question.thing)
        claims.starts_nothing(question.thing, question.before or {})
        claim = claims.read(question.thing)
        assert claim is None or (names.is_model(claim.model) and digests.is_sha256(claim.record))


@target("source", [SOURCE.encode(), SOURCE.replace("?", "?via=ssh&").encode()], (Usage,), limit=1 << 16)
def _source(data: bytes) -> None:
    found = source.parse(text_of(data))
    assert str(source.parse(str(found))) == str(found)
