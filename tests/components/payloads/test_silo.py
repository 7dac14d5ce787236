import pathlib

import pytest

from components.errors import SettingsError
from components.payloads.silo import MAX_ID_BYTES, Silo, check_id


@pytest.mark.parametrize(
    "name", ["north", "Süd 2", "東京-支店", "силос", "a.b", "x" * MAX_ID_BYTES, "it's"]
)
def test_a_plain_folder_name_in_any_script_is_a_silos_name(name):
    assert check_id(name) == name


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("../north", "would leave its parent folder"),
        ("..", "would leave its parent folder"),
        (".", "would leave its parent folder"),
        ("/etc", "would leave its parent folder"),
        ("a\\b", "would leave its parent folder"),
        (".hidden", "is hidden (starts with a dot)"),
        ("a\0b", "holds control or invisible characters"),
        ("a\nb", "holds control or invisible characters"),
        ("a\u202eb", "holds control or invisible characters"),  # reverses the text
        ("a\u200bb", "holds control or invisible characters"),  # has no width
        ("caf\udce9", "bytes that are not UTF-8"),  # as the file system gives it
        ("x" * (MAX_ID_BYTES + 1), f"'{'x' * 40}...' has 121 bytes"),
        ("東" * 41, "has 123 bytes"),
    ],
)
def test_any_other_name_is_refused_with_its_fault(name, fault):
    with pytest.raises(SettingsError) as caught:
        check_id(name)
    assert fault in caught.value.message
    assert "expected a plain folder name of at most 120 bytes" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint == "rename the silo's folder"


def test_a_path_lies_below_the_silos_home():
    assert Silo("north", "/homes/north").path("a", "b") == pathlib.Path(
        "/homes/north/a/b"
    )
