"""The site as files."""

import re
import shutil

import pytest

from pipelines import summary
from pipelines.runs import site
from pipelines.runs.store import RunStore
from tests.pipelines.runs.conftest import FIRST, PAGE, SECOND, figure, tables


def files(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


DIFF = f"diff/{FIRST}/{SECOND}.html"


def test_the_site_is_an_index_comparisons_and_a_folder_a_run(two_runs, tmp_path):
    index = site.build(two_runs.runs, tmp_path / "site")
    assert index == tmp_path / "site" / "index.html"
    assert files(tmp_path / "site") == [
        DIFF,
        "index.html",
        f"runs/{FIRST}/index.html",
        f"runs/{SECOND}/index.html",
    ]
    html = index.read_text(encoding="utf-8")
    assert f'href="runs/{SECOND}/index.html"' in html
    assert f'<a href="{DIFF}"><bdi>What changed since' in html
    last, first = tables(html)["All runs"]
    assert (last[7], last[-1], first[-1]) == ("0.680 to 0.730", "compare", "")
    assert html.count("<svg") == 5  # without a script
    assert tables(html)["Pairs"] == [[SECOND, FIRST]]


def test_pages_are_copied_as_they_are_and_again_when_they_change(two_runs, tmp_path):
    written = two_runs.runs.pages()[FIRST].parent / "silos" / "f9-0123.html"
    written.write_bytes(b"<body>one")
    copy = tmp_path / "runs" / FIRST / "silos" / "f9-0123.html"
    site.build(two_runs.runs, tmp_path)
    page = tmp_path / "runs" / FIRST / "index.html"
    assert page.read_text(encoding="utf-8") == PAGE
    assert copy.read_bytes() == b"<body>one"
    before = copy.stat().st_ino, copy.stat().st_mtime_ns
    site.build(two_runs.runs, tmp_path)
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == before
    written.write_bytes(b"<body>another")
    site.build(two_runs.runs, tmp_path)
    assert copy.read_bytes() == b"<body>another"


def test_what_is_gone_is_said_and_pages_of_an_earlier_build_stay(two_runs, tmp_path):
    site.build(two_runs.runs, tmp_path / "old")
    (tmp_path / "old" / "of-someone-else.txt").write_text("mine")
    shutil.rmtree(two_runs.folder / "pipeline")
    html = site.build(two_runs.runs, tmp_path / "old").read_text(encoding="utf-8")
    assert f'href="runs/{FIRST}/index.html"' in html
    assert (tmp_path / "old" / "of-someone-else.txt").read_text() == "mine"
    html = site.build(two_runs.runs, tmp_path / "new").read_text(encoding="utf-8")
    assert 'href="runs/' not in html
    assert (tmp_path / "new" / DIFF).is_file()  # figures are in the store


def test_each_run_is_compared_with_the_one_before_and_the_last_with_each_other(
    output, tmp_path, monkeypatch
):
    monkeypatch.setattr(site, "MOST_RUNS", 5)
    monkeypatch.setattr(site, "ALL_PAIRS", 3)
    for n in range(6):
        output.add(f"r{n}", [figure("auc", 0.7)])
    output.add("failed", status="failed")
    output.add("refused", status="below_quorum")
    site.build(output.runs, tmp_path)
    assert [name for name in files(tmp_path) if name.startswith("diff/")] == [
        "diff/r1/r2.html",
        "diff/r2/r3.html",
        "diff/r3/r4.html",
        "diff/r3/r5.html",
        "diff/r4/r5.html",
    ]


def test_without_a_run_the_index_says_how_to_start_one(output, tmp_path):
    index = site.build(output.runs, tmp_path)
    assert "fairsilo run flights" in index.read_text(encoding="utf-8")


def test_a_clusters_site_is_built_without_its_volume(two_runs, tmp_path):
    store = RunStore(f"sqlite:///{tmp_path}/store.db", "flights")
    for run in two_runs.runs.summaries():
        store.finish(run)
    store.start(summary.of_start("third", "flights", "latest"))
    shutil.rmtree(two_runs.folder)
    html = site.build(store, tmp_path / "site").read_text(encoding="utf-8")
    assert "… Running" in html
    assert files(tmp_path / "site") == [DIFF, "index.html"]


@pytest.mark.parametrize(
    "run_id", ["../../x", "a/b", "..", ".hidden", "x" * 129, "</a>", ""]
)
def test_a_run_id_that_is_no_plain_name_gets_a_folder_of_its_own(run_id):
    name = site.folder_name(run_id)
    assert re.fullmatch("run-[0-9a-f]{16}", name)
    assert name != site.folder_name(run_id + "x" * 200)
    assert site.folder_name("flights-2013.11_x") == "flights-2013.11_x"


def test_the_same_runs_give_the_same_bytes(two_runs, tmp_path):
    for name in ("one", "other"):
        site.build(two_runs.runs, tmp_path / name)
    for file in files(tmp_path / "one"):
        assert (tmp_path / "one" / file).read_bytes() == (
            tmp_path / "other" / file
        ).read_bytes()
