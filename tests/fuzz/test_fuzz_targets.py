"""Every reader of hostile bytes refuses them or reads them, and does nothing else: by property, and on bombs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import pace
from tests.fuzz import bombs, mutate
from tests.fuzz.targets import CORPUS, ROOT, TARGETS, Target, check
from tests.unit.core.strategies import json_values

#: Seconds of the processor for one input of the property tests.
SECONDS = 2
#: Examples of a target in one run; those that make whole cards and pages take longer.
EXAMPLES = 40
SLOW = (
    "dvc.yaml",
    "dvc.lock",
    "file.dvc",
    "dvc-files",
    "params.yaml",
    "model.yaml",
    "metrics.json",
    "fairness.json",
    "card.json",
)


def inputs(found: Target) -> st.SearchStrategy[bytes]:
    """Return nearly honest inputs of a target, JSON (which is YAML as well), and any bytes."""
    small = [seed for seed in found.seeds if len(seed) <= 100_000]
    nearly = st.builds(
        lambda seed, number: mutate.mutate(seed, small, random.Random(number)),
        st.sampled_from(small),
        st.integers(0, 2**32),
    )
    as_json = json_values().map(lambda value: json.dumps(value, ensure_ascii=False).encode())
    return nearly | nearly | nearly | as_json | st.binary(max_size=100)


@pytest.mark.parametrize("name", TARGETS)
def test_honest_inputs_and_what_once_broke(name: str) -> None:
    """The seeds, among them every input that once broke something, are read or refused."""
    for seed in TARGETS[name].seeds:
        check(TARGETS[name], seed)


@pytest.mark.parametrize("name", TARGETS)
def test_nearly_honest_inputs(name: str) -> None:
    """What is nearly honest, any JSON and any bytes are read or refused, each in little time."""
    found = TARGETS[name]

    @settings(
        max_examples=EXAMPLES // 4 if name in SLOW else EXAMPLES,
        deadline=None,  # it would be of the clock on the wall, and the machine is shared
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        database=None,
    )
    @given(inputs(found))
    def run(data: bytes) -> None:
        with pace.little(SECONDS):
            check(found, data)

    run()


def test_bombs() -> None:
    """Small inputs that are large to read end in seconds and below 512 MiB, whichever target reads them."""
    # Without coverage, which makes everything several times slower: what is asked here is how long it takes.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-m", "tests.fuzz.bombs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    found = {line["target"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert found.keys() == TARGETS.keys()
    problems = {
        name: [said for said in line["said"] if "problem" in said] or f"ended with {line['status']}"
        for name, line in found.items()
        if line["status"] or any("problem" in said for said in line["said"])
    }
    assert problems == {}
    peaks = {name: line["said"][-1]["peak"] for name, line in found.items()}
    assert max(peaks.values()) < bombs.MEMORY, peaks


def test_a_hang_is_found() -> None:
    """The control: a reader that takes for ever, and one that takes too much memory, are told."""
    code = (
        "from tests.fuzz import bombs, targets\n"
        "bombs.SECONDS = 0.3\n"
        "bombs.BOMBS = {'x': lambda: b'x'}\n"
        "def hang(data):\n    while True: pass\n"
        "def grow(data):\n    return bytearray(900 << 20)\n"
        "for name, run in (('hang', hang), ('grow', grow)):\n"
        "    targets.TARGETS[name] = targets.Target(name, run, (), (), 10)\n"
        "bombs.main(['hang', 'grow'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=120
    )
    hang, grow = (json.loads(line)["said"][0]["problem"] for line in done.stdout.splitlines())
    assert hang.startswith("over 0.3 s")
    assert grow.startswith("MemoryError")


def test_every_kept_input_has_a_target() -> None:
    """A folder of the corpus is one of a target, so that nothing that was found is forgotten."""
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= TARGETS.keys()
