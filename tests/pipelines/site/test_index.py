"""The index as HTML."""

import re

from pipelines.site import index, trends
from tests.pipelines.site.conftest import ARABIC, EVIL, embedded, silo, told


def rendered(summaries, hrefs=None, comparable=()):
    return index.render("flights", trends.entries(summaries), hrefs or {}, comparable)


def test_runs_stand_newest_first_and_are_drawn_oldest_first():
    html = rendered([told(f"run-{n}") for n in (1, 2, 3)])
    rows = re.findall(r'<th scope="row" class="run"><bdi>(run-\d)</bdi>', html)
    assert rows[:3] == ["run-3", "run-2", "run-1"]
    assert [point["id"] for point in embedded(html)] == ["run-1", "run-2", "run-3"]


def test_only_the_latest_runs_are_drawn_and_the_page_says_so():
    html = rendered([told(f"run-{n:03d}") for n in range(73)])
    drawn = [point["id"] for point in embedded(html)]
    assert (drawn[0], drawn[-1], len(drawn)) == ("run-013", "run-072", 60)
    assert "the last 60 of 73" in html
    assert "run-000" in html


def test_each_status_has_a_sign_and_a_word():
    statuses = ["blessed", "not_blessed", "below_quorum", "failed", "running"]
    html = rendered([told(f"run-{s}", status=s) for s in statuses])
    words = re.findall(r'<td data-sort="([^"]*)"><span class="word (\w+)">(\S)', html)
    assert words == [
        ("Running", "bad", "…"),
        ("Failed", "bad", "✗"),
        ("Nothing was trained", "bad", "✗"),
        ("Not blessed", "bad", "✗"),
        ("Blessed", "good", "✓"),
    ]


def headed(*summaries):
    return re.search(r'<h2 id="last"[^>]*>(.*?)</h2>', rendered(list(summaries))).group(
        1
    )


def test_the_heading_and_the_trends_say_who_waived():
    gates = [
        {"gate": gate, "passed": False, "waived": True, "waived_by": f"A. {EVIL}"}
        for gate in ("silo_gap", "change")
    ]
    waived = told("run-2", span="7", gates=gates)
    html = rendered([told("run-1"), waived])
    (heading,) = re.findall(r'<h2 id="last"[^>]*>(.*?)</h2>', html)
    assert heading.startswith("⚑ Blessed, 2 gates waived by A. &lt;/script&gt;")
    assert heading.endswith(": <bdi>7</bdi>")
    assert 'class="decision blessed by-waiver"' in html
    assert '<span class="word waived">⚑ Blessed, 2 gates waived' in html
    points = embedded(html)
    assert [point["decision"] for point in points] == ["Blessed", index.WAIVED]
    assert points[1]["word"] == f"Blessed, 2 gates waived by A. {EVIL}"


def test_a_run_without_a_span_is_headed_by_its_start_or_its_id():
    started = told("20261124-222803-latest", span="")
    assert headed(started) == "✓ Blessed: <bdi>2026-11-24 22:28:03</bdi>"
    assert headed(told("uuid", span="")) == "✓ Blessed: <bdi>uuid</bdi>"
    assert headed(told("a", span="7")) == "✓ Blessed: <bdi>7</bdi>"
    again = headed(told("a", span="7"), told("b", span="7"))
    assert again == "✓ Blessed: <bdi>7, run 2</bdi>"


def test_spans_have_a_column_where_there_is_one():
    assert '<th scope="col">Span</th>' in rendered([told("a", span="7")])
    assert ">Span<" not in rendered([told("a", span="", silos=[silo("x")])])


def test_a_run_with_a_page_links_to_it_and_one_without_says_so():
    html = rendered([told("run-1"), told("run-2")], {"run-2": "runs/run-2/index.html"})
    assert '<a href="runs/run-2/index.html"><bdi>run-2</bdi></a>' in html
    assert "its page is gone or never was" in html


def test_each_run_is_compared_with_the_comparable_one_before():
    html = rendered(
        [told("a&b"), told("failed", status="failed"), told("run-3")],
        comparable=["run-3", "a&b"],
    )
    assert set(re.findall(r'href="(diff\.html#[^"]*)"', html)) == {
        "diff.html#a=a%26b&amp;b=run-3"
    }
    assert 'href="diff.html">Compare two runs' in html


def test_without_two_comparable_runs_there_is_no_link_to_compare():
    assert "diff.html" not in rendered([told("run-1")], comparable=["run-1"])


def test_gates_reason_worst_silo_and_gap_are_told():
    html = rendered(
        [
            told(
                "run-1",
                status="not_blessed",
                reasons=["silo F9 loses 0.031 AUC", "another"],
                gates=[
                    {"gate": "silo_change", "passed": False, "waived": False},
                    {"gate": "silo_gap", "passed": False, "waived": True},
                ],
                worst_silo={"silo": "F9", "auc": 0.67123},
                gap=0.2104,
            )
        ]
    )
    row = html[html.index("<tbody>") : html.index("</tbody>")]
    assert "silo F9 loses 0.031 AUC" in row
    assert "another" not in row
    assert "<bdi>silo_change</bdi>" in row
    assert '<span class="soft">waived:</span> <bdi>silo_gap</bdi>' in row
    assert '0.671<br><span class="soft"><bdi>F9</bdi></span>' in row
    assert ">0.210</td>" in row


def test_changes_of_the_cohort_are_named_up_to_six():
    many = [silo(f"s{n}") for n in range(9)]
    html = rendered([told("run-1", silos=[silo(ARABIC)]), told("run-2", silos=many)])
    table = html[html.index('id="cohort"') :]
    assert "<bdi>s5</bdi> and 3 more" in " ".join(table.split())
    assert "<bdi>s6</bdi>" not in table
    assert f"<bdi>{ARABIC}</bdi>" in table


def test_hostile_names_are_escaped():
    html = rendered(
        [told(EVIL, span=EVIL, reasons=[EVIL], silos=[silo(EVIL)])],
        comparable=[EVIL, EVIL],
    )
    assert EVIL not in html
    assert "<img" not in html


def test_before_any_run_it_says_how_to_start_one():
    html = rendered([])
    assert "fairsilo run flights" in html
    assert "fairsilo report build flights" in html
