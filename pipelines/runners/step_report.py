"""What each step of a run shows in Kubeflow's UI: one page and some metrics.

A page is the run page's own sections (`components/dashboard`) of what the step's node
wrote, so a step that the cache answered shows as much as one that ran, and a refusal
as much as a success. TFMA's views stand on the Dashboard's page alone: loading its
engine would cost each step ten seconds.
"""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from components.dashboard import chart_data, page, run_page
from components.dashboard import report as reports
from components.dashboard.page import Page
from components.dashboard.report import Report
from components.dashboard.section import (
    Banner,
    Bullets,
    Mood,
    Part,
    Section,
    facts,
)
from components.dashboard.sections import (
    account,
    data,
    decision,
    evaluation,
    groups,
    key_figures,
    silos,
    training,
)
from components.errors import FairSiloError
from components.payloads import pushed_model
from components.payloads.cohort import Cohort, Member
from components.payloads.decision import Decision
from components.payloads.manifest import EVAL, TRAIN, Manifest
from components.scoring import model
from pipelines import summary
from pipelines.places import Places
from pipelines.runners import step_metrics
from pipelines.runners.result import NodeResult
from pipelines.runners.step_metrics import Metrics
from pipelines.summary import Summary

logger = logging.getLogger(__name__)

DASHBOARD = "Dashboard"
HINT = "read the step's log, then start the run again"
BANNERS: dict[str, Banner] = {"good": "blessed", "bad": "refused", "": "plain"}
MARKS = {"good": "✓ ", "bad": "✗ ", "": ""}
VERDICTS: dict[str, tuple[str, Mood]] = {
    summary.BLESSED: ("Blessed: the model went into service", "good"),
    summary.INCOMPLETE: (
        "Blessed and in service, incomplete: some silo was not trained or not scored",
        "bad",
    ),
    summary.NOT_BLESSED: (
        "Not blessed: whatever is in service stays in service",
        "bad",
    ),
    summary.BELOW_QUORUM: ("Nothing was trained: too few silos were admitted", "bad"),
    summary.FAILED: ("The run failed", "bad"),
}


@dataclasses.dataclass(frozen=True)
class Step:
    """What the page of a node shows.

    Attributes:
        artifacts: Keys of the outputs that it is made from; the node's own first.
        sections: Make its sections.
        metrics: Makes its metrics.
    """

    artifacts: tuple[str, ...]
    sections: tuple[Callable[[Report], Section], ...]
    metrics: Callable[[Report], Metrics]


STEPS: dict[str, Step] = {
    "SiloExampleGen": Step(("examples",), (data.examples,), step_metrics.examples),
    "ImportSchemaGen": Step(("schema",), (data.schema,), step_metrics.schema),
    "SiloValidator": Step(
        ("cohort", "statistics"), (data.findings, silos.section), step_metrics.cohort
    ),
    "FeatureSpecGen": Step(
        ("feature_spec", "cohort"), (data.features,), step_metrics.features
    ),
    "FederatedTrainer": Step(
        ("model_run", "model"), (training.section,), step_metrics.training
    ),
    "FairnessEvaluator": Step(
        ("blessing", "evaluation"),
        (
            decision.decision,
            key_figures.section,
            decision.gates,
            silos.section,
            groups.section,
            evaluation.calibration,
        ),
        step_metrics.evaluation,
    ),
    "BatchInferrer": Step(
        ("inference_result",), (account.predictions,), step_metrics.predictions
    ),
}


@dataclasses.dataclass(frozen=True)
class About:
    """Which run it is.

    Attributes:
        run_id: Name of the run.
        use_case: Name of the use case.
        span: Its span; empty where it has none, or is not known yet.
    """

    run_id: str
    use_case: str
    span: str


@dataclasses.dataclass(frozen=True)
class StepReport:
    """What a step shows.

    Attributes:
        html: A page that needs no network.
        metrics: Figures by name, for the UI to list and to compare; finite.
    """

    html: str
    metrics: dict[str, float | int | str]


def of_node(node: str, about: About, nodes: Mapping[str, NodeResult]) -> StepReport:
    """Return what a step shows that ran a TFX node.

    Args:
        node: Id of the node.
        about: The run; its span is taken from the silos' manifest where it is empty.
        nodes: What the run's nodes gave so far.
    """
    folders = {key: it for one in nodes.values() for key, it in one.outputs.items()}
    about = dataclasses.replace(about, span=about.span or _span(folders))
    detail = _detail(nodes.get(node))
    try:
        if node == DASHBOARD:
            return StepReport(_dashboard(folders), _of_run(about, folders))
        if node == "Pusher":
            section, metrics = _service(folders)
            return _report(node, about, (section,), metrics, detail)
        if node not in STEPS:
            return _report(node, about, (_outputs(node, nodes),), {}, detail)
        report = _read(node, about, folders)
    except FairSiloError as error:
        logger.warning("node=%s: no page: %s", node, error.message)
        section = _banner("This step has nothing to show", "bad", (error.message,))
        return _report(node, about, (section,), {}, detail)
    made = [make(report) for make in STEPS[node].sections]
    if report.egress:
        made.append(account.egress(report))
    drawn = chart_data.of_report(report)
    metrics = STEPS[node].metrics(report)
    return _report(node, about, tuple(made), metrics, detail, drawn)


def of_summary(about: About, ended: Summary) -> StepReport:
    """Return what the step shows that decides, or that closes a run.

    Args:
        about: The run.
        ended: Its summary (`pipelines/summary.py`).
    """
    about = dataclasses.replace(about, span=about.span or ended.span)
    verdict, mood = VERDICTS.get(ended.status, (f"The run is {ended.status}", ""))
    if ended.is_blessed and not ended.pushed:
        verdict = "Blessed, not put into service: a model of a later span is blessed"
        mood = "" if ended.status == summary.BLESSED else "bad"
    if waived := ended.waivers:
        verdict = verdict.replace("Blessed", f"Blessed, {waived}", 1)
    report = _of_summary(about, ended)
    made = [_banner(verdict, mood, ended.reasons)]
    if report.cohort.members:
        made += [key_figures.section(report)]
        if report.decision.gates:
            made.append(decision.gates(report))
        made += [data.findings(report), silos.section(report), account.egress(report)]
    made.append(_places(ended))
    drawn = chart_data.of_report(report)
    metrics = step_metrics.of_summary(ended)
    return _report("Decision", about, tuple(made), metrics, drawn=drawn)


def of_message(
    about: About,
    title: str,
    lines: Sequence[str],
    values: Mapping[str, str] = MappingProxyType({}),
    mood: Mood = "",
) -> StepReport:
    """Return a page that says a few sentences, without metrics.

    Args:
        about: The run.
        title: What is the matter, in a few words.
        lines: Sentences.
        values: Names and values, shown as a table.
        mood: Whether that is good or bad.
    """
    section = _banner(title, mood, tuple(lines), facts("Details", values))
    return _report("Run", about, (section,), {})


def _banner(title: str, mood: Mood, lines: Sequence[str], *parts: Part) -> Section:
    said = (Bullets(tuple(lines)),) if lines else ()
    title = f"{MARKS[mood]}{title}"
    return Section("decision", title, (*said, *parts), BANNERS[mood])


def _report(
    step: str,
    about: About,
    sections: tuple[Section, ...],
    metrics: Metrics,
    detail: str = "",
    drawn: Mapping[str, object] = MappingProxyType({}),
) -> StepReport:
    span = f", span {about.span}" if about.span else ""
    has_charts = any(section.charts() for section in sections)
    html = page.render(
        Page(
            title=f"{step}: {about.use_case}{span}",
            heading=step,
            sections=sections,
            about=(
                f"{about.use_case}{span}",
                ", ".join(filter(None, (f"Run {about.run_id}", detail))),
            ),
            data=dict(drawn) if has_charts else {},
        )
    )
    return StepReport(html, step_metrics.finite(metrics))


def _span(folders: Mapping[str, pathlib.Path]) -> str:
    if "examples" not in folders:
        return ""
    try:
        return Manifest.read(folders["examples"]).span
    except FairSiloError:
        return ""  # the manifest's own step says so


def _detail(result: NodeResult | None) -> str:
    if result is None:
        return ""
    return "answered from the cache" if result.cached else f"{result.seconds:,.1f} s"


def _read(node: str, about: About, folders: Mapping[str, pathlib.Path]) -> Report:
    """Read the artifacts that a node's page shows.

    Raises:
        FairSiloError: The node's own artifact is not there, or one is damaged.
    """
    step = STEPS[node]
    if step.artifacts[0] not in folders:
        raise _missing(node, step.artifacts[0])
    known = {key: folders[key] for key in step.artifacts if key in folders}
    try:
        return reports.gather(known, reports.About(about.use_case, about.span))
    except FileNotFoundError as error:
        raise FairSiloError(
            f"node `{node}`: {error.filename}: found no such file, expected what the "
            "node wrote",
            HINT,
        ) from None


def _missing(node: str, key: str) -> FairSiloError:
    return FairSiloError(
        f"node `{node}`: found no output `{key}` of it in this run", HINT
    )


def _dashboard(folders: Mapping[str, pathlib.Path]) -> str:
    if "dashboard" not in folders:
        raise _missing(DASHBOARD, "dashboard")
    file = folders["dashboard"] / run_page.FILE_NAME
    if not file.is_file():
        raise FairSiloError(
            f"node `{DASHBOARD}`: {file}: found no such file, expected what the node "
            "wrote",
            HINT,
        )
    return file.read_text(encoding="utf-8")


def _of_run(
    about: About, folders: Mapping[str, pathlib.Path]
) -> dict[str, float | int | str]:
    """Return the figures of the nodes that decide about a run, as far as they ran."""
    found: dict[str, float | int | str | None] = {}
    for node in ("FairnessEvaluator", "SiloValidator", "BatchInferrer"):
        try:
            found |= STEPS[node].metrics(_read(node, about, folders))
        except FairSiloError:
            continue  # its own step says so
    return step_metrics.finite(found)


def _outputs(node: str, nodes: Mapping[str, NodeResult]) -> Section:
    """Return what is said of a node that has no page of its own."""
    if node not in nodes:
        raise FairSiloError(f"node `{node}`: found no result of it in this run", HINT)
    values = {key: str(folder) for key, folder in nodes[node].outputs.items()}
    return _banner("Done", "good", (), facts("Outputs", values))


def _service(folders: Mapping[str, pathlib.Path]) -> tuple[Section, Metrics]:
    """Return whether the model went into service, and why not."""
    if "pushed_model" not in folders:
        raise _missing("Pusher", "pushed_model")
    folder = folders["pushed_model"]
    pushed = pushed_model.is_pushed(folder)
    metrics: Metrics = {"pushed": step_metrics.yes(pushed)}
    if held_back := pushed_model.why_held_back(folder):
        title = "Not pushed: a model of a later span is blessed"
        return _banner(title, "", (held_back,)), metrics
    if not pushed:
        title = "Not pushed: whatever is in service stays in service"
        reasons: tuple[str, ...] = ()
        if "blessing" in folders:
            reasons = Decision.read(folders["blessing"]).reasons
        return _banner(title, "bad", reasons), metrics
    serving = [Places(above).serving for above in folder.parents]
    where = facts(
        "Where it is",
        {
            "Model servers read": next((str(it) for it in serving if it.is_dir()), ""),
            "Digest of the model": _digest(folders),
            "Copy kept with the run": str(folder),
        },
    )
    return _banner("Pushed: the model is in service", "good", (), where), metrics


def _digest(folders: Mapping[str, pathlib.Path]) -> str:
    try:
        return model.read_card(folders["model"]).digest
    except (KeyError, OSError, ValueError):
        return ""  # the training's own step says so


def _of_summary(about: About, ended: Summary) -> Report:
    """Return the artifacts that a summary tells of, as far as they are still there."""
    found = reports.About(about.use_case, about.span)
    known = {"evaluation": ended.evaluation, "blessing": ended.blessing}
    folders = {key: folder for key, folder in known.items() if folder}
    try:
        report = reports.gather(folders, found)
    except (FairSiloError, FileNotFoundError) as error:
        logger.warning("run=%s: no evaluation: %s", about.run_id, error)
        report = Report(found)
    members = tuple(
        Member(
            one.silo,
            one.admitted,
            reasons=one.reasons,
            notes=one.notes,
            rows={TRAIN: one.rows_train, EVAL: one.rows_eval},
        )
        for one in ended.silos
    )
    return dataclasses.replace(
        report,
        parts=report.parts | {"cohort"},
        cohort=Cohort(members, quorum=0),
        egress={one.silo: one.left for one in ended.silos},
    )


def _places(ended: Summary) -> Section:
    places = {
        "Model": ended.model.saved_model,
        "Digest of the model": ended.model.digest,
        "Model for TFLite": ended.model.tflite,
        "Predictions, below": ended.predictions.path,
        "Dashboard": ended.dashboard,
    }
    seconds = {node: f"{value:,.1f} s" for node, value in ended.seconds.items()}
    parts: list[Part] = [
        facts("Places", {key: value or "" for key, value in places.items()}),
        facts("How long the steps took", seconds),
    ]
    return Section("places", "Where things are", tuple(parts))
