"""What people write can't become anything but a value in the templates."""

import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.errors import SettingsError
from pipelines.cluster import templates
from tests.pipelines.cluster.test_names import is_id

TEMPLATE = string.Template('one: "${id}"\ntwo: "/root/${id}"\nthree: [a]\n')


@given(st.text(max_size=30).filter(is_id))
def test_a_silo_id_is_the_same_text_in_yaml(silo_id):
    text = templates.fill(TEMPLATE, {"id": templates.quoted(silo_id)})
    assert yaml.safe_load(text) == {
        "one": silo_id,
        "two": f"/root/{silo_id}",
        "three": ["a"],
    }


@pytest.mark.parametrize(
    "silo_id",
    [
        'a"\nthree: [b]\nfour: "',
        "a: b",
        "# a",
        "${slug}",
        "a\\n",
        "\N{LINE SEPARATOR}b",
        "a\N{NO-BREAK SPACE}b",
        "\N{GRINNING FACE}",
        "%TAG",
        " a ",
        "a  b",
    ],
)
def test_awkward_ids_are_values_too(silo_id):
    text = templates.fill(TEMPLATE, {"id": templates.quoted(silo_id)})
    assert yaml.safe_load(text)["one"] == silo_id
    assert yaml.load(text, yaml.CSafeLoader)["one"] == silo_id


def test_templates_become_one_in_their_order(tmp_path):
    (tmp_path / "a.yaml").write_text("a: ${x}\n")
    (tmp_path / "b.yaml").write_text("b: ${x}\n")
    template = templates.read(tmp_path, ["b.yaml", "a.yaml"])
    assert templates.fill(template, {"x": "1"}) == "b: 1\n---\na: 1\n"


def test_a_template_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.yaml: found that it can't be read"):
        templates.read(tmp_path, ["none.yaml"])


def test_a_name_that_nothing_is_known_of_is_refused():
    with pytest.raises(SettingsError) as caught:
        templates.fill(string.Template("a: ${slugg}"), {"slug": "a", "id": "b"})
    assert "found the name ${slugg}, expected one of id, slug" in caught.value.message
