"""Scanning weights before the hook runs: counts for a metrics file, and the findings for people."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec import Struct

from govkit.core import canonical
from govkit.core.errors import Usage
from govkit.storage import files, scanning
from govkit.storage.scanning import Finding


class Scanned(Struct, frozen=True):
    """What was looked into, and what it would import."""

    files: int
    findings: list[Finding]

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of the metrics file: files, and imports by how bad they are."""
        found = Counter(finding.rating for finding in self.findings)
        return {"files": self.files, **{rating: found[rating] for rating in ("dangerous", "suspicious", "innocuous")}}


def run(paths: list[Path], output: Path) -> Scanned:
    """Scan files and folders, and write the counts.

    An older report is taken away first, so that none is left that says something of other bytes.

    Raises:
        Usage: if there is nothing to scan, the report would overwrite it, or picklescan is not installed.
        Undecided: if a file could not be read to its end.
    """
    found = sorted({path for start in paths for path in scanning.regular_files(start)})
    if any(output.exists() and output.samefile(path) for path in (*found, *paths)):
        raise Usage(f"{output} is among what would be scanned", fix="write the report somewhere else with -o FILE")
    if not found:
        raise Usage("there is no file to scan", fix="name what the DVC stage before this one writes")
    output.unlink(missing_ok=True)
    scanned = Scanned(len(found), [finding for path in found for finding in scanning.scan(path)])
    files.write(output, canonical.encode(scanned.counts))
    return scanned
