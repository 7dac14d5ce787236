"""`fairsilo audit` as operators use it: on this machine, and on a cluster's store."""

import dataclasses
import json

import pytest

from components.audit_decisions import AuditDecisions
from pipelines import operator_snapshot, summary
from pipelines.places import Places
from pipelines.runs.store import RunStore
from tests.pipelines import past
from tests.support import contributions
from tests.support.program import fairsilo, project

SILOS = ["9E", "AA", "F9", "HA"]  # AA rides, F9 is suspect
WHO = ["--reason=agreed", "--by=A. Operator"]


def audited(places, run_id, report=None, **more):
    """Record a run with its audit."""
    found = contributions.report(SILOS) if report is None else report
    folder = places.pipeline_root / "ContributionAuditor" / run_id
    folder.mkdir(parents=True)
    found.write(folder)
    silos = tuple(summary.Silo(one.silo, one.rows, 50, True) for one in found.silos)
    ended = past.evaluated(places, run_id, 0.5)
    ended = dataclasses.replace(ended, audit=str(folder), silos=silos, **more)
    RunStore("", "flights", places.output).finish(ended)
    return ended


@pytest.fixture
def audit(tmp_path):
    project(tmp_path)

    def run(*arguments):
        return fairsilo("audit", *arguments, folder=tmp_path)

    return run


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "build" / "flights")


def test_verdicts_are_shown_the_worst_first(audit, places):
    audited(places, "a")
    audited(places, "b", contributions.without_help(SILOS))
    done = audit("show", "flights", "--run=a")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["AA", "F9", "HA", "9E"]
    assert "rides free   -0.009 (-0.031 to +0.012)" in lines[0]
    assert contributions.ECHOES.sentence in lines[0]
    assert "run a: contributes: " in done.stderr
    assert ", rides free: 1, can't tell: " in done.stderr
    told = json.loads(audit("show", "flights", "--json").stdout)
    assert told["run_id"] == "b"
    assert told["unavailable"] == {"help": contributions.WHY}
    verdicts = {one["silo"]: one["verdict"] for one in told["silos"]}
    assert verdicts["AA"] == "rides"


def test_a_verdict_is_explained_with_its_evidence_and_figures(audit, places):
    audited(places, "b")
    done = audit("explain", "b", "AA")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for text in (
        "Verdict rides free",
        f"surely gains, and {contributions.ECHOES.sentence}; as in the audit of r0",
        "Contribution -0.009 (-0.031 to +0.012)",
        "Gain (AUC) +0.041 (+0.012 to +0.069)",
        "Rank 1 to 2",
        "Echo 0.89",
    ):
        assert text in lines, done.stdout
    assert f"; {contributions.ECHOES.hint}" in done.stdout
    for other in {*SILOS} - {"AA"}:
        assert other not in done.stdout


def test_a_weight_is_given_suspended_by_an_appeal_and_decided_on(audit, places):
    audited(places, "a")
    done = audit("weigh", "AA", "--use-case=flights", "--factor=0.5", *WHO)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == (
        "the weight of silo `AA` is multiplied by 0.5 from the next run on\n"
    )
    decided = operator_snapshot.read(places.operator_store, "flights")
    assert (decided.weight_factors, decided.appeals) == ({"AA": 0.5}, {})
    done = audit("appeal", "a", "AA", "--reason=new sensor", "--by=B. Owner")
    assert done.stderr == (
        "the appeal of silo `AA` is recorded; its weight has no factor until `fairsilo "
        "audit weigh AA --use-case flights` decides on it\n"
    )
    decided = operator_snapshot.read(places.operator_store, "flights")
    assert decided.weight_factors == {}
    assert decided.appeals == {"AA": "B. Owner (run a): new sensor"}
    assert "an appeal is open, by B. Owner" in audit("explain", "a", "AA").stdout
    done = audit("weigh", "AA", "--use-case=flights", "--factor=0.8", *WHO)
    assert done.returncode == 0
    decided = operator_snapshot.read(places.operator_store, "flights")
    assert (decided.weight_factors, decided.appeals) == ({"AA": 0.8}, {})
    assert "silo `AA`: its weight is times 0.8" in audit("show", "flights").stderr


WEIGH = ["weigh", "AA", "--use-case=flights", *WHO]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "flights", "--run=x"], "found no summary of it"),
        (["show", "flights", "--run=none"], f"({contributions.REFUSAL})"),
        (["show", "flights", "--run=old"], "found no audit of contributions"),
        (["explain", "x", "AA"], "run x: found no such run; known: a (flights)"),
        (["explain", "a", "ZZ"], "silo `ZZ`: found no such silo among the 4 that"),
        (["appeal", "a", "ZZ", *WHO], "`fairsilo audit show flights --run a` lists"),
        (["appeal", "a", "AA", "--reason=42", "--by=B"], "--reason: found '42'"),
        ([*WEIGH, "--factor=2.5"], "--factor: found 2.5, expected 0.5 to 2"),
        (["weigh", "ZZ", *WEIGH[2:], "--factor=1"], "there are 9E, AA, F9, HA"),
        (["replay", "a", "AA", "--round=4"], "found no training of it in"),
    ],
)
def test_what_can_not_be_is_refused_and_not_recorded(audit, places, arguments, says):
    audited(places, "a")
    audited(places, "none", contributions.refused())
    past.evaluated(places, "old", 0.5)
    done = audit(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert says in done.stderr
    assert "hint: " in done.stderr
    state = AuditDecisions(places.operator_store, "flights")
    assert (state.factors(), state.appeals()) == ({}, {})


def test_before_any_run_the_way_to_one_is_told(audit, tmp_path):
    done = audit(*WEIGH, "--factor=0.5")
    assert done.returncode == 2
    assert "start one with `fairsilo run flights`" in done.stderr
    assert not (tmp_path / "build").exists()


def test_all_of_it_works_on_a_clusters_store_without_any_folder(
    store_url, tmp_path, audit
):
    past.stored(store_url, audited(Places(tmp_path / "elsewhere"), "a"))
    store = f"--store={store_url}"
    assert audit("show", "flights", store).stdout.startswith("AA ")
    assert "rides free" in audit("explain", "a", "AA", store).stdout
    done = audit("weigh", "AA", "--use-case=flights", "--factor=2", *WHO, store)
    assert "from the next run on (the store at " in done.stderr, done.stderr
    assert audit("appeal", "a", "AA", *WHO, store).returncode == 0
    assert "an appeal is open" in audit("show", "flights", store).stderr
    assert not (tmp_path / "build").exists()
