"""Packed figures are those that went in, to the digits that are kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.site import packing
from pipelines.site.figures import Figure, Question, Subject

F9, ALL = Subject("F9"), Subject()
AUC, TPR = Question("auc"), Question("tpr", 0.25)
ROOM = 10**9


def unpacked(data, run):
    """Return a run's figures from packed data, as `templates/diff.js` reads them."""
    found = {}
    for block in (data["whole"], data["silos"]):
        scale = 10 ** block["digits"]
        for question, column in enumerate(block["runs"][run]["columns"]):
            words = block["names"]["questions"][question]["words"]
            values, below, above = (*column, None, None)[:3] if column else ([], [], [])
            for index, value in enumerate(values):
                if value is None:
                    continue
                ends = (
                    (None, None)
                    if below is None or below[index] is None
                    else (
                        (value - below[index]) / scale,
                        (value + above[index]) / scale,
                    )
                )
                subject = tuple(block["names"]["subjects"][index])
                rows = block["runs"][run]["rows"][index]
                found[subject, words] = (value / scale, *ends, rows)
    return found


def test_two_runs_by_hand():
    packed = packing.pack(
        [
            {(F9, AUC): Figure(0.70216, 0.69, 0.7188, 31)},
            {
                (F9, AUC): Figure(0.671, None, None, 25),
                (Subject("AA"), TPR): Figure(0.5, 0.4, 0.62, 9),
                (ALL, AUC): Figure(0.7123456, 0.7, 0.72, 99),
            },
        ],
        ROOM,
    )
    assert packed.num_runs == 2
    silos = packed.data["silos"]
    assert silos["names"]["subjects"] == [("AA", "", ""), ("F9", "", "")]
    assert [q["words"] for q in silos["names"]["questions"]] == ["AUC", "TPR at 0.25"]
    assert silos["runs"][0] == {
        "rows": [0, 31],
        "columns": [[[None, 7022], [None, 122], [None, 166]], []],
    }
    assert silos["runs"][1] == {
        "rows": [9, 25],
        "columns": [[[None, 6710]], [[5000, None], [1000, None], [1200, None]]],
    }
    assert unpacked(packed.data, 1)[("", "", ""), "AUC"] == (
        pytest.approx(0.712346),
        pytest.approx(0.7, abs=1e-6),
        pytest.approx(0.72, abs=1e-6),
        99,
    )


def test_auc_is_the_first_question_and_each_knows_its_better_way():
    figure = Figure(0.1, None, None, 9)
    keys = [(F9, Question(name)) for name in ("brier", "auc", "base_rate")]
    data = packing.pack([dict.fromkeys(keys, figure)], ROOM).data
    assert [
        (q["metric"], q["better"]) for q in data["silos"]["names"]["questions"]
    ] == [
        ("auc", 1),
        ("base_rate", 0),
        ("brier", -1),
    ]


def test_only_the_newest_runs_that_fit_are_kept():
    runs = [
        {(Subject(f"silo-{n}"), AUC): Figure(0.7, 0.69, 0.72, 31) for n in range(50)}
        for _ in range(6)
    ]
    whole = len(json.dumps(packing.pack(runs, ROOM).data, separators=(",", ":")))
    half = packing.pack(runs, whole // 2)
    assert 1 <= half.num_runs < 6
    assert len(half.data["silos"]["runs"]) == half.num_runs
    assert len(half.data["whole"]["runs"]) == half.num_runs
    assert len(json.dumps(half.data, separators=(",", ":"))) <= whole // 2 + 200
    assert packing.pack(runs, 10).num_runs == 0


SHARES = st.floats(0, 1)
KEYS = st.tuples(
    st.builds(Subject, st.sampled_from(["", "a", "b", "c"])),
    st.sampled_from([AUC, TPR, Question("log_loss")]),
)


def drawn(value, below, above, rows, has_interval):
    low, high = (value - below, value + above) if has_interval else (None, None)
    return Figure(value, low, high, rows)


FIGURES = st.builds(drawn, SHARES, SHARES, SHARES, st.integers(0, 10**9), st.booleans())


@given(st.lists(st.dictionaries(KEYS, FIGURES, max_size=12), min_size=1, max_size=4))
def test_what_goes_in_comes_out_to_four_digits(runs):
    packed = packing.pack(runs, ROOM)
    assert packed.num_runs == len(runs)
    data = json.loads(json.dumps(packed.data))
    for run, figures in enumerate(runs):
        found = unpacked(data, run)
        assert len(found) == len(figures)
        for (subject, question), figure in figures.items():
            words = {AUC: "AUC", TPR: "TPR at 0.25"}.get(question, "Log loss")
            value, low, high, _ = found[tuple(subject), words]
            assert value == pytest.approx(figure.value, abs=1e-4)
            assert (low is None) == (figure.low is None)
            if low is not None:
                assert low == pytest.approx(figure.low, abs=2e-4)
                assert high == pytest.approx(figure.high, abs=2e-4)
