"""What makes a policy unfit to be adopted: rules that are empty, name nothing, or cannot be met."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from govkit.core import auditrules, keys, resolve, times
from govkit.core.approvals import alternatives, satisfiable, slots
from govkit.core.errors import Malformed
from govkit.core.events import BODIES
from govkit.core.gates.champion import ChampionGate
from govkit.core.gates.metric import MetricGate
from govkit.core.names import is_person, is_stage
from govkit.core.policy import KNOWN_RULES, Approvals, InForce, Policy, Quorum, StageRules
from govkit.core.wording import suggest

#: Events that only record something: their writers are named under ``records``.
RECORDING = frozenset(BODIES) - {
    "policy.adopted",
    "version.registered",
    "request.opened",
    "request.withdrawn",
    "decision.recorded",
    "promotion.recorded",
    "stage.cleared",
    "version.revoked",
    "violation.acknowledged",
}
#: Checks that govkit itself makes; a gate of such a name could be taken for one of them.
OWN_CHECKS = frozenset(
    {
        *("approvals", "card", "commit", "commit-authors", "gates", "log", "override", "promotion", "registration"),
        *("request", "requirements", "review", "revocation", "tag", "tags"),
    }
)
MAX_ALTERNATIVES = 64
MAX_SLOTS = 200
#: For how many mistakes it is guessed what was meant, and among how many names.
MAX_HINTS, MAX_KNOWN = 50, 500


class Fault(Struct, frozen=True):
    """One thing that is wrong with a policy.

    Attributes:
        path: the keys that lead to it in the policy.
        message: what is wrong, and what is meant where that can be guessed.
        fatal: whether the policy cannot be adopted with it.
    """

    path: tuple[str | int, ...]
    message: str
    fatal: bool = True


def faults(in_force: InForce) -> list[Fault]:
    """Return everything that is wrong with a policy, fatal or not, in the order of its sections."""
    return list(_Checker(in_force).run())


def each_fault(in_force: InForce) -> Iterator[Fault]:
    """Yield the same one by one, for who needs only the first."""
    yield from _Checker(in_force).run()


def _named_gates(rules: StageRules) -> Iterator[str]:
    yield from rules.gates
    for extra in rules.tiers.values():
        yield from extra.gates
    if rules.break_glass is not None:
        yield from rules.break_glass.gates
    if rules.canary is not None:
        yield from rules.canary.gates


class _Checker:
    def __init__(self, in_force: InForce) -> None:
        self.in_force = in_force
        self.policy: Policy = in_force.policy
        self._hints = MAX_HINTS

    def _suggest(self, word: str, known: Collection[str]) -> str:
        """Guess what was meant, for as many mistakes as somebody reads: it takes a while where much is known."""
        self._hints -= 1
        return suggest(word, known) if self._hints >= 0 and len(known) <= MAX_KNOWN else ""

    def run(self) -> Iterator[Fault]:
        yield from self._head()
        yield from self._people()
        yield from self._retired()
        yield from self._roles()
        yield from self._gates()
        yield from self._stages()
        yield from self._admin()
        yield from (Fault(path, message) for path, message in auditrules.faults(self.policy))

    def _head(self) -> Iterator[Fault]:
        if self.policy.rules not in KNOWN_RULES:
            known = " and ".join(map(str, KNOWN_RULES))
            yield Fault(("rules",), f"this govkit knows rules {known}, not {self.policy.rules}")
        for name in ("branches", "people", "roles", "register", "gates", "stages"):
            if not getattr(self.policy, name):
                yield Fault((name,), f"'{name}' is empty, and no rule is satisfied by being empty")
        for name in ("register", "revoke"):
            yield from self._known(getattr(self.policy, name), (name,))
        for event, roles in self.policy.records.items():
            if event == "waiver.granted" and self.policy.rules > 1:
                yield Fault(("records", event), "who may waive a gate stands at the gate, under 'waive'")
            if event not in RECORDING:
                yield Fault(("records", event), f"'{event}' is no recording event{self._suggest(event, RECORDING)}")
            yield from self._known(roles, ("records", event))

    def _people(self) -> Iterator[Fault]:
        owners: dict[str, str] = {}
        addresses: dict[str, str] = {}
        for who, member in self.policy.people.items():
            path = ("people", who)
            if not is_person(who):
                yield Fault(path, f"'{who}' is not an id: use small letters, digits, '.', '_' and '-'")
            if not member.keys:
                yield Fault((*path, "keys"), f"{who} has no key, so nothing that they sign can count", fatal=False)
            for index, key in enumerate(member.keys):
                yield from self._key(who, key, (*path, "keys", index), owners)
            for address in member.emails:
                if addresses.setdefault(address.lower(), who) != who:
                    yield Fault((*path, "emails"), f"{address} stands under {addresses[address.lower()]} and {who}")

    def _key(self, who: str, key: str, path: tuple[str | int, ...], owners: dict[str, str]) -> Iterator[Fault]:
        try:
            if keys.normalise(key) != key:
                yield Fault(path, "write the key as 'TYPE BASE64', without a comment")
        except Malformed as error:
            yield Fault(path, str(error))
        if owners.setdefault(key, who) != who:
            yield Fault(path, f"one key stands under two people, {owners[key]} and {who}")

    def _retired(self) -> Iterator[Fault]:
        for index, gone in enumerate(self.policy.retired):
            path = ("retired", index)
            owner = self.in_force.owner(gone.key)
            if gone.key in {other.key for other in self.policy.retired[:index]}:
                yield Fault(path, "this key stands there twice: say once why it is out")
            if owner is not None:
                yield Fault(path, f"this key is out for good, and stands under {owner}: give {owner} a new key")
            if (gone.since is not None) != (gone.reason == "compromised"):
                yield Fault(path, "'since' is for a compromised key, and a compromised key needs it: the first event")
            try:
                if keys.normalise(gone.key) != gone.key:
                    yield Fault(path, "write the key as 'TYPE BASE64', without a comment")
            except Malformed as error:
                yield Fault(path, str(error))

    def _roles(self) -> Iterator[Fault]:
        for name, role in self.policy.roles.items():
            path = ("roles", name)
            if not role.people:
                yield Fault((*path, "people"), f"nobody holds the role '{name}'", fatal=False)
            for person in role.people:
                if person not in self.policy.people:
                    hint = self._suggest(person, self.policy.people)
                    yield Fault((*path, "people"), f"'{person}' is not among the people{hint}")
            for section in ("models", "tiers"):
                if not getattr(role, section):
                    yield Fault((*path, section), f"'{section}' is empty; write \"*\" for all")

    def _gates(self) -> Iterator[Fault]:
        used = {gate for rules in self.policy.stages.values() for gate in _named_gates(rules)}
        for name, gate in self.policy.gates.items():
            for fault in gate.faults():
                yield Fault(("gates", name), f"gate '{name}': {fault}")
            if name in OWN_CHECKS and self.policy.rules > 1:
                yield Fault(("gates", name), f"govkit has a check called '{name}' of its own: name the gate otherwise")
            yield from self._known([*gate.waive, *gate.named_roles()], ("gates", name))
            for stage in gate.named_stages():
                if stage not in self.policy.stages:
                    hint = self._suggest(stage, self.policy.stages)
                    yield Fault(("gates", name), f"gate '{name}': there is no stage '{stage}'{hint}")
            if name not in used:
                yield Fault(("gates", name), f"no stage uses the gate '{name}'", fatal=False)

    def _stages(self) -> Iterator[Fault]:
        for name, rules in self.policy.stages.items():
            path = ("stages", name)
            if not is_stage(name):
                yield Fault(path, f"'{name}' cannot name a stage")
            if rules.inherits is not None and resolve.lineage(self.in_force, name) is None:
                yield from self._broken_inheritance(name, rules.inherits)
                continue
            view = self.in_force.stage(name)
            if view is None or not view.gates:
                yield Fault((*path, "gates"), f"stage '{name}' has no gates, and no rule is satisfied by being empty")
            if view is None or not view.promote:
                yield Fault((*path, "promote"), f"nobody may promote into '{name}'")
            if view is None or view.approvals is None:
                yield Fault((*path, "approvals"), f"stage '{name}' does not say whose yes is needed")
            yield from self._stage(rules, path)

    def _broken_inheritance(self, name: str, parent: str) -> Iterator[Fault]:
        path = ("stages", name, "inherits")
        if parent not in self.policy.stages:
            yield Fault(path, f"there is no stage '{parent}'{self._suggest(parent, self.policy.stages)}")
        else:
            yield Fault(path, f"what stage '{name}' inherits from leads to no end: unknown, a circle, or too many")

    def _stage(self, rules: StageRules, path: tuple[str | int, ...]) -> Iterator[Fault]:
        yield from self._known_gates(rules.gates, (*path, "gates"))
        yield from self._known(rules.promote, (*path, "promote"))
        if rules.approvals is not None:
            yield from self._approvals(rules.approvals, (*path, "approvals"))
        for tier, extra in rules.tiers.items():
            yield from self._known_gates(extra.gates, (*path, "tiers", tier, "gates"))
            if extra.approvals is not None:
                yield from self._approvals(extra.approvals, (*path, "tiers", tier, "approvals"))
            if not extra.gates and extra.approvals is None:
                yield Fault((*path, "tiers", tier), f"tier '{tier}' asks for nothing in addition", fatal=False)
        if rules.break_glass is not None:
            yield from self._known_gates(rules.break_glass.gates, (*path, "break_glass", "gates"))
            yield from self._approvals(rules.break_glass.approvals, (*path, "break_glass", "approvals"))
            if times.span(rules.break_glass.lasts) > times.span("30d"):
                yield Fault((*path, "break_glass", "lasts"), "break-glass is for days: at most 30d")
        yield from self._back_and_canary(rules, path)

    def _back_and_canary(self, rules: StageRules, path: tuple[str | int, ...]) -> Iterator[Fault]:
        if rules.rollback is not None:
            yield from self._known(rules.rollback.roles, (*path, "rollback", "roles"))
            if rules.rollback.approvals is not None:
                yield from self._approvals(rules.rollback.approvals, (*path, "rollback", "approvals"))
                if "commit-author" in rules.rollback.approvals.forbid:
                    words = "a rollback brings in no commits, so 'commit-author' forbids nobody"
                    yield Fault((*path, "rollback", "approvals", "forbid"), words, fatal=False)
        if rules.canary is not None:
            within = (*path, "canary", "gates")
            yield from self._known_gates(rules.canary.gates, within)
            if not rules.canary.gates:
                yield Fault(within, "a canary without gates shows nothing, and no rule is satisfied by being empty")
            for index, name in enumerate(rules.canary.gates):
                gate = self.policy.gates.get(name)
                if gate is not None and not isinstance(gate, (MetricGate, ChampionGate)):
                    words = f"'{name}' cannot be asked of traffic: a canary has gates of type metric and champion"
                    yield Fault((*within, index), words)

    def _known_gates(self, gates: Iterable[str], path: tuple[str | int, ...]) -> Iterator[Fault]:
        for index, gate in enumerate(gates):
            if gate not in self.policy.gates:
                yield Fault((*path, index), f"there is no gate '{gate}'{self._suggest(gate, self.policy.gates)}")

    def _admin(self) -> Iterator[Fault]:
        admin = self.policy.admin
        if not admin.roles:
            yield Fault(("admin", "roles"), "nobody may change this policy")
        yield from self._known([*admin.roles, *admin.propose], ("admin", "roles"))
        admins = {who for who in self.policy.people if self.in_force.may(who, admin.roles)}
        keyed = {who for who in admins if self.policy.people[who].keys}
        if not keyed:
            yield Fault(("admin", "roles"), "nobody with a key may change this policy")
        if admin.sole:
            if len(admins) != 1:
                yield Fault(("admin", "sole"), f"'sole' is for one administrator, and there are {len(admins)}")
            return
        faults = list(self._approvals(admin.approvals, ("admin", "approvals"), general=True))
        yield from faults
        if any(fault.fatal for fault in faults):
            return
        deciders = self._deciders(general=True)
        if keyed and not any(
            satisfiable(admin.approvals.quorum, {p: r for p, r in deciders.items() if p != a}) for a in keyed
        ):
            yield Fault(
                ("admin", "approvals"), "no change of the policy could be approved: whoever asks may not approve"
            )
        else:
            yield from self._key_losses(keyed)

    def _key_losses(self, keyed: set[str]) -> Iterator[Fault]:
        """Warn where the loss of one key would leave nobody who could change the policy."""
        quorum, deciders = self.policy.admin.approvals.quorum, self._deciders(general=True)
        for lost in sorted(who for who, member in self.policy.people.items() if len(member.keys) == 1):
            rest = {who: roles for who, roles in deciders.items() if who != lost}
            askers = keyed - {lost}
            if not any(satisfiable(quorum, {p: r for p, r in rest.items() if p != asker}) for asker in askers):
                message = f"if {lost} loses their key, no change of the policy can be approved any more"
                yield Fault(("admin", "approvals"), f"{message}: add an administrator, or a second key", fatal=False)

    def _approvals(
        self, approvals: Approvals, path: tuple[str | int, ...], *, general: bool = False
    ) -> Iterator[Fault]:
        yield from self._known(approvals.lift, (*path, "lift"))
        wrong = list(self._quorum(approvals.quorum, (*path, "quorum")))
        yield from wrong
        if wrong:
            return
        # Counted first: the ways to reach a large quorum are too many to be listed.
        if slots(approvals.quorum) > MAX_SLOTS:
            yield Fault((*path, "quorum"), f"more than {MAX_SLOTS} people stand in this quorum: simplify it")
        elif len(alternatives(approvals.quorum)) > MAX_ALTERNATIVES:
            yield Fault((*path, "quorum"), f"more than {MAX_ALTERNATIVES} ways to reach the quorum: simplify it")
        elif not satisfiable(approvals.quorum, self._deciders(general=general)):
            # Not fatal: people join later, and until then nothing passes.
            yield Fault((*path, "quorum"), "the people who hold these roles cannot reach the quorum", fatal=False)

    def _quorum(self, quorum: Quorum, path: tuple[str | int, ...], depth: int = 0) -> Iterator[Fault]:
        said = [bool(quorum.role), bool(quorum.all), bool(quorum.any)]
        if sum(said) != 1 or depth > 4:
            yield Fault(path, "a quorum is one of: role (with count), all, any; at most four levels deep")
        elif quorum.role:
            yield from self._known([quorum.role], path)
        for name in ("all", "any"):
            for index, part in enumerate(getattr(quorum, name)):
                yield from self._quorum(part, (*path, name, index), depth + 1)

    def _deciders(self, *, general: bool) -> dict[str, set[str]]:
        """Return the roles of everyone who may decide, as if for the model where they hold the most."""
        return {
            who: {
                name
                for name, role in self.policy.roles.items()
                if who in role.people and not (general and (role.models != ["*"] or role.tiers != ["*"]))
            }
            for who, member in self.policy.people.items()
            if member.kind == "person" and member.keys
        }

    def _known(self, roles: Iterable[str], path: tuple[str | int, ...]) -> Iterator[Fault]:
        for role in roles:
            if role not in self.policy.roles:
                yield Fault(path, f"there is no role '{role}'{self._suggest(role, self.policy.roles)}")
