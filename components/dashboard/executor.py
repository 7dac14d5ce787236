"""Dashboard's executor: artifacts in, the run's page and one a silo out."""

from __future__ import annotations

import json
import logging
import pathlib
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.dashboard import report, run_page
from components.dashboard.settings import DashboardSettings
from components.dashboard.silo import page as silo_page

logger = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Writes the pages, whatever the run decided."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write `index.html`, and each silo's page, into the output's folder.

        Args:
            input_dict: One artifact for each input of the component.
            output_dict: `dashboard`.
            exec_properties: `settings`, `code`, `use_case` and `run_settings`,
                all strings.

        Raises:
            FairSiloError: A report is missing or broken.
        """
        folders = {
            name: artifact_utils.get_single_uri(found)
            for name, found in input_dict.items()
        }
        about = report.About(
            use_case=exec_properties["use_case"],
            span="",  # of the manifest
            code=exec_properties["code"],
            settings=json.loads(exec_properties["run_settings"] or "{}"),
        )
        settings = DashboardSettings.model_validate_json(exec_properties["settings"])
        found = report.gather(folders, about)
        html = run_page.with_views(found, folders["evaluation"], settings)
        folder = artifact_utils.get_single_uri(output_dict["dashboard"])
        path = pathlib.Path(folder, run_page.FILE_NAME)
        path.write_text(html, encoding="utf-8")
        silo_page.write(found, folder)
        logger.info("span=%s: page of %s bytes", found.about.span, path.stat().st_size)
