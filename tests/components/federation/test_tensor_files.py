"""Names of the training files."""

from __future__ import annotations

import pathlib

from components.federation import tensor_files


def test_folder_lies_below_the_home():
    folder = pathlib.PurePosixPath(tensor_files.folder("k1"))
    assert not folder.is_absolute()
    assert folder.parts == ("training", "k1")
    assert len(set(tensor_files.ALL)) == 3
