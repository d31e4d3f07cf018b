"""Reading what pipelines report: metrics, fairness, data profiles and plots, in any of the formats that DVC reads.

Whatever is not a finite number becomes a :class:`~govkit.core.card.Measure` with a ``problem``, so that a gate can
refuse it and a page can show it; nothing is dropped and nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import json
import math
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from govkit.core import canonical, limits, pyparams, yamltext
from govkit.core.card import DataProfile, Fairness, FairnessAttribute, FairnessGroup, Measure, Metric, Plot
from govkit.core.errors import Malformed

FAIRNESS = "govkit.fairness/v1"
PROFILE = "govkit.data-profile/v1"
MAX_POINTS = 100
MAX_METRICS = 5_000
MAX_DEPTH = 60

_MEASURE_KEYS = {"value", "interval", "level", "n"}
_COLUMNS = {"value", "lower", "upper", "level", "n"}
_TABLES = {".csv": ",", ".tsv": "\t"}
_SAFE = 2**53 - 1
#: How the cells of a table are taken: as the numbers that they hold, or all as text, as the first govkit took them.
Cells = Literal["numbers", "text"]
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
# A key of TOML has as many parts as it has dots, and the standard library's reader takes their number squared.
_MANY_PARTS = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}""", re.ASCII)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|[\xed\x00]")


def load(path: str, data: bytes, *, params: bool = False) -> Any:
    """Parse a report by its suffix: JSON, YAML, TOML, CSV or TSV.

    Args:
        path: the file.
        data: its bytes.
        params: it holds parameters: JSON, TOML, Python, or else YAML with all that DVC's reader knows.

    Raises:
        Malformed: if it does not parse, is nested too deeply to go into a card, or has another suffix.
    """
    limits.check(data, limits.GENERATED, f"{path}: ")
    value = _parse(path, data, params)
    if canonical.depth(value) > MAX_DEPTH:
        raise Malformed(f"{path} is nested more than {MAX_DEPTH} levels deep")
    return value


def _parse(path: str, data: bytes, params: bool) -> Any:
    suffix = posixpath.splitext(path)[1].lower()
    try:
        if params and suffix == ".py":
            return pyparams.read(data)
        if params and suffix not in (".json", ".toml"):  # whatever DVC does not know it takes for YAML
            return _yaml(path, data, dvc=True)
        if suffix == ".json":
            limits.check_values(data, f"{path}: ")
            value = json.loads(data, object_pairs_hook=_object)
            if _SURROGATE.search(data):  # half a pair is no text, and has no canonical form
                json.dumps(value, ensure_ascii=False).encode()
            return value
        if suffix in (".yaml", ".yml"):
            return _yaml(path, data)
        if suffix == ".toml":
            return _toml(path, data.decode())
        if suffix in _TABLES:
            return list(_rows(path, csv.DictReader(io.StringIO(data.decode()), delimiter=_TABLES[suffix])))
    except (ValueError, RecursionError, csv.Error) as error:
        raise Malformed(f"{path} does not parse: {error}") from error
    raise Malformed(f"{path}: unknown kind of report")


def _yaml(path: str, data: bytes, *, dvc: bool = False) -> Any:
    try:
        return yamltext.load(data, where=path, tolerant=True, dvc=dvc).value
    except yamltext.NotYaml as error:  # its words would get into cards, and make them differ from machine to machine
        raise Malformed("it is not YAML of plain data") from error


def _toml(path: str, text: str) -> Any:
    limits.check_values(text.replace("\n", ",").encode(), f"{path}: ", limits.VALUES // 5)
    if _MANY_PARTS.search(text):
        raise Malformed(f"{path} has a key of more than 64 parts")
    return tomllib.loads(text)


def _rows(path: str, reader: csv.DictReader[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table; a short row still costs as much as the table is wide."""
    cells = 0
    for row in reader:
        cells += len(row) + sum(len(rest) for rest in row.values() if isinstance(rest, list)) + 1
        if cells > limits.VALUES:
            raise Malformed(f"{path} has more than {limits.VALUES} cells")
        yield dict(row)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse equal keys: readers differ in which of two numbers they see, so a gate must see neither."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key '{name}' stands there twice")
        found[name] = value
    return found


def is_report(path: str) -> bool:
    """Tell whether a file's suffix is one that :func:`load` reads."""
    return posixpath.splitext(path)[1].lower() in {".json", ".yaml", ".yml", ".toml", *_TABLES}


def is_table(path: str) -> bool:
    """Tell whether a file is a table by its suffix, CSV or TSV: whose cells are all text until somebody reads them."""
    return posixpath.splitext(path)[1].lower() in _TABLES


def measure(raw: Any) -> Measure:
    """Read a bare number or ``{"value": …, "interval": [lo, hi], "level": …, "n": …}``."""
    if not isinstance(raw, dict):
        value = _finite(raw)
        return Measure(value=value, problem="" if value is not None else _problem(raw))
    value = _finite(raw.get("value"))
    count = raw.get("n")
    n = count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _SAFE else None
    problem = "" if value is not None else _problem(raw.get("value"))
    interval = None
    if raw.get("interval") is not None:
        interval = _interval(raw["interval"])
        if interval is None:  # a percentile interval need not hold its own estimate, so only its form is checked
            problem = problem or f"its interval is wrong: {_shown(raw['interval'])}"
    return Measure(value=value, interval=interval, level=_finite(raw.get("level")), n=n, problem=problem)


def metrics(path: str, content: Any, cells: Cells = "numbers") -> list[Metric]:
    """Flatten a metrics file as DVC does: nested keys joined by dots; list items by their index.

    In a table each row of ``name``, ``value`` and perhaps ``lower``, ``upper``, ``level`` and ``n`` is a metric; of
    any other table each cell is one.

    Args:
        path: the file's path.
        content: what :func:`load` made of it.
        cells: how the cells of tables are taken.

    Raises:
        Malformed: if there are too many, or two rows of a table have one name.
    """
    if cells == "numbers" and is_table(path):
        content = _table(path, content)
    found = [Metric(name=name, path=path, measure=measure(raw)) for name, raw in _leaves(content, "")]
    if len(found) > MAX_METRICS:
        raise Malformed(f"{path} holds {len(found)} metrics; {MAX_METRICS} are allowed")
    return sorted(found, key=lambda metric: metric.name)


def _table(path: str, rows: Any) -> Any:
    """Return what a table says: rows of name and value by name, or cells as they are, with numbers as numbers."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return rows
    cells = [{key: _cell(value) for key, value in row.items()} for row in rows]
    columns = set().union(*rows)
    label = next((key for key in ("name", "metric") if columns - _COLUMNS == {key}), None)
    if label is None or "value" not in columns:
        return cells
    found: dict[str, Any] = {}
    for row in cells:
        name = str(row.get(label) or "").strip()
        if name in found or not name:
            raise Malformed(f"{path} has {'two rows of one' if name else 'a row without a'} name: {_shown(name)}")
        ends = [row.get("lower"), row.get("upper")]
        interval = None if ends == [None, None] else ends
        found[name] = {"value": row.get("value"), "interval": interval, "level": row.get("level"), "n": row.get("n")}
    return found


def _cell(text: Any) -> Any:
    """Return the number that a cell holds; None if it is blank, and any other text as it is."""
    if not isinstance(text, str) or _NUMBER.fullmatch(text.strip()) is None:
        return text if not isinstance(text, str) or text.strip() else None
    return int(text) if text.strip().isdigit() and len(text.strip()) < 16 else float(text)


def _leaves(content: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping) and not ("value" in content and content.keys() <= _MEASURE_KEYS):
        for key, value in content.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(content, list) and any(isinstance(item, Mapping) for item in content):
        rows = content[0] if len(content) == 1 else {str(index): item for index, item in enumerate(content)}
        yield from _leaves(rows, prefix)
    else:
        yield prefix or "value", content


def fairness(path: str, content: Mapping[str, Any]) -> Fairness:
    """Read a fairness report of the form ``govkit.fairness/v1``.

    Raises:
        Malformed: if its parts are not where the form has them.
    """
    attributes = {
        str(name): FairnessAttribute(
            groups={
                str(key): _group(_mapping(value, path)) for key, value in _mapping(entry.get("groups"), path).items()
            },
            difference=_measures(entry.get("difference"), path),
            ratio=_measures(entry.get("ratio"), path),
        )
        for name, entry in _entries(content.get("attributes"), path)
    }
    return Fairness(
        path=path, data=str(content.get("data", "")), outcome=str(content.get("outcome", "")), attributes=attributes
    )


def _group(entry: Mapping[str, Any]) -> FairnessGroup:
    count = entry.get("n")
    n = count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _SAFE else None
    return FairnessGroup(n=n, rates={str(key): measure(raw) for key, raw in entry.items() if key != "n"})


def _measures(entry: Any, path: str) -> dict[str, Measure]:
    return {str(key): measure(raw) for key, raw in _mapping(entry or {}, path).items()}


def profile(path: str, content: Mapping[str, Any]) -> DataProfile:
    """Read a data profile of the form ``govkit.data-profile/v1``.

    Raises:
        Malformed: if its parts are not where the form has them.
    """
    rows = content.get("rows")
    return DataProfile(
        path=str(content.get("path", "")),
        report=path,
        rows=rows if isinstance(rows, int) and not isinstance(rows, bool) and 0 <= rows <= _SAFE else None,
        label=plain(_mapping(content.get("label") or {}, path)),
        features={str(name): plain(entry) for name, entry in _entries(content.get("features"), path)},
    )


def plot(path: str, content: Any, props: Mapping[str, Any]) -> Plot:
    """Read a plot's points, thinned evenly to :data:`MAX_POINTS`, first and last kept.

    Args:
        path: the plot's file.
        content: a list of points, or a mapping with one list in it.
        props: its properties in ``dvc.yaml``.

    Raises:
        Malformed: if there is no list of points.
    """
    if isinstance(content, Mapping):
        content = next((value for value in content.values() if isinstance(value, list)), None)
    if not isinstance(content, list) or not all(isinstance(point, Mapping) for point in content):
        raise Malformed(f"{path} is not a list of points")
    total = len(content)
    kept = (
        range(total)
        if total <= MAX_POINTS
        else sorted({i * (total - 1) // (MAX_POINTS - 1) for i in range(MAX_POINTS)})
    )
    y = props.get("y", [])
    return Plot(
        path=path,
        title=str(props.get("title") or posixpath.splitext(posixpath.basename(path))[0]),
        x=str(props.get("x", "")),
        y=[str(name) for name in (y if isinstance(y, list) else [y])],
        total=total,
        points=[{str(key): _coordinate(value) for key, value in content[index].items()} for index in kept],
    )


def _coordinate(value: Any) -> float | str | None:
    number = _finite(value)
    if number is not None or not isinstance(value, str):
        return number
    try:
        return _finite(float(value))
    except ValueError:
        return value


def plain(value: Any) -> Any:
    """Return a value as canonical JSON can hold it: what is not finite, exact or JSON becomes its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    number = _finite(value)
    return _text(value) if number is None or (isinstance(value, int) and abs(value) > _SAFE) else value


def _finite(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    try:
        number = float(raw)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _interval(raw: Any) -> tuple[float, float] | None:
    if not isinstance(raw, (list, tuple)) or len(raw) != 2:
        return None
    low, high = _finite(raw[0]), _finite(raw[1])
    return (low, high) if low is not None and high is not None and low <= high else None


def _problem(raw: Any) -> str:
    kinds = {type(None): "null", bool: "true or false", str: "text", list: "a list", dict: "a mapping"}
    kind = kinds.get(type(raw), "not finite")
    return f"not a number but {kind}: {_shown(raw)}"


def _shown(raw: Any) -> str:
    text = _text(raw)
    return text if len(text) <= 60 else text[:59] + "…"


def _text(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits; TOML reads one in hexadecimal
        return "an integer of more than 4,300 digits"


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Malformed(f"{path} is not of the form that its 'schema' names")
    return value


def _entries(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in _mapping(value, path).items():
        yield str(name), _mapping(entry, path)
