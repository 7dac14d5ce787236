"""Converts an exported model's `score` into ONNX, by tf2onnx.

Inputs `floats`, float32 `(rows, num_floats)`, and `ids`, int32 `(rows, num_ids)`;
output `score`, float32 `(rows,)`. The same model gives the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.errors import FairSiloError, SettingsError
from components.scoring.model import serving_path

if TYPE_CHECKING:
    from onnx import GraphProto

OPSET = 15  # the default of tf2onnx, and what runtimes since 2021 have


def convert(folder: str) -> bytes:
    """Return a model as ONNX; the folder has the layout of `scoring/model.py`.

    Raises:
        SettingsError: The packages for it are not installed.
        FairSiloError: The model has operations that can't be converted.
    """
    try:
        import onnx
        import tf2onnx.convert
    except ImportError as error:
        raise SettingsError(
            f"format onnx: found no package {error.name}, expected it to be installed",
            "pip install fairsilo[onnx]",
        ) from None
    import tensorflow as tf

    loaded = tf.saved_model.load(str(serving_path(folder)))  # it holds the weights
    score = loaded.signatures["score"]
    inputs = score.structured_input_signature[1]
    function = tf.function(lambda floats, ids: score(floats=floats, ids=ids))
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # it is said below
    model, _ = tf2onnx.convert.from_function(
        function, [inputs["floats"], inputs["ids"]], opset=OPSET
    )
    used = {(n.op_type, n.domain) for graph in _graphs(model.graph) for n in graph.node}
    kept = sorted(name for name, domain in used if not onnx.defs.has(name, domain))
    if kept:
        raise FairSiloError(
            f"format onnx: found {', '.join(kept)}, expected what tf2onnx converts",
            "export with --format saved_model or tflite, or use others in `model.py`",
        )
    _rename(model.graph)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """Yield a graph, and those of its loops and branches."""
    yield graph
    for attribute in (each for node in graph.node for each in node.attribute):
        for body in [*attribute.graphs, *[attribute.g][: attribute.HasField("g")]]:
            yield from _graphs(body)


def _rename(main: GraphProto) -> None:
    """Name values by their place: tf2onnx counts them in the order of Python's sets."""
    names = {name: name for name in ("", "floats", "ids", "score")}
    for graph in _graphs(main):
        graph.name, graph.doc_string = "score", ""
        del graph.value_info[:]
        for node in graph.node:
            node.name = ""
            for values in (node.input, node.output):
                values[:] = [names.setdefault(v, f"v{len(names):06d}") for v in values]
        for value in (*graph.initializer, *graph.input, *graph.output):
            value.name = names.setdefault(value.name, f"v{len(names):06d}")
        graph.initializer.sort(key=lambda tensor: tensor.name)
        for value in (*graph.input, *graph.output):
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param:
                    dim.dim_param = "rows" if graph is main else ""
