"""Inputs for any task, made from its types, and outputs as text that can be compared."""

import dataclasses
import datetime
import enum
import hashlib
import inspect
import pathlib
import typing

import numpy
import pandas
from flyteidl.core import errors_pb2, literals_pb2
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from flytekit.types.structured import StructuredDataset

# Parameters whose meaning is not in their type.
BY_NAME = {"seconds": 0.05, "parties": 2, "megabytes": 8, "interval": 0.01}


class Maker:
    """Makes values; `place` takes the files among them."""

    def __init__(self, place):
        self.place = pathlib.Path(place)
        self.count = 0

    def fresh(self, suffix=""):
        self.count += 1
        return self.place / f"value{self.count}{suffix}"

    def value(self, kind, name=""):
        if name == "rendezvous":  # somebody is there already
            folder = self.fresh()
            folder.mkdir()
            (folder / "another").touch()
            return str(folder)
        if name == "trace":
            return str(self.fresh(".trace"))
        if name in BY_NAME:
            return kind(BY_NAME[name])
        plain = {
            str: "some text", int: 3, float: 0.5, bool: True,
            datetime.datetime: datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc),
            datetime.timedelta: datetime.timedelta(hours=1),
        }  # fmt: skip
        if kind in plain:
            return plain[kind]
        if typing.get_origin(kind) is typing.Annotated:
            return self.value(typing.get_args(kind)[0], name)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is list:
            return [self.value(arguments[0]) for _ in range(2)]
        if origin is dict:
            return {"k": self.value(arguments[1])}
        if origin is typing.Union or type(kind).__name__ == "UnionType":
            return self.value(next(a for a in arguments if a is not type(None)))
        if inspect.isclass(kind):
            return self.instance(kind)
        raise NotImplementedError(f"no value of type {kind} can be made: teach task_values.py")

    def instance(self, kind):
        if issubclass(kind, enum.Enum):
            return next(iter(kind))
        if issubclass(kind, FlyteFile):
            path = self.fresh(".txt")
            path.write_text("12")
            return kind(str(path))
        if issubclass(kind, FlyteDirectory):
            folder = self.fresh()
            folder.mkdir()
            for number in (1, 2):
                (folder / f"{number}.txt").write_text(str(number))
            return kind(str(folder))
        frame = pandas.DataFrame({"n": [1, 2, 3], "who": ["a", "b", "a"], "x": [0.5, 1.5, 2.5]})
        if kind is pandas.DataFrame:
            return frame
        if issubclass(kind, StructuredDataset):
            return kind(dataframe=frame)
        if kind is numpy.ndarray:
            return numpy.arange(4)
        if dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind)
            return kind(**{f.name: self.value(hints[f.name]) for f in dataclasses.fields(kind)})
        raise NotImplementedError(f"no value of type {kind} can be made: teach task_values.py")

    def inputs(self, task):
        """A LiteralMap for one run of `task`."""
        context = FlyteContextManager.current_context()
        literals = literals_pb2.LiteralMap()
        for name, kind in task.python_interface.inputs.items():
            expected = task.interface.inputs[name].type
            literal = TypeEngine.to_literal(context, self.value(kind, name), kind, expected)
            literals.literals[name].CopyFrom(literal.to_flyte_idl())
        return literals.SerializeToString()


def uris(literal):
    """Every URI below an output."""
    scalar = literal.scalar
    for kind in ("blob", "structured_dataset", "schema"):
        if scalar.HasField(kind):
            yield getattr(scalar, kind).uri
    if scalar.HasField("union"):
        yield from uris(scalar.union.value)
    for item in [*literal.collection.literals, *(m[1] for m in sorted(literal.map.literals.items()))]:
        yield from uris(item)


def _content(uri):
    path = pathlib.Path(uri)
    assert path.exists(), f"nothing is at {uri}"
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    assert files, f"nothing is in {uri}"
    whole = hashlib.sha256()
    for file in files:
        if path.is_dir():
            whole.update(str(file.relative_to(path)).encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()


def read_result(out, own):
    """What a run left in `out` as text without `own`, what is the run's alone; and its URIs."""
    if (out / "error.pb").exists():
        document = errors_pb2.ErrorDocument.FromString((out / "error.pb").read_bytes())
        return f"{document.error.code}: {own(document.error.message)}", []
    if (out / "futures.pb").exists():
        return own((out / "futures.pb").read_bytes().decode(errors="replace")), []
    literals = literals_pb2.LiteralMap.FromString((out / "outputs.pb").read_bytes())
    found = [uri for _, literal in sorted(literals.literals.items()) for uri in uris(literal)]
    text = str(literals)
    for number, uri in enumerate(found):
        text = text.replace(uri, f"file {number} with {_content(uri)}")
    return own(text), found
