"""What was decided by hand and what a silo was before, on a real store."""

import errno
import json

import pytest

from components import circumstances
from components.payloads.findings import sentences
from components.silos import engine
from tests.support import silos
from tests.support.engines import faulty

pytestmark = pytest.mark.beam

RED = {"colour": "red"}


def federation(seed, **north):
    """Return three silos' training rows; those of `north` as told."""
    sizes = silos.SIZES.items()
    changes = {"north": north}
    return {
        silo: {
            "train": silos.rows(size, seed=seed + place, **changes.get(silo, {})),
            "eval": silos.rows(40, seed=seed + place + 50, **changes.get(silo, {})),
        }
        for place, (silo, size) in enumerate(sizes)
    }


def test_a_quarantined_drifted_silo_does_not_become_its_own_baseline(runs):
    first = runs.run(federation(0), "2013-9")
    assert first.cohort.admitted == ["north", "south", "west"]
    assert json.loads(first.properties["baselines"]) == {}
    for seed, span in enumerate(("2013-10", "2013-11"), 1):
        drifted = runs.run(federation(10 * seed, **RED), span)
        assert drifted.cohort.admitted == ["south", "west"], drifted.cohort
        (told,) = sentences(drifted["north"].reasons)
        assert told.startswith("column `colour`: found a largest difference in share")
        assert "these training rows and those of span 2013-9, " in told
        assert "expected at most 0.200" in told
    found = json.loads(drifted.properties["baselines"])
    assert {silo: item[0] for silo, item in found.items()} == {
        "north": "2013-9",
        "south": "2013-10",
        "west": "2013-10",
    }
    assert all(len(digest) == 64 for _, _, digest in found.values())


def test_a_backfilled_earlier_span_is_not_compared_with_a_later_one(runs):
    runs.run(federation(0), "2013-10")
    backfilled = runs.run(federation(10, **RED), "2013-9")
    assert json.loads(backfilled.properties["baselines"]) == {}
    assert backfilled.cohort.admitted == ["north", "south", "west"]


def test_decisions_by_hand_count_from_the_next_run_and_are_recorded(runs):
    tables = runs.manifest(federation(0), "1")
    runs.state.quarantine("west", "under audit — 監査")
    held = runs.run(tables)
    assert sentences(held["west"].reasons) == (
        "quarantined by hand: under audit — 監査",
    )
    assert json.loads(held.properties["by_hand"]) == {"west": "under audit — 監査"}
    runs.state.release("west", "audit passed")
    released = runs.run(tables)
    assert released.cohort.admitted == ["north", "south", "west"]
    assert released.properties["by_hand"] == "{}"
    assert [(d.action, d.reason) for d in runs.state.history()] == [
        ("quarantine", "under audit — 監査"),
        ("release", "audit passed"),
    ]


def test_a_release_by_hand_does_not_lift_what_the_checks_found(runs):
    tables = federation(0, late=0)
    runs.state.quarantine("north", "one")
    runs.state.release("north", "two")
    assert runs.run(tables, "1").cohort.admitted == ["south", "west"]


def test_what_the_cache_is_keyed_by_changes_with_the_decision_alone(runs):
    tables = runs.manifest(federation(0), "1")
    first, again = runs.run(tables), runs.run(tables)
    assert first.properties == again.properties
    runs.state.quarantine("west", "audit")
    changed = runs.run(tables).properties
    assert {k for k in changed if changed[k] != first.properties[k]} == {
        "by_hand",
        "attempt",  # of another key
    }
    runs.state.release("west", "passed")
    assert runs.run(tables).properties == first.properties


@pytest.mark.parametrize(
    ("fault", "told", "hint"),
    [
        (
            MemoryError(),
            "silo `north`: profile: out of memory",
            circumstances.OF_MACHINE,
        ),
        (
            OSError(errno.EIO, silos.CANARY),
            "silo `north`: profile: Input/output error",
            circumstances.OF_MACHINE,
        ),
        (
            KeyError(silos.CANARY),
            "silo `north`: profile: FairSilo failed with KeyError in",
            circumstances.OF_OURS,
        ),
    ],
)
def test_a_silo_whose_profile_met_a_fault_is_admitted_by_the_next_run(
    runs, fault, told, hint
):
    tables = runs.manifest(federation(0), "1")
    with engine.using(faulty("profile", "north", fault)):
        first = runs.run(tables)
    assert first.cohort.admitted == ["south", "west"]
    (reason,) = first["north"].reasons
    assert reason.sentence.startswith(told)
    assert reason.hint == hint
    assert hint.endswith("the next run tries again")
    assert silos.CANARY not in str(first)
    second = runs.run(tables)
    assert second.properties["attempt"] != first.properties["attempt"]
    assert second.cohort.admitted == ["north", "south", "west"]
    assert runs.run(tables).properties == second.properties, "the cache may give it"


def test_a_verdict_that_follows_from_the_data_is_given_by_the_cache(runs):
    tables = runs.manifest(federation(0, late=0), "1")
    first = runs.run(tables)
    assert first.cohort.admitted == ["south", "west"]
    assert runs.run(tables).properties == first.properties
