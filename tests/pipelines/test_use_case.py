"""Use cases are found by name, and must be whole."""

import shutil

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from pipelines import use_case


def test_unknown_use_case_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"known: .*flights") as caught:
        use_case.find("trains")
    assert "fairsilo init trains" in caught.value.hint


@pytest.mark.parametrize("name", ["../flights", "", "Flights", "a/b"])
def test_name_that_is_no_name_is_refused(name):
    with pytest.raises(SettingsError, match="expected a name"):
        use_case.find(name)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the use case `mine`, a copy of the flights."""
    monkeypatch.chdir(tmp_path)
    shipped = use_case.find("flights")
    folder = tmp_path / "pipelines" / "mine"
    folder.mkdir(parents=True)
    shutil.copy(shipped.folder / "settings.yaml", folder)
    (tmp_path / "schemas").mkdir()
    shutil.copy(shipped.schema_file, tmp_path / "schemas" / "mine.pbtxt")
    return tmp_path


def test_data_is_prepared_once_whole_or_not_at_all(project):
    source = project / "pipelines" / "mine" / "source.py"
    source.write_text("def prepare(root):\n    root.mkdir()\n    raise KeyError\n")
    mine = use_case.find("mine", ["silos.root=data/rows"])
    assert mine.data == project / "data" / "rows"
    with pytest.raises(KeyError):
        mine.prepare()
    assert list((project / "data").iterdir()) == []
    source.write_text("def prepare(root):\n    root.mkdir()\n")
    assert mine.prepare()
    assert mine.data.is_dir()
    assert not mine.prepare()


def test_a_use_case_needs_its_schema_and_may_have_a_model(project):
    assert use_case.find("mine").model_file == use_case.DEFAULT_MODEL
    own = project / "pipelines" / "mine" / "model.py"
    own.touch()
    assert use_case.find("mine").model_file == own
    (project / "schemas" / "mine.pbtxt").unlink()
    assert use_case.exists("mine")
    with pytest.raises(SettingsError, match=r"found no .*mine\.pbtxt"):
        use_case.find("mine")


@pytest.mark.parametrize("name", ["flights", "census"])
def test_shipped_schemas_list_all_columns_and_split_by_is_no_feature(name):
    settings = use_case.find(name).settings
    split_by = use_case._named_columns(settings)["rows.split_by"]
    assert {*split_by} <= {*settings.features.ignore}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("rows.label=lat", "`rows.label`: unknown column `lat`; did you mean `late`?"),
        ("features.ignore=[haull]", "`features.ignore`: unknown column `haull`; did"),
        ("evaluation.slices=[gender]", "`evaluation.slices`: unknown column `gender`"),
        ("evaluation.slices=['']", "the empty name can't be slice columns"),
        ("privacy.person=late", "`late` is also in `privacy.person`, expected other"),
        (
            "privacy.person=origin",
            "`origin`, the column of `privacy.person`, is also in",
        ),
        ("privacy.person=pilot", "`privacy.person`: unknown column `pilot`"),
        ("rows.key=[flight_id, late]", "`late` is also in `rows.key`, expected other"),
        ("rows.split_by=late", "`late` is also in `rows.split_by`, expected other"),
        ("evaluation.slices=[origin, late]", "`late` is also in `evaluation.slices`, "),
        ("silos.root=~nobody-here/rows", "`silos.root`: found '~nobody-here/rows'"),
    ],
)
def test_columns_and_paths_that_can_not_be_used_are_refused(project, change, told):
    with pytest.raises(SettingsError) as caught:
        use_case.find("mine", [change])
    assert told in caught.value.message


def test_all_unknown_columns_are_named_at_once_with_those_that_there_are(project):
    changes = ["rows.label=lat", "features.ignore=[xyzzy, haul]"]
    with pytest.raises(SettingsError) as caught:
        use_case.find("mine", changes)
    schema = project / "schemas" / "mine.pbtxt"
    assert caught.value.message == (
        "use case `mine`: the settings name columns that the schema "
        f"{schema} does not list:\n"
        "  `rows.label`: unknown column `lat`; did you mean `late`?\n"
        "  `features.ignore`: unknown column `xyzzy`"
    )
    assert "add the columns to the schema, which lists flight_id, day, origin" in (
        caught.value.hint
    )


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        ("flight_id", "FLOAT", "INT or BYTES, as keys"),
        ("hour", "FLOAT", "INT or BYTES, as it tells people apart"),
        ("late", "BYTES", "INT or FLOAT"),
    ],
)
def test_key_and_label_have_types_that_serve(project, column, kind, expected):
    path = project / "schemas" / "mine.pbtxt"
    schema = text_format.Parse(path.read_text(), schema_pb2.Schema())
    for feature in schema.feature:
        if feature.name == column:
            feature.type = schema_pb2.FeatureType.Value(kind)
    path.write_text(text_format.MessageToString(schema))
    told = f"found type {kind} of column `{column}`, expected {expected}"
    with pytest.raises(SettingsError, match=told):
        use_case.find("mine", ["privacy.person=hour"])


@pytest.mark.parametrize("text", [b"feature { nam: 'x' }", b"feature {", b"\xff"])
def test_a_schema_that_is_none_is_refused(project, text):
    (project / "schemas" / "mine.pbtxt").write_bytes(text)
    with pytest.raises(
        SettingsError, match=r"mine\.pbtxt: found .*, expected a schema"
    ):
        use_case.find("mine")


def test_where_else_it_was_sought_is_told_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = use_case.unknown("nope", "a run of it in X", {"loans"})
    assert error.message == (
        f"use case `nope`: found no pipelines/nope/settings.yaml in {tmp_path} or "
        "above, nor a run of it in X; known: census, flights, loans"
    )
    assert error.hint.startswith("make one with `fairsilo init nope ")
    run = use_case.unknown("20131101-000000", "a run of that id")
    assert "nor a run of that id; known: census, flights" in run.message
    assert run.hint.startswith("`fairsilo report list USE_CASE`")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["validation.quorum=3"], "`validation.quorum` is 3, but "),
        (["training.quorum_per_round=4"], "`training.quorum_per_round` is 4, but "),
        (
            ["validation.quorum=3", "gates.minimum_data.judged_silos=3"],
            "`validation.quorum` is 3 and `gates.minimum_data.judged_silos` is 3, but ",
        ),
    ],
)
def test_a_quorum_above_the_number_of_silos_is_refused(project, changes, told):
    for name in ("north", "south", ".hidden", "__pycache__"):
        (project / "rows" / name).mkdir(parents=True)
    (project / "rows/notes.txt").touch()
    common = ["silos.root=rows", "validation.quorum=2", "training.quorum_per_round=2"]
    use_case.find("mine", ["silos.root=no-data-yet"]).check_start()
    use_case.find("mine", common).check_start()
    with pytest.raises(SettingsError) as caught:
        use_case.find("mine", [*common, *changes]).check_start()
    assert caught.value.message == (
        f"{told}{project / 'rows'} holds 2 silos: no run could give a blessed model"
    )


def test_no_run_starts_on_a_day_outside_of_the_budgets_window(project):
    past = ["privacy.window=2020-01-01/2020-12-31", "silos.root=no-data-yet"]
    use_case.find("mine", past).check_start()
    for window, told in (
        (past[0], "a window that ended on 2020-12-31"),
        ("privacy.window=weekly", "found `weekly`, expected `month`, `quarter`, "),
    ):
        found = use_case.find("mine", [*past, window, "privacy.mode=example"])
        with pytest.raises(SettingsError) as caught:
            found.check_start()
        assert told in caught.value.message


def test_a_silo_that_asks_for_more_protection_must_be_there(project):
    for silo in ("north", "south"):
        (project / "rows" / silo).mkdir(parents=True)
    few = ["validation.quorum=2", "gates.minimum_data={judged_silos: 1}"]
    common = ["privacy.mode=example", "silos.root=rows", *few]
    use_case.find(
        "mine", [*common, "privacy.silos={north: {delta: 1e-6}}"]
    ).check_start()
    misspelt = use_case.find("mine", [*common, "privacy.silos={nrth: {epsilon: 1}}"])
    with pytest.raises(SettingsError) as caught:
        misspelt.check_start()
    assert caught.value.message == (
        "privacy.silos: found `nrth`, expected the name of a folder of a silo in "
        f"{project / 'rows'}; did you mean `north`?"
    )


def test_paths_in_settings_start_at_the_project_or_at_home(
    project, tmp_path_factory, monkeypatch
):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    changes = ["silos.root=~/rows", "training.silo_registry=silos.json"]
    settings = use_case.find("mine", changes).settings
    assert settings.silos.root == str(home / "rows")
    assert settings.training.silo_registry == str(project / "silos.json")
    changes = ["silos.root=/rows", "training.silo_registry=~/silos.json"]
    settings = use_case.find("mine", changes).settings
    assert settings.silos.root == "/rows"
    assert settings.training.silo_registry == str(home / "silos.json")


def test_projects_are_found_from_any_folder_and_hold_the_output(
    project, tmp_path_factory, monkeypatch
):
    ours = use_case.PACKAGE_PROJECT
    for folder in (project, project / "pipelines" / "mine", project / "schemas"):
        monkeypatch.chdir(folder)
        assert use_case.find("mine").project == project
        assert use_case.projects() == [project, ours]
    assert {"census", "flights", "mine"} <= {*use_case.known()}
    for name, holder in {"mine": project, "gone": project, "flights": ours}.items():
        assert use_case.output(name) == holder / "build" / name
    # Its own one comes before one of that name that we ship.
    (project / "pipelines" / "mine").rename(project / "pipelines" / "flights")
    (project / "schemas" / "mine.pbtxt").rename(project / "schemas" / "flights.pbtxt")
    assert use_case.find("flights").project == project
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert use_case.find("flights").project == ours
    assert use_case.projects() == [ours]
