"""Writes values.jsonl: what flytekit makes of Python types and of values of them.

    .venv/bin/python tests/golden/literals/values.py

Each line holds the Python type as text, its LiteralType and the literals of some of its values. They
are given to tasks every day: whatever flytekit declares must accept what flytekit writes for it.
"""

import datetime
import enum
import json
import logging
import pathlib
import re
import tempfile
import typing
from dataclasses import dataclass, field

import pandas as pd
from flytekit import FlyteContextManager, HashMethod, kwtypes
from flytekit.core.type_engine import TypeEngine
from flytekit.types.directory import FlyteDirectory
from flytekit.types.error.error import FlyteError
from flytekit.types.file import FlyteFile
from flytekit.types.schema import FlyteSchema
from flytekit.types.structured import StructuredDataset
from google.protobuf import json_format
from typing_extensions import Annotated

logging.disable(logging.CRITICAL)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    n: int = 1


@dataclass
class Outer:
    x: int = 1
    f: float = 0.5
    maybe: typing.Optional[int] = None
    inner: Inner = field(default_factory=Inner)
    inners: typing.List[Inner] = field(default_factory=lambda: [Inner(2)])
    by_name: typing.Dict[str, float] = field(default_factory=dict)
    colour: Colour = Colour.RED
    either: typing.Union[int, str] = "s"


class Opaque:
    """Has no transformer: flytekit pickles it."""


FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
WHEN = datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)
Columns = kwtypes(a=int, b=str)
Maybe = typing.Optional
Either = typing.Union
List, Dict = typing.List, typing.Dict

TYPES = [
    (int, [0, -1, 2**62]),
    (float, [0.0, 1e300]),
    (str, ["", "s"]),
    (bool, [True, False]),
    (datetime.datetime, [WHEN]),
    (datetime.date, [WHEN.date()]),
    (datetime.timedelta, [datetime.timedelta(seconds=1)]),
    (type(None), [None]),
    (dict, [{}, {"a": [1, None, {"b": 2.5}]}]),
    (Colour, [Colour.BLUE]),
    (typing.Literal["a", "b"], ["a"]),
    (Inner, [Inner()]),
    (Outer, [Outer(), Outer(maybe=3, by_name={"k": 1.0})]),
    (Opaque, [Opaque()]),
    (FlyteFile, ["FILE"]),
    (FlyteFile["csv"], ["FILE"]),
    (FlyteDirectory, ["DIRECTORY"]),
    (FlyteDirectory["png"], ["DIRECTORY"]),
    (pd.DataFrame, [FRAME]),
    (Annotated[pd.DataFrame, Columns], [FRAME]),
    (Annotated[StructuredDataset, Columns, "csv"], [StructuredDataset(FRAME, file_format="csv")]),
    (Annotated[pd.DataFrame, HashMethod(lambda frame: "hash")], [FRAME]),
    (StructuredDataset, [StructuredDataset(dataframe=FRAME)]),
    (Annotated[StructuredDataset, kwtypes(a=int)], [StructuredDataset(dataframe=FRAME)]),
    (FlyteSchema, [FRAME]),
    (FlyteSchema[Columns], [FRAME]),
    (FlyteError, [FlyteError(message="m", failed_node_id="n0")]),
    (List[int], [[], [1, 2]]),
    (List[float], [[0.5]]),
    (List[Colour], [[Colour.RED, Colour.BLUE]]),
    (List[Inner], [[], [Inner(), Inner(2)]]),
    (List[dict], [[{"a": 1}, {}]]),
    (List[FlyteFile], [["FILE", "FILE"]]),
    (List[pd.DataFrame], [[FRAME]]),
    (List[List[int]], [[], [[]], [[], [1]], [[1], [2, 3]]]),
    (List[List[List[str]]], [[[[]], [["a"]], []]]),
    (Dict[str, int], [{}, {"a": 1}]),
    (Dict[str, List[int]], [{"a": [], "b": [1]}]),
    (Dict[str, Dict[str, float]], [{"a": {}, "b": {"c": 0.5}}]),
    (Dict[str, Inner], [{"a": Inner()}]),
    (Dict[str, FlyteDirectory], [{"a": "DIRECTORY"}]),
    (Dict[int, str], [{1: "a"}]),
    (List[Dict[str, int]], [[{}, {"a": 1}]]),
    (Maybe[int], [None, 1]),
    (Maybe[str], [None, ""]),
    (Maybe[datetime.timedelta], [None, datetime.timedelta(0)]),
    (Maybe[Colour], [None, Colour.RED]),
    (Maybe[Inner], [None, Inner()]),
    (Maybe[FlyteFile], [None, "FILE"]),
    (Maybe[FlyteDirectory], [None, "DIRECTORY"]),
    (Maybe[pd.DataFrame], [None, FRAME]),
    (Maybe[StructuredDataset], [None, StructuredDataset(dataframe=FRAME)]),
    (Maybe[List[int]], [None, [], [1]]),
    (Maybe[Dict[str, int]], [None, {}, {"a": 1}]),
    (Maybe[dict], [None, {"a": 1}]),
    (Either[int, str], [1, "s"]),
    (Either[int, float, None], [1, 0.5, None]),
    (Either[str, FlyteFile], ["s"]),
    (Either[List[int], List[str]], [[1], ["s"]]),
    (Either[int, List[int]], [1, [1]]),
    (List[Maybe[int]], [[], [1], [None], [1, None, 2]]),
    (List[Either[int, str]], [[1, "s"]]),
    (List[Maybe[FlyteFile]], [["FILE", None]]),
    (List[List[Maybe[int]]], [[[1, None], [2], [], [None]]]),
    (List[List[List[Maybe[int]]]], [[[[1]], [[None], []], []]]),
    (Dict[str, Maybe[int]], [{"a": 1, "b": None}]),
    (Dict[str, List[Maybe[str]]], [{"a": ["s"], "b": [None], "c": []}]),
    (Dict[str, Dict[str, Either[int, str]]], [{"a": {"x": 1}, "b": {"y": "s"}, "c": {}}]),
    (List[Dict[str, Maybe[int]]], [[{"a": 1}, {"a": None}, {}]]),
    (Maybe[List[Maybe[int]]], [None, [], [1, None]]),
    (Maybe[Dict[str, List[Maybe[int]]]], [{"a": [1], "b": [None]}]),
    (Maybe[Either[int, str]], [None, 1, "s"]),
]


def of_place(value, folder: pathlib.Path):
    """Files and folders exist only while the literals are made."""
    if isinstance(value, list):
        return [of_place(element, folder) for element in value]
    if isinstance(value, dict):
        return {key: of_place(element, folder) for key, element in value.items()}
    if isinstance(value, str) and value == "FILE":
        return FlyteFile(str(folder / "file"))
    if isinstance(value, str) and value == "DIRECTORY":
        return FlyteDirectory(str(folder))
    return value


def to_json(entity) -> dict:
    return json_format.MessageToDict(entity.to_flyte_idl(), preserving_proto_field_name=True)


def main() -> None:
    context = FlyteContextManager.current_context()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "file").write_text("x")
        for kind, values in TYPES:
            declared = TypeEngine.to_literal_type(kind)
            literals = [
                to_json(TypeEngine.to_literal(context, of_place(v, pathlib.Path(folder)), kind, declared))
                for v in values
            ]
            name = str(kind).replace("typing.", "").replace("__main__.", "")
            lines.append({"python": name, "type": to_json(declared), "literals": literals})
    text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
    # Where flytekit put the data says nothing, and is another place each time.
    text = re.sub(r'("uri": ")[^"]*"', r'\1s3://b/k"', text)
    text = re.sub(r"<function [^>]*>|0x[0-9a-f]+", "", text)
    pathlib.Path(__file__).with_name("values.jsonl").write_text(text)


if __name__ == "__main__":
    main()
