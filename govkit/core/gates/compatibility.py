"""Gate ``compatibility``: the runtime contract says what is needed to serve the version, and makes sense."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from govkit.core.card import Column, Contract
from govkit.core.gates.base import Context, Gate, Outcome, Verdict, pending
from govkit.core.wording import several

FIELDS = tuple(field.name for field in msgspec.structs.fields(Contract))
DTYPES = (
    *("bool", "string", "bytes", "category", "date", "datetime", "timedelta", "datetime64[ns]"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
)
#: Keys of ``hardware`` that must hold a number, by how they end.
_AMOUNT = re.compile(r"(?:^|_)(?:kib|mib|gib|tib|kb|mb|gb|tb|mhz|ghz|cpus?|gpus?|cores?|count)$")


class CompatibilityGate(Gate, tag="compatibility", frozen=True, kw_only=True):
    """The runtime contract in ``model.yaml`` is filled in and holds together.

    Version specifiers are those of Python packages, such as ``>=3.0,<4``. Columns have one name each and a known
    type, and no smallest value above the largest. Amounts of hardware and operating limits are numbers above 0. A
    requirements file that is named is in Git. The day in ``valid_until`` has not come.

    Attributes:
        require: the keys of the contract that must be filled in.
    """

    require: list[str] = msgspec.field(
        default_factory=lambda: ["framework", "framework_version", "python", "format", "outputs"]
    )

    def faults(self) -> list[str]:
        """A gate that requires nothing would be met by an empty contract."""
        if not self.require:
            return ["it requires nothing, so an empty contract would pass"]
        known = ", ".join(FIELDS)
        return [f"'{name}' is no key of a contract; there are {known}" for name in self.require if name not in FIELDS]

    def decide(self, context: Context) -> Outcome:
        """Look for contradictions, then for blanks, then at the calendar."""
        contract = context.card.statements.contract
        required = f"a valid contract with {', '.join(self.require)}"
        mend = "mend the contract in model.yaml and run 'dvc repro'"
        wrong = list(problems(contract))
        if wrong:
            return Outcome(Verdict.ERROR, required, several(wrong, between="; "), mend)
        blank = [name for name in self.require if not _filled(getattr(contract, name, None))]
        if blank:
            return Outcome(Verdict.FAIL, required, f"blank: {', '.join(blank)}", mend)
        if not contract.valid_until:
            return Outcome(Verdict.PASS, required, "filled in and valid")
        if context.history is None:
            return pending(required, f"whether {contract.valid_until} has come")
        if context.history.now[:10] >= contract.valid_until:
            return Outcome(
                Verdict.FAIL,
                required,
                f"valid until {contract.valid_until} only",
                "validate it anew and set a later day",
            )
        return Outcome(Verdict.PASS, required, f"filled in and valid until {contract.valid_until}")


def problems(contract: Contract) -> Iterator[str]:
    """Yield what is wrong with a contract, one sentence each; what is blank is not wrong."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    for name in ("framework_version", "python"):
        text = getattr(contract, name)
        try:
            SpecifierSet(text)
        except InvalidSpecifier:
            yield f"{name}: '{text[:60]}' is no version specifier such as >=3.0,<4"
    sides = {"inputs": contract.inputs, "outputs": contract.outputs}
    yield from column_problems(sides)
    for side, columns in sides.items():
        for column in columns:
            if column.dtype not in DTYPES:
                known = ", ".join(DTYPES)
                yield f"{side}: {column.name[:60]}: '{column.dtype[:60]}' is no known type; there are {known}"
    yield from _amounts(contract)
    if contract.requirements and contract.requirements_sha256 is None:
        yield f"requirements: {contract.requirements[:100]} is not in Git"
    if contract.valid_until and not is_day(contract.valid_until):
        yield f"valid_until: {contract.valid_until} is no day of the calendar"


def column_problems(sides: Mapping[str, Sequence[Column]]) -> Iterator[str]:
    """Yield what is wrong with columns whatever their types are, by the side that they are listed on."""
    for side, columns in sides.items():
        for name, count in sorted(Counter(column.name.strip() for column in columns).items()):
            if count > 1 or not name:
                yield f"{side}: {count} columns named '{name[:60]}'" if name else f"{side}: a column without a name"
        for column in columns:
            yield from (f"{side}: {column.name[:60]}: {what}" for what in _column(column))


def _column(column: Column) -> Iterator[str]:
    if any(bound is not None and not math.isfinite(bound) for bound in (column.min, column.max)):
        yield "a bound is no finite number"
    elif column.min is not None and column.max is not None and column.min > column.max:
        yield f"min {column.min:g} is above max {column.max:g}"
    if any(size < 1 and size != -1 for size in column.shape):
        yield "a shape is made of numbers from 1 on, or -1 for any"


def _amounts(contract: Contract) -> Iterator[str]:
    for key, value in sorted(contract.hardware.items()):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if (number or _AMOUNT.search(key)) and not _positive(value):
            yield f"hardware: {key[:60]} is no number above 0"
    for key, value in sorted(contract.limits.items()):
        if not _positive(value):
            yield f"limits: {key[:60]} is no number above 0"


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


def _filled(value: Any) -> bool:
    """Tell whether somebody wrote something; a list or mapping of blanks is blank."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, Mapping):
        return any(_filled(item) for item in value.values())
    if isinstance(value, list):
        return any(_filled(item) for item in value)
    return value is not None


def is_day(text: str) -> bool:
    """Tell whether a text is a day of the calendar, ``YYYY-MM-DD``."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
