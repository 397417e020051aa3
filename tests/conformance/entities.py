"""Small registered entities made by hand, for tests of the API that run nothing."""

from __future__ import annotations

from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from tests.conformance.clients import DOMAIN, IMAGE, PROJECT

INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)


def identifier(kind: int, name: str, version: str = "v1") -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(
        resource_type=kind, project=PROJECT, domain=DOMAIN, name=name, version=version
    )


def interface() -> interface_pb2.TypedInterface:
    """One integer in, one integer out."""
    return interface_pb2.TypedInterface(
        inputs=interface_pb2.VariableMap(variables={"x": interface_pb2.Variable(type=INTEGER)}),
        outputs=interface_pb2.VariableMap(variables={"o0": interface_pb2.Variable(type=INTEGER)}),
    )


def integer(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(
        scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value))
    )


def task(name: str, version: str = "v1", **config: str) -> task_pb2.TaskCreateRequest:
    own = identifier(identifier_pb2.TASK, name, version)
    template = tasks_pb2.TaskTemplate(
        id=own,
        type="python-task",
        metadata=tasks_pb2.TaskMetadata(
            runtime=tasks_pb2.RuntimeMetadata(
                type=tasks_pb2.RuntimeMetadata.FLYTE_SDK, version="1.16.31", flavor="python"
            ),
            retries=literals_pb2.RetryStrategy(),
        ),
        interface=interface(),
        container=tasks_pb2.Container(image=IMAGE, args=["true"]),
        config=config,
    )
    return task_pb2.TaskCreateRequest(id=own, spec=task_pb2.TaskSpec(template=template))


def workflow(name: str, task_name: str, version: str = "v1") -> workflow_pb2.WorkflowCreateRequest:
    """A workflow of one node that runs the task on the workflow's input."""

    def promise(node: str, variable: str) -> literals_pb2.BindingData:
        return literals_pb2.BindingData(
            promise=types_pb2.OutputReference(node_id=node, var=variable)
        )

    own = identifier(identifier_pb2.WORKFLOW, name, version)
    node = core_workflow_pb2.Node(
        id="n0",
        metadata=core_workflow_pb2.NodeMetadata(name="n0"),
        inputs=[literals_pb2.Binding(var="x", binding=promise("", "x"))],
        task_node=core_workflow_pb2.TaskNode(
            reference_id=identifier(identifier_pb2.TASK, task_name, version)
        ),
    )
    template = core_workflow_pb2.WorkflowTemplate(
        id=own,
        metadata=core_workflow_pb2.WorkflowMetadata(),
        metadata_defaults=core_workflow_pb2.WorkflowMetadataDefaults(),
        interface=interface(),
        nodes=[node],
        outputs=[literals_pb2.Binding(var="o0", binding=promise("n0", "o0"))],
    )
    return workflow_pb2.WorkflowCreateRequest(
        id=own, spec=workflow_pb2.WorkflowSpec(template=template)
    )


def launch_plan(
    name: str, workflow_name: str, version: str = "v1"
) -> launch_plan_pb2.LaunchPlanCreateRequest:
    return launch_plan_pb2.LaunchPlanCreateRequest(
        id=identifier(identifier_pb2.LAUNCH_PLAN, name, version),
        spec=launch_plan_pb2.LaunchPlanSpec(
            workflow_id=identifier(identifier_pb2.WORKFLOW, workflow_name, version),
            default_inputs=interface_pb2.ParameterMap(
                parameters={
                    "x": interface_pb2.Parameter(
                        var=interface_pb2.Variable(type=INTEGER), required=True
                    )
                }
            ),
        ),
    )


def execution(
    name: str, launch_plan_name: str, version: str = "v1", x: int = 1
) -> execution_pb2.ExecutionCreateRequest:
    return execution_pb2.ExecutionCreateRequest(
        project=PROJECT,
        domain=DOMAIN,
        name=name,
        spec=execution_pb2.ExecutionSpec(
            launch_plan=identifier(identifier_pb2.LAUNCH_PLAN, launch_plan_name, version)
        ),
        inputs=literals_pb2.LiteralMap(literals={"x": integer(x)}),
    )
