"""The verifier at the door of production: believes nothing that it has not checked, and writes nothing but memory.

It loads none of DVC, GTO, the CEL engine and pandas.
"""

from __future__ import annotations

from msgspec import Struct, field

from govkit.core import compatibility, digests, ends, history, tags, times, verdict
from govkit.core.card import Contract
from govkit.core.compatibility import Target
from govkit.core.entities import Clearing, Promotion
from govkit.core.errors import Malformed, Refused, Undecided, Usage
from govkit.core.gates.base import Check, Verdict
from govkit.core.verdict import VerifyVerdict
from govkit.storage import entries
from govkit.storage.trees import CommitTree
from govkit.workflow import cards, checkpoints, facts, faults, imports, judge, register, retrospect
from govkit.workflow.session import Session

#: How many tags without effect are named one by one.
_MANY = 20
#: What is required of tags, and what to do where it is not met.
TAGS_REQUIRED = "every tag of this model that the log recorded is there, unmoved"
TAGS_FIX = "bring it back with 'govkit doctor --fix'; find out who moved it"


def verify(
    session: Session,
    model: str,
    stage: str,
    *,
    min_head: str | None = None,
    record: str | None = None,
    target: Target | None = None,
) -> VerifyVerdict:
    """Prove which version serves in a stage, or say why that is not proven.

    Args:
        session: the repository.
        model: the model's full name.
        stage: the stage.
        min_head: ``SIZE`` or ``SIZE:sha256:…``: the log must hold at least this head.
        record: the identity of the promotion that must serve there; None for whichever does.
        target: where it would run, to be held against the card's contract; None if that is not asked.

    Raises:
        Usage: if there is no log, or neither model nor stage is known.
        Refused, Undecided: if the log as a whole is not the pinned one or cannot be relied on.
    """
    session.check_trust()
    session.check_history()
    faults.check_min_head(session.log, min_head)
    checkpoints.check_fresh(session)
    promotion = _serving(session, model, stage)
    work = _Verification(session, promotion, target)
    work.run()
    work.check_record(record)
    result = work.result()
    if result.verdict == "proven":
        session.remember()
    return result


def past(session: Session, promotion: Promotion) -> tuple[VerifyVerdict, list[Check]]:
    """Prove again that a version was let in as it had to be, whether or not it serves now.

    What has come since, such as a revocation or an end that has passed, keeps it from serving today, and does not
    touch what was: it goes into a list of its own.

    Args:
        session: the repository.
        promotion: how it was let in.

    Returns:
        The verdict over the record, and the checks that look at today.

    Raises:
        Refused, Undecided: if the log as a whole is not the pinned one or cannot be relied on.
    """
    session.check_trust()
    session.check_history()
    work = _Verification(session, promotion, dated=[])
    work.run()
    return work.result(), work.dated or []


def _serving(session: Session, model: str, stage: str) -> Promotion:
    """Return the promotion that the log has for a stage.

    Raises:
        Usage: if model or stage is unknown.
        Refused: if nothing serves there.
    """
    last = session.state.last(model, stage)
    if isinstance(last, Promotion):
        return last
    before = imports.said(session, model, stage)
    if last is None and not before:
        judge.check_known(session, model, stage)
    when = f"cleared by {last.at.event.actor if last.at.event else '?'}: {last.body.reason}" if last else ""
    raise Refused(
        f"nothing serves {model} in {stage}",
        why=when if isinstance(last, Clearing) else f"the log has no promotion into it{before}",
        fix=f"ask for one: govkit request {model}@VERSION --stage {stage} -m 'REASON'",
    )


class _Verification(Struct):
    """One run of the verifier over one promotion.

    ``dated`` takes the checks that look at today, where they are wanted apart; None puts them among the others.
    """

    session: Session
    promotion: Promotion
    target: Target | None = None
    dated: list[Check] | None = None
    checks: list[Check] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    on_trust: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self) -> None:
        self._check_log()
        self._check_revoked()
        self._check_tags()
        self._check_tag()
        original = self.session.state.original(self.promotion)
        self._check_registration()
        self._check_card()
        self._check_approval(original)
        self._check_rollback()
        self._check_ends()

    def add(self, name: str, verdict: Verdict, required: str, found: str, fix: str = "") -> None:
        self.checks.append(Check(gate=name, type="proof", verdict=verdict, required=required, found=found, fix=fix))

    @property
    def _of_today(self) -> list[Check]:
        return self.checks if self.dated is None else self.dated

    def check_record(self, record: str | None) -> None:
        """What serves must be the promotion that a deployment pinned, if it pinned one."""
        if record is not None:
            same, fix = self.promotion.at.id == record, "pin the newer record on purpose, or go back to that version"
            verdict_, required = Verdict.PASS if same else Verdict.FAIL, f"the promotion {record}"
            self.add("record", verdict_, required, self.promotion.at.id, "" if same else fix)

    # -- the log ------------------------------------------------------------------------------------------------

    def _check_log(self) -> None:
        state = self.session.state
        self.notes += self.session.disguises()
        if self.session.options.mirror is not None:
            self.notes.append(f"the log was read from the mirror {self.session.options.mirror}, not from Git")
        self.add(
            "log", Verdict.PASS, "the pinned log, in one history", f"{len(state.tree)} events from the pinned root"
        )
        for judged in (state.judged[index] for index in state.remarkable):
            if judged.status != "good":
                self.notes.append(
                    f"event {judged.index} has no effect: {judged.reason}{faults.acknowledgement(state, judged)}"
                )
            self.notes += [f"the commit of event {judged.index} {strange}" for strange in judged.irregular]

    def _check_revoked(self) -> None:
        key = (self.promotion.model, self.promotion.body.version)
        revoked = self.session.state.revoked.get(key)
        if revoked is not None and revoked.event is not None:
            found = f"revoked by {revoked.event.actor} at {revoked.effective}: {revoked.event.body.get('reason')}"
            fix = "roll back, or promote another version"
            self._of_today.append(verdict.proof("revocation", False, "not revoked", found, fix))
        else:
            self._of_today.append(verdict.proof("revocation", True, "not revoked", "not revoked"))

    # -- tags ---------------------------------------------------------------------------------------------------

    def _check_tags(self) -> None:
        found = faults.tag_faults(self.session)
        mine = [fault for fault in found if fault.model == self.promotion.model]
        broken = [f"'{fault.name}': {fault.problem}" for fault in mine if fault.recorded]
        found_ = "; ".join(broken) or "all there, unmoved"
        self.checks.append(verdict.proof("tags", not broken, TAGS_REQUIRED, found_, TAGS_FIX))
        others = [f"the tag '{fault.name}' has no effect: {fault.problem}" for fault in mine if not fault.recorded]
        # Anybody can push thousands, and so bury what else there is to say.
        more = f"{len(others) - _MANY} more tags have no effect: 'govkit log verify' names them"
        self.notes += [*others[:_MANY], *([more] if len(others) > _MANY else [])]

    def _check_tag(self) -> None:
        """Read the promotion's tag from the repository and hold it against the log once more."""
        body = self.promotion.body
        required = "the promotion tag is signed by who promoted, and says what the log says"
        identity = self.session.tag_refs().get(body.tag.name)
        if identity is None:
            self.add("tag", Verdict.FAIL, required, f"'{body.tag.name}' is not here", "git fetch --tags")
            return
        kind, content = self.session.git.read(identity)
        problem = f"it is a {kind}, not a tag object" if kind != "tag" else self._tag_problem(content)
        actor = self.promotion.at.event.actor if self.promotion.at.event else ""
        found = problem or f"'{body.tag.name}' signed by {actor}"
        self.add(
            "tag", Verdict.FAIL if problem else Verdict.PASS, required, found, "ask who moved it" if problem else ""
        )

    def _tag_problem(self, content: bytes) -> str:
        body, event = self.promotion.body, self.promotion.at.event
        try:
            tag = tags.parse(content)
        except Malformed as error:
            return str(error)
        if tag.name != body.tag.name:
            return f"the tag object is named '{tag.name}'"
        policy = self.session.state.policy_at(self.promotion.at.index)
        signer = entries.tag_signer(content)
        owner = policy.owner(signer) if policy and signer else None
        if event is None or owner != event.actor:
            return f"signed by {owner or 'nobody known'}"
        said = (tag.record.version, tag.record.commit, tag.record.card, tag.record.weights)
        if said != (body.version, body.commit, body.card, body.weights):
            return "it says something else than the log"
        return ""

    # -- where it comes from ------------------------------------------------------------------------------------

    def _check_registration(self) -> None:
        body = self.promotion.body
        version = self.session.state.versions[self.promotion.model, body.version]
        policy = self.session.state.policy_at(version.at.index)
        branches = policy.policy.branches if policy else []
        heads = register.branch_heads(self.session.git, branches)
        commit = body.commit.partition(":")[2]
        required = f"its commit is on {' or '.join(branches)}"
        if self.session.git.missing_history():
            self.add("commit", Verdict.INCONCLUSIVE, required, "this clone is shallow", "git fetch --unshallow")
        elif not self.session.git.has(commit):
            self.add("commit", Verdict.INCONCLUSIVE, required, f"{commit[:10]} is not in this clone", "git fetch --all")
        elif not heads:
            self.add("commit", Verdict.INCONCLUSIVE, required, "this clone has no such branch", "git fetch --all")
        elif any(self.session.git.is_ancestor(commit, head) for head in heads):
            self.add("commit", Verdict.PASS, required, commit[:10])
        else:
            self.add("commit", Verdict.FAIL, required, f"{commit[:10]} is on none of them", "find out who rewrote them")

    def _check_card(self) -> None:
        body = self.promotion.body
        required = "the committed card is the approved one, and can be made again from the commit"
        try:
            tree = CommitTree(self.session.git, body.commit.partition(":")[2])
            committed, _ = cards.read_committed(tree, self.promotion.model)
            if digests.sha256(committed) != body.card:
                self.add("card", Verdict.FAIL, required, "the commit's card is not the approved one")
                return
            registered = facts.card_of(self.session, self.session.state.versions[self.promotion.model, body.version])
            self._check_contract(registered[1].statements.contract)
            comparison = cards.check(self.session.git, tree, self.promotion.model)
        except Undecided as error:
            self.add("card", Verdict.INCONCLUSIVE, required, str(error), error.fix)
            return
        except (Refused, Usage) as error:
            self.add("card", Verdict.FAIL, required, str(error), error.fix)
            return
        self.proven, self.on_trust = comparison.made.proven, comparison.made.on_trust
        if comparison.made.unread:
            missing = ", ".join(comparison.made.unread)
            self.add("card", Verdict.INCONCLUSIVE, required, f"the bytes of {missing} are not here", "run 'dvc fetch'")
        elif comparison.differences:
            self.add("card", Verdict.FAIL, required, "; ".join(comparison.differences[:3]), "find out who edited it")
        else:
            self.add("card", Verdict.PASS, required, digests.short(body.card))

    def _check_contract(self, contract: Contract) -> None:
        """Hold the runtime contract against the calendar, and against where it would run."""
        valid = compatibility.validity(contract, self._now())
        self._of_today.extend([valid] if valid else [])
        self.checks += compatibility.judge(contract, self.target) if self.target else []

    # -- who let it in ------------------------------------------------------------------------------------------

    def _check_approval(self, original: Promotion) -> None:
        state = self.session.state
        question = retrospect.question(state, original)
        if question is None:
            self.add("requirements", Verdict.FAIL, "those that were approved", "they cannot be found in the log")
            return
        tier = history.tier_words(state, question.version, original.body.stage, original.at.index)
        self.notes += [tier] if "CHANGED" in tier else []
        try:
            for check in retrospect.checks(self.session, question, retrospect.decisions(state, original)):
                self.checks.append(check)
            self._check_waivers(question)
        except Undecided as error:
            self.add("approvals", Verdict.INCONCLUSIVE, "the quorum that the policy demanded", str(error), error.fix)
        except Refused as error:
            self.add("gates", Verdict.FAIL, "the gates that the policy demanded", str(error), error.fix)
        request = state.requests[original.body.request or ""]
        signed = [("request", request.at), ("promotion", self.promotion.at), ("registration", question.version.at)]
        for name, judged in signed:
            if state.is_compromised(judged):
                self.add(name, Verdict.FAIL, "signed with a sound key", "its key is reported as compromised")

    def _check_rollback(self) -> None:
        """A rollback that was asked for has approvals of its own, beside those of what it goes back to."""
        body = self.promotion.body
        if body.kind == "rollback" and body.request is not None:
            self.checks += retrospect.rollback_checks(self.session, self.promotion)

    def _check_ends(self) -> None:
        """An override that has ended proves nothing; an overdue review warns, or refuses if the policy says so."""
        body, now = self.promotion.body, self._now()
        # Under rules 1 a usual promotion could name an end, which meant nothing.
        if body.expires is not None and self.promotion.override:
            self._of_today.append(ends.override(body.expires, now, "promote it the usual way, or roll back"))
        if body.review_by is not None:
            self._overdue("review", "approved again in time", f"due by {body.review_by}", body.review_by < now)
        for finding in self.session.state.findings.values():
            mine = (finding.model, finding.version) == (self.promotion.model, body.version)
            if mine and finding.closed is None:
                late = "OVERDUE" if finding.is_overdue(now) else "open"
                self.notes.append(f"{finding.name} is {late}, for {finding.owner} until {finding.due}: {finding.text}")

    def _now(self) -> str:
        return max(self.session.state.effective, times.write(self.session.now()))

    def _overdue(self, name: str, required: str, found: str, is_late: bool) -> None:
        """Add a check on a day; one that has passed refuses only where the policy of the promotion says so."""
        fix = f"ask again: govkit request '{self.promotion.model}@{self.promotion.body.version}' --stage "
        fix += f"{self.promotion.body.stage} -m WHY"
        refuses = is_late and self._refuses_overdue()
        self._of_today.append(ends.overdue(name, required, found, is_late=is_late, refuses=refuses, fix=fix))
        if is_late and not refuses:
            self.notes.append(f"{name} is overdue, {found}; {fix}")

    def _refuses_overdue(self) -> bool:
        original = self.session.state.original(self.promotion)
        policy = self.session.state.policy_at(original.at.index)
        version = self.session.state.versions[self.promotion.model, self.promotion.body.version]
        view = policy.stage(self.promotion.body.stage, version.body.tier) if policy else None
        return view is None or view.approvals is None or view.approvals.on_overdue == "refuse"

    def _check_waivers(self, question: facts.Question) -> None:
        """Say what was waived, and until when; an end that has passed is overdue."""
        for gate, waiver in facts.waivers(self.session, question).items():
            used = any(check.gate == gate and check.verdict is Verdict.WAIVED for check in self.checks)
            if used:
                found = f"{gate} was {waiver.words}"
                self._overdue(f"waiver of {gate}", "mended in time", found, waiver.body.expires < self._now())

    # -- the end ------------------------------------------------------------------------------------------------

    def result(self) -> VerifyVerdict:
        body = self.promotion.body
        return VerifyVerdict(
            schema=verdict.SCHEMA,
            verdict=verdict.sum_up(self.checks),
            model=self.promotion.model,
            stage=body.stage,
            version=body.version,
            commit=body.commit,
            tag=body.tag.name,
            kind=body.kind,
            override=self.promotion.override,
            card=body.card,
            weights=body.weights,
            promotion=self.promotion.at.id,
            expires=body.expires,
            review_by=body.review_by,
            log_root=self.session.log.root_of_trust,
            remote=self.session.state.remote,
            head=self.session.log.head,
            checks=self.checks,
            proven=self.proven,
            on_trust=self.on_trust,
            notes=self.notes,
        )
