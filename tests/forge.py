"""Events as a modified govkit would write them: no rule is asked, any field can be wrong, all signatures are good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from world import MODEL, World

from govkit.core import digests, names, records, tags, times
from govkit.core.entities import Request
from govkit.core.events import DecisionRecorded, PromotionRecorded, RequestOpened, TagRef, VersionRegistered
from govkit.core.judged import Judged
from govkit.core.records import Record
from govkit.core.tags import TagRecord
from govkit.storage import yamledit
from govkit.storage.signatures import TAG_NAMESPACE


def now(ahead: timedelta = timedelta()) -> str:
    """Return an instant as records write it."""
    return times.write(datetime.now(UTC) + ahead)


def tag(world: World, person: str, name: str, kind: str, commit: str, time: str, **fields: Any) -> bytes:
    """Return the bytes of a tag object, signed by a person."""
    log = world.log()
    parsed = names.parse_tag(name)
    assert parsed is not None and log.state.policy is not None
    blank = dict.fromkeys(("version", "stage", "card", "weights", "requirements", "request"))
    record = TagRecord(
        schema=tags.SCHEMA,
        ref=name,
        kind=kind,  # type: ignore[arg-type]
        model=parsed.model,
        commit=commit,
        policy=log.state.policy.digest,
        log=log.head,
        actor=person,
        **{**blank, "decisions": [], **fields},
    )
    payload = tags.payload(record, log.state.policy.tagger(person), time)
    return payload + world.sign(person, payload, TAG_NAMESPACE)


def tagged(
    world: World,
    person: str,
    type_: str,
    name: str,
    kind: str,
    body: Callable[[TagRef], Record],
    evidence: Mapping[str, bytes] | None = None,
    *,
    time: str | None = None,
    subject: str = MODEL,
    **fields: Any,
) -> Judged:
    """Append an event with its tag, and put the tag into the repository; returns the verdict on the event."""
    time = time or max(world.log().state.effective, now())
    commit = records.to_value(body(TagRef(name=name, id="git-sha1:" + "0" * 40)))["commit"]
    content = tag(world, person, name, kind, commit, time, **fields)
    identity = world.repository().write_object("tag", content)
    world.git("update-ref", f"refs/tags/{name}", identity)
    world.push_signed(
        person,
        {**(evidence or {}), "tag": content},
        type=type_,
        subject=subject,
        body=body(TagRef(name=name, id=f"git-sha1:{identity}")),
        time=time,
    )
    return world.last()  # type: ignore[no-any-return]


def registration(world: World, version: str, commit: str, card: bytes, *, person: str = "ada", **body: Any) -> Judged:
    """Register a commit as a version, with any card and digests."""
    from govkit.core import card as card_format

    parsed = card_format.parse(card)
    fields: dict[str, Any] = {
        "version": version,
        "commit": f"git-sha1:{commit}",
        "tier": parsed.statements.tier,
        "card": digests.sha256(card),
        "weights": parsed.weights.sha256,
        "data": parsed.data_digest(),
        **body,
    }
    return tagged(
        world,
        person,
        "version.registered",
        f"{MODEL}@v{version}",
        "register",
        lambda ref: VersionRegistered(**fields, tag=ref),
        {"card.json": card},
        version=version,
        card=fields["card"],
        weights=fields["weights"],
    )


def opened(world: World, name: str) -> Request:
    """Return the newest request with a name or identity."""
    found = world.log().state.find_request(name)
    assert found is not None
    return found


def decision(
    world: World,
    person: str,
    request: str,
    *,
    role: str = "validator",
    decision: str = "approve",
    card: bytes | None = None,
    expires: str | None = None,
    name: str = "card.json",
    comment: str = "not yet",
    **fields: Any,
) -> Judged:
    """Sign a decision on a request (by name or identity) without asking any rule."""
    found = opened(world, request)
    assert found.at.event is not None
    log = world.log()
    if card is None:
        card = log.evidence(world.repository(), found.at.index, name, found.at.event.evidence[name])
    body = DecisionRecorded(
        request=found.id,
        role=role,
        decision=decision,  # type: ignore[arg-type]
        meaning="yes",
        expires=expires or (now(timedelta(days=29)) if decision == "approve" else None),
        comment=comment if decision == "reject" else "",
    )
    subject = fields.pop("subject", found.model)
    world.push_signed(person, {name: card}, type="decision.recorded", subject=subject, body=body, **fields)
    return world.last()  # type: ignore[no-any-return]


def promotion(
    world: World,
    request: str,
    /,
    *,
    person: str = "remy",
    tag_name: str | None = None,
    time: str | None = None,
    **body: Any,
) -> Judged:
    """Promote on a request (by name or identity); the decisions are all approvals of it, unless others are named."""
    state = world.log().state
    found = opened(world, request)
    asked = found.body
    assert asked.digests is not None and state.policy is not None
    fields: dict[str, Any] = {
        "kind": "promote",
        "version": asked.version,
        "stage": asked.stage,
        "commit": asked.commit,
        "card": asked.digests.card,
        "weights": asked.digests.weights,
        "requirements": asked.digests.requirements,
        "policy": state.policy.digest,
        "request": found.id,
        "decisions": [d.at.id for d in found.decisions if d.body.decision == "approve"],
        **body,
    }
    name = tag_name or f"{found.model}#{fields['stage']}#{state.next_counter(found.model)}"
    only_event = ("kind", "commit", "policy", "restores", "reason", "ticket", "expires", "review_by")
    own = {k: v for k, v in fields.items() if k not in only_event}
    return tagged(
        world,
        person,
        "promotion.recorded",
        name,
        fields["kind"],
        lambda ref: PromotionRecorded(**fields, tag=ref),
        time=time,
        subject=names.parse_tag(name).model,  # type: ignore[union-attr]
        **own,
    )


def request(world: World, version: str, stage: str, *, person: str = "ada", **changes: Any) -> Judged:
    """Ask for a stage; any field of the body, or of its digests, can be another."""
    from govkit.core.events import Digests

    state = world.log().state
    found = state.versions[MODEL, version]
    rules = state.policy.requirements(MODEL, found.body.tier, stage) if state.policy else None
    champion = state.champion(MODEL, stage)
    bound: dict[str, Any] = {
        "card": found.body.card,
        "weights": found.body.weights,
        "data": found.body.data,
        "requirements": rules.digest if rules else digests.sha256(b""),
        "champion": champion.at.id if champion else None,
    }
    bound |= {key: changes.pop(key) for key in list(changes) if key in bound}
    card = world.log().evidence(world.repository(), found.at.index, "card.json", found.body.card)
    fields: dict[str, Any] = {
        "action": "promote",
        "reason": "please",
        "version": version,
        "stage": stage,
        "commit": found.body.commit,
        "digests": Digests(**bound),
        **changes,
    }
    world.push_signed(person, {"card.json": card}, type="request.opened", body=RequestOpened(**fields))
    return world.last()  # type: ignore[no-any-return]


def edit_policy(world: World, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the policy of the working tree, in any way."""
    path = world.repo / "governance" / "policy.yaml"
    # Not with PyYAML, which reads the key "on" as true.
    path.write_bytes(yamledit.edit(path.read_bytes(), change, where="policy.yaml"))


def committed(world: World, revision: str = "HEAD", name: str = "card.json") -> bytes:
    """Return a governance file of the model as it is in a commit."""
    identity = world.git("rev-parse", f"{revision}:governance/{MODEL}/{name}")
    return world.repository().read(identity)[1]
