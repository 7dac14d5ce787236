"""Reads the shared schema from TFX's artifact."""

from __future__ import annotations

import pathlib

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

FILE_NAME = "schema.pbtxt"


def read(folder: str | pathlib.Path) -> schema_pb2.Schema:
    """Read the schema from a `Schema` artifact's folder."""
    text = pathlib.Path(folder, FILE_NAME).read_text("utf-8")
    return text_format.Parse(text, schema_pb2.Schema())
