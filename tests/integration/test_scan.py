"""``govkit scan`` on real pickles, which are only ever written here, and never loaded."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from govkit.cli import common
from govkit.cli.main import cli


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("false",)


EVIL = {protocol: pickle.dumps(Evil(), protocol) for protocol in range(6)}
GOOD = pickle.dumps({"weights": [0.5, 1.5], "name": "clf"})
LEGACY_TORCH = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))


def zipped(**members: bytes) -> bytes:
    """Return a zip file as torch writes one: members stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"model/{name}", content)
    return out.getvalue()


def array(descr: str, content: bytes) -> bytes:
    """Return a NumPy file."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def scan(folder: Path, *paths: Path) -> tuple[int, dict[str, int] | None]:
    """Run the command; return its exit code and the report, if it wrote one."""
    output = folder / "out" / "scan.json"
    code = common.run(cli, ["scan", *map(str, paths), "-o", str(output)])
    return code, json.loads(output.read_bytes()) if output.exists() else None


def counts(files: int, dangerous: int = 0, suspicious: int = 0, innocuous: int = 0) -> dict[str, int]:
    """Return a report."""
    return {"files": files, "dangerous": dangerous, "suspicious": suspicious, "innocuous": innocuous}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"clf-{protocol}.pkl", content) for protocol, content in EVIL.items()),
        ("config.json", EVIL[4]),
        ("model.safetensors", EVIL[0]),
        ("no-suffix", EVIL[1]),
        ("two.pkl", GOOD + EVIL[4]),
        ("clf.pkl.gz", gzip.compress(EVIL[4])),
        ("clf.joblib", zlib.compress(EVIL[4])),
        ("clf.bz2", bz2.compress(EVIL[0])),
        ("clf.xz", lzma.compress(EVIL[4])),
        ("model.pt", zipped(**{"data.pkl": EVIL[2], "data/0": b"\0" * 64})),
        ("model.bin", zipped(**{"readme.txt": EVIL[0]})),
        ("nested.zip", zipped(**{"inner.npz": zipped(**{"a.npy": array("|O", EVIL[4])})})),
        ("old.pt", LEGACY_TORCH + EVIL[2] + pickle.dumps([], 2) + b"\0\x01\x02"),
        ("array.npy", array("|O", EVIL[4])),
        ("polyglot.pkl", EVIL[4] + zipped(data=b"nothing")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_code_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes) -> None:
    """Whatever a file is called and however it is packed: found, told, and counted; or at least not called clean."""
    path = tmp_path / name
    path.write_bytes(content)
    code, report = scan(tmp_path, path)
    if name == "polyglot.pkl":
        assert (code, report) == (3, None)
        return
    assert (code, report) == (0, counts(1, dangerous=1))
    out = capsys.readouterr().out
    assert "posix.system" in out or "nt.system" in out
    assert "DANGEROUS: loading these weights can run other code" in out


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("clf.pkl", GOOD),
        ("empty.pkl", b""),
        ("model.json", b'{"learner": {"trees": [1, 2]}}'),
        ("data.csv", b"id,x\n1,2\n3,4\n"),
        ("notes.txt", b"columns: a, b\nand more\n"),
        ("umlaut.txt", "cafés à Paris\nsont ouverts\n".encode()),
        ("number.txt", b"0.5\n"),
        ("power.txt", b"x^2 + 1\n"),
        ("model.safetensors", struct.pack("<Q", 0x0280) + b'{"a":{"dtype":"F32"}}'),
        ("bytes.bin", bytes(range(255, -1, -1)) * 16),
        ("floats.npy", array("<f8", struct.pack("<d", 0.5))),
        ("model.pt", zipped(**{"data.pkl": GOOD, "data/0": b"\x80\x04]\0" * 64})),
        ("old.pt", LEGACY_TORCH + GOOD + pickle.dumps([], 2) + b"\0\x01\x02"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_clean_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes) -> None:
    """Files without code, of every kind, have nothing found."""
    path = tmp_path / name
    path.write_bytes(content)
    assert scan(tmp_path, path) == (0, counts(1))
    assert "DANGEROUS" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.pkl", GOOD[:-3]),
        ("cut-evil.pkl", EVIL[4][:-1]),
        ("cut-old.pkl", EVIL[0][:-1]),
        ("unread.pkl", b"S'\xff'\n0" + EVIL[0]),
        ("unread-4.pkl", b"\x80\x04S'\xff'\n0" + EVIL[4][2:]),
        ("tail.pkl", EVIL[4] + b"\0\0\0\0"),
        ("cut.gz", gzip.compress(GOOD)[:-12]),
        ("cut.zip", zipped(**{"data.pkl": EVIL[4]})[:-30]),
        ("cut.npy", array("|O", EVIL[4][:-4])),
        ("model.7z", b"7z\xbc\xaf\x27\x1c\0\0"),
        ("deep.zip", zipped(a=zipped(b=zipped(c=zipped(d=zipped(e=GOOD)))))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_not_clean(tmp_path: Path, name: str, content: bytes) -> None:
    """Exit code 3 and no report, not even the one from before."""
    path = tmp_path / name
    path.write_bytes(content)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scan.json").write_text(json.dumps(counts(1)))
    assert scan(tmp_path, path) == (3, None)


def test_encrypted_member(tmp_path: Path) -> None:
    """A member of an archive that says it is encrypted is not passed over; torch does not care for that mark."""
    content = bytearray(zipped(**{"data.pkl": EVIL[4]}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    (tmp_path / "model.pt").write_bytes(content)
    assert scan(tmp_path, tmp_path / "model.pt") == (3, None)


def test_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder is walked; each kind of import is counted."""
    models = tmp_path / "models"
    (models / "deep").mkdir(parents=True)
    (models / "a.json").write_text("{}")
    (models / "deep" / "b.pkl").write_bytes(EVIL[4])
    (models / "deep" / "c.pkl").write_bytes(pickle.dumps(io.BytesIO, 4) + b"")
    (models / "deep" / "d.pkl").write_bytes(b"ccollections\nOrderedDict\n.")
    (models / "deep" / "e\x1b[31m.pkl").write_bytes(b"cmine\nThing\x1b[2J\n.")
    assert scan(tmp_path, models, models / "a.json") == (0, counts(5, 1, 2, 1))
    out = capsys.readouterr()
    assert "\x1b" not in out.out + out.err
    assert (tmp_path / "out" / "scan.json").read_bytes() == (b'{"dangerous":1,"files":5,"innocuous":1,"suspicious":2}')


def test_links_and_pipes_are_not_passed_over(tmp_path: Path) -> None:
    """In a folder, what is no regular file stops the scan; a file that is named is read, link or not."""
    models = tmp_path / "models"
    models.mkdir()
    (tmp_path / "cache.pkl").write_bytes(EVIL[4])
    (models / "link.pkl").symlink_to(tmp_path / "cache.pkl")
    assert scan(tmp_path, models) == (3, None)
    assert scan(tmp_path, models / "link.pkl") == (0, counts(1, dangerous=1))
    (models / "link.pkl").unlink()
    os.mkfifo(models / "pipe")
    assert scan(tmp_path, models)[0] == 3


@pytest.mark.parametrize("paths", [["none.pkl"], ["folder"], ["clf.pkl", "none"]])
def test_nothing_to_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str], paths: list[str]) -> None:
    """A path that is not there, or an empty folder, is wrong usage: nothing found in nothing is no result."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "clf.pkl").write_bytes(GOOD)
    assert scan(tmp_path, *(tmp_path / path for path in paths)) == (2, None)
    assert "there is no" in capsys.readouterr().err


def test_report_over_the_weights(tmp_path: Path) -> None:
    """The report never overwrites what is scanned."""
    (tmp_path / "clf.pkl").write_bytes(GOOD)
    assert common.run(cli, ["scan", str(tmp_path / "clf.pkl"), "-o", str(tmp_path / "clf.pkl")]) == 2
    assert (tmp_path / "clf.pkl").read_bytes() == GOOD


def test_without_the_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without picklescan, the command says how to install it."""
    monkeypatch.setitem(sys.modules, "picklescan", None)
    (tmp_path / "clf.pkl").write_bytes(GOOD)
    assert scan(tmp_path, tmp_path / "clf.pkl") == (2, None)
    assert "pip install 'dvc-govkit[scan]'" in capsys.readouterr().err
