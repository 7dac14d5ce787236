import pathlib

import pytest

from components.batch_inferrer.gate import choose
from components.scoring.model import ModelCard


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> str:
    ModelCard(digest="abc").write(tmp_path)
    return str(tmp_path)


def test_a_blessed_model_scores(folder):
    choice = choose(folder, is_blessed=True, found="", force=False)
    assert (choice.folder, choice.digest, choice.refusal) == (folder, "abc", "")


def test_a_model_that_is_not_blessed_does_not_score(folder):
    choice = choose(folder, is_blessed=False, found="", force=False)
    assert choice.refusal == (
        "the model was not blessed: read the evaluator's reasons, or score with it "
        "all the same by `--force`"
    )


def test_force_lets_it_score(folder):
    assert not choose(folder, is_blessed=False, found="", force=True).refusal


def test_the_model_that_the_driver_found_is_blessed(folder):
    choice = choose("", is_blessed=False, found=folder, force=False)
    assert (choice.folder, choice.refusal) == (folder, "")


@pytest.mark.parametrize("force", [True, False])
def test_without_a_model_nothing_scores_even_by_force(force):
    refusal = choose("", is_blessed=False, found="", force=force).refusal
    assert refusal == (
        "no blessed model of this span or an earlier one was found: run the pipeline "
        "until a model is blessed"
    )


def test_a_model_that_was_not_trained_does_not_score_even_by_force(tmp_path):
    ModelCard(refusal="2 of 5 silos were admitted; the quorum is 3").write(tmp_path)
    choice = choose(str(tmp_path), is_blessed=False, found="", force=True)
    assert choice.refusal == (
        "no model was trained: 2 of 5 silos were admitted; the quorum is 3"
    )


def test_a_model_whose_folder_is_gone_is_named(tmp_path):
    gone = str(tmp_path / "gone")
    assert choose("", False, gone, False).refusal.startswith(f"{gone}: found no model")
