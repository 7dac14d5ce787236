"""`fairsilo privacy` as operators use it."""

import json

import pytest
import typer

from pipelines.cli import privacy
from tests.support.program import fairsilo, project

FOUND = {
    "claimed": 1.0,
    "delta": 1e-5,
    "attacks": [
        {"guessed": "canary rows", "epsilon": 0.25, "epsilon_without_noise": 3.0}
    ],
    "passed": True,
}


def test_the_claim_of_a_use_case_is_attacked_without_its_data(tmp_path):
    folder = project(tmp_path)
    settings = folder / "pipelines" / "flights" / "settings.yaml"
    settings.write_text(settings.read_text().replace("rounds: 15", "rounds: 2"))
    sizes = ["--rows=300", "--canaries=120", "--run-epsilon=0.5"]
    done = fairsilo("privacy", "audit", "flights", *sizes, "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["passed"]
    assert 0.4 < found["claimed"] <= 0.5
    assert found["units"] == 360
    gradients = found["attacks"][0]
    assert gradients["epsilon"] < 0.5 < gradients["epsilon_without_noise"]
    assert (
        "no attack shows more than the claimed epsilon, 0.50 at delta 1e-05"
        in done.stderr
    )
    assert not (folder / "build").exists()  # neither data, nor a ledger


def test_what_cannot_be_promised_is_refused(tmp_path):
    done = fairsilo("privacy", "audit", "flights", "--run-epsilon=0", folder=tmp_path)
    assert done.returncode == 2
    assert "privacy.run_epsilon" in done.stderr
    assert "Traceback" not in done.stderr


def test_people_see_a_table(capsys):
    privacy.tell(FOUND, as_json=False)
    told = capsys.readouterr()
    heading, row = told.out.splitlines()
    assert " ".join(heading.split()) == "guessed epsilon epsilon without noise"
    assert row.split() == ["canary", "rows", "0.250", "3.000"]
    assert "but" not in told.err


def test_a_claim_that_does_not_hold_ends_with_1(capsys):
    with pytest.raises(typer.Exit) as ended:
        privacy.tell({**FOUND, "passed": False}, as_json=True)
    assert ended.value.exit_code == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["passed"] is False
    assert (
        "an attack shows more than the claimed epsilon, 1.00 at delta 1e-05: "
        in told.err
    )


def test_an_attack_that_would_find_no_fault_is_named(capsys):
    privacy.tell({**FOUND, "claimed": 8.0}, as_json=True)
    assert "without noise they show 3.00 at most: raise --canaries" in (
        capsys.readouterr().err
    )
