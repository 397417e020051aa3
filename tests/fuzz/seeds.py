"""Writes the seeds of the fuzz targets into corpus/<target>/seed_*; found inputs lie beside them.

    .venv/bin/python tests/fuzz/seeds.py
"""

import itertools
import struct
from pathlib import Path

import msgpack
from flyteidl.admin import task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, literals_pb2, types_pb2
from google.protobuf import json_format, struct_pb2

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "compiler" / "flytekit"


def part(data: bytes) -> bytes:
    return struct.pack("<H", len(data)) + data


def write(target: str, name: str, data: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed_{name}").write_bytes(data)


def message(kind, text: str):
    return json_format.Parse(text, kind())


TYPES = {
    "int": '{"simple":"INTEGER"}',
    "any": '{"simple":"STRUCT","structure":{"dataclass_type":{"x":{"simple":"INTEGER"}}}}',
    "optional": '{"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}},{"simple":"NONE","structure":{"tag":"none"}}]}}',
    "enum": '{"enum_type":{"values":["red","blue"]}}',
    "blob": '{"blob":{"format":"csv","dimensionality":"MULTIPART"}}',
    "dataset": '{"structured_dataset_type":{"format":"parquet","columns":[{"name":"a","literal_type":{"simple":"INTEGER"}}]}}',
    "schema": '{"schema":{"columns":[{"name":"a","type":"INTEGER"}]}}',
    "list": '{"collection_type":{"map_value_type":{"simple":"FLOAT"}}}',
    "class": '{"simple":"STRUCT","metadata":{"$defs":{"P":{"type":"object","properties":{"x":{"anyOf":[{"type":"integer"},{"$ref":"#/$defs/P"}]}},"required":["x"]}},"$ref":"#/$defs/P"}}',
}
LITERALS = {
    "int": '{"scalar":{"primitive":{"integer":7}}}',
    "float": '{"scalar":{"primitive":{"float_value":2.5}}}',
    "time": '{"scalar":{"primitive":{"datetime":"2024-05-01T10:00:00.5Z"}}}',
    "duration": '{"scalar":{"primitive":{"duration":"90.5s"}}}',
    "none": '{"scalar":{"none_type":{}}}',
    "error": '{"scalar":{"error":{"failed_node_id":"n0","message":"m"}}}',
    "blob": '{"scalar":{"blob":{"uri":"s3://b/k","metadata":{"type":{"format":"csv"}}}}}',
    "binary": '{"scalar":{"binary":{"tag":"msgpack","value":"gqF4AaF5kgECoXo="}}}',
    "union": '{"scalar":{"union":{"value":{"scalar":{"none_type":{}}},"type":{"simple":"NONE","structure":{"tag":"none"}}}}}',
    "generic": '{"scalar":{"generic":{"a":1,"b":[null,true,"s"]}}}',
    "dataset": '{"scalar":{"structured_dataset":{"uri":"s3://b/d","metadata":{"structured_dataset_type":{"format":"parquet"}}}}}',
    "list": '{"collection":{"literals":[{"scalar":{"primitive":{"integer":1}}},{"scalar":{"primitive":{"string_value":"s"}}}]}}',
    "map": '{"map":{"literals":{"k":{"hash":"h","scalar":{"primitive":{"boolean":true}}}}}}',
    "offloaded": '{"offloaded_metadata":{"uri":"s3://b/o","size_bytes":9,"inferred_type":{"simple":"INTEGER"}}}',
}


def literal_seeds() -> None:
    for (name, literal), kind in zip(LITERALS.items(), itertools.cycle(TYPES.values())):
        union = literals_pb2.Union(
            value=message(literals_pb2.Literal, literal), type=message(types_pb2.LiteralType, kind)
        )
        command = part(b"--x={{ .inputs.X }} {{$Input}}")
        write("literals", f"value_{name}", part(b"") + command + union.SerializeToString())
    for (one, a), (two, b) in itertools.product(TYPES.items(), TYPES.items()):
        if (one, two) != ("int", "int") and one > two:
            continue
        union = literals_pb2.Union(type=message(types_pb2.LiteralType, a))
        second = message(types_pb2.LiteralType, b).SerializeToString()
        write("literals", f"types_{one}_{two}", part(second) + part(b"") + union.SerializeToString())


def msgpack_seeds() -> None:
    values = {
        "dataclass": {"x": 1, "y": 2.5, "tags": ["a", "b"], "in": {"k": None, "b": True}},
        "keys": {1: "one", "s": {2: [3, {-4: 2**40}]}, b"raw": b"bytes", 2.5: -1},
        "numbers": [0, 127, 128, 2**16, 2**32, 2**63, -1, -32, -33, -(2**15), -(2**31), -(2**63), 1e300],
        "strings": ["", "a" * 31, "a" * 32, "a" * 300, "ä€"],
        "long": [[1] * 20, {str(i): i for i in range(20)}],
        "extension": msgpack.ExtType(5, b"12345678"),
    }
    for name, value in values.items():
        write("msgpack", name, part(b"\2\1\0") + msgpack.packb(value))
    nested = b"\x91" * 60 + b"\x01"
    write("msgpack", "nested", part(b"\0") + nested)
    write("msgpack", "truncated", part(b"x") + b"\x82\xa1x")


def struct_seeds() -> None:
    values = {
        "data": '{"a":1,"b":[1,"s",null,{"c":true}],"":{"d":[]}}',
        "draft7": '{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/P","definitions":{"P":{"type":"object","required":["x"],"properties":{"x":{"type":"integer"},"y":{"type":["string","null"]}}}}}',
        "draft2020": '{"type":"object","title":"P","additionalProperties":false,"properties":{"x":{"type":"integer"},"l":{"type":"array","items":{"$ref":"#/$defs/Q"}},"m":{"type":"object","additionalProperties":{"type":"number"}}},"required":["x","l"],"$defs":{"Q":{"type":"object","properties":{"q":{"anyOf":[{"$ref":"#/$defs/Q"},{"type":"null"}]}}}}}',
        "enum": '{"type":"object","properties":{"e":{"enum":["a","b"]},"c":{"const":1},"o":{"oneOf":[{"type":"string"}]}}}',
    }
    parsed = {name: message(struct_pb2.Struct, text) for name, text in values.items()}
    for (one, a), (two, b) in itertools.product(parsed.items(), parsed.items()):
        if one <= two:
            data = part(b"\1\3\0") + part(a.SerializeToString()) + b.SerializeToString()
            write("struct", f"{one}_{two}", data)


def workflow_seeds() -> None:
    """Each golden workflow with the tasks and sub-workflows that it uses."""
    tasks = {}
    for path in GOLDEN.glob("*_1.pb"):
        template = task_pb2.TaskSpec.FromString(path.read_bytes()).template
        # Commands are of no interest here and long.
        if template.HasField("container"):
            del template.container.args[:], template.container.env[:], template.container.config[:]
            template.container.command[:] = ["c"]
        tasks[template.id.name] = template
    for path in sorted(GOLDEN.glob("*_2.pb")):
        spec = workflow_pb2.WorkflowSpec.FromString(path.read_bytes())
        closure = compiler_pb2.CompiledWorkflowClosure()
        closure.primary.template.CopyFrom(spec.template)
        for sub in spec.sub_workflows:
            closure.sub_workflows.add().template.CopyFrom(sub)
        wire = closure.SerializeToString()
        for name in sorted(tasks):
            if name.encode() in wire:
                closure.tasks.add().template.CopyFrom(tasks[name])
        write("workflow", path.name.split("_", 1)[1].removesuffix("_2.pb"),
              closure.SerializeToString())


if __name__ == "__main__":
    literal_seeds()
    msgpack_seeds()
    struct_seeds()
    workflow_seeds()
