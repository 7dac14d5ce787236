from components.payloads import pushed_model


def test_a_folder_tells_what_became_of_the_model(tmp_path):
    assert not pushed_model.is_pushed(tmp_path)
    assert pushed_model.why_held_back(tmp_path) == ""
    pushed_model.hold_back(tmp_path, "2013 十一")
    assert not pushed_model.is_pushed(tmp_path)
    assert pushed_model.why_held_back(tmp_path) == (
        "blessed; not put into service: the model of 2013 十一 is newer"
    )


def test_a_pushed_model_was_not_held_back(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    assert pushed_model.is_pushed(tmp_path)
    assert pushed_model.why_held_back(tmp_path) == ""
