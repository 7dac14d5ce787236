import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import digests

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_a_files_digest_is_that_of_its_bytes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    assert digests.of_file(path) == digests.of_bytes(data) == expected


@given(st.dictionaries(st.text(), VALUES, min_size=2))
def test_the_order_of_keys_changes_no_digest(value):
    backwards = dict(reversed(value.items()))
    assert digests.of_json(value) == digests.of_json(backwards)


def test_what_json_cannot_say_has_no_digest():
    with pytest.raises(ValueError, match="Out of range float"):
        digests.of_json([float("nan")])


@pytest.fixture
def package(tmp_path, monkeypatch):
    for folder in ("node", "other", "silos"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "code.py").write_text(f"NAME = '{folder}'\n")
    monkeypatch.setattr(digests, "PACKAGE_ROOT", tmp_path)
    return tmp_path


def code(package):
    return digests.of_code("node", ["silos"])


@pytest.mark.parametrize("file", ["node/code.py", "silos/code.py", "node/new.html.j2"])
def test_an_edit_to_a_node_or_its_library_changes_its_code(package, file):
    before = code(package)
    (package / file).write_text("NAME = 'edited'\n")
    assert code(package) != before


@pytest.mark.parametrize(
    "file",
    [
        "other/code.py",
        "node/README.md",
        "node/__pycache__/code.pyc",
    ],
)
def test_an_edit_to_anything_else_does_not(package, file):
    before = code(package)
    (package / file).parent.mkdir(exist_ok=True)
    (package / file).write_text("NAME = 'edited'\n")
    assert code(package) == before


@pytest.mark.parametrize(
    "text",
    [
        "'What it is.'\n\nNAME = 'node'  # a comment\n",
        "NAME  =  ('node')\n'What it is for.'\n",
    ],
)
def test_a_comment_or_docstring_is_no_other_code(package, text):
    before = code(package)
    (package / "node/code.py").write_text(text)
    assert code(package) == before


def test_docstrings_are_left_out_at_every_depth_and_other_texts_are_not(package):
    def coded(of_class, of_function, returned):
        (package / "node/code.py").write_text(
            f"class A:\n    '{of_class}'\n    def b(self):\n        '{of_function}'\n"
            f"        return '{returned}'\n"
        )
        return code(package)

    assert coded("a", "b", "c") == coded("d", "e", "c") != coded("a", "b", "d")


@pytest.mark.parametrize("text", ["def", "\0", "x = '\\ud800'"])
def test_code_that_can_not_be_parsed_or_encoded_has_a_digest(package, text):
    before = code(package)
    (package / "node/code.py").write_text(text)
    assert code(package) != before


def test_another_version_of_an_engine_is_other_code(
    package, tmp_path, monkeypatch, request
):
    request.addfinalizer(digests._versions.cache_clear)
    monkeypatch.setattr(digests, "ENGINES", ("fast-engine",), raising=False)
    digests._versions.cache_clear()
    without = code(package)
    found = set()
    for version in ("1.0", "1.1"):
        info = tmp_path / version / "fast_engine.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: fast-engine\nVersion: {version}\n")
        monkeypatch.syspath_prepend(tmp_path / version)
        digests._versions.cache_clear()
        found.add(code(package))
    assert len(found - {without}) == 2


def test_all_python_below_a_folder_is_digested_and_nothing_else(tmp_path):
    def take():
        return digests.of_python_below(tmp_path)

    (tmp_path / "model.py").write_text("import layers\n")
    seen = [take()]
    for name in ("layers.py", "package/__init__.py", "package/deep/more.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for text in ("A = 1\n", "A = 2\n"):
            path.write_text(text)
            seen.append(take())
    assert len({*seen}) == 7
    for name in ("README.md", ".venv/a.py", "__pycache__/a.py", "settings.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A = 3\n")
    assert take() == seen[-1]
