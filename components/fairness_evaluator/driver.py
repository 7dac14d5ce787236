"""Finds the baseline, and the waivers for the model, before the cache is asked.

What the driver puts into the execution's properties is part of the cache key: a
newly blessed model of an earlier span, its folder gone or back, and a waiver that was
given, was withdrawn or is past its last day, make the evaluation judge again. Waivers
for other models are left out, so that they don't.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable

from ml_metadata import MetadataStore
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils

from components import blessed_models
from components.blessed_models import BlessedModel
from components.drivers import PropertyDriver
from components.payloads.benefit import BenefitReport
from components.payloads.manifest import Manifest
from components.scoring import model
from components.silos.spans import span_order

BASELINE = (
    *("baseline_span", "baseline_digest", "baseline_uri", "baseline_gone"),
    "baseline_benefit",
)


def choose(
    blessed: Iterable[BlessedModel], span: str, digest: str
) -> BlessedModel | None:
    """Return the model to compare with: the newest blessed one of an earlier span.

    By span and not by time of training, so that a backfill of an old span never
    becomes the baseline of a new one, and a span that is run again is compared with
    the same model as before. So the baseline need not be the model in service.

    Args:
        blessed: All blessed models of the use case, also those whose folder is
            gone: an older one in their place would be compared with unseen.
        span: The candidate's span. Where it is empty there is no order but that
            of blessing, so any other model counts as earlier.
        digest: Of what would serve; without spans it tells the candidate itself,
            judged again, from an earlier model.
    """
    if not span:
        others = (one for one in blessed if one.served_digest != digest)
        earlier = [one for one in others if not one.span]
    else:
        before = span_order(span)
        earlier = [one for one in blessed if one.span and span_order(one.span) < before]
    return blessed_models.newest(earlier)


class Driver(PropertyDriver):
    """Adds the baseline, empty for none, and chooses the waivers for the model."""

    def added(
        self, execution_info: data_types.ExecutionInfo, store: MetadataStore
    ) -> dict[str, str | int]:
        """Return the properties of `BASELINE`, and `waivers`.

        Where the baseline's folder is gone, `baseline_gone` says where it was;
        `baseline_benefit` is the folder of the report that says what served each silo.
        """
        benefit = artifact_utils.get_single_uri(execution_info.input_dict["benefit"])
        examples = artifact_utils.get_single_uri(execution_info.input_dict["examples"])
        properties = execution_info.exec_properties
        digest = BenefitReport.read(benefit).served_digest
        chosen = choose(
            blessed_models.read(store, properties["use_case"]),
            Manifest.read(examples).span,  # `latest` has become a span there
            digest,
        )
        found = dict.fromkeys(BASELINE, "")
        if chosen:
            there = pathlib.Path(chosen.uri, model.CARD).exists()
            found |= {
                "baseline_span": chosen.span,
                "baseline_digest": chosen.digest,
                "baseline_benefit": chosen.benefit_uri if there else "",
                "baseline_uri" if there else "baseline_gone": chosen.uri,
            }
        waivers = json.loads(properties["waivers"]).get(digest, [])
        return {**found, "waivers": json.dumps(waivers, ensure_ascii=False)}
