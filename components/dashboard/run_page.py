"""The page of a run, or of an evaluation alone: the list of all sections."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from components.dashboard import chart_data, page
from components.dashboard.page import Page
from components.dashboard.report import Report
from components.dashboard.section import View
from components.dashboard.sections import (
    account,
    benefit,
    contribution,
    data,
    decision,
    evaluation,
    groups,
    key_figures,
    privacy,
    silos,
    training,
)
from components.dashboard.settings import DashboardSettings

FILE_NAME = "index.html"
# Sections that show more than the evaluation: each with the artifact it is of.
PROCESS = (
    ("model_run", training.section),
    ("cohort", data.findings),
    ("feature_spec", data.features),
    ("examples", data.examples),
    ("cohort", account.egress),
    ("inference_result", account.predictions),
)


def render(
    report: Report, views: Sequence[View], bundle: str, settings: DashboardSettings
) -> str:
    """Return the page as HTML; the same report gives the same bytes.

    Args:
        report: What was read of the run.
        views: TFMA's views, empty where nothing was evaluated.
        bundle: The JavaScript of TFMA's elements.
        settings: How much is shown.
    """
    sections = (
        decision.decision(report),
        key_figures.section(report),
        decision.gates(report),
        evaluation.fairness(report, views),
        silos.section(report),
        *([benefit.section(report)] if "benefit" in report.parts else []),
        *([contribution.section(report)] if "contribution" in report.parts else []),
        *([privacy.section(report)] if report.privacy.mode != "none" else []),
        groups.section(report, settings.groups_inside_silos),
        evaluation.calibration(report),
        *(make(report) for artifact, make in PROCESS if artifact in report.parts),
        account.version(report),
    )
    return page.render(
        Page(
            title=f"{decision.verdict(report)}: {report.about.title}",
            heading=report.about.title,
            sections=sections,
            data=chart_data.of_report(report, settings.groups_inside_silos),
            bundle=bundle if views else "",
        )
    )


def with_views(
    report: Report, folder: str | pathlib.Path, settings: DashboardSettings
) -> str:
    """Return the page with TFMA's views of what a folder holds; loads TFMA."""
    from components.dashboard import tfma_view

    families = report.scores.families()
    views = tfma_view.views(folder, families, settings.slices_in_view)
    return render(report, views, tfma_view.bundle() if views else "", settings)
