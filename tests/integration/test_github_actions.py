"""GitHub Actions: the written workflows are valid and safe, and do on a real repository what they say.

GitHub itself, its runners and a cluster are not to be had: ``tests/actions.py`` runs the workflows' own scripts, and
``kubectl`` and ``gh`` are stand-ins that keep their arguments.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.actions import FAKES, Job, Runner
from tests.world import MODEL, World

ROOT = Path(__file__).resolve().parents[2]
CHECK, PROMOTE = ".github/workflows/govkit-check.yml", ".github/workflows/govkit-promote.yml"
BIN = Path(sys.executable).parent
MIRRORED = "audit:\n  mirrors: [s3://bucket/log]\n  retention: 365d\n"


def tool(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a checker, which must be there where the development extra is installed."""
    if not (BIN / name).exists() and shutil.which(name) is None:
        pytest.skip(f"{name} is not installed; the extra 'dev' brings it")
    command = [str(BIN / name) if (BIN / name).exists() else name, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def written(_governed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows for a repository whose policy names a mirror, with secrets and two stages that are rolled out."""
    folder = tmp_path_factory.mktemp("written")
    world = World(folder / "world")
    shutil.copytree(_governed, world.folder, symlinks=True)
    path = world.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text() + MIRRORED)
    asked = world.govkit("policy", "propose", "-m", "mirrors", "--format", "json", as_="rita").json
    world.govkit("approve", f"policy#{asked['index']}", as_="victor")
    world.govkit("policy", "adopt", as_="rita")
    secrets = ("--secret", "AWS_ACCESS_KEY_ID", "--secret", "KUBECONFIG_DATA")
    world.govkit("ci", "github", "-o", str(folder / "out"), *secrets)
    shutil.copy(ROOT / "action.yml", folder / "out" / "action.yml")
    return folder / "out"


def test_they_fit_githubs_schema(written: Path) -> None:
    """Workflows and action fit the schemas that check-jsonschema ships."""
    for schema, files in (("github-workflows", (CHECK, PROMOTE)), ("github-actions", ("action.yml",))):
        words = ["--builtin-schema", f"vendor.{schema}", *(str(written / name) for name in files)]
        done = tool("check-jsonschema", *words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing(written: Path) -> None:
    """actionlint finds nothing, in expressions or in the scripts, which it hands to shellcheck."""
    done = tool("actionlint", written / CHECK, written / PROMOTE)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_zizmor_finds_nothing(written: Path) -> None:
    """zizmor finds nothing, also where it is asked to be pedantic."""
    done = tool("zizmor", "--offline", "--pedantic", "--format", "json", written)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stdout + done.stderr


def test_zizmor_would_find_something(written: Path, tmp_path: Path) -> None:
    """The same call does find an input that stands in a script, and an action that is not pinned."""
    text = (written / PROMOTE).read_text()
    worse = text.replace(': "${REASON:?say why}"', "echo ${{ inputs.reason }}")
    path = tmp_path / PROMOTE
    path.parent.mkdir(parents=True)
    path.write_text(worse.replace("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@main"))
    done = tool("zizmor", "--offline", "--format", "json", tmp_path)
    found = {one["ident"] for one in json.loads(done.stdout)}
    assert worse != text and {"template-injection", "unpinned-uses"} <= found


def test_the_deploy_scripts_are_clean() -> None:
    """shellcheck finds nothing in the scripts that deploy."""
    done = tool("shellcheck", *(ROOT / "scripts").glob("deploy_*.sh"))
    assert (done.returncode, done.stdout) == (0, "")


def test_a_pull_request_gets_no_rights(written: Path) -> None:
    """What runs on a pull request reads only, knows no secrets and no environments, and runs on no other event."""
    text = (written / CHECK).read_text()
    workflow = yaml.load(text, yaml.BaseLoader)
    assert list(workflow["on"]) == ["pull_request"] and workflow["permissions"] == {}
    assert all(job["permissions"] == {"contents": "read"} for job in workflow["jobs"].values())
    assert "secrets." not in text and "environment:" not in text


def test_only_these_events_promote(written: Path) -> None:
    """What signs never runs on a push, a tag or a pull request, and gets its secrets from environments."""
    workflow = yaml.load((written / PROMOTE).read_text(), yaml.BaseLoader)
    assert set(workflow["on"]) == {"workflow_dispatch", "repository_dispatch", "schedule"}
    for name, job in workflow["jobs"].items():
        assert "secrets." not in json.dumps(job) or "environment" in job, name
    assert workflow["jobs"]["deploy-production"]["environment"] == "production"


def test_names_stand_in_no_script(written: Path) -> None:
    """No expression, model or stage stands inside of a script."""
    for path in (written / CHECK, written / PROMOTE, written / "action.yml"):
        document = yaml.safe_load(path.read_text())
        jobs = document.get("jobs") or {"action": document["runs"]}
        scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        assert scripts and not any("${{" in text or MODEL in text or "production" in text for text in scripts)


# -- the whole way ----------------------------------------------------------------------------------------------------


class Shop:
    """A repository with workflows, a bare one that everybody pushes to, and a runner."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bot = world.folder / "keys" / "bot"
        world.key_path("bot")
        words = ["people", "add", "bot", "--key", f"{self.bot}.pub", "--name", "Bot", "--email", "bot@example.org"]
        world.govkit(*words, "--role", "release-engineer", "--service")
        (world.repo / "scripts").mkdir()
        (world.repo / "deploy").mkdir()
        shutil.copy(ROOT / "scripts" / "deploy_to_k8s.sh", world.repo / "scripts")
        manifest = (ROOT / "deploy" / "credit-default.yaml").read_text()
        (world.repo / "deploy" / f"{MODEL}.yaml").write_text(manifest.replace("credit-default", MODEL))
        (world.repo / "governance" / "github.yaml").write_text("people: {rita: rita-gh, victor: acme/validators}\n")
        world.adopt_policy()
        world.govkit("ci", "github", "--deploy", "production")
        world.commit("Workflows")
        self.bare = world.folder / "bare.git"
        world.shell("git", "clone", "-q", "--bare", str(world.repo), str(self.bare))
        world.git("remote", "add", "origin", str(self.bare))
        root = world.log().root_of_trust
        self.runner = Runner(world, self.bare, {"GOVKIT_SIGNING_KEY": self.bot.read_text()}, {"GOVKIT_ROOT": root})

    def run(
        self, event: str = "schedule", inputs: Mapping[str, str] | None = None, *, only: str = ""
    ) -> dict[str, Job]:
        """Run the workflow that promotes, or one job of it."""
        return self.runner.run((self.world.repo / PROMOTE).read_text(), event, inputs=inputs, only=only)

    def size(self) -> int:
        """Return how many events the log has where everybody pushes to."""
        return int(self.world.shell("git", "--git-dir", str(self.bare), "rev-list", "--count", "govkit/log"))

    def types(self, since: int) -> list[str]:
        """Return the types of the events from one on."""
        self.world.govkit("log", "sync")
        return [judged.event.type for judged in self.world.log().state.judged[since:] if judged.event]

    def calls(self, *wanted: str) -> list[list[str]]:
        """Return the calls of kubectl that begin with some words, without the namespace."""
        return [call[2:] for call in self.runner.calls("kubectl") if tuple(call[2 : 2 + len(wanted)]) == wanted]

    def issues(self) -> list[Any]:
        """Return the issues that were opened."""
        path = self.runner.state / "issues.json"
        return json.loads(path.read_text()) if path.exists() else []


@pytest.fixture
def shop(requested: World) -> Shop:
    """A shop in which 1.0.0 serves, unreported, and 1.1.0 is asked for in production."""
    return Shop(requested)


def assert_well(jobs: Mapping[str, Job]) -> None:
    """Nothing failed; shows the logs of what did."""
    failed = {name: job.log for name, job in jobs.items() if job.result == "failure"}
    assert failed == {}, "\n".join(failed.values())


def test_from_approved_to_running_and_back(shop: Shop) -> None:
    """One run promotes, verifies, gets and deploys; a second does nothing; a rollback goes the same way."""
    world, name = shop.world, f"{MODEL}@1.1.0#production"
    world.approve("1.1.0", "production", "rita", "victor")
    before = shop.size()
    jobs = shop.run()
    assert_well(jobs)
    assert jobs["promote"].outputs == {"due-production": f'["{MODEL}"]'}
    assert f"'{name}': promoted" in jobs["promote"].log
    assert jobs["deploy-production"].ran[-4:] == ["Verify", "Get the weights, proven", "Roll out", "Take the key away"]
    recorded = ["promotion.recorded", "deployment.recorded", "deployment.recorded", "config.changed"]
    assert shop.types(before) == recorded
    applied = (shop.runner.state / "applied").read_text()
    assert '"govkit.dev/model": "scorer"' in applied and '"govkit-manifest.json", "model.json"' in applied
    assert "the-token" not in "".join(job.log for job in jobs.values())
    (shown,) = [row for row in world.govkit("show", MODEL, "--format", "json").json["items"] if row["deployed"]]
    assert [(d["environment"], d["version"], d["status"]) for d in shown["deployed"]] == [
        ("production", "1.1.0", "succeeded")
    ]

    calls, size = len(shop.runner.calls("kubectl")), shop.size()
    again = shop.run()
    assert_well(again)
    assert again["deploy-production"].result == "skipped"
    assert (len(shop.runner.calls("kubectl")), shop.size()) == (calls, size)

    pwned = world.folder / "pwned"
    reason = f"\"; touch {pwned}; $(touch {pwned}) `touch {pwned}` ' ${{{{ secrets.X }}}}"
    inputs = {"action": "rollback", "model": MODEL, "stage": "production", "version": "", "reason": reason}
    back = shop.run("workflow_dispatch", inputs)
    assert_well(back)
    assert "1.0.0 runs in production" in back["deploy-production"].log and not pwned.exists()
    assert shop.types(size) == ["promotion.recorded", "deployment.recorded", "deployment.recorded"]
    event = world.log().state.judged[size].event
    assert event is not None and event.actor == "bot"
    assert event.body["reason"] == f"{reason} (asked for by octocat on GitHub)"
    assert event.body["ticket"] == "https://github.example/acme/models/actions/runs/7"
    assert shop.run()["deploy-production"].result == "skipped"


def test_requests_open_an_issue_once(shop: Shop) -> None:
    """An open request opens one issue, which mentions the approvers and lets nothing act; it is closed at the end."""
    world = shop.world
    world.govkit("withdraw", f"{MODEL}@1.1.0#production", "-m", "again", as_="ada")
    hostile = "@everybody <!-- govkit:request --> [x](http://evil.example) #1"
    world.govkit("request", f"{MODEL}@1.1.0", "--stage", "production", "-m", hostile, as_="ada")
    forged = {"number": 1, "state": "OPEN", "url": "u", "body": "", "title": "", "author": "mallory"}
    request = next(r for r in world.log().state.requests.values() if r.state == "open")
    forged["body"] = f"<!-- govkit:request {request.id} -->"
    (shop.runner.state / "issues.json").write_text(json.dumps([forged]))
    assert_well(shop.run(only="tell"))
    _, issue = shop.issues()
    assert issue["body"].startswith(f"<!-- govkit:request {request.id} -->\n")
    assert "rita @rita-gh" in issue["body"] and "victor @acme/validators" in issue["body"]
    assert "vera" in issue["body"] and "ci" not in issue["body"].split()
    assert "@everybody" not in issue["body"] and "[x](" not in issue["body"] and issue["body"].count("<!--") == 1
    assert_well(shop.run(only="tell"))
    assert len(shop.issues()) == 2
    world.approve("1.1.0", "production", "rita", "victor")
    world.promote("1.1.0", "production")
    assert_well(shop.run(only="tell"))
    assert [one["state"] for one in shop.issues()] == ["OPEN", "CLOSED"]


def test_a_failed_rollout_waits_for_a_person(shop: Shop) -> None:
    """A rollout that fails is recorded, not tried again by the timer, and tried again when somebody says so."""
    (shop.runner.state / "broken").touch()
    before = shop.size()
    jobs = shop.run()
    assert (jobs["promote"].result, jobs["deploy-production"].result) == ("success", "failure")
    assert "was not rolled out" in jobs["deploy-production"].log
    assert shop.types(before) == ["deployment.recorded", "deployment.recorded"]
    assert shop.run()["deploy-production"].result == "skipped"
    (shop.runner.state / "broken").unlink()
    retried = shop.run("workflow_dispatch", {"action": "promote"})
    assert_well(retried)
    assert "1.0.0 runs in production" in retried["deploy-production"].log


def test_nothing_goes_out_without_proof(shop: Shop) -> None:
    """Without the pinned root, or with swapped weights, nothing reaches the cluster."""
    root = shop.runner.variables.pop("GOVKIT_ROOT")
    jobs = shop.run()
    assert jobs["promote"].result == "failure" and jobs["deploy-production"].result == "skipped"
    shop.runner.variables["GOVKIT_ROOT"] = root
    for path in (shop.world.folder / "remote").rglob("*"):
        if path.is_file() and b"slope" in path.read_bytes():
            path.chmod(0o644)
            path.write_bytes(b'{"slope": 9.9, "rows": 100}')
    jobs = shop.run()
    assert jobs["deploy-production"].result == "failure" and "Roll out" not in jobs["deploy-production"].ran
    assert shop.runner.calls("kubectl") == []


def test_a_pull_request_is_checked_without_data(shop: Shop) -> None:
    """Card and gates are shown from a clone without data; an edited card and a stale pipeline are refused."""
    world = shop.world
    text = (world.repo / CHECK).read_text()
    jobs = shop.runner.run(text, "pull_request")
    assert_well(jobs)
    assert "# scorer" in jobs["card"].summary and "for production" in jobs["card"].summary
    card = world.repo / "governance" / MODEL / "card.json"
    world.git("switch", "-qc", "edited")
    card.write_text(card.read_text().replace("0.85", "0.99"))
    world.commit("Better numbers")
    world.git("push", "-q", "origin", "edited")
    jobs = shop.runner.run(text, "pull_request", ref="edited")
    assert jobs["card"].result == "failure" and "is not what its commit makes" in jobs["card"].log
    world.git("switch", "-qc", "stale", "main")
    (world.repo / "params.yaml").write_text("slope: 0.7\n")
    world.commit("Other slope")
    world.git("push", "-q", "origin", "stale")
    jobs = shop.runner.run(text, "pull_request", ref="stale")
    assert jobs["pipeline"].result == "failure" and "changed since it was run" in jobs["pipeline"].log


def test_the_real_kubectl_understands_the_manifests(shop: Shop) -> None:
    """What is applied is made by the real kubectl, where there is one: an immutable map, and the volume that names it."""
    real = shutil.which("kubectl")
    if real is None:
        pytest.skip("kubectl is not installed; the stand-in is tried in the other tests")
    world, target = shop.world, shop.world.folder / "delivered"
    world.govkit("get", MODEL, "--stage", "production", "-o", str(target))
    env = {**world.env, "PATH": f"{FAKES}:{world.env['PATH']}", "FAKE_STATE": str(shop.runner.state)}
    env |= {"REAL_KUBECTL": real, "GOVKIT_KEY": str(shop.bot)}
    words = ["scripts/deploy_to_k8s.sh", MODEL, "production", str(target), "eu/prod"]
    done = subprocess.run(words, cwd=world.repo, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    applied = (shop.runner.state / "applied").read_text().split("apiVersion: apps/v1")
    config, deployment = yaml.safe_load(applied[0]), yaml.safe_load("apiVersion: apps/v1" + applied[1])
    assert config["immutable"] is True and set(config["data"]) == {"card.json", "govkit-manifest.json", "model.json"}
    (volume,) = deployment["spec"]["template"]["spec"]["volumes"]
    assert volume == {"name": "model", "configMap": {"name": config["metadata"]["name"]}}
    told = deployment["spec"]["template"]["metadata"]["annotations"]
    assert (told["govkit.dev/model"], told["govkit.dev/stage"]) == (MODEL, "production")


def test_the_action_verifies_and_delivers(promoted: World) -> None:
    """The action's own scripts prove and deliver; without a root, or of a cleared stage, they deliver nothing."""
    steps = {step["name"]: step for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]}
    temp = promoted.folder / "temp"
    (temp / "govkit-action" / "bin").mkdir(parents=True)
    (temp / "govkit-action" / "bin" / "govkit").symlink_to(BIN / "govkit")  # what the step before installs

    def run(root: str, name: str) -> list[int]:
        inputs = {"GOVKIT_ROOT": root, "MODEL": MODEL, "STAGE": "production", "REPOSITORY": "."}
        files = {"OUTPUT_DIR": str(promoted.folder / name), "GITHUB_OUTPUT": str(temp / "output")}
        env = {**promoted.env, "RUNNER_TEMP": str(temp), "GOVKIT_KNOWN_ROOTS": "/nowhere", **inputs, **files}
        codes = []
        for step in (steps["Verify"], steps["Get"]):
            assert set(step["env"]) <= set(inputs) | set(files)
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            codes.append(subprocess.run(words, cwd=promoted.repo, env=env, capture_output=True, check=False).returncode)
        return codes

    root = promoted.log().root_of_trust
    assert run(root, "served") == [0, 0]
    assert json.loads((temp / "govkit-verdict.json").read_text())["verdict"] == "proven"
    assert (promoted.folder / "served" / "model.json").exists()
    assert run("", "unpinned")[0] != 0
    promoted.govkit("clear", MODEL, "--stage", "production", "-m", "harm", as_="remy")
    assert run(root, "cleared") == [1, 1]
    assert not (promoted.folder / "cleared").exists()


def test_files_of_others_are_left_alone(promoted: World) -> None:
    """Running it again changes nothing; a file that govkit did not make is not written over; nor is a link followed."""
    promoted.govkit("ci", "github")
    again = promoted.govkit("ci", "github").out
    assert again.count("kept") == 2 and "wrote" not in again
    path = promoted.repo / CHECK
    path.write_text("name: mine\n")
    assert "was not made by govkit" in promoted.govkit("ci", "github", expect=1).text
    path.unlink()
    path.symlink_to(promoted.folder / "elsewhere")
    assert "no plain file" in promoted.govkit("ci", "github", expect=1).text
    assert not (promoted.folder / "elsewhere").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--deploy", "prod"], "knows no stage 'prod'"),
        (["--script", "../x.sh"], "is no path of a script"),
        (["--script", "a b; rm -rf /"], "is no path of a script"),
        (["--secret", "A }} ${{ x"], "cannot name a secret"),
        (["--secret", "PATH"], "cannot name a secret"),
        (["--install", "x\nname: y"], "is nothing that pip installs"),
    ],
)
def test_wishes_that_do_not_fit_are_refused(promoted: World, words: list[str], reason: str) -> None:
    """Nothing is written of a wish that could be more than a name."""
    assert reason in promoted.govkit("ci", "github", *words, expect=2).text
    assert not (promoted.repo / ".github").exists()
