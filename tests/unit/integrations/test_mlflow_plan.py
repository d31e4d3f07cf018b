"""What differs between the log and MLflow, and what is done about it: pure values."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from govkit.core.errors import Refused
from govkit.core.names import STAGE_PATTERN, is_model
from govkit.integrations.mlflow import plan as plans
from govkit.integrations.mlflow.plan import SEAL_TAG, STATE_TAG, FoundModel, FoundVersion, Plan
from govkit.integrations.mlflow.wanted import WantedModel, WantedVersion, alias_of, name_of

ROOT = f"sha256:{'1' * 64}"


def version(number: str, **tags: str) -> WantedVersion:
    """Return a version as it should be."""
    return WantedVersion(
        number, f"govkit://m/{number}", {"governance_status": "approved", "govkit.version": number, **tags}
    )


WANTED = WantedModel(
    model="m",
    name="m",
    log_root=ROOT,
    versions=[version("1.0.0"), version("1.1.0")],
    aliases={"production": "1.1.0"},
    governed=frozenset(("production", "staging")),
)


def there(one: WantedVersion, number: int, **tags: str) -> FoundVersion:
    """Return a version as a sync leaves it, with some tags changed since."""
    return FoundVersion(number, one.source, {**one.tags, SEAL_TAG: plans.seal(one.tags), **tags})


FOUND = FoundModel(
    tags={"govkit.log": ROOT, "govkit.model": "m", STATE_TAG: plans.note(WANTED.aliases, 2)},
    aliases={"production": 2},
    versions=[there(WANTED.versions[0], 1), there(WANTED.versions[1], 2)],
)


def told(plan: Plan) -> list[tuple[str, str, str, str, str, bool]]:
    """Return the changes in short."""
    return [(one.what, one.version, one.key, one.before, one.after, one.by_hand) for one in plan.changes]


def test_what_is_as_it_should_be_needs_nothing() -> None:
    """No change, no stranger, nothing to note."""
    plan = plans.compare(WANTED, FOUND)
    assert (plan.changes, plan.strangers, plan.is_noted) == ([], [], True)


def test_a_model_that_is_not_there_is_made_in_the_order_of_the_log() -> None:
    """The model, its versions oldest first, then the aliases; nobody did anything by hand."""
    plan = plans.compare(WANTED, None)
    assert [(one.what, one.version, one.by_hand) for one in plan.changes] == [
        ("create-model", "", False),
        ("create-version", "1.0.0", False),
        ("create-version", "1.1.0", False),
        ("alias", "1.1.0", False),
    ]


def test_news_in_the_log_is_nobodys_hand() -> None:
    """A status, an alias and a version that came since the last sync."""
    newer = replace(
        WANTED,
        versions=[version("1.0.0", governance_status="revoked"), version("1.1.0"), version("1.2.0")],
        aliases={"production": "1.2.0"},
    )
    assert told(plans.compare(newer, FOUND)) == [
        ("tag", "1.0.0", "governance_status", "approved", "revoked", False),
        ("create-version", "1.2.0", "", "", "govkit://m/1.2.0", False),
        ("alias", "1.2.0", "production", "1.1.0", "1.2.0", False),
    ]


def test_what_is_withdrawn_goes_first() -> None:
    """A sync that is stopped half-way has withdrawn before it gave anything."""
    newer = replace(
        WANTED,
        versions=[version("1.0.0"), version("1.1.0", governance_status="revoked"), version("1.2.0")],
        aliases={"staging": "1.2.0"},
    )
    found = [one.what for one in plans.compare(newer, FOUND).changes]
    assert found == ["remove-alias", "tag", "create-version", "alias"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            there(WANTED.versions[0], 1, governance_status="revoked"),
            ("tag", "1.0.0", "governance_status", "revoked", "approved", True),
        ),
        (
            there(WANTED.versions[0], 1, **{"governance_status.moon": "approved"}),
            ("untag", "1.0.0", "governance_status.moon", "approved", "", True),
        ),
        (
            there(WANTED.versions[0], 1, Governance_Status="approved"),
            ("untag", "1.0.0", "Governance_Status", "approved", "", True),
        ),
        (
            there(WANTED.versions[0], 1, **{"govkit.version": "1.1.0"}),
            ("tag", "1.0.0", "govkit.version", "1.1.0", "1.0.0", True),
        ),
        (
            there(WANTED.versions[0], 1, **{SEAL_TAG: "x"}),
            ("tag", "1.0.0", SEAL_TAG, "x", plans.seal(WANTED.versions[0].tags), True),
        ),
        (
            replace(there(WANTED.versions[0], 1), stage="Production"),
            ("reset-stage", "1.0.0", "stage", "Production", "None", True),
        ),
    ],
)
def test_what_somebody_did_to_a_version_is_told_and_put_right(
    changed: FoundVersion, expected: tuple[object, ...]
) -> None:
    """A tag that was changed, added, or respelled; the seal itself; a stage of old."""
    found = replace(FOUND, versions=[changed, FOUND.versions[1]])
    assert told(plans.compare(WANTED, found)) == [expected]


def test_tags_of_others_stay() -> None:
    """People may say more about a version."""
    found = replace(
        FOUND, versions=[there(WANTED.versions[0], 1, team="risk", governance_owner="ada"), FOUND.versions[1]]
    )
    assert plans.compare(WANTED, found).changes == []


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ({"production": 1}, [("alias", "1.1.0", "production", "1.0.0", "1.1.0", True)]),
        ({}, [("alias", "1.1.0", "production", "", "1.1.0", True)]),
        ({"production": 2, "staging": 1}, [("remove-alias", "", "staging", "1.0.0", "", True)]),
        ({"production": 2, "Production": 1}, [("remove-alias", "", "Production", "1.0.0", "", True)]),
        ({"production": 2, "ours": 1}, []),
    ],
)
def test_what_somebody_did_to_an_alias(aliases: dict[str, int], expected: list[tuple[object, ...]]) -> None:
    """Moved, removed, given, respelled; aliases that stand for no stage are nobody's business."""
    assert told(plans.compare(WANTED, replace(FOUND, aliases=aliases))) == expected


def test_a_deleted_version_is_missed() -> None:
    """It is made again, and told apart from one that was registered since."""
    found = replace(FOUND, versions=FOUND.versions[1:])
    assert told(plans.compare(WANTED, found)) == [("create-version", "1.0.0", "", "", "govkit://m/1.0.0", True)]


def test_a_version_is_known_by_its_source_and_by_nothing_else() -> None:
    """One with the right tags and weights of somebody's own is a stranger: it keeps neither tags nor alias."""
    evil = FoundVersion(1, "s3://evil", dict(FOUND.versions[1].tags))
    found = replace(
        FOUND,
        aliases={"production": 1},
        versions=[
            evil,
            FOUND.versions[0].__class__(2, "govkit://m/1.1.0", FOUND.versions[1].tags),
            there(WANTED.versions[0], 3),
        ],
    )
    plan = plans.compare(WANTED, found)
    assert [(one.number, one.source) for one in plan.strangers] == [(1, "s3://evil")]
    assert {(one.what, one.key, one.number) for one in plan.changes} == {
        ("untag", "governance_status", 1),
        ("untag", "govkit.version", 1),
        ("untag", SEAL_TAG, 1),
        ("alias", "production", 2),
    }


@pytest.mark.parametrize("source", ["govkit://m/9.9.9", "govkit://other/1.0.0", ""])
def test_a_made_up_version_is_a_stranger(source: str) -> None:
    """Also one that looks as if govkit had made it."""
    found = replace(FOUND, versions=[*FOUND.versions, FoundVersion(3, source, {"governance_status": "approved"})])
    plan = plans.compare(WANTED, found)
    assert len(plan.strangers) == 1
    assert told(plan) == [("untag", "", "governance_status", "approved", "", True)]


def test_a_version_with_a_run_is_a_stranger() -> None:
    """A run brings weights of its own, whatever the source says."""
    found = replace(FOUND, versions=[replace(FOUND.versions[0], run="abc"), FOUND.versions[1]])
    assert [one.number for one in plans.compare(WANTED, found).strangers] == [1]


def test_a_copy_goes_and_the_oldest_stays() -> None:
    """Two syncs at the same time make two versions of one."""
    found = replace(FOUND, versions=[*FOUND.versions, there(WANTED.versions[0], 3)])
    plan = plans.compare(WANTED, found)
    assert [(one.what, one.number) for one in plan.changes] == [("remove-copy", 3)]
    assert plan.numbers == {"1.0.0": 1, "1.1.0": 2}


@pytest.mark.parametrize("tags", [{"govkit.log": f"sha256:{'2' * 64}"}, {"govkit.log": ROOT, "govkit.model": "other"}])
def test_what_belongs_to_another_log_or_model_is_refused(tags: dict[str, str]) -> None:
    """Two logs would undo each other's work for ever; taking over must be asked for."""
    found = replace(FOUND, tags=tags)
    with pytest.raises(Refused, match="did not make the registered model 'm'"):
        plans.compare(WANTED, found)
    assert {one.what for one in plans.compare(WANTED, found, adopt=True).changes} == {"tag-model"}


def test_a_model_that_people_use_already_is_not_taken_over_silently() -> None:
    """Its alias serves somebody; an empty one is taken."""
    theirs = FoundModel({}, {"production": 1}, [FoundVersion(1, "runs:/x/model", {}, run="x")])
    with pytest.raises(Refused, match="its aliases would be moved"):
        plans.compare(WANTED, theirs)
    assert ("alias", "1.1.0", "production", "number 1", "1.1.0", True) in told(
        plans.compare(WANTED, theirs, adopt=True)
    )
    plans.compare(WANTED, FoundModel({}, {}, []))


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"aliases": 1, "versions": 1e999}', "[" * 100_000])
def test_a_note_that_is_none_is_a_difference(text: str) -> None:
    """Whatever somebody writes there."""
    found = replace(FOUND, tags={**FOUND.tags, STATE_TAG: text})
    assert told(plans.compare(WANTED, found)) == [
        ("tag-model", "", STATE_TAG, text, plans.note(WANTED.aliases, 2), True)
    ]


def test_names_never_collide() -> None:
    """MLflow takes no slash, and no name of a model has what stands for it."""
    assert name_of("models/risk=scorer") == "models~risk=scorer"
    assert name_of("a/b", "dev.") == "dev.a~b"
    assert not is_model("models~risk=scorer")


def test_aliases_never_collide() -> None:
    """MLflow keeps some for itself; what stands for these is no other stage's."""
    stages = ("production", "latest", "LATEST", "v1", "V12", "v1a", "stage-latest", "stage-v1", "Stage-x", "1")
    found = [alias_of(stage) for stage in stages]
    assert len(set(found)) == len(stages)
    assert found[:4] == ["production", "stage-latest", "stage-LATEST", "stage-v1"]
    assert STAGE_PATTERN.startswith("^[A-Za-z0-9]")
