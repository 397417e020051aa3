"""Execution trees: fetched from a server in the recordings' shape, and made comparable.

A tree is what `oracle/engine/*.json` holds: the execution, its data, its node executions with
their children, task executions and dynamic closure, its signals and its metadata objects.
"""

from __future__ import annotations

import copy
import pathlib
import re
from typing import Any

import grpc
from flyteidl.admin import node_execution_pb2, signal_pb2, task_execution_pb2
from flyteidl.core import identifier_pb2

from tests.conformance import executions
from tests.conformance.clients import Stubs
from tests.replay import normalise
from tests.replay.transports import to_json

# --- fetching -------------------------------------------------------------------------------------


def fetch(stubs: Stubs, name: str, storage: pathlib.Path | None) -> dict[str, Any]:
    """The complete tree of an execution, through the API and from the storage folder."""
    own = executions.identifier(name)
    tree: dict[str, Any] = {
        "execution": to_json(executions.get(stubs, name)),
        "data": to_json(executions.data(stubs, name)),
        "node_executions": _nodes(stubs, name, ""),
    }
    if signals := _signals(stubs, own):
        tree["signals"] = [to_json(signal) for signal in signals]
    if storage is not None:
        tree["metadata_objects"] = metadata_objects(storage, name)
    return tree


def metadata_objects(storage: pathlib.Path, name: str) -> list[dict[str, Any]]:
    """Files of the execution's own folder; raw data lies in folders of its attempts."""
    found = []
    for path in storage.rglob("*"):
        parts = path.relative_to(storage).parts
        if path.is_file() and any(part.endswith(name) for part in parts[:-1]):
            found.append({"key": "/".join(parts), "size": path.stat().st_size})
    return found


def _signals(stubs: Stubs, own: identifier_pb2.WorkflowExecutionIdentifier) -> list:
    try:
        return stubs.signal.ListSignals(
            signal_pb2.SignalListRequest(workflow_execution_id=own, limit=100), timeout=30
        ).signals
    except grpc.RpcError as error:
        # A server without signals runs trees that have none; the others differ by theirs.
        if error.code() == grpc.StatusCode.UNIMPLEMENTED:
            return []
        raise


def _nodes(stubs: Stubs, name: str, parent: str) -> list[dict[str, Any]]:
    return [_node(stubs, name, node) for node in executions.nodes(stubs, name, parent)]


def _node(stubs: Stubs, name: str, node: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"node_execution": to_json(node), "task_executions": []}
    data = _data(
        lambda: stubs.admin.GetNodeExecutionData(
            node_execution_pb2.NodeExecutionGetDataRequest(id=node.id), timeout=30
        )
    )
    row["data"] = data
    if node.metadata.is_dynamic:
        row["dynamic_workflow"] = _data(
            lambda: stubs.admin.GetDynamicNodeWorkflow(
                node_execution_pb2.GetDynamicNodeWorkflowRequest(id=node.id), timeout=30
            )
        )
    listed = stubs.admin.ListTaskExecutions(
        task_execution_pb2.TaskExecutionListRequest(node_execution_id=node.id, limit=100),
        timeout=30,
    )
    for task in listed.task_executions:
        row["task_executions"].append(
            {"task_execution": to_json(task), "data": _task_data(stubs, task.id)}
        )
    if node.metadata.is_parent_node:
        row["children"] = _nodes(stubs, name, node.id.node_id)
    return row


def _task_data(stubs: Stubs, own: identifier_pb2.TaskExecutionIdentifier) -> dict[str, Any]:
    return _data(
        lambda: stubs.admin.GetTaskExecutionData(
            task_execution_pb2.TaskExecutionGetDataRequest(id=own), timeout=30
        )
    )


def _data(call: Any) -> dict[str, Any]:
    try:
        return to_json(call())
    except grpc.RpcError as error:
        return {"grpc_error": f"{error.code().name}: {error.details()}"}


# --- making comparable ----------------------------------------------------------------------------


def comparable(tree: dict[str, Any], name: str, scratch: str = normalise.SCRATCH) -> dict[str, Any]:
    """The tree with lists as maps and everything normalised that `TREE_NAMES` says."""
    tree = copy.deepcopy(tree)
    made = {
        "execution": _execution(tree["execution"]),
        "data": _io(tree["data"]),
        "nodes": _by_id(tree["node_executions"]),
        "signals": {s["id"]["signal_id"]: s for s in tree.get("signals", [])},
        "metadata_objects": {
            normalise.after_folder(entry["key"], name): "bytes" if entry["size"] else "empty"
            for entry in tree.get("metadata_objects", [])
        },
    }
    return normalise.tree_value(made, name, scratch)


def align(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Name tree_pod_texts: where the recording holds a pod's account, any account is equal."""
    if isinstance(expected, str) and isinstance(actual, str) and normalise.POD_TEXT in expected:
        pattern = ".*".join(re.escape(part) for part in expected.split(normalise.POD_TEXT))
        return expected, expected if re.fullmatch(pattern, actual, re.DOTALL) else actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected.keys() & actual.keys():
            expected[key], actual[key] = align(expected[key], actual[key])
    elif isinstance(expected, list) and isinstance(actual, list):
        for index, (left, right) in enumerate(zip(expected, actual)):
            expected[index], actual[index] = align(left, right)
    return expected, actual


def _by_id(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["node_execution"]["id"]["node_id"]: _row(row) for row in rows}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    node = row["node_execution"]
    made = {
        "id": node["id"],
        "input_uri": node.get("input_uri"),
        "closure": node.get("closure", {}),
        "metadata": node.get("metadata", {}),
        "data": _io(row.get("data", {})),
        "tasks": {
            f"attempt {task['task_execution']['id'].get('retry_attempt', 0)}": _task(task)
            for task in row["task_executions"]
        },
        "children": _by_id(row.get("children", [])),
    }
    if "dynamic_workflow" in row:
        made["dynamic_workflow"] = _closure(row["dynamic_workflow"])
    return made


def _task(row: dict[str, Any]) -> dict[str, Any]:
    task = row["task_execution"]
    closure = dict(task["closure"])
    for name in ("started_at", "duration"):
        closure.pop(name, None)
    return {
        "id": task["id"],
        "input_uri": task.get("input_uri"),
        "is_parent": task.get("is_parent", False),
        "closure": closure,
        "data": _io(row.get("data", {})),
    }


def _execution(execution: dict[str, Any]) -> dict[str, Any]:
    spec = execution["spec"]
    # What the recorder's client sent by default says nothing about the engine.
    for name in ("notifications", "labels", "annotations", "auth_role", "security_context"):
        spec.pop(name, None)
    return execution


def _io(data: dict[str, Any]) -> dict[str, Any]:
    """Values and flyte:// URLs; the signed URLs beside them depend on a server's settings."""
    kept = ("full_inputs", "full_outputs", "flyte_urls", "grpc_error")
    made = {key: value for key, value in data.items() if key in kept and value}
    if "dynamic_workflow" in data:
        made["dynamic_workflow"] = _closure(data["dynamic_workflow"])
    return made


def _closure(dynamic: dict[str, Any]) -> dict[str, Any]:
    if "grpc_error" in dynamic:
        return {"grpc_error": dynamic["grpc_error"].split(":")[0]}
    compiled = dynamic.get("compiled_workflow", {})
    compiled.get("primary", {}).get("template", {}).get("id", {})["version"] = "*"
    if "id" in dynamic:
        dynamic["id"]["version"] = "*"
    for task in compiled.get("tasks", []):
        for name in ("container", "k8s_pod", "custom", "security_context"):
            task.get("template", {}).pop(name, None)
    return dynamic
