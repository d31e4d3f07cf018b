"""Stage `ingest`: check the data file, take the snapshot of one vintage, profile it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.common import (
    ID,
    LABEL,
    REPORTS,
    SNAPSHOT,
    SOURCE,
    StageError,
    read_params,
    run,
    write_json,
)
from pipelines.profile import profile


@dataclass(frozen=True)
class Ingest:
    """Section `ingest` of the parameters."""

    sha256: str
    vintage: str
    vintages: dict[str, int]


def check_digest(path: Path, sha256: str) -> None:
    """Refuse a data file that is not the one named by the parameters.

    Args:
        path: the data file.
        sha256: the digest it must have, in lower-case hex.

    Raises:
        StageError: the digest is another.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise StageError(
            f"{path} has SHA-256 {found}, but ingest.sha256 is {sha256}: "
            "restore the file, or review the new one and name its digest in params.yaml"
        )


def take_vintage(clients: pd.DataFrame, params: Ingest) -> pd.DataFrame:
    """Take the rows of the vintage that the parameters name.

    Args:
        clients: the whole file, in its own order.
        params: the vintage's name, and the number of rows of each known vintage.

    Returns:
        The first rows of `clients`.

    Raises:
        StageError: the vintage is unknown, or has more rows than the file.
    """
    if params.vintage not in params.vintages:
        known = ", ".join(params.vintages)
        raise StageError(f"ingest.vintage {params.vintage!r} is unknown: choose one of {known}")
    rows = params.vintages[params.vintage]
    if rows > len(clients):
        raise StageError(
            f"vintage {params.vintage} needs {rows:,} rows, but the file has {len(clients):,}: correct ingest.vintages"
        )
    return clients.head(rows)


def main() -> str:
    """Write the snapshot and its profile; return a line about them."""
    params = read_params(Ingest, "ingest")
    check_digest(SOURCE, params.sha256)
    clients = take_vintage(pd.read_csv(SOURCE), params)
    SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
    clients.to_csv(SNAPSHOT, index=False, lineterminator="\n")
    report = profile(clients, SNAPSHOT.as_posix(), LABEL, leave_out={ID})
    write_json(REPORTS / "data.json", report)
    rate = report["label"]["rate"]
    return f"{len(clients):,} rows of vintage {params.vintage}, {rate:.2%} defaulted"


if __name__ == "__main__":
    run("ingest", main)
