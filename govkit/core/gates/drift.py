"""Gate ``drift``: the data is still like the data of the version that serves now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from govkit.core.card import DataProfile
from govkit.core.errors import Malformed
from govkit.core.gates import against, distributions
from govkit.core.gates.against import First
from govkit.core.gates.base import Context, Gate, Outcome, Verdict

#: How many features are named.
NAMED = 3


class DriftGate(Gate, tag="drift", frozen=True, kw_only=True):
    """No feature of the data has drifted far from the data of the champion, by the data profiles of both cards.

    The champion is the version that serves in the stage that is asked for; snapshots are matched by the ``path`` in
    their profiles, and each that one of the two has the other must have, too.

    The population stability index comes from credit scoring (N. Siddiqi, *Credit Risk Scorecards*, 2006): the sum
    over bins of ``(q - p) * ln(q / p)``, where ``p`` is the champion's share of rows in the bin and ``q`` the
    version's. By a common rule of thumb it is small below 0.1 and large above 0.25. Bins are the values, for a feature
    with ``counts``; else they lie between the champion's deciles, with a bin of its own for a value that the champion
    holds often (a quantile that stands there twice). Missing values are one more bin. A share below 0.0001 counts as
    0.0001, because the logarithm knows no 0.

    The Kolmogorov-Smirnov statistic is the largest distance between the cumulative distributions, 0 to 1. Between two
    of the 21 quantiles a distribution is taken to be even. Values that are no numbers have no order: for these it is
    half the sum of the differences, the most that any order would give.

    Attributes:
        statistic: ``psi`` (population stability index) or ``ks`` (Kolmogorov-Smirnov).
        max: the largest value allowed for any feature.
        first: whether a version passes or fails for a stage in which none serves.
        features: the features that are compared; empty for every feature that either profile has.
        min_rows: the smallest number of rows, on both sides, for which the rule can be decided; below it, or where
            the profile gives none, it is inconclusive. 0 asks for none.
    """

    statistic: Literal["psi", "ks"]
    max: float
    first: First
    features: list[str] = []
    min_rows: Annotated[int, msgspec.Meta(ge=0)] = 0

    def faults(self) -> list[str]:
        """A bound that no statistic can pass, or none exceed, would be empty or impossible."""
        if not math.isfinite(self.max):
            return ["a bound must be a finite number"]
        if self.max < 0:
            return [f"no {self.statistic} is below {self.max:g}, so nothing could pass"]
        limit = 1.0 if self.statistic == "ks" else distributions.MAX_PSI
        return [f"no {self.statistic} is above {self.max:g}, so it could never refuse"] if self.max >= limit else []

    def decide(self, context: Context) -> Outcome:
        """Compare the profiles, feature by feature; the worst one decides."""
        what = ", ".join(self.features) if self.features else "every feature"
        required = f"{self.statistic} of {what} ≤ {self.max:.12g} against the champion's data"
        required += f", rows ≥ {self.min_rows}" if self.min_rows else ""
        champion = against.champion(context, self.first, required)
        if isinstance(champion, Outcome):
            return champion
        try:
            pairs = matched(context.card.profiles, champion.profiles)
            values = self._values(pairs)
        except Malformed as error:
            return Outcome(
                Verdict.ERROR, required, str(error), "profile the same snapshots and features as the champion does"
            )
        worst = sorted(values, key=lambda name: (-values[name], name))
        named = [f"{name} {values[name]:.4g}" for name in worst[:NAMED] if values[name] > self.max or name == worst[0]]
        found = f"worst: {', '.join(named)}; {len(values)} compared"
        few = sorted({_rows(one) for pair in pairs.values() for one in pair if (one.rows or 0) < self.min_rows})
        if few:
            return Outcome(
                Verdict.INCONCLUSIVE, required, f"{found}; too few rows in {', '.join(few)}", "take a larger snapshot"
            )
        if values[worst[0]] <= self.max:
            return Outcome(Verdict.PASS, required, found)
        return Outcome(
            Verdict.FAIL, required, found, "find out why the data changed; then train on it, or have the gate waived"
        )

    def _values(self, pairs: Mapping[str, tuple[DataProfile, DataProfile]]) -> dict[str, float]:
        """Return the statistic by feature, with the snapshot's path where there are several."""
        values: dict[str, float] = {}
        for path, (own, theirs) in pairs.items():
            there = own.features.keys() | theirs.features.keys()
            for name in sorted(there & set(self.features) if self.features else there):
                label = f"{short(name)} in {short(path)}" if len(pairs) > 1 else short(name)
                label = label if label not in values else f"{label} ({len(values)})"
                values[label] = self._value(name, own, theirs)
        known = {name for pair in pairs.values() for one in pair for name in one.features}
        unknown = [name for name in self.features if name not in known]
        if unknown or not values:
            raise Malformed(
                f"no profile has {', '.join(map(short, unknown))}" if unknown else "no profile has features"
            )
        return values

    def _value(self, name: str, own: DataProfile, theirs: DataProfile) -> float:
        for one, whose in ((own, "this version"), (theirs, "the champion")):
            if name not in one.features:
                raise Malformed(f"{short(name)} is not in the profile of {whose}")
        try:
            reference = distributions.read(theirs.features[name], theirs.rows)
            other = distributions.read(own.features[name], own.rows)
            compare = distributions.psi if self.statistic == "psi" else distributions.ks
            return compare(reference, other)
        except Malformed as error:
            raise Malformed(f"{short(name)}: {error}") from error


def matched(own: Sequence[DataProfile], theirs: Sequence[DataProfile]) -> dict[str, tuple[DataProfile, DataProfile]]:
    """Return profiles of this version and of the champion by the path of their snapshot.

    Raises:
        Malformed: if one of them has no profile, two of one snapshot, or one that the other has not.
    """
    sides = []
    for profiles, whose in ((own, "this version"), (theirs, "the champion")):
        by_path = {profile.path: profile for profile in profiles}
        if not by_path:
            raise Malformed(f"{whose} has no data profile")
        if len(by_path) < len(profiles):
            raise Malformed(f"{whose} has two profiles of one snapshot")
        sides.append(by_path)
    alone = sorted(sides[0].keys() ^ sides[1].keys())
    if alone:
        raise Malformed(f"only one of the two has a profile of {', '.join(map(short, alone))}")
    return {path: (sides[0][path], sides[1][path]) for path in sorted(sides[0])}


def short(name: str) -> str:
    """Return a name that somebody chose, cut to what a sentence can hold."""
    return name if len(name) <= 60 else name[:59] + "…"


def _rows(profile: DataProfile) -> str:
    return f"{short(profile.path)} ({'?' if profile.rows is None else profile.rows})"
