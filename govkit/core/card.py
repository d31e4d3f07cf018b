"""The card, ``govkit.card/v1``: the facts of one version, as a value.

:mod:`govkit.core.build` makes one from a commit and the bytes that it names; here is what it holds and how to ask it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from govkit.core import canonical, digests, limits, records
from govkit.core.errors import Malformed
from govkit.core.records import Digest, Record, Text

SCHEMA: Final = "govkit.card/v1"
Tier = Literal["low", "medium", "high"]

#: What only people can say, in the order in which the page shows it.
STATEMENTS = (
    "owner",
    "description",
    "intended_use",
    "out_of_scope",
    "limitations",
    "ethical_risks",
    "human_oversight",
    "monitoring",
)


class Measure(Record, frozen=True):
    """A number as somebody reported it.

    Attributes:
        value: the number, or null where there is none that can be used.
        interval: lower and upper end, or null.
        level: the interval's confidence level, 0 to 1.
        n: how many observations it rests on.
        problem: why there is no usable number, or an empty string.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    level: float | None = None
    n: int | None = None
    problem: str = ""


class Metric(Record, frozen=True):
    """A metric of a DVC metrics file: its flattened name, the file's path and the number."""

    name: str
    path: str
    measure: Measure


class FairnessGroup(Record, frozen=True):
    """One group: its size and its rates by name."""

    n: int | None
    rates: dict[str, Measure]


class FairnessAttribute(Record, frozen=True):
    """One protected attribute: its groups, and difference and ratio of each rate over them."""

    groups: dict[str, FairnessGroup]
    difference: dict[str, Measure]
    ratio: dict[str, Measure]

    def comparison(self, kind: Literal["difference", "ratio"], rate: str) -> Measure | None:
        """Return the difference or ratio of a rate over the groups, or None if it was not reported."""
        return (self.difference if kind == "difference" else self.ratio).get(rate)


class Fairness(Record, frozen=True):
    """A fairness report: the file, the data it was measured on, what the favourable outcome is, and the attributes."""

    path: str
    data: str
    outcome: str
    attributes: dict[str, FairnessAttribute]


class Plot(Record, frozen=True):
    """Points of a DVC plot, thinned to at most 100 of ``total``; fields are as in ``dvc.yaml``."""

    path: str
    title: str
    x: str
    y: list[str]
    total: int
    points: list[dict[str, float | str | None]]


class DataProfile(Record, frozen=True):
    """What a data-profile report says of one snapshot, as reported (``govkit.data-profile/v1``)."""

    path: str
    report: str
    rows: int | None
    label: dict[str, Any]
    features: dict[str, dict[str, Any]]


class Item(Record, frozen=True):
    """Something that DVC tracks: the weights, a data snapshot, an intermediate result.

    Attributes:
        path: POSIX path from the top of the Git repository, or a URL.
        md5: DVC's digest (ends in ``.dir`` for a directory), or null where DVC knows none.
        sha256: SHA-256 of the bytes, the maker's claim until someone has them, or null.
        size: bytes, or null.
        files: the number of files, for a directory.
        source: the ``.dvc`` file that brings it in, and from where; ``git`` for what Git keeps; or an empty string for
            an output of a DVC stage.
    """

    path: str
    md5: str | None
    sha256: Digest | None
    size: int | None
    files: int | None = None
    source: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether its digests are those of a folder: of a list of files, which could be a file's content, too."""
        return self.files is not None or (self.md5 or "").endswith(".dir")


class CodeFile(Record, frozen=True):
    """A file in Git that a DVC stage depends on: its path and the SHA-256 and size of its blob."""

    path: str
    sha256: Digest
    size: int


class DvcStage(Record, frozen=True):
    """A DVC stage as ``dvc.lock`` has it, with paths from the top of the Git repository.

    Attributes:
        name: its name, unique within its file.
        file: the ``dvc.yaml``.
        cmd: its command lines.
        deps: paths it reads.
        outs: paths it writes.
        params: parameter names by file.
    """

    name: str
    file: str
    cmd: list[str]
    deps: list[str]
    outs: list[str]
    params: dict[str, list[str]]


class Lineage(Record, frozen=True):
    """What a version was made from.

    Attributes:
        stages: the DVC stages that weights, metrics and plots descend from, by file and name.
        code: files in Git that they depend on.
        data: the data snapshots they start from.
        outs: everything else that they write, weights apart.
        params: values by parameter file and name, as ``dvc.lock`` has them.
        problems: contradictions between ``dvc.lock``, ``dvc.yaml`` and the commit.
        gaps: what could not be known.
    """

    stages: list[DvcStage]
    code: list[CodeFile]
    data: list[Item]
    outs: list[Item]
    params: dict[str, dict[str, Any]]
    problems: list[str]
    gaps: list[str]


class Column(Record, frozen=True):
    """One input or output of the runtime contract."""

    name: str
    dtype: str
    shape: list[int] = []
    nullable: bool = False
    values: list[Any] = []
    min: float | None = None
    max: float | None = None


class Contract(Record, frozen=True):
    """What a version needs from where it runs, and what its callers may send.

    Attributes:
        framework: name of the library that loads the weights.
        framework_version: versions that can, such as ``>=3.0,<4``.
        python: Python versions, such as ``>=3.11``.
        format: format of the weights, such as ``xgboost-json``.
        requirements: path of the requirements file in Git, or an empty string.
        requirements_sha256: digest of that file's blob; filled in by the card's builder.
        hardware: such as ``cpu`` or ``cuda``, memory in MiB, architecture.
        limits: operating limits, such as the largest batch or the longest latency in milliseconds.
        environments: where it may run; empty means nothing was said.
        regions: in which regions it may run; empty means nothing was said.
        valid_until: the day from which it must not serve, ``YYYY-MM-DD``, or an empty string.
        inputs: what callers send.
        outputs: what they get.
    """

    framework: str = ""
    framework_version: str = ""
    python: str = ""
    format: str = ""
    requirements: str = ""
    requirements_sha256: Digest | None = None
    hardware: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    environments: list[str] = []
    regions: list[str] = []
    valid_until: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$(?!\n)")] = ""
    inputs: list[Column] = []
    outputs: list[Column] = []


class Statements(Record, frozen=True):
    """``model.yaml``, ``govkit.model/v1``: what only people can say of a model.

    Attributes:
        tier: the risk tier, by which the policy may ask for more.
        data: paths of the data snapshots, where the structure of the pipeline does not show them.
        evaluation_data: paths of the data that metrics are measured on; champions are compared on equal digests.
        contract: the runtime contract.
    """

    schema: Literal["govkit.model/v1"]
    owner: Text = ""
    tier: Tier = "high"
    description: Text = ""
    intended_use: Text = ""
    out_of_scope: Text = ""
    limitations: Text = ""
    ethical_risks: Text = ""
    human_oversight: Text = ""
    monitoring: Text = ""
    data: list[str] = []
    evaluation_data: list[str] = []
    contract: Contract = Contract()


class CardModel(Record, frozen=True):
    """Which model the card is of: GTO's full name, the ``dvc.yaml`` that declares it, and what is said there."""

    name: str
    file: str
    description: str
    labels: list[str]


class Card(Record, frozen=True):
    """The facts of one version; see the module's docstring.

    Attributes:
        evaluation_data: digests of the data that metrics were measured on.
        reports: files that metrics, fairness, plots and profiles were read from.
    """

    schema: Literal["govkit.card/v1"]
    model: CardModel
    weights: Item
    lineage: Lineage
    evaluation_data: list[Item]
    metrics: list[Metric]
    fairness: list[Fairness]
    plots: list[Plot]
    profiles: list[DataProfile]
    reports: list[CodeFile]
    statements: Statements

    def find_metrics(self, name: str) -> list[Metric]:
        """Return the metrics called ``NAME`` or ``PATH:NAME``; more than one if two files use the name."""
        return [metric for metric in self.metrics if name in (metric.name, f"{metric.path}:{metric.name}")]

    def find_fairness(self, attribute: str) -> FairnessAttribute | None:
        """Return a protected attribute's report, or None unless exactly one file reports it."""
        found = [report.attributes[attribute] for report in self.fairness if attribute in report.attributes]
        return found[0] if len(found) == 1 else None

    def statement(self, section: str) -> str:
        """Return what people wrote for one of :data:`STATEMENTS`, without surrounding space."""
        return str(getattr(self.statements, section)).strip() if section in STATEMENTS else ""

    def data_digest(self) -> str:
        """Return the digest of all data snapshots: SHA-256 over their canonical list of path, digests and size."""
        listing = [{"path": i.path, "md5": i.md5, "sha256": i.sha256, "size": i.size} for i in self.lineage.data]
        return digests.sha256(canonical.encode(listing))


def parse(data: bytes) -> Card:
    """Read ``card.json``; the users' own ``x-`` keys are checked to be JSON and left out.

    Raises:
        Malformed: if it is not a canonical card.
    """
    value = canonical.decode(data, limit=limits.CARD)
    if not isinstance(value, dict):
        raise Malformed("a card is a JSON object")
    known, _ = records.room(value)
    return records.from_value(known, Card)
