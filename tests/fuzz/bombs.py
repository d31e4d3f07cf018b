"""Inputs that are small to write and large to read, run against every target in processes of their own.

``python -m tests.fuzz.bombs [--all] [TARGET …]`` prints one JSON line a target. Each target's process may take 512 MiB in all, and a few
seconds for each bomb; what a bomb may not be is answered with anything but a refusal, or an honest result.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

MEMORY = 512 << 20
#: Seconds of one processor for one bomb; none takes five, but coverage makes everything several times slower.
SECONDS = 20.0

Bomb = Callable[[], bytes]
_MB = 1 << 20


def _billion_laughs(wide: int = 9, levels: int = 9) -> bytes:
    lines = [b"a: &a [" + b"x," * wide + b"]\n"]
    lines += [b"%c: &%c [%s]\n" % (98 + i, 98 + i, b"*%c," % (97 + i) * wide) for i in range(levels)]
    return b"".join(lines)


def _both(stages: int, items: int, *, chained: bool) -> bytes:
    """Return a ``dvc.yaml`` and a ``dvc.lock`` that agree: stages side by side with many files, or one after another."""
    declared, locked = [], []
    for number in range(stages):
        deps = [f"o/{number}"] if chained else [f"d/{i}" for i in range(items)]
        outs = [f"o/{number + 1}"] if chained else [f"o{number}/{i}" for i in range(items)]
        declared.append(
            f"  s{number}: {{cmd: c, deps: {json.dumps(deps)}, metrics: {json.dumps(outs)}, params: [seed]}}\n"
        )
        lines = [f"  s{number}:\n    cmd: c\n    params: {{params.yaml: {{seed: 1}}}}\n"]
        for key, paths in (("deps", deps), ("outs", outs)):
            lines.append(f"    {key}:\n")
            lines += [f"    - {{path: {path}, hash: md5, md5: {'a' * 32}, size: 1}}\n" for path in paths]
        locked.append("".join(lines))
    head = "artifacts:\n  scorer: {type: model, path: o/1}\nstages:\n"
    return (head + "".join(declared)).encode() + b"\0" + ("schema: '2.0'\nstages:\n" + "".join(locked)).encode()


def _lock(stages: int, items: int) -> bytes:
    deps = "".join(f"    - path: d/{i}\n      hash: md5\n      md5: {'a' * 32}\n      size: 1\n" for i in range(items))
    rows = "".join(
        f"  s{i}:\n    cmd: c\n    deps:\n{deps}    outs:\n{deps.replace('d/', f'o{i}/')}" for i in range(stages)
    )
    return f"schema: '2.0'\nstages:\n{rows}".encode()


def _chain(stages: int) -> bytes:
    rows = "".join(
        f"  s{i}:\n    cmd: c\n    deps:\n    - path: o/{i}\n      md5: {'a' * 32}\n    outs:\n    - path: o/{i + 1}\n"
        for i in range(stages)
    )
    return f"schema: '2.0'\nstages:\n{rows}".encode()


def _pipeline(stages: int) -> bytes:
    rows = "".join(f"  s{i}:\n    cmd: c\n    deps: [o/{i}]\n    metrics: [o/{i + 1}]\n" for i in range(stages))
    return f"artifacts:\n  scorer: {{type: model, path: model.json}}\nstages:\n{rows}".encode()


def _foreach(names: int, outs: int) -> bytes:
    listed = ", ".join(f"o/{i}" for i in range(outs))
    return f"artifacts:\n  scorer: {{type: model, path: model.json}}\nstages:\n  train:\n    foreach: [a]\n    do:\n      cmd: c\n      outs: [{listed}]\n".encode()


def _people(people: int, roles: int) -> bytes:
    """Return a policy in which everybody is named everywhere, and nothing that is named is known."""
    from govkit.core import canonical
    from tests.fuzz.targets import POLICY

    value = json.loads(POLICY)
    member = next(iter(value["people"].values()))
    role = {"people": [f"q{i}" for i in range(people)], "models": ["*"], "tiers": ["*"]}
    value["people"] = {**value["people"], **{f"p{i}": {**member, "keys": [], "emails": []} for i in range(people)}}
    value["roles"] = {**value["roles"], **{f"r{i}": role for i in range(roles)}}
    return canonical.encode(value)


def _members(people: int, roles: int) -> bytes:
    """Return a policy in which many people hold many roles, all of them known."""
    from govkit.core import canonical
    from tests.fuzz.targets import POLICY

    value = json.loads(POLICY)
    names = [f"p{i}" for i in range(people)]
    value["people"] |= {name: {"name": name, "kind": "person", "emails": [], "keys": []} for name in names}
    value["roles"] |= {f"r{i}": {"people": names, "models": ["*"], "tiers": ["*"]} for i in range(roles)}
    return canonical.encode(value)


def _stages(count: int) -> bytes:
    from govkit.core import canonical
    from tests.fuzz.targets import POLICY

    value = json.loads(POLICY)
    stage = next(iter(value["stages"].values()))
    value["stages"] |= {f"s{i}": stage for i in range(count)}
    return canonical.encode(value)


BOMBS: dict[str, Bomb] = {
    "alias bomb": _billion_laughs,
    "aliases of a long text": lambda: b"a: &a " + b"x" * 500_000 + b"\nb: [" + b"*a," * 150_000 + b"]\n",
    "a list that holds itself": lambda: b"&a [*a, *a]",
    "anchors": lambda: b"".join(b"- &a%d x\n" % n for n in range(80_000)),
    "merge keys": lambda: b"a: &a {k: 1}\nb:\n" + b"".join(b"- {<<: *a, k%d: 1}\n" % n for n in range(50_000)),
    "tags": lambda: b"".join(b"- !!str %d\n" % n for n in range(70_000)),
    "equal keys": lambda: b'{"a":1,"a":2}',
    "JSON lists": lambda: b"[" * 100_000,
    "closed JSON lists": lambda: b"[" * 100_000 + b"]" * 100_000,
    "JSON mappings": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "YAML blocks": lambda: b"- " * 100_000,
    "YAML deep mapping": lambda: b"".join(b" " * n + b"a:\n" for n in range(1_300)),
    "complex keys": lambda: b"? " * 100_000,
    "a large float": lambda: b'{"a":1e999999}',
    "a long integer": lambda: b'{"a":' + b"9" * _MB + b"}",
    "a long float": lambda: b'{"a":0.' + b"9" * _MB + b"e-1}",
    "a YAML integer": lambda: b"a: " + b"9" * (_MB - 10),
    "sexagesimal": lambda: b"a: !!float 1" + b":59" * 300_000,
    "many empty lists": lambda: b"[" + b"[]," * (8 * _MB // 3) + b"[]]",
    "many empty mappings": lambda: b'{"a":[' + b"{}," * (5 * _MB) + b"{}]}",
    "many keys": lambda: b"{" + b",".join(b'"%07d":0' % n for n in range(450_000)) + b"}",
    "many YAML keys": lambda: b"".join(b"k%d: v%d\n" % (n, n) for n in range(30_000)),
    "4 MB of YAML keys": lambda: b"".join(b"k%d: v%d\n" % (n, n) for n in range(260_000)),
    "flow of YAML": lambda: b"[" + b"a," * (500 * 1024) + b"]",
    "16 MB policy": lambda: b'{"a":"' + b"x" * (16 * _MB - 10) + b'"}',
    "zeros": lambda: bytes(16 * _MB),
    "line feeds": lambda: b"\n" * (8 * _MB - 1),
    "quotes": lambda: b'"' * _MB,
    "triple quotes": lambda: b"'''a" * 50_000,
    "backslashes": lambda: b'"' + b"\\" * _MB,
    "brackets and dots": lambda: b"[" + b"a." * (_MB // 2) + b"a]",
    "a TOML key of many parts": lambda: b"a" + b".a" * 100_000 + b" = 1\n",
    "TOML keys of many parts": lambda: b"".join(b"a%d%s = 1\n" % (n, b".a" * 60) for n in range(2_500)),
    "quoted TOML parts": lambda: b'"a"' + b'."a"' * 100_000 + b" = 1\n",
    "nested TOML": lambda: b"a = " + b"[" * 100_000,
    "inline TOML tables": lambda: b"a = " + b"{a=" * 50_000,
    "TOML tables": lambda: b"".join(b"[a.b%d]\n" % n for n in range(80_000)),
    "a wide table": lambda: b",".join(b"c%d" % n for n in range(100_000)) + b"\n1" * 1_000_000,
    "a long table": lambda: b"a\n" + b"1\n" * (4 * _MB - 10),
    "a chain of stages": lambda: _both(1_500, 1, chained=True),
    "stages with many files": lambda: _both(60, 50, chained=False),
    "stages with more files": lambda: _both(5, 2_000, chained=False),
    "a large lock": lambda: _lock(60, 50),
    "a larger lock": lambda: _lock(20, 1_100),
    "a chain of DVC stages": lambda: _chain(9_000),
    "a chain of declared stages": lambda: _pipeline(9_000),
    "outs of many stages": lambda: _foreach(1, 60_000),
    "a path of many parts": lambda: (
        b"schema: '2.0'\nstages:\n  train:\n    outs:\n    - path: " + b"a/" * 400_000 + b"b\n"
    ),
    "many unknown people": lambda: _people(1_000, 40),
    "many members": lambda: _members(600, 120),
    "many stages": lambda: _stages(1_000),
    "dots and at signs": lambda: b"a." * 60_000 + b"@v" + b"1." * 60_000,
    "digits": lambda: b"1" * _MB,
    "digits and dashes": lambda: b"1.0.0-" + b"1." * 100_000 + b"!",
    "letters": lambda: b"a" * (_MB - 1) + b"!",
    "hexadecimal": lambda: b"0123456789abcdef" * 60_000,
    "markup": lambda: b"[`*_<&@#" * 60_000,
    "backquotes": lambda: b"`a" * 300_000,
    "signature blocks": lambda: b"-----BEGIN SSH SIGNATURE-----\n" * 30_000,
    "a long signature": lambda: (
        b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * 70 * 20_000 + b"\n-----END SSH SIGNATURE-----\n"
    ),
    "a key of many parts": lambda: b"ssh-ed25519 " + b"AAAA" * 200_000,
    "a key line of many words": lambda: b"ssh-rsa " * 130_000,
    "a commit of many lines": lambda: b"tree x\n" + b"gpgsig x\n \n" * 80_000 + b"\n\nCo-authored-by: <@>\n" * 40_000,
    "a tree of many entries": lambda: (b"1 a\0" + bytes(20)) * 300_000,
    "a listing of many lists": lambda: b"[" + b"[]," * (16 * _MB // 3) + b"]",
    "a listing of mappings": lambda: b"[" + b'{"a":[' * 400_000 + b"]",
    "a gzip of zeros": lambda: __import__("gzip").compress(bytes(64 * _MB)),
    "a pickle of many": lambda: b"\x80\x04" + b"]" * 300_000 + b".",
    "a long pickled text": lambda: b"\x80\x04X\xff\xff\xff\x7fabc.",
}


#: Bombs that cost as much as an honest file of the same size: run where that is read, and not once more for each kind.
LARGE = {
    "many unknown people": ("policy.json", "policy.yaml"),
    **dict.fromkeys(("many keys", "a large lock", "a larger lock", "4 MB of YAML keys"), ("yaml-tolerant",)),
    **dict.fromkeys(("JSON mappings", "closed JSON lists"), ("canonical", "report.json", "card.json", "event", "yaml")),
    **dict.fromkeys(("a wide table", "a long table"), ("report.csv",)),
    **dict.fromkeys(("a chain of stages", "stages with many files", "stages with more files"), ("dvc-files",)),
    **dict.fromkeys(("many members", "many stages"), ("policy.json",)),
    **dict.fromkeys(("16 MB policy", "zeros", "line feeds"), ("policy.json", "canonical")),
}


#: Targets that begin with the reader of another one, which is run on all bombs: these get what gets past it.
BEHIND = {
    **dict.fromkeys(
        ("yaml", "policy.yaml", "policy-tests.yaml", "model.yaml", "target.yaml"),
        ("alias bomb", "many YAML keys", "tags"),
    ),
    **dict.fromkeys(
        ("dvc.yaml", "dvc.lock", "file.dvc", "params.yaml", "report.yaml", "dvc-files", "templates"),
        ("a path of many parts", "outs of many stages", "a large lock", "a chain of declared stages", "a large float"),
    ),
    **dict.fromkeys(
        ("report.csv", "report.toml"),
        tuple(label for label in BOMBS if "TOML" in label or label in ("quotes", "a large float")),
    ),
    **dict.fromkeys(
        ("card.json", "documents", "decision", "metrics.json", "fairness.json"), ("equal keys", "a large float")
    ),
}


class TooLong(BaseException):
    """The processor time of one bomb is used up."""


def chosen(name: str, *, every: bool) -> list[str]:
    """Return the bombs for a target: all of them, or without those that another target is run on already."""
    found = [label for label in BOMBS if name in LARGE.get(label, (name,))]
    if every or name not in BEHIND:
        return found
    return [label for label in found if label in BEHIND[name] or label in LARGE]


def run(name: str, *, every: bool = False) -> Iterator[dict[str, object]]:
    """Run all bombs against a target, and yield what went wrong, and at last the peak of memory in bytes."""
    from tests.fuzz.targets import TARGETS, check

    found = TARGETS[name]
    signal.signal(signal.SIGPROF, _stop)
    total = time.process_time()
    for label in chosen(name, every=every):
        data = BOMBS[label]()[: found.limit + 1]
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            check(found, data)
        except TooLong:
            where = " < ".join(f"{f.name}:{f.lineno}" for f in traceback.extract_tb(sys.exc_info()[2])[-1:-5:-1])
            yield {"bomb": label, "problem": f"over {SECONDS:g} s, in {where}"}
        except BaseException as error:  # whatever it is, it is a finding
            yield {"bomb": label, "problem": f"{type(error).__name__}: {str(error)[:200]}"}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - start
        if took > SECONDS / 6:
            yield {"bomb": label, "seconds": round(took, 2)}
    yield {
        "seconds": round(time.process_time() - total, 2),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _stop(*_: object) -> None:
    raise TooLong


def main(names: list[str]) -> None:
    """Run each target in a child of its own, in which growth beyond the limit is refused by the kernel."""
    from tests.fuzz.targets import TARGETS

    every = "--all" in names
    for name in [name for name in names if name in TARGETS] or list(TARGETS):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            signal.alarm(300)  # for what no handler interrupts
            with os.fdopen(writing, "w") as out:
                for line in run(name, every=every):
                    print(json.dumps(line), file=out, flush=True)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as lines:
            said = [json.loads(line) for line in lines]
        _, status = os.waitpid(child, 0)
        print(json.dumps({"target": name, "status": status, "said": said}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
