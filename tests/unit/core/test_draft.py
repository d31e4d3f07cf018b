"""The drafted approval request."""

from govkit.core import draft, records
from govkit.core.draft import Draft
from govkit.core.gates.base import Verdict
from tests.unit.core.cards import SHA, card, with_metrics
from tests.unit.core.simulator import digest, in_force, policy_value

CARD = digest("card")


def test_draft_has_every_stage() -> None:
    """How the version would stand in each stage, under the requirements that its digest names."""
    policy = in_force(policy_value())
    made = draft.make(with_metrics({"auc": 0.7}), CARD, policy)
    assert ("m", CARD, SHA, policy.digest) == (made.model, made.card, made.weights, made.policy)
    assert list(made.stages) == ["production", "staging"]
    required = policy.requirements("m", "medium", "production")
    production = made.stages["production"]
    assert required is not None
    assert required.digest == production.requirements
    assert [(check.gate, check.verdict) for check in production.checks] == [
        ("auc", "fail"),
        ("origin", "pass"),
        ("approvals", "pending"),
    ]


def test_blocking_is_what_is_decided_against() -> None:
    """What is pending does not block yet; what failed does."""
    made = draft.make(card(), CARD, in_force(policy_value()))
    assert [(check.gate, check.verdict) for check in made.stages["staging"].blocking] == [("auc", Verdict.ERROR)]


def test_draft_without_a_policy() -> None:
    """Where there is no policy yet, nothing is required, and that is not hidden."""
    made = draft.make(card(), CARD, None)
    assert (made.policy, made.stages) == (None, {})


def test_draft_is_canonical() -> None:
    """Two drafts of the same card and policy are the same bytes, and are read again."""
    one, other = (draft.make(with_metrics({"auc": 0.8}), CARD, in_force(policy_value())) for _ in range(2))
    assert records.to_json(one) == records.to_json(other)
    assert one == records.from_json(records.to_json(one), Draft)
