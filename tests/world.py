"""A small governed repository for tests: real Git, real SSH keys, real ``dvc repro``, and the real command line.

A template is built once for each test process and copied for each test.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from govkit.cli import common
from govkit.cli.main import cli
from govkit.core import digests, events, merkle, records
from govkit.core.events import Event, Head
from govkit.storage import log as log_storage
from govkit.storage.git import Repository
from govkit.storage.signatures import EVENT_NAMESPACE, SigningKey, load_key
from govkit.workflow.plans import Options
from govkit.workflow.session import Session

MODEL = "scorer"
#: id, name, kind, roles
PEOPLE = (
    ("ada", "Ada Engineer", "person", ("engineer",)),
    ("rita", "Rita Riskowner", "person", ("risk-owner", "admin")),
    ("victor", "Victor Validator", "person", ("validator", "admin")),
    ("vera", "Vera Validator", "person", ("validator",)),
    ("remy", "Remy Release", "person", ("release-engineer",)),
    ("ci", "CI", "service", ("engineer", "validator", "risk-owner")),
)

DVC_YAML = f"""\
stages:
  train:
    cmd: python train.py
    deps:
      - data/rows.csv
      - train.py
    params:
      - slope
    outs:
      - model.json
  evaluate:
    cmd: python evaluate.py
    deps:
      - evaluate.py
      - model.json
    metrics:
      - reports/metrics.json:
          cache: false
      - reports/fairness.json:
          cache: false

artifacts:
  {MODEL}:
    path: model.json
    type: model
    desc: A model for tests
"""

TRAIN = """\
import json, pathlib, re
slope = float(re.search(r"slope: (.*)", pathlib.Path("params.yaml").read_text())[1])
rows = pathlib.Path("data/rows.csv").read_text().split()
pathlib.Path("model.json").write_text(json.dumps({"slope": slope, "rows": len(rows)}))
"""

EVALUATE = """\
import json, pathlib
slope = json.loads(pathlib.Path("model.json").read_text())["slope"]
out = pathlib.Path("reports")
out.mkdir(exist_ok=True)
auc = {"value": slope, "interval": [slope - 0.02, slope + 0.02], "level": 0.95, "n": 1000}
out.joinpath("metrics.json").write_text(json.dumps({"auc": auc}))
rate = lambda value: {"value": value, "interval": [value - 0.05, value + 0.05]}
groups = {"young": {"n": 500, "selection_rate": rate(0.6)}, "old": {"n": 500, "selection_rate": rate(0.55)}}
age = {"groups": groups, "ratio": {"selection_rate": rate(0.92)}, "difference": {"selection_rate": rate(0.05)}}
fairness = {"schema": "govkit.fairness/v1", "data": "test", "outcome": "selected", "attributes": {"AGE": age}}
out.joinpath("fairness.json").write_text(json.dumps(fairness))
"""

MODEL_YAML = """\
schema: govkit.model/v1
tier: high
owner: Risk
intended_use: Tests
limitations: Everything
"""

POLICY = """\
schema: govkit.policy/v1
rules: 2
branches: [main]
people: {}
roles:
  engineer: {people: []}
  risk-owner: {people: []}
  validator: {people: []}
  release-engineer: {people: []}
  admin: {people: []}
admin:
  roles: [admin]
  approvals:
    quorum: {role: admin, count: 1}
register: [engineer]
revoke: [risk-owner]
records:
  canary.recorded: [release-engineer]
  deployment.recorded: [release-engineer]
  config.changed: [release-engineer]
gates:
  lineage: {type: lineage}
  auc: {type: metric, metric: auc, min: 0.7, on: lower}
  documented: {type: card, sections: [owner, intended_use, limitations]}
  parity: {type: fairness, attribute: AGE, rate: selection_rate, compare: ratio, min: 0.8, min_group: 100}
  few-errors: {type: metric, metric: error_rate, max: 0.02, on: upper}
  no-slower: {type: champion, metric: latency, direction: lower, relative: -0.1, first: fail, on: upper}
stages:
  staging:
    gates: [lineage, auc]
    approvals:
      quorum: {role: validator, count: 1}
      valid_for: 30d
    promote: [release-engineer]
  production:
    gates: [lineage, auc, documented, parity]
    approvals:
      quorum:
        all:
          - {role: risk-owner, count: 1}
          - {role: validator, count: 1}
      forbid: [registrar, commit-author]
      valid_for: 30d
      lift: [risk-owner]
    canary: {gates: [few-errors, no-slower]}
    promote: [release-engineer]
"""


BREAK_GLASS = """\
    break_glass:
      approvals: {quorum: {role: risk-owner, count: 1}}
      lasts: 2d
      review_within: 7d
"""


@dataclass(frozen=True)
class Result:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams, with white space folded, so that wrapped table cells can be searched."""
        return " ".join((self.out + "\n" + self.err).split())

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class World:
    """A governed repository, its people's keys, and a person's known-roots file, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "repo"
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GOVKIT_", "DVC_", "SSH_", "COLUMNS"))},
            "GOVKIT_KNOWN_ROOTS": str(folder / "known_roots"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1",
            "HOME": str(folder),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    # -- running ------------------------------------------------------------------------------------------------

    def govkit(self, *words: str, as_: str = "", expect: int | None = 0, repo: Path | None = None) -> Result:
        """Run a command line of govkit in this process.

        Args:
            words: command and arguments.
            as_: the person whose key signs.
            expect: the exit code that it must have; None for any.
            repo: another repository than this world's.
        """
        out, err = io.StringIO(), io.StringIO()
        arguments = [*words, "--repo", str(repo or self.repo), *(["--key", str(self.key_path(as_))] if as_ else [])]
        with (
            mock.patch.dict(os.environ, self.env, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = common.run(cli, arguments)
        result = Result(code, out.getvalue(), err.getvalue())
        assert expect is None or code == expect, f"govkit {' '.join(words)}: exit {code}\n{result.out}\n{result.err}"
        assert "Traceback" not in result.text
        return result

    def git(self, *words: str, stdin: bytes | None = None, check: bool = True) -> str:
        """Run git in the repository and return what it printed."""
        done = subprocess.run(
            ["git", *words], cwd=self.repo, env=self.env, input=stdin, capture_output=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def shell(self, *words: str, code: int = 0, where: Path | None = None) -> str:
        """Run any command in the repository or in another folder, with the virtual environment's commands first."""
        done = subprocess.run(words, cwd=where or self.repo, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    # -- people -------------------------------------------------------------------------------------------------

    def key_path(self, person: str) -> Path:
        """Return a person's private key; made if it is not there."""
        path = self.folder / "keys" / person
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(path)]
            subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        return path

    def key(self, person: str) -> SigningKey:
        """Return a person's key."""
        return load_key(str(self.key_path(person)))

    # -- steps --------------------------------------------------------------------------------------------------

    def commit(self, message: str = "Change", *, author: str = "Ada Engineer <ada@example.org>") -> str:
        """Commit everything and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty", f"--author={author}")
        return self.git("rev-parse", "HEAD")

    def retrain(self, slope: float) -> str:
        """Change the model, run the pipeline, commit, and return the commit's id."""
        (self.repo / "params.yaml").write_text(f"slope: {slope}\n")
        self.shell("dvc", "repro", "-q")
        return self.commit(f"Slope {slope}")

    def register(self, version: str) -> None:
        """Register HEAD as a version, by the engineer."""
        self.govkit("register", f"{MODEL}@{version}", as_="ada")

    def request(self, version: str, stage: str) -> str:
        """Ask for a stage, by the engineer, and return the request's identity."""
        words = ("request", f"{MODEL}@{version}", "--stage", stage, "-m", "please", "--format", "json")
        return str(self.govkit(*words, as_="ada").json["request"])

    def approve(self, version: str, stage: str, *people: str) -> None:
        """Approve a request by some people."""
        for person in people:
            self.govkit("approve", f"{MODEL}@{version}#{stage}", as_=person)

    def promote(self, version: str, stage: str, expect: int = 0) -> Result:
        """Promote, by the release engineer."""
        return self.govkit("promote", f"{MODEL}@{version}", "--stage", stage, as_="remy", expect=expect)

    def release(self, version: str) -> None:
        """Register HEAD and take it to staging and production, with all approvals."""
        self.register(version)
        self.request(version, "staging")
        self.approve(version, "staging", "victor")
        self.promote(version, "staging")
        self.request(version, "production")
        self.approve(version, "production", "rita", "victor")
        self.promote(version, "production")

    def verify(self, stage: str = "production", *, expect: int | None = 0) -> Result:
        """Verify a stage."""
        return self.govkit("verify", MODEL, "--stage", stage, expect=expect)

    def change_policy(self, old: str, new: str) -> None:
        """Replace text in policy.yaml, propose, approve and adopt it."""
        path = self.repo / "governance" / "policy.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.adopt_policy()

    def let_record(self, kind: str, *roles: str) -> None:
        """Name who may write a recording event, in the working tree's policy."""
        path = self.repo / "governance" / "policy.yaml"
        text = path.read_text()
        assert f"  {kind}:" not in text
        path.write_text(text.replace("records:\n", f"records:\n  {kind}: [{', '.join(roles)}]\n", 1))

    def allow_break_glass(self, more: str = "") -> None:
        """Let versions enter production by break-glass in the working tree's policy; ``more`` goes below its keys."""
        path = self.repo / "governance" / "policy.yaml"
        head, mark, tail = path.read_text().rpartition("    promote: [release-engineer]\n")
        path.write_text(head + BREAK_GLASS + more + mark + tail)

    def adopt_policy(self) -> None:
        """Propose the working tree's policy by rita, approve by victor, adopt by rita; commit it."""
        asked = self.govkit("policy", "propose", "-m", "change", "--format", "json", as_="rita").json
        self.govkit("approve", f"policy#{asked['index']}", as_="victor")
        self.govkit("policy", "adopt", as_="rita")
        self.shell("dvc", "repro", "-q")
        self.commit("Policy")

    def clone(self, name: str = "clone", *options: str) -> Path:
        """Clone the repository with Git alone, and return where."""
        target = self.folder / name
        words = ["git", "clone", "-q", *options, f"file://{self.repo}", str(target)]
        subprocess.run(words, env=self.env, check=True, capture_output=True)
        return target

    def forget(self) -> None:
        """Make this clone forget which head of the log it has accepted."""
        (self.repo / ".git" / log_storage.ACCEPTED).unlink(missing_ok=True)

    # -- below the command line, for attacks --------------------------------------------------------------------

    def repository(self) -> Repository:
        """Open the repository as govkit does."""
        with mock.patch.dict(os.environ, self.env, clear=True):
            return Repository(self.repo)

    @contextlib.contextmanager
    def session(self, as_: str = "", *, ahead: timedelta = timedelta()) -> Iterator[Session]:
        """Open a session of govkit, optionally with a clock that is ahead (or behind)."""
        key = str(self.key_path(as_)) if as_ else None
        with mock.patch.dict(os.environ, self.env, clear=True):
            yield Session(Options(repo=self.repo, key=key, clock=lambda: datetime.now(UTC) + ahead))

    def log(self) -> log_storage.Log:
        """Read the log."""
        return log_storage.read(self.repository())

    def make_event(self, **fields: Any) -> bytes:
        """Return the bytes of an event for the log's next place; any field can be overridden.

        ``body`` may be a record; ``evidence`` maps names to bytes.
        """
        log = self.log()
        body = fields.pop("body", {})
        evidence = fields.pop("evidence", {})
        value = {
            "schema": events.SCHEMA,
            "log": Head(size=log.head.size, root=log.head.root),
            "time": max(log.state.effective, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
            "subject": MODEL,
            "body": records.to_value(body) if isinstance(body, records.Record) else body,
            "evidence": {name: digests.sha256(content) for name, content in evidence.items()},
            **fields,
        }
        return records.to_json(Event(**value))

    def push_event(
        self,
        content: bytes | None,
        signature: bytes | None,
        evidence: Mapping[str, bytes] | None = None,
        *,
        commit: bytes | None = None,
    ) -> str:
        """Append a commit to the log as somebody with push access can: no rules asked. Returns its id.

        Args:
            content: the bytes of event.json, or None to leave it out.
            signature: the bytes of event.json.sig, or None to leave it out.
            evidence: other files.
            commit: the raw commit to use, with ``{tree}`` and ``{parent}`` filled in; else an honest one if possible.
        """
        git = self.repository()
        files = {events.EVENT_FILE: content, events.SIGNATURE_FILE: signature, **(evidence or {})}
        blobs = {name: git.write_object("blob", data) for name, data in files.items() if data is not None}
        tree, parent = git.write_tree(blobs), self.git("rev-parse", log_storage.BRANCH)
        if commit is not None:
            raw = commit.replace(b"{tree}", tree.encode()).replace(b"{parent}", parent.encode())
        else:
            from govkit.core import commits

            try:
                raw = commits.build(events.parse(content or b""), tree, parent)
            except ValueError:
                who = "mallory <mallory@example.org> 1700000000 +0000"
                raw = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\njunk\n".encode()
        identity = git.write_object("commit", raw)
        self.git("update-ref", log_storage.BRANCH, identity)
        return identity

    def sign(self, person: str, content: bytes, namespace: str = EVENT_NAMESPACE) -> bytes:
        """Sign bytes with a person's key."""
        return self.key(person).sign(content, namespace)

    def push_signed(self, person: str, evidence: Mapping[str, bytes] | None = None, **fields: Any) -> str:
        """Make an event, sign it with a person's key and append it without asking any rule; returns the commit."""
        content = self.make_event(actor=fields.pop("actor", person), evidence=evidence or {}, **fields)
        return self.push_event(content, self.sign(person, content), evidence)

    def last(self) -> Any:
        """Return the verdict on the log's last event."""
        return self.log().state.judged[-1]


def build(folder: Path) -> World:
    """Make a world whose log is open and whose first card is committed; nothing is registered yet."""
    world = World(folder)
    world.repo.mkdir(parents=True)
    world.git("init", "-q", "-b", "main")
    world.git("config", "user.name", "Ada Engineer")
    world.git("config", "user.email", "ada@example.org")
    world.shell("dvc", "init", "-q")
    (world.repo / "data").mkdir()
    (world.repo / "data" / "rows.csv").write_text("".join(f"{n}\n" for n in range(100)))
    for name, text in (("dvc.yaml", DVC_YAML), ("train.py", TRAIN), ("evaluate.py", EVALUATE)):
        (world.repo / name).write_text(text)
    (world.repo / "params.yaml").write_text("slope: 0.8\n")
    world.shell("dvc", "add", "-q", "data/rows.csv")
    # Relative, so that every copy of the world and every clone beside it has a remote of its own.
    world.shell("dvc", "remote", "add", "-q", "-d", "store", "../remote")
    governance = world.repo / "governance"
    (governance / MODEL).mkdir(parents=True)
    (governance / "policy.yaml").write_text(POLICY)
    (governance / MODEL / "model.yaml").write_text(MODEL_YAML)
    for person, name, kind, roles in PEOPLE:
        words = ["people", "add", person, "--key", f"{world.key_path(person)}.pub", "--name", name]
        words += ["--email", f"{person}@example.org", *(w for role in roles for w in ("--role", role))]
        world.govkit(*words, *(["--service"] if kind == "service" else []))
    world.govkit("init", as_="rita")
    world.shell("dvc", "repro", "-q")
    world.shell("dvc", "push", "-q")
    world.commit("First model")
    return world


def copy(template: Path, folder: Path) -> World:
    """Copy a world to another folder."""
    shutil.copytree(template, folder, symlinks=True)
    return World(folder)


def root_of(log: log_storage.Log, size: int) -> str:
    """Return the log's root at a size."""
    return merkle.text(log.state.tree.roots[size])
