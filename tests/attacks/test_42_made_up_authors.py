"""Attack 42: "commits with a made-up author, or one's own code hidden one commit earlier".

Refused by reading all commits since the champion. Where the policy says ``commit_authors: verified`` the authors are
those who signed, with a key of the policy, and an unsigned commit denies. With ``claimed`` a made-up address is believed;
the last test keeps that limit in view.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import forge
import pytest
import world as worlds
from world import MODEL, World

REQUEST = f"{MODEL}@1.1.0#production"


def _sign(world: World, person: str, *words: str) -> None:
    """Commit everything, signed for real by a person, whoever the author is said to be."""
    world.git("add", "-A")
    options = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={world.key_path(person)}.pub")
    world.git(*options, "commit", "-q", "-S", "--allow-empty", *words)


def _change(world: World, slope: float, person: str, *words: str) -> None:
    """Change the model, run the pipeline, and have a person sign the commit."""
    (world.repo / "params.yaml").write_text(f"slope: {slope}\n")
    world.shell("dvc", "repro", "-q")
    _sign(world, person, "-m", f"Slope {slope}", *words)


def _ask(world: World) -> None:
    world.register("1.1.0")
    world.request("1.1.0", "production")
    world.approve("1.1.0", "production", "rita", "victor")


def _denied(world: World, reason: str) -> None:
    """Assert that gate and promote refuse, and verify too, if a modified govkit promoted all the same."""
    assert reason in world.promote("1.1.0", "production", expect=1).text
    assert reason in world.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production", expect=1).text
    assert forge.promotion(world, REQUEST).status == "good"  # the ledger does not read the code's history
    assert reason in world.verify(expect=1).text


@pytest.fixture(scope="module")
def _verified(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("verified") / "world")

    def change(policy: dict) -> None:
        policy["stages"]["production"]["approvals"]["commit_authors"] = "verified"

    forge.edit_policy(promoted, change)
    promoted.adopt_policy()
    _sign(promoted, "ada", "--amend", "-m", "Policy")
    return promoted.folder


@pytest.fixture
def verified(_verified: Path, tmp_path: Path) -> World:
    """A world whose policy wants authors verified, and whose commits since 1.0.0 are all signed."""
    return worlds.copy(_verified, tmp_path / "world")


def test_signed_by_somebody_else(verified: World) -> None:
    """The control: where ada signed every commit, the approvals of rita and victor count."""
    _change(verified, 0.85, "ada")
    _ask(verified)
    verified.promote("1.1.0", "production")
    result = verified.verify()
    assert "PROVEN: scorer@1.1.0" in result.text and "written by ada" in result.text


def test_one_unsigned_commit(verified: World) -> None:
    """One commit that nobody signed denies, however many signed ones stand around it."""
    _change(verified, 0.84, "ada")
    verified.commit("Unsigned")
    _change(verified, 0.85, "ada")
    _ask(verified)
    _denied(verified, "1 not signed by anybody known")


def test_signed_under_another_name(verified: World) -> None:
    """Who signs is an author, whoever the commit says wrote it."""
    _change(verified, 0.85, "victor", "--author=Ada Engineer <ada@example.org>")
    _ask(verified)
    _denied(verified, "victor does not count: wrote a commit that this version brings in")


def test_signed_by_another_for_an_author(verified: World) -> None:
    """An author that a commit names counts as well, though somebody else signed it."""
    _change(verified, 0.85, "ada", "--author=V <victor@example.org>")
    _ask(verified)
    _denied(verified, "victor does not count: wrote a commit that this version brings in")


def test_signed_by_a_stranger(verified: World) -> None:
    """A good signature by a key that the policy does not know is nobody's."""
    _change(verified, 0.85, "mallory", "--author=Ada Engineer <ada@example.org>")
    _ask(verified)
    _denied(verified, "1 not signed by anybody known")


@pytest.mark.parametrize("how", ["of another commit", "for another purpose", "twice"])
def test_a_signature_that_does_not_fit(verified: World, how: str) -> None:
    """A signature of another commit, for another purpose, or standing there twice is none."""
    _change(verified, 0.85, "ada")
    raw = verified.repository().commit(verified.git("rev-parse", "HEAD")).raw
    header, _, message = raw.partition(b"\n\n")
    start = header.index(b"\ngpgsig ")
    plain, block = header[:start], header[start:]
    if how == "for another purpose":
        armour = verified.sign("ada", plain + b"\n\n" + message).decode().rstrip("\n")
        block = b"\ngpgsig " + armour.replace("\n", "\n ").encode()
    elif how == "twice":
        block += block
    else:
        message += b"changed\n"
    words = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    done = subprocess.run(
        words,
        cwd=verified.repo,
        env=verified.env,
        input=plain + block + b"\n\n" + message,
        capture_output=True,
        check=True,
    )
    verified.git("update-ref", "refs/heads/main", done.stdout.decode().strip())
    _ask(verified)
    _denied(verified, "1 not signed by anybody known")


@pytest.mark.parametrize("how", ["one commit earlier", "on a branch that was merged", "as a co-author", "in capitals"])
def test_own_code_further_back(promoted: World, how: str) -> None:
    """All commits since the champion count, not the last one alone."""
    author = "Victor Validator <victor@example.org>"
    if how == "one commit earlier":
        (promoted.repo / "train.py").write_text((promoted.repo / "train.py").read_text() + "# mine\n")
        promoted.commit("Mine", author=author)
    elif how == "on a branch that was merged":
        promoted.git("checkout", "-q", "-b", "side")
        promoted.commit("Mine", author=author)
        promoted.git("checkout", "-q", "main")
        promoted.commit("Main")
        promoted.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    elif how == "as a co-author":
        promoted.commit(f"Ours\n\nco-authored-BY: {author}")
    else:
        promoted.commit("Mine", author="X <VICTOR@EXAMPLE.ORG>")
    promoted.retrain(0.85)
    _ask(promoted)
    _denied(promoted, "victor does not count: wrote a commit that this version brings in")


def test_own_code_before_the_champion(promoted: World) -> None:
    """The control: what stood in the champion already was approved with it."""
    promoted.commit("By vera", author="Vera Validator <vera@example.org>")
    promoted.retrain(0.85)
    _ask(promoted)
    promoted.promote("1.1.0", "production")
    promoted.retrain(0.9)
    promoted.register("1.2.0")
    promoted.request("1.2.0", "production")
    promoted.approve("1.2.0", "production", "rita", "vera")
    promoted.promote("1.2.0", "production")
    promoted.verify()


def test_history_that_is_not_here(promoted: World) -> None:
    """A shallow clone does not know who wrote the code, so it cannot prove anything."""
    promoted.commit("Mine", author="Victor Validator <victor@example.org>")
    promoted.retrain(0.85)
    _ask(promoted)
    forge.promotion(promoted, REQUEST)
    clone = promoted.clone("shallow", "--depth", "1")
    env = {"cwd": clone, "env": promoted.env, "capture_output": True}
    subprocess.run(["git", "fetch", "-q", "--depth", "100", "origin", "govkit/log:govkit/log"], check=True, **env)
    subprocess.run(["git", "fetch", "-q", "--depth", "1", "--tags", "origin"], check=True, **env)
    result = promoted.govkit("verify", MODEL, "--stage", "production", repo=clone, expect=3)
    assert "shallow" in result.text and "UNDECIDED" in result.text


def test_a_made_up_author_where_addresses_are_believed(promoted: World) -> None:
    """The limit of ``claimed``: a made-up address is nobody's; the check says what it went by."""
    promoted.commit("Mine, says nobody", author="Nobody <nobody@example.org>")
    promoted.retrain(0.85)
    _ask(promoted)
    result = promoted.govkit("gate", f"{MODEL}@1.1.0", "--stage", "production")
    assert "authors since the champion do not approve (claimed)" in result.text and "written by ada" in result.text
