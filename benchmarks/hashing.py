"""Digests of one large file and of many small ones, and of both again unchanged.

Against ``openssl speed`` (the rate of one core, by the processor's time: what else the machine does must not count),
``model_signing sign`` and ``dvc add``. OpenSSL digests the same 16 KiB again and again and reads no file. A card needs
SHA-256, and MD5 as DVC's key: where both are made, what counts is OpenSSL's rate for one after the other, and MD5 is
the slower by far. ``verify --dir`` and ``get`` need SHA-256 alone. DVC's cache takes hard links here, so that ``dvc
add`` has nothing to copy; it makes MD5 alone, and ``model_signing`` SHA-256 alone.

Run with ``python benchmarks/hashing.py``.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import BARE, GOVKIT, Race

RUNS, PEER_RUNS = 3, 2
_MIB = 1 << 20
_SMALL = 20_000
#: Of at least so many hundredths of OpenSSL's rate a core.
RATE = 85
_BIN = Path(sys.executable).parent
DVC_YAML = """\
artifacts:
  large: {path: large.bin, type: model}
  many: {path: many, type: model}
"""


def build(race: Race, folder: Path, mebibytes: int, files: int) -> Path:
    """Make a DVC repository with two models: a large file, and a folder of small ones."""
    repo, chance = folder / "repo", random.Random(8)  # noqa: S311 - the same data each time
    (repo / "many").mkdir(parents=True)
    with (repo / "large.bin").open("wb") as file:
        for _ in range(mebibytes):
            file.write(chance.randbytes(_MIB))
    for number in range(files):
        (repo / "many" / f"{number:05d}.bin").write_bytes(chance.randbytes(_SMALL))
    (folder / "several").mkdir()
    for number in range(4):
        (folder / "several" / f"{number}").write_bytes(chance.randbytes(mebibytes * _MIB // 16))
    (repo / "dvc.yaml").write_text(DVC_YAML)
    for words in (["git", "init", "-q"], [str(_BIN / "dvc"), "init", "-q"]):
        race.run("making the data", words, folder=repo)
    race.run("making the data", [str(_BIN / "dvc"), "config", "cache.type", "hardlink,copy"], folder=repo)
    return repo


def openssl(race: Race, digest: str, size: int) -> None:
    """Note how long OpenSSL takes for so many bytes."""
    words = ["openssl", "speed", "-seconds", "1", "-bytes", "16384", "-evp", digest]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[-1]
    race.took(f"OpenSSL, {digest}", size / (float(said.removesuffix("k")) * 1000))


def rates(race: Race, folder: Path, repo: Path, size: int, files: int) -> None:
    """What govkit's digests cost a core, and that it uses both."""
    from govkit.storage import files as storage

    large, small = repo / "large.bin", sorted((repo / "many").iterdir())
    several = folder / "several"
    sizes = dict.fromkeys(sorted(path.name for path in several.iterdir()))
    for _ in range(RUNS):
        for digest in ("sha256", "md5"):
            openssl(race, digest, size)
        both = sum(race.ways[f"OpenSSL, {digest}"].seconds[-1] for digest in ("sha256", "md5"))
        race.took("OpenSSL, both", both)
        race.took("OpenSSL, both, of many", both * files * _SMALL / size)
        race.cpu("SHA-256 of the large file, one core", lambda: storage.sha256(large))
        race.cpu("SHA-256 and MD5 of it, a core", lambda: storage.sums(large))
        race.cpu("SHA-256 and MD5 of many, a core", lambda: storage.each(storage.sums, small))
        race.time("SHA-256 of four files in turn", lambda: [storage.sha256(several / name) for name in sizes])
        race.time("SHA-256 of four files at once", lambda: storage.sha256_all(several, sizes))
    race.reaches("SHA-256 of the large file, one core", "OpenSSL, sha256", RATE)
    race.reaches("SHA-256 and MD5 of it, a core", "OpenSSL, both", RATE)
    race.reaches("SHA-256 and MD5 of many, a core", "OpenSSL, both, of many", RATE)
    race.faster("SHA-256 of four files at once", "SHA-256 of four files in turn", 1.5)


def peers(race: Race, folder: Path, repo: Path) -> None:
    """The same by ``model_signing sign`` and ``dvc add``, and by DVC again."""
    signer, key = _BIN / "model_signing", folder / "key.pem"
    where = {"DVC_SITE_CACHE_DIR": str(folder / "dvc-site")}
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)], check=True)
    for name, path in (("large file", "large.bin"), ("many files", "many")):
        for _ in range(PEER_RUNS):
            if signer.exists():
                sign = [str(signer), "sign", "key", path, "--signature", str(folder / "sig"), "--private_key", str(key)]
                race.run(f"model_signing sign, {name}", sign, folder=repo)
            for lost in (repo / ".dvc" / "cache", repo / ".dvc" / "tmp", folder / "dvc-site"):
                shutil.rmtree(lost, ignore_errors=True)
            race.run(f"dvc add, {name}", [str(_BIN / "dvc"), "add", "-q", path], folder=repo, environment=where)
            race.run(f"dvc add, {name}, again", [str(_BIN / "dvc"), "add", "-q", path], folder=repo, environment=where)
    if not signer.exists():
        print("  model_signing is not installed (pip install 'dvc-govkit[bench]'), and not compared with")


def commands(race: Race, folder: Path, repo: Path) -> None:
    """Whole commands that digest all the bytes, and that need not read them again."""
    cache = folder / "cache"
    for name, model in (("large file", "large"), ("many files", "many")):
        words = [*GOVKIT, "lineage", model]
        for _ in range(RUNS):
            race.run("bare start of Python", BARE)
            shutil.rmtree(cache, ignore_errors=True)
            for way in (name, f"{name}, again"):
                race.run(f"govkit lineage, {way}", words, folder=repo, environment={"XDG_CACHE_HOME": str(cache)})


def again(race: Race, folder: Path, repo: Path) -> None:
    """What is left of it when nothing was touched."""
    from govkit.storage import files as storage
    from govkit.storage import sumcache

    small = sorted((repo / "many").iterdir())
    place = {"XDG_CACHE_HOME": str(folder / "remembered")}
    for _ in range(RUNS):
        shutil.rmtree(folder / "remembered", ignore_errors=True)
        for way in ("read", "unchanged"):
            with sumcache.opened(repo / ".git", place) as remembered:
                race.time(f"large file, {way}", lambda kept=remembered: kept.sums(repo / "large.bin"))
                race.time(f"many files, {way}", lambda kept=remembered: storage.each(kept.sums, small))
    race.faster("large file, unchanged", "large file, read", 100)
    race.faster("many files, unchanged", "many files, read", 3)


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("How fast are digests of weights and data?", ["dvc", "model-signing"])
    mebibytes, files = (2048, 5_000) if not race.quick else (128, 500)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        race.sizes |= {"mebibytes": mebibytes, "files": files, "bytes each": _SMALL}
        race.sizes["openssl"] = subprocess.run(
            ["openssl", "version"], capture_output=True, text=True, check=True
        ).stdout[:-1]
        repo = build(race, folder, mebibytes, files)
        rates(race, folder, repo, mebibytes * _MIB, files)
        peers(race, folder, repo)
        time.sleep(2.5)  # what was touched a moment ago is not remembered
        commands(race, folder, repo)
        again(race, folder, repo)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
