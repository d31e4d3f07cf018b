"""Whether a version fits where it would run, ``govkit.target/v1`` against the runtime contract of its card.

Each point is ``pass`` (compatible), ``fail`` (incompatible) or ``inconclusive`` (one of both does not say): only the
first may deploy. What neither says anything about is no point, but for Python and the framework, which every version
needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final, Literal

from govkit.core.card import Column, Contract
from govkit.core.gates import compatibility as contracts
from govkit.core.gates.base import Check, Verdict
from govkit.core.records import Record
from govkit.core.wording import several

SCHEMA: Final = "govkit.target/v1"
#: What a check on a point is called, before the point's name.
PREFIX: Final = "target-"


class Target(Record, frozen=True):
    """Where a version would run, and what its callers send: what a platform knows of itself.

    Attributes:
        python: its Python version, such as ``3.11.7``.
        frameworks: versions of the libraries that are there, by name.
        formats: formats of weights that it can load.
        hardware: what it has, under the keys that contracts use, such as ``accelerator``, ``architecture``,
            ``memory_mib``, ``protocol``: a number is as much as there is, a text or a list is what can be had.
        load: what callers will ask for, under the keys of the contract's limits, such as ``batch``.
        environment: its environment, such as ``production``.
        region: its region, such as ``eu-west-1``.
        inputs: the columns that callers send, with their type, whether some are null, and their range.
        outputs: the columns that callers expect.
    """

    schema: Literal["govkit.target/v1"]
    python: str = ""
    frameworks: dict[str, str] = {}
    formats: list[str] = []
    hardware: dict[str, Any] = {}
    load: dict[str, float] = {}
    environment: str = ""
    region: str = ""
    inputs: list[Column] = []
    outputs: list[Column] = []


def judge(contract: Contract, target: Target) -> list[Check]:
    """Hold a target against a contract; the first of several checks on one point is the worst.

    Args:
        contract: the runtime contract of the version's card.
        target: where it would run.
    """
    wrong = list(contracts.problems(contract))
    if wrong:
        return [_check("contract", Verdict.ERROR, "a contract that makes sense", "; ".join(wrong[:3]))]
    wrong = list(contracts.column_problems({"inputs": target.inputs, "outputs": target.outputs}))
    if wrong:
        return [_check("description", Verdict.ERROR, "a target that makes sense", "; ".join(wrong[:3]))]
    return [
        _versions("python", contract.python, target.python),
        _framework(contract, target),
        *_member("format", [contract.format] if contract.format else [], target.formats, "can load"),
        *_member("environment", contract.environments, [target.environment] if target.environment else [], "is"),
        *_member("region", contract.regions, [target.region] if target.region else [], "is"),
        *_hardware(contract, target),
        *_load(contract, target),
        *_inputs(contract.inputs, target.inputs),
        *_outputs(contract.outputs, target.outputs),
    ]


def validity(contract: Contract, now: str) -> Check | None:
    """Say whether a contract's last day has passed; None where it names none.

    Args:
        contract: the runtime contract.
        now: the instant, as records write it.
    """
    if not contract.valid_until:
        return None
    is_day = contracts.is_day(contract.valid_until)
    over = not is_day or now[:10] >= contract.valid_until
    fix = "validate the model anew, set a later day in model.yaml, and promote that version" if over else ""
    word = ("expired: " if is_day else "no day of the calendar: ") if over else ""
    return Check(
        gate="validity",
        type="proof",
        verdict=(Verdict.FAIL if is_day else Verdict.ERROR) if over else Verdict.PASS,
        required="its contract says that it may still serve",
        found=f"{word}valid until {contract.valid_until}",
        fix=fix,
    )


def _check(point: str, verdict: Verdict, required: str, found: str) -> Check:
    fix = "" if verdict.opens else "run it elsewhere, or promote a version whose contract fits"
    if verdict is Verdict.INCONCLUSIVE:
        fix = "have the target, or the contract in model.yaml, say so"
    return Check(gate=f"{PREFIX}{point}", type="target", verdict=verdict, required=required, found=found, fix=fix)


def _versions(point: str, wanted: str, found: str, name: str = "") -> Check:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    what = f"{name or 'Python'} {wanted}" if wanted else f"the contract does not say which {name or 'Python'}"
    if not wanted or not found:
        return _check(point, Verdict.INCONCLUSIVE, what, found or "the target does not say")
    try:
        fits = SpecifierSet(wanted).contains(Version(found), prereleases=True)
    except ValueError:  # as an InvalidVersion is, and a number of more digits than Python reads
        return _check(point, Verdict.INCONCLUSIVE, what, f"'{found[:60]}' is no version")
    return _check(point, Verdict.PASS if fits else Verdict.FAIL, what, found)


def _framework(contract: Contract, target: Target) -> Check:
    name = contract.framework
    if not name:
        return _check("framework", Verdict.INCONCLUSIVE, "the contract names no framework", _some(target.frameworks))
    if target.frameworks and name not in target.frameworks:
        return _check("framework", Verdict.FAIL, f"{name} {contract.framework_version}", f"{name} is not there")
    return _versions("framework", contract.framework_version, target.frameworks.get(name, ""), name)


def _member(point: str, allowed: Sequence[str], found: Sequence[str], verb: str) -> Iterator[Check]:
    """Compare what a contract allows with what a target is or can; one in common is enough."""
    if not allowed and not found:
        return
    required = f"{point} {' or '.join(allowed)}" if allowed else f"the contract does not say which {point}"
    said = f"the target {verb} {', '.join(found)}" if found else "the target does not say"
    if not allowed or not found:
        yield _check(point, Verdict.INCONCLUSIVE, required, said)
    else:
        yield _check(point, Verdict.PASS if set(allowed) & set(found) else Verdict.FAIL, required, said)


_UNITS: Final = {
    **{"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40},
    **{"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12},
}
_UNIT = re.compile(r"^(?P<what>.+)_(?P<unit>kib|mib|gib|tib|kb|mb|gb|tb)$")


def _amounts(found: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    """Return what is said of hardware by what it is of, sizes in bytes, each with how it was written.

    What is said twice in different units and is not the same is not known.
    """
    amounts: dict[str, tuple[Any, str]] = {}
    for key, value in found.items():
        match, is_number = _UNIT.match(key), isinstance(value, (int, float)) and not isinstance(value, bool)
        name, amount = key, (value, _words(value))
        if match and is_number and math.isfinite(value):
            name, amount = match["what"], (Fraction(value) * _UNITS[match["unit"]], f"{value:g} {match['unit']}")
        if name in amounts and amounts[name][0] != amount[0]:
            amount = (None, f"{amounts[name][1]} and {amount[1]}")
        amounts[name] = amount
    return amounts


def _hardware(contract: Contract, target: Target) -> Iterator[Check]:
    needs, has = _amounts(contract.hardware), _amounts(target.hardware)
    for name in [*needs, *(name for name in has if name not in needs)]:
        need, required = needs.get(name, (None, ""))
        have, said = has.get(name, (None, "the target does not say"))
        if need in ("none", "any") and isinstance(need, str):
            yield _check(name, Verdict.PASS, f"{name}: {required}", said if name in has else "nothing is needed")
        elif need is None or have is None:
            words = f"{name}: {required}" if need is not None else f"the contract does not say which {name}"
            yield _check(name, Verdict.INCONCLUSIVE, words, said)
        else:
            yield _check(name, _enough(need, have), f"{name}: {required}", said)


def _enough(need: Any, have: Any) -> Verdict:
    numbers = [isinstance(each, (int, float, Fraction)) and not isinstance(each, bool) for each in (need, have)]
    if all(numbers):
        # One has a unit and the other none: 512 of what?
        if isinstance(need, Fraction) != isinstance(have, Fraction) or not math.isfinite(have):
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if have >= need else Verdict.FAIL
    if any(numbers):
        return Verdict.INCONCLUSIVE
    wanted, found = (each if isinstance(each, list) else [each] for each in (need, have))
    return Verdict.PASS if any(each in found for each in wanted) else Verdict.FAIL


def _load(contract: Contract, target: Target) -> Iterator[Check]:
    for name, asked in target.load.items():
        limit = contract.limits.get(name)
        if not isinstance(limit, (int, float)) or isinstance(limit, bool):
            yield _check(f"load-{name}", Verdict.INCONCLUSIVE, f"the contract has no limit '{name}'", f"{asked:g}")
        elif not math.isfinite(asked):
            yield _check(f"load-{name}", Verdict.INCONCLUSIVE, f"{name} of at most {limit:g}", f"{asked} is no number")
        else:
            fits = Verdict.PASS if asked <= limit else Verdict.FAIL
            yield _check(f"load-{name}", fits, f"{name} of at most {limit:g}", f"callers ask for {asked:g}")


#: Types whose every value another type holds exactly.
_WIDER: Final = {
    "int8": {"int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"},
    "int16": {"int32", "int64", "float32", "float64"},
    "int32": {"int64", "float64"},
    "uint8": {"uint16", "uint32", "uint64", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"},
    "uint16": {"uint32", "uint64", "int32", "int64", "float32", "float64"},
    "uint32": {"uint64", "int64", "float64"},
    "float16": {"float32", "float64"},
    "bfloat16": {"float32", "float64"},
    "float32": {"float64"},
    "complex64": {"complex128"},
}


def _holds(wide: str, narrow: str) -> bool:
    return wide == narrow or wide in _WIDER.get(narrow, set())


def _inputs(needed: Sequence[Column], sent: Sequence[Column]) -> Iterator[Check]:
    """What callers send must be what the version takes: each column, and nothing that it does not know."""
    if not needed and not sent:
        return
    if not needed or not sent:
        who = "the target does not say what callers send" if needed else f"callers send {_columns(sent)}"
        required = f"columns {_columns(needed)}" if needed else "the contract does not say what callers may send"
        yield _check("inputs", Verdict.INCONCLUSIVE, required, who)
        return
    found = {column.name: column for column in sent}
    for column in needed:
        point = f"input-{column.name}"
        if column.name in found:
            yield _flow(point, found[column.name], column, "callers send")
        elif column.nullable:
            yield _check(point, Verdict.PASS, f"{column.name} or nothing", "callers leave it out")
        else:
            yield _check(point, Verdict.FAIL, f"a column {column.name} ({column.dtype})", "callers do not send it")
    for name in found.keys() - {column.name for column in needed}:
        yield _check(f"input-{name}", Verdict.FAIL, "columns that the contract knows", f"callers send {name}, too")


def _outputs(given: Sequence[Column], expected: Sequence[Column]) -> Iterator[Check]:
    """What callers expect must be among what the version answers."""
    found = {column.name: column for column in given}
    for column in expected:
        point = f"output-{column.name}"
        if not given:
            yield _check(point, Verdict.INCONCLUSIVE, f"callers expect {column.name}", "the contract has no outputs")
        elif column.name not in found:
            yield _check(point, Verdict.FAIL, f"callers expect {column.name}", f"it answers {_columns(given)}")
        else:
            yield _flow(point, found[column.name], column, "it answers")


def _flow(point: str, source: Column, sink: Column, verb: str) -> Check:
    """Say whether all that one side can give is what the other takes."""
    required, found = f"{sink.name}: {_describe(sink)}", f"{verb} {_describe(source)}"
    known = source.dtype in contracts.DTYPES and sink.dtype in contracts.DTYPES
    misfits = [
        *([] if not known or _holds(sink.dtype, source.dtype) else [f"{source.dtype} does not fit into {sink.dtype}"]),
        *(["it may be null"] if source.nullable and not sink.nullable else []),
        *([] if _shapes(source.shape, sink.shape) else [f"shape {source.shape} is not {sink.shape}"]),
        *(["it holds values that are not allowed"] if _strange(source, sink) else []),
        *(["it may lie below the least value"] if _beyond(sink.min, _ends(source)[0], below=True) else []),
        *(["it may lie above the largest value"] if _beyond(sink.max, _ends(source)[1], below=False) else []),
    ]
    if misfits:
        return _check(point, Verdict.FAIL, required, f"{found}: {'; '.join(misfits)}")
    unsaid = [
        *([] if known else ["a type that is not known"]),
        *(["which values it holds"] if sink.values and not source.values else []),
        *(["its range"] if _unsaid(source, sink) else []),
    ]
    if unsaid:
        return _check(point, Verdict.INCONCLUSIVE, required, f"{found}; not said: {', '.join(unsaid)}")
    return _check(point, Verdict.PASS, required, found)


def _shapes(source: Sequence[int], sink: Sequence[int]) -> bool:
    return len(source) == len(sink) and all(own in (-1, other) for own, other in zip(sink, source, strict=True))


def _strange(source: Column, sink: Column) -> bool:
    return bool(sink.values) and any(value not in sink.values for value in source.values)


def _beyond(bound: float | None, end: float | None, *, below: bool) -> bool:
    return bound is not None and end is not None and (end < bound if below else end > bound)


def _ends(column: Column) -> tuple[float | None, float | None]:
    """Return the least and the largest value of a column, from its range or else from its listed values."""
    numbers = [value for value in column.values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    low = column.min if column.min is not None else min(numbers, default=None)
    return low, column.max if column.max is not None else max(numbers, default=None)


def _unsaid(source: Column, sink: Column) -> bool:
    """Tell whether one side has a bound and the other says nothing of it."""
    low, high = _ends(source)
    return (sink.min is not None and low is None) or (sink.max is not None and high is None)


def _describe(column: Column) -> str:
    parts = [column.dtype, *(["null allowed"] if column.nullable else [])]
    parts += [f"shape {column.shape}"] if column.shape else []
    parts += [f"one of {_words(column.values[:10])}"] if column.values else []
    if column.min is not None or column.max is not None:
        low, high = ("…" if end is None else f"{end:g}" for end in (column.min, column.max))
        parts.append(f"{low} to {high}")
    return ", ".join(parts)


def _columns(columns: Sequence[Column]) -> str:
    return several([column.name for column in columns], 8)


def _some(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items())[:8]) or "the target does not say"


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
