"""What is cleared away is what nobody has touched for days, and nothing else."""

from __future__ import annotations

from components.silos import stale_files
from tests.support.at_once import age


def test_only_what_is_old_goes(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below/rows").write_text("rows")
        (tmp_path / f"{name}.tmp").write_text("rows")
    for name in ("old", "old.tmp"):
        age(tmp_path / name, stale_files.MAX_AGE_DAYS + 0.1)
    for name in ("new", "new.tmp"):
        age(tmp_path / name, stale_files.MAX_AGE_DAYS - 0.1)
    stale_files.remove([*tmp_path.iterdir(), tmp_path / "gone"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "new.tmp"]


def test_what_a_link_leads_to_stays(tmp_path):
    (tmp_path / "kept").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "kept")
    age(link, 100)
    age(tmp_path / "kept", 100)
    stale_files.remove([link])
    assert (tmp_path / "kept").is_dir()
