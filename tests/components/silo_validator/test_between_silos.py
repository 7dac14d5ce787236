"""What is found of silos together: shared rows, repeated rows, leaking columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.payloads.findings import Finding, sentences
from components.silo_validator import between_silos, node, row_sketches
from components.silo_validator.settings import Columns, ValidationSettings
from components.silo_validator.verdict import Profile
from tests.support import silos

KEY = bytes(range(16))


def values(rows, leaking=()):
    found = [row_sketches.sketch(np.array(rows, np.uint64), KEY)]
    told = leaking if leaking is None else list(leaking)
    return {"sketches": row_sketches.to_json(found), "leaking": told}


def compare(settings=None, **told):
    before = Profile((Finding("a reason"),), (Finding("a note"),))
    rows = dict.fromkeys(told, 1000)
    settings = ValidationSettings(**settings or {})
    found = between_silos.compare(dict.fromkeys(told, before), told, rows, settings)
    for silo, profile in found.items():
        assert profile.reasons[0] == Finding("a reason"), silo
        assert profile.notes[0] == Finding("a note"), silo
    return found


def test_silos_with_rows_of_their_own_have_no_finding_more():
    found = compare(a=values(range(100)), b=values(range(100, 300)))
    for profile in found.values():
        assert (len(profile.reasons), len(profile.notes)) == (1, 1)
        assert (profile.distinct, profile.shared_rows) == (1.0, {})


def test_shared_rows_are_noted_with_the_share_and_without_the_other_s_name():
    found = compare(zz=values(range(100)), yy=values(range(3, 303)))
    assert found["zz"].shared_rows == {"yy": 0.97}
    assert found["yy"].shared_rows == {"zz": 0.32}
    (_, note) = found["zz"].notes
    assert note.sentence == (
        "rows of another silo: found about 97% of the 1,000 training rows in another "
        "silo too, expected less than 5%"
    )
    assert "yy" not in str(note)
    assert note.hint.startswith("find out whose rows they are")


@pytest.mark.parametrize(("shared", "kept"), [(10, 1), (9, 2)])
def test_shared_rows_cost_the_admission_from_a_tenth_on_where_it_is_set(shared, kept):
    found = compare(
        {"shared_rows": "quarantine"},
        a=values(range(100)),
        b=values(range(100 - shared, 300)),
    )
    assert (len(found["a"].reasons), len(found["a"].notes)) == (3 - kept, kept)


def test_rows_that_repeat_where_those_of_other_silos_do_not_are_noted():
    thrice = [row for row in range(100) for _ in range(3)]
    others = {"b": values(range(200, 400)), "c": values(range(500, 600))}
    found = compare(a=values(thrice), **others)
    assert found["a"].distinct == 0.333333
    assert sentences(found["a"].notes)[1:] == (
        "repeated rows: found 33% of the training rows to differ from one another, "
        "expected 100% as in other silos",
    )
    assert [len(found[silo].notes) for silo in others] == [1, 1]
    coarse = compare(a=values(thrice), b=values(thrice), c=values(range(9)))
    assert [len(one.notes) for one in coarse.values()] == [1, 1, 1], "rows are coarse"
    assert len(compare(a=values(thrice))["a"].notes) == 1, "there is no other"


def test_a_column_that_leaks_in_half_of_the_silos_that_can_tell_is_noted_there():
    rows = (values(range(i, i + 50)) for i in range(0, 500, 100))
    told = [["x", "y"], ["x"], [], ["z"], None]
    found = compare(
        **{
            s: {**next(rows), "leaking": own}
            for s, own in zip("abcde", told, strict=True)
        }
    )
    notes = {silo: sentences(one.notes)[1:] for silo, one in found.items()}
    assert notes == {
        "a": (
            "column `x`: found that it predicts the label nearly without fault by "
            "itself, in most silos (2 of 4 with enough rows to tell)",
        ),
        "b": notes["a"],
        "c": (),
        "d": (),
        "e": (),
    }


def test_a_silo_without_training_rows_is_compared_with_none():
    none: dict[str, object] = {"sketches": [], "leaking": None}
    found = compare(a=none, b=values(range(100)))
    assert (found["a"].distinct, found["a"].shared_rows) == (None, {})


@pytest.mark.beam
def test_copies_under_small_edits_are_found_by_the_task_and_seen_in_the_cohort(
    tmp_path,
):
    """Through the engine's own processes; half of west is of north, edited."""
    north, south = silos.rows(300), silos.rows(200, seed=1)
    copied = north.sample(60, random_state=3).assign(
        id=[f"w{i}" for i in range(60)], size=9
    )
    west = pd.concat([copied, silos.rows(60, seed=2)])
    tables = {"north": north, "south": south, "west": west}
    manifest = silos.manifest(
        *(silos.entry(tmp_path / s, s, {"train": t}) for s, t in tables.items())
    )
    found = node.validate(
        manifest,
        silos.schema(),
        Columns("late", ("id",), ("day",)),
        ValidationSettings(),
        {},
        {},
        {"north": (Finding("the audit of 1 found: shuffled labels"),)},
    )
    members = {member.silo: member for member in found.cohort.members}
    assert [one.admitted for one in members.values()] == [True] * 3
    assert "the audit of 1 found: shuffled labels" in [
        note.sentence for note in members["north"].notes
    ]
    assert members["west"].shared_rows == {"north": 0.5}
    assert members["north"].shared_rows == {"west": 0.2}
    assert members["south"].shared_rows == {}
    assert [one.distinct for one in members.values()] == [1.0] * 3
    (told,) = [n for n in members["west"].notes if n.hint == between_silos.SHARED]
    assert told.sentence.startswith("rows of another silo: found about 50% of the 120 ")
    assert "north" not in str(told)
    assert (tmp_path / ".row-key").exists()
