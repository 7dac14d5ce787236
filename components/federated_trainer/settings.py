"""The trainer's section of the settings."""

from __future__ import annotations

from components.federation.plan import TrainingPlan


class TrainingSettings(TrainingPlan):
    """How the model is trained."""

    silo_registry: str = ""
    """JSON file with the addresses of workers that silos run themselves,
    {"<silo id>": "host:port"}; empty: each training starts its own."""
