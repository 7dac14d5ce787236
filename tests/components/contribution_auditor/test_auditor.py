"""The whole audit on four silos, against exact Shapley values in plain NumPy."""

from __future__ import annotations

import dataclasses
import itertools
import math
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from components.contribution_auditor import auditor
from components.contribution_auditor.earlier import Found
from components.contribution_auditor.settings import AuditSettings
from components.features.columnar import encode
from components.federation import audited_rounds, checkpoints
from components.payloads.benefit import BenefitReport
from components.payloads.contribution import (
    CONTRIBUTES,
    ECHO,
    GAIN,
    HELP,
    MEANING,
    RIDES,
    UNKNOWN,
)
from components.payloads.manifest import EVAL
from components.payloads.model_run import RunRecord, summarise
from tests.components.contribution_auditor import support
from tests.components.contribution_auditor.support import LABEL, SIZES, SPEC


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Return the request, the report and the egress of an audit."""
    asked = support.request(tmp_path_factory.mktemp("audit"))
    return asked, *auditor.run(asked)


def losses(entry, weights):
    """Return the losses of a silo's evaluation rows under linear weights."""
    [path] = entry.splits[EVAL].paths
    rows = pq.read_table(entry.silo.path(path))
    batch = encode(rows, SPEC)
    hot = [np.eye(4)[batch.ids[:, i]] for i in range(SPEC.num_ids)]
    design = np.column_stack([batch.floats, *hot, np.ones(len(rows))])
    logits = design @ weights
    return np.logaddexp(0.0, logits) - rows[LABEL].to_numpy() * logits


def model_of(content, coalition):
    chosen = [support.rounds()[2].silos.index(silo) for silo in coalition]
    if not chosen:
        return content.before
    weights = content.weights[chosen]
    return content.before - weights @ content.updates[chosen] / weights.sum()


def shapley(asked, player):
    """Return a silo's exact contribution to the others' rows, over both rounds."""
    others = [silo for silo in SIZES if silo != player]
    rows = sum(SIZES[silo] for silo in others)
    total = 0.0
    for content in support.rounds().values():

        def value(coalition, content=content):
            weights = model_of(content, coalition)
            return -sum(losses(asked.manifest[it], weights).sum() for it in others)

        for size in range(4):
            share = math.factorial(size) * math.factorial(3 - size) / math.factorial(4)
            for coalition in itertools.combinations(others, size):
                total += share * (value((*coalition, player)) - value(coalition))
    return 1000.0 * total / rows / 2


@pytest.mark.parametrize("silo", SIZES)
def test_contributions_are_the_shapley_values_for_the_others_rows(audited, silo):
    asked, report, _ = audited
    found = report.get(silo)
    assert report.method == "shapley"
    assert found.contribution.value == pytest.approx(shapley(asked, silo), rel=1e-3)
    assert found.contribution.low < found.contribution.value < found.contribution.high


def test_who_helps_whom_is_the_loss_without_a_silo_less_that_with_it(audited):
    asked, report, _ = audited
    for silo, other in itertools.permutations(SIZES, 2):
        rest = [one for one in SIZES if one != silo]
        effects = [
            losses(asked.manifest[other], model_of(content, rest))
            - losses(asked.manifest[other], model_of(content, [*SIZES]))
            for content in support.rounds().values()
        ]
        found = report.get(silo).helps[other]
        assert found.value == pytest.approx(1000 * np.mean(effects), rel=2e-3, abs=1e-3)
        # Rows are scored in both rounds, and so errors are averaged; 12 cells at once.
        errors = [np.sqrt(np.sum(one**2)) / len(one) for one in effects]
        half = 1000 * 2.8653 * np.mean(errors)
        assert found.high - found.value == pytest.approx(half, rel=2e-3)


def test_verdicts_follow(audited):
    _, report, _ = audited
    verdicts = {one.silo: one.verdict for one in report.silos}
    assert verdicts == {
        "east": CONTRIBUTES,
        "north": CONTRIBUTES,
        "south": CONTRIBUTES,
        "west": UNKNOWN,
    }
    assert report.get("west").reason.startswith("unusual: ")
    assert report.get("west").ranks == (4, 4)
    assert report.get("west").shares["mean"] == 0.0
    assert sum(one.shares["mean"] for one in report.silos) == pytest.approx(1.0)


def test_only_sums_leave(audited):
    _, _, left = audited
    # Of 16 models and 8 effects in each of two rounds, 8 bytes each, and the counts.
    for items in left.values():
        [item] = items
        assert item.kind == "contribution figures"
        assert 2 * 24 * 8 < item.bytes < 2 * 24 * 8 + 120


def test_the_sums_serve_the_next_audit_when_the_updates_are_gone(audited):
    asked, report, _ = audited
    assert not [*asked.model_run.rglob(".models-*")]
    audited_rounds.forget_updates(asked.model_run)
    again, left = auditor.run(asked)
    assert again == report
    assert not left


def test_other_rows_would_need_the_updates(audited, tmp_path):
    asked, _, _ = audited
    folder = tmp_path / "run"
    shutil.copytree(asked.model_run, folder)
    audited_rounds.forget_updates(folder)
    other = request(tmp_path, settings=AuditSettings(rows_share=0.5))
    report, left = auditor.run(dataclasses.replace(other, model_run=folder))
    assert "updates of the audited rounds are deleted" in report.unavailable[HELP]
    assert not left
    assert all(one.contribution is None for one in report.silos)


def request(tmp_path, **fields):
    (tmp_path / "other").mkdir()
    return support.request(tmp_path / "other", **fields)


@pytest.mark.parametrize(
    ("earlier", "appeal", "verdict"),
    [
        ({"west": [Found("2013-10", ("zero",))]}, {}, RIDES),
        ({}, {}, UNKNOWN),
        (
            {"west": [Found("2013-10", ("zero",))]},
            {"west": "B. Owner: our export"},
            UNKNOWN,
        ),
    ],
)
def test_a_rider_is_named_in_its_second_audit(tmp_path, earlier, appeal, verdict):
    asked = request(tmp_path, earlier=earlier, appeals=appeal)
    RunRecord("fed_avg", rounds=support.records(norm=0.0)).write(asked.model_run)
    report, _ = auditor.run(asked)
    found = report.get("west")
    assert found.verdict == verdict
    assert "changed nothing in all 3 rounds" in found.reason
    assert "no round was kept" in report.unavailable[HELP]
    assert {one.verdict for one in report.silos if one.silo != "west"} == {UNKNOWN}


@pytest.mark.parametrize(
    ("fields", "record", "why"),
    [
        ({"settings": AuditSettings(every="never")}, {}, "audit.every is never"),
        ({}, {"refusal": "too few silos"}, "no model was trained: too few silos"),
    ],
)
def test_without_an_audit_the_report_says_why(tmp_path, fields, record, why):
    asked = request(tmp_path, **fields)
    RunRecord("fed_avg", rounds=support.records(), **record).write(asked.model_run)
    report, left = auditor.run(asked)
    assert why in report.refusal
    assert not report.silos
    assert not left


def test_signals_that_are_not_there_are_named(tmp_path):
    refused = BenefitReport(refusal="no silo has rows to choose by")
    asked = request(tmp_path, benefit=refused, min_rows=200)
    RunRecord("fed_avg", rounds=support.records()[:1], audited=(1,)).write(
        asked.model_run
    )
    report, left = auditor.run(asked)
    assert set(report.unavailable) == {MEANING, GAIN, ECHO, HELP}
    assert report.unavailable[GAIN] == refused.refusal
    assert "2 of 4 silos could score" in report.unavailable[HELP]
    assert not left


def test_a_silo_whose_rows_are_gone_leaves_the_others_to_score(tmp_path):
    asked = request(tmp_path)
    east = asked.manifest["east"]
    east.silo.path(*east.splits[EVAL].paths).unlink()
    report, left = auditor.run(asked)
    assert left["east"][0].kind == "findings"
    assert report.get("east").contribution is not None  # of the other three
    assert "east" not in report.get("north").helps


def test_one_silo_alone_has_no_one_to_help(tmp_path):
    asked = request(tmp_path)
    alone = [summarise(k, [support.records()[0].silos[0]], {}) for k in range(1, 5)]
    RunRecord("fed_avg", rounds=tuple(alone), audited=(2,)).write(asked.model_run)
    report, left = auditor.run(asked)
    assert "1 of 1 silos could score" in report.unavailable[HELP]
    assert not left


def test_an_update_that_breaks_the_models_costs_the_others_no_run(tmp_path):
    asked = request(tmp_path)
    path = audited_rounds.path(asked.model_run, 2) / audited_rounds.UPDATES
    with np.load(path) as kept:
        arrays = dict(kept)
    arrays["updates"][0] = 3e38
    checkpoints.write_arrays(path, arrays)
    report, _ = auditor.run(asked)
    assert "not finite" in report.unavailable[HELP]
    assert report.get("north").contribution is None
    report.to_json()


def test_a_silo_that_missed_an_audited_round_has_no_contribution(tmp_path):
    asked = request(tmp_path)
    first, *rest = support.records()
    second = summarise(2, [o for o in rest[0].silos if o.silo != "east"], {})
    rounds = (first, second, *rest[1:])
    RunRecord("fed_avg", rounds=rounds, audited=support.AUDITED).write(asked.model_run)
    report, _ = auditor.run(asked)
    assert report.get("east").contribution is None
    assert report.get("east").shares == {}
    assert report.get("north").contribution is not None
