"""Silos, their files and the spans of a run."""

import pathlib

import pytest

from components.errors import SettingsError
from components.payloads import findings
from components.payloads.findings import Finding
from components.payloads.silo import Silo
from components.silo_example_gen import discovery
from components.silo_example_gen.discovery import SCORE, Found, Window
from tests.support import silos

SPANS = ["2013-1", "2013-2", "2013-9", "2013-10"]


def found(*spans, silo="north"):
    files = tuple({"span": s, "path": f"/{silo}/{s}", "digest": s} for s in spans)
    return Found(Silo(silo, f"/home/{silo}"), f"/{silo}", files)


def source(**row):
    row = {"score": "following_span", **row}
    return silos.source(pathlib.Path("/data"), "{silo}/{span}.parquet", **row)


def test_a_span_learns_from_those_before_it_and_scores_the_next():
    chosen = discovery.window([found(*SPANS)], source(), "2013-9")
    assert chosen == Window("2013-9", ("2013-1", "2013-2"), "2013-10")


def test_the_latest_span_is_the_last_that_has_one_after_it():
    split = [found("2013-1", "2013-10"), found("2013-2", "2013-9", silo="west")]
    assert discovery.window(split, source(), "latest").span == "2013-9"


def test_scoring_alone_takes_nothing_but_the_spans_own_rows():
    chosen = discovery.window([found(*SPANS)], source(), "2013-10", SCORE)
    assert chosen == Window("2013-10", (), "2013-10")


def test_files_in_a_format_that_is_not_read_are_noted(tmp_path):
    silos.write(tmp_path / "data", "north", "1.csv", silos.rows(3))
    (tmp_path / "data/north/2.csv.zip").write_bytes(b"x")
    (north,) = discovery.discover(silos.source(tmp_path / "data"), str(tmp_path / "h"))
    assert findings.sentences(north.notes) == ("files that are not read: 2.csv.zip",)


def test_the_coming_span_learns_from_all_and_has_nothing_to_score():
    chosen = discovery.window([found(*SPANS)], source(), "2013-11")
    assert chosen == Window("2013-11", tuple(SPANS), "")


def test_data_without_spans_has_one_window_and_knows_no_span():
    plain = silos.source(pathlib.Path("/data"))
    assert discovery.window([found("")], plain, "latest") == Window("", ("",), "")
    with pytest.raises(SettingsError, match=r"has no \{span\} in it"):
        discovery.window([found("")], plain, "2013-1")


def test_nothing_follows_unless_the_settings_say_so():
    plain = silos.source(pathlib.Path("data"), "{silo}/{span}.csv")
    assert discovery.window([found("1", "2", "3")], plain, "2").following == ""


def digest(listed, chosen=None):
    return discovery.fingerprint(listed, chosen or Window("3", ("1", "2"), "4"))


def test_a_fingerprint_is_of_the_files_that_are_read_and_of_no_others():
    assert digest([found("1", "2", "9")]) == digest([found("1", "2")])
    assert digest([found("1", "2")]) != digest([found("1")])
    assert digest([found("1", "2", "4")]) != digest([found("1", "2")])
    assert digest([found("1")]) != digest([found("1")], Window("2", ("1",), ""))
    gone = Found(Silo("west", ""), "", error=Finding("its folder has gone"))
    assert digest([found("1"), gone]) != digest([found("1")])


def test_a_fingerprint_is_the_same_wherever_the_silos_folders_lie():
    def at(root):
        path = f"{root}/north/1.csv"
        files = ({"span": "1", "path": path, "digest": "1"},)
        return Found(Silo("north", "/home/north"), f"{root}/north", files)

    assert digest([at("/here")]) == digest([at("/moved/there")])


@pytest.mark.parametrize(
    ("spans", "span", "purpose", "told", "hint"),
    [
        (SPANS, "2013-1", "train", "no span before it to learn from", "a later span"),
        (["1"], "latest", "train", "'1': found no span before it", "a later span"),
        ([], "latest", "train", "learn from; there are none at all", "a later span"),
        (SPANS, "2014-1", "score", "there are 2013-1 to 2013-10", "another span"),
        (SPANS, "2013-11", "score", "there are 2013-1 to 2013-10", "another span"),
        (SPANS, "2013-12", "train", "found no file of it", "; 2013-11, which directly"),
        (SPANS, "2013-5", "train", "found no file of it", "; 2013-11, which directly"),
        (
            ["7", "8"],
            "10",
            "train",
            "found no file of it; there are 7 to 8",
            "; 9, whi",
        ),
        (SPANS, "foo", "train", "span is 'foo': found no file of it", "another span"),
        (
            ["01-2024", "02-2023"],
            "latest",
            "train",
            "found spans with a number before the year, such as 01-2024",
            "so that the year comes first",
        ),
    ],
)
def test_a_span_that_can_not_be_run_is_refused(spans, span, purpose, told, hint):
    with pytest.raises(SettingsError) as caught:
        discovery.window([found(*spans)], source(), span, purpose)
    assert told in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("spans", "refused", "expected"),
    [
        (
            ["2024-01", "2024-1", "202401"],
            ["west"],
            "expected YYYY-# (as in most silos)",
        ),
        (
            ["2024-01", "2024-1", "01-2024"],
            ["west"],
            "expected YYYY-# (as in most silos)",
        ),
        (["2024-01", "202401"], ["east", "north"], "expected one form in all silos"),
    ],
)
def test_silos_that_write_spans_unlike_most_are_refused(
    tmp_path, spans, refused, expected
):
    for silo, span in zip(("east", "north", "west"), spans, strict=False):
        silos.write(tmp_path / "data", silo, f"{span}.csv", silos.rows(3))
    settings = silos.source(tmp_path / "data", "{silo}/{span}.csv")
    listed = discovery.discover(settings, str(tmp_path / "homes"))
    assert [one.silo.id for one in listed if one.error] == refused
    for one in listed:
        assert bool(one.files) is not bool(one.error)
        assert not one.error or expected in one.error.sentence


def test_silos_of_any_script_are_found_and_a_bad_name_is_an_entry(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    bad = {
        "a\\..\\b": "would leave its parent folder",
        "tab\there": "control or invisible",
        "caf\udce9": "bytes that are not UTF-8",
        "x" * 200: "has 200 bytes",
    }
    for name in ("süd-銀行", ".hidden", *bad):
        (tmp_path / "data" / name).mkdir()
    listed = discovery.discover(silos.source(tmp_path / "data"), str(tmp_path / "h"))
    good = {item.silo.id for item in listed if not item.error}
    assert good == {*silos.SIZES, "süd-銀行"}
    assert {path.name for path in (tmp_path / "h").glob("[!.]*")} == good
    shown = {"tab\there": "tab\\there", "caf\udce9": "caf\\udce9"}
    errors = {item.silo.id: item.error for item in listed if item.error}
    assert errors.keys() == {shown.get(name, name) for name in bad}
    for name, fault in bad.items():
        error = errors[shown.get(name, name)]
        assert fault in error.sentence
        assert error.sentence.isprintable()
        assert error.hint == "rename the silo's folder"
