"""All that a run writes lies below one folder."""

import dataclasses
import pathlib

from pipelines.places import Places


def test_every_place_lies_below_the_output_folder(tmp_path):
    places = Places(tmp_path)
    names = [
        name for name in dir(Places) if isinstance(getattr(Places, name), property)
    ]
    assert len(names) == 8
    for name in names:
        place = str(getattr(places, name)).removeprefix("sqlite:///")
        assert pathlib.Path(place).is_relative_to(tmp_path)
    assert [field.name for field in dataclasses.fields(places)] == ["output", "store"]


def test_a_shared_store_replaces_the_operators_file(tmp_path):
    assert Places(tmp_path, "env:STORE").operator_store == "env:STORE"
