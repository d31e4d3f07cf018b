"""One of many writers: ``python tests/crowd.py FOLDER REPOSITORY NAME COUNT`` opens findings, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from world import MODEL, World  # noqa: E402


def main() -> None:
    """Write."""
    folder, repository, name, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    world = World(folder)
    world.repo = repository
    for number in range(count):
        words = ("finding", "open", f"{MODEL}@1.0.0", "--owner", "ada", "--due", "2099-01-01", "-m", f"{name}-{number}")
        world.govkit(*words, as_="vera")


if __name__ == "__main__":
    main()
