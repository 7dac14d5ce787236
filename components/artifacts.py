"""The artifact types that nodes hand to each other through ML Metadata.

TFX's own types serve where they fit (Schema, Model, ModelEvaluation,
ModelBlessing, ModelRun, PushedModel, InferenceResult). Each payload is a folder; the
module that owns a payload's format is named beside its type.
"""

from __future__ import annotations

from tfx.types.artifact import Artifact
from tfx.types.standard_artifacts import (
    InferenceResult,
    Model,
    ModelBlessing,
    ModelEvaluation,
    ModelRun,
    PushedModel,
    Schema,
)

__all__ = [
    "BenefitReport",
    "Cohort",
    "ContributionReport",
    "Dashboard",
    "FeatureSpec",
    "InferenceResult",
    "Model",
    "ModelBlessing",
    "ModelEvaluation",
    "ModelRun",
    "PushedModel",
    "Schema",
    "SiloExamples",
    "SiloStatistics",
]


class SiloExamples(Artifact):  # type: ignore[misc]  # TFX has no types
    """Manifest of the silos' splits, by reference (`payloads/manifest.py`)."""

    TYPE_NAME = "SiloExamples"


class SiloStatistics(Artifact):  # type: ignore[misc]
    """TFDV statistics of silos' training rows (`payloads/statistics.py`)."""

    TYPE_NAME = "SiloStatistics"


class Cohort(Artifact):  # type: ignore[misc]
    """Which silos train, and why the others don't (`payloads/cohort.py`)."""

    TYPE_NAME = "Cohort"


class FeatureSpec(Artifact):  # type: ignore[misc]
    """How a row becomes a model's inputs (`features/spec.py`)."""

    TYPE_NAME = "FeatureSpec"


class BenefitReport(Artifact):  # type: ignore[misc]
    """What each silo gains, and which model serves it (`payloads/benefit.py`)."""

    TYPE_NAME = "BenefitReport"


class ContributionReport(Artifact):  # type: ignore[misc]
    """Who contributes, and who rides free (`payloads/contribution.py`)."""

    TYPE_NAME = "ContributionReport"


class Dashboard(Artifact):  # type: ignore[misc]
    """The run's page, and one for each silo's owner; each is one HTML file."""

    TYPE_NAME = "Dashboard"
