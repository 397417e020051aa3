"""Writes vectors.jsonl: cache keys as Flyte makes them, by a second implementation of the scheme.

    .venv/bin/python tests/golden/cache/vectors.py

Each line holds a task (interface, cache version, ignored inputs), its inputs and the key. Python's
own protobuf JSON and hashlib are the only things used, and the contract's vectors are checked first.
"""

import base64
import hashlib
import json
from pathlib import Path

from flyteidl.core import interface_pb2, literals_pb2
from google.protobuf import json_format


def float_text(number: float) -> str:
    if number == 0:
        return "+0:"
    sign, number, exponent = "+" if number > 0 else "-", abs(number), 0
    while number > 1:
        number, exponent = number / 2, exponent + 1
    while number <= 0.5:
        number, exponent = number * 2, exponent - 1
    bits = ""
    while number:
        bits += "1" if number >= 1 else "0"
        number = (number - (number >= 1)) * 2
    return f"{sign}{exponent}:{bits}"


def digest(value) -> bytes:
    if value is None:
        content = b"n"
    elif isinstance(value, bool):
        content = b"b1" if value else b"b0"
    elif isinstance(value, str):
        content = b"u" + value.encode()
    elif isinstance(value, (int, float)):
        content = b"f" + float_text(float(value)).encode()
    elif isinstance(value, list):
        content = b"l" + b"".join(digest(element) for element in value)
    else:
        pairs = sorted(digest(key) + digest(member) for key, member in value.items())
        content = b"d" + b"".join(pairs)
    return hashlib.sha256(content).digest()


def text(value) -> str:
    return base64.urlsafe_b64encode(digest(value)).decode().rstrip("=")


def stripped(kind: dict) -> dict:
    """A type without what does not count, as JSON."""
    kind = {name: value for name, value in kind.items() if name != "metadata"}
    kept = kind.pop("annotation", {}).get("annotations", {})
    if "cache-key-metadata" in kept:
        kind["annotation"] = {"annotations": {"cache-key-metadata": kept["cache-key-metadata"]}}
    for inner in ("collectionType", "mapValueType"):
        if inner in kind:
            kind[inner] = stripped(kind[inner])
    if "variants" in kind.get("unionType", {}):
        kind["unionType"] = {"variants": [stripped(one) for one in kind["unionType"]["variants"]]}
    if "columns" in kind.get("structuredDatasetType", {}):
        columns = kind["structuredDatasetType"]["columns"]
        kind["structuredDatasetType"] = kind["structuredDatasetType"] | {
            "columns": [one | {"literalType": stripped(one["literalType"])} for one in columns]
        }
    if "dataclassType" in kind.get("structure", {}):
        fields = kind["structure"]["dataclassType"]
        kind["structure"] = kind["structure"] | {
            "dataclassType": {name: stripped(one) for name, one in fields.items()}
        }
    return kind


def hashes(literal: dict) -> dict:
    if "hash" in literal:
        return {"hash": literal["hash"]}
    if "literals" in literal.get("collection", {}):
        return {"collection": {"literals": [hashes(one) for one in literal["collection"]["literals"]]}}
    if "literals" in literal.get("map", {}):
        inner = literal["map"]["literals"]
        return {"map": {"literals": {name: hashes(one) for name, one in inner.items()}}}
    return literal


def variables_text(variables) -> str:
    parsed = json_format.ParseDict(variables, interface_pb2.VariableMap())
    shown = json_format.MessageToDict(parsed)
    for variable in shown.get("variables", {}).values():
        variable.pop("description", None)
        if "type" in variable:
            variable["type"] = stripped(variable["type"])
    return text(shown)[:8]


def tag(inputs, ignored) -> str:
    shown = json_format.MessageToDict(json_format.ParseDict(inputs, literals_pb2.LiteralMap()))
    kept = {k: hashes(v) for k, v in shown.get("literals", {}).items() if k not in ignored}
    return "flyte_cached-" + text({"literals": kept} if kept else {})


INT = {"simple": "INTEGER"}
STR = {"simple": "STRING"}
INTERFACES = {
    "none": ({}, {}),
    "int": ({"x": INT}, {"o0": INT}),
    "int and text": ({"x": INT, "path": STR}, {"o0": INT}),
    "dataset": (
        {"d": {"structured_dataset_type": {"format": "parquet", "columns": [
            {"name": "a", "literal_type": {"simple": "INTEGER", "metadata": {"gone": 1}}}]}}},
        {"o0": {"union_type": {"variants": [
            {"simple": "INTEGER", "structure": {"tag": "int"}, "metadata": {"gone": 1}},
            {"simple": "NONE", "structure": {"tag": "none"}}]}}},
    ),
    "dataclass": (
        {"p": {"simple": "STRUCT", "metadata": {"title": "P", "type": "object"},
               "structure": {"dataclass_type": {"x": {"simple": "INTEGER", "metadata": {"a": 1}}}}}},
        {"o0": {"collection_type": {"map_value_type": {"enum_type": {"values": ["a", "b"]}}}}},
    ),
    "annotated": (
        {"x": {"simple": "FLOAT", "annotation": {"annotations": {"unit": "m"}}},
         "y": {"simple": "FLOAT", "annotation": {"annotations": {
             "unit": "m", "cache-key-metadata": {"salt": 7, "deep": [1, None, True, "s", 0.1]}}}}},
        {"f": {"blob": {"format": "csv", "dimensionality": "MULTIPART"}}},
    ),
}


def scalar(**primitive):
    return {"scalar": {"primitive": primitive}}


VALUES = {
    "nothing": {},
    "zero": {"x": scalar(integer="0")},
    "integer": {"x": scalar(integer="-9223372036854775808")},
    "floats": {str(i): scalar(floatValue=value) for i, value in enumerate(
        [0.0, 1.0, -1.0, 0.5, 0.1, 3.0, 1e-300, 1e300, 2**53 + 2.0, -0.75, 5e-324])},
    "no numbers": {"n": scalar(floatValue="NaN"), "i": scalar(floatValue="Infinity")},
    "text": {"s": scalar(stringValue="ä€😀\n\"\\"), "e": scalar(stringValue="")},
    "booleans": {"t": scalar(boolean=True), "f": scalar(boolean=False)},
    "times": {"t": scalar(datetime="2024-05-01T10:00:00.5Z"), "u": scalar(datetime="1969-12-31T23:59:59Z"),
              "d": scalar(duration="90.000001s"), "z": scalar(duration="-3s")},
    "blob": {"f": {"scalar": {"blob": {"uri": "s3://b/k", "metadata": {
        "type": {"format": "csv", "dimensionality": "MULTIPART"}}}}}},
    "dataset": {"d": {"scalar": {"structured_dataset": {"uri": "s3://b/k", "metadata": {
        "structured_dataset_type": {"format": "parquet"}}}}}},
    "dataset with hash": {"d": {"hash": "h", "scalar": {"structured_dataset": {"uri": "s3://b/k"}}}},
    "hash alone": {"d": {"hash": "h"}},
    "hashes inside": {"l": {"collection": {"literals": [
        {"hash": "1", "scalar": {"none_type": {}}}, scalar(integer="2"),
        {"map": {"literals": {"k": {"hash": "3", "collection": {}}, "n": {"scalar": {"none_type": {}}}}}}]}}},
    "binary": {"b": {"scalar": {"binary": {"value": "gqF4AaF5kgECoXo=", "tag": "msgpack"}}}},
    "struct": {"g": {"scalar": {"generic": {"a": 1, "b": [1.5, None, "s", {"c": False}], "e": {}, "l": []}}}},
    "union": {"u": {"scalar": {"union": {"value": scalar(integer="1"), "type": {"simple": "INTEGER"}}}}},
    "empty containers": {"l": {"collection": {}}, "m": {"map": {}}},
    "error": {"e": {"scalar": {"error": {"failed_node_id": "n0", "message": "m"}}}},
    "schema": {"s": {"scalar": {"schema": {"uri": "s3://b", "type": {"columns": [
        {"name": "a", "type": "FLOAT"}]}}}}},
    "offloaded": {"o": {"hash": "big", "offloaded_metadata": {"uri": "s3://b/o", "size_bytes": "99"}}},
    "offloaded without hash": {"o": {"offloaded_metadata": {
        "uri": "s3://b/o", "size_bytes": "99", "inferred_type": {"simple": "INTEGER"}}}},
    "ignored": {"x": scalar(integer="1"), "noise": scalar(integer="2")},
    "all ignored": {"noise": scalar(integer="2")},
}


def main() -> None:
    nothing = "GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ"
    assert text({}) == nothing
    lines = []
    for name, (inputs, outputs) in INTERFACES.items():
        lines.append((f"interface {name}", inputs, outputs, {}))
    for name, values in VALUES.items():
        lines.append((f"value {name}", {}, {}, values))
    with open(Path(__file__).parent / "vectors.jsonl", "w") as out:
        for name, inputs, outputs, values in lines:
            ignored = ["noise"] if "ignored" in name else []
            interface = {
                side: {"variables": {k: {"type": v, "description": "not counted"} for k, v in kinds.items()}}
                for side, kinds in (("inputs", inputs), ("outputs", outputs))
            }
            version = "-".join(["1.0"] + [variables_text(interface[side]) for side in interface])
            line = {"name": name, "interface": interface, "ignored": ignored,
                    "inputs": {"literals": values}, "version": version,
                    "tag": tag({"literals": values}, ignored)}
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
