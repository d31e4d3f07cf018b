"""Letting a version into a stage: gates, quorum, signed tag and event, against ``gto assign`` in the same repository.

``gto assign`` checks nothing and signs nothing. The repository has many models and tags, as a registry has after years.

Run with ``python benchmarks/promote.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import biglog
from bigsite import BigRegistry
from harness import BARE, GOVKIT, Race

RUNS = 5


def build(folder: Path, models: int, tags: int) -> BigRegistry:
    """Make a repository with so many tags, in which the first version of some new models waits to be promoted."""
    log = BigRegistry(folder, with_twins=False)
    biglog.registry(folder, models, tags, log=log)
    for model in (f"new-{number}" for number in range(RUNS)):
        raw, card = log.card(model, 9_000)
        facts = log.register(model, "2.0.0", raw, weights=card.weights.sha256 or "", data=card.data_digest())
        log.approve(facts, log.ask(facts, "staging"))
    log.finish()
    return log


def main() -> int:
    """Measure and print; 1 if something was promised in vain."""
    race = Race("What does it take to let a version into a stage?", ["gto"])
    models, tags = (50, 10_000) if not race.quick else (10, 400)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = build(folder / "log.git", models, tags)
        race.sizes |= {"models": models, "tags": len(log.tags), "events": len(log.heads)}
        key = folder / "remy"
        key.write_bytes(log.keys["remy"].private())
        key.chmod(0o600)
        (folder / "remy.pub").write_text(log.keys["remy"].public + "\n")
        clone = folder / "clone"
        race.run("git clone", ["git", "clone", "-q", str(log.folder), str(clone)])
        for words in (["fetch", "-q", "origin", "govkit/log:govkit/log"], ["remote", "remove", "origin"]):
            race.run("git, before", ["git", *words], folder=clone)
        where = {"XDG_CACHE_HOME": str(folder / "cache"), "GOVKIT_ROOT": log.ledger.state.judged[0].id}
        race.run("govkit show, the first time", [*GOVKIT, "show"], folder=clone, environment=where)
        promote, assign = "govkit promote", "gto assign"
        for number in range(RUNS):
            model = f"new-{number}"
            words = [*GOVKIT, "promote", f"{model}@2.0.0", "--stage", "staging", "--key", str(key), "--yes"]
            race.run(promote, words, folder=clone, environment=where)
            race.run("bare start of Python", BARE)
        gto = str(Path(sys.executable).parent / "gto")
        race.run(assign, [gto, "assign", "new-0", "--version", "v2.0.0", "--stage", "dev"], folder=clone)
    race.faster(promote, assign, 50 if not race.quick else 4)
    return race.finish()


if __name__ == "__main__":
    sys.exit(main())
