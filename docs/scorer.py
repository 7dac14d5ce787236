"""Scores rows with a model that `fairsilo export` wrote; needs nothing of FairSilo.

`python scorer.py FOLDER [FILE] > scores.txt`: FOLDER holds model.onnx (that needs
onnxruntime) or model.tflite (ai-edge-litert or tflite-runtime); FILE, by default
standard input, is CSV with a header or JSON lines. An empty cell, null, NaN, infinity
and an absent column are missing. It prints the probability of label 1, a row a line.
"""

import csv
import itertools
import json
import pathlib
import re
import sys

import numpy as np

NUMBER = r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf|nan"


def load(folder):
    """Return the model: a function of the arrays `floats` and `ids` to scores."""
    if (path := folder / "model.onnx").exists():
        import onnxruntime

        model = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda **inputs: model.run(["score"], inputs)[0]
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    run = Interpreter(str(folder / "model.tflite")).get_signature_runner("score")
    return lambda **inputs: run(**inputs)["score"]


def read(file):
    """Yield each row as a dictionary."""
    first = file.readline()
    lines = itertools.chain([first], file)
    if first.startswith("{"):
        yield from (json.loads(line) for line in lines if line.strip())
        return
    csv.field_size_limit(2**31 - 1)
    table = csv.reader(lines)
    header = next(table, [])
    for cells in filter(None, table):
        if len(cells) != len(header):
            sys.exit(f"error: line {table.line_num}: expected {len(header)} cells")
        yield {name: cell for name, cell in zip(header, cells) if cell}


def encode(row, feature):
    """Return a number as float32, or a category's id: 0 if missing, 1 if unknown."""
    kind = "number" if "mean" in feature else ("text", "integer")[feature["integer"]]
    value = row.get(feature["name"])
    if isinstance(value, str) and kind != "text":  # a leading zero makes it a code
        word = value.strip().lower()
        if re.fullmatch(NUMBER, word):
            value = float(word) if set(word) & set(".en") else int(word)
        value = {"true": 1, "false": 0}.get(word, value)
    if value is None or value != value or value in (np.inf, -np.inf):
        return np.nan if kind == "number" else 0
    kinds = str if kind == "text" else (int, float)
    if not isinstance(value, kinds) or (kind == "integer" and value % 1):
        sys.exit(f"error: column `{feature['name']}`: found what is no {kind}")
    if kind == "number":  # float32() would round integers twice, by way of float64
        return np.array(value if abs(value) < 1e39 else np.inf).astype("<f4")
    return feature["ids"].get(value if kind == "text" else str(int(value)), 1)


def arrays(rows, numeric, categorical, clip):
    """Return the model's inputs, computed in float32 step by step as in training."""
    scores = np.array([[encode(row, f) for f in numeric] for row in rows], "<f4")
    ids = np.array([[encode(row, f) for f in categorical] for row in rows], "<i4")
    mean, scale = (np.array([f[k] for f in numeric], "<f4") for k in ("mean", "scale"))
    missing = ~np.isfinite(scores)
    for offset, factor in (0, 1), (mean, 1), (0, 1 / scale):
        scores = (scores - offset) * factor
        scores[np.abs(scores) < np.finfo("<f4").tiny] = 0  # no subnormal numbers
    scores = np.where(missing, 0, np.clip(scores, -clip, clip))
    return {"floats": np.concatenate([scores, missing], 1, dtype="<f4"), "ids": ids}


def main(folder, path=0):
    """Print the scores of a file's rows; 0 is standard input."""
    folder = pathlib.Path(folder)
    spec = json.loads((folder / "feature_spec.json").read_text("utf-8"))
    for feature in spec["categorical"]:
        feature["ids"] = {value: i for i, value in enumerate(feature["values"], 2)}
    np.seterr(all="ignore")
    score = load(folder)
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = read(file)
        while batch := list(itertools.islice(rows, 4096)):
            print(*(f"{x:.9g}" for x in score(**arrays(batch, **spec))), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
