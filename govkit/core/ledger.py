"""The ledger: judges the entries of a log one after the other. Pure: no Git, no clock, no cryptography.

The rules it keeps (the policy in force says which version of them, 1 or 2):

- Every entry is a leaf of the tree, whatever it is judged to be.
- An entry is **good** if it is well-formed, signed by a key that is in force, stands in its place (the head that it was
  signed for is the head that it stands on; a decision may stand later, once), is allowed, and its evidence is there.
- It is **inert** if it is malformed, unsigned, signed by nobody known, not allowed, or a stale replay. It has no
  effect and hides nothing.
- It is a **conflict** if a key in force signed it for another history than this one. Nothing is proven until an
  administrator quorum acknowledges it.
- It is **undecided** if evidence is missing or different, or if the rules in force do not know its type or schema, or
  this govkit does not know the rules that it adopts. What is unknown to the rules is so for ever and to everybody, so
  from rules 2 on it can be acknowledged like a conflict; missing evidence may be elsewhere, so it cannot.
- From rules 2 on a conflict or an unknown event that is appended once more is inert: it shows nothing new, and what
  was acknowledged does not come back by somebody who holds no key.
- An event's effective time is the later of its own and of the last good event before it.

Which key signed what is worked out before (:class:`Entry`), because that needs cryptography.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping

from msgspec import Struct, field
from msgspec.structs import replace

from govkit.core import canonical, digests, events, merkle, rules, rules1, times
from govkit.core.errors import Malformed
from govkit.core.events import Event
from govkit.core.judged import Judged, Status
from govkit.core.policy import InForce
from govkit.core.rules import CannotDecide, Case, Evidence, NotAllowed
from govkit.core.state import State


class Entry(Struct, frozen=True):
    """One commit of the log as it was read.

    Attributes:
        event: the bytes of ``event.json``, or None if there is no such file.
        signature: the bytes of ``event.json.sig``, or None.
        signer: the key (``TYPE BASE64``) whose signature over ``event`` in the namespace ``govkit-event`` is good.
        problem: why there is no good signature.
        evidence: the other files of the commit, by name.
        irregular: how the commit differs from the one that its event determines.
        parsed: what :func:`govkit.core.events.parse` makes of ``event``, where that was done before.
    """

    event: bytes | None
    signature: bytes | None
    signer: str | None
    problem: str = ""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    irregular: tuple[str, ...] = ()
    parsed: Event | None = None


class Ledger:
    """Reads entries and keeps the state; see the module's docstring for the rules.

    Attributes:
        state: what the log says so far.
        decisions: the digests of the decisions that were counted; none counts twice.
        violations: where conflicts and unknown events stand, by the digest of their bytes.
    """

    def __init__(self) -> None:
        self.state = State()
        self.decisions: MutableMapping[str, bool] = {}
        self.violations: dict[str, int] = {}

    def read(self, entries: Iterable[Entry]) -> State:
        """Judge entries in order and return the state after the last."""
        for entry in entries:
            self.append(entry)
        return self.state

    def append(self, entry: Entry) -> Judged:
        """Judge the next entry, let it have its effect, and return the verdict."""
        state = self.state
        event, judged = self._judge(entry)
        state.tree.append(merkle.raw(judged.id))
        state.judged.append(judged)
        if judged.status is not Status.GOOD or judged.irregular:
            state.remarkable.append(judged.index)
        if event is not None and "tag" in event.evidence:
            state.tagged = judged.index
        if judged.status is Status.GOOD and event is not None:
            state.effective = judged.effective
        elif judged.status is Status.CONFLICT:
            state.conflicts[judged.index] = judged
        elif judged.status is Status.UNDECIDED:
            state.undecided[judged.index] = judged
        if judged.status is Status.CONFLICT or judged.unknown:
            self.violations[digests.sha256(entry.event or b"")] = judged.index
        return judged

    def _judge(self, entry: Entry) -> tuple[Event | None, Judged]:
        before, index = self.state.effective, len(self.state.tree)
        identity = events.identity(entry.event, entry.signature, entry.parsed.subject if entry.parsed else None)
        try:
            event = entry.parsed or events.parse(entry.event or b"")
            times.parse(event.time)
        except (Malformed, ValueError) as error:
            judged = Judged(index, identity, Status.GOOD, "", before, None, entry.signer, entry.irregular)
            return None, self._once(entry, self._unreadable(entry, judged, error))
        effective = max(event.time, before)
        judged = Judged(index, identity, Status.GOOD, "", effective, event, entry.signer, entry.irregular)
        status, reason = self._weigh(entry, event, judged)
        if status is not Status.GOOD:
            unknown = status is Status.UNDECIDED and not self._knows(event.type)
            judged = replace(judged, status=status, reason=reason, effective=before, unknown=unknown)
        return event, self._once(entry, judged)

    def _knows(self, kind: str) -> bool:
        """Tell whether the rules in force know a type of event."""
        policy = self.state.policy
        return kind in rules.TYPES[policy.policy.rules if policy else max(rules.TYPES)]

    def _once(self, entry: Entry, judged: Judged) -> Judged:
        """From rules 2 on, a violation that stands in the log already is not one more."""
        policy = self.state.policy
        if judged.status is Status.GOOD or policy is None or policy.policy.rules == 1:
            return judged
        before = self.violations.get(digests.sha256(entry.event or b""))
        if before is None:
            return judged
        reason = f"a replay: the same stands at {before}"
        return replace(judged, status=Status.INERT, reason=reason, unknown=False)

    def _unreadable(self, entry: Entry, judged: Judged, error: Exception) -> Judged:
        """An event of a schema to come, signed by a key in force, is for a newer govkit; all else is junk."""
        if entry.event is None:
            return replace(judged, status=Status.INERT, reason="the commit holds no event.json")
        policy = self.state.policy
        try:
            value = canonical.decode(entry.event)
            schema = str(value.get("schema", "")) if isinstance(value, dict) else ""
        except Malformed:
            schema = ""
        newer = schema.startswith("govkit.event/") and schema != events.SCHEMA
        if newer and policy is not None and entry.signer and policy.owner(entry.signer):
            reason = f"this govkit does not know {schema}"
            return replace(judged, status=Status.UNDECIDED, reason=reason, unknown=True)
        return replace(judged, status=Status.INERT, reason=f"malformed: {error}")

    def _weigh(self, entry: Entry, event: Event, judged: Judged) -> tuple[Status, str]:
        """Return the verdict on a readable event; a good one has had its effect when this returns."""
        if entry.signer is None:
            return Status.INERT, entry.problem or "unsigned"
        try:
            policy = self._judging_policy(entry, judged)
        except NotAllowed as error:
            return Status.INERT, str(error)
        except CannotDecide as error:
            return Status.UNDECIDED, str(error)
        person = policy.owner(entry.signer)
        if person is None:
            return Status.INERT, "signed by a key that belongs to nobody in the policy in force"
        if not self.state.holds_head(event.log):
            return Status.CONFLICT, f"{person} signed it for another history of this log"
        if person != event.actor:
            return Status.INERT, f"it names {event.actor} and is signed by {person}"
        stale = self._stale(entry, event)
        if stale:
            return Status.INERT, stale
        return self._try(entry, event, judged)

    def _judging_policy(self, entry: Entry, judged: Judged) -> InForce:
        if judged.index > 0:
            if self.state.policy is None:
                raise NotAllowed("the log has no policy: its event 0 is not good")
            return self.state.policy
        found = entry.evidence.get("policy.json")
        if found is None or found.content is None:
            raise NotAllowed("event 0 brings no policy.json")
        return rules.read_policy(found.content)

    def _stale(self, entry: Entry, event: Event) -> str:
        if event.log.size == len(self.state.tree):
            return ""
        if event.type != "decision.recorded":
            return f"a replay: it was signed for place {event.log.size}"
        return (
            "a replay: this decision was counted before" if digests.sha256(entry.event or b"") in self.decisions else ""
        )

    def _is_closed(self, event: Event) -> str:
        """Say if a decision is on a request that is not open: then it has no effect, whatever its evidence was.

        Else anybody could make the log undecided, by carrying an old decision once more without its evidence.
        """
        if event.type != "decision.recorded":
            return ""
        request = self.state.requests.get(str(event.body.get("request")))
        if request is None:
            return "there is no such request for this subject"
        return "" if request.state == "open" else f"{request.name} is {request.state}"

    def _try(self, entry: Entry, event: Event, judged: Judged) -> tuple[Status, str]:
        if not self._knows(event.type):  # before its evidence is looked at, so that the leaf alone decides
            return Status.UNDECIDED, f"this govkit does not know events of type {event.type}"
        for name, digest in event.evidence.items():
            if name not in entry.evidence or entry.evidence[name].sha256 != digest:
                closed = self._is_closed(event)
                return (
                    (Status.INERT, closed)
                    if closed
                    else (Status.UNDECIDED, f"its evidence '{name}' is missing or different")
                )
        try:
            body = events.body(event)
            if body is None or (event.type != "policy.adopted" and judged.index == 0):
                return Status.INERT, "event 0 must adopt a policy"
            case = Case(self.state, event, judged, entry.evidence)
            if judged.index > 0 and case.rules == 1:
                newer = sorted(rules1.NEWER_FIELDS.get(event.type, frozenset()) & event.body.keys())
                if newer:
                    return Status.INERT, f"rules 1 does not know {', '.join(newer)}"
            rules.RULES.get(event.type, rules.recorded)(case, body)
        except (Malformed, NotAllowed) as error:
            return Status.INERT, str(error)
        except CannotDecide as error:
            return Status.UNDECIDED, str(error)
        if event.type == "decision.recorded":
            self.decisions[digests.sha256(entry.event or b"")] = True
        return Status.GOOD, ""
