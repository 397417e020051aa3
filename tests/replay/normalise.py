"""Every normalisation of the replays, each with its name and its reason.

`NAMES` is what the documentation lists; a normalisation that is not in it does not exist.
"""

from __future__ import annotations

import copy
import re
from typing import Any

NAMES = {
    "storage_root": "the recordings' bucket `s3://my-s3-bucket` stands for the server's own "
    "storage root: replaced by it in requests, and back in answers",
    "bound_names": "a name that the server generates (execution names) is remembered where the "
    "recording binds it and replaced wherever the recorded name appears later",
    "text_spacing": "runs of blanks, no-break spaces included, are one blank: the spacing of "
    "prototext depends on the build of Flyte",
    "row_numbers": "`for node execution 6` names a database row of the recording",
    "rest_headers": "headers of the transport (`content-length`, `transfer-encoding`, "
    "`grpc-metadata-content-type`) are not compared; all other recorded headers are",
    "rest_html": "HTML bodies of redirects are not compared, status and headers are",
    "server_version": "what the server says its version, build and build time are is its own "
    "(`unknown` in the recordings); they must not be empty",
    "services_superset": "server reflection must list at least the recorded services and files; "
    "options that only document (`protoc-gen-openapiv2/`) are not served",
    "never_unknown": "where the recording answers UNKNOWN (Postgres refusing a filter, mostly) any "
    "other error code is right: flytekit takes UNKNOWN for a request to log in",
    "engine_progress": "the recordings were made with the engine off: an execution recorded before "
    "any event has no phase, and a terminated one stays ABORTING; phase, times and results that "
    "the engine has added since are left out",
}

BUCKET = "s3://my-s3-bucket"
ENGINE_FIELDS = (
    "phase", "started_at", "startedAt", "duration", "error", "outputs", "computed_inputs",
    "computedInputs", "output_data", "outputData", "abort_metadata", "abortMetadata",
    "updated_at", "updatedAt", "notifications",
)  # fmt: skip
TRANSPORT_HEADERS = {
    "content-length", "transfer-encoding", "grpc-metadata-content-type", "connection", "date",
}  # fmt: skip

_ROW_NUMBER = re.compile(r"\b((?:node|task|workflow) execution) \d+\b")
_BLANKS = re.compile(r"[\s\u00a0]+")
_REPEAT = re.compile(r"^\$repeat:(.)\*(\d+)$", re.DOTALL)


def text(message: str) -> str:
    """Names text_spacing and row_numbers, for texts of errors."""
    return _ROW_NUMBER.sub(r"\1 #", _BLANKS.sub(" ", message).strip())


def expand(document: Any) -> Any:
    """Writes out the recordings' shorthand `$repeat:z*3` for long strings."""

    def one(value: str) -> str:
        match = _REPEAT.match(value)
        return match[1] * int(match[2]) if match else value

    return map_strings(document, one)


def map_strings(document: Any, change: Any) -> Any:
    """A copy of a JSON document with every string value (keys stay) changed."""
    if isinstance(document, str):
        return change(document)
    if isinstance(document, list):
        return [map_strings(element, change) for element in document]
    if isinstance(document, dict):
        return {key: map_strings(value, change) for key, value in document.items()}
    return document


class Substitution:
    """What stands for what in one replay: the storage root and the names bound so far."""

    def __init__(self, storage_root: str = BUCKET) -> None:
        self.storage_root = storage_root.rstrip("/")
        self._names: dict[str, str] = {}

    def bind(self, recorded: str, actual: str) -> None:
        if recorded and recorded != actual:
            self._names[recorded] = actual

    def request(self, document: Any) -> Any:
        """A recorded request as this server must get it."""
        return map_strings(document, self._request_text)

    def expected(self, document: Any) -> Any:
        """A recorded answer as this server should give it, with the recording's bucket."""
        return map_strings(document, self._with_names)

    def answer(self, document: Any) -> Any:
        """A received answer in the recording's terms."""
        return map_strings(document, self._answer_text)

    def _request_text(self, value: str) -> str:
        return self._with_names(value).replace(BUCKET, self.storage_root)

    def _answer_text(self, value: str) -> str:
        return value.replace(self.storage_root, BUCKET)

    def _with_names(self, value: str) -> str:
        for recorded, actual in self._names.items():
            if recorded in value:
                value = value.replace(recorded, actual)
        return value


def engine_progress(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Leaves out what a running engine added to executions that the recording shows untouched."""
    expected, actual = copy.deepcopy(expected), copy.deepcopy(actual)
    _forget_progress(expected, actual)
    return expected, actual


def _forget_progress(expected: Any, actual: Any) -> None:
    if isinstance(expected, list) and isinstance(actual, list):
        for left, right in _pairs(expected, actual):
            _forget_progress(left, right)
    if not isinstance(expected, dict) or not isinstance(actual, dict):
        return
    for key in expected.keys() & actual.keys():
        if key == "closure" and _is_unfinished(expected, actual):
            for name in ENGINE_FIELDS:
                # A value that the recording has (a time, mostly) keeps being compared.
                if name == "phase" or not expected["closure"].get(name):
                    actual["closure"].pop(name, None)
                    expected["closure"].pop(name, None)
        else:
            _forget_progress(expected[key], actual[key])


def _pairs(expected: list, actual: list) -> list[tuple[Any, Any]]:
    """Elements of the same id, because the order of a list may differ; else of the same place."""

    def ids(elements: list) -> list[str]:
        return [str(e.get("id")) if isinstance(e, dict) else "" for e in elements]

    by_id = dict(zip(ids(actual), actual))
    if set(ids(expected)) == by_id.keys() and len(by_id) == len(actual):
        return [(left, by_id[own]) for own, left in zip(ids(expected), expected)]
    return list(zip(expected, actual))


def _is_unfinished(expected: dict, actual: dict) -> bool:
    """An Execution message that the recorder's engine would have had to go on with."""
    closure, progressed = expected.get("closure"), actual.get("closure")
    if not isinstance(closure, dict) or not isinstance(progressed, dict) or "spec" not in expected:
        return False
    if "workflow_id" not in closure and "workflowId" not in closure:
        return False
    phase = closure.get("phase", "UNDEFINED")
    if phase == "ABORTING":
        return progressed.get("phase") in ("ABORTING", "ABORTED")
    return phase == "UNDEFINED"


def server_version(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Name server_version: the three values are compared by being there."""

    def seen(document: Any) -> Any:
        if isinstance(document, dict) and isinstance(
            version := document.get("control_plane_version"), dict
        ):
            return {"control_plane_version": {key: bool(value) for key, value in version.items()}}
        return document

    return seen(expected), seen(actual)


def services_superset(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Name services_superset, for the answers of server reflection."""

    def kept(left: list, right: list) -> tuple[list, list]:
        return sorted(left), sorted(name for name in right if name in left)

    if not isinstance(expected, dict) or not isinstance(actual, dict):
        return expected, actual
    if "files" in expected and "files" in actual:
        recorded = [f for f in expected["files"] if not f.startswith("protoc-gen-openapiv2/")]
        left, right = kept(recorded, actual["files"])
        return {"files": left}, {"files": right}
    if "list_services_response" in expected and "list_services_response" in actual:
        left, right = kept(
            [s["name"] for s in expected["list_services_response"].get("service", [])],
            [s["name"] for s in actual["list_services_response"].get("service", [])],
        )
        return {"services": left}, {"services": right}
    if "error_response" in expected and "error_response" in actual:
        code = "error_code"
        return (
            {code: expected["error_response"].get(code)},
            {code: actual["error_response"].get(code)},
        )
    return expected, actual


def rest_headers(headers: dict[str, str]) -> dict[str, str]:
    """Name rest_headers, with names in lower case."""
    lowered = {key.lower(): value for key, value in headers.items()}
    return {key: value for key, value in lowered.items() if key not in TRANSPORT_HEADERS}


# --- execution trees ----------------------------------------------------------------------------

TREE_NAMES = {
    "tree_names": "executions get the recorded names, so that ids made from them are equal",
    "tree_times": "times and durations are compared by being there; of task executions only "
    "created_at and updated_at, because Kubernetes reports whole seconds, late or never",
    "tree_uris": "of a URI the part after the execution's own folder is compared; raw data is "
    "`<raw>`",
    "tree_objects": "objects of nodes that run no task are written once the step that they belong to "
    "is committed; the comparison waits up to two seconds for them. The API answers the values from "
    "what was committed, so no client of the API can miss them",
    "tree_logs": "log links and reasons of pods (`task submitted to K8s`, …) are left out",
    "tree_pod_texts": "Kubernetes' account of a dead pod stands for any account of a dead process",
    "tree_tracebacks": "folders in tracebacks are left out, file, line and text are compared",
    "tree_cache": "ids of cached artifacts are random, and all recorded tags hash inputs that name "
    "the scratch folder, which the recordings show under another name: their input objects are 11 "
    "bytes longer than the inputs shown",
    "tree_containers": "containers of tasks in a dynamic closure are as they were registered",
    "tree_environment": "of a task's environment the storage and platform addresses are left out",
    "tree_versions": "versions of the recordings' registrations are all `o1`, of dynamic closures "
    "`*`",
    "tree_scratch": "the scratch folder that inputs name is the replay's own",
}

# The folder that the recordings' inputs name for files in which tasks count their attempts.
SCRATCH = "/tmp/rig/1795325985"
POD_TEXT = "<account of a dead process>"

_TIMES = {"created_at", "updated_at", "started_at", "occurred_at"}
_LEFT_OUT = {"logs", "reason", "reasons", "timestamp", "artifact_id"}
_URI_KEYS = {"uri", "input_uri", "output_uri", "deck_uri", "checkpoint_uri", "dynamic_job_spec_uri"}
_POD = re.compile(
    r"Pod failed\. No message received from kubernetes\.\s*\[[^\]]*\] terminated with exit code "
    r"\(\d+\)\. Reason \[\w+\]\. Message: \s*\."
)
# Lists cut the messages of nodes short.
_CUT_POD = re.compile(r"Pod failed\. No message received from kubernetes\.\s*(\[[^\]]*)?\Z")
_FILE = re.compile(r'File "[^"]*?((?:site-packages|orc)/[^"]+)"')
_CUT_FILE = re.compile(r'File "[^"]*\Z')
_FLYTEKIT = re.compile(r"site-packages/")
_RECORDED_VERSIONS = re.compile(r"^o1[a-z]?$|^o2$")
_LEFT_OUT_ENVIRONMENT = ("FLYTE_AWS_", "FLYTE_PLATFORM_", "FLYTE_SECRETS_", "FLYTE_SDK_", "_F_")


def tree_value(value: Any, name: str, scratch: str, key: str = "") -> Any:
    """Every normalisation of trees that looks at one value and the key it stands under."""
    if isinstance(value, dict):
        made = {}
        for inner, content in value.items():
            if inner in _LEFT_OUT or inner.startswith(_LEFT_OUT_ENVIRONMENT):
                continue
            if inner == "artifact_tag" and "name" in content:
                content = {"name": content["name"].split("-")[0]}
            made[inner] = tree_value(content, name, scratch, inner)
        return made
    if isinstance(value, list):
        return [tree_value(element, name, scratch, key) for element in value]
    if not isinstance(value, str):
        return value
    if key in _TIMES:
        return "<time>"
    if key == "duration":
        return "<duration>"
    if key in _URI_KEYS:
        return _uri(value, name)
    if key == "version" and _RECORDED_VERSIONS.match(value):
        return "o1"
    if key == "message":
        return _message(value)
    return value.replace(scratch, SCRATCH)


def _uri(uri: str, name: str) -> str:
    if uri.startswith("flyte://") or not uri:
        return uri
    after = after_folder(uri, name)
    if after != uri:
        return f"<execution>/{after}"
    return "<raw>/_flytecheckpoints" if uri.endswith("/_flytecheckpoints") else "<raw>"


def after_folder(uri: str, name: str) -> str:
    """What follows the path component that ends with the execution's name, else the whole."""
    parts = uri.split("/")
    for index, part in enumerate(parts):
        if part.endswith(name):
            return "/".join(parts[index + 1 :])
    return uri


def _message(text: str) -> str:
    text = _CUT_POD.sub(POD_TEXT, _POD.sub(POD_TEXT, text))
    text = _FILE.sub(lambda match: f'File "{_FLYTEKIT.sub("", match[1])}"', text)
    return _CUT_FILE.sub('File "', text)
