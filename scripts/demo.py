"""The main job, from training to a proven promotion and three tamperings, in a scratch clone with throw-away keys.

Run it with ``make demo``. Everything is real: real data, real ``dvc repro``, real SSH keys, real Git tags.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from govkit.core.errors import GovkitError
from govkit.workflow.rehearsal import Rehearsal

HERE = Path(__file__).resolve().parent.parent
SCRATCH = HERE / "scratch" / "demo"
REPO = SCRATCH / "repo"
MODEL = "credit-default"

# id, name, roles; the engineer trains, the others decide and promote.
PEOPLE = (
    ("ada", "Ada Engineer", ("engineer",)),
    ("rita", "Rita Riskowner", ("risk-owner", "admin")),
    ("victor", "Victor Validator", ("validator", "admin")),
    ("remy", "Remy Release", ("release-engineer",)),
)

ENVIRONMENT = {
    **os.environ,
    "GOVKIT_KNOWN_ROOTS": str(SCRATCH / "known_roots"),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "DVC_NO_ANALYTICS": "1",
    "PYTHONWARNINGS": "ignore",
    # Tables are drawn for the width of whoever looks on, less our indentation.
    "COLUMNS": str(max(shutil.get_terminal_size((160, 24)).columns - 4, 80)),
}
for _name in ("GOVKIT_KEY", "GOVKIT_ROOT"):
    ENVIRONMENT.pop(_name, None)


def key_of(person: str) -> Path:
    """Return the path of a person's private key."""
    return SCRATCH / "keys" / person


SHOW = Rehearsal(REPO, ENVIRONMENT, key_of, 9, colours=sys.stdout.isatty())


def run(*words: str, **options: Any) -> str:
    """Run a command in the scratch repository; see :meth:`Rehearsal.run`."""
    return SHOW.run(*words, **options)


def red(text: str) -> str:
    """Return a text in red."""
    return SHOW.styled("red", text)


def green(text: str) -> str:
    """Return a text in green."""
    return SHOW.styled("green", text)


def prepare() -> None:
    """Make a scratch clone, keys, and a DVC remote; keep DVC's cache of an earlier run."""
    for old in ("repo", "keys", "remote", "served", "known_roots"):
        path = SCRATCH / old
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (SCRATCH / "keys").mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", str(HERE), str(REPO)], check=True, env=ENVIRONMENT)
    run("git", "checkout", "-q", "-B", "main", show=False)
    run("git", "remote", "remove", "origin", show=False)
    for person, _, _ in PEOPLE:
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key_of(person))]
        subprocess.run(words, check=True)
    run("dvc", "cache", "dir", "--local", str(SCRATCH / "cache"), show=False)
    run("dvc", "remote", "add", "-q", "-d", "store", str(SCRATCH / "remote"), show=False)
    run("git", "config", "user.name", "Ada Engineer", show=False)
    run("git", "config", "user.email", "ada@example.org", show=False)


def people() -> None:
    """Write the throw-away people into the policy and open the log."""
    for person, name, roles in PEOPLE:
        print(f"  {person:<7}{name:<18}{', '.join(roles)}")
        wanted = [word for role in roles for word in ("--role", role)]
        about = ["--key", f"{key_of(person)}.pub", "--name", name, "--email", f"{person}@example.org"]
        run("govkit", "people", "add", person, *about, *wanted, show=False)
    run("govkit", "policy", "check")
    run("govkit", "init", as_="rita")


def commit(message: str) -> None:
    """Commit everything as the engineer."""
    run("git", "add", "-A", show=False)
    run("git", "commit", "-qm", message)


def repro(*options: str) -> None:
    """Train, evaluate and make the card, showing DVC's progress."""
    run("dvc", "repro", *options)


def first_version() -> None:
    """Register a version that a gate refuses."""
    commit("Train on the whole vintage, without SEX")
    run("dvc", "push", "-q", quiet=True)
    run("govkit", "register", f"{MODEL}@1.0.0", as_="ada")
    run("govkit", "request", f"{MODEL}@1.0.0", "--stage", "production", "-m", "First model of the new kind", as_="ada")
    run("govkit", "promote", f"{MODEL}@1.0.0", "--stage", "production", as_="remy", expect=1)
    print(f"  {red('refused')}: people of 60 and over may be granted credit far less often than others;")
    value, low, _, smallest = age_ratio()
    print(
        f"  {value:.2f} was measured, but the smallest group has {smallest} people; the interval starts at {low:.2f}."
    )


def age_ratio() -> tuple[float, float, float, int]:
    """Return the ratio of selection rates over age groups, both ends of its interval, and the smallest group's size."""
    report = json.loads((REPO / "reports" / "fairness.json").read_text())["attributes"]["AGE"]
    ratio = report["ratio"]["selection_rate"]
    return ratio["value"], *ratio["interval"], min(group["n"] for group in report["groups"].values())


def second_version() -> None:
    """Leave AGE out as well, and go through both stages."""
    params = REPO / "params.yaml"
    params.write_text(params.read_text().replace("exclude: [SEX]", "exclude: [SEX, AGE]"))
    print("  params.yaml: prepare.exclude is [SEX, AGE] now")
    repro()
    commit("Leave AGE out as well")
    run("dvc", "push", "-q", quiet=True)
    run("dvc", "metrics", "diff", "--targets", "reports/metrics.json", "--", "HEAD~1")
    value, low, high, _ = age_ratio()
    print(f"  The ratio over age groups is {value:.2f} now, its interval from {low:.2f} to {high:.2f}: the policy asks")
    print("  for the lower end. Whether that end is high enough is for a policy to say, and not for us.")
    run("govkit", "request", f"{MODEL}@1.1.0", "--stage", "staging", "-m", "Fairer to older clients", as_="ada")


def approve_and_promote() -> None:
    """Collect signed approvals, and promote to staging and production."""
    run("govkit", "approve", f"{MODEL}@1.1.0#staging", as_="victor")
    run("govkit", "promote", f"{MODEL}@1.1.0", "--stage", "staging", as_="remy")
    run(
        "govkit",
        "request",
        f"{MODEL}@1.1.0",
        "--stage",
        "production",
        "-m",
        "Shadow run was good",
        as_="ada",
        quiet=True,
    )
    run("govkit", "approve", f"{MODEL}@1.1.0#production", as_="ada", expect=1)
    print(f"  {green('as it should be')}: whoever asks does not approve.")
    run("govkit", "approve", f"{MODEL}@1.1.0#production", as_="victor", quiet=True)
    run("govkit", "approve", f"{MODEL}@1.1.0#production", as_="rita", quiet=True)
    run("govkit", "promote", f"{MODEL}@1.1.0", "--stage", "production", as_="remy")
    run("govkit", "show")
    run("git", "log", "--format=%h %s", "govkit/log")


def verify_and_get() -> None:
    """Prove what serves, and fetch its weights."""
    run("govkit", "verify", MODEL, "--stage", "production")
    run("govkit", "get", MODEL, "--stage", "production", "-o", str(SCRATCH / "served"))
    run("govkit", "verify", "--dir", str(SCRATCH / "served"))


def tamper(what: str, attack: Callable[[], Callable[[], object]], *command: str) -> None:
    """Perform an attack, show that the command refuses, undo the attack."""
    SHOW.tamper(what, attack, *command, telling=("govkit:", "  why", "  tag", "  card"))


def moved_tag() -> Callable[[], object]:
    """Point the production tag at the refused version's commit."""
    name = f"refs/tags/{MODEL}#production#2"
    before = run("git", "rev-parse", name, show=False).strip()
    other = run("git", "rev-parse", f"refs/tags/{MODEL}@v1.0.0", show=False).strip()
    run("git", "update-ref", name, other)
    return lambda: run("git", "update-ref", name, before, show=False)


def edited_card() -> Callable[[], object]:
    """Commit a nicer card."""
    path = REPO / "governance" / MODEL / "card.json"
    text = path.read_text()
    path.write_text(
        text.replace('"name":"auc","path"', '"name":"auc","path"', 1).replace('"value":0.78', '"value":0.98', 1)
    )
    run("git", "commit", "-qam", "Nicer card")
    return lambda: run("git", "reset", "-q", "--hard", "HEAD~1", show=False)


def swapped_weights() -> Callable[[], object]:
    """Replace the weights' bytes in DVC's cache and remote."""
    import hashlib

    content = (SCRATCH / "served" / f"{MODEL}.json").read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    places = [SCRATCH / store / "files" / "md5" / digest[:2] / digest[2:] for store in ("cache", "remote")]
    good = places[0].read_bytes()
    for place in places:
        place.chmod(0o644)
        place.write_bytes(good.replace(b"0", b"1", 1))
    (REPO / "models" / f"{MODEL}.json").unlink()

    def undo() -> None:
        for place in places:
            place.write_bytes(good)

    return undo


def main(arguments: Sequence[str]) -> None:
    """Run the demo."""
    if arguments:
        sys.exit("the demo takes no arguments: python scripts/demo.py")
    SHOW.chapter("A scratch clone, and throw-away keys for four people")
    prepare()
    SHOW.chapter("Policy-as-code, and the governance log")
    people()
    SHOW.chapter("Train on 30,000 real rows: data, weights, metrics, fairness, card, drafted request")
    repro("--force")
    SHOW.chapter("A first version, which a gate refuses")
    first_version()
    SHOW.chapter("A second version")
    second_version()
    SHOW.chapter("Signed approvals and signed tags: staging, then production")
    approve_and_promote()
    SHOW.chapter("The verifier at the door of production")
    verify_and_get()
    SHOW.chapter("Three tamperings")
    shutil.rmtree(SCRATCH / "again", ignore_errors=True)
    tamper("somebody moves the production tag", moved_tag, "govkit", "verify", MODEL, "--stage", "production")
    tamper("somebody edits the card", edited_card, "govkit", "card", MODEL, "--check", "--rev", "HEAD")
    fetch = ("govkit", "get", MODEL, "--stage", "production", "-o", str(SCRATCH / "again"))
    tamper("somebody swaps the weights in DVC's store", swapped_weights, *fetch)
    run("dvc", "checkout", "-q", show=False)
    print(f"  {SHOW.styled('bold', 'all of it undone')}")
    run("govkit", "verify", MODEL, "--stage", "production", quiet=True)
    print(f"    {green('proven again')} (exit code 0)")
    SHOW.chapter("Done")
    print(f"""
  card page            {REPO / "governance" / MODEL / "card.html"}
  scratch repository   {REPO}
  keys                 {SCRATCH / "keys"}
  proven weights       {SCRATCH / "served"}

Go on playing there:
  cd {REPO}
  export GOVKIT_KNOWN_ROOTS={SCRATCH / "known_roots"} PATH={HERE / ".venv" / "bin"}:$PATH
  govkit status --key {key_of("rita")}
  govkit history {MODEL}
""")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except GovkitError as error:
        sys.exit(f"{red(error.what)}\n{error.why}")
    except KeyboardInterrupt:
        sys.exit("\nstopped; the next 'make demo' starts afresh")
