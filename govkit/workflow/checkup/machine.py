"""Checks of this clone and this machine: tools, key, history, files."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from govkit.core import keys, limits
from govkit.core.errors import GovkitError, Malformed
from govkit.storage.trees import WorkTree, project_of
from govkit.workflow import policyfile
from govkit.workflow.checkup import Ailment, Examination, Severity
from govkit.workflow.session import KEY_VARIABLE

#: Git signs with SSH keys from this version on.
GIT_VERSION = (2, 34)


def tools(exam: Examination) -> Iterator[Ailment]:
    """Find out whether Git and OpenSSH are there, and recent enough."""
    said = exam.session.git.run("version").decode("utf-8", "replace")
    number = re.search(r"(\d+)\.(\d+)", said)
    wanted = ".".join(map(str, GIT_VERSION))
    if number is None or (int(number[1]), int(number[2])) < GIT_VERSION:
        yield Ailment(
            "broken", said.strip(), f"govkit needs Git {wanted}, the first with SSH signatures", "upgrade Git"
        )
    if shutil.which("ssh-keygen") is None:
        found = "it is not on the PATH; nothing can be signed, and some keys' signatures cannot be checked"
        yield Ailment("broken", "ssh-keygen", found, "install OpenSSH's client")


def whole(exam: Examination) -> Iterator[Ailment]:
    """Find out whether this clone has the whole history."""
    git = exam.session.git
    if git.missing_history():
        found = "it is shallow: whether a version's commit is on its branch, and who wrote it, cannot be told"
        yield Ailment("undecided", "this clone", found, f"git fetch --unshallow --tags {exam.remote or ''}".rstrip())
    partial = git.try_run("config", "--get-regexp", r"^remote\..*\.(promisor|partialclonefilter)$")[1]
    if partial.strip():
        found = "it is partial: govkit fetches nothing behind your back, so objects that are not here are missing"
        yield Ailment("note", "this clone", found, "clone again without --filter")


def key(exam: Examination) -> Iterator[Ailment]:
    """Find out whether the signing key is there, its owner's alone, one key in both its files, and known."""
    session = exam.session
    try:
        found = session.key
    except GovkitError as error:
        # Who only reads has none; Git's configuration may name one of another kind.
        named = session.options.key or os.environ.get(KEY_VARIABLE)
        severity: Severity = "broken" if named else "note"
        yield Ailment(severity, error.what, error.why, error.fix)
        return
    yield from _file(found.path, found.public)
    try:
        _ = session.actor
    except GovkitError as error:
        yield Ailment("note", error.what, error.why, error.fix)


def _file(path: Path, public: str) -> Iterator[Ailment]:
    """Check a private key's file, if it is one: that nobody else reads it, and that its public part is its own."""
    if path.suffix == ".pub" or not path.is_file():
        return
    what, quoted = f"the key {path}", shlex.quote(str(path))
    if path.stat().st_mode & 0o077:
        yield Ailment("broken", what, "others on this machine may read it", f"chmod 600 {quoted}")
        return  # ssh-keygen does not touch such a key
    words = ["ssh-keygen", "-y", "-P", "", "-f", str(path)]
    done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return  # it is locked, as it should be
    try:
        same = keys.normalise(done.stdout.decode("utf-8", "replace")) == public
    except Malformed:
        return
    if not same:
        found = "the .pub file beside it holds another key, so what it signs would be nobody's"
        yield Ailment("broken", what, found, f"ssh-keygen -y -f {quoted} > {quoted}.pub")


def attributes(exam: Examination) -> Iterator[Ailment]:
    """Find out whether Git leaves the governance files as they are."""
    if exam.session.git.is_bare:
        return
    cards_ = [path for path in WorkTree(exam.session.git).paths() if path.endswith("/card.json")]
    paths = [policyfile.PATH, *(path for path in cards_ if "governance" in path.split("/"))]
    said = exam.session.git.run("check-attr", "-z", "text", "--", *paths).decode("utf-8", "replace").split("\0")
    if set(said[2::3]) != {"unset"}:
        found = "Git may change the line ends of governance/**, and every digest with them"
        yield Ailment("note", ".gitattributes", found, "add the line 'governance/** -text'; 'govkit init' adds it, too")


def proposal(exam: Examination) -> Iterator[Ailment]:
    """Find out whether the working tree's policy is the one in force."""
    if exam.session.git.is_bare or WorkTree(exam.session.git).read(policyfile.PATH, limit=limits.HAND_WRITTEN) is None:
        return
    try:
        _, found = policyfile.read(WorkTree(exam.session.git))
    except GovkitError as error:
        yield Ailment("note", error.what, error.why, error.fix)
        return
    in_force = exam.state.policy
    if in_force is not None and (found.in_force is None or found.in_force.digest != in_force.digest):
        mend = "govkit policy diff; then: govkit policy propose -m WHY"
        yield Ailment("note", policyfile.PATH, "it is a proposal: another policy is in force", mend)


def pages(exam: Examination) -> Iterator[Ailment]:
    """Find out whether the cards and pages of the working tree are what it makes."""
    if exam.session.git.is_bare:
        return
    from govkit.workflow import cards, hook

    tree = WorkTree(exam.session.git)
    try:
        models = sorted(project_of(tree).artifacts)
    except GovkitError as error:
        yield Ailment("note", error.what, error.why, error.fix)
        return
    for model in models:
        what, mend = f"the card of {model}", "dvc repro, and commit the result"
        if tree.read(cards.path_of(model), limit=limits.CARD) is None:
            yield Ailment("note", what, "there is none yet", mend)
            continue
        try:
            comparison, different = hook.check(exam.session.git, model, None)
        except GovkitError as error:
            yield Ailment("note", error.what, error.why, error.fix)
            continue
        if comparison.made.unread:
            missing = " ".join(comparison.made.unread)
            yield Ailment("note", what, f"it cannot be made again, not here: {missing}", f"dvc pull {missing}")
        elif comparison.differences:
            yield Ailment("note", what, f"it is not what these files make: {comparison.differences[0]}", mend)
        elif different:
            yield Ailment("note", f"{', '.join(different)} of {model}", "not made from this card and policy", mend)
