"""Uploads a package: one pipeline a use case, one version a content.

A version is named by the digest of its package, so the same content is never a second
version. The pipeline is made empty first: the upload that makes both at once would name
the first version after the pipeline.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Callable
from typing import Any

import kfp_server_api

from components.errors import SettingsError
from pipelines.kubeflow import package
from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.errors import ConflictError
from pipelines.kubeflow.package import Package

RESOURCE = "pipelines"  # versions have no rights of their own


@dataclasses.dataclass(frozen=True)
class Version:
    """A pipeline version on the server.

    Attributes:
        pipeline: Name of its pipeline.
        pipeline_id: The pipeline's id.
        name: Its name: digits of its package's digest.
        version_id: Its id.
        package: What it was made from.
        created: Whether it was made now.
    """

    pipeline: str
    pipeline_id: str
    name: str
    version_id: str
    package: Package
    created: bool

    @property
    def reference(self) -> kfp_server_api.V2beta1PipelineVersionReference:
        """The reference that runs give."""
        return kfp_server_api.V2beta1PipelineVersionReference(
            pipeline_id=self.pipeline_id, pipeline_version_id=self.version_id
        )


def ensure(connection: Connection, name: str, path: pathlib.Path) -> Version:
    """Return the version of a package, uploaded if the server lacks it.

    Args:
        connection: The server.
        name: Name of the use case's pipeline.
        path: The package.

    Raises:
        SettingsError: The package is not one of this use case.
        KubeflowError: The server refused.
    """
    content = package.read(path)
    if content.name != name:
        raise SettingsError(
            f"{path}: found a package of `{content.name}`, expected one of `{name}`",
            "compile it for this use case, or name the other one",
        )
    connection.check_version()
    pipeline_id = _pipeline_id(connection, name)
    label = package.version_name(path)
    version_id = _find_version(connection, pipeline_id, label)
    created = version_id is None
    if version_id is None:
        version_id = _upload(connection, pipeline_id, label, path)
    return Version(name, pipeline_id, label, version_id, content, created)


def package_of(connection: Connection, run: Any) -> Package:  # noqa: ANN401
    """Return the package that a run was made from.

    Args:
        connection: The server.
        run: The run, a V2beta1Run.

    Raises:
        NotFoundError: Its version was deleted since.
        SettingsError: It is none of ours.
    """
    reference = run.pipeline_version_reference
    if reference is None:  # the run brought it along
        return package.of_version(run.pipeline_spec or {})
    version = connection.call(
        "get",
        RESOURCE,
        connection.pipelines.pipeline_service_get_pipeline_version,
        reference.pipeline_id,
        reference.pipeline_version_id,
    )
    return package.of_version(version.pipeline_spec or {})


def named(name: str) -> str:
    """Return the listing's filter for one display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "string_value": name}
    return json.dumps({"predicates": [predicate]})


def found_or_made(find: Callable[[], str | None], make: Callable[[], str]) -> str:
    """Return the id of what is found, else of what is made.

    Args:
        find: Looks for it.
        make: Makes it; somebody else may have done so since it was looked for.
    """
    found = find()
    if found is not None:
        return found
    try:
        return make()
    except ConflictError:
        found = find()
        if found is None:
            raise
        return found


def _pipeline_id(connection: Connection, name: str) -> str:
    body = kfp_server_api.V2beta1Pipeline(
        display_name=name, namespace=connection.server.namespace
    )
    create = connection.pipelines.pipeline_service_create_pipeline
    return found_or_made(
        lambda: _find_pipeline(connection, name),
        lambda: str(connection.call("create", RESOURCE, create, body).pipeline_id),
    )


def _find_pipeline(connection: Connection, name: str) -> str | None:
    listed = connection.pages(
        "pipelines",
        connection.pipelines.pipeline_service_list_pipelines,
        namespace=connection.server.namespace,
        filter=named(name),
    )
    return next((one.pipeline_id for one in listed if one.display_name == name), None)


def _find_version(connection: Connection, pipeline_id: str, label: str) -> str | None:
    listed = connection.pages(
        "versions",
        connection.pipelines.pipeline_service_list_pipeline_versions,
        pipeline_id,
        filter=named(label),
    )
    found = (one.pipeline_version_id for one in listed if one.display_name == label)
    return next(found, None)


def _upload(
    connection: Connection, pipeline_id: str, label: str, path: pathlib.Path
) -> str:
    try:
        version = connection.call(
            "create",
            RESOURCE,
            connection.uploads.upload_pipeline_version,
            str(path),
            name=label,
            pipelineid=pipeline_id,
        )
    except ConflictError:  # somebody uploaded the same since
        found = _find_version(connection, pipeline_id, label)
        if found is None:
            raise
        return found
    return str(version.pipeline_version_id)
