"""A governed repository at work: its Git repository, its log, the pins, and the one way in which events are written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property

from msgspec.structs import replace

from govkit.core import tagcheck, times
from govkit.core.errors import GovkitError, Refused, Undecided, Usage
from govkit.core.imported import Imported
from govkit.core.judged import Judged, Status
from govkit.core.ledger import Entry
from govkit.core.policy import InForce
from govkit.core.state import State
from govkit.storage import entries
from govkit.storage import log as log_storage
from govkit.storage import pins as pin_storage
from govkit.storage.git import Repository
from govkit.storage.log import Log
from govkit.storage.remote import Remote
from govkit.storage.remote import find as find_remote
from govkit.storage.signatures import EVENT_NAMESPACE, SigningKey, load_key
from govkit.workflow.plans import Options, Plan, Signed, Written

KEY_VARIABLE = "GOVKIT_KEY"


class Session:
    """A repository that somebody works in, with what they told the command.

    Args:
        options: what they told it.

    Raises:
        Usage: if there is no Git repository.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.git = Repository(options.repo)

    @cached_property
    def log(self) -> Log:
        """The log, read and judged; see :func:`govkit.storage.log.read` for what it raises."""
        if self.options.mirror is not None:
            from govkit.workflow import mirrorlog

            return mirrorlog.read(self.git, self.pins, self.options.mirror, self.options.watch)
        return log_storage.read(self.git, waiting=self.options.local)

    def reload(self) -> None:
        """Read the log again when it is next asked for."""
        self.__dict__.pop("log", None)

    def take(self, log: Log) -> None:
        """Go on with a log that was read, or written to, elsewhere."""
        self.__dict__["log"] = log

    @cached_property
    def remote(self) -> Remote | None:
        """The remote that the log is kept on, or None; see :func:`govkit.storage.remote.find`."""
        return find_remote(self.git)

    @property
    def state(self) -> State:
        """What the log says."""
        return self.log.state

    @property
    def policy(self) -> InForce:
        """The policy in force.

        Raises:
            Refused: if the log has none.
        """
        if self.state.policy is None:
            first = self.state.judged[0]
            raise Refused("the log has no policy in force", why=f"event 0 is {first.status}: {first.reason}")
        return self.state.policy

    @cached_property
    def pins(self) -> pin_storage.Pins:
        """What this person trusts."""
        return pin_storage.load(self.options.root, os.environ)

    def check_trust(self) -> None:
        """Make sure that the log is the one that was pinned.

        Raises:
            Refused: if another root is pinned for it.
            Undecided: if nothing is pinned.
        """
        root = self.log.root_of_trust
        other = self.pins.contradicts(root, self.state.remote)
        if other is not None:
            raise Refused(
                "this log is not the one that was pinned",
                why=f"its root of trust is {root}, pinned is {other}",
                fix="somebody rewrote the log from its start, or this is another repository: find out which",
            )
        if not self.pins.accepts(root):
            raise Undecided(
                "nothing is proven without a pinned root of trust",
                why=f"{self.pins.path} does not know {root}",
                fix="look at it with 'govkit trust', or pass --root sha256:…",
            )

    def check_history(self, *, mending: bool = False) -> None:
        """Make sure that the log can be relied on as a whole.

        Args:
            mending: overlook what an administrator quorum can acknowledge, as the work is to acknowledge it.

        Raises:
            Refused: if no policy is in force, or an event or a tag shows another history that nobody has acknowledged.
            Undecided: if an event cannot be decided, or is dated ahead of this clock.
        """
        for trouble in self.troubles(mending=mending):
            raise trouble

    def troubles(self, *, mending: bool = False) -> Iterator[GovkitError]:
        """Yield each reason why the log cannot be relied on; see :meth:`check_history`."""
        _ = self.policy  # a log without one knows nobody: say that, before anything is missed in it
        violations = self.state.violations
        overlooked = violations if mending else {}
        for judged in self.state.conflicts.values():
            if judged.index not in overlooked:
                yield Refused(
                    f"event {judged.index} belongs to another history of this log",
                    why=judged.reason,
                    fix="find the other history; an administrator quorum can then acknowledge it:\n"
                    f"govkit violation request {judged.index} -m WHY",
                )
        for problem in self.unseen_history():
            yield Refused(
                "part of the log is missing here, or it was rewritten",
                why=problem,
                fix="fetch it again with 'govkit log sync', or from a clone or mirror that has it all",
            )
        for judged in self.state.undecided.values():
            if judged.index not in overlooked:
                fix = "upgrade govkit, or fetch again"
                if judged.index in violations:
                    fix += f"; or have administrators acknowledge it: govkit violation request {judged.index} -m WHY"
                yield Undecided(f"event {judged.index} cannot be decided", why=judged.reason, fix=fix)
        latest = times.write(self.now() + times.MAX_AHEAD)
        if self.state.effective > latest:
            yield Undecided(
                f"the log is dated {self.state.effective}, ahead of this clock ({times.write(self.now())})",
                fix="check this machine's clock; if it is right, somebody dated an event ahead",
            )

    def ready(self, *, mending: bool = False) -> None:
        """Make sure, before any work, that something can be signed here.

        Args:
            mending: see :meth:`check_history`.

        Raises:
            Usage: if there is no key or no log.
            Refused, Undecided: if the log cannot be relied on, or the key belongs to nobody.
        """
        self.check_trust()
        self.check_history(mending=mending)
        _ = self.actor

    def tag_refs(self) -> dict[str, str]:
        """Return the object ids of the repository's tags by name; with a mirror, its copies of those not here."""
        found = {name.removeprefix("refs/tags/"): i for name, i in self.git.refs("refs/tags").items()}
        copies = self.log.tags if self.options.mirror is not None else {}
        return {**{name: copies[name] for name in self.state.tags if name in copies}, **found} if copies else found

    @property
    def imported(self) -> Imported:
        """The tags of GTO's that were there when the log was opened; see :mod:`govkit.core.imported`.

        Raises:
            Undecided: if the log names them and they are missing.
        """
        from govkit.workflow import imports

        return imports.read(self.git, self.log)

    def remember(self) -> None:
        """Keep the head of a log that was found to be in order, so that an older one shows later."""
        self.log.remember(self.git)

    def unseen_history(self) -> list[str]:
        """Return which tags prove another history of the log; see :func:`govkit.core.tagcheck.unseen`."""
        while True:
            log, refs = self.log, self.tag_refs()
            found = tagcheck.unseen(log.state, refs, self.git.read_tag, entries.tag_signer)
            if not found or not log_storage.has_grown(self.git, log):
                return found
            # Others wrote between our look at the log and our look at the tags.
            self.reload()

    def disguises(self) -> list[str]:
        """Say what makes stock Git show something else than what is read here."""
        words = "makes stock Git show something else than there is; govkit reads past it"
        return [f"{name} {words}" for name in self.git.disguises()]

    def now(self) -> datetime:
        """Return the time by this session's clock."""
        return self.options.clock()

    # -- who signs ----------------------------------------------------------------------------------------------

    @cached_property
    def key(self) -> SigningKey:
        """The key to sign with: ``--key``, else ``GOVKIT_KEY``, else Git's ``user.signingkey``.

        Raises:
            Usage: if none is named, or the one named cannot be used.
        """
        named = self.options.key or os.environ.get(KEY_VARIABLE)
        if named:
            return load_key(named)
        configured = self.git.config("user.signingkey")
        if configured:
            return load_key(configured, base=None if self.git.is_bare else self.git.root)
        raise Usage(
            "no key to sign with",
            why="there is neither --key, nor GOVKIT_KEY, nor user.signingkey in Git's configuration",
            fix="name yours: --key FILE, or export GOVKIT_KEY=FILE; if you have none: ssh-keygen -t ed25519 -f FILE",
        )

    @property
    def actor(self) -> str:
        """The id of the person whose key this is.

        Raises:
            Refused: if the policy in force does not know the key.
        """
        person = self.policy.owner(self.key.public)
        if person is None:
            known = ", ".join(sorted(self.policy.policy.people))
            raise Refused(
                f"the key {self.key.path} belongs to nobody in the policy in force",
                why=f"people there: {known}",
                fix="name another key with --key, or have an administrator add it with 'govkit people add'",
            )
        return person

    # -- writing ------------------------------------------------------------------------------------------------

    def write(self, make: Callable[[], Plan], *, mending: bool = False) -> Written:
        """Sign an event and append it to the log; see :func:`govkit.workflow.writer.write`."""
        from govkit.workflow import writer

        return writer.write(self, make, mending=mending)

    def carry(self, signed: Signed, *, mending: bool = False) -> Written:
        """Append an event that somebody else signed; see :func:`govkit.workflow.writer.carry`."""
        from govkit.workflow import writer

        return writer.carry(self, signed, mending=mending)

    def sign(self, plan: Plan) -> Signed:
        """Sign an event for the log's next place."""
        from govkit.workflow import drafting

        unsigned = drafting.draft(self, plan, self.actor)
        signature = b"" if self.options.dry_run else self.key.sign(unsigned.content, EVENT_NAMESPACE)
        return replace(unsigned, signature=signature)

    def probe(self, signed: Signed) -> Judged:
        """Ask the ledger about an event without appending it; return its verdict.

        Raises:
            Refused: if the ledger would not let it have its effect.
        """
        judged = self.log.ledger.append(self.entry(signed))
        self.reload()
        if judged.status is not Status.GOOD:
            raise Refused("the ledger refuses this", why=judged.reason, fix="nothing was written")
        return judged

    def entry(self, signed: Signed) -> Entry:
        """Return what the ledger judges of a signed event."""
        evidence = {name: entries.make_evidence(name, data) for name, data in signed.evidence.items()}
        if signed.signature or not self.options.dry_run:  # what somebody else signed is checked in a dry run, too
            signer, problem = entries.check_signature(signed.content, signed.signature, EVENT_NAMESPACE)
            return Entry(signed.content, signed.signature, signer, problem, evidence)
        if "tag" in evidence:
            evidence["tag"] = replace(evidence["tag"], signer=self.key.public)
        return Entry(signed.content, signed.signature, self.key.public, "", evidence)

    def summary(self, plan: Plan) -> list[str]:
        """Return what tells a signer what they sign."""
        from govkit.workflow import drafting

        lines = [*plan.summary, f"signed by {self.actor} with {self.key.path}"]
        name = drafting.tag_name(self, plan)
        return [*lines, f"with the signed tag '{name}'"] if name else lines

    def ask(self, plan: Plan) -> list[str]:
        """Show what will be signed before a signature is made, ask where there is somebody to ask, and return it.

        Raises:
            Refused: if they say no.
        """
        lines = self.summary(plan)
        if self.options.show is not None:
            self.options.show(lines)
        if not self.options.dry_run and self.options.agree is not None and not self.options.agree("Sign this?"):
            raise Refused("nothing was signed", why="you did not agree")
        return lines
