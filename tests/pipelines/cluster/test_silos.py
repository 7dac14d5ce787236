"""The list of silos: strict, each silo once, each name once."""

import pytest

from components.errors import SettingsError
from pipelines.cluster import silos


def read(tmp_path, *lines, head="use_case: flights"):
    path = tmp_path / "silos.yaml"
    path.write_text("\n".join([head, "silos:", *(f"  - {line}" for line in lines), ""]))
    return silos.read(path)


def test_a_silo_needs_nothing_but_its_id(tmp_path):
    listed = read(tmp_path, "id: 9E")
    (silo,) = listed.silos
    assert silo.model_dump() == {
        "id": "9E",
        "slug": "9e",
        "tier": "container",
        "input": "container",
        "owners": "fairsilo-silo-9e-owners",
    }
    assert (listed.operators, listed.reviewers) == (
        "fairsilo-operators",
        "fairsilo-reviewers",
    )


def test_a_silo_may_say_all_of_it(tmp_path):
    line = "{id: Süd, slug: south, tier: account, input: directory, owners: a-b@c.d}"
    listed = read(tmp_path, line)
    (silo,) = listed.silos
    assert (silo.slug, silo.tier, silo.input, silo.owners) == (
        "south",
        "account",
        "directory",
        "a-b@c.d",
    )
    assert listed.home(silo) == "flights/silos/Süd"
    assert listed.input_folder(silo) == "input/flights/Süd"


def test_a_silo_that_is_listed_twice_is_refused(tmp_path):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "id: AA", "id: DL", "id: AA")
    assert caught.value.message == (
        f"{tmp_path / 'silos.yaml'}: found silo `AA` twice, expected each silo once"
    )


@pytest.mark.parametrize(
    ("first", "second", "slug"),
    [
        ("id: AA", "id: aa", "aa"),
        ("id: north", "{id: Nord, slug: north}", "north"),
        ("{id: a, slug: x}", "{id: b, slug: x}", "x"),
    ],
)
def test_two_silos_of_one_name_are_refused_and_both_are_named(
    tmp_path, first, second, slug
):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, first, second)
    message = caught.value.message
    assert message.startswith(f"{tmp_path / 'silos.yaml'}: found `{slug}` as the name")
    one, other = (line.strip("{}").split(",")[0][4:] for line in (first, second))
    assert f"of silo `{one}` and of silo `{other}`" in message
    assert caught.value.hint == "give one of them a `slug` of its own"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("id: ../x", "would leave its parent folder"),
        ("id: .x", "is hidden"),
        ('id: ""', "is empty"),
        ("id: NO", "found False; input should be a valid string"),
        ("id: 007", "found 7; input should be a valid string"),
        ("{id: a, slug: A}", "found 'A'; expected at most 40 small letters"),
        ("{id: a, slug: a--b}", "found 'a--b'; expected at most 40 small letters"),
        (f"{{id: a, slug: {'a' * 41}}}", "expected at most 40 small letters"),
        ("{id: a, tier: pool}", "input should be 'container' or 'account'"),
        ("{id: a, input: blob}", "input should be 'container' or 'directory'"),
        ("{id: a, owners: 'x\"y'}", "string should match pattern"),
        ("{id: a, owner: x}", "extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_a_silo_is_refused(tmp_path, line, sentence):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, line)
    assert sentence in caught.value.message
    assert caught.value.hint == silos.WAY_OUT


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        ("use_case: Flights", "string should match pattern"),
        ("use_case: ../x", "string should match pattern"),
        ("use_case: a\noperators: ''", "string should match pattern"),
        ("use_case: a\nnote: x", "extra inputs are not permitted"),
        ("operators: x", "`use_case`: field required"),
    ],
)
def test_what_cannot_be_a_list_of_silos_is_refused(tmp_path, head, sentence):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "id: a", head=head)
    assert sentence in caught.value.message


def test_a_list_without_silos_is_refused(tmp_path):
    path = tmp_path / "silos.yaml"
    path.write_text("use_case: flights\nsilos: []\n")
    with pytest.raises(SettingsError, match="at least 1 item"):
        silos.read(path)
