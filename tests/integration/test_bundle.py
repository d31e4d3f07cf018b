"""A bundle for an auditor, from a real log, checked by ``verify.py`` with nothing but Python and ssh-keygen."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govkit.core import bundle as formats
from govkit.core import canonical, digests, merkle
from govkit.core.events import PromotionRecorded, VersionRevoked
from govkit.evidence import verify_bundle
from govkit.storage import log as log_storage
from tests import forge
from tests import world as worlds
from tests.world import MODEL, World

OTHER = "pricing"


def roll_back(world: World, version: str) -> None:
    """Go back to a version that served in production before."""
    state = world.log().state
    entries = state.stages[MODEL, "production"]
    earlier = next(e for e in entries if getattr(e.body, "version", "") == version)
    body = earlier.body
    assert isinstance(body, PromotionRecorded) and state.policy is not None
    fields: dict[str, Any] = {name: getattr(body, name) for name in ("version", "stage", "card", "weights")}
    fields |= {"requirements": body.requirements, "request": None, "decisions": []}
    judged = forge.tagged(
        world,
        "remy",
        "promotion.recorded",
        f"{MODEL}#production#{state.next_counter(MODEL)}",
        "rollback",
        lambda ref: PromotionRecorded(
            **fields,
            kind="rollback",
            commit=body.commit,
            policy=state.policy.digest if state.policy else "",
            tag=ref,
            restores=earlier.at.id,
            reason="it drifts",
        ),
        **fields,
    )
    assert (judged.status, judged.reason) == ("good", "")


def tell_story(world: World) -> None:
    """1.0.0 serves; then a policy change, a reject that is lifted, 1.1.0, a rollback, a revocation, break-glass."""
    world.push_signed("ada", type="checkpoint.recorded", subject=OTHER)
    assert world.last().status == "inert"
    world.let_record("checkpoint.recorded", "engineer")
    world.allow_break_glass()
    world.adopt_policy()
    world.push_signed("ada", type="checkpoint.recorded", subject=OTHER)
    assert world.last().status == "good"
    world.retrain(0.85)
    world.register("1.1.0")
    world.request("1.1.0", "production")
    name = f"{MODEL}@1.1.0#production"
    world.govkit("reject", name, "-m", "the <b>intervals</b>\u202e are wide", as_="victor")
    world.govkit("lift", name, "-m", "they are as agreed", as_="rita")
    world.approve("1.1.0", "production", "rita", "vera")
    world.promote("1.1.0", "production")
    roll_back(world, "1.0.0")
    world.push_signed("rita", type="version.revoked", body=VersionRevoked(version="1.1.0", reason="leaks"))
    assert world.last().status == "good"
    world.retrain(0.6)
    world.register("1.2.0")
    glass = ("request", f"{MODEL}@1.2.0", "--stage", "production", "--break-glass", "--ticket", "INC-7", "-m", "outage")
    world.govkit(*glass, as_="ada")
    world.approve("1.2.0", "production", "rita")
    world.govkit("promote", f"{MODEL}@1.2.0", "--stage", "production", "--break-glass", as_="remy")
    world.push_event(b"junk", None)
    world.push_signed("ada", type="checkpoint.recorded", subject=OTHER)


@pytest.fixture(scope="module")
def story(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository in which most things have happened; nobody may change it."""
    world = worlds.copy(_promoted, tmp_path_factory.mktemp("story") / "world")
    tell_story(world)
    return world


def bundled(world: World, version: str, folder: Path) -> Path:
    """Make a bundle by the command, and return the zip."""
    target = folder / f"{version}.zip"
    world.govkit("bundle", f"{MODEL}@{version}", "-o", str(target))
    return target


@pytest.fixture(scope="module")
def archive(story: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of 1.1.0, which was rejected, approved, rolled back and revoked."""
    return bundled(story, "1.1.0", tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def files(archive: Path) -> dict[str, bytes]:
    """The files of that bundle."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def root_of(world: World) -> str:
    """Return the root of trust that an auditor was given."""
    return world.log().root_of_trust


def unpack(files: dict[str, bytes], folder: Path) -> Path:
    """Write files into a new folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run(*words: str | Path, cwd: Path) -> worlds.Result:
    """Run Python alone: no packages, no user's folder, no variables, no network that it could ask for."""
    environment = {"PATH": os.defpath, "HOME": "/nonexistent"}
    python = sys._base_executable  # type: ignore[attr-defined]
    command = [python, "-I", *map(str, words)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return worlds.Result(done.returncode, done.stdout, done.stderr)


def judge(files: dict[str, bytes], folder: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Check files with the auditor's file in this process; return the exit code and what was printed."""
    shutil.rmtree(folder, ignore_errors=True)
    code = verify_bundle.main([str(unpack(files, folder)), *words])
    return code, capsys.readouterr().out


def resealed(files: dict[str, bytes], **changes: bytes | None) -> dict[str, bytes]:
    """Return a bundle as a careful forger leaves it: files exchanged or taken out, and a manifest that fits."""
    found = {**files, **changes}
    kept = {name: content for name, content in found.items() if content is not None and name != formats.MANIFEST}
    return {**kept, formats.MANIFEST: formats.manifest(kept)}


def edited(content: bytes, change: Callable[[Any], None]) -> bytes:
    """Return JSON with a change made in it."""
    value = canonical.decode(content)
    change(value)
    return canonical.encode(value)


# -- what it proves ---------------------------------------------------------------------------------------------------


def test_it_is_proven_in_an_empty_environment(
    story: World, archive: Path, files: dict[str, bytes], tmp_path: Path
) -> None:
    """Python's library and ssh-keygen are enough, from the folder or the zip, and it says who let what in."""
    folder, root = unpack(files, tmp_path / "bundle"), root_of(story)
    found = run("verify.py", "--root", root, cwd=folder)
    assert (found.code, found.err) == (0, ""), found.out
    for text in (
        "staging: 1.0.0, by promote of remy",
        "production: 1.2.0, by break-glass of remy",
        "BY OVERRIDE of the usual approval, until",
        "REVOKED by rita",
        "asked for by ada",
        "reject by victor as validator",
        "are wide",
        "lift by rita as risk-owner",
        "approve by vera as validator",
        "I have read the card and take responsibility",
        "3 about other models, of which only the leaves are here",
        "Not proven by this file",
        "PROVEN",
    ):
        assert text in found.out
    assert "\u202e" not in found.out and "<U+202E>" in found.out
    assert not list(folder.rglob("__pycache__"))
    assert run(folder / "verify.py", archive, "--root", root, cwd=tmp_path).out == found.out
    head = story.log().head
    assert run("verify.py", "--root", root, "--head", f"{head.size}:{head.root}", cwd=folder).code == 0


def test_every_version_has_its_bundle(story: World, tmp_path: Path) -> None:
    """One that was rolled back to, and one that an override let in, are told as such; the bytes are the same again."""
    for version, text in (
        ("1.0.0", "back to the promotion of event 8"),
        ("1.2.0", "an OVERRIDE of the usual approval"),
    ):
        archive = bundled(story, version, tmp_path)
        before = archive.read_bytes()
        found = run(Path(verify_bundle.__file__), archive, "--root", root_of(story), cwd=tmp_path)
        assert (found.code, text in found.out) == (0, True), found.out
        assert "verify.py is this file" in found.out
        assert before == bundled(story, version, tmp_path).read_bytes()


def test_what_is_in_it(story: World, files: dict[str, bytes]) -> None:
    """Every leaf, the model's events and those of all with their evidence, and no event of another model."""
    log = story.log()
    assert files["leaves.txt"].count(b"\n") == 4 * log.head.size
    subjects = {canonical.decode(c)["subject"] for n, c in files.items() if n.endswith("event.json") and c != b"junk"}
    assert subjects == {MODEL, "*"}
    claims = json.loads(files["claims.json"])
    assert claims["bytes"]["proven"] == ["data/rows.csv", "model.json"]
    tag = next(name for name in log.state.tags if name.startswith(f"{MODEL}#"))
    assert any(f"tag {tag}\n".encode() in content for content in files.values())
    reports = [json.loads(content) for name, content in files.items() if name.startswith("gates/")]
    assert [(r["schema"], r["open"], r["version"]) for r in reports] == [("govkit.gate/v1", True, "1.1.0")]
    assert {check["gate"] for check in reports[0]["checks"]} >= {"auc", "parity", "approvals", "commit-authors"}
    for name in ("claims.json", formats.MANIFEST):
        assert canonical.encode(json.loads(files[name])) == files[name]


def test_without_a_root_nothing_is_proven(story: World, files: dict[str, bytes], tmp_path: Path) -> None:
    """It shows root and first people, to be compared by hand."""
    found = run("verify.py", cwd=unpack(files, tmp_path / "bundle"))
    assert found.code == 3
    assert root_of(story) in found.out and "rita, Rita Riskowner: SHA256:" in found.out
    assert "NOT PROVEN: no root of trust was given" in found.out and "\nPROVEN" not in found.out


def test_the_command_refuses_a_log_that_cannot_be_relied_on(_promoted: Path, tmp_path: Path) -> None:
    """Nothing is written of another log, an unknown version, or a log with two histories."""
    world, target = worlds.copy(_promoted, tmp_path / "world"), tmp_path / "b.zip"
    words = ("bundle", f"{MODEL}@1.0.0", "-o", str(target))
    assert "names no version" in world.govkit("bundle", MODEL, "-o", str(target), expect=2).text
    assert "has no version 9.9.9" in world.govkit("bundle", f"{MODEL}@9.9.9", "-o", str(target), expect=2).text
    assert "is not the one that was pinned" in world.govkit(*words, "--root", digests.sha256(b"x"), expect=1).text
    made = world.govkit(*words, "--format", "json").json
    assert (made["sha256"], made["root"]) == (digests.sha256(target.read_bytes()), root_of(world))
    assert made["head"]["size"] == world.log().head.size
    target.unlink()
    elsewhere = {"size": 1, "root": digests.sha256(b"another log")}
    world.push_signed("ada", type="checkpoint.recorded", log=elsewhere)
    assert "belongs to another history" in world.govkit(*words, expect=1).text
    assert not list(tmp_path.glob("*.zip")) and not list(tmp_path.glob(".b*"))


# -- every change is found --------------------------------------------------------------------------------------------


def test_every_changed_byte_is_found(
    story: World, files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """First, middle, last and any other byte of every file; a file cut short, emptied, taken out or added."""
    chance, root, missed = random.Random(1), root_of(story), []
    folder = unpack(files, tmp_path / "bundle")
    assert verify_bundle.main([str(folder), "--root", root]) == 0
    for name, content in files.items():
        places = {0, len(content) // 2, len(content) - 1, chance.randrange(len(content))}
        changed = [
            content[:at] + bytes([content[at] ^ chance.choice((1, 32, 128))]) + content[at + 1 :] for at in places
        ]
        for data in (*changed, content[:-1], content + b"\n", b"", None):
            (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
            if verify_bundle.main([str(folder), "--root", root]) == 0:
                missed.append((name, data))
            (folder / name).write_bytes(content)
    for name in ("x", "events/00001/more", "evidence/" + "0" * 64, "gates/00001.json", ".git"):
        (folder / name).write_bytes(b"{}")
        if verify_bundle.main([str(folder), "--root", root]) == 0:
            missed.append((name, b"{}"))
        (folder / name).unlink()
    assert missed == []
    assert verify_bundle.main([str(folder), "--root", root]) == 0
    capsys.readouterr()


def test_a_changed_verify_py_finds_itself(story: World, files: dict[str, bytes], tmp_path: Path) -> None:
    """A byte changed in the checking file itself does not make it say that all is well."""
    content, chance = files["verify.py"], random.Random(2)
    for at in (0, len(content) // 2, len(content) - 1, *(chance.randrange(len(content)) for _ in range(6))):
        data = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        folder = unpack({**files, "verify.py": data}, tmp_path / str(at))
        assert run("verify.py", "--root", root_of(story), cwd=folder).code != 0


def evidential(files: dict[str, bytes]) -> list[str]:
    """Return the files on which something rests: all but the program, its manual, and what it calls not proven."""
    return [n for n in files if n not in ("verify.py", "VERIFY.md", formats.MANIFEST) and not n.startswith("gates/")]


def test_a_forger_with_a_manifest_that_fits_is_found(
    story: World, files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes, cuts or takes out a file and makes the manifest fit gains nothing."""
    chance, root, missed = random.Random(3), root_of(story), []
    for name in evidential(files):
        content = files[name]
        at = chance.randrange(len(content))
        flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        for data in (flipped, content[: len(content) // 2], None):
            forged = resealed(files, **{name: data})
            try:
                bundle = verify_bundle.Bundle(forged, verify_bundle.openssh)
                code = verify_bundle.check(bundle, root, None)
            except (verify_bundle.Disproven, verify_bundle.Unproven):
                continue
            if code == 0 and not _is_only_words(files, forged):
                missed.append((name, data))
    assert missed == []
    capsys.readouterr()


def _is_only_words(files: dict[str, bytes], forged: dict[str, bytes]) -> bool:
    """Tell whether nothing changed but words in the claims that verify.py does not print, or says are not proven."""
    if any(
        forged.get(name) != content for name, content in files.items() if name not in ("claims.json", formats.MANIFEST)
    ):
        return False
    values = []
    for each in (files, forged):
        claims = json.loads(each["claims.json"]) | dict.fromkeys(("govkit", "remote", "bytes"))
        claims["events"] = {index: event["status"] for index, event in claims["events"].items()}
        values.append(claims)
    return values[0] == values[1]


def _serve_old(claims: Any) -> None:
    claims["serving"]["production"] = claims["serving"]["staging"]


def _not_revoked(claims: Any) -> None:
    at = max(claims["events"], key=lambda index: (claims["events"][index]["reason"] == "", -abs(int(index) - 22)))
    claims["events"][at] |= {"status": "inert", "reason": "not allowed"}


CLAIMS: dict[str, tuple[Callable[[Any], None], int, str]] = {
    "another version serves": (_serve_old, 3, "it claims that something else serves"),
    "the revocation has no effect": (_not_revoked, 3, "by this file, and inert by the bundle's claims"),
    "junk is good": (lambda c: c["events"]["27"].update(status="good"), 3, "event 27 is inert"),
    "an event less": (lambda c: c["events"].pop("27"), 3, "verdicts on other events than it shows"),
    "another model": (lambda c: c.update(model=OTHER), 1, "is left out, which is about this model or all"),
    "a model that is none": (lambda c: c.update(model="nobody"), 1, "is not about this model"),
    "another version": (lambda c: c.update(version="1.0.0"), 1, "card.json is not the registered card"),
    "an unknown version": (lambda c: c.update(version="9.0.0"), 1, "the log knows no version 9.0.0"),
    "another root": (lambda c: c.update(root_of_trust=digests.sha256(b"")), 1, "not the root of trust that it claims"),
    "a shorter head": (lambda c: c["head"].update(size=28), 1, "the leaves do not make up the head"),
    "an earlier time": (
        lambda c: c["events"]["4"].update(effective="2020-01-01T00:00:00Z"),
        3,
        "another effective time",
    ),
    "a key too many": (lambda c: c.update(note="all is well"), 1, "claims.json is malformed"),
}


@pytest.mark.parametrize(("change", "code", "reason"), CLAIMS.values(), ids=CLAIMS.keys())
def test_claims_that_differ_prove_nothing(
    story: World,
    files: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Any], None],
    code: int,
    reason: str,
) -> None:
    """Where the bundle's maker says something else than the log, nothing is proven."""
    forged = resealed(files, **{"claims.json": edited(files["claims.json"], change)})
    found, said = judge(forged, tmp_path / "bundle", "--root", root_of(story), capsys=capsys)
    assert (found, reason in said) == (code, True), said


def test_gate_reports_are_of_these_promotions(
    story: World, files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report cannot be left out, nor be about another stage, policy or requirements than the promotion."""
    name = next(name for name in files if name.startswith("gates/"))
    for key, value in (
        ("stage", "staging"),
        ("policy", digests.sha256(b"")),
        ("policy_event", 0),
        ("version", "1.0.0"),
    ):
        changed = edited(files[name], lambda report, key=key, value=value: report.update({key: value}))
        code, said = judge(resealed(files, **{name: changed}), tmp_path / "b", "--root", root_of(story), capsys=capsys)
        assert (code, "is about another promotion" in said) == (1, True)
    code, said = judge(resealed(files, **{name: None}), tmp_path / "b", "--root", root_of(story), capsys=capsys)
    assert (code, "a gate report is missing" in said) == (1, True)


# -- bundles that are not what they seem ------------------------------------------------------------------------------


def test_a_bundle_of_another_log(story: World, governed: World, tmp_path: Path) -> None:
    """The attacker's own log, with the same names and keys of their making, has another root."""
    governed.git("update-ref", "-d", log_storage.BRANCH)
    shutil.rmtree(governed.repo / ".git" / "govkit", ignore_errors=True)
    (governed.folder / "known_roots").unlink()
    governed.govkit("init", as_="rita")
    governed.release("1.1.0")
    assert root_of(governed) != root_of(story)
    archive = bundled(governed, "1.1.0", tmp_path)
    found = run(Path(verify_bundle.__file__), archive, "--root", root_of(story), cwd=tmp_path)
    assert (found.code, "this is another log" in found.out) == (1, True)


def test_a_bundle_of_a_log_that_was_cut_short(story: World, _promoted: Path, tmp_path: Path) -> None:
    """Before the revocation the log said otherwise: only a head from elsewhere shows that it went on."""
    early = worlds.copy(_promoted, tmp_path / "early")
    archive, head = bundled(early, "1.0.0", tmp_path), story.log().head
    words = (Path(verify_bundle.__file__), archive, "--root", root_of(story))
    assert run(*words, cwd=tmp_path).code == 0
    found = run(*words, "--head", f"{head.size}:{head.root}", cwd=tmp_path)
    assert (found.code, "ends at 9, before the head" in found.out) == (1, True)
    found = run(*words, "--head", f"5:{digests.sha256(b'x')}", cwd=tmp_path)
    assert (found.code, "its history was rewritten" in found.out) == (1, True)


def test_usage(story: World, archive: Path, tmp_path: Path) -> None:
    """What is wrongly called says so."""
    program = Path(verify_bundle.__file__)
    assert run(program, tmp_path / "none.zip", cwd=tmp_path).code == 2
    assert run(program, archive, "--root", "sha256:x", cwd=tmp_path).code == 2
    assert run(program, archive, "--head", "x", cwd=tmp_path).code == 2
    assert run(program, archive, "--more", cwd=tmp_path).code == 2


def zipped(folder: Path, members: list[tuple[zipfile.ZipInfo | str, bytes]], **options: Any) -> Path:
    """Write a zip of any members."""
    target = folder / "hostile.zip"
    with zipfile.ZipFile(target, "w", **options) as opened:
        for info, content in members:
            opened.writestr(info, content)
    return target


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("claims.json")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_zips(files: dict[str, bytes], tmp_path: Path) -> None:
    """Bombs, paths that leave, links and names that stand there twice are refused, without a traceback."""
    honest: list[tuple[zipfile.ZipInfo | str, bytes]] = list(files.items())
    deflated = {"compression": zipfile.ZIP_DEFLATED}
    cases: list[tuple[list[tuple[zipfile.ZipInfo | str, bytes]], dict[str, Any]]] = [
        ([("leaves.txt", b"\0" * 100_000_000)], deflated),
        ([*honest, ("../evil.py", b"x")], {}),
        ([*honest, ("/etc/evil", b"x")], {}),
        ([*honest, ("events/00000/../../verify.py", b"x")], {}),
        ([*honest, ("claims.json", b"{}")], {}),
        ([*honest, (_link(), b"/etc/passwd")], {}),
        ([*honest, ("events/", b"")], {}),
    ]
    for members, options in cases:
        found = run(Path(verify_bundle.__file__), zipped(tmp_path, members, **options), cwd=tmp_path)
        assert (found.code, found.err, "DISPROVEN" in found.out) == (1, "", True), found.out
    assert not (tmp_path.parent / "evil.py").exists()
    for junk in (b"", b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 18, os.urandom(5000)):
        (tmp_path / "hostile.zip").write_bytes(junk)
        found = run(Path(verify_bundle.__file__), tmp_path / "hostile.zip", cwd=tmp_path)
        assert (found.code, found.err) == (1, ""), found.out


def test_hostile_folders(story: World, files: dict[str, bytes], tmp_path: Path) -> None:
    """Links, devices and depth are refused; deep and huge JSON is no crash."""
    deep = b"[" * 200_000 + b"]" * 200_000
    many = b"[" + b"[]," * 6_000_000 + b"[]]"
    for name in ("claims.json", "lineage.json"):
        found = run(
            "verify.py", "--root", root_of(story), cwd=unpack(resealed(files, **{name: many}), tmp_path / f"m-{name}")
        )
        assert (found.code, found.err, "DISPROVEN" in found.out) == (1, "", True), found.out
    for name in ("claims.json", "card.json", formats.MANIFEST, "proofs/00001.json"):
        folder = unpack(files, tmp_path / name.replace("/", "-"))
        (folder / name).write_bytes(deep)
        forged = files | {name: deep}
        (folder / formats.MANIFEST).write_bytes(
            deep if name == formats.MANIFEST else resealed(forged)[formats.MANIFEST]
        )
        found = run("verify.py", "--root", root_of(story), cwd=folder)
        assert (found.code, found.err, "DISPROVEN" in found.out) == (1, "", True), found.out
    folder = unpack(files, tmp_path / "link")
    (folder / "card.json").unlink()
    (folder / "card.json").symlink_to(tmp_path / "card.json" / "card.json")
    assert run("verify.py", cwd=folder).code == 1
    (folder / "card.json").unlink()
    os.mkfifo(folder / "card.json")
    assert run("verify.py", cwd=folder).code == 1
    folder = unpack(files, tmp_path / "deep")
    (folder / "a/b/c/d/e").mkdir(parents=True)
    assert run("verify.py", cwd=folder).code == 1


# -- single proofs ----------------------------------------------------------------------------------------------------


def test_single_proofs(story: World) -> None:
    """One event, or one extension, is proven by itself, for the head or an earlier one."""
    log = story.log()
    size, roots = log.head.size, log.state.tree.roots
    for index, at in ((0, size), (5, size), (size - 1, size), (5, 7), (0, 1)):
        words = ("log", "prove", str(index), *(("--size", str(at)) if at != size else ()))
        proof = story.govkit(*words, "--format", "json").json
        assert (proof["schema"], proof["kind"], proof["size"]) == ("govkit.proof/v1", "inclusion", at)
        path = [bytes.fromhex(node[7:]) for node in proof["path"]]
        assert verify_bundle.is_included(proof["leaf"].encode(), index, at, path, proof["root"])
        assert proof["leaf_hash"] == log.state.judged[index].id
        assert f"event {index} is in the log of {at} events" in story.govkit(*words).text
    for old, at in ((1, size), (8, size), (size, size), (5, 9)):
        words = ("log", "prove", "--from", str(old), "--size", str(at))
        proof = story.govkit(*words, "--format", "json").json
        path = [bytes.fromhex(node[7:]) for node in proof["path"]]
        assert merkle.is_consistent(old, at, roots[old], roots[at], path)
        assert (proof["old_root"], proof["root"]) == (merkle.text(roots[old]), merkle.text(roots[at]))
        assert f"the log of {at} events extends that of {old}" in story.govkit(*words).text
    for words in (
        ("5", "--size", "5"),
        (str(size),),
        ("--from", str(size + 1)),
        (),
        ("1", "--from", "1"),
        ("--from", "0"),
    ):
        story.govkit("log", "prove", *words, expect=2)
