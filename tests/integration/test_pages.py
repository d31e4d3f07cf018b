"""Pages whose commands no other test runs: done as they say, in governed repositories with real tools.

What stands for what a page names (its model, its addresses, its digests) is said in each test; see ``tests/pages.py``.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests import pages
from tests import world as worlds
from tests.integration.test_enrol import on_a_terminal
from tests.integration.test_review_command import Running
from tests.pages import Reader
from tests.s3server import S3Server
from tests.world import MODEL, World


@pytest.fixture(scope="module")
def told(_replaced: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with two versions, for pages that only read it."""
    return worlds.copy(_replaced, tmp_path_factory.mktemp("told") / "world")


def test_hand_evidence_to_an_auditor(told: World) -> None:
    """The bundle is made, proven with Python alone, and single events are proven."""
    log = told.log()
    names = {"1.2.0": "1.1.0", "--root sha256:…": f"--root {log.root_of_trust}"}
    names["--head 41:sha256:…"] = f"--head {log.head.size}:{log.head.root}"
    reader = Reader(told, "how-to/hand-evidence-to-an-auditor.md", names)
    assert "root of trust" in reader.next()
    assert "PROVEN" in reader.next().upper()
    reader.rest()


def test_publish_the_registry(told: World) -> None:
    """The site is built where the page says, with the pages that it lists."""
    Reader(told, "how-to/publish-the-registry.md").rest()
    for name in ("index.html", "waiting.html", f"{MODEL}/index.html", f"{MODEL}/1.1.0.html", "log.html", "health.html"):
        assert (told.repo / "public" / name).is_file()


def test_protect_the_log_on_the_server(told: World, tmp_path: Path) -> None:
    """The hook is installed in each of the ways, and what is packed for GitLab holds it."""
    for name in ("models.git", "gitea.git"):
        told.git("clone", "-q", "--bare", f"file://{told.repo}", str(tmp_path / name))
    names = {"/srv/git": str(tmp_path), "/var/lib/gitea/repositories/risk/models.git": str(tmp_path / "gitea.git")}
    names |= {"/tmp/hook.git": str(tmp_path / "hook.git"), "sha256:…": told.log().root_of_trust}
    reader = Reader(told, "how-to/protect-the-log-on-the-server.md", names)
    assert "installed" in reader.next()
    reader.next(where=tmp_path / "models.git")
    reader.next()
    reader.next(where=tmp_path)
    assert reader.at == len(reader.left)
    assert (tmp_path / "models.git/hooks/pre-receive").is_file()
    assert (tmp_path / "gitea.git/hooks/pre-receive.d/govkit").is_file()
    assert "custom_hooks/pre-receive.d/govkit" in told.shell("tar", "-tf", str(tmp_path / "custom_hooks.tar"))


def test_mirror_the_log(replaced: World, s3: S3Server) -> None:
    """With a bucket and a folder of the tests, and without the collector; the mirrors hold the log, and prove it."""
    page = "how-to/mirror-the-log.md"
    audit = yaml.safe_load(next(block.text for block in pages.blocks(page) if block.kind == "yaml"))["audit"]
    bucket, disk, _ = audit["mirrors"]
    names = {bucket: f"s3://{s3.bucket()}/govkit"}
    (replaced.folder / "disk").mkdir()
    assert disk == "file:///mnt/audit"
    audit["mirrors"] = [names[bucket], f"file://{replaced.folder}/disk"]
    replaced.env |= s3.env
    path = replaced.repo / "governance" / "policy.yaml"
    path.write_text(path.read_text() + f"audit: {json.dumps(audit)}\n")
    replaced.let_record("checkpoint.recorded", "validator")
    adopt(replaced)
    replaced.git("clone", "-q", "--bare", f"file://{replaced.repo}", "../origin.git")
    replaced.git("remote", "add", "origin", "../origin.git")
    reader = Reader(replaced, page, names, {"govkit log mirror &&": "vera"})
    copy, compare, secret, checkpoint = range(4)
    # Nothing is proven without a checkpoint, as the page's policy wants it fresh; so its last block comes earlier.
    for reader.at in (copy, checkpoint, compare, secret):
        reader.next()
    assert len(reader.left) == 4
    assert (replaced.repo / "weights" / "model.json").is_file()


def test_review_and_sign(requested: World, tmp_path: Path) -> None:
    """A key is made, a copy is listed, requests are served until Ctrl-C; a statement is signed by hand and handed in."""
    page = "how-to/review-and-sign.md"
    enrol, copy, decide, *_ = pages.scripts(page)
    on_a_terminal(requested, *shlex.split(enrol)[1:])
    assert (requested.repo / "rita.enrol.json").is_file()
    requested.env |= {name: str(requested.folder / name) for name in ("XDG_STATE_HOME", "XDG_DATA_HOME")}
    requested.git("clone", "-q", "--bare", f"file://{requested.repo}", str(tmp_path / "models.git"))
    names = {"https://git.example.org/risk/models.git": str(tmp_path / "models.git")}
    names["credit-default@1.3.0"] = f"{MODEL}@1.1.0"
    lines = copy + decide
    for name, real in names.items():
        lines = lines.replace(name, real)
    for line in lines.splitlines():
        words = shlex.split(line, comments=True)
        assert words[:2] == ["govkit", "review"]
        assert Running(requested, tmp_path, *words[2:]).end()[0] == 0
    names = {"credit-default@1.3.0": f"{MODEL}@1.1.0", "~/.ssh/govkit event": f"{requested.key_path('rita')} event"}
    reader = Reader(requested, page, names, {"govkit review": "ada"}, at=3)
    reader.next()
    statement = requested.repo / "for-rita"
    assert {"event.json", "HOWTO.txt", "page.html"} <= {path.name for path in statement.iterdir()}
    reader.next(where=statement)
    before = requested.log().head.size
    reader.next(where=statement)
    assert requested.log().head.size == before + 1
    assert reader.at == len(reader.left)


# -- pull requests ------------------------------------------------------------------------------------------------


def squash(world: World, branch: str) -> None:
    """Press the button of a host: the branch becomes one new commit on main."""
    host = world.folder / "host"
    if not host.exists():
        world.git("clone", "-q", f"file://{world.folder}/origin.git", str(host))
    author = ["-c", "user.name=Host", "-c", "user.email=noreply@example.org"]
    for words in (
        ["pull", "-q"],
        ["merge", "-q", "--squash", f"origin/{branch}"],
        [*author, "commit", "-qm", f"{branch} (#1)", "--author=Ada Engineer <ada@example.org>"],
        ["push", "-q"],
    ):
        subprocess.run(["git", *words], cwd=host, env=world.env, check=True, capture_output=True)


@pytest.fixture
def shared(governed: World) -> World:
    """A world with a remote that takes pull requests, and two branches: a change of parameters, and one of code."""
    governed.git("init", "-q", "--bare", "-b", "main", "../origin.git")
    governed.git("remote", "add", "origin", f"file://{governed.folder}/origin.git")
    governed.git("push", "-q", "-u", "origin", "main", "govkit/log:govkit/log")
    governed.git("switch", "-q", "-c", "other")
    train = governed.repo / "train.py"
    train.write_text(train.read_text().replace("len(rows)", "len(rows) + 1"))
    governed.shell("dvc", "repro", "-q")
    governed.commit("Count differently")
    governed.git("push", "-q", "-u", "origin", "other")
    governed.git("switch", "-q", "main")
    governed.shell("dvc", "checkout", "-q")
    return governed


def test_merge_pull_requests(shared: World) -> None:
    """Only what was merged is registered; colliding cards are made again, and what was read is what is registered."""
    reader = Reader(shared, "how-to/merge-pull-requests.md", {"@2.0.0": "@2.0.0"}, {"govkit": "ada"})
    (shared.repo / "params.yaml").write_text("slope: 0.81\n")
    reader.next()
    read = shared.git("show", "HEAD:governance/scorer/card.json")
    squash(shared, "retrain")
    reader.next()
    assert shared.git("show", f"{MODEL}@v1.0.0:governance/scorer/card.json") == read
    assert shared.git("rev-parse", f"{MODEL}@v1.0.0^{{}}") == shared.git("rev-parse", "origin/main")
    reader.rest()
    read = shared.git("show", "HEAD:governance/scorer/card.json")
    squash(shared, "other")
    shared.git("switch", "-q", "main")
    shared.git("pull", "-q")
    assert shared.git("show", "HEAD:governance/scorer/card.json") == read
    shared.govkit("card", MODEL, "--check", "--rev", "HEAD")
    shared.register("1.1.0")


def test_half_a_merge_is_found(governed: World) -> None:
    """One side's card and lock under both sides' parameters, and no run: the check on the CI server refuses."""
    (governed.repo / "params.yaml").write_text("slope: 0.81\n")
    governed.commit("Other parameters, and no run")
    assert "dvc repro" in governed.govkit("card", MODEL, "--check", "--rev", "HEAD", expect=1).text


# -- keys ---------------------------------------------------------------------------------------------------------


def adopt(world: World, approver: str = "victor") -> None:
    """Propose the policy of the working tree, approve and adopt it."""
    asked = world.govkit("policy", "propose", "-m", "change", "--format", "json", as_="rita").json
    world.govkit("approve", f"policy#{asked['index']}", as_=approver)
    world.govkit("policy", "adopt", as_="rita")


def test_replace_keys_and_leavers(replaced: World) -> None:
    """A leaver and a lost key leave all proven; what rests on a stolen one no longer is, and the rest still is."""
    names = {"policy#14": ""}
    signers = {"govkit approve": "victor", "govkit policy": "rita", "govkit rollback": "remy-new"}
    reader = Reader(replaced, "how-to/replace-keys-and-leavers.md", names, signers)

    def proposed(approver: str = "victor") -> None:
        index = re.findall(r"asked: 'policy#(\d+)'", reader.next())[-1]
        replaced.govkit("approve", f"policy#{index}", as_=approver)
        replaced.govkit("policy", "adopt", as_="rita")

    reader.next()
    adopt(replaced)
    found = re.findall(r"asked: '(policy#\d+)'", reader.next())
    reader.stand_ins["policy#14"] = found[-1]
    reader.next()
    replaced.verify()
    proposed()
    replaced.verify()
    reader.next()
    proposed("victor-spare")
    reader.rest()
    victor = replaced.log().state.policy.policy.people["victor"]
    assert replaced.key("victor").public not in victor.keys
