"""The version of Kubeflow Pipelines stands in one place."""

import pathlib
import re
import subprocess

from tests.k8s import kustomize

ROOT = kustomize.ROOT
PLACE = ROOT / "k8s" / "kfp-version"
# What would install or describe an installation: a reference, or the name and a number.
MENTION = re.compile(
    r"\?ref=(\d+\.\d+\.\d+)|kfp-(?:api-server|driver|launcher):(\d+\.\d+\.\d+)"
    r"|(?:KFP|Kubeflow Pipelines),? (?:version )?(\d+\.\d+\.\d+)"
)
# Decision records may speak of versions that were tried.
FOLDERS = ("k8s", "docs/azure.md", "README.md", "Makefile")


def mentions(text):
    return {
        next(group for group in found.groups() if group)
        for found in MENTION.finditer(text)
    }


def documents():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [
        path
        for path in paths
        if path.suffix in {".md", ".mk", ".yaml", ".sh", ".tf", ""} and path.is_file()
    ]


def test_a_mention_is_seen():
    assert mentions("k apply -k github.com/x?ref=2.14.3") == {"2.14.3"}
    assert mentions("needs Kubeflow Pipelines 2.5.1, or KFP 2.6.0") == {
        "2.5.1",
        "2.6.0",
    }
    assert mentions("Kubeflow Pipelines v2; Python 3.11.2") == set()


def test_all_mentions_agree_with_the_one_place():
    version = PLACE.read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert PLACE in documents()
    others = {
        path.relative_to(ROOT): sorted(found)
        for path in documents()
        if (found := mentions(path.read_text(encoding="utf-8")) - {version})
    }
    assert others == {}, f"{PLACE.relative_to(ROOT)} says {version}"


def test_nothing_installs_another_version():
    makefiles = [path for path in documents() if path.suffix == ".mk"]
    installs = [path for path in makefiles if "?ref=" in path.read_text()]
    assert installs
    for path in installs:
        assert "k8s/kfp-version" in path.read_text(), pathlib.Path(path).name
