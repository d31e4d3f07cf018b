"""What changes between two policies, in words, and what it does to how strict the policy is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govkit.core import gatediff, keys, policydiff
from govkit.core.approvals import satisfiable
from govkit.core.change import UNKNOWN, show
from govkit.core.gates.base import Gate
from govkit.core.gates.metric import MetricGate
from govkit.core.policy import AnyGate, Approvals, Quorum
from govkit.core.stagediff import approvals
from tests.unit.core.simulator import Json, edited, in_force, key, policy_value
from tests.unit.core.test_approvals import people, quorums


def new_rules() -> Json:
    """Return a policy under rules 2 in which most things are said."""
    value = edited(policy_value(), "rules", to=2)
    value["gates"]["auc"]["waive"] = ["head"]
    value["stages"]["production"]["inherits"] = "staging"
    value["stages"]["production"]["tiers"] = {"high": {"gates": ["statements"]}}
    value["stages"]["production"]["break_glass"] = {
        "approvals": {"quorum": {"role": "head"}},
        "lasts": "2d",
        "review_within": "5d",
        "gates": ["origin"],
    }
    value["stages"]["staging"]["approvals"] |= {"review_after": "90d", "commit_authors": "verified"}
    value["meanings"] = {"approve": ["I approve."]}
    value["admin"]["propose"] = ["engineer"]
    value["retired"] = [{"key": key("zoe"), "person": "zoe", "reason": "compromised", "since": 7}]
    return value


PEOPLE, GATES, STAGES = ("people",), ("gates", "auc"), ("stages", "production")
PRODUCTION = "stage 'production': "
TABLE: list[tuple[tuple[str, ...], Any, list[str]]] = [
    (("branches",), ["main", "old"], ["versions may come from branch 'old', too (looser)"]),
    (("description",), "New", ["the policy's description changes"]),
    ((*PEOPLE, "bob", "name"), "Robert", ["bob is called 'Robert' instead of 'Bob'"]),
    ((*PEOPLE, "robot", "kind"), "person", ["robot becomes a person instead of a service (looser)"]),
    ((*PEOPLE, "bob", "kind"), "service", ["bob becomes a service instead of a person (stricter)"]),
    (
        (*PEOPLE, "bob", "keys"),
        [key("new")],
        [f"bob's key {keys.fingerprint(key('bob'))} is replaced by {keys.fingerprint(key('new'))}"],
    ),
    ((*PEOPLE, "bob", "keys"), [], [f"bob's key {keys.fingerprint(key('bob'))} is taken out"]),
    (
        (*PEOPLE, "bob", "keys"),
        [key("bob"), key("new")],
        [f"bob gets a further key {keys.fingerprint(key('new'))}: whoever holds it signs as bob (looser)"],
    ),
    (
        (*PEOPLE, "bob", "emails"),
        [],
        ["bob no longer has the address bob@bank.example: commits from it are nobody's (looser)"],
    ),
    ((*PEOPLE, "zoe"), {"name": "Zoe", "keys": [key("new")]}, ["a new person 'zoe' (person, 1 key)"]),
    (("roles", "validator", "people"), ["carol", "bob"], ["bob gains the role 'validator' (looser)"]),
    (("roles", "admin", "people"), ["alice", "dan"], ["erin no longer holds 'admin'"]),
    (("roles", "validator", "models"), ["a"], ["the role 'validator' counts for models a instead of * (stricter)"]),
    (
        ("roles", "boss"),
        {"people": ["bob"], "tiers": ["low"]},
        ["a new role 'boss' (for models *; tiers low)", "bob gains the role 'boss' (looser)"],
    ),
    (
        ("retired",),
        [{"key": key("old"), "person": "bob", "reason": "lost"}],
        [
            f"the key {keys.fingerprint(key('zoe'))} is no longer out for good (looser)",
            f"the key {keys.fingerprint(key('old'))} of bob (lost) is out for good",
        ],
    ),
    (
        ("retired",),
        [{"key": key("zoe"), "person": "zoe", "reason": "compromised", "since": 8}],
        [
            f"the key {keys.fingerprint(key('zoe'))} of zoe (compromised from event 8 on) is out for good, "
            "so far: compromised from event 7 on (looser)"
        ],
    ),
    (("admin", "roles"), ["admin", "head"], ["the role 'head' may change the policy from now on (looser)"]),
    (("admin", "propose"), [], ["the role 'engineer' may no longer propose policies (stricter)"]),
    (("admin", "sole"), True, ["one administrator alone may adopt (looser)"]),
    (
        ("admin", "approvals", "quorum"),
        {"role": "admin"},
        ["changes of the policy: quorum from 2 × admin to 1 × admin (looser)"],
    ),
    (("register",), ["engineer", "release"], ["the role 'release' may register and ask from now on (looser)"]),
    (
        ("revoke",),
        ["head"],
        [
            "the role 'head' may revoke versions from now on",
            "the role 'risk-owner' may no longer revoke versions (looser)",
        ],
    ),
    (
        ("records", "canary.recorded"),
        ["release", "head"],
        ["the role 'head' may write 'canary.recorded' from now on (looser)"],
    ),
    (("meanings",), [], ["a signature under approve may mean anything from now on (looser)"]),
    (
        ("meanings",),
        ["I approve."],
        ["a signature under reject and lift means one of 1 given sentences from now on (stricter)"],
    ),
    ((*GATES, "min"), 0.7, ["gate 'auc': min goes from 0.75 to 0.7 (looser)"]),
    ((*GATES, "min"), 0.8, ["gate 'auc': min goes from 0.75 to 0.8 (stricter)"]),
    ((*GATES, "max"), 0.9, ["gate 'auc': max 0.9 is asked for (stricter)"]),
    ((*GATES, "on"), "lower", [f"gate 'auc': on goes from 'value' to 'lower'; {UNKNOWN} (looser)"]),
    ((*GATES, "metric"), "ks", [f"gate 'auc': metric goes from 'auc' to 'ks'; {UNKNOWN} (looser)"]),
    ((*GATES, "description"), "Why", ["gate 'auc': its description changes"]),
    ((*GATES, "waive"), ["head", "release"], ["gate 'auc': the role 'release' may waive it from now on (looser)"]),
    ((*GATES, "waive"), [], ["gate 'auc': the role 'head' may no longer waive it (stricter)"]),
    (
        ("gates", "statements", "sections"),
        ["owner"],
        ["gate 'statements': sections no longer has 'intended_use' (looser)"],
    ),
    (
        GATES,
        {"type": "lineage", "waive": ["head"]},
        [f"gate 'auc': is of type 'lineage' instead of 'metric'; {UNKNOWN} (looser)"],
    ),
    (("gates", "more"), {"type": "lineage"}, ["a new gate 'more' of type 'lineage'"]),
    ((*STAGES, "description"), "New", [f"{PRODUCTION}its description changes"]),
    ((*STAGES, "gates"), ["auc"], [f"{PRODUCTION}no longer asks for gate 'origin' (looser)"]),
    ((*STAGES, "gates"), ["origin"], ["only the way in which it is written changes, such as an order"]),
    ((*STAGES, "inherits"), None, ["only the way in which it is written changes, such as an order"]),
    (
        (*STAGES, "tiers"),
        {},
        ["stage 'production', tier high: no longer asks for gate 'statements' (looser)"],
    ),
    (
        (*STAGES, "tiers", "medium"),
        {"gates": ["statements"]},
        ["stage 'production', tier medium: asks for gate 'statements' from now on (stricter)"],
    ),
    (
        (*STAGES, "approvals", "quorum"),
        {"role": "validator"},
        [f"{PRODUCTION}quorum from 1 × risk-owner and 1 × validator to 1 × validator (looser)"],
    ),
    (
        (*STAGES, "approvals", "quorum"),
        {"all": [{"role": "risk-owner"}, {"role": "validator"}, {"role": "head"}]},
        [
            f"{PRODUCTION}quorum from 1 × risk-owner and 1 × validator to "
            "1 × risk-owner and 1 × validator and 1 × head (stricter)"
        ],
    ),
    (
        (*STAGES, "approvals", "quorum"),
        {"any": [{"all": [{"role": "validator"}, {"role": "risk-owner"}]}]},
        [f"{PRODUCTION}quorum from 1 × risk-owner and 1 × validator to 1 × validator and 1 × risk-owner"],
    ),
    ((*STAGES, "approvals", "valid_for"), "90d", [f"{PRODUCTION}approvals last 90d instead of 30d (looser)"]),
    ((*STAGES, "approvals", "valid_for"), None, [f"{PRODUCTION}approvals last for ever instead of 30d (looser)"]),
    ((*STAGES, "approvals", "valid_for"), "720h", [f"{PRODUCTION}approvals last 720h instead of 30d"]),
    ((*STAGES, "approvals", "forbid"), ["commit-author"], [f"{PRODUCTION}forbid has commit-author (stricter)"]),
    ((*STAGES, "approvals", "forbid"), ["requester"], [f"{PRODUCTION}forbid has requester"]),
    (
        (*STAGES, "approvals", "on_overdue"),
        "refuse",
        [f"{PRODUCTION}what is overdue makes verify refuse instead of warn (stricter)"],
    ),
    ((*STAGES, "approvals", "lift"), [], [f"{PRODUCTION}the role 'head' may no longer lift rejects (stricter)"]),
    (
        ("stages", "staging", "approvals", "commit_authors"),
        "claimed",
        ["stage 'staging': commit_authors are claimed instead of verified (looser)"],
    ),
    (
        ("stages", "staging", "approvals", "review_after"),
        "30d",
        ["stage 'staging': a promotion is reviewed after 30d instead of 90d (stricter)"],
    ),
    (
        (*STAGES, "promote"),
        ["release", "head"],
        [f"{PRODUCTION}the role 'head' may promote into it from now on (looser)"],
    ),
    ((*STAGES, "break_glass"), None, [f"{PRODUCTION}there is no break-glass any more (stricter)"]),
    ((*STAGES, "break_glass", "lasts"), "9d", [f"{PRODUCTION}break-glass: it lasts 9d instead of 2d (looser)"]),
    ((*STAGES, "break_glass", "gates"), [], [f"{PRODUCTION}break-glass: no longer asks for gate 'origin' (looser)"]),
    (
        ("stages", "staging", "break_glass"),
        {"approvals": {"quorum": {"role": "head"}}, "lasts": "2d", "review_within": "5d"},
        ["stage 'staging': break-glass is introduced: with 1 × head, for 2d (looser)"],
    ),
    (
        ("stages", "canary"),
        {"inherits": "production"},
        [
            "a new stage 'canary': gates auc, origin, statements; needs 1 × risk-owner and 1 × validator; "
            "promoted by release (looser)"
        ],
    ),
]


@pytest.mark.parametrize(
    ("path", "to", "expected"), TABLE, ids=lambda each: ".".join(each) if isinstance(each, tuple) else ""
)
def test_each_change_in_words(path: tuple[str, ...], to: Any, expected: list[str]) -> None:
    """One thing is changed, and one thing is said, with its effect."""
    before = new_rules()
    found = policydiff.changes(in_force(before), in_force(edited(before, *path, to=to)))
    assert expected == [change.marked for change in found]


@pytest.mark.parametrize(
    ("path", "to"), [row[:2] for row in TABLE], ids=lambda each: ".".join(each) if isinstance(each, tuple) else ""
)
def test_back_again(path: tuple[str, ...], to: Any) -> None:
    """What was stricter one way is looser the other way round."""
    before = new_rules()
    policies = in_force(before), in_force(edited(before, *path, to=to))
    forth = {change.effect for change in policydiff.changes(*policies)}
    back = {change.effect for change in policydiff.changes(*reversed(policies))}
    assert "stricter" not in forth or "looser" in back
    assert forth and back


def test_what_is_gone() -> None:
    """People, roles, gates and stages that are gone are said; the rules may go up, and going down is looser."""
    value = policy_value()
    del value["people"]["frank"], value["roles"]["head"], value["gates"]["statements"], value["stages"]["staging"]
    value["stages"]["production"]["approvals"]["lift"] = value["admin"]["approvals"]["lift"] = []
    value["rules"] = 2
    found = policydiff.changes(in_force(policy_value()), in_force(value))
    assert [change.marked for change in found] == [
        "rules 1 -> 2",
        "'frank' is no longer among the people",
        "there is no role 'head' any more",
        "frank no longer holds 'head'",
        "changes of the policy: the role 'head' may no longer lift rejects (stricter)",
        "there is no gate 'statements' any more",
        "stage 'production': the role 'head' may no longer lift rejects (stricter)",
        "stage 'staging' is gone: nothing enters it any more",
    ]
    down = edited(policy_value(), "rules", to=2)
    assert [c.marked for c in policydiff.changes(in_force(down), in_force(policy_value()))] == ["rules 2 -> 1 (looser)"]


def test_paths_lead_to_the_change() -> None:
    """Every change says where it stands."""
    value = edited(new_rules(), "stages", "production", "tiers", to={})
    value["gates"]["auc"]["min"] = 0.5
    found = policydiff.changes(in_force(new_rules()), in_force(value))
    assert ["gates.auc.min", "stages.production.tiers.high.gates"] == [change.path for change in found]


def test_summary_names_what_must_be_read() -> None:
    """Who signs reads everything looser and every change of keys, and how much more there is."""
    before = in_force(new_rules())
    value = edited(new_rules(), "people", "bob", "keys", to=[key("new")])
    value["gates"]["auc"]["min"] = 0.8
    lines = policydiff.summary_lines(before, in_force(value))
    assert lines[0].startswith("changes: bob's key SHA256:")
    assert lines[1:] == ["nothing gets looser by it", "and 1 other change: see 'govkit policy diff'"]
    value["gates"]["auc"]["min"] = 0.7
    assert "changes: gate 'auc': min goes from 0.75 to 0.7 (looser)" in policydiff.summary_lines(
        before, in_force(value)
    )
    assert policydiff.summary_lines(before, before) == ["nothing gets looser by it"]


def test_policies_that_cannot_be_adopted_are_told_all_the_same() -> None:
    """Circles, stages without approvals and quorums without end are changes like others."""
    before = in_force(new_rules())
    circle = edited(new_rules(), "stages", "production", "inherits", to="production")
    assert "nothing can enter it" in policydiff.changes(before, in_force(circle))[0].words
    mute = edited(
        edited(new_rules(), "stages", "production", "approvals", to=None), "stages", "production", "inherits", to=None
    )
    assert any("nothing can enter it" in change.words for change in policydiff.changes(before, in_force(mute)))
    back = policydiff.changes(in_force(mute), before)
    assert any(change.words.endswith("nothing could enter it so far") and change.effect == "looser" for change in back)
    huge = {"all": [{"role": "validator", "count": 100}] * 3}
    vast = in_force(edited(new_rules(), "stages", "production", "approvals", "quorum", to=huge))
    assert "looser" in {change.effect for change in policydiff.changes(before, vast)}
    bad = in_force(edited(new_rules(), "people", "bob", "keys", to=["junk"]))
    assert "'junk', which is no key" in policydiff.changes(before, bad)[0].words


class Strange(Gate, tag="strange", frozen=True, kw_only=True):
    """A gate of a later govkit."""

    accept: list[str] = []
    max_age: str | None = None
    at_least: int | None = None
    threshold: float = 1.0


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ({"threshold": 1.0}, {"threshold": 2.0}, "looser"),
        ({"max_age": "30d"}, {"max_age": "31d"}, "looser"),
        ({"max_age": "30d"}, {"max_age": "4w"}, "stricter"),
        ({"max_age": "30d"}, {}, "looser"),
        ({"max_age": "30d"}, {"max_age": "junk"}, "looser"),
        ({"at_least": 3}, {"at_least": 2}, "looser"),
        ({"at_least": 3}, {"at_least": 4}, "stricter"),
        ({"accept": ["a"]}, {"accept": ["a", "b"]}, "looser"),
        ({"accept": ["a", "b"]}, {"accept": ["a"]}, "stricter"),
        # Whether an empty list accepts all or nothing is not known here.
        ({"accept": ["a", "b"]}, {"accept": []}, "looser"),
        ({"accept": ["a", "b"]}, {"accept": ["b", "a"]}, "other"),
    ],
)
def test_fields_of_gates_to_come(before: Json, after: Json, effect: str) -> None:
    """Fields are known by name; one without a direction is looser when it changes."""
    found = gatediff.changes("x", Strange(**before), Strange(**after))
    assert [effect] == [change.effect for change in found]


def test_every_field_of_every_gate_has_been_thought_of() -> None:
    """A field of a gate has a direction, or is known to have none, so that a new one is not forgotten here."""
    directed = gatediff.UP_IS_STRICTER | gatediff.DOWN_IS_STRICTER | gatediff.MORE_IS_STRICTER | gatediff.MORE_IS_LOOSER
    undirected = {
        *("metric", "attribute", "rate", "compare", "on", "description", "waive", "equals", "slice", "tiers"),
        *("direction", "first", "statistic", "features", "as_of", "pushed", "stage"),
        *("expression", "seconds", "says"),
    }
    fields = {field.encode_name for kind in AnyGate.__args__ for field in msgspec.structs.fields(kind)}
    assert fields == directed | undirected


def test_numbers_are_told_exactly() -> None:
    """A bound is written with all its digits where six are not enough."""
    assert [show(0.75), show(0.123456789), show(None), show(["a"])] == ["0.75", "0.123456789", "nothing", '["a"]']
    before, after = (MetricGate(metric="auc", min=bound) for bound in (0.7, 0.70000001))
    assert "0.70000001" in gatediff.changes("auc", before, after)[0].words


def test_no_change() -> None:
    """Between a policy and itself there is none."""
    for value in (policy_value(), new_rules()):
        assert policydiff.changes(in_force(value), in_force(value)) == []


@given(quorums, quorums, people)
def test_looser_quorums_are_marked(before: Quorum, after: Quorum, who: dict[str, set[str]]) -> None:
    """Whoever meets the new quorum, each with one yes in one role, meets the old one unless it is marked as looser."""
    said = {person: {sorted(roles)[0]} for person, roles in who.items() if roles}
    effects = {change.effect for change in approvals(Approvals(quorum=before), Approvals(quorum=after))}
    if satisfiable(after, said) and not satisfiable(before, said):
        assert "looser" in effects
    if satisfiable(before, said) and not satisfiable(after, said):
        assert effects & {"looser", "stricter"}


@settings(max_examples=50)
@given(st.sampled_from(TABLE), st.sampled_from(TABLE))
def test_nothing_changes_from_a_policy_to_itself(
    first: tuple[tuple[str, ...], Any, list[str]], second: tuple[tuple[str, ...], Any, list[str]]
) -> None:
    """Whatever a policy says, it is no change of itself; and two that differ always have one."""
    before, after = (in_force(edited(new_rules(), *path, to=to)) for path, to, _ in (first, second))
    assert policydiff.changes(before, before) == []
    assert bool(policydiff.changes(before, after)) == (before.digest != after.digest)
