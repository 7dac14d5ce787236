"""A use case's package is one pipeline, and each content one version."""

import pytest

from components.errors import SettingsError
from pipelines.kubeflow import runs, versions
from pipelines.kubeflow.errors import KubeflowError
from tests.support import kfp_package
from tests.support.kfp_server import Fault


def test_the_first_upload_makes_pipeline_and_version(kfp, connection, package_file):
    version = versions.ensure(connection, "flights", package_file)
    assert version.created
    [pipeline] = kfp.state.pipelines.values()
    [stored] = kfp.state.versions.values()
    assert pipeline.display_name == "flights"
    assert (stored.display_name, stored.pipeline_id) == (
        version.name,
        pipeline.pipeline_id,
    )
    assert len(version.name) == 12


def test_the_same_content_is_no_new_version(kfp, connection, package_file, tmp_path):
    first = versions.ensure(connection, "flights", package_file)
    copy = kfp_package.write(tmp_path / "copy.yaml")
    again = versions.ensure(connection, "flights", copy)
    assert (again.created, again.version_id) == (False, first.version_id)
    assert len(kfp.asked("POST", "upload_version")) == 1


def test_another_content_is_a_version_of_the_same_pipeline(
    kfp, connection, package_file, tmp_path
):
    first = versions.ensure(connection, "flights", package_file)
    other = kfp_package.write(tmp_path / "other.yaml", image="newer")
    second = versions.ensure(connection, "flights", other)
    assert second.created
    assert second.pipeline_id == first.pipeline_id
    assert {one.display_name for one in kfp.state.versions.values()} == {
        first.name,
        second.name,
    }


def test_the_pipeline_is_found_behind_many_others(kfp, connection, package_file):
    # A server may know filters less well than we do: names are compared here too.
    for number in range(250):
        kfp.state.create_pipeline(_named(f"other-{number}"))
    first = versions.ensure(connection, "flights", package_file)
    again = versions.ensure(connection, "flights", package_file)
    assert again.pipeline_id == first.pipeline_id
    assert len(kfp.state.pipelines) == 251


def test_pages_are_followed_to_the_last(kfp, connection):
    for number in range(250):
        kfp.state.create_pipeline(_named(f"other-{number}"))
    method = connection.pipelines.pipeline_service_list_pipelines
    listed = [one.display_name for one in connection.pages("pipelines", method)]
    assert sorted(listed) == sorted(f"other-{number}" for number in range(250))
    assert len(kfp.requests) == 3


def test_somebody_who_was_faster_is_no_fault(kfp, connection, package_file):
    # The request is carried out, and answered as if another had been first.
    kfp.faults = [
        Fault(409, where="/v2beta1/pipelines", method="POST", after=True),
        Fault(409, where="upload_version", after=True),
    ]
    version = versions.ensure(connection, "flights", package_file)
    assert version.pipeline_id in kfp.state.pipelines
    assert version.version_id in kfp.state.versions


def test_a_conflict_that_leaves_nothing_behind_is_told(kfp, connection, package_file):
    kfp.faults = [Fault(409, where="upload_version")]
    with pytest.raises(KubeflowError, match="the name is taken"):
        versions.ensure(connection, "flights", package_file)


def test_a_package_of_another_use_case_is_refused_before_anything_is_sent(
    kfp, connection, tmp_path
):
    path = kfp_package.write(tmp_path / "package.yaml", name="loans")
    with pytest.raises(SettingsError, match="package of `loans`, expected one of"):
        versions.ensure(connection, "flights", path)
    assert kfp.requests == []


def test_an_old_server_is_refused(kfp, connection, package_file):
    kfp.state.tag = "2.4.1"
    with pytest.raises(KubeflowError, match=r"found Kubeflow Pipelines 2\.4\.1"):
        versions.ensure(connection, "flights", package_file)
    assert kfp.state.pipelines == {}


@pytest.mark.parametrize("tag", ["2.15.0", "v2.5.1", "unknown", ""])
def test_other_servers_are_not(kfp, connection, package_file, tag):
    kfp.state.tag = tag
    assert versions.ensure(connection, "flights", package_file).created


def test_upload_without_the_right_says_which_one(kfp, connection, package_file):
    kfp.forbidden = {"create pipelines"}
    with pytest.raises(KubeflowError, match="not allowed in namespace") as caught:
        versions.ensure(connection, "flights", package_file)
    assert "`create` on `pipelines.pipelines.kubeflow.org`" in caught.value.hint


def test_namespaces_are_kept_apart_where_users_are_many(kfp, connect, package_file):
    kfp.state.multi_user = True
    for namespace in ("team-a", "team-b"):
        versions.ensure(connect(namespace=namespace), "flights", package_file)
    found = {one.namespace for one in kfp.state.pipelines.values()}
    assert found == {"team-a", "team-b"}


def test_a_run_leads_to_the_package_it_was_made_from(connection, package_file):
    from pipelines.kubeflow import experiments

    version = versions.ensure(connection, "flights", package_file)
    place = experiments.ensure(connection, "flights")
    run = runs.start(connection, version, "one", place, {}, "")
    content = versions.package_of(connection, run)
    assert content.name == "flights"
    assert [step.task for step in content.steps] == [
        step.task for step in version.package.steps
    ]


def _named(name):
    import kfp_server_api

    return kfp_server_api.V2beta1Pipeline(display_name=name)
