"""A silo's page holds what is its own, and nothing of any other silo."""

from __future__ import annotations

import dataclasses
import html.parser
import pathlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.dashboard import formats
from components.dashboard.report import About, Report
from components.dashboard.silo import page as silo_page
from components.dashboard.silo.location import file_name
from components.payloads import table
from components.payloads.cohort import Cohort, Member
from components.payloads.decision import Waiver
from components.payloads.findings import Finding
from components.payloads.ledger import Ledger, NotScored, SiloLine
from components.payloads.model_run import Dropped, RoundRecord, RunRecord
from components.payloads.privacy import PrivacyReport
from components.payloads.silo import check_id
from components.payloads.table import Table
from components.scoring.model import ModelCard
from tests.components.dashboard import made_benefits
from tests.components.dashboard.conftest import ARABIC, EMOJI, EVIL, LONG
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import around, figure, member
from tests.support import contributions, privacies

METRICS = (
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "calibration_error",
    "base_rate",
    "tpr",
    "fpr",
    "positive_rate",
    "precision",
)
MAX_BYTES = 110_000
NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?: kB)?")


def name(index: int) -> str:
    """Return a name that is in no other and in no word of a page."""
    return f"Zq{index:02d}xW"


def values(index: int, num: int = 9) -> dict[str, float]:
    """Return figures that no two silos share at three digits."""
    return {
        metric: 0.3 + 0.0601 * ((index * 7 + place) % num) + 0.0013 * index
        for place, metric in enumerate(METRICS)
    }


def some(num: int, **how) -> Report:
    """Return a run of silos that are all judged, but what `how` says."""
    names = [name(index) for index in range(num)]
    figures = made_runs.tables({silo: values(i) for i, silo in enumerate(names)})
    members = [member(silo, 4321 + 17 * i) for i, silo in enumerate(names)]
    return with_benefit(made_runs.report(members, figures, **how))


def with_benefit(run: Report) -> Report:
    """Return a run in which silos gain and contribute, each with its own numbers."""
    names = [one.silo for one in run.cohort.members]
    audit = contributions.report(names)
    named = dataclasses.replace(
        audit.silos[0],
        reason=f"unlike {names[-1]}",
        hint=f"ask {names[-1]}",
        signs=(contributions.sign("copied", Finding(f"as at {names[-1]}", names[-1])),),
        notes=(Finding(f"hurts {names[-1]}"),),
        appeal=f"by {names[-1]}: wrong",
    )
    audit = dataclasses.replace(
        audit,
        silos=(named, *audit.silos[1:]) if len(names) > 1 else audit.silos,
        unavailable={"help": f"{names[-1]} did not answer"},
    )
    return dataclasses.replace(
        run,
        parts=run.parts | {"benefit", "contribution"},
        benefit=made_benefits.report(names),
        contribution=audit,
        privacy=with_names(privacies.report(names)),
    )


def with_names(found: PrivacyReport) -> PrivacyReport:
    """Return a report whose sentences each name the last silo."""
    told = f" as {found.silos[-1].silo}"
    silos = (
        dataclasses.replace(one, note=one.note + told, refusal=one.refusal and told)
        for one in found.silos
    )
    return dataclasses.replace(found, silos=tuple(silos))


def with_first(run: Report, first: Member) -> Report:
    members = (first, *run.cohort.members[1:])
    return dataclasses.replace(run, cohort=Cohort(members, run.cohort.quorum))


def with_figure(run: Report, only: table.Figure) -> Report:
    """Return a run with one figure alone of a silo."""
    others = (one for one in run.scores if one.silo != only.silo)
    return dataclasses.replace(run, scores=table.make_table([only, *others]))


def write(run: Report, folder: pathlib.Path) -> dict[str, str]:
    """Return the page of each silo."""
    silo_page.write(run, folder)
    return {
        one.silo: (folder / "silos" / file_name(one.silo)).read_text(encoding="utf-8")
        for one in run.cohort.members
    }


def text_of(page: str) -> str:
    """Return a page without its style sheet, attributes and all."""
    return re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def numbers_of(run: Report, silo: str) -> set[str]:
    """Return all of a silo's numbers, written as pages write them."""
    found = set()
    for one in run.scores:
        if one.silo == silo:
            for value in filter(None, (one.value, one.low, one.high)):
                found |= {formats.metric(value), formats.signed(value)}
    for record in run.run.rounds:
        for part in record.silos:
            if part.silo == silo:
                found |= {
                    formats.metric(part.loss_before),
                    formats.metric(part.loss_after),
                    formats.metric(part.update_norm),
                    formats.metric(part.cosine),
                    formats.count(part.examples),
                }
    gained = run.benefit.get(silo)
    for figures, write in (
        (gained.figures, formats.metric),
        (gained.gains, formats.signed),
    ):
        for by_metric in figures.values():
            found |= {write(value) for each in by_metric.values() for value in each}
    audited = run.contribution.get(silo)
    known = (audited.contribution, audited.per_thousand, audited.gain)
    found |= {formats.signed(end) for each in known if each for end in each}
    if private := run.privacy.get(silo):
        held = private.balance
        costs = [held.spent, held.reserved, held.left, private.epsilon, private.noise]
        costs += [private.epsilon_rdp, private.attacked]
        found |= {formats.metric(value) for value in costs if value}
        found |= {formats.count(private.units), f"{private.noise_of_mean:.4f}"}
    (own,) = (one for one in run.cohort.members if one.silo == silo)
    found |= {formats.count(rows) for rows in own.rows.values()}
    for left in run.egress[silo]:
        found |= {formats.count(left.count), formats.size(left.bytes)}
    return found


def holds(page: str, number: str) -> bool:
    """Whether a number stands in a page by itself."""
    return bool(re.search(rf"(?<![\d.,+\-]){re.escape(number)}(?![\d,])", page))


def leaks(run: Report, pages: dict[str, str]) -> list[str]:
    """Return the other silos' names and numbers that pages hold."""
    numbers = {silo: numbers_of(run, silo) for silo in pages}
    allowed = {"0.650", "0.010", "0.080", "0.100"}  # the bounds of the gates
    found = []
    for silo, page in pages.items():
        text = text_of(page)
        told = set(NUMBER.findall(text))
        for other in pages:
            if other != silo:
                only_theirs = numbers[other] - numbers[silo] - allowed
                found += [f"{silo}: {number}" for number in told & only_theirs]
                found += [f"{silo}: {other}"] * (other in page)
    return found


@pytest.fixture(scope="module")
def nine(tmp_path_factory):
    """Nine silos, all judged; their pages."""
    run = some(9)
    return run, write(run, tmp_path_factory.mktemp("pages"))


def test_the_numbers_that_are_looked_for_are_on_their_own_page(nine):
    run, pages = nine
    for silo, page in pages.items():
        numbers = numbers_of(run, silo)
        assert len(numbers) > 60
        found = {number for number in numbers if holds(text_of(page), number)}
        assert len(found) > 40, sorted(numbers - found)
        assert silo in page


def test_no_other_silo_s_name_or_figure_is_on_a_page(nine):
    run, pages = nine
    assert leaks(run, pages) == []


share = st.floats(0.001, 0.999, allow_nan=False)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(*[share] * len(METRICS)), min_size=1, max_size=9),
    st.sets(st.integers(0, 8)),
    st.sets(st.integers(0, 8)),
)
def test_no_other_silo_is_told_whatever_the_figures(tmp_path, rows, small, out):
    names = [name(index) for index in range(len(rows))]
    figures = made_runs.tables(
        {
            silo: dict(zip(METRICS, row, strict=True))
            for silo, row in zip(names, rows, strict=True)
        }
    )
    members = [
        member(
            silo,
            4321 + 17 * index,
            admitted=index not in out,
            reasons=(Finding(f"as in {names[0]}", f"ask {names[0]}"),)
            if index in out
            else (),
        )
        for index, silo in enumerate(names)
    ]
    run = made_runs.report(
        members,
        figures,
        not_judged={names[i]: f"as {names[-1]}" for i in small if i < len(names)},
        failed={"silo_floor": f"Not blessed: silo {names[-1]} has an AUC of 0.123."},
    )
    run = with_benefit(run)
    pages = write(run, tmp_path)
    assert leaks(run, pages) == []


def test_an_owner_reads_that_the_rows_were_not_scored_or_not_learned_from(tmp_path):
    run = some(2)
    one, other = (each.silo for each in run.cohort.members)
    reason = f"silo `{one}`: cut, as `{other}`"
    drop = Dropped(one, f"silo `{one}`: the same label as `{other}`")
    run = dataclasses.replace(
        run,
        run=RunRecord("fed_avg", left_out=(drop,)),
        ledger=Ledger("done", silos_not_scored=(NotScored(one, reason),)),
    )
    pages = write(run, tmp_path)
    assert f"{one} was not scored. silo <code>{one}</code>: cut, as" in pages[one]
    assert "cut, as <code>another silo</code>" in pages[one]
    assert f"{one} was not trained. silo <code>{one}</code>: the same" in pages[one]
    assert "was not scored" not in pages[other]
    assert other not in pages[one]


def scored(silo: str, rows: int, **more) -> SiloLine:
    path = f"/homes/{silo}/predictions"
    return SiloLine(silo, path, rows, 0, "c" * 64, 1, 2_000, "e" * 64, **more)


def test_an_owner_reads_of_its_own_predictions_alone(tmp_path):
    run = some(3)
    one, other, third = (each.silo for each in run.cohort.members)
    lines = (
        scored(one, 4_711, unchanged=4_000, is_published=True),
        dataclasses.replace(
            scored(other, 815),
            served="alone",
            dead_letters=12,
            reasons={"`age` is infinite": 12},
        ),
    )
    why = (NotScored(other, f"silo `{other}`: too many, unlike `{one}`"),)
    account = Ledger("done", silos=lines, silos_not_scored=why)
    run = dataclasses.replace(
        run, ledger=account, parts=run.parts | {"inference_result"}
    )
    pages = write(run, tmp_path)
    assert "<bdi>yes</bdi>" in pages[one]
    for told in ("4,711", "4,000 of them before", f"/homes/{one}/predictions"):
        assert told in pages[one]
        assert told not in pages[other] + pages[third]
    assert "<bdi>no</bdi>" in pages[other]
    for told in ("<code>age</code> is infinite (12)", "alone eeeeeeeeeeee"):
        assert told in pages[other]
        assert told not in pages[one] + pages[third]
    assert "too many, unlike <code>another silo</code>" in pages[other]


def test_texts_about_a_silo_do_not_name_the_other(tmp_path):
    run = some(2)
    one, other = (each.silo for each in run.cohort.members)
    training = RunRecord(
        "fed_avg",
        refusal=f"1 of 2 silos answered (`{other}`: died)",
        rounds=(
            RoundRecord(
                1, 0.7, 0.6, (), (Dropped(one, f"has user id 7 of silo `{other}`"),)
            ),
        ),
        left_out=(Dropped(one, f"the same label as `{other}`"),),
    )
    found = Finding(f"{other}.csv: a corrupt file", f"ask `{other}` for its own")
    run = dataclasses.replace(run, run=training, card=ModelCard(refusal="none"))
    page = write(with_first(run, member(one, notes=(found,))), tmp_path)[one]
    assert other not in page
    assert "has user id 7 of silo <code>another silo</code>" in page
    assert "the same label as <code>another silo</code>" in page
    assert "another silo.csv: a corrupt file" in page
    assert "ask <code>another silo</code> for its own" in page


def test_sentences_and_waivers_of_gates_are_not_repeated(tmp_path):
    sentence = f"Not blessed: silo {name(1)} loses 0.031 AUC (0.702 to 0.671)."
    pages = write(some(7, failed={"silo_change": sentence}), tmp_path)
    for page in pages.values():
        assert "✗ Not blessed" in page
        assert "No step back for any silo" in page
        assert "loses 0.031 AUC" not in page
        assert sentence not in page


def test_blessed_by_a_waiver(tmp_path):
    run = some(7, failed={"silo_floor": "Not blessed: x"})
    by = Waiver("silo_floor", f"as {name(1)}", name(2), "2026-12-31", "now", "r1")
    gates = [
        dataclasses.replace(gate, waiver=None if gate.passed else by)
        for gate in run.decision.gates
    ]
    decision = dataclasses.replace(run.decision, blessed=True, gates=tuple(gates))
    page = write(dataclasses.replace(run, decision=decision), tmp_path)[name(0)]
    assert "⚑ Blessed, 1 gate waived by the operator</bdi></h2>" in page
    assert "by the operator until 2026-12-31" in page
    assert name(1) not in page
    assert name(2) not in page


@pytest.mark.parametrize(("num", "shown"), [(5, False), (6, True)])
def test_fewer_than_five_others_show_no_distribution(tmp_path, num, shown):
    page = write(some(num), tmp_path)[name(0)]
    assert ("Among the others" in page) is shown
    assert ("alike," in page) is shown
    assert ("12.3 %" in page) is shown  # its share of all rows
    assert ("How the others fare would tell too much" in page) is not shown


def test_the_histogram_has_its_counts_and_a_text(nine):
    _, pages = nine
    page = pages[name(0)]
    assert (
        page.count("<figure ") == 5 + 1 + 1 + 2
    )  # metrics, gain, budget, norm and cosine
    assert page.count('role="img" aria-label="AUC of 8 other silos: ') == 1
    assert "(yours)" in page


def test_a_quarantined_silo_reads_why_and_what_to_do(tmp_path):
    reason = Finding(
        "column `age`: found no such column, expected float values",
        "export `age` as the schema expects it",
    )
    out = Member(name(0), admitted=False, reasons=(reason,))
    page = write(with_first(some(3), out), tmp_path)[name(0)]
    heading = re.search(r'<h2 id="decision"[^>]*><bdi>(.*?)</bdi></h2>', page).group(1)
    assert heading == "✗ Your silo was not admitted"
    assert page.index(heading) < page.index("The model: ✓ Blessed")
    assert 'class="decision refused"' in page
    assert "no gate judged it on them" in page
    assert "column <code>age</code>: found no such column" in page
    assert (
        "<strong>Hint:</strong> <bdi>export <code>age</code> as the schema "
        "expects it</bdi>" in page
    )
    assert "<code>fairsilo silo check census</code>" in page
    assert "No rows could be read." in page


def test_a_silo_that_was_not_admitted_reads_so_first_where_nothing_was_trained(
    tmp_path,
):
    run = dataclasses.replace(some(3, refusal="1 of 3 admitted"), scores=Table())
    out = Member(name(0), admitted=False)
    page = write(with_first(run, out), tmp_path)[name(0)]
    assert "✗ Your silo was not admitted</bdi></h2>" in page
    assert "Your rows took no part in this run." in page
    assert "The model: ✗ Nothing was trained" in page


def test_a_silo_without_a_figure_reads_that_and_not_that_few_were_judged(tmp_path):
    few = figure(name(0), "auc", None, rows=41, positives=None, note="too few")
    page = write(with_figure(some(14), few), tmp_path)[name(0)]
    assert "your silo has no figure of its own to place among theirs" in page
    assert "would tell too much" not in page


def test_a_silo_with_too_few_rows_reads_how_many_are_missing(tmp_path):
    run = some(3, not_judged={name(0): "41 evaluation rows, 100 are needed"})
    few = figure(name(0), "rows", None, rows=41, positives=None, note="too few")
    page = write(with_figure(run, few), tmp_path)[name(0)]
    assert "No gate judged this silo: 41 evaluation rows, 100 are needed." in page
    assert "held out of the labelled rows that you export" in page


def test_where_nothing_was_trained(tmp_path):
    run = some(3, training=RunRecord("fed_avg"), refusal="1 of 3 admitted", quorum=4)
    page = write(dataclasses.replace(run, scores=Table()), tmp_path)[name(0)]
    assert "✗ Nothing was trained" in page
    assert "3 of 3 silos were admitted; the quorum is 4" in page
    assert "There was no round to take part in." in page
    assert "Your figures" not in page


@pytest.mark.parametrize(
    "hostile", [EVIL, ARABIC, EMOJI, LONG, "a'b\"c", "{{ 7 * 7 }}"]
)
def test_hostile_names_are_inert(tmp_path, hostile):
    names = [hostile, *(name(index) for index in range(6))]
    figures = table.make_table(
        one
        for index, silo in enumerate(names)
        for one in made_runs.silo_figures(silo, values(index), (EVIL, "x" * 500))
    )
    note = Finding(f"column `{EVIL}`: is `new", EVIL)
    members = [member(silo, notes=(note,)) for silo in names]
    run = made_runs.report(members, figures)
    run = dataclasses.replace(run, about=About(hostile, EVIL))
    pages = write(run, tmp_path)
    tags, text = parse(pages[hostile])
    assert {"script", "img", "link", "iframe", "object"} & tags == set()
    assert hostile in text
    assert EVIL in text


def parse(page: str) -> tuple[set[str], str]:
    class Reader(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.texts = set(), []

        def handle_starttag(self, tag, attrs):
            self.tags.add(tag)
            assert not any(key.startswith("on") for key, _ in attrs)

        def handle_data(self, data):
            self.texts.append(data)

    reader = Reader()
    reader.feed(page)
    return reader.tags, " ".join(reader.texts)


def test_the_policy_allows_the_style_sheet_and_nothing_else(nine):
    _, pages = nine
    page = pages[name(0)]
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    start = "default-src 'none'; style-src 'sha256-"
    assert html.unescape(policy).startswith(start)
    assert "unsafe" not in policy
    assert "<script" not in page
    assert " style=" not in page
    assert not re.search(r'(src|href)="(?!#)', page)


def test_a_page_at_its_largest_is_small(tmp_path):
    silo, groups = name(0), [f"{index:03d} {'y' * 200}" for index in range(60)]
    made = []
    for index in range(40):
        made += made_runs.silo_figures(name(index), values(index, 20))
    for column in ("sex", "race", "sex x race"):
        for group in groups:
            place = {"slice": column, "group": group}
            made += [
                figure(silo, metric, 0.4, **place, **around(0.4))
                for metric in ("rows", "auc", "calibration_error")
            ]
            made.append(figure(silo, "auc", 0.1, model="change", **place))
            made += [
                figure(silo, rate, 0.4, threshold=0.5, **place)
                for rate in ("tpr", "fpr", "positive_rate", "precision")
            ]
    for at in (0.1, 0.25, 0.75):
        for rate in ("tpr", "fpr", "positive_rate", "precision"):
            for model in ("candidate", "baseline", "change"):
                made.append(figure(silo, rate, 0.4, threshold=at, model=model))
    notes = tuple(
        Finding(f"column `c{index}`: {'z' * 250}", "export it") for index in range(100)
    )
    members = [member(name(index)) for index in range(40)]
    members[0] = member(silo, notes=notes)
    training = made_runs.rounds([silo], 300)
    run = made_runs.report(members, table.make_table(made), training=training)
    page = write(with_benefit(run), tmp_path)[silo]
    assert 30_000 < len(page.encode()) < MAX_BYTES


def test_file_names_are_plain_short_and_their_own():
    names = ["F9", "f9", "F 9", "con", ARABIC, EMOJI, LONG]
    found = [file_name(check_id(silo)) for silo in names]
    assert len({one.casefold() for one in found}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{4,57}\.html", one) for one in found)
    assert found[0].startswith("f9-")
    assert found[4].startswith("silo-")
