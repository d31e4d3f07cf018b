"""``govkit mlflow sync``: bring MLflow's model registry in line with a proven log. Writes nothing to the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Final

from msgspec import Struct

from govkit.core.events import Head
from govkit.integrations.mlflow import plan as plans
from govkit.integrations.mlflow.plan import SEAL_TAG, Change, Plan, Stranger
from govkit.integrations.mlflow.server import Server, find_uri
from govkit.integrations.mlflow.wanted import WantedModel, Withheld, name_of, wanted
from govkit.workflow.session import Session

SCHEMA: Final = "govkit.mlflow-sync/v1"
Watch = Callable[[str, int, int], None]


class Synced(Struct, frozen=True):
    """What a sync found and did.

    Attributes:
        server: where, without credentials.
        log_root: the root of trust.
        head: the head of the log that MLflow now speaks for.
        models: how many models were looked at.
        versions: how many versions the log has of them.
        changes: what differed.
        strangers: versions in MLflow of which the log knows nothing; they were left there.
        orphans: registered models that say they are of this log, and are none of its models.
        withheld: versions that got no alias, as they are not proven.
        applied: whether the changes were made.
        is_check: whether a difference is a failure.
    """

    server: str
    log_root: str
    head: Head
    models: int
    versions: int
    changes: list[Change]
    strangers: list[Stranger]
    orphans: list[str]
    withheld: list[Withheld]
    applied: bool
    is_check: bool

    @property
    def by_hand(self) -> list[Change]:
        """What somebody changed in MLflow."""
        return [change for change in self.changes if change.by_hand]

    @property
    def exit_code(self) -> int:
        """0 if MLflow says what the log says; that of the verifier if it does not prove what serves; 1 for a check."""
        codes = {one.exit_code for one in self.withheld}
        if self.is_check and (self.changes or self.strangers or self.orphans):
            codes.add(1)
        return 1 if 1 in codes else max(codes, default=0)


def sync(
    session: Session,
    models: Sequence[str] = (),
    *,
    tracking_uri: str | None = None,
    prefix: str = "",
    adopt: bool = False,
    check: bool = False,
    watch: Watch | None = None,
) -> Synced:
    """Bring MLflow in line with the log; with ``dry_run`` among the session's options only say what would be done.

    Args:
        session: the repository.
        models: which models; all that the log knows if none is named.
        tracking_uri: where MLflow is; looked up in the environment if None.
        prefix: what each name in MLflow begins with.
        adopt: take over registered models that govkit did not make for this log.
        check: change nothing, and take a difference for a failure.
        watch: told what is being done, how much of it, and of how much.

    Raises:
        Usage: if the log knows no such model, no server is named, its client is not installed, or it lets us not in.
        Refused: if the log is not in order, or MLflow has such a model that is not this log's.
        Undecided: if no root is pinned, something in the log cannot be decided, or the server cannot be reached.
    """
    uri = find_uri(tracking_uri)
    should = wanted(session, models, prefix, watch)
    server = Server(uri, f"govkit {metadata.version('dvc-govkit')}")
    found = list(_compared(server, should, watch, adopt=adopt))
    root = session.log.root_of_trust
    names = {name_of(model, prefix) for model, _ in session.state.versions}
    orphans = [name for name in server.registered(root) if name not in names]
    applied = not (check or session.options.dry_run)
    if applied:
        _apply(server, found, watch)
    return Synced(
        server=server.shown,
        log_root=root,
        head=session.log.head,
        models=len(should),
        versions=sum(len(model.versions) for model in should),
        changes=[change for one in found for change in one.changes],
        strangers=[stranger for one in found for stranger in one.strangers],
        orphans=sorted(orphans),
        withheld=[one for model in should for one in model.withheld],
        applied=applied,
        is_check=check,
    )


def _compared(server: Server, should: Sequence[WantedModel], watch: Watch | None, *, adopt: bool) -> Iterator[Plan]:
    for done, model in enumerate(should, 1):
        yield plans.compare(model, server.read(model.name), adopt=adopt)
        if watch is not None:
            watch("asking MLflow", done, len(should))


def _apply(server: Server, found: Sequence[Plan], watch: Watch | None) -> None:
    """Make the changes of each model in their order, so that what is withdrawn goes first."""
    done, total = 0, sum(len(one.changes) for one in found)
    for one in found:
        numbers = dict(one.numbers)
        for place, change in enumerate(one.changes):
            server.apply(change, numbers)
            if _is_last(one.changes, place):
                server.sign(change.name, numbers[change.version], SEAL_TAG, one.seals[change.version])
            done += 1
            if watch is not None:
                watch("changing MLflow", done, total)
        if not one.is_noted:
            server.note(one.wanted.name, one.state)


def _is_last(changes: Sequence[Change], place: int) -> bool:
    """Tell whether a change is the last one of a version's tags, upon which they are sealed."""
    change = changes[place]
    if change.what not in ("tag", "untag") or not change.version:
        return False
    later = changes[place + 1 :]
    return not any(one.what in ("tag", "untag") and one.version == change.version for one in later)
