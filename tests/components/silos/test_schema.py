from components.silos import schema


def test_a_schema_is_read_from_tfx_s_own_file(tmp_path):
    (tmp_path / "schema.pbtxt").write_text('feature { name: "süd" type: INT }')
    assert [feature.name for feature in schema.read(tmp_path).feature] == ["süd"]
