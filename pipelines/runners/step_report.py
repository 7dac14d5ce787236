"""What a step of a run shows in Kubeflow's UI: one page and some metrics.

The page has the run page's own sections (`components/dashboard`) of what the step's
nodes wrote, so a step that the cache answered shows as much as one that ran, and a
refusal as much as a success. TFMA's views stand on the Dashboard's page alone: loading
its engine would cost each step ten seconds.
"""

from __future__ import annotations

import dataclasses
import html
import logging
import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from components.dashboard import chart_data, gains, page, run_page
from components.dashboard import report as reports
from components.dashboard.page import Page
from components.dashboard.report import Report
from components.dashboard.section import Banner, Bullets, Mood, Section, facts
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
from components.errors import FairSiloError
from components.payloads import egress, pushed_model
from components.payloads.contribution import NAMES
from components.payloads.manifest import NEXT
from components.payloads.table import BASELINE, RANKED_BY, MetricKey
from pipelines.places import Places
from pipelines.runners.job import Job
from pipelines.runners.results import NodeResult
from pipelines.runners.steps import Step
from pipelines.summary import BLESSED, Summary

logger = logging.getLogger(__name__)

Folders = Mapping[str, pathlib.Path]
Metrics = dict[str, float | int | str | None]

BANNERS: dict[Mood, tuple[Banner, str]] = {
    "good": ("blessed", "✓ "),
    "bad": ("refused", "✗ "),
    "": ("plain", ""),
}
SECTIONS: dict[str, tuple[Callable[[Report], Section], ...]] = {
    "ImportSchemaGen": (data.schema,),
    "SiloExampleGen": (data.examples,),
    "SiloValidator": (data.findings, silos.section),
    "FeatureSpecGen": (data.features,),
    "FederatedTrainer": (training.section,),
    "SiloBenchmark": (benefit.section,),
    "ContributionAuditor": (contribution.section,),
    "FairnessEvaluator": (
        decision.decision,
        key_figures.section,
        decision.gates,
        silos.section,
        groups.section,
        evaluation.calibration,
    ),
    "Pusher": (),  # `_service`
    "BatchInferrer": (account.predictions,),
    "Dashboard": (),  # a page of its own
}
_FRAMES = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ margin: 0; color: #111; background: #fff; font: 1rem/1.5 sans-serif }}
summary {{ padding: .5rem 1rem; font-weight: 600; cursor: pointer; background: #eee }}
iframe {{ display: block; width: 100%; height: 85vh; border: 0 }}
</style>
</head>
<body>
<main>
{frames}
</main>
</body>
</html>
"""
_FRAME = """<details{opened}>
<summary>{title}</summary>
<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}"></iframe>
</details>"""


@dataclasses.dataclass
class Shown:
    """What a step has to show so far, also where it fails.

    Attributes:
        opening: Sections at the head of its page.
        results: What the run's nodes gave.
        ended: The run's summary, where the step ends it.
        span: The span asked for; the silos' manifest has the true one.
    """

    opening: list[Section] = dataclasses.field(default_factory=list)
    results: dict[str, NodeResult] = dataclasses.field(default_factory=dict)
    ended: Summary | None = None
    span: str = ""


def of_step(
    step: Step, job: Job, shown: Shown
) -> tuple[str, dict[str, float | int | str]]:
    """Return a step's page, which needs no network, and its metrics."""
    results, ended = shown.results, shown.ended
    about = reports.About(job.use_case, "")
    folders = {key: it for one in results.values() for key, it in one.outputs.items()}
    nodes = step.nodes or [*results]  # the last step shows all that there is
    own = [results[node] for node in nodes if node in results]
    keys = [key for one in own for key in one.outputs]
    sections, metrics, report = [*shown.opening], Metrics(), Report(about)
    if ended:
        sections.append(_verdict(ended))
        metrics["status"] = ended.status
    try:
        report = reports.gather(folders, about)
        metrics |= _metrics(report, folders if ended else keys)
        if not ended:
            left = egress.total([f for one in own for f in one.outputs.values()])
            report = dataclasses.replace(report, egress=left)
        makes = dict.fromkeys(make for one in own for make in SECTIONS[one.node])
        sections += [make(report) for make in makes]
        if "model_run" in keys and report.privacy.mode != "none":
            sections.append(privacy.section(report))
        if "pushed_model" in keys:
            sections.append(_service(folders, report))
            pushed = pushed_model.is_pushed(folders["pushed_model"])
            metrics["pushed"] = _yes(pushed)
        if report.egress:
            sections.append(account.egress(report))
        if ended:
            sections.append(_places(ended))
    except (FairSiloError, FileNotFoundError) as error:
        what = str(error)
        if isinstance(error, FileNotFoundError):
            what = f"{error.filename}: found no such file, expected what a node wrote"
        logger.warning("step=%s: no page: %s", step.name, what)
        sections.append(banner("This step has nothing to show", "bad", [what]))
    span = report.about.span or shown.span or (ended.span if ended else "")
    of = f"{job.use_case}, span {span}" if span else job.use_case
    lasted = (f"{one.node} {_lasted(one)}" for one in own)
    has_charts = any(section.charts() for section in sections)
    html_page = page.render(
        Page(
            title=f"{step.title}: {of}",
            heading=step.title,
            sections=tuple(sections),
            about=(of, ", ".join((f"Run {job.run_id}", *lasted))),
            data=chart_data.of_report(report) if has_charts else {},
        )
    )
    if "Dashboard" in step.nodes and "dashboard" in folders:
        whole = pathlib.Path(folders["dashboard"], run_page.FILE_NAME)
        if whole.is_file():
            run = whole.read_text(encoding="utf-8")
            html_page = _framed(step.title, {"Decision": html_page, "Dashboard": run})
    return html_page, {key: it for key, it in metrics.items() if it is not None}


def banner(
    title: str,
    mood: Mood = "",
    lines: Sequence[str] = (),
    values: Mapping[str, str] = MappingProxyType({}),
) -> Section:
    """Return what came of a step: a few words, sentences, and a table of values."""
    look, mark = BANNERS[mood]
    said = (Bullets(tuple(lines)),) if lines else ()
    parts = (*said, facts("Details", values))
    return Section("outcome", f"{mark}{title}", parts, look)


def _framed(title: str, pages: Mapping[str, str]) -> str:
    """Return a page that holds others as documents of their own; the first is open."""
    frames = [
        _FRAME.format(
            opened="" if number else " open",
            title=html.escape(name),
            page=html.escape(text),
        )
        for number, (name, text) in enumerate(pages.items())
    ]
    return _FRAMES.format(title=html.escape(title), frames="\n".join(frames))


def _lasted(result: NodeResult) -> str:
    return "answered from the cache" if result.cached else f"{result.seconds:,.1f} s"


def _verdict(ended: Summary) -> Section:
    mood: Mood = "good" if ended.status == BLESSED else "bad"
    outcome = ended.outcome
    return banner(outcome[:1].upper() + outcome[1:], mood, ended.reasons)


def _places(ended: Summary) -> Section:
    places = {
        "Model": ended.model.saved_model,
        "Digest of the model": ended.model.digest,
        "Model for TFLite": ended.model.tflite,
        "Predictions, below": ended.predictions.path,
        "Dashboard": ended.dashboard,
    }
    seconds = {node: f"{value:,.1f} s" for node, value in ended.seconds.items()}
    parts = (
        facts("Places", {key: value or "" for key, value in places.items()}),
        facts("How long the nodes took", seconds),
    )
    return Section("places", "Where things are", parts)


def _service(folders: Folders, report: Report) -> Section:
    """Return whether the model went into service, and why not."""
    folder = folders["pushed_model"]
    if held_back := pushed_model.why_held_back(folder):
        title = "Not pushed: a model of a later span is blessed"
        return banner(title, "", [held_back])
    if not pushed_model.is_pushed(folder):
        title = "Not pushed: whatever is in service stays in service"
        return banner(title, "bad", report.decision.reasons)
    serving = [Places(above).serving for above in folder.parents]
    where = {
        "Model servers read": next((str(it) for it in serving if it.is_dir()), ""),
        "Digest of the model": report.card.digest,
        "Copy kept with the run": str(folder),
    }
    return banner("Pushed: the model is in service", "good", (), where)


def _metrics(report: Report, parts: Collection[str]) -> Metrics:
    """Return the figures of artifacts, by name; what is not known is None."""
    found: Metrics = {}
    if "examples" in parts:
        entries = report.examples.entries
        rows = {name: sum(one.rows(name) for one in entries) for name in data.SPLITS}
        found |= {
            "silos": len(entries),
            "silos that could not be read": sum(bool(one.error) for one in entries),
            **{data.SPLITS[name].lower(): n for name, n in rows.items() if n},
        }
    if "schema" in parts and report.schema:
        found["columns"] = len(report.schema.feature)
    if "cohort" in parts:
        found["silos admitted"] = len(report.admitted)
        found["silos quarantined"] = len(report.silos) - len(report.admitted)
    if "feature_spec" in parts and report.features:
        words = sum(len(feature.values) for feature in report.features.categorical)
        found["features"] = len(report.features.features)
        found["values in vocabularies"] = words
    if "model_run" in parts and (rounds := report.run.rounds):
        found |= {
            "rounds": len(rounds),
            "loss before the last round": rounds[-1].loss_before,
            "silos in the last round": len(rounds[-1].silos),
            "silos that dropped out": len(training.drops(report.run)),
        }
    if "model_run" in parts and report.privacy.mode != "none":
        found |= {
            "largest epsilon claimed": privacy.most(report.privacy, "epsilon")[0],
            "most that the attack showed": privacy.most(report.privacy, "attacked")[0],
            "silos left out for privacy": sum(
                bool(one.refusal) for one in report.privacy.silos
            ),
        }
    if "benefit" in parts and report.benefit.silos:
        gained = gains.of(report.benefit.silos)
        found |= {
            "silos that surely gain": gained.surely_better,
            "silos surely worse than alone": gained.surely_worse,
            "mean gain in AUC over alone": gained.mean and gained.mean.value,
            **{f"silos served by {name}": n for name, n in gained.served.items()},
        }
    if "contribution" in parts:
        counts = report.contribution.counts
        found |= {f"verdict {NAMES[it]}": n for it, n in counts.items()}
    if "blessing" in parts:
        found |= _evaluation(report)
    if "inference_result" in parts:
        found["rows scored"] = report.ledger.rows
        found["dead letters"] = report.ledger.dead_letters
        found["silos not scored"] = len(report.ledger.silos_not_scored)
        if speed := report.ledger.speed:
            found["rows a second"] = speed.rows_per_second
            found["CPU seconds a million rows"] = speed.cpu_seconds_per_million
    return found


def _evaluation(report: Report) -> Metrics:
    """Return the decision, the AUC and how it differs over the judged silos."""
    refused = [gate for gate in report.decision.gates if not gate.passed]
    judged = {one.member.silo: one.auc.number for one in report.judged if one.auc}
    found: Metrics = {
        "blessed": _yes(report.decision.blessed),
        "gates failed": ", ".join(it.gate for it in refused if not it.waived) or None,
        "gates waived": ", ".join(it.gate for it in refused if it.waived) or None,
        "AUC": _auc(report, MetricKey(RANKED_BY)),
        "AUC on the following span": _auc(report, MetricKey(RANKED_BY, split=NEXT)),
        "AUC of the baseline": _auc(report, MetricKey(RANKED_BY, model=BASELINE)),
    }
    if judged:
        worst = min(sorted(judged), key=lambda silo: judged[silo])
        found |= {"worst silo AUC": judged[worst], "worst silo": worst}
        if len(judged) > 1:
            found["AUC gap"] = max(judged.values()) - judged[worst]
    return found


def _auc(report: Report, key: MetricKey) -> float | None:
    figure = report.scores.get(key)
    return figure.number if figure is not None and figure.is_number else None


def _yes(value: bool) -> str:
    return "yes" if value else "no"
