"""Changes of the policy from the command line: said in words, proposed, approved, adopted; and keys that go."""

from __future__ import annotations

from pathlib import Path

import pytest
import world as worlds
from world import MODEL, World

from govkit.core import keys


def policy_file(world: World) -> Path:
    """Return the working tree's policy."""
    return world.repo / "governance" / "policy.yaml"


def write(world: World, old: str, new: str) -> None:
    """Replace text in the working tree's policy."""
    text = policy_file(world).read_text()
    assert old in text
    policy_file(world).write_text(text.replace(old, new))


def print_of(world: World, key: str) -> str:
    """Return the fingerprint of somebody's key."""
    return keys.fingerprint(world.key(key).public)


def public(world: World, key: str) -> str:
    """Return the file of somebody's public key; made if it is not there."""
    return f"{world.key_path(key)}.pub"


@pytest.fixture(scope="module")
def _newer(_promoted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    promoted = worlds.copy(_promoted, tmp_path_factory.mktemp("newer") / "world")
    return promoted.folder


@pytest.fixture
def newer(_newer: Path, tmp_path: Path) -> World:
    """1.0.0 serves, and the working tree's policy is written for rules 2."""
    return worlds.copy(_newer, tmp_path / "world")


# -- words ------------------------------------------------------------------------------------------------------------


def test_diff_of_the_working_tree(promoted: World) -> None:
    """What would change is said in words, with what is looser marked; nothing is refused for it."""
    assert "nothing changes" in promoted.govkit("policy", "diff").text
    write(promoted, "min: 0.7,", "min: 0.6,")
    write(promoted, "validator: {people: [", "validator: {people: [rita, ")
    text = promoted.govkit("policy", "diff").text
    assert "2 changes from the policy in force to governance/policy.yaml, 2 of them looser" in text
    assert "gate 'auc': min goes from 0.7 to 0.6" in text and "rita gains the role 'validator'" in text
    answer = promoted.govkit("policy", "diff", "--format", "json").json
    assert answer["schema"] == "govkit.policy-diff/v1"
    assert {change["path"]: change["effect"] for change in answer["changes"]} == {
        "gates.auc.min": "looser",
        "roles.validator.people": "looser",
    }


def test_diff_of_a_request(promoted: World) -> None:
    """An open request's policy is compared as well; one that was made against an older policy is said to be late."""
    write(promoted, "min: 0.7,", "min: 0.6,")
    asked = promoted.govkit("policy", "propose", "-m", "one", "--format", "json", as_="rita").json
    write(promoted, "min: 0.6,", "min: 0.9,")
    assert "0.7 to 0.6" in promoted.govkit("policy", "diff", f"policy#{asked['index']}").text
    promoted.adopt_policy()
    late = promoted.govkit("policy", "diff", f"policy#{asked['index']}").text
    assert "0.9 to 0.6" in late and "was made against an older policy" in late
    text = promoted.govkit("policy", "diff", "policy#99", expect=2).text
    assert "there is no request 'policy#99'" in text and f"'policy#{asked['index']}'" in text


def test_hostile_words_stay_words(promoted: World) -> None:
    """What somebody wrote into the policy is inert in Markdown and in a terminal."""
    write(promoted, "Rita Riskowner", '"<img src=x> @everyone [x](http://evil.example) \\e[31m"')
    page = promoted.govkit("policy", "diff", "--format", "markdown").out
    assert "<img" not in page and "\\[x\\](http<span>" in page and "\x1b" not in page
    assert "\x1b" not in promoted.govkit("policy", "diff").out


def test_diff_of_what_is_no_policy(promoted: World) -> None:
    """A file that is no policy is wrong usage; one that cannot be adopted is compared all the same."""
    write(promoted, "rules: 2", "rules: two")
    assert "is no policy" in promoted.govkit("policy", "diff", expect=2).text
    write(promoted, "rules: two", "rules: 2")
    write(promoted, "branches: [main]", "branches: []")
    text = promoted.govkit("policy", "diff").text
    assert "may no longer come from branch 'main'" in text and "cannot be adopted" in text


# -- proposing --------------------------------------------------------------------------------------------------------


def propose(world: World, as_: str) -> dict[str, object]:
    """Propose, and return the answer for programs."""
    return dict(world.govkit("policy", "propose", "-m", "why", "--format", "json", as_=as_).json)


def test_proposing_again_writes_nothing(promoted: World) -> None:
    """A policy that is in force, or asked for, is not asked for twice; another one is beside it."""
    head = promoted.git("rev-parse", "govkit/log")
    assert "is in force already" in promoted.govkit("policy", "propose", as_="rita").text
    assert propose(promoted, "rita")["state"] == "in-force"
    assert head == promoted.git("rev-parse", "govkit/log")
    write(promoted, "min: 0.7,", "min: 0.6,")
    assert "a request needs a reason" in promoted.govkit("policy", "propose", as_="rita", expect=2).text
    result = promoted.govkit("policy", "propose", "-m", "why", as_="rita")
    assert "NOT in force; it needs 1 × admin" in result.text
    assert "gate 'auc': min goes from 0.7 to 0.6 (looser)" in result.err
    head = promoted.git("rev-parse", "govkit/log")
    first = propose(promoted, "rita")
    assert (first["state"], first["needs"]) == ("already-proposed", "admin")
    assert propose(promoted, "victor") == first
    assert "nothing was written" in promoted.govkit("policy", "propose", "-m", "why", as_="ada").text
    assert head == promoted.git("rev-parse", "govkit/log")
    write(promoted, "min: 0.6,", "min: 0.65,")
    second = propose(promoted, "rita")
    assert second["state"] == "proposed"
    states = [(r.name, r.state) for r in promoted.log().state.requests.values() if r.body.action == "policy"]
    assert states == [(f"policy#{first['index']}", "open"), (f"policy#{second['index']}", "open")]


def test_asked_for_against_an_older_policy(promoted: World) -> None:
    """A request that was overtaken by another policy is asked for again."""
    write(promoted, "min: 0.7,", "min: 0.6,")
    first = propose(promoted, "rita")
    kept = policy_file(promoted).read_text()
    write(promoted, "min: 0.6,", "min: 0.65,")
    promoted.adopt_policy()
    policy_file(promoted).write_text(kept)
    second = propose(promoted, "rita")
    assert second["state"] == "proposed" and second["index"] != first["index"]


def test_a_service_proposes(newer: World) -> None:
    """With ``admin.propose`` a service in CI asks for what was merged; people approve and adopt it."""
    write(newer, "branches: [main]", "branches: [main, release]")
    assert "holds none of the roles" in newer.govkit("policy", "propose", "-m", "x", as_="ci", expect=1).text
    write(newer, "admin:\n  roles: [admin]", "admin:\n  roles: [admin]\n  propose: [engineer]")
    newer.adopt_policy()
    write(newer, "min: 0.7,", "min: 0.72,")
    asked = propose(newer, "ci")
    name = f"policy#{asked['index']}"
    newer.govkit("approve", name, as_="ci", expect=1)
    newer.govkit("approve", name, as_="rita")
    assert "holds none of the roles admin" in newer.govkit("policy", "adopt", as_="ci", expect=1).text
    done = newer.govkit("policy", "adopt", as_="victor")
    assert f": {asked['policy']}" in done.text and "people, keys and roles are as before" in done.text


def test_a_rejected_policy_is_not_asked_for_again(promoted: World) -> None:
    """The pipeline says that it was rejected, and by whom."""
    write(promoted, "min: 0.7,", "min: 0.6,")
    name = f"policy#{propose(promoted, 'rita')['index']}"
    promoted.govkit("reject", name, "-m", "no", as_="victor")
    assert propose(promoted, "rita")["needs"] == "victor to lift the reject"


def test_yaml_that_does_not_parse_names_its_line(promoted: World) -> None:
    """Also where it is not even text."""
    policy_file(promoted).write_bytes(b"schema: govkit.policy/v1\nname: \xff\n")
    assert "governance/policy.yaml:2" in promoted.govkit("policy", "check", expect=2).text


# -- keys -------------------------------------------------------------------------------------------------------------


def test_a_lost_key_is_replaced(newer: World) -> None:
    """What the old key signed stays proven; it signs nothing more, and comes back for nobody."""
    write(newer, "people:\n", "people: # everybody\n")
    result = newer.govkit("people", "rotate", "remy", "--key", public(newer, "remy2"), "--reason", "lost")
    assert f"remy's key {print_of(newer, 'remy')} is replaced by {print_of(newer, 'remy2')}" in result.text
    assert "govkit policy propose" in result.text
    assert "people: # everybody" in policy_file(newer).read_text()
    newer.adopt_policy()
    newer.verify()
    again = newer.govkit("people", "add", "remy", "--key", public(newer, "remy"), expect=2)
    assert "this key is out for good" in again.text and "ssh-keygen" in again.text
    newer.retrain(0.85)
    newer.shell("dvc", "push", "-q")
    newer.register("1.1.0")
    newer.request("1.1.0", "staging")
    newer.approve("1.1.0", "staging", "victor")
    newer.promote("1.1.0", "staging", expect=1)
    newer.govkit("promote", f"{MODEL}@1.1.0", "--stage", "staging", as_="remy2")
    newer.verify("staging")


def test_a_compromised_key_proves_nothing_from_then_on(newer: World) -> None:
    """Victor's key was stolen before he approved production: what rests on that approval is refused."""
    words = ("people", "rotate", "victor", "--key", public(newer, "victor2"), "--reason", "compromised")
    assert "--since 0 if you do not know" in newer.govkit(*words, expect=2).text
    assert "the log has" in newer.govkit(*words, "--since", "999", expect=2).text
    asked = next(r for r in newer.log().state.requests.values() if r.name == f"{MODEL}@1.0.0#production")
    newer.govkit(*words, "--since", str(asked.at.index))
    raised = propose(newer, "rita")
    newer.govkit("approve", f"policy#{raised['index']}", as_="victor")
    done = newer.govkit("policy", "adopt", as_="rita")
    assert f"victor's key {print_of(newer, 'victor')} is replaced by {print_of(newer, 'victor2')}" in done.text
    text = newer.verify(expect=1).text
    assert "victor does not count: was signed with a key that is reported as compromised" in text
    newer.verify("staging")  # He approved that before.
    said = newer.govkit("doctor", "--format", "json", expect=1).json["ailments"]
    lost = "the decision of victor was signed with a key that is reported as compromised"
    assert [one["what"] for one in said if one["found"] == lost] == [f"{MODEL}@1.0.0 in production"]
    assert "compromised" in newer.govkit("people", "add", "victor", "--key", public(newer, "victor"), expect=2).text


def test_a_compromised_key_of_who_released(newer: World) -> None:
    """Remy's key was stolen before the promotion; it is replaced, and what it promoted from then on is refused."""
    newer.verify("staging")
    promotion = newer.log().state.champion(MODEL, "production")
    assert promotion is not None
    words = ("--reason", "compromised", "--since", str(promotion.at.index))
    newer.govkit("people", "rotate", "remy", "--key", public(newer, "remy2"), *words)
    assert f"compromised from event {promotion.at.index} on" in newer.govkit("policy", "diff").text
    newer.adopt_policy()
    newer.verify("production", expect=1)
    newer.verify("staging")


def test_somebody_leaves(newer: World) -> None:
    """Who leaves is taken out of people and roles; their keys are out, and their id is never used again."""
    before = policy_file(newer).read_text()
    result = newer.govkit("people", "remove", "vera", "--reason", "left")
    assert "'vera' is no longer among the people" in result.text and "vera no longer holds 'validator'" in result.text
    assert policy_file(newer).read_text() != before
    newer.adopt_policy()
    adopted = newer.log().state.policy
    assert adopted is not None and "vera" not in adopted.policy.people
    assert [(gone.person, gone.reason) for gone in adopted.policy.retired] == [("vera", "left")]
    words = ("people", "add", "vera", "--key", public(newer, "vera2"))
    assert "the id 'vera' was used before" in newer.govkit(*words, expect=2).text
    words = ("people", "add", "vera2", "--key", public(newer, "vera"))
    assert "belonged to vera" in newer.govkit(*words, expect=2).text
    newer.verify()


def test_dry_run_of_a_removal(newer: World) -> None:
    """It says what would change, and changes nothing."""
    before = policy_file(newer).read_text()
    assert "would change" in newer.govkit("people", "remove", "vera", "--reason", "left", "--dry-run").text
    assert policy_file(newer).read_text() == before


def test_which_of_several_keys(newer: World) -> None:
    """Of several keys none goes unnamed; one can be named by its fingerprint or file."""
    assert "a further key" in newer.govkit("people", "add", "remy", "--key", public(newer, "spare")).text
    assert "it says this already" in newer.govkit("people", "add", "remy", "--key", public(newer, "spare")).text
    words = ("people", "rotate", "remy", "--key", public(newer, "remy2"), "--reason", "lost")
    text = newer.govkit(*words, expect=2).text
    assert "say which key goes" in text and print_of(newer, "remy") in text and print_of(newer, "spare") in text
    assert "has no key SHA256" in newer.govkit(*words, "--old", public(newer, "vera"), expect=2).text
    newer.govkit(*words, "--old", print_of(newer, "remy"))
    text = policy_file(newer).read_text()
    assert newer.key("spare").public in text.split("retired:")[0]
    assert newer.key("remy2").public in text.split("retired:")[0]
    assert newer.key("remy").public in text.split("retired:")[1]
    newer.govkit("policy", "check")


@pytest.mark.parametrize(
    ("words", "code", "says", "then"),
    [
        (("remove", "zoe", "--reason", "left"), 2, "there is nobody 'zoe'", "people: "),
        (("remove", "remi", "--reason", "left"), 2, "did you mean 'remy'?", "name one of them"),
        (
            ("remove", "remy", "--reason", "left", "--since", "0"),
            2,
            "--since is for a compromised key",
            "leave --since",
        ),
        (("remove", "remy", "--reason", "bored"), 2, "Invalid value for '--reason'", "compromised"),
        (("rotate", "remy", "--key", "{remy}", "--reason", "lost"), 2, "the new key is the old one", "ssh-keygen"),
        (("rotate", "remy", "--key", "{vera}", "--reason", "lost"), 2, "this key belongs to vera", "ssh-keygen"),
    ],
)
def test_people_commands_that_refuse(words: tuple[str, ...], code: int, says: str, then: str, newer: World) -> None:
    """Each says what is wrong and what to do, and leaves the file alone."""
    before = policy_file(newer).read_text()
    filled = [public(newer, word[1:-1]) if word.startswith("{") else word for word in words]
    text = newer.govkit("people", *filled, expect=code).text
    assert says in text and then in text
    assert policy_file(newer).read_text() == before


def test_rules_1_know_no_retired_keys(promoted: World) -> None:
    """A policy under rules 1 is told to say 'rules: 2'."""
    write(promoted, "rules: 2", "rules: 1")
    text = promoted.govkit("people", "remove", "vera", "--reason", "left", expect=2).text
    assert "know no retired keys" in text and "write 'rules: 2'" in text


def test_the_last_administrator_stays(newer: World) -> None:
    """Nobody takes out the last person who may change the policy."""
    newer.govkit("people", "remove", "victor", "--reason", "left")
    text = newer.govkit("people", "remove", "rita", "--reason", "left", expect=1).text
    assert "nobody would be left who may change the policy" in text and "--role admin" in text
    text = newer.govkit("people", "remove", "victor", "--reason", "lost", expect=2).text
    assert "change 'reason' and 'since' under 'retired'" in text
