"""All kinds of gates that a policy can name, by their ``type``."""

from __future__ import annotations

from govkit.core.gates.artifact import ArtifactGate
from govkit.core.gates.calibration import CalibrationGate
from govkit.core.gates.canary import CanaryGate
from govkit.core.gates.card import CardGate
from govkit.core.gates.champion import ChampionGate
from govkit.core.gates.compatibility import CompatibilityGate
from govkit.core.gates.data import DataGate
from govkit.core.gates.drift import DriftGate
from govkit.core.gates.expression import ExpressionGate
from govkit.core.gates.fairness import FairnessGate
from govkit.core.gates.lineage import LineageGate
from govkit.core.gates.metric import MetricGate
from govkit.core.gates.reproduced import ReproducedGate
from govkit.core.gates.signed_commits import SignedCommitsGate
from govkit.core.gates.stage import StageGate

AnyGate = (
    MetricGate
    | FairnessGate
    | ChampionGate
    | CalibrationGate
    | DriftGate
    | LineageGate
    | DataGate
    | CardGate
    | CompatibilityGate
    | StageGate
    | CanaryGate
    | ArtifactGate
    | ReproducedGate
    | SignedCommitsGate
    | ExpressionGate
)
