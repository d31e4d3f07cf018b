"""Three tamperings of a governed scratch repository, each of which govkit finds."""

from __future__ import annotations

import json
from collections.abc import Callable

from govkit.core import canonical
from govkit.storage import files
from govkit.storage.scratch import Scratch
from govkit.workflow import cards
from govkit.workflow.rehearsal import Rehearsal

_TELLING = ("govkit:", "  why", "  tag", "  card")


def all_of_it(show: Rehearsal, scratch: Scratch, model: str, stage: str, version: str) -> None:
    """Move the promotion's tag, edit the card, and swap the weights; each is found and undone.

    Args:
        show: tells what happens.
        scratch: the scratch folder.
        model: the model.
        stage: the stage in which it serves.
        version: the version that serves there.
    """
    tag = scratch.git("tag", "--list", f"{model}#{stage}#*").splitlines()[-1]

    def moved() -> Callable[[], object]:
        name, before = f"refs/tags/{tag}", scratch.git("rev-parse", f"refs/tags/{tag}")
        other = scratch.git("rev-parse", f"refs/tags/{model}@v{version}")
        show.run("git", "update-ref", name, other)
        return lambda: scratch.git("update-ref", name, before)

    def edited() -> Callable[[], object]:
        path = scratch.repo / cards.path_of(model)
        files.write(path, nicer(path.read_bytes()))
        scratch.git("commit", "-qam", "Nicer card")
        return lambda: scratch.git("reset", "-q", "--hard", "HEAD~1")

    proving = ("govkit", "verify", model, "--stage", stage)
    show.tamper("Somebody moves the promotion's tag", moved, *proving, telling=_TELLING)
    check = ("govkit", "card", model, "--check", "--rev", "HEAD")
    show.tamper("Somebody edits the card and commits that", edited, *check, telling=_TELLING)
    weights = cards.parse_card((scratch.repo / cards.path_of(model)).read_bytes(), model, "the card").weights
    if weights.md5 is None or weights.source == "git":
        show.tell("The weights are no output of their own in DVC's cache, so swapping them there is left out.")
        return

    def swapped() -> Callable[[], object]:
        return swap(scratch, weights.md5 or "")

    fetching = ("govkit", "get", model, "--stage", stage, "-o", str(scratch.folder / "served"))
    show.tamper("Somebody swaps the weights in DVC's store", swapped, *fetching, telling=_TELLING)


def nicer(card: bytes) -> bytes:
    """Return a card with a better first metric, or of none with another description."""
    value = json.loads(card)
    numbers = [metric["measure"] for metric in value["metrics"] if _is_number(metric.get("measure"))]
    if numbers:
        numbers[0]["value"] = numbers[0]["value"] + 1
    else:
        value["model"]["description"] = "The best of all"
    return canonical.encode(value)


def _is_number(measure: object) -> bool:
    return isinstance(measure, dict) and isinstance(measure.get("value"), int | float)


def swap(scratch: Scratch, md5: str) -> Callable[[], object]:
    """Put other bytes into the scratch cache in the place of some weights; return what undoes it."""
    place = scratch.cache / "files" / "md5" / md5[:2] / md5[2:]
    if md5.endswith(".dir"):
        first = json.loads(place.read_bytes())[0]["md5"]
        place = scratch.cache / "files" / "md5" / first[:2] / first[2:]
    good = place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(good[::-1] if good[::-1] != good else good + b"!")
    return lambda: place.write_bytes(good)
