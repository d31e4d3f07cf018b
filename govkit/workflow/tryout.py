"""``govkit tryout``: the main job on a scratch copy of somebody's own repository, with throw-away people.

Refused, approved, promoted, proven, tampered with, and found. Nothing is trained: the hook runs alone, over what
``dvc.lock`` says and the weights that are there. The user's repository, keys, remotes and caches are only read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from govkit.core import policytext, strangers, yamltext
from govkit.core.card import STATEMENTS
from govkit.core.errors import Malformed, Undecided, Usage
from govkit.core.gates.card import CardGate
from govkit.core.lineage import LockItem
from govkit.core.names import folder_of
from govkit.core.policy import InForce, Quorum
from govkit.core.strangers import Stranger
from govkit.storage import files, scratch
from govkit.storage.dvcbytes import DvcBytes
from govkit.storage.git import Repository
from govkit.storage.scratch import Scratch
from govkit.storage.trees import WorkTree, project_of
from govkit.workflow import cards, policyfile, scaffold, tampering
from govkit.workflow.rehearsal import Rehearsal

CHAPTERS = 8
#: So much of data and intermediate outputs is copied, in bytes, beside weights and reports, which always are.
_ENOUGH = 200_000_000
_ASKER, _RELEASER = ("tina", "Tina Tryout"), ("remy", "Remy Release")
_APPROVERS = ("anna", "bela", "cleo", "dario", "elif", "femi", "gao", "hana", "ines", "joao")


class Tryout(Struct):
    """One tryout.

    Attributes:
        repository: the user's, which is only read.
        scratch: where everything happens.
        show: tells what happens.
        model: the model; the first one that is declared if None.
        stage: the stage; production, or the last one of the policy, if None.
    """

    repository: Repository
    scratch: Scratch
    show: Rehearsal
    model: str | None = None
    stage: str | None = None
    version: str = "1.0.0"
    policy: InForce | None = None
    _others: list[Stranger] = field(default_factory=list)

    def run(self) -> None:
        """Do all of it.

        Raises:
            Usage: if the repository has no model, or the weights are not on this machine.
            Refused: if a step did not come out as it should; says which, and what was said.
        """
        self._copy()
        self._begin()
        self._card()
        self._ask()
        self._approve()
        self._prove()
        self._tamper()
        self._end()

    # -- the repository -----------------------------------------------------------------------------------------

    def _copy(self) -> None:
        self.show.chapter("A scratch copy of your repository, cut off from it")
        head = scratch.copy(self.repository, self.scratch)
        scratch.redirect(self.scratch)
        self.scratch.check_cut_off()
        self.show.tell(f"commit {head[:10]}, without tags and remotes; DVC's remotes and cache lead into the scratch")
        self.show.tell("folder. What is not committed is left out. Your keys and settings are not found from there.")

    def _begin(self) -> None:
        self.show.chapter("Throw-away people, a policy, and the governance log")
        path = self.scratch.repo / policyfile.PATH
        asker = self._stranger(*_ASKER)
        self._others = [self._stranger(*_RELEASER), *(self._stranger(who, who.title()) for who in _APPROVERS[:2])]
        is_governed = path.is_file()
        before = path.read_bytes() if is_governed else _scaffolded(asker)
        self._set_policy(before, asker)
        for _ in range(len(_APPROVERS)):  # as many approvers as the policy asks for
            if len(self._others) > max(len(self._slots()), len(self._admin_slots())):
                break
            who = _APPROVERS[len(self._others) - 1]
            self._others.append(self._stranger(who, who.title()))
            self._set_policy(before, asker)
        said = "your own policy, its people exchanged" if is_governed else "the policy that govkit starts with"
        self.show.tell(f"{said}; {asker.id} asks, {', '.join(one.id for one in self._others)} decide and release")
        self.show.run("govkit", "init", as_=_RELEASER[0], quiet=True)
        self._choose_model()
        self.show.tell(f"the log is open. The model is {self.model}, the stage is {self.stage}.")

    def _stranger(self, who: str, name: str) -> Stranger:
        return Stranger(who, name, self.scratch.new_key(who))

    def _set_policy(self, text: bytes, asker: Stranger) -> None:
        value = self._value(text)
        self._write_policy(strangers.exchanged(value, asker, self._others, scratch.BRANCH))

    @staticmethod
    def _value(text: bytes) -> dict[str, Any]:
        try:
            value = yamltext.load(text, where=policyfile.PATH).value
        except Malformed as error:
            raise Usage(f"{policyfile.PATH} does not parse", why=str(error), fix="mend that line") from error
        if not isinstance(value, dict):
            raise Usage(f"{policyfile.PATH} is no policy", fix="see 'govkit policy check'")
        return value

    def _write_policy(self, value: dict[str, Any]) -> None:
        import yaml

        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()
        found = policytext.read(text, where=policyfile.PATH)
        if found.in_force is None or not found.fit:
            faults = "\n".join(fault.message for _, fault in found.faults if fault.fatal)
            raise Usage(f"{policyfile.PATH} cannot be adopted", why=faults, fix="see 'govkit policy check'")
        files.write(files.place(self.scratch.repo, policyfile.PATH), text)
        self.policy = found.in_force
        known = list(found.in_force.policy.stages)
        self.stage = self.stage or ("production" if "production" in known else known[-1])
        if self.stage not in known:
            raise Usage(f"the policy has no stage '{self.stage}'", why=f"stages: {', '.join(known)}")

    def _choose_model(self) -> None:
        known = sorted(project_of(WorkTree(Repository(self.scratch.repo))).artifacts)
        self.model = self.model or known[0]
        if self.model not in known:
            raise Usage(f"no model '{self.model}' in this repository", why=f"models: {', '.join(known)}")

    # -- the card -----------------------------------------------------------------------------------------------

    def _card(self) -> None:
        self.show.chapter("The card: what the model was made from, by digest")
        self._bring_bytes()
        self.show.tell("DVC runs this after training; here it runs alone, so nothing is trained:")
        self.show.run("govkit", "hook", self._model)
        self._commit("Govern")
        self.show.run("govkit", "register", f"{self._model}@{self.version}", as_=_ASKER[0])
        self.show.tell("That version is a signed tag now, on one commit, with the digests of all that it was made of.")

    @property
    def _model(self) -> str:
        return self.model or ""

    def _bring_bytes(self) -> None:
        """Copy weights and reports, which the card needs, and of the rest what is small.

        Raises:
            Usage: if weights or reports are not on this machine, or there is no room for a copy of them.
        """
        plan = cards.needs(WorkTree(Repository(self.scratch.repo)), self._model)
        root = self.repository.root
        store = DvcBytes(root, folder_of(self._model)[0])
        needed = {item.path: item for item in (*plan.reports, *plan.weights)}
        scratch.check_room(self.scratch, sum(item.size or 0 for item in needed.values()))
        missing = [item for item in needed.values() if not scratch.bring(store, item, self.scratch)]
        if missing:
            raise _not_here(self._model, missing)
        budget, left = _ENOUGH, []
        for item in sorted(plan.items, key=lambda item: item.size if item.size is not None else _ENOUGH):
            if item.path not in needed:
                fits = item.size is not None and item.size <= budget
                size = scratch.bring(store, item, self.scratch) if fits else None
                budget -= size or 0
                left += [] if size is not None else [item.path]
        if left:
            self.show.tell(f"not copied, as too large or not here: {', '.join(left[:5])}; known by DVC's MD5 alone")

    def _commit(self, message: str) -> None:
        self.scratch.git("add", "-A", "-f", "governance")
        self.scratch.git("add", "-A")
        self.scratch.git("commit", "-q", "--allow-empty", "-m", message)

    # -- asked and refused --------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self.show.chapter("A request, and what is refused")
        self._request()
        self.show.run("govkit", "promote", self._name, "--stage", self._stage, as_=_RELEASER[0], expect=1)
        self.show.tell("Refused (exit code 1): nobody has approved it. And whoever asks cannot approve:")
        self.show.run("govkit", "approve", f"{self._name}#{self._stage}", as_=_ASKER[0], expect=1)
        self._open_gates()

    @property
    def _stage(self) -> str:
        return self.stage or ""

    @property
    def _name(self) -> str:
        return f"{self._model}@{self.version}"

    def _request(self) -> None:
        words = ("govkit", "request", self._name, "--stage", self._stage, "-m", "To see how this goes")
        self.show.run(*words, as_=_ASKER[0])

    def _open_gates(self) -> None:
        """Where gates say no, do what people would: write down what is missing, then change the policy."""
        if self._asks_people(self._closed()) and self._fill_in():
            self.show.tell(
                "What only people can say was missing; in the scratch copy it says TRYOUT now: a new version."
            )
            self.version = "1.1.0"
            self.show.run("govkit", "hook", self._model, quiet=True)
            self._commit("Say what only people can say")
            self._request()
        closed = self._closed()
        if closed:
            self.show.tell(f"These gates say no to this model: {', '.join(sorted(closed))}. So it would stay refused.")
            self.show.tell("To go on, the throw-away administrators take them out of the scratch policy:")
            self._change_policy(closed)
            self._request()

    def _closed(self) -> set[str]:
        """Return the gates that are not open for the version."""
        words = ("govkit", "gate", self._name, "--stage", self._stage, "--format", "json")
        checks = self.show.ask(*words)["checks"]
        gates = set(self.policy.policy.gates) if self.policy else set()
        return {
            check["gate"] for check in checks if check["gate"] in gates and check["verdict"] not in ("pass", "waived")
        }

    def _asks_people(self, closed: set[str]) -> bool:
        """Tell whether one of some gates asks for what people write."""
        gates = self.policy.policy.gates if self.policy else {}
        return any(isinstance(gates[name], CardGate) for name in closed)

    def _fill_in(self) -> bool:
        """Write something into what is blank in ``model.yaml``; tell whether anything was."""
        import yaml

        path = files.place(self.scratch.repo, cards.path_of(self._model, "model.yaml"))
        value = yamltext.load(path.read_bytes(), where=path.name).value or {}
        blank = [name for name in STATEMENTS if not str(value.get(name) or "").strip()]
        value.update(dict.fromkeys(blank, "TRYOUT: somebody who knows would write this"))
        files.write(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode())
        return bool(blank)

    def _change_policy(self, closed: set[str]) -> None:
        path = self.scratch.repo / policyfile.PATH
        self._write_policy(strangers.without_gates(self._value(path.read_bytes()), closed))
        words = ("govkit", "policy", "propose", "-m", "Only in this tryout", "--format", "json")
        index = self.show.ask(*words, as_=_RELEASER[0])["index"]
        for person, role in self._deciders(self._admin_slots()):
            self.show.run("govkit", "approve", f"policy#{index}", "--role", role, as_=person, quiet=True)
        self.show.run("govkit", "policy", "adopt", as_=_RELEASER[0])
        self._commit("Another policy")

    # -- approved, promoted, proven -----------------------------------------------------------------------------

    def _slots(self) -> tuple[str, ...]:
        """Return the roles that must agree to the request."""
        quorum = self._quorum()
        return strangers.slots(quorum) if quorum else ()

    def _quorum(self) -> Quorum | None:
        tier = "high"
        if self.model is not None:
            path = self.scratch.repo / cards.path_of(self.model, "model.yaml")
            tier = str((yamltext.load(path.read_bytes(), where=path.name).value or {}).get("tier") or tier)
        view = self.policy.stage(self._stage, tier) if self.policy else None
        return view.approvals.quorum if view and view.approvals else None

    def _admin_slots(self) -> tuple[str, ...]:
        return strangers.slots(self.policy.policy.admin.approvals.quorum) if self.policy else ()

    def _deciders(self, slots: Sequence[str]) -> list[tuple[str, str]]:
        """Return who decides in which role: everybody but the releaser, in turn."""
        return list(zip([one.id for one in self._others[1:]], slots, strict=False))

    def _approve(self) -> None:
        self.show.chapter("Signed approvals, then the promotion")
        for person, role in self._deciders(self._slots()):
            self.show.run("govkit", "approve", f"{self._name}#{self._stage}", "--role", role, as_=person)
        self.show.run("govkit", "promote", self._name, "--stage", self._stage, as_=_RELEASER[0])
        self.show.tell("Approved by other people than who asked, each with a key of their own, so it may serve now.")
        self.show.run("govkit", "show", self._model)
        self.show.run("govkit", "log")

    def _prove(self) -> None:
        self.show.chapter("The verifier at the door")
        self.show.run("govkit", "verify", self._model, "--stage", self._stage)
        self.show.tell(
            "Proven (exit code 0): tag, log, approvals, card and weights say the same. Only this may deploy."
        )

    def _tamper(self) -> None:
        self.show.chapter("Tampering, and who finds it")
        tampering.all_of_it(self.show, self.scratch, self._model, self._stage, self.version)
        self.show.run("govkit", "verify", self._model, "--stage", self._stage, quiet=True)
        self.show.tell("Proven again, as before the tampering (exit code 0).")
        self.show.run("govkit", "log", "verify", quiet=True)

    def _end(self) -> None:
        self.show.chapter("Done")
        self.show.tell(f"{self._model} went all the way in a scratch copy; your repository is as it was.")
        if not (self.repository.root / policyfile.PATH).is_file():
            self.show.tell("To govern it in earnest:  govkit init")


def _scaffolded(asker: Stranger) -> bytes:
    """Return the policy that ``govkit init`` starts with."""
    values = {"person": asker.id, "name": asker.name, "email": asker.email, "key": asker.key, "branch": scratch.BRANCH}
    return scaffold.POLICY.format_map(defaultdict(str, values)).encode()


def _not_here(model: str, missing: Sequence[LockItem]) -> Usage:
    unknown = [item.path for item in missing if item.md5 is None]
    paths = " ".join(item.path for item in missing)
    if unknown:
        return Usage(
            f"dvc.lock does not say what {', '.join(unknown)} of {model} is",
            why="a card is made of what DVC recorded",
            fix="run the pipeline once ('dvc repro'), or record what is there with 'dvc commit', commit, and try again",
        )
    return Usage(
        f"{paths} of {model} {'is' if len(missing) == 1 else 'are'} not on this machine",
        why="the card is made of the bytes: they were looked for in the working tree and in DVC's cache",
        fix=f"dvc pull {paths}",
    )


def tryout(
    repository: Repository,
    *,
    keep: Path | None,
    model: str | None,
    stage: str | None,
    known_roots: Path,
    say: Callable[[str], None],
    colours: bool,
) -> None:
    """Try govkit out on a scratch copy of a repository, and leave nothing behind.

    Args:
        repository: the user's, which is only read.
        keep: a folder to work in and keep; None for one that is removed.
        model: the model; the first one that is declared if None.
        stage: the stage; production, or the last one of the policy, if None.
        known_roots: the user's known-roots file, which must stay as it is.
        say: prints a text.
        colours: whether whoever looks on sees colours.

    Raises:
        Usage: if there is nothing to try it on; says what to do.
        Refused: if a step did not come out as it should.
    """
    root = repository.root
    if keep is not None and keep.resolve().is_relative_to(root.resolve()):
        raise Usage(f"{keep} lies in the repository", why="a tryout writes nothing there", fix="name another folder")
    before = scratch.Untouched.of(repository, known_roots)
    with scratch.opened(keep) as place:
        show = Rehearsal(place.repo, place.environment, place.key, CHAPTERS, colours=colours, say=say)
        Tryout(repository, place, show, model, stage).run()
    changed = before.differs(scratch.Untouched.of(repository, known_roots))
    if changed:
        raise Undecided(
            "something in your repository changed while this ran",
            why=f"it was not the tryout, which only reads there: {', '.join(changed)}",
            fix="if you did not change it yourself, please report it",
        )
