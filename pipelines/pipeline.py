"""The chain, once: every runner runs this pipeline object.

Importing this takes seconds (TFX): import it where a pipeline is built.
"""

from __future__ import annotations

import json
import pathlib
import shutil

from ml_metadata.proto import metadata_store_pb2
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from components import atomic, digests
from components.batch_inferrer.component import BatchInferrer
from components.batch_inferrer.pods import PodTemplate
from components.contribution_auditor.component import ContributionAuditor
from components.dashboard.component import Dashboard
from components.fairness_evaluator.component import FairnessEvaluator
from components.feature_spec_gen.component import FeatureSpecGen
from components.federated_trainer.component import FederatedTrainer
from components.pusher.component import Pusher
from components.silo_benchmark.component import SiloBenchmark
from components.silo_example_gen import discovery
from components.silo_example_gen.component import SiloExampleGen
from components.silo_validator.component import SiloValidator
from components.silo_validator.settings import Columns
from pipelines.operator_snapshot import OperatorSnapshot
from pipelines.places import Places
from pipelines.use_case import UseCase


def build(
    use_case: UseCase,
    places: Places,
    span: str,
    decided: OperatorSnapshot,
    force: bool = False,
) -> Pipeline:
    """Return the whole chain for one span.

    Args:
        use_case: What to run.
        places: Where to write.
        span: The span, or `latest`.
        decided: What the operator had decided when the run began.
        force: Whether rows are scored with a model that was not blessed.
    """
    schema, examples, validator, features = _checks(use_case, places, span, decided)
    cohort = validator.outputs["cohort"]
    trainer = FederatedTrainer(
        examples=examples.outputs["examples"],
        cohort=cohort,
        feature_spec=features.outputs["feature_spec"],
        settings=use_case.settings.training,
        label=use_case.settings.rows.label,
        split_by=use_case.settings.rows.split_by,
        module_file=str(use_case.model_file),
        checkpoints=str(places.checkpoints),
        audited_rounds=use_case.settings.audit.kept_rounds,
        weight_factors=decided.weight_factors,
        privacy=use_case.settings.privacy,
        ledger=places.operator_store,
    )
    model = trainer.outputs["model"]
    benchmark = SiloBenchmark(
        examples=examples.outputs["examples"],
        cohort=cohort,
        feature_spec=features.outputs["feature_spec"],
        model=model,
        model_run=trainer.outputs["model_run"],
        settings=use_case.settings.personal,
        training=use_case.settings.training,
        label=use_case.settings.rows.label,
        # By the key, each row would be a group of its own.
        split_by=use_case.settings.rows.split_by,
        min_rows=use_case.settings.evaluation.min_slice_rows,
        module_file=str(use_case.model_file),
    )
    benefit = benchmark.outputs["benefit"]
    auditor = ContributionAuditor(
        examples=examples.outputs["examples"],
        cohort=cohort,
        feature_spec=features.outputs["feature_spec"],
        model=model,
        model_run=trainer.outputs["model_run"],
        benefit=benefit,
        settings=use_case.settings.audit,
        training=use_case.settings.training,
        label=use_case.settings.rows.label,
        split_by=use_case.settings.rows.split_by,
        min_rows=use_case.settings.evaluation.min_slice_rows,
        module_file=str(use_case.model_file),
        appeals=decided.appeals,
    )
    evaluator = FairnessEvaluator(
        examples=examples.outputs["examples"],
        cohort=cohort,
        model=model,
        benefit=benefit,
        settings=use_case.settings.evaluation,
        gates=use_case.settings.gates,
        use_case=use_case.name,
        label=use_case.settings.rows.label,
        waivers=decided.waivers,
        beam=use_case.settings.beam,
    )
    blessing = evaluator.outputs["blessing"]
    pusher = Pusher(model=model, blessing=blessing, destination=str(places.serving))
    inferrer = BatchInferrer(
        examples=examples.outputs["examples"],
        model=model,
        blessing=blessing,
        benefit=benefit,
        settings=use_case.settings.inference,
        use_case=use_case.name,
        key=use_case.settings.rows.key,
        force=json.dumps(force),
        pods=_pods(use_case),
        work=str(places.inference),
    )
    dashboard = Dashboard(
        examples=examples.outputs["examples"],
        statistics=validator.outputs["statistics"],
        cohort=cohort,
        feature_spec=features.outputs["feature_spec"],
        model=model,
        model_run=trainer.outputs["model_run"],
        benefit=benefit,
        contribution=auditor.outputs["contribution"],
        evaluation=evaluator.outputs["evaluation"],
        blessing=blessing,
        inference_result=inferrer.outputs["inference_result"],
        settings=use_case.settings.dashboard,
        use_case=use_case.name,
        run_settings=use_case.settings.of_run(),
    )
    nodes = [schema, examples, validator, features, trainer, benchmark, auditor]
    return _pipeline(use_case, places, [*nodes, evaluator, pusher, inferrer, dashboard])


def build_checks(
    use_case: UseCase, places: Places, span: str, decided: OperatorSnapshot
) -> Pipeline:
    """Return the part of the chain that decides which silos and columns train."""
    return _pipeline(use_case, places, list(_checks(use_case, places, span, decided)))


def build_prediction(
    use_case: UseCase, places: Places, span: str, again: str = ""
) -> Pipeline:
    """Return the part of the chain that scores rows with the newest blessed model.

    `again` tells a run apart that scores anew what earlier ones did.
    """
    schema = _schema(use_case, places)
    in_place = use_case.settings.inference.input
    purpose = discovery.NAME if in_place else discovery.SCORE
    examples = _example_gen(use_case, places, schema, span, purpose)
    inferrer = BatchInferrer(
        examples=examples.outputs["examples"],
        settings=use_case.settings.inference,
        use_case=use_case.name,
        key=use_case.settings.rows.key,
        force=json.dumps(False),
        again=again,
        pods=_pods(use_case),
        work=str(places.inference),
    )
    return _pipeline(use_case, places, [schema, examples, inferrer])


def _checks(
    use_case: UseCase, places: Places, span: str, decided: OperatorSnapshot
) -> tuple[ImportSchemaGen, SiloExampleGen, SiloValidator, FeatureSpecGen]:
    rows, features = use_case.settings.rows, use_case.settings.features
    people = tuple(filter(None, [use_case.settings.privacy.person]))
    schema = _schema(use_case, places)
    examples = _example_gen(use_case, places, schema, span)
    validator = SiloValidator(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        settings=use_case.settings.validation,
        columns=Columns(
            rows.label,
            rows.key,
            # Nor who somebody is: one person may have many rows.
            (*(name for name in rows.split_by if name in features.ignore), *people),
            features.ignore,
        ),
        use_case=use_case.name,
        quarantined=decided.quarantined,
    )
    spec = FeatureSpecGen(
        statistics=validator.outputs["statistics"],
        cohort=validator.outputs["cohort"],
        schema=schema.outputs["schema"],
        settings=features,
        not_features=[rows.label, *rows.key, *people],
    )
    return schema, examples, validator, spec


def _pods(use_case: UseCase) -> PodTemplate:
    settings = use_case.settings.kubeflow
    claims = {settings.root_claim: settings.root_path}
    if settings.data_claim:
        claims[settings.data_claim] = settings.data_path
    return PodTemplate(settings.image, settings.namespace, claims)


def _schema(use_case: UseCase, places: Places) -> ImportSchemaGen:
    return ImportSchemaGen(schema_file=str(_staged_schema(use_case, places)))


def _example_gen(
    use_case: UseCase,
    places: Places,
    schema: ImportSchemaGen,
    span: str,
    purpose: str = discovery.TRAIN,
) -> SiloExampleGen:
    return SiloExampleGen(
        schema=schema.outputs["schema"],
        settings=use_case.settings.source,
        use_case=use_case.name,
        span=span,
        homes=str(places.homes),
        purpose=purpose,
    )


def _pipeline(
    use_case: UseCase, places: Places, nodes: list[BaseComponent]
) -> Pipeline:
    return Pipeline(
        pipeline_name=use_case.name,
        pipeline_root=str(places.pipeline_root),
        components=nodes,
        enable_cache=True,
        metadata_connection_config=None if places.store else _metadata(places),
    )


def _metadata(places: Places) -> metadata_store_pb2.ConnectionConfig:
    config: metadata_store_pb2.ConnectionConfig = (
        metadata.sqlite_metadata_connection_config(str(places.metadata))
    )
    return config


def stage_schema(use_case: UseCase, places: Places) -> None:
    """Copy the schema to where the chain reads it; do so before a run."""
    # Another run may read it now.
    with atomic.written(_staged_schema(use_case, places)) as unfinished:
        shutil.copyfile(use_case.schema_file, unfinished)


def _staged_schema(use_case: UseCase, places: Places) -> pathlib.Path:
    digest = digests.of_file(use_case.schema_file)
    return places.schemas / f"{use_case.name}-{digest[:16]}.pbtxt"
