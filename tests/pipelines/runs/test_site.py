"""The site as files."""

import pathlib
import re
import shutil

import pytest

from components.dashboard.run import page
from pipelines.past_runs import silo_pages
from pipelines.past_runs.stored import StoredRuns
from pipelines.run_store import RunStore
from pipelines.site import build, comparison
from tests.pipelines.site.conftest import FIRST, PAGE, SECOND, embedded, figure


def built(output, folder):
    return build.build(output.runs, folder)


def files(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


def held(folder):
    html = (folder / "diff.html").read_text(encoding="utf-8")
    data = embedded(html)
    return [run["id"] for run in data["runs"]]


def test_the_site_is_an_index_a_comparison_and_a_folder_a_run(two_runs, tmp_path):
    index = built(two_runs, tmp_path / "site")
    assert index == tmp_path / "site" / "index.html"
    assert files(tmp_path / "site") == [
        "diff.html",
        "index.html",
        f"runs/{FIRST}/index.html",
        f"runs/{SECOND}/index.html",
    ]
    assert held(tmp_path / "site") == [SECOND, FIRST]
    assert f'href="runs/{SECOND}/index.html"' in index.read_text(encoding="utf-8")


def test_a_runs_page_is_copied_with_a_way_back(two_runs, tmp_path):
    built(two_runs, tmp_path)
    copy = (tmp_path / "runs" / FIRST / "index.html").read_text(encoding="utf-8")
    assert copy == PAGE.decode().replace(
        "<ol>", '<ol>\n<li><a href="../../index.html">All runs</a></li>'
    )


def test_the_real_run_page_has_a_place_for_the_way_back():
    """Its template's list of contents reads as the site expects it."""
    template = (page.TEMPLATES / "page.html.j2").read_bytes()
    assert len(build._CONTENTS.findall(template)) == 1


def test_the_interval_of_auc_is_that_of_the_table(two_runs, tmp_path):
    index = built(two_runs, tmp_path).read_text(encoding="utf-8")
    assert '<span class="soft">0.680 to 0.730</span>' in index  # 0.7 of the second


def test_silo_pages_are_copied_as_they_are_and_again_when_they_change(
    two_runs, tmp_path
):
    (first, _) = two_runs.runs.summaries()
    written = pathlib.Path(first["dashboard"]).parent / "silos" / "f9-0123.html"
    written.parent.mkdir()
    written.write_bytes(b"<body>one")
    copy = tmp_path / "runs" / FIRST / "silos" / "f9-0123.html"
    built(two_runs, tmp_path)
    assert copy.read_bytes() == b"<body>one"
    before = copy.stat().st_ino, copy.stat().st_mtime_ns
    built(two_runs, tmp_path)
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == before
    written.write_bytes(b"<body>another")
    built(two_runs, tmp_path)
    assert copy.read_bytes() == b"<body>another"


def test_runs_whose_artifacts_are_gone_are_told(two_runs, tmp_path):
    shutil.rmtree(two_runs.folder / "pipeline")
    index = built(two_runs, tmp_path).read_text(encoding="utf-8")
    assert index.count("its page is gone or never was") == 2
    diff = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert f"No figures are left of {SECOND}, {FIRST}." in diff


def test_a_page_of_an_earlier_build_stays_when_its_run_has_been_cleared_away(
    two_runs, tmp_path
):
    built(two_runs, tmp_path)
    (tmp_path / "of-someone-else.txt").write_text("mine")
    shutil.rmtree(two_runs.folder / "pipeline")
    index = built(two_runs, tmp_path).read_text(encoding="utf-8")
    assert f'href="runs/{FIRST}/index.html"' in index
    assert (tmp_path / "of-someone-else.txt").read_text() == "mine"


def test_a_run_that_was_never_evaluated_is_not_said_to_lack_figures(two_runs, tmp_path):
    two_runs.add("20140101-000000-2013-11", [], status="failed", evaluation=None)
    two_runs.add("20140201-000000-2013-12", [], status="below_quorum")
    built(two_runs, tmp_path)
    assert held(tmp_path) == [SECOND, FIRST]
    diff = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert "No figures are left" not in diff


def test_the_last_thirty_runs_with_figures_are_compared(output, tmp_path):
    for n in range(comparison.MOST_RUNS + 3):
        output.add(f"run-{n:02d}", [figure("auc", 0.7)])
    built(output, tmp_path)
    assert held(tmp_path) == [f"run-{n:02d}" for n in range(32, 2, -1)]


def test_without_a_run_the_index_says_how_to_start_one(output, tmp_path):
    index = built(output, tmp_path)
    assert "fairsilo run flights" in index.read_text(encoding="utf-8")
    assert "Comparing takes two runs" in (tmp_path / "diff.html").read_text()


def test_a_site_of_a_cluster_is_built_from_the_store_alone(two_runs, tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    store = RunStore(url, "flights")
    for run in two_runs.runs.summaries():
        table = pathlib.Path(run["evaluation"], "table.parquet").read_bytes()
        pages = tmp_path / "pages" / run["run_id"]
        pages.mkdir(parents=True)
        (pages / "f9-0123.html").write_text(f"F9 in {run['run_id']}")
        store.finish(run, PAGE, table, silo_pages=silo_pages.pack(pages))
    store.start("third", "latest")
    shutil.rmtree(two_runs.folder)
    index = build.build(StoredRuns("flights", url), tmp_path / "site")
    html = index.read_text(encoding="utf-8")
    assert held(tmp_path / "site") == [SECOND, FIRST]
    assert "… Running" in html
    assert f'href="runs/{SECOND}/index.html"' in html
    for run in (FIRST, SECOND):
        copy = tmp_path / "site" / "runs" / run / "silos" / "f9-0123.html"
        assert copy.read_text() == f"F9 in {run}"


HOSTILE = ["../../x", "a/b", "..", ".hidden", "x" * 129, "</a>", ""]


@pytest.mark.parametrize("run_id", HOSTILE)
def test_a_run_id_that_is_no_plain_name_gets_a_folder_of_its_own(run_id):
    name = build.folder_name(run_id)
    assert re.fullmatch("run-[0-9a-f]{16}", name)
    assert name != build.folder_name(run_id + "x" * 200)


def test_a_plain_run_id_is_its_folder():
    assert build.folder_name(SECOND) == SECOND
    assert build.folder_name("flights-2013.11_x") == "flights-2013.11_x"


def test_a_hostile_run_id_stays_inside_the_folder(output, tmp_path):
    output.add("../../../escaped", [figure("auc", 0.7)])
    site = tmp_path / "deep" / "down" / "site"
    built(output, site)
    assert list((tmp_path / "deep").rglob("*escaped*")) == []
    assert len(files(site)) == 3


def test_the_same_runs_give_the_same_bytes(two_runs, tmp_path):
    for name in ("one", "other"):
        built(two_runs, tmp_path / name)
    for file in files(tmp_path / "one"):
        assert (tmp_path / "one" / file).read_bytes() == (
            tmp_path / "other" / file
        ).read_bytes()
