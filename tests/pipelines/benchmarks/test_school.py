"""School: data as scikit-learn splits them, steps by a second implementation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import io
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from components.privacy import accounting
from components.privacy.accounting import Mechanism
from pipelines.benchmarks import school

SIZES = (7, 5, 11)


def test_pupils_are_split_and_scaled_as_by_the_authors():
    train, test = school.read(1100)
    content = io.loadmat(school.DATA)
    assert len(train.sizes) == 139
    assert train.sizes.sum() + test.sizes.sum() == 15_362
    begin, begin_test = 0, 0
    for index in range(5):
        features, grades = content["X"][0][index], content["Y"][0][index][:, 0]
        x, x_test, y, y_test = train_test_split(
            features, grades, test_size=0.2, random_state=1100
        )
        scaler = StandardScaler().fit(x)
        for part, own, from_, (more, labels) in (
            (train, len(x), begin, (x, y)),
            (test, len(x_test), begin_test, (x_test, y_test)),
        ):
            assert part.sizes[index] == own
            found = part.rows.floats[from_ : from_ + own, :-1]
            np.testing.assert_allclose(found, scaler.transform(more), atol=1e-5)
            found = part.rows.labels[from_ : from_ + own]
            np.testing.assert_allclose(found, (labels - 1) / 69, atol=1e-6)
        begin, begin_test = begin + len(x), begin_test + len(x_test)


def few_schools() -> school.Schools:
    rng = np.random.default_rng(0)
    # Large features, so that some gradients are cut and others are not.
    parts = [(rng.normal(0, 0.4, (n, 28)), rng.normal(size=n)) for n in SIZES]
    return school.together(parts)


@pytest.mark.parametrize("method", ["fed_avg", "local", "mr_mtl"])
def test_steps_without_noise_equal_those_of_the_paper(method, monkeypatch):
    monkeypatch.setattr(school, "ROUNDS", 3)
    schools = few_schools()
    sizes = schools.sizes
    told = school.told_of(sizes, "none")
    found = school.Training(method, school.CLIP).run(schools, told)
    ends = np.cumsum(sizes)
    x = schools.rows.floats.astype(float)
    y = schools.rows.labels.astype(float)
    mean, own = np.zeros(29), np.zeros((3, 29))
    num_cut = 0
    for _ in range(3):
        before = np.tile(mean, (3, 1)) if method == "fed_avg" else own
        own = before.copy()
        for index, (end, size) in enumerate(zip(ends, sizes, strict=True)):
            mine = slice(end - size, end)
            each = (x[mine] @ own[index] - y[mine])[:, None] * x[mine]
            norms = np.linalg.norm(each, axis=1)
            num_cut += (norms > 1).sum()
            step = (each / np.maximum(1, norms)[:, None]).mean(0)
            if method == "mr_mtl":
                step += own[index] - mean
            own[index] -= 0.01 * step
        mean = mean + (sizes / sizes.sum()) @ (own - before)
    assert 0 < num_cut < 3 * ends[-1]
    expected = np.tile(mean, (3, 1)) if method == "fed_avg" else own
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-5)
    guesses = [x[e - n : e] @ w for e, n, w in zip(ends, sizes, expected, strict=True)]
    error = np.mean((np.concatenate(guesses) - y) ** 2)
    assert school.error(found, schools) == pytest.approx(error, rel=1e-4)


def test_noise_gives_pupils_the_published_epsilon(monkeypatch):
    monkeypatch.setattr(school, "ROUNDS", 3)
    # Of 20 pupils all are in each batch, of 64 half.
    told = {
        noise: school.told_of(np.array([20, 64], np.int32), noise)
        for noise in school.NOISES
    }
    assert told["pld"]["steps"].tolist() == [1, 2]
    assert told["pld"]["batch"].tolist() == [20, 32]
    assert not told["none"]["noise"].any()
    assert (told["rdp"]["noise"] > told["pld"]["noise"]).all()
    half = Mechanism(told["pld"]["noise"][1], 6, 64, 0.5, 64)
    assert 5.9 < accounting.epsilon([half], 1e-3) <= 6
    half = Mechanism(told["rdp"]["noise"][1], 6, 64, 0.5, 64)
    assert accounting.epsilon_rdp([half], 1e-3) == pytest.approx(6, abs=0.05)


def test_bar_is_of_what_the_authors_accounting_gives(tmp_path, monkeypatch):
    content = io.loadmat(school.DATA)
    few = {name: content[name][:, :2] for name in ("X", "Y")}
    io.savemat(tmp_path / "few.mat", few)
    monkeypatch.setattr(school, "DATA", tmp_path / "few.mat")
    monkeypatch.setattr(school, "ROUNDS", 2)
    monkeypatch.setattr(school, "NOISES", ("rdp",))
    monkeypatch.setattr(school, "PUBLISHED", {"local": 0.2, "mr_mtl": 0.2})
    found = school.bench_school(seeds=2)
    assert [row["method"] for row in found["rows"]] == ["local", "mr_mtl"]
    of_mr_mtl = found["rows"][1]
    error, half = map(float, of_mr_mtl["error"].split(" ± "))
    assert half > 0
    off_by = 100 * (error / 0.2 - 1)
    assert float(of_mr_mtl["off"].removesuffix(" %")) == pytest.approx(off_by, abs=0.1)
    assert found["farthest"] == pytest.approx(abs(off_by), abs=0.1)
    assert not found["passed"]
    monkeypatch.setattr(school, "FARTHEST", abs(off_by) + 50)
    assert school.bench_school(seeds=1)["passed"]
