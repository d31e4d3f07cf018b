"""Gate ``artifact``: the weights are in an allowed format, and whatever can run code was scanned."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec

from govkit.core.card import Card, DvcStage, Item, Metric
from govkit.core.gates.base import Context, Gate, Outcome, Verdict, describe, worst
from govkit.core.paths import within

SCAN = "scan.json"
#: What makes a shell do more than one plain command.
_SHELL = re.compile(r"[^A-Za-z0-9 ._/=@:+-]")


class Format(NamedTuple):
    """A format of weights: how its files end, and whether reading one can run code that is in it."""

    suffixes: tuple[str, ...]
    code: bool


#: Formats that govkit knows; one that it does not know counts as one that can run code.
FORMATS: Mapping[str, Format] = {
    "xgboost-json": Format((".json",), code=False),
    "xgboost-ubj": Format((".ubj",), code=False),
    "lightgbm-text": Format((".txt",), code=False),
    "catboost-cbm": Format((".cbm",), code=False),
    "safetensors": Format((".safetensors",), code=False),
    "onnx": Format((".onnx",), code=False),
    "pmml": Format((".pmml", ".xml"), code=False),
    "gguf": Format((".gguf",), code=False),
    "tflite": Format((".tflite",), code=False),
    "parquet": Format((".parquet",), code=False),
    "csv": Format((".csv",), code=False),
    "json": Format((".json",), code=False),
    "pickle": Format((".pkl", ".pickle"), code=True),
    "cloudpickle": Format((".pkl", ".pickle", ".cloudpickle"), code=True),
    "dill": Format((".pkl", ".pickle", ".dill"), code=True),
    "joblib": Format((".joblib", ".pkl"), code=True),
    "skops": Format((".skops",), code=True),
    "numpy": Format((".npy", ".npz"), code=True),
    "torch-pickle": Format((".pt", ".pth", ".bin", ".ckpt"), code=True),
    "torchscript": Format((".pt", ".ts", ".torchscript"), code=True),
    "keras": Format((".keras",), code=True),
    "keras-h5": Format((".h5", ".hdf5"), code=True),
    "tensorflow-savedmodel": Format((".pb",), code=True),
    "r-rds": Format((".rds",), code=True),
}


class ArtifactGate(Gate, tag="artifact", frozen=True, kw_only=True):
    """The weights are in an allowed format; where that can run code, a scan found nothing dangerous.

    The format is what the contract in ``model.yaml`` says, and the file's suffix must not contradict it. Formats that
    cannot run code: ``xgboost-json``, ``xgboost-ubj``, ``lightgbm-text``, ``catboost-cbm``, ``safetensors``,
    ``onnx``, ``pmml``, ``gguf``, ``tflite``, ``parquet``, ``csv``, ``json``. Any other, and any folder, needs a scan
    report: a DVC stage that runs ``govkit scan`` on the weights and writes a metrics file whose path ends in
    ``scan.json``, with the counts ``files``, ``dangerous`` and ``suspicious``.

    Attributes:
        formats: the formats that are allowed.
        max_suspicious: how many suspicious findings of the scan are allowed; dangerous ones never are.
    """

    formats: list[str]
    max_suspicious: Annotated[int, msgspec.Meta(ge=0)] = 0

    def faults(self) -> list[str]:
        """Without formats nothing could pass."""
        if not self.formats:
            return ["it names no formats, so nothing could pass"]
        return ["a format is blank"] if any(not name.strip() for name in self.formats) else []

    def decide(self, context: Context) -> Outcome:
        """Look at the format, the suffix and the scan."""
        weights = context.card.weights
        name = context.card.statements.contract.format.strip()
        required = f"weights as {' or '.join(self.formats)}, scanned if they can run code"
        if not name:
            return Outcome(Verdict.FAIL, required, "the contract names no format", "name it in model.yaml")
        if name not in self.formats:
            return Outcome(
                Verdict.FAIL, required, f"{name[:60]}, which is not allowed", "save the weights in another format"
            )
        known = FORMATS.get(name)
        suffix = posixpath.splitext(weights.path)[1].lower()
        if known is not None and not is_directory(weights) and suffix not in known.suffixes:
            found = f"{name}, but {posixpath.basename(weights.path)} does not end in {' or '.join(known.suffixes)}"
            return Outcome(Verdict.ERROR, required, found, "name the format that the weights have in model.yaml")
        # What lies in a folder no suffix tells, so a folder is scanned whatever its format is called.
        if known is not None and not known.code and not is_directory(weights):
            return Outcome(Verdict.PASS, required, f"{name}, which cannot run code")
        found = f"{name[:60]}, which can run code" if known else f"{name[:60]}, of which nobody knows what it can run"
        if known is not None and not known.code:
            found = f"{name[:60]} in a folder, which may hold anything"
        return self._scanned(context.card, required, found)

    def _scanned(self, card: Card, required: str, lead: str) -> Outcome:
        paths = reports(card)
        if not paths:
            return Outcome(
                Verdict.ERROR,
                required,
                f"{lead}; no scan of {card.weights.path}",
                "add a DVC stage that runs 'govkit scan'",
            )
        judged = [self._judge([metric for metric in card.metrics if metric.path == path]) for path in paths]
        verdict = worst(one for one, _ in judged)
        found = "; ".join(text for one, text in judged if one is verdict)
        return Outcome(verdict, required, f"{lead}; {found}", _FIXES[verdict])

    def _judge(self, metrics: Sequence[Metric]) -> tuple[Verdict, str]:
        numbers = {}
        for name in ("files", "dangerous", "suspicious"):
            found = [metric.measure for metric in metrics if metric.name == name]
            if len(found) != 1:
                return Verdict.ERROR, f"the scan's count '{name}' stands there {'twice' if found else 'not at all'}"
            measure = found[0]
            if measure.problem or measure.value is None or measure.value < 0 or measure.value % 1 != 0:
                return Verdict.ERROR, f"the scan's count '{name}': {describe(measure)}"
            numbers[name] = int(measure.value)
        text = ", ".join(f"{number} {name}" for name, number in numbers.items())
        if numbers["files"] < 1:
            return Verdict.ERROR, f"scan: {text}, so nothing was looked at"
        bad = numbers["dangerous"] > 0 or numbers["suspicious"] > self.max_suspicious
        return Verdict.FAIL if bad else Verdict.PASS, f"scan: {text}"


_FIXES = {
    Verdict.PASS: "",
    Verdict.FAIL: "read the scan report, and save the weights in a format that cannot run code",
    Verdict.ERROR: "run 'dvc repro' with a DVC stage that runs 'govkit scan'",
}


def reports(card: Card) -> list[str]:
    """Return the scan reports that a DVC stage wrote which read the weights, or a folder that holds all of them."""
    known = {metric.path for metric in card.metrics if metric.path.endswith(SCAN)}
    written = {
        out
        for stage in card.lineage.stages
        if any(within(card.weights.path, dep) for dep in stage.deps) and is_scan(stage, card.weights.path)
        for out in stage.outs
    }
    return sorted(known & written)


def is_scan(stage: DvcStage, weights: str) -> bool:
    """Tell whether a DVC stage does nothing but ``govkit scan`` on the weights: one command, and no shell around it.

    Paths are compared by their ends, as a command counts them from the folder of its ``dvc.yaml``.
    """
    if len(stage.cmd) != 1 or _SHELL.search(stage.cmd[0]):
        return False
    words = stage.cmd[0].split()
    ends = [weights[start:] for start in (0, *(i + 1 for i, c in enumerate(weights) if c == "/"))]
    folders = [weights[: i + 1] for i, c in enumerate(weights) if c == "/"]
    named = [word.rstrip("/") for word in words[2:]]
    holds = any(word in ends or f"{word}/" in folders for word in named)
    return words[:2] == ["govkit", "scan"] and holds


def is_directory(item: Item) -> bool:
    """Tell whether DVC tracks it as a directory."""
    return item.files is not None or (item.md5 is not None and item.md5.endswith(".dir"))
