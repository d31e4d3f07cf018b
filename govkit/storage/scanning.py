"""Looking for code in weights: what unpickling a file would import. Nothing is ever unpickled.

Which imports are dangerous says picklescan. Which files are pickles is decided here, by their content and not by their
names, and whatever cannot be read to its end is undecided rather than clean.
"""

from __future__ import annotations

import bz2
import gzip
import logging
import lzma
import os
import pickletools
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from msgspec import Struct

from govkit.core.errors import Undecided, Usage

Rating = Literal["dangerous", "suspicious", "innocuous"]
_MAX_DEPTH = 3
_MAX_UNPACKED = 16 * 1024**3
_BLOCK = 1 << 20
_UNPACKERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x5d\0\0": lzma.LZMAFile,
}
#: Archives that can hold weights and are not opened here, by where their mark stands.
_CLOSED = (
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"Rar!\x1a\x07"),
    (0, b"\x04\x22\x4d\x18"),
    (0, b"\x28\xb5\x2f\xfd"),
    (257, b"ustar"),
)
_ZIP, _NUMPY = b"PK\x03\x04", b"\x93NUMPY"
_PROTOCOL, _FRAME = 0x80, 0x95


class Finding(Struct, frozen=True):
    """Something that a file would import when it is unpickled: the file, module and name, and how bad that is."""

    file: str
    module: str
    name: str
    rating: Rating


def regular_files(path: Path) -> list[Path]:
    """Return a file, or all files in a folder, in order.

    Raises:
        Usage: if there is nothing at the path.
        Undecided: if something in the folder is no regular file or folder, so that it would be passed over.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Usage(f"there is no file or folder {path}", fix="name what the DVC stage before this one writes")
    found = []
    for folder, folders, names in os.walk(path, onerror=_stop):
        for name in (*folders, *names):
            entry = Path(folder) / name
            mode = entry.lstat().st_mode
            if stat.S_ISREG(mode):
                found.append(entry)
            elif not stat.S_ISDIR(mode):
                kind = "a symbolic link, which is not followed" if stat.S_ISLNK(mode) else "no regular file"
                raise Undecided(
                    f"{entry} was not looked into", why=f"it is {kind}", fix="name the file itself, or take it away"
                )
    return sorted(found)


def _stop(error: OSError) -> None:
    raise Undecided(f"{error.filename} was not looked into", why=str(error), fix="make it readable") from error


def scan(path: Path) -> list[Finding]:
    """Return what a file would import, wherever in it a pickle is: compressed, in an archive, in an array.

    Raises:
        Usage: if picklescan is not installed.
        Undecided: if it cannot be read to its end.
    """
    scanner = _scanner()
    try:
        with path.open("rb") as stream:
            return list(_look(scanner, stream, str(path), 0))
    except Undecided:
        raise
    except Exception as error:  # whatever a hostile file does to a parser, it must not come out as clean
        raise _broken(str(path), str(error) or type(error).__name__) from error


def _scanner() -> Any:
    try:
        from picklescan import scanner
    except ImportError as error:
        raise Usage("picklescan is not installed", fix="pip install 'dvc-govkit[scan]'") from error
    log = logging.getLogger("picklescan")
    log.propagate = False  # it would print names from the file as they are
    log.handlers = [logging.NullHandler()]
    return scanner


def _broken(name: str, why: str) -> Undecided:
    return Undecided(
        f"{name} was not looked into to its end", why=why, fix="make the file again, or find out who broke it"
    )


def _look(scanner: Any, stream: IO[bytes], name: str, depth: int) -> Iterator[Finding]:
    if depth > _MAX_DEPTH:
        raise _broken(name, f"archives are nested more than {_MAX_DEPTH} deep")
    head = stream.read(512)
    stream.seek(0)
    if any(head[at:].startswith(mark) for at, mark in _CLOSED):
        raise _broken(name, "archives of this kind are not opened")
    for mark, unpack in _UNPACKERS.items():
        if head.startswith(mark):
            yield from _look(scanner, unpack(stream), name, depth + 1)
            return
    plain = _unzlib(stream, name) if len(head) > 1 and head[0] == 0x78 and not (head[0] << 8 | head[1]) % 31 else None
    if plain is not None:
        with plain:
            yield from _look(scanner, plain, name, depth + 1)
        return
    is_zip = head.startswith(_ZIP) or zipfile.is_zipfile(stream)
    if is_zip:
        yield from _look_into_zip(scanner, stream, name, depth)
    if not head.startswith(_ZIP):  # a pickle can have an archive at its end
        yield from _look_at_pickle(scanner, stream, name, _objects_of_array(head))


def _unzlib(stream: IO[bytes], name: str) -> IO[bytes] | None:
    """Return what a zlib stream holds, or None if it is none after all."""
    plain, unpacker = tempfile.TemporaryFile(), zlib.decompressobj()  # noqa: SIM115 - closed by whoever reads it
    try:
        while not unpacker.eof and (block := unpacker.unconsumed_tail or stream.read(_BLOCK)):
            plain.write(unpacker.decompress(block, _BLOCK))
            if plain.tell() > _MAX_UNPACKED:
                raise _broken(name, f"it unpacks to more than {_MAX_UNPACKED:,} bytes")
    except zlib.error:
        if plain.tell():
            raise
        stream.seek(0)
        plain.close()
        return None
    plain.seek(0)
    return plain


def _look_into_zip(scanner: Any, stream: IO[bytes], name: str, depth: int) -> Iterator[Finding]:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            label = f"{name}:{member.filename}"
            if member.flag_bits & 0x1:
                raise _broken(label, "it is encrypted")
            with archive.open(member) as content:
                yield from _look(scanner, content, label, depth + 1)


def _objects_of_array(head: bytes) -> int:
    """Return where the pickle of a NumPy array of objects starts; 0 for anything else."""
    if not head.startswith(_NUMPY):
        return 0
    width = 2 if head[6] == 1 else 4
    start = 8 + width
    length = int.from_bytes(head[8:start], "little")
    described = re.search(rb"'descr':(.*?)'fortran_order'", head[start:], re.DOTALL)
    return start + length if described is None or b"O" in described[1] else 0


def _look_at_pickle(scanner: Any, stream: IO[bytes], name: str, start: int) -> Iterator[Finding]:
    if not _is_pickle(stream, name, start):
        return
    stream.seek(start)
    if not start and scanner.get_magic_number(stream) == scanner.MAGIC_NUMBER:
        result = scanner.scan_pytorch(stream, name)  # torch's old form: five pickles, then bare numbers
    else:
        stream.seek(start)
        result = scanner.scan_pickle_bytes(stream, name)
    if result.scan_err:
        raise _broken(name, "something after its pickle is none")
    for found in result.globals:
        yield Finding(name, found.module, found.name, found.safety.value)


def _is_pickle(stream: IO[bytes], name: str, start: int) -> bool:
    """Tell by content whether a file is a pickle.

    One that starts like a pickle and then is none could still do its work before a reader notices; so could one of
    the oldest protocols, which has no mark at its start, once it has named something to import. Bare numbers can have
    the first bytes of a pickle by chance, but hardly its next.
    """
    stream.seek(start)
    head = stream.read(3)
    stream.seek(start)
    imports, count = False, 0
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            count += 1
            # Module and name must have been pushed before; in other bytes than a pickle's, that is chance.
            imports = imports or (opcode.name == "STACK_GLOBAL" and count > 2) or _is_import(opcode.name, argument)
    except Exception as error:  # pickletools raises whatever a parser can
        marked = len(head) == 3 and head[0] == _PROTOCOL and head[1] <= 5 and (count > 3 or head[2] == _FRAME)
        unread = isinstance(error, UnicodeDecodeError) and (count > 0 or head[:1] == b"S")
        if marked or imports or unread or start:
            raise _broken(name, f"it starts like a pickle, and then: {error}") from error
        return False
    return True


def _is_import(opcode: str, argument: Any) -> bool:
    return opcode in ("GLOBAL", "INST") and all(
        part.isidentifier() for word in str(argument).split(" ") for part in word.split(".")
    )
